"""Theorem names: safe to write into Lean, and made from the statement."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.check.verdict import Candidate
from cramf.errors import InputError
from cramf.formalize.content_naming import content_name
from cramf.formalize.naming import MAX_NAME, Names, statement_name, unique_name, valid_theorem_name
from cramf.formalize.theorem import renamed
from cramf.lean.lexer import is_identifier


@pytest.mark.parametrize(
    "name", ["a", "foo_bar", "Nat.foo", "x'", "h₁", "αβ", "_x", "A.b.c", "theorem_1", "ofNat!"]
)
def test_identifiers_pass(name: str) -> None:
    assert valid_theorem_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "1a", "a b", "a.", ".a", "a..b", "a-b", "foo : False := sorry --", "foo\n",
        "a\naxiom x", "«a b»", "«a»", "theorem", "Nat.by", "sorry", "Type", "_root_.foo", "a._root_", "_",
        "a._", "x" * (MAX_NAME + 1), "λ",
        "a\x00", "a/-",
    ],
)  # fmt: skip
def test_others_are_refused_with_a_mend(name: str) -> None:
    with pytest.raises(InputError) as caught:
        valid_theorem_name(name)
    assert caught.value.mend
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("Every prime greater than two is odd.", "prime_greater_two_odd"),
        ("Let $G$ be a finite group. Then the order of $x$ divides the order of $G$.",
         "finite_group_order_divides_order"),
        (r"The \emph{Möbius} function is multiplicative, says $$\mu(mn)$$.",
         "mobius_function_multiplicative_says"),
        (r"Show that \(x^2\) is continuous on \[0,1\] everywhere.", "continuous_everywhere"),
        ("It costs \\$5 and \\$6 dollars.", "costs_dollars"),
    ],
)  # fmt: skip
def test_names_are_made_of_content_words(statement: str, name: str) -> None:
    assert statement_name(statement) == name


@pytest.mark.parametrize(
    "statement", ["$1 + 1 = 2$", "∀ n, n = n", "Continuous.", "所有素数", "", "the of a"]
)
def test_without_two_words_the_name_is_a_digest(statement: str) -> None:
    assert re.fullmatch(r"statement_[0-9a-f]{8}", statement_name(statement))
    assert statement_name(statement) != statement_name(statement + "x1")


@given(st.text(max_size=300))
def test_every_made_name_is_valid_short_and_stable(statement: str) -> None:
    name = statement_name(statement)
    assert name == statement_name(statement)
    assert name.isascii() and len(name) <= 60 and is_identifier(name)
    assert valid_theorem_name(name) == name


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("(a b : ℤ) (ha : Even a) (hb : Even b) : Even (a + b)", "even_add_of_even_of_even"),
        ("(p : ℕ) (hp : p.Prime) (h : 2 < p) : Odd p", "odd_of_prime_of_two_lt"),
        ("(x : ℝ) (hx : 0 < x) : 0 ≤ Real.sqrt x", "sqrt_nonneg_of_pos"),
        ("(x : ℝ) (hx : x > 0) : x < 0 → x = 7", "eq_seven_of_pos_of_neg"),
        (": ∃ x : ℝ, x ^ 2 = 2", "exists_pow_two_eq_two"),
        (": ∀ a b : ℕ, a ∣ b → a ≤ b", "le_of_dvd"),
        ("(n : ℕ) : ∑ k ∈ Finset.range n, k = n * (n - 1)", "sum_eq_mul_sub_one"),
        ("(a b n : ℤ) (h : a ≡ b [ZMOD n]) : n ∣ a - b", "dvd_sub_of_modEq"),
        ("{G : Type*} [Group G] (h : IsCyclic G) (a b : G) : a * b = b * a", "mul_eq_mul_of_isCyclic"),
        ("(s : Set ℝ) : ¬ IsCompact s ↔ s.Nonempty", "not_isCompact_iff_nonempty"),
        ("(x : ℝ) : 2 < |x + (1 : ℝ)| ∨ √x = π", "two_lt_abs_add_one"),
        ("(x : ℝ) : x⁻¹ * 5 ≠ 1000", "mul_inv_five_ne"),
    ],
)  # fmt: skip
def test_names_from_the_content(body: str, name: str) -> None:
    assert content_name(Candidate("t", "", f"theorem t {body} := by sorry")) == name


@pytest.mark.parametrize(
    "statement",
    ["theorem t : True := by sorry", "theorem t (x : ℝ) : x = x", "", "def f := 3", "theorem t (h : 1 < 2",
     "theorem t (P : Prop) (h : P) : P := by sorry"],
)  # fmt: skip
def test_where_too_little_is_said_there_is_no_such_name(statement: str) -> None:
    found = content_name(Candidate("t", "", statement))
    assert found is None or valid_theorem_name(found)
    assert found is None or "_" in found


terms = st.recursive(
    st.sampled_from(["x", "y", "2", "π", "Nat.factorial x", "‖y‖", "x!", "«odd»", "∅"]),
    lambda inner: st.builds(
        "({} {} {})".format, inner, st.sampled_from("+ * ^ = < ∣ ∧ → ∘ ≡".split()), inner
    ),
    max_leaves=12,
)


@given(terms, terms, st.text(max_size=40))
def test_names_from_any_content_are_valid(goal: str, premise: str, noise: str) -> None:
    for body in (f"(x y : ℝ) (h : {premise}) : {goal}", f"(h : {noise}) : {goal}", noise):
        found = content_name(Candidate("t", "", f"theorem t {body} := by sorry"))
        assert found is None or (found.isascii() and len(found) <= 60 and valid_theorem_name(found) == found)


def test_a_candidate_under_another_name() -> None:
    text = "/-- About t. -/\ntheorem _root_.t {a : ℕ} : t a := by sorry"
    there = renamed(Candidate("t", "h", text, "def t := 1"), "new")
    assert there == Candidate("new", "h", text.replace("_root_.t", "_root_.new"), "def t := 1")
    assert renamed(Candidate("t", "h", "nothing"), "new") == Candidate("t", "h", "nothing")


def test_a_name_that_is_taken_gets_the_first_free_number() -> None:
    assert unique_name("a", {"b"}.__contains__) == "a"
    assert unique_name("a", {"a", "a_2", "a_4"}.__contains__) == "a_3"


def test_names_belong_to_owners_until_they_are_given_back() -> None:
    names = Names({"lt_two"}.__contains__)
    assert names.claim("me", "a") == "a" == names.claim("me", "a")
    assert names.claim("you", "a") == "a_2" and names.claim("you", "lt_two") == "lt_two_2"
    names.keep("me", None)
    assert names.claim("she", "a") == "a"
    names.keep("you", "a_2")
    assert names.claim("he", "lt_two") == "lt_two_2" and names.claim("he", "a") == "a_3"
