"""When an answer counts as the expected one; the rules in words are in docs/apps-plus.md.

The text of this module stands at the head of every task's tests, where the judge runs it: it
imports nothing, and knows nothing of the project.
"""

TOLERANCE = 1e-6


def same_value(got: object, want: object) -> bool:
    """Whether a returned value is the expected one; tuples count as lists, floats are rounded."""
    if isinstance(got, float) or isinstance(want, float):
        return isinstance(got, (int, float)) and isinstance(want, (int, float)) and close(got, want)
    if isinstance(got, (list, tuple)) and isinstance(want, (list, tuple)):
        return len(got) == len(want) and all(map(same_value, got, want))
    if isinstance(got, dict) and isinstance(want, dict):
        # JSON turns all keys into text.
        mine = {str(key): value for key, value in got.items()}
        theirs = {str(key): value for key, value in want.items()}
        return mine.keys() == theirs.keys() and all(same_value(mine[k], theirs[k]) for k in mine)
    return bool(got == want)


def same_text(got: str, want: str) -> bool:
    """Whether a printed text is the expected one, up to white space and rounding of floats."""
    mine = [words for line in got.splitlines() if (words := line.split())]
    theirs = [words for line in want.splitlines() if (words := line.split())]
    return len(mine) == len(theirs) and all(
        len(a) == len(b) and all(map(same_word, a, b)) for a, b in zip(mine, theirs, strict=True)
    )


def same_word(got: str, want: str) -> bool:
    """Whether two printed words are equal, or numbers within the tolerance, one with a point."""
    if got == want:
        return True
    if not any(mark in got + want for mark in ".eE"):
        return False
    try:
        return close(float(got), float(want))
    except ValueError:
        return False


def close(got: float, want: float) -> bool:
    """Whether two numbers differ by at most the tolerance, absolutely or relative to `want`."""
    return got == want or abs(got - want) <= TOLERANCE * max(1.0, abs(want))


def difference(given: object, want: object, got: object) -> str:
    """What a failed comparison says."""
    rows = (("given", given), ("expected", want), ("got", got))
    return "".join(f"\n{name}: {shortened(value)}" for name, value in rows)


def shortened(value: object) -> str:
    """A value's beginning, as code."""
    text = repr(value)
    return text if len(text) <= 400 else text[:400] + f"… ({len(text)} characters)"
