"""The checker itself: every planted mistake is caught and named, and nothing right is refused."""

import importlib.util
import pickle
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special

import mini_autograd as ma
import mini_autograd.nn.functional as F
from mini_autograd import Tensor, engine, primitive, tensor
from mini_autograd.gradcheck import (
    GradcheckError,
    _Comparison,
    _Flat,
    _likely_mistake,
    _name,
    _probes,
    gradcheck,
    gradgradcheck,
)

RNG = np.random.default_rng(0)
X = np.array([0.3, -1.2, 2.0, 0.7])
SQUARE, OTHER = RNG.normal(size=(2, 3, 3))
ZERO_INSIDE = np.array([-1.0, 0.0, 2.0])
REPEATED = np.array([0, 0, 1, 3])


def operation(function, *rules):
    made = primitive(function)
    made.vjp(*rules)
    return made


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def overwrite(g, shape):
    result = np.zeros(shape)
    result[REPEATED] = g  # where a repeated index must add
    return result


def relu(slope_at_0=0.0, slope=1.0):
    def rule(g, y, x):
        return g * ma.where(x > 0, slope, ma.where(x == 0, slope_at_0, 0.0))

    return operation(lambda x: np.maximum(x, 0), rule)


def identity_rule(g, y, *arguments):
    return g


def exp(factor):
    return operation(lambda x: np.exp(x), lambda g, y, x: g * y * factor)


def square(rule):
    return operation(lambda x: x * x, rule)


def add(rule_of_b):
    return operation(lambda x, b: x + b, identity_rule, rule_of_b)


FACTOR_2 = square(lambda g, y, x: g * 4 * x)

# mistake: (function, inputs, what the message must say)
PLANTED = {
    "sign": (
        exp(-1),
        [X],
        r"given g = -2 for output 0\[2\] alone, backward returned 14.7781 for input 0\[2\], "
        "but differences say -14.7781; 4 of 16 .* the wrong sign$",
    ),
    "sign of one element": (
        exp(-1),
        [np.array(0.5)],
        "given g = -2, backward returned 3.29744 for input 0, .* the wrong sign$",
    ),
    "sign of a large slope": (exp(-1), [np.array(20.0)], "say -9.7033e[+]08; .* the wrong sign$"),
    "factor 2": (FACTOR_2, [X], "returned -16 .* say -8; 4 of 16 .* a factor of 2$"),
    "factor 2 of one element": (FACTOR_2, [np.array(1.5)], "1 of 1 .* a factor of 2$"),
    "half of one element": (square(lambda g, y, x: g * x), [np.array(1.5)], "a factor of 0.5$"),
    "factor 2, but for rounding": (
        square(lambda g, y, x: g * x * 4.0000008),
        [np.array(1.5)],
        "a factor of 2$",
    ),
    "two in each other's place": (
        operation(lambda x: x * np.array([2.0, 5.0]), lambda g, y, x: g * np.array([5.0, 2.0])),
        [X[:2]],
        "Likely mistake: right numbers in wrong places: transposed, or rules in another order$",
    ),
    "other factor": (exp(0.3), [X], "a factor of 0.3$"),
    "missing term": (
        operation(lambda x: x * np.exp(x), lambda g, y, x: g * np.exp(x)),
        [X],
        "a term is missing",
    ),
    "zero": (
        operation(softmax, lambda g, y, x: g * 0),
        [X],
        "nothing arrives there: a rule gives 0",
    ),
    "derivative of a softmax's sum": (
        operation(softmax, lambda g, y, x: g * y),
        [X],
        "a term is missing",
    ),
    "lost accumulation": (
        operation(lambda x: x[REPEATED], lambda g, y, x: overwrite(g, x.shape)),
        [X],
        r"returned 0 for input 0\[0\], but differences say -2; .* a part is lost",
    ),
    "mean in place of sum": (
        add(lambda g, y, x, b: g.mean(0)),
        [SQUARE, X[:3]],
        r"for input 1\[\d\], .* a factor of 0.3333333$",
    ),
    "not summed over the broadcast axis": (
        add(lambda g, y, x, b: g[0]),
        [SQUARE, X[:3]],
        r"for input 1\[\d\], .* a part is lost",
    ),
    "transposed factor": (
        operation(lambda a, b: a @ b, lambda g, y, a, b: g @ b, lambda g, y, a, b: a.T @ g),
        [SQUARE, OTHER],
        "for input 0.* transposed",
    ),
    "transposed gradient": (square(lambda g, y, x: (g * 2 * x).T), [SQUARE], "transposed"),
    "forgotten transpose": (
        operation(lambda a: a.T.copy(), lambda g, y, a: g),
        [SQUARE],
        "transposed",
    ),
    "slope 2 at relu's kink": (
        relu(slope_at_0=2.0),
        [ZERO_INSIDE],
        r"returned -4 for input 0\[1\], .* between -2 and 0; .* beyond both sides of a kink$",
    ),
    "negative slope at relu's kink": (
        relu(slope_at_0=-0.01),
        [ZERO_INSIDE],
        "returned 0.02 .* say between -2 and 0; .* kink",
    ),
    "slope 2 on relu's right": (
        relu(slope=2.0),
        [ZERO_INSIDE],
        "returned -4 .* say -2; .* a factor of 2$",
    ),
    "nan": (
        operation(
            lambda x: np.maximum(x, 0), lambda g, y, x: g * (x > 0) * np.sqrt(x) / np.sqrt(x)
        ),
        [X],
        r"returned nan for input 0\[1\], but .* say 0; .* nan: an overflow, or 0 \* inf",
    ),
    "g forgotten": (square(lambda g, y, x: 2 * x), [X], "a rule that does not multiply by g"),
    "g forgotten, one element": (
        square(lambda g, y, x: 2 * x),
        [np.array(24.0)],
        "given g = 0, backward returned 48 for input 0, not 0; .* that does not multiply by g$",
    ),
    "something added": (
        square(lambda g, y, x: g * 2 * x + 1e-5),
        [X],
        "a rule that does not multiply by g",
    ),
    "hardly anything added": (
        square(lambda g, y, x: g * 2 * x + 1e-12),
        [X],
        "given g = 0, backward returned 1e-12 for .* a rule that does not multiply by g$",
    ),
    "g divided by its size": (
        square(lambda g, y, x: g * 2 * x / abs(g).max()),
        [X],
        "a rule that does not multiply by g",
    ),
    "g squared": (square(lambda g, y, x: g * g * 2 * x), [X], "returned 16 .* say -8"),
    "a digit missing in a constant": (
        operation(lambda x: np.tanh(0.79788456 * x), lambda g, y, x: g * 0.7979 * (1 - y * y)),
        [np.array([0.3])],
        "nearly right: a constant of too few digits, or digits lost by rounding$",
    ),
    "g clipped": (
        square(lambda g, y, x: np.maximum(g, 0) * 2 * x),
        [X],
        "nothing arrives there: a rule gives 0",
    ),
    "g without sign": (square(lambda g, y, x: abs(g) * 2 * x), [X], "the wrong sign"),
    "elements mixed up": (square(lambda g, y, x: (g * 2 * x)[::-1]), [X], "transposed"),
    "a slope of a constant": (
        operation(lambda x: np.ones(x.shape), lambda g, y, x: g),
        [X],
        "a slope where f does not change",
    ),
    "a slope of nothing but rounding": (
        operation(lambda x: (x + 30) ** 2 - x * x - 60 * x, lambda g, y, x: g),
        [X],
        "but differences say 0; .* a slope where f does not change, or less than it is rounded$",
    ),
    "a slope of coarse values": (
        operation(lambda x: (x + 1e9) - 1e9, lambda g, y, x: 3 * g),
        [np.array(1.0)],
        r"returned -6 for input 0, but differences say -[12][.\d]+; .* a term is missing or wrong$",
    ),
    "graph cut": (lambda x: x.detach() * 2.0, [X], "detach or no_grad cuts the graph"),
    "graph cut for one factor": (lambda x: x.detach() * x, [X], "a factor of 0.5$"),
    "second output": (
        lambda x: (x * 2.0, x.detach()),
        [X],
        r"for output 1\[0\] alone, backward returned 0 for input 0\[0\]",
    ),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_planted_mistakes_are_caught_and_named(mistake):
    function, inputs, message = PLANTED[mistake]
    with pytest.raises(GradcheckError, match=message) as caught:
        gradcheck(function, *inputs)
    assert str(caught.value).partition(" Likely mistake: ")[2] == caught.value.likely != ""


@pytest.mark.parametrize("mistake", ["sign", "factor 2", "zero", "nan", "g clipped"])
def test_planted_mistakes_are_caught_by_random_sums(mistake):
    function, inputs, message = PLANTED[mistake]
    with pytest.raises(GradcheckError, match=message.split(".*")[-1].rstrip("$")):
        gradcheck(function, np.tile(inputs[0], 400), fast_mode=None)


@pytest.mark.parametrize(
    "rule, message",
    [
        (lambda g, y, x, b: g.sum(1)[:2], r"rule of <lambda> failed.*\(2,\).*\(3,\)"),
        (lambda g, y, x, b: g.sum(), r"rule of <lambda> failed.*\(\).*\(3,\)"),
        (lambda g, y, x, b: g.no_such_method(), "rule of <lambda> failed"),
    ],
)
def test_the_engine_names_the_rule_that_fails(rule, message):
    with pytest.raises(RuntimeError, match=message):
        gradcheck(add(rule), SQUARE, X[:3])


@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-6, 2e-7])
def test_a_small_error_in_one_of_fifty_elements_is_found(size):
    factor = np.ones(50)
    factor[7] += size
    with pytest.raises(
        GradcheckError, match=r"for output 0\[7\] alone, .* for input 0\[7\].* 1 of 2500 slopes"
    ):
        gradcheck(exp(factor), RNG.normal(size=50))
    assert gradcheck(exp(factor), RNG.normal(size=50), rtol=2 * size)


def test_without_rtol_only_the_measured_tolerance_counts():
    factor = np.ones(50)
    assert gradcheck(exp(factor), RNG.normal(size=50), rtol=0)
    factor[7] += 2e-8
    with pytest.raises(GradcheckError, match=r"for output 0\[7\] alone"):
        gradcheck(exp(factor), RNG.normal(size=50), rtol=0)


@pytest.mark.parametrize("rate", [1.0, 300.0, 3000.0])
def test_a_small_error_is_found_however_fast_f_bends(rate):
    def sine(factor):  # the first steps are too long for it, the last ones too short
        return operation(
            lambda x: np.sin(rate * x), lambda g, y, x: g * factor * rate * np.cos(rate * x)
        )

    assert gradcheck(sine(1.0), np.array([0.3]))
    with pytest.raises(GradcheckError, match="nearly right"):
        gradcheck(sine(1 + 3e-7), np.array([0.3]))


def test_the_tolerance_is_that_of_the_slopes_whatever_g_is_sent_back(monkeypatch):
    module = sys.modules[gradcheck.__module__]
    flat = _Flat(ma.exp, [X], Tensor)

    def reach(g):
        monkeypatch.setattr(module, "_SENT", g)
        return _Comparison(flat, *_probes(flat, None), rtol=0).reach

    assert np.array_equal(reach(-2.0), reach(-64.0))


def test_an_error_in_one_of_three_thousand_elements_is_found():
    factor = np.ones(3000)
    factor[777] = 1.01
    message = r"for output 0\[777\] alone, .* for input 0\[777\], but differences say [-.\d]+\. Lik"
    with pytest.raises(GradcheckError, match=message):
        gradcheck(exp(factor), RNG.normal(size=3000))


def test_second_derivatives_that_are_wrong():
    def rule(g, y, x):
        return g * (1 - y * y).detach() if isinstance(y, Tensor) else g * (1 - y * y)

    tanh = operation(lambda x: np.tanh(x), rule)
    assert gradcheck(tanh, X)
    with pytest.raises(GradcheckError, match="the gradient of <lambda> .* nothing arrives there"):
        gradgradcheck(tanh, X)
    with pytest.raises(RuntimeError, match="rule of <lambda> failed"):
        gradgradcheck(operation(lambda x: np.exp(x), lambda g, y, x: g * np.exp(x)), X)


# What is right

SIN = operation(lambda x: np.sin(x), lambda g, y, x: g * ma.where(True, COS(x), 0.0))
COS = operation(lambda x: np.cos(x), lambda g, y, x: -g * SIN(x))
ELU_2 = operation(
    lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0))),
    lambda g, y, x: g * ma.where(x > 0, 1.0, 2 * ma.exp(ma.minimum(x, 0.0))),
)
TENT = operation(lambda x: -abs(x), lambda g, y, x: g * ma.where(x > 0, -1.0, 1.0))
FLOOR = operation(lambda x: np.floor(x), lambda g, y, x: g * 0.0)
# Exactly at a kink, and at distances from it that no step, some steps or all steps can tell from 0.
NEAR_0 = np.array([0, 1e-300, 1e-20, 1e-15, 1e-12, 1e-9, 1e-7, 1e-6, 6e-6, 5e-5, 1e-3, 1])
NEAR_0 = np.concatenate([NEAR_0, -NEAR_0])
TAILS = np.array([1e-8, 1.0, 36.0, 40.0, 400.0, 710.0, 744.0, 745.0, 1e3, 1e8])
TAILS = np.concatenate([TAILS, -TAILS])
POSITIVE = np.array([1e-8, 1e-4, 0.3, 1.0, 1e4, 1e8])

RIGHT = {
    "exp": (ma.exp, np.array([-700.0, -100, -1, 0, 1e-8, 1, 100, 700])),
    "exp where floats lose digits": (lambda x: ma.exp(x) * x, np.linspace(-745, -720, 11)),
    "expm1": (ma.expm1, np.array([-700.0, -1e-8, 0, 1e-8, 1, 700])),
    "log": (ma.log, POSITIVE),
    "log1p": (ma.log1p, POSITIVE),
    "sqrt": (ma.sqrt, POSITIVE),
    "square": (ma.square, TAILS),
    "tanh": (ma.tanh, TAILS),
    "sigmoid": (ma.sigmoid, TAILS),
    "1 - sigmoid": (lambda x: 1 - ma.sigmoid(x), TAILS),
    "a naive softplus": (lambda x: ma.log(1 + ma.exp(x)), np.array([-40.0, -20, 0, 30])),
    "sin far from 0": (SIN, np.array([1e8, -1e6, 1e4, 0, 1e-8])),
    "sin where the first steps are close to its periods": (
        SIN,
        np.array([1035200.0, 66353496, 20757284, 10380311, 72606035]),
    ),
    "a softplus that loses digits inside": (
        operation(lambda x: np.log(1 + np.exp(x)), lambda g, y, x: g * ma.sigmoid(x)),
        np.array([-15.0, -10, -5, 0, 5]),
    ),
    "reciprocal": (lambda x: 1 / x, np.concatenate([POSITIVE, -POSITIVE])),
    "cube": (lambda x: x**3, TAILS),
    "tiny values": (lambda x: SIN(x) * 1e-200, X),
    "cancellation": (lambda x: (x + 1e8) - 1e8, X),
    "constant": (lambda x: ma.zeros(3), X),
    "unused input": (lambda x, y: x * 2.0, X, X),
    "identity": (lambda x: x, X),
    "relu": (relu(), NEAR_0),
    "abs": (abs, NEAR_0),
    "elu(2)": (ELU_2, NEAR_0),
    "relu far out": (lambda x: relu()(x - 1e6), np.array([1e6, 1e6 + 1e-3, 2e6])),
    "maximum": (ma.maximum, NEAR_0, np.zeros(24)),
    "minimum of equals": (ma.minimum, X, X),
    "max at a tie": (lambda x: x.max(), np.array([2.0, 2.0, 1.0, 2.0])),
    "max of a matrix": (lambda x: x.max(1), np.array([[2.0, 2.0], [1.0, 3.0]])),
    "where": (lambda x: ma.where(x > 0, x * x, ma.exp(x)), X),
    "jumps beside the point": (FLOOR, np.array([0.5, 1 + 1e-9, 1 - 1e-9, 7.3])),
    "matmul": (ma.matmul, SQUARE, OTHER),
    "matmul of a batch": (ma.matmul, RNG.normal(size=(2, 3, 4)), RNG.normal(size=(4, 2))),
    "matmul that cancels": (lambda a: a @ np.array([1e8, -1e8, 1e-8]), np.ones(3)),
    "broadcasting": (lambda a, b, c: a * b + c, SQUARE, X[:3], np.array(0.3)),
    "var far from 0": (lambda x: x.var(), 1e8 + np.arange(4.0)),
    "mean": (lambda x: x.mean(0), SQUARE),
    "indexing with repeats": (lambda x: x[REPEATED], X),
    "several outputs": (lambda a, b: (a * b, a.sum(), b), X, X + 1),
    "0-d": (lambda x, y: x * y, np.array(2.0), 3.0),
    "empty": (lambda x: x * x, np.empty((0, 3))),
    "sum of nothing": (lambda x: x.sum(), np.empty(0)),
    "not contiguous": (lambda x: x * x, np.arange(12.0).reshape(3, 4)[::2, ::-1].T),
    "list": (lambda x: x * x, [[1.0, 2.0], [3.0, 4.0]]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(name):
    function, *inputs = RIGHT[name]
    assert gradcheck(function, *inputs) is True


def logistic(x):
    return 1 / (1 + np.exp(-x))


def bell(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def gelu_by_tanh(x):
    """The approximate GELU and its slope."""
    u, du = 0.8 * (x + 0.045 * x**3), 0.8 * (1 + 0.135 * x * x)
    t = np.tanh(u)
    return x * (1 + t) / 2, (1 + t) / 2 + x * (1 - t * t) / 2 * du


def mish_by_parts(x):
    """The mish and its slope."""
    t = np.tanh(np.log(1 + np.exp(x)))
    return x * t, t + x * (1 - t * t) * logistic(x)


# Operations as readers write them: the values lose digits inside, and the rule is right.
LOSSY = {
    "gelu": (
        lambda x: x * 0.5 * (1 + special.erf(x / np.sqrt(2))),
        lambda x: 0.5 * (1 + special.erf(x / np.sqrt(2))) + x * bell(x),
    ),
    "gelu by tanh": (lambda x: gelu_by_tanh(x)[0], lambda x: gelu_by_tanh(x)[1]),
    "x (1 - 1 / (1 + e^x))": (
        lambda x: x * (1 - 1 / (1 + np.exp(x))),
        lambda x: logistic(x) * (1 + x * logistic(-x)),
    ),
    "x (1 + tanh(x / 2)) / 2": (
        lambda x: x * (1 + np.tanh(x / 2)) / 2,
        lambda x: (1 + np.tanh(x / 2)) / 2 + x * (1 - np.tanh(x / 2) ** 2) / 4,
    ),
    "mish": (lambda x: mish_by_parts(x)[0], lambda x: mish_by_parts(x)[1]),
    "log(1 + e^x)": (lambda x: np.log(1 + np.exp(x)), logistic),
    "log(sigmoid(x))": (lambda x: np.log(logistic(x)), lambda x: 1 - logistic(x)),
    "1 - 1 / (1 + e^x)": (
        lambda x: 1 - 1 / (1 + np.exp(x)),
        lambda x: logistic(x) * logistic(-x),
    ),
    "tanh from exp": (
        lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
        lambda x: 1 - np.tanh(x) ** 2,
    ),
    "1 - tanh(x)^2": (
        lambda x: 1 - np.tanh(x) ** 2,
        lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2),
    ),
    "x - tanh(x)": (lambda x: x - np.tanh(x), lambda x: np.tanh(x) ** 2),
    "1 - erf(x)": (lambda x: 1 - special.erf(x), lambda x: -2 / np.sqrt(np.pi) * np.exp(-x * x)),
    "1 - cos(x)": (lambda x: 1 - np.cos(x), np.sin),
    "(1 - cos(x)) / x": (
        lambda x: (1 - np.cos(x)) / np.where(x == 0, 1, x),
        lambda x: np.where(x == 0, 0.5, np.sin(x) / x - (1 - np.cos(x)) / (x * x)),
    ),
    "x - sin(x)": (lambda x: x - np.sin(x), lambda x: 1 - np.cos(x)),
    "cosh(x) - 1": (lambda x: np.cosh(x) - 1, np.sinh),
    "sqrt(x^2 + 1) - x": (
        lambda x: np.sqrt(x * x + 1) - x,
        lambda x: x / np.sqrt(x * x + 1) - 1,
    ),
    "(x + 1)^2 - x^2 - 2x": (lambda x: (x + 1) ** 2 - x**2 - 2 * x, lambda x: 0 * x),
}


@pytest.mark.parametrize("far", [1e-3, 1, 6, 40])
@pytest.mark.parametrize("name", LOSSY)
def test_digits_lost_inside_an_operation_make_no_false_alarm(name, far):
    function, slope = LOSSY[name]
    own = operation(lambda x: function(x), lambda g, y, x: g * slope(x))
    assert gradcheck(own, np.linspace(-far, far, 161))
    assert gradcheck(lambda x: 2 * own(x) - 3, np.linspace(-far, far, 23))


@pytest.mark.parametrize("name", ["gelu", "softplus"])
def test_subnormal_tails_make_no_false_alarm(name):
    points = np.array([-37.75, -38.0, -38.25, -736.454087001667])
    assert gradcheck(getattr(F, name), points)


@pytest.mark.parametrize("scale", [1.0, 10.0, 100.0])
def test_logits_of_any_size_make_no_false_alarm(scale):
    def rule(g, y, x):
        return -(g * ma.expm1(y) + ma.exp(y) * (ma.sum(g, -1, True) - g))

    log_softmax = operation(lambda x: F.log_softmax(x, -1), rule)
    for x in scale * np.random.default_rng(0).normal(size=(10, 3, 4)):
        assert gradcheck(log_softmax, x)
        assert gradcheck(lambda x: ma.softmax(x, -1), x)


@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.01, 2.0])
@pytest.mark.parametrize("at", [-8.0, -15.0, -25.0, -30.0])
def test_wrong_slopes_are_found_be_they_ever_so_small(at, factor):
    for function, slope in [
        (np.exp, np.exp),
        (logistic, lambda x: logistic(x) * logistic(-x)),
        (lambda x: np.log1p(np.exp(x)), logistic),
    ]:
        wrong = operation(lambda x, f=function: f(x), lambda g, y, x, s=slope: g * factor * s(x))
        with pytest.raises((GradcheckError, ValueError), match="but differences say -[.0-9]+"):
            gradcheck(wrong, np.array([at]))


SMOOTH = [
    name
    for name in RIGHT
    if not set(name.split()) & {"relu", "abs", "elu(2)", "maximum", "minimum", "max"}
]


@pytest.mark.parametrize("name", SMOOTH)
def test_right_second_derivatives_pass(name):
    function, *inputs = RIGHT[name]
    assert gradgradcheck(function, *inputs) is True


@settings(max_examples=60)
@given(
    hnp.arrays(np.float64, 8, elements=st.floats(-1e8, 1e8)),
    st.sampled_from(
        [ma.sigmoid, ma.tanh, ma.square, SIN, ELU_2, relu(), lambda x: 1 / (1 + x * x)]
    ),
)
def test_no_input_makes_a_false_alarm(x, function):
    assert gradcheck(function, x)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([1e-3, 1.0, 30.0]))
def test_compositions_make_no_false_alarm(seed, scale):
    generator = np.random.default_rng(seed)
    steps = [
        ma.tanh,
        ma.sigmoid,
        SIN,
        lambda x: x - x.mean(),
        lambda x: x / (1 + x * x),
        lambda x: ma.log(1 + x * x),
        lambda x: ma.exp(x - x.max()) / ma.exp(x - x.max()).sum(),
        lambda x: x[np.array([0, 0, 2])] * 3.0,
    ]
    chosen = generator.choice(len(steps), 3)

    def composed(x):
        for k in chosen:
            x = steps[k](x)
        return x * x

    x = generator.normal(size=3) * scale
    assert gradcheck(composed, x)
    assert gradgradcheck(composed, x)


@pytest.mark.parametrize(
    "n, m, fast_mode, watched, moved",
    [
        (500, 500, None, 500, 500),
        (2, 999, None, 4, 2),
        (999, 2, None, 4, 64),
        (9, 9, True, 4, 9),
        (600, 600, False, 600, 600),
    ],
)
def test_random_sums_stand_for_many_inputs_and_outputs(n, m, fast_mode, watched, moved):
    flat = SimpleNamespace(x=np.zeros(n), values=np.zeros(m))
    weights, groups = _probes(flat, fast_mode)
    assert (weights.shape, len(groups)) == ((watched, m), moved)
    assert sorted(np.concatenate(groups)) == [*range(n)]
    again, _ = _probes(flat, fast_mode)
    assert np.array_equal(again, weights)


@pytest.mark.parametrize("fast_mode", [None, True])
def test_large_inputs_are_checked_by_random_sums(fast_mode):
    assert gradcheck(ma.sigmoid, RNG.normal(size=5000), fast_mode=fast_mode)
    assert gradcheck(ma.matmul, *RNG.normal(size=(2, 40, 40)), fast_mode=fast_mode)
    assert gradgradcheck(ma.sigmoid, RNG.normal(size=1000), fast_mode=fast_mode)


def test_random_sums_are_not_judged_at_kinks_that_do_not_add_up():
    rising = np.arange(64) % 2 == 0

    def rule(g, y, x):
        return g * ma.where(rising, x > 0, x < 0)

    both = operation(lambda x: np.where(rising, np.maximum(x, 0), np.minimum(x, 0)), rule)
    assert gradcheck(both, np.zeros(64), fast_mode=False)
    tiled = operation(
        lambda x: np.concatenate([np.maximum(x, 0), np.minimum(x, 0)]),
        lambda g, y, x: g[: x.size] * (x >= 0) + g[x.size :] * (x <= 0),
    )
    assert gradcheck(tiled, np.zeros(3), fast_mode=False)
    with pytest.raises(ValueError, match="a mix of slopes need not be a slope"):
        gradcheck(tiled, np.zeros(3), fast_mode=True)
    rising = np.arange(6400) % 2 == 0
    summed = operation(lambda x: np.where(rising, np.maximum(x, 0), np.minimum(x, 0)).sum(), rule)
    for function in both, summed:
        with pytest.raises(ValueError, match="a mix of slopes need not be a slope"):
            gradcheck(function, np.zeros(6400))


def test_few_inputs_may_be_checked_by_random_sums():
    assert gradcheck(ma.sigmoid, X, fast_mode=True)
    assert gradcheck(lambda x: x * x, np.empty(0), fast_mode=True)
    with pytest.raises(GradcheckError, match="the wrong sign"):
        gradcheck(exp(-1), X, fast_mode=True)


# What cannot be judged


@pytest.mark.parametrize("f, inputs", [(lambda: tensor([1.0]), []), (lambda x: [], [X])])
def test_where_there_is_nothing_to_compare_nothing_passes(f, inputs):
    for check in gradcheck, gradgradcheck:
        with pytest.raises(ValueError, match="no slopes without inputs and outputs: give it some"):
            check(f, *inputs)


def test_an_object_that_is_called_is_named_by_its_class():
    class Stairs:
        def __call__(self, x):
            return FLOOR(x)

    with pytest.raises(ValueError, match=r"^Stairs has no slope at input 0\[1\]"):
        gradcheck(Stairs(), [0.5, 2.0])


def test_a_changing_number_of_outputs_is_not_cut_to_the_first():
    calls = []

    def grows(x):
        calls.append(x)
        return [x * x] * min(len(calls), 2)

    with pytest.raises(ValueError, match="shorter"):
        gradgradcheck(grows, X)


def sometimes(x):
    return x * RNG.random()


def meddle(x):
    x.data = x.data * 2
    return x * 2.0


@pytest.mark.parametrize(
    "function, x, error, message",
    [
        (lambda x: x * 2.0, [1, 2], TypeError, r"too few of int64; .*write 1\.0 for 1"),
        (
            lambda x: x * 2.0,
            np.float32([1, 2]),
            TypeError,
            "too few of float32; check with float64",
        ),
        (lambda x: x.to(np.float32), X, TypeError, "too few of float32"),
        (lambda x: x.to(np.float32).to(float), X, TypeError, "too few of float32"),
        (lambda x: x > 0, X, TypeError, "too few of bool"),
        (lambda x: x.data * 2, X, TypeError, "must return tensors"),
        (lambda x: None, X, TypeError, "must return tensors"),
        (sometimes, X, ValueError, "sometimes is random: the same inputs gave other values"),
        (meddle, X, ValueError, "meddle changes its inputs"),
        (ma.log, [0.0, 1.0], ValueError, "not finite at these inputs"),
        (ma.sigmoid, [np.inf, 1.0], ValueError, "not finite at these inputs"),
        (ma.sqrt, [1.0, 0.0], ValueError, r"no slope at input 0\[1\]: difference quotients grow"),
        (lambda x: ma.sqrt(abs(x)), [0.0], ValueError, r"no slope at input 0\[0\]"),
        (ma.sign, [1.0, 0.0], ValueError, r"no slope at input 0\[1\]"),
        (FLOOR, [[0.5, 2.0]], ValueError, r"no slope at input 0\[0, 1\]"),
        (lambda x: FLOOR(x) * 1e-6, [0.5, 2.0], ValueError, r"no slope at input 0\[1\]"),
        (
            FLOOR,
            np.where(np.arange(3000) == 55, 2.0, 0.5),
            ValueError,
            r"no slope at input 0\[55\]",
        ),
        (
            lambda x: relu()(x) - relu()(-x),
            [0.0],
            ValueError,
            r"input 0\[0\]: one of its operations",
        ),
        (
            lambda x: relu()(x - 1e17) - relu()(1e17 - x),  # right beside it, where beside is far
            [1e17],
            ValueError,
            r"input 0\[0\]: one of its operations",
        ),
        (
            lambda x: relu()(x[0] - x[1]) - relu()(x[1] - x[0]),  # where the two differ
            [1.0, 1.0],
            ValueError,
            r"input 0\[0\]: one of its operations",
        ),
        (
            lambda x: relu(slope_at_0=0.5)(TENT(x)),  # two operations are enough
            [0.0],
            ValueError,
            r"input 0\[0\]: one of its operations",
        ),
        # A right rule, and right operations, that lose all digits where the values keep theirs.
        (
            operation(lambda x: np.log1p(np.exp(x)), lambda g, y, x: g * (1 - 1 / (1 + np.exp(x)))),
            [-40.0],
            ValueError,
            r"returned 0 for input 0\[0\], but differences say -8.49671e-18; so little may be lost",
        ),
        (lambda x: 1 / (1 + ma.exp(-x)), [-400.0], ValueError, "so little may be lost by rounding"),
    ],
)
def test_refusals_say_why(function, x, error, message):
    with pytest.raises(error, match=message) as caught:
        gradcheck(function, x)
    assert not isinstance(caught.value, GradcheckError)


@pytest.mark.parametrize("function", [relu(), abs, ELU_2, lambda x: ma.maximum(x, 0.0)])
def test_second_order_is_refused_where_the_first_jumps(function):
    with pytest.raises(ValueError, match=r"the gradient of .* has no slope at input 0\[1\]"):
        gradgradcheck(function, ZERO_INSIDE)
    assert gradgradcheck(function, np.array([-1.0, 1e-9, 2.0]))


def test_a_kink_of_the_first_derivative_is_none_at_first_order():
    elu = operation(
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        lambda g, y, x: g * ma.exp(ma.minimum(x, 0.0)),
    )
    assert gradcheck(elu, ZERO_INSIDE)
    assert gradgradcheck(elu, ZERO_INSIDE)


def test_a_nan_at_a_kink_of_a_composition_is_still_an_error():
    with pytest.raises(GradcheckError, match="nan"):
        gradcheck(lambda x: ma.sqrt(x * x), [0.0])


# Messages


def message_of(function, *inputs, **options):
    with pytest.raises(GradcheckError) as caught:
        gradcheck(function, *inputs, **options)
    return str(caught.value)


@pytest.mark.parametrize("mistake", PLANTED)
@pytest.mark.parametrize("fast_mode", [False, True])
@np.errstate(all="ignore")
def test_the_numbers_of_a_message_can_be_computed_again(mistake, fast_mode):
    function, inputs, _ = PLANTED[mistake]
    said = re.search(
        r"given g = (\S+?)(?: for output (\d)(.*) alone)?, backward returned (\S+) "
        r"for input (\d)(\[.*?\])?, (?:not (\S+?)|but differences say (.*?))[.;] ",
        message_of(function, *inputs, fast_mode=fast_mode),
    )
    g, output, i, returned, leaf, j, *wanted = said.groups()
    leaves = [tensor(x, requires_grad=True) for x in inputs]
    outputs = function(*leaves)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    for k, y in enumerate(outputs):
        seed = np.zeros(y.shape)
        if k == int(output or 0):
            seed[tuple(map(int, re.findall(r"\d+", i or "")))] = float(g)
        if y.requires_grad:
            y.backward(seed)
    index = tuple(map(int, re.findall(r"\d+", j or "")))
    gradient = leaves[int(leaf)].grad
    gradient = np.zeros(inputs[int(leaf)].shape) if gradient is None else gradient.numpy()
    assert gradient[index] == pytest.approx(float(returned), rel=1e-5, nan_ok=True)
    assert returned not in wanted


def test_numbers_that_differ_look_different():
    slightly = operation(lambda x: np.exp(x), lambda g, y, x: g * y * (1 + 3e-7))
    message = message_of(slightly, np.array([0.3, 0.4]))
    numbers = re.findall(r"-\d[.\d]*", message)
    assert len(set(numbers)) == len(numbers) == 3  # g, what it made of it, what differences say
    assert "nearly right" in message  # and not a factor of 1


def test_numbers_of_a_message_are_as_short_as_they_can_be():
    one = operation(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, lambda g, y, x: g * 0.5)
    for x in np.linspace(0.1, 3, 12):  # at some of them it changes by its rounding
        assert "returned -1 for input 0, but differences say 0;" in message_of(one, x)
    lost = operation(lambda x: x * 3, lambda g, y, x: g * 0)
    message = message_of(lost, np.array([0.7, 0.1]))
    assert "for output 0[1] alone, backward returned 0 for input 0[1], but" in message

    for leak, said in (0.25, "-0.5"), (1e-9, "0"), (2e-8, "0"):  # and not -0, nor -4e-08
        leaky = operation(
            lambda x, leak=leak: np.where(x > 0, x, leak * x),
            lambda g, y, x, leak=leak: g * ma.where(x > 0, 1.0, ma.where(x == 0, 2.0, leak)),
        )
        assert f"differences say between -2 and {said};" in message_of(leaky, np.array([0.0]))


def test_a_sum_of_elements_has_no_name_of_one():
    arrays = [np.zeros((2, 2)), np.zeros(())]
    assert [_name([at], arrays) for at in range(5)] == [
        "0[0, 0]", "0[0, 1]", "0[1, 0]", "0[1, 1]", "1",
    ]  # fmt: skip
    assert _name([0, 3], arrays) == "(a random sum)"


def test_second_derivatives_name_the_gradient_they_are_of():
    def rule(g, y, x):
        return g * 2 * (x.detach() if isinstance(x, Tensor) else x)

    for inputs, name in ([[1.0]], ": "), ([[1.0, 3.0]], r" for g = linspace\(1, 2, 2\): "):
        with pytest.raises(GradcheckError, match=f"the gradient of <lambda>{name}given"):
            gradgradcheck(square(rule), *inputs)


def test_second_derivatives_are_weighted_as_the_message_says():
    def rule(g, y, x):
        return g * 2 * (x.detach() if isinstance(x, Tensor) else x)

    with pytest.raises(GradcheckError, match=r"for input 0\[1\], but differences say -8;"):
        gradgradcheck(square(rule), [1.0, 3.0])  # -2 * 2 * 2: linspace(1, 2, 2) ends with 2
    assert gradgradcheck(square(rule), [1.0, 3.0], rtol=2.0)  # twice the slope would be allowed


def test_second_derivatives_are_not_weighted_by_ones():
    """The sum of a softmax's gradient times ones is 0, whatever its rule holds for constant."""

    def rule(g, y, x):
        y = y.detach() if isinstance(y, Tensor) else y
        return g * y - y * (g * y).sum()

    assert gradcheck(operation(softmax, rule), X)
    with pytest.raises(GradcheckError, match="the gradient of softmax"):
        gradgradcheck(operation(softmax, rule), X)


def test_a_likely_mistake_is_an_attribute_too():
    assert GradcheckError("Wrong.").likely == "" and str(GradcheckError("Wrong.")) == "Wrong."
    error = GradcheckError("Wrong.", "the wrong sign")
    assert error.likely == "the wrong sign"
    assert str(error) == "Wrong. Likely mistake: the wrong sign"
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.likely) == (str(error), error.likely)


@pytest.mark.parametrize(
    "want, got, likely",
    [
        ([1e-10, 2e-10], [3e-10, 6e-10], "a factor of 3"),  # not near, though all is near 0
        ([1e-10, 2e-10], [5e-10, 3e-10], "a term is missing or wrong"),
        ([1.0, 2.0], [-1.000005, -2.0], "a term is missing or wrong"),  # not just a sign
    ],
)
def test_mistakes_are_told_apart_whatever_their_size(want, got, likely):
    shape = {"slopes": [got], "middle": [want], "reach": [[0, 0]], "at_kink": [[False, False]]}
    found = SimpleNamespace(**{name: np.array(values) for name, values in shape.items()})
    found.wrong, found.of_zero = found.slopes != found.middle, np.zeros(2)
    assert _likely_mistake(found) == likely


# Manners


def test_nothing_of_the_caller_is_changed():
    x, bias = np.array([1.0, 2.0]), tensor([3.0, 4.0], requires_grad=True)
    (bias * 2.0).sum().backward()
    given = tensor(x, requires_grad=True)
    assert gradcheck(lambda t: (t * bias).sum(), given)
    assert gradgradcheck(lambda t: (t * t * bias).sum(), x)
    assert x.tolist() == [1, 2] and given.grad is None
    assert bias.grad.tolist() == [2, 2] and bias.tolist() == [3, 4]


def test_numpy_settings_and_random_state_stay():
    state, settings_before = str(np.random.get_state()), np.geterr()
    gradcheck(ma.log, POSITIVE)
    assert (str(np.random.get_state()), np.geterr()) == (state, settings_before)


def test_no_warning_from_beyond_the_domain(recwarn):
    gradcheck(ma.log, POSITIVE)
    gradcheck(lambda x: 1 / x, POSITIVE)
    assert not recwarn.list


def test_the_message_is_the_same_every_time():
    def message():
        with pytest.raises(GradcheckError) as caught:
            gradcheck(PLANTED["missing term"][0], np.linspace(-1, 1, 7))
        return str(caught.value)

    assert message() == message()


def test_f_is_tried_at_the_same_points_every_time():
    def points():
        tried = []

        def f(x):  # wrong at 0 only, so it is also tried beside it, which way is left to chance
            tried.append(x.tolist())
            return relu()(x) - relu()(-x)

        with pytest.raises(ValueError, match="one of its operations"):
            gradcheck(f, [0.0])
        return tried

    assert points() == points()


def test_inputs_as_pytorch_takes_them():
    x, y = tensor([1.0, 2.0], requires_grad=True), tensor([3.0, 4.0], requires_grad=True)
    assert gradcheck(lambda a, b: a * b, (x, y))
    assert gradgradcheck(lambda a, b: a * b, (x, y))


def test_another_tensor_class():
    specification = importlib.util.spec_from_file_location("second_engine", engine.__file__)
    second = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(second)

    @second.primitive
    def cube(x):
        return x**3

    cube.vjp(lambda g, y, x: g * 3 * x * x)
    assert gradcheck(cube, X, Tensor=second.Tensor)
    assert gradgradcheck(cube, X, Tensor=second.Tensor)
    cube.vjp(lambda g, y, x: g * 2 * x * x)
    with pytest.raises(GradcheckError, match="a factor of 0.6666667"):
        gradcheck(cube, second.Tensor(X), Tensor=second.Tensor)


def test_deep_graphs():
    def deep(x):
        for _ in range(5000):
            x = x * 0.999 + 0.001
        return x

    limit = sys.getrecursionlimit()
    assert gradcheck(deep, np.array([0.5]))
    assert sys.getrecursionlimit() == limit


def test_what_a_closure_holds_is_as_before_even_after_an_error():
    def failing(g, y, x):
        raise ZeroDivisionError

    broken = primitive(lambda x: x * 1.0)
    broken.vjp(failing)
    w = tensor([2.0], requires_grad=True)
    hidden = w * 1.0
    (hidden * 3.0).sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError):
        gradcheck(lambda x: broken(x * hidden), [1.0])
    assert gradcheck(lambda x: x * hidden, [1.0])
    assert w.grad.tolist() == [3.0] and not hidden._retains_grad
