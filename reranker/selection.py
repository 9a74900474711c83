"""Strategies that pick one of a task's candidates.

A strategy is one function from `Choices` to one value per candidate; the highest value is the
pick. That form serves the pick, the ranking and the best-of-n curve alike. To add a strategy,
write such a function under ``@strategy("name")``, with what it needs beside the candidates.
``A+B`` orders by A, and what is equal under A by B: ``public+reward`` is the reranker's choice
among the candidates that pass the public tests (among all, where none does).

Equal values go to the earliest candidate. Samples of one prompt are exchangeable, so for them the
earliest is as good as a random one, and the pick is the same every time.
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from multipl_e.errors import UserError
from multipl_e.probes import Answers
from multipl_e.records import Candidate, Score, Task
from reranker.combination import Combination
from reranker.consensus import dual_agreement, exact_agreement, frequency, mean_agreement
from reranker.executions import NOT_EXECUTED, Executions


@dataclass(frozen=True, slots=True)
class Choices:
    """What a strategy may look at.

    Attributes:
        task: The task.
        candidates: Its candidates, at least one.
        scores: The reranker's score of each, where there is a reranker.
        seed: For strategies that draw.
        executions: What running the candidates said, where they were run.
        combination: Weights for the strategy ``combined``.
    """

    task: Task
    candidates: Sequence[Candidate]
    scores: Sequence[Score] | None = None
    seed: int = 0
    executions: Executions = NOT_EXECUTED
    combination: Combination | None = None

    def __post_init__(self) -> None:
        if not self.candidates:
            raise ValueError(f"task {self.task.key} has no candidate to choose from")
        if self.scores is not None and len(self.scores) != len(self.candidates):
            raise ValueError(f"{len(self.scores)} scores for {len(self.candidates)} candidates")

    def subset(self, rows: Sequence[int]) -> Choices:
        """The same with some of the candidates only."""
        return replace(
            self,
            candidates=[self.candidates[i] for i in rows],
            scores=None if self.scores is None else [self.scores[i] for i in rows],
            executions=self.executions.subset(rows),
        )


Strategy = Callable[[Choices], list[float]]

STRATEGIES: dict[str, Strategy] = {}
NEEDS: dict[str, frozenset[str]] = {}
"""Of each strategy, what it looks at: ``scores``, ``public``, ``tests``, ``calls``,
``combination``."""

# Strategies whose value of a candidate depends on which others there are.
OF_THE_GROUP = frozenset({"frequent", "consensus", "consensus_sqrt", "mbr", "mbr_mean", "combined"})


def strategy(name: str, *needs: str) -> Callable[[Strategy], Strategy]:
    """Register a strategy under the name that command lines and reports use."""

    def register(function: Strategy) -> Strategy:
        STRATEGIES[name] = function
        NEEDS[name] = frozenset(needs)
        return function

    return register


def get_strategy(name: str) -> Strategy:
    """The strategy of that name, or of several joined by ``+``.

    Raises:
        UserError: there is none (with the nearest name and the list).
    """
    parts = [STRATEGIES[part] for part in _parts(name)]
    if len(parts) == 1:
        return parts[0]
    return lambda choices: _in_turn([part(choices) for part in parts])


def needs_of(name: str) -> frozenset[str]:
    """What a strategy looks at, see `NEEDS`.

    Raises:
        UserError: there is no such strategy.
    """
    return frozenset().union(*(NEEDS[part] for part in _parts(name)))


def looks_at_group(name: str) -> bool:
    """Whether a candidate's value changes with the others it is compared with."""
    return not OF_THE_GROUP.isdisjoint(_parts(name))


def _parts(name: str) -> list[str]:
    parts = name.split("+")
    for part in parts:
        if part not in STRATEGIES:
            near = difflib.get_close_matches(part, STRATEGIES, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UserError(
                f"there is no strategy '{part}'; {hint}choose {', '.join(STRATEGIES)}, "
                "or several joined by +"
            )
    return parts


def _in_turn(columns: Sequence[Sequence[float]]) -> list[float]:
    """Ranks in the order by the first column, then the second …; equal rows have equal ranks."""
    rows = list(zip(*columns, strict=True))
    rank = {row: float(number) for number, row in enumerate(sorted(set(rows)))}
    return [rank[row] for row in rows]


def pick(name: str, choices: Choices) -> int:
    """Position of the candidate that the strategy takes.

    Raises:
        UserError: no such strategy, or it lacks what it looks at.
    """
    return best(get_strategy(name)(choices))


def best(values: Sequence[float]) -> int:
    """Position of the highest value, the earliest of equal ones."""
    return max(range(len(values)), key=lambda i: (values[i], -i))


@strategy("random")
def random_choice(choices: Choices) -> list[float]:
    """Any one, by the seed and the task: the floor, pass@1 in expectation."""
    rng = random.Random(f"{choices.seed}/{choices.task.name}/{choices.task.language}")
    return [rng.random() for _ in choices.candidates]


@strategy("shortest")
def shortest(choices: Choices) -> list[float]:
    """The one with the fewest characters: a strong naive baseline on easy tasks."""
    return [-float(len(candidate.text)) for candidate in choices.candidates]


@strategy("logprob")
def mean_logprob(choices: Choices) -> list[float]:
    """The one whose tokens the generator found likeliest on average."""
    return [_known(candidate, candidate.mean_logprob) for candidate in choices.candidates]


@strategy("total_logprob")
def total_logprob(choices: Choices) -> list[float]:
    """The one that the generator found likeliest as a whole; favours short programs."""
    return [_known(candidate, candidate.total_logprob) for candidate in choices.candidates]


@strategy("frequent")
def most_frequent(choices: Choices) -> list[float]:
    """The one that was sampled most often, up to white space, comments and local names."""
    texts = [candidate.text for candidate in choices.candidates]
    return frequency(texts, choices.task.language).tolist()


@strategy("reward", "scores")
@strategy("likelihood", "scores")
def best_scored(choices: Choices) -> list[float]:
    """The one that the reranker scores highest.

    Under the name ``likelihood`` the scores are those of a `TrunkScorer`: the same model before
    any reranker training.
    """
    if choices.scores is None:
        raise UserError("this strategy needs a reranker's scores; name a reranker with --model")
    return [score.value for score in choices.scores]


@strategy("public", "public")
def public_tests(choices: Choices) -> list[float]:
    """Those that pass the task's public tests; all alike where it has none."""
    passed = choices.executions.public
    return [float(right) for right in passed or [False] * len(choices.candidates)]


@strategy("consensus", "tests")
def consensus(choices: Choices) -> list[float]:
    """CodeT: many candidates pass the same many model-written tests."""
    return dual_agreement(_answers(choices).held, choices.executions.counts).tolist()


@strategy("consensus_sqrt", "tests")
def consensus_sqrt(choices: Choices) -> list[float]:
    """The same with the square root of the number of candidates, so that tests weigh more."""
    return dual_agreement(_answers(choices).held, choices.executions.counts, 0.5).tolist()


@strategy("mbr", "calls")
def minimum_bayes_risk(choices: Choices) -> list[float]:
    """The one whose results on all inputs most others share (minimum-Bayes-risk execution)."""
    return exact_agreement(_answers(choices).values).tolist()


@strategy("mbr_mean", "calls")
def mean_bayes_risk(choices: Choices) -> list[float]:
    """The same, input by input."""
    return mean_agreement(_answers(choices).values).tolist()


@strategy("combined", "scores", "calls", "combination")
def combined(choices: Choices) -> list[float]:
    """Consensus and the reranker together, by weights fitted with `reranker.combine`."""
    if choices.combination is None:
        raise UserError(
            "this strategy needs weights beside the reranker; fit them on labelled validation "
            "tasks with `python -m reranker.combine`"
        )
    return choices.combination(choices)


def _answers(choices: Choices) -> Answers:
    if choices.executions.answers is None:
        raise UserError("this strategy needs the candidates to be run on written tests or inputs")
    return choices.executions.answers


def _known(candidate: Candidate, value: float | None) -> float:
    if value is None:
        raise UserError(
            f"candidate {candidate.index} of {candidate.task} ({candidate.language}) has no token "
            "log-probabilities; sample with them, or choose another strategy"
        )
    return value
