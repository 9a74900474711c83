"""Batches of rows of about one length."""

from __future__ import annotations

import random

import pytest

from generator.batches import BatchesOfLikeLength


def lengths(count: int) -> list[int]:
    rng = random.Random(0)
    return [rng.randint(1, 500) for _ in range(count)]


def padded(order: list[int], sizes: list[int], batch_size: int) -> int:
    """Tokens of all batches, padding included."""
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return sum(len(batch) * max(sizes[i] for i in batch) for batch in batches)


@pytest.mark.parametrize("count", [1, 7, 8, 64, 150])
def test_every_row_comes_once(count: int) -> None:
    assert sorted(BatchesOfLikeLength(lengths(count), 8, seed=0)) == list(range(count))


def test_little_is_padding() -> None:
    sizes = lengths(512)
    order = list(BatchesOfLikeLength(sizes, 8, seed=0))
    assert padded(order, sizes, 8) < 1.2 * sum(sizes) < padded(list(range(512)), sizes, 8)


def test_short_and_long_batches_are_mixed() -> None:
    sizes = lengths(512)
    order = list(BatchesOfLikeLength(sizes, 8, seed=0))
    longest = [max(sizes[i] for i in order[k : k + 8]) for k in range(0, 512, 8)]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))


def test_each_pass_has_another_order_and_the_seed_decides_all() -> None:
    first, second = (BatchesOfLikeLength(lengths(64), 8, seed=3) for _ in range(2))
    passes = [list(first), list(first)]
    assert passes[0] != passes[1]
    assert passes == [list(second), list(second)]
