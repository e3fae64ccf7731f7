"""How each chapter reads: when the first thing moves, and how much code stands open.

python tools/reading.py    a row for each chapter
"""

import re
from pathlib import Path
from typing import NamedTuple

import nbformat

from mini_autograd.explore.live import SPEC
from notebooks import GOES, ROOT, is_folded, notebook_paths, read, shown_definitions

MOVES = re.compile(r"^(scene|draw)\(", re.MULTILINE)  # these may have no spec
FOLDED_TEXT = re.compile(r"<details>.*?</details>", re.DOTALL)


class Reading(NamedTuple):
    """What a reader meets in a chapter, from top to bottom; lines are lines of code."""

    before: float  # the share of the open words that stand before the first thing that moves
    moving: int  # cells with something that moves
    shown: int  # these, and cells with a picture
    open_lines: int  # at most, unfolded, from one cell that shows something to the next
    build_lines: int
    folded: float  # the share of the build lines that is folded away
    words: int  # of prose, folded or not; generated lines are not counted


def moves(cell: nbformat.NotebookNode) -> bool:
    """Whether a reader can move something in what the cell shows; an answer is no movement."""
    specs = [output.data[SPEC] for output in cell.outputs if SPEC in output.get("data", {})]
    if any(spec["kind"] not in ("prediction", "answer") for spec in specs):
        return True
    return bool(MOVES.search(cell.source) and has_picture(cell))


def has_picture(cell: nbformat.NotebookNode) -> bool:
    return any("image/png" in output.get("data", {}) for output in cell.outputs)


def open_words(cell: nbformat.NotebookNode) -> int:
    """How much of a cell there is to read: what is folded away is not."""
    if cell.cell_type == "markdown":
        return len(FOLDED_TEXT.sub("", cell.source).split())
    return 0 if is_folded(cell) else len(cell.source.split())


def reading(notebook: nbformat.NotebookNode) -> Reading:
    """How the chapter reads, as it is stored."""
    cells = [cell for cell in notebook.cells if not cell.id.endswith(GOES)]
    code = [cell for cell in cells if cell.cell_type == "code"]
    lines = {cell.id: len(cell.source.splitlines()) for cell in code}
    moving = [cell.id for cell in code if moves(cell)]
    shown = [cell.id for cell in code if cell.id in moving or has_picture(cell)]
    build = [cell for cell in code if shown_definitions(cell.source)]
    build_lines = sum(lines[cell.id] for cell in build)
    folded = sum(lines[cell.id] for cell in build if is_folded(cell))
    words = [open_words(cell) for cell in cells]
    first = [cell.id for cell in cells].index(moving[0]) if moving else len(cells)
    return Reading(
        before=sum(words[:first]) / sum(words),
        moving=len(moving),
        shown=len(shown),
        open_lines=longest_stretch(code, shown),
        build_lines=build_lines,
        folded=folded / max(build_lines, 1),
        words=sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown"),
    )


def longest_stretch(code: list[nbformat.NotebookNode], shown: list[str]) -> int:
    """The most lines of open code from one cell that shows something to the next that does."""
    longest = here = 0
    for cell in code:
        if cell.id in shown:
            longest, here = max(longest, here if cell.id != shown[0] else 0), 0
        elif not is_folded(cell):
            here += len(cell.source.splitlines())
    return longest


def chapters(root: Path = ROOT) -> list[Path]:
    return [path for path in notebook_paths(root) if re.match(r"\d\d_(?!sol)", path.name)]


def main() -> None:
    print(f"{'chapter':22}{'before':>7}{'moving':>7}{'shown':>7}{'open':>6}{'build':>6}", end="")
    print(f"{'folded':>8}{'words':>7}")
    for path in chapters():
        r = reading(read(path))
        print(f"{path.stem:22}{r.before:>7.0%}{r.moving:>7}{r.shown:>7}{r.open_lines:>6}", end="")
        print(f"{r.build_lines:>6}{r.folded:>8.0%}{r.words:>7}")


if __name__ == "__main__":
    main()
