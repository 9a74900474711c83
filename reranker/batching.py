"""Batches in which candidates share the computation of their prompt.

Candidates of one task differ only in what follows the prompt. So a batch holds each prompt once:
its keys and values are computed once, repeated for its candidates, and each candidate runs only
over the prompt's last token (whose output predicts the first token) and its own tokens. Gradients
flow through the shared prompt. Where a model lets its attention be replaced, `reranker.tree` shares
more.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, PreTrainedModel
from transformers.utils import ModelOutput

from reranker.anchored import AnchoredReranker

TokenIds = Sequence[int]


@dataclass(frozen=True)
class SharedPromptBatch:
    """P prompts and B completions.

    Attributes:
        prefix_ids: (P, M) prompts without their last token, padded on the left.
        prefix_mask: (P, M) 1 at tokens, 0 at padding.
        owner: (B,) row of the prompt that each completion belongs to.
        suffix_ids: (B, S) the prompt's last token, then the completion; padded on the right.
        suffix_mask: (B, S) 1 at tokens, 0 at padding.
    """

    prefix_ids: Tensor
    prefix_mask: Tensor
    owner: Tensor
    suffix_ids: Tensor
    suffix_mask: Tensor

    def to(self, device: torch.device) -> SharedPromptBatch:
        """The batch on another device."""
        return SharedPromptBatch(
            *(getattr(self, name).to(device) for name in self.__dataclass_fields__)
        )

    @property
    def completion_mask(self) -> Tensor:
        """(B, S) 1 at the completion's own tokens."""
        mask = self.suffix_mask.clone()
        mask[:, 0] = 0
        return mask

    @property
    def num_tokens(self) -> int:
        """Number of tokens that are computed, padding left out."""
        return int(self.prefix_mask.sum() + self.suffix_mask.sum())


def collate(
    groups: Sequence[tuple[TokenIds, Sequence[TokenIds]]], pad_id: int
) -> SharedPromptBatch:
    """Make a batch of prompts, each with its completions (token ids)."""
    prefixes = [list(prompt[:-1]) for prompt, _ in groups]
    suffixes = [[prompt[-1], *ids] for prompt, completions in groups for ids in completions]
    owner = [row for row, (_, completions) in enumerate(groups) for _ in completions]
    prefix_ids, prefix_mask = _pad(prefixes, pad_id, left=True)
    suffix_ids, suffix_mask = _pad(suffixes, pad_id, left=False)
    return SharedPromptBatch(prefix_ids, prefix_mask, torch.tensor(owner), suffix_ids, suffix_mask)


def _pad(rows: Sequence[list[int]], pad_id: int, *, left: bool) -> tuple[Tensor, Tensor]:
    width = max(map(len, rows))
    ids, mask = [], []
    for row in rows:
        gap = width - len(row)
        ids.append([pad_id] * gap + row if left else row + [pad_id] * gap)
        mask.append([0] * gap + [1] * len(row) if left else [1] * len(row) + [0] * gap)
    return torch.tensor(ids, dtype=torch.long), torch.tensor(mask, dtype=torch.long)


def prefill(model: PreTrainedModel, batch: SharedPromptBatch) -> Cache | None:
    """Keys and values of the batch's P prompts (None if every prompt is a single token)."""
    if not batch.prefix_ids.shape[1]:
        return None
    backbone = model.backbone if isinstance(model, AnchoredReranker) else model.base_model
    return backbone(
        input_ids=batch.prefix_ids,
        attention_mask=batch.prefix_mask,
        position_ids=(batch.prefix_mask.cumsum(1) - 1).clamp(min=0),
        use_cache=True,
    ).past_key_values


def forward(
    model: PreTrainedModel,
    batch: SharedPromptBatch,
    *,
    share: bool = True,
    cache: Cache | None = None,
) -> ModelOutput:
    """Score the batch's completions with either kind of head: ``.logits`` is (B, 1).

    Args:
        model: A reranker.
        batch: Prompts and completions on the model's device.
        share: If false, every completion runs over its whole prompt, padded on the right: for
            models that cannot continue from a cache (encoders).
        cache: What `prefill` gave for these prompts, where it is known already; it is consumed.
    """
    if not share:
        return _forward_unshared(model, batch)
    if cache is None:
        cache = prefill(model, batch)
    if cache is not None:
        cache.reorder_cache(batch.owner)  # not `keys[rows]`: see `generator.ppo_model`
    # Padding repeats the last position: a learned position table ends where the model does.
    prefix_lengths = batch.prefix_mask.sum(1, keepdim=True)
    inputs = {
        "input_ids": batch.suffix_ids,
        "attention_mask": torch.cat([batch.prefix_mask[batch.owner], batch.suffix_mask], dim=1),
        "position_ids": prefix_lengths[batch.owner] + batch.suffix_mask.cumsum(1) - 1,
        "past_key_values": cache,
        "use_cache": cache is not None,
    }
    if isinstance(model, AnchoredReranker):
        inputs["completion_mask"] = batch.completion_mask
    return model(**inputs)


def _forward_unshared(model: PreTrainedModel, batch: SharedPromptBatch) -> ModelOutput:
    ids = torch.cat([batch.prefix_ids[batch.owner], batch.suffix_ids], dim=1)
    mask = torch.cat([batch.prefix_mask[batch.owner], batch.suffix_mask], dim=1)
    completion = torch.cat(
        [torch.zeros_like(batch.prefix_mask[batch.owner]), batch.completion_mask], dim=1
    )
    # A stable sort by "is padding" moves the prompt's left padding to the right end.
    order = torch.sort(1 - mask, dim=1, stable=True).indices
    inputs: dict[str, Any] = {
        "input_ids": ids.gather(1, order),
        "attention_mask": mask.gather(1, order),
    }
    if "use_cache" in inspect.signature(model.forward).parameters:
        inputs["use_cache"] = False
    if isinstance(model, AnchoredReranker):
        inputs["completion_mask"] = completion.gather(1, order)
    return model(**inputs)
