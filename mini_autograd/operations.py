"""The other element-wise operations, and ways to make tensors; each is three or four lines."""

import numpy as np

from mini_autograd.engine import Tensor, numeric, primitive, where

# Element-wise functions.


@primitive
def exp(x):
    return np.exp(x)


exp.vjp(lambda g, y, x: g * y)


@primitive
def expm1(x):
    """exp(x) - 1, without losing the digits of a small x."""
    return np.expm1(x)


expm1.vjp(lambda g, y, x: g * exp(x))


@primitive
def log1p(x):
    """log(1 + x), without losing the digits of a small x."""
    return np.log1p(x)


log1p.vjp(lambda g, y, x: g / (1 + x))


@primitive
def sqrt(x):
    """The square root; its slope at 0 is inf."""
    return np.sqrt(x)


sqrt.vjp(lambda g, y, x: g / (2 * y))


@primitive
def square(x):
    return x * x


square.vjp(lambda g, y, x: g * 2 * x)


@primitive
def hypot(a, b):
    """sqrt(a**2 + b**2), without overflow on the way; at a = b = 0 the gradient is nan."""
    return np.hypot(a, b)


hypot.vjp(lambda g, y, a, b: g * (a / y), lambda g, y, a, b: g * (b / y))


def _share(g, first, tie):
    """The gradient of an argument that is chosen where `first` holds; a tie gives half."""
    return where(first, g, where(tie, g * 0.5, 0.0))


@primitive
def maximum(a, b):
    """The larger of each pair; where they tie each gets half the gradient, as in PyTorch."""
    return np.maximum(a, b)


maximum.vjp(
    lambda g, y, a, b: _share(g, a > b, a == b),
    lambda g, y, a, b: _share(g, b > a, a == b),
)


@primitive
def minimum(a, b):
    """The smaller of each pair; where they tie each gets half the gradient, as in PyTorch."""
    return np.minimum(a, b)


minimum.vjp(
    lambda g, y, a, b: _share(g, a < b, a == b),
    lambda g, y, a, b: _share(g, b < a, a == b),
)


# Making tensors. A size is given as numbers or as one tuple; options are dtype and requires_grad.


def _size(name, size):
    """size, whole numbers or one tuple of them, as a sequence."""
    size = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    if not all(hasattr(n, "__index__") for n in size):
        raise TypeError(f"{name}: a size is whole numbers, or one tuple of them, not {size!r:.80}")
    return size


def _numbers(name, *given):
    """What is given, refused unless each is a number."""
    if not all(hasattr(n, "__float__") for n in given):
        raise TypeError(f"{name}: numbers are needed, not {given!r:.80}")
    return given


def zeros(*size, **options):
    return Tensor(np.zeros(_size("zeros", size)), **options)


def ones(*size, **options):
    return Tensor(np.ones(_size("ones", size)), **options)


def zeros_like(x, **options):
    x = numeric(x, "zeros_like: ")
    return Tensor(np.zeros(x.shape, x.dtype), **options)


def ones_like(x, **options):
    x = numeric(x, "ones_like: ")
    return Tensor(np.ones(x.shape, x.dtype), **options)


def arange(start, end=None, step=1, **options):
    """start, start + step, ... up to but without end; arange(end) starts at 0."""
    start, end = (0, start) if end is None else (start, end)
    return Tensor(np.arange(*_numbers("arange", start, end, step)), **options)


def linspace(start, end, steps, **options):
    """`steps` evenly spaced numbers from start to end, both included."""
    return Tensor(np.linspace(*_numbers("linspace", start, end, steps)), **options)


def rand(*size, generator=None, **options):
    """Uniform on [0, 1), from a numpy.random.Generator; without one the draw has no seed."""
    return Tensor(np.random.default_rng(generator).random(_size("rand", size)), **options)


def randn(*size, generator=None, **options):
    """Standard normal, from a numpy.random.Generator; without one the draw has no seed."""
    return Tensor(np.random.default_rng(generator).standard_normal(_size("randn", size)), **options)
