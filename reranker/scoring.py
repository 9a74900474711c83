"""Scoring candidates: what they share computed once, batches under a token budget.

A score does not depend on what shares its batch (within 1e-4 in float32, within its rounding in
bfloat16), and equal candidates of a task are computed once. How much a model can share is tried out
when it is loaded, by comparing with whole texts on a few tokens:

* ``beginnings``: prompts and whatever candidates begin with alike (`reranker.tree`), unpadded;
* ``prompts``: a prompt is computed once for its padded candidates (`reranker.batching`), for
  models that bring an attention of their own;
* ``nothing``: padded whole texts (encoders).
"""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from transformers import Cache
from transformers.utils import ModelOutput

from multipl_e.progress import say
from multipl_e.records import Candidate, Score, Task, TaskKey
from reranker.batching import SharedPromptBatch, collate, forward, prefill
from reranker.calibration import Calibration
from reranker.data import continuation
from reranker.encoding import Encoded, Truncation, encode
from reranker.model import Loaded, load_reranker, new_reranker, suited_dtype
from reranker.tree import Row
from reranker.tree_scoring import attends_as_usual, fill, last_real, score_tree

OnDone = Callable[[int], object]
Sharing = Literal["beginnings", "prompts", "nothing"]
Tokens = tuple[int, ...]

SHARING_TOLERANCE = 1e-3
# Of one number for each token of a batch: more no longer fits a core's cache.
BATCH_BYTES = 8192


class Scorer:
    """Scores candidate programs with a trained reranker.

    Attributes:
        spec: What kind of reranker it is.
        calibration: Map from score to P(correct), or None.
        sharing: What candidates share of each other's computation.
    """

    def __init__(
        self,
        model: str | Path | Loaded,
        *,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype = "auto",
        max_batch_tokens: int | None = None,
        max_length: int | None = None,
        truncation: Truncation = "left",
    ) -> None:
        """Load a reranker, or take one that is loaded.

        Args:
            model: A reranker's folder, or what `load_reranker` gave.
            device: By default the first GPU if there is one, else the CPU.
            dtype: Of the weights in memory; ``auto`` is `suited_dtype`.
            max_batch_tokens: Most tokens computed or kept at once; by default 2048, in half
                precision 4096. Each prompt counts once, beside its candidates; padding counts where
                prompts or nothing are shared.
            max_length: Most tokens of prompt and candidate; by default the model's own limit.
            truncation: What happens to longer ones: error, or tokens cut left, right, middle.

        Raises:
            UserError: there is no such reranker.
        """
        if isinstance(model, tuple):
            loaded, self.calibration = model, None
        else:
            dtype = suited_dtype(model, device) if dtype == "auto" else dtype
            loaded = load_reranker(model, device=device, dtype=dtype)
            self.calibration = Calibration.load(model)
        self.model, self.tokenizer, self.spec = loaded
        self.max_batch_tokens = max_batch_tokens or BATCH_BYTES // self.model.dtype.itemsize
        self.max_length = max_length or self.spec.max_length
        self.truncation: Truncation = truncation
        self.sharing: Sharing = self._try_sharing()

    @property
    def shares_prompts(self) -> bool:
        """Whether a prompt is computed once for all its candidates."""
        return self.sharing != "nothing"

    def score(self, prompt: str, candidates: Sequence[str]) -> list[Score]:
        """Score the candidates of one prompt, in their order."""
        return next(self.stream([(prompt, candidates)]))

    def score_groups(
        self, groups: Iterable[tuple[str, Sequence[str]]], on_done: OnDone | None = None
    ) -> list[list[Score]]:
        """Score the candidates of many prompts.

        Args:
            groups: Prompts, each with its candidates.
            on_done: Told the number of candidates of each group that is finished.
        """
        return list(self.stream(groups, on_done))

    def stream(
        self, groups: Iterable[tuple[str, Sequence[str]]], on_done: OnDone | None = None
    ) -> Iterator[list[Score]]:
        """`score_groups` for any number of groups: reads a batch ahead, holds nothing else."""
        for window in self._windows(groups):
            values = self._score_window([encoded for encoded in window if encoded])
            for encoded in window:
                scores = self._scores(encoded, [values[row] for row in encoded])
                if on_done is not None:
                    on_done(len(scores))
                yield scores

    def score_candidates(
        self, tasks: Sequence[Task], candidates: Sequence[Candidate]
    ) -> list[float]:
        """Raw scores of candidates of any tasks, each beside its task, in their order."""
        if len(tasks) != len(candidates):
            raise ValueError(f"{len(tasks)} tasks for {len(candidates)} candidates")
        places: dict[TaskKey, list[int]] = defaultdict(list)
        for place, task in enumerate(tasks):
            places[task.key].append(place)
        groups = [
            (tasks[rows[0]].prompt, [continuation(tasks[i], candidates[i]) for i in rows])
            for rows in places.values()
        ]
        values = [0.0] * len(tasks)
        for rows, scores in zip(places.values(), self.stream(groups), strict=True):
            for place, score in zip(rows, scores, strict=True):
                values[place] = score.value
        return values

    def encode(self, prompt: str, candidates: Sequence[str]) -> list[Encoded]:
        """The tokens that are scored; `Encoded.truncated` tells what was cut.

        Raises:
            UserError: a text is too long and the truncation is ``error``.
        """
        return encode(
            self.tokenizer,
            prompt,
            candidates,
            max_length=self.max_length,
            truncation=self.truncation,
        )

    def _windows(
        self, groups: Iterable[tuple[str, Sequence[str]]]
    ) -> Iterator[list[list[Encoded]]]:
        """Consecutive groups that fill about one batch."""
        window: list[list[Encoded]] = []
        for prompt, candidates in groups:
            encoded = self.encode(prompt, candidates)
            if window and not self._fits([*window, encoded]):
                yield window
                window = []
            window.append(encoded)
        if window:
            yield window

    def _fits(self, groups: Sequence[Sequence[Encoded]]) -> bool:
        """Whether groups are one batch within the budget, by what is sure to be shared."""
        rows = [row for encoded in groups for row in encoded]
        if self.sharing == "beginnings":
            size = sum(map(len, {row.prompt_ids for row in rows}))
            size += sum(len(row.completion_ids) for row in rows)
        else:
            widths = [len(row.prompt_ids) + len(row.completion_ids) for row in rows]
            size = len(rows) * max(widths, default=0)
        return size <= self.max_batch_tokens

    @torch.inference_mode()
    def _score_window(self, groups: Sequence[Sequence[Encoded]]) -> dict[Encoded, float]:
        by_prompt: dict[Tokens, dict[Encoded, None]] = defaultdict(dict)
        for encoded in groups:
            for row in encoded:
                by_prompt[row.prompt_ids][row] = None
        rows = [row for members in by_prompt.values() for row in members]
        if not rows:
            return {}
        if self.sharing == "beginnings" and self._fits([rows]):
            values = self._along([(row.prompt_ids, row.completion_ids) for row in rows])
        else:
            plan = [(p, [row.completion_ids for row in rows]) for p, rows in by_prompt.items()]
            if self.sharing == "beginnings":
                values = [value for group in plan for value in self._along_prompt(*group)]
            elif len(plan) > 1 and self._fits([rows]):
                values = self._padded(plan)
            else:
                values = [value for group in plan for value in self._beside_prompt(*group)]
        return dict(zip(rows, values, strict=True))

    def _along(self, rows: Sequence[Row], cache: Cache | None = None) -> list[float]:
        values: list[float] = score_tree(self.model, rows, cache=cache).float().tolist()
        return values

    def _along_prompt(self, prompt: Tokens, completions: Sequence[Tokens]) -> list[float]:
        """Completions of one prompt that are too many for a batch: the prompt once, then parts."""
        cache, num_cached = None, last_real(prompt, self.tokenizer.pad_token_id)
        if num_cached and len(completions) > 1:
            cache = fill(self.model, prompt[:num_cached])
        # Neighbours in this order begin alike.
        order = sorted(range(len(completions)), key=completions.__getitem__)
        values = [0.0] * len(completions)
        while order:
            lengths = list(accumulate(len(completions[i]) for i in order))
            size = max(1, bisect_right(lengths, self.max_batch_tokens - len(prompt)))
            part, order = order[:size], order[size:]
            found = self._along([(prompt, completions[i]) for i in part], cache)
            for i, value in zip(part, found, strict=True):
                values[i] = value
            if cache is not None:
                cache.crop(num_cached - cache.get_seq_length())
        return values

    def _padded(self, groups: Sequence[tuple[Tokens, Sequence[Tokens]]]) -> list[float]:
        output = forward(self.model, self._collate(groups), share=self._pays(groups))
        return self._to_list(output)

    def _beside_prompt(self, prompt: Tokens, completions: Sequence[Tokens]) -> list[float]:
        """Completions of one prompt: the prompt once, the completions in batches by length."""
        order = sorted(range(len(completions)), key=lambda i: len(completions[i]))
        values = [0.0] * len(completions)
        cache = None
        share = self._pays([(prompt, completions)])
        if share:
            cache = prefill(self.model, self._collate([(prompt, [completions[0]])]))
        while order:
            # From the longest down, so that the width of the batch is known at its first row.
            width = len(prompt) + len(completions[order[-1]])
            size = max(1, self.max_batch_tokens // width)
            rows, order = order[-size:], order[:-size]
            batch = self._collate([(prompt, [completions[i] for i in rows])])
            mine = copy.deepcopy(cache) if order else cache
            output = forward(self.model, batch, share=share, cache=mine)
            for row, value in zip(rows, self._to_list(output), strict=True):
                values[row] = value
        return values

    def _pays(self, groups: Sequence[tuple[Tokens, Sequence[Tokens]]]) -> bool:
        """Whether some prompt has several candidates: a pass of its own wins nothing for one."""
        return self.shares_prompts and any(len(completions) > 1 for _, completions in groups)

    def _collate(self, groups: Sequence[tuple[Tokens, Sequence[Tokens]]]) -> SharedPromptBatch:
        return collate(groups, self.tokenizer.pad_token_id).to(self.model.device)

    @staticmethod
    def _to_list(output: ModelOutput) -> list[float]:
        values: list[float] = output.logits[:, 0].float().tolist()
        return values

    def _scores(self, encoded: Sequence[Encoded], values: list[float]) -> list[Score]:
        chances: list[float | None] = [None] * len(values)
        if self.calibration is not None:
            chances = self.calibration(values).tolist()
        return [
            Score(value, chance, row.truncated)
            for row, value, chance in zip(encoded, values, chances, strict=True)
        ]

    @torch.inference_mode()
    def _try_sharing(self) -> Sharing:
        ids = tuple(i for i in range(8) if i != self.tokenizer.pad_token_id)
        completions = [(*ids, *ids, token) for token in ids[:3]]
        rows = [(ids, completion) for completion in completions]
        batch = self._collate([(ids, completions)])
        whole = forward(self.model, batch, share=False).logits[:, 0].float()

        def agrees(act: Callable[[], Tensor]) -> bool:
            try:
                difference = float((whole - act().float()).abs().max())
            except (AttributeError, IndexError, TypeError, ValueError, RuntimeError):
                return False
            # Half precision rounds each way differently; a wrong position is off by far more.
            exact = self.model.dtype == torch.float32
            allowed = (SHARING_TOLERANCE if exact else 0.05) * (float(whole.abs().max()) + 1)
            return difference <= allowed

        if (
            attends_as_usual(self.model)
            and agrees(lambda: score_tree(self.model, rows))
            and agrees(lambda: score_tree(self.model, rows, cache=fill(self.model, ids[:4])))
        ):
            return "beginnings"
        if agrees(lambda: forward(self.model, batch).logits[:, 0]):
            return "prompts"
        say(
            f"{self.spec.source}: this kind of model cannot share a prompt between candidates, "
            "so each is scored with its whole prompt (slower, same result)"
        )
        return "nothing"


class TrunkScorer(Scorer):
    """The baseline: a language model's own mean log-likelihood of each candidate, untrained.

    Values are `anchor_scale` times nats per token, the scale of an anchored reranker's.
    """

    def __init__(
        self,
        base: str | Path,
        *,
        anchor_scale: float = 10.0,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype = torch.float32,
        max_batch_tokens: int | None = None,
        max_length: int | None = None,
        truncation: Truncation = "left",
    ) -> None:
        """Load any causal language model, see `Scorer` for the rest."""
        super().__init__(
            new_reranker(base, anchor_scale=anchor_scale, device=device, dtype=dtype),
            max_batch_tokens=max_batch_tokens,
            max_length=max_length,
            truncation=truncation,
        )
