"""Best-of-n curves of all strategies, on groups whose answers are known."""

import random

import pytest

from loop.evaluation import Group, figures
from loop.strategies import plain_groups, strategy_curves, strategy_figures
from multipl_e.records import Candidate, Task, Verdict

TASK = Task("t", "py", "def f(x):\n", "")


def rows(texts: list[str], passed: list[bool], logprobs: list[float] | None = None):
    return [
        (
            Candidate("t", "py", text, i, logprobs and (logprobs[i],)),
            Verdict("OK" if ok else "Exception", 0),
        )
        for i, (text, ok) in enumerate(zip(texts, passed, strict=True))
    ]


def scored(num_tasks: int = 30, num_candidates: int = 6) -> list[Group]:
    rng = random.Random(0)
    return [
        Group(
            TASK,
            rows([str(i) for i in range(num_candidates)], [rng.random() < 0.4 for _ in range(6)]),
            {"reward": [rng.random() for _ in range(num_candidates)]},
        )
        for _ in range(num_tasks)
    ]


def test_the_curve_begins_at_pass_at_1_and_the_oracle_ends_at_pass_at_n() -> None:
    groups = scored()
    sizes, curves = strategy_curves(groups)
    groups_with_trunk = [
        Group(g.task, g.rows, {**g.scores, "trunk": [0.0] * len(g.rows)}) for g in groups
    ]
    found = figures(groups_with_trunk, 0)
    assert sizes == [1, 2, 4, 6]
    assert curves["reward"][:, 0].mean() == pytest.approx(found["pass_at_1"]["value"])
    assert curves["random"][:, -1].mean() == pytest.approx(found["pass_at_1"]["value"])
    assert curves["oracle"][:, -1].mean() == pytest.approx(found["oracle_pass_at_n"]["value"])
    assert curves["reward"][:, -1].mean() == pytest.approx(found["best_of_n"]["value"])


def test_strategies_that_need_only_the_candidates_pick_as_they_say() -> None:
    # The same program twice (right), a short one and a likely one (wrong).
    texts = [
        "    y = x\n    return y\n",
        "    z = x\n    return z\n",
        "    pass\n",
        "    raise x\n",
    ]
    passed = [True, True, False, False]
    (group,) = plain_groups([(TASK, rows(texts, passed, [-2.0, -2.0, -2.0, -1.0]))], 0)
    assert group.best_of("frequent") == 1
    assert group.best_of("shortest") == 0
    assert group.best_of("total_logprob") == 0


def test_the_most_frequent_of_a_subset_is_counted_within_it() -> None:
    texts = ["    return x\n", "    return x\n", "    return x\n", "    pass\n", "    raise x\n"]
    (group,) = plain_groups([(TASK, rows(texts, [True, True, True, False, False]))], 0)
    sizes, curves = strategy_curves([group])
    # Of two samples that differ none is frequent: 0.6; by their counts among all five it were 0.9.
    assert curves["frequent"][0, sizes.index(2)] < 0.8
    assert curves["frequent"][0, -1] == 1


def test_without_log_probabilities_the_strategy_is_left_out() -> None:
    (group,) = plain_groups([(TASK, rows(["a", "b"], [True, False]))], 0)
    assert set(group.scores) == {"shortest", "frequent"}


def test_samples_needed_are_read_from_the_curve_and_may_be_more_than_there_are() -> None:
    # Half of the tasks have one right candidate of four; the reward finds it, the trunk never.
    found = [
        Group(
            TASK,
            rows(list("abcd"), [i % 2 == 0, False, False, False]),
            {"reward": [1.0, 0.0, 0.0, 0.0], "trunk": [-1.0, 0.0, 0.0, 0.0]},
        )
        for i in range(40)
    ]
    figures_of = strategy_figures(*strategy_curves(found), 0)
    assert list(figures_of["reward"]["samples_needed"]) == ["0.2", "0.3", "0.4", "0.5"]
    assert figures_of["reward"]["samples_needed"]["0.5"]["value"] == 4
    assert figures_of["reward"]["best_of_n"]["value"] == 0.5
    assert figures_of["trunk"]["samples_needed"]["0.5"]["value"] is None
