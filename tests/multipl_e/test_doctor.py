"""The doctor: what runs here, and what is missing."""

from __future__ import annotations

import pytest

from multipl_e.doctor import DoctorOptions, brief, examine, run
from multipl_e.errors import UserError
from multipl_e.languages import get_language
from multipl_e.languages.python import Python


def test_a_language_that_works() -> None:
    (finding,) = examine(DoctorOptions(languages=["python"], isolation="bubblewrap"))
    assert (finding.name, finding.verdict, finding.remedy) == ("py", "OK", "")
    assert finding.version.startswith("3.")


def test_a_language_that_is_missing_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(get_language("js").__dict__, "toolchain", None)
    (finding,) = examine(DoctorOptions(languages=["js"]))
    assert (finding.verdict, finding.healthy) == ("missing", False)
    assert "nodejs" in finding.remedy


def test_a_language_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Python, "smoke", ("def add(a, b):\n    return nothing\n", "assert add(1, 2)")
    )
    (finding,) = examine(DoctorOptions(languages=["py"]))
    assert (finding.verdict, "nothing" in finding.remedy) == ("Exception", True)


def test_the_table_shows_isolation_and_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    run(DoctorOptions(languages=["py"]))
    shown = capsys.readouterr().out
    assert "isolation: bubblewrap" in shown
    assert "Python" in shown and "1 of 1 languages can run here" in shown


def test_what_a_toolchain_says_of_itself_is_cut_to_its_version() -> None:
    assert brief("g++ (Debian 12.2.0-14+deb12u1) 12.2.0") == "g++ 12.2.0"
    assert brief('clojure-1.11.1, openjdk version "17.0.15" 2025-04-15') == (
        "clojure 1.11.1, openjdk 17.0.15"
    )
    assert brief("LDC - the LLVM D compiler (1.30.0):") == "1.30.0"
    assert brief("v20.20.2") == "20.20.2"


def test_the_table_fits_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("go", "js"):
        monkeypatch.setitem(get_language(name).__dict__, "toolchain", None)
    run(DoctorOptions(languages=["js", "go"]))
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "golang-go" in shown and "0 of 2 languages" in shown


def test_without_a_sandbox_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(UserError, match="no sandbox"):
        run(DoctorOptions(languages=["py"]))
