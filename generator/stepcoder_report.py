"""The report of a StepCoder run: curves, a picture of the curriculum, pass@1 by difficulty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from generator.stepcoder_options import StepCoderOptions
from multipl_e.files import write_text
from multipl_e.metrics import Interval, bootstrap_interval

if TYPE_CHECKING:
    from generator.stepcoder import EvaluatedTask, StepCoderResult, StepCoderStep

DIFFICULTIES = ("introductory", "interview", "competition")


def write_tuning_report(result: StepCoderResult, options: StepCoderOptions) -> None:
    """Write ``report.md``, ``curves.svg`` and ``curriculum.svg`` into the output folder."""
    folder = result.output_dir
    with mpl.rc_context({"svg.hashsalt": "stepcoder", "svg.fonttype": "none"}):
        _curves(result.history).savefig(folder / "curves.svg", metadata={"Date": None})
        _courses(result.history).savefig(folder / "curriculum.svg", metadata={"Date": None})
    write_text(folder / "report.md", report_text(result, options))


def report_text(result: StepCoderResult, options: StepCoderOptions) -> str:
    """The report in Markdown."""
    history, last = result.history, result.history[-1]
    parts = [
        name for name, on in (("CCCS", options.curriculum), ("FGO", options.fine_grained)) if on
    ]
    total = sum(step.seconds for step in history)
    num_rollouts = sum(step.ppo.num_rollouts for step in history)
    executing = sum(step.executing_seconds for step in history) / total
    waiting = sum(step.waiting_seconds for step in history) / total
    lines = [
        "# StepCoder",
        "",
        f"PPO from compiler feedback with {' and '.join(parts) or 'neither CCCS nor FGO'}: "
        f"{len(history)} steps, {num_rollouts:,} rollouts, {total:.0f} s. Programs were being "
        f"executed for {executing:.1%} of the step time, nearly always beside the sampling; only "
        f"their execution was waited for in {waiting:.1%}.",
        "",
        "## pass@1 in plain generation",
        "",
        *difficulty_table(result.before, result.after),
        "",
        f"Mean over tasks with a 95 % interval, {options.num_eval_candidates} samples each, at the "
        "temperature of training. The tasks are tasks of the training file.",
        "",
        "## Curves",
        "",
        "![score, pass rate, divergence](curves.svg)",
        "",
        "The score is the mean reward of a batch. Under CCCS rollouts begin inside the solution, "
        "so their pass rate is not that of plain generation.",
        "",
        "## Curriculum",
        "",
        "![share of tasks by courses left](curriculum.svg)",
        "",
        f"At the end {last.remaining.get(0, 0.0):.0%} of the tasks are at plain generation. "
        f"{last.in_loss:.0%} of the last batch's tokens were in the policy loss.",
    ]
    return "\n".join(lines) + "\n"


def difficulty_table(before: Sequence[EvaluatedTask], after: Sequence[EvaluatedTask]) -> list[str]:
    """Rows of a Markdown table: pass@1 before and after, by difficulty and over all tasks."""
    rows = ["| tasks | number | before | after |", "|---|---|---|---|"]
    for name in (*DIFFICULTIES, None):
        old, new = (
            [task for task in tasks if name is None or task.difficulty == name]
            for tasks in (before, after)
        )
        if old:
            rows.append(f"| {name or 'all'} | {len(old)} | {pass_at_1(old)} | {pass_at_1(new)} |")
    return rows if len(rows) > 2 else ["Nothing was evaluated."]


def pass_at_1(tasks: Sequence[EvaluatedTask]) -> Interval:
    """Mean share of passing samples with its interval over tasks."""
    return bootstrap_interval([t.num_passed / t.num_judged for t in tasks if t.num_judged])


def _curves(history: Sequence[StepCoderStep]) -> Figure:
    figure = Figure(figsize=(6, 6), layout="constrained")
    series = {
        "score": [step.ppo.score_mean for step in history],
        "share of rollouts that pass": [step.pass_rate for step in history],
        "KL to the reference, nats per completion": [step.ppo.kl for step in history],
    }
    axes: Sequence[Axes] = figure.subplots(len(series), 1, sharex=True)
    for axis, (name, values) in zip(axes, series.items(), strict=True):
        axis.plot(range(1, len(values) + 1), values)
        axis.set_title(name, loc="left", fontsize=10)
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel("step")
    return figure


def _courses(history: Sequence[StepCoderStep]) -> Figure:
    """Share of tasks by the courses that lie before plain generation, step by step."""
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axis = figure.subplots()
    left = sorted({number for step in history for number in step.remaining})
    shares = [[step.remaining.get(number, 0.0) for step in history] for number in left]
    labels = ["plain generation" if n == 0 else f"{n} before it" for n in left]
    axis.stackplot(range(1, len(history) + 1), shares, labels=labels)
    axis.set(xlabel="step", ylabel="share of tasks", ylim=(0, 1))
    axis.margins(x=0)
    axis.legend(title="courses", fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
