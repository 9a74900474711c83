"""The plots: well-formed, honest about their data, absent without it."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from loop.report import plots

Report = dict[str, Any]


def test_every_plot_is_well_formed(report: Report) -> None:
    drawn = plots.all_plots(report)
    assert len(drawn) == 8
    for plot in drawn:
        root = ElementTree.fromstring(plot.svg)
        assert root.tag == "svg"
        assert re.fullmatch(r"0 0 [\d.]+ [\d.]+", root.attrib["viewBox"])
        assert plot.legends


def test_text_stays_text(report: Report) -> None:
    plot = plots.best_of_n_curves(report)
    assert plot
    words = {element.text for element in ElementTree.fromstring(plot.svg).iter("text")}
    assert {"1", "2", "4", "8", "16", "N, samples per task"} <= words


def test_rounds_keep_their_names(report: Report) -> None:
    report["rounds"] = report["rounds"][2:4]
    plot = plots.picks_over_rounds(report)
    assert plot
    words = {element.text for element in ElementTree.fromstring(plot.svg).iter("text")}
    assert {"3", "4"} <= words
    assert "1" not in words


def test_curves_of_unknown_strategies_are_drawn(report: Report) -> None:
    report["curves"] = {"vote_of_tests": {"n": [1, 2], "value": [0.25, 0.5]}}
    plot = plots.best_of_n_curves(report)
    assert plot
    assert [legend.label for legend in plot.legends] == ["vote of tests pick"]
    assert "from 25.0 % to 50.0 %" in plot.alt


def test_a_curve_with_gaps_is_drawn_where_it_is_known(report: Report) -> None:
    report["curves"]["reward"]["value"][1] = None
    plot = plots.best_of_n_curves(report)
    assert plot
    assert "nan" not in plot.svg.lower()


def test_histograms_need_an_edge_more_than_bins(report: Report) -> None:
    edges = [0, 1, 2]
    report["score_histograms"] = {
        "before": {"passing": [1, 2, 3], "failing": [4, 4], "edges": edges},
        "after": {"passing": [0, 6], "failing": [0, 0], "edges": edges},
    }
    plot = plots.score_distributions(report)
    assert plot
    assert "before mining 8 failing around 1.00" in plot.alt
    assert "after mining 6 passing around 1.50" in plot.alt
    assert "before mining 6 passing" not in plot.alt
    assert "0 failing" not in plot.alt


def test_empty_calibration_bins_are_left_out(report: Report) -> None:
    report["calibration"] = {
        "ece": 0.05,
        "bins": [
            {"predicted": 0.1, "observed": 0.2, "count": 5},
            {"predicted": None, "observed": None, "count": 0},
            {"predicted": 0.9, "observed": 0.8, "count": 0},
        ],
    }
    plot = plots.reliability(report)
    assert plot
    assert "10 % promised, 20 % right. Expected calibration error 0.050." in plot.alt
    assert "90 %" not in plot.alt


def test_stage_times_are_told_in_words_too(report: Report) -> None:
    report["setup_seconds"] = {"sft": 4.0}
    report["rounds"] = [{"round": 1, "seconds": {"ppo": 8.0}}]
    plot = plots.stage_times(report)
    assert plot
    assert plot.caption.startswith("12.0 s over all stages")
    assert "sft (4.0 s); ppo (8.0 s)" in plot.alt


def test_short_stages_are_one_and_every_other_has_a_colour_of_its_own(report: Report) -> None:
    report["setup_seconds"] = {"tasks.parquet": 0.1, "held-out/trunk.parquet": 30.0}
    seconds = {f"stage-{n}": 40.0 for n in range(8)} | {f"blink-{n}": 0.2 for n in range(5)}
    report["rounds"] = [{"round": 1, "seconds": seconds}]
    plot = plots.stage_times(report)
    assert plot
    assert len({legend.colour for legend in plot.legends}) == len(plot.legends) == 10
    assert plot.legends[-1].label == "shorter stages (1.1 s)"
    assert plot.legends[0].label == "held-out trunk (30.0 s)"
    assert plot.caption.startswith("5 min 51 s over all stages")


@pytest.mark.parametrize(
    "draw",
    [
        plots.picks_over_rounds,
        plots.best_of_n_curves,
        plots.learning_over_rounds,
        plots.score_distributions,
        plots.ppo_gap,
        plots.ppo_steps,
        plots.reliability,
        plots.stage_times,
    ],
)
def test_without_data_there_is_no_plot(draw: Any) -> None:
    assert draw({"rounds": [{"round": 1}]}) is None
