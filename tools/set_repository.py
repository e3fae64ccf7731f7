"""Say where the project lives.

python tools/set_repository.py owner/name           rewrite every link to the repository
python tools/set_repository.py --once owner/name    only if nobody has yet; commit, and push

The address stands in pyproject.toml; this rewrites it there and in every link that follows from it:
badges, Binder, the pages of the notebooks.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST = "https://github.com/"
NOBODY = "OWNER/REPO"


def repository(root: Path) -> str:
    """owner/name, as pyproject.toml has it."""
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["urls"]["Repository"].removeprefix(HOST)


def linking_files(root: Path) -> list[Path]:
    """The files that may hold links to the repository."""
    patterns = [
        "pyproject.toml",
        "CITATION.cff",
        "*.md",
        "*/*.md",
        "notebooks/*.ipynb",
        "notebooks/solutions/*.ipynb",
    ]
    found = {path for pattern in patterns for path in root.glob(pattern)}
    return sorted(path for path in found if not path.relative_to(root).parts[0].startswith("."))


def set_repository(name: str, root: Path) -> list[Path]:
    """Write owner/name wherever the old one stands; return the files that changed."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise SystemExit(f"expected owner/name, not {name!r}")
    old = re.compile(rf"(?<![\w.-]){re.escape(repository(root))}(?![\w-])")
    changed = []
    for path in linking_files(root):
        text = path.read_text(encoding="utf-8")
        if old.search(text):
            path.write_text(old.sub(name, text), encoding="utf-8", newline="\n")
            changed.append(path)
    return changed


def set_once(name: str, root: Path) -> bool:
    """Where the links name no repository yet: write owner/name, commit and push; say whether."""
    if repository(root) != NOBODY:
        return False
    changed = set_repository(name, root)
    for command in (
        ["git", "add", *changed],
        ["git", "commit", "--quiet", "--message", f"Links lead to {name}"],
        ["git", "push", "--quiet", "origin", "HEAD"],
    ):
        subprocess.run(command, cwd=root, check=True)
    return True


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--once", name]:
            set_once(name, ROOT)
            print(f"links lead to {repository(ROOT)}")
        case [name]:
            print(*(path.relative_to(ROOT) for path in set_repository(name, ROOT)), sep="\n")
        case _:
            sys.exit(__doc__)
