"""Two linked panels: a frame that matplotlib draws once, and what moves in it, drawn each time.

What moves is described once, as Lines, Dots and Labels in the coordinates of the data. As SVG that
takes a fraction of a millisecond; matplotlib prints the same for readers without a kernel.
"""

import base64
import html
import io
import itertools
import re
from typing import NamedTuple
from uuid import uuid4

import numpy as np
from matplotlib import patheffects
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.style import context
from PIL import Image

from mini_autograd.explore.style import INK, PAPER, QUIET, SCREEN, TEXT, readable

WIDTH, HEIGHT, CAPTION = 640, 424, 52  # in pixels; the caption stands below the printed picture
LEFT, RIGHT = 50, 566
PANELS = ((34, 244), (292, 394))  # top and bottom of the panel of f, and of that of f'
HALO = [patheffects.withStroke(linewidth=3.5, foreground="white")]
PLAIN = dict(parse_math=False)  # a $ in a name or a message is a $, and begins no formula
_DASHES = {"-": "none", "--": "6 5", ":": "0.1 4.2"}
_SVG = (
    f'viewBox="0 0 {WIDTH} {HEIGHT}" fill="{INK}" stroke-linecap="round" stroke-linejoin="round" '
    f'style="display:block;width:100%;max-width:{WIDTH}px;height:auto;{TEXT}"'
)


class Line(NamedTuple):
    panel: int
    x: np.ndarray
    y: np.ndarray
    color: str
    width: float = 2.8
    style: str = "-"

    def svg(self, picture):
        return (
            f'<path d="{path(*picture.pixels(*self[:3]))}" fill="none" stroke="{self.color}" '
            f'stroke-width="{self.width}" stroke-dasharray="{_DASHES[self.style]}" '
            f"{picture.clip(self.panel)}/>"
        )

    def print(self, ax):
        pixels = ax.transData.transform(np.column_stack([self.x, self.y]))[:, 1]
        y = np.where(_begins(pixels), np.nan, self.y) if len(self.x) > 2 else self.y
        ax.plot(self.x, y, **_printed(self.color, self.width, self.style))


class Dot(NamedTuple):
    panel: int
    x: float
    y: float
    color: str

    def svg(self, picture):
        x, y = picture.pixels(*self[:3])
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{self.color}" stroke="{PAPER}" '
            f'stroke-width="2" {picture.clip(self.panel)}/>'
        )

    def print(self, ax):
        ax.plot(self.x, self.y, "o", ms=11, mfc=self.color, mec="white", mew=2, zorder=3)


class Label(NamedTuple):
    panel: int
    x: float
    y: float
    text: str
    color: str
    dx: float = 0  # pixels to the right of the point
    dy: float = 0  # pixels below it
    anchor: str = "start"

    def svg(self, picture):
        x, y = picture.pixels(*self[:3])
        return (
            f'<text x="{x + self.dx:.1f}" y="{y + self.dy:.1f}" text-anchor="{self.anchor}" '
            f'fill="{readable(self.color)}" font-weight="600" stroke="{PAPER}" stroke-width="3.5" '
            f'paint-order="stroke">{html.escape(self.text)}</text>'
        )

    def print(self, ax):
        side = {"start": "left", "end": "right"}[self.anchor]
        color = 0.8 * np.array(to_rgb(_printed(self.color)["color"]))  # as readable() on white
        look = dict(color=color, ha=side, weight="bold", path_effects=HALO, **PLAIN)
        at = dict(xytext=(self.dx, -self.dy), textcoords="offset points", annotation_clip=False)
        ax.annotate(self.text, (self.x, self.y), **at, **look)


class Picture:
    """Two panels over the same x, whose axes never move. legend names lines of the lower one."""

    def __init__(self, xlim, ylims, legend):
        self.xlim, self.ylims, self.legend = xlim, ylims, legend
        heights = [bottom - top for top, bottom in PANELS]
        self.scale_x = (RIGHT - LEFT) / (xlim[1] - xlim[0])
        self.scales_y = [
            height / (ylim[1] - ylim[0]) for height, ylim in zip(heights, ylims, strict=True)
        ]
        self._id = "explore-" + uuid4().hex[:8]  # explorers of several kernels may share one page

    def pixels(self, panel, x, y):
        """From data to pixels. What is far outside the panel, and hidden there, comes nearer."""
        y = PANELS[panel][1] - self.scales_y[panel] * (y - self.ylims[panel][0])
        y = np.minimum(np.maximum(y, -HEIGHT), 2 * HEIGHT)
        return LEFT + self.scale_x * (x - self.xlim[0]), y

    def clip(self, panel):
        return f'clip-path="url(#{self._id}-{panel})"'

    def frame(self):
        """The SVG of everything that does not move."""
        return themed_svg(lambda: self._figure(72)[0], f'aria-hidden="true" {_SVG}', self._id)

    def overlay(self, shapes, label):
        """The SVG of the shapes, to lie exactly over the frame; label says it all in words."""
        parts = [f'<svg role="img" aria-label="{html.escape(label)}" {_SVG}>']
        for i, (top, bottom) in enumerate(PANELS):
            size = f'x="{LEFT}" y="{top}" width="{RIGHT - LEFT}" height="{bottom - top}"'
            parts.append(f'<clipPath id="{self._id}-{i}"><rect {size}/></clipPath>')
        return "".join([*parts, *(shape.svg(self) for shape in shapes), "</svg>"])

    def png(self, shapes, caption):
        """The same picture as the bytes of a PNG, on white, above a caption."""
        with context(SCREEN), np.errstate(all="ignore"):  # a curve may leave for infinity
            figure, axes = self._figure(130, CAPTION)
            for shape in shapes:
                shape.print(axes[shape.panel])
            figure.text(LEFT / WIDTH, 12 / (HEIGHT + CAPTION), caption, linespacing=1.4, **PLAIN)
            return small_png(figure)

    def _figure(self, dpi, below=0):
        height = HEIGHT + below
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=dpi, layout="none")
        axes = []
        for (top, bottom), ylim in zip(PANELS, self.ylims, strict=True):
            box = LEFT / WIDTH, 1 - bottom / height, (RIGHT - LEFT) / WIDTH, (bottom - top) / height
            axes.append(figure.add_axes(box, xlim=self.xlim, ylim=ylim))
            axes[-1].axhline(0, color=QUIET, lw=1, ls="-")
            axes[-1].axvline(0, color=QUIET, lw=1, ls="-")
            axes[-1].tick_params(length=0, pad=6)
        axes[0].tick_params(labelbottom=False)
        axes[1].locator_params(axis="y", nbins=4)
        axes[1].text(1.04, -0.06, "x", transform=axes[1].transAxes, va="top")
        for text, color, style in self.legend:
            axes[1].plot([], [], label=text, **_printed(color, 2.8, style))
        axes[1].legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, borderaxespad=0.2)
        return figure, axes


def _printed(color, width=1.0, style="-"):
    """A line's look in matplotlib's terms: on white, and with dashes counted in widths."""
    dashes = [float(length) / width for length in _DASHES[style].split()] if style != "-" else ()
    color = color.replace(INK, "black")
    return dict(color=color, lw=width, ls=(0, dashes) if dashes else "-", dash_capstyle="round")


def path(x, y):
    """The d attribute of a line through these pixels, without points that it passes anyway."""
    steps = y[1:] - y[:-1]
    begins, keep = _begins(y), np.arange(len(y)) % 8 == 0
    keep[[0, -1]] = begins[0] = True
    keep[1:-1] |= np.abs(steps[1:] - steps[:-1]) > 0.02
    keep[:-1] |= begins[1:]
    keep = (keep | begins) & np.isfinite(y)
    points = list(map("%.1f %.1f".__mod__, zip(x[keep].tolist(), y[keep].tolist(), strict=True)))
    runs = [*np.flatnonzero(begins[keep]).tolist(), len(points)]
    return "".join("M" + "L".join(points[start:end]) for start, end in itertools.pairwise(runs))


def _begins(y):
    """Where a line through these pixels begins anew.

    That is after a nan, and where y leaps between neighbours that hardly move: a jump has no steep
    part to draw.
    """
    begins, finite, steps = np.zeros(len(y), bool), np.isfinite(y), np.abs(y[1:] - y[:-1])
    begins[2:-1] = steps[1:-1] > 10 * (steps[:-2] + steps[2:]) + 4
    begins[1:] |= finite[1:] & ~finite[:-1]
    return begins


def themed_svg(make_figure, attributes, unique):
    """What make_figure draws, as an SVG element, in the colour and font of the page around it."""
    buffer = io.StringIO()
    with context([*SCREEN, {"svg.hashsalt": unique}]):
        make_figure().savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = f"<svg {attributes}>" + re.split(r"<svg[^>]*>", buffer.getvalue(), maxsplit=1)[1]
    # A <style> would reach the whole page, and an id without use may be that of another figure.
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    used = set(re.findall(r"#([\w-]+)", svg))
    svg = re.sub(r' id="([\w.-]+)"', lambda match: match[0] if match[1] in used else "", svg)
    svg = re.sub(r'font-family: [^;"]*', "font-family: inherit", svg)
    svg = re.sub(r"(?<=fill: )#(?!000000|ffffff)\w+", lambda match: readable(match[0]), svg)
    return svg.replace("#000000", INK).replace("#ffffff", PAPER)


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
