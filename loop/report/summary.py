"""What the report says, before it is set in HTML, Markdown or a terminal table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loop.report.metrics import (
    METRICS,
    MISSING,
    STRATEGIES,
    Figure,
    Metric,
    Report,
    Unit,
    figure_of,
    format_bounds,
    format_seconds,
    format_value,
    mapping,
    mappings,
    metric_for,
    number,
    numbers,
    strategy_metric,
)
from multipl_e.pages import Cell, Heading, Table

CARD_KEYS = (
    "best_of_n",
    "gap_recovered",
    "pass_at_1",
    "best_of_n_logprob",
    "best_of_n_trunk",
    "oracle_pass_at_n",
    "roc_auc",
    "hard_negatives_mined",
    "hard_negatives_now_ranked_below_passing",
    "ppo_score_gain",
)
ROUND_KEYS = (
    "pass_at_1",
    "best_of_n_logprob",
    "best_of_n_trunk",
    "best_of_n",
    "oracle_pass_at_n",
    "gap_recovered",
    "roc_auc",
    "advantage_over_logprob",
    "advantage_over_trunk",
    "hard_negatives_mined",
    "hard_negatives_now_ranked_below_passing",
    "hard_negatives_on_fresh_tasks",
    "hard_negatives_now_ranked_below_passing_fresh",
    "ppo_score_gain",
    "ppo_score_gain_fresh",
    "reference_pass_rate",
    "ppo_pass_rate",
)
GROUP_KEYS = ("num_tasks", *ROUND_KEYS[:7])


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One figure of the last round, and what it was in the first."""

    metric: Metric
    cell: Cell
    first_round: str


def rounds_of(report: Report) -> list[Mapping[str, Any]]:
    """The finished rounds, in order."""
    return mappings(report.get("rounds"))


def round_name(entry: Mapping[str, Any], position: int) -> str:
    """What a round is called: its number, or its place where it has none."""
    return str(entry.get("round", position + 1))


def overall_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metrics over all tasks of a round."""
    return mapping(entry.get("overall"))


def final_metrics(report: Report) -> dict[str, Any]:
    """The last round's metrics, with those of ``final`` over them."""
    rounds, final = rounds_of(report), mapping(report.get("final"))
    merged = dict(overall_of(rounds[-1])) if rounds else {}
    merged.update({key: cell for key, cell in final.items() if figure_of(cell)})
    merged.update(overall_of(final))
    return merged


def headline(report: Report) -> str:
    """The result of the run in plain words."""
    metrics = final_metrics(report)
    first, picked, oracle, gap = (
        figure_of(metrics.get(key))
        for key in ("pass_at_1", "best_of_n", "oracle_pass_at_n", "gap_recovered")
    )
    if first is None and picked is None:
        return "No round of this run has been evaluated yet."
    tasks, samples = number(metrics.get("num_tasks")), _num_samples(report)
    of_samples = f" of {samples:.0f}" if samples else ""
    parts = []
    if first:
        parts.append(f"a single sample solves {_solved(first, tasks)}")
    if picked:
        parts.append(f"the reranker's pick{of_samples} solves {_solved(picked, tasks)}")
    if oracle:
        parts.append(f"an oracle would solve {_solved(oracle, tasks)}")
    sentence = f"Of {f'{tasks:.0f} held-out' if tasks else 'the held-out'} tasks "
    sentence += _listed(parts)
    if gap and gap.value > 0:
        return f"{sentence}: the reranker recovers {100 * gap.value:.0f} % of the gap."
    if gap:
        return f"{sentence}: the reranker recovers none of the gap."
    return sentence + "."


def _num_samples(report: Report) -> float | None:
    """N, the number of samples to pick from: where the curves end, or as configured."""
    curves = mapping(report.get("curves")).values()
    reached = [n for curve in curves for n in numbers(mapping(curve).get("n"))]
    generator = mapping(mapping(report.get("config")).get("generator"))
    configured = generator.get("num_candidates")
    return max(reached) if reached else number(configured)


def _solved(figure: Figure, tasks: float | None) -> str:
    return f"{figure.value * tasks:.0f}" if tasks else f"{100 * figure.value:.0f} %"


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + (", and " if len(parts) > 1 else "") + parts[-1]


def key_figures(report: Report) -> list[KeyFigure]:
    """The figures that a reader looks for first."""
    metrics, rounds = final_metrics(report), rounds_of(report)
    found = []
    for key in CARD_KEYS:
        if (figure := figure_of(metrics.get(key))) is None:
            continue
        unit = METRICS[key].unit
        first = figure_of(overall_of(rounds[0]).get(key)) if len(rounds) > 1 else None
        then = f"{format_value(first, unit)} in round {round_name(rounds[0], 0)}" if first else ""
        found.append(KeyFigure(METRICS[key], cell_of(figure, unit), then))
    return found


def cell_of(figure: Figure | None, unit: Unit) -> Cell:
    """Write a figure."""
    return Cell(format_value(figure, unit), format_bounds(figure, unit))


def heading_of(metric: Metric) -> Heading:
    """A metric's name and meaning."""
    return Heading(metric.label, metric.meaning)


def round_table(report: Report) -> Table | None:
    """The metrics round by round: a row per metric, a column per round."""
    rounds = rounds_of(report)
    rows = []
    for key in ROUND_KEYS:
        figures = [figure_of(overall_of(entry).get(key)) for entry in rounds]
        if any(figures):
            cells = tuple(cell_of(figure, METRICS[key].unit) for figure in figures)
            rows.append((heading_of(METRICS[key]), cells))
    columns = (Heading(f"round {round_name(e, i)}") for i, e in enumerate(rounds))
    return Table("Round by round", (Heading(""), *columns), tuple(rows)) if rows else None


def group_table(report: Report, key: str, title: str, heading: str) -> Table | None:
    """The last round's metrics per language or per difficulty."""
    groups: Mapping[str, Any] = {}
    for entry in (*rounds_of(report), mapping(report.get("final"))):
        groups = mapping(entry.get(key)) or groups
    named = [(str(name), mapping(cells)) for name, cells in groups.items()]
    return metric_table(title, heading, named, GROUP_KEYS)


def metric_table(
    title: str,
    heading: str,
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    keys: Iterable[str],
) -> Table | None:
    """A table of metrics; columns without any figure are left out."""
    used = [METRICS[key] for key in keys if any(figure_of(cells.get(key)) for _, cells in rows)]
    if not used:
        return None
    return Table(
        title,
        (Heading(heading), *(heading_of(metric) for metric in used)),
        tuple(
            (Heading(name), tuple(cell_of(figure_of(cells.get(m.key)), m.unit) for m in used))
            for name, cells in rows
        ),
    )


def strategy_table(report: Report) -> Table | None:
    """The last round's picks by every strategy, and the samples that each needs for a pass rate."""
    strategies = mapping(report.get("strategies"))
    named = [(strategy_metric(str(name)), mapping(of)) for name, of in strategies.items()]
    if not named:
        return None
    order = {key: position for position, key in enumerate(STRATEGIES)}
    named.sort(key=lambda pair: order.get(pair[0].key, len(order)))
    most = _num_samples(report)
    targets = list(mapping(named[0][1].get("samples_needed")))
    rows = [
        (
            heading_of(metric),
            (
                cell_of(figure_of(of.get("best_of_n")), "share"),
                *(_samples(mapping(of.get("samples_needed")).get(x), most) for x in targets),
            ),
        )
        for metric, of in named
    ]
    columns = (
        Heading("strategy"),
        Heading("tasks solved", "By its pick of all samples; one sample for pass@1."),
        *(
            Heading(f"samples for {100 * float(x):.0f} %", "How many samples per task it takes.")
            for x in targets
        ),
    )
    return Table("Ways of picking, last round", columns, tuple(rows))


def _samples(needed: object, most: float | None) -> Cell:
    """How many samples are needed; an interval's end may lie beyond all that were drawn."""
    more = f"more than {most:.0f}" if most else MISSING

    def written(key: str) -> str:
        found = number(mapping(needed).get(key))
        return more if found is None else f"{math.ceil(found)}"

    value, low, high = (written(key) for key in ("value", "low", "high"))
    return Cell(value, "" if low == value == high else f"{low} to {high}")


def other_table(report: Report) -> Table | None:
    """The run's further figures: whatever the tables and cards above do not show."""
    shown = {*CARD_KEYS, *ROUND_KEYS}
    rows = []
    for key, cell in final_metrics(report).items():
        figure = figure_of(cell)
        if key in shown or figure is None:
            continue
        metric = metric_for(key, figure)
        rows.append((heading_of(metric), (cell_of(figure, metric.unit),)))
    return Table("Further figures", (Heading(""), Heading("value")), tuple(rows)) if rows else None


def timed(report: Report) -> list[tuple[str, dict[str, float]]]:
    """Seconds by stage: of the setup that all rounds share, then of each round."""
    parts = [("setup", report.get("setup_seconds"))]
    for position, entry in enumerate(rounds_of(report)):
        parts.append((f"round {round_name(entry, position)}", entry.get("seconds")))
    return [
        (name, {str(stage): number(taken) or 0.0 for stage, taken in mapping(part).items()})
        for name, part in parts
        if mapping(part)
    ]


def stages_of(parts: Sequence[tuple[str, Mapping[str, float]]]) -> list[str]:
    """Every stage that took time, in the order in which the parts of a run name them."""
    return list({stage: None for _, taken in parts for stage in taken})


def time_table(report: Report) -> Table | None:
    """How long each stage took: a row per stage, a column per part of the run."""
    parts = timed(report)
    rows = [(stage, [taken.get(stage, 0.0) for _, taken in parts]) for stage in stages_of(parts)]
    if not rows:
        return None
    rows.append(("total", [sum(taken.values()) for _, taken in parts]))
    columns = (Heading("stage"), *(Heading(name) for name, _ in parts), Heading("total"))
    return Table("Time per stage", columns, tuple((_stage(name), _times(s)) for name, s in rows))


def stage_label(name: str) -> str:
    """A stage's name as a reader sees it: without its file's ending."""
    return name.removesuffix(".parquet").replace("/", " ").replace("_", " ")


def _stage(name: str) -> Heading:
    return Heading(stage_label(name))


def _times(seconds: Sequence[float]) -> tuple[Cell, ...]:
    return tuple(Cell(format_seconds(s) if s else MISSING) for s in (*seconds, sum(seconds)))


def tables(report: Report) -> list[Table]:
    """Every table of the report, in reading order."""
    candidates = (
        round_table(report),
        strategy_table(report),
        group_table(report, "per_language", "Per language, last round", "language"),
        group_table(report, "per_difficulty", "Per difficulty, last round", "difficulty"),
        other_table(report),
        time_table(report),
    )
    return [table for table in candidates if table]
