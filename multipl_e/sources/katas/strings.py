"""Operations on text and on lists of words."""

from __future__ import annotations

from itertools import groupby

from multipl_e.sources.katas.operations import (
    Operation,
    blocks,
    change_chars,
    fold_chars,
    keep_chars,
)

LETTERS = ("a", "b", "e", "o", "s", "t")
LOWER = "abcdefghijklmnopqrstuvwxyz"

TEXT = (
    Operation(
        "reverse_text",
        "str",
        "str",
        ("reverse the text", "read it backwards", "turn the text around"),
        lambda s, _: s[::-1],
        blocks(
            """
            t = ""
            for c in s:
                t = c + t
            s = t
            """,
            """
            t = ""
            i = len(s) - 1
            while i >= 0:
                t += s[i]
                i -= 1
            s = t
            """,
        ),
    ),
    Operation(
        "keep_vowels",
        "str",
        "str",
        ("keep the vowels", "drop all but vowels", "keep vowels only"),
        lambda s, _: "".join(c for c in s if c in "aeiou"),
        keep_chars('c in "aeiou"', 'c not in "aeiou"'),
    ),
    Operation(
        "drop_vowels",
        "str",
        "str",
        ("drop the vowels", "remove all vowels", "leave out vowels"),
        lambda s, _: s.translate(dict.fromkeys(map(ord, "aeiou"))),
        keep_chars('c not in "aeiou"', 'c in "aeiou"'),
    ),
    Operation(
        "mask_letter",
        "str",
        "str",
        ("replace {k} by -", "put - for each {k}", "turn every {k} into -"),
        lambda s, k: s.replace(k, "-"),
        change_chars("c == K", '"-"'),
        LETTERS,
    ),
    Operation(
        "upper_vowels",
        "str",
        "str",
        ("upper-case the vowels", "make vowels big", "turn vowels to capitals"),
        lambda s, _: "".join(c.upper() if c in "aeiou" else c for c in s),
        change_chars('c in "aeiou"', "c.upper()"),
    ),
    Operation(
        "capitalise",
        "str",
        "str",
        ("capitalise each word", "start words with capitals", "upper-case first letters"),
        lambda s, _: " ".join(w[:1].upper() + w[1:] for w in s.split(" ")),
        blocks(
            """
            t = ""
            for i in range(len(s)):
                if i == 0 or s[i - 1] == " ":
                    t += s[i].upper()
                else:
                    t += s[i]
            s = t
            """,
            """
            t = ""
            p = " "
            for c in s:
                if p == " ":
                    t += c.upper()
                else:
                    t += c
                p = c
            s = t
            """,
        ),
    ),
    Operation(
        "squeeze",
        "str",
        "str",
        ("squeeze runs of a character", "merge equal neighbours", "collapse repeats in a row"),
        lambda s, _: "".join(c for c, _ in groupby(s)),
        blocks(
            """
            t = ""
            for i in range(len(s)):
                if i == 0 or s[i] != s[i - 1]:
                    t += s[i]
            s = t
            """,
            """
            t = ""
            p = ""
            for c in s:
                if c != p:
                    t += c
                p = c
            s = t
            """,
        ),
        novel=True,
    ),
    Operation(
        "shift_letters",
        "str",
        "str",
        ("shift a to z by {k}", "move letters {k} on, z to a", "Caesar-shift by {k}"),
        lambda s, k: s.translate(str.maketrans(LOWER, LOWER[k:] + LOWER[:k])),
        change_chars('c >= "a" and c <= "z"', "chr((ord(c) - 97 + K) % 26 + 97)"),
        (1, 2, 3, 5),
        novel=True,
    ),
)

TEXT_TO_OTHERS = (
    Operation(
        "count_vowels",
        "str",
        "int",
        ("count the vowels", "return how many vowels", "count vowels"),
        lambda s, _: sum(s.count(v) for v in "aeiou"),
        fold_chars("0", 'if c in "aeiou":', "    n += 1"),
    ),
    Operation(
        "count_letter",
        "str",
        "int",
        ("count the {k}s", "return how many {k} there are", "count each {k}"),
        lambda s, k: s.count(k),
        fold_chars("0", "if c == K:", "    n += 1"),
        LETTERS,
    ),
    Operation(
        "length",
        "str",
        "int",
        ("return its length", "count the characters", "take the length"),
        lambda s, _: len(s),
        blocks("n = 0\nfor c in s:\n    n += 1", "n = len(s)"),
    ),
    Operation(
        "digit_total",
        "str",
        "int",
        ("add up digits in the text", "sum its digit characters", "total the digits in it"),
        lambda s, _: sum(map(int, filter(str.isdigit, s))),
        fold_chars("0", 'if c >= "0" and c <= "9":', "    n += int(c)"),
        novel=True,
    ),
    Operation(
        "letter_numbers",
        "str",
        "ints",
        ("map a to 1, b to 2 up to z", "list letter numbers, a = 1", "number letters from a = 1"),
        lambda s, _: [LOWER.index(c) + 1 for c in s if c in LOWER],
        blocks(
            """
            xs = []
            for c in s:
                if c >= "a" and c <= "z":
                    xs.append(ord(c) - 96)
            """,
            """
            xs = []
            for c in s:
                if c < "a" or c > "z":
                    continue
                xs.append(ord(c) - 96)
            """,
        ),
    ),
    Operation(
        "words",
        "str",
        "strs",
        ("split into words", "list its words", "take the words"),
        lambda s, _: s.split(),
        blocks(
            """
            ws = []
            for w in s.split(" "):
                if w != "":
                    ws.append(w)
            """,
            """
            ws = []
            w = ""
            for c in s + " ":
                if c != " ":
                    w += c
                elif w != "":
                    ws.append(w)
                    w = ""
            """,
        ),
    ),
)

WORDS = (
    Operation(
        "keep_longer",
        "strs",
        "strs",
        (
            "keep words longer than {k}",
            "drop words of up to {k} letters",
            "keep words above {k} letters",
        ),
        lambda ws, k: [w for w in ws if len(w) > k],
        blocks(
            """
            vs = []
            for w in ws:
                if len(w) > K:
                    vs.append(w)
            ws = vs
            """,
            """
            vs = []
            for w in ws:
                if len(w) <= K:
                    continue
                vs.append(w)
            ws = vs
            """,
        ),
        (1, 2, 3, 4),
    ),
    Operation(
        "reverse_words",
        "strs",
        "strs",
        ("reverse the order of words", "list the words backwards", "put the last word first"),
        lambda ws, _: ws[::-1],
        blocks(
            """
            vs = []
            for w in ws:
                vs.insert(0, w)
            ws = vs
            """,
            """
            vs = []
            i = len(ws) - 1
            while i >= 0:
                vs.append(ws[i])
                i -= 1
            ws = vs
            """,
        ),
    ),
    Operation(
        "lengths",
        "strs",
        "ints",
        ("list the word lengths", "take each word's length", "map words to lengths"),
        lambda ws, _: list(map(len, ws)),
        blocks(
            """
            xs = []
            for w in ws:
                xs.append(len(w))
            """,
            """
            xs = []
            for i in range(len(ws)):
                xs.append(len(ws[i]))
            """,
        ),
    ),
    Operation(
        "initials",
        "strs",
        "str",
        ("join the first letters", "take the initials", "spell the first letters"),
        lambda ws, _: "".join(w[:1] for w in ws),
        blocks(
            """
            s = ""
            for w in ws:
                if w != "":
                    s += w[0]
            """,
            """
            s = ""
            for w in ws:
                if w == "":
                    continue
                s += w[0]
            """,
        ),
    ),
    Operation(
        "join_words",
        "strs",
        "str",
        ("join words with -", "write the words with - between", "put - between words"),
        lambda ws, _: "-".join(ws),
        blocks(
            """
            s = ""
            for i in range(len(ws)):
                if i > 0:
                    s += "-"
                s += ws[i]
            """,
            """
            s = "-".join(ws)
            """,
        ),
    ),
    Operation(
        "longest_word",
        "strs",
        "str",
        (
            "return the first longest word",
            "find the longest word",
            "take the longest, or first of equals",
        ),
        lambda ws, _: max(ws, key=len, default=""),
        blocks(
            """
            s = ""
            for w in ws:
                if len(w) > len(s):
                    s = w
            """,
            """
            s = ""
            for i in range(len(ws)):
                if len(ws[i]) > len(s):
                    s = ws[i]
            """,
        ),
        novel=True,
    ),
)

OPERATIONS = TEXT + TEXT_TO_OTHERS + WORDS
