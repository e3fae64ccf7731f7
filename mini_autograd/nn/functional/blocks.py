"""Parts of the blocks that deep networks are stacked from: norms, and units that gate others."""

import math

import numpy as np

from mini_autograd.engine import floating, mean, primitive, reduced_size
from mini_autograd.nn.functional.squashing import sigmoid


@primitive
def centered(x, dim):
    """x less its mean along dim, an axis or several.

    Gradient: the centred g, for what moves all x alike moves nothing.
    Numerics: the mean is rounded, by up to half a unit in the last place of x; what the difference
    left of that rounding is a mean too, and goes in a second round.
    """
    x = floating(x)
    for _ in range(2):
        x = x - mean(x, dim, True)
    return x


centered.vjp(lambda g, y, x, dim: centered(g, dim))


@primitive
def reciprocal_rms(x, dim, eps):
    """1 / sqrt(mean(x**2) + eps) along dim, an axis or several, which stay, of length 1.

    Gradient: -y**3 * x / n, for each of the n along dim.
    Numerics: x**2 of large x, of which the largest is made 1 before, cannot overflow.
    Raises: ValueError if eps < 0.
    """
    if not eps >= 0:
        raise ValueError(f"eps must not be negative, as in {eps}")
    largest = np.max(np.abs(floating(x)), axis=dim, keepdims=True, initial=1.0)
    x = x / largest
    return 1 / (np.sqrt(mean(x * x, dim, True) + eps / largest / largest) * largest)


@reciprocal_rms.vjp
def _(g, y, x, dim, eps):
    return -(g * y) * (y * x) * (y / reduced_size(x, dim))


@primitive
def unit_rms(x, dim, eps):
    """x * reciprocal_rms(x, dim, eps): each row of about the length of a row of ones.

    Gradient: with r = reciprocal_rms(x, dim, eps), r * (g - y * mean(g * y)) along dim.
    """
    return x * reciprocal_rms(x, dim, eps)


@unit_rms.vjp
def _(g, y, x, dim, eps):
    r, along = reciprocal_rms(x, dim, eps), mean(g * y, dim, True)
    g = g - y * along
    # Once more: where one x outweighs its row, what the difference left of its g is all rounding
    # error. A share of eps * r**2 is to stay.
    return r * (g - y * (mean(g * y, dim, True) - along * (eps * r * r)))


def rms_norm(x, normalized_shape, weight=None, eps=None):
    """Root mean square normalisation: x / sqrt(mean(x**2) + eps) * weight, over the last axes.

    x: floating point, its last axes of normalized_shape, a number or several; weight: of that shape
    or None. The result keeps the shape. Each row, which is what lies along those axes, is made as
    long as a row of ones; multiplying it by a positive number changes nothing but for eps, by
    default the spacing of floating-point numbers at 1.
    Gradient: with h = g * weight and the y of weight 1, (h - y * mean(h * y)) / sqrt(mean(x**2) +
    eps); for weight it is g * y, summed over the rows. A row of zeros has h / sqrt(eps).
    Numerics: x**2 cannot overflow. With eps = 0 a row of zeros is nan.
    Raises: TypeError if x is not floating point; ValueError for shapes that do not fit, or eps < 0.
    Reference: Zhang, Sennrich (2019), arXiv:1910.07467.

    >>> rms_norm(tensor([8.0, 0.0, 0.0, 0.0]), 4).tolist()
    [2.0, 0.0, 0.0, 0.0]
    """
    x, dim = _along("rms_norm: ", x, normalized_shape, weight=weight)
    y = unit_rms(x, dim, np.finfo(x.dtype).eps if eps is None else eps)
    return y if weight is None else y * weight


def layer_norm(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Layer normalisation: (x - mean(x)) / sqrt(var(x) + eps) * weight + bias, over the last axes.

    x: floating point, its last axes of normalized_shape, a number or several; weight and bias: of
    that shape or None. The result keeps the shape. Each row, which is what lies along those axes,
    is centred and then divided as in rms_norm: var is the mean of the squared deviations. Adding
    one number to a row changes nothing.
    Gradient: the centred gradient of rms_norm; for bias it is g, summed over the rows.
    Numerics: the mean is subtracted before anything is squared, and twice, which keeps the digits
    of a row far from 0. With eps = 0 a row of equal numbers is nan, or what rounding makes of it.
    Raises: TypeError if x is not floating point; ValueError for shapes that do not fit, or eps < 0.
    Reference: Ba, Kiros, Hinton (2016), arXiv:1607.06450.

    >>> layer_norm(tensor([[1e6 + 1, 1e6 - 1, 1e6, 1e6]]), 4, eps=0.5).tolist()
    [[1.0, -1.0, 0.0, 0.0]]
    """
    x, dim = _along("layer_norm: ", x, normalized_shape, weight=weight, bias=bias)
    y = rms_norm(centered(x, dim), normalized_shape, weight, eps)
    return y if bias is None else y + bias


def _along(name, x, normalized_shape, **parameters):
    """x, and the last axes that normalized_shape names; refused where a shape does not fit."""
    x = floating(x, name)
    shape = np.broadcast_shapes(normalized_shape)  # a number becomes (number,)
    if math.prod(shape) < 1 or not shape or x.shape[-len(shape) :] != shape:
        raise ValueError(f"{name}x of shape {x.shape} does not end in normalized_shape {shape}")
    for of, values in parameters.items():
        if values is not None and (given := floating(values, name).shape) != shape:
            raise ValueError(f"{name}{of} needs the shape {shape}, not {given}")
    return x, tuple(range(-len(shape), 0))


def glu(x, dim=-1):
    """Gated linear unit: a * sigmoid(b), a and b the first and the second half of x along dim.

    Any shape whose axis dim is even, floating point; the result keeps the dtype, and half of that
    axis. What a carries passes as far as b, another unit, opens the gate.
    Gradient: g * sigmoid(b) for a, and g * a * sigmoid(b) * sigmoid(-b) for b.
    Raises: TypeError if x is not floating point; IndexError if x has no axis dim; ValueError if it
    cannot be halved.
    Reference: Dauphin, Fan, Auli, Grangier (2017), arXiv:1612.08083.

    >>> glu(tensor([2.0, 3.0, 0.0, -1000.0])).tolist()
    [1.0, 0.0]
    """
    x = floating(x, "glu: ")
    if not -x.ndim <= dim < x.ndim:
        raise IndexError(f"glu: axis {dim} is out of bounds for the shape {x.shape}")
    if x.shape[dim] % 2:
        raise ValueError(f"glu: axis {dim} of the shape {x.shape} cannot be halved")
    before, n = (slice(None),) * (dim % x.ndim), x.shape[dim] // 2
    return x[(*before, slice(n))] * sigmoid(x[(*before, slice(n, None))])
