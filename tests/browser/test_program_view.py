"""The program view in a page without a kernel: which lines are lit, and what stands beside them."""

import pytest
from accessibility import faint_texts, violations
from pages import THEMES, settle
from playwright.sync_api import expect

from mini_autograd.explore import program_view
from mini_autograd.nn import functional as F


def scaled_sigmoid(x, alpha, beta):
    return alpha * F.sigmoid(beta * x)


@pytest.fixture
def view():
    return program_view(scaled_sigmoid, alpha=(-2, 2, 1.0), beta=(0, 4, 1.0), cursor=0.5)


def lit(page):
    rows = page.locator(".ma-on")
    assert all("◆" in text for text in rows.all_inner_texts())  # not by colour alone
    return [row.split(" = ")[0] for row in rows.locator(".ma-code").all_inner_texts()]


def values(page):
    texts = page.locator(".ma-lines .ma-value").all_inner_texts()
    return [float(text.replace("−", "-")) for text in texts]


WITH_ALPHA = ["v5", "v7", "v13", "v14"]
# The gradient 1, with which the walk back begins, and alpha times that have only the shape of x.
WITH_X = [f"v{i}" for i in range(15) if i not in (6, 7)]


@pytest.mark.parametrize(
    ("label", "lines"),
    [("alpha (α)", WITH_ALPHA), ("beta (β)", WITH_X), ("cursor (x)", WITH_X)],
)
def test_lit_are_the_lines_that_depend_on_what_was_moved(show, view, label, lines):
    page = show([view._repr_mimebundle_()])
    assert lit(page) == WITH_ALPHA  # before anything has moved
    page.get_by_label(label, exact=True).press("ArrowRight")
    name = "x" if "cursor" in label else label.split()[0]
    said = f"{len(lines)} of 15 lines depend on {name}."
    expect(page.locator(".ma-lit")).to_contain_text(said)
    assert lit(page) == lines


def test_beside_each_line_stands_its_value_at_the_cursor(show, view):
    page = show([view._repr_mimebundle_()])
    field = page.get_by_label("beta (β), value")
    field.fill("2")
    field.press("Enter")
    expect(page.locator(".ma-cells")).to_contain_text("0.731059")
    found = values(page)
    assert found[0] == 1.0 and found[4] == 0.731059  # beta x, and its sigmoid
    shown = page.locator(".ma-cells").inner_text()
    assert f"{found[5]:.6f}" in shown and f"{found[-1]:.6f}" in shown  # f, and f'


def test_one_preset_moves_several(show):
    presets = {"both": dict(alpha=-1, beta=2)}
    view = program_view(
        scaled_sigmoid, alpha=(-2, 2, 1.0), beta=(0, 4, 1.0), presets=presets, cursor=0.5
    )
    page = show([view._repr_mimebundle_()])
    page.get_by_role("button", name="both").click()
    expect(page.locator(".ma-lit")).to_contain_text("depend on alpha or beta.")
    assert set(lit(page)) == {*WITH_ALPHA, *WITH_X}
    page.get_by_label("cursor (x)", exact=True).press("ArrowRight")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".ma-lit")).to_contain_text("depend on x or alpha or beta.")


def test_the_kernel_tells_at_each_move_what_the_engine_finds(run, view):
    page = run(view).page
    said = page.locator(".ma-listing > p").nth(1)
    settle(page)
    same = "and the program, replayed by NumPy, gives the same, bit for bit."
    assert said.inner_text() == f"The kernel: f\u2032(x) by autograd is 0.235004, {same}"
    page.get_by_label("alpha (α)", exact=True).press("Home")
    settle(page)
    assert said.inner_text() == f"The kernel: f\u2032(x) by autograd is \u22120.470007, {same}"


def test_what_f_refuses_is_said(run):
    view = program_view(lambda x, beta: F.softplus(x, beta), beta=(-1, 4, 1.0))
    page = run(view).page
    page.get_by_label("beta (β)", exact=True).press("Home")
    settle(page)
    said = page.locator(".ma-listing > p").nth(1).inner_text()
    assert said.startswith("The kernel: ValueError: ") and "beta" in said


@pytest.mark.parametrize("theme", THEMES)
def test_everyone_can_use_and_read_it(show, view, theme):
    page = show([view._repr_mimebundle_()], theme, viewport=dict(width=390, height=800))
    assert violations(page) == []
    faint, tried = faint_texts(page)
    assert faint == [] and tried > 60
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
