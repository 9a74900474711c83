"""What running a canonical solution says of its problem."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from multipl_e.records import Verdict

KEPT = "kept"
MISMATCH, NONDETERMINISTIC = "mismatch", "nondeterministic"
MISSING_DEPENDENCY, RUNTIME_ERROR = "missing dependency", "runtime error"

_OF_STATUS = {
    "SyntaxError": "syntax error",
    "Timeout": "timeout",
    "OutOfMemory": "out of memory",
    "OutputLimit": "too much output",
    "Incomplete": "early exit",
}
_MISMATCH = re.compile(r"AssertionError: \n(given: .*)", re.DOTALL)
_DEPENDENCY = re.compile(r"^(?:ModuleNotFoundError|ImportError): .*", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """Why a problem is kept or not, and what was seen."""

    reason: str
    detail: str = ""

    def row(self) -> dict[str, Any]:
        """As plain data."""
        return {"reason": self.reason, "detail": self.detail}


def outcome_of(verdict: Verdict) -> Outcome:
    """The outcome of one run of a canonical solution on all its problem's tests."""
    if verdict.passed:
        return Outcome(KEPT)
    if verdict.status in _OF_STATUS:
        return Outcome(_OF_STATUS[verdict.status], verdict.stderr.strip()[-400:])
    if found := _MISMATCH.search(verdict.stderr):
        return Outcome(MISMATCH, found[1].strip())
    if found := _DEPENDENCY.search(verdict.stderr):
        return Outcome(MISSING_DEPENDENCY, found[0])
    last = (verdict.stderr.strip().splitlines() or [f"exit code {verdict.exit_code}"])[-1]
    return Outcome(RUNTIME_ERROR, last[:400])


def combined(first: Outcome, second: Outcome) -> Outcome:
    """The outcome of two runs: a problem whose runs differ is not deterministic.

    Only outcomes that a clock or the machine's load can bring about may differ without blame.
    """
    if first == second:
        return first
    if KEPT in (first.reason, second.reason) or first.reason == second.reason == MISMATCH:
        worse = second if first.reason == KEPT else first
        if worse.reason == _OF_STATUS["Timeout"]:
            return worse
        return Outcome(NONDETERMINISTIC, f"{worse.reason}\n{worse.detail}")
    return first
