"""Rules about names: what means nothing where it stands, what is deprecated, what needs an `open`."""

from __future__ import annotations

from typing import Any

import pytest

from cramf.check.verdict import Part, Severity, Status

BARE = "import Mathlib\n"

FINE = [
    # the order of resolution
    "(n : ℕ) : Nat.sqrt n = n",
    "(n : ℕ) : n.sqrt.sqrt = n",
    "(x : ℝ) : x.sqrt = Real.pi",
    ": _root_.Nat.sqrt 2 = 1",
    ": Topology.Deep.x = Topology.Deep.x",
    "theorem Nat.foo (n : ℕ) : sqrt n = n ∧ gcd n n = n := by sorry",
    "theorem Nat.Deep.foo (n : ℕ) : sqrt n = n := by sorry",
    "namespace Nat\ntheorem foo (n : ℕ) : sqrt n = n := by sorry\nend Nat",
    "open Nat in\ntheorem t (n : ℕ) : sqrt n = n := by sorry",
    "open Nat Real in\ntheorem t (n : ℕ) : sqrt n = n := by sorry",
    "open Nat (sqrt) in\ntheorem t (n : ℕ) : sqrt n = n := by sorry",
    "open Nat hiding gcd in\ntheorem t (n : ℕ) : sqrt n = n := by sorry",
    "open Nat renaming sqrt → root in\ntheorem t (n : ℕ) : root n = n := by sorry",
    "open Nat\nopen Real\ntheorem t (n : ℕ) : sqrt n = n := by sorry",
    "section\nopen Nat\ntheorem t (n : ℕ) : sqrt n = n := by sorry\nend",
    # the candidate's own names
    "def foo (n : ℕ) : ℕ := n\ntheorem t : foo 1 = 1 := by sorry",
    "def foo.bar (n : ℕ) : ℕ := n\ntheorem t : foo.bar 1 = 1 := by sorry",
    "namespace A\ndef foo : ℕ := 1\ntheorem t : foo = A.foo := by sorry\nend A",
    "namespace A\ndef foo : ℕ := 1\nend A\ntheorem t : A.foo = 1 := by sorry",
    "namespace A\ndef foo : ℕ := 1\nend A\nopen A in\ntheorem t : foo = 1 := by sorry",
    "namespace A.B\ndef foo : ℕ := 1\nend A.B\ntheorem t : A.B.foo = 1 := by sorry",
    "theorem foo : 1 = 1 := by sorry\ntheorem t : foo = foo := by sorry",
    "abbrev Foo := ℕ\ntheorem t (x : Foo) : x = x := by sorry",
    "def foo (n : ℕ) : ℕ := foo n\ntheorem t : foo 1 = 1 := by sorry",
    "def foo : ℕ → ℕ\n  | 0 => 1\n  | n + 1 => n * foo n\ntheorem t : foo 1 = 1 := by sorry",
    "def foo : ℕ → ℕ → ℕ\n  | 0, k => k\n  | n + 1, k => foo n k\ntheorem t : foo 1 1 = 1 := by sorry",
    "structure Pair where\n  one : ℕ\n  two : ℕ\ntheorem t (p : Pair) : p.one = p.two := by sorry",
    "structure Pair where\n  one : ℕ\ntheorem t : Pair.mk 1 = ⟨1⟩ ∧ { one := 1 : Pair } = ⟨1⟩ := by sorry",
    "structure Pair where\n  one : ℕ\ndef Pair.two (p : Pair) : ℕ := p.one\n"
    "theorem t (p : Pair) : p.two = p.one := by sorry",
    "class Nice (α : Type*) where\n  nice : α → α\n"
    "theorem t {α} [Nice α] (a : α) : Nice.nice a = a := by sorry",
    "inductive Color where\n  | red\n  | green (n : ℕ)\n"
    "theorem t (c : Color) : c = .red ∨ c = .green 1 := by sorry",
    "inductive Color where | red | green\ntheorem t (c : Color) : c = .red ∨ c = Color.green := by sorry",
    "inductive Color | red | green\ntheorem t (c : Color) : c = .red ∨ c = Color.green := by sorry",
    "inductive Tree (α : Type)\n  | leaf : Tree α\n  | node : α → Tree α → Tree α\n"
    "theorem t : (Tree.leaf : Tree ℕ) = .leaf := by sorry",
    'notation "foo" => Nat.sqrt\ntheorem t : foo 1 = 1 := by sorry',
    'local notation "E" => ℕ → ℕ\ntheorem t (x : E) : x = x := by sorry',
    'local infixl:65 " ⊕⊕⊕ " => Nat.gcd\ntheorem t : 1 ⊕⊕⊕ 2 = 1 := by sorry',
    # variables and universes
    "variable (k : ℕ)\ntheorem t : k = k := by sorry",
    "variable {G : Type*} [Group G] (H : Subgroup G)\ntheorem t [H.Normal] : H.index = 1 := by sorry",
    "section\nvariable (k : ℕ)\ntheorem t : k = k := by sorry\nend",
    "variable (k : ℕ) in\ntheorem t : k = k := by sorry",
    "universe u v\ntheorem t (α : Type u) (β : Type (max u v)) (a : α) : a = a := by sorry",
    "theorem t.{u, v} (α : Type u) (β : Type (max u v)) (a : α) : a = a := by sorry",
    "universe u\nvariable (α : Type u)\ntheorem t (a : α) : id.{u} a = a := by sorry",
    # notation
    "(n : ℕ) : n ≡ 1 [MOD 2]",
    "(x : ℝ) : 𝓝 x = nhds x",
    "(x : ℝ) (s : Set ℝ) : 𝓝[s] x = nhds x",
    "open Nat in\ntheorem t (n : ℕ) : φ n = n := by sorry",
    "open scoped Nat in\ntheorem t (n : ℕ) : φ n = n := by sorry",
    "open scoped Real ComplexConjugate in\ntheorem t (z : ℂ) : conj = z ∧ π = π := by sorry",
    "open Strange Scoped.Only in\ntheorem t (m n : ℕ) : m ⊕⊕ n = n := by sorry",
    # dot notation
    "(s : Set ℝ) : s.Finite ∧ (s).Finite ∧ (Set.univ : Set ℝ).Finite ∧ {x : ℝ | x = 1}.Finite",
    "(s : Finset ℕ) (f : ℕ → ℕ) : s.sum f = s.card ∧ f.Injective",
    "(d : Derived) : d.low = 1 ∧ d.high = 2 ∧ d.low.sqrt = 1",
    "(d : Sub) : d.low = 1",
    "(v : Vague) : v.card = 1",
    "{α : Type*} (a : α) : a.card = 1",
    "(p : ℕ × ℕ) : p.1.sqrt = p.2",
    "(f : ℕ → ℝ) : (f 1).sqrt = 1 ∧ (f 1 + 1).sqrt = 1 ∧ (f 1).card = 1",
    "(s : Set ℝ) (x : s) : x.1 = 1 ∧ (x : ℝ).sqrt = 1",
    "(f : ℝ → ℝ) : Filter.Tendsto f .atTop (𝓝 0)",
    "(z : ℂ) : z.re = z.im ∧ z.re.sqrt = 1",
    # what looks like names and is none
    ": Type = Type ∧ Prop = Prop ∧ rfl = rfl",
    "(h : 1 = 1) (_ : 2 = 2) : 1 = 1",
    ": ∃ x ∈ (Set.univ : Set ℕ), ∃! y, x = y",
    "{x y : ℝ} (h : x = y) : y = x ∧ ∀ z, z = x → z = y",
    "(x : ℕ) : (match x with | 0 => 1 | n + 1 => n) = x",
    "(x y : ℕ) : (match x, y with | 0, b => b | a + 1, b => a) = x",
    "(x : ℕ) : let ⟨a, b⟩ := (x, x); a = b",
    "(h : let y := 2; y = 3) : 1 = 1",
    "/-- About `Unknown.thing`. -/\ntheorem t : 1 = 1 := by\n  exact unknown -- Unknown",
]


@pytest.mark.parametrize("statement", FINE)
def test_nothing_is_told(small: Any, statement: str) -> None:
    verdict = small.judge(statement)
    assert verdict.diagnostics == ()
    assert verdict.status is Status.VALID


@pytest.mark.parametrize(
    ("statement", "name", "first"),
    [
        ("(n : ℕ) : Nat.sqr n = n", "Nat.sqr", "Nat.sqrt"),
        ("(n : ℕ) : sqrt n = n", "sqrt", "Real.sqrt"),
        ("(n : ℕ) : nat.sqrt n = n", "nat.sqrt", "Nat.sqrt"),
        ("(s : Set ℝ) : is_compact s", "is_compact", "IsCompact"),
        ("(s : Set ℝ) : iscompact s", "iscompact", "IsCompact"),
        ("(f : ℝ → ℝ) : Injective f", "Injective", "Function.Injective"),
        ("(f : ℝ → ℝ) : Tendsto f Filter.atTop (𝓝 0)", "Tendsto", "Filter.Tendsto"),
        (": Set.Card 1 = 2", "Set.Card", None),
        ("open Nat in\ntheorem t : card ℕ = 1 := by sorry", "card", "Nat.card"),
        ("open Nat (sqrt) in\ntheorem t : gcd 1 2 = 1 := by sorry", "gcd", None),
        ("open Nat hiding gcd in\ntheorem t : gcd 1 2 = 1 := by sorry", "gcd", None),
        ("open Nat renaming sqrt → root in\ntheorem t : sqrt 1 = 1 := by sorry", "sqrt", None),
        ("open scoped Nat in\ntheorem t : gcd 1 2 = 1 := by sorry", "gcd", None),
        ("open Nat in\ndef a : ℕ := 1\ntheorem t : gcd 1 2 = 1 := by sorry", "gcd", None),
        ("namespace Nat\nend Nat\ntheorem t : gcd 1 2 = 1 := by sorry", "gcd", None),
        ("section\nopen Nat\nend\ntheorem t : gcd 1 2 = 1 := by sorry", "gcd", None),
        ("theorem _root_.Nat.foo : gcd 1 2 = 1 := by sorry", "gcd", None),
        ("theorem foo.Nat : gcd 1 2 = 1 := by sorry", "gcd", None),
        (": _root_.sqrt 1 = 1", "_root_.sqrt", "Real.sqrt"),
        ("(h : ∀ foo, foo = 1) : foo = 2", "foo", None),
        ("(h : ∃ foo, foo = 1) (k : foo = 1) : 1 = 1", "foo", None),
        (": {foo | foo = 1} = Set.image id foo", "foo", None),
        ("(h : (fun foo ↦ foo) = id) : foo = 2", "foo", None),
        (": id (2) (foo : ℝ) = 1", "foo", None),
        (": let y : Unknown := 1; y = y", "Unknown", None),
        ("(x : Unknown) : x.card = x.low", "Unknown", None),
        ("def helper : Unknown := 1\ntheorem t : helper = 1 := by sorry", "Unknown", None),
        ("def helper : ℕ := unknown 1\ntheorem t : helper = 1 := by sorry", "unknown", None),
        ("structure S where\n  one : Unknown\ntheorem t (s : S) : s = s := by sorry", "Unknown", None),
        ("variable (x : Unknown)\ntheorem t : x = x := by sorry", "Unknown", None),
        ("theorem t : later = 1 := by sorry\ndef later : ℕ := 1", "later", None),
        ("namespace A\ndef foo : ℕ := 1\nend A\ntheorem t : foo = 1 := by sorry", "foo", None),
    ],
)
def test_unknown_identifiers(small: Any, statement: str, name: str, first: str | None) -> None:
    found = small.only(statement)
    assert (found.category, found.name, found.severity) == ("unknown_identifier", name, Severity.ERROR)
    assert f"`{name}`" in found.message
    assert len(set(found.suggestions)) == len(found.suggestions) <= 3
    if first is not None:
        assert found.suggestions[0] == first


def test_a_name_is_told_once(small: Any) -> None:
    found = small.told(": foo 1 = foo 2 ∧ bar = foo")
    assert found == [("unknown_identifier", "foo"), ("unknown_identifier", "bar")]


def test_a_protected_name_is_not_to_be_opened(small: Any) -> None:
    found = small.only("open Nat in\ntheorem t : card ℕ = 1 := by sorry")
    assert "open `Nat`" not in found.message


def test_what_is_in_another_namespace_is_told_with_it(small: Any) -> None:
    found = small.only("(f : ℝ → ℝ) : Injective f")
    assert "`Function.Injective` exists" in found.message
    assert "open `Function`" in found.message


@pytest.mark.parametrize("name", ["x", "α", "x₁", "x'", "n₀", "a_1", "G", "γ", "ψ", "h'"])
def test_single_letters_are_told_as_unbound(small: Any, name: str) -> None:
    found = small.only(f": {name} = 1")
    assert (found.category, found.name, found.suggestions) == ("autobound", name, ())
    assert (found.line, found.column, found.end_column) == (1, 12, 12 + len(name))


def test_a_letter_that_is_notation_elsewhere_is_told(small: Any) -> None:
    """`φ` is notation of two scopes here; unbound it may be meant as a variable."""
    found = small.only("(n : ℕ) : φ n = n")
    assert found.category in ("autobound", "not_opened")
    assert small.told("(φ : ℕ → ℕ) (n : ℕ) : φ n = n") == []
    assert small.told("(h : ∀ φ : ℕ, φ = 1) (π conj : ℕ) : π = conj") == []


@pytest.mark.parametrize(
    ("statement", "name", "first"),
    [
        ("(n : ℕ) : n.sqr = n", "n.sqr", "Nat.sqrt"),
        ("(n : ℕ) : n.rpow n = n", "n.rpow", "Real.rpow"),
        ("(x : ℝ) : x.gcd x = x", "x.gcd", None),
        ("(s : Finset ℕ) : s.ncard = 1", "s.ncard", None),
        ("(s : Finset ℕ) : (s).ncard = 1", ".ncard", None),
        ("(s : Finset ℕ) : s.zzz = 1", "s.zzz", None),
        ("{α : Type} (a : α) : a.zzz = 1", "a.zzz", None),
        ("(d : Derived) : d.middle = 1", "d.middle", None),
        ("(d : Derived) : d.card = 1", "d.card", None),
        ("(d : Sub) : d.card = 1", "d.card", None),
        (": ∀ n : ℕ, n.ncard = 1", "n.ncard", None),
        (": (1 : ℕ).ncard = 1", ".ncard", None),
        ("(f : ℝ → ℝ) : Filter.Tendsto f .atTopp (𝓝 0)", "atTopp", None),
        ("(f : ℝ → ℝ) : Filter.Tendsto f (.atTopp) (𝓝 0)", "atTopp", None),
        ("{s : Set ℝ} : {x : ℝ | x = 1}.zzz", ".zzz", None),
        ("structure P where\n  one : ℕ\ntheorem t (p : P) : p.zzz = 1 := by sorry", "p.zzz", None),
    ],
)
def test_unknown_fields(small: Any, statement: str, name: str, first: str | None) -> None:
    found = small.only(statement)
    assert (found.category, found.severity) == ("unknown_field", Severity.ERROR)
    assert found.name in (name, name.lstrip("."))
    if first is not None:
        assert found.suggestions[0] == first


def test_only_what_is_surely_no_field_is_told_of_sets(small: Any) -> None:
    """`Set` unfolds to functions, so a field of either is one of a set; others are not."""
    assert small.told("(s : Set ℝ) : s.Injective") == []
    assert small.told("(s : Set ℝ) : s.zzz") == [("unknown_field", "s.zzz")]


@pytest.mark.parametrize(
    ("statement", "header", "name", "part", "place"),
    [
        ("open Nowhere in\ntheorem t : 1 = 1 := by sorry", BARE, "Nowhere", Part.STATEMENT, (1, 5)),
        ("open Nat Nowhere Real in\ntheorem t : 1 = 1 := by sorry", BARE, "Nowhere", Part.STATEMENT, (1, 9)),
        ("open scoped Nowhere\ntheorem t : 1 = 1 := by sorry", BARE, "Nowhere", Part.STATEMENT, (1, 12)),
        ("open Nowhere (a b)\ntheorem t : 1 = 1 := by sorry", BARE, "Nowhere", Part.STATEMENT, (1, 5)),
        (": 1 = 1", "import Mathlib\nopen Nat\nopen Reals\n", "Reals", Part.HEADER, (3, 5)),
        (": 1 = 1", "import Mathlib\nopen Nat.Reals\n", "Nat.Reals", Part.HEADER, (2, 5)),
    ],
)
def test_unknown_namespaces(
    small: Any, statement: str, header: str, name: str, part: Part, place: tuple[int, int]
) -> None:
    found = small.only(statement, header)
    assert (found.category, found.name, found.part) == ("unknown_namespace", name, part)
    assert (found.line, found.column, found.end_column) == (*place, place[1] + len(name))


@pytest.mark.parametrize(
    "opened",
    ["Nat Real", "Topology.Deep", "Topology Deep", "_root_.Nat", "Scoped.Only", "Strange", "Nat.Prime Nat"],
)
def test_known_namespaces(small: Any, opened: str) -> None:
    assert small.told(": 1 = 1", f"import Mathlib\nopen {opened}\n") == []
    if opened != "Topology Deep":  # the second is found in the first, which `open scoped` does not open
        assert small.told(": 1 = 1", f"import Mathlib\nopen scoped {opened}\n") == []


@pytest.mark.parametrize(
    "helper",
    [
        "namespace Mine\nend Mine",
        "namespace Mine.Inner\ndef a : ℕ := 1\nend Mine.Inner",
        "def Mine.a : ℕ := 1",
        "structure Mine where\n  a : ℕ",
    ],
)
def test_the_candidates_own_namespaces_may_be_opened(small: Any, helper: str) -> None:
    assert small.told("open Mine in\ntheorem t : 1 = 1 := by sorry", helper=helper) == []


def test_the_helper_is_known_to_the_statement(small: Any) -> None:
    helper = "def foo (n : ℕ) : ℕ := n\nstructure P where\n  one : ℕ"
    assert small.told("(p : P) : foo p.one = 1", helper=helper) == []
    found = small.only("(p : P) : fooo p.one = 1", helper=helper)
    assert (found.name, found.part, found.line) == ("fooo", Part.STATEMENT, 1)
    found = small.only(": foo 1 = 1", helper="\ndef foo (n : Unknown) : ℕ := n")
    assert (found.name, found.part, found.line, found.column) == ("Unknown", Part.HELPER, 2, 13)


@pytest.mark.parametrize(
    ("statement", "name", "instead", "since"),
    [
        ("(n : ℕ) : Nat.isqrt n = n", "Nat.isqrt", "Nat.sqrt", "2025-03-04"),
        ("(n : ℕ) : n.isqrt = n", "Nat.isqrt", "Nat.sqrt", "2025-03-04"),
        ("(n : ℕ) : (n).isqrt = n", "Nat.isqrt", "Nat.sqrt", "2025-03-04"),
        ("theorem Nat.t : isqrt 1 = 1 := by sorry", "Nat.isqrt", "Nat.sqrt", "2025-03-04"),
        ("open Nat in\ntheorem t : isqrt 1 = 1 := by sorry", "Nat.isqrt", "Nat.sqrt", "2025-03-04"),
        (": Set.gone = 1", "Set.gone", None, None),
    ],
)
def test_deprecated(small: Any, statement: str, name: str, instead: str | None, since: str | None) -> None:
    verdict = small.judge(statement)
    (found,) = verdict.diagnostics
    assert verdict.status is Status.VALID
    assert (found.category, found.severity) == ("deprecated", Severity.WARNING)
    assert f"`{name}`" in found.message
    assert found.suggestions == ((instead,) if instead else ())
    assert (since or "since") in found.message if since else "since" not in found.message


@pytest.mark.parametrize(
    ("statement", "token", "scopes"),
    [
        ("(x : ℝ) : 𝓝 x = nhds x", "𝓝", ["Topology"]),
        ("(x : ℝ) (s : Set ℝ) : 𝓝[s] x = nhds x", "𝓝[", ["Topology"]),
        (": conj = conj", "conj", ["ComplexConjugate"]),
        ("(m n : ℕ) : m ⊕⊕ n = n", "⊕⊕", ["Strange"]),
    ],
)
def test_notation_that_is_not_opened(small: Any, statement: str, token: str, scopes: list[str]) -> None:
    found = small.only(statement, BARE)
    assert (found.category, found.name) == ("not_opened", token)
    for scope in scopes:
        assert f"open scoped {scope}" in found.suggestions
        assert small.told(statement, f"{BARE}open scoped {scope}\n") == []
        assert small.told(statement, f"{BARE}open {scope}\n") == []


def test_a_namespace_opens_its_own_notation(small: Any) -> None:
    assert small.told("namespace Real\ntheorem t : π = π := by sorry\nend Real", BARE) == []
    assert small.told("theorem Real.t : π = π := by sorry", BARE) == []


def test_scopes_end(small: Any) -> None:
    text = "section\nopen scoped Topology\nend\ntheorem t (x : ℝ) : 𝓝 x = nhds x := by sorry"
    assert small.told(text, BARE) == [("not_opened", "𝓝")]
    text = "variable (k : ℕ) in\ndef a : ℕ := k\ntheorem t : kk = 1 := by sorry"
    assert small.told(text, BARE) == [("unknown_identifier", "kk")]


def test_positions_in_all_parts(small: Any) -> None:
    for newline in ("\n", "\r\n"):
        header = newline.join(["import Mathlib", "-- é 𝕜", "open Nat"]) + newline
        helper = newline.join(["/- 𝔸 -/ def a : Aa := 1", ""])
        statement = newline.join(["theorem t (𝕜 : ℕ) :", "  𝕜 = Bb ∧", "  /- ℝ -/ Cc = 𝕜 := by sorry"])
        found = small.judge(statement, header, helper).diagnostics
        places = [(d.name, d.part, d.line, d.column, d.end_line, d.end_column) for d in found]
        assert places == [
            ("Aa", Part.HELPER, 1, 16, 1, 18),
            ("Bb", Part.STATEMENT, 2, 6, 2, 8),
            ("Cc", Part.STATEMENT, 3, 10, 3, 12),
        ]


def test_what_a_verdict_rests_on(small: Any) -> None:
    verdict = small.judge("(n : ℕ) (s : Set ℝ) (x : ℝ) : n.sqrt = s.ncard ∧ 𝓝 x = nhds x")
    assert set(verdict.resolved) == {"Nat", "Set", "Real", "Nat.sqrt", "Set.ncard", "nhds"}


def test_a_long_name_is_told_short(small: Any) -> None:
    found = small.only(": " + "Long" * 100 + " = 1")
    assert len(found.message) < 400
    assert found.category == "unknown_identifier"
