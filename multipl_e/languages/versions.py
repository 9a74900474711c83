"""What toolchains say of their version, asked once for as long as their files stay the same."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from multipl_e.files import user_cache, write_json
from multipl_e.languages.base import first_line


def version_line(*command: str) -> str:
    """First line that a version command prints, from the user's cache where it is known.

    It counts as known for the very file that the command's name leads to, by its size and time of
    change. For commands only whose answer lies in that file.
    """
    try:
        found = os.stat(command[0])
    except OSError:
        return first_line(*command)
    file = (os.path.realpath(command[0]), found.st_size, found.st_mtime_ns, *command[1:])
    place, key = user_cache() / "versions.json", json.dumps(file)
    known = _known(place)
    if key in known:
        return known[key]
    line = first_line(*command)
    if line != "?":
        # A cache that cannot be written is done without.
        with suppress(OSError):
            write_json(place, {**known, key: line})
    return line


def _known(place: Path) -> dict[str, str]:
    try:
        known = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
