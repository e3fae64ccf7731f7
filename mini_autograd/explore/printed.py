"""A picture of marks, printed by matplotlib: what stands where nothing can move."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.style import context

from mini_autograd.explore.marks import COLORS
from mini_autograd.explore.picture import PLAIN, WIDTH, small_png
from mini_autograd.explore.style import DERIVATIVE, FUNCTION, QUIET, SCREEN
from mini_autograd.explore.words import fixed, sentence

_INKS = COLORS | dict(ink="black")
_ABOVE, _BELOW, _LEFT, _RIGHT = 34, 44, 58, 20  # in pixels, around the axes of a panel


def printed(rows, below="", code=""):
    """The rows of panels as the bytes of a PNG, with lines of text below them, and of code."""
    heights = [max(one["height"] for one in row) + _ABOVE + _BELOW for row in rows]
    text = 12 + 18 * len(below.splitlines()) if below else 0
    listing = 12 + 15 * len(code.splitlines()) if code else 0
    total, top = sum(heights) + text + listing, 0
    with context(SCREEN), np.errstate(all="ignore"):
        figure = Figure(figsize=(WIDTH / 72, total / 72), dpi=130, layout="none")
        for row, height in zip(rows, heights, strict=True):
            for i, panel in enumerate(row):
                share, bottom = 1 / len(row), total - top - _ABOVE - panel["height"]
                left = _left(panel)
                wide = share - (left + _RIGHT) / WIDTH
                box = i * share + left / WIDTH, bottom / total, wide, panel["height"] / total
                _print_panel(figure.add_axes(box), panel)
            top += height
        at, look = 12 / WIDTH, dict(linespacing=1.4, **PLAIN)
        figure.text(at, (12 + listing) / total, below, **look)
        figure.text(at, 12 / total, code, family="monospace", size=10.5, **look)
        return small_png(figure)


def _left(panel):
    """Room for the names of rows, of which a letter is about 8 pixels wide."""
    rows = [row for mark in panel["panel"] for row in mark.get("rows") or []]
    return max([_LEFT, *(8 * len(row) + 12 for row in rows)])


def _print_panel(ax, panel):
    ax.set(xlim=panel["xlim"], ylim=panel["ylim"])
    if panel["ylim"][0] < panel["ylim"][1]:  # else the axes are those of a matrix
        ax.axhline(0, color=QUIET, lw=1, ls="-")
    if not any(mark["mark"] in ("bars", "cells") for mark in panel["panel"]):
        ax.axvline(0, color=QUIET, lw=1, ls="-")
    ax.tick_params(length=0, pad=6)
    for mark in panel["panel"]:
        _PRINT[mark["mark"]](ax, **mark)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="best")
    sides = dict(title=(0, 1, 8), xlabel=(1, 0, -38), ylabel=(-0.08, 1, 8))
    for side, (x, y, up) in sides.items():
        if panel[side]:
            look = dict(ha="right" if side == "xlabel" else "left", annotation_clip=False, **PLAIN)
            look |= dict(weight="bold") if side == "title" else {}
            at = dict(xycoords="axes fraction", xytext=(0, up), textcoords="offset points")
            text = sentence(panel[side]) if side == "title" else panel[side]
            ax.annotate(text, (x, y), **at, **look)


def _label(name):
    return sentence(name).replace("$", r"\$") if name else None


def _curve(ax, arrays, name, color, style, width, **_):
    x, y = (array.astype(float) for array in arrays)
    steps = np.abs(np.diff(ax.transData.transform(np.column_stack([x, y]))[:, 1]))
    # Where it leaps between neighbours that hardly move it begins anew.
    leaps = 2 + np.flatnonzero(steps[1:-1] > 10 * (steps[:-2] + steps[2:]) + 4)
    x, y = (np.insert(array, leaps, np.nan) for array in (x, y))
    ax.plot(x, y, color=_INKS[color], lw=width, ls=style, label=_label(name))


def _points(ax, arrays, name, color, size, **_):
    (left, right), (low, high) = np.sort([ax.get_xlim(), ax.get_ylim()])
    x, y = arrays
    seen = (left <= x) & (x <= right) & (low <= y) & (y <= high)  # whole, also at the edge
    look = dict(ms=2 * size - 1, mfc=_INKS[color], mec="white", mew=min(1.5, size / 2), zorder=3)
    ax.plot(x[seen], y[seen], "o", label=_label(name), clip_on=False, **look)


def _bars(ax, arrays, names, color, digits, **_):
    (heights,) = arrays
    _no_columns(ax, [sentence(name) for name in names or []])
    ax.bar(range(len(heights)), heights, 0.8, color=_INKS[color], alpha=0.6)
    for i, height in enumerate(heights.tolist()):
        if digits is not None and np.isfinite(height):
            at = dict(ha="center", va="bottom" if height >= 0 else "top", clip_on=True)
            ax.text(i, height, fixed(height, digits), **at)


def _cells(ax, arrays, shape, rows, columns, limits, digits, **_):
    matrix, lit = arrays[0], arrays[-1] if len(arrays) > 1 else np.zeros(shape)
    (left, right), (below, above) = ax.get_xlim(), ax.get_ylim()
    first, is_matrix = min(below, above), below > above
    look = dict(origin="upper" if is_matrix else "lower", extent=(left, right, below, above))
    ax.imshow(_shares(matrix, limits), _COLORS, vmin=-1, vmax=1, aspect="auto", **look)
    wide, tall = (right - left) / shape[1], abs(above - below) / shape[0]
    for (i, j), value in np.ndenumerate(matrix):
        x, y = left + (j + 0.5) * wide, first + (i + 0.5) * tall
        if shape[1] <= 10 and digits is not None and np.isfinite(value):
            ax.text(x, y, fixed(value, digits), ha="center", va="center", fontsize=12)
        if lit[i, j]:
            look = dict(fill=False, ec="black", lw=2.5, zorder=3)
            ax.add_patch(Rectangle((x - wide / 2, y - tall / 2), wide, tall, **look))
    if is_matrix:
        _no_columns(ax, columns or [])
        ax.set_yticks(range(len(rows or [])), rows)
        ax.grid(False)
        ax.spines[["left", "bottom"]].set_visible(False)


def _no_columns(ax, names):
    """Names instead of numbers along x, without lines."""
    ax.set_xticks(range(len(names)), names)
    ax.grid(False, axis="x")


def _shares(values, limits):
    """How strong the colour of each value is, from -1 to 1."""
    low, high = limits
    shares = (values - low) / (high - low) if low >= 0 else values / max(-low, high)
    return np.clip(shares, -1, 1)


_ENDS = [(*to_rgb(color), 0.6) for color in (DERIVATIVE, FUNCTION)]
_COLORS = LinearSegmentedColormap.from_list("", [_ENDS[0], (1, 1, 1, 0), _ENDS[1]])
_PRINT = dict(curve=_curve, points=_points, bars=_bars, cells=_cells)
