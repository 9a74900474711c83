"""What is made once per version of a toolchain and kept in the user's cache: compiled judges,
precompiled headers."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from multipl_e import sandbox
from multipl_e.files import user_cache

# The judges' sources, as they are on this machine.
JUDGES = Path(sandbox.__file__).parent / "inside"


def prepared(name: str, version: str, make: Callable[[Path], None], *sources: Path) -> Path | None:
    """A folder that `make` has filled, now or at an earlier time; None where it cannot.

    Args:
        name: What it is for.
        version: Of the toolchain; another one gets another folder.
        make: Fills the folder that it is given; raises OSError or SubprocessError if it cannot.
        sources: Files whose contents it depends on.
    """
    digest = hashlib.sha256(version.encode() + b"".join(path.read_bytes() for path in sources))
    label = re.sub(r"[^\w.-]+", "-", f"{name}-{version}")[:80]
    folder = user_cache() / "prepared" / f"{label}-{digest.hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            made = Path(place, "made")
            made.mkdir(mode=0o755)
            make(made)
            for path in made.rglob("*"):  # the sandbox's user reads them
                path.chmod(0o755 if path.is_dir() else 0o644)
            try:
                made.rename(folder)
            except OSError:  # another process was faster
                return folder if folder.is_dir() else None
    except (OSError, subprocess.SubprocessError):
        return None
    return folder


def compile_once(*command: str, cwd: Path | None = None) -> None:
    """Run a compiler.

    Raises:
        SubprocessError: it failed.
    """
    subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=cwd)


# No language by itself.
LANGUAGE = None
