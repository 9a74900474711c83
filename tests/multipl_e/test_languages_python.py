"""Python: right is OK, wrong is not, and no trick turns wrong into OK."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from multipl_e.executors import Executor
from multipl_e.languages.python import preamble
from multipl_e.records import Verdict

_spec = importlib.util.spec_from_file_location("judging", Path(__file__).with_name("judging.py"))
assert _spec and _spec.loader
judging = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(judging)

ADD = (
    "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(2, 2) == 4\n"
    "    assert candidate(5, -5) == 0\n\ncheck(add)\n"
)


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=1, timeout=3) as executor:
        yield executor


def run(executor: Executor, code: str, tests: str = ADD, **options: object) -> Verdict:
    verdict: Verdict = judging.judge(executor, "py", code, tests, **options)
    return verdict


def test_a_traceback_shows_the_program_and_the_tests_alone(executor: Executor) -> None:
    code = (
        "def add(x, y):\n    try:\n        return {}[x]\n"
        "    except KeyError as error:\n        raise ValueError('no') from error\n"
    )
    verdict = run(executor, code)
    for shown in ('"candidate.py", line 3', '"candidate.py", line 5', '"tests.py"', "KeyError: 1"):
        assert shown in verdict.stderr
    assert "/inside/" not in verdict.stderr


def test_so_does_the_traceback_of_a_group(executor: Executor) -> None:
    code = "def add(x, y):\n    raise ExceptionGroup('several', [ValueError('one')])\n"
    verdict = run(executor, code)
    assert '"candidate.py", line 2' in verdict.stderr
    assert "ValueError: one" in verdict.stderr
    assert "/inside/" not in verdict.stderr


CHEATS = judging.programs("py")["CHEATS"]


@pytest.mark.parametrize("code", CHEATS.values(), ids=CHEATS.keys())
def test_no_trick_counts_as_a_passed_assertion(executor: Executor, code: str) -> None:
    assert run(executor, code).tests_passed in (0, None)


def test_an_early_exit_with_code_zero_is_incomplete(executor: Executor) -> None:
    verdict = run(executor, CHEATS["hard exit in the function"])
    assert (verdict.status, verdict.exit_code) == ("Incomplete", 0)


def test_passed_and_total_count_assertions(executor: Executor) -> None:
    half = run(executor, "def add(a, b):\n    return abs(a) + abs(b)\n")
    assert (half.tests_passed, half.tests_total) == (2, 3)
    right = run(executor, "def add(a, b):\n    return a + b # all\n")
    assert (right.tests_passed, right.tests_total) == (3, 3)


def test_the_failing_assertion_is_shown(executor: Executor) -> None:
    assert "candidate(1, 2) == 3" in run(executor, "def add(a, b):\n    return 7\n").stderr


@pytest.mark.parametrize("text", ["ERROR FAIL Traceback", "x" * 5_000_000, "\x00\x01\udc80"])
def test_what_a_program_prints_does_not_matter(executor: Executor, text: str) -> None:
    shown = repr(text) if len(text) < 100 else "'x' * 5_000_000"
    code = f"import sys\ndef add(a, b):\n    print({shown}); print({shown}, file=sys.stderr)\n"
    assert run(executor, code + "    return a + b\n").status == "OK"


VALUES = [
    "[1, (2, 3), {'a': {4}}, frozenset({5}), None, True]",
    "float('inf')",
    "2 ** 200",
    "b'bytes'",
    "'\\ud800'",
    "complex(1, 2)",
    "range(3)",
    "collections.OrderedDict(a=1)",
    "collections.Counter('aab')",
    "collections.deque([1])",
    "decimal.Decimal('1.5')",
    "fractions.Fraction(1, 3)",
    "datetime.date(2020, 1, 2)",
]


@pytest.mark.parametrize("value", VALUES)
def test_plain_values_come_through_as_they_are(executor: Executor, value: str) -> None:
    imports = "import collections, datetime, decimal, fractions\n"
    code = f"{imports}def f(x):\n    return {value} if x == {value} else 0\n"
    tests = f"{imports}assert f({value}) == {value}\nassert type(f({value})) is type({value})\n"
    assert run(executor, code, tests).status == "OK"


def test_subclasses_of_plain_types_compare_by_what_they_hold(executor: Executor) -> None:
    code = (
        "import collections, enum\nP = collections.namedtuple('P', 'x y')\n"
        "class E(enum.IntEnum):\n    A = 1\n"
        "def f():\n    return [P(1, 2), E.A, collections.defaultdict(list, a=[1]), {1: 2}.keys()]\n"
    )
    assert run(executor, code, "assert f() == [(1, 2), 1, {'a': [1]}, {1}]\n").status == "OK"


def test_changes_of_arguments_are_seen_by_the_tests(executor: Executor) -> None:
    code = "def f(x, d):\n    x.sort(); d['k'] = 1\n"
    tests = "x, d = [3, 1, 2], {}\nf(x, d)\nassert x == [1, 2, 3]\nassert d == {'k': 1}\n"
    assert run(executor, code, tests).status == "OK"


def test_functions_and_iterators_cross_the_line_both_ways(executor: Executor) -> None:
    code = (
        "def twice(f):\n    return lambda x: f(f(x))\n"
        "def count(n):\n    for i in range(n):\n        yield i\n"
    )
    tests = "assert twice(lambda x: x + 1)(1) == 3\nassert list(count(3)) == [0, 1, 2]\n"
    assert run(executor, code, tests).status == "OK"


def test_objects_of_the_program_can_be_used_by_the_tests(executor: Executor) -> None:
    code = (
        "class Stack:\n    def __init__(self, *items): self.items = list(items)\n"
        "    def push(self, x): self.items.append(x); return self\n"
        "    def __len__(self): return len(self.items)\n"
        "    def __getitem__(self, i): return self.items[i]\n"
        "    def __eq__(self, other): return self.items == other.items\n"
    )
    tests = (
        "s = Stack(1)\ns.push(5)\nassert len(s) == 2\nassert s[1] == 5\nassert s.items == [1, 5]\n"
        "assert s == Stack(1, 5)\nassert s != Stack(2)\n"
    )
    assert run(executor, code, tests).status == "OK"


def test_exceptions_of_the_program_can_be_expected(executor: Executor) -> None:
    code = (
        "class Own(ValueError): pass\ndef f(x):\n    if x: raise Own('bad value')\n"
        "    raise KeyError('k')\n"
    )
    tests = (
        "for x, kind in ((1, ValueError), (0, KeyError)):\n    try:\n        f(x)\n"
        "    except kind:\n        pass\n    else:\n        assert False\n"
    )
    assert run(executor, code, tests).status == "OK"


def test_tests_of_what_is_printed_run_beside_the_program(executor: Executor) -> None:
    tests = (
        "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n"
        "    f()\nassert out.getvalue() == 'hi\\n'\n"
    )
    assert run(executor, "def f():\n    print('hi')\n", tests).status == "OK"
    assert run(executor, "def f():\n    print('ho')\n", tests).status == "Exception"
    early = run(executor, "import os\ndef f():\n    os._exit(0)\n", tests)
    assert early.status == "Incomplete"


HELPER = "import math\n\ndef poly(x):\n    return x * x - 4\n\ndef root():\n"


def test_helpers_of_the_prompt_are_the_tasks_own(executor: Executor) -> None:
    tests = "assert math.fabs(poly(root())) < 1e-9\n"
    assert run(executor, "    return 2.0\n", tests, prompt=HELPER).status == "OK"
    cheat = "    return 9.0\npoly = lambda x: 0\n"
    assert run(executor, cheat, tests, prompt=HELPER).status == "Exception"


def test_preamble_is_what_stands_before_the_last_function() -> None:
    assert preamble(HELPER).split("\n")[0] == "import math"
    assert "def poly" in preamble(HELPER) and "def root" not in preamble(HELPER)
    assert preamble("def f(:\n") == ""


def test_builtins_are_never_taken_from_the_program(executor: Executor) -> None:
    code = "abs = lambda x: 0\nsorted = lambda x: [1]\ndef f(): return 9\n"
    assert run(executor, code, "assert abs(f() - 1) < 0.1\n").status == "Exception"


def test_executed_lines(executor: Executor) -> None:
    code = "def add(a, b):\n    if a > 100:\n        return 0\n    return a + b\n"
    verdict = run(executor, code, coverage=True)
    assert verdict.executed_lines == (1, 2, 4)


@pytest.mark.parametrize("last", ["while True: pass", "import os; os._exit(0)"])
def test_executed_lines_of_a_program_that_does_not_end_well(executor: Executor, last: str) -> None:
    code = f"def add(a, b):\n    x = 1\n    {last}\n    return 3\n"
    assert run(executor, code, coverage=True).executed_lines == (1, 2, 3)


def test_one_program_does_not_see_what_another_left(executor: Executor) -> None:
    leave = (
        "import builtins, sys, math\nbuiltins.left = 1\nmath.left = 1\n"
        "def add(a, b):\n    return a + b\n"
    )
    look = (
        "import builtins, math\ndef add(a, b):\n"
        "    return hasattr(builtins, 'left') or hasattr(math, 'left')\n"
    )
    assert run(executor, leave).status == "OK"
    assert run(executor, look, "assert add(1, 2) == False\n").status == "OK"


@pytest.mark.shared
@pytest.mark.parametrize("kind", ["verdicts", "twins"])
def test_agrees_with_the_reference_except_on_early_exits(shared_data: Path, kind: str) -> None:
    rows = judging.reference_rows(shared_data, "py", kind)
    with Executor(timeout=5) as executor:
        verdicts = executor.judge([(task, candidate) for task, candidate, _ in rows])
    for (_, _, row), verdict in zip(rows, verdicts, strict=True):
        expected = row["status"] == "OK" and row.get("kind") != "early-exit"
        assert verdict is not None and verdict.passed == expected, (row["name"], verdict)
