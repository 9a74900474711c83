"""Which lines of the candidate ran, kept in memory that outlives the candidate."""

from __future__ import annotations

import mmap
import sys
import threading
import types
from collections.abc import Callable
from typing import Any


def trace_into(lines: mmap.mmap, filename: str) -> Callable[[bool], None]:
    """A switch that marks byte n of `lines` when line n of `filename` runs.

    Uses ``sys.monitoring`` where the interpreter has it (3.12; each line costs once), else
    ``sys.settrace``.
    """
    size = len(lines)
    if sys.version_info >= (3, 12):
        monitoring = sys.monitoring
        tool = monitoring.COVERAGE_ID

        def on_line(code: types.CodeType, line: int) -> Any:
            if code.co_filename == filename and line < size:
                lines[line] = 1
            return monitoring.DISABLE

        def switch(on: bool) -> None:
            monitoring.use_tool_id(tool, "coverage")
            monitoring.register_callback(tool, monitoring.events.LINE, on_line)
            monitoring.set_events(tool, monitoring.events.LINE)

        return switch

    def local(frame: types.FrameType, event: str, argument: Any) -> Any:
        if event == "line" and frame.f_lineno < size:
            lines[frame.f_lineno] = 1
        return local

    def trace(frame: types.FrameType, event: str, argument: Any) -> Any:
        return local if frame.f_code.co_filename == filename else None

    def switch_on(on: bool) -> None:
        sys.settrace(trace)
        threading.settrace(trace)

    return switch_on
