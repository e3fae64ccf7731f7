"""The tasks in HIPS autograd, which records what NumPy does; a chain of scalars is not for it."""

import autograd.numpy as np
from autograd import make_vjp, value_and_grad
from autograd.scipy.special import erf

from benchmarks import formulas, tasks


def activation(function, points, dtype):
    f = formulas.activations(np, erf)[function]
    x = tasks.points(points, dtype)
    ones = np.ones_like(x)

    def run():
        pull_back, y = make_vjp(f)(x)
        return y, pull_back(ones)

    return run


def training(sizes, function, loss, batch, dtype):
    x, target = tasks.examples(sizes, loss, batch, dtype)
    parameters = tasks.parameters(sizes, dtype)
    velocities = [np.zeros_like(p) for p in parameters]
    value_and_gradients = value_and_grad(formulas.error(np, erf, function, loss))

    def run():
        value, gradients = value_and_gradients(parameters, x, target)
        for p, velocity, g in zip(parameters, velocities, gradients, strict=True):
            velocity *= tasks.MOMENTUM
            velocity += g
            p -= tasks.RATE * velocity
        return value, *parameters

    return run


def second_derivative(function, points):
    f = formulas.activations(np, erf)[function]
    x = tasks.points(points, "float64")
    ones = np.ones_like(x)

    def slope(x):
        pull_back, y = make_vjp(f)(x)
        return pull_back(ones)

    def run():
        pull_back, first = make_vjp(slope)(x)
        return f(x), first, pull_back(ones)

    return run


def numbers(results):
    return [np.array(result) for result in results]
