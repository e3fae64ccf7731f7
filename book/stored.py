"""Notebooks as a page shows them: live, folded as in JupyterLab, their pictures described."""

import nbformat

from live_page import with_live_outputs


def read(text):
    notebook = with_live_outputs(nbformat.reads(text, as_version=4))
    for cell in notebook.cells:
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata.setdefault("tags", []).append("hide-input")
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            # "<Figure size 770x319 with 2 Axes>" describes nothing.
            if "image/png" in data and not data["text/plain"].startswith("<"):
                cell.metadata["mystnb"] = {"image": {"alt": data["text/plain"]}}
    return notebook
