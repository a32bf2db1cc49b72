"""Patterns with words of their own, apart from the names of their concept."""

from __future__ import annotations

from cramf.formalize.symbolic.lexicon import Lexicon
from cramf.knowledge.ontology import Ontology
from cramf.knowledge.types import Concept, LeanPattern, Sense

TALL = LeanPattern("adjective", "ℕ", "1000 < {0}")
HEIGHT = LeanPattern("operation", "ℕ", "Nat.log 10 {0}", ("height of", "tallness of"))
CONCEPT = Concept("tall", ("tall", "high"), "11A99", "Made up.", (Sense("Nat.log", patterns=(TALL, HEIGHT)),))


def test_forms_are_the_only_words_of_their_pattern() -> None:
    lexicon = Lexicon.of(Ontology((CONCEPT,)))
    for word in ("tall", "high"):
        phrase = lexicon.role(word, "adjective")
        assert phrase is not None
        assert [p.arity for _, patterns in phrase.senses for p in patterns] == [1]
        assert lexicon.role(word, "operation") is None
    for words in ("height of", "tallness of", "heights of"):
        assert lexicon.role(words, "operation") is not None
        assert lexicon.role(words, "adjective") is None
