"""Reading Lean out of whatever a language model wrote around it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.errors import ExitCode
from cramf.formalize.output import MAX_REPLY, UnreadableReplyError, parse_reply

PLAIN = "theorem t (n : ℕ) : n + 0 = n := by sorry"


def statement(reply: str, name: str = "t") -> str:
    return parse_reply(reply, name).candidate.statement


def header(reply: str) -> list[str]:
    return parse_reply(reply, "t").candidate.header.split("\n")


@pytest.mark.parametrize(
    "reply",
    [
        PLAIN,
        f"```lean\n{PLAIN}\n```",
        f"```lean4\n{PLAIN}\n```",
        f"```Lean\n{PLAIN}\n```",
        f"```\n{PLAIN}\n```",
        f"```text\n{PLAIN}\n```",
        f"```python\n{PLAIN}\n```",
        f"```{{.lean}}\n{PLAIN}\n```",
        f"````lean\n{PLAIN}\n````",
        f"~~~lean\n{PLAIN}\n~~~",
        f"```lean {PLAIN}```",
        f"```lean\n{PLAIN}```",
        f"```lean\n{PLAIN}",
        f"   ```lean\n   {PLAIN}\n   ```",
        f"`{PLAIN}`",
        f"Sure! Here is the theorem you asked for:\n\n```lean\n{PLAIN}\n```\n\nIt says that n + 0 is n.",
        f"Sure! Here is the theorem:\n\n{PLAIN}\n\nThe theorem says that n + 0 is n.",
        f"The\ntheorem below is what you want. Don't worry: it's \"right\" -- I think /- so.\n\n{PLAIN}\n",
        f"Theorem: n + 0 = n.\nWe open the proof.\nopen sets are not needed.\n\n{PLAIN}",
        f"<think>Maybe `theorem wrong : 1 = 2 := by sorry`?</think>\n```lean\n{PLAIN}\n```",
        f"theorem wrong : 1 = 2 := by sorry </think>\n{PLAIN}",
        f"```lean\r\n{PLAIN}\r\n```\r\n",
        "\ufeff```lean\n" + PLAIN.replace("n :", "n\u200b :") + "\n```",
        f"```text\ntheorem n + 0 = n\n```\n```lean\n{PLAIN}\n```",
        f"First attempt:\n```lean\ntheorem t : 1 = 2 := by sorry\n```\nNo. Rather:\n```lean\n{PLAIN}\n```",
        f"```lean\n{PLAIN}\n```\nUsage:\n```lean\n#check t\nexample\n```",
        f"```lean\n-- theorem no : 1 = 2 := by sorry\n/- theorem no : 1 = 3 := by sorry -/\n{PLAIN}\n```",
        f"```lean\nimport Mathlib\n{PLAIN}\n\nend\n```",
        f"```lean\n{PLAIN.replace('theorem', 'lemma')}\n```",
        f"```lean\nprivate {PLAIN}\n```",
        f"```lean\n{PLAIN.replace('theorem t', 'example')}\n```",
        f"```lean\n{PLAIN.replace('theorem t', 'theorem')}\n```",
        f"```lean\n{PLAIN}\n```lean\n#check t\n```",
    ],
)
def test_the_one_theorem_is_found(reply: str) -> None:
    parsed = parse_reply(reply, "t")
    assert parsed.candidate.statement == PLAIN
    assert parsed.candidate.header == "import Mathlib"


@pytest.mark.parametrize(
    "proof",
    [
        ":= by\n  simp",
        ":= rfl",
        ":= sorry",
        ":= by\n  have h : 1 = 1 := rfl\n  exact foo (a := 2) h",
        ":= by -- theorem: a comment with :=\n  sorry",
        ":=\n  fun x => x",
        ":= by\n  open Nat in\n  simp\n\ntermination_by n",
        ":= begin simp end",
        ":= by\n  exact (unclosed",
    ],
)
def test_a_proof_gives_way_to_sorry(proof: str) -> None:
    assert statement(f"```lean\ntheorem t : 1 = 1 {proof}\n```") == "theorem t : 1 = 1 := by sorry"


@pytest.mark.parametrize(
    "kept",
    [
        "theorem t (x : ℕ := 3) (f : ℕ → ℕ) : f x = f x",
        "theorem t : let x := 3; x = 3",
        "theorem t : let x : ℕ := 3\n  have h : x = 3 := rfl\n  x = 3",
        "theorem t : (let x := 3; x) = 3",
        "theorem t : let ⟨a, b⟩ := (1, 2); a + 1 = b",
        "theorem t : let f : ℕ → ℕ | 0 => 1 | n + 1 => n; f 0 = 1",
        'theorem t : "a := b" = "a := b"',
        'theorem t : r#"a " := b"# = "x"',
        "theorem t : 'a' = ':' ∧ f '' s = (· + 1) ⁻¹' s",
        "theorem t (x : ℕ) -- a comment with := inside\n    : x = x",
        "theorem t (x : ℕ) /- := -/ : x = x",
        "theorem t.{u, v} {α : Type u} {β : Type v} (f : α → β) : f = f",
        "theorem t (x : ℝ) :\n  |x| ≤ |x| + 1",
        "theorem t (x : ℝ) :\n    0 ≤\n  |x|",
        "theorem t (o : Option ℕ) : match o with\n  | none => True\n  | some n => 0 ≤ n",
        "theorem t {p : ℕ} [Fact p.Prime] (s : Set ℕ) : {x | x ∈ s} = s",
        "theorem t : { re := 1, im := 2 : ℂ } = ⟨1, 2⟩",
        "theorem t («a b» : ℕ) : «a b» = «a b»",
        "/-- Says `theorem x : 1 = 2 := rfl`. -/\n@[simp, to_additive (attr := simp)]\ntheorem t : 1 = 1",
        "open Real in\ntheorem t : sin π = 0",
        "open Real in theorem t : sin π = 0",
        "set_option maxHeartbeats 400000 in\n/-- doc -/\ntheorem t : 1 = 1",
    ],
)
def test_the_statement_is_kept_to_the_letter(kept: str) -> None:
    for proof in ("by sorry", "by\n  let y := 1\n  simp"):
        assert statement(f"```lean\n{kept} := {proof}\n```") == f"{kept} := by sorry"


def test_a_comment_before_the_proof_does_not_swallow_it() -> None:
    assert (
        statement("```lean\ntheorem t : 1 = 1 -- easy\n  := by sorry\n```") == "theorem t : 1 = 1 := by sorry"
    )


def test_equations_are_a_proof() -> None:
    reply = "```lean\ntheorem t : ∀ n : ℕ, 0 ≤ n\n  | 0 => le_refl 0\n  | n + 1 => by have h := 1; simp\n```"
    assert statement(reply) == "theorem t : ∀ n : ℕ, 0 ≤ n := by sorry"


@pytest.mark.parametrize("given_name", ["foo", "Foo.bar'", "«odd name»", "x₁"])
def test_the_theorem_is_renamed(given_name: str) -> None:
    reply = f"```lean\ntheorem {given_name} (foo : ℕ) : foo = foo := by sorry\n```"
    assert statement(reply, "Ns.wanted") == "theorem Ns.wanted (foo : ℕ) : foo = foo := by sorry"


def test_an_example_gets_a_name_before_its_binders() -> None:
    assert statement("```lean\nexample{n : ℕ} : n = n := rfl\n```") == "theorem t {n : ℕ} : n = n := by sorry"


def test_header_lines_are_kept_and_other_imports_are_not() -> None:
    reply = f"""```lean
import Mathlib.Data.Nat.Prime.Basic
import Aesop
set_option maxHeartbeats 400000
set_option autoImplicit false
open BigOperators Real Nat Topology Rat
open scoped Pointwise
open Finset (range sum)
noncomputable section
universe u v
variable {{α : Type u}} [Group α] (x y : α)

{PLAIN}
```"""
    assert header(reply) == [
        "import Mathlib",
        "set_option maxHeartbeats 400000",
        "set_option autoImplicit false",
        "open BigOperators Real Nat Topology Rat",
        "open scoped Pointwise",
        "open Finset (range sum)",
        "noncomputable section",
        "universe u v",
        "variable {α : Type u} [Group α] (x y : α)",
    ]
    assert statement(reply) == PLAIN
    assert any("Mathlib.Data.Nat.Prime.Basic, Aesop" in note for note in parse_reply(reply, "t").notes)


@pytest.mark.parametrize(
    "line",
    [
        "#eval 1",
        "axiom cheat : False",
        "set_option debug.skipKernelTC true",
        "set_option maxHeartbeats foo",
        "variable (x : ℕ) #eval 1",
        "open Nat #eval 1",
        "universe 3",
        'local notation "N" => ℕ',
        "section",
        "attribute [local simp] foo",
        "run_cmd IO.println 1",
        'macro "x" : term => `(1)',
    ],
)
def test_what_is_no_header_stays_for_the_checkers_to_see(line: str) -> None:
    candidate = parse_reply(f"```lean\nimport Mathlib\n{line}\n{PLAIN}\n```", "t").candidate
    assert candidate.header == "import Mathlib"
    assert candidate.statement == f"{line}\n\n{PLAIN}"


@pytest.mark.parametrize("where", ["autoImplicit true", "relaxedAutoImplicit true", "autoImplicit"])
def test_auto_implicit_is_dropped_and_told(where: str) -> None:
    parsed = parse_reply(f"```lean\nset_option {where}\n{PLAIN}\n```", "t")
    assert parsed.candidate.source == f"import Mathlib\n\n{PLAIN}\n"
    assert f"dropped: set_option {where}" in parsed.notes


def test_definitions_before_the_theorem_are_kept_in_order() -> None:
    reply = """```lean
import Mathlib
open Nat

/-- Twice. -/
def twice (n : ℕ) : ℕ := 2 * n

open Finset

theorem helper : twice 1 = 2 := by rfl

theorem main (n : ℕ) : twice n = n + n := by
  unfold twice; ring
```"""
    candidate = parse_reply(reply, "t").candidate
    assert candidate.header == "import Mathlib\nopen Nat"
    assert candidate.statement == (
        "/-- Twice. -/\ndef twice (n : ℕ) : ℕ := 2 * n\n\nopen Finset\n\n"
        "theorem t (n : ℕ) : twice n = n + n := by sorry"
    )


def test_definitions_in_a_block_of_their_own_belong_to_the_theorem() -> None:
    definition = "```lean\nimport Mathlib\ndef twice (n : ℕ) : ℕ := 2 * n\n```\nNow the theorem:\n"
    theorem = "theorem t (n : ℕ) : twice n = n + n := by sorry"
    assert "def twice" in statement(f"{definition}```lean\n{theorem}\n```")
    # A block with imports is a whole file.
    assert statement(f"{definition}```lean\nimport Mathlib\n{theorem}\n```") == theorem


def test_in_a_namespace_the_name_is_still_the_one_asked_for() -> None:
    reply = f"```lean\nnamespace Foo\n{PLAIN}\nend Foo\n```"
    assert statement(reply) == f"namespace Foo\n\n{PLAIN.replace('theorem t', 'theorem _root_.t')}"
    closed = f"```lean\nnamespace Foo\ndef a : ℕ := 1\nend Foo\n{PLAIN}\n```"
    assert statement(closed).endswith(f"end Foo\n\n{PLAIN}")


def test_of_several_theorems_the_named_one_else_the_last() -> None:
    both = "theorem a : 1 = 1 := by sorry\n\ntheorem b : 2 = 2 := by sorry"
    assert statement(f"```lean\n{both}\n```", "c") == "theorem c : 2 = 2 := by sorry"
    assert statement(f"```lean\n{both}\n```", "a") == "theorem a : 1 = 1 := by sorry"
    assert any("2 theorems; `b` was taken" in n for n in parse_reply(f"```lean\n{both}\n```", "c").notes)


def test_notes_are_silent_where_nothing_was_changed() -> None:
    assert parse_reply(f"```lean\nimport Mathlib\n{PLAIN}\n```", "t").notes == ()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("<think>let me see, theorem t : 1 = 1 := by sorry", "empty"),
        ("The theorem is true.", "no Lean theorem"),
        ("theorem of Lagrange: the order divides := the order", "no Lean theorem"),
        ("I cannot help with the theorem (sorry).", "no Lean theorem"),
        ("```lean\ndef x : ℕ := 3\n```", "no Lean theorem"),
        ("```lean\n-- theorem t : 1 = 1 := by sorry\n```", "no Lean theorem"),
        ("```lean\n/- theorem t : 1 = 1 := by sorry\n```", "no Lean theorem"),
        ("```lean\ntheorem t (n : ℕ) (h : n", "cut off"),
        ("```lean\ntheorem t (n : ℕ) : n =", "cut off"),
        ("```lean\ntheorem t (n : ℕ) : n = n\n```", "cut off"),
        ("```lean\ntheorem t (n : ℕ : n = n := by sorry\n```", "cut off"),
        ("```lean\ntheorem t := by sorry\n```", "cut off"),
        ("```lean\ntheorem t : := by sorry\n```", "cut off"),
        ("```lean\ntheorem t\n```", "cut off"),
        ("```lean\ntheorem\n```", "cut off"),
        # The complete one may be a mere helper of the one that was cut off.
        ("```lean\ntheorem helper : 1 = 1 := by sorry\n\ntheorem main (n : ℕ) : n", "cut off"),
        ("x" * (MAX_REPLY + 1), "longer than"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_a_mend(reply: str, reason: str) -> None:
    with pytest.raises(UnreadableReplyError, match=reason) as caught:
        parse_reply(reply, "t")
    assert caught.value.mend
    assert caught.value.exit_code is ExitCode.BACKEND


def test_what_a_terminal_would_obey_is_removed() -> None:
    text = parse_reply("```lean\ntheorem t : \x1b1 = 1\u202e\x07 := by sorry\n```", "t").candidate.source
    assert text == "import Mathlib\n\ntheorem t : 1 = 1 := by sorry\n"


@pytest.mark.parametrize(
    "piece", ["(", "/-", "```\n", "theorem t : ", "let x := ", '"', "open A in\n", "|\n", "<think>", "«"]
)
def test_repetition_takes_no_more_than_a_moment(piece: str) -> None:
    reply = "```lean\n" + piece * (MAX_REPLY // len(piece) - 10)
    begun = time.perf_counter()
    with pytest.raises(UnreadableReplyError):
        parse_reply(reply[:MAX_REPLY], "t")
    assert time.perf_counter() - begun < 20


_PIECES = ["theorem t ", "lemma ", "example ", ": ", ":= ", "by sorry", "(n : ℕ) ", "```", "lean\n", "\n",
           "-- ", "/- ", "-/ ", '"', "let x := 1; ", "| 0 => 1", "open Nat ", "in ", "namespace A\n",
           "end A\n", "@[simp] ", "1 = 1 ", "«", "»", "'", "`", "set_option ", "import "]  # fmt: skip


_NOISE = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=15).map("".join)


@given(
    st.tuples(_NOISE, st.sampled_from(["", f"\n{PLAIN}\n", f"\n```lean\n{PLAIN}\n```\n"]), _NOISE).map(
        "".join
    )
)
def test_any_reply_gives_one_theorem_of_the_name_or_the_error(reply: str) -> None:
    try:
        candidate = parse_reply(reply, "wanted").candidate
    except UnreadableReplyError:
        return
    assert candidate.name == "wanted"
    assert candidate.header.startswith("import Mathlib")
    assert candidate.statement.endswith(" := by sorry")
    assert "wanted" in candidate.statement
    # What was read once reads the same again.
    again = parse_reply(f"````lean\n{candidate.source}````", "wanted").candidate
    assert again.statement == candidate.statement
