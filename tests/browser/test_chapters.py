"""Chapters in a real JupyterLab: they open, they run, and the explorer moves."""

import contextlib
import os
import shutil
import subprocess
import sys

import nbconvert
import nbformat
import pytest
from accessibility import faint_texts, violations

from mini_autograd.explore import predict, walk
from mini_autograd.explore.live import SPEC
from notebooks import METADATA, ROOT, WIDGET_VIEW, code_cells, notebook_paths, read, write

# BROWSER_CHAPTERS=all opens every notebook, as CI does; between two pushes one is enough that has
# explorers, drawings, predictions and exercises.
CHAPTERS = ["04_gradcheck.ipynb"]
ALL = os.environ.get("BROWSER_CHAPTERS") == "all"
if ALL:
    CHAPTERS = [path.name for path in notebook_paths(ROOT) if path.parent.name == "notebooks"]


def cells_with_pictures(name):
    """The positions, among the code cells, of those whose stored output is a picture in sight."""
    cells = code_cells(read(ROOT / "notebooks" / name))
    pictured = [
        any("image/png" in output.get("data", {}) for output in cell.outputs)
        and not cell.metadata.get("jupyter", {}).get("outputs_hidden")
        for cell in cells
    ]
    return [position for position, has_picture in enumerate(pictured) if has_picture]


PICTURE = ".jp-OutputArea img, .jp-OutputArea svg[role=img]"


def live_cells(name, kind="explorer"):
    """The positions, among the code cells, of those that store one; it needs no kernel."""
    cells = code_cells(read(ROOT / "notebooks" / name))
    kinds = [
        [output.data[SPEC]["kind"] for output in cell.outputs if SPEC in output.get("data", {})]
        for cell in cells
    ]
    return [i for i, stored in enumerate(kinds) if kind in stored]


def assert_moves(cell):
    """By keys and by mouse, both of which JupyterLab would like for itself."""
    numbers = cell.locator(".ma-cells")
    before = numbers.inner_text()
    cell.get_by_label("cursor (x)", exact=True).press("ArrowLeft")
    by_key = text_after(numbers, before)
    box = cell.locator(".ma svg").bounding_box()
    cell.page.mouse.click(box["x"] + 100, box["y"] + 100)
    text_after(numbers, by_key)
    assert "✓ They agree:" in cell.locator(".ma-verdict").inner_text()


def text_after(place, before):
    """The text there once it is another."""
    for _ in range(100):
        if (text := place.inner_text()) != before:
            return text
        place.page.wait_for_timeout(50)
    pytest.fail(f"still the same after 5 s: {before}")


def exercise_cells(name):
    """The positions, among the code cells, of those that check a reader's answer."""
    cells = code_cells(read(ROOT / "notebooks" / name))
    return [position for position, cell in enumerate(cells) if "\ncheck(" in cell.source]


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
@pytest.mark.parametrize("trusted", [False, True] if ALL else [False], ids="trusted is {}".format)
def test_opens_with_its_pictures_before_anything_has_run(
    open_notebook, trust, course, name, trusted
):
    if trusted:
        name_in_lab = f"trusted_{name}"
        trust(shutil.copy(course / "notebooks" / name, course / "notebooks" / name_in_lab))
    notebook = open_notebook(name_in_lab if trusted else name)
    for position in cells_with_pictures(name):
        assert_is_visible(notebook.cells.nth(position).locator(PICTURE).first)
    for position in live_cells(name):
        assert_moves(notebook.cells.nth(position))
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
def test_runs_and_answers_everyone(open_notebook, name):
    """Each chapter is opened and run once, for everything that is seen on the running page."""
    notebook = open_notebook(name)
    notebook.run_all()
    for position in exercise_cells(name):
        said = notebook.cells.nth(position).locator(".jp-OutputArea").text_content()
        assert set(said.split("\n")) - {""} <= NOT_ATTEMPTED
    explorer = Explorer(notebook)
    start = explorer.state()
    explorer.press_arrow_keys()
    by_key = explorer.state_after(start)
    explorer.drag()
    explorer.state_after(by_key)
    explorer.cell.get_by_role("button", name="Reset", exact=True).click()
    explorer.wait_until(lambda state: state["words"] == start["words"])
    assert violations(notebook.page) == []
    for theme in ["JupyterLab Dark", "JupyterLab Light"]:
        notebook.set_theme(theme)
        for _ in range(25):  # while it changes, JupyterLab may show nothing, or both themes
            faint, readable = faint_texts(notebook.page)
            if faint == [] and readable > 10:
                break
            notebook.page.wait_for_timeout(200)
        assert faint == [] and readable > 10
    assert notebook.error_outputs() == []


@pytest.mark.skipif(not ALL, reason="only where BROWSER_CHAPTERS=all")
@pytest.mark.parametrize("name", ["04_gradcheck.ipynb", "13_network.ipynb"])
def test_runs_answers_and_is_saved_in_notebook_7(open_in_notebook_7, course, name):
    """By mouse: Notebook 7 takes the arrow keys for itself, to go from cell to cell.

    It reads the settings that the set-up has put beside the packages, as any Jupyter server does.
    """
    path = shutil.copy(course / "notebooks" / name, course / "notebooks" / f"in_7_{name}")
    name = path.name
    notebook = open_in_notebook_7(name)
    notebook.problems.clear()  # what Notebook 7 itself reports as it starts
    notebook.run_all()
    explorer = Explorer(notebook)
    before = explorer.state()
    explorer.drag()
    explorer.state_after(before)
    assert notebook.error_outputs() == []

    with written(path, notebook.page):
        notebook.page.keyboard.press("Control+s")
    saved = path.read_text(encoding="utf-8")
    assert "image/png" in saved and "widget-view" not in saved


@contextlib.contextmanager
def written(path, page):
    """What happens here has the server write path: wait until that is done."""
    before = path.stat().st_mtime_ns
    yield
    for _ in range(100):
        if path.stat().st_mtime_ns != before:
            break
        page.wait_for_timeout(100)
    assert path.stat().st_mtime_ns != before
    page.wait_for_timeout(1000)  # the server writes in place


def test_saved_chapter_opens_again_with_its_pictures(open_notebook, course):
    name = "saved.ipynb"
    shutil.copy(course / "notebooks" / "04_gradcheck.ipynb", course / "notebooks" / name)
    notebook = open_notebook(name)
    notebook.run_all()
    notebook.page.keyboard.press("Control+s")
    notebook.page.locator(".jp-mod-dirty").wait_for(state="detached")
    explorer = Explorer(notebook)
    before = explorer.state()
    explorer.press_arrow_keys()
    explorer.state_after(before)

    notebook.page.keyboard.press("Control+s")
    notebook.menu("File", "Close and Shut Down Notebook…")
    notebook.page.get_by_role("button", name="Ok", exact=True).click()
    notebook.page.locator(".jp-NotebookPanel").wait_for(state="detached")
    again = open_notebook(name)
    for position in cells_with_pictures("04_gradcheck.ipynb"):
        assert_is_visible(again.cells.nth(position).locator(PICTURE).first)
    for position in live_cells("04_gradcheck.ipynb"):
        assert_moves(again.cells.nth(position))
    assert again.error_outputs() == []


def test_predictions_and_walks_live_and_results_wait_for_their_cell_to_run(open_notebook, course):
    def cell(name, source, output, **hidden):
        outputs = [nbformat.v4.new_output("display_data", output)]
        return nbformat.v4.new_code_cell(
            source, id=name, metadata={"jupyter": hidden}, outputs=outputs
        )

    def stored(widget):
        return {kind: v for kind, v in widget._repr_mimebundle_()[0].items() if kind != WIDGET_VIEW}

    asked = predict("Which?", ["this", "that"])
    cells = [
        cell("ask", ASK, stored(asked), source_hidden=True),
        cell("result", "print('forty-two')", {"text/plain": "forty-two"}, outputs_hidden=True),
        cell("answer", "asked.answer('that')", stored(asked.answer("that"))),
        cell("walk", WALK, stored(walk(lambda x: x * x, x=(0, 4, 2)))),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    write(notebook, course / "notebooks" / "asked.ipynb")
    opened = open_notebook("asked.ipynb")
    result = opened.page.locator(".jp-OutputArea-output").get_by_text("forty-two")
    answers = opened.cells.nth(2).locator(".ma")
    result.wait_for(state="hidden")
    assert "choose above" in answers.inner_text()
    opened.cells.nth(0).get_by_label("this").press("ArrowDown")  # JupyterLab leaves it the key
    assert "✓ You predicted “that”" in answers.inner_text()
    assert_walks(opened.cells.nth(3))
    opened.run_all()
    assert_walks(opened.cells.nth(3))
    assert result.is_visible()
    assert opened.cells.nth(0).get_by_label("that").is_checked()
    assert "✓ You predicted “that”" in answers.inner_text()
    assert opened.error_outputs() == []


def assert_walks(cell):
    cell.get_by_role("button", name="Next").press("Space")
    cell.get_by_label("x", exact=True).press("End")
    step = "Step 1 of 1: x × x, upstream gradient 1."
    cell.locator(".ma-now").get_by_text("local derivative 4").first.wait_for()
    assert cell.locator(".ma-now b").inner_text() == step


WALK = """from mini_autograd.explore import walk
walk(lambda x: x * x, x=(0, 4, 2))"""
ASK = """from mini_autograd.explore import predict, walk
asked = predict("Which?", ["this", "that"])
asked"""


def test_a_drawing_moves_before_and_after_it_has_run(open_notebook, course):
    exec(DRAW, made := {})
    stored, _ = made["drawing"]._repr_mimebundle_()
    stored.pop(WIDGET_VIEW)
    outputs = [nbformat.v4.new_output("display_data", stored)]
    cells = [nbformat.v4.new_code_cell(DRAW, id="drawing", outputs=outputs)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    write(notebook, course / "notebooks" / "drawing.ipynb")
    opened = open_notebook("drawing.ipynb")
    for run in False, True:
        if run:
            opened.run_all()
        place = opened.cells.first.locator(".ma")
        sentence = place.locator(".ma-said p").first
        place.get_by_label("w", exact=True).press("ArrowRight")
        assert text_after(sentence, "w = 1.00: 1.00") == "w = 1.05: 1.05"
        box = place.locator("svg rect[style]").bounding_box()
        opened.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 50)
        assert text_after(sentence, "w = 1.05: 1.05") == "w = 0.00: 0.00"
        place.get_by_role("button", name="Play w").press("Space")
        place.get_by_text("w = 2.00: 2.00", exact=True).first.wait_for()
        place.get_by_role("button", name="Reset").click()
        text_after(sentence, "w = 2.00: 2.00")
        assert violations(opened.page, exempted={}) == []
    assert opened.error_outputs() == []


DRAW = """from mini_autograd.explore import draw
from mini_autograd.explore.marks import panel, points, say
def f(w):
    mark = points(w, w, say("{:.1f}", w))
    return [panel(mark, xlim=(-2, 2), ylim=(-2, 2), pointer="w")], say("w = {:.2f}: {:.2f}", w, w)
drawing = draw(f, w=(-2, 2, 1.0, 0.05), play="w")
drawing"""


def test_a_chapter_that_is_only_opened_and_saved_stays_as_it_was(open_notebook, course):
    path = shutil.copy(
        course / "notebooks" / "04_gradcheck.ipynb", course / "notebooks" / "opened.ipynb"
    )
    before = path.read_bytes()
    notebook = open_notebook("opened.ipynb")
    notebook.cells.first.wait_for()
    notebook.page.wait_for_timeout(2000)  # until the kernel has told its version
    assert notebook.page.locator(".jp-mod-dirty").count() == 0  # nothing to be asked on closing
    with written(path, notebook.page):
        notebook.menu("File", "Save Notebook")
    assert path.read_bytes() == before


def test_in_a_running_cell_the_kernel_checks_and_computes(open_notebook, course):
    source = """from IPython.display import display
from mini_autograd.explore import draw, explore
from mini_autograd.explore.marks import panel, points, say
display(explore(lambda x, a: a * x, a=(0, 4, 1.0), name="followed"))
display(explore(lambda x, a: float(a) * x, a=(0, 4, 1.0), name="not followed"))
def f(n):
    k = range(int(n))
    return [panel(points(k, k), xlim=(0, 9), ylim=(0, 9))], say("{:d} points", len(k))
draw(f, n=(0, 9, 4, 1))"""
    opened = run_code(source, open_notebook, course)
    drawing = opened.page.locator(".ma").nth(2)
    drawing.get_by_text("line 7, k = range(int(n)): Python or NumPy asks for numbers").wait_for()
    drawing.get_by_label("n", exact=True).press("ArrowRight")
    assert_moves_to(drawing, "5 points")
    assert drawing.locator("circle").count() == 5
    followed, other = opened.page.locator(".ma").nth(0), opened.page.locator(".ma").nth(1)
    followed.get_by_text("checked by the kernel, which finds the same").wait_for()
    other.get_by_text("Computed and checked by the kernel").wait_for()
    for explorer in followed, other:
        explorer.get_by_label("a", exact=True).press("ArrowRight")
        assert_moves_to(explorer, "a = 1.05. At x = 1.00, f(x) = 1.0500 and f'(x) = 1.0500")
        assert "✓ They agree" in explorer.locator(".ma-verdict").inner_text()
    followed.get_by_text("checked by the kernel, which finds the same").wait_for()
    assert opened.error_outputs() == []


def assert_moves_to(explorer, words):
    label = explorer.locator("svg[role=img]")
    for _ in range(100):
        if words in label.get_attribute("aria-label"):
            return
        explorer.page.wait_for_timeout(50)
    pytest.fail(label.get_attribute("aria-label"))


@pytest.mark.skipif(not ALL, reason="only where BROWSER_CHAPTERS=all")
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
    source = f"""import matplotlib.pyplot as plt
from mini_autograd.explore import scene
figure, axes = plt.subplots()
scene(figure, lambda {", ".join(names)}: ([], ""), **dict.fromkeys({names}, (0, 1, 0.5)))"""
    opened = run_code(source, open_notebook, course)
    opened.page.get_by_role("slider").first.wait_for()
    labels = opened.page.locator(".widget-slider .widget-label")
    sizes = labels.evaluate_all(
        "found => found.map(e => [e.textContent, e.scrollWidth, e.clientWidth])"
    )
    assert [text for text, *_ in sizes] == [n.replace("_", " ") for n in names]
    assert [text for text, needed, given in sizes if needed > given] == []


def test_play_moves_a_scene_to_its_end_by_keyboard(open_notebook, course):
    source = """import matplotlib.pyplot as plt
from mini_autograd.explore import scene
figure, axes = plt.subplots()
scene(figure, lambda n: ([], f"n is {n:.0f}"), play="n", n=(0, 600, 0, 20))"""
    cell = run_code(source, open_notebook, course).cells.first
    cell.get_by_text("n is 0", exact=True).wait_for()
    cell.get_by_role("button", name="Play n").focus()
    cell.page.keyboard.press("Space")
    cell.get_by_role("button", name="Pause n").wait_for()
    cell.get_by_text("n is 600", exact=True).wait_for()
    cell.get_by_role("button", name="Play n").wait_for()


def run_code(source, open_notebook, course):
    """A notebook of one cell, opened and run."""
    cells = [nbformat.v4.new_code_cell(source, id="code")]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    write(notebook, course / "notebooks" / "code.ipynb")
    opened = open_notebook("code.ipynb")
    opened.run_all()
    return opened


NOT_ATTEMPTED = {"not attempted yet", "not attempted yet: a rule is missing"}


class Explorer:
    """The first explorer, drawing or scene of a notebook that has run; a walk has no Reset."""

    def __init__(self, notebook):
        self.page = notebook.page
        self.page.wait_for_function(
            """() => [...document.querySelectorAll('[data-mime-type*="widget-view"]')]
                .every(output => output.querySelector('.ma > *, .widget-container'))"""
        )
        moving = notebook.cells.filter(has=self.page.get_by_role("slider"))
        reset = self.page.get_by_role("button", name="Reset", exact=True)
        self.cell = moving.filter(has=reset).first
        self.cell.get_by_role("slider").first.scroll_into_view_if_needed()  # only then it is drawn
        drawn = ".jp-OutputArea :is(svg[role=img] :is(path, rect), img, td)"
        self.cell.locator(drawn).first.wait_for(state="attached")
        # A scene's last slider acts whatever the others are set to; the last of an explorer may be
        # the step of the difference, which moves nothing that one can see.
        sliders = self.cell.get_by_role("slider")
        is_scene = not self.cell.locator("svg[role=img]").count()
        self.slider = sliders.last if is_scene else sliders.first
        self.slider.scroll_into_view_if_needed()

    def press_arrow_keys(self):
        """Move the slider; of a drawing the first that acts, whatever is chosen beside it."""
        before = self.state()
        for slider in self.cell.get_by_role("slider").all():
            self.slider = slider if self.cell.locator("svg.ma-drawn").count() else self.slider
            self.slider.focus()
            key = "ArrowLeft" if self.share() == 1 else "ArrowRight"
            for _ in range(5):
                self.page.keyboard.press(key)
            self.page.wait_for_timeout(300)
            if self.state() != before:
                break

    def share(self):
        """How far the slider is on its way, from 0 to 1."""
        return self.slider.evaluate(
            """e => {
                const aria = name => +e.getAttribute(`aria-value${name}`);
                const [low, now, high] = e.tagName === 'INPUT' ? [+e.min, +e.value, +e.max]
                    : [aria('min'), aria('now'), aria('max')];
                return (now - low) / (high - low);
            }"""
        )

    def drag(self):
        """Drag the slider by some of its way, to the right if there is room."""
        track = self.slider.evaluate(
            "e => (e.closest('.noUi-target') ?? e).getBoundingClientRect().width"
        )
        by = -0.4 * track if self.share() > 0.5 else 0.4 * track
        box = self.slider.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        if box["width"] > 60:  # it is the whole slider, and no handle
            x = box["x"] + 8 + self.share() * (box["width"] - 16)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + by, y, steps=8)
        self.page.mouse.up()

    def state(self):
        """What is drawn, what the text around it says and, of an SVG, how it is described."""
        state = self.cell.evaluate(
            """cell => {
                const all = selector => [...cell.querySelectorAll('.jp-OutputArea ' + selector)];
                return {
                    drawn: [
                        ...all('svg[role=img]').map(svg => svg.innerHTML),
                        ...all('img').map(image => image.src),
                        ...all('td').map(number => number.textContent),
                    ],
                    words: all('.ma-cells, .ma-said, [role=status]:not(.ma-hidden)')
                        .map(text => text.textContent),
                    description: all('svg[role=img]').map(svg => svg.getAttribute('aria-label')),
                };
            }"""
        )
        assert state["drawn"] and state["words"]
        return {part: value for part, value in state.items() if value}

    def state_after(self, before):
        """The state once it differs from before in all respects; a drawing may say the same."""
        parts = ["drawn"] if self.cell.locator("svg.ma-drawn").count() else before
        return self.wait_until(lambda state: all(state[part] != before[part] for part in parts))

    def wait_until(self, condition):
        """The first state that meets the condition and lasts.

        What the kernel has still to answer comes later: after a drag the picture stands between two
        answers of a busy machine, and moves once more.
        """
        for _ in range(50):
            state = self.state()
            self.page.wait_for_timeout(200)
            if condition(state) and state == self.state():
                return state
        pytest.fail(f"not what it should be after 10 s: {self.state()['words']}")
