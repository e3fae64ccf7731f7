"""What guards the engine: graphs are not lost, constants stay as they are, errors speak.

Nothing here is needed to understand how a tensor differentiates, and no chapter shows it.
"""

import builtins
import inspect
import reprlib
import warnings
from contextvars import ContextVar

import numpy as np

# Who follows a function to replay it later (trace.py), and asks which tensors it uses.
_follower = ContextVar("follower", default=None)


def _held(t, slot="_data"):
    """What t holds; whoever follows a function is told that it was asked for."""
    if follower := _follower.get():
        follower.note(t, slot)
    return getattr(t, slot)


# What Python and NumPy ask of a tensor.


class _ArrayLike:
    """The numbers of a tensor, as Python and NumPy take them; refused where a graph is lost.

    The array itself is read-only, for everyone.
    """

    __slots__ = ()
    __array_priority__ = 1000  # makes NumPy leave `array * tensor` to us

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
        array = _ArrayLike.numpy if function in (np.shape, np.ndim, np.size) else np.asarray
        named = {key: array(a) if isinstance(a, _ArrayLike) else a for key, a in named.items()}
        arrays = (array(a) if isinstance(a, _ArrayLike) else a for a in arguments)
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


# What goes into a tensor.


def _copied(data, dtype):
    """A read-only copy of data, as an array of real numbers."""
    data = np.array(_held(data) if isinstance(data, _ArrayLike) else data, dtype)
    if data.dtype.kind not in "fiub":
        given = reprlib.repr(data.tolist())
        raise TypeError(f"tensor: real numbers are needed, not {data.dtype}: {given}")
    data.setflags(write=False)
    return data


def _real(data):
    """A NumPy result, read-only from now on, and refused unless it holds real numbers."""
    if isinstance(data, np.ndarray):
        data.setflags(write=False)
    elif not isinstance(data, np.generic):
        raise TypeError(f"the result must be a NumPy array, not {type(data).__name__}")
    if data.dtype.kind not in "fiub":
        raise TypeError(f"the result must be real numbers, not {data.dtype}")
    return data


def _set_data(t, value):
    """What `t.data = value` does."""
    if follower := _follower.get():
        follower.refuse_new_data()
    data = np.array(value._data if isinstance(value, _ArrayLike) else value)
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
    """What `t.grad` gives."""
    if t._grad is None and not (t.is_leaf or t._retains_grad):
        warnings.warn(
            ".grad: a computed tensor keeps no gradient, unless retain_grad() is called before "
            "backward",
            stacklevel=2,
        )
    return _held(t, "_grad")


def _set_grad(t, value):
    """What `t.grad = value` does."""
    if value is not None and not (isinstance(value, _ArrayLike) and value.shape == t.shape):
        raise TypeError(f"grad: None or a tensor of shape {t.shape} is needed, not {value!r}")
    if follower := _follower.get():
        follower.note(t, "_grad")
    t._grad = value


# What goes into an operation.

_SAFE = {float, int, bool, str, slice, type(None)}  # constants that nobody can change
_PLAIN = _SAFE | {tuple, type, np.ndarray, np.float64, np.float32, np.int64, np.bool}


def _plain(a):
    """An argument of an operation that is called without a tensor."""
    return a if a.__class__ in _PLAIN else _constant(a)


def _constant(a):
    """An argument beside a tensor, made safe: its owner may change an array or a list later.

    A NumPy scalar becomes a Python number, which leaves float32 as it is.
    """
    match a:
        case tuple() | list():
            if any(isinstance(part, _ArrayLike) for part in a):
                kind = "a Tensor inside a tuple or a list"
                raise TypeError(f"{kind} is not followed: give it by itself")
            parts = tuple(map(_constant, a))
            return parts if isinstance(a, tuple) else np.array(a, None if a else int)
        case np.ma.MaskedArray():
            raise TypeError("a mask is not followed: give the array, filled")
        case np.matrix():
            return np.array(a)  # it would multiply in its own way
        case np.ndarray():
            return a.copy()
        case np.generic():
            return a.item()
    if isinstance(a, _ArrayLike) or type(a).__name__ == "Tensor":
        raise TypeError(f"a Tensor of {type(a).__module__} cannot be mixed with this engine's")
    has_elements = hasattr(a, "__array__") or hasattr(a, "tobytes")
    return np.array(a) if has_elements and not isinstance(a, type) else a


def _signature(function):
    """The signature of a function that can be an operation: every argument has its place."""
    signature = inspect.signature(function)
    parameters = signature.parameters.values()
    if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        raise TypeError(f"{function.__name__}: each argument has a rule, so no *, *args, **named")
    return signature


def _complete(function, signature, arguments, named):
    """Every argument in its place, defaults filled in, as the rules expect them."""
    defaults = getattr(function, "__defaults__", None) or ()
    missing = len(signature.parameters) - len(arguments)
    if not named and missing <= len(defaults):
        return arguments + defaults[len(defaults) - missing :]
    bound = signature.bind(*arguments, **named)
    bound.apply_defaults()
    return bound.args


def _refuse_what_runs_later(function):
    later = (inspect.isgeneratorfunction, inspect.iscoroutinefunction)
    later += (inspect.isasyncgenfunction, inspect.isclass)
    if any(is_one(function) for is_one in later):
        raise TypeError(f"no_grad: {function.__name__} runs later; use `with` inside it")


# Errors in words.

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


def _ready(node, g):
    """Refuse a node that was freed; nobody writes into its gradient, as others may be given it."""
    if node._saved is None:
        raise RuntimeError(
            f"backward: the graph of {node._operation.__name__} was freed by an earlier backward. "
            "Run the cell that computed it again, or give the earlier backward retain_graph=True"
        )
    if isinstance(g, np.ndarray):
        g.setflags(write=False)


def _unchanged(node):
    """The arguments of node, refused if they no longer hold what the graph has saved of them."""
    pairs = [*zip(node._inputs, node._saved, strict=True)]
    if any(isinstance(x, _ArrayLike) and x._data is not saved for x, saved in pairs):
        raise RuntimeError(
            f"backward: an input of {node._operation.__name__} was given new data since; "
            "create_graph=True needs the old. Run the cell that computed it again"
        )
    return [x if isinstance(x, _ArrayLike) else saved for x, saved in pairs]


def _refuse_what_is_no_array(gx):
    if not hasattr(gx, "shape"):
        raise TypeError(f"it returned {gx!r}, not an array")


def _failed(node, error):
    """What a rule of the operation that made node has raised, with the operation's name."""
    return RuntimeError(f"backward: a rule of {node._operation.__name__} failed: {error}")
