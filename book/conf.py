"""How `make book` turns the notebooks, as they are stored, into web pages."""

import sys
from pathlib import Path

import mathjax

BOOK = Path(__file__).resolve().parent
ROOT = BOOK.parent
sys.path[:0] = [str(BOOK), str(ROOT / "tools"), str(ROOT)]

from set_repository import HOST, repository  # noqa: E402

project = "Activation functions, from the inside"
html_title = project
author = "The mini_autograd authors"

# The source folder is the whole repository: so the links between its files hold as they stand.
extensions = ["myst_nb", "sphinx_external_toc", "sphinx.ext.autodoc", "docstrings"]
external_toc_path = "book/contents.yml"
include_patterns = ["notebooks/**.ipynb", "GLOSSARY.md", "TEACHING.md", "book/**.md", "book/**.rst"]
exclude_patterns = [".*", "build", "mini_autograd", "tests", "**/.ipynb_checkpoints"]

nb_execution_mode = "off"
nb_custom_formats = {".ipynb": "stored.read"}
nb_code_prompt_show = "Show the {type}"
nb_code_prompt_hide = "Hide the {type}"
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3

# The reference is made of the docstrings of the package beside this folder.
autodoc_preserve_defaults = True
add_module_names = False

# MathJax draws the formulas from a copy that the pages carry along.
mathjax_path = "tex-svg.js"
mathjax_file = Path(mathjax.__file__).parent / "static" / "mathjax" / "es5" / mathjax_path

html_theme = "sphinx_book_theme"
html_static_path = ["course.css", str(mathjax_file)]
html_css_files = ["course.css"]
html_extra_path = ["index.html"]
# The download button gives the notebook, not a text file.
html_sourcelink_suffix = ""
html_use_index = False
html_theme_options = {
    "repository_url": HOST + repository(ROOT),
    "repository_branch": "HEAD",
    "use_repository_button": True,
    "navbar_persistent": [],
    "toc_title": "On this page",
    "launch_buttons": {"binderhub_url": "https://mybinder.org", "notebook_interface": "jupyterlab"},
}
