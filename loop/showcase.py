"""The hard negatives worth a person's time: wrong programs that the reranker believed in most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loop.config import MiningConfig
from loop.mining import Probed, hard_negatives
from multipl_e.records import Task, Verdict

MAX_SHOWN = 10
MAX_OUTPUT = 1200


def instructive(
    probes: Mapping[int, Sequence[tuple[Task, Sequence[Probed]]]], options: MiningConfig
) -> list[dict[str, Any]]:
    """The hard negatives that lie furthest above the passing programs of their task.

    One per task, and as even over rounds as there are; only tasks where something passes, since
    the comparison is what teaches.
    """
    by_round = []
    for number, groups in probes.items():
        found = []
        for task, rows in groups:
            passing = [p.score for p in rows if p.verdict.passed]
            hard = hard_negatives(rows, options)
            if passing and hard:
                found.append(_entry(number, task, hard[0], float(np.median(passing)), rows))
        found.sort(key=lambda entry: entry["passing_score"] - entry["score"])
        by_round.append(found)
    shown: list[dict[str, Any]] = []
    for place in range(max(map(len, by_round), default=0)):
        shown += [found[place] for found in by_round if place < len(found)]
    return shown[:MAX_SHOWN]


def _entry(
    number: int, task: Task, probe: Probed, passing_score: float, rows: Sequence[Probed]
) -> dict[str, Any]:
    return {
        "task": task.name,
        "language": task.language,
        "difficulty": task.difficulty,
        "round": number,
        "prompt": task.prompt,
        "code": probe.candidate.text,
        "score": probe.score,
        "passing_score": passing_score,
        "rank": 1 + sum(other.score > probe.score for other in rows),
        "num_candidates": len(rows),
        "status": probe.verdict.status,
        "failing_test": failing_test(task, probe.verdict),
        "stderr": probe.verdict.stderr[-MAX_OUTPUT:],
    }


def failing_test(task: Task, verdict: Verdict) -> str | None:
    """The line of the tests that failed, as far as the output or the count of passes tells."""
    lines = [line.strip() for line in task.tests.splitlines() if "candidate(" in line]
    lines = [line for line in lines if not line.startswith(("def ", "function "))]
    for line in lines:
        if line and line in verdict.stderr:
            return line
    if verdict.tests_passed is not None and verdict.tests_passed < len(lines):
        return lines[verdict.tests_passed]
    return None
