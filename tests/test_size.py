"""The package stays small enough to be read in an afternoon.

What no chapter needs, and what a reader could write as an exercise, is no part of it. Whoever comes
up against a limit looks first for what can go.
"""

import ast
import io
import tokenize

import pytest

from notebooks import ROOT

PACKAGE = ROOT / "mini_autograd"
EXPLORE = set(PACKAGE.glob("explore/*.py"))
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef
LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def code_lines(source):
    """How many lines hold code: no blank ones, no comments, no docstrings."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT | {tokenize.COMMENT}:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node):
            lines.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


SAMPLE = '''"""Doc."""

# why
def f(
    x,
):
    """Doc
    more."""
    return x
'''


def test_what_counts_as_code():
    assert code_lines(SAMPLE) == 4


@pytest.mark.parametrize(
    ("files", "limit"),
    [(set(PACKAGE.rglob("*.py")) - EXPLORE, 1630), (EXPLORE, 1550)],
    ids=["engine, functions, networks", "explorers"],
)
def test_the_package_is_small(files, limit):
    assert sum(code_lines(path.read_text(encoding="utf-8")) for path in files) <= limit
