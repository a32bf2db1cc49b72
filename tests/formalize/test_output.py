"""Reading Lean out of whatever a language model wrote around it."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
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
        f"````markdown\n# Answer\n```lean\n{PLAIN}\n```\n````",
        f"```markdown\n```lean\n{PLAIN}\n```\n```\nDone.",
        f"Here it is: ```lean\n{PLAIN}\n```\nIt says so.",
        f"1. ```lean4\n{PLAIN}\n```",
        f"~~~\n{PLAIN}\n~~~\nor in other words ~~~ nothing.",
        f"The answer is `{PLAIN}` and the name `theorem` is Lean's.",
        f"<answer>{PLAIN}</answer>",
        f"<answer>\n{PLAIN}\n</answer>",
        f"<thinking>```lean\ntheorem t : 1 = 2 := by sorry\n```</thinking>\n{PLAIN}",
        f"<|channel|>analysis<|message|>theorem t : 1 = 2 := rfl<|end|><|channel|>final<|message|>{PLAIN}",
        f"<|im_start|>assistant\n{PLAIN}<|im_end|>",
        f"```lean\n{PLAIN.replace(' ', chr(0xA0))}\n```",
        f"```lean\n{PLAIN.replace(' :=', chr(0x2028) + ':=')}\n```",
        json.dumps({"lean": PLAIN}),
        json.dumps({"explanation": "a theorem: about n", "code": f"import Mathlib\n\n{PLAIN}\n"}),
        json.dumps(
            {"answer": {"text": ["It is so.", f"```lean\n{PLAIN}\n```"]}}, indent=2, ensure_ascii=False
        ),
        f"Sure:\n```json\n{json.dumps({'theorem': PLAIN})}\n```",
        json.dumps(f"```lean\n{PLAIN}\n```"),
        json.dumps([{"header": "import Mathlib"}, {"statement": PLAIN}]),
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
    assert candidate.helper == line
    assert candidate.statement == PLAIN


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
    assert candidate.helper == "/-- Twice. -/\ndef twice (n : ℕ) : ℕ := 2 * n\n\nopen Finset"
    assert candidate.statement == "theorem t (n : ℕ) : twice n = n + n := by sorry"


def test_definitions_in_a_block_of_their_own_belong_to_the_theorem() -> None:
    definition = "```lean\nimport Mathlib\ndef twice (n : ℕ) : ℕ := 2 * n\n```\nNow the theorem:\n"
    theorem = "theorem t (n : ℕ) : twice n = n + n := by sorry"
    together = parse_reply(f"{definition}```lean\n{theorem}\n```", "t").candidate
    assert (together.helper, together.statement) == ("def twice (n : ℕ) : ℕ := 2 * n", theorem)
    # A block with imports is a whole file.
    assert parse_reply(f"{definition}```lean\nimport Mathlib\n{theorem}\n```", "t").candidate.helper == ""


def test_in_a_namespace_the_name_is_still_the_one_asked_for() -> None:
    opened = parse_reply(f"```lean\nnamespace Foo\n{PLAIN}\nend Foo\n```", "t").candidate
    assert opened.helper == "namespace Foo"
    assert opened.statement == PLAIN.replace("theorem t", "theorem _root_.t")
    closed = parse_reply(f"```lean\nnamespace Foo\ndef a : ℕ := 1\nend Foo\n{PLAIN}\n```", "t").candidate
    assert closed.helper.endswith("end Foo")
    assert closed.statement == PLAIN


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


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece", ["(", "/-", "```\n", "theorem t : ", "let x := ", '"', "open A in\n", "|\n", "<think>", "«"]
)
def test_repetition_takes_no_more_than_a_moment(piece: str) -> None:
    reply = "```lean\n" + piece * (MAX_REPLY // len(piece) - 10)
    with pytest.raises(UnreadableReplyError):
        parse_reply(reply[:MAX_REPLY], "t")


_PIECES = ["theorem t ", "lemma ", "example ", ": ", ":= ", "by sorry", "(n : ℕ) ", "```", "lean\n", "\n",
           "-- ", "/- ", "-/ ", '"', "let x := 1; ", "| 0 => 1", "open Nat ", "in ", "namespace A\n",
           "end A\n", "@[simp] ", "1 = 1 ", "«", "»", "'", "`", "set_option ", "import "]  # fmt: skip


_NOISE = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=15).map("".join)


@given(
    st.tuples(_NOISE, st.sampled_from(["", f"\n{PLAIN}\n", f"\n```lean\n{PLAIN}\n```\n"]), _NOISE).map(
        "".join
    ),
    st.sampled_from(["```", "````", "`````"]),
)
@example(f"```open Nat in\nprivate (n : ℕ) \n{PLAIN}", "````")
@example(f"variable def x : ℕ := 1\n~~~end A\ntheorem t ~~~~~~\n{PLAIN}\n)fun x => ", "```")
@example(f"noncomputable section\n```  ```in | 0 => 1»\n{PLAIN}\n: lean\n", "```")
@example(f"def x : ℕ := 1\n```  noncomputable section\n  ```\n{PLAIN}\n`(private ", "````")
@example(f"~~~  noncomputable section\n@[simp] \n```lean\n{PLAIN}\n```\n", "```")
def test_any_reply_gives_one_theorem_of_the_name_or_the_error(reply: str, fence: str) -> None:
    try:
        parsed = parse_reply(reply, "wanted")
    except UnreadableReplyError:
        return
    candidate = parsed.candidate
    assert candidate.name == "wanted"
    assert candidate.header.startswith("import Mathlib")
    assert candidate.statement.endswith(" := by sorry")
    assert "wanted" in candidate.statement
    # What was read once reads the same again, in any fence and in none of our own making.
    again = parse_reply(f"{fence}lean\n{candidate.source}{fence}", "wanted")
    assert again.candidate == candidate
    assert parse_reply(json.dumps({"lean": f"{fence}\n{candidate.source}{fence}"}), "wanted") == again


def test_a_stray_fence_with_code_behind_it_leaves_no_trace() -> None:
    # What was found: the dropped `private` made a command of its own of what followed it.
    reply = f"```open Nat in\nprivate (n : ℕ) \n{PLAIN}"
    first = parse_reply(reply, "wanted").candidate
    assert parse_reply(f"````lean\n{first.source}````", "wanted").candidate == first


@given(st.text(max_size=80), st.text(alphabet='{}[]":,`~\n\\ tx', max_size=40))
def test_any_text_around_a_fenced_theorem_keeps_it_whole(before: str, after: str) -> None:
    before = before.replace("`", "").replace("~", "").replace("<", "")
    reply = f"{before}\n```lean\n{PLAIN}\n```\n{after.replace('`', '').replace('~', '')}"
    assert statement(reply) == PLAIN


def test_broken_json_is_no_trap() -> None:
    cut = json.dumps({"lean": PLAIN})[:-15]
    for reply in (cut, "[" * 50_000, '{"a": ' * 20_000, '"' + "\\" * 1000, "{}", "null", '{"lean": 3}'):
        with pytest.raises(UnreadableReplyError):
            parse_reply(reply, "t")


def test_a_truncated_theorem_in_json_is_told() -> None:
    with pytest.raises(UnreadableReplyError, match="cut off"):
        parse_reply(json.dumps({"lean": "theorem t (n : ℕ) : n ="}), "t")


def test_lean_3_reaches_the_checker_as_it_is() -> None:
    theorem = "theorem t : ∀ n : ℕ, (λ x, x) n = n :=\nbegin\n  intro n, refl,\nend"
    reply = f"```lean\nimport data.nat.prime\n{theorem}\n```"
    parsed = parse_reply(reply, "t")
    assert parsed.candidate.statement == "theorem t : ∀ n : ℕ, (λ x, x) n = n := by sorry"
    assert any("data.nat.prime" in note for note in parsed.notes)


def test_complement_at_the_start_of_a_line_is_no_fence() -> None:
    assert statement("```lean\ntheorem t (x : ℕ → Prop) :\n~~~x\n= x := by sorry\n```") == (
        "theorem t (x : ℕ → Prop) :\n~~~x\n= x := by sorry"
    )
