"""The tasks of a run: from a source, in the languages that can run here, split three ways."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from loop.config import RunConfig, TasksConfig
from multipl_e.errors import UserError
from multipl_e.executors import available_languages
from multipl_e.progress import say
from multipl_e.records import Split, Task
from multipl_e.sources import load_tasks

SPLITS: tuple[Split, ...] = ("train", "valid", "test")

# Of a file that names no splits, by a hash of each task's name: shares of valid and test.
VALID_SHARE, TEST_SHARE = 0.1, 0.3


def usable_languages(config: RunConfig) -> RunConfig:
    """The configuration without the languages whose toolchain is missing here (says so).

    Raises:
        UserError: If none is left.
    """
    if config.generator.recorded_verdicts:
        return config
    found = available_languages()
    wanted, kept = config.tasks.languages, []
    for name in wanted:
        if name not in found:
            raise UserError(
                f"--tasks.languages: '{name}' is not known here; choose from {', '.join(found)}"
            )
        if found[name].available:
            kept.append(name)
        else:
            say(f"{name} is left out: install {found[name].package} to run {found[name].title}")
    if not kept:
        raise UserError(f"none of {', '.join(wanted)} can run here; see python -m multipl_e.doctor")
    return dataclasses.replace(config, tasks=dataclasses.replace(config.tasks, languages=kept))


def load_run_tasks(config: RunConfig) -> list[Task]:
    """The run's tasks in the order train, valid, test.

    Raises:
        UserError: If the source has none of a split.
    """
    options = config.tasks
    tasks = _katas(options, config.seed) if options.source == "katas" else _from_source(options)
    for split in SPLITS:
        if not any(task.split == split for task in tasks):
            raise UserError(
                f"the source '{options.source}' has no {split} tasks in "
                f"{', '.join(options.languages)}; the loop needs train, valid and test"
            )
    return tasks


def _katas(options: TasksConfig, seed: int) -> list[Task]:
    sizes = {"train": options.num_train, "valid": options.num_valid, "test": options.num_test}
    return [
        task
        for split in SPLITS
        for task in load_tasks(
            "katas",
            split=split,
            languages=options.languages,
            num_tasks=sizes[split],
            seed=seed,
            depths=tuple(options.depths),
            novel_share=options.novel_share,
            novel_operations=options.novel_operations,
            alternate_languages=True,
        )
    ]


def _from_source(options: TasksConfig) -> list[Task]:
    extra = {"path": options.file} if options.file else {}
    tasks = load_tasks(options.source, languages=options.languages, **extra)
    if len({task.split for task in tasks}) < len(SPLITS):
        tasks = [dataclasses.replace(task, split=split_by_name(task.name)) for task in tasks]
    sizes = {"train": options.num_train, "valid": options.num_valid, "test": options.num_test}
    return [task for split in SPLITS for task in _first(tasks, split, sizes[split])]


def _first(tasks: Sequence[Task], split: Split, limit: int) -> list[Task]:
    return [task for task in tasks if task.split == split][:limit]


def split_by_name(name: str) -> Split:
    """A stable split for a task whose file names none; the same in every language."""
    digest = hashlib.sha256(name.encode()).digest()
    position = int.from_bytes(digest[:4], "big") / 2**32
    if position < TEST_SHARE:
        return "test"
    return "valid" if position < TEST_SHARE + VALID_SHARE else "train"
