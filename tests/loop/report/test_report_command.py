"""The command line and the files it writes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loop.report import final_table, read_report, write_report
from loop.report.summary import ROUND_KEYS
from multipl_e.errors import UserError

Report = dict[str, Any]


@pytest.fixture
def run_dir(report: Report, tmp_path: Path) -> Path:
    (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loop.report", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_renders_again_what_the_run_wrote(report: Report, run_dir: Path) -> None:
    write_report(report, run_dir)
    before = {name: (run_dir / name).read_bytes() for name in ("report.md", "report.html")}
    for name in before:
        (run_dir / name).unlink()
    finished = run(str(run_dir))
    assert finished.returncode == 0, finished.stderr
    assert "reranker pick" in finished.stdout
    assert {name: (run_dir / name).read_bytes() for name in before} == before


def test_a_missing_run_is_a_mistake_told_in_one_sentence(tmp_path: Path) -> None:
    finished = run(str(tmp_path / "nowhere"))
    assert finished.returncode == 2
    assert "there is no such run directory" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_help_teaches() -> None:
    finished = run("--help")
    assert finished.returncode == 0
    assert "report.json" in finished.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "holds no report.json"),
        ("{", "is not valid JSON"),
        ("[]", "should hold a JSON object"),
        ('{"rounds": {}}', "'rounds' should be a list"),
        ('{"curves": [1]}', "'curves' should be an object"),
        (b"\xff\xfe", "is not valid JSON"),
    ],
)
def test_a_bad_run_directory(tmp_path: Path, content: str | bytes | None, words: str) -> None:
    if content is not None:
        raw = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "report.json").write_bytes(raw)
    with pytest.raises(UserError, match=words):
        read_report(tmp_path)


def test_a_failed_rendering_leaves_the_old_files(
    report: Report, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(report, run_dir)
    before = (run_dir / "report.html").read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    report["final"]["best_of_n"] = {"value": 0.1}
    with pytest.raises(OSError, match="disk full"):
        write_report(report, run_dir)
    assert (run_dir / "report.html").read_bytes() == before
    assert sorted(p.name for p in run_dir.iterdir()) == ["report.html", "report.json", "report.md"]


def printed(report: Report, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(final_table(report))
    return console.file.getvalue().rstrip("\n").split("\n")  # type: ignore[attr-defined]


def test_the_final_table_fits_a_terminal(report: Report) -> None:
    lines = printed(report)
    assert lines == [line.rstrip("…") for line in lines]
    assert "…" not in "".join(lines)
    assert len(lines) == len(printed(report, width=200))


def test_the_final_table_of_all_figures_cuts_nothing_off(report: Report) -> None:
    figure = {"value": 1.0, "low": -1.0, "high": 1.0}
    everything = dict.fromkeys((*ROUND_KEYS, "ppo_score_gain"), figure)
    report["rounds"] = [{"round": n, "overall": everything} for n in range(1, 6)]
    report["final"] = everything
    lines = printed(report)
    assert "…" not in "".join(lines)
    assert any("PPO gain, sd" in line and "+1.00" in line for line in lines)


def test_the_final_table_holds_each_round_and_the_last_interval(report: Report) -> None:
    report["rounds"][0]["overall"]["best_of_n"] = {"value": 0.111}
    report["rounds"][-1]["overall"]["best_of_n"] = {"value": 0.777}
    report["final"]["best_of_n"] = {"value": 0.777, "low": 0.712, "high": 0.834}
    row = next(line for line in printed(report) if line.startswith("reranker pick, %"))
    assert "11.1" in row
    assert row.index("11.1") < row.index("77.7") < row.index("71.2 to 83.4")


def test_a_long_run_shows_its_first_and_its_last_rounds(report: Report) -> None:
    report["rounds"] = [{**report["rounds"][0], "round": n} for n in range(1, 21)]
    head = printed(report)[0].split()
    assert head[:6] == ["round", "1", "17", "18", "19", "20"]
