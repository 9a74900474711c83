"""What running the candidates said before one is picked; never the hidden tests.

Public tests belong to the task. Written tests come from a model, through a file with one row per
task: ``name``, ``samples`` (the model's texts), and ``language`` where it is not Python. The calls
whose results are compared are those in both, and small changes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from multipl_e.errors import UserError
from multipl_e.executors import Executor
from multipl_e.files import iter_rows
from multipl_e.probes import (
    Answers,
    Probed,
    WrittenTest,
    ask,
    entry_point,
    inputs_of,
    run_public_tests,
    written_tests,
)
from multipl_e.records import Candidate, Task, TaskKey

NEEDS_EXECUTION = frozenset({"public", "tests", "calls"})
NUM_CALLS = 40


@dataclass(frozen=True, slots=True)
class Executions:
    """What execution found for one task's candidates.

    Attributes:
        public: Whether each passes the task's public tests; None if it has none or none were run.
        tests: The written tests.
        answers: What each candidate answered to the tests and calls; None if not asked.
    """

    public: Sequence[bool] | None = None
    tests: Sequence[WrittenTest] = ()
    answers: Answers | None = None

    @property
    def counts(self) -> list[int]:
        """(tests,) how often each was written."""
        return [test.count for test in self.tests]

    def subset(self, rows: Sequence[int]) -> Executions:
        """The same of some of the candidates."""
        return Executions(
            None if self.public is None else [self.public[i] for i in rows],
            self.tests,
            None if self.answers is None else self.answers.subset(rows),
        )


NOT_EXECUTED = Executions()


def execute(
    executor: Executor,
    groups: Sequence[tuple[Task, Sequence[Candidate]]],
    needs: Iterable[str],
    samples: Mapping[TaskKey, Sequence[str]] | None = None,
    on_done: Callable[[int], None] | None = None,
) -> list[Executions]:
    """Run what strategies need.

    Args:
        executor: Runs the programs.
        groups: Tasks with their candidates.
        needs: Of ``public``, ``tests`` and ``calls``.
        samples: A model's tests by task, see `read_written_tests`.
        on_done: Told the number of programs just run.
    """
    wanted = set(needs) & NEEDS_EXECUTION
    public: list[list[bool] | None] = [None] * len(groups)
    if "public" in wanted:
        public = run_public_tests(executor, groups, on_done)
    tests = [_tests_of(task, samples or {}) for task, _ in groups]
    answers: list[Answers] | list[None] = [None] * len(groups)
    if wanted & {"tests", "calls"}:
        probed = [
            Probed(
                task,
                candidates,
                [test.text for test in written] if "tests" in wanted else [],
                inputs_of(task, written, entry_point(task), NUM_CALLS) if "calls" in wanted else [],
            )
            for (task, candidates), written in zip(groups, tests, strict=True)
        ]
        answers = ask(executor, probed, on_done)
    return [
        Executions(passed, written, answer)
        for passed, written, answer in zip(public, tests, answers, strict=True)
    ]


def read_written_tests(path: str | Path) -> dict[TaskKey, list[str]]:
    """A model's tests by task.

    Raises:
        UserError: a row is not of the form described above.
    """
    found: dict[TaskKey, list[str]] = {}
    for place, row in iter_rows(path):
        name, samples = row.get("name"), row.get("samples")
        if not isinstance(name, str) or not isinstance(samples, list):
            raise UserError(f"{place}: written tests are rows of name and samples, a list of texts")
        found[name, str(row.get("language") or "py")] = [str(text) for text in samples]
    return found


def _tests_of(task: Task, samples: Mapping[TaskKey, Sequence[str]]) -> list[WrittenTest]:
    texts = samples.get(task.key, ())
    if task.language != "py":
        # In other languages a sample stands where the tests stand, whole.
        return [WrittenTest(text, 1) for text in dict.fromkeys(texts)]
    name = entry_point(task)
    return written_tests(texts, name) if name else []
