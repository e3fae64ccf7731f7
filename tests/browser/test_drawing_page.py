"""Drawings in a page without a kernel: what moves them, what they say, how they look."""

import numpy as np
import pytest
from accessibility import faint_texts, violations
from pages import LISTEN, MEETS, THEMES, settle
from playwright.sync_api import expect

from mini_autograd import exp, tanh
from mini_autograd.explore import draw, explore, words
from mini_autograd.explore.live import SPEC
from mini_autograd.explore.marks import bars, cells, curve, logarithmic, painted, panel, points, say

GRID = np.linspace(-6, 6, 121)
HOSTILE = "</script><img src=x onerror=\"window.hit = 1\"><b id='hostile'>&lt;i&gt;"


def neuron(x, w, b):
    at = np.tanh(w * x + b)
    return [
        panel(
            curve(GRID, np.tanh(w * GRID + b), "tanh"),
            curve(GRID, np.where(w * GRID + b > 0, 1, -1.0), "step", color="derivative"),
            points(x, at, say("{:.2f}", at)),
            xlim=(-6, 6),
            ylim=(-1.2, 1.2),
            xlabel="x",
            pointer="x",
        )
    ], say("At x = {:.2f} it is {:.3f}.", x, at)


def steps(n, h, which):
    k = np.arange(5)
    seen = np.where(k <= n, h * k, np.nan)
    names = ["one", "two", "three", "four", "five"]
    return [
        [
            panel(bars(seen, names, digits=1), ylim=(0, 4), title=which, ylabel="height"),
            panel(cells(seen * np.array([[1], [-0.5]]), ["a", "b"], names), pointer=("n", None)),
        ],
        panel(points(k, seen, "points"), xlim=(0, 4), ylim=(0, 4), pointer=("n", "h")),
    ], say("{:d} steps of {:.1e}: {:small|large}.", n, h, h > 0.5)


def neuron_drawing():
    presets = {"steep": dict(w=4), "shifted": dict(w=1, b=-2)}
    return draw(neuron, x=(-6, 6, 1.0), w=(-4, 4, 1.0), b=(-4, 4, 0.0), presets=presets)


def steps_drawing():
    h = logarithmic(1e-3, 1, 0.1)
    return draw(steps, n=(0, 4, 1, 1), h=h, which=["first", "second"], play="n")


@pytest.fixture
def drawing():
    return neuron_drawing()


def assert_shows(page, drawing, **values):
    page.wait_for_timeout(50)  # the next frame
    said = words.sentence(drawing.outcome(**values)[1])
    assert page.locator(".ma-said p").first.inner_text() == said
    assert page.locator("svg[role=img]").first.get_attribute("aria-label") == said


def test_it_shows_at_the_start_what_f_returns(show, drawing):
    page = show([drawing._repr_mimebundle_()])
    assert_shows(page, drawing)
    assert page.locator("img").count() == 0
    texts = page.locator(".ma-label").all_text_contents()
    assert texts == ["tanh", "step", "0.76"]


def test_keys_and_typing_move_sliders(show, drawing):
    page = show([drawing._repr_mimebundle_()])
    page.get_by_label("x", exact=True).press("ArrowRight")
    assert_shows(page, drawing, x=1.2)
    page.get_by_label("w", exact=True).press("End")
    assert_shows(page, drawing, x=1.2, w=4.0)
    field = page.get_by_label("b, value")
    field.fill("−1,5")
    field.press("Enter")
    assert_shows(page, drawing, x=1.2, w=4.0, b=-1.5)


def test_a_pointer_in_a_panel_moves_what_it_names(show, drawing):
    page = show([drawing._repr_mimebundle_()])
    box = page.locator("svg rect[style]").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=3)
    page.mouse.up()
    assert_shows(page, drawing, x=0.0)
    page.mouse.move(box["x"] + 5, box["y"] + 50)  # no longer held
    assert_shows(page, drawing, x=0.0)


def test_it_answers_to_touch_also_along_y_and_in_cells(show):
    drawing = steps_drawing()
    page = show(
        [drawing._repr_mimebundle_()], has_touch=True, viewport=dict(width=390, height=1200)
    )
    in_cells, in_points = (one.bounding_box() for one in page.locator("svg rect[style]").all())
    page.touchscreen.tap(in_cells["x"] + 0.7 * in_cells["width"], in_cells["y"] + 20)
    assert_shows(page, drawing, n=3)
    page.touchscreen.tap(
        in_points["x"] + in_points["width"] / 2, in_points["y"] + 0.75 * in_points["height"]
    )
    assert_shows(page, drawing, n=2, h=1.0)


def test_presets_choices_and_reset(show, drawing):
    page = show([drawing._repr_mimebundle_()])
    page.get_by_role("button", name="shifted").click()
    assert_shows(page, drawing, b=-2.0)
    page.get_by_role("button", name="steep").click()  # what it does not name stays
    assert_shows(page, drawing, b=-2.0, w=4.0)
    page.get_by_role("button", name="Reset").click()
    assert_shows(page, drawing)
    page = show([steps_drawing()._repr_mimebundle_()])
    page.get_by_role("group", name="which").get_by_label("second").check()
    expect(page.locator(".ma-label").first).to_have_text("second")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".ma-label").first).to_have_text("first")


def test_a_line_ends_at_a_space_and_not_within_a_power_of_ten(show):
    explorer = explore(tanh, xlim=(-3, 3))
    for shown, name in ((steps_drawing(), ".ma-said p"), (explorer, ".ma-verdict")):
        place = show([shown._repr_mimebundle_()]).locator(name).first
        place.evaluate("place => { place.style.width = '1px' }")
        number = place.locator(".ma-whole")
        assert "e-" in number.inner_text()
        assert number.evaluate("one => one.getClientRects().length") == 1


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_play_moves_a_slider_to_its_end_once(show, motion):
    drawing = steps_drawing()
    page = show([drawing._repr_mimebundle_()], reduced_motion=motion)
    page.get_by_label("n", exact=True).press("End")
    page.get_by_role("button", name="Play n").click()  # from the start, as it is at its end
    assert page.get_by_role("button", name="Pause n").is_visible()
    assert_shows(page, drawing, n=0)
    page.get_by_role("button", name="Play n").wait_for(timeout=6000)
    assert_shows(page, drawing, n=4)
    page.get_by_label("n", exact=True).press("Home")
    page.get_by_role("button", name="Play n").click()
    page.get_by_label("n", exact=True).press("ArrowRight")  # whoever moves it takes over
    page.wait_for_timeout(1200)
    assert_shows(page, drawing, n=1)
    assert page.get_by_role("button", name="Play n").is_visible()


def test_one_sentence_is_said_once_a_movement_has_stopped(show, drawing):
    page = show([drawing._repr_mimebundle_()])
    page.wait_for_timeout(800)
    page.evaluate(LISTEN)
    page.get_by_label("x", exact=True).focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(1000)
    assert page.evaluate("said") == [words.sentence(drawing.outcome(x=-1.0)[1])]


def test_nothing_shifts_and_nothing_is_cut_off(show):
    for width in 1280, 640, 390:
        page = show(
            [neuron_drawing()._repr_mimebundle_(), steps_drawing()._repr_mimebundle_()],
            viewport=dict(width=width, height=900),
        )
        heights = set()
        for slider in page.locator("input[type=range]").all():
            for end in "Home", "End":
                slider.press(end)
                page.wait_for_timeout(30)
                heights.add(
                    tuple(one.bounding_box()["height"] for one in page.locator(".ma").all())
                )
        assert len(heights) == 1, (width, heights)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        letters = page.evaluate(
            "[...document.querySelectorAll('.ma text')].map(e => e.getBoundingClientRect())"
            ".filter(box => box.width).map(box => box.height)"
        )
        assert min(letters) >= 12


LONG = "a name that goes on and on and on, and does not end before the picture does; not even here"
WORD = "unbroken" * 20


def long_names(w, which):
    limits = dict(xlim=(-2, 2), ylim=(-2, 2))
    around = dict(title=LONG, xlabel=LONG, ylabel=LONG)
    rows = [f"row {i}" for i in range(40)]
    return [
        [
            panel(points(w, w, LONG), curve([-2, 2], [w, 1], LONG), **limits, **around),
            panel(points(1, w), **limits, title=WORD, xlabel="x", ylabel="height"),
        ],
        [
            panel(cells(w * np.eye(2), [LONG, "b"], [LONG, LONG]), title=LONG),
            panel(cells(w * np.ones((40, 3)), rows)),
        ],
        panel(bars(w * np.ones(40), [LONG] * 40, digits=2), ylim=(-2, 2)),
        panel(points(1, w), xlim=(0, 1e-90), ylim=(-1.5e12, 0)),
    ], say(WORD)


@pytest.mark.parametrize("width", [1280, 390])
def test_whatever_is_long_or_many_has_room(show, width):
    presets = {LONG: dict(w=1), WORD: dict(w=2)}
    given = dict(w=(-2, 2, 1.0), which=[LONG, WORD], presets=presets, labels=dict(w=WORD))
    made = draw(long_names, **given, play="w"), explore(exp, xlim=(-40, 40), name=WORD)
    bundles = [one._repr_mimebundle_() for one in made]
    page = show(bundles, viewport=dict(width=width, height=900))
    assert page.locator("svg[role=img]").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CUT_OFF) == [] and page.evaluate(MET) == []


CUT_OFF = """[...document.querySelectorAll('svg[role=img]')].flatMap(svg => {
    const {left, right, top, bottom} = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {
        const box = text.getBoundingClientRect();
        return box.width && (box.left < left - 1 || box.right > right + 1 || box.top < top - 1 ||
            box.bottom > bottom + 1);
    }).map(text => text.textContent);
})"""
MET = """[...document.querySelectorAll('svg[role=img]')].flatMap(svg => {
    const texts = [...svg.querySelectorAll('text')].filter(text => text.textContent);
    const boxes = texts.map(text => text.getBBox());
    const meet = (a, b) => a.x + 1 < b.x + b.width && b.x + 1 < a.x + a.width &&
        a.y + 4 < b.y + b.height && b.y + 4 < a.y + a.height;
    return texts.filter((_, i) => boxes.some((box, j) => j < i && meet(box, boxes[i])))
        .map(text => text.textContent);
})"""


def test_a_control_may_have_a_name_of_javascript(show):
    def f(valueOf, constructor):
        return [panel(points(valueOf, 1), xlim=(0, 1), ylim=(0, 2))], say(constructor)

    drawing = draw(f, valueOf=(0, 1, 0.5), constructor=["first", "second"])
    page = show([drawing._repr_mimebundle_()])
    page.get_by_label("second").check()
    assert_shows(page, drawing, constructor="second")
    page.get_by_role("button", name="Reset").click()
    assert_shows(page, drawing)


def test_play_ends_where_no_step_leads_to_the_end(show):
    def f(n):
        return [panel(points(n, 1), xlim=(0, 10), ylim=(0, 2))], say("{:d}", n)

    drawing = draw(f, n=(0, 10, 0, 6), play="n")
    page = show([drawing._repr_mimebundle_()])
    page.get_by_role("button", name="Play n").click()
    page.get_by_role("button", name="Play n").wait_for(timeout=4000)
    assert_shows(page, drawing, n=6)


@pytest.mark.parametrize("theme", THEMES)
def test_everyone_can_use_and_read_it(show, theme):
    made = [neuron_drawing()._repr_mimebundle_(), steps_drawing()._repr_mimebundle_()]
    page = show(made, theme)
    assert violations(page, exempted={}) == []
    faint, readable = faint_texts(page)
    assert faint == [] and readable > 50


def crowded(h, n):
    """Three curves through one point, and points of which the last may lie outside of the axes."""
    slope, k = np.exp(0.5), np.arange(8)
    path = np.where(k <= n, 2 - 0.5 * k * h, np.nan)
    return [
        panel(
            curve(GRID, np.exp(0.5) + slope * (GRID - 0.5), "tangent", color="quiet"),
            curve(GRID, np.exp(0.5) + (slope + h) * (GRID - 0.5), say("secant {:.3f}", h)),
            curve(GRID, np.exp(GRID), "exp", color="derivative"),
            points(path, np.exp(path), say("at {:.2f}", 2 - 0.5 * n * h)),
            xlim=(-2, 2),
            ylim=(-1, 7),
        )
    ], say("{:.2f}", h)


def test_a_point_is_whole_also_at_the_edge_or_it_is_not_seen(show):
    def f(x):
        marks = points([-2, x, 2.1], [1, 0, 0]), points(0, 0.5, size=2)
        return [panel(*marks, xlim=(-2, 2), ylim=(-1, 1))], say("")

    page = show([draw(f, x=(-2, 2, 0.0))._repr_mimebundle_()])
    dots = page.locator("circle")
    look = "es => es.map(e => [e.getAttribute('clip-path'), +e.getAttribute('stroke-width')])"
    assert dots.evaluate_all(look) == [[None, 2], [None, 2], [None, 1]]


MEETINGS = (
    f"() => {{{MEETS}"
    + """
    const {live} = document.querySelector('.ma'), found = [];
    const moves = live.svg.lastChild;
    for (const {key} of live.spec.sliders)
        for (let i = 0; i <= 20; i++) {
            const {range} = live.sliders[key];
            range.value = +range.min + (i * (range.max - range.min)) / 20;
            range.dispatchEvent(new Event('input'));
            live.redraw();
            for (const label of moves.querySelectorAll('.ma-label'))
                found.push([...moves.querySelectorAll('path')].some(
                    path => meets(path, label.getBBox())) && label.textContent);
        }
    return found;
}"""
)


@pytest.mark.parametrize("width", [700, 390])
def test_a_name_hardly_ever_meets_a_line(show, width):
    drawing = draw(crowded, h=(0, 3, 0.5), n=(0, 7, 2, 1))
    page = show([drawing._repr_mimebundle_()], viewport=dict(width=width, height=900))
    found = page.evaluate(MEETINGS)
    met = [words for words in found if words]
    assert len(found) > 140 and len(met) <= 0.01 * len(found), met
    page.get_by_label("h", exact=True).press("End")
    page.get_by_label("n", exact=True).press("End")
    page.wait_for_timeout(50)  # where the last point is, no name would be seen
    labels = page.locator(".ma-label").all_text_contents()
    assert labels == ["tangent", "secant 3.000", "exp"]


def test_whatever_stands_in_a_name_is_text(show):
    def f(n, which):
        h = np.stack([n, 1.0])
        names = dict(title=HOSTILE, xlabel=HOSTILE, ylabel=HOSTILE)
        return [
            panel(curve(h, h, HOSTILE), points(1, n, HOSTILE), xlim=(0, 1), ylim=(0, 1), **names),
            panel(bars(h, [HOSTILE, HOSTILE]), ylim=(0, 1)),
            panel(cells(h[None], [HOSTILE], [HOSTILE, HOSTILE])),
        ], say(HOSTILE.replace("{", "") + "{:a|" + HOSTILE + "}", n)

    data, metadata = draw(
        f,
        n=(0, 4, 1.0),
        which=["a", HOSTILE],
        presets={HOSTILE: dict(n=2)},
        labels=dict(n=HOSTILE, which=HOSTILE),
        play="n",
    )._repr_mimebundle_()
    page = show([(data, metadata)])
    page.get_by_role("button", name=HOSTILE, exact=True).click()
    page.locator("input[type=radio]").last.check()
    page.wait_for_timeout(50)
    assert page.locator("#hostile, .ma img").count() == 0 and page.evaluate("window.hit") is None
    assert HOSTILE in page.locator("svg[role=img]").get_attribute("aria-label")


def test_a_spec_that_is_not_understood_leaves_the_picture(show, drawing):
    data, metadata = drawing._repr_mimebundle_()
    spec = data[SPEC]
    picture = spec["pictures"][0]
    ((one,),) = picture["rows"]

    def changed(**parts):
        return spec | dict(pictures=[picture | dict(rows=[[one | parts]])])

    hit = '"><img id=hostile>'
    broken = [
        spec | dict(version=2),
        spec | dict(pictures=None),
        changed(xlim=[hit, 6]),
        changed(height=hit),
        changed(panel=[one["panel"][0] | dict(mark="constructor")]),
    ]
    page = show([(data | {SPEC: one}, metadata) for one in broken])
    assert page.locator("#hostile").count() == 0 and page.locator("svg").count() == 0
    assert page.locator("img").count() == len(broken)
    odd = [
        changed(panel=[one["panel"][0] | dict(width=hit, style=hit, color=hit)]),
        changed(panel=[one["panel"][2] | dict(size=hit, color="constructor")]),
        changed(id=hit, left=hit, title=dict(words=[hit, ""], forms=["constructor"], arrays=[0])),
    ]
    page = show([(data | {SPEC: one}, metadata) for one in odd])
    assert page.locator("#hostile").count() == 0 and page.evaluate("window.hit") is None


# --- Sheets to paint ------------------------------------------------------------------------------


def inked(sheet):
    return [panel(cells(sheet, limits=(0, 1)))], say("{:d} cells", sheet.sum())


def test_a_sheet_is_painted_by_mouse_and_by_keys(show):
    presets = {"a corner": dict(sheet=[[1, 0, 0], [0, 0, 0], [0, 0, 0]])}
    page = show([draw(inked, sheet=painted(3, 3), presets=presets)._repr_mimebundle_()])
    said, sheet = page.locator(".ma-said > p").first, page.get_by_role("grid", name="sheet")
    box = sheet.bounding_box()
    left, side = box["x"] + box["width"] / 6, box["height"] / 3
    page.mouse.move(left, box["y"] + side / 2)
    page.mouse.down()
    page.mouse.move(left, box["y"] + 2.5 * side, steps=8)
    page.mouse.up()
    expect(said).to_have_text("3 cells")  # a stroke down the first column
    page.keyboard.press("ArrowLeft")  # there is nothing further left
    page.keyboard.press("Space")
    expect(said).to_have_text("2 cells")  # from where the stroke began
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(said).to_have_text("3 cells")
    chosen = page.get_by_role("gridcell", selected=True)
    assert [cell.get_attribute("aria-label") for cell in chosen.all()] == [
        "row 1, column 2",
        "row 2, column 1",
        "row 3, column 1",
    ]
    page.get_by_role("button", name="a corner").click()
    expect(said).to_have_text("1 cells")
    page.get_by_role("button", name="Reset").click()
    expect(said).to_have_text("0 cells")
    assert violations(page, exempted={}) == []


# --- A kernel -------------------------------------------------------------------------------------


def halvings(x, turned, sheet):
    """Something that no program can compute: how many points there are depends on x."""
    if x > 60:
        raise ValueError("x > 60 <is> too much")
    halves = [float(x)]
    while halves[-1] > 1:
        halves.append(halves[-1] / 2)
    at = np.arange(len(halves))
    return [
        panel(points(at, halves, "halves"), xlim=(0, 8), ylim=(0, 80), pointer=(None, "x")),
        panel(cells(sheet, limits=(0, 1)), title=f"{turned}: {len(halves)}"),
    ], say("{:.0f} is halved {:d} times; {:d} cells.", x, at[-1], sheet.sum())


def by_kernel():
    given = dict(x=(0, 80, 16, 1), turned=["left", "right"], sheet=painted(2, 3))
    return draw(halvings, **given, presets={"much": dict(x=70)}, play="x")


def test_what_has_no_program_is_computed_by_the_kernel(run):
    drawing = by_kernel()
    kernel = run(drawing)
    page = kernel.page
    assert_shows(page, drawing)
    assert page.locator(".ma-about").inner_text() == drawing.spec["about"]
    page.get_by_label("x", exact=True).press("Home")
    settle(page)
    assert_shows(page, drawing, x=0.0)
    assert page.locator("circle").count() == 1  # of five at the start
    page.get_by_role("group", name="turned").get_by_label("right").check()
    settle(page)
    assert page.locator(".ma-label").all_text_contents() == ["right: 1", "halves"]
    panel_of_points, box = page.locator("svg rect[style]"), page.locator("svg").bounding_box()
    panel_of_points.click(position=dict(x=200, y=0.5 * panel_of_points.bounding_box()["height"]))
    settle(page)
    assert_shows(page, drawing, x=40.0)
    page.get_by_role("gridcell", name="row 2, column 1").click()
    settle(page)
    assert_shows(page, drawing, x=40.0, sheet=[[0, 0, 0], [1, 0, 0]])
    assert page.locator("svg").bounding_box() == box
    page.get_by_role("button", name="Reset").click()
    settle(page)
    assert_shows(page, drawing)
    again = run(drawing)
    assert_shows(again.page, drawing)


def test_what_f_raises_under_a_slider_is_said_below_the_picture_and_left_again(run):
    drawing = by_kernel()
    page = run(drawing).page
    page.evaluate(LISTEN)
    page.get_by_role("button", name="much").click()
    settle(page)
    said = "Problem: ValueError: x > 60 <is> too much"
    assert page.locator(".ma-said p").first.inner_text() == said
    assert page.locator("circle").count() == 0
    page.wait_for_timeout(800)
    assert page.evaluate("said") == [said]
    again = run(drawing).page  # opened as it was left
    assert again.locator(".ma-said p").first.inner_text() == said
    page.get_by_role("button", name="Reset").click()
    settle(page)
    assert_shows(page, drawing)


def test_play_waits_for_each_answer(run):
    drawing = by_kernel()
    kernel = run(drawing)
    settle(kernel.page)
    kernel.answers, before = False, len(kernel.asked)
    kernel.page.get_by_role("button", name="Play x").click()
    kernel.page.wait_for_timeout(1500)
    assert [one["values"]["x"] for one in kernel.asked[before:]] == [17]
    kernel.answer()
    kernel.page.wait_for_timeout(1500)
    assert [one["values"]["x"] for one in kernel.asked[before:]] == [17, 18]
    assert_shows(kernel.page, drawing, x=17.0)


SILENT = "Problem: the kernel has not answered: it is busy, or was interrupted or restarted. "


def said(page):
    return page.locator(".ma-said p").first.inner_text()


def test_without_an_answer_the_picture_of_other_values_does_not_stay(run):
    drawing = by_kernel()
    kernel = run(drawing)
    settle(kernel.page)
    kernel.answers, before = False, len(kernel.asked)
    type_in(kernel.page, "x", 8)
    assert_shows(kernel.page, drawing)  # for two seconds it may be on its way
    kernel.page.wait_for_timeout(2200)
    assert said(kernel.page).startswith(SILENT) and kernel.page.locator("circle").count() == 0
    for x in 12, 24:  # the first question may be lost
        type_in(kernel.page, "x", x)
    assert [one["values"]["x"] for one in kernel.asked[before:]] == [8, 12]
    kernel.page.wait_for_timeout(2200)
    assert [one["values"]["x"] for one in kernel.asked[before:]] == [8, 12, 24]
    kernel.answer()
    settle(kernel.page)
    assert_shows(kernel.page, drawing, x=24.0)
    kernel.page.wait_for_timeout(2200)
    assert_shows(kernel.page, drawing, x=24.0)


def test_a_kernel_that_has_gone_is_told_at_once(run):
    drawing = by_kernel()
    kernel = run(drawing)
    settle(kernel.page)
    kernel.go()
    for x in 8, 12:
        type_in(kernel.page, "x", x)
        assert said(kernel.page).startswith(SILENT) and kernel.page.locator("circle").count() == 0


def between(w):
    """Its program holds wherever it is compared with f: where w is 0, 0.5 and 2."""
    level = -w if abs(w - 1.25) < 0.25 else w
    return [panel(points(w, level), xlim=(0, 2), ylim=(-2, 2))], say("{:.2f}", level)


def type_in(page, name, value):
    field = page.get_by_label(f"{name}, value")
    field.fill(str(value))
    field.press("Enter")
    page.wait_for_timeout(60)


def test_a_page_asks_the_kernel_where_its_program_does_not_hold(run, show):
    drawing = draw(between, w=(0, 2, 0.5))
    page = show([drawing._repr_mimebundle_()])
    type_in(page, "w", 1.2)
    assert page.locator(".ma-said p").first.inner_text().startswith("for these values f raises")
    kernel = run(drawing)
    assert kernel.asked == []
    type_in(kernel.page, "w", 1.2)
    settle(kernel.page)
    assert_shows(kernel.page, drawing, w=1.2)
    kernel.answers = False
    type_in(kernel.page, "w", 1.3)
    type_in(kernel.page, "w", 1.8)
    kernel.answer()
    settle(kernel.page)
    assert_shows(kernel.page, drawing, w=1.8)  # it comes too late


@pytest.mark.parametrize("theme", THEMES)
def test_with_a_kernel_everyone_can_read_it(run, theme):
    for width in 1280, 390:
        page = run(by_kernel(), theme, viewport=dict(width=width, height=1000)).page
        settle(page)
        assert violations(page, exempted={}) == []
        faint, readable = faint_texts(page)
        assert faint == [] and readable > 20
        assert page.evaluate("document.documentElement.scrollWidth") == width
