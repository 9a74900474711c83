"""Which of a round's tasks PPO works on: those on which the reranker leaves it something to win."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from multipl_e.records import Score, Task, TaskKey


def most_room(
    tasks: Sequence[Task], scores: Mapping[tuple[TaskKey, int], Score], kind: str, number: int
) -> list[Task]:
    """The tasks whose best sample's reward lies furthest above their samples' mean.

    Where all samples of a task score alike, comparing them teaches a policy nothing (such prompts
    are left out of batches in DAPO's dynamic sampling, arXiv 2503.14476, too), and where most score
    high already little can be won.

    Args:
        tasks: What may be chosen; tasks without samples are left out.
        scores: Of the generator's own samples, by task and index.
        kind: What the reward is, the scores' ``probability`` (where there is one) or ``value``.
        number: How many tasks are wanted.

    Returns:
        At most `number` tasks, in the order of `tasks`.
    """
    samples: dict[TaskKey, list[float]] = defaultdict(list)
    for (key, _), score in scores.items():
        chance = score.probability if kind == "probability" else None
        samples[key].append(score.value if chance is None else chance)
    room = {key: max(values) - float(np.mean(values)) for key, values in samples.items()}
    sampled = [task for task in tasks if task.key in room]
    chosen = {task.key for task in sorted(sampled, key=lambda t: -room[t.key])[:number]}
    return [task for task in sampled if task.key in chosen]
