# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sphinx's settings for the web pages (./dev docs)."""
import json
import pathlib
import re

from docutils import nodes

HERE = pathlib.Path(__file__).resolve().parent
VERSION = (HERE.parent.parent / "include/crosslane/version.hpp").read_text()

project = "Crosslane"
version = release = ".".join(re.findall(r"^#define CROSSLANE_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", VERSION, re.M))
extensions = ["myst_parser", "sphinx_copybutton"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # code with '...' in it
highlight_language = "cpp"
pygments_dark_style = "github-dark"

html_theme = "furo"
html_title = f"Crosslane {version}"
html_static_path = ["style"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
copybutton_prompt_text = "$ "

# 'xl::name' and what follows, 'ctx.name', or a name alone, with template arguments, or as a call
NAME = re.compile(r"(?:xl::(\w+(?:::\w+)*)(?:\W.*)?|ctx\.(?:template )?(\w+)(?:\W.*)?|(\w+(?:::\w+)*)(?:<.*>)?(?:\(.*\))?)", re.S)


def named(code, page, symbols):
    """The section of the operation that code names, on a page."""
    match = NAME.fullmatch(code)
    if not match:
        return None
    if match[3]:
        return symbols.get(f"{page}#{match[3]}") or ("_" in match[3] and symbols.get(match[3]))
    return symbols.get(match[1] or f"context::{match[2]}")


def link_names(app, doctree, page):
    """Code in text that names an operation leads to its section."""
    symbols = json.loads((pathlib.Path(app.srcdir) / "symbols.json").read_text())
    for literal in list(doctree.findall(nodes.literal)):
        found = named(literal.astext(), page, symbols)
        if not found:
            continue
        parents, node = set(), literal.parent
        while node is not None:
            parents.add(type(node))
            node = node.parent
        target, label = found
        if parents & {nodes.reference, nodes.title} or target == page:
            continue
        anchor = app.env.domains.standard_domain.anonlabels.get(label.lower(), (target, ""))[1]
        link = nodes.reference("", "", internal=True, refuri=f"{app.builder.get_relative_uri(page, target)}#{anchor}", classes=["operation"])
        literal.replace_self(link)
        link += literal


def breakable(app, page, template, context, doctree):
    """Lets long names in text and tables break where their parts do."""
    names = re.compile(r'(?<=<span class="pre">)[^<]+')
    context["body"] = names.sub(lambda match: re.sub(r"(_|::|\()(?=\w)", r"\1<wbr>", match[0]), context.get("body", ""))


def setup(app):
    app.connect("html-page-context", breakable)
    app.connect("doctree-resolved", link_names)
