"""The static checker, on a small vocabulary made here and on that of the sample checkout."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.check.static import StaticChecker
from cramf.check.verdict import Candidate, Diagnostic, Part, Severity, Status, Verdict
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Declaration, Kind
from cramf.knowledge.vocabulary import Vocabulary

HEADER = "import Mathlib\n\nopen Nat Filter\nopen scoped Topology\n"

NAMES = """
    Nat Nat.Prime Nat.gcd Nat.succ Nat.Coprime Int Real Prime Set Set.univ Set.image Set.Finite Finset
    Finset.range Finset.sum Group Ring CommRing Field Module Module.finrank Ideal Ideal.IsPrime IsCompact
    IsCompact.isClosed IsOpen IsClosed Continuous TopologicalSpace T2Space Function.Injective Function.comp
    Filter Filter.Tendsto Filter.atTop nhds id Subgroup Subgroup.Normal Subgroup.index orderOf Fintype
    Fintype.card Nonempty Polynomial Polynomial.eval Polynomial.X Matrix Matrix.det Fin Irreducible
    Topology.Deep.x Real.sqrt Real.pi MeasureTheory.Measure Subtype Subtype.val
""".split()
DEPRECATED = {
    "Nat.old_gcd": ("Nat.gcd", "2024-02-03"),
    "Set.gone": ("", None),
    "Ideal.IsPrimeOld": ("Ideal.IsPrime", None),
}


@pytest.fixture(scope="module")
def checker() -> StaticChecker:
    declarations = {name: Declaration(name, Kind.DEF, "Mathlib.Test", 1) for name in NAMES}
    declarations |= {
        name: Declaration(name, Kind.THEOREM, "Mathlib.Test", 1, "written", new, since)
        for name, (new, since) in DEPRECATED.items()
    }
    notations = {"ℕ": ("Nat",), "ℤ": ("Int",), "ℝ": ("Real",), "𝓝": ("nhds",), "π": ("Real.pi",)}
    return StaticChecker(
        Vocabulary.of(declarations.values(), {"Nat.Coprime"}, {}, notations, {"BigOperators"})
    )


def check(checker: StaticChecker, statement: str, header: str = HEADER) -> Verdict:
    verdict = checker.check(Candidate("t", header, statement))
    assert verdict.checker == "static"
    assert verdict.elaborated is False
    assert verdict.seconds >= 0
    assert "\n" not in verdict.detail
    assert (verdict.status is Status.VALID) == (not verdict.errors)
    return verdict


def only(verdict: Verdict) -> Diagnostic:
    (found,) = verdict.diagnostics
    return found


VALID = (
    "theorem t (n : ℕ) (hn : Nat.Prime n) : 1 < n := by sorry",
    "theorem t (n : ℕ) (hn : n.Prime) : 1 < n := by\n  sorry",
    "theorem t (n : ℕ) : gcd n 0 = n := sorry",
    "theorem t {X : Type*} [TopologicalSpace X] (s : Set X) (h : IsCompact s) : IsClosed s := by sorry",
    "theorem t : ∀ ε > 0, ∃ δ > 0, ∀ x y : ℝ, |x - y| < δ → |x - y| < ε := by sorry",
    "theorem t : {x : ℝ | x ^ 2 = 1} = {1, -1} := by sorry",
    "theorem t (s : Set ℝ) : {x ∈ s | 0 < x} ⊆ s := by sorry",
    "theorem t : {id x | x ∈ Set.univ} = (Set.univ : Set ℕ) := by sorry",
    "theorem t (x : {n : ℕ // 0 < n}) : 0 < x.1 := by sorry",
    "theorem t : ∃ x : {n : ℕ // n = 2}, x.val = 2 := by sorry",
    "theorem t : ∃ (p q : ℕ), p ≠ q ∧ Nat.Prime p := by sorry",
    "theorem t (n : ℕ) : ∑ i ∈ Finset.range n, i = n := by sorry",
    "theorem t (f : ℕ → ℕ) : (fun ⟨x, y⟩ : ℕ × ℕ => f x + f y) = (fun (p : ℕ × ℕ) ↦ f p.1) := by sorry",
    "theorem t : (fun (x, y) ↦ x + y : ℕ × ℕ → ℕ) = (fun (p : ℕ × ℕ) => p.1 + p.2) := by sorry",
    "theorem t : ∃ f : ℕ → ℕ, f = fun (x : ℕ) ↦ x + x := by sorry",
    "theorem t (f : ℝ → ℝ) : (fun (x : ℝ) z ↦ f x + z) = fun x z => f x + z := by sorry",
    "theorem t (a : ℕ → ℝ) (l : ℝ) (h : Tendsto a atTop (𝓝 l)) : l = l := by sorry",
    "theorem t (a : ℕ → ℝ) (l : ℝ) : (∀ᶠ n in atTop, a n < l) → l = l := by sorry",
    "theorem t (G : Type*) [Group G] (N : Subgroup G) [N.Normal] : N = N := by sorry",
    "theorem t (f : ℝ → ℝ) (hf : Function.Injective f) : Function.Injective (f ∘ f) := by sorry",
    "theorem t (A B : Set ℕ) (hA : A.Finite) : (A ∩ B).Finite := by sorry",
    "theorem t (x : ℝ) : let y := x + 1; y - 1 = x := by sorry",
    "theorem t (n : ℕ) : ∃! k, k = n := by sorry",
    "theorem t (n : ℕ) : n ≡ 1 [MOD 2] ∨ n = 0 := by sorry",
    "theorem t (p : Polynomial ℤ) : p.eval 1 = Polynomial.eval (R := ℤ) 1 p := by sorry",
    "theorem t {n : ℕ} (M : Matrix (Fin n) (Fin n) ℝ) : M.det = Matrix.det M := by sorry",
    "theorem t (h : (2 : ℕ) ∣ 4) (_ : 1 = 1) : π = π := by sorry",
    "lemma t : Nat.Coprime 2 3 := by sorry",
    "example : (1 : ℕ) = 1 := by sorry",
    "theorem t.u (n : ℕ) : n = n := by sorry",
    "/-- About `unknownThing`. -/\ntheorem t : (1 : ℕ) = 1 := by sorry -- unknownThing",
    "variable (k : ℕ)\n\ntheorem t : k = k := by sorry",
    "def twice (n : ℕ) : ℕ := n + n\n\ntheorem t (n : ℕ) : twice n = n + n := by sorry",
    "open Set in\ntheorem t : univ = (univ : Set ℕ) := by sorry",
    "open Polynomial (X eval) in\ntheorem t : eval 1 X = (1 : ℤ) := by sorry",
    "namespace A\ndef b : ℕ := 1\ntheorem t : b = 1 := by sorry\nend A",
    "theorem t.{u} (α : Type u) (x : α) : x = x := by sorry",
    "universe u v\n\ntheorem t (α : Type u) (β : Type (max u v)) (x : α) : x = x := by sorry",
    "theorem t {α : Sort*} (x : α) : x = x := by sorry",
    "theorem t (x y : ℝ) (h : ∃ r : ℝ, x = r ∧ y = r) : let ⟨a, b⟩ := (x, y); a = b := by sorry",
)


@pytest.mark.parametrize("statement", VALID)
def test_valid(checker: StaticChecker, statement: str) -> None:
    verdict = check(checker, statement)
    assert verdict.diagnostics == ()
    assert verdict.status is Status.VALID
    assert verdict.positive
    assert "not elaborated" in verdict.detail


@pytest.mark.parametrize(
    ("statement", "name", "line", "column", "nearest"),
    [
        ("theorem t (n : ℕ) : Nat.Primes n := by sorry", "Nat.Primes", 1, 20, "Nat.Prime"),
        ("theorem t (s : Set ℝ)\n    (h : IsCompakt s) : 1 = 1 := by sorry", "IsCompakt", 2, 9, "IsCompact"),
        ("theorem t (G : Type*) [Grup G] : 1 = 1 := by sorry", "Grup", 1, 23, None),
        ("theorem t (f : ℝ → ℝ) : Injective f := by sorry", "Injective", 1, 24, "Function.Injective"),
        ("theorem t (n : ℕ) : nat.prime n := by sorry", "nat.prime", 1, 20, "Nat.Prime"),
        ("theorem t (R : Type*) [CommRing R] : is_field R := by sorry", "is_field", 1, 37, None),
        (
            "theorem t (V : Type*) : Module.finRank V = 1 := by sorry",
            "Module.finRank",
            1,
            24,
            "Module.finrank",
        ),
        ("theorem t : Coprime 2 3 := by sorry", "Coprime", 1, 12, "Nat.Coprime"),
    ],
)
def test_unknown_identifiers(
    checker: StaticChecker, statement: str, name: str, line: int, column: int, nearest: str | None
) -> None:
    verdict = check(checker, statement)
    found = only(verdict)
    assert verdict.status is Status.INVALID
    assert found.severity is Severity.ERROR
    assert found.category == "unknown_identifier"
    assert (found.name, found.line, found.column) == (name, line, column)
    assert name in found.message
    assert len(found.suggestions) <= 3
    if nearest is not None:
        assert found.suggestions[0] == nearest


def test_all_unknown_names_are_told(checker: StaticChecker) -> None:
    found = check(checker, "theorem t (x : Foo) : Bar x ∧ Foo = Baz := by sorry").diagnostics
    assert [d.name for d in found] == ["Foo", "Bar", "Baz"]


def test_the_name_of_the_theorem_is_no_suggestion_and_proofs_are_not_read(checker: StaticChecker) -> None:
    assert check(checker, "theorem t : (1 : ℕ) = 1 := by exact unknown_lemma").diagnostics == ()


@pytest.mark.parametrize(
    ("statement", "name", "replacement", "date"),
    [
        ("theorem t : old_gcd 1 2 = 1 := by sorry", "Nat.old_gcd", "Nat.gcd", "2024-02-03"),
        ("theorem t (n : Nat) : n.old_gcd 2 = 1 := by sorry", "Nat.old_gcd", "Nat.gcd", "2024-02-03"),
        ("theorem t (n : ℕ) : n.old_gcd 2 = 1 := by sorry", "Nat.old_gcd", "Nat.gcd", "2024-02-03"),
        ("theorem t : Ideal.IsPrimeOld 1 := by sorry", "Ideal.IsPrimeOld", "Ideal.IsPrime", None),
        ("theorem t : Set.gone 1 := by sorry", "Set.gone", "", None),
    ],
)
def test_deprecated_names_are_warnings(
    checker: StaticChecker, statement: str, name: str, replacement: str, date: str | None
) -> None:
    verdict = check(checker, statement)
    found = only(verdict)
    assert verdict.status is Status.VALID
    assert (found.severity, found.category) == (Severity.WARNING, "deprecated")
    assert name in found.message
    assert found.suggestions == ((replacement,) if replacement else ())
    assert date is None or date in found.message
    assert found.line == 1
    assert "None" not in found.message


def test_unknown_namespace_in_the_statement(checker: StaticChecker) -> None:
    found = only(check(checker, "open Naat in\ntheorem t : (1 : ℕ) = 1 := by sorry"))
    assert (found.category, found.name, found.line) == ("unknown_namespace", "Naat", 1)
    assert "Nat" in found.suggestions


def test_unknown_namespace_in_the_header(checker: StaticChecker) -> None:
    found = only(check(checker, "theorem t : (1 : ℕ) = 1 := by sorry", "import Mathlib\nopen Nowhere\n"))
    assert (found.category, found.name) == ("unknown_namespace", "Nowhere")
    assert (found.part, found.line, found.column) == (Part.HEADER, 2, 5)


@pytest.mark.parametrize("header", ["import Mathlib\nopen scoped BigOperators\n", "open Topology.Deep", ""])
def test_known_namespaces(checker: StaticChecker, header: str) -> None:
    """A namespace may hold notation alone."""
    assert check(checker, "theorem t : (1 : ℕ) = 1 := by sorry", header).diagnostics == ()


@pytest.mark.parametrize(
    "statement",
    [
        "theorem t (n : ℕ : n = n := by sorry",
        "theorem t (n : ℕ) : (n = n := by sorry",
        "theorem t (n : ℕ)) : n = n := by sorry",
        "theorem t : {x : ℕ | x = 1 = ∅ := by sorry",
        "theorem t : ⟨1, 2) = 1 := by sorry",
        "theorem t (n : ℕ] : n = n := by sorry",
        "theorem t : ]1, 2[ = 1 := by sorry",
    ],
)
def test_unbalanced_brackets(checker: StaticChecker, statement: str) -> None:
    verdict = check(checker, statement)
    assert verdict.status is Status.INVALID
    found = [d for d in verdict.errors if "closes nothing" in d.message or "not closed" in d.message]
    assert found
    assert found[0].category == "syntax"
    assert found[0].line == 1


@pytest.mark.parametrize(
    "statement",
    [
        "theorem t (n : ℕ) : n = n",
        "theorem t (n : ℕ) : n = n :=",
        "theorem t (n : ℕ) : n = n := by",
        "theorem t (n : ℕ) : n = n by sorry",
        "theorem t",
    ],
)
def test_a_statement_must_end_in_a_proof(checker: StaticChecker, statement: str) -> None:
    verdict = check(checker, statement)
    assert verdict.status is Status.INVALID
    assert any(":= by sorry" in d.message for d in verdict.errors)


@pytest.mark.parametrize(
    "statement", ["", "   ", "def f : ℕ := 1", "-- nothing", "The sum is even.", "open Nat"]
)
def test_without_a_theorem_nothing_is_valid(checker: StaticChecker, statement: str) -> None:
    verdict = check(checker, statement)
    assert verdict.status is Status.INVALID
    assert verdict.errors


@pytest.mark.parametrize(
    "statement",
    [
        "#eval 1\ntheorem t : (1 : ℕ) = 1 := by sorry",
        "theorem t : (1 : ℕ) = 1 := by sorry\n#eval IO.println 1",
        "axiom a : (1 : ℕ) = 2\ntheorem t : (1 : ℕ) = 2 := by sorry",
        "run_cmd foo\ntheorem t : (1 : ℕ) = 1 := by sorry",
        'macro "x" : term => `(1)\ntheorem t : (1 : ℕ) = 1 := by sorry',
        'elab "x" : term => foo\ntheorem t : (1 : ℕ) = 1 := by sorry',
        "initialize foo : ℕ ← pure 1\ntheorem t : (1 : ℕ) = 1 := by sorry",
        "import Lean\ntheorem t : (1 : ℕ) = 1 := by sorry",
        "unsafe def f : ℕ := 1\ntheorem t : (1 : ℕ) = 1 := by sorry",
        "set_option debug.skipKernelTC true in\ntheorem t : (1 : ℕ) = 1 := by sorry",
        "theorem t : (1 : ℕ) = 1 := by native_decide",
    ],
)
def test_forbidden_commands_are_rejected(checker: StaticChecker, statement: str) -> None:
    verdict = check(checker, statement)
    assert verdict.status is Status.REJECTED
    assert not verdict.positive
    assert {d.category for d in verdict.diagnostics} == {"forbidden"}
    assert verdict.diagnostics[0].line is not None


def test_a_forbidden_header_is_rejected(checker: StaticChecker) -> None:
    verdict = check(checker, "theorem t : (1 : ℕ) = 1 := by sorry", "import Lean\n#eval 1\n")
    assert verdict.status is Status.REJECTED
    assert {d.part for d in verdict.diagnostics} == {Part.HEADER}
    assert {d.line for d in verdict.diagnostics} == {1, 2}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("lines", [0, 1, 40])
def test_positions_count_in_the_statement(checker: StaticChecker, newline: str, lines: int) -> None:
    header = "import Mathlib" + newline + f"open Nat{newline}" * lines
    verdict = check(checker, f"theorem t{newline}    :{newline}  Foo = 1 := by sorry", header)
    found = only(verdict)
    assert (found.name, found.line, found.column) == ("Foo", 3, 2)


def test_positions_when_the_header_quotes_the_statement(checker: StaticChecker) -> None:
    statement = "theorem t :\n  Foo = 1 := by sorry"
    found = only(check(checker, statement, f"import Mathlib\n/- for instance\n{statement}\n-/\nopen Nat\n"))
    assert (found.name, found.line, found.column) == ("Foo", 2, 2)


def test_a_broken_header_is_told(checker: StaticChecker) -> None:
    verdict = check(checker, "theorem t : (1 : ℕ) = 1 := by sorry", "import Mathlib\n/- never closed")
    assert not verdict.positive


def test_the_sample_vocabulary(sample_index: Path) -> None:
    checker = StaticChecker(KnowledgeBase.open(sample_index).vocabulary())
    binders = "{G : Type*} [MyGroup G] (N : MySubgroup G) (h : N.Normal) (x : G)"
    good = f"theorem t {binders} : MyGroup.square x = x := by sorry"
    assert check(checker, good, "import Mathlib\nopen MySubgroup\n").diagnostics == ()
    old = only(check(checker, "theorem t {G : Type*} [MyGroup G] (x : G) : MyGroup.sq x = x := by sorry", ""))
    assert old.suggestions == ("MyGroup.square",)
    assert "2024-03-09" in old.message
    hidden = only(check(checker, "theorem t : hiddenHelper = 3 := by sorry", ""))
    assert hidden.category == "unknown_identifier"
    bare = only(
        check(checker, "theorem t {G : Type*} [MyGroup G] (x : G) : conj x x = x := by sorry", "open MyGroup")
    )
    assert bare.name == "conj"  # it is protected
    assert "MyGroup.conj" in bare.suggestions


SOUP = st.lists(
    st.sampled_from(
        "theorem t : := by sorry ( ) { } [ ] ⟨ ⟩ | , ∀ ∃ fun ↦ x ℕ Nat.Prime Foo open in namespace end A.b . "
        '.1 variable where let ; ∈ // -- /- -/ " = 1 @ section hiding renaming →'.split()
    ),
    max_size=30,
).map(" ".join)


@settings(max_examples=200)
@given(statement=SOUP | st.text(), header=st.sampled_from([HEADER, "", "open (", "\r\n", "namespace A"]))
def test_any_text_gets_a_verdict(checker: StaticChecker, statement: str, header: str) -> None:
    verdict = check(checker, statement, header)
    assert verdict.status in (Status.VALID, Status.INVALID, Status.REJECTED)
    total = statement.count("\n") + 1
    for found in verdict.diagnostics:
        assert found.message
        if found.part is Part.STATEMENT and found.line is not None:
            assert 1 <= found.line <= total + 1


@pytest.mark.parametrize("hostile", ["(", "{", "{x | ", 's!"{', "∀ x, ", "(x : ", "⟨", "x.", "a ", '\\"'])
def test_checking_time_does_not_explode(checker: StaticChecker, hostile: str) -> None:
    """A model may answer with one fragment over and over; 10,000 characters of it take no second."""
    statement = "theorem t : " + hostile * (10_000 // len(hostile)) + " := by sorry"
    begun = time.process_time()
    check(checker, statement)
    assert time.process_time() - begun < 5.0


def test_a_verdict_names_what_the_statement_rests_on(checker: StaticChecker) -> None:
    statement = "theorem t (n : ℕ) (h : Nat.Prime n) (f : ℝ → ℝ) : n.Prime := by sorry"
    verdict = checker.check(Candidate("t", "import Mathlib", statement))
    assert verdict.status is Status.VALID, verdict.diagnostics
    assert set(verdict.resolved) == {"Nat", "Nat.Prime", "Real"}
