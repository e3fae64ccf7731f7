"""Figures as files: the explorer as it is printed, small PNGs."""

import base64
import io
import math

import numpy as np
from matplotlib import patheffects
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.style import context
from PIL import Image

from mini_autograd.explore.curve import JUMP, KINK
from mini_autograd.explore.style import DERIVATIVE, FUNCTION, QUIET, SCREEN
from mini_autograd.explore.words import fixed

WIDTH, HEIGHT = 640, 424  # in pixels, without the caption below
_LEFT, _RIGHT = 50, 566
_PANELS = ((34, 244), (292, 394))  # top and bottom of the panel of f, and of that of f'
_TANGENT = 90  # pixels to either side of the cursor
_HALO = [patheffects.withStroke(linewidth=3.5, foreground="white")]
PLAIN = dict(parse_math=False)  # a $ in a name or a message is a $, and begins no formula
_DASHES = {"-": (), "--": (6, 5), ":": (0.1, 4.2)}


def printed_curve(curve, axes, heading, caption):
    """What live.js shows at the start, as the bytes of a PNG, on white, above a caption."""
    below = 16 + 18 * len(caption.splitlines())
    with context(SCREEN), np.errstate(all="ignore"):  # a curve may leave for infinity
        figure, (upper, lower) = _figure(axes, below)
        upper.text(0, 1.05, heading, transform=upper.transAxes, weight="bold", **PLAIN)
        central = np.where(curve.kind >= KINK, np.nan, curve.drawn)
        for ax in upper, lower:
            ax.axvline(curve.x[-1], **_look(QUIET, 1.6, "--"))
        _line(upper, curve.x, curve.y, **_look(FUNCTION))
        _line(lower, curve.x, curve.slope, **_look(DERIVATIVE))
        _line(lower, curve.x, central, **_look("black", 1.8, ":"))
        _end(upper, curve.x, curve.y, "f(x)", FUNCTION)
        _end(lower, curve.x, curve.slope, "f′(x)", DERIVATIVE)
        _cursor(upper, lower, curve)
        figure.text(_LEFT / WIDTH, 12 / (HEIGHT + below), caption, linespacing=1.4, **PLAIN)
        return small_png(figure)


def _figure(axes, below):
    """The two panels over the same x, above so many pixels for the caption."""
    height = HEIGHT + below
    figure, panels = Figure(figsize=(WIDTH / 72, height / 72), dpi=130, layout="none"), []
    for (top, bottom), ylim in zip(_PANELS, axes.ylims, strict=True):
        box = _LEFT / WIDTH, 1 - bottom / height, (_RIGHT - _LEFT) / WIDTH, (bottom - top) / height
        panels.append(figure.add_axes(box, xlim=axes.xlim, ylim=ylim))
        panels[-1].axhline(0, color=QUIET, lw=1, ls="-")
        panels[-1].axvline(0, color=QUIET, lw=1, ls="-")
        panels[-1].tick_params(length=0, pad=6)
    panels[0].tick_params(labelbottom=False)
    panels[1].locator_params(axis="y", nbins=4)
    panels[1].text(1.04, -0.06, "x", transform=panels[1].transAxes, va="top")
    panels[1].plot([], [], label=f"by {axes.by}", **_look(DERIVATIVE))
    panels[1].plot([], [], label="by central difference", **_look("black", 2.8, ":"))
    panels[1].legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, borderaxespad=0.2)
    return figure, panels


def _look(color, width=2.8, style="-"):
    """A line's look in matplotlib's terms, with dashes counted in widths."""
    dashes = [length / width for length in _DASHES[style]]
    return dict(color=color, lw=width, ls=(0, dashes) if dashes else "-", dash_capstyle="round")


def _line(ax, x, y, **look):
    """A curve without its last point, the cursor; a jump has no steep part to draw."""
    x, y = x[:-1], y[:-1]
    pixels = ax.transData.transform(np.column_stack([x, y]))[:, 1]
    ax.plot(x, np.where(leaps(pixels), np.nan, y), **look)


def leaps(y):
    """Where a line through these pixels leaps between neighbours that hardly move."""
    begins, steps = np.zeros(len(y), bool), np.abs(y[1:] - y[:-1])
    begins[2:-1] = steps[1:-1] > 10 * (steps[:-2] + steps[2:]) + 4
    return begins


def _cursor(upper, lower, curve):
    """The points at the cursor and their labels, and the tangent; at a kink one to each side."""
    x, y, slope, kind = (values[-1] for values in (curve.x, curve.y, curve.slope, curve.kind))
    if kind == KINK:
        _tangent(upper, x, y, curve.left[-1], -1, 0)
        _tangent(upper, x, y, curve.right[-1], 0, 1)
    if kind != JUMP and np.isfinite(y + slope):
        _tangent(upper, x, y, slope, -1, 1)
        _dot(lower, x, slope, DERIVATIVE)
        _beside(upper, curve.x, curve.y, f"slope {fixed(slope, 2)}")
        _beside(lower, curve.x, curve.slope, fixed(slope, 2))
    if np.isfinite(y):
        _dot(upper, x, y, FUNCTION)


def _dot(ax, x, y, color):
    ax.plot(x, y, "o", ms=11, mfc=color, mec="white", mew=2, zorder=3)


def _tangent(ax, x, y, slope, start, end):
    """A piece of the line through (x, y), of one length on paper; dashed if one-sided."""
    across, up = _scales(ax)
    run = np.array([start, end]) * _TANGENT / math.hypot(across, slope * up)
    ax.plot(x + run, y + slope * run, **_look(DERIVATIVE, 2, "-" if end - start == 2 else "--"))


def _scales(ax):
    """How many pixels a unit of x takes, and one of y."""
    box, pixels = ax.viewLim, 72 / ax.figure.dpi
    return ax.bbox.width * pixels / box.width, ax.bbox.height * pixels / box.height


def _label(ax, x, y, text, color, dx, dy, side):
    """A label so many pixels from the point, which stays inside the panel."""
    (low, high), scale = ax.get_ylim(), _scales(ax)[1]
    y = min(max(y, low + (4 - dy) / scale), high - (14 + dy) / scale)
    look = dict(color=0.8 * np.array(to_rgb(color)), weight="bold", path_effects=_HALO, ha=side)
    at = dict(xytext=(dx, dy), textcoords="offset points", annotation_clip=False)
    ax.annotate(text, (x, y), **at, **look, **PLAIN)


def _end(ax, x, y, text, color):
    """The name of a curve, where it ends on the right."""
    finite = y[:-1][np.isfinite(y[:-1])]
    if len(finite):
        _label(ax, x[-2], finite[-1], text, color, 8, -4, "left")


def _beside(ax, x, y, text):
    """A label beside the cursor's point, on the side that the curve leaves free."""
    before, after = np.interp([x[-1] - 0.1, x[-1] + 0.1], x[:-1], y[:-1])
    across = (x[-1] - ax.viewLim.x0) * _scales(ax)[0]
    left = across > 110 if after > before else across > _RIGHT - _LEFT - 110
    dx, side = (-12, "right") if left else (12, "left")
    _label(ax, x[-1], y[-1], text, DERIVATIVE, dx, 10 if left == (after > before) else -22, side)


def small_png(figure):
    """The figure as the bytes of a PNG, the same bytes every time."""
    large = io.BytesIO()
    figure.savefig(large, format="png", metadata={"Software": None})
    return png(few_colors(Image.open(large).convert("RGB")), optimize=True)


def few_colors(image):
    """A figure needs no more than 256 colours, which take a third of the bytes."""
    return image.quantize(256, dither=Image.Dither.NONE)


def png(image, **options):
    """The image as the bytes of a PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "png", **options)
    return buffer.getvalue()


def with_picture(bundle, png, width, text):
    """A widget's bundle and its metadata, with what a reader without a kernel gets instead."""
    picture = {"image/png": base64.b64encode(png).decode(), "text/plain": text}
    return bundle | picture, {"image/png": {"width": width}}
