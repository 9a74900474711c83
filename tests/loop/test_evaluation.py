"""Figures of picking, on groups whose answers are known."""

import math

import pytest

from loop.evaluation import Group, compare, evaluate, figures, logprob_scores
from multipl_e.records import Candidate, Task, Verdict


def group(
    passed: list[bool],
    reward: list[float],
    *,
    name: str = "t",
    language: str = "py",
    trunk: list[float] | None = None,
) -> Group:
    rows = [
        (Candidate(name, language, str(i), i), Verdict("OK" if ok else "Exception", 0))
        for i, ok in enumerate(passed)
    ]
    scores = {"reward": reward, "trunk": trunk or [0.0] * len(passed)}
    return Group(Task(name, language, "", "", difficulty="interview"), rows, scores)


GOOD = group([True, False, False, False], [4.0, 1.0, 2.0, 3.0], name="good")
BAD = group([False, True, False, False], [4.0, 1.0, 2.0, 3.0], name="bad", language="js")


def test_a_perfect_pick_recovers_the_whole_gap() -> None:
    found = figures([GOOD, GOOD], 0)
    assert found["best_of_n"]["value"] == 1.0
    assert found["gap_recovered"]["value"] == 1.0
    assert found["roc_auc"]["value"] == 1.0


def test_pass_at_1_is_the_share_of_samples() -> None:
    assert figures([GOOD, BAD], 0)["pass_at_1"]["value"] == 0.25


def test_equal_scores_pick_at_random() -> None:
    assert figures([GOOD], 0)["best_of_n_trunk"]["value"] == 0.25


def test_advantages_are_paired_with_the_reward() -> None:
    assert figures([GOOD, BAD], 0)["advantage_over_trunk"]["value"] == pytest.approx(0.25)


def test_a_strategy_without_scores_is_left_out() -> None:
    assert "best_of_n_logprob" not in figures([GOOD], 0)


def test_figures_are_split_by_language_and_difficulty() -> None:
    found = evaluate([GOOD, BAD], 0)
    assert found["per_language"]["py"]["best_of_n"]["value"] == 1.0
    assert found["per_language"]["js"]["best_of_n"]["value"] == 0.0
    assert list(found["per_difficulty"]) == ["interview"]


def test_compare_is_the_difference_of_the_picks() -> None:
    assert compare([GOOD, GOOD], [GOOD, BAD], 0).value == pytest.approx(0.5)


def test_a_candidate_without_logprobs_is_picked_last() -> None:
    rows = [
        (Candidate("t", "py", "a", 0, (-1.0, -3.0)), Verdict("OK", 0)),
        (Candidate("t", "py", "b", 1), Verdict("OK", 0)),
    ]
    assert logprob_scores(rows) == [-2.0, -math.inf]
