"""MultiPL-E's own translations of HumanEval and MBPP: ``nuprl/MultiPL-E`` on the Hugging Face Hub.

A configuration is a data set and a language, such as ``humaneval-js`` or ``mbpp-rs``; all rows are
test tasks. A folder in the Hub's layout is read the same way, without a network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from multipl_e.errors import UserError
from multipl_e.languages import get_language
from multipl_e.records import Task
from multipl_e.rows import Fields, task_of
from multipl_e.sources._reading import config_names, rows_of, selected

REPOSITORY = "nuprl/MultiPL-E"


def load(
    *,
    split: str | None,
    languages: Sequence[str] | None,
    path: Path | str | None = None,
    dataset: Literal["humaneval", "mbpp"] = "humaneval",
    num_tasks: int | None = None,
) -> list[Task]:
    """The tasks in the languages asked for, language by language.

    Args:
        split: There are test tasks only.
        languages: Short names; None for all that the data set has.
        path: A folder in the Hub's layout, or another ``owner/name``.
        dataset: What was translated.
        num_tasks: Keep the first so many problems.

    Raises:
        UserError: the data set cannot be read, or has none of the languages.
    """
    place = path or REPOSITORY
    tasks = _tasks(place, dataset, languages)
    return selected(tasks, split=split, languages=languages, num_tasks=num_tasks, place=place)


def _tasks(place: Path | str, dataset: str, languages: Sequence[str] | None) -> Iterator[Task]:
    if languages is None or Path(place).is_dir():
        known = _configs(place, f"{dataset}-")
        missing = [name for name in languages or () if name not in known]
        if missing:
            raise UserError(
                f"{place} has no {dataset} in {', '.join(missing)}; there are"
                f" {', '.join(known) or 'none'}"
                + ("; Python's originals: --source humaneval or mbpp" if "py" in missing else "")
            )
        configs = [known[name] for name in languages or known]
    else:
        configs = [f"{dataset}-{name}" for name in languages]
    for config in configs:
        folder = Path(place) / config
        rows = rows_of(folder) if folder.is_dir() else rows_of(place, config=config)
        for where, row in rows:
            yield task_of(Fields(row, where))


def _configs(place: Path | str, prefix: str) -> dict[str, str]:
    """Configurations by the short name of their language: folders, or what the card declares."""
    folders = [folder.name for folder in Path(place).glob(f"{prefix}*") if folder.is_dir()]
    names = sorted(name for name in folders or config_names(place) if name.startswith(prefix))
    return {get_language(name.removeprefix(prefix)).name: name for name in names}
