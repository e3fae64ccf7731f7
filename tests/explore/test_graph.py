"""The graph walk: its gradients are those of backward, and it leaves the reader's graph alone."""

import base64
import io
import itertools
import json
from functools import partial

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.style import context
from PIL import Image

from mini_autograd import exp, primitive
from mini_autograd.explore import walk
from mini_autograd.explore.graph import _read, in_words
from mini_autograd.explore.graph_picture import figure
from mini_autograd.explore.live import SPEC
from mini_autograd.explore.style import SCREEN


def neuron(engine):
    """sigmoid(w x + b), its sigmoid written out."""
    exp = engine.primitive(lambda x: np.exp(x))
    exp.vjp(lambda g, y, x: g * y)
    w, x, b = (
        engine.Tensor(2.0, requires_grad=True),
        engine.Tensor(3.0),
        engine.Tensor(-5.0, requires_grad=True),
    )
    return 1.0 / (1.0 + exp(-(w * x + b))), dict(w=w, x=x, b=b)


def diamond(engine):
    """A tensor used three times, twice by one operation."""
    a = engine.Tensor(3.0, requires_grad=True)
    c = a * a
    return c * a + 2.0 * c - a / c, dict(a=a, c=c)


def arrays(engine):
    """Broadcasting and a sum."""
    u, v = (
        engine.Tensor([[1.0], [2.0]], requires_grad=True),
        engine.Tensor([1.0, 2.0, 3.0], requires_grad=True),
    )
    return (u * v + v).sum(), dict(u=u, v=v)


def thrice(engine):
    """One tensor at three places of one operation."""
    product = engine.primitive(lambda a, b, c: a * b * c)
    product.vjp(
        lambda g, y, a, b, c: g * b * c,
        lambda g, y, a, b, c: g * a * c,
        lambda g, y, a, b, c: g * a * b,
    )
    x = engine.Tensor(8.0, requires_grad=True)
    return product(x, x, x), dict(x=x)


def many(engine):
    """More inputs than a box of the usual height has room for."""
    total = engine.primitive(lambda a, b, c, d, e, f: a + b + c + d + e + f)
    total.vjp(*[lambda g, y, *_: g] * 6)
    leaves = [engine.Tensor(float(i), requires_grad=True) for i in range(3)]
    return total(*leaves, *leaves), {}


GRAPHS = [neuron, diamond, arrays, thrice, many]
each_graph = pytest.mark.parametrize("graph", GRAPHS)


def words(walked):
    return walked._repr_mimebundle_()[0]["text/plain"]


@each_graph
def test_the_gradients_are_those_of_backward(graph, engine):
    output, names = graph(engine)
    nodes, steps = _read(output, names, engine.Tensor)
    gradients = {node: g for step in steps for node, g in step.gradients.items()}
    shown = {in_words(node.name): gradients[node] for node in nodes if node.differentiable}
    output.backward()
    for name, t in names.items():
        if t.is_leaf and t.requires_grad:
            np.testing.assert_allclose(shown[name], t.grad.numpy(), rtol=1e-12)
            assert shown[name].shape == t.shape


@each_graph
def test_the_readers_graph_is_only_read(graph, engine):
    output, names = graph(engine)
    walked = walk(output, names, Tensor=engine.Tensor)
    assert all(t._grad is None for t in names.values())
    before = walked._repr_mimebundle_()
    output.backward()  # would fail, had the graph been freed
    assert walked._repr_mimebundle_() == before  # nothing is read again later


def test_every_step_multiplies_and_adds(engine):
    text = words(walk(*neuron(engine), Tensor=engine.Tensor))
    assert "To w (2): local derivative 3 × upstream 0.1966 = 0.5898." in text
    text = words(walk(*diamond(engine), Tensor=engine.Tensor))
    assert "upstream 5.037 = 15.11, added to 24: 39.11." in text
    text = words(walk(*arrays(engine), Tensor=engine.Tensor))
    assert "To v ([1 2 3]): [3 3 3], added to [2 2 2]: [5 5 5]." in text
    assert "2×3 array" in text and "local derivative" not in text


def titles(walked):
    return {node["title"] for node in walked.spec["nodes"]}


def test_boxes_and_words_show_the_formulas(engine):
    x = engine.Tensor(3.0, requires_grad=True)
    a = 2 * x
    y = a * (x + 1)
    walked = walk(y, {"x": x, "a": a}, Tensor=engine.Tensor)
    assert titles(walked) == {"x", "constant", "a = 2 × x", "x + 1", "a × …"}
    text = words(walked)
    assert "Step 1 of 3: a × …, upstream gradient 1." in text
    assert "To a (6): local derivative 4 × upstream 1 = 4." in text
    assert "To x + 1 (4): local derivative 6 × upstream 1 = 6." in text
    seen = titles(walk(-neuron(engine)[0], Tensor=engine.Tensor))
    assert {"2 × 3", "… + −5", "−…", "1 ÷ …"} <= seen
    assert {"… × …", "sum(…)"} <= titles(walk(arrays(engine)[0], Tensor=engine.Tensor))


def test_a_rule_needs_no_name(engine):
    double = engine.primitive(lambda x: 2 * x)
    double.vjp(partial(lambda factor, g, y, x: factor * g, 2))
    output = double(engine.tensor(3.0, requires_grad=True))
    assert "= 2." in words(walk(output, Tensor=engine.Tensor))


# --- Where it is drawn ----------------------------------------------------------------------------


@each_graph
def test_boxes_stand_apart_and_edges_lead_to_the_right(graph, engine):
    spec = walk(*graph(engine), Tensor=engine.Tensor).spec
    (wide, tall), (width, height) = spec["box"], spec["size"]
    centers = [node["at"] for node in spec["nodes"]]
    for (x, y), (other_x, other_y) in itertools.combinations(centers, 2):
        assert abs(x - other_x) > wide + 50 or abs(y - other_y) >= tall + 15
    for x, y in centers:
        assert wide / 2 < x < width - wide / 2 and tall / 2 < y < height - tall / 2
    for points in spec["edges"]:
        xs = [x for x, _ in points]
        assert xs == sorted(xs) and len(set(xs)) == len(xs)
        boxes_met = [
            (x, y)
            for x, y in centers
            for at, level in points[1:-1]
            if abs(at - x) < wide / 2 + 5 and abs(level - y) < tall / 2 + 5
        ]
        assert boxes_met == []


def boxes(texts, made):
    """The rectangles of these texts, in pixels."""
    renderer = FigureCanvasAgg(made).get_renderer()
    return [text.get_window_extent(renderer) for text in texts]


@each_graph
def test_no_number_at_an_edge_lies_on_a_line_or_another_number(graph, engine):
    walked = walk(*graph(engine), Tensor=engine.Tensor)
    with context(SCREEN):
        made = figure(walked.spec, 72)
    (axes,) = made.axes
    edges = len(walked.spec["edges"])
    at_edges = [text for text in axes.texts if text.get_ha() == "right"]
    passed = sum(len(step["passed"]) for step in walked.spec["steps"])
    assert len(at_edges) == passed and not any("←" in text.get_text() for text in axes.texts)
    found = boxes(at_edges, made)
    for one, other in itertools.combinations(found, 2):
        assert not one.overlaps(other)
    lines = [p for p in axes.patches if p.get_facecolor()[3] == 0][:edges]
    paths = [p.get_transform().transform_path(p.get_path()).interpolated(40) for p in lines]
    for box in found:
        ink = box.shrunk(1, 0.6).translated(0, 0.2 * box.height)  # above the line of writing
        assert not any(path.intersects_bbox(ink, filled=False) for path in paths)
    arrows = [p for p in axes.patches if p.get_facecolor()[3] == 1]
    assert len(arrows) == passed


@pytest.mark.parametrize("name", ["$_$", "a < b & c", "a_very_long_name_of_a_parameter"])
def test_names_are_no_formula_and_fit_their_box(engine, name):
    x = engine.Tensor(8.0, requires_grad=True)
    walked = walk(x * x, {name: x}, Tensor=engine.Tensor)
    assert f"To {name} (8)" in words(walked)
    with context(SCREEN):
        made = figure(walked.spec, 72)
    texts = [text for text in made.axes[0].texts if text.get_ha() == "center"]
    assert any(text.get_text().startswith(name[:16]) for text in texts)
    assert max(box.width for box in boxes(texts, made)) < walked.spec["box"][0]


def test_without_scripts_there_is_the_last_step(engine):
    first, again = (
        walk(*neuron(engine), Tensor=engine.Tensor)._repr_mimebundle_() for _ in range(2)
    )
    for kind in "image/png", "text/plain", SPEC:
        assert first[0][kind] == again[0][kind]
    image = Image.open(io.BytesIO(base64.b64decode(first[0]["image/png"])))
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert len(first[0]["image/png"]) < 70_000 and len(json.dumps(first[0][SPEC])) < 4_000
    assert first[1]["image/png"]["width"] == first[0][SPEC]["size"][0]


# --- With sliders ---------------------------------------------------------------------------------


def product(x):
    a, b = 2 * x, x + 1
    return a * b, dict(a=a, b=b)


def test_numbers_that_depend_on_a_slider_are_left_to_the_program():
    spec = walk(product, x=(-3, 3, 2.0)).spec
    (slider,) = spec["sliders"]
    assert [slider[key] for key in ("key", "min", "max", "start")] == ["x", -3, 3, 2]
    x = next(node for node in spec["nodes"] if node["title"] == "x")
    assert spec["program"]["outputs"][x["value"][1]] == "x0"
    assert {"a = 2 × x", "b = x + 1", "a × b", "constant"} == {
        node["title"] for node in spec["nodes"]
    } - {"x"}
    assert "Step 1 of 3: a × b, upstream gradient 1." in spec["steps"][1]["said"]
    assert spec["program"]["guards"] == [] and len(json.dumps(spec)) < 3_500


def test_printed_it_stands_at_the_start(engine):
    x = engine.Tensor(2.0, requires_grad=True)
    a, b = 2 * x, x + 1
    still = walk(a * b, dict(x=x, a=a, b=b), Tensor=engine.Tensor)
    assert words(walk(product, Tensor=engine.Tensor, x=(-3, 3, 2.0))) == words(still)


def test_a_function_may_return_no_names_and_have_several_sliders():
    moved = walk(lambda w, x: exp(w * x).sum(), w=(0, 2, 1.0), x=(-3, 3, 2.0))
    assert [one["key"] for one in moved.spec["sliders"]] == ["w", "x"]
    assert "To w (1): local derivative 2 × upstream 7.389 = 14.78." in words(moved)


@primitive
def cbrt(x):
    return np.cbrt(x)


cbrt.vjp(lambda g, y, x: g / (3 * y * y))


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: x * x if x.item() > 0 else -x, "f .* other values"),
        (lambda x: x * (2 if x > 1 else 3), "must have one graph for all values, and differs at"),
        (lambda x: x * np.random.default_rng().normal(), "for other values: called twice"),
        (cbrt, "for other values: a page without a kernel has nothing for cbrt"),
        (lambda x: x.detach() * 2, "was not computed from one that requires a gradient"),
    ],
)
def test_a_graph_that_changes_is_refused(f, why):
    with pytest.raises(ValueError, match=f"walk: .*{why}"):
        walk(f, x=(-3, 3, 2.0))


def test_what_is_no_function_or_no_slider_is_refused(engine):
    output, _ = neuron(engine)
    with pytest.raises(TypeError, match="walk: a function is needed, not a Tensor"):
        walk(output, Tensor=engine.Tensor, x=(-3, 3, 2.0))
    with pytest.raises(TypeError, match="not a function, or a function and a slider"):
        walk(product)
    with pytest.raises(ValueError, match="walk: x=3, but a slider is"):
        walk(product, x=3)
    with pytest.raises(TypeError, match="walk: a Tensor is needed, not a float"):
        walk(lambda x: 3.0, x=(-3, 3, 2.0))
    with pytest.raises(TypeError, match="walk: names is a dict such as"):
        walk(lambda x: (x * x, ["x"]), x=(-3, 3, 2.0))


# --- What cannot be walked ------------------------------------------------------------------------


def test_what_cannot_be_walked_says_why(engine):
    output, _ = neuron(engine)
    output.backward()
    with pytest.raises(ValueError, match="backward freed this graph; run the cell"):
        walk(output, Tensor=engine.Tensor)
    with pytest.raises(ValueError, match="not computed from one that requires a gradient"):
        walk(engine.Tensor(1.0, requires_grad=True), Tensor=engine.Tensor)
    output, names = neuron(engine)
    names["w"].data = 5.0
    with pytest.raises(ValueError, match="input of mul was given new data since; run the cell"):
        walk(output, names, Tensor=engine.Tensor)
    x = engine.Tensor(1.0, requires_grad=True)
    for _ in range(100):
        x = x * x
    with pytest.raises(ValueError, match="more than 60 nodes is too large to read"):
        walk(x, Tensor=engine.Tensor)
    with pytest.raises(TypeError, match="a Tensor is needed, not a float"):
        walk(1.0, Tensor=engine.Tensor)
    y = x * 2.0
    for names in {"x": 1.0}, {x: "x"}, [x], "x":
        with pytest.raises(TypeError, match="walk: names is a dict such as"):
            walk(y, names, Tensor=engine.Tensor)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (None, "there is no rule for an argument that requires a gradient"),
        (lambda g, y, x: None, "'NoneType' object has no attribute 'shape'"),
        (lambda g, y, x: np.ones(7), r"it returned shape \(7,\)"),
        (lambda g, y, x: g[5], "index"),
    ],
)
def test_a_rule_that_is_missing_or_fails_is_named(engine, rule, why):
    @engine.primitive
    def mine(x):
        return 2 * x

    if rule:
        mine.vjp(rule)
    y = mine(engine.Tensor([3.0, 1.0], requires_grad=True)) * 2.0
    with pytest.raises(ValueError, match=f"walk: a rule of mine failed: .*{why}"):
        walk(y, Tensor=engine.Tensor)
