"""Batched sampling from any causal language model, many samples to a prompt.

A prompt is computed once, whatever the number of its samples: unique prompts go through the
model together (padded on the left), then their key-value cache is repeated for the samples.
Finished rows leave the batch, so that a long straggler does not cost a full batch a step.

Each sample has its own stream of uniform numbers, from which a token is drawn by inverting the
cumulative distribution. What is drawn for a sample thus depends on its prompt's seed and its
number only, not on what shares the batch (up to floating-point rounding of the logits).
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer

from generator.cache import select_rows
from generator.model import end_token_ids, max_positions
from multipl_e.errors import UserError

# Rows leave the batch when this share of it is finished: each departure copies the cache.
COMPACT_SHARE = 0.15


class Sample(NamedTuple):
    """One sampled completion.

    Attributes:
        token_ids: Its tokens; the last is an end-of-text token if the model ended the text. With
            stop texts, the tokens up to the one in which the stop text begins.
        logprobs: The log-probability of each token under the model at temperature 1, in nats.
    """

    token_ids: list[int]
    logprobs: list[float]


def stream_seed(*parts: object) -> int:
    """A seed of 63 bits that depends on every part, the same on every machine and run."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


@torch.inference_mode()
def generate(
    model: PreTrainedModel,
    tokenizer: Tokenizer,
    prompt_ids: Sequence[Sequence[int]],
    num_return: int,
    *,
    temperature: float = 1.0,
    top_p: float = 1.0,
    max_new_tokens: int = 256,
    generator_seed: int | Sequence[int] = 0,
    stop: Sequence[Sequence[str]] | None = None,
    batch_size: int = 256,
    on_done: Callable[[int], None] | None = None,
) -> list[list[Sample]]:
    """Sample `num_return` completions of each prompt.

    Sample i of a prompt is the same for every `num_return` above i and whatever the other prompts
    are (up to floating-point rounding), as long as its seed and `max_new_tokens` stay.

    Args:
        model: Any causal language model of transformers.
        tokenizer: Its tokenizer.
        prompt_ids: The prompts' tokens; none may be empty.
        num_return: Samples per prompt.
        temperature: Divides the logits; 0 takes the most likely token.
        top_p: Draw from the smallest set of tokens with this probability in total.
        max_new_tokens: Longest completion; less where the model's positions run out.
        generator_seed: One seed for each prompt, or a single one from which they are derived.
        stop: For each prompt the texts at which its completions are cut.
        batch_size: Most rows in a decoding step.
        on_done: Called with the number of samples finished since the last call.

    Returns:
        A list of samples for each prompt, in the order of `prompt_ids`.

    Raises:
        UserError: for a prompt that fills the model's positions.
        ValueError: for settings out of range or lists whose lengths differ.
    """
    _check(prompt_ids, num_return, temperature, top_p, max_new_tokens, generator_seed, stop)
    if num_return == 0 or not prompt_ids:
        return [[] for _ in prompt_ids]
    limit = max_positions(model)
    for number, prompt in enumerate(prompt_ids):
        if limit is not None and len(prompt) >= limit:
            raise UserError(
                f"prompt {number} has {len(prompt)} tokens and the model holds {limit}; "
                "shorten the prompt or take a model with a longer context"
            )
    if isinstance(generator_seed, int):
        seeds = [stream_seed(generator_seed, number) for number in range(len(prompt_ids))]
    else:
        seeds = list(generator_seed)

    decoder = _Decoder(model, tokenizer, temperature, top_p, max_new_tokens, on_done)
    results: list[list[Sample]] = [[] for _ in prompt_ids]
    # Prompts of similar length together: less padding. The order does not change the results.
    order = sorted(range(len(prompt_ids)), key=lambda number: (len(prompt_ids[number]), number))
    num_prompts = max(1, batch_size // num_return)
    was_training = model.training
    model.eval()
    try:
        for begin in range(0, len(order), num_prompts):
            group = order[begin : begin + num_prompts]
            samples = decoder.run(
                [list(prompt_ids[number]) for number in group],
                [seeds[number] for number in group],
                [tuple(stop[number]) if stop else () for number in group],
                num_return,
                batch_size,
            )
            for number, drawn in zip(group, samples, strict=True):
                results[number] = drawn
    finally:
        model.train(was_training)
    return results


def cut_at_stop(text: str, stop: Sequence[str]) -> str:
    """`text` up to the first of the stop texts."""
    ends = [position for token in stop if token and (position := text.find(token)) >= 0]
    return text[: min(ends)] if ends else text


def completion_text(tokenizer: Tokenizer, prompt: Sequence[int], completion: Sequence[int]) -> str:
    """The text that `completion` adds to `prompt`, without special tokens.

    Both are decoded together: some tokenizers drop the space at the beginning of a text.
    """
    context = list(prompt[-8:])
    before = _decode(tokenizer, context)
    return _decode(tokenizer, context + list(completion))[len(before) :]


class _Row:
    """A completion under way."""

    __slots__ = ("limit", "logprobs", "prompt", "sample", "stop", "stop_window", "token_ids")

    def __init__(self, prompt: int, sample: int, limit: int, stop: tuple[str, ...]) -> None:
        self.prompt, self.sample, self.limit = prompt, sample, limit
        self.stop = stop
        # A token is at least one byte, so a stop text lies within this many tokens; two more for
        # a character whose bytes are split at the window's edge.
        self.stop_window = 2 + max((len(text.encode()) for text in stop), default=0)
        self.token_ids: list[int] = []
        self.logprobs: list[float] = []


class _Decoder:
    """What the batches of one call of `generate` share."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: Tokenizer,
        temperature: float,
        top_p: float,
        max_new_tokens: int,
        on_done: Callable[[int], None] | None,
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.temperature, self.top_p, self.max_new_tokens = temperature, top_p, max_new_tokens
        self.on_done = on_done
        # transformers' own decode takes five times as long, and this is asked at every token.
        backend = getattr(tokenizer, "backend_tokenizer", None)
        self._plain_text = backend.decode if backend else partial(_decode, tokenizer)
        self.ends = end_token_ids(model, tokenizer)
        self.limit = max_positions(model)
        self.device = model.get_input_embeddings().weight.device
        known = inspect.signature(model.forward).parameters
        self.takes_positions = "position_ids" in known
        self.keeps_last_logits = "logits_to_keep" in known

    def run(
        self,
        prompts: list[list[int]],
        seeds: list[int],
        stops: list[tuple[str, ...]],
        num_return: int,
        batch_size: int,
    ) -> list[list[Sample]]:
        """Sample for one group of prompts, whose prefixes are computed together."""
        longest = max(map(len, prompts))
        pad = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([[pad] * (longest - len(p)) + p for p in prompts], device=self.device)
        mask = torch.tensor(
            [[0] * (longest - len(p)) + [1] * len(p) for p in prompts], device=self.device
        )
        logits, cache = self._forward(ids, mask, (mask.cumsum(1) - 1).clamp(min=0), None)
        uniforms = torch.stack([self._uniforms(seed, num_return) for seed in seeds])
        rows = [
            _Row(number, sample, self._room(len(prompt)), stops[number])
            for number, prompt in enumerate(prompts)
            for sample in range(num_return)
        ]
        for begin in range(0, len(rows), batch_size):
            chunk = rows[begin : begin + batch_size]
            last = begin + batch_size >= len(rows)
            of_prompt = torch.tensor([row.prompt for row in chunk], device=self.device)
            own = select_rows(cache, of_prompt, copy=not last)
            draws = uniforms[of_prompt.cpu(), [row.sample for row in chunk]]
            self._decode_rows(chunk, prompts, own, logits[of_prompt], mask[of_prompt], draws)
        results: list[list[Sample]] = [[] for _ in prompts]
        for row in rows:
            results[row.prompt].append(Sample(row.token_ids, row.logprobs))
        return results

    def _decode_rows(
        self,
        rows: list[_Row],
        prompts: list[list[int]],
        cache: Any,
        logits_bv: Tensor,
        mask_bt: Tensor,
        uniforms_bn: Tensor,
    ) -> None:
        """Decode until every row is finished; rows hold the results."""
        positions = torch.tensor([len(prompts[row.prompt]) for row in rows], device=self.device)
        uniforms_bn = uniforms_bn.to(self.device)
        done = [False] * len(rows)
        for step in range(self.max_new_tokens):
            tokens, logprobs = self._draw(logits_bv, uniforms_bn[:, step])
            num_finished = 0
            for i, (token, logprob) in enumerate(
                zip(tokens.tolist(), logprobs.tolist(), strict=True)
            ):
                if not done[i] and self._append(rows[i], token, logprob, prompts):
                    done[i] = True
                    num_finished += 1
            if num_finished and self.on_done is not None:
                self.on_done(num_finished)
            num_done = sum(done)
            if num_done == len(rows):
                return
            if num_done > COMPACT_SHARE * len(rows):
                kept = [i for i, finished in enumerate(done) if not finished]
                index = torch.tensor(kept, device=self.device)
                rows, done = [rows[i] for i in kept], [False] * len(kept)
                tokens, positions = tokens[index], positions[index]
                mask_bt, uniforms_bn = mask_bt[index], uniforms_bn[index]
                cache = select_rows(cache, index, copy=False)
            mask_bt = torch.cat([mask_bt, mask_bt.new_ones(len(rows), 1)], dim=1)
            logits_bv, cache = self._forward(tokens[:, None], mask_bt, positions[:, None], cache)
            # A finished row that waits to leave must not run past the last position.
            positions = (positions + 1).clamp(max=(self.limit or 2**31) - 1)

    def _forward(
        self, ids_bt: Tensor, mask_bt: Tensor, positions_bt: Tensor, cache: Any
    ) -> tuple[Tensor, Any]:
        """Logits of the last position `(rows, vocabulary)` in float32, and the cache."""
        extra: dict[str, Any] = {}
        if self.takes_positions:
            extra["position_ids"] = positions_bt
        if self.keeps_last_logits:
            extra["logits_to_keep"] = 1
        if cache is not None:
            extra["past_key_values"] = cache
        output = self.model(input_ids=ids_bt, attention_mask=mask_bt, use_cache=True, **extra)
        return output.logits[:, -1].float(), output.past_key_values

    def _draw(self, logits_bv: Tensor, uniforms_b: Tensor) -> tuple[Tensor, Tensor]:
        """One token per row, and its log-probability at temperature 1."""
        logprobs = torch.log_softmax(logits_bv, dim=-1)
        if self.temperature == 0:
            tokens = logits_bv.argmax(dim=-1)
        else:
            probs = torch.softmax(logits_bv / self.temperature, dim=-1)
            tokens = _invert(probs, uniforms_b, self.top_p)
        return tokens, logprobs.gather(1, tokens[:, None])[:, 0]

    def _append(self, row: _Row, token: int, logprob: float, prompts: list[list[int]]) -> bool:
        """Add a token to a row; True if the row is finished by it."""
        row.token_ids.append(token)
        row.logprobs.append(logprob)
        if token in self.ends:
            return True
        if row.stop:
            tail = self._plain_text(row.token_ids[-row.stop_window :])
            if any(text in tail for text in row.stop):
                self._cut(row, prompts[row.prompt])
                return True
        return len(row.token_ids) >= row.limit

    def _cut(self, row: _Row, prompt: list[int]) -> None:
        """Keep the tokens whose text begins before the stop text does."""
        text = completion_text(self.tokenizer, prompt, row.token_ids)
        num_chars = len(cut_at_stop(text, row.stop))
        kept = len(row.token_ids)
        while kept and len(completion_text(self.tokenizer, prompt, row.token_ids[: kept - 1])) >= (
            num_chars
        ):
            kept -= 1
        del row.token_ids[kept:], row.logprobs[kept:]

    def _room(self, prompt_length: int) -> int:
        """The longest completion of a prompt of this length."""
        if self.limit is None:
            return self.max_new_tokens
        return min(self.max_new_tokens, self.limit - prompt_length)

    def _uniforms(self, seed: int, num_return: int) -> Tensor:
        """Uniform numbers in [0, 1): `(samples, steps)`; row i does not depend on the number."""
        source = torch.Generator().manual_seed(seed)
        return torch.rand(num_return, self.max_new_tokens, generator=source)


def _invert(probs_bv: Tensor, uniforms_b: Tensor, top_p: float) -> Tensor:
    """Draw a token per row by inverting the cumulative distribution at a uniform number."""
    order = None
    if top_p < 1:
        probs_bv, order = probs_bv.sort(dim=-1, descending=True, stable=True)
        before = probs_bv.cumsum(-1) - probs_bv
        probs_bv = probs_bv.masked_fill(before >= top_p, 0.0)
    total = probs_bv.cumsum(-1)
    # Below 1 by more than rounding, so that the last token with probability is never passed.
    target = uniforms_b.clamp(max=1 - 1e-6)[:, None] * total[:, -1:]
    tokens = torch.searchsorted(total, target, right=True).clamp(max=total.shape[1] - 1)
    return (tokens if order is None else order.gather(1, tokens))[:, 0]


def _decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    text = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert isinstance(text, str)
    return text


def _check(
    prompt_ids: Sequence[Sequence[int]],
    num_return: int,
    temperature: float,
    top_p: float,
    max_new_tokens: int,
    generator_seed: int | Sequence[int],
    stop: Sequence[Sequence[str]] | None,
) -> None:
    if num_return < 0 or max_new_tokens < 1:
        raise ValueError("num_return must not be negative and max_new_tokens must be positive")
    if temperature < 0 or not 0 < top_p <= 1:
        raise ValueError("temperature must not be negative and top_p must be in (0, 1]")
    if any(len(prompt) == 0 for prompt in prompt_ids):
        raise ValueError("a prompt needs at least one token")
    if not isinstance(generator_seed, int) and len(generator_seed) != len(prompt_ids):
        raise ValueError("generator_seed must be one number or one for each prompt")
    if stop is not None and len(stop) != len(prompt_ids):
        raise ValueError("stop must have one list of texts for each prompt")
