"""What a result file says of where and how it was measured."""

from __future__ import annotations

import datetime
import os
import platform
import re
import shlex
import sys
from pathlib import Path
from typing import Any

from loop.environment import commit


def provenance() -> dict[str, Any]:
    """Date, machine, command and commit; no path of the machine."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {
            "cores": os.cpu_count(),
            "cpu": _cpu_model(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "system": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
        },
        "command": command_line(sys.argv),
        "commit": commit(),
    }


def command_line(argv: list[str]) -> str:
    """The command as it was given, less the folders of this machine before a file's name."""
    words = [re.sub(r"(^|=)/(?:[^/]+/)*", r"\1", word) for word in argv[1:]]
    return shlex.join(["python", f"benchmarks/{Path(argv[0]).name}", *words])


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), "")
