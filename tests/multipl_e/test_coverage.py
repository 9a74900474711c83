"""Executed lines, exactly: a branch not taken, a loop, a statement of several lines, a return."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from multipl_e.executors import Executor
from multipl_e.languages import get_language
from multipl_e.languages.coverage import whole_statements

_spec = importlib.util.spec_from_file_location("judging", Path(__file__).parent / "judging.py")
assert _spec and _spec.loader
judging = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(judging)

# A program for each language, and the lines that add(1, 2) runs.
PROGRAMS: dict[str, tuple[str, set[int]]] = {
    "py": (
        "def add(a, b):\n"
        "    total = 0\n"
        "    if a > 100:\n"
        "        total = -1\n"
        "    for i in range(2):\n"
        "        total = (\n"
        "            total + 0\n"
        "        )\n"
        "    if a == 1:\n"
        "        return a + b\n"
        "    return total\n",
        {1, 2, 3, 5, 6, 7, 9, 10},
    ),
    "js": (
        "function add(a, b) {\n"
        "    let total = 0;\n"
        "    if (a > 100) {\n"
        "        total = -1;\n"
        "    }\n"
        "    for (let i = 0; i < 2; i++) {\n"
        "        total = Math.max(\n"
        "            total, 0\n"
        "        );\n"
        "    }\n"
        "    if (a === 1) {\n"
        "        return a + b;\n"
        "    }\n"
        "    return total;\n"
        "}\n",
        {1, 2, 3, 6, 7, 8, 11, 12},
    ),
    "ts": (
        "function add(a: number, b: number): number {\n"
        "    let total: number = 0;\n"
        "    if (a > 100) {\n"
        "        total = -1;\n"
        "    }\n"
        "    for (let i = 0; i < 2; i++) {\n"
        "        total = Math.max(\n"
        "            total, 0\n"
        "        );\n"
        "    }\n"
        "    if (a === 1) {\n"
        "        return a + b;\n"
        "    }\n"
        "    return total;\n"
        "}\n",
        {1, 2, 3, 6, 7, 8, 11, 12},
    ),
    "java": (
        "import java.util.*;\n"
        "import org.javatuples.*;\n"
        "class Problem {\n"
        "    public static long add(long a, long b) {\n"
        "        long total = 0;\n"
        "        if (a > 100) {\n"
        "            total = -1;\n"
        "        }\n"
        "        for (int i = 0; i < 2; i++) {\n"
        "            total = Math.max(\n"
        "                total, 0\n"
        "            );\n"
        "        }\n"
        "        if (a == 1)\n"
        "            return a + b;\n"
        "        return total;\n",
        {5, 6, 9, 10, 11, 14, 15},
    ),
    "cpp": (
        "#include<assert.h>\n"
        "#include<bits/stdc++.h>\n"
        "long add(long a, long b) {\n"
        "    long total = 0;\n"
        "    if (a > 100) {\n"
        "        total = -1;\n"
        "    }\n"
        "    for (int i = 0; i < 2; i++) {\n"
        "        total = std::max(\n"
        "            total, 0L\n"
        "        );\n"
        "    }\n"
        "    if (a == 1)\n"
        "        return a + b;\n"
        "    return total;\n",
        {3, 4, 5, 8, 9, 10, 13, 14},
    ),
    "go": (
        "package add_test\n"
        "\n"
        "import (\n"
        "    \"testing\"\n"
        "    \"fmt\"\n"
        ")\n"
        "\n"
        "func add(a int, b int) int {\n"
        "    total := 0\n"
        "    if a > 100 {\n"
        "        total = -1\n"
        "    }\n"
        "    for i := 0; i < 2; i++ {\n"
        "        total = max(\n"
        "            total, 0,\n"
        "        )\n"
        "    }\n"
        "    if a == 1 {\n"
        "        return a + b\n"
        "    }\n"
        "    return total\n"
        "}\n"
        "\n"
        "func max(a int, b int) int {\n"
        "    if a > b {\n"
        "        return a\n"
        "    }\n"
        "    return b\n"
        "}\n",
        {8, 9, 10, 13, 14, 15, 18, 19, 24, 25, 28},
    ),
    "php": (
        "<?php\n"
        "function add($a, $b) {\n"
        "    $total = 0;\n"
        "    if ($a > 100) {\n"
        "        $total = -1;\n"
        "    }\n"
        "    for ($i = 0; $i < 2; $i++) {\n"
        "        $total = max(\n"
        "            $total, 0\n"
        "        );\n"
        "    }\n"
        "    if ($a === 1) {\n"
        "        return $a + $b;\n"
        "    }\n"
        "    return $total;\n"
        "}\n",
        {3, 4, 7, 8, 9, 12, 13},
    ),
    "rb": (
        "def add(a, b)\n"
        "  total = 0\n"
        "  if a > 100\n"
        "    total = -1\n"
        "  end\n"
        "  2.times do |i|\n"
        "    total = [\n"
        "      total, 0\n"
        "    ].max\n"
        "  end\n"
        "  if a == 1\n"
        "    return a + b\n"
        "  end\n"
        "  total\n"
        "end\n",
        {1, 2, 3, 6, 7, 8, 9, 11, 12},
    ),
    "pl": (
        "sub add {\n"
        "    my ($a, $b) = @_;\n"
        "    my $total = 0;\n"
        "    if ($a > 100) {\n"
        "        $total = -1;\n"
        "    }\n"
        "    for my $i (0 .. 1) {\n"
        "        $total = join(\n"
        "            '', $total\n"
        "        );\n"
        "    }\n"
        "    if ($a == 1) {\n"
        "        return $a + $b;\n"
        "    }\n"
        "    return $total;\n"
        "}\n",
        {2, 3, 4, 7, 8, 9, 12, 13},
    ),
    "lua": (
        "local function add(a, b)\n"
        "    local total = 0\n"
        "    if a > 100 then\n"
        "        total = -1\n"
        "    end\n"
        "    for i = 1, 2 do\n"
        "        total = math.max(\n"
        "            total, 0\n"
        "        )\n"
        "    end\n"
        "    if a == 1 then\n"
        "        return a + b\n"
        "    end\n"
        "    return total\n"
        "end\n",
        {2, 3, 6, 7, 8, 11, 12, 15},
    ),
    "sh": (
        "#!/bin/bash\n"
        "add() {\n"
        "    local total=0\n"
        "    if [ \"$1\" -gt 100 ]; then\n"
        "        total=-1\n"
        "    fi\n"
        "    for i in 1 2; do\n"
        "        total=$(printf '%s' \\\n"
        "            \"$total\")\n"
        "    done\n"
        "    if [ \"$1\" -eq 1 ]; then\n"
        "        echo $(($1 + $2))\n"
        "        return\n"
        "    fi\n"
        "    echo \"$total\"\n",
        {3, 4, 7, 8, 9, 11, 12, 13},
    ),
}  # fmt: skip
# The part of the program that makes it right, and what makes it loop for ever in its place.
SUM = {"php": "$a + $b", "pl": "$a + $b", "sh": "$1 + $2"}
LOOPS = {
    "py": ("return a + b", "while True: pass"),
    "java": ("return a + b;", "while (true);"),
    "cpp": ("return a + b;", "for (;;);"),
    "go": ("return a + b", "for {}"),
    "php": ("return $a + $b;", "while (true);"),
    "rb": ("return a + b", "loop { }"),
    "pl": ("return $a + $b;", "1 while 1;"),
    "lua": ("return a + b", "while true do end"),
    "sh": ("echo $(($1 + $2))", "while :; do :; done"),
}


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=1, timeout=10) as executor:
        yield executor


@pytest.mark.parametrize("language", PROGRAMS)
def test_lines_of_a_program_that_passes(executor: Executor, language: str) -> None:
    code, expected = PROGRAMS[language]
    verdict = judging.judge(
        executor, language, code, get_language(language).smoke[1], coverage=True
    )
    assert verdict.status == "OK", verdict
    assert set(verdict.executed_lines) == expected


@pytest.mark.parametrize("language", PROGRAMS)
def test_lines_of_a_program_that_fails(executor: Executor, language: str) -> None:
    code, expected = PROGRAMS[language]
    plus = SUM.get(language, "a + b")
    assert plus in code
    wrong = code.replace(plus, plus.replace("+", "-"))
    tests = get_language(language).smoke[1]
    verdict = judging.judge(executor, language, wrong, tests, coverage=True)
    assert verdict.status == "Exception", verdict
    assert set(verdict.executed_lines) == expected


@pytest.mark.slow
@pytest.mark.parametrize("language", LOOPS)
def test_lines_of_a_program_that_does_not_end(language: str) -> None:
    code, expected = PROGRAMS[language]
    looping = code.replace(*LOOPS[language])
    tests = get_language(language).smoke[1]
    with Executor(workers=1, timeout=3) as executor:
        verdict = judging.judge(executor, language, looping, tests, coverage=True)
    assert verdict.status == "Timeout", verdict
    lines = set(verdict.executed_lines)
    before = {n for n in expected if n < looping[: looping.index(LOOPS[language][1])].count("\n")}
    assert before <= lines
    if language != "cpp":  # gcov infers counts, also of what follows a loop without an end
        assert lines <= expected


def test_lines_that_all_tests_together_run(executor: Executor) -> None:
    code = "def sign(x):\n    if x > 0:\n        return 1\n    return -1\n"
    tests = "def check(candidate):\n    assert candidate(5) == 1\n    assert candidate(-5) == -1\n"
    verdict = judging.judge(executor, "py", code, f"{tests}check(sign)\n", coverage=True)
    assert verdict.executed_lines == (1, 2, 3, 4)


def test_a_statement_ran_on_all_its_lines_and_what_it_holds_only_where_it_did() -> None:
    code = "f(\n  1,\n  2\n);\ng(() => {\n  h();\n});\n"
    assert whole_statements(code, "js", [3, 5]) == (1, 2, 3, 5)


def test_lines_of_what_is_appended_to_a_program_are_not_its_own() -> None:
    assert whole_statements("x = 1\n\n", "py", [0, 1, 2, 3, 4, 99]) == (1,)


def test_a_line_of_brackets_is_no_statement() -> None:
    assert whole_statements("if (x) {\n  y();\n}", "java", [1, 2, 3]) == (1, 2)
