"""What a statement speaks of: free identifiers, which of them are hidden, dot notation and notation runs."""

from __future__ import annotations

import time

import pytest

from cramf.lean.parser import parse_file
from cramf.lean.heads import KEYWORDS, codomain_head, type_head
from cramf.lean.syntax import Declaration, Uses


def declaration(text: str) -> Declaration:
    parsed = parse_file(text)
    assert not parsed.errors
    return next(c.declaration for c in parsed.commands if c.declaration is not None)


def uses(statement: str) -> Uses:
    """What `theorem t statement` speaks of."""
    return declaration(f"theorem t {statement}\n").uses


def words(statement: str) -> str:
    """The free identifiers, `~` behind the hidden ones."""
    found = uses(statement)
    return " ".join(f"{w}~" if w in found.hidden else w for w in found.words)


def dots(statement: str) -> list[str]:
    """Dot notation as `head.field`, `~` behind what is hidden."""
    return [f"{head}.{field}{'' if shown else '~'}" for head, field, shown in uses(statement).dots]


@pytest.mark.parametrize(
    ("statement", "bound", "free"),
    [
        (": ∀ {i j}, r i j", "i j", "r"),
        (": ∀ ⦃U V⦄, r U V", "U V", "r"),
        (": ∀ (a : A) {b c : B} [inst : C a] ⦃e⦄, r a b c inst e", "a b c e inst", "A B C r"),
        ("(H : S G) : ∃ K ≤ H, K.Normal", "H K", "S G"),
        (": ∀ n > N, p n", "n", "N p"),
        (": ∀ x ∉ s, p x", "x", "s p"),
        (": ∃! x, p x", "x", "p"),
        (": ∃ᶠ x in l, p x", "x", "l p"),
        (": ∀ᵐ x ∂μ, p x", "x", "μ p"),
        (": ∫ x in a..b, f x ∂μ = 0", "x", "a b f μ"),
        (": ⋃ i, s i", "i", "s"),
        (": ⨆ (i) (h : p i), f i", "h i", "p~ f"),
        (": ∑ i ∈ s, f i", "i", "s f"),
        (": P (fun x y ↦ q x y z)", "x y", "P q z"),
        (": P (fun (x : T) ↦ q x)", "x", "P T~ q"),
        (": P (fun ⟨a, b⟩ ↦ q a b c)", "a b", "P q c"),
        (": P (fun | 0 => a | n + 1 => g n)", "n", "P a g"),
        (": λ (x : T) y, q x y", "x y", "T~ q"),
        (": let y := f x; y = z", "y", "f x z"),
        (": let ⟨y, z⟩ := f x; y = z", "y z", "f x"),
        (": have h := a; p h", "h", "a p"),
        (": haveI := a; p", "", "a p"),
        (": suffices h : a from b; c", "h", "a b c"),
        (": (match x with | some y => p y | .none => q) = r", "y", "x some p q r"),
        (": (match x with | (y, z) => p y z) = r", "y z", "x p r"),
        (": (match x with | y :: z => p y z) = r", "y z", "x p r"),
        (": nomatch x", "", "x"),
        (": if h : p then q h else r", "h", "p q r"),
        ("[Group G] [h : Field K] : p h", "h", "Group G Field K p"),
        ("(x : {y // p y}) : q x", "x y", "p q"),
    ],
)
def test_what_is_bound_and_what_is_free(statement: str, bound: str, free: str) -> None:
    assert sorted(uses(statement).bound) == bound.split()
    assert words(statement) == free


@pytest.mark.parametrize(
    ("term", "bound", "free"),
    [
        ("{x | q x}", "x", "P q"),
        ("{x : T | q x}", "x", "P T~ q"),
        ("{x ∈ s | q x}", "x", "P s q"),
        ("{x // q x}", "x", "P q"),
        ("{x : T // q x}", "x", "P T~ q"),
        ("{f x | x ∈ s}", "x", "P f s"),
        ("{f x y | (x : T) (y : U)}", "x y", "P f T~ U~"),
        ("{f x | (x) (h : q x)}", "h x", "P f q~"),
        ("{(a, b) | q a b}", "a b", "P q"),
        ("{⟨a, b⟩ : T | q a b}", "a b", "P T q"),
        ("{x < a | q x}", "x", "P a q"),
        ("{a, b, c}", "", "P a b c"),
        ("{ toFun := f, inv := g }", "", "P f g"),
        ("{ s with toFun := f }", "", "P s f"),
        ("{x : T | ∃ y : U, p x y}", "x y", "P T~ U~ p"),
    ],
)
def test_set_builders_and_structure_instances(term: str, bound: str, free: str) -> None:
    assert sorted(uses(f": P {term}").bound) == bound.split()
    assert words(f": P {term}") == free


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (": f (x : T) = y", "f x T~ y"),
        (": (f x : T) = y", "f x T~ y"),
        (": ∃ x : T, p x", "T~ p"),
        (": ∀ x : T, p x", "T p"),
        (": ∑ x : T, p x", "T p"),
        (": ∏ x : T, p x", "T p"),
        (": Σ' x : T, p x", "T~ p"),
        (": P {x : T | p x}", "P T~ p"),
        (": ∃ x : T, ∀ y : T, p x y", "T p"),
        (": ∃ (a : A) (b : B a), p a b", "A~ B~ p"),
        # What follows a binder's type is shown, also inside parentheses.
        (": (∃ x : T, p x)", "T~ p"),
        (": (∀ x : T, p x) ∧ q", "T p q"),
        (": (∑ x : T, p x) = q", "T p q"),
        (": P (fun x : T ↦ q x)", "P T~ q"),
        (": (Σ' x : T, p x)", "T~ p"),
        (": (∀ x (h : p x), q x)", "p q"),
        (": (fun x : T ↦ (x : U)) = y", "T~ U~ y"),
        ("(h : (x : T) = y) : q", "x T~ y q"),
    ],
)
def test_ascriptions_and_binder_types_that_the_printer_drops_are_hidden(
    statement: str, expected: str
) -> None:
    assert words(statement) == expected


def test_a_word_is_hidden_only_where_it_is_hidden_everywhere() -> None:
    found = uses(": (x : T) = y ∧ T = U")
    assert "T" not in found.hidden
    assert dict(zip(found.words, found.counts, strict=True)) == {"x": 1, "T": 2, "y": 1, "U": 1}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("(h : p := by simp) : q", "p autoParam q"),
        ("(n : T := 3) : q n", "T optParam q"),
        ("(n : T := a) : q n", "T optParam a q"),
        ("{n : T} : q n", "T q"),
        (": f (n := 3) x", "f x"),
        (": f (n := a) x", "f a x"),
        (": f (by simp [a]) b", "f b"),
        (": f (g (by simp) c) b", "f g c b"),
        (": by simp; exact x", ""),
        (": f (by simp", "f"),
        (": @foo _ _ x", "foo x"),
        (": Foo.{u, v} x", "Foo x"),
        (": @Foo.{u, max v w} x", "Foo x"),
        ("(A : Type max u v) : q A", "q"),
        ("(A : Sort (max u 1)) : q A", "q"),
        ("(A : Type u) (B : Type*) (C : Type _) (D : Type (u + 1)) : q A", "q"),
        (": Type u → Prop", ""),
        (": x |>.foo", "x"),
        (": p ↔ .inl x", "p x"),
        (": x.1.foo", "x"),
        (": (· + a) = f", "a f"),
        (": «a b» «c d».e", "«a b» «c d».e"),
        (": a.b.c a.b.c a", "a.b.c a"),
        ("(x /- a /- b -/ c -/ : /- d -/ T) : p x", "T p"),
        ("(x -- (y : U)\n  : T) : p x", "T p"),
    ],
)
def test_words(statement: str, expected: str) -> None:
    text = f"theorem t {statement}\n"
    found = next(c.declaration for c in parse_file(text).commands if c.declaration is not None)
    assert " ".join(found.uses.words) == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("(x : T) : x.foo", ["T.foo"]),
        ("(x : T) : x.foo.bar", ["T.foo.bar"]),
        ("(x : A.B c) : x.foo", ["A.B.foo"]),
        ("(x : (T)) : x.foo", ["T.foo"]),
        ("(f : A → B) (g : B → C) : g.comp f", ["→.comp"]),
        ("(f : (y : A) → B y) : f.foo", ["→.foo"]),
        ("(f : ∀ y, B y) : f.foo", ["→.foo"]),
        ("(e : α ≃ β) : e.symm", ["≃.symm"]),
        ("(f : M →+* N) : f.ker", ["→+*.ker"]),
        ("(f : M →ₗ[R] N) : f.ker", ["→ₗ[.ker"]),
        ("(p : A × B) : p.fst", ["×.fst"]),
        ("(x : Rˣ) : x.val", ["ˣ.val"]),
        ("(x : ℝ≥0∞) : x.toReal", ["ℝ≥0∞.toReal"]),
        ("(x : ℕ∞) : x.toNat", ["ℕ∞.toNat"]),
        ("(x : ℤ_[p]) : x.norm", ["ℤ_[.norm"]),
        ("(x : {y // p y}) : x.val", ["Subtype.val"]),
        ("(h : a = b) : h.symm", []),
        ("(«x y» : T) : «x y».foo", ["T.foo"]),
        (": (x : T).foo", ["T.foo"]),
        (": (x : T → U).foo", ["→.foo"]),
        (": ∃ x : T, x.foo", ["T.foo"]),
        (": (fun x : T ↦ x.foo) = y", ["T.foo"]),
        ("(H : S G) : ∃ K ≤ H, K.Normal", ["S.Normal"]),
        (": ∃ K ≤ H, K.Normal", ["?H.Normal"]),
        ("(s t : Set A) : (s ∩ t).Finite", ["Set.Finite"]),
        ("(s t : Set A) : (f '' s).Finite", ["Set.Finite"]),
        ("(s : Set A) : (f ⁻¹' s).Finite", ["Set.Finite"]),
        (": {x | p x}.Countable", ["Set.Countable"]),
        (": ({x | p x}).Countable", ["Set.Countable"]),
        (": ((s : Set A)).Finite", ["Set.Finite"]),
        (": (f ∘ g).Injective", ["→.Injective"]),
        (": (fun x ↦ p x).Injective", ["→.Injective"]),
        (": (x).foo", ["?x.foo"]),
        (": (f x).foo", ["?f().foo"]),
        (": (card G).Coprime n", ["?card().Coprime"]),
        ("(f : A → B) : (f x).foo", ["B.foo"]),
        ("(f : ι → κ → Set B) : (f x y).Finite", ["Set.Finite"]),
        ("(f : ∀ i, Set (A i)) : (f i).Finite", ["Set.Finite"]),
        ("(x : T) : (x.foo).bar", ["T.foo", "T|foo.bar"]),
        (": (x = y).foo", []),
        (": (x + y : T).foo", ["T.foo"]),
        ("(s : Set A) : (x : s.foo) = y", ["Set.foo~"]),
        ("(p : A × B) : p.1.foo", []),
    ],
)
def test_dot_notation_has_the_head_of_its_type(statement: str, expected: list[str]) -> None:
    assert dots(statement) == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (": x ∈ f ⁻¹' s", ["∈", "⁻¹'"]),
        (": x ∈ s⁻¹'", ["∈", "⁻¹'"]),
        (": ⟪x, y⟫_ℝ = 0", ["⟪x,", "⟫_ℝ", "="]),
        (": ⟦a⟧ = b", ["⟦", "="]),
        (": ∃! x, p x", ["∃!"]),
        (": ∀ᵐ x ∂μ, p x", ["∀ᵐ", "∂μ,"]),
        (": Σ' x : T, p x", ["Σ'"]),
        # One token to Lean, though the lexer cuts it: no order, sum or product is spoken of.
        ("(x : ℝ≥0∞) : p", ["ℝ≥0∞"]),
        ("(x : ℕ∞) : p", ["ℕ∞"]),
        (": x = ∞", ["=", "∞"]),
        ("(f : M →+* N) : p", ["→+*"]),
        ("(f : M →ₗ[R] N) : p", ["→ₗ["]),
        ("(f : M →+* N) : x * y = z", ["→+*", "*", "="]),
        ("(x : ℝ≥0) : x ≥ 0", ["ℝ≥0", "≥"]),
        ("(x : ℤ_[p]) : q", ["ℤ_["]),
        ("(α : T) : α⁻¹ = 1", ["⁻¹", "="]),
    ],
)
def test_runs_of_notation(statement: str, expected: list[str]) -> None:
    found = uses(statement).runs
    assert [run.rstrip(") ") for run in found] == expected


def test_the_scope_of_a_name_is_the_whole_statement() -> None:
    """A name that is bound anywhere counts as local everywhere, as the reader says."""
    assert words(": (∀ x, p x) ∧ q x") == "p q"


def test_keywords_are_no_identifiers() -> None:
    assert not set(uses(": fun x ↦ if p then do return x else calc a").words) & KEYWORDS


@pytest.mark.parametrize(
    ("type_text", "head", "codomain"),
    [
        ("Set α", "Set", "Set"),
        ("ι → Set α", "→", "Set"),
        ("ι → κ → Set α", "→", "Set"),
        ("∀ i, Set (α i)", "→", "Set"),
        ("∀ i, κ → Set (α i)", "→", "Set"),
        ("(i : ι) → Set (α i)", "→", "Set"),
        ("{i : ι} → [Foo i] → Set i", "→", "Set"),
        ("M →+* N", "→+*", "→+*"),
        ("ι → M →+* N", "→", "→+*"),
        ("M →L[R] N", "→L[", "→L["),
        ("a = b", "", ""),
        ("a ∈ s", "", ""),
        ("∀ x", "→", ""),
        ("(Set α)", "Set", "Set"),
        ("((((Set α))))", "Set", "Set"),
        ("(α → β) × γ", "×", "×"),
        ("", "", ""),
    ],
)
def test_heads_of_types(type_text: str, head: str, codomain: str) -> None:
    tokens = parse_file(type_text).source.tokens
    assert type_head(tokens, 0, len(tokens)) == head
    assert codomain_head(tokens, 0, len(tokens)) == codomain


def test_a_head_too_deep_in_brackets_is_not_told() -> None:
    tokens = parse_file("(" * 40 + "Set α" + ")" * 40).source.tokens
    assert type_head(tokens, 0, len(tokens)) == ""


FIELDS = """structure A (G : Type*) extends B G, C where
  /-- F. -/
  carrier : Set G
  mem (x : G) : x ∈ carrier → carrier.Finite
  (one two : ι → Set G)
  last {i} : (one i).Finite := by simp
  toFun := f
"""


def test_fields_speak_of_their_own_types() -> None:
    found = {f.name: f for f in declaration(FIELDS).fields}
    assert list(found) == ["carrier", "mem", "one", "two", "last", "toFun"]
    assert found["carrier"].head == "Set"
    assert found["carrier"].uses.words == ("Set",)
    assert found["mem"].uses.dots == (("Set", "Finite", True),)
    assert found["mem"].uses.runs == ("∈", "→")
    assert found["one"].head == found["two"].head == "Set"
    assert found["last"].uses.dots == (("Set", "Finite", True),)
    assert found["toFun"].uses == Uses()


def test_fields_are_no_part_of_the_head_of_their_structure() -> None:
    found = declaration(FIELDS)
    assert found.uses.words == ("B", "C")
    assert found.parents == ("B", "C")


def test_constructors_speak_of_their_own_types() -> None:
    text = "inductive W (β : α → Type*)\n  | leaf\n  | node (a : α) (f : β a → W β) : W β\n"
    text += "  | end_ (s : Set α) : s.Finite → W β\n"
    found = {c.name: c.uses for c in declaration(text).constructors}
    assert list(found) == ["leaf", "node", "end_"]
    assert found["leaf"] == Uses(bound=frozenset({"W", "β"}))
    assert found["node"].words == ("α",)
    assert found["end_"].dots == (("Set", "Finite", True),)


def test_the_body_of_an_abbreviation_has_a_head() -> None:
    assert declaration("abbrev Foo (R : Type*) := Submodule R R\n").body_head == "Submodule"
    assert declaration("abbrev Foo (R : Type*) := R →+* R\n").body_head == "→+*"
    assert declaration("theorem foo : p := Submodule R R\n").body_head == ""


def test_a_tactic_block_in_a_bracket_that_nothing_closes_ends() -> None:
    """It once made the reader stand still."""
    for text in ("theorem t : (by", "theorem t : f (by x", "theorem t : [(x := by", "def d : {(by (by"):
        parse_file(text)


HOSTILE = (
    *"( { [ ⟨ ⦃ @[ ⟦ «a» | |\n".split(" "),
    *(
        "∀ x : ",
        "∃ x : ",
        "∃ (",
        "∃ ⟨",
        "∀ {",
        "∀ ⦃",
        "fun x : ",
        "fun | ",
        "λ (x : ",
        "∑ x ∈ ",
        "{x | ",
        "{f x | x ∈ s ",
    ),
    *(
        "{x : T | ",
        "{(x, y) | ",
        "(by ",
        "(x := by ",
        "(x : ",
        "let ⟨",
        "let x := ",
        "match x with\n | a => ",
        "\n| ",
        "\n  | x ",
    ),
    *(
        "if h : ",
        "a.b.c.",
        "(((x).a).b).c ",
        "(s ∩ t).F ",
        "x → ",
        "ℝ≥0",
        "ℤ_[p]",
        "→+*",
        "Type max ",
        ".{",
        "theorem ",
        "private ",
    ),
    *(
        "scoped[",
        "\nscoped[",
        "\n  x : T",
        "\nnamespace A",
        "\nopen A\ndef a := b",
        "\nvariable (x : A)\ndef a := b",
        "/-",
        "/-- ",
    ),
)


@pytest.mark.parametrize("begin", ["theorem t : ", "structure A where\n  x : "])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_reading_time_is_linear(hostile: str, begin: str) -> None:
    """Four times the text takes far less than sixteen times as long, in one of three tries at least."""
    for _ in range(3):
        times = []
        for size in (4_000, 16_000):
            text = begin + hostile * (size // len(hostile))
            begun = time.process_time()
            parse_file(text)
            times.append(time.process_time() - begun)
        if times[1] < max(10 * times[0], 2.0):
            return
    raise AssertionError(f"{times[0]:.2f} s for a quarter of the text, {times[1]:.2f} s for all of it")
