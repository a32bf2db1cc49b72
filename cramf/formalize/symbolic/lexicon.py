"""The words of the symbolic backend: every phrase of the ontology whose senses carry Lean patterns.

Roles of a pattern, and what `{0}`, `{1}` of its template are:

==============  =================================================================================
type            number sort ("integer"): `type` is its Lean type, the template its condition or `True`
noun            predicate noun ("prime"): `{0}` is prime
adjective       `{0}` is even; with `{1}`, `{0}` and `{1}` are coprime
sequence        `{1}` comes next after `{0}` ("consecutive")
relation        with its preposition ("divisible by", "a multiple of"): `{0}` is divisible by `{1}`
verb            "divides", "divide": `{0}` divides `{1}`
operation       "sum of": the sum of `{0}` and `{1}`
congruence      "congruent to": `{0}` to `{1}` modulo `{2}`
==============  =================================================================================

A pattern with `forms` is for these words and not for the concept's names.
`type` of a pattern is ℕ, ℤ, ℚ, ℝ or ℂ; `ℤ → ℕ` where the value is of another type than the arguments;
`α` where any number type does and the arguments decide. The order of patterns is the order of preference.
A sense with context words is taken if one of them is another phrase of the same statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cramf.errors import KnowledgeBaseError
from cramf.formalize.symbolic.leanterm import (
    Lean,
    TemplateError,
    read_template,
)
from cramf.knowledge.ontology import Ontology
from cramf.knowledge.types import ABSTRACT_ROLES, Concept, LeanPattern, Sense

__all__ = ["ROLES", "TOWER", "Lexicon", "Pattern", "Phrase"]

ROLES = ("type", "noun", "adjective", "sequence", "relation", "verb", "operation", "congruence")
TOWER = ("ℕ", "ℤ", "ℚ", "ℝ", "ℂ")
"""Number types in the order in which each embeds in the next."""
ANY = "α"
MAX_PHRASE_WORDS = 9


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern with its template read: argument type, value type, number of arguments."""

    role: str
    type: str
    value: str
    template: Lean
    arity: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """One name of a concept in one role, with the patterns of each sense in order."""

    concept: str
    name: str
    role: str
    senses: tuple[tuple[tuple[str, ...], tuple[Pattern, ...]], ...]

    def patterns(self, words: frozenset[str]) -> tuple[Pattern, ...]:
        """Patterns of the sense that the statement's other phrases select, else of the first sense."""
        others = words - {self.name}
        for context, patterns in self.senses:
            if others.intersection(context):
                return patterns
        return next((patterns for context, patterns in self.senses if not context), self.senses[0][1])

    @property
    def arity(self) -> int:
        return max(pattern.arity for _, patterns in self.senses for pattern in patterns)


def _arity(template: str) -> int:
    """How many things a template speaks of: one more than the index of its last hole."""
    return max((int(hole) + 1 for hole in re.findall(r"\{(\d)\}", template)), default=0)


def _pattern(concept: Concept, pattern: LeanPattern) -> Pattern:
    argument, arrow, value = (part.strip() for part in pattern.type.partition("→"))
    value = value if arrow else argument
    if pattern.role not in ROLES or not {argument, value} <= {*TOWER, ANY}:
        raise KnowledgeBaseError(
            f"concept {concept.id!r}: role {pattern.role!r} or type {pattern.type!r} is not known",
            f"use one of {', '.join(ROLES)} and {', '.join((*TOWER, ANY))}",
        )
    try:
        template = read_template(pattern.template)
    except TemplateError as error:
        raise KnowledgeBaseError(f"concept {concept.id!r}: {error}", "mend the template") from None
    return Pattern(pattern.role, argument, value, template, _arity(pattern.template))


def _patterns(concept: Concept, sense: Sense) -> list[tuple[Pattern, tuple[str, ...]]]:
    """The patterns of a sense with the words that they are for, but those of abstract mathematics."""
    return [(_pattern(concept, p), p.forms) for p in sense.patterns if p.role not in ABSTRACT_ROLES]


def _plural(name: str) -> str:
    """The regular plural of a noun phrase's head; irregular ones are names of their own in the ontology."""
    head, preposition, rest = name.partition(" of")
    if head.endswith("y") and head[-2:-1] not in "aeiou":
        return f"{head[:-1]}ies{preposition}{rest}"
    return f"{head}s{preposition}{rest}"


@dataclass(frozen=True)
class Lexicon:
    """Phrases by their words, LaTeX commands and concept ids."""

    by_name: dict[str, tuple[Phrase, ...]]
    by_command: dict[str, Phrase]
    by_concept: dict[str, Phrase]

    @classmethod
    def of(cls, ontology: Ontology) -> Lexicon:
        """The lexicon of an ontology; concepts without patterns have no part in it.

        Raises:
            KnowledgeBaseError: where a pattern's role, type or template cannot be used.
        """
        names: dict[str, list[Phrase]] = {}
        commands: dict[str, Phrase] = {}
        concepts: dict[str, Phrase] = {}
        for concept in ontology.concepts:
            read = [(sense.context, _patterns(concept, sense)) for sense in concept.senses]
            # Patterns for words of their own ("number of divisors of") part the concept into phrases.
            all_forms = dict.fromkeys(forms for _, patterns in read for _, forms in patterns)
            for role, forms in ((role, forms) for role in ROLES for forms in all_forms):
                chosen = [
                    (context, tuple(p for p, own in patterns if p.role == role and own == forms))
                    for context, patterns in read
                ]
                senses = tuple((context, patterns) for context, patterns in chosen if patterns)
                if not senses:
                    continue
                for name in forms or concept.names:
                    phrase = Phrase(concept.id, name.lower(), role, senses)
                    concepts.setdefault(concept.id, phrase)
                    spelled = {phrase.name}
                    if role in ("type", "noun", "operation") or phrase.name.endswith(" of"):
                        spelled.add(_plural(phrase.name))
                    for form in spelled:
                        names.setdefault(form, []).append(phrase)
                    if role == "operation" and not forms:
                        for command in concept.latex:
                            commands.setdefault(command.strip(), phrase)
        return cls({name: tuple(found) for name, found in names.items()}, commands, concepts)

    def role(self, name: str, *roles: str) -> Phrase | None:
        """The phrase of that name in the first of the roles that it has."""
        found = self.by_name.get(name, ())
        return next((phrase for role in roles for phrase in found if phrase.role == role), None)
