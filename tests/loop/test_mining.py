"""What counts as hard, how much of it is folded in, and against what."""

import random

import pytest

from loop.config import MiningConfig
from loop.mining import (
    Probed,
    fold,
    hard_negatives,
    is_hard,
    select_negatives,
    share_ranked_below,
)
from multipl_e.records import Candidate, Task, Verdict

TASK = Task("double", "py", "def solve(n):\n", "", canonical_solution="    return n * 2\n")


def probe(text: str, passed: bool, score: float, index: int = 0) -> Probed:
    verdict = Verdict("OK" if passed else "Exception", 0 if passed else 1)
    return Probed(Candidate("double", "py", text, index), verdict, score)


def failing(count: int, score: float = 5.0) -> list[Probed]:
    """Programs that differ in structure, all failing."""
    return [
        probe(f"    return {' + '.join(['n'] * (i + 3))}\n", False, score - i) for i in range(count)
    ]


def test_hard_is_at_least_the_median_of_the_passing() -> None:
    passed = [True, True, True, False, False, False]
    scores = [1.0, 2.0, 3.0, 1.9, 2.0, 2.5]
    assert is_hard(passed, scores, 0.25) == [False, False, False, False, True, True]


def test_where_nothing_passes_the_top_quarter_is_hard() -> None:
    scores = [float(i) for i in range(8)]
    assert is_hard([False] * 8, scores, 0.25) == [False] * 6 + [True] * 2


def test_where_all_pass_nothing_is_hard() -> None:
    assert is_hard([True, True], [1.0, 2.0], 0.25) == [False, False]


def test_no_candidates_no_hard_negatives() -> None:
    assert is_hard([], [], 0.25) == []


def test_hard_negatives_come_best_first_and_capped() -> None:
    found = hard_negatives([probe("    return 2 * n\n", True, 0.0), *failing(6)], MiningConfig())
    assert [p.score for p in found] == [5.0, 4.0, 3.0, 2.0]


def test_one_bug_counts_once_whatever_its_names() -> None:
    twins = [
        probe("    x = n + 1\n    return x\n", False, 3.0, 0),
        probe("    y = n + 1\n    return y\n", False, 2.0, 1),
    ]
    assert (
        len(hard_negatives([probe("    return n * 2\n", True, 0.0), *twins], MiningConfig())) == 1
    )


def test_the_random_control_takes_as_many_as_there_are_hard_ones() -> None:
    rows = [probe("    return n * 2\n", True, 4.5), *failing(8)]
    hard = select_negatives(rows, MiningConfig(), random.Random(0))
    chance = select_negatives(rows, MiningConfig(select="random"), random.Random(0))
    assert len(hard) == len(chance) == 1
    picks = {
        select_negatives(rows, MiningConfig(select="random"), random.Random(s))[0].score
        for s in range(20)
    }
    assert len(picks) > 3


def test_the_empty_control_takes_nothing() -> None:
    rows = [probe("    return n * 2\n", True, 0.0), *failing(3)]
    assert fold(TASK, rows, MiningConfig(select="none"), 2.0, random.Random(0)) == []


def test_mined_pairs_carry_their_origin_and_weight() -> None:
    rows = [probe("    return n * 2\n", True, 0.0), *failing(2)]
    pairs = fold(TASK, rows, MiningConfig(), 2.0, random.Random(0))
    assert {(p.origin, p.weight, p.chosen) for p in pairs} == {("mined", 2.0, "    return n * 2\n")}
    assert {p.rejected for p in pairs} == {r.candidate.text for r in rows[1:]}


def test_the_canonical_solution_answers_a_task_on_which_nothing_passed() -> None:
    pairs = fold(TASK, failing(4), MiningConfig(), 2.0, random.Random(0))
    assert [p.chosen for p in pairs] == [TASK.canonical_solution]


def test_without_any_right_program_there_is_no_pair() -> None:
    bare = Task("double", "py", "def solve(n):\n", "")
    assert fold(bare, failing(4), MiningConfig(), 2.0, random.Random(0)) == []


def test_pairs_of_a_task_are_capped() -> None:
    right = [probe(f"    return n * 2{' + 0' * i}\n", True, 0.0, i) for i in range(4)]
    pairs = fold(TASK, [*right, *failing(4)], MiningConfig(pairs_per_task=5), 1.0, random.Random(0))
    assert len(pairs) == 5


@pytest.mark.parametrize(
    ("scores", "passing", "expected"),
    [([1.0, 3.0], [2.0, 2.0], (1, 2)), ([], [1.0], (0, 0)), ([1.0], [], (0, 0))],
)
def test_share_ranked_below(
    scores: list[float], passing: list[float], expected: tuple[int, int]
) -> None:
    assert share_ranked_below(scores, passing) == expected
