"""Settings for every test, doctests included."""

import os

import pytest
from hypothesis import settings

# The same examples every time, on every machine; and no limit to the time of one.
settings.register_profile("course", derandomize=True, deadline=None)
settings.load_profile("course")


def pytest_configure(config):
    """Draw figures into memory, except where notebooks run: their kernels show figures inline."""
    if not (config.getoption("nbval", False) or config.getoption("nbval_lax", False)):
        os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True, scope="session")
def names_in_doctests(doctest_namespace):
    """A docstring's example builds its input, and shows no import for it."""
    from mini_autograd import tensor

    doctest_namespace["tensor"] = tensor
