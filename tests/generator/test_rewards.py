"""What programs earn, in every language, and that judging goes on beside the sampling."""

from __future__ import annotations

import importlib.util
import math
import threading
from pathlib import Path
from typing import Any

import pytest

from generator.rewards import BackgroundJudge, reward_of
from multipl_e.errors import InfrastructureError
from multipl_e.executors import Executor
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Status, Task, Verdict

CONTRACT = Path(__file__).parents[1] / "multipl_e" / "contract"
# Programs of the contract tests' Exceptions, told by their words: one subtracts, another dies.
SUBTRACTS = ("a - b", "A - B", "(- a b)", "$x - $y")
DIES = {
    "adb": "raise Program_Error",
    "clj": "(throw (Exception.",
    "cpp": "throw 1",
    "cs": 'throw new Exception("no")',
    "d": 'throw new Exception("no")',
    "elixir": 'raise "no"',
    "go": 'panic("no")',
    "hs": "undefined",
    "java": 'throw new RuntimeException("no")',
    "lua": 'error("no")',
    "ml": 'failwith "no"',
    "pl": "die 'no'",
    "rb": "undefined_name",
    "rs": 'panic!("no")',
    "scala": 'throw new Exception("no")',
    "ts": "throw new Error('no')",
}


@pytest.mark.parametrize(
    ("status", "reward"),
    [
        ("OK", 1.0),
        ("SyntaxError", -1.0),
        ("Exception", -0.6),
        ("Timeout", -0.6),
        ("Incomplete", -0.6),
        ("OutOfMemory", -0.6),
        ("OutputLimit", -0.6),
    ],
)
def test_reward_by_status(status: Status, reward: float) -> None:
    assert reward_of(Verdict(status, 1, stderr="ValueError: no")) == reward


def test_a_failed_assertion_is_a_failed_test_not_a_crash() -> None:
    trace = "Traceback (most recent call last):\n  ...\nAssertionError\n"
    assert reward_of(Verdict("Exception", 1, stderr=trace)) == -0.3
    assert reward_of(Verdict("Timeout", -9, stderr=trace)) == -0.6


def test_without_a_verdict_the_reward_is_unknown() -> None:
    assert math.isnan(reward_of(None))


def test_share_of_tests_counts_only_if_asked_for_and_never_reaches_a_pass() -> None:
    verdict = Verdict("Exception", 1, stderr="AssertionError", tests_passed=3, tests_total=4)
    assert reward_of(verdict) == -0.3
    assert reward_of(verdict, 0.4) == pytest.approx(0.0)
    assert reward_of(Verdict("Exception", 1, stderr="AssertionError"), 0.4) == -0.3
    assert reward_of(Verdict("OK", 0, tests_passed=4, tests_total=4), 0.4) == 1.0
    crash = Verdict("Exception", 1, stderr="KeyError: 1", tests_passed=3, tests_total=4)
    assert reward_of(crash, 0.4) == -0.6


def contract(language: str) -> dict[str, list[str]]:
    path = CONTRACT / f"{language}.py"
    spec = importlib.util.spec_from_file_location(f"contract_{language}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    programs: dict[str, list[str]] = module.PROGRAMS
    return programs


PYTHON_AND_JAVASCRIPT = {
    "py": ["def add(a, b):\n    return a - b\n", "def add(a, b):\n    return b[a]\n", "def add(:"],
    "js": [
        "function add(a, b) {\n  return a - b;\n}\n",
        "function add(a, b) {\n  return a.b.c;\n}\n",
        "function add(a, b {",
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("language", [*PYTHON_AND_JAVASCRIPT, *sorted(DIES)])
def test_rewards_of_real_programs(language: str) -> None:
    """Passing, failing a test, dying, and not compiling, as the executors tell them."""
    spoken = get_language(language)
    if spoken.toolchain is None:
        pytest.skip(f"the toolchain of {language} is missing")
    if language in PYTHON_AND_JAVASCRIPT:
        wrong, dies, broken = PYTHON_AND_JAVASCRIPT[language]
    else:
        programs = contract(language)
        wrong = next(p for p in programs["Exception"] if any(word in p for word in SUBTRACTS))
        dies = next(p for p in programs["Exception"] if DIES[language] in p)
        broken = programs["SyntaxError"][0]
    right, tests = spoken.smoke
    task = Task("t", language, "", tests)
    items = [(task, Candidate("t", language, c, form="solution")) for c in (right, wrong, dies)]
    items.append((task, Candidate("t", language, broken, form="solution")))
    with Executor(workers=1) as executor:
        assert [reward_of(v) for v in executor.judge(items)] == [1.0, -0.3, -0.6, -1.0]


class SlowExecutor:
    """Judges when it is told to."""

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.seen: list[tuple[int, bool]] = []

    def judge(self, items: list[Any], *, coverage: bool) -> list[Verdict | None]:
        self.seen.append((len(items), coverage))
        assert self.may_go.wait(timeout=30)
        return [Verdict("OK", 0)] * len(items)


TASK = Task("t", "py", "", "")


def test_the_next_batch_can_be_made_while_one_is_judged() -> None:
    executor = SlowExecutor()
    with BackgroundJudge(executor, coverage=True) as judge:  # type: ignore[arg-type]
        first = judge.submit([TASK], [Candidate("t", "py", "a")])
        second = judge.submit([TASK] * 2, [Candidate("t", "py", "b")] * 2)
        assert not first.done()
        executor.may_go.set()
        assert [len(first.result()), len(second.result())] == [1, 2]
    assert executor.seen == [(1, True), (2, True)]
    assert judge.busy_seconds > 0


class BrokenExecutor:
    def judge(self, items: list[Any], *, coverage: bool) -> list[Verdict | None]:
        raise InfrastructureError("no sandbox today")


def test_a_failure_of_ours_is_no_verdict() -> None:
    with BackgroundJudge(BrokenExecutor()) as judge:  # type: ignore[arg-type]
        verdicts = judge.submit([TASK], [Candidate("t", "py", "a")]).result()
    assert verdicts == [None]
