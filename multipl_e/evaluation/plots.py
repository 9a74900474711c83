"""The two plots of an evaluation: how many pass, and what became of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from multipl_e.evaluation.comparison import Comparison
from multipl_e.evaluation.written import percent
from multipl_e.languages import get_language
from multipl_e.metrics import Interval
from multipl_e.pages.drawing import Legend, Plot, Sheet, colour
from multipl_e.records import Status

_COLOURS = {
    "OK": "c2",
    "Exception": "c1",
    "SyntaxError": "c3",
    "Timeout": "c0",
    "Incomplete": "c4",
    "OutOfMemory": "c6",
    "OutputLimit": "c5",
}


def status_plot(summary: Mapping[str, Any]) -> Plot | None:
    """Share of every status per language, stacked."""
    names = [name for name, row in summary["languages"].items() if row["candidates"]]
    if not names:
        return None
    counts = {name: summary["languages"][name]["statuses"] for name in names}
    sheet = Sheet("What became of the candidates", height=_height(len(names)))
    axes = sheet.axes[0]
    left = [0.0] * len(names)
    legends, words = [], []
    for status in get_args(Status):
        shares = [100 * counts[n].get(status, 0) / sum(counts[n].values()) for n in names]
        if not any(shares):
            continue
        name = _COLOURS[status]
        axes.barh(range(len(names)), shares, left=left, height=0.66, color=colour(name), lw=0)
        left = [a + b for a, b in zip(left, shares, strict=True)]
        number = sum(counts[n].get(status, 0) for n in names)
        legends.append(Legend(f"{status} ({number:,})", name, area=True))
        words.append(f"{number} {status}")
    _rows(sheet, names)
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of candidates")
    caption = "In brackets the number over all languages."
    return sheet.plot(caption, f"Statuses of the candidates: {', '.join(words)}.", legends)


def pass_plot(summary: Mapping[str, Any], comparison: Comparison | None) -> Plot | None:
    """pass@1 per language with intervals; beside it the other evaluation's on shared tasks."""
    if comparison is not None:
        rows = [row for row in comparison.rows if row.language != "overall"]
        names = [row.language for row in rows]
        title = "pass@1 on the shared tasks"
        series = [([row.here for row in rows], "here", ("c0", "", "o"))]
        series.append(([row.there for row in rows], comparison.other, ("c1", "", "s")))
    else:
        found = {
            name: row["pass_at_k"]["1"]
            for name, row in summary["languages"].items()
            if row["pass_at_k"].get("1")
        }
        names = list(found)
        title = "pass@1 per language"
        series = [([Interval(**cell) for cell in found.values()], "pass@1", ("c0", "", "o"))]
    if not names:
        return None
    sheet = Sheet(title, height=_height(len(names)))
    legends, words = [], []
    for position, (values, label, look) in enumerate(series):
        # Side by side, so that two intervals do not cover each other.
        shift = (position - (len(series) - 1) / 2) * 0.3
        _dots(sheet, values, shift, look)
        legends.append(Legend(label, *look))
        words += [f"{label} {n} {percent(v.value)}" for n, v in zip(names, values, strict=True)]
    _rows(sheet, names)
    sheet.axes[0].set_xlim(-2, 102)
    sheet.axes[0].set_xlabel("%")
    caption = "Dots are means over tasks; bars are 95 % bootstrap intervals over tasks."
    return sheet.plot(caption, f"{title}: {'; '.join(words)}.", legends)


def _dots(
    sheet: Sheet, values: Sequence[Interval], shift: float, look: tuple[str, str, str]
) -> None:
    name, _, marker = look
    for y, value in enumerate(values):
        ends = (100 * value.low, 100 * value.high)
        sheet.axes[0].hlines(y + shift, *ends, color=colour(name), lw=1.8)
        sheet.axes[0].plot(
            [100 * value.value], [y + shift], color=colour(name), marker=marker, ms=6.5, mew=0
        )


def _rows(sheet: Sheet, names: Sequence[str]) -> None:
    axes = sheet.axes[0]
    axes.set_yticks(range(len(names)), [get_language(name).title for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def _height(num_rows: int) -> float:
    return max(1.6, 0.36 * num_rows + 0.9)
