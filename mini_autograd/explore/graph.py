"""The backward pass, one operation at a time, on a drawing of the graph."""

import html
import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from uuid import uuid4

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.style import context

from mini_autograd.engine import Tensor as _Tensor
from mini_autograd.engine import unbroadcast
from mini_autograd.explore.picture import PLAIN, small_png, themed_svg, with_picture
from mini_autograd.explore.style import DERIVATIVE, FUNCTION, QUIET, SCREEN, TEXT
from mini_autograd.explore.words import minus

_MOST = 60
_SIGNS = dict(add="+", sub="−", mul="×", div="÷", neg="−", pow="^", matmul="@")
# In pixels: the size of a node, from one node to the next, and the space around them all.
_SIZE, _PITCH, _MARGIN = np.array([132, 66]), np.array([210, 86]), 12


@dataclass(eq=False)
class Node:
    """A tensor or a constant, copied: nothing here depends on the graph any more."""

    name: str
    title: str = ""  # with the formula that computes it
    value: np.ndarray = None
    differentiable: bool = False
    inputs: list = field(default_factory=list)
    column: int = 0
    row: float = 0

    @property
    def center(self):
        return _MARGIN + _SIZE / 2 + _PITCH * (self.column, self.row)


@dataclass
class Step:
    """The state after an operation has passed its gradient back, or before the first has."""

    said: list  # what happens in this step, as lines of text
    node: Node
    passed: dict  # by (node, position of the input): what it contributes to the input's gradient
    gradients: dict  # by node, of those reached so far


def walk(output, names=None, Tensor=_Tensor):
    """Walk back through the graph of a small computation, with Back and Next.

    output is a tensor whose graph has not been freed yet; it is only read. names = {"w": w} says
    what to call a tensor. Each step shows what an operation passes back to its inputs.
    Raises: TypeError if output is not a Tensor; ValueError if it has no graph, a freed one, or a
    large one, or if a rule fails; TypeError for names that do not lead to tensors.
    """
    if not isinstance(output, Tensor):
        raise TypeError(f"walk: a Tensor is needed, not a {type(output).__name__}")
    names = {} if names is None else names
    if not (isinstance(names, dict) and all(isinstance(t, Tensor) for t in names.values())):
        raise TypeError(f'walk: names is a dict such as {{"w": w}}, to tensors, not {names!r}')
    if output.is_leaf or not output.requires_grad:
        raise ValueError("walk: this tensor was not computed from one that requires a gradient")
    return Walk(*_read(output, {id(t): str(name) for name, t in names.items()}, Tensor))


def _read(output, names, Tensor):
    """The graph below output as Nodes, and the backward pass through it as Steps."""
    nodes, results = _nodes(output, names, Tensor)
    for t in results:
        nodes[id(t)].inputs = [nodes.get(key) for key in _keys(t, Tensor)]
    return [*nodes.values()][::-1], [*_steps(output, nodes, results)]


def _keys(t, Tensor):
    """A key for each input: a tensor is one node, a constant is one at each use."""
    return [id(x) if isinstance(x, Tensor) else (id(t), i) for i, x in enumerate(t._inputs)]


def _nodes(output, names, Tensor):
    """{key: Node} from output on, and all computed tensors, the newest first, as backward goes."""
    nodes, results, pending = {}, [], [(id(output), output)]
    while pending:
        here, t = pending.pop()
        if here in nodes:
            continue
        if len(nodes) == _MOST:
            raise ValueError(f"walk: a graph of more than {_MOST} nodes is too large to read")
        if not isinstance(t, Tensor):
            nodes[here] = Node("constant", "constant", np.asarray(t))
            continue
        name = names.get(here)
        title = name or "leaf"
        if t._operation:
            _refuse_lost_or_changed(t)
            results.append(t)
            used, keys = _used(t), _keys(t, Tensor)
            pending += [(keys[i], t._inputs[i]) for i in reversed(used)]
            formula = _formula(t._operation.__name__, [_called(t._inputs[i], names) for i in used])
            title = f"{name} = {formula}" if name else formula
        nodes[here] = Node(name or title, title, np.array(t.numpy()), t.requires_grad)
    return nodes, sorted(results, key=lambda t: t._order)


def _refuse_lost_or_changed(t):
    if t._saved is None:
        raise ValueError("walk: backward freed this graph; run the cell that made it again")
    if any(getattr(x, "_data", s) is not s for x, s in zip(t._inputs, t._saved, strict=True)):
        change = f"an input of {t._operation.__name__} was given new data since"
        raise ValueError(f"walk: {change}; run the cell that made the graph again")


def _used(t):
    """The positions of the inputs to show. One without a rule is a setting, such as a dim."""
    rules = [getattr(rule, "__name__", "") for rule in t._operation.rules]
    wanted = [getattr(x, "requires_grad", False) for x in t._inputs]
    return [i for i, rule in enumerate(rules) if rule != "_no_rule" or wanted[i]]


def _called(x, names):
    """What an input is called in a formula: its name, a number its value, else dots."""
    value, is_result = np.asarray(getattr(x, "_data", x)), getattr(x, "_operation", None)
    return names.get(id(x)) or ("…" if is_result or value.ndim else _shown(value))


def _steps(output, nodes, results):
    last = nodes[id(output)]
    gradients, passed = {last: np.ones(output.shape)}, {}
    said = [f"Start: the gradient of the result ({last.title}) with respect to itself is 1."]
    yield Step(said, last, passed, gradients)
    for number, t in enumerate(results, 1):
        node = nodes[id(t)]
        upstream, at = gradients[node], f"Step {number} of {len(results)}: {node.title}"
        said = [f"{at}, upstream gradient {_shown(upstream)}."]
        for i, x in enumerate(node.inputs):
            if x and x.differentiable:
                given = _passed(t, i, upstream[()], x.value.shape)
                line = f"To {x.name} ({_shown(x.value)}): "
                if x.value.ndim == node.value.ndim == 0:
                    local = _passed(t, i, np.float64(1), ())
                    line += f"local derivative {_shown(local)} × upstream {_shown(upstream)} = "
                line += _shown(given)
                total = gradients[x] + given if x in gradients else given
                if x in gradients:
                    line += f", added to {_shown(gradients[x])}: {_shown(total)}"
                said.append(f"{line}.")
                passed, gradients = passed | {(node, i): given}, gradients | {x: total}
        yield Step(said, node, passed, gradients)


def _passed(t, i, g, shape):
    """What rule i of the operation that made t returns for g, an array of this shape."""
    try:
        return np.array(unbroadcast(t._operation.rules[i](g, t._data, *t._saved), shape))
    except Exception as error:
        name = t._operation.__name__
        raise ValueError(f"walk: a rule of {name} failed: {error}") from error


def _formula(operation, inputs):
    """An operation as it is written."""
    sign = _SIGNS.get(operation)
    if sign and len(inputs) == 2:
        return f"{inputs[0]} {sign} {inputs[1]}"
    return f"{sign}{', '.join(inputs)}" if sign else f"{operation}({', '.join(inputs)})"


def _lay_out(nodes):
    """Give every node its column and row; return the chain of nodes that each edge runs through.

    A result stands one column after its last input, a leaf just before its first use. In every
    column that an edge crosses it has a nameless node of its own, which keeps it clear of the rest.
    """
    results = [node for node in nodes if node.inputs]
    leaves = [node for node in nodes if not node.inputs][::-1]
    for _ in results:  # as often as the longest path may be long
        for node in results:
            node.column = 1 + max(x.column for x in node.inputs if x)
    for leaf in leaves:
        leaf.column = min(node.column for node in results if leaf in node.inputs) - 1

    columns, before, chains = defaultdict(list), defaultdict(list), {}
    for node in nodes:
        columns[node.column].append(node)
        for i, x in enumerate(node.inputs):
            if x:
                bends = [Node("", column=column) for column in range(x.column + 1, node.column)]
                chains[node, i] = [x, *bends, node]
                for previous, bend in itertools.pairwise(chains[node, i]):
                    before[bend].append(previous)
                for bend in bends:
                    columns[bend.column].append(bend)
    for column in sorted(columns):
        wish = {
            node: np.mean([x.row for x in before[node]]) if before[node] else leaves.index(node)
            for node in columns[column]
        }
        lowest = -1.0
        for node in sorted(wish, key=wish.get):
            lowest = node.row = max(wish[node], lowest + (1 if node.name else 0.6))
    return chains


class Walk(widgets.VBox):
    """What `walk` shows: buttons to go through the steps, the drawing, the step in words."""

    def __init__(self, nodes, steps):
        self._nodes, self._steps, self._chains = nodes, steps, _lay_out(nodes)
        self._at, self._id, self._drawing = 0, "walk-" + uuid4().hex[:8], widgets.HTML()
        corners = [node.center for chain in self._chains.values() for node in chain]
        self._extent = np.max(corners, axis=0).round() + _SIZE / 2 + _MARGIN
        self._back = widgets.Button(description="Back", icon="arrow-left")
        self._next = widgets.Button(description="Next", icon="arrow-right")
        self._back.on_click(lambda _: self._go(-1))
        self._next.on_click(lambda _: self._go(1))
        super().__init__([widgets.HBox([self._back, self._next]), self._drawing])
        self._go(0)

    def _go(self, by):
        self._at += by
        self._back.disabled, self._next.disabled = self._at == 0, self._at == len(self._steps) - 1
        if by and (self._back.disabled or self._next.disabled):  # who walks by keyboard walks back
            (self._next if self._back.disabled else self._back).focus()
        step, (width, height) = self._steps[self._at], self._extent
        first, *rest = map(html.escape, step.said)
        attributes = (
            f'role="img" aria-label="{" ".join([first, *rest])}" viewBox="0 0 {width:g} {height:g}"'
            f' fill="currentColor" style="width:100%;max-width:{width:g}px;height:auto;{TEXT}"'
        )
        svg = themed_svg(lambda: self._figure(step, 72), attributes, self._id)
        words = "<br>".join([f"<b>{first}</b>", *rest])
        style = f"{TEXT};line-height:1.5;min-height:6em"
        self._drawing.value = f'{svg}<div role="status" style="{style}">{words}</div>'

    def _figure(self, step, dpi):
        """The graph at this step: what has been passed back stands on its edge."""
        figure = Figure(figsize=self._extent / 72, dpi=dpi, layout="none")
        ax = figure.add_axes((0, 0, 1, 1), xlim=(0, self._extent[0]), ylim=(self._extent[1], 0))
        ax.set_axis_off()
        for (node, i), chain in self._chains.items():
            given = step.passed.get((node, i))
            now = given is not None and node is step.node
            color, width = (DERIVATIVE, 2.6) if now else (QUIET, 1.6)
            x, y = _curve(chain, (i + 1) / (len(node.inputs) + 1))
            ax.plot(x, y, color=color, lw=width, ls="-", zorder=1)
            if given is not None:  # an arrow to the input; the number where the edge sets out
                ax.plot(x[0] + 5, y[0], "<", color=color, ms=9, mec="white", zorder=1)
                look = dict(color=DERIVATIVE, ha="right", va="center", weight="bold", zorder=1.5)
                paper = dict(fc="white", ec="none", pad=2)  # over the edges, under the boxes
                ax.text(x[-1] - 4, y[-1], _shown(given), bbox=paper, **look)
        for node in self._nodes:
            now = node is step.node and step is not self._steps[0]
            color, width = (DERIVATIVE, 3) if now else (QUIET, 1.6)
            style = "round,pad=0,rounding_size=" + ("6" if node.inputs else "20")
            look = dict(boxstyle=style, ec=color, lw=width, fc="none", zorder=2)
            ax.add_patch(FancyBboxPatch(node.center - _SIZE / 2, *_SIZE, **look))
            title = node.title if len(node.title) < 18 else f"{node.title[:16]}…"
            lines = [(title, "black", "bold"), (_shown(node.value), FUNCTION, "bold")]
            if node.differentiable:
                gradient = step.gradients.get(node)
                text = "gradient " + ("–" if gradient is None else _shown(gradient))
                lines.append((text, DERIVATIVE, "normal"))
            for dy, (text, color, weight) in zip((-20, 1, 21), lines, strict=False):
                x, y = node.center + (0, dy)
                look = dict(color=color, weight=weight, ha="center", va="center", zorder=3)
                ax.text(x, y, text, **look, **PLAIN)
        return figure

    def _repr_mimebundle_(self, **kwargs):
        """The widget and, without a kernel, the last step as a picture and all of them in words."""
        with context(SCREEN):
            picture = small_png(self._figure(self._steps[-1], 130))
        text = "\n".join(line for step in self._steps for line in step.said)
        width = int(self._extent[0])
        return with_picture(super()._repr_mimebundle_(**kwargs), picture, width, text)


def _curve(chain, port):
    """The edge through a chain of nodes; port says where on the side of the last it arrives."""
    centers = np.array([node.center for node in chain])
    centers[-1, 1] += (port - 0.5) * _SIZE[1]
    t, x, y = np.linspace(0, 1, 25), [], []
    for (x0, y0), (x1, y1) in itertools.pairwise(centers):
        x += [*(x0 + _SIZE[0] / 2 + (x1 - x0 - _SIZE[0]) * t)]
        y += [*(y0 + (y1 - y0) * t * t * (3 - 2 * t))]
    return x, y


def _shown(value):
    """A number with four digits; of an array a few elements, or the shape."""
    value = np.asarray(value)
    if value.size > 3:
        return "×".join(map(str, value.shape)) + " array"
    texts = [minus(f"{number + 0.0:.4g}") for number in value.ravel()]
    return texts[0] if value.ndim == 0 else f"[{' '.join(texts)}]"
