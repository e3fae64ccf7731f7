"""Explorers in a page without a kernel: what moves them, what they say, how they look."""

import re

import numpy as np
import pytest
from accessibility import faint_texts, violations
from pages import HOSTILE, THEMES

import live_page
from mini_autograd import sigmoid
from mini_autograd.explore import explore
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
    """The same, as the explorer of a kernel says it."""
    for key, value in values.items():
        explorer._sliders[key].value = value
    text = re.sub(r"<[^>]*>", " ", explorer._overlay.value.split("</svg>")[1])
    return re.sub(r"\de-\d\d|(?<=\bdifference )0\b|(?<=is )0\b", "little", " ".join(text.split()))


def assert_shows(page, explorer, **values):
    page.wait_for_timeout(50)  # the next frame
    assert read_out(page).startswith(expected(explorer, **values))
    label = page.locator("svg[role=img]").first.get_attribute("aria-label")
    assert f'aria-label="{label}"' in explorer._overlay.value.replace("&#x27;", "'")


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
    assert_shows(page, explorer, beta=-1.5)
    field.fill("99")
    field.blur()
    assert_shows(page, explorer, beta=4.0)
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
    explorer._panel.set(dict(alpha=1.0, beta=1 / 3))
    assert_shows(page, explorer)
    page.get_by_role("button", name="Unpin curve").click()
    assert page.get_by_text("grey:").count() == 0
    page.get_by_role("button", name="Reset").click()
    explorer._panel.set(explorer._panel.start)
    assert_shows(page, explorer)


def test_one_sentence_is_said_once_a_movement_has_stopped(show, explorer):
    page = show([explorer._repr_mimebundle_()])
    page.wait_for_timeout(800)
    page.evaluate(
        """() => {
            window.said = [];
            const status = document.querySelector('[role=status]');
            new MutationObserver(() => said.push(status.textContent))
                .observe(status, {childList: true, subtree: true});
        }"""
    )
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

MEETINGS = """() => {
    const inside = (box, {x, y}) => x > box.x + 1 && x < box.x + box.width - 1 &&
        y > box.y + 4 && y < box.y + box.height - 4;
    const meets = (path, box) => {
        const length = path.getTotalLength();
        for (let at = 0; at < length; at += 2)
            if (inside(box, path.getPointAtLength(at))) return true;
        return false;
    };
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


@pytest.mark.parametrize("width", [700, 390])
def test_the_label_of_the_cursor_hardly_ever_meets_a_line(show, width):
    page = show(STORED, viewport=dict(width=width, height=900))
    found = page.evaluate(MEETINGS)
    assert len(found) > 50 * len(STORED) and sum(found) <= 0.01 * len(found)


def test_a_chapter_is_exported_as_one_live_page(browser, tmp_path):
    (tmp_path / "page.html").write_text(
        live_page.page(ROOT / "notebooks/00_start.ipynb"), encoding="utf-8"
    )
    page = browser.new_page(offline=True)
    page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
    page.get_by_label("cursor (x)", exact=True).press("ArrowLeft")
    page.wait_for_timeout(200)
    assert page.locator(".ma-cells").inner_text().startswith("x\n0.80")
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
