"""Scoring along a tree (see `reranker.tree`), with either kind of head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, DynamicCache, PreTrainedModel

from reranker.anchored import AnchoredReranker
from reranker.tree import Row, TokenIds, Tree, along


def attends_as_usual(model: PreTrainedModel) -> bool:
    """Whether the model's attention is one that can be replaced: full, or of a sliding window."""
    config = _backbone(model).config
    kinds = set(getattr(config, "layer_types", None) or ())
    usual = {"full_attention", "sliding_attention"}
    return bool(config._attn_implementation == "sdpa" and kinds <= usual)


def fill(model: PreTrainedModel, ids: TokenIds) -> Cache:
    """A cache of what texts begin with; unlike the model's own it keeps more than a window."""
    cache = DynamicCache()
    tokens = torch.tensor([ids], device=model.device)
    _backbone(model)(input_ids=tokens, past_key_values=cache, use_cache=True)
    return cache


def last_real(ids: TokenIds, pad_id: int) -> int:
    """Position of the last token that is not padding (0 if all are)."""
    return max((i for i, token in enumerate(ids) if token != pad_id), default=0)


def score_tree(
    model: PreTrainedModel, rows: Sequence[Row], *, cache: Cache | None = None
) -> Tensor:
    """Scores of completions after their prompts, (rows,).

    Args:
        model: A reranker of either kind.
        rows: See `Tree`.
        cache: Of tokens that all rows begin with (`fill`); it grows by the tree's tokens.
    """
    num_cached = 0 if cache is None else cache.get_seq_length()
    tree = Tree(rows, num_cached=num_cached)
    scores: Tensor
    if isinstance(model, AnchoredReranker):
        # Not `model(...)`, to which a trainer may have given a precision of its own.
        output = model.score_tree(tree, cache)
        assert output.logits is not None
        return output.logits[:, 0]
    inputs: dict[str, Any] = {"use_cache": cache is not None}
    if cache is not None:
        inputs["past_key_values"] = cache
    with along(tree, model.base_model):
        found = model.base_model(**tree.inputs(model.device), **inputs)
    hidden_th = found.last_hidden_state[0]
    # A classifier reads a row's score at its last token that is not padding.
    last = [
        tree.places(row)[last_real((*prompt, *completion), model.config.pad_token_id) - num_cached]
        for row, (prompt, completion) in enumerate(rows)
    ]
    scores = model.score(hidden_th.index_select(0, torch.stack(last).to(hidden_th.device)))[:, 0]
    return scores


def _backbone(model: PreTrainedModel) -> PreTrainedModel:
    return model.backbone if isinstance(model, AnchoredReranker) else model.base_model
