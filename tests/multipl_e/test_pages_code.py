"""Programs in a page: every character is there, none deceives."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multipl_e.pages.code import MAX_LINES, highlighted, shortened, style_rules, tail, visible

LANGUAGES = [
    *("py", "js", "ts", "java", "cpp", "cs", "php", "sh", "go", "rs", "rb", "pl", "lua", "r"),
    *("rkt", "scala", "d", "hs", "ml", "elixir", "clj", "adb", "jl", "swift", "dart"),
]


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(max_size=200), st.sampled_from([*LANGUAGES, "klingon", ""]))
def test_highlighting_keeps_the_text(text: str, language: str) -> None:
    assert text_of(highlighted(text, language)).rstrip("\n") == visible(text).rstrip("\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_of_multipl_e_is_highlighted(language: str) -> None:
    assert "<span class=" in highlighted('return "text" + 1', language)


def test_leading_indentation_survives() -> None:
    assert text_of(highlighted("    return 1", "py")) == "    return 1"


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\u202e", "\u200b", "\ufeff", "\ud800"])
def test_hidden_characters_are_spelled_out(char: str) -> None:
    assert visible(f"a{char}b") == f"a\\u{ord(char):04x}b"


def test_ordinary_text_is_left_alone() -> None:
    text = "naïve = '日本語 🦀'\n\tx = 1"
    assert visible(text) == text


def test_long_programs_are_cut_and_say_so() -> None:
    text = "\n".join(f"line {i}" for i in range(MAX_LINES + 50))
    cut = shortened(text)
    assert cut.startswith("line 0\n")
    assert f"line {MAX_LINES - 1}\n… " in cut
    assert cut.endswith(f"{len(text) - cut.index(chr(10) + '…'):,} more characters")


def test_the_end_of_an_error_output_is_kept() -> None:
    assert tail("\n".join(map(str, range(100))), num_lines=2) == "98\n99"


def test_themes_colour_only_the_text() -> None:
    rules = style_rules("github-dark", ".code")
    assert ".code .k {" in rules
    assert "background" not in rules
