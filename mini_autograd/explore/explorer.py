"""The explorer: f and f' under sliders, and at every move the derivative checked by differences."""

import html
import itertools
import math
from functools import partial

import ipywidgets as widgets
import numpy as np

from mini_autograd.engine import Tensor as _Tensor
from mini_autograd.explore.arguments import require, require_axis, require_function
from mini_autograd.explore.controls import (
    BUTTON,
    ControlPanel,
    layout,
    log_slider,
    make_sliders,
    slider,
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
from mini_autograd.explore.explorer_spec import POINTS, explorer_spec
from mini_autograd.explore.picture import (
    LEFT,
    RIGHT,
    WIDTH,
    Dot,
    Label,
    Line,
    Picture,
    with_picture,
)
from mini_autograd.explore.style import AGREEMENT, DERIVATIVE, FUNCTION, INK, QUIET, TEXT
from mini_autograd.explore.words import (
    by_difference,
    difference,
    explained,
    fixed,
    minus,
    number,
    verdict,
)

_TANGENT = 90  # pixels to either side of the cursor


class Explorer(widgets.Box):
    """Explore f: its curve above that of f', a cursor with the tangent, a slider a parameter.

    f(x, **parameters) is element-wise, on Tensors. A slider is (min, max, start), or with its step
    as a fourth. With derivative, that and f are plain NumPy functions of the same arguments.
    presets names values of sliders; a parameter that is left out goes back to its start. h = (min,
    max, start) gives the central difference's step a slider. Axes not given hold f and f' at the
    start and with any one slider at either end. What f does wrong is said below the picture.
    Raises: TypeError or ValueError for an argument that cannot be used.
    """

    # Without parameters there is but one curve, and it would hide one that is pinned.
    _who, _always_pins = "explore", False

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
            require_function(self._who, function, Explorer.__init__.__kwdefaults__, inputs=1)
        self._f, self._derivative, self._Tensor = f, derivative, Tensor
        self._name = name or getattr(f, "__name__", "f").replace("<lambda>", "f")
        self._by = "formula" if derivative else "autograd"
        self._grid = _grid(*(xlim := require_axis(self._who, "xlim", xlim)))
        self._parameters = make_sliders(self._who, sliders)
        self._sliders = self._parameters | {"cursor": _cursor(self._who, xlim, cursor)}
        if h is not None:
            self._sliders["h"] = log_slider(self._who, "h", h, "step (h)")
        self._pin, self._pinned = widgets.ToggleButton(description="Pin curve", layout=BUTTON), []
        self._pin.observe(self._pin_curve, "value")
        pins = [self._pin] if sliders or self._always_pins else []
        look = dict(rest=self._parameters, buttons=pins, flex="1 1 300px", max_width="640px")
        self._panel = ControlPanel(self._who, self._sliders, self._redraw, presets, **look)

        legend = [(f"by {self._by}", DERIVATIVE, "-"), ("by central difference", INK, ":")]
        self._picture = Picture(xlim, self._limits(ylim=ylim, slope_ylim=slope_ylim), legend)
        # Side by side where there is room, else the controls on top.
        row = layout("row wrap-reverse", align_items="flex-end", grid_gap="0 16px")
        super().__init__([self._stage(), self._panel], layout=row)
        self._redraw()

    def _stage(self):
        """The picture: a frame that stays, and lying on it what moves."""
        cell = layout(grid_area="1 / 1", margin="0")  # the same for both
        self._overlay = widgets.HTML(layout=cell)
        wide = layout(flex="1 1 560px", max_width="640px", grid_template_columns="minmax(0, 1fr)")
        frame = widgets.HTML(self._picture.frame(), layout=cell)
        return widgets.GridBox([frame, self._overlay], layout=wide)

    @property
    def values(self):
        return self._panel.values

    def _pin_curve(self, change):
        """Leave the curve as it is now behind in grey, or take that away again."""
        self._pinned, self._pin.description = [], "Unpin curve" if change["new"] else "Pin curve"
        if change["new"]:
            lines, text = self._curves(self._examine(self.values)), self._settings() or self._name
            self._pinned = self._faded(lines[:2], QUIET, "--", f"grey: {text}", dy=17)
        self._redraw()

    def _redraw(self):
        curve = self._examine(self.values)
        picture = self._picture.overlay(self._shapes(curve), self._sentence(curve))
        self._overlay.value = picture + self._read_out(curve)

    # What is computed.

    def _with(self, values, function):
        """The function of x alone that has these values as its parameters."""
        return partial(function, **{key: values[key] for key in self._parameters})

    def curve(self, x, values, make):
        """The Curve at x for these values of the sliders; make is what makes a tensor."""
        f = self._with(values, self._f)
        if self._derivative:
            y, slope = by_formula(f, self._with(values, self._derivative), x)
        else:
            y, slope = by_autograd(f, x, make)
        plain = f if self._derivative else lambda x: f(make(x)).numpy()
        curve = examine(plain, x, y, slope)
        if "h" in values:
            h = values["h"]
            curve.drawn = (plain(x + h) - plain(x - h)) / (2 * h)
        return curve

    def _examine(self, values):
        """The Curve at these values of the sliders; its last point is the cursor."""
        x = np.append(self._grid, values["cursor"])
        with np.errstate(all="ignore"):
            try:
                return self.curve(x, values, self._Tensor)
            except Exception as error:
                problem = explained(error)
            try:
                f = self._with(values, self._f)
                y = np.asarray(f(x) if self._derivative else f(self._Tensor(x)).numpy())
                y = np.broadcast_to(y.astype(float, casting="same_kind"), x.shape)
            except Exception:
                y = np.full(x.shape, np.nan)
            return only_values(x, y, problem)

    def _limits(self, **given):
        """The limits of the axes; None stands for what holds f, or f', at all ends of sliders."""
        ends = [{key: end} for key, s in self._parameters.items() for end in (s.min, s.max)]
        curves = [self._examine(self._panel.start | change) for change in ({}, *ends)]
        slopes = [(curve.slope, curve.central[curve.kind == SMOOTH]) for curve in curves]
        held = _padded([curve.y for curve in curves]), _padded(itertools.chain(*slopes))
        return tuple(
            found if limits is None else require_axis(self._who, name, limits)
            for (name, limits), found in zip(given.items(), held, strict=True)
        )

    # What is drawn.

    def _curves(self, curve):
        central = np.where(curve.kind >= KINK, np.nan, curve.drawn)
        return [
            Line(0, self._grid, curve.y[:-1], FUNCTION),
            Line(1, self._grid, curve.slope[:-1], DERIVATIVE),
            Line(1, self._grid, central[:-1], INK, 1.8, ":"),
        ]

    def _faded(self, lines, color, style, text, **at):
        """Lines of a curve of before, with their name at the lower right."""
        corner = self._grid[-1], self._picture.ylims[0][0]
        faded = [Line(*line[:3], color, 2.2, style) for line in lines]
        return [*faded, Label(0, *corner, text, color, anchor="end", **at)]

    def _shapes(self, curve):
        heading = f"{self._name}({', '.join(filter(None, ('x', self._settings())))})"
        corner = self._grid[0], self._picture.ylims[0][1]
        shapes = [*self._pinned, Label(0, *corner, heading, INK, dy=-14)]
        x, y, slope = curve.x[-1], curve.y[-1], curve.slope[-1]
        for panel, ylim in enumerate(self._picture.ylims):
            shapes.append(Line(panel, np.array([x, x]), np.array(ylim), QUIET, 1.6, "--"))
        shapes += self._curves(curve)
        shapes += self._end(0, curve.y, "f(x)", FUNCTION)
        shapes += self._end(1, curve.slope, "f′(x)", DERIVATIVE)
        if curve.kind[-1] == KINK:
            shapes.append(self._tangent(x, y, curve.left[-1], -1, 0))
            shapes.append(self._tangent(x, y, curve.right[-1], 0, 1))
        if curve.kind[-1] != JUMP and np.isfinite(y + slope):
            text = fixed(slope, 2)
            shapes.append(self._tangent(x, y, slope, -1, 1))
            shapes.append(Dot(1, x, slope, DERIVATIVE))
            shapes.append(self._beside(0, x, curve.y, f"slope {text}"))
            shapes.append(self._beside(1, x, curve.slope, text))
        return [*shapes, Dot(0, x, y, FUNCTION)] if np.isfinite(y) else shapes

    def _end(self, panel, values, text, color):
        """The name of a curve, where it ends on the right."""
        finite = values[:-1][np.isfinite(values[:-1])]
        if not len(finite):
            return []
        y = self._inside(panel, finite[-1], 4)
        return [Label(panel, self._grid[-1], y, text, color, dx=8, dy=4)]

    def _tangent(self, x, y, slope, start, end):
        """A piece of the line through (x, y), of one length on the screen; dashed if one-sided."""
        rise = slope * self._picture.scales_y[0] / self._picture.scale_x
        run = np.array([start, end]) * _TANGENT / math.hypot(1, rise) / self._picture.scale_x
        style = "-" if end - start == 2 else "--"
        return Line(0, x + run, y + slope * run, DERIVATIVE, 2, style)

    def _beside(self, panel, x, values, text):
        """A label beside the cursor's point on a curve, on the side that the curve leaves free."""
        before, after = np.interp([x - 0.1, x + 0.1], self._grid, values[:-1])
        across = self._picture.pixels(panel, x, 0.0)[0]
        left = across > LEFT + 110 if after > before else across > RIGHT - 110
        dx, anchor = (-12, "end") if left else (12, "start")
        dy = -10 if left == (after > before) else 22
        y = self._inside(panel, values[-1], dy)
        return Label(panel, x, y, text, DERIVATIVE, dx, dy, anchor)

    def _inside(self, panel, y, dy):
        """y, moved to where a label that stands dy pixels below it stays inside its panel."""
        (low, high), scale = self._picture.ylims[panel], self._picture.scales_y[panel]
        return min(max(y, low + (dy + 4) / scale), high - (14 - dy) / scale)

    # What is said.

    def _settings(self):
        """The parameters as text."""
        return ", ".join(f"{key} = {self._panel.shown(key)}" for key in self._parameters)

    def _sentence(self, curve):
        """What the picture shows, for those who do not see it."""
        settings = f" for {self._settings()}" if self._parameters else ""
        at = f"At x = {self._panel.shown('cursor')}, f(x) = {fixed(curve.y[-1], 4)}"
        found = f"{at} and f'(x) = {fixed(curve.slope[-1], 4)} by {self._by}."
        return f"{self._name} and its derivative{settings}. {curve.problem or found}"

    def _read_out(self, curve):
        """The figures at the cursor, each below the line that stands for it, and the verdict."""
        cells = [
            (3.5, f"solid {QUIET}", "x", self._panel.shown("cursor")),
            (6, f"solid {FUNCTION}", "f(x)", number(curve.y[-1])),
            (9, f"solid {DERIVATIVE}", f"f′(x) by {self._by}", number(curve.slope[-1])),
            (12, "dotted", "by central difference", by_difference(curve, -1)),
            (6, f"solid {QUIET}", "difference", difference(curve, -1)),
        ]
        row = "".join(_CELL.format(*cell) for cell in cells if not curve.problem)
        color, sign = (AGREEMENT, "✓") if curve.agrees else (DERIVATIVE, "✗")
        said = html.escape(verdict(curve, self._by, self.values.get("h")))
        head, _, tail = said.partition(":")
        return (
            f'<div role="status" style="max-width:640px;padding-bottom:8px;{TEXT};line-height:1.4">'
            f'<div style="display:flex;flex-wrap:wrap;gap:6px 12px">{row}</div>'
            f'<div style="margin-top:10px;padding-left:8px;border-left:4px solid {color};'
            f'min-height:2.8em">{sign} <b>{head}:</b>{tail}</div></div>'
        )

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, where there is no kernel, a spec, a picture and a sentence."""
        curve = self._examine(self.values)
        sentence = self._sentence(curve)
        bounds = [f"{key} ({s.min:g} to {s.max:g})" for key, s in self._parameters.items()]
        moves = minus(", ".join(["x", *bounds]))
        caption = f"{sentence.partition('. ')[2]}\nRun this cell to move {moves}."
        picture = self._picture.png(self._shapes(curve), caption)
        bundle = super()._repr_mimebundle_(**kwargs) | explorer_spec(self)
        return with_picture(bundle, picture, WIDTH, sentence)


_CELL = (
    '<div style="min-width:{}em;border-top:3px {};padding-top:2px">'
    '<div style="opacity:.8">{}</div><b>{}</b></div>'
)


def _grid(low, high):
    """The points of the curve, without the last bits by which 0.1 + 0.2 exceeds 0.3."""
    decimals = min(13 - math.floor(math.log10(high - low)), 300)
    return np.round(np.linspace(low, high, POINTS), decimals)


def _cursor(who, xlim, start):
    form = f"the cursor starts within xlim={xlim}"
    require(who, "cursor", start, form, lambda x: xlim[0] <= x <= xlim[1])
    return slider(who, "cursor", (*xlim, start), "cursor (x)")


def _padded(values):
    """The range of all finite values, 0 among them, with a margin."""
    values = np.concatenate([[0.0], *values])
    values = np.clip(values[np.isfinite(values)], -1e300, 1e300)  # the range must be finite, too
    low, high = values.min(), values.max()
    margin = 0.08 * (high - low) if high - low > 1e-300 else 1.0
    return low - margin, high + margin


explore = Explorer  # a verb where it is called
