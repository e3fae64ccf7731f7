"""Activations that squash the real line into an interval."""

import numpy as np

from mini_autograd.tensor import floating, primitive


@primitive
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
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-floating(x)))


@sigmoid.vjp
def _(g, y, x):
    return g * (y * sigmoid(-x))
