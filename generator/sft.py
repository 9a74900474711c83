"""Stage A: supervised fine-tuning on tasks' canonical solutions, with TRL (METHODS.md, section 1).

The loss is on the completion's tokens and the end-of-text token only. Prompt and completion are
tokenized apart and then joined, just as a sampler meets them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase as Tokenizer

from generator.batches import BatchesOfLikeLength
from generator.model import load_generator, max_positions, silence_transformers
from multipl_e.errors import UserError
from multipl_e.progress import progress
from multipl_e.records import Task

MakeOptimizer = Callable[[torch.nn.Module], torch.optim.Optimizer]


@dataclass(frozen=True)
class SFTOptions:
    """Settings of supervised fine-tuning.

    Attributes:
        learning_rate: AdamW's peak learning rate; about 1e-5 for models of billions of parameters.
        epochs: Passes over the tasks; 0 (with no max_steps) stands for no fine-tuning.
        max_steps: Steps of the optimiser, in place of `epochs`.
        batch_size: Tasks per step and device.
        gradient_accumulation: Batches per step of the optimiser.
        warmup_share: Share of the steps in which the learning rate rises; then it falls in a line.
        weight_decay: AdamW's weight decay.
        max_length: Tasks with more tokens (prompt and solution) are left out.
        bf16: Compute in bfloat16 where it is safe.
        gradient_checkpointing: Less memory for more time; for large models.
    """

    learning_rate: float = 5e-4
    epochs: float = 2.0
    max_steps: int | None = None
    batch_size: int = 16
    gradient_accumulation: int = 1
    warmup_share: float = 0.05
    weight_decay: float = 0.0
    max_length: int = 1024
    bf16: bool = False
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense, before any work starts."""
        if self.learning_rate <= 0 or self.epochs < 0:
            raise UserError("fine-tuning: learning_rate must be above 0 and epochs 0 or more")
        if self.batch_size < 1 or self.gradient_accumulation < 1 or self.max_length < 2:
            raise UserError(
                "sft: batch_size and gradient_accumulation must be at least 1, max_length 2"
            )
        if self.max_steps is not None and self.max_steps < 1:
            raise UserError("sft: max_steps must be at least 1 (leave it out to count epochs)")
        if not 0 <= self.warmup_share < 1:
            raise UserError("sft: warmup_share must be at least 0 and below 1")

    @property
    def enabled(self) -> bool:
        """Whether there is anything to do."""
        return self.epochs > 0 or self.max_steps is not None

    def num_steps(self, num_rows: int) -> int:
        """Steps of the optimiser on so many tasks."""
        if self.max_steps is not None:
            return self.max_steps
        per_epoch = -(-num_rows // (self.batch_size * self.gradient_accumulation))
        return max(1, round(per_epoch * self.epochs))


def train_sft(
    model_path: str | Path,
    tasks: Sequence[Task],
    output_dir: str | Path,
    options: SFTOptions,
    seed: int,
    make_optimizer: MakeOptimizer | None = None,
) -> dict[str, float]:
    """Fine-tune a model on the tasks that have a canonical solution and save it.

    The same arguments give the same weights (on one machine's CPU).

    Args:
        model_path: A folder in Hugging Face format, a Hub name or ``default``.
        tasks: What to learn; tasks without a solution are passed over.
        output_dir: Where the tuned model and its tokenizer are saved.
        options: The settings.
        seed: Decides the order of the tasks.
        make_optimizer: Called with the model; by default AdamW as the settings say.

    Returns:
        ``loss_first`` and ``loss_last`` (nats per completion token, mean over the first and last
        tenth of the steps), ``num_steps``, ``num_tasks`` and ``num_skipped`` (no solution, or too
        long).

    Raises:
        UserError: if there is no such model, no task to learn from or no epoch to learn in.
    """
    if not options.enabled:
        raise UserError("sft: epochs must be above 0")
    from transformers import set_seed

    silence_transformers()
    # Weights in float32: AdamW's small steps vanish in half precision.
    model, tokenizer = load_generator(model_path, dtype=torch.float32)
    limit = min(options.max_length, max_positions(model) or options.max_length)
    rows = sft_rows(tokenizer, tasks, limit)
    if not rows:
        raise UserError(
            f"none of the {len(tasks)} tasks can be learnt from: each lacks a canonical solution "
            f"or is longer than {limit} tokens (--sft.max-length)"
        )
    set_seed(seed)
    output = Path(output_dir)
    output.parent.mkdir(parents=True, exist_ok=True)
    scratch = tempfile.mkdtemp(prefix=".sft-", dir=output.parent)
    try:
        losses = _run_trainer(model, tokenizer, rows, scratch, options, seed, make_optimizer)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)
    part = max(1, len(losses) // 10)
    return {
        "loss_first": sum(losses[:part]) / part,
        "loss_last": sum(losses[-part:]) / part,
        "num_steps": float(len(losses)),
        "num_tasks": float(len(rows)),
        "num_skipped": float(len(tasks) - len(rows)),
    }


def sft_rows(tokenizer: Tokenizer, tasks: Sequence[Task], max_length: int) -> list[dict[str, Any]]:
    """TRL's tokenized rows of the tasks that have a solution and are not too long.

    Each row holds `input_ids` and a `completion_mask` of the same length: 1 on the completion and
    on the end-of-text token, which get the loss.
    """
    solved = [task for task in tasks if task.canonical_solution is not None]
    if not solved:
        return []
    prompts = tokenizer([task.prompt for task in solved])["input_ids"]
    # A completion never begins a text, so nothing that marks a beginning may come before it.
    solutions = tokenizer([task.canonical_solution for task in solved], add_special_tokens=False)
    rows = []
    for prompt, solution in zip(prompts, solutions["input_ids"], strict=True):
        completion = [*solution, tokenizer.eos_token_id]
        if len(prompt) + len(completion) <= max_length:
            mask = [0] * len(prompt) + [1] * len(completion)
            rows.append({"input_ids": prompt + completion, "completion_mask": mask})
    return rows


def _run_trainer(
    model: Any,
    tokenizer: Tokenizer,
    rows: list[dict[str, Any]],
    scratch: str,
    options: SFTOptions,
    seed: int,
    make_optimizer: MakeOptimizer | None,
) -> list[float]:
    """Train `model` in place; returns the loss of every step."""
    import datasets
    from transformers.trainer_callback import PrinterCallback, ProgressCallback
    from trl import SFTConfig, SFTTrainer

    class Trainer(SFTTrainer):  # type: ignore[misc, unused-ignore]
        def _get_train_sampler(self, *args: Any, **kwargs: Any) -> BatchesOfLikeLength:
            return BatchesOfLikeLength(
                [len(row["input_ids"]) for row in rows], options.batch_size, seed
            )

        def _send_telemetry(self) -> None:
            """TRL would tell the Hub what is trained here; nothing of a run leaves the machine."""

    datasets.disable_progress_bars()
    config = SFTConfig(
        output_dir=scratch,
        learning_rate=options.learning_rate,
        num_train_epochs=options.epochs,
        max_steps=options.max_steps or -1,
        per_device_train_batch_size=options.batch_size,
        gradient_accumulation_steps=options.gradient_accumulation,
        warmup_steps=options.warmup_share,
        weight_decay=options.weight_decay,
        lr_scheduler_type="linear",
        max_length=options.max_length,
        completion_only_loss=True,
        bf16=options.bf16,
        gradient_checkpointing=options.gradient_checkpointing,
        use_cpu=model.device.type == "cpu",
        seed=seed,
        save_strategy="no",
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )
    model.train()
    num_steps = options.num_steps(len(rows))
    with progress("fine-tuning", num_steps) as advance:
        trainer = Trainer(
            model=model,
            args=config,
            train_dataset=datasets.Dataset.from_list(rows),
            processing_class=tokenizer,
            callbacks=[_step_callback(advance)],
            optimizers=(make_optimizer(model) if make_optimizer else None, None),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        trainer.train()
    model.eval()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def _step_callback(advance: Callable[[int], None]) -> Any:
    from transformers import TrainerCallback

    class Steps(TrainerCallback):  # type: ignore[misc, unused-ignore]
        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            advance(1)

    return Steps()
