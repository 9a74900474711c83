"""Running foreign programs safely and saying honestly whether their tests passed."""

from __future__ import annotations

from dataclasses import dataclass

from multipl_e.executors.executor import Executor
from multipl_e.languages import get_language, language_names
from multipl_e.sandbox import Isolation, check_isolation


@dataclass(frozen=True)
class LanguageStatus:
    """Whether a language can run here.

    Attributes:
        name: Short name.
        title: The name people use.
        available: Whether its toolchain was found.
        version: What the toolchain says of itself.
        package: What to install if it is missing.
        verified: Whether the toolchain was ever tried with this code.
    """

    name: str
    title: str
    available: bool
    version: str
    package: str
    verified: bool


def available_languages() -> dict[str, LanguageStatus]:
    """Every language by short name, with its toolchain or the package that is missing."""
    found = {}
    for name in language_names():
        language = get_language(name)
        toolchain = language.toolchain
        found[name] = LanguageStatus(
            name,
            language.title,
            toolchain is not None,
            toolchain.version if toolchain else "",
            language.package,
            language.verified,
        )
    return found


__all__ = ["Executor", "Isolation", "LanguageStatus", "available_languages", "check_isolation"]
