"""Known differences between the reference's verdicts and ours, each looked at by a person.

A difference that is not here is shown as ``unexplained``.
"""

from __future__ import annotations

from typing import Any

Explanation = tuple[str, str]

# By language, kind of row and the row's name: whose fault, and why.
_ROWS: dict[tuple[str, str, str], Explanation] = {}

_EARLY_EXIT = (
    "reference",
    "it leaves before the tests have run; the reference looks at the exit code (C#, Racket: at"
    " standard error) alone",
)


def explanation(language: str, kind: str, row: dict[str, Any]) -> Explanation:
    """Whose fault a difference is (``reference``, ``corpus``, ``ours``) and why."""
    if kind == "twins" and row.get("kind") == "early-exit" and row["status"] == "OK":
        return _EARLY_EXIT
    return _ROWS.get((language, kind, row["name"]), ("unexplained", ""))
