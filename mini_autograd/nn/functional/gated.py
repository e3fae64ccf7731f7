"""Gates: x times a number between 0 and 1 that x itself decides."""

import math

import numpy as np

from mini_autograd.engine import floating, primitive, where
from mini_autograd.nn.functional.squashing import hardtanh, sigmoid
from mini_autograd.operations import exp


def _bell(x):
    """exp(-x**2); it is 0 beyond 30, where x**2 might overflow."""
    x = hardtanh(x, -30.0, 30.0)
    return exp(-x * x)


@primitive
def erf(x):
    """Error function: 2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x, element-wise.

    Any shape, floating point; the result keeps shape and dtype, and lies between -1 and 1.
    Gradient: 2 / sqrt(pi) * exp(-x**2).
    Raises: TypeError if x is not floating point.

    >>> round(erf(tensor(1.0)).item(), 4)
    0.8427
    """
    from scipy import special  # here, because importing it takes longer than all of this package

    return special.erf(floating(x))


erf.vjp(lambda g, y, x: g * (2 / math.sqrt(math.pi) * _bell(x)))


@primitive
def erfc(x):
    """Complementary error function: 1 - erf(x), element-wise, from 2 at -inf to 0 at inf.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: -2 / sqrt(pi) * exp(-x**2).
    Numerics: where erf(x) is nearly 1 this keeps the digits that 1 - erf(x) loses.
    Raises: TypeError if x is not floating point.

    >>> print(f"{erfc(tensor(10.0)).item():.4g}")
    2.088e-45
    """
    from scipy import special

    return special.erfc(floating(x))


erfc.vjp(lambda g, y, x: g * (-2 / math.sqrt(math.pi) * _bell(x)))


@primitive
def _swish_slope(z):
    """The slope of silu, s + z * s * (1 - s) with s = sigmoid(z): an operation has a slope too."""
    z = np.minimum(np.maximum(z, -1e3), 1e3)  # an infinite z would meet a gate of 0
    e = np.exp(-np.abs(z))
    return (np.maximum(e, z > 0) + z * e / (1 + e)) / (1 + e)


@_swish_slope.vjp
def _(g, y, z):
    z = hardtanh(z, -1e3, 1e3)
    gate, rest = sigmoid(z), sigmoid(-z)
    return g * (gate * rest * (2 + z * (rest - gate)))


def _swish_beta(g, y, x, beta):
    x = hardtanh(x, -1e30, 1e30)
    return g * (x * (sigmoid(beta * x) * sigmoid(-beta * x)) * x)


@primitive
def swish(x, beta=1.0):
    """Swish: x * sigmoid(beta * x), element-wise. PyTorch has it for beta = 1 only, as silu.

    Any shape, floating point; the result keeps shape and dtype. beta may be a learned tensor.
    beta = 0 is x / 2, and the larger beta, the closer to ReLU; the minimum is -0.27846 / beta, at
    x = -1.27846 / beta.
    Gradient: s + beta * x * s * (1 - s) with s = sigmoid(beta * x), and for beta
    x**2 * s * (1 - s).
    Numerics: s * (1 - s) as in sigmoid; what meets a gate of 0 is kept finite, for inf * 0 is nan.
    Raises: TypeError if x is not floating point.
    Reference: Ramachandran, Zoph, Le (2017), arXiv:1710.05941.

    >>> [round(y, 4) for y in swish(tensor([-1000.0, -1.0, 1000.0])).tolist()]
    [-0.0, -0.2689, 1000.0]
    """
    x = floating(x)
    return np.maximum(x, np.finfo(x.dtype).min) * sigmoid(beta * x)


swish.vjp(lambda g, y, x, beta: g * _swish_slope(beta * x), _swish_beta)


def silu(x):
    """Sigmoid linear unit: x * sigmoid(x), element-wise; the swish of beta = 1.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: as in swish. It is negative up to x = -1.27846, and exceeds 1 from 1.27846 on.
    Raises: TypeError if x is not floating point.
    Reference: Elfwing, Uchibe, Doya (2018), arXiv:1702.03118.

    >>> round(silu(tensor(-1.0)).item(), 4)
    -0.2689
    """
    return swish(x)


def gelu(x, approximate="none"):
    """Gaussian error linear unit: x * P(Z <= x), Z standard normal, element-wise.

    Any shape, floating point; the result keeps shape and dtype. approximate="tanh" replaces the
    normal distribution by (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2.
    Gradient: P(Z <= x) + x * exp(-x**2 / 2) / sqrt(2 pi).
    Numerics: erfc and sigmoid keep the digits at the far left that 1 + erf and 1 + tanh lose.
    Raises: TypeError if x is not floating point; ValueError for another approximate.
    Reference: Hendrycks, Gimpel (2016), arXiv:1606.08415.

    >>> [round(gelu(tensor(-1.0), form).item(), 4) for form in ("none", "tanh")]
    [-0.1587, -0.1588]
    """
    if approximate == "none":
        return normal_gate(x, math.sqrt(0.5))
    if approximate == "tanh":
        x = floating(x, "gelu: ")
        z = hardtanh(x, -30.0, 30.0)  # beyond, the gate is 0 or 1; z * z cannot overflow
        y = swish(z, math.sqrt(8 / math.pi) * (1 + 0.044715 * z * z))
        return where(x >= 30.0, x, y)
    raise ValueError(f'gelu: approximate is "none" or "tanh", not {approximate!r}')


def _normal_gate_x(g, y, x, beta):
    z = hardtanh(beta * x, -30.0, 30.0)
    return g * (0.5 * erfc(-z) + z * exp(-z * z) / math.sqrt(math.pi))


@primitive
def normal_gate(x, beta):
    """x * P(Z <= sqrt(2) * beta * x), Z standard normal: swish with another gate."""
    x = floating(x)
    return np.maximum(x, np.finfo(x.dtype).min) * (0.5 * erfc(-beta * x))


normal_gate.vjp(
    _normal_gate_x,
    lambda g, y, x, beta: g * (x * _bell(beta * x) * x / math.sqrt(math.pi)),
)


@primitive
def mish(x):
    """Mish: x * tanh(softplus(x)), element-wise.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: with u = exp(x), u * (4 (x + 1) + 4 u**2 + u**3 + u (4 x + 6)) / (u**2 + 2 u + 2)**2.
    Numerics: tanh(softplus(x)) is n / (n + 2) with n = u * (u + 2), without a logarithm; beyond 22
    it is 1, and u is kept from overflowing.
    Raises: TypeError if x is not floating point.
    Reference: Misra (2020), arXiv:1908.08681.

    >>> [round(y, 4) for y in mish(tensor([-1000.0, -1.0, 1000.0])).tolist()]
    [-0.0, -0.3034, 1000.0]
    """
    x = floating(x)
    u = np.exp(np.minimum(x, 22.0))
    n = u * (u + 2)
    return np.maximum(x, np.finfo(x.dtype).min) * (n / (n + 2))


@mish.vjp
def _(g, y, x):
    x = hardtanh(x, -1e30, 22.0)
    u = exp(x)
    return g * (u * (4 * (x + 1) + u * (4 * x + 6 + u * (4 + u))) / (u * (u + 2) + 2) ** 2)


@primitive
def hardswish(x):
    """Swish with straight lines in its gate: x * min(max(x + 3, 0), 6) / 6, element-wise.

    Any shape, floating point; the result keeps shape and dtype.
    Gradient: 0 up to x = -3, (2 x + 3) / 6, then 1 from 3 on; at -3 it is 0 and at 3 it is 1, as in
    PyTorch.
    Raises: TypeError if x is not floating point.
    Reference: Howard et al. (2019), arXiv:1905.02244.

    >>> hardswish(tensor([-4.0, 1.5, 4.0])).tolist()
    [-0.0, 1.125, 4.0]
    """
    x = np.maximum(floating(x), -3.0)
    return x * (np.minimum(x + 3, 6.0) / 6)


@hardswish.vjp
def _(g, y, x):
    inside = (x > -3) * (x < 3)
    return g * (inside * (2 * hardtanh(x, -3.0, 3.0) + 3) / 6 + (x >= 3))
