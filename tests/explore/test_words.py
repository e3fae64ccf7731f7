"""What the verdicts of explorers and exercises say, to the letter."""

import numpy as np
import pytest

from mini_autograd.explore.curve import Unusable
from mini_autograd.explore.sliders import log_slider_spec, written
from mini_autograd.explore.words import (
    explained,
    fixed,
    formatted,
    magnitude,
    minus,
    mistake,
    number,
    sentence,
)

X = np.array([-2.0, -1.0, 0.0, 0.5, 2.0])
RIGHT = np.array([1.0, 2.0, 3.0, 4.0, 5.0])

# What was got, what was wanted, and what is said of it; live.js is asked the same.
DIFFERENCES = [
    (RIGHT, RIGHT, ""),
    ([5e-8, 6e-8], [0.0, 1e-8], ""),  # nearer than is looked at
    ([1.0, 7.0], [np.nan, 7.0], ""),  # where nothing is wanted, nothing is wrong
    (RIGHT * 2, RIGHT, "It is twice too large."),
    ([1.0, 4.0], [1.0, 2.0], "Where it is wrong, it is twice too large."),
    ([2.0004, 4.0008], [1.0, 2.0], "It is twice too large."),
    (RIGHT / 2, RIGHT, "It is half of what it should be."),
    (-RIGHT, RIGHT, "It is right but for its sign."),
    ([8e307], [-8e307], "It is right but for its sign."),
    (RIGHT * 0, RIGHT, "It is zero."),
    ([3.0], [1.0], ""),  # one number shows no factor but the usual ones
    ([3.0, 6.0], [1.0, 2.0], "It is 3 times what it should be."),
    ([-3.0, -6.0], [1.0, 2.0], "It is −3 times what it should be."),
    ([1000.0, 999.5], [1.0, 1.0], "It is 999.75 times what it should be."),
    ([1000.0, 998.0], [1.0, 1.0], ""),
    ([0.001, 0.0015], [1.0, 1.0], "It is off by −0.9988."),
    ([1.00003], [1.0], "It is close, but six digits are compared."),
    ([0.3], [0.0], ""),
    ([0.3, 1.3], [0.0, 1.0], "It is off by 0.3."),
    ([1000.0, 1000.0], [0.0, 1.0], "It is off by 999.5."),
    ([0.001, 1.0015], [0.0, 1.0], ""),
    ([1.0, 101.01], [0.0, 100.0], ""),
    ([np.inf, 1.0], [1.0, 2.0], ""),
    ([[1.0, 3.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]], "It is transposed."),
    ([[2.0, 4.0], [6.0, 8.0]], [[1.0, 2.0], [3.0, 4.0]], "It is twice too large."),
    ([[2.0, 4.0, 6.0]] * 2, [[1.0, 2.0, 3.0]] * 2, "It is twice too large."),
]


@pytest.mark.parametrize("got, want, said", DIFFERENCES)
def test_what_two_arrays_differ_by(got, want, said):
    assert mistake(np.array(got), np.array(want)) == said


SIDES = [
    ([1, 1, 2, 2, 2], "It is right for x < 0 only, elsewhere it is twice too large."),
    ([2, 2, 2, 1, 1], "It is right for x > 0 only, elsewhere it is twice too large."),
    ([2, 2, 1, 1, 1], "It is right for x > 0 only, elsewhere it is twice too large."),
    ([1, 2, 2, 1, 1], "Where it is wrong, it is twice too large."),
    ([1, 1, 2, 7, 3], "It is right for x < 0 only."),
    ([1, 2, 1, 1, 2], "Where it is wrong, it is twice too large."),
    ([2, 2, 1, 2, 2], "Where it is wrong, it is twice too large."),
    ([1, 2, 1, 1, 3], ""),
]


@pytest.mark.parametrize("factors, said", SIDES)
def test_on_which_side_they_differ(factors, said):
    assert mistake(RIGHT * factors, RIGHT, X) == said


@pytest.mark.parametrize("second, said", [(1.0, ""), (1e300, "It is off by 1e+300.")])
def test_a_quotient_beyond_the_range_is_neither_a_factor_nor_a_warning(second, said, recwarn):
    assert mistake(np.array([1e300, second]), np.array([1e-300, 1e-300])) == said
    assert not recwarn.list


def test_numbers_change_their_form_where_they_would_show_too_little():
    assert (
        number(1e-3) == "0.001000" and number(0.99e-3) == "9.90e-04" and number(0.0) == "0.000000"
    )
    assert fixed(99999.0, 2) == "99999.00" and fixed(1e5, 2) == fixed(100000.5, 2) == "1.00e+05"


def test_a_minus_sign_stands_before_numbers_only():
    said = minus("-inf - x-1 e-05 (-3, -.5) non-info")
    assert said == "−inf - x-1 e-05 (−3, -.5) non-info"


@pytest.mark.parametrize("error", [Unusable("f is finite nowhere"), AssertionError("f is wrong")])
def test_what_the_course_says_itself_stands_alone_and_else_the_kind_of_error_is_said(error):
    assert explained(error) == str(error)
    assert explained(ZeroDivisionError(error)) == f"ZeroDivisionError: {error}"


@pytest.mark.parametrize(
    ("form", "value", "said"),
    [
        (".2f", -1.005, "−1.00"),
        (".2f", -1e-9, "0.00"),
        (".12f", 1 / 3, "0.333333333333"),
        (".3f", 1e5, "1.00e+05"),
        (".3e", -12345.0, "−1.234e+04"),
        (".0e", -0.0, "0e+00"),
        ("d", -41.6, "−42"),
        ("d", -0.3, "0"),
        ("d", 999999999999999.0, "999999999999999"),
        ("d", 1e15, "1.00e+15"),
        ("d", -np.inf, "−inf"),
        ("no|yes", np.nan, "nan"),
        ("none|one|many", -3, "none"),
        ("none|one|many", 0.6, "one"),
        ("none|one|many", 7, "many"),
        ("no|yes", True, "yes"),
    ],
)
def test_a_number_is_written_in_the_form_that_was_asked_for(form, value, said):
    assert formatted(form, value) == said


MAGNITUDES = [  # what stands beside a slider that moves by powers of ten
    (0.5, "0.5"),
    (0.02, "0.02"),
    (200.0, "200"),
    (10**0.1, "1.3"),
    (10**0.3, "2"),
    (0.001, "0.001"),
    (0.00099999, "0.001"),
    (0.00094, "9.4e-04"),
    (1e-9, "1.0e-09"),
    (0.125, "0.12"),  # a tie
    (0.375, "0.38"),
    (7943.3, "7900"),
    (9900.0, "9900"),
    (9999.0, "1.0e+04"),
    (1e20, "1.0e+20"),
]


@pytest.mark.parametrize("value, said", MAGNITUDES)
def test_a_number_on_a_logarithmic_slider_stands_there_plainly_if_it_can(value, said):
    assert magnitude(value, 1) == said and magnitude(9999.0, 3) == "9999"
    slider = log_slider_spec("draw", "h", (1e-9, 1e20, value))
    assert written(slider, slider["start"]) == said


def test_a_sentence_has_its_numbers_between_its_words():
    said = dict(
        words=["at ", " it ", "."],
        forms=[".1f", "falls|rises"],
        arrays=[np.array(-2.0), np.array(1)],
    )
    assert sentence(said) == "at −2.0 it rises."
    for less in dict(forms=[".1f"], words=["at ", "."]), dict(words=["at ", "."]):
        with pytest.raises(ValueError):
            sentence(said | less)
