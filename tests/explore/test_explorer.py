"""The explorer: what is refused, what the engine answers, what is printed for those without it."""

import base64
import io
import re

import numpy as np
import pytest
from functions import ACTIVATIONS, MISTAKES, operation
from matplotlib.figure import Figure
from PIL import Image
from said import agrees, by_difference, verdict

from mini_autograd import engine as package
from mini_autograd import exp, log
from mini_autograd.explore import explore
from mini_autograd.explore.explored import FIELDS, Explored
from mini_autograd.explore.live import SPEC
from mini_autograd.explore.printed import printed
from mini_autograd.explore.sliders import round_step
from mini_autograd.explore.style import DERIVATIVE, FUNCTION


def make(name="sigmoid", engine=package, mistake=None, **options):
    sliders = ACTIVATIONS[name][2]
    made = operation(engine, name, mistake)
    return explore(made, Tensor=engine.Tensor, **(sliders | options))


def curve(explorer, **values):
    return explorer.explored.examine(explorer.explored.start | values)


def text(explorer, **values):
    """The verdict for these values of the sliders."""
    values = explorer.explored.start | values
    return verdict(explorer.explored.examine(values), explorer.explored.by, values.get("h"))


@pytest.fixture
def saved(monkeypatch):
    """The figures that were saved since the test began."""
    figures, savefig = [], Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *a, **k: figures.append(self) or savefig(self, *a, **k)
    )
    return figures


# --- What is refused ------------------------------------------------------------------------------

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
        (dict(presets={"steep": dict(alpha=np.nan)}), "'steep' asks for alpha=nan, to which"),
        (dict(presets={"a": dict(h=3)}, h=(1e-9, 1, 1e-5)), "'a' asks for h=3, to which"),
        (dict(presets={"a": dict(h=-1)}, h=(1e-9, 1, 1e-5)), "'a' asks for h=-1, to which"),
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
    told = make(presets=presets, **ends).spec["presets"]
    assert [one["to"]["h"] for one in told] == [3e-15, 0.7]


def test_a_preset_sets_every_parameter_and_leaves_the_cursor():
    presets = {"steep": dict(alpha=4), "late": dict(beta=1)}
    assert [one["to"] for one in make(presets=presets).spec["presets"]] == [
        dict(alpha=4, beta=0),
        dict(alpha=1, beta=1),
    ]


def test_parameters_may_have_any_name_but_those_of_the_explorer_itself():
    def f(h, f, self, cls):  # the first is x, by whatever name
        return h * f + self * cls

    names = dict.fromkeys(["f", "self", "cls"], (0, 1, 0.5))
    assert "They agree" in text(explore(f, **names))
    for taken in (lambda x, h: x * h, lambda x, cursor=1: x, lambda x, name: x):
        with pytest.raises(ValueError, match="explore: the name .* is taken: rename"):
            explore(taken, h=(0.1, 1, 0.5))


# --- Axes and sliders -----------------------------------------------------------------------------


def test_axes_hold_the_curve_at_the_ends_of_every_slider():
    explored = make().explored
    assert explored.ylims[1][1] > 1  # the steepest slope, 4 / 4
    for key, slider in explored.parameters.items():
        for end in "min", "max":
            found = explored.examine(explored.start | {key: slider[end]})
            for (low, high), values in zip(explored.ylims, (found.y, found.slope), strict=True):
                assert low < values.min() and values.max() < high


def test_axes_may_be_given_and_a_slider_its_step():
    explorer = make(xlim=(-2, 4), ylim=(-1, 3), slope_ylim=(0, 9), alpha=(0, 1, 0.5, 0.25))
    assert explorer.spec["xlim"] == [-2, 4]
    assert explorer.spec["ylims"] == [[-1, 3], [0, 9]]
    assert explorer.spec["sliders"][0]["step"] == 0.25


@pytest.mark.parametrize(
    "bounds", [(0.1, 4, 1.0), (-3, 3, 0), (-6, 6, 1), (0, 1e6, 1), (0.5, 2, 1.05), (0, 1, 0.01)]
)
def test_the_start_lies_on_a_step(bounds):
    low, high, start = bounds
    step = round_step(low, high, start)
    assert (high - low) / step >= 60
    assert abs((start - low) / step - round((start - low) / step)) < 1e-6


def test_every_slider_is_named():
    sliders = make(h=(1e-12, 1, 1e-5)).spec["sliders"]
    assert [one["label"] for one in sliders] == ["alpha (α)", "beta (β)", "cursor (x)", "step (h)"]
    assert [one["digits"] for one in sliders] == [2, 2, 2, 1]


def test_a_narrow_axis_has_as_many_points():
    explored = Explored(lambda x: 2.0 * x, xlim=(0, 1e-12), cursor=0)
    assert len(np.unique(explored.grid)) == 481
    grid = make().explored.grid
    assert grid.tolist().count(0.0) == 1 and 0.3 in grid


# --- What the engine answers ----------------------------------------------------------------------


def arrays(explorer):
    """The last answer, as the page reads it."""
    found = explorer.answered["found"]
    return {name: np.frombuffer(found[name], "<f8") for name in FIELDS if name in found}


def test_an_answer_is_the_curve_of_the_engine():
    explorer = make("tanh")
    assert explorer.answered == {} and explorer.values == dict(alpha=1, beta=1, cursor=1)
    explorer.tell(dict(alpha=2, beta=0.5, cursor=-1), "17")
    want = curve(explorer, alpha=2.0, beta=0.5, cursor=-1.0)
    for field, found in arrays(explorer).items():
        np.testing.assert_array_equal(found, getattr(want, field))
    assert explorer.answered["question"] == "17" and explorer.answered["found"]["problem"] == ""
    assert explorer.values == dict(alpha=2, beta=0.5, cursor=-1)


def test_whole_numbers_come_back_as_the_floats_they_were():
    kinds = []

    def f(x, alpha):
        kinds.append(type(alpha))
        return alpha * x

    explorer = explore(f, alpha=(0, 4, 1.0))
    kinds.clear()
    explorer.tell(dict(alpha=2, cursor=1))
    assert set(kinds) == {float}


def test_what_only_a_kernel_can_compute_is_there_from_the_start():
    explorer = explore(lambda x, alpha: x * float(alpha), alpha=(0, 4, 1.0))
    assert "program" not in explorer.spec
    assert explorer.answered["values"] == dict(alpha=1, cursor=1)
    np.testing.assert_allclose(arrays(explorer)["y"][:-1], explorer.explored.grid)


def test_the_page_hears_of_an_interrupt():
    class Interrupt(BaseException):
        """As KeyboardInterrupt is; that would end pytest itself if nobody caught it."""

    def f(x, alpha):
        if float(alpha) > 2:
            raise Interrupt
        return x

    explorer = explore(f, alpha=(0, 2, 1.0))
    explorer.tell(dict(alpha=3, cursor=1), "again")
    assert explorer.answered["question"] == "again"
    assert explorer.answered["found"] == dict(problem="Interrupt: ")


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
    assert words in explorer.answered["found"]["problem"]
    assert words in explorer._repr_mimebundle_()[0]["text/plain"]


def test_a_function_that_breaks_under_a_slider_recovers():
    def f(x, alpha):
        if alpha > 2:
            raise ValueError("alpha > 2 is too much")
        return x * alpha

    explorer = explore(f, alpha=(0, 4, 1.0))
    explorer.tell(dict(alpha=3, cursor=1))
    assert explorer.answered["found"]["problem"] == "ValueError: alpha > 2 is too much"
    explorer.tell(dict(alpha=1.5, cursor=1))
    assert explorer.answered["found"]["problem"] == "" and arrays(explorer)["y"][-1] == 1.5


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_agrees_at_both_ends_of_every_slider(name, engine):
    explorer = make(name, engine)
    for key, slider in explorer.explored.parameters.items():
        for value in slider["min"], slider["max"], slider["start"]:
            assert agrees(curve(explorer, **{key: value})), (key, value)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_rule_is_seen(mistake):
    name = "relu" if "kink" in mistake else "tanh"
    assert "They disagree" in text(make(name, mistake=mistake))


def test_cursor_at_a_kink_and_at_a_jump():
    assert by_difference(curve(make("relu", cursor=0.0)), -1) == "left 0.00, right 1.00"
    assert by_difference(curve(make("sign", cursor=0.0)), -1) == "none, f jumps"


def test_without_autograd_a_formula_is_compared():
    f, slope, sliders = ACTIVATIONS["sigmoid"]
    explorer = explore(f, derivative=slope, name="sigmoid", h=(1e-13, 1, 6e-6), **sliders)
    assert explorer.spec["by"] == "formula" and "They agree" in text(explorer)
    assert "The formula is right: with h = 0.5 " in text(explorer, h=0.5)
    assert "the curve bends" in text(explorer, h=0.5)
    assert "magnifies rounding errors" in text(explorer, h=1e-12)
    wrong = explore(f, derivative=lambda x, alpha, beta: -slope(x, alpha, beta), **sliders)
    assert "right but for its sign" in text(wrong)


@pytest.mark.filterwarnings("error")
def test_where_f_is_finite_nowhere_it_is_said():
    explorer = explore(lambda x, c: log(c - x * x - 1), c=(-4, 20, -1))
    assert "Problem: f is finite nowhere here" in text(explorer)
    assert "f is finite nowhere here" in explorer._repr_mimebundle_()[0]["text/plain"]
    assert "They agree: wherever f is finite" in text(explorer, c=20.0)


@pytest.mark.filterwarnings("error")
def test_a_step_that_leads_to_where_f_is_not_finite_is_no_bend():
    explorer = explore(log, xlim=(0.5, 6), h=(1e-5, 1, 1), name="log")
    assert "with h = 1 the central difference is not finite everywhere" in text(explorer)


# --- What is printed ------------------------------------------------------------------------------


def test_without_a_kernel_there_is_a_picture_and_a_sentence():
    (bundle, metadata), (again, _) = make()._repr_mimebundle_(), make()._repr_mimebundle_()
    assert metadata == {"image/png": {"width": 640}}
    assert bundle["image/png"] == again["image/png"]
    assert bundle["text/plain"] == (
        "sigmoid and its derivative for alpha = 1.00, beta = 0.00. "
        "At x = 1.00, f(x) = 0.7311 and f'(x) = 0.1966 by autograd."
    )
    assert "application/vnd.jupyter.widget-view+json" in bundle
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert len(bundle["image/png"]) < 60_000


def test_the_caption_is_whole_whatever_f_is_called_and_says(saved):
    def f(x):
        raise ValueError("many words " * 20 + "end.\nAnd another line")

    for one in explore(exp, name="f, e.g. this. That"), explore(f):
        one._repr_mimebundle_()
    at, broken = (figure.texts[0].get_text().splitlines() for figure in saved)
    assert at[0] == "At x = 1.00, f(x) = 2.7183 and f'(x) = 2.7183 by autograd."
    assert broken[0].startswith("ValueError: many words") and len(broken) == 5
    assert max(map(len, broken)) <= 84 and broken[3] == "And another line"


def test_the_caption_says_where_there_is_more(saved):
    make()._repr_mimebundle_()
    explore(lambda x, alpha: x * float(alpha), alpha=(0, 4, 1.0))._repr_mimebundle_()
    live, still = (figure.texts[0].get_text().splitlines() for figure in saved)
    assert live[0] == "At x = 1.00, f(x) = 0.7311 and f'(x) = 0.1966 by autograd."
    words = "Open this page in JupyterLab or in the web edition to move "
    assert " ".join(live[1:]) == f"{words}x, alpha (0.1 to 4), beta (−3 to 3)."
    assert still[1:] == ["Run this cell in JupyterLab to move x, alpha (0 to 4)."]


def test_the_printed_picture_shows_f_its_slope_and_the_tangent(saved):
    explorer = make("tanh", cursor=0.5)
    explorer._repr_mimebundle_()
    panels = saved[-1].axes
    drawn = [line for panel in panels for line in panel.lines if len(line.get_xdata()) == 481]
    assert [line.get_color() for line in drawn] == [FUNCTION, DERIVATIVE, "black"]
    grid, slope = explorer.explored.grid, 1 - np.tanh(0.5) ** 2
    np.testing.assert_allclose(drawn[0].get_ydata(), np.tanh(grid))
    for line in drawn[1:]:
        np.testing.assert_allclose(line.get_ydata(), 1 - np.tanh(grid) ** 2, atol=1e-9)
    (tangent,) = [line for line in panels[0].lines if line.get_label().startswith("tangent")]
    np.testing.assert_allclose(np.ptp(tangent.get_ydata()) / np.ptp(tangent.get_xdata()), slope)
    dots = [line for panel in panels for line in panel.lines if line.get_marker() == "o"]
    points = [(*dot.get_xdata(), *dot.get_ydata()) for dot in dots]
    np.testing.assert_allclose(points, [(0.5, np.tanh(0.5)), (0.5, slope)])
    names = [text.get_text() for text in panels[0].get_legend().get_texts()]
    assert names == ["f(x)", "tangent, slope 0.79"] and panels[1].get_legend() is None
    titles = [text.get_text() for panel in panels for text in panel.texts if text.get_text() != "x"]
    below = "f′(x) by autograd, dotted by central difference"
    assert titles == ["tanh(x, alpha = 1.00, beta = 1.00)", below]


def test_at_a_kink_both_tangents_are_printed(saved):
    make("relu_at_0", cursor=0.0, c=(0, 1, 0.5))._repr_mimebundle_()
    pieces = [line for line in saved[-1].axes[0].lines if line.get_color() == DERIVATIVE]
    slopes = [np.ptp(line.get_ydata()) / np.ptp(line.get_xdata()) for line in pieces]
    np.testing.assert_allclose(slopes, [0, 1, 0.5], atol=1e-3)
    assert [line.is_dashed() for line in pieces] == [True, True, False]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["logarithm", "square_root", "stairs"])
def test_gaps_and_poles_are_printed(name):
    explorer = make(name, cursor=-2.0)
    assert explorer._repr_mimebundle_()[0]["image/png"]


@pytest.mark.parametrize("height", [1.0, -1.0, 30.0])
def test_a_printed_jump_is_no_wall(height, saved):
    x = np.linspace(-6, 6, 482)
    found = curve(make(ylim=(-2, 2)))
    found.x, found.y = x, height * (x > 0.01) + 0.1 * np.sin(x)
    printed([*make(ylim=(-2, 2)).explored._panels(found)])
    (line,) = [one for one in saved[-1].axes[0].lines if len(one.get_xdata()) == 482]
    drawn = line.get_ydata()
    before, after = np.split(drawn, np.flatnonzero(np.isnan(drawn)))
    assert np.ptp(before) < 0.3 and np.ptp(after[1:]) < 0.3
    np.testing.assert_array_equal([*before, *after[1:]], found.y[:-1])  # and no point is lost


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
    assert "They agree" in said and "of the slope." in said
    assert not re.search(r"\d{6}\.", said)


@pytest.mark.parametrize("name", ["$_$", "a < b & c", "\\frac$", "f_x^2"])
def test_a_name_or_a_message_is_no_formula(name, saved):
    def fails(x):
        raise ValueError(f"${name}$")

    for explorer in explore(exp, name=name), explore(fails, name=name):
        bundle, _ = explorer._repr_mimebundle_()
        assert name in bundle["text/plain"] and bundle["image/png"]
        assert f"{name}(x)" in [text.get_text() for text in saved[-1].axes[0].texts]
    assert f"${name}$" in bundle["text/plain"] and SPEC not in bundle
