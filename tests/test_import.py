"""Importing the package is quick and silent; asserted by its causes, since seconds vary."""

import importlib
import json
import pkgutil
import subprocess
import sys

import mini_autograd

# What the package imports besides NumPy. How many modules these bring in turn depends on Python, on
# NumPy, and on whether the package is installed in place.
STANDARD = [
    "contextlib",
    "contextvars",
    "functools",
    "heapq",
    "inspect",
    "itertools",
    "math",
    "operator",
    "pathlib",
]
MODULES = f"""
import json, sys, tracemalloc
import numpy, {", ".join(STANDARD)}
before = set(sys.modules)
tracemalloc.start()
import mini_autograd
memory, _ = tracemalloc.get_traced_memory()
print(json.dumps({{"modules": sorted(set(sys.modules) - before), "memory": memory}}))
"""

# What a library might change for everybody else. Each is read before and after the import.
STATE = """
import gc, json, os, random, sys, threading, warnings
import numpy

def state():
    return {
        "NumPy's print options": numpy.get_printoptions(),
        "NumPy's handling of floating-point errors": numpy.geterr(),
        "NumPy's error callback": numpy.geterrcall(),
        "NumPy's global random numbers": numpy.random.get_state(),
        "Python's global random numbers": random.getstate(),
        "warning filters": list(warnings.filters),
        "recursion limit": sys.getrecursionlimit(),
        "garbage collector": (gc.isenabled(), gc.get_threshold()),
        "search path": list(sys.path),
        "environment": dict(os.environ),
        "threads": threading.active_count(),
        "hooks": (sys.excepthook, sys.displayhook),
    }

before = {name: repr(value) for name, value in state().items()}
import mini_autograd
after = {name: repr(value) for name, value in state().items()}
print(json.dumps([name for name in before if before[name] != after[name]]))
"""


def fresh(program):
    """What a program prints in a process of its own, read as JSON."""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0 and run.stderr == "", run.stderr
    return json.loads(run.stdout)


def test_import_brings_the_engine_and_nothing_heavy():
    modules = fresh(MODULES)["modules"]
    assert "mini_autograd.engine" in modules
    late = ("mini_autograd.explore", "mini_autograd.trace")
    assert not [name for name in modules if name.startswith(late)]
    assert [name for name in modules if name.split(".")[0] != "mini_autograd"] == []


def test_its_own_modules_take_less_than_a_megabyte():
    assert fresh(MODULES)["memory"] < 2**20


def test_import_changes_nothing_for_others():
    assert fresh(STATE) == []


def test_no_attribute_hides_a_module():
    for found in pkgutil.walk_packages(mini_autograd.__path__, "mini_autograd."):
        module = importlib.import_module(found.name)
        parent, _, name = found.name.rpartition(".")
        assert getattr(sys.modules[parent], name) is module, found.name
