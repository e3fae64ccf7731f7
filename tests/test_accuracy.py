"""Values and derivatives against mpmath: a sample of what benchmarks/accuracy.py sweeps."""

import numpy as np
import pytest

from benchmarks import accuracy


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", accuracy.CASES, ids=str)
def test_error_stays_within_the_goal(case, dtype):
    points = 160 if dtype is np.float64 else 80
    _, _, of_goal, where = accuracy.measure(case, dtype, points, {"ours": accuracy.run_ours})[
        "ours"
    ]
    assert of_goal <= 1, f"{case}: {of_goal:.2f} times what is allowed, {where}"


def test_the_measure_sees_a_lost_digit():
    case = accuracy.CASES[0]
    x = accuracy.inputs(np.float64, 40)
    true = accuracy.reference(case, x)[0]
    assert accuracy.ulps(1 / (1 + np.exp(-np.maximum(x, -700))), true, np.float64).max() < 4
    assert accuracy.ulps((1 + np.tanh(x / 2)) / 2, true, np.float64).max() > 1e10
