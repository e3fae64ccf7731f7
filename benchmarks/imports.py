"""T5: what importing a library costs over importing NumPy, each time in a fresh process."""

import os
import random
import subprocess
import sys
from statistics import median

from benchmarks.timing import ONE_THREAD, ROOT

# psutil comes last: what it imports itself would otherwise count as there already.
PROGRAM = """
import numpy
from time import process_time
start = process_time()
import {module}
seconds = process_time() - start
import psutil
print(seconds, psutil.Process().memory_info().rss)
"""


def _fresh(module):
    """Seconds to import the module once NumPy is there, and the bytes the process then occupies."""
    command = [sys.executable, "-c", PROGRAM.format(module=module)]
    # Compiled files are kept, as they usually are; otherwise the compiler would be timed.
    environment = os.environ | ONE_THREAD | {"PYTHONDONTWRITEBYTECODE": ""}
    run = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=environment, cwd=ROOT
    )
    seconds, memory = run.stdout.split()
    return float(seconds), int(memory)


def import_costs(modules, rounds):
    """{module: (seconds, bytes)} over NumPy, medians over the rounds."""
    modules = ["numpy", *modules]
    costs = {module: [] for module in modules}
    for module in modules:
        _fresh(module)  # compiles what is not compiled yet, and reads the files from the disk
    for _ in range(rounds):
        for module in random.sample(modules, len(modules)):
            costs[module].append(_fresh(module))
    seconds, memory = (
        {module: median(cost[i] for cost in costs[module]) for module in modules} for i in (0, 1)
    )
    return {m: (seconds[m] - seconds["numpy"], memory[m] - memory["numpy"]) for m in modules[1:]}
