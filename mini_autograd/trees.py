"""Arguments and results: arrays and tensors within lists, tuples, dictionaries and modules."""

from types import BuiltinFunctionType, FunctionType, NoneType

import numpy as np

from mini_autograd.engine import Tensor
from mini_autograd.nn.module import Module

# What may stand beside arrays: constants that one can tell apart, these by what is printed, since
# 0.0 equals -0.0 and nan does not equal itself,
PRINTED = (float, np.generic, slice, type(...))
# and these as they are.
COMPARED = (int, str, NoneType, type, np.dtype, np.ufunc, FunctionType, BuiltinFunctionType)
CONSTANTS = (*PRINTED, *COMPARED, np.random.Generator)


def mapped(f, tree):
    """The tree with f(part) in place of each part that is no list, tuple or dictionary."""
    if type(tree) in (list, tuple):
        return type(tree)(mapped(f, part) for part in tree)
    if type(tree) is dict:
        return {key: mapped(f, tree[key]) for key in _keys(tree)}
    return f(tree)


def _keys(tree):
    for key in tree:
        if not isinstance(key, str | int):
            raise TypeError(f"a dictionary has a {type(key).__name__} as a key: use text")
    return tree.keys()


def parts(tree, kind=object):
    """A list of the parts that mapped() would come to, those of this kind; also within modules."""
    found = []

    def visit(part):
        if isinstance(part, Module):
            mapped(visit, vars(part))
        elif isinstance(part, kind):
            found.append(part)

    mapped(visit, tree)
    return found


def form(tree, leaves, arrays):
    """What a program depends on besides the numbers in arrays, as a key of a dictionary.

    Tensors and arrays are put into leaves, by their id, and their arrays into arrays; one that
    comes again is known by its place there. A tensor counts with its .grad, a module with all it
    holds. Raises: TypeError for a part of which no program could know whether it has changed.
    """
    if id(tree) in leaves:
        return list(leaves).index(id(tree))
    kind = type(tree)
    if isinstance(tree, Tensor):
        a, g = tree._data, tree._grad
        leaves[id(tree)] = tree
        arrays.append(a)
        about = kind, type(a), a.dtype, a.shape, a.strides, tree._requires_grad, not tree._operation
        return about if g is None else (*about, form(g, leaves, arrays))
    if kind is tuple or kind is list:
        return kind, *[form(part, leaves, arrays) for part in tree]
    if kind is dict:
        return kind, *_keys(tree), *[form(part, leaves, arrays) for part in tree.values()]
    if kind is np.ndarray:
        leaves[id(tree)] = tree
        arrays.append(tree)
        return kind, tree.dtype, tree.shape, tree.strides
    if isinstance(tree, Module):
        return kind, form(vars(tree), leaves, arrays)
    if isinstance(tree, CONSTANTS):
        return kind, repr(tree) if isinstance(tree, PRINTED) else tree
    raise TypeError(f"an argument holds a {kind.__name__}: pass the arrays and numbers in it")


def replaced(tree, new):
    """A copy of the tree with new[id(part)] for each part that is known to new."""

    def replace(part):
        if not isinstance(part, Module):
            return new.get(id(part), part)
        copy = object.__new__(type(part))
        vars(copy).update(mapped(replace, vars(part)))
        return copy

    return mapped(replace, tree)


def tensor_around(array, kind=Tensor, requires_grad=False):
    """A leaf that holds this very array: no copy."""
    t = object.__new__(kind)
    t._data, t._operation, t._grad = array, None, None
    t._requires_grad, t._retains_grad = False, False
    if requires_grad:
        t.requires_grad = True
    return t
