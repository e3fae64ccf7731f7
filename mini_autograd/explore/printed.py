"""A picture of marks, printed by matplotlib: what stands where nothing can move."""

import math
import re

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.style import context

from mini_autograd.explore.marks import COLORS
from mini_autograd.explore.picture import PLAIN, WIDTH, small_png
from mini_autograd.explore.style import DERIVATIVE, FUNCTION, QUIET, SCREEN
from mini_autograd.explore.words import fixed, minus, sentence

_INKS = COLORS | dict(ink="black")
_ABOVE, _BELOW, _LEFT, _RIGHT = 34, 44, 58, 20  # in pixels, around the axes of a panel


def printed(rows, below="", code=""):
    """The rows of panels as the bytes of a PNG, with lines of text below them, and of code."""
    above = [max(map(_above, row)) for row in rows]
    heights = [max(one["height"] for one in row) + _BELOW for row in rows]
    text = 12 + 18 * len(below.splitlines()) if below else 0
    listing = 12 + 15 * len(code.splitlines()) if code else 0
    total, top = sum(above) + sum(heights) + text + listing, 0
    with context(SCREEN), np.errstate(all="ignore"):
        figure = Figure(figsize=(WIDTH / 72, total / 72), dpi=130, layout="none")
        for row, free, height in zip(rows, above, heights, strict=True):
            top += free
            for i, panel in enumerate(row):
                share, bottom = WIDTH / len(row), total - top - panel["height"]
                left = min(_left(panel), 0.45 * share)
                wide = share - left - _RIGHT
                box = (i * share + left) / WIDTH, bottom / total, wide / WIDTH
                _print_panel(figure.add_axes((*box, panel["height"] / total)), panel, left, wide)
            top += height
        at, look = 12 / WIDTH, dict(linespacing=1.4, **PLAIN)
        figure.text(at, (12 + listing) / total, below, **look)
        figure.text(at, 12 / total, code, family="monospace", size=10.5, **look)
        return small_png(figure)


def _above(panel):
    """Room for the title, and below it for the name of y."""
    return _ABOVE + (18 if panel["title"] and panel["ylabel"] else 0)


def _left(panel):
    """Room for the names of rows, or for the numbers along y."""
    rows = [row for mark in panel["panel"] for row in mark.get("rows") or []]
    return max([80 if _is_far(panel["ylim"]) else _LEFT, *(8 * len(row) + 12 for row in rows)])


def _short(text, room):
    """As much of a text as there is room for; a letter is about 8 pixels wide."""
    most = int(room / 8)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _is_far(limits):
    return not 1e-3 <= np.abs(limits).max() < 1e5


def _power(value, _):
    """A number on an axis that is far from 1, as 1.5e9."""
    return re.sub(r"e\+?(-?)0?", r"e\1", minus(f"{value:.6g}"))


def _print_panel(ax, panel, left, wide):
    ax.set(xlim=panel["xlim"], ylim=panel["ylim"])
    ax.ticklabel_format(useOffset=False)
    for axis, limits in (ax.xaxis, panel["xlim"]), (ax.yaxis, panel["ylim"]):
        if _is_far(limits):
            axis.set_major_formatter(_power)
    if panel["ylim"][0] < panel["ylim"][1]:  # else the axes are those of a matrix
        ax.axhline(0, color=QUIET, lw=1, ls="-")
    if not any(mark["mark"] in ("bars", "cells") for mark in panel["panel"]):
        ax.axvline(0, color=QUIET, lw=1, ls="-")
    ax.tick_params(length=0, pad=6)
    for mark in panel["panel"]:
        _PRINT[mark["mark"]](ax, left=left, wide=wide, tall=panel["height"], **mark)
    if named := len(ax.get_legend_handles_labels()[0]):
        ax.legend(loc="best", ncols=math.ceil(20 * named / panel["height"]))
    _write_around(ax, left, wide, **panel)


def _write_around(ax, left, wide, title, xlabel, ylabel, **_):
    """The title and the names of the axes."""
    look = dict(xycoords="axes fraction", textcoords="offset points", annotation_clip=False)
    for text, at, away, more in (
        (title and sentence(title), (0, 1), (0, 26 if ylabel else 8), dict(weight="bold")),
        (xlabel, (1, 0), (0, -38), dict(ha="right")),
        (ylabel, (0, 1), (10 - min(left, 50), 8), {}),
    ):
        if text:
            shown = ax.annotate(text, at, away, **look, **more, **PLAIN)
            share = (wide + 16) / (shown.get_window_extent().width * 72 / ax.figure.dpi)
            if share < 1:
                shown.set_text(f"{text[: int(share * len(text)) - 2]}…")


def _label(name, wide):
    text = _short(sentence(name), wide - 50).replace("$", r"\$") if name else None
    return f" {text}" if name and text.startswith("_") else text  # which would hide it


def _curve(ax, arrays, name, color, style, width, wide, **_):
    x, y = (array.astype(float) for array in arrays)
    steps = np.abs(np.diff(ax.transData.transform(np.column_stack([x, y]))[:, 1]))
    # Where it leaps between neighbours that hardly move it begins anew.
    leaps = 2 + np.flatnonzero(steps[1:-1] > 10 * (steps[:-2] + steps[2:]) + 4)
    x, y = (np.insert(array, leaps, np.nan) for array in (x, y))
    ax.plot(x, y, color=_INKS[color], lw=width, ls=style, label=_label(name, wide))


def _points(ax, arrays, name, color, size, wide, **_):
    (left, right), (low, high) = np.sort([ax.get_xlim(), ax.get_ylim()])
    x, y = arrays
    seen = (left <= x) & (x <= right) & (low <= y) & (y <= high)  # whole, also at the edge
    look = dict(ms=2 * size - 1, mfc=_INKS[color], mec="white", mew=min(1.5, size / 2), zorder=3)
    ax.plot(x[seen], y[seen], "o", label=_label(name, wide), clip_on=False, **look)


def _bars(ax, arrays, names, color, digits, wide, tall, **_):
    (heights,), (low, high) = arrays, ax.get_ylim()
    _no_columns(ax, [sentence(name) for name in names or []], wide)
    ax.bar(range(len(heights)), np.clip(heights, low, high), 0.8, color=_INKS[color], alpha=0.6)
    texts = [] if digits is None else [fixed(height, digits) for height in heights.tolist()]
    room, line = wide / np.ptp(ax.get_xlim()), 16 * (high - low) / tall
    for i, text in enumerate(texts if 8 * max(map(len, texts), default=0) < room + 10 else []):
        va, *ends = ("bottom", low, high - line) if heights[i] >= 0 else ("top", low + line, high)
        if not np.isnan(heights[i]):
            ax.text(i, np.clip(heights[i], *ends), text, ha="center", va=va, clip_on=True)


def _cells(ax, arrays, shape, rows, columns, limits, digits, **room):
    matrix, lit = arrays[0], arrays[-1] if len(arrays) > 1 else np.zeros(shape)
    (left, right), (below, above) = ax.get_xlim(), ax.get_ylim()
    first, is_matrix = min(below, above), below > above
    look = dict(origin="upper" if is_matrix else "lower", extent=(left, right, below, above))
    ax.imshow(_shares(matrix, limits), _COLORS, vmin=-1, vmax=1, aspect="auto", **look)
    wide, tall = (right - left) / shape[1], abs(above - below) / shape[0]
    written = digits is not None and room["wide"] / shape[1] > 12 + 8 * (digits + 2)
    written = written and room["tall"] / shape[0] > 17
    for (i, j), value in np.ndenumerate(matrix):
        x, y = left + (j + 0.5) * wide, first + (i + 0.5) * tall
        if written and np.isfinite(value):
            ax.text(x, y, fixed(value, digits), ha="center", va="center", fontsize=12)
        if lit[i, j]:
            look = dict(fill=False, ec="black", lw=2.5, zorder=3)
            ax.add_patch(Rectangle((x - wide / 2, y - tall / 2), wide, tall, **look))
    if is_matrix:
        _no_columns(ax, columns or [], room["wide"])
        rows, every = rows or [], math.ceil(15 * shape[0] / room["tall"])
        names = [_short(name, room["left"] - 12) for name in rows[::every]]
        ax.set_yticks(range(0, len(rows), every), names, **PLAIN)
        ax.grid(False)
        ax.spines[["left", "bottom"]].set_visible(False)


def _no_columns(ax, names, wide):
    """Names instead of numbers along x, without lines; not all of them if they are long."""
    names = [_short(name, 160) for name in names]
    longest = 7 * max(map(len, names), default=0)
    every = math.ceil((longest + 6) * np.ptp(ax.get_xlim()) / wide)
    ax.set_xticks(range(0, len(names), every), names[::every], **PLAIN)
    ax.grid(False, axis="x")


def _shares(values, limits):
    """How strong the colour of each value is, from -1 to 1."""
    low, high = limits
    shares = (values - low) / (high - low) if low >= 0 else values / max(-low, high)
    return np.clip(shares, -1, 1)


_ENDS = [(*to_rgb(color), 0.6) for color in (DERIVATIVE, FUNCTION)]
_COLORS = LinearSegmentedColormap.from_list("", [_ENDS[0], (1, 1, 1, 0), _ENDS[1]])
_PRINT = dict(curve=_curve, points=_points, bars=_bars, cells=_cells)
