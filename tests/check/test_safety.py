"""Hostile Lean is refused, ordinary statements are not."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.check.safety import COMMAND_WORDS, MAX_CHARACTERS, screen, screen_candidate
from cramf.check.verdict import Candidate, Part

DATA = Path(__file__).parents[3] / "shared" / "data"
GOOD = "theorem t : 1 = 1 := by sorry"

# Written by hand, of the statement only; tests/check/test_hostile.py takes the others too.
TRICKS = Path(__file__).parents[2] / "eval" / "hostile_tricks.jsonl"
ROWS = [json.loads(line) for line in TRICKS.read_text(encoding="utf-8").splitlines()]
HOSTILE = [row["statement"] for row in ROWS if "header" not in row and "helper" not in row]

HARMLESS = [
    GOOD,
    "theorem t (s : Finset ℕ) : #s = s.card := rfl",
    "theorem t (s t : Finset ℕ) (h : #(s ∩ t) ≤ # s) : #{x ∈ s | x < 3} ≤ #s := by sorry",
    "theorem t (A : Finset ℕ) : (#A : ℝ) = #A ∧ ∑ i ∈ A, #A = #A * #A := by sorry",
    "theorem t {X : Type*} [TopologicalSpace X] (x : X) (h : 𝓝[≠] x ≠ ⊥) : 𝓝 x = 𝓝 x := by sorry",
    "theorem t (x₁ x₂ : ℝ) (h₀ : x₁ ≠ x₂) (f' : ℝ → ℝ) (hf' : f'' = f') : ∃ c, f' c = 0 := by sorry",
    "theorem t (K : Type*) [Field K] [NumberField K] : 𝓞 K = 𝓞 K ∧ 𝓘(ℝ, ℝ) = 𝓘(ℝ, ℝ) := by sorry",
    "open Real in\ntheorem t : sin 0 = 0 := by sorry",
    "open scoped BigOperators Topology\nnoncomputable section\nvariable {G : Type*} [Group G]",
    "theorem my_axiom (h : Foo.axiom) : axiom_of_choice ∧ Nat.syntax' ∧ x.opaque := by sorry",
    "theorem t (hIO : Prop) (IO' : Prop) (macros : ℕ) : important = unsafely := by sorry",
    "theorem elaborate (syntactic : Prop) : f.elab x = h.1.symm := by sorry",
    "/-- The axiom of choice, as a macro; `#eval` and {import}. -/\ntheorem t : 1 = 1 := by sorry",
    "-- import nothing, run_cmd nothing\ntheorem t : 1 = 1 := by sorry /- axiom /- unsafe -/ IO -/",
    "@[simp, to_additive (attr := simp) foo] theorem t : 1 = 1 := by sorry",
    "attribute [local instance] Classical.propDecidable\ntheorem t : 1 = 1 := by sorry",
    "attribute [-simp] foo\n@[ext] structure S where\n  x : ℕ",
    "set_option maxHeartbeats 400000 in\ntheorem t : 1 = 1 := by sorry",
    "set_option autoImplicit false\nset_option relaxedAutoImplicit false\nset_option pp.all true",
    "set_option linter.unusedVariables false in\nset_option maxRecDepth 1000 in\n" + GOOD,
    "theorem t (c : Char) (h : c = 'a' ∨ c = '\\n' ∨ c = '\"') (s : String) : s ≠ \"a b\" := by sorry",
    "theorem t [P.IsRootSystem] [NumberField K] : @IsPiSystem α s ∧ (IsIO x) ∧ {myMacro_macro} = 1",
    "theorem t [P₁.IsRootSystem] (h : (f x).myIO = 1) : ⟨1⟩.the_macro = α.to_axiom ∧ |>.my_axiom = 1",
    "theorem t (a b : ℕ) : a ≡ b [MOD 3] → (a : ℤ) ≡ b [ZMOD 3] ∧ ⊤_ C = ⊤_ C ∧ a ∣_ b := by sorry",
    'local notation "φ" => Nat.totient\nlocal infixl:65 " ⋆ " => fun a b : ℕ ↦ a * b\nprefix:max "√√" => f',
    '@[stacks 04PS "one two", deprecated foo (since := "2024-01-01")] theorem t : 1 = 1 := by sorry',
    "theorem registered (declared : ℕ) : declared = built_in := by sorry",
    "theorem t (e : α ≃o β) (f : α →*o β) : (f ∘r g) = h ∧ (attributes : ℕ) = 1 := by sorry",
    "theorem «a name» : 1 = 1 := by sorry",
    "theorem t (n : ℕ) : n ! = n.factorial ∧ n‼ = n‼ ∧ n !₃ = 1 := by sorry",
    "theorem t (f : ℕ →₀ ℝ) : ∀ᶠ x in 𝓝 0, ‖f x‖ ≤ 1 ∧ ⟪x, x⟫_ℝ = 0 := by sorry",
    "theorem t (p : ℝ[X]) : p.natDegree = 3 → |x - y| < ε ∧ x ∣ y ∧ ⌊x⌋₊ = 1 := by sorry",
    'local notation "limsup" => fun u : ℕ → EReal => Filter.limsup u Filter.atTop',
    "theorem t : 1 = 1 :=\r\n  by sorry\r\n",
    "theorem t (constant says natives widget : ℕ) : natives = 1 → constant = says := by sorry",
    "instance : Inhabited ℕ := ⟨0⟩\ninductive T | a | b\nabbrev I : Set ℝ := Set.Icc 0 1",
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused(text: str) -> None:
    screening = screen(text)
    assert screening.refusals
    assert not screening.accepted
    assert screening.text == ""
    assert all(r.reason and r.line >= 1 and r.column >= 0 for r in screening.refusals)


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_is_accepted(text: str) -> None:
    assert screen(text).refusals == ()


@pytest.mark.parametrize("word", sorted(COMMAND_WORDS))
def test_every_command_word_is_refused(word: str) -> None:
    assert not screen(f"  #{word} x").accepted
    assert not screen(f"{GOOD}\n  #{word}_more").accepted


@pytest.mark.parametrize(
    "header",
    [
        "import Mathlib",
        "import Mathlib\nimport Aesop\nset_option maxHeartbeats 400000\nopen BigOperators Real Nat Topology",
        "import Mathlib.Data.Nat.Prime.Basic -- primes\n\nopen Nat\n",
        "import Mathlib.Lean.Expr\nimport Mathlib.Tactic.Linarith\n",
        "import Mathlib\r\nopen Nat\r\n",
        "",
    ],
)
def test_ordinary_headers(header: str) -> None:
    assert screen(header, header=True).refusals == ()


@pytest.mark.parametrize(
    "header",
    [
        "import Lean",
        "import Mathlib Lean",
        "import Mathlib\nimport Lake",
        "import all Mathlib",
        "public meta import Mathlib",
        "import «Mathlib»",
        "import Mathlib.«Evil»",
        "import MathlibEvil",
        "import\nLean",
        "import /- -/ Lean",
        "open Nat import Lean",
        "import Mathlib #eval 1",
        "module\nimport Mathlib",
        "prelude\nimport Mathlib",
        "module -- x\npublic import Mathlib",
        "import Mathlib.Data.Nat.Prime.Basic\nopen Lean",
        "import " + "Mathlib" * 4000 + "!",
    ],
)
def test_hostile_headers(header: str) -> None:
    assert not screen(header, header=True).accepted


def test_the_place_is_told() -> None:
    (refusal,) = screen(f"{GOOD}\n  axiom a : False").refusals
    assert (refusal.word, refusal.line, refusal.column) == ("axiom", 2, 2)
    assert str(refusal) == "it adds to the logic or trusts compiled code (`axiom`, line 2, column 2)"


def test_comments_are_blanked_and_nothing_moves() -> None:
    text = "/-- α doc\nline -/ theorem t : 1 = 1 := /- a /- b -/ -/ rfl -- end\n/-! m -/"
    screened = screen(text).text
    assert screened == ("/--      \n     -/ theorem t : 1 = 1 := /-           -/ rfl --    \n/-!   -/")
    assert len(screened) == len(text)


def test_what_is_no_comment_stays() -> None:
    text = 'theorem t : "- a / - b" ≠ r"\\" ∧ \'"\' ≠ \'x\' ∧ «- n» = 1 := by sorry'
    assert screen(text).text == text


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["#", "eval", "--", "/-", "-/", '"', "'", "«", "»", "\\", "r", "x", " ", "\n", "{", "}", "!"]
        )
    )
)
def test_no_command_ever_reaches_lean(pieces: list[str]) -> None:
    """Whatever the quotes and comments are, an accepted text holds no `#eval` and has kept its shape."""
    text = "".join(pieces)
    screening = screen(text)
    if screening.accepted:
        assert "#eval" not in screening.text
        assert [len(line) for line in screening.text.split("\n")] == [len(line) for line in text.split("\n")]
        assert all(a in (b, " ") for a, b in zip(screening.text, text, strict=True))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    screening = screen(text, header=True)
    assert screening.accepted or screening.text == ""


@pytest.mark.parametrize(
    "unit", ["@[", "macro.", "/-", '"', "«", "r#", "'", "#eval ", "import ", "(", "λ", "attribute [a,", "x.x"]
)
def test_long_text_is_read_in_time(unit: str) -> None:
    start = time.monotonic()
    screen((unit * MAX_CHARACTERS)[:MAX_CHARACTERS], header=True)
    assert time.monotonic() - start < 5


def test_overlong_text_is_refused() -> None:
    assert "longer than" in screen("x" * (MAX_CHARACTERS + 1)).refusals[0].reason


def test_hostile_pieces_amid_ordinary_ones() -> None:
    """A forbidden line is found wherever it stands among harmless ones."""
    rng = random.Random(7)
    lines = ["#eval 1", "axiom a : False", "run_cmd x", "import Lean", "unsafe def f := 1"]
    for _ in range(300):
        text = [t for t in rng.sample(HARMLESS, 4) if "\r" not in t]
        text.insert(rng.randrange(len(text) + 1), rng.choice(lines))
        assert not screen("\n".join(text)).accepted


@pytest.mark.parametrize(
    ("header", "helper", "statement", "part"),
    [
        ("import Mathlib\n@[simp,", "", "term_elab foo] def f := 1", Part.HEADER),
        ("import Mathlib", "@[simp", ", term_elab foo] theorem t : 1 = 1 := by sorry", Part.HELPER),
        ("import Mathlib\nattribute", "", "[term_elab foo] f", Part.HEADER),
        ("import Mathlib\nset_option", "", "debug.skipKernelTC true in\n" + GOOD, Part.HEADER),
        ("import Mathlib\nlocal notation", "", '"ℝ" => ℕ\n' + GOOD, Part.STATEMENT),
        ("import Mathlib\nprefix:max", '"#a" => f', "def x := #ab", Part.HELPER),
        ("import Mathlib", "theorem u : 1 = 1 := by simp (", "config := evil)", Part.HELPER),
        ("import", "", "Lean", Part.HEADER),
        ("", "", "import Mathlib", Part.STATEMENT),
        ("", "import Mathlib", GOOD, Part.HELPER),
        ("", "", "prelude", Part.STATEMENT),
        ("import Mathlib /-", "", "-/ #eval 1", Part.HEADER),
        ('import Mathlib\nopen Nat "', "", '" #eval 1', Part.HEADER),
    ],
)
def test_parts_are_screened_together(header: str, helper: str, statement: str, part: Part) -> None:
    """What is harmless in each part may be hostile where they join."""
    _, refused = screen_candidate(Candidate("t", header, statement, helper))
    assert refused[0].part is part
    assert all(r.category == "forbidden" and r.line is not None for r in refused)


def test_an_accepted_candidate_is_the_screened_one() -> None:
    given = Candidate("t", "import Mathlib -- all\n", f"{GOOD} -- end", "def f := 1 /- x -/")
    safe, refused = screen_candidate(given)
    assert refused == ()
    assert safe == Candidate("t", "import Mathlib --", f"{GOOD} --", "def f := 1 /-   -/") or (
        safe.source == f"import Mathlib --\n\ndef f := 1 /-   -/\n\n{GOOD} --\n"
    )


@pytest.mark.data
@pytest.mark.skipif(
    not DATA.is_dir(), reason="no ../shared/data: benchmark statements are not in the repository"
)
@pytest.mark.parametrize("name", ["proofnet-dev", "minif2f"])
def test_no_benchmark_statement_is_refused(name: str) -> None:
    refused, seen = [], 0
    for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for form in filter(None, (row, row.get("verified"))):
            parts = (form.get(key) or "" for key in ("header", "formal_statement", "helper"))
            found = screen_candidate(Candidate(row["name"], *parts))[1]
            refused += [(row["name"], d.message, d.name) for d in found]
            seen += 1
    assert seen > 300
    assert refused == []


@pytest.mark.parametrize("option", ["autoImplicit", "relaxedAutoImplicit"])
@pytest.mark.parametrize("value", ["true", "", "True"])
def test_misspelt_names_may_not_become_variables(option: str, value: str) -> None:
    assert not screen(f"set_option {option} {value} in\ntheorem a : 1 = 1 := by sorry").accepted
