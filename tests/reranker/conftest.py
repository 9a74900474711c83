"""Tiny random models of two families, a byte-level tokenizer, and a toy task family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    PreTrainedTokenizerFast,
)

from multipl_e.records import Candidate, Pair, Task, TaskKey, Verdict
from reranker.data import Group, make_pairs

torch.set_num_threads(1)


def byte_tokenizer(
    merges: Sequence[tuple[str, str]] = (), **special: str
) -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    symbols = ["<eos>", "<pad>", *alphabet, *(left + right for left, right in merges)]
    vocabulary = {symbol: i for i, symbol in enumerate(symbols)}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=list(merges)))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    names = {"eos_token": "<eos>", "pad_token": "<pad>", **special}
    return PreTrainedTokenizerFast(tokenizer_object=backend, **names)


def tiny_config(family: str, vocab_size: int) -> LlamaConfig | GPT2Config:
    if family == "llama":
        return LlamaConfig(
            vocab_size=vocab_size,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=128,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=0,
        )
    return GPT2Config(
        vocab_size=vocab_size,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_positions=128,
        bos_token_id=0,
        eos_token_id=0,
    )


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of tiny untrained language models; GPT-2's pads with its end-of-text token."""
    found = {}
    for family in ("llama", "gpt2"):
        torch.manual_seed(7)
        tokenizer = byte_tokenizer()
        if family == "gpt2":
            tokenizer.pad_token = "<eos>"
        model = AutoModelForCausalLM.from_config(tiny_config(family, len(tokenizer)))
        # Larger weights than at initialisation, so that scores differ visibly.
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 2:
                    parameter.mul_(4)
        folder = tmp_path_factory.mktemp(family)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        found[family] = folder
    return found


@pytest.fixture
def base(bases: dict[str, Path]) -> Path:
    return bases["llama"]


def _toy_group(number: int, *, num_each: int = 3, split: str = "train") -> Group:
    """A task whose passing candidates return the name they were given, and failing ones not."""
    name = "abcdefgh"[number % 8]
    task = Task(f"task_{number}", "py", f"def f({name}):\n", "assert f(1) == 1", split=split)  # type: ignore[arg-type]
    rows = []
    for i in range(num_each):
        rows.append(
            (Candidate(task.name, "py", f"    return {name}{i}\n", 2 * i), Verdict("OK", 0))
        )
        wrong = Candidate(task.name, "py", f"    raise {name}{i}\n", 2 * i + 1)
        rows.append((wrong, Verdict("Exception", 1)))
    return task, rows


@pytest.fixture
def toy_group() -> Callable[..., Group]:
    """Makes the toy task of a number, see `_toy_group`."""
    return _toy_group


@pytest.fixture
def toy_data() -> tuple[list[Pair], dict[TaskKey, Task], list[Group]]:
    """Pairs, their tasks, and validation groups."""
    train = [_toy_group(i) for i in range(12)]
    valid = [_toy_group(i, split="valid") for i in range(12, 20)]
    return make_pairs(train), {task.key: task for task, _ in train}, valid


@pytest.fixture(scope="session")
def make_tokenizer() -> Callable[..., PreTrainedTokenizerFast]:
    """Makes a byte-level tokenizer, with merges where asked for."""
    return byte_tokenizer
