"""Notebooks as a page shows them: live, folded as in JupyterLab, their pictures described."""

import re

import nbformat

from mini_autograd.explore.pages import with_live_outputs
from notebooks import GOES


def read(text):
    notebook = with_live_outputs(nbformat.reads(text, as_version=4))
    for cell, below in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        if cell.id.endswith(GOES):
            cell.source = band(cell.source)
        for part, tag in ("source", "hide-input"), ("outputs", "hide-output"):
            if cell.metadata.get("jupyter", {}).get(f"{part}_hidden"):
                cell.metadata.setdefault("tags", []).append(tag)
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                alt = described(output.data["text/plain"], below)
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
    return notebook


def band(line):
    """The line above a build cell as HTML, which course.css makes the upper edge of the cell."""
    line = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", line)
    line = re.sub("`(.+?)`", r"<code>\1</code>", line)
    return f'<div class="build">{line}</div>'


def described(text, below):
    """What a picture shows, for those who do not see it: its text, or what is said below it.

    "<Figure size 770x319 with 2 Axes>" describes nothing.
    """
    if not text.startswith("<"):
        return text
    said = below.source if below and below.cell_type == "markdown" else "A figure."
    said = re.sub(r"<details>.*?</details>", "", said, flags=re.DOTALL).strip().split("\n")[0]
    return re.sub(r"\[([^]]*)\]\([^)]*\)|[*_`$]", r"\1", said)
