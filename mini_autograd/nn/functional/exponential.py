"""Rectifiers with an exponential tail on the left."""

import numpy as np

from mini_autograd.engine import floating, primitive, where
from mini_autograd.nn.functional.rectified import relu
from mini_autograd.operations import exp


@primitive
def elu(x, alpha=1.0):
    """Exponential linear unit: x if x > 0 else alpha * (exp(x) - 1), element-wise.

    Any shape, floating point; the result keeps shape and dtype. -alpha is the limit at -inf.
    Gradient: 1 if x > 0 else alpha * exp(x); at 0 it is alpha, and the second derivative 0, as in
    PyTorch.
    Numerics: expm1 of min(x, 0) neither overflows nor loses digits near 0; the gradient y + alpha
    would lose them at the far left.
    Raises: TypeError if x is not floating point; ValueError if alpha <= 0.
    Reference: Clevert, Unterthiner, Hochreiter (2016), arXiv:1511.07289.

    >>> elu(tensor([-1000.0, 0.0, 2.0])).tolist()
    [-1.0, 0.0, 2.0]
    """
    if not alpha > 0:
        raise ValueError(f"alpha must be positive, not {alpha}")
    return np.maximum(floating(x), 0.0) + alpha * np.expm1(np.minimum(x, 0.0))


# -relu(-x) is min(x, 0), with a slope of 0 at 0; minimum() would have 1/2 there.
elu.vjp(lambda g, y, x, alpha: where(x > 0, g, g * alpha * exp(-relu(-x))))


@primitive
def celu(x, alpha=1.0):
    """Continuously differentiable ELU: x if x > 0 else alpha * (exp(x / alpha) - 1), element-wise.

    Any shape, floating point; the result keeps shape and dtype. -alpha is the limit at -inf.
    Gradient: 1 if x > 0 else exp(x / alpha), which is 1 at 0 for every alpha.
    Numerics: expm1 of min(x, 0) neither overflows nor loses digits near 0.
    Raises: TypeError if x is not floating point; ValueError if alpha <= 0.
    Reference: Barron (2017), arXiv:1704.07483.

    >>> celu(tensor([-1000.0, 0.0, 2.0]), 0.5).tolist()
    [-0.5, 0.0, 2.0]
    """
    if not alpha > 0:
        raise ValueError(f"alpha must be positive, not {alpha}")
    return np.maximum(floating(x), 0.0) + alpha * np.expm1(np.minimum(x, 0.0) / alpha)


celu.vjp(lambda g, y, x, alpha: g * exp(-relu(-x) / alpha))


# Layers of selu with weights N(0, 1/fan_in) keep mean 0 and variance 1 with these two numbers only.
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def selu(x):
    """Scaled ELU: 1.0507 * elu(x, alpha=1.6733), element-wise; keeps mean 0 and variance 1.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: 1.0507 if x > 0 else 1.7581 * exp(x); at 0 it is 1.7581, as in PyTorch.
    Numerics: as in elu.
    Raises: TypeError if x is not floating point.
    Reference: Klambauer, Unterthiner, Mayr, Hochreiter (2017), arXiv:1706.02515.

    >>> [round(y, 4) for y in selu(tensor([-1000.0, 0.0, 1.0])).tolist()]
    [-1.7581, 0.0, 1.0507]
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)
