"""Activation functions and losses as modules: a layer list can hold them, and print them."""

import inspect

import numpy as np

from mini_autograd.nn import functional as F
from mini_autograd.nn.module import Module, Parameter


class FunctionModule(Module):
    """A function as a module. What the function takes after its inputs is given here, once.

    Raises: TypeError for an argument that the function does not take.

    >>> ELU(alpha=0.5)
    ELU(alpha=0.5)
    """

    function, inputs, learned = None, 1, ()

    def __init_subclass__(cls):
        signature = inspect.signature(cls.function)
        options = list(signature.parameters.values())[cls.inputs :]
        cls.__signature__ = signature.replace(parameters=options)

    def __init__(self, *arguments, **named):
        super().__init__()
        try:
            bound = self.__signature__.bind(*arguments, **named)
        except TypeError as error:
            takes = str(self.__signature__)[1:-1] or "no arguments"
            raise TypeError(f"{type(self).__name__} takes {takes}: {error}") from None
        bound.apply_defaults()
        self.options = tuple(bound.arguments)
        for name, value in bound.arguments.items():
            setattr(self, name, Parameter(float(value)) if name in self.learned else value)

    def forward(self, *inputs):
        return self.function(*inputs, *(getattr(self, name) for name in self.options))

    def extra_repr(self):
        values = {name: getattr(self, name) for name in self.options}
        shown = {k: v.tolist() if isinstance(v, Parameter) else v for k, v in values.items()}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())


def _module(name, function, inputs=1, learned=()):
    """A class of modules that apply function to their inputs, and learn the options named."""
    doc = f"{function.__name__} as a module: see nn.functional.{function.__name__}."
    if learned:
        doc = doc.replace(":", f" that learns {', '.join(learned)}:")
    attributes = dict(function=staticmethod(function), inputs=inputs, learned=learned)
    return type(name, (FunctionModule,), attributes | dict(__doc__=doc, __module__=__name__))


Sigmoid = _module("Sigmoid", F.sigmoid)
LogSigmoid = _module("LogSigmoid", F.logsigmoid)
Tanh = _module("Tanh", F.tanh)
ScaledTanh = _module("ScaledTanh", F.scaled_tanh)
Hardtanh = _module("Hardtanh", F.hardtanh)
Hardsigmoid = _module("Hardsigmoid", F.hardsigmoid)
Softsign = _module("Softsign", F.softsign)
ReLU = _module("ReLU", F.relu)
ReLU6 = _module("ReLU6", F.relu6)
LeakyReLU = _module("LeakyReLU", F.leaky_relu)
ELU = _module("ELU", F.elu)
CELU = _module("CELU", F.celu)
SELU = _module("SELU", F.selu)
Softplus = _module("Softplus", F.softplus)
Squareplus = _module("Squareplus", F.squareplus)
SiLU = _module("SiLU", F.silu)
GELU = _module("GELU", F.gelu)
Mish = _module("Mish", F.mish)
Hardswish = _module("Hardswish", F.hardswish)
Swish = _module("Swish", F.swish, learned=["beta"])
SMU = _module("SMU", F.smu, learned=["mu"])
SMU1 = _module("SMU1", F.smu1, learned=["mu"])
Softmax = _module("Softmax", F.softmax)
LogSoftmax = _module("LogSoftmax", F.log_softmax)
MSELoss = _module("MSELoss", F.mse_loss, inputs=2)
CrossEntropyLoss = _module("CrossEntropyLoss", F.cross_entropy, inputs=2)
BCEWithLogitsLoss = _module("BCEWithLogitsLoss", F.binary_cross_entropy_with_logits, inputs=2)


class Identity(Module):
    """x itself: a layer without an activation."""

    def forward(self, x):
        return x


class RReLU(Module):
    """rrelu as a module: slopes are drawn in train() mode, their mean is taken in eval() mode."""

    function = staticmethod(F.rrelu)

    def __init__(self, lower=1 / 8, upper=1 / 3, generator=None):
        super().__init__()
        self.lower, self.upper = lower, upper
        self.generator = np.random.default_rng(generator)

    def forward(self, x):
        return F.rrelu(x, self.lower, self.upper, self.training, self.generator)

    def extra_repr(self):
        return f"lower={self.lower}, upper={self.upper}"


class PReLU(Module):
    """prelu as a module that learns one slope, or num_parameters of them, from init on."""

    function = staticmethod(F.prelu)

    def __init__(self, num_parameters=1, init=0.25):
        super().__init__()
        self.weight = Parameter(np.full(num_parameters, float(init)))

    def forward(self, x):
        return F.prelu(x, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.weight.numel()}"


_BY_NAME = {
    kind.function.__name__: kind
    for kind in [*FunctionModule.__subclasses__(), PReLU, RReLU]
    if getattr(kind, "inputs", 1) == 1  # a loss has two
} | {"identity": Identity}


def activation(name, *arguments, **named):
    """The activation module of this name, the name of its function: activation("elu", alpha=0.5).

    Raises: ValueError for a name that is not known; it lists those that are.

    >>> activation("leaky_relu", 0.2)
    LeakyReLU(negative_slope=0.2)
    """
    if name not in _BY_NAME:
        raise ValueError(f"activation: {name!r} is none of {', '.join(sorted(_BY_NAME))}")
    return _BY_NAME[name](*arguments, **named)
