"""The gallery: what is refused, what the page is told, what the engine makes of a crowd."""

import base64
import io
import json

import numpy as np
import programs
import pytest
from functions import ACTIVATIONS, operation
from matplotlib.figure import Figure
from PIL import Image

from mini_autograd import engine as package
from mini_autograd import exp, log
from mini_autograd.explore.gallery import _NORMAL, gallery
from mini_autograd.explore.live import SPEC

LIMITS = dict(xlim=(-6, 6), ylim=(-2, 6), slope_ylim=(-1, 2))


def fails(x):
    raise ZeroDivisionError("x <is> 0")


def entry(name, mistake=None):
    return operation(package, name, mistake), ACTIVATIONS[name][2]


CATALOGUE = {name: entry(name) for name in ["tanh", "sigmoid", "relu", "elu", "swish", "logarithm"]}


def make(start=None, catalogue=CATALOGUE, **limits):
    return gallery(catalogue, start, **(LIMITS | limits))


def ask(shown, name, mean=0.0, spread=1.0, **values):
    """What the kernel answers: its arrays and texts."""
    inputs = {"mean of inputs": mean, "spread of inputs": spread}
    member = shown._members[name]
    shown.tell(member.start | values | inputs | {"the function": name})
    found = shown.answered["found"]
    return {k: v if isinstance(v, str) else np.frombuffer(v, "<f8") for k, v in found.items()}


def test_the_first_function_or_the_one_to_start_with_is_shown():
    assert make().spec["start"] == "tanh" and make("sigmoid").spec["start"] == "sigmoid"
    assert make("sigmoid")._repr_mimebundle_()[0]["text/plain"].startswith("sigmoid and its")


def test_every_function_is_told_with_its_sliders_and_programs():
    spec = make().spec
    assert [one["name"] for one in spec["members"]] == list(CATALOGUE)
    (elu,) = [one for one in spec["members"] if one["name"] == "elu"]
    assert [one["label"] for one in elu["sliders"]] == ["alpha (α)", "cursor (x)"]
    assert [one["label"] for one in spec["inputs"]] == ["mean of inputs", "spread of inputs"]
    assert all("program" in one and "crowd" in one for one in spec["members"])


def test_axes_are_the_same_for_every_function():
    for one in make().spec["members"]:
        assert one["xlim"] == [-6, 6] and one["ylims"] == [[-2, 6], [-1, 2]]


def test_a_spec_is_small_and_every_run_repeats_it():
    def text():
        return json.dumps(make().spec, allow_nan=False)

    assert text() == text() and len(text()) < 6000 * len(CATALOGUE)


# --- The crowd of inputs --------------------------------------------------------------------------


def test_the_inputs_are_normally_distributed():
    assert len(_NORMAL) == 2000 and np.all(np.diff(_NORMAL) > 0)
    np.testing.assert_allclose(_NORMAL, -_NORMAL[::-1], atol=1e-12)
    assert abs(_NORMAL.std() - 1) < 2e-3


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_becomes_of_the_crowd_is_what_f_makes_of_it(name):
    shown, (f, slope, _) = make(), ACTIVATIONS[name]
    start = {key: one[2] for key, one in ACTIVATIONS[name][2].items()}
    with np.errstate(all="ignore"):
        found, x = ask(shown, name, mean=1.5, spread=0.5), 1.5 + 0.5 * _NORMAL
        np.testing.assert_array_equal(found["outputs"], f(x, **start))
        np.testing.assert_array_equal(found["slopes"], slope(x, **start))
    (spec,) = [one for one in shown.spec["members"] if one["name"] == name]
    (outputs, slopes), broken = programs.run(spec["crowd"], [x, *start.values()])
    assert broken == -1
    np.testing.assert_allclose(outputs, found["outputs"], rtol=1e-12)
    np.testing.assert_allclose(slopes, found["slopes"], rtol=1e-12)


def test_the_crowd_is_described_in_words():
    said = make("relu")._repr_mimebundle_()[0]["text/plain"].splitlines()[1]
    assert said == (
        "Inputs: mean 0.00, standard deviation 1.00. "
        "Outputs: mean 0.40, standard deviation 0.58; for 50% of them the slope is below 0.01."
    )


def test_a_mean_that_rounds_to_0_has_no_sign():
    for name in "tanh", "relu", "elu", "swish":
        assert "−0.00" not in make(name)._repr_mimebundle_()[0]["text/plain"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "f, lost",
    [(CATALOGUE["logarithm"][0], 1000), (log, 1000), (lambda x: log(x * (x > 0)), 1000)]
    + [(lambda x: exp(1e6 * x), 999), (lambda x: log(-x * x - 1), 2000)],
)
def test_outputs_that_are_not_finite_are_counted_and_do_not_warn(f, lost):
    said = make(catalogue={"f": (f, {})})._repr_mimebundle_()[0]["text/plain"]
    assert said.endswith(f"deviation 1.00. Outputs: {lost} of 2000 are not finite.")


# --- What is wrong --------------------------------------------------------------------------------


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


def test_a_function_that_raises_is_said():
    catalogue = {"broken": (fails, {})} | CATALOGUE
    shown = make("broken", catalogue)
    found = ask(shown, "broken")
    assert found["problem"] == "ZeroDivisionError: x <is> 0" and len(found["outputs"]) == 0
    assert ask(shown, "tanh")["problem"] == "" and len(ask(shown, "tanh")["outputs"]) == 2000
    bundle, _ = shown._repr_mimebundle_()
    assert "ZeroDivisionError" in bundle["text/plain"]
    assert bundle["text/plain"].endswith("\nInputs: mean 0.00, standard deviation 1.00.")


def test_a_wrong_gradient_is_found():
    catalogue = CATALOGUE | {"wrong tanh": entry("tanh", "sign")}
    shown = make(catalogue=catalogue)
    assert (ask(shown, "wrong tanh")["error"] > 0).any()
    assert not (ask(shown, "tanh")["error"] > 0).any()


# --- Without a kernel -----------------------------------------------------------------------------


def test_without_a_kernel_there_is_a_picture_and_two_sentences():
    (bundle, sizes), (again, _) = make("elu")._repr_mimebundle_(), make("elu")._repr_mimebundle_()
    first, second = bundle["text/plain"].splitlines()
    assert first.startswith("elu and its derivative for alpha = 1.00. At x = 1.00, f(x) = 1.0000")
    assert second.startswith("Inputs: mean 0.00")
    assert bundle["image/png"] == again["image/png"] and sizes == {"image/png": {"width": 640}}
    assert "application/vnd.jupyter.widget-view+json" in bundle
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).convert("RGB")
    assert image.size[0] > 640 and image.getpixel((0, 0)) == (255, 255, 255)


def test_a_function_without_a_program_leaves_the_gallery_a_picture(monkeypatch):
    figures, savefig = [], Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *a, **k: figures.append(self) or savefig(self, *a, **k)
    )
    catalogue = CATALOGUE | {"followed by nobody": (lambda x, a: x * float(a), dict(a=(0, 4, 1.0)))}
    bundle, _ = make(catalogue=catalogue)._repr_mimebundle_()
    assert SPEC not in bundle and bundle["image/png"]
    assert "Run this cell in JupyterLab to choose a function" in figures[0].texts[0].get_text()
    assert SPEC in make()._repr_mimebundle_()[0]


@pytest.mark.parametrize("name", ["$_$", "a < b & c"])
def test_names_are_no_formula(name):
    assert make(catalogue={name: (exp, {})})._repr_mimebundle_()[0]["image/png"]
