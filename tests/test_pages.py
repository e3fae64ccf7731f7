"""Every page before anything has run: its links, headings, pictures and exports."""

import re
from urllib.parse import unquote, urlsplit

import nbconvert
import pytest
from PIL import Image

from notebooks import ROOT, code_cells, notebook_paths, read

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
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)


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


# --- The chapters, counted ------------------------------------------------------------------------

COURSE = [path for path in CHAPTERS if path.stem != "00_start"]
WORDS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
NUMBER = dict(zip(range(10, 21), WORDS.split(), strict=True))


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def minutes(path):
    return int(re.search(r"^About (\d+) minutes\.", markdown(path), flags=re.MULTILINE)[1])


def numbers(listed):
    """The numbers that "1, 2", "4 to 7" or "6, 8 and 13" lists."""
    found = []
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", listed):
        found += range(int(first), int(last or first) + 1)
    return found


def table(name, head):
    """The rows of the table whose head begins so, each a list of cells."""
    lines = text(name).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(head))
    end = next(i for i in range(start, len(lines) + 1) if not lines[i : i + 1] or not lines[i])
    rows = [lines[i].strip("|").split("|") for i in range(start, end)]
    return [[cell.strip() for cell in row] for row in rows]


def test_chapters_are_numbered_one_after_the_other():
    heads = [re.match(r"# (\d+) · \S", markdown(path)) for path in COURSE]
    assert [int(head[1]) for head in heads] == [*range(1, len(COURSE) + 1)]
    assert [int(path.name[:2]) for path in COURSE] == [*range(1, len(COURSE) + 1)]


@pytest.mark.parametrize("place", ["notebooks/00_start.ipynb", "README.md"])
def test_the_contents_have_the_chapters_titles(place):
    titles = [markdown(path).splitlines()[0].removeprefix("# ") for path in COURSE]
    assert re.findall(r"^\| \[(\d+ · [^]]+)\]\(", markdown(ROOT / place), re.MULTILINE) == titles


def test_the_sidebar_of_the_web_edition_has_every_chapter_and_its_solutions():
    files = re.findall(r"- file: notebooks/(\S+)", text("book/contents.yml"))
    assert [file for file in files if re.match(r"\d", file)] == [path.stem for path in COURSE]
    solved = [file for file in files if file.startswith("solutions/")]
    assert solved == [f"solutions/{path.name[:2]}_solutions" for path in COURSE]


@pytest.mark.parametrize("place", ["GLOSSARY.md", "TEACHING.md"])
def test_a_number_that_is_a_link_leads_to_the_chapter_of_that_number(place):
    links = re.findall(r"\[(\d+)\]\(notebooks/(\d\d)_", text(place))
    assert links and all(int(shown) == int(file) for shown, file in links)
    assert {int(shown) for shown, _ in links} == {*range(1, len(COURSE) + 1)}


def test_the_plan_of_a_session_has_every_chapter_and_its_minutes():
    found = {row[0]: row[-1] for row in table("TEACHING.md", "| chapter | open with")[2:]}
    wanted = {f"[{i}](notebooks/{p.name})": f"{minutes(p)}" for i, p in enumerate(COURSE, 1)}
    assert found == wanted


def test_what_a_chapter_needs_is_what_it_says():
    rows = table("TEACHING.md", "| chapter | needs")[2:]
    found = {int(row[i]): numbers(row[i + 1]) for i in (0, 3, 6) for row in rows if row[i]}
    for i, path in enumerate(COURSE, 1):
        says = re.search(r"^About .* You need chapters? ([^.]*)\.", markdown(path), re.MULTILINE)
        assert found[i] == (numbers(says[1]) if says else []), path.stem


def test_the_semester_has_every_chapter_once_and_adds_up_its_minutes():
    _, _, chapters, sums = table("TEACHING.md", "| week |")
    assert [i for week in chapters[1:] for i in numbers(week)] == [*range(1, len(COURSE) + 1)]
    for week, total in zip(chapters[1:], sums[1:], strict=True):
        assert int(total) == sum(minutes(COURSE[i - 1]) for i in numbers(week)), week


def test_chapters_and_hours_are_counted_alike():
    total = f"about {round(sum(map(minutes, COURSE)) / 60)} hours"
    count = NUMBER[len(COURSE)]
    assert f"all {count} {total}" in text("README.md")
    assert f"the {count} chapters" in text("TEACHING.md") and total in text("TEACHING.md")
    parts = re.findall(r"^## Part .* \(chapters? (.*)\)", text("TEACHING.md"), re.MULTILINE)
    assert [i for part in parts for i in numbers(part)] == [*range(1, len(COURSE) + 1)]


@pytest.mark.parametrize("path", [*PAGES, *TEXTS], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_chapter_is_mentioned_that_is_not_there(path):
    named = re.findall(r"\b[Cc]hapters? (\d+)(?: (?:and|to) (\d+))?", markdown(path))
    assert all(1 <= int(i) <= len(COURSE) for pair in named for i in pair if i)


@each_page
@pytest.mark.parametrize("exporter", [nbconvert.HTMLExporter, nbconvert.MarkdownExporter])
def test_an_exported_page_holds_no_error_text(path, exporter):
    notebook = read(path)
    for cell in code_cells(notebook):
        cell.source = ""  # most of the time of an export goes into the colours of code
    text, _ = exporter().from_notebook_node(notebook)
    assert [error for error in ERROR_TEXTS if error in text] == []


def test_the_ledger_says_where_each_claim_is_tested():
    """Under the heading that is named, or the one that speaks of claims."""
    text = markdown(ROOT / "notebooks" / "18_choosing.ipynb")
    rows = [row.split(" | ") for row in re.findall(r"^\| \d+ \|.*", text, flags=re.MULTILINE)]
    assert [row[0] for row in rows] == [f"| {number}" for number in range(1, 26)]
    for row in rows:
        places = re.findall(r"\[(\d+)(?:: ([^]]*))?\]\((\w+.ipynb)\)", row[2])
        assert len(row) == 5 and places
        for number, section, file in places:
            headings = re.findall(r"^## (.*)", markdown(ROOT / "notebooks" / file), re.MULTILINE)
            claims = [heading for heading in headings if heading.endswith("tested")]
            assert file.startswith(f"{int(number):02d}_")
            assert section in headings if section else claims, row


def test_the_first_picture_of_the_readme_moves_three_times_and_stands_still_where_that_is_asked():
    before = (ROOT / "README.md").read_text(encoding="utf-8").partition("## ")[0]
    still, moving = addresses(before)[-2:]
    assert 'media="(prefers-reduced-motion: reduce)"' in before
    assert (ROOT / moving).stat().st_size <= 300_000
    with Image.open(ROOT / moving) as moves, Image.open(ROOT / still) as stands:
        assert moves.n_frames > 12 and moves.info["loop"] == 2  # twice again
        assert moves.convert("RGB").tobytes() == stands.convert("RGB").tobytes()
