"""Whether a candidate's text is whole, and spellings of Lean 3."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.check.verdict import Candidate, Diagnostic, Part, Status


def syntax(
    small: Any, statement: str, header: str = "import Mathlib\n", helper: str = ""
) -> list[Diagnostic]:
    return [d for d in small.judge(statement, header, helper).diagnostics if d.category == "syntax"]


@pytest.mark.parametrize(
    "statement",
    [
        "theorem t : 1 = 1 := by sorry",
        "theorem t : 1 = 1 := sorry",
        "theorem t : 1 = 1 :=\n  by\n  sorry",
        "lemma t : 1 = 1 := by\n  simp\n",
        "example : 1 = 1 := by sorry",
        "theorem t : ∀ n : ℕ, n = n\n  | 0 => rfl\n  | n + 1 => rfl",
        "/-- doc -/ theorem t : 1 = 1 := by sorry",
        "/- note -/ theorem t : 1 = 1 := by sorry",
        "/- note -/\ntheorem t : 1 = 1 := by sorry",
        "@[simp] theorem t : 1 = 1 := by sorry",
        "private theorem t : 1 = 1 := by sorry",
        "theorem t : ({1} : Set ℕ) = {1} ∧ ⟨1, 2⟩ = (1, 2) := by sorry",
        "theorem t (s : ℕ → ℕ) : s 1 = 1 := by sorry -- ) ] }",
        'theorem t : ")]}" = ")" := by sorry',
        "theorem t (c : ℕ) : c = c := by sorry /- ( [ { -/",
        "section\ntheorem t : 1 = 1 := by sorry\nend",
        "namespace A\ntheorem t : 1 = 1 := by sorry",
        "theorem t (begin : ℕ) : begin = begin := by sorry",
        "theorem t (constant : ℕ) : constant = 1 := by sorry",
    ],
)
def test_whole_texts(small: Any, statement: str) -> None:
    assert small.told(statement, "import Mathlib\n") == []


@pytest.mark.parametrize(
    ("statement", "place", "suggestion"),
    [
        ("theorem t (n : ℕ : n = n := by sorry", (1, 10), ")"),
        ("theorem t : (1 = 1 := by sorry", (1, 12), ")"),
        ("theorem t : 1 = 1) := by sorry", (1, 17), None),
        ("theorem t : {x | x = 1) = 1 := by sorry", (1, 22), "}"),
        ("theorem t : [1, 2) = 1 := by sorry", (1, 17), "]"),
        ("theorem t : ⟨1, 2] = 1 := by sorry", (1, 17), "⟩"),
        ("theorem t :\n  ((1 = 1) := by sorry", (2, 2), ")"),
        ("theorem t : ⦃1} = 1 := by sorry", (1, 14), "⦄"),
        ("theorem t : ![1, 2 = 1 := by sorry", (1, 13), "]"),
    ],
)
def test_brackets(small: Any, statement: str, place: tuple[int, int], suggestion: str | None) -> None:
    verdict = small.judge(statement, "import Mathlib\n")
    assert verdict.status is Status.INVALID
    found = [d for d in verdict.errors if "clos" in d.message]
    assert [(d.line, d.column) for d in found] == [place]
    assert found[0].category == "syntax"
    assert found[0].suggestions == ((suggestion,) if suggestion else ())


def test_only_the_first_bracket_is_told(small: Any) -> None:
    found = [d for d in syntax(small, "theorem t : ((((1 = ]]]] := by sorry") if "clos" in d.message]
    assert len(found) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "theorem t : 1 = 1",
        "theorem t : 1 = 1 :=",
        "theorem t : 1 = 1 := by",
        "theorem t : 1 = 1 := by   -- sorry",
        "theorem t : 1 = 1 by sorry",
        "theorem t (n : ℕ)",
        "theorem t",
        "theorem t : 1 = 1\n\ntheorem u : 2 = 2 := by sorry",
    ],
)
def test_a_theorem_ends_in_a_proof(small: Any, statement: str) -> None:
    found = syntax(small, statement)
    assert any(d.suggestions == (":= by sorry",) for d in found)
    assert small.judge(statement).status is Status.INVALID


@pytest.mark.parametrize(
    "statement", ["theorem t := by sorry", "theorem t (n : ℕ) := by sorry", "theorem t.u {x : ℝ} := sorry"]
)
def test_a_theorem_states_something(small: Any, statement: str) -> None:
    (found,) = syntax(small, statement)
    assert "states nothing" in found.message
    assert (found.line, found.column) == (1, statement.index(":="))


@pytest.mark.parametrize(
    "statement", ["", " \n ", "def f : ℕ := 1", "open Nat", "-- theorem", "Every set is finite."]
)
def test_without_a_theorem_there_is_nothing(small: Any, statement: str) -> None:
    verdict = small.checker.check(Candidate("t", "import Mathlib\n", statement))
    assert verdict.status is Status.INVALID
    assert any("no theorem" in d.message for d in verdict.diagnostics)


@pytest.mark.parametrize("closing", ["end", "end A", "end Nat"])
def test_an_end_of_nothing_is_told(small: Any, closing: str) -> None:
    """Left over from `begin … end`, or from a namespace that was cut off."""
    found = syntax(small, f"theorem t : 1 = 1 := by sorry\n\n{closing}")
    assert [d.line for d in found] == [3]


def test_the_wrong_end_is_told(small: Any) -> None:
    assert syntax(small, "namespace A\ntheorem t : 1 = 1 := by sorry\nend B")
    assert syntax(small, "namespace A\ntheorem t : 1 = 1 := by sorry\nend A") == []
    assert syntax(small, "section A\nnamespace B\ntheorem t : 1 = 1 := by sorry\nend B\nend A") == []
    assert syntax(small, "namespace A.B\ntheorem t : 1 = 1 := by sorry\nend A.B") == []


OLD = [
    ("theorem t (n : ℕ) : n = 1 :=\nbegin\n  sorry\nend", "begin", 2, ("by",)),
    ("theorem t (n : ℕ) : n = 1 := begin sorry end", "begin", 1, ("by",)),
    ("variables (n : ℕ)\ntheorem t : 1 = 1 := by sorry", "variables", 1, ("variable",)),
    ("open_locale big_operators\ntheorem t : 1 = 1 := by sorry", "open_locale", 1, ("open scoped",)),
    ("constant c : ℕ\ntheorem t : 1 = 1 := by sorry", "constant", 1, ()),
    ("constants c d : ℕ\ntheorem t : 1 = 1 := by sorry", "constants", 1, ()),
]


@pytest.mark.parametrize(("statement", "name", "line", "suggestions"), OLD)
def test_commands_of_lean_3(
    small: Any, statement: str, name: str, line: int, suggestions: tuple[str, ...]
) -> None:
    verdict = small.judge(statement)
    found = [d for d in verdict.diagnostics if d.category == "lean3"]
    assert [(d.name, d.line, d.suggestions) for d in found] == [(name, line, suggestions)]
    assert verdict.status is Status.INVALID


def test_lambdas_of_lean_3(small: Any) -> None:
    statement = "(f : (ℕ → ℕ) → ℕ) : f (λ x, x) = f (fun x => x) ∧ f (λ x => x) = 1"
    found = small.only(statement)
    assert (found.category, found.line, found.column) == (
        "lean3",
        1,
        len("theorem t ") + statement.index("λ"),
    )
    assert "fun x ↦ e" in found.suggestions


@pytest.mark.parametrize(
    "statement",
    [
        "(variables : ℕ) : variables = 1",
        ": ∃ begin : ℕ, begin = 1",
        "(f : ℕ → ℕ) : f = λ x => x",
        "(f : ℕ × ℕ → ℕ) : f = fun (x, y) => x",
        ": (fun x => (x, 1)) = (fun y ↦ (y, 1))",
        "def constants : ℕ := 1\ntheorem t : constants = 1 := by sorry",
    ],
)
def test_what_only_looks_like_lean_3(small: Any, statement: str) -> None:
    assert [d for d in small.judge(statement).diagnostics if d.category == "lean3"] == []


def test_broken_parts_are_told_where_they_are(small: Any) -> None:
    (found,) = syntax(small, ": 1 = 1", helper="def f : ℕ := 1\ndef g : ℕ := (1")
    assert (found.part, found.line, found.column) == (Part.HELPER, 2, 13)


def test_an_unclosed_bracket_of_the_helper_hides_no_theorem(small: Any) -> None:
    verdict = small.judge(": foo = 1", helper="def g : ℕ := (1")
    assert verdict.status is Status.INVALID


@given(text=st.text(alphabet="()[]{}⟨⟩⦃⦄ ab=,", max_size=30))
def test_brackets_are_judged_as_a_stack_does(small: Any, text: str) -> None:
    pairs = dict(zip(")]}⟩⦄", "([{⟨⦃", strict=True))
    stack, balanced = [], True
    for mark in text:
        if mark in pairs.values():
            stack.append(mark)
        elif mark in pairs and (not stack or stack.pop() != pairs[mark]):
            balanced = False
            break
    balanced = balanced and not stack
    verdict = small.checker.check(Candidate("t", "import Mathlib\n", f"theorem t : f {text} = 1 := by sorry"))
    told = any("clos" in d.message for d in verdict.diagnostics)
    assert told != balanced
