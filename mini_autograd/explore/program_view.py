"""The program view: an explorer, and beside its curves the program that computes them."""

from functools import partial

import numpy as np

from mini_autograd.explore.explorer import Explorer
from mini_autograd.explore.explorer_spec import explorer_spec
from mini_autograd.explore.live import SPEC, Live
from mini_autograd.explore.picture import WIDTH, with_picture
from mini_autograd.explore.program import as_json
from mini_autograd.trace import needed, trace
from mini_autograd.trees import tensor_around


class ProgramView(Live):
    """An explorer of f, and the traced program of f and its derivative, line by line.

    Takes what explore() takes, but f must be one that can be traced, and its parameters come as
    tensors. Beside each line stands its value at the cursor; lit are the lines that depend on what
    was moved last. F marks the way forward, to f, and B the walk back.
    Raises: ValueError for a function that cannot be traced; else as explore().
    """

    def __init__(self, f, /, **options):
        self._explorer = Explorer(f, **options)
        spec = explorer_spec(self._explorer).get(SPEC)
        if not spec:
            raise ValueError(f"program_view: {self._explorer._name} cannot be traced: see explore()")
        self._program = _followed(self._explorer)
        spec = {key: spec[key] for key in spec.keys() - {"version", "kind"}}
        listing = _listing(self._program, [*self._explorer._parameters])
        super().__init__("program", **spec, listing=listing)

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, where nothing moves, the explorer's picture and the program as text."""
        bundle, _ = super()._repr_mimebundle_(**kwargs)
        still, metadata = self._explorer._repr_mimebundle_(**kwargs)
        text = f"{still['text/plain']}\n{self._program}"
        return bundle | {"image/png": still["image/png"], "text/plain": text}, metadata


def _followed(explorer):
    """The program of f and its derivative at the cursor."""
    make, values = partial(tensor_around, kind=explorer._Tensor), explorer.values

    def both(x, parameters):
        leaf = make(x, requires_grad=True)
        y = explorer._f(leaf, **parameters)
        y.backward(make(np.ones_like(x)))
        return y, leaf.grad

    parameters = {key: make(np.array(values[key])) for key in explorer._parameters}
    return trace(both, np.array([values["cursor"]]), parameters)


def _listing(program, keys):
    """What live.js computes and writes: the lines as code, each behind F or B."""
    names = ["x", *keys]
    spec = as_json(program, names) | dict(outputs=[line.name for line in program.lines])
    for line, name in zip(program.inputs, names, strict=True):
        line.name = name  # as it is printed
    forward = needed(program.outputs[:1])
    parts = ["F" if line in forward else "B" for line in program.lines]
    lines = [f"{p} {a} = {a.code()}" for p, a in zip(parts, program.lines, strict=True)]
    return dict(program=spec, lines=lines, outputs=[line.name for line in program.outputs])


program_view = ProgramView  # a verb where it is called
