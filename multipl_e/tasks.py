"""``python -m multipl_e.tasks``: write the tasks of a source to a file."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from multipl_e.cli import run_command
from multipl_e.errors import UserError
from multipl_e.progress import say
from multipl_e.records import Task
from multipl_e.sources import load_tasks
from multipl_e.tables import write_tasks

PROG = "python -m multipl_e.tasks"
DESCRIPTION = """Write the tasks of a source as MultiPL-E rows.

  python -m multipl_e.tasks --source katas --split test --language js --output katas.jsonl
  python -m multipl_e.tasks --source hub --dataset mbpp --language rs --output mbpp-rs.jsonl
  python -m multipl_e.tasks --source evalplus --path HumanEvalPlus.jsonl.gz --output plus.jsonl
  python -m multipl_e.tasks --source jsonl --path humaneval-js.jsonl --output tasks.parquet"""


@dataclass(frozen=True)
class TasksOptions:
    """What to export.

    Attributes:
        output: File to write: .jsonl, .jsonl.gz or .parquet.
        source: Where the tasks come from: katas, hub, humaneval, mbpp, evalplus, jsonl ….
        split: Only this split; all if left out.
        language: MultiPL-E's short names (py,js); may be repeated; all if left out.
        num_tasks: Number of problems (each is written in every language).
        operations: Katas: core operations only, a novel one in each, or all mixed.
        novel_share: Katas: share of tasks that hold a novel operation.
        depths: Katas: numbers of steps to choose from, 1 to 4.
        seed: Katas: what they are drawn with.
        path: The file or folder to read, or owner/name on the Hugging Face Hub.
        dataset: Hub: which of MultiPL-E's two data sets.
    """

    output: Path
    source: str = "katas"
    split: Literal["train", "valid", "test"] | None = None
    language: list[str] | None = None
    num_tasks: int | None = None
    operations: Literal["core", "novel", "all"] | None = None
    novel_share: float | None = None
    depths: list[int] | None = None
    seed: int | None = None
    path: Path | None = None
    dataset: Literal["humaneval", "mbpp"] | None = None


def export(options: TasksOptions) -> None:
    """Load the tasks and write them; prints one line about what was written."""
    if options.num_tasks is not None and options.num_tasks < 1:
        raise UserError(f"--num-tasks must be 1 or more, not {options.num_tasks}")
    given = {
        name: getattr(options, name)
        for name in ("num_tasks", "operations", "novel_share", "depths", "seed", "path", "dataset")
        if getattr(options, name) is not None
    }
    tasks = load_tasks(options.source, split=options.split, languages=options.language, **given)
    write_tasks(options.output, tasks)
    say(summary(tasks, options.output))


def summary(tasks: Sequence[Task], output: Path) -> str:
    """How many problems of which languages and splits there are, in one line."""
    languages = Counter(task.language for task in tasks)
    splits: Counter[str] = Counter(task.split for task in tasks)
    return (
        f"{len({task.name for task in tasks})} problems, {len(tasks)} rows "
        f"({_counts(languages)}; {_counts(splits)}) in {output}"
    )


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.items())


def merge_repeated(argv: Sequence[str], option: str) -> list[str]:
    """``--language py --language js`` as ``--language py,js``."""
    rest: list[str] = []
    values: list[str] = []
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if name != option:
            rest.append(word)
        elif equals or ((value := next(words, "")) and not value.startswith("--")):
            values.append(value)
        else:
            return list(argv)  # A missing value: the parser says so.
    return [*rest, option, ",".join(values)] if values else rest


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """The command line."""
    words = merge_repeated(sys.argv[1:] if argv is None else argv, "--language")
    run_command(TasksOptions, export, prog=PROG, description=DESCRIPTION, argv=words)


if __name__ == "__main__":
    main()
