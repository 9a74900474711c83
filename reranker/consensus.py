"""Agreement among candidates: scores that know no hidden test.

Wrong programs are wrong in many ways, right ones agree. Three forms of that idea: candidates that
are the same program, that pass the same model-written tests (dual agreement), and that return the
same values (minimum Bayes risk).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multipl_e.syntax import normalised_ast

Floats = NDArray[np.float64]


def frequency(texts: Sequence[str], language: str) -> Floats:
    """How many of the programs are the same, up to white space, comments and local names."""
    forms = [_form(text, language) for text in texts]
    counts = Counter(forms)
    return np.array([counts[form] for form in forms], np.float64)


# Curves compare the same candidates in hundreds of subsets.
_form = lru_cache(maxsize=1 << 14)(normalised_ast)


def dual_agreement(held: NDArray[np.bool_], counts: ArrayLike, exponent: float = 1.0) -> Floats:
    """CodeT's score of each candidate (Chen et al. 2022, arXiv 2207.10397, section 2.3).

    Candidates that pass the same tests are a group, worth ``|candidates|^exponent × |tests|``:
    agreement among the programs, and of the programs with the tests.

    Args:
        held: (candidates, tests) whether the candidate passes the test.
        counts: (tests,) how often each test was written; ones to count each test once.
        exponent: 1 is the paper's form; 0.5 damps large groups of the same mistake.

    Returns:
        (candidates,)
    """
    if not held.shape[1]:
        return np.zeros(len(held))
    rows = [row.tobytes() for row in np.ascontiguousarray(held)]
    sizes = Counter(rows)
    size_n = np.array([sizes[row] for row in rows], np.float64)
    return size_n**exponent * (held @ np.asarray(counts, np.float64))


def exact_agreement(values: Sequence[Sequence[str | None]]) -> Floats:
    """Number of candidates that return the same on every call (Shi et al. 2022, arXiv 2204.11454).

    This is minimum Bayes risk with the loss "differs on some input". One that answers nothing
    agrees with nobody, itself included.

    Args:
        values: Per candidate and call, what was returned; None for an error.
    """
    rows = [tuple(row) for row in values]
    counts = Counter(rows)
    return np.array([counts[row] if any(row) else 0 for row in rows], np.float64)


def mean_agreement(values: Sequence[Sequence[str | None]]) -> Floats:
    """Mean number of candidates that return the same on a call: the loss counts differing inputs.

    Arguments as in `exact_agreement`.
    """
    total = np.zeros(len(values))
    for column in zip(*values, strict=True):
        counts = Counter(column)
        total += [0 if value is None else counts[value] for value in column]
    return total / max(1, len(values[0]) if values else 0)
