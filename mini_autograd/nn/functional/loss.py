"""Losses: how far predictions are from what they should be, as one number."""

import math

import numpy as np

from mini_autograd.engine import floating, primitive, reshape, sum, where
from mini_autograd.nn.functional.logits import log_softmax, softmax
from mini_autograd.nn.functional.smooth import softplus
from mini_autograd.nn.functional.squashing import sigmoid


@primitive
def cross_entropy(x, target, reduction="mean"):
    """Cross-entropy in nats: minus the logarithm of the softmax of x at the target class.

    x: scores of shape (N, classes), floating point; target: N class indices. reduction: "mean" over
    the N, "sum", or "none" for all N losses.
    Gradient: (softmax(x) - one_hot(target)) / N under "mean".
    Numerics: log_softmax never takes the logarithm of 0; at the target, softmax - 1 is computed as
    minus the sum of the others, which keeps the digits of a confident prediction.
    Raises: TypeError if x is not floating point or target not integer; ValueError for other shapes
    or another reduction; IndexError for an index that is no class.

    >>> round(cross_entropy(tensor([[0.0, 0.0], [1000.0, 0.0]]), [0, 0]).item(), 4)
    0.3466
    """
    x, target = floating(x), target if hasattr(target, "dtype") else np.asarray(target)
    if x.ndim != 2 or target.shape != x.shape[:1]:
        raise ValueError("x of shape (N, classes) and N class indices are needed")
    if target.dtype.kind not in "iu":
        raise TypeError(f"the target holds class indices, integers, not {target.dtype}")
    if np.any((target < 0) | (target >= x.shape[1])):
        raise IndexError(f"the target holds class indices from 0 to {x.shape[1] - 1}")
    log_p = log_softmax(x, 1)
    return _reduced(-log_p[np.arange(len(x)), target], reduction)


@cross_entropy.vjp
def _(g, y, x, target, reduction):
    at_target = np.arange(x.shape[1]) == reshape(target, (-1, 1))
    others = where(at_target, 0.0, softmax(x, 1))
    g = reshape(_per_loss(g, x.shape[:1], reduction), (-1, 1))
    return g * (others - at_target * sum(others, 1, True))


@primitive
def binary_cross_entropy_with_logits(x, target, reduction="mean"):
    """Cross-entropy in nats of the probability sigmoid(x) with the target, a number from 0 to 1.

    x and target: one shape, floating point. reduction: "mean" over all, "sum", or "none".
    Gradient: (sigmoid(x) - target) / N under "mean".
    Numerics: -log(sigmoid(x)) is softplus(-x): no logarithm of 0, and no difference of large terms.
    Raises: TypeError if one is not floating point; ValueError for different shapes or another
    reduction.

    >>> round(binary_cross_entropy_with_logits(tensor([0.0]), tensor([1.0])).item(), 4)
    0.6931
    """
    x, target = _of_one_shape(x, target)
    return _reduced(target * softplus(-x) + (1 - target) * softplus(x), reduction)


binary_cross_entropy_with_logits.vjp(
    lambda g, y, x, target, reduction: (
        _per_loss(g, x.shape, reduction) * ((1 - target) * sigmoid(x) - target * sigmoid(-x))
    ),
    lambda g, y, x, target, reduction: _per_loss(g, x.shape, reduction) * -x,
)


@primitive
def mse_loss(x, target, reduction="mean"):
    """Squared error: (x - target) ** 2.

    x and target: one shape, floating point. reduction: "mean" over all, "sum", or "none".
    Gradient: 2 (x - target) / N under "mean".
    Raises: TypeError if one is not floating point; ValueError for different shapes or another
    reduction. PyTorch only warns of different shapes, and broadcasts.

    >>> mse_loss(tensor([1.0, 2.0]), tensor([1.0, 4.0])).item()
    2.0
    """
    x, target = _of_one_shape(x, target)
    difference = x - target
    return _reduced(difference * difference, reduction)


mse_loss.vjp(
    lambda g, y, x, target, reduction: _per_loss(2 * g, x.shape, reduction) * (x - target),
    lambda g, y, x, target, reduction: _per_loss(2 * g, x.shape, reduction) * (target - x),
)


def _of_one_shape(x, target):
    """Both, floating point; shapes (N, 1) and (N,) would broadcast to (N, N), and are refused."""
    x, target = floating(x), floating(target)
    if x.shape != target.shape:
        raise ValueError(f"x has shape {x.shape}, but the target {target.shape}")
    return x, target


def _reduced(losses, reduction):
    """The mean or the sum of the losses, or all of them."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction is "mean", "sum" or "none", not {reduction!r}')
    if reduction == "none":
        return losses
    return losses.sum() / losses.size if reduction == "mean" else losses.sum()


def _per_loss(g, shape, reduction):
    """The gradient of each loss, when g is that of what they were reduced to."""
    return g / math.prod(shape) if reduction == "mean" else g
