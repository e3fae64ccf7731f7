"""The style: legible sizes, contrast in both themes, and nothing changed by importing."""

import base64
import io
import itertools
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.style import context
from matplotlib_inline.backend_inline import _fetch_figure_metadata
from PIL import Image

from mini_autograd.explore import progress, style
from notebooks import ROOT, code_cells, notebook_paths, read

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
        cycle = list(rc["axes.prop_cycle"])
    assert all(contrast(entry["color"], LIGHT) > 4.2 for entry in cycle)
    lines = [str(entry["linestyle"]) for entry in cycle]
    assert len(set(lines)) == len(lines)
    assert all(one["color"] != other["color"] for one, other in itertools.combinations(cycle, 2))


def test_figures_have_no_paper_and_an_ink_for_both_themes():
    with context(style.STYLE):
        rc = dict(matplotlib.rcParams)
    assert {rc[f"{place}.facecolor"] for place in ("figure", "savefig", "axes")} == {"none"}
    for key in "text.color", "axes.labelcolor", "xtick.color", "ytick.color":
        assert min(contrast(rc[key], LIGHT), contrast(rc[key], DARK)) > 3.9, key


def test_jupyter_lays_nothing_below_a_figure():
    with context(style.STYLE):
        figure = Figure()
        figure.subplots()
    assert _fetch_figure_metadata(figure) is None


def test_what_is_printed_stands_on_paper():
    with context(style.PAPER):
        figure, png = Figure(), io.BytesIO()
        figure.subplots()
        figure.savefig(png)
    assert Image.open(png).convert("RGBA").getextrema()[3] == (255, 255)


def stored_figures(path):
    """What plt.show() has left in a notebook: (cell, output) for each."""
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}) and "plt.show()" in cell.source:
                yield cell, output


def hard_to_see(pixels):
    """The colours, fully painted, that do not stand out from white or from a dark page."""
    painted = np.unique(pixels[pixels[..., 3] > 240][:, :3], axis=0) / 255
    return [color for color in painted if min(contrast(color, LIGHT), contrast(color, DARK)) < 2.5]


@pytest.mark.parametrize("path", notebook_paths(ROOT), ids=lambda path: path.stem)
def test_stored_figures_look_right_in_both_themes(path):
    for cell, output in stored_figures(path):
        picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
        pixels = np.array(picture.convert("RGBA"))
        assert not pixels[[0, 0, -1, -1], [0, -1, 0, -1], 3].any(), f"{cell.id}: on paper"
        assert "needs_background" not in output.metadata.get("image/png", {}), cell.id
        # A picture of pictures shows black and white as they are.
        assert np.mean(pixels[..., 3] > 240) > 0.25 or not hard_to_see(pixels), cell.id


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
