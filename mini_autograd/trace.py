"""Follow a function once, write down what it does to its arrays, and from then on do only that.

A Traced stands in for an array. It knows the line of a Program that computes it, and whatever NumPy
is asked to do with it becomes another line. The engine and its rules run as they always do and do
not notice, so the walk back stands in the program too.
"""

import functools
import itertools
import math
import operator
from collections import defaultdict
from contextlib import contextmanager
from contextvars import Context, ContextVar
from threading import Lock, RLock

import numpy as np

from mini_autograd.engine import Tensor, _pauses
from mini_autograd.numpy_functions import FUNCTIONS, LOOKS, REDUCTIONS, WRITERS, copied
from mini_autograd.trees import CONSTANTS, form, mapped, parts, replaced, tensor_around

# The program that is being written. A context variable: each thread has its own.
_current = ContextVar("current", default=None)


class Untraceable(RuntimeError):
    """A function asks for what a program has no line for; the message says what."""

    def __init__(self, message):
        super().__init__(message)
        if program := _current.get():
            program.refused = self  # the function may catch it, and go another way


# A program, and its lines.


class Line:
    """A value in a program: an input, a constant, or function(*arguments, **options)."""

    def __init__(self, name, value, function=None, arguments=(), options=()):
        self.name, self.value, self.dtype, self.shape = name, value, value.dtype, value.shape
        self.function, self.arguments, self.options = function, arguments, dict(options)
        self.inputs = parts([arguments, self.options], Line)
        self.owner = self  # or the line whose memory this is a view of
        of = getattr(function, "__self__", function)  # of add.reduce, and of add itself, add
        self.ufunc = of if isinstance(of, np.ufunc) else None

    def __repr__(self):  # so that repr((line, slice(1, 2))) is code
        return self.name

    @property
    def operation(self):
        """The name of its function, as multiply or add.reduce."""
        name = self.function.__name__
        return name if self.ufunc in (None, self.function) else f"{self.ufunc.__name__}.{name}"

    def code(self, *more):
        options = [f"{key}={value!r}" for key, value in self.options.items()]
        return f"{self.operation}({', '.join([*map(repr, self.arguments), *options, *more])})"


def _no_way_back(*_):
    raise TypeError("it was replayed: take the gradient within the function, or detach() this")


class Program:
    """Lines, each computed from those above it; run() computes them with other inputs.

    record() adds lines while a function is followed. finish() keeps those that are needed: inputs,
    constants and lines, which lead to the outputs. Whoever wants the program in another language
    finds each line's operation, arguments, options, dtype and shape, and a constant's value.
    """

    rules = (_no_way_back,)  # to a tensor that it returns it is the operation

    def __init__(self, arrays):
        self.inputs = [Line(f"x{i}", a) for i, a in enumerate(arrays)]
        self.known = {}  # every other line, by its text
        self.guards = {}  # {line: whether Python saw it as true}
        self.functions = {}  # by name
        self.captured = {}  # {tensor that was no argument: its data and .grad}
        self.refused, self.lock = None, Lock()

    def run(self, *arrays):
        """The results for these inputs, or None where Python would take another branch."""
        for t, (data, _) in self.captured.items():
            if t._data is not data:
                raise Untraceable(
                    f"a tensor of shape {data.shape} has new data, and the program holds the old: "
                    "pass it to the function as an argument"
                )
        with self.lock:  # another thread would write into the same buffers
            return self.quietly(self.function, *arrays)

    def give(self, results, leaves):
        """What the function returns; gradients that it has left go to the tensors among leaves."""
        returned, gradients = self.place(results)
        for i, g in gradients.items():
            list(leaves.values())[i][0]._grad = g
        return returned

    def __str__(self):
        return "\n".join(_printed(self))


def _printed(program):
    yield from (f"{a}: {a.dtype} {a.shape}" for a in program.inputs)
    arrays = [c for c in program.constants if c.shape]
    yield from (f"{c} = {np.array2string(c.value, threshold=6)}" for c in arrays)
    for line in (*program.inputs, *program.lines):
        if line.function:
            yield f"{line} = {line.code()}"
        if line in program.guards:
            yield f"only if {line} is {program.guards[line]}"
    yield f"return {', '.join(map(str, program.outputs))}"


# A stand-in for an array.


def _but_tensors(function):
    """An operator that an array leaves to the tensor on its right, if there is one."""
    return lambda a, b: NotImplemented if isinstance(b, Tensor) else function(a, b)


def _power(a, b):
    """a**b is left to NumPy, which rounds a scalar's power otherwise than np.power.

    a**2 is np.square to NumPy as well, and a ufunc can write into a buffer.
    """
    is_square = type(b) in (int, float) and b == 2 and a.ndim and a.dtype.kind == "f"
    return np.square(a) if is_square else record(operator.pow, a, b)


class Arraylike(np.lib.mixins.NDArrayOperatorsMixin):
    """What one can do with an array, in functions of NumPy."""

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
        return record(operator.pow, base, self)

    def __ipow__(self, power):
        return self**power if isinstance(self, np.generic) else np.power(self, power, out=self)

    def __len__(self):
        return len(self.value)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def reshape(self, *shape, **options):
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def __getattr__(self, name):
        function = getattr(np, name, None)
        if not hasattr(np.ndarray, name) or function not in FUNCTIONS | REDUCTIONS:
            raise AttributeError(f"an array that stands in a program has no {name}")
        return functools.partial(function, self)


class Traced(Arraylike):
    """What NumPy and the engine take for an array, and whose operations become lines.

    It says that it is an ndarray, or a NumPy scalar, and is none: who wants its numbers must ask.
    Its value is what the example leads to with which the function is followed.
    """

    __class__ = property(lambda self: type(self.value))

    def __init__(self, program, line, value):
        self.program, self.line, self.value, self.writable = program, line, value, True

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        return _call_ufunc(ufunc, method, inputs, out, options)

    def __array_function__(self, function, types, arguments, options):
        return _call_function(function, arguments, options)

    def __getitem__(self, index):
        if any(a.dtype == bool for a in parts(index, Traced)):
            raise Untraceable("how many elements a mask takes depends on numbers: use where()")
        return record(operator.getitem, self, index)

    def __bool__(self):
        """Python takes a branch: the program holds only where it would take the same one."""
        line = _name(_current.get(), self)
        return self.program.guards.setdefault(line, bool(self.value))

    def copy(self, order="C"):
        return record(copied, self, order)

    def setflags(self, write):
        self.writable = self.writable and write

    def __repr__(self):
        return f"<{self.line}: {self.dtype} {self.shape}>"

    def _refuse(self, *_, **__):
        raise Untraceable(
            "Python or NumPy asks for numbers, which a program has only when it runs. They need "
            "them for float(x), x.item(), np.array(x), Tensor(x), x[i] = 1, and to print x"
        )

    __array__ = __float__ = __int__ = __index__ = __complex__ = __round__ = _refuse
    __setitem__ = item = tolist = _refuse


def _call_ufunc(ufunc, method, inputs, out, options):
    """What np.exp(x), np.add.reduce(x) and the like do with a stand-in."""
    function = ufunc if method == "__call__" else getattr(ufunc, method)
    if function in WRITERS:
        return write(inputs[0], WRITERS[function], *inputs)
    unusual = options.keys() - {"dtype"} if method == "__call__" else method != "reduce"
    if unusual or parts(options, Traced):
        raise Untraceable(f"{ufunc.__name__} is called in a way that no program knows")
    if not out or isinstance(out[0], np.generic):  # x += 1 makes another scalar
        return record(function, *inputs, **options)
    write(out[0], function, *inputs, **options)
    return out[0]


def _call_function(function, arguments, options):
    """What the other functions of NumPy do with a stand-in, or a list of stand-ins."""
    if function in LOOKS:
        return function(*_values(arguments), **options)
    if function in WRITERS:
        return write(arguments[0], WRITERS[function], *arguments, **options)
    if function not in FUNCTIONS | REDUCTIONS:
        raise Untraceable(f"np.{function.__name__} is not among the functions of a program")
    if function in REDUCTIONS and len(arguments) == 1:
        options = {"axis": None} | options  # add.reduce sums over the first axis only
    translated, number = (FUNCTIONS | REDUCTIONS)[function]
    if parts([arguments[number:], options], Traced):
        raise Untraceable(f"np.{function.__name__}: its axis or shape would depend on numbers")
    return record(translated, *arguments, **options)


# A program is written: what the same text computes is the same line.


def record(function, *arguments, **options):
    """A stand-in for function(*arguments, **options), which is computed and noted as a line."""
    program = _current.get()
    if function is np.matmul:
        arguments = _apart(*arguments)
    value = function(*_values(arguments), **_values(options))
    if not isinstance(value, np.ndarray | np.generic) or value.dtype.kind not in "fiub":
        raise Untraceable(f"{function.__name__} does not return one array of real numbers")
    given = parts([arguments, options], Traced)
    arguments = _numbers_as_arrays(function, arguments)
    named = mapped(functools.partial(_name, program), [arguments, options])
    line = Line(f"v{len(program.known)}", value, function, *named)
    owners = [a.line.owner for a in given if np.may_share_memory(a.value, value)]
    line.owner = owners[0] if owners else line
    called = line.ufunc or function
    if program.functions.setdefault(called.__name__, called) is not called:
        raise Untraceable(f"two functions have the name {called.__name__}")
    return Traced(program, program.known.setdefault(line.code(), line), value)


def _values(tree):
    return mapped(lambda a: a.value if type(a) is Traced else a, tree)


def _name(program, a):
    """What stands for the argument a in a line: another line, or what repr() writes as code."""
    if type(a) is Traced:
        if a.program is not program:
            raise Untraceable("a value is used outside of the call that it belongs to")
        return a.line
    if isinstance(a, np.ndarray | np.generic):
        a = np.array(a) if isinstance(a, np.ndarray) else a  # a copy, its owner may change it
        key = (type(a), a.dtype.str, a.shape, a.strides, a.tobytes())
        return program.known.setdefault(key, Line(f"c{len(program.known)}", a))
    if isinstance(a, type | np.dtype):
        return np.dtype(a)
    if type(a) not in (int, float, bool, str, slice, type(None), type(...)):
        raise Untraceable(f"a line cannot hold a {type(a).__name__}")
    return a


def _numbers_as_arrays(function, arguments):
    """A ufunc takes up an array of no axes in less time than it needs for Python's number."""
    if not isinstance(function, np.ufunc) or {int, float}.isdisjoint(map(type, arguments)):
        return arguments
    dtypes = function.resolve_dtypes((*(getattr(a, "dtype", type(a)) for a in arguments), None))
    return [
        np.array(a, dtype) if type(a) in (int, float) and dtype.kind == "f" else a
        for a, dtype in zip(arguments, dtypes, strict=False)
    ]


def _apart(a, b):
    """The factors of a product, with a line of its own for the second one if need be.

    NumPy knows a @ a.T to be symmetric, and rounds it otherwise than a @ b.T with an equal b. Both
    may be the same line here.
    """
    if type(a) is type(b) is Traced and a.line.owner is b.line.owner:
        if not np.may_share_memory(a.value, b.value):
            return a, b.copy("K")
    return a, b


def write(target, function, *arguments, **options):
    """What NumPy would write into the array target: from now on, that stands for another line."""
    if type(target) is not Traced or target.line.function is None or not target.writable:
        raise Untraceable("an array is written into that the function has not made itself")
    result = record(function, *arguments, **options)
    owner = target.line.owner
    if any(line.owner is owner is not line for line in target.program.known.values()):
        raise Untraceable("an array is written into of which there are views")
    if (result.dtype, result.shape) != (target.dtype, target.shape):
        raise Untraceable(f"{result!r} is written into an array of {target.dtype} {target.shape}")
    target.line, target.value = result.line, result.value


# A program is finished: what nobody needs is dropped, the rest becomes a function of Python.


def finish(program):
    """Keep the lines that the outputs and the guards need, and make a function of them."""
    needed, todo = set(), [*program.outputs, *program.guards]
    while todo:
        line = todo.pop()
        if line not in needed:
            needed.add(line)
            todo += line.inputs
    kept = [line for line in program.known.values() if line in needed]
    program.lines = [line for line in kept if line.function]
    program.constants = [line for line in kept if not line.function]
    for letter, lines in ("v", program.lines), ("c", program.constants):
        for i, line in enumerate(lines):
            line.name = f"{letter}{i}"
    program.source, names = _as_python(program)
    exec(program.source, names)
    program.function, context = names["program"], Context()
    context.run(np.seterr, all="ignore")  # NumPy's warnings came while the function was followed
    program.quietly = context.run
    program.known = None  # the numbers of the example are not needed any more
    for line in (*program.inputs, *program.lines):
        line.value = None
    for c in program.constants:
        c.name = c.name if c.shape else str(c.value)  # this is how it is printed


def _as_python(program):
    """The program as the source of a Python function, and the names in it."""
    names = {"np": np, "inf": np.inf, "nan": np.nan, "dtype": np.dtype} | program.functions
    names |= {c.name: c.value for c in program.constants}
    buffers = _buffers(program)
    names |= {name: np.empty_like(line.value) for line, name in buffers.items()}
    source = [f"def program({', '.join(map(str, program.inputs))}):"]
    for line in (*program.inputs, *program.lines):
        if line.function:
            out = [f"out={buffers[line]}"] if line in buffers else []
            source.append(f"    {line} = {line.code(*out)}")
        if line in program.guards:
            source.append(f"    if {'not ' * program.guards[line]}{line}: return None")
    results = [f"{a}" if a.owner.function else f"{a}.copy()" for a in program.outputs]
    return "\n".join([*source, f"    return [{', '.join(results)}]"]), names


def _buffers(program):
    """{line: the name of the buffer that it writes into}.

    A ufunc can write into memory that is there; that is free again after its last reader. What is
    returned gets new memory at each run, and so do scalars, which cannot be written into.
    """
    returned, last, ending = {line.owner for line in program.outputs}, {}, defaultdict(list)
    for line in program.lines:
        last |= dict.fromkeys((a.owner for a in (line, *line.inputs)), line)
    for owner, line in last.items():
        ending[line].append(owner)
    buffers, free, number = {}, defaultdict(list), itertools.count()

    def release(owners):
        for owner in owners:
            if owner in buffers:
                free[_memory(owner)].append(buffers[owner])

    for line in program.lines:
        by_element = line.function is line.ufunc and not line.ufunc.signature
        release(ending[line] if by_element else ())  # the result may replace an argument
        if line.ufunc and line.shape and line.owner not in returned:
            spare = free[_memory(line)]
            buffers[line] = spare.pop() if spare else f"b{next(number)}"
        release(() if by_element else ending[line])
    return buffers


def _memory(line):
    return line.dtype, line.shape, line.value.strides


# A function is followed, and replayed.

PROGRAMS = 32  # so many a function may have
_MANY = "pass a number that changes as an array, and let branches depend on fewer numbers"
_one_at_a_time = RLock()  # whoever follows a function changes the class Tensor for a moment
_older = itertools.count(1).__next__  # than all that is computed from a result
_END = Tensor(0.0, requires_grad=True)  # where the way back from a result would lead
_END._order = math.inf  # older than all results


@contextmanager
def _following(program):
    """Operations write into the program, which notes all other tensors whose data is read."""
    slot, made = Tensor._data, set()

    def get(t):
        data = slot.__get__(t)
        if t not in made and _current.get() is program:
            program.captured.setdefault(t, (data, t._grad))
        return data

    def put(t, data):
        made.add(t)
        slot.__set__(t, data)

    outer = _current.get()
    try:
        _current.set(program)
        Tensor._data = property(get, put)
        yield
    finally:
        Tensor._data = slot
        _current.set(outer)
        reached = [t for t, (_, g) in program.captured.items() if t._grad is not g]
        for t in reached:
            t._grad = program.captured[t][1]
    if reached:
        raise Untraceable("backward() reaches a tensor that is no argument: pass it as one")


def _stand_ins(program, leaves):
    """{id of a tensor or an array: what the function is given in its place}."""
    new = {}
    for (key, (leaf, array)), line in zip(leaves.items(), program.inputs, strict=True):
        a, is_tensor = Traced(program, line, array), isinstance(leaf, Tensor)
        new[key] = tensor_around(a, type(leaf), leaf._requires_grad) if is_tensor else a
    for key, (leaf, _) in leaves.items():
        if isinstance(leaf, Tensor) and leaf._grad is not None:
            new[key]._grad = new[id(leaf._grad)]
    return new


def _followed(f, arguments, leaves):
    """A program of what one call of f does, not finished, and what _returned() returns."""
    program = Program([array for _, array in leaves.values()])
    with _following(program):
        stand_ins = _stand_ins(program, leaves)
        given = replaced(arguments, stand_ins)
        before = _state(given), [getattr(a, "_grad", None) for a in stand_ins.values()]
        result = f(*given[0], **given[1])
        if program.refused:
            raise program.refused
        now = _state(given), [getattr(a, "_grad", None) for a in stand_ins.values()]
        if [*map(id, before[0])] != [*map(id, now[0])]:
            raise Untraceable("it changes its arguments: return what is new instead")
        grads = {i: g for i, g in enumerate(now[1]) if g is not before[1][i]}
        if any(list(leaves.values())[i][0]._operation for i in grads):
            raise Untraceable("backward() would go on into the graph of an argument: detach() that")
        return program, *_returned(program, [result, grads])


def _state(tree):
    """What a function must not change in its arguments; .grad it may."""
    state = []
    for part in parts(tree):
        state += [part, part._data, part._requires_grad] if isinstance(part, Tensor) else [part]
    return state


class Code(str):
    """A piece of code, which repr() leaves as it is."""

    __repr__ = str.__str__


def _returned(program, tree):
    """Make a function that puts arrays in their places in the tree.

    Return the arrays that are there now, and a text in which a second call of f must agree.
    """
    program.outputs, arrays, constants = [], [], []

    def place(part):
        if isinstance(part, CONSTANTS) and type(part) is not Traced:
            constants.append(part)
            return Code(f"constants[{len(constants) - 1}]")
        if not isinstance(part, Tensor | np.ndarray | np.generic):
            raise Untraceable(f"it returns a {type(part).__name__}; a program knows only arrays")
        a = part._data if isinstance(part, Tensor) else part
        program.outputs.append(_name(program, a))
        arrays.append(_values(a))
        code = f"arrays[{len(arrays) - 1}]"
        graph = ", program" if getattr(part, "_requires_grad", False) else ""
        return Code(f"tensor({code}{graph})" if isinstance(part, Tensor) else code)

    code = f"lambda arrays: {mapped(place, tree)}"
    program.place = eval(code, {"constants": constants, "tensor": _tensor, "program": program})
    return arrays, repr([[*program.known], program.guards, program.outputs, code, constants])


def _tensor(array, program=None):
    """A tensor; for one that has a graph within the function, a way back from it is an error."""
    if array.ndim:
        array.setflags(False)
    t = tensor_around(array)
    if program:
        t._operation, t._inputs, t._saved = program, (_END,), ()
        t._order, t._requires_grad = _older(), True
    return t


def trace(f, *arguments, **named):
    """The Program of f for arguments of the same form: shapes, dtypes, and all that is no array.

    f is called twice, with stand-ins: so one that draws random numbers, counts or remembers is
    found out. Then the program is run, and must give what f gave.
    Raises: Untraceable for what no program can do; TypeError for an argument that it cannot know.

    >>> print(trace(lambda x: x * x + 1.0, tensor([2.0, 3.0])))
    x0: float64 (2,)
    v0 = multiply(x0, x0)
    v1 = add(v0, 1.0)
    return v1
    """
    leaves = {}
    form([arguments, named], leaves)
    with _one_at_a_time:
        program, expected, text = _followed(f, [arguments, named], leaves)
        _, _, again = _followed(f, [arguments, named], leaves)
    if text != again:
        raise Untraceable("called twice it did not do the same: it counts, remembers, or draws")
    finish(program)
    program.__name__ = getattr(f, "__name__", type(f).__name__)
    found = program.run(*(array for _, array in leaves.values()))
    if not all(map(_equal, found, expected)):
        raise Untraceable("the program does not give what the function gave")
    return program


def _equal(a, b):
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)


def jit(f):
    """f, followed when it is first called, and from then on replayed.

    There is a program for each form of the arguments (shapes, dtypes, memory layout, and all that
    is no array), and for each branch that Python takes. Everything else that f uses is a constant;
    a tensor among that is watched. What f returns has no graph: gradients are taken within f, by
    grad(), or left in the .grad of its arguments, by backward(). What else f does, such as
    printing, it does while it is followed: twice.
    Raises: as trace; Untraceable also if there would be more than 32 programs.

    >>> f = jit(lambda x: x * x + 1.0)
    >>> f(tensor([2.0, 3.0])).tolist()
    [5.0, 10.0]
    """
    programs = {}

    @functools.wraps(f)
    def replayed(*arguments, **named):
        if _current.get():
            return f(*arguments, **named)  # within another trace, to which it adds its lines
        leaves = {}
        key = form(arguments, leaves), form(named, leaves) if named else None, _pauses.get() > 0
        arrays = [array for _, array in leaves.values()]
        for program in programs.get(key, ()):
            results = program.run(*arrays)
            if results is not None:
                return program.give(results, leaves)
        if sum(map(len, programs.values())) == PROGRAMS:
            raise Untraceable(f"it would have more than {PROGRAMS} programs: {_MANY}")
        program = trace(f, *arguments, **named)
        programs.setdefault(key, []).append(program)
        return program.give(program.run(*arrays), leaves)

    replayed.programs = programs
    return replayed
