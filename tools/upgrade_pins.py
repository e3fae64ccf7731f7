"""Write the newest versions that fit into constraints.txt and environment.yml; say what changed.

python tools/upgrade_pins.py    with the oldest Python that pyproject.toml promises

Of each package it takes the newest version that the first release of that Python can run: a pin
must not ask for more than the README does. PyTorch stays; what the tests compare with is changed by
hand, in constraints.txt.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ORACLE = "torch"


def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def oldest_python(root: Path) -> str:
    """The first Python that pyproject.toml promises: >=3.11 means 3.11.0."""
    return re.fullmatch(r">=(\d+\.\d+)", project(root)["requires-python"])[1] + ".0"


def required(root: Path, *extras: str) -> list[str]:
    """What pyproject.toml asks for, these extras included."""
    optional = project(root)["optional-dependencies"]
    return [*project(root)["dependencies"], *(text for extra in extras for text in optional[extra])]


def pins(root: Path) -> dict[str, str]:
    """The versions in constraints.txt, by name."""
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def fresh_python(folder: Path) -> Path:
    """The Python of a new virtual environment, with a pip of its own."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def constraint_lines(versions: dict[str, str]) -> str:
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


def resolve(
    python: Path, requirements: list[str], fixed: dict[str, str], for_python: str
) -> dict[str, str]:
    """What pip would install for another Python, versions by name; nothing is installed."""
    with tempfile.TemporaryDirectory() as folder:
        constraints, report = Path(folder, "constraints.txt"), Path(folder, "report.json")
        constraints.write_text(constraint_lines(fixed), encoding="utf-8")
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--dry-run", "--ignore-installed", "--report", report, "--target", folder]
        command += ["--only-binary=:all:", "--python-version", for_python]
        subprocess.run([*command, "--constraint", constraints, *requirements], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {one["metadata"]["name"]: one["metadata"]["version"] for one in found}


def newest(root: Path) -> dict[str, str]:
    """The newest versions of all that is pinned, that also suit PyTorch where it is installed."""
    oracle = {ORACLE: pins(root)[ORACLE]}
    ours, oldest = required(root, "lab", "test", "book", "mutation"), oldest_python(root)
    with tempfile.TemporaryDirectory() as folder:
        python = fresh_python(Path(folder))
        suiting_all = resolve(python, [*ours, ORACLE], oracle, oldest)
        # Once more without PyTorch, whose own packages differ from one system to the next.
        return resolve(python, ours, suiting_all, oldest) | oracle


def write_pins(versions: dict[str, str], root: Path) -> None:
    """Rewrite constraints.txt, and the versions in environment.yml."""
    path = root / "constraints.txt"
    first_line = path.read_text(encoding="utf-8").splitlines()[0]
    ordered = dict(sorted(versions.items(), key=lambda pin: pin[0].lower()))
    path.write_text(f"{first_line}\n{constraint_lines(ordered)}", encoding="utf-8", newline="\n")
    path = root / "environment.yml"
    text = re.sub(
        r"- ([\w.-]+)==.*",
        lambda line: f"- {line[1]}=={versions[line[1]]}",
        path.read_text(encoding="utf-8"),
    )
    path.write_text(text, encoding="utf-8", newline="\n")


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """A line for each package whose version is not what it was; - stands for none."""
    names = sorted(before.keys() | after.keys(), key=str.lower)
    rows = [(name, before.get(name, "-"), after.get(name, "-")) for name in names]
    return [f"{name:<28} {old:<14} {new}" for name, old, new in rows if old != new]


def main(root: Path = ROOT) -> int:
    oldest = oldest_python(root)
    if not oldest.startswith("{}.{}.".format(*sys.version_info)):
        # Some packages are needed by some Pythons only; pip asks the one that it runs on.
        short = oldest.removesuffix(".0")
        print(f"Pins are made with the oldest Python promised: make upgrade PYTHON=python{short}")
        return 1
    before, after = pins(root), newest(root)
    write_pins(after, root)
    print(*changes(before, after) or ["Nothing newer."], sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
