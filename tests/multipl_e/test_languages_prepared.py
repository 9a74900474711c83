"""What a language prepares is made once per version, and a failure leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from multipl_e.languages.prepared import prepared


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def writing(text: str, made: list[str]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        made.append(text)
        (folder / "file").write_text(text)

    return make


def test_it_is_made_once_per_version_and_source(tmp_path: Path) -> None:
    source, made = tmp_path / "source", list[str]()
    source.write_text("one")
    first = prepared("x", "1.0", writing("a", made), source)
    assert prepared("x", "1.0", writing("b", made), source) == first
    other_version = prepared("x", "1.1", writing("c", made), source)
    source.write_text("two")
    other_source = prepared("x", "1.0", writing("d", made), source)

    assert first and other_version and other_source
    assert made == ["a", "c", "d"]
    assert [(f / "file").read_text() for f in (first, other_version, other_source)] == made


def test_a_failure_is_none_and_leaves_nothing(cache: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError("no compiler")

    assert prepared("x", "1.0", fail) is None
    assert not list((cache / "multipl-e" / "prepared").iterdir())
