"""What an evaluation leaves in its folder, read again; and figures as words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from multipl_e.errors import UserError
from multipl_e.files import iter_rows

_ROW_FIELDS = ("name", "language", "index", "status")


def read_results(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of an evaluation's ``results.jsonl``, in constant memory.

    Raises:
        UserError: a row lacks a field (named, with its line).
    """
    for place, row in iter_rows(folder / "results.jsonl"):
        for field in _ROW_FIELDS:
            if field not in row:
                raise UserError(f"{place}: the field '{field}' is missing")
        yield row


def settings_of(folder: Path) -> Mapping[str, Any]:
    """What an evaluation was made with (fingerprints of its inputs, limits); empty if unknown."""
    try:
        settings = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def percent(share: float | None) -> str:
    """A share in words."""
    return "–" if share is None else f"{100 * share:.1f} %"


def percent_bounds(low: float | None, high: float | None) -> str:
    """The ends of a share's interval in words."""
    return "" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"


def written_p_value(value: float) -> str:
    """A p-value with as many digits as it deserves."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
