"""Measure the tasks and print a table: python -m benchmarks [--rounds N] [TASK ...]"""

import argparse
import importlib.util

from benchmarks.imports import import_costs
from benchmarks.tasks import TASKS
from benchmarks.timing import Library, compare

PEERS = ["torch", "jax", "autograd"]


def row(first, *cells):
    print(f"| {first:26} | " + " | ".join(f"{cell:>15}" for cell in cells) + " |", flush=True)


def ratio(timing):
    return f"{timing.ratio:.2f}" if timing else ""


def measure_tasks(tasks, peers, rounds):
    libraries = ["by_hand", *(f"with_{name}" for name in ("mini_autograd", "jit", *peers))]
    libraries = {name: Library(name) for name in libraries}
    row("task", "reference", "mini_autograd", "jit", *peers, "reach")
    row("---", *["---:"] * (len(peers) + 4))
    try:
        for task in tasks:
            if task.reference not in libraries:
                row(task.name, f"no {task.reference.removeprefix('with_')}")
                continue
            timings = compare(task, libraries, rounds)
            reference = timings[task.reference]
            name = task.reference.removeprefix("with_").replace("_", " ")
            time = f"{reference.seconds / task.per * 1e6:,.1f} µs"
            cells = [ratio(timings.get(library)) for library in list(libraries)[1:]]
            row(task.name, f"{time} {name}", *cells, f"{task.reach:.2f}")
    finally:
        for library in libraries.values():
            library.close()


def measure_imports(peers, rounds):
    print()
    row("T5 import", "time", "memory")
    row("---", "---:", "---:")
    for module, (seconds, memory) in import_costs(["mini_autograd", *peers], rounds).items():
        row(module, f"{seconds * 1e3:+,.1f} ms", f"{memory / 2**20:+,.1f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("task", nargs="*", help="only tasks whose name starts so: T1 'T2 small'")
    parser.add_argument("--rounds", type=int, default=25)
    chosen = parser.parse_args()

    def wanted(name):
        return not chosen.task or name.startswith(tuple(chosen.task))

    peers = [peer for peer in PEERS if importlib.util.find_spec(peer)]
    for peer in PEERS:
        if peer not in peers:
            print(f"{peer} is not installed, and left out")
    tasks = [task for task in TASKS if wanted(task.name)]
    if tasks:
        measure_tasks(tasks, peers, chosen.rounds)
    if wanted("T5 import"):
        measure_imports(peers, chosen.rounds)


if __name__ == "__main__":
    main()
