"""What a run ran on: versions, toolchains, the commit; for the record, never a secret."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from multipl_e.executors import available_languages

PACKAGES = ("torch", "transformers", "trl", "accelerate", "datasets", "scikit-learn", "pandas")


def describe_environment(languages: Sequence[str]) -> dict[str, Any]:
    """Versions of Python, packages and toolchains, the machine's size and the commit."""
    found = available_languages()
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": os.cpu_count(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "toolchains": {name: found[name].version for name in languages if name in found},
        "commit": commit(),
    }


def commit() -> str | None:
    """The commit of the source tree, with ``+`` if it has changes; None outside of git."""
    folder = Path(__file__).parent
    try:
        head = _git(folder, "rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git(folder, "status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
