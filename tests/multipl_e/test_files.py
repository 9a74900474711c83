"""Outputs are tried before hours of work go into them, and named as the person named them."""

from __future__ import annotations

from pathlib import Path

import pytest

from multipl_e.errors import UserError
from multipl_e.files import check_table_name, check_writable, write_text


def test_a_place_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "out.jsonl")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        check_writable(tmp_path / "file" / "out.jsonl")
    with pytest.raises(OSError) as caught:
        check_writable("/proc/out.jsonl")
    assert caught.value.filename == "/proc/out.jsonl"


def test_a_failed_write_names_the_file_and_not_the_temporary_one() -> None:
    with pytest.raises(OSError) as caught:
        write_text("/proc/report.md", "text")
    assert caught.value.filename == "/proc/report.md"


def test_an_unknown_ending_is_refused() -> None:
    with pytest.raises(UserError, match="must end in"):
        check_table_name("out.csv")
