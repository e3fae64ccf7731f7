"""A second engine: what live.js shows in Firefox is what it shows in Chromium."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest
import websocket
from pages import document
from test_chapters import ALL
from test_drawing_page import neuron_drawing, steps_drawing

from mini_autograd.explore.live import SPEC
from notebooks import ROOT, code_cells, notebook_paths, read

FIREFOX = next(filter(None, map(shutil.which, ["firefox-esr", "firefox"])), None)
# Every slider goes to its ends and back, each time until the page stands still.
TOUR = """async () => {
    const frames = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 20)));
    const told = [], places = [...document.querySelectorAll(".ma")];
    const seen = one => { // without the place that speaks a while later
        const copy = one.cloneNode(true);
        copy.querySelectorAll(".ma-hidden").forEach(spoken => spoken.remove());
        return copy.textContent;
    };
    const tell = () => told.push(places.map(seen).join(" ")
        + [...document.querySelectorAll(".ma svg[role=img]")].map(e => e.ariaLabel).join(" "));
    tell();
    for (const range of document.querySelectorAll(".ma input[type=range]"))
        for (const value of [range.min, range.max, range.value]) {
            range.value = value;
            range.dispatchEvent(new Event("input", {bubbles: true}));
            await frames();
            tell();
        }
    const presets = '.ma:has([role=grid]) .ma-buttons button'; // of a sheet to paint on
    for (const preset of document.querySelectorAll(presets)) {
        preset.click();
        await frames();
        tell();
    }
    return JSON.stringify([told, window.problems]);
}"""
# A picture that changes its size when it is drawn is measured again in the next frame, no more.
WATCHED = """<script>
    window.problems = [];
    window.onerror = e => `${e}`.includes("ResizeObserver") || window.problems.push(`${e}`);
</script>"""


class Firefox:
    """A headless Firefox, spoken to in WebDriver BiDi, which it knows without another program."""

    def __init__(self, folder):
        command = [FIREFOX, "--headless", "--no-remote", "--profile", str(folder)]
        command += ["--remote-debugging-port=0", "about:blank"]
        log = folder / "firefox.log"
        with log.open("w") as file:
            self.process = subprocess.Popen(command, stderr=file)
        for _ in range(300):
            if listening := re.search(r"BiDi listening on (\S+)", log.read_text()):
                break
            time.sleep(0.1)
        address = f"{listening[1]}/session"
        self.socket = websocket.create_connection(address, suppress_origin=True, timeout=60)
        self.calls = 0
        self.call("session.new", capabilities={})
        self.context = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def call(self, method, **parameters):
        self.calls += 1
        self.socket.send(json.dumps(dict(id=self.calls, method=method, params=parameters)))
        while (answer := json.loads(self.socket.recv())).get("id") != self.calls:
            pass  # an event
        assert answer["type"] == "success", answer
        return answer["result"]

    def run(self, path, function):
        """What a function returns in the page at that path, as text."""
        self.call(
            "browsingContext.navigate", context=self.context, url=path.as_uri(), wait="complete"
        )
        target = dict(context=self.context)
        answer = self.call(
            "script.callFunction", functionDeclaration=function, target=target, awaitPromise=True
        )
        return answer["result"]["value"]

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    if not FIREFOX:
        words = "no Firefox: install firefox-esr or firefox"
        pytest.fail(words) if os.environ.get("CI") == "true" else pytest.skip(words)
    opened = Firefox(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


LIVE_CHAPTERS = {
    path.stem: [
        (output.data, output.metadata)
        for cell in code_cells(read(path))
        for output in cell.outputs
        if SPEC in output.get("data", {})
    ]
    for path in notebook_paths(ROOT, [] if ALL else ["01"])
}
LIVE_CHAPTERS["drawings"] = [make()._repr_mimebundle_() for make in (neuron_drawing, steps_drawing)]


def told(text):
    """What was said, without digits of rounding errors, which each engine has of its own."""
    stages, problems = json.loads(text)
    assert problems == []
    return [re.sub(r"\de.\d+|\b0\b", "little", stage) for stage in stages]


@pytest.mark.parametrize("chapter", [name for name, live in LIVE_CHAPTERS.items() if live])
def test_firefox_shows_what_chromium_shows(chapter, firefox, browser, tmp_path):
    path = tmp_path / f"{chapter}.html"
    path.write_text(
        document(LIVE_CHAPTERS[chapter]).replace("<title>", f"{WATCHED}<title>"), "utf-8"
    )
    page = browser.new_page()
    page.goto(path.as_uri())
    stages = told(page.evaluate(TOUR))
    page.close()
    assert len({*stages}) > 2  # something moved
    assert told(firefox.run(path, TOUR)) == stages
