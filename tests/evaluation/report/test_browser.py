"""The page in a real browser without a screen: what it shows, what its keys do, and that it asks nobody."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cramf.evaluation.report.gathering import gather
from cramf.evaluation.report.page import html_page
from tests.evaluation.report.sample_runs import (
    HOSTILE,
    INDEX,
    ToldWork,
    check_run,
    finished,
    formalize_problems,
    formalize_run,
    formalized,
    retrieval_problems,
    retrieval_run,
)

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("matplotlib", reason="the plots of a page need matplotlib: pip install 'cramf[report]'")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH")

DETAILS = (
    "Informal statement",
    "Reference",
    "theorem ref_0",
    "unknown identifier '𝕏bad'",
    "instead: Even, Odd",
    "mends attempt 0",
    "cut at sorry",
    "even_add_self",
    "Trace",
    "900 + 40 tokens",
)
NAMELESS = """
[...document.querySelectorAll('button, select, input, a, summary, [role=region]')].filter((each) =>
  !each.textContent.trim() && !each.getAttribute('aria-label') && !(each.labels && each.labels.length)).length
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("pages")
    first, second = formalize_run(base / "first"), formalize_run(base / "second", good=(0, 4))
    many = retrieval_problems(120, hostile=True)
    long_name = formalize_problems(8)
    made = {
        "formalize": [first],
        "comparison": [first, second],
        "retrieval": [retrieval_run(base / "retrieval", many)],
        "partly": [
            retrieval_run(base / "part", many[:20]),
            retrieval_run(base / "all", many[:22], better=True),
        ],
        "check": [check_run(base / "check")],
        "unscored": [formalize_run(base / "unscored", long_name, scored=False)],
    }
    for name, paths in made.items():
        (base / f"{name}.html").write_text(html_page(gather(paths)), encoding="utf-8")
    return {name: base / f"{name}.html" for name in made}


@contextmanager
def opened(browser: Any, path: Path, **options: Any) -> Iterator[Any]:
    """A page whose errors and requests are noted, and must be none when it is closed."""
    context = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, **options})
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: (troubles.append(f"dialog {dialog.message}"), dialog.dismiss()))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert troubles == []
    assert [url for url in asked if url not in (path.as_uri(), "data:,")] == []
    context.close()


def names(page: Any) -> list[str]:
    found: list[str] = page.locator(".row .name").all_inner_texts()
    return found


def until(page: Any, count: int) -> None:
    """Wait until the list has so many rows."""
    playwright.expect(page.locator(".row")).to_have_count(count)


def test_hostile_text_is_shown_as_text(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["formalize"]) as page:
        page.locator(".row").nth(1).click()
        page.locator(".row").nth(8).click()
        assert page.locator(".statement").first.inner_text().startswith("</script><script>alert(1)")
        assert page.locator("img").count() == 0
        assert page.locator("body script:not([type])").count() == 1
        assert "onerror" in page.locator(".details").nth(1).inner_text()


def test_details_show_candidates_marks_diagnostics_evidence_and_trace(
    browser: Any, pages: dict[str, Path]
) -> None:
    with opened(browser, pages["formalize"]) as page:
        row = page.locator(".row").nth(0)
        assert page.locator(".details").count() == 0
        row.click()
        assert row.get_attribute("aria-expanded") == "true"
        details = page.locator(f"#{row.get_attribute('aria-controls')}")
        text = details.inner_text()
        for word in DETAILS:
            assert word in text, word
        assert details.locator("mark").all_inner_texts() == ["𝕏bad"]
        assert details.locator(".attempt.chosen").inner_text().startswith("Attempt 1")
        row.click()
        assert page.locator(".details").count() == 0


def test_an_attempt_that_repeats_another_says_which(browser: Any, tmp_path: Path) -> None:
    result = formalized(0, True)
    attempts = [*result["attempts"], dict(result["attempts"][1])]
    for attempt, cluster in zip(attempts, (0, 1, 1), strict=True):
        attempt["cluster"] = cluster
    problem = formalize_problems(1)[0]
    told: dict[str, Any] = {problem.name: ({**result, "attempts": attempts}, {"write": 5.0, "check": 1.0})}
    asked = {
        "backend": "symbolic",
        "bounds": {"candidates": 1},
        "checker": {"name": "static", "index": INDEX},
    }
    run = finished(tmp_path / "run", ToldWork("formalize", told, {**asked, "index": INDEX}), [problem])
    page_file = tmp_path / "page.html"
    page_file.write_text(html_page(gather([run])), encoding="utf-8")
    with opened(browser, page_file) as page:
        page.locator(".row").nth(0).click()
        boxes = page.locator(".attempt h5").all_inner_texts()
    assert ["says the same" in text for text in boxes] == [False, False, True]
    assert "says the same as attempt 1" in boxes[2]


def test_search_and_filters(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["formalize"]) as page:
        page.locator("#search").fill("DOUBLE algebra")
        until(page, 4)
        assert names(page) == ["algebra_0", "algebra_2", "algebra_4", "algebra_6"]
        page.get_by_label("Outcome", exact=True).select_option(label="invalid (4)")
        assert names(page) == ["algebra_4", "algebra_6"]
        page.locator("#search").fill("no such thing")
        until(page, 0)
        assert "none fits" in page.locator("#count").inner_text()
        page.get_by_role("button", name="Clear").click()
        until(page, 9)
        page.get_by_label("Equal", exact=True).select_option("1")
        assert names(page) == ["algebra_0", "number_1", "algebra_2"]
        page.get_by_role("button", name="Clear").click()
        until(page, 9)
        page.get_by_label("Split", exact=True).select_option(label="valid (4)")
        assert all(name.startswith("algebra") for name in names(page))
        page.get_by_label("Split", exact=True).select_option("")
        page.get_by_label("Category", exact=True).select_option(label="failed: backend (1)")
        assert names(page) == ["number_7"]


def test_sorting(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["formalize"]) as page:
        page.get_by_label("Sort by", exact=True).select_option("name")
        assert names(page)[0] == "algebra_0"
        assert names(page)[4] == "number_1"
        page.get_by_label("Sort by", exact=True).select_option("high")
        assert set(names(page)[:3]) == {"algebra_0", "number_1", "algebra_2"}


def test_keys(browser: Any, pages: dict[str, Path]) -> None:
    def focused() -> Any:
        return page.evaluate(
            "document.activeElement.querySelector('.name')?.textContent ?? document.activeElement.id"
        )

    with opened(browser, pages["retrieval"]) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the statements"
        page.keyboard.press("/")
        assert focused() == "search"
        page.keyboard.type("exercise j/?")
        assert page.locator("#search").input_value() == "exercise j/?"
        page.keyboard.press("Escape")
        assert page.locator("#search").input_value() == ""
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        assert focused() == "Book.exercise_0"
        page.keyboard.press("j")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("k")
        assert focused() == "Tome.exercise_1"
        page.keyboard.press("Enter")
        assert page.locator(".details").count() == 1
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        assert page.locator(".details").count() == 0
        assert focused() == "Tome.exercise_1"
        page.keyboard.press("n")
        assert focused() == "Book.exercise_50"
        assert "Page 2 of 3" in page.locator("#pages").inner_text()
        page.keyboard.press("k")
        assert focused() == "Tome.exercise_49"
        page.keyboard.press("?")
        assert page.locator("#help").is_visible()
        page.keyboard.press("Escape")
        assert not page.locator("#help").is_visible()


def test_pages_of_the_list(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["retrieval"]) as page:
        assert len(names(page)) == 50
        page.get_by_role("button", name="Last").click()
        assert len(names(page)) == 20
        assert "shown: 101 to 120" in page.locator("#count").inner_text()
        assert page.get_by_role("button", name="Next").is_disabled()


def test_retrieval_shows_ranks_and_what_is_missing(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["retrieval"]) as page:
        page.locator(".row").nth(2).click()
        table = page.get_by_role("region", name="Table: ranks of the gold names")
        cells = [row.split("\t") for row in table.inner_text().splitlines()]
        assert ["Not.There", "not in the index", "not in the index"] in cells
        assert ["Even", "2", "not found"] in cells
        assert "even_or_odd 0.75" in page.locator(".details").inner_text()
        assert "usage 0.5" in page.locator(".details").inner_text()


def test_colours_follow_the_system_and_the_button(browser: Any, pages: dict[str, Path]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, pages["check"], color_scheme="light") as page:
        light = page.evaluate(ground)
        page.emulate_media(color_scheme="dark")
        dark = page.evaluate(ground)
        assert light != dark
        curve = page.locator("svg path[style*='--series-1']").first
        stroke = "e => getComputedStyle(e).stroke"
        assert curve.evaluate(stroke) == "rgb(108, 176, 255)"
        page.locator("#theme").click()
        page.locator("#theme").click()
        assert page.evaluate(ground) == light
        assert curve.evaluate(stroke) == "rgb(11, 98, 196)"
        page.reload()
        assert page.evaluate(ground) == light
        assert "light" in (page.locator("#theme").get_attribute("aria-label") or "")


@pytest.mark.parametrize("name", ["formalize", "comparison", "retrieval", "check", "unscored"])
def test_no_page_is_wider_than_a_narrow_screen(browser: Any, pages: dict[str, Path], name: str) -> None:
    with opened(browser, pages[name], viewport={"width": 400, "height": 800}) as page:
        page.locator(".row").nth(1).click()
        for summary in page.locator("summary").all():
            if summary.is_visible():
                summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        hidden = page.evaluate(
            "[...document.querySelectorAll('button, summary, a:not(.skip)')]"
            ".filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 401).length"
        )
        assert hidden == 0


def test_two_runs_side_by_side(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["comparison"]) as page:
        page.get_by_label("Only where the runs differ", exact=True).check()
        assert names(page) == ["number_1", "algebra_2", "algebra_4"]
        page.locator(".row").nth(0).click()
        columns = page.locator(".columns > section")
        assert [column.get_attribute("aria-label") for column in columns.all()] == ["first", "second"]
        left, right = (column.bounding_box() for column in columns.all())
        assert left is not None
        assert right is not None
        assert left["y"] == right["y"]
        assert left["x"] < right["x"]
        page.get_by_label("Only where the runs differ", exact=True).uncheck()
        page.get_by_label("Outcome in second", exact=True).select_option(label="valid (2)")
        assert names(page) == ["algebra_0", "algebra_4"]
        figures = page.locator("#comparison").inner_text()
        assert "Paired differences" in figures
        assert "McNemar" in figures


def test_a_problem_of_one_run_alone_is_shown_as_such(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["partly"]) as page:
        page.get_by_label("Outcome in part", exact=True).select_option(label="not in this run (2)")
        assert names(page) == ["Book.exercise_20", "Tome.exercise_21"]
        page.locator(".row").nth(0).click()
        assert "This statement is not in this run." in page.locator(".details").inner_text()


def test_an_incomplete_run_says_so_first(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["unscored"]) as page:
        assert "Not scored" in page.locator("main > :first-child").inner_text()
        assert page.locator("svg").count() == 0
        assert len(names(page)) == 9


def test_everything_that_can_be_pressed_has_a_name(browser: Any, pages: dict[str, Path]) -> None:
    for path in pages.values():
        with opened(browser, path) as page:
            page.locator(".row").nth(1).click()
            assert page.evaluate(NAMELESS) == 0
            assert HOSTILE[:8] not in page.title()


def test_the_printed_page_has_no_controls(browser: Any, pages: dict[str, Path]) -> None:
    with opened(browser, pages["formalize"], color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert not page.locator("#filters").is_visible()
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 31, 36)"
        assert page.locator("svg").first.is_visible()
