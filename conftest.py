"""Settings for every test, doctests included."""

import os

import pytest

# Figures are drawn into memory. Notebook kernels take this away again, for their inline figures.
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True, scope="session")
def names_in_doctests(doctest_namespace):
    """A docstring's example builds its input, and shows no import for it."""
    from mini_autograd import tensor

    doctest_namespace["tensor"] = tensor
