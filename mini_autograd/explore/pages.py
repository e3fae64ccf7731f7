"""Stored outputs as HTML, alive in any browser."""

import html
import json

from mini_autograd.explore.live import LIVE, SPEC


def with_live_outputs(notebook):
    """The notebook, with HTML in the outputs for which it stores a spec.

    It shows the picture or the text until live.js puts in its place what the spec describes. The
    script stands in the page itself, as browsers load no module from a file.
    """
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    live = [output for output in outputs if SPEC in output.get("data", {})]
    for output in live:
        output.data["text/html"] = _html(output.data.pop(SPEC), output)
    if live:
        live[-1].data["text/html"] += f'<script type="module">{LIVE.read_text("utf-8")}</script>'
    return notebook


def _html(spec, output):
    # "<" would end the script if "/script" came after it.
    text = json.dumps(spec, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")
    still = output.data.get("text/html") or _picture(output)
    return f'<div>{still}<script type="application/json" class="ma-spec">{text}</script></div>'


def _picture(output):
    width = output.metadata["image/png"]["width"]
    alt = html.escape(output.data["text/plain"])
    picture = output.data.pop("image/png").replace("\n", "")
    return f'<img src="data:image/png;base64,{picture}" width="{width}" alt="{alt}">'
