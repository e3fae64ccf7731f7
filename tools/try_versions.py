"""Run the unit tests and the notebooks with other versions than those of constraints.txt.

python tools/try_versions.py lowest    the oldest NumPy and SciPy that pyproject.toml allows
python tools/try_versions.py newest    the newest version of everything, as a reader may have it

Outputs of notebooks are not compared: their last digits may differ.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from upgrade_pins import ORACLE, ROOT, constraint_lines, fresh_python, pins, project, required


def constraints(choice: str, root: Path) -> dict[str, str]:
    """The versions to install, by name."""
    if choice == "newest":
        return {ORACLE: pins(root)[ORACLE]}
    floors = dict(text.split(">=") for text in project(root)["dependencies"])
    return pins(root) | {name: f"{floor}.0" for name, floor in floors.items()}


def main(choice: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        python = fresh_python(Path(folder, "venv"))
        listed = Path(folder, "constraints.txt")
        listed.write_text(constraint_lines(constraints(choice, ROOT)), encoding="utf-8")
        pip = [python, "-m", "pip", "--disable-pip-version-check"]
        install = ["install", "--quiet", "--no-compile", "--constraint", listed]
        subprocess.run([*pip, *install, *required(ROOT, "lab", "test", "oracle")], check=True)
        subprocess.run([*pip, "list"], check=True)
        subprocess.run([python, ROOT / "tools" / "server_settings.py"], check=True)
        environment = os.environ | {"PYTEST_ADDOPTS": "-m 'not pinned'"}
        tests = [python, ROOT / "tools" / "run_tests.py", "unit", "lax"]
        return subprocess.run(tests, env=environment).returncode


if __name__ == "__main__":
    if sys.argv[1:] not in (["lowest"], ["newest"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
