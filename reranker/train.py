"""Stage B: train a reranker on pairs of passing and failing candidates (METHODS.md, section 1).

Every training starts from its base model again. The last checkpoint is kept that validation tasks
do not speak against (`reranker.checkpoints`), and its scores are calibrated on them.

    python -m reranker.train --candidates labelled.parquet --tasks tasks.parquet --output DIR
"""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PreTrainedModel, PrinterCallback
from trl import RewardConfig

from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.progress import progress, say
from multipl_e.records import Pair, Task, TaskKey
from multipl_e.tables import read_labelled, read_tasks
from reranker.anchored import AnchoredReranker
from reranker.calibration import fit_calibration
from reranker.checkpoints import CheckpointChooser, OnStep
from reranker.data import (
    Group,
    group_by_task,
    make_pairs,
    schedule,
    steps_of_like_length,
    tokenize_pairs,
)
from reranker.model import Head, new_reranker, quiet_transformers, save_reranker
from reranker.scoring import Scorer
from reranker.trainer import ComparisonCollator, GroupRewardTrainer
from reranker.validation import score_labelled


@dataclass(frozen=True)
class RerankerOptions:
    """How a reranker is made of its base.

    Attributes:
        base: Base language model: a folder, a Hub name or default-trunk (the shipped one).
        head: anchored (the base's own likelihood plus a learned correction) or plain (a scalar
            read at the last token; loads as a sequence classifier anywhere).
        anchor_scale: What an anchored head multiplies the mean log-probability by.
        lm_coef: Weight of the language-model loss on passing candidates (anchored head only).
        learning_rate: AdamW's peak learning rate.
        muon_learning_rate: Muon's peak learning rate on the trunk's matrices; 0 leaves them to
            AdamW.
        max_steps: Number of optimizer steps; 0 keeps the base as it is and only calibrates it.
        epochs: If above 0, train for so many passes over the pairs, `max_steps` being the most;
            where that is less than all pairs, mined ones come first.
        warmup_steps: Steps over which the learning rate rises; it falls linearly afterwards.
        groups_per_step: Number of tasks that a step compares candidates of.
        pairs_per_group: Number of passing and of failing candidates of each.
        hard_negative_weight: Weight of a pair with a mined hard negative; others weigh 1.
        max_grad_norm: Gradients are clipped to this norm.
        max_length: Most tokens of prompt and candidate (longer pairs are left out); by default
            the model's own limit.
        eval_every: Validate every so many steps.
        patience: Stop after so many validations without a better one; 0 never stops early.
        max_valid_tasks: Validate on at most so many tasks (the first of a seeded shuffle);
            calibration uses all. 0 takes all.
        bf16: Train in bfloat16 autocast (on a GPU).
        gradient_checkpointing: Trade time for memory; prompts are then not shared in training.
    """

    base: str = "default-trunk"
    head: Head = "anchored"
    anchor_scale: float = 10.0
    lm_coef: float = 1.0
    learning_rate: float = 3e-4
    muon_learning_rate: float = 1e-3
    max_steps: int = 60
    epochs: float = 0.0
    warmup_steps: int = 6
    groups_per_step: int = 8
    pairs_per_group: int = 2
    hard_negative_weight: float = 2.0
    max_grad_norm: float = 1.0
    max_length: int | None = None
    eval_every: int = 15
    patience: int = 0
    max_valid_tasks: int = 0
    bf16: bool = False
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        for name in ("groups_per_step", "pairs_per_group", "eval_every"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} must be 1 or more")
        for name in (
            "max_steps",
            "warmup_steps",
            "patience",
            "max_valid_tasks",
            "lm_coef",
            "epochs",
        ):
            if getattr(self, name) < 0:
                raise UserError(f"{name} must not be negative")
        for name in ("learning_rate", "muon_learning_rate", "hard_negative_weight"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UserError(f"{name} must be 0 or more")

    def num_steps(self, num_pairs: int) -> int:
        """Optimizer steps on that many pairs."""
        if not self.epochs:
            return self.max_steps
        per_step = self.groups_per_step * self.pairs_per_group
        return min(self.max_steps, max(1, math.ceil(self.epochs * num_pairs / per_step)))


def train_reranker(
    base: str | Path,
    pairs: Sequence[Pair],
    tasks: Mapping[TaskKey, Task],
    valid_groups: Sequence[Group],
    output_dir: str | Path,
    options: RerankerOptions,
    seed: int,
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Train from `base`, choose a checkpoint, calibrate it, save it.

    Args:
        base: A causal language model: folder, Hub name or ``default-trunk``.
        pairs: What is learned; `Pair.weight` scales a pair's loss.
        tasks: The pairs' tasks.
        valid_groups: Labelled candidates of other tasks, for the choice of the checkpoint and the
            calibration. With none, the last checkpoint is kept and nothing is calibrated.
        output_dir: Written under a temporary name and renamed when complete.
        options: See `RerankerOptions`; `options.base` is not read here.
        seed: The same seed gives the same reranker on a CPU.
        on_step: Called with 1 after each optimizer step.

    Returns:
        Figures for a report: ``base_*`` of the untrained reranker (step 0, of the anchored kind
        the likelihood of its trunk), ``valid_*`` of the one kept, ``best_step``, ``history``.

    Raises:
        UserError: the base is not there, there are no pairs, or the output folder is in use.
    """
    start = time.monotonic()
    output_dir, options = (
        Path(output_dir),
        replace(options, max_steps=options.num_steps(len(pairs))),
    )
    if output_dir.exists() and (not output_dir.is_dir() or any(output_dir.iterdir())):
        raise UserError(f"{output_dir} is not empty; name a folder that is not there yet")
    model, tokenizer, spec = new_reranker(
        base, options.head, anchor_scale=options.anchor_scale, seed=seed
    )
    max_length = options.max_length or spec.max_length
    groups = tokenize_pairs(pairs, tasks, tokenizer, max_length)
    if not groups and options.max_steps:
        raise UserError(
            "there is no pair of a passing and a failing candidate to train on; "
            "label more candidates per task, or raise max_length if they are too long"
        )
    scorer = Scorer((model, tokenizer, spec), max_length=max_length)
    shuffled = random.Random(seed).sample(valid_groups, len(valid_groups))
    num_valid = options.max_valid_tasks or len(shuffled)
    chooser = CheckpointChooser(
        model,
        scorer,
        shuffled[:num_valid],
        eval_every=options.eval_every,
        patience=options.patience,
        max_steps=options.max_steps,
        on_step=on_step,
    )
    partial = output_dir.with_name(f".{output_dir.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if options.max_steps:
        # Recomputed activations would not find the tree that the forward pass followed.
        trees = (
            isinstance(model, AnchoredReranker)
            and scorer.sharing == "beginnings"
            and not options.gradient_checkpointing
        )
        collator = ComparisonCollator(tokenizer.pad_token_id, trees)
        _fit(model, tokenizer, groups, collator, chooser, options, seed, partial)
    metrics: dict[str, Any] = {
        **chooser.restore_best(),
        "num_pairs": len(pairs),
        "num_pairs_used": sum(map(len, groups)),
        "num_train_tasks": len(groups),
        "num_valid_tasks": len(valid_groups),
    }
    scored = chooser.best_scores + score_labelled(scorer, shuffled[num_valid:])
    calibration = fit_calibration(scored) if scored else None
    if calibration is not None:
        calibration.save(partial)
        metrics["calibration_error"] = calibration.expected_error
    metrics["seconds"] = round(time.monotonic() - start, 3)
    shown = {k: v for k, v in metrics.items() if k.startswith(("base_", "valid_", "calib")) and v}
    save_reranker(model, tokenizer, partial, base=str(base), metrics=shown)
    (partial / "training.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    if output_dir.exists():
        output_dir.rmdir()
    os.replace(partial, output_dir)
    return metrics


def _fit(
    model: PreTrainedModel,
    tokenizer: Any,
    groups: Sequence[Any],
    collator: ComparisonCollator,
    chooser: CheckpointChooser,
    options: RerankerOptions,
    seed: int,
    scratch: Path,
) -> None:
    num_rows = options.max_steps * options.groups_per_step
    rng = random.Random(seed)
    rows = list(schedule(groups, num_rows, options.pairs_per_group, rng))
    rows = steps_of_like_length(rows, options.groups_per_step, rng)
    with quiet_transformers():
        trainer = GroupRewardTrainer(
            model=model,
            args=RewardConfig(
                output_dir=str(scratch),
                max_steps=options.max_steps,
                per_device_train_batch_size=options.groups_per_step,
                lr_scheduler_type="linear",
                warmup_steps=options.warmup_steps,
                max_grad_norm=options.max_grad_norm,
                max_length=None,
                remove_unused_columns=False,
                bf16=options.bf16,
                gradient_checkpointing=options.gradient_checkpointing,
                seed=seed,
                use_cpu=model.device.type == "cpu",
                dataloader_pin_memory=model.device.type == "cuda",
                save_strategy="no",
                logging_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            data_collator=collator,
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            callbacks=[chooser],
            lm_coef=options.lm_coef,
            learning_rate=options.learning_rate,
            muon_learning_rate=options.muon_learning_rate or None,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    model.eval()


@dataclass(frozen=True)
class TrainConfig:
    """Train a reranker on labelled candidates.

    Attributes:
        candidates: Candidates with their status (what multipl_e.evaluate or the loop writes);
            .jsonl, .jsonl.gz or .parquet.
        output: Folder for the reranker; must not be there yet.
        model: Base language model: a folder, a Hub name or default-trunk (the shipped one); short
            for --training.base, and wins over it.
        tasks: The candidates' tasks; not needed where the candidates' rows hold prompt and tests.
        valid_share: Share of the tasks kept for choosing the checkpoint and for calibration,
            where the tasks have no valid split of their own.
        pairs_per_task: Most training pairs of one task.
        seed: The same seed gives the same reranker on a CPU.
        training: How it is trained.
    """

    candidates: str
    output: str
    model: str | None = None
    tasks: str | None = None
    valid_share: float = 0.15
    pairs_per_task: int = 8
    seed: int = 0
    training: RerankerOptions = field(default_factory=RerankerOptions)


def split_groups(
    groups: Sequence[Group], valid_share: float, seed: int
) -> tuple[list[Group], list[Group]]:
    """Groups for training and for validation.

    Tasks marked ``valid`` are the validation set; if there are none, a share of all problems is
    drawn. A problem's languages stay on one side: its solutions give each other away. Tasks
    marked ``test`` beside others are used for nothing.
    """
    splits = {task.split for task, _ in groups}
    if "valid" in splits and "train" in splits:
        return (
            [group for group in groups if group[0].split == "train"],
            [group for group in groups if group[0].split == "valid"],
        )
    if "train" in splits:
        groups = [group for group in groups if group[0].split == "train"]
    names = sorted({task.name for task, _ in groups})
    num_valid = min(len(names) - 1, max(1, round(valid_share * len(names)))) if valid_share else 0
    held_out = set(random.Random(seed).sample(names, max(0, num_valid)))
    return (
        [group for group in groups if group[0].name not in held_out],
        [group for group in groups if group[0].name in held_out],
    )


def main(config: TrainConfig) -> None:
    """The command: read, split, pair, train, report."""
    if not 0 <= config.valid_share < 1:
        raise UserError("--valid-share must be at least 0 and below 1")
    rows = read_labelled(config.candidates)
    try:
        tasks = {task.key: task for task in read_tasks(config.tasks or config.candidates)}
    except UserError as error:
        if config.tasks:
            raise
        raise UserError(f"{error} (give the candidates' tasks with --tasks)") from error
    groups = group_by_task(rows, tasks)
    if not groups:
        raise UserError(f"no candidate in {config.candidates} belongs to a task of {config.tasks}")
    train, valid = split_groups(groups, config.valid_share, config.seed)
    options = config.training
    pairs = make_pairs(
        train,
        config.pairs_per_task,
        seed=config.seed,
        hard_negative_weight=options.hard_negative_weight,
    )
    say(f"{len(pairs)} pairs from {len(train)} tasks; {len(valid)} tasks for validation")
    with progress("training", options.num_steps(len(pairs))) as advance:
        metrics = train_reranker(
            config.model or options.base,
            pairs,
            tasks,
            valid,
            config.output,
            options,
            config.seed,
            advance,
        )
    kept = f"kept step {metrics['best_step']}"
    if "valid_pick_accuracy" in metrics:
        before, after = metrics["base_pick_accuracy"], metrics["valid_pick_accuracy"]
        kept += (
            f"; best candidate passes on {before:.3f} of validation tasks before, {after:.3f} after"
        )
    say(f"{kept}; wrote {config.output} in {metrics['seconds']:.0f} s")


if __name__ == "__main__":
    run_command(TrainConfig, main, prog="python -m reranker.train", description=__doc__ or "")
