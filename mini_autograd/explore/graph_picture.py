"""Where the boxes and edges of a graph lie, in pixels, for live.js to draw and for the print."""

import itertools
from collections import defaultdict

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from mini_autograd.explore.picture import PLAIN
from mini_autograd.explore.style import DERIVATIVE, FUNCTION, QUIET

_LETTER, _MARGIN, _BETWEEN = 9, 12, 20  # pixels: a letter, around the graph, from box to box
_ARROW, _CURVE = 12, 40  # what an arrow takes of the way from column to column, and a curve
_IN, _OUT = 22, 16  # from edge to edge where they arrive at a result, and where they leave an input
_TITLE = 18  # letters, of which a box shows so many
_ROWS = {2: (-10, 11), 3: (-20, 1, 21)}  # from the middle of a box to its lines of text


def room(nodes, steps, write):
    """How many letters the widest box has, and the longest number that stands at an edge."""
    lines = [shortened(write(node.title)) for node in nodes] + [write((n.value,)) for n in nodes]
    passed = [write((value,)) for step in steps for value in step.passed.values()]
    reached = [f"gradient {write((v,))}" for step in steps for v in step.gradients.values()]
    return max(map(len, [*lines, *reached])), max(map(len, passed))


def shortened(title):
    return title if len(title) < _TITLE else f"{title[: _TITLE - 2]}…"


def drawn(nodes, steps, write, room):
    """The graph and its steps in JSON; write makes text of a text with values."""
    layout, numbers = _Layout(nodes, room), {node: i for i, node in enumerate(nodes)}
    edges = list(layout.chains)

    def box(node):
        kind = "result" if node.inputs else "leaf"
        about = dict(at=layout.center(node), kind=kind, differentiable=node.differentiable)
        return dict(title=write(node.title), value=write((node.value,)), **about)

    def told(step):
        return dict(
            said=[write(text) for text in step.said],
            node=numbers[step.node],
            passed=[[edges.index(edge), write((v,))] for edge, v in step.passed.items()],
            gradients=[[numbers[node], write((v,))] for node, v in step.gradients.items()],
        )

    return dict(
        size=layout.size,
        box=layout.box,
        nodes=[box(node) for node in nodes],
        edges=[layout.points(edge) for edge in edges],
        steps=[told(step) for step in steps],
    )


class _Layout:
    """Columns and rows, and the pixels where boxes stand and edges run.

    In every column that an edge crosses it has a place of its own, which keeps it clear of the
    boxes. Where it arrives, it is level for as long as the number over it.
    """

    def __init__(self, nodes, room):
        self.columns = _columns(nodes)
        self.chains = {
            (node, i): [x, *((node, i, c) for c in range(self.columns[x] + 1, column)), node]
            for node, column in self.columns.items()
            for i, x in enumerate(node.inputs)
            if x
        }
        self.rows = _rows(nodes, self.columns, self.chains)
        self.arriving, self.leaving = defaultdict(list), defaultdict(list)
        for edge, chain in self.chains.items():
            self.arriving[chain[-1]].append(edge)
            self.leaving[chain[0]].append(edge)
        for edges in self.leaving.values():
            edges.sort(key=lambda edge: self.rows[self.chains[edge][1]])
        most = max(map(len, self.arriving.values()))
        self.box = [_LETTER * room[0] + 12, max(66, _IN * most)]
        self.level = _LETTER * room[1] + 10
        ends = [self.center(place) for chain in self.chains.values() for place in chain]
        self.size = (np.max(ends, axis=0) + np.array(self.box) / 2 + _MARGIN).round().tolist()

    def center(self, place):
        column = self.columns[place] if place in self.columns else place[2]
        x, y = column * (self.box[0] + _ARROW + _CURVE + self.level), self.rows[place]
        y *= self.box[1] + _BETWEEN
        return [round(_MARGIN + self.box[0] / 2 + x), round(_MARGIN + self.box[1] / 2 + y)]

    def points(self, edge):
        """Points from the input to the result, by lines and curves in turn: a line comes first."""
        chain = self.chains[edge]
        centers = [self.center(place) for place in chain]
        centers[0][1] += self._off(edge, self.leaving[chain[0]], _OUT)
        centers[-1][1] += self._off(edge, self.arriving[chain[-1]], _IN)
        half = round(self.box[0] / 2)
        points = [[centers[0][0] + half, centers[0][1]]]
        for (x, y), (next_x, next_y) in itertools.pairwise(centers):
            points += [[x + half + _ARROW, y], [next_x - half - self.level, next_y]]
        return [*points, [centers[-1][0] - half, centers[-1][1]]]

    def _off(self, edge, edges, distance):
        """How far below the middle of the box the edge is, among all on that side."""
        distance = min(distance, self.box[1] / len(edges))
        return round((edges.index(edge) - (len(edges) - 1) / 2) * distance)


def _columns(nodes):
    """A result stands one column after its last input, a leaf just before its first use."""
    results, columns = [node for node in nodes if node.inputs], dict.fromkeys(nodes, 0)
    for _ in results:  # as often as the longest path may be long
        for node in results:
            columns[node] = 1 + max(columns[x] for x in node.inputs if x)
    for leaf in nodes:
        if not leaf.inputs:
            columns[leaf] = min(columns[node] for node in results if leaf in node.inputs) - 1
    return columns


def _rows(nodes, columns, chains):
    """A result and an edge stand level with what they come from, or below what is there."""
    places, before = defaultdict(list), defaultdict(list)
    for node in nodes:
        places[columns[node]].append(node)
    for chain in chains.values():
        for bend in chain[1:-1]:
            places[bend[2]].append(bend)
        for previous, place in itertools.pairwise(chain):
            before[place].append(previous)
    leaves, rows = [node for node in nodes if not node.inputs][::-1], {}
    for column in sorted(places):
        wish = {
            place: np.mean([rows[x] for x in before[place]])
            if before[place]
            else leaves.index(place)
            for place in places[column]
        }
        lowest = -1.0
        for place in sorted(wish, key=wish.get):
            lowest = rows[place] = max(wish[place], lowest + (1 if place in columns else 0.6))
    return rows


def figure(drawing, dpi):
    """The graph at its last step, with all that has been passed back until then."""
    width, height = drawing["size"]
    made = Figure(figsize=(width / 72, height / 72), dpi=dpi, layout="none")
    ax = made.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    ax.set_axis_off()
    *_, last = steps = drawing["steps"]
    passed = dict(one for step in steps for one in step["passed"])
    gradients = dict(one for step in steps for one in step["gradients"])
    for i, points in enumerate(drawing["edges"]):
        _print_edge(ax, points, passed.get(i), i in dict(last["passed"]))
    for i, node in enumerate(drawing["nodes"]):
        _print_box(ax, node, drawing["box"], gradients.get(i, "–"), i == last["node"])
    return made


def _print_edge(ax, points, passed, now):
    color, width = (DERIVATIVE, 2.6) if now else (QUIET, 1.6)
    points, (x, y) = [list(point) for point in points], points[0]
    if passed is not None:  # an arrow to the input; the number where the edge sets out
        ax.fill([x + 2, x + 11, x + 11], [y, y - 5, y + 5], color=color, lw=0, zorder=2)
        points[0][0] += 10
        at = points[-1][0] - 6, points[-1][1] - 4
        ax.text(*at, passed, color=DERIVATIVE, ha="right", va="baseline", weight="bold")
    vertices, codes = [points[0], points[1]], [Path.MOVETO, Path.LINETO]
    for (x0, y0), (x1, y1), after in zip(points[1::2], points[2::2], points[3::2], strict=False):
        middle = (x0 + x1) / 2
        vertices += [(middle, y0), (middle, y1), (x1, y1), after]
        codes += [Path.CURVE4] * 3 + [Path.LINETO]
    ax.add_patch(PathPatch(Path(vertices, codes), fc="none", ec=color, lw=width, zorder=1))


def _print_box(ax, node, box, gradient, now):
    color, width = (DERIVATIVE, 3) if now else (QUIET, 1.6)
    (x, y), (wide, tall) = node["at"], box
    rounding = 6 if node["kind"] == "result" else 20
    look = dict(boxstyle=f"round,pad=0,rounding_size={rounding}", ec=color, lw=width, fc="none")
    ax.add_patch(FancyBboxPatch((x - wide / 2, y - tall / 2), wide, tall, **look))
    lines = [(shortened(node["title"]), "black", "bold"), (node["value"], FUNCTION, "bold")]
    if node["differentiable"]:
        lines.append((f"gradient {gradient}", DERIVATIVE, "normal"))
    for dy, (text, color, weight) in zip(_ROWS[len(lines)], lines, strict=True):
        look = dict(color=color, weight=weight, ha="center", va="center")
        ax.text(x, y + dy, text, **look, **PLAIN)
