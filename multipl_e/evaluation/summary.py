"""What an evaluation comes to: per language, counts per status and pass@k with intervals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from multipl_e.metrics import bootstrap_interval, pass_at_k
from multipl_e.records import Difficulty, Status, TaskKey

DEFAULT_KS = (1, 10, 100)


class Tally:
    """Counts verdicts as they pass by.

    Args:
        difficulties: Of the tasks that have one; figures are then given for each difficulty too.
    """

    def __init__(self, difficulties: Mapping[TaskKey, str] | None = None) -> None:
        self._difficulties = difficulties or {}
        self._judged: Counter[TaskKey] = Counter()
        self._passed: Counter[TaskKey] = Counter()
        self._statuses: dict[str, Counter[str]] = defaultdict(Counter)
        self._unjudged: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()

    def add(self, key: TaskKey, status: str | None, seconds: float = 0.0) -> None:
        """Count one candidate; a status of None was a failure of ours and is left out."""
        language = key[1]
        if status is None:
            self._unjudged[language] += 1
            return
        self._judged[key] += 1
        self._passed[key] += status == "OK"
        self._statuses[language][status] += 1
        self._seconds[language] += seconds  # type: ignore[assignment]

    def summary(self, ks: Sequence[int] = DEFAULT_KS, *, seed: int = 0) -> dict[str, Any]:
        """``{"languages": {LANG: {...}}, "overall": {...}}``, and "per_difficulty" where known."""
        languages = sorted({key[1] for key in self._judged} | set(self._unjudged))
        summary = {
            "languages": {name: self._of([name], ks, seed) for name in languages},
            "overall": self._of(languages, ks, seed),
        }
        if levels := self._per_difficulty(ks, seed):
            summary["per_difficulty"] = levels
        return summary

    def _per_difficulty(self, ks: Sequence[int], seed: int) -> dict[str, Any]:
        found: dict[str, list[TaskKey]] = defaultdict(list)
        for key in sorted(self._judged):
            if level := self._difficulties.get(key):
                found[level].append(key)
        return {
            level: {"tasks": len(found[level]), **self._rates(found[level], ks, seed)}
            for level in get_args(Difficulty)
            if level in found
        }

    def _rates(self, keys: Sequence[TaskKey], ks: Sequence[int], seed: int) -> dict[str, Any]:
        """Candidates and pass@k of some tasks."""
        judged = [self._judged[key] for key in keys]
        passed = [self._passed[key] for key in keys]
        fewest = min(judged, default=0)
        return {
            "candidates": sum(judged),
            "candidates_per_task": {"min": fewest, "max": max(judged, default=0)},
            "pass_at_k": {
                str(k): bootstrap_interval(pass_at_k(judged, passed, k), seed=seed).to_dict()
                for k in sorted(set(ks))
                if k <= fewest
            },
        }

    def _of(self, languages: Sequence[str], ks: Sequence[int], seed: int) -> dict[str, Any]:
        keys = sorted(key for key in self._judged if key[1] in languages)
        statuses: Counter[str] = sum((self._statuses[name] for name in languages), Counter())
        return {
            "tasks": len(keys),
            "unjudged": sum(self._unjudged[name] for name in languages),
            "statuses": {status: statuses[status] for status in get_args(Status)},
            "seconds": round(sum(self._seconds[name] for name in languages), 3),
            **self._rates(keys, ks, seed),
        }
