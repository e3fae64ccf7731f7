"""What an explorer is, for live.js: its axes, its sliders, the program of f and of its check."""

from functools import partial

import numpy as np
from ipywidgets import FloatLogSlider

from mini_autograd.explore.live import SPEC, VERSION, as_stored
from mini_autograd.explore.program import as_json
from mini_autograd.trace import take_scalars_for_numbers, trace
from mini_autograd.trees import tensor_around

POINTS = 481  # of a curve
FIELDS = "y slope central left right kind error drawn".split()  # of a Curve, as live.js has them


def explorer_spec(explorer):
    """The spec by its MIME type; nothing where only a kernel can compute what is to be seen."""
    try:
        with np.errstate(all="ignore"):
            program = _program(explorer)
    except Exception:  # whatever a reader's function does when it is followed
        return {}
    picture = explorer._picture
    spec = dict(
        version=VERSION,
        kind="explorer",
        name=explorer._name,
        by=explorer._by,
        points=POINTS,
        xlim=list(picture.xlim),
        ylims=[[float(f"{end:.6g}") for end in ylim] for ylim in picture.ylims],
        # In lists, as a notebook's file sorts the keys of what it stores.
        sliders=[_slider(key, explorer) for key in explorer._sliders],
        presets=[dict(name=n, to=to) for n, to in explorer._panel.presets.items()],
        program=program,
    )
    return {SPEC: as_stored(spec)}


def _slider(key, explorer):
    one = explorer._sliders[key]
    return dict(
        key=key,
        label=one.description,
        min=one.min,
        max=one.max,
        step=one.step,
        start=explorer._panel.start[key],
        digits=int(one.readout_format[1:-1]),
        logarithmic=isinstance(one, FloatLogSlider),
    )


def _program(explorer):
    """The program of f, its derivative and the check of the two.

    It is run for the values at the start, at the ends of the sliders and of the presets, and must
    give what the engine gives.
    """
    keys = [key for key in explorer._sliders if key != "cursor"]
    make = partial(tensor_around, kind=explorer._Tensor)

    def followed(x, *numbers):
        take_scalars_for_numbers()
        curve = explorer.curve(x, dict(zip(keys, numbers, strict=True)), make)
        return [getattr(curve, field) for field in FIELDS]

    def inputs(values):
        numbers = (np.array(float(values[key])) for key in keys)
        return np.append(explorer._grid, values["cursor"]), *numbers

    start, parameters = explorer._panel.start, explorer._parameters
    program = trace(followed, *inputs(start))
    ends = [{key: end} for key, one in parameters.items() for end in (one.min, one.max)]
    for change in ({}, *ends, *explorer._panel.presets.values()):
        curve, found = explorer._examine(start | change), program.run(*inputs(start | change))
        if not _same(curve, found):
            raise ValueError(f"the program is not f for {change}")
    return as_json(program, ["x", *keys])


def _same(curve, found):
    """Whether a program has found this Curve, and nothing where there is a problem."""
    if curve.problem or not found:
        return bool(curve.problem) and not found
    found = dict(zip(FIELDS, found, strict=True))
    close = partial(np.allclose, rtol=1e-12, atol=1e-12, equal_nan=True)
    values = all(close(found[field], getattr(curve, field)) for field in ("y", "slope"))
    kinds = np.array_equal(found["kind"], curve.kind)
    return values and kinds and np.array_equal(found["error"] > 0, curve.error > 0)
