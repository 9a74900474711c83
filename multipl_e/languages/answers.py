"""Code out of chat answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

_FENCE = re.compile(
    r"^[ \t]*```[ \t]*([\w+#.-]*)[^\n]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.M | re.S
)


def extract(
    answer: str, *, prompt: str, fences: Sequence[str], entry_points: Sequence[str] = ()
) -> str:
    """The program text in `answer`.

    The fenced block that holds an entry point is taken, else the first of the right language,
    else the first, else the whole text. If what is found does not declare the function itself, it
    continues the prompt.
    """
    blocks = [(name.lower(), text) for name, text in _FENCE.findall(answer)]
    if not blocks:
        code = answer
    else:
        named = [text for name, text in blocks if name in fences]
        anything = [text for _, text in blocks]
        candidates = (named or anything) + (anything if named else [])
        code = next((t for t in candidates if _holds(t, entry_points)), candidates[0])
    if entry_points and not _holds(code, entry_points):
        return prompt + code
    return code


def _holds(code: str, entry_points: Sequence[str]) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", code) for name in entry_points)
