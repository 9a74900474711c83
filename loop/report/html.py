"""report.html: one self-contained page, light and dark, for a desk and for a phone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from markupsafe import Markup

from loop.report.metrics import METRICS, Report
from loop.report.negatives import hard_negatives
from loop.report.plots import all_plots
from loop.report.summary import headline, key_figures, tables
from multipl_e.pages import render
from multipl_e.pages.code import highlighted, visible

_TEMPLATE = Path(__file__).parent / "run.html.j2"


def render_html(report: Report) -> str:
    """The page of a run; the same report gives the same bytes."""
    return render(
        _TEMPLATE,
        headline=headline(report),
        cards=key_figures(report),
        plots=all_plots(report),
        tables=tables(report),
        negatives=hard_negatives(report),
        settings=[
            (title, _yaml(report[key]))
            for key, title in (("config", "Configuration"), ("environment", "Environment"))
            if report.get(key)
        ],
        glossary=METRICS.values(),
    )


def _yaml(tree: object) -> Markup:
    plain = _plain(tree)
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    return highlighted(text.rstrip("\n"), "yaml")


def _plain(tree: object) -> object:
    """Nested plain data with spelled-out control characters, as YAML can hold it."""
    if isinstance(tree, Mapping):
        return {visible(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_plain(value) for value in tree]
    return tree if tree is None or isinstance(tree, bool | int | float) else visible(tree)
