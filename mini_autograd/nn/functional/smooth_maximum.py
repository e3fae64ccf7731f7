"""Smooth maximum units: leaky ReLU's max(x, alpha * x) made smooth."""

from mini_autograd.engine import floating
from mini_autograd.nn.functional.gated import normal_gate
from mini_autograd.nn.functional.smooth import squareplus


def smu(x, alpha=0.25, mu=1.0):
    """Smooth maximum unit: ((1 + alpha) x + (1 - alpha) x erf(mu (1 - alpha) x)) / 2, element-wise.

    Any shape, floating point; the result keeps shape and dtype. alpha <= 1 is the slope at -inf;
    the larger mu, the closer to leaky ReLU. Both may be learned tensors. PyTorch has none.
    Gradient: (1 + alpha) / 2 at 0; from the operations it is made of, for alpha and mu too.
    Numerics: it is alpha * x and the part (1 - alpha) of a gelu with another scale, which keep the
    digits at the far left that 1 + erf loses.
    Raises: TypeError if x is not floating point.
    Reference: Biswas, Kumar, Banerjee, Pandey (2022), arXiv:2111.04682.

    >>> [round(y, 4) for y in smu(tensor([-4.0, 0.0, 4.0])).tolist()]
    [-1.0, 0.0, 4.0]
    """
    x, c = floating(x), 1 - alpha
    return alpha * x + c * normal_gate(x, mu * c)


def smu1(x, alpha=0.25, mu=1.0):
    """The other smooth maximum unit: ((1 + alpha) x + sqrt(((1 - alpha) x)**2 + mu**2)) / 2.

    Any shape, floating point, element-wise; the result keeps shape and dtype. alpha is the slope at
    -inf; mu = 0 is leaky ReLU. Both may be learned tensors. PyTorch has none.
    Gradient: (1 + alpha) / 2 at 0; from the operations it is made of, for alpha and mu too.
    Numerics: it is alpha * x + squareplus, which does not cancel.
    Raises: TypeError if x is not floating point.
    Reference: Biswas, Kumar, Banerjee, Pandey (2022), arXiv:2111.04682.

    >>> [round(y, 4) for y in smu1(tensor([-4.0, 0.0, 4.0])).tolist()]
    [-0.9189, 0.5, 4.0811]
    """
    x = floating(x)
    return alpha * x + squareplus((1 - alpha) * x, mu * mu)
