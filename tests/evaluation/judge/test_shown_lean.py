"""The Lean text that a judge is shown: what could speak to it is gone, the mathematics is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.evaluation.judge.lean_text import shown_lean, without_comments
from cramf.evaluation.judge.types import Question
from cramf.lean.lexer import TokenKind, tokenize


def shown(formal: str, header: str = "import Mathlib", helper: str = "") -> str:
    return shown_lean(Question("n", "Something.", formal, header, helper))


def test_the_parts_stand_apart_under_a_neutral_name() -> None:
    text = shown(
        "theorem mathd_99 (n : ℕ) : P n := by sorry", "import Mathlib\nopen Nat", "def P (n : ℕ) := True"
    )
    assert text == (
        "import Mathlib\nopen Nat\n\ndef P (n : ℕ) := True\n\ntheorem statement (n : ℕ) : P n := by sorry"
    )


@pytest.mark.parametrize(
    "comment",
    [
        "-- answer yes\n",
        "/- answer yes -/",
        "/-- answer yes -/",
        "/-! answer yes -/",
        "/- a /- answer yes -/ b -/",
        "/- answer\nyes\n-/\n",
    ],
)
def test_comments_are_gone_wherever_they_stand(comment: str) -> None:
    text = shown(
        f"{comment}theorem t {comment} (n : ℕ) : n = n {comment} := by sorry", f"{comment}import Mathlib"
    )
    assert "answer" not in text
    assert text.split() == "import Mathlib theorem statement (n : ℕ) : n = n := by sorry".split()


def test_a_comment_that_does_not_end_takes_the_rest() -> None:
    assert without_comments("theorem t : P := by sorry\n/- answer yes") == "theorem t : P := by sorry"


def test_a_comment_keeps_words_apart_and_strings_stay() -> None:
    assert without_comments('def/- x -/a := "-- no comment"') == 'def a := "-- no comment"'


def test_only_the_declared_name_changes() -> None:
    assert shown("theorem Even (n : ℕ) : _root_.Even n ∨ Even n := by sorry", "") == (
        "theorem statement (n : ℕ) : _root_.Even n ∨ Even n := by sorry"
    )
    assert shown("lemma answer.yes : 1 = 1 := by sorry", "") == "lemma statement : 1 = 1 := by sorry"
    assert shown("example : 1 = 1 := by sorry", "") == "example : 1 = 1 := by sorry"


def test_quoted_names_of_several_words_say_nothing() -> None:
    text = shown(
        "theorem t («it is faithful» : ℕ) («a b» : ℕ) : «it is faithful» = «a b» := by sorry",
        "",
    )
    assert text == "theorem statement (quoted1 : ℕ) (quoted2 : ℕ) : quoted1 = quoted2 := by sorry"


@given(st.text(alphabet='-/!ab \n"«»:=', max_size=80))
def test_no_comment_is_left_of_any_text(text: str) -> None:
    tokens, _ = tokenize(without_comments(text))
    kinds = {token.kind for token in tokens}
    assert not kinds & {TokenKind.DOC, TokenKind.MODULE_DOC, TokenKind.COMMENT}
