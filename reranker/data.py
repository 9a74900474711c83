"""Training pairs from labelled candidates, and the groups that a training step sees."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from transformers import PreTrainedTokenizerBase

from multipl_e.records import Candidate, Pair, Task, TaskKey, Verdict
from multipl_e.syntax import normalised_ast
from reranker.encoding import encode

Item = TypeVar("Item")

STEPS_SORTED_TOGETHER = 4

Group = tuple[Task, Sequence[tuple[Candidate, Verdict]]]
"""A task with its candidates and what execution said of them."""


def group_by_task(
    rows: Sequence[tuple[Candidate, Verdict]], tasks: Mapping[TaskKey, Task]
) -> list[Group]:
    """Labelled candidates by task, in the order in which the tasks first appear.

    Candidates of unknown tasks are left out.
    """
    found: dict[TaskKey, list[tuple[Candidate, Verdict]]] = defaultdict(list)
    for candidate, verdict in rows:
        if candidate.task_key in tasks:
            found[candidate.task_key].append((candidate, verdict))
    return [(tasks[key], members) for key, members in found.items()]


def continuation(task: Task, candidate: Candidate) -> str:
    """What the reranker reads after the prompt: a solution that repeats the prompt loses it."""
    if candidate.form == "solution":
        return candidate.text.removeprefix(task.prompt)
    return candidate.text


def make_pairs(
    groups: Sequence[Group],
    pairs_per_task: int = 8,
    *,
    seed: int = 0,
    hard_negative_weight: float = 2.0,
) -> list[Pair]:
    """Pairs of a passing and a failing candidate of one task (METHODS.md, section 1, stage B).

    Candidates with the same normalised syntax tree count once. A failing candidate drawn after
    the first round (`Candidate.round` above 0: by a policy tuned against the reranker) is a hard
    negative and weighs `hard_negative_weight`.

    Args:
        groups: Labelled candidates by task.
        pairs_per_task: Most pairs of a task; every candidate is used before any is used twice.
        seed: Decides which pairs of a task are taken.
        hard_negative_weight: Weight of a pair with a hard negative; others have 1.
    """
    rng = random.Random(seed)
    pairs: list[Pair] = []
    for task, rows in groups:
        distinct: dict[str, tuple[Candidate, bool]] = {}
        for candidate, verdict in rows:
            text = continuation(task, candidate)
            distinct.setdefault(normalised_ast(text, task.language), (candidate, verdict.passed))
        passing = [c for c, passed in distinct.values() if passed]
        failing = [c for c, passed in distinct.values() if not passed]
        for good, bad in _cross(passing, failing, pairs_per_task, rng):
            hard = bad.round > 0
            pairs.append(
                Pair(
                    task.name,
                    task.language,
                    chosen=continuation(task, good),
                    rejected=continuation(task, bad),
                    origin="mined" if hard else "sampled",
                    weight=hard_negative_weight if hard else 1.0,
                )
            )
    return pairs


def _cross(
    passing: Sequence[Candidate], failing: Sequence[Candidate], limit: int, rng: random.Random
) -> list[tuple[Candidate, Candidate]]:
    """Up to `limit` different combinations that spread over both sides evenly."""
    if not passing or not failing:
        return []
    passing, failing = rng.sample(passing, len(passing)), rng.sample(failing, len(failing))
    # Walking both lists at once, shifted by one after each full cycle, meets every combination.
    longest, shortest = max(len(passing), len(failing)), min(len(passing), len(failing))
    walk = [(i, (i + shift) % shortest) for shift in range(shortest) for i in range(longest)]
    if len(passing) < len(failing):
        walk = [(j, i) for i, j in walk]
    return [(passing[i], failing[j]) for i, j in walk[:limit]]


@dataclass(frozen=True, slots=True)
class TokenizedPair:
    """A pair as tokens; prompts may differ only where an over-long text was cut."""

    prompt_ids: tuple[int, ...]
    chosen_ids: tuple[int, ...]
    rejected_ids: tuple[int, ...]
    weight: float
    mined: bool = False


def tokenize_pairs(
    pairs: Sequence[Pair],
    tasks: Mapping[TaskKey, Task],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None,
) -> list[list[TokenizedPair]]:
    """Tokenize pairs, by task; a pair too long for `max_length` is left out."""
    by_task: dict[TaskKey, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_task[pair.task, pair.language].append(pair)
    groups = []
    for key, members in by_task.items():
        if key not in tasks:
            raise ValueError(f"a pair belongs to task {key}, which is not among the tasks")
        texts = [text for pair in members for text in (pair.chosen, pair.rejected)]
        encoded = encode(tokenizer, tasks[key].prompt, texts, max_length=max_length)
        kept = [
            TokenizedPair(
                chosen.prompt_ids,
                chosen.completion_ids,
                rejected.completion_ids,
                pair.weight,
                mined=pair.origin == "mined",
            )
            for pair, chosen, rejected in zip(members, encoded[::2], encoded[1::2], strict=True)
            if not chosen.truncated and not rejected.truncated
        ]
        if kept:
            groups.append(kept)
    return groups


def schedule(
    groups: Sequence[Sequence[TokenizedPair]],
    num_rows: int,
    pairs_per_row: int,
    rng: random.Random,
) -> Iterator[dict[str, Any]]:
    """The rows that training sees, in order: each holds `pairs_per_row` pairs of one task.

    Tasks are shuffled and visited in turn, so that a task with many pairs does not crowd out the
    others; a task's own pairs are shuffled and visited in turn as well. Mined pairs come first, in
    a task and among the tasks where there is no time for all: what fooled the last reranker is to
    be unlearnt, and ordinary pairs resemble one another.
    """
    cycles = [_endless(list(group), rng, lambda pair: not pair.mined) for group in groups]
    order = rng.sample(range(len(groups)), len(groups))
    order.sort(key=lambda task: not any(pair.mined for pair in groups[task]))
    visits = _endless(order[:num_rows], rng)
    for _ in range(num_rows):
        task = next(visits)
        drawn = [next(cycles[task]) for _ in range(min(pairs_per_row, len(groups[task])))]
        yield {
            "prompt_ids": list(drawn[0].prompt_ids),
            "chosen_ids": [list(pair.chosen_ids) for pair in drawn],
            "rejected_ids": [list(pair.rejected_ids) for pair in drawn],
            "weights": [pair.weight for pair in drawn],
        }


def steps_of_like_length(
    rows: Sequence[dict[str, Any]], rows_per_step: int, rng: random.Random
) -> list[dict[str, Any]]:
    """`schedule`'s rows with those of about one length in a step, so that little is padded.

    Rows move between neighbouring steps only: all tasks are still met before any is met again, but
    for a few steps.
    """
    size = STEPS_SORTED_TOGETHER * rows_per_step
    ordered: list[dict[str, Any]] = []
    for start in range(0, len(rows), size):
        pool = sorted(rows[start : start + size], key=_longest)
        steps = [pool[i : i + rows_per_step] for i in range(0, len(pool), rows_per_step)]
        ordered += [row for step in rng.sample(steps, len(steps)) for row in step]
    return ordered


def _longest(row: dict[str, Any]) -> int:
    return max(map(len, (*row["chosen_ids"], *row["rejected_ids"])))


def _endless(
    items: list[Item], rng: random.Random, key: Callable[[Item], bool] | None = None
) -> Iterator[Item]:
    """The items in passes, each shuffled anew; with a key, those where it is False come first."""
    while True:
        shuffled = rng.sample(items, len(items))
        yield from sorted(shuffled, key=key) if key else shuffled
