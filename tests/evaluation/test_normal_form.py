"""Which statements are one, and which are not."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.evaluation.normal_form import Normaliser, equal

HEADER = "import Mathlib\n\nopen Real Nat Finset Function\nopen scoped BigOperators Topology\n"

EQUAL = [
    # Names of variables and hypotheses, order, grouping, brackets.
    ("(a b : ℝ) (h : a < b) : a ≠ b", "(u v : ℝ) (huv : u < v) : u ≠ v"),
    ("(a b : ℝ) (h : a < b) : a ≠ b", "(b a : ℝ) (h : a < b) : a ≠ b"),
    ("(a : ℝ) (b : ℝ) : a * b = b * a", "{a b : ℝ} : a * b = b * a"),
    ("(x : ℝ) (h : 0 < x) (k : x < 5) : x ≠ 7", "(x : ℝ) (k : x < 5) (h : 0 < x) : x ≠ 7"),
    ("(x : ℝ) (h : 0 < x ∧ x < 5) : x ≠ 7", "(x : ℝ) (h : 0 < x) (k : x < 5) : x ≠ 7"),
    ("(x : ℝ) (h : 0 < x) : x ≠ 0", ": ∀ x : ℝ, 0 < x → x ≠ 0"),
    (": ∀ x : ℝ, ∀ y : ℝ, x < y → x ≠ y", ": ∀ y x : ℝ, x < y → x ≠ y"),
    (": ∀ x : ℝ, 0 < x → x ≠ 0", ": ∀ x > (0 : ℝ), x ≠ 0"),
    ("(s : Set ℝ) : ∀ x ∈ s, 0 < x", "(s : Set ℝ) : ∀ x : ℝ, x ∈ s → 0 < x"),
    ("(n : ℕ) (m : ℕ) (h : n = 2) : n + 1 = 3", "(n : ℕ) (h : n = 2) : n + 1 = 3"),
    (": ∃ x : ℝ, ∃ y : ℝ, x < y ∧ y < 2", ": ∃ y x : ℝ, y < 2 ∧ x < y"),
    (": ∃ x : ℝ, 0 < x ∧ ∃ y : ℝ, y < x", ": ∃ x y : ℝ, y < x ∧ x > 0"),
    (": ∃ x > (2 : ℝ), x < 3", ": ∃ x : ℝ, x > 2 ∧ x < 3"),
    ("{G : Type*} [Group G] (a : G) : a * 1 = a", "(H : Type _) [inst : Group H] {g : H} : g * 1 = g"),
    ("(P : ℕ → Prop) (h : P 0) (k : ∀ n, P n) : P 1", "(Q : ℕ → Prop) (k : ∀ m, Q m) (h : Q 0) : Q 1"),
    # Relations and negation.
    ("(a b : ℝ) : a > b → a ≥ b", "(a b : ℝ) : b < a → b ≤ a"),
    ("(a b : ℝ) : a ≠ b", "(a b : ℝ) : ¬ a = b"),
    ("(a : ℝ) (s : Set ℝ) : a ∉ s", "(a : ℝ) (s : Set ℝ) : ¬ (a ∈ s)"),
    ("(s t : Set ℝ) : s ⊇ t", "(s t : Set ℝ) : t ⊆ s"),
    ("(a b : ℝ) : a = b", "(a b : ℝ) : b = a"),
    ("(p q : Prop) : (p ↔ q) → (p → q)", "(p q : Prop) : (q ↔ p) → (p → q)"),
    ("(a b n : ℤ) (h : a ≡ b [ZMOD n]) : n ∣ a - b", "(a b n : ℤ) (h : b ≡ a [ZMOD n]) : n ∣ a - b"),
    # Commutative and associative operands.
    ("(a b c : ℝ) : a + b + c = 1", "(a b c : ℝ) : c + (a + b) = 1"),
    ("(x y : ℤ) : 2 * x * y = 6", "(x y : ℤ) : y * (x * 2) = 6"),
    ("(p q r : Prop) : p ∧ q ∧ r", "(p q r : Prop) : (r ∧ q) ∧ p"),
    ("(p q : Prop) : p ∨ q", "(p q : Prop) : q ∨ p"),
    ("(s t : Set ℕ) : s ∩ t ⊆ s", "(s t : Set ℕ) : t ∩ s ⊆ s"),
    ("(a b : ℕ) : Nat.gcd a b = 1", "(a b : ℕ) : Nat.gcd b a = 1"),
    ("(a b c : ℝ) : max a b ≤ c", "(a b c : ℝ) : max b a ≤ c"),
    (": ({1, 2, 3} : Set ℕ).ncard = 3", ": ({3, 1, 2} : Set ℕ).ncard = 3"),
    ("{R : Type*} [CommRing R] (a b : R) : a * b = 1", "{R : Type*} [CommRing R] (a b : R) : b * a = 1"),
    # Literals, ascriptions, casts.
    ("(x : ℝ) : x = (2 : ℝ)", "(x : ℝ) : x = 2"),
    ("(x : ℝ) : x = (1 : ℝ) / 2", "(x : ℝ) : x = 1 / 2"),
    ("(n : ℕ) (x : ℝ) : x = (n : ℝ) / 2", "(n : ℕ) (x : ℝ) : x = ↑n / 2"),
    ("(n : ℕ) (x : ℝ) : x = (n : ℝ) + 1", "(n : ℕ) (x : ℝ) : x = n + 1"),
    ("(n : ℕ) (x : ℝ) : x = ((n : ℤ) : ℝ)", "(n : ℕ) (x : ℝ) : x = n"),
    (": (1 : ℝ) / 3 + 1 / 6 = 1 / 2", ": (1 / 3 + 1 / 6 : ℝ) = 1 / 2"),
    ("(n : ℤ) : (3 : ℤ) ∣ n ^ 3 - n", "(n : ℤ) : 3 ∣ n ^ 3 - n"),
    ("(n : ℕ) : (3 : ℤ) ∣ (10 : ℤ) ^ n - 1", "(n : ℕ) : 3 ∣ (10 : ℤ) ^ n - 1"),
    ("(x : ℝ) : x < 0.5", "(x : ℝ) : (x : ℝ) < 0.5"),
    ("(x : ℝ) : x = -(1 : ℝ)", "(x : ℝ) : x = -1"),
    # Types that are left out.
    ("(a : ℕ → ℝ) (h : ∀ n, a n = 0) : a 1 = 0", "(a : ℕ → ℝ) (h : ∀ n : ℕ, a n = 0) : a 1 = 0"),
    ("(x : ℝ) (h : ∀ y, x ≤ y + 1) : x = 0", "(x : ℝ) (h : ∀ y : ℝ, x ≤ y + 1) : x = 0"),
    (": ∃ x, (x : ℝ) ^ 2 = 49", ": ∃ x : ℝ, x ^ 2 = 49"),
    (": ∃ n, n ^ 2 = 49", ": ∃ n : ℕ, n ^ 2 = 49"),
    ("(f : ℝ → ℝ) : f = fun x ↦ x + 1", "(f : ℝ → ℝ) : f = fun (t : ℝ) => 1 + t"),
    # Names and notation.
    ("(p : ℕ) (h : p.Prime) : 1 < p", "(p : ℕ) (h : Nat.Prime p) : 1 < p"),
    ("(s : Finset ℕ) : s.card = 2", "(s : Finset ℕ) : Finset.card s = 2"),
    ("(s : Finset ℕ) : s.card = 2", "(s : Finset ℕ) : #s = 2"),
    ("(x : ℝ) : √x = Real.sqrt x", "(x : ℝ) : x.sqrt = √ x"),
    ("(x : ℝ) : Real.sin x ≤ Real.pi", "(x : ℝ) : sin x ≤ π"),
    ("(n : ℕ) : n ! = 6", "(n : ℕ) : Nat.factorial n = 6"),
    ("(n : ℕ) : (n)! = 6", "(n : ℕ) : n.factorial = 6"),
    ("(m n : ℕ) : m.Coprime n", "(m n : ℕ) : Nat.Coprime n m"),
    ("(f : ℝ → ℝ) : f.Injective", "(f : ℝ → ℝ) : Function.Injective f"),
    ("(f : ℝ → ℝ) (s : Set ℝ) : f '' s = s", "(f : ℝ → ℝ) (s : Set ℝ) : Set.image f s = s"),
    ("(x : ℝ) : |x| < 1", "(x : ℝ) : abs x < 1"),
    ("(s : Set ℕ) : Set.Finite s", "(s : Set ℕ) : s.Finite"),
    (
        "{G H : Type*} [Group G] [Group H] (f : G →* H) (K : Subgroup G) : K.map f = ⊤",
        "{G H : Type*} [Group G] [Group H] (f : G →* H) (K : Subgroup G) : Subgroup.map f K = ⊤",
    ),
    (": ∑ i ∈ Finset.range 5, i = 10", ": ∑ k ∈ range 5, k = 10"),
    ("(s : Finset ℕ) : s.sum (fun i ↦ i ^ 2) = 5", "(s : Finset ℕ) : ∑ j ∈ s, j ^ 2 = 5"),
    ("(f : ℕ → ℕ) : StrictMono fun x ↦ f x", "(f : ℕ → ℕ) : StrictMono f"),
    ("(f : ℝ → ℝ) : f = fun x ↦ x ^ 2", "(f : ℝ → ℝ) : (fun y ↦ y ^ 2) = f"),
    ("(s : Set ℝ) : s = {x | 0 < x}", "(s : Set ℝ) : s = {x : ℝ | x > 0}"),
    ("(x : ℝ) : x ∈ {y : ℝ | 0 < y}", "(x : ℝ) : x ∈ {z | 0 < z}"),
    ("(x : ℝ) : x ∈ {y : ℝ | 0 < y}", "(x : ℝ) : x ∈ {z | (0 : ℝ) < z}"),
]

UNEQUAL = [
    ("(a b : ℝ) (h : a < b) : a ≠ b", "(a b : ℝ) (h : a ≤ b) : a ≠ b"),
    ("(a b : ℝ) (h : a < b) : a < b", "(a b : ℝ) (h : a < b) : b < a"),
    ("(x : ℝ) : x = 2", "(x : ℝ) : x = 3"),
    ("(x : ℝ) (h : 0 < x) : x ≠ 0", "(x : ℝ) : x ≠ 0"),
    ("(n : ℕ) : n ∣ 6", "(n : ℤ) : n ∣ 6"),
    ("(n : ℕ) : n ∣ 6", "(n : ℕ) : 6 ∣ n"),
    ("(a b : ℝ) (h : a < b) : a - b = 1", "(a b : ℝ) (h : a < b) : b - a = 1"),
    ("(a b : ℝ) (h : a < b) : a / b = 1", "(a b : ℝ) (h : a < b) : b / a = 1"),
    ("(a b : ℝ) (h : a < b) : a ^ b = 1", "(a b : ℝ) (h : a < b) : b ^ a = 1"),
    ("(a b c : ℝ) : a - b - c = 1", "(a b c : ℝ) : a - (b - c) = 1"),
    (": ∀ x : ℝ, ∃ y : ℝ, x < y", ": ∃ y : ℝ, ∀ x : ℝ, x < y"),
    (": ∃ x : ℝ, x = 0", ": ∃! x : ℝ, x = 0"),
    (": ∃ x : ℝ, x = 0 ∧ x = 1", ": ∃ x : ℝ, x = 0 ∨ x = 1"),
    ("(p q : Prop) (h : p ∨ ¬q) : p → q", "(p q : Prop) (h : p ∨ ¬q) : q → p"),
    ("(p q : Prop) : p → q", "(p q : Prop) : p ↔ q"),
    ("(p q : Prop) : ¬(p ∧ q)", "(p q : Prop) : ¬p ∧ q"),
    ("(a b : ℕ) : Nat.gcd a b = 1", "(a b : ℕ) : Nat.lcm a b = 1"),
    (": ∑ i ∈ Finset.range 5, i = 10", ": ∑ i ∈ Finset.range 6, i = 10"),
    (": ∑ i ∈ Finset.range 5, i = 10", ": ∑ i ∈ Finset.Icc 0 4, i = 10"),
    (": ∑ i ∈ Finset.range 5, i = 10", ": ∏ i ∈ Finset.range 5, i = 10"),
    # Division and subtraction of other types, which casts and ascriptions decide.
    (": (1 : ℝ) / 2 = 0", ": 1 / 2 = 0"),
    ("(a b : ℕ) : ((a / b : ℕ) : ℝ) = 1", "(a b : ℕ) : (a / b : ℝ) = 1"),
    ("(a b : ℕ) : (a : ℤ) - b = 1", "(a b : ℕ) : a - b = 1"),
    ("(x : ℝ) : √(1 / 2) = x", "(x : ℝ) : √((1 / 2 : ℕ) : ℝ) = x"),
    ("(a b : ℤ) : a / b = 1", "(a b : ℚ) : a / b = 1"),
    ("(n : ℕ) (x : ℝ) : x = (n : ℝ) / 2", "(n : ℕ) (x : ℝ) : x = ((n / 2 : ℕ) : ℝ)"),
    (
        ": Irreducible (Polynomial.X ^ 2 + 1 : Polynomial ℚ)",
        ": Irreducible (Polynomial.X ^ 2 + 1 : Polynomial ℤ)",
    ),
    (": IsUnit (2 : ℤ)", ": IsUnit (2 : ℚ)"),
    # Multiplication that need not commute.
    ("{G : Type*} [Group G] (a b : G) : a * b = b", "{G : Type*} [Group G] (a b : G) : b * a = b"),
    ("{R : Type*} [Ring R] (a b : R) : a * b = b", "{R : Type*} [Ring R] (a b : R) : b * a = b"),
    ("{G : Type*} [AddGroup G] (a b : G) : a + b = b", "{G : Type*} [AddGroup G] (a b : G) : b + a = b"),
    ("{G : Type*} [Group G] (a : G) : a = 1", "{G : Type*} [CommGroup G] (a : G) : a = 1"),
    # Who stands where.
    ("(a b c : ℝ) (h : a < b) (k : b < c) : a < c", "(a b c : ℝ) (h : a < b) (k : a < c) : b < c"),
    (
        "(f : ℕ → ℕ → ℕ) (a b : ℕ) (h : a < b) : f a b = 0",
        "(f : ℕ → ℕ → ℕ) (a b : ℕ) (h : a < b) : f b a = 0",
    ),
    ("(f : ℕ → ℝ → ℝ) : f = f", "(f : ℝ → ℕ → ℝ) : f = f"),
    ("(s t : Set ℝ) : s \\ t = s", "(s t : Set ℝ) : t \\ s = s"),
    ("(f g : ℝ → ℝ) (h : f 0 = 1) : f ∘ g = f", "(f g : ℝ → ℝ) (h : f 0 = 1) : g ∘ f = f"),
    ("(x : ℝ) : x ∈ Set.Icc 0 1", "(x : ℝ) : x ∈ Set.Ioc 0 1"),
    ("(s : Set ℕ) : s.Finite", "(s : Set ℕ) : s.Infinite"),
    ("(x : ℝ) : Real.sin x = 0", "(x : ℝ) : Real.cos x = 0"),
]


def theorem(body: str) -> str:
    return f"theorem some_name {body} := by sorry"


@pytest.mark.parametrize(("a", "b"), EQUAL)
def test_equal(a: str, b: str, normaliser: Normaliser) -> None:
    first, second = normaliser(theorem(a), HEADER), normaliser(theorem(b), HEADER)
    assert first.whole
    assert second.whole
    assert first.key == second.key
    assert first.similarity(second) == 1.0


@pytest.mark.parametrize(("a", "b"), UNEQUAL)
def test_not_equal(a: str, b: str, normaliser: Normaliser) -> None:
    first, second = normaliser(theorem(a), HEADER), normaliser(theorem(b), HEADER)
    assert first.key != second.key
    assert 0 < first.similarity(second) <= 1.0


def test_the_header_decides_what_a_name_means(normaliser: Normaliser) -> None:
    short = normaliser("theorem t (n : ℕ) : factorial n = 1 := by sorry", "import Mathlib\nopen Nat")
    full = normaliser("theorem t (n : ℕ) : Nat.factorial n = 1 := by sorry", "import Mathlib")
    closed = normaliser("theorem t (n : ℕ) : factorial n = 1 := by sorry", "import Mathlib")
    assert short.key == full.key
    assert closed.key != full.key


def test_of_overloads_the_one_of_the_argument_is_meant(normaliser: Normaliser) -> None:
    for number, full in (("ℝ", "Real.sqrt"), ("ℕ", "Nat.sqrt")):
        short = normaliser(theorem(f"(x : {number}) : sqrt x = 2"), HEADER)
        assert short.key == normaliser(theorem(f"(x : {number}) : {full} x = 2"), HEADER).key


def test_without_a_vocabulary_names_stand_as_written() -> None:
    assert equal("theorem a (x : ℝ) : f x > g x", "theorem b (y : ℝ) : g y < f y")
    assert not equal("theorem a (x : ℝ) : f x > g x", "theorem b (y : ℝ) : f y < g y")


def test_alike_variables_of_a_cycle_are_told_apart_from_those_of_two() -> None:
    def pairs(*edges: str) -> str:
        premises = " ".join(f"(h{n} : r {edge[0]} {edge[1]})" for n, edge in enumerate(edges))
        return theorem(f"(a b c d e f : T) {premises} : goal")

    one, two = pairs("ab", "bc", "cd", "de", "ef", "fa"), pairs("ab", "bc", "ca", "de", "ef", "fd")
    other = pairs("bd", "dc", "cf", "fa", "ae", "eb")
    assert not equal(one, two)
    assert equal(one, other)


def test_opaque_text_is_compared_with_its_variables_renamed() -> None:
    a, b = theorem("(x : ℝ) : (x ⊛ 2) = x"), theorem("(y : ℝ) : (y ⊛ 2) = y")
    assert equal(a, b)
    assert not equal(a, theorem("(y : ℝ) : (y ⊛ 3) = y"))
    assert not Normaliser()(a).whole


def test_similarity_falls_with_the_distance(normaliser: Normaliser) -> None:
    base = normaliser(theorem("(x y : ℝ) (h : x + y = 3) (k : x * y = 2) : x ^ 2 + y ^ 2 = 5"))
    near = normaliser(theorem("(x y : ℝ) (h : x + y = 3) (k : x * y = 2) : x ^ 2 + y ^ 2 = 6"))
    far = normaliser(theorem("{G : Type*} [Group G] (H : Subgroup G) : H.Normal"))
    assert 1 > base.similarity(near) > 0.8
    assert base.similarity(far) < 0.3
    assert base.similarity(far) == far.similarity(base)


def test_many_alike_variables_take_bounded_time() -> None:
    names = [f"x{n}" for n in range(200)]
    form = Normaliser()(theorem(f"({' '.join(names)} : ℝ) : {' = '.join(names[:70])} ∨ p {' '.join(names)}"))
    assert form.key


# -- changes that keep or break equality ---------------------------------------------------------------------

TERMS = st.recursive(
    st.sampled_from(["a", "b", "c", "1", "2", "7"]),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "*", "-", "/"]), inner),
    max_leaves=6,
)
RELATIONS = st.tuples(TERMS, st.sampled_from(["=", "<", "≤", "≠"]), TERMS)


def shown(term: object, chance: random.Random | None = None) -> str:
    """A term as text; with a chance, the operands of what commutes in an order that it decides."""
    if not isinstance(term, tuple):
        return str(term)
    left, operator, right = term
    first, second = shown(left, chance), shown(right, chance)
    if chance is not None and operator in ("+", "*", "=", "≠") and chance.random() < 0.5:
        first, second = second, first
    if chance is not None and operator == "<" and chance.random() < 0.5:
        return f"({second} > {first})"
    return f"({first} {operator} {second})"


def renamed(text: str, chance: random.Random) -> str:
    names = ["a", "b", "c"]
    others = chance.sample(["p", "x", "zeta", "α", "a", "b", "c"], 3)
    table = dict(zip(names, others, strict=True))
    return re.sub(r"\b[abc]\b", lambda found: table[found.group()], text)


@settings(max_examples=60)
@given(st.lists(RELATIONS, max_size=4), RELATIONS, st.randoms(use_true_random=False))
def test_renaming_shuffling_and_commuting_keep_equality(
    premises: list[object], goal: object, chance: random.Random
) -> None:
    def statement(parts: list[str], end: str, variables: list[str]) -> str:
        hypotheses = " ".join(f"(h{chance.randrange(99)}x{n} : {part})" for n, part in enumerate(parts))
        return theorem(f"({' '.join(variables)} : ℝ) {hypotheses} : {end}")

    plain = statement([shown(p) for p in premises], shown(goal), ["a", "b", "c"])
    changed = [shown(p, chance) for p in chance.sample(premises, len(premises))]
    other = statement(changed, shown(goal, chance), chance.sample(["a", "b", "c"], 3))
    assert equal(plain, renamed(other, chance))


@settings(max_examples=60)
@given(st.lists(RELATIONS, max_size=3), RELATIONS, st.data())
def test_another_literal_or_relation_breaks_it(
    premises: list[object], goal: object, data: st.DataObject
) -> None:
    parts = [shown(p) for p in (*premises, goal)]
    text = theorem(f"(a b c : ℝ) {' '.join(f'(h{n} : {p})' for n, p in enumerate(parts[:-1]))} : {parts[-1]}")
    places = list(re.finditer(r"(?<= )[=<≤≠](?= )|(?<!\w)[127](?!\w)", text))
    found = data.draw(st.sampled_from([p for p in places if p.start() > text.index("ℝ")]))
    other = {"1": "5", "2": "5", "7": "5", "=": "≤", "<": "≤", "≤": "=", "≠": "<"}[found.group()]
    # The literal 5 and the exchanged relation stand nowhere else in the same place, so the multisets differ.
    assert not equal(text, text[: found.start()] + other + text[found.end() :])


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    form = Normaliser()(f"theorem t (x : ℕ) : {text}")
    assert form.key == Normaliser()(f"theorem t (x : ℕ) : {text}").key
