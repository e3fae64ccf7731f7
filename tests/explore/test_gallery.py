"""The gallery: what is chosen, compared and pushed through; what an event costs and says."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import ipywidgets
import numpy as np
import pytest
from functions import ACTIVATIONS, operation
from ipywidgets.widgets import widget
from matplotlib.figure import Figure
from PIL import Image
from test_explorer import svg, text, updates, widgets_of

from mini_autograd import engine as package
from mini_autograd import exp, log
from mini_autograd.explore.gallery import gallery

LIMITS = dict(xlim=(-6, 6), ylim=(-2, 6), slope_ylim=(-1, 2))


def fails(x):
    raise ZeroDivisionError("x <is> 0")


def entry(name, mistake=None):
    return operation(package, name, mistake), ACTIVATIONS[name][2]


CATALOGUE = {name: entry(name) for name in ["tanh", "sigmoid", "relu", "elu", "swish", "logarithm"]}
CATALOGUE |= {"wrong tanh": entry("tanh", "sign"), "broken": (fails, {})}


def make(start=None, **limits):
    return gallery(CATALOGUE, start, **(LIMITS | limits))


def choose(shown, name):
    shown._choice.value = name


def move(shown, **values):
    for key, value in values.items():
        shown._member._sliders[key].value = value


def crowd(shown, **values):
    """Move the sliders of the distribution of inputs."""
    for key, value in values.items():
        shown._crowd._controls[key].value = value


def press(shown, name):
    (button,) = [b for b in widgets_of(shown, ipywidgets.Button) if b.description == name]
    button.click()


def svg_text(shown):
    return "".join(svg(shown._member).itertext())


def pin(shown):
    shown._member._pin.value = True


def panel(shown):
    return ElementTree.fromstring(shown._panel.value)


def densities(shown):
    """The heights of the outputs' and of the inputs' curves, upwards from the axis, in pixels."""
    bars, curve, _ = (path.get("d") for path in panel(shown).iter("path"))
    heights = [[116 - float(y) for y in re.findall(r" ([\d.]+)", d)] for d in (bars, curve)]
    return np.array(heights[0][1:-1:2]), np.array(heights[1])


@pytest.fixture
def figures(monkeypatch):
    """The figures made since the test began."""
    made, init = [], Figure.__init__

    def counted(self, *args, **kwargs):
        made.append(self)
        init(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "__init__", counted)
    return made


def test_the_first_function_or_the_one_to_start_with_is_shown():
    assert make()._choice.value == "tanh"
    assert "sigmoid(x, alpha = 1.00, beta = 0.00)" in make("sigmoid")._member._overlay.value


def test_a_choice_shows_another_function_and_its_sliders():
    shown = make()
    choose(shown, "elu")
    assert "elu(x, alpha = 1.00)" in shown._member._overlay.value
    assert [s.description for s in shown._member._sliders.values()] == ["alpha (α)", "cursor (x)"]
    assert list(shown._hall.children) == [shown._member]
    assert "They agree" in text(shown._member)


def test_axes_are_the_same_for_every_function():
    shown = make()
    for name in CATALOGUE:
        choose(shown, name)
        assert shown._member._picture.xlim == (-6, 6)
        assert shown._member._picture.ylims == ((-2, 6), (-1, 2))


def test_curve_and_crowd_follow_the_sliders():
    shown = make("elu")
    curve, said = shown._member._overlay.value, shown.said
    move(shown, alpha=2.0)
    assert shown._member._overlay.value != curve and "alpha = 2.00" in shown._member._overlay.value
    assert shown.said != said


def test_reset_restores_curve_and_crowd_at_once():
    shown = make("elu")
    start, said = shown._member._overlay.value, shown.said
    move(shown, alpha=3.0, cursor=-2.0)
    sent = updates(shown._panel)
    press(shown, "Reset")
    assert (shown._member._overlay.value, shown.said) == (start, said)
    assert len(sent) == 1


def test_the_inputs_have_a_reset_of_their_own():
    shown = make("elu")
    start = shown.said
    crowd(shown, mean=-2.0, spread=0.5)
    press(shown, "Reset")
    assert "mean −2.00" in shown.said
    press(shown, "Reset inputs")
    assert shown.said == start


# Pins.


def test_pinned_curves_stay_while_another_function_is_chosen():
    shown = make("elu")
    move(shown, alpha=2.0)
    kept = np.maximum(x := shown._member._grid, 0) + 2 * np.expm1(np.minimum(x, 0))
    pin(shown)
    choose(shown, "relu")
    assert "– – elu, alpha = 2.00" in shown._member._overlay.value
    np.testing.assert_allclose(shown.pinned[0][0][0].y, kept)
    assert shown._member._pin.value is False  # ready to pin this one


def test_three_curves_are_compared_and_the_oldest_pin_goes():
    shown = make("tanh")
    for name in ["relu", "elu", "swish"]:
        pin(shown)
        choose(shown, name)
    drawn = shown._member._overlay.value
    assert "···· relu" in drawn  # it keeps its look
    assert "– – elu, alpha = 1.00" in drawn and "tanh" not in drawn
    colors = {p.get("stroke") for p in svg(shown._member).iter() if p.get("stroke")}
    assert {"#B04A86", "#808080", "#0A7EC2"} <= colors


def test_labels_of_pins_do_not_lie_on_each_other():
    shown = make("tanh")
    pin(shown)
    choose(shown, "elu")
    pin(shown)
    labels = [t for t in svg(shown._member).iter("text") if t.text[:1] in "–·"]
    heights = sorted(float(label.get("y")) for label in labels)
    assert len(heights) == 2 and heights[1] - heights[0] >= 15


def test_unpin_all_restores_the_picture():
    shown = make("elu")
    start = shown._member._overlay.value
    pin(shown)
    assert shown._member._overlay.value != start
    press(shown, "Unpin all")
    assert shown.pinned == {} and shown._member._overlay.value == start


def test_every_function_can_be_pinned():
    shown = make()
    for name in CATALOGUE:
        choose(shown, name)
        pins = [b.description for b in widgets_of(shown._member, ipywidgets.ToggleButton)]
        assert pins == ["Pin curve"]


def test_a_function_that_breaks_can_be_pinned_and_left():
    shown = make("broken")
    pin(shown)
    choose(shown, "tanh")
    assert "– – broken" in shown._member._overlay.value
    assert "nan" not in " ".join(e.get("d", "") for e in svg(shown._member).iter())


# The crowd of inputs.


def test_the_crowd_is_described_in_words():
    shown = make("relu")
    assert shown.said.startswith("Inputs: mean 0.00, standard deviation 1.00. Outputs: mean 0.40,")
    assert "for 50% of them the slope is below 0.01" in shown.said
    crowd(shown, mean=-3.0, spread=0.5)
    assert shown.said == (
        "Inputs: mean −3.00, standard deviation 0.50. "
        "Outputs: mean 0.00, standard deviation 0.00; "
        "for 100% of them the slope is below 0.01."
    )


def test_a_mean_that_rounds_to_0_has_no_sign():
    for name in "tanh", "relu", "elu", "swish":
        shown = make(name)
        for mean in (-3.0, 0.0):
            crowd(shown, mean=mean)
            assert "−0.00" not in shown.said, shown.said


def test_the_crowd_is_drawn():
    shown = make("relu")
    outputs, inputs = densities(shown)
    assert len(outputs) == len(inputs) == 80
    assert outputs[:32].max() == 0  # relu leaves nothing below 0 ...
    assert outputs[32] == 92  # ... and half of all at 0, more than the panel holds
    np.testing.assert_allclose(inputs.max(), 92 / np.sqrt(2 * np.pi), rtol=0.05)
    crowd(shown, mean=2.0)
    assert densities(shown)[1].argmax() in (47, 48)
    np.testing.assert_allclose(densities(shown)[0][34:], densities(shown)[1][34:], atol=0.11)


def test_the_crowd_moves_and_the_curve_stays():
    shown = make()
    curve = updates(shown._member._overlay)
    crowd(shown, mean=1.0, spread=2.0)
    assert shown.said.startswith("Inputs: mean 1.00, standard deviation 2.00.") and curve == []


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "f, lost",
    [(CATALOGUE["logarithm"][0], 1000), (log, 1000), (lambda x: log(x * (x > 0)), 1000)]
    + [(lambda x: exp(1e6 * x), 999), (lambda x: log(-x * x - 1), 2000)],
)
def test_outputs_that_are_not_finite_are_counted_and_do_not_warn(f, lost):
    shown = gallery({"f": (f, {})}, **LIMITS)
    assert shown.said.endswith(f"deviation 1.00. Outputs: {lost} of 2000 are not finite.")
    assert "nan" not in " ".join(p.get("d") for p in panel(shown).iter("path"))
    assert (densities(shown)[0].max() > 10) == (lost < 2000)  # the others are drawn


# What is wrong.


@pytest.mark.parametrize(
    ("catalogue", "given", "words"),
    [
        ({}, {}, "a dict is needed, from the name of each function to"),
        (["tanh"], {}, "a dict is needed"),
        ({"f": exp}, {}, "'f': the catalogue is a dict from .* not to <function exp"),
        ({"f": (exp, {}), "g": (3, {})}, {}, "'g': a function is needed, not a int"),
        ({"f": (exp, {}), "g": (exp, dict(a=(0, 1)))}, {}, r"'g': a=\(0, 1\), but a slider is"),
        (
            {"f": (exp, {}), "g": (lambda x, h: x, dict(h=(1, 9, 5)))},
            {},
            "'g': the name h is taken",
        ),
        (CATALOGUE, dict(start="swish2"), "start='swish2' is none of tanh, sigmoid, relu"),
        (CATALOGUE, dict(xlim=(1, 1)), r"xlim=\(1, 1\), but an axis is"),
        (CATALOGUE, dict(ylim=(0, np.inf)), r"ylim=\(0, inf\), but an axis is"),
        (CATALOGUE, dict(ylims=(0, 1, 0.5)), "unexpected keyword argument 'ylims'"),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(catalogue, given, words):
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        gallery(catalogue, **given)
    assert "gallery: " in str(caught.value) or "ylims" in words


@pytest.mark.parametrize("name", ["$_$", "a < b & c"])
def test_names_are_no_formula_and_no_markup(name):
    shown = gallery({name: (exp, {}), "relu": entry("relu")}, **LIMITS)
    pin(shown)
    choose(shown, "relu")
    assert f"– – {name}" in svg_text(shown)
    assert shown._repr_mimebundle_()[0]["image/png"]


def test_a_function_that_raises_is_said_and_left_again():
    shown = make("broken")
    assert "Problem:" in text(shown._member) and "ZeroDivisionError" in text(shown._member)
    assert "x &lt;is&gt; 0" in shown._member._overlay.value
    assert shown.said == "Inputs: mean 0.00, standard deviation 1.00."
    assert densities(shown)[0].max() == 0 and densities(shown)[1].max() > 30
    assert "ZeroDivisionError" in shown._repr_mimebundle_()[0]["text/plain"]
    choose(shown, "tanh")
    assert "They agree" in text(shown._member) and "Outputs" in shown.said


def test_a_wrong_gradient_is_seen():
    shown = make("wrong tanh")
    assert "✗ They disagree" in text(shown._member)
    assert "right but for its sign" in text(shown._member)
    choose(shown, "tanh")
    assert "✓ They agree" in text(shown._member)


# What an event costs, and who can read it.


def test_an_event_sends_little_and_makes_no_figure(figures):
    shown = make("elu")
    pin(shown)
    made, sent = len(figures), updates(shown)
    for alpha in np.linspace(0.5, 3.5, 7):
        sent.clear()
        move(shown, alpha=float(alpha))
        changed = {change[0] for change in sent}
        assert changed <= {shown._member._sliders["alpha"], shown._member._overlay, shown._panel}
        assert len(shown._panel.value.encode()) < 8_000
    crowd(shown, mean=2.0, spread=0.5)
    pin(shown)
    press(shown, "Unpin all")
    press(shown, "Reset")
    assert len(figures) == made


def test_every_control_is_named_and_works_by_keyboard():
    shown = make("elu")
    controls = list(widgets_of(shown, (ipywidgets.FloatSlider, ipywidgets.Dropdown)))
    names = [control.description for control in controls]
    assert sorted(names) == sorted(["function", "alpha (α)", "cursor (x)", "mean", "spread"])
    buttons = [button.description for button in widgets_of(shown, ipywidgets.Button)]
    assert len(set(buttons)) == len(buttons)
    sliders = [control for control in controls if control.description != "function"]
    assert all(slider.readout and slider.continuous_update for slider in sliders)


def test_the_panel_says_what_it_shows():
    shown = make()
    (image,) = panel(shown).iter("svg")
    assert image.get("role") == "img" and image.get("aria-label") == shown.said
    assert 'role="status"' in shown._panel.value
    crowd(shown, mean=1.0)
    (image,) = panel(shown).iter("svg")
    assert image.get("aria-label") == shown.said and "mean 1.00" in shown.said
    ticks = [t.text for t in panel(shown).iter("text")]
    assert ticks[:6] == ["−4", "−2", "0", "2", "4", "6"]


def test_without_a_kernel_there_is_a_picture_and_two_sentences():
    shown = make("elu")
    (bundle, sizes), (again, _) = shown._repr_mimebundle_(), make("elu")._repr_mimebundle_()
    assert bundle["text/plain"] == f"{svg(shown._member).get('aria-label')}\n{shown.said}"
    assert bundle["image/png"] == again["image/png"] and sizes == {"image/png": {"width": 640}}
    assert "application/vnd.jupyter.widget-view+json" in bundle
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).convert("RGB")
    assert image.size[0] > 640 and image.getpixel((0, 0)) == (255, 255, 255)


def test_functions_chosen_again_make_no_new_widgets():
    shown = make("tanh")
    for name in ["relu", "swish", "tanh"]:
        choose(shown, name)
    alive = len(widget._instances)
    for name in 3 * ["relu", "swish", "tanh"]:
        choose(shown, name)
    assert len(widget._instances) == alive


def test_what_changed_meanwhile_is_shown_when_a_function_is_chosen_again():
    shown = make("tanh")
    pin(shown)
    assert "– –" in svg_text(shown)
    choose(shown, "relu")
    press(shown, "Unpin all")
    crowd(shown, mean=2.0)
    choose(shown, "tanh")
    assert "– –" not in svg_text(shown)
    assert "mean 2.00" in shown.said and "mean 2.00" in shown._panel.value
