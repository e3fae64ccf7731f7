"""Any figure under controls: it is made once, and each event redraws only what moves."""

import html
import textwrap

import ipywidgets as widgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from mini_autograd.explore.arguments import require_function
from mini_autograd.explore.controls import ControlPanel, choice, slider
from mini_autograd.explore.picture import few_colors, png, with_picture
from mini_autograd.explore.style import TEXT
from mini_autograd.explore.words import explained, minus

_DPI = 160  # two pixels to one of the page, for screens of high density


class Scene(widgets.VBox):
    """A matplotlib figure with a control for each argument of update, and a sentence below it.

    update(**values) moves artists that were drawn before. It returns a list of those and of what
    lies above them, and a sentence on what is seen now. A control is a slider (min, max, start), or
    with its step as a fourth; or a list to choose from, the first at the start. presets names
    buttons, each with what it sets: {"steep": dict(gain=2)}. What update does wrong under a control
    is said below the figure.
    Raises: TypeError or ValueError for an argument that cannot be used.
    """

    def __init__(self, figure, update, /, presets=None, **controls):
        if not isinstance(figure, Figure):
            kind = type(figure).__name__
            raise TypeError(f"scene: a matplotlib Figure is needed first, not a {kind}")
        require_function("scene", update, {"presets"})
        self.figure, self._update = figure, update
        from matplotlib import pyplot  # not above: importing it chooses a backend

        pyplot.close(figure)  # or the cell would show it a second time
        FigureCanvasAgg(figure)
        figure.set_dpi(_DPI)
        self._controls = {key: _control(key, given) for key, given in controls.items()}
        self._width = round(figure.get_size_inches()[0] * _DPI / 2)
        look = dict(max_width=f"{self._width}px")
        self._panel = ControlPanel("scene", self._controls, self._redraw, presets, **look)
        self._background = self._draw_background()
        self._image = widgets.Image(layout=widgets.Layout(width=f"{self._width}px"))
        self._said = widgets.HTML()
        super().__init__([self._panel, self._image, self._said])
        self._redraw()

    def _draw_background(self):
        """Everything that stays, as pixels; from here on what moves is drawn on top of it."""
        self._artists, self.sentence = self._updated()
        for artist in self._artists:
            artist.set_animated(True)
        self.figure.canvas.draw()
        self.figure.set_layout_engine("none")  # the axes stay where they are
        return self.figure.canvas.copy_from_bbox(self.figure.bbox)

    def _updated(self):
        """What update returns now, if it is what it should return."""
        found = self._update(**self._panel.values)
        match found:
            case [[*artists], str(sentence)] if all(isinstance(one, Artist) for one in artists):
                return artists, sentence
        raise TypeError(f"scene: update must return [artists that move], sentence, not {found!r}")

    def _redraw(self):
        try:
            self._artists, self.sentence = self._updated()
        except Exception as error:
            self.sentence = f"✗ {explained(error)}"
        else:
            # Quickly made rather than small: it goes no further than the reader's screen.
            self._image.value = png(self._pixels(), compress_level=1)
        self._say(self.sentence)

    def _say(self, text):
        said = html.escape(minus(text))
        self._said.value = f'<div role="status" style="{TEXT};max-width:640px">{said}</div>'

    def _pixels(self):
        """The figure of this moment: what moves, drawn over what stays."""
        self.figure.canvas.restore_region(self._background)
        for artist in sorted(self._artists, key=lambda artist: artist.zorder):
            self.figure.draw_artist(artist)
        return Image.fromarray(np.asarray(self.figure.canvas.buffer_rgba())[..., :3])

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, for a reader without a kernel, the figure and the sentence."""
        shown = {k: f"{v:g}" if isinstance(v, float) else v for k, v in self._panel.values.items()}
        settings = ", ".join(f"{key} = {value}" for key, value in shown.items())
        text = minus(f"{settings}. {self.sentence}")
        picture = _captioned(self._pixels(), f"Run this cell to change {', '.join(shown)}.")
        picture = png(few_colors(picture), optimize=True)
        return with_picture(super()._repr_mimebundle_(**kwargs), picture, self._width, text)


def _captioned(image, text):
    """The image, and text below it."""
    text = textwrap.fill(text, image.width // 16)
    larger = Image.new("RGB", (image.width, image.height + 48 + 32 * text.count("\n")), "white")
    larger.paste(image)
    font = ImageFont.truetype(findfont("DejaVu Sans"), 26)
    ImageDraw.Draw(larger).text((16, image.height + 4), text, "black", font)
    return larger


def _control(key, given):
    """A slider, or for a list a choice."""
    if not isinstance(given, list):
        try:
            return slider("scene", key, given)
        except ValueError as error:
            raise ValueError(f"{error}; a choice is a list") from None
    if not given:
        raise ValueError(f"scene: {key}=[], but a choice has something to choose from")
    return choice(key.replace("_", " "), given)


scene = Scene  # a verb where it is called
