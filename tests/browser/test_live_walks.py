"""Walks in a page without a kernel: their steps, their sliders, how they look."""

import numpy as np
import pytest
from accessibility import faint_texts, violations
from pages import HOSTILE, THEMES

from mini_autograd import Tensor, exp
from mini_autograd.explore import walk
from mini_autograd.explore.graph import _graph_of, in_words
from mini_autograd.explore.graph_picture import drawn
from mini_autograd.explore.live import SPEC


def neuron():
    w, x, b = (Tensor(v, requires_grad=True) for v in (2.0, 3.0, -5.0))
    return walk(1.0 / (1.0 + exp(-(w * x + b))), dict(w=w, x=x, b=b))


def square(name="x"):
    x = Tensor(8.0, requires_grad=True)
    return walk(x * x, {name: x})


def diamond():
    a = Tensor(3.0, requires_grad=True)
    c = a * a
    return walk(c * a + 2.0 * c - a / c, dict(a=a, c=c))


def product(x):
    a, b = 2 * x, x + 1
    return a * b, dict(a=a, b=b)


def moved():
    return walk(product, x=(-3, 3, 2.0))


def said(walked):
    return [step["said"] for step in walked.spec["steps"]]


def lines(page):
    return page.locator(".ma-now p").all_inner_texts()


def press(page, name):
    page.get_by_role("button", name=name).press("Enter")


def test_back_and_next_lead_through_the_steps_and_stop_at_the_ends(show):
    walked = neuron()
    page = show([walked._repr_mimebundle_()])
    steps = said(walked)
    for step in [*steps, steps[-1]]:
        assert lines(page) == step
        press(page, "Next")
    for step in [*steps[:-1][::-1], steps[0]]:
        press(page, "Back")
        assert lines(page) == step


def test_the_keyboard_stays_where_it_is(show):
    page = show([square()._repr_mimebundle_()])
    focused = "document.activeElement.textContent"
    press(page, "Next")
    assert page.evaluate(focused) == "Next →"
    assert page.get_by_role("button", name="Next").get_attribute("aria-disabled") == "true"
    page.keyboard.press("Space")
    assert lines(page) == said(square())[-1]
    press(page, "Back")
    assert page.evaluate(focused) == "← Back"
    assert page.get_by_role("button", name="Next").get_attribute("aria-disabled") == "false"


def test_play_goes_on_by_itself_and_stops_at_the_end(show):
    walked = neuron()
    page = show([walked._repr_mimebundle_()])
    page.clock.install()
    steps = said(walked)
    press(page, "Play")
    page.clock.run_for(2600)
    assert lines(page) == steps[1]
    press(page, "Pause")
    page.clock.run_for(9000)
    assert lines(page) == steps[1]
    press(page, "Play")
    page.clock.run_for(2500 * len(steps))
    assert lines(page) == steps[-1]
    assert page.get_by_role("button", name="Pause").count() == 0
    press(page, "Play")  # from the start
    assert lines(page) == steps[0]


def test_nothing_glides_for_those_who_want_no_motion(show):
    still, glides = (
        show([neuron()._repr_mimebundle_()], viewport=dict(width=390, height=800), **options)
        for options in (dict(reduced_motion="reduce"), {})
    )
    moved = []
    for page in still, glides:
        page.wait_for_timeout(600)
        moved += [
            page.evaluate(
                """() => {
                    const frame = document.querySelector(".ma-graph"), before = frame.scrollLeft;
                    for (const _ of "12") document.querySelectorAll("button")[1].click();
                    return before - frame.scrollLeft;
                }"""
            )
        ]
    assert moved[0] > 100 and moved[1] == 0  # at once, and in the frames to come


def test_the_gradients_and_what_was_passed_so_far_are_drawn(show):
    walked = square()
    page = show([walked._repr_mimebundle_()])
    assert page.locator("svg").get_by_text("gradient").all_text_contents() == [
        "gradient –",
        "gradient 1",
    ]
    assert page.locator(".ma-label").count() == 0
    press(page, "Next")
    assert page.locator("svg").get_by_text("gradient").all_text_contents() == [
        "gradient 16",
        "gradient 1",
    ]
    assert page.locator(".ma-label").all_text_contents() == ["8", "8"]


@pytest.mark.parametrize("x", [-3.0, -0.7, 0.0, 1.3, 3.0])
def test_a_slider_moves_every_number(show, x):
    page = show([moved()._repr_mimebundle_()])
    field = page.get_by_label("x, value")
    field.fill(str(x))
    field.press("Enter")
    page.wait_for_timeout(50)
    wanted = drawn(*_graph_of(product, dict(x=np.array(x)), Tensor), in_words, (8, 7))
    for step in wanted["steps"]:
        assert lines(page) == step["said"]
        press(page, "Next")
    values = page.locator("svg text").all_text_contents()
    assert {node["value"] for node in wanted["nodes"]} <= set(values)


def test_keys_move_the_slider_and_one_message_is_said(show):
    page = show([moved()._repr_mimebundle_()])
    page.clock.install()
    press(page, "Next")
    status = page.get_by_role("status")
    for _ in range(10):
        page.get_by_role("slider", name="x").press("ArrowLeft")
        page.clock.run_for(100)
    assert status.all_inner_texts() == [""]
    page.clock.run_for(700)
    (said,) = status.all_inner_texts()
    assert said.startswith("Step 1 of 3") and "local derivative 2 × upstream 1 = 2." in said


def test_where_f_goes_another_way_a_page_says_so(show):
    data, metadata = moved()._repr_mimebundle_()
    data[SPEC]["program"]["lines"].append("greater [] x0 0")
    data[SPEC]["program"]["guards"] = [f"v{len(data[SPEC]['program']['lines']) - 1}"]
    page = show([(data, metadata)])
    before = lines(page)
    page.get_by_role("slider", name="x").press("Home")
    page.wait_for_timeout(50)
    assert lines(page) == ["For this value f raises an error, or goes another way."]
    page.get_by_role("slider", name="x").press("End")
    page.wait_for_timeout(50)
    assert lines(page) == before


MEETINGS = """() => {
    const boxes = [...document.querySelectorAll(".ma-label")].map(e => e.getBBox());
    const inside = (box, {x, y}) => x > box.x && x < box.x + box.width &&
        y > box.y + 3 && y < box.y + box.height - 4;
    const found = [];
    for (const path of document.querySelectorAll("svg path"))
        for (let at = 0; at < path.getTotalLength(); at++)
            boxes.forEach((box, i) =>
                inside(box, path.getPointAtLength(at)) && found.push(`line on ${i}`));
    boxes.forEach((a, i) => boxes.slice(0, i).forEach((b, j) => {
        const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || Math.abs(a.y - b.y) > 14;
        if (!apart) found.push(`${i} on ${j}`);
    }));
    for (const box of document.querySelectorAll("rect"))
        for (const text of document.querySelectorAll("svg text:not(.ma-label)")) {
            const [outer, inner] = [box, text].map(e => e.getBBox());
            const middle = inner.x + inner.width / 2;
            const own = Math.abs(middle - outer.x - outer.width / 2) < 1 &&
                inner.y > outer.y && inner.y < outer.y + outer.height;
            if (own && inner.width > outer.width - 4) found.push(text.textContent);
        }
    return [boxes.length, found];
}"""


@pytest.mark.parametrize("make", [neuron, square, diamond, moved])
def test_no_number_lies_on_a_line_and_all_fit_their_box(show, make):
    page = show([make()._repr_mimebundle_()])
    for _ in range(7):
        press(page, "Next")
    for x in page.get_by_role("slider").all():
        x.press("Home")
        page.wait_for_timeout(50)
    labels, found = page.evaluate(MEETINGS)
    assert labels >= 2 and found == []


def test_a_wide_graph_moves_in_its_own_box_on_a_phone(show):
    page = show([neuron()._repr_mimebundle_()], viewport=dict(width=390, height=844))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    frame = page.locator(".ma-graph")
    seen = """frame => {
        const around = frame.getBoundingClientRect();
        const now = [...frame.querySelectorAll("rect")].at(-1).getBoundingClientRect();
        return now.left >= around.left && now.right <= around.right + 1;
    }"""
    page.wait_for_timeout(600)
    assert frame.evaluate(seen)  # it begins with the result, at the right
    sizes = page.locator(".ma text").evaluate_all(
        "found => found.map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 12
    for _ in range(6):
        press(page, "Next")
    page.wait_for_timeout(900)
    leftmost = """frame => Math.min(...[...frame.querySelectorAll("rect")].map(box =>
        box.getBoundingClientRect().left)) - frame.getBoundingClientRect().left"""
    assert 0 <= frame.evaluate(leftmost) < 40  # what the gradient has reached is whole


def test_nothing_shifts_from_step_to_step(show):
    page = show([moved()._repr_mimebundle_()], viewport=dict(width=390, height=844))
    heights = set()
    for _ in range(4):
        heights.add(page.locator(".ma").bounding_box()["height"])
        press(page, "Next")
    assert len(heights) == 1


@pytest.mark.parametrize("theme", THEMES)
def test_everyone_can_use_and_read_it(show, theme):
    page = show([one._repr_mimebundle_() for one in (square(), moved())], theme)
    for button in page.get_by_role("button", name="Next").all():
        button.click()
    assert violations(page, exempted={}) == []
    faint, readable = faint_texts(page)
    assert faint == [] and readable > 20
    label = page.locator("svg[role=img]").first.get_attribute("aria-label")
    assert label == "The graph. Step 1 of 1: x × x, upstream gradient 1."


def test_whatever_stands_in_a_name_is_text(show):
    page = show([square(HOSTILE)._repr_mimebundle_()])
    press(page, "Next")
    assert page.locator("#hostile, .ma img").count() == 0 and page.evaluate("window.hit") is None
    assert HOSTILE in lines(page)[0]


def test_a_spec_that_is_not_understood_leaves_the_picture(show):
    data, metadata = moved()._repr_mimebundle_()
    spec = data[SPEC]
    broken = [
        dict(version=2),
        dict(steps=[]),
        dict(nodes=None),
        dict(edges=None),
        dict(size=["<img id=hostile>", 6]),
        dict(program=spec["program"] | dict(lines=["constructor [] x0"])),
        dict(program=spec["program"] | dict(outputs=[])),
    ]
    page = show([(data | {SPEC: spec | one}, metadata) for one in broken])
    assert page.locator("#hostile").count() == 0
    assert page.locator("img").count() == len(broken)


def test_without_scripts_the_last_step_stands_there(show):
    page = show([neuron()._repr_mimebundle_()], java_script_enabled=False)
    assert page.get_by_role("img", name="Step 6 of 6").is_visible()
