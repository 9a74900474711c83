"""The default tokenizer: nothing is lost, digits are single, the seam of a prompt is stable."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from generator.tokenizer import train_tokenizer
from multipl_e.records import Task

CODE = 'def f(x):\n    """Añ 漢字 🙂\t"""\n\n    return x[10:200] + "  "\r\n'

SMALL = train_tokenizer([CODE] * 3, vocab_size=300)


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_comes_back_whole(text: str) -> None:
    ids = SMALL(text)["input_ids"]
    assert SMALL.decode(ids, clean_up_tokenization_spaces=False) == text


def test_code_comes_back_whole(kata_tokenizer: PreTrainedTokenizerFast) -> None:
    assert kata_tokenizer.decode(kata_tokenizer(CODE)["input_ids"]) == CODE


def test_digits_are_single_tokens(kata_tokenizer: PreTrainedTokenizerFast) -> None:
    pieces = [kata_tokenizer.decode([i]) for i in kata_tokenizer("x = 1024 + -37")["input_ids"]]
    digits = [piece for piece in pieces if any(c.isdigit() for c in piece)]
    assert digits == ["1", "0", "2", "4", "3", "7"]


def test_no_token_of_the_vocabulary_holds_two_digits(
    kata_tokenizer: PreTrainedTokenizerFast,
) -> None:
    texts = [kata_tokenizer.decode([i]) for i in range(len(kata_tokenizer))]
    assert all(sum(c.isdigit() for c in text) <= 1 for text in texts)


def test_special_tokens_are_distinct(kata_tokenizer: PreTrainedTokenizerFast) -> None:
    ids = {
        kata_tokenizer.eos_token_id,
        kata_tokenizer.pad_token_id,
        kata_tokenizer.bos_token_id,
    }
    assert len(ids) == 3 and None not in ids


def test_a_kata_is_tokenized_the_same_in_two_parts_or_one(
    kata_tokenizer: PreTrainedTokenizerFast, katas: list[Task]
) -> None:
    for task in katas:
        assert task.canonical_solution is not None
        apart = kata_tokenizer(task.prompt)["input_ids"]
        apart = apart + kata_tokenizer(task.canonical_solution)["input_ids"]
        assert kata_tokenizer(task.prompt + task.canonical_solution)["input_ids"] == apart


def test_indentation_costs_no_token_of_its_own(kata_tokenizer: PreTrainedTokenizerFast) -> None:
    deep = kata_tokenizer("        return")["input_ids"]
    assert len(deep) <= len(kata_tokenizer("return")["input_ids"]) + 1


def test_auto_tokenizer_loads_what_was_saved(
    kata_tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    kata_tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded(CODE)["input_ids"] == kata_tokenizer(CODE)["input_ids"]
    assert loaded.padding_side == "left"
    assert loaded.eos_token_id == kata_tokenizer.eos_token_id


def test_training_is_deterministic() -> None:
    assert train_tokenizer([CODE] * 3, vocab_size=300).get_vocab() == SMALL.get_vocab()


def test_a_vocabulary_too_small_for_the_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="256"):
        train_tokenizer([CODE], vocab_size=200)
