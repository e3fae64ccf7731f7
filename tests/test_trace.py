"""A replay gives, bit for bit, what the engine gives; what cannot be followed is refused."""

import contextlib
import gc
import importlib.util
import inspect
import operator
import random
import re
import threading
import time
import weakref

import numpy as np
import pytest
from scipy import special

import mini_autograd as ma
from benchmarks import tasks, with_jit, with_mini_autograd
from mini_autograd import grad, nn, no_grad, optim, primitive, tensor
from mini_autograd.engine import _follower
from mini_autograd.explore import curve
from mini_autograd.nn import functional as F
from mini_autograd.numpy_functions import added_at
from mini_autograd.trace import (
    PROGRAMS,
    Line,
    Untraceable,
    jit,
    take_scalars_for_numbers,
    trace,
)
from mini_autograd.trees import mapped, tensor_around


def same(a, b):
    """Whether two tensors or arrays agree in dtype, shape and every bit."""
    a, b = (t.numpy() if isinstance(t, ma.Tensor) else np.asarray(t) for t in (a, b))
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def programs(replayed):
    """All programs of a function that is replayed."""
    return [program for known in replayed.programs.values() for program in known]


# --- Every function of the package ----------------------------------------------------------------


def rows(x):
    """x as a matrix: of one row, or of none."""
    return (
        x if x.ndim == 2 else x.reshape((1, x.shape[0] if x.ndim else 1) if x.numel() else (0, 1))
    )


# The first word of a name is the function of the package that is tried.
PLAIN = (
    "abs celu elu erf erfc exp expm1 gelu hardsigmoid hardswish hardtanh leaky_relu log log1p "
    "logsigmoid mean mish neg relu relu6 rrelu scaled_tanh selu sigmoid sign silu smu smu1 "
    "softplus softsign sqrt square squareplus sum swish tanh"
).split()
OPERATIONS = {name: getattr(F, name, None) or getattr(ma, name) for name in PLAIN} | {
    "gelu tanh": lambda x: F.gelu(x, "tanh"),
    "swish learned": lambda x: F.swish(x, x * 0.5),
    "smu learned": lambda x: F.smu(x, x * 0.1, x),
    "prelu": lambda x: F.prelu(x, tensor(0.25).to(x.dtype)),
    **{f"pow {p!r}": (lambda x, p=p: x**p) for p in (2, 2.0, 0.5, -1, 3, 1, 0, -2.5)},
    "pow of 2": lambda x: 2.0**x,
    "pow of a computed number": lambda x: (x.sum() ** 3 + 2.0 ** x.sum()) * x**2,
    "add": lambda x: ma.add(x, 1) + 2.0,
    "sub": lambda x: ma.sub(1, x) * x,
    "mul": lambda x: ma.mul(x, 0.5) * x,
    "div": lambda x: ma.div(x, 1.5) / (x * x),
    "maximum": lambda x: ma.maximum(x, 0.5),
    "minimum": lambda x: ma.minimum(x, x * x),
    "hypot": lambda x: ma.hypot(x, 1.5),
    "where": lambda x: ma.where(x > 0, x * x, -x),
    **{
        name: (lambda x, name=name: getattr(ma, name)(x, 0.25).to(x.dtype) * x)
        for name in "eq ne lt le gt ge".split()
    },
    "ones_like": lambda x: x * ma.ones_like(x),
    "zeros_like": lambda x: x - ma.zeros_like(x),
    "softmax": lambda x: F.softmax(rows(x), 1),
    "log_softmax": lambda x: F.log_softmax(rows(x), 1) + F.log_softmax(rows(x), 1),
    "logsumexp": lambda x: F.logsumexp(rows(x), 1) + F.logsumexp(rows(x), 1, True).sum(),
    "max": lambda x: rows(x).max(1, keepdim=True) * x.max() if x.numel() else x,
    "var": lambda x: rows(x).var(1, keepdim=True) + ma.var(x),
    "reshape": lambda x: ma.reshape(x, -1) * x.reshape(-1),
    "transpose": lambda x: ma.transpose(rows(x), 0, 1) + rows(x).T,
    "broadcast_to": lambda x: ma.broadcast_to(x, (2, *x.shape)) * x,
    "matmul": lambda x: ma.matmul(rows(x), rows(x).T) + x.reshape(-1) @ x.reshape(-1),
    "matmul of equals": lambda x: F.tanh(rows(x)) @ F.tanh(rows(x)).T,
    "layer_norm": lambda x: F.layer_norm(rows(x), rows(x).shape[1:], rows(x).mean(0)),
    "rms_norm": lambda x: F.rms_norm(rows(x), rows(x).shape[1:], rows(x)[:1].sum(0), eps=0.1),
    "glu": lambda x: (
        F.glu(rows(x)[..., None] * np.array([1.0, 2.0])) + F.glu(rows(x)[[0, 0]], 0)
        if x.numel()
        else x
    ),
    "linear": lambda x: F.linear(rows(x), rows(x), rows(x)[:, 0]),
    "mse_loss": lambda x: F.mse_loss(x, (x * 0.5).detach()),
    "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(
        x, (x * x).detach(), reduction="sum"
    ),
    "cross_entropy": lambda x: F.cross_entropy(rows(x), np.zeros(len(rows(x)), int)),
}
MORE = {  # what tensors can do, and no function of the package
    "getitem": lambda x: rows(x)[1:] * rows(x)[:1] if x.numel() else x,
    "scatter": lambda x: x.reshape(-1)[np.array([0, 0, -1])] if x.numel() else x,
    "iteration": lambda x: sum((part * part for part in x), x * 1) if x.ndim else x,
    "to": lambda x: x.to(float) * x,
    "data": lambda x: x * x.data + x.data * x,
}
MAKERS = set(
    "arange linspace load no_grad ones primitive rand randn save tensor zeros grad".split()
)


def test_every_function_of_the_package_is_tried():
    public = {n for m in (ma, F) for n, value in vars(m).items() if inspect.isfunction(value)}
    assert {name.split()[0] for name in OPERATIONS} == public - MAKERS


def with_slopes(f):
    """y, its slope and its second slope, as far as f has them."""

    def all_three(x, g):
        found = [y := f(x)]
        for order in (1, 2):
            if not y.requires_grad:
                break
            seed = ma.broadcast_to(g, y.shape)
            (y,) = grad(y, x, seed, create_graph=order == 1, allow_unused=True)
            if y is None:
                break
            found.append(y)
        return found

    return all_three


@np.errstate(all="ignore")
@pytest.mark.parametrize("name", OPERATIONS | MORE)
def test_bit_for_bit(name):
    rng = np.random.default_rng(0)
    f = with_slopes((OPERATIONS | MORE)[name])
    for dtype in ("float32", "float64"):
        for shape in ((), (0,), (17,), (6, 5), (5, 6)):
            replayed = jit(f)
            for scale in (1, 30, 0):
                x = np.asarray(rng.standard_normal(shape) * scale, dtype)
                x = tensor(x.T if shape == (5, 6) else x, requires_grad=True)
                g = tensor(rng.standard_normal(), dtype=dtype)
                found, expected = replayed(x, g), f(x, g)
                assert all(map(same, found, expected)) and len(found) == len(expected)
                assert [t.requires_grad for t in found] == [t.requires_grad for t in expected]
            assert len(programs(replayed)) == 1


# --- Whole training steps, and functions drawn at random ------------------------------------------


@pytest.mark.parametrize(
    "task", [t for t in tasks.TASKS if "training" in t.builder], ids=lambda task: task.name
)
def test_thirty_steps_of_training(task):
    replayed, engine_alone = (
        getattr(library, task.builder)(**task.options | {"batch": 8})
        for library in (with_jit, with_mini_autograd)
    )
    for _ in range(30):
        assert all(map(same, replayed(), engine_alone()))


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Adam])
def test_training_a_module_as_in_the_chapters(optimizer):
    rng = np.random.default_rng(0)
    x, y = tensor(rng.standard_normal((12, 5))), tensor(rng.integers(0, 3, 12))

    def step(model, x, y):
        model.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    def losses(step):
        generator = np.random.default_rng(1)
        layers = [
            nn.Linear(5, 7, generator=generator),
            nn.Swish(),
            nn.Linear(7, 3, generator=generator),
        ]
        model = nn.Sequential(*layers)
        move = optimizer(model.parameters(), lr=0.1)
        for _ in range(5):
            yield step(model, x, y)
            move.step()
        yield from model.parameters()

    assert all(map(same, losses(jit(step)), losses(step)))


UNARY = [F.tanh, F.relu, F.swish, F.softplus, ma.abs, ma.neg, lambda u: (u * 0.1) ** 2]
SHAPED = [
    lambda u: u.T,
    lambda u: u[::-1],
    lambda u: u[:, ::-1],
    lambda u: u.T.reshape(2, 8).reshape(-1).reshape(4, 4),
    lambda u: u[np.array([0, 0, 2, 1])],
    lambda u: u - u.sum(0, True) * 0.01,
    lambda u: u - u.max(1, True),
    lambda u: F.log_softmax(u, 1) + F.softmax(u, 0),
    lambda u: u[0] + u[:, 1:2],
    lambda u: u * u.data[0],
]
BINARY = [
    lambda u, v: u + v,
    lambda u, v: u - v * 0.5,
    lambda u, v: u * v * 0.1,
    lambda u, v: u / (v * v + 1.0),
    lambda u, v: (u @ v) * 0.1,
    lambda u, v: u[:, :2] @ v[:2],
    lambda u, v: u.T @ v * 0.1,
    lambda u, v: u[[3, 1, 1, 0], [0, 1, 1, 2]] * v,
    lambda u, v: ma.where(u > v, u, v * 2),
    ma.maximum,
]


def drawn(rng):
    """A function of two matrices: operations at random, of results at random; its derivatives."""
    kinds = rng.choices([UNARY, SHAPED, BINARY], k=rng.randint(3, 14))
    steps = [(rng.choice(kind), rng.random(), rng.random()) for kind in kinds]
    order = rng.choice([0, 1, 1, 2])

    def f(x, w):
        pool = [x, w, x * w]
        for operation, *places in steps:
            arguments = [pool[int(place * len(pool))] for place in places]
            pool.append(operation(*arguments[: 2 if operation in BINARY else 1]))
        found, y = [pool[-1], pool[len(pool) // 2], pool[-2].T], pool[-1].sum() + pool[-2].mean()
        for i in range(order):
            g = [
                t
                for t in grad(y, [x, w], create_graph=i + 1 < order, allow_unused=True)
                if t is not None
            ]
            found, y = found + g, sum((t * t).sum() for t in g)
            if not g or not y.requires_grad:
                break
        return found

    return f


@np.errstate(all="ignore")
@pytest.mark.parametrize("seed", range(80))
def test_functions_drawn_at_random(seed):
    f, numbers = drawn(random.Random(seed)), np.random.default_rng(seed)
    replayed, kept = jit(f), []
    for _ in range(3):
        dtype = ["float32", "float64"][seed % 2]
        x, w = (tensor(numbers.standard_normal((4, 4)), dtype=dtype) for _ in range(2))
        x.requires_grad = w.requires_grad = True
        found, expected = replayed(x, w), f(x, w)
        assert len(found) == len(expected) and all(map(same, found, expected))
        kept += zip(found, expected, strict=True)
    assert all(same(*pair) for pair in kept)  # no run writes into what an earlier one returned


# --- What a program is ----------------------------------------------------------------------------


def test_a_program_is_printed_as_what_it_does():
    def f(x, w):
        x * 3.0  # nobody needs it
        y = ma.exp(x @ w) + ma.exp(x @ w)  # computed once
        return y if y.sum() > 0 else -y

    program = trace(f, tensor(np.ones((2, 2))), tensor([1.0, 2.0]))
    assert str(program).split("\n") == [
        "x0: float64 (2, 2)",
        "x1: float64 (2,)",
        "v0 = matmul(x0, x1)",
        "v1 = exp(v0)",
        "v2 = add(v1, v1)",
        "v3 = add.reduce(v2, None, keepdims=False)",
        "v4 = greater(v3, 0.0)",
        "only if v4 is True",
        "return v2",
    ]
    (found,) = program.run(np.eye(2), np.array([0.0, 1.0]))
    assert found.tolist() == [2.0, 2 * np.e]
    assert program.run(np.full((2, 2), np.nan), np.ones(2)) is None


def test_a_program_can_be_read_as_data():
    """Which another language does: here the lines are looked up in NumPy, one by one."""

    def f(x, w):
        y = F.relu((x @ w)[:, :1] + np.arange(3.0)).sum(1)
        return y, *grad(y.sum(), [x, w])

    x, w = (tensor(np.eye(3) - 0.5, requires_grad=True) for _ in range(2))
    program = trace(f, x, w)
    values = dict(zip(program.inputs, (x.numpy(), w.numpy()), strict=True))
    values |= {c: c.value for c in program.constants}
    look = lambda a: values[a] if isinstance(a, Line) else a  # noqa: E731
    others = {"getitem": operator.getitem, "added_at": added_at}
    for line in program.lines:
        given = mapped(look, [line.arguments, line.options])
        called = others.get(line.operation) or operator.attrgetter(line.operation)(np)
        values[line] = called(*given[0], **given[1])
        assert (values[line].dtype, values[line].shape) == (line.dtype, line.shape)
    assert all(same(values[line], a) for line, a in zip(program.outputs, f(x, w), strict=True))


def test_the_walk_back_stands_in_the_program():
    program = str(
        trace(lambda x: grad(F.relu(x), x, np.ones(3)), tensor(np.ones(3), requires_grad=True))
    )
    assert "v0 = greater(x0, 0.0)" in program and "v1 = multiply(" in program


def test_few_buffers_are_enough_and_what_is_returned_has_none():
    def f(x):
        y = F.swish(x)
        return y, grad(y, x, np.ones(5))[0]

    program = trace(f, tensor(np.ones(5), requires_grad=True))
    memory = set(re.findall(r"\bb\d+", program.source))
    assert 0 < len(memory) < len(program.lines) / 4
    first, second = program.run(np.zeros(5)), program.run(np.ones(5))
    assert not any(np.shares_memory(a, b) for a in first for b in second)


def test_what_is_returned_is_never_written_into():
    f = jit(lambda x: (F.tanh(x), F.tanh(x).reshape(1, 3), x, x[:1], x * 0.0))
    x = np.arange(3.0)
    first = f(tensor(x)), jit(lambda x: (x, x[:2]))(x)
    kept = [np.array(y) for found in first for y in found]
    f(tensor(np.ones(3)))
    x[:] = 9
    assert all(map(same, [y for found in first for y in found], kept))
    assert all(not y.data.flags.writeable for y in first[0])


def test_results_that_are_equal_are_two():
    first, second = jit(lambda x: (np.exp(x), np.exp(x)))(np.zeros(3))
    first += 1
    assert second.tolist() == [1, 1, 1]


def test_a_product_of_equal_matrices_is_rounded_as_ever():
    """NumPy computes a @ a.T in another way than a @ b.T with an equal b."""
    x = tensor(np.random.default_rng(0).standard_normal((40, 30)), dtype=np.float32)
    alike, one = (lambda x: F.tanh(x) @ F.tanh(x).T), (lambda x: (y := F.tanh(x)) @ y.T)
    assert not same(alike(x), one(x))
    assert same(jit(alike)(x), alike(x)) and same(jit(one)(x), one(x))
    copy = lambda x: x @ x.data.T  # noqa: E731, an array beside a tensor is copied
    assert same(jit(copy)(x), copy(x))


def test_the_layout_of_memory_counts():
    """Sums follow it, and rounding follows the order of a sum."""
    x = np.random.default_rng(0).standard_normal((50, 70)).astype(np.float32)
    f, g = (lambda x: (x * 3.0).sum()), (lambda x: (tensor(np.float32(3.0)) * x).sum())
    f_again, g_again = jit(f), jit(g)
    for a in (x, np.asfortranarray(x)):
        assert same(f_again(tensor(a)), f(tensor(a)))
        assert same(g_again(a), g(a))  # the engine copies an array that stands beside a tensor
    assert len(programs(f_again)) == len(programs(g_again)) == 2


def test_a_number_beside_an_array_of_another_dtype():
    operation = on_array(lambda a: np.add(a, 1.1, dtype=float) * np.multiply(a, 1.1))
    x = tensor([1.0, 2.0], dtype=np.float32)
    assert same(jit(operation)(x), operation(x))


def test_writing_into_an_array_that_the_function_has_made():
    @primitive
    def f(x):
        y = np.exp(x)
        z = y
        y *= 2
        np.multiply(z, x, out=z)
        return y

    assert same(jit(f)(tensor([1.0, 2.0])), f(tensor([1.0, 2.0])))


@pytest.mark.parametrize("function", ["sigmoid", "relu", "wrong", "jump", "log"])
def test_the_check_of_a_curve_is_traced_together_with_it(function):
    @primitive
    def wrong(x):
        return np.sin(x)

    wrong.vjp(lambda g, y, x: g * (1 - x * x / 2))
    f = {"wrong": wrong, "jump": lambda x: ma.where(x > 1.0, x, x * 0.5)}.get(function)
    f = f or getattr(ma, function)

    def examined(x):
        y = f(x)
        (slope,) = grad(y, x, np.ones(x.shape))
        values = lambda a: f(tensor_around(a)).data  # noqa: E731
        shown = curve.examine(values, x.data, y.data, slope.data)
        return [getattr(shown, name) for name in "y slope central left right kind error".split()]

    x = tensor(np.linspace(-4, 4, 481), requires_grad=True)
    with np.errstate(all="ignore"):
        assert all(map(same, jit(examined)(x), examined(x)))


def second_copy():
    """The engine once more, as a chapter has it that builds its own Tensor."""
    spec = importlib.util.spec_from_file_location("engine_beside", ma.engine.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_second_engine_is_followed_as_well():
    kind = second_copy().Tensor

    def f(x, w):
        leaf = tensor_around(x, kind, requires_grad=True)
        y = w * leaf + w - leaf / 2.0
        y.backward(kind(np.ones(x.shape)))
        return y.numpy(), leaf.grad.numpy()

    arguments = np.arange(3.0), np.array(1.5)
    assert all(map(same, jit(f)(*arguments), f(*arguments)))


def scaled(x, a):
    take_scalars_for_numbers()
    return F.elu(x, a / 2)  # of an array without axes NumPy makes a scalar


def test_a_computed_scalar_may_stand_for_a_number():
    x, a = tensor([-1.0, 2.0], requires_grad=True), np.array(3.0)
    with pytest.raises(Untraceable, match="asks for numbers"):
        jit(lambda x, a: F.elu(x, a / 2))(x, a)
    replayed = jit(scaled)
    for value in a, np.array(5.0):
        assert same(replayed(x, value).detach(), F.elu(x, value / 2).detach())
    assert len(programs(replayed)) == 1
    with pytest.raises(Untraceable, match="a scalar of float64 .* float32 would not notice"):
        jit(scaled)(tensor(np.float32([1.0, 2.0])), a)


# --- When a program holds -------------------------------------------------------------------------


def test_each_branch_has_a_program():
    f = jit(lambda x: x * 2 if x.sum() > 0 else -x)
    for value, expected in ((1.0, 2.0), (-1.0, 1.0), (3.0, 6.0), (-2.0, 2.0)):
        assert f(tensor([value])).item() == expected
    assert len(programs(f)) == 2


def test_a_check_of_an_argument_stays_a_check():
    f = jit(lambda x, beta: F.softplus(x, beta))
    assert same(f(tensor([1.0]), tensor(2.0)), F.softplus(tensor([1.0]), 2.0))
    with pytest.raises(ValueError, match="beta must be positive"):
        f(tensor([1.0]), tensor(-2.0))
    with pytest.raises(IndexError, match="class indices"):
        g = jit(F.cross_entropy)
        g(tensor(np.eye(2)), np.array([0, 1]))
        g(tensor(np.eye(2)), np.array([0, 2]))


def test_what_makes_another_form():
    f = jit(lambda x, *rest, **named: x * 1.0)
    x = tensor([[1.0, 2.0]])
    different = [
        [x],
        [tensor([[1.0, 2.0]], dtype=np.float32)],
        [tensor([[1.0], [2.0]])],
        [tensor([[1.0, 2.0]], requires_grad=True)],
        [nn.Parameter([[1.0, 2.0]])],
        [x.numpy()],
        [x, x],
        [x, tensor(x)],
        *([x, number] for number in (1, 1.0, True, 0.0, -0.0, np.nan, "1", None, np.float32(1))),
        [x, [1, 2]],
        [x, (1, 2)],
        [x, {"a": x}],
        [x, {"b": x}],
        [x, F.tanh],
    ]
    for _ in range(2):
        for arguments in different:
            f(*arguments)
    f(x, named=1.0)
    assert len(programs(f)) == len(different) + 1


def test_no_grad_counts_where_it_is_entered():
    x, f = tensor([2.0], requires_grad=True), jit(ma.exp)
    with no_grad():
        assert not f(x).requires_grad
    assert f(x).requires_grad and len(programs(f)) == 2


def test_a_scalar_is_no_array_without_axes():
    """NumPy rounds their powers differently."""
    values = np.random.default_rng(0).standard_normal(300).astype(np.float32)
    f, g = (lambda x: x**3), (lambda x: x.sum() ** 3)
    f_again, g_again = jit(f), jit(g)
    for value in values:
        leaf = tensor(value)
        for x in (leaf, leaf * 1.0):
            assert same(f_again(x), f(x)) and same(g_again(x), g(x))


def test_arguments_that_are_the_same_tensor():
    f = lambda x, w: (x * w, *grad((x * w).sum(), [x, w], allow_unused=True))  # noqa: E731
    x, w = (tensor([value], requires_grad=True) for value in (2.0, 3.0))
    replayed = jit(f)
    for arguments in ((x, w), (x, x), (w, w), (w, x)):
        assert all(map(same, replayed(*arguments), f(*arguments)))

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = self.b = nn.Parameter([3.0])

    count = jit(lambda model: len(list(model.parameters())))
    assert count(Tied()) == 1


def test_a_module_counts_with_all_that_it_holds():
    model = nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(0.1))
    f = jit(lambda model, x: model(x))
    x = tensor([[1.0, -2.0]])
    for change in (lambda: None, lambda: setattr(model[1], "negative_slope", 0.5), model.eval):
        change()
        with no_grad():
            model[0].weight.data = model[0].weight.data * 2
        assert same(f(model, x), model(x))
    assert len(programs(f)) == 3 and isinstance(model[0].weight.data, np.ndarray)


@pytest.mark.parametrize("wanted", ["module", "method"])
def test_the_parameters_of_a_module_that_is_replayed_are_arguments(wanted):
    model, x = nn.Sequential(nn.Linear(2, 2), nn.RReLU()), tensor([[1.0, -2.0]])
    replayed = jit(model if wanted == "module" else model.forward)
    with pytest.raises(Untraceable, match="draws random numbers from one"):
        replayed(x)  # while it trains, its slopes are random
    model.eval()
    for _ in range(2):
        assert same(replayed(x), model(x))
        with no_grad():
            model[0].weight.data = model[0].weight.data * 2
    assert len(programs(replayed)) == 1
    assert str(trace(model, x)).startswith("x0: float64 (2, 2)")


# --- Gradients ------------------------------------------------------------------------------------


def test_backward_leaves_gradients_in_the_arguments():
    def f(x, w):
        y = (x * w).sum()
        y.backward()
        return y

    pairs = [[tensor([2.0, 3.0], requires_grad=True) for _ in range(2)] for _ in range(2)]
    replayed = jit(f)
    for _ in range(3):  # from the second time on they are added up
        assert same(replayed(*pairs[0]), f(*pairs[1]))
        assert all(same(a.grad, b.grad) for a, b in zip(*pairs, strict=True))
    assert len(programs(replayed)) == 2


def test_gradients_that_are_there_are_arguments_too():
    @jit
    def moved(parameters):
        return [p.detach() - 0.5 * p.grad for p in parameters]

    p = tensor([2.0], requires_grad=True)
    for gradient in (1.0, 3.0):
        p.grad = tensor([gradient])
        assert moved([p])[0].item() == 2.0 - 0.5 * gradient


def test_a_way_back_through_a_result_is_an_error_and_no_zero():
    x = tensor([2.0], requires_grad=True)
    y = jit(F.tanh)(x)
    with pytest.raises(
        RuntimeError, match="tanh failed: it was replayed: take the gradient within"
    ):
        (y + x * x).sum().backward()
    with pytest.raises(RuntimeError, match="it was replayed"):
        (y * y + y).sum().backward()
    assert not jit(F.tanh)(x.detach()).requires_grad


# --- What is refused ------------------------------------------------------------------------------

NUMBERS = (
    "Python or NumPy asks for numbers, which a program has only when it runs. They do for "
    "float(x), x.item(), np.array(x), Tensor(x), x[i] = 1, and to print x: compute with x, and "
    "return what you want to see"
)
TWICE = (
    "called twice it did not do the same: it counts, remembers, or draws. Pass what changes as an "
    "argument"
)
NEW_DATA = (
    "a tensor is given new data, as by an optimizer's step(): return the new values, and assign "
    "them outside of the function"
)
OTHERS = "use operations of tensors, or what mini_autograd/numpy_functions.py lists"
NUMBERS_OF_PYTHON = (
    " is given an array as axis or shape, or to write into: give numbers of Python, and take the "
    "array that it returns"
)
NOT_MADE = "an array that the function has not made is written into: make a new one"
LEFT = "a value is used outside of the call that it belongs to: return it"
NO_ARGUMENT = "backward() reaches a tensor that is no argument: pass it as one"
ONE_ARRAY = "does not return one array of real numbers, as every line of a program does: " + OTHERS
captured, weight = np.zeros(3), tensor([1.0], requires_grad=True)
kept = []


def on_array(f):
    """f as an operation, which is given the array of its tensor."""

    @primitive
    def operation(a):
        return f(a)

    return operation


def suppressed(f, *arguments):
    with contextlib.suppress(Exception):
        f(*arguments)


def moved_by_an_optimizer(x):
    (x * x).sum().backward()
    optim.SGD([x], lr=0.1).step()


def written(a):
    y = np.exp(a)
    first = y[:1]
    y *= 2
    return first


REFUSED = {
    "item": (lambda x: x * x.sum().item(), NUMBERS),
    "float": (lambda x: x * float(x.detach().sum()), NUMBERS),
    "int": (lambda x: x * int(x.sum()), NUMBERS),
    "print": (lambda x: [print(x), x][1], NUMBERS),
    "format": (lambda x: [f"{x.sum():.2f}", x][1], NUMBERS),
    "tensor": (lambda x: tensor(x), NUMBERS),
    "array": (lambda x: x * np.asarray(x.data), NUMBERS),
    "list": (lambda x: ma.exp([x[0], x[1]]), "a list is not followed: give it by itself"),
    "numpy on a tensor": (lambda x: np.exp(x.detach()), NUMBERS),
    "new data": (lambda x: setattr(x, "data", x.data * 2), NEW_DATA),
    "new data of a captured tensor": (lambda x: setattr(weight, "data", [2.0]), NEW_DATA),
    "optimizer": (moved_by_an_optimizer, NEW_DATA),
    "update": (no_grad()(lambda x: operator.isub(x, 0.5 * x)), NEW_DATA),
    "elements assigned": (on_array(lambda a: np.ones_like(a).__setitem__(0, a[0])), NUMBERS),
    "range": (on_array(lambda a: a * sum(range(a.astype(int)[0]))), NUMBERS),
    "axis": (on_array(lambda a: np.flip(a, a.argmin())), "numpy.flip" + NUMBERS_OF_PYTHON),
    "shape": (
        on_array(lambda a: a.reshape(a[2:].astype(int))),
        "numpy.reshape" + NUMBERS_OF_PYTHON,
    ),
    "initial": (
        on_array(lambda a: np.maximum.reduce(a, initial=a[0])),
        "a program does not know numpy.maximum.reduce(initial=): " + OTHERS,
    ),
    "caught by the function": (lambda x: [suppressed(float, x.data[0]), x][1], NUMBERS),
    "mask": (lambda x: x[x > 0], "how many elements a mask takes depends on numbers: use where()"),
    "chance": (lambda x: x * np.random.default_rng().random(3), TWICE),
    "random slopes": (lambda x: F.rrelu(x, training=True), TWICE),
    "clock": (lambda x: x * time.perf_counter(), TWICE),
    "counter": (lambda x: [kept.append(1), x * len(kept)][1], TWICE),
    "result that changes": (lambda x: [kept.append(1), (x, len(kept))][1], TWICE),
    "leak": (lambda x: [kept.append(x), kept[0] * x][1], LEFT),
    "branch on a leak": (
        lambda x: [kept.append(x.sum()), x if kept[0] else -x][1],
        LEFT,
    ),
    "nonzero": (on_array(np.flatnonzero), f"a program does not know numpy.flatnonzero(): {OTHERS}"),
    "copyto": (
        on_array(lambda a: np.copyto(a, 1.0)),
        f"a program does not know numpy.copyto(): {OTHERS}",
    ),
    "dot": (on_array(lambda a: np.dot(a, a)), f"a program does not know numpy.dot(): {OTHERS}"),
    "unknown method": (
        on_array(lambda a: a.sort()),
        "a program does not know .sort of an array: " + OTHERS,
    ),
    "python ufunc": (
        on_array(np.frompyfunc(abs, 1, 1)),
        "abs (vectorized) " + ONE_ARRAY,
    ),
    "two results": (on_array(np.modf), "modf " + ONE_ARRAY),
    "one name": (
        on_array(lambda a: special.log1p(a) + np.log1p(a)),
        "two functions have the name log1p: call one of them only",
    ),
    "attribute": (
        on_array(lambda a: a if hasattr(a, "flags") else -a),
        "a program does not know .flags of an array: " + OTHERS,
    ),
    "accumulate": (
        on_array(np.add.accumulate),
        "a program does not know numpy.add.accumulate(): " + OTHERS,
    ),
    "where": (
        on_array(lambda a: np.exp(a, where=a > 0)),
        "a program does not know numpy.exp(where=): " + OTHERS,
    ),
    "object": (
        on_array(lambda a: a.reshape(range(3, 4))),
        "a line cannot hold a range: give numbers or tuples",
    ),
    "out": (lambda x: np.exp(x.data, out=captured), NOT_MADE),
    "out of a function": (
        on_array(lambda a: np.cumsum(a, out=captured)),
        "numpy.cumsum" + NUMBERS_OF_PYTHON,
    ),
    "out by its place": (
        on_array(lambda a: np.clip(a, 0, 1, captured)),
        "numpy.clip" + NUMBERS_OF_PYTHON,
    ),
    "element of another array": (on_array(lambda a: captured.__setitem__(0, a[0])), NUMBERS),
    "other's array": (lambda x: captured.__iadd__(x.data), NOT_MADE),
    "argument": (on_array(lambda a: np.add.at(a, [0], 1.0)), NOT_MADE),
    "read-only": (lambda x: np.add.at(ma.exp(x).data, [0], x.data[:1]), NOT_MADE),
    "view": (
        on_array(written),
        "an array is written into of which there are views: make a new array",
    ),
    "another shape": (
        on_array(lambda a: np.multiply(a, a[:, None], out=np.exp(a))),
        "<v2: float64 (3, 3)> is written into <v1: float64 (3,)>: make a new array",
    ),
    "set": (lambda x: {1, 2}, "it returns a set: return tensors and arrays, or lists of them"),
    "generator": (
        lambda x: (part for part in x),
        "it returns a generator: return tensors and arrays, or lists of them",
    ),
    "module": (
        lambda x: nn.Sequential(),
        "it returns a Sequential: return tensors and arrays, or lists of them",
    ),
    "keys": (lambda x: {x: x}, "a dictionary has a Tensor as a key: use text"),
    "captured": (lambda x: (x * weight).sum().backward(), NO_ARGUMENT),
    "captured gradient": (lambda x: [setattr(weight, "grad", weight * 2), x][1], NO_ARGUMENT),
}


@pytest.mark.filterwarnings("ignore:a Python number has no graph")
@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    f, message = REFUSED[name]
    kept.clear()
    with pytest.raises((Untraceable, TypeError)) as raised:
        jit(f)(tensor([1.0, 2.0, 3.0], requires_grad=True))
    assert str(raised.value).endswith(message)
    x = tensor([1.0], requires_grad=True)  # the engine is as it was
    (x * x).sum().backward()
    assert x.grad.item() == 2.0 and _follower.get() is None
    assert captured.tolist() == [0, 0, 0] and weight.grad is None


class Averaging(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = np.zeros(3)

    def forward(self, x):
        self.mean = 0.9 * self.mean + 0.1 * x.data
        return x - self.mean


CHANGING = {
    "list": (lambda x, parts: parts.append(x), [1.0]),
    "element": (lambda x, parts: parts.__setitem__(0, x), [1.0]),
    "dictionary": (lambda x, named: named.update(a=x), {"a": 1.0}),
    "module": (lambda x, module: module(x), Averaging()),
    "mode": (lambda x, module: module.eval(), nn.Tanh()),
    "generator": (lambda x, g: x * (g.random(3) < 2.0), np.random.default_rng(0)),
    "requires_grad": (lambda x, w: w.requires_grad_(False), tensor([1.0], requires_grad=True)),
}


def shown(argument):
    return repr(vars(argument) if isinstance(argument, nn.Module) else argument)


@pytest.mark.parametrize("name", CHANGING)
def test_a_change_to_the_arguments_is_refused(name):
    f, argument = CHANGING[name]
    before = shown(argument)
    with pytest.raises(Untraceable, match="it changes its arguments, or draws .*: return what is"):
        jit(f)(tensor([1.0, 2.0, 3.0]), argument)
    assert shown(argument) == before


def test_backward_into_the_graph_of_an_argument_is_refused():
    w = tensor([2.0], requires_grad=True)
    with pytest.raises(Untraceable, match="go on into the graph of an argument"):
        jit(lambda x: (x * x).sum().backward())(w * 1.0)
    (slope,) = jit(lambda x: grad((x * x).sum(), x))(w * 1.0)
    assert slope.item() == 4.0 and w.grad is None


@pytest.mark.parametrize(
    "argument", [{1, 2}, object(), optim.SGD([tensor(1.0, requires_grad=True)]), np.ma.array([1.0])]
)
def test_an_argument_that_could_change_unseen_is_refused(argument):
    with pytest.raises(TypeError, match=f"an argument holds a {type(argument).__name__}"):
        jit(lambda x, other: x)(tensor([1.0]), argument)


def test_endless_following_is_refused():
    @jit
    def doubled(x):
        while x.sum() < 100:
            x = x * 2
        return x

    scaled = jit(lambda x, rate: x * rate)
    for i in range(PROGRAMS):
        assert doubled(tensor(100.0 / 2**i)).item() == 100
        assert scaled(tensor(2.0), i / 8).item() == i / 4
    for f, given in (doubled, [tensor(1e-9)]), (scaled, [tensor(2.0), -1.0]):
        with pytest.raises(Untraceable, match=f"more than {PROGRAMS} programs: pass a number that"):
            f(*given)
    assert scaled(tensor(2.0), 0.125).item() == 0.25


layer, replayed_exp = nn.Linear(1, 1), jit(ma.exp)
CAPTURED = {
    "itself": lambda x, w: x * w,
    "a part": lambda x, w: x * w[:1],
    "computed from it": lambda x, w: x * (w * 0.5).sum(),
    "without a graph": lambda x, w: x * no_grad()(ma.exp)(w),
    "its number": lambda x, w: x * w.detach().sum().item(),
    "its data": lambda x, w: x * w.data,
    "not at all": lambda x, w: w,
    "its copy": lambda x, w: x * tensor(w),
    "by another replay": lambda x, w: x * replayed_exp(w),
    "a module": lambda x, w: layer(x.reshape(2, 1)),
}


@pytest.mark.parametrize("name", CAPTURED)
def test_a_captured_tensor_that_changes_is_noticed(name):
    w, x = (tensor(a, requires_grad=True) for a in ([2.0, 3.0], [1.0, 1.0]))
    f = CAPTURED[name]
    replayed = jit(lambda x: f(x, w))
    assert same(replayed(x), f(x, w)) and same(replayed(x), f(x, w))
    changed = layer.weight if name == "a module" else w
    with no_grad():
        changed -= 1.0
    with pytest.raises(
        Untraceable, match=r"a tensor of shape \(.*\) has another data than .*pass it as"
    ):
        replayed(x)


READ = {
    "as an index": (lambda x, w: x[w,], tensor([1, 1])),
    "as a branch": (lambda x, w: x if w else -x, tensor(1.0)),
    "as a number": (lambda x, w: x * w.item(), tensor(2.0)),
    "as a list": (lambda x, w: x * w.tolist()[0], tensor([2.0])),
    "as a weight": (lambda x, w: grad(x * 1.0, x, w)[0], tensor([1.0, 2.0])),
}


@pytest.mark.parametrize("name", READ)
def test_a_captured_tensor_that_is_read_outside_of_operations(name):
    x, (f, w) = tensor([1.0, 3.0], requires_grad=True), READ[name]
    replayed = jit(lambda x: f(x, w))
    assert same(replayed(x), f(x, w))
    w.data = w.data - 1
    with pytest.raises(Untraceable, match="another data than"):
        replayed(x)


def test_what_the_function_makes_is_not_captured():
    def f(x):
        w = tensor([2.0], requires_grad=True)
        (w * x).sum().backward()
        w.grad = w.grad * 2.0
        return w.grad

    replayed = jit(f)
    for value in (3.0, 4.0):
        assert replayed(tensor([value])).item() == 2.0 * value
    assert not programs(replayed)[0].captured


def test_a_captured_gradient_that_changes_is_noticed():
    w, x = tensor([2.0], requires_grad=True), tensor([1.0])
    (w * w).sum().backward()
    by_gradient, by_value = jit(lambda x: x * w.grad), jit(lambda x: x * w.detach())
    assert by_gradient(x).item() == 4.0 and by_value(x).item() == 2.0
    w.grad = tensor([5.0])
    with pytest.raises(Untraceable, match="another grad than when the function was followed"):
        by_gradient(x)
    assert by_value(x).item() == 2.0


def test_a_program_is_tried_before_it_is_used(monkeypatch):
    def all_in_one(program):
        return {line: "b" for line in program.lines if line.ufunc and line.shape}

    monkeypatch.setattr("mini_autograd.trace._buffers", all_in_one)
    with pytest.raises(Untraceable, match="the program does not give what the function gave"):
        jit(lambda x: ma.exp(x) + ma.exp(-x))(tensor([1.0, 2.0]))


# --- Beside it ------------------------------------------------------------------------------------


def test_a_replay_within_another_adds_its_lines():
    inner = jit(F.tanh)
    outer = jit(lambda x: inner(x) * inner(x))
    assert same(outer(tensor([0.5])), F.tanh(tensor([0.5])) * F.tanh(tensor([0.5])))
    assert len(programs(outer)[0].lines) == 2 and not programs(inner)


def test_warnings_come_while_a_function_is_followed():
    f = jit(lambda x: ma.log(x))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        f(tensor([0.0]))
    assert f(tensor([-1.0, 0.0][1:])).item() == -np.inf


def test_an_error_in_a_replay_harms_nothing():
    f = jit(lambda x, i: ma.exp(x)[i])
    x = tensor([1.0, 2.0, 3.0])
    f(x, np.array([0, 1]))
    with pytest.raises(IndexError):
        f(x, np.array([0, 3]))
    assert same(f(x, np.array([1, 2])), ma.exp(x)[1:])


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_interrupted_while_a_function_is_followed():
    model, x = nn.Sequential(nn.Linear(2, 2), nn.Tanh()), tensor([[1.0, 2.0]])
    weight, stop = model[0].weight.data, [True]

    @jit
    def f(model, x):
        y = model(x)
        y.sum().backward()
        if stop:
            interrupted()
        return y

    with pytest.raises(KeyboardInterrupt):
        f(model, x)
    assert np.shares_memory(model[0].weight.data, weight) and model[0].weight.grad is None
    assert _follower.get() is None
    stop.clear()
    assert same(f(model, x), model(x)) and len(programs(f)) == 1


def test_interrupted_in_the_middle_of_a_replay():
    f = jit(lambda x: F.swish(x) * F.tanh(x))
    x = tensor(np.linspace(-3, 3, 50))
    before = f(x)
    names = programs(f)[0].function.__globals__
    names["tanh"], tanh = interrupted, names["tanh"]
    with pytest.raises(KeyboardInterrupt):
        f(x)
    names["tanh"] = tanh
    assert same(f(x), before) and same(f(x * 2.0), F.swish(x * 2.0) * F.tanh(x * 2.0))


def in_threads(*functions):
    """Run the functions at the same time; what they raised."""
    raised = []

    def caught(f):
        try:
            f()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=caught, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_threads_that_replay_the_same_program():
    """The second one comes while the first is in the middle, and has to wait."""
    f = lambda x: F.tanh(F.swish(x) * 3) * x  # noqa: E731
    replayed, inside, done = jit(f), threading.Event(), threading.Event()
    first, second = tensor([0.5, 1.0]), tensor([-2.0, 3.0])
    replayed(first)
    names = programs(replayed)[0].function.__globals__
    tanh = names["tanh"]

    def slow_tanh(*arguments, **named):
        inside.set()
        done.wait(0.2)
        return tanh(*arguments, **named)

    def come_first():
        names["tanh"] = slow_tanh
        assert same(replayed(first), f(first))

    def come_second():
        inside.wait()
        names["tanh"] = tanh
        assert same(replayed(second), f(second))
        done.set()

    assert in_threads(come_first, come_second) == []


def test_threads_that_follow_at_the_same_time():
    both_in, x = threading.Barrier(2, timeout=60), tensor([1.0])

    def follow(factor):
        def f(x):
            both_in.wait()
            return x * factor

        assert jit(f)(x).item() == factor

    assert in_threads(lambda: follow(2.0), lambda: follow(3.0)) == []


def test_other_threads_are_not_followed():
    x, other = tensor([1.0]), tensor([2.0])

    def compute():
        assert (other * 3.0).item() == 6.0 and other.grad is None

    replayed = jit(lambda x: [in_threads(compute), x * 2.0][1])
    assert replayed(x).item() == 2.0
    other.data = [5.0]
    assert replayed(x).item() == 2.0 and not programs(replayed)[0].captured


def test_threads_that_follow_and_that_compute():
    model, done = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1)), threading.Event()
    x = tensor(np.ones((4, 3)))
    expected = model(x)

    def follow():
        for _ in range(20):
            assert same(jit(lambda model, x: model(x))(model, x), expected)

    def compute():
        while not done.is_set():
            assert same(model(x), expected)

    def follow_then_end():
        try:
            assert in_threads(follow, follow) == []
        finally:
            done.set()

    assert in_threads(compute, follow_then_end) == []
    assert all(type(p._data) is np.ndarray and p.grad is None for p in model.parameters())


def test_ten_thousand_calls_leave_nothing_behind():
    f = jit(lambda x, g: grad(F.tanh(x), x, g)[0])
    x, g = tensor(np.ones(10), requires_grad=True), tensor(np.ones(10))
    f(x, g)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(10_000):
        f(x, g)
    gc.collect()
    assert len(gc.get_objects()) - before < 100


def test_a_program_keeps_no_example_and_a_result_no_cycle():
    x, made = np.ones(1000), []

    def f(x):
        w = tensor(np.ones(3))
        made.append(weakref.ref(w._data))
        return x * 2.0, x, w * 3.0

    example, f = weakref.ref(x), jit(f)
    f(x)
    kept = tensor(np.ones(3), requires_grad=True)
    replayed = jit(lambda x: x * 2.0)
    replayed(kept)
    gc.collect()
    del x
    gc.disable()
    try:
        assert example() is None and [array() for array in made] == [None, None]
        data = weakref.ref(replayed(kept)._data)
        assert data() is None
    finally:
        gc.enable()
