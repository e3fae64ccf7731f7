"""Follow a function once, write down what it does to its arrays, and from then on do only that.

A Traced stands in for an array. It knows the line of a Program that computes it, and whatever NumPy
is asked to do with it becomes another line. The engine and its rules run as they always do and do
not notice, so the walk back stands in the program too.
"""

import functools
import itertools
import math
import sys
from collections import defaultdict
from contextlib import contextmanager
from contextvars import Context
from threading import Lock

import numpy as np

from mini_autograd.engine import Tensor, _follower, _held, _pauses
from mini_autograd.nn.module import Module
from mini_autograd.numpy_functions import KNOWN, NAMED_OUT, Arraylike, Untraceable, values
from mini_autograd.trees import CONSTANTS, form, mapped, parts, replaced, tensor_around

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

    def code(self, buffer=None):
        given = [repr(a) for a in self.arguments]
        if buffer:  # by its place NumPy takes it in less time than by name
            by_place = self.function is self.ufunc and self.function not in NAMED_OUT
            given.append(buffer if by_place else f"out={buffer}")
        given += [f"{name}={value!r}" for name, value in self.options.items()]
        return f"{self.operation}({', '.join(given)})"


def _no_way_back(*_):
    raise TypeError("it was replayed: take the gradient within the function, or detach() this")


class Program:
    """Lines, each computed from those above it; run() computes them with other inputs.

    record() adds lines while a function is followed. finish() keeps those that are needed: inputs,
    constants and lines, which lead to the outputs. Whoever wants the program in another language
    finds each line's operation, arguments, options, dtype and shape, and a constant's value.
    """

    rules = (_no_way_back,)  # to a tensor that it returns it is the operation
    numbers = False  # whether a scalar of float64 may stand for Python's number

    def __init__(self, arrays):
        self.inputs = [Line(f"x{i}", a) for i, a in enumerate(arrays)]
        self.known = {}  # every other line, by its text
        self.guards = {}  # {line: whether Python saw it as true}
        self.functions = {}  # by name
        self.noted = {}  # {(tensor, slot): what f found there when it first asked}
        self.refused, self.lock, context = None, Lock(), Context()
        context.run(np.seterr, all="ignore")  # NumPy's warnings come while f is followed
        self.quietly = context.run

    # What the engine tells of tensors while it follows.
    def note(self, t, slot):
        self.noted.setdefault((t, slot), getattr(t, slot))

    def read(self, *arguments):
        for a in arguments:
            if isinstance(a, Tensor):
                self.note(a, "_data")

    def refuse_new_data(self):
        raise Untraceable(
            "a tensor is given new data, as by an optimizer's step(): return the new values, and "
            "assign them outside of the function"
        )

    def run(self, *arrays):
        """The results for these inputs, or None where Python would take another branch."""
        for t, slot, found in self.captured:
            if getattr(t, slot) is not found:
                raise Untraceable(
                    f"a tensor of shape {t.shape} has another {slot[1:]} than when the function "
                    "was followed: pass it as an argument"
                )
        with self.lock:  # another thread would write into the same buffers
            return self.quietly(self.function, *arrays)

    def give(self, results, leaves):
        """What the function returns; gradients that it has left go to the tensors among leaves."""
        returned, gradients = self.place(results)
        for i in gradients:
            list(leaves.values())[i]._grad = gradients[i]
        return returned

    def __str__(self):
        text = [f"{a}: {a.dtype} {a.shape}" for a in self.inputs]
        arrays = [c for c in self.constants if c.shape]
        text += [f"{c} = {np.array2string(c.value, threshold=6)}" for c in arrays]
        for line in (*self.inputs, *self.lines):
            if line.function:
                text.append(f"{line} = {line.code()}")
            if line in self.guards:
                text.append(f"only if {line} is {self.guards[line]}")
        return "\n".join([*text, f"return {', '.join(map(str, self.outputs))}"])


# A program is written: what the same text computes is the same line.


def take_scalars_for_numbers():
    """From here on the function that is followed may give operations a scalar that it computes.

    They ask it for its item(), a number, next to which float32 stays float32. Here it stays a
    scalar, so there must be no float32.
    """
    _follower.get().numbers = True


def record(function, *arguments, **options):
    """A stand-in for function(*arguments, **options), which is computed and noted as a line."""
    program = _follower.get()
    if function is np.matmul:
        arguments = _apart(*arguments)
    value = _computed(function, arguments, options)
    given = parts([arguments, options], Traced)
    if isinstance(function, np.ufunc) and not options:
        arguments = _numbers_as_arrays(function, arguments)
    named = mapped(functools.partial(_name, program), [arguments, options])
    line = Line(f"v{len(program.known)}", value, function, *named)
    owners = [a.line.owner for a in given if np.may_share_memory(a.value, value)]
    line.owner = owners[0] if owners else line
    return Traced(program, _known(program, line), value)


def _computed(function, arguments, options):
    """What the function returns for the example."""
    value = function(*values(arguments), **values(options))
    if not isinstance(value, np.ndarray | np.generic) or value.dtype.kind not in "fiub":
        raise Untraceable(
            f"{function.__name__} does not return one array of real numbers, as every line of a "
            f"program does: {KNOWN}"
        )
    return value


def _known(program, line):
    """The line of the program that has this text; if there is none, this one."""
    called = line.ufunc or line.function
    if program.functions.setdefault(called.__name__, called) is not called:
        raise Untraceable(f"two functions have the name {called.__name__}: call one of them only")
    return program.known.setdefault(line.code(), line)


def _name(program, a):
    """What stands for the argument a in a line: another line, or what repr() writes as code."""
    if type(a) is Traced:
        if a.program is not program:
            raise Untraceable("a value is used outside of the call that it belongs to: return it")
        return a.line
    if isinstance(a, np.ndarray | np.generic):
        a = np.array(a) if isinstance(a, np.ndarray) else a  # a copy, its owner may change it
        key = (type(a), a.dtype.str, a.shape, a.strides, a.tobytes())
        return program.known.setdefault(key, Line(f"c{len(program.known)}", a))
    if isinstance(a, type | np.dtype):
        return np.dtype(a)
    if type(a) not in (int, float, bool, str, slice, type(None), type(...)):
        raise Untraceable(f"a line cannot hold a {type(a).__name__}: give numbers or tuples")
    return a


def _numbers_as_arrays(function, arguments):
    """A ufunc takes up an array of no axes in less time than it needs for Python's number."""
    if {int, float}.isdisjoint(map(type, arguments)):
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
        raise Untraceable("an array that the function has not made is written into: make a new one")
    result = record(function, *arguments, **options)
    owner = target.line.owner
    if any(line.owner is owner is not line for line in target.program.known.values()):
        raise Untraceable("an array is written into of which there are views: make a new array")
    if (result.dtype, result.shape) != (target.dtype, target.shape):
        raise Untraceable(f"{result!r} is written into {target!r}: make a new array")
    target.line, target.value = result.line, result.value


# A stand-in for an array.


class Traced(Arraylike):
    """What NumPy and the engine take for an array, and whose operations become lines.

    It says that it is an ndarray, or a NumPy scalar, and is none: who wants its numbers must ask.
    Two things it cannot hide: type(x) is Traced, and as text it is the name of its line. Its value
    is what the example leads to with which the function is followed.
    """

    __slots__ = ("line", "program", "value", "writable")
    __class__ = property(lambda self: type(self.value))
    record, write = staticmethod(record), staticmethod(write)

    def __init__(self, program, line, value):
        self.program, self.line, self.value, self.writable = program, line, value, True

    def setflags(self, write):
        self.writable = self.writable and write

    def item(self):
        if not self.program.numbers or type(self.value) is not np.float64:
            self._refuse()
        return self

    def __repr__(self):
        return f"<{self.line}: {self.dtype} {self.shape}>"

    def __bool__(self):
        """Python takes a branch: the program holds only where it would take the same one."""
        line = _name(_follower.get(), self)
        return self.program.guards.setdefault(line, bool(self.value))

    def _refuse(self, *_, **__):
        _name(_follower.get(), self)
        raise Untraceable(
            "Python or NumPy asks for numbers, which a program has only when it runs. They do for "
            "float(x), x.item(), np.array(x), Tensor(x), x[i] = 1, and to print x: compute with x, "
            "and return what you want to see"
        )

    __array__ = __float__ = __int__ = __index__ = __complex__ = __round__ = __trunc__ = _refuse
    __hash__ = __reduce_ex__ = __setitem__ = tolist = _refuse


# A program is finished: what nobody needs is dropped, the rest becomes a function of Python.


def needed(lines):
    """All lines from which these are computed, with themselves."""
    found, todo = set(), [*lines]
    while todo:
        line = todo.pop()
        if line not in found:
            found.add(line)
            todo += line.inputs
    return found


def finish(program):
    """Keep the lines that the outputs and the guards need, and make a function of them."""
    wanted = needed([*program.outputs, *program.guards])
    kept = [line for line in program.known.values() if line in wanted]
    program.lines = [line for line in kept if line.function]
    program.constants = [line for line in kept if not line.function]
    for letter, lines in ("v", program.lines), ("c", program.constants):
        for i, line in enumerate(lines):
            line.name = f"{letter}{i}"
    program.source, names = _as_python(program)
    exec(program.source, names)
    program.function = names["program"]
    _forget_the_example(program)


def _forget_the_example(program):
    """Its numbers and its tensors are not needed any more."""
    program.known = program.noted = program.changed = None
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
            source.append(f"    {line} = {line.code(buffers.get(line))}")
        if line in program.guards:
            source.append(f"    if {'not ' * program.guards[line]}{line}: return None")
    results, given = [], set()  # each in memory of its own
    for a in program.outputs:
        results.append(f"{a}.copy()" if a.owner in given or not a.owner.function else f"{a}")
        given.add(a.owner)
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
_older = itertools.count(1).__next__  # than all that is computed from a result
_END = Tensor(0.0, requires_grad=True)  # where the way back from a result would lead
_END._order = math.inf  # older than all results


@contextmanager
def _following(program):
    """Operations write into the program; what they leave in tensors is taken away again."""
    outer = _follower.set(program)
    try:
        yield
    finally:
        _follower.reset(outer)
        noted = program.noted.items()
        program.changed = {where for where, found in noted if getattr(*where) is not found}
        for t, slot in program.changed:
            setattr(t, slot, program.noted[t, slot])


def _stand_ins(program, leaves):
    """{id of a tensor or an array: what the function is given in its place}."""
    new = {}
    for leaf, line in zip(leaves.values(), program.inputs, strict=True):
        a, is_tensor = Traced(program, line, line.value), isinstance(leaf, Tensor)
        new[id(leaf)] = tensor_around(a, type(leaf), leaf._requires_grad) if is_tensor else a
    for leaf in leaves.values():
        if isinstance(leaf, Tensor) and leaf._grad is not None:
            new[id(leaf)]._grad = new[id(leaf._grad)]
    return new


def _followed(f, arguments, leaves, arrays):
    """A program of what one call of f does, not finished, and what _returned() returns."""
    program = Program(arrays)
    with _following(program):
        stand_ins = _stand_ins(program, leaves)
        given = replaced(arguments, stand_ins)
        before = _state(given), [getattr(a, "_grad", None) for a in stand_ins.values()]
        try:
            result = f(*given[0], **given[1])
        finally:
            if program.refused:  # whatever the function and NumPy have made of that
                raise program.refused
        now = _state(given), [getattr(a, "_grad", None) for a in stand_ins.values()]
        if [*map(id, before[0])] != [*map(id, now[0])]:
            raise Untraceable(
                "it changes its arguments, or draws random numbers from one: return what is new, "
                "and pass random numbers as an array"
            )
        grads = {i: g for i, g in enumerate(now[1]) if g is not before[1][i]}
        if any(list(leaves.values())[i]._operation for i in grads):
            raise Untraceable("backward() would go on into the graph of an argument: detach() that")
        return program, *_returned(program, [result, grads])


def _state(tree):
    """What a function must not change in its arguments; .grad it may."""
    state = []
    for part in parts(tree):
        state.append(part)
        if isinstance(part, Tensor):
            state += [part._data, part._requires_grad]
        if isinstance(part, np.random.Generator):
            state.append(sys.intern(str(part.bit_generator.state)))  # equal texts are one object
    return state


class _Code(str):
    """A piece of code, which repr() leaves as it is."""

    __repr__ = str.__str__


def _returned(program, tree):
    """Make a function that puts arrays in their places in the tree.

    Return the arrays that are there now, and all in which a second call of f must agree.
    """
    lines = (*program.inputs, *program.known.values())
    if program.numbers and len({a.dtype for a in lines if a.dtype.kind == "f"}) > 1:
        raise Untraceable("a scalar of float64 stands for a number, which float32 would not notice")
    program.outputs, arrays, constants = [], [], []

    def place(part):
        if isinstance(part, CONSTANTS) and type(part) is not Traced:
            constants.append(part)
            return _Code(f"constants[{len(constants) - 1}]")
        if not isinstance(part, Tensor | np.ndarray | np.generic):
            kind = type(part).__name__
            raise Untraceable(f"it returns a {kind}: return tensors and arrays, or lists of them")
        a = _held(part) if isinstance(part, Tensor) else part
        program.outputs.append(_name(program, a))
        arrays.append(values(a))
        code = f"arrays[{len(arrays) - 1}]"
        graph = ", program" if getattr(part, "_requires_grad", False) else ""
        return _Code(f"tensor({code}{graph})" if isinstance(part, Tensor) else code)

    code = f"lambda arrays: {mapped(place, tree)}"
    program.place = eval(code, {"constants": constants, "tensor": _tensor, "program": program})
    return arrays, [*program.known, repr([program.guards, program.outputs, code, constants])]


def _tensor(array, program=None):
    """A tensor; for one that has a graph within the function, a way back from it is an error."""
    array.setflags(False)  # by its place, write=False takes half the time
    t = tensor_around(array)
    if program:
        t._operation, t._inputs, t._saved = program, (_END,), ()
        t._order, t._requires_grad = _older(), True
    return t


def trace(f, *arguments, **named):
    """The Program of f for arguments of the same form: shapes, dtypes, and all that is no array.

    f is called twice, with stand-ins: so one that draws random numbers, counts or remembers is
    found out, unless both calls agree by chance. Then the program is run, and must give what f
    gave.
    Raises: Untraceable for what no program can do; TypeError for an argument that it cannot know.

    >>> print(trace(lambda x: x * x + 1.0, tensor([2.0, 3.0])))
    x0: float64 (2,)
    v0 = multiply(x0, x0)
    v1 = add(v0, 1.0)
    return v1
    """
    function, owner = _function(f)
    given, leaves, arrays = [owner + arguments, named], {}, []
    form(given, leaves, arrays)
    program, expected, once = _followed(function, given, leaves, arrays)
    other, _, again = _followed(function, given, leaves, arrays)
    program.captured = _captured(program, other)
    if once != again:
        raise Untraceable(
            "called twice it did not do the same: it counts, remembers, or draws. Pass what "
            "changes as an argument"
        )
    finish(program)
    program.__name__ = getattr(f, "__name__", type(f).__name__)
    found = program.run(*arrays)
    if not all(map(_equal, found, expected)):
        raise Untraceable("the program does not give what the function gave: call that itself")
    return program


def _function(f):
    """f as a function, and the module that it belongs to, if any, as its first argument."""
    owner = f if isinstance(f, Module) else getattr(f, "__self__", None)
    if not isinstance(owner, Module):
        return f, ()
    return type(f).__call__ if owner is f else f.__func__, (owner,)


def _captured(program, other):
    """What two runs of f have found in tensors that are no arguments: (tensor, slot, found)."""
    there_before = program.noted.keys() & other.noted.keys()  # what f makes is new each time
    if there_before & program.changed:
        raise Untraceable("backward() reaches a tensor that is no argument: pass it as one")
    return [(t, slot, program.noted[t, slot]) for t, slot in there_before]


def _equal(a, b):
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)


def jit(f):
    """f, followed when it is first called, and from then on replayed.

    There is a program for each form of the arguments (shapes, dtypes, memory layout, and all that
    is no array), and for each branch that Python takes. f may be a module or a method of one; its
    parameters are arguments too.

    All else that f uses is a constant, as it was: numbers, lists, arrays, a module's mode. Only a
    tensor is watched: when its data has changed, a call is refused. What f returns has no graph:
    gradients are taken within f, by grad(), or left in the .grad of its arguments, by backward().
    What else f does, such as printing, it does while it is followed: twice.
    Raises: as trace; Untraceable also if there would be more than 32 programs.

    >>> f = jit(lambda x: x * x + 1.0)
    >>> f(tensor([2.0, 3.0])).tolist()
    [5.0, 10.0]
    """
    programs = {}
    function, owner = _function(f)

    @functools.wraps(function)
    def replayed(*given, **named):
        arguments = owner + given
        if _follower.get():
            return function(*arguments, **named)  # within another trace, to which it adds its lines
        leaves, arrays = {}, []
        key = form([arguments, named] if named else arguments, leaves, arrays), _pauses.get() > 0
        for program in programs.get(key, ()):
            results = program.run(*arrays)
            if results is not None:
                return program.give(results, leaves)
        if sum(map(len, programs.values())) == PROGRAMS:
            raise Untraceable(f"it would have more than {PROGRAMS} programs: {_MANY}")
        program = trace(f, *given, **named)
        programs.setdefault(key, []).append(program)
        return program.give(program.run(*arrays), leaves)

    replayed.programs = programs
    return replayed
