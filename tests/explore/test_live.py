"""JavaScript against Python: programs, numbers in words, verdicts. Chromium runs live.js."""

import json
from functools import partial

import mpmath
import numpy as np
import programs
import pytest
import said
from functions import ACTIVATIONS, MISTAKES
from test_curve import curve, settings
from test_drawing import DRAWN, arrays, random_values
from test_program import FUNCTIONS, MATRIX, exported
from test_words import DIFFERENCES, MAGNITUDES, RIGHT, SIDES, X

from erfc_coefficients import coefficients
from mini_autograd import log
from mini_autograd.explore import draw, explore, marks, program_view, words
from mini_autograd.explore.explored import FIELDS, _grid
from mini_autograd.explore.gallery import _NORMAL
from mini_autograd.explore.graph import _shown
from mini_autograd.explore.live import LIVE, SPEC
from mini_autograd.explore.program import BY_ELEMENT, REDUCED
from notebooks import ROOT, code_cells, notebook_paths, read


@pytest.fixture(scope="module")
def call(chromium):
    """call(function, *arguments) runs one in Chromium, where live is the module.

    Numbers that are not finite go there and back as text, which JSON has no word for.
    """
    with chromium() as browser:
        page = browser.new_page()
        page.evaluate(
            """async source => {
                const file = new Blob([source], {type: "text/javascript"});
                window.live = await import(URL.createObjectURL(file));
                window.revived = text => JSON.parse(text, (key, v) =>
                    ["inf", "-inf", "nan"].includes(v) ? Number(v.replace("inf", "Infinity")) : v);
                window.written = v => JSON.stringify(v, (key, v) =>
                    typeof v === "number" && !isFinite(v) ? String(v).replace("inity", "") :
                    ArrayBuffer.isView(v) ? Array.from(v) : v);
            }""",
            LIVE.read_text(encoding="utf-8"),
        )

        def called(function, *arguments):
            text = json.dumps(as_json(arguments), allow_nan=False)
            run = f"text => window.written(({function})(...window.revived(text)))"
            return json.loads(page.evaluate(run, text))

        yield called


def as_json(value):
    """Lists for arrays, and text for numbers that are not finite."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(one) for one in value]
    if isinstance(value, np.ndarray):
        return as_json(value.tolist())
    return value if not isinstance(value, float) or np.isfinite(value) else str(value)


def numbers(values):
    return np.array(values, dtype=object).astype(str).astype(float)


RUN = """(program, settings) => {
    const run = live.compiled(program);
    const flat = v => v.flat ? Float64Array.from(v.flat(9)) : v;
    return settings.map(one => run(one.map(flat))).map(({outputs, broken}) => [outputs, broken]);
}"""


def far(found, want):
    """The largest distance, in units of max(1, |wanted|)."""
    found, want = numbers(found), np.ravel(np.asarray(want, float))
    same = (found == want) | (np.isnan(found) & np.isnan(want))
    with np.errstate(invalid="ignore"):
        return np.where(same, 0, np.abs(found - want) / np.maximum(1, np.abs(want))).max()


# --- Programs -------------------------------------------------------------------------------------

EDGES = [
    0.0,
    -0.0,
    0.5,
    1,
    -1,
    1.5,
    -2.5,
    3,
    -30,
    30,
    710,
    -750,
    1e-9,
    1e300,
    np.inf,
    -np.inf,
    np.nan,
]
ODD = {"bitwise_and", "bitwise_or", "logical_and", "logical_or", "logical_not"}  # of truth values


def test_both_languages_have_the_same_operations(call):
    by_element, reduced = call(
        "() => [{...live.LOOPS, ...live.BY_ELEMENT}, live.REDUCED].map(Object.keys)"
    )
    assert sorted(by_element) == sorted(BY_ELEMENT)
    assert sorted(reduced) == sorted(ufunc.__name__ for ufunc in REDUCED)


@pytest.mark.parametrize("name", sorted(BY_ELEMENT))
def test_an_operation_computes_what_numpy_does(call, name):
    f = programs.function(name)
    arity = 3 if name in ("where", "clip") else f.nin
    values = np.array([0.0, 1.0] if name in ODD else EDGES)
    arrays = [one.ravel() for one in np.meshgrid(*[values] * arity)]
    if name == "clip":
        arrays = [arrays[0], np.minimum(*arrays[1:]), np.maximum(*arrays[1:])]
    words = " ".join(f"x{i}" for i in range(arity))
    program = dict(
        inputs=[f"[{len(arrays[0])}] a"] * arity,
        arrays={},
        guards=[],
        outputs=["v0"],
        lines=[f"{name} [{len(arrays[0])}] {words}"],
    )
    ((((found,), _),), ((want,), _)) = call(RUN, program, [arrays]), programs.run(program, arrays)
    assert far(found, want) <= 1e-14


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_program_computes_what_it_does_in_python(call, name):
    with np.errstate(all="ignore"):
        program, ((want,), _) = exported(FUNCTIONS[name], MATRIX)
    (((found,), broken),) = call(RUN, program, [[MATRIX]])
    assert far(found, want) <= 1e-14 and broken == -1


def test_erf_and_erfc_are_right_to_15_digits(call):
    x = np.linspace(-6, 27, 3301)
    found = call("x => x.map(v => [live.BY_ELEMENT.erf(v), live.BY_ELEMENT.erfc(v)])", x)
    for v, (erf, erfc) in zip(x.tolist(), found, strict=True):
        assert erf == pytest.approx(float(mpmath.erf(v)), rel=1e-15, abs=1e-300)
        assert erfc == pytest.approx(float(mpmath.erfc(v)), rel=2e-15, abs=1e-300)


def test_the_coefficients_of_erfc_are_those_of_the_script(call):
    assert call("() => live.ERFC") == coefficients()


STORED = {
    f"{path.stem}: {cell.id}": output.data[SPEC]
    for path in notebook_paths(ROOT)
    for cell in code_cells(read(path))
    for output in cell.outputs
    if output.get("data", {}).get(SPEC, {}).get("kind") == "explorer"
}


def random_settings(spec, number=20):
    """What the program of an explorer is given for random values of its sliders."""
    rng, inputs = np.random.default_rng(0), []
    for _ in range(number):
        values = {s["key"]: rng.uniform(s["min"], s["max"]) for s in spec["sliders"]}
        x = np.append(_grid(*spec["xlim"]), values.pop("cursor"))
        values |= {"h": 10 ** values["h"]} if "h" in values else {}
        inputs.append([x, *values.values()])
    return inputs


@pytest.mark.parametrize("name", STORED)
def test_every_explorer_of_the_course_computes_the_same(call, name):
    spec = STORED[name]
    for inputs in random_settings(spec):
        (((outputs, broken),), (want, stops)) = (
            call(RUN, spec["program"], [inputs]),
            programs.run(spec["program"], inputs),
        )
        found, want = dict(zip(FIELDS, outputs, strict=True)), dict(zip(FIELDS, want, strict=True))
        assert far(found["y"], want["y"]) <= 1e-14 and far(found["slope"], want["slope"]) <= 1e-14
        assert found["kind"] == want["kind"].tolist() and broken == stops
        assert (numbers(found["error"]) > 0).tolist() == (want["error"] > 0).tolist()


def test_the_points_of_a_curve_are_the_same(call):
    limits = [(-6, 6), (-3, 3.3), (0.05, 4.2), *(spec["xlim"] for spec in STORED.values())]
    found = call("limits => limits.map(xlim => live.gridOf(481, xlim))", limits)
    assert found == [_grid(*xlim).tolist() for xlim in limits]
    for xlim in (0, 1e-12), (-1e200, 1e250):  # as good as the same
        found = call("xlim => live.gridOf(481, xlim)", xlim)
        np.testing.assert_allclose(found, _grid(*xlim), rtol=1e-15)


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawing_computes_and_says_the_same(call, name):
    drawing = DRAWN[name]()
    for at, values, chosen in random_values(drawing):
        picture, outcome = drawing.spec["pictures"][at], drawing.outcome(**values, **chosen)
        want = arrays(outcome)
        ((outputs, broken),) = call(RUN, picture["program"], [[*values.values()]])
        assert broken == -1 and len(outputs) == len(want)
        assert max(map(far, outputs, want)) <= 1e-14
        said = call("live.sentence", picture["words"], [a.ravel() for a in want])
        assert said == words.sentence(outcome[1])


# --- Words ----------------------------------------------------------------------------------------

VALUES = [0.0, -0.0, 1, -1.5, 0.125, 0.375, -0.625, 2.5, 0.15, 1e-3, 9.99e-4, -3e-9, 12345.678]
VALUES += [99999.9999999, 1e5, -1234567.8, 1e300, np.inf, -np.inf, np.nan, 1 / 3, 0.0005, 1.0000005]


def test_numbers_of_far_axes_are_short_and_exact(call):
    limits = [(-1.5e12, 0), (0, 1e-90), (-3e-8, 0), (0, 1.5e5)]
    found = call("limits => limits.map(one => live.ticks(one, 6))", limits)
    words = [[word for _, word in ticks] for ticks in found]
    assert words[0] == "−1.5e12 −1.25e12 −1e12 −7.5e11 −5e11 −2.5e11 0".split()
    assert words[1] == "0 2e-91 4e-91 6e-91 8e-91 1e-90".split()
    assert words[2] == "−3e-8 −2.5e-8 −2e-8 −1.5e-8 −1e-8 −5e-9 0".split()
    assert words[3] == "0 25000 50000 75000 100000 125000 150000".split()


def test_ticks_are_as_round_as_their_step(call):
    found = call("limits => limits.map(one => live.ticks(one, 4))", [(0, 1000), (0, 1), (-2, 2)])
    assert [[text for _, text in one] for one in found] == [
        ["0", "250", "500", "750", "1000"],
        ["0.00", "0.25", "0.50", "0.75", "1.00"],
        ["−2", "−1", "0", "1", "2"],
    ]


def test_an_axis_bears_two_numbers_however_narrow(call):
    found = call("limits => limits.map(one => live.ticks(one, 3))", [(-8, 8), (-4, 4), (0, 60)])
    assert [[text for _, text in one] for one in found] == [
        ["−5", "0", "5"],
        ["−4", "−2", "0", "2", "4"],
        ["0", "20", "40", "60"],
    ]


def test_numbers_are_written_alike(call):
    found = call(
        "values => values.map(v => [live.fixed(v, 2), live.fixed(v, 4), live.shown(v)])", VALUES
    )
    assert found == [[words.fixed(v, 2), words.fixed(v, 4), words.number(v)] for v in VALUES]


def test_magnitudes_are_written_alike(call):
    values, said = zip(*MAGNITUDES, strict=True)
    assert call("values => values.map(v => live.magnitude(v, 1))", values) == list(said)


FORMS = [".0f", ".2f", ".6f", "d", ".0e", ".1e", ".3e", "dead|alive", "no|one|many"]
MORE = [
    0.5,
    1.5,
    2.5,
    3.5,
    1.25,
    1.35,
    0.25e-7,
    -1.5e20,
    123456789.5,
    1e15,
    99.5,
    9.95,
    9.5e-5,
    -0.4,
]


def test_a_sentence_has_its_numbers_in_the_same_form(call):
    every = VALUES + MORE
    found = call(
        "(forms, values) => forms.map(f => values.map(v => live.formatted(f, v)))", FORMS, every
    )
    assert found == [[words.formatted(form, v) for v in every] for form in FORMS]
    assert [words.formatted("dead|alive", v) for v in (False, True, 7)] == [
        "dead",
        "alive",
        "alive",
    ]
    assert words.formatted("d", 1048575.0) == "1048575" and words.formatted(".2f", -0.001) == "0.00"


FEW = [0.0, -0.0, 1, 10, 9999, 9999.4, 9999.5, 99995, 12345, 12355, 1.0005, 2.0625, -2.1875, 0.5]
FEW += [
    1e-4,
    9.9995e-5,
    9.99949e-5,
    -1.25e-5,
    123456789,
    1e22,
    -1e100,
    5e-324,
    1.7976931348623157e308,
]
FEW += [
    np.inf,
    -np.inf,
    np.nan,
    1 / 3,
    -2 / 3,
    0.19661193324148185,
    3.5e-10,
    1000.5,
    100.25,
    10.125,
]


def test_four_digits_are_written_alike(call):
    rng = np.random.default_rng(0)
    values = [*FEW, *VALUES, *(rng.normal(size=300) * 10.0 ** rng.integers(-9, 9, 300)).tolist()]
    values += (rng.integers(-20000, 20000, 300) / 16).tolist()  # many of which are ties
    found = call("values => values.map(live.significant)", values)
    assert found == [_shown(np.float64(v)) for v in values]


def test_the_inputs_of_a_crowd_are_alike(call):
    found = call("n => live.quantiles(n)", len(_NORMAL))
    np.testing.assert_allclose(found, _NORMAL, rtol=0, atol=1e-6)


def curves():
    """Curves of every kind, with the step of their central difference, if a reader chose one."""
    for name in ACTIVATIONS:
        yield curve(name, next(settings(name))), None
    for name in "tanh", "relu":
        for mistake in MISTAKES:
            yield curve(name, next(settings(name)), mistake), None
    for h in 0.5, 1e-12, 1e-5:
        found = curve("sigmoid", dict(alpha=1.3, beta=0.2))
        f = partial(ACTIVATIONS["sigmoid"][0], alpha=1.3, beta=0.2)
        found.drawn = (f(found.x + h) - f(found.x - h)) / (2 * h)
        yield found, h
    steep = explore(lambda x: 1e6 * x * x)
    yield steep.explored.examine(steep.values), None
    beyond = explore(log, xlim=(0.5, 6), h=(1e-5, 1, 1), name="log")
    yield beyond.explored.examine(beyond.values), 1.0


def test_verdicts_and_differences_are_put_alike(call):
    told = [(c, h) for c, h in curves()]
    fields = [{f: getattr(c, f) for f in ("x", *FIELDS)} for c, _ in told]
    found = call(
        """(curves, steps) => curves.map((one, k) => {
            const curve = {...one, ...live.distances(one)}, points = curve.x.keys();
            return [live.verdict(curve, "autograd", steps[k]),
                    [...points].map(i => [live.byDifference(curve, i), live.difference(curve, i)])];
        })""",
        fields,
        [h for _, h in told],
    )
    for (c, h), ((right, head, tail), points) in zip(told, found, strict=True):
        assert f"{head}: {tail}" == said.verdict(c, "autograd", h) and right == said.agrees(c)
        assert points == [
            [said.by_difference(c, i), said.difference(c, i)] for i in range(len(c.x))
        ]


def test_likely_mistakes_are_put_alike(call):
    lists = [(got, want, X[: len(got)]) for got, want, _ in DIFFERENCES if np.ndim(got) == 1]
    lists += [(RIGHT * factors, RIGHT, X) for factors, _ in SIDES]
    found = call("lists => lists.map(([got, want, x]) => live.mistake(got, want, x))", lists)
    assert found == [words.mistake(*map(np.array, one)) for one in lists]
    assert sum(map(bool, found)) > 20


NAMED = """spec => {
    const place = document.createElement("div");
    live.mountOr(place, spec, { words: "no picture" });
    return place.querySelector("svg[role=img]").getAttribute("aria-label");
}"""


def test_a_picture_is_named_before_it_is_in_sight(call):
    """JupyterLab attaches what stands below the window only when it is scrolled there."""
    cells = code_cells(read(ROOT / "notebooks" / "04_gradcheck.ipynb"))
    bundles = [output.data for cell in cells for output in cell.outputs if "data" in output]
    stored = [b for b in bundles if b.get(SPEC, {}).get("kind") in ("explorer", "drawing")]
    assert {bundle[SPEC]["kind"] for bundle in stored} == {"explorer", "drawing"}
    assert [call(NAMED, bundle[SPEC]) for bundle in stored] == [b["text/plain"] for b in stored]


@pytest.mark.filterwarnings("ignore")
def test_where_nothing_can_be_compared_a_page_says_so(call):
    explorer = explore(lambda x, c: log(c - x * x - 1), c=(-4, 20, 20))
    spec = explorer.spec
    examine = """(spec, c) => live.verdict(live.examined(live.compiled(spec.program),
        Float64Array.of(...live.gridOf(481, spec.xlim), 1), [c]), "autograd")"""
    for c in 20.0, -1.0:
        want = said.verdict(explorer.explored.examine(dict(c=c, cursor=1.0)), "autograd")
        right, head, tail = call(examine, spec, c)
        assert f"{head}: {tail}" == want and right == (c > 0)


def a_point(a):
    point = marks.panel(marks.points(a, a), xlim=(0, 1), ylim=(0, 1))
    return [point], marks.say("a = {:.1f}", a)


def scaled(x, a):
    return a * x * x


@pytest.mark.parametrize(
    ("make", "f", "words"),
    [
        (draw, a_point, "a = 0.5"),
        (explore, scaled, "scaled and its derivative"),
        (program_view, scaled, "scaled and its derivative"),
    ],
)
def test_a_picture_has_words_before_it_comes_into_sight(call, make, f, words):
    """JupyterLab shows nothing of a cell far below, so nobody has drawn there."""
    mounted = """spec => {
        const place = document.createElement("div");
        live.mountOr(place, spec, {});
        return place.querySelector("svg[role=img]").getAttribute("aria-label");
    }"""
    assert call(mounted, make(f, a=(0, 1, 0.5)).spec).startswith(words)
