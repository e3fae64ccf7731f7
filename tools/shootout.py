"""Run the shoot-out of chapter 18 and store its results in assets/shootout.csv.gz.

python tools/shootout.py            what is missing, on all cores: about 25 minutes on two
python tools/shootout.py 1          the same, on one process
python tools/shootout.py tcp://...  the same, on the Dask cluster with this scheduler

Killed half-way, it has kept what was done (in assets/shootout.csv.part), and a second call computes
only what is missing. To have all of it computed again, remove the file first.
"""

import csv
import gzip
import io
import itertools
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "assets" / "shootout.csv.gz"
COLUMNS = "activation depth start rate seed blocks chosen judged loss".split()
ACTIVATIONS = (
    "identity sigmoid hardsigmoid logsigmoid tanh scaled_tanh hardtanh softsign relu leaky_relu "
    "prelu rrelu elu selu softplus squareplus swish gelu mish hardswish smu smu1"
).split()
STARTS = ("default", "gain 1", "gain √2", "own gain")
RATES = {
    2: (0.004, 0.008, 0.016, 0.032),
    8: (0.001, 0.002, 0.004, 0.008),
    20: (0.0005, 0.001, 0.002, 0.004),
}
NETWORKS = *((depth, 0) for depth in RATES), (20, 1)  # (20, 1) has path and norm
SEEDS = range(8)


def entries(seed, rows):
    """What contest is called with for a seed, by the rows of the seeds before it.

    The first seed tries all rates, the second the better two; the others train with the one that
    has read most digits for choosing. (This is successive halving, for each start of its own.)
    """
    for name, (depth, blocks) in itertools.product(ACTIVATIONS, NETWORKS):
        for start in STARTS[:1] if blocks else STARTS:
            left = [(name, depth, start, rate, seed, blocks) for rate in RATES[depth]]
            for tried, count in ((1, 2), (2, 1)):
                if seed >= tried:
                    left = best(left, count, range(tried), rows)
            yield from left


def best(entries, count, seeds, rows):
    """Those that read most of the digits for choosing with these seeds; the first of equals."""

    def right(entry):
        return sum(int(rows[texts((*entry[:4], seed, entry[5]))][0]) for seed in seeds)

    return sorted(entries, key=right, reverse=True)[:count]


def texts(entry):
    """As it stands in the file."""
    return tuple(map(str, entry))


def in_order(entry):
    """By numbers, not by their texts."""
    name, depth, start, rate, seed, blocks = entry
    return name, int(depth), start, float(rate), int(seed), blocks


def line(values):
    """One row of the file."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def stored(text):
    """The rows of a file by their entries, both as texts; a last line cut short does not count."""
    rows = csv.reader(text[: text.rfind("\n") + 1].splitlines())
    return {tuple(row[:6]): row[6:] for row in rows if row != COLUMNS}


def read(file=FILE):
    return stored(gzip.decompress(file.read_bytes()).decode()) if file.exists() else {}


def run(wanted, executor, file=FILE):
    """Complete the file: what neither it nor its .part has is computed, and kept as it comes."""
    from mini_autograd.experiment import shoot_out
    from mini_autograd.explore import progress

    part = file.with_name(file.stem + ".part")
    begun = part.read_text(encoding="utf-8") if part.exists() else ""
    rows = read(file) | stored(begun)
    missing = [entry for entry in wanted if texts(entry) not in rows]
    with part.open("w", encoding="utf-8", newline="") as kept:
        kept.write(begun[: begun.rfind("\n") + 1])
        found = shoot_out(missing, executor)
        for _, (entry, (chosen, judged, loss)) in zip(progress(missing), found, strict=True):
            rows[texts(entry)] = [str(chosen), str(judged), f"{loss:.4g}"]
            kept.write(line([*entry, *rows[texts(entry)]]))
            kept.flush()
    lines = [COLUMNS] + [[*entry, *rows[entry]] for entry in sorted(rows, key=in_order)]
    file.write_bytes(gzip.compress("".join(map(line, lines)).encode(), mtime=0))
    part.unlink()
    return rows


def executor_for(place):
    """A pool of so many processes, or a cluster."""
    if "://" not in place:
        return ProcessPoolExecutor(int(place))
    from distributed import Client

    return Client(place).get_executor()


def main():
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported: a process for each core
    with executor_for(*sys.argv[1:] or [str(os.cpu_count())]) as executor:
        for seed in SEEDS:
            run(entries(seed, read()), executor)


if __name__ == "__main__":
    main()
