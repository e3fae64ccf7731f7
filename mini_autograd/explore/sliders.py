"""Sliders as live.js draws them: where they begin and end, how far a step goes, in how many digits.

who, in what follows, is the function that the reader called, for an error to name.
"""

import math

from mini_autograd.explore.arguments import require_log_slider, require_slider
from mini_autograd.explore.words import magnitude, minus

_GREEK = dict(
    alpha="α", beta="β", gamma="γ", delta="δ", kappa="κ", mu="μ", sigma="σ", tau="τ", omega="ω"
)


def slider_spec(who, key, given, label=None):
    """The slider that is given as (min, max, start), or with its step as a fourth."""
    low, high, start, *step = require_slider(who, key, given)
    step = step[0] if step else round_step(low, high, start)
    return dict(
        key=key,
        label=label or named(key),
        min=low,
        max=high,
        step=step,
        start=start,
        # JavaScript writes no more than 100 digits, and needs 25 to round as Python does.
        digits=0 if step % 1 == 0 else min(max(2, -math.floor(math.log10(step) + 1e-9)), 75),
        logarithmic=False,
    )


def log_slider_spec(who, key, given, label=None):
    """The same over the logarithms to base 10; it starts at what was given."""
    low, high, start = require_log_slider(who, key, given)
    ends = dict(min=math.log10(low), max=math.log10(high), step=0.1)
    return dict(key=key, label=label or named(key), **ends, start=start, digits=1, logarithmic=True)


def named(key):
    """The name that stands beside the control of a parameter."""
    return f"{key} ({_GREEK[key]})" if key in _GREEK else key.replace("_", " ")


def round_step(low, high, start):
    """A round step, 60 or more of which lead from low to high, and a whole number to start."""
    for power in range(3, -6, -1):
        for step in (5 * 10.0**power, 2 * 10.0**power, 10.0**power):
            counts = (high - low) / step, (start - low) / step
            if counts[0] >= 60 and all(abs(count - round(count)) < 1e-9 for count in counts):
                return step
    return (high - low) / 100


def written(slider, value):
    """The value in as many digits as stand beside the slider."""
    if slider["logarithmic"]:
        return magnitude(value, slider["digits"])
    return minus(f"{value:z.{slider['digits']}f}")


def can_be(slider, value):
    """Can the slider be set to the value?"""
    try:
        at = math.log10(value) if slider["logarithmic"] else value
        return slider["min"] - 1e-9 <= at <= slider["max"] + 1e-9
    except (TypeError, ValueError):  # no number, or one without a logarithm
        return False
