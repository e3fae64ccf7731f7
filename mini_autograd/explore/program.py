"""A traced program as JSON, in which live.js finds what to compute.

A line of text has an operation, the shape of its result, and what it computes from: x0 is the first
input, c0 an array of constants, v0 the result of the first line, anything else a number. So
2 * exp(x) is

    {"inputs": ["[3] x"], "arrays": {}, "guards": [], "outputs": ["v1"],
     "lines": ["exp [3] x0", "multiply [3] 2 v0"]}

Lists at the end say more: of a reduction over which axes it goes; of a view where it begins in the
memory of its array, and how far it goes there with a step along each of its axes.
"""

import json
import operator

import numpy as np

from mini_autograd.numpy_functions import added_at, astype, copied
from mini_autograd.trace import Line, Untraceable
from mini_autograd.trees import parts

# What live.js computes by element.
BY_ELEMENT = set(
    "absolute add arctan bitwise_and bitwise_or clip cos cosh divide equal erf erfc exp expit "
    "expm1 floor greater greater_equal hypot isfinite isinf isnan less less_equal log log10 log1p "
    "log2 logaddexp logical_and logical_not logical_or maximum minimum multiply negative not_equal "
    "power reciprocal rint sign sin sinh sqrt square subtract tan tanh where".split()
)
# What it reduces with, and what that begins from.
REDUCED = {np.add: 0, np.multiply: 1, np.maximum: -np.inf, np.minimum: np.inf}
REDUCED |= {np.logical_and: True, np.logical_or: False}
_VIEWS = {operator.getitem, np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis}
_VIEWS |= {np.squeeze, np.expand_dims, np.broadcast_to, np.flip, copied}
_FILLED = {np.zeros_like: 0, np.ones_like: 1}
_NAMES = {(operator.pow, False): "power"}
_NAMES |= {(np.add, True): "logical_or", (np.invert, True): "logical_not"}


def as_json(program, names):
    """The program as what json.dumps() takes; names are those of its inputs.

    Raises: Untraceable for a line that live.js has nothing for.
    """
    for line in (*program.inputs, *program.constants, *program.lines):
        if line.dtype.kind == "f" and line.dtype != float:
            raise Untraceable(f"JavaScript computes in float64, not in {line.dtype}")
    arrays = {}
    return dict(
        inputs=[f"{_text(a.shape)} {n}" for a, n in zip(program.inputs, names, strict=True)],
        lines=[_as_text(line, arrays) for line in program.lines],
        arrays=arrays,
        guards=[f"{'' if held else 'not '}{line}" for line, held in program.guards.items()],
        outputs=[_word(line, arrays) for line in program.outputs],
    )


def alike(a, b):
    """Are two arrays equal, but for what programs round otherwise?"""
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)


def _as_text(line, arrays):
    name, arguments, *options = _simplified(line)
    words = [_word(a, arrays) for a in arguments]
    return " ".join([name, _text(line.shape), *words, *map(_text, options)])


def _simplified(line):
    """The name of what live.js does for a line, its arguments, and what else it must know."""
    function, (a, *rest), options = line.function, line.arguments, line.options
    if function in {operator.getitem, added_at} and parts(rest[0], Line):
        raise Untraceable("a page without a kernel knows no list of places as an index")
    if function in _VIEWS:
        return "view", [a], _steps(lambda places: function(places, *rest, **options), a.shape)
    if function in _FILLED:
        return "view", [_FILLED[function]], [0] * (1 + len(line.shape))
    if function is added_at:
        index, values = rest
        return "added_at", [a, values], values.shape, _steps(lambda places: places[index], a.shape)
    if function is astype and line.dtype.kind in "fb":
        return ("not_equal", [a, 0]) if line.dtype == bool else ("add", [a, 0])
    if function in (np.stack, np.concatenate) and set([*rest, *options.values()]) <= {0}:
        return "stack", a  # one after the other in memory, in whatever shape
    if line.ufunc in REDUCED and function is not line.ufunc and _begins_as_ever(line):
        return f"{line.ufunc.__name__}.reduce", [a], _axes(a.shape, *rest, **options)
    name = _NAMES.get((function, line.dtype == bool), function.__name__)
    ranks = [len(a.shape) for a in line.arguments if isinstance(a, Line)]
    known = name in BY_ELEMENT or (name == "matmul" and max(ranks) <= 2)
    if known and options.keys() <= {"dtype"}:
        return name, line.arguments
    raise Untraceable(f"a page without a kernel has nothing for {line.code()}")


def _steps(look, shape):
    """Where a view begins in the memory of an array, and its step along each axis."""
    places = look(np.arange(np.prod(shape, dtype=int)).reshape(shape))
    start = int(places.flat[0]) if places.size else 0
    steps = [
        int(places.take(1, axis).flat[0]) - start if n > 1 else 0
        for axis, n in enumerate(places.shape)
    ]
    return [start, *steps]


def _begins_as_ever(line):
    """Whether a reduction takes all elements, and no others."""
    first, options = REDUCED[line.ufunc], line.options
    return "where" not in options and options.get("initial") in (None, first)


def _axes(shape, axis=0, **_):
    """The axes that a reduction is over; whether it keeps them, the shape of the result tells."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else [axis]
    return [i % len(shape) for i in axes]


def _word(a, arrays):
    """What stands in a line for the argument a."""
    if isinstance(a, Line) and (a.function or a.name[0] == "x"):
        return a.name
    value = np.asarray(a.value if isinstance(a, Line) else a)
    if not value.ndim:
        return _number(value.item())
    first = value.ravel()[:1]
    # The last digits of a computed constant depend on the processor.
    numbers = first if (value == first).all() else value.ravel()
    text = " ".join([_text(value.shape), *(_number(float(f"{v:.12g}")) for v in numbers.tolist())])
    known = {text: name for name, text in arrays.items()}
    name = known.get(text, f"c{len(arrays)}")
    arrays[name] = text
    return name


def _number(value):
    """The number as JavaScript reads it."""
    text = repr(float(value)).removesuffix(".0")
    return text.replace("inf", "Infinity").replace("nan", "NaN")


def _text(numbers):
    return json.dumps(numbers, separators=(",", ":"))
