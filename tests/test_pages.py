"""Every page before anything has run: its links, headings, pictures and exports."""

import re
from urllib.parse import unquote, urlsplit

import nbconvert
import pytest

from notebooks import ROOT, notebook_paths, read

PAGES = notebook_paths(ROOT)
CHAPTERS = [p for p in PAGES if p.parent.name == "notebooks" and re.match(r"\d\d_", p.name)]
TEXTS = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]
# What an export would say in place of a widget.
ERROR_TEXTS = [
    "model not found",
    "Loading widget",
    "Error displaying widget",
    "application/vnd.jupyter.widget",
]
each_page = pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: path.relative_to(ROOT / "notebooks").as_posix()
)


def markdown(path):
    """The text of a page, without code."""
    if path.suffix == ".ipynb":
        cells = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
        text = "\n\n".join(cells)
    else:
        text = path.read_text(encoding="utf-8")
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def addresses(text):
    """Where links and images point."""
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)


@pytest.mark.parametrize(
    "path", [*PAGES, *TEXTS], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_links_and_images_are_there(path):
    local = [urlsplit(address) for address in addresses(markdown(path))]
    files = [unquote(parts.path) for parts in local if not parts.scheme and parts.path]
    assert [file for file in files if not (path.parent / file).exists()] == []


@each_page
def test_headings_nest(path):
    levels = [len(mark) for mark in re.findall(r"^(#+) ", markdown(path), flags=re.MULTILINE)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


def way(path):
    """The first line of a chapter with links to its neighbours, and the last."""
    lines = [line for line in markdown(path).splitlines() if "[Contents](00_start.ipynb)" in line]
    return lines[0], lines[-1]


def neighbour(line, arrow):
    found = re.search(r"\[← [^]]*\]\(([^)]+)\)" if arrow == "←" else r"→\]\(([^)]+)\)", line)
    return found and found[1]


@pytest.mark.parametrize("path", CHAPTERS[1:], ids=lambda path: path.stem)
def test_chapters_lead_to_each_other(path):
    i = CHAPTERS.index(path)
    for line in way(path):
        back, on = neighbour(line, "←"), neighbour(line, "→")
        assert back == CHAPTERS[i - 1].name
        assert on == (CHAPTERS[i + 1].name if i + 1 < len(CHAPTERS) else "gallery.ipynb")


@pytest.mark.parametrize("path", CHAPTERS[1:], ids=lambda path: path.stem)
def test_a_link_carries_the_title_of_its_chapter(path):
    titles = {p.name: markdown(p).splitlines()[0].removeprefix("# ") for p in CHAPTERS}
    for line in way(path):
        for text, file in re.findall(r"\[([^]]*)\]\(([^)]+)\)", line):
            if file in titles and file != "00_start.ipynb":
                assert text.strip("←→ ") == titles[file]


@pytest.mark.parametrize("path", CHAPTERS[1:], ids=lambda path: path.stem)
def test_a_chapter_and_its_solutions_know_each_other(path):
    solutions = path.with_name("solutions") / f"{path.name[:2]}_solutions.ipynb"
    assert f"(solutions/{solutions.name})" in markdown(path)
    assert f"(../{path.name})" in markdown(solutions)


@pytest.mark.parametrize("place", ["notebooks/00_start.ipynb", "README.md"])
def test_the_contents_list_every_page_in_reading_order(place):
    pages = {p.name for p in PAGES if p.parent.name == "notebooks" and p.stem != "00_start"}
    linked = [a.removeprefix("notebooks/") for a in addresses(markdown(ROOT / place))]
    assert pages <= set(linked)
    chapters = list(
        dict.fromkeys(name for name in linked if name in {p.name for p in CHAPTERS[1:]})
    )
    assert chapters == sorted(chapters)


@each_page
@pytest.mark.parametrize("exporter", [nbconvert.HTMLExporter, nbconvert.MarkdownExporter])
def test_an_exported_page_holds_no_error_text(path, exporter):
    text, _ = exporter().from_filename(path)
    assert [error for error in ERROR_TEXTS if error in text] == []
