"""Names of anonymous instances. Those marked as such are referred to by name in Mathlib's text."""

from __future__ import annotations

import pytest

from cramf.knowledge.generated.instances import InstanceName, Library, UniqueNamer, instance_name
from cramf.knowledge.generated.signatures import read_signature
from cramf.lean.parser import parse_file
from cramf.lean.syntax import Declaration

SIGNATURES = {
    "Module": "(R : Type*) (M : Type*) [Semiring R] [AddCommMonoid M]",
    "Semiring": "(R : Type*)",
    "CommRing": "(R : Type*)",
    "AddCommMonoid": "(M : Type*)",
    "Preorder": "(α : Type*)",
    "IsTrans": "(α : Type*) (r : α → α → Prop)",
    "AntisymmRel": "{α : Type*} (r : α → α → Prop) (a b : α)",
    "SymmGen": "{α : Type*} (r : α → α → Prop) (a b : α)",
    "Lex": "(α : Type*)",
    "Submodule": "(R : Type*) (M : Type*) [Semiring R] [AddCommMonoid M]",
    "Compacts": "(α : Type*) [TopologicalSpace α]",
    "CompactSpace": "(X : Type*) [TopologicalSpace X]",
    "Quiv.IsIso": "{C : Type*} [Category C] {X Y : C} (f : X ⟶ Y)",
    "Quiv.eqToHom": "{C : Type*} [Category C] {X Y : C} (p : X = Y) : X ⟶ Y",
    "Quiv.F": "(C : Type*) (D : Type*)",
    "Quiv.F.Full": "{C : Type*} {D : Type*} (G : Quiv.F C D)",
    "NewClass": "(α : Type*)",
    "TwoUniqueProds": "(G : Type*) [Mul G]",
    "TwoUniqueSums": "(G : Type*) [Add G]",
    "Multiplicative": "(α : Type*)",
    "Prime": "(n : ℕ) : Prop",
    "DecidableThing": "(n : ℕ)",
}
ANCESTORS = {
    "CommRing": {"Semiring", "AddCommMonoid"},
    "Semiring": {"AddCommMonoid"},
    "Preorder": {"LE", "LT"},
}


def library() -> Library:
    def resolve(word: str) -> str | None:
        word = word.removeprefix("_root_.")
        return next((n for n in (word, f"Quiv.{word}") if n in SIGNATURES), None)

    return Library(
        resolve=resolve,
        in_project=SIGNATURES.__contains__,
        signature=lambda n: read_signature(SIGNATURES[n]) if n in SIGNATURES else None,
        coercion=lambda n: "SetLike" if n in ("Submodule", "Compacts") else None,
        ancestors=lambda n: frozenset(ANCESTORS.get(n, ())),
    )


def named(text: str, namespace: str = "") -> InstanceName:
    """The name for the last instance of a text; its `variable` commands are in scope."""
    commands = parse_file(text).commands
    variables = [b for c in commands if c.kind == "variable" for b in c.binders]
    declaration: Declaration | None = commands[-1].declaration
    assert declaration is not None
    found = instance_name(
        declaration.binders, declaration.result, library(), variables=variables, namespace=namespace
    )
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("instance : NewClass (α × β) := x", "instNewClassProd"),
        # Mathlib refers to `instDecidableEqLex`; the class is not said a second time.
        ("instance [DecidableEq α] : DecidableEq (Lex α) := x", "instDecidableEqLex"),
        ("instance [NewClass α] : DecidableEq (Lex α) := x", "instDecidableEqLexOfNewClass"),
        ("variable [NewClass α]\ninstance : DecidableEq (Lex α) := x", "instDecidableEqLex"),
        ("variable {α : Type*}\ninstance : NewClass (Option α) := x", "instNewClassOption"),
        ("instance : NewClass ℝ≥0∞ := x", "instNewClassENNReal"),
        ("instance (i : ι) : NewClass (∀ i, f i) := x", "instNewClassForall"),
        ("instance : CoeFun ℕ fun _ => ℕ → Lex ℕ := x", "instCoeFunNatForallLex"),
        # Repeated subterms are said once.
        ("instance : IsTrans (ℕ × ℕ) (Lex ℕ) := x", "instIsTransProdNatLex"),
        ("instance : NewClass (α →ₗ[R] β) := x", "instNewClassLinearMapId"),
        ("instance : NewClass Prop := x", "instNewClassProp"),
    ],
)
def test_constants_of_the_type_in_order(text: str, name: str) -> None:
    assert named(text).name == name


def test_binders_that_the_type_needs_are_not_said() -> None:
    assert named("instance [CommRing R] : Module R R := x").name == "instModule"
    assert named("instance [CommRing R] [NewClass R] : Module R R := x").name == "instModuleOfNewClass"
    # `Mathlib.Order.RelClasses` names its twin `instIsTransGe`.
    assert named("instance [Preorder α] : IsTrans α (· ≤ ·) := x").name == "instIsTransLe"
    assert named("instance [Preorder α] : IsTrans α (· ≥ ·) := x").name == "instIsTransGe"


def test_unneeded_binders_come_last() -> None:
    # Mathlib refers to `Multiplicative.instTwoUniqueProdsOfTwoUniqueSums`.
    text = "instance {M} [Add M] [TwoUniqueSums M] : TwoUniqueProds (Multiplicative M) := x"
    assert named(text, "Multiplicative").name.startswith("instTwoUniqueProds")
    assert named(text, "Multiplicative").name.endswith("OfTwoUniqueSums")


def test_elements_of_set_like_types_are_subtypes() -> None:
    # Mathlib refers to `TopologicalSpace.Compacts.instCompactSpaceSubtypeMem`.
    text = "instance (K : Compacts α) : CompactSpace K := x"
    assert named(text, "Compacts").name == "instCompactSpaceSubtypeMem"
    text = "variable (p : Submodule R M)\ninstance : Module R p := x"
    assert named(text).name == "instModuleSubtypeMemSubmodule"
    assert (
        named("instance : NewClass (⊥ : Submodule R M) := x", "Submodule").name == "instNewClassSubtypeMemBot"
    )


def test_relations_named_in_mathlib() -> None:
    # Mathlib refers to `instTransAntisymmRelLeSymmGen` in Mathlib.Order.Comparable.
    text = "instance : @Trans α α α (AntisymmRel (· ≤ ·)) (SymmGen (· ≤ ·)) (SymmGen (· ≤ ·)) := x"
    assert named(text).name == "instTransAntisymmRelLeSymmGen"


def test_types_of_implicit_arguments_are_found() -> None:
    # Mathlib refers to `CategoryTheory.instIsIsoEqToHom`.
    text = "variable (C : Type*)\ninstance {X Y : C} (h : X = Y) : IsIso (eqToHom h) := x"
    assert named(text, "Quiv") == InstanceName("instIsIsoEqToHom", True)
    text = "instance (G : F ℕ (ℕ × ℕ)) : G.Full := x"
    assert named(text, "Quiv") == InstanceName("instFullNatProd", True)


def test_gaps_are_admitted() -> None:
    found = named("instance : NewClass (mystery ▸ y) := x")
    assert not found.certain


def test_the_project_is_said_where_nothing_belongs_to_it() -> None:
    # Mathlib refers to `instToJsonPUnit_mathlib`.
    assert named("instance : ToJson PUnit := x").name == "instToJsonPUnit_mathlib"
    assert named("instance : NewClass PUnit := x").name == "instNewClassPUnit"


def test_equal_names_are_numbered_in_order() -> None:
    namer = UniqueNamer({"A.instAdd"}.__contains__)
    made = [namer.full_name("A", "instAdd"), namer.full_name("A", "instAdd"), namer.full_name("", "instAdd")]
    assert made == ["A.instAdd_1", "A.instAdd_2", "instAdd"]
