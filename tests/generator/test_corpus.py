"""What the default models are trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from generator.corpus import Document, encode, kata_documents, load_katas, read_corpus
from multipl_e.errors import UserError
from multipl_e.records import Task


def test_without_mistakes_the_solutions_are_the_canonical_ones(katas: list[Task]) -> None:
    documents = kata_documents(katas, wrong_share=0.0, seed=0)
    assert [d.completion for d in documents] == [t.canonical_solution for t in katas]


def test_the_share_of_wrong_solutions_is_kept(katas: list[Task]) -> None:
    many = katas * 10
    documents = kata_documents(many, wrong_share=0.35, seed=0)
    wrong = sum(d.completion != t.canonical_solution for d, t in zip(documents, many, strict=True))
    assert 0.28 < wrong / len(many) < 0.42


def test_documents_repeat_with_the_seed(katas: list[Task]) -> None:
    first = kata_documents(katas, wrong_share=0.5, seed=4)
    assert first == kata_documents(katas, wrong_share=0.5, seed=4)
    assert first != kata_documents(katas, wrong_share=0.5, seed=5)


def test_the_corpus_is_of_the_training_split_in_both_languages() -> None:
    tasks = load_katas(30, seed=1)
    assert {task.split for task in tasks} == {"train"}
    assert {task.language for task in tasks} == {"py", "js"}


def test_a_document_ends_with_the_end_of_text(kata_tokenizer: PreTrainedTokenizerFast) -> None:
    (item,) = encode(kata_tokenizer, [Document("def f():\n", "    return 1")], 100)
    assert item.ids[-1] == kata_tokenizer.eos_token_id
    assert kata_tokenizer.decode(item.ids[: item.num_prompt]) == "def f():\n"
    assert kata_tokenizer.decode(item.ids[item.num_prompt : -1]) == "    return 1"


def test_long_documents_are_cut(kata_tokenizer: PreTrainedTokenizerFast) -> None:
    (item,) = encode(kata_tokenizer, [Document("abc " * 50, "def")], 20)
    assert len(item.ids) == 20 and item.num_prompt <= 20


def test_a_corpus_of_ones_own_is_read_from_a_folder_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.bin").write_bytes(b"\xff\xfe\x00")
    assert read_corpus(tmp_path) == [Document("", "x = 1\n")]
    rows = [{"text": "t"}, {"prompt": "p", "completion": "c"}]
    file = tmp_path / "c.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    assert read_corpus(file) == [Document("", "t"), Document("p", "c")]


def test_mistakes_in_a_corpus_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no corpus"):
        read_corpus(tmp_path / "missing.jsonl")
    file = tmp_path / "bad.jsonl"
    file.write_text('{"text": "t"}\n{"prompt": "p"}\n')
    with pytest.raises(UserError, match="line 2"):
        read_corpus(file)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no text"):
        read_corpus(tmp_path / "empty")
