"""Languages whose functions live in a class `Problem`: answers and assertions as text."""

from __future__ import annotations

import pytest

from multipl_e.languages import get_language
from multipl_e.languages.classes import sides_of_operator, with_assertions
from multipl_e.records import Candidate, Task

JAVA = (
    "import java.util.*;\nimport org.javatuples.*;\nclass Problem {\n    // Adds.\n"
    "    public static long add(long a, long b) {\n"
)
TESTS = (
    "    }\n    public static void main(String[] args) {\n"
    "    assert(add((1l), (2l)) == (3l));\n    }\n\n}\n"
)
METHOD = "    public static long add(long a, long b) {\n        return a + b;\n    }\n"
MAIN = "    public static void main(String[] args) {\n        add(1, 2);\n    }\n"


def assembled(answer: str) -> str:
    task = Task("t", "java", JAVA, TESTS)
    return get_language("java").assemble(task, Candidate("t", "java", answer, form="answer")).text


@pytest.mark.parametrize(
    "code",
    [
        f"class Problem {{\n{METHOD}}}\n",
        f"class Problem {{\n{METHOD}\n{MAIN}}}\n",
        f"public class Solution {{\n{METHOD}{MAIN}}}\n",
        METHOD,
        f"import java.util.List;\nclass Problem {{\n{METHOD}    static int field = 1;\n}}\n",
        f"class Problem {{\n{METHOD}}}\nclass Helper {{\n    int x;\n}}\n",
    ],
)
def test_an_answer_becomes_one_class_with_balanced_braces(code: str) -> None:
    text = assembled(f"Here it is:\n```java\n{code}```\nIt adds.")
    assert text.count("{") == text.count("}")
    assert text.count("class Problem") == 1
    assert text.count(" main(") == 1
    assert "return a + b;" in text
    assert text.index("import org.javatuples.*;") < text.index("class Problem")


def rewrite(left: str, right: str | None) -> str:
    return f"<{left}>" if right is None else f"<{left}|{right}>"


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ("assert(f(1) == (2));", "<f(1) == (2)>;"),
        ('assert(f(")").equals((")")));', '<f(")")|(")")>;'),
        ("assert(f(a.equals(b)) == (c));", "<f(a.equals(b)) == (c)>;"),
        ("assert(!f(a).equals(b) || c);", "<!f(a).equals(b) || c>;"),
        ("// assert(x)\nassert(y);", "// assert(x)\n<y>;"),
        ("my.assert(x); reassert(y);", "my.assert(x); reassert(y);"),
        ("assert(f(1", "assert(f(1"),
    ],
)
def test_assertions_are_found_and_split(tests: str, expected: str) -> None:
    assert with_assertions(tests, "assert", ".equals", rewrite) == expected


@pytest.mark.parametrize(
    ("condition", "left", "right"),
    [("f(a == b) == (c)", "f(a == b) ", " (c)"), ('f("==")', 'f("==")', None)],
)
def test_sides_of_an_operator(condition: str, left: str, right: str | None) -> None:
    assert sides_of_operator(condition, "==") == (left, right)
