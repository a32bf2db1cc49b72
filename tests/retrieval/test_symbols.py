"""Symbols of statements, and what they stand for in the notation of an index."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.environment import default_ontology
from cramf.knowledge.notations import CORE_NOTATION
from cramf.knowledge.ontology import load_ontology
from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.evidence import load_evidence
from cramf.retrieval.symbols import symbols_of


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        (r"$\sum_n \prod_m x$", ["∑", "∏"]),
        (r"$\int_0^1 f$", ["∫"]),
        (r"$x \in A$", ["∈"]),
        (r"$x \in\mathbb{R}$", ["∈", "ℝ"]),
        (r"$\infty$ and $\inf A$", ["∞"]),
        (r"$\bigcup_n A_n \cap B$", ["⋃", "∩"]),
        (r"$A \setminus B = \emptyset$", ["\\", "∅"]),
        (r"$\varnothing \subseteq A \subset B$", ["∅", "⊆", "⊂"]),
        (r"$\lfloor x \rfloor \leq \sqrt{y}$", ["⌊", "≤", "√"]),
        (r"$\|x\| \ne \lVert y \rVert$", ["‖", "≠"]),
        (r"$f \circ g$, $a \mid b$, $a \nmid b$", ["∘", "∣"]),
        (r"$V \otimes W \oplus U$", ["⊗", "⊕"]),
        ("$n! + (n+1)!$", ["!"]),
        ("$x^{-1}$, $y^{ - 1}$, $z^-1$", ["⁻¹"]),
        ("∑ x ∈ s, √x ≤ ∞", ["∑", "∈", "√", "≤", "∞"]),
        (r"∑ and \sum", ["∑"]),
        ("no symbol here; a+b=c", []),
        (r"\unknownmacro, \\ and \, and \{", []),
        (r"\int\int", ["∫"]),
        ("", []),
    ],
)
def test_symbols(text: str, symbols: list[str]) -> None:
    assert symbols_of(text) == symbols


@pytest.mark.parametrize("macro", ["mathbb", "Bbb", "mathds", "mathbf"])
@pytest.mark.parametrize(("letter", "symbol"), list(zip("RQZNC", "ℝℚℤℕℂ", strict=True)))
def test_number_sets(macro: str, letter: str, symbol: str) -> None:
    for text in (
        f"\\{macro}{{{letter}}}",
        f"\\{macro} {letter}",
        f"\\{macro}{letter}",
        f"\\{macro}{{ {letter} }}",
    ):
        assert symbols_of(f"$x \\in {text}$") == ["∈", symbol]


def test_a_letter_that_is_no_number_set() -> None:
    assert symbols_of(r"$\mathbb{K}$, $\mathbf{x}$, $\mathbb{RP}^2$, $\mathbb r$") == []
    assert symbols_of(r"$\mathbb{R}^2$, $\mathbb R\,\mathbb Z_2$") == ["ℝ", "ℤ"]


@pytest.mark.parametrize(
    ("text", "other"), [("x^{-1}", "x⁻¹"), (r"\mathbb{R}", "ℝ"), (r"\int f", "∫ f"), (r"\infty", "∞")]
)
def test_latex_and_unicode_say_the_same(text: str, other: str) -> None:
    assert symbols_of(f"${text}$") == symbols_of(other)


@pytest.mark.parametrize("text", ["$x^{-12}$", "$x^{-1/2}$", "Prove this!", "if a!=b then"])
def test_what_only_looks_like_an_inverse_or_a_factorial(text: str) -> None:
    assert symbols_of(text) == []


@settings(max_examples=200)
@given(
    st.lists(
        st.text(max_size=6)
        | st.sampled_from(["\\int", "\\in", "\\", "\\mathbb{", "R", "}", "^{-1}", "3!", "∑", "$", "{", " "]),
        max_size=20,
    ).map("".join)
)
def test_any_text_gives_each_symbol_once(text: str) -> None:
    symbols = symbols_of(text)
    assert len(set(symbols)) == len(symbols)
    assert all(symbols)
    assert symbols_of(text) == symbols
    # Unicode passes as it is, whatever stands around it.
    for character in text:
        if character in "∑√∞":
            assert character in symbols


@pytest.mark.parametrize("piece", ["\\", "\\mathbb{", "\\mathbb {  ", "^ { - ", "9!", "\\int", "∑", "^"])
def test_a_hundred_kilobytes_take_no_time(piece: str) -> None:
    start = time.perf_counter()
    symbols_of(piece * (100_000 // len(piece)))
    assert time.perf_counter() - start < 5


def test_notation_of_the_sample_index(sample_index: Path) -> None:
    evidence = load_evidence(KnowledgeBase.open(sample_index), load_ontology(default_ontology()))
    named = {token: [evidence.names[row] for row in rows] for token, rows in evidence.notations.items()}
    own = {"𝓤": ["myNhds"], "𝓥": ["IsMyOpen"], "⧸ₘ": ["MySubgroup.center"]}
    assert {token: named[token] for token in own} == own
    # Notation of Lean core leads to what the index has of it.
    assert set(named) - set(own) <= set(CORE_NOTATION)
    found = [named.get(symbol, []) for symbol in symbols_of("for $s \\in 𝓤 x$, 𝓤 y")]
    assert ["myNhds"] in found
