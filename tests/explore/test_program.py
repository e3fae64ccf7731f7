"""Programs as JSON compute what the engine does, and what has no counterpart is refused."""

import json

import numpy as np
import programs
import pytest
from functions import ACTIVATIONS, MISTAKES, operation

import mini_autograd as ma
from mini_autograd import engine as package
from mini_autograd import tensor
from mini_autograd.explore import explore
from mini_autograd.explore.explored import FIELDS, Explored
from mini_autograd.explore.live import SPEC, as_stored
from mini_autograd.explore.program import as_json
from mini_autograd.nn import functional as F
from mini_autograd.trace import Untraceable, trace
from notebooks import ROOT, code_cells, notebook_paths, read


def exported(f, *arrays):
    """The program of f as JSON, and what it gives when it is run from there."""
    program = trace(f, *arrays)
    text = json.dumps(as_json(program, [f"a{i}" for i in range(len(arrays))]), allow_nan=False)
    return json.loads(text), programs.run(json.loads(text), arrays)


MATRIX = np.arange(12.0).reshape(3, 4) / 7 - 0.5
FUNCTIONS = {
    "by element": lambda a: np.exp(a) * 2 + np.where(a > 0, a, -np.inf),
    "numbers": lambda a: np.maximum(a, np.nan) + np.minimum(a, np.inf) * 1e300,
    "constants": lambda a: a * np.array([1.0, 2, 3, 4]) + np.full((3, 4), 0.25) + [4.0, 3, 2, 1],
    "power": lambda a: abs(a) ** 1.5 + a**2 + a**3 + 2.0**a,
    "truth": lambda a: (np.add(a > 0, a < 1) & ~(a == 0) | (a > 9)).astype(float),
    "to truth": lambda a: a.astype(bool) * a,
    "sums": lambda a: a.sum(0) + a.prod(0) * a.max(axis=0) - a.sum(axis=1, keepdims=True).min(),
    "sum of all": lambda a: a * a.sum() + np.any(a > 0) + np.all(a > 0),
    "slices": lambda a: a[1:, ::-2] + a[:2, None, 1].T * a[-1, :2],
    "shapes": lambda a: a.T.reshape(2, 6).swapaxes(0, 1)[:, None] + np.flip(a)[0, ..., :2].ravel(),
    "stack": lambda a: np.stack([a[0], a[1] * 2]),
    "concatenate": lambda a: np.concatenate([a[:2], a * 2, np.ones((1, 4))]),
    "filled": lambda a: np.zeros_like(a, shape=(2, 4)) + np.ones_like(a[:2]),
    "matrix product": lambda a: a @ a.T @ a[:, 0],
    "clip": lambda a: np.clip(a, -0.25, 0.5),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_program_computes_what_numpy_does(name):
    with np.errstate(all="ignore"):
        want = np.asarray(FUNCTIONS[name](MATRIX))
        _, ((found,), broken) = exported(FUNCTIONS[name], MATRIX)
    np.testing.assert_allclose(found, want, rtol=1e-14)
    assert found.shape == want.shape and broken == -1


def test_a_line_names_what_it_computes_from():
    program, _ = exported(lambda a: np.exp(a) * 2 + np.array([1.0, 1.0, 1.0]), np.ones(3))
    assert program == dict(
        inputs=["[3] a0"],
        arrays={"c0": "[3] 1"},
        lines=["exp [3] x0", "multiply [3] v0 2", "add [3] v1 c0"],
        guards=[],
        outputs=["v2"],
    )


def test_a_guard_says_where_python_would_go_another_way():
    def f(a):
        return np.sqrt(a) if (a > 0).all() and not (a > 5).any() else -a

    program, (_, broken) = exported(f, np.ones(3))
    assert program["guards"] == ["v1", "not v3"] and broken == -1
    for values, first in ([1.0, -1, 1], 0), ([1.0, 9, 1], 1):
        assert programs.run(program, [np.array(values)])[1] == first


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda a: np.cumsum(a), "has nothing for cumsum"),
        (lambda a: a[np.array([2, 0, 1, 1])], "no list of places"),
        (lambda a: np.stack([a, a], axis=1), "has nothing for stack"),
        (lambda a: a.astype(np.float32), "computes in float64, not in float32"),
        (lambda a: a.astype(int), "has nothing for astype"),
        (lambda a: np.max(a, initial=5.0) + a, "has nothing for maximum.reduce"),
        (lambda a: np.sum(a, where=[True, False, True, True]) + a, "has nothing for add.reduce"),
        (lambda a: a.argmax(), "has nothing for argmax"),
        (lambda a: a.reshape(2, 1, 2) @ a.reshape(2, 2, 1), "has nothing for matmul"),
    ],
)
def test_what_has_no_counterpart_is_refused(f, words):
    with pytest.raises(Untraceable, match=words):
        as_json(trace(f, np.arange(4.0)), ["a"])


# --- Specs ----------------------------------------------------------------------------------------


def settings(explored, number=3):
    """Random values of the sliders, and what the program is given for them."""
    rng = np.random.default_rng(0)
    keys = [key for key in explored.sliders if key != "cursor"]
    for _ in range(number):
        values = {key: rng.uniform(s["min"], s["max"]) for key, s in explored.sliders.items()}
        yield values, [np.append(explored.grid, values["cursor"]), *(values[key] for key in keys)]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_program_of_an_explorer_is_f_its_slope_and_the_check(name, engine):
    explored = Explored(operation(engine, name), Tensor=engine.Tensor, **ACTIVATIONS[name][2])
    program = explored.spec()["program"]
    for values, inputs in settings(explored):
        curve, (found, broken) = explored.examine(values), programs.run(program, inputs)
        found = dict(zip(FIELDS, found, strict=True))
        assert bool(curve.problem) == (broken >= 0)
        for field in () if curve.problem else ("y", "slope", "kind"):
            np.testing.assert_allclose(found[field], getattr(curve, field), rtol=1e-12, atol=1e-12)
        assert curve.problem or (found["error"] > 0).tolist() == (curve.error > 0).tolist()


def test_a_spec_is_text_that_every_run_repeats():
    def spec():
        made = explore(F.elu, alpha=(0.1, 3, 1.0), h=(1e-9, 1, 1e-5), presets={"a": dict(alpha=2)})
        return json.dumps(made.spec, allow_nan=False)

    assert spec() == spec() and len(spec()) < 6000
    told = json.loads(spec())
    assert [one["key"] for one in told["sliders"]] == ["alpha", "cursor", "h"]
    assert told["presets"] == [dict(name="a", to=dict(alpha=2))]
    assert [i.split()[1] for i in told["program"]["inputs"]] == ["x", "alpha", "h"]


def test_a_browser_writes_a_spec_as_it_is_stored():
    """Otherwise a notebook that was opened and saved would differ, though nobody changed it."""
    given = dict(alpha=(np.int64(-3), np.float32(3), 0.0, 1 / 3), h=(1e-9, 1, 1e-5))
    presets = {"low": dict(alpha=np.int64(-1), h=1e-9)}
    spec = explore(lambda x, alpha: x * alpha, presets=presets, **given).spec

    def written(part):  # what JavaScript makes of it
        whole = isinstance(part, float) and part.is_integer()
        return int(part) if whole else part

    kinds = [part for one in spec["sliders"] for part in one.values()] + spec["xlim"]
    kinds += [part for ylim in spec["ylims"] for part in ylim]
    assert [type(part) for part in kinds] == [type(written(part)) for part in kinds]
    assert [one["to"] for one in spec["presets"]] == [dict(alpha=-1, h=1e-9)]
    assert as_stored([1e300, -0.0, 1e20, 0.1]) == [1e300, 0, 10**20, 0.1]


def random_slope(x):
    return x * np.random.default_rng().random()


@pytest.mark.parametrize(
    "f",
    [
        lambda x, alpha: x * float(alpha),
        lambda x, alpha: x if alpha < 2 else -x,
        lambda x, alpha: tensor(np.exp(alpha * x.numpy())) * x,
        lambda x, alpha: random_slope(x),
        lambda x, alpha: x.sum(),
        lambda x, alpha: ma.erf(x.to(np.float32)).to(float) * alpha,
    ],
)
@pytest.mark.filterwarnings("ignore:a Python number has no graph")
def test_without_a_program_there_is_a_picture_and_no_spec(f):
    bundle, _ = explore(f, alpha=(0, 4, 1.0))._repr_mimebundle_()
    assert SPEC not in bundle and bundle["image/png"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_rule_is_followed_as_it_is(mistake):
    explored = Explored(operation(package, "tanh", mistake), alpha=(1, 2, 1), beta=(1, 2, 1))
    program = explored.spec()["program"]
    found, _ = programs.run(program, [np.append(explored.grid, 1.0), 1.0, 1.0])
    error = found[FIELDS.index("error")]
    assert (error > 0).any() == (explored.examine(explored.start).error > 0).any()


@pytest.mark.parametrize("path", notebook_paths(ROOT), ids=lambda path: path.stem)
def test_every_explorer_of_the_course_has_its_program_stored(path):
    for cell in code_cells(read(path)):
        calls = cell.source.count("\nexplore(") + cell.source.startswith("explore(")
        stored = [output for output in cell.outputs if SPEC in output.get("data", {})]
        assert len(stored) >= calls, cell.id
