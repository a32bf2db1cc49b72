"""Parents of structures under their full names, and the projections to them."""

from __future__ import annotations

import pytest

from cramf.knowledge.extract import extract_text
from cramf.knowledge.linking import Linked, link
from cramf.knowledge.translate import NameGuesser

GUESSER = NameGuesser({"mul": ("Add",)})
BASE = """structure Same (α β : Type) where
  to : α → β
infix:25 " ≅ " => Same

namespace Shape
structure Map (R : Type) (α β : Type) where
  run : α → β
notation:25 A " →ₘ[" R "] " B => Map R A B
notation "CM(" A ", " B ")" => Map ℕ A B
def one : ℕ →ₘ[ℕ] ℕ := w
abbrev Self (α : Type) := α →ₘ[ℕ] α
class Map.Tame (f : α →ₘ[R] β) where
  tame : ℕ
class Map.Wild (f : α →ₘ[R] β) extends f.Tame
abbrev Map.Calm (f : α →ₘ[R] β) := f.Wild
def Map.restrict (f : α →ₘ[R] β) (S : Type) : α →ₘ[S] β := f
end Shape
"""


def linked(*texts: str) -> Linked:
    files = [extract_text(text, f"Mathlib.F{n}") for n, text in enumerate(texts)]
    return link(files, {"to_additive": GUESSER})


def members(found: Linked, name: str) -> set[str]:
    """The projections that a structure has, by their last component."""
    made = (d.name for d in found.declarations if d.kind.value == "field" and d.origin == "structure")
    return {m.removeprefix(f"{name}.") for m in made if m.startswith(f"{name}.")}


@pytest.mark.parametrize(
    ("written", "parents", "projections"),
    [
        ("extends A ≅ B", ("Same",), {"toSame"}),
        ("extends A →ₘ[R] B, A ≅ B", ("Shape.Map", "Same"), {"toMap", "toSame"}),
        ("extends Shape.Map R A B", ("Shape.Map",), {"toMap"}),
        ("extends Shape.Self A", ("Shape.Map",), {"toMap"}),
        ("extends same : A ≅ B", ("Same",), {"same"}),
        ("(f : A →ₘ[R] B) extends f.Tame", ("Shape.Map.Tame",), {"toTame"}),
        ("(f : A →ₘ[R] B) extends (f.restrict S).Tame", ("Shape.Map.Tame",), {"toTame"}),
        ("(f : A →ₘ[R] B) extends g : f.Tame", ("Shape.Map.Tame",), {"g"}),
        ("(f : A →ₘ[R] B) extends f.Calm", ("Shape.Map.Wild",), {"toWild"}),
        ("extends A →ₘ[R] B, toMap.Tame", ("Shape.Map", "Shape.Map.Tame"), {"toMap", "toTame"}),
        ("(f : A →ₘ[R] B) extends f.Unheard", (), set()),
        ("extends CM(A, B)", ("Shape.Map",), {"toMap"}),
        ("extends Shape.one.Tame", ("Shape.Map.Tame",), {"toTame"}),
        ("extends A ⋙ B", (), set()),
        ("extends A → B", (), set()),
        ("extends A × B, Mul A", ("Prod", "Mul"), {"toProd", "toMul"}),
        ("(le) extends le : H ≤ G", (), {"le"}),
    ],
)
def test_parents_and_projections(written: str, parents: tuple[str, ...], projections: set[str]) -> None:
    uses = "".join(f"theorem t{n} : Prod ℕ ℕ = Mul.mul (Mul ℕ) := w\n" for n in range(3))
    found = linked(
        BASE, f"structure New {written} where\n  x : ℕ\n", *[uses.replace("t", f"u{n}") for n in "abc"]
    )
    assert next(d for d in found.definitions if d.name == "New").parents == parents
    assert members(found, "New") == projections


def test_a_field_of_a_parent_by_notation_is_found() -> None:
    found = linked(
        BASE, "structure Iso (A B) extends A ≅ B\ntheorem t (e : Iso A B) : e.to = e.toSame.to := w\n"
    )
    assert found.parents["Iso"] == ("Same",)
    assert set(found.dependencies["t"]) - {"Eq"} == {"Iso", "Iso.toSame", "Same.to"}
    assert found.heads["Iso.toSame"] == "Same"
    assert found.dependencies["Iso.toSame"] == ("Iso", "Same")


def test_a_parent_may_be_a_field_that_a_projection_leads_to() -> None:
    text = (
        "structure Space where\n  s : ℕ\nstructure Space.Hom (X Y : Space) where\n  h : ℕ\n"
        "structure Scheme extends Space\n"
        "structure Scheme.Hom (X Y : Scheme) extends toHom' : X.toSpace.Hom Y.toSpace where\n"
    )
    found = linked(text)
    assert found.parents["Scheme.Hom"] == ("Space.Hom",)
    assert members(found, "Scheme.Hom") == {"toHom'"}


def test_the_second_file_may_hold_the_notation() -> None:
    one = "structure Iso (A B) extends A ≅ B\n"
    assert linked(one, BASE).parents == {**linked(BASE).parents, "Iso": ("Same",)}


def test_scoped_notation_means_what_is_open() -> None:
    text = (
        'structure P\nstructure Q\nscoped[S] notation "⟪" x "⟫" => P x\nscoped[T] notation "⟪" x "⟫" => Q x\n'
        'scoped[S] infix:25 " ⊙ " => P\nscoped[T] infix:25 " ⊙ " => Q\n'
        "section\nopen scoped S\nstructure A extends x ⊙ y\nend\nopen scoped T\nstructure B extends x ⊙ y\n"
    )
    found = linked(text)
    assert (found.parents["A"], found.parents["B"]) == (("P",), ("Q",))


def test_members_of_a_structure_are_twins_of_those_of_its_written_twin() -> None:
    text = (
        "structure AddIt (A) extends A ≅ A where\n  plus : ℕ\n  sum' : ℕ\n"
        "@[to_additive]\nstructure MulIt (A) extends A ≅ A where\n  times : ℕ\n  prod' : ℕ\n"
        "@[to_additive]\ntheorem MulIt.times.thm (x : MulIt A) : x.times = x.toSame := w\n"
    )
    found = linked(BASE, text)
    names = {d.name for d in found.declarations}
    assert "AddIt.plus.thm" in names
    assert set(found.dependencies["AddIt.plus.thm"]) - {"Eq"} == {"AddIt", "AddIt.plus", "AddIt.toSame"}


def test_private_structures_have_no_public_projection() -> None:
    found = linked(BASE, "private structure Iso (A B) extends A ≅ B\n")
    assert not members(found, "Iso")


def test_simps_uses_the_fields_of_a_parent_by_notation() -> None:
    text = (
        "structure Iso (A B) extends A ≅ B where\n  back : ℕ\n"
        "@[simps]\ndef one : Iso ℕ ℕ where\n  to := id\n  back := 1\n"
    )
    assert {"one_to", "one_back"} <= {d.name for d in linked(BASE, text).declarations}
