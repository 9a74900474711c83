"""From text to tokens, exactly as the generator sampled them.

Prompt and completion are tokenized separately and concatenated: tokenizing the joined text could
merge tokens across the seam, and then the completion's likelihood would be that of a text nobody
sampled. Every completion ends with the end-of-text token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from transformers import PreTrainedTokenizerBase

from multipl_e.errors import UserError

Truncation = Literal["error", "left", "right", "middle"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """One prompt and completion as tokens.

    Attributes:
        prompt_ids: The prompt's tokens, at least one.
        completion_ids: The completion's tokens, end-of-text included, at least one.
        truncated: Whether tokens were cut to fit the model.
    """

    prompt_ids: tuple[int, ...]
    completion_ids: tuple[int, ...]
    truncated: bool = False


def encode(
    tokenizer: PreTrainedTokenizerBase,
    prompt: str,
    completions: Sequence[str],
    *,
    max_length: int | None = None,
    truncation: Truncation = "left",
) -> list[Encoded]:
    """Tokenize a prompt once and each of its completions.

    Args:
        tokenizer: The reranker's tokenizer; must have an end-of-text token.
        prompt: The task's prompt.
        completions: Texts that continue it.
        max_length: Most tokens that prompt and completion may have together.
        truncation: What to do with a longer one, see `fit`.

    Raises:
        UserError: too long and `truncation` is ``error``.
    """
    prompt_ids = encode_prompt(tokenizer, prompt)
    return [
        fit(prompt_ids, completion_ids, max_length, truncation)
        for completion_ids in encode_completions(tokenizer, completions)
    ]


def encode_prompt(tokenizer: PreTrainedTokenizerBase, prompt: str) -> tuple[int, ...]:
    """The prompt's tokens with the tokenizer's own start token, without an end-of-text token."""
    ids: list[int] = tokenizer(encodable(prompt))["input_ids"]
    while ids and ids[-1] == tokenizer.eos_token_id:
        ids.pop()
    if not ids:
        # The first token of a completion needs something to be predicted from.
        start = tokenizer.bos_token_id
        ids = [tokenizer.eos_token_id if start is None else start]
    return tuple(ids)


def encode_completions(
    tokenizer: PreTrainedTokenizerBase, completions: Sequence[str]
) -> list[tuple[int, ...]]:
    """Each completion's tokens, followed by the end-of-text token."""
    if not completions:
        return []
    texts = [encodable(text) for text in completions]
    rows = tokenizer(texts, add_special_tokens=False)["input_ids"]
    return [(*row, tokenizer.eos_token_id) for row in rows]


def encodable(text: str) -> str:
    """The text with lone surrogates, which no tokenizer takes, replaced by question marks."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def fit(
    prompt_ids: tuple[int, ...],
    completion_ids: tuple[int, ...],
    max_length: int | None,
    truncation: Truncation,
) -> Encoded:
    """Cut prompt and completion together to `max_length` tokens.

    ``left`` drops from the beginning (the completion suffers last), ``right`` from the end,
    ``middle`` keeps the first and the last half, ``error`` refuses.
    """
    length = len(prompt_ids) + len(completion_ids)
    if max_length is None or length <= max_length:
        return Encoded(prompt_ids, completion_ids)
    if max_length < 2:
        raise ValueError("max_length must be at least 2: one token of prompt, one of completion")
    if truncation == "error":
        raise UserError(
            f"prompt and candidate have {length} tokens and the reranker takes {max_length}; "
            "shorten them or choose a truncation (left, right, middle)"
        )
    head = {"left": 0, "right": max_length, "middle": max_length // 2}[truncation]
    tail = max_length - head
    tokens = prompt_ids + completion_ids
    kept = tokens[:head] + tokens[length - tail :]
    prompt_kept = min(head, len(prompt_ids)) + max(0, len(prompt_ids) - (length - tail))
    boundary = min(max(prompt_kept, 1), max_length - 1)
    return Encoded(kept[:boundary], kept[boundary:], truncated=True)
