"""The report's plots: one function per plot, each from ``report.json`` to an inline SVG."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from loop.report.metrics import (
    METRICS,
    STRATEGIES,
    Figure,
    Report,
    figure_of,
    format_number,
    format_seconds,
    format_value,
    mapping,
    mappings,
    number,
    numbers,
    strategy_metric,
)
from loop.report.summary import overall_of, round_name, rounds_of, stage_label, stages_of, timed
from multipl_e.pages.drawing import Legend, Plot, Sheet, colour

# Series by role: the same strategy looks the same in every plot (colour, dashes, marker).
_LOOKS = {
    "oracle_pass_at_n": ("muted", "4 3", "^"),
    "best_of_n": ("c0", "", "o"),
    "best_of_n_trunk": ("c2", "7 2", "D"),
    "best_of_n_logprob": ("c1", "5 2 1 2", "s"),
    "best_of_n_frequent": ("c4", "6 2", "X"),
    "best_of_n_total_logprob": ("c5", "2 1", "*"),
    "best_of_n_shortest": ("c6", "8 2", "h"),
    "pass_at_1": ("ink", "1 2", "v"),
    "gap_recovered": ("c0", "", "o"),
    "roc_auc": ("c3", "5 2", "s"),
    "hard_negatives_now_ranked_below_passing": ("c2", "7 2", "D"),
}
_SPARE = (("c3", "3 2", "P"), ("c4", "6 2", "X"), ("c5", "2 1", "*"), ("c6", "8 2", "h"))


def all_plots(report: Report) -> list[Plot]:
    """Every plot for which the report has data, in reading order."""
    makers = (
        picks_over_rounds,
        best_of_n_curves,
        learning_over_rounds,
        score_distributions,
        ppo_gap,
        ppo_steps,
        reliability,
        stage_times,
    )
    return [plot for maker in makers if (plot := maker(report))]


def picks_over_rounds(report: Report) -> Plot | None:
    """Share of tasks solved by every pick, round by round, with intervals."""
    return _over_rounds(
        report,
        STRATEGIES,
        "Who picks the right program, round by round",
        "Share of held-out tasks solved; bars are 95 % intervals over tasks.",
    )


def learning_over_rounds(report: Report) -> Plot | None:
    """Gap recovered, ROC-AUC and hard negatives learned, round by round."""
    keys = ("gap_recovered", "roc_auc", "hard_negatives_now_ranked_below_passing")
    return _over_rounds(
        report,
        keys,
        "What the reranker has learned",
        "ROC-AUC × 100; 50 is a coin toss. “Fooled no longer” counts the hard negatives "
        "that now rank below what passes.",
    )


def _over_rounds(report: Report, keys: Sequence[str], title: str, caption: str) -> Plot | None:
    rounds = rounds_of(report)
    sheet = Sheet(title)
    axes = sheet.axes[0]
    legends, words = [], []
    used = [k for k in keys if any(figure_of(overall_of(entry).get(k)) for entry in rounds)]
    for position, key in enumerate(used):
        # Side by side, so that the intervals of one round do not cover each other.
        shift = (position - (len(used) - 1) / 2) * 0.09
        found = [(i, figure_of(overall_of(entry).get(key))) for i, entry in enumerate(rounds)]
        points = [(i + shift, figure) for i, figure in found if figure]
        name, dashes, marker = _LOOKS[key]
        sheet.line([x for x, _ in points], [100 * f.value for _, f in points], *_LOOKS[key])
        for x, figure in points:
            if figure.low is not None and figure.high is not None:
                axes.vlines(x, 100 * figure.low, 100 * figure.high, color=colour(name), lw=1.3)
        legends.append(Legend(METRICS[key].label, name, dashes, marker))
        words.append(f"{METRICS[key].label} {_from_to([f for _, f in points], key)}")
    if not used:
        return None
    axes.set_xticks(range(len(rounds)), [round_name(e, i) for i, e in enumerate(rounds)])
    axes.set_xlim(-0.5, len(rounds) - 0.5)
    axes.set_xlabel("round")
    axes.set_ylabel("%")
    return sheet.plot(caption, f"{title}: {'; '.join(words)}.", legends)


def _from_to(figures: Sequence[Figure], key: str) -> str:
    unit = METRICS[key].unit
    first, last = format_value(figures[0], unit), format_value(figures[-1], unit)
    return first if len(figures) == 1 else f"from {first} to {last}"


def best_of_n_curves(report: Report) -> Plot | None:
    """Share of tasks solved against the number of samples, for every strategy."""
    sheet = Sheet("More samples to choose from")
    axes = sheet.axes[0]
    legends, words, ticks, spare = [], [], set(), iter(_SPARE)
    curves = mapping(report.get("curves"))
    named = [(strategy_metric(str(name)), mapping(curve)) for name, curve in curves.items()]
    order = {key: position for position, key in enumerate(STRATEGIES)}
    for metric, curve in sorted(named, key=lambda pair: order.get(pair[0].key, len(order))):
        num, share = numbers(curve.get("n")), [100 * v for v in numbers(curve.get("value"))]
        if not num or len(num) != len(share):
            continue
        look = _LOOKS.get(metric.key) or next(spare, _SPARE[-1])
        sheet.line(num, share, *look)
        low, high = numbers(curve.get("low")), numbers(curve.get("high"))
        if len(low) == len(high) == len(num):
            bounds = [100 * v for v in low], [100 * v for v in high]
            axes.fill_between(num, *bounds, color=colour(look[0]), alpha=0.13, lw=0)
        ticks.update(num)
        legends.append(Legend(metric.label, *look))
        words.append(f"{metric.label} from {share[0]:.1f} % to {share[-1]:.1f} %")
    if not legends:
        return None
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted(ticks), [f"{n:.0f}" for n in sorted(ticks)])
    axes.minorticks_off()
    axes.set_xlabel("N, samples per task")
    axes.set_ylabel("tasks solved, %")
    alt = f"Share of tasks solved with {min(ticks):.0f} to {max(ticks):.0f} samples: "
    caption = "The last round's reranker; bands are 95 % intervals over tasks."
    return sheet.plot(caption, alt + "; ".join(words) + ".", legends)


def score_distributions(report: Report) -> Plot | None:
    """Scores of passing and failing candidates, before and after mining."""
    histograms = mapping(report.get("score_histograms"))
    wanted = [(when, mapping(histograms.get(when))) for when in ("before", "after")]
    panels = [(when, h) for when, h in wanted if len(_edges(h)) > 1]
    if not panels:
        return None
    sheet = Sheet("Scores of right and wrong programs", num_rows=len(panels), height=1.75)
    words = []
    for axes, (when, histogram) in zip(sheet.axes, panels, strict=True):
        edges = _edges(histogram)
        for kind, name in (("failing", "c1"), ("passing", "c0")):
            counts = numbers(histogram.get(kind))
            if len(counts) != len(edges) - 1 or not sum(counts) > 0:
                continue
            shares = [100 * c / sum(counts) for c in counts]
            axes.stairs(shares, edges, fill=True, color=colour(name), alpha=0.28, lw=0)
            axes.stairs(shares, edges, color=colour(name), lw=1.6)
            words.append(
                f"{when} mining {sum(counts):.0f} {kind} around {_mean(edges, counts):.2f}"
            )
        axes.set_title(f"{when} mining", loc="left")
        axes.set_ylabel("% of class")
    sheet.axes[-1].set_xlabel("reranker score")
    return sheet.plot(
        "Each class adds up to 100 %. The less the two overlap, the better the pick.",
        f"Distribution of reranker scores: {'; '.join(words)}.",
        [Legend("passing", "c0", area=True), Legend("failing", "c1", area=True)],
    )


def _edges(histogram: Mapping[str, Any]) -> list[float]:
    return sorted(edge for edge in numbers(histogram.get("edges")) if math.isfinite(edge))


def _mean(edges: Sequence[float], counts: Sequence[float]) -> float:
    middles = [(a + b) / 2 for a, b in itertools.pairwise(edges)]
    return sum(m * c for m, c in zip(middles, counts, strict=True)) / sum(counts)


def ppo_gap(report: Report) -> Plot | None:
    """What PPO gains in the reranker's eyes against what it gains in truth, per round."""
    rounds = rounds_of(report)
    gains = [figure_of(overall_of(entry).get("ppo_score_gain")) for entry in rounds]
    if not any(gains):
        return None
    sheet = Sheet("What PPO gains: the score, and the truth", num_rows=2, height=1.75)
    top, bottom = sheet.axes
    for x, gain in enumerate(gains):
        if gain:
            top.bar(x, gain.value, width=0.5, color=colour("c4"), alpha=0.75)
            if gain.low is not None and gain.high is not None:
                top.vlines(x, gain.low, gain.high, color=colour("ink"), lw=1.3)
    top.axhline(0, color=colour("muted"), lw=0.8)
    top.set_title("score gain over the reference (sd)", loc="left")
    legends = [Legend("score gain", "c4", area=True)]
    words = ["score gain " + ", ".join(format_value(g, "deviations") for g in gains)]
    for key, look in (
        ("ppo_pass_rate", ("c4", "", "o")),
        ("reference_pass_rate", ("ink", "4 3", "s")),
    ):
        rates = [figure_of(overall_of(entry).get(key)) for entry in rounds]
        found = [(x, 100 * rate.value) for x, rate in enumerate(rates) if rate]
        if found:
            sheet.line([x for x, _ in found], [y for _, y in found], *look, row=1)
            for x, rate in enumerate(rates):
                if rate and rate.low is not None and rate.high is not None:
                    bottom.vlines(x, 100 * rate.low, 100 * rate.high, color=colour(look[0]), lw=1.3)
            legends.append(Legend(METRICS[key].label, *look))
            words.append(
                f"{METRICS[key].label} " + ", ".join(format_value(r, "share") for r in rates)
            )
    bottom.set_title("samples that truly pass (%)", loc="left")
    bottom.set_ylim(0, 1.12 * bottom.get_ylim()[1])
    bottom.set_xlabel("round")
    for axes in sheet.axes:
        axes.set_xlim(-0.6, len(rounds) - 0.4)
        axes.set_xticks(range(len(rounds)), [round_name(e, i) for i, e in enumerate(rounds)])
    caption = (
        "Where the score rises and the pass rate does not, PPO has found programs that fool "
        "the reranker: those are mined."
    )
    return sheet.plot(caption, f"PPO per round: {'; '.join(words)}.", legends)


def ppo_steps(report: Report) -> Plot | None:
    """Score, KL and entropy over PPO's steps, one line per round."""
    runs = [
        (run, steps) for run in mappings(report.get("ppo")) if (steps := mappings(run.get("steps")))
    ]
    keys = [
        key
        for key in ("score", "kl", "entropy")
        if any(number(step.get(key)) is not None for _, steps in runs for step in steps)
    ]
    if not keys:
        return None
    sheet = Sheet("Inside PPO", num_rows=len(keys), height=1.3)
    legends, words = [], []
    for position, (run, steps) in enumerate(runs):
        name = f"c{position % 7}"
        for row, key in enumerate(keys):
            points = [(number(s.get("step")), number(s.get(key))) for s in steps]
            known = [(x, y) for x, y in points if x is not None and y is not None]
            sheet.line([x for x, _ in known], [y for _, y in known], name, row=row)
            if row == 0 and known:
                change = f"from {known[0][1]:.2f} to {known[-1][1]:.2f}"
                words.append(f"round {round_name(run, position)} {key} {change}")
        legends.append(Legend(f"round {round_name(run, position)}", name))
    for axes, key in zip(sheet.axes, keys, strict=True):
        axes.set_title({"kl": "KL to the reference (nats)"}.get(key, key), loc="left")
    sheet.axes[-1].set_xlabel("PPO step")
    caption = "Each round starts afresh from the tuned generator, against the round's reranker."
    return sheet.plot(caption, f"PPO over its steps: {'; '.join(words)}.", legends)


def reliability(report: Report) -> Plot | None:
    """Promised against observed probability of being right."""
    calibration = mapping(report.get("calibration"))
    points = [point for entry in mappings(calibration.get("bins")) if (point := _bin(entry))]
    if not points:
        return None
    sheet = Sheet("Does it know when it is right?")
    axes = sheet.axes[0]
    axes.plot([0, 100], [0, 100], color=colour("muted"), lw=1, dashes=(4, 3))
    largest = max(count for _, _, count in points)
    sizes = [20 + 160 * count / largest for _, _, count in points]
    promised, observed = [100 * p for p, _, _ in points], [100 * o for _, o, _ in points]
    axes.plot(promised, observed, color=colour("c0"), lw=1.5)
    axes.scatter(promised, observed, s=sizes, color=colour("c0"), alpha=0.7, lw=0, zorder=3)
    axes.set(xlim=(-3, 103), ylim=(-3, 103), xlabel="promised chance of being right, %")
    axes.set_ylabel("truly right, %")
    ece = number(calibration.get("ece"))
    error = "" if ece is None else f" Expected calibration error {format_number(ece, 'score')}."
    words = "; ".join(
        f"{p:.0f} % promised, {o:.0f} % right" for p, o in zip(promised, observed, strict=True)
    )
    return sheet.plot(
        f"On the diagonal the promise is kept; larger dots stand for more programs.{error}",
        f"Reliability diagram: {words}.{error}",
        [Legend("reranker", "c0", "", "o"), Legend("perfect calibration", "muted", "4 3")],
    )


def _bin(entry: Mapping[str, Any]) -> tuple[float, float, float] | None:
    promised, observed = number(entry.get("predicted")), number(entry.get("observed"))
    count = number(entry.get("count"))
    if promised is None or observed is None or count == 0:
        return None
    return promised, observed, 1.0 if count is None else count


def stage_times(report: Report) -> Plot | None:
    """How long each stage took, stacked per round."""
    parts = _with_short_ones_together(timed(report))
    totals = [sum(taken.values()) for _, taken in parts]
    if not any(totals):
        return None
    sheet = Sheet("Where the time goes", height=max(1.6, 0.45 * len(parts) + 0.9))
    axes = sheet.axes[0]
    scale, unit = (60.0, "minutes") if max(totals) >= 120 else (1.0, "seconds")
    left = [0.0] * len(parts)
    legends = []
    for position, stage in enumerate(stages_of(parts)):
        taken = [seconds.get(stage, 0.0) / scale for _, seconds in parts]
        name = "muted" if stage == _SHORT else f"c{position % 10}"
        axes.barh(range(len(parts)), taken, left=left, height=0.62, color=colour(name), lw=0)
        left = [a + b for a, b in zip(left, taken, strict=True)]
        spent = format_seconds(scale * sum(taken))
        legends.append(Legend(f"{stage_label(stage)} ({spent})", name, area=True))
    axes.set_yticks(range(len(parts)), [name for name, _ in parts])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.03 * max(left))
    axes.set_xlabel(unit)
    axes.grid(axis="y", visible=False)
    return sheet.plot(
        f"{format_seconds(sum(totals))} over all stages, some of which may have run at the same "
        "time; in brackets the sum over the rounds.",
        f"Time per stage and round: {'; '.join(legend.label for legend in legends)}.",
        legends,
    )


_SHORT = "shorter stages"
_SHORT_SHARE = 0.025


def _with_short_ones_together(
    parts: Sequence[tuple[str, Mapping[str, float]]],
) -> list[tuple[str, dict[str, float]]]:
    """The parts with stages of a small share of the whole as one: there are only ten colours."""
    sums = {stage: sum(taken.get(stage, 0.0) for _, taken in parts) for stage in stages_of(parts)}
    short = {stage for stage, spent in sums.items() if spent < _SHORT_SHARE * sum(sums.values())}
    if len(short) < 2:
        return [(name, dict(taken)) for name, taken in parts]
    merged = []
    for name, taken in parts:
        long = {stage: spent for stage, spent in taken.items() if stage not in short}
        merged.append((name, long | {_SHORT: sum(taken.values()) - sum(long.values())}))
    # The parts name their stages in the order in which they are stacked: the rest goes last.
    stages = [stage for stage in stages_of(merged) if stage != _SHORT]
    return [
        (name, {stage: taken.get(stage, 0.0) for stage in [*stages, _SHORT]})
        for name, taken in merged
    ]
