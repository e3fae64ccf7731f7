"""What a picture is made of: marks in panels, and a sentence about what is seen.

All of it is plain data: what is an array may change with the sliders, all else stays. A value that
is nan hides its point, and ends a piece of a curve.
"""

import re
from string import Formatter

import numpy as np

from mini_autograd.engine import Tensor
from mini_autograd.explore.arguments import (
    in_short,
    require,
    require_axis,
    require_log_slider,
)
from mini_autograd.explore.style import AGREEMENT, DERIVATIVE, FUNCTION, INK, QUIET
from mini_autograd.numpy_functions import Arraylike
from mini_autograd.trees import parts, tensor_around

COLORS = dict(function=FUNCTION, derivative=DERIVATIVE, quiet=QUIET, agreement=AGREEMENT, ink=INK)
STYLES = ("solid", "dashed", "dotted")
FORMAT = re.compile(r"\.1?\d[ef]|d|[^|]*(\|[^|]*)+")
MOST = 50_000  # numbers in a mark: more take a page seconds, and a notebook megabytes
Array = np.ndarray | np.generic  # a stand-in says that it is one of these

# Marks.


def curve(x, y, name=None, *, color="function", style="solid", width=2.8):
    """A line through the points (x, y)."""
    look = dict(color=_one_of("curve", color=color), style=_one_of("curve", STYLES, style=style))
    width = _positive("curve", width=width)
    return dict(mark="curve", arrays=_pairs("curve", x, y), name=_words(name), width=width, **look)


def points(x, y, name=None, *, color="function", size=6):
    """Dots at (x, y), of that radius in pixels."""
    look = dict(color=_one_of("points", color=color), size=_positive("points", size=size))
    return dict(mark="points", arrays=_pairs("points", x, y), name=_words(name), **look)


def bars(heights, names=None, *, color="function", digits=None):
    """A bar for each height, at 0, 1, 2, ... along x, with its name below it.

    With digits, its height stands at each bar, rounded to so many decimals.
    """
    heights = _array("bars", "heights", heights, 1)
    names = names and [_words(name) for name in _listed("bars", "names", names, heights.shape[0])]
    look = dict(color=_one_of("bars", color=color), digits=_count("bars", digits))
    return dict(mark="bars", arrays=[heights], names=names, **look)


def cells(matrix, rows=None, columns=None, *, limits=(-1, 1), lit=None, digits=2):
    """A square for each element of a matrix, row 0 on top; blue above 0, orange below.

    Colours are strongest at the limits; between two positive ones all are blue. Where there is
    room a number stands in each, rounded to so many digits. rows and columns are names. lit is a
    matrix that is true where a cell is framed. In a panel with xlim and ylim the cells fill it,
    and row 0 is at ylim[0].
    """
    matrix = _array("cells", "matrix", matrix, 2)
    if not matrix.size:
        raise ValueError(f"cells: matrix has shape {matrix.shape}, but needs a row and a column")
    rows = rows and _listed("cells", "rows", rows, matrix.shape[0])
    columns = columns and _listed("cells", "columns", columns, matrix.shape[1])
    arrays = [matrix] if lit is None else [matrix, _array("cells", "lit", lit, 2)]
    if arrays[-1].shape != matrix.shape:
        raise ValueError(f"cells: lit has shape {arrays[-1].shape}, but matrix {matrix.shape}")
    look = dict(limits=require_axis("cells", "limits", limits), digits=_count("cells", digits))
    return dict(mark="cells", arrays=arrays, shape=matrix.shape, rows=rows, columns=columns, **look)


# What they stand in.


def panel(
    *marks, xlim=None, ylim=None, title=None, xlabel=None, ylabel=None, pointer=None, height=None
):
    """Axes with marks in them, the first one lowest.

    pointer="w" names the slider that follows a pointer along x; ("w", "b") those along x and y.
    height is that of the axes, in pixels.
    """
    for one in marks:
        if not (isinstance(one, dict) and "mark" in one):
            raise TypeError(
                f"panel: curve(), points(), bars() or cells() is needed, not {in_short(one)}"
            )
    xlim, ylim, usual = _axes(marks, xlim, ylim)
    height = _positive("panel", height=height or usual)
    pointer = [pointer, None] if isinstance(pointer, str | None) else list(pointer)
    names = dict(xlabel=xlabel, ylabel=ylabel)
    for name, given in names.items():
        if not isinstance(given, str | None):
            raise TypeError(f"panel: {name} must be a text, not {in_short(given)}")
    names["title"] = _words(title)
    return dict(panel=list(marks), xlim=xlim, ylim=ylim, height=height, pointer=pointer, **names)


def _axes(marks, xlim, ylim):
    """The limits of the axes, and the usual height of a panel with these marks."""
    grids = [one["shape"] for one in marks if one["mark"] == "cells"]
    rows = [one["arrays"][0].shape[0] for one in marks if one["mark"] == "bars"]
    if grids and xlim is ylim is None:
        height, width = grids[0]
        return [-0.5, width - 0.5], [height - 0.5, -0.5], min(34 * height, 320)
    if rows and xlim is None:
        xlim = (-0.5, max(rows[0], 1) - 0.5)
    limits = [list(require_axis("panel", name, g)) for name, g in (("xlim", xlim), ("ylim", ylim))]
    return *limits, 200


def say(template, *values):
    """A sentence with numbers in it: say("slope {:.2f}", slope). It may be a mark's name, too.

    A format is {:.2f} with so many decimals, {:.1e} with a power of ten, {:d} as a whole number,
    or {:dead|alive}, the first word for 0 or False, the next one for 1 or True, and so on.
    """
    words, forms = [""], []
    try:
        parsed = [*Formatter().parse(template)]
    except (TypeError, ValueError) as error:
        reason = f"{error}; a brace that is text is doubled, as in {{{{"
        raise ValueError(f"say: {in_short(template)} is no sentence: {reason}") from None
    for text, field, form, _ in parsed:
        words[-1] += text
        if field is not None:
            if field or not FORMAT.fullmatch(form):
                usual = "{:.2f}, {:.1e}, {:d} or {:no|yes}"
                raise ValueError(f"say: {{{field}:{form}}} in {template!r}, but use {usual}")
            forms.append(form)
            words.append("")
    if len(forms) != len(values):
        raise ValueError(f"say: {len(values)} values for the {len(forms)} braces of {template!r}")
    return dict(words=words, forms=forms, arrays=[_array("say", "a value", v, 0) for v in values])


def logarithmic(low, high, start):
    """A slider that moves by powers of ten, as draw(f, h=logarithmic(1e-9, 1, 0.1)) has one."""
    given = low, high, start
    return dict(logarithmic=require_log_slider("logarithmic", "(min, max, start)", given))


def painted(rows, columns, start=None):
    """A sheet of cells that a reader paints: a matrix of ones where there is ink, else zeros.

    draw(f, sheet=painted(8, 8)) hands it to f. start is the matrix that is there at first.
    """
    form = "whole numbers from 1 to 100 are needed"
    require(
        "painted", "(rows, columns)", (rows, columns), form, lambda *n: {*n} <= {*range(1, 101)}
    )
    start = np.zeros((rows, columns)) if start is None else np.asarray(start, float)
    if start.shape != (rows, columns) or not np.isin(start, (0, 1)).all():
        form = f"a matrix of {rows} rows and {columns} columns, of zeros and ones"
        raise ValueError(f"painted: start must be {form}, not {start.tolist()}")
    return dict(painted=start.tolist())


def as_tensor(value, requires_grad=False):
    """A tensor of what a function under sliders computes with; tensor() wants known numbers."""
    value = value if isinstance(value, Array) else np.array(value, float)
    return tensor_around(value, Tensor, requires_grad)


# What may be given.


def _array(who, name, given, ndim):
    """given as an array of so many axes; what stands for an array stays that."""
    if hasattr(given, "detach"):
        given = given.detach().numpy()
    if parts(given, Arraylike) and not isinstance(given, Arraylike):
        given = np.stack([_array(who, name, one, ndim - 1) for one in given])
    elif not isinstance(given, Array):
        given = np.asarray(given)
    if issubclass(type(given), np.generic):  # no stand-in, though it says that it is one
        given = np.array(given)  # what a program returns is an array
    if given.dtype.kind not in "fiub":
        raise TypeError(f"{who}: {name} must be real numbers, not {given.dtype}")
    if given.size > MOST:
        wanted = f"a picture shows at most {MOST:,}: leave some out, as in a[::10]"
        raise ValueError(f"{who}: {name} holds {given.size:,} numbers, but {wanted}")
    if given.ndim != ndim and given.size != 1:
        form = ("one number", "a row of numbers", "a matrix")[ndim]
        raise ValueError(f"{who}: {name} must be {form}, but has shape {given.shape}")
    return given if given.ndim == ndim else given.reshape((1,) * ndim)


def _pairs(who, x, y):
    """Two rows of equal length; a single number counts as many."""
    x, y = _array(who, "x", x, 1), _array(who, "y", y, 1)
    if x.shape != y.shape and 1 not in (x.size, y.size):
        raise ValueError(f"{who}: x has shape {x.shape}, but y has {y.shape}")
    shape = max(x.shape, y.shape)
    return [a if a.shape == shape else np.broadcast_to(a, shape) for a in (x, y)]


def _words(name):
    """A name as what say() makes."""
    if name is None or (isinstance(name, dict) and "forms" in name):
        return name
    return dict(words=[str(name)], forms=[], arrays=[])


def _one_of(who, options=tuple(COLORS), **given):
    ((name, value),) = given.items()
    if value not in options:
        raise ValueError(f"{who}: {name}={value!r}, but use {', '.join(options)}")
    return value


def _positive(who, **given):
    ((name, value),) = given.items()
    form = "a number of pixels is needed, above 0 and at most 2000"
    return require(who, name, value, form, lambda v: 0 < v <= 2000)[0]


def _count(who, digits):
    if digits is None:
        return None
    if digits not in range(16):
        raise ValueError(f"{who}: digits={digits!r}, but use a whole number from 0 to 15, or None")
    return int(digits)


def _listed(who, name, given, length):
    if not isinstance(given, list | tuple) or len(given) != length:
        raise ValueError(f"{who}: {name}={given!r}, but a list of {length} names is needed")
    return list(given) if who == "bars" else [str(one) for one in given]
