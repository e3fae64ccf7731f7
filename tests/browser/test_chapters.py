"""Chapters in a real JupyterLab: they open, they run, and the explorer moves."""

import os
import shutil
import subprocess
import sys

import nbconvert
import nbformat
import pytest

from notebooks import METADATA, ROOT, code_cells, notebook_paths, read, write

# BROWSER_CHAPTERS=all opens every notebook; three of different kinds are enough between two pushes.
CHAPTERS = ["00_start.ipynb", "02_graph.ipynb", "04_gradcheck.ipynb"]
if os.environ.get("BROWSER_CHAPTERS") == "all":
    CHAPTERS = [path.name for path in notebook_paths(ROOT) if path.parent.name == "notebooks"]


def cells_with_pictures(name):
    """The positions, among the code cells, of those whose stored output is a picture."""
    cells = code_cells(read(ROOT / "notebooks" / name))
    pictured = [
        any("image/png" in output.get("data", {}) for output in cell.outputs) for cell in cells
    ]
    return [position for position, has_picture in enumerate(pictured) if has_picture]


def assert_is_visible(picture):
    picture.scroll_into_view_if_needed()
    assert picture.is_visible()
    size = picture.bounding_box()
    assert size["width"] > 200 and size["height"] > 100, size


@pytest.fixture
def trust(lab_environment):
    """trust(path): what `jupyter trust` does; only then does JupyterLab show everything stored."""

    def trust_notebook(path):
        command = [sys.executable, "-m", "jupyter", "trust", path]
        subprocess.run(command, env=lab_environment, check=True)

    return trust_notebook


@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize("trusted", [False, True], ids=["untrusted", "trusted"])
def test_opens_with_its_pictures_before_anything_has_run(
    open_notebook, trust, course, name, trusted
):
    if trusted:
        name_in_lab = f"trusted_{name}"
        trust(shutil.copy(course / "notebooks" / name, course / "notebooks" / name_in_lab))
    notebook = open_notebook(name_in_lab if trusted else name)
    for position in cells_with_pictures(name):
        assert_is_visible(notebook.cells.nth(position).locator(".jp-OutputArea img").first)
    assert notebook.error_outputs() == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_exported_page_shows_its_pictures(browser, error_texts, tmp_path, name):
    html, _ = nbconvert.HTMLExporter().from_filename(ROOT / "notebooks" / name)
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page = browser.new_page(offline=True)
    page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
    cells = page.locator(".jp-CodeCell")
    for position in cells_with_pictures(name):
        assert_is_visible(cells.nth(position).locator(".jp-OutputArea img").first)
    text = page.locator("body").inner_text()
    assert [error for error in error_texts if error in text] == []
    page.close()


@pytest.mark.parametrize("name", CHAPTERS)
def test_runs_without_an_error(open_notebook, name):
    notebook = open_notebook(name)
    notebook.run_all()
    assert notebook.error_outputs() == []


def test_what_a_reader_would_trip_over_is_noticed(open_notebook, trust, course):
    def cell(name, source, output):
        return nbformat.v4.new_code_cell(source, id=name, outputs=[output])

    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1", "version_major": 2}}
    cells = [
        cell("dead", "pass", nbformat.v4.new_output("display_data", view)),
        cell("raises", "1 / 0", nbformat.v4.new_output("stream", text="nothing yet")),
        cell("never", "pass", nbformat.v4.new_output("stream", text="nothing yet")),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    write(notebook, course / "notebooks" / "faulty.ipynb")
    trust(course / "notebooks" / "faulty.ipynb")
    opened = open_notebook("faulty.ipynb")
    opened.page.get_by_text("model not found").first.wait_for()
    assert "model not found" in opened.error_outputs()
    opened.run_all()
    assert any("ZeroDivisionError" in text for text in opened.error_outputs())


def test_no_name_beside_a_slider_is_cut_off(open_notebook, course):
    names = ["temperature", "negative_slope", "number_of_repetitions"]
    source = f"""from mini_autograd.explore import explore
explore(lambda x, {", ".join(names)}: x, **dict.fromkeys({names}, (0, 1, 0.5)))"""
    cells = [nbformat.v4.new_code_cell(source, id="sliders")]
    write(
        nbformat.v4.new_notebook(cells=cells, metadata=METADATA),
        course / "notebooks" / "names.ipynb",
    )
    opened = open_notebook("names.ipynb")
    opened.run_all()
    opened.page.get_by_role("slider").first.wait_for()
    labels = opened.page.locator(".widget-slider .widget-label")
    sizes = labels.evaluate_all(
        "found => found.map(e => [e.textContent, e.scrollWidth, e.clientWidth])"
    )
    assert [text for text, *_ in sizes] == [*(n.replace("_", " ") for n in names), "cursor (x)"]
    assert [text for text, needed, given in sizes if needed > given] == []


class Explorer:
    """The first explorer of a notebook that has run."""

    def __init__(self, notebook):
        self.page = notebook.page
        has_slider = self.page.get_by_role("slider")
        self.cell = (
            notebook.cells.filter(has=self.page.locator("svg[role=img]"))
            .filter(has=has_slider)
            .first
        )
        self.slider = self.cell.get_by_role("slider").first
        self.picture = self.cell.locator("svg[role=img]").first
        self.slider.scroll_into_view_if_needed()

    def state(self):
        """What is drawn, how it is described, and what the text around it says."""
        drawn = self.picture.evaluate(
            "picture => [...picture.querySelectorAll('path')].map(p => p.getAttribute('d'))"
        )
        words = self.cell.evaluate(
            """cell => {
                const copy = cell.querySelector('.jp-OutputArea').cloneNode(true);
                copy.querySelectorAll('svg, .widget-readout').forEach(part => part.remove());
                return copy.textContent;
            }"""
        )
        return {
            "drawn": drawn,
            "description": self.picture.get_attribute("aria-label"),
            "words": words,
        }

    def state_after(self, before):
        """The state once it differs from before in all respects and has come to rest."""
        for _ in range(100):
            self.page.wait_for_timeout(50)
            state = self.state()
            if all(state[part] != before[part] for part in state) and state == self.state():
                return state
        still = [part for part, value in self.state().items() if value == before[part]]
        pytest.fail(f"unchanged after 5 s: {still}")


def test_explorer_follows_keys_and_mouse_and_resets(open_notebook):
    notebook = open_notebook("04_gradcheck.ipynb")
    notebook.run_all()
    explorer = Explorer(notebook)
    start = explorer.state()

    explorer.slider.focus()
    for _ in range(5):
        notebook.page.keyboard.press("ArrowRight")
    by_key = explorer.state_after(start)

    handle = explorer.slider.bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(x + 40, y, steps=8)
    notebook.page.mouse.up()
    by_mouse = explorer.state_after(by_key)

    explorer.cell.get_by_role("button", name="Reset").click()
    assert explorer.state_after(by_mouse) == start
    assert notebook.error_outputs() == []
