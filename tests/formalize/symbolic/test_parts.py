"""Notes, templates, the printer, and the lexicon's own errors."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.environment import default_ontology
from cramf.errors import KnowledgeBaseError
from cramf.formalize.symbolic import SymbolicBackend
from cramf.formalize.symbolic.leanterm import (
    INFIX,
    App,
    Ascribe,
    Atom,
    Binder,
    Infix,
    Lean,
    ModEq,
    Prefix,
    TemplateError,
    read_template,
)
from cramf.formalize.symbolic.lexicon import Lexicon
from cramf.formalize.symbolic.printer import print_binders, print_lean
from cramf.formalize.types import Backend, Request
from cramf.knowledge.ontology import Ontology, load_ontology
from cramf.knowledge.types import Concept, LeanPattern, Sense


def notes(statement: str) -> tuple[str, ...]:
    return SymbolicBackend().draft(Request(statement, "T")).notes


def test_backend_is_a_backend() -> None:
    backend = SymbolicBackend()
    assert isinstance(backend, Backend)
    assert backend.name == "symbolic"


@pytest.mark.parametrize(
    ("statement", "note"),
    [
        ("Let $n$ be a positive integer. Then $n > 0$.", "n : ℕ (positive integer)"),
        ("If $n$ is even then $n^2$ is even.", "n : ℤ (inferred from 'even')"),
        ("The square of a real number is nonnegative.", "x : ℝ (real number)"),
        ("For all real $x$, $x / x = 1$.", "Lean's quotient is 0 where its divisor is 0"),
        ("For all real $x$, $\\sqrt{x} \\ge 0$.", "Real.sqrt is 0 on negative numbers"),
        ("Prove that 4 is even and 3 is odd or 5 is even.", "'and' binds more tightly than 'or'"),
    ],
)
def test_notes_tell_choices(statement: str, note: str) -> None:
    assert note in notes(statement)


@pytest.mark.parametrize(
    "text",
    [
        "1 < {0} ∧ ¬Nat.Prime {0}",
        "∃ q : ℚ, {0} = (q : ℝ)",
        "{0} ≡ {1} [ZMOD {2}]",
        "Set.Infinite {p : ℕ | Nat.Prime p}",
        "(a + b) * c - d / e",
        "a - (b - c)",
        "(a ^ b) ^ c",
        "-a ^ 2",
        "(-a) ^ 2",
        "|(|a| - |b|)|",
        "(a → b) → c",
        "(a ∧ b) ∨ c",
        "(∃ k : ℤ, a = k) ↔ b",
        "¬(2 ∣ n)",
    ],
)
def test_printing_gives_back_what_was_read(text: str) -> None:
    assert print_lean(read_template(text)) == text


ATOMS = st.sampled_from(["a", "b", "n", "2", "10"]).map(Atom)
TERMS: st.SearchStrategy[Lean] = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(Infix, st.sampled_from([op for op in INFIX if op != "="]), inner, inner),
        st.builds(Prefix, st.sampled_from(["-", "¬"]), inner),
        st.builds(lambda x: App("Nat.succ", (x,)), inner),
        st.builds(lambda x: Ascribe(x, "ℤ"), inner),
        st.builds(lambda x: Binder("∃", ("k", "m"), "ℤ", x), inner),
        st.builds(lambda x, y, z: ModEq("ZMOD", x, y, z), inner, inner, inner),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(TERMS)
def test_printed_terms_read_back_the_same(term: Lean) -> None:
    assert read_template(print_lean(term)) == term


def test_neighbours_of_one_type_share_a_bracket() -> None:
    binders = (("a", "ℤ"), ("b", "ℤ"), ("ha", "Even a"), ("hb", "Even a"), ("x", "ℝ"))
    assert print_binders(binders) == "(a b : ℤ) (ha : Even a) (hb : Even a) (x : ℝ)"


@pytest.mark.parametrize("text", ["", "{0} +", "({0}", "{0})", "@{0}", "{0} ≡ {1} [FOO {2}]", "∃ q"])
def test_template_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(TemplateError):
        read_template(text)


def concept(pattern: LeanPattern) -> Ontology:
    sense = Sense("X", patterns=(pattern,))
    return Ontology((Concept("thing", ("thing",), "11A05", "A thing.", (sense,)),))


@pytest.mark.parametrize(
    "pattern",
    [
        LeanPattern("gerund", "ℤ", "Even {0}"),
        LeanPattern("adjective", "ℍ", "Even {0}"),
        LeanPattern("adjective", "ℤ", "Even ({0}"),
    ],
)
def test_unusable_pattern_is_an_error_that_names_the_concept(pattern: LeanPattern) -> None:
    with pytest.raises(KnowledgeBaseError, match="thing"):
        Lexicon.of(concept(pattern))


def test_vocabulary_comes_from_the_ontology() -> None:
    """A word that only a new concept knows is read with its pattern; without the concept it is unknown."""
    shipped = load_ontology(default_ontology())
    pattern = LeanPattern("adjective", "ℕ", "Nat.Abundant {0}")
    sense = Sense("Nat.Abundant", patterns=(pattern,))
    invented = Concept("flowery", ("flowery",), "11A25", "Made up for a test.", (sense,))
    request = Request("Let $n$ be a natural number. Then $n$ is flowery.", "T")
    before = SymbolicBackend(shipped).draft(request)
    assert before.abstention is not None
    assert before.abstention.text == "flowery"
    after = SymbolicBackend(Ontology((*shipped.concepts, invented))).draft(request)
    assert after.candidate is not None
    assert after.candidate.statement == "theorem T (n : ℕ) : Nat.Abundant n := by\n  sorry"
