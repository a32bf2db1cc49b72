"""Names that `to_additive` makes, by a dictionary read from the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.knowledge.translate import NameGuesser, load_guessers, split_words


@pytest.fixture(scope="module")
def guesser(checkout: Path) -> NameGuesser:
    return load_guessers(checkout)["to_additive"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mul_one", ["mul", "_", "one"]),
        ("mulOne", ["mul", "One"]),
        ("InvHMulLE_ne", ["Inv", "HMul", "LE", "_", "ne"]),
        ("LEOne", ["LE", "One"]),
        ("CoeTCOne", ["CoeTC", "One"]),
        ("a", ["a"]),
        ("_", ["_"]),
        ("", []),
        ("__", ["_", "_"]),
        ("X", ["X"]),
        ("mulX", ["mul", "X"]),
    ],
)
def test_words(name: str, words: list[str]) -> None:
    assert split_words(name) == words


@given(st.text(alphabet="abIVLEGTCoeWF_MX1'", max_size=20))
def test_words_make_up_the_name(name: str) -> None:
    assert "".join(split_words(name)) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mul_one", "add_zero"),
        ("one_mul", "zero_add"),
        ("mul_one'", "add_zero'"),
        ("mul_'one", "add_'zero"),
        ("MulOne", "AddZero"),
        ("invMul", "negAdd"),
        ("Monoid", "AddMonoid"),
        ("monoid_hom", "addMonoid_hom"),
        ("isGroup", "isAddGroup"),
        ("orderOf", "addOrderOf"),
        ("isOne", "isNull"),
        ("IsOne", "IsNull"),
        ("unknown_word", "unknown_word"),
        ("", ""),
        ("'", "'"),
    ],
)
def test_guesses(guesser: NameGuesser, name: str, expected: str) -> None:
    assert guesser.guess(name) == expected


def test_an_empty_dictionary_changes_nothing() -> None:
    assert NameGuesser().guess("mul_one'") == "mul_one'"


def test_the_dictionary_is_read_from_the_checkout(guesser: NameGuesser) -> None:
    assert guesser.words["one"] == ("Zero",)
    assert guesser.words["monoid"] == ("Add", "Monoid")
    assert guesser.abbreviations["isZero"] == "IsNull"


def test_a_checkout_without_dictionaries_guesses_nothing(tmp_path: Path) -> None:
    assert load_guessers(tmp_path) == {}
    folder = tmp_path / "Mathlib" / "Tactic" / "Translate"
    folder.mkdir(parents=True)
    (folder / "ToAdditive.lean").write_text("/-! nothing here -/\n")
    (folder / "ToDual.lean").write_bytes(b'("max", ["Min"]) \xff')
    assert set(load_guessers(tmp_path)) == {"to_dual"}
