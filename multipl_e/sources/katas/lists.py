"""Operations from a list of integers to another: filters and maps."""

from __future__ import annotations

from itertools import accumulate, pairwise

from multipl_e.sources.katas.operations import Operation, blocks, change, each, keep

SMALL = (2, 3, 4, 5, 6, 7, 8, 9)

FILTERS = (
    Operation(
        "keep_even",
        "ints",
        "ints",
        ("keep the even numbers", "drop the odd numbers", "keep evens only"),
        lambda xs, _: [x for x in xs if x % 2 == 0],
        keep("x % 2 == 0", "x % 2 != 0"),
    ),
    Operation(
        "keep_odd",
        "ints",
        "ints",
        ("keep the odd numbers", "drop the even numbers", "keep odds only"),
        lambda xs, _: [x for x in xs if x & 1],
        keep("x % 2 != 0", "x % 2 == 0"),
    ),
    Operation(
        "keep_positive",
        "ints",
        "ints",
        ("keep positive numbers", "drop numbers that are not positive", "keep what is above zero"),
        lambda xs, _: [x for x in xs if x > 0],
        keep("x > 0", "x <= 0"),
    ),
    Operation(
        "keep_above",
        "ints",
        "ints",
        ("keep numbers above {k}", "drop numbers up to {k}", "keep what is greater than {k}"),
        lambda xs, k: [x for x in xs if x > k],
        keep("x > K", "x <= K"),
        SMALL,
    ),
    Operation(
        "keep_below",
        "ints",
        "ints",
        ("keep numbers below {k}", "drop numbers from {k} up", "keep what is less than {k}"),
        lambda xs, k: [x for x in xs if x < k],
        keep("x < K", "x >= K"),
        SMALL,
    ),
    Operation(
        "keep_multiples",
        "ints",
        "ints",
        ("keep multiples of {k}", "keep numbers divisible by {k}", "drop all but multiples of {k}"),
        lambda xs, k: [x for x in xs if not x % k],
        keep("x % K == 0", "x % K != 0"),
        (3, 4, 5),
    ),
    Operation(
        "dedupe",
        "ints",
        "ints",
        ("drop repeats", "keep first occurrences", "remove duplicates"),
        lambda xs, _: list(dict.fromkeys(xs)),
        keep("x not in ys", "x in ys"),
    ),
    Operation(
        "every_other",
        "ints",
        "ints",
        ("keep every other number", "keep numbers at even positions", "skip each second number"),
        lambda xs, _: xs[::2],
        blocks(
            """
            ys = []
            for i in range(len(xs)):
                if i % 2 == 0:
                    ys.append(xs[i])
            xs = ys
            """,
            """
            ys = []
            i = 0
            while i < len(xs):
                ys.append(xs[i])
                i += 2
            xs = ys
            """,
        ),
    ),
    Operation(
        "take",
        "ints",
        "ints",
        ("take the first {k}", "keep only the first {k}", "cut after {k} numbers"),
        lambda xs, k: xs[:k],
        blocks(
            """
            ys = []
            for x in xs:
                if len(ys) < K:
                    ys.append(x)
            xs = ys
            """,
            """
            ys = []
            for i in range(len(xs)):
                if i >= K:
                    break
                ys.append(xs[i])
            xs = ys
            """,
        ),
        (2, 3, 4),
    ),
    Operation(
        "skip",
        "ints",
        "ints",
        ("skip the first {k}", "drop the first {k}", "leave out the first {k}"),
        lambda xs, k: xs[k:],
        blocks(
            """
            ys = []
            for i in range(len(xs)):
                if i >= K:
                    ys.append(xs[i])
            xs = ys
            """,
            """
            ys = []
            i = K
            while i < len(xs):
                ys.append(xs[i])
                i += 1
            xs = ys
            """,
        ),
        (1, 2, 3),
    ),
    Operation(
        "keep_between",
        "ints",
        "ints",
        ("keep numbers from 0 to {k}", "drop numbers outside 0 to {k}", "keep what is in 0..{k}"),
        lambda xs, k: [x for x in xs if x in range(k + 1)],
        keep("x >= 0 and x <= K", "x < 0 or x > K"),
        (5, 6, 8, 9, 12),
        novel=True,
    ),
    Operation(
        "keep_records",
        "ints",
        "ints",
        ("keep new maxima", "keep numbers above all before", "keep record highs"),
        lambda xs, _: [x for i, x in enumerate(xs) if all(x > y for y in xs[:i])],
        keep("len(ys) == 0 or x > ys[-1]", "len(ys) > 0 and x <= ys[-1]"),
        novel=True,
    ),
)

MAPS = (
    Operation(
        "double_even",
        "ints",
        "ints",
        ("double the even numbers", "multiply evens by 2", "make even numbers twice as big"),
        lambda xs, _: [x + x * (x % 2 == 0) for x in xs],
        change("x % 2 == 0", "x * 2"),
    ),
    Operation(
        "negate_odd",
        "ints",
        "ints",
        ("negate the odd numbers", "flip the sign of odds", "change the sign of odd numbers"),
        lambda xs, _: [x * (-1) ** (x % 2) for x in xs],
        change("x % 2 != 0", "-x"),
    ),
    Operation(
        "zero_negative",
        "ints",
        "ints",
        ("replace negatives by 0", "set negative numbers to 0", "raise numbers below 0 to 0"),
        lambda xs, _: [max(0, x) for x in xs],
        change("x < 0", "0"),
    ),
    Operation(
        "cap",
        "ints",
        "ints",
        ("cap numbers at {k}", "limit each number to {k}", "lower what is above {k} to {k}"),
        lambda xs, k: [min(k, x) for x in xs],
        change("x > K", "K"),
        SMALL,
    ),
    Operation(
        "absolute",
        "ints",
        "ints",
        ("take absolute values", "drop minus signs", "make all numbers non-negative"),
        lambda xs, _: [abs(x) for x in xs],
        change("x < 0", "-x"),
    ),
    Operation(
        "add_each",
        "ints",
        "ints",
        ("add {k} to each", "raise each number by {k}", "increase all by {k}"),
        lambda xs, k: [x + k for x in xs],
        each("x + K"),
        (1, 2, 3, 4, 5, 7),
    ),
    Operation(
        "square_each",
        "ints",
        "ints",
        ("square each", "multiply each by itself", "take the squares"),
        lambda xs, _: [x**2 for x in xs],
        each("x * x"),
    ),
    Operation(
        "running_sums",
        "ints",
        "ints",
        ("take running sums", "replace by sums so far", "make cumulative sums"),
        lambda xs, _: list(accumulate(xs)),
        blocks(
            """
            ys = []
            k = 0
            for x in xs:
                k += x
                ys.append(k)
            xs = ys
            """,
            """
            ys = []
            for x in xs:
                if len(ys) > 0:
                    ys.append(ys[-1] + x)
                else:
                    ys.append(x)
            xs = ys
            """,
        ),
    ),
    Operation(
        "reverse_list",
        "ints",
        "ints",
        ("reverse the list", "put them in reverse order", "turn the list around"),
        lambda xs, _: xs[::-1],
        blocks(
            """
            ys = []
            for x in xs:
                ys.insert(0, x)
            xs = ys
            """,
            """
            ys = []
            i = len(xs) - 1
            while i >= 0:
                ys.append(xs[i])
                i -= 1
            xs = ys
            """,
            """
            ys = []
            for i in range(len(xs)):
                ys.append(xs[len(xs) - 1 - i])
            xs = ys
            """,
        ),
    ),
    Operation(
        "sort_up",
        "ints",
        "ints",
        ("sort ascending", "sort from low to high", "put in rising order"),
        lambda xs, _: sorted(xs),
        blocks(
            """
            ys = []
            for x in xs:
                i = 0
                while i < len(ys) and ys[i] <= x:
                    i += 1
                ys.insert(i, x)
            xs = ys
            """,
            """
            xs = sorted(xs)
            """,
        ),
    ),
    Operation(
        "sort_down",
        "ints",
        "ints",
        ("sort descending", "sort from high to low", "put in falling order"),
        lambda xs, _: sorted(xs, reverse=True),
        blocks(
            """
            ys = []
            for x in xs:
                i = 0
                while i < len(ys) and ys[i] >= x:
                    i += 1
                ys.insert(i, x)
            xs = ys
            """,
            """
            ys = []
            for x in sorted(xs):
                ys.insert(0, x)
            xs = ys
            """,
        ),
    ),
    Operation(
        "differences",
        "ints",
        "ints",
        ("take differences of neighbours", "subtract each from the next", "list the steps"),
        lambda xs, _: [b - a for a, b in pairwise(xs)],
        blocks(
            """
            ys = []
            for i in range(len(xs)):
                if i > 0:
                    ys.append(xs[i] - xs[i - 1])
            xs = ys
            """,
            """
            ys = []
            i = 1
            while i < len(xs):
                ys.append(xs[i] - xs[i - 1])
                i += 1
            xs = ys
            """,
        ),
        novel=True,
    ),
    Operation(
        "halve_even",
        "ints",
        "ints",
        ("halve the even numbers", "divide evens by 2", "make even numbers half as big"),
        lambda xs, _: [x if x & 1 else x >> 1 for x in xs],
        change("x % 2 == 0", "x // 2"),
        novel=True,
    ),
)

OPERATIONS = FILTERS + MAPS
