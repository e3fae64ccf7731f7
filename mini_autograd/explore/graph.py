"""The backward pass, one operation at a time, on a drawing of the graph."""

from dataclasses import dataclass, field

import numpy as np
from matplotlib.style import context

from mini_autograd.engine import Tensor as _Tensor
from mini_autograd.engine import unbroadcast
from mini_autograd.explore.arguments import require_function
from mini_autograd.explore.graph_picture import drawn, figure, room
from mini_autograd.explore.live import Live
from mini_autograd.explore.picture import small_png, with_picture
from mini_autograd.explore.program import as_json
from mini_autograd.explore.sliders import slider_spec
from mini_autograd.explore.style import SCREEN
from mini_autograd.explore.words import minus
from mini_autograd.trace import Traced, take_scalars_for_numbers, trace
from mini_autograd.trees import tensor_around

_MOST = 60
_SIGNS = dict(add="+", sub="−", mul="×", div="÷", neg="−", pow="^", matmul="@")


@dataclass(eq=False)
class Node:
    """A tensor or a constant. A text is a tuple of words and of values among them."""

    name: tuple
    title: tuple  # with the formula that computes it
    value: np.ndarray
    differentiable: bool = False
    inputs: list = field(default_factory=list)


@dataclass
class Step:
    """What happens when an operation passes its gradient back, or before the first does."""

    said: list  # the texts that tell it
    node: Node
    passed: dict  # by (node, position of the input): what it contributes to the input's gradient
    gradients: dict  # by node, of those that it reaches


def walk(output, /, names=None, Tensor=_Tensor, **sliders):
    """Walk back through the graph of a small computation, with Back, Next and Play.

    output is a tensor whose graph has not been freed yet; it is only read. names = {"w": w} says
    what to call a tensor. Each step shows what an operation passes back to its inputs.

    With sliders, output is a function of tensors: walk(f, x=(-3, 3, 2.0)) shows the graph of f(x=x)
    and computes its numbers again when x moves from -3 to 3, from 2 on. f returns its result, or
    (result, names). Its graph must be the same for all values.
    Raises: TypeError if output is not a Tensor; ValueError if it has no graph, a freed one, or a
    large one, or if a rule fails; TypeError for names that do not lead to tensors; ValueError for a
    function whose graph changes, or that a page without a kernel cannot compute.
    """
    if sliders:
        with np.errstate(all="ignore"):  # somewhere along a slider f may divide by 0
            return _walk_of(output, sliders, Tensor)
    graph = _read(output, names, Tensor)
    return Walk(drawn(*graph, in_words, room(*graph, in_words)))


class Walk(Live):
    """What `walk` shows; without JavaScript the last step as a picture and all of them in words."""

    def __init__(self, drawing, moved=None):
        self._drawing = drawing
        super().__init__("walk", **(moved or drawing))

    def still(self):
        with context(SCREEN):
            picture = small_png(figure(self._drawing, 130))
        text = "\n".join(line for step in self._drawing["steps"] for line in step["said"])
        return with_picture({}, picture, self._drawing["size"][0], text)


# The graph is read, from its result on.


def _read(output, names, Tensor):
    """The graph below output as Nodes, and the backward pass through it as Steps."""
    if not isinstance(output, Tensor):
        kind = f"not a {type(output).__name__}"
        raise TypeError(f"walk: a Tensor is needed, {kind}, or a function and a slider for its x")
    names = {} if names is None else names
    if not (isinstance(names, dict) and all(isinstance(t, Tensor) for t in names.values())):
        raise TypeError(f'walk: names is a dict such as {{"w": w}}, to tensors, not {names!r}')
    if output.is_leaf or not output.requires_grad:
        raise ValueError("walk: this tensor was not computed from one that requires a gradient")
    nodes, results = _nodes(output, {id(t): (str(name),) for name, t in names.items()}, Tensor)
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
            nodes[here] = Node(("constant",), ("constant",), np.asarray(t))
            continue
        name = names.get(here, ())
        title = name or ("leaf",)
        if t._operation:
            _refuse_lost_or_changed(t)
            results.append(t)
            used, keys = _used(t), _keys(t, Tensor)
            pending += [(keys[i], t._inputs[i]) for i in reversed(used)]
            formula = _formula(t._operation.__name__, [_called(t._inputs[i], names) for i in used])
            title = (*name, " = ", *formula) if name else formula
        nodes[here] = Node(name or title, title, t._data, t.requires_grad)
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
    value = x._data if hasattr(x, "_data") else np.asarray(x)
    is_result = getattr(x, "_operation", None)
    return names.get(id(x)) or (("…",) if is_result or value.ndim else (value,))


def _formula(operation, inputs):
    """An operation as it is written."""
    sign = _SIGNS.get(operation)
    between = f" {sign} " if sign and len(inputs) == 2 else ", "
    joined = [part for text in inputs for part in (between, *text)][1:]
    if sign:
        return tuple(joined) if len(inputs) == 2 else (sign, *joined)
    return (f"{operation}(", *joined, ")")


def _steps(output, nodes, results):
    last = nodes[id(output)]
    gradients = {last: np.ones(output.shape)}
    said = ("Start: the gradient of the result (", *last.title, ") with respect to itself is 1.")
    yield Step([said], last, {}, dict(gradients))
    for number, t in enumerate(results, 1):
        node = nodes[id(t)]
        upstream, passed, reached = gradients[node], {}, {}
        at = f"Step {number} of {len(results)}: "
        said = [(at, *node.title, ", upstream gradient ", upstream, ".")]
        for i, x in enumerate(node.inputs):
            if x and x.differentiable:
                passed[node, i] = given = _passed(t, i, upstream[()], x.value.shape)
                before = gradients.get(x)
                gradients[x] = reached[x] = given if before is None else before + given
                local = x.value.ndim == node.value.ndim == 0 and _passed(t, i, np.float64(1), ())
                said.append(_told(x, local, upstream, given, before, gradients[x]))
        yield Step(said, node, passed, reached)


def _told(x, local, upstream, given, before, total):
    """What x is given, as a text; local is False for an array."""
    text = ("To ", *x.name, " (", x.value, "): ")
    if local is not False:
        text += ("local derivative ", local, " × upstream ", upstream, " = ")
    return (*text, given, *(() if before is None else (", added to ", before, ": ", total)), ".")


def _passed(t, i, g, shape):
    """What rule i of the operation that made t returns for g, an array of this shape."""
    try:
        return unbroadcast(t._operation.rules[i](g, t._data, *t._saved), shape)
    except Exception as error:
        name = t._operation.__name__
        raise ValueError(f"walk: a rule of {name} failed: {error}") from error


# Texts.


def in_words(text):
    return "".join(part if isinstance(part, str) else _shown(part) for part in text)


def _shown(value):
    """A number with four digits; of an array a few elements, or the shape."""
    if value.size > 3:
        return "×".join(map(str, value.shape)) + " array"
    texts = [minus(f"{number + 0.0:.4g}") for number in value.ravel()]
    return texts[0] if value.ndim == 0 else f"[{' '.join(texts)}]"


class _Templates:
    """Texts in which a program will fill in values: 3 stands for the fourth, [3] for a list."""

    def __init__(self):
        self.values = {}  # by their line in the program

    def write(self, text):
        parts = [""]
        for part in text:
            if type(part) is Traced and part.size <= 3:
                self.values.setdefault(part.line, part)
                place = list(self.values).index(part.line)
                parts += [[place] if part.ndim else place, ""]
            else:
                parts[-1] += part if isinstance(part, str) else _shown(part)
        return parts if len(parts) > 1 else parts[0]

    def filled(self, values):
        """What writes a text with these values."""
        found = dict(zip(self.values, values, strict=True))
        return lambda text: in_words(
            [found.get(part.line, part) if type(part) is Traced else part for part in text]
        )


# A graph whose numbers follow sliders.


def _walk_of(f, sliders, Tensor):
    require_function("walk", f)
    given = [slider_spec("walk", key, one) for key, one in sliders.items()]
    tried = [(values, _graph_of(f, values, Tensor)) for values in _tried(given)]
    graph, templates, program, text = _followed(f, tried[0][0], Tensor)
    space = np.max([(8, 7), *(room(*one, in_words) for _, one in tried)], axis=0).tolist()
    for values, one in tried:
        results = program.run(*values.values())
        found = results and drawn(*graph, templates.filled(results), space)
        if found != drawn(*one, in_words, space):
            at = ", ".join(f"{key} = {value:g}" for key, value in values.items())
            raise ValueError(f"walk: f must have one graph for all values, and differs at {at}")
    moved = drawn(*graph, templates.write, space)
    moved |= dict(sliders=given, program=text)
    return Walk(drawn(*tried[0][1], in_words, space), moved)


def _tried(sliders):
    """The values with which the program is compared with f: at the start and along each slider."""
    start = {one["key"]: np.array(float(one["start"])) for one in sliders}
    yield start
    for one in sliders:
        for value in np.linspace(one["min"], one["max"], 11):
            yield start | {one["key"]: np.array(value)}


def _graph_of(f, values, Tensor):
    """The graph of f for these values."""
    leaves = {key: tensor_around(value, Tensor, True) for key, value in values.items()}
    result = f(**leaves)
    output, names = result if isinstance(result, tuple) else (result, {})
    return _read(output, names | leaves if isinstance(names, dict) else names, Tensor)


def _followed(f, values, Tensor):
    """The graph of f as a program computes it, its texts, and that program, also in JSON."""
    calls = []

    def follow(*numbers):
        take_scalars_for_numbers()
        templates = _Templates()
        graph = _graph_of(f, dict(zip(values, numbers, strict=True)), Tensor)
        drawn(*graph, templates.write, (1, 1))
        calls.append((graph, templates))
        return [*templates.values.values()]

    try:
        program = trace(follow, *values.values())
        return *calls[-1], program, as_json(program, values)
    except Exception as error:
        raise ValueError(f"walk: a page cannot compute f for other values: {error}") from error
