"""Smooth maximum units: leaky ReLU's max(x, alpha * x) made smooth."""

import numpy as np

from mini_autograd.engine import floating, primitive
from mini_autograd.nn.functional.gated import normal_gate
from mini_autograd.nn.functional.smooth import squareplus


@primitive
def _line(x, slope):
    """slope * x; of slope 0 it is 0 even at an infinite x, where 0 * inf would be nan."""
    return slope * np.where((slope == 0) & np.isinf(x), 0.0, x)


_line.vjp(lambda g, y, x, slope: g * slope, lambda g, y, x, slope: g * x)


def smu(x, alpha=0.25, mu=1.0):
    """Smooth maximum unit: ((1 + alpha) x + (1 - alpha) x erf(mu (1 - alpha) x)) / 2, element-wise.

    Any shape, floating point; the result keeps shape and dtype. alpha <= 1 is the slope at -inf;
    the larger mu, the closer to leaky ReLU, and with mu < 0 to min(x, alpha * x). Both may be
    learned tensors. PyTorch has none.
    Gradient: (1 + alpha) / 2 at 0; from the operations it is made of, for alpha and mu too.
    Numerics: it is alpha * x and a gelu of (1 - alpha) * x with another scale, which keeps the
    digits at the far left that 1 + erf loses.
    Raises: TypeError if x is not floating point.
    Reference: Biswas, Kumar, Banerjee, Pandey (2022), arXiv:2111.04682.

    >>> [round(y, 4) for y in smu(tensor([-4.0, 0.0, 4.0])).tolist()]
    [-1.0, 0.0, 4.0]
    """
    x = floating(x, "smu: ")
    return _line(x, alpha) + normal_gate(_line(x, 1 - alpha), mu)


def smu1(x, alpha=0.25, mu=1.0):
    """The other smooth maximum unit: ((1 + alpha) x + sqrt(((1 - alpha) x)**2 + mu**2)) / 2.

    Any shape, floating point, element-wise; the result keeps shape and dtype. alpha <= 1 is the
    slope at -inf; mu = 0 is leaky ReLU, and mu ** 2 must not overflow (in float32 from 1.8e19 on).
    Both may be learned tensors, mu from a start other than 0. PyTorch has none.
    Gradient: (1 + alpha) / 2 at 0; from the operations it is made of, for alpha and mu too.
    Numerics: it is alpha * x + squareplus, which does not cancel.
    Raises: TypeError if x is not floating point.
    Reference: Biswas, Kumar, Banerjee, Pandey (2022), arXiv:2111.04682.

    >>> [round(y, 4) for y in smu1(tensor([-4.0, 0.0, 4.0])).tolist()]
    [-0.9189, 0.5, 4.0811]
    """
    x = floating(x, "smu1: ")
    return _line(x, alpha) + squareplus(_line(x, 1 - alpha), mu * mu)
