"""Numbers, disagreements and likely mistakes in words. live.js puts them the same way."""

import itertools
import math
import re

import numpy as np

from mini_autograd.explore.curve import KINK, SMOOTH, Unusable


def number(value):
    """Six decimals, or three digits and a power of ten where the decimals would not show them."""
    return minus(f"{value:.2e}") if 0 < abs(value) < 1e-3 else fixed(value, 6)


def fixed(value, decimals):
    """So many decimals, or three digits and a power of ten if the number is large."""
    large = 1e5 <= abs(value) < np.inf
    return minus(f"{value:.2e}" if large else f"{value:z.{decimals}f}")


def magnitude(value, digits):
    """A number above 0 with so many digits after its first, those that say something.

    From 0.001 to 9999 it stands there plainly, else with a power of ten.
    """
    text = f"{value:.{digits}e}"
    return f"{float(text):g}" if 1e-3 <= float(text) <= 9999 else text


def minus(text):
    """text with a true minus sign before its negative numbers, as the axes have it."""
    return re.sub(r"(?<!\w)-(?=\d|inf\b)", "−", text)


def formatted(form, value):
    """value in one of the forms that say() knows."""
    value = float(value) + 0.0  # no -0
    if not math.isfinite(value):
        return minus(f"{value}")
    if "|" in form:
        options = form.split("|")
        return options[round(min(max(value, 0), len(options) - 1))]
    if form == "d":
        return minus(f"{value:z.0f}" if abs(value) < 1e15 else f"{value:.2e}")
    digits = int(form[1:-1])
    return fixed(value, digits) if form[-1] == "f" else minus(f"{value:.{digits}e}")


def sentence(said):
    """What say() was given, as text."""
    pairs = zip(said["forms"], said["arrays"], strict=True)
    numbers = [formatted(form, a.item()) for form, a in pairs]
    return "".join(itertools.chain(*zip(said["words"], [*numbers, ""], strict=True)))


def disagreement(curve, by, composed=True):
    """Where derivative and differences are farthest apart, and what may have gone wrong.

    by names the derivative. composed: whether f may be made of several operations.
    """
    i = curve.error.argmax()
    claim = minus(f"at x = {curve.x[i]:.2f} {by} says {number(curve.slope[i])}")
    if np.isnan(curve.slope[i]):
        return f"{claim}, though f is finite there."
    if curve.kind[i] == KINK:
        sides = f"{number(curve.left[i])} on the left and {number(curve.right[i])} on the right"
        claim += f"; f has a kink there, with slope {sides}"
    else:
        claim += f", the central difference {number(curve.central[i])}"
    if composed and np.count_nonzero(curve.error) <= min(3, len(curve.x) // 8):
        hint = "Elsewhere they agree: if f is a composition, a part of it may be at a kink there."
    else:
        central = np.where(curve.kind == SMOOTH, curve.central, np.nan)
        hint = mistake(curve.slope, central, curve.x)
        if "half of" in hint:
            hint += " A second contribution may have overwritten the first."
    return f"{claim}. {hint}".strip()


def mistake(got, want, x=None):
    """What two arrays of one shape differ by, if it looks like a usual mistake; else nothing.

    x are the points at which the values were taken, if the values belong to points.
    """
    wrong = ~np.isclose(got, want, rtol=1e-5, atol=1e-7) & ~np.isnan(want)
    if not wrong.any():
        return ""
    if got.ndim == 2 and got.shape[::-1] == got.shape and np.allclose(got.T, want):
        return "It is transposed."
    where = "It is" if wrong.all() else "Where it is wrong, it is"
    for side, here in () if x is None else (("x > 0", x > 0), ("x < 0", x < 0)):
        if here.any() and not wrong[here].any() and wrong[(x != 0) & ~here].all():
            where = f"It is right for {side} only, elsewhere it is"
    looks = _looks(got[wrong], want[wrong])
    if looks:
        return f"{where} {looks}."
    return where.replace(", elsewhere it is", ".") if "only" in where else ""


def _looks(got, want):
    """How the wrong values relate to the right ones, if it is the same for all of them."""
    if not got.any():
        return "zero"
    if not np.isfinite([got, want]).all():
        return ""
    with np.errstate(over="ignore", invalid="ignore"):
        ratios = got[want != 0] / want[want != 0]
        alike = len(ratios) == len(got) and np.ptp(ratios) < 1e-3 * np.abs(ratios).max()
    if alike:
        factor = round(ratios.mean(), 3)
        usual = {
            -1: "right but for its sign",
            2: "twice too large",
            0.5: "half of what it should be",
            1: "close, but six digits are compared",
        }
        any_factor = minus(f"{factor:g} times what it should be") if len(got) > 1 else ""
        return usual.get(factor, any_factor)
    if len(got) > 1 and np.ptp(got - want) <= 1e-3 * np.abs(got - want).max():
        return minus(f"off by {(got - want).mean():.4g}")
    return ""


def explained(error):
    """What an exception says, for someone who may not know what it means."""
    if isinstance(error, (Unusable, AssertionError)):
        return str(error)
    return f"{type(error).__name__}: {error}"
