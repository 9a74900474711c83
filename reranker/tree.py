"""Texts as a tree: tokens that several of them begin with run through the model once.

Candidates of a task share its prompt, and often their own first lines. A `Tree` holds every
distinct beginning of a set of texts once, as runs of tokens that follow one another. All runs go
through the model as one row without padding; only attention looks at the tree: each run sees
itself and the runs it continues. For that the model's attention is replaced, while a tree runs, by
one that gathers the keys of each run (`tree_attention`); everything else of a model works token by
token and needs no change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import groupby, takewhile
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

TokenIds = Sequence[int]
Row = tuple[TokenIds, TokenIds]

# A run of its own costs some small operations per layer; it is worth that many tokens.
MIN_SAVED_TOKENS = 16
# Most keys that are gathered at once, and most entries of an attention mask.
MAX_BLOCK_KEYS, MAX_BLOCK_MASK = 2**15, 2**22


@dataclass(eq=False)
class Run:
    """Tokens that follow one another in every text they belong to.

    Attributes:
        ids: The tokens.
        start: Place of the first among the tree's tokens.
        parent: The run that it continues.
        position: Position of the first token in its texts.
    """

    ids: TokenIds
    start: int
    parent: Run | None
    position: int

    @property
    def stop(self) -> int:
        """Place after the last token."""
        return self.start + len(self.ids)


@dataclass(eq=False)
class Block:
    """Runs whose attention is computed together.

    Attributes:
        queries: (runs, S) places of their tokens, padded on the right.
        keys: (runs, K) places of what they see, cached tokens first, padded on the right.
        real: (runs, S) False at padding.
        before: (runs,) number of tokens that a run continues.
        alone: Where the tokens of a single run are that continues nothing.
        masks: Additive attention masks (runs, 1, S, K) by window.
    """

    queries: Tensor
    keys: Tensor
    real: Tensor
    before: Tensor
    alone: slice | None
    masks: dict[int | None, Tensor] = field(default_factory=dict)

    def mask(self, window: int | None, dtype: torch.dtype) -> Tensor:
        """What each token may not see, as minus infinity: what follows, or is `window` away."""
        if window not in self.masks:
            places_k = torch.arange(self.keys.shape[1], device=self.keys.device)
            places_s = torch.arange(self.queries.shape[1], device=self.keys.device)
            own_rs1 = (self.before[:, None] + places_s)[:, :, None]
            hidden = places_k > own_rs1
            if window is not None:
                hidden |= places_k <= own_rs1 - window
            mask = torch.zeros(hidden.shape, dtype=dtype, device=hidden.device)
            self.masks[window] = mask.masked_fill_(hidden, -torch.inf)[:, None]
        return self.masks[window]


class Tree:
    """Prompts and completions as runs of tokens.

    Attributes:
        runs: In an order in which each stands after the one it continues.
        ends: Of each row, the run that it ends with.
        num_tokens: Of all runs.
    """

    def __init__(self, rows: Sequence[Row], *, num_cached: int = 0) -> None:
        """Find what the rows have in common.

        Args:
            rows: Prompts with a completion each, both of at least one token.
            num_cached: Leading tokens, the same in all rows and fewer than any prompt has, whose
                keys and values are in a cache.
        """
        self.rows, self.num_cached = rows, num_cached
        self.runs: list[Run] = []
        self.num_tokens = 0
        texts = [(*prompt[num_cached:], *completion) for prompt, completion in rows]
        self.ends: dict[int, Run | None] = {}
        order = sorted(range(len(rows)), key=texts.__getitem__)
        # Rows that agree up to `seen`; up to `done` that is in runs, of which `last` is the last.
        todo: list[tuple[list[int], int, int, Run | None]] = [(order, 0, 0, None)]
        while todo:
            members, done, seen, last = todo.pop()
            for same in _by_token(members, texts, seen):
                text = texts[same[0]]
                if text == texts[same[-1]]:  # all are, since they are sorted
                    end = self._add(text[done:], last) if text[done:] else last
                    self.ends.update(dict.fromkeys(same, end))
                    continue
                common = _common_length(text, texts[same[-1]], seen)
                if (len(same) - 1) * (common - done) >= MIN_SAVED_TOKENS:
                    todo.append((same, common, common, self._add(text[done:common], last)))
                else:
                    todo.append((same, done, common, last))

    def _add(self, ids: TokenIds, parent: Run | None) -> Run:
        position = self.num_cached if parent is None else parent.position + len(parent.ids)
        run = Run(ids, self.num_tokens, parent, position)
        self.runs.append(run)
        self.num_tokens += len(ids)
        return run

    def places(self, row: int) -> Tensor:
        """Places of the row's tokens, from the first that is not cached."""
        return torch.cat([torch.arange(r.start, r.stop) for r in _lineage(self.ends[row])])

    def completion_places(self, row: int) -> Tensor:
        """Places of the completion's tokens."""
        return self.places(row)[len(self.rows[row][0]) - self.num_cached :]

    def inputs(self, device: torch.device) -> dict[str, Tensor]:
        """``input_ids`` and ``position_ids``, both (1, tokens)."""
        ids = [token for run in self.runs for token in run.ids]
        positions = torch.cat([torch.arange(len(r.ids)) + r.position for r in self.runs])
        return {
            "input_ids": torch.tensor([ids], device=device),
            "position_ids": positions[None].to(device),
        }

    def before(self) -> Tensor:
        """(tokens,) place of the token that each one follows; -1 where there is none."""
        before = torch.arange(-1, self.num_tokens - 1)
        for run in self.runs:
            before[run.start] = -1 if run.parent is None else run.parent.stop - 1
        return before

    def blocks(self, device: torch.device) -> list[Block]:
        """The runs in blocks of about one length; each that continues nothing by itself."""
        blocks = []
        members: list[Run] = []
        width = 0
        # The run at hand is the longest so far.
        for run in sorted(self.runs, key=lambda r: (r.position > 0, len(r.ids))):
            width = max(width, run.position + len(run.ids))
            num_keys = (len(members) + 1) * width
            if members and (
                members[0].position == 0
                or len(run.ids) > 16 + len(members[0].ids) * 5 // 4
                or num_keys > MAX_BLOCK_KEYS
                or num_keys * len(run.ids) > MAX_BLOCK_MASK
            ):
                blocks.append(self._block(members, device))
                members, width = [], run.position + len(run.ids)
            members.append(run)
        return [*blocks, self._block(members, device)]

    def _block(self, runs: Sequence[Run], device: torch.device) -> Block:
        cached = torch.arange(self.num_cached)
        keys = [
            torch.cat(
                [cached, *(torch.arange(r.start, r.stop) + len(cached) for r in _lineage(run))]
            )
            for run in runs
        ]
        queries = [torch.arange(run.start, run.stop) for run in runs]
        pad = nn.utils.rnn.pad_sequence
        real = pad([torch.ones(len(q), dtype=torch.bool) for q in queries], batch_first=True)
        return Block(
            queries=pad(queries, batch_first=True).to(device),
            keys=pad(keys, batch_first=True).to(device),
            real=real.to(device),
            before=torch.tensor([run.position for run in runs], device=device),
            alone=slice(runs[0].start, runs[0].stop) if runs[0].position == 0 else None,
        )


def _lineage(run: Run | None) -> list[Run]:
    """The runs of a text that ends with this one, in its order."""
    runs: list[Run] = []
    while run is not None:
        runs.append(run)
        run = run.parent
    return runs[::-1]


def _by_token(rows: Sequence[int], texts: Sequence[TokenIds], place: int) -> Iterator[list[int]]:
    """Rows with the same token at a place, or with none; they stand side by side."""
    for _, group in groupby(rows, lambda row: texts[row][place : place + 1]):
        yield list(group)


def _common_length(one: TokenIds, other: TokenIds, known: int) -> int:
    pairs = zip(one[known:], other[known:], strict=False)
    return known + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


_blocks: ContextVar[Sequence[Block]] = ContextVar("blocks")


def tree_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Attention along a tree, as transformers calls it: (1, heads, tokens, size) to (1, tokens, …).

    `attention_mask` is None: the tree tells what each token sees.
    """
    window = options.pop("sliding_window", None)
    query, key, value = query[0], key[0], value[0]
    # Under autocast rotated queries stay in float32, and what is found is of the values' type.
    output = value.new_empty(query.shape[1], query.shape[0], value.shape[2])
    for block in _blocks.get():
        mask = None
        if block.alone is not None:
            parts = [states[None, :, block.alone] for states in (query, key, value)]
            if window is not None:
                mask = block.mask(window, query.dtype)
        else:
            parts = [
                _gathered(query, block.queries),
                _gathered(key, block.keys),
                _gathered(value, block.keys),
            ]
            mask = block.mask(window, query.dtype)
        found, _ = sdpa_attention_forward(module, *parts, mask, **options)
        output[block.queries[block.real]] = found[block.real]
    return output[None], None


def _gathered(states: Tensor, places: Tensor) -> Tensor:
    """(heads, tokens, size) to (runs, heads, S, size)."""
    rows = states.index_select(1, places.flatten())
    return rows.view(states.shape[0], *places.shape, states.shape[2]).transpose(0, 1)


ALL_ATTENTION_FUNCTIONS.register("reranker_tree", tree_attention)


@contextmanager
def along(tree: Tree, backbone: PreTrainedModel) -> Iterator[None]:
    """Have a model's attention follow a tree meanwhile."""
    config = backbone.config
    usual = config._attn_implementation
    token = _blocks.set(tree.blocks(backbone.device))
    # An implementation without a mask of its own gets none.
    config._attn_implementation = "reranker_tree"
    try:
        yield
    finally:
        config._attn_implementation = usual
        _blocks.reset(token)
