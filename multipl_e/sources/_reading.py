"""What sources of published data sets share: rows from files or the Hub, and a choice of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from multipl_e.errors import UserError
from multipl_e.files import iter_rows
from multipl_e.records import Task

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_RETRIES = 1


def rows_of(
    place: Path | str, *, config: str | None = None, splits: Sequence[str] = ("test",)
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a file, of a folder in the Hub's layout, or of a data set on the Hub.

    Args:
        place: A file (.jsonl, .jsonl.gz, .parquet, .json), a folder, or the Hub's ``owner/name``.
        config: The data set's configuration, for the last two.
        splits: The Hub's names of the splits to read, for the last two.

    Returns:
        Rows with the words that say where each stands.

    Raises:
        UserError: they cannot be had, with the remedy.
    """
    if Path(place).is_file():
        yield from iter_rows(place)
    elif Path(place).is_dir() or _HUB_NAME.fullmatch(str(place)):
        for split in splits:
            for number, row in enumerate(_dataset(str(place), config, split), start=1):
                yield f"{place} ({config or 'default'}, {split}), row {number}", dict(row)
    else:
        raise UserError(f"{place}: there is no such file or folder")


def config_names(place: Path | str) -> list[str]:
    """Configurations of a data set, in a folder or on the Hub.

    Raises:
        UserError: they cannot be had, with the remedy.
    """
    import datasets

    _few_words()
    try:
        return list(
            datasets.get_dataset_config_names(
                str(place), download_config=datasets.DownloadConfig(max_retries=_RETRIES)
            )
        )
    except Exception as error:  # the Hub's client raises errors of half a dozen libraries
        raise _unreachable(str(place), error) from error


def selected(
    tasks: Iterable[Task],
    *,
    split: str | None,
    languages: Sequence[str] | None,
    num_tasks: int | None,
    place: Path | str,
) -> list[Task]:
    """The tasks of a split and of languages, of the first so many problems.

    Raises:
        UserError: there is none.
    """
    found = [
        task
        for task in tasks
        if split in (None, task.split) and (languages is None or task.language in languages)
    ]
    if not found:
        wanted = " ".join(filter(None, [split, *(languages or ())])) or "any"
        raise UserError(f"{place} holds no task of what was asked for ({wanted})")
    if num_tasks is None:
        return found
    kept = set(list(dict.fromkeys(task.name for task in found))[:num_tasks])
    return [task for task in found if task.name in kept]


def _dataset(place: str, config: str | None, split: str) -> Iterable[dict[str, Any]]:
    import datasets

    _few_words()
    try:
        rows: Iterable[dict[str, Any]] = datasets.load_dataset(
            place,
            config,
            split=split,
            download_config=datasets.DownloadConfig(max_retries=_RETRIES),
        )
    except Exception as error:  # the Hub's client raises errors of half a dozen libraries
        raise _unreachable(place, error) from error
    return rows


def _unreachable(place: str, error: Exception) -> UserError:
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200].rstrip(".")
    if Path(place).is_dir():
        return UserError(f"{place}: no data set in the Hub's layout is readable there ({said})")
    return UserError(
        f"{place}: cannot be read from the Hugging Face Hub ({said}); check the name and the"
        " network, or download it and give the file or folder with --path"
    )


def _few_words() -> None:
    import datasets

    datasets.disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    logging.getLogger("datasets").setLevel(logging.ERROR)
