"""Plant mistakes in the package, one at a time, and see each one caught.

mutants.toml lists them. A mistake that names test files must turn one of them red. Any other must
turn red a notebook that shows it, whose text outputs are compared with the stored ones.

python tools/mutants.py [WORD ...]    all mistakes, or those with one of these words in their name
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from notebooks import ROOT, kernel_environment, notebook_paths, sync
from run_tests import PYTEST

LIST = Path(__file__).with_suffix(".toml")
COPIED = "mini_autograd notebooks assets benchmarks tests tools conftest.py pyproject.toml".split()


@dataclass(frozen=True)
class Mutant:
    """A mistake: in file, old becomes new. select is pytest's expression for the tests to run."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()
    select: str | None = None


def listed(path: Path = LIST) -> list[Mutant]:
    """The mutants of the list, in its order."""
    return [
        Mutant(what, group["file"], old, new, tuple(group.get("tests", ())), group.get("select"))
        for group in tomllib.loads(path.read_text(encoding="utf-8"))["group"]
        for what, old, new in group["mutants"]
    ]


@contextmanager
def project_copy(root: Path):
    """A copy of the project that may be harmed."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "course"
        copy.mkdir()
        for source in (root / name for name in COPIED if (root / name).exists()):
            (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / source.name)
        yield copy


def plant(mutant: Mutant, copy: Path) -> str | None:
    """Make the mistake in the copy; return why not, where the package has moved on."""
    path = copy / mutant.file
    text = path.read_text(encoding="utf-8")
    if (count := text.count(mutant.old)) != 1:
        return f"{mutant.file} holds {mutant.old!r} {count} times"
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return None


def notebooks_showing(copy: Path) -> list[str]:
    """Carry the copy's package into its build cells; return the notebooks that this changed."""
    before = {path: path.read_bytes() for path in notebook_paths(copy)}
    sync(copy)
    changed = [path for path, content in before.items() if path.read_bytes() != content]
    return [path.relative_to(copy).as_posix() for path in changed]


def first_failure(files: Iterable[str], copy: Path, select: str | None = None) -> str | None:
    """The first of these notebooks and test files that fails in the copy."""
    choice = ["-k", select] if select else []
    with tempfile.TemporaryDirectory() as ipython_directory:
        # PYTHONPATH stands before the installed package, which is the unharmed one.
        # Loading every plugin that is installed would take most of the time of a short test.
        environment = kernel_environment(
            ipython_directory, PYTHONPATH=str(copy), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"
        )
        for file in files:
            notebook = ["-p", "nbval.plugin", "--nbval"] if file.endswith(".ipynb") else []
            command = [*PYTEST, "--exitfirst", *notebook, *choice, file]
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, text=True
            )
            if done.returncode not in (0, 1):
                raise RuntimeError(f"{file} could not be run\n{done.stdout}{done.stderr}")
            if done.returncode:
                return file
    return None


def catch(mutant: Mutant, root: Path) -> tuple[str | None, str]:
    """What caught the mutant, if anything did, and a line that says so."""
    with project_copy(root) as copy:
        if reason := plant(mutant, copy):
            return None, f"STALE   {mutant.what}: {reason}"
        catcher = first_failure(mutant.tests or notebooks_showing(copy), copy, mutant.select)
    return catcher, f"caught  {mutant.what}: {catcher}" if catcher else f"MISSED  {mutant.what}"


def main(mutants: list[Mutant], root: Path = ROOT) -> int:
    catchers = set()
    caught = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for catcher, line in pool.map(partial(catch, root=root), mutants):
            print(line, flush=True)
            caught += catcher is not None
            catchers |= {catcher} - {None}
    with project_copy(root) as copy:
        broken = first_failure(sorted(catchers), copy)
    if broken:
        print(f"{broken} fails without any mistake, so what it caught counts for nothing")
    print(f"\n{caught} passed, {len(mutants) - caught} failed")
    return 1 if broken or caught < len(mutants) else 0


if __name__ == "__main__":
    words = sys.argv[1:] or [""]
    sys.exit(main([mutant for mutant in listed() if any(word in mutant.what for word in words)]))
