"""Activations, smooth, with kinks and with jumps: plain functions, and operations of an engine."""

import numpy as np
from scipy.special import erf, expit

A, B, U = (0.1, 4, 1.0), (-3, 3, 0.0), (0, 1, 0.5)

# name: (f, its derivative with the value documented at kinks, the sliders)
ACTIVATIONS = {
    "linear": (
        lambda x, alpha: alpha * x,
        lambda x, alpha: alpha + 0 * x,
        dict(alpha=(-3, 3, 1.0)),
    ),
    "bump": (
        lambda x, alpha, beta: np.exp(-((alpha * (x - beta)) ** 2)),
        lambda x, alpha, beta: -2 * alpha**2 * (x - beta) * np.exp(-((alpha * (x - beta)) ** 2)),
        dict(alpha=A, beta=B),
    ),
    "sigmoid": (
        lambda x, alpha, beta: expit(alpha * x + beta),
        lambda x, alpha, beta: alpha * expit(alpha * x + beta) * expit(-alpha * x - beta),
        dict(alpha=A, beta=B),
    ),
    "tanh": (
        lambda x, alpha, beta: alpha * np.tanh(beta * x),
        lambda x, alpha, beta: alpha * beta * (1 - np.tanh(beta * x) ** 2),
        dict(alpha=(0.5, 3, 1.0), beta=(0.1, 3, 1.0)),
    ),
    "softsign": (lambda x: x / (1 + np.abs(x)), lambda x: (1 + np.abs(x)) ** -2.0, {}),
    "logsigmoid": (lambda x: -np.logaddexp(0, -x), lambda x: expit(-x), {}),
    "hardtanh": (lambda x: np.clip(x, -1, 1), lambda x: 1.0 * (np.abs(x) < 1), {}),
    "hardsigmoid": (lambda x: np.clip(x / 6 + 0.5, 0, 1), lambda x: (np.abs(x) < 3) / 6, {}),
    "hardshrink": (
        lambda x, alpha: x * (np.abs(x) > alpha),
        lambda x, alpha: 1.0 * (np.abs(x) > alpha),
        dict(alpha=(0.1, 2, 0.5)),
    ),
    "softshrink": (
        lambda x, alpha: np.sign(x) * np.maximum(np.abs(x) - alpha, 0),
        lambda x, alpha: 1.0 * (np.abs(x) > alpha),
        dict(alpha=(0.1, 2, 0.5)),
    ),
    "relu": (lambda x: np.maximum(x, 0), lambda x: 1.0 * (x > 0), {}),
    "relu_at_0": (
        lambda x, c: np.maximum(x, 0),
        lambda x, c: np.where(x == 0, c, 1.0 * (x > 0)),
        dict(c=U),
    ),
    "relu6": (lambda x: np.clip(x, 0, 6), lambda x: 1.0 * ((x > 0) & (x < 6)), {}),
    "absolute": (lambda x: np.abs(x), lambda x: np.sign(x), {}),
    "step": (lambda x, beta: 1.0 * (x > beta), lambda x, beta: 0 * x, dict(beta=B)),
    "sign": (lambda x: np.sign(x), lambda x: 0 * x, {}),
    "stairs": (lambda x, alpha: np.floor(alpha * x), lambda x, alpha: 0 * x, dict(alpha=A)),
    "leaky_relu": (
        lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
        lambda x, negative_slope: np.where(x > 0, 1, negative_slope),
        dict(negative_slope=(-0.5, 2, 0.01)),
    ),
    "elu": (
        lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
        lambda x, alpha: np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))),
        dict(alpha=A),
    ),
    "celu": (
        lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)),
        lambda x, alpha: np.where(x > 0, 1, np.exp(np.minimum(x, 0) / alpha)),
        dict(alpha=A),
    ),
    "selu": (
        lambda x, scale, alpha: scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
        lambda x, scale, alpha: scale * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))),
        dict(scale=(0.5, 2, 1.05), alpha=(0.5, 3, 1.67)),
    ),
    "softplus": (
        lambda x, beta: np.logaddexp(0, beta * x) / beta,
        lambda x, beta: expit(beta * x),
        dict(beta=(0.1, 20, 1.0)),
    ),
    "squareplus": (
        lambda x, b: (x + np.sqrt(x * x + b)) / 2,
        lambda x, b: (1 + x / np.sqrt(x * x + b)) / 2,
        dict(b=(0.01, 8, 4.0)),
    ),
    "swish": (
        lambda x, beta: x * expit(beta * x),
        lambda x, beta: expit(beta * x) * (1 + beta * x * expit(-beta * x)),
        dict(beta=(0, 20, 1.0)),
    ),
    "gelu": (
        lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
        lambda x: (1 + erf(x / np.sqrt(2))) / 2 + x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
        {},
    ),
    "mish": (
        lambda x: x * np.tanh(np.logaddexp(0, x)),
        lambda x: (
            np.tanh(np.logaddexp(0, x)) + x * expit(x) * (1 - np.tanh(np.logaddexp(0, x)) ** 2)
        ),
        {},
    ),
    "hardswish": (
        lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
        lambda x: np.where(x >= 3, 1, np.where(x <= -3, 0, x / 3 + 0.5)),
        {},
    ),
    "smu": (
        lambda x, alpha, mu: ((1 + alpha) * x + (1 - alpha) * x * erf(mu * (1 - alpha) * x)) / 2,
        lambda x, alpha, mu: (
            (
                (1 + alpha)
                + (1 - alpha) * erf(mu * (1 - alpha) * x)
                + (1 - alpha) ** 2
                * mu
                * x
                * 2
                / np.sqrt(np.pi)
                * np.exp(-((mu * (1 - alpha) * x) ** 2))
            )
            / 2
        ),
        dict(alpha=(0, 0.9, 0.25), mu=(0.1, 1e6, 1.0)),
    ),
    "logarithm": (lambda x: np.log(x), lambda x: 1 / x, {}),
    "square_root": (lambda x: np.sqrt(x), lambda x: 0.5 / np.sqrt(x), {}),
}

# What a wrong derivative rule looks like: from the right slopes at x to the wrong ones.
MISTAKES = {
    "sign": lambda slope, x: -slope,
    "factor": lambda slope, x: 2 * slope,
    "missing term": lambda slope, x: slope - 0.1 * np.exp(-x * x),
    "constant": lambda slope, x: slope + 0.01,
    "only for x > 0": lambda slope, x: np.where(x > 0, slope, 0.3 * slope),
    "nan": lambda slope, x: np.where(x == 2, np.nan, slope),
    "slope beyond the kink": lambda slope, x: np.where(x == 0, slope + 2, slope),
}


def operation(engine, name, mistake=None):
    """An activation as an operation of this engine, with the right rule or with a mistaken one."""
    f, slope, _ = ACTIVATIONS[name]

    def rule(g, y, x, *parameters):
        right = slope(x, *parameters)
        return g * (MISTAKES[mistake](right, x) if mistake else right)

    made = engine.primitive(f)
    made.__name__ = name
    made.vjp(rule)
    return made
