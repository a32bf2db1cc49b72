"""The walk with lexical scopes: what is free where, at which offset, and with which arguments."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.lean.commands import split_commands
from cramf.lean.declarations import parse_declaration
from cramf.lean.occurrences import Occurrence, Role, ScopedReader
from cramf.lean.parser import parse_file


def read(text: str) -> ScopedReader:
    """The first declaration of a text, read with scopes."""
    parsed = parse_file(text)
    for raw, command in zip(split_commands(parsed.source), parsed.commands, strict=True):
        if command.declaration is not None:
            reader = ScopedReader(parsed.source.tokens)
            parse_declaration(parsed.source, raw, reader)
            return reader
    raise AssertionError("no declaration")


def occurrences(statement: str) -> list[Occurrence]:
    return read(f"theorem t {statement} := by sorry\n").found


def free(statement: str) -> str:
    """Free identifiers in their order, each as often as it occurs."""
    return " ".join(o.text for o in occurrences(statement) if o.role is Role.NAME)


def named(statement: str, text: str) -> Occurrence:
    (found,) = [o for o in occurrences(statement) if o.text == text]
    return found


SCOPES = [
    # quantifiers
    (": (∀ x, p x) ∧ q x", "p q x"),
    (": (∃ x, p x) ∧ q x", "p q x"),
    (": (∃! x, p x) ∧ q x", "p q x"),
    (": (∀ x y : T, p x y) ∧ q x y", "T p q x y"),
    (": (∀ (x : T) (y : S x), p x y) ∧ q x y", "T S p q x y"),
    (": (∀ {x}, p x) ∧ q x", "p q x"),
    (": (∀ ⦃x y⦄, p x y) ∧ q y", "p q y"),
    (": (∀ [i : C], p i) ∧ q i", "C p q i"),
    (": (∀ x ∈ s, p x) ∧ q x", "s p q x"),
    (": (∀ x > a, p x) ∧ q x", "a p q x"),
    (": (∃ x ≠ a, p x) ∧ q x", "a p q x"),
    (": (∃ s ⊆ u, p s) ∧ q s", "u p q s"),
    (": (∀ᶠ n in l, p n) ∧ q n", "l p q n"),
    (": (∃ᶠ n in l, p n) ∧ q n", "l p q n"),
    (": (∀ᵐ x ∂m, p x) ∧ q x", "m p q x"),
    (": (∃ x, ∀ y, p x y) ∧ q x y", "p q x y"),
    (": ∀ x, p x → ∃ y, q x y", "p q"),
    (": (∃ (x) (_ : p x), q x) ∧ r x", "p q r x"),
    # functions
    (": f (fun x ↦ g x) x", "f g x"),
    (": f (fun x => g x) x", "f g x"),
    (": f (λ x => g x) x", "f g x"),
    (": f (fun (x : T) y ↦ g x y) x y", "f T g x y"),
    (": f (fun x y : T ↦ g x y) y", "f T g y"),
    (": f (fun ⟨x, y⟩ ↦ g x y) x", "f g x"),
    (": f (fun (x, y) ↦ g x y) y", "f g y"),
    (": f (fun ⟨x, ⟨y, z⟩⟩ ↦ g x y z) z", "f g z"),
    (": f (fun {x} ↦ g x) x", "f g x"),
    (": f (fun _ ↦ g) a", "f g a"),
    (": f (fun | 0 => a | n + 1 => g n) n", "f a g n"),
    # big operators
    (": (∑ i, f i) = g i", "f g i"),
    (": (∑ i ∈ s, f i) = g i", "s f g i"),
    (": (∑ i : T, f i) = g i", "T f g i"),
    (": (∑ i in s, f i) = g i", "s f g i"),
    (": (∑ i ∈ s with p i, f i) = g i", "s p f g i"),
    (": (∑ x ∈ s, ∑ y ∈ u x, f x y) = g x y", "s u f g x y"),
    (": (∏ p ∈ s, f p) = g p", "s f g p"),
    (": (∑' n, f n) = g n", "f g n"),
    (": (∑ᶠ n, f n) = g n", "f g n"),
    (": (∏ᶠ n, f n) = g n", "f g n"),
    (": (∫ x, f x ∂m) = g x", "f m g x"),
    (": (∫ x in a..b, f x) = g x", "a b f g x"),
    (": (∫ x in s, f x ∂m) = g x", "s f m g x"),
    (": (∫⁻ x, f x ∂m) = g x", "f m g x"),
    (": (∮ z in D, f z) = g z", "D f g z"),
    (": (⨆ i, f i) = g i", "f g i"),
    (": (⨅ i ∈ s, f i) = g i", "s f g i"),
    (": (⨆ (i) (h : p i), f i h) = g i h", "p f g i h"),
    (": (⋃ i, f i) = g i", "f g i"),
    (": (⋂ i ∈ s, f i) = g i", "s f g i"),
    (": (⋃ (n : T) (_ : p n), f n) = g n", "T p f g n"),
    (": (⨁ i, M i) = g i", "M g i"),
    (": (Σ i, M i) = (Π i, M i) ∧ g i", "M M g i"),
    # sets
    (": {x | p x} = q x", "p q x"),
    (": {x : T | p x} = q x", "T p q x"),
    (": {x ∈ s | p x} = q x", "s p q x"),
    (": {x ≤ a | p x} = q x", "a p q x"),
    (": {x : T // p x} = q x", "T p q x"),
    (": {x // p x} = q x", "p q x"),
    (": {(x, y) | p x y} = q x y", "p q x y"),
    (": {(x, y) : T | p x y} = q x y", "T p q x y"),
    (": {⟨x, y⟩ | p x y} = q x", "p q x"),
    (": {f x | x ∈ s} = q x", "f s q x"),
    (": {f x | x : T} = q x", "f T q x"),
    (": {f x y | (x : T) (y : S)} = q x y", "f T S q x y"),
    (": {f x | (x) (h : p x)} = q x h", "f p q x h"),
    (": {x | ∃ y, p x y} = q x y", "p q x y"),
    (": {a, b, f a} = c", "a b f a c"),
    # local definitions and cases
    (": (let y := f a; g y) = h y", "f a g h y"),
    (": (let y : T := f a; g y) = h y", "T f a g h y"),
    (": (let ⟨y, z⟩ := f a; g y z) = h y", "f a g h y"),
    (": (have k := f a; g k) = h k", "f a g h k"),
    (": (have ⟨x, _⟩ := f a; g x) = h x", "f a g h x"),
    (": (if h : p a then g h else k h) = h", "p a g k h"),
    (": (if p a then g a else k b) = h", "p a g a k b h"),
    (": (match a with | .some x => g x | .none => b) = x", "a g b x"),
    (": (match a, b with | 0, y => g y | x, _ => k x) = y", "a b g k y"),
    # tuples
    (": f ⟨∀ x, p x, x⟩", "f p x"),
    (": f (∀ x, p x, x)", "f p x"),
    (": f ⟨fun x ↦ g x, x⟩", "f g x"),
    (": f ![fun x ↦ g x, x]", "f g x"),
    (": f ⟨∀ x ∈ s, ∃ y, p x y, x, y⟩", "f s p x y"),
    (": ⁅fun x ↦ g x, x⁆ = ⟪∀ y, p y, y⟫ ∧ y", "g x p y y"),
    (": ⁅(x : T), ∀ z, p z⁆ = z", "x T p z"),
    (": f (a, (∀ x, p x), x)", "f a p x"),
    # nested
    (": (∀ x, (∃ x, p x) ∧ q x) ∧ r x", "p q r x"),
    (": ∀ x, f (fun y ↦ ∑ z ∈ s, g x y z) y", "f s g y"),
    # Lean 3
    (": f (λ x, g x) x", "f g x"),
    (": f (λ (x : T) y, g x y) y", "f T g y"),
]


@pytest.mark.parametrize(("statement", "words"), SCOPES, ids=[s for s, _ in SCOPES])
def test_what_is_free(statement: str, words: str) -> None:
    assert free(statement) == words


@pytest.mark.parametrize(
    "binder",
    ["∀ x, p x", "∃ x, p x", "∃! x, p x", "∑ x ∈ s, p x", "∀ᶠ x in l, p x", "fun x ↦ p x", "let x := a; p x"],
)
def test_what_one_hypothesis_binds_is_free_in_the_next(binder: str) -> None:
    found = occurrences(f"(h : q ({binder})) (k : r x) : x = a")
    assert [o.text for o in found].count("x") == 2
    found = occurrences(f"(h : {binder}) : x = a")
    assert [o.text for o in found].count("x") == 1


def test_typed_binders_bind_to_the_end() -> None:
    assert free("(n m : T) {k : S n} [i : C k] (h : p n m k i) : q n m k i h") == "T S C p q"
    assert free("{α β} (f : α → β) ⦃x⦄ : f x = x") == ""


def test_an_ascription_behind_an_argument_binds_nothing() -> None:
    """In `max (a : ℝ) (b : ℝ)` no name comes to be, and those that are bound keep their type."""
    assert free(": f (a : T) (b : T) = b") == "f a T b T b"
    assert free(": f (g a) (b : T) = 1") == "f g a b T"
    (dotted,) = [o for o in occurrences("(a b : N) : f (a : R) (b : R) = b.val") if o.role is Role.FIELD]
    assert dotted.head == "N"
    found = named("(a b : N) : f (a : R) (b : R) = g b", "g")
    assert found.kinds == ("N",)


def test_a_match_may_bind_the_name_that_it_matches() -> None:
    assert free(": (match x with | k x => g x | 0 => b) = c").split().count("x") == 1


def test_what_a_hypothesis_is_may_begin_with_a_local_definition() -> None:
    """`:=` behind a `let` begins no default value of the hypothesis."""
    assert free("(h : let y := f a; g y) : b = c") == "f a g b c"
    assert free("(h : have y : T := f a; g y) : b = c") == "T f a g b c"


# -- places ----------------------------------------------------------------------------------------------

PLACES = [
    "theorem t (f : T) : g f = h₁ ∧ 𝓝 = αβγ := by sorry\n",
    "theorem t /- a /- nested -/ comment x -/ : g x -- y z\n  = h ∧ ℝ = k := by sorry\n",
    "theorem t :\r\n  g x ∧\r\n  -- é ∀ 𝔸\r\n  h y := by sorry\r\n",
    "/-- Of «𝕜» and `x`. -/\n@[simp]\ntheorem t (s : Set 𝕜) : ∀ y ∈ s, p y → q «odd name» := by sorry\n",
    "theorem t : f x.y (g z).w @h k.{u} .l ⟪a, b⟫_ℂ := by sorry\n",
    "theorem t : (𝕜₁ : T) = \"a string with g x\" ∧ 'c' = g '\\n' := by sorry\n",
]


@pytest.mark.parametrize("text", PLACES)
def test_offsets_are_exact(text: str) -> None:
    # The walk counts in the source as the parser keeps it.
    source = parse_file(text).source.text
    found = read(text).found
    assert found
    for one in found:
        # `(f x).field` is told with the dot and begins behind it.
        written = one.text[1:] if one.role is Role.FIELD and one.text.startswith(".") else one.text
        assert source[one.start : one.start + len(written)] == written
    assert all(text.count(o.text.lstrip(".")) for o in found)
    starts = [o.start for o in found if o.role is Role.NAME]
    assert starts == sorted(set(starts))


def test_comments_strings_and_proofs_hold_no_occurrence() -> None:
    text = "theorem t : g /- x -/ a -- y\n = \"z\" ∧ b = 'w' := by\n  exact u v\n"
    assert [o.text for o in read(text).found if o.role is Role.NAME] == ["g", "a", "b"]


# -- dot notation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "head", "fields", "sure"),
    [
        ("(s : Set T) : s.Finite", "Set", "Finite", True),
        ("(s u : Set T) : u.a.b.c", "Set", "a.b.c", True),
        ("(f : A → B) : f.Injective", "→", "Injective", True),
        ("(e : A ≃ B) : e.symm", "≃", "symm", True),
        (": ∀ s : Set T, s.Finite", "Set", "Finite", True),
        (": ∀ H ≤ (K : Sub G), H.Normal", "", "Normal", True),
        ("(K : Sub G) : ∀ H ≤ K, H.Normal", "Sub", "Normal", True),
        (": (x : Foo T).bar", "Foo", "bar", True),
        (": {x | p x}.Finite", "Set", "Finite", False),
        ("(f : A → Set B) (a : A) : (f a).Finite", "Set", "Finite", True),
        ("(s : Set T) : (s).Finite", "Set", "Finite", True),
        (": (foo).bar", "?foo", "bar", True),
        (": (foo a).bar", "?foo()", "bar", False),
        (": (a + b).bar", "?a", "bar", False),
    ],
)
def test_heads_of_dot_notation(statement: str, head: str, fields: str, sure: bool) -> None:
    found = [o for o in occurrences(statement) if o.role is Role.FIELD]
    assert [(o.head, o.fields, o.sure) for o in found] == [(head, fields, sure)]


def test_fields_behind_a_number_are_told_without_a_head() -> None:
    assert [o for o in occurrences("(p : A × B) : p.1.x = a") if o.role is Role.FIELD and o.head] == []


def test_leading_dots() -> None:
    found = [(o.role, o.text) for o in occurrences(": f .atTop (.inl a) .b.c = .d")]
    assert [t for r, t in found if r is Role.LEADING_DOT] == ["atTop", "inl", "b.c", "d"]
    assert [t for r, t in found if r is Role.NAME] == ["f", "a"]


def test_type_variables_have_no_fields() -> None:
    """Of `x : α` nothing is known but that it is no `α.foo`."""
    for statement in ("{α : Type} (x : α) : x.foo", "(s : Set T) (x : s) : x.val"):
        (found,) = [o for o in occurrences(statement) if o.role is Role.FIELD]
        assert found.head in ("", "Subtype")
    (found,) = [o for o in occurrences("(s : Set T) (x : s) : x.val") if o.role is Role.FIELD]
    assert found.head == "Subtype"


def test_a_dotted_name_whose_beginning_is_free_is_one_name() -> None:
    assert free(": Nat.Prime.two = a.b ∧ _root_.c.d") == "Nat.Prime.two a.b _root_.c.d"


# -- arguments -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "count", "ended"),
    [
        (": f = 1", 0, True),
        (": f a = 1", 1, True),
        (": f a b c = 1", 3, True),
        (": f (a b) c = 1", 2, True),
        (': f ⟨a, b⟩ {c} 3 "x" = 1', 4, True),
        (": f a⁻¹ b.c d.1 = 1", 3, True),
        (": f (n := 3) a = 1", 1, True),
        (": f @a ↑b _ = 1", 3, True),
        (": f.{u} a = 1", 1, True),
        (": f fun x ↦ x", 1, True),
        (": f a fun x ↦ x", 2, True),
        (": f ⊤ ∅ = 1", 2, True),
        (": f a ∧ b", 1, True),
        (": f a → b", 1, True),
        (": (f a) = b", 1, False),
        (": f Type Prop = 1", 2, True),
        (": f a ‖b‖ = 1", 1, False),
        (": f a • b = 1", 1, False),
        (": f a |b| = 1", 1, False),
        (": f a[i] = 1", 1, False),
    ],
)
def test_arguments(statement: str, count: int, ended: bool) -> None:
    found = named(statement, "f")
    assert len(found.arguments) == count
    assert len(found.kinds) == count
    assert found.ended == ended


def test_spans_of_arguments_are_tokens() -> None:
    text = "theorem t : f (a + b) c.d ⟨e, g⟩ = 1 := by sorry\n"
    tokens = parse_file(text).source.tokens
    (found,) = [o for o in read(text).found if o.text == "f"]
    written = [text[tokens[b].start : tokens[e - 1].end] for b, e in found.arguments]
    assert written == ["(a + b)", "c.d", "⟨e, g⟩"]


def test_an_argument_takes_none_itself() -> None:
    assert named(": f g a b = 1", "g").arguments == ()
    assert len(named(": f g a b = 1", "f").arguments) == 3
    assert named(": f 1 g a = 1", "g").arguments == ()
    assert named(": f (a) g b = 1", "g").arguments == ()


@pytest.mark.parametrize(
    ("statement", "kinds"),
    [
        ("(n : N) : f n = 1", ("N",)),
        ("(n : N) (s : Set T) : f s n = 1", ("Set", "N")),
        (": f a = 1", ("?a(0)",)),
        (": f (g a b) = 1", ("?g(2)",)),
        (": f (a : T) = 1", ("T",)),
        (": f (1 + a) = 1", ("",)),
        ("(n : N) : f (n + a) = 1", ("",)),
        ("(h : A → B) : f h = 1", ("→",)),
        ("(h : A → B) : f (h a) = 1", ("",)),
        ("(n : N) : f n.a = 1", ("",)),
        (': f 1 "s" = 1', ("", "")),
        ("{α : Type} (x : α) : f x = 1", ("",)),
        ("(n : N) : f (fun n : M ↦ n) n = 1", ("→", "N")),
        (": f (⋃ i : N, s i) (∑ i : N, a) (∃ x : N, p x) = 1", ("", "", "")),
        (": f {x : N | p x} = 1", ("",)),
        ("(n : N) : (∀ n : M, f n) ∧ g n", ("M",)),
    ],
)
def test_kinds_of_arguments(statement: str, kinds: tuple[str, ...]) -> None:
    assert named(statement, "f").kinds == kinds


def test_a_binder_inside_does_not_change_kinds_outside() -> None:
    assert named("(n : N) : (∀ n : M, f n) ∧ g n", "g").kinds == ("N",)


def test_explicit_names() -> None:
    found = named(": @f T a = b", "f")
    assert found.explicit
    assert len(found.arguments) == 2
    assert not named(": f T a = b", "f").explicit


def test_alone_as_a_type() -> None:
    assert named("(s : Foo) : a = b", "Foo").alone
    assert not named("(s : Foo T) : a = b", "Foo").alone
    assert not named("(s : T → Foo) : a = b", "Foo").alone
    assert not named(": f Foo = b", "Foo").alone


def test_universes_are_no_occurrences() -> None:
    assert free(".{u, v} (a : Foo.{u, v} b) : Bar.{max u v} = Type (max u w)") == "Foo b Bar"
    assert free(": Type u = Sort v ∧ Type _ = Type*") == ""


def test_names_of_arguments_and_of_fields_are_no_occurrences() -> None:
    assert free(": f (n := a) = { re := b, im := c }") == "f a b c"


def test_lambdas_of_lean_3_are_told_with_their_place() -> None:
    text = "theorem t : f (λ x, x) = g (λ y ↦ y) ∧ h (λ (z : T), z) := by sorry\n"
    reader = read(text)
    assert reader.old_lambdas == [text.index("λ x"), text.index("λ (z")]
    assert read("theorem t : f (fun x => (x, 1)) ⟨λ x => x, a⟩ := by sorry\n").old_lambdas == []


def test_suffixes_of_notation_are_read_as_names() -> None:
    assert free(": ⟪a, b⟫_K = c") == "a b K c"


def test_notation_runs() -> None:
    runs = [o.text for o in occurrences(": a =O[l] b") if o.role is Role.NOTATION]
    assert runs
    assert runs[0].startswith("=O[")
    assert [o.text for o in occurrences("(x : ℝ≥0∞) : x = 1") if o.role is Role.NOTATION][:1] == ["ℝ≥0∞"]


def test_a_definition_body_is_read_with_patterns() -> None:
    text = "def f : N → N\n  | 0 => a\n  | n + 1 => g n\n"
    parsed = parse_file(text)
    (raw,) = split_commands(parsed.source)
    reader = ScopedReader(parsed.source.tokens)
    declaration = parse_declaration(parsed.source, raw, reader)
    tokens = parsed.source.tokens
    body = next(i for i, t in enumerate(tokens) if t.start >= declaration.body[0])
    reader.read_body(body, raw.end)
    assert [o.text for o in reader.found if o.role is Role.NAME] == ["N", "N", "a", "g"]


def test_reading_one_span_leaves_the_bound_names_as_they_were() -> None:
    parsed = parse_file("theorem t : ∀ x, p x ∧ ∃ y : T, q y := by sorry\n")
    reader = ScopedReader(parsed.source.tokens)
    reader.bound.update(("k", "x"))
    reader.heads["x"] = "Foo"
    reader.read(3, len(parsed.source.tokens) - 3)
    assert reader.bound == {"k", "x"}
    assert reader.heads["x"] == "Foo"


# -- hostile text ----------------------------------------------------------------------------------------

SOUP = st.lists(
    st.sampled_from(
        "∀ ∃ ∃! fun λ ∑ ∏ ∫ ⨆ ⋃ ⋂₀ { } ( ) [ ] ⟨ ⟩ ⦃ ⦄ ⟦ ⟧ ⁅ ⁆ ⟪ ⟫ | , . : := ; => ↦ → ∈ x y x.y T let have "
        'match with if then else from show by @ _ \' .1 ⁻¹ ₀ ℝ≥0 =O[ _root_.a 1 "s" /- -/ -- \n'.split(" ")
    ),
    max_size=60,
)


@settings(max_examples=400)
@given(text=SOUP.map(" ".join) | SOUP.map("".join) | st.text(max_size=80))
def test_any_text_is_read_and_places_are_true(text: str) -> None:
    whole = f"theorem t : {text}\n"
    parsed = parse_file(whole)
    source = parsed.source.text
    for raw, command in zip(split_commands(parsed.source), parsed.commands, strict=True):
        if command.declaration is None:
            continue
        reader = ScopedReader(parsed.source.tokens)
        before = set(reader.bound)
        parse_declaration(parsed.source, raw, reader)
        assert before <= reader.bound
        for one in reader.found:
            assert 0 <= one.start < len(source)
            assert one.text
            assert len(one.kinds) in (0, len(one.arguments))
            assert all(raw.start <= b < e <= raw.end for b, e in one.arguments)
            written = one.text[1:] if one.role is Role.FIELD and one.text.startswith(".") else one.text
            assert source.startswith(written, one.start)


@settings(max_examples=150)
@given(
    names=st.lists(st.sampled_from("x y z w".split()), min_size=1, max_size=6),
    binder=st.sampled_from(["∀ {}, p {}", "(∃ {}, p {})", "{{ {} | p {} }}", "f (fun {} ↦ p {})"]),
)
def test_nothing_bound_is_told_as_free(names: list[str], binder: str) -> None:
    """Nested binders, each over the names of those around it."""
    inner = " ".join(dict.fromkeys(names))
    body = f"q {inner}"
    for name in reversed(names):
        body = binder.format(name, f"{name} ({body})")
    assert set(free(f": {body}").split()) <= {"p", "q", "f"}


def steps(make: str, count: int) -> int:
    """How many lines of the walk's own modules run on a text: a measure of work that no clock disturbs."""
    import sys

    text = "theorem t : " + make * count + " := by sorry\n"
    parsed = parse_file(text)
    _ = parsed.source.tokens.closing, parsed.source.tokens.ends
    done = 0

    def trace(frame, event, _):  # type: ignore[no-untyped-def]
        nonlocal done
        done += event == "line"
        return trace

    raws = split_commands(parsed.source)
    raw = next(r for r, c in zip(raws, parsed.commands, strict=True) if c.declaration is not None)
    old = sys.gettrace()
    sys.settrace(trace)
    try:
        parse_declaration(parsed.source, raw, ScopedReader(parsed.source.tokens))
    finally:
        sys.settrace(old)
    return done


@pytest.mark.parametrize(
    "hostile",
    ["∀ x, ", "(x : ", "{x | ", "fun x ↦ ", "λ x ", "⟨x, ", "f ", "x.y ", "| x ", "⁅", "f (", "(a) "],
)
def test_work_grows_with_the_text_alone(hostile: str) -> None:
    small, large = steps(hostile, 100), steps(hostile, 400)
    assert large < 8 * small + 1000


def test_with_too_many_scopes_names_stay_bound() -> None:
    """Past the limit a name may stay bound too long, and is never told as free."""
    many = " ∧ ".join(f"(∀ x{n}, p x{n})" for n in range(1500))
    words = free(f": {many}").split()
    assert set(words) == {"p"}
