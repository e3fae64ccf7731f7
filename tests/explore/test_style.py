"""The style: legible sizes, contrast in both themes, and nothing changed by importing."""

import io
import itertools
import subprocess
import sys

import matplotlib
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.style import context

from mini_autograd.explore import progress, style

DARK, LIGHT = "#111111", "#ffffff"  # JupyterLab's backgrounds


def contrast(one, other):
    """The WCAG contrast ratio of two colours."""

    def luminance(color):
        parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(color)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", [style.FUNCTION, style.DERIVATIVE])
def test_labels_stand_out_in_both_themes(color):
    assert min(contrast(color, LIGHT), contrast(color, DARK)) > 4.2


@pytest.mark.parametrize("color", [style.QUIET, style.AGREEMENT])
def test_lines_stand_out_in_both_themes(color):
    assert min(contrast(color, LIGHT), contrast(color, DARK)) > 3


def test_figures_are_legible_and_told_apart_without_colour():
    with context(style.STYLE):
        rc = matplotlib.rcParams
        sizes = ["xtick.labelsize", "ytick.labelsize", "axes.labelsize", "legend.fontsize"]
        assert all(rc[key] == "medium" for key in sizes)  # that is font.size
        assert rc["font.size"] >= 10 and rc["lines.linewidth"] >= 1.8
        assert rc["figure.facecolor"] == rc["savefig.facecolor"] == "white"
        cycle = list(rc["axes.prop_cycle"])
    assert all(contrast(entry["color"], LIGHT) > 4.2 for entry in cycle)
    lines = [str(entry["linestyle"]) for entry in cycle]
    assert len(set(lines)) == len(lines)
    assert all(one["color"] != other["color"] for one, other in itertools.combinations(cycle, 2))


def drawn():
    """A picture in the course's style, as the bytes of a PNG."""
    with context(style.STYLE):
        figure, png = Figure(), io.BytesIO()
        figure.subplots().set(title="a title", xlabel="$x_1^2$")
        figure.savefig(png)
    return png.getvalue()


def test_a_matplotlibrc_does_not_reach_the_letters(caplog):
    expected = drawn()
    missing = {"font.family": "Missing", "mathtext.fontset": "custom", "mathtext.rm": "Missing"}
    with matplotlib.rc_context(missing | {"text.usetex": True}):
        assert drawn() == expected
    assert caplog.messages == []  # these would stand below the figure, on red


def test_importing_changes_nothing():
    program = (
        "import matplotlib, numpy as np\n"
        "before = dict(matplotlib.rcParams), np.get_printoptions()\n"
        "import mini_autograd.explore, sys\n"
        "assert (dict(matplotlib.rcParams), np.get_printoptions()) == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_progress_leaves_blanks_of_one_width(capsys):
    left = []
    for steps in 3, 1000:
        assert list(progress(range(steps), "training")) == list(range(steps))
        left.append(capsys.readouterr().out.rpartition("|")[2])
    assert left[0] == left[1] and not left[0].strip()
