"""Show which tokens of a candidate were executed: ``python -m generator.show_mask ...``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.text import Text

from multipl_e.cli import run_command
from multipl_e.errors import InfrastructureError, UserError
from multipl_e.records import Candidate, Task
from multipl_e.tables import iter_candidates, iter_tasks

CANONICAL = "canonical"
DESCRIPTION = """Run a candidate with its task's tests and print it with what did not run dimmed
(between [- and -] where the output is no terminal).

    python -m generator.show_mask --task katas.jsonl --candidate completion.txt"""


@dataclass(frozen=True)
class ShowMaskOptions:
    """What to show.

    Attributes:
        task: Tasks as MultiPL-E rows; the first that fits is taken.
        candidate: A text file that continues the task's prompt, a file of candidates (.jsonl,
            .jsonl.gz or .parquet; the task's first, or that of --index), or "canonical" for the
            task's own solution.
        name: The task's name, where the file holds several.
        language: The task's language, where the file holds several.
        index: Which of the task's candidates.
        model: Whose tokens: a folder, a Hub name, or "default".
        timeout: Seconds after which the program counts as hanging.
        isolation: How the program is contained: bubblewrap, or none.
    """

    task: Path
    candidate: str
    name: str | None = None
    language: str | None = None
    index: int | None = None
    model: str = "default"
    timeout: float = 15.0
    isolation: Literal["bubblewrap", "none"] = "bubblewrap"


def show_mask(options: ShowMaskOptions) -> None:
    """Judge the candidate and print it.

    Raises:
        UserError: there is no such task or candidate.
        InfrastructureError: it could not be judged.
    """
    from generator.fine_grained import keeps_every_token, token_spans
    from generator.model import load_tokenizer, silence_transformers
    from generator.ppo_rollouts import Rollout, encode_part
    from generator.rewards import reward_of
    from generator.stepcoder import executed_tokens
    from multipl_e.executors import Executor

    silence_transformers()
    task = find_task(options)
    candidate = find_candidate(options, task)
    tokenizer = load_tokenizer(options.model)
    with Executor(workers=1, timeout=options.timeout, isolation=options.isolation) as executor:
        (verdict,) = executor.judge([(task, candidate)], coverage=True)
    if verdict is None:
        raise InfrastructureError(executor.failures[-1])
    ids = encode_part(tokenizer, candidate.text)
    rollout = Rollout(task, candidate, tuple(tokenizer(task.prompt)["input_ids"]), tuple(ids), True)
    mask = executed_tokens(tokenizer, rollout, verdict, 0)
    console = Console(highlight=False, soft_wrap=True)
    whole = " (no line counted: every token is kept)" if keeps_every_token(verdict) else ""
    console.print(
        f"{task.name} ({task.language}): {verdict.status}, reward {reward_of(verdict):+.1f}, "
        f"{sum(mask)} of {len(mask)} tokens executed{whole}",
        style="bold",
        markup=False,
    )
    pieces = token_texts(token_spans(tokenizer, rollout.prompt_ids, ids), candidate.text)
    console.print(Text(task.prompt, style="italic") + marked(pieces, mask, console.is_terminal))


def find_task(options: ShowMaskOptions) -> Task:
    """The task that the options name."""
    for task in iter_tasks(options.task):
        if options.name in (None, task.name) and options.language in (None, task.language):
            return task
    wanted = " ".join(word for word in (options.name, options.language) if word)
    raise UserError(f"{options.task} holds no task {wanted}".rstrip())


def find_candidate(options: ShowMaskOptions, task: Task) -> Candidate:
    """The candidate that the options name, as a completion of the task's prompt."""
    if options.candidate == CANONICAL:
        if task.canonical_solution is None:
            raise UserError(f"task {task.name} has no canonical solution; give a candidate's file")
        return Candidate(task.name, task.language, task.canonical_solution)
    path = Path(options.candidate)
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; give a text file or '{CANONICAL}'")
    if not path.name.endswith((".jsonl", ".jsonl.gz", ".parquet")):
        return Candidate(task.name, task.language, path.read_bytes().decode("utf-8", "replace"))
    for candidate in iter_candidates(path):
        if candidate.task_key == task.key and options.index in (None, candidate.index):
            if candidate.form != "completion":
                raise UserError(f"{path}: only completions of a prompt have tokens to show")
            return candidate
    raise UserError(f"{path} holds no such candidate of task {task.name} ({task.language})")


def token_texts(spans: Sequence[tuple[int, int]], text: str) -> list[str]:
    """What each token adds to the text; tokens that share a character add it once."""
    pieces, shown = [], 0
    for _, end in spans:
        pieces.append(text[shown:end])
        shown = max(shown, end)
    return pieces


def marked(pieces: Sequence[str], mask: Sequence[bool], is_terminal: bool) -> Text:
    """The text with what is masked dimmed, or between brackets where nothing can be dimmed."""
    shown = Text()
    for kept, group in groupby(zip(pieces, mask, strict=True), key=lambda pair: pair[1]):
        text = "".join(piece for piece, _ in group)
        if kept:
            shown.append(text)
        elif is_terminal:
            shown.append(text, style="dim strike")
        else:
            shown.append(f"[-{text}-]")
    return shown


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    run_command(
        ShowMaskOptions,
        show_mask,
        prog="python -m generator.show_mask",
        description=DESCRIPTION,
        argv=argv,
    )


if __name__ == "__main__":
    main()
