"""Candidates with verdicts: sampled, executed, kept as one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from generator.samplers import Sampler
from loop.overlap import in_background
from multipl_e.executors import Executor
from multipl_e.progress import progress, say
from multipl_e.records import Candidate, Task, TaskKey, Verdict
from multipl_e.tables import read_labelled, write_labelled

Row = tuple[Candidate, Verdict]
Groups = Sequence[tuple[Task, Sequence[Row]]]

# Candidates sampled before they are handed to the executor, which works meanwhile.
CANDIDATES_AT_ONCE = 256


def sample_and_judge(
    tasks: Sequence[Task],
    sampler: Sampler,
    executor: Executor,
    output: Path,
    *,
    num_candidates: int,
    seed: int,
    round: int,
    recorded: Mapping[Candidate, Verdict] | None = None,
    description: str = "sampling",
) -> dict[str, Any]:
    """Sample candidates, execute them while the next ones are sampled, write the table.

    Candidates that could not be judged (a failure of ours) are left out and counted. With
    `recorded` verdicts nothing is executed.

    Returns:
        Counts: candidates, passing, excluded, and the tasks that have both kinds.
    """
    by_key = {task.key: task for task in tasks}
    tasks_at_once = max(1, CANDIDATES_AT_ONCE // num_candidates)
    drawn: list[Candidate] = []

    def sampled() -> Iterator[tuple[Task, Candidate]]:
        with progress(description, len(tasks) * num_candidates) as advance:
            # A small batch first, so that there is soon something to execute.
            starts = range(max(1, tasks_at_once // 4), len(tasks), tasks_at_once)
            for start, end in pairwise(sorted({0, *starts, len(tasks)})):
                found = sampler.sample(tasks[start:end], num_candidates, seed=seed, round=round)
                advance(len(found))
                for candidate in found:
                    drawn.append(candidate)
                    yield by_key[candidate.task_key], candidate

    verdicts: dict[int, Verdict | None]
    if not recorded:
        verdicts = dict(executor.stream(in_background(sampled(), CANDIDATES_AT_ONCE)))
    else:
        verdicts = {i: recorded.get(candidate) for i, (_, candidate) in enumerate(sampled())}
    rows = [(c, v) for i, c in enumerate(drawn) if (v := verdicts.get(i)) is not None]
    excluded = len(drawn) - len(rows)
    if excluded:
        say(f"{excluded} candidates could not be judged and are left out")
    write_labelled(output, rows)
    groups = by_task(rows).values()
    return {
        "num_tasks": len(tasks),
        "num_candidates": len(rows),
        "num_passing": sum(verdict.passed for _, verdict in rows),
        "num_excluded": excluded,
        "num_mixed_tasks": sum(0 < sum(v.passed for _, v in g) < len(g) for g in groups),
    }


def load_groups(path: Path, tasks: Iterable[Task]) -> Groups:
    """The rows of a table by task, in the order of `tasks`; tasks without rows are left out."""
    state = path.stat()
    groups = _groups_of(path, state.st_mtime_ns, state.st_size)
    return [(task, groups[task.key]) for task in tasks if task.key in groups]


@lru_cache(maxsize=4)  # a round's metrics and report are made of few tables, which may be large
def _groups_of(path: Path, modified: int, size: int) -> Mapping[TaskKey, Sequence[Row]]:
    return by_task(read_labelled(path))


def canonical_row(task: Task) -> list[Row]:
    """The task's canonical solution as a passing candidate, where it has one."""
    if task.canonical_solution is None:
        return []
    candidate = Candidate(
        task.name, task.language, task.canonical_solution, -1, sampler="canonical"
    )
    return [(candidate, Verdict("OK", 0))]


def by_task(rows: Iterable[Row]) -> dict[TaskKey, list[Row]]:
    """Rows grouped by task, order kept."""
    groups: dict[TaskKey, list[Row]] = {}
    for candidate, verdict in rows:
        groups.setdefault(candidate.task_key, []).append((candidate, verdict))
    return groups
