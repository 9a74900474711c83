"""FGO: which characters and which tokens of a candidate ran, by hand-made cases in every language.

A file of `masks/` is a program with its answer: ``+`` marks the lines that coverage names, ``~``
underlines what did not run, ``=`` is what the tests close the program with.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from generator.code_shapes import SHAPES
from generator.decoding import completion_text
from generator.fine_grained import (
    executed_characters,
    keeps_every_token,
    token_mask,
    token_spans,
)
from multipl_e.records import Verdict

MASKS = {path.stem: path for path in (Path(__file__).parent / "masks").glob("*.txt")}


def read_mask(path: Path) -> tuple[str, set[int], str, list[str]]:
    """Code, executed lines, tests, and each line with its masked characters as ``~``."""
    code: list[str] = []
    tests: list[str] = []
    lines: set[int] = set()
    expected: list[str] = []
    for row in path.read_text(encoding="utf-8").splitlines():
        mark, text = row[:2], row[2:]
        if mark == " ~":
            padded = text.ljust(len(code[-1]))
            expected[-1] = "".join(
                "~" if m == "~" else c for c, m in zip(code[-1], padded, strict=True)
            )
        elif mark == "=|":
            tests.append(text)
        else:
            code.append(text)
            expected.append(text)
            if mark == "+|":
                lines.add(len(code))
    return "\n".join(code) + "\n", lines, "\n".join(tests), expected


def masked(code: str, language: str, lines: set[int], tests: str = "") -> str:
    ran = executed_characters(code, language, lines, tests)
    assert len(ran) == len(code)
    return "".join(
        character if kept or character.isspace() else "~"
        for character, kept in zip(code, ran, strict=True)
    )


def test_every_language_with_a_shape_has_a_case() -> None:
    assert set(MASKS) == set(SHAPES)


@pytest.mark.parametrize("language", sorted(MASKS))
def test_mask_is_exact(language: str) -> None:
    code, lines, tests, expected = read_mask(MASKS[language])
    assert masked(code, language, lines, tests).splitlines() == expected


@pytest.mark.parametrize("language", sorted(MASKS))
def test_mask_does_not_depend_on_line_ends(language: str) -> None:
    code, lines, tests, _ = read_mask(MASKS[language])
    windows = masked(code.replace("\n", "\r\n"), language, lines, tests)
    assert windows.replace("\r\n", "\n") == masked(code, language, lines, tests)


@pytest.mark.parametrize("language", sorted(set(MASKS) - {"py"}))
def test_mask_does_not_depend_on_tabs(language: str) -> None:
    code, lines, tests, _ = read_mask(MASKS[language])
    tabs = masked(code.replace("    ", "\t"), language, lines, tests)
    assert tabs.split() == masked(code, language, lines, tests).split()


def test_tabs_and_characters_of_several_bytes_in_python() -> None:
    code = "def f(s):\n\tif s == 'ä🙂':  # größer\n\t\treturn 'né'\n\treturn '日本' + s\n"
    assert masked(code, "py", {1, 2, 4}) == (
        "def f(s):\n\tif s == 'ä🙂':  # größer\n\t\t~~~~~~ ~~~~\n\treturn '日本' + s\n"
    )


def test_a_line_end_goes_with_what_is_before_it_and_an_indentation_with_what_follows() -> None:
    code = "def f(x):\n    if x:\n        return 1\n    return 2\n"
    ran = executed_characters(code, "py", {1, 2, 4})
    masked_part = code.index("        return 1")
    assert [i for i, kept in enumerate(ran) if not kept] == list(
        range(masked_part, masked_part + len("        return 1\n"))
    )


def test_a_whole_one_line_conditional_ran_if_its_line_did() -> None:
    code = "def f(x):\n    if x: return 1\n    return 2 if x else 3\n"
    assert masked(code, "py", {1, 2}) == "def f(x):\n    if x: return 1\n    ~~~~~~ ~ ~~ ~ ~~~~ ~\n"


def test_a_language_without_a_shape_is_taken_line_by_line() -> None:
    assert masked("one two\nthree\nfour", "clj", {1, 3}) == "one two\n~~~~~\nfour"


def test_broken_syntax_still_gets_an_answer_for_every_character() -> None:
    for text in ("def f(:\n  )) if\n", "}}}} {{", "", "\n\n", "'''"):
        for language in SHAPES:
            assert len(executed_characters(text, language, {1})) == len(text)


@pytest.mark.parametrize(
    ("verdict", "keeps"),
    [
        (None, True),
        (Verdict("SyntaxError", 1, executed_lines=(1,)), True),
        (Verdict("Exception", 1, executed_lines=None), True),
        (Verdict("Exception", 1, executed_lines=()), True),
        (Verdict("Exception", 1, executed_lines=(1,)), False),
        (Verdict("OK", 0, executed_lines=(1, 2)), False),
    ],
)
def test_what_never_ran_has_nothing_to_mask(verdict: Verdict | None, keeps: bool) -> None:
    assert keeps_every_token(verdict) is keeps


PROMPT = "def f(s):\n"


def spans_of(
    tokenizer: PreTrainedTokenizerFast, ids: list[int]
) -> tuple[list[tuple[int, int]], str]:
    prompt = tokenizer(PROMPT)["input_ids"]
    return token_spans(tokenizer, prompt, ids), completion_text(tokenizer, prompt, ids)


@settings(deadline=None, max_examples=40)
@given(text=st.text(max_size=40))
def test_spans_of_tokens_cover_their_text_in_order(
    kata_tokenizer: PreTrainedTokenizerFast, text: str
) -> None:
    ids = kata_tokenizer(text, add_special_tokens=False)["input_ids"]
    spans, spelt = spans_of(kata_tokenizer, ids)
    assert spelt == text
    assert len(spans) == len(ids)
    covered = [i for start, end in dict.fromkeys(spans) for i in range(start, end)]
    assert covered == list(range(len(text)))


@settings(deadline=None, max_examples=40)
@given(ids=st.lists(st.integers(0, 399), min_size=1, max_size=30))
def test_tokens_that_no_text_has_get_spans_as_well(
    kata_tokenizer: PreTrainedTokenizerFast, ids: list[int]
) -> None:
    spans, spelt = spans_of(kata_tokenizer, ids)
    assert len(spans) == len(ids)
    assert max(end for _, end in spans) == len(spelt)


def test_tokens_of_one_character_share_it(kata_tokenizer: PreTrainedTokenizerFast) -> None:
    ids = kata_tokenizer("a🙂b", add_special_tokens=False)["input_ids"]
    assert len(ids) > 3
    spans, _ = spans_of(kata_tokenizer, ids)
    assert set(spans) == {(0, 1), (1, 2), (2, 3)}


def test_mask_of_tokens_by_their_inked_characters() -> None:
    text = "a\n  b c"
    executed = [True, True, False, False, False, False, True]
    spans = [(0, 2), (2, 5), (5, 7), (7, 7), (7, 9)]
    # An indentation and an unexecuted word; a space and an executed word; the end; cut away.
    assert token_mask(spans, executed, text) == [True, False, True, True, False]


def test_a_token_of_white_space_alone_follows_its_characters() -> None:
    assert token_mask([(0, 2), (2, 3)], [False, True, False], " \n ") == [True, False]
