"""The page in a real browser: paste, rank, see the right order."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.slow

PROMPT = "def f(a, b):\n"
TEXTS = ["    return a - b", "    x = '<script>alert(1)</script>'\n    return a", "    pass"]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (pip install playwright)"
    )
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, served) -> Iterator:
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    # A refusal shows up on the console too; the policy's complaints are what counts.
    page.on("console", lambda m: problems.append(m.text) if "Policy" in m.text else None)
    page.on(
        "request",
        lambda r: None if r.url.startswith(served.url) else problems.append(f"outside: {r.url}"),
    )
    page.goto(served.url)
    page.wait_for_selector("#strategy option:nth-child(2)", state="attached")
    yield page
    context.close()
    assert problems == []


def expected_order(scorers) -> str:
    values = [s.value for s in scorers["anchored"].score(PROMPT, TEXTS)]
    return " ".join(str(i + 1) for i in sorted(range(len(TEXTS)), key=lambda i: -values[i]))


def shown_order(page) -> str:
    page.wait_for_selector("#results[data-ranking]")
    return page.get_attribute("#results", "data-ranking")


def test_paste_and_rank_by_keyboard(page, scorers):
    page.focus("#prompt")
    page.keyboard.insert_text(PROMPT)
    page.focus("#candidates")
    page.keyboard.insert_text("\n---\n".join(TEXTS) + "\n")
    page.keyboard.press("Control+Enter")
    assert shown_order(page) == expected_order(scorers)
    titles = page.locator(".card .title").all_inner_texts()
    assert [t.split()[1] for t in titles if t.startswith("Candidate")] == expected_order(
        scorers
    ).split()
    strip = page.locator(".strip").first
    strip.wait_for()
    strip.focus()
    page.keyboard.press("Home")
    assert strip.get_attribute("aria-valuenow") == "1"
    page.keyboard.press("ArrowRight")
    assert strip.get_attribute("aria-valuenow") == "2"
    assert page.locator("#difference .add").count() > 0


def test_dropped_json_lines_are_ranked_and_stay_text(page, scorers):
    import json

    rows = [{"name": "t", "language": "py", "prompt": PROMPT, "completion": t} for t in TEXTS]
    content = "\n".join(map(json.dumps, rows)).encode()
    page.set_input_files(
        "#file", {"name": "c.jsonl", "mimeType": "application/jsonl", "buffer": content}
    )
    assert shown_order(page) == expected_order(scorers)
    assert page.input_value("#prompt") == PROMPT
    page.locator("details.card[data-index='1']").first.wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.locator("details[data-index='1'] .strip").wait_for()
    assert "<script>alert(1)</script>" in page.inner_text("details[data-index='1'] pre")
    assert page.locator("#results script").count() == 0


def test_the_page_fits_a_phone(page):
    page.set_viewport_size({"width": 360, "height": 740})
    page.click("#example")
    shown_order(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_the_server_refuses_is_said(page):
    page.fill("#candidates", "a")
    page.evaluate("document.querySelector('#language').value = 'x'.repeat(80)")
    with page.expect_response("**/v1/best_of_n") as refused:
        page.click("#rank")
    assert refused.value.status == 400
    page.locator("#message", has_text="language").wait_for()
