"""The general picture: marks that a function computes from sliders.

f is followed once for each choice, and its program stands in the page. It is used only if it gives
what f gives: at the start, at the ends of the sliders and at the presets. Else the kernel computes
the picture.
"""

import itertools
import json
import re
import textwrap
import traceback
from functools import partial

import numpy as np

from mini_autograd.explore.arguments import in_short, require_function, require_presets
from mini_autograd.explore.live import Live
from mini_autograd.explore.marks import Array
from mini_autograd.explore.picture import WIDTH, with_picture
from mini_autograd.explore.printed import printed
from mini_autograd.explore.program import alike, as_json
from mini_autograd.explore.sliders import can_be, log_slider_spec, named, slider_spec
from mini_autograd.explore.words import explained, sentence
from mini_autograd.trace import Untraceable, take_scalars_for_numbers, trace
from mini_autograd.trees import mapped

BY_KERNEL = "Computed by the kernel, as a page alone cannot follow f"
_RETURNS = "return a list of panels and say(...)"


class Drawing(Live):
    """Draw what f computes from sliders: its curves, points, bars and cells, and a sentence.

    f(**values) returns a list of panels, in it lists of those that stand side by side, and what
    say() returns. A control is a slider (min, max, start), or with its step as a fourth; or
    logarithmic(min, max, start); or a list of words to choose from, the first at the start; or
    painted(rows, columns), a sheet that a reader paints, which is a matrix to f. Each may have
    another name in labels={"w": "weight"}. presets names buttons, each with what it sets:
    {"steep": dict(w=4)}. play="n" adds a button that moves n to its end.

    f is followed into a program, which runs in the page without a kernel, if it computes with NumPy
    and with tensors, takes its branches by where(), makes arrays of numbers under sliders by
    np.stack() and tensors by as_tensor(), and changes nothing but numbers. Any other f is computed
    by the kernel at each move. Below its picture stands why, and what f does wrong; without a
    kernel it stays a picture. With stored=False a program moves where it was run, and is not kept
    in the notebook: it may hold trained weights, or much else.
    Raises: TypeError or ValueError for an argument that cannot be used; what f raises at the start.
    """

    def __init__(self, f, /, *, presets=None, play=None, labels=None, stored=True, **controls):
        require_function("draw", f, Drawing.__init__.__kwdefaults__)
        labels = _known("labels", labels or {}, controls)
        made = {key: _control(key, given, labels.get(key)) for key, given in controls.items()}
        self._f, self._start = f, {key: one["start"] for key, one in made.items()}
        self._choices = {key: one for key, one in made.items() if "options" in one}
        self._sliders = {key: one for key, one in made.items() if "digits" in one}
        self._sheets = {key: one for key, one in made.items() if "painted" in one}
        self._presets = require_presets("draw", presets or {}, made, _can_be)
        if play is not None and play not in self._sliders:
            raise ValueError(f"draw: play={play!r}, but it is the name of a slider")
        super().__init__(
            "drawing",
            sliders=list(self._sliders.values()),
            choices=list(self._choices.values()),
            **({"sheets": list(self._sheets.values())} if self._sheets else {}),
            presets=[dict(name=name, to=to) for name, to in self._presets.items()],
            play=play,
            **self._pictures(),
        )
        self._names = ", ".join(one["label"] for one in made.values())
        self._about = [self.spec["about"]] if "about" in self.spec else []
        self.alone = stored and not self._about
        if self._about:
            self.tell(self._start)

    # What f computes.

    def outcome(self, **values):
        """The rows of panels for these values of the controls, and what is said."""
        values = self._start | values
        values |= {key: float(values[key]) for key in self._sliders}
        for key, one in self._sheets.items():
            values[key] = np.array(values[key], float).reshape(np.shape(one["start"]))
        with np.errstate(all="ignore"):
            return self._outcome(values)

    def _outcome(self, values):
        """The same for values that may stand in a program."""
        match found := self._f(**values):
            case ([*rows], {"forms": _} as said):
                pass
            case _:
                raise TypeError(f"draw: f must {_RETURNS}, not {in_short(found)}")
        rows = [[*row] if isinstance(row, list | tuple) else [row] for row in rows]
        if not (rows and all(1 <= len(row) <= 6 for row in rows)):
            sizes = [len(row) for row in rows]
            raise ValueError(f"draw: f must {_RETURNS}, one to six in a row, not {sizes} of them")
        for one in itertools.chain(*rows):
            if not (isinstance(one, dict) and "panel" in one):
                raise TypeError(f"draw: f must {_RETURNS}, but in the list is {in_short(one)}")
            _known("pointer", filter(None, one["pointer"]), self._sliders)
        return rows, said

    def answer(self, values):
        """The picture for these values as text, and its arrays by the numbers that it has."""
        picture, arrays = _apart(*self.outcome(**values))
        text = json.dumps(picture, default=float)
        return dict(picture=text) | {str(i): array for i, array in enumerate(arrays)}

    # The program that computes the same.

    @np.errstate(all="ignore")  # somewhere along a slider f may divide by 0
    def _pictures(self):
        """A picture for each choice, with its program; or none, and why."""
        _, said = self.outcome()  # what it raises at the start ends draw()
        try:
            found = [self._followed(chosen) for chosen in self._chosen()]
            pictures, sentences = zip(*found, strict=True)
            about = {}
        except Exception as error:  # whatever f does when it is followed
            why = error if isinstance(error, Untraceable) else explained(error)
            about = dict(about=f"{BY_KERNEL}: {self._place(error)}{why}.")
            pictures, sentences = [], [[sentence(said)]]
        longest = max(itertools.chain(*sentences), key=len)
        longest = re.sub(r"\d", "0", longest)  # the same on every processor
        return dict(longest=longest, pictures=pictures, **about)

    def _chosen(self):
        """What each choice can be, one combination after the other."""
        for options in itertools.product(*(one["options"] for one in self._choices.values())):
            yield dict(zip(self._choices, options, strict=True))

    def _followed(self, chosen):
        """The picture for this choice with the program of its arrays, and all that it may say."""
        keys, start, sentences = [*self._sliders, *self._sheets], self._start | chosen, []
        picture, _ = _apart(*self.outcome(**chosen))
        program = trace(partial(self._arrays, chosen, keys), *_numbers(start, keys))
        for change in self._ends():
            values = start | change | chosen
            rows, said = self.outcome(**values)
            form, arrays = _apart(rows, said)
            results = program.run(*_numbers(values, keys))
            if form != picture or results is None or not all(map(alike, results, arrays)):
                at = ", ".join(f"{key} = {value}" for key, value in change.items()) or "the start"
                why = "it takes another branch, or more than numbers change"
                raise Untraceable(f"for {at} it does something else than at the start: {why}")
            sentences.append(sentence(said))
        return picture | dict(program=as_json(program, keys)), sentences

    def _arrays(self, chosen, keys, *numbers):
        take_scalars_for_numbers()
        return _apart(*self._outcome(chosen | dict(zip(keys, numbers, strict=True))))[1]

    def _ends(self):
        """What differs from the start where a program is compared with f."""
        yield {}
        for key, one in self._sliders.items():
            for end in one["min"], one["max"]:
                yield {key: 10.0**end if one["logarithmic"] else end}
        for key, one in self._sheets.items():
            yield {key: np.ones_like(one["painted"])}
        yield from self._presets.values()

    def _place(self, error):
        """The line of f where it went wrong."""
        file = getattr(getattr(self._f, "__code__", None), "co_filename", None)
        lines = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == file]
        return f"line {lines[-1].lineno}, {lines[-1].line}: " if lines else ""

    def still(self):
        """A picture with the sentence; below it what moves it, where only a kernel does."""
        rows, said = self.outcome()
        how = f"A picture: open and run this chapter in JupyterLab to move {self._names}."
        below = [] if self.alone else [textwrap.fill(line, 84) for line in [how, *self._about]]
        text = "\n".join([sentence(said), *self._about])
        return with_picture({}, printed(rows, "\n".join(below)), WIDTH, text)


def _apart(rows, said):
    """A picture as live.js has it, in which numbers stand for its arrays, and these."""
    arrays = []

    def place(part):
        if not isinstance(part, Array):
            return part
        arrays.append(part)
        return len(arrays) - 1

    return dict(rows=mapped(place, rows), words=mapped(place, said)), arrays


def _numbers(values, keys):
    """What a program is given for these values of sliders and sheets."""
    return [np.array(values[key], float) for key in keys]


# Controls.


def _known(name, given, controls):
    for key in given:
        if key not in controls:
            raise ValueError(f"draw: {name}: there is no control {key}, only {', '.join(controls)}")
    return given


def _control(key, given, label):
    """What live.js must know of a slider, or of a choice among words."""
    if not key.isidentifier():  # JavaScript puts "2" before "a", in whatever order they are given
        raise ValueError(f"draw: {key!r} is no name of a parameter: use letters first")
    if isinstance(given, dict) and "logarithmic" in given:
        return log_slider_spec("draw", key, given["logarithmic"], label)
    if isinstance(given, dict) and "painted" in given:
        return dict(key=key, label=label or named(key), start=given["painted"], **given)
    if not isinstance(given, list):
        return slider_spec("draw", key, given, label)
    if not (given and all(isinstance(one, str) for one in given) and len(set(given)) == len(given)):
        raise ValueError(f"draw: {key}={given!r}, but a choice is a list of words, each once")
    return dict(key=key, label=label or named(key), options=given, start=given[0])


def _can_be(control, value):
    """Can the control be set to the value?"""
    if "options" in control:
        return value in control["options"]
    if "painted" in control:
        return np.shape(value) == np.shape(control["painted"])
    return can_be(control, value)


draw = Drawing  # a verb where it is called
