"""Drawing paper: Matplotlib figures that become small, themeable, reproducible inline SVGs.

Colours are placeholders that turn into CSS variables, so one drawing serves light and dark pages;
text stays text in the page's own font. Legends are HTML (see the template): they wrap on a phone.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH_INCHES = 5.8

_NAMES = ("ink", "muted", "grid", *(f"c{i}" for i in range(10)))
# Nearly black, and never drawn: each stands for the CSS variable of its name.
_PLACEHOLDERS = {name: f"#0102{position:02x}" for position, name in enumerate(_NAMES)}


@dataclass(frozen=True, slots=True)
class Legend:
    """What a colour stands for; `area` for filled shapes, else a line with dashes and a marker."""

    label: str
    colour: str
    dashes: str = ""
    marker: str = ""
    area: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """A finished plot: its heading, its caption, its inline SVG (with alternative text)."""

    title: str
    caption: str
    alt: str
    svg: Markup
    legends: tuple[Legend, ...]


def colour(name: str) -> str:
    """The placeholder of a CSS variable: ink, muted, grid, c0 … c9."""
    return _PLACEHOLDERS[name]


class Sheet:
    """A figure of one or more panels below each other.

    Args:
        title: The plot's heading; it also salts the SVG's ids, which must differ within a page.
        num_rows: Number of panels.
        height: Height of a panel in inches.
    """

    def __init__(self, title: str, *, num_rows: int = 1, height: float = 3.3) -> None:
        self.title = title
        with mpl.rc_context(_style()):
            self._figure = Figure(figsize=(WIDTH_INCHES, height * num_rows), layout="constrained")
            rows = self._figure.subplots(num_rows, 1, squeeze=False, sharex=True)
            self.axes: list[Axes] = [row[0] for row in rows]

    def line(
        self,
        x: Sequence[float],
        y: Sequence[float],
        name: str,
        dashes: str = "",
        marker: str = "",
        *,
        row: int = 0,
    ) -> None:
        """Draw a line in a panel, as its `Legend` describes it."""
        style: dict[str, Any] = {"dashes": [float(d) for d in dashes.split()]} if dashes else {}
        self.axes[row].plot(
            x, y, color=colour(name), lw=2, marker=marker or None, ms=5.5, mew=0, **style
        )

    def plot(self, caption: str, alt: str, legends: Sequence[Legend]) -> Plot:
        """Finish the drawing."""
        return Plot(self.title, caption, alt, self._svg(alt), tuple(legends))

    def _svg(self, alt: str) -> Markup:
        buffer = io.StringIO()
        with mpl.rc_context({**_style(), "svg.hashsalt": self.title}):
            # No metadata: a date would make two renderings of one report differ.
            metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
            self._figure.savefig(buffer, format="svg", metadata=metadata)
        return Markup(_inline(buffer.getvalue(), alt))


def _style() -> dict[Any, Any]:
    ink, muted, grid = colour("ink"), colour("muted"), colour("grid")
    return {
        "svg.fonttype": "none",
        "font.size": 13,
        "axes.titlesize": 13,
        "axes.labelsize": 13,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "text.parse_math": False,
        "text.color": ink,
        "axes.labelcolor": ink,
        "axes.titlecolor": ink,
        "axes.edgecolor": muted,
        "xtick.color": muted,
        "ytick.color": muted,
        "xtick.labelcolor": ink,
        "ytick.labelcolor": ink,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": grid,
        "grid.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "lines.scale_dashes": False,
    }


def _inline(svg: str, alt: str) -> str:
    """Turn a stand-alone SVG file into an element of a page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    # A style element would hold for the whole page: page.css says the same of plots alone.
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    # Ids of mere groups repeat from plot to plot; only those that are referred to are kept.
    svg = re.sub(r'<g id="[\w.]+">', "<g>", svg)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    for name, placeholder in _PLACEHOLDERS.items():
        svg = svg.replace(placeholder, f"var(--{name})")
    label = html.escape(alt, quote=True)
    # Width and height come from CSS; the viewBox keeps the proportions.
    head, _, body = svg.partition(">")
    head = re.sub(r' (width|height|version)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{label}">{body}'.strip()
