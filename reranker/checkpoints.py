"""Which weights of a training are kept: the last that validation does not speak against.

The plain maximum over checkpoints is a poor choice on some fifty tasks: its noise is larger than
what a training wins, and time and again it keeps the untrained base. So a later checkpoint is
preferred unless it is worse than the best one by more than two standard errors of their
difference, task by task: a rule like that of Breiman et al. (1984), with training as the prior. At
one standard error, as theirs, chance alone speaks against one training in six.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState

from reranker.data import Group
from reranker.scoring import Scorer
from reranker.validation import ScoredGroup, Validation, score_labelled, validate

OnStep = Callable[[int], object]


class CheckpointChooser(TrainerCallback):
    """Validates at step 0 and every few steps, and remembers the weights to keep."""

    def __init__(
        self,
        model: PreTrainedModel,
        scorer: Scorer,
        groups: Sequence[Group],
        *,
        eval_every: int,
        patience: int,
        max_steps: int,
        on_step: OnStep | None = None,
    ) -> None:
        """Validate the untrained model.

        Args:
            model: The model that is being trained.
            scorer: Scores with that very model.
            groups: Labelled validation tasks; with none, the last weights are kept.
            eval_every: Validate every so many steps.
            patience: Stop after so many validations without a better one; 0 never.
            max_steps: The last step, at which there is always a validation.
            on_step: Called with 1 after each step.
        """
        self.model, self.scorer, self.groups = model, scorer, groups
        self.eval_every, self.patience, self.max_steps = eval_every, patience, max_steps
        self.on_step = on_step
        self.history: list[tuple[int, Validation]] = []
        self.best_step = 0  # of the weights to keep
        self.best_weights: dict[str, torch.Tensor] = {}
        self.best_scores: list[ScoredGroup] = []
        if self.groups:
            self.validate(0)

    def validate(self, step: int) -> None:
        """Measure now; keep the weights unless they are clearly worse than the best so far."""
        training = self.model.training
        self.model.eval()
        scores = score_labelled(self.scorer, self.groups)
        now = validate(scores)
        self.model.train(training)
        self.history.append((step, now))
        best = max((past for _, past in self.history), key=lambda past: past.criterion)
        if not now.clearly_below(best):
            self.best_step, self.best_scores = step, scores
            self.best_weights = {
                name: parameter.detach().to("cpu", copy=True)
                for name, parameter in self.model.named_parameters()
                if parameter.requires_grad
            }

    def on_step_end(
        self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Called by the trainer after each optimizer step."""
        step = state.global_step
        if self.on_step is not None:
            self.on_step(1)
        if not self.groups:
            self.best_step = step
        elif step % self.eval_every == 0 or step == self.max_steps:
            self.validate(step)
            values = [past.criterion for _, past in self.history]
            without_better = len(values) - 1 - values.index(max(values))
            if self.patience and without_better >= self.patience:
                control.should_training_stop = True

    def restore_best(self) -> dict[str, Any]:
        """Put the kept weights back into the model; the figures that led to the choice."""
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if name in self.best_weights:
                    parameter.copy_(self.best_weights[name])
        figures: dict[str, Any] = {"best_step": self.best_step}
        by_step = dict(self.history)
        for label, step in (("base", 0), ("valid", self.best_step)):
            if step in by_step:
                figures[f"{label}_pick_accuracy"] = by_step[step].pick_accuracy
                figures[f"{label}_within_task_auc"] = _number(by_step[step].within_task_auc)
        figures["history"] = [
            {
                "step": step,
                "pick_accuracy": found.pick_accuracy,
                "within_task_auc": _number(found.within_task_auc),
            }
            for step, found in self.history
        ]
        return figures


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if value != value else value
