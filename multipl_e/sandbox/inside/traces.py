"""Tracebacks of programs, without the frames of what judges them."""

from __future__ import annotations

import traceback

_OURS = "/inside/"


def format_trace(error: BaseException, limit: int | None = None) -> str:
    """The traceback of an exception, its causes included, each with its last `limit` frames.

    Frames of this folder are left out before anything is read of their source, which would take
    longer than most programs do.
    """
    shown = traceback.TracebackException.from_exception(error, lookup_lines=False)
    chain = [shown]
    for link in chain:
        frames = [frame for frame in link.stack if _OURS not in frame.filename]
        link.stack[:] = frames[-limit:] if limit else frames
        chain += [other for other in (link.__cause__, link.__context__) if other is not None]
    return "".join(shown.format())
