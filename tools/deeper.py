"""Train the networks of chapter 17 and store what they read in assets/deeper.csv.

python tools/deeper.py      what the file lacks, on all cores: a quarter of an hour for all of it

Each network is built and trained by the chapter's own cells.
"""

import csv
import itertools
import os
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

from notebooks import ROOT, code_cells, read

FILE = ROOT / "assets" / "deeper.csv"
COLUMNS = "way activation depth gain rate seed chosen judged loss".split()
CELLS = {"imports", "imports-build", "block", "feed-forward", "network", "lesson"}
SEEDS = range(8)


def entries() -> list[tuple]:
    """What is trained, as arguments of the chapter's lesson(); a gain of 0 is the default start."""
    ways, rates = "plain norm path both".split(), (0.0005, 0.001, 0.002, 0.004)
    activations = "identity relu tanh gelu swish softplus sigmoid".split()
    asked = [
        itertools.product(ways, activations, [20], [0.0], [0.001]),
        itertools.product(["both"], ["relu", "swish"], [20], [0.0], rates),
        itertools.product(["plain", "norm", "both"], ["relu"], [20], [0.1, 1.0, 10.0], [0.001]),
        [("norm", "relu", 20, 0.1, 0.0001), ("norm", "relu", 20, 10.0, 0.01)],
        itertools.product(["pair", "gated"], ["relu", "gelu", "silu"], [6], [0.0], rates[1:]),
    ]
    networks = dict.fromkeys(itertools.chain(*asked))  # each once
    return [(*network, seed) for network in networks for seed in SEEDS]


def lesson(*entry):
    """What the lesson() of the chapter returns, in digits that every machine gives alike."""
    chosen, judged, loss = chapter()["lesson"](*entry)
    return chosen, judged, round(float(loss), 4)


def chapter(names: dict = {}) -> dict:  # noqa: B006, each process runs the cells once
    """The names that the cells of the chapter define."""
    if not names:
        from mini_autograd.nn import LayerNorm, RMSNorm

        names.update(LayerNorm=LayerNorm, RMSNorm=RMSNorm)  # they are built in the chapter
        cells = code_cells(read(ROOT / "notebooks" / "17_deeper.ipynb"))
        for cell in (cell for cell in cells if cell.id in CELLS):
            exec(compile(cell.source, f"<{cell.id}>", "exec"), names)
    return names


def stored(file: Path = FILE) -> dict[tuple, tuple]:
    """{entry: result} of what was trained before."""
    if not file.exists():
        return {}
    with file.open(encoding="utf-8", newline="") as opened:
        rows = csv.DictReader(opened)
        kinds = (str, str, int, float, float, int, int, int, float)
        found = [
            tuple(kind(row[name]) for kind, name in zip(kinds, COLUMNS, strict=True))
            for row in rows
        ]
    return {row[:6]: row[6:] for row in found}


def store(results: dict[tuple, tuple], file: Path = FILE) -> None:
    """Write the results in the order of the entries; the file is whole at any moment."""
    unfinished = file.with_suffix(".unfinished")
    with unfinished.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([*entry, *results[entry]] for entry in entries() if entry in results)
    unfinished.replace(file)


def run(executor: Executor, file: Path = FILE, asked: list[tuple] | None = None) -> None:
    """Train what is missing; what is done is stored every 16 networks."""
    results = stored(file)
    missing = [entry for entry in asked or entries() if entry not in results]
    done = executor.map(lesson, *zip(*missing, strict=True)) if missing else []
    for number, (entry, result) in enumerate(zip(missing, done, strict=True), 1):
        results[entry] = result
        if number % 16 == 0 or number == len(missing):
            store(results, file)
            print(f"{number} of {len(missing)}", flush=True)


if __name__ == "__main__":
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported: a process for each core
    with ProcessPoolExecutor() as executor:
        run(executor)
