"""The gallery: one explorer over many functions, and what each does to a crowd of inputs."""

import html
from statistics import NormalDist

import ipywidgets as widgets
import numpy as np

from mini_autograd.engine import Tensor
from mini_autograd.explore.arguments import require_function, require_slider
from mini_autograd.explore.controls import ControlPanel, button, choice, make_sliders
from mini_autograd.explore.curve import by_autograd
from mini_autograd.explore.explorer import Explorer
from mini_autograd.explore.picture import LEFT, RIGHT, WIDTH
from mini_autograd.explore.style import FUNCTION, INK, QUIET, TEXT
from mini_autograd.explore.words import fixed, minus

# As many curves can be compared with the present one: colour, style, and how a label shows it.
_PINS = (("#B04A86", "--", "– –"), (QUIET, ":", "····"))
_INPUTS = np.array([NormalDist().inv_cdf((i + 0.5) / 2000) for i in range(2000)])
_RANGE, _BIN, _TALLEST = (-4.0, 6.0), 0.125, 1.0
_BASE, _HEIGHT = 116, 140  # pixels: where the distributions stand, and the height of their panel


class Gallery(widgets.VBox):
    """Explore any function of the catalogue, a dict from its name to (f, sliders).

    Below stands a crowd of inputs, and what the function makes of them. Curves that are pinned stay
    while another function is chosen. Limits given are those of all explorers, so that curves can be
    compared.
    Raises: TypeError or ValueError for an argument that cannot be used, in any entry.
    """

    def __init__(self, catalogue, start=None, *, xlim=(-6, 6), ylim=None, slope_ylim=None):
        _require_entries(catalogue, start)
        self._catalogue, self.pinned = catalogue, {}
        self._limits = dict(xlim=xlim, ylim=ylim, slope_ylim=slope_ylim)
        self._members = {}  # a widget is never forgotten by the page, so each is made once
        first = next(iter(catalogue)) if start is None else start
        self._choice = choice("function", list(catalogue), value=first)
        self._crowd = ControlPanel(
            "gallery",
            make_sliders("gallery", dict(mean=(-3, 3, 0.0), spread=(0.1, 3, 1.0))),
            lambda: self.push_through(self._member),
            reset="Reset inputs",
            max_width="640px",
        )
        self._panel = widgets.HTML()
        self._hall = widgets.VBox()
        top = widgets.Box([self._choice, button("Unpin all", self._unpin)])
        super().__init__([top, self._hall, self._crowd, self._panel])
        self._choice.observe(self._enter, "value")
        self._enter()

    def _enter(self, _=None):
        name = self._choice.value
        if name in self._members:
            self._members[name]._redraw()  # pins and inputs may have changed meanwhile
        else:
            f, sliders = self._catalogue[name]
            self._members[name] = _Member(self, f, name, sliders | self._limits)
        self._member = self._members[name]
        self._hall.children = [self._member]

    def pin(self, lines, text):
        """Keep two lines, of f and of f', in a free place or in that of the oldest."""
        free = [place for place in range(len(_PINS)) if place not in self.pinned]
        place = free[0] if free else next(iter(self.pinned))
        self.pinned.pop(place, None)
        self.pinned[place] = lines, text

    def _unpin(self, _=None):
        self.pinned = {}
        self._member._redraw()

    def push_through(self, member):
        """Draw the inputs and what becomes of them, with their figures."""
        mean, spread = self._crowd.values.values()
        x = mean + spread * _INPUTS
        said = f"Inputs: mean {mean:z.2f}, standard deviation {spread:.2f}."
        try:
            with np.errstate(all="ignore"):
                y, slope = by_autograd(member._with(member.values, member._f), x, Tensor)
                average, deviation = fixed(y.mean(), 2), fixed(y.std(), 2)
            dead = f"for {np.mean(np.abs(slope) < 0.01):.0%} of them the slope is below 0.01"
            found = f"mean {average}, standard deviation {deviation}; {dead}"
            if lost := np.count_nonzero(~np.isfinite(y)):
                found = f"{lost} of {len(y)} are not finite"
            said += f" Outputs: {found}."
        except Exception:
            y = x[:0]
        self.said = minus(said)
        self._panel.value = _drawn(x, y, self.said)

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, for a reader without a kernel, a picture and two sentences."""
        bundle, sizes = self._member._repr_mimebundle_()
        text = f"{bundle['text/plain']}\n{self.said}"
        return bundle | super()._repr_mimebundle_(**kwargs) | {"text/plain": text}, sizes


class _Member(Explorer):
    """An explorer whose pinned curves are kept by the gallery."""

    _who, _always_pins = "gallery", True  # another function may be chosen

    def __init__(self, hall, f, name, settings):
        self._hall = hall
        super().__init__(f, name=name, **settings)

    def _pin_curve(self, change):
        if change["new"]:
            lines = self._curves(self._examine(self.values))[:2]
            self._hall.pin(lines, ", ".join(filter(None, (self._name, self._settings()))))
            self._pin.value = False  # it is a button here, which may be pressed again
            self._redraw()

    def _redraw(self):
        self._pinned = []
        for i, (lines, text) in self._hall.pinned.items():
            color, style, mark = _PINS[i]
            at = dict(dx=-8, dy=-10 - 20 * i)
            self._pinned += self._faded(lines, color, style, f"{mark} {text}", **at)
        super()._redraw()
        self._hall.push_through(self)


def _require_entries(catalogue, start):
    """Refuse a catalogue of which an entry could not be shown when it is chosen."""
    form = "from the name of each function to (function, {parameter: (min, max, start)})"
    if not (isinstance(catalogue, dict) and catalogue):
        raise TypeError(f"gallery: a dict is needed, {form}, not {catalogue!r}")
    for name, entry in catalogue.items():
        who = f"gallery: {name!r}"
        match entry:
            case [f, dict(sliders)]:
                require_function(who, f, Explorer.__init__.__kwdefaults__, inputs=1)
                for key, given in sliders.items():
                    require_slider(who, key, given)
            case _:
                raise TypeError(f"{who}: the catalogue is a dict {form}, not to {entry!r}")
    if start is not None and start not in catalogue:
        raise ValueError(f"gallery: start={start!r} is none of {', '.join(map(str, catalogue))}")


def _drawn(x, y, text):
    """The densities of inputs (a dashed line) and of outputs (a histogram), as SVG."""
    edges = np.arange(_RANGE[0], _RANGE[1] + _BIN / 2, _BIN)
    across = LEFT + (edges - _RANGE[0]) * (RIGHT - LEFT) / (_RANGE[1] - _RANGE[0])
    before, after = (_heights(values, edges) for values in (x, y))
    bars = _joined(np.repeat(across, 2), np.concatenate([[_BASE], np.repeat(after, 2), [_BASE]]))
    curve = _joined((across[1:] + across[:-1]) / 2, before)
    ticks = "".join(
        f'<text x="{at:.1f}" y="{_BASE + 18}" text-anchor="middle">{minus(f"{edge:.0f}")}</text>'
        for at, edge in zip(across, edges, strict=True)
        if edge % 2 == 0
    )
    return (
        f'<div style="max-width:{WIDTH}px;{TEXT};line-height:1.4">'
        f'<svg role="img" aria-label="{html.escape(text)}" viewBox="0 0 {WIDTH} {_HEIGHT}" '
        f'fill="{INK}" style="display:block;width:100%;{TEXT}">'
        f'<path d="{bars}" fill="{FUNCTION}" fill-opacity=".35" stroke="{FUNCTION}"/>'
        f'<path d="{curve}" fill="none" stroke="{QUIET}" stroke-width="2" stroke-dasharray="6 5"/>'
        f'<path d="M{LEFT} {_BASE}H{RIGHT}" stroke="{QUIET}"/>{ticks}'
        f'<text x="{LEFT}" y="14">dashed: inputs, filled: outputs f(x)</text></svg>'
        f'<div role="status">{html.escape(text)}</div></div>'
    )


def _heights(values, edges):
    """Where the tops of the bars stand, in pixels; a bar that is too tall is cut off."""
    counts, _ = np.histogram(values, edges)
    density = counts / max(len(values), 1) / _BIN
    return _BASE - np.minimum(density / _TALLEST, 1) * (_BASE - 24)


def _joined(x, y):
    """The d attribute of a line through these pixels."""
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


gallery = Gallery  # called as explore is
