"""Sphinx settings."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

from geobfdt import __version__

project = "GeoBFDT"
author = "the GeoBFDT founders"
copyright = "2026, the GeoBFDT founders"
version = release = __version__
extensions = [
    "myst_parser",
    "notebooks",
    "numpydoc",
    "signatures",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_notebooks", "**/GALLERY_HEADER.rst"]
templates_path = ["_templates"]
suppress_warnings = ["ref.python"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
numpydoc_show_class_members = False

# Links to other projects need the network. A missing inventory is a warning, and a warning ends the build: they are
# made where the variable is set.
if os.environ.get("DOCS_INTERSPHINX"):
    intersphinx_timeout = 5
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "xarray": ("https://docs.xarray.dev/en/stable", None),
    }

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": "/",
    # It takes minutes.
    "ignore_pattern": "operator_year",
    "within_subsection_order": "gallery_figures.order",
    "image_scrapers": ("gallery_figures.pictures",),
    "capture_repr": (),
    "download_all_examples": False,
    "show_signature": False,
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "GeoBFDT"
html_logo = html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {"index": []}
html_theme_options = {
    "logo": {"text": "GeoBFDT"},
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "show_nav_level": 1,
    "show_toc_level": 2,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
