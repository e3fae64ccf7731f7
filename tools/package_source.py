"""The package's top-level definitions as exact source text, for the build cells that show them."""

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Definition:
    """A function, class or constant of a module, with the rules and comments that belong to it."""

    file: str  # as a build cell names it: "mini_autograd/engine.py"
    name: str
    source: str
    is_constant: bool = False


class UnshowableSource(Exception):
    """A module holds a top-level statement that no build cell could show."""


def definitions(root: Path) -> dict[tuple[str, str], Definition]:
    """Every definition of the package by (file, name), but the explorers: no cell shows those."""
    package = root / "mini_autograd"
    files = (
        path for path in sorted(package.rglob("*.py")) if package / "explore" not in path.parents
    )
    found = (
        one for path in files for one in _definitions_of(path, path.relative_to(root).as_posix())
    )
    return {(definition.file, definition.name): definition for definition in found}


def _definitions_of(path: Path, file: str) -> list[Definition]:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found: list[Definition] = []
    for position, node in enumerate(ast.parse(text).body):
        is_docstring = (
            position == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        )
        if is_docstring or isinstance(node, ast.Import | ast.ImportFrom):
            continue
        decorators = getattr(node, "decorator_list", [])
        start = min(part.lineno for part in [node, *decorators]) - 1
        if name := _defined_name(node):
            while start and lines[start - 1].startswith("#"):
                start -= 1
            is_constant = isinstance(node, ast.Assign | ast.AnnAssign)
            first_line = start
        elif found and _owner(node) == found[-1].name:
            name, is_constant = found.pop().name, False
        elif (owner := _owner(node)) in [definition.name for definition in found]:
            raise UnshowableSource(f"{file}:{node.lineno}: should stand directly beneath {owner}")
        else:
            raise UnshowableSource(
                f"{file}:{node.lineno}: neither an import, a definition nor a rule"
            )
        source = "\n".join(lines[first_line : node.end_lineno])
        found.append(Definition(file, name, source, is_constant))
    return found


def _defined_name(node: ast.stmt) -> str | None:
    """The name that a statement defines; None for `def _`, which only its decorator keeps."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) if name != "_":
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return None


def _owner(node: ast.stmt) -> str | None:
    """Whose `@relu.vjp def _`, `relu.vjp(...)` or `relu.x = ...` this is: relu's."""
    match node:
        case ast.FunctionDef(decorator_list=[expression, *_]):
            pass
        case ast.Expr(value=expression) | ast.Assign(targets=[expression]):
            pass
        case _:
            return None
    while isinstance(expression, ast.Attribute | ast.Call):
        expression = expression.value if isinstance(expression, ast.Attribute) else expression.func
    return expression.id if isinstance(expression, ast.Name) else None
