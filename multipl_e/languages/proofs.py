"""The secret of a run as a compiled program carries it: never as one string in its file."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence


def masked(text: str) -> tuple[list[int], list[int]]:
    """Two lists of numbers from 0 to 255 whose exclusive or is `text`."""
    data = text.encode()
    mask = list(secrets.token_bytes(len(data)))
    return mask, [a ^ b for a, b in zip(data, mask, strict=True)]


def numbers(values: Sequence[int], separator: str = ",") -> str:
    """A list as most languages write its elements."""
    return separator.join(map(str, values))


def fresh_name() -> str:
    """An identifier that no program can know."""
    return "judge_" + secrets.token_hex(8)


_LAST_BRACE = re.compile(r"(?:\breturn\s*(?:0|\(\))?\s*;\s*)?\}\s*\Z")


def before_last_brace(tests: str, statement: str) -> str | None:
    """`tests` with a statement at the end of its last block; None if it ends with no block."""
    end = _LAST_BRACE.search(tests)
    return end and f"{tests[: end.start()]}{statement}\n}}\n"
