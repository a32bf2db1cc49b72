"""Declarations that Lean makes and no text writes, in a linked checkout."""

from __future__ import annotations

import pytest

from cramf.knowledge.extract import extract_text
from cramf.knowledge.linking import Linked, link
from cramf.knowledge.translate import NameGuesser
from cramf.knowledge.types import Declaration, Kind

GUESSERS = {
    "to_additive": NameGuesser({"mul": ("Add",), "one": ("Zero",), "magma": ("Add", "Magma")}),
    "to_dual": NameGuesser({"top": ("Bot",)}),
}


def linked(*texts: str) -> Linked:
    return link([extract_text(text, f"Mathlib.F{n}") for n, text in enumerate(texts)], GUESSERS)


def declared(*texts: str) -> dict[str, Declaration]:
    return {d.name: d for d in linked(*texts).declarations}


BASICS = """
/-- A magma. -/
@[to_additive] class Magma (M : Type*) where
  /-- Product. -/
  mul : M → M → M

/-- An additive magma. -/
class AddMagma (M : Type*) where
  /-- Sum. -/
  add : M → M → M

attribute [to_additive] Magma

/-- A box. -/
structure Box (M : Type*) where
  /-- What is inside. -/
  content : M
"""


# -- anonymous instances ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("instance [Magma M] : Magma (Box M) := sorry", "instMagmaBox"),
        ("namespace Box\ninstance {M : Type*} [Magma M] : Magma (Box M) := sorry\nend Box", "Box.instMagma"),
        ("variable {M : Type*} [Magma M]\ninstance : Magma (Box M) := sorry", "instMagmaBox"),
        ("instance {M : Type*} [AddMagma M] : Magma (Box M) := sorry", "instMagmaBoxOfAddMagma"),
        ("variable {M : Type*} [AddMagma M]\ninstance : Magma (Box M) := sorry", "instMagmaBox"),
        (
            "variable {M : Type*} [AddMagma M]\ninstance [Inhabited M] : Magma (Box M) := sorry",
            "instMagmaBoxOfInhabited",
        ),
    ],
)
def test_anonymous_instances_have_the_names_that_lean_gives(text: str, name: str) -> None:
    found = declared(BASICS + text)
    assert found[name].kind is Kind.INSTANCE
    assert found[name].origin.startswith("instance")


def test_a_second_instance_of_the_same_name_is_numbered() -> None:
    text = "instance : Magma (Box Nat) := sorry\n"
    found = declared(BASICS + "namespace Box\n" + 2 * text + "end Box")
    assert {"Box.instMagmaNat", "Box.instMagmaNat_1"} <= found.keys()
    assert found["Box.instMagmaNat"].line < found["Box.instMagmaNat_1"].line


def test_a_private_instance_stays_anonymous() -> None:
    found = declared(BASICS + "private instance {M : Type*} [Magma M] : Magma (Box M) := sorry")
    assert "instMagmaBox" not in found


def test_a_written_name_wins_over_that_of_an_instance() -> None:
    written = "theorem instMagmaBox : True := trivial\n"
    found = declared(BASICS + written + "instance {M : Type*} [Magma M] : Magma (Box M) := sorry")
    assert found["instMagmaBox"].kind is Kind.THEOREM
    assert found["instMagmaBox_1"].kind is Kind.INSTANCE


def test_an_anonymous_instance_has_its_usage_and_dependencies_under_its_name() -> None:
    made = linked(
        BASICS + "/-- Boxes multiply. -/\ninstance {M : Type*} [Magma M] : Magma (Box M) := sorry\n"
        "/-- Private ones do too. -/\nprivate instance : Magma (Box Nat) := sorry"
    )
    usages = {u.name: u for u in made.usages}
    assert usages["instMagmaBox"].definitions == ("Box", "Magma")
    assert not any("instance@" in name for name in usages)
    assert {"Box", "Magma"} <= set(made.dependencies["instMagmaBox"])


def test_an_anonymous_instance_has_a_twin() -> None:
    text = "@[to_additive] instance {M : Type*} [Magma M] : Magma (Box M) := sorry"
    found = declared(BASICS + text)
    assert found["instAddMagmaBox"].origin == "to_additive"
    assert found["instAddMagmaBox"].kind is Kind.INSTANCE


# -- attributes and commands --------------------------------------------------------------------------------

CATEGORY = """
namespace Cat
/-- Arrows. -/
@[ext] structure Arrow (X Y : Type) where
  /-- The map. -/
  toFun : X → Y
  proof : toFun = toFun
@[reassoc (attr := simp)] theorem comp_id : True := trivial
theorem other : True := trivial
attribute [reassoc] other
@[simps] def one : Arrow Nat Nat where
  toFun x := x
  proof := rfl
@[mk_iff] inductive Small : Nat → Prop
  | zero : Small 0
private structure Hidden where
  x : Nat
@[reassoc] private theorem secret : True := trivial
end Cat
"""


@pytest.mark.parametrize(
    ("name", "kind", "origin"),
    [
        ("Cat.comp_id_assoc", Kind.THEOREM, "reassoc"),
        ("Cat.other_assoc", Kind.THEOREM, "reassoc"),
        ("Cat.Arrow.ext", Kind.THEOREM, "ext"),
        ("Cat.Arrow.ext_iff", Kind.THEOREM, "ext"),
        ("Cat.one_toFun", Kind.THEOREM, "simps"),
        ("Cat.small_iff", Kind.THEOREM, "mk_iff"),
        ("Cat.Arrow.mk.injEq", Kind.THEOREM, "structure"),
        ("Cat.Arrow.noConfusion", Kind.DEF, "structure"),
        ("Cat.Arrow.casesOn", Kind.RECURSOR, "structure"),
    ],
)
def test_what_attributes_and_structures_make(name: str, kind: Kind, origin: str) -> None:
    found = declared(CATEGORY)[name]
    assert (found.kind, found.origin, found.module, found.namespace) == (kind, origin, "Mathlib.F0", "Cat")


@pytest.mark.parametrize(
    "name",
    [
        "Cat.one_proof",  # a proof has no simps lemma
        "Cat.Small.noConfusion",  # a proposition is not injective
        "Cat.secret_assoc",
        "Cat.Hidden.noConfusion",
    ],
)
def test_what_is_not_made(name: str) -> None:
    assert name not in declared(CATEGORY)


def test_made_declarations_stand_at_the_line_of_what_makes_them() -> None:
    found = declared(CATEGORY)
    lines = CATEGORY.split("\n")
    assert "comp_id" in lines[found["Cat.comp_id_assoc"].line - 1]
    assert lines[found["Cat.other_assoc"].line - 1] == "attribute [reassoc] other"


def test_a_written_name_wins_over_a_made_one() -> None:
    text = "@[reassoc] theorem a : True := trivial\n/-- By hand. -/ lemma a_assoc : True := trivial"
    found = declared(text)["a_assoc"]
    assert (found.kind, found.origin) == (Kind.LEMMA, "written")


def test_functions_that_lean_makes_for_itself_are_no_definitions() -> None:
    made = linked(CATEGORY + "structure Point where\n  x : Nat\n  deriving DecidableEq\n")
    names = {d.name for d in made.declarations}
    assert {"Point.noConfusion", "instDecidableEqPoint", "instDecidableEqPoint.decEq"} <= names
    definitions = {d.name for d in made.definitions}
    assert "Point" in definitions
    assert definitions.isdisjoint({"Point.noConfusion", "instDecidableEqPoint.decEq"})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("structure P where\n  x : Nat\n  deriving Repr", "instReprP"),
        ("def N := Nat\n  deriving Inhabited", "instInhabitedN"),
        ("namespace A\ndef N := Nat\nderiving instance Inhabited for N\nend A", "A.instInhabitedN"),
    ],
)
def test_derived_instances(text: str, name: str) -> None:
    found = declared(text)[name]
    assert (found.kind, found.origin) == (Kind.INSTANCE, "deriving")


def test_what_a_tag_gives_to_a_twin() -> None:
    found = declared("@[to_additive (attr := to_fun)] theorem F.mul : True := trivial")
    assert found["F.fun_mul"].origin == "to_fun"
    assert found["F.fun_add"].origin == "to_fun"


def test_what_is_made_and_translated_has_a_twin() -> None:
    found = declared("@[to_fun (attr := to_additive)] theorem F.mul : True := trivial")
    assert found["F.fun_mul"].origin == "to_fun"
    assert found["F.fun_add"].origin == "to_additive"


@pytest.mark.parametrize("word", ["none", "self"])
def test_a_tag_that_asks_for_no_twin_makes_none(word: str) -> None:
    found = declared(f"namespace N\n@[reassoc (attr := to_dual {word})] theorem top : True := trivial\nend N")
    assert "N.top_assoc" in found
    assert not {f"N.{word}", "N.bot_assoc"} & found.keys()


# -- simps lemmas that only use attests ---------------------------------------------------------------------

DOUBTFUL = """
namespace Cat
structure Arrow (X Y : Type) where
  toFun : X → Y
structure Pair (X : Type) where
  fst : Arrow X X
  snd : Arrow X X
@[simps!] def both (a : Arrow Nat Nat) : Pair Nat := mkPair a
end Cat
"""


def test_a_lemma_that_simps_may_make_needs_a_witness() -> None:
    assert "Cat.both_fst_toFun" not in declared(DOUBTFUL)
    witness = "theorem t : True := by simp [Cat.both_fst_toFun]"
    found = declared(DOUBTFUL, witness)["Cat.both_fst_toFun"]
    assert (found.origin, found.module) == ("simps", "Mathlib.F0")
