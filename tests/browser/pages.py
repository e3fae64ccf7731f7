"""Pages without a server and without a kernel, with what outputs that were stored show there."""

import base64
import json

import nbformat

from mini_autograd.explore.live import LIVE
from mini_autograd.explore.pages import with_live_outputs

FRAME = """<!DOCTYPE html><html lang="en" data-theme="{theme}"><head><title>Explorers</title>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>
body {{ margin: 16px; background: {paper}; color: {ink} }}
html {{ --jp-layout-color0: {paper}; --jp-content-font-color1: {ink} }}
</style></head><body><main class="jp-OutputArea">{body}</main></body></html>"""
THEMES = {"light": dict(paper="#fff", ink="#222"), "dark": dict(paper="#111", ink="#ddd")}
HOSTILE = "</script><img src=x onerror=\"window.hit = 1\"><b id='hostile'>&lt;i&gt;"
# What a screen reader is told from here on, one after the other, in window.said.
LISTEN = """() => {
    window.said = [];
    const status = document.querySelector('[role=status]');
    new MutationObserver(() => said.push(status.textContent))
        .observe(status, {childList: true, subtree: true});
}"""


def document(bundles, theme="light"):
    """A page with these outputs."""
    outputs = [
        nbformat.v4.new_output("display_data", dict(data), metadata=metadata)
        for data, metadata in bundles
    ]
    cells = [nbformat.v4.new_code_cell(outputs=outputs)]
    with_live_outputs(nbformat.v4.new_notebook(cells=cells))
    body = "".join(output.data.get("text/html", "") for output in outputs)
    return FRAME.format(theme=theme, body=body, **THEMES[theme])


# What anywidget gives a running cell. The kernel is this test: it hears questions, and answers.
MODEL = """([spec, answered]) => {
    const hear = [], state = {spec, answered: revived(answered)};
    const model = {
        get: name => state[name],
        on: (event, f) => hear.push([event, f]),
        send: question => window.kernel(question),
    };
    function revived(text) {
        return JSON.parse(text, (key, one) => one?.bytes === undefined ? one :
            new DataView(Uint8Array.from([0, 0, 0, ...atob(one.bytes)].map(
                c => c && c.charCodeAt())).buffer, 3));
    }
    window.told = text => {
        state.answered = revived(text);
        for (const [event, f] of hear) if (event === "change:answered") f();
    };
    live.render({model, el: document.querySelector("main")});
}"""


class Kernel:
    """A page in which a widget runs, and what its kernel was asked."""

    def __init__(self, page, widget):
        self.page, self.widget, self.asked, self.answers = page, widget, [], True
        page.expose_function("kernel", self.hear)
        page.evaluate(
            """async source => {
                const file = new Blob([source], {type: "text/javascript"});
                window.live = (await import(URL.createObjectURL(file))).default;
            }""",
            LIVE.read_text(encoding="utf-8"),
        )
        page.evaluate(MODEL, [widget.spec, self.answered()])

    def answered(self):
        return json.dumps(
            self.widget.answered, default=lambda v: {"bytes": base64.b64encode(v).decode()}
        )

    def hear(self, question):
        self.asked.append(question)
        if self.answers:
            self.answer()

    def go(self):
        """Be there no more, as after a restart: JupyterLab throws an error then."""
        self.page.evaluate("() => { window.kernel = () => { throw Error('Cannot send'); }; }")

    def answer(self, place=-1):
        """Answer what was asked, the last question unless told otherwise."""
        question = self.asked[place]
        self.widget.tell(question["values"], question["question"])
        self.page.evaluate("text => void setTimeout(() => told(text))", self.answered())


def settle(page):
    page.wait_for_timeout(400)  # the sliders have come to rest, and the answer is there


# Whether a path of straight pieces passes through a label, of whose box a little air is no part.
# Cut off at the sides of the box, above it and below, something of a piece is left.
MEETS = r"""
    const meets = (path, {x, y, width, height}) => {
        const box = [[x + 1, x + width - 1], [y + 4, y + height - 4]];
        const pieces = path.getAttribute('d').matchAll(/([ML])(\S+) ([^ML]+)/g);
        let before;
        for (const [, pen, ...point] of pieces) {
            const cuts = box.map((sides, axis) => sides.map(
                side => (side - before?.[axis]) / (point[axis] - before?.[axis])));
            const [from, to] = [Math.max(0, ...cuts.map(cut => Math.min(...cut))),
                Math.min(1, ...cuts.map(cut => Math.max(...cut)))];
            if (pen === 'L' && from < to) return true;
            before = point;
        }
        return false;
    };
"""
