"""Any figure under controls: it is made once, and each event redraws only what moves."""

import html
import re

import ipywidgets as widgets
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from mini_autograd.explore.explorer import _button, _described, _layout, _slider
from mini_autograd.explore.picture import few_colors, png, with_picture
from mini_autograd.explore.style import TEXT
from mini_autograd.explore.words import explained

_DPI = 160  # two pixels to one of the page, for screens of high density


def scene(figure, update, **controls):
    """Show a matplotlib figure with a control for each argument of update.

    update(**values) moves artists that were drawn before. It returns a list of those and of what
    lies above them, and a sentence on what is seen now. A control is a slider (min, max, start), or
    with its step as a fourth; or a list to choose from, the first at the start.
    """
    return Scene(figure, update, controls)


class Scene(widgets.VBox):
    """What `scene` shows: controls, the figure, and the sentence."""

    def __init__(self, figure, update, controls):
        from matplotlib import pyplot  # here, because importing it chooses a backend

        self.figure, self._update, self._moving = figure, update, False
        pyplot.close(figure)  # or the cell would show it a second time
        FigureCanvasAgg(figure)
        figure.set_dpi(_DPI)
        self._controls = {key: _control(key, given) for key, given in controls.items()}
        self._start = self.values
        self._background = self._draw_background()
        self._width = round(figure.get_size_inches()[0] * _DPI / 2)
        self._image = widgets.Image(layout=widgets.Layout(width=f"{self._width}px"))
        self._said = widgets.HTML()
        columns = _layout(
            grid_template_columns="repeat(auto-fit, minmax(280px, 1fr))",
            max_width=f"{self._width}px",
        )
        box = widgets.GridBox(list(self._controls.values()), layout=columns)
        reset = widgets.Box([_button("Reset", self._reset)])
        super().__init__([box, reset, self._image, self._said])
        for control in self._controls.values():
            control.observe(self._redraw, "value")
        self._redraw()

    @property
    def values(self):
        """What the controls are set to; a slider's steps add up to 0.30000000000000004."""
        found = {key: control.value for key, control in self._controls.items()}
        return {k: float(f"{v:.12g}") if isinstance(v, float) else v for k, v in found.items()}

    def _draw_background(self):
        """Everything that stays, as pixels; from here on what moves is drawn on top of it."""
        self._artists, self.sentence = self._update(**self.values)
        for artist in self._artists:
            artist.set_animated(True)
        self.figure.canvas.draw()
        self.figure.set_layout_engine("none")  # the axes stay where they are
        return self.figure.canvas.copy_from_bbox(self.figure.bbox)

    def _reset(self, _=None):
        self._moving = True
        for key, value in self._start.items():
            self._controls[key].value = value
        self._moving = False
        self._redraw()

    def _redraw(self, _=None):
        if self._moving:
            return
        try:
            self._artists, self.sentence = self._update(**self.values)
        except Exception as error:
            self._say(f"✗ {explained(error)}")
            return
        # Quickly made rather than small: it goes no further than the reader's screen.
        self._image.value = png(self._pixels(), compress_level=1)
        self._say(self.sentence)

    def _say(self, text):
        said = html.escape(_minus(text))
        self._said.value = f'<div role="status" style="{TEXT};max-width:640px">{said}</div>'

    def _pixels(self):
        """The figure of this moment: what moves, drawn over what stays."""
        self.figure.canvas.restore_region(self._background)
        for artist in sorted(self._artists, key=lambda artist: artist.zorder):
            self.figure.draw_artist(artist)
        return Image.fromarray(np.asarray(self.figure.canvas.buffer_rgba())[..., :3])

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, for a reader without a kernel, the figure and the sentence."""
        shown = {k: f"{v:g}" if isinstance(v, float) else v for k, v in self.values.items()}
        settings = ", ".join(f"{key} = {value}" for key, value in shown.items())
        text = _minus(f"{settings}. {self.sentence}")
        picture = png(few_colors(self._pixels()), optimize=True)
        return with_picture(super()._repr_mimebundle_(**kwargs), picture, self._width, text)


def _control(key, given):
    """A slider, or for a list a choice."""
    if not isinstance(given, list):
        slider = _slider(key, *given)
        if slider.step.is_integer():
            slider.readout_format = ".0f"
        return slider
    return widgets.Dropdown(options=given, **_described(key.replace("_", " ")))


def _minus(text):
    """The text with a true minus sign before its negative numbers."""
    return re.sub(r"(?<!\w)-(?=\d)", "−", text)
