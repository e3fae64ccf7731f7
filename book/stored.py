"""Notebooks as a page shows them: live, folded as in JupyterLab, their pictures described."""

import re

import nbformat

from mini_autograd.explore.pages import with_live_outputs
from notebooks import GOES


def read(text):
    notebook = with_live_outputs(nbformat.reads(text, as_version=4))
    for cell in notebook.cells:
        if cell.id.endswith(GOES):
            cell.source = band(cell.source)
        for part, tag in ("source", "hide-input"), ("outputs", "hide-output"):
            if cell.metadata.get("jupyter", {}).get(f"{part}_hidden"):
                cell.metadata.setdefault("tags", []).append(tag)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            # "<Figure size 770x319 with 2 Axes>" describes nothing.
            if "image/png" in data and not data["text/plain"].startswith("<"):
                cell.metadata["mystnb"] = {"image": {"alt": data["text/plain"]}}
    return notebook


def band(line):
    """The line above a build cell as HTML, which course.css makes the upper edge of the cell."""
    line = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", line)
    line = re.sub("`(.+?)`", r"<code>\1</code>", line)
    return f'<div class="build">{line}</div>'
