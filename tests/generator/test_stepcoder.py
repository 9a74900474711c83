"""StepCoder: what is given is prompt, what ran is learnt from, and a run goes on where it was."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from generator.curriculum import Curriculum
from generator.ppo_options import PPOOptions
from generator.ppo_rollouts import Rollout, sample_rollouts
from generator.stepcoder import StepCoderStep, executed_tokens, train_stepcoder
from generator.stepcoder_options import StepCoderOptions
from multipl_e.errors import UserError
from multipl_e.records import Candidate, Task, Verdict

PPO = PPOOptions(
    num_steps=4,
    tasks_per_step=3,
    rollouts_per_task=4,
    max_new_tokens=6,
    num_minibatches=2,
    normalise_reward=False,
    missing_eos_penalty=None,
)
OPTIONS = StepCoderOptions(save_every=2, num_eval_tasks=2, num_eval_candidates=2, ppo=PPO)


class ByText:
    """Judges by a hash of the text: as good as random, and always the same."""

    def __init__(self, always: Verdict | None = None) -> None:
        self.always, self.seen = always, list[tuple[Task, Candidate]]()

    def judge(self, items: list[tuple[Task, Candidate]], **_: Any) -> list[Verdict | None]:
        self.seen += items
        return [self.always or self._verdict(c.text) for _, c in items]

    def _verdict(self, text: str) -> Verdict | None:
        number = sum(text.encode()) % 7
        if number == 0:
            return None
        if number < 4:
            return Verdict("OK", 0, executed_lines=tuple(range(1, 60)))
        return Verdict("Exception", 1, stderr="AssertionError", executed_lines=(1, 2, 5, 6))


def run(folder: Path, tasks: list[Task], output: Path, **settings: Any) -> dict[str, torch.Tensor]:
    options = settings.pop("options", OPTIONS)
    executor = settings.pop("executor", None) or ByText()
    train_stepcoder(folder, tasks, executor, output, options, 1, **settings)
    return dict(AutoModelForCausalLM.from_pretrained(output).state_dict())


def test_a_given_prefix_is_prompt_and_not_action(
    llama: PreTrainedModel, kata_tokenizer: PreTrainedTokenizerFast, katas: list[Task]
) -> None:
    curriculum = Curriculum(katas, 0.5)
    task = next(t for t in katas if curriculum.prefix(t))
    given = curriculum.prefix(task)
    (rollout, *_) = sample_rollouts(llama, kata_tokenizer, [task], PPO, 0, [given])
    assert kata_tokenizer.decode(rollout.prompt_ids) == task.prompt + given
    assert rollout.candidate.text.startswith(given)
    written = kata_tokenizer.decode(rollout.token_ids, skip_special_tokens=True)
    assert written.startswith(rollout.candidate.text[len(given) :])
    assert len(rollout.actions) == len(rollout.token_ids)


def test_only_executed_tokens_are_in_the_loss(kata_tokenizer: PreTrainedTokenizerFast) -> None:
    task = Task("t", "py", "def f(x):\n", "")
    given, written = "    y = 0\n", "    if x:\n        y = 1\n    return y\n"
    prompt = kata_tokenizer(task.prompt + given)["input_ids"]
    ids = kata_tokenizer(written, add_special_tokens=False)["input_ids"]
    ids = [*ids, kata_tokenizer.eos_token_id]
    candidate = Candidate("t", "py", given + written)
    rollout = Rollout(task, candidate, tuple(prompt), tuple(ids), True)
    verdict = Verdict("Exception", 1, executed_lines=(1, 2, 3, 5))
    mask = executed_tokens(kata_tokenizer, rollout, verdict, len(given))
    kept = kata_tokenizer.decode([t for t, in_loss in zip(ids, mask, strict=True) if in_loss])
    assert kept == "    if x:\n    return y\n<|endoftext|>"
    broken = Verdict("SyntaxError", 1)
    assert all(executed_tokens(kata_tokenizer, rollout, broken, len(given)))


def test_an_interrupted_run_goes_on_and_ends_in_the_same_weights(
    llama_folder: Path, katas: list[Task], tmp_path: Path
) -> None:
    whole = run(llama_folder, katas[:5], tmp_path / "whole")

    def interrupt(step: StepCoderStep) -> None:
        if step.ppo.step == 3:
            raise KeyboardInterrupt

    state = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        run(llama_folder, katas[:5], tmp_path / "part", state_file=state, on_step=interrupt)
    steps: list[int] = []
    part = run(
        llama_folder,
        katas[:5],
        tmp_path / "part",
        state_file=state,
        on_step=lambda step: steps.append(step.ppo.step),
    )
    assert steps == [3, 4]
    assert all(torch.equal(whole[name], part[name]) for name in whole)
    histories = [
        json.loads((tmp_path / name / "stepcoder.json").read_text())["history"]
        for name in ("whole", "part")
    ]
    rates = [[(s["pass_rate"], s["in_loss"], s["remaining"]) for s in rows] for rows in histories]
    assert rates[0] == rates[1]


def test_a_state_of_another_run_is_refused(
    llama_folder: Path, katas: list[Task], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    options = replace(OPTIONS, num_eval_tasks=0, ppo=replace(PPO, num_steps=2))
    run(llama_folder, katas[:5], tmp_path / "a", state_file=state, options=options)
    with pytest.raises(UserError, match="differs in options, tasks"):
        run(llama_folder, katas[:4], tmp_path / "b", state_file=state)


def test_passing_moves_every_task_to_plain_generation_and_the_report_shows_it(
    llama_folder: Path, katas: list[Task], tmp_path: Path
) -> None:
    tasks = [task for task in katas if Curriculum([task], 0.5).prefix(task)][:3]
    executor = ByText(Verdict("OK", 0))
    run(llama_folder, tasks, tmp_path / "out", executor=executor)
    written = json.loads((tmp_path / "out" / "stepcoder.json").read_text())
    assert "1" in written["history"][0]["remaining"] or "0" in written["history"][0]["remaining"]
    assert written["history"][-1]["remaining"] == {"0": 1.0}
    report = (tmp_path / "out" / "report.md").read_text()
    assert "| all | 2 | 1.000 [1.000, 1.000] |" in report
    for picture in ("curves.svg", "curriculum.svg"):
        assert f"]({picture})" in report
        assert (tmp_path / "out" / picture).read_text().rstrip().endswith("</svg>")


def test_without_the_curriculum_nothing_is_given(
    llama_folder: Path, katas: list[Task], tmp_path: Path
) -> None:
    executor = ByText()
    options = replace(OPTIONS, curriculum=False, num_eval_tasks=0, ppo=replace(PPO, num_steps=1))
    run(llama_folder, katas[:5], tmp_path / "out", options=options, executor=executor)
    (step,) = json.loads((tmp_path / "out" / "stepcoder.json").read_text())["history"]
    assert step["remaining"] == {"0": 1.0}


def test_rollouts_that_could_not_be_judged_are_left_out(
    llama_folder: Path, katas: list[Task], tmp_path: Path
) -> None:
    executor = ByText()
    options = replace(OPTIONS, num_eval_tasks=0, ppo=replace(PPO, num_steps=1))
    run(llama_folder, katas[:5], tmp_path / "out", options=options, executor=executor)
    (step,) = json.loads((tmp_path / "out" / "stepcoder.json").read_text())["history"]
    verdicts = ByText().judge(executor.seen)
    judged = [verdict for verdict in verdicts if verdict is not None]
    assert step["ppo"]["num_rollouts"] == len(judged) < len(verdicts)
    assert step["pass_rate"] == pytest.approx(sum(v.passed for v in judged) / len(judged))
    assert math.isfinite(step["ppo"]["policy_loss"])


@pytest.mark.parametrize(
    "settings", [{"pass_rate": 1.0}, {"test_share_weight": 1.3}, {"num_parts": 0}]
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=next(iter(settings))):
        StepCoderOptions(**settings)
