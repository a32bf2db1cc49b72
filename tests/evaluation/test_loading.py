"""Rows of many published shapes become the same problems; what cannot be used is told or counted."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cramf.errors import InputError
from cramf.evaluation.catalogue import Benchmark, FilePattern
from cramf.evaluation.lean_versions import lean_gap, parse_version, version_of_toolchain
from cramf.evaluation.loading import load_problems
from cramf.evaluation.problems import Origin

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
HEADER = "import Mathlib\n\nopen Nat"


def write(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "row",
    [
        {"informal_statement": "Two is even.", "formal_statement": "theorem t : Even 2 := by sorry"},
        {"informal_stmt": "Two is even.", "formal_stmt": "theorem t : Even 2 := by sorry", "helper": ""},
        {
            "informal_prefix": "/-- Two is even. -/\n",
            "formal_statement": "theorem t : Even 2 := by\n",
            "goal": "⊢",
        },
        {"nl_statement": "Two is even.", "formal_statement": "theorem t : Even 2 :=", "src_header": HEADER},
        {
            "nl_statement": "Two is even.",
            "lean4_formalization": "theorem t : Even 2 :=",
            "lean4_src_header": HEADER,
        },
        {"natural": "Two is even.", "formal": "theorem t : Even 2 := by sorry", "id": "other"},
        {
            "refined_statement": "Two is even.",
            "autoformalization": f"{HEADER}\n\ntheorem t : Even 2 := by sorry",
        },
    ],
)
def test_published_spellings(tmp_path: Path, row: dict[str, Any]) -> None:
    (problem,) = load_problems(write(tmp_path / "rows.jsonl", {"name": "t", **row})).problems
    assert problem.name == "t"
    assert problem.statement == "Two is even."
    assert problem.formal == "theorem t : Even 2 := by sorry"
    told = "header" in str(list(row)) or HEADER in str(row.get("autoformalization"))
    assert problem.header == (HEADER if told else "import Mathlib")


def test_a_corrected_statement_is_read_before_the_first_one(tmp_path: Path) -> None:
    verified = {
        "lean": "v4.28.0", "informal_statement": "New.",
        "formal_statement": "theorem new : 1 = 1 := by sorry",
        "header": "import Mathlib\nopen Real", "helper": "def two := 2",
    }  # fmt: skip
    first = {"name": "a", "informal_statement": "Old.", "formal_statement": "theorem old : 1 = 1 := by sorry"}
    path = write(
        tmp_path / "rows.jsonl", {**first, "verified": verified}, {**first, "name": "b", "verified": None}
    )
    found = load_problems(path)
    assert [(p.statement, p.helper, p.header) for p in found.problems] == [
        ("New.", "def two := 2", "import Mathlib\nopen Real"),
        ("Old.", "", "import Mathlib"),
    ]
    assert found.origin.lean == "v4.28.0"
    (plain, _) = load_problems(path, fields={"statement": "informal_statement"}).problems
    assert (plain.statement, plain.formal) == ("Old.", "theorem new : 1 = 1 := by sorry")


def test_a_field_map_with_dots(tmp_path: Path) -> None:
    row = {
        "key": 7,
        "text": {"nl": "Two is even."},
        "lean": {"deps": ["Even", "Even"]},
        "ok": True,
        "human": "yes",
    }
    fields = {"name": "key", "statement": "text.nl", "gold": "lean.deps", "expected": "ok", "human": ""}
    found = load_problems(write(tmp_path / "rows.jsonl", row), fields=fields, need={"statement", "gold"})
    (problem,) = found.problems
    assert (problem.name, problem.statement, problem.gold) == ("7", "Two is even.", frozenset({"Even"}))
    assert (problem.formal, problem.expected, problem.human) == (None, True, None)
    assert found.origin.fields == fields


def test_a_field_map_of_what_is_no_field(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'informal'.*no field.*statement"):
        load_problems(write(tmp_path / "rows.jsonl", {"a": 1}), fields={"informal": "a"})
    with pytest.raises(InputError, match="'proof' is no field"):
        load_problems(write(tmp_path / "rows.jsonl", {"a": 1}), need={"proof"})


GOOD = {"name": "good", "informal_statement": "One is one.", "mathlib_dependencies": ["Nat"]}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"name": "x"}', "has no statement"),
        (b'{"name": "x", "informal_statement": "y"}', "has no gold"),
        (b'{"name": "x", "informal_statement": " ", "gold": []}', "is blank"),
        (b'{"name": "x", "informal_statement": 3, "gold": []}', "is a number"),
        (b'{"name": "x", "informal_statement": "y", "gold": "Nat"}', "gold is text"),
        (b'{"name": "x", "informal_statement": "y", "gold": [" Nat"]}', "is no Lean name"),
        (b'{"name": "x", "informal_statement": "\\ud835", "gold": []}', "surrogate"),
        (b'{"name": "x", "informal_statement": "y", "gold": [], "human": 1}', "human is a number"),
        (b'{"name": "x", "informal_statement": "caf\xe9", "gold": []}', "not UTF-8"),
        (b'{"name": "x"', "not JSON"),
        (b'{"name": "good", "informal_statement": "y", "gold": []}', "'good' is that of"),
    ],
)
def test_a_bad_row_is_an_error_with_its_line_or_counted(tmp_path: Path, bad: bytes, reason: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n\n" + bad + b"\n")
    with pytest.raises(InputError) as caught:
        load_problems(path, need={"statement", "gold"})
    assert f"{path}:3" in str(caught.value)
    assert reason in str(caught.value)
    assert caught.value.mend
    found = load_problems(path, need={"statement", "gold"}, exclude_bad=True)
    assert [p.name for p in found.problems] == ["good"]
    (row,) = found.excluded
    assert row.place == f"{path}:3"
    assert reason in row.reason
    assert row.duplicate == ("is that of" in reason)


def test_rows_of_one_name(tmp_path: Path) -> None:
    other = {**GOOD, "informal_statement": "Two is two."}
    path = write(tmp_path / "rows.jsonl", GOOD, other, GOOD, {**GOOD, "name": "good~2"})
    with pytest.raises(InputError, match=r"rows.jsonl:2: the name 'good' is that of .*:1"):
        load_problems(path)
    kept = load_problems(path, exclude_bad=True)
    assert [p.statement for p in kept.problems] == ["One is one.", "One is one."]
    assert [row.duplicate for row in kept.excluded] == [True, True]
    numbered = load_problems(path, exclude_bad=True, repeated="number")
    # The equal row is a copy all the same, and `good~2` was taken when the row that is named so came.
    assert [p.name for p in numbered.problems] == ["good", "good~2", "good~2~1"]
    assert [row.place for row in numbered.excluded] == [f"{path}:3"]
    assert "names that an earlier row has: 2" in numbered.origin.notes[0]


def test_no_row_that_can_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no row of .* can be used: .*no statement"):
        load_problems(write(tmp_path / "rows.jsonl", {"a": 1}), exclude_bad=True)
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(InputError, match="is empty"):
        load_problems(tmp_path / "empty.jsonl", exclude_bad=True)
    with pytest.raises(InputError, match="no file or folder"):
        load_problems(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="no layout is named 'csv'"):
        load_problems(tmp_path / "empty.jsonl", layout="csv")


def test_splits(tmp_path: Path) -> None:
    rows = [
        {**GOOD, "name": f"p{i}", "split": split} for i, split in enumerate(("test", "validation", "test"))
    ]
    path = write(tmp_path / "rows.jsonl", *rows)
    assert [p.split for p in load_problems(path).problems] == ["test", "valid", "test"]
    assert [p.name for p in load_problems(path, split="valid").problems] == ["p1"]
    assert [p.name for p in load_problems(path, split="test").problems] == ["p0", "p2"]
    with pytest.raises(InputError, match=r"no split 'dev'; it has test, valid"):
        load_problems(path, split="dev")
    with pytest.raises(InputError, match="it has no splits"):
        load_problems(write(tmp_path / "plain.jsonl", GOOD), split="test")
    mixed = write(tmp_path / "mixed.jsonl", *rows, {**GOOD, "name": "lost"})
    with pytest.raises(InputError, match=r"mixed\.jsonl:4: the row names no split"):
        load_problems(mixed, split="test")
    found = load_problems(mixed, split="test", exclude_bad=True)
    assert (len(found.problems), len(found.excluded)) == (2, 1)


def test_names_are_made_from_lines_where_there_are_none(tmp_path: Path) -> None:
    row = {"informal_statement": "One is one."}
    found = load_problems(
        write(tmp_path / "rows.jsonl", row, {**row, "theorem_names": ["only"]}, {**row, "id": 4})
    )
    assert [p.name for p in found.problems] == ["rows:1", "only", "4"]


def test_the_origin_says_what_is_known(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", GOOD)
    given = Origin(
        source="https://example.org/set", lean="v4.9.0", licence="CC0-1.0", notes=("seen by nobody",)
    )
    origin = load_problems(path, origin=given).origin
    assert (origin.source, origin.lean, origin.licence) == ("https://example.org/set", "v4.9.0", "CC0-1.0")
    assert origin.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert origin.notes == ("seen by nobody",)
    assert (origin.version, origin.library) == ("", "")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def test_the_commit_of_files_that_a_repository_has(tmp_path: Path) -> None:
    path = write(tmp_path / "data" / "rows.jsonl", GOOD)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "data")
    git(tmp_path, "commit", "-q", "-m", "rows")
    assert load_problems(path).origin.version == git(tmp_path, "rev-parse", "HEAD")
    assert load_problems(write(tmp_path / "data" / "mine.jsonl", GOOD)).origin.version == ""


def library_row(**more: Any) -> dict[str, Any]:
    return {
        **GOOD,
        "formal_stmt": "theorem t : Foo := by sorry",
        "header": "import Mathlib\nimport OwnLib.Sets",
        **more,
    }


def test_an_external_library_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", library_row())
    origin = load_problems(path).origin
    assert origin.library == "OwnLib"
    assert "import OwnLib" in origin.notes[0]
    packages = [{"name": "own-lib", "url": "https://example.org/own-lib", "rev": "abc123"}]
    (tmp_path / "lake-manifest.json").write_text(json.dumps({"packages": packages}))
    assert load_problems(path).origin.library == "OwnLib (https://example.org/own-lib @ abc123)"
    benchmark = entry(library="OwnLib (https://example.org @ def)")
    assert load_problems(tmp_path, benchmark=benchmark).origin.library == "OwnLib (https://example.org @ def)"


def entry(**more: Any) -> Benchmark:
    known: Mapping[str, Any] = {
        "name": "small", "title": "Small", "source": "https://example.org/small", "transport": "git",
        "files": (FilePattern("rows.jsonl", "test"),), "layout": "jsonl", "revision": "c0ffee",
    }  # fmt: skip
    return Benchmark(**{**known, **more})


def test_a_benchmark_of_the_catalogue(tmp_path: Path) -> None:
    write(tmp_path / "rows.jsonl", {"nl": "One is one.", "name": "a"}, {"nl": "Two is two.", "name": "a"})
    write(tmp_path / "others.jsonl", {"nl": "not read"})
    benchmark = entry(
        fields={"statement": "nl"}, lean="v4.9.0", licence="MIT", contamination="none", repeated="number"
    )
    found = load_problems(tmp_path, benchmark=benchmark)
    assert [(p.name, p.split) for p in found.problems] == [("a", "test"), ("a~2", "test")]
    origin = found.origin
    assert (origin.benchmark, origin.source, origin.version) == (
        "small",
        "https://example.org/small",
        "c0ffee",
    )
    assert (origin.lean, origin.licence, origin.contamination) == ("v4.9.0", "MIT", "none")
    assert [file.path for file in origin.files] == ["rows.jsonl"]
    with pytest.raises(InputError, match=r"has no file none/\*\.lean"):
        load_problems(tmp_path, benchmark=entry(files=(FilePattern("none/*.lean"),)))


def test_lean_versions() -> None:
    assert lean_gap("v4.9.0", "leanprover/lean4:v4.9.0") is None
    assert lean_gap("", "v4.9.0") is None
    assert lean_gap("v4.9.0", "") is None
    told = lean_gap("v4.9.0", "leanprover/lean4:v4.33.0-rc1")
    assert told == "written for Lean v4.9.0, the index is of v4.33.0-rc1: names may have changed"
    assert lean_gap("v4.7.0..v4.16.0-rc2", "v4.16.0-rc1") is None
    assert lean_gap("v4.7.0..v4.16.0-rc2", "v4.16.0") is not None
    assert lean_gap("nightly-2026-01-01", "v4.16.0") is not None
    assert version_of_toolchain("leanprover/lean4:v4.9.0\n") == "v4.9.0"
    order = [parse_version(v) for v in ("v4.9.0", "4.10.0-rc1", "v4.10.0-rc2", "4.10.0")]
    assert order == sorted(order, key=lambda v: v or (0, 0, 0, 0))
    assert parse_version("theorem") is None


@pytest.mark.data
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_the_shared_sets() -> None:
    minif2f = load_problems(SHARED / "minif2f.jsonl", need={"statement", "formal", "split"})
    assert (len(minif2f.problems), minif2f.excluded) == (487, ())
    assert all(p.formal and p.formal.endswith("sorry") for p in minif2f.problems)
    proofnet = load_problems(SHARED / "proofnet-dev.jsonl", need={"statement", "formal", "gold"})
    assert len(proofnet.problems) == 185
    assert proofnet.origin.lean == "v4.28.0"
