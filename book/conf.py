"""Sphinx's settings for the HTML edition; `make book` (tools/book.py) prepares what they read."""

import inspect
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools import book

project = "Machine learning, lesson by lesson"
html_title = project
author = copyright = "the authors of the course"
language = "en"

extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath", "html_image"]
myst_heading_anchors = 4
myst_heading_slug_func = "tools.book.anchor"  # the anchors that JupyterLab gives
myst_dmath_double_inline = True

# The stored outputs are shown, nothing is executed; no widget code from the network.
nb_execution_mode = "off"
nb_ipywidgets_js = {}

# Modules say in NumPy style what they do. Names in single backticks become links where there is
# something of that name.
default_role = "py:obj"
napoleon_google_docstring = False
napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # as they are written, without this machine's paths
autodoc_typehints_format = "short"
autodoc_mock_imports = ["safetensors", "torch"]  # heavy, and needed for their names only
python_use_unqualified_type_names = True
maximum_signature_line_length = 70
html_domain_indices = False

# MathJax comes from an installed package and lies in the book itself. An unknown command becomes
# an error that the tests find; the context menu would make every formula a stop of the Tab key.
mathjax_path = f"{book.MATHJAX_FOLDER}/{book.MATHJAX_SCRIPT}"
mathjax_options = {"defer": "defer"}
mathjax3_config = {
    "tex": {"packages": {"[-]": ["noundefined"]}},
    "options": {"enableMenu": False},
    "chtml": {"scale": 0.95},
}

html_theme = "furo"
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {
        "color-brand-primary": "#0a5a99",
        "color-brand-content": "#0a5a99",
        "color-brand-visited": "#6b3fa0",
        "jp-success-color1": "#1b7f3b",
        "jp-error-color1": "#b3261e",
        "jp-info-color1": "#1a6396",
        "jp-border-color1": "#757575",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc0ff",
        "color-brand-content": "#7cc0ff",
        "color-brand-visited": "#c9a6ff",
        "jp-success-color1": "#5fd38a",
        "jp-error-color1": "#ff8a80",
        "jp-info-color1": "#7cc0ff",
        "jp-border-color1": "#9e9e9e",
    },
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
# Excerpts in the search results would be fetched, which browsers refuse for pages on the disk.
html_show_search_summary = False


def complete_pictures(app, doctree):
    """Give every stored figure its text for those who cannot see it, and its width."""
    from docutils import nodes

    notebook = Path(app.srcdir, f"{app.env.docname}.ipynb")
    if notebook.is_file():
        pictures = book.stored_pictures(notebook)
        for image in doctree.findall(nodes.image):
            said = pictures.get(Path(image["uri"]).stem, {})
            image["alt"] = said.get("alt", image.get("alt", ""))
            if "width" in said:
                image["width"] = f"{said['width']}px"


def improve_accessibility(app, page, template, context, doctree):
    """Say the level of the side bar's headings; name what is folded by its own words."""
    tree = "furo_navigation_tree"
    heading = '<p class="caption" role="heading"'
    context[tree] = context.get(tree, "").replace(heading, f'{heading} aria-level="2"')
    if "body" in context:
        context["body"] = context["body"].replace(' aria-label="Toggle hidden content"', "")
        context["body"] = re.sub(
            r'<dt class="sig .*?</dt>', plain_signature, context["body"], flags=re.DOTALL
        )


def plain_signature(found):
    """Write a signature's parameters as lines: Sphinx takes a list of definitions without terms."""
    text = found[0]
    for tag, line in ("dl", '<span class="parameters">'), ("dd", "<span>"):
        text = text.replace(f"<{tag}>", line).replace(f"</{tag}>", "</span>")
    return text


def name_attributes(app, doctree):
    """Call the attributes of a class so, as its docstring does; Sphinx says "Variables"."""
    from docutils import nodes

    for name in doctree.findall(nodes.field_name):
        if name.astext() == "Variables":
            name.children = [nodes.Text("Attributes")]


def keep_property_text(app, what, name, obj, options, lines):
    """Take a property's docstring as it is: napoleon reads words before a colon as a type."""
    if what == "property":
        lines[:] = [*inspect.getdoc(obj).splitlines(), ""]


def readable_default(app, what, name, obj, options, signature, returns):
    """Show "..." for a default that a dataclass makes anew for each object."""
    return (signature or "").replace("<factory>", "...") or None, returns


def setup(app):
    """Called by Sphinx."""
    app.connect("doctree-read", name_attributes)
    app.connect("autodoc-process-docstring", keep_property_text, priority=900)  # after napoleon
    app.connect("autodoc-process-signature", readable_default)
    app.connect("doctree-read", complete_pictures)
    app.connect("html-page-context", improve_accessibility, priority=900)  # after the theme
