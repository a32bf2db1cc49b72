"""Names that attributes and commands make."""

from __future__ import annotations

import pytest

from cramf.knowledge.generated.attributes import expand_attributes, made_by_attributes, made_by_command
from cramf.knowledge.generated.derived import derived_instances
from cramf.knowledge.generated.structures import auxiliaries, reserved_source


def names(name: str, *entries: str, kind: str = "theorem", namespace: str = "") -> list[str]:
    return [made.name for made in made_by_attributes(name, kind, entries, namespace)]


@pytest.mark.parametrize(
    ("name", "entry", "made"),
    [
        ("CategoryTheory.eqToHom_trans", "reassoc (attr := simp)", "CategoryTheory.eqToHom_trans_assoc"),
        ("A.comp_id", "elementwise nosimp", "A.comp_id_apply"),
        ("A.whisker", "to_app", "A.whisker_app"),
        ("Differentiable.mul", "to_fun (attr := fun_prop)", "Differentiable.fun_mul"),
        ("Foo.bar", "to_fun baz", "Foo.baz"),
        ("Foo.Bar.baz", "to_fun Bars.baz", "Foo.Bars.baz"),
        ("Foo.bar", "to_fun _root_.other", "other"),
        ("Nat.map_comp", "higher_order", "Nat.map_comp'"),
        ("Nat.map_comp", "higher_order comp_map", "Nat.comp_map"),
        ("A.B.C.d", "alias_in Foo.Bar", "A.Foo.Bar.d"),
        ("A.B.C.d", "alias_in Foo.Bar 3", "Foo.Bar.d"),
        ("Set.ext", "ext", "Set.ext_iff"),
        ("Complex.ext", "local ext", "Complex.ext_iff"),
        ("Opens", "use_set_notation_for_order", "Opens.instUsesSetNotationForOrder"),
    ],
)
def test_each_rule_makes_its_name(name: str, entry: str, made: str) -> None:
    assert names(name, entry) == [made]


def test_extensionality_of_a_structure() -> None:
    assert names("Foo", "ext", kind="structure") == ["Foo.ext", "Foo.ext_iff"]
    assert names("Foo", "ext (iff := false)", kind="structure") == ["Foo.ext"]
    assert names("Foo.ext", "ext (iff := false)") == []


def test_mk_iff_lowers_the_first_letter_and_takes_names_of_the_namespace() -> None:
    assert names("Module.IsTorsionFree", "mk_iff", kind="class") == ["Module.isTorsionFree_iff"]
    assert names("N.IsFoo", "mk_iff isFoo_def", kind="class", namespace="N") == ["N.isFoo_def"]
    assert names("N.IsFoo", "mk_iff _root_.is_foo", kind="class", namespace="N") == ["is_foo"]


def test_nested_attributes_apply_to_both_declarations() -> None:
    assert names("A.w", "to_app (attr := reassoc)") == ["A.w_app", "A.w_app_assoc", "A.w_assoc"]
    assert names("A.w", "simp", "simps!", "norm_cast") == []


def test_twins_get_what_the_attributes_inside_make() -> None:
    entry = "to_dual (attr := reassoc (attr := simp)) ι_desc"
    found = made_by_attributes(
        "C.limit.lift_π", "theorem", [entry], twin=lambda rule, _: {"to_dual": "C.colimit.ι_desc"}.get(rule)
    )
    assert [m.name for m in found] == ["C.limit.lift_π_assoc", "C.colimit.ι_desc_assoc"]
    assert all(not m.translated_by for m in found)


def test_unknown_twins_are_left_to_the_guess() -> None:
    (made,) = made_by_attributes("Foo.mul", "theorem", ["to_fun (attr := to_additive (attr := simp))"])
    assert made.name == "Foo.fun_mul"
    assert [a.name for a in made.translated_by] == ["to_additive"]
    (made,) = made_by_attributes("Iso.hom_inv_id", "theorem", ["reassoc +to_dual (attr := simp)"])
    assert made.name == "Iso.hom_inv_id_assoc"
    assert [a.name for a in made.translated_by] == ["to_dual"]


def test_simps_is_asked_for_its_names_and_they_take_its_attributes() -> None:
    found = made_by_attributes(
        "F", "def", ["simps! (attr := reassoc) hom inv"], simps=lambda n, a: [f"{n}_{x}" for x in a.arguments]
    )
    assert [(m.name, m.rule) for m in found] == [
        ("F_hom", "simps"),
        ("F_hom_assoc", "reassoc"),
        ("F_inv", "simps"),
        ("F_inv_assoc", "reassoc"),
    ]


def test_entries_are_flattened() -> None:
    flat = expand_attributes(["to_additive (attr := simp, norm_cast) foo", "simps (attr := grind =) apply"])
    assert flat == [("to_additive", "foo"), ("simp", ""), ("norm_cast", ""), ("simps", "apply")]


def test_commands() -> None:
    (made,) = made_by_command("irreducible_def", "irreducible_def foo (x : ℕ) : ℕ := x", "N")
    assert (made.name, made.source) == ("N.foo_def", "N.foo")
    (made,) = made_by_command("irreducible_def", "irreducible_def foo (lemma := foo_eq) : ℕ := 1", "N")
    assert made.name == "N.foo_eq"
    (made,) = made_by_command(
        "mk_iff_of_inductive_prop", "mk_iff_of_inductive_prop List.IsChain List.isChain_iff"
    )
    assert (made.name, made.rule) == ("List.isChain_iff", "mk_iff")
    assert made_by_command("open", "open Foo Bar") == []


def test_deriving() -> None:
    made = [m.name for m in derived_instances("Mathlib.Foo", ["DecidableEq", "Repr", "Algebra R"])]
    assert "Mathlib.instDecidableEqFoo" in made
    assert "Mathlib.instDecidableEqFoo.decEq" in made
    assert "Mathlib.instReprFoo.repr" in made
    assert "Mathlib.instAlgebraFoo" in made
    # `deriving instance … for` inside the namespace of the type does not say the type again.
    inside = derived_instances("Foo", ["Field"], namespace="Foo", inductive=False)
    assert [m.name for m in inside] == ["Foo.instField"]


def test_auxiliaries_of_inductive_types() -> None:
    made = {m.name for m in auxiliaries("T", [("leaf", False), ("node", True)], recursive=True)}
    assert {"T.rec", "T.brecOn", "T.node.injEq", "T.leaf.sizeOf_spec", "T.noConfusion"} <= made
    assert not {"T.leaf.injEq", "T.toCtorIdx"} & made
    assert {m.name for m in auxiliaries("P", [("mk", True)], proposition=True)} == {
        "P.rec",
        "P.recOn",
        "P.casesOn",
    }


def test_reserved_names_belong_to_their_source() -> None:
    assert reserved_source("Nat.foo.eq_def") == "Nat.foo"
    assert reserved_source("Nat.foo.eq_12") == "Nat.foo"
    assert reserved_source("Nat.foo.induct") == "Nat.foo"
    assert reserved_source("Nat.foo.eq_self") is None
