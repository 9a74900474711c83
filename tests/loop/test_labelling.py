"""Candidates with verdicts: sampled in batches, kept as one table, read again where it changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from loop.labelling import CANDIDATES_AT_ONCE, load_groups, sample_and_judge
from multipl_e.executors import Executor
from multipl_e.records import Candidate, Task, Verdict
from multipl_e.tables import write_labelled


class Recording:
    """A sampler that says nothing and remembers which tasks it was given at once."""

    def __init__(self) -> None:
        self.batches: list[list[Task]] = []

    def sample(
        self, tasks: Sequence[Task], num_candidates: int, *, seed: int, round: int
    ) -> list[Candidate]:
        self.batches.append(list(tasks))
        return [Candidate(t.name, t.language, "", n) for t in tasks for n in range(num_candidates)]


def tasks(number: int) -> list[Task]:
    return [Task(f"t{i}", "py", "def f():\n", "def check(): pass") for i in range(number)]


@pytest.mark.parametrize("num_candidates", [1, 16, CANDIDATES_AT_ONCE, 2 * CANDIDATES_AT_ONCE])
@pytest.mark.parametrize("num_tasks", [0, 1, 3, 40])
def test_every_task_is_sampled_once_and_no_batch_is_empty_or_too_large(
    tmp_path: Path, num_candidates: int, num_tasks: int
) -> None:
    sampler = Recording()
    known = {
        Candidate(t.name, t.language, "", n): Verdict("OK", 0)
        for t in tasks(num_tasks)
        for n in range(num_candidates)
    }
    summary = sample_and_judge(
        tasks(num_tasks),
        sampler,  # type: ignore[arg-type]
        Executor(),
        tmp_path / "table.parquet",
        num_candidates=num_candidates,
        seed=0,
        round=0,
        recorded=known,
    )
    assert [task for batch in sampler.batches for task in batch] == tasks(num_tasks)
    most = max(1, CANDIDATES_AT_ONCE // num_candidates)
    assert all(1 <= len(batch) <= most for batch in sampler.batches)
    assert summary["num_candidates"] == num_tasks * num_candidates


def test_the_first_batch_is_small(tmp_path: Path) -> None:
    sampler = Recording()
    sample_and_judge(
        tasks(40),
        sampler,  # type: ignore[arg-type]
        Executor(),
        tmp_path / "table.parquet",
        num_candidates=16,
        seed=0,
        round=0,
        recorded={Candidate("another", "py", "", 0): Verdict("OK", 0)},
    )
    assert [len(batch) for batch in sampler.batches] == [4, 16, 16, 4]


def test_a_table_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    path, (task,) = tmp_path / "table.parquet", tasks(1)
    for number in (1, 2):
        rows = [(Candidate(task.name, "py", "pass", n), Verdict("OK", 0)) for n in range(number)]
        write_labelled(path, rows)
        assert len(load_groups(path, [task])[0][1]) == number
