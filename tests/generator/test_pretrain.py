"""The recipe of the default models, and the weights that ship."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from generator.corpus import kata_documents
from generator.model import load_generator, resolve_model
from generator.pretrain import (
    RECIPES,
    PretrainOptions,
    Recipe,
    _main,
    build_model,
    pretrain,
    train,
    weighted_loss,
)
from generator.samplers.transformers import TransformersSampler
from multipl_e.cli import run_command
from multipl_e.records import Task
from multipl_e.sources.katas import generate_katas

SMALL = Recipe(hidden_size=32, num_layers=1, num_heads=2, steps=25, batch_size=8, warmup_steps=5)


@pytest.fixture
def corpus(tmp_path: Path, katas: list[Task]) -> Path:
    file = tmp_path / "corpus.jsonl"
    rows = ({"prompt": t.prompt, "completion": t.canonical_solution} for t in katas)
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return file


def test_training_lowers_the_loss_and_repeats_with_the_seed(
    kata_tokenizer: PreTrainedTokenizerFast, katas: list[Task]
) -> None:
    documents = kata_documents(katas, wrong_share=0.0, seed=0)
    short = replace(SMALL, steps=1)
    _, at_first = train(short, kata_tokenizer, documents, seed=0)
    model, later = train(SMALL, kata_tokenizer, documents, seed=0)
    again, later_again = train(SMALL, kata_tokenizer, documents, seed=0)
    assert later < at_first - 1.0
    assert later == later_again
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


def test_every_parameter_is_trained(
    kata_tokenizer: PreTrainedTokenizerFast, katas: list[Task]
) -> None:
    documents = kata_documents(katas, wrong_share=0.0, seed=0)
    fresh = build_model(SMALL, kata_tokenizer, seed=0)
    model, _ = train(replace(SMALL, steps=2), kata_tokenizer, documents, seed=0)
    for (name, before), after in zip(fresh.named_parameters(), model.parameters(), strict=True):
        assert not torch.equal(before, after), name


def test_the_weighted_loss_ignores_padding_and_discounts_prompts() -> None:
    torch.manual_seed(0)
    logits, ids = torch.randn(1, 4, 7), torch.tensor([[1, 2, 3, 4]])
    losses = torch.nn.functional.cross_entropy(logits[0], ids[0], reduction="none")
    loss, completion = weighted_loss(logits, ids, torch.tensor([[0.2, 0.2, 1.0, 0.0]]))
    expected = (0.2 * losses[0] + 0.2 * losses[1] + losses[2]) / 1.4
    torch.testing.assert_close(loss, expected)
    assert completion == pytest.approx(losses[2].item())


def test_a_corpus_of_ones_own_makes_a_model_that_loads_and_samples(
    corpus: Path, katas: list[Task], tmp_path: Path
) -> None:
    options = PretrainOptions(
        which="generator", output=tmp_path / "out", steps=2, vocab_size=300, corpus=corpus
    )
    losses = pretrain(options)
    assert set(losses) == {"generator"}
    folder = tmp_path / "out" / "generator"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["generator"]
    card = (folder / "README.md").read_text()
    assert "python -m generator.pretrain --which generator --steps 2 --corpus PATH" in card
    drawn = TransformersSampler(folder, max_new_tokens=4).sample(katas[:2], 2, seed=0)
    assert len(drawn) == 4


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--steps", "0"], "--steps"),
        (["--vocab-size", "10"], "--vocab_size"),
        (["--corpus", "/nowhere/texts"], "/nowhere/texts"),
        (["--which", "trunk"], "reranker-trunk"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(
    arguments: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        run_command(
            PretrainOptions,
            _main,
            prog="pretrain",
            description="",
            argv=["--output", str(tmp_path), *arguments],
        )
    message = capsys.readouterr().err
    assert exit_.value.code == 2
    assert expected in message and message.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["default", "default-trunk"])
def test_the_shipped_models_are_the_recipes_and_small(name: str) -> None:
    model, tokenizer = load_generator(name, device="cpu")
    recipe = RECIPES["generator" if name == "default" else "reranker-trunk"]
    assert model.config.hidden_size == recipe.hidden_size
    assert model.config.num_hidden_layers == recipe.num_layers
    assert len(tokenizer) == 1024 == model.config.vocab_size
    assert model.num_parameters() < 2_000_000


def test_the_shipped_models_have_one_tokenizer() -> None:
    _, first = load_generator("default", device="cpu")
    _, second = load_generator("default-trunk", device="cpu")
    assert first.get_vocab() == second.get_vocab()


def held_out_loss(name: str) -> float:
    """Mean loss on the held-out katas' canonical solutions, in nats per token."""
    model, tokenizer = load_generator(name, device="cpu")
    tasks = generate_katas(
        seed=11, split="test", languages=("py", "js"), num_tasks=30, operations="core"
    )
    total, count = 0.0, 0
    for task in tasks:
        prompt = tokenizer(task.prompt)["input_ids"]
        completion = [*tokenizer(task.canonical_solution)["input_ids"], tokenizer.eos_token_id]
        ids = torch.tensor([prompt + completion])
        with torch.no_grad():
            logprobs = torch.log_softmax(model(ids).logits[0, len(prompt) - 1 : -1], -1)
        total -= float(logprobs[torch.arange(len(completion)), completion].sum())
        count += len(completion)
    return total / count


def test_the_trunk_knows_held_out_solutions_better_than_the_generator() -> None:
    generator, trunk = held_out_loss("default"), held_out_loss("default-trunk")
    assert trunk < 0.05
    assert trunk < 0.85 * generator
    assert generator < 0.1


def test_shipped_weights_are_finite() -> None:
    for name in ("default", "default-trunk"):
        weights = load_file(Path(resolve_model(name)) / "model.safetensors")
        assert all(torch.isfinite(value).all() for value in weights.values())
