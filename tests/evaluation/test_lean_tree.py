"""Lean statements as trees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.evaluation.lean_tree import MAX_DEPTH, MAX_TOKENS, parse_statement, parse_term, read_whole
from cramf.evaluation.tree import Kind, depth, nodes


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c ^ d", "+(a, *(b, ^(c, d)))"),
        ("a - b - c", "-(-(a, b), c)"),
        ("a ^ b ^ c", "^(a, ^(b, c))"),
        ("-x ^ 2 * y", "*(neg(^(x, 2)), y)"),
        ("p → q → r", "→(p, →(q, r))"),
        ("¬p ∧ q ∨ r → s ↔ t", "↔(→(∨(∧(¬(p), q), r), s), t)"),
        ("p \\/ q /\\ r -> s", "→(∨(p, ∧(q, r)), s)"),
        ("f (g x) y⁻¹", "(f (g x) _⁻¹(y))"),
        ("f x + g y = h z", "=(+((f x), (g y)), (h z))"),
        ("n ! / (n + 1)!", "/(_!(n), _!(+(n, 1)))"),
        ("|a - b| * |c| ≤ ‖v‖", "≤(*((abs -(a, b)), (abs c)), (norm v))"),
        ("||a| - |b|| ≤ 1", "≤((abs -((abs a), (abs b))), 1)"),
        ("⌊x⌋ + ⌈y⌉₊ = 3", "=(+((Int.floor x), (Nat.ceil y)), 3)"),
        ("√2 * √(x + 1)", "*(√(2), √(+(x, 1)))"),
        ("a ≡ b + 1 [ZMOD 7]", "≡ [ZMOD](a, +(b, 1), 7)"),
        ("∀ n ≥ 3, f n = 0", "∀[n](_, →(≥(n, 3), =((f n), 0)))"),
        ("∃ x y : ℝ, x < y", "∃[x](ℝ, ∃[y](ℝ, <(x, y)))"),
        ("∃! x, x ^ 2 = 0 ∧ 0 ≤ x", "∃![x](_, ∧(=(^(x, 2), 0), ≤(0, x)))"),
        ("p ∧ ∀ x, q ∧ r", "∧(p, ∀[x](_, ∧(q, r)))"),
        ("∀ (x : ℝ) (h : 0 < x), f x = 1", "∀[x](ℝ, ∀[h](<(0, x), =((f x), 1)))"),
        ("fun x (y : ℕ) ↦ x + y", "fun[x](_, fun[y](ℕ, +(x, y)))"),
        ("λ x => x", "fun[x](_, x)"),
        ("∑ i ∈ Finset.range 5, i ^ 2 = 30", "=(∑[i]((Finset.range 5), ^(i, 2)), 30)"),
        ("∑ i in s, i * 2 + 1", "+(∑[i](s, *(i, 2)), 1)"),
        ("∏ i : Fin 3, f i", "∏[i](:((Fin 3)), (f i))"),
        ("∑ p ∈ s with p.Prime, p", "∑[p](s, with(p.Prime), p)"),
        ("∫ t in (0 : ℝ)..1, t ^ 2", "∫[t](:(_), ..(:(0, ℝ), 1), ^(t, 2))"),
        ("{x | |x| < 1}", "{|}[x](_, <((abs x), 1))"),
        ("{n : ℕ | n ∣ 12}.ncard", "{|}[n](ℕ, ∣(n, 12)).ncard"),
        ("{x ∈ s | 0 < x}", "{|}[x](_, ∧(∈(x, s), <(0, x)))"),
        ("{y // 0 < y}", "{//}[y](_, <(0, y))"),
        ("{1, 2, x}", "{}(1, 2, x)"),
        ("f '' s ∩ g ⁻¹' t", "∩(''(f, s), ⁻¹'(g, t))"),
        ("(2 : ℝ) / x", "/(:(2, ℝ), x)"),
        ("(a, b) = ⟨1, 2⟩", "=((,)(a, b), ⟨⟩(1, 2))"),
        ("(· < 3)", "fun[·1.1](_, <(·1.1, 3))"),
        ("if 0 < x then x else -x", "if(<(0, x), x, neg(x))"),
        ("let y := x + 1; y = 2", "let[y](_, +(x, 1), =(y, 2))"),
        ("let y : ℕ := x\ny = 2", "let[y](ℕ, x, =(y, 2))"),
        ("(n ^ 2).Prime", "^(n, 2).Prime"),
        ("x.1.2 + (f x).2", "+(x.1.2, (f x).2)"),
        ("Ideal $ ZMod $ p ^ m", "(Ideal (ZMod ^(p, m)))"),
        ("(x : ℕ) → x = x", "∀[x](ℕ, =(x, x))"),
        ("V →ₗ[K] W", "→ₗ[](V, W, K)"),
        ("A →+* B", "→+*(A, B)"),
        ("∀ᶠ x in atTop, 0 < f x", "∀ᶠ[x](:(_), in(atTop), <(0, (f x)))"),
        ("ℝ≥0∞", "ℝ≥0∞"),
        ("f^[2] x", "(^[](f, 2) x)"),
        ("@card G h", "(@(card) G h)"),
        ("s.sum fun i => i", "(s.sum fun[i](_, i))"),
    ],
)
def test_terms_are_read_by_the_precedences_of_lean(text: str, tree: str) -> None:
    bound = ("x", "y", "n", "s")
    found = parse_term(text, bound)
    assert str(found) == tree
    assert read_whole(found)


def test_a_statement_is_a_list_of_binders_before_its_goal() -> None:
    text = (
        "theorem my.name.{u} {G : Type u} [Group G] (x y : G) (h : x * y = 1) :\n  y * x = 1 := by\n  sorry"
    )
    expected = "∀[G](Type, →((Group G), ∀[x](G, ∀[y](G, ∀[h](=(*(x, y), 1), =(*(y, x), 1))))))"
    assert str(parse_statement(text)) == expected
    assert str(parse_statement("@[simp] lemma a : 1 = 1 := rfl")) == "=(1, 1)"
    assert str(parse_statement("example (n : ℕ) : n = n := rfl")) == "∀[n](ℕ, =(n, n))"


def test_bound_names_are_variables_and_others_are_not() -> None:
    tree = parse_statement("theorem t (n : ℕ) : n.succ = Nat.succ n ∧ n.a.b := by sorry")
    fields = [node.label for node in nodes(tree) if node.kind is Kind.FIELD]
    assert fields == ["succ", "b", "a"]
    assert [str(n) for n in nodes(tree) if n.kind is Kind.NAME] == ["ℕ", "Nat.succ"]
    # `x` is a constant outside its binder.
    outside = parse_term("(∃ x, x = 1) ∧ x = 2")
    assert [n.kind for n in nodes(outside) if n.label == "x"] == [Kind.VARIABLE, Kind.NAME]


def test_what_cannot_be_read_is_one_opaque_node_and_the_rest_still_counts() -> None:
    tree = parse_term("x + (x ⊛ y) = 2", ("x",))
    assert not read_whole(tree)
    assert str(tree) == "=(+(x, opaque(x, ⊛, y)), 2)"
    (opaque,) = [node for node in nodes(tree) if node.kind is Kind.OPAQUE]
    assert opaque.children[0].kind is Kind.VARIABLE


@pytest.mark.parametrize(
    "text", ["", "theorem", "theorem x", "(((", "theorem a :", "∀", "∑ i", "{x |", "| |"]
)
def test_broken_text_is_opaque(text: str) -> None:
    assert not read_whole(parse_statement(text))


def test_hostile_sizes_are_bounded() -> None:
    for text in (
        "(" * 3000 + ")" * 3000,
        "x + " * 1900 + "x",
        "¬" * 3000,
        "∀ x, " * 500 + "x",
        "x " * 90_000,
    ):
        tree = parse_term(text)
        assert not read_whole(tree)
        assert depth(tree) <= MAX_DEPTH
    assert parse_term("x " * MAX_TOKENS + "x").children == ()


PIECES = st.sampled_from(
    "( ) { } [ ] ⟨ ⟩ | ‖ ∀ ∃ ∑ ∫ fun let if then else := : , ∈ in .. x y.z 1 2.5 + - * ^ → ↔ ¬ = < ↦ · ! ⁻¹ "
    "theorem ↑ @ _ $ ∂ // [ZMOD √ ℝ≥0 Type* \n".split(" ")
)


@given(st.lists(PIECES, max_size=40), st.text(max_size=20))
def test_nothing_raises(pieces: list[str], tail: str) -> None:
    text = " ".join(pieces) + tail
    assert depth(parse_term(text, ("x",))) <= MAX_DEPTH
    assert depth(parse_statement(f"theorem t {text}")) <= MAX_DEPTH
