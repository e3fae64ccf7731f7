"""Numerical derivatives: what the values of a function tell about its slope."""

import numpy as np


def step(x):
    """The step of a central difference at x: cbrt(eps) * max(1, |x|), about 6e-6 near 0.

    A longer step misses how f bends: an error of h**2 / 6 times its third derivative. A shorter one
    magnifies the rounding of its values: an error of eps / h times f. The two are alike near
    cbrt(eps) if f bends over distances of about max(1, |x|). If f is finer than that, the step is
    too long: sin at 1e6 is given a step of 6.
    """
    return np.cbrt(np.finfo(float).eps) * np.maximum(1, np.abs(x))


def derivative(f, x, h=None):
    """The slope of an element-wise function: (f(x + h) - f(x - h)) / 2h, the central difference.

    x: any shape, and the result has it too; x is not changed. f is called with float64, whatever x
    holds, and must treat each element by itself. h: positive, one for all elements or one for each;
    step(x) by default, and see there what that assumes: it gives sin at 1e6 the slope -0.03, which
    is 0.94. At a kink the result is the mean of the slopes on both sides; at a jump it is no slope.
    Raises: ValueError if f changes the shape, or h is lost in rounding; TypeError if f returns
    float32, which is too coarse.

    >>> f"{derivative(np.square, 3):.6f}"
    '6.000000'
    """
    x = _float64(x)
    rise, run = _rise_and_run(f, x, step(x) if h is None else h)
    if rise.shape != x.shape:
        shapes = f"shape {x.shape} into {rise.shape}"
        raise ValueError(f"derivative: f turned {shapes}, so it is not element-wise; use jacobian")
    return rise / run


def gradient(f, x):
    """The slopes of a function that makes one number of an array, by central differences.

    The result has the shape of x: element i tells how fast f grows with x[i]. Steps, float64 and
    errors as in derivative.
    Raises: ValueError if f returns more than one number.

    >>> gradient(lambda x: (x * x).sum(), [1.0, 2.0]).round(6).tolist()
    [2.0, 4.0]
    """
    slopes = jacobian(f, x)
    if slopes.shape != np.shape(x):
        raise ValueError(
            "gradient: f must return one number, not an array; sum it, or use jacobian"
        )
    return slopes


def jacobian(f, x):
    """All slopes of a function of an array: [i, j] tells how fast f(x)[i] grows with x[j].

    i and j may be several indices: the shape is that of f(x) followed by that of x. By central
    differences, one element of x after the other; steps, float64 and errors as in derivative.

    >>> jacobian(np.cumsum, [5.0, 7.0]).round(6).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    x = _float64(x)
    slopes = np.empty(np.shape(f(x.copy())) + x.shape)
    for j in np.ndindex(x.shape):

        def along(value, j=j):
            moved = x.copy()
            moved[j] = value
            return f(moved)

        rise, run = _rise_and_run(along, x[j], step(x[j]))
        slopes[..., *j] = rise / run
    return slopes[()]


def _rise_and_run(f, x, h):
    """f(x + h) - f(x - h), and the distance of these two points, not quite 2h after rounding."""
    left, right = x - h, x + h
    run = right - left
    if not np.all(run > 0):
        raise ValueError("x must be finite, and h positive and not lost in rounding: x - h < x + h")
    return _evaluate(f, right) - _evaluate(f, left), run


def _evaluate(f, x):
    """f(x) in float64. Coarser values are refused: divided by 2h their rounding hides the slope."""
    y = np.asarray(f(x))
    if y.dtype in (np.float16, np.float32):
        raise TypeError(f"f returned {y.dtype}, too coarse for differences: compute in float64")
    return _float64(y, "f must return")


def _float64(values, what="x must hold"):
    """A float64 copy of real numbers; integers stand for the floats of the same value."""
    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{what} real numbers, not {values.dtype}")
    return values.astype(float)
