"""The vocabulary: forms of the ontology's concepts whose patterns have an abstract role.

==========  =========================================================================================
structure   noun for a type with instances ("group"): `{0}` is the type; `type` is its tag, with
            `over T` where it has scalars, which are then `{1}`
class       adjective of a type ("finite"): the template is a class; `type` is the tag it needs,
            `group → commgroup` where it makes one structure into another
object      noun for a thing over others ("subgroup of"): the template is its Lean type, after `;`
            conditions of it; `type` is its kind, then prepositions with what they take
sort        predicate noun ("unit", "zero of"): `{0}` is the thing, `{1}` what stands after the preposition
property    adjective: `{0}` is what it is said of; with two kinds, of two things of a plural subject
link        adjective with preposition ("isomorphic to"), `action` a verb: `{0}` the subject, `{1}` the object
value       "the order of": `{0}`, `{1}` are what it is of; `type` ends in `→ kind of the value`
==========  =========================================================================================

Kinds: `Type tag`, `Elem tag`, `Set tag`, `Sub Subgroup`, `Map` with two tags or `Hom GroupHom`, `ℕ`…`ℂ`,
`number`; a value's kind names the argument that it lives over: `Subgroup 0`, `Set 0`, `Elem cod 0`.
Patterns of one form are tried in their order, those of wide kinds last; the first whose kinds fit is meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cramf.knowledge.ontology import Ontology
from cramf.knowledge.types import ABSTRACT_ROLES, LeanPattern

__all__ = ["MAX_WORDS", "Vocabulary", "Word"]

MAX_WORDS = 6


@dataclass(frozen=True, slots=True)
class Word:
    """One pattern of one form. `kinds` are those of the arguments, `needs` prepositions with a kind each."""

    form: str
    role: str
    kinds: tuple[str, ...]
    needs: tuple[tuple[str, str], ...]
    result: str
    template: str


def _word(form: str, role: str, type_text: str, template: str) -> Word:
    head, _, result = (part.strip() for part in type_text.partition("→"))
    needs: list[tuple[str, str]] = []
    head, _, rest = (part.strip() for part in head.partition(":"))
    for need in filter(None, (part.strip() for part in rest.split(","))):
        preposition, _, kind = need.partition(" ")
        needs.append((preposition, kind.strip()))
    kinds = tuple(part.strip() for part in head.split(",") if part.strip())
    return Word(form, role, kinds, tuple(needs), result, template)


def _plural(form: str) -> str:
    head, preposition, rest = form.partition(" of")
    if head.endswith("y") and head[-2:-1] not in "aeiou":
        head = head[:-1] + "ies"
    else:
        head += "es" if head.endswith(("s", "x", "ch", "sh")) else "s"
    return head + preposition + rest


def _patterns(ontology: Ontology) -> Iterator[tuple[LeanPattern, tuple[str, ...]]]:
    for concept in ontology.concepts:
        for sense in concept.senses:
            for pattern in sense.patterns:
                if pattern.role in ABSTRACT_ROLES:
                    yield pattern, pattern.forms or concept.names


@cache
def _common() -> tuple[tuple[LeanPattern, tuple[str, ...]], ...]:
    """Words of arithmetic and analysis, whose concepts carry the patterns of the arithmetic reader."""
    lines = Path(__file__).with_name("common_words.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return tuple(
        (LeanPattern(r["role"], r["type"], r["template"], tuple(r["forms"])), tuple(r["forms"]))
        for r in records
    )


def _breadth(word: Word) -> tuple[bool, int]:
    """Patterns of narrower kinds come first: `Type extension` before `Type`, ℕ before ℤ."""
    kind = word.kinds[0] if word.kinds else ""
    return kind in ("Type", "Elem", "Set", "Map", "any"), "ℕℤℚℝℂ".find(kind)


@dataclass(frozen=True)
class Vocabulary:
    """Words by their form, in lower case."""

    by_form: dict[str, tuple[Word, ...]]

    @classmethod
    def of(cls, ontology: Ontology) -> Vocabulary:
        """The vocabulary of an ontology, and the common words of the package."""
        found: dict[str, list[Word]] = {}
        for pattern, names in (*_patterns(ontology), *_common()):
            for name in names:
                form = name.lower()
                word = _word(form, pattern.role, pattern.type, pattern.template)
                forms = [form]
                if pattern.role in ("structure", "object", "sort", "value"):
                    forms.append(_plural(form))
                for each in forms:
                    found.setdefault(each, []).append(word)
        return cls({form: tuple(sorted(words, key=_breadth)) for form, words in found.items()})

    def words(self, form: str, *roles: str) -> list[Word]:
        return [word for word in self.by_form.get(form, ()) if word.role in roles]
