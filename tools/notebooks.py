"""Keep the notebooks in step with the package: sync, execute, check.

python tools/notebooks.py sync [NN ...]      copy package source into the build cells
python tools/notebooks.py execute [NN ...]   run in a fresh kernel and store the outputs
python tools/notebooks.py check              say what is wrong with the committed notebooks

NN is the start of a file name: 03 stands for notebooks/03_shapes.ipynb and its solutions.

A build cell is a code cell whose first line names what it shows, one file and one or more names:
    # mini_autograd/engine.py: Tensor, primitive
The rest of the cell is written by `sync`: the exact source of those definitions. So is the line
above it, which says where they go and, if the cell is folded away, what it holds.
"""

import argparse
import ast
import base64
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from PIL import Image
from traitlets.config import Config

from kernel_settings import KERNEL_SETTINGS, PACKAGE_PATH
from package_source import Definition, UnshowableSource, definitions

Name = tuple[str, str]  # a file of the package and a name defined in it

ROOT = Path(__file__).resolve().parent.parent
SIZE_LIMIT = 300_000  # bytes a notebook
CELL_TIMEOUT = 120  # seconds; the training chapters stay far below it

HEADER = re.compile(r"# (?P<file>mini_autograd/[\w/]+\.py): (?P<names>\w+(?:, \w+)*)")
# The id of the line above a build cell is that of the cell, with this at its end.
GOES = "-goes"
# The ids that editors draw at random tell a reader of a diff nothing.
RANDOM_ID = re.compile(r"[0-9a-f]{8}(-|$)")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KEPT_CELL_METADATA = {"tags", "jupyter", "collapsed"}
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    # All that a kernel reports except its version, which would differ from one author to the next.
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}


# --- Files ----------------------------------------------------------------------------------------


def notebook_paths(root: Path, selection: list[str] | None = None) -> list[Path]:
    """Notebooks in reading order, then solutions; or those whose names start as selection says."""
    found = sorted((root / "notebooks").glob("*.ipynb"), key=position)
    found += sorted((root / "notebooks" / "solutions").glob("*.ipynb"), key=position)
    if not selection:
        return found
    missing = [
        start for start in selection if not any(path.name.startswith(start) for path in found)
    ]
    if missing:
        raise SystemExit(f"no notebook starts with {', '.join(missing)}")
    return [path for path in found if path.name.startswith(tuple(selection))]


def position(path: Path) -> tuple[float, str]:
    """Where a notebook stands in the course; operations.ipynb follows chapter 03."""
    number = re.match(r"\d\d", path.name)
    place = 3.5 if path.stem == "operations" else float(number[0]) if number else float("inf")
    return place, path.stem


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook as it is stored; nbformat.read would mend faults that `check` looks for."""
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


def serialise(notebook: nbformat.NotebookNode) -> str:
    """The one text that a notebook is stored as: that which JupyterLab saves."""
    for cell in code_cells(notebook):  # it says of a folded result twice that it is folded
        cell.metadata.pop("collapsed", None)
        if cell.metadata.get("jupyter", {}).get("outputs_hidden"):
            cell.metadata["collapsed"] = True
    return nbformat.v4.writes(notebook) + "\n"


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    path.write_text(serialise(notebook), encoding="utf-8", newline="\n")


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# --- Build cells ----------------------------------------------------------------------------------


def shown_definitions(source: str) -> list[Name]:
    """The (file, name) pairs that a build cell shows, in its order; none for any other cell."""
    header = HEADER.fullmatch(source.split("\n", 1)[0])
    return [(header["file"], name) for name in header["names"].split(", ")] if header else []


def build_cell(header: str, shown: list[Definition]) -> str:
    """The text of a build cell, as ruff formats it: constants close, the rest two lines apart."""
    text = header
    for before, definition in zip([None, *shown], shown, strict=False):
        together = before and before.is_constant and definition.is_constant
        text += ("\n" if together or before is None else "\n\n\n") + definition.source
    return text


def is_folded(cell: nbformat.NotebookNode) -> bool:
    """Whether JupyterLab and the web edition show the cell's source only when asked to."""
    return cell.metadata.get("jupyter", {}).get("source_hidden", False)


def build_line(cell: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The line above a build cell."""
    shown = shown_definitions(cell.source)
    file = shown[0][0].removeprefix("mini_autograd/")
    line = f"▣ **Build** · goes into `{file}`"
    if is_folded(cell):
        names = ", ".join(f"`{name}`" for _, name in shown)
        line += f" · folded here, {len(cell.source.splitlines())} lines: {names}"
    return nbformat.v4.new_markdown_cell(line, id=cell.get("id", "") + GOES)


def with_build_lines(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The notebook's cells, each build cell below the line that says where it goes."""
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and shown_definitions(cell.source):
            cells.append(build_line(cell))
        if not cell.get("id", "").endswith(GOES):
            cells.append(cell)
    return cells


def sync(root: Path, selection: list[str] | None = None) -> list[str]:
    """Fill the build cells from the package; return what could not be filled."""
    known, problems = definitions(root), []
    for path in notebook_paths(root, selection):
        notebook = read(path)
        problems += fill_build_cells(notebook, path.relative_to(root).as_posix(), known)
        if serialise(notebook) != path.read_text(encoding="utf-8"):
            write(notebook, path)
    return problems


def fill_build_cells(
    notebook: nbformat.NotebookNode, label: str, known: dict[Name, Definition]
) -> list[str]:
    """Set build cells, and the lines above them, to what the package says; return what it lacks."""
    problems = []
    for cell in code_cells(notebook):
        header = cell.source.split("\n", 1)[0]
        shown = shown_definitions(cell.source)
        if header.startswith("# mini_autograd/") and not shown:
            problems.append(
                f"{label} [{cell.get('id')}]: its first line should read '# file: name, name'"
            )
        unknown = [f"{file} has no {name}" for file, name in shown if (file, name) not in known]
        problems += [f"{label} [{cell.get('id')}]: {message}" for message in unknown]
        if shown and not unknown:
            cell.source = build_cell(header, [known[pair] for pair in shown])
    notebook.cells = with_build_lines(notebook)
    return problems


# --- Execution ------------------------------------------------------------------------------------


def kernel_environment(ipython_directory: str, **changes: str) -> dict[str, str]:
    """The environment that notebooks run in, so that outputs depend on the notebooks alone."""
    environment = dict(os.environ, **KERNEL_SETTINGS, IPYTHONDIR=ipython_directory)
    environment.pop("MPLBACKEND", None)  # it would switch inline figures off
    return environment | {"PYTHONPATH": PACKAGE_PATH} | changes


def run(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Execute in a fresh kernel that starts in folder, as in JupyterLab; fill in the outputs."""
    with tempfile.TemporaryDirectory() as ipython_directory:
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=CELL_TIMEOUT,
            resources={"metadata": {"path": str(folder)}},
            store_widget_state=False,
            record_timing=False,
            coalesce_streams=True,
            config=Config({"KernelManager": connection(ipython_directory)}),
        )
        client.execute(env=kernel_environment(ipython_directory))


def connection(folder: str) -> dict[str, str]:
    """How to talk to a kernel: by files in folder, since two kernels may pick the same port.

    Windows has ports only, and there the kernel warns that others might listen unless it encrypts.
    """
    if sys.platform == "win32":
        return {"transport_encryption": "auto"}
    return {"transport": "ipc", "ip": str(Path(folder, "kernel"))}


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop whatever depends on the editor, the machine or the moment; make the figures small.

    Opened again, a stored widget view says "model not found"; the picture beside it stays.
    """
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = {
            key: value for key, value in cell.metadata.items() if key in KEPT_CELL_METADATA
        }
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
            output.get("metadata", {}).pop(WIDGET_VIEW, None)
            if png := output.get("data", {}).get("image/png"):
                output["data"]["image/png"] = few_colors(png)
    return notebook


def few_colors(png: str) -> str:
    """A figure with at most 256 colours: it looks the same, and takes a third of the bytes."""
    image, small = Image.open(io.BytesIO(base64.b64decode(png))), io.BytesIO()
    if image.mode == "P":
        return png  # that is done already
    fewer = image.quantize(256, dither=Image.Dither.NONE)
    fewer.save(small, "png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


def execute_file(path: Path, root: Path) -> str | None:
    """Execute one notebook and store it; return the error message if a cell raised."""
    notebook, stored = read(path), read(path)
    try:
        run(notebook, path.parent)
    except (CellExecutionError, CellTimeoutError) as error:
        plain = re.sub(r"\x1b\[[\d;]*m", "", str(error))  # without its colours
        return f"{path.relative_to(root).as_posix()}: a cell failed, nothing is stored\n{plain}"
    keep_measurements(clean(notebook), stored)
    write(notebook, path)
    return None


def keep_measurements(notebook: nbformat.NotebookNode, stored: nbformat.NotebookNode) -> None:
    """Leave outputs as they are stored where nbval does not compare them and only numbers differ.

    Else a time that a cell measures would change the file at every execution.
    """
    before = {cell.id: cell.outputs for cell in code_cells(stored)}
    for cell in code_cells(notebook):
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            texts = (json.dumps(found, sort_keys=True) for found in (cell.outputs, before[cell.id]))
            # Spaces that fill a column belong to its numbers.
            words, words_before = (re.sub(r" *[\d.]+", "", text) for text in texts)
            if words == words_before:
                cell.outputs = before[cell.id]


def execute(root: Path, selection: list[str] | None = None) -> list[str]:
    """Execute the notebooks, two at a time; return the messages of those that failed."""
    paths = notebook_paths(root, selection)
    with ProcessPoolExecutor(max_workers=2) as pool:
        return [message for message in pool.map(partial(execute_file, root=root), paths) if message]


# --- Check ----------------------------------------------------------------------------------------


def check(root: Path) -> list[str]:
    """Everything that is wrong with the committed notebooks, one line each."""
    known = definitions(root)
    paths = notebook_paths(root)
    problems: list[str] = []
    places: dict[Name, list[Path]] = {}
    for path in paths:
        label = path.relative_to(root).as_posix()
        notebook = read(path)
        problems += [f"{label}{problem}" for problem in file_problems(path, notebook)]
        for cell in code_cells(notebook):
            for pair in shown_definitions(cell.source):
                places.setdefault(pair, []).append(path)
        problems += step_problems(notebook, label, known)
    for (file, name), shown_in in places.items():
        if len(shown_in) > 1:
            problems.append(
                f"{file}: {name} is shown twice: {', '.join(path.name for path in shown_in)}"
            )
    for file, name in known:
        if (file, name) not in places and not name.startswith("_"):
            problems.append(f"{file}: {name} is shown in no notebook")
    for path in paths:
        problems += order_problems(path, places, root)
    return problems


def step_problems(
    notebook: nbformat.NotebookNode, label: str, known: dict[Name, Definition]
) -> list[str]:
    """Build cells that differ from the package; afterwards notebook is as sync would leave it."""
    before, lines = [cell.source for cell in code_cells(notebook)], goes(notebook)
    problems = fill_build_cells(notebook, label, known)
    for source, cell in zip(before, code_cells(notebook), strict=True):
        if source != cell.source:
            file = shown_definitions(source)[0][0]
            problems.append(
                f"{label} [{cell.get('id')}]: differs from {file}: run 'make notebooks'"
            )
    if lines != goes(notebook):
        problems.append(
            f"{label}: the lines above build cells are out of date: run 'make notebooks'"
        )
    return problems


def goes(notebook: nbformat.NotebookNode) -> list[tuple[str, str]]:
    """The lines above build cells, each with the id of the cell that follows it."""
    pairs = zip(notebook.cells, notebook.cells[1:], strict=False)
    return [
        (cell.source, below.get("id")) for cell, below in pairs if cell.get("id", "").endswith(GOES)
    ]


def order_problems(path: Path, places: dict[Name, list[Path]], root: Path) -> list[str]:
    """Names that a chapter imports although only a later notebook builds them."""
    if path.stem == "00_start":
        return []  # the way in shows what is to come
    label, problems = path.relative_to(root).as_posix(), []
    for file, name in sorted(imported_definitions(read(path), set(places), root)):
        builder = places[file, name][0]
        if position(builder)[0] > position(path)[0]:
            problems.append(f"{label}: imports {name}, which {builder.name} builds later")
    return problems


def imported_definitions(
    notebook: nbformat.NotebookNode, shown: set[Name], root: Path
) -> set[Name]:
    """The package's definitions that a notebook imports, or reaches through a module."""
    code = "\n".join(
        line
        for cell in code_cells(notebook)
        for line in cell.source.split("\n")
        if not line.startswith(("%", "!"))
    )
    tree = ast.parse(code)
    used: set[Name] = set()
    modules: dict[str, str] = {}  # what the notebook calls a module -> its dotted name

    def use(module: str, name: str) -> None:
        # A package hands on names of its modules, so any file beneath it may hold the definition.
        folder = module.replace(".", "/")
        used.update(
            pair
            for pair in shown
            if pair[1] == name and pair[0].startswith((f"{folder}.py", f"{folder}/"))
        )

    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "mini_autograd":
                    modules[alias.asname or "mini_autograd"] = (
                        alias.name if alias.asname else "mini_autograd"
                    )
        elif (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").split(".")[0] == "mini_autograd"
        ):
            for alias in node.names:
                dotted = f"{node.module}.{alias.name}"
                as_path = root / dotted.replace(".", "/")
                if as_path.is_dir() or as_path.with_suffix(".py").is_file():
                    modules[alias.asname or alias.name] = dotted
                use(node.module, alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            head, *middle = ast.unparse(node.value).split(".")
            if head in modules:
                use(".".join([modules[head], *middle]), node.attr)
    return used


def file_problems(path: Path, notebook: nbformat.NotebookNode) -> Iterator[str]:
    """What is wrong with a notebook as a file: form, ids, counts, outputs, size, paths."""
    text = path.read_text(encoding="utf-8")
    if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
        yield f": format {notebook.nbformat}.{notebook.nbformat_minor}, expected 4.5"
    if error := next(nbformat.validator.iter_validate(notebook), None):
        yield f": not a valid notebook: {error.message}"
        return
    if notebook.metadata != METADATA:
        yield ": metadata is not what 'make notebooks' writes"
    elif text != serialise(notebook):
        yield ": is not laid out as 'make notebooks' writes it"
    if (size := len(text.encode())) > SIZE_LIMIT:
        yield f": {size} bytes, over {SIZE_LIMIT}"
    if place := machine_path(text):
        yield f": holds a path of a machine, {place}"
    ids = [cell.id for cell in notebook.cells]
    for repeated in sorted({one for one in ids if ids.count(one) > 1}):
        yield f" [{repeated}]: two cells have this id"
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f": execution counts are not 1 to {len(counts)}, as after one run"
    for cell in notebook.cells:
        yield from (f" [{cell.id}]: {problem}" for problem in cell_problems(cell))


def cell_problems(cell: nbformat.NotebookNode) -> Iterator[str]:
    if RANDOM_ID.match(cell.id):
        yield (
            "this id was drawn at random, as for any new cell: leave it in a copy of your own; for "
            "the course, give the cell an id that says what it holds (in a text editor)"
        )
    if not cell.source.strip():
        yield "an empty cell"
    if extra := sorted(cell.metadata.keys() - KEPT_CELL_METADATA):
        yield f"cell metadata {', '.join(extra)}"
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            yield f"a stored traceback ({output.ename})"
        if output.get("name") == "stderr":
            yield f"text on stderr: {output.text.strip().splitlines()[-1][:80]}"
        if WIDGET_VIEW in output.get("data", {}) or WIDGET_VIEW in output.get("metadata", {}):
            yield "a stored widget view, which shows 'model not found' when opened again"


def machine_path(text: str) -> str | None:
    """The first path in text that belongs to one machine: checkout, home or temporary folder."""
    here = [re.escape(str(place)) for place in (ROOT, sys.prefix, tempfile.gettempdir())]
    common = [r"/(?:home|Users|root|tmp|var/folders)/[\w.-]+", r"[A-Za-z]:\\+Users\b"]
    found = re.search(rf"(?<![\w.:/-])(?:{'|'.join(here + common)})(?![\w-])", text)
    return found[0] if found else None


# --- Command line ---------------------------------------------------------------------------------


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS,
    )
    parser.add_argument("command", choices=["sync", "execute", "check"])
    parser.add_argument("selection", nargs="*", metavar="NN")
    options = parser.parse_args(arguments)
    try:
        match options.command:
            case "sync":
                problems = sync(root, options.selection)
            case "execute":
                problems = execute(root, options.selection)
            case "check":
                problems = check(root)
    except UnshowableSource as error:
        problems = [str(error)]
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
