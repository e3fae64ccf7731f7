"""Rectifiers: a kink at 0, straight lines on both sides."""

import numpy as np

from mini_autograd.engine import floating, primitive, where
from mini_autograd.nn.functional.squashing import hardtanh
from mini_autograd.operations import minimum


@primitive
def relu(x):
    """Rectified linear unit: max(x, 0), element-wise.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: 1 if x > 0 else 0; at 0 any number from 0 to 1 would do, and it is 0, as in PyTorch.
    Raises: TypeError if x is not floating point.
    Reference: Nair, Hinton (2010), https://icml.cc/Conferences/2010/papers/432.pdf.

    >>> relu(tensor([-2.0, 0.0, 3.0])).tolist()
    [0.0, 0.0, 3.0]
    """
    return np.maximum(floating(x), 0.0)


relu.vjp(lambda g, y, x: g * (x > 0))


def relu6(x):
    """Rectified linear unit with a ceiling: min(max(x, 0), 6), element-wise.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: 1 between 0 and 6, else 0; at both of them 0, as in PyTorch.
    Raises: TypeError if x is not floating point.
    Reference: Krizhevsky (2010), https://www.cs.toronto.edu/~kriz/conv-cifar10-aug2010.pdf.

    >>> relu6(tensor([-2.0, 3.0, 8.0])).tolist()
    [0.0, 3.0, 6.0]
    """
    return hardtanh(x, 0.0, 6.0)


@primitive
def leaky_relu(x, negative_slope=0.01):
    """Leaky rectifier: x if x > 0 else negative_slope * x, element-wise.

    Any shape, floating point; the result keeps shape and dtype. negative_slope is any number, or a
    tensor that broadcasts to the shape of x; max(x, negative_slope * x) would ask for at most 1.
    Gradient: 1 if x > 0 else negative_slope; at 0 it is negative_slope, as in PyTorch. For the
    slope it is min(x, 0).
    Raises: TypeError if x is not floating point.
    Reference: Maas, Hannun, Ng (2013), https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf.

    >>> leaky_relu(tensor([-2.0, 3.0]), 0.5).tolist()
    [-1.0, 3.0]
    """
    return np.maximum(floating(x), 0.0) + negative_slope * np.minimum(x, 0.0)


leaky_relu.vjp(
    lambda g, y, x, negative_slope: where(x > 0, g, g * negative_slope),
    lambda g, y, x, negative_slope: g * minimum(x, 0.0),
)


def prelu(x, weight):
    """Leaky rectifier with learned slopes: x if x > 0 else weight * x, element-wise.

    Any shape, floating point; the result keeps shape and dtype. weight: one slope, or a vector of
    one for each channel, which is axis 1 of x.
    Gradient: 1 if x > 0 else weight; at 0 it is weight, as in PyTorch. For the weight it is
    min(x, 0), summed over all that shares the slope.
    Raises: TypeError if x is not floating point; ValueError for another number of slopes.
    Reference: He, Zhang, Ren, Sun (2015), arXiv:1502.01852.

    >>> prelu(tensor([[-2.0, -2.0]]), tensor([0.5, 0.25])).tolist()
    [[-1.0, -0.5]]
    """
    x, weight = floating(x, "prelu: "), floating(weight, "prelu: ")
    channels = x.shape[1] if x.ndim > 1 else 1
    if weight.shape not in [(), (1,), (channels,)]:
        raise ValueError(f"prelu: weight has shape {weight.shape}; x has {channels} channels")
    return leaky_relu(x, weight.reshape((-1,) + (1,) * (x.ndim - 2)) if x.ndim > 2 else weight)


def rrelu(x, lower=1 / 8, upper=1 / 3, training=False, generator=None):
    """Randomised leaky rectifier: x if x > 0 else a * x, element-wise.

    Any shape, floating point; the result keeps shape and dtype. While training each a is drawn from
    U(lower, upper) by generator, a numpy.random.Generator; else it is their mean.
    Gradient: 1 if x > 0 else a; at 0 it is a, as in PyTorch.
    Raises: TypeError if x is not floating point; ValueError if lower > upper.
    Reference: Xu, Wang, Chen, Li (2015), arXiv:1505.00853.

    >>> rrelu(tensor([-1.0, 2.0]), 0.25, 0.75).tolist()
    [-0.5, 2.0]
    """
    if lower > upper:
        raise ValueError(f"rrelu: lower {lower} must not be greater than upper {upper}")
    x = floating(x, "rrelu: ")
    if not training:
        return leaky_relu(x, (lower + upper) / 2)
    slopes = np.random.default_rng(generator).uniform(lower, upper, x.shape)
    return leaky_relu(x, np.asarray(slopes, x.dtype))
