"""The exercise check: accepts what is right, names what is wrong, waits for what is not done."""

import sys
import threading

import numpy as np
import pytest

from mini_autograd.explore import check
from mini_autograd.nn import Module


def softsign(x):
    return x / (1 + np.abs(x))


def softsign_slope(x):
    return (1 + np.abs(x)) ** -2.0


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def stub(*_):
    raise NotImplementedError


def operation_stub(x):
    raise NotImplementedError


@pytest.fixture
def said(capsys, engine):
    """What check prints; operations are made with `operation` of the engine under test."""

    def said(attempt, expected=None, **options):
        check(attempt, expected, Tensor=engine.Tensor, **options)
        lines = capsys.readouterr().out.strip().split("\n")
        assert all(len(line) <= 90 for line in lines)  # no cell is narrower
        return " ".join(lines)

    def operation(function, *rules):
        made = engine.primitive(function)
        if rules:
            made.vjp(*rules)
        return made

    said.operation = operation
    return said


def test_what_is_right_is_correct(said):
    right = said.operation(lambda x: softsign(x), lambda g, y, x: g * softsign_slope(x))
    assert said(right, softsign) == "correct: values and gradient."
    assert said(right) == "correct: values and gradient."
    assert said(softsign, softsign) == "correct."
    assert said(lambda x: x * x, np.square, gradient=True) == "correct: values and gradient."
    assert said(0.25, 1 / 4) == said([1, 2], np.array([1, 2])) == "correct."


def test_what_agrees_is_correct_though_it_is_nan_true_or_rounded(said):
    assert said(np.sqrt, np.sqrt) == "correct."  # nan on the left
    assert said(lambda x: x > 0, lambda x: x > 0) == "correct."
    assert said(0.3333333, 1 / 3) == "correct."


def test_where_a_value_is_nan_far_away_its_slope_may_be(said):
    def value(x):
        return x * np.exp(x) / np.exp(x)  # inf / inf at 1000

    rule = said.operation(value, lambda g, y, x: g * np.where(x < 700, 1.0, np.nan))
    assert said(rule, value) == "correct: values and gradient."


def test_a_gradient_of_nan_is_no_forgotten_factor(said):
    rule = said.operation(lambda x: 2 * x, lambda g, y, x: g * np.nan)
    assert "likely mistake: nan: an overflow" in said(rule, lambda x: 2 * x, at=np.array(3.0))


def test_what_is_wrong_everywhere_is_told_near_0(said):
    text = said(lambda x: 1.1 * x**3, lambda x: x**3)
    assert text.startswith("not yet: at x = −4 it is −70.4, expected −64.")


def test_a_slope_at_a_kink_may_lie_between_its_sides(said):
    for slope in 0.0, 0.5, 1.0:
        relu = said.operation(
            lambda x: np.maximum(x, 0),
            lambda g, y, x, c=slope: g * np.where(x == 0, c, x > 0),
        )
        assert said(relu, lambda x: np.maximum(x, 0)) == "correct: values and gradient."


@pytest.mark.parametrize("rule", [stub, lambda *_: ..., None])
def test_a_missing_rule_is_named(said, rule):
    operation = said.operation(lambda x: softsign(x), *([rule] if rule else []))
    assert said(operation, softsign) == "not attempted yet: a rule is missing"


def test_a_forgotten_return_is_named(said):
    def nothing(x):
        pass

    right = said.operation(lambda x: softsign(x), lambda g, y, x: None)
    for attempt in (nothing, said.operation(nothing, stub), right):
        assert "is a `return` missing?" in said(attempt, softsign)


@pytest.mark.parametrize("function", [operation_stub, lambda x: ...])
def test_a_stub_is_not_attempted(said, function):
    assert said(function, softsign) == "not attempted yet"
    assert said(function, softsign, gradient=True) == "not attempted yet"
    assert said(said.operation(function, stub), softsign) == "not attempted yet"


def test_an_answer_not_given_is_not_attempted(said):
    assert said(NotImplemented, 3.0) == "not attempted yet"
    assert said(..., 1) == said(..., (1, 2)) == "not attempted yet"
    assert said(None, 1) == "not yet: a number or an array of real numbers is needed, not None."


@pytest.mark.parametrize(
    "rule, words",
    [
        (lambda g, y, x: 2 * g * softsign_slope(x), "It is twice too large."),
        (lambda g, y, x: -g * softsign_slope(x), "It is right but for its sign."),
        (lambda g, y, x: g / 2 * softsign_slope(x), "half of what it should be"),
        (lambda g, y, x: g * (1 + x) ** -2.0, "It is right for x > 0 only."),
        (lambda g, y, x: g * softsign_slope(x) + 0.1, "It is off by 0.1."),
        (lambda g, y, x: 0 * g, "It is zero."),
        (
            lambda g, y, x: softsign_slope(x),
            "its gradient is 0.04 for g = 1, and for g = −2 it is 0.04, not −0.08. Likely",
        ),
        (lambda g, y, x: g * np.where(x > 999, np.nan, softsign_slope(x)), "nan at x = 1000."),
    ],
)
def test_a_wrong_rule_is_named(said, rule, words):
    text = said(said.operation(lambda x: softsign(x), rule), softsign)
    assert text.startswith("not yet: ") and words in text


def test_a_wrong_slope_at_a_kink_is_named(said):
    relu = said.operation(
        lambda x: np.maximum(x, 0), lambda g, y, x: g * np.where(x == 0, 2, x > 0)
    )
    text = said(relu, lambda x: np.maximum(x, 0))
    assert "at x = 0.00 the gradient says 2.000000; f has a kink there, with slope 0.000000" in text


@pytest.mark.parametrize(
    "attempt, expected, words",
    [
        (lambda x: np.exp(x) / (1 + np.exp(x)), sigmoid, "at x = 1000 it is nan, expected 1."),
        (lambda x: x / (1 + x), softsign, "It is right for x > 0 only."),
        (np.sum, softsign, "the shape is (), expected (15,)."),
        (lambda x: x.nonsense, softsign, "AttributeError: "),
        (0.5, 0.25, "it is 0.5, expected 0.25. It is twice too large."),
        ([0.5], 0.25, "one number is needed, not an array of shape (1,)."),
        (
            [1.0, 2.0],
            [1.0, 4.0],
            "at index (1,) it is 2, expected 4. Where it is wrong, it is half",
        ),
        ([[1, 2], [3, 4]], [[1, 3], [2, 4]], "It is transposed."),
        ([1, 2], [1, 2, 3], "the shape is (2,), expected (3,)."),
        ("a quarter", 0.25, "real numbers is needed, not a value of type str."),
        ("0.25", 0.25, "real numbers is needed, not a value of type str."),
        (0.25 + 0j, 0.25, "real numbers is needed, not complex ones."),
        (lambda x: x + 1j, np.sin, "real numbers is needed, not complex ones."),
        (abs, 0.25, "real numbers is needed, not the function abs."),
        (float, 0.25, "real numbers is needed, not the class float."),
        pytest.param(10**400, 0.25, "it is beyond 1e308, too large for a float.", id="huge"),
        (0.25, np.sin, "a function is needed, not a value of type float."),
        ("(3,)", (3,), "a shape such as (2, 3) or (2,) is needed, not a value of type str."),
        ("relu", "elu", "'relu' is not the one."),
        (abs, "elu", 'a name is written in quotes, as in "abs".'),
        (np.nan, 1.0, "it is nan, expected 1."),
        ((3, 1), (3,), "not yet: it is (3, 1), expected (3,)."),
        (3, (3,), "not yet: it is 3, expected (3,)."),
        (1.414, np.sqrt(2), "It is close, but six digits are compared."),
        (-0.0, 1.0, "it is 0, expected 1."),
        (0.3333328, 1 / 3, "it is 0.3333328, expected 0.3333333333."),
        (lambda x: x - np.sign(x), lambda x: x - np.tanh(x), "at x = −0.2 it is 0.8, expected"),
    ],
)
def test_wrong_values_are_named(said, attempt, expected, words):
    text = said(attempt, expected)
    assert text.startswith("not yet: ") and words in text


@pytest.mark.parametrize("function", [np.exp, np.sum])
def test_a_numpy_function_on_tensors_is_explained(said, function):
    assert "NumPy was given a Tensor" in said(lambda x: function(x), gradient=True)


def test_no_factor_is_named_where_it_tells_nothing(said):
    assert said(0.5, 0.75).endswith("expected 0.75.")
    assert said([0.5, np.inf, 3.0], [1.0, 2.0, 3.0]).endswith("it is inf, expected 2.")


def test_a_single_operation_is_not_called_a_composition(said):
    def operation(slope):
        return said.operation(lambda x: np.abs(x), lambda g, y, x: g * slope(x))

    wrong = operation(lambda x: np.where(x == 0.3, 3.0, np.sign(x)))
    assert "at x = 0.30" in said(wrong, np.abs) and "composition" not in said(wrong, np.abs)


def test_several_arguments_and_broadcasting(said):
    a, b = np.array([[1.0], [2.0]]), np.array([1.0, 2.0, 3.0])

    def product(a, b):
        return a * b

    def multiply(*rules):
        return said.operation(lambda a, b: a * b, *rules)

    def rule_a(g, y, a, b):
        return g * b

    def rule_b(g, y, a, b):
        return g * a

    right = multiply(rule_a, rule_b)
    assert said(right, product, at=(a, b)) == "correct: values and gradient."
    assert "not yet" in said(multiply(rule_a, lambda g, y, a, b: g), product, at=(a, b))
    lost = multiply(lambda g, y, a, b: (g * b).mean(axis=0), rule_b)
    assert "not yet" in said(lost, product, at=(a, b))


def test_an_array_keeps_its_axes(said):
    matrix = np.arange(12.0).reshape(3, 4) / 5

    def shares(x, axis):
        return np.exp(x) / np.exp(x).sum(axis, keepdims=True)

    def rule(g, y, x, axis):
        return y * (g - (g * y).sum(axis, keepdims=True))

    softmax = said.operation(shares, rule)
    assert said(softmax, shares, at=matrix, axis=1) == "correct: values and gradient."
    assert "at index (2, 0)" in said(softmax, lambda x, axis: shares(x, 0), at=matrix, axis=1)


def test_a_number_has_no_gradient_to_speak_of(said):
    assert said(3.0, 3.0, gradient=True) == "correct."


def test_a_number_needs_what_is_expected():
    with pytest.raises(TypeError, match="needs what is expected"):
        check(0.5)


@pytest.mark.parametrize("given", [dict(at=[]), dict(most=[]), dict(at=[1.0, 2.0], most=[1.0])])
def test_lists_that_hold_no_case_or_not_an_entry_for_each_are_refused(given):
    with pytest.raises(ValueError, match=r"check: each list needs an entry.*: {'"):
        check(clip_above, clip_above, **given)


# --- Several cases --------------------------------------------------------------------------------


def clip_above(x, most):
    return np.minimum(x, most)


def test_what_is_hard_coded_for_one_case_fails_in_another(said):
    assert said(clip_above, clip_above, most=[2.0, -1.0]) == "correct."
    text = said(lambda x, most: np.minimum(x, 2.0), clip_above, most=[2.0, -1.0])
    assert text.startswith("not yet: for most = −1, at x = ") and "expected −1." in text
    area = [(2, 3), (4, 5)]
    assert said(lambda a, b: a * b, lambda a, b: a * b, at=area) == "correct."
    text = said(lambda a, b: 6, lambda a, b: a * b, at=area)
    assert text == "not yet: for a = 4, b = 5, it is 6, expected 20."


def test_a_name_is_said_with_its_case(said):
    text = said(lambda name: 4, len, at=["relu", "swish"])
    assert text == 'not yet: for name = "swish", it is 4, expected 5.'


def test_a_case_that_cannot_be_said_in_a_word_has_a_number(said):
    vectors = [np.ones(2), np.ones(3)]
    assert said(lambda x: np.float64(2), np.sum, at=vectors) == (
        "not yet: for case 2, it is 2, expected 3."
    )


def test_an_attempt_may_change_what_it_is_given(said):
    def doubled(x):
        x *= 2
        return x

    given = np.array([1.0, 2.0])
    assert said(doubled, lambda x: 2 * x, at=given) == "correct."
    assert given.tolist() == [1.0, 2.0]


def test_one_number_is_no_vector(said):
    text = said(lambda n: np.float64(n), lambda n: 2 * n, at=3)
    assert text == "not yet: for n = 3, it is 3, expected 6. It is half of what it should be."


# --- What an attempt raises, and what never ends --------------------------------------------------


def divides(x):
    return 1 / 0


def asserts(x):
    raise AssertionError


def asserts_in_words(x):
    raise AssertionError("12 visits would do")


def recurs(x):
    return recurs(x)


def leaves(x):
    raise SystemExit


def asks_all(x):
    return x if x > 0 else 0.0


@pytest.mark.parametrize(
    "attempt, words",
    [
        (divides, "in line {line}, ZeroDivisionError: division by zero"),
        (asserts, "in line {line}, what is asserted does not hold."),
        (asserts_in_words, "12 visits would do"),
        (leaves, "in line {line}, it ends Python with exit(); an answer comes by `return`."),
        (recurs, "it calls itself without end, or too deeply."),
        (
            asks_all,
            "in line {line}, `if` and `max` want one answer, an array has many: use np.where.",
        ),
    ],
)
def test_what_an_attempt_raises_is_a_sentence_with_its_line(said, attempt, words):
    line = attempt.__code__.co_firstlineno + 1
    assert said(attempt, np.sin) == f"not yet: {words.format(line=line)}"
    rule = said.operation(lambda x: np.sin(x), lambda g, y, x: attempt(x))
    text = said(rule, np.sin)
    assert text.startswith("not yet: ") and words.format(line=line).split(": ")[-1] in text


def test_what_a_base_class_leaves_open_is_no_stub(said):
    def attempt(x):
        return x + Module().forward(x)

    line = attempt.__code__.co_firstlineno + 1
    text = said(attempt, softsign)
    assert text == f"not yet: in line {line}, NotImplementedError: Module has no forward"


def test_an_operation_that_fails_is_told_with_the_line_that_calls_it(said):
    def attempt(x):
        return x.reshape((-1, 2)) + x

    line = attempt.__code__.co_firstlineno + 1
    assert said(attempt, gradient=True).startswith(f"not yet: in line {line}, ValueError: add(")


def swallows(x):
    try:
        while True:
            pass
    except:  # noqa: E722
        return np.sin(x)


def test_an_attempt_that_swallows_the_end_is_told_so(said):
    assert "it still runs after 0.05 seconds" in said(swallows, np.sin, seconds=0.05)


def loops(x):
    while True:
        pass


def loops_in_one_line(x):
    while True: pass  # noqa: E701  # fmt: skip


def holds_on(x):
    while True:
        try:
            np.sin(x)
        except Exception:
            pass


def goes_every_way(x, depth=200):
    return goes_every_way(x, depth - 1) + goes_every_way(x, depth - 1) if depth else x


def never_lists(x):
    return [0 for _ in iter(int, 1)]


@pytest.mark.parametrize(
    "endless", [loops, loops_in_one_line, holds_on, goes_every_way, never_lists]
)
def test_what_never_ends_is_stopped(said, endless):
    line = endless.__code__.co_firstlineno + 1
    text = said(endless, np.sin, seconds=0.05)
    assert "it still runs after 0.05 seconds: does a loop never end" in text
    assert any(f"in line {n}, " in text for n in range(line - 1, line + 4))
    assert "it still runs" in said(
        said.operation(lambda x: np.sin(x), lambda g, y, x: endless(x)), np.sin, seconds=0.05
    )


def test_what_never_ends_is_stopped_in_a_thread_too(said):
    texts = []
    thread = threading.Thread(target=lambda: texts.append(said(loops, np.sin, seconds=0.05)))
    thread.start()
    thread.join()
    assert "it still runs after 0.05 seconds" in texts[0]


@pytest.mark.parametrize("attempt", [np.sin, divides, loops])
def test_whoever_traced_before_traces_on(said, attempt):
    def trace(*_):
        return None

    before = sys.gettrace()
    try:
        sys.settrace(trace)
        check(attempt, np.sin, seconds=0.05)
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)


def test_no_verdict_breaks_within_a_word(capsys):
    name = "a_name_so_long_that_it_fills_more_than_a_line_by_itself_and_is_not_to_be_cut_" * 2
    check(lambda x: {}[name], np.sin)
    assert name in capsys.readouterr().out


def test_a_contribution_that_is_overwritten(said):
    def overwrite(g, y, x, index):
        gradient = np.zeros_like(x)
        gradient[index] = g
        return gradient

    take = said.operation(lambda x, index: x[index], overwrite)
    text = said(take, at=np.array([1.0, 2.0, 3.0]), index=np.array([0, 0, 2]))
    assert "lost" in text and "added" in text


def test_nothing_is_raised_or_warned(said, recwarn):
    said(lambda x: 1 / (x - x), softsign)
    said(said.operation(lambda x: np.log(x), lambda g, y, x: g / x), np.log, at=np.array([0.5]))
    assert not recwarn.list
