"""How soon rerankers stop being fooled: a round's hard negatives under all later rerankers.

    python benchmarks/unlearning.py --runs artifacts/study/seed-4 artifacts/study/seed-5

For every round of finished runs: the share of its hard negatives that each later round's reranker
ranks below what passes, on the round's own tasks and on fresh ones (validation tasks, which no
reranker is trained on; canonical solutions count as passing). And the share that the very next
reranker ranks below, over all hard negatives of all rounds and runs; tasks are resampled whole.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from finished_run import open_run
from machine import provenance

from loop.measures import resolved_share
from multipl_e.files import write_json
from multipl_e.records import TaskKey

RESULTS = Path(__file__).parent / "results"
Counts = dict[TaskKey, tuple[int, int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    counts = {run.name: counts_of(run) for run in options.runs}
    shares = {
        run: {where: share_table(found[where]) for where in found} for run, found in counts.items()
    }
    means = {
        where: mean_over_runs([found[where] for found in shares.values()])
        for where in ("own tasks", "fresh tasks")
    }
    by_the_next = {
        where: share_by_the_next([found[where] for found in counts.values()]) for where in means
    }
    contents = {"by_the_next": by_the_next, "mean": means, "runs": shares}
    write_json(RESULTS / "unlearning.json", {**provenance(), **contents})
    for where, table in means.items():
        share = by_the_next[where]
        interval = f"[{share['low']:.2f}, {share['high']:.2f}]"
        print(f"ranked below what passes, {where}: {share['value']:.2f} {interval} by the next")
        for number, later in table.items():
            print(f"  round {number}:", ", ".join(f"by {r} {v:.2f}" for r, v in later.items()))


def counts_of(run: Path) -> dict[str, dict[int, dict[int, Counts]]]:
    """Where, the round that found them, the later reranker: what became of them by task."""
    results = open_run(run)
    num_rounds = results.config.rounds
    found: dict[str, dict[int, dict[int, Counts]]] = {"own tasks": {}, "fresh tasks": {}}
    for number in range(1, num_rounds):
        own = {task.key for task in results.rounds.round_tasks(number)}
        for later in range(number + 1, num_rounds + 1):
            counts = results.resolved_counts(number, results.rounds.scorer(later))
            for where, wanted in (("own tasks", True), ("fresh tasks", False)):
                chosen = {key: count for key, count in counts.items() if (key in own) == wanted}
                found[where].setdefault(number, {})[later] = chosen
    return found


def share_table(table: dict[int, dict[int, Counts]]) -> dict[int, dict[int, Any]]:
    """The shares with their intervals, and how many hard negatives each is a share of."""
    return {
        number: {
            later: {
                **resolved_share(list(counts.values()), seed=0),
                "num_hard_negatives": sum(total for _, total in counts.values()),
            }
            for later, counts in entries.items()
        }
        for number, entries in table.items()
    }


def share_by_the_next(tables: list[dict[int, dict[int, Counts]]]) -> dict[str, Any]:
    """The share over all rounds and runs; a task of a run is one unit, whatever its rounds."""
    units: dict[tuple[int, TaskKey], tuple[int, int]] = {}
    for run, table in enumerate(tables):
        for number, entries in table.items():
            for key, (below, total) in entries[number + 1].items():
                before = units.get((run, key), (0, 0))
                units[run, key] = (before[0] + below, before[1] + total)
    num_hard_negatives = sum(total for _, total in units.values())
    return {**resolved_share(list(units.values()), 0), "num_hard_negatives": num_hard_negatives}


def mean_over_runs(tables: list[dict[int, dict[int, Any]]]) -> dict[int, dict[int, float]]:
    """The shares' mean over runs."""
    return {
        number: {
            # A share of no hard negatives is None, which as a float is not a number.
            later: float(np.nanmean(np.array([t[number][later]["value"] for t in tables], float)))
            for later in entries
        }
        for number, entries in tables[0].items()
    }


if __name__ == "__main__":
    main()
