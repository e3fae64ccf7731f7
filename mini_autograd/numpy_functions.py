"""What a traced program may ask of NumPy, besides its ufuncs: functions, methods, operators."""

import functools
import operator

import numpy as np

from mini_autograd.engine import _follower
from mini_autograd.trees import mapped, parts


class Untraceable(RuntimeError):
    """A function asks for what a program has no line for; the message says what to do."""

    def __init__(self, message):
        super().__init__(message)
        if program := _follower.get():
            program.refused = self  # the function may catch it, and go another way


def astype(array, dtype, **options):
    """As np.astype, which refuses scalars."""
    return array.astype(dtype, **options)


def copied(array, order="C"):
    """The same in memory of its own; np.copy makes an array of a scalar."""
    return array.copy(order)


def added_at(array, index, values):
    """What np.add.at leaves in the array."""
    array = array.copy()
    np.add.at(array, index, values)
    return array


def put_along_axis(array, *arguments, **options):
    """What np.put_along_axis leaves in the array."""
    array = array.copy()
    np.put_along_axis(array, *arguments, **options)
    return array


# What stands in a line for a function of NumPy, and how many of its arguments may be arrays. The
# other arguments, axes and shapes, are the same at every run; so the shape and the memory of what
# these return depend on no number. They write nowhere.
FUNCTIONS = {
    getattr(np, name): (getattr(np, name), number)
    for number, names in {
        1: "reshape ravel transpose swapaxes moveaxis squeeze expand_dims broadcast_to flip copy "
        "stack concatenate cumsum cumprod mean var std argmax argmin argsort zeros_like ones_like",
        2: "take_along_axis full_like",
        3: "where clip",
    }.items()
    for name in names.split()
} | {np.astype: (astype, 1)}
# The same for those that are reductions by a ufunc, which can write into a buffer.
REDUCTIONS = {
    np.sum: (np.add.reduce, 1),
    np.prod: (np.multiply.reduce, 1),
    np.max: (np.maximum.reduce, 1),
    np.min: (np.minimum.reduce, 1),
    np.any: (np.logical_or.reduce, 1),
    np.all: (np.logical_and.reduce, 1),
}
# What these write into their first argument, these return.
WRITERS = {np.put_along_axis: put_along_axis, np.add.at: added_at}
LOOKS = {np.shape, np.ndim, np.size, np.result_type}  # what they tell depends on no number at all
NAMED_OUT = {np.maximum, np.minimum}  # NumPy wants the name of the array that these write into


def _but_tensors(function):
    """An operator that an array leaves to the tensor on its right, be it of another engine."""
    return lambda a, b: NotImplemented if hasattr(b, "_requires_grad") else function(a, b)


def _power(a, b):
    """a**b is left to NumPy, which rounds a scalar's power otherwise than np.power.

    a**2 is np.square to NumPy as well, and a ufunc can write into a buffer.
    """
    is_square = type(b) in (int, float) and b == 2 and a.ndim and a.dtype.kind == "f"
    return np.square(a) if is_square else a.record(operator.pow, a, b)


KNOWN = "use operations of tensors, or what mini_autograd/numpy_functions.py lists"


class Arraylike(np.lib.mixins.NDArrayOperatorsMixin):
    """What stands for an array or a scalar, and hands on what NumPy is asked to do with it.

    A subclass has that as its value, and says what becomes of a call: record(function, *arguments,
    **options) returns what stands for the result, write(target, ...) lets the target stand for it.
    """

    __slots__ = ()
    shape, dtype = property(lambda self: self.value.shape), property(lambda self: self.value.dtype)
    ndim, size = property(lambda self: self.value.ndim), property(lambda self: self.value.size)
    T = property(lambda self: np.transpose(self))

    # These operators a tensor has too. All others are the mixin's.
    __add__, __sub__ = _but_tensors(np.add), _but_tensors(np.subtract)
    __mul__, __truediv__ = _but_tensors(np.multiply), _but_tensors(np.divide)
    __matmul__, __pow__ = _but_tensors(np.matmul), _but_tensors(_power)
    __eq__, __ne__ = _but_tensors(np.equal), _but_tensors(np.not_equal)
    __lt__, __le__ = _but_tensors(np.less), _but_tensors(np.less_equal)
    __gt__, __ge__ = _but_tensors(np.greater), _but_tensors(np.greater_equal)

    def __rpow__(self, base):
        return self.record(operator.pow, base, self)

    def __ipow__(self, power):
        return self**power if isinstance(self, np.generic) else np.power(self, power, out=self)

    def __len__(self):
        return len(self.value)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def copy(self, order="C"):
        return self.record(copied, self, order)

    def reshape(self, *shape, **options):
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def __getitem__(self, index):
        if any(a.dtype == bool for a in parts(index, Arraylike)):
            raise Untraceable("how many elements a mask takes depends on numbers: use where()")
        return self.record(operator.getitem, self, index)

    def __getattr__(self, name):
        function = getattr(np, name, None)
        if function in FUNCTIONS | REDUCTIONS:
            return functools.partial(function, self)
        if name.startswith("__") or not hasattr(np.ndarray, name):
            raise AttributeError(f"an array has no {name}")
        raise Untraceable(f"a program does not know .{name} of an array: {KNOWN}")

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        """What np.exp(x), np.add.reduce(x) and the like do."""
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if function in WRITERS:
            return self.write(inputs[0], WRITERS[function], *inputs)
        unusual = options.keys() - {"dtype"} if method == "__call__" else method != "reduce"
        if unusual or parts(options, Arraylike):
            name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            named = ", ".join(f"{option}=" for option in options)
            raise Untraceable(f"a program does not know numpy.{name}({named}): {KNOWN}")
        if not out or isinstance(out[0], np.generic):  # x += 1 makes another scalar
            return self.record(function, *inputs, **options)
        self.write(out[0], function, *inputs, **options)
        return out[0]

    def __array_function__(self, function, types, arguments, options):
        """What the other functions of NumPy do, also with a list of arrays."""
        if function in LOOKS:
            return function(*values(arguments), **options)
        if function in WRITERS:
            return self.write(arguments[0], WRITERS[function], *arguments, **options)
        if function not in FUNCTIONS | REDUCTIONS:
            name = f"{function.__module__}.{function.__name__}"
            raise Untraceable(f"a program does not know {name}(): {KNOWN}")
        if function in REDUCTIONS and len(arguments) == 1:
            options = {"axis": None} | options  # add.reduce sums over the first axis only
        translated, number = (FUNCTIONS | REDUCTIONS)[function]
        if parts([arguments[number:], options], np.ndarray | Arraylike):
            raise Untraceable(
                f"numpy.{function.__name__} is given an array as axis or shape, or to write into: "
                "give numbers of Python, and take the array that it returns"
            )
        return self.record(translated, *arguments, **options)


def values(tree):
    """The tree with arrays and scalars in place of what stands for them."""
    return mapped(lambda a: a.value if isinstance(a, Arraylike) else a, tree)
