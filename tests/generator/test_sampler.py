"""The `transformers` sampler, the registry and the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from generator.sample import SampleOptions, sample
from generator.samplers import get_sampler, sampler_names
from generator.samplers.transformers import TransformersSampler
from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.records import Candidate, Task
from multipl_e.tables import read_candidates, write_tasks


@pytest.fixture
def sampler(llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast) -> TransformersSampler:
    return TransformersSampler((llama, kata_tokenizer), temperature=1.0, max_new_tokens=16)


def test_candidates_are_grouped_by_task_and_numbered(
    sampler: TransformersSampler, katas: list[Task]
) -> None:
    drawn = sampler.sample(katas[:6], 3, seed=1, round=2)
    assert [c.task_key for c in drawn] == [t.key for t in katas[:6] for _ in range(3)]
    assert [c.index for c in drawn] == [0, 1, 2] * 6
    assert {(c.round, c.sampler, c.form) for c in drawn} == {(2, "transformers", "completion")}
    assert all(c.token_logprobs and max(c.token_logprobs) <= 0 for c in drawn)


def test_same_seed_same_candidates_other_round_others(
    sampler: TransformersSampler, katas: list[Task]
) -> None:
    def texts(seed: int, round: int) -> list[str]:
        return [c.text for c in sampler.sample(katas[:4], 4, seed=seed, round=round)]

    assert texts(1, 0) == texts(1, 0)
    assert texts(1, 0) != texts(1, 1)
    assert texts(1, 0) != texts(2, 0)


def test_a_tasks_candidates_do_not_depend_on_the_other_tasks(
    sampler: TransformersSampler, katas: list[Task]
) -> None:
    def by_task(tasks: list[Task]) -> dict[tuple[str, str], list[Candidate]]:
        drawn = sampler.sample(tasks, 3, seed=5)
        return {t.key: [c for c in drawn if c.task_key == t.key] for t in tasks}

    few, many = by_task(katas[2:4]), by_task(katas[:8][::-1])
    for key, group in few.items():
        assert [c.text for c in group] == [c.text for c in many[key]]


def test_text_is_cut_at_the_tasks_stop_tokens(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, katas: list[Task]
) -> None:
    sampler = TransformersSampler((llama, kata_tokenizer), temperature=1.0, max_new_tokens=60)
    tasks = [replace(task, stop_tokens=("a", "(")) for task in katas[:6]]
    drawn = sampler.sample(tasks, 8, seed=0)
    assert not any("a" in c.text or "(" in c.text for c in drawn)
    lengths = [len(c.token_logprobs or ()) for c in drawn]
    assert sum(lengths) < 60 * len(drawn) / 2


def test_a_prompt_too_long_is_named(sampler: TransformersSampler, katas: list[Task]) -> None:
    task = replace(katas[0], prompt="x = 1\n" * 400)
    with pytest.raises(UserError, match=task.name):
        sampler.sample([task], 1, seed=0)
    with pytest.raises(UserError, match="empty prompt"):
        sampler.sample([replace(task, prompt="")], 1, seed=0)


def test_the_registry_finds_samplers_and_the_nearest_name() -> None:
    assert set(sampler_names()) >= {"transformers", "replay"}
    assert get_sampler("transformers") is TransformersSampler
    with pytest.raises(UserError, match="did you mean 'transformers'"):
        get_sampler("transformer")


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as exit_:
        run_command(SampleOptions, sample, prog="sample", description="", argv=arguments)
    return int(exit_.value.code or 0), capsys.readouterr().err


def test_the_command_writes_candidates(
    llama_folder: Path,
    katas: list[Task],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks, output = tmp_path / "tasks.jsonl", tmp_path / "candidates.jsonl"
    write_tasks(tasks, katas[:3])
    arguments = ["--model", str(llama_folder), "--tasks", str(tasks), "--output", str(output)]
    arguments += ["--num-candidates", "2", "--max_new_tokens", "8", "--device", "cpu"]
    code, message = run(arguments, capsys)
    assert code == 0, message
    drawn = read_candidates(output)
    assert [(c.task_key, c.index) for c in drawn] == [(t.key, i) for t in katas[:3] for i in (0, 1)]
    # A second run does not write over it unless told.
    code, message = run(arguments, capsys)
    assert code == 2 and "--overwrite" in message
    code, message = run([*arguments, "--overwrite"], capsys)
    assert code == 0 and read_candidates(output) == drawn


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"--model": "/nowhere/model"}, "no model at /nowhere/model"),
        ({"--tasks": "/nowhere/tasks.jsonl"}, "/nowhere/tasks.jsonl"),
        ({"--num-candidates": "0"}, "at least 1"),
        ({"--temperature": "-1"}, "temperature"),
        ({"--temprature": "1"}, "--temperature"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(
    llama_folder: Path,
    katas: list[Task],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str],
    expected: str,
) -> None:
    tasks = tmp_path / "tasks.jsonl"
    write_tasks(tasks, katas[:1])
    options = {
        "--model": str(llama_folder),
        "--tasks": str(tasks),
        "--output": str(tmp_path / "out.jsonl"),
    } | change
    code, message = run([word for pair in options.items() for word in pair], capsys)
    assert code == 2
    assert expected in message
    assert "Traceback" not in message and message.count("\n") == 1
