"""report.md: well-formed tables and fences, whatever the programs hold."""

from __future__ import annotations

import re
from typing import Any

import pytest

from loop.report.markdown import render_markdown

Report = dict[str, Any]


def tables_of(text: str) -> list[list[str]]:
    blocks = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE).split("\n\n")
    return [block.splitlines() for block in blocks if block.startswith("|")]


def num_cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1


def test_every_row_of_a_table_has_the_same_number_of_cells(report: Report) -> None:
    found = tables_of(render_markdown(report))
    assert len(found) == 7
    for table in found:
        assert set(table[1]) <= set("|-: ")
        assert len({num_cells(row) for row in table}) == 1


@pytest.mark.parametrize("name", ["a|b", "a\nb", "*b*", "`b`", "<b>", "[b](x)"])
def test_names_do_not_break_tables(report: Report, name: str) -> None:
    for entry in report["rounds"]:
        entry["per_language"][name] = entry["per_language"]["py"]
    table = next(t for t in tables_of(render_markdown(report)) if "language" in t[0])
    assert len(table) == 5
    assert len({num_cells(row) for row in table}) == 1


def test_a_program_with_fences_stays_inside_its_own(report: Report) -> None:
    report["hard_negatives"] = [
        {"task": "t", "language": "py", "code": "x = 1\n````\n# no heading"}
    ]
    assert "`````py\nx = 1\n````\n# no heading\n`````" in render_markdown(report)


def test_characters_that_deceive_are_spelled_out(report: Report) -> None:
    report["hard_negatives"] = [{"task": "t", "language": "py", "code": "a\u202eb\x1b[2J\ud800"}]
    text = render_markdown(report)
    assert r"a\u202eb\u001b[2J\ud800" in text
    text.encode("utf-8")


def test_the_hard_negatives_tell_score_and_failing_test(report: Report) -> None:
    report["hard_negatives"] = [
        {
            "task": "t",
            "language": "py",
            "round": 2,
            "code": "return 1",
            "score": 2.5,
            "passing_score": 1.25,
            "rank": 3,
            "status": "Exception",
            "failing_test": "    assert f() == 2",
        }
    ]
    text = render_markdown(report)
    assert "### t · py · round 2" in text
    assert "Scored 2.50; the median passing program scores 1.25; rank 3. Exception" in text
    assert "```py\nassert f() == 2\n```" in text


def test_the_same_report_gives_the_same_text(report: Report) -> None:
    assert render_markdown(report) == render_markdown(report)
