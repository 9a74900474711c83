"""Languages without a toolchain here: what is put together for them, and that they say so."""

from __future__ import annotations

import pytest

from multipl_e.languages import get_language
from multipl_e.languages.base import Language, Program, Room, Toolchain
from multipl_e.records import Candidate, Task
from multipl_e.sandbox import Limits

ROOM = Room(work="/work", secret="0123456789abcdef" * 2, limits=Limits())
COMMANDS = {"julia": "/opt/x/bin/julia", "swiftc": "/opt/x/bin/swiftc", "dart": "/opt/x/bin/dart"}


@pytest.fixture(params=["jl", "swift", "dart"])
def language(request: pytest.FixtureRequest) -> Language:
    fresh = type(get_language(request.param))()
    fresh.__dict__["toolchain"] = Toolchain(COMMANDS, "1")
    return fresh


def smoke_program(language: Language) -> Program:
    code, tests = language.smoke
    return Program(language.name, code, tests)


def test_it_is_marked_as_not_verified(language: Language) -> None:
    assert not language.verified


def test_no_file_and_no_argument_holds_the_secret(language: Language) -> None:
    plan = language.plan(smoke_program(language), ROOM)
    texts = [*plan.files.values(), *(a for step in plan.steps for a in step.argv)]
    assert not any(ROOM.secret in text for text in texts)
    assert plan.proof == "", "the plan must be proven by its secret"


def test_the_whole_program_is_there(language: Language) -> None:
    program = smoke_program(language)
    plan = language.plan(program, ROOM)
    text = "".join([*plan.files.values(), *(step.stdin for step in plan.steps)])
    assert program.code in text
    assert "add(a: 1, b: 2) == 3" in text or "candidate(1, 2)" in text


def test_its_own_folder_is_seen_inside(language: Language) -> None:
    assert language.sandbox().read_only == ("/opt/x",)


def test_dart_proves_itself_as_the_last_statement_of_main() -> None:
    language = type(get_language("dart"))()
    language.__dict__["toolchain"] = Toolchain(COMMANDS, "1")
    source = language.plan(smoke_program(language), ROOM).files["program.dart"]
    main = source[source.index("void main()") : source.index("void expect")]
    assert main.index("expect(candidate(1, 2), 3);") < main.index("writeAsStringSync")


def test_swift_checks_with_a_function_that_no_program_can_name() -> None:
    language = type(get_language("swift"))()
    language.__dict__["toolchain"] = Toolchain(COMMANDS, "1")
    names = set()
    for _ in range(2):
        (source, *_rest) = [s.stdin for s in language.plan(smoke_program(language), ROOM).steps]
        assert "\nassert(" not in source
        names.add(source.split("func judge_")[1].split("_")[0])
    assert len(names) == 2


@pytest.mark.parametrize(
    ("name", "prompt", "tests", "answer", "expected"),
    [
        (
            "swift",
            "func add(a: Int, b: Int) -> Int {\n",
            "}\nassert(add(a: 1, b: 2) == 3)\n",
            "```swift\nfunc add(a: Int, b: Int) -> Int {\n    return a + b\n}\n```\n",
            "func add(a: Int, b: Int) -> Int {\n    return a + b\n",
        ),
        (
            "dart",
            "int add(int a, int b) {\n",
            "}\nvoid main() {\n  final candidate = add;\n}\n",
            "```dart\nint add(int a, int b) {\n  return a + b;\n}\n"
            "void main() {\n  add(1, 2);\n}\n```",
            "int add(int a, int b) {\n  return a + b;\n",
        ),
    ],
)
def test_an_answer_is_left_open_where_the_tests_close_it(
    name: str, prompt: str, tests: str, answer: str, expected: str
) -> None:
    task = Task("t", name, prompt, tests)
    program = get_language(name).assemble(task, Candidate("t", name, answer, form="answer"))
    assert program.code.rstrip() == expected.rstrip()
