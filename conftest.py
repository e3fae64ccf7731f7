"""Settings for every test, doctests included."""

import os

import pytest


def pytest_configure(config):
    """Draw figures into memory, except where notebooks run: their kernels show figures inline."""
    if not (config.getoption("nbval", False) or config.getoption("nbval_lax", False)):
        os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True, scope="session")
def names_in_doctests(doctest_namespace):
    """A docstring's example builds its input, and shows no import for it."""
    from mini_autograd import tensor

    doctest_namespace["tensor"] = tensor
