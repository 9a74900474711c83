from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from trl.trainer import base_trainer

from multipl_e.errors import UserError
from multipl_e.records import Pair
from reranker.model import load_reranker
from reranker.scoring import Scorer, TrunkScorer
from reranker.train import RerankerOptions, split_groups, train_reranker

QUICK = RerankerOptions(
    max_steps=12, eval_every=4, warmup_steps=1, learning_rate=3e-3, muon_learning_rate=1e-2
)
HARMFUL = dataclasses.replace(QUICK, lm_coef=0.0, max_steps=6, eval_every=2)


@pytest.mark.parametrize("head", ["anchored", "plain"])
def test_training_separates_what_can_be_learned(base: Path, tmp_path: Path, toy_data, head: str):
    pairs, tasks, valid = toy_data
    options = dataclasses.replace(QUICK, head=head)
    metrics = train_reranker(base, pairs, tasks, valid, tmp_path / "r", options, seed=0)
    assert metrics["base_within_task_auc"] < 0.9
    assert metrics["valid_within_task_auc"] == 1.0
    assert metrics["valid_pick_accuracy"] == 1.0
    assert metrics["best_step"] > 0
    assert load_reranker(tmp_path / "r")[2].head == head


def test_saved_reranker_ranks_fresh_tasks_and_is_calibrated(base, tmp_path, toy_data, toy_group):
    pairs, tasks, valid = toy_data
    train_reranker(base, pairs, tasks, valid, tmp_path / "r", QUICK, seed=0)
    task, rows = toy_group(31)
    scores = Scorer(tmp_path / "r").score(task.prompt, [c.text for c, _ in rows])
    right = [s.probability for s, (_, v) in zip(scores, rows, strict=True) if v.passed]
    wrong = [s.probability for s, (_, v) in zip(scores, rows, strict=True) if not v.passed]
    assert min(right) > 0.5 > max(wrong)


def test_same_seed_same_weights_and_another_seed_others(base: Path, tmp_path: Path, toy_data):
    pairs, tasks, _valid = toy_data
    weights = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        options = dataclasses.replace(QUICK, max_steps=4)
        train_reranker(base, pairs, tasks, [], tmp_path / name, options, seed)
        weights.append((tmp_path / name / "model.safetensors").read_bytes())
    assert weights[0] == weights[1] != weights[2]


def test_training_tells_nobody(
    base: Path, tmp_path: Path, toy_data, monkeypatch: pytest.MonkeyPatch
):
    told: list[str] = []
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(base_trainer, "send_telemetry", lambda topic, **_: told.append(topic))
    pairs, tasks, _valid = toy_data
    options = dataclasses.replace(QUICK, max_steps=1)
    train_reranker(base, pairs, tasks, [], tmp_path / "r", options, seed=0)
    assert told == []


def test_every_training_starts_from_its_base(base: Path, tmp_path: Path, toy_data):
    before = (base / "model.safetensors").read_bytes()
    pairs, tasks, valid = toy_data
    first = train_reranker(base, pairs, tasks, valid, tmp_path / "a", QUICK, seed=0)
    second = train_reranker(base, pairs, tasks, valid, tmp_path / "b", QUICK, seed=0)
    assert first["history"] == second["history"]
    assert (base / "model.safetensors").read_bytes() == before


def test_untrained_reranker_is_kept_where_training_harms(base: Path, tmp_path: Path, toy_data):
    pairs, tasks, valid = toy_data
    # The base ranks the toy tasks upside down; trained on swapped pairs it can only stay as bad,
    # and with labels that agree with it, only become worse.
    agreeing = [
        (
            task,
            [
                (c, dataclasses.replace(v, status="Exception" if v.passed else "OK"))
                for c, v in rows
            ],
        )
        for task, rows in valid
    ]
    metrics = train_reranker(base, pairs, tasks, agreeing, tmp_path / "r", HARMFUL, seed=0)
    assert metrics["best_step"] == 0
    assert metrics["history"][-1]["within_task_auc"] < metrics["history"][0]["within_task_auc"]
    task, rows = valid[0]
    texts = [candidate.text for candidate, _ in rows]
    kept = [score.value for score in Scorer(tmp_path / "r").score(task.prompt, texts)]
    trunk = [score.value for score in TrunkScorer(base).score(task.prompt, texts)]
    assert kept == pytest.approx(trunk, abs=1e-4)


def test_best_checkpoint_scores_as_validated(base: Path, tmp_path: Path, toy_data):
    pairs, tasks, valid = toy_data
    metrics = train_reranker(base, pairs, tasks, valid, tmp_path / "r", QUICK, seed=0)
    best = next(h for h in metrics["history"] if h["step"] == metrics["best_step"])
    assert best["pick_accuracy"] == metrics["valid_pick_accuracy"]
    assert json.loads((tmp_path / "r" / "training.json").read_text()) == metrics


def test_patience_stops_early(base: Path, tmp_path: Path, toy_data):
    pairs, tasks, valid = toy_data
    steps = []
    options = dataclasses.replace(QUICK, patience=1, eval_every=1)
    train_reranker(base, pairs, tasks, valid, tmp_path / "r", options, 0, steps.append)
    assert 0 < len(steps) < QUICK.max_steps


def test_weights_decide_between_contradicting_pairs(
    base: Path, tmp_path: Path, toy_data, toy_group
):
    _, tasks, _ = toy_data
    options = dataclasses.replace(QUICK, lm_coef=0.0)
    task, rows = toy_group(0)
    (right, _), (wrong, _) = rows[:2]
    differences = []
    for name, forth, back in (("a", 5.0, 1.0), ("b", 1.0, 5.0)):
        pairs = [
            Pair(task.name, "py", right.text, wrong.text, weight=forth),
            Pair(task.name, "py", wrong.text, right.text, weight=back),
        ]
        one_each = dataclasses.replace(options, pairs_per_group=1, groups_per_step=2)
        train_reranker(base, pairs, tasks, [], tmp_path / name, one_each, seed=0)
        scores = Scorer(tmp_path / name).score(task.prompt, [right.text, wrong.text])
        differences.append(scores[0].value - scores[1].value)
    assert differences[0] > 0 > differences[1]


def test_language_model_loss_keeps_passing_candidates_likely(base: Path, tmp_path: Path, toy_data):
    pairs, tasks, valid = toy_data
    likelihoods = []
    for lm_coef in (0.0, 5.0):
        options = dataclasses.replace(QUICK, lm_coef=lm_coef)
        folder = tmp_path / str(lm_coef)
        train_reranker(base, pairs, tasks, [], folder, options, seed=0)
        model, tokenizer, spec = load_reranker(folder)
        with torch.no_grad():
            model.last_head.weight.zero_()
            model.mean_head.weight.zero_()
        scorer = Scorer((model, tokenizer, spec))
        task, rows = valid[0]
        values = [s.value for s in scorer.score(task.prompt, [c.text for c, v in rows if v.passed])]
        likelihoods.append(sum(values))
    assert likelihoods[1] > likelihoods[0]


def test_gradient_checkpointing_gives_the_same_training(base: Path, tmp_path: Path, toy_data):
    pairs, tasks, valid = toy_data
    histories = []
    for checkpointing in (False, True):
        options = dataclasses.replace(QUICK, max_steps=4, gradient_checkpointing=checkpointing)
        folder = tmp_path / str(checkpointing)
        train_reranker(base, pairs, tasks, [], folder, options, seed=0)
        task, rows = valid[0]
        scores = Scorer(folder).score(task.prompt, [c.text for c, _ in rows])
        histories.append([score.value for score in scores])
    assert histories[0] == pytest.approx(histories[1], abs=1e-2)


def test_zero_steps_calibrate_the_base(base: Path, tmp_path: Path, toy_data):
    _, tasks, valid = toy_data
    options = dataclasses.replace(QUICK, max_steps=0)
    metrics = train_reranker(base, [], tasks, valid, tmp_path / "r", options, seed=0)
    assert metrics["best_step"] == 0
    assert Scorer(tmp_path / "r").calibration is not None


def test_nothing_to_train_on_and_used_folder_are_explained(base, tmp_path, toy_data):
    pairs, tasks, valid = toy_data
    with pytest.raises(UserError, match="no pair"):
        train_reranker(base, [], tasks, valid, tmp_path / "r", QUICK, seed=0)
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "file").touch()
    with pytest.raises(UserError, match="is not empty"):
        train_reranker(base, pairs, tasks, valid, tmp_path / "r", QUICK, seed=0)


@pytest.mark.parametrize(
    "change", [{"groups_per_step": 0}, {"max_steps": -1}, {"learning_rate": float("nan")}]
)
def test_impossible_options_are_refused(change):
    with pytest.raises(UserError, match=next(iter(change))):
        RerankerOptions(**change)


def test_split_holds_problems_together(toy_group):
    groups = [toy_group(i) for i in range(10)]
    groups += [(dataclasses.replace(task, language="js"), rows) for task, rows in groups]
    train, valid = split_groups(groups, 0.2, seed=0)
    assert len(valid) == 4 and len(train) == 16
    assert not {t.name for t, _ in train} & {t.name for t, _ in valid}


def test_split_of_the_tasks_is_respected(toy_group):
    groups = [toy_group(0), toy_group(1, split="valid"), toy_group(2, split="test")]
    train, valid = split_groups(groups, 0.5, seed=0)
    assert [t.name for t, _ in train] == ["task_0"]
    assert [t.name for t, _ in valid] == ["task_1"]
