"""Two statements as one text."""

from __future__ import annotations

import dataclasses
import re

import pytest

from cramf.evaluation.equivalence import BEQ_PLUS, Pair, Rung
from cramf.evaluation.equivalence.pairs import AbstainError, RefusedError, prepare

HEADER = "import Mathlib\nopen Nat"
PAIR = Pair(
    HEADER,
    "",
    "theorem left (n : ℕ) (h : n = left n) :\n    n ≤ n + 1 := by\n  omega",
    "",
    "@[simp] protected lemma right (m : ℕ) : m < m + 2 := by sorry",
)
EXACT = BEQ_PLUS.rungs[0]


def with_(**changes: str) -> Pair:
    return dataclasses.replace(PAIR, **changes)


def at(text: str, line: int) -> str:
    return text.split("\n")[line - 1]


def test_statements_are_cut_out_and_renamed() -> None:
    text = prepare(PAIR).statements()
    a, b = re.findall(r"theorem (cramf_[0-9a-f]{20}_[ab])", text.text)
    assert (a[-1], b[-1]) == ("a", "b")
    assert text.text == (
        f"theorem {a} (n : ℕ) (h : n = left n) :\n    n ≤ n + 1 := by sorry\n"
        f"theorem {b} (m : ℕ) : m < m + 2 := by sorry"
    )
    assert text.names == ((1, 8), (3, 8))
    assert text.parts == ((1, 2), (3, 3))


def test_names_are_the_same_for_the_same_pair_and_stand_in_no_text() -> None:
    once, again = prepare(PAIR).statements().text, prepare(PAIR).statements().text
    assert once == again
    fresh = re.findall(r"cramf_([0-9a-f]{20})_", once)[0]
    other = prepare(with_(a=f"theorem left : «{fresh}» = 1 := by sorry")).statements().text
    assert fresh not in re.findall(r"cramf_([0-9a-f]{20})_", other)


@pytest.mark.parametrize("goal", [0, 1])
def test_every_line_is_where_it_is_said_to_be(goal: int) -> None:
    prepared = prepare(
        with_(
            helper_a="def half (n : ℕ) := n / 2\n\nnamespace Deep.Er\nsection\nopen Real",
            helper_b="def twice (n : ℕ) := 2 * n",
            a="open Nat in\nopen Int in\ntheorem Own.Space.left (n : ℕ) :\n   half n\n     < n := trivial",
        )
    )
    for rung in BEQ_PLUS.rungs:
        text = prepared.attempt(goal, rung, BEQ_PLUS.preamble)
        first, last = text.proof
        proof = text.text.split("\n")[first - 1 : last]
        assert "\n".join(line[2:] for line in proof) == text.script
        assert at(text.text, first - 1).endswith(":= by")
        assert at(text.text, text.asked).startswith("set_option pp.fullNames true in #print axioms ")
        assert at(text.text, text.asked).endswith(text.fresh)
        assert text.asked == last + 1
        for side, place in enumerate(text.names):
            if place is None:
                assert (rung.alone, side) == (True, 1 - goal)
                continue
            name = text.fresh if side == goal else text.assumed
            line = at(text.text, place[0])
            assert line[: place[1]] == "theorem "
            assert line[place[1] :].split()[0].split(".")[-1] == name
            assert text.parts[side][0] <= place[0] <= text.parts[side][1]
        assert (text.assumed in text.script) == ("{assumed}" in rung.tactics)


def test_a_namespace_in_the_name_is_kept() -> None:
    text = prepare(with_(a="theorem Nat.Prime.left : 1 = 1 := rfl")).statements().text
    assert re.search(r"theorem Nat\.Prime\.cramf_\w+_a : 1 = 1", text)
    root = prepare(with_(a="theorem _root_.Foo.left.{u} (α : Type u) : α = α := rfl"))
    assert re.search(r"theorem _root_\.Foo\.cramf_\w+_a\.\{u\} \(α", root.statements().text)
    assert re.fullmatch(r"apply _root_\.Foo\.cramf_\w+_a", root.script(1, Rung("apply", "apply {assumed}")))
    quoted = prepare(with_(a="theorem Foo.«a b.c» : 1 = 1 := rfl")).statements().text
    assert re.search(r"theorem Foo\.cramf_\w+_a : 1 = 1", quoted)


def test_equal_helpers_stand_once_and_different_ones_in_namespaces() -> None:
    same = prepare(
        with_(
            helper_a="def f := 1\ninstance : Inhabited ℕ := ⟨f⟩",
            helper_b=" def f := 1\n\ninstance : Inhabited ℕ := ⟨f⟩\n",
        )
    )
    assert same.statements().text.count("def f := 1") == 1
    assert "namespace" not in same.statements().text
    apart = prepare(with_(helper_a="def f := 1", helper_b="def f := 2")).attempt(1, EXACT)
    spaces = re.findall(r"^namespace (Cramf\w+)$", apart.text, re.MULTILINE)
    assert len(set(spaces)) == 2
    assert re.findall(r"^end (Cramf\w+)$", apart.text, re.MULTILINE) == spaces
    script = prepare(with_(helper_a="def f := 1")).script(1, Rung("apply", "apply {assumed}"))
    assert re.fullmatch(r"apply Cramf\w+a\.cramf_\w+_a", script)
    assert "namespace" not in prepare(PAIR).statements().text


def test_what_a_helper_leaves_open_is_closed() -> None:
    text = prepare(with_(helper_a="namespace Foo\nnoncomputable section\nsection Bar\nend Bar\ndef f := 1"))
    lines = text.statements().text.split("\n")
    closing = [line for line in lines if line.startswith("end")]
    assert closing[:1] == ["end Bar"]
    assert closing[1:3] == ["end", "end Foo"]
    assert re.fullmatch(r"end Cramf\w+a", closing[3])
    script = text.script(1, Rung("apply", "apply {assumed}"))
    assert re.fullmatch(r"apply Cramf\w+a\.Foo\.cramf_\w+_a", script)


def test_definitions_before_the_theorem_belong_to_its_helper() -> None:
    text = (
        prepare(with_(a="def f := 1\n\nopen Real in\ntheorem left : f = 1 := rfl\n\nend Foo"))
        .statements()
        .text
    )
    assert re.match(
        r"namespace Cramf\w+\ndef f := 1\nopen Real in\ntheorem cramf_\w+_a : f = 1 := by sorry\nend", text
    )


def test_a_long_conclusion_hangs_below_its_tactic() -> None:
    have = next(rung for rung in BEQ_PLUS.rungs if rung.name == "have")
    script = prepare(with_(a="theorem left :\n    ∀ n : ℕ,\n  n = n ∧\n    n = n := by simp")).script(1, have)
    assert script.split("\n")[:4] == [
        "have : ∀ n : ℕ,",
        "      n = n ∧",
        "        n = n := by",
        script.split("\n")[3],
    ]
    assert script.split("\n")[3].startswith("  apply_rules [cramf_")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("", "0 theorems"),
        ("def f := 1", "0 theorems"),
        ("example : 1 = 1 := rfl", "0 theorems"),
        ("theorem one : 1 = 1 := rfl\n\ntheorem two : False := sorry", "2 theorems"),
        ("theorem one : 1 = 1 := rfl\n\ninstance : Inhabited ℕ := ⟨1⟩", "after the theorem"),
        ("theorem one := rfl", "cannot be read"),
        ("theorem : 1 = 1 := rfl", "cannot be read"),
        ("theorem one : := rfl", "states nothing"),
        ("junk before\ntheorem one : 1 = 1 := rfl", "before the first"),
        ("theorem one : (sorry : Prop) := rfl", "`sorry` stands"),
        ("theorem one : let x := 1; x = 1 := rfl", ""),
        ("theorem one (let x y instance : LE ℕ := f) : 1 = 1 := rfl", "`instance` stands"),
    ],
)
def test_what_is_not_one_theorem(statement: str, reason: str) -> None:
    if not reason:
        assert "let x := 1; x = 1 := by sorry" in prepare(with_(b=statement)).statements().text
        return
    with pytest.raises(AbstainError, match=reason) as caught:
        prepare(with_(b=statement))
    assert not isinstance(caught.value, RefusedError)
    assert str(caught.value).startswith("b: ")


@pytest.mark.parametrize(
    "helper",
    [
        "instance : LE ℕ := ⟨fun _ _ => True⟩",
        "def f := 1 instance : LE ℕ := ⟨fun _ _ => True⟩",
        'infixl:65 " ⊞ " => fun a b : ℕ => a',
        "@[default_instance] def g : Inhabited ℕ := ⟨1⟩",
        "@[simp, to_additive] def g := 1",
        "attribute [simp] Nat.succ_ne_zero",
        "def _root_.Nat.f := 1",
        "scoped[Nat] instance : LE ℕ := ⟨fun _ _ => True⟩",
        "structure S where x : ℕ\nderiving instance Repr for S",
    ],
)
def test_what_would_reach_out_of_a_helper(helper: str) -> None:
    with pytest.raises(AbstainError, match="would change the other side too"):
        prepare(with_(helper_b=helper))
    assert helper.split()[0] in prepare(with_(helper_a=helper, helper_b=helper)).statements().text


@pytest.mark.parametrize(
    "helper", ["local instance : LE ℕ := ⟨fun _ _ => True⟩", "@[simp, reducible] def g := 1", "open Real"]
)
def test_what_stays_within_a_helper(helper: str) -> None:
    assert helper in prepare(with_(helper_b=helper)).statements().text


@pytest.mark.parametrize(
    "changes",
    [
        {"a": "axiom cheat : False\ntheorem left : 1 = 1 := cheat.elim"},
        {"b": 'theorem right : 1 = 1 := by run_tac IO.println "x"'},
        {"helper_a": "#eval 1"},
        {"helper_b": 'macro "exact?" : tactic => `(tactic| sorry)'},
        {"header": "import Mathlib\nset_option warn.sorry false"},
        {"header": "import Evil"},
        {"b": "theorem right : 1 = 1 := by native_decide"},
        {"a": 'notation "=" => fun _ _ => True\ntheorem left : 1 = 2 := trivial'},
    ],
)
def test_hostile_texts_never_reach_lean(changes: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="not given to Lean"):
        prepare(with_(**changes))
