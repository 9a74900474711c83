"""Figures as text: each number shown comes from the report."""

from __future__ import annotations

import copy
import html
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loop.report.html import render_html
from loop.report.markdown import render_markdown
from loop.report.metrics import (
    Figure,
    figure_of,
    format_bounds,
    format_number,
    format_seconds,
    metric_for,
    strategy_metric,
)
from loop.report.summary import headline, key_figures, tables

Report = dict[str, Any]


def numbers_in(tree: object) -> Iterator[float]:
    if isinstance(tree, dict):
        for value in tree.values():
            yield from numbers_in(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from numbers_in(value)
    elif isinstance(tree, int | float):
        yield float(tree)


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_every_percentage_shown_is_one_of_the_report(
    report: Report, render: Callable[[Report], str]
) -> None:
    allowed = {f"{100 * value:.1f} %" for value in numbers_in(report)}
    text = html.unescape(re.sub(r"<style>.*?</style>", "", render(report), flags=re.DOTALL))
    shown = set(re.findall(r"-?\d+\.\d %", text))
    assert len(shown) > 20
    assert shown <= allowed


def test_a_changed_figure_changes_its_cell_and_no_other(report: Report) -> None:
    changed = copy.deepcopy(report)
    changed["rounds"][1]["per_language"]["py"]["best_of_n"]["value"] = 0.123
    changed["rounds"][-1]["per_language"]["py"]["best_of_n"]["value"] = 0.456
    before, after = tables(report), tables(changed)
    differing = [
        (old_row[0].label, new_cell.value)
        for old, new in zip(before, after, strict=True)
        for old_row, new_row in zip(old.rows, new.rows, strict=True)
        for old_cell, new_cell in zip(old_row[1], new_row[1], strict=True)
        if old_cell != new_cell
    ]
    assert differing == [("py", "45.6 %")]


def test_every_strategy_says_how_many_samples_it_needs(report: Report) -> None:
    (table,) = [t for t in tables(report) if t.title.startswith("Ways of picking")]
    assert [column.label for column in table.columns] == [
        "strategy", "tasks solved", "samples for 50 %",
    ]  # fmt: skip
    cells = {heading.label: (solved.value, needed) for heading, (solved, needed) in table.rows}
    first, *_, last = cells
    assert (first, last) == ("oracle pass@N", "pass@1")
    solved, needed = cells["most frequent pick"]
    assert (solved, needed.value, needed.bounds) == ("55.1 %", "6", "3 to more than 16")
    assert cells["shortest pick"][1].value == "more than 16"
    assert cells["shortest pick"][1].bounds == ""


def test_the_headline_counts_tasks(report: Report) -> None:
    report["final"] |= {
        "num_tasks": 100,
        "pass_at_1": {"value": 0.34},
        "best_of_n": {"value": 0.62},
        "oracle_pass_at_n": {"value": 0.81},
        "gap_recovered": {"value": 0.5957},
    }
    assert headline(report) == (
        "Of 100 held-out tasks a single sample solves 34, the reranker's pick of 16 solves 62, "
        "and an oracle would solve 81: the reranker recovers 60 % of the gap."
    )


def test_the_headline_does_not_praise_a_reranker_that_does_harm(report: Report) -> None:
    report["final"]["gap_recovered"] = {"value": -0.1}
    assert headline(report).endswith("the reranker recovers none of the gap.")


def test_a_card_tells_where_its_figure_started(report: Report) -> None:
    report["rounds"][0]["overall"]["best_of_n"] = {"value": 0.111}
    report["final"]["best_of_n"] = {"value": 0.777, "low": 0.7, "high": 0.8}
    card = key_figures(report)[0]
    assert card.cell.value == "77.7 %"
    assert card.cell.bounds == "70.0 to 80.0"
    assert card.first_round == "11.1 % in round 1"


def test_a_figure_that_the_report_does_not_know_is_shown_too(report: Report) -> None:
    report["final"]["sharpness_of_mind"] = {"value": 0.875, "low": 0.5, "high": 0.9}
    cells = {row[0].label: row[1][0] for table in tables(report) for row in table.rows}
    assert cells["sharpness of mind"].value == "0.875"
    assert cells["sharpness of mind"].bounds == "0.50 to 0.90"


def test_stage_times_add_up(report: Report) -> None:
    report["rounds"][0]["seconds"] = {"sft": 30.0, "ppo": 45.5}
    times = next(table for table in tables(report) if table.title == "Time per stage")
    rows = {row[0].label: [cell.value for cell in row[1]] for row in times.rows}
    first = [column.label for column in times.columns].index("round 1") - 1
    assert (rows["sft"][first], rows["ppo"][first]) == ("30.0 s", "45.5 s")
    assert rows["total"][first] == "1 min 16 s"
    assert rows["probe"][first] == "–"


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (0.6249, "share", "62.5 %"),
        (-0.031, "points", "-3.1 points"),
        (0.14, "points", "+14.0 points"),
        (1.5, "deviations", "+1.50 sd"),
        (12345.0, "count", "12,345"),
        (0.8765, "score", "0.876"),
    ],
)
def test_units(value: float, unit: Any, written: str) -> None:
    assert format_number(value, unit) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3720, "1 h 02 min"),
    ],
)
def test_durations(seconds: float, written: str) -> None:
    assert format_seconds(seconds) == written


@pytest.mark.parametrize("cell", [None, math.nan, math.inf, "0.5", True, {}, {"value": None}, []])
def test_what_is_no_number_is_missing(cell: object) -> None:
    assert figure_of(cell) is None


def test_an_interval_with_one_end_is_not_shown() -> None:
    assert format_bounds(Figure(0.5, 0.4, None), "share") == ""


@pytest.mark.parametrize(
    ("key", "label", "unit"),
    [
        ("best_of_n_minus_pass_at_1", "reranker pick − pass@1", "points"),
        ("gap_recovered_trunk", "gap recovered by trunk pick", "share"),
        ("roc_auc_logprob", "ROC-AUC by logprob pick", "score"),
        ("num_programs", "num programs", "count"),
        ("timeout_rate", "timeout rate", "share"),
    ],
)
def test_unknown_keys_speak_for_themselves(key: str, label: str, unit: str) -> None:
    metric = metric_for(key)
    assert (metric.label, metric.unit) == (label, unit)


@pytest.mark.parametrize(
    ("strategy", "key"),
    [("reward", "best_of_n"), ("oracle", "oracle_pass_at_n"), ("consensus", "consensus")],
)
def test_strategies_find_their_metric(strategy: str, key: str) -> None:
    assert strategy_metric(strategy).key == key
