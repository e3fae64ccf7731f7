"""The tasks in PyTorch, one thread, eager mode, each in the quickest way we know."""

import torch
from torch import nn
from torch.nn import functional

from benchmarks import tasks

torch.set_num_threads(1)


def _named(name):
    return getattr(functional, {"swish": "silu"}.get(name, name), None) or getattr(torch, name)


def activation(function, points, dtype):
    f = _named(function)
    x = torch.tensor(tasks.points(points, dtype), requires_grad=True)
    ones = torch.ones_like(x)

    def run():
        x.grad = None
        y = f(x)
        y.backward(ones)
        return y, x.grad

    return run


def training(sizes, function, loss, batch, dtype):
    f, error = _named(function), _named(loss)
    x, target = (torch.tensor(a) for a in tasks.examples(sizes, loss, batch, dtype))
    parameters = [torch.tensor(p, requires_grad=True) for p in tasks.parameters(sizes, dtype)]
    optimizer = torch.optim.SGD(parameters, tasks.RATE, tasks.MOMENTUM, foreach=True)

    def run():
        a = functional.linear(x, *parameters[:2])
        for i in range(2, len(parameters), 2):
            a = functional.linear(f(a), *parameters[i : i + 2])
        value = error(a, target)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        return value, *parameters

    return run


def module_training(sizes, function, loss, batch, dtype):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), {"relu": nn.ReLU, "tanh": nn.Tanh}[function]()]
    model = nn.Sequential(*layers[:-1]).to(getattr(torch, dtype))
    model.load_state_dict(
        dict(
            zip(model.state_dict(), map(torch.tensor, tasks.parameters(sizes, dtype)), strict=True)
        )
    )
    x, target = (torch.tensor(a) for a in tasks.examples(sizes, loss, batch, dtype))
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(parameters, tasks.RATE, tasks.MOMENTUM, foreach=True)
    error = {"cross_entropy": nn.CrossEntropyLoss, "mse_loss": nn.MSELoss}[loss]()

    def run():
        optimizer.zero_grad()
        value = error(model(x), target)
        value.backward()
        optimizer.step()
        return value, *parameters

    return run


def chain(nodes):
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)

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
    x = torch.tensor(tasks.points(points, "float64"), requires_grad=True)
    ones = torch.ones_like(x)

    def run():
        y = f(x)
        (first,) = torch.autograd.grad(y, x, ones, create_graph=True)
        (second,) = torch.autograd.grad(first, x, ones)
        return y, first, second

    return run


def numbers(results):
    return [result.detach().numpy() for result in results]
