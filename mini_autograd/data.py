"""Data to learn from: handwritten digits, and points in the plane whose classes interlock."""

from importlib.resources import files

import numpy as np


def digits():
    """The 1,797 handwritten digits of the course: images and labels, in the order of their file.

    images: (1797, 8, 8), float64 from 0 (paper) to 1 (ink); labels: (1797,), integers from 0 to 9.
    Reference: Alpaydin, Kaynak (1998), doi:10.24432/C50P49, the test part; licence CC BY 4.0.
    """
    with np.load(files("mini_autograd") / "digits.npz") as file:
        return file["images"] / 16, file["labels"].astype(int)


def two_moons(n, noise=0.1, generator=None):
    """n points in the plane, half of them on each of two half circles that reach into each other.

    Returns points (n, 2), with normal noise of this standard deviation, and labels (n,), 0 or 1.
    """
    rng = np.random.default_rng(generator)
    labels = np.arange(n) % 2
    angle = rng.uniform(0, np.pi, n)
    upper = np.stack([np.cos(angle), np.sin(angle)], 1)
    points = np.where(labels[:, None] == 0, upper, [1.0, 0.5] - upper)
    return points + rng.normal(0, noise, (n, 2)), labels


def spirals(n, classes=2, noise=0.05, generator=None):
    """n points in the plane, on as many interlocked spiral arms as there are classes.

    Returns points (n, 2), with normal noise of this standard deviation, and labels (n,).
    """
    rng = np.random.default_rng(generator)
    labels = np.arange(n) % classes
    radius = np.sqrt(rng.uniform(0.01, 1, n))
    angle = 2 * np.pi * (labels / classes + radius)
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return points + rng.normal(0, noise, (n, 2)), labels


def batches(*arrays, size, generator=None):
    """The rows of the arrays in mini-batches, in an order shuffled by generator; the last is short.

    Yields a tuple with size rows of each array. Give every epoch the same Generator: a seed would
    shuffle each in the same way. Raises: ValueError if the lengths differ, or for a size below 1.

    >>> [x.tolist() for x, in batches(np.arange(5), size=2, generator=np.random.default_rng(0))]
    [[2, 4], [3, 0], [1]]
    """
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or size < 1:
        raise ValueError(f"batches: size {size} of arrays with {sorted(lengths)} rows")
    order = np.random.default_rng(generator).permutation(lengths.pop())
    parts = (order[start : start + size] for start in range(0, len(order), size))
    return (tuple(array[rows] for array in arrays) for rows in parts)
