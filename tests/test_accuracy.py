"""Values and derivatives against mpmath: a sample of what benchmarks/accuracy.py sweeps."""

import numpy as np
import pytest
from mpmath import mp, mpf

from benchmarks import accuracy
from mini_autograd import tensor
from mini_autograd.nn import functional as F


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


# --- Norms: functions of a whole row --------------------------------------------------------------

EPS = {"layer_norm": 1e-5, "rms_norm": 2.0**-52}
ROWS = {
    "ordinary": [0.3, -1.2, 2.5, 0.7, -0.4],
    "far from 0": [1e8 + 1, 1e8 - 2, 1e8 + 0.5, 1e8, 1e8 + 7],
    (OUTLIER := "one far from the others"): [1e8, 1.0, -2.0, 0.5, 3.0],
    "one alone": [1e-3, 0.0, 0.0, 0.0, 0.0],
    "nearly equal": [0.1, 0.1 + 1e-9, 0.1 - 2e-9, 0.1, 0.1 + 5e-9],
    "tiny": [1e-160, -3e-160, 2e-160, 7e-160, 0.0],
    "huge": [1e300, -7e299, 3e300, 0.0, 1e299],
    "more of it": list(np.random.default_rng(0).normal(size=40) + 3),
}


def true_norm(name, x, g, eps):
    """The norm of a row in mpmath, and the gradient that g becomes on its way through."""
    n = len(x)
    center = sum(x) / n if name == "layer_norm" else 0
    d = [v - center for v in x]
    rms = mp.sqrt(sum(v * v for v in d) / n + eps)
    y = [v / rms for v in d]
    along = sum(a * b for a, b in zip(g, y, strict=True)) / n
    slope = [(a - along * b) / rms for a, b in zip(g, y, strict=True)]
    center = sum(slope) / n if name == "layer_norm" else 0
    return y, [v - center for v in slope]


def kappas(name, x, g, eps):
    """What one rounding of each number in x and g costs each number of the value and the slope."""
    nudge, total = mpf("1e-40"), [[mpf(0)] * len(x), [mpf(0)] * len(x)]
    before = true_norm(name, x, g, eps)
    for k in range(2 * len(x)):
        moved = [*x, *g]
        moved[k] *= 1 + nudge
        after = true_norm(name, moved[: len(x)], moved[len(x) :], eps)
        for costs, was, now in zip(total, before, after, strict=True):
            for i, (a, b) in enumerate(zip(was, now, strict=True)):
                costs[i] += abs((b - a) / (a or 1)) / nudge
    return total


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("given", ROWS)
@pytest.mark.parametrize("name", EPS)
def test_norms_stay_within_the_goal(name, given):
    x, g = np.array(ROWS[given]), np.random.default_rng(1).normal(size=len(ROWS[given]))
    leaf = tensor(x, requires_grad=True)
    y = getattr(F, name)(leaf, len(x))
    y.backward(g)
    exact = [mpf(float(v)) for v in x], [mpf(float(v)) for v in g], mpf(EPS[name])
    costs = kappas(name, *exact)
    for found, true, cost in zip((y, leaf.grad), true_norm(name, *exact), costs, strict=True):
        goals = [8 * max(1, float(one)) for one in cost]
        # In layer_norm the slope of an outlier is what differences of the largest slopes leave.
        term = max(map(abs, true)) if (name, given) == ("layer_norm", OUTLIER) else mpf(0)
        errors = accuracy.ulps(found.numpy(), true, np.float64, [term] * len(true))
        assert (errors <= goals).all(), (errors, goals)
