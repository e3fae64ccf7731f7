"""The program view: an explorer, and beside its curves the program that computes them."""

import itertools
from functools import partial

import numpy as np

from mini_autograd.explore.explored import Explored
from mini_autograd.explore.live import Live
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

    def __init__(self, f, /, **options):
        self._explored = Explored(f, **options)
        spec = self._explored.spec()
        if "program" not in spec:
            raise ValueError(f"program_view: {self._explored.name} cannot be traced: explore() it")
        self._program = trace(self._both, *self._inputs(self._explored.start))
        listing = _listing(self._program, ["x", *self._explored.parameters])
        super().__init__("program", **(spec | dict(by="program")), listing=listing)

    def _inputs(self, values):
        parameters = (np.array(float(values[key])) for key in self._explored.parameters)
        return np.array([float(values["cursor"])]), *parameters

    def _both(self, x, *parameters):
        """f and its derivative at x, as the engine finds them."""
        make = partial(tensor_around, kind=self._explored.Tensor)
        leaf = make(x, requires_grad=True)
        parameters = dict(zip(self._explored.parameters, map(make, parameters), strict=True))
        y = self._explored.f(leaf, **parameters)
        y.backward(make(np.ones_like(x)))
        return y, leaf.grad

    def answer(self, values):
        """What the engine finds where the reader is, and whether the program does, too."""
        inputs = self._inputs(values)
        slope, replayed = self._both(*inputs)[1].numpy(), self._program.run(*inputs)
        same = replayed is not None and replayed[1].tobytes() == slope.tobytes()
        verdict = "the same, bit for bit" if same else "something else"
        found = f"f\u2032(x) by autograd is {number(slope[0])}"
        return dict(autograd=f"{found}, and the program, replayed by NumPy, gives {verdict}.")

    def still(self):
        """The explorer's picture, and the program as text."""
        lines = self.spec["listing"]["lines"]
        half = (len(lines) + 1) // 2
        columns = itertools.zip_longest(lines[:half], lines[half:], fillvalue="")
        code = "\n".join(f"{left:50}{right}" for left, right in columns)
        data, about = self._explored.still(self.alone, code)
        return data | {"text/plain": f"{data['text/plain']}\n{self._program}"}, about


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
