"""Supervised fine-tuning: what it learns from, that it learns, and that it repeats."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from trl.trainer import base_trainer

from generator.batches import BatchesOfLikeLength
from generator.sft import SFTOptions, sft_rows, train_sft
from multipl_e.errors import UserError
from multipl_e.records import Task

OPTIONS = SFTOptions(learning_rate=3e-3, max_steps=12, batch_size=8)


def test_the_loss_is_on_the_completion_and_the_end_only(
    kata_tokenizer: PreTrainedTokenizerFast, katas: list[Task]
) -> None:
    task = katas[0]
    (row,) = sft_rows(kata_tokenizer, [task], 1000)
    learnt = [i for i, m in zip(row["input_ids"], row["completion_mask"], strict=True) if m]
    given = [i for i, m in zip(row["input_ids"], row["completion_mask"], strict=True) if not m]
    assert kata_tokenizer.decode(given) == task.prompt
    assert kata_tokenizer.decode(learnt[:-1]) == task.canonical_solution
    assert learnt[-1] == kata_tokenizer.eos_token_id


def test_tasks_without_a_solution_or_too_long_are_passed_over(
    kata_tokenizer: PreTrainedTokenizerFast, katas: list[Task]
) -> None:
    unsolved = replace(katas[0], canonical_solution=None)
    long = replace(katas[1], canonical_solution="x = 1\n" * 500)
    assert len(sft_rows(kata_tokenizer, [unsolved, long, katas[2]], 300)) == 1
    assert sft_rows(kata_tokenizer, [unsolved], 300) == []


def test_fine_tuning_lowers_the_loss_and_saves_a_model(
    llama_folder: Path, katas: list[Task], tmp_path: Path
) -> None:
    metrics = train_sft(llama_folder, katas, tmp_path / "sft", OPTIONS, seed=1)
    assert metrics["loss_last"] < metrics["loss_first"] - 0.3
    assert metrics["num_steps"] == 12
    assert metrics["num_tasks"] + metrics["num_skipped"] == len(katas)
    assert [path.name for path in tmp_path.iterdir()] == ["sft"]
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "sft")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "sft")
    assert model.get_input_embeddings().num_embeddings == len(tokenizer)


def test_the_first_loss_is_the_plain_cross_entropy_of_the_completions(
    llama_folder: Path, kata_tokenizer: PreTrainedTokenizerFast, katas: list[Task], tmp_path: Path
) -> None:
    tasks = katas[:4]
    options = SFTOptions(learning_rate=1e-9, max_steps=1, batch_size=4)
    metrics = train_sft(llama_folder, tasks, tmp_path / "sft", options, seed=0)
    model = AutoModelForCausalLM.from_pretrained(llama_folder)
    losses = []
    for row in sft_rows(kata_tokenizer, tasks, 1000):
        ids, mask = torch.tensor(row["input_ids"]), torch.tensor(row["completion_mask"])
        with torch.no_grad():
            logprobs = torch.log_softmax(model(ids[None]).logits[0, :-1], -1)
        token_losses = -logprobs.gather(1, ids[1:, None])[:, 0]
        losses.append(token_losses[mask[1:] == 1])
    assert metrics["loss_first"] == pytest.approx(torch.cat(losses).mean().item(), abs=1e-3)


def test_fine_tuning_repeats_with_the_seed(
    llama_folder: Path, katas: list[Task], tmp_path: Path
) -> None:
    options = replace(OPTIONS, max_steps=3)
    first = train_sft(llama_folder, katas, tmp_path / "a", options, seed=1)
    torch.rand(5)  # What happened to the global generator before must not matter.
    again = train_sft(llama_folder, katas, tmp_path / "b", options, seed=1)
    other = train_sft(llama_folder, katas, tmp_path / "c", options, seed=2)
    assert first == again != other
    a, b = (load_file(tmp_path / name / "model.safetensors") for name in "ab")
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_fine_tuning_tells_nobody(
    llama_folder: Path, katas: list[Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(base_trainer, "send_telemetry", lambda topic, **_: told.append(topic))
    train_sft(llama_folder, katas, tmp_path / "a", replace(OPTIONS, max_steps=1), seed=1)
    assert told == []


def test_batches_hold_rows_of_about_one_length(
    llama_folder: Path, katas: list[Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[list[int]] = []

    class Watched(BatchesOfLikeLength):
        def __iter__(self) -> Iterator[int]:
            orders.append(list(super().__iter__()))
            return iter(orders[-1])

    monkeypatch.setattr("generator.sft.BatchesOfLikeLength", Watched)
    options = SFTOptions(epochs=1, batch_size=4, max_length=320)
    train_sft(llama_folder, katas[:6], tmp_path / "sft", options, seed=0)
    assert [sorted(order) for order in orders] == [[0, 1, 2, 3, 4, 5]]


def test_epochs_decide_the_number_of_steps(
    llama_folder: Path, katas: list[Task], tmp_path: Path
) -> None:
    options = SFTOptions(epochs=2, batch_size=4, max_length=320)
    metrics = train_sft(llama_folder, katas[:6], tmp_path / "sft", options, seed=0)
    assert metrics["num_steps"] == 4


def test_the_tasks_are_left_as_they_were(
    llama_folder: Path, katas: list[Task], tmp_path: Path
) -> None:
    before = copy.deepcopy(katas[:4])
    train_sft(llama_folder, katas[:4], tmp_path / "sft", replace(OPTIONS, max_steps=1), seed=0)
    assert katas[:4] == before


def test_nothing_to_learn_from_is_a_user_error(
    llama_folder: Path, katas: list[Task], tmp_path: Path
) -> None:
    unsolved = [replace(task, canonical_solution=None) for task in katas[:3]]
    with pytest.raises(UserError, match="none of the 3 tasks"):
        train_sft(llama_folder, unsolved, tmp_path / "sft", OPTIONS, seed=0)
    assert not (tmp_path / "sft").exists()


def test_no_epoch_is_refused_where_there_is_something_to_learn(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="epochs"):
        train_sft("nowhere", [], tmp_path / "sft", SFTOptions(epochs=0), seed=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": 0.0},
        {"epochs": -1},
        {"batch_size": 0},
        {"max_steps": 0},
        {"warmup_share": 1.0},
        {"max_length": 1},
    ],
)
def test_settings_out_of_range_are_refused_at_once(wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(UserError, match=name):
        SFTOptions(**wrong)  # type: ignore[arg-type]
