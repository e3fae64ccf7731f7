"""What is measured: the tasks, their sizes, and the numbers that every library starts from."""

from dataclasses import dataclass

import numpy as np

BIG, SMALL = (64, 128, 128, 10), (2, 16, 16, 1)


@dataclass(frozen=True)
class Task:
    """A function of each library's module, called `builder`, makes it from `options`.

    `tiny` replaces options where only the numbers are compared, not the times. `reach` is the ratio
    to `reference` that we aim at. `per` is what one time is divided by: the nodes of a chain.
    """

    name: str
    builder: str
    options: dict
    tiny: dict
    reach: float
    reference: str = "by_hand"
    per: int = 1


def _activation(name, reach, points=160, dtype="float64", prefix="T1"):
    options = {"function": name, "points": points, "dtype": dtype}
    return Task(f"{prefix} {name}", "activation", options, {"points": 6}, reach)


def _training(name, sizes, function, loss, batch, dtype, reach, builder="training"):
    options = {"sizes": sizes, "function": function, "loss": loss, "batch": batch, "dtype": dtype}
    tiny = {"sizes": (3, 5, 4, sizes[-1]), "batch": 6}
    return Task(name, builder, options, tiny, reach)


def _chain(nodes):
    name = f"T4 chain of {nodes:,} nodes"
    return Task(name, "chain", {"nodes": nodes}, {"nodes": 20}, 0.4, "with_torch", nodes)


def _moons():
    """micrograd's demonstration: a perceptron 2-16-16-1, 100 points, all of them in each step."""
    options = {"sizes": SMALL, "function": "relu", "loss": "mse_loss", "batch": 100}
    options["dtype"], tiny = "float64", {"sizes": (3, 5, 4, 1), "batch": 6}
    return Task("T6 two moons", "module_training", options, tiny, 0.5, "with_torch")


def _second_derivative(name, reach):
    options = {"function": name, "points": 160}
    return Task(f"T7 {name}''", "second_derivative", options, {"points": 6}, reach)


TASKS = [
    _activation("sigmoid", 2.2),
    _activation("relu", 2.5),
    _activation("elu", 2.5),
    _activation("swish", 2.2),
    _activation("softplus", 2.0),
    _activation("gelu", 2.2),
    _training("T2 big, float32", BIG, "relu", "cross_entropy", 64, "float32", 1.15),
    _training("T2 big, float64", BIG, "relu", "cross_entropy", 64, "float64", 1.12),
    _training("T2 small, float32", SMALL, "tanh", "mse_loss", 32, "float32", 1.5),
    _training(
        "T2 small, modules", SMALL, "tanh", "mse_loss", 32, "float32", 1.8, "module_training"
    ),
    *(
        _activation(name, 1.1, 1_000_000, "float32", "T3")
        for name in ["sigmoid", "relu", "elu", "softplus", "swish", "gelu"]
    ),
    _chain(30_000),
    _chain(300_000),
    _moons(),
    _second_derivative("tanh", 4.5),
    _second_derivative("swish", 4.5),
]

RATE, MOMENTUM = 0.01, 0.9


def points(number, dtype):
    """The slider's x axis: evenly spaced points on either side of 0."""
    return np.linspace(-8, 8, number, dtype=dtype)


def parameters(sizes, dtype):
    """Weight, bias, weight, bias, ... of a multilayer perceptron; a weight is (outputs, inputs)."""
    rng = np.random.default_rng(0)
    made = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        made += [rng.standard_normal((outputs, inputs)) / inputs**0.5, np.zeros(outputs)]
    return [parameter.astype(dtype) for parameter in made]


def examples(sizes, loss, batch, dtype):
    """Inputs, and what to predict: a class for cross_entropy, a number for mse_loss."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((batch, sizes[0])).astype(dtype)
    if loss == "cross_entropy":
        return x, rng.integers(0, sizes[-1], batch)
    return x, rng.standard_normal((batch, sizes[-1])).astype(dtype)
