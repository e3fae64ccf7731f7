"""What is installed, pinned, configured and linked agrees with itself."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib

import nbformat
import pytest
import yaml
from jupyter_server.services.contents.filemanager import FileContentsManager
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from traitlets.config.loader import PyFileConfigLoader

from notebooks import METADATA, ROOT, read
from set_repository import linking_files, repository, set_repository

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


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


# --- Pins -----------------------------------------------------------------------------------------


def test_every_package_that_the_tests_run_with_is_pinned_at_its_version():
    extras = PROJECT["optional-dependencies"]
    names = needed([*PROJECT["dependencies"], *extras["lab"], *extras["test"]])
    installed = {name: importlib.metadata.version(name) for name in names}
    assert installed == {name: pins().get(name) for name in names}


def test_every_package_that_makes_the_book_is_pinned_at_its_version():
    pytest.importorskip("sphinx_book_theme", reason="`make book` installs it")
    names = needed(PROJECT["optional-dependencies"]["book"])
    installed = {name: importlib.metadata.version(name) for name in names}
    assert installed == {name: pins().get(name) for name in names}


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
    newest = re.search(r"^## (\S+)", changes, flags=re.MULTILINE)[1]
    assert citation["version"] == newest == PROJECT["version"]


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
    stand_in.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] && echo {tmp_path} || echo "$@" > {tmp_path}/asked\n'
    )
    stand_in.chmod(0o755)
    path = f"{stand_in.parent}:/usr/bin:/bin"
    subprocess.run([ROOT / "postBuild"], cwd=ROOT, env={"PATH": path}, check=True)
    assert (tmp_path / "asked").read_text() == "-m pip install --no-deps --editable .\n"
    installed = tmp_path / "etc" / "jupyter"
    assert (installed / "jupyter_server_config.py").is_file()
    assert (installed / "labconfig" / "page_config.json").is_file()


# --- The server -----------------------------------------------------------------------------------


def test_lab_reads_the_server_settings_and_opens_on_the_start_page():
    command = [sys.executable, ROOT / "tools" / "lab.py", "--show-config-json"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "PromptConnection" in shown
    assert "/lab/tree/notebooks/00_start.ipynb" in shown


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


def test_repository_name_is_checked(tmp_path):
    with pytest.raises(SystemExit, match="expected owner/name"):
        set_repository("only-a-name", tmp_path)
