"""Signatures: binders by kind, result, universes, one normalised form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.lean.signatures import Parameter, Signature, normalised, read_signature


def test_binders_by_kind() -> None:
    found = read_signature("{α β : Type u} ⦃s : Set α⦄ [TopologicalSpace α] [h : Foo β] (f : α → β) : P f")
    assert found.parameters == (
        Parameter("implicit", ("α", "β"), "Type u"),
        Parameter("strict-implicit", ("s",), "Set α"),
        Parameter("instance", (), "TopologicalSpace α"),
        Parameter("instance", ("h",), "Foo β"),
        Parameter("explicit", ("f",), "α → β"),
    )
    assert found.result == "P f"
    assert found.universes == ("u",)


@pytest.mark.parametrize(
    "text",
    [
        "(x y : ℕ) : x = y",
        ": True",
        "{x} (h : ∀ (y : ℕ), y = x) : p",
        "[∀ i, Group (G i)] : q",
        "(f : (a : A) → B a) (_ : f = f) : r",
        "",
    ],
)
def test_what_is_rendered_is_what_was_read(text: str) -> None:
    assert read_signature(text).render() == text


def test_universes_in_order_and_once() -> None:
    text = "(α : Type v) (β : Sort (max u v)) (f : ULift.{w, u} α) : Type _"
    assert read_signature(text).universes == ("v", "u", "w")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(f : A -> B) : λ x => f x", "(f : A → B) : fun x ↦ f x"),
        (": a <= b ∧ c >= d", ": a ≤ b ∧ c ≥ d"),
        (": match x with | 0 => a | _ => b", ": match x with | 0 => a | _ => b"),
        (": f <$> x", ": f <$> x"),
        (": fun x ↦ x", ": fun x ↦ x"),
    ],
)
def test_older_spellings(text: str, expected: str) -> None:
    assert normalised(text) == expected
    assert normalised(expected) == expected


def test_an_empty_signature() -> None:
    assert read_signature("") == Signature()


@given(st.text(alphabet='(){}[]⦃⦄:, xyαTypeu.→=>λ\n"-/', max_size=60))
def test_hostile_text_is_read_without_error(text: str) -> None:
    read_signature(text).render()
    normalised(text)
