"""The failures that a report shows: a bounded number, spread evenly over languages and statuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, get_args

from multipl_e.languages import get_language
from multipl_e.pages.code import highlighted, shortened, tail, visible
from multipl_e.records import Candidate, Status, Task, TaskKey

MAX_FAILURES = 1000

Group = tuple[str, str]  # language, status


def quotas(counts: Mapping[Group, int], total: int) -> dict[Group, int]:
    """How many of each group to show: all of the small ones, equal numbers of the large ones.

    Args:
        counts: Number of failures per group.
        total: Number of failures to show at most.
    """
    shown: dict[Group, int] = {}
    left = total
    for position, group in enumerate(sorted(counts, key=lambda group: (counts[group], group))):
        shown[group] = min(counts[group], left // (len(counts) - position))
        left -= shown[group]
    return shown


class Failures:
    """Collects the failures to show as they pass by, each group's spread over the whole file.

    Args:
        counts: Number of failures per language and status, known from the summary.
        total: Number of failures to show at most.
    """

    def __init__(self, counts: Mapping[Group, int], total: int = MAX_FAILURES):
        self.num_failures = sum(counts.values())
        self._counts = counts
        self._quotas = quotas(counts, total)
        self._seen: Counter[Group] = Counter()
        self.rows: list[dict[str, Any]] = []
        self.tasks: dict[TaskKey, dict[str, str]] = {}

    @property
    def num_left_out(self) -> int:
        """How many failures are not shown."""
        return self.num_failures - len(self.rows)

    @property
    def languages(self) -> list[str]:
        """Languages with a failure that is shown, sorted."""
        return sorted({row["language"] for row in self.rows})

    @property
    def statuses(self) -> list[str]:
        """Statuses that are shown, in their usual order."""
        found = {row["status"] for row in self.rows}
        return [status for status in get_args(Status) if status in found]

    def add(self, task: Task, candidate: Candidate, row: Mapping[str, Any], sign: int = 0) -> None:
        """Look at one result; `sign` is that of its task's difference to another evaluation."""
        if row["status"] in (None, "OK"):
            return
        group = (task.language, row["status"])
        count, quota = self._counts.get(group, 0), self._quotas.get(group, 0)
        seen = self._seen[group]
        self._seen[group] += 1
        if not count or (seen + 1) * quota // count == seen * quota // count:
            return
        language = get_language(task.language)
        program = language.assemble(task, candidate)
        self.tasks.setdefault(
            task.key,
            {
                "prompt": highlighted(task.prompt.rstrip("\n"), language.name),
                "tests": shortened(visible(task.tests.strip("\n"))),
            },
        )
        self.rows.append(
            {
                "name": visible(task.name),
                "language": language.name,
                "index": row["index"],
                "status": row["status"],
                "exit": row.get("exit_code"),
                "seconds": row.get("seconds"),
                "task": task.key,
                "prompted": bool(program.prompt),
                "code": highlighted(
                    program.code.removeprefix(program.prompt).strip("\n"), language.name
                ),
                "stderr": tail(visible(row.get("stderr") or ""), 40),
                "stdout": tail(visible(row.get("stdout") or "")),
                "sign": sign,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """For the page: rows refer to their task by its position."""
        positions = {key: number for number, key in enumerate(self.tasks)}
        rows = [row | {"task": positions[row["task"]]} for row in self.rows]
        return {"tasks": list(self.tasks.values()), "rows": rows}


def failure_counts(summary: Mapping[str, Any]) -> dict[Group, int]:
    """Failures per language and status, out of an evaluation's summary."""
    return {
        (language, status): number
        for language, found in summary["languages"].items()
        for status, number in found["statuses"].items()
        if number and status != "OK"
    }
