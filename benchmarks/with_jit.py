"""The tasks in this package again, followed once and then replayed: what a reader would write."""

import numpy as np

import mini_autograd as ma
from benchmarks import tasks
from mini_autograd import grad, nn, optim, tensor
from mini_autograd.nn import functional
from mini_autograd.trace import jit


def _named(name):
    return getattr(functional, name, None) or getattr(ma, name)


def activation(function, points, dtype):
    f = _named(function)

    @jit
    def both(x, g):
        y = f(x)
        return y, grad(y, x, g)[0]

    x = tensor(tasks.points(points, dtype), requires_grad=True)
    ones = tensor(np.ones(points, dtype))
    return lambda: both(x, ones)


def training(sizes, function, loss, batch, dtype):
    linear, f, error = _named("linear"), _named(function), _named(loss)
    x, target = (tensor(a) for a in tasks.examples(sizes, loss, batch, dtype))
    parameters = [tensor(p, requires_grad=True) for p in tasks.parameters(sizes, dtype)]
    velocities = [tensor(np.zeros_like(p.data)) for p in parameters]

    @jit
    def step(parameters, velocities, x, target):
        a = linear(x, *parameters[:2])
        for i in range(2, len(parameters), 2):
            a = linear(f(a), *parameters[i : i + 2])
        value = error(a, target)
        gradients = grad(value, parameters)
        velocities = [tasks.MOMENTUM * v + g for v, g in zip(velocities, gradients, strict=True)]
        moved = [p - tasks.RATE * v for p, v in zip(parameters, velocities, strict=True)]
        return value, moved, velocities

    def run():
        nonlocal parameters, velocities
        value, parameters, velocities = step(parameters, velocities, x, target)
        return value, *parameters

    return run


def module_training(sizes, function, loss, batch, dtype):
    """With modules and an optimiser: the loss and its gradients are replayed, the update is not."""
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), nn.activation(function)]
    model = nn.Sequential(*layers[:-1]).to(dtype)
    for p, start in zip(model.parameters(), tasks.parameters(sizes, dtype), strict=True):
        p.data = start
    x, target = (tensor(a) for a in tasks.examples(sizes, loss, batch, dtype))
    parameters = list(model.parameters())
    optimizer = optim.SGD(parameters, lr=tasks.RATE, momentum=tasks.MOMENTUM)
    error = {"cross_entropy": nn.CrossEntropyLoss, "mse_loss": nn.MSELoss}[loss]()

    @jit
    def value_and_gradients(model, x, target):
        value = error(model(x), target)
        value.backward()
        return value

    def run():
        optimizer.zero_grad()
        value = value_and_gradients(model, x, target)
        optimizer.step()
        return value, *parameters

    return run


def second_derivative(function, points):
    f = _named(function)

    @jit
    def three(x, g):
        y = f(x)
        (first,) = grad(y, x, g, create_graph=True)
        (second,) = grad(first, x, g)
        return y, first, second

    x, ones = tensor(tasks.points(points, "float64"), requires_grad=True), tensor(np.ones(points))
    return lambda: three(x, ones)


def numbers(results):
    return [np.array(result.data) for result in results]
