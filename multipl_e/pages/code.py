"""Programs as HTML: highlighted, escaped, and with nothing invisible left in them."""

from __future__ import annotations

import re
import unicodedata

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter

from multipl_e.highlighting import lexer_for

MAX_LINES, MAX_CHARACTERS = 120, 8000

_PLAIN = re.compile(r"[\n\t -~]*")
_FORMATTER = HtmlFormatter(nowrap=True)


def visible(text: object) -> str:
    """Text in which control, bidirectional and unpaired characters are spelled out.

    A sampled program may hold anything; a character that hides or reorders others would make a
    reader see another program than the one that ran.
    """
    characters = str(text).replace("\r\n", "\n")
    if _PLAIN.fullmatch(characters):
        return characters
    shown = []
    for char in characters:
        if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs"):
            shown.append(char)
        else:
            shown.append(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}")
    return "".join(shown)


def shortened(text: str) -> str:
    """The beginning of a text that is too long to be read in a report."""
    lines = text[:MAX_CHARACTERS].split("\n")
    kept = "\n".join(lines[:MAX_LINES])
    left = len(text) - len(kept)
    return f"{kept}\n… {left:,} more characters" if left else kept


def tail(text: str, num_lines: int = 12) -> str:
    """The last lines of an error output, where the cause stands."""
    return "\n".join(text.strip().split("\n")[-num_lines:])[-2000:]


def highlighted(text: object, language: str) -> Markup:
    """The inner HTML of a ``<pre>``: spans with Pygments' classes; text is escaped."""
    html = highlight(shortened(visible(text)), lexer_for(language), _FORMATTER)
    return Markup(html.rstrip("\n"))


def style_rules(theme: str, scope: str) -> str:
    """CSS rules of a Pygments theme under a selector, without its background."""
    rules = HtmlFormatter(style=theme).get_style_defs(scope).split("\n")
    return "\n".join(r for r in rules if r.startswith(f"{scope} .") and "background" not in r)
