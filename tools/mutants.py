"""Plant mistakes in the package, one at a time, and see each one caught.

A mistake in what a notebook shows must turn that notebook red, as its text outputs are compared
with the stored ones. A mistake elsewhere names the test file that catches it.
"""

import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from notebooks import ROOT, kernel_environment, notebook_paths, sync
from run_tests import PYTEST

COPIED = "mini_autograd notebooks assets tests tools conftest.py pyproject.toml".split()


@dataclass(frozen=True)
class Mutant:
    """A mistake: in file, old becomes new. Notebooks that show it are tried first, then tests."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()


NUMERICAL = "mini_autograd/numerical.py"
TENSOR = "mini_autograd/tensor.py"
OPERATIONS = "mini_autograd/operations.py"
GRADCHECK = "mini_autograd/gradcheck.py"
SQUASHING = "mini_autograd/nn/functional/squashing.py"
ENGINE_TESTS = ("tests/test_tensor.py", "tests/test_operations.py")

MUTANTS = [
    Mutant("a step that is far too long", NUMERICAL, "np.cbrt(np.finfo(float).eps)", "0.1"),
    Mutant(
        "gradients overwritten",
        TENSOR,
        "pending[x] = pending[x] + gx",
        "pending[x] = gx  # ",
    ),
    Mutant(
        "oldest node first", TENSOR, "itertools.count(0, -1)", "itertools.count(0, 1)", ENGINE_TESTS
    ),
    Mutant("the graph is not freed", TENSOR, "if not retain_graph:", "if False:"),
    Mutant(".grad replaced, not added to", TENSOR, "if t.grad is not None:", "if False:"),
    Mutant("no_grad records", TENSOR, "_recording.set(False)", "_recording.set(True)"),
    Mutant(
        "sub: sign",
        TENSOR,
        "lambda g, y, a, b: g, lambda g, y, a, b: -g)",
        "lambda g, y, a, b: g, lambda g, y, a, b: g)",
    ),
    Mutant(
        "mul: factors swapped",
        TENSOR,
        "lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)",
        "lambda g, y, a, b: g * a, lambda g, y, a, b: g * b)",
    ),
    Mutant("div: sign", TENSOR, "lambda g, y, a, b: -g * y / b)", "lambda g, y, a, b: g * y / b)"),
    Mutant("neg: sign", TENSOR, "neg.vjp(lambda g, y, x: -g)", "neg.vjp(lambda g, y, x: g)"),
    Mutant("pow: exponent", TENSOR, "g * b * a ** (b - (b != 0))", "g * b * a**b"),
    Mutant(
        "abs: no sign", TENSOR, "abs.vjp(lambda g, y, x: g * sign(x))", "abs.vjp(lambda g, y, x: g)"
    ),
    Mutant("broadcast axes not summed", TENSOR, "if n == 1)", "if n == 2)"),
    Mutant(
        "sum: gradient halved",
        TENSOR,
        "return broadcast_to(_keep_dims(g, x, dim), x.shape)",
        "return broadcast_to(_keep_dims(g * 0.5, x, dim), x.shape)",
    ),
    Mutant("max: ties get all", TENSOR, "(ties / sum(ties, dim, True))", "ties"),
    Mutant("matmul: no transpose", TENSOR, "return g @ transpose(b, -2, -1)", "return g @ b"),
    Mutant("indexing: repeats overwrite", TENSOR, "np.add.at(y, index, g)", "y[index] = g"),
    Mutant(
        "where: gradient to the wrong side",
        TENSOR,
        "lambda g, y, c, a, b: where(c, g, 0.0)",
        "lambda g, y, c, a, b: where(c, 0.0, g)",
    ),
    Mutant(
        "log: no division",
        TENSOR,
        "log.vjp(lambda g, y, x: g / x)",
        "log.vjp(lambda g, y, x: g * x)",
        ENGINE_TESTS,
    ),
    Mutant(
        "a caller's array is not copied",
        TENSOR,
        "return a.copy() if isinstance(a, np.ndarray)",
        "return a if isinstance(a, np.ndarray)",
        ENGINE_TESTS,
    ),
    Mutant(
        "NumPy scalars promote float32",
        TENSOR,
        "a.item() if isinstance(a, np.generic) else a",
        "a",
        ENGINE_TESTS,
    ),
    Mutant(
        "integers may require a gradient",
        TENSOR,
        'if on and t.dtype.kind != "f":',
        "if False:",
        ENGINE_TESTS,
    ),
    Mutant(
        "views are writable",
        TENSOR,
        "view.setflags(write=False)",
        "view.setflags(write=True)",
        ENGINE_TESTS,
    ),
    Mutant(
        "an update makes a new tensor",
        TENSOR,
        "if _recording.get() or not target.is_leaf:",
        "if True:",
    ),
    Mutant(
        "exp: squared",
        OPERATIONS,
        "exp.vjp(lambda g, y, x: g * y)",
        "exp.vjp(lambda g, y, x: g * y * y)",
    ),
    Mutant(
        "sqrt: factor 2",
        OPERATIONS,
        "sqrt.vjp(lambda g, y, x: g / (2 * y))",
        "sqrt.vjp(lambda g, y, x: g / y)",
    ),
    Mutant("tanh: factor 2", SQUASHING, "4.0 * u / (1.0 + u) ** 2", "2.0 * u / (1.0 + u) ** 2"),
    Mutant(
        "tanh: second derivative",
        SQUASHING,
        "g * (-2.0 * y * tanh(x))",
        "g * (2.0 * y * tanh(x))",
    ),
    Mutant(
        "maximum: a tie counts twice", OPERATIONS, "where(tie, g * 0.5, 0.0)", "where(tie, g, 0.0)"
    ),
    Mutant(
        "sigmoid: value",
        SQUASHING,
        "1 / (1 + np.exp(-floating(x)))",
        "1 / (1.001 + np.exp(-floating(x)))",
    ),
    Mutant("sigmoid: y (1 - y)", SQUASHING, "g * (y * sigmoid(-x))", "g * (y * (1 - y))"),
    Mutant("sigmoid: integers pass", SQUASHING, "-floating(x)", "-x"),
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


def first_failure(files: list[str], copy: Path) -> str | None:
    """The first of these notebooks and test files that fails in the copy."""
    with tempfile.TemporaryDirectory() as ipython_directory:
        # PYTHONPATH stands before the installed package, which is the unharmed one.
        environment = kernel_environment(ipython_directory, PYTHONPATH=str(copy))
        for file in files:
            command = [*PYTEST, "--exitfirst", "--nbval", file]
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
        catcher = first_failure([*notebooks_showing(copy), *mutant.tests], copy)
    return catcher, f"caught  {mutant.what}: {catcher}" if catcher else f"MISSED  {mutant.what}"


def main(mutants: list[Mutant] = MUTANTS, root: Path = ROOT) -> int:
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
    sys.exit(main())
