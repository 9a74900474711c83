"""The tiny default models from nothing: ``python -m generator.pretrain``.

Two small Llama-type models are made from generated katas on one CPU thread: the *generator*, which
learns from solutions of which a part is wrong (it errs often and in many ways), and the
*reranker trunk*, which learns for longer from right solutions only. Muon turns the matrices,
AdamW the rest; the learning rate rises in a few steps and falls in a line to nothing.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Literal

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from generator.corpus import Document, Encoded, encode, kata_documents, load_katas, read_corpus
from generator.model import DEFAULT_WEIGHTS, silence_transformers
from generator.tokenizer import train_tokenizer
from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.progress import progress, say

Which = Literal["generator", "reranker-trunk", "both"]


@dataclass(frozen=True)
class Recipe:
    """How one of the models is made.

    Attributes:
        hidden_size: Width of the model.
        num_layers: Number of blocks.
        num_heads: Number of attention heads.
        num_katas: Katas in the corpus, each in every language.
        wrong_share: Share of the solutions made wrong by mutation.
        steps: Steps of the optimiser.
        batch_size: Documents per step.
        matrix_lr: Muon's learning rate, for the matrices of the blocks.
        other_lr: AdamW's learning rate, for embeddings and norms.
        warmup_steps: Steps in which the learning rates rise.
        prompt_weight: Weight of a prompt's token in the loss; a completion's has 1.
        max_length: Documents are cut to this many tokens.
        corpus_seed: Chooses the katas and the mistakes.
    """

    hidden_size: int = 96
    num_layers: int = 3
    num_heads: int = 4
    num_katas: int = 20_000
    wrong_share: float = 0.3
    steps: int = 1000
    batch_size: int = 32
    matrix_lr: float = 0.02
    other_lr: float = 3e-3
    warmup_steps: int = 30
    prompt_weight: float = 0.2
    max_length: int = 512
    corpus_seed: int = 1


RECIPES: dict[str, Recipe] = {
    "generator": Recipe(),
    "reranker-trunk": Recipe(
        hidden_size=160,
        num_layers=4,
        num_heads=5,
        num_katas=24_000,
        wrong_share=0.0,
        steps=1500,
        corpus_seed=2,
    ),
}

MAX_POSITIONS = 1024
TOKENIZER_KATAS = 3000


@dataclass(frozen=True)
class PretrainOptions:
    """Make the tiny default models from nothing, in minutes on one CPU thread.

    Attributes:
        which: generator, reranker-trunk or both.
        output: Folder in which a folder is made for each model.
        steps: Steps of the optimiser, in place of the recipe's own number.
        vocab_size: Number of the tokenizer's tokens.
        corpus: Your own texts in place of the katas: a folder of text files, or a JSONL file of
            `prompt` and `completion`, or `text`.
        seed: Seed of the weights and of the order of the documents.
        bf16: Compute in bfloat16 where it is safe (faster on CPUs that have it).
    """

    which: Which = "both"
    output: Path = DEFAULT_WEIGHTS
    steps: int | None = None
    vocab_size: int = 1024
    corpus: Path | None = None
    seed: int = 0
    bf16: bool = True


def pretrain(options: PretrainOptions) -> dict[str, float]:
    """Make the models that the options ask for; returns each one's last loss, in nats per token.

    Raises:
        UserError: for a corpus that is not there or a number out of range.
    """
    if options.steps is not None and options.steps < 1:
        raise UserError("--steps must be at least 1")
    if options.vocab_size < 300:
        raise UserError("--vocab_size must be at least 300")
    own = None if options.corpus is None else read_corpus(options.corpus)
    tokenizer = default_tokenizer(options.vocab_size, own)
    names = list(RECIPES) if options.which == "both" else [options.which]
    losses = {}
    for name in names:
        recipe = RECIPES[name]
        if options.steps is not None:
            recipe = replace(recipe, steps=options.steps)
        documents = own
        if documents is None:
            katas = load_katas(recipe.num_katas, seed=recipe.corpus_seed)
            documents = kata_documents(
                katas, wrong_share=recipe.wrong_share, seed=recipe.corpus_seed
            )
        start = time.monotonic()
        model, losses[name] = train(
            recipe, tokenizer, documents, seed=options.seed, bf16=options.bf16, description=name
        )
        save(model, tokenizer, options.output / name, _card(name, recipe, options, model))
        say(
            f"{name}: {model.num_parameters() / 1e6:.2f} M parameters, loss {losses[name]:.3f} "
            f"nats per token, {time.monotonic() - start:.0f} s -> {options.output / name}"
        )
    return losses


def default_tokenizer(
    vocab_size: int, documents: Sequence[Document] | None = None
) -> PreTrainedTokenizerFast:
    """The models' common tokenizer, learnt from katas or from one's own documents."""
    if documents is None:
        documents = kata_documents(load_katas(TOKENIZER_KATAS, seed=0), wrong_share=0.0, seed=0)
    texts = (text for document in documents for text in (document.prompt, document.completion))
    return train_tokenizer(texts, vocab_size=vocab_size, max_length=MAX_POSITIONS)


def build_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    """A fresh Llama-type model with tied embeddings."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.hidden_size,
        intermediate_size=32 * math.ceil(recipe.hidden_size * 8 / 3 / 32),
        num_hidden_layers=recipe.num_layers,
        num_attention_heads=recipe.num_heads,
        max_position_embeddings=MAX_POSITIONS,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def train(
    recipe: Recipe,
    tokenizer: PreTrainedTokenizerFast,
    documents: Sequence[Document],
    *,
    seed: int,
    bf16: bool = False,
    description: str = "pretraining",
) -> tuple[LlamaForCausalLM, float]:
    """Train a fresh model; returns it with its mean loss over the last twentieth of the steps."""
    model = build_model(recipe, tokenizer, seed)
    encoded = encode(tokenizer, documents, recipe.max_length)
    optimizers = _optimizers(model, recipe)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, recipe))
        for optimizer in optimizers
    ]
    batches = _batches(encoded, recipe, tokenizer.pad_token_id, seed)
    losses = []
    model.train()
    with progress(f"pretraining {description}", recipe.steps) as advance:
        for _ in range(recipe.steps):
            ids_bt, weights_bt = next(batches)
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                # Padding is on the right, so causal attention never sees it.
                logits_btv = model(input_ids=ids_bt[:, :-1], use_cache=False).logits
            loss, completion_loss = weighted_loss(logits_btv, ids_bt[:, 1:], weights_bt[:, 1:])
            loss.backward()
            for optimizer, schedule in zip(optimizers, schedules, strict=True):
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
            losses.append(completion_loss)
            advance(1)
    recent = losses[-max(1, len(losses) // 20) :]
    return model.eval(), sum(recent) / len(recent)


def weighted_loss(logits_btv: Tensor, ids_bt: Tensor, weights_bt: Tensor) -> tuple[Tensor, float]:
    """Weighted mean cross-entropy, and the plain mean over tokens of weight 1 (nats per token)."""
    losses_bt = torch.nn.functional.cross_entropy(
        logits_btv.float().flatten(0, 1), ids_bt.flatten(), reduction="none"
    ).view_as(weights_bt)
    full = weights_bt == 1
    completion = losses_bt.detach()[full].mean().item() if full.any() else float("nan")
    return (losses_bt * weights_bt).sum() / weights_bt.sum(), completion


def save(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path, card: str
) -> None:
    """Write a model folder in Hugging Face format, whole or not at all."""
    temporary = folder.with_name(folder.name + ".partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    model.save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    (temporary / "README.md").write_text(card, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def _optimizers(model: LlamaForCausalLM, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for embeddings and norms."""
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in named if p.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(matrices, lr=recipe.matrix_lr, momentum=0.95, weight_decay=0.0),
        torch.optim.AdamW(others, lr=recipe.other_lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def _rate(step: int, recipe: Recipe) -> float:
    """Factor of the learning rates: a short rise, then a line down to zero."""
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    return max(0.0, (recipe.steps - step) / max(1, recipe.steps - recipe.warmup_steps))


def _batches(
    encoded: Sequence[Encoded], recipe: Recipe, pad: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of tokens and loss weights, both `(documents, tokens)`, padded right.

    Documents of similar length go together: a pool of many batches is sorted, cut and shuffled.
    """
    rng = Random(seed)
    size = recipe.batch_size
    while True:
        order = list(range(len(encoded)))
        rng.shuffle(order)
        for begin in range(0, len(order), size * 16):
            pool = sorted(order[begin : begin + size * 16], key=lambda i: len(encoded[i].ids))
            cuts = list(range(0, len(pool), size))
            rng.shuffle(cuts)
            for cut in cuts:
                yield _pad([encoded[i] for i in pool[cut : cut + size]], recipe.prompt_weight, pad)


def _pad(batch: Sequence[Encoded], prompt_weight: float, pad: int) -> tuple[Tensor, Tensor]:
    # Few different widths: each shape's kernels are kept in memory by the CPU library.
    width = 16 * math.ceil(max(len(item.ids) for item in batch) / 16) + 1
    ids = torch.full((len(batch), width), pad)
    weights = torch.zeros(len(batch), width)
    for row, item in enumerate(batch):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        weights[row, : item.num_prompt] = prompt_weight
        weights[row, item.num_prompt : len(item.ids)] = 1.0
    return ids, weights


def _card(name: str, recipe: Recipe, options: PretrainOptions, model: LlamaForCausalLM) -> str:
    command = f"python -m generator.pretrain --which {name}"
    if options.steps is not None:
        command += f" --steps {options.steps}"
    if options.corpus is not None:
        command += " --corpus PATH"
    if options.seed:
        command += f" --seed {options.seed}"
    if options.corpus is None:
        source = (
            f"{recipe.num_katas} generated katas (training compositions and core operations only) "
            "in Python and JavaScript"
        )
    else:
        source = "texts of the user's own"
    purpose = (
        "It errs often and in many ways on purpose, so that there is something to choose from."
        if recipe.wrong_share
        else "It is the base on which rerankers are trained."
    )
    settings = "\n".join(f"| {key} | {value} |" for key, value in vars(recipe).items())
    return (
        "---\nlicense: apache-2.0\nlibrary_name: transformers\n"
        f"pipeline_tag: text-generation\n---\n# {name}\n\nA tiny causal language model "
        f"({model.num_parameters() / 1e6:.2f} M parameters, float32), trained from nothing on "
        f"{source}. {purpose}\n\nIt is made again by\n\n```\n{command}\n```\n\n"
        f"| setting | value |\n|---|---|\n{settings}\n"
    )


def _main(options: PretrainOptions) -> None:
    torch.set_num_threads(1)
    silence_transformers()
    pretrain(options)


if __name__ == "__main__":
    run_command(
        PretrainOptions,
        _main,
        prog="python -m generator.pretrain",
        description=str(PretrainOptions.__doc__).partition("\n")[0],
    )
