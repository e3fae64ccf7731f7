"""What an explorer says and how far its curve errs, in Python: what live.js is compared with."""

import numpy as np

from mini_autograd.explore.curve import JUMP, KINK, SMOOTH, UNKNOWN
from mini_autograd.explore.words import disagreement, fixed, magnitude, number


def agrees(curve):
    return not (curve.problem or curve.error.any())


def scale(curve):
    """What a difference is told by: 1, or on a steep curve the slope where that is above 1."""
    sizes = np.maximum(1, np.abs(curve.slope))
    return sizes if sizes[curve.kind == SMOOTH].max(initial=0) > 1000 else np.ones(sizes.shape)


def apart(curve):
    """How far slope and drawn are apart, in units of scale; -1 where f is not smooth."""
    with np.errstate(all="ignore"):
        found = np.abs(curve.slope - curve.drawn) / scale(curve)
    return np.where(curve.kind == SMOOTH, found, -1)


def by_difference(curve, i):
    """What differences say the slope is at point i."""
    if curve.kind[i] == KINK:
        return f"left {fixed(curve.left[i], 2)}, right {fixed(curve.right[i], 2)}"
    return "none, f jumps" if curve.kind[i] == JUMP else number(curve.drawn[i])


def difference(curve, i):
    """How far the derivative is from that; at a kink, whether it is between the two sides."""
    if curve.kind[i] == KINK:
        return "outside" if curve.error[i] else "between"
    return _size(curve, i) if curve.kind[i] == SMOOTH else "–"


def _size(curve, i):
    value = apart(curve)[i]
    text = f"{value:.0e}" if 0 < value < 1e-3 else fixed(value, 4) if value else "0"
    return f"{text} of the slope" if scale(curve)[i] > 1 else text


def verdict(curve, by, h=None):
    """Do derivative and differences belong together? A sentence whose first words answer."""
    if curve.problem:
        return f"Problem: {curve.problem}"
    if curve.error.any():
        return f"They disagree: {disagreement(curve, by)}"
    worst = apart(curve).argmax()
    if h is None or apart(curve)[worst] < 1e-7:
        where = "wherever f is finite" if (curve.kind == UNKNOWN).any() else "over the whole curve"
        return f"They agree: {where} the largest difference is {_size(curve, worst)}."
    off = f"off by up to {_size(curve, worst)}"
    why = "the curve bends within such a step" if h > 1e-5 else "it magnifies rounding errors"
    if not np.isfinite(apart(curve)[worst]):
        off, why = "not finite everywhere", "such a step leads to where f is not"
    difference = f"with h = {magnitude(h, 1)} the central difference is {off}"
    return f"The {by} is right: {difference}, as {why}."


def read_out(explorer, **values):
    """What stands below the picture of an explorer for these values of its sliders."""
    explored = explorer.explored
    values = explored.start | values
    curve = explored.examine(values)
    sign = "✓" if agrees(curve) else "✗"
    said = f"{sign} {verdict(curve, explored.by, values.get('h'))}"
    if curve.problem:
        return said
    at = fixed(values["cursor"], explored.sliders["cursor"]["digits"])
    cells = f"x {at} f(x) {number(curve.y[-1])} f′(x) by {explored.by} {number(curve.slope[-1])}"
    differences = f"by central difference {by_difference(curve, -1)}"
    return f"{cells} {differences} difference {difference(curve, -1)} {said}"


def sentence(explorer, **values):
    """What the picture shows, for those who do not see it."""
    explored = explorer.explored
    values = explored.start | values
    curve, digits = explored.examine(values), {k: s["digits"] for k, s in explored.sliders.items()}
    settings = ", ".join(f"{k} = {fixed(values[k], digits[k])}" for k in explored.parameters)
    found = (
        f"At x = {fixed(values['cursor'], digits['cursor'])}, f(x) = {fixed(curve.y[-1], 4)} "
        f"and f'(x) = {fixed(curve.slope[-1], 4)} by {explored.by}."
    )
    name = f"{explored.name} and its derivative" + (f" for {settings}" if settings else "")
    return f"{name}. {curve.problem or found}"
