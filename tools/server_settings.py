"""Give every Jupyter server of this Python the course's settings and its live pictures.

However it is started: JupyterLab, Notebook 7, a hub.

python tools/server_settings.py    once the course's packages are installed
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What is copied, and to where below sys.prefix.
COPIES = {
    ROOT / "tools" / "jupyter": "etc/jupyter",
    ROOT / "mini_autograd" / "explore" / "front": "share/jupyter/labextensions",
}


def main() -> None:
    for source, place in COPIES.items():
        shutil.copytree(source, Path(sys.prefix, place), dirs_exist_ok=True)


if __name__ == "__main__":
    main()
