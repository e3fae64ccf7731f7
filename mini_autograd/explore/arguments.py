"""What a reader may give to an explorer and its like, and what is said of anything else.

who, in what follows, is the function that the reader called, for the error to name.
"""

import inspect
import math
import textwrap

import numpy as np


def require_function(who, f, taken=(), inputs=0):
    """Refuse what is no function, or has a parameter (after its inputs) whose name is taken."""
    if not callable(f):
        kind = type(f).__name__
        raise TypeError(f"{who}: a function is needed, not a {kind}: write f, and not f(x)")
    try:
        names = list(inspect.signature(f).parameters)[inputs:]
    except (TypeError, ValueError):  # a function that is written in C need not tell
        names = []
    for name in sorted(set(names) & set(taken)):
        raise ValueError(f"{who}: the name {name} is taken: rename that parameter of your function")


def in_short(given):
    """What came, for an error: of many numbers only the first."""
    return textwrap.shorten(repr(given), 120, placeholder=" ...")


def require(who, name, given, form, holds):
    """The finite numbers that were given; an error that says in which form, unless that holds."""
    try:
        found = np.atleast_1d(given)
        numbers = found.ndim == 1 and found.dtype.kind in "iuf" and np.isfinite(found).all()
        if numbers and holds(*found.tolist()):
            return tuple(found.tolist())
    except (TypeError, ValueError):
        pass  # not as many numbers as holds takes, or lists of several lengths
    raise ValueError(f"{who}: {name}={given!r}, but {form}")


def require_axis(who, name, given):
    form = "an axis is (min, max), finite, with min < max"
    return require(who, name, given, form, lambda low, high: 1e-300 < high - low < math.inf)


def require_slider(who, name, given):
    """(min, max, start), with the step if that is given."""
    form = "a slider is (min, max, start) or (min, max, start, step), finite, with min < max"

    def holds(low, high, start, step=1):
        return 0 < high - low < math.inf and low <= start <= high and step > 0

    return require(who, name, given, f"{form}, start between them, and step > 0", holds)


def require_log_slider(who, name, given):
    form = "this slider is (min, max, start), finite, with 0 < min < max and start between them"
    return require(
        who, name, given, form, lambda low, high, start: 0 < low < high and low <= start <= high
    )


def require_presets(who, presets, controls, can_be):
    """Presets, {name: {control: value}}, refused if one asks for what its control cannot have."""
    try:
        asked = [(name, key, to[key]) for name, to in presets.items() for key in to.keys()]
    except AttributeError:
        form = "a dict from the name of each to a dict from control to value"
        raise TypeError(f"{who}: presets are {form}, not {presets!r}") from None
    for name, key, value in asked:
        if key not in controls:
            only = ", ".join(controls)
            raise ValueError(f"{who}: preset {name!r}: there is no control {key}, only {only}")
        if not can_be(controls[key], value):
            wish = f"preset {name!r} asks for {key}={value!r}"
            raise ValueError(f"{who}: {wish}, to which its control cannot be set")
    return presets
