"""The shoot-out: the same network with each activation function, many times, on the digits."""

import functools
import itertools
import math
from concurrent.futures import as_completed

import numpy as np

from mini_autograd.data import batches, digits
from mini_autograd.engine import tensor
from mini_autograd.nn import CrossEntropyLoss, Linear, Module, Sequential, activation, init
from mini_autograd.nn import functional as F
from mini_autograd.optim import Adam


def growth(name, gain):
    """By what a layer multiplies small differences between examples, once their size has settled.

    name: of an activation f. Before it stand sums z, over a bell curve as wide as their size, in a
    wide layer with weights of standard deviation gain / sqrt(fan_in). A layer makes of the size
    gain * sqrt(mean(f(z)**2)), here a hundred times from 1 on, and multiplies a small difference by
    gain * sqrt(mean(f'(z)**2)). The means are sums over 1,000 points of the curve.
    Reference: Schoenholz and others (2017), arXiv:1611.01232.
    """
    f, z, size = activation(name).eval(), np.linspace(-8, 8, 1000), 1.0
    bell = np.exp(-z * z / 2) / np.sum(np.exp(-z * z / 2))
    for _ in range(100):
        size = gain * math.sqrt(bell @ f(tensor(size * z)).numpy() ** 2)
    x = tensor(size * z, requires_grad=True)
    f(x).backward(np.ones_like(z))
    return gain * math.sqrt(bell @ x.grad.numpy() ** 2)


@functools.cache
def own_gain(name):
    """The gain at which small differences between examples neither die nor grow, to two decimals.

    That is where growth passes 1. Where it jumps over 1, as for swish, whose signals fade below a
    certain gain and explode above it, the jump is taken for want of better. softplus and others
    that do not pass through the origin come near 1 only as their signals become endlessly large,
    with a gain of sqrt(2) (smu1: 1.37); here they get the little more that takes them there in 100
    layers.

    >>> own_gain("relu"), own_gain("sigmoid")
    (1.41, 10.15)
    """
    low, high = 0.0, 16.0
    while high - low > 1e-4:
        gain = (low + high) / 2
        low, high = (gain, high) if growth(name, gain) < 1 else (low, gain)
    return round(gain, 2)


# How far a normal start reaches, in units of 1 / sqrt(fan_in); "default" is Linear's own start.
STARTS = {"default": None, "gain 1": 1.0, "gain √2": math.sqrt(2), "own gain": own_gain}


class Block(Module):
    """x + f(layer(norm(x))): a path past the layer, and a norm without parameters before it."""

    def __init__(self, layer, f):
        super().__init__()
        self.layer, self.f = layer, f

    def forward(self, x):
        return x + self.f(self.layer(F.layer_norm(x, x.shape[-1:])))


def perceptron(name, depth, width=64, start="default", generator=None, blocks=False):
    """Layers from 64 pixels to 10 scores: `depth` hidden ones of this width and activation.

    start: one of STARTS. With blocks each hidden layer is a residual Block; the width is then 64.
    """
    generator = np.random.default_rng(generator)
    sizes = itertools.pairwise([64] + depth * [width] + [10])
    *hidden, last = (Linear(*pair, generator=generator) for pair in sizes)
    gain = STARTS[start](name) if callable(STARTS[start]) else STARTS[start]
    for layer in [*hidden, last] if gain else []:
        init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.in_features), generator)
        init.zeros_(layer.bias)
    draws = dict(generator=generator) if name == "rrelu" else {}  # its slopes are random
    pairs = [(layer, activation(name, **draws)) for layer in hidden]
    layers = itertools.starmap(Block, pairs) if blocks else itertools.chain(*pairs)
    return Sequential(*layers, last)


def contest(name, depth, start, rate, seed, blocks=False, epochs=20):
    """Train one perceptron, and read 600 digits that it has not seen: 300 to choose, 300 to judge.

    Returns how many are read right of those for choosing, how many of those for judging, and the
    cross-entropy of the latter. The seed decides which 1,197 digits it learns from, where it
    starts, and the order of batches. The 300 for choosing are there to choose start and rate by.
    """
    rng = np.random.default_rng(seed)
    images, labels = digits()
    order = rng.permutation(len(labels))
    images, labels = images.reshape(-1, 64)[order], labels[order]
    model = perceptron(name, depth, start=start, generator=rng, blocks=blocks)
    loss, optimizer = CrossEntropyLoss(), Adam(model.parameters(), lr=rate)
    for _ in range(epochs):
        for x, y in batches(images[600:], labels[600:], size=64, generator=rng):
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
    scores = model.eval()(tensor(images[:600])).numpy()
    right = scores.argmax(1) == labels[:600]
    judging = loss(tensor(scores[300:]), labels[300:600]).item()
    return int(right[:300].sum()), int(right[300:].sum()), judging


def shoot_out(entries, executor):
    """Yield (entry, contest(*entry)) for each entry as it is done, on the executor.

    That is any concurrent.futures.Executor. A process pool uses the cores of one machine, and a
    Dask cluster those of many:

        with ProcessPoolExecutor() as executor:
            results = dict(shoot_out(entries, executor))
        results = dict(shoot_out(entries, dask.distributed.Client(address).get_executor()))

    Whoever stops listening calls off what has not begun.
    """
    futures = {executor.submit(contest, *entry): entry for entry in entries}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()
