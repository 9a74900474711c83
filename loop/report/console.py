"""The table that ends a run in the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from loop.report.metrics import METRICS, Report, Unit, figure_of, format_bounds, format_value
from loop.report.summary import ROUND_KEYS, final_metrics, overall_of, round_name, rounds_of
from multipl_e.pages.code import visible

MAX_ROUNDS = 5

# Written once beside the name, where the report repeats it in every cell.
_UNITS: dict[Unit, str] = {"share": " %", "deviations": " sd"}


def final_table(report: Report) -> Table:
    """Metrics by round, with the last round's 95 % intervals; fits 80 columns.

    A long run shows its first round and its last ones. Differences are left to the report.
    """
    rounds = list(enumerate(rounds_of(report)))
    shown = rounds if len(rounds) <= MAX_ROUNDS else [rounds[0], *rounds[1 - MAX_ROUNDS :]]
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("round", overflow="fold")
    for position, entry in shown:
        name = round_name(entry, position)
        table.add_column(Text(visible(name)), justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    last = final_metrics(report)
    for key in ROUND_KEYS:
        metric = METRICS[key]
        figures = [figure_of(overall_of(entry).get(key)) for _, entry in shown]
        if any(figures) and metric.unit != "points":
            unit = _UNITS.get(metric.unit, "")
            written = [format_value(figure, metric.unit).removesuffix(unit) for figure in figures]
            bounds = format_bounds(figure_of(last.get(key)), metric.unit)
            style = "bold" if key == "best_of_n" else ""
            label = f"{metric.label},{unit}" if unit else metric.label
            table.add_row(label, *written, bounds, style=style)
    return table
