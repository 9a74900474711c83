"""Rows in the exact form of codeparrot/apps: good ones of both kinds, and one of every defect."""

from __future__ import annotations

import json
from typing import Any

LEVELS = ("introductory", "interview", "competition")
Row = dict[str, Any]


def row(
    solution: str | None, inputs: Any, outputs: Any, *, fn_name: str | None = None, **other: Any
) -> Row:
    """A row; its number is set by `raw_rows`."""
    tests = {"inputs": inputs, "outputs": outputs} | ({"fn_name": fn_name} if fn_name else {})
    return {
        "problem_id": -1,
        "question": "Do what the tests want.",
        "solutions": json.dumps([solution]) if solution is not None else "",
        "input_output": json.dumps(tests),
        "difficulty": "introductory",
        "url": "https://example.com/problem",
        "starter_code": f"def {fn_name}(x):\n\t" if fn_name else "",
    } | other


def call(solution: str, inputs: Any = None, outputs: Any = None, **other: Any) -> Row:
    """A call-based row; by default it doubles a number."""
    return row(solution, inputs or [[2], [5]], outputs or [[4], [10]], fn_name="f", **other)


def script(solution: str, inputs: Any = None, outputs: Any = None) -> Row:
    """A row of a program on standard input; by default it doubles a number."""
    return row(solution, inputs or ["2\n", "5\n"], outputs or ["4\n", "10\n"])


DOUBLE = "def f(x):\n    return 2 * x\n"
PRINT_DOUBLE = "print(2 * int(input()))\n"

# What is kept, by what it shows.
GOOD = {
    "a function": call(DOUBLE),
    "tuples for lists": call("def f(x):\n    return (x, x)\n", [[1]], [[[1, 1]]]),
    "rounded floats": call("def f(x):\n    return x / 3\n", [[1]], [[0.33333333]]),
    "keys that JSON made text": call("def f(x):\n    return {x: 1}\n", [[7]], [[{"7": 1}]]),
    "unwrapped outputs": call("def f(x):\n    return [x, x]\n", [[1], [2]], [[1, 1], [2, 2]]),
    "text in and out": call("def f(x):\n    return x[::-1]\n", [["ab\\\n"]], [["\n\\ba"]]),
    "a lambda": call("f = lambda x: 2 * x\n"),
    "a method": call(
        "class Solution:\n    def f(self, x: List[int]) -> int:\n        return sum(x)\n",
        [[[1, 2]]],
        [[3]],
        starter_code="class Solution:\n    def f(self, x: List[int]) -> int:\n        ",
    ),
    "quotes in the question": call(DOUBLE, question='Say """x\\""" and C:\\new.'),
    "a script": script(PRINT_DOUBLE),
    "a global": script(
        "n = 0\ndef add(k):\n    global n\n    n += k\nx = int(input())\nadd(x)\nadd(x)\nprint(n)\n"
    ),
    "a starred import": script("from math import *\nprint(int(sqrt(int(input())) ** 2) * 2)\n",
                               ["4\n"], ["8\n"]),
    "sys.stdin": script("import sys\nfor line in sys.stdin:\n    print(2 * int(line))\n"),
    "open(0)": script("print(2 * int(open(0).read()))\n"),
    "an own input()": script("import sys\ninput = sys.stdin.readline\nprint(2 * int(input()))\n"),
    "an exit": script("import sys\nprint(2 * int(input()))\nsys.exit(0)\nprint('no')\n"),
    "a guard": script(
        "def main():\n    print(2 * int(input()))\n\nif __name__ == '__main__':\n    main()\n"
    ),
    "a thread": script(
        "import threading\ndef go():\n    print(2 * int(input()))\n"
        "threading.Thread(target=go).start()\n"
    ),
    "recursion": script(
        "import sys\nsys.setrecursionlimit(9999)\n"
        "def f(n):\n    return 0 if n == 0 else 2 + f(n - 1)\nprint(f(int(input())))\n"
    ),
    "a text of several lines": script("x = '''a\n  b\n'''\ninput()\nprint(x)\n", ["1\n"],
                                      ["a\n  b\n"]),
    "other white space": script("print('1  2 ')\nprint()\nprint(3)\n", ["\n"], ["1 2\n3"]),
    "printed floats": script("print(1 / 3)\n", ["\n"], ["0.333333\n"]),
    "a list of lines": script(PRINT_DOUBLE, [["2"]], [["4"]]),
    "windows line ends": script("x = int(input())\r\nprint(2 * x)\r\n"),
    "standard error": script(PRINT_DOUBLE + "import sys\nprint('done', file=sys.stderr)\n"),
}  # fmt: skip

# What is dropped, by the reason that must be given; several rows of most.
BAD: dict[str, list[Row]] = {
    "no input": [row(DOUBLE, [], [[4]], fn_name="f"), {**script(PRINT_DOUBLE), "input_output": ""}],
    "no output": [row(PRINT_DOUBLE, ["2\n"], []), row(DOUBLE, [[2]], None, fn_name="f")],
    "no solution": [
        row(None, ["2\n"], ["4\n"]),
        {**call(DOUBLE), "solutions": "[]"},
        call("  \n"),
    ],
    "malformed tests": [
        {**call(DOUBLE), "input_output": '{"inputs": [[1'},
        {**call(DOUBLE), "solutions": "[broken"},
        call(DOUBLE, [[1], [2]], [[2]]),
        call(DOUBLE, [1], [2]),
        script(PRINT_DOUBLE, [1], ["2"]),
        {**call(DOUBLE), "input_output": '{"inputs": [[1]], "outputs": [[NaN]], "fn_name": "f"}'},
        {**call(DOUBLE), "input_output": "[1, 2]"},
    ],
    "syntax error": [
        script("print 2 * int(raw_input())\n"),
        call("def f(x) return x\n"),
        script("x = 1\x00\n"),
        script("def f(:\n    pass\n"),
    ],
    "function missing": [call("def g(x):\n    return 2 * x\n"), call("class A:\n    f = 1\n")],
    "missing dependency": [
        script("import no_such_package\nprint(1)\n"),
        call("from no_such_package import thing\ndef f(x):\n    return thing(x)\n"),
    ],
    "mismatch": [
        call(DOUBLE, [[2]], [[5]]),
        call("def f(x):\n    return [x]\n", [[2]], [[2]]),
        call("def f(x):\n    return x\n", [["a"]], [["a "]]),
        call("def f(x):\n    return x / 3\n", [[1]], [[0.333]]),
        script(PRINT_DOUBLE, ["2\n"], ["5\n"]),
        script("print(1.5)\n", ["\n"], ["1.6\n"]),
        script("print('1\\n2')\n", ["\n"], ["1 2\n"]),
        script("print(2)\n", ["\n"], ["2 2\n"]),
        script("pass\n", ["\n"], ["2\n"]),
        script("print('YES')\n", ["\n"], ["Yes\n"]),
    ],
    "nondeterministic": [
        script("import random\nrandom.seed()\nprint(random.random())\n", ["\n"], ["0.5\n"]),
        call("import os\ndef f(x):\n    return os.urandom(8).hex()\n", [[1]], [["00"]]),
    ],
    "timeout": [
        script("while True:\n    pass\n"),
        call("def f(x):\n    import time\n    time.sleep(60)\n"),
    ],
    "early exit": [
        script("import os\nos._exit(0)\n"),
        call("import os\nf = lambda x: os._exit(0)\n"),
    ],
    "runtime error": [
        script("print(int(input()) / 0)\n"),
        call("def f(x):\n    return undefined\n"),
        script("print(input() + input())\n", ["1\n"], ["11\n"]),
        call("def f():\n    return 4\n"),
        call("raise RuntimeError('at once')\ndef f(x):\n    return 4\n"),
    ],
    "out of memory": [call("def f(x):\n    return len([0] * (10 ** 11))\n")],
}  # fmt: skip


def raw_rows() -> list[tuple[str, Row]]:
    """All rows, numbered and of all difficulties, each with the reason it must meet."""
    wanted = [("kept", r) for r in GOOD.values()]
    wanted += [(reason, r) for reason, rows in BAD.items() for r in rows]
    return [
        (reason, {**r, "problem_id": number, "difficulty": LEVELS[number % 3]})
        for number, (reason, r) in enumerate(wanted)
    ]
