"""What every way of picking is worth, by the number of samples to pick from.

Beside the reranker, its trunk and the generator's log-probability stand strategies that look at
nothing but the candidates; they are the same in every round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loop.evaluation import Group
from loop.labelling import Groups
from multipl_e.metrics import bootstrap_interval
from reranker.curves import (
    Curve,
    best_of_n,
    finite,
    samples_needed_interval,
    sizes_up_to,
    strategy_curve,
)
from reranker.selection import OF_THE_GROUP, Choices, get_strategy

PLAIN = ("shortest", "total_logprob", "frequent")
NUM_DRAWS = 20


def plain_groups(groups: Groups, seed: int) -> list[Group]:
    """Executed candidates with the scores of the strategies that look at nothing else."""
    sizes = _sizes(groups)
    found = []
    for task, rows in groups:
        choices = Choices(task, [candidate for candidate, _ in rows], seed=seed)
        names = [
            name
            for name in PLAIN
            if "logprob" not in name or all(c.token_logprobs is not None for c, _ in rows)
        ]
        passed = [verdict.passed for _, verdict in rows]
        found.append(
            Group(
                task,
                rows,
                {name: get_strategy(name)(choices) for name in names},
                {
                    name: strategy_curve(
                        name, choices, passed, sizes, num_draws=NUM_DRAWS, seed=seed
                    )
                    for name in OF_THE_GROUP.intersection(names)
                },
            )
        )
    return found


def strategy_curves(groups: Sequence[Group]) -> tuple[list[int], dict[str, Curve]]:
    """Best of n for n = 1, 2, 4 … N by strategy: the numbers n, and (tasks, sizes) each."""
    sizes = _sizes([(group.task, group.rows) for group in groups])
    passed = [group.passed for group in groups]
    curves = {
        "oracle": best_of_n([(labels, labels) for labels in passed], sizes),
        "random": best_of_n([([0.0] * len(labels), labels) for labels in passed], sizes),
    }
    for name in groups[0].scores:
        if not all(name in group.scores for group in groups):
            continue
        if all(name in group.curves for group in groups):
            curves[name] = np.stack([group.curves[name] for group in groups])
        else:
            values = [group.scores[name] for group in groups]
            curves[name] = best_of_n(list(zip(values, passed, strict=True)), sizes)
    return sizes, curves


def strategy_figures(
    sizes: Sequence[int], curves: Mapping[str, Curve], seed: int
) -> dict[str, Any]:
    """Of each strategy the best of all samples, and how many samples reach a pass rate.

    Args:
        sizes: The numbers n.
        curves: Best of n by strategy, (tasks, sizes) each.
        seed: Of the bootstrap.

    Returns:
        By strategy ``best_of_n`` and ``samples_needed``: by pass rate, None standing for more than
        there are. The rates are the tenths between one sample's and what the best strategy reaches.
    """
    first = curves["random"].mean()
    reached = max(curve[:, -1].mean() for name, curve in curves.items() if name != "oracle")
    targets = [tenth / 10 for tenth in range(1, 10) if first < tenth / 10 <= reached]
    return {
        name: {
            "best_of_n": bootstrap_interval(curve[:, -1], seed=seed).to_dict(),
            "samples_needed": {
                str(target): finite(
                    samples_needed_interval(sizes, curve, target, seed=seed, num_resamples=1000)
                )
                for target in targets
            },
        }
        for name, curve in curves.items()
    }


def _sizes(groups: Groups) -> list[int]:
    return sizes_up_to(min(len(rows) for _, rows in groups))
