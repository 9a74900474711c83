from __future__ import annotations

import random
from collections import Counter

import pytest

from multipl_e.records import Candidate, Pair, Task, Verdict
from reranker.data import (
    TokenizedPair,
    continuation,
    group_by_task,
    make_pairs,
    schedule,
    steps_of_like_length,
    tokenize_pairs,
)

TASK = Task("t", "py", "def f(x):\n", "")


def group(passing: list[str], failing: list[str], failing_round: int = 0):
    rows = [(Candidate("t", "py", text), Verdict("OK", 0)) for text in passing]
    rows += [
        (Candidate("t", "py", text, round=failing_round), Verdict("Exception", 1))
        for text in failing
    ]
    return TASK, rows


def returning(names: str) -> list[str]:
    return [f"    return {name}\n" for name in names]


def test_every_pair_is_passing_over_failing():
    passing, failing = returning("ab"), returning("cde")
    pairs = make_pairs([group(passing, failing)], 100)
    assert {(p.chosen, p.rejected) for p in pairs} == {(a, b) for a in passing for b in failing}
    assert len(pairs) == 6


def test_cap_spreads_over_the_candidates():
    pairs = make_pairs([group(returning("abc"), returning("defghi"))], 6)
    assert len(pairs) == 6
    assert set(Counter(p.rejected for p in pairs).values()) == {1}
    assert set(Counter(p.chosen for p in pairs).values()) == {2}


def test_same_program_counts_once():
    same = ["    y = x\n    return y\n", "    zz = x  # other name\n    return zz\n"]
    assert len(make_pairs([group(returning("a"), same)], 100)) == 1


def test_task_without_both_kinds_gives_no_pair():
    assert make_pairs([group(returning("a"), []), group([], returning("a"))]) == []


def test_candidates_of_a_tuned_policy_are_hard_negatives():
    sampled, mined = make_pairs(
        [group(returning("a"), returning("b")), group(returning("a"), returning("b"), 2)],
        hard_negative_weight=3.0,
    )
    assert (sampled.origin, sampled.weight) == ("sampled", 1.0)
    assert (mined.origin, mined.weight) == ("mined", 3.0)


def test_pairs_depend_on_the_seed_only():
    groups = [group(returning("abcd"), returning("efgh"))]
    assert make_pairs(groups, 3, seed=1) == make_pairs(groups, 3, seed=1)
    assert make_pairs(groups, 3, seed=1) != make_pairs(groups, 3, seed=2)


def test_solution_that_repeats_the_prompt_loses_it():
    whole = Candidate("t", "py", TASK.prompt + "    pass\n", form="solution")
    assert continuation(TASK, whole) == "    pass\n"
    assert continuation(TASK, Candidate("t", "py", TASK.prompt)) == TASK.prompt


def test_grouping_keeps_order_and_drops_unknown_tasks():
    rows = [
        (Candidate(name, "py", text), Verdict("OK", 0))
        for name, text in [("u", "1"), ("t", "2"), ("x", "3"), ("u", "4")]
    ]
    tasks = {(name, "py"): Task(name, "py", "", "") for name in "tu"}
    found = [
        (task.name, [c.text for c, _ in members]) for task, members in group_by_task(rows, tasks)
    ]
    assert found == [("u", ["1", "4"]), ("t", ["2"])]


def test_over_long_pairs_are_left_out(make_tokenizer):
    pairs = [Pair("t", "py", "a", "b"), Pair("t", "py", "a", "b" * 50)]
    (kept,) = tokenize_pairs(pairs, {TASK.key: TASK}, make_tokenizer(), max_length=30)
    assert len(kept) == 1


def test_pair_of_an_unknown_task_is_a_mistake(make_tokenizer):
    with pytest.raises(ValueError, match="not among the tasks"):
        tokenize_pairs([Pair("t", "py", "a", "b")], {}, make_tokenizer(), None)


def test_schedule_visits_tasks_evenly_and_all_their_pairs():
    groups = [
        [TokenizedPair((task,), (task, i), (9, i), 1.0 + i) for i in range(size)]
        for task, size in enumerate([1, 4, 10])
    ]
    rows = list(schedule(groups, 30, 2, random.Random(0)))
    assert Counter(row["prompt_ids"][0] for row in rows) == {0: 10, 1: 10, 2: 10}
    seen = {tuple(ids) for row in rows for ids in row["chosen_ids"]}
    assert seen == {pair.chosen_ids for pairs in groups for pair in pairs}
    assert {len(row["weights"]) for row in rows if row["prompt_ids"] == [0]} == {1}
    assert rows == list(schedule(groups, 30, 2, random.Random(0)))


def row(length: int) -> dict[str, list[list[int]]]:
    return {"chosen_ids": [[0] * length], "rejected_ids": [[1]]}


def test_steps_hold_rows_of_about_one_length_and_lose_none():
    rng = random.Random(0)
    rows = [row(rng.randint(1, 300)) for _ in range(64)]
    ordered = steps_of_like_length(rows, 4, random.Random(1))
    assert Counter(map(id, ordered)) == Counter(map(id, rows))

    def padded(steps: list) -> int:
        longest = [len(r["chosen_ids"][0]) for r in steps]
        return sum(max(longest[i : i + 4]) for i in range(0, 64, 4))

    assert padded(ordered) < 0.85 * padded(rows)


def test_rows_move_to_neighbouring_steps_only():
    rows = [row(length) for length in range(64)]
    ordered = steps_of_like_length(rows, 4, random.Random(1))
    assert all(abs(ordered.index(r) - i) < 16 for i, r in enumerate(rows))


def test_a_short_training_meets_every_mined_pair_and_some_of_the_others():
    def pair(task: int, number: int) -> TokenizedPair:
        return TokenizedPair((task,), (number,), (0,), 1.0, mined=task % 5 == 0 and number < 2)

    groups = [[pair(task, number) for number in range(6)] for task in range(50)]
    rows = list(schedule(groups, 20, 2, random.Random(0)))
    met = Counter(row["prompt_ids"][0] for row in rows)
    assert set(range(0, 50, 5)) <= set(met) and len(met) == 20
    for row in rows:
        if row["prompt_ids"][0] % 5 == 0:
            assert {ids[0] for ids in row["chosen_ids"]} == {0, 1}
