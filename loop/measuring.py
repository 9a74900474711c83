"""Stage F: what a round's reranker is worth, and the report that says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loop.config import RunConfig
from loop.report import write_report
from loop.results import Results
from loop.rounds import TASKS, TRUNK_SCORES, Rounds
from loop.store import RunStore, Stage
from multipl_e.executors import Executor
from multipl_e.files import write_json
from multipl_e.tables import read_tasks


class Measuring:
    """Measures the rounds of a run from what is in its directory, in whatever process."""

    def __init__(self, config: RunConfig, root: Path) -> None:
        self.store = RunStore(root, scratch=".unfinished-measures")
        self.rounds = Rounds(config, self.store, Executor())  # which nothing here asks to run
        self.rounds.tasks = read_tasks(self.store.path(TASKS))
        self.results = Results(config, self.rounds, self.store)

    def baseline(self, held_out: Stage, generator: Stage | None) -> list[Stage]:
        """The held-out candidates' likelihood under the reranker's base; returns its stage."""
        return [self.rounds.score_by_trunk(held_out, generator)]

    def round(
        self,
        number: int,
        held_out: Stage,
        reranker: Stage,
        probe_scores: Stage,
        stages: Sequence[Stage],
    ) -> list[Stage]:
        """Score the held-out candidates, compute the round's metrics, write the report anew.

        Args:
            number: The round.
            held_out: The stage that sampled the held-out candidates.
            reranker: The round's reranker.
            probe_scores: What it said of the policy's probes.
            stages: All stages of the run so far, the baseline's among them.

        Returns:
            The stages that this took.
        """
        trunk = next(stage for stage in stages if stage.name == TRUNK_SCORES)
        scores = self.rounds.score_held_out(number, reranker, held_out)
        metrics = self.results.measure_round(number, [trunk, scores, probe_scores])
        report = self.results.report(number, [*stages, scores, metrics])
        write_json(self.store.root / "report.json", report)
        write_report(report, self.store.root)
        return [scores, metrics]
