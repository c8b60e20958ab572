"""How the pages of this folder become a site: ``python -m sphinx -W docs docs/_build``."""

from __future__ import annotations

import argparse
import importlib
import os
import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import gan_repro
from gan_repro.__main__ import COMMANDS

project, author, version = "gan_repro", "The gan_repro contributors", gan_repro.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_show_tb = True  # a cell that fails is a warning, and so an error
nb_execution_timeout = 300

napoleon_numpy_docstring = False
default_role = "code"  # one backtick in a docstring is code
autodoc_mock_imports = ["torch_fidelity"]  # torchmetrics imports it where it is, be it without torchvision
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "exclude-members": "model_config"}

html_theme = "pydata_sphinx_theme"
html_title = "gan_repro"
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False, "show_prev_next": False}

_OUT_OF_HERE = re.compile(r"(?<!!)\[([^\]]+)\]\(\.\./([^)]+)\)")


class Commands(SphinxDirective):
    """The help of each subcommand, from the parser that the command itself uses."""

    def run(self) -> list[nodes.Node]:
        """Return a section a command."""
        os.environ["COLUMNS"] = "100"
        found: list[nodes.Node] = []
        for name, (module, about) in COMMANDS.items():
            parser = argparse.ArgumentParser(prog=f"gan-repro {name}")
            importlib.import_module(module).configure(parser)
            section = nodes.section(ids=[f"gan-repro-{name}"], names=[name])
            section += nodes.title(text=f"gan-repro {name}")
            module = module.removesuffix(".__main__")
            section += nodes.paragraph(text=f"{about[0].upper()}{about[1:]}. Also python -m {module}.")
            section += nodes.literal_block(text=parser.format_help(), language="text")
            found.append(section)
        return found


def name_files_outside(app: Sphinx, name: str, source: list[str]) -> None:
    """Turn links to files outside this folder, which a site does not have, into their paths in a clone."""
    source[0] = _OUT_OF_HERE.sub(
        lambda link: f"`{link[2]}`" if link[1] == link[2] else f"{link[1]} (`{link[2]}`)", source[0]
    )


def keep_whole(app: Sphinx, what: str, name: str, it: object, options: object, lines: list[str]) -> None:
    """Keep napoleon from taking what stands before a colon in an attribute's description for its type."""
    if what in ("attribute", "property") and lines and ":" in lines[0]:
        lines[0] = f": {lines[0]}"


def leave_to_attributes(
    app: Sphinx, what: str, name: str, it: object, options: object, arguments: str, returned: str
) -> tuple[str, None] | None:
    """Leave out the signature of a record: its fields are listed, with what they mean."""
    is_record = hasattr(it, "model_fields") or hasattr(it, "__dataclass_fields__")
    return ("", None) if what == "class" and is_record else None


def setup(app: Sphinx) -> None:
    """Add the directive, the links, and how records are shown."""
    app.add_directive("commands", Commands)
    app.connect("source-read", name_files_outside)
    app.connect("autodoc-process-docstring", keep_whole, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", leave_to_attributes)
