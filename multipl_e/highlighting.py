"""Which Pygments lexer reads a language of MultiPL-E."""

from __future__ import annotations

import functools

from pygments.lexer import Lexer
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound

# MultiPL-E's short names that Pygments does not know as they are.
_LEXERS = {"adb": "ada", "ml": "ocaml", "go_test.go": "go", "jl": "julia", "r": "r"}


@functools.lru_cache(maxsize=64)
def lexer_for(language: str) -> Lexer:
    """The lexer of a language; plain text for an unknown one. The text is kept as it is.

    Making a lexer takes longer than reading a program with it, and it keeps no state.
    """
    options = {"stripnl": False, "ensurenl": False}
    try:
        # Without `startinline` PHP code that lacks its opening tag would count as HTML.
        return get_lexer_by_name(_LEXERS.get(language, language), startinline=True, **options)
    except ClassNotFound:
        return TextLexer(**options)
