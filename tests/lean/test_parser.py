"""The command and declaration parser, on the shapes that Mathlib has and on text that is no Lean."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.lean.parser import ParsedFile, parse_file
from cramf.lean.syntax import Command, Declaration, NotationCommand

SAMPLES = tuple(
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parents[2] / "lean" / "Sample").glob("*.lean"))
)


def declarations(text: str) -> list[Declaration]:
    return [c.declaration for c in parse_file(text).commands if c.declaration is not None]


def declaration(text: str) -> Declaration:
    """The one declaration of a text that has no error."""
    parsed = parse_file(text)
    assert not parsed.errors
    (found,) = [c.declaration for c in parsed.commands if c.declaration is not None]
    return found


def kinds(text: str) -> list[str]:
    return [c.kind for c in parse_file(text).commands]


def body(text: str, found: Declaration) -> str:
    return text[found.body[0] : found.body[1]]


# -- prelude ------------------------------------------------------------------------------------------------


def test_doc_attributes_modifiers_and_line() -> None:
    found = declaration(
        "/-- Says\n  much. -/\n@[simp, to_additive (attr := norm_cast) foo_add]\n"
        "private noncomputable def foo (x : ℕ) : ℕ := x\n"
    )
    assert found.docstring == "Says\n  much."
    assert found.attributes == ("simp", "to_additive (attr := norm_cast) foo_add")
    assert found.modifiers == ("private", "noncomputable")
    assert (found.keyword, found.name, found.line) == ("def", "foo", 4)


@pytest.mark.parametrize(
    "modifiers", ["protected", "private", "public", "noncomputable", "partial", "nonrec", "protected partial"]
)
def test_modifiers(modifiers: str) -> None:
    found = declaration(f"{modifiers} theorem a : True := trivial\n")
    assert found.modifiers == tuple(modifiers.split())
    assert found.name == "a"


def test_attribute_with_a_doc_comment_inside() -> None:
    found = declaration(
        "/-- Product. -/\n@[to_additive (attr := simp)\n  /-- Sum: `a, b` [x]. -/]\n"
        "theorem mul_foo : True := trivial\n"
    )
    assert found.docstring == "Product."
    assert found.attributes == ("to_additive (attr := simp) /-- Sum: `a, b` [x]. -/",)


def test_two_attribute_groups_and_the_order_before_the_doc_comment() -> None:
    found = declaration("@[simp]\n/-- D. -/ @[ext]\nlemma a : True := trivial")
    assert found.attributes == ("simp", "ext")
    assert found.docstring == "D."


def test_doc_comment_of_a_field_is_not_that_of_the_next_command() -> None:
    first, second = declarations("structure A where\n  /-- of x -/\n  x : ℕ\n\ntheorem b : True := trivial\n")
    assert (first.docstring, second.docstring) == ("", "")
    assert first.fields[0].docstring == "of x"


def test_plain_and_module_comments_are_no_docstrings() -> None:
    assert declaration("/-! module -/\n/- plain -/\n-- line\ntheorem a : True := trivial").docstring == ""


# -- binders and signature ----------------------------------------------------------------------------------


def test_binders_of_all_kinds() -> None:
    found = declaration(
        "theorem a {α : Type*} [DecidableEq α] [inst : Group α] (s t : Set α) ⦃x : α⦄ (h : x ∈ s := by simp)"
        "\n    {n} (_ : n = 1) y : x ∈ t := h\n"
    )
    assert [(b.kind, b.names) for b in found.binders] == [
        ("{", ("α",)),
        ("[", ()),
        ("[", ("inst",)),
        ("(", ("s", "t")),
        ("⦃", ("x",)),
        ("(", ("h",)),
        ("{", ("n",)),
        ("(", ("_",)),
        ("", ("y",)),
    ]
    assert [b.text for b in found.binders] == [
        "{α : Type*}",
        "[DecidableEq α]",
        "[inst : Group α]",
        "(s t : Set α)",
        "⦃x : α⦄",
        "(h : x ∈ s)",
        "{n}",
        "(_ : n = 1)",
        "y",
    ]
    assert found.binders[3].head == "Set"
    assert found.result == "x ∈ t"
    assert "simp" not in found.identifiers


def test_a_function_binder_has_the_arrow_as_its_head() -> None:
    """`f : X → Y` is a function: `f.comp` means `Function.comp`, never `X.comp`."""
    found = declaration("theorem a (f : X → Y) (m : M →ₗ[R] N) (g : Foo R) : True := trivial")
    assert [b.head for b in found.binders] == ["→", "→ₗ[", "Foo"]
    assert [b.codomain for b in found.binders] == ["Y", "", ""]


@pytest.mark.parametrize(
    ("text", "result", "rest"),
    [
        ("theorem a : p := by simp", "p", ":= by simp"),
        ("theorem a : p ∧ q where\n  left := x", "p ∧ q", "where\n  left := x"),
        ("def f : ℕ → ℕ\n  | 0 => 1\n  | n + 1 => n", "ℕ → ℕ", "| 0 => 1\n  | n + 1 => n"),
        ("theorem a (x : ℝ) : |x| ≤ |y| := foo", "|x| ≤ |y|", ":= foo"),
        (
            "theorem a (x : ℝ) :\n    |x| ≤ |y| := by\n  simp [fun z => z]",
            "|x| ≤ |y|",
            ":= by\n  simp [fun z => z]",
        ),
        ("theorem a : let n := 2; n = 2 := rfl", "let n := 2; n = 2", ":= rfl"),
        (
            "theorem a :\n    let n := 2\n    let m := n\n    m = 2 := rfl",
            "let n := 2 let m := n m = 2",
            ":= rfl",
        ),
        ("theorem a : have h := p; q h := x", "have h := p; q h", ":= x"),
        ("theorem a : (fun x => x) = id := rfl", "(fun x => x) = id", ":= rfl"),
        ("theorem a : f (x := 1) = 2 := rfl", "f (x := 1) = 2", ":= rfl"),
        ("theorem a : {x | x < 1} = s := rfl", "{x | x < 1} = s", ":= rfl"),
        ("theorem a : ∃ x, p x", "∃ x, p x", ""),
        ("def a := 1", "", ":= 1"),
        ("theorem a : f -- comment\n    x = /- y -/ z := w", "f x = z", ":= w"),
        ("def f (n : ℕ) : ℕ := n\ntermination_by n", "ℕ", ":= n\ntermination_by n"),
        ("theorem a : a ∣ b ∧ ‖x‖ = 1 := w", "a ∣ b ∧ ‖x‖ = 1", ":= w"),
        ("theorem a : #s = 1 := w", "#s = 1", ":= w"),
    ],
)
def test_signature_and_body(text: str, result: str, rest: str) -> None:
    found = declaration(text)
    assert found.result == result
    assert body(text, found) == rest


def test_the_signature_holds_binders_and_type_on_one_line() -> None:
    found = declaration("theorem a.b.{u, v} {α : Type u}\n    (x : α) :\n  x = x := rfl")
    assert found.name == "a.b"
    assert found.universes == ("u", "v")
    assert found.signature == "{α : Type u} (x : α) : x = x"


def test_identifiers_leave_out_what_the_statement_binds() -> None:
    found = declaration(
        "theorem a (s : Set ℝ) (hs : IsCompact s) : ∃ x ∈ s, ∀ y ∈ s, foo x ≤ bar y ∧ "
        "{z : ℝ | baz z} = ∅ ∧ (∑ i ∈ Finset.range 3, i) = 3 ∧ (fun w ↦ w + 1) = g ∧ "
        "∀ᶠ v in nhds c, ∃ (p q : Quux), p = q := by exact unseen"
    )
    assert set(found.identifiers) == {
        *"Set ℝ IsCompact foo bar baz Finset.range g nhds c Quux".split(),
    }
    assert {"s", "hs", "x", "y", "z", "i", "w", "v", "p", "q"} <= found.bound
    assert {"∃", "∀", "≤", "∧", "=", "∅", "∑", "∀ᶠ"} <= set(found.uses.runs)


@pytest.mark.parametrize(
    ("term", "bound", "free"),
    [
        ("{x | f x}", "x", "f"),
        ("{x : T | f x}", "x", "T f"),
        ("{x ∈ s | f x}", "x", "s f"),
        ("{x : T // f x}", "x", "T f"),
        ("{f x | x ∈ s}", "x", "f s"),
        ("{f x y | (x : T) (y : U)}", "x y", "f T U"),
        ("fun ⟨x, hx⟩ => f x hx", "x hx", "f"),
        ("fun (x, y) ↦ f x y", "x y", "f"),
        ("fun (x : T) y ↦ f x y", "x y", "f T"),
        ("λ x => f x", "x", "f"),
        ("(x : T) → f x", "x", "T f"),
        ("∀ {x : T} [C x], f x", "x", "T C f"),
        ("∃! x, f x", "x", "f"),
        ("⋃ i, f i", "i", "f"),
        ("∏ᶠ x ∈ s, f x", "x", "s f"),
        ("∫ x in a..b, f x", "x", "a b f"),
        ("let x := c; f x", "x", "c f"),
        ("∃ x > c, f x", "x", "c f"),
        ("(y : T)", "", "y T"),
        ("f (y : T) z", "", "f y T z"),
    ],
)
def test_what_a_term_binds(term: str, bound: str, free: str) -> None:
    found = declaration(f"theorem a : {term} = k := w")
    assert set(found.identifiers) == {*free.split(), "k"}
    assert set(bound.split()) <= found.bound
    assert not set(free.split()) & found.bound


def test_dot_notation_and_named_arguments_are_no_identifiers() -> None:
    found = declaration("theorem a (s : Set X) : (f s).foo = .bar ∧ g (n := 1) ∧ s.baz := w")
    assert {"foo", "bar", "n"}.isdisjoint(found.identifiers)
    assert {"f", "g", "Set", "X"} == set(found.identifiers)
    assert set(found.uses.dots) == {("?f()", "foo", True), ("Set", "baz", True)}


# -- structures and inductive types -------------------------------------------------------------------------


def test_structure_with_fields_of_every_shape() -> None:
    found = declaration(
        "structure Foo (α : Type*) extends Bar α, toQux : Baz.Qux α : Type _ where\n"
        "  private mk ::\n"
        "  /-- The first. -/\n"
        "  x : α\n"
        "  y n : α\n"
        "  (w : α)\n"
        "  {v : α}\n"
        "  [inst : Group α]\n"
        "  @[simp] f (a : α) (n : ℕ) :\n"
        "    α → α := fun _ => a\n"
        "  private protected g : x = y := by simp\n"
        "  deriving Repr, DecidableEq\n"
    )
    assert [f.name for f in found.fields] == ["x", "y", "w", "v", "inst", "f", "g"]
    assert found.fields[0].docstring == "The first."
    assert [f.docstring for f in found.fields[1:]] == [""] * 6
    assert [f.line for f in found.fields] == [4, 5, 6, 7, 8, 9, 11]
    assert found.fields[5].text == "(a : α) (n : ℕ) : α → α"
    assert found.fields[1].text == "n : α"  # Lean reads the second word as a binder
    assert [f.name for f in found.fields if f.private] == ["g"]
    assert found.fields[6].text == ": x = y"
    assert found.parents == ("Bar", "toQux:Baz.Qux")
    assert found.mk_name == "mk"
    assert found.deriving == ("Repr", "DecidableEq")


def test_structure_with_its_own_constructor_name() -> None:
    found = declaration("structure A where\n  of ::\n  x : ℕ\n  y : ℕ")
    assert found.mk_name == "of"
    assert [f.name for f in found.fields] == ["x", "y"]


def test_scoped_attributes_have_the_namespace_that_they_belong_to() -> None:
    commands = parse_file(
        "scoped[Pointwise] attribute [instance 100] Set.mul\nattribute [scoped instance] a\n"
        '@[inherit_doc] scoped[Matrix] postfix:1024 "ᵀ" => transpose\nnotation "x" => y\n'
    ).commands
    assert [c.scope_name for c in commands] == ["Pointwise", "", "Matrix", ""]
    assert (commands[0].names, commands[0].attributes) == (("Set.mul",), ("instance 100",))


@pytest.mark.parametrize(
    "following",
    [
        "name_vars s, t over R",
        "private local derive_it Cfg",
        "@[scoped delab app.Set] meta_thing",
        "in_place x",
    ],
)
def test_an_open_ends_where_a_line_begins_in_the_first_column(following: str) -> None:
    found = parse_file(f"open A\n  B.C\n\n{following}\ntheorem a : True := trivial").commands
    assert (found[0].kind, found[0].names) == ("open", ("A", "B.C"))


def test_structure_without_fields() -> None:
    found = declaration("class Both (α : Type*) extends Left α, Right α")
    assert found.parents == ("Left", "Right")
    assert not found.fields
    assert found.keyword == "class"


def test_structure_of_propositions_with_the_type_before_extends() -> None:
    found = declaration("structure A (x : α) : Prop extends B x where\n  c : x = x")
    assert found.result == "Prop"
    assert found.parents == ("B",)
    assert [f.name for f in found.fields] == ["c"]


def test_parents_with_arguments() -> None:
    found = declaration(
        "class Mod (R : Type u) [Ring R] extends SMul R M, Act.{u} (f R) (g := M), C where\n  x : ℕ"
    )
    assert found.parents == ("SMul", "Act", "C")


@pytest.mark.parametrize(
    ("extended", "parents"),
    [
        ("A ≃ B, AddHom A B", ("≃", "AddHom")),
        ("M →ₛₗ[σ] N where\n  cont : c", ("→ₛₗ[",)),
        ("L →ₗ⁅R, M⁆ N, C", ("→ₗ⁅R,", "C")),
        ("Der k C^∞⟮I, G; k⟯ C^∞⟮I, G; k⟯, B", ("Der", "B")),
        ("(A →L[k] A) × (A →L[k] A)", ("×",)),
        ("Covariant α≥0 α (· < ·)", ("Covariant",)),
        ("IsGalois (stab Gal(L/K) P)", ("IsGalois",)),
        ("@Foo X, _root_.Bar", ("Foo", "_root_.Bar")),
        ("C(X, Y), Path (f x)", ("C(", "Path")),
        ("M [⋀^ι]→ₗ[R] N, Foo [a]", ("[⋀^ι]", "Foo")),
        ("isP : Is p, le : H ≤ G : Prop", ("isP:Is", "le:")),
        ("toB : f.Lax x", ("toB:⥤|Lax",)),
        ("f.Lax, h.Full, x.Lax, W.Multi", ("⥤|Lax", "⥤|Pair|Full", "W.Multi")),
        ("(f.restrict R).IsIdeal", ("⥤|restrict|IsIdeal",)),
        ("(V.restrict R).IsIdeal", ("?V.restrict()|IsIdeal",)),
    ],
)
def test_parents_by_notation(extended: str, parents: tuple[str, ...]) -> None:
    found = declaration(f"structure A {{x}} (f : X ⥤ Y) (h : f.Pair) extends {extended}")
    assert found.parents == parents


def test_a_body_by_dot_notation_has_the_head_of_the_bound_name() -> None:
    assert declaration("abbrev P.Good (p : P R) : Prop := p.Valued ℤ").body_head == "P|Valued"
    assert declaration("abbrev Good : Prop := p.Valued ℤ").body_head == "p.Valued"


@pytest.mark.parametrize("keyword", ["inductive", "class inductive", "coinductive"])
def test_inductive_types(keyword: str) -> None:
    found = declaration(
        f"{keyword} Tree (α : Type*) : Type _ where\n"
        "  /-- none -/\n  | leaf\n  | node (l : Tree α) (x : α) (r : Tree α) : Tree α\n  deriving Repr\n"
    )
    assert found.keyword == keyword
    assert found.name == "Tree"
    assert [(c.name, c.line, c.text) for c in found.constructors] == [
        ("leaf", 3, ""),
        ("node", 4, "(l : Tree α) (x : α) (r : Tree α) : Tree α"),
    ]
    assert found.deriving == ("Repr",)


def test_inductive_without_where() -> None:
    found = declaration("inductive Color\n  | red | green\n  | blue")
    assert [c.name for c in found.constructors] == ["red", "green", "blue"]
    assert found.signature == ""


def test_class_abbrev() -> None:
    found = declaration("class abbrev Ring' (R : Type*) := Semiring R, Neg R")
    assert (found.keyword, found.name) == ("class abbrev", "Ring'")


# -- instances, aliases, notation ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "signature"),
    [
        ("instance : Inhabited ℕ := ⟨0⟩", "", ": Inhabited ℕ"),
        ("instance foo : Inhabited ℕ where\n  default := 0", "foo", ": Inhabited ℕ"),
        ("instance (priority := 100) bar [Ring R] : Mul R where", "bar", "[Ring R] : Mul R"),
        ("instance (priority := low) : Mul R where", "", ": Mul R"),
        ("instance foo (priority := 900) : Mul R where", "foo", ": Mul R"),
        ("instance {α : Type*} [Fintype α] : Finite α := x", "", "{α : Type*} [Fintype α] : Finite α"),
    ],
)
def test_instances(text: str, name: str, signature: str) -> None:
    found = declaration(text)
    assert (found.keyword, found.name, found.signature) == ("instance", name, signature)


def test_aliases() -> None:
    found = declarations(
        '@[deprecated (since := "2024-01-01")] alias old := A.new\n'
        "alias ⟨to_left, _⟩ := foo_iff\n"
        "/-- doc -/ protected alias ⟨_, B.back⟩ := bar_iff\n"
    )
    assert [(d.alias_names, d.alias_of) for d in found] == [
        (("old",), "A.new"),
        (("to_left",), "foo_iff"),
        (("B.back",), "bar_iff"),
    ]
    assert found[0].attributes == ('deprecated (since := "2024-01-01")',)
    assert (found[2].docstring, found[2].modifiers) == ("doc", ("protected",))


def notation(text: str) -> tuple[Command, NotationCommand]:
    (command,) = parse_file(text).commands
    assert command.notation is not None
    return command, command.notation


def test_notation() -> None:
    _, found = notation('notation:50 (name := conj) a " ≈ᵍ " b:51 => Group.IsConj a b')
    assert (found.keyword, found.tokens, found.identifiers) == ("notation", ("≈ᵍ",), ("Group.IsConj",))
    assert found.name == "conj"
    assert not found.scoped
    assert not found.local


def test_scoped_infix_with_a_docstring() -> None:
    _, found = notation('/-- Sum. -/\nscoped infixl:65 " ⊞ " => Foo.add')
    assert (found.tokens, found.identifiers, found.docstring) == (("⊞",), ("Foo.add",), "Sum.")
    assert found.scoped


def test_scoped_in_a_named_namespace() -> None:
    command, found = notation('scoped[Topology.Deep] notation "𝓧" => nhds')
    assert command.scope_name == "Topology.Deep"
    assert (found.tokens, found.identifiers, found.scoped) == (("𝓧",), ("nhds",), True)


def test_local_notation_with_brackets() -> None:
    _, found = notation('local notation "⟪" x ", " y "⟫" => inner ℝ x y')
    assert found.local
    assert found.tokens == ("⟪", ",", "⟫")
    assert found.identifiers == ("inner", "ℝ")


def test_notation3_with_binders() -> None:
    _, found = notation('notation3 "∯ "(...)" in "c", "r:60:(scoped f => f)" ends" => circle r c')
    assert "circle" in found.identifiers


# -- commands -----------------------------------------------------------------------------------------------


def test_opens() -> None:
    commands = parse_file(
        "open A B.C\nopen scoped D\nopen E (x y)\nopen F hiding z w\nopen G renaming p → q, r -> s\n"
    ).commands
    assert [(c.kind, c.names) for c in commands] == [
        ("open", ("A", "B.C")),
        ("open scoped", ("D",)),
        ("open", ("E",)),
        ("open", ("F",)),
        ("open", ("G",)),
    ]
    assert commands[2].only == ("x", "y")
    assert commands[3].hiding == ("z", "w")
    assert commands[4].renaming == (("p", "q"), ("r", "s"))


def test_in_prefixes() -> None:
    text = (
        "open A B in\n/-- doc -/\ntheorem a : True := trivial\n\n"
        "variable (x : ℕ) [Foo x] in\nopen scoped C in\nset_option maxHeartbeats 1 in\n"
        "@[simp] lemma b : True := trivial\n"
        "include h in\nomit [Foo x] in theorem c : True := trivial\n"
        "open A\n"
    )
    commands = parse_file(text).commands
    assert [(c.kind, c.scoped_in) for c in commands] == [
        ("open", True),
        ("theorem", False),
        ("variable", True),
        ("open scoped", True),
        ("set_option", True),
        ("lemma", False),
        ("include", True),
        ("omit", True),
        ("theorem", False),
        ("open", False),
    ]
    assert commands[0].names == ("A", "B")
    assert commands[1].declaration is not None
    assert commands[1].declaration.docstring == "doc"
    assert [b.text for b in commands[2].binders] == ["(x : ℕ)", "[Foo x]"]
    assert commands[5].declaration is not None
    assert commands[5].declaration.attributes == ("simp",)


def test_sections_and_namespaces() -> None:
    commands = parse_file(
        "module\n\npublic import A.B\npublic meta import C\n@[expose] public section\n"
        "noncomputable section Foo\nnamespace X.Y\n"
        "section\nend\nend X.Y\nend Foo\nuniverse u v\n"
    ).commands
    assert [(c.kind, c.names) for c in commands] == [
        ("module", ()),
        ("import", ("A.B",)),
        ("import", ("C",)),
        ("section", ()),
        ("section", ("Foo",)),
        ("namespace", ("X.Y",)),
        ("section", ()),
        ("end", ()),
        ("end", ("X.Y",)),
        ("end", ("Foo",)),
        ("universe", ("u", "v")),
    ]


def test_the_name_of_a_section_stands_on_its_line() -> None:
    commands = parse_file("section\nvariable (x : ℕ)\nend\n\nfoo\n").commands
    assert [(c.kind, c.names) for c in commands] == [("section", ()), ("variable", ()), ("end", ())]


def test_exports_and_attribute_commands() -> None:
    commands = parse_file(
        "export Foo (bar baz)\nattribute [simp, to_additive existing A.b] c d\nattribute [-instance] e\n"
    ).commands
    assert (commands[0].names, commands[0].only) == (("Foo",), ("bar", "baz"))
    assert commands[1].attributes == ("simp", "to_additive existing A.b")
    assert commands[1].names == ("c", "d")
    assert commands[2].names == ("e",)


def test_mutual_blocks() -> None:
    text = "mutual\ninductive A\n  | a (b : B)\n\ninductive B\n  | b (a : A)\nend\n\ntheorem t : p := w\n"
    assert kinds(text) == ["mutual", "inductive", "inductive", "end", "theorem"]


def test_indented_declarations() -> None:
    text = "namespace A\n\n  /-- D. -/\n  @[simp]\n  private theorem a : p := w\n\n  def b := 1\n\nend A\n"
    assert kinds(text) == ["namespace", "theorem", "def", "end"]
    first, second = declarations(text)
    assert (first.docstring, first.attributes, first.modifiers) == ("D.", ("simp",), ("private",))
    assert second.name == "b"


@pytest.mark.parametrize(
    "text",
    [
        "-- theorem a : True := trivial\n",
        "/- theorem a : True := trivial -/\n",
        "/-!\ntheorem a : True := trivial\n-/\n",
        "/- /- -/\ntheorem a : True\n-/\n",
    ],
)
def test_no_declaration_in_comments(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    "literal",
    [
        '"\ntheorem a : True"',
        'r"\ntheorem a : True"',
        'r#"\n"theorem a"\ntheorem b"#',
        's!"{x}\ntheorem c : d"',
    ],
)
def test_no_declaration_in_strings(literal: str) -> None:
    assert kinds(f"def s : String := {literal}\n\nlemma z : True := trivial\n") == ["def", "lemma"]


def test_tactic_blocks_hold_no_commands() -> None:
    text = (
        "theorem a : p := by\n  open Foo in simp\n  set_option x 1 in\n    exact y\n  have := `theorem\n"
        "  section_vars\n  refine ⟨fun end' => z, ?_⟩\n  instance_tac\n\nlemma b : q := w\n"
    )
    assert kinds(text) == ["theorem", "lemma"]


def test_sharp_commands_end_a_declaration() -> None:
    text = "theorem a : p := by simp\n#check foo\n#align a b\ntheorem b : #s = 2 := w\n"
    assert kinds(text) == ["theorem", "#", "#", "theorem"]


def test_crlf_reads_as_lf() -> None:
    text = SAMPLES[0]
    crlf, plain = parse_file(text.replace("\n", "\r\n")), parse_file(text)
    assert len(plain.commands) > 5
    assert crlf.commands == plain.commands
    assert crlf.errors == plain.errors


def test_a_byte_order_mark_hides_nothing() -> None:
    assert kinds("\ufefftheorem a : True := trivial\n") == ["theorem"]
    assert kinds("\ufeffimport A\nopen B\n") == ["import", "open"]


def test_a_declaration_without_a_name_is_told_with_its_line() -> None:
    parsed = parse_file("theorem a : True := trivial\n\ntheorem : True := trivial\n")
    assert [(e.line, e.message) for e in parsed.errors] == [(3, "theorem without a name")]


def test_lexical_errors_are_told_with_their_line() -> None:
    parsed = parse_file("theorem a : True := trivial\n\n\n/- open\n\nlemma b")
    assert [(e.line, e.message) for e in parsed.errors] == [(4, "unclosed comment")]
    assert [c.kind for c in parsed.commands] == ["theorem"]


def test_lemma_and_example_and_proof_wanted() -> None:
    text = (
        "example : p := w\nproof_wanted fermat (n : ℕ) : q n\nirreducible_def d : ℕ := 1\n"
        "opaque o : ℕ\naxiom x : p\n"
    )
    assert [(d.keyword, d.name) for d in declarations(text)] == [
        ("example", ""),
        ("proof_wanted", "fermat"),
        ("irreducible_def", "d"),
        ("opaque", "o"),
        ("axiom", "x"),
    ]


# -- the sample library and hostile text --------------------------------------------------------------------


def assert_spans(parsed: ParsedFile) -> None:
    position = 0
    size = len(parsed.source.text)
    for command in parsed.commands:
        assert position <= command.start < command.end <= size
        assert parsed.source.lines.line(command.start) <= command.line <= parsed.source.lines.line(size)
        position = command.end
        if command.declaration is not None:
            begin, end = command.declaration.body
            assert command.start < begin <= end <= size


@pytest.mark.parametrize("text", SAMPLES)
def test_the_sample_library_parses(text: str) -> None:
    parsed = parse_file(text)
    assert not parsed.errors
    assert_spans(parsed)
    assert len([c for c in parsed.commands if c.declaration is not None]) >= 3


def test_there_are_samples() -> None:
    assert len(SAMPLES) >= 8


@settings(max_examples=150)
@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert_spans(parse_file(text))


FRAGMENTS = (
    *"theorem def structure class inductive abbrev instance alias notation infixl open end in".split(),
    *"section namespace variable where extends deriving attribute export mutual scoped private".split(),
    *"@[simp] @[to_additive ]".split(),
    *":= : ( ) { } [ ] ⟨ ⟩ ⦃ ⦄ | => , . .{ u } fun ↦ ∀ ∃ ∑ ∈ // let := ; by _ x y ℕ Foo.bar mk :: #".split(),
    *'" "s" s!"{x} /- -/ /-- -/ -- ` \'a\' r#" hiding renaming → priority name'.split(),
    "\n",
    "\n\n",
    "\n  ",
    "\r\n",
)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40), st.sampled_from(["", " "]))
def test_lean_soup_is_read(pieces: list[str], between: str) -> None:
    assert_spans(parse_file(between.join(pieces)))


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A piece of the sample library with chunks deleted, doubled, moved, or foreign ones put in."""
    text = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, max(0, len(text) - 1)))
        end = min(len(text), begin + draw(st.integers(0, 60)))
        chunk = text[begin:end]
        kind = draw(st.sampled_from(["delete", "double", "insert", "move"]))
        if kind == "delete":
            text = text[:begin] + text[end:]
        elif kind == "double":
            text = text[:end] + chunk + text[end:]
        elif kind == "insert":
            text = text[:begin] + draw(st.sampled_from(FRAGMENTS)) + text[begin:]
        else:
            text = chunk + text[:begin] + text[end:]
    return text


@settings(max_examples=150)
@given(mutations())
def test_mutated_samples_are_read(text: str) -> None:
    assert_spans(parse_file(text))


@pytest.mark.parametrize(
    "hostile",
    [
        "theorem a (",
        "(a : ",
        "{",
        "{x | ",
        "∀ (x : ",
        "| ",
        "fun ⟨",
        "let x := ",
        "@[",
        "open (",
        "structure A where\n x (",
        "in ",
    ],
)
def test_parsing_time_does_not_explode(hostile: str) -> None:
    """16,000 characters of a repeated fragment that opens and never closes."""
    text = "theorem t : " + hostile * (16_000 // len(hostile))
    begun = time.process_time()
    assert_spans(parse_file(text))
    assert time.process_time() - begun < 4.0
