"""How quickly an explorer answers: from a key to pixels, in a real JupyterLab and in a page.

    python -m benchmarks.latency

Beside each figure stands that of an empty handler in the same page, which only repaints: nobody can
be quicker. The server is the one that `make lab` starts, with nothing and with 150 ms added to the
way to it; the browser is the system's Chromium, without a window. Figures are medians and 95th
percentiles, for a machine that does nothing else.
"""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
from playwright.sync_api import sync_playwright

from mini_autograd.explore import explore
from mini_autograd.nn.functional.squashing import sigmoid

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import live_page  # noqa: E402

KEYS, MOVES = 45, 90
SETTING = """\
import numpy as np
from mini_autograd.nn.functional.squashing import sigmoid

def curve(x, alpha, beta):
    return sigmoid(alpha * x + beta)
"""
SOURCES = {
    "explorer": """\
from mini_autograd.explore import explore

explore(curve, name="sigmoid", alpha=(0.1, 4, 1.0, 0.01), beta=(-3, 3, 0.0))
""",
    # The same two panels, as most notebooks have them: a new figure each time.
    "interact": """\
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider, interact

x = np.linspace(-6, 6, 481)

@interact(alpha=FloatSlider(1.0, min=0.1, max=4, step=0.01), beta=(-3.0, 3.0))
def draw(alpha, beta):
    figure, axes = plt.subplots(2, figsize=(6.4, 4.2))
    y = curve(x, alpha, beta)
    axes[0].plot(x, y)
    axes[1].plot(x, alpha * y * (1 - y))
    plt.show()
""",
    # One figure, whose lines get new data.
    "ipympl": """\
%matplotlib widget
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider, interact

x = np.linspace(-6, 6, 481)
figure, axes = plt.subplots(2, figsize=(6.4, 4.2))
lines = [panel.plot(x, 0 * x)[0] for panel in axes]
axes[0].set_ylim(-0.1, 1.1), axes[1].set_ylim(-0.1, 1.1)

@interact(alpha=FloatSlider(1.0, min=0.1, max=4, step=0.01), beta=(-3.0, 3.0))
def draw(alpha, beta):
    y = curve(x, alpha, beta)
    lines[0].set_ydata(y)
    lines[1].set_ydata(alpha * y * (1 - y))
    figure.canvas.draw_idle()
""",
}
SOURCES["by the kernel"] = """\
from mini_autograd.explore import explore

explore(lambda x, alpha, beta: curve(x, float(alpha), beta), name="sigmoid",
        alpha=(0.1, 4, 1.0, 0.01), beta=(-3, 3, 0.0))
"""
# The way to the kernel takes so long in addition, as to a server far away.
FARTHER = """
delay => {
    const {send} = WebSocket.prototype;
    WebSocket.prototype.send = function (data) { setTimeout(() => send.call(this, data), delay); };
}
"""
# A message posted in the frame of a change arrives when that frame is painted. What counts as a
# change: what moves in a picture of live.js, a new image, or an image drawn on ipympl's canvas.
WATCH = """
() => {
    window.painted = [];
    let pressed = 0, inFrame = false;
    addEventListener('keydown', () => { pressed = performance.now(); }, true);
    const posted = then => {
        const channel = new MessageChannel();
        channel.port1.onmessage = then;
        channel.port2.postMessage(0);
    };
    const frame = requestAnimationFrame;
    window.requestAnimationFrame = draw => frame(time => {
        inFrame = true;
        posted(() => { inFrame = false; });
        draw(time);
    });
    const painted = begun => posted(() => window.painted.push([begun, performance.now()]));
    const changed = () => {
        const begun = pressed;
        if (inFrame) painted(begun);
        else frame(() => painted(begun));
    };
    const empty = document.createElement('div');
    empty.id = 'empty';
    empty.tabIndex = 0;
    Object.assign(empty.style, {position: 'fixed', zIndex: 1e6, top: 0, left: 0, padding: '4px'});
    empty.addEventListener('keydown', () => {
        empty.textContent = Math.random();
        changed();
    });
    document.body.append(empty);
    const picture = document.querySelector('.ma svg[role="img"]');
    if (picture) {
        const what = {childList: true, subtree: true};
        return void new MutationObserver(changed).observe(picture, what);
    }
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...all) {
        changed();
        return draw.apply(this, all);
    };
    const images = node => node.matches?.('img') || node.querySelector?.('img');
    new MutationObserver(records => {
        if (records.some(record => [...record.addedNodes].some(images))) changed();
    }).observe(document.querySelector('.jp-Notebook'), {childList: true, subtree: true});
}
"""


def main():
    report("kernel, one answer", kernel_times())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        for slower in 1, 4:
            in_a_page(browser, slower)
        for name in SOURCES:
            if name == "ipympl" and not importlib.util.find_spec("ipympl"):
                print("ipympl is not installed, and left out")
            else:
                in_jupyterlab(browser, name)
        browser.close()


def in_a_page(browser, slower):
    """An explorer in a page without a kernel, on a processor that is so many times slower."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    explorer = sigmoid_explorer()
    data, metadata = explorer._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", dict(data), metadata=metadata)
    cell = nbformat.v4.new_code_cell(outputs=[output])
    live_page.with_live_outputs(nbformat.v4.new_notebook(cells=[cell]))
    page.set_content(f"<!DOCTYPE html><body>{output.data['text/html']}</body>")
    page.get_by_role("slider").first.wait_for()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.evaluate(WATCH)
    both(page, f"page without a kernel, {slower}x slower")
    page.close()


def in_jupyterlab(browser, name):
    with lab(SETTING + SOURCES[name]) as address:
        for delay in (0, 150) if name in ("explorer", "by the kernel") else (0,):
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            page.add_init_script(f"({FARTHER})({delay})")
            page.goto(f"{address}/lab/tree/latency.ipynb?reset")
            page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=60_000)
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            page.get_by_role("slider").first.wait_for()
            page.wait_for_timeout(6000)  # until JupyterLab no longer moves the focus
            page.evaluate(WATCH)
            both(page, f"{name} in JupyterLab, +{delay} ms")
            if name == "explorer":
                drag(page)
            page.close()


def both(page, what):
    report(what, key_times(page, page.get_by_role("slider").first))
    report("    an empty handler there", key_times(page, page.locator("#empty")))


def report(what, milliseconds):
    median, late = np.percentile(milliseconds, [50, 95])
    print(f"{what}: median {median:.1f} ms, 95th percentile {late:.1f} ms", flush=True)


def sigmoid_explorer():
    return explore(
        lambda x, alpha, beta: sigmoid(alpha * x + beta), alpha=(0.1, 4, 1.0), beta=(-3, 3, 0.0)
    )


def kernel_times():
    """Milliseconds from the question of a page to the answer that is sent."""
    explorer, times = sigmoid_explorer(), []
    for i in range(400):
        begun = time.perf_counter()
        explorer.tell(dict(alpha=0.1 + 0.05 * (i % 78), beta=0, cursor=1), str(i))
        times.append(1000 * (time.perf_counter() - begun))
    print(f"bytes an answer: {sum(map(len, explorer.answered['found'].values()))}")
    return times[20:]


def key_times(page, place):
    """Milliseconds from an arrow key to the last picture that it led to, one key at a time."""
    place.focus()
    page.evaluate("() => { window.painted = []; }")
    for i in range(KEYS):
        page.keyboard.press("ArrowRight" if i % 60 < 30 else "ArrowLeft")
        page.wait_for_timeout(300)
    painted = {}
    for begun, end in page.evaluate("() => window.painted"):
        painted.setdefault(begun, end)
    print(f"keys that led to a picture: {len(painted)} of {KEYS}")
    return [end - begun for begun, end in list(painted.items())[5:]]


def drag(page):
    """Move the mouse over the slider as fast as frames come, and count the pictures."""
    box = page.get_by_role("slider").first.bounding_box()
    share = page.get_by_role("slider").first.evaluate("e => (e.value - e.min) / (e.max - e.min)")
    x, y = box["x"] + 8 + share * (box["width"] - 16), box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("() => { window.painted = []; }")
    for i in range(MOVES):
        page.mouse.move(x + 1.5 * (i + 1 if i < 60 else 119 - i), y)
        page.wait_for_timeout(10)
    page.mouse.up()
    during = page.evaluate("() => window.painted.length")
    page.wait_for_timeout(500)
    after = page.evaluate("() => window.painted.length") - during
    print(f"pictures for {MOVES} mouse moves: {during}, and after the release: {after}")


@contextlib.contextmanager
def lab(source):
    """The address of a JupyterLab as `make lab` starts it, on one notebook with an explorer."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, Path(folder, "latency.ipynb"))
        shutil.copytree(ROOT / "tools", Path(folder, "tools"))  # it serves the folder it is in
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, "tools/lab.py", "--no-browser", f"--port={port}"]
        command.append("--IdentityProvider.token=")
        own = ["JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"]
        environment = os.environ | {name: str(Path(folder, name)) for name in own}
        log = subprocess.DEVNULL
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            while not answers(address):
                if server.poll() is not None:
                    raise RuntimeError("JupyterLab did not start; try tools/lab.py by itself")
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def answers(address):
    try:
        return urllib.request.urlopen(f"{address}/api/status", timeout=1).status == 200
    except OSError:
        return False


if __name__ == "__main__":
    main()
