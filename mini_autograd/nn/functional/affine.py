"""The affine map of a layer."""

import math

import numpy as np

from mini_autograd.engine import floating, primitive


@primitive
def linear(x, weight, bias=None):
    """Affine map of the last axis: x @ weight.T + bias.

    x: (..., in), floating point; weight: (out, in); bias: (out,) or None. The result is (..., out).
    Gradient: with respect to x it is g @ weight, to the weight g.T @ x and to the bias g, the last
    two summed over all rows of x.
    Raises: TypeError if x is not floating point; ValueError for shapes that do not fit.

    >>> linear(tensor([[1.0, 2.0]]), tensor([[3.0, 4.0]]), tensor([0.5])).tolist()
    [[11.5]]
    """
    x, weight = floating(x), floating(weight)
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError("x of shape (..., in) and a weight of shape (out, in) are needed")
    if bias is not None and np.shape(bias) != weight.shape[:1]:
        raise ValueError("a bias of shape (out,) is needed")
    y = x @ weight.T
    return y if bias is None else y + bias


linear.vjp(
    lambda g, y, x, weight, bias: g @ weight,
    lambda g, y, x, weight, bias: _rows(g).T @ _rows(x),
    lambda g, y, x, weight, bias: g,  # the engine sums it over the rows
)


def _rows(x):
    """x as a matrix, with all axes but the last made one."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
