"""The prediction: says back what was chosen, and is readable without a kernel."""

import ipywidgets
import pytest
from nbformat.v4 import new_output

from mini_autograd.explore import predict

QUESTION = "Where is the slope of f(x) = x & x < 0 largest?"
OPTIONS = ["at 0", "at ±6 <the ends>", "nowhere"]


def test_it_says_back_what_was_chosen():
    asked = predict(QUESTION, OPTIONS)
    _, radio, reply = asked.children
    assert isinstance(radio, ipywidgets.RadioButtons)  # native inputs: arrow keys choose
    assert radio.value is None and "Choose before you read on." in reply.value
    radio.value = OPTIONS[1]
    assert "You chose “at ±6 &lt;the ends&gt;”. Read on to test it." in reply.value
    assert 'role="status"' in reply.value


def test_options_may_be_numbers():
    asked = predict("How many?", [1, 2])
    asked.children[1].value = "2"
    assert "You chose “2”" in asked.children[2].value
    assert "( ) 1" in asked._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(
    "options", [[], ["one"], ["same", "same"], [1, "1"], "yes or no", None, 3, {"a": 1, "b": 2}]
)
def test_what_leaves_no_choice_is_refused(options):
    with pytest.raises(ValueError, match="predict: a list of different options is needed, not"):
        predict(QUESTION, options)


def test_an_empty_option_can_be_chosen():
    asked = predict(QUESTION, ["", "0"])
    asked.children[1].value = ""
    assert "You chose “”." in asked.children[2].value


def test_without_a_kernel_it_is_text():
    bundle, again = (predict(QUESTION, OPTIONS)._repr_mimebundle_() for _ in range(2))
    assert bundle["text/plain"] == again["text/plain"]
    assert bundle["text/plain"].splitlines() == [
        f"Predict. {QUESTION}",
        *(f"  ( ) {option}" for option in OPTIONS),
    ]
    assert "Run this cell to choose." in bundle["text/html"]
    assert "<li>at ±6 &lt;the ends&gt;</li>" in bundle["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    new_output("display_data", data=bundle)
