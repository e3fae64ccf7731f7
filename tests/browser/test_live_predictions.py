"""Predictions and answers in a page without a kernel."""

import pytest
from accessibility import faint_texts, violations
from pages import HOSTILE, THEMES, document

from mini_autograd.explore import predict
from mini_autograd.explore.live import LIVE, SPEC

QUESTION = "The gradient of the loss with respect to the one bias b is ..."
OPTIONS = ["1", "a vector of 1000 ones", "1000", "1/1000"]
WORDS = "The bias is copied to every example."


def asked_and_answered(question=QUESTION, options=OPTIONS, measured="1000", words=WORDS):
    asked = predict(question, options)
    return [one._repr_mimebundle_() for one in (asked, asked.answer(measured, words))]


def group(page, question=QUESTION):
    return page.get_by_role("group", name=f"Predict. {question}")


def answer(page):
    return page.locator(".ma").nth(1)


def test_the_answer_says_what_was_predicted_and_follows_another_choice(show):
    page = show(asked_and_answered())
    first, second = (group(page).get_by_label(name, exact=True) for name in OPTIONS[1:3])
    first.check()
    assert answer(page).locator("p").all_inner_texts() == [
        QUESTION,
        "✗ You predicted “a vector of 1000 ones”. Measured: “1000”.",
        WORDS,
    ]
    second.check()
    assert "✓ You predicted “1000”. Measured: “1000”." in answer(page).inner_text()
    assert page.locator(".ma-wrong, details").count() == 0


def test_an_answer_stands_open_for_those_who_have_chosen(show):
    page = show(asked_and_answered())
    hidden = answer(page).get_by_text("Measured")
    assert "choose above" in answer(page).inner_text() and not hidden.is_visible()
    answer(page).get_by_text("Show the answer").press("Enter")
    assert hidden.is_visible() and answer(page).get_by_text(WORDS).is_visible()
    assert "You predicted" not in answer(page).inner_text()


def test_keys_choose(show):
    page = show(asked_and_answered())
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert group(page).get_by_label("1", exact=True).is_checked()
    page.keyboard.press("ArrowDown")
    assert "You predicted “a vector of 1000 ones”" in answer(page).inner_text()
    page.keyboard.press("Tab")  # it is one stop
    assert page.evaluate("document.activeElement.type") != "radio"


def test_one_message_is_said_for_a_choice(show):
    page = show(asked_and_answered())
    said = page.get_by_role("status")
    assert said.all_inner_texts() == ["Choose before you read on."]
    group(page).get_by_label("1/1000").check()
    assert said.all_inner_texts() == ["You chose “1/1000”. Read on to test it."]
    assert page.locator("[aria-live], [role=alert]").count() == 0


def test_the_choice_is_there_at_the_next_visit(browser, tmp_path):
    twins = [*asked_and_answered(), *asked_and_answered(options=["1", "1000"])]
    path = tmp_path / "page.html"
    path.write_text(document(twins), encoding="utf-8")
    context = browser.new_context()
    for visit in range(2):
        page = context.new_page()
        page.goto(path.as_uri())
        radio = group(page).first.get_by_label("1000", exact=True)
        assert radio.is_checked() == (visit == 1)
        radio.check()
        assert "✓ You predicted “1000”." in answer(page).inner_text()
        # Other options make another question.
        assert group(page).last.locator(":checked").count() == 0
        page.close()
    page = context.new_page()
    page.goto(path.as_uri())
    page.evaluate("Object.keys(localStorage).forEach(key => localStorage.setItem(key, '7'))")
    page.reload()
    assert page.locator(":checked").count() == 0
    context.close()


def test_where_a_browser_keeps_nothing_copies_of_the_script_still_agree(show):
    page = show([])  # a page without an address has no storage
    bundles = [data for data, _ in asked_and_answered()]
    page.evaluate(
        """async ([source, specs]) => {
            try { localStorage.length; throw "allowed"; } catch (error) {
                if (error === "allowed") throw new Error("this page has a storage");
            }
            for (const spec of [...specs, specs[1]]) {
                const file = new Blob([source], {type: "text/javascript"});
                const {mountOr} = await import(URL.createObjectURL(file));
                const place = document.createElement("div");
                document.body.append(place);
                mountOr(place, spec, {});
                document.querySelector("input").click();
            }
        }""",
        [LIVE.read_text(encoding="utf-8"), [data[SPEC] for data in bundles]],
    )
    assert page.get_by_text("You predicted “1”.").count() == 2


def test_without_scripts_there_is_text_and_a_folded_answer(show):
    page = show(asked_and_answered(), java_script_enabled=False)
    assert page.get_by_role("listitem").all_inner_texts() == OPTIONS
    assert not page.get_by_text("Measured").is_visible()
    page.get_by_text("Show the answer").click()
    assert page.get_by_text("Measured: “1000”.").is_visible()


def test_whatever_stands_in_a_question_is_text(show):
    options = [HOSTILE, "harmless"]
    page = show(asked_and_answered(HOSTILE, options, HOSTILE, HOSTILE))
    page.get_by_role("radio").first.check()
    assert page.locator("#hostile, .ma img").count() == 0 and page.evaluate("window.hit") is None
    assert answer(page).inner_text().count(HOSTILE) == 4


@pytest.mark.parametrize(
    "change", [dict(version=2), dict(options=None), dict(options={"a": 1}), dict(kind="ask")]
)
def test_what_is_not_understood_stays_text(show, change):
    bundles = [(data | {SPEC: data[SPEC] | change}, {}) for data, _ in asked_and_answered()]
    page = show(bundles)
    assert page.get_by_role("radio").count() == 0 and page.locator("li").count() == 4
    assert page.get_by_text("Show the answer").is_visible()


def test_in_jupyterlab_what_is_not_understood_is_text(show):
    page = show([])
    shown = page.evaluate(
        """async ([source, words]) => {
            const file = new Blob([source], {type: "text/javascript"});
            const {mountOr} = await import(URL.createObjectURL(file));
            const place = document.createElement("div");
            document.body.append(place);
            mountOr(place, {}, {words});
            return place.innerText;
        }""",
        [LIVE.read_text(encoding="utf-8"), HOSTILE],
    )
    assert shown == HOSTILE


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1280, 390])
def test_everyone_can_use_and_read_it(show, theme, width):
    long = "a" + "n extraordinarily" * 12
    bundles = [*asked_and_answered(), *asked_and_answered("Open?", [long, "no"], "no", long)]
    page = show(bundles, theme, viewport=dict(width=width, height=800))
    group(page).get_by_label("1", exact=True).check()
    assert violations(page, exempted={}) == []
    faint, readable = faint_texts(page)
    assert faint == [] and readable > 12
    assert page.evaluate("document.documentElement.scrollWidth") == width
    sizes = page.evaluate(
        "[...document.querySelectorAll('.ma *')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 12
