"""Rows of JSONL files one by one: each way of being unusable is told with its line, for every kind of run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cramf.errors import InputError
from cramf.evaluation.loading import load_problems
from cramf.evaluation.problems import Problem
from cramf.retrieval.retriever import MAX_QUERY

RETRIEVAL = ("statement", "gold")
FORMALIZE = ("statement", "formal")
STATED = {"informal_statement": "One.", "formal_statement": "theorem a : 1 = 1 := by sorry"}


def write(path: Path, *lines: object) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def row(statement: object = "a statement", names: object = ("Nat.Prime",), **rest: object) -> dict[str, Any]:
    listed = list(names) if isinstance(names, tuple) else names
    return {"informal_statement": statement, "mathlib_dependencies": listed, **rest}


def test_rows_as_they_are_written(tmp_path: Path) -> None:
    data = write(
        tmp_path / "rows.jsonl",
        row("Über   $x^2$", ("Nat", "Nat", "Set"), name="one", tags=["passed over"], split=None),
        "",
        row("no dependencies", ()),
        row("no name either", ("ℝ", "Foo.«a b»")),
    )
    loaded = load_problems(data, need=RETRIEVAL)
    assert loaded.problems == (
        Problem("one", "Über   $x^2$", gold=frozenset({"Nat", "Set"})),
        Problem("rows:3", "no dependencies", gold=frozenset()),
        Problem("rows:4", "no name either", gold=frozenset({"ℝ", "Foo.«a b»"})),
    )
    assert [problem.place for problem in loaded.problems] == [f"{data}:{n}" for n in (1, 3, 4)]
    assert loaded.excluded == ()
    assert len(loaded.origin.sha256) == 64


def test_windows_files_and_separators_inside_text(tmp_path: Path) -> None:
    lines = [
        json.dumps(row("one\u2028two\x85three", name=name), ensure_ascii=False).encode() for name in "ab"
    ]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + lines[0] + b"\r\n\r\n" + lines[1] + b"\r\n")
    assert [p.statement for p in load_problems(path).problems] == ["one\u2028two\x85three"] * 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"informal_statement": "x"', "2 is not JSON"),
        ("nonsense", "2 is not JSON"),
        ("[" * 100_000, "2 is not JSON"),
        ('{"a": ' + "9" * 5000 + "}", "2 is not JSON"),
        ("[1]", "2 is a list, not an object"),
        ('"text"', "2 is text, not an object"),
        ("null", "2 is null, not an object"),
        ({"mathlib_dependencies": []}, "2: the row has no statement"),
        ({"informal_statement": "x"}, "2: the row has no gold (looked for mathlib_dependencies"),
        (row(3), "2: informal_statement is a number"),
        (row(None), "2: the row has no statement"),
        (row(["x"]), "2: informal_statement is a list"),
        (row(" \n\t"), "2: informal_statement is blank"),
        (row("\0"), "2: informal_statement is blank"),
        (row("x" * (MAX_QUERY + 1)), "2: informal_statement has 100,001 characters"),
        (row(names="Nat.Prime"), "2: mathlib_dependencies is text"),
        (row(names={"Nat": 1}), "2: mathlib_dependencies is an object"),
        (row(names=None), "2: the row has no gold"),
        (row(names=["Nat", 3.5]), "2: mathlib_dependencies holds a number"),
        (row(names=["Nat", None]), "2: mathlib_dependencies holds null"),
        (row(names=[""]), "2: mathlib_dependencies holds ''"),
        (row(names=["Nat.Prime "]), "2: mathlib_dependencies holds 'Nat.Prime '"),
        (row("half \ud835"), "2: informal_statement has half a surrogate pair"),
        (row(names=["N\udc00"]), "2: mathlib_dependencies has half a surrogate pair"),
        (row("another", name="first"), "2: the name 'first' is that of"),
        (row(name="first"), "2: the row is that of"),
    ],
)
def test_a_row_that_retrieval_cannot_use(tmp_path: Path, line: object, message: str) -> None:
    path = write(tmp_path / "rows.jsonl", row(name="first"), line, row("the last"))
    with pytest.raises(InputError) as caught:
        load_problems(path, need=RETRIEVAL)
    assert str(caught.value).startswith(f"{path}:{message}")
    assert caught.value.mend
    assert "\n" not in str(caught.value)
    # Left out by wish, it is counted in its place.
    rest = load_problems(path, need=RETRIEVAL, exclude_bad=True)
    assert [problem.statement for problem in rest.problems] == ["a statement", "the last"]
    assert [excluded.place for excluded in rest.excluded] == [f"{path}:2"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"formal_statement": STATED["formal_statement"]}, "2: the row has no statement"),
        ({"informal_statement": "One."}, "2: the row has no formal"),
        ({**STATED, "formal_statement": " "}, "2: formal_statement is blank"),
        ({**STATED, "formal_statement": 3}, "2: formal_statement is a number"),
        ({**STATED, "informal_statement": " "}, "2: informal_statement is blank"),
        ({**STATED, "header": 3}, "2: header is a number"),
        ({**STATED, "helper": ["def"]}, "2: helper is a list"),
        ({**STATED, "formal_statement": "theorem half_\ud835"}, "2: formal_statement has half"),
        ({**STATED, "mathlib_dependencies": "A"}, "2: mathlib_dependencies is text"),
        ({**STATED, "verified": {"formal_statement": 3}}, "2: verified.formal_statement is a number"),
        ({**STATED, "verified": {**STATED, "helper": 3}}, "2: verified.helper is a number"),
    ],
)
def test_a_row_that_formalizing_cannot_use(tmp_path: Path, line: object, message: str) -> None:
    path = write(tmp_path / "rows.jsonl", {**STATED, "name": "first"}, line)
    with pytest.raises(InputError) as caught:
        load_problems(path, need=FORMALIZE)
    assert str(caught.value).startswith(f"{path}:{message}")
    assert caught.value.mend


def test_a_statement_may_be_shorter_for_formalizing_than_for_retrieval(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", {**STATED, "informal_statement": "x" * 11})
    assert len(load_problems(path, longest=11).problems) == 1
    with pytest.raises(InputError, match="has 11 characters, more than 10"):
        load_problems(path, longest=10)


def test_a_corrected_row_without_a_statement_of_its_own_keeps_the_first_one(tmp_path: Path) -> None:
    inner = {"formal_statement": "theorem new : 2 = 2 := by sorry", "helper": "def two := 2"}
    path = write(tmp_path / "rows.jsonl", {**STATED, "verified": inner, "mathlib_dependencies": ["A"]})
    (problem,) = load_problems(path, need=(*FORMALIZE, "gold")).problems
    assert (problem.statement, problem.formal) == ("One.", "theorem new : 2 = 2 := by sorry")
    assert (problem.header, problem.helper) == ("import Mathlib", "def two := 2")
    assert problem.gold == frozenset({"A"})


def test_undecodable_bytes_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(json.dumps(row()).encode() + b'\n{"informal_statement": "\xff"}\n')
    with pytest.raises(InputError, match=r"rows.jsonl:2 is not UTF-8 text \(byte 24 of the line\)"):
        load_problems(path)


@pytest.mark.parametrize("content", [b"", b"\n \n\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_a_file_without_rows(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"rows.jsonl (holds no row|is empty)"):
        load_problems(path)


def test_a_place_without_data(tmp_path: Path) -> None:
    empty = tmp_path / "folder"
    empty.mkdir()
    for path in (empty, tmp_path / "nowhere"):
        with pytest.raises(InputError) as caught:
            load_problems(path)
        assert str(path) in str(caught.value)
        assert caught.value.mend
