"""The engine: tensors that remember how they were made, and the walk back that differentiates.

An operation is a NumPy function; its derivative rules stand right beneath it. The engine itself
knows no calculus: it keeps the graph, walks it from the newest node to the oldest, and hands each
rule what the rule needs.
"""

import builtins
import functools
import inspect
import itertools
import math
import operator
import reprlib
import warnings
from contextvars import ContextVar
from heapq import heapify, heappop, heappush

import numpy as np

# How many no_grad() are open. A context variable: each thread has its own count.
_pauses = ContextVar("pauses", default=0)
# Who follows a function to replay it later (trace.py), and asks which tensors it uses.
_follower = ContextVar("follower", default=None)
# Newer tensors get smaller numbers, so that a heap pops the newest first.
_next_order = itertools.count(0, -1).__next__


class Tensor:
    """An array that remembers which operation made it, and from what.

    The data is copied in and never written to afterwards: whatever a graph has saved stays valid.
    An array keeps its dtype, and a Python float becomes float64. Activation functions take float32
    and float64; integers and booleans have no gradient.
    Raises: TypeError for data that are not real numbers, or for a gradient asked of integers.
    """

    __slots__ = tuple(
        "_data _operation _inputs _saved _order _requires_grad _retains_grad _grad".split()
    )
    __array_priority__ = 1000  # makes NumPy leave `array * tensor` to us
    __hash__ = object.__hash__  # == compares elements; a dictionary looks up by identity

    def __init__(self, data, *, dtype=None, requires_grad=False):
        data = np.array(_held(data) if isinstance(data, Tensor) else data, dtype)
        if data.dtype.kind not in "fiub":
            given = reprlib.repr(data.tolist())
            raise TypeError(f"tensor: real numbers are needed, not {data.dtype}: {given}")
        data.setflags(write=False)
        self._data, self._operation, self._retains_grad, self._grad = data, None, False, None
        self.requires_grad = requires_grad

    # What it holds. Its array is read-only, for everyone.
    shape = property(lambda self: self._data.shape)
    dtype = property(lambda self: self._data.dtype)
    ndim = property(lambda self: self._data.ndim)
    data = property(lambda self: self.numpy(), lambda self, value: _set_data(self, value))
    grad = property(lambda self: _get_grad(self), lambda self, value: _set_grad(self, value))
    requires_grad = property(lambda self: self._requires_grad, lambda self, on: _require(self, on))
    is_leaf = property(lambda self: self._operation is None)

    def numpy(self):
        array = _held(self)[...]  # a view, so nobody can make it writable
        array.setflags(write=False)
        return array

    def __array__(self, dtype=None, copy=None):
        if self._requires_grad:
            raise TypeError(
                "NumPy was given a Tensor and would lose its graph: use an operation of tensors, "
                "as exp(t) for np.exp(t), or t.detach()"
            )
        return np.array(self.numpy(), dtype, copy=copy)

    def __array_function__(self, function, types, arguments, named):
        """np.sum(t) would call t.sum(axis=...); it gets the array instead, or a refusal."""
        # What tells a shape loses no graph.
        array = Tensor.numpy if function in (np.shape, np.ndim, np.size) else np.asarray
        named = {key: array(a) if isinstance(a, Tensor) else a for key, a in named.items()}
        arrays = (array(a) if isinstance(a, Tensor) else a for a in arguments)
        return function._implementation(*arrays, **named)

    def __repr__(self):
        values = np.array2string(np.asarray(self._data), separator=", ", prefix="tensor(")
        origin = f", operation={self._operation.__name__}" if self._operation else ""
        flag = ", requires_grad=True" if self._requires_grad and self.is_leaf else ""
        return f"tensor({values}, shape={self.shape}, dtype={self.dtype}{origin}{flag})"

    def __bool__(self):
        if self._data.size != 1:
            number = self._data.size
            raise ValueError(
                f"{number} elements are neither true nor false; ask one, or use where()"
            )
        return bool(_held(self))

    def __float__(self):
        if self._requires_grad:  # math.exp(t) comes here too
            warnings.warn(
                "a Python number has no graph: use an operation of tensors, as exp(t) for "
                "math.exp(t), or t.item()",
                stacklevel=2,
            )
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __format__(self, spec):
        return format(self.item() if spec else repr(self), spec)

    def __getstate__(self):
        if not self.is_leaf:
            raise TypeError("a graph cannot be copied or pickled; take t.detach() for the values")
        return self._data, self._requires_grad, self._retains_grad, self._grad

    def __setstate__(self, state):
        self.__init__(state[0], requires_grad=state[1])
        self._retains_grad, self._grad = state[2:]

    def __getattr__(self, name):
        if name == "T":
            why = f"a matrix is needed, not shape {self.shape}; use transpose(dim0, dim1)"
            raise AttributeError(f"T: {why}")
        raise AttributeError(f"a Tensor has no {name}: most operations are functions, as in exp(x)")

    def __len__(self):
        return len(self._data)

    def __setitem__(self, index, value):
        raise TypeError("elements cannot be assigned, a graph may have saved them; use where()")

    def item(self):
        if self._data.size != 1:
            raise ValueError(f"{self._data.size} elements are not one number; use tolist()")
        return _held(self).item()

    def tolist(self):
        return _held(self).tolist()

    def numel(self):
        return self._data.size

    # Differentiation.
    def backward(self, gradient=None, retain_graph=None, create_graph=False):
        backward(self, gradient, retain_graph, create_graph)

    def requires_grad_(self, requires_grad=True):
        self.requires_grad = requires_grad
        return self

    def retain_grad(self):
        self._retains_grad = True

    def detach(self):
        return _new_tensor(_held(self))

    # Operators. `a += b` is `a = a + b`, but a leaf under no_grad() stays the same object.
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

    # Shapes and reductions.
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


def _held(t, slot="_data"):
    """What t holds; whoever follows a function is told that it was asked for."""
    if follower := _follower.get():
        follower.note(t, slot)
    return getattr(t, slot)


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


def _set_data(t, value):
    if follower := _follower.get():
        follower.refuse_new_data()
    data = np.array(value._data if isinstance(value, Tensor) else value)
    if data.dtype != t.dtype:
        if not np.can_cast(data.dtype, t.dtype, "same_kind"):
            kinds = f"numbers of {data.dtype} do not fit into a tensor of {t.dtype}"
            raise TypeError(f"data: {kinds}: {reprlib.repr(value)}")
        given, data = data, data.astype(t.dtype)
        if t.dtype.kind in "iu" and (data != given).any():
            raise TypeError(f"data: {reprlib.repr(value)} does not fit into {t.dtype}")
    if not t.is_leaf:
        name = t._operation.__name__
        raise RuntimeError(f"data: only a leaf takes new data; this tensor was computed by {name}")
    if data.shape != t.shape:
        raise ValueError(f"data: shape {t.shape} cannot become {data.shape}")
    data.setflags(write=False)
    t._data = data


def _get_grad(t):
    if t._grad is None and not (t.is_leaf or t._retains_grad):
        warnings.warn(
            ".grad: a computed tensor keeps no gradient, unless retain_grad() is called before "
            "backward",
            stacklevel=3,
        )
    return _held(t, "_grad")


def _set_grad(t, value):
    if value is not None and not (isinstance(value, Tensor) and value.shape == t.shape):
        raise TypeError(f"grad: None or a tensor of shape {t.shape} is needed, not {value!r}")
    if follower := _follower.get():
        follower.note(t, "_grad")
    t._grad = value


def _require(t, on):
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
        later = (inspect.isgeneratorfunction, inspect.iscoroutinefunction)
        later += (inspect.isasyncgenfunction, inspect.isclass)
        if any(is_one(function) for is_one in later):
            raise TypeError(f"no_grad: {function.__name__} runs later; use `with` inside it")

        @functools.wraps(function)
        def unrecorded(*arguments, **named):
            with no_grad():
                return function(*arguments, **named)

        return unrecorded


def primitive(function):
    """Turn a NumPy function into an operation on tensors, with derivative rules given by `.vjp`.

    Called with arrays only, the operation is the NumPy function. With a tensor among its arguments
    it returns a tensor; if one of them requires a gradient, it records what the way back needs.

    `operation.vjp(rule, ...)` takes one rule for each argument in turn, None where there is no
    derivative; with one rule it serves as a decorator. A rule(g, y, *arguments) gets the gradient g
    of the loss with respect to the result y, and returns the gradient with respect to its argument:
    a vector-Jacobian product. Everything it gets is an array in an ordinary backward pass, and a
    tensor under create_graph=True, so a rule is written with operations that take both.

    >>> @primitive
    ... def cube(x):
    ...     return x * x * x
    >>> cube.vjp(lambda g, y, x: g * 3 * x * x)
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> cube(x).backward([1.0, 1.0])
    >>> x.grad.tolist()
    [3.0, 12.0]
    """
    signature = inspect.signature(function)
    parameters = signature.parameters.values()
    if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        raise TypeError(f"{function.__name__}: each argument has a rule, so no *, *args, **named")
    defaults = tuple(p.default for p in parameters if p.default is not p.empty)
    arity, required = len(parameters), len(parameters) - len(defaults)

    @functools.wraps(function)
    def operation(*arguments, **named):
        values, differentiable, unsafe = [], None, False
        try:
            if named or len(arguments) < required:
                arguments = _bind(signature, arguments, named)
            else:
                arguments += defaults[len(arguments) - required :]
            for a in arguments:
                if isinstance(a, Tensor):
                    values.append(a._data)
                    differentiable = differentiable or a._requires_grad
                else:
                    values.append(a)
                    unsafe = unsafe or type(a) not in _SAFE
            if differentiable is None:  # no tensor among the arguments
                return function(*(a if a.__class__ in _PLAIN else _constant(a) for a in arguments))
            if unsafe:
                arguments = tuple(a if isinstance(a, Tensor) else _constant(a) for a in arguments)
                values = [a._data if isinstance(a, Tensor) else a for a in arguments]
            if follower := _follower.get():
                follower.read(*arguments)
            y = _new_tensor(function(*values))
        except (AttributeError, IndexError, OverflowError, TypeError, ValueError) as error:
            raise _explained(error, function.__name__, arguments) from error
        if differentiable and y._data.dtype.kind == "f" and not _pauses.get():
            for i, name in operation.fixed:
                if isinstance(arguments[i], Tensor) and arguments[i]._requires_grad:
                    advice = "so it cannot be learned; give a number, or t.detach()"
                    raise TypeError(f"{function.__name__}: there is no rule for {name}, {advice}")
            y._operation, y._inputs, y._saved = operation, arguments, values
            y._order, y._requires_grad = _next_order(), True
        return y

    def vjp(*rules):
        if len(rules) > arity:
            raise TypeError(f"{function.__name__}: {len(rules)} rules for {arity} arguments")
        given = tuple(rule or _no_rule for rule in rules)
        operation.rules = given + (_no_rule,) * (arity - len(rules))
        named = enumerate(zip(signature.parameters, operation.rules))
        operation.fixed = [(i, name) for i, (name, rule) in named if rule is _no_rule]

    operation.vjp, operation.rules, operation.fixed = vjp, (_no_rule,) * arity, ()
    return operation


def _no_rule(*_):
    raise TypeError("there is no rule for an argument that requires a gradient")


def _bind(signature, arguments, named):
    """Every argument in its place, defaults filled in, as the rules expect them."""
    bound = signature.bind(*arguments, **named)
    bound.apply_defaults()
    return bound.args


def _new_tensor(data):
    """A tensor around a NumPy result that nobody else will write to: no copy."""
    if isinstance(data, np.ndarray):
        data.setflags(write=False)
    elif not isinstance(data, np.generic):
        raise TypeError(f"the result must be a NumPy array, not {type(data).__name__}")
    if data.dtype.kind not in "fiub":
        raise TypeError(f"the result must be real numbers, not {data.dtype}")
    t = object.__new__(Tensor)
    t._data, t._operation, t._grad = data, None, None
    t._requires_grad, t._retains_grad = False, False
    return t


_SAFE = {float, int, bool, str, slice, type(None)}  # constants that nobody can change
_PLAIN = _SAFE | {tuple, type, np.ndarray, np.float64, np.float32, np.int64, np.bool}


def _constant(a):
    """Another constant, made safe: arrays and lists are copied, as their owner may change them.

    A NumPy scalar becomes a Python number, which leaves float32 as it is.
    """
    match a:
        case tuple() | list():
            parts = tuple(map(_constant, a))  # refuses a tensor
            return parts if isinstance(a, tuple) else np.array(a, None if a else int)
        case np.ma.MaskedArray():
            raise TypeError("a mask is not followed: give the array, filled")
        case np.matrix():
            return np.array(a)  # it would multiply in its own way
        case np.ndarray():
            return a.copy()
        case np.generic():
            return a.item()
        case Tensor():
            raise TypeError("a Tensor inside a tuple or a list is not followed: give it by itself")
    if type(a).__name__ == "Tensor":
        raise TypeError(f"a Tensor of {type(a).__module__} cannot be mixed with this engine's")
    has_elements = hasattr(a, "__array__") or hasattr(a, "tobytes")
    return np.array(a) if has_elements and not isinstance(a, type) else a


_brief = reprlib.Repr()
_brief.repr_Tensor = lambda t, level: f"shape {t.shape}"  # in a list, too: its numbers are many


def _explained(error, name, arguments):
    """The same kind of error, saying which operation failed, and on what."""
    kinds = IndexError, OverflowError, ValueError
    kind = next((kind for kind in kinds if isinstance(error, kind)), TypeError)
    given = ", ".join(
        f"shape {tuple(a.shape)}" if hasattr(a, "shape") else _brief.repr(a) for a in arguments
    )
    if hasattr(builtins, name) and not hasattr(next(iter(arguments), None), "shape"):
        error = f"{error}; the operation of tensors hides Python's builtins.{name}"
    return kind(f"{name}({given}): {error}")


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
    others = {seed} if create_graph else None
    for t, g in walk_back({output: seed}, retain_graph, create_graph).items():
        g = as_gradient(g, t, others)
        if t._grad is not None:
            g = t._grad + g if create_graph else _new_tensor(t._grad._data + g._data)
        if follower := _follower.get():
            follower.note(t, "_grad")
        t._grad = g


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
    if create_graph and _pauses.get():
        raise RuntimeError("backward: under no_grad() create_graph=True would record nothing")
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
    if node._saved is None:
        raise RuntimeError(
            f"backward: the graph of {node._operation.__name__} was freed by an earlier backward. "
            "Run the cell that computed it again, or give the earlier backward retain_graph=True"
        )
    arguments = (node, *_unchanged(node)) if create_graph else (node._data, *node._saved)
    if isinstance(g, np.ndarray):
        g.setflags(write=False)  # others may be given the same array
    try:
        for x, rule in zip(node._inputs, node._operation.rules):
            if isinstance(x, Tensor) and x._requires_grad and x._order > node._order:
                gx = rule(g, *arguments)
                if getattr(gx, "shape", None) != x._data.shape:
                    if not hasattr(gx, "shape"):
                        raise TypeError(f"it returned {gx!r}, not an array")
                    gx = unbroadcast(gx, x._data.shape)
                yield x, gx
    except Exception as error:
        name = node._operation.__name__
        raise RuntimeError(f"backward: a rule of {name} failed: {error}") from error


def _unchanged(node):
    """The inputs of node, refused if they no longer hold what the graph has saved of them."""
    for x, saved in zip(node._inputs, node._saved):
        if isinstance(x, Tensor) and x._data is not saved:
            raise RuntimeError(
                f"backward: an input of {node._operation.__name__} was given new data since; "
                "create_graph=True needs the old. Run the cell that computed it again"
            )
    return node._inputs


def seed_gradient(output, gradient, create_graph):
    """The gradient to start from: a tensor under create_graph, else an array."""
    if not isinstance(output, Tensor):
        raise TypeError(f"backward: a tensor is needed, not {output!r:.80}")
    shape = output._data.shape
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
