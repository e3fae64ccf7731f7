"""Notebooks as a reader uses them: cells run again, and opened before anything has run."""

import os
import re
import symtable

import nbformat
import pytest

from mini_autograd.explore.live import SPEC
from notebooks import ROOT, clean, code_cells, notebook_paths, read, run

NOTEBOOKS = notebook_paths(ROOT)
each_notebook = pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT / "notebooks").as_posix()
)
# Those that train for long, and the solutions, are run twice in continuous integration only.
LONG = ("13_", "14_", "15_", "16_", "17_", "18_")
RUN_TWICE = [
    path
    for path in NOTEBOOKS
    if os.environ.get("CI") == "true"
    or not (path.name.startswith(LONG) or path.parent.name == "solutions")
]
TAGS_NOT_COMPARED = {"nbval-ignore-output", "nbval-skip"}


def double(notebook):
    """The same notebook with each code cell run twice in a row, those tagged `once` excepted."""
    twice = []
    for cell in notebook.cells:
        twice.append(cell)
        if cell.cell_type == "code" and "once" not in cell.metadata.get("tags", []):
            twice.append(nbformat.from_dict(cell) | {"id": f"{cell.id}-again"})
    return nbformat.from_dict(notebook | {"cells": twice})


def cells_that_change(notebook, folder):
    """The ids of cells whose second run in a row gives other outputs than their first."""
    doubled = double(notebook)
    run(doubled, folder)
    cells = {cell.id: cell for cell in clean(doubled).cells}
    return [
        cell.id
        for cell in code_cells(notebook)
        if f"{cell.id}-again" in cells
        and not TAGS_NOT_COMPARED & set(cell.metadata.get("tags", []))
        and without_counts(cells[cell.id]) != without_counts(cells[f"{cell.id}-again"])
    ]


def without_counts(cell):
    return [
        {key: value for key, value in output.items() if key != "execution_count"}
        for output in cell.outputs
    ]


@pytest.mark.parametrize(
    "path", RUN_TWICE, ids=lambda path: path.relative_to(ROOT / "notebooks").as_posix()
)
def test_each_cell_gives_the_same_when_run_again(path):
    assert cells_that_change(read(path), path.parent) == []


def test_a_cell_that_counts_on_is_noticed(tmp_path):
    def cell(name, source, tags=()):
        return nbformat.v4.new_code_cell(source, id=name, metadata={"tags": list(tags)})

    cells = [
        cell("start", "count = 0"),
        cell("steady", "print(count)"),
        cell("accumulates", "count += 1\ncount"),
        cell("teaches", "count += 1\ncount", ["once"]),
        cell("timed", "count += 1\ncount", ["nbval-ignore-output"]),
    ]
    assert cells_that_change(nbformat.v4.new_notebook(cells=cells), tmp_path) == ["accumulates"]


@each_notebook
def test_explorers_are_stored_as_pictures(path):
    words = "draw explore gallery predict program_view scene walk"
    calls = tuple(f"{word}(" for word in words.split())
    for cell in code_cells(read(path)):
        if cell.source.startswith(calls) or any(f"\n{call}" in cell.source for call in calls):
            kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
            assert "text/plain" in kinds and kinds & {"image/png", "text/markdown", "text/html"}, (
                cell.id,
                kinds,
            )


@each_notebook
def test_every_explorer_moves_without_a_kernel(path):
    """Of a function that could not be traced only a picture would be stored."""
    for cell in code_cells(read(path)):
        if re.search(r"^(explore|gallery|program_view|walk)\(", cell.source, re.MULTILINE):
            specs = [output.data.get(SPEC) for output in cell.outputs if "data" in output]
            assert any(specs), cell.id
            assert all("program" in spec for spec in specs if spec and spec["kind"] == "explorer")


@each_notebook
def test_no_printed_line_is_so_long_that_a_page_breaks_it_in_the_middle_of_a_word(path):
    streams = [o.text for cell in code_cells(read(path)) for o in cell.outputs if "text" in o]
    assert [line for text in streams for line in text.splitlines() if len(line) > 102] == []


def global_names(table):
    """What a function reads from its notebook, those within it included."""
    own = {name.get_name() for name in table.get_symbols() if name.is_global()}
    return own.union(*map(global_names, table.get_children()))


def bound_again(notebook):
    """Names that what moves under sliders reads, and that a later cell binds to something else."""
    functions, read_by_sliders, found = {}, set(), []
    for cell in code_cells(notebook):
        table = symtable.symtable(cell.source, cell.id, "exec")
        bound = {name.get_name() for name in table.get_symbols() if name.is_assigned()}
        found += [f"{cell.id}: {name}" for name in sorted(bound & read_by_sliders)]
        functions |= {part.get_name(): global_names(part) for part in table.get_children()}
        if {"scene", "explore"} & {name.get_name() for name in table.get_symbols()}:
            waiting = list(table.get_identifiers() & functions.keys())
            for name in waiting:  # the list grows while it is walked
                new = functions.get(name, set()) - read_by_sliders
                read_by_sliders |= new
                waiting += new
    return found


@each_notebook
def test_what_moves_under_sliders_keeps_the_names_that_it_reads(path):
    assert bound_again(read(path)) == []


def test_a_name_that_is_bound_again_is_seen():
    sources = [
        "def size(a):\n    return a",
        "def show(x):\n    return [size(x) for _ in range(2)]",
        "scene(figure, show, x=(0, 1, 0))",
        "size = 3",
    ]
    cells = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    assert bound_again(nbformat.v4.new_notebook(cells=cells)) == ["c3: size"]


def imports_bound_again(notebook):
    """Imported names that a later cell binds to something else: cells above would not run again."""
    imported, found = set(), []
    for cell in code_cells(notebook):
        table = symtable.symtable(cell.source, cell.id, "exec")
        if not cell.source.startswith("# mini_autograd/"):  # a build cell makes what was imported
            bound = {name.get_name() for name in table.get_symbols() if name.is_assigned()}
            found += [f"{cell.id}: {name}" for name in sorted(bound & imported)]
        imported |= {name.get_name() for name in table.get_symbols() if name.is_imported()}
    return found


@each_notebook
def test_what_is_imported_keeps_its_meaning(path):
    assert imports_bound_again(read(path)) == []


def test_an_import_that_is_bound_again_is_seen():
    sources = [
        "from mini_autograd.explore.marks import curve, points\nimport numpy as np",
        "# mini_autograd/x.py: points\ndef points():\n    return 1",
        "(curve,) = 1, 2\nnp.random.curve = points",
    ]
    cells = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    assert imports_bound_again(nbformat.v4.new_notebook(cells=cells)) == ["c2: curve"]
