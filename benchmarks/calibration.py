"""How far a finished run's probabilities of being right are from the truth, on held-out tasks.

    python benchmarks/calibration.py --run artifacts/runs/NAME [--run …]

For every round of each run: the expected calibration error of the reranker's probabilities on the
test tasks' candidates (ten bins of equal width), with a bootstrap interval over tasks; the
reliability diagram of the last round; and what abstaining costs and saves.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from machine import provenance

from multipl_e.files import write_json
from multipl_e.metrics import bootstrap_interval
from multipl_e.tables import read_labelled, read_tasks
from reranker.calibration import NUM_BINS, expected_calibration_error, reliability_bins

RESULTS = Path(__file__).parent / "results"
TARGET = 0.05
THRESHOLDS = (0.0, 0.25, 0.5, 0.75, 0.9)
NUM_RESAMPLES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", type=Path, action="append", required=True, help="a run's folder")
    options = parser.parse_args()
    runs = [measured(run) for run in options.run]
    errors = [run["rounds"][-1]["ece"]["value"] for run in runs]
    result = {**provenance(), "target": TARGET, "runs": runs, "mean_ece": float(np.mean(errors))}
    write_json(RESULTS / "calibration.json", result)
    for run in runs:
        for row in run["rounds"]:
            ece = row["ece"]
            print(
                f"{run['name']} round {row['round']}: "
                f"ECE {ece['value']:.3f} [{ece['low']:.3f}, {ece['high']:.3f}]"
            )
    print(f"mean of the last rounds {result['mean_ece']:.3f}; wanted {TARGET} or less")


def measured(run: Path) -> dict[str, Any]:
    """The figures of a run."""
    tasks = {task.key for task in read_tasks(run / "tasks.parquet") if task.split == "test"}
    labels = {
        (*candidate.task_key, candidate.index): verdict.passed
        for candidate, verdict in read_labelled(run / "held-out/candidates.parquet")
        if candidate.task_key in tasks
    }
    rounds = []
    for path in sorted(run.glob("round-*/scores.parquet")):
        table = pd.read_parquet(path)
        keys = list(zip(table["task"], table["language"], table["index"], strict=True))
        table = table[[key in labels for key in keys]].dropna(subset=["probability"])
        if table.empty:
            continue
        table["passed"] = [
            labels[key]
            for key in zip(table["task"], table["language"], table["index"], strict=True)
        ]
        rounds.append({"round": int(path.parent.name.removeprefix("round-")), **figures(table)})
    if not rounds:
        raise SystemExit(f"{run} has no finished round with probabilities")
    return {"name": run.name, "rounds": rounds}


def figures(table: pd.DataFrame) -> dict[str, Any]:
    """Calibration of one round's table of candidates."""
    chances, passed = table["probability"].to_numpy(), table["passed"].to_numpy(bool)
    per_task = np.stack(
        [
            bin_sums(group["probability"].to_numpy(), group["passed"].to_numpy(bool))
            for _, group in table.groupby(["task", "language"])
        ]
    )
    interval = bootstrap_interval(per_task, ece_of_sums, num_resamples=NUM_RESAMPLES)
    assert abs(interval.value - expected_calibration_error(chances, passed)) < 1e-9
    best = table.loc[table.groupby(["task", "language"])["probability"].idxmax()]
    return {
        "num_tasks": len(per_task),
        "num_candidates": len(table),
        "ece": interval.to_dict(),
        "bins": [asdict(b) for b in reliability_bins(chances, passed) if b.count],
        "abstain_below": [
            {
                "threshold": threshold,
                "answered": float((best["probability"] >= threshold).mean()),
                "answered_pass": _mean(best.loc[best["probability"] >= threshold, "passed"]),
            }
            for threshold in THRESHOLDS
        ],
    }


def bin_sums(chances: np.ndarray, passed: np.ndarray) -> np.ndarray:
    """(bins, 3): count, sum of probabilities, number that passed."""
    index = np.clip((chances * NUM_BINS).astype(int), 0, NUM_BINS - 1)
    weights = (np.ones(len(index)), chances, passed)
    return np.stack([np.bincount(index, w, NUM_BINS) for w in weights], axis=1)


def ece_of_sums(sums: np.ndarray, axis: int) -> np.ndarray:
    """Expected calibration error from the bins' sums over tasks; NaN-free as bins add up."""
    total = sums.sum(axis=axis)
    distance = np.abs(total[..., 1] - total[..., 2]).sum(axis=-1)
    return np.asarray(distance / total[..., 0].sum(axis=-1))


def _mean(values: pd.Series) -> float | None:
    return float(values.mean()) if len(values) else None


if __name__ == "__main__":
    main()
