"""The engine: what each of its decisions promises, with a test that fails without it."""

import array
import copy
import gc
import importlib.util
import inspect
import math
import pickle
import threading
import tracemalloc
import warnings

import numpy as np
import pytest

import mini_autograd as ma
from mini_autograd import Tensor, engine, grad, no_grad, primitive, tensor


def leaf(data, **options):
    return tensor(data, requires_grad=True, **options)


# Walking back


def test_a_node_used_twice_gets_both_gradients():
    x = leaf(3.0)
    y = x * x
    (y + y).backward()
    assert x.grad.item() == 12.0


def test_a_diamond_is_visited_once_per_node():
    visits = []

    @primitive
    def spy(x):
        return x * 1.0

    @spy.vjp
    def _(g, y, x):
        visits.append(g)
        return g

    x = leaf(2.0)
    h = spy(x)
    (h * h + h).backward()
    assert visits == [5.0] and x.grad.item() == 5.0


def test_a_wide_graph_takes_linear_work():
    visits = []

    @primitive
    def spy(a, b):
        return a + b

    def rule(g, y, a, b):
        visits.append(1)
        return g

    spy.vjp(rule, rule)
    x = leaf(1.0)
    y = x
    for _ in range(40):  # visited path by path, this would take 2**40 visits
        y = spy(y, y)
    y.backward()
    assert len(visits) == 80 and x.grad.item() == 2.0**40


def test_a_chain_of_100_000_nodes():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1.0


def test_a_long_chain_can_be_dropped_without_backward():
    y = leaf(1.0)
    for _ in range(100_000):
        y = -y
    del y


def test_backward_accumulates_in_leaves_until_cleared():
    x = leaf(2.0)
    (x * x).backward()
    (x * x).backward()
    assert x.grad.item() == 8.0
    x.grad = None
    (x * x).backward()
    assert x.grad.item() == 4.0


def test_inner_tensors_keep_their_gradient_only_if_asked():
    x = leaf(2.0)
    kept, dropped = x * 3.0, x * 5.0
    kept.retain_grad()
    (kept * dropped).backward()
    assert kept.grad.item() == 10.0
    with pytest.warns(UserWarning, match=r"keeps no gradient, unless retain_grad\(\)") as warned:
        assert dropped.grad is None
    assert warned[0].filename == __file__


def test_a_leaf_is_its_own_gradient():
    x = leaf(2.0)
    x.backward()
    assert x.grad.item() == 1.0


def test_the_graph_is_freed_and_its_memory_returns():
    def step():
        x = leaf(np.zeros(100_000))
        y = x
        for _ in range(50):
            y = y * 2.0
        total = y.sum()
        total.backward()
        return total

    gc.collect()
    gc.disable()
    try:
        tracemalloc.start()
        total = step()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    finally:
        gc.enable()
    assert (
        held < 1_000_000 and total.item() == 0.0
    )  # the 51 arrays of 800 kB are gone, without a garbage collection


def test_retain_graph_allows_a_second_pass():
    x = leaf(2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8.0


def test_gradients_never_share_memory_with_the_callers_array():
    x, weight = leaf([1.0, 2.0]), np.ones(2)
    (x + 0.0).backward(weight)
    weight[:] = 7.0
    assert x.grad.tolist() == [1.0, 1.0]


def test_changing_one_gradient_leaves_the_other():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (a + b).backward([1.0, 1.0])
    with no_grad():
        a.grad *= 10.0
    assert a.grad.tolist() == [10.0, 10.0] and b.grad.tolist() == [1.0, 1.0]


def test_recorded_gradients_are_tensors_of_their_own():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (a + b).backward([1.0, 1.0], create_graph=True)
    with no_grad():
        a.grad *= 10.0
    assert a.grad.tolist() == [10.0, 10.0] and b.grad.tolist() == [1.0, 1.0]


def test_accumulation_does_not_change_a_gradient_that_others_hold():
    x = leaf([1.0])
    h = x * 1.0
    a, b = h + 0.0, h + 0.0  # add hands the same upstream array to both
    ((a + b) + (a * 3.0)).backward([1.0])
    assert x.grad.tolist() == [5.0]


# What is saved stays valid


def test_the_callers_array_is_copied_and_not_frozen():
    array = np.array([1.0, 2.0])
    x = leaf(array)
    y = (x * array).sum()
    array[:] = 100.0
    y.backward()
    assert x.tolist() == [1.0, 2.0] and x.grad.tolist() == [1.0, 2.0]


def test_saved_constants_are_copied_under_create_graph_too():
    array = np.array([1.0, 2.0])
    x = leaf([3.0, 4.0])
    y = (x * array).sum()
    array[:] = 100.0
    (g,) = grad(y, x, create_graph=True)
    assert g.tolist() == [1.0, 2.0]


def test_views_are_read_only():
    x = leaf([1.0, 2.0])
    for view in (x.data, x.numpy(), (x * 2.0).data, (x.sum()).data):
        assert isinstance(view, np.ndarray) and not view.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        x.data[0] = 5.0


def test_new_data_leaves_saved_values_alone():
    x = leaf([3.0])
    y = x * x
    x.data = [100.0]
    y.backward()
    assert x.grad.tolist() == [6.0] and x.tolist() == [100.0]


def test_update_in_place_under_no_grad_keeps_the_leaf():
    w = leaf([1.0, 2.0])
    same, y = w, (w * w).sum()
    with no_grad():
        w -= 0.5 * w
        w += 1.0
        w *= 2.0
        w /= 4.0
    assert w is same and w.requires_grad and w.tolist() == [0.75, 1.0]
    y.backward()
    assert w.grad.tolist() == [2.0, 4.0]  # the graph saw the old values


def test_augmented_assignment_is_recorded_elsewhere():
    x = leaf([1.0, 2.0])
    y = x * 1.0
    y += x
    y *= 3.0
    y -= 1.0
    y /= 2.0
    y.backward([1.0, 1.0])
    assert y is not x and x.tolist() == [1.0, 2.0] and x.grad.tolist() == [3.0, 3.0]


def test_no_grad_leaves_inner_tensors_alone_in_augmented_assignment():
    x = leaf([1.0])
    y = x * 2.0
    before = y
    with no_grad():
        y += 1.0
    assert before.tolist() == [2.0] and y.tolist() == [3.0] and not y.requires_grad


# Recording


def test_no_grad_as_context_and_decorator_restores_after_an_exception():
    x = leaf(1.0)

    @no_grad()
    def fails():
        assert not (x * 2.0).requires_grad
        raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert (x * 2.0).requires_grad
    with no_grad():
        with no_grad():
            pass
        assert not (x * 2.0).requires_grad


def test_no_grad_belongs_to_one_thread():
    x, recorded = leaf(1.0), []
    with no_grad():
        thread = threading.Thread(target=lambda: recorded.append((x * 2.0).requires_grad))
        thread.start()
        thread.join()
    assert recorded == [True]


def test_nothing_is_recorded_without_need():
    y = tensor([1.0]) * 2.0
    assert y.is_leaf and not y.requires_grad


def test_detach_cuts_the_graph():
    x = leaf([2.0])
    (x * x.detach()).backward([1.0])
    assert x.grad.tolist() == [2.0] and x.detach().is_leaf


def test_comparisons_are_boolean_and_constant():
    x = leaf([1.0, -1.0])
    mask = x > 0
    assert mask.dtype == bool and not mask.requires_grad and mask.tolist() == [True, False]
    assert [
        (x < 0).tolist(),
        (x >= 1).tolist(),
        (x <= 1).tolist(),
        (x == 1).tolist(),
        (x != 1).tolist(),
    ] == [
        [False, True],
        [True, False],
        [True, True],
        [True, False],
        [False, True],
    ]


def test_rules_get_arrays_normally_and_tensors_under_create_graph():
    seen = []

    @primitive
    def double(x, factor=2.0):
        return x * factor

    @double.vjp
    def _(g, y, x, factor):
        seen.append((type(g), type(y), type(x), type(factor)))
        return g * factor

    x = leaf([1.0])
    double(x).backward([1.0])
    grad(double(x, factor=3.0), x, [1.0], create_graph=True)
    assert seen == [(np.ndarray, np.ndarray, np.ndarray, float), (Tensor, Tensor, Tensor, float)]


def test_with_arrays_a_primitive_is_its_numpy_function():
    y = ma.exp(np.zeros(3))
    assert type(y) is np.ndarray and y.tolist() == [1.0, 1.0, 1.0]


def test_defaults_and_keywords_reach_the_rule_in_place():
    got = []

    @primitive
    def f(x, a=1.0, b=2.0):
        return x * a * b

    @f.vjp
    def _(g, y, x, a, b):
        got.append((a, b))
        return g * a * b

    x = leaf(1.0)
    for y in (f(x), f(x, 3.0), f(x, b=5.0), f(x, 3.0, 5.0), f(b=7.0, x=x)):
        y.backward()
    assert got == [(1.0, 2.0), (3.0, 2.0), (1.0, 5.0), (3.0, 5.0), (1.0, 7.0)]


# Second derivatives, and grad


def test_grad_touches_no_grad_attribute():
    x = leaf(3.0)
    (g,) = grad(x * x, x)
    assert g.item() == 6.0 and x.grad is None and not g.requires_grad


def test_second_and_third_derivatives():
    x = leaf(2.0)
    y = x**4
    (first,) = grad(y, x, create_graph=True)
    (second,) = grad(first, x, create_graph=True)
    (third,) = grad(second, x)
    assert (first.item(), second.item(), third.item()) == (32.0, 48.0, 48.0)


def test_backward_with_create_graph_gives_a_gradient_that_can_be_differentiated():
    x = leaf(2.0)
    (x**3).backward(create_graph=True)
    first, x.grad = x.grad, None
    first.backward()
    assert first.item() == 12.0 and x.grad.item() == 12.0


def test_grad_of_several_outputs_and_inputs():
    a, b = leaf(2.0), leaf([1.0, 3.0])
    inner = a * b
    ga, gb, gi = grad([inner, b * b], [a, b, inner], [np.ones(2), [10.0, 10.0]])
    assert ga.item() == 4.0 and gb.tolist() == [22.0, 62.0] and gi.tolist() == [1.0, 1.0]


def test_grad_of_the_same_output_twice_adds_up():
    x = leaf(2.0)
    y = x * x
    assert grad([y, y], x)[0].item() == 8.0


def test_grad_weights_can_be_differentiated():
    x, weight = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (g,) = grad(x * x, x, weight, create_graph=True)
    g.sum().backward()
    assert weight.grad.tolist() == [2.0, 4.0]


def test_an_unused_input_is_an_error_unless_allowed():
    x, other = leaf(1.0), leaf(1.0)
    with pytest.raises(RuntimeError, match="no output depends on input 1"):
        grad(x * 2.0, [x, other])
    assert grad(x * 2.0, [x, other], allow_unused=True)[1] is None


# Broadcasting and dtypes


@pytest.mark.parametrize(
    "shape, other",
    [
        ((), (2, 3)),
        ((3,), (2, 3)),
        ((2, 1), (2, 3)),
        ((1, 1), (2, 3)),
        ((1,), (0,)),
        ((1, 3), (4, 2, 3)),
    ],
)
def test_gradients_are_summed_over_broadcast_axes(shape, other):
    x, y = leaf(np.ones(shape)), tensor(np.full(other, 2.0))
    z = x * y
    z.backward(np.ones(z.shape))
    assert x.grad.shape == shape and x.grad.numpy().sum() == 2.0 * z.numel()


def test_float32_stays_float32():
    x = leaf([1.0, 2.0], dtype=np.float32)
    y = (x * 2 + np.float64(0.5)) / np.float32(3) - np.int64(1)
    assert y.dtype == np.float32
    z = ma.where(x > 0, y**2, 0.0).mean() + x.max() + ma.maximum(x, 1.0).sum()
    z.backward()
    assert z.dtype == np.float32 and x.grad.dtype == np.float32


def test_a_leaf_gradient_has_the_leafs_dtype():
    x, weight = leaf([1.0], dtype=np.float32), leaf([2.0])
    y = x * weight
    assert y.dtype == np.float64
    for create_graph in (False, True):
        (g,) = grad(y, x, [1.0], retain_graph=True, create_graph=create_graph)
        assert g.dtype == np.float32


def test_zero_dimensional_results_are_tensors_of_arrays():
    x = leaf(2.0)
    y = x * 3.0
    assert y.shape == () and isinstance(y.numpy(), np.ndarray) and y.item() == 6.0
    y.backward()
    assert isinstance(x.grad, Tensor) and x.grad.shape == ()


def test_arrays_leave_arithmetic_to_the_tensor():
    x = leaf([1.0, 2.0])
    y = np.array([3.0, 4.0]) * x + np.float64(1.0) - x / 2.0
    assert isinstance(y, Tensor) and y.tolist() == [3.5, 8.0]
    assert (np.eye(2) @ x).tolist() == [1.0, 2.0] and (2.0**x).tolist() == [2.0, 4.0]


# What users reach for


def test_repr_shows_values_shape_dtype_and_operation():
    x = leaf([1.0, 2.0])
    assert repr(x) == "tensor([1., 2.], shape=(2,), dtype=float64, requires_grad=True)"
    assert repr(x * 2.0) == "tensor([2., 4.], shape=(2,), dtype=float64, operation=mul)"


def test_a_tensor_converts_iterates_and_hashes():
    x = tensor([[1.0, 2.0], [3.0, 4.0]])
    assert (
        [row.tolist() for row in x] == [[1.0, 2.0], [3.0, 4.0]] and len(x) == 2 and x.numel() == 4
    )
    assert {x: "found"}[x] == "found" and bool(x[0, 0]) and np.asarray(x).tolist() == x.tolist()
    assert x.T.tolist() == [[1.0, 3.0], [2.0, 4.0]] and tensor(x).tolist() == x.tolist()
    with pytest.raises(TypeError, match="unsized"):
        list(tensor(1.0))


def test_integers_and_booleans_are_kept():
    assert tensor([1, 2]).dtype == np.int64 and tensor([True]).dtype == bool
    assert tensor([1, 2]).to(np.float32).dtype == np.float32


def test_tensor_has_no_attribute_that_a_later_module_added():
    source = (type(Tensor), Tensor.__module__)
    assert source == (type, "mini_autograd.engine")
    own = {Tensor.__module__, "mini_autograd.guards", "builtins", None}
    foreign = [
        name
        for base in Tensor.__mro__[:-1]
        for name, value in vars(base).items()
        if getattr(value, "__module__", None) not in own
    ]
    assert foreign == []
    with pytest.raises(AttributeError):
        tensor(1.0).surprise = 1


# Errors a reader will meet


@primitive
def no_rule(x):
    return x * 1.0


@primitive
def wrong_shape(x):
    return x * 1.0


wrong_shape.vjp(lambda g, y, x: np.ones(7))


@primitive
def failing_rule(x):
    return x * 1.0


failing_rule.vjp(lambda g, y, x: {}["missing"])

X = leaf([1.0, 2.0])


def freed():
    y = (X * X).sum()
    y.backward()
    X.grad = None
    y.backward()


@pytest.mark.parametrize(
    "action, error, message",
    [
        (
            lambda: (X * 2.0).backward(),
            RuntimeError,
            r"output of shape \(2,\) needs a gradient like it",
        ),
        (
            lambda: (X * 2.0).backward([1.0]),
            ValueError,
            r"gradient has shape \(1,\), the output \(2,\)",
        ),
        (freed, RuntimeError, "freed by an earlier backward. Run the cell that computed it again"),
        (
            lambda: tensor(1.0).backward(),
            RuntimeError,
            "depends on none that requires a gradient",
        ),
        (
            lambda: tensor([1], requires_grad=True),
            TypeError,
            "int64 has no gradient; write 1.0 for 1",
        ),
        (
            lambda: ma.sigmoid(tensor([1, 2])),
            TypeError,
            "sigmoid.*float32 or float64 is needed, not int64",
        ),
        (
            lambda: ma.sigmoid([1, 2]),
            TypeError,
            "sigmoid.*float32 or float64 is needed, not int64",
        ),
        (lambda: ma.sigmoid(np.array([1, 2])), TypeError, "sigmoid.*float32 or float64"),
        (lambda: X + tensor([1.0, 2.0, 3.0]), ValueError, r"add\(shape \(2,\), shape \(3,\)\)"),
        (lambda: X @ tensor([1.0, 2.0, 3.0]), ValueError, r"matmul\(shape \(2,\), shape \(3,\)\)"),
        (lambda: np.exp(X), TypeError, r"use .* exp\(t\) for np.exp\(t\), or t.detach\(\)"),
        (lambda: np.asarray(X), TypeError, r"would lose its graph.*t.detach\(\)"),
        (lambda: X.__setitem__(0, 1.0), TypeError, "elements cannot be assigned.*where"),
        (lambda: bool(X), ValueError, "2 elements are neither true nor false"),
        (
            lambda: X.sum(dim=1),
            IndexError,
            r"sum\(shape \(2,\), 1, False\).*axis 1 is out of bounds",
        ),
        (lambda: X.mean(dim=3), IndexError, "axis 3 is out of bounds"),
        (lambda: X[5], IndexError, "getitem.*index 5 is out of bounds"),
        (lambda: X + "a", TypeError, r"add\(shape \(2,\), 'a'\)"),
        (lambda: X * None, TypeError, r"mul\(shape \(2,\), None\)"),
        (lambda: X * 1j, TypeError, r"mul\(shape \(2,\), 1j\): .*real numbers, not complex128"),
        (lambda: ma.where(X > 0, X, None), TypeError, "where.*real numbers, not object"),
        (lambda: ma.where(X, 1.0, 0.0), TypeError, "where: there is no rule for condition, .*"),
        (lambda: np.array(tensor(1.0), np.float32, copy=False), ValueError, "copy"),
        (lambda: tensor("abc"), TypeError, "real numbers are needed"),
        (lambda: tensor(None), TypeError, "real numbers are needed"),
        (lambda: ma.add(X), TypeError, r"add\(shape \(2,\)\): missing a required argument: 'b'"),
        (lambda: ma.sum(X, dims=0), TypeError, "sum.*: got an unexpected keyword argument 'dims'"),
        (
            lambda: no_rule(X).sum().backward(),
            RuntimeError,
            "a rule of no_rule failed: there is no rule",
        ),
        (
            lambda: wrong_shape(X).sum().backward(),
            RuntimeError,
            r"a rule of wrong_shape failed: .*shape \(7,\)",
        ),
        (
            lambda: failing_rule(X).sum().backward(),
            RuntimeError,
            "a rule of failing_rule failed: 'missing'",
        ),
        (
            lambda: setattr(X * 1.0, "data", [1.0, 2.0]),
            RuntimeError,
            "only a leaf takes new data.*computed by mul",
        ),
        (lambda: setattr(X, "data", [1.0]), ValueError, r"shape \(2,\) cannot become \(1,\)"),
        (lambda: setattr(X * 1.0, "requires_grad", False), RuntimeError, r"use t.detach\(\)"),
        (lambda: tensor([1.0]).T, AttributeError, "a matrix is needed"),
    ],
)
def test_error(action, error, message):
    with pytest.raises(error, match=message):
        action()


@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize(
    "action", [lambda t: X + t, lambda t: ma.where(X > 0, t, X), ma.sigmoid, ma.exp]
)
def test_a_foreign_tensor_is_refused(action, requires_grad):
    spec = importlib.util.spec_from_file_location("second_engine", engine.__file__)
    second = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(second)
    for kind in (second.Tensor, type("Parameter", (second.Tensor,), {})):
        with pytest.raises(TypeError, match="cannot be mixed"):
            action(kind([1.0, 2.0], requires_grad=requires_grad))


# What readers do, and should not be punished for


def test_inputs_and_outputs_may_be_iterators():
    x, w = leaf([1.0, 2.0]), leaf(3.0)
    gx, gw = grad(iter([(x * w).sum()]), iter([x, w]))
    assert gx.tolist() == [3.0, 3.0] and gw.item() == 3.0


def test_constants_that_change_later_do_not_change_the_gradient():
    rows, factors = np.array([0, 1]), [1.0, 2.0]
    x, z = leaf([[1.0, 2.0], [3.0, 4.0]]), leaf([1.0, 1.0])
    picked, scaled = x[rows, rows].sum(), (z * factors).sum()
    rows[:], factors[0] = 0, 100.0
    picked.backward()
    scaled.backward()
    assert x.grad.tolist() == [[1.0, 0.0], [0.0, 1.0]] and z.grad.tolist() == [1.0, 2.0]


def test_lists_are_arrays_with_and_without_a_tensor():
    assert ma.add([1.0, 2.0], [3.0, 4.0]).tolist() == [4.0, 6.0]
    assert ma.sum([1.0, 2.0]) == 3.0
    assert (tensor([1.0, 2.0]) + [3.0, 4.0]).tolist() == [4.0, 6.0]
    assert tensor([1.0, 2.0])[[1, 0]].tolist() == [2.0, 1.0]
    assert tensor([1.0, 2.0])[[]].shape == (0,)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.__ipow__(2.0),
        lambda x: x.__imatmul__(np.eye(2)),
    ],
    ids=["**=", "@="],
)
def test_every_update_under_no_grad_keeps_the_leaf(change):
    x = leaf(np.eye(2))
    with no_grad():
        assert change(x) is x and x.requires_grad


def test_a_tensor_is_formatted_as_its_number():
    assert f"{tensor(0.12345):.3f}" == "0.123" and int(tensor(3.7)) == 3
    assert f"{tensor([1.0])}" == repr(tensor([1.0]))
    with pytest.raises(ValueError, match="2 elements are not one number; use tolist"):
        f"{tensor([1.0, 2.0]):.3f}"


def test_reductions_of_a_single_number():
    x = leaf(3.0)
    for reduced in (x.mean(0), x.sum(-1), x.max(0), x.var(correction=0), x.mean()):
        reduced.backward()
        assert reduced.shape == ()
    assert x.grad.item() == 4.0


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_graph_is_not_copied_by_accident(twin):
    with pytest.raises(TypeError, match="detach"):
        twin(leaf(1.0) * 2.0)
    twin(leaf(1.0))


@pytest.mark.parametrize(
    "lossy",
    [
        lambda: setattr(tensor([1, 2]), "data", [1.9, 2.0]),
        lambda: leaf(1.0).__mul__(1.0).backward(1j),
        lambda: leaf(1.0).__mul__(1.0).backward([None]),
        lambda: tensor([1.0]).to(complex),
        lambda: tensor([1.0]).to(object),
    ],
    ids=["fraction", "imaginary part", "nothing", "complex", "object"],
)
def test_numbers_are_not_cut_off_silently(lossy):
    with pytest.raises(TypeError, match="numbers"):
        lossy()


@pytest.mark.parametrize(
    "function",
    [lambda x, *, factor=1.0: x * factor, lambda *xs: xs[0], lambda x, **options: x],
    ids=["keyword", "several", "named"],
)
def test_arguments_without_a_place_for_a_rule_are_refused(function):
    with pytest.raises(TypeError, match="each argument has a rule"):
        primitive(function)


def test_more_rules_than_arguments_are_refused():
    operation = primitive(lambda x: x * 1.0)
    with pytest.raises(TypeError, match="2 rules for 1 arguments"):
        operation.vjp(lambda g, y, x: g, lambda g, y, x: g)


def test_an_operation_or_a_rule_that_works_in_place_is_refused():
    def doubled(x):
        x *= 2.0
        return x

    def tripled(g, y, x):
        g *= 3.0
        return g

    greedy, rude = primitive(doubled), primitive(lambda x: x * 3.0)
    moved = leaf([0.0, 0.0])
    moved.data = [1.0, 2.0]
    converted = ma.nn.PReLU().to(np.float32).weight
    rude.vjp(tripled)
    x, seed = leaf([1.0, 2.0]), np.ones(2)
    for tensor_of_any_origin in (x, moved, converted, moved * 2.0):
        with pytest.raises(ValueError, match="read-only"):
            greedy(tensor_of_any_origin)
    with pytest.raises(RuntimeError, match="read-only"):
        (x + rude(x)).backward(seed)
    assert x.tolist() == [1.0, 2.0] and seed.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("wrong", [0, np.ones(2), [1.0, 1.0], tensor(1.0)])
def test_a_gradient_is_a_tensor_of_the_same_shape_or_none(wrong):
    x = leaf([1.0, 2.0])
    with pytest.raises(TypeError, match=r"grad: None or a tensor of shape \(2,\) is needed"):
        x.grad = wrong
    x.grad = tensor([1.0, 1.0])
    (x * 2.0).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


# Data that change between the way forward and the way back


@pytest.mark.parametrize(
    "change",
    [
        lambda p: setattr(p, "data", [5.0]),
        lambda p: ma.optim.SGD([p], lr=0.5).step(),
        lambda p: ma.nn.init.ones_(p),
        no_grad()(lambda p: p.__isub__(1.0)),
    ],
)
def test_a_gradient_never_mixes_saved_and_present_data(change):
    p = leaf([3.0])
    y = p * p
    p.grad = tensor([1.0])
    change(p)
    assert grad(y, p, [1.0], retain_graph=True)[0].tolist() == [6.0]
    with pytest.raises(RuntimeError, match="input of mul was given new data since"):
        grad(y, p, [1.0], create_graph=True)


def test_a_leaf_is_not_updated_while_recording():
    w, step = leaf([1.0]), tensor([0.5])
    with pytest.raises(RuntimeError, match=r"updated under no_grad\(\)"):
        w -= step
    assert w.tolist() == [1.0] and w.is_leaf
    step -= 0.25  # requires no gradient, so nothing is lost
    assert step.tolist() == [0.25]


# no_grad, as it is used


def test_one_no_grad_object_serves_again_and_within_itself():
    quiet = no_grad()
    for _ in range(2):
        with quiet:
            with quiet:
                assert not (X * 2.0).requires_grad
            assert not (X * 2.0).requires_grad
        assert (X * 2.0).requires_grad


def test_no_grad_refuses_functions_whose_body_runs_later():
    def generator():
        yield X * 2.0

    async def coroutine():
        return X * 2.0

    async def async_generator():
        yield X * 2.0

    class Model:
        pass

    for function in (generator, coroutine, async_generator, Model):
        with pytest.raises(TypeError, match=f"no_grad: {function.__name__} runs later"):
            no_grad()(function)


# What other libraries make of a tensor

ROW = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    "function",
    [np.exp, np.sum, np.mean, np.max, np.argmax, np.linalg.norm, np.abs, np.array, np.isnan]
    + [lambda t: np.maximum(t, 0.0), lambda t: np.clip(t, 0, 1), lambda t: np.dot(ROW, t)]
    + [lambda t: np.where(ROW > 0, t, 0.0), lambda t: np.concatenate([t, t])]
    + [lambda t: np.array([t, t]), lambda t: np.allclose(ROW, t)],
)
def test_numpy_refuses_a_graph_and_takes_values(function):
    with pytest.raises(TypeError, match=r"would lose its graph: use an operation of tensors"):
        function(leaf([1.0, 2.0]))
    taken, expected = function(tensor([1.0, 2.0])), function(ROW)
    assert type(taken) is type(expected)
    np.testing.assert_array_equal(taken, expected)


def test_a_number_from_the_math_module_warns_that_the_graph_is_lost():
    with pytest.warns(UserWarning, match=r"no graph: .* exp\(t\) for math.exp\(t\)"):
        assert math.exp(leaf(0.0)) == 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert leaf(2.0).item() == float(tensor(2.0)) == float(leaf(2.0).detach()) == 2.0
        assert f"{leaf(2.0):.1f}" == "2.0"


def test_a_method_that_is_a_function_here_is_named():
    with pytest.raises(AttributeError, match=r"a Tensor has no exp: .* as in exp\(x\)"):
        X.exp()
    assert not hasattr(X, "cuda") and getattr(X, "_inputs", ()) == ()


@pytest.mark.parametrize(("result", "said"), [(0.0, "0.0"), (None, "None")])
def test_a_rule_returns_an_array(result, said):
    operation = primitive(lambda x: x * 2.0)
    operation.vjp(lambda g, y, x: result)
    with pytest.raises(RuntimeError, match=f"it returned {said}, not an array"):
        operation(X).backward([1.0, 1.0])


@pytest.mark.parametrize("reduce", [ma.sum, ma.mean, ma.max, ma.var])
def test_several_axes_go_into_a_list_or_a_tuple_and_not_into_keepdim(reduce):
    x = np.arange(24.0).reshape(2, 3, 4)
    both = reduce(tensor(x), (0, 2))
    assert reduce(tensor(x), [0, 2]).tolist() == both.tolist() and both.shape == (3,)
    with pytest.raises(TypeError, match="keepdim is True or False, not 2; several axes"):
        reduce(tensor(x), 0, keepdim=2)


def test_one_element_is_a_number():
    assert (float(tensor([1.5])), int(tensor([[2.0]]))) == (1.5, 2)
    with pytest.raises(ValueError, match="2 elements are not one number; use tolist"):
        float(tensor([1.0, 2.0]))


# What changes between the way forward and the way back, and what others hold


def test_what_was_recorded_decides_and_not_what_requires_a_gradient_since():
    w, b = leaf(2.0), tensor(3.0)
    y = w * b + b * b
    b.requires_grad = True
    y.backward()
    assert b.grad is None and w.grad.item() == 3.0
    (b * b).backward()
    assert b.grad.item() == 6.0


def test_create_graph_is_refused_where_nothing_is_recorded():
    w = leaf(2.0)
    y = w * w * w
    with no_grad(), pytest.raises(RuntimeError, match="under no_grad.* would record nothing"):
        grad(y, w, create_graph=True)
    (g,) = grad(y, w, create_graph=True)
    assert grad(g, w)[0].item() == 12.0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_a_copy_is_as_read_only_as_the_original_and_has_gradients(copied):
    c = copied(leaf([3.0, 4.0]))
    (c * c).sum().backward()
    assert c.grad.tolist() == [6.0, 8.0]
    for view in (c.numpy(), c.data, np.asarray(c.detach())):
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 100.0
        with pytest.raises(ValueError, match="cannot set WRITEABLE"):
            view.setflags(write=True)


def test_constants_of_any_kind_are_copied():
    w, numbers = leaf([1.0, 1.0]), array.array("d", [3.0, 4.0])
    y = (w * numbers).sum()
    numbers[0] = 100.0
    assert grad(y, w)[0].tolist() == [3.0, 4.0]


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_multiplies_like_any_array_and_a_mask_is_refused():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    assert (x * np.matrix([[0.0, 1.0], [1.0, 0.0]])).tolist() == [[0.0, 2.0], [3.0, 0.0]]
    with pytest.raises(TypeError, match="a mask is not followed"):
        x * np.ma.array([1.0, 2.0], mask=[0, 1])
    with pytest.raises(
        TypeError, match=r"shape \(\), 2\)\): a Tensor inside a tuple or a list is not followed"
    ):
        x.reshape(tensor(2), 2)


def test_a_generator_closed_in_another_thread_leaves_recording_as_it_is():
    def paused():
        with no_grad():
            yield

    generator = paused()
    thread = threading.Thread(target=next, args=[generator])
    thread.start()
    thread.join()
    generator.close()
    assert (X * 2.0).requires_grad
    with no_grad():
        assert not (X * 2.0).requires_grad


def test_each_gradient_is_a_tensor_of_its_own():
    a, b, weight = leaf([1.0, 2.0]), leaf([3.0, 4.0]), tensor([1.0, 1.0])
    of_a, of_b = grad(a + b, [a, b], weight, create_graph=True)
    with no_grad():
        of_a *= 5.0
    assert of_b.tolist() == weight.tolist() == [1.0, 1.0]


def test_a_gradient_that_is_its_own_is_not_copied():
    x = leaf(3.0)
    (g,) = grad(x * x, x, create_graph=True)
    assert repr(g).endswith("operation=add)")


def test_recorded_gradients_of_one_input_asked_for_twice_are_apart():
    x = leaf(3.0)
    first, again = grad(x * 2.0, [x, x], create_graph=True)
    assert first is not again and first.item() == again.item() == 2.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: ma.max(-5, 0),
        lambda: ma.max([1, 2], key=abs),
        lambda: ma.max(x for x in [1, 2]),
        lambda: ma.max([tensor(1.0), tensor(2.0)]),
        lambda: ma.sum([tensor([1.0, 2.0]), tensor([3.0, 4.0])]),
        lambda: ma.sum(range(3)),
        lambda: ma.pow(2, 3, 5),
    ],
)
def test_what_python_would_do_under_the_same_name_is_refused_by_that_name(call):
    with pytest.raises(TypeError, match=r"hides Python's builtins\.(max|sum|pow)"):
        call()


def test_other_errors_do_not_speak_of_builtins():
    with pytest.raises(IndexError, match="axis 1 is out of bounds for array of dimension 1$"):
        ma.sum(X, 1)
    with pytest.raises(TypeError, match="'b'$"):
        ma.mul(3)


def test_numpy_may_look_at_the_shape_of_a_tensor_but_not_at_its_numbers():
    x = leaf([[1.0, 2.0, 3.0]])
    assert (np.shape(x), np.ndim(x), np.size(x), np.size(a=x, axis=1)) == ((1, 3), 2, 3, 3)
    with pytest.raises(TypeError, match="would lose its graph"):
        np.zeros_like(x)


def test_no_grad_decorates_without_brackets_too():
    @no_grad
    def double(x):
        return x * 2.0

    assert not double(X).requires_grad and double.__name__ == "double"
    assert (X * 2.0).requires_grad


def test_a_tensor_can_be_looked_over_though_it_has_no_transpose():
    x = tensor([1.0, 2.0])
    assert not hasattr(x, "T") and "shape" in dict(inspect.getmembers(x))


@pytest.mark.parametrize(
    ("value", "dtype", "words"),
    [
        (None, float, "^data: numbers of object do not fit into a tensor of float64: None"),
        ([300, 2], np.int8, r"^data: \[300, 2\] does not fit into int8"),
        ([10**400, 1], float, "^data: numbers of object .{1,90}$"),
    ],
)
def test_data_that_would_change_on_the_way_in_is_refused(value, dtype, words):
    x = tensor([1, 2], dtype=dtype)
    with pytest.raises(TypeError, match=words):
        x.data = value
    assert x.tolist() == [1, 2]
    x.data = np.array([3, 4])
    assert x.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: grad(3.0, X), TypeError, "outputs must be a tensor or a sequence .*, not 3.0"),
        (lambda: grad(X.sum(), [X, 3.0]), TypeError, "inputs must be a tensor or a sequence"),
        (lambda: grad([X.sum()] * 2, X, [1.0]), ValueError, "an entry for each of 2 outputs"),
        (lambda: grad([X.sum()] * 2, X, 1.0), ValueError, "an entry for each of 2 outputs"),
        (lambda: X * 10**400, OverflowError, r"mul\(shape \(2,\), 1000\d{1,20}\.{3}0+\): int too"),
        (lambda: tensor(10**400), TypeError, r"real numbers are needed, not object: 1\S{1,50}$"),
    ],
)
def test_what_python_said_without_naming_anyone(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
