"""Two optimizers that look like one to the trainer: Muon for matrices, AdamW for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class OptimizerGroup(torch.optim.Optimizer):
    """Steps several optimizers together.

    Their parameter groups are shared, not copied, so a learning-rate schedule that writes to
    `param_groups` reaches each of them.
    """

    def __init__(self, optimizers: list[torch.optim.Optimizer]) -> None:
        self.optimizers = optimizers
        super().__init__([group for inner in optimizers for group in inner.param_groups], {})
        # The base class has copied the groups.
        self.param_groups = [group for inner in optimizers for group in inner.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step of each."""
        if closure is not None:
            raise ValueError("a closure would be evaluated once per optimizer; pass none")
        for inner in self.optimizers:
            inner.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for inner in self.optimizers:
            inner.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """The state of each, under ``optimizers``."""
        return {"optimizers": [inner.state_dict() for inner in self.optimizers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        for inner, state in zip(self.optimizers, state_dict["optimizers"], strict=True):
            inner.load_state_dict(state)
        self.param_groups = [group for inner in self.optimizers for group in inner.param_groups]


def make_optimizer(
    model: nn.Module, learning_rate: float, muon_learning_rate: float | None
) -> torch.optim.Optimizer:
    """AdamW on everything, or Muon on the trunk's matrices and AdamW on the rest.

    Embeddings, vocabulary and score heads stay with AdamW: Muon's orthogonalised update suits maps
    between hidden states, not lookup tables (https://kellerjordan.github.io/posts/muon).

    Args:
        model: The reranker.
        learning_rate: AdamW's.
        muon_learning_rate: Muon's; None for AdamW alone.
    """
    trainable = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    if muon_learning_rate is None:
        return _adamw([p for _, p in trainable], learning_rate)
    tables = {id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    matrices = [
        p
        for name, p in trainable
        if p.ndim == 2 and min(p.shape) > 1 and id(p) not in tables and "lm_head" not in name
    ]
    chosen = {id(p) for p in matrices}
    rest = [p for _, p in trainable if id(p) not in chosen]
    if not matrices:
        return _adamw(rest, learning_rate)
    muon = torch.optim.Muon(matrices, lr=muon_learning_rate, weight_decay=0.0)
    return OptimizerGroup([muon, _adamw(rest, learning_rate)])


def _adamw(parameters: list[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=learning_rate, betas=(0.9, 0.95), weight_decay=0.0)
