"""Names that statements use against those of their references."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from cramf.check.verdict import Candidate
from cramf.environment import default_index
from cramf.evaluation.comparison import compare_ratios
from cramf.evaluation.name_metrics import NAME_METRICS, NameReader, Names, name_parts, name_report
from cramf.knowledge.store import KnowledgeBase

NAMES = "abcde"
SETS = st.frozensets(st.sampled_from(NAMES))
ROWS = st.lists(st.builds(Names, st.none() | SETS, st.none() | SETS), max_size=8)


def names(used: str | None, gold: str | None) -> Names:
    return Names(*(None if side is None else frozenset(side) for side in (used, gold)))


def test_by_hand() -> None:
    rows = [names("ab", "abc"), names("cd", "c"), names(None, "ab"), names("a", None), names("", "")]
    got = name_report(rows)
    assert (got.n, got.unlabelled, got.unwritten) == (4, 1, 1)
    assert (got.gold, got.used, got.found) == (6, 4, 3)
    assert {name: interval.value for name, interval in got.metrics.items()} == pytest.approx(
        {
            "precision": 3 / 4,
            "recall": 3 / 6,
            "F1": 2 * 3 / 10,
            "mean precision": (1 + 1 / 2 + 0) / 3,
            "mean recall": (2 / 3 + 1 + 0) / 3,
            "mean F1": (4 / 5 + 2 / 3 + 0) / 3,
        }
    )
    recall = got.metrics["recall"]
    assert recall.low < recall.value < recall.high
    assert got == name_report(rows)


@settings(max_examples=40)
@given(ROWS)
def test_figures_equal_those_of_scikit_learn(rows: list[Names]) -> None:
    got = {name: interval.value for name, interval in name_report(rows, samples=5).metrics.items()}
    known = [row for row in rows if row.gold is not None]
    wanted = [[name in (row.gold or ()) for name in NAMES] for row in known]
    written = [[name in (row.used or ()) for name in NAMES] for row in known]
    measures = {
        "precision": sklearn_metrics.precision_score,
        "recall": sklearn_metrics.recall_score,
        "F1": sklearn_metrics.f1_score,
    }
    for name, measure in measures.items():
        if known:
            expected = measure(wanted, written, average="micro", zero_division=0)
            assert got[name] == pytest.approx(float(expected))
        counted = [
            (w, u) for w, u in zip(wanted, written, strict=True) if any(w) or (any(u) and name != "recall")
        ]
        each = [float(measure(w, u, zero_division=0)) for w, u in counted]
        assert got[f"mean {name}"] == pytest.approx(sum(each) / len(each) if each else 0.0)


@given(ROWS)
def test_what_was_not_written_uses_no_names(rows: list[Names]) -> None:
    empty = [Names(row.used or frozenset(), row.gold) for row in rows]
    a, b = name_report(rows, samples=5), name_report(empty, samples=5)
    assert a.metrics == b.metrics
    assert (a.n, a.unlabelled, b.unwritten) == (b.n, b.unlabelled, 0)


def test_writing_less_does_not_raise_recall() -> None:
    whole = [names("ab", "abc"), names("x", "ab")]
    less = [names("ab", "abc"), names(None, "ab")]
    a, b = name_report(whole), name_report(less)
    assert a.n == b.n == 2
    assert b.metrics["recall"].value == a.metrics["recall"].value
    assert b.metrics["mean recall"].value == a.metrics["mean recall"].value


def test_no_rows() -> None:
    got = name_report([])
    assert list(got.metrics) == list(NAME_METRICS)
    assert {(i.value, i.low, i.high) for i in got.metrics.values()} == {(0.0, 0.0, 0.0)}


def test_two_runs_are_compared_by_their_parts() -> None:
    a = name_parts([names("ab", "ab"), names("c", "c"), names("a", None)])
    b = name_parts([names("a", "ab"), names(None, "c"), names("b", None)])
    recall = NAME_METRICS.index("recall")
    got = compare_ratios(a[:, recall], b[:, recall])
    assert got.difference.value == pytest.approx(1 - 1 / 3)
    assert (got.n, got.differ) == (3, 2)


@pytest.fixture(scope="module")
def reader() -> NameReader:
    return NameReader(KnowledgeBase.open(default_index()).vocabulary())


def candidate(statement: str, helper: str = "", opened: str = "") -> Candidate:
    return Candidate("t", f"import Mathlib\n{opened}", statement, helper)


def test_names_are_read_as_lean_prints_them(reader: NameReader) -> None:
    own = candidate(
        "theorem t {G : Type*} [Group G] [Fintype G] (H : Subgroup G) (h : H.Normal) : IsCyclic G := by sorry"
    )
    used = reader.used(own)
    assert {"Group", "Fintype", "Subgroup", "Subgroup.Normal", "IsCyclic"} <= used
    assert not any(name in used for name in ("G", "H", "t"))


def test_opened_namespaces_count_and_notation_does_not(reader: NameReader) -> None:
    statement = "theorem t (n : ℕ) (h : Odd n) : φ n ≤ n ∧ Coprime n 2 := by sorry"
    used = reader.used(candidate(statement, opened="open Nat"))
    assert "Nat.Coprime" in used and "Odd" in used
    assert not any("LE" in name or name == "And" for name in used)
    assert "Nat.Coprime" not in reader.used(candidate(statement))


def test_names_of_helpers_count(reader: NameReader) -> None:
    helper = "def Small (G : Type) [Group G] : Prop := True"
    assert "Group" in reader.used(candidate("theorem t : Small Unit := by sorry", helper))


def test_what_the_printer_hides_is_left_out(reader: NameReader) -> None:
    own = candidate("theorem t : ∃ p : Polynomial ℝ, p = p := by sorry")
    assert "Polynomial" not in reader.used(own)
    assert "Polynomial" in reader.used(own, printed=False)


def test_renamed_names_are_followed_and_unknown_ones_kept(reader: NameReader) -> None:
    vocabulary = KnowledgeBase.open(default_index()).vocabulary()
    old, new = next(
        (name, d.deprecated)
        for name, d in vocabulary.declarations.items()
        if d.deprecated
        and d.deprecated in vocabulary.declarations
        and not vocabulary.declarations[d.deprecated].deprecated
        and not {name, d.deprecated} & vocabulary.aliases.keys()
    )
    assert reader.present([old, "No.such.name"]) == {new, "No.such.name"}


@pytest.mark.parametrize("text", ["", "theorem", "))((", "theorem t : " + "(" * 5000 + "1" + ")" * 5000])
def test_text_that_is_no_statement_uses_nothing(reader: NameReader, text: str) -> None:
    assert reader.used(candidate(text)) == frozenset()
