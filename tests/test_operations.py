"""Every operation against PyTorch over random shapes and dtypes; second order by gradgradcheck."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mini_autograd as ma
from mini_autograd import grad, tensor
from mini_autograd.gradcheck import gradcheck, gradgradcheck

try:
    import torch
except ImportError:
    torch = None
needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch is not installed: make oracle")

# name: (function of a module and its tensors, lowest input, highest input, number of inputs)
BOUNDED = {
    "exp": (lambda m, x: m.exp(x), -5, 5),
    "expm1": (lambda m, x: m.expm1(x), -5, 5),
    "log": (lambda m, x: m.log(x), 0.1, 9),
    "log1p": (lambda m, x: m.log1p(x), -0.9, 9),
    "sqrt": (lambda m, x: m.sqrt(x), 0.1, 9),
    "square": (lambda m, x: m.square(x), -5, 5),
    "abs": (lambda m, x: abs(x), -5, 5),
    "neg": (lambda m, x: -x, -5, 5),
    "tanh": (lambda m, x: m.tanh(x), -5, 5),
    "sigmoid": (lambda m, x: m.sigmoid(x), -30, 30),
    "cube": (lambda m, x: x**3, -5, 5),
    "zeroth power": (lambda m, x: x**0, -5, 5),
    "base 2": (lambda m, x: 2.0**x, -5, 5),
    "sum": (lambda m, x: x.sum(), -5, 5),
    "mean": (lambda m, x: x.mean(), -5, 5),
    "flat": (lambda m, x: x.reshape(-1) * 2.0, -5, 5),
}
PAIRS = {
    "add": (lambda m, a, b: a + b, -5, 5),
    "sub": (lambda m, a, b: a - b, -5, 5),
    "mul": (lambda m, a, b: a * b, -5, 5),
    "div": (lambda m, a, b: a / b, 0.2, 5),
    "pow": (lambda m, a, b: a**b, 0.2, 3),
    "maximum": (lambda m, a, b: m.maximum(a, b), -5, 5),
    "minimum": (lambda m, a, b: m.minimum(a, b), -5, 5),
    "where": (lambda m, a, b: m.where(a > b, a * b, b), -5, 5),
}
SHAPED = {
    "sum 0": ((3, 4), lambda m, x: x.sum(0)),
    "sum -1 keepdim": ((3, 4), lambda m, x: x.sum(-1, True)),
    "sum of two axes": ((2, 3, 4), lambda m, x: x.sum((0, 2))),
    "mean 1": ((3, 4), lambda m, x: x.mean(1)),
    "var": ((3, 4), lambda m, x: x.var()),
    "var 0": ((3, 4), lambda m, x: x.var(0)),
    "var biased": ((3, 4), lambda m, x: x.var(1, correction=0, keepdim=True)),
    "max": ((3, 4), lambda m, x: x.max()),
    "reshape": ((3, 4), lambda m, x: x.reshape(2, 6) * 2.0),
    "reshape tuple": ((3, 4), lambda m, x: x.reshape((4, -1)) * 2.0),
    "transpose": ((2, 3, 4), lambda m, x: x.transpose(0, 2) * 2.0),
    "T": ((3, 4), lambda m, x: x.T * 2.0),
    "row": ((3, 4), lambda m, x: x[1]),
    "element": ((3, 4), lambda m, x: x[1, 2]),
    "slices": ((3, 4), lambda m, x: x[:2, 1::2]),
    "new axis": ((3, 4), lambda m, x: x[:, None] * 2.0),
    "repeated indices": ((3, 4), lambda m, x: x[[0, 2, 0, 0]]),
    "index pairs": ((3, 4), lambda m, x: x[[0, 2, 0], [1, 3, 1]]),
    "mask": ((3, 4), lambda m, x: x[x > 0]),
    "broadcast_to": ((3, 1), lambda m, x: m.broadcast_to(x, (2, 3, 4))),
}
PRODUCTS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (6, 3, 4)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 4)),
]


def floats(shape, low, high, dtype=np.float64):
    width = 32 if dtype == np.float32 else 64
    low, high = float(np.float32(low)), float(np.float32(high))
    return hnp.arrays(dtype, shape, elements=st.floats(low, high, width=width))


def compare(function, *arrays):
    """Value, dtype and gradients (under a random cotangent) of function agree with PyTorch's."""
    ours = [tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(np.array(a), requires_grad=True) for a in arrays]
    y, expected = function(ma, *ours), function(torch, *theirs)
    tolerance = (
        dict(rtol=2e-5, atol=2e-5)
        if arrays[0].dtype == np.float32
        else dict(rtol=1e-11, atol=1e-11)
    )
    assert y.shape == tuple(expected.shape) and y.dtype == expected.detach().numpy().dtype
    np.testing.assert_allclose(y.numpy(), expected.detach().numpy(), **tolerance)
    cotangent = np.random.default_rng(0).standard_normal(y.shape).astype(y.dtype)
    expected.backward(torch.tensor(cotangent))
    for g, x in zip(grad(y, ours, cotangent), theirs, strict=True):
        assert g.dtype == x.grad.numpy().dtype
        np.testing.assert_allclose(g.numpy(), x.grad.numpy(), **tolerance)


@needs_torch
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", BOUNDED)
@settings(max_examples=15)
@given(data=st.data())
def test_one_input_against_pytorch(name, dtype, data):
    function, low, high = BOUNDED[name]
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    if name == "flat" or name == "mean":
        shape = tuple(max(n, 1) for n in shape)
    compare(function, data.draw(floats(shape, low, high, dtype)))


@needs_torch
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", PAIRS)
@settings(max_examples=15)
@given(data=st.data())
def test_two_inputs_against_pytorch(name, dtype, data):
    function, low, high = PAIRS[name]
    shapes = data.draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=4, max_dims=3)
    )
    compare(
        function, *[data.draw(floats(shape, low, high, dtype)) for shape in shapes.input_shapes]
    )


@needs_torch
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", SHAPED)
def test_shapes_against_pytorch(name, dtype):
    shape, function = SHAPED[name]
    compare(function, np.random.default_rng(1).standard_normal(shape).astype(dtype))


@needs_torch
@pytest.mark.parametrize("shapes", PRODUCTS)
def test_matmul_against_pytorch(shapes):
    generator = np.random.default_rng(2)
    compare(lambda m, a, b: a @ b, *[generator.standard_normal(shape) for shape in shapes])


@pytest.mark.parametrize("name", [*BOUNDED, *PAIRS])
def test_first_and_second_derivatives_are_verified(name):
    function, low, high = (BOUNDED | PAIRS)[name]
    generator = np.random.default_rng(3)
    shapes = [(2, 3)] if name in BOUNDED else [(2, 3), (3,)]
    inputs = [generator.uniform(max(low, -3), min(high, 3), shape) for shape in shapes]
    assert gradcheck(lambda *x: function(ma, *x), *inputs)
    assert gradgradcheck(lambda *x: function(ma, *x), *inputs)


@pytest.mark.parametrize("name", SHAPED)
def test_shape_operations_to_second_order(name):
    shape, function = SHAPED[name]
    x = np.random.default_rng(4).standard_normal(shape)
    assert gradcheck(lambda x: function(ma, x), x)
    assert gradgradcheck(lambda x: function(ma, x * x), x)


@pytest.mark.parametrize("shapes", PRODUCTS)
def test_matmul_to_second_order(shapes):
    generator = np.random.default_rng(5)
    inputs = [generator.standard_normal(shape) for shape in shapes]
    assert gradcheck(lambda a, b: a @ b, *inputs)
    assert gradgradcheck(lambda a, b: a @ b, *inputs)


@pytest.mark.parametrize("name", [*BOUNDED, *PAIRS])
@pytest.mark.parametrize("kind", ["0-d", "empty", "transposed"])
def test_unusual_inputs_on_both_paths(name, kind):
    function, low, high = (BOUNDED | PAIRS)[name]
    if kind == "empty" and name == "mean":
        pytest.skip("the mean of nothing is nan")
    for dtype in (np.float32, np.float64):
        full = np.random.default_rng(6).uniform(low, high, (3, 2)).astype(dtype)
        array = {"0-d": full[0, 0], "empty": full[:0], "transposed": full.T}[kind]
        xs = [tensor(array, requires_grad=True) for _ in range(1 if name in BOUNDED else 2)]
        y = function(ma, *xs)
        if name == "flat" and kind == "empty":
            assert y.shape == (0,)
        seeds = np.ones(y.shape)
        plain = grad(y, xs, seeds, retain_graph=True)
        recorded = grad(y, xs, seeds, create_graph=True)
        for a, b in zip(plain, recorded, strict=True):
            assert a.dtype == b.dtype == dtype and a.shape == array.shape
            np.testing.assert_array_equal(a.numpy(), b.numpy())


@needs_torch
def test_values_and_gradients_at_kinks_and_ties():
    zero = np.zeros(2)
    compare(lambda m, x: abs(x), zero)
    compare(lambda m, a, b: m.maximum(a, b), zero, zero)
    compare(lambda m, a, b: m.minimum(a, b), zero, zero)
    compare(lambda m, x: x.max(), zero)
    compare(lambda m, a, b: a**b, zero, np.array([2.0, 0.0]))
    compare(lambda m, x: x**0, zero)
    tied = np.array([[1.0, 1.0, 0.0], [2.0, 3.0, 3.0]])
    x, t = tensor(tied, requires_grad=True), torch.tensor(tied, requires_grad=True)
    x.max(1).backward(np.ones(2))
    torch.amax(t, 1).backward(torch.ones(2, dtype=torch.float64))
    np.testing.assert_array_equal(x.grad.numpy(), t.grad.numpy())


@pytest.mark.parametrize("gap", [1e-9, np.finfo(float).eps])
def test_values_that_nearly_tie_do_not_share(gap):
    def slopes(f, *values):
        leaves = [tensor(value, requires_grad=True) for value in values]
        f(*leaves).sum().backward()
        return [leaf.grad.tolist() for leaf in leaves]

    assert slopes(lambda x: x.max(), [1.0, 1.0 + gap, 1.0]) == [[0.0, 1.0, 0.0]]
    assert slopes(lambda x: x.max(0), [[1.0], [1.0 + gap]]) == [[[0.0], [1.0]]]
    assert slopes(ma.maximum, 1.0, 1.0 + gap) == [0.0, 1.0]
    assert slopes(ma.minimum, 1.0, 1.0 + gap) == [1.0, 0.0]


def test_where_passes_on_a_nan_born_in_the_other_branch():
    x = tensor([0.0, 4.0], requires_grad=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        ma.where(x > 0, ma.sqrt(x), 0.0).sum().backward()
    assert np.isnan(x.grad.numpy()[0]) and x.grad.numpy()[1] == 0.25


def test_tanh_keeps_its_slope_where_its_value_rounds_to_one():
    x = tensor([-300.0, 40.0], requires_grad=True)
    ma.tanh(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 4 * np.exp([-600.0, -80.0]), rtol=1e-15)


def test_indexing_with_tensors():
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    rows, columns = tensor([0, 1, 0]), tensor([1, 1, 1])
    x[rows, columns].sum().backward()
    assert x.grad.tolist() == [[0.0, 2.0], [0.0, 1.0]]
    x.grad = None
    x[rows].sum().backward()
    assert x.grad.tolist() == [[2.0, 2.0], [1.0, 1.0]]


def test_constructors():
    generator = np.random.default_rng
    assert ma.zeros(2, 3).shape == ma.zeros((2, 3)).shape == (2, 3) and ma.zeros().shape == ()
    assert ma.ones(2).tolist() == [1.0, 1.0] and ma.ones(2, dtype=np.float32).dtype == np.float32
    assert ma.arange(3).tolist() == [0, 1, 2] and ma.arange(1, 2, 0.5).tolist() == [1.0, 1.5]
    assert ma.linspace(0, 1, 3).tolist() == [0.0, 0.5, 1.0]
    x = tensor([1.0, 2.0], dtype=np.float32)
    assert ma.zeros_like(x).dtype == ma.ones_like(x).dtype == np.float32 and ma.ones_like(
        x
    ).tolist() == [1.0, 1.0]
    for draw in (ma.rand, ma.randn):
        a, b = (
            draw(2, 3, generator=generator(0)),
            draw((2, 3), generator=generator(0), requires_grad=True),
        )
        assert a.tolist() == b.tolist() and b.requires_grad and draw(4).shape == (4,)
    assert ma.rand(1000, generator=generator(0)).numpy().min() >= 0
    assert ma.zeros(2, requires_grad=True).requires_grad


@np.errstate(all="ignore")
def test_the_slope_of_a_power_of_0_for_its_exponent_is_that_of_pytorch():
    exponent = tensor([-1.0, 0.0, 0.5, 2.0], requires_grad=True)
    (tensor(0.0) ** exponent).backward(np.ones(4))
    assert exponent.grad.tolist() == [-np.inf, 0.0, 0.0, 0.0]
