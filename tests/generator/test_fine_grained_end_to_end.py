"""FGO on programs that really ran, in every language whose executor counts lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generator.fine_grained import executed_characters
from multipl_e.executors import Executor
from multipl_e.languages import get_language
from multipl_e.records import Candidate, Task

# Programs for each language's smoke tests, add(1, 2); what did not run is between « and ».
PROGRAMS = {
    "py": "def add(a, b):\n    # adds\n    if a > 100:\n«        return a\n»    total = (\n"
    "        a + b\n    )\n    if total == 3:\n        return total\n«    return 0\n»",
    "js": "function add(a, b) {\n  if (a > 100) {\n    «return a;\n  }» else {\n    a += b;\n  }\n"
    "  // done\n  return a;\n}\n",
    "ts": "function add(a: number, b: number): number {\n  if (a > 100) {\n    «return a;\n  }\n»"
    "  return a + b;\n}\n",
    "cpp": "#include<assert.h>\n#include<bits/stdc++.h>\nlong add(long a, long b) {\n"
    "    if (a > 100) {\n        «return a;\n    }\n»    return a\n        + b;\n",
    "java": "import java.util.*;\nimport org.javatuples.*;\nclass Problem {\n"
    "    public static long add(long a, long b) {\n        if (a > 100) {\n"
    "            «return a;\n        }\n»        return a + b;\n",
    "go": 'package add_test\n\nimport (\n    "testing"\n    "fmt"\n)\n\n'
    "func add(a int, b int) int {\n    if a > 100 {\n        «return a\n    }\n»"
    "    return a + b\n}\n",
    "php": "<?php\nfunction add($a, $b) {\n    if ($a > 100) {\n        «return $a;\n    }\n»"
    "    return $a + $b;\n}",
    "rb": "def add(a, b)\n  if a > 100\n    «return a\n»  end\n  a + b\nend",
    "lua": "local function add(a, b)\n    if a > 100 then\n        «return a\n»    end\n"
    "    return a + b\nend",
    "pl": "sub add {\n    my ($a, $b) = @_;\n    if ($a > 100) {\n        «return $a;\n    }\n»"
    "    return $a + $b;\n}",
    "sh": "#!/bin/bash\nadd() {\n    if [ $1 -gt 100 ]; then\n        «echo 0\n»    else\n"
    '        echo "$(($1 + $2))"\n    fi\n',
}


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=1) as executor:
        yield executor


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted(PROGRAMS))
def test_what_did_not_run_is_masked(executor: Executor, language: str) -> None:
    spoken = get_language(language)
    if spoken.toolchain is None:
        pytest.skip(f"the toolchain of {language} is missing")
    marked = PROGRAMS[language]
    code = marked.replace("«", "").replace("»", "")
    task = Task("t", language, "", spoken.smoke[1])
    candidate = Candidate("t", language, code, form="solution")
    (verdict,) = executor.judge([(task, candidate)], coverage=True)
    assert verdict is not None, executor.failures
    assert verdict.status == "OK", verdict
    if verdict.executed_lines is None:
        pytest.skip(f"nothing counts the lines of {language} yet")
    ran = executed_characters(code, language, verdict.executed_lines, task.tests)
    expected, inside = [], False
    for character in marked:
        if character in "«»":
            inside = character == "«"
        else:
            expected.append((character, character.isspace() or not inside))
    assert [(c, c.isspace() or kept) for c, kept in zip(code, ran, strict=True)] == expected
