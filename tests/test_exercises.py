"""Every exercise of the course, tried with right and wrong attempts where readers meet it.

The right ones are the solutions. The likeliest wrong ones, and one that is hard-coded, stand in
notebooks/solutions/attempts, with what readers are told. Those that fit any stub are made here.
"""

import contextlib
import functools
import io
import re
import symtable
import textwrap
import tomllib

import pytest

from mini_autograd.explore import exercise
from notebooks import ROOT, code_cells, read

SOLUTION = re.compile(r"[ \t]*### BEGIN SOLUTION\n(.*?)[ \t]*### END SOLUTION\n", re.DOTALL)
SOLUTIONS = ROOT / "notebooks" / "solutions"
CHAPTERS = {path.name[:2]: path for path in sorted(ROOT.glob("notebooks/[01][0-9]_*.ipynb"))[1:]}
TABLES = SOLUTIONS / "attempts"

# What may stand for `...` in any stub, and what is then said. A stub that is no function holds an
# answer, which is computed before any check can help.
OF_ANY_STUB = dict.fromkeys(["None", "'text'", "1j", "10**400", "abs", "float('nan')"], "")
OF_A_FUNCTION = {
    "1 / 0": "division by zero",
    "no_such_name": "no_such_name",
    "fails()": "what is asserted does not hold.",
    "recurs()": "it calls itself without end, or too deeply.",
    "endless()": "it still runs",
}
HELPERS = """
def fails():
    assert False

def recurs():
    return recurs()

def endless():
    while True: pass
"""


class Exercise:
    """A cell with a stub, its solution, and the attempts at it that are written down."""

    def __init__(self, chapter, cell, solution, attempts):
        self.chapter, self.id, self.source = chapter, cell.id, cell.source + "\n"
        self.fixed, self.right = split(solution.source + "\n")
        between = "(.*?)".join(map(re.escape, self.fixed))
        match = re.fullmatch(between, self.source, re.DOTALL)
        self.stubs, self.attempts = list(match.groups()) if match else None, attempts

    def with_blocks(self, blocks):
        """The cell with these in place of the stubs."""
        return "".join(
            part for pair in zip(self.fixed, [*blocks, ""], strict=True) for part in pair
        )

    def written(self, code):
        """The cell with an attempt as it is written down, indented as the stub is."""
        blocks = [code] if isinstance(code, str) else code
        assert len(blocks) == len(self.stubs), f"{self.id} has {len(self.stubs)} stubs"
        return self.with_blocks(
            textwrap.indent(block.strip("\n") + "\n", re.match(" *", stub)[0])
            for block, stub in zip(blocks, self.stubs, strict=True)
        )

    def filled(self, value):
        """The cell with a value in place of each `...` of the stubs."""
        return HELPERS + self.with_blocks(stub.replace("...", value) for stub in self.stubs)

    @property
    def is_answer(self):
        return not any(stub.startswith(" ") for stub in self.stubs)

    @functools.cached_property
    def names(self):
        """What the chapter gives to the stub, to the solution, and to the attempts."""
        sources = [self.source, self.with_blocks(self.right)]
        sources += [self.written(row["code"]) for row in self.attempts]
        return names_before(self.chapter, self.id, {x for s in sources for x in names_in(s)[1]})

    def said(self, source, seconds=60):
        """What the cell prints with this source: each verdict as one line."""
        names, printed, stopped_after = dict(self.names), io.StringIO(), exercise._stopped_after
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
            patch.setattr(exercise, "_stopped_after", lambda _: stopped_after(seconds))
            exec(compile(source, f"<{self.id}>", "exec"), names)
        verdicts = re.split(r"\n(?=correct|not yet|not attempted)", printed.getvalue().strip())
        return [verdict.replace("\n", " ") for verdict in verdicts]


def split(solution):
    """What stands around the solutions of a cell, and the solutions."""
    parts = SOLUTION.split(solution)
    return parts[::2], parts[1::2]


def exercises(chapter):
    cells, solutions = (
        {cell.id: cell for cell in code_cells(read(path)) if cell.id.startswith("exercise-")}
        for path in (CHAPTERS[chapter], SOLUTIONS / f"{chapter}_solutions.ipynb")
    )
    attempts = tomllib.loads((TABLES / f"{chapter}.toml").read_text(encoding="utf-8"))
    assert cells.keys() == solutions.keys() >= attempts.keys(), chapter
    return [Exercise(chapter, c, solutions[i], attempts.get(i, [])) for i, c in cells.items()]


# --- What a cell needs ----------------------------------------------------------------------------


def names_before(chapter, cell_id, wanted):
    """What a chapter has bound before a cell, if it is wanted, or needed for something wanted.

    Only cells that bind such a name are run: no training, and no figures.
    """
    sources = {cell.id: cell.source for cell in code_cells(read(CHAPTERS[chapter]))}
    order = list(sources)
    earlier, needed, names = order[: order.index(cell_id)], [], {"__name__": "__main__"}
    todo = [(name, len(earlier)) for name in wanted]
    for name, place in todo:  # the list grows while it is walked
        binders = [k for k, cell in enumerate(earlier) if name in names_in(sources[cell])[0]]
        # The last one before the place where it is used; but a function may wait for a later one.
        for k in {*[k for k in binders if k < place][-1:], *binders[-1:]} - set(needed):
            needed.append(k)
            todo += [(used, k) for used in names_in(sources[earlier[k]])[1]]
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in (earlier[k] for k in sorted(needed)):
            exec(compile(sources[cell], f"<{cell}>", "exec"), names)
    return names


@functools.cache
def names_in(source):
    """The global names that a cell binds, and those that it needs. To add a rule is to do both."""
    top = symtable.symtable(source, "cell", "exec")
    tables = [top]
    for table in tables:
        tables += table.get_children()
    bound = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    used = {s.get_name() for t in tables for s in t.get_symbols() if s.is_global()}
    # In a class `record = staticmethod(record)` asks for the global one.
    classes = [top, *[t for t in tables if t.get_type() == "class"]]
    used |= {s.get_name() for t in classes for s in t.get_symbols() if s.is_referenced()}
    given_rules = set(re.findall(r"(\w+)\.vjp\b", source))
    return bound | given_rules, used - bound | given_rules - bound


# --- Tests ----------------------------------------------------------------------------------------

WITH_TABLE = [chapter for chapter in CHAPTERS if (TABLES / f"{chapter}.toml").exists()]
ALL = [one for chapter in WITH_TABLE for one in exercises(chapter)]
each_exercise = pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.chapter} {one.id}")


def test_every_chapter_has_its_table_of_attempts():
    assert list(CHAPTERS) == WITH_TABLE


@each_exercise
def test_chapter_and_solution_differ_in_the_stub_only(one):
    assert one.stubs is not None


@each_exercise
def test_likely_mistakes_are_written_down(one):
    assert len(one.attempts) >= 3
    hard_coded = any("hard-coded" in row["attempt"] for row in one.attempts)
    assert one.is_answer or hard_coded


@each_exercise
def test_the_stub_is_not_attempted(one):
    verdicts = one.said(one.source)
    assert all(verdict.startswith("not attempted yet") for verdict in verdicts), verdicts


@each_exercise
def test_the_solution_is_correct(one):
    verdicts = one.said(one.with_blocks(one.right))
    assert all(verdict.startswith("correct") for verdict in verdicts), verdicts


@each_exercise
def test_a_wrong_attempt_gets_its_verdict(one):
    for row in one.attempts:
        seconds = 0.05 if "it still runs" in row["says"] else 60
        verdicts = one.said(one.written(row["code"]), seconds)
        assert any(row["says"] in verdict for verdict in verdicts), (row["attempt"], verdicts)
        assert not all(verdict.startswith("correct") for verdict in verdicts), row["attempt"]


@each_exercise
def test_whatever_fills_the_stub_gets_a_verdict(one):
    for value, words in (OF_ANY_STUB if one.is_answer else OF_ANY_STUB | OF_A_FUNCTION).items():
        verdicts = one.said(one.filled(value), seconds=0.05 if value == "endless()" else 60)
        for verdict in verdicts:
            assert verdict.startswith("not yet: ") and words in verdict, (value, verdicts)
