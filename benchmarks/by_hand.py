"""The NumPy limit: each task written by hand, without a graph and without new arrays.

Every result goes into a buffer made beforehand (the last argument of a ufunc is its `out`), what
the way there computed is used again on the way back, and constants are arrays of no dimensions,
which NumPy takes up faster than Python's numbers. A package on NumPy can come near, and no nearer.
"""

import math
from functools import partial

import numpy as np
from scipy import special

from benchmarks import tasks


def _pointwise(compute, points, dtype, constants):
    """compute with its arguments in place; passed by name, they would take a microsecond."""
    x = tasks.points(points, dtype)
    g, zeros, mask = np.ones_like(x), np.zeros_like(x), np.empty(points, bool)
    room = [np.empty_like(x) for _ in range(5)]
    return partial(compute, x, g, zeros, mask, *room, *(np.array(c, dtype) for c in constants))


# Forward and backward: y = f(x), and slope = g * f'(x); g is the gradient that arrives.


def sigmoid(x, g, zeros, mask, y, slope, u, v, w, one):
    """1 / (1 + u) with u = exp(-x); slope y * (1 - y), as y * min(u * y, 1) to keep its digits."""
    np.negative(x, u)
    np.exp(u, u)
    np.add(u, one, y)
    np.reciprocal(y, y)
    np.multiply(u, y, slope)
    np.fmin(slope, one, slope)
    np.multiply(slope, y, slope)
    np.multiply(slope, g, slope)
    return y, slope


def relu(x, g, zeros, mask, y, slope, u, v, w, one):
    np.maximum(x, zeros, out=y)
    np.greater(x, zeros, mask)
    np.multiply(g, mask, slope)
    return y, slope


def elu(x, g, zeros, mask, y, slope, u, v, w, one):
    """max(x, 0) + alpha * expm1(min(x, 0)); slope alpha * exp(x) on the left. Here alpha is one."""
    np.minimum(x, zeros, out=u)
    np.expm1(u, v)
    np.multiply(v, one, v)
    np.maximum(x, zeros, out=y)
    np.add(y, v, y)
    np.exp(u, slope)
    np.multiply(slope, one, slope)
    np.greater(x, zeros, mask)
    np.copyto(slope, one, where=mask)
    np.multiply(slope, g, slope)
    return y, slope


def swish(x, g, zeros, mask, y, slope, u, v, w, one):
    """x * s with s = sigmoid(x); slope s + x * s * (1 - s)."""
    np.negative(x, u)
    np.exp(u, u)
    np.add(u, one, v)
    np.reciprocal(v, v)
    np.multiply(x, v, y)
    np.multiply(u, v, slope)
    np.fmin(slope, one, slope)
    np.multiply(slope, y, slope)
    np.add(slope, v, slope)
    np.multiply(slope, g, slope)
    return y, slope


def softplus(x, g, zeros, mask, y, slope, u, v, w, one):
    """max(x, 0) + log1p(u) with u = exp(-|x|); slope sigmoid(x), which is (1 or u) / (1 + u)."""
    np.absolute(x, u)
    np.negative(u, u)
    np.exp(u, u)
    np.log1p(u, y)
    np.maximum(x, zeros, out=v)
    np.add(y, v, y)
    np.add(u, one, v)
    np.greater(x, zeros, mask)
    np.copyto(u, one, where=mask)
    np.divide(u, v, slope)
    np.multiply(slope, g, slope)
    return y, slope


def gelu(x, g, zeros, mask, y, slope, u, v, w, half, minus_root_half, share):
    """x * p with p = erfc(-x / sqrt(2)) / 2; slope p + x * exp(-x**2 / 2) / sqrt(2 * pi)."""
    np.multiply(x, minus_root_half, u)
    special.erfc(u, v)
    np.multiply(v, half, v)
    np.multiply(x, v, y)
    np.multiply(u, u, u)
    np.negative(u, u)
    np.exp(u, u)
    np.multiply(u, share, u)
    np.multiply(u, x, slope)
    np.add(slope, v, slope)
    np.multiply(slope, g, slope)
    return y, slope


def activation(function, points, dtype):
    gelu_constants = [1 / 2, -math.sqrt(1 / 2), 1 / math.sqrt(2 * math.pi)]
    constants = gelu_constants if function == "gelu" else [1]
    return _pointwise(globals()[function], points, dtype, constants)


# Second derivatives: second = g * f''(x) besides.


def tanh_twice(x, g, zeros, mask, y, slope, second, u, v, one, two, four, minus_two):
    """Slope 4 * u / (1 + u)**2 with u = exp(-2 * |x|); its slope -2 * y * slope."""
    np.tanh(x, y)
    np.absolute(x, u)
    np.multiply(u, minus_two, u)
    np.exp(u, u)
    np.add(u, one, v)
    np.multiply(v, v, v)
    np.multiply(u, four, u)
    np.divide(u, v, slope)
    np.multiply(slope, g, slope)
    np.multiply(slope, y, second)
    np.multiply(second, minus_two, second)
    np.multiply(second, g, second)
    return y, slope, second


def swish_twice(x, g, zeros, mask, y, slope, second, u, v, one, two, four, minus_two):
    """With s = sigmoid(x), q = s * (1 - s): slope s + x * q, its slope q * (2 + x * (1 - 2s))."""
    np.negative(x, u)
    np.exp(u, u)
    np.add(u, one, v)
    np.reciprocal(v, v)
    np.multiply(x, v, y)
    np.multiply(u, v, u)
    np.fmin(u, one, u)
    np.multiply(u, v, u)
    np.multiply(x, u, slope)
    np.add(slope, v, slope)
    np.multiply(slope, g, slope)
    np.multiply(v, two, v)
    np.subtract(one, v, v)
    np.multiply(v, x, v)
    np.add(v, two, v)
    np.multiply(v, u, v)
    np.multiply(v, g, second)
    return y, slope, second


def second_derivative(function, points):
    return _pointwise(globals()[f"{function}_twice"], points, "float64", [1, 2, 4, -2])


# Training: one step of stochastic gradient descent with momentum.


class Layer:
    """A linear layer and its activation: a = f(z), z = x @ weight.T + bias."""

    def __init__(self, weight, bias, weight_gradient, bias_gradient, function, batch):
        self.weight, self.weight_gradient = weight, weight_gradient
        self.bias, self.bias_gradient = bias, bias_gradient
        self.function = function
        shape, dtype = (batch, len(weight)), weight.dtype
        self.z, self.a, self.dz, self.work = (np.empty(shape, dtype) for _ in range(4))
        self.zeros, self.mask = np.zeros(shape, dtype), np.empty(shape, bool)
        self.ones = np.ones(batch, dtype)
        self.one, self.four, self.minus_two = (np.array(c, dtype) for c in (1, 4, -2))

    def forward(self, x):
        self.x = x
        np.matmul(x, self.weight.T, self.z)
        np.add(self.z, self.bias, self.z)
        if self.function == "relu":
            np.maximum(self.z, self.zeros, out=self.a)
        elif self.function == "tanh":
            np.tanh(self.z, self.a)
        else:
            self.a = self.z
        return self.a

    def backward(self, before):
        """From dz, the gradient of z: those of the parameters, and dz of the layer before."""
        np.matmul(self.dz.T, self.x, self.weight_gradient)
        np.dot(self.ones, self.dz, self.bias_gradient)  # the sum over the batch, only quicker
        if before:
            np.matmul(self.dz, self.weight, before.dz)
            before.through_function()

    def through_function(self):
        if self.function == "relu":
            np.greater(self.z, self.zeros, self.mask)
            np.multiply(self.dz, self.mask, self.dz)
        else:  # tanh, with the slope of tanh_twice
            u, v = self.z, self.work
            np.absolute(u, u)
            np.multiply(u, self.minus_two, u)
            np.exp(u, u)
            np.add(u, self.one, v)
            np.multiply(v, v, v)
            np.multiply(u, self.four, u)
            np.divide(u, v, u)
            np.multiply(self.dz, u, self.dz)


def training(sizes, function, loss, batch, dtype):
    """All parameters lie in one array, all gradients in another: the update is four ufuncs."""
    start = tasks.parameters(sizes, dtype)
    flat = np.concatenate([p.ravel() for p in start])
    gradient, velocity, work = (np.zeros_like(flat) for _ in range(3))
    ends = np.cumsum([p.size for p in start])[:-1]
    parameters, gradients = (
        [part.reshape(p.shape) for part, p in zip(np.split(whole, ends), start, strict=True)]
        for whole in (flat, gradient)
    )
    last = len(sizes) - 2
    layers = [
        Layer(*parameters[2 * i : 2 * i + 2], *gradients[2 * i : 2 * i + 2], name, batch)
        for i, name in enumerate([function] * last + [None])
    ]
    x, target = tasks.examples(sizes, loss, batch, dtype)
    error = (_CrossEntropy if loss == "cross_entropy" else _SquaredError)(target, sizes[-1], dtype)
    rate, momentum = np.array(tasks.RATE, dtype), np.array(tasks.MOMENTUM, dtype)

    def run():
        a = x
        for layer in layers:
            a = layer.forward(a)
        value = error(a, layers[-1].dz)
        for i in range(last, -1, -1):
            layers[i].backward(layers[i - 1] if i else None)
        np.multiply(velocity, momentum, velocity)
        np.add(velocity, gradient, velocity)
        np.multiply(velocity, rate, work)
        np.subtract(flat, work, flat)
        return value, *parameters

    return run


module_training = training  # modules change how it is written, not what is computed


class _CrossEntropy:
    """Mean of log(sum(exp(z))) - z[target] over rows; gradient (softmax(z) - one_hot) / batch."""

    def __init__(self, target, classes, dtype):
        batch = len(target)
        self.at_target = np.arange(0, batch * classes, classes) + target
        self.column, self.share = np.empty((batch, 1), dtype), np.array(1 / batch, dtype)

    def __call__(self, z, dz):
        np.maximum.reduce(z, 1, None, self.column, True)
        np.subtract(z, self.column, z)
        np.exp(z, dz)
        np.add.reduce(dz, 1, None, self.column, True)
        np.divide(dz, self.column, dz)
        np.log(self.column, self.column)
        total = np.add.reduce(self.column, None) - np.add.reduce(z.ravel()[self.at_target])
        dz.reshape(-1)[self.at_target] -= 1
        np.multiply(dz, self.share, dz)
        return total * self.share


class _SquaredError:
    """Mean of (z - target)**2 over all elements; gradient 2 * (z - target) / number."""

    def __init__(self, target, outputs, dtype):
        self.target = target
        self.share, self.twice = (np.array(c / target.size, dtype) for c in (1, 2))

    def __call__(self, z, dz):
        np.subtract(z, self.target, dz)
        flat = dz.reshape(-1)
        value = flat.dot(flat) * self.share
        np.multiply(dz, self.twice, dz)
        return value


def numbers(results):
    return [np.array(result) for result in results]
