"""What a traced program may ask of NumPy, besides its ufuncs."""

import numpy as np


def astype(array, dtype, **options):
    """As np.astype, which refuses scalars."""
    return array.astype(dtype, **options)


def copied(array, order):
    """The same in memory of its own."""
    return array.copy(order)


def added_at(array, index, values):
    """What np.add.at leaves in the array."""
    array = array.copy()
    np.add.at(array, index, values)
    return array


def put_along_axis(array, *arguments, **options):
    """What np.put_along_axis leaves in the array."""
    array = array.copy()
    np.put_along_axis(array, *arguments, **options)
    return array


# What stands in a line for a function of NumPy, and how many of its arguments may be arrays. The
# other arguments, axes and shapes, are the same at every run; so the shape and the memory of what
# these return depend on no number. They write nowhere.
FUNCTIONS = {
    getattr(np, name): (getattr(np, name), number)
    for number, names in {
        1: "reshape ravel transpose swapaxes moveaxis squeeze expand_dims broadcast_to flip copy "
        "stack concatenate cumsum cumprod mean var std argmax argmin argsort zeros_like ones_like",
        2: "take_along_axis full_like",
        3: "where clip",
    }.items()
    for name in names.split()
} | {np.astype: (astype, 1)}
# The same for those that are reductions by a ufunc, which can write into a buffer.
REDUCTIONS = {
    np.sum: (np.add.reduce, 1),
    np.prod: (np.multiply.reduce, 1),
    np.max: (np.maximum.reduce, 1),
    np.min: (np.minimum.reduce, 1),
    np.any: (np.logical_or.reduce, 1),
    np.all: (np.logical_and.reduce, 1),
}
# What these write into their first argument, these return.
WRITERS = {np.put_along_axis: put_along_axis, np.add.at: added_at}
LOOKS = {np.shape, np.ndim, np.size, np.result_type}  # what they tell depends on no number at all
