"""The gallery: one explorer over many functions, and what each does to a crowd of inputs."""

from statistics import NormalDist

import numpy as np

from mini_autograd.explore.arguments import require_function, require_slider
from mini_autograd.explore.explored import Explored
from mini_autograd.explore.live import Live
from mini_autograd.explore.sliders import slider_spec
from mini_autograd.explore.words import fixed

# live.js has the same numbers.
_NORMAL = np.array([NormalDist().inv_cdf((i + 0.5) / 2000) for i in range(2000)])
_INPUTS = {"mean of inputs": (-3, 3, 0.0), "spread of inputs": (0.1, 3, 1.0)}
_NAME = "the function"  # no name of a parameter, nor is one with blanks


class Gallery(Live):
    """Explore any function of the catalogue, a dict from its name to (f, sliders).

    A crowd of inputs lies below the upper axis, and at the right what the function makes of it.
    Curves that are pinned stay while another function is chosen. Limits given are those of all
    explorers, so that curves can be compared.
    Raises: TypeError or ValueError for an argument that cannot be used, in any entry.
    """

    def __init__(self, catalogue, start=None, *, xlim=(-6, 6), ylim=None, slope_ylim=None):
        _require_entries(catalogue, start)
        limits = dict(xlim=xlim, ylim=ylim, slope_ylim=slope_ylim)
        self._members = {
            str(name): _Member(f, name=str(name), **sliders, **limits)
            for name, (f, sliders) in catalogue.items()
        }
        first = str(next(iter(catalogue)) if start is None else start)
        members = [member.spec() for member in self._members.values()]
        inputs = [slider_spec("gallery", key, given) for key, given in _INPUTS.items()]
        super().__init__("gallery", start=first, members=members, inputs=inputs)
        self._first = self._members[first]
        self.alone = all("program" in member for member in members)

    def answer(self, values):
        """The engine's curve of the chosen function, and what it makes of the crowd."""
        member = self._members[values[_NAME]]
        outputs, slopes = member.push_through(values)
        return member.answer(values) | dict(outputs=outputs, slopes=slopes)

    def still(self):
        """The picture of the first function, and what becomes of the crowd."""
        data, about = self._first.still(self.alone)
        return data | {"text/plain": f"{data['text/plain']}\n{self._first.said()}"}, about


class _Member(Explored):
    """A function of the gallery, and what it makes of a crowd of inputs."""

    who, moves = "gallery", "choose a function, and to move"

    def push_through(self, values):
        """f and f' at the inputs; nothing where f fails."""
        x = self._crowd(values)
        with np.errstate(all="ignore"):
            try:
                return self.values_and_slopes(x, values, self.Tensor)
            except Exception:
                return x[:0], x[:0]

    def _crowd(self, values):
        mean, spread = (values.get(key, given[2]) for key, given in _INPUTS.items())
        return mean + spread * _NORMAL

    def _programs(self):
        return super()._programs() | dict(crowd=self._followed(self.values_and_slopes, self._crowd))

    def said(self):
        """What becomes of the crowd at the start, in words."""
        y, slope = self.push_through(self.start)
        said = "Inputs: mean 0.00, standard deviation 1.00."
        if not len(y):
            return said
        if lost := np.count_nonzero(~np.isfinite(y)):
            return f"{said} Outputs: {lost} of {len(y)} are not finite."
        figures = f"mean {fixed(y.mean(), 2)}, standard deviation {fixed(y.std(), 2)}"
        flat = f"{np.mean(np.abs(slope) < 0.01):.0%} of them the slope is below 0.01"
        return f"{said} Outputs: {figures}; for {flat}."


def _require_entries(catalogue, start):
    """Refuse a catalogue of which an entry could not be shown when it is chosen."""
    form = "from the name of each function to (function, {parameter: (min, max, start)})"
    if not (isinstance(catalogue, dict) and catalogue):
        raise TypeError(f"gallery: a dict is needed, {form}, not {catalogue!r}")
    for name, entry in catalogue.items():
        who = f"gallery: {name!r}"
        match entry:
            case [f, dict(sliders)]:
                require_function(who, f, Explored.__init__.__kwdefaults__, inputs=1)
                for key, given in sliders.items():
                    require_slider(who, key, given)
            case _:
                raise TypeError(f"{who}: the catalogue is a dict {form}, not to {entry!r}")
    if start is not None and start not in catalogue:
        raise ValueError(f"gallery: start={start!r} is none of {', '.join(map(str, catalogue))}")


gallery = Gallery  # called as explore is
