"""Neural networks: modules, activation functions, losses, and how weights start."""

from mini_autograd.nn import functional, init
from mini_autograd.nn.activations import (
    CELU,
    ELU,
    GELU,
    SELU,
    SMU,
    SMU1,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    MSELoss,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    ScaledTanh,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Squareplus,
    Swish,
    Tanh,
    activation,
)
from mini_autograd.nn.blocks import GLU, LayerNorm, RMSNorm
from mini_autograd.nn.module import Linear, Module, Parameter, Sequential
