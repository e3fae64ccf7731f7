"""The shoot-out: the same network with each activation function, many times, on the digits."""

import math

import numpy as np

from mini_autograd.data import batches, digits
from mini_autograd.engine import tensor
from mini_autograd.nn import CrossEntropyLoss, Linear, Sequential, activation, init
from mini_autograd.optim import Adam

# How far a normal start reaches, in units of 1 / sqrt(fan_in); "default" is Linear's own start.
STARTS = {"default": None, "gain 1": 1.0, "gain √2": math.sqrt(2)}


def perceptron(name, depth, width=64, start="default", generator=None):
    """Layers from 64 pixels to 10 scores: `depth` hidden ones of this width and activation."""
    generator = np.random.default_rng(generator)
    sizes, layers = [64] + depth * [width], []
    draws = dict(generator=generator) if name == "rrelu" else {}  # its slopes are random
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers += [Linear(inputs, outputs, generator=generator), activation(name, **draws)]
    layers.append(Linear(width, 10, generator=generator))
    for layer in layers[::2] if STARTS[start] else []:
        init.normal_(layer.weight, 0.0, STARTS[start] / math.sqrt(layer.in_features), generator)
        init.zeros_(layer.bias)
    return Sequential(*layers)


def contest(name, depth, start, rate, seed, epochs=20):
    """Train one perceptron; return how many of 300 digits it reads, for choosing and for judging.

    The seed decides which 1,197 digits it learns from, where it starts, and the order of batches.
    The first 300 of the others are there to choose the rate by; the last 300 judge that choice.
    """
    rng = np.random.default_rng(seed)
    images, labels = digits()
    order = rng.permutation(len(labels))
    images, labels = images.reshape(-1, 64)[order], labels[order]
    model, loss = perceptron(name, depth, start=start, generator=rng), CrossEntropyLoss()
    optimizer = Adam(model.parameters(), lr=rate)
    for _ in range(epochs):
        for x, y in batches(images[600:], labels[600:], size=64, generator=rng):
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
    right = model.eval()(tensor(images[:600])).numpy().argmax(1) == labels[:600]
    return int(right[:300].sum()), int(right[300:].sum())


def shoot_out(entries, executor):
    """contest(*entry) for each entry, on any concurrent.futures.Executor; results in their order.

    A process pool uses the cores of one machine, and a Dask cluster those of many:

        with ProcessPoolExecutor() as executor:
            results = shoot_out(entries, executor)
        results = shoot_out(entries, dask.distributed.Client(address).get_executor())
    """
    return list(executor.map(contest, *zip(*entries, strict=True)))
