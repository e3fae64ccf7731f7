"""The package stays small: every definition fits a notebook cell, all of it an afternoon.

What no chapter needs, and what a reader could write as an exercise, is no part of it. Whoever comes
up against a limit looks first for what can go.
"""

import ast
import io
import re
import tokenize

import pytest

from notebooks import ROOT

PACKAGE = ROOT / "mini_autograd"
EXPLORE = set(PACKAGE.glob("explore/*.py"))
TRACE = {PACKAGE / f"{name}.py" for name in ("numpy_functions", "trace", "trees")}
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef
LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}

LONGEST = 25
# The functions and methods that are longer, and why they are not cut in pieces. A class is read
# method by method.
LONGER = {
    "explore/explored.py: Explored.__init__": "half of it lists the arguments, one a line",
}


def code_lines(source):
    """The numbers of the lines that hold code: no blank ones, no comments, no docstrings."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT | {tokenize.COMMENT}:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node):
            lines.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def functions(node, prefix=""):
    """Every function and method below a node of the syntax tree, with its qualified name."""
    for child in ast.iter_child_nodes(node):
        inner = prefix
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            inner = f"{prefix}{child.name}."
            if isinstance(child, ast.FunctionDef):
                yield inner[:-1], child
        yield from functions(child, inner)


def function_lengths(source):
    """How many lines of code every function and method has, decorators and all."""
    lines = code_lines(source)
    return {
        name: len(lines.intersection(range(first_line(node), node.end_lineno + 1)))
        for name, node in functions(ast.parse(source))
    }


def first_line(function):
    return min(node.lineno for node in [function, *function.decorator_list])


SAMPLE = '''"""Doc."""

# why
def f(
    x,
):
    """Doc
    more."""
    return x


class A:
    @property
    def g(self):
        if self:

            def h():
                pass

        return h
'''


def test_what_counts_as_code():
    assert len(code_lines(SAMPLE)) == 11
    assert function_lengths(SAMPLE) == {"f": 4, "A.g": 6, "A.g.h": 2}


def test_every_definition_fits_a_cell():
    longer = {
        f"{path.relative_to(PACKAGE).as_posix()}: {name}"
        for path in PACKAGE.rglob("*.py")
        for name, length in function_lengths(path.read_text(encoding="utf-8")).items()
        if length > LONGEST
    }
    assert longer == set(LONGER)


# A function or a method of JavaScript, from its name to the brace that closes it.
JAVASCRIPT = re.compile(
    r"^(?P<indent> *)(?:class |function )?(?P<name>\w+)[^\n;]*\{(?: //[^\n]*)?\n"
    r"(?P<body>.*?)^(?P=indent)\}",
    flags=re.MULTILINE | re.DOTALL,
)


def javascript_lengths(source):
    """How many lines of code each function of JavaScript has, also those within another."""
    lengths = {}
    for found in JAVASCRIPT.finditer(source):
        body = [line for line in found["body"].splitlines() if line.strip()]
        inner = javascript_lengths(found["body"])
        lengths |= inner
        if not found[0].lstrip().startswith(("class ", "const ", "export ")):
            lengths[found["name"]] = 2 + sum(not line.lstrip().startswith("//") for line in body)
    return lengths


def test_every_function_of_javascript_fits_a_cell():
    sample = "class A {\n  f(a) { // why\n    // more\n    return a;\n  }\n}\n"
    sample += "function g() {\n\n  const h = 1;\n}\n"
    assert javascript_lengths(sample) == {"f": 3, "g": 3}
    sources = {path.name: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.js")}
    lengths = javascript_lengths(sources["live.js"])
    entry = javascript_lengths("function all() {\n" + sources["remoteEntry.js"] + "}\n")
    assert len(lengths) > 60 and entry["all"] > 20
    assert {name: n for name, n in (lengths | entry).items() if n > LONGEST} == {}
    assert max(len(line) for source in sources.values() for line in source.splitlines()) <= 100


# What there is, and a twentieth.
@pytest.mark.parametrize(
    ("files", "limit"),
    [(set(PACKAGE.rglob("*.py")) - EXPLORE - TRACE, 1965), (TRACE, 570), (EXPLORE, 2100)],
    ids=["engine, functions, networks", "trace", "explorers"],
)
def test_the_package_is_small(files, limit):
    assert sum(len(code_lines(path.read_text(encoding="utf-8"))) for path in files) <= limit
