"""The engine: tensors that remember how they were made, and the walk back that differentiates.

An operation is a NumPy function; its derivative rules stand right beneath it. The engine itself
knows no calculus: it keeps the graph, walks it from the newest node to the oldest, and hands each
rule what the rule needs. What guards it against misuse stands in guards.py.
"""

import functools
import itertools
import math
import operator
from contextvars import ContextVar
from heapq import heapify, heappop, heappush

import numpy as np

from mini_autograd.guards import (
    _SAFE,
    _ArrayLike,
    _complete,
    _constant,
    _copied,
    _explained,
    _failed,
    _follower,
    _get_grad,
    _held,
    _plain,
    _ready,
    _real,
    _refuse_what_is_no_array,
    _refuse_what_runs_later,
    _set_data,
    _set_grad,
    _signature,
    _unchanged,
)

# How many no_grad() are open. A context variable: each thread has its own count.
_pauses = ContextVar("pauses", default=0)


class _Methods(_ArrayLike):
    """The operators and methods of tensors: most of them call a function of the same name."""

    __slots__ = ()
    __hash__ = object.__hash__  # == compares elements; a dictionary looks up by identity

    # `a += b` is `a = a + b`, but a leaf under no_grad() stays the same object.
    __add__, __radd__ = lambda a, b: add(a, b), lambda a, b: add(b, a)
    __sub__, __rsub__ = lambda a, b: sub(a, b), lambda a, b: sub(b, a)
    __mul__, __rmul__ = lambda a, b: mul(a, b), lambda a, b: mul(b, a)
    __truediv__, __rtruediv__ = lambda a, b: div(a, b), lambda a, b: div(b, a)
    __pow__, __rpow__ = lambda a, b: pow(a, b), lambda a, b: pow(b, a)
    __matmul__, __rmatmul__ = lambda a, b: matmul(a, b), lambda a, b: matmul(b, a)
    __neg__, __abs__ = lambda a: neg(a), lambda a: abs(a)
    __iadd__, __isub__ = lambda a, b: _update(a, a + b), lambda a, b: _update(a, a - b)
    __imul__, __itruediv__ = lambda a, b: _update(a, a * b), lambda a, b: _update(a, a / b)
    __ipow__, __imatmul__ = lambda a, b: _update(a, a**b), lambda a, b: _update(a, a @ b)
    __eq__, __ne__ = lambda a, b: eq(a, b), lambda a, b: ne(a, b)
    __lt__, __le__ = lambda a, b: lt(a, b), lambda a, b: le(a, b)
    __gt__, __ge__ = lambda a, b: gt(a, b), lambda a, b: ge(a, b)

    @property
    def T(self):
        if self.ndim != 2:
            raise AttributeError  # Python then asks __getattr__, which says why
        return transpose(self, 0, 1)

    def __getitem__(self, index):
        if isinstance(index, tuple):
            index = tuple(_held(i) if isinstance(i, Tensor) else i for i in index)
        return getitem(self, index)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def to(self, dtype):
        return to(self, dtype)

    def reshape(self, *shape):
        return reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, dim0, dim1):
        return transpose(self, dim0, dim1)

    def sum(self, dim=None, keepdim=False):
        return sum(self, dim, keepdim)

    def mean(self, dim=None, keepdim=False):
        return mean(self, dim, keepdim)

    def max(self, dim=None, keepdim=False):
        return max(self, dim, keepdim)

    def var(self, dim=None, correction=1, keepdim=False):
        return var(self, dim, correction, keepdim)

    def requires_grad_(self, requires_grad=True):
        self.requires_grad = requires_grad
        return self

    def retain_grad(self):
        self._retains_grad = True

    def detach(self):
        return _new_tensor(_held(self))


class Tensor(_Methods):
    """An array that remembers which operation made it, and from what.

    The data is copied in and never written to afterwards: whatever a graph has saved stays valid.
    An array keeps its dtype, and a Python float becomes float64. Activation functions take float32
    and float64; integers and booleans have no gradient.
    Raises: TypeError for data that are not real numbers, or for a gradient asked of integers.
    """

    # Of a result: which operation made it, from what, what these held then, when.
    __slots__ = ("_data", "_operation", "_inputs", "_saved", "_order")
    __slots__ += ("_requires_grad", "_retains_grad", "_grad")

    def __init__(self, data, *, dtype=None, requires_grad=False):
        self._data = _copied(data, dtype)
        self._operation, self._retains_grad, self._grad = None, False, None
        self.requires_grad = requires_grad

    shape = property(lambda self: self._data.shape)
    dtype = property(lambda self: self._data.dtype)
    ndim = property(lambda self: self._data.ndim)
    data = property(_ArrayLike.numpy, _set_data)
    grad = property(_get_grad, _set_grad)
    requires_grad = property(lambda self: self._requires_grad, lambda self, on: _require(self, on))
    is_leaf = property(lambda self: self._operation is None)

    def backward(self, gradient=None, retain_graph=None, create_graph=False):
        backward(self, gradient, retain_graph, create_graph)


# Newer tensors get smaller numbers, so that a heap pops the newest first.
_next_order = itertools.count(0, -1).__next__


def _require(t, on):
    """What `t.requires_grad = on` does."""
    if on and t.dtype.kind != "f":
        raise TypeError(
            f"requires_grad: {t.dtype} has no gradient; write 1.0 for 1, or use t.to(float)"
        )
    if not on and not t.is_leaf:
        raise RuntimeError("requires_grad: a computed tensor follows its inputs; use t.detach()")
    if on and not getattr(t, "_requires_grad", False):
        t._order = _next_order()  # what was recorded before knows nothing of it
    t._requires_grad = bool(on)


def tensor(data, *, dtype=None, requires_grad=False):
    """A new leaf with a copy of data: a number, a list, an array or another tensor."""
    return Tensor(data, dtype=dtype, requires_grad=requires_grad)


def _new_tensor(data):
    """A tensor around a NumPy result that nobody else will write to: no copy."""
    t = object.__new__(Tensor)
    t._data, t._operation, t._grad = _real(data), None, None
    t._requires_grad, t._retains_grad = False, False
    return t


class no_grad:
    """Nothing is recorded within `with no_grad():`, or in a function decorated `@no_grad()`."""

    def __new__(cls, function=None):  # with a function, it is @no_grad without brackets
        paused = super().__new__(cls)
        return paused if function is None else paused(function)

    def __enter__(self):
        _pauses.set(_pauses.get() + 1)

    def __exit__(self, *error):
        # A generator may be closed in another thread, where nothing was paused.
        _pauses.set(_pauses.get() and _pauses.get() - 1)

    def __call__(self, function):
        _refuse_what_runs_later(function)

        @functools.wraps(function)
        def unrecorded(*arguments, **named):
            with no_grad():
                return function(*arguments, **named)

        return unrecorded


def _update(target, result):
    """What `target += ...` leaves behind: the result; under no_grad() a leaf, with new data."""
    if not target.is_leaf:
        return result
    if _pauses.get():
        target.data = result
        return target
    if target._requires_grad:
        raise RuntimeError(
            "a leaf that requires a gradient is updated under no_grad(); to compute with it, write "
            "x = x + 1 for x += 1"
        )
    return result


def primitive(function):
    """Turn a NumPy function into an operation on tensors, with derivative rules given by `.vjp`.

    Called with arrays only, the operation is the NumPy function. With a tensor among its arguments
    it returns a tensor; if one of them requires a gradient, it records what the way back needs.

    `operation.vjp(rule, ...)` takes one rule for each argument in turn, None where there is no
    derivative; with one rule it serves as a decorator. A rule(g, y, *arguments) gets the gradient g
    of the loss with respect to the result y, and returns the gradient with respect to its argument:
    a vector-Jacobian product. Everything it gets is an array in an ordinary backward pass, and a
    tensor under create_graph=True, so a rule is written with operations that take both.
    """
    signature = _signature(function)
    arity = len(signature.parameters)

    @functools.wraps(function)
    def operation(*arguments, **named):
        try:
            if named or len(arguments) < arity:
                arguments = _complete(function, signature, arguments, named)
            values, recorded = _read(arguments)
            if recorded is None:  # no tensor among the arguments
                return function(*values)
            y = _new_tensor(function(*values))
        except (AttributeError, IndexError, OverflowError, TypeError, ValueError) as error:
            raise _explained(error, function.__name__, arguments) from error
        if recorded and y._data.dtype.kind == "f" and not _pauses.get():
            if operation.fixed:
                _refuse_learned(operation, arguments)
            y._operation, y._inputs, y._saved = operation, arguments, values
            y._order, y._requires_grad = _next_order(), True
        return y

    operation.vjp = functools.partial(_take_rules, operation, signature)
    operation.rules, operation.fixed = (_no_rule,) * arity, ()
    return operation


def _read(arguments):
    """The arguments with arrays for tensors, and whether one requires a gradient.

    Where there is no tensor, that is None. Constants that somebody may change are copied.
    """
    values, recorded, unsafe = [], None, False
    for a in arguments:
        if isinstance(a, Tensor):
            values.append(a._data)
            recorded = recorded or a._requires_grad
        else:
            values.append(a)
            unsafe = unsafe or type(a) not in _SAFE
    if recorded is None:
        return map(_plain, arguments), None
    if unsafe:
        values = [a._data if isinstance(a, Tensor) else _constant(a) for a in arguments]
    if follower := _follower.get():
        follower.read(*arguments)
    return values, recorded


def _take_rules(operation, signature, *rules):
    """What operation.vjp(rule, ...) does: keep a rule for each argument."""
    missing = len(signature.parameters) - len(rules)
    if missing < 0:
        number = f"{len(rules)} rules for {len(signature.parameters)} arguments"
        raise TypeError(f"{operation.__name__}: {number}")
    operation.rules = (*(rule or _no_rule for rule in rules), *[_no_rule] * missing)
    named = enumerate(zip(signature.parameters, operation.rules))
    operation.fixed = [(i, name) for i, (name, rule) in named if rule is _no_rule]


def _no_rule(*_):
    raise TypeError("there is no rule for an argument that requires a gradient")


def _refuse_learned(operation, arguments):
    """Refuse an argument that requires a gradient where the operation has no rule for it."""
    for i, name in operation.fixed:
        if isinstance(arguments[i], Tensor) and arguments[i]._requires_grad:
            advice = "so it cannot be learned; give a number, or t.detach()"
            raise TypeError(f"{operation.__name__}: there is no rule for {name}, {advice}")


# The way back.


def backward(output, gradient=None, retain_graph=None, create_graph=False):
    """Add the gradient of output, weighted by `gradient`, to the .grad of every leaf it depends on.

    gradient has the shape of output; for a single number it may be left out, and is 1. The graph is
    freed on the way unless retain_graph, which follows create_graph: with that, the gradients are
    themselves recorded and can be differentiated.
    Raises: RuntimeError if output requires no gradient, has many elements and no gradient is given,
    or was freed; ValueError for a gradient of another shape.
    """
    seed = seed_gradient(output, gradient, create_graph)
    others = {seed} if create_graph else None  # tensors that no .grad may share
    for t, g in walk_back({output: seed}, retain_graph, create_graph).items():
        g = as_gradient(g, t, others)
        if t._grad is not None:
            g = t._grad + g if create_graph else _new_tensor(t._grad._data + g._data)
        t.grad = g


def grad(
    outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, allow_unused=False
):
    """The gradients of outputs with respect to inputs, as a tuple of tensors; .grad is not touched.

    outputs and inputs are a tensor or a sequence of them. grad_outputs weights the outputs: one
    array for one output, a sequence for a sequence. An input that no output depends on is an error,
    or None in the tuple under allow_unused=True. The rest is as in backward.
    """
    if isinstance(outputs, Tensor):
        grad_outputs = [grad_outputs]
    outputs, inputs = _listed("outputs", outputs), _listed("inputs", inputs)
    weights = [None] * len(outputs) if grad_outputs is None else grad_outputs
    if not hasattr(weights, "__len__") or len(weights) != len(outputs):
        raise ValueError(f"grad: grad_outputs needs an entry for each of {len(outputs)} outputs")
    seeds = {}
    for output, weight in zip(outputs, weights):
        g = seed_gradient(output, weight, create_graph)
        seeds[output] = seeds[output] + g if output in seeds else g
    others = set(seeds.values()) if create_graph else None
    found = walk_back(seeds, retain_graph, create_graph, set(inputs))
    for i, x in enumerate(inputs):
        if x not in found and not allow_unused:
            raise RuntimeError(
                f"grad: no output depends on input {i}; pass allow_unused=True to get None for it"
            )
    return tuple(as_gradient(found[x], x, others) if x in found else None for x in inputs)


def _listed(name, given):
    """given, a tensor or a sequence of them, as a list."""
    if isinstance(given, Tensor):
        return [given]
    tensors = list(given) if np.iterable(given) else [given]
    if not tensors or not all(isinstance(t, Tensor) for t in tensors):
        wanted = "must be a tensor or a sequence of tensors"
        raise TypeError(f"grad: {name} {wanted}, not {given!r}")
    return tensors


def walk_back(pending, retain_graph, create_graph, wanted=()):
    """From {output: its gradient}, visit the graph from newest to oldest; return {leaf: gradient}.

    A tensor is newer than all it was made from. So when the newest one pending is taken, whatever
    depends on it has been visited, and its gradient is complete. Nothing recurs: a chain may have
    any length. Tensors that are wanted, or asked for by retain_grad(), are returned too.
    """
    retain_graph = create_graph if retain_graph is None else retain_graph
    found, heap = {}, [(t._order, t) for t in pending if t._operation]
    heapify(heap)
    while heap:
        _, node = heappop(heap)
        g = pending.pop(node)
        if node._retains_grad or node in wanted:
            found[node] = g
        for x, gx in _input_gradients(node, g, create_graph):
            if x in pending:
                pending[x] = pending[x] + gx  # not +=, as rules may share an array
            else:
                pending[x] = gx
                if x._operation:
                    heappush(heap, (x._order, x))
        if not retain_graph:
            node._inputs, node._saved = (), None
    return found | pending  # only leaves are still pending


def _input_gradients(node, g, create_graph):
    """What the rules of node make of its gradient g: pairs (input, gradient of its shape)."""
    _ready(node, g)
    y, arguments = (node, _unchanged(node)) if create_graph else (node._data, node._saved)
    try:
        for x, rule in zip(node._inputs, node._operation.rules):
            if isinstance(x, Tensor) and x._requires_grad and x._order > node._order:
                gx = rule(g, y, *arguments)
                if getattr(gx, "shape", None) != x._data.shape:
                    _refuse_what_is_no_array(gx)
                    gx = unbroadcast(gx, x._data.shape)
                yield x, gx
    except Exception as error:
        raise _failed(node, error) from error


def seed_gradient(output, gradient, create_graph):
    """The gradient to start from: a tensor under create_graph, else an array."""
    if not isinstance(output, Tensor):
        raise TypeError(f"backward: a tensor is needed, not {output!r:.80}")
    shape = output._data.shape
    if create_graph and _pauses.get():
        raise RuntimeError("backward: under no_grad() create_graph=True would record nothing")
    if not output._requires_grad:
        remark = "(a gradient has a graph only under create_graph=True)"
        raise RuntimeError(
            f"backward: this tensor depends on none that requires a gradient {remark}"
        )
    if gradient is None:
        if output._data.size != 1:
            raise RuntimeError(f"backward: an output of shape {shape} needs a gradient like it")
        gradient = np.ones(shape, output._data.dtype)
    elif not isinstance(gradient, Tensor):
        gradient = Tensor(gradient)  # a copy
    g = as_gradient(gradient, output)
    if g._data.shape != shape:
        raise ValueError(f"backward: the gradient has shape {g.shape}, the output {shape}")
    return g if create_graph else _held(g)


def as_gradient(g, t, others=None):
    """What .grad holds: a tensor of the dtype of t, and none of the others, which it then joins.

    Rules may hand on the tensor they are given, so that one reaches several inputs.
    """
    g = g if isinstance(g, Tensor) else _new_tensor(g)
    g = g if g._data.dtype == t._data.dtype else to(g, t._data.dtype)
    if others is not None:
        g = g * 1.0 if g in others else g
        others.add(g)
    return g


def unbroadcast(g, shape):
    """Undo broadcasting: sum g over the axes along which an array of this shape was repeated.

    Raises: ValueError if no array of this shape broadcasts to the shape of g.
    """
    if len(g.shape) > len(shape):
        g = g.sum(tuple(range(len(g.shape) - len(shape))))
    if g.shape != shape:
        g = sum(g, tuple(i for i, n in enumerate(shape) if n == 1), True)
    if g.shape != shape:
        raise ValueError(f"it returned shape {g.shape}, which is not {shape} broadcast")
    return g


def numeric(x, name=""):
    """x, refused if it is neither a tensor nor an array, and cannot be made an array of numbers.

    An operation puts its own name before an error; other functions give theirs, as "mean: ".
    """
    if not hasattr(x, "dtype"):
        given, x = x, np.asarray(x)
        if x.dtype.kind not in "fiub":
            raise TypeError(f"{name}a tensor, an array or numbers are needed, not {given!r:.80}")
    return x


def floating(x, name=""):
    """As numeric, and x must hold float32 or float64; every activation starts so."""
    x = x if hasattr(x, "dtype") else numeric(x, name)
    if x.dtype.char not in "fd":
        kinds = f"float32 or float64 is needed, not {x.dtype}"
        raise TypeError(f"{name}{kinds}: write 1.0, or x.to(float)")
    return x


# Arithmetic.


@primitive
def add(a, b):
    return a + b


add.vjp(lambda g, y, a, b: g, lambda g, y, a, b: g)


@primitive
def sub(a, b):
    return a - b


sub.vjp(lambda g, y, a, b: g, lambda g, y, a, b: -g)


@primitive
def mul(a, b):
    return a * b


mul.vjp(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)


@primitive
def div(a, b):
    return a / b


div.vjp(lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)


@primitive
def neg(x):
    return -x


neg.vjp(lambda g, y, x: -g)


@primitive
def pow(a, b):
    return a**b


# b - (b != 0) lowers every exponent but 0: a**-1 could be infinite, and 0 * inf is nan.
# log(1) in place of log(0): 0**b stays 0 while b moves, unless b is negative.
pow.vjp(
    lambda g, y, a, b: g * b * a ** (b - (b != 0)),
    lambda g, y, a, b: g * y * log(where((a == 0) * (b >= 0), 1, a)),
)


@primitive
def abs(x):
    """|x|; at 0 the gradient is 0, as in PyTorch."""
    return np.abs(x)


abs.vjp(lambda g, y, x: g * sign(x))


@primitive
def sign(x):
    return np.sign(x)


sign.vjp(lambda g, y, x: g * 0.0)


@primitive
def log(x):
    return np.log(x)


log.vjp(lambda g, y, x: g / x)


# Comparison: booleans carry no gradient, so there are no rules.

eq = primitive(operator.eq)
ne = primitive(operator.ne)
lt = primitive(operator.lt)
le = primitive(operator.le)
gt = primitive(operator.gt)
ge = primitive(operator.ge)


# Shapes.


@primitive
def reshape(x, shape):
    return numeric(x).reshape(shape)


reshape.vjp(lambda g, y, x, shape: reshape(g, x.shape))


@primitive
def transpose(x, dim0, dim1):
    return numeric(x).swapaxes(dim0, dim1)


transpose.vjp(lambda g, y, x, dim0, dim1: transpose(g, dim0, dim1))


@primitive
def broadcast_to(x, shape):
    return np.broadcast_to(numeric(x), shape)


broadcast_to.vjp(lambda g, y, x, shape: g)  # the engine sums it back


@primitive
def to(x, dtype):
    return x.astype(dtype)


to.vjp(lambda g, y, x, dtype: to(g, x.dtype))


@primitive
def getitem(x, index):
    return x[index]


getitem.vjp(lambda g, y, x, index: scatter_add(g, x.shape, index))


@primitive
def scatter_add(g, shape, index):
    """Zeros of this shape with g added in at index; an element named twice is added to twice."""
    y = np.zeros_like(g, shape=shape)
    np.add.at(y, index, g)
    return y


scatter_add.vjp(lambda g, y, x, shape, index: g[index])


@primitive
def where(condition, a, b):
    """a where the condition holds, else b; a nan born in either still spoils the gradient."""
    return np.where(condition, a, b)


where.vjp(None, lambda g, y, c, a, b: where(c, g, 0.0), lambda g, y, c, a, b: where(c, 0.0, g))


# Reductions. dim is an axis, several axes, or None for all.


def as_axis(dim, keepdim):
    """dim as NumPy's axis: several axes are a tuple."""
    if type(keepdim) is not bool:
        raise TypeError(f"keepdim is True or False, not {keepdim!r}; several axes go into a tuple")
    return tuple(dim) if isinstance(dim, np.ndarray) else dim


def _dims(x, dim):
    """dim as a tuple of axes counted from the front."""
    dims = range(x.ndim) if dim is None else dim if hasattr(dim, "__len__") else (dim,)
    return tuple(d % (x.ndim or 1) for d in dims)


def reduced_size(x, dim):
    """How many elements each result of a reduction over dim is made from."""
    return math.prod(x.shape if dim is None else [x.shape[d] for d in _dims(x, dim) if x.ndim])


def keep_dims(g, x, dim):
    """g with each axis that a reduction of x over dim removed put back, of length 1."""
    reduced = _dims(x, dim)
    return reshape(g, tuple(1 if d in reduced else n for d, n in enumerate(x.shape)))


@primitive
def sum(x, dim=None, keepdim=False):
    return x.sum(as_axis(dim, keepdim), keepdims=keepdim)


@sum.vjp
def _(g, y, x, dim, keepdim):
    return broadcast_to(keep_dims(g, x, dim), x.shape)


def mean(x, dim=None, keepdim=False):
    """Sum over number."""
    x = numeric(x, "mean: ")
    return sum(x, dim, keepdim) / reduced_size(x, dim)


def var(x, dim=None, correction=1, keepdim=False):
    """Squared deviations from the mean, summed, over their number less the correction."""
    x = numeric(x, "var: ")
    deviation = x - mean(x, dim, True)
    return sum(deviation * deviation, dim, keepdim) / (reduced_size(x, dim) - correction)


@primitive
def max(x, dim=None, keepdim=False):
    """The largest values; elements that tie share the gradient equally, as in torch.amax."""
    return x.max(as_axis(dim, keepdim), keepdims=keepdim)


@max.vjp
def _(g, y, x, dim, keepdim):
    ties = to(x == keep_dims(y, x, dim), x.dtype)
    return keep_dims(g, x, dim) * (ties / sum(ties, dim, True))


# Products of matrices and vectors, with NumPy's rules for other numbers of axes.


def _matmul_left(g, y, a, b):
    if b.ndim == 1:
        return g[..., None] * b
    if a.ndim == 1:
        return sum(g[..., None, :] * b, -1)
    return g @ transpose(b, -2, -1)


def _matmul_right(g, y, a, b):
    if b.ndim == 1:
        return g[..., None] * a
    if a.ndim == 1:
        return g[..., None, :] * a[:, None]
    return transpose(a, -2, -1) @ g


@primitive
def matmul(a, b):
    return a @ b


matmul.vjp(_matmul_left, _matmul_right)
