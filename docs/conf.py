"""Sphinx settings."""

project = "GeoBFDT"
author = "the GeoBFDT founders"
copyright = "2026, the GeoBFDT founders"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
html_theme = "pydata_sphinx_theme"
html_title = "GeoBFDT"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
autosummary_generate = False
suppress_warnings = ["ref.python"]
