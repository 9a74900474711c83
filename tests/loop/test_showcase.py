"""The hard negatives that are shown to a person."""

from loop.config import MiningConfig
from loop.mining import Probed
from loop.showcase import MAX_SHOWN, failing_test, instructive
from multipl_e.records import Candidate, Task, Verdict

TESTS = """def check(candidate):
    assert candidate(1) == 2
    assert candidate(2) == 4

check(solve)
"""


def task(name: str) -> Task:
    return Task(name, "py", "def solve(n):\n", TESTS)


def rows(*scored: tuple[bool, float]) -> list[Probed]:
    return [
        Probed(
            Candidate("t", "py", f"    return {'-' * i}n\n", i),
            Verdict("OK" if passed else "Exception", 0, tests_passed=1),
            score,
        )
        for i, (passed, score) in enumerate(scored)
    ]


def test_those_furthest_above_the_passing_come_first() -> None:
    groups = [
        (task("near"), rows((True, 0), (False, 1))),
        (task("far"), rows((True, 0), (False, 9))),
    ]
    shown = instructive({1: groups}, MiningConfig())
    assert [entry["task"] for entry in shown] == ["far", "near"]
    assert (shown[0]["score"], shown[0]["passing_score"], shown[0]["rank"]) == (9, 0, 1)


def test_every_round_is_represented() -> None:
    groups = [(task(f"t{i}"), rows((True, 0), (False, i + 1))) for i in range(20)]
    shown = instructive({1: groups, 2: groups}, MiningConfig())
    assert len(shown) == MAX_SHOWN
    assert {entry["round"] for entry in shown} == {1, 2}


def test_a_task_on_which_nothing_passes_teaches_little() -> None:
    assert instructive({1: [(task("t"), rows((False, 1), (False, 2)))]}, MiningConfig()) == []


def test_the_failing_test_is_the_one_in_the_output() -> None:
    verdict = Verdict("Exception", 1, stderr="    assert candidate(2) == 4\nAssertionError\n")
    assert failing_test(task("t"), verdict) == "assert candidate(2) == 4"


def test_the_failing_test_follows_from_the_number_that_passed() -> None:
    verdict = Verdict("Exception", 1, tests_passed=1)
    assert failing_test(task("t"), verdict) == "assert candidate(2) == 4"


def test_an_unknown_failing_test_is_not_invented() -> None:
    assert failing_test(task("t"), Verdict("Timeout", -9)) is None
