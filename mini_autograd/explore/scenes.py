"""Any figure under controls: it is made once, and each event redraws only what moves."""

import html
import itertools
import textwrap

import ipywidgets as widgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.text import Text
from PIL import Image, ImageDraw, ImageFont

from mini_autograd.explore.arguments import require_function
from mini_autograd.explore.controls import ControlPanel, Play, choice, slider
from mini_autograd.explore.picture import few_colors, png, with_picture
from mini_autograd.explore.style import TEXT
from mini_autograd.explore.words import explained, minus

_DPI = 160  # two pixels to one of the page, for screens of high density
_LETTERS = 13 * 72 / (_DPI / 2)  # in points: 13 pixels of the page, as in the text around it
_INK = "#767676"  # 4.5 to 1 on white, 4.1 to 1 on JupyterLab's dark grey: one picture for both


class Scene(widgets.VBox):
    """A matplotlib figure with a control for each argument of update, and a sentence below it.

    update(**values) moves artists that were drawn before. It returns a list of those and of what
    lies above them, a sentence on what is seen now, and after it the names of the controls that do
    nothing now. A control is a slider (min, max, start), or with its step as a fourth; or a list to
    choose from, the first at the start. presets names buttons, each with what it sets:
    {"steep": dict(gain=2)}. play names the slider that a button moves by itself. What update does
    wrong under a control is said below the figure. The page shows through behind the figure.
    Raises: TypeError or ValueError for an argument that cannot be used.
    """

    def __init__(self, figure, update, /, presets=None, play=None, **controls):
        if not isinstance(figure, Figure):
            kind = type(figure).__name__
            raise TypeError(f"scene: a matplotlib Figure is needed first, not a {kind}")
        require_function("scene", update, {"presets", "play"})
        self.figure, self._update = figure, update
        from matplotlib import pyplot  # not above: importing it chooses a backend

        pyplot.close(figure)  # or the cell would show it a second time
        FigureCanvasAgg(figure)
        _fit_the_page(figure)
        self._controls = {key: _control(key, given) for key, given in controls.items()}
        self._width = round(figure.get_size_inches()[0] * _DPI / 2)
        look = dict(max_width=f"{self._width}px", buttons=_player(play, self._controls))
        self._panel = ControlPanel("scene", self._controls, self._redraw, presets, **look)
        self._background = self._draw_background()
        self._image = widgets.Image(layout=widgets.Layout(width=f"{self._width}px"))
        self._said = widgets.HTML()
        super().__init__([self._panel, self._image, self._said])
        self._redraw()

    def _draw_background(self):
        """Everything that stays, as pixels; from here on what moves is drawn on top of it."""
        self._artists, self.sentence, _ = self._updated()
        for artist in self._artists:
            artist.set_animated(True)
        self.figure.canvas.draw()
        self.figure.set_layout_engine("none")  # the axes stay where they are
        return self.figure.canvas.copy_from_bbox(self.figure.bbox)

    def _updated(self):
        """What update returns now, if it is what it should return: artists, sentence, idle ones."""
        found, names = self._update(**self._panel.values), list(self._controls)
        match found:
            case [[*artists], str(sentence), *idle] if all(name in names for name in idle):
                if all(isinstance(artist, Artist) for artist in artists):
                    return artists, sentence, idle
        wanted = "[artists that move], sentence, *names of idle controls"
        raise TypeError(f"scene: update must return {wanted}, not {found!r}")

    def _redraw(self):
        try:
            self._artists, self.sentence, idle = self._updated()
        except Exception as error:
            self.sentence = f"✗ {explained(error)}"
        else:
            for key, control in self._controls.items():
                control.disabled = key in idle
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
        return Image.fromarray(np.array(self.figure.canvas.buffer_rgba()))

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, for a reader without a kernel, the figure and the sentence."""
        acting = [key for key, control in self._controls.items() if not control.disabled]
        values = (self._panel.values[key] for key in acting)
        shown = (f"{value:g}" if isinstance(value, float) else value for value in values)
        settings = ", ".join(map("{} = {}".format, acting, shown))
        text = minus(f"{settings}. {self.sentence}")
        picture = _captioned(self._pixels(), self._panel.still)
        picture = png(few_colors(picture), optimize=True)
        return with_picture(super()._repr_mimebundle_(**kwargs), picture, self._width, text)


def _fit_the_page(figure):
    """Letters of the page's size, in an ink that both themes can show, and no paper behind them."""
    figure.set_dpi(_DPI)
    for place in [figure, *figure.axes]:
        place.patch.set_visible(False)
    for axes in figure.axes:
        axes.tick_params(which="both", labelsize=_LETTERS, color=_INK, labelcolor=_INK)
    letters = figure.findobj(Text)
    for text in letters:
        text.set_fontsize(_LETTERS)
    # What lies on an image has that behind it, in any theme.
    lines = (line for axes in figure.axes if not axes.images for line in axes.lines)
    for artist in itertools.chain(letters, lines):
        if to_rgb(artist.get_color()) == (0, 0, 0):
            artist.set_color(_INK)


def _player(name, controls):
    """The button that plays the control of that name, in a list; no button for no name."""
    if name is not None and not hasattr(controls.get(name), "step"):
        raise ValueError(f"scene: play={name!r}, but it names a slider")
    return [] if name is None else [Play(controls[name])]


def _captioned(image, text):
    """The image, and text below it."""
    text = textwrap.fill(text, image.width // 16)
    size = image.width, image.height + 48 + 32 * text.count("\n")
    larger = Image.new("RGBA", size, _INK + "00")
    larger.paste(image)
    font = ImageFont.truetype(findfont("DejaVu Sans"), 26)
    ImageDraw.Draw(larger).text((16, image.height + 4), text, _INK, font)
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
