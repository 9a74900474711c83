"""Putting probes to the candidates of many tasks through an `Executor`.

A Python candidate answers all its probes in one program. In the other languages an assertion is a
text that stands where the tests stand, each is a program of its own, and calls stay unanswered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from multipl_e.executors import Executor
from multipl_e.probes.harness import answers_in, program_of
from multipl_e.records import Candidate, Task, Verdict

OnDone = Callable[[int], None]


@dataclass(frozen=True)
class Probed:
    """A task's candidates and what each is asked.

    Attributes:
        task: The task.
        candidates: Its candidates.
        assertions: Assertions in the task's language.
        calls: Expressions that call the function asked for (Python only).
    """

    task: Task
    candidates: Sequence[Candidate]
    assertions: Sequence[str] = ()
    calls: Sequence[str] = ()

    def items(self) -> list[tuple[Task, Candidate]]:
        """The programs to run, candidate by candidate."""
        if self.task.language == "py":
            return [
                program_of(self.task, candidate, self.assertions, self.calls)
                for candidate in self.candidates
                if self.assertions or self.calls
            ]
        tasks = [dataclasses.replace(self.task, tests=text) for text in self.assertions]
        return [(task, candidate) for candidate in self.candidates for task in tasks]

    def answers(self, verdicts: Iterator[Verdict | None]) -> Answers:
        """What the verdicts on `items` say; they are taken from the iterator."""
        held = np.zeros((len(self.candidates), len(self.assertions)), bool)
        values: list[list[str | None]] = [[None] * len(self.calls) for _ in self.candidates]
        for row in range(len(self.candidates)):
            if self.task.language != "py":
                judged = [next(verdicts) for _ in self.assertions]
                held[row] = [verdict is not None and verdict.passed for verdict in judged]
            elif (self.assertions or self.calls) and (verdict := next(verdicts)) is not None:
                held[row], values[row] = answers_in(verdict, self.assertions, self.calls)
        return Answers(held, values)


@dataclass(frozen=True)
class Answers:
    """What a task's candidates answered.

    Attributes:
        held: (candidates, assertions) whether the assertion held; what could not be run did not.
        values: Per candidate and call a digest of what was returned, equal for equal values; None
            for an error or no answer.
    """

    held: NDArray[np.bool_]
    values: list[list[str | None]]

    def subset(self, rows: Sequence[int]) -> Answers:
        """The answers of some of the candidates."""
        return Answers(self.held[list(rows)], [self.values[i] for i in rows])


def ask(
    executor: Executor, groups: Sequence[Probed], on_done: OnDone | None = None
) -> list[Answers]:
    """Put each group's probes to its candidates.

    Args:
        executor: Runs the programs.
        groups: Tasks with candidates and probes.
        on_done: Told the number of programs just run.
    """
    items = [item for group in groups for item in group.items()]
    verdicts = iter(executor.judge(items, on_done=on_done) if items else ())
    return [group.answers(verdicts) for group in groups]


def run_public_tests(
    executor: Executor,
    groups: Sequence[tuple[Task, Sequence[Candidate]]],
    on_done: OnDone | None = None,
) -> list[list[bool] | None]:
    """Of each group, which candidates pass the task's public tests; None where it has none."""
    items = [
        (dataclasses.replace(task, tests=task.public_tests), candidate)
        for task, candidates in groups
        if task.public_tests
        for candidate in candidates
    ]
    verdicts = iter(executor.judge(items, on_done=on_done) if items else ())
    found: list[list[bool] | None] = []
    for task, candidates in groups:
        judged = [next(verdicts) for _ in candidates] if task.public_tests else None
        passed = None if judged is None else [v is not None and v.passed for v in judged]
        found.append(passed)
    return found
