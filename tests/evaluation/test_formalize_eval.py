"""The figures of formalizing, on statements of our own and backends that are made here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cramf.check.base import BaseChecker
from cramf.check.verdict import Candidate, Diagnostic, Identity, Severity, Status, Verdict
from cramf.errors import BackendError, InputError
from cramf.evaluation.formalize import (
    Outcome,
    drafted,
    evaluate_formalize,
    formalized,
    summary,
)
from cramf.evaluation.normal_form import Normaliser
from cramf.evaluation.references import Reference, load_references
from cramf.formalize.types import Abstention, Draft, Request
from cramf.knowledge.types import Definition, Kind
from cramf.retrieval.types import Hit

NORMALISE = Normaliser()
ROWS = [
    Reference(
        "Doubling is even.",
        "theorem a (n : ℕ) : Even (2 * n) := by sorry",
        name="one",
        gold=frozenset({"Even"}),
    ),
    Reference("Squares are no negative numbers.", "theorem b (x : ℝ) : 0 ≤ x ^ 2 := by sorry", name="two"),
    Reference("Nobody reads this.", "theorem c : 1 = 1 := by sorry", name="three"),
    Reference("Wrong text.", "theorem d (x : ℝ) (h : 0 < x) : x ≠ 0 := by sorry", name="four"),
]
ANSWERS = {
    "Doubling is even.": "theorem t (k : ℕ) : Even (k * 2) := by sorry",
    "Squares are no negative numbers.": "theorem t (y : ℝ) : y ^ 2 > 0 := by sorry",
    "Wrong text.": "theorem t (x : ℝ) (h : 0 < x) : bad x ≠ 0 := by sorry",
}


class Answering:
    """Knows some statements by heart and abstains from the others."""

    name = "answering"

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def draft(self, request: Request) -> Draft:
        self.asked.append(request)
        text = ANSWERS.get(request.statement)
        if text is None:
            return Draft(self.name, None, Abstention("unknown word `nobody`", 0, 6, request.statement[:6]))
        return Draft(self.name, Candidate(request.name, "import Mathlib", text))


class Failing(Answering):
    """Fails for all statements but some."""

    def __init__(self, *good: str) -> None:
        super().__init__()
        self.good = good

    def draft(self, request: Request) -> Draft:
        if request.statement not in self.good:
            raise BackendError("the server hung up", "start it again")
        return super().draft(request)


class NoBad(BaseChecker):
    """Refuses what speaks of `bad`."""

    name = "no-bad"

    def identity(self) -> Identity:
        return Identity("nobad", "1")

    def check(self, candidate: Candidate) -> Verdict:
        if "bad" in candidate.statement:
            return Verdict(self.name, Status.INVALID, (Diagnostic(Severity.ERROR, "bad"),))
        return Verdict(self.name, Status.VALID)


def outcomes(rows: Sequence[Reference] = ROWS) -> list[Outcome]:
    return evaluate_formalize(rows, drafted(Answering()), NoBad(), NORMALISE)


def test_each_row_is_judged_for_itself() -> None:
    one, two, three, four = outcomes()
    assert (one.name, one.read, one.valid, one.equal, one.similarity) == ("one", True, True, True, 1.0)
    assert (two.valid, two.equal) == (True, False)
    assert 0 < two.similarity < 1
    assert (three.read, three.valid, three.equal, three.similarity) == (False, None, None, 0.0)
    assert (three.reason, three.span) == ("unknown word `nobody`", "Nobody")
    assert (four.status, four.valid, four.equal) == (Status.INVALID, False, False)
    assert all(o.ms >= 0 and o.reference_whole for o in (one, two, three, four))


def test_shares_are_of_all_rows_but_valid_of_those_read() -> None:
    found = outcomes()
    report = summary(found)
    assert report.n == 4
    assert report.read.value == 3 / 4
    assert report.valid.value == pytest.approx(2 / 3)
    assert report.equal.value == 1 / 4
    assert report.similarity.value == pytest.approx(sum(o.similarity for o in found) / 4)
    for interval in (report.read, report.valid, report.equal, report.similarity):
        assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert report.read.low < report.read.high
    assert [(r.reason, r.count) for r in report.abstentions] == [("unknown word …", 1)]
    assert report.references_whole == 4
    assert report.ms.p50 <= report.ms.p99


def test_intervals_are_those_of_the_bootstrap_that_retrieval_has() -> None:
    many = outcomes(ROWS * 50)
    report = summary(many)
    # The standard error of a share of 3/4 of 200 is 3.06 points.
    assert report.read.low == pytest.approx(0.75 - 1.96 * 0.0306, abs=0.012)
    assert report.read.high == pytest.approx(0.75 + 1.96 * 0.0306, abs=0.012)
    assert summary(many).read == report.read


def test_nothing_read_has_no_valid_share_and_no_rows_no_figures() -> None:
    report = summary(outcomes([ROWS[2]]))
    assert (report.read.value, report.valid.value, report.valid.high) == (0, 0, 0)
    assert summary([]).n == 0
    assert summary([]).equal.value == 0


def test_a_definition_of_its_own_makes_a_statement_another() -> None:
    row = Reference("Doubling is even.", ROWS[0].formal, helper="def Even (n : ℕ) := n = 0")
    (found,) = outcomes([row])
    assert found.equal is False


def test_a_failure_counts_as_nothing_written() -> None:
    rows = [*ROWS, *ROWS]
    backend = Failing("Squares are no negative numbers.")
    found = evaluate_formalize(rows, drafted(backend), NoBad(), NORMALISE)
    assert [o.read for o in found] == [False, True, False, False] * 2
    assert found[0].reason == "the backend failed: the server hung up"


def test_a_backend_that_never_answers_ends_the_run() -> None:
    seen: list[Outcome] = []
    with pytest.raises(BackendError):
        evaluate_formalize(ROWS * 5, drafted(Failing()), NoBad(), NORMALISE, seen.append)
    assert len(seen) == 4
    with pytest.raises(BackendError):
        evaluate_formalize(ROWS[:1], drafted(Failing()), NoBad(), NORMALISE)


def test_arms_differ_in_their_definitions_alone() -> None:
    hit = Hit(Definition("Even", Kind.DEF, "Mathlib.Test", 1, "(n : ℕ) : Prop"), 1.0)
    asked = {}
    for arm, definitions in (("none", ()), ("oracle", (hit,))):
        backend = Answering()
        write = formalized(backend, lambda row, k, found=definitions: found, NoBad(), toolchain="lean4")
        (outcome,) = evaluate_formalize(ROWS[:1], write, NoBad(), NORMALISE)
        assert outcome.equal
        asked[arm] = backend.asked[0]
    none, oracle = asked["none"], asked["oracle"]
    assert (none.definitions, [h.name for h in oracle.definitions]) == ((), ["Even"])
    assert none.concepts == oracle.concepts == ()
    assert (none.statement, none.name, none.toolchain) == (oracle.statement, oracle.name, oracle.toolchain)


def write_rows(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_rows_are_taken_as_they_are(tmp_path: Path) -> None:
    outer = {"informal_statement": "Old.", "formal_statement": "theorem old : 1 = 2"}
    inner = {
        "informal_statement": "New.",
        "formal_statement": "theorem new : 1 = 1",
        "header": "h",
        "helper": "d",
    }
    loaded = load_references(
        write_rows(
            tmp_path / "a.jsonl",
            outer,
            {**outer, "verified": inner, "name": "n", "mathlib_dependencies": ["A"]},
        )
    )
    assert loaded.rows == (
        Reference("Old.", "theorem old : 1 = 2", "import Mathlib", "", "", None),
        Reference("New.", "theorem new : 1 = 1", "h", "d", "n", frozenset({"A"})),
    )
    assert len(loaded.sha256) == 64


@pytest.mark.parametrize(
    "row",
    [
        {"formal_statement": "theorem a : 1 = 1"},
        {"informal_statement": "One."},
        {"informal_statement": "One.", "formal_statement": " "},
        {"informal_statement": "One.", "formal_statement": 3},
        {"informal_statement": " ", "formal_statement": "theorem a : 1 = 1"},
        {"informal_statement": "One.", "formal_statement": "theorem a : 1 = 1", "header": 3},
        {"informal_statement": "One.", "formal_statement": "theorem a : 1 = 1", "mathlib_dependencies": "A"},
    ],
)
def test_a_row_that_cannot_be_used_is_an_error_with_its_line(row: dict[str, object], tmp_path: Path) -> None:
    good = {"informal_statement": "One.", "formal_statement": "theorem a : 1 = 1"}
    with pytest.raises(InputError, match=r"a\.jsonl:2"):
        load_references(write_rows(tmp_path / "a.jsonl", good, row))
