"""The web edition: built as `make book` builds it, a warning being an error."""

import inspect
import re
import subprocess
import sys
from html import unescape
from pydoc import locate

import nbformat
import pytest

from mini_autograd import Tensor, explore
from mini_autograd.explore import marks
from mini_autograd.nn import Module
from mini_autograd.optim import Optimizer
from notebooks import ROOT, is_folded, notebook_paths, read
from package_source import definitions
from set_repository import repository

for module in ["myst_nb", "sphinx_book_theme", "sphinx_external_toc", "mathjax"]:
    pytest.importorskip(module, reason="the web edition is tested after `make book`")
bs4 = pytest.importorskip("bs4")

NOTEBOOKS = [p.relative_to(ROOT).with_suffix("").as_posix() for p in notebook_paths(ROOT)]

ROOMS = (ROOT / "book" / "reference").glob("*.rst")
REFERENCE = ["book/reference", *(f"book/reference/{path.stem}" for path in ROOMS)]


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", ROOT / "book"]
    done = subprocess.run([*command, ROOT, folder / "pages"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "pages"


def pages(book):
    """The text of each page, by its name."""
    found = (path for path in book.rglob("*.html") if "_static" not in path.parts)
    return {p.relative_to(book).as_posix(): p.read_text(encoding="utf-8") for p in found}


def article(page):
    return re.search(r'<article class="bd-article">.*?</article>', page, flags=re.DOTALL)[0]


def addresses(page):
    # What a script holds as text is no address.
    tags = re.findall(r"<(?:a|img|link|script)\b[^>]*>", page)
    return [unescape(a) for tag in tags for a in re.findall(r'(?:href|src)="([^"]*)"', tag)]


def test_a_figure_is_described_by_what_is_said_below_it(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book")
    from stored import described

    def below(text):
        return nbformat.v4.new_markdown_cell(text)

    figure = "<Figure size 770x319 with 2 Axes>"
    assert described("a curve falls", below("Another matter.")) == "a curve falls"
    caption = "The *loss* falls to $0$; see [chapter 2](02.ipynb).\n\nNow to something else."
    assert described(figure, below(caption)) == "The loss falls to 0; see chapter 2."
    assert (
        described(figure, None) == described(figure, nbformat.v4.new_code_cell("f")) == "A figure."
    )


def test_no_picture_is_described_by_the_name_of_its_file(book):
    described = [
        alt for page in pages(book).values() for alt in re.findall(r'<img alt="([^"]*)"', page)
    ]
    assert len(described) > 40
    assert [
        alt for alt in described if not alt or re.search(r"[0-9a-f]{32}|Figure size", alt)
    ] == []


def test_pages_read_nothing_from_the_network(book):
    for name, page in pages(book).items():
        tags = re.findall(r"<(?:script|img|link)\b[^>]*>", page)
        assert [tag for tag in tags if re.search(r'(?:src|href)="(?:https?:)?//', tag)] == [], name


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_can_be_launched_and_shows_its_stored_outputs(book, name):
    page = (book / f"{name}.html").read_text(encoding="utf-8")
    launch = f"https://mybinder.org/v2/gh/{repository(ROOT)}/HEAD?urlpath=lab/tree/{name}.ipynb"
    assert launch in addresses(page)
    assert "Loading widget" not in page and "widget-view" not in page
    if 'class="math' in page:
        assert "_static/tex-svg.js" in page


def test_explorers_predictions_and_folded_answers_are_on_the_page(book):
    text = article((book / "notebooks/04_gradcheck.html").read_text(encoding="utf-8"))
    assert 'alt="neuron and its derivative' in text
    assert "<b>Predict.</b>" in text and "<details><summary>" in text
    folded = [cell for cell in read(ROOT / "notebooks/04_gradcheck.ipynb").cells if is_folded(cell)]
    assert text.count('class="cell tag_hide-input') == len(folded) > text.count("<b>Predict.</b>")


def test_explorers_move_on_the_pages(book, chromium):
    names = [name for name in NOTEBOOKS if '"kind":"explorer"' in pages(book)[f"{name}.html"]]
    assert len(names) >= 15
    problems = []
    with chromium() as browser:
        page = browser.new_page(offline=True, viewport=dict(width=390, height=844))
        page.on("pageerror", lambda error: problems.append(str(error)))
        for name in names[:: len(names) // 3]:
            page.goto((book / f"{name}.html").as_uri(), wait_until="domcontentloaded")
            before = page.locator(".ma-cells").first.inner_text()
            page.get_by_label("cursor (x)", exact=True).first.press("ArrowRight")
            page.wait_for_timeout(200)
            assert page.locator(".ma-cells").first.inner_text() != before, name
            said = page.locator(".ma-explorer .ma-verdict").first.inner_text()
            assert said.startswith("✓ They agree"), name
            assert page.evaluate("document.documentElement.scrollWidth") == 390, name
    assert problems == []


def test_a_dark_page_shows_through_its_figures(book, chromium):
    looks = "e => { const s = getComputedStyle(e); return [s.backgroundColor, s.filter] }"
    with chromium() as browser:
        page = browser.new_page(offline=True, color_scheme="dark")
        page.goto((book / "notebooks/13_network.html").as_uri())
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        figures = page.locator(".cell_output img").all()
        assert len(figures) > 3
        assert {tuple(one.evaluate(looks)) for one in figures} == {("rgba(0, 0, 0, 0)", "none")}


def test_predictions_and_walks_answer_on_the_pages(book, chromium):
    problems = []
    with chromium() as browser:
        page = browser.new_page(offline=True, viewport=dict(width=390, height=844))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto((book / "notebooks/02_graph.html").as_uri(), wait_until="domcontentloaded")
        asked = page.get_by_role("group", name="Predict. ").first
        asked.get_by_role("radio").last.check()
        assert asked.get_by_role("status").inner_text().startswith("You chose")
        page.get_by_role("button", name="Next").first.press("Enter")
        assert page.locator(".ma-now").first.inner_text().startswith("Step 1 of")
        assert page.get_by_text("Run this cell to choose").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert problems == []


@pytest.fixture(scope="session")
def texts(book):
    """{page: (its formulas, all else that it says, its cells of code)}; code is no text."""
    found = {}
    for name, page in pages(book).items():
        if "<article" in page:
            # Every colour of code is an element: to parse them all would take most of the time.
            coloured = re.findall(r"<pre>.*?</pre>", article(page), flags=re.DOTALL)
            cells = [unescape(re.sub(r"<[^>]*>", "", cell)) for cell in coloured]
            rest = re.sub(r"<pre>.*?</pre>", "", article(page), flags=re.DOTALL)
            soup = bs4.BeautifulSoup(rest, "html.parser")
            formulas = [one.extract().get_text().strip() for one in soup.select(".math")]
            for code in soup.select("pre, code"):
                code.decompose()
            found[name] = formulas, soup.get_text(), cells
    return found


def test_no_formula_has_a_line_break_in_place_of_a_command(texts):
    for name, (formulas, _, _) in texts.items():
        assert [one for one in formulas if re.search(r"\\\\[A-Za-z]", one)] == [], name


def test_no_formula_is_left_as_text(texts):
    for name, (_, text, _) in texts.items():
        assert re.findall(r"\\[A-Za-z(\[]\w*|\$", text) == [], name


def test_mathjax_draws_every_formula(book, texts, chromium):
    places = {one[2:-2]: name for name, (formulas, *_) in texts.items() for one in formulas}
    # Unknown, incomplete, not closed; and in \text{} a backslash is shown as it is.
    broken = r"\sqrta", r"\frac{1}", r"\left( x", r"\text{fan\_in}"
    with chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(path=book / "_static/tex-svg.js")
        found = page.evaluate(
            """async formulas => {
                await MathJax.startup.promise;
                // What it does not know it writes in red; 5C is a backslash.
                const failed = '[data-mml-node="merror"], [fill="red"], [data-c="5C"]';
                return formulas.filter(tex => MathJax.tex2svg(tex).querySelector(failed));
            }""",
            [*broken, *places],
        )
    assert found[: len(broken)] == [*broken] and len(places) > 500
    assert [(places[tex], tex) for tex in found[len(broken) :]] == []


# The reference.


@pytest.fixture(scope="session")
def entries(book):
    """(name, description) of each entry, on whatever page it stands."""
    found = []
    for page in REFERENCE:
        soup = bs4.BeautifulSoup((book / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
        terms = soup.select("dl.py > dt[id]")
        found += [(term["id"], term.find_next_sibling("dd")) for term in terms]
    return found


def public():
    """(name, definition) of all that the package defines without an underscore.

    Of the explorers that is what their package exports; no chapter shows their source.
    """
    for (file, name), definition in definitions(ROOT).items():
        if not name.startswith("_"):
            yield f"{file.removesuffix('.py').replace('/', '.')}.{name}", definition
    for name, value in vars(explore).items():
        if not name.startswith("_") and not inspect.ismodule(value):
            yield f"mini_autograd.explore.{name}", None
    yield "mini_autograd.explore.gallery.gallery", None
    for name, value in vars(marks).items():
        if inspect.isfunction(value) and value.__module__ == marks.__name__ and name[0] != "_":
            yield f"{marks.__name__}.{name}", None


def docstring(name):
    """The docstring of an entry; nothing for a method without, or for a constant's own type."""
    constant = isinstance(locate(name), dict | int | set | str | tuple)
    return "" if constant else inspect.getdoc(locate(name)) or ""


def own_part(description):
    """A description without the entries within it, and without the link to a chapter."""
    own = bs4.BeautifulSoup(str(description), "html.parser").dd
    for inner in own.select("dl.py"):
        inner.decompose()
    for label in own.select("dt"):
        if label.get_text() == "Built in:":
            label.find_next_sibling("dd").decompose()
            label.decompose()
    return own


def letters(text):
    return re.sub(r"\s", "", text)


def test_every_public_name_has_one_entry_in_the_reference(entries):
    places = {}
    for name, _ in entries:
        places.setdefault(id(locate(name)), []).append(name)
    wanted = {name: places.pop(id(locate(name)), []) for name, _ in public()}
    assert {name: found for name, found in wanted.items() if len(found) != 1} == {}
    classes = {owner.__name__: owner for owner in (Tensor, Module, Optimizer)}
    members = [name.split(".")[-2:] for found in places.values() for name in found]
    assert sorted(members) == sorted(
        [name, member]
        for name, owner in classes.items()
        for member in {member for base in owner.__mro__[:-1] for member in vars(base)}
        if not member.startswith("_")
    )


def test_the_reference_says_what_the_docstrings_say(entries):
    sources = {id(locate(name)): definition for name, definition in public()}
    for name, description in entries:
        said, meant = letters(own_part(description).get_text()), docstring(name)
        if definition := sources.get(id(locate(name))):
            meant = meant or definition.source
        assert said.startswith(letters(meant.replace("`", ""))) and said, name


def test_labels_examples_and_sources_of_a_docstring_are_marked_up(entries):
    for name, description in entries:
        text, own = docstring(name), own_part(description)
        labels = re.findall(r"(?m)(?:^|\. )((?:Gradient|Numerics|Raises|Reference):) ", text)
        assert [label.get_text() for label in own.select("dt")] == labels, name
        assert bool(own.select(".doctest .gp")) == (">>> " in text), name
        links = [link["href"] for link in own.select("a[href]")]
        for source in re.findall(r"(?:https?://|doi:|arXiv:)\S*\w", text):
            assert any(link.endswith(re.sub("^(doi|arXiv):", "", source)) for link in links), source


def test_an_entry_leads_to_the_chapter_that_builds_it(texts, entries):
    sources = {id(locate(name)): definition for name, definition in public() if definition}
    built = {}
    for name, description in entries:
        if definition := sources.get(id(locate(name))):
            label = next(dt for dt in description.select("dt") if dt.get_text() == "Built in:")
            link = label.find_next_sibling("dd").a["href"]
            built.setdefault(link.removeprefix("../../"), []).append(definition)
    assert len(sources) == sum(map(len, built.values()))
    for chapter, shown in built.items():
        _, _, cells = texts[chapter]
        for one in shown:
            headed = [cell for cell in cells if cell.startswith(f"# {one.file}: ")]
            assert any(one.source in cell for cell in headed), f"{chapter}: {one.name}"
