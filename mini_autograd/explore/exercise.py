"""The check below an exercise: is an attempt right, and if not, what does it look like?"""

import copy
import functools
import inspect
import reprlib
import sys
import textwrap
import time
import traceback
from contextlib import contextmanager

import numpy as np

from mini_autograd.engine import Tensor as _Tensor
from mini_autograd.explore.curve import by_autograd, examine
from mini_autograd.explore.words import disagreement, explained, minus, mistake
from mini_autograd.gradcheck import gradcheck

_POINTS = np.array([-4.0, -2.5, -1.2, -0.7, -0.2, 0.0, 0.3, 0.8, 1.6, 2.7, 4.0])
_FAR = np.array([-1000.0, -40.0, 40.0, 1000.0])


class _Wrong(Exception):
    """What is wrong with an attempt, in words."""


class _NotAttempted(Exception):
    """It is still the stub."""


class _TooLong(BaseException):
    """It still runs; no `except Exception` of the attempt holds this up."""


def check(
    attempt, expected=None, *, at=None, gradient=None, Tensor=_Tensor, seconds=5, **parameters
):
    """Print whether an attempt at an exercise is right, and if not, the likely mistake.

    attempt is an answer (a number, an array, a shape, a name), compared with what is expected; or a
    function, with the function or the value expected at the argument `at`, or at a tuple of them.
    Both functions are given the parameters too. Where `at` or a parameter is a list, it holds an
    entry for each case to try. Without `at`, x runs from -4 to 4, and to ±40 and ±1000, where
    nothing may turn into nan.
    With gradient=True the attempt is called with Tensors, and its gradient compared with
    differences of its values; an operation that has rules is always checked so.
    A stub (..., or NotImplementedError) is no attempt. What an attempt raises becomes a sentence;
    one that still runs after `seconds` is stopped.
    """
    cell, setting = _calling_file(), ""
    gradient = hasattr(attempt, "vjp") if gradient is None else gradient
    is_answer = at is None and not parameters and expected is not None and not callable(expected)
    if expected is None and not callable(attempt) and attempt is not ...:
        raise TypeError("check: an attempt that is no function needs what is expected")
    count = _count_cases({"at": at, **parameters})
    try:
        with np.errstate(all="ignore"), _stopped_after(seconds):
            if is_answer:
                _compare(attempt, expected)
            for case in () if is_answer else _cases(attempt, at, parameters, count):
                setting, arguments, named = case
                f = functools.update_wrapper(functools.partial(attempt, **named), attempt)
                want = functools.partial(expected, **named) if callable(expected) else expected
                _check_function(f, want, arguments, gradient, Tensor)
        print("correct: values and gradient." if gradient and not is_answer else "correct.")
    except (Exception, SystemExit, _TooLong) as error:
        text = minus(_in_words(error, setting, cell))
        print(textwrap.fill(text, 90, break_long_words=False, break_on_hyphens=False))


def _calling_file():
    """The file of the cell that called check: of the first frame outside of this module."""
    frame = sys._getframe()
    while frame.f_globals is globals():
        frame = frame.f_back
    return frame.f_code.co_filename


def _count_cases(given):
    """How many cases there are to try: as many as every list has entries."""
    lengths = {name: len(value) for name, value in given.items() if isinstance(value, list)}
    if 0 in lengths.values() or len({*lengths.values()}) > 1:
        raise ValueError(f"check: each list needs an entry for each case; the lengths: {lengths}")
    return next(iter(lengths.values()), 1)


def _cases(attempt, at, parameters, count):
    """For each case its setting in words, the arguments (None: the usual points), parameters."""
    if not callable(attempt):
        raise _Wrong(f"a function is needed, not {_kind(attempt)}.")
    for i in range(count):
        here, *values = (v[i] if isinstance(v, list) else v for v in (at, *parameters.values()))
        arguments = None if here is None else here if isinstance(here, tuple) else (here,)
        named = dict(zip(parameters, values, strict=True))
        words = _setting(attempt, arguments or (), named) or (f"case {i + 1}" if count > 1 else "")
        yield f"for {words}, " if words else "", arguments, named


def _setting(attempt, arguments, named):
    """The arguments that can be said in a word, so that a reader can try them."""
    try:
        named = inspect.signature(attempt).bind_partial(*arguments, **named).arguments
    except (TypeError, ValueError):
        pass  # the call will say so
    said = []
    for name, value in named.items():
        if np.ndim(value) == 0 and isinstance(value, (int, float, np.number, np.ndarray)):
            said.append(f"{name} = {value:.6g}")
        elif isinstance(value, str):
            said.append(f'{name} = "{value}"')
    return ", ".join(said)


def _check_function(f, expected, arguments, gradient, Tensor):
    # At a kink only a single operation is sure to have a slope between those of its sides.
    usual = _POINTS if hasattr(f, "vjp") or not gradient else _POINTS[_POINTS != 0]
    near = (usual,) if arguments is None else arguments
    tried = (np.append(usual, _FAR),) if arguments is None else arguments
    give = (lambda x: np.array(x, float)) if gradient else copy.copy  # an attempt may change it

    got = f(*(Tensor(give(x)) if gradient else give(x) for x in tried))
    if got is None:
        raise _Wrong("it returns None; is a `return` missing?")
    one_vector = len(tried) == 1 and np.ndim(tried[0]) == 1
    x = give(tried[0]) if one_vector and getattr(got, "shape", None) == np.shape(tried[0]) else None
    want = expected(*map(give, tried)) if callable(expected) else expected
    _compare(got, got if want is None else want, x)
    if gradient:
        near = [give(x) for x in near]
        if x is not None:
            _check_slopes(f, near[0], x, Tensor)
        _check_upstream(f, near, Tensor)
        gradcheck(f, *near, Tensor=Tensor)


def _check_slopes(f, near, tried, Tensor):
    """The gradient of an element-wise function against differences; far away, whether it is nan."""
    y, slope = by_autograd(f, tried, Tensor)
    n = len(near)
    try:
        curve = examine(lambda x: f(Tensor(x)).numpy(), near, y[:n], slope[:n])
    except Exception:
        return  # it only kept the shape by chance, and each value depends on other elements
    if curve.error.any():
        raise _Wrong(disagreement(curve, "the gradient", composed=not hasattr(f, "vjp")))
    bad = tried[np.isnan(slope) & np.isfinite(y)]
    if len(bad):
        raise _Wrong(f"the gradient is nan at x = {bad[0]:.6g}.")


def _check_upstream(f, inputs, Tensor):
    """A rule that forgets g, or bends it, may be right for g = 1; then it is wrong for g = -2."""

    def gradients(g):
        leaves = [Tensor(x, requires_grad=True) for x in inputs]
        y = f(*leaves)
        if getattr(y, "requires_grad", False):
            y.backward(Tensor(np.full(y.shape, g)))
        return [np.zeros(x.shape) if x.grad is None else x.grad.numpy() for x in leaves]

    names = inspect.signature(f).parameters
    for name, x, one, got in zip(names, inputs, gradients(1.0), gradients(-2.0), strict=False):
        wrong = ~np.isclose(got, -2 * one, rtol=1e-9, atol=1e-12, equal_nan=True)
        if wrong.any():
            at = tuple(np.argwhere(wrong)[0])
            raise _Wrong(
                f"where {name} is {x[at]:.6g}, its gradient is {one[at]:.6g} for g = 1, and for "
                f"g = -2 it is {got[at]:.6g}, not {-2 * one[at]:.6g}. "
                "Likely mistake: a rule that does not multiply by g."
            )


def _compare(answer, want, x=None):
    """End the check unless answer is what is wanted. x: the points, if it has a value for each."""
    if answer is ... or answer is NotImplemented:
        raise _NotAttempted
    if isinstance(want, str):
        if callable(answer):
            raise _Wrong(f'a name is written in quotes, as in "{answer.__name__}".')
        if answer != want:
            raise _Wrong(f"{reprlib.repr(answer)} is not the one.")
    elif isinstance(want, tuple):
        if not isinstance(answer, (tuple, list, int)):
            raise _Wrong(f"a shape such as (2, 3) or (2,) is needed, not {_kind(answer)}.")
        if answer != want:
            raise _Wrong(f"it is {reprlib.repr(answer)}, expected {want}.")
    else:
        _compare_numbers(_array(answer), _array(want), x)


def _array(answer):
    try:
        array = np.asarray(answer.numpy() if hasattr(answer, "numpy") else answer)
        if array.dtype.kind in "biuf" or array.dtype.kind == "O" and answer is not None:
            return array.astype(float)
    except OverflowError:
        raise _Wrong("it is beyond 1e308, too large for a float.") from None
    except (TypeError, ValueError):
        pass
    raise _Wrong(f"a number or an array of real numbers is needed, not {_kind(answer)}.")


def _kind(answer):
    if callable(answer) and hasattr(answer, "__name__"):
        return f"the {'class' if isinstance(answer, type) else 'function'} {answer.__name__}"
    if answer is None or np.iscomplexobj(answer):
        return "None" if answer is None else "complex ones"
    return f"a value of type {type(answer).__name__}"


def _compare_numbers(got, want, x):
    """They must agree to 6 digits or 1e-8: differences may be expected."""
    if got.shape != want.shape:
        one = f"one number is needed, not an array of shape {got.shape}."
        raise _Wrong(f"the shape is {got.shape}, expected {want.shape}." if want.shape else one)
    close = np.isclose(got, want, rtol=1e-6, atol=1e-8, equal_nan=True)
    if close.all():
        return
    error = np.where(close, 0, np.nan_to_num(np.abs(got - want), nan=np.inf))
    if x is not None and error[np.abs(x) <= 4].any():
        error[np.abs(x) > 4] = 0  # far away it may be wrong for another reason, or by more
    worst = np.unravel_index(error.argmax(), error.shape)
    place = f"at index {tuple(map(int, worst))} " if got.ndim else ""
    place = f"at x = {x[worst]:.6g} " if x is not None else place
    a, b = got[worst], want[worst]
    n = 10 if f"{a:.6g}" == f"{b:.6g}" else 6
    raise _Wrong(f"{place}it is {a:z.{n}g}, expected {b:z.{n}g}. {mistake(got, want, x)}".strip())


def _is_stub(cause, cell):
    """Whether the cell itself raises NotImplementedError; what a base class leaves open is none."""
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(cause.__traceback__)]
    return isinstance(cause, NotImplementedError) and files[-1:] == [cell]


def _in_words(error, setting, cell):
    """What is printed of an attempt that ended in this error. cell: the file that calls check."""
    cause, likely = error.__cause__ or error, getattr(error, "likely", "")
    words = explained(error).removesuffix(f" Likely mistake: {likely}")
    # Words tell what is missing, as the errors of a reader's own engine are of other classes.
    missing = isinstance(cause, _NotAttempted) or _is_stub(cause, cell) or "llipsis" in str(cause)
    if "a rule of" in words and missing or "there is no rule" in words:
        return "not attempted yet: a rule is missing"
    if missing:
        return "not attempted yet"
    if isinstance(error, _Wrong):
        return f"not yet: {setting}{error}"
    if likely:
        return f"not yet: {setting}likely mistake: {likely}. ({words})"
    # The cause of a failed operation begins within it; the line that called it is the error's.
    frames = [*traceback.walk_tb(error.__traceback__), *traceback.walk_tb(cause.__traceback__)]
    lines = [line for frame, line in frames if frame.f_code.co_filename == cell]
    line = f"in line {lines[-1]}, " if lines else ""
    return f"not yet: {setting}{_raised(cause, words, line)}"


def _raised(cause, words, line):
    """What an attempt raised, where there are better words for it than the error's own."""
    if "NoneType" in str(cause) or "returned None" in str(cause):
        return "something is None where a value is needed; is a `return` missing?"
    if "truth value of an array" in str(cause):
        return f"{line}`if` and `max` want one answer, an array has many: use np.where."
    if isinstance(cause, RecursionError):
        return "it calls itself without end, or too deeply."
    if isinstance(cause, _TooLong):
        why = "does a loop never end, or is work done again and again?"
        return f"{line}it still runs after {cause} seconds: {why}"
    if isinstance(cause, SystemExit):
        return f"{line}it ends Python with exit(); an answer comes by `return`."
    if isinstance(cause, AssertionError):
        return words if str(cause) else f"{line}what is asserted does not hold."
    return line + words


@contextmanager
def _stopped_after(seconds):
    """Stop what runs within after some seconds, in any thread and on any system: by tracing it."""
    end, before = time.monotonic() + seconds, sys.gettrace()

    def trace(frame, event, argument):
        if time.monotonic() > end:
            raise _TooLong(f"{seconds:g}")
        if frame.f_globals.get("__name__", "").startswith(("mini_autograd", "numpy")):
            return None  # nothing in there is endless
        frame.f_trace_opcodes = True  # `while True: pass` in one line never comes to another
        return trace

    sys.settrace(trace)
    try:
        yield
        if time.monotonic() > end:  # a bare `except` of the attempt has swallowed it
            raise _TooLong(f"{seconds:g}")
    finally:
        sys.settrace(before)
