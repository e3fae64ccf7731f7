"""A function that is explored: its sliders and axes, its curve, and all this as a spec."""

import itertools
import math
import textwrap
from functools import partial

import numpy as np

from mini_autograd.engine import Tensor as _Tensor
from mini_autograd.explore import marks
from mini_autograd.explore.arguments import (
    require,
    require_axis,
    require_function,
    require_presets,
)
from mini_autograd.explore.curve import (
    JUMP,
    KINK,
    SMOOTH,
    by_autograd,
    by_formula,
    examine,
    only_values,
)
from mini_autograd.explore.picture import WIDTH, with_picture
from mini_autograd.explore.printed import printed
from mini_autograd.explore.program import alike, as_json
from mini_autograd.explore.sliders import can_be, log_slider_spec, slider_spec, written
from mini_autograd.explore.words import explained, fixed, minus
from mini_autograd.trace import take_scalars_for_numbers, trace
from mini_autograd.trees import tensor_around

POINTS = 481  # of a curve
FIELDS = "y slope central left right kind error drawn".split()  # of a Curve, as live.js has them
IN_A_PAGE = "Open this page in JupyterLab or in the web edition"


class Explored:
    """Explore f: its curve above that of f', a cursor with the tangent, a slider a parameter.

    f(x, **parameters) is element-wise, on Tensors. A slider is (min, max, start), or with its step
    as a fourth. With derivative, that and f are plain NumPy functions of the same arguments.
    presets names values of sliders; a parameter that is left out goes back to its start. h = (min,
    max, start) gives the central difference's step a slider. Axes not given hold f and f' at the
    start and with any one slider at either end. What f does wrong is said below the picture.
    Raises: TypeError or ValueError for an argument that cannot be used.
    """

    who, moves = "explore", "move"

    def __init__(
        self,
        f,
        /,  # so that parameters of the explored function may be called f and self
        *,
        xlim=(-6, 6),
        ylim=None,
        slope_ylim=None,
        cursor=1.0,
        presets=None,
        derivative=None,
        h=None,
        name=None,
        Tensor=_Tensor,
        **sliders,
    ):
        for function in (f, derivative or f):
            require_function(self.who, function, Explored.__init__.__kwdefaults__, inputs=1)
        self.f, self._derivative, self.Tensor = f, derivative, Tensor
        self.name = name or getattr(f, "__name__", "f").replace("<lambda>", "f")
        self.by = "formula" if derivative else "autograd"
        self.xlim = require_axis(self.who, "xlim", xlim)
        self.grid = _grid(*self.xlim)
        self.parameters = {key: slider_spec(self.who, key, one) for key, one in sliders.items()}
        self.sliders = self.parameters | {"cursor": _cursor(self.who, self.xlim, cursor)}
        if h is not None:
            self.sliders["h"] = log_slider_spec(self.who, "h", h, "step (h)")
        self.start = {key: one["start"] for key, one in self.sliders.items()}
        rest = {key: self.start[key] for key in self.parameters}
        presets = require_presets(self.who, presets or {}, self.sliders, can_be)
        self.presets = {name: rest | to for name, to in presets.items()}
        self.ylims = self._limits(ylim=ylim, slope_ylim=slope_ylim)

    # What is computed.

    def _with(self, values, function):
        """The function of x alone that has these values as its parameters."""
        return partial(function, **{key: values[key] for key in self.parameters})

    def values_and_slopes(self, x, values, make):
        """f and f' at x for these values of the sliders; make is what makes a tensor."""
        f = self._with(values, self.f)
        if self._derivative:
            return by_formula(f, self._with(values, self._derivative), x)
        return by_autograd(f, x, make)

    def curve(self, x, values, make):
        """The Curve at x."""
        f = self._with(values, self.f)
        y, slope = self.values_and_slopes(x, values, make)
        plain = f if self._derivative else lambda x: f(make(x)).numpy()
        curve = examine(plain, x, y, slope)
        if "h" in values:
            h = values["h"]
            curve.drawn = (plain(x + h) - plain(x - h)) / (2 * h)
        return curve

    def examine(self, values):
        """The Curve at these values of the sliders; its last point is the cursor."""
        x = self._points(values)
        with np.errstate(all="ignore"):
            try:
                return self.curve(x, values, self.Tensor)
            except Exception as error:
                problem = explained(error)
            try:
                f = self._with(values, self.f)
                y = np.asarray(f(x) if self._derivative else f(self.Tensor(x)).numpy())
                y = np.broadcast_to(y.astype(float, casting="same_kind"), x.shape)
            except Exception:
                y = np.full(x.shape, np.nan)
            return only_values(x, y, problem)

    def answer(self, values):
        """The same as a page is told it."""
        curve = self.examine(values)
        return {field: getattr(curve, field) for field in FIELDS} | {"problem": curve.problem}

    def _ends(self):
        """The start, and it with any one parameter at either end."""
        ends = [{k: one[end]} for k, one in self.parameters.items() for end in ("min", "max")]
        return [self.start | change for change in ({}, *ends)]

    def _limits(self, **given):
        """The limits of the axes; None stands for what holds f, or f', at all ends of sliders."""
        curves = [self.examine(values) for values in self._ends()]
        slopes = [(curve.slope, curve.central[curve.kind == SMOOTH]) for curve in curves]
        held = _padded([curve.y for curve in curves]), _padded(itertools.chain(*slopes))
        return tuple(
            found if limits is None else require_axis(self.who, name, limits)
            for (name, limits), found in zip(given.items(), held, strict=True)
        )

    # What live.js has of it.

    def spec(self):
        """The axes, the sliders and, if f can be followed, the program of f and of its check."""
        return dict(
            name=self.name,
            by=self.by,
            points=POINTS,
            xlim=list(self.xlim),
            ylims=[[float(f"{end:.6g}") for end in ylim] for ylim in self.ylims],
            # In lists, as a notebook's file sorts the keys of what it stores.
            sliders=list(self.sliders.values()),
            presets=[dict(name=name, to=to) for name, to in self.presets.items()],
            **self._if_followed(),
        )

    def _if_followed(self):
        """The programs; nothing where only a kernel can compute what is to be seen."""
        try:
            with np.errstate(all="ignore"):
                return self._programs()
        except Exception:  # whatever a reader's function does when it is followed
            return {}

    def _programs(self):
        return dict(program=self._followed(self._fields, self._points))

    def _points(self, values):
        return np.append(self.grid, values["cursor"])

    def _fields(self, x, values, make):
        curve = self.curve(x, values, make)
        return [getattr(curve, field) for field in FIELDS]

    def _followed(self, f, points):
        """The program of f(points, values, make), which returns some arrays, as JSON.

        It is run for the values at the start, at the ends of the sliders and of the presets, and
        must give what the engine gives.
        """
        keys = [key for key in self.sliders if key != "cursor"]
        make = partial(tensor_around, kind=self.Tensor)

        def from_numbers(x, *numbers):
            take_scalars_for_numbers()
            return f(x, dict(zip(keys, numbers, strict=True)), make)

        def inputs(values):
            return points(values), *(np.array(float(values[key])) for key in keys)

        program = trace(from_numbers, *inputs(self.start))
        for values in (*self._ends(), *(self.start | to for to in self.presets.values())):
            if not _same(self._tried(f, points(values), values), program.run(*inputs(values))):
                raise ValueError(f"the program is not f for {values}")
        return as_json(program, ["x", *keys])

    def _tried(self, f, x, values):
        """What f returns; None where it fails."""
        try:
            return f(x, values, self.Tensor)
        except Exception:
            return None

    # What a reader sees where nothing can be moved.

    def sentence(self, curve):
        """What the picture shows at the start, for those who do not see it."""
        settings = f" for {self._settings()}" if self.parameters else ""
        return f"{self.name} and its derivative{settings}. {self._found(curve)}"

    def _found(self, curve):
        at = f"At x = {self._written('cursor')}, f(x) = {fixed(curve.y[-1], 4)}"
        found = f"{at} and f'(x) = {fixed(curve.slope[-1], 4)} by {self.by}."
        return curve.problem or found

    def _settings(self):
        """The parameters as text."""
        return ", ".join(f"{key} = {self._written(key)}" for key in self.parameters)

    def _written(self, key):
        return written(self.sliders[key], self.start[key])

    def still(self, alone, code=""):
        """A picture and a sentence. A caption says how it moves: alone, or only by a kernel."""
        curve = self.examine(self.start)
        said, where = self.sentence(curve), IN_A_PAGE if alone else "Run this cell in JupyterLab"
        bounds = [f"{key} ({s['min']:g} to {s['max']:g})" for key, s in self.parameters.items()]
        moved = minus(f"{where} to {self.moves} {', '.join(['x', *bounds])}.")
        lines = [*self._found(curve).splitlines(), moved]
        caption = "\n".join(textwrap.fill(line, 84) for line in lines)
        return with_picture({}, printed([*self._panels(curve)], caption, code), WIDTH, said)

    def _panels(self, curve):
        """What live.js shows, as marks: f and its tangent, and below them the derivative."""
        x, kind, slope = curve.x, curve.kind, curve.slope
        slope_there = np.nan if kind[-1] == JUMP else slope[-1]
        central = np.where(kind >= KINK, np.nan, curve.drawn)
        settings = ", ".join(filter(None, ["x", self._settings()]))
        f = [
            marks.curve(x[:-1], curve.y[:-1], "f(x)"),
            *_tangents(curve, np.ptp(self.xlim) / 6),
            marks.points(x[-1], curve.y[-1]),
        ]
        derivative = [
            marks.curve(x[:-1], slope[:-1], color="derivative"),
            marks.curve(x[:-1], central[:-1], color="ink", style="dotted", width=1.8),
            marks.points(x[-1], slope_there, color="derivative"),
        ]
        above = f"{self.name}({settings})", f, 210
        below = f"f′(x) by {self.by}, dotted by central difference", derivative, 110
        for (title, shown, height), ylim in zip((above, below), self.ylims, strict=True):
            cursor = marks.curve(x[[-1, -1]], ylim, color="quiet", style="dashed", width=1.6)
            axes = dict(xlim=self.xlim, ylim=ylim, xlabel="x", height=height)
            yield [marks.panel(cursor, *shown, title=title, **axes)]


def _tangents(curve, reach):
    """The tangent at the cursor, so far to both sides; dashed, with a slope of its own on each."""
    x, y, slope, kind = (values[-1] for values in (curve.x, curve.y, curve.slope, curve.kind))

    def piece(slope, start, end, name=None, style="dashed"):
        run = reach * np.array([start, end])
        look = dict(color="derivative", style=style, width=2)
        return marks.curve(x + run, y + slope * run, name, **look)

    if kind == KINK:
        yield piece(curve.left[-1], -1, 0)
        yield piece(curve.right[-1], 0, 1)
    if kind != JUMP and np.isfinite(y + slope):
        yield piece(slope, -1, 1, f"tangent, slope {fixed(slope, 2)}", "solid")


def _grid(low, high):
    """The points of the curve, without the last bits by which 0.1 + 0.2 exceeds 0.3."""
    decimals = min(13 - math.floor(math.log10(high - low)), 300)
    return np.round(np.linspace(low, high, POINTS), decimals)


def _cursor(who, xlim, start):
    form = f"the cursor starts within xlim={xlim}"
    require(who, "cursor", start, form, lambda x: xlim[0] <= x <= xlim[1])
    return slider_spec(who, "cursor", (*xlim, start), "cursor (x)")


def _padded(values):
    """The range of all finite values, 0 among them, with a margin."""
    values = np.concatenate([[0.0], *values])
    values = np.clip(values[np.isfinite(values)], -1e300, 1e300)  # the range must be finite, too
    low, high = values.min(), values.max()
    margin = 0.08 * (high - low) if high - low > 1e-300 else 1.0
    return low - margin, high + margin


def _same(arrays, found):
    """Whether a program has found these arrays, and nothing where there are none.

    The slopes by differences magnify rounding errors; of them and of how far they err only the
    kinds are compared, and where there is an error.
    """
    if arrays is None or not found:
        return arrays is None and not found
    pairs = dict(zip(FIELDS, zip(arrays, found, strict=True), strict=False))
    return (
        all(alike(*pairs[field]) for field in ("y", "slope"))
        and np.array_equal(*pairs.get("kind", ((), ())))
        and np.array_equal(*(np.asarray(one) > 0 for one in pairs.get("error", ((), ()))))
    )
