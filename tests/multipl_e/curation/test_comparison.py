"""The stated rules of comparison, one row each."""

from __future__ import annotations

import pytest

from multipl_e.curation.comparison import difference, same_text, same_value


@pytest.mark.parametrize(
    ("got", "want", "same"),
    [
        ("1 2\n", "1 2", True),
        ("  1   2  \r\n\n", "1 2\n", True),
        ("1\n\n2", "1\n2\n\n", True),
        ("1 2", "1\n2", False),
        ("0.3333333", "0.33333333", True),
        ("0.3333", "0.33333333", False),
        ("1000000.5", "1000000.6", True),
        ("1e3", "1000", True),
        ("1000001", "1000000", False),
        ("007", "7", False),
        ("YES", "Yes", False),
        ("nan", "nan", True),
        ("1.5x", "1.5", False),
        ("", "0", False),
    ],
)
def test_printed_text(got: str, want: str, same: bool) -> None:
    assert same_text(got, want) is same


@pytest.mark.parametrize(
    ("got", "want", "same"),
    [
        ((1, 2), [1, 2], True),
        ([1, (2.0000001,)], [1, [2]], True),
        (0.1 + 0.2, 0.3, True),
        (0.31, 0.3, False),
        (10**12, 10**12 + 1, False),
        (1.0, "1.0", False),
        ({1: [2]}, {"1": [2]}, True),
        ({1: 2}, {"1": 2, "3": 4}, False),
        ("a", "a ", False),
        ([1], 1, False),
        ({1, 2}, [1, 2], False),
        (None, None, True),
    ],
)
def test_returned_values(got: object, want: object, same: bool) -> None:
    assert same_value(got, want) is same


def test_a_long_value_is_shown_shortened() -> None:
    assert len(difference("x" * 10_000, 1, 2)) < 600
