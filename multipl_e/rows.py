"""A row's fields as records, and records as rows.

Reading checks every field; a complaint is a `UserError` that names the place (file and line) and
the field. Besides our own rows it knows MultiPL-E's per-problem files (``completions``,
``results``), the columns of the Hub's ``bigcode/MultiPL-E-completions``, and samples with a
``task_id`` as EvalPlus and HumanEval's own evaluator take them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, get_args

from multipl_e.errors import UserError
from multipl_e.records import (
    Candidate,
    Difficulty,
    Form,
    Origin,
    Pair,
    Split,
    Status,
    Task,
    Verdict,
)

T = TypeVar("T")

TASK_FIELDS = (
    "name",
    "language",
    "prompt",
    "tests",
    "stop_tokens",
    "public_tests",
    "canonical_solution",
    "difficulty",
    "split",
)
FORMS: tuple[Form, ...] = get_args(Form)
SPLIT_ALIASES = {"validation": "valid", "dev": "valid"}

# What MultiPL-E's evaluators for single languages say for an exception.
STATUS_ALIASES = {"AssertionError": "Exception"}


class Fields:
    """Typed access to a row's fields; every complaint names the place and the field."""

    def __init__(self, row: Mapping[str, Any], place: str) -> None:
        self.row = row
        self.place = place

    def fail(self, field: str, problem: str) -> UserError:
        """The error to raise about a field."""
        return UserError(f"{self.place}: the field '{field}' {problem}")

    def has(self, field: str) -> bool:
        """Whether the field is there and not null."""
        return self.row.get(field) is not None

    def get(self, field: str, kind: type[T] | tuple[type[T], ...], wanted: str) -> T:
        """The field's value, which must be there and of a kind."""
        value = self.row.get(field)
        if value is None:
            raise self.fail(field, "is missing")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.fail(field, f"must be {wanted}, not {type(value).__name__}")
        return value

    def text(self, field: str) -> str:
        """A text."""
        return self.get(field, str, "text")

    def optional(self, field: str, read: Callable[[str], T], default: T) -> T:
        """The field as `read` reads it, or the default where it is missing or null."""
        return read(field) if self.has(field) else default

    def whole(self, field: str) -> int:
        """A whole number."""
        return self.get(field, int, "a whole number")

    def number(self, field: str) -> float:
        """A number."""
        return float(self.get(field, (int, float), "a number"))

    def items(self, field: str, kind: type[T] | tuple[type[T], ...], wanted: str) -> list[T]:
        """A list with items of one kind."""
        values: list[T] = self.get(field, list, "a list")
        for value in values:
            if not isinstance(value, kind) or isinstance(value, bool):
                raise self.fail(field, f"must be a list of {wanted}")
        return values

    def texts(self, field: str) -> list[str]:
        """A list of texts."""
        return self.items(field, str, "texts")

    def one_of(self, field: str, choices: tuple[str, ...], aliases: Mapping[str, str]) -> Any:
        """One of several words."""
        value = self.text(field)
        value = aliases.get(value, value)
        if value not in choices:
            raise self.fail(field, f"must be one of {', '.join(choices)}, not '{value}'")
        return value

    def name(self) -> str:
        """The problem's name."""
        if self.has("name"):
            return self.text("name")
        if self.has("task_id"):  # samples of HumanEval, MBPP and EvalPlus
            number = self.row["task_id"]
            return f"Mbpp/{number}" if isinstance(number, int) else self.text("task_id")
        # The Hub's table of completions calls it `problem`.
        return self.text("problem" if "problem" in self.row else "name")

    def language(self) -> str:
        """The short name of the language, whichever of its names the row has."""
        if not self.has("language") and self.has("task_id") and not self.has("name"):
            return "py"  # the data sets that speak of `task_id` know no other
        return _short_name(self.text("language"))


@cache
def _short_name(language: str) -> str:
    from multipl_e.languages import get_language

    try:
        return get_language(language).name
    except UserError:
        return language  # Whoever needs the language says that it is unknown.


def task_of(fields: Fields) -> Task:
    """The task of a MultiPL-E row; fields that are not ours go to `Task.extra`."""
    extra = {key: value for key, value in fields.row.items() if key not in TASK_FIELDS}
    if (packed := extra.pop("extra", None)) is not None:
        extra |= _unpacked(packed)
    language = fields.language()
    if language != fields.row["language"]:
        extra.setdefault("language", fields.row["language"])
    return Task(
        name=fields.name(),
        language=language,
        prompt=fields.text("prompt"),
        tests=fields.text("tests"),
        stop_tokens=tuple(fields.optional("stop_tokens", fields.texts, [])),
        public_tests=fields.optional("public_tests", fields.text, None),
        canonical_solution=fields.optional("canonical_solution", fields.text, None),
        difficulty=fields.optional(
            "difficulty", lambda field: fields.one_of(field, get_args(Difficulty), {}), None
        ),
        split=fields.optional(
            "split", lambda field: fields.one_of(field, get_args(Split), SPLIT_ALIASES), "test"
        ),
        extra=extra,
    )


def _unpacked(extra: Any) -> dict[str, Any]:
    """The fields that a Parquet file keeps as one JSON text; anything else stays as it is."""
    try:
        unpacked = json.loads(extra) if isinstance(extra, str) else None
    except ValueError:
        unpacked = None
    return unpacked if isinstance(unpacked, dict) else {"extra": extra}


def row_of_task(task: Task, parquet: bool) -> dict[str, Any]:
    """A task as a MultiPL-E row, or with fixed columns for Parquet."""
    row: dict[str, Any] = {
        "name": task.name,
        "language": task.language,
        "prompt": task.prompt,
        "tests": task.tests,
        "stop_tokens": list(task.stop_tokens),
    }
    if task.split != "test" or parquet:
        row["split"] = task.split
    for field in ("public_tests", "canonical_solution", "difficulty"):
        if getattr(task, field) is not None:
            row[field] = getattr(task, field)
    if not parquet:
        return row | dict(task.extra)
    return row | {"extra": json.dumps(dict(task.extra)) if task.extra else None}


def candidates_of(fields: Fields) -> Iterator[Candidate]:
    """The candidates of a row: one, or all of a problem's (MultiPL-E's ``completions``)."""
    if "completions" in fields.row:
        name, language = fields.name(), fields.language()
        sampler = fields.optional("experiment", fields.text, "")
        for text in fields.texts("completions"):
            yield Candidate(name, language, text, index=-1, sampler=sampler)
        return
    form = next((form for form in FORMS if fields.has(form)), None)
    if form is None:
        raise UserError(
            f"{fields.place}: the field 'completion' is missing (or 'solution', or 'answer')"
        )
    logprobs: tuple[float, ...] | None = None
    if fields.has("logprobs"):
        values = fields.items("logprobs", (int, float), "numbers")
        logprobs = tuple(float(value) for value in values)
    elif fields.has("logprob"):
        logprobs = (fields.number("logprob"),)
    yield Candidate(
        task=fields.name(),
        language=fields.language(),
        text=fields.text(form),
        index=fields.optional("sample", fields.whole, -1),
        token_logprobs=logprobs,
        sampler=fields.optional("sampler", fields.text, ""),
        round=fields.optional("round", fields.whole, 0),
        form=form,
    )


def row_of_candidate(candidate: Candidate) -> dict[str, Any]:
    """A candidate as ``{name, language, sample, completion | solution | answer, ...}``."""
    row: dict[str, Any] = {
        "name": candidate.task,
        "language": candidate.language,
        "sample": candidate.index,
        candidate.form: candidate.text,
        "sampler": candidate.sampler,
        "round": candidate.round,
    }
    if candidate.token_logprobs is not None:
        row["logprobs"] = list(candidate.token_logprobs)
    return row


def labelled_of(fields: Fields) -> Iterator[tuple[Candidate, Verdict]]:
    """The candidates of a row with their verdicts."""
    if "results" in fields.row:
        yield from _results(fields)
    elif "completions" in fields.row:
        yield from _hub_row(fields)
    else:
        for candidate in candidates_of(fields):
            yield candidate, _verdict(fields)


def _results(fields: Fields) -> Iterator[tuple[Candidate, Verdict]]:
    """A ``.results.json.gz``: the completion is the program without its prompt and tests."""
    name, language = fields.name(), fields.language()
    prompt, tests = fields.text("prompt"), fields.text("tests")
    for result in fields.items("results", dict, "objects"):
        inner = Fields(result, fields.place)
        program = inner.text("program")
        text = program.removesuffix(tests).removesuffix("\n")
        form: Form = "completion" if text.startswith(prompt) else "solution"
        candidate = Candidate(name, language, text.removeprefix(prompt), index=-1, form=form)
        yield candidate, _verdict(inner)


def _hub_row(fields: Fields) -> Iterator[tuple[Candidate, Verdict]]:
    """A row of ``bigcode/MultiPL-E-completions``: parallel lists, one entry per completion."""
    columns = ("statuses", "exit_codes", "stdouts", "stderrs")
    singular = {"statuses": "status"}
    candidates = list(candidates_of(fields))
    lists = {
        singular.get(column, column.removesuffix("s")): fields.get(column, list, "a list")
        for column in columns
        if fields.has(column) or column in ("statuses", "exit_codes")
    }
    for position, candidate in enumerate(candidates):
        try:
            result = {field: values[position] for field, values in lists.items()}
        except IndexError:
            raise fields.fail("statuses", "is not as long as 'completions'") from None
        yield candidate, _verdict(Fields(result, fields.place))


def _verdict(fields: Fields) -> Verdict:
    status: Status = fields.one_of("status", get_args(Status), STATUS_ALIASES)
    exit_code = fields.optional("exit_code", fields.whole, 0 if status == "OK" else 1)
    executed = None
    if fields.has("executed_lines"):
        executed = tuple(fields.items("executed_lines", int, "whole numbers"))
    return Verdict(
        # MultiPL-E counts a pass only with exit code 0.
        status="Exception" if status == "OK" and exit_code != 0 else status,
        exit_code=exit_code,
        stdout=fields.optional("stdout", fields.text, ""),
        stderr=fields.optional("stderr", fields.text, ""),
        seconds=fields.optional("seconds", fields.number, 0.0),
        executed_lines=executed,
        tests_passed=fields.optional("tests_passed", fields.whole, None),
        tests_total=fields.optional("tests_total", fields.whole, None),
    )


def row_of_verdict(verdict: Verdict) -> dict[str, Any]:
    """A verdict's fields, those that are known."""
    row = {
        "status": verdict.status,
        "exit_code": verdict.exit_code,
        "stdout": verdict.stdout,
        "stderr": verdict.stderr,
        "seconds": verdict.seconds,
        "executed_lines": None if verdict.executed_lines is None else list(verdict.executed_lines),
        "tests_passed": verdict.tests_passed,
        "tests_total": verdict.tests_total,
    }
    return {field: value for field, value in row.items() if value is not None}


def pair_of(fields: Fields) -> Pair:
    """The training pair of a row."""
    return Pair(
        task=fields.name(),
        language=fields.language(),
        chosen=fields.text("chosen"),
        rejected=fields.text("rejected"),
        origin=fields.optional(
            "origin", lambda field: fields.one_of(field, get_args(Origin), {}), "sampled"
        ),
        weight=fields.optional("weight", fields.number, 1.0),
    )
