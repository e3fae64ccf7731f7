"""How to time honestly on a machine that does other things too.

A time means little by itself: the processor changes its clock, other programs interrupt, caches
fill and empty. So each task is timed next to a reference, and what counts is the ratio. Five habits
make it a fair one:

- Each library has a process of its own, and one thread: no library's threads, allocator or settings
  change another's time.
- They take turns. In each round all run one short block, in random order, so that a slow moment of
  the machine strikes them alike; the ratio is taken within the round.
- A block repeats the task for some milliseconds: the clock's own cost, and its resolution, are then
  too small to matter, and yet the block mostly fits between two interruptions.
- The clock counts the time that the process had a processor, not the time that it waited for one.
- The median over the rounds is what is reported: a round that was disturbed cannot move it.
"""

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).parent.parent
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "VECLIB")}
# As for the kernels of `make lab`: large arrays stay with the process, and need not be fetched
# again page by page, which would be timed instead of the libraries.
KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**28)}
BLOCK = 0.004  # seconds that a library computes at a time
PATIENCE = 10  # seconds for all the rounds of a task


class Library:
    """A library's process, which computes only while it is asked to."""

    def __init__(self, name):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ONE_THREAD | KEPT_MEMORY,
            cwd=ROOT,
        )
        self.builders = json.loads(self._answer())

    def seconds(self, task, repetitions):
        """What one repetition of the task takes."""
        self.process.stdin.write(json.dumps([task.name, repetitions]) + "\n")
        self.process.stdin.flush()
        return float(self._answer())

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args[-1]} failed; its error message stands above")
        return line

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@dataclass(frozen=True)
class Timing:
    seconds: float
    ratio: float


def compare(task, libraries, rounds):
    """{name: Timing} for each library that can do the task; a ratio is to the task's reference.

    A long task gets fewer rounds than asked for, but at least three.
    """
    libraries = {name: library for name, library in libraries.items() if _can_do(task, library)}
    repetitions = {
        name: max(1, round(BLOCK / min(library.seconds(task, 1) for _ in range(3))))
        for name, library in libraries.items()
    }
    times = {name: [] for name in libraries}
    end = perf_counter() + PATIENCE
    for done in range(rounds):
        if done >= 3 and perf_counter() > end:
            break
        for name in random.sample(sorted(libraries), len(libraries)):
            times[name].append(libraries[name].seconds(task, repetitions[name]))
    ratios = {
        name: [t / r for t, r in zip(taken, times[task.reference], strict=True)]
        for name, taken in times.items()
    }
    return {name: Timing(median(times[name]), median(ratios[name])) for name in libraries}


def _can_do(task, library):
    return task.builder in library.builders
