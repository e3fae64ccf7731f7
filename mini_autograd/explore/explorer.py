"""The explorer: f and f' under sliders, and at every move the derivative checked by differences.

live.js draws and moves it, and computes what it shows with the program of f. The kernel computes it
where f cannot be followed; else it says, when the sliders have come to rest, whether the engine
finds the same.
"""

from functools import wraps

from mini_autograd.explore.explored import Explored
from mini_autograd.explore.live import Live


class Explorer(Live):
    __doc__ = Explored.__doc__

    @wraps(Explored.__init__)
    def __init__(self, f, /, **options):
        self.explored = Explored(f, **options)
        spec = self.explored.spec()
        super().__init__("explorer", **spec)
        self.alone = "program" in spec
        if not self.alone:
            self.tell(self.explored.start)

    @property
    def values(self):
        """What the sliders were set to when the page last asked."""
        return self.answered.get("values", self.explored.start)

    def answer(self, values):
        """The engine's curve."""
        return self.explored.answer(values)

    def still(self):
        return self.explored.still(self.alone)


explore = Explorer  # a verb where it is called
