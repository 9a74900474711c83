"""MultiPL-E's own result files: ``NAME.results.json.gz`` per problem."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from multipl_e.files import write_json
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task, TaskKey


def write_results(
    folder: Path, rows: Iterable[tuple[Task, Candidate, dict[str, Any] | None]]
) -> int:
    """Write one file per problem (in a folder per language if there are several).

    Returns:
        The number of files.
    """
    problems: dict[TaskKey, tuple[Task, list[dict[str, Any]]]] = {}
    now = int(time.time())
    for task, candidate, row in rows:
        _, results = problems.setdefault(task.key, (task, []))
        if row is None or row.get("status") is None:
            continue
        program = get_language(task.language).assemble(task, candidate).text
        results.append(
            {
                "program": program,
                "stdout": row["stdout"],
                "stderr": row["stderr"],
                "exit_code": row["exit_code"],
                "status": row["status"],
                "timestamp": now,
            }
        )
    several = len({language for _, language in problems}) > 1
    for (name, language), (task, results) in problems.items():
        place = folder / language if several else folder
        fields = {k: v for k, v in task.extra.items() if k != "completions"}
        head = {"name": name, "language": language, **fields}
        body = {
            "prompt": task.prompt,
            "tests": task.tests,
            "stop_tokens": list(task.stop_tokens),
            "results": results,
        }
        write_json(place / f"{name.replace('/', '_')}.results.json.gz", head | body)
    return len(problems)
