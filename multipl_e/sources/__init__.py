"""Where tasks come from: one file (or package) per source.

A source is a module of this package with a function ``load(*, split, languages, **options) ->
list[Task]``; its name is the module's, with hyphens for underscores. Adding the file adds the
source, here and on the command line; a module whose name begins with an underscore is none.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any

from multipl_e.errors import UserError
from multipl_e.records import Task

__all__ = ["load_tasks", "source_names", "source_options"]

Load = Callable[..., list[Task]]


def source_names() -> list[str]:
    """Names of the sources there are, sorted."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in modules if not name.startswith("_"))


def source_options(source: str) -> list[str]:
    """Names of the options that a source takes besides the split and the languages.

    Raises:
        UserError: There is no such source.
    """
    taken = inspect.signature(_loader(source)).parameters
    return [name for name in taken if name not in ("split", "languages")]


def load_tasks(
    source: str,
    *,
    split: str | None = None,
    languages: Sequence[str] | None = None,
    **options: Any,
) -> list[Task]:
    """Tasks of a source.

    Args:
        source: The source's name, such as ``katas`` or ``jsonl``.
        split: train, valid or test; None for all.
        languages: Names of languages (short, or an alias); None for all that the source has.
        options: What the source itself takes (``num_tasks``, ``path`` …).

    Raises:
        UserError: There is no such source, no such language, it does not take an
            option, or it cannot be read.
    """
    from multipl_e.languages import get_language

    load = _loader(source)
    known = source_options(source)
    for name in options:
        if name not in known:
            raise UserError(
                f"the source {source} takes no option {name}; it takes {', '.join(known) or 'none'}"
            )
    short = None if languages is None else [get_language(name).name for name in languages]
    return load(split=split, languages=short, **options)


def _loader(source: str) -> Load:
    names = source_names()
    if source not in names:
        close = difflib.get_close_matches(source, names, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UserError(f"there is no task source {source!r}; {hint}there are {', '.join(names)}")
    module = importlib.import_module(f"{__name__}.{source.replace('-', '_')}")
    load: Load = module.load
    return load
