"""Scenes: a figure made once, redrawn by its moving parts; readable without a kernel."""

import asyncio
import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from mini_autograd.explore import scene


def make(update=None, presets=None, play=None, **controls):
    figure, axes = plt.subplots(figsize=(4, 3))
    axes.set(xlim=(0, 1), ylim=(-3, 3))
    (line,) = axes.plot([0, 1], [0, 0], color="red", linewidth=6)

    def move(height, kind):
        line.set_data([0, 1], [height, height])
        return [line], f"a {kind} line at {height:.1f}"

    controls = controls or dict(height=(-2, 2, 0.0), kind=["a", "b"])
    return scene(figure, update or move, presets, play, **controls)


def pixels(png, paper="white"):
    """The picture as a page of that colour shows it."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    page = Image.new("RGBA", picture.size, paper)
    page.alpha_composite(picture)
    return np.asarray(page.convert("RGB")).astype(int)


def red_row(png):
    """The height, from 0 at the top to 1, where red pixels are."""
    image = pixels(png)
    red = (image[..., 0] > 200) & (image[..., 1] < 60)
    return np.flatnonzero(red.any(1)).mean() / len(image)


def test_the_picture_and_the_sentence_follow_the_controls():
    shown = make()
    before = red_row(shown._image.value)
    shown._controls["height"].value = 2.0
    assert red_row(shown._image.value) < before - 0.1
    assert "a a line at 2.0" in shown._said.value
    shown._controls["kind"].value = "b"
    shown._controls["height"].value = -2.0
    assert red_row(shown._image.value) > before + 0.1
    assert 'role="status"' in shown._said.value and "a b line at −2.0" in shown._said.value


def test_what_moved_away_is_gone():
    shown = make()
    first = pixels(shown._image.value)
    shown._controls["height"].value = 2.0
    shown._controls["height"].value = 0.0
    assert (pixels(shown._image.value) == first).all()


def test_what_moves_is_drawn_in_the_order_of_its_depth():
    figure, axes = plt.subplots(figsize=(4, 3))
    above, below = (
        axes.plot([0, 1], [0, 0], color=color, linewidth=9, zorder=depth)[0]
        for color, depth in (("red", 5), ("blue", 4))
    )
    colors = []
    for artists in [above, below], [below, above]:
        image = pixels(
            scene(figure, lambda a, found=artists: (found, ""), a=(0, 1, 0))._image.value
        )
        row, column = np.array(image.shape[:2]) // 2
        colors.append(image[row - 40 : row + 40, column].tolist())
    assert colors[0] == colors[1] and [255, 0, 0] in colors[0] and [0, 0, 255] not in colors[0]


def test_reset_restores_every_control_and_draws_once():
    calls = []

    def update(a, b):
        calls.append((a, b))
        return [], f"{a:.1f} {b:.1f}"

    shown = make(update, a=(0, 1, 0.5), b=(0, 1, 0.2))
    shown._controls["a"].value, shown._controls["b"].value = 1.0, 0.0
    calls.clear()
    shown._panel.children[1].children[0].click()
    assert shown._panel.values == {"a": 0.5, "b": 0.2} and calls == [(0.5, 0.2)]


def test_a_preset_sets_what_it_names_and_draws_once():
    calls = []

    def update(a, b):
        calls.append((a, b))
        return [], ""

    controls = dict(a=(0, 1, 0.5), b=["x", "y"])
    shown = make(update, presets={"high": dict(a=1), "other": dict(b="y")}, **controls)
    calls.clear()
    buttons = [child for child in shown._panel.children[1].children if hasattr(child, "click")]
    assert [button.description for button in buttons] == ["high", "other", "Reset"]
    for button in buttons:
        button.click()
    assert calls == [(1.0, "x"), (1.0, "y"), (0.5, "x")]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (dict(presets={"high": dict(c=1)}), "preset 'high': there is no control c, only a, b"),
        (dict(presets={"high": dict(a=2)}), "preset 'high' asks for a=2, to which"),
        (dict(presets={"high": dict(b="z")}), "preset 'high' asks for b='z', to which"),
        (dict(a=(1, 0, 0.5)), r"a=\(1, 0, 0.5\), but a slider is"),
        (dict(a=(0, 1, 0.5, 0)), r"a=\(0, 1, 0.5, 0\), but a slider is"),
        (dict(b=("x", "y")), r"b=\('x', 'y'\), but a slider is .*; a choice is a list"),
        (dict(b=[]), r"b=\[\], but a choice"),
        (dict(update=3), "a function is needed, not a int"),
        (dict(update=lambda a, presets: ([], "")), "the name presets is taken"),
        (dict(update=lambda a, play: ([], "")), "the name play is taken"),
        (dict(play="b"), "play='b', but it names a slider"),
        (dict(play="c"), "play='c', but it names a slider"),
        (dict(update=lambda a, b: None), r"update must return \[artists.*\], sentence, .*not None"),
        (dict(update=lambda a, b: ([], 3)), "update must return"),
        (dict(update=lambda a, b: ([1], "")), "update must return"),
        (dict(update=lambda a, b: (plt.Line2D([], []), "")), "update must return"),
        (dict(update=lambda a, b: ([], "", "c")), "update must return"),
        (dict(update=lambda a, b: ([], "", ["a"])), "update must return"),
    ],
)
def test_what_cannot_be_used_is_refused(given, words):
    with pytest.raises((TypeError, ValueError), match=f"scene: {words}"):
        make(**(dict(update=lambda a, b: ([], ""), a=(0, 1, 0.5), b=["x", "y"]) | given))


def test_axes_in_place_of_a_figure_are_refused():
    figure, axes = plt.subplots()
    plt.close(figure)
    with pytest.raises(TypeError, match="scene: a matplotlib Figure is needed first, not a Axes"):
        scene(axes, lambda: ([], ""))


def test_what_update_forgets_later_is_said():
    shown = make(lambda a: ([], "fine") if a < 1 else None, a=(0, 1, 0.5))
    shown._controls["a"].value = 1.0
    assert "✗ TypeError: scene: update must return" in shown._said.value


def test_a_control_may_be_called_figure():
    shown = make(lambda figure, self: ([], f"{figure + self}"), figure=(0, 1, 0.5), self=(0, 1, 1))
    assert "1.5" in shown._said.value


def test_a_sentence_is_no_formula_and_no_markup():
    shown = make(lambda a: ([], "a < b & $_$"), a=(0, 1, 0.5))
    assert "a &lt; b &amp; $_$" in shown._said.value
    assert "a < b & $_$" in shown._repr_mimebundle_()[0]["text/plain"]


def test_whole_steps_are_read_out_as_whole_numbers():
    shown = make(lambda n, x: ([], ""), n=(0, 600, 20, 20), x=(0, 1, 0.5))
    assert shown._controls["n"].readout_format == ".0f"
    assert shown._controls["x"].readout_format == ".2f"


def test_no_event_makes_a_figure_and_the_cell_shows_none(monkeypatch):
    before = plt.get_fignums()
    shown = make()
    assert plt.get_fignums() == before
    monkeypatch.setattr(Figure, "__init__", lambda *a, **k: pytest.fail("a figure was made"))
    for height in np.linspace(-2, 2, 9):
        shown._controls["height"].value = height


def test_an_error_is_said_and_the_picture_stays():
    def update(a):
        if a > 0.9:
            raise ValueError("a is too large")
        return [], "fine"

    shown = make(update, a=(0, 1, 0.5))
    picture = shown._image.value
    shown._controls["a"].value = 1.0
    assert "✗" in shown._said.value and "a is too large" in shown._said.value
    assert shown._image.value == picture
    assert shown._repr_mimebundle_()[0]["text/plain"] == "a = 1. ✗ ValueError: a is too large"
    shown._controls["a"].value = 0.1
    assert "fine" in shown._said.value


def test_without_a_kernel_it_is_a_picture_and_a_sentence():
    (bundle, sizes), (again, _) = (make()._repr_mimebundle_() for _ in range(2))
    assert bundle["text/plain"] == "height = 0, kind = a. a a line at 0.0"
    assert bundle["image/png"] == again["image/png"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    picture = base64.b64decode(bundle["image/png"])
    assert red_row(picture) == pytest.approx(0.5, abs=0.1)
    assert sizes["image/png"]["width"] * 2 == pixels(picture).shape[1]
    caption = pixels(picture)[-48:]
    assert (caption < 150).any() and (caption[:, -20:] == 255).all()
    assert make()._panel.still == (
        "A picture: open and run this chapter in JupyterLab to move height, kind."
    )


def test_a_picture_of_itself_leaves_the_scene_alive():
    shown = make()
    shown._repr_mimebundle_()
    first = pixels(shown._image.value)
    shown._controls["height"].value = 2.0
    shown._controls["height"].value = 0.0
    assert (pixels(shown._image.value) == first).all()


def test_a_control_that_does_nothing_now_cannot_be_moved_and_is_not_named():
    def update(kind, slope):
        return ([], "", "slope") if kind == "flat" else ([], "")

    shown = make(update, kind=["flat", "steep"], slope=(0, 1, 0.5))
    assert shown._controls["slope"].disabled and not shown._controls["kind"].disabled
    assert shown._repr_mimebundle_()[0]["text/plain"] == "kind = flat. "
    shown._controls["kind"].value = "steep"
    assert not shown._controls["slope"].disabled
    assert shown._repr_mimebundle_()[0]["text/plain"] == "kind = steep, slope = 0.5. "


def contrast(a, b):
    """How far two colours stand out from each other, as WCAG 2 counts it."""

    def luminance(color):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)
        ]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_the_figure_has_the_paper_of_the_page_and_letters_of_its_size_in_both_themes():
    figure, axes = plt.subplots(figsize=(8, 3))
    axes.set_title("a title", fontsize=20)
    axes.text(0.5, 0.5, "red", color="red")
    lines = [axes.plot([0, 1], [0, 1], color)[0] for color in ("k-", "r-")]
    lines += figure.add_axes((0.8, 0.8, 0.1, 0.1)).plot([0, 1], "k-")
    figure.axes[1].imshow([[0.5]])
    shown = scene(figure, lambda a: ([], ""), a=(0, 1, 0.5))
    for png in shown._image.value, base64.b64decode(shown._repr_mimebundle_()[0]["image/png"]):
        for paper in ("white", "#111111"):
            colors = pixels(png, paper).reshape(-1, 3)
            assert np.mean((colors == pixels(png, paper)[0, 0]).all(1)) > 0.8  # the page's own
            assert pixels(png, paper)[0, 0].tolist() == [round(255 * c) for c in to_rgb(paper)]
    assert shown._image.layout.width == "640px"
    letters = {text.get_fontsize() * shown.figure.dpi / 72 for text in shown.figure.findobj(Text)}
    assert letters == {2 * 13.0}  # two pixels of the picture are one of the page
    colors = {text.get_color() for text in figure.findobj(Text)}
    assert "red" in colors and len(colors) == 2
    (ink,) = colors - {"red"}
    assert [line.get_color() for line in lines] == [ink, "r", "k"]  # the last is on an image
    assert contrast(ink, "white") > 4.5 and contrast(ink, "#111111") > 4


def played(shown, during=lambda button: None):
    """Press Play, do something, and wait; return the values that the slider had."""
    button, values = shown._panel.children[1].children[-1], []
    shown._controls["n"].observe(lambda change: values.append(change["new"]), "value")

    async def play():
        button.click()
        assert button.description == "Pause n" and button.icon == "pause"
        during(button)
        if button._task:
            await button._task

    asyncio.run(play())
    assert button.description == "Play n" and button.icon == "play"
    return values


def test_play_moves_a_slider_to_its_end_in_few_moves_and_stops(monkeypatch):
    waited = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: waited(0))
    shown = make(lambda n: ([], f"{n:.0f}"), play="n", n=(0, 600, 200, 20))
    assert played(shown) == list(range(220, 601, 20)) and "600" in shown._said.value
    assert played(shown) == list(range(0, 601, 20))  # from the end it begins anew
    shown._panel.children[1].children[0].click()  # Reset
    assert played(shown, during=lambda button: button.click()) == []  # Pause
    assert len(played(make(lambda n: ([], ""), play="n", n=(1, 3000, 1, 1)))) == 30
