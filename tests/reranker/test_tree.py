"""Texts as a tree: nothing is lost, and what they share is there once."""

from __future__ import annotations

import random

import pytest
import torch

from reranker.model import new_reranker
from reranker.tree import Tree
from reranker.tree_scoring import fill, score_tree


def random_rows(seed: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    rng = random.Random(seed)

    def ids(low: int, high: int) -> tuple[int, ...]:
        return tuple(rng.choices((5, 6), k=rng.randint(low, high)))

    common = ids(0, 30)
    return [((1, *common, *ids(0, 8)), (*ids(0, 30), *ids(1, 5))) for _ in range(rng.randint(1, 9))]


@pytest.mark.parametrize("seed", range(8))
def test_every_text_can_be_read_along_the_tree(seed):
    rows = random_rows(seed)
    tree = Tree(rows)
    inputs = tree.inputs(torch.device("cpu"))
    before = tree.before()
    for row, (prompt, completion) in enumerate(rows):
        places = tree.places(row)
        assert inputs["input_ids"][0, places].tolist() == [*prompt, *completion]
        assert inputs["position_ids"][0, places].tolist() == list(range(len(places)))
        assert before[places].tolist() == [-1, *places[:-1].tolist()]
        assert inputs["input_ids"][0, tree.completion_places(row)].tolist() == list(completion)


def test_beginnings_are_kept_once_where_that_saves_enough():
    prompt, head = tuple(range(10, 30)), tuple(range(40, 60))
    rows = [(prompt, (*head, 1, 2)), (prompt, (*head, 3)), (prompt, (4, 5)), (prompt, (4, 6))]
    # The two tokens 4 are not worth a run of their own.
    assert Tree(rows).num_tokens == 20 + 20 + 2 + 1 + 2 + 2


def test_equal_texts_end_alike_wherever_their_prompt_ends():
    tree = Tree([((1, 2), (3,)), ((1,), (2, 3)), ((1, 2), (3,))])
    assert tree.num_tokens == 3
    assert [tree.completion_places(row).tolist() for row in range(3)] == [[2], [1, 2], [2]]


def test_a_thousand_steps_down_need_no_recursion():
    step = tuple(range(100, 120))
    rows = [((1,), (*step * depth, 2)) for depth in range(1, 1500)]
    tree = Tree(rows)
    assert tree.num_tokens == 1 + 20 * 1499 + 1499


@pytest.mark.parametrize("head", ["anchored", "plain"])
def test_what_is_cached_does_not_change_a_score(base, head):
    model, tokenizer, _ = new_reranker(base, head, seed=5)
    prompt = tuple(range(10, 40))
    rows = [(prompt, (*range(50, 70), token, tokenizer.eos_token_id)) for token in (7, 8, 9)]
    with torch.inference_mode():
        whole = score_tree(model, rows)
        cache = fill(model, prompt[:29])
        for _ in range(2):
            rest = score_tree(model, rows, cache=cache)
            assert rest.tolist() == pytest.approx(whole.tolist(), abs=1e-4)
            cache.crop(29 - cache.get_seq_length())
