"""The web edition: built as `make book` builds it, a warning being an error."""

import re
import subprocess
import sys
from html import unescape
from urllib.parse import unquote, urlsplit

import pytest

from notebooks import ROOT, notebook_paths
from set_repository import repository

for module in ["myst_nb", "sphinx_book_theme", "sphinx_external_toc", "mathjax"]:
    pytest.importorskip(module, reason="the web edition is tested after `make book`")

NOTEBOOKS = [p.relative_to(ROOT).with_suffix("").as_posix() for p in notebook_paths(ROOT)]


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


def test_every_notebook_has_a_page_and_a_place_in_the_sidebar(book):
    found = pages(book)
    names = [*NOTEBOOKS, "GLOSSARY", "TEACHING", "book/solutions"]
    assert set(found) == {f"{name}.html" for name in names} | {"index.html", "search.html"}
    sidebar = re.search(
        r'<nav class="bd-links.*?</nav>', found["notebooks/00_start.html"], flags=re.DOTALL
    )[0]
    assert re.findall(r"Part (I+)\.", sidebar) == ["I", "II", "III"]
    chapters = re.findall(r'href="(\d\d_\w+)\.html"', sidebar)
    assert chapters == sorted(
        name.removeprefix("notebooks/")
        for name in NOTEBOOKS
        if re.match(r"notebooks/(?!00)\d\d_", name)
    )


def test_every_link_inside_the_book_leads_to_a_file(book):
    missing = []
    for name, page in pages(book).items():
        for address in addresses(page):
            parts = urlsplit(address)
            target = (book / name).parent / unquote(parts.path)
            if not parts.scheme and parts.path and not target.is_file():
                missing.append((name, address))
    assert missing == []


def test_a_link_to_a_notebook_leads_to_its_page(book):
    for name, page in pages(book).items():
        if "<article" in page:
            linked = addresses(article(page))
            assert [a for a in linked if a.endswith((".ipynb", ".md"))] == [], name


def test_the_index_opens_the_start_page(book):
    text = (book / "index.html").read_text(encoding="utf-8")
    assert text.count("notebooks/00_start.html") == 2


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
    assert text.count('class="cell tag_hide-input') == text.count("<b>Predict.</b>")
