"""What the server can choose by, and the sandboxes for strategies that run programs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from multipl_e.errors import UserError
from multipl_e.executors import Executor
from multipl_e.sandbox import check_isolation
from reranker.combination import Combination
from reranker.executions import NEEDS_EXECUTION, execute
from reranker.selection import NEEDS, Choices, best, get_strategy, needs_of
from reranker.service.errors import VALIDATION, ServiceError

# Its scores are those of another model: the reranker's base before training.
NOT_SERVED = frozenset({"likelihood"})


class Chooser:
    """Applies strategies; used by one thread at a time.

    Attributes:
        strategies: Names on offer; they may be joined by ``+``.
    """

    def __init__(self, model: Path, *, allow_execution: bool) -> None:
        """Find out what there is to choose by.

        Args:
            model: The reranker's folder, where fitted weights may lie.
            allow_execution: Whether candidates may be run.

        Raises:
            UserError: execution is allowed but there is no working sandbox.
        """
        self.combination = Combination.load(model)
        self._stack = ExitStack()
        self._executor: Executor | None = None
        if allow_execution:
            check_isolation("bubblewrap")
            self._executor = self._stack.enter_context(Executor(timeout=10.0))
        lacking = set() if allow_execution else set(NEEDS_EXECUTION)
        if self.combination is None:
            lacking.add("combination")
        self.strategies = [
            name for name, needs in NEEDS.items() if name not in NOT_SERVED and not needs & lacking
        ]

    def close(self) -> None:
        """End the sandboxes."""
        self._stack.close()

    def check(self, strategy: str) -> None:
        """Pass if the strategy is on offer.

        Raises:
            ServiceError: it is not; with those that are.
        """
        if not set(strategy.split("+")) <= set(self.strategies):
            message = (
                f"strategy must be one of {', '.join(self.strategies)}, or several joined by +"
            )
            raise ServiceError(VALIDATION, message, param="strategy")

    def choose(
        self, strategy: str, choices: Choices, written_tests: Sequence[str]
    ) -> tuple[int, list[float]]:
        """The pick, and the value of every candidate; runs them where the strategy needs it.

        Args:
            strategy: One that passed `check`.
            choices: The candidates with their scores.
            written_tests: A model's tests, for strategies that look at agreement on them.

        Raises:
            ServiceError: the request lacks what the strategy looks at.
        """
        task, candidates = choices.task, choices.candidates
        needs = set(needs_of(strategy))
        if written_tests and "calls" in needs:
            needs.add("tests")
        try:
            if needs & NEEDS_EXECUTION and self._executor is not None:
                tests = {task.key: list(written_tests)}
                (executions,) = execute(self._executor, [(task, candidates)], needs, tests)
                choices = replace(choices, executions=executions, combination=self.combination)
            values = get_strategy(strategy)(choices)
        except UserError:
            message = f"the request lacks what {strategy} looks at; see docs/serving.md"
            raise ServiceError(VALIDATION, message, param="strategy") from None
        return best(values), values
