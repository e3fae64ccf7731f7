"""A function and its derivative along a curve, and whether the two belong together.

The question is that of gradcheck, the way to an answer is not. gradcheck looks for the best step,
one input after another. Here every point gets the same six steps, in one call of f: 0.1 ms for the
482 points of an explorer, where gradcheck takes 0.4 ms for one point and 300 ms for all. A slider
can wait for the one, not for the other. The price: how far f is rounded is guessed from the size of
f and of its slopes, and what is finer than the steps is missed.

Where f is smooth the derivative must equal the central difference, and how far those at h and h/2
disagree sets the tolerance. Where the slopes on the two sides do not meet as h shrinks f has a
kink, and the derivative must lie between them. Where they grow as 1/h, f jumps.
"""

from dataclasses import dataclass

import numpy as np

from mini_autograd.numerical import step

SMOOTH, KINK, JUMP, UNKNOWN = range(4)
RELATIVE, ABSOLUTE = 1e-6, 1e-8  # what rounding may do to a central difference, with room to spare
_SHIFTS = np.array([1, 1 / 2, 1 / 8, -1, -1 / 2, -1 / 8])[:, None]


class Unusable(ValueError):
    """f cannot be explored; the message says why."""


@dataclass
class Curve:
    """f and its derivative at the points x, and what differences of f say about that derivative.

    slope is the derivative under test; central, left and right are slopes by differences. kind says
    of each point whether f is SMOOTH there, has a KINK, a JUMP, or is UNKNOWN, not being finite
    nearby. error is how far slope is from what differences allow: 0 within the tolerance.
    drawn is the central difference to show, which may have another step. problem says why there is
    no derivative to compare, if so.
    """

    x: np.ndarray
    y: np.ndarray
    slope: np.ndarray
    central: np.ndarray
    left: np.ndarray
    right: np.ndarray
    kind: np.ndarray
    error: np.ndarray
    drawn: np.ndarray
    problem: str = ""


def by_autograd(f, x, make):
    """f(x) and f'(x) as arrays, for an element-wise f of a Tensor; make is what makes one."""
    leaf = make(x, requires_grad=True)
    y = f(leaf)
    if not isinstance(y, type(leaf)):
        name = "nothing (None)" if y is None else f"a {type(y).__name__}"
        raise Unusable(f"it returned {name} and not a Tensor, so autograd cannot follow it")
    _require_like(x, y.numpy(), "it")
    if y.requires_grad:
        y.backward(make(np.ones_like(x)))  # and not np.ones(): this stands in a program
    if leaf.grad is None:
        raise Unusable("its result has no gradient: no recorded operation leads from x to it")
    return y.numpy(), leaf.grad.numpy()


def by_formula(f, derivative, x):
    """f(x) and f'(x) as arrays, for two functions of an array."""
    y, slope = as_array(f(x)), as_array(derivative(x))
    for values, name in (y, "it"), (slope, "its derivative"):
        _require_like(x, values, name)
    return y.astype(float), slope.astype(float)


def as_array(values):
    """The values as an array; one that stands in a program is such already."""
    return values if isinstance(values, np.ndarray) else np.asarray(values)


def only_values(x, y, problem):
    """The Curve of a function without a derivative to compare."""
    nothing = np.full(x.shape, np.nan)
    kind, error = np.full(x.shape, UNKNOWN), np.zeros(x.shape)
    return Curve(x, y, nothing, nothing, nothing, nothing, kind, error, nothing, problem)


def _require_like(x, values, name):
    if values.shape != x.shape:
        change = f"turned shape {x.shape} into {values.shape}"
        raise Unusable(f"{name} {change}; an element-wise function keeps the shape")
    if values.dtype.kind not in "biuf":
        raise Unusable(f"{name} returned {values.dtype}, and real numbers are needed")


def _refuse_what_differences_cannot_judge(f, x, y):
    if y.dtype == np.float32:
        raise Unusable("it computes in float32, which is too coarse for differences")
    part = slice(len(x) // 3)
    if (np.abs(f(x[part]) - y[part]) > 1e-6 * (1 + np.abs(y[part]))).any():
        raise Unusable("its value at one x depends on other elements, or on chance")


def examine(f, x, y, slope):
    """The Curve of f, a function of arrays, with values y and derivative slope at x (1-D).

    Raises: Unusable if f does not treat each element by itself, or nothing can be compared.
    """
    _refuse_what_differences_cannot_judge(f, x, y)
    points = x + _SHIFTS * step(x)
    values = f(points.ravel()).reshape(points.shape)
    # Divided by the steps really taken, as x + h is rounded.
    right, right_half, right_near, left, left_half, left_near = (values - y) / (points - x)
    central, halved = (right + left) / 2, (right_half + left_half) / 2
    # The slope to one side errs in proportion to h: from those at h and h/8 follows the one at 0.
    left_limit, right_limit = (8 * left_near - left) / 7, (8 * right_near - right) / 7
    sides = np.stack([left, right, left_near, right_near, left_limit, right_limit])

    tolerance = RELATIVE * np.abs(sides).max(axis=0) + ABSOLUTE * np.maximum(1, np.abs(y))
    steepest = np.maximum(np.abs(left), np.abs(right))
    steepest_near = np.maximum(np.abs(left_near), np.abs(right_near))
    # Where f is smooth, the two sides differ by h f'', and at h/8 by an eighth of that.
    bent = np.abs((right_near - left_near) - (right - left) / 8) > tolerance
    torn = (steepest_near > 4 * steepest) & (steepest_near > 1e-3)
    # where() and not an assignment by mask, so that this can be traced together with f.
    kind = np.where(torn, JUMP, np.where(bent, KINK, SMOOTH))
    kind = np.where(np.isfinite(sides).all(axis=0), kind, UNKNOWN)

    difference = np.abs(slope - central) - 2 * np.abs(central - halved)
    outside = np.maximum(sides.min(axis=0) - slope, slope - sides.max(axis=0))
    error = np.where(kind == SMOOTH, difference, np.where(kind == KINK, outside, 0.0))
    error = np.where(error <= tolerance, 0.0, error)
    error = np.where(np.isfinite(y) & np.isnan(slope), np.inf, error)
    if not ((kind == SMOOTH) | (error > 0)).any():
        lacks = "smooth" if np.isfinite(y).any() else "finite"
        raise Unusable(f"f is {lacks} nowhere here, so there is nothing to compare")
    return Curve(x, y, slope, central, left_limit, right_limit, kind, error, central)
