"""The records that flow between the stages (frozen, plain data)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Split = Literal["train", "valid", "test"]
Difficulty = Literal["introductory", "interview", "competition"]
Status = Literal[
    "OK", "Exception", "SyntaxError", "Timeout", "Incomplete", "OutOfMemory", "OutputLimit"
]
Form = Literal["completion", "solution", "answer"]
Origin = Literal["sampled", "mined"]

TaskKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Task:
    """One problem in one language, as a MultiPL-E row.

    Attributes:
        name: MultiPL-E's problem name; the same problem has the same name in every language.
        language: MultiPL-E's short name of the language (``py``, ``js``, ``cpp`` …).
        prompt: Text that a completion continues.
        tests: Text that follows the completion in the assembled program.
        stop_tokens: Texts at which a completion is cut.
        public_tests: Tests that may be shown or run before picking (same form as `tests`).
        canonical_solution: A right completion (continues `prompt`).
        difficulty: introductory, interview or competition, where known.
        split: train, valid or test.
        extra: The row's other fields, kept so that rows are written back unchanged.
    """

    name: str
    language: str
    prompt: str
    tests: str
    stop_tokens: tuple[str, ...] = ()
    public_tests: str | None = None
    canonical_solution: str | None = None
    difficulty: Difficulty | None = None
    split: Split = "test"
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> TaskKey:
        """(name, language): what identifies a task."""
        return (self.name, self.language)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sampled program for a task.

    Attributes:
        task: The task's name.
        language: The task's language.
        text: The sampled text, cut at the stop tokens.
        index: The sample's number within its task, from 0.
        token_logprobs: Log-probability of each sampled token (end-of-text included) under the
            sampling model at temperature 1, where the sampler knows them.
        sampler: Where it came from (a sampler's name or a model's).
        round: The round it was drawn in; 0 is the generator itself.
        form: Whether `text` continues the prompt, stands in place of prompt and completion, or is
            chat text from which the code must be extracted.
    """

    task: str
    language: str
    text: str
    index: int = 0
    token_logprobs: tuple[float, ...] | None = None
    sampler: str = ""
    round: int = 0
    form: Form = "completion"

    @property
    def task_key(self) -> TaskKey:
        """The key of the task this candidate answers."""
        return (self.task, self.language)

    @property
    def total_logprob(self) -> float | None:
        """Sum of the token log-probabilities, in nats."""
        return None if self.token_logprobs is None else float(sum(self.token_logprobs))

    @property
    def mean_logprob(self) -> float | None:
        """Mean of the token log-probabilities, in nats per token."""
        if self.token_logprobs is None:
            return None
        return float(sum(self.token_logprobs)) / max(1, len(self.token_logprobs))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an executor found when it ran a candidate with its task's tests.

    Attributes:
        status: ``OK`` only if every test ran to its end and passed.
        exit_code: The process's exit code; negative for a signal.
        stdout: Captured output, capped.
        stderr: Captured error output, capped.
        seconds: Wall time of compiling and running, in seconds.
        executed_lines: 1-based numbers of the candidate's own lines that ran, when asked for.
        tests_passed: Number of tests that passed, where the language can tell.
        tests_total: Number of tests, where the language can tell.
    """

    status: Status
    exit_code: int
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    executed_lines: tuple[int, ...] | None = None
    tests_passed: int | None = None
    tests_total: int | None = None

    @property
    def passed(self) -> bool:
        """Whether the candidate is right as far as its tests can tell."""
        return self.status == "OK"


@dataclass(frozen=True, slots=True)
class Pair:
    """A passing and a failing candidate of one task, for Bradley-Terry training.

    `origin` is ``mined`` if the rejected side is a hard negative; `weight` scales the pair's loss.
    """

    task: str
    language: str
    chosen: str
    rejected: str
    origin: Origin = "sampled"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Score:
    """The reranker's opinion of one candidate.

    `value` is the raw reward (any scale, comparable within a task); `probability` is the
    calibrated P(correct), or None where the reranker was never calibrated; `truncated` tells
    whether the text was cut to fit the model.
    """

    value: float
    probability: float | None = None
    truncated: bool = False
