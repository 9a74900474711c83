"""report.md: the report in brief, for a terminal or a repository."""

from __future__ import annotations

import re

from loop.report.metrics import METRICS, Report
from loop.report.negatives import HardNegative, hard_negatives
from loop.report.summary import headline, key_figures, tables
from multipl_e.pages import Cell, Heading, Table
from multipl_e.pages.code import visible


def render_markdown(report: Report) -> str:
    """The run in GitHub-flavoured Markdown."""
    parts = ["# Reranker self-training", headline(report), "Plots: [report.html](report.html)."]
    if cards := key_figures(report):
        columns = tuple(
            Heading(label) for label in ("figure", "last round", "95 % interval", "before")
        )
        rows = tuple(
            (
                Heading(card.metric.label),
                (Cell(card.cell.value), Cell(card.cell.bounds), Cell(card.first_round)),
            )
            for card in cards
        )
        parts.append(_table(Table("Key figures", columns, rows)))
    parts.extend(_table(table) for table in tables(report))
    if negatives := hard_negatives(report):
        parts.append("## Programs that fooled the reranker")
        parts.extend(_negative(negative) for negative in negatives)
    parts.append("## What the figures mean")
    parts.append("\n".join(f"- **{m.label}**: {_line(m.meaning)}" for m in METRICS.values()))
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    lines = [
        _row([column.label for column in table.columns]),
        _row(["---", *["---:"] * (len(table.columns) - 1)]),
    ]
    lines += [_row([name.label, *(_written(cell) for cell in cells)]) for name, cells in table.rows]
    return f"## {_line(table.title)}\n\n" + "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(_line(cell) for cell in cells)} |"


def _written(cell: Cell) -> str:
    return f"{cell.value} ({cell.bounds})" if cell.bounds else cell.value


def _negative(negative: HardNegative) -> str:
    parts = [f"### {_line(negative.heading)}"]
    parts.append(_line(f"{negative.score} {negative.verdict}".strip()))
    program = "\n".join(part for part in (negative.prompt, negative.code) if part)
    parts.append(_fenced(program, negative.language))
    if negative.failing_test:
        parts.append("Failing test:\n\n" + _fenced(negative.failing_test, negative.language))
    return "\n\n".join(part for part in parts if part)


def _fenced(code: str, language: str) -> str:
    """A code block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{re.sub(r'[^0-9A-Za-z_+-]', '', language)}\n{code}\n{fence}"


def _line(text: str) -> str:
    """One line of prose in which nothing is markup."""
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", " ".join(visible(text).split()))
