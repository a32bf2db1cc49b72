"""Theorem names: safe to write into Lean, and made from the statement."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.errors import InputError
from cramf.formalize.naming import MAX_NAME, statement_name, valid_theorem_name
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
