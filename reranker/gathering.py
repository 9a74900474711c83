"""From files to `Choices`: what the commands that compare candidates have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from multipl_e.errors import UserError
from multipl_e.executors import Executor, Isolation
from multipl_e.progress import say
from multipl_e.records import Candidate, Score, Task, TaskKey
from multipl_e.tables import iter_candidates, read_tasks
from reranker.combination import FILE_NAME, Combination
from reranker.data import continuation
from reranker.executions import NEEDS_EXECUTION, NOT_EXECUTED, execute, read_written_tests
from reranker.scoring import Scorer
from reranker.selection import Choices

TASKS_AT_ONCE = 32

TaskGroup = tuple[Task, list[Candidate]]


def group_candidates(tasks: str, candidates: str) -> list[TaskGroup]:
    """The tasks of one file with their candidates of another, in the candidates' order.

    Raises:
        UserError: no candidate belongs to a task.
    """
    known = {task.key: task for task in read_tasks(tasks)}
    found: dict[TaskKey, list[Candidate]] = defaultdict(list)
    unknown: set[TaskKey] = set()
    for candidate in iter_candidates(candidates):
        if candidate.task_key in known:
            found[candidate.task_key].append(candidate)
        else:
            unknown.add(candidate.task_key)
    if not found:
        raise UserError(f"no candidate in {candidates} belongs to a task of {tasks}")
    if unknown:
        say(f"{len(unknown)} tasks of {candidates} are not in {tasks}: left out")
    return [(known[key], rows) for key, rows in found.items()]


class Gathering:
    """Makes `Choices` of groups: scores them, and runs what the strategies need.

    Args:
        needs: What the strategies look at (`reranker.selection.needs_of`).
        scorer: The reranker, where there is one.
        model: Its folder, where a combination may be kept.
        tests: File of model-written tests, where there is one.
        timeout: Seconds for one candidate's run.
        workers: Candidates run at a time.
        isolation: How they are isolated.
        seed: For strategies that draw.

    Raises:
        UserError: something that is needed is not given.
    """

    def __init__(
        self,
        needs: Iterable[str],
        *,
        scorer: Scorer | None = None,
        model: str | Path | None = None,
        tests: str | None = None,
        timeout: float = 10.0,
        workers: int | None = None,
        isolation: Isolation = "bubblewrap",
        seed: int = 0,
    ):
        self.needs = set(needs)
        self.scorer, self.seed = scorer, seed
        if "scores" in self.needs and scorer is None:
            raise UserError("this strategy needs a reranker; name one with --model")
        if "tests" in self.needs and tests is None:
            raise UserError(
                "this strategy needs tests that a model wrote; name a file of them with --tests"
            )
        self.combination = None
        if "combination" in self.needs and model is not None:
            self.combination = Combination.load(model)
            if self.combination is None:
                raise UserError(
                    f"{model} holds no {FILE_NAME}; fit the weights on labelled validation tasks "
                    "with `python -m reranker.combine`"
                )
        self.samples = None
        if tests is not None and self.needs & {"tests", "calls"}:
            self.samples = read_written_tests(tests)
            self.needs.add("tests")
        self._workers, self._timeout = workers, timeout
        self._isolation: Isolation = isolation

    def choices(
        self, groups: Sequence[TaskGroup], on_done: Callable[[int], None] | None = None
    ) -> Iterator[Choices]:
        """The groups' choices, a few tasks at a time.

        Args:
            groups: Tasks with their candidates.
            on_done: Told the number of candidates that are gathered.

        Raises:
            UserError: public tests are needed and no task has any.
        """
        if "public" in self.needs and not any(task.public_tests for task, _ in groups):
            raise UserError("none of these tasks has public tests (the field public_tests)")
        scores = self._scores(groups)
        with self._running() as executor:
            for start in range(0, len(groups), TASKS_AT_ONCE):
                part = groups[start : start + TASKS_AT_ONCE]
                executions = [NOT_EXECUTED] * len(part)
                if executor is not None:
                    executions = execute(executor, part, self.needs, self.samples)
                for (task, candidates), execution in zip(part, executions, strict=True):
                    yield Choices(
                        task, candidates, next(scores), self.seed, execution, self.combination
                    )
                    if on_done is not None:
                        on_done(len(candidates))

    @contextmanager
    def _running(self) -> Iterator[Executor | None]:
        if not self.needs & NEEDS_EXECUTION:
            yield None
            return
        with Executor(
            workers=self._workers, timeout=self._timeout, isolation=self._isolation
        ) as executor:
            yield executor

    def _scores(self, groups: Sequence[TaskGroup]) -> Iterator[list[Score] | None]:
        if self.scorer is None:
            yield from (None for _ in groups)
            return
        yield from self.scorer.stream(
            (task.prompt, [continuation(task, candidate) for candidate in candidates])
            for task, candidates in groups
        )
