"""report.html: self-contained, safe, reproducible, readable without seeing the plots."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from loop.report.html import render_html
from loop.report.metrics import METRICS

Report = dict[str, Any]
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Collects what the tests ask about a page, and notices tags that do not close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.preformatted: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "pre":
            self.preformatted.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "pre" in self.open:
            self.preformatted[-1] += data

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


def test_every_tag_is_closed(report: Report) -> None:
    assert Page(render_html(report)).open == []


def test_nothing_is_fetched_from_elsewhere(report: Report) -> None:
    text = render_html(report)
    page = Page(text)
    for name in ("src", "href", "action", "data", "srcset"):
        assert all(value.startswith("#") for value in page.attributes(name))
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "base"}
    assert "@import" not in text
    assert all(u.startswith("#") for u in re.findall(r"url\(\s*['\"]?([^)]*)", text))


def test_every_reference_within_the_page_finds_exactly_one_target(report: Report) -> None:
    text = render_html(report)
    page = Page(text)
    ids = page.attributes("id")
    used = {v[1:] for v in page.attributes("href")} | set(re.findall(r"url\(#([^)]+)\)", text))
    assert used
    assert all(ids.count(target) == 1 for target in used)
    assert len(ids) == len(set(ids))


def test_the_same_report_gives_the_same_bytes(report: Report) -> None:
    assert render_html(report) == render_html(report)


def test_every_plot_has_a_text_for_those_who_do_not_see_it(report: Report) -> None:
    page = Page(render_html(report))
    labels = [a["aria-label"] for tag, a in page.tags if tag == "svg" and a.get("role") == "img"]
    assert len(labels) == 8
    assert all(label and re.search(r"\d", label) for label in labels)


def test_colours_follow_the_theme(report: Report) -> None:
    text = render_html(report)
    svg = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    assert not re.search(r"#[0-9a-f]{6}\b", svg)
    used = set(re.findall(r"var\(--(\w+)\)", svg))
    themes = re.findall(r":root \{(.*?)\}", text, flags=re.DOTALL)
    assert len(themes) == 2
    for theme in themes:
        assert used <= set(re.findall(r"--(\w+):", theme))


def test_every_metric_is_explained(report: Report) -> None:
    page = Page(render_html(report))
    assert {METRICS["best_of_n"].meaning, METRICS["roc_auc"].meaning} <= set(
        page.attributes("title")
    )
    assert sum(tag == "dd" for tag, _ in page.tags) == len(METRICS)


NASTY = '</script></pre><img src=x onerror="alert(1)">&amp; {{ 7 * 7 }} <!-- \u2028 ünï 🦀'


def test_program_text_is_shown_and_never_interpreted(report: Report) -> None:
    for position, field in enumerate(("code", "prompt", "failing_test", "stderr")):
        report["hard_negatives"][position][field] = NASTY
    page = Page(render_html(report))
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"img", "script"}
    assert sum(NASTY in text for text in page.preformatted) == 4


def test_names_are_escaped(report: Report) -> None:
    for position, field in enumerate(("task", "language", "status")):
        report["hard_negatives"][position][field] = NASTY
    page = Page(render_html(report))
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"img", "script"}


def test_names_of_languages_stages_and_settings_are_escaped(report: Report) -> None:
    first = report["rounds"][0]
    for entry in report["rounds"]:
        entry["per_language"][NASTY] = entry["per_language"]["py"]
    first["seconds"][NASTY] = 3.0
    first["seconds"]["$x_1$"] = 3.0
    report["config"][NASTY] = {NASTY: [NASTY]}
    report["curves"][NASTY] = report["curves"]["reward"]
    page = Page(render_html(report))
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"img", "script"}


def test_only_ten_hard_negatives_are_shown(report: Report) -> None:
    report["hard_negatives"] *= 3
    page = Page(render_html(report))
    assert sum(tag == "article" for tag, _ in page.tags) == 10


def test_configuration_and_environment_are_there_but_folded(report: Report) -> None:
    report["config"]["unusual_setting"] = 0.4321
    page = Page(render_html(report))
    assert any("unusual_setting: 0.4321" in text for text in page.preformatted)
    assert any("torch: 2.13.0" in text for text in page.preformatted)
    assert not any("open" in attrs for tag, attrs in page.tags if tag == "details")
