"""What a run says of itself: metrics of each round, and report.json put together from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

import numpy as np

from loop.config import RunConfig
from loop.evaluation import Group, compare, evaluate, logprob_scores
from loop.labelling import canonical_row
from loop.measures import Probes, count_hard, policy_figures, resolved_counts, resolved_share
from loop.mining import Probed
from loop.rounds import TRUNK_SCORES, Rounds, name_of
from loop.scores import probed_groups, read_probed, read_scores
from loop.showcase import instructive
from loop.store import RunStore, Stage
from loop.strategies import plain_groups, strategy_curves, strategy_figures
from multipl_e.files import write_json
from multipl_e.records import Task, TaskKey
from reranker.calibration import Calibration, expected_calibration_error, reliability_bins
from reranker.curves import points
from reranker.scoring import Scorer

NUM_HISTOGRAM_BINS = 30


class Results:
    """Metrics of the rounds of one run, read from its tables."""

    def __init__(self, config: RunConfig, rounds: Rounds, store: RunStore):
        self.config, self.rounds, self.store = config, rounds, store
        self.fresh = rounds.fresh_tasks()

    # ------------------------------------------------------------------------------- one round

    def measure_round(self, number: int, inputs: Sequence[Stage | None]) -> Stage:
        """The round's metrics, as a stage of their own (they need the reranker once more)."""
        return self.rounds.stage(
            name_of(number, "metrics.json"),
            {"inputs": [stage and stage.digest for stage in inputs]},
            lambda output: write_json(output, self._measure(number)),
        )

    def _measure(self, number: int) -> dict[str, Any]:
        seed, options = self.config.seed, self.config.mining
        metrics: dict[str, Any] = {"round": number, **evaluate(self.held_out(number), seed)}
        overall = metrics["overall"]
        scorer = self.rounds.scorer(number)
        mined_from = self.probes(number, self.rounds.round_tasks(number))
        fresh = self.probes(number, self.fresh)
        if not self.rounds.replays:
            own = self.probes(number, self.rounds.ppo_tasks(number))
            overall |= self._policy(number, scorer, own, fresh)
        overall["hard_negatives_mined"] = count_hard(mined_from, options)
        overall["hard_negatives_on_fresh_tasks"] = count_hard(fresh, options)
        if number > 1:
            overall |= self._resolved(number - 1, scorer)
        return metrics

    def _resolved(self, number: int, scorer: Scorer) -> dict[str, Any]:
        """What a later reranker makes of a round's hard negatives: of its tasks, of fresh ones."""
        found = {}
        for suffix, tasks in (("", self.rounds.round_tasks(number)), ("_fresh", self.fresh)):
            counts = self.resolved_counts(number, self.probes(number, tasks), scorer)
            share = resolved_share(list(counts.values()), self.config.seed)
            found[f"hard_negatives_now_ranked_below_passing{suffix}"] = share
        return found

    def resolved_counts(
        self, number: int, probes: Probes, scorer: Scorer
    ) -> dict[TaskKey, tuple[int, int]]:
        """By task: how many of a round's hard negatives a later reranker puts right, of how many.

        Args:
            number: The round.
            probes: What its policy wrote, scored by its reranker.
            scorer: The later reranker.
        """
        options = self.config.mining
        if options.canonical:
            probes = _with_solutions(probes, self.rounds.scorer(number))
        rescored = probed_groups(
            [(task, [(p.candidate, p.verdict) for p in rows]) for task, rows in probes], scorer
        )
        counts = resolved_counts(probes, rescored, options)
        return {task.key: count for (task, _), count in zip(probes, counts, strict=True)}

    def _policy(self, number: int, scorer: Scorer, probed: Probes, fresh: Probes) -> dict[str, Any]:
        """What PPO won on the tasks it worked on and on fresh ones, in what it maximised."""
        own = read_probed(
            self.store.path(name_of(number, "candidates.parquet")),
            self.store.path(name_of(number, "candidate-scores.parquet")),
            [task for task, _ in probed],
        )
        unmet = read_probed(
            self.store.path("held-out/candidates.parquet"),
            self.store.path(name_of(number, "scores.parquet")),
            self.fresh,
        )
        calibration = scorer.calibration if self.config.mining.reward == "probability" else None
        found: dict[str, Any] = {}
        for reference, policy, suffix in (
            (own, probed, ""),
            (unmet, fresh, "_fresh"),
        ):
            figures = policy_figures(
                _on_scale(reference, calibration), _on_scale(policy, calibration), self.config.seed
            )
            found |= {f"{name}{suffix}": value for name, value in figures.items()}
        return found

    def held_out(self, number: int) -> list[Group]:
        """The test tasks' candidates with every strategy's scores; the reward is this round's."""
        reward = read_scores(self.store.path(name_of(number, "scores.parquet")))
        trunk = read_scores(self.store.path(TRUNK_SCORES))
        groups = []
        for plain in self._plain:
            rows = plain.rows
            keys = [(candidate.task_key, candidate.index) for candidate, _ in rows]
            found: dict[str, Sequence[float]] = {
                "reward": [reward[key].value for key in keys],
                "trunk": [trunk[key].value for key in keys],
            }
            if all(candidate.token_logprobs is not None for candidate, _ in rows):
                found["logprob"] = logprob_scores(rows)
            groups.append(replace(plain, scores=found | plain.scores))
        return groups

    @cached_property
    def _plain(self) -> list[Group]:
        """The test tasks' candidates with what is the same in every round."""
        return plain_groups(self.rounds.held_out("test"), self.config.seed)

    def probes(self, number: int, tasks: Sequence[Task]) -> list[tuple[Task, list[Probed]]]:
        """A round's probes of these tasks with the scores of the reranker they were to fool."""
        return read_probed(
            self.store.path(name_of(number, "probes.parquet")),
            self.store.path(name_of(number, "probe-scores.parquet")),
            tasks,
        )

    # ------------------------------------------------------------------------------ all of them

    def report(self, num_rounds: int, stages: Sequence[Stage]) -> dict[str, Any]:
        """The contents of report.json after `num_rounds` rounds."""
        seed = self.config.seed
        rounds = [self._round_entry(number, stages) for number in range(1, num_rounds + 1)]
        first, last = self.held_out(1), self.held_out(num_rounds)
        sizes, curves = strategy_curves(last)
        final = dict(rounds[-1]["overall"])
        if num_rounds > 1:
            final["gain_over_first_round"] = compare(last, first, seed).to_dict()
        return {
            "config": self.config.resolved(),
            "environment": json.loads((self.store.root / "environment.json").read_text()),
            "setup_seconds": {s.name: s.seconds for s in stages if not s.name.startswith("round-")},
            "rounds": rounds,
            "final": final,
            "curves": {name: points(sizes, curve, seed) for name, curve in curves.items()},
            "strategies": strategy_figures(sizes, curves, seed),
            "score_histograms": {
                "before": score_histogram(first),
                "after": score_histogram(last),
            },
            "calibration": self._calibration(num_rounds),
            "ppo": [
                {"round": number, "steps": stage.summary["steps"]}
                for number in range(1, num_rounds + 1)
                for stage in stages
                if stage.name == name_of(number, "policy")
            ],
            "hard_negatives": instructive(
                {n: self.probes(n, self.rounds.round_tasks(n)) for n in range(1, num_rounds + 1)},
                self.config.mining,
            ),
        }

    def _round_entry(self, number: int, stages: Sequence[Stage]) -> dict[str, Any]:
        metrics = json.loads(self.store.path(name_of(number, "metrics.json")).read_text())
        folder = f"round-{number:02d}/"
        seconds = {
            stage.name.removeprefix(folder).split(".")[0]: stage.seconds
            for stage in stages
            if stage.name.startswith(folder)
        }
        return {**metrics, "seconds": seconds}

    def _calibration(self, number: int) -> dict[str, Any]:
        scores = read_scores(self.store.path(name_of(number, "scores.parquet")))
        rows = [row for _, rows in self.rounds.held_out("test") for row in rows]
        known = [scores[candidate.task_key, candidate.index].probability for candidate, _ in rows]
        chances = [chance for chance in known if chance is not None]
        if len(chances) < len(known):
            return {}
        passed = [verdict.passed for _, verdict in rows]
        return {
            "ece": expected_calibration_error(chances, passed),
            "bins": [asdict(b) for b in reliability_bins(chances, passed) if b.count],
        }


def score_histogram(groups: Sequence[Group]) -> dict[str, list[float]]:
    """How the reward's scores of passing and failing candidates are spread."""
    values = np.array([score for group in groups for score in group.scores["reward"]])
    passed = np.array([right for group in groups for right in group.passed])
    # The tails of a likelihood are long: they are gathered in the outermost bins.
    low, high = np.quantile(values, [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, NUM_HISTOGRAM_BINS + 1)
    inside = np.clip(values, edges[0], edges[-1])
    return {
        "edges": edges.tolist(),
        "passing": np.histogram(inside[passed], edges)[0].tolist(),
        "failing": np.histogram(inside[~passed], edges)[0].tolist(),
    }


def _on_scale(probes: Probes, calibration: Calibration | None) -> Probes:
    """The probes with probabilities in place of scores, where there is a calibration."""
    if calibration is None:
        return probes
    return [
        (task, [replace(p, score=float(calibration(p.score))) for p in rows])
        for task, rows in probes
    ]


def _with_solutions(probes: Probes, scorer: Scorer) -> Probes:
    """The probes and, as passing ones, their tasks' canonical solutions."""
    solutions = probed_groups([(task, canonical_row(task)) for task, _ in probes], scorer)
    return [
        (task, [*rows, *solution])
        for (task, rows), (_, solution) in zip(probes, solutions, strict=True)
    ]
