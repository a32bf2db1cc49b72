"""The shipped catalogue is sound, and a damaged one is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cramf.errors import InputError
from cramf.evaluation import catalogue as module
from cramf.evaluation.catalogue import benchmark_named, catalogue, read_catalogue
from cramf.evaluation.lean_versions import parse_version

SMALL = """
[[benchmark]]
name = "small"
title = "Small"
source = "https://example.org/small"
transport = "git"
layout = "jsonl"
[[benchmark.file]]
path = "rows.jsonl"
"""


def test_what_the_issue_asks_for_is_there() -> None:
    names = {benchmark.name for benchmark in catalogue()}
    assert {
        "minif2f",
        "minif2f-deepseek",
        "proofnet-deepseek",
        "proofnet-sharp",
        "proofnet-verified",
        "con-nf",
    } <= names


@pytest.mark.parametrize("benchmark", catalogue(), ids=lambda b: b.name)
def test_an_entry_says_what_it_must(benchmark: module.Benchmark) -> None:
    assert benchmark.title
    assert benchmark.source.startswith("https://")
    assert benchmark.contamination, "every benchmark needs a note of what models may have seen"
    if benchmark.transport == "git":
        assert re.fullmatch("[0-9a-f]{40}", benchmark.revision)
        assert benchmark.pinned
    if benchmark.pinned:
        assert benchmark.rows
        assert all(count > 0 for count in benchmark.rows.values())
        assert benchmark.licence
    for version in benchmark.lean.split("..") if benchmark.lean else ():
        assert parse_version(version)
    splits = {file.split for file in benchmark.files if file.split}
    assert not splits or splits == set(benchmark.rows or splits)


def test_it_holds_no_lean() -> None:
    text = (Path(module.__file__).parent / "catalogue.toml").read_text(encoding="utf-8")
    assert not re.search(r"theorem \w+|∀|∃|→|\$", text)


def test_a_name_that_is_not_known() -> None:
    with pytest.raises(InputError, match=r"no benchmark is named 'proofnet-verifed'.*proofnet-verified"):
        benchmark_named("proofnet-verifed")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"small"', '"../small"', "can be no folder"),
        ('"rows.jsonl"', '"/etc/passwd"', "leaves its folder"),
        ('"rows.jsonl"', '"../rows.jsonl"', "leaves its folder"),
        ('"git"', '"http"', "no address"),
        ('"git"', '"rsync"', "transport or repeated"),
        ('layout = "jsonl"', 'layout = "csv"', "layout 'csv'"),
        ('layout = "jsonl"', 'layout = "jsonl"\ncolour = "red"', "colour"),
        ('path = "rows.jsonl"', 'path = "rows.jsonl"\nsha256 = "abc"', "SHA-256"),
        ('[[benchmark.file]]\npath = "rows.jsonl"', "", "has no file"),
        ('title = "Small"', 'title = "Small', "line"),
    ],
)
def test_a_damaged_catalogue(old: str, new: str, message: str) -> None:
    assert read_catalogue(SMALL)[0].name == "small"
    with pytest.raises(ValueError, match=message):
        read_catalogue(SMALL.replace(old, new))


def test_two_entries_of_one_name_and_a_field_map_of_no_field() -> None:
    with pytest.raises(ValueError, match="same name"):
        read_catalogue(SMALL + SMALL)
    with pytest.raises(InputError, match="'proof'"):
        read_catalogue(SMALL.replace('title = "Small"', 'title = "Small"\nfields = { proof = "p" }'))
