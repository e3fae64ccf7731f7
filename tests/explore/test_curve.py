"""The verdict: no false alarm over the whole range of any slider, and every wrong rule flagged."""

import inspect
from functools import partial

import numpy as np
import pytest
from functions import ACTIVATIONS, MISTAKES
from said import agrees, apart, by_difference, difference, verdict

from mini_autograd.engine import Tensor
from mini_autograd.explore import curve as c
from mini_autograd.explore.words import fixed, number

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


# Where these mistakes change the slope it is 0, or there is none.
NO_MISTAKE = {
    "sign": {"step", "sign", "stairs"},
    "factor": {"step", "sign", "stairs"},
    "only for x > 0": {"step", "sign", "stairs", "relu", "relu6", "relu_at_0"}
    | {"logarithm", "square_root"},
    "slope beyond the kink": {"sign", "stairs", "logarithm", "square_root"},
}


@pytest.mark.parametrize(
    ("mistake", "name"),
    [(m, name) for m in MISTAKES for name in ACTIVATIONS if name not in NO_MISTAKE.get(m, ())],
)
def test_every_mistake_is_flagged(mistake, name):
    flagged = 0
    for parameters in settings(name, number=10):
        right, wrong = curve(name, parameters), curve(name, parameters, mistake)
        beyond = (wrong.slope < right.left - 0.01) & (wrong.slope < right.right - 0.01)
        beyond |= (wrong.slope > right.left + 0.01) & (wrong.slope > right.right + 0.01)
        told = (right.kind == c.SMOOTH) | (right.kind == c.KINK) & beyond
        with np.errstate(invalid="ignore"):
            differs = ~(np.abs(right.slope - wrong.slope) <= 1e-3) & told
        if differs.any():
            flagged += 1
            assert wrong.error.any(), parameters
            assert verdict(wrong, "autograd").startswith("They disagree: at x = ")
    assert flagged


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


@pytest.mark.filterwarnings("error")
def test_on_a_steep_curve_differences_are_told_by_the_slope():
    def explored(rate):
        with np.errstate(all="ignore"):
            y = np.exp(rate * GRID)
            return c.examine(lambda x: np.exp(rate * x), GRID, y, rate * y)

    steep, flat = explored(6.0), explored(1.0)
    assert verdict(steep, "autograd") == (
        "They agree: over the whole curve the largest difference is 8e-09 of the slope."
    )
    assert difference(steep, -1) == "8e-09 of the slope" and "slope" not in difference(steep, 0)
    largest = f"{np.abs(flat.slope - flat.drawn).max():.0e}"
    assert f"the largest difference is {largest}." in verdict(flat, "autograd")
    assert "e+16" in by_difference(steep, -1)
    assert "of the slope" in verdict(explored(120.0), "autograd")  # beyond 5.91 it overflows


def test_numbers_that_are_large_are_written_with_a_power_of_ten():
    assert fixed(-12345.678, 2) == "−12345.68" and fixed(-1234567.8, 2) == "−1.23e+06"
    assert fixed(-1e-9, 4) == "0.0000" and fixed(np.inf, 2) == "inf" and fixed(np.nan, 2) == "nan"
    assert number(1e-9) == "1.00e-09" and number(0.5) == "0.500000" and number(2e5) == "2.00e+05"


@pytest.mark.parametrize(
    "f, words",
    [
        (lambda x: np.log(-x * x - 1), "f is finite nowhere here"),
        (lambda x: np.where(x == 2, 1.0, np.nan), "f is smooth nowhere here"),
        (lambda x: np.floor(1e9 * x) % 2, "f is smooth nowhere here"),
    ],
)
def test_where_nothing_can_be_compared_nothing_agrees(f, words):
    with np.errstate(all="ignore"), pytest.raises(c.Unusable, match=words):
        c.examine(f, GRID, f(GRID), np.zeros_like(GRID))


NO_TENSOR = "and not a Tensor, so autograd cannot follow it"
CUT = "its result has no gradient: no recorded operation leads from x to it"


@pytest.mark.parametrize(
    "f, reason",
    [
        (lambda x: None, f"it returned nothing (None) {NO_TENSOR}"),
        (lambda x: x.numpy(), f"it returned a ndarray {NO_TENSOR}"),
        (
            lambda x: x.sum(),
            "it turned shape (7,) into (); an element-wise function keeps the shape",
        ),
        (lambda x: x.detach(), CUT),
        (
            lambda x: x.reshape((-1, 1)),
            "it turned shape (7,) into (7, 1); an element-wise function keeps the shape",
        ),
        (lambda x: x > 0, CUT),
        (lambda x: Tensor(np.ones(7), requires_grad=True) * 2.0, CUT),
    ],
)
def test_a_function_that_cannot_be_differentiated_says_why(f, reason):
    with pytest.raises(c.Unusable) as caught:
        c.by_autograd(f, np.arange(7.0), Tensor)
    assert str(caught.value) == reason


CHANCE = "its value at one x depends on other elements, or on chance"


@pytest.mark.parametrize(
    "f, reason",
    [
        (lambda x: x - x.mean(), CHANCE),
        (lambda x: np.random.default_rng().normal(size=x.shape), CHANCE),
        (
            lambda x: x.astype(np.float32),
            "it computes in float32, which is too coarse for differences",
        ),
    ],
)
def test_a_function_that_is_not_element_wise_says_so(f, reason):
    with pytest.raises(c.Unusable, match=f"^{reason}$"):
        c.examine(f, GRID, f(GRID), GRID)


def test_plain_functions_are_checked_for_shape():
    for f, slope, words in [
        (np.sum, np.sin, r"it turned shape \(481,\) into \(\)"),
        (np.sin, np.sum, "its derivative turned shape"),
        (np.sin, lambda x: None, "its derivative turned shape"),
        (lambda x: np.sqrt(x + 0j), np.sin, "it returned complex128, and real numbers are needed"),
        (np.sin, lambda x: x + 0j, "its derivative returned complex128"),
    ]:
        with pytest.raises(c.Unusable, match=words):
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


def test_formulas_may_give_numbers_of_any_kind():
    found = c.by_formula(lambda x: x > 0, lambda x: np.zeros(x.shape, np.int8), GRID)
    assert [values.dtype for values in found] == [float, float]
    y, slope = c.by_formula(lambda x: [*x], lambda x: [1] * len(x), GRID)
    assert (y == GRID).all() and (slope == 1).all()


def examined(f, slope, x):
    return c.examine(f, x, f(x), slope)


def test_a_slope_that_errs_in_the_sixth_digit_is_flagged():
    x = np.linspace(0, 3, 31)
    assert agrees(examined(np.exp, np.exp(x), x))
    assert examined(np.exp, np.exp(x) * (1 + 1e-5), x).error.all()
    x = np.linspace(-0.3, 0.3, 31)
    assert agrees(examined(np.square, 2 * x, x))
    assert examined(np.square, 2 * x + 1e-6, x).error.all()


def test_a_steep_line_through_0_is_allowed_the_rounding_of_its_terms():
    x = np.linspace(2.9, 3.1, 101)
    assert agrees(examined(lambda x: 1e6 * x - 3e6, np.full(101, 1e6), x))


def test_at_a_kink_no_difference_is_told():
    x = np.linspace(-1, 1, 21)
    found = examined(np.abs, np.sign(x), x)
    assert (apart(found) == -1).tolist() == (x == 0).tolist()


def test_autograd_finds_values_and_slopes():
    y, slope = c.by_autograd(lambda x: x * x, GRID, Tensor)
    assert (y == GRID * GRID).all() and (slope == 2 * GRID).all()


def test_what_is_examined_is_kept_with_what_was_found():
    y, slope = np.sin(GRID), np.cos(GRID)
    found = c.examine(np.sin, GRID, y, slope)
    assert found.x is GRID and found.y is y and found.slope is slope
    assert found.drawn is found.central and found.problem == ""


def test_values_alone_claim_nothing():
    found = c.only_values(GRID, np.cos(GRID), "f is a secret")
    assert found.x is GRID and (found.y == np.cos(GRID)).all() and found.problem == "f is a secret"
    slopes = np.array([found.slope, found.central, found.left, found.right, found.drawn])
    assert slopes.shape == (5, *GRID.shape) and np.isnan(slopes).all()
    assert (found.kind == c.UNKNOWN).all() and found.kind.shape == GRID.shape
    assert found.error.tolist() == [0] * len(GRID)


@pytest.mark.parametrize(("value", "shift"), [(0.0, 0.9e-6), (100.0, 9e-5)])
def test_values_may_differ_by_rounding_from_call_to_call_but_not_more(value, shift):
    def f(x, shift):
        return value + shift * (len(x) < 20) + 0 * x

    x = np.linspace(1, 2, 30)
    for allowed in (True, False):
        by = partial(f, shift=shift if allowed else shift * 4 / 3)
        if allowed:
            assert not c.examine(by, x, by(x), 0 * x).error.any()
        else:
            with pytest.raises(c.Unusable, match="depends on other elements"):
                c.examine(by, x, by(x), 0 * x)


def test_a_slope_may_err_by_what_rounding_of_the_values_explains_but_not_more():
    x = np.linspace(1, 2, 9)
    for value, allowed in (0.0, 0.9e-8), (1.0, 0.9e-8), (1e4, 0.9e-4):
        flat = np.full(9, value)
        assert not c.examine(lambda x, y=value: y + 0 * x, x, flat, flat * 0 + allowed).error.any()
        wrong = c.examine(lambda x, y=value: y + 0 * x, x, flat, flat * 0 + allowed * 4 / 3)
        assert wrong.error.all()


def test_a_slope_may_err_by_twice_what_a_half_step_changes():
    def f(x):
        return 1e6 * x**3

    x = np.zeros(3)  # where the slope is 0, the central difference 1e6 h**2, and with h/2 a quarter
    h = c.step(0.0)
    central, changed = 1e6 * h**2, 0.75e6 * h**2
    assert not c.examine(f, x, f(x), x + central + 1.9 * changed).error.any()
    assert c.examine(f, x, f(x), x + central + 2.5 * changed).error.all()


def test_a_nan_among_the_slopes_is_the_worst_error_of_all():
    found = curve("tanh", next(settings("tanh")), "nan")
    assert (found.error == np.where(found.x == 2, np.inf, 0)).all()


def test_each_kink_has_its_own_two_slopes():
    def f(x):  # left and right of 0 the slopes are -4 and -2, of 1 they are -2 and 4
        return np.abs(x) + 3 * np.abs(x - 1)

    x = np.array([0.0, 1.0, 0.5])
    for slopes, wrong in ([-3, 3, -2], []), ([3, 3, -2], [0]), ([-3, -3, -2], [1]):
        found = c.examine(f, x, f(x), np.array(slopes, float))
        assert found.kind.tolist() == [c.KINK, c.KINK, c.SMOOTH]
        assert np.flatnonzero(found.error).tolist() == wrong


def test_a_wrong_slope_is_told_even_if_there_are_only_kinks():
    x = np.zeros(3)
    assert examined(np.abs, x + 1.5, x).error == pytest.approx(0.5)
    with pytest.raises(c.Unusable, match="f is smooth nowhere here"):
        examined(np.abs, x + 0.5, x)


@pytest.mark.parametrize(
    ("height", "slope", "kind"),
    [(1.0, 1.0, c.JUMP), (0.6, 1.0, c.KINK), (1e-3, 0.0, c.JUMP)],
)
def test_a_step_is_a_jump_from_the_height_on_that_the_slope_makes_of_a_step(height, slope, kind):
    def f(x):
        return slope * x + height * c.step(0.0) * (x > 0)

    x = np.array([0.0, 1.0])
    assert examined(f, np.full(2, slope), x).kind.tolist() == [kind, c.SMOOTH]


KINK_INSIDE = "Elsewhere they agree: if f is a composition, a part of it may be at a kink there."


@pytest.mark.parametrize(
    ("points", "wrong", "said"),
    [(24, 3, True), (100, 4, False), (16, 2, True), (15, 2, False), (7, 1, False)],
)
def test_few_wrong_slopes_among_many_may_be_kinks_inside(points, wrong, said):
    x = np.linspace(0.1, 1.5, points)
    slope = np.cos(x)
    slope[:wrong] += [7, 5, 3, 2][:wrong]
    text = verdict(examined(np.sin, slope, x), "autograd")
    claim = (
        f"They disagree: at x = 0.10 autograd says {slope[0]:.6f}, the central difference 0.995004."
    )
    assert (text == f"{claim} {KINK_INSIDE}") == said
    assert text.startswith(claim) and ("Elsewhere" in text) == said


def test_half_of_a_slope_may_have_been_overwritten():
    x = np.array([1.0, 2.0, 3.0])
    assert verdict(examined(np.square, x, x), "autograd") == (
        "They disagree: at x = 3.00 autograd says 3.000000, the central difference 6.000000. It is "
        "half of what it should be. A second contribution may have overwritten the first."
    )
    assert "overwritten" not in verdict(examined(np.square, 4 * x, x), "autograd")
