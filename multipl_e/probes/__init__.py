"""Asking candidates questions other than their task's tests, to compare them with each other.

A probe is a text: an assertion, answered by whether it holds, or a call, answered by a digest of
what it returns. Nothing here knows a hidden test.
"""

from __future__ import annotations

from multipl_e.probes.assertions import WrittenTest, calls_of, written_tests
from multipl_e.probes.harness import entry_point
from multipl_e.probes.inputs import inputs_of
from multipl_e.probes.observe import Answers, Probed, ask, run_public_tests

__all__ = [
    "Answers",
    "Probed",
    "WrittenTest",
    "ask",
    "calls_of",
    "entry_point",
    "inputs_of",
    "run_public_tests",
    "written_tests",
]
