"""Smooth curves in place of ReLU's kink."""

import numpy as np

from mini_autograd.engine import floating, primitive
from mini_autograd.nn.functional.squashing import sigmoid
from mini_autograd.operations import hypot


@primitive
def softplus(x, beta=1.0):
    """Smooth ReLU: log(1 + exp(beta * x)) / beta, element-wise, always positive.

    Any shape, floating point; the result keeps shape and dtype. The larger beta, the closer to
    ReLU; the gap is largest at 0, log(2) / beta.
    Gradient: sigmoid(beta * x).
    Numerics: max(x, 0) + log1p(exp(-beta * abs(x))) / beta is the same number and cannot overflow;
    PyTorch's threshold, beyond which it returns x, is not needed.
    Raises: TypeError if x is not floating point; ValueError if beta <= 0.
    Reference: Dugas, Bengio, Bélisle, Nadeau, Garcia (2001), NIPS 13.

    >>> [round(y, 4) for y in softplus(tensor([-1000.0, 0.0, 1000.0])).tolist()]
    [0.0, 0.6931, 1000.0]
    """
    if not beta > 0:
        raise ValueError(f"beta must be positive, not {beta}")
    return np.maximum(floating(x), 0.0) + np.log1p(np.exp(-beta * np.abs(x))) / beta


softplus.vjp(lambda g, y, x, beta: g * sigmoid(beta * x))


def _height(x, b):
    return hypot(x, b**0.5) + 1e-45  # not 0, even where b = x = 0


@primitive
@np.errstate(over="ignore")
def _squareplus_slope(x, b):
    """The slope of squareplus, (1 + x / h) / 2: an operation has a slope too."""
    h = _height(x, b)
    gap = b / 2 / h / (h + np.abs(x))
    return np.where(x > 0, 1 - gap, gap)


_squareplus_slope.vjp(
    lambda g, y, x, b: g * b / 2 / (h := _height(x, b)) / h / h,
    lambda g, y, x, b: g * -x / 4 / (h := _height(x, b)) / h / h,
)


@primitive
@np.errstate(over="ignore")
def squareplus(x, b=4.0):
    """Smooth ReLU without exponentials: (x + sqrt(x**2 + b)) / 2, element-wise; PyTorch has none.

    Any shape, floating point; the result keeps shape and dtype. The gap to ReLU is largest at 0,
    sqrt(b) / 2, and b = 4 * log(2) ** 2 meets softplus there. b may be a learned tensor, best as
    b = c * c or softplus(c), since a step could carry a b of its own below 0.
    Gradient: (1 + x / h) / 2 with h = sqrt(x**2 + b), and for b 1 / (4 h).
    Numerics: x + h cancels for negative x, and x**2 may overflow. The gap to ReLU, and that of the
    slopes, as fractions do neither.
    Raises: TypeError if x is not floating point; ValueError if b < 0.
    Reference: Barron (2021), arXiv:2112.11687.

    >>> squareplus(tensor([-1e9, 0.0, 1.5])).tolist()
    [1e-09, 1.0, 2.0]
    """
    if np.any(b < 0):
        raise ValueError(f"b must not be negative, as in {b}")
    h = _height(floating(x), b)
    return np.maximum(x, 0.0) + b / 2 / (h + np.abs(x))


squareplus.vjp(
    lambda g, y, x, b: g * _squareplus_slope(x, b),
    lambda g, y, x, b: g / (4 * _height(x, b)),
)
