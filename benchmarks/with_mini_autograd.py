"""The tasks in this package, as a reader of the course would write them."""

import numpy as np

import mini_autograd as ma
from benchmarks import tasks
from mini_autograd import grad, nn, optim, tensor
from mini_autograd.nn import functional


def _named(name):
    return getattr(functional, name, None) or getattr(ma, name)


def activation(function, points, dtype):
    f = _named(function)
    x = tensor(tasks.points(points, dtype), requires_grad=True)
    ones = tensor(np.ones(points, dtype))

    def run():
        x.grad = None
        y = f(x)
        y.backward(ones)
        return y, x.grad

    return run


def training(sizes, function, loss, batch, dtype):
    linear, f, error = _named("linear"), _named(function), _named(loss)
    x, target = (tensor(a) for a in tasks.examples(sizes, loss, batch, dtype))
    parameters = [tensor(p, requires_grad=True) for p in tasks.parameters(sizes, dtype)]
    velocities = [np.zeros_like(p.data) for p in parameters]

    def run():
        a = linear(x, *parameters[:2])
        for i in range(2, len(parameters), 2):
            a = linear(f(a), *parameters[i : i + 2])
        value = error(a, target)
        value.backward()
        for p, velocity in zip(parameters, velocities, strict=True):
            velocity *= tasks.MOMENTUM
            velocity += p.grad.data
            p.data = p.data - tasks.RATE * velocity
            p.grad = None
        return value, *parameters

    return run


def module_training(sizes, function, loss, batch, dtype):
    """The same step with modules and an optimiser, as chapters 13 to 18 write it."""
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), nn.activation(function)]
    model = nn.Sequential(*layers[:-1]).to(dtype)
    for p, start in zip(model.parameters(), tasks.parameters(sizes, dtype), strict=True):
        p.data = start
    x, target = (tensor(a) for a in tasks.examples(sizes, loss, batch, dtype))
    parameters = list(model.parameters())
    optimizer = optim.SGD(parameters, lr=tasks.RATE, momentum=tasks.MOMENTUM)
    error = {"cross_entropy": nn.CrossEntropyLoss, "mse_loss": nn.MSELoss}[loss]()

    def run():
        optimizer.zero_grad()
        value = error(model(x), target)
        value.backward()
        optimizer.step()
        return value, *parameters

    return run


def chain(nodes):
    x = tensor(1.0, requires_grad=True)

    def run():
        x.grad = None
        y = x
        for _ in range(nodes):
            y = y + 1.0
        y.backward()
        return y, x.grad

    return run


def second_derivative(function, points):
    f = _named(function)
    x = tensor(tasks.points(points, "float64"), requires_grad=True)
    ones = tensor(np.ones(points))

    def run():
        y = f(x)
        (first,) = grad(y, x, ones, create_graph=True)
        (second,) = grad(first, x, ones)
        return y, first, second

    return run


def numbers(results):
    return [np.array(result.data) for result in results]
