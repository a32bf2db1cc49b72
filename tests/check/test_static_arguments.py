"""Rules about arguments: too many, or of a kind that no coercion mends, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from cramf.check.static_arguments import incompatible
from cramf.check.verdict import Severity, Status

FINE = [
    "(n : ℕ) : Nat.sqrt n = n",
    "(n : ℕ) : Real.sqrt n = n",
    "(n : ℤ) : Real.sqrt n = n",
    "(n : ℕ) : Int.gcd n n = n",
    "(x : ℝ) : Nat.sqrt (x + 1) = 1",
    "(n : ℕ) : Nat.choose n n = n ∧ Nat.choose (n + 1) 2 = 1",
    "(n : ℕ) : Nat.choose n = Nat.choose n",
    ": Function.Injective Nat.sqrt ∧ Function.Injective (Nat.choose 2) ∧ Function.Injective (Nat.gcd 2)",
    "(n : ℕ) : id Nat.sqrt n = 1",
    "(n : ℕ) : id n = n ∧ (Nat.sqrt) n = n",
    "(s : Set ℝ) (f : ℝ → ℝ) : Set.image f s = s ∧ (Set.image f s).Finite",
    "(s : Set ℝ) (f : ℝ → ℝ) : Set.Finite (Set.image f s) ∧ Set.ncard {x : ℝ | x = 1} = 1",
    "(s : Finset ℝ) : Set.Finite (s : Set ℝ) ∧ Set.ncard s = 1",
    "(K : ℕ → Set ℝ) : IsCompact (⋃ i : ℕ, K i) ∧ IsOpen (⋂ i : ℕ, K i)",
    "(f : ℝ → ℕ) : Nat.sqrt (∑ x : ℝ, f x) = 1",
    "(p : ℝ → Prop) : Nat.card {x : ℝ // p x} = 1 ∧ Nat.card {x | p x} = 1",
    "(s : Finset ℕ) (f : ℕ → ℕ) : Finset.sum s f = 1 ∧ Finset.sum s (fun x : ℕ ↦ x) = 1",
    "(s : Finset ℕ) (g : ℕ → Real) : Real.sqrt (Finset.sum s g) = 1",
    "(s : Finset ℕ) : Nat.sqrt (Finset.card s) = 1 ∧ Nat.sqrt s.card = 1 ∧ Nat.card s = 1",
    "(f : ℕ → ℝ) : Real.sqrt (Summing.total f) = 1 ∧ Real.sqrt (Summing.volume 2) = 1",
    "(f : ℕ → ℝ) : Real.sqrt (Summing.volume 2 3) = 1 ∧ Real.sqrt (f 1) = 1",
    "(p : Point) (q : Point 3) (r : Option ℕ) : p = p",
    "(x y : ℝ) : Real.sqrt (Real.rpow x |y|) = 1 ∧ Real.sqrt (Real.rpow x ‖y‖) = 1",
    "(x y : ℝ) : Real.rpow x y = 1 ∧ Real.rpow x |y| = 1 ∧ Real.rpow (x) (y) = 1 ∧ Real.rpow x (-y) = 1",
    "(a b : ℕ) : Real.rpow (a : ℝ) (b : ℝ) = 1 ∧ Nat.gcd a b = 1",
    "(a b : ℕ) : id (id (a : ℝ)) (b : ℝ) = 1 ∧ Nat.gcd b a = 1",
    "(n : ℕ) : (∀ n : ℝ, Real.sqrt n = 1) ∧ Nat.sqrt n = 1",
    "(n : ℕ) : Real.sqrt ((fun n : ℝ ↦ n) 2) = 1 ∧ Nat.sqrt n = 1",
    "(h : ∃ n : ℝ, n = 1) (n : ℕ) : Nat.sqrt n = 1",
    "{α : Type*} (a : α) (α' : Type) (s : Set α) : Set.ncard s = 1 ∧ id a = a",
    "(ℓ : ℕ → Type) (x : ℓ 1) : Nat.sqrt x = 1",
    "(m : ℕ) (p : Polynomial ℤ) : Polynomial.eval 2 p = 1 ∧ Polynomial.eval m p = 1",
    "(m : ℕ) (p : Polynomial ℤ) : Polynomial.eval 2 m = 1 ∧ Polynomial.eval (1 : ℤ) (m : Polynomial ℤ) = 1",
    "(n : ℕ) (x : ℝ) (M : Matrix (Fin n) (Fin n) ℝ) : Matrix.det M = x ∧ Matrix.det (fun i j ↦ x) = x",
    "(M : Fin 2 → Fin 2 → ℝ) (n : ℕ) : Matrix.det M = 1 ∧ (n : Fin n → ℝ) = 1",
    "(G : Type*) [Group G] (H : Subgroup G) : Subgroup.index H = 1 ∧ Subgroup.Normal H",
    "(z : ℂ) : Complex.re z = 1 ∧ Real.sqrt z.re = 1 ∧ Real.sqrt (Complex.re z) = 1",
    "(d : Derived) : Base.low d.1 = 1 ∧ Derived.high d = 2",
    ": @Nat.sqrt 2 = 1 ∧ @Set.ncard ℝ Set.univ = 1 ∧ Set.ncard (α := ℝ) Set.univ = 1",
    ": Function.Injective fun x : ℝ ↦ x",
    "(f : ℝ → ℝ) : Filter.Tendsto f Filter.atTop (𝓝 0) ∧ Filter.Tendsto (fun x ↦ f x) Filter.atTop (nhds 0)",
    "(x : ℝ) : 𝓝 x = nhds x ∧ nhds 2 = 𝓝 2",
    "(x : Real.Angle) (y : Nat.Partition 3) : x = x",
    "def sqrt' (x : ℝ) (y : ℕ) : ℝ := x\ntheorem t (x : ℝ) : sqrt' x 2 = 1 := by sorry",
    "def Nat.sqrt (x : ℝ) (y : ℕ) : ℝ := x\ntheorem t (x : ℝ) : Nat.sqrt x 2 = 1 := by sorry",
    "(Nat.sqrt' : ℕ) (f : ℕ → ℕ → ℕ) : f 1 2 = 1",
    "(h : Fact (Nat.Prime 2)) [Fact (1 = 1)] : 1 = 1",
    "open Nat Real in\ntheorem t (x : ℝ) : sqrt x = 1 := by sorry",
    "(n : ℕ) : Nat.succ n = 1 ∧ n.succ = 1 ∧ Function.Injective Nat.succ",
    ": Nat.sqrt <| 2 = 1",
    ": Nat.gcd 1 <| 2 = 1",
    "(n : ℕ) : Nat.sqrt n ^ 2 = n ∧ Nat.sqrt n - 1 = n ∧ Nat.sqrt n • 2 = n ∧ Nat.sqrt n %2 = 0",
    "(n : ℕ) : ∃ k, Nat.sqrt n = k ∧ |Nat.sqrt n| = k ∧ {x | Nat.sqrt x = k}.Finite",
    "(n : ℕ) (h : if Nat.sqrt n = 1 then True else True) : (match Nat.sqrt n with | 0 => 1 | _ => 2) = n",
]


@pytest.mark.parametrize("statement", FINE)
def test_nothing_is_told_that_lean_may_accept(small: Any, statement: str) -> None:
    assert [d for d in small.judge(statement).diagnostics if d.category != "autobound"] == []


@pytest.mark.parametrize(
    ("statement", "name", "asked", "given", "suggestions"),
    [
        ("(x : ℝ) : Nat.sqrt x = 1", "Nat.sqrt", "Nat", "Real", ("Real.sqrt",)),
        ("(x : ℝ) : Nat.sqrt (x : ℝ) = 1", "Nat.sqrt", "Nat", "Real", ("Real.sqrt",)),
        (": Nat.sqrt (2 : ℝ) = 1", "Nat.sqrt", "Nat", "Real", ("Real.sqrt",)),
        (": ∀ x : ℝ, Nat.sqrt x = 1", "Nat.sqrt", "Nat", "Real", ("Real.sqrt",)),
        (": Nat.sqrt Real.pi = 1", "Nat.sqrt", "Nat", "Real", ("Real.sqrt",)),
        (": Nat.sqrt (Real.sqrt 2) = 1", "Nat.sqrt", "Nat", "Real", ("Real.sqrt",)),
        ("open Nat in\ntheorem t (x : ℝ) : sqrt x = 1 := by sorry", "sqrt", "Nat", "Real", ("Real.sqrt",)),
        ("open Nat in\ntheorem t (x : ℝ) : φ x = 1 := by sorry", "φ", "Nat", "Real", ("Real.sqrt",)),
        ("(x : ℤ) : Nat.gcd x 1 = 1", "Nat.gcd", "Nat", "Int", ("Int.gcd",)),
        ("(x : ℤ) : Nat.gcd 1 x = 1", "Nat.gcd", "Nat", "Int", ("Int.gcd",)),
        ("(x : ℤ) : Nat.choose 1 x = 1", "Nat.choose", "Nat", "Int", ()),
        ("(z : ℂ) : Real.sqrt z = 1", "Real.sqrt", "Real", "Complex", ()),
        ("(s : Set ℝ) : Finset.card s = 1", "Finset.card", "Finset", "Set", ()),
        ("(s : Set ℕ) (f : ℕ → ℕ) : Finset.sum s f = 1", "Finset.sum", "Finset", "Set", ()),
        ("(s : Set ℕ) : Nat.sqrt s = 1", "Nat.sqrt", "Nat", "Set", ()),
        ("(f : ℕ → ℕ) : Nat.sqrt f = 1", "Nat.sqrt", "Nat", "→", ()),
        (": Nat.sqrt Nat.sqrt = 1", "Nat.sqrt", "Nat", "→", ()),
        (": Nat.sqrt (Nat.gcd 2) = 1", "Nat.sqrt", "Nat", "→", ()),
        ("(x : ℝ) : IsCompact x", "IsCompact", "Set", "Real", ()),
        ("(l : Filter ℝ) : IsCompact l", "IsCompact", "Set", "Filter", ()),
        ("(s : Set ℝ) (f : ℝ → ℝ) : Filter.Tendsto f s Filter.atTop", "Filter.Tendsto", "Filter", "Set", ()),
        ("(x : ℝ) (f : ℝ → ℝ) : Filter.Tendsto f Filter.atTop x", "Filter.Tendsto", "Filter", "Real", ()),
        ("(f : ℝ → ℝ) (l : Filter ℝ) : Filter.Tendsto l f l", "Filter.Tendsto", "→", "Filter", ()),
        ("(f : ℝ → ℝ) : Subgroup.index f = 1", "Subgroup.index", "Subgroup", "→", ()),
        ("(x : ℝ) : Function.Injective x", "Function.Injective", "→", "Real", ()),
        ("(x : ℝ) (M : Fin x → ℕ) : M = M", "Fin", "Nat", "Real", ()),
        ("(z : ℝ) : Complex.re (Nat.sqrt z) = 1", "Nat.sqrt", "Nat", "Real", ("Real.sqrt",)),
        (
            "def f (x : ℝ) : ℕ := Nat.sqrt x\ntheorem t : f 1 = 1 := by sorry",
            "Nat.sqrt",
            "Nat",
            "Real",
            ("Real.sqrt",),
        ),
    ],
)
def test_arguments_of_the_wrong_kind(
    small: Any, statement: str, name: str, asked: str, given: str, suggestions: tuple[str, ...]
) -> None:
    verdict = small.judge(statement)
    (found,) = verdict.diagnostics
    assert verdict.status is Status.INVALID
    assert (found.category, found.name, found.severity) == ("type_mismatch", name, Severity.ERROR)
    assert f"`{asked}`" in found.message
    assert f"`{given}`" in found.message
    assert found.suggestions[: len(suggestions)] == suggestions


@pytest.mark.parametrize(
    ("statement", "name", "allowed", "here"),
    [
        (": Nat.sqrt 1 2 = 1", "Nat.sqrt", "1 explicit argument", "2"),
        (": Nat.gcd 1 2 3 = 1", "Nat.gcd", "2 explicit arguments", "3"),
        (": Nat.choose 1 2 3 = 1", "Nat.choose", "2 explicit arguments", "3"),
        (": Real.pi 2 = 1", "Real.pi", "0 explicit arguments", "1"),
        ("(s : Set ℝ) : IsCompact s s", "IsCompact", "1 explicit argument", "2"),
        ("(s : Set ℝ) : IsCompact ℝ s", "IsCompact", "1 explicit argument", "2"),
        ("(G : Type*) [Group G G] : 1 = 1", "Group", "1 explicit argument", "2"),
        ("(f : Fin 2 3 → ℕ) : f = f", "Fin", "1 explicit argument", "2"),
        (": Summing.volume 1 2 3 = 1", "Summing.volume", "2 explicit arguments", "3"),
        ("(n : ℕ) : Nat.Prime n (n + 1)", "Nat.Prime", "1 explicit argument", "2"),
    ],
)
def test_too_many_arguments(small: Any, statement: str, name: str, allowed: str, here: str) -> None:
    found = small.only(statement)
    assert (found.category, found.name) == ("function_expected", name)
    assert allowed in found.message
    assert here in found.message
    assert (found.line, found.end_column) == (1, found.column + len(name))


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("(s : Finset) : s = s", "Finset"),
        ("(l : Filter) : l = l", "Filter"),
        ("(x : Fin) : x = x", "Fin"),
        ("{x y : Fin} : x = y", "Fin"),
        (": ∀ (x : Fin), x = x", "Fin"),
    ],
)
def test_what_alone_is_no_type(small: Any, statement: str, name: str) -> None:
    found = small.only(statement)
    assert (found.category, found.name) == ("type_mismatch", name)
    assert "no type" in found.message


@pytest.mark.parametrize(
    "statement", ["(f : ℕ → Finset ℕ) : f = f", ": id Finset = id Finset", "(x : Real) : x = x"]
)
def test_what_is_a_type_or_none_is_asked_for(small: Any, statement: str) -> None:
    assert small.told(statement) == []


def test_one_name_is_judged_by_one_rule(small: Any) -> None:
    """A name that means nothing has no arguments to be judged."""
    assert small.told("(x : ℝ) : Nat.sqr x x = 1") == [("unknown_identifier", "Nat.sqr")]
    assert small.told("(x : ℝ) : Nat.isqrt x = 1") == [("deprecated", "Nat.isqrt")]


NUMBERS = ("Nat", "Int", "Rat", "Real", "Complex")


@pytest.mark.parametrize("low", range(5))
@pytest.mark.parametrize("high", range(5))
def test_numbers_pass_upwards_alone(low: int, high: int) -> None:
    assert incompatible(NUMBERS[low], NUMBERS[high]) == (high > low)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", "Real"),
        ("Nat", ""),
        ("Set", "Finset"),
        ("Set", "Subgroup"),
        ("Set", "Ideal"),
        ("Set", "→"),
        ("→", "Set"),
        ("→", "Polynomial"),
        ("→", "Matrix"),
        ("→", "MeasureTheory.Measure"),
        ("Matrix", "→"),
        ("Submodule", "Ideal"),
        ("Ideal", "Submodule"),
        ("AddSubgroup", "Submodule"),
        ("Polynomial", "Nat"),
        ("Polynomial", "Int"),
        ("Ideal", "Nat"),
        ("Matrix", "Nat"),
        ("PowerSeries", "Nat"),
        ("MvPolynomial", "Int"),
        ("→", "Nat"),
        ("PowerSeries", "Polynomial"),
        ("ENNReal", "NNReal"),
        ("Foo", "Bar"),
        ("Nat", "Foo"),
        ("Foo", "Real"),
    ],
)
def test_what_may_pass(asked: str, given: str) -> None:
    """Natural numbers pass for polynomials and functions by `Nat.cast`; of other types nothing is known."""
    assert not incompatible(asked, given)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("Filter", "Set"),
        ("Set", "Filter"),
        ("Finset", "Set"),
        ("Filter", "Real"),
        ("Real", "Filter"),
        ("Set", "Polynomial"),
        ("Subgroup", "Set"),
        ("Finset", "→"),
        ("→", "Finset"),
        ("Set", "Real"),
        ("Nat", "→"),
        ("→", "Real"),
    ],
)
def test_what_never_passes(asked: str, given: str) -> None:
    assert incompatible(asked, given)
