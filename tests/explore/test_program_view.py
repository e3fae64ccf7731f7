"""The program view: an explorer, with the program of f and its derivative line by line."""

import base64
import io
import json

import numpy as np
import programs
import pytest
from PIL import Image

from mini_autograd.explore import program_view
from mini_autograd.explore.live import SPEC
from mini_autograd.nn import functional as F


def scaled_sigmoid(x, alpha, beta):
    return alpha * F.sigmoid(beta * x)


@pytest.fixture
def view():
    return program_view(scaled_sigmoid, alpha=(-2, 2, 1.0), beta=(0, 4, 1.0), cursor=0.5)


def test_the_lines_are_code_behind_the_part_that_they_belong_to(view):
    lines = view.spec["listing"]["lines"]
    assert lines[:2] == ["F v0 = multiply(beta, x)", "F v1 = negative(v0)"]
    assert [line[0] for line in lines] == 6 * ["F"] + 9 * ["B"]
    assert view.spec["listing"]["outputs"] == ["v5", "v14"]
    assert str(view._program).endswith(f"{lines[-1][2:]}\nreturn v5, v14")


def test_every_line_has_its_value(view):
    """The stored program gives all lines; the last of f and of the walk back are f and f'."""
    listing = view.spec["listing"]
    values, broken = programs.run(listing["program"], [np.array([0.3]), -1.5, 2.0])
    found = dict(zip((line.split()[1] for line in listing["lines"]), values, strict=True))
    y = 1 / (1 + np.exp(-0.6))
    assert broken == -1
    assert found["v5"] == pytest.approx(-1.5 * y, rel=1e-14)
    assert found["v14"] == pytest.approx(-1.5 * 2 * y * (1 - y), rel=1e-14)


def test_a_kernel_compares_the_engine_with_the_program(view):
    assert "by autograd is 0.235004" in told(view) and "bit for bit" in told(view)
    there = dict(cursor=0.3, alpha=-1.5, beta=2)
    assert "by autograd is −0.686" in told(view, **there) and "bit for bit" in told(view, **there)
    view._program.run = lambda *inputs: [np.zeros(1), np.zeros(1)]
    assert told(view, **there).endswith("gives something else.")


def told(view, **values):
    view.tell(dict(cursor=0.5, alpha=1, beta=1) | values)
    return view.answered["found"]["autograd"]


def test_what_f_refuses_is_said():
    view = program_view(lambda x, beta: F.softplus(x, beta), beta=(-1, 4, 1.0))
    view.tell(dict(cursor=0.3, beta=-1))
    assert "beta" in view.answered["found"]["problem"]


def test_it_is_stored_as_a_spec_with_a_picture_and_the_program_as_text(view):
    bundle, metadata = view._repr_mimebundle_()
    assert bundle[SPEC]["kind"] == "program" and bundle["image/png"]
    assert bundle["text/plain"].endswith(str(view._program))
    assert metadata["image/png"]["width"] == 640
    assert bundle[SPEC] == json.loads(json.dumps(bundle[SPEC], allow_nan=False))


def by_number(x, alpha):
    return x * float(alpha)


def by_branch(x, alpha):
    return x * alpha if alpha > 0 else -x


@pytest.mark.parametrize("f", [by_number, by_branch])
def test_a_function_that_has_no_program_for_all_sliders_is_refused(f):
    with pytest.raises(ValueError, match=f"{f.__name__} cannot be traced"):
        program_view(f, alpha=(-1, 1, 0.5))


def test_the_picture_shows_the_lines_below_the_curves(view):
    explored = view._explored
    curves, both = (
        Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size
        for data, _ in (explored.still(True), view._repr_mimebundle_())
    )
    assert both[0] == curves[0] and both[1] > curves[1] + 8 * 15
    assert view._repr_mimebundle_()[0]["image/png"] == view._repr_mimebundle_()[0]["image/png"]
