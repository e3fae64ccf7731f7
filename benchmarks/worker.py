"""One library, alone in a process: `python -m benchmarks.worker with_torch`.

It says which builders it has; then it reads lines of JSON, [task, repetitions], and answers each
with the seconds that one repetition took. They are seconds of the processor, all threads of this
process together, so that other programs do not count. The garbage collector stays on: a graph is
made of the objects that it inspects, and whoever runs a notebook waits for it too.
"""

import importlib
import json
import sys
from time import perf_counter, process_time

from benchmarks.tasks import TASKS

# Windows counts a process's time in ticks of 16 ms, too coarse for us.
clock = perf_counter if sys.platform == "win32" else process_time


def serve(library):
    tasks = {task.name: task for task in TASKS}
    name = run = None
    print(json.dumps(list(vars(library))), flush=True)
    for line in sys.stdin:
        previous, (name, repetitions) = name, json.loads(line)
        if name != previous:
            run = getattr(library, tasks[name].builder)(**tasks[name].options)
        if repetitions > 1:
            run()  # not timed: it brings what this process needs back into the caches
        start = clock()
        for _ in range(repetitions):
            run()
        print((clock() - start) / repetitions, flush=True)


if __name__ == "__main__":
    serve(importlib.import_module(f"benchmarks.{sys.argv[1]}"))
