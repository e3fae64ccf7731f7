"""Each chapter shows its question before it explains, and explains a little at a time."""

import nbformat
import pytest

from mini_autograd.explore.live import SPEC
from notebooks import ROOT, code_cells, is_folded, read
from reading import chapters, reading

each_chapter = pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
MACHINERY = "19_program"  # teaches a part of three files, whose rest is argument trees and refusals
# Of prose. Who adds a sentence takes one away that carries less.
WORDS = {
    "00_start": 1070,
    "01_neuron": 2328,
    "02_graph": 2194,
    "03_shapes": 2098,
    "04_gradcheck": 1992,
    "05_squashing": 1974,
    "06_relu": 1941,
    "07_leaks": 1437,
    "08_exponential": 2091,
    "09_smooth": 1690,
    "10_gates": 1578,
    "11_smooth_maximum": 2020,
    "12_softmax": 2087,
    "13_network": 1924,
    "14_where_to_start": 2178,
    "15_downhill": 2099,
    "16_digits": 2049,
    "17_deeper": 2600,
    "18_choosing": 2561,
    "19_program": 2225,
}


@each_chapter
def test_something_moves_at_once_and_again_and_again(path):
    found = reading(read(path))
    assert found.before <= 0.15
    if path.stem != "00_start":
        assert found.moving >= 2 and found.shown >= 3


@each_chapter
def test_what_is_imported_takes_no_room_on_the_first_screen(path):
    first = code_cells(read(path))[0]
    assert "import " in first.source
    # Who reads chapter 1 sees imports for the first time.
    assert is_folded(first) or path.stem == "01_neuron"


@each_chapter
def test_code_comes_a_little_at_a_time(path):
    found = reading(read(path))
    assert found.open_lines <= 120
    assert found.folded <= (0.8 if path.stem == MACHINERY else 0.5)


@each_chapter
def test_a_chapter_is_not_longer_than_an_hour_can_hold(path):
    words, allowed = reading(read(path)).words, WORDS[path.stem]
    assert words <= allowed, f"{words - allowed} words to cut: what is said twice, and asides"


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=list(cells))


def shows(name, kind):
    bundle = {"text/plain": ""} | ({SPEC: {"kind": kind}} if kind else {"image/png": ""})
    output = nbformat.v4.new_output("display_data", bundle)
    return nbformat.v4.new_code_cell("f()\n" * 5, id=name, outputs=[output])


def test_what_counts_as_moving_as_open_and_as_before():
    words = nbformat.v4.new_markdown_cell("five words <details>and four folded</details> of prose")
    build = "# mini_autograd/engine.py: add\n" + "x\n" * 9
    folded = nbformat.v4.new_code_cell(
        build, id="folded", metadata={"jupyter": {"source_hidden": True}}
    )
    found = reading(
        notebook(
            words,
            shows("asks", "prediction"),
            shows("moves", "drawing"),
            nbformat.v4.new_code_cell(build, id="open"),
            folded,
            nbformat.v4.new_markdown_cell("▣ not counted", id="open-goes"),
            shows("stands", None),
            nbformat.v4.new_code_cell("scene(x)", id="no-picture"),
        )
    )
    assert (found.moving, found.shown, found.open_lines) == (1, 2, 10)
    assert (found.build_lines, found.folded, found.words) == (20, 0.5, 7)
    assert found.before == pytest.approx((4 + 5) / (4 + 5 + 5 + 12 + 5 + 1))


def test_every_chapter_is_counted():
    assert [path.stem[:2] for path in chapters(ROOT)] == [f"{number:02}" for number in range(20)]
