"""Run every kind of test, whatever the others say; end with a summary, also of what was skipped.

python tools/run_tests.py [STAGE ...]    all stages but `lax`, or those named
"""

import argparse
import ast
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

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


def run_stage(command: list[str]) -> tuple[bool, Counter[str]]:
    """Run one stage from the project's root: whether it succeeded, and why tests were skipped."""
    print(f"\n$ {' '.join(command[1:])}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        environment = kernel_environment(folder, OMP_NUM_THREADS="1")
        report = Path(folder, "report.xml")
        reporting = [f"--junitxml={report}"] if "pytest" in command else []
        done = subprocess.run([*command, *reporting], cwd=ROOT, env=environment)
        return done.returncode == 0, skips(report)


def skips(report: Path) -> Counter[str]:
    """How many tests were skipped for each reason, by pytest's own report."""
    if not report.is_file():
        return Counter()
    found = ElementTree.parse(report).iter("skipped")
    return Counter(skip_reason(one) for one in found if one.get("type") != "pytest.xfail")


def skip_reason(skipped: ElementTree.Element) -> str:
    if skipped.get("message") != "collection skipped":
        return skipped.get("message")
    # A whole file, which counts as one test: the text holds its path, line and reason.
    _, _, reason = ast.literal_eval(skipped.text)
    return reason.removeprefix("Skipped: ")


def skip_line(skipped: Counter[str]) -> str:
    if not skipped:
        return "no test skipped"
    reasons = [f"{count} ({reason})" for reason, count in skipped.most_common()]
    return f"{skipped.total()} tests skipped: {', '.join(reasons)}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "stage", nargs="*", choices=[*STAGES, []], metavar="STAGE", help=", ".join(STAGES)
    )
    chosen = parser.parse_args(arguments).stage or [stage for stage in STAGES if stage != "lax"]
    rows, skipped = [], Counter()
    for stage in chosen:
        start = time.perf_counter()
        passed, skipped_here = run_stage(STAGES[stage])
        rows.append((stage, passed, time.perf_counter() - start))
        skipped += skipped_here
    print()
    for stage, passed, seconds in rows:
        print(f"{stage:<10} {'passed' if passed else 'FAILED':<7} {seconds:5.0f} s")
    print(f"\n{skip_line(skipped)}")
    failed = sum(not passed for _, passed, _ in rows)
    print(f"\n{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
