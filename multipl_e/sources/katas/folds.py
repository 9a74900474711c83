"""Operations from a list of integers to one value: an integer or a text."""

from __future__ import annotations

from itertools import groupby

from multipl_e.sources.katas.lists import SMALL
from multipl_e.sources.katas.operations import Operation, blocks, fold

OPERATIONS = (
    Operation(
        "total",
        "ints",
        "int",
        ("add them up", "return the sum", "sum the numbers"),
        lambda xs, _: sum(xs),
        fold("0", "n += x"),
    ),
    Operation(
        "count",
        "ints",
        "int",
        ("count them", "return how many there are", "take the length"),
        lambda xs, _: len(xs),
        blocks("n = 0\nfor x in xs:\n    n += 1", "n = len(xs)"),
    ),
    Operation(
        "largest",
        "ints",
        "int",
        ("return the largest or 0", "take the maximum, 0 if none", "find the greatest or 0"),
        lambda xs, _: max(xs, default=0),
        blocks(
            """
            n = 0
            for i in range(len(xs)):
                if i == 0 or xs[i] > n:
                    n = xs[i]
            """,
            """
            n = 0
            if len(xs) > 0:
                n = xs[0]
                for x in xs:
                    if x > n:
                        n = x
            """,
        ),
    ),
    Operation(
        "smallest",
        "ints",
        "int",
        ("return the smallest or 0", "take the minimum, 0 if none", "find the least or 0"),
        lambda xs, _: min(xs, default=0),
        blocks(
            """
            n = 0
            for i in range(len(xs)):
                if i == 0 or xs[i] < n:
                    n = xs[i]
            """,
            """
            n = 0
            if len(xs) > 0:
                n = xs[0]
                for x in xs:
                    if x < n:
                        n = x
            """,
        ),
    ),
    Operation(
        "count_even",
        "ints",
        "int",
        ("count the even numbers", "return how many are even", "count evens"),
        lambda xs, _: sum(x % 2 == 0 for x in xs),
        fold("0", "if x % 2 == 0:", "    n += 1"),
    ),
    Operation(
        "count_above",
        "ints",
        "int",
        ("count numbers above {k}", "return how many exceed {k}", "count what is over {k}"),
        lambda xs, k: sum(x > k for x in xs),
        fold("0", "if x > K:", "    n += 1"),
        SMALL,
    ),
    Operation(
        "alternating_sum",
        "ints",
        "int",
        ("add and subtract in turn", "take the alternating sum", "sum with signs + - + -"),
        lambda xs, _: sum(xs[::2]) - sum(xs[1::2]),
        blocks(
            """
            n = 0
            for i in range(len(xs)):
                if i % 2 == 0:
                    n += xs[i]
                else:
                    n -= xs[i]
            """,
            """
            n = 0
            k = 1
            for x in xs:
                n += k * x
                k = -k
            """,
        ),
    ),
    Operation(
        "last",
        "ints",
        "int",
        ("return the last or 0", "take the final number, 0 if none", "give the last one or 0"),
        lambda xs, _: xs[-1] if xs else 0,
        blocks(
            """
            n = 0
            if len(xs) > 0:
                n = xs[-1]
            """,
            """
            if len(xs) == 0:
                xs = [0]
            n = xs[-1]
            """,
        ),
    ),
    Operation(
        "find",
        "ints",
        "int",
        ("find the index of {k} or -1", "return where {k} first is, else -1", "locate {k} or -1"),
        lambda xs, k: xs.index(k) if k in xs else -1,
        blocks(
            """
            n = -1
            for i in range(len(xs)):
                if xs[i] == K:
                    n = i
                    break
            """,
            """
            n = -1
            i = 0
            while i < len(xs) and n < 0:
                if xs[i] == K:
                    n = i
                i += 1
            """,
        ),
        (0, 1, 2, 3, 4, 5),
    ),
    Operation(
        "spread",
        "ints",
        "int",
        ("return largest minus smallest or 0", "take the spread, 0 if none", "max minus min or 0"),
        lambda xs, _: max(xs) - min(xs) if xs else 0,
        blocks(
            """
            n = 0
            for x in xs:
                for y in xs:
                    if x - y > n:
                        n = x - y
            """,
            """
            n = 0
            if len(xs) > 0:
                a = xs[0]
                b = xs[0]
                for x in xs:
                    if x < a:
                        a = x
                    if x > b:
                        b = x
                n = b - a
            """,
        ),
        novel=True,
    ),
    Operation(
        "longest_run",
        "ints",
        "int",
        ("find the longest run of equals", "return the longest equal run", "longest equal streak"),
        lambda xs, _: max((len(list(g)) for _, g in groupby(xs)), default=0),
        blocks(
            """
            n = 0
            k = 0
            for i in range(len(xs)):
                if i > 0 and xs[i] == xs[i - 1]:
                    k += 1
                else:
                    k = 1
                if k > n:
                    n = k
            """,
            """
            n = 0
            k = 0
            for i in range(len(xs)):
                if i > 0 and xs[i] != xs[i - 1]:
                    k = 0
                k += 1
                n = max(n, k)
            """,
        ),
        novel=True,
    ),
    Operation(
        "join_numbers",
        "ints",
        "str",
        ("join them with commas", "write them with , between", "make a comma-joined text"),
        lambda xs, _: ",".join(map(str, xs)),
        blocks(
            """
            s = ""
            for x in xs:
                if s != "":
                    s += ","
                s += str(x)
            """,
            """
            s = ""
            for i in range(len(xs)):
                if i > 0:
                    s += ","
                s += str(xs[i])
            """,
        ),
    ),
)
