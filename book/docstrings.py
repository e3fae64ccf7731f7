"""Docstrings as the reference shows them: word for word, with labels, links and their chapter.

A docstring is plain text, to be read in a cell and in help(). Nothing in it is markup but what
stands between backquotes, so `x * y` or `xavier_normal_` must not turn into emphasis or a link.
"""

import inspect
import re
from pydoc import locate

from sphinx.util.rst import escape

from mini_autograd.nn.activations import FunctionModule
from notebooks import ROOT, code_cells, notebook_paths, read, shown_definitions
from package_source import definitions

LABELLED = re.compile(r"(?:^|(?<=\. ))(?=(?:Gradient|Numerics|Raises|Reference): )")
SPECIAL = re.compile(
    r"`(?P<code>[^`]+)`|(?P<url>https?://\S*\w)|doi:(?P<doi>10\.\S*\w)|arXiv:(?P<arxiv>\d+\.\d+)"
    r"|(?P<function>nn\.functional\.\w+)"
)
LINKS = {"url": "", "doi": "https://doi.org/", "arxiv": "https://arxiv.org/abs/"}


def setup(app):
    app.connect("autodoc-process-docstring", show_docstring)
    app.connect("autodoc-process-signature", show_options)
    app.connect("object-description-transform", keep_quotes)


def show_docstring(app, what, name, thing, options, lines):
    """Turn the docstring into reST; without one, a definition of few lines speaks for itself."""
    definition = DEFINITIONS.get(id(thing))
    if definition and (what == "data" or not any(lines)):
        source = definition.source.replace("\n\n\n", "\n\n")
        lines[:] = ["::", "", *(f"    {line}" for line in source.split("\n"))]
    else:
        paragraphs = re.split(r"\n{2,}", "\n".join(lines).strip("\n"))
        lines[:] = "\n\n".join(map(as_rest, paragraphs)).split("\n")
    if definition:
        lines += ["", f":Built in: :doc:`/{BUILDERS[definition.file, definition.name]}`"]


def as_rest(paragraph):
    """One paragraph as reST: a doctest as it is, indented code, or text with labelled fields."""
    if paragraph.startswith(">>> "):
        return paragraph
    if paragraph.startswith("    "):
        return f"::\n\n{paragraph}"
    parts = filter(None, LABELLED.split(" ".join(paragraph.split("\n"))))
    return "\n\n".join(map(field_or_text, parts))


def field_or_text(text):
    label, colon, rest = text.partition(": ")
    return f":{label}: {inline(rest)}" if LABELLED.match(text) else inline(text)


def inline(text):
    """Every character stands for itself, but code between backquotes, and what can be a link."""
    rest, position = "", 0
    for found in SPECIAL.finditer(text):
        rest += escape(text[position : found.start()]) + code_or_link(found)
        position = found.end()
    return rest + escape(text[position:])


def code_or_link(found):
    kind, text = found.lastgroup, found[0]
    if kind == "code":
        return f"`{text}`"
    if kind == "function":
        return f":py:func:`{text} <mini_autograd.{text}>`"
    return f"`{text} <{LINKS[kind]}{found[kind]}>`__"


def show_options(app, what, name, thing, options, signature, returns):
    """What is passed: to the module of a function, what the function takes after its inputs."""
    if inspect.isclass(thing) and issubclass(thing, FunctionModule) and thing.function:
        parameters = list(inspect.signature(thing.function).parameters.values())
        return str(inspect.Signature(parameters[thing.inputs :])), returns
    # A default that is a class goes by its name.
    return signature and re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", signature), returns


def keep_quotes(app, domain, kind, content):
    """Quotes and dots stay as typed: "fan_in" is a string, and ... an index."""
    content["support_smartquotes"] = False


def find_definitions():
    """The definitions of the package by the id of what they define."""
    return {
        id(locate(f"{file.removesuffix('.py').replace('/', '.')}.{name}")): definition
        for (file, name), definition in definitions(ROOT).items()
    }


def find_builders():
    """The notebook whose build cell shows a definition, by the definition's file and name."""
    return {
        shown: path.relative_to(ROOT).with_suffix("").as_posix()
        for path in notebook_paths(ROOT)
        for cell in code_cells(read(path))
        for shown in shown_definitions(cell.source)
    }


DEFINITIONS, BUILDERS = find_definitions(), find_builders()
