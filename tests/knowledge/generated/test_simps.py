"""Names that `@[simps]` makes."""

from __future__ import annotations

from cramf.knowledge.generated.attributes import Attribute, parse_attribute
from cramf.knowledge.generated.projections import Projections, StructureFields, parse_projection_rules
from cramf.knowledge.generated.simps import SimpsName, simps_names, splits_into_projections

STRUCTURES = {
    "Equiv": StructureFields(
        (
            ("toFun", "toFun : α → β"),
            ("invFun", "invFun : β → α"),
            ("left_inv", "left_inv : invFun ∘ toFun = id"),
        )
    ),
    "MulEquiv": StructureFields(
        (("map_mul'", "map_mul' : ∀ x y, toFun (x * y) = toFun x * toFun y"),), ("Equiv",)
    ),
    "Sub": StructureFields((("carrier", "carrier : Set α"), ("zero_mem", "zero_mem : 0 ∈ carrier"))),
    "Iso": StructureFields((("hom", "hom : X ⟶ Y"), ("inv", "inv : Y ⟶ X"), ("id", "id : hom ≫ inv = 𝟙 X"))),
    "CategoryTheory.NatTrans": StructureFields(
        (("app", "app (X : C) : F.obj X ⟶ G.obj X"), ("naturality", "naturality : a = b"))
    ),
    "Pack": StructureFields(
        (("equiv", "equiv : α ≃ β"), ("pair", "pair : ℕ × ℕ"), ("cont", "cont : Continuous f"))
    ),
    "Prod": StructureFields((("fst", "fst : α"), ("snd", "snd : β"))),
}
RULES = dict(
    parse_projection_rules(text)
    for text in (
        "initialize_simps_projections Equiv (toFun → apply, invFun → symm_apply)",
        "initialize_simps_projections MulEquiv (toFun → apply, invFun → symm_apply)",
        "initialize_simps_projections Sub (carrier → coe, as_prefix coe) -- as in Mathlib",
    )
)
PROJECTIONS = Projections(
    STRUCTURES.get, RULES, lambda word, _: word if word in STRUCTURES else None, {"Continuous"}.__contains__
)


def attribute(text: str) -> Attribute:
    found = parse_attribute(text)
    assert found is not None
    return found


def made(
    name: str, entry: str, structure: str = "", body: str = "", instance: bool = False
) -> list[SimpsName]:
    return simps_names(name, attribute(entry), PROJECTIONS, structure, body, instance)


def certain(name: str, entry: str, structure: str = "", body: str = "", instance: bool = False) -> list[str]:
    return [m.name for m in made(name, entry, structure, body, instance) if m.certain]


def test_named_projections_are_exact() -> None:
    assert certain("A.foo", "simps! (attr := grind =) apply symm_apply", "Equiv") == [
        "A.foo_apply",
        "A.foo_symm_apply",
    ]
    assert certain("A.foo", "simps coe", "Sub") == ["A.coe_foo"]
    assert certain("A.foo", "simps -isSimp hom_app") == ["A.foo_hom_app"]


def test_default_projections_leave_proofs_and_parents_out() -> None:
    body = "where\n  toFun x := f x\n  invFun := g\n  left_inv := by simp"
    assert certain("A.foo", "simps", "Equiv", body) == ["A.foo_apply", "A.foo_symm_apply"]
    body = "{ e with map_mul' := by simp }"
    assert certain("A.foo", "simps", "MulEquiv", body) == ["A.foo_apply", "A.foo_symm_apply"]
    assert certain("A.foo", "simps", "Sub", "where\n  carrier := s\n  zero_mem := h") == ["A.coe_foo"]


def test_literals_inside_literals_are_taken_apart() -> None:
    body = ":= { equiv := { toFun := f\n    invFun := g }, pair := (1, 2), cont := h }"
    assert certain("p", "simps", "Pack", body) == ["p_equiv_apply", "p_equiv_symm_apply", "p_pair"]
    assert certain("p", "simps", "Pack", "where\n  equiv := e\n  pair := q\n  cont := h") == [
        "p_equiv",
        "p_pair",
    ]


def test_literals_for_arrows_are_known_by_their_fields() -> None:
    body = "where\n  hom := { app := fun X => f X }\n  inv := { app X := g X }"
    assert certain("i", "simps", "Iso", body) == ["i_hom_app", "i_inv_app"]
    assert certain("t", "simps", "", "where\n  app X := f X\n  naturality := h") == ["t_app"]


def test_what_hangs_on_unfolding_is_not_certain() -> None:
    found = made("p", "simps!", "Pack", ":= other")
    assert SimpsName("p_equiv_apply", False) in found
    assert not any(m.certain for m in found if m.name.startswith("p_equiv"))


def test_instances_with_generated_names_and_stems() -> None:
    body = "where\n  hom := f\n  inv := g"
    assert certain("N.instIso", "simps", "Iso", body, instance=True) == ["N.hom_def", "N.inv_def"]
    assert certain("N.foo", 'simps (nameStem := "bar") hom', "Iso", body) == ["N.bar_hom"]


def test_rules() -> None:
    name, rules = parse_projection_rules("initialize_simps_projections Foo (-toBar, +val, as_prefix val)")
    assert name == "Foo"
    assert [(r.kind, r.name) for r in rules] == [("erase", "toBar"), ("add", "val"), ("prefix", "val")]
    assert parse_projection_rules("initialize_simps_projections Semigroup") == ("Semigroup", ())


def test_suffixes_made_of_projections() -> None:
    known = frozenset({"hom", "app", "symm_apply"})
    assert splits_into_projections("hom_app", known)
    assert splits_into_projections("hom_symm_apply", known)
    assert not splits_into_projections("hom_injective", known)
