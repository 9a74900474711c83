"""Rewards from verdicts, and judging in the background while the policy writes on.

METHODS.md, section 2: -1 for a program that does not compile or parse, -0.6 for one that dies or
hangs, -0.3 for one that fails a test, +1 for one that passes them all.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING

from multipl_e.errors import InfrastructureError
from multipl_e.records import Candidate, Task, Verdict

if TYPE_CHECKING:
    from multipl_e.executors import Executor

PASSED, FAILED_TEST, RUNTIME_ERROR, COMPILE_ERROR = 1.0, -0.3, -0.6, -1.0

# An executor calls both a failed test and a crash an Exception; what the run printed tells them
# apart: the assertions of every language's tests, as their judges report them.
_FAILED_ASSERTION = re.compile(
    r"AssertionError|ASSERTION_ERROR|Assert_failure|assertion_failed|Assertion failure"
    r"|[Aa]ssertion [^\n]*failed|an? (?:assertion|test) failed|Test failed!|FAILURE: check-"
    r"|LuaUnit test FAILURE|^Failure:$|: expected '[^\n]*', got '",
    re.MULTILINE,
)


def failed_a_test(verdict: Verdict) -> bool:
    """Whether a program ran and gave a wrong answer, rather than dying or hanging."""
    return verdict.status == "Exception" and bool(
        _FAILED_ASSERTION.search(verdict.stderr) or _FAILED_ASSERTION.search(verdict.stdout)
    )


def reward_of(verdict: Verdict | None, test_share_weight: float = 0.0) -> float:
    """What a program earns.

    Args:
        verdict: What the executor found; None if it could not judge the program.
        test_share_weight: Added for a program that fails a test, times the share of the tests
            that it passes, where the language tells; below 1.3, so that passing earns most.

    Returns:
        -1, -0.6, -0.3 or +1, or NaN without a verdict: such a rollout is left out.
    """
    if verdict is None:
        return math.nan
    if verdict.passed:
        return PASSED
    if verdict.status == "SyntaxError":
        return COMPILE_ERROR
    if not failed_a_test(verdict):
        return RUNTIME_ERROR
    if verdict.tests_passed is None or not verdict.tests_total:
        return FAILED_TEST
    return FAILED_TEST + test_share_weight * verdict.tests_passed / verdict.tests_total


class BackgroundJudge:
    """Judges batches of candidates in a thread of its own, in the order they are handed in.

    Attributes:
        busy_seconds: Time for which something was being judged.
    """

    def __init__(self, executor: Executor, *, coverage: bool = False) -> None:
        """Judge with `executor`; `coverage` asks for the lines that ran."""
        self._executor, self._coverage = executor, coverage
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")
        self.busy_seconds = 0.0

    def __enter__(self) -> BackgroundJudge:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def submit(
        self, tasks: Sequence[Task], candidates: Sequence[Candidate]
    ) -> Future[list[Verdict | None]]:
        """Begin to judge candidates, one task for each; None stands for no verdict."""
        return self._thread.submit(self._judge, list(zip(tasks, candidates, strict=True)))

    def _judge(self, items: list[tuple[Task, Candidate]]) -> list[Verdict | None]:
        started = time.monotonic()
        try:
            return self._executor.judge(items, coverage=self._coverage)
        except InfrastructureError:
            # Not one could be judged: they are left out, and a step without any ends the run.
            return [None] * len(items)
        finally:
            self.busy_seconds += time.monotonic() - started
