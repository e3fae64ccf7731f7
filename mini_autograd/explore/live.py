"""What live.js shows, with a kernel and without: a spec, in JSON.

The spec is compared to the letter wherever a notebook is executed, so its numbers are those that
were given, or rounded.
"""

import json
from pathlib import Path

from anywidget import AnyWidget
from traitlets import Dict

from mini_autograd.explore.words import explained
from mini_autograd.trees import mapped

# JupyterLab serves this folder as it lies, in tools/lab.py.
FRONT = Path(__file__).parent / "front"
LIVE = FRONT / "mini-autograd" / "live.js"
SPEC = "application/vnd.mini-autograd+json"
VERSION = 1  # live.js shows what has its own version, and leaves anything else a picture


class Live(AnyWidget):
    """A widget that live.js draws; stored, its spec is drawn without a kernel.

    The page may ask what there is to be seen for the values of its controls, a dict from the name
    of each to a number, a list of numbers or a text. A subclass that can be asked has a method
    answer(values); it returns a dict of texts, and of arrays, which are sent as they lie in memory.
    The page asks one question at a time, and then the last that came up meanwhile (the class Kernel
    in live.js).

    A subclass says in still() what stands where nothing can move: outputs by their kind, and what
    else to know of them. alone is False where only a kernel can move it, and only it shows a spec.
    """

    alone = True
    _esm = LIVE
    spec = Dict().tag(sync=True)
    answered = Dict().tag(sync=True)  # the last answer, which a page that is opened again finds

    def __init__(self, kind, **spec):
        super().__init__(spec=as_stored(dict(version=VERSION, kind=kind, **spec)))
        self.on_msg(lambda _, asked, buffers: self.tell(asked["values"], asked["question"]))

    def tell(self, values, question=""):
        """Send the answer for these values; question is what the page knows it by."""
        # 4.0 has come as 4, with which a function may do something else.
        values = mapped(lambda v: v if isinstance(v, str) else float(v), values)
        try:
            found = self.answer(values)
        except BaseException as error:  # an interrupt, too: the page waits
            found = dict(problem=explained(error))
        found = {name: v if isinstance(v, str) else _as_bytes(v) for name, v in found.items()}
        self.answered = dict(question=question, values=values, found=found)

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, where there is no kernel, the spec and what stands still."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        still, about = self.still()
        return data | ({SPEC: self.spec} if self.alone else {}) | still, metadata | about


def _as_bytes(array):
    return array.astype("<f8").tobytes()


def as_stored(spec):
    """The spec as a browser would write it, which knows no 4.0, but 4.

    So a notebook that is opened and saved there stays as it was.
    """
    text = json.dumps(spec, default=float)
    return json.loads(text, parse_float=lambda n: int(float(n)) if _is_whole(n) else float(n))


def _is_whole(digits):
    return float(digits).is_integer() and abs(float(digits)) < 1e21
