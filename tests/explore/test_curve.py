"""The verdict: no false alarm over the whole range of any slider, and every wrong rule flagged."""

import inspect

import numpy as np
import pytest
from functions import ACTIVATIONS, MISTAKES

from mini_autograd.engine import Tensor
from mini_autograd.explore import curve as c
from mini_autograd.explore.words import by_difference, verdict

GRID = np.round(np.linspace(-6, 6, 481), 12)


def settings(name, seed=0, number=60):
    """Values of the sliders: every twentieth of each, both ends, and random combinations."""
    sliders = ACTIVATIONS[name][2]
    start = {key: bounds[2] for key, bounds in sliders.items()}
    yield start
    for key, (low, high, _) in sliders.items():
        for value in np.linspace(low, high, 21):
            yield start | {key: value}
    rng = np.random.default_rng(seed)
    for _ in range(number if sliders else 0):
        yield {key: rng.uniform(low, high) for key, (low, high, _) in sliders.items()}


def curve(name, parameters, mistake=None, cursor=0.0):
    f, slope, _ = ACTIVATIONS[name]
    x = np.append(GRID, cursor)
    with np.errstate(all="ignore"):
        slopes = np.asarray(slope(x, **parameters), float)
        slopes = MISTAKES[mistake](slopes, x) if mistake else slopes
        return c.examine(lambda x: f(x, **parameters), x, f(x, **parameters), slopes)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_false_alarm(name):
    rng = np.random.default_rng(1)
    for parameters in settings(name):
        found = curve(name, parameters, cursor=rng.uniform(-6, 6))
        assert not found.error.any(), (parameters, verdict(found, "autograd"))
        assert verdict(found, "autograd").startswith("They agree")


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_mistake_is_flagged(name, mistake):
    for parameters in settings(name, number=10):
        right, wrong = curve(name, parameters), curve(name, parameters, mistake)
        told = (right.kind == c.SMOOTH) | ((right.kind == c.KINK) & (np.abs(wrong.slope) > 3))
        with np.errstate(invalid="ignore"):
            differs = ~(np.abs(right.slope - wrong.slope) <= 1e-3) & told
        if differs.any():
            assert wrong.error.any(), parameters
            assert verdict(wrong, "autograd").startswith("They disagree: at x = ")


@pytest.mark.parametrize(
    "name, mistake, words",
    [
        ("tanh", "sign", "right but for its sign"),
        ("tanh", "factor", "twice too large"),
        ("tanh", "only for x > 0", "right for x > 0 only, elsewhere it is 0.3 times"),
        ("tanh", "constant", "off by 0.01"),
        ("tanh", "nan", "at x = 2.00 autograd says nan"),
        ("relu", "slope beyond the kink", "slope 0.000000 on the left and 1.000000 on the right"),
    ],
)
def test_the_verdict_names_the_mistake(name, mistake, words):
    start = next(settings(name))
    assert words in verdict(curve(name, start, mistake), "autograd")


def test_a_composition_at_a_kink_is_told_from_a_wrong_rule():
    def relu(x):
        return np.maximum(x, 0)

    def f(x):  # the identity: 1 is its slope at 0, but the rules of its parts say 0
        return relu(x) - relu(-x)

    found = c.examine(f, GRID, f(GRID), 1.0 * (GRID != 0))
    said = verdict(found, "autograd")
    assert "Elsewhere they agree: if f is a composition, a part of it may be at a kink" in said


def test_a_kink_is_said_to_have_two_slopes():
    assert by_difference(curve("relu", {}), -1) == "left 0.00, right 1.00"
    assert by_difference(curve("elu", {"alpha": 2.0}), -1) == "left 2.00, right 1.00"
    assert not by_difference(curve("elu", {"alpha": 1.0}), -1).startswith("left")


@pytest.mark.parametrize("value_at_0", [0.0, 0.5, 1.0])
def test_a_jump_is_said_as_a_jump(value_at_0):
    def step(x):
        return np.heaviside(x, value_at_0)

    found = c.examine(step, GRID, step(GRID), np.zeros_like(GRID))
    at_0 = np.flatnonzero(GRID == 0)[0]
    assert by_difference(found, at_0) == "none, f jumps"
    assert np.flatnonzero(found.kind == c.JUMP).tolist() == [at_0]


def test_kinks_and_jumps_are_found_where_they_are_and_nowhere_else():
    for name, x, kind in [
        ("hardtanh", [-1, 1], c.KINK),
        ("hardsigmoid", [-3, 3], c.KINK),
        ("relu6", [0], c.KINK),  # and 6, the edge of the grid
        ("stairs", range(-6, 7), c.JUMP),
    ]:
        found = curve(name, next(settings(name)), cursor=0.3)
        inside = (found.kind == kind) & (np.abs(found.x) < 5.99)
        assert found.x[inside].tolist() == [v for v in x if abs(v) < 5.99]


def test_where_f_is_not_finite_nothing_is_claimed():
    found = curve("logarithm", {}, cursor=-1.0)
    assert (found.kind[found.x <= 0] == c.UNKNOWN).all() and not found.error.any()
    assert "They agree: wherever f is finite" in verdict(found, "autograd")


@pytest.mark.parametrize(
    "f, reason",
    [
        (lambda x: None, "it returned nothing (None) and not a Tensor"),
        (lambda x: x.numpy(), "it returned a ndarray and not a Tensor"),
        (
            lambda x: x.sum(),
            "it turned shape (7,) into (); an element-wise function keeps the shape",
        ),
        (lambda x: x.detach(), "its result has no gradient"),
        (lambda x: x > 0, "its result has no gradient"),
        (lambda x: Tensor(np.ones(7), requires_grad=True) * 2.0, "its result has no gradient"),
    ],
)
def test_a_function_that_cannot_be_differentiated_says_why(f, reason):
    with pytest.raises(c.Unusable, match=".*") as caught:
        c.by_autograd(f, np.arange(7.0), Tensor)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "f, reason",
    [
        (lambda x: x - x.mean(), "depends on other elements, or on chance"),
        (lambda x: np.random.default_rng().normal(size=x.shape), "depends on other elements"),
        (lambda x: x.astype(np.float32), "float32"),
    ],
)
def test_a_function_that_is_not_element_wise_says_so(f, reason):
    with pytest.raises(c.Unusable, match=reason):
        c.examine(f, GRID, f(GRID), GRID)


def test_plain_functions_are_checked_for_shape():
    for f, slope in [(np.sum, np.sin), (np.sin, np.sum), (np.sin, lambda x: None)]:
        with pytest.raises(c.Unusable):
            c.by_formula(f, slope, GRID)


def test_slopes_agree_with_the_course_own_central_difference():
    from mini_autograd.numerical import derivative

    found = curve("sigmoid", {"alpha": 1.3, "beta": 0.2})
    f = ACTIVATIONS["sigmoid"][0]
    expected = derivative(lambda x: f(x, 1.3, 0.2), found.x)
    np.testing.assert_allclose(found.central, expected, atol=1e-10)


def test_sliders_of_the_table_are_parameters_of_its_functions():
    for f, slope, sliders in ACTIVATIONS.values():
        assert list(inspect.signature(f).parameters) == ["x", *sliders]
        assert list(inspect.signature(slope).parameters) == ["x", *sliders]
