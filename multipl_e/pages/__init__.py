"""What the project's report pages share: self-contained HTML, light and dark, desk and phone.

A page extends ``page.html.j2`` and takes tables and plots from ``parts.html.j2``. Programs come
from `multipl_e.pages.code`, drawings from `multipl_e.pages.drawing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from multipl_e.pages.code import highlighted, style_rules

__all__ = ["Cell", "Heading", "Table", "render"]

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Cell:
    """A written figure and its written interval (empty where there is none)."""

    value: str
    bounds: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a column or a row is called, and the sentence that explains it."""

    label: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of written figures; the first column holds the rows' headings."""

    title: str
    columns: tuple[Heading, ...]
    rows: tuple[tuple[Heading, tuple[Cell, ...]], ...]


def render(template: Path, *, own_css: Path | None = None, **content: Any) -> str:
    """The page that a template makes of its content; the same content gives the same bytes.

    Args:
        template: The page's template; other templates are found beside it and here.
        own_css: Rules of this page alone.
        content: What the template shows.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, _HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["highlight"] = highlighted
    return environment.get_template(template.name).render(css=_style_sheet(own_css), **content)


def _style_sheet(own_css: Path | None) -> Markup:
    light, dark = style_rules("friendly", ".code"), style_rules("github-dark", ".code")
    files = [_HERE / "page.css", *([own_css] if own_css else [])]
    plain = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return Markup(f"{plain}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}")
