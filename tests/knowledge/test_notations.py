"""Which declarations a run of notation stands for."""

from __future__ import annotations

import pytest

from cramf.knowledge.notations import CORE_NOTATION, NotationTable, main_token, notation_words
from cramf.knowledge.types import Notation
from cramf.lean.lexer import is_identifier


def notation(tokens: str, *declarations: str, scope: str = "", module: str = "M") -> Notation:
    return Notation(tuple(tokens.split()), "notation", module, 1, declarations, scope)


TABLE = NotationTable(
    [
        notation("→", "Arrow"),
        notation("→+*", "RingHom", "coe"),
        notation("→+", "AddMonoidHom"),
        notation("ℝ≥0", "NNReal", scope="NNReal"),
        notation("ℝ≥0∞", "ENNReal", scope="ENNReal"),
        notation("∂", "Deriv.one", scope="One"),
        notation("∂", "Deriv.two", scope="Two"),
        notation("[ ZMOD ]", "Int.ModEq"),
        notation("( )", "nothing"),
    ],
    [notation("∂", "own", module="Mine"), notation("⋆", "mine", module="Mine")],
)


@pytest.mark.parametrize(
    ("run", "token"),
    [
        ("→+*", "→+*"),
        ("→+*x", "→+*"),
        ("→+[", "→+"),
        ("→", "→"),
        ("→ₗ", "→"),
        ("ℝ≥0∞)", "ℝ≥0∞"),
        ("ℝ≥0,", "ℝ≥0"),
        ("ℝ", ""),
        ("+", ""),
        ("∂μ,", "∂"),
    ],
)
def test_the_longest_token_counts(run: str, token: str) -> None:
    assert TABLE.longest(run) == token


@pytest.mark.parametrize(
    ("token", "scopes", "module", "meaning"),
    [
        ("→+*", (), "", ("RingHom",)),
        ("ℝ≥0", (), "", ("NNReal",)),
        ("∂", ("One",), "", ("Deriv.one",)),
        ("∂", ("Two", "Three"), "", ("Deriv.two",)),
        ("∂", ("One", "Two"), "", ("Deriv.one", "Deriv.two")),
        ("∂", (), "", ("Deriv.one", "Deriv.two")),
        ("∂", ("One",), "Mine", ("own",)),
        ("⋆", (), "Mine", ("mine",)),
        ("⋆", (), "Other", ()),
        ("unknown", (), "", ()),
    ],
)
def test_open_scopes_and_the_module_decide(
    token: str, scopes: tuple[str, ...], module: str, meaning: tuple[str, ...]
) -> None:
    assert TABLE.meaning(token, scopes, module) == meaning


def test_a_notation_without_a_token_of_its_own_is_left_out() -> None:
    assert "(" not in TABLE
    assert TABLE.longest("(x") == ""


@pytest.mark.parametrize(
    ("tokens", "token"),
    [
        (["∑ ", ", "], "∑"),
        (["[", " ZMOD ", "]"], "ZMOD"),
        ([" ≡ ", " [ZMOD ", "]"], "[ZMOD"),
        (["(", " ⋆ ", ")"], "⋆"),
        (["(", ")"], ""),
        ([], ""),
        ([" "], ""),
        (["∫ ", " in ", ".."], "∫"),
    ],
)
def test_main_token(tokens: list[str], token: str) -> None:
    assert main_token(tokens) == token


def test_words_of_notation() -> None:
    assert notation_words(["[ZMOD ", "]", "⟫_𝕜", "→ₗ", "d/dx"]) >= {"ZMOD", "_𝕜", "d", "dx"}
    assert notation_words(["+", "≥0"]) == set()
    assert "ZMOD" in TABLE.words


def test_core_notation_is_well_formed() -> None:
    assert len(CORE_NOTATION) > 40
    for token, name in CORE_NOTATION.items():
        assert token
        assert not is_identifier(token)
        assert is_identifier(name)
    table = NotationTable(notation(token, name) for token, name in CORE_NOTATION.items())
    for token, name in CORE_NOTATION.items():
        assert table.longest(token) == token
        assert table.meaning(token) == (name,)
