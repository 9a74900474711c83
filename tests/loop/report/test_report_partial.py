"""A report is rendered whatever is missing from it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loop.report import final_table
from loop.report.html import render_html
from loop.report.markdown import render_markdown

Report = dict[str, Any]


def render_all(report: Report) -> tuple[str, str]:
    final_table(report)
    return render_html(report), render_markdown(report)


def test_an_empty_report() -> None:
    page, text = render_all({})
    assert "No round of this run has been evaluated yet." in page
    assert "No round of this run has been evaluated yet." in text


@pytest.mark.parametrize(
    "key",
    [
        "config",
        "environment",
        "rounds",
        "final",
        "curves",
        "score_histograms",
        "hard_negatives",
        "calibration",
        "ppo",
    ],
)
def test_a_missing_part_leaves_the_others(report: Report, key: str) -> None:
    del report[key]
    page, _ = render_all(report)
    parts = {
        "curves": "More samples to choose from",
        "score_histograms": "Scores of right and wrong programs",
        "hard_negatives": "Programs that fooled the reranker",
        "calibration": "Does it know when it is right?",
        "ppo": "Inside PPO",
        "rounds": "Round by round",
    }
    for part, title in parts.items():
        assert (title in page) == (part != key)


def test_a_replay_run_without_ppo_in_one_language_and_one_round(report: Report) -> None:
    del report["ppo"]
    report["rounds"] = report["rounds"][:1]
    overall = report["rounds"][0]["overall"]
    for key in [k for k in overall if k.startswith(("ppo_", "reference_"))]:
        del overall[key], report["final"][key]
    report["rounds"][0]["per_language"] = {"r": report["rounds"][0]["per_language"]["py"]}
    page, text = render_all(report)
    assert "PPO gains" not in page
    assert "in round 1" not in page.split("</section>")[0]
    assert "| r |" in text


def test_undefined_figures_are_dashes(report: Report) -> None:
    report["rounds"][2]["overall"]["gap_recovered"] = {"value": None, "low": None, "high": None}
    report["rounds"][3]["overall"]["gap_recovered"] = {"value": float("nan")}
    _, text = render_all(report)
    row = next(
        line for line in text.splitlines() if line.startswith("| gap recovered |") and "–" in line
    )
    assert row.count("–") == 2
    assert "nan" not in text.lower()


def places(tree: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(tree, dict):
        for key, value in tree.items():
            found += places(value, (*path, key))
    elif isinstance(tree, list):
        for position, value in enumerate(tree[:2]):
            found += places(value, (*path, position))
    return found


@pytest.mark.slow
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_damage_below_the_top_level_stops_the_report(
    report: Report, data: st.DataObject
) -> None:
    damaged = copy.deepcopy(report)
    for _ in range(8):
        spots = [p for p in places(damaged) if len(p) > 1]
        *way, last = data.draw(st.sampled_from(spots))
        parent = damaged
        for step in way:
            parent = parent[step]
        parent[last] = data.draw(
            st.sampled_from(
                [None, "text", 0, -1.5, float("nan"), [], {}, [None, "x", 1], {"a": [1]}]
            )
        )
    page, _ = render_all(damaged)
    assert page.rstrip().endswith("</html>")
