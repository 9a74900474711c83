"""Best of n: what a pick from n samples is worth, for every n.

    python -m reranker.curves --tasks T --candidates labelled.parquet --strategies public+reward
        --model DIR --targets 0.5,0.8 --output curves.json

For strategies that give each candidate a value of its own the expectation over all subsets is
exact; one that looks at the whole group (the most frequent program) is averaged over random
subsets. From the curves is read how many samples reach a wanted pass rate.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.executors import Isolation
from multipl_e.files import write_json
from multipl_e.metrics import Interval, best_of_k, bootstrap_interval
from multipl_e.progress import progress, say
from multipl_e.tables import read_labelled
from reranker.gathering import Gathering, group_candidates
from reranker.scoring import Scorer
from reranker.selection import Choices, get_strategy, looks_at_group, needs_of

Curve = NDArray[np.float64]


def best_of_n(
    groups: Sequence[tuple[Sequence[float], Sequence[bool]]], sizes: Sequence[int]
) -> Curve:
    """Expected pass of the best-valued of n samples drawn without replacement, exactly.

    Give the pass labels themselves as values for the oracle, and equal values for a random pick.

    Args:
        groups: Per task, the candidates' values and whether each passed.
        sizes: The numbers n; a task with fewer candidates than n counts with all of its own.

    Returns:
        (tasks, sizes), so that its mean over tasks is the curve and its rows can be resampled.
    """
    return np.array(
        [
            [best_of_k(values, passed, min(n, len(passed))) for n in sizes]
            for values, passed in groups
        ],
        np.float64,
    ).reshape(len(groups), len(sizes))


def strategy_curve(
    name: str,
    choices: Choices,
    passed: Sequence[bool],
    sizes: Sequence[int],
    *,
    num_draws: int = 100,
    seed: int = 0,
) -> Curve:
    """The same for one task and a strategy by name; equal values share.

    Args:
        name: The strategy.
        choices: The task's candidates with what the strategy needs.
        passed: Whether each candidate passed.
        sizes: The numbers n, as in `best_of_n`.
        num_draws: Number of random subsets per n, for strategies that look at the group.
        seed: Of the draws.

    Returns:
        (sizes,)
    """
    strategy = get_strategy(name)
    if name == "random":
        return best_of_n([([0.0] * len(passed), passed)], sizes)[0]
    if not looks_at_group(name):
        return best_of_n([(strategy(choices), passed)], sizes)[0]

    def share(rows: Sequence[int]) -> float:
        return best_of_k(strategy(choices.subset(rows)), [passed[i] for i in rows], len(rows))

    return sampled_best_of_n(share, len(passed), sizes, num_draws=num_draws, seed=seed)


def sampled_best_of_n(
    share: Callable[[Sequence[int]], float],
    num_candidates: int,
    sizes: Sequence[int],
    *,
    num_draws: int = 100,
    seed: int = 0,
) -> Curve:
    """The same for one task and any way to pick, averaged over random subsets.

    Args:
        share: Given candidates' numbers (ascending), the chance that the pick of them passes.
        num_candidates: Number of candidates there are.
        sizes: The numbers n, as in `best_of_n`.
        num_draws: Number of subsets per n.
        seed: Of the draws.

    Returns:
        (sizes,)
    """
    rng = random.Random(seed)
    means = []
    for n in sizes:
        size = min(n, num_candidates)
        # All candidates are one subset, however often it is drawn.
        draws = num_draws if size < num_candidates else 1
        shares = [share(sorted(rng.sample(range(num_candidates), size))) for _ in range(draws)]
        means.append(sum(shares) / draws)
    return np.array(means, np.float64)


def sizes_up_to(most: int) -> list[int]:
    """1, 2, 4 … and `most` itself."""
    return sorted({2**i for i in range(most.bit_length()) if 2**i <= most} | {most})


def samples_needed(sizes: Sequence[int], curve: Sequence[float], target: float) -> float | None:
    """How many samples reach a pass rate: linear between the measured n; None if none does.

    Args:
        sizes: The numbers n, ascending.
        curve: Mean pass rate at each.
        target: Wanted pass rate.
    """
    for i, (n, rate) in enumerate(zip(sizes, curve, strict=True)):
        if rate >= target:
            if i == 0:
                return float(n)
            before, low = sizes[i - 1], curve[i - 1]
            return before + (n - before) * (target - low) / (rate - low)
    return None


def samples_needed_interval(
    sizes: Sequence[int],
    curves: Curve,
    target: float,
    *,
    seed: int = 0,
    num_resamples: int = 2000,
    confidence: float = 0.95,
) -> Interval:
    """`samples_needed` of the mean curve, with its bootstrap interval over tasks.

    Infinite where the largest n measured does not reach the target.

    Args:
        sizes: The numbers n, ascending.
        curves: (tasks, sizes)
        target: Wanted pass rate.
        seed: Of the resampling.
        num_resamples: Number of resamples.
        confidence: Share of resamples inside the interval.
    """

    def needed(curve: Sequence[float]) -> float:
        found = samples_needed(sizes, curve, target)
        return math.inf if found is None else found

    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(curves), size=(num_resamples, len(curves)))
    each = np.array([needed(curves[rows].mean(axis=0).tolist()) for rows in drawn])
    tail = (1 - confidence) / 2
    # No interpolation: between a number and infinity there is nothing.
    low, high = np.quantile(each, [tail, 1 - tail], method="nearest")
    return Interval(needed(curves.mean(axis=0).tolist()), float(low), float(high))


@dataclass(frozen=True)
class CurvesConfig:
    """Best-of-n curves of strategies on executed candidates.

    Attributes:
        tasks: Tasks, as MultiPL-E rows; .jsonl, .jsonl.gz or .parquet.
        candidates: Their executed candidates (what multipl_e.evaluate or a run wrote).
        output: File for the curves, .json.
        strategies: Strategies as in reranker.select, separated by commas.
        targets: Wanted pass rates: how many samples each strategy needs for them is printed.
        model: A reranker's folder, for strategies that need one.
        tests: Tests that a model wrote, as in reranker.select.
        num_draws: Random subsets per n, for strategies that look at the whole group.
        timeout: Seconds for one candidate's run, where a strategy runs candidates.
        workers: Candidates run at a time; by default one for each CPU.
        isolation: bubblewrap, or none to run candidates with resource limits only.
        seed: Of random subsets and resampling.
    """

    tasks: str
    candidates: str
    output: str
    strategies: tuple[str, ...] = ("random", "shortest", "frequent")
    targets: tuple[float, ...] = ()
    model: str | None = None
    tests: str | None = None
    num_draws: int = 100
    timeout: float = 10.0
    workers: int | None = None
    isolation: Isolation = "bubblewrap"
    seed: int = 0


def main(config: CurvesConfig) -> None:
    """The command: gather, draw the curves, say how many samples are needed."""
    needs = frozenset().union(*(needs_of(name) for name in config.strategies))
    if "likelihood" in "+".join(config.strategies).split("+"):
        raise UserError("likelihood is no reranker's score; use --strategies reward with --model")
    if not all(0 < target <= 1 for target in config.targets):
        raise UserError("--targets are pass rates: above 0, at most 1")
    labels = {(c.task_key, c.index): v.passed for c, v in read_labelled(config.candidates)}
    gathering = Gathering(
        needs,
        scorer=None if config.model is None else Scorer(config.model),
        model=config.model,
        tests=config.tests,
        timeout=config.timeout,
        workers=config.workers,
        isolation=config.isolation,
        seed=config.seed,
    )
    groups = group_candidates(config.tasks, config.candidates)
    sizes = sizes_up_to(max(len(candidates) for _, candidates in groups))
    rows: dict[str, list[Curve]] = {name: [] for name in ("oracle", *config.strategies)}
    with progress("curves", sum(len(candidates) for _, candidates in groups)) as advance:
        for choices in gathering.choices(groups, advance):
            passed = [labels[c.task_key, c.index] for c in choices.candidates]
            rows["oracle"].append(best_of_n([(passed, passed)], sizes)[0])
            for name in config.strategies:
                rows[name].append(
                    strategy_curve(
                        name, choices, passed, sizes, num_draws=config.num_draws, seed=config.seed
                    )
                )
    curves = {name: np.stack(each) for name, each in rows.items()}
    needed = {
        name: {
            str(target): samples_needed_interval(sizes, curve, target, seed=config.seed)
            for target in config.targets
        }
        for name, curve in curves.items()
    }
    write_json(
        config.output,
        {
            "num_tasks": len(groups),
            "curves": {name: points(sizes, curve, config.seed) for name, curve in curves.items()},
            "samples_needed": {
                name: {target: finite(interval) for target, interval in each.items()}
                for name, each in needed.items()
            },
        },
    )
    for name, curve in curves.items():
        say(f"{name}: best of {sizes[-1]} {bootstrap_interval(curve[:, -1], seed=config.seed)}")
        for target, interval in needed[name].items():
            say(f"  {target} needs {_in_words(interval, sizes[-1])}")


def points(sizes: Sequence[int], curve: Curve, seed: int = 0) -> dict[str, list[float]]:
    """A curve's mean at each n, and the ends of its interval over tasks."""
    intervals = [bootstrap_interval(column, seed=seed, num_resamples=1000) for column in curve.T]
    return {
        "n": [float(n) for n in sizes],
        "value": [interval.value for interval in intervals],
        "low": [interval.low for interval in intervals],
        "high": [interval.high for interval in intervals],
    }


def finite(interval: Interval) -> dict[str, Any]:
    """For JSON: None in place of infinity."""
    ends = interval.to_dict()
    return {key: None if end is None or math.isinf(end) else end for key, end in ends.items()}


def _in_words(interval: Interval, most: int) -> str:
    def number(n: float) -> str:
        return f"more than {most}" if math.isinf(n) else f"{math.ceil(n)}"

    return f"{number(interval.value)} samples [{number(interval.low)}, {number(interval.high)}]"


if __name__ == "__main__":
    run_command(CurvesConfig, main, prog="reranker.curves", description=__doc__ or "")
