"""The general picture: marks as data, what is refused, the program against the function itself."""

import base64
import itertools
import json
import re
import warnings

import numpy as np
import programs
import pytest
from matplotlib.text import Text

from mini_autograd.explore import draw, drawing, printed, words
from mini_autograd.explore.live import SPEC
from mini_autograd.explore.marks import (
    as_tensor,
    bars,
    cells,
    curve,
    logarithmic,
    painted,
    panel,
    points,
    say,
)
from notebooks import ROOT, code_cells, notebook_paths, read

GRID = np.linspace(-2, 2, 41)
LIMITS = dict(xlim=(-2, 2), ylim=(-1, 4))


def neuron(x, w, b):
    z = np.tanh(w * GRID + b)
    at = np.tanh(w * x + b)
    return [
        panel(curve(GRID, z, "tanh"), points(x, at, say("{:.2f}", at)), **LIMITS, pointer="x")
    ], say("At x = {:.1f} it is {:.3f}: {:negative|positive}.", x, at, at > 0)


def everything(n, h, which):
    """Each kind of mark, two panels side by side, a choice, a logarithmic slider."""
    steps = np.arange(5)
    path = np.where(steps <= n, GRID[::10] * h, np.nan)
    names = ["one", "two", "three", "four", say("five {:d}", n)]
    return [
        [
            panel(bars(steps * n, names, digits=1), ylim=(0, 20), title=which),
            panel(cells(path * np.ones((2, 1)), ["a", "b"], lit=np.ones((2, 5)) * (steps == n))),
        ],
        panel(
            cells(np.outer(GRID, GRID) * h, limits=(0, 2), digits=None),
            curve(steps, path, color="ink", style="dashed"),
            points([n, 1.0], [h, 0]),
            **LIMITS,
            pointer=("n", None),
        ),
    ], say("{:.1e} {:d} {:no|yes}", h, n, n > 1)


def by_backward(w):
    x = as_tensor(w, requires_grad=True)
    (x * x * x).sum().backward()
    return [panel(points(w, x.grad), **LIMITS)], say("the slope is {:.2f}", x.grad)


DRAWN = {
    "neuron": lambda: draw(
        neuron, x=(-2, 2, 1.0), w=(-4, 4, 1.0), b=(-4, 4, 0.0), presets={"steep": dict(w=4)}
    ),
    "everything": lambda: draw(
        everything,
        n=(0, 4, 2, 1),
        h=logarithmic(1e-3, 1, 0.1),
        which=["first", "second"],
        labels=dict(h="step (h)"),
        play="n",
    ),
    "by backward": lambda: draw(by_backward, w=(-1, 1, 0.5)),
}


@pytest.fixture(scope="module")
def drawings():
    return {name: make() for name, make in DRAWN.items()}


def random_values(drawing, number=20):
    """Values of the sliders, and the place of the program for a choice."""
    rng, spec = np.random.default_rng(0), drawing.spec
    for k in range(number):
        values = {s["key"]: rng.uniform(s["min"], s["max"]) for s in spec["sliders"]}
        values |= {s["key"]: 10 ** values[s["key"]] for s in spec["sliders"] if s["logarithmic"]}
        at = k % len(spec["pictures"])
        yield at, values, {one["key"]: one["options"][at] for one in spec["choices"]}


def arrays(outcome):
    """The arrays of a picture, in the order of a program's outputs."""
    found = []

    def visit(part):
        if isinstance(part, dict):
            part = list(part.values())
        if isinstance(part, list):
            [visit(one) for one in part]
        elif isinstance(part, np.ndarray | np.generic):
            found.append(part)

    visit(list(outcome))
    return found


@pytest.mark.parametrize("name", DRAWN)
def test_the_program_of_a_drawing_computes_what_f_does(drawings, name):
    drawing = drawings[name]
    for at, values, chosen in random_values(drawing):
        want = arrays(drawing.outcome(**values, **chosen))
        program = json.loads(json.dumps(drawing.spec["pictures"][at]["program"]))
        found, broken = programs.run(program, list(values.values()))
        assert broken == -1 and len(found) == len(want)
        for a, b in zip(found, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_stored_has_the_same_bytes_each_time(drawings, name):
    (first, sizes), (again, _) = (
        one._repr_mimebundle_() for one in (drawings[name], DRAWN[name]())
    )
    assert json.dumps(first[SPEC]) == json.dumps(again[SPEC])
    assert first["image/png"] == again["image/png"] and sizes["image/png"]["width"] == 640
    assert base64.b64decode(first["image/png"]).startswith(b"\x89PNG")
    assert first["text/plain"] == words.sentence(drawings[name].outcome()[1])


def test_what_is_said_at_the_start_stands_beside_the_picture(drawings):
    data, _ = drawings["neuron"]._repr_mimebundle_()
    assert data["text/plain"] == "At x = 1.0 it is 0.762: positive."
    assert drawings["neuron"].spec["longest"] == "At x = −0.0 it is −0.000: negative."


def test_the_printed_picture_has_what_moves_in_the_page(drawings, monkeypatch):
    figures = []
    monkeypatch.setattr(printed, "small_png", lambda figure: figures.append(figure) or b"")
    rows, _ = drawings["everything"].outcome()
    printed.printed(rows)
    bars_ax, cells_ax, map_ax = figures[0].axes
    assert [bar.get_height() for bar in bars_ax.patches] == [0, 2, 4, 6, 8]
    assert [text.get_position()[1] for text in bars_ax.texts[:5]] == [0, 2, 4, 6, 8]
    assert [text.get_text() for text in bars_ax.get_xticklabels()][3:] == ["four", "five 2"]
    assert [text.get_text() for text in bars_ax.texts] == [
        "0.0",
        "2.0",
        "4.0",
        "6.0",
        "8.0",
        "first",
    ]
    (image,), numbers = cells_ax.images, [text.get_text() for text in cells_ax.texts]
    assert image.origin == "upper" and numbers[:3] == ["−0.20", "−0.10", "0.00"]
    assert [text.get_text() for text in cells_ax.get_yticklabels()] == ["a", "b"]
    assert len(cells_ax.patches) == 2 and not cells_ax.lines  # what is lit, and no axes
    (image,) = map_ax.images
    assert image.origin == "lower" and image.get_extent() == [-2, 2, -1, 4]
    _, line, dots = map_ax.lines
    np.testing.assert_array_equal(line.get_ydata()[:3], [-0.2, -0.1, 0])
    assert dots.get_xydata().tolist() == [[2, 0.1], [1, 0]]


def test_a_printed_curve_keeps_every_point_beside_gaps_and_jumps(monkeypatch):
    figures = []
    monkeypatch.setattr(printed, "small_png", lambda figure: figures.append(figure) or b"")
    y = [1, 1, 1, 3, 3, 3, np.nan, 2, 2, 2]
    printed.printed([[panel(curve(range(10), y), curve([0, 1], [0, 3]), **LIMITS)]])
    *_, line, short = figures[0].axes[0].lines
    want = [[0, 1], [1, 1], [2, 1], [np.nan] * 2, [3, 3], [4, 3], [5, 3], [6, np.nan]]
    np.testing.assert_array_equal(line.get_xydata(), [*want, [7, 2], [8, 2], [9, 2]])
    assert len(short.get_xydata()) == 2


def test_a_printed_point_is_whole_also_at_the_edge_or_it_is_not_seen(monkeypatch):
    figures = []
    monkeypatch.setattr(printed, "small_png", lambda figure: figures.append(figure) or b"")
    printed.printed([[panel(points([-2, 0, 2.1], [1, 0, 0]), xlim=(-2, 2), ylim=(-1, 1))]])
    *_, drawn = figures[0].axes[0].lines
    assert drawn.get_xdata().tolist() == [-2, 0] and not drawn.get_clip_on()


# --- Marks ----------------------------------------------------------------------------------------


def test_a_single_number_goes_with_a_row():
    x, y = curve(GRID, 2.0)["arrays"]
    assert x is GRID and y.shape == GRID.shape and (y == 2).all()
    assert points(1, 2)["arrays"][0].tolist() == [1]
    assert points([1, as_tensor(2.0)], [3, 4])["arrays"][0].tolist() == [1, 2]


def test_bars_may_be_none_and_a_slider_as_fine_as_javascript_writes_it():
    assert panel(bars([]), ylim=(0, 2))["xlim"] == [-0.5, 0.5]
    (slider,) = draw(simple, w=(0, 1e-90, 0)).spec["sliders"]
    assert slider["digits"] == 75


def test_panels_of_cells_and_bars_know_their_axes():
    one = panel(cells(np.zeros((2, 3))))
    assert one["xlim"] == [-0.5, 2.5] and one["ylim"] == [1.5, -0.5]
    assert panel(bars([1, 2]), ylim=(0, 2))["xlim"] == [-0.5, 1.5]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: curve(GRID, GRID[1:]), ValueError, "curve: x has shape .41,., but y has .40,."),
        (lambda: curve(GRID, GRID * 1j), TypeError, "curve: y must be real numbers, not complex"),
        (lambda: curve(GRID, GRID[None]), ValueError, "curve: y must be a row .* shape .1, 41"),
        (lambda: curve(1, 1, color="red"), ValueError, "curve: color='red', but use function, "),
        (lambda: curve(1, 1, style="-"), ValueError, "curve: style='-', but use solid, dashed"),
        (lambda: curve(1, 1, width=0), ValueError, "curve: width=0, but a number of pixels"),
        (
            lambda: curve(np.zeros(50_001), 0),
            ValueError,
            "curve: x holds 50,001 numbers, but a pict",
        ),
        (lambda: points(1, "a"), TypeError, "points: y must be real numbers"),
        (lambda: bars([1, 2], ["a"]), ValueError, "bars: names=.'a'., but a list of 2 names"),
        (lambda: bars([1, 2], digits=-1), ValueError, "bars: digits=-1, but use a whole number"),
        (lambda: cells([1, 2]), ValueError, "cells: matrix must be a matrix, but has shape .2,"),
        (lambda: cells(np.eye(2), lit=[[1]]), ValueError, "lit has shape .1, 1., but matrix .2, 2"),
        (lambda: cells(np.eye(2), limits=(1, 1)), ValueError, "cells: limits=.1, 1., but an axis"),
        (lambda: panel(GRID), TypeError, r"panel: curve\(\), points\(\), .* is needed, not array"),
        (lambda: panel([GRID] * 99), TypeError, r"is needed, not .{,120}$"),
        (lambda: panel(bars([1]), ylim=(0, 1), height=1e6), ValueError, "above 0 and at most 2000"),
        (
            lambda: panel(xlabel=say("x"), **LIMITS),
            TypeError,
            "panel: xlabel must be a text, not {",
        ),
        (lambda: cells(np.ones((0, 3))), ValueError, "cells: matrix has shape .0, 3., but needs a"),
        (lambda: say("{w"), ValueError, "say: '{w' is no sentence: expected '}'.* is doubled"),
        (lambda: say(1.0), ValueError, "say: 1.0 is no sentence: expected str, got float"),
        (lambda: painted(0, 2), ValueError, "painted: .rows, columns.=.0, 2., but whole numbers"),
        (lambda: panel(points(1, 1), ylim=(0, 1)), ValueError, r"panel: xlim=None, but an axis"),
        (lambda: say("{:.2f}"), ValueError, "say: 0 values for the 1 braces of '{:.2f}'"),
        (lambda: say("{:5}", 1), ValueError, "say: {:5} in '{:5}', but use {:.2f}, {:.1e}"),
        (lambda: say("{x:.2f}", 1), ValueError, "say: {x:.2f} in"),
        (lambda: say("{:.2f%}", 1), ValueError, "say: {:.2f%} in"),
        (lambda: say("{:d}", GRID), ValueError, "say: a value must be one number, but has shape"),
        (lambda: logarithmic(0, 1, 1), ValueError, "logarithmic: .min, max, start.=.0, 1, 1., but"),
    ],
)
def test_a_mark_says_what_it_cannot_use(call, error, words):
    with pytest.raises(error, match=words):
        call()


# --- What draw refuses ----------------------------------------------------------------------------


def simple(w):
    return [panel(points(w, w), **LIMITS)], say("{:.2f}", w)


@pytest.mark.parametrize(
    ("f", "given", "error", "words"),
    [
        (simple(1.0), {}, TypeError, "draw: a function is needed, not a tuple"),
        (simple, dict(w=(0, 1)), ValueError, "draw: w=.0, 1., but a slider is .min, max, start."),
        (simple, dict(w=[]), ValueError, "draw: w=.., but a choice is a list of words"),
        (simple, dict(w=["a", "a"]), ValueError, "draw: w=.'a', 'a'., but .* words, each once"),
        (simple, {"2": (0, 1, 0)}, ValueError, "draw: '2' is no name of a parameter"),
        (
            lambda: ([], say("")),
            {},
            ValueError,
            r"draw: f must .* one to six in a row, not \[\] of",
        ),
        (lambda: ([[]], say("")), {}, ValueError, r"draw: f must .*, not \[0\] of them"),
        (
            lambda: ([simple(1)[0] * 7], say("")),
            {},
            ValueError,
            r"draw: f must .*, not \[7\] of them",
        ),
        (lambda: [GRID] * 99, {}, TypeError, r"draw: f must return .*, not .{,120}$"),
        (simple, dict(w=(0, 1, 0), play="n"), ValueError, "draw: play='n', but it is the name of"),
        (
            simple,
            dict(w=(0, 1, 0), labels=dict(v="V")),
            ValueError,
            "labels: there is no control",
        ),
        (simple, dict(w=(0, 1, 0), presets=dict(a=1)), TypeError, "draw: presets are a dict from"),
        (
            simple,
            dict(w=(0, 1, 0), presets=dict(a=dict(v=1))),
            ValueError,
            "preset 'a': there is",
        ),
        (simple, dict(w=(0, 1, 0), presets=dict(a=dict(w=2))), ValueError, "'a' asks for w=2"),
        (lambda play: 0, {}, ValueError, "draw: the name play is taken"),
        (lambda w: w, dict(w=(0, 1, 0)), TypeError, "draw: f must return a list of panels and say"),
        (lambda w: ([w], say("")), dict(w=(0, 1, 0)), TypeError, "but in the list is "),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused(f, given, error, words):
    with pytest.raises(error, match=words):
        draw(f, **given)


def test_a_pointer_names_a_slider():
    def f(w):
        return [panel(points(w, w), **LIMITS, pointer="v")], say("")

    with pytest.raises(ValueError, match="draw: pointer: there is no control v, only w"):
        draw(f, w=(0, 4, 1))


def test_what_f_raises_at_the_start_is_raised():
    with pytest.raises(ZeroDivisionError):
        draw(lambda w: simple(1 / (w - 1)), w=(0, 4, 1))


def test_a_number_divided_by_0_is_no_warning_where_f_is_followed():
    def f(w):
        heights = w / np.arange(3.0)
        return [panel(curve(np.arange(3.0), heights), xlim=(0, 2), ylim=(-1, 1))], say("still")

    with warnings.catch_warnings(action="error"):
        made = draw(f, w=(-1, 1, 0.0))
    assert made.spec["pictures"]


def test_choices_alone_make_a_picture():
    def f(which):
        return [panel(points(1, 1, which), **LIMITS)], say(which)

    pictures = draw(f, which=["first", "second"]).spec["pictures"]
    assert [one["words"]["words"] for one in pictures] == [["first"], ["second"]]


def test_numbers_that_no_slider_moves_are_said_all_the_same():
    def f(which):
        return [panel(points(1, 1), **LIMITS)], say("{:d} {:.1f}", np.int64(7), np.array(2.5))

    (picture,) = draw(f, which=["only"]).spec["pictures"]
    assert [picture["program"]["outputs"][i] for i in picture["words"]["arrays"]] == ["7", "2.5"]


def test_what_is_not_stored_leaves_a_picture_that_says_how_it_moves(monkeypatch):
    lines, whole = [], printed.printed
    monkeypatch.setattr(
        drawing, "printed", lambda rows, below: lines.append(below) or whole(rows, below)
    )
    one = draw(neuron, x=(-2, 2, 1), w=(-4, 4, 2), b=(-4, 4, 0), stored=False)
    data, _ = one._repr_mimebundle_()
    assert SPEC not in data and one.spec["pictures"] and data["image/png"]
    assert lines == ["A picture: open and run this chapter in JupyterLab to move x, w, b."]


LONG = "a name that goes on and on and on, and does not end before the picture does; not even here"
MANY = [f"number {i}" for i in range(40)]
ROOM_FOR_ALL = {
    "names of rows": [panel(cells(np.eye(2), ["a", "hardsigmoid, the longest"]))],
    "long names of rows": [panel(cells(np.eye(2), [LONG, LONG], [LONG, LONG]))] * 2,
    "many cells": [panel(cells(np.eye(40), MANY, MANY), title="40 x 40")],
    "tall cells": [panel(cells(np.ones((40, 2)), MANY))],
    "narrow cells": [panel(cells(np.full((3, 10), 123.456), digits=3))] * 2,
    "many bars": [panel(bars(np.ones(40), MANY, digits=2), ylim=(0, 1), title="bars")],
    "ends of bars": [panel(bars([2, 5, -5, np.inf, np.nan], digits=2), ylim=(-2, 2), title="t")],
    "all around": [
        panel(points(1, 1, LONG), **LIMITS, title=LONG, xlabel=LONG, ylabel=LONG),
        panel(points(1, 1, "n"), **LIMITS, title="W" * 90, xlabel="x", ylabel="height"),
    ],
    "far axes": [panel(points(1, 1), xlim=(-2e9, 2e9), ylim=(-2e-9, 1.5e-9), title="far")],
    "fine axes": [panel(points(1, 1), xlim=(1, 1.01), ylim=(10, 10.01), title="fine")],
    "many curves": [panel(*(curve([0, 1], [i, 1], MANY[i]) for i in range(12)), **LIMITS)],
    "six": [panel(points(1, 1), **LIMITS, title="title", xlabel="x", ylabel="y")] * 6,
    "markup": [panel(bars([1, 2], ["$x$", r"$\b{$"]), points(0, 0, "_$"), ylim=(0, 2), title="$")],
    "markup in cells": [panel(cells(np.eye(2), [r"$\b{$", "_"], ["$^$", "<b>"]))],
}


@pytest.mark.parametrize("name", ROOM_FOR_ALL)
def test_in_print_nothing_is_cut_off_and_no_text_lies_on_another(monkeypatch, name):
    figures = []
    monkeypatch.setattr(printed, "small_png", lambda figure: figures.append(figure) or b"")
    printed.printed([ROOM_FOR_ALL[name]])
    (figure,) = figures
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    for legend in (ax.get_legend() for ax in figure.axes if ax.get_legend()):
        texts = [text for text in texts if text not in legend.get_texts()]
        assert all(
            legend.axes.bbox.count_contains([one]) for one in legend.get_window_extent().corners()
        )
    boxes = [text.get_window_extent().padded(-2) for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert figure.bbox.count_contains(box.corners()) == 4, text
    met = [(a, b) for (a, one), (b, other) in pairs(texts, boxes) if one.overlaps(other)]
    assert not met


def pairs(*lists):
    return itertools.combinations(zip(*lists, strict=True), 2)


# --- What only a kernel can compute ---------------------------------------------------------------


def by_list(w):
    many = [float(w)]
    return [panel(points(many, many), **LIMITS)], say("{:.1f}", w)


def by_branch(w):
    return [panel(points(w, w if w < 3 else -w), **LIMITS)], say("")


def by_text(w):
    return [panel(points(w, w), **LIMITS, title=f"w = {w}")], say("")


def by_length(w):
    many = np.arange(int(w))
    return [panel(points(many, many), **LIMITS)], say("{:d} points", len(many))


def by_limits(w):
    return [panel(points(w, w), xlim=(-2, 2), ylim=(0, 1 if w < 3 else 2))], say("")


def by_kind(w):
    return [panel(points(w, 1 if isinstance(w, float) else 2), **LIMITS)], say("")


def not_at_4(w):
    return [panel(points(w, w), **LIMITS)], say("{:.3f}", 1 / float(w - 4) if w > 3.5 else 0)


ELSE = "it does something else than at the start: it takes another branch, or more than numbers ch"
NEEDS = "Python or NumPy asks for numbers, which a program has only when it runs."


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (by_list, rf"line \d+, many = \[float\(w\)\]: {NEEDS}"),
        (by_length, rf"line \d+, many = np.arange\(int\(w\)\): {NEEDS}"),
        (by_branch, f"for w = 4.0 {ELSE}"),
        (by_text, f"for w = 0.0 {ELSE}"),
        (by_limits, f"for w = 4.0 {ELSE}"),
        (by_kind, f"for the start {ELSE}"),
        (not_at_4, r"line \d+, return .*: ZeroDivisionError: (float )?division by zero"),
    ],
)
def test_what_cannot_be_followed_is_computed_by_the_kernel_and_why_is_said(f, why):
    drawing = draw(f, w=(0, 4, 1.0))
    about = drawing.spec["about"]
    assert re.match(f"Computed by the kernel, as a page alone cannot follow f: {why}", about)
    assert drawing.spec["pictures"] == []
    for w in 1.0, 0.0, 3.0:
        rows, said = drawing.outcome(w=w)
        picture, *found = answered(drawing, w=w)
        mark, title = picture["rows"][0][0]["panel"][0], picture["rows"][0][0]["title"]
        assert mark["mark"] == "points" and picture["rows"][0][0]["ylim"] == rows[0][0]["ylim"]
        assert title == rows[0][0]["title"] and picture["words"]["words"] == said["words"]
        for i, array in zip(mark["arrays"], rows[0][0]["panel"][0]["arrays"], strict=True):
            np.testing.assert_array_equal(found[i], array)


@pytest.mark.parametrize(
    ("given", "seldom", "where"),
    [
        (dict(h=logarithmic(1e-3, 1, 0.1)), lambda h: h < 0.01, "h = 0.001"),
        (
            dict(h=(0, 4, 1.0), presets={"middle": dict(h=2.5)}),
            lambda h: abs(h - 2.5) < 1,
            "h = 2.5",
        ),
        (dict(h=painted(2, 2)), lambda h: h.sum() == 4, r"h = \[\[1.* 1"),
    ],
)
def test_a_program_is_tried_wherever_the_controls_lead(given, seldom, where):
    def f(h):
        return [panel(points(1, -1 if seldom(h) else 1), **LIMITS)], say("")

    about = draw(f, **given).spec["about"]
    assert re.search(f": for {where}.* it does something else", about, re.DOTALL)


def answered(drawing, **values):
    """What a page is told: the picture and its arrays."""
    drawing.tell(drawing.answered["values"] | values)
    found = dict(drawing.answered["found"])
    picture = json.loads(found.pop("picture"))
    return picture, *(np.frombuffer(found[str(i)]) for i in range(len(found)))


def test_the_first_answer_is_there_before_a_page_asks():
    found = draw(by_list, w=(0, 4, 1)).answered
    assert found["values"] == dict(w=1.0) and json.loads(found["found"]["picture"])["rows"]
    assert draw(simple, w=(0, 4, 1)).answered == {}  # where a program computes it


def test_a_function_has_the_same_kind_of_number_at_the_start_as_later():
    kinds = []

    def f(w):
        kinds.append(type(w))
        return by_list(w)

    drawing = draw(f, w=(0, 4, 1))
    drawing.tell(dict(w=2))
    assert {kind.__name__ for kind in kinds} == {"float", "Traced"}


def test_what_f_raises_under_a_slider_is_the_answer():
    drawing = draw(not_at_4, w=(0, 4, 1.0))
    drawing.tell(dict(w=4))
    assert drawing.answered["found"]["problem"].startswith("ZeroDivisionError: ")


def test_choices_and_sheets_are_told_to_f_as_they_were_given():
    def f(sheet, which):
        return [panel(cells(sheet * (1 if which == "as it is" else -1)))], say(f"{sheet.sum()}")

    start = [[0, 1, 0], [1, 1, 0]]
    drawing = draw(f, sheet=painted(2, 3, start), which=["as it is", "turned"])
    assert "about" in drawing.spec
    (_, matrix), (_, turned) = (answered(drawing, which=one) for one in ("as it is", "turned"))
    assert matrix.tolist() == sum(start, []) and turned.tolist() == (-matrix).tolist()
    picture, matrix = answered(drawing, sheet=[0, 0, 0, 0, 0, 1])  # as a page has it
    assert picture["words"]["words"] == ["1.0"] and matrix.tolist() == [0, 0, 0, 0, 0, -1]


@pytest.mark.parametrize("stored", [True, False])
def test_without_a_kernel_it_is_a_picture_that_says_why(monkeypatch, stored):
    captions, whole = [], printed.printed
    monkeypatch.setattr(
        drawing, "printed", lambda rows, below: captions.append(below) or whole(rows, below)
    )
    one = draw(by_list, w=(0, 4, 1.0), stored=stored)
    data, _ = one._repr_mimebundle_()
    lines = captions[0].splitlines()
    assert SPEC not in data and data["image/png"]
    assert data["text/plain"] == f"1.0\n{one.spec['about']}"
    assert lines[0] == "A picture: open and run this chapter in JupyterLab to move w."
    assert " ".join(lines[1:]) == one.spec["about"] and max(map(len, lines)) <= 84


@pytest.mark.parametrize("path", notebook_paths(ROOT), ids=lambda path: path.stem)
def test_every_drawing_of_the_course_has_its_program(path):
    outputs = [output for cell in code_cells(read(path)) for output in cell.outputs]
    texts = ["".join(output.get("data", {}).get("text/plain", "")) for output in outputs]
    assert [text for text in texts if drawing.BY_KERNEL in text] == []


def test_stored_drawings_have_the_form_that_live_js_reads():
    stored = [
        output.data[SPEC]
        for path in notebook_paths(ROOT)
        for cell in code_cells(read(path))
        for output in cell.outputs
        if output.get("data", {}).get(SPEC, {}).get("kind") == "drawing"
    ]
    assert stored
    for spec in stored:
        panels = [one for picture in spec["pictures"] for row in picture["rows"] for one in row]
        form = panel(**LIMITS)
        for one in panels:
            assert one.keys() == form.keys() and isinstance(one["title"], dict | None)
            assert all(isinstance(one[side], str | None) for side in ("xlabel", "ylabel"))


# --- Sheets to paint ------------------------------------------------------------------------------


def inked(sheet, w):
    return [panel(cells(w * sheet))], say("{:.1f} of ink", (w * sheet).sum())


def test_a_painted_sheet_is_a_matrix_to_f():
    start = [[0, 1, 0], [1, 1, 0]]
    drawing = draw(inked, sheet=painted(2, 3, start), w=(0, 2, 1.5))
    (sheet,) = drawing.spec["sheets"]
    assert sheet == dict(key="sheet", label="sheet", painted=start, start=start)
    program = drawing.spec["pictures"][0]["program"]
    assert program["inputs"] == ["[] w", "[2,3] sheet"]
    (_, amount), _ = programs.run(program, [np.array(1.5), np.ones((2, 3))])
    assert amount == 9
    assert words.sentence(drawing.outcome(sheet=np.eye(2, 3))[1]) == "3.0 of ink"
    assert drawing._repr_mimebundle_()[0]["text/plain"] == "4.5 of ink"


@pytest.mark.parametrize("start", [[[0, 1]], [[0, 0.5], [1, 1]], 3])
def test_a_sheet_begins_with_ink_or_none_in_each_cell(start):
    with pytest.raises(ValueError, match="painted: start must be a matrix of 2 rows and 2 columns"):
        painted(2, 2, start)


def test_a_preset_of_another_size_is_refused():
    with pytest.raises(ValueError, match="draw: preset 'all' asks for sheet="):
        draw(inked, sheet=painted(2, 2), w=(0, 2, 1.0), presets={"all": dict(sheet=[[1]])})
