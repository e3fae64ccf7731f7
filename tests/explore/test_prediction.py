"""Prediction and answer: what live.js is given, and what stands there without it."""

import pytest
from nbformat.v4 import new_output

from mini_autograd.explore import predict
from mini_autograd.explore.live import SPEC, VERSION

QUESTION = "Where is the slope of f(x) = x & x < 0 largest?"
OPTIONS = ["at 0", "at ±6 <the ends>", "nowhere"]


VIEW = "application/vnd.jupyter.widget-view+json"


def stored(widget):
    """What a notebook stores of a widget, the same each time."""
    first, again = (
        {kind: v for kind, v in widget._repr_mimebundle_()[0].items() if kind != VIEW}
        for _ in range(2)
    )
    assert first == again and VIEW in widget._repr_mimebundle_()[0]
    new_output("display_data", data=first)
    return first


def test_a_page_is_told_question_and_options():
    assert stored(predict(QUESTION, OPTIONS))[SPEC] == dict(
        version=VERSION, kind="prediction", question=QUESTION, options=OPTIONS
    )


def test_an_answer_knows_its_question():
    answer = predict(QUESTION, OPTIONS).answer("nowhere", "It is 0 or 1 everywhere.")
    assert stored(answer)[SPEC] == dict(
        version=VERSION,
        kind="answer",
        question=QUESTION,
        options=OPTIONS,
        measured="nowhere",
        words="It is 0 or 1 everywhere.",
    )


def test_options_and_what_is_measured_may_be_numbers():
    asked = predict("How many?", [1, 2])
    assert "( ) 1" in stored(asked)["text/plain"]
    assert asked.answer(2).spec["measured"] == "2" and asked.answer("1").spec["words"] == ""


def test_what_is_measured_is_one_of_the_options():
    asked = predict("How many?", ["", "0"])
    assert asked.answer("").spec["measured"] == ""
    with pytest.raises(ValueError, match="answer: measured is one of '', '0', not 0.5"):
        asked.answer(0.5)


@pytest.mark.parametrize(
    "options", [[], ["one"], ["same", "same"], [1, "1"], "yes or no", None, 3, {"a": 1, "b": 2}]
)
def test_what_leaves_no_choice_is_refused(options):
    with pytest.raises(ValueError, match="predict: a list of different options is needed, not"):
        predict(QUESTION, options)


def test_without_scripts_a_prediction_is_text():
    data = stored(predict(QUESTION, OPTIONS))
    lines = [f"Predict. {QUESTION}", *(f"  ( ) {option}" for option in OPTIONS)]
    assert data["text/plain"].splitlines() == lines
    assert "<li>at ±6 &lt;the ends&gt;</li>" in data["text/html"]
    assert "x &amp; x &lt; 0" in data["text/html"] and "Run this cell" not in data["text/html"]


def test_without_scripts_an_answer_is_folded():
    data = stored(predict(QUESTION, OPTIONS).answer(OPTIONS[1], "Since 2 > 1."))
    assert data["text/plain"].splitlines() == [
        QUESTION,
        "Measured: “at ±6 <the ends>”.",
        "Since 2 > 1.",
    ]
    head, _, folded = data["text/html"].partition("<details>")
    assert "x &amp; x &lt; 0" in head and "Measured" not in head
    assert folded == (
        "<summary>Show the answer</summary><p>Measured: “at ±6 &lt;the ends&gt;”.</p>"
        "<p>Since 2 &gt; 1.</p></details>"
    )


def test_without_words_an_answer_is_what_was_measured():
    data = stored(predict(QUESTION, OPTIONS).answer("nowhere"))
    assert data["text/plain"].splitlines() == [QUESTION, "Measured: “nowhere”."]
    assert data["text/html"].endswith("answer</summary><p>Measured: “nowhere”.</p></details>")
