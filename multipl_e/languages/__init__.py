"""Every language that programs can be judged in, one file each, found by its name here."""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil

from multipl_e.errors import UserError
from multipl_e.languages.base import Language, Program

_NOT_LANGUAGES = {"base", "answers"}


@functools.cache
def _registry() -> dict[str, Language]:
    found: dict[str, Language] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name not in _NOT_LANGUAGES and not module.ispkg:
            language = getattr(
                importlib.import_module(f"{__name__}.{module.name}"), "LANGUAGE", None
            )
            if isinstance(language, Language):
                found[language.name] = language
    return found


@functools.cache
def _names() -> dict[str, str]:
    return {
        alias.lower(): language.name
        for language in _registry().values()
        for alias in (*language.aliases, language.name)
    }


def language_names() -> list[str]:
    """Short names of all languages, sorted."""
    return sorted(_registry())


def get_language(name: str) -> Language:
    """The language of this name or alias.

    Raises:
        UserError: there is none.
    """
    short = _names().get(name.lower())
    if short is None:
        match = difflib.get_close_matches(name.lower(), list(_names()), n=1)
        hint = f" (did you mean {match[0]}?)" if match else ""
        raise UserError(
            f"unknown language {name!r}{hint}: choose from {', '.join(language_names())}"
        )
    return _registry()[short]


__all__ = ["Language", "Program", "get_language", "language_names"]
