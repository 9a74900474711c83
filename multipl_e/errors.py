"""One exception type per boundary.

A program that fails its tests is not an error: it is a `Verdict`. These are for everything else.
"""


class UserError(Exception):
    """A mistake of the person at the keyboard: one clear sentence that holds the remedy.

    Commands print it without a traceback and exit with code 2.
    """


class InfrastructureError(Exception):
    """A failure of ours while judging a program (no memory for the sandbox, a dead worker).

    Never scored as a failed program: it is retried, then reported and excluded.
    """
