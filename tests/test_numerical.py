"""Central differences, against derivatives that mpmath knows to 30 digits."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mini_autograd.numerical import derivative, gradient, jacobian, step

EPS = np.finfo(float).eps

# name: (the function for NumPy, for mpmath)
SMOOTH = {
    "exp": (np.exp, mp.exp),
    "sin": (np.sin, mp.sin),
    "tanh": (np.tanh, mp.tanh),
    "arctan": (np.arctan, mp.atan),
    "cube": (lambda x: x**3, lambda x: x**3),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (1 + mp.exp(-x))),
    "softplus": (lambda x: np.logaddexp(0, x), lambda x: mp.log1p(mp.exp(x))),
    "bump": (lambda x: np.exp(-x * x), lambda x: mp.exp(-x * x)),
    "ratio": (lambda x: x / (1 + x * x), lambda x: x / (1 + x * x)),
}


@pytest.mark.parametrize("name", SMOOTH)
@given(x=st.floats(-8, 8))
@example(x=0.0)
@example(x=1e-300)
@mp.workdps(30)  # not for all: other tests need more digits
def test_the_error_is_what_the_step_makes_it(name, x):
    f, exact = SMOOTH[name]
    slope, third = (float(mp.diff(exact, x, n)) for n in (1, 3))
    h = step(x)
    bent = max(abs(third), *(abs(float(mp.diff(exact, x + side * h, 3))) for side in (-1, 1)))
    rounding = EPS * (abs(f(x + h)) + abs(f(x - h))) * 4
    assert abs(derivative(f, x) - slope) <= h**2 / 6 * bent * 1.1 + rounding / h + 1e-300


@given(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, min_side=0), elements=st.floats(-9, 9)),
    st.sampled_from([1, 2, 3]),
)
def test_polynomials_of_any_shape(x, power):
    slopes = derivative(lambda t: t**power, x)
    expected = power * x ** (power - 1)
    assert np.shape(slopes) == x.shape
    assert np.allclose(slopes, expected, rtol=1e-9, atol=1e-8)


@given(hnp.arrays(np.float64, (3, 4), elements=st.floats(-3, 3)))
def test_gradient_and_jacobian_of_a_matrix(x):
    weights = np.arange(12.0).reshape(3, 4)
    found = gradient(lambda t: (weights * np.sin(t)).sum(), x)
    assert np.allclose(found, weights * np.cos(x), atol=1e-8)
    found = jacobian(lambda t: t @ weights.T, x)
    assert found.shape == (3, 3, 3, 4)
    assert np.allclose(found, np.einsum("ik,jl->ijkl", np.eye(3), weights), atol=1e-7)


def test_zero_dimensional_and_empty_arrays():
    assert derivative(np.sin, 0.0) == pytest.approx(1, abs=1e-10)
    assert isinstance(derivative(np.sin, 0), float)
    assert derivative(np.sin, np.empty((0, 3))).shape == (0, 3)
    assert gradient(lambda x: x * x, 3.0) == pytest.approx(6)
    assert gradient(np.sum, np.empty((2, 0))).shape == (2, 0)
    assert jacobian(lambda x: np.array([x, 2 * x]), 1.0).tolist() == pytest.approx([1, 2])
    assert jacobian(np.sin, np.empty((0, 2))).shape == (0, 2, 0, 2)


def test_a_view_counts_like_a_copy():
    x = np.arange(12.0).reshape(3, 4)[::2, ::-1].T
    assert np.allclose(derivative(np.sin, x), np.cos(x), atol=1e-8)
    assert np.allclose(gradient(lambda t: (t * t).sum(), x), 2 * x, atol=1e-7)


def test_integers_and_float32_are_computed_in_float64():
    seen = []

    def square(x):
        seen.append(x.dtype)
        return x * x

    for x in 3, [1, 2], np.float32(0.1), np.array([True, False]):
        assert derivative(square, x).dtype == np.float64
    assert set(seen) == {np.dtype(float)}
    assert derivative(square, np.float32(0.1)) == pytest.approx(
        2 * float(np.float32(0.1)), abs=1e-9
    )


def test_the_input_is_not_changed_even_by_a_function_that_writes_into_it():
    def square(x):
        x *= x
        return x

    x = np.array([1.0, 2.0])
    assert np.allclose(derivative(square, x), [2, 4])
    assert np.allclose(jacobian(square, x), np.diag([2, 4]))
    assert x.tolist() == [1, 2]


def test_the_distance_is_the_one_walked_after_rounding():
    # 1 + 1e-15 is rounded to 1 + 1.11e-15: a division by 2e-15 would be 10 % off.
    assert derivative(lambda x: x, 1.0, h=1e-15) == 1
    assert derivative(lambda x: x, 1e6, h=1e-9) == 1


def test_the_step_grows_with_the_size_of_x_on_both_sides():
    steps = step(np.array([0, 0.5, 1, -100, 1e6, -1e6]))
    assert np.allclose(steps / steps[0], [1, 1, 1, 100, 1e6, 1e6])


def test_a_step_for_each_element():
    x = np.array([1.0, 1e6])
    assert np.allclose(derivative(np.sin, x, h=np.array([1e-5, 1e-3])), np.cos(x), atol=1e-6)


def test_the_step_is_wrong_where_the_function_is_finer_than_x():
    assert f"{derivative(np.sin, 1e6):.2f}, {np.cos(1e6):.2f}" == "-0.03, 0.94"
    assert derivative(np.sin, 1e6, h=1e-3) == pytest.approx(np.cos(1e6), abs=1e-6)


def test_kinks_and_jumps():
    assert derivative(np.abs, 0.0) == 0
    assert derivative(lambda x: np.maximum(x, 0), 0.0) == pytest.approx(0.5)
    assert derivative(lambda x: x > 0, [-1.0, 1.0]).tolist() == [
        0,
        0,
    ]  # a threshold teaches nothing
    assert derivative(lambda x: x > 0, 0.0) > 1e4


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: derivative(np.sum, [1.0, 2.0]), ValueError, "not element-wise; use jacobian"),
        (lambda: derivative(lambda x: None, 1.0), TypeError, "f must return real numbers"),
        (lambda: derivative(np.float32, 1.0), TypeError, "float32, too coarse"),
        (lambda: jacobian(np.float16, 1.0), TypeError, "float16, too coarse"),
        (lambda: derivative(np.sin, "a"), TypeError, "x must hold real numbers"),
        (lambda: derivative(np.sin, 1j), TypeError, "x must hold real numbers"),
        (lambda: gradient(np.sin, [1.0, 2.0]), ValueError, "f must return one number"),
        (lambda: gradient(np.sin, [1.0]), ValueError, "f must return one number"),
        (lambda: derivative(np.sin, 1.0, h=0), ValueError, "h positive"),
        (lambda: derivative(np.sin, 1.0, h=-1e-5), ValueError, "h positive"),
        (lambda: derivative(np.sin, 1e6, h=1e-12), ValueError, "lost in rounding"),
        (lambda: derivative(np.sin, np.nan), ValueError, "x must be finite"),
        (lambda: jacobian(np.exp, [-np.inf]), ValueError, "x must be finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_errors_say_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_hypothesis_draws_the_same_examples_every_time():
    assert settings().derandomize
