"""The graph walk: its gradients are those of backward, and it leaves the reader's graph alone."""

import base64
import io
import itertools
import xml.etree.ElementTree as ElementTree
from functools import partial

import numpy as np
import pytest
from ipywidgets import Button
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from mini_autograd.explore import walk
from mini_autograd.explore.graph import _read


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


GRAPHS = pytest.mark.parametrize("graph", [neuron, diamond, arrays])


def go_through(walked):
    """Press Next to the end; what is said at each step."""
    said = [walked._drawing.value]
    while not walked._next.disabled:
        walked._next.click()
        said.append(walked._drawing.value)
    return said


def drawn(walked):
    """The drawing of the present step, as XML."""
    markup = walked._drawing.value.partition("</svg>")[0] + "</svg>"
    return ElementTree.fromstring(markup.replace("xlink:", ""))


@GRAPHS
def test_the_gradients_are_those_of_backward(graph, engine):
    output, names = graph(engine)
    ids = {id(t): name for name, t in names.items()}
    nodes, steps = _read(output, ids, engine.Tensor)
    shown = {node.name: steps[-1].gradients[node] for node in nodes if node.differentiable}
    output.backward()
    for name, t in names.items():
        if t.is_leaf and t.requires_grad:
            np.testing.assert_allclose(shown[name], t.grad.numpy(), rtol=1e-12)
            assert shown[name].shape == t.shape


@GRAPHS
def test_the_readers_graph_is_only_read(graph, engine):
    output, names = graph(engine)
    walked = walk(output, names, Tensor=engine.Tensor)
    go_through(walked)
    assert all(t._grad is None for t in names.values())
    output.backward()  # would fail, had the graph been freed
    before = walked._repr_mimebundle_()[0]["text/plain"]
    walked._back.click()
    assert walked._repr_mimebundle_()[0]["text/plain"] == before  # nothing is read again later


def test_every_step_multiplies_and_adds(engine):
    output, names = neuron(engine)
    text = walk(output, names, Tensor=engine.Tensor)._repr_mimebundle_()[0]["text/plain"]
    assert "To w (2): local derivative 3 × upstream 0.1966 = 0.5898." in text
    output, names = diamond(engine)
    text = walk(output, names, Tensor=engine.Tensor)._repr_mimebundle_()[0]["text/plain"]
    assert "upstream 5.037 = 15.11, added to 24: 39.11." in text


def test_boxes_and_words_show_the_formulas(engine):
    x = engine.Tensor(3.0, requires_grad=True)
    a = 2 * x
    y = a * (x + 1)
    walked = walk(y, {"x": x, "a": a}, Tensor=engine.Tensor)
    titles = {node.title for node in walked._nodes}
    assert titles == {"x", "constant", "a = 2 × x", "x + 1", "a × …"}
    text = walked._repr_mimebundle_()[0]["text/plain"]
    assert "Step 1 of 3: a × …, upstream gradient 1." in text
    assert "To a (6): local derivative 4 × upstream 1 = 4." in text
    assert "To x + 1 (4): local derivative 6 × upstream 1 = 6." in text
    titles = {node.title for node in walk(-neuron(engine)[0], Tensor=engine.Tensor)._nodes}
    assert {"2 × 3", "… + −5", "−…", "1 ÷ …"} <= titles
    titles = {node.title for node in walk(arrays(engine)[0], Tensor=engine.Tensor)._nodes}
    assert {"… × …", "sum(…)"} <= titles


def boxes(texts, figure):
    """The rectangles of these texts, in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    return [text.get_window_extent(renderer) for text in texts]


@pytest.mark.parametrize("uses", [2, 3])
def test_what_parallel_edges_carry_stands_apart_and_has_no_arrow(engine, uses):
    product = engine.primitive(lambda a, b, c: a * b * c)
    product.vjp(
        lambda g, y, a, b, c: g * b * c,
        lambda g, y, a, b, c: g * a * c,
        lambda g, y, a, b, c: g * a * b,
    )
    x = engine.Tensor(8.0, requires_grad=True)
    walked = walk(x * x if uses == 2 else product(x, x, x), Tensor=engine.Tensor)
    figure = walked._figure(walked._steps[-1], 72)
    (axes,) = figure.axes
    passed = [text for text in axes.texts if text.get_text() in ("8", "64")][:uses]
    assert len(passed) == uses and not any("←" in text.get_text() for text in axes.texts)
    for one, other in itertools.combinations(boxes(passed, figure), 2):
        assert not one.overlaps(other) and abs(one.y0 - other.y0) >= 16
    arrows = [line for line in axes.lines if line.get_marker() == "<"]
    assert len(arrows) == uses


@pytest.mark.parametrize("name", ["$_$", "a < b & c", "a_very_long_name_of_a_parameter"])
def test_names_are_no_formula_and_no_markup(engine, name):
    x = engine.Tensor(8.0, requires_grad=True)
    walked = walk(x * x, {name: x}, Tensor=engine.Tensor)
    walked._next.click()
    drawing = drawn(walked)
    assert f"To {name} (8)" in drawing.get("aria-label")
    assert name[:16] in "".join(drawing.itertext())
    assert walked._repr_mimebundle_()[0]["image/png"]
    figure = walked._figure(walked._steps[-1], 72)
    widths = [box.width for box in boxes(figure.axes[0].texts, figure)]
    assert max(widths) < 150  # a box is 132 wide


def test_the_keyboard_is_not_left_on_a_button_that_is_off(engine, monkeypatch):
    focused = []
    monkeypatch.setattr(Button, "focus", lambda button: focused.append(button.description))
    walked = walk(neuron(engine)[0], Tensor=engine.Tensor)
    while not walked._next.disabled:
        walked._next.click()
    assert focused == ["Back"]
    while not walked._back.disabled:
        walked._back.click()
    assert focused == ["Back", "Next"]


def test_a_rule_needs_no_name(engine):
    double = engine.primitive(lambda x: 2 * x)
    double.vjp(partial(lambda factor, g, y, x: factor * g, 2))
    output = double(engine.tensor(3.0, requires_grad=True))
    text = walk(output, Tensor=engine.Tensor)._repr_mimebundle_()[0]["text/plain"]
    assert "= 2." in text


def test_back_and_next_stop_at_the_ends(engine):
    output, names = neuron(engine)
    walked = walk(output, names, Tensor=engine.Tensor)
    assert walked._back.disabled and not walked._next.disabled
    said = go_through(walked)
    assert len(said) == len(set(said)) == len(walked._steps)
    walked._back.click()
    assert walked._drawing.value == said[-2]


@GRAPHS
def test_no_two_nodes_overlap_and_edges_lead_to_the_right(graph, engine):
    output, names = graph(engine)
    walked = walk(output, names, Tensor=engine.Tensor)
    places = [(node.column, node.row) for node in walked._nodes]
    for i, (column, row) in enumerate(places):
        assert all(c != column or abs(r - row) >= 1 for c, r in places[:i])
    for chain in walked._chains.values():
        columns = [node.column for node in chain]
        assert columns == list(range(columns[0], columns[-1] + 1))


def test_the_drawing_is_labelled_and_follows_the_theme(engine):
    output, names = neuron(engine)
    walked = walk(output, names, Tensor=engine.Tensor)
    walked._next.click()
    drawing, markup = drawn(walked), walked._drawing.value.partition("</svg>")[0]
    assert drawing.get("role") == "img" and "Step 1 of 6" in drawing.get("aria-label")
    assert "<style" not in markup and "#000000" not in markup and "#ffffff" not in markup
    assert 'role="status"' in walked._drawing.value


def test_without_a_kernel_there_is_the_last_step(engine):
    bundles = []
    for _ in range(2):
        output, names = neuron(engine)
        bundles.append(walk(output, names, Tensor=engine.Tensor)._repr_mimebundle_()[0])
    assert bundles[0]["image/png"] == bundles[1]["image/png"]
    assert bundles[0]["text/plain"] == bundles[1]["text/plain"]
    image = Image.open(io.BytesIO(base64.b64decode(bundles[0]["image/png"])))
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert len(bundles[0]["image/png"]) < 60_000


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
