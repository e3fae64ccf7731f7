"""Matrices under sliders: numbers in tinted cells, which follow every move."""

import html

import ipywidgets as widgets
import numpy as np

from mini_autograd.explore.arguments import require, require_function
from mini_autograd.explore.controls import ControlPanel, layout, make_sliders
from mini_autograd.explore.style import DERIVATIVE, FUNCTION, TEXT
from mini_autograd.explore.words import explained, fixed


class Heat(widgets.VBox):
    """The matrices that f returns, below a slider for each of its parameters.

    f(**parameters) returns a dict from a title to a matrix. A slider is (min, max, start), or with
    its step as a fourth. A cell is tinted blue for a positive entry and orange for a negative one,
    fully at scale. What f does wrong is said in place of the matrices.
    Raises: TypeError or ValueError for an argument that cannot be used.
    """

    def __init__(self, f, /, *, scale=1.0, **sliders):
        require_function("heat", f, {"scale"})
        require("heat", "scale", scale, "it is finite and above 0", lambda scale: scale > 0)
        self._f, self._scale = f, scale
        self._sliders = make_sliders("heat", sliders)
        self._panel, self._tables = (
            ControlPanel("heat", self._sliders, self._redraw),
            widgets.HTML(),
        )
        super().__init__([self._panel, self._tables], layout=layout(max_width="640px"))
        self._redraw()

    def _redraw(self):
        self._tables.value = self._drawn(*self._matrices())

    def _matrices(self):
        """What f returns now, from title to matrix; and what is wrong with it, if anything is."""
        try:
            with np.errstate(all="ignore"):
                found = self._f(**self._panel.values)
            if not isinstance(found, dict):
                kind = type(found).__name__
                raise TypeError(f"f must return a dict from a title to a matrix, not {kind}")
            return {str(title): _matrix(title, m) for title, m in found.items()}, ""
        except Exception as error:
            return {}, f"✗ {explained(error)}"

    def _drawn(self, matrices, problem):
        tables = "".join(self._table(title, matrix) for title, matrix in matrices.items())
        return f'<div role="status" style="{TEXT}">{tables}{html.escape(problem)}</div>'

    def _table(self, title, matrix):
        rows = "".join(f"<tr>{''.join(map(self._cell, row))}</tr>" for row in matrix)
        caption = f'<caption style="text-align:left;{TEXT}">{html.escape(title)}</caption>'
        return f'<table style="border-spacing:2px;border-collapse:separate">{caption}{rows}</table>'

    def _cell(self, value):
        strength = 0 if np.isnan(value) else round(45 * min(abs(value) / self._scale, 1))
        color = FUNCTION if value > 0 else DERIVATIVE
        tint = f"color-mix(in srgb, {color} {strength}%, transparent)"
        return f'<td style="{_CELL};background:{tint}">{fixed(value, 3)}</td>'

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, for a reader without a kernel, the matrices at the start."""
        matrices, problem = self._matrices()
        lines = [", ".join(f"{key} = {value:g}" for key, value in self._panel.values.items())]
        for title, matrix in matrices.items():
            lines += [title, *("".join(f"{fixed(v, 3):>8}" for v in row) for row in matrix)]
        lines += [problem] if problem else []
        return super()._repr_mimebundle_(**kwargs) | {
            "text/html": f"<p>{html.escape(lines[0])}</p>{self._drawn(matrices, problem)}",
            "text/plain": "\n".join(lines),
        }


_CELL = "padding:6px 0;text-align:center;min-width:6em"


def _matrix(title, values):
    if np.iscomplexobj(values):
        raise TypeError(f"{title} is complex; a cell shows a real number")
    matrix = np.atleast_2d(np.asarray(values, float))
    if matrix.ndim > 2:
        raise ValueError(f"{title} has shape {matrix.shape}; a matrix has two axes")
    return matrix


heat = Heat  # a verb where it is called
