"""Tracebacks of programs, without the frames of what judges them."""

from __future__ import annotations

import os
import traceback

_OURS = os.path.dirname(__file__) + os.sep


def format_trace(error: BaseException, limit: int | None = None) -> str:
    """The traceback of an exception, with those that it holds or was raised from.

    Frames of this folder are left out before anything is read of their source, which would take
    longer than most programs do. Of each exception's frames the last `limit` are shown.
    """
    shown = traceback.TracebackException.from_exception(error, lookup_lines=False)
    chain = [shown]
    for link in chain:
        frames = [frame for frame in link.stack if not frame.filename.startswith(_OURS)]
        link.stack[:] = frames[-limit:] if limit else frames
        others = (link.__cause__, link.__context__, *(link.exceptions or ()))
        chain += [other for other in others if other is not None]
    return "".join(shown.format())
