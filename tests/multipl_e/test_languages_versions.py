"""Versions of toolchains are asked once for as long as their files stay the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from multipl_e.languages.versions import version_line


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command that counts how often it runs and says which version it is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "tool"
    install(path, "1.0")
    return path


def install(path: Path, version: str) -> None:
    path.write_text(f"#!/bin/sh\necho run >> {path}.log\necho tool {version} $1\n")
    path.chmod(0o755)


def runs(tool: Path) -> int:
    return Path(f"{tool}.log").read_text().count("run")


def test_a_version_is_asked_once(tool: Path) -> None:
    assert {version_line(str(tool), "--version") for _ in range(3)} == {"tool 1.0 --version"}
    assert runs(tool) == 1


def test_another_question_is_asked(tool: Path) -> None:
    assert version_line(str(tool), "-v") != version_line(str(tool), "-V")


def test_a_changed_file_is_asked_again(tool: Path) -> None:
    version_line(str(tool), "--version")
    install(tool, "1.0.1")
    assert version_line(str(tool), "--version") == "tool 1.0.1 --version"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}'])
def test_a_damaged_cache_is_replaced(tool: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "cache" / "multipl-e").mkdir(parents=True)
    (tmp_path / "cache" / "multipl-e" / "versions.json").write_text(content)
    for _ in range(2):
        assert version_line(str(tool), "--version") == "tool 1.0 --version"
    assert runs(tool) == 1


def test_a_cache_that_cannot_be_written_is_done_without(tool: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert version_line(str(tool), "--version") == "tool 1.0 --version"


def test_a_command_that_is_not_there_has_no_version(tmp_path: Path) -> None:
    assert version_line(str(tmp_path / "none"), "--version") == "?"
