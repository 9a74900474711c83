"""The hard negatives of a report: wrong programs that the reranker took for right ones."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from loop.report.metrics import Report, mappings, number
from multipl_e.pages.code import shortened, tail, visible

MAX_SHOWN = 10


@dataclass(frozen=True, slots=True)
class HardNegative:
    """A failing program as the report shows it; texts are cut and hold nothing invisible.

    Attributes:
        heading: Task, language and round.
        language: MultiPL-E's short name.
        prompt: The task's prompt.
        code: The program, without the prompt.
        verdict: Status of its execution.
        score: Its score beside that of the task's passing programs, in words.
        failing_test: The test it fails, or nothing.
        stderr: The end of its error output, or nothing.
    """

    heading: str
    language: str
    prompt: str
    code: str
    verdict: str
    score: str
    failing_test: str
    stderr: str


def hard_negatives(report: Report) -> list[HardNegative]:
    """The report's most instructive hard negatives, at most ten."""
    return [_read(entry) for entry in mappings(report.get("hard_negatives"))[:MAX_SHOWN]]


def _read(entry: Mapping[str, object]) -> HardNegative:
    def text(key: str) -> str:
        cell = entry.get(key)
        return "" if cell is None else visible(cell)

    prompt, code = text("prompt"), text("code")
    found_in = f"round {text('round')}" if text("round") else ""
    return HardNegative(
        heading=" · ".join(
            part for part in (text("task"), text("language"), text("difficulty"), found_in) if part
        ),
        language=text("language"),
        prompt=shortened(prompt.rstrip("\n")),
        code=shortened(code.removeprefix(prompt).strip("\n")),
        verdict=text("status"),
        score=_score(entry),
        failing_test=shortened(textwrap.dedent(text("failing_test")).strip("\n")),
        stderr=tail(text("stderr")),
    )


def _score(entry: Mapping[str, object]) -> str:
    score, passing = number(entry.get("score")), number(entry.get("passing_score"))
    if score is None:
        return ""
    sentence = f"Scored {score:.2f}"
    if passing is None:
        sentence += "; none of the task's samples passes"
    else:
        sentence += f"; the median passing program scores {passing:.2f}"
    rank, of = number(entry.get("rank")), number(entry.get("num_candidates"))
    if rank is not None:
        sentence += f"; rank {rank:.0f}" + (f" of {of:.0f}" if of else "")
    return f"{sentence}."
