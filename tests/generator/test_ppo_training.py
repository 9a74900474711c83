"""The trainer on a toy policy: it learns, it is exact where it must be, it repeats itself."""

from __future__ import annotations

import itertools
import json
import math
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import debug_launcher
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from generator import tune
from generator.model import load_generator
from generator.ppo import PPOOptions, PPOResult, PPOTrainer, Rollout, train_ppo
from generator.ppo_model import TokenBatch, rollout_outputs
from multipl_e.errors import UserError
from multipl_e.records import Candidate, Status, Task, Verdict
from multipl_e.tables import write_tasks

LETTERS = "abcdefgh"
TASKS = [Task(f"t{i}", "py", p, "") for i, p in enumerate(["ab", "cde", "f", "gh", "bad"])]
QUICK = PPOOptions(
    num_steps=2,
    tasks_per_step=4,
    rollouts_per_task=4,
    max_new_tokens=8,
    num_reference_tasks=4,
    num_minibatches=2,
    temperature=1.0,
    muon_learning_rate=0.0,
    learning_rate=3e-4,
    kl_coef=0.05,
    target_kl=0.05,
)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random policy over eight letters and an end token, as a folder."""
    folder = tmp_path_factory.mktemp("toy")
    torch.manual_seed(0)
    words = {letter: i for i, letter in enumerate([*LETTERS, "<eos>", "<pad>"])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="a"))
    tokenizer.pre_tokenizer = Split("", "isolated")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<eos>", pad_token="<pad>"
    ).save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=10,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        eos_token_id=8,
        pad_token_id=9,
        bos_token_id=None,
        initializer_range=0.2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def share_of_a(tasks: list[Task], candidates: list[Candidate]) -> list[float]:
    return [c.text.count("a") / max(1, len(c.text)) for c in candidates]


def trainer_of(toy: Path, options: PPOOptions = QUICK, **settings: Any) -> PPOTrainer:
    policy, tokenizer = load_generator(toy, device="cpu")
    return PPOTrainer(policy, tokenizer, options, **settings)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(AutoModelForCausalLM.from_pretrained(folder).state_dict())


@pytest.fixture(scope="module")
def learnt(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> PPOResult:
    options = replace(QUICK, num_steps=12, rollouts_per_task=16, learning_rate=3e-3)
    return train_ppo(toy, TASKS, share_of_a, tmp_path_factory.mktemp("learnt"), options)


def test_policy_learns_to_write_the_rewarded_letter(learnt: PPOResult) -> None:
    assert learnt.history[-1].score_mean > learnt.history[0].score_mean + 1.0


def test_first_score_is_that_of_the_reference(learnt: PPOResult) -> None:
    assert abs(learnt.history[0].score_mean) < 0.5


def test_first_kl_is_zero_and_then_grows(learnt: PPOResult) -> None:
    assert learnt.history[0].kl == pytest.approx(0, abs=1e-6)
    assert learnt.history[-1].kl > 0.1


def test_values_come_to_explain_returns(toy: Path, tmp_path: Path) -> None:
    """Without a baseline, the return depends on the letters seen: a head can learn that."""
    options = replace(
        QUICK, num_steps=10, group_baseline=False, learning_rate=0.0, value_learning_rate=3e-2
    )
    options = replace(options, rollouts_per_task=16, num_epochs=4)
    history = train_ppo(toy, TASKS, share_of_a, tmp_path, options).history
    assert history[0].explained_variance == pytest.approx(0, abs=1e-6)
    assert history[-1].explained_variance > 0.2


def test_saved_policy_loads_and_differs_from_where_it_began(toy: Path, learnt: PPOResult) -> None:
    before, after = weights(toy), weights(learnt.output_dir)
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert load_generator(learnt.output_dir)[1].eos_token == "<eos>"


def test_summary_beside_the_policy_holds_options_and_history(learnt: PPOResult) -> None:
    summary = json.loads((learnt.output_dir / "ppo.json").read_text())
    assert len(summary["history"]) == summary["options"]["num_steps"] == 12
    assert summary["reward_sd"] == learnt.reward_sd > 0


def test_policy_learns_with_muon_as_well(toy: Path, tmp_path: Path) -> None:
    options = replace(QUICK, num_steps=12, rollouts_per_task=16, muon_learning_rate=1e-2)
    history = train_ppo(toy, TASKS, share_of_a, tmp_path, options).history
    assert history[-1].score_mean > history[0].score_mean + 1.0


def test_every_parameter_belongs_to_one_optimizer_and_tables_to_adamw(toy: Path) -> None:
    for rate, num_optimizers in ((0.0, 1), (1e-2, 2)):
        trainer = trainer_of(toy, replace(QUICK, muon_learning_rate=rate))
        owned = [
            [id(p) for group in optimizer.param_groups for p in group["params"]]
            for optimizer in trainer.optimizers
        ]
        assert len(owned) == num_optimizers
        assert sorted(itertools.chain(*owned)) == sorted(map(id, trainer.module.parameters()))
        assert id(trainer.policy.get_input_embeddings().weight) in owned[0]


def test_same_seed_gives_the_same_policy_and_another_seed_another(
    toy: Path, tmp_path: Path
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train_ppo(toy, TASKS, share_of_a, tmp_path / name, QUICK, seed)
    a, b, c = (weights(tmp_path / name) for name in "abc")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert any(not torch.equal(a[name], c[name]) for name in a)


def test_ratio_is_one_at_the_first_optimizer_step(toy: Path) -> None:
    trainer = trainer_of(toy, replace(QUICK, num_epochs=1, num_minibatches=1))
    step = trainer.update(trainer.collect(TASKS, share_of_a))
    assert step.approx_kl == pytest.approx(0, abs=1e-9)
    assert step.clip_fraction == 0


def test_shared_prompts_change_neither_outputs_nor_gradients(toy: Path) -> None:
    model, tokenizer = load_generator(toy, device="cpu")
    prompts = [tokenizer(p)["input_ids"] for p in ("abc", "d", "abc", "hgfed")]
    batch = TokenBatch.of(prompts, [[1, 2, 8], [3], [4, 5, 6, 7], [0, 8]], "cpu")
    assert batch.prompts_ps.shape[0] == 3
    real = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1], [1, 1, 0, 0]]).bool()
    found = []
    for share in (True, False):
        model.zero_grad()
        logits, hidden = rollout_outputs(model, batch, share_prompts=share)
        (logits[real] ** 2).sum().backward()
        gradient = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
        found.append((logits[real].detach(), hidden[real].detach(), gradient))
    for shared, plain in zip(*found, strict=True):
        torch.testing.assert_close(shared, plain, rtol=1e-4, atol=1e-5)


def test_gradients_of_shared_prompts_are_the_same_each_time(toy: Path) -> None:
    # Two threads add what the rows of one prompt say of it; they meet there in any order.
    before = torch.get_num_threads()
    model, _ = load_generator(toy, device="cpu")
    random = torch.Generator().manual_seed(0)
    completions = torch.randint(8, (64, 24), generator=random).tolist()
    batch = TokenBatch.of([[0, 1, 2, 3] * 10] * 64, completions, "cpu")
    found = []
    try:
        torch.set_num_threads(2)
        for _ in range(20):
            model.zero_grad()
            logits, _ = rollout_outputs(model, batch, share_prompts=True)
            (logits**2).sum().backward()
            gradients = [p.grad for p in model.parameters() if p.grad is not None]
            found.append(torch.cat([gradient.flatten() for gradient in gradients]))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(found[0], other) for other in found)


def test_padding_of_other_rows_does_not_change_a_row(toy: Path) -> None:
    model, tokenizer = load_generator(toy, device="cpu")
    short, long = tokenizer("ab")["input_ids"], tokenizer("abcdefgh")["input_ids"]
    alone = TokenBatch.of([short], [[1, 2]], "cpu")
    together = TokenBatch.of([short, long], [[1, 2], [3, 4, 5, 6]], "cpu")
    with torch.no_grad():
        logits_alone, _ = rollout_outputs(model, alone, share_prompts=True)
        logits_together, _ = rollout_outputs(model, together, share_prompts=True)
    torch.testing.assert_close(logits_alone[0], logits_together[0, :2], rtol=1e-4, atol=1e-5)


def test_micro_batches_give_the_gradient_of_the_whole_minibatch(toy: Path) -> None:
    found = []
    for size in (None, 3):
        trainer = trainer_of(toy, replace(QUICK, micro_batch_size=size, max_grad_norm=1e9))
        rollouts = trainer.collect(TASKS, share_of_a)
        trainer.update(rollouts)
        found.append(torch.cat([p.detach().flatten() for p in trainer.policy.parameters()]))
    start = torch.cat([p.detach().flatten() for p in trainer_of(toy).policy.parameters()])
    # In norm: AdamW turns a rounding error in a gradient near 0 into a step of its own.
    assert (found[0] - found[1]).norm() < 1e-2 * (found[0] - start).norm()


def policy_change(trainer: PPOTrainer, rollouts: list[Rollout]) -> float:
    before = [p.detach().clone() for p in trainer.policy.parameters()]
    trainer.update(rollouts)
    after = trainer.policy.parameters()
    return sum(float((a.detach() - b).abs().sum()) for a, b in zip(after, before, strict=True))


def test_policy_with_nothing_in_the_loss_does_not_move(toy: Path) -> None:
    trainer = trainer_of(toy)
    rollouts = trainer.collect(TASKS, share_of_a)
    masked = [replace(r, loss_mask=(False,) * len(r.token_ids)) for r in rollouts]
    assert policy_change(trainer, masked) == 0
    assert policy_change(trainer, rollouts) > 0


def test_value_learns_at_tokens_outside_the_policy_loss(toy: Path) -> None:
    trainer = trainer_of(toy, replace(QUICK, group_baseline=False))
    rollouts = trainer.collect(TASKS, share_of_a)
    trainer.update([replace(r, loss_mask=(False,) * len(r.token_ids)) for r in rollouts])
    assert trainer.accelerator.unwrap_model(trainer.module).value_head.weight.abs().sum() > 0


def test_value_loss_leaves_the_trunk_alone_unless_told_otherwise(toy: Path) -> None:
    options = replace(QUICK, group_baseline=False)
    for through, moves in ((False, False), (True, True)):
        trainer = trainer_of(toy, replace(options, value_trains_trunk=through))
        rollouts = trainer.collect(TASKS, share_of_a)
        masked = [replace(r, loss_mask=(False,) * len(r.token_ids)) for r in rollouts]
        trainer.update(masked)  # moves the head away from 0, through which no gradient flows
        assert (policy_change(trainer, masked) > 0) is moves


def test_rollouts_without_any_action_are_left_out(toy: Path) -> None:
    trainer = trainer_of(toy)
    rollouts = [
        replace(r, action_mask=(False,) * len(r.token_ids))
        for r in trainer.collect(TASKS, share_of_a)
    ]
    with pytest.raises(UserError, match="no rollout"):
        trainer.update(rollouts)


def test_rollouts_nobody_could_judge_are_left_out(toy: Path) -> None:
    trainer = trainer_of(toy)
    rollouts = trainer.collect(TASKS, share_of_a)
    rollouts[:3] = [replace(r, score=math.nan) for r in rollouts[:3]]
    step = trainer.update(rollouts)
    assert step.num_rollouts == len(rollouts) - 3
    assert math.isfinite(step.score_mean)


@pytest.mark.parametrize("num_unjudged", [0, 3])
def test_passes_made_before_the_scores_are_known_change_nothing(
    toy: Path, num_unjudged: int
) -> None:
    at_once, before = trainer_of(toy), trainer_of(toy)
    for trainer in (at_once, before):  # away from the reference, and from values that are all 0
        trainer.update(trainer.collect(TASKS, share_of_a))
    rollouts = at_once.collect(TASKS, share_of_a)
    unknown = [replace(r, score=math.nan) for r in rollouts]
    evaluation = before.evaluate(unknown)
    rollouts[:num_unjudged] = unknown[:num_unjudged]
    one, other = at_once.update(rollouts), before.update(rollouts, evaluation)
    assert one.kl > 0 and one.value_loss > 0
    for name in ("num_rollouts", "kl", "entropy", "explained_variance", "value_loss"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-4)


def test_unknown_rewards_everywhere_are_an_error_with_a_remedy(toy: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="executor"):
        train_ppo(toy, TASKS, lambda t, c: [math.nan] * len(c), tmp_path, QUICK)


def test_batch_is_left_when_the_policy_has_moved_too_far(toy: Path) -> None:
    options = replace(QUICK, learning_rate=3e-2, warmup_steps=0, num_epochs=8)
    far = trainer_of(toy, replace(options, target_kl=1e-3))
    free = trainer_of(toy, replace(options, target_kl=None))
    assert far.update(far.collect(TASKS, share_of_a)).num_optimizer_steps < 16
    assert free.update(free.collect(TASKS, share_of_a)).num_optimizer_steps == 16


def test_kl_penalty_keeps_the_policy_near_its_reference(toy: Path, tmp_path: Path) -> None:
    options = replace(QUICK, num_steps=8, learning_rate=3e-3, rollouts_per_task=8)
    kl = [
        train_ppo(toy, TASKS, share_of_a, tmp_path / str(coef), replace(options, kl_coef=coef))
        .history[-1]
        .kl
        for coef in (0.0, 2.0)
    ]
    assert kl[1] < 0.5 * kl[0]


def test_on_step_sees_each_step_as_it_ends(toy: Path, tmp_path: Path) -> None:
    seen: list[int] = []
    train_ppo(toy, TASKS, share_of_a, tmp_path, QUICK, on_step=lambda step: seen.append(step.step))
    assert seen == [1, 2]


def test_loss_mask_is_asked_for_each_batch(toy: Path, tmp_path: Path) -> None:
    def nothing(rollouts: Any) -> list[list[bool]]:
        return [[False] * len(r.token_ids) for r in rollouts]

    train_ppo(toy, TASKS, share_of_a, tmp_path, QUICK, loss_mask=nothing)
    before, after = weights(toy), weights(tmp_path)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_no_tasks_is_a_users_mistake(toy: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least one task"):
        train_ppo(toy, [], share_of_a, tmp_path, QUICK)


def train_in_a_process(toy: Path, output: Path, records: Path) -> None:
    torch.set_num_threads(1)

    def reward(tasks: list[Task], candidates: list[Candidate]) -> list[float]:
        with (records / str(os.getpid())).open("a") as file:
            file.writelines(f"{task.name}\n" for task in tasks)
        return share_of_a(tasks, candidates)

    options = replace(QUICK, num_steps=3, tasks_per_step=5, num_reference_tasks=5)
    train_ppo(toy, TASKS, reward, output, options)


@pytest.mark.slow
def test_two_processes_share_the_tasks_and_save_once(toy: Path, tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    debug_launcher(train_in_a_process, args=(toy, tmp_path, records), num_processes=2)
    seen = [set(file.read_text().split()) for file in records.iterdir()]
    assert len(seen) == 2
    assert set.union(*seen) == {task.name for task in TASKS}
    summary = json.loads((tmp_path / "ppo.json").read_text())
    assert len(summary["history"]) == 3
    before, after = weights(toy), weights(tmp_path)
    assert any(not torch.equal(before[name], after[name]) for name in before)


class PassesWithA:
    """An executor for which a program is right if it holds an a."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def __enter__(self) -> PassesWithA:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def judge(self, items: list[tuple[Task, Candidate]]) -> list[Verdict]:
        statuses: list[Status] = ["OK" if "a" in c.text else "Exception" for _, c in items]
        return [Verdict(status, 0) for status in statuses]


def test_command_line_tunes_towards_passing_programs(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("multipl_e.executors.Executor", PassesWithA)
    write_tasks(tmp_path / "tasks.jsonl", TASKS)
    config = {"ppo": asdict(replace(QUICK, num_steps=10, learning_rate=3e-3))}
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    argv = f"--method ppo --model {toy} --tasks {tmp_path}/tasks.jsonl --output {tmp_path}/out"
    more = f"--config {tmp_path}/config.yaml --ppo.rollouts-per-task 16"
    with pytest.raises(SystemExit) as ended:
        tune.main([*argv.split(), *more.split()])
    assert ended.value.code == 0
    summary = json.loads((tmp_path / "out" / "ppo.json").read_text())
    assert summary["options"]["rollouts_per_task"] == 16
    assert summary["history"][-1]["score_mean"] > summary["history"][0]["score_mean"] + 0.5
    assert "reward" in capsys.readouterr().err


def test_the_rewards_scale_comes_from_the_first_batch_and_as_many_tasks_as_wanted(
    toy: Path, tmp_path: Path
) -> None:
    met: list[str] = []

    def reward(tasks: list[Task], candidates: list[Candidate]) -> list[float]:
        met.extend(task.name for task in tasks)
        return [float(len(candidate.text)) for candidate in candidates]

    options = replace(QUICK, num_steps=1, tasks_per_step=2, num_reference_tasks=4)
    train_ppo(toy, TASKS, reward, tmp_path / "policy", options, seed=3)
    assert len(set(met)) == 4
