"""JavaScript: right is OK, wrong is not, and no trick turns wrong into OK."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from multipl_e.executors import Executor
from multipl_e.languages import get_language
from multipl_e.records import Verdict

_spec = importlib.util.spec_from_file_location("judging", Path(__file__).with_name("judging.py"))
assert _spec and _spec.loader
judging = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(judging)

pytestmark = pytest.mark.skipif(
    get_language("js").toolchain is None, reason="the toolchain of JavaScript is missing"
)


def wrapped(*lines: str, entry: str = "add") -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return (
        f"const assert = require('node:assert');\nfunction test() {{\n  let candidate = {entry};\n"
        f"{body}}}\ntest();\n"
    )


ADD = wrapped(
    "assert.deepEqual(candidate(1, 2), 3);",
    "assert.deepEqual(candidate(2, 2), 4);",
    "assert.deepEqual(candidate(5, -5), 0);",
)


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=1, timeout=12) as executor:
        yield executor


def run(executor: Executor, code: str, tests: str = ADD, **options: object) -> Verdict:
    verdict: Verdict = judging.judge(executor, "js", code, tests, **options)
    return verdict


CHEATS = judging.programs("js")["CHEATS"]


@pytest.mark.parametrize("code", CHEATS.values(), ids=CHEATS.keys())
def test_no_trick_counts_as_a_passed_assertion(executor: Executor, code: str) -> None:
    assert run(executor, code).tests_passed in (0, None)


def test_the_judge_is_not_changed_by_a_trick(executor: Executor) -> None:
    run(executor, CHEATS["patched prototypes"] + "// again")
    assert run(executor, "function add(a, b) { return a + b; } // after").status == "OK"


def test_what_does_not_parse_is_not_started(executor: Executor) -> None:
    verdict = run(executor, "process.stderr.write('started');\nfunction add(a, b { return a + b; }")
    assert (verdict.status, verdict.seconds) == ("SyntaxError", 0.0)
    assert "started" not in verdict.stderr
    assert (verdict.tests_passed, verdict.tests_total) == (0, 3)


def test_an_early_exit_with_code_zero_is_incomplete(executor: Executor) -> None:
    verdict = run(executor, CHEATS["exit in the function"])
    assert (verdict.status, verdict.exit_code) == ("Incomplete", 0)


def test_passed_and_total_count_assertions(executor: Executor) -> None:
    half = run(executor, "function add(a, b) { return Math.abs(a) + Math.abs(b); }")
    assert (half.tests_passed, half.tests_total) == (2, 3)


@pytest.mark.parametrize("text", ["'ERROR FAIL'", "'x'.repeat(3e6)", "'\\x00\\ud800'"])
def test_what_a_program_prints_does_not_matter(executor: Executor, text: str) -> None:
    code = f"function add(a, b) {{ console.log({text}); console.error({text}); return a + b; }}"
    assert run(executor, code).status == "OK"


VALUES = [
    "[1, [2.5, 'x'], { a: [null, undefined] }, true]",
    "NaN",
    "-Infinity",
    "10n ** 30n",
    "new Map([['k', [1]]])",
    "new Set([1, 'b'])",
    "new Date(5)",
    "/a+/gi",
    "'\\ud800'",
    "new Uint8Array([1, 2])",
]


@pytest.mark.parametrize("value", VALUES)
def test_plain_values_come_through_as_they_are(executor: Executor, value: str) -> None:
    code = (
        "const a = require('assert');\n"
        f"function f(x) {{ a.deepStrictEqual(x, {value}); return {value}; }}"
    )
    tests = wrapped(f"assert.deepStrictEqual(candidate({value}), {value});", entry="f")
    assert run(executor, code, tests).status == "OK"


def test_changes_of_arguments_are_seen_by_the_tests(executor: Executor) -> None:
    tests = wrapped("const x = [3, 1, 2]; candidate(x); assert.deepEqual(x, [1, 2, 3]);", entry="f")
    assert run(executor, "function f(x) { x.sort(); }", tests).status == "OK"


def test_functions_cross_the_line_both_ways(executor: Executor) -> None:
    code = "function f(g) { return (x) => g(g(x)); }"
    tests = wrapped("assert.deepEqual(candidate((x) => x + 1)(1), 3);", entry="f")
    assert run(executor, code, tests).status == "OK"


def test_classes_of_the_program_can_be_used_by_the_tests(executor: Executor) -> None:
    code = (
        "class Stack { constructor(...items) { this.items = items; }\n"
        "push(x) { this.items.push(x); return this.items.length; } }"
    )
    tests = wrapped(
        "const s = new candidate(1); assert.deepEqual(s.push(5), 2);",
        "assert.deepEqual(s.items[0], 1);",
        entry="Stack",
    )
    assert run(executor, code, tests).status == "OK"


def test_thrown_errors_can_be_expected(executor: Executor) -> None:
    code = "function f(x) { if (x) throw new RangeError('bad'); throw new Error('other'); }"
    tests = wrapped(
        "assert.throws(() => candidate(1), RangeError);",
        "assert.throws(() => candidate(0), { message: 'other' });",
        entry="f",
    )
    assert run(executor, code, tests).status == "OK"


def test_promises_can_be_awaited(executor: Executor) -> None:
    code = "async function f(x) { await new Promise((r) => setTimeout(r, 5)); return x + 1; }"
    tests = (
        "const assert = require('node:assert');\nasync function test() {\n"
        "  assert.equal(await f(1), WANTED);\n}\ntest();\n"
    )
    assert run(executor, code, tests.replace("WANTED", "2")).status == "OK"
    assert run(executor, code, tests.replace("WANTED", "3")).status == "Exception"


def test_executed_lines(executor: Executor) -> None:
    code = "function add(a, b) {\n  if (a > 100) {\n    return 0;\n  }\n  return a + b;\n}\n"
    assert run(executor, code, coverage=True).executed_lines == (1, 2, 5)


@pytest.mark.shared
@pytest.mark.parametrize("kind", ["verdicts", "twins"])
def test_agrees_with_the_reference_except_on_early_exits(shared_data: Path, kind: str) -> None:
    rows = judging.reference_rows(shared_data, "js", kind)
    with Executor(timeout=5) as executor:
        verdicts = executor.judge([(task, candidate) for task, candidate, _ in rows])
    for (_, _, row), verdict in zip(rows, verdicts, strict=True):
        expected = row["status"] == "OK" and row.get("kind") != "early-exit"
        assert verdict is not None and verdict.passed == expected, (row["name"], verdict)
