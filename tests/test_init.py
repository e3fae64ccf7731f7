"""Initialisers: moments and bounds of what they draw, against the formulas."""

import math

import numpy as np
import pytest

from mini_autograd import tensor
from mini_autograd.nn import init

OUT, IN = 300, 500
SEED = 3


def drawn(initialise, *arguments, shape=(OUT, IN), **named):
    w = tensor(np.zeros(shape))
    assert initialise(w, *arguments, generator=np.random.default_rng(SEED), **named) is w
    return w.numpy()


# (initialiser, arguments, standard deviation by its formula, bound or None)
LEAKY = math.sqrt(2 / (1 + 0.2**2))
CASES = [
    (init.uniform_, {}, math.sqrt(1 / 12), 1.0),
    (init.uniform_, dict(a=-2.0, b=4.0), 6 / math.sqrt(12), 4.0),
    (init.normal_, {}, 1.0, None),
    (init.normal_, dict(mean=5.0, std=0.1), 0.1, None),
    (init.xavier_normal_, {}, math.sqrt(2 / (IN + OUT)), None),
    (init.xavier_normal_, dict(gain=2.0), 2 * math.sqrt(2 / (IN + OUT)), None),
    (init.xavier_uniform_, {}, math.sqrt(2 / (IN + OUT)), math.sqrt(6 / (IN + OUT))),
    (init.kaiming_normal_, {}, math.sqrt(2 / IN), None),
    (init.kaiming_normal_, dict(mode="fan_out"), math.sqrt(2 / OUT), None),
    (init.kaiming_normal_, dict(a=0.2), LEAKY / math.sqrt(IN), None),
    (init.kaiming_uniform_, {}, math.sqrt(2 / IN), math.sqrt(6 / IN)),
    (
        init.kaiming_uniform_,
        dict(nonlinearity="tanh"),
        5 / 3 / math.sqrt(IN),
        5 / math.sqrt(3 * IN),
    ),
    (init.kaiming_uniform_, dict(a=math.sqrt(5)), 1 / math.sqrt(3 * IN), 1 / math.sqrt(IN)),
]


@pytest.mark.parametrize(("initialise", "named", "std", "bound"), CASES)
def test_moments_and_bounds_follow_the_formula(initialise, named, std, bound):
    values = drawn(initialise, **named)
    mean = named.get("mean", 0.0)
    if initialise is init.uniform_:
        mean = (named.get("a", 0) + named.get("b", 1)) / 2
    # Five standard errors of 150,000 draws: of the mean, and of a standard deviation (normal).
    assert values.mean() == pytest.approx(mean, abs=5 * std / math.sqrt(values.size))
    assert values.std() == pytest.approx(std, rel=5 / math.sqrt(2 * values.size))
    if bound:
        low = named.get("a", 0.0) if initialise is init.uniform_ else -bound
        assert (
            low <= values.min() < low + 0.001 * std and bound - 0.001 * std < values.max() <= bound
        )
    else:
        # About 68.27 % of a normal sample lies within one standard deviation.
        share = np.mean(abs(values - mean) < std)
        assert share == pytest.approx(0.6827, abs=0.006)


@pytest.mark.parametrize("initialise", [case[0] for case in CASES])
def test_a_generator_of_the_same_seed_gives_the_same_numbers(initialise):
    assert (drawn(initialise) == drawn(initialise)).all()
    assert (drawn(initialise) != initialise(tensor(np.zeros((OUT, IN)))).numpy()).any()


def test_constants():
    w = tensor(np.zeros((2, 3)), dtype=np.float32, requires_grad=True)
    assert (init.ones_(w).numpy() == 1).all()
    assert (init.constant_(w, 0.3).numpy() == np.float32(0.3)).all()
    assert (init.zeros_(w).numpy() == 0).all()
    assert w.dtype == np.float32 and w.requires_grad and w.is_leaf


def test_what_a_graph_saved_stays_valid():
    w = tensor([[3.0]], requires_grad=True)
    y = (w * w).sum()
    init.ones_(w)
    y.backward()
    assert w.grad.tolist() == [[6.0]]


GAINS = dict(linear=1.0, sigmoid=1.0, tanh=5 / 3, relu=2**0.5, selu=0.75)


@pytest.mark.parametrize("name", GAINS)
def test_gains_are_those_of_the_docstring(name):
    assert init.calculate_gain(name) == pytest.approx(GAINS[name])


@pytest.mark.parametrize("name", GAINS)
def test_gains_are_pytorchs(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: make oracle")
    assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))


def test_the_gain_of_leaky_relu_takes_its_slope():
    assert init.calculate_gain("leaky_relu", 0.2) == pytest.approx(LEAKY)
    assert init.calculate_gain("leaky_relu") == pytest.approx(math.sqrt(2 / (1 + 0.01**2)))


@pytest.mark.parametrize(
    ("mistake", "kind", "words"),
    [
        (lambda: init.calculate_gain("swish"), ValueError, "'swish' is none of linear, sigmoid"),
        (lambda: init.xavier_normal_(tensor([1.0])), ValueError, r"shape \(1,\) has not"),
        (lambda: init.kaiming_normal_(tensor([1.0])), ValueError, r"shape \(1,\) has not"),
        (lambda: init.kaiming_normal_(tensor([[1.0]]), mode="in"), ValueError, '"fan_out", not'),
        (lambda: init.zeros_(np.ones(3)), TypeError, "a tensor is needed, not a ndarray"),
    ],
)
def test_mistakes_are_explained(mistake, kind, words):
    with pytest.raises(kind, match=words):
        mistake()
