"""Explorers in a page, with and without a kernel: what moves them, what they say and look like."""

import re

import numpy as np
import pytest
import said
from accessibility import faint_texts, violations
from functions import ACTIVATIONS, operation
from pages import HOSTILE, LISTEN, MEETS, THEMES, settle

import live_page
from mini_autograd import engine, sigmoid
from mini_autograd.explore import explore
from mini_autograd.explore.gallery import gallery
from mini_autograd.explore.live import LIVE, SPEC
from mini_autograd.nn import functional as F
from notebooks import ROOT, code_cells, notebook_paths, read


def neuron(x, alpha, beta):
    return sigmoid(alpha * x + beta)


def neuron_explorer():
    presets = {"steep": dict(alpha=4), "a third": dict(beta=1 / 3)}
    return explore(neuron, alpha=(0.1, 4, 1.0), beta=(-4, 4, 0.0), presets=presets)


@pytest.fixture
def explorer():
    return neuron_explorer()


def read_out(page):
    """What stands below the picture, but for differences, whose only digit may be another."""
    text = " ".join(page.locator(".ma-found").first.inner_text().split())
    return re.sub(r"\de-\d\d|(?<=\bdifference )0\b|(?<=is )0\b", "little", text)


def expected(explorer, **values):
    """The same, as the engine finds it."""
    text = said.read_out(explorer, **values)
    return re.sub(r"\de-\d\d|(?<=\bdifference )0\b|(?<=is )0\b", "little", text)


def assert_shows(page, explorer, **values):
    page.wait_for_timeout(50)  # the next frame
    assert read_out(page).startswith(expected(explorer, **values))
    label = page.locator("svg[role=img]").first.get_attribute("aria-label")
    assert label == said.sentence(explorer, **values)


def test_it_shows_at_the_start_what_a_kernel_shows(show, explorer):
    page = show([explorer._repr_mimebundle_()])
    assert_shows(page, explorer)
    assert page.locator("img").count() == 0


def test_keys_and_typing_move_sliders(show, explorer):
    page = show([explorer._repr_mimebundle_()])
    page.get_by_label("alpha (α)", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert_shows(page, explorer, alpha=1.05)
    page.keyboard.press("End")
    assert_shows(page, explorer, alpha=4.0)
    field = page.get_by_label("beta (β), value")
    field.fill("−1,5")
    field.press("Enter")
    assert_shows(page, explorer, alpha=4.0, beta=-1.5)
    field.fill("99")
    field.blur()
    assert_shows(page, explorer, alpha=4.0, beta=4.0)
    field.fill("many")
    field.press("Enter")
    assert field.input_value() == "4.00"


def test_the_cursor_follows_a_pointer_in_the_picture_and_its_slider(show, explorer):
    page = show([explorer._repr_mimebundle_()])
    slider, box = page.get_by_label("cursor (x)", exact=True), page.locator("svg").bounding_box()
    left, right = box["x"] + 50, box["x"] + box["width"] - 44
    page.mouse.move(left + 5, box["y"] + 100)
    page.mouse.down()
    page.mouse.move((left + right) / 2, box["y"] + 120, steps=3)
    page.mouse.up()
    assert_shows(page, explorer, cursor=0.0)
    page.mouse.move(left, box["y"] + 100)  # no longer held
    assert_shows(page, explorer, cursor=0.0)
    slider.focus()
    page.keyboard.press("Home")
    assert_shows(page, explorer, cursor=-6.0)


def test_it_answers_to_touch(show, explorer):
    page = show(
        [explorer._repr_mimebundle_()], has_touch=True, viewport=dict(width=390, height=844)
    )
    box = page.locator("svg").bounding_box()
    page.touchscreen.tap(box["x"] + 50 + (box["width"] - 94) / 4, box["y"] + 100)
    assert_shows(page, explorer, cursor=-3.0)


def test_presets_reset_and_pin(show, explorer):
    page = show([explorer._repr_mimebundle_()])
    page.get_by_role("button", name="steep").click()
    assert_shows(page, explorer, alpha=4.0)
    page.get_by_role("button", name="Pin curve").click()
    page.get_by_role("button", name="a third").click()  # between two steps
    assert page.get_by_text("grey: alpha = 4.00, beta = 0.00").count() == 1
    assert_shows(page, explorer, alpha=1.0, beta=1 / 3)
    page.get_by_role("button", name="Unpin curve").click()
    assert page.get_by_text("grey:").count() == 0
    page.get_by_role("button", name="Reset").click()
    assert_shows(page, explorer)


def test_one_sentence_is_said_once_a_movement_has_stopped(show, explorer):
    page = show([explorer._repr_mimebundle_()])
    page.wait_for_timeout(800)
    page.evaluate(LISTEN)
    page.get_by_label("cursor (x)", exact=True).focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(1000)
    assert page.locator("[role=status]").count() == 1
    said = page.evaluate("said")
    assert said == ["x = −3.00: f 0.0474, slope 0.0452. They agree."]


def test_nothing_shifts_and_nothing_is_cut_off(show, explorer):
    for width in 1280, 640, 390:
        page = show([explorer._repr_mimebundle_()], viewport=dict(width=width, height=900))
        heights = set()
        for key in "alpha (α)", "beta (β)", "cursor (x)":
            page.get_by_label(key, exact=True).focus()
            for end in "Home", "End":
                page.keyboard.press(end)
                page.wait_for_timeout(30)
                heights.add(page.locator(".ma").bounding_box()["height"])
        assert len(heights) == 1, (width, heights)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        letters = page.evaluate(
            "[...document.querySelectorAll('.ma text')].map(e => e.getBoundingClientRect().height)"
        )
        assert min(letters) >= 12


@pytest.mark.parametrize("theme", THEMES)
def test_everyone_can_use_and_read_it(show, explorer, theme):
    page = show([explorer._repr_mimebundle_()], theme)
    assert violations(page, exempted={}) == []
    faint, readable = faint_texts(page)
    assert faint == [] and readable > 30


# --- What is drawn --------------------------------------------------------------------------------


def paths(page):
    """What moves in the picture: of each path its points, in data, and its dashes and clip."""
    return page.evaluate(
        """() => {
            const {g, svg} = document.querySelector('.ma').live;
            return [...svg.lastChild.querySelectorAll('path')].map(e => {
                const clip = e.getAttribute('clip-path');
                const i = g.panels.findIndex(p => clip === `url(#${p.id})`), p = g.panels[i];
                const pairs = e.getAttribute('d').match(/-?[0-9.]+ -?[0-9.]+/g) ?? [];
                const points = pairs.map(pair => pair.split(' ').map(Number)).map(([x, y]) =>
                    [p.toX(x), p.toY(y)]);
                return [points, e.getAttribute('stroke-dasharray'), i,
                    e.getAttribute('d').split('M').length - 1];
            });
        }"""
    )


def operations(name, **options):
    return explore(operation(engine, name), **(ACTIVATIONS[name][2] | options))


def test_what_is_drawn_is_f_its_slope_and_the_tangent(show):
    given = dict(cursor=0.5, alpha=(0.5, 3, 2.0), ylim=(-3, 3), slope_ylim=(-1, 3))
    page = show([operations("tanh", **given)._repr_mimebundle_()])
    cursor, other, f, slope, central, tangent = paths(page)
    for (points, _, panel, _), place, y in [
        (f, 0, lambda x: 2 * np.tanh(x)),
        (slope, 1, lambda x: 2 - 2 * np.tanh(x) ** 2),
        (central, 1, lambda x: 2 - 2 * np.tanh(x) ** 2),
        (tangent, 0, lambda x: 2 * np.tanh(0.5) + (2 - 2 * np.tanh(0.5) ** 2) * (x - 0.5)),
    ]:
        x, height = np.array(points).T
        assert panel == place and len(x) in (2, 481)
        np.testing.assert_allclose(height, y(x), atol=0.03)
    for points, *_ in cursor, other:
        np.testing.assert_allclose(np.array(points)[:, 0], 0.5, atol=0.01)


def test_at_a_kink_both_tangents_are_drawn_dashed(show):
    page = show([operations("relu_at_0", cursor=0.0, c=(0, 1, 0.5))._repr_mimebundle_()])
    tangents = paths(page)[5:]
    assert [dashes for _, dashes, *_ in tangents] == ["6 5", "6 5", "none"]
    slopes = [np.ptp(np.array(p)[:, 1]) / np.ptp(np.array(p)[:, 0]) for p, *_ in tangents]
    np.testing.assert_allclose(slopes, [0, 1, 0.5], atol=0.02)


def test_curves_pass_through_gaps_and_jumps(show):
    for name, pieces in ("logarithm", 1), ("square_root", 1), ("stairs", 12):
        page = show([operations(name, cursor=-2.0, ylim=(-6, 6))._repr_mimebundle_()])
        curve = paths(page)[2]
        assert curve[3] >= pieces  # a stair is drawn as steps, not as a slope
        assert "NaN" not in page.locator("svg").inner_html()


def test_labels_stay_inside_the_picture(show, explorer):
    page = show([explorer._repr_mimebundle_()])
    page.get_by_label("cursor (x)", exact=True).focus()
    for _ in range(25):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(20)
        width, height, boxes = page.evaluate(
            """() => {
                const {g, svg} = document.querySelector('.ma').live;
                const boxes = [...svg.querySelectorAll('.ma-label')].map(e => e.getBBox());
                return [g.width, g.height, boxes.map(b =>
                    [b.x, b.y, b.x + b.width, b.y + b.height])];
            }"""
        )
        left, top, right, bottom = np.array(boxes).T
        assert left.min() >= 0 and top.min() >= 0
        assert right.max() <= width + 1 and bottom.max() <= height


# --- A kernel -------------------------------------------------------------------------------------


def about(page):
    return page.locator(".ma-about").inner_text()


def test_the_kernel_checks_where_the_sliders_rest(run, explorer):
    kernel = run(explorer)
    settle(kernel.page)
    assert "checked by the kernel, which finds the same" in about(kernel.page)
    # By the clock of the page, so that no pause between two moves is a rest on a busy machine.
    moving = kernel.page.get_by_label("alpha (α)", exact=True).evaluate(
        """async range => {
            for (let i = 0; i < 10; i++) {
                range.stepUp();
                range.dispatchEvent(new Event("input", {bubbles: true}));
                await new Promise(done => setTimeout(done, 30));
            }
            return document.querySelector(".ma-about").textContent;
        }"""
    )
    assert "the kernel checks it when the sliders rest" in moving
    settle(kernel.page)
    assert len(kernel.asked) == 2 and "finds the same" in about(kernel.page)
    assert explorer.values == dict(alpha=1.5, beta=0, cursor=1)
    assert_shows(kernel.page, explorer, alpha=1.5)


class Gain:
    """Something that f reads and a later cell may change."""

    size = 1.0


@pytest.mark.parametrize("later", [3.0, 1 + 1e-7, "many"])
def test_a_function_that_is_no_longer_what_it_was_is_told_and_shown(run, later):
    gain = Gain()
    explorer = explore(lambda x, alpha: gain.size * alpha * x, alpha=(0, 4, 1.0), name="f")
    kernel = run(explorer)
    settle(kernel.page)
    gain.size = later
    kernel.page.get_by_label("alpha (α)", exact=True).press("ArrowRight")
    settle(kernel.page)
    assert "f is no longer what it was when this cell ran. Run the cell again." in about(
        kernel.page
    )
    assert_shows(kernel.page, explorer, alpha=1.05)
    at_once = kernel.page.get_by_label("alpha (α)", exact=True).evaluate(
        """async range => {
            range.stepUp();
            range.dispatchEvent(new Event("input", {bubbles: true}));
            for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
            return document.querySelector(".ma-about").textContent;
        }"""
    )
    assert "no longer what it was" in at_once  # the program is not trusted again
    settle(kernel.page)
    assert "no longer what it was" in about(kernel.page)
    assert_shows(kernel.page, explorer, alpha=1.1)
    kernel.page.wait_for_timeout(700)
    assert "no longer what it was" in kernel.page.locator("[role=status]").inner_text()


def by_kernel():
    def f(x, alpha):
        if alpha > 1.5:
            raise ValueError("alpha > 1.5 <is> too much")
        return float(alpha) * sigmoid(x)

    return explore(f, alpha=(0.1, 2, 1.0), cursor=-1.0)


def test_a_function_without_a_program_is_computed_by_the_kernel(run):
    explorer = by_kernel()
    kernel = run(explorer)
    assert "by the kernel" in about(kernel.page)
    assert_shows(kernel.page, explorer)  # at once, without a question
    assert kernel.asked == [] or kernel.asked[0]["values"] == explorer.explored.start
    kernel.page.get_by_label("alpha (α)", exact=True).press("ArrowRight")
    settle(kernel.page)
    assert_shows(kernel.page, explorer, alpha=1.02)
    kernel.page.get_by_label("alpha (α)", exact=True).press("End")
    settle(kernel.page)
    assert_shows(kernel.page, explorer, alpha=2.0)
    assert "Problem: ValueError: alpha > 1.5 <is> too much" in read_out(kernel.page)
    kernel.page.get_by_role("button", name="Reset").click()
    settle(kernel.page)
    assert_shows(kernel.page, explorer)


def test_a_busy_kernel_is_asked_one_question_and_then_the_last(run):
    explorer = by_kernel()
    kernel = run(explorer)
    settle(kernel.page)
    kernel.answers, before = False, len(kernel.asked)
    kernel.page.get_by_label("alpha (α)", exact=True).focus()
    for _ in range(8):
        kernel.page.keyboard.press("ArrowRight")
    settle(kernel.page)
    assert len(kernel.asked) == before + 1
    assert_shows(kernel.page, explorer)  # what is drawn and what is said still belong together
    kernel.answer()
    settle(kernel.page)
    assert len(kernel.asked) == before + 2
    assert_shows(kernel.page, explorer, alpha=1.02)
    kernel.answer()
    settle(kernel.page)
    assert len(kernel.asked) == before + 2
    assert_shows(kernel.page, explorer, alpha=1.16)


def test_an_answer_to_another_question_changes_nothing(run, explorer):
    kernel = run(explorer)
    settle(kernel.page)
    kernel.answers = False
    slider = kernel.page.get_by_label("alpha (α)", exact=True)
    slider.press("ArrowRight")
    settle(kernel.page)
    slider.press("ArrowRight")
    kernel.asked.append(dict(kernel.asked[-1], question="of another page"))
    kernel.answer()
    kernel.answer(-2)  # to what was asked before the slider moved on
    kernel.page.wait_for_timeout(50)
    assert "when the sliders rest" in about(kernel.page)
    assert_shows(kernel.page, explorer, alpha=1.1)


def test_an_answer_to_another_page_is_not_drawn(run):
    explorer = by_kernel()
    kernel = run(explorer)
    settle(kernel.page)
    there = explorer.explored.start | dict(alpha=1.4)
    kernel.asked.append(dict(question="of another page", values=there))
    kernel.answer()
    settle(kernel.page)
    assert_shows(kernel.page, explorer)


def test_without_an_answer_a_page_says_so_and_shows_what_it_knows(run, explorer):
    kernel = run(explorer)
    settle(kernel.page)
    kernel.answers = False
    slider = kernel.page.get_by_label("alpha (α)", exact=True)
    slider.press("ArrowRight")
    kernel.page.wait_for_timeout(2400)
    assert about(kernel.page).endswith("in this page; the kernel has not checked it.")
    assert_shows(kernel.page, explorer, alpha=1.05)
    kernel.answer()
    settle(kernel.page)
    assert "finds the same" in about(kernel.page)
    explorer.answer = interrupted
    kernel.answers = True
    slider.press("ArrowRight")
    settle(kernel.page)
    assert about(kernel.page).endswith("in this page; the kernel has not checked it.")


def interrupted(values):
    raise KeyboardInterrupt


def test_a_kernel_that_has_gone_leaves_no_curve_of_other_values(run):
    kernel = run(by_kernel())
    settle(kernel.page)
    kernel.go()
    kernel.page.get_by_label("alpha (α)", exact=True).press("ArrowRight")
    settle(kernel.page)
    assert "Problem: the kernel has not answered: it is busy, or" in read_out(kernel.page)


def test_a_page_that_is_opened_again_shows_what_was_left(run):
    for explorer in neuron_explorer(), by_kernel():
        explorer.tell(dict(explorer.explored.start, alpha=1.4), "of a page before")
        kernel = run(explorer)
        assert_shows(kernel.page, explorer, alpha=1.4)
        assert kernel.page.get_by_label("alpha (α), value").input_value() == "1.40"


@pytest.mark.parametrize("theme", THEMES)
def test_with_a_kernel_everyone_can_read_it(run, theme):
    for made in neuron_explorer(), by_kernel():
        kernel = run(made, theme)
        settle(kernel.page)
        assert violations(kernel.page, exempted={}) == []
        faint, readable = faint_texts(kernel.page)
        assert faint == [] and readable > 30


# --- The gallery ----------------------------------------------------------------------------------


def fails(x):
    raise ZeroDivisionError("x <is> 0")


CATALOGUE = {
    "relu": (F.relu, {}),
    "elu": (F.elu, dict(alpha=(0.1, 4, 1.0))),
    "tanh": (F.tanh, {}),
    "smu": (F.smu, dict(alpha=(-0.5, 1, 0.25), mu=(0.1, 8, 1.0))),
}
LIMITS = dict(xlim=(-6, 8), ylim=(-2, 7), slope_ylim=(-1, 2))


def make_gallery(start=None, **others):
    return gallery(CATALOGUE | others, start, **LIMITS)


def choose(page, name):
    page.get_by_label("function", exact=True).select_option(name)
    page.wait_for_timeout(60)


def type_in(page, name, value):
    field = page.get_by_label(f"{name}, value")
    field.fill(str(value))
    field.press("Enter")
    page.wait_for_timeout(60)


def label(page):
    return page.locator("svg[role=img]").get_attribute("aria-label")


def pinned(page):
    return [t for t in page.locator(".ma-label").all_text_contents() if t[0] in "–·"]


def crowd_said(page):
    return page.locator(".ma-outcome").inner_text()


def test_a_choice_shows_another_function_its_sliders_and_what_becomes_of_the_crowd(show):
    page = show([make_gallery("elu")._repr_mimebundle_()])
    assert label(page).startswith("elu and its derivative for alpha = 1.00.")
    assert page.locator(".ma-panel label").all_text_contents() == ["alpha (α)"]
    before = crowd_said(page)
    type_in(page, "alpha (α)", 2)
    assert "alpha = 2.00" in label(page) and crowd_said(page) != before
    choose(page, "relu")
    assert label(page).startswith("relu and its derivative. At x = 1.00, f(x) = 1.0000")
    assert "✓ They agree" in read_out(page)
    assert page.locator(".ma-panel label").count() == 0
    choose(page, "elu")
    assert "alpha = 2.00" in label(page)  # as it was left
    page.get_by_role("button", name="Reset", exact=True).click()
    page.wait_for_timeout(60)
    assert crowd_said(page) == before


def test_the_crowd_is_described_in_words_and_has_a_reset_of_its_own(show):
    page = show([make_gallery()._repr_mimebundle_()])
    start = crowd_said(page)
    assert start == make_gallery()._repr_mimebundle_()[0]["text/plain"].splitlines()[1]
    type_in(page, "mean of inputs", -3)
    type_in(page, "spread of inputs", 0.5)
    assert crowd_said(page) == (
        "Inputs: mean −3.00, standard deviation 0.50. "
        "Outputs: mean 0.00, standard deviation 0.00; "
        "for 100% of them the slope is below 0.01."
    )
    page.wait_for_timeout(800)
    assert page.locator("[role=status]").inner_text() == crowd_said(page)
    page.get_by_role("button", name="Reset", exact=True).click()
    assert crowd_said(page).startswith("Inputs: mean −3.00")
    page.get_by_role("button", name="Reset inputs").click()
    page.wait_for_timeout(60)
    assert crowd_said(page) == start


def shapes(page):
    """How far the crowd's bins reach: those of the inputs down, those of the outputs right."""
    return page.evaluate(
        """() => {
            const {g, svg} = document.querySelector('.ma').live.chosen;
            const [inputs, outputs] = [...svg.querySelectorAll('path[fill-opacity]')]
                .map(e => e.getAttribute('d'));
            const reach = (d, letter, from) =>
                [...d.matchAll(new RegExp(letter + '([0-9.]+)[hv]', 'g'))].map(m => m[1] - from);
            return [reach(inputs, 'V', g.panels[0].bottom), reach(outputs, 'H', g.right), g.crowd];
        }"""
    )


def test_the_crowd_is_drawn(show):
    page = show([make_gallery("relu")._repr_mimebundle_()])
    inputs, outputs, most = shapes(page)
    assert len(inputs) == 70 and len(outputs) == 48
    assert max(outputs[:10]) == 0  # relu leaves nothing below 0 ...
    assert max(outputs) == outputs[10] == most  # ... and half of all at 0, more than there is room
    assert max(inputs) == pytest.approx(36 / 0.6 / np.sqrt(2 * np.pi), rel=0.05)
    type_in(page, "mean of inputs", 2)
    inputs, _, _ = shapes(page)
    assert abs(np.argmax(inputs) - 39.5) <= 1  # 2 lies at 8 / 14 of the axis


def test_pinned_curves_stay_while_another_function_is_chosen(show):
    page = show([make_gallery("elu")._repr_mimebundle_()])
    type_in(page, "alpha (α)", 2)
    drawn = page.locator("svg").inner_html()
    page.get_by_role("button", name="Pin curve").click()
    choose(page, "relu")
    assert pinned(page) == ["– – elu, alpha = 2.00"]
    for name in "tanh", "smu":
        page.get_by_role("button", name="Pin curve").click()
        choose(page, name)
    assert pinned(page) == ["···· relu", "– – tanh"]  # the oldest is gone, the other keeps its look
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('.ma-label')]
            .filter(e => '–·'.includes(e.textContent[0])).map(e => e.getBBox())
            .map(b => [b.x, b.y, b.x + b.width, b.y + b.height])"""
    )
    (a, b), overlap = boxes, lambda a, b: all(a[i] < b[i + 2] and b[i] < a[i + 2] for i in (0, 1))
    assert not overlap(a, b)
    page.get_by_role("button", name="Unpin all").click()
    choose(page, "elu")
    assert pinned(page) == []
    strip = re.compile(r"ma-\w+|display: \w+")
    assert strip.sub("", page.locator("svg").inner_html()) == strip.sub("", drawn)


@pytest.mark.parametrize("width", [1280, 700, 390])
def test_nothing_moves_when_another_function_is_chosen(show, width):
    page = show([make_gallery()._repr_mimebundle_()], viewport=dict(width=width, height=1200))
    places = set()
    for name in CATALOGUE:
        choose(page, name)
        parts = [".ma svg", ".ma-crowd", ".ma-found"]
        places.add(str([page.locator(part).bounding_box() for part in parts]))
    assert len(places) == 1, places
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("theme", THEMES)
def test_everyone_can_use_and_read_the_gallery(show, theme):
    page = show([make_gallery("smu")._repr_mimebundle_()], theme)
    page.get_by_role("button", name="Pin curve").click()
    choose(page, "elu")
    assert violations(page, exempted={}) == []
    faint, readable = faint_texts(page)
    assert faint == [] and readable > 40


def test_a_gallery_with_a_kernel_shows_what_only_that_can_compute(run):
    made = make_gallery("tanh", half=(lambda x, a: F.relu(x) * float(a), dict(a=(0, 4, 0.5))))
    kernel = run(made)
    page = kernel.page
    settle(page)
    assert "finds the same" in about(page)
    choose(page, "half")
    settle(page)
    assert label(page).startswith(
        "half and its derivative for a = 0.50. At x = 1.00, f(x) = 0.5000"
    )
    assert "mean 0.20, standard deviation 0.29; for 50%" in crowd_said(page)
    type_in(page, "mean of inputs", 1)
    settle(page)
    assert crowd_said(page).startswith("Inputs: mean 1.00") and "mean 0.54" in crowd_said(page)
    choose(page, "tanh")
    settle(page)
    assert label(page).startswith("tanh") and "Inputs: mean 1.00" in crowd_said(page)
    again = run(made)
    assert label(again.page).startswith("tanh") and "Inputs: mean 1.00" in crowd_said(again.page)
    made.answer = interrupted
    choose(page, "half")
    settle(page)
    assert "Problem: KeyboardInterrupt" in read_out(page)
    assert crowd_said(page) == "Inputs: mean 1.00, standard deviation 1.00."


def test_a_function_that_raises_is_said_and_left_again(run):
    page = run(make_gallery("broken", broken=(fails, {}))).page
    settle(page)
    assert "Problem: ZeroDivisionError: x <is> 0" in read_out(page)
    assert crowd_said(page) == "Inputs: mean 0.00, standard deviation 1.00."
    page.get_by_role("button", name="Pin curve").click()
    choose(page, "tanh")
    settle(page)
    assert "They agree" in read_out(page) and "Outputs" in crowd_said(page)
    assert pinned(page) == ["– – broken"] and "NaN" not in page.locator("svg").inner_html()


# --- Labels ---------------------------------------------------------------------------------------

STORED = [
    (
        {SPEC: output.data[SPEC], "image/png": "", "text/plain": path.stem},
        {"image/png": {"width": 1}},
    )
    for path in notebook_paths(ROOT)
    for cell in code_cells(read(path))
    for output in cell.outputs
    if output.get("data", {}).get(SPEC, {}).get("kind") == "explorer"
]

MEETINGS = (
    f"() => {{{MEETS}"
    + """
    const found = [];
    for (const place of document.querySelectorAll('.ma')) {
        const range = place.querySelector('.ma-cursor');
        for (let i = 0; i <= 60; i++) {
            range.value = +range.min + (i * (range.max - range.min)) / 60;
            range.dispatchEvent(new Event('input'));
            place.live.redraw();
            const labels = [...place.querySelectorAll('.ma-label')];
            const box = labels.find(e => e.textContent.startsWith('slope'))?.getBBox();
            const paths = [...place.querySelectorAll('g:last-child > path')];
            if (box) found.push(paths.some(path => meets(path, box)));
        }
    }
    return found;
}"""
)


@pytest.mark.parametrize("width", [700, 390])
def test_the_label_of_the_cursor_hardly_ever_meets_a_line(show, width):
    page = show(STORED, viewport=dict(width=width, height=900))
    found = page.evaluate(MEETINGS)
    assert len(found) > 50 * len(STORED) and sum(found) <= 0.01 * len(found)


def test_a_chapter_is_exported_as_one_live_page(browser, tmp_path):
    (tmp_path / "page.html").write_text(
        live_page.page(ROOT / "notebooks/04_gradcheck.ipynb"), encoding="utf-8"
    )
    page = browser.new_page(offline=True)
    page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
    page.get_by_label("cursor (x)", exact=True).press("ArrowLeft")
    page.wait_for_timeout(200)
    assert page.locator(".ma-cells").inner_text().startswith("x\n0.80")
    page.close()


def test_a_table_that_is_wider_than_a_phone_keeps_its_lines(browser, tmp_path):
    made = tmp_path / "page.html"
    made.write_text(live_page.page(ROOT / "notebooks/18_choosing.ipynb"), encoding="utf-8")
    page = browser.new_page(offline=True, viewport=dict(width=390, height=844))
    page.goto(made.as_uri(), wait_until="domcontentloaded")
    heights = "e => [e.clientHeight, e.textContent.trimEnd().split('\\n').length]"
    for table in page.locator(".jp-RenderedText pre").all():
        pixels, lines = table.evaluate(heights)
        assert pixels < 24 * (lines + 1)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


# --- What must not happen -------------------------------------------------------------------------


def test_whatever_stands_in_a_name_is_text(show):
    def f(x, a):
        return x * a

    presets = {HOSTILE: dict(a=2)}
    data, metadata = explore(f, a=(0, 4, 1.0), name=HOSTILE, presets=presets)._repr_mimebundle_()
    for one in data[SPEC]["sliders"]:
        one["label"] = HOSTILE
    data[SPEC]["by"] = HOSTILE
    page = show([(data, metadata)])
    page.get_by_role("button", name=HOSTILE).click()
    page.get_by_role("button", name="Pin curve").click()
    page.wait_for_timeout(50)
    assert page.locator("#hostile, .ma img").count() == 0 and page.evaluate("window.hit") is None
    assert HOSTILE in page.locator("svg[role=img]").get_attribute("aria-label")


def test_a_spec_that_is_not_understood_leaves_the_picture(show, explorer):
    data, metadata = explorer._repr_mimebundle_()
    spec, program = data[SPEC], data[SPEC]["program"]
    broken = [
        spec | dict(version=2),
        spec | dict(kind="constructor"),
        spec | dict(program=program | dict(lines=["constructor [482] x0"])),
        spec | dict(program=program | dict(lines=[f"exp [{10**12}] x0"])),
        spec | dict(xlim=["<img id=hostile>", 6]),
        spec | dict(sliders=None),
    ]
    page = show([(data | {SPEC: one}, metadata) for one in broken])
    assert page.locator("svg").count() == 0 and page.locator("#hostile").count() == 0
    assert page.locator("img").count() == len(broken)


def test_in_jupyterlab_too_the_picture_stays_where_a_spec_is_not_understood(show, explorer):
    data, _ = explorer._repr_mimebundle_()
    page = show([])
    shown = page.evaluate(
        """async ([source, specs, stored]) => {
            const file = new Blob([source], {type: "text/javascript"});
            const {mountOr} = await import(URL.createObjectURL(file));
            return specs.map(spec => {
                const place = document.createElement("div");
                document.body.append(place);
                mountOr(place, spec, stored);
                return [...place.querySelectorAll("svg, img")].map(e => e.tagName + (e.alt ?? ""));
            });
        }""",
        [
            LIVE.read_text(encoding="utf-8"),
            [data[SPEC], data[SPEC] | dict(version=2), "no spec", None],
            dict(picture=data["image/png"], words=HOSTILE),
        ],
    )
    assert shown == [["svg"], *[[f"IMG{HOSTILE}"]] * 3]


def test_without_scripts_the_picture_stands_there(show, explorer):
    page = show([explorer._repr_mimebundle_()], java_script_enabled=False)
    picture = page.get_by_role("img", name="neuron and its derivative for alpha = 1.00")
    assert picture.is_visible() and picture.bounding_box()["width"] == 640


def test_where_f_is_finite_nowhere_a_page_says_so(show):
    from mini_autograd import log

    with np.errstate(all="ignore"):
        explorer = explore(lambda x, c: log(c - x * x - 1), c=(-4, 20, 20.0), name="f")
        page = show([explorer._repr_mimebundle_()])
        field = page.get_by_label("c, value")
        field.fill("-4")
        field.press("Enter")
        assert_shows(page, explorer, c=-4.0)


def test_the_slope_at_a_corner_lies_between_the_sides(show):
    explorer = explore(F.relu, cursor=0.0)
    page = show([explorer._repr_mimebundle_()])
    assert_shows(page, explorer)
    assert "left 0.00, right 1.00" in read_out(page)
