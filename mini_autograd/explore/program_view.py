"""The program view: an explorer, and beside its curves the program that computes them."""

from functools import partial

import numpy as np
from traitlets import Dict, Unicode

from mini_autograd.explore.explorer import Explorer
from mini_autograd.explore.explorer_spec import explorer_spec
from mini_autograd.explore.live import SPEC, Live
from mini_autograd.explore.program import as_json
from mini_autograd.explore.words import number
from mini_autograd.trace import needed, trace
from mini_autograd.trees import tensor_around


class ProgramView(Live):
    """An explorer of f, and the program of f and its derivative, line by line.

    Takes what explore() takes; f must be one that can be traced, and gets its parameters as
    tensors. Beside each line stands its value at the cursor; lit are those that depend on what was
    moved last. F marks the way forward, to f, and B the walk back. Where a kernel runs, it tells
    at every move what the engine finds there.
    Raises: ValueError for a function that cannot be traced; else as explore().
    """

    at = Dict().tag(sync=True)  # where the reader is: the cursor's x, and each parameter
    autograd = Unicode().tag(sync=True)  # what the engine says of it

    def __init__(self, f, /, **options):
        self._explorer = Explorer(f, **options)
        spec = explorer_spec(self._explorer).get(SPEC)
        if not spec:
            raise ValueError(f"program_view: {self._explorer._name} cannot be traced: explore() it")
        values = self._explorer.values
        at = dict(x=values["cursor"]) | {key: values[key] for key in self._explorer._parameters}
        self._program = trace(self._both, *self._inputs(at))
        listing = _listing(self._program, [*at])
        spec = {key: spec[key] for key in spec.keys() - {"version", "kind", "by"}}
        super().__init__("program", **spec, by="program", listing=listing)
        self.observe(self._compare, "at")
        self.at = at

    def _inputs(self, at):
        parameters = (np.array(float(at[key])) for key in self._explorer._parameters)
        return np.array([float(at["x"])]), *parameters

    def _both(self, x, *parameters):
        """f and its derivative at x, as the engine finds them."""
        make = partial(tensor_around, kind=self._explorer._Tensor)
        leaf = make(x, requires_grad=True)
        parameters = dict(zip(self._explorer._parameters, map(make, parameters), strict=True))
        y = self._explorer._f(leaf, **parameters)
        y.backward(make(np.ones_like(x)))
        return y, leaf.grad

    def _compare(self, _):
        inputs = self._inputs(self.at)
        try:
            slope, replayed = self._both(*inputs)[1].numpy(), self._program.run(*inputs)
        except Exception as error:  # whatever f refuses
            self.autograd = f"The kernel: {error}"
            return
        same = replayed is not None and replayed[1].tobytes() == slope.tobytes()
        verdict = "the same, bit for bit" if same else "something else"
        self.autograd = (
            f"The kernel: f\u2032(x) by autograd is {number(slope[0])}, and the program, replayed "
            f"by NumPy, gives {verdict}."
        )

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, where nothing moves, the explorer's picture and the program as text."""
        bundle, _ = super()._repr_mimebundle_(**kwargs)
        still, metadata = self._explorer._repr_mimebundle_(**kwargs)
        text = f"{still['text/plain']}\n{self._program}"
        return bundle | {"image/png": still["image/png"], "text/plain": text}, metadata


def _listing(program, names):
    """What live.js computes and writes: the lines as code, each behind F or B."""
    spec = as_json(program, names) | dict(outputs=[line.name for line in program.lines])
    for line, name in zip(program.inputs, names, strict=True):
        line.name = name  # as it is printed
    forward = needed(program.outputs[:1])
    parts = ["F" if line in forward else "B" for line in program.lines]
    lines = [f"{p} {a} = {a.code()}" for p, a in zip(parts, program.lines, strict=True)]
    return dict(program=spec, lines=lines, outputs=[line.name for line in program.outputs])


program_view = ProgramView  # a verb where it is called
