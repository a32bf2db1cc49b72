"""From the sample checkout to definitions, usages and the vocabulary."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from cramf.knowledge.builder import build_from_checkout
from cramf.knowledge.extract import extract_text
from cramf.knowledge.linking import Linked, link
from cramf.knowledge.translate import NameGuesser
from cramf.knowledge.types import Declaration, Definition, Kind, Usage

GUESSER = NameGuesser({"mul": ("Add",), "one": ("Zero",), "group": ("Add", "Group")})


def linked(*texts: str) -> Linked:
    """Link files of these texts."""
    return link(
        [extract_text(text, f"Mathlib.F{n}") for n, text in enumerate(texts)], {"to_additive": GUESSER}
    )


@pytest.fixture(scope="module")
def sample(checkout: Path) -> Linked:
    return build_from_checkout(checkout, 1)


@pytest.fixture(scope="module")
def definitions(sample: Linked) -> dict[str, Definition]:
    return {d.name: d for d in sample.definitions}


@pytest.fixture(scope="module")
def usages(sample: Linked) -> dict[str, Usage]:
    return {u.name: u for u in sample.usages}


@pytest.fixture(scope="module")
def declarations(sample: Linked) -> dict[str, Declaration]:
    return {d.name: d for d in sample.declarations}


# -- the sample checkout ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("IsCommuting", Kind.DEF),
        ("MyNat", Kind.ABBREV),
        ("MySubgroup", Kind.STRUCTURE),
        ("MyGroup", Kind.CLASS),
        ("Colour", Kind.INDUCTIVE),
        ("MyEmpty", Kind.CLASS_INDUCTIVE),
        ("myLength", Kind.IRREDUCIBLE_DEF),
        ("myOpaque", Kind.OPAQUE),
        ("MySubgroup.Normal", Kind.CLASS),
        ("MyMatrix", Kind.DEF),
        ("Nonempty", Kind.ATTESTED),
        ("Function.Injective", Kind.ATTESTED),
    ],
)
def test_kinds(definitions: dict[str, Definition], name: str, kind: Kind) -> None:
    assert definitions[name].kind is kind


def test_modules_and_lines_point_at_the_source(definitions: dict[str, Definition], checkout: Path) -> None:
    written = [d for d in definitions.values() if d.origin == "written"]
    assert len(written) > 25
    for definition in written:
        path = checkout.joinpath(*definition.module.split(".")).with_suffix(".lean")
        line = path.read_text(encoding="utf-8").split("\n")[definition.line - 1]
        assert definition.name.rpartition(".")[2] in line


def test_signature_docstring_and_fields(definitions: dict[str, Definition]) -> None:
    subgroup = definitions["MySubgroup"]
    assert subgroup.signature == "(G : Type*) [MyGroup G]"
    assert subgroup.docstring == "A subset of a group that is closed under multiplication and inverses."
    assert subgroup.fields == ("carrier", "one_mem", "inv_mem", "mul_mem'")
    assert subgroup.attributes == ("to_additive",)
    assert definitions["MySubgroup.Normal"].signature == "{G : Type*} [MyGroup G] (N : MySubgroup G) : Prop"
    assert definitions["MyMonoid"].parents == ("MySemigroup", "One")
    assert definitions["Colour"].fields == ("red", "green")


def test_docstrings_are_those_of_the_source(definitions: dict[str, Definition]) -> None:
    assert definitions["IsMyOpen"].docstring == "Whether a set is open."
    assert definitions["MyTree"].docstring == ""


def test_explicit_guessed_and_documented_twins(definitions: dict[str, Definition]) -> None:
    for source, twin, doc in (
        ("IsCommuting", "IsAddCommuting", ""),
        ("MySemigroup", "MyAddSemigroup", ""),
        ("MyMonoid", "MyAddMonoid", "An additive semigroup with a zero."),
        ("MyGroup", "MyAddGroup", "An additive group, written with a plus."),
        ("MySubgroup", "MyAddSubgroup", ""),
        ("MySubgroup.Normal", "MyAddSubgroup.Normal", ""),
        ("myOrderOf", "myAddOrderOf", ""),
    ):
        assert definitions[source].twin == twin
        assert definitions[twin].twin == source
        assert definitions[twin].origin == "to_additive"
        assert definitions[twin].docstring == doc
        assert definitions[twin].module == definitions[source].module


def test_the_twin_speaks_of_twins(definitions: dict[str, Definition]) -> None:
    assert definitions["MyAddSubgroup"].signature == "(G : Type*) [MyAddGroup G]"
    assert definitions["MyAddGroup"].parents == ("MyAddMonoid",)


def test_the_fields_of_a_twin_are_names_that_exist(
    definitions: dict[str, Definition], declarations: dict[str, Declaration]
) -> None:
    assert "MyAddGroup.neg_add_self" in declarations
    for twin in ("MyAddGroup", "MyAddMonoid", "MyAddSubgroup"):
        for name in definitions[twin].fields:
            assert f"{twin}.{name}" in declarations


def test_guessed_theorem_names(declarations: dict[str, Declaration]) -> None:
    assert declarations["myAddOrderOf_zero"].origin == "to_additive"
    assert declarations["IsAddCommuting.symm"].kind is Kind.THEOREM


def test_a_deprecated_alias_names_the_full_replacement(declarations: dict[str, Declaration]) -> None:
    """`alias sq := square` in `namespace MyGroup`: what to use instead is `MyGroup.square` anywhere."""
    alias = declarations["MyGroup.sq"]
    assert (alias.kind, alias.since) == (Kind.ALIAS, "2024-03-09")
    assert alias.deprecated == "MyGroup.square"


def test_a_deprecated_definition(definitions: dict[str, Definition]) -> None:
    cube = definitions["MyGroup.cube"]
    assert (cube.deprecated, cube.since) == ("MyGroup.square", "2023-01-02")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MyNumber.two_prime", "MyNumber.IsMyEven MyNumber.IsMyPrime"),
        ("MyNumber.IsMyEven.add", "MyNumber.IsMyEven"),
        ("IsCommuting.symm", "IsCommuting MyMonoid"),
        ("IsAddCommuting.symm", "IsAddCommuting MyAddMonoid"),
        ("myOrderOf_one", "MyMonoid myOrderOf"),
        ("Set.union_univ", "Set Set.union Set.univ"),
        ("Set.image_injective", "Function.Injective Set.image"),
        ("injective_reflects", "Function.Injective Nonempty"),
        ("MyMatrix.transpose_transpose", "MyMatrix MyMatrix.transpose"),
        ("MyMatrix.IsSymm.transpose", "MyMatrix MyMatrix.IsSymm MyMatrix.transpose"),
        ("MySubgroup.Normal.conj_stays", "Function.Injective MyGroup MySubgroup MySubgroup.Normal id"),
        ("MySubgroup.mem_center", "IsCommuting MyGroup MySubgroup"),
        ("IsMyCompact.image", "IsMyCompact MyContinuous MyTopology Set Set.image"),
        ("MyOrder.keeps_id", "MyOrder.IsPre MyOrder.Keeps Nonempty id"),
        ("included", "DecidableEq Inhabited Set Set.univ bare"),
    ],
)
def test_usages(usages: dict[str, Usage], name: str, expected: str) -> None:
    assert set(usages[name].definitions) == set(expected.split())


def test_an_anonymous_instance_is_a_usage(usages: dict[str, Usage]) -> None:
    (found,) = [u for u in usages.values() if u.kind is Kind.INSTANCE]
    assert found.docstring == "The centre is a normal subgroup."
    assert set(found.definitions) >= {"MySubgroup.Normal", "MySubgroup.center"}


def test_undocumented_and_private_theorems_are_no_usages(usages: dict[str, Usage]) -> None:
    assert "IsCommuting.symm" in usages
    assert {"undocumented", "hidden_theorem", "in_a_module_doc"}.isdisjoint(usages)


def test_every_usage_names_known_definitions(sample: Linked, definitions: dict[str, Definition]) -> None:
    assert len(sample.usages) >= 18
    for usage in sample.usages:
        assert usage.definitions
        assert set(usage.definitions) <= set(definitions)
        assert usage.docstring


def test_counts_are_of_statements(definitions: dict[str, Definition]) -> None:
    # two_prime, IsMyEven.add and IsMyEven.double
    assert definitions["MyNumber.IsMyEven"].usage_count == 3
    # keeps_id, and comp_const, which stands inside the namespace of its name
    assert definitions["MyOrder.Keeps"].usage_count == 2
    assert definitions["MyEmpty"].usage_count == 0


def test_private_names_are_left_out(sample: Linked, declarations: dict[str, Declaration]) -> None:
    assert "hiddenHelper" not in declarations
    assert "hidden_theorem" not in declarations


def test_exports_protected_notation_and_namespaces(sample: Linked) -> None:
    assert sample.aliases == {"center": "MySubgroup.center"}
    assert {"MyGroup.conj", "Set.union"} <= sample.protected
    assert sample.notations == {"⧸ₘ": ("MySubgroup.center",), "𝓤": ("myNhds",), "𝓥": ("IsMyOpen",)}
    assert "Deep.Notation" in sample.namespaces


def test_protected_fields_are_protected(sample: Linked) -> None:
    """`protected mul_assoc : …` in a structure: `open MySemigroup` does not bring `mul_assoc`."""
    assert "MySemigroup.mul_assoc" in sample.protected


def test_the_sample_has_no_errors(sample: Linked) -> None:
    assert sample.errors == ()
    assert sample.files == 9


def test_order_of_files_decides_nothing(mathlib_sample: ModuleType) -> None:
    texts = [text for name, text in mathlib_sample.FILES.items() if name.startswith("Mathlib/")]
    there = [extract_text(text, f"M{n}") for n, text in enumerate(texts)]
    assert link(there, {}) == link(list(reversed(there)), {})


def test_broken_files_are_told_and_the_rest_is_built(
    tmp_path: Path, mathlib_sample: ModuleType, sample: Linked
) -> None:
    found = build_from_checkout(mathlib_sample.write_broken(tmp_path), 1)
    told = {(e.module, e.line): e.message for e in found.errors}
    assert set(told) == {
        ("Mathlib.Broken.Comment", 3),
        ("Mathlib.Broken.Bytes", 1),
        ("Mathlib.Broken.End", 3),
        ("Mathlib.Broken.String", 1),
    }
    assert told["Mathlib.Broken.Comment", 3] == "unclosed comment"
    assert "UTF-8" in told["Mathlib.Broken.Bytes", 1]
    assert all("\n" not in message for message in told.values())
    names = {d.name for d in found.definitions}
    assert {"before", "first", "second", "text", "later"} <= names
    assert names - {"before", "first", "second", "text", "later"} == {d.name for d in sample.definitions}
    assert found.usages == sample.usages


# -- attested names -----------------------------------------------------------------------------------------


def test_a_name_used_in_three_files_is_attested() -> None:
    found = linked(*[f"theorem t{n} (h : Coreword x) : p := w" for n in range(3)])
    (attested,) = [d for d in found.definitions if d.kind is Kind.ATTESTED]
    assert (attested.name, attested.usage_count, attested.module) == ("Coreword", 3, "")


def test_a_name_used_in_two_files_is_not() -> None:
    found = linked(*[f"theorem t{n} (h : Coreword x) : p := w" for n in range(2)])
    assert all(d.kind is not Kind.ATTESTED for d in found.declarations)


def test_many_uses_in_one_file_attest_nothing() -> None:
    found = linked("\n".join(f"theorem t{n} (h : Coreword x) : p := w" for n in range(20)))
    assert all(d.kind is not Kind.ATTESTED for d in found.declarations)


def test_variables_are_not_attested() -> None:
    found = linked(*[f"theorem t{n} (h : k x = 1) : A' = u₁ := w" for n in range(5)])
    # `=` is written for `Eq`, which is attested by it.
    assert [d.name for d in found.declarations if d.kind is Kind.ATTESTED] == ["Eq"]


def test_a_shortened_declared_name_is_not_attested() -> None:
    found = linked("def Deep.Word := 1", *[f"open Deep\ntheorem t{n} : Word = 1 := w" for n in range(4)])
    assert [d.name for d in found.declarations if d.kind is Kind.ATTESTED] == ["Eq"]
    assert next(d for d in found.definitions if d.name == "Deep.Word").usage_count == 4


# -- twins --------------------------------------------------------------------------------------------------


def test_an_existing_twin_is_tied_not_made() -> None:
    found = linked("@[to_additive existing Bar] def Foo := 1\n/-- own -/ def Bar := 2")
    by_name = {d.name: d for d in found.definitions}
    assert (by_name["Foo"].twin, by_name["Bar"].twin) == ("Bar", "Foo")
    assert (by_name["Bar"].origin, by_name["Bar"].docstring) == ("written", "own")


def test_a_later_attribute_makes_the_twin() -> None:
    found = linked("namespace A\ndef mul_foo := 1\nattribute [to_additive] mul_foo\nend A")
    assert {d.name for d in found.definitions} == {"A.mul_foo", "A.add_foo"}


def test_the_namespace_of_a_twin_follows_its_own_twin() -> None:
    found = linked(
        "@[to_additive] structure MyGroup where\n  x : ℕ\n@[to_additive] theorem MyGroup.mul_foo : p := w\n"
        "@[to_additive Plain.name] theorem MyGroup.mul_bar : p := w\n"
    )
    names = {d.name for d in found.declarations}
    assert {"MyAddGroup", "MyAddGroup.add_foo", "Plain.name", "MyAddGroup.x", "MyAddGroup.mk"} <= names


def test_a_rule_without_dictionary_makes_nothing() -> None:
    found = link([extract_text("@[to_dual] def mulFoo := 1", "M")], {"to_additive": GUESSER})
    assert {d.name for d in found.declarations} == {"mulFoo"}


def test_a_deprecated_source_has_a_deprecated_twin() -> None:
    found = linked(
        "@[to_additive] def mul_new := 1\n"
        '@[to_additive, deprecated mul_new (since := "2024-05-05")] def mul_old := 1'
    )
    old = next(d for d in found.declarations if d.name == "add_old")
    assert (old.deprecated, old.since) == ("add_new", "2024-05-05")


# -- usages -------------------------------------------------------------------------------------------------


def used(text: str, name: str) -> set[str]:
    return set(next(u for u in linked(text).usages if u.name == name).definitions)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def A.b := 1\nopen A in\n/-- D. -/ theorem t : b = b := w", "A.b"),
        ("def A.b := 1\ndef b := 1\nnamespace A\n/-- D. -/ theorem _root_.t : b = b := w\nend A", "A.b"),
        ("def A := 1\ndef A.f := 1\n/-- D. -/ theorem t (x : A) : x.f = x.f := w", "A A.f"),
        ("def A := 1\ndef A.f := 1\n/-- D. -/ theorem t (x : X → A) : x.f = x.f := w", "A"),
        ("def A := 1\ndef B := 2\n/-- D. -/ theorem t : A = A := by simp [B]", "A"),
        ("def A := 1\ndef B := 2\nvariable (x : B)\n/-- D. -/ theorem t : A = A := foo x", "A"),
        ("def A := 1\ndef B := 2\n/-- D. -/ theorem t : ∃ B, A = B := w", "A"),
        ("def A := 1\nexport N (foo)\n/-- D. -/ theorem t : A = A := w", "A"),
        ("def N.c := 1\nexport N (c)\n/-- D. -/ theorem t : c = c := w", "N.c"),
        # Dot notation on what a notation stands for; what only notation brings in is left out by design.
        (
            'def N := 1\ndef N.Odd := 1\nnotation "ℕ" => N\n/-- D. -/ theorem t (n : ℕ) : n.Odd := w',
            "N.Odd",
        ),
        ('def A := 1\ndef nbhds := 1\nnotation "𝓝" => nbhds\n/-- D. -/ theorem t : 𝓝 = A := w', "A"),
        ("def A := 1\ndef s := 1\n/-- D. -/ theorem t (s : A) : s = s := w", "A"),
        (
            "class P (G : Type) where\nclass Q (G : Type) where\nvariable {G H : Type} [P G] [Q H]\n"
            "/-- D. -/ theorem t (x : G) : x = x := w",
            "P",
        ),
    ],
)
def test_what_a_statement_uses(text: str, expected: str) -> None:
    assert used(text, "t") == set(expected.split())


def test_two_anonymous_instances_are_two_usages() -> None:
    found = linked("class A where\n/-- One. -/\ninstance : A := w\n/-- Two. -/\ninstance : A := v\n")
    assert [u.docstring for u in found.usages] == ["One.", "Two."]
    assert len({u.name for u in found.usages}) == 2


def test_a_declared_name_is_never_attested_as_well() -> None:
    """`ofDigits` is protected, so that its short form inside `Nat` means nothing, though a lemma bears it."""
    text = "namespace Nat\nprotected def ofDigits := 1\ntheorem ofDigits_nil : ofDigits = p := w\nend Nat"
    found = linked(*[text + f"\ntheorem t{n} : Nat.gcd = q := w" for n in range(3)])
    names = [d.name for d in found.declarations]
    assert names.count("Nat.ofDigits") == 1
    assert len(names) == len(set(names))


# -- namespaces ---------------------------------------------------------------------------------------------


def test_namespaces_of_scoped_attributes_and_of_other_libraries_are_known() -> None:
    found = linked(
        "open Lean Parser.Term\nnamespace A.B\nscoped[P] attribute [instance] c\nend A.B\n"
        "theorem t : p := w\n",
        "open P A B\nopen scoped Jsx\nnamespace C\nprivate def Q.q := 1\nend C\nopen C Q\n"
        "theorem A.B.u : p := w\n",
    )
    assert found.namespaces == {"P", "C", "Lean", "Parser.Term", "Jsx"}


def test_an_opened_namespace_may_be_hidden_by_one_in_another_file() -> None:
    found = linked(
        "theorem A.In.Deep.t : p := w\n",
        "namespace B\nopen A In Deep\ntheorem u : p := w\n",
        "def B.In.v := w",
    )
    assert "Deep" not in found.namespaces
