"""Programs trimmed by their syntax: what goes, and what must stay."""

from __future__ import annotations

import pytest

from multipl_e.languages import get_language
from multipl_e.languages.shape import (
    completed_function,
    declarations,
    is_closed,
    without_examples,
)
from multipl_e.records import Candidate, Task

EXAMPLES = [
    ("py", "def f(x):\n    return x\n", "print(f(1))\n"),
    ("py", "def f(x):\n    return x\n", 'if __name__ == "__main__":\n    f(1)\n'),
    ("py", "def f(x):\n    return x\n", "assert f(1) == 2\n"),
    ("js", "function f(x) {\n  return x;\n}\n", "console.log(f(1));\n"),
    ("ts", "const f = (x: number): number => x;\n", "console.log(f(1));\n"),
    ("php", "<?php\nfunction f($x) {\n  return $x;\n}\n", "echo f(1);\n"),
    ("rb", "def f(x)\n  x\nend\n", "puts f(1)\n"),
    ("lua", "local function f(x)\n  return x\nend\n", "print(vim.inspect(f(1)))\n"),
    ("pl", "sub f {\n  return $_[0];\n}\n", "print f(1);\n"),
    ("sh", "f() {\n  echo $1\n}\n", 'echo "$(f 1)"\n'),
    ("rkt", "#lang racket\n(define (f x)\n  x)\n", "(displayln (f 1))\n"),
    (
        "scala",
        "object Problem {\n  def f(x: Int): Int = {\n    x\n  }\n}\n",
        "println(Problem.f(1))\n",
    ),
]
KEPT = [
    ("py", "def g(x):\n    return x\n\nf = g\nf.memo = {}\n"),
    ("py", "@cache\ndef f(x):\n    return f(x - 1) if x else 0\n"),
    ("js", "const f = function (x) { return x ? f(x - 1) : 0; };\nmodule.exports = { f };\n"),
    ("lua", "f = function(x)\n  return x > 0 and f(x - 1) or 0\nend\n"),
    ("rb", "MEMO = {}\ndef f(x)\n  x\nend\n"),
    ("rkt", "#lang racket\n(define memo (hash))\n(define f (lambda (x) (f x)))\n"),
    ("sh", "declare -A memo\nf() {\n  f $1\n}\n"),
    ("cs", "public static long F(long f) {\n    return F(f);\n}\n"),
    ("py", "def f(x:\n    return x\nreturn f(1)\n"),
]


@pytest.mark.parametrize(("language", "code", "example"), EXAMPLES)
def test_calls_that_show_the_function_at_work_go(language: str, code: str, example: str) -> None:
    assert without_examples(code + example, language, ["f"]).strip() == code.strip()


@pytest.mark.parametrize(("language", "code"), KEPT)
def test_what_the_function_may_need_stays(language: str, code: str) -> None:
    assert without_examples(code, language, ["f", "F"]) == code


def test_a_comment_after_an_example_stays_a_comment() -> None:
    code = "#lang racket\n(define (f x)\n  x)\n"
    assert without_examples(code + "(f 1) ; Output: 1\n", "rkt", ["f"]).split("\n")[3] == (
        " ; Output: 1"
    )
    assert "// 1" in without_examples("let x;\nf(1); // 1\n", "js", ["f"])


def test_scala_keeps_only_what_may_stand_at_the_top() -> None:
    code = (
        "import scala.math._\nobject Problem {\n  val a = 1\n}\nval b = 2\nProblem.main(Array())\n"
    )
    assert declarations(code, "scala").split() == code.partition("val b")[0].split()


@pytest.mark.parametrize(
    ("language", "code", "closed"),
    [
        ("sh", "f() {\n  echo 1\n", False),
        ("sh", "f() {\n  echo 1\n}\n", True),
        ("sh", 'f() {\n  echo "${x//[^(]/}" $((1 +\n}\ng 1\n', True),
        ("cpp", "long f(long x) {\n    return x;\n", False),
        ("cpp", "long f(long x) {\n    return x;\n}\n", True),
    ],
)
def test_a_program_is_closed_or_waits_for_its_tests(language: str, code: str, closed: bool) -> None:
    assert is_closed(code, "}\n\nint main() {}", language) is closed
    assert not is_closed(code, "int main() {}", language)


def test_chatter_after_a_completion_is_cut_where_no_stop_token_does() -> None:
    prompt, body = "def f(x):\n", "    return g(x)\n"
    for rest in ("\nThis function is right, isn't it?\n", "```\nSo there.\n", "\n```python\nf(1)"):
        assert completed_function(prompt, body + rest, "py").rstrip() == body.rstrip()
    helper = body + "\ndef g(x):\n    return x\n"
    assert completed_function(prompt, helper, "py") == helper


def assembled(language: str, prompt: str, tests: str, **candidate: str) -> str:
    task = Task("t", language, prompt, tests)
    ((form, text),) = candidate.items()
    chosen = Candidate("t", language, text, form=form)  # type: ignore[arg-type]
    return get_language(language).assemble(task, chosen).text


def test_a_completion_that_repeats_the_prompt_has_it_once() -> None:
    prompt = 'def f(x):\n    """Doc."""\n'
    text = assembled("py", prompt, "f(1)", completion=prompt + "    return x\n")
    assert text.count("def f") == 1 and text.endswith("    return x\n\nf(1)")


CPP = "#include <vector>\nusing namespace std;\nlong f(long x) {\n"
CPP_TESTS = "}\nint main() {\n    auto candidate = f;\n}\n"


def test_an_answer_in_cpp_gets_the_headers_of_the_prompt() -> None:
    answer = "```cpp\nlong f(long x) {\n    vector<long> v;\n    return x;\n}\n```"
    text = assembled("cpp", CPP, CPP_TESTS, answer=answer)
    assert text.startswith("#include <vector>\nusing namespace std;\nlong f")
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("form", ["answer", "solution"])
def test_whole_programs_are_open_where_the_tests_close_them(form: str) -> None:
    code = CPP + "    return x;\n}\n"
    text = assembled("cpp", CPP, CPP_TESTS, **{form: code})
    assert text.count("{") == text.count("}") and text.count("#include") == 1


def test_a_header_spelled_with_other_spaces_is_no_other_header() -> None:
    answer = "#include<vector>\nusing  namespace std;\nlong f(long x) {\n    return x;\n}\n"
    assert assembled("cpp", CPP, CPP_TESTS, answer=answer).count("vector") == 1


def test_an_answer_cut_off_in_its_example_keeps_the_solution() -> None:
    prompt = "import java.util.*;\nclass Problem {\n    public static long f(long x) {\n"
    tests = "    }\n    public static void main(String[] args) {\n    }\n}\n"
    answer = (
        "```java\nimport java.util.*;\nclass Problem {\n    public static long f(long x) {\n"
        "        return g(x);\n    }\n    static long g(long x) {\n        return x;\n    }\n"
        "    public static void main(String[] args) {\n        System.out.println(f("
    )
    text = assembled("java", prompt, tests, answer=answer)
    assert text.count("{") == text.count("}") and text.count("main") == 1
    assert "return x;" in text
