"""The general picture: marks that a traced program computes from sliders.

f is followed once for each choice, and its program stands in the page. It is used only if it gives
what f gives: at the start, at the ends of the sliders and at the presets.
"""

import itertools
import re
import traceback

import numpy as np

from mini_autograd.explore.arguments import require_function
from mini_autograd.explore.live import SPEC, Live
from mini_autograd.explore.marks import Array
from mini_autograd.explore.picture import WIDTH, with_picture
from mini_autograd.explore.printed import printed
from mini_autograd.explore.program import as_json
from mini_autograd.explore.sliders import can_be, log_slider_spec, named, slider_spec
from mini_autograd.explore.words import explained, sentence
from mini_autograd.trace import Untraceable, take_scalars_for_numbers, trace
from mini_autograd.trees import mapped, parts

_OWN = {"presets", "play", "labels", "stored"}
_RETURNS = "return a list of panels and say(...)"
_HINT = " np.stack([x, y]) makes an array of numbers under sliders, as_tensor(x) a tensor"


class Drawing(Live):
    """Draw what f computes from sliders: its curves, points, bars and cells, and a sentence.

    f(**values) returns a list of panels, in it lists of those that stand side by side, and what
    say() returns. A control is a slider (min, max, start), or with its step as a fourth; or
    logarithmic(min, max, start); or a list of words to choose from, the first at the start; or
    painted(rows, columns), a sheet that a reader paints, which is a matrix to f. Each may have
    another name in labels={"w": "weight"}. presets names buttons, each with what it sets:
    {"steep": dict(w=4)}. play="n" adds a button that moves n to its end.

    Every value is followed into a program, which runs in the page without a kernel. So f computes
    with NumPy and with tensors, takes its branches by where(), and makes tensors by as_tensor().
    With stored=False the program moves where it was run, and is not kept in the notebook: it may
    hold trained weights, or much else.
    Raises: TypeError or ValueError for an argument that cannot be used, or if f cannot be followed.
    """

    def __init__(self, f, /, *, presets=None, play=None, labels=None, stored=True, **controls):
        require_function("draw", f, _OWN)
        self._stored, labels = stored, _known("labels", labels or {}, controls)
        made = {key: _control(key, given, labels.get(key)) for key, given in controls.items()}
        self._f, self._start = f, {key: one["start"] for key, one in made.items()}
        self._controls = made.values()
        self._choices = {key: one for key, one in made.items() if "options" in one}
        self._sliders = {key: one for key, one in made.items() if "digits" in one}
        self._sheets = {key: one for key, one in made.items() if "painted" in one}
        self._presets = self._checked(presets or {})
        if play is not None and play not in self._sliders:
            raise ValueError(f"draw: play={play!r}, but it is the name of a slider")
        pictures = [self._picture(one) for one in self._chosen()]
        super().__init__(
            "drawing",
            sliders=list(self._sliders.values()),
            choices=list(self._choices.values()),
            **({"sheets": list(self._sheets.values())} if self._sheets else {}),
            presets=[dict(name=name, to=to) for name, to in self._presets.items()],
            play=play,
            longest=max((one.pop("longest") for one in pictures), key=len),
            pictures=pictures,
        )

    def _chosen(self):
        """What each choice can be, one combination after the other."""
        for options in itertools.product(*(one["options"] for one in self._choices.values())):
            yield dict(zip(self._choices, options, strict=True))

    def _checked(self, presets):
        if not all(isinstance(to, dict) for to in getattr(presets, "values", lambda: [0])()):
            form = "a dict from the name of each to a dict from control to value"
            raise TypeError(f"draw: presets are {form}, not {presets!r}")
        for name, to in presets.items():
            for key, value in _known(f"preset {name!r}", to, self._start).items():
                if not self._can_be(key, value):
                    wish = f"preset {name!r} asks for {key}={value!r}"
                    raise ValueError(f"draw: {wish}, to which its control cannot be set")
        return presets

    def _can_be(self, key, value):
        if key in self._choices:
            return value in self._choices[key]["options"]
        if key in self._sheets:
            return np.shape(value) == np.shape(self._sheets[key]["painted"])
        return can_be(self._sliders[key], value)

    # What f computes, and the program that does.

    def outcome(self, **values):
        """The rows of panels for these values of the controls, and what is said."""
        with np.errstate(all="ignore"):
            values = self._start | values
            values |= {key: np.array(values[key], float) for key in self._sheets}
            return _outcome(self._f(**values))

    def _outcome_at(self, values, change):
        try:
            return self.outcome(**values)
        except Exception as error:
            words = f"draw: for {_shown(change)} f raises {explained(error)}"
            raise ValueError(words) from error

    def _ends(self):
        """What differs from the start where a program is compared with f."""
        yield {}
        for key, one in self._sliders.items():
            for end in one["min"], one["max"]:
                yield {key: 10.0**end if one["logarithmic"] else end}
        for key, one in self._sheets.items():
            yield {key: np.ones_like(one["painted"])}
        yield from self._presets.values()

    def _picture(self, chosen):
        """The panels for this choice, the program of their arrays, and the longest sentence."""
        rows, said = self.outcome(**chosen)
        keys = [*self._sliders, *self._sheets]
        pointers = itertools.chain(*(one["pointer"] for one in itertools.chain(*rows)))
        _known("pointer", filter(None, pointers), self._sliders)
        program = self._followed(chosen, _numbers(self._start, keys))
        sentences = []
        for change in self._ends():
            values = self._start | change | chosen
            found = self._outcome_at(values, change)
            _require_same([rows, said], found, change)
            results = program.run(*_numbers(values, keys))
            if results is None or not all(map(_close, results, parts(list(found), Array))):
                raise ValueError(
                    f"draw: for {_shown(change)} f goes another way than at the start: "
                    "let where() choose, so that one program holds for all values"
                )
            sentences.append(sentence(found[1]))
        number = itertools.count()
        spec = mapped(lambda a: next(number) if isinstance(a, Array) else a, [rows, said])
        longest = re.sub(r"\d", "0", max(sentences, key=len))  # the same on every processor
        return dict(rows=spec[0], words=spec[1], program=as_json(program, keys), longest=longest)

    def _followed(self, chosen, numbers):
        keys = [*self._sliders, *self._sheets]

        def arrays(*numbers):
            take_scalars_for_numbers()
            values = chosen | dict(zip(keys, numbers, strict=True))
            return parts(list(_outcome(self._f(**values))), Array)

        try:
            with np.errstate(all="ignore"):
                program = trace(arrays, *numbers)
                as_json(program, keys)
                return program
        except Untraceable as error:
            place = self._place(error)
            raise ValueError(f"draw: {place}a page cannot compute this: {error}.{_HINT}") from error

    def _place(self, error):
        """The line of f where it went wrong."""
        file = getattr(getattr(self._f, "__code__", None), "co_filename", None)
        lines = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == file]
        return f"line {lines[-1].lineno}, {lines[-1].line!r}: " if lines else ""

    # What is printed.

    def _repr_mimebundle_(self, **kwargs):
        rows, said = self.outcome()
        data, metadata = super()._repr_mimebundle_(**kwargs)
        below = None
        if not self._stored:
            del data[SPEC]
            names = ", ".join(one["label"] for one in self._controls)
            below = f"A picture: open and run this chapter in JupyterLab to move {names}."
        bundle, sizes = with_picture(data, printed(rows, below), WIDTH, sentence(said))
        return bundle, metadata | sizes


def _outcome(found):
    """What f returned, as rows of panels and a sentence."""
    match found:
        case ([*rows], {"forms": _} as said):
            pass
        case _:
            raise TypeError(f"draw: f must {_RETURNS}, not {found!r}")
    rows = [row if isinstance(row, list | tuple) else [row] for row in rows]
    for one in itertools.chain(*rows):
        if not (isinstance(one, dict) and "panel" in one):
            raise TypeError(f"draw: f must {_RETURNS}, but in the list is {one!r}")
    return [list(row) for row in rows], said


def _require_same(start, found, change):
    """Refuse a picture of which anything but the numbers is another than at the start."""
    before, now = (
        mapped(lambda a: a.shape if isinstance(a, Array) else a, list(tree))
        for tree in (start, found)
    )
    if before != now:
        path, was, became = _difference(before, now)
        raise ValueError(
            f"draw: {path} is {was!r} at the start, but {became!r} for {_shown(change)}: only "
            "numbers may change with a slider; words with numbers in them are made by say()"
        )


def _difference(a, b, path="what f returns"):
    """Where two trees differ, and what stands there in each."""
    if type(a) is type(b) is dict and a.keys() == b.keys():
        pairs = [(key, a[key], b[key]) for key in a]
    elif type(a) is type(b) is list and len(a) == len(b):
        pairs = [(i, *pair) for i, pair in enumerate(zip(a, b, strict=True))]
    else:
        return path, a, b
    return next(_difference(x, y, f"{path}[{k!r}]") for k, x, y in pairs if x != y)


def _numbers(values, keys):
    """What a program is given for these values of sliders and sheets."""
    return [np.array(values[key], float) for key in keys]


def _close(a, b):
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)


def _shown(values):
    return ", ".join(f"{key} = {value}" for key, value in values.items()) or "the start"


# Controls.


def _known(name, given, controls):
    for key in given:
        if key not in controls:
            raise ValueError(f"draw: {name}: there is no control {key}, only {', '.join(controls)}")
    return given


def _control(key, given, label):
    """What live.js must know of a slider, or of a choice among words."""
    if isinstance(given, dict) and "logarithmic" in given:
        return log_slider_spec("draw", key, given["logarithmic"], label)
    if isinstance(given, dict) and "painted" in given:
        return dict(key=key, label=label or named(key), start=given["painted"], **given)
    if not isinstance(given, list):
        return slider_spec("draw", key, given, label)
    if not given or not all(isinstance(one, str) for one in given):
        raise ValueError(f"draw: {key}={given!r}, but a choice is a list of words")
    return dict(key=key, label=label or named(key), options=given, start=given[0])


draw = Drawing  # a verb where it is called
