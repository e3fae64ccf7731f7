"""Activations that squash the real line into an interval."""

import numpy as np

from mini_autograd.engine import abs, floating, primitive


@primitive
@np.errstate(over="ignore")
def sigmoid(x):
    """Logistic sigmoid: 1 / (1 + exp(-x)), element-wise, from 0 at -inf to 1 at inf.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: sigmoid(x) * sigmoid(-x), at most 1/4, at 0.
    Numerics: exp(-x) may overflow to inf; 1 / (1 + inf) is the right limit. The usual y * (1 - y)
    is 0 from x = 37 on; a product of two sigmoids keeps its digits at both ends.
    Raises: TypeError if x is not floating point.

    >>> sigmoid(tensor([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return 1 / (1 + np.exp(-floating(x)))


@sigmoid.vjp
def _(g, y, x):
    return g * (y * sigmoid(-x))


@primitive
def logsigmoid(x):
    """Logarithm of the sigmoid: -log(1 + exp(-x)), element-wise, from -inf up to 0.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: sigmoid(-x).
    Numerics: min(x, 0) - log1p(exp(-abs(x))) is the same number, without overflow at the far left
    and without the 0 that log(sigmoid(x)) is from x = 37 on.
    Raises: TypeError if x is not floating point.

    >>> logsigmoid(tensor([-1000.0, 1000.0])).tolist()
    [-1000.0, 0.0]
    """
    return np.minimum(floating(x), 0.0) - np.log1p(np.exp(-np.abs(x)))


logsigmoid.vjp(lambda g, y, x: g * sigmoid(-x))


@primitive
def tanh(x):
    """Hyperbolic tangent: (exp(x) - exp(-x)) / (exp(x) + exp(-x)), element-wise, from -1 to 1.

    Any shape, floating point; the result keeps shape and dtype. tanh(x) = 2 sigmoid(2 x) - 1.
    Gradient: 1 - tanh(x) ** 2, at most 1, at 0.
    Numerics: 1 - y * y is 0 from x = 19 on; with u = exp(-2 abs(x)) the gradient is
    4 u / (1 + u) ** 2, which keeps its digits.
    Raises: TypeError if x is not floating point.

    >>> tanh(tensor([-1000.0, 0.0, 1000.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    return np.tanh(floating(x))


tanh.vjp(lambda g, y, x: g * _tanh_slope(x))


@primitive
@np.errstate(over="ignore")
def _tanh_slope(x):
    """An operation with a rule, so that the second derivative takes no detour through its parts."""
    u = np.exp(-2.0 * np.abs(x))
    return 4.0 * u / (1.0 + u) ** 2


_tanh_slope.vjp(lambda g, y, x: g * (-2.0 * y * tanh(x)))


def scaled_tanh(x, alpha=1.7159, beta=2 / 3):
    """LeCun's scaled tanh: alpha * tanh(beta * x), element-wise. PyTorch has none.

    Any shape, floating point; the result keeps shape and dtype. alpha is the limit at inf, and
    alpha * beta the slope at 0; with these two scaled_tanh(1) is 1. Both may be learned tensors.
    Gradient: alpha * beta * (1 - tanh(beta * x) ** 2).
    Raises: TypeError if x is not floating point.
    Reference: LeCun, Bottou, Orr, Müller (1998), doi:10.1007/3-540-49430-8_2.

    >>> round(scaled_tanh(tensor(1.0)).item(), 4)
    1.0
    """
    return alpha * tanh(beta * floating(x, "scaled_tanh: "))


@primitive
def hardtanh(x, min_val=-1.0, max_val=1.0):
    """A straight line cut off at both ends: min(max(x, min_val), max_val), element-wise.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: 1 between min_val and max_val, else 0; at both of them 0, as in PyTorch.
    Raises: TypeError if x is not floating point; ValueError if min_val > max_val.
    Reference: Collobert (2004), PhD thesis, Université Paris 6.

    >>> hardtanh(tensor([-3.0, 0.5, 3.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    if min_val > max_val:
        raise ValueError(f"min_val {min_val} must not be greater than max_val {max_val}")
    return np.minimum(np.maximum(floating(x), min_val), max_val)


hardtanh.vjp(lambda g, y, x, min_val, max_val: g * ((x > min_val) * (x < max_val)))


def hardsigmoid(x):
    """A straight line in place of the sigmoid: 0 up to x = -3, (x + 3) / 6, then 1 from 3 on.

    Any shape, floating point, element-wise; the result keeps shape and dtype.
    Gradient: 1/6 between -3 and 3, else 0; at both of them 0, as in PyTorch.
    Numerics: x + 3 before the division keeps the digits near -3 that x / 6 + 1/2 loses.
    Raises: TypeError if x is not floating point.
    Reference: Courbariaux, Bengio, David (2015), arXiv:1511.00363; with these ends Howard et al.
    (2019), arXiv:1905.02244.

    >>> hardsigmoid(tensor([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return (hardtanh(x, -3.0, 3.0) + 3) / 6


@primitive
def softsign(x):
    """x / (1 + abs(x)), element-wise: from -1 to 1 like tanh, but slow to reach them.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: 1 / (1 + abs(x)) ** 2, which is 1 at 0.
    Numerics: beyond 1e30 the result is 1 already, and x stays finite there, for inf / inf is nan;
    two divisions in the gradient where a square could overflow.
    Raises: TypeError if x is not floating point.
    Reference: Turian, Bergstra, Bengio (2009), https://aclanthology.org/N09-2062.

    >>> softsign(tensor([-1.0, 0.0, 3.0])).tolist()
    [-0.5, 0.0, 0.75]
    """
    x = hardtanh(x, -1e30, 1e30)
    return x / (1 + np.abs(x))


softsign.vjp(lambda g, y, x: g / (1 + abs(x)) / (1 + abs(x)))
