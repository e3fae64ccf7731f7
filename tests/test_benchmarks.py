"""The benchmarks compare like with like, and their parts work together."""

import importlib
import tracemalloc

import numpy as np
import pytest

import benchmarks.__main__
from benchmarks import by_hand, timing
from benchmarks.tasks import TASKS, Task

LIBRARIES = ["mini_autograd", "jit", "torch", "jax", "autograd"]


def make(library, task, **changed):
    return getattr(library, task.builder)(**task.options | task.tiny | changed)


def limit(task):
    """The task by hand; a chain of additions, which needs no graph, has two known numbers."""
    if task.builder == "chain":
        return lambda: (1.0 + task.tiny["nodes"], 1.0)
    return make(by_hand, task)


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_library_computes_the_same_numbers(task, name):
    if name != "jit":
        pytest.importorskip(name, reason=f"{name} is not installed")
    library = importlib.import_module(f"benchmarks.with_{name}")
    if not hasattr(library, task.builder):
        pytest.skip(f"{name} is not given this task")
    run, run_by_hand = make(library, task), limit(task)
    for _ in range(3):  # a training step starts where the last one ended
        found, expected = library.numbers(run()), by_hand.numbers(run_by_hand())
    assert len(found) == len(expected)
    single = task.options.get("dtype") == "float32"
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=scale * (1e-5 if single else 1e-13))


@pytest.mark.parametrize(
    "task", [t for t in TASKS if t.name.startswith(("T1", "T7"))], ids=lambda task: task.name
)
def test_what_is_written_by_hand_makes_no_new_arrays(task):
    points = 100_000
    run = make(by_hand, task, points=points)
    run()
    tracemalloc.start()
    try:
        run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < points  # less than a byte a point


class Scripted:
    """A library whose times are given."""

    builders = ["build"]

    def __init__(self, times):
        self.times = iter(times)

    def seconds(self, task, repetitions):
        return next(self.times)


def test_ratios_are_taken_within_a_round_and_survive_a_slow_one():
    task = Task("T0", "build", {}, {}, reach=1.0)
    libraries = {
        # Three calls find the number of repetitions; then come three rounds, the second a slow one.
        "by_hand": Scripted([1, 1, 1, 1.0, 8.0, 1.0]),
        "ours": Scripted([1, 1, 1, 2.0, 17.0, 2.0]),
        "unable": type("Unable", (Scripted,), {"builders": []})([]),
    }
    result = timing.compare(task, libraries, rounds=3)
    assert result == {"by_hand": timing.Timing(1.0, 1.0), "ours": timing.Timing(2.0, 2.0)}


def test_the_table_has_a_row_for_a_task_and_says_who_is_absent(monkeypatch, capsys):
    monkeypatch.setattr(benchmarks.__main__, "PEERS", ["not_installed_anywhere"])
    monkeypatch.setattr("sys.argv", ["benchmarks", "--rounds", "1", "T1 relu", "T5"])
    benchmarks.__main__.main()
    printed = capsys.readouterr().out
    assert "not_installed_anywhere is not installed, and left out" in printed
    rows = {line.split("|")[1].strip(): line for line in printed.splitlines() if "|" in line}
    assert "µs by hand" in rows["T1 relu"] and rows["T1 relu"].strip().endswith("2.50 |")
    assert "MB" in rows["mini_autograd"]
