"""Activation functions, norms and losses, under PyTorch's names."""

from mini_autograd.nn.functional.affine import linear
from mini_autograd.nn.functional.blocks import glu, layer_norm, rms_norm
from mini_autograd.nn.functional.exponential import celu, elu, selu
from mini_autograd.nn.functional.gated import erf, erfc, gelu, hardswish, mish, silu, swish
from mini_autograd.nn.functional.logits import log_softmax, logsumexp, softmax
from mini_autograd.nn.functional.loss import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
)
from mini_autograd.nn.functional.rectified import leaky_relu, prelu, relu, relu6, rrelu
from mini_autograd.nn.functional.smooth import softplus, squareplus
from mini_autograd.nn.functional.smooth_maximum import smu, smu1
from mini_autograd.nn.functional.squashing import (
    hardsigmoid,
    hardtanh,
    logsigmoid,
    scaled_tanh,
    sigmoid,
    softsign,
    tanh,
)
