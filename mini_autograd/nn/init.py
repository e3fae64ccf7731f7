"""Where the weights of a network start.

Each function fills a tensor with numbers of the same shape and dtype, drawn by generator, a
numpy.random.Generator, and returns it. The tensor gets a new array: nothing is recorded, and what a
graph has saved stays valid.
"""

import math

import numpy as np

from mini_autograd.engine import Tensor


def _shape(tensor):
    if not isinstance(tensor, Tensor):
        raise TypeError(f"init: a tensor is needed, not a {type(tensor).__name__}")
    return tensor.shape


def _fill(tensor, values):
    """Give the tensor these values; a number fills it."""
    tensor.data = np.broadcast_to(values, _shape(tensor))
    return tensor


def _fans(tensor):
    """How many inputs a neuron of this weight (out, in) has, and how many outputs an input."""
    shape = _shape(tensor)
    if len(shape) != 2:
        raise ValueError(f"init: a weight of shape (out, in) has a fan, shape {shape} has not")
    fan_out, fan_in = shape
    return fan_in, fan_out


def constant_(tensor, val):
    """Fill with one value: every neuron of a layer then computes the same."""
    return _fill(tensor, val)


def zeros_(tensor):
    """Fill with 0, as is usual for a bias."""
    return _fill(tensor, 0.0)


def ones_(tensor):
    """Fill with 1."""
    return _fill(tensor, 1.0)


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Fill from the uniform distribution on [a, b): mean (a + b) / 2, variance (b - a)**2 / 12."""
    rng = np.random.default_rng(generator)
    return _fill(tensor, rng.uniform(a, b, _shape(tensor)))


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Fill from the normal distribution with this mean and standard deviation."""
    rng = np.random.default_rng(generator)
    return _fill(tensor, rng.normal(mean, std, _shape(tensor)))


def calculate_gain(nonlinearity, param=None):
    """The factor by which weights make up for what an activation function takes from the signal.

    It multiplies a standard deviation. Names are those of nn.functional, and "linear"; param is the
    slope of leaky_relu, 0.01 if not given. The values are PyTorch's: 1 for linear and sigmoid, 5/3
    for tanh, sqrt(2) for relu, sqrt(2 / (1 + slope**2)) for leaky_relu, 3/4 for selu.
    Raises: ValueError for any other name.

    >>> round(calculate_gain("relu"), 4)
    1.4142
    """
    slope = 0.01 if param is None else param
    gains = dict(linear=1.0, sigmoid=1.0, tanh=5 / 3, relu=math.sqrt(2), selu=3 / 4)
    gains["leaky_relu"] = math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in gains:
        known = ", ".join(gains)
        raise ValueError(f"calculate_gain: {nonlinearity!r} is none of {known}")
    return gains[nonlinearity]


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Normal, of standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    tensor: a weight (out, in). A compromise between a steady variance forwards, 1 / fan_in, and
    backwards, 1 / fan_out.
    Raises: ValueError if the tensor is no matrix.
    Reference: Glorot, Bengio (2010), https://proceedings.mlr.press/v9/glorot10a.html.
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(_fans(tensor))), generator)


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Uniform, with the variance of xavier_normal_: bounds ±gain * sqrt(6 / (fan_in + fan_out)).

    tensor: a weight (out, in).
    Raises: ValueError if the tensor is no matrix.
    Reference: Glorot, Bengio (2010), https://proceedings.mlr.press/v9/glorot10a.html.
    """
    bound = gain * math.sqrt(6 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def _kaiming_std(tensor, a, mode, nonlinearity):
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'init: mode is "fan_in" or "fan_out", not {mode!r}')
    fan_in, fan_out = _fans(tensor)
    fan = fan_in if mode == "fan_in" else fan_out
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_normal_(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Normal, of standard deviation gain / sqrt(fan), with the gain of the nonlinearity.

    tensor: a weight (out, in). a: the slope of leaky_relu; at 0 that is relu. mode: "fan_in" keeps
    the variance forwards, "fan_out" backwards.
    Raises: ValueError if the tensor is no matrix, or for another mode or nonlinearity.
    Reference: He, Zhang, Ren, Sun (2015), arXiv:1502.01852.
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def kaiming_uniform_(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Uniform, with the variance of kaiming_normal_: bounds ±gain * sqrt(3 / fan).

    tensor: a weight (out, in). a, mode, nonlinearity: as in kaiming_normal_.
    Raises: ValueError if the tensor is no matrix, or for another mode or nonlinearity.
    Reference: He, Zhang, Ren, Sun (2015), arXiv:1502.01852.
    """
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)
