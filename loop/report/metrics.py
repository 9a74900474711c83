"""What the report knows about each metric: its name, its unit, its meaning, how it is written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["share", "points", "score", "deviations", "count", "seconds"]
Report = Mapping[str, Any]

MISSING = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % bootstrap interval, where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """How a figure of ``report.json`` is called, measured and explained.

    Attributes:
        key: Its key in ``report.json``.
        label: What a reader sees.
        unit: How it is written: a share as per cent, a difference of shares in points, …
        meaning: One sentence for tooltips and the glossary.
    """

    key: str
    label: str
    unit: Unit
    meaning: str


_KNOWN = (
    Metric(
        "pass_at_1",
        "pass@1",
        "share",
        "Share of tasks that one sample solves, on average: no choice at all.",
    ),
    Metric(
        "best_of_n_logprob",
        "logprob pick",
        "share",
        "Share of tasks solved by the sample that the generator itself finds most likely "
        "(mean log-probability per token).",
    ),
    Metric(
        "best_of_n_trunk",
        "trunk pick",
        "share",
        "Share of tasks solved by the sample that the reranker's own trunk finds most likely, "
        "before it learned anything about right and wrong.",
    ),
    Metric(
        "best_of_n",
        "reranker pick",
        "share",
        "Share of tasks solved by the sample that the reranker scores highest. "
        "Nothing is executed to choose it.",
    ),
    Metric(
        "best_of_n_shortest",
        "shortest pick",
        "share",
        "Share of tasks solved by the shortest sample.",
    ),
    Metric(
        "best_of_n_total_logprob",
        "total logprob pick",
        "share",
        "Share of tasks solved by the sample that the generator finds most likely as a whole.",
    ),
    Metric(
        "best_of_n_frequent",
        "most frequent pick",
        "share",
        "Share of tasks solved by the program sampled most often, up to white space, comments and "
        "local names.",
    ),
    Metric(
        "oracle_pass_at_n",
        "oracle pass@N",
        "share",
        "Share of tasks with a right program among the N samples: the ceiling of any pick.",
    ),
    Metric(
        "gap_recovered",
        "gap recovered",
        "share",
        "(reranker pick − pass@1) / (oracle − pass@1): 0 % is a blind pick, 100 % is the oracle.",
    ),
    Metric(
        "roc_auc",
        "ROC-AUC",
        "score",
        "Chance that a passing sample is scored above a failing one of the same task; "
        "0.5 is a coin toss.",
    ),
    Metric(
        "advantage_over_logprob",
        "ahead of logprob",
        "points",
        "Reranker pick minus logprob pick, in percentage points, paired task by task.",
    ),
    Metric(
        "advantage_over_trunk",
        "ahead of trunk",
        "points",
        "Reranker pick minus trunk pick, in percentage points, paired task by task.",
    ),
    Metric(
        "hard_negatives_mined",
        "hard negatives",
        "count",
        "Failing programs that the reranker scored at least as high as the task's passing ones.",
    ),
    Metric(
        "hard_negatives_now_ranked_below_passing",
        "fooled no longer",
        "share",
        "Share of the failing samples that a reranker ranked among the passing ones (canonical "
        "solution included) and the next one ranks below them.",
    ),
    Metric(
        "ppo_score_gain",
        "PPO gain",
        "deviations",
        "How far PPO raised what it maximises (--mining.reward: the reranker's calibrated "
        "probability or its value) above the reference samples', in standard deviations of the "
        "reference, on the tasks it worked on (those where these samples promised most).",
    ),
    Metric(
        "ppo_score_gain_fresh",
        "PPO gain, fresh tasks",
        "deviations",
        "The same on validation tasks, which PPO never met.",
    ),
    Metric(
        "ppo_pass_rate",
        "PPO passes",
        "share",
        "Share of the PPO policy's samples that truly pass. A score that rises without it is a "
        "reranker being fooled.",
    ),
    Metric(
        "reference_pass_rate",
        "reference passes",
        "share",
        "Share of the unchanged generator's samples that pass on the same tasks.",
    ),
    Metric(
        "hard_negatives_on_fresh_tasks",
        "hard negatives, fresh tasks",
        "count",
        "Failing programs of the same kind on tasks that are never trained on.",
    ),
    Metric(
        "hard_negatives_now_ranked_below_passing_fresh",
        "fooled no longer, fresh tasks",
        "share",
        "The same share on tasks that the reranker was never trained on.",
    ),
    Metric(
        "gain_over_first_round",
        "ahead of first round",
        "points",
        "Reranker pick of the last round minus that of the first, in percentage points, paired "
        "task by task.",
    ),
    Metric("num_tasks", "tasks", "count", "Number of held-out tasks."),
    Metric("num_candidates", "candidates", "count", "Number of held-out programs executed."),
    Metric("num_pairs", "training pairs", "count", "Pairs of a passing and a failing program."),
    Metric(
        "ece",
        "calibration error",
        "score",
        "Expected calibration error: mean distance between the promised and the observed "
        "chance of being right.",
    ),
)
METRICS: Mapping[str, Metric] = {metric.key: metric for metric in _KNOWN}

# The order in which strategies are drawn, from the ceiling to the floor.
STRATEGIES = (
    "oracle_pass_at_n",
    "best_of_n",
    "best_of_n_trunk",
    "best_of_n_frequent",
    "best_of_n_logprob",
    "best_of_n_total_logprob",
    "best_of_n_shortest",
    "pass_at_1",
)

_STRATEGY_ALIASES = {
    "oracle": "oracle_pass_at_n",
    "pass_at_n": "oracle_pass_at_n",
    "reranker": "best_of_n",
    "reward": "best_of_n",
    "trunk": "best_of_n_trunk",
    "logprob": "best_of_n_logprob",
    "shortest": "best_of_n_shortest",
    "total_logprob": "best_of_n_total_logprob",
    "frequent": "best_of_n_frequent",
    "random": "pass_at_1",
}


def metric_for(key: str, figure: Figure | None = None) -> Metric:
    """The metric of a key; an unknown key speaks for itself.

    The unit of an unknown key is guessed from its name: a difference is in points, a number that
    counts is a count, anything else a plain score.
    """
    if key in METRICS:
        return METRICS[key]
    unit: Unit = "score"
    if "_minus_" in key or key.startswith(("advantage_", "gain_", "improvement_")):
        unit = "points"
    elif key.startswith("num_") or (figure and figure.low is None and _whole(figure.value)):
        unit = "count"
    elif key.endswith("_seconds"):
        unit = "seconds"
    elif key.startswith(("best_of_", "pass_at_")) or key.endswith(("_rate", "_share")):
        unit = "share"
    for family in ("gap_recovered", "roc_auc"):
        if key.startswith(family):
            of = METRICS[family]
            pick = key.removeprefix(f"{family}_").replace("_", " ")
            return Metric(key, f"{of.label} by {pick} pick", of.unit, of.meaning)
    sides = [METRICS[s].label if s in METRICS else s for s in key.split("_minus_")]
    return Metric(key, " − ".join(sides).replace("_", " "), unit, "")


def strategy_metric(name: str) -> Metric:
    """The metric behind a strategy's name in ``curves`` (``reward``, ``logprob``, ``oracle`` …)."""
    key = _STRATEGY_ALIASES.get(name, name)
    known = METRICS.get(key)
    return known or Metric(key, name.replace("_", " ") + " pick", "share", "")


def figure_of(cell: object) -> Figure | None:
    """Read a figure: a number or ``{value, low, high}``; None where there is nothing to show."""
    if isinstance(cell, Mapping):
        value = number(cell.get("value"))
        if value is None:
            return None
        return Figure(value, number(cell.get("low")), number(cell.get("high")))
    value = number(cell)
    return None if value is None else Figure(value)


def number(cell: object) -> float | None:
    """A finite number, or None (NaN stands for an undefined figure)."""
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not math.isfinite(cell):
        return None
    return float(cell)


def mapping(cell: object) -> Mapping[str, Any]:
    """A JSON object, or an empty one in place of anything else."""
    return cell if isinstance(cell, Mapping) else {}


def mappings(cells: object) -> list[Mapping[str, Any]]:
    """The objects of a JSON list."""
    return [cell for cell in cells if isinstance(cell, Mapping)] if isinstance(cells, list) else []


def numbers(cells: object) -> list[float]:
    """A list of numbers; undefined ones become NaN, which plots leave out."""
    if not isinstance(cells, Iterable) or isinstance(cells, str | Mapping):
        return []
    return [math.nan if (value := number(cell)) is None else value for cell in cells]


def format_number(value: float, unit: Unit) -> str:
    """Write one number in its unit."""
    match unit:
        case "share":
            return f"{100 * value:.1f} %"
        case "points":
            return f"{100 * value:+.1f} points"
        case "deviations":
            return f"{value:+.2f} sd"
        case "count":
            return f"{value:,.0f}"
        case "seconds":
            return format_seconds(value)
        case "score":
            return f"{value:.3f}"


def format_value(figure: Figure | None, unit: Unit) -> str:
    """Write a figure without its interval; a dash where it is missing."""
    return MISSING if figure is None else format_number(figure.value, unit)


def format_bounds(figure: Figure | None, unit: Unit) -> str:
    """Write the interval of a figure, or nothing where it has none."""
    if figure is None or figure.low is None or figure.high is None:
        return ""
    scale, digits = {"share": (100.0, 1), "points": (100.0, 1), "count": (1.0, 0)}.get(unit, (1, 2))
    return f"{scale * figure.low:.{digits}f} to {scale * figure.high:.{digits}f}"


def format_seconds(seconds: float) -> str:
    """Write a duration: ``8.4 s``, ``2 min 05 s``, ``1 h 02 min``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _whole(value: float) -> bool:
    return value == int(value) and abs(value) > 1
