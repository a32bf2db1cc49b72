"""What one file says, before names are resolved."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.knowledge.extract import extract_file, extract_text
from cramf.knowledge.facts import FileFacts, RawDeclaration, TranslationRequest


def facts(text: str) -> FileFacts:
    return extract_text(text, "Mathlib.Test")


def one(text: str, name: str = "") -> RawDeclaration:
    """The declaration of that name, or the first one."""
    found = facts(text).declarations
    return next(d for d in found if not name or d.name == name)


def names(text: str) -> list[str]:
    return [d.name for d in facts(text).declarations]


def test_names_stand_in_their_namespace() -> None:
    text = "namespace A\ndef x := 1\nnamespace B\ndef y := 1\ndef _root_.z := 1\nend A.B\ndef C.w := 1\n"
    assert names(text) == ["A.x", "A.B.y", "z", "C.w"]


def test_a_dotted_name_stands_inside_its_own_namespace() -> None:
    found = facts("namespace N\nopen O\ntheorem A.b : p := w\nend N")
    context = found.contexts[found.declarations[0].context]
    assert context.namespace == "N.A"
    assert [o.name for o in context.opens] == ["O"]


def test_structure_members() -> None:
    found = facts("structure A extends B.C, D where\n  of ::\n  /-- F. -/\n  f : ℕ\n  (g : ℕ)\n").declarations
    assert [(d.name, d.kind) for d in found] == [
        ("A", "structure"),
        ("A.f", "field"),
        ("A.g", "field"),
        ("A.of", "constructor"),
        ("A.rec", "recursor"),
        ("A.casesOn", "recursor"),
        ("A.recOn", "recursor"),
    ]
    assert found[0].fields == ("f", "g")
    assert (found[0].parents, found[0].projections) == (("B.C", "D"), ("", ""))
    assert found[1].docstring == "F."
    assert [d.line for d in found[1:3]] == [4, 5]


@pytest.mark.parametrize(
    ("extended", "parent", "projection"),
    [
        ("toE : E x", "E", "toE"),
        ("F.Full", "⥤|Full", ""),
        ("F.obj.Full y", "⥤|obj|Full", ""),
        ("P.Proper", "⥤|Pairing|Proper", ""),
        ("x.Full", "", ""),
        ("g.Full", "Grp|Full", ""),
        ("Grp.Full g", "Grp.Full", ""),
    ],
)
def test_parents_by_dot_notation(extended: str, parent: str, projection: str) -> None:
    variables = "variable {C D x} (F : C ⥤ D) (P : F.Pairing)\n"
    found = facts(f"{variables}structure A (g : Grp) extends {extended} where\n").declarations[0]
    assert (found.parents, found.projections) == ((parent,), (projection,))


def test_inductive_members() -> None:
    found = facts("namespace N\ninductive A\n  | b\n  | c (n : ℕ)\nend N").declarations
    assert [d.name for d in found] == ["N.A", "N.A.b", "N.A.c", "N.A.rec", "N.A.casesOn", "N.A.recOn"]
    assert found[0].fields == ("b", "c")


def test_examples_and_wanted_proofs_declare_nothing() -> None:
    assert names("example : p := w\nproof_wanted q : p\ntheorem r : p := w") == ["r"]


def test_an_anonymous_instance_is_kept_without_a_name() -> None:
    found = one("/-- D. -/\ninstance : Foo ℕ := w")
    assert (found.name, found.kind, found.docstring, found.line) == ("", "instance", "D.", 2)


def test_private_and_protected() -> None:
    found = facts("private structure A where\n  x : ℕ\nprotected def B.c := 1").declarations
    assert all(d.private for d in found if d.name.startswith("A"))
    assert [d.protected for d in found if d.name == "B.c"] == [True]


# -- variables and dot notation -----------------------------------------------------------------------------


def test_the_signature_has_the_variables_in_front() -> None:
    text = "variable {α : Type*} [Foo α] (s : Set α) (n : ℕ)\ntheorem t (x : α) : x ∈ s := w"
    found = one(text)
    assert found.signature == "{α : Type*} [Foo α] (s : Set α) (x : α) : x ∈ s"
    assert set(found.words) == {"Foo", "Set"}


def test_a_theorem_takes_no_variable_of_its_proof() -> None:
    assert one("variable (n : ℕ)\ntheorem t : p := foo n").signature == ": p"


def test_a_definition_takes_in_the_variables_of_its_body() -> None:
    """Lean includes the variables that a `def`'s body mentions; only theorems are cut off at `:=`."""
    text = "variable {G : Type*} [Mul G] (a b : G)\ndef Commutes : Prop := a * b = b * a"
    assert one(text).signature == "{G : Type*} [Mul G] (a b : G) : Prop"


def test_include_and_omit() -> None:
    text = "variable {α : Type*} [Foo α] [Bar α] (h : p)\n"
    assert one(text + "include h in\ntheorem t : q := w").signature == "(h : p) : q"
    omitted = one(text + "omit [Foo α] in\ntheorem t (x : α) : q := w")
    assert omitted.signature == "{α : Type*} [Bar α] (x : α) : q"
    assert "Foo" not in omitted.words


def test_dot_notation_on_a_binder_names_its_head() -> None:
    found = one("variable (m : Mat n)\ntheorem t (s : Set X) (f : X → Y) : s.union m.tr.tr = f.comp := w")
    assert set(found.dots) == {("Set", "union", True), ("Mat", "tr.tr", True), ("→", "comp", True)}
    assert {"s.union", "m.tr.tr", "f.comp"}.isdisjoint(found.words)


# -- attributes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("to_additive", TranslationRequest("to_additive", "", "", False)),
        ("to_additive foo_add", TranslationRequest("to_additive", "foo_add", "", False)),
        ("to_additive /-- Doc, it says. -/", TranslationRequest("to_additive", "", "Doc, it says.", False)),
        ("to_additive A.b /-- Doc (x). -/", TranslationRequest("to_additive", "A.b", "Doc (x).", False)),
        ('to_additive foo "Doc."', TranslationRequest("to_additive", "foo", "Doc.", False)),
        ("to_additive (attr := simp, norm_cast)", TranslationRequest("to_additive", "", "", False)),
        ("to_additive (attr := simp) foo", TranslationRequest("to_additive", "foo", "", False)),
        (
            "to_additive (attr := foo (bar := 1)) (reorder := 1 2) baz",
            TranslationRequest("to_additive", "baz", "", False),
        ),
        ("to_additive existing foo", TranslationRequest("to_additive", "foo", "", True)),
        ("to_additive! foo", TranslationRequest("to_additive", "foo", "", False)),
        ("to_additive?", TranslationRequest("to_additive", "", "", False)),
        ("to_dual max_foo", TranslationRequest("to_dual", "max_foo", "", False)),
    ],
)
def test_translation_tags(attribute: str, expected: TranslationRequest) -> None:
    found = one(f"@[simp, {attribute}, ext]\ntheorem t : p := w")
    assert found.translations == (expected,)
    assert found.attributes == ("simp", attribute.partition(" ")[0], "ext")


@pytest.mark.parametrize(
    "attribute", ["to_additive self", "to_additive none", "to_additive_foo", "simp to_additive"]
)
def test_what_translates_nothing(attribute: str) -> None:
    assert one(f"@[{attribute}] theorem t : p := w").translations == ()


def test_attribute_commands_tag_other_names() -> None:
    found = facts("namespace A\nattribute [to_additive existing foo, simp] bar baz\nend A")
    assert [(name, requests[0].target) for name, _, requests in found.tagged] == [
        ("bar", "foo"),
        ("baz", "foo"),
    ]
    assert {found.contexts[number].namespace for _, number, _ in found.tagged} == {"A"}


@pytest.mark.parametrize(
    ("text", "replacement", "since"),
    [
        ('@[deprecated (since := "2024-01-02")] alias a := B.c', "B.c", "2024-01-02"),
        ('@[deprecated B.c (since := "2024-01-02")] theorem a : p := w', "B.c", "2024-01-02"),
        ('@[deprecated B.c "why not" (since := "2024-01-02")] theorem a : p := w', "B.c", "2024-01-02"),
        ('@[deprecated "why not" (since := "2024-01-02")] theorem a : p := w', "", "2024-01-02"),
        ("@[deprecated B.c] theorem a : p := w", "B.c", None),
        ("@[deprecated] theorem a : p := w", "", None),
        ("@[simp] theorem a : p := w", None, None),
    ],
)
def test_deprecation(text: str, replacement: str | None, since: str | None) -> None:
    found = one(text)
    assert (found.deprecated, found.since) == (replacement, since)


def test_aliases_of_both_forms() -> None:
    text = "namespace N\nalias a := b\n/-- D. -/\nalias ⟨c, _⟩ := d\nprotected alias ⟨_, e⟩ := f\nend N"
    found = facts(text).declarations
    assert [(d.name, d.alias_of, d.kind) for d in found] == [
        ("N.a", "b", "alias"),
        ("N.c", "d", "alias"),
        ("N.e", "f", "alias"),
    ]
    assert found[2].protected


# -- notation, exports, namespaces --------------------------------------------------------------------------


def test_every_scoped_command_makes_its_namespace_known() -> None:
    text = (
        'namespace M\nscoped[P.Q] attribute [instance] a b\nscoped[R] infixl:70 " ∗ " => f\nend M\n'
        "attribute [scoped instance] c\n"
    )
    assert facts(text).namespaces == ("M", "P.Q", "R")


def test_notation_exports_and_namespaces() -> None:
    found = facts(
        'namespace A.B\nnotation "∯" => foo\nlocal notation "loc" => bar\nend A.B\n'
        'scoped[T] infixl:65 " ⊠ " => C.d\nexport E (f g)\nnamespace Empty\nend Empty\n'
    )
    assert [(n.tokens, n.identifiers, n.local, n.scope) for n in found.notations] == [
        (("∯",), ("foo",), False, ""),
        (("loc",), ("bar",), True, ""),
        (("⊠",), ("C.d",), False, "T"),
    ]
    assert found.contexts[found.notations[0].context].namespace == "A.B"
    assert found.exports == (("", "E", ("f", "g")),)
    assert set(found.namespaces) >= {"A.B", "T", "Empty"}


def test_dotted_names_of_proofs_count_but_not_those_of_opens_and_imports() -> None:
    found = facts("import Mathlib.Foo\nopen Foo.Bar\n\ntheorem t : A.b = x.y := by\n  simp [C.d, A.b]\n")
    assert dict(found.dotted) == {"A.b": 2, "C.d": 1}


# -- files that cannot be read ------------------------------------------------------------------------------


def test_a_byte_order_mark_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "A.lean"
    path.write_bytes(b"\xef\xbb\xbfdef a := 1\r\n\r\n/-- D. -/\r\ndef b := 2\r\n")
    found = extract_file(path, "A")
    assert [(d.name, d.line, d.docstring) for d in found.declarations] == [("a", 1, ""), ("b", 4, "D.")]
    assert not found.errors


@pytest.mark.parametrize(
    ("data", "line", "word"),
    [
        (b"def a := 1\n\xff", 1, "UTF-8"),
        (b"def a := 1\n\n/- open", 3, "unclosed comment"),
        (b'def a := 1\n\ndef b := "open', 3, "unclosed string"),
        (b"def a := 1\nend A\n", 2, "end"),
        (b"def a := 1\n\n\ntheorem : p := w", 4, "name"),
    ],
)
def test_errors_have_a_line(tmp_path: Path, data: bytes, line: int, word: str) -> None:
    path = tmp_path / "A.lean"
    path.write_bytes(data)
    found = extract_file(path, "A")
    assert [e.line for e in found.errors] == [line]
    assert word in found.errors[0].message
    assert [d.name for d in found.declarations][:1] == ([] if word == "UTF-8" else ["a"])


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    found = extract_file(tmp_path / "none.lean", "A")
    assert len(found.errors) == 1
    assert "cannot be read" in found.errors[0].message


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "A.lean"
    with path.open("wb") as handle:
        handle.truncate((32 << 20) + 1)
    found = extract_file(path, "A")
    assert not found.declarations
    assert "larger" in found.errors[0].message


SOUP = st.lists(
    st.sampled_from(
        [
            *"def theorem structure A B.c _root_.D : := where extends x y ( ) { } [ ] ⟨ ⟩".split(),
            *"namespace section end open hiding renaming → variable include omit in export attribute".split(),
            *'@[to_additive @[deprecated ] (since := "2") /-- -/ alias notation => "n" private | 1 .'.split(),
            "\n",
            "\n\n",
        ]
    ),
    max_size=40,
).map(" ".join)


@settings(max_examples=200)
@given(SOUP | st.text())
def test_facts_of_any_text_fit_together(text: str) -> None:
    found = facts(text)
    for item in (*found.declarations, *found.notations):
        assert 0 <= item.context < len(found.contexts)
        assert 1 <= item.line <= text.count("\n") + 1
    assert all(1 <= e.line <= text.count("\n") + 1 for e in found.errors)
