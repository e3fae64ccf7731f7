"""Run the shoot-out of chapter 18 and store its results in assets/shootout.csv.

python tools/shootout.py            all of it, on all cores: about a quarter of an hour on two
"""

import csv
import itertools
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "assets" / "shootout.csv"
COLUMNS = "activation depth start rate seed chosen judged".split()
ACTIVATIONS = (
    "identity sigmoid hardsigmoid logsigmoid tanh scaled_tanh hardtanh softsign relu leaky_relu "
    "prelu rrelu elu selu softplus squareplus swish gelu mish hardswish smu smu1"
).split()
DEPTHS, RATES, SEEDS = (2, 8, 20), (0.001, 0.004), range(8)


def main():
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported: a process for each core
    from mini_autograd.experiment import STARTS, contest
    from mini_autograd.explore import progress

    entries = list(itertools.product(ACTIVATIONS, DEPTHS, STARTS, RATES, SEEDS))
    with ProcessPoolExecutor() as executor:
        results = executor.map(contest, *zip(*entries, strict=True), chunksize=8)
        results = [result for _, result in zip(progress(entries), results, strict=True)]
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([*entry, *result] for entry, result in zip(entries, results, strict=True))


if __name__ == "__main__":
    main()
