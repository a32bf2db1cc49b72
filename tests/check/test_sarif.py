"""Verdicts as SARIF 2.1.0: held against what the standard requires of each object, and against files."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest

import cramf
from cramf.check.inputs import Entry, Unreadable, read_inputs
from cramf.check.sarif import sarif
from cramf.check.verdict import Diagnostic, Part, Severity, Status, Verdict

LEAN = "-- 𝔽\nimport Mathlib\n\nopen Nat\ntheorem t (𝔽 : ℕ) : Nat.Primes 𝔽 := by sorry\n"
UNKNOWN = Diagnostic(
    Severity.ERROR,
    "unknown identifier `Nat.Primes`",
    "unknown_identifier",
    "Nat.Primes",
    2,
    20,
    ("Nat.Prime",),
)


def lean_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str = LEAN) -> Entry:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.lean").write_text(text, encoding="utf-8")
    (entry,) = read_inputs(["a b.lean"], None, io.BytesIO())
    assert isinstance(entry, Entry)
    return entry


def row_entry() -> Entry:
    row = {"name": "r", "formal_statement": "theorem r : Nat.Primes 2 := by sorry"}
    _, entry = read_inputs(["-"], "jsonl", io.BytesIO(b"{}\n" + json.dumps(row).encode()))
    assert isinstance(entry, Entry)
    return entry


def invalid(*diagnostics: Diagnostic) -> Verdict:
    return Verdict("static", Status.INVALID, diagnostics or (UNKNOWN,))


def results(document: dict[str, Any]) -> list[dict[str, Any]]:
    conforms(document)
    found: list[dict[str, Any]] = document["runs"][0]["results"]
    return found


def conforms(document: dict[str, Any]) -> None:
    """What section 3 of the standard requires of the objects that are used here."""
    assert json.loads(json.dumps(document)) == document
    assert set(document) == {"$schema", "version", "runs"}
    assert document["version"] == "2.1.0" and document["$schema"].startswith("https://")
    (run,) = document["runs"]
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    (invocation,) = run["invocations"]
    assert isinstance(invocation["executionSuccessful"], bool)
    driver = run["tool"]["driver"]
    assert driver["name"] == "cramf"
    identifiers = [rule["id"] for rule in driver["rules"]]
    assert len(set(identifiers)) == len(identifiers)
    for rule in driver["rules"]:
        for key in ("shortDescription", "fullDescription", "help"):
            assert rule[key]["text"].endswith(".")
    for result in run["results"]:
        assert result["message"]["text"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert identifiers[result["ruleIndex"]] == result["ruleId"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert uri and " " not in uri and ".." not in uri.split("/")
        _region(place.get("region", {"startLine": 1}))
        for fix in result.get("fixes", []):
            assert fix["artifactChanges"]
            for change in fix["artifactChanges"]:
                assert change["artifactLocation"]["uri"] == uri
                assert change["replacements"]
                for replacement in change["replacements"]:
                    _region(replacement["deletedRegion"])
                    assert isinstance(replacement["insertedContent"]["text"], str)


def _region(region: dict[str, int]) -> None:
    assert set(region) <= {"startLine", "startColumn", "endLine", "endColumn"}
    assert all(value >= 1 for value in region.values())
    begin = region["startLine"], region.get("startColumn", 1)
    assert "endColumn" not in region or (region["endLine"], region["endColumn"]) >= begin


def test_a_document_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = sarif([(lean_entry(tmp_path, monkeypatch), invalid())])
    conforms(document)
    (run,) = document["runs"]
    span = {"startLine": 5, "startColumn": 21, "endLine": 5, "endColumn": 31}
    assert run == {
        "tool": {
            "driver": {
                "name": "cramf",
                "version": cramf.__version__,
                "semanticVersion": cramf.__version__,
                "rules": run["tool"]["driver"]["rules"],
            }
        },
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "unicodeCodePoints",
        "results": [
            {
                "ruleId": "unknown_identifier",
                "ruleIndex": 0,
                "level": "error",
                "message": {"text": "unknown identifier `Nat.Primes` (did you mean Nat.Prime?)"},
                "locations": [
                    {
                        "physicalLocation": {"artifactLocation": {"uri": "a%20b.lean"}, "region": span},
                        "logicalLocations": [{"name": "a b", "kind": "declaration"}],
                    }
                ],
                "fixes": [
                    {
                        "description": {"text": "Write `Nat.Prime`."},
                        "artifactChanges": [
                            {
                                "artifactLocation": {"uri": "a%20b.lean"},
                                "replacements": [
                                    {"deletedRegion": span, "insertedContent": {"text": "Nat.Prime"}}
                                ],
                            }
                        ],
                    }
                ],
                "properties": {
                    "checker": "static",
                    "verdict": "invalid",
                    "part": "statement",
                    "line": 2,
                    "column": 20,
                },
            }
        ],
    }
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == "unknown_identifier"


def test_a_fix_applied_to_the_file_mends_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = lean_entry(tmp_path, monkeypatch)
    (result,) = results(sarif([(entry, invalid())]))
    (replacement,) = result["fixes"][0]["artifactChanges"][0]["replacements"]
    region, lines = replacement["deletedRegion"], LEAN.split("\n")
    line = lines[region["startLine"] - 1]
    lines[region["startLine"] - 1] = (
        line[: region["startColumn"] - 1]
        + replacement["insertedContent"]["text"]
        + line[region["endColumn"] - 1 :]
    )
    assert "\n".join(lines) == LEAN.replace("Nat.Primes", "Nat.Prime")


def test_no_fix_where_the_span_is_not_certain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = lean_entry(tmp_path, monkeypatch)
    for wrong in (
        dataclasses.replace(UNKNOWN, column=19),
        dataclasses.replace(UNKNOWN, line=None, column=None),
        dataclasses.replace(UNKNOWN, line=99),
        dataclasses.replace(UNKNOWN, name=None),
        dataclasses.replace(UNKNOWN, name=".Primes", column=23),
        dataclasses.replace(UNKNOWN, suggestions=()),
    ):
        (result,) = results(sarif([(entry, invalid(wrong))]))
        assert "fixes" not in result
    (result,) = results(sarif([(row_entry(), invalid(dataclasses.replace(UNKNOWN, line=1, column=12)))]))
    assert "fixes" not in result


@pytest.mark.parametrize(
    ("name", "message", "fixed"),
    [
        ("Nat.old", "`Nat.old` is deprecated; use `Nat.new`", True),
        ("old", "`Nat.old` is deprecated; use `Nat.new`", True),
        ("n.old", "`Nat.old` is deprecated; use `Nat.new`", False),
        ("Nat.old", "`Nat.old` has been deprecated: Use `Nat.new` instead", True),
        ("n.old", "'Nat.old' has been deprecated: use 'Nat.new' instead", False),
        ("Nat.old", "old", False),
    ],
)
def test_dot_notation_is_not_replaced_by_a_full_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str, fixed: bool
) -> None:
    entry = lean_entry(tmp_path, monkeypatch, f"import Mathlib\ntheorem t : {name} 2 := by sorry\n")
    old = Diagnostic(Severity.WARNING, message, "deprecated", name, 1, 12, ("Nat.new",))
    (result,) = results(sarif([(entry, Verdict("static", Status.VALID, (old,)))]))
    assert result["level"] == "warning"
    assert ("fixes" in result) == fixed
    assert result["locations"][0]["physicalLocation"]["region"]["endColumn"] == 13 + len(name)


def test_a_row_is_a_line_and_the_rest_is_said(tmp_path: Path) -> None:
    told = dataclasses.replace(UNKNOWN, line=1, column=12, suggestions=(), part=Part.STATEMENT)
    (result,) = results(sarif([(row_entry(), invalid(told))]))
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "stdin"}, "region": {"startLine": 2}}
    assert result["message"]["text"] == "unknown identifier `Nat.Primes` (statement line 1, column 13)"
    assert result["properties"]["column"] == 12


def test_spans_and_positions_that_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = lean_entry(tmp_path, monkeypatch)

    def region(**changes: Any) -> dict[str, int] | None:
        (result,) = results(sarif([(entry, invalid(dataclasses.replace(UNKNOWN, **changes)))]))
        found: dict[str, int] | None = result["locations"][0]["physicalLocation"].get("region")
        return found

    assert region(line=1, column=2, end_line=2, end_column=0) == {
        "startLine": 4,
        "startColumn": 3,
        "endLine": 5,
        "endColumn": 1,
    }
    assert region(part=Part.HEADER, line=2, column=0) == {"startLine": 2, "startColumn": 1}
    assert region(column=None) == {"startLine": 5}
    assert region(line=None, column=None) is None
    assert region(end_line=1, end_column=1) == {"startLine": 5, "startColumn": 21}


@pytest.mark.parametrize("status", [s for s in Status if not s.positive])
def test_what_is_not_positive_is_never_without_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    warning = Diagnostic(Severity.WARNING, "w", "linter", None, 1, 0)
    verdict = Verdict("lake", status, (warning,), detail="why")
    document = sarif([(lean_entry(tmp_path, monkeypatch), verdict)])
    found = results(document)
    assert [r["level"] for r in found] == ["warning", "error"]
    assert found[1]["ruleId"] == status.value
    assert found[1]["message"]["text"] == f"a b: {status.value}: why"
    unfinished = status in (Status.TIMEOUT, Status.CRASHED, Status.UNAVAILABLE)
    assert document["runs"][0]["invocations"] == [{"executionSuccessful": not unfinished}]


def test_what_is_valid_has_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = sarif([(lean_entry(tmp_path, monkeypatch), Verdict("static", Status.VALID))])
    assert results(document) == []
    assert document["runs"][0]["tool"]["driver"]["rules"] == []
    note = Diagnostic(Severity.INFORMATION, "note", "some_new_kind")
    (result,) = results(sarif([(row_entry(), Verdict("lake", Status.VALID, (note,), True))]))
    assert (result["level"], result["ruleId"]) == ("note", "some_new_kind")


def test_what_cannot_be_read_is_an_error_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [
        Unreadable("b.jsonl", 7, "b.jsonl:7 is no good", "mend it"),
        Unreadable("/x/c.lean", None, "m", "n"),
    ]
    document = sarif(rows)
    first, second = results(document)
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "b.jsonl"},
        "region": {"startLine": 7},
    }
    assert first["message"]["text"] == "b.jsonl:7 is no good; mend it"
    assert second["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "file:///x/c.lean"}}
    assert {r["ruleId"] for r in (first, second)} == {"unreadable"}
    assert document["runs"][0]["invocations"] == [{"executionSuccessful": False}]


def test_a_path_above_the_working_directory_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "down").mkdir()
    monkeypatch.chdir(tmp_path / "down")
    (result,) = results(sarif([Unreadable("../é.lean", None, "m", "n")]))
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == (tmp_path / "é.lean").as_uri()
