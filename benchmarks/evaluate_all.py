"""All shared programs through the evaluator: with a cold cache, then three times with a warm one.

    python benchmarks/evaluate_all.py [--languages py,js] [--workers 2]

The rows are those of the verdicts (one per problem and language) and, for languages that have no
verdicts there, chat answers to MultiPL-E's problems.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from machine import provenance
from shared_rows import SHARED, Item, answer_rows, verdict_rows

from multipl_e.executors import available_languages
from multipl_e.files import write_json
from multipl_e.tables import write_candidates, write_tasks

RESULTS = Path(__file__).parent / "results"
WARM_RUNS = 3  # a few seconds each, of which a moment of a busy machine is much


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--languages", default="", help="comma-separated; by default all here")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rows", type=int, default=0, help="only so many of each language")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    languages = [n for n in options.languages.split(",") if n] or sorted(shared_languages())
    items = [item for name in languages for item in shared_items(name)[: options.rows or None]]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_tasks(folder / "tasks.jsonl", [task for task, _ in items])
        write_candidates(folder / "candidates.jsonl", [c for _, c in items])
        runs = [evaluation(folder, number, options.workers) for number in range(1 + WARM_RUNS)]
    cold, *again = (run["seconds"] for run in runs)
    warm = statistics.median(again)
    result = {
        **provenance(),
        "workers": options.workers,
        "languages": languages,
        "candidates": len(items),
        "cold_seconds": cold,
        "warm_seconds": warm,
        "warm_seconds_each": again,
        "ratio": round(cold / warm, 1),
        "statuses": runs[0]["statuses"],
        "same_statuses": all(run["rows"] == runs[0]["rows"] for run in runs),
    }
    options.output.mkdir(parents=True, exist_ok=True)
    write_json(options.output / "evaluate_all.json", result)
    print(json.dumps(result, indent=1))


def shared_languages() -> set[str]:
    """Languages with shared rows whose toolchain is here."""
    there = {p.stem.partition("-")[2] for p in SHARED.glob("*/*-*.jsonl")}
    return {n for n, status in available_languages().items() if status.available and n in there}


def shared_items(language: str) -> list[Item]:
    """The rows of one language."""
    if (SHARED / "verdicts" / f"verdicts-{language}.jsonl").exists():
        return [item for item, _ in verdict_rows(language)]
    return answer_rows(language)


def evaluation(folder: Path, number: int, workers: int) -> dict[str, Any]:
    """One run of the command, with the cache of the runs before it."""
    output = folder / f"output-{number}"
    start = time.monotonic()
    subprocess.run(
        [
            *(sys.executable, "-m", "multipl_e.evaluate"),
            *("--tasks", folder / "tasks.jsonl", "--candidates", folder / "candidates.jsonl"),
            *("--output", output, "--cache", folder / "cache", "--workers", str(workers)),
        ],
        check=True,
    )
    seconds = time.monotonic() - start
    rows = [json.loads(line) for line in (output / "results.jsonl").open()]
    return {
        "seconds": round(seconds, 2),
        "statuses": dict(Counter(row["status"] for row in rows)),
        "rows": [(row["name"], row["language"], row["status"]) for row in rows],
    }


if __name__ == "__main__":
    main()
