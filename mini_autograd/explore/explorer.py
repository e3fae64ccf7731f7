"""The explorer: f and f' under sliders, and at every move the derivative checked by differences.

live.js draws and moves it, and computes what it shows with the program of f. The kernel computes it
where f cannot be followed; else it says, when the sliders have come to rest, whether the engine
finds the same.
"""

from functools import wraps

from mini_autograd.explore.explored import FIELDS, IN_A_PAGE, Explored
from mini_autograd.explore.live import Live
from mini_autograd.explore.picture import WIDTH, with_picture


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
        curve = self.explored.examine(values)
        return {field: getattr(curve, field) for field in FIELDS} | {"problem": curve.problem}

    def still(self):
        """A picture and a sentence."""
        curve = self.explored.examine(self.explored.start)
        where = IN_A_PAGE if self.alone else "Run this cell in JupyterLab"
        picture = self.explored.picture(curve, where)
        return with_picture({}, picture, WIDTH, self.explored.sentence(curve))


explore = Explorer  # a verb where it is called
