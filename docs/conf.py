"""The configuration of Sphinx: ``make docs`` builds these pages, with warnings as errors."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Reading club"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Reading club"
html_copy_source = False
html_show_copyright = False

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_inherit_docstrings = False
autodoc_use_type_comments = False
# ``type[Event]`` in a signature is taken for each attribute that is called ``type``.
suppress_warnings = ["ref.python"]

OUTSIDE = {"../../CHANGELOG.md": "../changelog.md"}
"""Links to files outside this folder, as they are on the repository's pages and as built here."""

PACKAGES = {
    "domain": "reading_club.domain",
    "eventstream": "reading_club.eventstream",
    "testing": "reading_club.testing",
    "memory": "reading_club.adapters.memory",
    "sql": "reading_club.adapters.uow_sqla",
    "celery": "reading_club.adapters.eventstream",
}
"""The packages of the API reference, by the name of their page."""

CLUB = (
    "reading_club.adapters.memory.accounts",
    "reading_club.adapters.memory.read_models",
    "reading_club.adapters.uow_sqla.accounts",
    "reading_club.adapters.uow_sqla.migrations",
    "reading_club.adapters.uow_sqla.read_models",
    "reading_club.adapters.uow_sqla.testing",
    "reading_club.testing.contracts.club",
)
"""Packages that only the club itself needs."""


def modules_of(package: str) -> Iterator[str]:
    """Yield the public modules of a package, outer ones first."""
    yield package
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.rpartition(".")[2].startswith("_") and module.name not in CLUB:
            if module.ispkg:
                yield from modules_of(module.name)
            else:
                yield module.name


def write_api_pages(app: "Sphinx") -> None:
    """Write a page of the API reference for each package."""
    folder = Path(app.srcdir, "reference", "_api")
    folder.mkdir(exist_ok=True)
    for name, package in PACKAGES.items():
        lines = [f"``{package}``", "=" * 60]
        for module in modules_of(package):
            title = module.removeprefix(f"{package}.")
            lines += ["", f"``{title}``", "-" * 60, "", f".. automodule:: {module}"]
            lines += ["   :ignore-module-all:"]
            if exported := getattr(importlib.import_module(module), "__all__", ()):
                lines += ["", f"Importable from here: {', '.join(f'``{n}``' for n in exported)}."]
        text = "\n".join(lines) + "\n"
        page = folder / f"{name}.rst"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def resolve_links(_: "Sphinx", __: str, source: list[str]) -> None:
    """Let links to files outside this folder lead to the pages that include those files."""
    for outside, inside in OUTSIDE.items():
        source[0] = source[0].replace(f"]({outside})", f"]({inside})")


def setup(app: "Sphinx") -> None:
    """Connect the functions above."""
    app.connect("builder-inited", write_api_pages)
    app.connect("source-read", resolve_links)
