"""Activations and losses: against PyTorch in value, slope and curvature; kinks, shapes, errors."""

import numpy as np
import pytest

import mini_autograd as ma
import mini_autograd.nn.functional as F
from mini_autograd import grad, tensor
from mini_autograd.gradcheck import gradcheck, gradgradcheck

try:
    import torch
except ImportError:
    torch = None
needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed: make oracle")

# name: (arguments, ...). For what PyTorch lacks, FORMULAS say it in PyTorch's operations.
ACTIVATIONS = {
    "sigmoid": [{}],
    "logsigmoid": [{}],
    "tanh": [{}],
    "scaled_tanh": [{}, {"alpha": 2.0, "beta": 0.5}],
    "hardtanh": [{}, {"min_val": -2.0, "max_val": 0.5}],
    "hardsigmoid": [{}],
    "softsign": [{}],
    "relu": [{}],
    "relu6": [{}],
    "leaky_relu": [{}, {"negative_slope": 0.2}, {"negative_slope": 1.5}],
    "rrelu": [{}, {"lower": 0.1, "upper": 0.3}],
    "elu": [{}, {"alpha": 0.5}, {"alpha": 2.0}],
    "celu": [{}, {"alpha": 0.5}, {"alpha": 2.0}],
    "selu": [{}],
    "softplus": [{}, {"beta": 3.0}, {"beta": 0.2}],
    "squareplus": [{}, {"b": 0.5}],
    "swish": [{}, {"beta": 3.0}, {"beta": 0.2}, {"beta": -1.0}],
    "silu": [{}],
    "gelu": [{}, {"approximate": "tanh"}],
    "mish": [{}],
    "hardswish": [{}],
    "smu": [{}, {"alpha": 0.1, "mu": 3.0}],
    "smu1": [{}, {"alpha": 0.1, "mu": 0.5}],
}
FORMULAS = {
    "scaled_tanh": lambda x, alpha=1.7159, beta=2 / 3: alpha * torch.tanh(beta * x),
    "squareplus": lambda x, b=4.0: (x + torch.sqrt(x * x + b)) / 2,
    "swish": lambda x, beta=1.0: x * torch.sigmoid(beta * x),
    "smu": lambda x, alpha=0.25, mu=1.0: (
        ((1 + alpha) * x + (1 - alpha) * x * torch.erf(mu * (1 - alpha) * x)) / 2
    ),
    "softplus": lambda x, beta=1.0: torch.nn.functional.softplus(x, beta, threshold=1e9),
    "smu1": lambda x, alpha=0.25, mu=1.0: (
        ((1 + alpha) * x + torch.sqrt(((1 - alpha) * x) ** 2 + mu * mu)) / 2
    ),
}
CASES = [
    pytest.param(name, given, id=" ".join([name, *map(str, given.values())]))
    for name, choices in ACTIVATIONS.items()
    for given in choices
]
STRAIGHT = {"hardtanh", "hardsigmoid", "relu", "relu6", "leaky_relu", "rrelu"}  # pieces of lines
SMOOTH_POINTS = np.array([-7.3, -3.7, -2.2, -0.9, -0.31, -0.02, 0.05, 0.4, 1.3, 2.6, 4.4, 7.1])


def oracle(name):
    return FORMULAS.get(name) or getattr(torch.nn.functional, name)


def slopes(f, x, weights, order):
    """f(x), then its derivatives up to the order, each pulled back with the weights; as arrays."""
    x = tensor(x, requires_grad=True)
    found = [f(x)]
    for _ in range(order):
        found += grad(found[-1], x, weights, create_graph=True)
    return [t.numpy() for t in found]


def torch_slopes(f, x, weights, order):
    x, weights = torch.tensor(x, requires_grad=True), torch.tensor(weights)
    found = [f(x)]
    for _ in range(order):
        found += torch.autograd.grad(found[-1], x, weights, create_graph=True)
    return [t.detach().numpy() for t in found]


def confirm(f, *inputs, curved=True):
    """Differences confirm first and, of a curved f, second derivatives; both passes agree."""
    assert gradcheck(f, *inputs)
    assert not curved or gradgradcheck(f, *inputs)
    leaves = [tensor(a, requires_grad=True) for a in inputs]
    y = f(*leaves)
    weights = np.random.default_rng(0).normal(size=y.shape)
    recorded = grad(y, leaves, weights, create_graph=True)
    y.backward(weights)
    for leaf, found in zip(leaves, recorded, strict=True):
        np.testing.assert_allclose(leaf.grad.numpy(), found.numpy(), rtol=1e-12, atol=1e-15)


@needs_torch
@pytest.mark.parametrize(("name", "given"), CASES)
def test_value_slope_and_curvature_are_those_of_pytorch(name, given):
    x = SMOOTH_POINTS.reshape(3, 4)
    weights = np.random.default_rng(0).normal(size=x.shape)
    order = 1 if name in STRAIGHT else 2
    found = slopes(lambda x: getattr(F, name)(x, **given), x, weights, order)
    expected = torch_slopes(lambda x: oracle(name)(x, **given), x, weights, order)
    for ours, theirs in zip(found, expected, strict=True):
        # PyTorch rounds the 1/6 of hardsigmoid's slope to float32.
        rtol = 1e-7 if name == "hardsigmoid" else 1e-11
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-14)
    x = tensor(x, requires_grad=True)
    y = getattr(F, name)(x, **given)
    y.backward(weights)
    np.testing.assert_allclose(x.grad.numpy(), found[1], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("name", "given"), CASES)
def test_differences_confirm_slope_and_curvature(name, given):
    f = lambda x: getattr(F, name)(x, **given)  # noqa: E731
    confirm(f, SMOOTH_POINTS, curved=name not in STRAIGHT)


@needs_torch
@pytest.mark.parametrize(("name", "given"), CASES)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1,), (2, 3, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_shape_and_dtype_is_kept_on_both_paths(name, given, shape, dtype):
    x = np.linspace(-4, 5, 12).astype(dtype)[: int(np.prod(shape))].reshape(shape).T
    f = lambda x: getattr(F, name)(x, **given)  # noqa: E731
    for y in slopes(f, x, np.ones_like(x), 1 if name in STRAIGHT else 2):
        assert y.dtype == dtype and y.shape == x.shape
    leaf = tensor(x, requires_grad=True)
    f(leaf).backward(np.ones_like(x))
    assert leaf.grad.dtype == dtype and leaf.grad.shape == x.shape
    plain = f(x)
    assert not isinstance(plain, ma.Tensor)
    np.testing.assert_array_equal(plain, f(leaf).numpy())
    assert plain.dtype == dtype


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_numbers_and_lists_are_taken_as_arrays(name):
    f = getattr(F, name)
    for plain in (0.5, [-1.5, 0.5], (2.5,)):
        np.testing.assert_array_equal(f(plain), f(np.array(plain)))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_graph_kept_for_a_second_backward_gives_the_same_gradient(name):
    x = tensor(SMOOTH_POINTS, requires_grad=True)
    y = getattr(F, name)(x)
    y.backward(np.ones(12), retain_graph=True)
    first = x.grad.numpy().copy()
    y.backward(np.ones(12))
    np.testing.assert_array_equal(x.grad.numpy(), 2 * first)


DEFAULTS = {
    "scaled_tanh": {"alpha": 1.7159, "beta": 2 / 3},
    "hardtanh": {"min_val": -1.0, "max_val": 1.0},
    "leaky_relu": {"negative_slope": 0.01},
    "rrelu": {"lower": 1 / 8, "upper": 1 / 3, "training": False},
    "elu": {"alpha": 1.0},
    "celu": {"alpha": 1.0},
    "softplus": {"beta": 1.0},
    "squareplus": {"b": 4.0},
    "swish": {"beta": 1.0},
    "gelu": {"approximate": "none"},
    "smu": {"alpha": 0.25, "mu": 1.0},
    "smu1": {"alpha": 0.25, "mu": 1.0},
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_parameters_not_given_are_the_documented_ones(name):
    f = getattr(F, name)
    np.testing.assert_array_equal(f(SMOOTH_POINTS), f(SMOOTH_POINTS, **DEFAULTS[name]))


INF = np.inf
# The value and the slope at -inf, the slope at inf; the value at inf.
LIMITS = {
    "sigmoid": (0, 0, 1, 0),
    "logsigmoid": (-INF, 1, 0, 0),
    "tanh": (-1, 0, 1, 0),
    "scaled_tanh": (-1.7159, 0, 1.7159, 0),
    "hardtanh": (-1, 0, 1, 0),
    "hardsigmoid": (0, 0, 1, 0),
    "softsign": (-1, 0, 1, 0),
    "relu": (0, 0, INF, 1),
    "relu6": (0, 0, 6, 0),
    "leaky_relu": (-INF, 0.01, INF, 1),
    "rrelu": (-INF, 11 / 48, INF, 1),
    "elu": (-1, 0, INF, 1),
    "celu": (-1, 0, INF, 1),
    "selu": (-1.7580993408473766, 0, INF, 1.0507009873554805),
    "softplus": (0, 0, INF, 1),
    "squareplus": (0, 0, INF, 1),
    "swish": (0, 0, INF, 1),
    "silu": (0, 0, INF, 1),
    "gelu": (0, 0, INF, 1),
    "mish": (0, 0, INF, 1),
    "hardswish": (0, 0, INF, 1),
    "smu": (-INF, 0.25, INF, 1),
    "smu1": (-INF, 0.25, INF, 1),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LIMITS)
def test_infinities_give_limits_and_nan_stays(name, dtype):
    x = np.array([-INF, INF, np.nan], dtype)
    order = 1 if name in STRAIGHT else 2
    value, slope, *curvature = slopes(getattr(F, name), x, np.ones_like(x), order)
    np.testing.assert_allclose([value[0], slope[0], value[1], slope[1]], LIMITS[name], rtol=1e-6)
    assert np.isnan(value[2])
    assert [bend[:2].tolist() for bend in curvature] in ([], [[0, 0]])


def test_the_tanh_form_of_gelu_where_its_gate_stands_still():
    x = np.array([-INF, -30.0, 30.0, INF, np.nan])
    value, slope, curvature = slopes(lambda x: F.gelu(x, "tanh"), x, np.ones(5), 2)
    np.testing.assert_array_equal(value, [0, 0, 30, INF, np.nan])
    np.testing.assert_array_equal(slope[:4], [0, 0, 1, 1])
    np.testing.assert_array_equal(curvature[:4], 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["smu", "smu1"])
def test_smooth_maximum_units_of_slope_0_or_1_have_their_limits(name, dtype):
    x = np.array([-INF, INF, np.nan], dtype)
    for alpha, limit in ((0.0, 0), (1.0, -INF)):
        found = slopes(lambda x, alpha=alpha: getattr(F, name)(x, alpha), x, np.ones(3, dtype), 2)
        assert [y[:2].tolist() for y in found] == [[limit, INF], [alpha, 1], [0, 0]]
        assert np.isnan(found[0][2])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nearly_the_largest_numbers_do_not_overflow(name, dtype):
    x = np.array([-0.9, 0.9], dtype) * np.finfo(dtype).max  # selu of the largest must
    for y in slopes(getattr(F, name), x, np.ones_like(x), 1 if name in STRAIGHT else 2):
        assert np.isfinite(y).all()


KINKS = {
    "relu": [0.0],
    "relu6": [0.0, 6.0],
    "hardtanh": [-1.0, 1.0],
    "hardsigmoid": [-3.0, 3.0],
    "hardswish": [-3.0, 3.0],
    "leaky_relu": [0.0],
    "rrelu": [0.0],
    "elu": [0.0],
    "celu": [0.0],
    "selu": [0.0],
    "softsign": [0.0],
}


@needs_torch
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "given"),
    [
        pytest.param(*c.values, id=c.id)
        for c in CASES
        if c.values[0] in KINKS and "min_val" not in c.values[1]
    ],
)
def test_slopes_and_curvature_at_kinks_and_beside_them_are_those_of_pytorch(name, given, dtype):
    points = np.array(KINKS[name], dtype)
    x = np.concatenate(
        [points, np.nextafter(points, dtype(-9)), np.nextafter(points, dtype(9)), -0 * points]
    )
    order = 1 if name in STRAIGHT else 2
    found = slopes(lambda x: getattr(F, name)(x, **given), x, np.ones_like(x), order)
    expected = torch_slopes(lambda x: oracle(name)(x, **given), x, np.ones_like(x), order)
    eps = 1e-7 if name == "hardsigmoid" else 8 * np.finfo(dtype).eps
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=eps, atol=eps)


@pytest.mark.parametrize("name", ["elu", "celu", "selu"])
def test_the_second_derivative_of_an_exponential_tail_is_0_where_it_begins(name):
    assert slopes(getattr(F, name), np.zeros(1), np.ones(1), 2)[2] == 0


def test_leaky_relu_has_its_left_slope_at_nan_as_in_pytorch():
    assert slopes(F.leaky_relu, np.array([np.nan]), np.ones(1), 1)[1] == 0.01


@pytest.mark.parametrize(
    ("name", "x", "curvature"),
    [
        ("sigmoid", -50.0, np.exp(-50)),
        ("sigmoid", 300.0, -np.exp(-300)),
        ("logsigmoid", -300.0, -np.exp(-300)),
        ("tanh", 25.0, -8 * np.exp(-50)),
        ("softplus", 300.0, np.exp(-300)),
        ("squareplus", 1e6, 2 / np.hypot(1e6, 2) ** 3),
        ("squareplus", -1e6, 2 / np.hypot(1e6, 2) ** 3),
        ("elu", -300.0, np.exp(-300)),
        ("silu", -300.0, (2 - 300) * np.exp(-300)),
        ("silu", 300.0, (2 - 300) * np.exp(-300)),
        ("gelu", -30.0, (2 - 900) * np.exp(-450) / np.sqrt(2 * np.pi)),
        ("gelu", 30.0, (2 - 900) * np.exp(-450) / np.sqrt(2 * np.pi)),
    ],
)
def test_curvature_keeps_its_digits_in_the_tails(name, x, curvature):
    found = slopes(getattr(F, name), np.array([x]), np.ones(1), 2)[2]
    np.testing.assert_allclose(found, curvature, rtol=1e-12)


def test_hardsigmoid_keeps_its_digits_beside_its_lower_end():
    x = np.nextafter(-3.0, 0.0)
    assert F.hardsigmoid(x) == (x + 3) / 6 > 0


def test_squareplus_of_b_0_is_relu_and_smu1_of_mu_0_leaky_relu():
    x = np.array([-2.0, 0.0, 3.0])
    for dtype in (np.float32, np.float64):
        value, slope = slopes(lambda x: F.squareplus(x, 0.0), x.astype(dtype), np.ones(3), 1)
        assert value.tolist() == [0, 0, 3] and slope.tolist() == [0, 0, 1]
    value, slope = slopes(lambda x: F.smu1(x, 0.5, 0.0), x, np.ones(3), 1)
    assert value.tolist() == [-1, 0, 3] and slope.tolist() == [0.5, 0.5, 1]
    mu = tensor(0.0, requires_grad=True)
    F.smu1(tensor(x), 0.5, mu).sum().backward()
    assert mu.grad.item() == 0


def test_smu_of_a_negative_mu_is_the_smooth_minimum():
    x = SMOOTH_POINTS
    np.testing.assert_allclose(F.smu(x, 0.25, -2.0) + F.smu(x, 0.25, 2.0), 1.25 * x)
    assert (F.smu(x, 0.25, -2.0) < F.smu(x, 0.25, 2.0)).all()


# Learned parameters.


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("elu", "alpha"), ("celu", "alpha"), ("softplus", "beta"), ("hardtanh", "max_val")],
)
@pytest.mark.parametrize("x", [SMOOTH_POINTS, tensor(SMOOTH_POINTS, requires_grad=True)])
def test_a_parameter_without_a_rule_is_refused_before_it_is_learned(name, parameter, x):
    f, learned = getattr(F, name), {parameter: tensor(1.5, requires_grad=True)}
    with pytest.raises(TypeError, match=f"{name}: there is no rule for {parameter}, .*detach"):
        f(x, **learned)
    with ma.no_grad():
        np.testing.assert_array_equal(f(x, **learned).numpy(), f(SMOOTH_POINTS, **{parameter: 1.5}))


@needs_torch
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (2, 3, 4, 2)])
@pytest.mark.parametrize("slopes_for", ["all", "each channel"])
def test_prelu_learns_its_slopes_as_in_pytorch(shape, slopes_for):
    generator = np.random.default_rng(0)
    channels = shape[1] if slopes_for == "each channel" and len(shape) > 1 else 1
    x, weight, g = (
        generator.normal(size=shape),
        generator.normal(size=channels),
        generator.normal(size=shape),
    )
    ours = [tensor(a, requires_grad=True) for a in (x, weight)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, weight)]
    y, expected = F.prelu(*ours), torch.nn.functional.prelu(*theirs)
    np.testing.assert_array_equal(y.numpy(), expected.detach().numpy())
    y.backward(g)
    expected.backward(torch.tensor(g))
    for a, b in zip(ours, theirs, strict=True):
        assert a.grad.shape == a.shape
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy())


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 2)])
def test_prelu_has_a_slope_for_each_channel_which_is_axis_1(shape):
    x = np.random.default_rng(0).normal(size=shape)
    weight = np.array([-1.0, 0.5, 3.0])
    y = np.moveaxis(F.prelu(x, weight), 1, 0)
    for channel, slope, found in zip(np.moveaxis(x, 1, 0), weight, y, strict=True):
        np.testing.assert_array_equal(found, np.where(channel > 0, channel, slope * channel))
    assert gradcheck(F.prelu, x, weight)


@pytest.mark.parametrize("weight", [np.float64(0.25), np.array([0.25])])
def test_prelu_at_the_kink_has_the_slope_of_the_weight(weight):
    x, weight = tensor([0.0, -1.0], requires_grad=True), tensor(weight, requires_grad=True)
    y = F.prelu(x, weight)
    y.backward(np.ones(2))
    assert x.grad.tolist() == [0.25, 0.25] and weight.grad.data.sum() == -1


LEARNED = {
    "leaky_relu": (0.2,),
    "scaled_tanh": (1.7, 0.6),
    "squareplus": (2.0,),
    "swish": (1.5,),
    "smu": (0.2, 1.5),
    "smu1": (0.2, 1.5),
}


def learned(name, shape):
    """x, and parameters of this shape that broadcast to it."""
    x = SMOOTH_POINTS[1:-1:2].reshape(-1, 1) + np.zeros(4) + 0.1
    shift = 0.1 * np.arange(4)[: int(np.prod(shape))].reshape(shape)
    return [x, *(value + shift for value in LEARNED[name])]


@needs_torch
@pytest.mark.parametrize("shape", [(), (4,)], ids=["one", "one each"])
@pytest.mark.parametrize("name", [name for name in LEARNED if name in FORMULAS])
def test_learned_parameters_have_exact_gradients(name, shape):
    given = learned(name, shape)
    ours = [tensor(a, requires_grad=True) for a in given]
    theirs = [torch.tensor(a, requires_grad=True) for a in given]
    g = np.random.default_rng(0).normal(size=given[0].shape)
    getattr(F, name)(*ours).backward(g)
    oracle(name)(*theirs).backward(torch.tensor(g))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-11)


@pytest.mark.parametrize("name", LEARNED)
def test_parameters_can_be_learned_from_a_number(name):
    parameters = [tensor(value, requires_grad=True) for value in LEARNED[name]]
    y = getattr(F, name)(-0.5, *parameters)
    assert y.item() == getattr(F, name)(np.array([-0.5]), *LEARNED[name])[0]
    y.backward()
    assert all(np.isfinite(p.grad.item()) for p in parameters)


@pytest.mark.parametrize("shape", [(), (4,)], ids=["one", "one each"])
@pytest.mark.parametrize("name", LEARNED)
def test_differences_confirm_the_gradients_of_learned_parameters(name, shape):
    confirm(getattr(F, name), *learned(name, shape), curved=name not in STRAIGHT)


def test_swish_learns_beta_where_x_is_huge_without_nan():
    beta = tensor(1.0, requires_grad=True)
    F.swish(tensor([-1e300, 1e300, 1000.0]), beta).sum().backward()
    assert beta.grad.item() == 0


# Chance.


def test_rrelu_draws_slopes_while_training_and_takes_their_mean_afterwards():
    x = -np.ones(100_000, np.float32)
    draw = lambda seed: F.rrelu(tensor(x), training=True, generator=np.random.default_rng(seed))  # noqa: E731
    y = draw(0)
    assert y.dtype == np.float32
    assert np.array_equal(y.data, draw(0).data) and not np.array_equal(y.data, draw(1).data)
    assert -1 / 3 <= y.data.min() < -0.333 and -0.126 < y.data.max() <= -1 / 8
    assert y.data.mean() == pytest.approx(-11 / 48, abs=1e-3)
    assert np.array_equal(F.rrelu(tensor(x)).data, np.float32(-11 / 48) * np.ones_like(x))


def test_rrelu_uses_one_slope_for_value_and_gradient():
    x = tensor(-np.ones(50), requires_grad=True)
    y = F.rrelu(x, training=True)
    y.backward(np.ones(50))
    assert np.array_equal(x.grad.data, -y.data)
    positive = tensor([1.0, 2.0], requires_grad=True)
    F.rrelu(positive, training=True).sum().backward()
    assert positive.grad.tolist() == [1, 1]


# Along an axis.


@needs_torch
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
@pytest.mark.parametrize(
    ("shape", "dim"),
    [((4,), 0), ((3, 4), 0), ((3, 4), -1), ((2, 3, 4), 1), ((0, 3), 1), ((0, 3), 0), ((0,), 0)],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_along_an_axis_are_those_of_pytorch(name, shape, dim, dtype):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype) * 3
    f, theirs = getattr(F, name), getattr(torch, name)
    weights = np.random.default_rng(1).normal(size=f(x, dim).shape).astype(dtype)
    value, slope = slopes(lambda x: f(x, dim), x, weights, 1)
    expected = torch_slopes(lambda x: theirs(x, dim), x, weights, 1)
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    for ours, right in zip((value, slope), expected, strict=True):
        assert ours.dtype == dtype
        np.testing.assert_allclose(ours, right, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
@pytest.mark.parametrize(("shape", "dim"), [((4,), 0), ((3, 4), 0), ((3, 4), -1), ((2, 3, 4), 1)])
def test_functions_along_an_axis_are_what_their_names_say(name, shape, dim):
    x = np.random.default_rng(0).normal(size=shape) * 3
    total = np.exp(x).sum(dim, keepdims=True)
    expected = {
        "softmax": np.exp(x) / total,
        "log_softmax": np.log(np.exp(x) / total),
        "logsumexp": np.log(total).squeeze(dim),
    }[name]
    f = lambda x: getattr(F, name)(x, dim)  # noqa: E731
    np.testing.assert_allclose(f(x), expected, rtol=1e-12)
    confirm(f, x)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_huge_scores_and_dominating_classes(name):
    x = np.array([[1000.0, 0.0], [-1000.0, -1040.0], [1e300, -1e300], [5.0, 5.0], [-INF, 2.0]])
    expected = {
        "softmax": [[1, 0], [1, np.exp(-40)], [1, 0], [0.5, 0.5], [0, 1]],
        "log_softmax": [[0, -1000], [-np.exp(-40), -40], [0, -2e300], [-np.log(2)] * 2, [-INF, 0]],
        "logsumexp": [1000, -1000, 1e300, 5 + np.log(2), 2],
    }[name]
    np.testing.assert_allclose(getattr(F, name)(tensor(x), 1).numpy(), expected, rtol=1e-14)


def test_log_of_a_sum_keeps_what_the_smaller_terms_add():
    x = np.array([0.0, -40.0, -41.0])
    small = np.exp(-40) + np.exp(-41)
    assert F.logsumexp(x, 0) == pytest.approx(small, rel=1e-14)
    assert F.log_softmax(x, 0)[0] == pytest.approx(-small, rel=1e-14)


@pytest.mark.parametrize("gap", [24, 40, 50])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_gradients_keep_their_digits_where_one_class_dominates(name, gap):
    x = np.array([0.0, 1.0, gap])
    small, rest = np.exp(-gap), np.exp(1 - gap)
    top = 1 / (1 + small + rest)
    slopes = np.array([-small, -rest, small + rest]) * top  # small + rest, as 1 - top has no digits
    leaf = tensor(x, requires_grad=True)
    getattr(F, name)(leaf, 0)[2].backward()
    expected = slopes * top if name == "softmax" else slopes
    np.testing.assert_allclose(leaf.grad.numpy(), expected, rtol=1e-14)


def test_log_softmax_of_confident_scores_is_confirmed():
    rng = np.random.default_rng(0)
    for scale in (1, 10, 100):
        for _ in range(5):
            assert gradcheck(lambda x: F.log_softmax(x, 0), scale * rng.normal(size=4))
    assert gradcheck(lambda x: F.log_softmax(x, 0), [0.0, 0.0, 0.0, 24.0])


def test_logsumexp_of_nothing_but_impossible_scores():
    x = np.array([[-INF, -INF], [INF, 1.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(F.logsumexp(x, 1), [-INF, INF, np.nan])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_empty_axis_has_an_empty_softmax_and_a_sum_of_0(dtype):
    x = np.ones((2, 0), dtype)
    for f in (F.softmax, F.log_softmax):
        assert f(x, 1).shape == (2, 0) and f(x, 1).dtype == dtype
    for keepdim, expected in ((False, [-INF, -INF]), (True, [[-INF], [-INF]])):
        value, slope = slopes(lambda x, k=keepdim: F.logsumexp(x, 1, k), x, np.array(expected), 1)
        assert value.tolist() == expected and value.dtype == dtype and slope.shape == (2, 0)


def test_logsumexp_keeps_the_axis_if_asked():
    x = tensor(np.ones((2, 3)), requires_grad=True)
    y = F.logsumexp(x, 1, keepdim=True)
    np.testing.assert_allclose(y.data, np.full((2, 1), 1 + np.log(3)))
    y.backward(np.ones((2, 1)))
    np.testing.assert_allclose(x.grad.data, np.full((2, 3), 1 / 3))


# Norms and gated units: of x, weight, bias or some of them, over the last axis or several.

SHAPES = [((5,), (5,)), ((3, 5), (5,)), ((2, 3, 4), (4,)), ((2, 3, 4), (3, 4)), ((0, 5), (5,))]
NORMS = {
    "rms_norm": lambda F, shape, x, w, b: F.rms_norm(x, shape, w),
    "rms_norm of eps": lambda F, shape, x, w, b: F.rms_norm(x, shape, w, 0.1),
    "rms_norm alone": lambda F, shape, x, w, b: F.rms_norm(x, shape),
    "layer_norm": lambda F, shape, x, w, b: F.layer_norm(x, shape, w, b),
    "layer_norm of eps": lambda F, shape, x, w, b: F.layer_norm(x, shape, w, b, 0.1),
    "layer_norm without bias": lambda F, shape, x, w, b: F.layer_norm(x, shape, w),
    "layer_norm alone": lambda F, shape, x, w, b: F.layer_norm(x, shape),
}


def drawn(shape, normalized_shape, dtype=np.float64):
    """A tensor, weights and biases, far from 0 and from 1."""
    rng = np.random.default_rng(0)
    sizes = shape, normalized_shape, normalized_shape
    return [(rng.normal(size=size) * 2 + 1).astype(dtype) for size in sizes]


@needs_torch
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "normalized_shape"), SHAPES)
@pytest.mark.parametrize("name", NORMS)
def test_norms_are_those_of_pytorch(name, shape, normalized_shape, dtype):
    f, given = NORMS[name], drawn(shape, normalized_shape, dtype)
    weights = np.random.default_rng(1).normal(size=shape).astype(dtype)
    ours = [tensor(a, requires_grad=True) for a in given]
    theirs = [torch.tensor(a, requires_grad=True) for a in given]
    y = f(F, normalized_shape, *ours)
    expected = f(torch.nn.functional, normalized_shape, *theirs)
    y.backward(weights)
    expected.backward(torch.tensor(weights))
    rtol = 2e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(y.numpy(), expected.detach().numpy(), rtol=rtol, atol=rtol)
    for a, b in zip(ours, theirs, strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            assert a.grad.dtype == dtype and a.grad.shape == a.shape
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=rtol, atol=rtol)
    np.testing.assert_array_equal(f(F, normalized_shape, *given), y.numpy())


@needs_torch
@pytest.mark.parametrize(("shape", "normalized_shape"), SHAPES)
@pytest.mark.parametrize("name", NORMS)
def test_norms_bend_as_those_of_pytorch(name, shape, normalized_shape):
    x, *given = drawn(shape, normalized_shape)
    weights = np.random.default_rng(1).normal(size=shape)
    found = slopes(lambda x: NORMS[name](F, normalized_shape, x, *given), x, weights, 2)
    theirs = [torch.tensor(a) for a in given]
    f = lambda x: NORMS[name](torch.nn.functional, normalized_shape, x, *theirs)  # noqa: E731
    for ours, expected in zip(found, torch_slopes(f, x, weights, 2), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("shape", "normalized_shape"), SHAPES[:-1])
@pytest.mark.parametrize(
    "name", [name for name in NORMS if "out" not in name and "one" not in name]
)
def test_differences_confirm_norms(name, shape, normalized_shape):
    x, w, b = drawn(shape, normalized_shape)
    f = lambda x, w, b: NORMS[name](F, normalized_shape, x, w, b) + b  # noqa: E731
    confirm(f, x, w, b)


def test_one_axis_may_be_given_as_a_number():
    x, w, b = drawn((3, 5), (5,))
    for name, f in NORMS.items():
        np.testing.assert_array_equal(f(F, 5, x, w, b), f(F, [5], x, w, b), err_msg=name)


def test_rms_norm_adds_the_spacing_of_its_dtype_where_no_eps_is_given():
    for dtype in np.float32, np.float64:
        eps = np.finfo(dtype).eps
        x = np.array([1, -1, 1, 1], dtype) * np.sqrt(eps / 3)
        np.testing.assert_allclose(F.rms_norm(x, 4), [0.5, -0.5, 0.5, 0.5], rtol=1e-6)


def test_a_row_without_a_spread_and_a_row_of_zeros():
    for value in 0.0, 0.1, -1e8:
        found = slopes(lambda x: F.layer_norm(x, 3), np.full((2, 3), value), np.eye(2, 3), 1)
        np.testing.assert_allclose(found[0], 0, atol=1e-12)
        center = np.eye(2, 3) - 1 / 3
        np.testing.assert_allclose(found[1], center / np.sqrt(1e-5), rtol=1e-9)
    found = slopes(lambda x: F.rms_norm(x, 3, eps=1e-6), np.zeros((2, 3)), np.eye(2, 3), 1)
    np.testing.assert_allclose(found[1], np.eye(2, 3) * 1e3)
    assert not found[0].any()
    with np.errstate(invalid="ignore", divide="ignore"):
        assert np.isnan(F.rms_norm(np.zeros(3), 3, eps=0.0)).all()


@pytest.mark.parametrize(("dtype", "offset"), [(np.float32, 2**14), (np.float64, 2**40)])
def test_layer_norm_keeps_the_digits_of_a_row_far_from_0(dtype, offset):
    # The offset leaves the deviations as they are, but their mean, 20 / 56, is rounded.
    x = np.array([0, 1, 5, 2, 2, 3, 7], dtype) / 8
    moved, rtol = F.layer_norm(x + dtype(offset), 7), 9 * np.finfo(dtype).eps
    np.testing.assert_allclose(moved, F.layer_norm(x, 7), rtol=rtol)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_norms_of_huge_numbers_do_not_overflow(name, dtype):
    x, g, huge = np.array([3, -1, 2], dtype), np.eye(3, dtype=dtype)[0], np.finfo(dtype).max / 10
    f = lambda x: getattr(F, name)(x, 3, eps=0.0)  # noqa: E731
    value, slope = slopes(f, x, g, 1)
    found = slopes(f, x * huge, g, 1)
    np.testing.assert_allclose(found[0], value, rtol=1e-6)
    np.testing.assert_allclose(found[1] * huge, slope, rtol=1e-5)


@needs_torch
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "dim"), [((6,), -1), ((3, 4), -1), ((4, 3), 0), ((2, 4, 3), 1), ((2, 4, 3), -2)]
)
def test_glu_is_that_of_pytorch(shape, dim, dtype):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype) * 3
    f = lambda x: F.glu(x, dim)  # noqa: E731
    weights = np.random.default_rng(1).normal(size=f(x).shape).astype(dtype)
    expected = torch_slopes(lambda x: torch.nn.functional.glu(x, dim), x, weights, 1)
    for ours, right in zip(slopes(f, x, weights, 1), expected, strict=True):
        assert ours.dtype == dtype
        np.testing.assert_allclose(ours, right, rtol=1e-5 if dtype == np.float32 else 1e-12)
    confirm(f, x.astype(float))


def test_a_closed_gate_lets_nothing_through_and_keeps_its_digits():
    value, slope = slopes(F.glu, np.array([2.0, 3.0, -700.0, 800.0]), np.ones(2), 1)
    np.testing.assert_allclose(value, [2 * np.exp(-700), 3], rtol=1e-12)
    np.testing.assert_allclose(slope, [np.exp(-700), 1, 2 * np.exp(-700), 0], rtol=1e-12)


# Losses.

SCORES = np.random.default_rng(2).normal(size=(5, 3)) * 2
CLASSES = np.array([0, 2, 1, 2, 0])


@needs_torch
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy_with_logits", "mse_loss"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_are_those_of_pytorch(name, reduction, dtype):
    x = SCORES.astype(dtype)
    target = (
        CLASSES
        if name == "cross_entropy"
        else np.random.default_rng(3).random(x.shape).astype(dtype)
    )
    f = lambda x: getattr(F, name)(x, target, reduction=reduction)  # noqa: E731
    theirs = getattr(torch.nn.functional, name)
    shape = f(x).shape
    weights = np.random.default_rng(4).normal(size=shape).astype(dtype)
    found, expected = (
        slopes(f, x, weights, 1),
        torch_slopes(lambda x: theirs(x, torch.tensor(target), reduction=reduction), x, weights, 1),
    )
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    for ours, right in zip(found, expected, strict=True):
        assert ours.dtype == dtype and ours.shape == right.shape
        np.testing.assert_allclose(ours, right, rtol=rtol, atol=rtol)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


LOSSES = {
    "cross_entropy": lambda x, t: -np.log(np.exp(x) / np.exp(x).sum(1, keepdims=True))[range(5), t],
    "binary_cross_entropy_with_logits": lambda x, t: (
        -t * np.log(sigmoid(x)) - (1 - t) * np.log(sigmoid(-x))
    ),
    "mse_loss": lambda x, t: (x - t) ** 2,
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_their_formulas(name, reduction):
    target = np.random.default_rng(3).random(SCORES.shape)
    target = CLASSES if name == "cross_entropy" else target
    reduced = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction]
    f = lambda x, target=target: getattr(F, name)(x, target, reduction)  # noqa: E731
    np.testing.assert_allclose(f(SCORES), reduced(LOSSES[name](SCORES, target)), rtol=1e-12)
    confirm(f, *((SCORES,) if name == "cross_entropy" else (SCORES, target)))


def test_a_confident_prediction_keeps_its_digits():
    x = tensor([[40.0, 0.0], [0.0, 1000.0]], requires_grad=True)
    loss = F.cross_entropy(x, [0, 0], reduction="none")
    np.testing.assert_allclose(loss.data, [np.log1p(np.exp(-40)), 1000], rtol=1e-14)
    loss.backward([1.0, 1.0])
    p = np.exp(-40) / (1 + np.exp(-40))
    np.testing.assert_allclose(x.grad.data, [[-p, p], [-1, 1]], rtol=1e-14)
    x = tensor([40.0, -40.0, 1000.0, -1000.0], requires_grad=True)
    target = tensor([1.0, 0.0, 0.0, 0.0])
    loss = F.binary_cross_entropy_with_logits(x, target, reduction="none")
    np.testing.assert_allclose(loss.data, [np.exp(-40), np.exp(-40), 1000, 0], rtol=1e-14)
    loss.backward(np.ones(4))
    np.testing.assert_allclose(x.grad.data, [-p, p, 1, 0], rtol=1e-14)


def test_impossible_classes_get_no_gradient_and_an_infinite_score_gives_nan():
    for scores, loss, gradient in (
        ([-INF, 0.0, 0.0], INF, [-1, 0.5, 0.5]),
        ([0.0, -INF, 0.0], np.log(2), [-0.5, 0, 0.5]),
        ([INF, 0.0, 0.0], np.nan, [np.nan] * 3),
    ):
        with np.errstate(invalid="ignore"):
            found = slopes(lambda x: F.cross_entropy(x, [0]), np.array([scores]), np.ones(()), 1)
            x = tensor([scores], requires_grad=True)
            F.cross_entropy(x, [0]).backward()
        np.testing.assert_allclose(found[0], loss, rtol=1e-14)
        for slope in (found[1], x.grad.numpy()):
            np.testing.assert_allclose(slope, [gradient], rtol=1e-14)


def test_cross_entropy_gradient_is_probability_minus_one_hot_over_n():
    x = tensor(SCORES, requires_grad=True)
    F.cross_entropy(x, tensor(CLASSES)).backward()
    expected = (F.softmax(SCORES, 1) - np.eye(3)[CLASSES]) / 5
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-13)


def test_cross_entropy_keeps_its_own_copy_of_the_targets():
    x, target = tensor(SCORES, requires_grad=True), CLASSES.copy()
    loss = F.cross_entropy(x, target)
    target[:] = 0
    loss.backward()
    kept = tensor(SCORES, requires_grad=True)
    F.cross_entropy(kept, CLASSES).backward()
    assert np.array_equal(x.grad.data, kept.grad.data)


# Errors.

x = tensor([1.0, 2.0])


@pytest.mark.parametrize("name", [*ACTIVATIONS, "erf", "erfc"])
@pytest.mark.parametrize("wrap", [tensor, np.array])
def test_integers_are_refused_with_the_way_out(name, wrap):
    with pytest.raises(TypeError, match=r"float32 or float64 is needed, not int64: write 1\.0"):
        getattr(F, name)(wrap([1, 2, 3]))


@pytest.mark.parametrize(
    ("kind", "words", "call"),
    [
        (ValueError, "alpha must be positive, not 0", lambda: F.elu(x, alpha=0.0)),
        (ValueError, "alpha must be positive, not -1", lambda: F.celu(x, alpha=-1.0)),
        (ValueError, "beta must be positive, not 0", lambda: F.softplus(x, beta=0.0)),
        (ValueError, "b must not be negative", lambda: F.squareplus(x, b=-1.0)),
        (
            ValueError,
            "min_val 1.0 must not be greater than max_val -1.0",
            lambda: F.hardtanh(x, 1.0, -1.0),
        ),
        (
            ValueError,
            "rrelu: lower 0.5 must not be greater than upper 0.1",
            lambda: F.rrelu(x, 0.5, 0.1),
        ),
        (
            ValueError,
            r'gelu: approximate is "none" or "tanh", not \'erf\'',
            lambda: F.gelu(x, "erf"),
        ),
        (
            ValueError,
            r"prelu: weight has shape \(3,\); x has 2 channels",
            lambda: F.prelu(np.ones((4, 2)), np.ones(3)),
        ),
        (
            ValueError,
            r"prelu: weight has shape \(2,\); x has 1 channel",
            lambda: F.prelu(x, np.ones(2)),
        ),
        (
            IndexError,
            r"softmax\(shape \(2,\), 1\): axis 1 is out of bounds",
            lambda: F.softmax(x, 1),
        ),
        (
            IndexError,
            r"log_softmax\(shape \(2,\), -2\): axis -2 is out of",
            lambda: F.log_softmax(x, -2),
        ),
        (
            IndexError,
            r"logsumexp\(shape \(2,\), 3, False\): axis 3 is out",
            lambda: F.logsumexp(x, 3),
        ),
        (
            TypeError,
            r"softmax\(shape \(2,\)\): missing a required argument: 'dim'",
            lambda: F.softmax(x),
        ),
        (
            ValueError,
            r"layer_norm: x of shape \(2,\) does not end in normalized_shape \(3,\)",
            lambda: F.layer_norm(x, 3),
        ),
        (
            ValueError,
            r"rms_norm: x of shape \(2,\) does not end in .*\(\)",
            lambda: F.rms_norm(x, ()),
        ),
        (ValueError, r"rms_norm: x of shape \(\) does not", lambda: F.rms_norm(1.0, 1)),
        (
            ValueError,
            r"layer_norm: x of shape \(2, 0\) does not end",
            lambda: F.layer_norm(np.ones((2, 0)), 0),
        ),
        (
            ValueError,
            r"layer_norm: weight needs the shape \(2,\), not \(3,\)",
            lambda: F.layer_norm(x, 2, np.ones(3)),
        ),
        (
            ValueError,
            r"layer_norm: bias needs the shape \(2,\), not \(1,\)",
            lambda: F.layer_norm(x, 2, None, np.ones(1)),
        ),
        (
            ValueError,
            r"rms_norm: weight needs the shape \(2,\), not \(\)",
            lambda: F.rms_norm(x, 2, 1.0),
        ),
        (ValueError, "eps must not be negative, as in -1", lambda: F.rms_norm(x, 2, eps=-1.0)),
        (ValueError, r"glu: axis -1 of the shape \(3,\) cannot be", lambda: F.glu(np.ones(3))),
        (IndexError, r"glu: axis 1 is out of bounds for the shape \(2,", lambda: F.glu(x, 1)),
        (TypeError, "float32 or float64 is needed", lambda: F.layer_norm(tensor([1, 2]), 2)),
        (TypeError, "float32 or float64 is needed", lambda: F.rms_norm(tensor([1, 2]), 2)),
        (TypeError, "float32 or float64 is needed", lambda: F.rms_norm(x, 2, np.ones(2, int))),
        (TypeError, "float32 or float64 is needed", lambda: F.glu(tensor([1, 2]))),
        (
            TypeError,
            "logsumexp.*keepdim is True or False, not 1",
            lambda: F.logsumexp(x, 0, 1),
        ),
        (TypeError, "not float16", lambda: F.mish(np.ones(2, np.float16))),
        (TypeError, "float32 or float64 is needed", lambda: F.softmax(tensor([1, 2]), 0)),
        (TypeError, "float32 or float64 is needed", lambda: F.log_softmax(tensor([1, 2]), 0)),
        (TypeError, "float32 or float64 is needed", lambda: F.logsumexp(tensor([1, 2]), 0)),
        (TypeError, "float32 or float64 is needed", lambda: F.prelu(tensor([1, 2]), x)),
        (
            TypeError,
            "float32 or float64 is needed",
            lambda: F.cross_entropy(tensor([[1, 2]]), [0]),
        ),
        (TypeError, "float32 or float64 is needed", lambda: F.mse_loss(tensor([1]), [1.0])),
        (
            ValueError,
            'reduction is "mean", "sum" or "none", not \'avg\'',
            lambda: F.mse_loss(x, x, "avg"),
        ),
        (
            ValueError,
            r"mse_loss.*: x has shape \(2,\), but the target \(2, 1\)",
            lambda: F.mse_loss(x, np.ones((2, 1))),
        ),
        (
            ValueError,
            r"binary_cross_entropy_with_logits.*: x has shape \(2,\), but the target \(1,\)",
            lambda: F.binary_cross_entropy_with_logits(x, [1.0]),
        ),
        (
            ValueError,
            r"x of shape \(N, classes\) and N class indices",
            lambda: F.cross_entropy(x, [0]),
        ),
        (
            ValueError,
            r"x of shape \(N, classes\) and N class indices",
            lambda: F.cross_entropy(tensor(SCORES), [0]),
        ),
        (
            TypeError,
            "class indices, integers, not float64",
            lambda: F.cross_entropy(tensor(SCORES), CLASSES * 1.0),
        ),
        (
            IndexError,
            "class indices from 0 to 2",
            lambda: F.cross_entropy(tensor(SCORES), CLASSES + 1),
        ),
        (
            IndexError,
            "class indices from 0 to 2",
            lambda: F.cross_entropy(tensor(SCORES), CLASSES - 1),
        ),
    ],
)
def test_errors_say_what_to_do(kind, words, call):
    with pytest.raises(kind, match=words):
        call()
