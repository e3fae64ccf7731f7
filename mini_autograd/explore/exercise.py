"""The check below an exercise: is an attempt right, and if not, what does it look like?"""

import functools
import textwrap

import numpy as np

from mini_autograd.engine import Tensor as _Tensor
from mini_autograd.explore.curve import by_autograd, examine
from mini_autograd.explore.words import explained, minus, mistake, verdict
from mini_autograd.gradcheck import gradcheck

_POINTS = np.array([-4.0, -2.5, -1.2, -0.7, -0.2, 0.0, 0.3, 0.8, 1.6, 2.7, 4.0])
_FAR = np.array([-1000.0, -40.0, 40.0, 1000.0])


class _Wrong(Exception):
    """What is wrong with an attempt, in words."""


def check(attempt, expected=None, *, at=None, gradient=None, Tensor=_Tensor, **parameters):
    """Print whether an attempt at an exercise is right, and if not, the likely mistake.

    attempt is a number, a shape, an array or a tensor, compared with expected; or a function, with
    the function (or values) expected at the array `at`, or at a tuple of them, one an argument.
    parameters go to both. With gradient=True it is called with Tensors, and its gradient compared
    with differences of its values; an operation that has rules is always checked so.
    Without `at` it is tried from -4 to 4, and at ±40 and ±1000, where it must not turn into nan.
    An attempt that is ..., returns ..., or raises NotImplementedError, is not one yet.
    """
    try:
        with np.errstate(all="ignore"):
            if callable(attempt):
                gradient = hasattr(attempt, "vjp") if gradient is None else gradient
                _check_function(attempt, expected, at, gradient, Tensor, parameters)
            elif expected is None:
                raise TypeError("check: an attempt that is no function needs what is expected")
            elif isinstance(expected, tuple) and isinstance(attempt, (tuple, int)):  # a shape
                if attempt != expected:
                    raise _Wrong(f"not yet: it is {attempt}, expected {expected}.")
            else:
                _compare(_array(attempt), np.asarray(expected, float))
        print("correct: values and gradient." if callable(attempt) and gradient else "correct.")
    except _Wrong as wrong:
        print(textwrap.fill(str(wrong), 90, break_on_hyphens=False))


def _check_function(attempt, expected, at, gradient, Tensor, parameters):
    f = functools.partial(attempt, **parameters)
    f.__name__ = getattr(attempt, "__name__", "the function")
    near = at if isinstance(at, tuple) else (at,)
    if at is None:
        # At a kink only a single operation is sure to have a slope between those of its sides.
        composed = gradient and not hasattr(attempt, "vjp")
        near = (_POINTS[_POINTS != 0] if composed else _POINTS,)
    near = [np.asarray(x, float) for x in near]
    tried = [np.append(near[0], _FAR)] if at is None else near

    got = _array(_attempted(f, *map(Tensor if gradient else np.array, tried)))
    element_wise = len(tried) == 1 and got.shape == tried[0].shape and got.ndim < 2
    if expected is not None:
        want = expected(*tried, **parameters) if callable(expected) else expected
        _compare(got, np.asarray(want, float), tried[0] if element_wise else None)
    if gradient and element_wise:
        _check_slopes(f, near[0].ravel(), tried[0].ravel(), Tensor)
    if gradient:
        _attempted(gradcheck, f, *near, Tensor=Tensor)


def _check_slopes(f, near, tried, Tensor):
    """The gradient of an element-wise function against differences; far away, whether it is nan."""
    y, slope = _attempted(by_autograd, f, tried, Tensor)
    n = len(near)
    try:
        curve = examine(lambda x: f(Tensor(x)).numpy(), near, y[:n], slope[:n])
    except Exception:
        return  # it only kept the shape by chance, and each value depends on other elements
    if curve.error.any():
        said = verdict(curve, "the gradient", composed=not hasattr(f.func, "vjp"))
        raise _Wrong(f"not yet: {said.partition(': ')[2]}".strip())
    bad = tried[np.isnan(slope) & np.isfinite(y)]
    if len(bad):
        raise _Wrong(minus(f"not yet: the gradient is nan at x = {bad[0]:.6g}."))


def _attempted(function, *arguments, **named):
    """The result of a call that runs the attempt; a stub, or an error, ends the check."""
    try:
        return function(*arguments, **named)
    except Exception as error:
        cause = error.__cause__ or error
        words, _, likely = explained(error).partition(" Likely mistake: ")
    # Words tell what is missing, as the errors of a reader's own engine are of other classes.
    missing = isinstance(cause, NotImplementedError) or "ellipsis" in str(cause)
    if "a rule of" in words and missing or "there is no rule" in words:
        raise _Wrong("not yet: a rule is still missing.")
    if missing:
        raise _Wrong("not attempted yet")
    if "NoneType" in str(cause):
        raise _Wrong("not yet: something is None where a value is needed; is a `return` missing?")
    raise _Wrong(f"not yet: likely mistake: {likely}. ({words})" if likely else f"not yet: {words}")


def _array(answer):
    if answer is ...:
        raise _Wrong("not attempted yet")
    if answer is None:
        raise _Wrong("not yet: it is None; is a `return` missing?")
    try:
        return np.asarray(answer.numpy() if hasattr(answer, "numpy") else answer, float)
    except (TypeError, ValueError):
        name = type(answer).__name__
        raise _Wrong(f"not yet: a number or an array is needed, not a {name}.") from None


def _compare(got, want, x=None):
    """End the check unless the arrays agree to 6 digits or 1e-8: differences may be expected."""
    if got.shape != want.shape:
        raise _Wrong(f"not yet: the shape is {got.shape}, expected {want.shape}.")
    close = np.isclose(got, want, rtol=1e-6, atol=1e-8, equal_nan=True)
    if close.all():
        return
    error = np.where(close, 0, np.nan_to_num(np.abs(got - want), nan=np.inf))
    if x is not None and error[np.abs(x) <= 4].any():
        error[np.abs(x) > 4] = 0  # far away it may be wrong for another reason, or by more
    worst = np.unravel_index(error.argmax(), error.shape)
    place = f" at index {tuple(map(int, worst))}" if got.ndim else ""
    place = f" at x = {x[worst]:.6g}" if x is not None else place
    text = minus(f"not yet:{place} it is {got[worst]:.6g}, expected {want[worst]:.6g}.")
    raise _Wrong(f"{text} {mistake(got, want, x)}".strip())
