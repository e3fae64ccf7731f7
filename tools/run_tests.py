"""Run every kind of test, whatever the others say, and end with a summary.

python tools/run_tests.py [STAGE ...]    all stages but `lax`, or those named
"""

import argparse
import subprocess
import sys
import tempfile
import time

from notebooks import CELL_TIMEOUT, ROOT, kernel_environment

PYTEST = [sys.executable, "-m", "pytest", "--quiet"]
TWO_WORKERS = ["-n", "2"]
# Each notebook is one worker's: pytest-xdist would otherwise tear its cells apart.
WHOLE_FILES = ["--dist", "loadfile"]
NBVAL = [*PYTEST, *TWO_WORKERS, *WHOLE_FILES, f"--nbval-cell-timeout={CELL_TIMEOUT}", "notebooks"]

STAGES = {
    "lint": [sys.executable, "-m", "ruff", "check", "."],
    "format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "sync": [sys.executable, "tools/notebooks.py", "check"],
    # Some tests run a whole notebook: a worker that is done takes over what the other has waiting.
    "unit": [*PYTEST, *TWO_WORKERS, "--dist", "worksteal", "--ignore=tests/browser"],
    "notebooks": [*NBVAL, "--nbval"],
    "browser": [*PYTEST, *TWO_WORKERS, "--dist", "worksteal", "tests/browser"],
    # For macOS and Windows, where the last digits may differ: outputs are not compared.
    "lax": [*NBVAL, "--nbval-lax"],
}


def run_stage(command: list[str]) -> bool:
    """Run one stage from the root of the project; True if it succeeded."""
    print(f"\n$ {' '.join(command[1:])}", flush=True)
    with tempfile.TemporaryDirectory() as ipython_directory:
        environment = kernel_environment(ipython_directory, OMP_NUM_THREADS="1")
        return subprocess.run(command, cwd=ROOT, env=environment).returncode == 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "stage", nargs="*", choices=[*STAGES, []], metavar="STAGE", help=", ".join(STAGES)
    )
    chosen = parser.parse_args(arguments).stage or [stage for stage in STAGES if stage != "lax"]
    rows = []
    for stage in chosen:
        start = time.perf_counter()
        passed = run_stage(STAGES[stage])
        rows.append((stage, passed, time.perf_counter() - start))
    print()
    for stage, passed, seconds in rows:
        print(f"{stage:<10} {'passed' if passed else 'FAILED':<7} {seconds:5.0f} s")
    failed = sum(not passed for _, passed, _ in rows)
    print(f"\n{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
