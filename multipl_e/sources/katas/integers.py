"""Operations on a single integer."""

from __future__ import annotations

from multipl_e.sources.katas.operations import Operation, blocks

TO_INTEGER = (
    Operation(
        "collatz",
        "int",
        "int",
        ("halve if even, else triple plus 1", "take a Collatz step", "n / 2 if even, else 3n + 1"),
        lambda n, _: 3 * n + 1 if n & 1 else n >> 1,
        blocks(
            """
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            """,
            """
            if n % 2 != 0:
                n = n * 3 + 1
            else:
                n = n // 2
            """,
        ),
    ),
    Operation(
        "magnitude",
        "int",
        "int",
        ("take the absolute value", "drop the minus sign", "make it non-negative"),
        lambda n, _: abs(n),
        blocks("if n < 0:\n    n = -n", "n = abs(n)"),
    ),
    Operation(
        "clip",
        "int",
        "int",
        ("clip to 0..{k}", "limit to 0 up to {k}", "force into 0..{k}"),
        lambda n, k: min(max(n, 0), k),
        blocks(
            """
            if n < 0:
                n = 0
            elif n > K:
                n = K
            """,
            """
            if n > K:
                n = K
            if n < 0:
                n = 0
            """,
        ),
        (5, 6, 7, 8, 9, 12),
    ),
    Operation(
        "plus",
        "int",
        "int",
        ("add {k}", "increase by {k}", "go up by {k}"),
        lambda n, k: n + k,
        blocks("n += K", "n = n + K"),
        (1, 2, 3, 5, 7),
    ),
    Operation(
        "digit_sum",
        "int",
        "int",
        ("add up its digits", "take the digit sum", "sum the digits"),
        lambda n, _: sum(int(d) for d in str(abs(n))),
        blocks(
            """
            k = abs(n)
            n = 0
            while k > 0:
                n += k % 10
                k = k // 10
            """,
            """
            k = 0
            for c in str(abs(n)):
                k += int(c)
            n = k
            """,
        ),
    ),
    Operation(
        "halvings",
        "int",
        "int",
        ("count halvings until 1 or less", "count how often it halves above 1", "floor of log2"),
        lambda n, _: max(n, 1).bit_length() - 1,
        blocks(
            """
            k = 0
            while n > 1:
                n = n // 2
                k += 1
            n = k
            """,
            """
            i = 1
            k = 0
            while i * 2 <= n:
                i *= 2
                k += 1
            n = k
            """,
        ),
    ),
    Operation(
        "reverse_digits",
        "int",
        "int",
        ("reverse its digits", "read its digits backwards", "turn its digits around"),
        lambda n, _: int(str(abs(n))[::-1]),
        blocks(
            """
            k = abs(n)
            n = 0
            while k > 0:
                n = n * 10 + k % 10
                k = k // 10
            """,
            """
            t = ""
            for c in str(abs(n)):
                t = c + t
            n = int(t)
            """,
        ),
        novel=True,
    ),
)

TO_OTHERS = (
    Operation(
        "count_up",
        "int",
        "ints",
        ("list 1 to it", "count up from 1 to it", "list the numbers 1 to n"),
        lambda n, _: list(range(1, n + 1)),
        blocks(
            """
            xs = []
            for i in range(1, n + 1):
                xs.append(i)
            """,
            """
            xs = []
            while len(xs) < n:
                xs.append(len(xs) + 1)
            """,
        ),
        limit=25,
    ),
    Operation(
        "divisors",
        "int",
        "ints",
        ("list its divisors", "list what divides it", "find all its divisors"),
        lambda n, _: [d for d in range(1, n + 1) if n % d == 0],
        blocks(
            """
            xs = []
            for i in range(1, n + 1):
                if n % i == 0:
                    xs.append(i)
            """,
            """
            xs = []
            i = 1
            while i <= n:
                if n % i == 0:
                    xs.append(i)
                i += 1
            """,
        ),
        limit=300,
    ),
    Operation(
        "digits",
        "int",
        "ints",
        ("list its digits", "split it into digits", "take its digits"),
        lambda n, _: [int(d) for d in str(abs(n))],
        blocks(
            """
            xs = []
            for c in str(abs(n)):
                xs.append(int(c))
            """,
            """
            n = abs(n)
            xs = [n % 10]
            while n > 9:
                n = n // 10
                xs.insert(0, n % 10)
            """,
        ),
    ),
    Operation(
        "multiples",
        "int",
        "ints",
        (
            "list its first {k} multiples",
            "list n, 2n up to {k} times n",
            "take {k} multiples of it",
        ),
        lambda n, k: [n * i for i in range(1, k + 1)],
        blocks(
            """
            xs = []
            for i in range(1, K + 1):
                xs.append(n * i)
            """,
            """
            xs = []
            k = n
            while len(xs) < K:
                xs.append(k)
                k += n
            """,
        ),
        (3, 4, 5),
        novel=True,
    ),
    Operation(
        "parity_word",
        "int",
        "str",
        ("say even or odd", "return even or odd", "name its parity, even or odd"),
        lambda n, _: ("even", "odd")[n & 1],
        blocks(
            """
            s = "odd"
            if n % 2 == 0:
                s = "even"
            """,
            """
            s = "even"
            if n % 2 != 0:
                s = "odd"
            """,
        ),
    ),
    Operation(
        "binary",
        "int",
        "str",
        ("write it in binary", "return its bits", "spell it in base 2"),
        lambda n, _: f"{abs(n):b}",
        blocks(
            """
            n = abs(n)
            s = str(n % 2)
            while n > 1:
                n = n // 2
                s = str(n % 2) + s
            """,
            """
            n = abs(n)
            s = ""
            while n > 0 or s == "":
                if n % 2 == 0:
                    s = "0" + s
                else:
                    s = "1" + s
                n = n // 2
            """,
        ),
    ),
    Operation(
        "sign_word",
        "int",
        "str",
        ("say neg, zero or pos", "name its sign neg, zero or pos", "return neg, zero or pos"),
        lambda n, _: ("zero", "pos", "neg")[(n > 0) - (n < 0)],
        blocks(
            """
            s = "zero"
            if n < 0:
                s = "neg"
            elif n > 0:
                s = "pos"
            """,
            """
            s = "pos"
            if n == 0:
                s = "zero"
            if n < 0:
                s = "neg"
            """,
        ),
        novel=True,
    ),
)

OPERATIONS = TO_INTEGER + TO_OTHERS
