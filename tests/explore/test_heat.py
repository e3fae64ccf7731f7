"""Matrices under sliders: what the cells say, what an event costs, what goes wrong."""

import re

import ipywidgets
import numpy as np
import pytest
from matplotlib.figure import Figure

from mini_autograd import tensor
from mini_autograd.explore import heat
from mini_autograd.explore.style import DERIVATIVE, FUNCTION


def products(a, b):
    return {"products": np.array([[a * a, a * b], [b * a, b * b]]), "a row": [a, b]}


def make(f=products, **options):
    return heat(f, **(dict(a=(-2, 2, 0.5), b=(-2, 2, -1.0)) | options))


def cells(shown):
    """The text of each cell."""
    return re.findall(r"<td[^>]*>([^<]*)</td>", shown._tables.value)


def tints(shown):
    """The colour of each cell, and how strong it is."""
    found = re.findall(r"color-mix\(in srgb, (#\w+) (\d+)%", shown._tables.value)
    return [(color, int(strength)) for color, strength in found]


def move(shown, **values):
    for key, value in values.items():
        shown._sliders[key].value = value


def reset(shown):
    shown._panel.children[1].children[0].click()


def redraws(shown):
    """The tables sent from now on."""
    sent = []
    shown._tables.observe(lambda change: sent.append(change["new"]), "value")
    return sent


def test_cells_follow_the_sliders():
    shown = make()
    assert cells(shown) == ["0.250", "−0.500", "−0.500", "1.000", "0.500", "−1.000"]
    move(shown, a=2.0)
    assert cells(shown) == ["4.000", "−2.000", "−2.000", "1.000", "2.000", "−1.000"]
    assert shown._tables.value.count("<tr>") == 3
    assert shown._tables.value.count("<caption") == 2 and ">a row</caption>" in shown._tables.value


def test_what_rounds_to_0_has_no_sign():
    assert cells(heat(lambda a: {"m": [-1e-9, 0.0, -0.0]}, a=(0, 1, 0))) == ["0.000"] * 3


def test_what_is_large_has_a_power_of_ten():
    assert cells(heat(lambda a: {"m": [-1e15, 99999.0]}, a=(0, 1, 0))) == ["−1.00e+15", "99999.000"]


def test_tints_show_sign_and_size():
    values = [1.0, -1.0, 0.0, 0.5, 7.0, -7.0]
    shown = heat(lambda a: {"m": values}, a=(0, 1, 0))
    blue, orange = FUNCTION, DERIVATIVE
    assert tints(shown)[:2] == [(blue, 45), (orange, 45)] and tints(shown)[2][1] == 0
    assert tints(shown)[3] == (blue, 22) and tints(shown)[4:] == [(blue, 45), (orange, 45)]
    assert tints(heat(lambda a: {"m": values}, scale=10.0, a=(0, 1, 0)))[4] == (blue, 31)


def test_reset_restores_every_slider_and_draws_once():
    shown = make()
    start = shown._tables.value
    move(shown, a=2.0, b=2.0)
    sent = redraws(shown)
    reset(shown)
    assert shown._panel.values == {"a": 0.5, "b": -1.0}
    assert sent == [start]


def test_an_event_sends_one_update_and_makes_no_figure(monkeypatch):
    monkeypatch.setattr(Figure, "__init__", lambda *a, **k: pytest.fail("a figure was made"))
    shown = make()
    sent = redraws(shown)
    for i, a in enumerate([-2.0, -1.0, 0.0, 1.0, 2.0]):
        move(shown, a=a)
        assert len(sent) == i + 1


def test_without_a_kernel_the_matrices_are_text_and_a_table():
    shown = make()
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"].splitlines() == [
        "a = 0.5, b = -1",
        "products",
        "   0.250  −0.500",
        "  −0.500   1.000",
        "a row",
        "   0.500  −1.000",
    ]
    assert bundle["text/html"] == f"<p>a = 0.5, b = -1</p>{shown._tables.value}"
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_every_control_is_named_and_works_by_keyboard():
    shown = make(lambda a, b, first_score: {"m": [a]}, first_score=(0, 1, 0.5, 0.25))
    sliders = list(shown._sliders.values())
    assert [slider.description for slider in sliders] == ["a", "b", "first score"]
    assert all(slider.readout and slider.continuous_update for slider in sliders)
    assert sliders[2].step == 0.25
    assert isinstance(shown._panel.children[1].children[0], ipywidgets.Button)
    assert 'role="status"' in shown._tables.value


def test_titles_are_no_markup():
    assert "<caption" in make()._tables.value
    assert "a &lt; b" in heat(lambda a: {"a < b": [a]}, a=(0, 1, 0))._tables.value
    assert ">1</caption>" in heat(lambda a: {1: [a]}, a=(0, 1, 0))._tables.value


@pytest.mark.parametrize("value, text", [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "−inf")])
def test_what_is_not_finite_is_shown(value, text):
    shown = heat(lambda a: {"m": [value, a]}, a=(0, 1, 0.25))
    assert cells(shown) == [text, "0.250"]
    assert tints(shown)[0][1] == (0 if np.isnan(value) else 45)
    assert text in shown._repr_mimebundle_()["text/plain"]


def test_numbers_booleans_and_tensors_are_matrices_too():
    shown = heat(lambda a: {"m": a, "n": [True, False], "t": tensor([[1.0, a]])}, a=(0, 1, 0.5))
    assert cells(shown) == ["0.500", "1.000", "0.000", "1.000", "0.500"]


@pytest.mark.parametrize(
    ("f", "given", "words"),
    [
        (products, dict(scale=0), "scale=0, but it is finite and above 0"),
        (products, dict(scale=np.inf), "scale=inf, but"),
        (products, dict(a=(1, 1, 1)), r"a=\(1, 1, 1\), but a slider is"),
        (products, dict(b=(0, 1)), r"b=\(0, 1\), but a slider is"),
        ([[1.0]], {}, "a function is needed, not a list"),
        (lambda a, b, scale: {}, {}, "the name scale is taken: rename"),
    ],
)
def test_what_cannot_be_used_is_refused(f, given, words):
    with pytest.raises((TypeError, ValueError), match=f"heat: {words}"):
        make(f, **given)


def test_a_parameter_may_be_called_f():
    assert cells(heat(lambda f, self: {"m": [f + self]}, f=(0, 1, 0.5), self=(0, 1, 1))) == [
        "1.500"
    ]


def fails(a):
    raise ZeroDivisionError("a <is> 0")


@pytest.mark.parametrize(
    "f, words",
    [
        (fails, "ZeroDivisionError: a <is> 0"),
        (lambda a: {"m": np.zeros((2, 2, 2))}, "m has shape (2, 2, 2); a matrix has two axes"),
        (lambda a: [[a]], "f must return a dict from a title to a matrix, not list"),
        (lambda a: {"m": ["one"]}, "could not convert"),
        (lambda a: {"m": [1j * a]}, "m is complex; a cell shows a real number"),
        (lambda b: {"m": [b]}, "unexpected keyword argument 'a'"),
    ],
)
def test_what_is_wrong_with_a_function_is_said_and_not_raised(f, words):
    shown = heat(f, a=(0, 1, 0.5))
    bundle = shown._repr_mimebundle_()
    assert "✗" in bundle["text/plain"] and words in bundle["text/plain"]
    escaped = words.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#x27;")
    assert escaped in shown._tables.value and escaped in bundle["text/html"]


def test_a_function_that_breaks_under_a_slider_recovers():
    def f(a):
        if a > 1:
            raise ValueError("a is too large")
        return {"m": [a]}

    shown = heat(f, a=(0, 2, 0.5))
    move(shown, a=1.5)
    assert "✗ ValueError: a is too large" in shown._tables.value and cells(shown) == []
    move(shown, a=1.0)
    assert cells(shown) == ["1.000"] and "✗" not in shown._tables.value


@pytest.mark.filterwarnings("error")
def test_a_function_that_overflows_does_not_warn():
    assert cells(heat(lambda a: {"m": np.exp([1e4 * a])}, a=(0, 1, 1.0))) == ["inf"]
