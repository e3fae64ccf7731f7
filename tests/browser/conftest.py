"""A real JupyterLab on a copy of the course."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from functools import partial
from pathlib import Path

import pytest
from pages import Kernel, document

ROOT = Path(__file__).resolve().parents[2]
# What a notebook opened without its widgets would show.
ERROR_TEXTS = ["model not found", "Loading widget", "Error displaying widget", "Traceback"]
FAILED_OUTPUTS = ", ".join(
    f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ["error", "stderr"]
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def browser(chromium):
    with chromium() as opened:
        yield opened


@pytest.fixture
def show(browser):
    """show(bundles) opens them in a page; whatever goes wrong in it fails the test."""
    contexts, problems = [], []

    def shown(bundles, theme="light", **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.set_content(document(bundles, theme))
        return page

    yield shown
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def run(show):
    """run(widget): a page in which its cell has just run."""

    def ran(widget, theme="light", **options):
        return Kernel(show([], theme, **options), widget)

    return ran


@pytest.fixture(scope="session")
def lab_environment(tmp_path_factory):
    """An environment in which no setting or trust of this user is seen or changed."""
    folder = tmp_path_factory.mktemp("jupyter")
    names = ["JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"]
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    return environment | {name: str(folder / name.lower()) for name in names}


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A copy of the course, for Lab to save into."""
    folder = tmp_path_factory.mktemp("course")
    for part in ["assets", "mini_autograd", "notebooks", "tools"]:
        shutil.copytree(ROOT / part, folder / part)
    return folder


@pytest.fixture(scope="session")
def lab(course, lab_environment, tmp_path_factory):
    """The address of a JupyterLab that serves the copy, started as `make lab` starts it."""
    log_path = tmp_path_factory.mktemp("log") / "lab.log"
    with served(["tools/lab.py"], course, lab_environment, log_path) as address:
        yield f"{address}/lab/tree/notebooks"


@contextlib.contextmanager
def served(command, folder, environment, log_path):
    """The address of the Jupyter server that command starts, for as long as it is needed."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    options = ["--no-browser", f"--port={port}", "--IdentityProvider.token="]
    command = [sys.executable, *command, *options]
    with log_path.open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            wait_until_it_answers(address, server, log_path)
            yield address
        finally:
            server.terminate()
            server.wait(30)


def wait_until_it_answers(address, server, log_path):
    for _ in range(240):
        assert server.poll() is None, log_path.read_text()
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=1)
            return
        except OSError:
            time.sleep(0.25)
    pytest.fail(log_path.read_text())


@pytest.fixture(scope="session")
def error_texts():
    return ERROR_TEXTS


class OpenNotebook:
    """A notebook open in JupyterLab."""

    def __init__(self, page, address, name):
        self.page, self.address, self.name = page, address, name
        self.problems = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(f"{address}/{name}?reset")
        # What is sent before the kernel is connected is silently dropped.
        self.wait_until_idle()
        self.cells = page.locator(".jp-NotebookPanel .jp-CodeCell")

    def run_all(self, timeout=120):
        """Run all cells and wait until the last one is done, or one has failed."""
        # Without the stored counts, every count that shows up is this run's.
        self.menu("Edit", "Clear Outputs of All Cells")
        self.menu("Run", "Run All Cells")
        # A cell whose source is folded away shows no count.
        self.page.wait_for_function(
            """failures => {
                if (document.querySelector(failures)) return true;
                const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
                const shown = prompts.map(prompt => prompt.textContent.trim()).filter(Boolean);
                return shown.length && shown.every(text => /^\\[\\d+\\]:?$/.test(text));
            }""",
            arg=FAILED_OUTPUTS,
            timeout=timeout * 1000,
        )
        self.wait_until_idle()

    def wait_until_idle(self):
        """Wait until the kernel is connected, which only Lab's status bar says, and at rest."""
        status = self.page.locator("#jp-main-statusbar").get_by_text("| Idle")
        status.wait_for(timeout=60_000)

    def menu(self, menu, *items):
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        for item in items:
            self.page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()

    def set_theme(self, name):
        self.menu("Settings", "Theme", name)
        is_light = str("Dark" not in name).lower()
        self.page.locator(f"body[data-jp-theme-light={is_light}]").wait_for(state="attached")

    def error_outputs(self):
        """What went wrong, as the reader sees it or as the browser's console says."""
        outputs = self.page.locator(".jp-OutputArea").all_text_contents()
        shown = [text for text in ERROR_TEXTS if any(text in output for output in outputs)]
        return self.page.locator(FAILED_OUTPUTS).all_text_contents() + shown + self.problems


class OpenInNotebook7(OpenNotebook):
    """A notebook open in Notebook 7, which shows no status; the server knows it."""

    def wait_until_idle(self):
        for _ in range(240):
            self.page.wait_for_timeout(250)
            sessions = self.page.request.get(f"{self.address}/../../api/sessions").json()
            kernels = [one["kernel"] for one in sessions if one["path"].endswith(self.name)]
            states = [(one["connections"] > 0, one["execution_state"]) for one in kernels]
            if states == [(True, "idle")]:
                return
        pytest.fail("the kernel is not at rest after a minute")


@pytest.fixture
def open_notebook(lab, browser):
    """open_notebook("04_gradcheck.ipynb"): opens it in a browser window of its own."""
    contexts = []

    def open_in_window(name, address=lab, kind=OpenNotebook):
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}))
        return kind(contexts[-1].new_page(), address, name)

    yield open_in_window
    for context in contexts:
        context.close()


@pytest.fixture
def open_in_notebook_7(course, lab_environment, open_notebook, tmp_path):
    """The same in a Notebook 7 that serves the copy, started as one starts it anywhere."""
    command = ["-m", "notebook", "--allow-root"]
    with served(command, course, lab_environment, tmp_path / "notebook.log") as address:
        yield partial(open_notebook, address=f"{address}/notebooks/notebooks", kind=OpenInNotebook7)
