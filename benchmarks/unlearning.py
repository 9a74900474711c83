"""How soon rerankers stop being fooled: a round's hard negatives under all later rerankers.

    python benchmarks/unlearning.py --runs artifacts/study/seed-4 artifacts/study/seed-5

For every round of finished runs: the share of its hard negatives that each later round's reranker
ranks below what passes, on the round's own tasks and on fresh ones (validation tasks, which no
reranker is trained on; canonical solutions count as passing).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from finished_run import open_run
from machine import provenance

from multipl_e.files import write_json

RESULTS = Path(__file__).parent / "results"
FIGURE = "hard_negatives_now_ranked_below_passing"
WHERE = {"own tasks": FIGURE, "fresh tasks": f"{FIGURE}_fresh"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    found = {run.name: shares(run) for run in options.runs}
    means = {where: mean_over_runs([run[where] for run in found.values()]) for where in WHERE}
    write_json(RESULTS / "unlearning.json", {**provenance(), "mean": means, "runs": found})
    for where, table in means.items():
        print(f"ranked below what passes, {where}")
        for number, later in table.items():
            print(f"  round {number}:", ", ".join(f"by {r} {v:.2f}" for r, v in later.items()))


def shares(run: Path) -> dict[str, dict[int, dict[int, Any]]]:
    """Where, the round that found them, the later reranker: the share with its interval."""
    results = open_run(run)
    num_rounds = results.config.rounds
    table: dict[str, dict[int, dict[int, Any]]] = {where: {} for where in WHERE}
    for number in range(1, num_rounds):
        for later in range(number + 1, num_rounds + 1):
            share = results.resolved(number, results.rounds.scorer(later))
            for where, name in WHERE.items():
                table[where].setdefault(number, {})[later] = share[name]
    return table


def mean_over_runs(tables: list[dict[int, dict[int, Any]]]) -> dict[int, dict[int, float]]:
    """The shares' mean over runs."""
    return {
        number: {
            later: float(np.nanmean([table[number][later]["value"] for table in tables]))
            for later in entries
        }
        for number, entries in tables[0].items()
    }


if __name__ == "__main__":
    main()
