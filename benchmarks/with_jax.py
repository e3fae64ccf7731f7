"""The tasks in JAX, compiled beforehand by jax.jit; a chain of scalars would compile for ever."""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax  # noqa: E402, it reads the flags
import jax.numpy as np  # noqa: E402
from jax.scipy.special import erf  # noqa: E402

from benchmarks import formulas, tasks  # noqa: E402

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_cpu_enable_async_dispatch", False)  # no second thread computes


def _repeated(compute, *arguments):
    """The compiled function; a run waits for its results, which a call alone need not."""
    compiled = jax.jit(compute)
    return lambda: jax.block_until_ready(compiled(*arguments))


def activation(function, points, dtype):
    f = formulas.activations(np, erf)[function]

    def both(x, g):
        y, pull_back = jax.vjp(f, x)
        return y, *pull_back(g)

    x = np.array(tasks.points(points, dtype))
    return _repeated(both, x, np.ones_like(x))


def training(sizes, function, loss, batch, dtype):
    x, target = (np.array(a) for a in tasks.examples(sizes, loss, batch, dtype))
    parameters = [np.array(p) for p in tasks.parameters(sizes, dtype)]
    velocities = [np.zeros_like(p) for p in parameters]
    value_and_gradients = jax.value_and_grad(formulas.error(np, erf, function, loss))

    @jax.jit
    def step(parameters, velocities):
        value, gradients = value_and_gradients(parameters, x, target)
        velocities = [tasks.MOMENTUM * v + g for v, g in zip(velocities, gradients, strict=True)]
        parameters = [p - tasks.RATE * v for p, v in zip(parameters, velocities, strict=True)]
        return value, parameters, velocities

    def run():
        nonlocal parameters, velocities
        value, parameters, velocities = jax.block_until_ready(step(parameters, velocities))
        return value, *parameters

    return run


def second_derivative(function, points):
    f = formulas.activations(np, erf)[function]

    def all_three(x, g):
        y, pull_back = jax.vjp(f, x)
        first, pull_back = jax.vjp(lambda x: jax.vjp(f, x)[1](g)[0], x)
        return y, first, *pull_back(g)

    x = np.array(tasks.points(points, "float64"))
    return _repeated(all_three, x, np.ones_like(x))


def numbers(results):
    return [np.asarray(result) for result in results]
