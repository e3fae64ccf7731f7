"""Each tool does what it says, and each check of the notebooks can turn red."""

import inspect
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib

import nbformat
import pytest

import live_page
import mutants
import portable
import poster
import run_tests
import survivors
from mini_autograd.nn import functional
from mutants import Mutant, listed
from mutants import main as try_mutants
from notebooks import METADATA, ROOT, check, execute, main, read, serialise, sync, write
from package_source import UnshowableSource, definitions

ENGINE = '''"""The engine."""

import functools

# The constant that everything scales with.
SCALE = 2.0
OFFSET: float = 1.0


# A primitive knows its rules.
def primitive(function):
    """Give a function a place for rules."""
    function.vjp = lambda *rules: rules
    return function


@primitive
def double(x):
    """Twice x."""
    return SCALE * x


@double.vjp
def _(g, y, x):
    return SCALE * g


@primitive
def add(a, b):
    return a + b


# One rule per argument.
add.vjp(lambda g, y, a, b: g, lambda g, y, a, b: g)


@functools.cache
def _helper():
    return None
'''
FIRST = ["# mini_autograd/engine.py: SCALE, OFFSET, primitive", "# mini_autograd/engine.py: double"]
SECOND = [
    "from mini_autograd.engine import double, primitive\n\nprint(double(3))",
    "# mini_autograd/engine.py: add",
]


def save_notebook(path, sources):
    cells = [
        nbformat.v4.new_code_cell(source, id=f"cell-{number}")
        for number, source in enumerate(sources)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """A course of two chapters, in step and executed."""
    root = tmp_path_factory.mktemp("course")
    (root / "mini_autograd").mkdir()
    (root / "mini_autograd" / "__init__.py").write_text(
        '"""A package."""\n\nfrom mini_autograd.engine import double\n'
    )
    (root / "mini_autograd" / "engine.py").write_text(ENGINE)
    save_notebook(root / "notebooks" / "01_first.ipynb", FIRST)
    # Through the folder above, the notebook finds this course's package and not the installed one.
    save_notebook(
        root / "notebooks" / "02_second.ipynb", ["import sys\n\nsys.path.insert(0, '..')", *SECOND]
    )
    assert sync(root) == []
    assert execute(root) == []
    return root


@pytest.fixture
def course(executed, tmp_path):
    """A copy of the course that a test may spoil."""
    for source in executed.rglob("*.*"):
        if source.is_file():
            copy = tmp_path / source.relative_to(executed)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    return tmp_path


def code(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def spoil(course, change, name="01_first.ipynb"):
    """Apply change to a stored notebook, as any editor would; return what the check says."""
    path = course / "notebooks" / name
    notebook = json.loads(path.read_text())
    change(notebook)
    path.write_text(json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return check(course)


# --- Source of definitions ------------------------------------------------------------------------


def test_definition_includes_comments_decorators_and_rules(executed):
    found = {name: definition.source for (_, name), definition in definitions(executed).items()}
    assert list(found) == ["SCALE", "OFFSET", "primitive", "double", "add", "_helper"]
    assert found["SCALE"] == "# The constant that everything scales with.\nSCALE = 2.0"
    assert found["primitive"].startswith(
        "# A primitive knows its rules.\ndef primitive(function):\n"
    )
    assert found["double"].startswith("@primitive\ndef double(x):")
    assert found["double"].endswith("@double.vjp\ndef _(g, y, x):\n    return SCALE * g")
    assert found["add"].endswith(
        "# One rule per argument.\nadd.vjp(lambda g, y, a, b: g, lambda g, y, a, b: g)"
    )
    assert found["_helper"].startswith("@functools.cache\n")


@pytest.mark.parametrize(
    "statement, problem",
    [
        ("add.vjp(None)", "should stand directly beneath add"),
        ("double.name = 'twice'", "should stand directly beneath double"),
        ("@double.vjp\ndef _(g):\n    return g", "should stand directly beneath double"),
        ("print('hello')", "neither an import, a definition nor a rule"),
        ("if SCALE:\n    SCALE = 1.0", "neither an import, a definition nor a rule"),
        ("a = b = 1", "neither an import, a definition nor a rule"),
    ],
)
def test_statement_that_no_cell_could_show_is_refused(course, statement, problem):
    engine = course / "mini_autograd" / "engine.py"
    engine.write_text(f"{ENGINE}\n\n{statement}\n")
    with pytest.raises(UnshowableSource, match=rf"mini_autograd/engine\.py:\d+: {problem}"):
        definitions(course)
    assert main(["check"], course) == 1


def test_explorers_need_not_be_shown(course):
    (course / "mini_autograd" / "explore").mkdir()
    (course / "mini_autograd" / "explore" / "__init__.py").write_text(
        "def explore():\n    return None\n"
    )
    assert check(course) == []


# --- Sync and execution ---------------------------------------------------------------------------


def test_course_is_in_order(executed, capsys):
    assert check(executed) == []
    assert main(["check"], executed) == 0
    assert capsys.readouterr().out == ""


def test_build_cells_hold_the_source(executed):
    goes, first, _, second = read(executed / "notebooks" / "01_first.ipynb").cells[:4]
    assert first.source == FIRST[0] + ENGINE.split("import functools\n", 1)[1].split(
        "\n\n\n@primitive"
    )[0].replace("\n\n# The", "\n# The", 1)
    assert second.source.split("\n")[:3] == [FIRST[1], "@primitive", "def double(x):"]
    assert (goes.id, goes.source) == ("cell-0-goes", "▣ **Build** · goes into `engine.py`")


def test_the_line_above_a_folded_build_cell_says_what_it_holds(course):
    path = course / "notebooks" / "01_first.ipynb"
    notebook = read(path)
    notebook.cells[3].metadata["jupyter"] = {"source_hidden": True}
    write(notebook, path)
    problem = "the lines above build cells are out of date: run 'make notebooks'"
    assert f"notebooks/01_first.ipynb: {problem}" in check(course)
    assert sync(course) == []
    line, cell = read(path).cells[2:4]
    assert line.source == (
        f"▣ **Build** · goes into `engine.py` · folded here, {len(cell.source.splitlines())} "
        "lines: `double`"
    )


def test_a_line_that_lost_its_build_cell_goes(course):
    path = course / "notebooks" / "01_first.ipynb"
    notebook = read(path)
    del notebook.cells[1]
    write(notebook, path)
    assert sync(course) == []
    assert read(path).cells[0].id == "cell-1-goes"


def test_sync_follows_the_package_and_touches_nothing_else(course):
    engine = course / "mini_autograd" / "engine.py"
    engine.write_text(ENGINE.replace("SCALE * g", "g * SCALE"))
    untouched = (course / "notebooks" / "02_second.ipynb").stat().st_mtime_ns
    assert sync(course) == []
    assert (
        read(course / "notebooks" / "01_first.ipynb").cells[3].source.endswith("return g * SCALE")
    )
    assert (course / "notebooks" / "02_second.ipynb").stat().st_mtime_ns == untouched


def test_sync_names_what_the_package_lacks(course):
    save_notebook(course / "notebooks" / "03_third.ipynb", ["# mini_autograd/engine.py: multiply"])
    assert sync(course, ["03"]) == [
        "notebooks/03_third.ipynb [cell-0]: mini_autograd/engine.py has no multiply"
    ]
    assert main(["sync", "03"], course) == 1


def test_a_measurement_stays_as_it_is_stored_until_its_words_change(course):
    path = course / "notebooks" / "03_time.ipynb"
    seconds = "time.perf_counter_ns() % 10 ** (3 + time.perf_counter_ns() % 7)"  # of any length
    save_notebook(path, ["import time", f'print(f"after {{{seconds}:12}} s")'])
    notebook = read(path)
    notebook.cells[-1].metadata["tags"] = ["nbval-ignore-output"]
    write(notebook, path)
    assert execute(course, ["03"]) == []
    first = path.read_bytes()
    assert execute(course, ["03"]) == []
    assert path.read_bytes() == first

    notebook = read(path)
    notebook.cells[-1].source = notebook.cells[-1].source.replace("after", "at")
    write(notebook, path)
    assert execute(course, ["03"]) == []
    assert "at " in read(path).cells[-1].outputs[0].text


def test_execution_twice_gives_the_same_bytes(course):
    figure = """
        import matplotlib.pyplot as plt
        import ipywidgets
        from IPython.display import display

        print("before")
        display(ipywidgets.IntSlider(description="a widget"))
        view = "application/vnd.jupyter.widget-view+json"
        display({view: {"model_id": "1"}, "text/plain": "a picture beside it"}, raw=True)
        _ = plt.plot([1, 2])
    """.replace("\n        ", "\n")
    path = course / "notebooks" / "03_figure.ipynb"
    save_notebook(path, [figure.strip(), "6 * 7"])
    source = read(path).cells[0].source
    assert execute(course, ["03"]) == []
    first = path.read_bytes()
    assert execute(course, ["03"]) == []
    assert path.read_bytes() == first
    assert check(course) == []

    notebook = read(path)
    assert notebook.metadata == METADATA
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert notebook.cells[0].source == source
    kinds = [sorted(output.get("data", {})) for output in notebook.cells[0].outputs]
    assert kinds == [[], ["text/plain"], ["text/plain"], ["image/png", "text/plain"]]
    assert notebook.cells[1].outputs[0].data == {"text/plain": "42"}


def test_a_folded_result_is_stored_as_jupyterlab_saves_it(course):
    path = course / "notebooks" / "03_folded.ipynb"
    save_notebook(path, ["6 * 7", "6 * 8"])
    assert execute(course, ["03"]) == []
    notebook = read(path)
    first, second = notebook.cells
    first.metadata = {"collapsed": True}
    second.metadata = {"jupyter": {"outputs_hidden": True}}
    path.write_text(nbformat.v4.writes(notebook) + "\n", encoding="utf-8")
    layout = "notebooks/03_folded.ipynb: is not laid out as 'make notebooks' writes it"
    assert layout in check(course)
    assert sync(course) == []
    assert layout not in check(course)
    assert [cell.metadata for cell in read(path).cells] == [{}, second.metadata | first.metadata]


def test_execution_starts_in_the_notebook_s_folder_and_leaves_a_failing_notebook_alone(course):
    path = course / "notebooks" / "03_fails.ipynb"
    save_notebook(
        path, ["from pathlib import Path\n\nassert Path('03_fails.ipynb').exists()", "1 / 0"]
    )
    before = path.read_bytes()
    [message] = execute(course, ["03"])
    assert (
        message.startswith("notebooks/03_fails.ipynb: a cell failed")
        and "ZeroDivisionError" in message
    )
    assert path.read_bytes() == before


def test_selection_must_name_a_notebook(course):
    with pytest.raises(SystemExit, match="no notebook starts with 07"):
        main(["sync", "07"], course)


# --- What the check finds -------------------------------------------------------------------------


def test_check_finds_a_cell_that_differs(course):
    def change(notebook):
        code(notebook)[1]["source"][-1] = "    return 3 * g"

    place = "notebooks/01_first.ipynb [cell-1]"
    message = "differs from mini_autograd/engine.py: run 'make notebooks'"
    assert spoil(course, change) == [f"{place}: {message}"]


def test_check_finds_a_name_shown_nowhere(course):
    (course / "mini_autograd" / "engine.py").write_text(
        f"{ENGINE}\n\ndef square(x):\n    return x * x\n"
    )
    assert check(course) == ["mini_autograd/engine.py: square is shown in no notebook"]


@pytest.mark.parametrize("name", ["03_again.ipynb", "solutions/01_first.ipynb"])
def test_check_finds_a_name_shown_twice(course, name):
    save_notebook(course / "notebooks" / name, FIRST[1:])
    sync(course)
    assert "mini_autograd/engine.py: double is shown twice: 01_first.ipynb, " + name.split("/")[
        -1
    ] in check(course)


def test_check_finds_a_header_that_is_not_one(course):
    def change(notebook):
        code(notebook)[1]["source"][0] = "# mini_autograd/engine.py double\n"

    assert (
        "notebooks/01_first.ipynb [cell-1]: its first line should read '# file: name, name'"
        in spoil(course, change)
    )


@pytest.mark.parametrize(
    "code",
    [
        "from mini_autograd.engine import add",
        "from mini_autograd import double, add as plus",
        "import mini_autograd as torch\n\ntorch.add(1, 2)",
        "import mini_autograd\n\nmini_autograd.engine.add(1, 2)",
        "from mini_autograd import engine as F\n\nF.add(1, 2)",
        "%matplotlib inline\nimport mini_autograd.engine as E\n\nE.add",
    ],
)
def test_check_finds_an_import_from_a_later_chapter(course, code):
    def change(notebook):
        notebook["cells"].append(nbformat.v4.new_code_cell(code, id="late", execution_count=3))

    message = "notebooks/01_first.ipynb: imports add, which 02_second.ipynb builds later"
    assert message in spoil(course, change)


def test_solutions_stand_where_their_chapter_stands(course):
    for name, late in [("01_first.ipynb", True), ("02_second.ipynb", False)]:
        path = course / "notebooks" / "solutions" / name
        save_notebook(path, ["from mini_autograd.engine import add"])
        message = f"notebooks/solutions/{name}: imports add, which 02_second.ipynb builds later"
        assert (message in check(course)) == late


def test_start_page_may_show_what_is_to_come(course):
    save_notebook(course / "notebooks" / "00_start.ipynb", ["from mini_autograd.engine import add"])
    assert not [problem for problem in check(course) if "imports" in problem]


def test_operations_follow_chapter_three(course):
    (course / "notebooks" / "02_second.ipynb").rename(course / "notebooks" / "operations.ipynb")
    for name, late in [("03_shapes.ipynb", True), ("04_gradcheck.ipynb", False)]:
        save_notebook(course / "notebooks" / name, ["from mini_autograd.engine import add"])
        message = f"notebooks/{name}: imports add, which operations.ipynb builds later"
        assert (message in check(course)) == late


def set_cell(key, value):
    def change(notebook):
        code(notebook)[0][key] = value

    return change


def add_output(**output):
    def change(notebook):
        code(notebook)[0]["outputs"].append(output)

    return change


WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "a widget"}


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda nb: nb.update(nbformat_minor=4), ": format 4.4, expected 4.5"),
        (
            lambda nb: nb["metadata"].update(widgets={}),
            ": metadata is not what 'make notebooks' writes",
        ),
        (
            lambda nb: nb["metadata"]["language_info"].update(version="3"),
            ": metadata is not what 'make notebooks' writes",
        ),
        (
            lambda nb: nb["metadata"]["kernelspec"].update(name="venv"),
            ": metadata is not what 'make notebooks' writes",
        ),
        (lambda nb: code(nb)[0].pop("id"), ": not a valid notebook: 'id' is a required"),
        (
            lambda nb: code(nb)[0].pop("outputs"),
            ": not a valid notebook: 'outputs' is a required",
        ),
        (set_cell("id", "3f2a9c01"), " [3f2a9c01]: this id was drawn at random"),
        (
            set_cell("id", "3f2a9c01-77aa-4a0e-9e41-0d4a34a1c3a7"),
            "leave it in a copy of your own; for the course, give the cell an id that says what",
        ),
        (set_cell("id", "cell-1"), " [cell-1]: two cells have this id"),
        (set_cell("execution_count", 3), ": execution counts are not 1 to 2, as after one run"),
        (set_cell("execution_count", None), ": execution counts are not 1 to 2, as after"),
        (set_cell("metadata", {"execution": {}}), " [cell-0]: cell metadata execution"),
        (set_cell("source", [" \n"]), " [cell-0]: an empty cell"),
        (
            add_output(output_type="stream", name="stderr", text="a\nwarning\n"),
            " [cell-0]: text on stderr: warning",
        ),
        (
            add_output(output_type="stream", name="stdout", text="see /home/ada/x"),
            ": holds a path of a machine, /home/ada",
        ),
        (
            add_output(output_type="stream", name="stdout", text="C:\\Users\\ada"),
            ": holds a path of a machine",
        ),
        (add_output(output_type="stream", name="stdout", text="x" * 300_000), ", over 300000"),
        (
            add_output(output_type="error", ename="ValueError", evalue="", traceback=[]),
            " [cell-0]: a stored traceback (ValueError)",
        ),
        (
            add_output(output_type="display_data", data=WIDGET, metadata={}),
            " [cell-0]: a stored widget view",
        ),
    ],
)
def test_check_finds_what_a_reader_would_trip_over(course, change, message):
    assert [problem for problem in spoil(course, change) if message in problem], check(course)


def test_check_finds_another_layout(course):
    path = course / "notebooks" / "01_first.ipynb"
    path.write_text(serialise(read(path)).replace("\n ", "\n  "))
    assert check(course) == [
        "notebooks/01_first.ipynb: is not laid out as 'make notebooks' writes it"
    ]


def test_addresses_are_no_paths(course):
    path = course / "notebooks" / "03_links.ipynb"
    save_notebook(path, ["# https://example.org/home/page and a/tmp/b"])
    assert execute(course, ["03"]) == check(course) == []


# --- Live pages -----------------------------------------------------------------------------------


def test_a_page_of_a_chapter_is_written_with_one_script(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "08_exponential.ipynb", tmp_path / "notebooks")
    monkeypatch.setattr(live_page, "ROOT", tmp_path)
    live_page.main(["08"])
    assert capsys.readouterr().out == "Open build/html/08_exponential.html in a browser.\n"
    page = (tmp_path / "build" / "html" / "08_exponential.html").read_text(encoding="utf-8")
    assert page.count('"kind":"drawing"') == 2 and page.count('"kind":"explorer"') == 1
    assert page.count("const VERSION = ") == 1
    with pytest.raises(SystemExit, match="writes build/html"):
        live_page.main(["99"])


def test_a_result_that_is_stored_folded_is_folded_on_pages(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book")
    from stored import read as read_for_the_book

    path = tmp_path / "folded.ipynb"
    output = nbformat.v4.new_output("stream", text="forty-two\n")
    cells = [
        nbformat.v4.new_code_cell("pass", id=name, metadata={"jupyter": hidden}, outputs=[output])
        for name, hidden in {"open": {}, "folded": {"outputs_hidden": True}}.items()
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    first, second = re.findall(
        r'<div class="jp-Cell-outputWrapper">.*?forty-two', live_page.page(path), flags=re.DOTALL
    )
    assert "<details" not in first
    assert re.search("<details[^>]*><summary>Show the result</summary>", second)
    tags = [cell.metadata.get("tags") for cell in read_for_the_book(path.read_text()).cells]
    assert tags == [None, ["hide-output"]]


# --- Mutants --------------------------------------------------------------------------------------

ENGINE_FILE = "mini_autograd/engine.py"
WRONG_VALUE = Mutant("a wrong factor", ENGINE_FILE, "return SCALE * x", "return 3 * x")
UNSEEN = Mutant("a rule that nobody runs", ENGINE_FILE, "return SCALE * g", "return g")
STALE = Mutant("a line that is gone", ENGINE_FILE, "return 4 * x", "return 5 * x")

# Stands in for pytest, which takes seconds to start a notebook's kernel.
RUN_HERE = """
import contextlib, io, json, runpy, sys

if sys.argv[-1].endswith(".py"):
    runpy.run_path(sys.argv[-1])["test"]()
else:
    names = {}
    for cell in json.load(open(sys.argv[-1]))["cells"]:
        if cell["cell_type"] == "markdown":
            continue
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec("".join(cell["source"]), names)
        assert printed.getvalue() == "".join(sum((out["text"] for out in cell["outputs"]), []))
"""


@pytest.fixture
def course_that_prints(course):
    """The course with a notebook whose output depends on a build cell of its own."""
    path = course / "notebooks" / "01_first.ipynb"
    notebook = read(path)
    printed = nbformat.v4.new_output("stream", name="stdout", text="6.0\n")
    cell = nbformat.v4.new_code_cell(
        "print(double(3))", id="cell-2", execution_count=3, outputs=[printed]
    )
    notebook.cells.append(cell)
    write(notebook, path)
    return course


def test_mutants_are_caught_missed_or_stale(course_that_prints, monkeypatch, capsys):
    monkeypatch.setattr(mutants, "PYTEST", [sys.executable, "-c", RUN_HERE])
    test = course_that_prints / "tests" / "test_engine.py"
    test.parent.mkdir()
    test.write_text("import mini_autograd.engine as e\n\n\ndef test():\n    assert e.OFFSET == 1\n")
    offset = ("OFFSET: float = 1.0", "OFFSET: float = 2.0")
    for_test = Mutant("a wrong constant", ENGINE_FILE, *offset, tests=("tests/test_engine.py",))
    assert try_mutants([WRONG_VALUE, for_test, UNSEEN, STALE], course_that_prints) == 1
    assert capsys.readouterr().out.splitlines() == [
        "caught  a wrong factor: notebooks/01_first.ipynb",
        "caught  a wrong constant: tests/test_engine.py",
        "MISSED  a rule that nobody runs",
        "STALE   a line that is gone: mini_autograd/engine.py holds 'return 4 * x' 0 times",
        "",
        "2 passed, 2 failed",
    ]


def test_a_notebook_that_fails_anyway_catches_nothing(course_that_prints, monkeypatch, capsys):
    monkeypatch.setattr(mutants, "PYTEST", [sys.executable, "-c", RUN_HERE])
    path = course_that_prints / "notebooks" / "01_first.ipynb"
    path.write_text(path.read_text().replace("6.0", "6.5"))
    assert try_mutants([WRONG_VALUE], course_that_prints) == 1
    assert "notebooks/01_first.ipynb fails without any mistake" in capsys.readouterr().out


def test_a_notebook_fails_when_a_build_cell_changes_what_it_prints(course_that_prints):
    notebook = "notebooks/01_first.ipynb"
    assert mutants.first_failure([notebook], course_that_prints) is None
    assert mutants.plant(WRONG_VALUE, course_that_prints) is None
    assert mutants.notebooks_showing(course_that_prints) == [notebook]
    assert mutants.first_failure([notebook], course_that_prints) == notebook


def test_mutants_may_select_the_tests_that_catch_them(course_that_prints, capsys):
    test = course_that_prints / "tests" / "test_engine.py"
    test.parent.mkdir()
    test.write_text(
        "import mini_autograd.engine as e\n\n\n"
        "def test_offset():\n    assert e.OFFSET == 1\n\n\ndef test_scale():\n    assert e.SCALE\n"
    )
    offset = ("OFFSET: float = 1.0", "OFFSET: float = 2.0", ("tests/test_engine.py",))
    seen = Mutant("seen", ENGINE_FILE, *offset, select="offset")
    unseen = Mutant("unseen", ENGINE_FILE, *offset, select="scale")
    assert try_mutants([seen, unseen], course_that_prints) == 1
    caught, missed, *_ = capsys.readouterr().out.splitlines()
    assert caught == "caught  seen: tests/test_engine.py" and missed == "MISSED  unseen"


def test_every_listed_mutant_can_be_planted():
    texts = {mutant.file: (portable.ROOT / mutant.file).read_text("utf-8") for mutant in listed()}
    stale = [m.what for m in listed() if texts[m.file].count(m.old) != 1 or m.old == m.new]
    assert stale == []


def test_every_activation_and_loss_has_a_mutant():
    planted = {name for m in listed() for name in m.what.partition(":")[0].split(", ")}
    public = {name for name, value in vars(functional).items() if callable(value)}
    assert "gelu" in public and public <= planted


# --- Survivors ------------------------------------------------------------------------------------

ENDS = {
    "mini_autograd.nn.init.x_f__mutmut_1": "killed",
    "mini_autograd.nn.init.x_f__mutmut_2": "survived",
    "mini_autograd.nn.init.xǁFǁf__mutmut_3": "timeout",
    "mini_autograd.nn.init.xǁFǁf__mutmut_4": "killed",
    "mini_autograd.data.x_g__mutmut_1": "not checked",
}
DIFF = """# mini_autograd.nn.init.{name}: survived
--- mini_autograd/nn/init.py
+++ mini_autograd/nn/init.py
@@ -1,3 +1,3 @@
 def f(x):
-    y = "a" + x
+    y = "a" - {name}
     return y
"""


def survivors_of(listed, tmp_path, monkeypatch):
    def mutmut(copy, command, *arguments):
        if command == "run":
            assert arguments[-1] == "mini_autograd.nn.init.x*"
            return ""
        if command == "results":
            return "".join(f"    {name}: {end}\n" for name, end in ENDS.items())
        return DIFF.format(name=arguments[0][-1])

    monkeypatch.setattr(survivors, "mutmut", mutmut)
    return survivors.main([], {"nn.init": listed}, tmp_path)


def test_every_survivor_must_be_explained(tmp_path, monkeypatch, capsys):
    listed = {"caught": 75, "survivors": [['y = "a" + x', 'y = "a" - 2', "why"]]}
    assert survivors_of(listed, tmp_path, monkeypatch) == 0
    assert capsys.readouterr().out.splitlines() == [
        "nn.init             75.0 % of 4 caught",
        "",
        "0 failed",
    ]
    del listed["survivors"][0]
    assert survivors_of(listed, tmp_path, monkeypatch) == 1
    assert capsys.readouterr().out.splitlines()[2:] == [
        "nn.init survived:",
        r'    ["y = \"a\" + x", "y = \"a\" - 2"]',
        "1 failed",
    ]


def test_a_mistake_without_end_is_caught_and_may_be_on_the_list(tmp_path, monkeypatch):
    listed = {"caught": 75, "survivors": [['y = "a" + x', f'y = "a" - {n}', "why"] for n in (2, 3)]}
    assert survivors_of(listed, tmp_path, monkeypatch) == 0


def test_a_survivor_that_is_gone_and_a_score_that_falls_are_failures(tmp_path, monkeypatch, capsys):
    explained = [['y = "a" + x', f'y = "a" - {n}', "why"] for n in (2, 4)]
    listed = {"caught": 76, "survivors": explained}
    assert survivors_of(listed, tmp_path, monkeypatch) == 1
    assert capsys.readouterr().out.splitlines()[2:] == [
        "nn.init is listed, but is gone or caught:",
        r'    ["y = \"a\" + x", "y = \"a\" - 4"]',
        "nn.init 75.0 % is less than 76 %",
        "2 failed",
    ]


def mutated_by_mutmut():
    configuration = tomllib.loads((portable.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return set(configuration["tool"]["mutmut"]["only_mutate"])


def test_every_module_that_chapters_build_has_mistakes_planted_in_it():
    package = portable.ROOT / "mini_autograd"
    modules = {*package.rglob("*.py")} - {*package.rglob("__init__.py"), *package.glob("explore/*")}
    files = {module.relative_to(portable.ROOT).as_posix() for module in modules}
    assert files <= {mutant.file for mutant in listed()} | mutated_by_mutmut()


def test_what_survives_is_listed_for_all_modules_that_mutmut_mutates():
    modules = tomllib.loads(survivors.LIST.read_text(encoding="utf-8"))
    files = {f"mini_autograd/{module.replace('.', '/')}.py" for module in modules}
    assert files == mutated_by_mutmut()
    assert all(why for module in modules.values() for *_, why in module["survivors"])


# --- Stages and processors ------------------------------------------------------------------------


def test_every_stage_runs_and_any_failure_counts(monkeypatch, capsys):
    codes = {"first": 0, "second": 3, "third": 0}
    ends = {name: [sys.executable, "-c", f"exit({code})"] for name, code in codes.items()}
    monkeypatch.setattr(run_tests, "STAGES", ends)
    assert run_tests.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[-7:-4]] == [
        ["first", "passed"],
        ["second", "FAILED"],
        ["third", "passed"],
    ]
    assert lines[-1] == "2 passed, 1 failed"
    assert run_tests.main(["first", "third"]) == 0


TESTS = """
import pytest

@pytest.mark.parametrize("i", range(3))
def test_with_an_oracle(i):
    pytest.skip("no oracle: make oracle")

@pytest.mark.skip(reason="no browser")
def test_in_a_browser(): ...

@pytest.mark.xfail(reason="a limit that is known")
def test_expected_to_fail():
    raise AssertionError

def test_plain(): ...
"""


def test_the_summary_says_how_many_tests_were_skipped_and_why(monkeypatch, tmp_path, capsys):
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_whole.py").write_text("import pytest\npytest.importorskip('zorch')\n")
    pytest_here = [sys.executable, "-m", "pytest", "-q", f"--rootdir={tmp_path}", str(tmp_path)]
    plain = [sys.executable, "-c", ""]
    monkeypatch.setattr(run_tests, "STAGES", {"first": pytest_here, "second": plain})
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take most of the time
    assert run_tests.main([]) == 0
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "5 tests skipped: 3 (no oracle: make oracle), "
        "1 (could not import 'zorch': No module named 'zorch'), 1 (no browser)",
        "",
        "2 passed, 0 failed",
    ]
    assert run_tests.main(["second"]) == 0
    assert "no test skipped\n" in capsys.readouterr().out


def test_only_dispatched_features_of_this_processor_are_switched_off():
    features = {
        "X86_V2": True,
        "X86_V3": True,
        "X86_V4": True,
        "AVX512_ICL": True,
        "AVX512_SPR": False,
    }
    dispatched = ["X86_V3", "X86_V4", "AVX512_ICL", "AVX512_SPR"]
    assert portable.profiles(features, dispatched, "x86_64") == {
        "the oldest processor": {
            "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL",
            "OPENBLAS_CORETYPE": "Nehalem",
        },
        "no AVX-512": {
            "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL",
            "OPENBLAS_CORETYPE": "Haswell",
        },
    }
    assert portable.profiles({}, ["ASIMDHP"], "aarch64") == {
        "the oldest processor": {"OPENBLAS_CORETYPE": "ARMV8"}
    }


def test_switched_off_features_are_off():
    here = portable.profiles(*portable.features_here(), platform.machine())
    # All of tools/portable.py would take a second to import.
    code = inspect.getsource(portable.features_here)
    code += "print(*[feature for feature, on in features_here()[0].items() if on])"
    for changes in here.values():
        environment = dict(os.environ, **changes)
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert not set(done.stdout.split()) & set(
            changes.get("NPY_DISABLE_CPU_FEATURES", "").split()
        )


def test_the_poster_names_models_that_the_chapters_name():
    chapters = {entry.name: poster.FAMILIES[entry.family][0] for entry in poster.ENTRIES}
    for name, models in poster.MET.items():
        told = ""
        for number in re.findall(r"\d+", chapters[name]):
            (path,) = (poster.ROOT / "notebooks").glob(f"{int(number):02}_*.ipynb")
            told += next(cell.source for cell in read(path).cells if cell.id == "where")
        assert [model for model in re.split(r", ?\s*| and ", models) if model not in told] == []
