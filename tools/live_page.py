"""Make a web page of a chapter as it is stored, alive without a kernel.

python tools/live_page.py 05 [NN ...]    writes build/html/05_squashing.html
"""

import sys
from pathlib import Path

import nbformat

from mini_autograd.explore.pages import with_live_outputs

ROOT = Path(__file__).resolve().parent.parent


# What JupyterLab keeps folded until somebody asks, so does a page. A printed table moves sideways
# where it is too wide for a phone: broken lines cannot be read.
TEMPLATE = """{% extends "lab/index.html.j2" %}
{% block html_head_css %}{{ super() }}
<style>.jp-RenderedText pre { white-space: pre !important; overflow-x: auto }</style>
{% endblock %}
{% block input %}
{%- if cell.metadata.get("jupyter", {}).get("source_hidden") -%}
<details class="jp-Cell-inputArea" style="font: 13px sans-serif"><summary>Show the code</summary>
{{ super() }}</details>
{%- else -%}{{ super() }}{%- endif -%}
{% endblock %}
{% block outputs %}
{%- if cell.metadata.get("jupyter", {}).get("outputs_hidden") -%}
<details class="jp-OutputArea jp-Cell-outputArea"><summary>Show the result</summary>
{{ super() }}</details>
{%- else -%}{{ super() }}{%- endif -%}
{% endblock %}
"""


def page(path):
    """The notebook at that path as one HTML file."""
    from nbconvert import HTMLExporter

    notebook = with_live_outputs(nbformat.read(path, as_version=4))
    text, _ = HTMLExporter(raw_template=TEMPLATE).from_notebook_node(notebook)
    return text


def main(selection):
    found = sorted((ROOT / "notebooks").glob("*.ipynb"))
    chosen = [path for path in found if path.name.startswith(tuple(selection))]
    if not chosen:
        sys.exit(__doc__.rstrip())
    folder = ROOT / "build" / "html"
    folder.mkdir(parents=True, exist_ok=True)
    for path in chosen:
        made = folder / path.with_suffix(".html").name
        made.write_text(page(path), encoding="utf-8")
        print(f"Open {made.relative_to(ROOT)} in a browser.")


if __name__ == "__main__":
    main(sys.argv[1:])
