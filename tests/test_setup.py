"""From nothing to a running course: make, the wheel, Colab, the hooks and jobs that call them."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml
from jupyter_core.paths import jupyter_config_path

import server_settings
from kernel_settings import PACKAGE_PATH
from mini_autograd.explore.live import FRONT
from notebooks import ROOT, code_cells, kernel_environment, read

needs_shell = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("make"), reason="it takes make and a Unix shell"
)

# --- make -----------------------------------------------------------------------------------------

# Notes what it is asked and what it is told, and plays the virtual environment too.
STAND_IN = """#!/bin/sh
case "$*" in
    "-m venv"*) mkdir -p .venv/bin; cp stand-in .venv/bin/python ;;
    "-I -c import pip;"*) echo alive; exit ;;
esac
echo "$*" >> asked
env >> told
"""


@pytest.fixture
def checkout(tmp_path):
    """What make looks at, and a stand-in for Python."""
    for name in ["Makefile", "pyproject.toml", "constraints.txt"]:
        shutil.copy(ROOT / name, tmp_path)
    for folder in ["tools/jupyter", "mini_autograd/explore/front"]:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    write_program(tmp_path / "stand-in", STAND_IN)
    return tmp_path


def write_program(path, text):
    path.write_text(text)
    path.chmod(0o755)


def make(checkout, **environment):
    """Set up by make; return what Python was asked to do for it."""
    (checkout / "asked").unlink(missing_ok=True)
    command = ["make", ".venv/server.stamp", f"PYTHON={checkout / 'stand-in'}"]
    environment = {"PATH": os.environ["PATH"]} | environment
    subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True)
    return (checkout / "asked").read_text() if (checkout / "asked").is_file() else ""


@needs_shell
def test_a_set_up_installs_the_course_and_the_server_s_settings_once(checkout):
    asked = make(checkout)
    assert re.search(r"-m pip install .*--constraint constraints\.txt --editable \.\[lab\]", asked)
    assert asked.endswith("tools/server_settings.py\n")
    assert make(checkout) == ""


@needs_shell
@pytest.mark.parametrize(
    ("name", "installs"),
    [
        ("constraints.txt", True),
        ("tools/jupyter/labconfig/page_config.json", False),
        ("mini_autograd/explore/front/mini-autograd/live.js", False),
    ],
)
def test_what_a_set_up_was_made_from_renews_it(checkout, name, installs):
    make(checkout)
    later = (checkout / ".venv" / "server.stamp").stat().st_mtime + 10
    os.utime(checkout / name, (later, later))
    asked = make(checkout)
    assert asked.endswith("tools/server_settings.py\n") and ("pip install" in asked) == installs


@needs_shell
@pytest.mark.parametrize("exit_code", [None, 1], ids=["gone", "of another version"])
def test_a_set_up_whose_python_sees_nothing_is_made_again(checkout, exit_code):
    make(checkout)
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    if exit_code:
        write_program(python, f"#!/bin/sh\nexit {exit_code}\n")
    assert "-m venv --clear .venv" in make(checkout)
    assert make(checkout) == ""


@needs_shell
def test_nothing_that_the_shell_tells_python_reaches_into_a_set_up(checkout):
    names = ["PIP_PREFIX", "PIP_TARGET", "PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH"]
    make(checkout, PIP_USER="1", **dict.fromkeys(names, "/elsewhere"))
    told = (checkout / "told").read_text().splitlines()
    assert "PIP_USER=0" in told and "PIP_USER=1" not in told
    assert [line for line in told if line.endswith("=/elsewhere")] == []


# --- The server and its kernels -------------------------------------------------------------------


def test_settings_go_where_every_server_of_this_python_looks(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    for _ in range(2):  # a set-up may be renewed
        server_settings.main()
    copies = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    extension = "share/jupyter/labextensions/mini-autograd"
    assert copies == {
        "etc/jupyter/jupyter_server_config.py",
        "etc/jupyter/labconfig/page_config.json",
        *(f"{extension}/{name}" for name in ["live.js", "package.json", "remoteEntry.js"]),
    }


def test_jupyterlab_finds_what_shows_stored_explorers(tmp_path, monkeypatch):
    from jupyterlab_server.config import get_federated_extensions

    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    server_settings.main()
    for folder in tmp_path / "share/jupyter/labextensions", FRONT:
        found = get_federated_extensions([str(folder)])["mini-autograd"]
        assert Path(found["ext_path"], found["jupyterlab"]["_build"]["load"]).is_file()


def test_servers_that_are_started_otherwise_read_the_settings_too():
    installed, source = Path(sys.prefix, "etc", "jupyter"), ROOT / "tools" / "jupyter"
    assert str(installed) in jupyter_config_path()
    server, page = "jupyter_server_config.py", "labconfig/page_config.json"
    assert (installed / server).read_bytes() == (source / server).read_bytes()
    # JupyterLab itself adds to this one.
    ours, theirs = (json.loads((folder / page).read_text()) for folder in (source, installed))
    assert theirs | ours == theirs


def test_kernels_import_this_package_whatever_the_reader_s_path_holds(tmp_path, monkeypatch):
    import lab  # half a second of JupyterLab's, which no other test needs

    other = tmp_path / "other"
    other.mkdir()
    (other / "numpy.py").write_text("raise ImportError('another NumPy')")
    monkeypatch.setenv("PYTHONPATH", str(other))
    monkeypatch.setattr(lab.LabApp, "launch_instance", lambda _: None)
    in_tests = kernel_environment(str(tmp_path))
    lab.main([])
    code = "import mini_autograd; print(mini_autograd.__file__)"
    for environment in [in_tests, os.environ]:
        run = [sys.executable, "-c", code]
        done = subprocess.run(run, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.stdout.startswith(PACKAGE_PATH), done.stderr


# --- The wheel ------------------------------------------------------------------------------------

OUTSIDE = """
import importlib.metadata, json, sys
import matplotlib.pyplot as plt
import mini_autograd
from mini_autograd.data import digits
from mini_autograd.experiment import contest
from mini_autograd.explore import explore
from mini_autograd.explore.live import LIVE

plt.style.use("mini_autograd.course")
images, labels = digits()
chosen, judged, loss = contest("relu", 1, "default", 0.01, seed=0, epochs=1)
print(json.dumps({
    "file": mini_autograd.__file__,
    "version": mini_autograd.__version__,
    "metadata": importlib.metadata.metadata("mini_autograd").json,
    "size": plt.rcParams["figure.figsize"],
    "digits": len(labels),
    "read": judged,
    "live": LIVE.is_file(),
}))
"""


def test_the_wheel_is_complete(tmp_path):
    source, site = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    for name in ["pyproject.toml", "README.md", "LICENSE"]:
        shutil.copy(ROOT / name, source)
    without_cache = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "mini_autograd", source / "mini_autograd", ignore=without_cache)
    pip = [sys.executable, "-m", "pip", "--quiet", "--no-input"]
    build = ["wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path]
    subprocess.run([*pip, *build, source], check=True)
    [wheel] = tmp_path.glob("*.whl")
    install = ["install", "--no-index", "--no-deps", "--no-compile", "--target", site]
    subprocess.run([*pip, *install, wheel], check=True)

    environment = os.environ | {"PYTHONPATH": str(site)}
    run = [sys.executable, "-c", OUTSIDE]
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert Path(found["file"]).is_relative_to(site)
    assert found["metadata"]["version"] == found["version"]
    assert found["metadata"]["description"].startswith("# Activation functions")
    assert (found["digits"], found["size"]) == (1797, [7.0, 3.6])
    assert found["read"] > 200 and found["live"]


# --- Colab ----------------------------------------------------------------------------------------


def test_colab_s_recipe_leads_a_running_kernel_to_the_package(tmp_path):
    """As in a kernel of Colab: nothing of the course is installed, NumPy is imported already."""
    text = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
    recipe = re.search(r"\*\*Colab\*\*.*?```text\n(.*?)```", text, flags=re.DOTALL)[1].splitlines()
    [cloning] = [line for line in recipe if line.startswith("!")]
    assert re.fullmatch(r"!git clone -q https://github\.com/\S+ course", cloning)
    shutil.copytree(ROOT / "mini_autograd", tmp_path / "course" / "mini_autograd")
    (tmp_path / "course" / "notebooks").mkdir()

    steps = [re.sub(r"^%cd (.*)", r"import os; os.chdir('\1')", line) for line in recipe]
    first_cell = code_cells(read(ROOT / "notebooks" / "05_squashing.ipynb"))[0].source
    program = [
        f"import sys; sys.path.append({sysconfig.get_path('purelib')!r})",
        "import numpy",
        *(line for line in steps if line != cloning),
        first_cell,
        "import mini_autograd; print(mini_autograd.__file__)",
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "\n".join(program)],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = (tmp_path / "course" / "notebooks" / done.stdout.strip()).resolve()
    assert found.parent == tmp_path.resolve() / "course" / "mini_autograd"


# --- Hooks and jobs -------------------------------------------------------------------------------


@needs_shell
@pytest.mark.parametrize("place", ["bin/python", "Scripts/python.exe"])
def test_hooks_find_the_python_of_any_system(tmp_path, place):
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"].split()[0] for hook in hooks["repos"][0]["hooks"]]
    assert set(entries) == {"tools/in_venv"}
    missing = subprocess.run([ROOT / "tools/in_venv"], cwd=tmp_path, capture_output=True, text=True)
    assert missing.returncode == 1 and "No .venv here" in missing.stderr
    (tmp_path / ".venv" / place).parent.mkdir(parents=True)
    write_program(tmp_path / ".venv" / place, '#!/bin/sh\necho "$@"\n')
    command = [ROOT / "tools" / "in_venv", "-m", "ruff", "two words"]
    assert subprocess.check_output(command, cwd=tmp_path, text=True) == "-m ruff two words\n"


def jobs():
    """Every job of every workflow, by its name."""
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield from workflow["jobs"].items()


def test_a_job_does_nothing_that_cannot_be_done_here():
    """Each step is a command of the Makefile, a script that is here, or the installation."""
    commands = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    for name, job in jobs():
        for step in (step["run"] for step in job["steps"] if "run" in step):
            program, *arguments = step.split()
            if program == "make":
                assert set(arguments) <= set(commands), (name, step)
            elif "pip" not in arguments:
                assert (ROOT / arguments[0]).is_file(), (name, step)


def test_a_fork_keeps_its_links():
    condition = dict(jobs())["links"]["if"]
    assert "!github.event.repository.fork" in condition
    assert "vars.SET_REPOSITORY != 'no'" in condition


def test_the_web_edition_is_published_only_where_pages_are_switched_on():
    job = dict(jobs())["publish"]
    assert "github.event.repository.has_pages" in job["if"]
    assert {"run": "make book"} in job["steps"]
    assert {"path": "build/book"} in [step.get("with") for step in job["steps"]]
