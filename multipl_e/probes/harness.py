"""One program that puts many probes to one Python candidate, and reads what came of each.

The probes run on the judging side, out of the candidate's sight, and print one word each. The only
thing that is added to the candidate is a wrapper round the function asked for, which ends a call
after a tenth of a second of CPU time: a candidate that tampers with it harms itself alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence

from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task, Verdict

CALL_SECONDS = 0.1
MOST_OVERDUE_CALLS = 3
HELD, FAILED = "+", "-"

# CPU time, so that a busy machine changes no answer. A nested call leaves the clock running.
_GUARD = """

def __limited__(name):
    import signal

    def overdue(number, frame):
        raise TimeoutError

    signal.signal(signal.SIGPROF, overdue)
    function = globals().get(name)
    left = [{most_overdue}]

    def limited(*args, **kwargs):
        if left[0] <= 0:
            raise TimeoutError
        signal.setitimer(signal.ITIMER_PROF, {seconds}, {seconds})
        try:
            return function(*args, **kwargs)
        except TimeoutError:
            left[0] -= 1
            raise
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    return limited

__limited_function__ = __limited__({name!r})
"""

_HARNESS = """
import hashlib
import json


def canonical(value):
    if isinstance(value, (bool, int, float)):
        return repr(int(value)) if value == value // 1 else repr(value)
    if isinstance(value, (list, tuple)):
        return type(value).__name__ + "(" + ",".join(map(canonical, value)) + ")"
    if isinstance(value, (set, frozenset)):
        return "set(" + ",".join(sorted(map(canonical, value))) + ")"
    if isinstance(value, dict):
        pairs = sorted(canonical(k) + ":" + canonical(v) for k, v in value.items())
        return "dict(" + ",".join(pairs) + ")"
    return type(value).__name__ + repr(value)


def answer(kind, source):
    names = {{{name!r}: __limited_function__}}
    try:
        if kind == "assertion":
            exec(compile(source, "probe", "exec"), names)
            return {held!r}
        value = eval(compile(source, "probe", "eval"), names)
        return hashlib.sha256(canonical(value).encode()).hexdigest()[:12]
    except Exception:
        return {failed!r}


print({mark!r})
for kind, source in json.loads({probes!r}):
    print(answer(kind, source))
"""


def program_of(
    task: Task, candidate: Candidate, assertions: Sequence[str], calls: Sequence[str]
) -> tuple[Task, Candidate]:
    """The probes as tests, and the candidate with the wrapper behind it."""
    language = get_language(task.language)
    name = entry_point(task)
    code = language.assemble(task, candidate).code
    guard = _GUARD.format(name=name, seconds=CALL_SECONDS, most_overdue=MOST_OVERDUE_CALLS)
    probes = json.dumps([("assertion", a) for a in assertions] + [("call", c) for c in calls])
    tests = _HARNESS.format(
        name=name, held=HELD, failed=FAILED, probes=probes, mark=_mark(assertions, calls)
    )
    return (
        dataclasses.replace(task, tests=tests),
        dataclasses.replace(candidate, text=code + guard, form="solution"),
    )


def answers_in(
    verdict: Verdict, assertions: Sequence[str], calls: Sequence[str]
) -> tuple[list[bool], list[str | None]]:
    """Which assertions held, and a digest of each call's value (None for an error).

    Probes that a candidate did not live to answer count as failed.
    """
    _, _, printed = verdict.stdout.rpartition(_mark(assertions, calls) + "\n")
    words = printed.split() if printed != verdict.stdout else []
    words += [FAILED] * (len(assertions) + len(calls) - len(words))
    held = [word == HELD for word in words[: len(assertions)]]
    values = [None if word == FAILED else word for word in words[len(assertions) :]]
    return held, values


def entry_point(task: Task) -> str:
    """Name of the function that a task asks for; empty where it cannot be told."""
    return next(iter(get_language(task.language).entry_points(task)), "")


def _mark(assertions: Sequence[str], calls: Sequence[str]) -> str:
    # A candidate could print words of its own before ours; it cannot know the probes' digest.
    return hashlib.sha256(json.dumps([list(assertions), list(calls)]).encode()).hexdigest()[:24]
