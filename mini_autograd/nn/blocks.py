"""Parts of the blocks of a deep network, as modules: norms that learn, and the gated unit."""

import numpy as np

from mini_autograd.nn import functional as F
from mini_autograd.nn.activations import FunctionModule
from mini_autograd.nn.module import Module, Parameter


class RMSNorm(Module):
    """rms_norm as a module that learns a weight, from 1 on: see nn.functional.rms_norm."""

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True):
        super().__init__()
        self.normalized_shape, self.eps = np.broadcast_shapes(normalized_shape), eps
        self.weight = Parameter(np.ones(self.normalized_shape)) if elementwise_affine else None

    def forward(self, x):
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        affine = self.weight is not None
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={affine}"


class LayerNorm(RMSNorm):
    """layer_norm as a module that learns a weight, from 1 on, and a bias, from 0 on.

    See nn.functional.layer_norm.
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True):
        super().__init__(normalized_shape, eps, elementwise_affine)
        learned = elementwise_affine and bias
        self.bias = Parameter(np.zeros(self.normalized_shape)) if learned else None

    def forward(self, x):
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return f"{super().extra_repr()}, bias={self.bias is not None}"


class GLU(FunctionModule):
    """glu as a module: see nn.functional.glu.

    It halves an axis, so it is none of those that activation() exchanges for one another.
    """

    function = staticmethod(F.glu)
