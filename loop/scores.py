"""Scores of executed candidates as a table: one row per candidate, joined by task and index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan
from pathlib import Path

import pandas as pd

from generator.ppo import Reward
from loop.labelling import Groups, load_groups
from loop.mining import Probed
from multipl_e.progress import progress
from multipl_e.records import Candidate, Score, Task, TaskKey
from reranker.scoring import Scorer

COLUMNS = ["task", "language", "index", "value", "probability"]


def reward_of(scorer: Scorer, kind: str) -> Reward:
    """What PPO maximises: the reranker's ``value``, or its ``probability`` where it has one."""
    calibration = scorer.calibration
    if kind == "value" or calibration is None:
        return scorer.score_candidates

    def probability(tasks: list[Task], candidates: list[Candidate]) -> list[float]:
        chances: list[float] = calibration(scorer.score_candidates(tasks, candidates)).tolist()
        return chances

    return probability


def score_groups(scorer: Scorer, groups: Groups) -> list[list[Score]]:
    """The scorer's opinion of every candidate, in the groups' order."""
    with progress("scoring", sum(len(rows) for _, rows in groups)) as advance:
        return scorer.score_groups(
            ((task.prompt, [candidate.text for candidate, _ in rows]) for task, rows in groups),
            on_done=advance,
        )


def probed_groups(groups: Groups, scorer: Scorer) -> list[tuple[Task, list[Probed]]]:
    """Executed candidates with the scorer's opinion of each."""
    scored = score_groups(scorer, groups)
    return [
        (task, [Probed(c, v, score.value) for (c, v), score in zip(rows, given, strict=True)])
        for (task, rows), given in zip(groups, scored, strict=True)
    ]


def write_scores(path: Path, groups: Groups, scores: Sequence[Sequence[Score]]) -> None:
    """Write one row per candidate: task, language, index, value, probability."""
    pd.DataFrame(
        [
            (task.name, task.language, candidate.index, score.value, score.probability)
            for (task, rows), given in zip(groups, scores, strict=True)
            for (candidate, _), score in zip(rows, given, strict=True)
        ],
        columns=COLUMNS,
    ).astype({"probability": "float64"}).to_parquet(path, index=False)


def read_scores(path: Path) -> dict[tuple[TaskKey, int], Score]:
    """What `write_scores` wrote, by task and candidate index."""
    table = pd.read_parquet(path)
    columns = [table[name].tolist() for name in COLUMNS]
    return {
        ((task, language), index): Score(value, None if isnan(chance) else chance)
        for task, language, index, value, chance in zip(*columns, strict=True)
    }


def read_probed(
    candidates: Path, scores: Path, tasks: Iterable[Task]
) -> list[tuple[Task, list[Probed]]]:
    """Executed candidates of these tasks with their scores, from the two tables."""
    known = read_scores(scores)
    return [
        (task, [Probed(c, v, known[c.task_key, c.index].value) for c, v in rows])
        for task, rows in load_groups(candidates, tasks)
    ]
