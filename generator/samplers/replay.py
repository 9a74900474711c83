"""Candidates from a file instead of a model: replay what any model once sampled.

A person without a GPU trains a reranker on real samples of a big model this way. The file is ours
(JSON lines or Parquet), a folder of MultiPL-E's results, or a snapshot of the Hub's
``bigcode/MultiPL-E-completions``; where it records what became of the candidates, those verdicts
may stand in for executing them again.

The pool of a task is put in an order that depends on the seed and the task alone, and each round
owns a slice of it: rounds never share a candidate, and a run that is resumed draws what the
uninterrupted one would have drawn, since nothing is remembered between calls.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from generator.decoding import cut_at_stop, stream_seed
from multipl_e.errors import UserError
from multipl_e.progress import say
from multipl_e.records import Candidate, Form, Task, TaskKey, Verdict
from multipl_e.tables import iter_candidates, iter_labelled

# A recorded traceback is for people to read; a pool of 100,000 must fit in memory.
MAX_RECORDED_OUTPUT = 2000


class ReplaySampler:
    """Draws candidates from a file; each round draws ones that no earlier round has seen.

    Round `r` owns the places ``r * per_round`` to ``(r + 1) * per_round - 1`` of each task's
    shuffled pool. A stage that wants candidates of its own within a round takes another number
    for `round`.

    Attributes:
        can_be_tuned: False: there is no policy to optimise, so PPO is skipped; the hard negatives
            are mined from the unseen part of the pool.
        verdicts: What the file says of its candidates; empty unless `recorded_verdicts`.
    """

    can_be_tuned = False

    def __init__(
        self,
        candidates: str | Path | Iterable[Candidate],
        *,
        per_round: int | None = None,
        recorded_verdicts: bool = False,
        name: str = "replay",
    ) -> None:
        """Read the pool.

        Args:
            candidates: A file or folder that `multipl_e.tables` reads, or candidates.
            per_round: Candidates of each task that a round owns; by default as many as are asked
                for, which must then be the same number in every round.
            recorded_verdicts: Whether the file's statuses stand in for execution.
            name: Recorded as `sampler` for candidates that do not say whose they are.

        Raises:
            UserError: if the file is missing, a row cannot be used, or there are no candidates.
        """
        if per_round is not None and per_round < 1:
            raise UserError("per_round must be at least 1")
        self.per_round, self.name = per_round, name
        self.verdicts = RecordedVerdicts()
        self._recorded = recorded_verdicts
        self._pools: dict[TaskKey, list[Candidate]] = {}
        self._source = "the pool"
        if isinstance(candidates, str | Path):
            path = _tables_of_snapshot(Path(candidates))
            self._source = str(path)
            candidates = self._labelled(path) if recorded_verdicts else iter_candidates(path)
        elif recorded_verdicts:
            raise ValueError("recorded_verdicts needs a file: candidates alone carry no verdicts")
        for candidate in candidates:
            self._pools.setdefault(candidate.task_key, []).append(candidate)
        if not self._pools:
            raise UserError(f"{self._source} holds no candidates; choose another file")

    def pool_size(self, task: Task) -> int:
        """The number of candidates there are for a task, drawn or not."""
        return len(self._pools.get(task.key, ()))

    def sample(
        self,
        tasks: Sequence[Task],
        num_candidates: int,
        *,
        seed: int,
        round: int = 0,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Candidate]:
        """Draw up to `num_candidates` for each task from the round's part of the pool.

        A task whose pool is used up gets what is left of it, perhaps nothing, and a line says so.
        Completions are cut at the task's stop tokens, except where recorded verdicts are used:
        those are verdicts of the text as it stands.

        Raises:
            UserError: if more are asked for than a round owns, or no task has any left.
        """
        own = num_candidates if self.per_round is None else self.per_round
        if num_candidates < 1:
            raise UserError("num_candidates must be at least 1")
        if num_candidates > own:
            raise UserError(
                f"a round owns {own} candidates of each task and {num_candidates} were asked for; "
                "raise per_round or ask for fewer"
            )
        drawn: list[Candidate] = []
        short: list[tuple[Task, int]] = []
        for task in tasks:
            pool = list(self._pools.get(task.key, ()))
            random.Random(stream_seed(seed, 0, *task.key)).shuffle(pool)
            group = pool[round * own :][:num_candidates]
            drawn += [self._renumbered(c, task, i, round) for i, c in enumerate(group)]
            if len(group) < num_candidates:
                short.append((task, len(group)))
            if on_done:
                on_done(num_candidates)
        self._tell(short, num_candidates, round, nothing=bool(tasks) and not drawn)
        return drawn

    def _labelled(self, path: Path) -> Iterator[Candidate]:
        for candidate, verdict in iter_labelled(path):
            self.verdicts.add(candidate, verdict)
            yield candidate

    def _renumbered(self, candidate: Candidate, task: Task, index: int, round: int) -> Candidate:
        text = candidate.text
        if candidate.form == "completion" and not self._recorded:
            text = cut_at_stop(text, task.stop_tokens)
        sampler = candidate.sampler or self.name
        return replace(candidate, text=text, index=index, round=round, sampler=sampler)

    def _tell(
        self, short: list[tuple[Task, int]], wanted: int, round: int, *, nothing: bool
    ) -> None:
        if not short:
            return
        task, left = short[0]
        example = f"{task.name} ({task.language}) has {left} of {self.pool_size(task)} left"
        if nothing:
            raise UserError(
                f"{self._source} has no unseen candidates for any task in round {round} "
                f"({example}); run fewer rounds, draw fewer per round, or bring a larger file"
            )
        say(
            f"replay: the pool is used up for {len(short)} tasks in round {round}: "
            f"they get fewer than {wanted} candidates ({example})"
        )


class RecordedVerdicts(Mapping[Candidate, Verdict]):
    """The verdicts a file records, by what was judged: task, form and text of a candidate.

    A candidate's number and round do not matter, so that candidates read back from a run's files
    are found as well. Of several verdicts on one text the first counts.
    """

    def __init__(self) -> None:
        self._by_content: dict[tuple[str, str, Form, str], tuple[Candidate, Verdict]] = {}

    def add(self, candidate: Candidate, verdict: Verdict) -> None:
        """Record a verdict, its output shortened."""
        verdict = replace(
            verdict,
            stdout=verdict.stdout[-MAX_RECORDED_OUTPUT:],
            stderr=verdict.stderr[-MAX_RECORDED_OUTPUT:],
        )
        self._by_content.setdefault(_content(candidate), (candidate, verdict))

    def __getitem__(self, candidate: Candidate) -> Verdict:
        return self._by_content[_content(candidate)][1]

    def __iter__(self) -> Iterator[Candidate]:
        return (candidate for candidate, _ in self._by_content.values())

    def __len__(self) -> int:
        return len(self._by_content)


def _content(candidate: Candidate) -> tuple[str, str, Form, str]:
    return (candidate.task, candidate.language, candidate.form, candidate.text)


def _tables_of_snapshot(path: Path) -> Path:
    """The folder with the tables: a snapshot of a Hub dataset keeps them under ``data``."""
    return path / "data" if (path / "data").is_dir() else path
