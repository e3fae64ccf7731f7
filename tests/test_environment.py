"""What is installed, pinned, configured and linked agrees with itself."""

import asyncio
import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from html import escape
from importlib.util import find_spec

import nbformat
import pytest
import yaml
from jupyter_server.services.contents.filemanager import FileContentsManager
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from traitlets.config.loader import PyFileConfigLoader

import mini_autograd
import try_versions
import upgrade_pins
from mini_autograd.explore.live import FRONT
from notebooks import METADATA, ROOT, read
from set_repository import NOBODY, linking_files, repository, set_once, set_repository

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))


def pins():
    found = upgrade_pins.pins(ROOT)
    return {canonicalize_name(name): version for name, version in found.items()}


INSTALLED = {canonicalize_name(one.name) for one in importlib.metadata.distributions()}


def needed(requirements, extras=()):
    """The names of all installed packages that requirements lead to."""
    found = {}
    todo = [Requirement(text) for text in requirements]
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        new_extras = (requirement.extras or {""}) - found.get(name, set())
        if not new_extras:
            continue
        found.setdefault(name, set()).update(new_extras)
        for text in importlib.metadata.requires(name) or []:
            child = Requirement(text)
            marker = child.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in new_extras):
                todo.append(child)
    return set(found)


def assert_pinned(names):
    """Each package is installed at its pin. Only what Linux needs is pinned; others need more."""
    installed = {name: importlib.metadata.version(name) for name in names}
    elsewhere = {} if sys.platform == "linux" else installed
    assert installed == {name: (elsewhere | pins()).get(name) for name in names}


# --- Pins -----------------------------------------------------------------------------------------


@pytest.mark.pinned
def test_every_package_that_the_tests_run_with_is_pinned_at_its_version():
    extras = PROJECT["optional-dependencies"]
    assert_pinned(needed([*PROJECT["dependencies"], *extras["lab"], *extras["test"]]))


@pytest.mark.pinned
@pytest.mark.parametrize(
    ("extra", "package", "command"),
    [("book", "sphinx-book-theme", "book"), ("mutation", "mutmut", "survivors")],
)
def test_every_package_that_one_command_needs_is_pinned_at_its_version(extra, package, command):
    if package not in INSTALLED:
        pytest.skip(f"`make {command}` installs it")
    assert_pinned(needed(PROJECT["optional-dependencies"][extra]))


def test_ci_compares_with_pytorch_at_its_pinned_version():
    if find_spec("torch"):
        assert Version(importlib.metadata.version("torch")).public == pins()["torch"]
    else:
        assert os.environ.get("CI") != "true"


@pytest.mark.pinned
def test_no_pin_asks_for_a_newer_python_than_the_course():
    pythons = WORKFLOW["jobs"]["pythons"]["strategy"]["matrix"]["python"]
    assert pythons[0] == upgrade_pins.oldest_python(ROOT) == "3.11.0"
    for name in pins():
        if name in INSTALLED:
            allowed = SpecifierSet(importlib.metadata.metadata(name).get("Requires-Python", ""))
            refused = [python for python in pythons if not allowed.contains(python)]
            assert refused == [], name


def test_environment_file_pins_what_the_course_needs_at_the_same_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *plain, with_pip = environment["dependencies"]
    direct = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lab"]]
    names = sorted(canonicalize_name(Requirement(text).name) for text in direct)
    assert with_pip["pip"] == [f"{name}=={pins()[name]}" for name in names]
    assert plain == ["python=3.11", "pip"]
    assert PROJECT["requires-python"] == ">=3.11"


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d\S+)", changes, flags=re.MULTILINE)[1]  # below "Unreleased"
    front = json.loads((FRONT / "mini-autograd" / "package.json").read_text(encoding="utf-8"))
    assert citation["version"] == newest == front["version"] == mini_autograd.__version__
    assert "version" in PROJECT["dynamic"]


def test_binder_finds_the_environment_file_and_nothing_before_it():
    # The files and folders that repo2docker would prefer.
    others = ["binder", ".binder", "Dockerfile", "Project.toml", "JuliaProject.toml", "REQUIRE"]
    others += ["default.nix", "install.R", "DESCRIPTION", "runtime.txt"]
    assert (ROOT / "environment.yml").is_file()
    assert [name for name in others if (ROOT / name).exists()] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Binder runs on Linux")
def test_binder_installs_the_course_and_the_server_settings(tmp_path):
    """postBuild with a stand-in for python that only says what it was asked."""
    stand_in = tmp_path / "bin" / "python"
    stand_in.parent.mkdir()
    stand_in.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    stand_in.chmod(0o755)
    path = f"{stand_in.parent}:/usr/bin:/bin"
    subprocess.run([ROOT / "postBuild"], cwd=ROOT, env={"PATH": path}, check=True)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["-m pip install --no-deps --editable .", "tools/server_settings.py"]


def test_other_versions_are_those_that_a_reader_may_have():
    lowest = try_versions.constraints("lowest", ROOT)
    assert (lowest["numpy"], lowest["scipy"]) == ("2.1.0", "1.14.0")
    others = {"numpy", "scipy"}
    assert {n: v for n, v in lowest.items() if n not in others} == {
        n: v for n, v in upgrade_pins.pins(ROOT).items() if n not in others
    }
    assert list(try_versions.constraints("newest", ROOT)) == ["torch"]


# --- Upgrading pins -------------------------------------------------------------------------------


def publish(index, name, version, python=">=3.9", needs=None):
    """Put a wheel of nothing but metadata into an index of packages."""
    page = index / name / "index.html"
    page.parent.mkdir(exist_ok=True)
    file, about = f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    with page.open("a") as links:
        links.write(f'<a href="{file}" data-requires-python="{escape(python)}">{file}</a>\n')
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(page.with_name(file), "w") as wheel:
        wheel.writestr(f"{about}/METADATA", metadata + (f"Requires-Dist: {needs}\n" * bool(needs)))
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")


def test_the_newest_version_is_one_that_the_oldest_python_runs(tmp_path, monkeypatch):
    publish(tmp_path, "soup", "1.0", needs="salt<2")
    publish(tmp_path, "soup", "2.0", python=">=3.11.5")
    publish(tmp_path, "salt", "1.5")
    publish(tmp_path, "salt", "2.5")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", tmp_path.as_uri())
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    def resolve(requirements, fixed, python):
        return upgrade_pins.resolve(sys.executable, requirements, fixed, python)

    assert resolve(["soup"], {}, "3.11.0") == {"soup": "1.0", "salt": "1.5"}
    assert resolve(["soup"], {}, "3.12.0") == {"soup": "2.0"}
    assert resolve(["salt"], {"salt": "1.5"}, "3.12.0") == {"salt": "1.5"}


def test_an_upgrade_rewrites_pins_and_says_what_changed(tmp_path, monkeypatch, capsys):
    for name in ["pyproject.toml", "constraints.txt", "environment.yml"]:
        shutil.copy(ROOT / name, tmp_path)
    written = [tmp_path / "constraints.txt", tmp_path / "environment.yml"]
    before = [path.read_bytes() for path in written]
    old = upgrade_pins.pins(tmp_path)
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    monkeypatch.setattr(upgrade_pins, "newest", lambda _: dict(reversed(old.items())))
    assert upgrade_pins.main(tmp_path) == 0
    assert capsys.readouterr().out == "Nothing newer.\n"
    assert [path.read_bytes() for path in written] == before

    new = {name: version for name, version in old.items() if name != "zipp"}
    new |= {"numpy": "3.0.1", "aiofiles": "1.0"}
    monkeypatch.setattr(upgrade_pins, "newest", lambda _: new)
    upgrade_pins.main(tmp_path)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["aiofiles", "-", "1.0"],
        ["numpy", old["numpy"], "3.0.1"],
        ["zipp", old["zipp"], "-"],
    ]
    assert upgrade_pins.pins(tmp_path) == new
    assert "- numpy==3.0.1\n" in (tmp_path / "environment.yml").read_text()
    assert (tmp_path / "constraints.txt").read_text().splitlines()[2] == "aiofiles==1.0"

    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    assert upgrade_pins.main(tmp_path) == 1
    assert "PYTHON=python3.11" in capsys.readouterr().out


# --- The server -----------------------------------------------------------------------------------


def test_lab_reads_the_server_settings_and_opens_on_the_start_page():
    command = [sys.executable, ROOT / "tools" / "lab.py", "--show-config-json"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "PromptConnection" in shown
    assert "/lab/tree/notebooks/00_start.ipynb" in shown
    # What shows stored explorers is served as it lies, not as the set-up has copied it.
    assert str(ROOT / "mini_autograd" / "explore" / "front") in shown


def server_settings():
    folder = ROOT / "tools" / "jupyter"
    return PyFileConfigLoader("jupyter_server_config.py", str(folder)).load_config()


def test_kernel_connections_switch_the_delay_off(monkeypatch):
    connection_class = server_settings().ServerApp.kernel_websocket_connection_class
    done = []
    monkeypatch.setattr(KernelWebsocketHandler, "set_nodelay", lambda _, value: done.append(value))
    monkeypatch.setattr(connection_class.__base__, "connect", lambda _: done.append("connected"))
    connection = connection_class.__new__(connection_class)
    connection.websocket_handler = KernelWebsocketHandler.__new__(KernelWebsocketHandler)
    connection.connect()
    assert done == [True, "connected"]


def test_an_export_by_the_server_is_alive():
    from nbconvert import HTMLExporter

    path = ROOT / "notebooks" / "00_start.ipynb"
    page, _ = HTMLExporter(config=server_settings()).from_filename(str(path))
    assert page.count('class="ma-spec"') == 1 and page.count("const VERSION = ") == 1


def test_what_the_server_saves_holds_pictures_but_no_widgets_and_no_version(tmp_path):
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1", "version_major": 2}}
    picture = {"image/png": "", "text/plain": "f"}
    with_view = nbformat.v4.new_output("display_data", view | picture, metadata=view)
    cells = [nbformat.v4.new_code_cell("f", id="f", outputs=[with_view])]
    cells.append(nbformat.v4.new_markdown_cell("text", id="text"))
    state = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}}}
    machine = {"language_info": METADATA["language_info"] | {"version": "3.14.1"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA | state | machine)
    contents = FileContentsManager(root_dir=str(tmp_path), config=server_settings())
    contents.save({"type": "notebook", "format": "json", "content": notebook}, "f.ipynb")
    contents.save({"type": "file", "format": "text", "content": "any"}, "notes.txt")

    saved = read(tmp_path / "f.ipynb")
    assert saved.metadata == METADATA
    given = asyncio.run(
        server_settings().ServerApp.contents_manager_class(root_dir=str(tmp_path)).get("f.ipynb")
    )
    language = given["content"]["metadata"]["language_info"]  # as a kernel will say it
    assert language == METADATA["language_info"] | {"version": platform.python_version()}
    assert [cell.source for cell in saved.cells] == ["f", "text"]
    assert (saved.cells[0].outputs[0].data, saved.cells[0].outputs[0].metadata) == (picture, {})
    assert (tmp_path / "notes.txt").read_text() == "any"


# --- Links ----------------------------------------------------------------------------------------


def addresses(root):
    """Every owner/name that a badge or launch link points to, with its file."""
    place = r"(?:mybinder\.org/v2/gh|nbviewer\.org/github|github\.com)"
    launch = re.compile(place + r"/([\w.-]+/[\w.-]+)/(?:HEAD|actions|blob|tree)")
    for path in linking_files(root):
        for name in launch.findall(path.read_text(encoding="utf-8")):
            yield path.name, name


def test_links_agree_on_the_repository():
    expected = repository(ROOT)
    assert {name for _, name in addresses(ROOT)} <= {expected}


def test_one_command_rewrites_every_link(tmp_path):
    for path in linking_files(ROOT):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    before = list(addresses(tmp_path))
    set_repository("ada-l/notes.on_it", tmp_path)
    assert repository(tmp_path) == "ada-l/notes.on_it"
    assert [file for file, _ in addresses(tmp_path)] == [file for file, _ in before]
    assert {name for _, name in addresses(tmp_path)} <= {"ada-l/notes.on_it"}
    set_repository(repository(ROOT), tmp_path)
    for path in linking_files(ROOT):
        assert (tmp_path / path.relative_to(ROOT)).read_bytes() == path.read_bytes()


def git(folder, *arguments):
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    return subprocess.check_output(["git", "-C", folder, *who, *arguments], text=True)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_first_push_writes_the_links_and_later_ones_nothing(tmp_path, monkeypatch):
    hosted, copy = tmp_path / "hosted.git", tmp_path / "copy"
    copy.mkdir()
    for name in ["pyproject.toml", "README.md"]:
        text = (ROOT / name).read_text(encoding="utf-8").replace(repository(ROOT), NOBODY)
        (copy / name).write_text(text, encoding="utf-8")
    git(tmp_path, "init", "--quiet", "--bare", hosted)
    git(copy, "init", "--quiet", "--initial-branch=main")
    git(copy, "remote", "add", "origin", hosted)
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message=first")
    for role in ["AUTHOR", "COMMITTER"]:
        monkeypatch.setenv(f"GIT_{role}_NAME", "a job")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "job@example.org")
    assert set_once("ada-l/notes", copy)
    assert not set_once("ada-l/notes", copy)
    assert not set_once("bob/fork", copy)
    assert git(hosted, "log", "--format=%s", "main").splitlines() == [
        "Links lead to ada-l/notes",
        "first",
    ]
    assert git(copy, "status", "--short") == ""
    assert repository(copy) == "ada-l/notes" and NOBODY not in (copy / "README.md").read_text()


def test_repository_name_is_checked(tmp_path):
    with pytest.raises(SystemExit, match="expected owner/name"):
        set_repository("only-a-name", tmp_path)
