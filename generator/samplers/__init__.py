"""Samplers: where candidates come from. A sampler is one file of this package.

A sampler is found by its name; its file (and what that imports) is loaded when it is asked for.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Sequence
from typing import Protocol

from multipl_e.errors import UserError
from multipl_e.records import Candidate, Task


class Sampler(Protocol):
    """Draws candidate programs for tasks."""

    def sample(
        self,
        tasks: Sequence[Task],
        num_candidates: int,
        *,
        seed: int,
        round: int = 0,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Candidate]:
        """Draw `num_candidates` for each task, grouped in task order, index 0 to N - 1.

        Args:
            tasks: The tasks.
            num_candidates: Candidates per task.
            seed: The same seed gives the same candidates.
            round: Recorded in the candidates; another round draws others.
            on_done: Called with the number of candidates drawn since the last call.
        """
        ...


# name -> "module:class"
_SAMPLERS = {
    "transformers": "generator.samplers.transformers:TransformersSampler",
    "replay": "generator.samplers.replay:ReplaySampler",
}


def sampler_names() -> tuple[str, ...]:
    """The names `get_sampler` knows."""
    return tuple(sorted(_SAMPLERS))


def get_sampler(name: str) -> type[Sampler]:
    """The class of a sampler.

    Raises:
        UserError: for an unknown name, or one whose package is not installed.
    """
    if name not in _SAMPLERS:
        close = difflib.get_close_matches(name, _SAMPLERS, n=1, cutoff=0.5)
        hint = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(_SAMPLERS)}"
        raise UserError(f"there is no sampler '{name}'; {hint}")
    module, _, class_name = _SAMPLERS[name].partition(":")
    try:
        found: type[Sampler] = getattr(importlib.import_module(module), class_name)
    except ModuleNotFoundError as error:
        raise UserError(f"the sampler '{name}' needs the package '{error.name}'") from error
    return found
