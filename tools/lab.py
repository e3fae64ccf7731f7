"""Open the course in JupyterLab: the start page, and a server that answers sliders without delay.

Further arguments go to JupyterLab: python tools/lab.py --port=8899
"""

import os
import sys
from pathlib import Path

from jupyterlab.labapp import LabApp

from kernel_settings import KERNEL_SETTINGS, PACKAGE_PATH

ROOT = Path(__file__).resolve().parent.parent
FRONT = ROOT / "mini_autograd" / "explore" / "front"
START_PAGE = "notebooks/00_start.ipynb"


def main(arguments: list[str]) -> None:
    for name, value in KERNEL_SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ["PYTHONPATH"] = PACKAGE_PATH
    configuration = [str(ROOT / "tools" / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, configuration))
    LabApp.launch_instance([*options(), *arguments])


def options() -> list[str]:
    chosen = [
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{START_PAGE}",
        # Before the copy that the set-up has made, which may be that of an older edition.
        f"--LabServerApp.extra_labextensions_path={FRONT}",
        "--ServerApp.answer_yes=True",  # one Ctrl-C is enough
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        chosen.append("--allow-root")  # containers often know no other user
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not has_display:
        chosen.append("--no-browser")  # else a text browser might take over the terminal
    return chosen


if __name__ == "__main__":
    main(sys.argv[1:])
