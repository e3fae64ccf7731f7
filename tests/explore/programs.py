"""A program in JSON, run by NumPy: what live.js is compared with."""

import json

import numpy as np
from scipy import special


def run(program, values):
    """The outputs of a program, and the place of the first guard that does not hold, or -1."""
    known = {name: _array(text) for name, text in program["arrays"].items()}
    known |= {f"x{i}": np.asarray(value) for i, value in enumerate(values)}
    with np.errstate(all="ignore"):
        for i, text in enumerate(program["lines"]):
            known[f"v{i}"] = _result(text, known)
    broken = [bool(known[g.split()[-1]]) is g.startswith("not ") for g in program["guards"]]
    return [known[word] for word in program["outputs"]], broken.index(
        True
    ) if True in broken else -1


def _array(text):
    shape, *numbers = text.split(" ")
    return np.resize(np.array(numbers, float), json.loads(shape))


def _result(text, known):
    name, *words = text.split(" ")
    shape, *options = [json.loads(word) for word in words if word[0] == "["]
    inputs = [known[w] if w in known else float(w) for w in words if w[0] != "["]
    if name in OTHERS:
        y = OTHERS[name](shape, inputs, *options)
    else:
        ufunc, _, method = name.partition(".")
        f = function(ufunc)
        inputs = [a != 0 for a in inputs] if ufunc.startswith("bitwise") else inputs
        y = f.reduce(*inputs, axis=tuple(options[0])) if method else f(*inputs)
    return np.reshape(y, shape)


def function(name):
    return getattr(np, name, None) or getattr(special, name)


def _places(shape, start, *steps):
    return start + np.tensordot(np.array(steps, int), np.indices(shape), 1).astype(int)


def _added(shape, inputs, inner, steps):
    y, values = inputs
    y = np.array(y).ravel()
    np.add.at(y, _places(inner, *steps), values)
    return y


OTHERS = {
    "view": lambda shape, inputs, steps: np.ravel(inputs[0])[_places(shape, *steps)],
    "stack": lambda shape, inputs: np.concatenate([np.ravel(one) for one in inputs]),
    "matmul": lambda shape, inputs: np.matmul(*inputs),
    "added_at": _added,
}
