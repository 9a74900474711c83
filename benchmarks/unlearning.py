"""How soon rerankers stop being fooled: a round's hard negatives under all later rerankers.

    python benchmarks/unlearning.py --runs artifacts/study/seed-4 artifacts/study/seed-5

For every round of finished runs: the share of its hard negatives that each later round's reranker
ranks below what passes, on

- the round's own tasks, from which they were mined;
- fresh tasks, as the run's report has it: the validation tasks that every policy is probed on;
- test tasks: many more fresh ones, on which nothing was trained, chosen or calibrated. Every
  round's policy is probed on them here, and what it wrote is kept beside the run.

Canonical solutions count as passing. What the very next reranker does is summed up in both ways:
as the share of all hard negatives, tasks resampled whole, and as the mean of the rounds' shares.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from finished_run import open_run
from machine import provenance

from generator.samplers.transformers import TransformersSampler
from loop.labelling import load_groups, sample_and_judge
from loop.measures import Probes, resolved_share
from loop.results import Results
from loop.rounds import name_of
from loop.scores import probed_groups
from multipl_e.executors import Executor
from multipl_e.files import write_json
from multipl_e.records import TaskKey

RESULTS = Path(__file__).parent / "results"
WHERE = ("own tasks", "fresh tasks", "test tasks")
Counts = dict[TaskKey, tuple[int, int]]
Table = dict[int, dict[int, Counts]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    counts = {run.name: counts_of(run) for run in options.runs}
    shares = {
        run: {where: share_table(found[where]) for where in WHERE} for run, found in counts.items()
    }
    means = {where: mean_over_runs([found[where] for found in shares.values()]) for where in WHERE}
    by_the_next = {
        where: {
            **share_by_the_next([found[where] for found in counts.values()]),
            "mean_of_rounds": float(np.mean([t[n + 1] for n, t in means[where].items()])),
        }
        for where in WHERE
    }
    contents = {"by_the_next": by_the_next, "mean": means, "runs": shares}
    write_json(RESULTS / "unlearning.json", {**provenance(), **contents})
    for where, share in by_the_next.items():
        interval = f"[{share['low']:.2f}, {share['high']:.2f}] of {share['num_hard_negatives']}"
        print(
            f"ranked below what passes by the next reranker, {where}: {share['value']:.2f} "
            f"{interval}, mean of rounds {share['mean_of_rounds']:.2f}"
        )
        for number, later in means[where].items():
            print(f"  round {number}:", ", ".join(f"by {r} {v:.2f}" for r, v in later.items()))


def counts_of(run: Path) -> dict[str, Table]:
    """Where, the round that found them, the later reranker: what became of them by task."""
    results = open_run(run)
    num_rounds = results.config.rounds
    found: dict[str, Table] = {where: {} for where in WHERE}
    for number in range(1, num_rounds):
        probes = {
            "own tasks": results.probes(number, results.rounds.round_tasks(number)),
            "fresh tasks": results.probes(number, results.fresh),
            "test tasks": probe_test_tasks(run, results, number),
        }
        for later in range(number + 1, num_rounds + 1):
            scorer = results.rounds.scorer(later)
            for where in WHERE:
                counts = results.resolved_counts(number, probes[where], scorer)
                found[where].setdefault(number, {})[later] = counts
    return found


def probe_test_tasks(run: Path, results: Results, number: int) -> Probes:
    """What a round's policy writes for the test tasks, as the round's reranker scores it."""
    rounds, options = results.rounds, results.config.generator
    tasks, timeout = rounds.split("test"), results.config.execution.timeout
    policy = rounds.store.path(name_of(number, "policy"))
    output = run.with_name(f"{run.name}-probes") / f"round-{number:02d}.parquet"
    # A run of the same name may have been made anew.
    if not output.exists() or output.stat().st_mtime < policy.stat().st_mtime:
        output.parent.mkdir(exist_ok=True)
        sampler = TransformersSampler(
            policy,
            temperature=options.temperature,
            top_p=options.top_p,
            max_new_tokens=options.max_new_tokens,
            batch_size=options.batch_size,
        )
        with Executor(timeout=timeout) as executor:
            sample_and_judge(
                tasks,
                sampler,
                executor,
                output,
                num_candidates=options.num_probes,
                seed=results.config.seed,
                round=number,
                description=f"round {number}: test tasks",
            )
    return probed_groups(load_groups(output, tasks), rounds.scorer(number))


def share_table(table: Table) -> dict[int, dict[int, Any]]:
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


def share_by_the_next(tables: list[Table]) -> dict[str, Any]:
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
