"""Softmax and its logarithm: scores turned into probabilities along one axis."""

import numpy as np

from mini_autograd.engine import as_axis, floating, keep_dims, primitive, sum
from mini_autograd.operations import exp, expm1


@primitive
def softmax(x, dim):
    """exp(x) over its sum along axis dim: positive, and the sum along dim is 1.

    Any shape with an axis dim, floating point; the result keeps shape and dtype. Adding one number
    to all x along dim changes nothing.
    Gradient: d y_i / d x_j = y_i * ((i == j) - y_j).
    Numerics: the largest x is subtracted first, so exp cannot overflow. The rule subtracts the
    mean of g, weighted by y, twice, which keeps the digits of a gradient where one y is nearly 1.
    Raises: TypeError if x is not floating point; IndexError if x has no axis dim.
    Reference: Bridle (1990), doi:10.1007/978-3-642-76153-9_28.

    >>> softmax(tensor([1000.0, 0.0]), 0).tolist()
    [1.0, 0.0]
    """
    e = np.exp(x - np.max(floating(x), axis=dim, keepdims=True, initial=-np.inf))
    return e / np.sum(e, axis=dim, keepdims=True)


@softmax.vjp
def _(g, y, x, dim):
    g = g - sum(g * y, dim, True)
    # Once more: where one y is nearly 1, what the difference left of its g is all rounding error.
    return y * (g - sum(g * y, dim, True))


def _log_sum(x, dim):
    """The largest x along dim, and log(sum(exp(x - largest))).

    The largest term is 1: log1p of all others keeps their digits, be they ever so small.
    """
    if not x.size:
        return np.max(x, axis=dim, keepdims=True, initial=-np.inf), 0.0
    index = np.argmax(x, axis=dim, keepdims=True)
    largest = np.take_along_axis(x, index, dim)
    others = np.exp(x - np.where(np.isinf(largest), 0.0, largest))  # inf - inf would be nan
    np.put_along_axis(others, index, 0.0, dim)
    return largest, np.log1p(np.sum(others, axis=dim, keepdims=True))


@primitive
def log_softmax(x, dim):
    """Logarithm of softmax: x - log(sum(exp(x))) along axis dim, negative or 0.

    Any shape with an axis dim, floating point; the result keeps shape and dtype.
    Gradient: d y_i / d x_j = (i == j) - softmax(x)_j.
    Numerics: the largest x is subtracted first; where it dominates, log1p of the other terms keeps
    digits that log(sum) loses, and expm1(y) in the rule those that 1 - exp(y) would lose.
    Raises: TypeError if x is not floating point; IndexError if x has no axis dim.

    >>> log_softmax(tensor([1000.0, 0.0]), 0).tolist()
    [0.0, -1000.0]
    """
    largest, log_sum = _log_sum(floating(x), dim)
    return x - largest - log_sum


@log_softmax.vjp
def _(g, y, x, dim):
    # That is g - exp(y) * sum(g), which would cancel at a y of nearly 0.
    return -(g * expm1(y) + exp(y) * (sum(g, dim, True) - g))


@primitive
def logsumexp(x, dim, keepdim=False):
    """log(sum(exp(x))) along axis dim: a smooth maximum, at most log(n) above the largest of n.

    Any shape with an axis dim, floating point; the result keeps the dtype, and under keepdim the
    axis, with length 1.
    Gradient: softmax(x).
    Numerics: as in log_softmax. The logarithm of an empty sum is -inf.
    Raises: TypeError if x is not floating point, or keepdim not True or False; IndexError if x has
    no axis dim.

    >>> logsumexp(tensor([1000.0, 0.0]), 0).item()
    1000.0
    """
    largest, log_sum = _log_sum(floating(x), as_axis(dim, keepdim))
    return largest + log_sum if keepdim else np.squeeze(largest + log_sum, dim)


@logsumexp.vjp
def _(g, y, x, dim, keepdim):
    return keep_dims(g, x, dim) * softmax(x, dim)
