"""What live.js shows, with a kernel and without: a spec, in JSON.

The spec is compared to the letter wherever a notebook is executed, so its numbers are those that
were given, or rounded.
"""

import json
from pathlib import Path

from anywidget import AnyWidget
from traitlets import Dict

# JupyterLab serves this folder as it lies, in tools/lab.py.
FRONT = Path(__file__).parent / "front"
LIVE = FRONT / "mini-autograd" / "live.js"
SPEC = "application/vnd.mini-autograd+json"
VERSION = 1  # live.js shows what has its own version, and leaves anything else a picture


class Live(AnyWidget):
    """A widget that live.js draws; stored, its spec is drawn without a kernel."""

    _esm = LIVE
    spec = Dict().tag(sync=True)

    def __init__(self, kind, **spec):
        super().__init__(spec=as_stored(dict(version=VERSION, kind=kind, **spec)))

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, where there is no kernel, the spec."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return data | {SPEC: self.spec}, metadata


def as_stored(spec):
    """The spec as a browser would write it, which knows no 4.0, but 4.

    So a notebook that is opened and saved there stays as it was.
    """
    text = json.dumps(spec, default=float)
    return json.loads(text, parse_float=lambda n: int(float(n)) if _is_whole(n) else float(n))


def _is_whole(digits):
    return float(digits).is_integer() and abs(float(digits)) < 1e21
