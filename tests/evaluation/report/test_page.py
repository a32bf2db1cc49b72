"""The page as text: it loads nothing, nothing of the data is mark-up, and it is the same every time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from cramf.evaluation.report.embedding import script_json
from cramf.evaluation.report.gathering import gather
from cramf.evaluation.report.page import html_page
from tests.evaluation.report.sample_runs import (
    HOSTILE,
    Excluded,
    check_run,
    formalize_run,
    retrieval_problems,
    retrieval_run,
)

pytest.importorskip("matplotlib", reason="the plots of a page need matplotlib: pip install 'cramf[report]'")
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Reader(HTMLParser):
    """Elements with their attributes and the text of scripts; unbalanced elements are noted."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append((self.elements[-1][1], data))


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.wrong == []
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A page of each kind, one of a comparison, and one of a run without figures."""
    base = tmp_path_factory.mktemp("runs")
    excluded = [Excluded("toy.jsonl:9", HOSTILE, "no statement")]
    first = formalize_run(base / "first", excluded=excluded)
    second = formalize_run(base / "second", good=(0, 4))
    hostile = retrieval_problems(hostile=True)
    made = {
        "formalize": [first],
        "comparison": [first, second],
        "retrieval": [retrieval_run(base / "retrieval", hostile)],
        "check": [check_run(base / "check")],
        "unscored": [formalize_run(base / "unscored", scored=False)],
    }
    return {name: html_page(gather(paths)) for name, paths in made.items()}


def test_nothing_is_loaded_and_one_script_may_run(pages: dict[str, str]) -> None:
    for page in pages.values():
        found = read(page)
        for tag, attributes in found.elements:
            for name in ("src", "srcset", "action", "data", "poster", "background"):
                assert name not in attributes, (tag, attributes)
            for name in ("href", "xlink:href"):
                value = attributes.get(name)
                assert value is None or value.startswith(("#", "data:,")), (tag, value)
            assert not [name for name in attributes if name.startswith("on")]
        assert "@import" not in page
        assert not re.search(r"url\((?!#)", page)
        policy = next(
            a["content"] for t, a in found.elements if a.get("http-equiv") == "Content-Security-Policy"
        )
        assert policy is not None
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        running = [text for attributes, text in found.scripts if "type" not in attributes]
        assert len(running) == 1
        digest = base64.b64encode(hashlib.sha256(running[0].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_the_data_are_json_that_no_text_can_leave(pages: dict[str, str]) -> None:
    for name in ("formalize", "comparison", "retrieval"):
        found = read(pages[name])
        assert "img" not in {tag for tag, _ in found.elements}
        data = {a["id"]: json.loads(text) for a, text in found.scripts if a.get("type") == "application/json"}
        assert HOSTILE in data["listing"]["statements"]
        assert "alert(1)</" not in pages[name]


def test_json_in_a_script_says_the_same() -> None:
    for value in (HOSTILE, "\ud800", {"a": ["<!--", "]]>", "&lt;", "\u2029"]}):
        text = script_json(value)
        assert json.loads(text) == value
        assert not set("<>&\u2028\u2029") & set(text)
        text.encode("utf-8")


def test_ids_are_unique_and_what_refers_to_them_is_there(pages: dict[str, str]) -> None:
    for page in pages.values():
        elements = read(page).elements
        ids = [a["id"] for _, a in elements if "id" in a]
        assert len(ids) == len(set(ids))
        wanted = {a["href"][1:] for _, a in elements if (a.get("href") or "").startswith("#")}
        wanted |= set(re.findall(r"url\(#([^)]+)\)", page))
        assert wanted <= set(ids)


def test_plots_have_names_colours_of_the_page_and_a_table(pages: dict[str, str]) -> None:
    for name, least in (("formalize", 5), ("comparison", 5), ("retrieval", 5), ("check", 3)):
        found = read(pages[name])
        pictures = [a for tag, a in found.elements if tag == "svg"]
        assert len(pictures) >= least
        assert all(a["role"] == "img" and a["aria-label"] for a in pictures)
        assert [tag for tag, _ in found.elements].count("figure") == len(pictures)
        drawn = "".join(re.findall(r"<svg.*?</svg>", pages[name], re.DOTALL))
        assert "var(--series-1)" in drawn
        assert "#0102" not in drawn
        assert "DejaVu" not in drawn
        assert pages[name].count("<summary>The numbers</summary>") == len(pictures)


def test_a_run_without_figures_shows_none(pages: dict[str, str]) -> None:
    page = pages["unscored"]
    assert "<svg" not in page
    assert "Passed (static)" not in page
    assert "Not scored" in page
    assert 'class="warnings severe"' in page


def test_the_same_runs_give_the_same_page(tmp_path: Path) -> None:
    paths = [formalize_run(tmp_path / "a"), formalize_run(tmp_path / "b", good=(0,))]
    assert html_page(gather(paths)) == html_page(gather(paths))


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def themes() -> list[dict[str, Any]]:
    style = (files("cramf.evaluation.report") / "static" / "report.css").read_text("utf-8")
    blocks = [block for block in re.findall(r"\{([^{}]*)\}", style) if "--series-8" in block]
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def test_texts_and_pictures_have_the_contrast_that_wcag_wants() -> None:
    light, dark, system = themes()
    assert dark == system
    assert light.keys() == dark.keys()
    for theme in (light, dark):
        for ground in ("ground", "raised"):
            for ink in ("ink", "quiet", "accent"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
        for tone in ("good", "bad", "middling", "plain"):
            assert contrast(theme[tone], theme[f"{tone}-ground"]) >= 4.5, tone
        assert contrast(theme["mark-ink"], theme["mark"]) >= 4.5
        for number in range(1, 9):
            assert contrast(theme[f"series-{number}"], theme["ground"]) >= 3, number
