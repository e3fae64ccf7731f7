"""The explorer: what an event costs and changes, what it says, what it shows without a kernel."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import ipywidgets
import numpy as np
import pytest
from functions import ACTIVATIONS, MISTAKES, operation
from matplotlib.figure import Figure
from PIL import Image
from traitlets import TraitError

from mini_autograd import engine as package
from mini_autograd import exp, log
from mini_autograd.explore import explore
from mini_autograd.explore.controls import round_step
from mini_autograd.explore.picture import LEFT, PANELS, Line, path
from mini_autograd.explore.style import DERIVATIVE, FUNCTION


def make(name="sigmoid", engine=package, mistake=None, **options):
    sliders = ACTIVATIONS[name][2]
    made = operation(engine, name, mistake)
    return explore(made, Tensor=engine.Tensor, **(sliders | options))


def shown(explorer):
    return explorer._overlay.value


def text(explorer):
    """The read-out as a reader sees it."""
    return " ".join(re.sub(r"<[^>]*>", " ", shown(explorer).split("</svg>")[1]).split())


def svg(explorer):
    return ElementTree.fromstring(shown(explorer).split("</svg>")[0] + "</svg>")


def move(explorer, **values):
    for key, value in values.items():
        explorer._sliders[key].value = value


@pytest.fixture
def figures(monkeypatch):
    """The figures made since the test began."""
    made, init = [], Figure.__init__

    def counted(self, *args, **kwargs):
        made.append(self)
        init(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "__init__", counted)
    return made


def updates(explorer):
    """Whatever any widget of the explorer sends from now on: a list of (widget, trait)."""
    sent = []
    pending = [explorer]
    while pending:
        widget = pending.pop()
        pending += getattr(widget, "children", ())
        widget.observe(lambda change: sent.append((change["owner"], change["name"])))
    return sent


def test_an_event_sends_one_small_update_and_makes_no_figure(figures):
    explorer = make()
    assert len(figures) == 1
    sent = updates(explorer)
    for alpha in np.linspace(0.1, 4, 79):
        sent.clear()
        explorer._sliders["alpha"].value = round(alpha, 2)
        others = [change for change in sent if change[0] is not explorer._sliders["alpha"]]
        assert others == [(explorer._overlay, "value")]
        assert len(shown(explorer).encode()) < 12_000
    assert len(figures) == 1


def test_sliders_follow_the_pointer_without_delay():
    explorer = make(h=(1e-12, 1, 1e-5))
    assert all(slider.continuous_update for slider in explorer._sliders.values())


def test_reset_and_presets_redraw_once():
    explorer = make(presets={"steep": dict(alpha=4, beta=1, cursor=-2)})
    start, calls = shown(explorer), []
    explorer._overlay.observe(lambda change: calls.append(change["new"]), "value")
    buttons = {button.description: button for button in widgets_of(explorer, ipywidgets.Button)}
    buttons["steep"].click()
    assert len(calls) == 1 and explorer.values == dict(alpha=4, beta=1, cursor=-2)
    buttons["Reset"].click()
    assert len(calls) == 2 and shown(explorer) == start


def test_a_preset_sets_every_parameter_and_leaves_the_cursor():
    explorer = make(presets={"steep": dict(alpha=4), "late": dict(beta=1)})
    explorer._sliders["cursor"].value = -2.0
    buttons = {button.description: button for button in widgets_of(explorer, ipywidgets.Button)}
    buttons["steep"].click()
    buttons["late"].click()
    assert explorer.values == dict(alpha=1, beta=1, cursor=-2)


def test_a_value_between_two_steps_counts_as_it_was_asked_for():
    explorer = make(alpha=(0.1, 4, 1.0, 0.05), presets={"between": dict(alpha=2 / 3)})
    (button,) = [b for b in widgets_of(explorer, ipywidgets.Button) if b.description == "between"]
    button.click()
    drawn = shown(explorer)
    explorer._sliders["alpha"].value = 0.65  # the page answers with the nearest step
    assert explorer.values["alpha"] == 2 / 3 and shown(explorer) == drawn
    explorer._sliders["alpha"].value = 0.7
    assert explorer.values["alpha"] == 0.7


def widgets_of(widget, kind):
    if isinstance(widget, kind):
        yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child, kind)


SLIDER, AXIS = r"a slider is \(min, max, start\) or", r"an axis is \(min, max\)"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (dict(alpha=(1, 0.1, 0.5)), rf"alpha=\(1, 0.1, 0.5\), but {SLIDER}"),
        (dict(alpha=(0, 1, 2)), rf"alpha=\(0, 1, 2\), but {SLIDER}"),
        (dict(alpha=(0, 1, 0.5, -0.1)), rf"-0.1\), but {SLIDER}.* and step > 0"),
        (dict(alpha=(0, 1, 0.5, 0)), SLIDER),
        (dict(alpha=(0, np.inf, 1)), SLIDER),
        (dict(alpha=(0, 1, np.nan)), SLIDER),
        (dict(alpha=(-1e308, 1e308, 0)), SLIDER),
        (dict(alpha=(0, 1)), SLIDER),
        (dict(alpha=(0, 1, 0.5, 0.1, 7)), SLIDER),
        (dict(alpha=0.5), rf"alpha=0.5, but {SLIDER}"),
        (dict(alpha="low"), rf"alpha='low', but {SLIDER}"),
        (dict(alpha=((0, 1), (2, 3), (1, 2))), SLIDER),
        (dict(h=(0, 1, 0.1)), r"h=\(0, 1, 0.1\), but .* 0 < min < max"),
        (dict(h=(1e-9, 1, 2)), "start between them"),
        (dict(h=1e-5), "h=1e-05, but"),
        (dict(xlim=(0, np.inf)), rf"xlim=\(0, inf\), but {AXIS}"),
        (dict(xlim=(6, -6)), AXIS),
        (dict(ylim=(1, 1)), rf"ylim=\(1, 1\), but {AXIS}"),
        (dict(ylim=(0, np.nan)), AXIS),
        (dict(slope_ylim=0), rf"slope_ylim=0, but {AXIS}"),
        (dict(slope_ylim=(0, 1, 2)), AXIS),
        (dict(cursor=9), r"cursor=9, but the cursor starts within xlim=\(-6, 6\)"),
        (dict(cursor="x"), "cursor='x', but"),
        (dict(presets={"steep": dict(gain=4)}), "no control gain, only alpha, beta, cursor"),
        (dict(presets={"steep": dict(alpha=9)}), "'steep' asks for alpha=9, to which"),
        (dict(presets={"steep": dict(alpha="9")}), "'steep' asks for alpha='9', to which"),
        (dict(presets={"a": dict(h=3)}, h=(1e-9, 1, 1e-5)), "'a' asks for h=3, to which"),
        (dict(presets={"steep": 4}), "presets are a dict .*, not {'steep': 4}"),
        (dict(presets=["steep"]), "presets are a dict"),
        (dict(derivative=3), "a function is needed, not a int"),
    ],
)
def test_what_cannot_be_used_is_refused(given, words):
    with pytest.raises((TypeError, ValueError), match=f"explore: .*{words}"):
        make(**given)


def test_a_value_is_refused_in_place_of_a_function():
    with pytest.raises(TypeError, match=r"explore: .* not a Tensor: write f, and not f\(x\)"):
        explore(package.Tensor(1.0))


def test_a_preset_may_go_to_both_ends():
    ends = dict(alpha=(0.1, 0.3, 0.2), h=(3e-15, 0.7, 1e-5))
    presets = {"low": dict(alpha=0.1, h=3e-15), "high": dict(alpha=0.3, h=0.7)}
    explorer = make(presets=presets, **ends)
    assert explorer.values["alpha"] == 0.2  # trying them has left no trace
    assert explorer.values["h"] == pytest.approx(1e-5)


def test_parameters_may_have_any_name_but_those_of_the_explorer_itself():
    def f(h, f, self, cls):  # the first is x, by whatever name
        return h * f + self * cls

    names = dict.fromkeys(["f", "self", "cls"], (0, 1, 0.5))
    assert "They agree" in text(explore(f, **names))
    for taken in (lambda x, h: x * h, lambda x, cursor=1: x, lambda x, name: x):
        with pytest.raises(ValueError, match="explore: the name .* is taken: rename"):
            explore(taken, h=(0.1, 1, 0.5))


def test_a_value_that_is_refused_leaves_the_explorer_alive():
    explorer = make()
    start = shown(explorer)
    with pytest.raises(TraitError):
        explorer._panel.set({"alpha": "steep"})
    move(explorer, alpha=3.0)
    assert shown(explorer) != start


def test_a_pinned_curve_stays_and_goes():
    explorer = make()
    start = shown(explorer)
    explorer._pin.value = True
    move(explorer, alpha=3.0)
    assert "grey: alpha = 1.00, beta = 0.00" in shown(explorer)
    assert explorer._pin.description == "Unpin curve"
    explorer._pin.value = False
    move(explorer, alpha=1.0)
    assert shown(explorer) == start


def test_without_parameters_there_is_nothing_to_pin():
    for explorer, pins in [
        (make(), True),
        (make("relu"), False),
        (make("relu", h=(1, 9, 2)), False),
    ]:
        names = [button.description for button in widgets_of(explorer, ipywidgets.ToggleButton)]
        assert names == (["Pin curve"] if pins else [])


def test_every_control_is_named_and_works_by_keyboard():
    explorer = make(h=(1e-12, 1, 1e-5), presets={"steep": dict(alpha=4)})
    sliders = list(widgets_of(explorer, (ipywidgets.FloatSlider, ipywidgets.FloatLogSlider)))
    names = [slider.description for slider in sliders]
    assert names == ["alpha (α)", "beta (β)", "cursor (x)", "step (h)"]
    assert all(slider.readout for slider in sliders)  # a value can be typed, too


def test_every_name_has_room_beside_its_slider():
    def em(slider):
        return float(slider.style.description_width.removesuffix("em"))

    sliders = explore(
        lambda x, alpha, temperature, negative_slope, number_of_repetitions: x,
        h=(1e-12, 1, 1e-5),
        **dict.fromkeys(["alpha", "temperature", "negative_slope"], (0, 1, 0.5)),
        number_of_repetitions=(0, 1, 0.5),
    )._sliders
    widths = {key: em(slider) for key, slider in sliders.items()}
    assert len({widths[key] for key in ["alpha", "temperature", "cursor", "h"]}) == 1  # aligned
    assert all(widths[key] >= 0.6 * len(slider.description) for key, slider in sliders.items())


def test_the_label_and_the_read_out_change_with_the_state():
    explorer = make()
    before = svg(explorer).get("aria-label")
    move(explorer, cursor=0.0, alpha=2.0)
    after = svg(explorer).get("aria-label")
    assert before != after
    assert after == (
        "sigmoid and its derivative for alpha = 2.00, beta = 0.00. "
        "At x = 0.00, f(x) = 0.5000 and f'(x) = 0.5000 by autograd."
    )
    assert 'role="status"' in shown(explorer)
    for words in ["0.500000", "by central difference", "They agree"]:
        assert words in text(explorer)


def test_cursor_at_a_kink_and_at_a_jump():
    relu = text(make("relu", cursor=0.0))
    assert "left 0.00, right 1.00" in relu and "difference between" in relu
    wrong = text(make("relu", mistake="slope beyond the kink", cursor=0.0))
    assert "difference outside" in wrong
    assert "none, f jumps" in text(make("sign", cursor=0.0))


def test_what_is_sent_is_well_formed_and_refers_only_to_itself():
    first, second = make(), make()
    ids = []
    for explorer in first, second:
        frame = explorer._picture.frame()
        parts = ElementTree.fromstring(frame.replace("xlink:", "")), svg(explorer)
        here = [e.get("id") for part in parts for e in part.iter() if e.get("id")]
        used = set(re.findall(r"url\(#([\w-]+)\)", frame + shown(explorer)))
        assert len(here) == len(set(here)) and used <= set(here)
        ids += here
        assert "<style" not in frame + shown(explorer)
        assert "#000000" not in frame and "currentColor" in frame  # follows the theme
    assert len(ids) == len(set(ids))


def test_axes_stay_while_sliders_move():
    explorer = make()
    ylims = explorer._picture.ylims
    move(explorer, alpha=4.0, beta=3.0)
    assert explorer._picture.ylims == ylims
    assert explorer._picture.ylims[1][1] > 1  # holds the steepest slope, 4 / 4


def points(element, picture, panel):
    """The points of a path, in the coordinates of its panel."""
    x, y = np.array(re.findall(r"([-\d.]+) ([-\d.]+)", element.get("d")), float).T
    (low, _), scale = picture.ylims[panel], picture.scales_y[panel]
    return picture.xlim[0] + (x - LEFT) / picture.scale_x, low + (PANELS[panel][1] - y) / scale


def test_what_is_drawn_is_f_its_slope_and_the_tangent():
    explorer = make("tanh", cursor=0.5, alpha=(0.5, 3, 2.0), ylim=(-3, 3), slope_ylim=(-1, 3))
    picture, paths = explorer._picture, svg(explorer).findall("path")
    cursor, other, f, slope, central, tangent = paths
    for element, panel, y in [
        (f, 0, lambda x: 2 * np.tanh(x)),
        (slope, 1, lambda x: 2 - 2 * np.tanh(x) ** 2),
        (central, 1, lambda x: 2 - 2 * np.tanh(x) ** 2),
        (tangent, 0, lambda x: 2 * np.tanh(0.5) + (2 - 2 * np.tanh(0.5) ** 2) * (x - 0.5)),
    ]:
        drawn, height = points(element, picture, panel)
        np.testing.assert_allclose(height, y(drawn), atol=0.03)
        assert element.get("clip-path") == f"url(#{picture._id}-{panel})"
    for element in cursor, other:
        np.testing.assert_allclose(points(element, picture, 0)[0], 0.5, atol=0.01)
    below, above = svg(explorer).findall("circle")
    for dot, panel, y in (above, 0, 2 * np.tanh(0.5)), (below, 1, 2 - 2 * np.tanh(0.5) ** 2):
        at = picture.pixels(panel, 0.5, y)
        np.testing.assert_allclose([float(dot.get("cx")), float(dot.get("cy"))], at, atol=0.06)


def test_at_a_kink_both_tangents_are_drawn_dashed():
    explorer = make("relu_at_0", cursor=0.0, c=(0, 1, 0.5))
    tangents = svg(explorer).findall("path")[5:]
    assert [t.get("stroke-dasharray") for t in tangents] == ["6 5", "6 5", "none"]
    slopes = [np.ptp(y) / np.ptp(x) for x, y in (points(t, explorer._picture, 0) for t in tangents)]
    np.testing.assert_allclose(slopes, [0, 1, 0.5], atol=0.02)


def test_the_printed_picture_shows_the_same(monkeypatch):
    """Each shape is printed from what the moving picture shows; here, where and how it looks."""
    explorer = make("tanh", cursor=0.5)
    figures, savefig = [], Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *a, **k: figures.append(self) or savefig(self, *a, **k)
    )
    explorer._repr_mimebundle_()
    panels = figures[-1].axes
    drawn = [line for panel in panels for line in panel.lines if len(line.get_xdata()) == 481]
    colors = [line.get_color() for line in drawn]
    assert colors == [FUNCTION, DERIVATIVE, "black"]
    np.testing.assert_allclose(drawn[0].get_ydata(), np.tanh(explorer._grid))
    for line in drawn[1:]:
        np.testing.assert_allclose(line.get_ydata(), 1 - np.tanh(explorer._grid) ** 2, atol=1e-9)
    texts = {text.get_text(): text for panel in panels for text in panel.texts}
    assert {"tanh(x, alpha = 1.00, beta = 1.00)", "f(x)", "f′(x)"} <= set(texts)
    assert not any(text.get_annotation_clip() for text in texts.values() if "f" in text.get_text())


def test_labels_stand_on_the_free_side_of_a_curve():
    for cursor, anchor in (-1.0, "end"), (1.0, "start"):  # on the way up to the bump, and down
        explorer = make("bump", cursor=cursor)
        (label,) = [t for t in svg(explorer).iter("text") if (t.text or "").startswith("slope")]
        assert label.get("text-anchor") == anchor


def test_curves_pass_through_nan_inf_and_jumps():
    x = np.arange(9.0)
    y = np.array([np.nan, 1, 2, np.nan, np.nan, 5, np.inf, -np.inf, 3])
    with np.errstate(invalid="ignore"):
        d = path(x, np.clip(y, -1000, 1000))
    assert d.count("M") == 2 and "nan" not in d and "inf" not in d
    for name in "logarithm", "square_root", "stairs":
        explorer = make(name, cursor=-2.0)
        curves = [e.get("d") for e in svg(explorer).iter() if e.get("d") is not None]
        assert all("nan" not in d and "inf" not in d for d in curves)
    steps = max(d.count("M") for d in curves)
    assert steps >= 12  # a stair is drawn as steps, not as a slope


@pytest.mark.parametrize("height", [1.0, -1.0, 30.0])
def test_a_jump_is_no_wall(height):
    """Neither the moving nor the printed curve leads from one side of a jump to the other."""
    x = np.linspace(-6, 6, 481)
    y = height * (x > 0.01) + 0.1 * np.sin(x)
    picture = make(ylim=(-2, 2))._picture
    runs = path(*picture.pixels(0, x, y)).split("M")[1:]
    figure, axes = picture._figure(72)
    Line(0, x, y, "#000000").print(axes[0])
    printed = axes[0].lines[-1].get_ydata()
    for run in [*(np.array(re.findall(r" ([-\d.]+)", run), float) for run in runs)]:
        assert np.ptp(run) < 30
    pieces = np.split(printed, np.flatnonzero(np.isnan(printed)))
    assert len(runs) == len(pieces) == 2 and all(np.nanmax(p) - np.nanmin(p) < 0.3 for p in pieces)


def test_a_path_keeps_within_a_fifth_of_a_pixel_of_the_curve():
    x = np.linspace(50, 566, 481)
    for y in 100 * np.sin(x / 20), np.exp(x / 100), 0.5 * x, np.abs(x - 300):
        points = np.array(re.findall(r"([-\d.]+) ([-\d.]+)", path(x, y)), float)
        aside = np.abs(np.interp(x, *points.T) - y) / np.hypot(1, np.gradient(y, x))
        assert aside.max() < 0.2


def test_without_a_kernel_there_is_a_picture_and_a_sentence():
    explorer = make()
    (bundle, metadata), (again, _) = explorer._repr_mimebundle_(), make()._repr_mimebundle_()
    assert metadata == {"image/png": {"width": 640}}
    assert bundle["image/png"] == again["image/png"]
    assert bundle["text/plain"] == again["text/plain"] == svg(explorer).get("aria-label")
    assert "application/vnd.jupyter.widget-view+json" in bundle
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert len(bundle["image/png"]) < 60_000


@pytest.mark.filterwarnings("error")
def test_where_f_is_finite_nowhere_there_is_no_tick():
    explorer = explore(lambda x, c: log(c - x * x - 1), c=(-4, 20, -1))
    assert "✓" not in text(explorer) and "✗ Problem: f is finite nowhere here" in text(explorer)
    assert "f is finite nowhere here" in explorer._repr_mimebundle_()[0]["text/plain"]
    move(explorer, c=20.0)
    assert "✓ They agree: wherever f is finite" in text(explorer)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("f", "cursor"),
    [
        (lambda x: exp(6 * x), 6.0),
        (lambda x: exp(120 * x), 5.9),
        (lambda x: exp(300 * x), 6.0),
        (lambda x: 2e307 * x, -6.0),  # its range is no number of float64
    ],
)
def test_a_steep_function_is_told_in_powers_of_ten(f, cursor):
    explorer = explore(f, cursor=cursor)
    said = text(explorer) + explorer._repr_mimebundle_()[0]["text/plain"]
    assert "✓ They agree" in said and "of the slope." in said
    assert not re.search(r"\d{6}\.", said + "".join(svg(explorer).itertext()))


def test_a_narrow_axis_has_as_many_points():
    explorer = explore(lambda x: 2.0 * x, xlim=(0, 1e-12), cursor=0)
    assert len(np.unique(explorer._grid)) == 481
    assert make()._grid.tolist().count(0.0) == 1 and 0.3 in make()._grid


@pytest.mark.parametrize("name", ["$_$", "a < b & c", "\\frac$", "f_x^2"])
def test_a_name_or_a_message_is_no_formula_and_no_markup(name):
    def fails(x):
        raise ValueError(f"${name}$")

    for explorer in explore(exp, name=name), explore(fails, name=name):
        assert any(name in (label.text or "") for label in svg(explorer).iter("text"))
        assert name in svg(explorer).get("aria-label")
        bundle, _ = explorer._repr_mimebundle_()
        assert name in bundle["text/plain"] and bundle["image/png"]
    assert f"${name}$" in svg(explorer).get("aria-label")


@pytest.mark.filterwarnings("error")
def test_a_step_that_leads_to_where_f_is_not_finite_is_no_bend():
    explorer = explore(log, xlim=(0.5, 6), h=(1e-5, 1, 1), name="log")
    assert "with h = 1e+00 the central difference is not finite everywhere" in text(explorer)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_rule_is_seen_in_the_read_out(mistake):
    name = "relu" if "kink" in mistake else "tanh"
    explorer = make(name, mistake=mistake)
    assert "They disagree" in text(explorer) and "✗" in text(explorer)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_agrees_at_both_ends_of_every_slider(name, engine):
    explorer = make(name, engine)
    for key, slider in explorer._parameters.items():
        for value in slider.min, slider.max, slider.value:
            move(explorer, **{key: value})
            assert "They agree" in text(explorer), (key, value, text(explorer))


def broken(x):
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    "f, words",
    [
        (broken, "ZeroDivisionError: division by zero"),
        (lambda x: None, "it returned nothing (None)"),
        (lambda x: np.exp(x), "NumPy was given a Tensor"),
        (lambda x: x.sum(), "keeps the shape"),
        (lambda x: x.reshape((-1, 1)), "into (482, 1); an element-wise function keeps the shape"),
        (lambda x: x.reshape((-1, 1)) * [1.0, 2.0], "into (482, 2)"),
        (lambda x: x.detach(), "has no gradient"),
        (lambda x: x > 0, "has no gradient"),
        (lambda x, y: x, "missing 1 required positional argument"),
    ],
)
def test_what_is_wrong_with_a_function_is_said_and_not_raised(f, words):
    explorer = explore(f)
    assert "Problem:" in text(explorer) and words in text(explorer)
    assert words in explorer._repr_mimebundle_()[0]["text/plain"]


def test_a_function_that_breaks_under_a_slider_recovers():
    def f(x, alpha):
        if alpha > 2:
            raise ValueError("alpha > 2 <is> too much")
        return x * alpha

    explorer = explore(f, alpha=(0, 4, 1.0))
    move(explorer, alpha=3.0)
    assert "Problem:" in text(explorer) and "&lt;is&gt;" in shown(explorer)
    move(explorer, alpha=1.5)
    assert "They agree" in text(explorer)


def test_without_autograd_a_formula_is_compared():
    f, slope, sliders = ACTIVATIONS["sigmoid"]
    explorer = explore(f, derivative=slope, name="sigmoid", h=(1e-13, 1, 6e-6), **sliders)
    assert "f′(x) by formula" in text(explorer) and "They agree" in text(explorer)
    move(explorer, h=0.5)
    assert "The formula is right: with h = 5e-01" in text(explorer)
    assert "the curve bends" in text(explorer)
    move(explorer, h=1e-12)
    assert "magnifies rounding errors" in text(explorer)
    wrong = explore(f, derivative=lambda x, alpha, beta: -slope(x, alpha, beta), **sliders)
    assert "right but for its sign" in text(wrong)


def test_axes_may_be_given_and_a_slider_its_step():
    explorer = make(xlim=(-2, 4), ylim=(-1, 3), slope_ylim=(0, 9), alpha=(0, 1, 0.5, 0.25))
    assert explorer._picture.xlim == (-2, 4)
    assert explorer._picture.ylims == ((-1, 3), (0, 9))
    assert explorer._sliders["alpha"].step == 0.25


@pytest.mark.parametrize(
    "bounds", [(0.1, 4, 1.0), (-3, 3, 0), (-6, 6, 1), (0, 1e6, 1), (0.5, 2, 1.05), (0, 1, 0.01)]
)
def test_the_start_lies_on_a_step(bounds):
    low, high, start = bounds
    step = round_step(low, high, start)
    assert (high - low) / step >= 60
    assert abs((start - low) / step - round((start - low) / step)) < 1e-6


def test_labels_stay_inside_the_picture():
    explorer = make()
    for cursor in np.linspace(-6, 6, 49):
        move(explorer, cursor=float(cursor))
        for label in svg(explorer).iter("text"):
            x, y = float(label.get("x")), float(label.get("y"))
            assert 0 < x < 640 and 10 < y < PANELS[1][1] + 5
