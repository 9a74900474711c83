"""Tiny random models and a tokenizer that knows katas, made once for all generator tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from generator.tokenizer import train_tokenizer
from multipl_e.records import Task
from multipl_e.sources.katas import generate_katas


@pytest.fixture(scope="session")
def katas() -> list[Task]:
    return generate_katas(seed=3, split="train", languages=("py", "js"), num_tasks=40)


@pytest.fixture(scope="session")
def kata_tokenizer(katas: list[Task]) -> PreTrainedTokenizerFast:
    texts = [text for task in katas for text in (task.prompt, task.canonical_solution or "")]
    return train_tokenizer(texts, vocab_size=400)


def random_model(kind: str, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """A small model with weights large enough that its choices are far from uniform."""
    torch.manual_seed(0)
    common = {
        "vocab_size": len(tokenizer),
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "initializer_range": 0.25,
    }
    if kind == "gpt2":
        config = GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=320, **common)
        return GPT2LMHeadModel(config).eval()
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 320,
    }
    if kind == "qwen2":
        return Qwen2ForCausalLM(Qwen2Config(num_key_value_heads=2, **sizes, **common)).eval()
    return LlamaForCausalLM(LlamaConfig(**sizes, **common)).eval()


@pytest.fixture(scope="session", params=["llama", "gpt2", "qwen2"])
def any_model(
    request: pytest.FixtureRequest, kata_tokenizer: PreTrainedTokenizerFast
) -> PreTrainedModel:
    return random_model(request.param, kata_tokenizer)


@pytest.fixture(scope="session")
def llama(kata_tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    return random_model("llama", kata_tokenizer)


@pytest.fixture(scope="session")
def llama_folder(
    llama: PreTrainedModel,
    kata_tokenizer: PreTrainedTokenizerFast,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("models") / "llama"
    llama.save_pretrained(folder)
    kata_tokenizer.save_pretrained(folder)
    return folder
