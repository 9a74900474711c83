from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from multipl_e.errors import UserError
from multipl_e.probes import Answers, WrittenTest
from multipl_e.records import Candidate, Score, Task
from reranker.combination import FEATURES, Combination
from reranker.executions import Executions
from reranker.selection import STRATEGIES, Choices, get_strategy, looks_at_group, needs_of, pick

TASK = Task("t", "py", "def f(x):\n", "")


def choices(texts, logprobs=None, scores=None, seed=0) -> Choices:
    candidates = [
        Candidate("t", "py", text, i, None if logprobs is None else logprobs[i])
        for i, text in enumerate(texts)
    ]
    given = None if scores is None else [Score(value) for value in scores]
    return Choices(TASK, candidates, given, seed)


def test_shortest_takes_the_fewest_characters():
    assert pick("shortest", choices(["abc", "a", "ab"])) == 1


def test_mean_and_total_logprob_differ_on_long_programs():
    logprobs = [(-1.0, -1.0, -1.0, -1.0), (-1.5,)]
    assert pick("logprob", choices("ab", logprobs)) == 0
    assert pick("total_logprob", choices("ab", logprobs)) == 1


def test_most_frequent_counts_programs_up_to_names():
    texts = [
        "    return x\n",
        "    a = x + 1\n    return a\n",
        "    bb = x+1 # one\n    return bb\n",
    ]
    assert pick("frequent", choices(texts)) == 1


@pytest.mark.parametrize("name", ["reward", "likelihood"])
def test_reward_takes_the_best_score(name):
    assert pick(name, choices("abc", scores=[0.0, 2.0, 1.0])) == 1


@pytest.mark.parametrize("name", sorted(STRATEGIES.keys() - {"random"}))
def test_ties_go_to_the_earliest(name):
    tied = choices(["same"] * 3, [(-1.0,)] * 3, [1.0] * 3)
    answers = Answers(np.ones((3, 1), bool), [["v"]] * 3)
    executions = Executions([True] * 3, [WrittenTest("assert f(1)", 1)], answers)
    combination = Combination((1.0,) * len(FEATURES))
    assert pick(name, replace(tied, executions=executions, combination=combination)) == 0


def executed(public=None, held=None, values=None, **options) -> Choices:
    count = len(public or held or values)
    rows = np.array(held if held is not None else [[]] * count, bool)
    tests = [WrittenTest(f"assert f({i})", 1) for i in range(rows.shape[1])]
    answers = Answers(rows, values or [[]] * count)
    made = choices([f"    return {i}" for i in range(count)], **options)
    return replace(made, executions=Executions(public, tests, answers))


def test_public_tests_come_first_and_the_reranker_decides_among_what_passes():
    passing = executed([False, True, True], scores=[3.0, 1.0, 2.0])
    assert pick("public", passing) == 1
    assert pick("public+reward", passing) == 2


def test_where_nothing_passes_the_public_tests_the_next_strategy_decides_alone():
    assert pick("public+reward", executed([False] * 3, scores=[1.0, 3.0, 2.0])) == 1
    assert pick("public+reward", choices("abc", scores=[1.0, 3.0, 2.0])) == 1


def test_consensus_prefers_the_group_that_agrees():
    held = [[0, 1, 1], [1, 1, 0], [1, 1, 0]]
    assert pick("consensus", executed(held=held)) == 1


def test_consensus_of_few_tests_weighs_tests_more_under_the_square_root():
    held = [[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]]
    assert pick("consensus", executed(held=held)) == 0
    assert pick("consensus_sqrt", executed(held=held)) == 3


def test_bayes_risk_takes_what_most_return():
    values = [["a", "b"], ["c", "b"], ["c", "b"], [None, None]]
    assert pick("mbr", executed(values=values)) == 1
    assert pick("mbr_mean", executed(values=[["a", "b"], ["a", "c"], ["d", "c"]])) == 1


def test_joined_strategies_decide_in_turn_and_their_needs_add_up():
    values = get_strategy("public+frequent+shortest")(
        replace(choices(["aa", "a", "aa"]), executions=Executions([True, True, False]))
    )
    assert values == [2.0, 1.0, 0.0]
    assert needs_of("public+reward") == {"public", "scores"}
    assert looks_at_group("public+frequent") and not looks_at_group("public+reward")


def test_a_subset_keeps_what_belongs_to_its_candidates():
    whole = executed([True, False, True], [[1], [0], [1]], [["a"], ["b"], ["c"]], scores=[1, 2, 3])
    part = whole.subset([2, 0])
    assert [c.index for c in part.candidates] == [2, 0]
    assert [s.value for s in part.scores] == [3, 1]
    assert part.executions.public == [True, True]
    assert part.executions.answers.values == [["c"], ["a"]]
    assert part.executions.answers.held.tolist() == [[True], [True]]


def test_random_is_uniform_over_seeds_and_fixed_by_one():
    picks = [pick("random", choices("abcd", seed=seed)) for seed in range(2000)]
    assert picks[7] == pick("random", choices("abcd", seed=7))
    assert all(abs(count - 500) < 5 * math.sqrt(500) for count in Counter(picks).values())
    assert len(set(picks)) == 4


def test_missing_ingredients_are_named():
    with pytest.raises(UserError, match="no token log-probabilities"):
        pick("logprob", choices("ab"))
    with pytest.raises(UserError, match="needs a reranker"):
        pick("reward", choices("ab"))
    with pytest.raises(UserError, match="did you mean reward"):
        pick("rewards", choices("ab"))
    with pytest.raises(UserError, match="no strategy 'x'"):
        pick("public+x", choices("ab"))
    with pytest.raises(UserError, match="run on written tests"):
        pick("consensus", choices("ab"))
    with pytest.raises(UserError, match=r"reranker\.combine"):
        pick("combined", choices("ab", scores=[1.0, 2.0]))
    with pytest.raises(ValueError, match="no candidate"):
        choices([])
    with pytest.raises(ValueError, match="1 scores for 2 candidates"):
        choices("ab", scores=[1.0])
