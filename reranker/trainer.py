"""TRL's RewardTrainer, taught to score groups of candidates that share their prompt.

What differs from TRL: a row of the data set is one task with several passing and failing
candidates; every passing one is compared with every failing one of the row; comparisons carry
weights; and an anchored reranker's trunk may keep modelling the passing candidates, so that it
does not forget the language while it learns to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import SequentialSampler
from transformers import PreTrainedModel
from trl import RewardTrainer

from reranker.batching import SharedPromptBatch, collate, forward
from reranker.optimizer import make_optimizer
from reranker.tree import Tree


@dataclass(frozen=True)
class ComparisonCollator:
    """Rows of `reranker.data.schedule` to a batch.

    The result has the fields of `SharedPromptBatch`, or a ``tree`` in their place, and, for C
    comparisons, ``better`` and ``worse`` (C,): rows of completions; ``weights`` (C,); ``passing``
    (K,): the passing rows.

    Attributes:
        pad_id: What padded rows are filled up with.
        trees: Make a tree, for a model that takes one.
    """

    pad_id: int
    trees: bool = False

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Collate; a completion that occurs twice in a row is computed once."""
        groups = []
        better, worse, weights, passing = [], [], [], []
        first = 0
        for row in rows:
            chosen = [tuple(ids) for ids in row["chosen_ids"]]
            rejected = [tuple(ids) for ids in row["rejected_ids"]]
            place = {ids: first + i for i, ids in enumerate(dict.fromkeys(chosen + rejected))}
            first += len(place)
            groups.append((row["prompt_ids"], list(place)))
            passing += [place[ids] for ids in dict.fromkeys(chosen)]
            for good in dict.fromkeys(chosen):
                # A weight says how much its failing candidate matters.
                for bad, weight in zip(rejected, row["weights"], strict=True):
                    better.append(place[good])
                    worse.append(place[bad])
                    weights.append(weight)
        texts: dict[str, Any]
        if self.trees:
            completions = [(prompt, ids) for prompt, place in groups for ids in place]
            texts = {"tree": Tree(completions)}
        else:
            batch = collate(groups, self.pad_id)
            texts = {field.name: getattr(batch, field.name) for field in fields(batch)}
        return {
            **texts,
            "better": torch.tensor(better),
            "worse": torch.tensor(worse),
            "weights": torch.tensor(weights, dtype=torch.float32),
            "passing": torch.tensor(passing),
        }


def comparison_loss(scores: Tensor, better: Tensor, worse: Tensor, weights: Tensor) -> Tensor:
    """Weighted Bradley-Terry loss, ``-log sigmoid(r(better) - r(worse))`` (METHODS.md, section 1).

    Args:
        scores: (B,) scores of candidates.
        better: (C,) rows of the passing side of each comparison.
        worse: (C,) rows of the failing side.
        weights: (C,) weights; the result is their weighted mean.
    """
    losses = -nn.functional.logsigmoid(scores[better] - scores[worse])
    return (weights * losses).sum() / weights.sum().clamp(min=torch.finfo(weights.dtype).tiny)


class GroupRewardTrainer(RewardTrainer):
    """RewardTrainer over groups, see the module's docstring."""

    def __init__(
        self,
        *args: Any,
        lm_coef: float,
        learning_rate: float,
        muon_learning_rate: float | None,
        **kwargs: Any,
    ) -> None:
        self.lm_coef = lm_coef
        self.rates = (learning_rate, muon_learning_rate)
        super().__init__(*args, **kwargs)

    def _send_telemetry(self) -> None:
        """TRL would tell the Hub what is trained here; nothing of a run leaves the machine."""

    def compute_loss(
        self,
        model: PreTrainedModel,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Bradley-Terry on the comparisons, plus `lm_coef` x language-model loss if anchored."""
        if "tree" in inputs:
            output = model(tree=inputs["tree"])
        else:
            batch = SharedPromptBatch(*(inputs[f.name] for f in fields(SharedPromptBatch)))
            output = forward(model, batch, share=not self.args.gradient_checkpointing)
        scores = output.logits[:, 0]
        better, worse = inputs["better"], inputs["worse"]
        loss = comparison_loss(scores, better, worse, inputs["weights"])
        mean_logprob = output.get("mean_logprob")
        if self.lm_coef and mean_logprob is not None:
            loss = loss - self.lm_coef * mean_logprob[inputs["passing"]].mean()
        with torch.no_grad():
            margin = (scores[better] - scores[worse]).float()
            metrics = self._metrics["train" if self.model.training else "eval"]
            metrics["accuracy"].append((margin > 0).float().mean().item())
            metrics["margin"].append(margin.mean().item())
        return (loss, output) if return_outputs else loss

    def create_optimizer(self, *args: Any, **kwargs: Any) -> torch.optim.Optimizer:
        """AdamW, or Muon and AdamW."""
        self.optimizer: torch.optim.Optimizer = make_optimizer(self.model, *self.rates)
        return self.optimizer

    def _get_train_sampler(self, *args: Any, **kwargs: Any) -> SequentialSampler:
        # The rows are in the order in which they are to be seen.
        return SequentialSampler(self.train_dataset)
