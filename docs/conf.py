"""Sphinx settings: `pip install '.[docs,plot]' && sphinx-build -W docs build/html`."""

from importlib.metadata import version as _version

project = "sparse_ot"
author = "the sparse_ot contributors"
version = release = _version("sparseot")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
napoleon_google_docstring = False
autodoc_member_order = "bysource"
exclude_patterns = ["build"]
html_theme = "furo"
