"""Let mutmut plant mistakes where mutants.toml plants none, and see which survive the tests.

mutmut thinks of them by itself: another operator, another number, an argument left out.
survivors.toml lists the mistakes that no test can tell from the package, each with the reason, and
for each module how many per cent are caught. Any other survivor is a failure, and so is less.

python tools/survivors.py [MODULE ...]    the modules of survivors.toml, or some of any: nn.init
"""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from mutants import project_copy
from notebooks import ROOT

LIST = Path(__file__).with_suffix(".toml")
# A mistake may make one test fail and another run for ever; which comes first is left to chance.
CAUGHT = ("killed", "timeout")


def mutmut(copy: Path, *arguments: str) -> str:
    """Run mutmut in a copy of the project; return what it prints."""
    # Loading every plugin that is installed would take most of the time of a short test.
    environment = dict(os.environ, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", OMP_NUM_THREADS="1")
    command = [Path(sys.executable).with_name("mutmut"), *arguments]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"mutmut {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    return done.stdout


def results(copy: Path, modules: list[str]) -> dict[str, dict[str, str]]:
    """For each module, what became of mutmut's mistakes: {name: "killed", "survived", ...}."""
    prefixes = {module: f"mini_autograd.{module}.x" for module in modules}
    mutmut(copy, "run", "--max-children", "2", *(f"{prefix}*" for prefix in prefixes.values()))
    lines = mutmut(copy, "results", "--all", "true").splitlines()
    pairs = [line.strip().split(": ") for line in lines]
    return {
        module: {name: end for name, end in pairs if name.startswith(prefix)}
        for module, prefix in prefixes.items()
    }


def change(diff: str) -> tuple[str, str]:
    """The lines that a mistake takes away, and those that it puts in their place."""
    lines = diff.partition("\n@@")[2].splitlines()[1:]
    old, new = ([line[1:].strip() for line in lines if line.startswith(sign)] for sign in "-+")
    return "\n".join(old), "\n".join(new)


def problems(share: float, survivors: dict, listed: dict) -> list[str]:
    """What differs from the list: share per cent were caught, survivors are {(old, new): end}."""
    explained = {(old, new) for old, new, _ in listed["survivors"]}
    found = [
        (end, *lines)
        for lines, end in survivors.items()
        if lines not in explained and end not in CAUGHT
    ]
    found += [("is listed, but is gone or caught", *lines) for lines in explained - {*survivors}]
    differences = [f"{end}:\n    [{json.dumps(old)}, {json.dumps(new)}]" for end, old, new in found]
    low = [f"{share:.1f} % is less than {listed['caught']} %"] if share < listed["caught"] else []
    return sorted(differences) + low


def main(modules: list[str], listed: dict[str, dict], root: Path = ROOT) -> int:
    failures = []
    with project_copy(root) as copy:
        for module, ends in results(copy, modules or [*listed]).items():
            left = {name: end for name, end in ends.items() if end != "killed"}
            survivors = {change(mutmut(copy, "show", name)): end for name, end in left.items()}
            share = 100 * sum(end in CAUGHT for end in ends.values()) / len(ends)
            print(f"{module:<18} {share:5.1f} % of {len(ends)} caught", flush=True)
            own = listed.get(module, {"caught": 0, "survivors": []})
            failures += [f"{module} {problem}" for problem in problems(share, survivors, own)]
    print("", *failures, f"{len(failures)} failed", sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], tomllib.loads(LIST.read_text(encoding="utf-8"))))
