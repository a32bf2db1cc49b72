"""The list of definitions in a prompt: in rank order, each with what is known of it, to a token budget."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cramf.formalize.budget import TokenCounter
from cramf.knowledge.ontology import Ontology
from cramf.knowledge.types import Definition, Notation
from cramf.retrieval.types import ConceptMention

__all__ = ["PromptKnowledge", "list_definitions", "list_readings", "one_line"]

_LONGEST_SIGNATURE = 600
_SHORT_SIGNATURE = 200
_LONGEST_GLOSS = 300
_MOST_NOTATIONS = 2
_SENTENCE = re.compile(
    r".*?[^.\s](?<!\be\.g)(?<!\bi\.e)(?<!\bcf)(?<!\bresp)[.!?](?=\s+[^a-z]|\s*$)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class PromptKnowledge:
    """What is said of definitions besides what a hit holds, by their full names."""

    glosses: Mapping[str, str] = field(default_factory=dict)
    """A sentence that says what the definition is, for one without a docstring."""
    notations: Mapping[str, tuple[Notation, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, ontology: Ontology, notations: Iterable[Notation] = ()) -> PromptKnowledge:
        """Glosses from the concepts of an ontology, notation from an index (`Vocabulary.notation_table`).

        A definition has the gloss of the concept that it is the first sense of: in another sense the same
        words mean something else.
        """
        glosses: dict[str, str] = {}
        for concept in ontology.concepts:
            for sense in concept.senses[:1]:
                glosses.setdefault(sense.declaration, concept.gloss)
        table: dict[str, tuple[Notation, ...]] = {}
        for notation in notations:
            if notation.declarations and any(token.strip() for token in notation.tokens):
                head = notation.declarations[0]
                table[head] = (*table.get(head, ()), notation)
        return cls(glosses, table)


def one_line(text: str, longest: int) -> str:
    """The text on one line of at most `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def list_definitions(
    definitions: Sequence[Definition],
    mentions: Sequence[ConceptMention],
    knowledge: PromptKnowledge,
    budget: int,
    count: TokenCounter,
    start: int = 1,
) -> tuple[list[str], list[str], int]:
    """Entries of the best definitions, their names, and the tokens that are left.

    The first definition that does not fit even without its gloss and with a short signature ends the list, so
    that what is left out ranks below all that is listed. Numbers begin at `start`.
    """
    entries: list[str] = []
    names: list[str] = []
    for definition in definitions:
        if definition.name in names:
            continue
        words = _words(definition.name, mentions)
        for brief in (False, True):
            entry = _entry(start + len(entries), definition, words, knowledge, brief=brief)
            cost = count(entry) + 1
            if cost <= budget:
                break
        else:
            break
        budget -= cost
        entries.append(entry)
        names.append(definition.name)
    return entries, names, budget


def list_readings(
    mentions: Sequence[ConceptMention], listed: Sequence[str], budget: int, count: TokenCounter
) -> list[str]:
    """One line a concept of the statement whose definition is not among those `listed`, within the budget."""
    lines: dict[str, None] = {}
    for mention in mentions:
        if mention.declaration in listed:
            continue
        others = f" (or {', '.join(mention.alternatives)})" if mention.alternatives else ""
        line = f'- "{one_line(mention.text, 80)}" may mean {mention.declaration}{others}'
        if line in lines:
            continue
        cost = count(line) + 1
        if cost > budget:
            break
        budget -= cost
        lines[line] = None
    return list(lines)


def _words(name: str, mentions: Sequence[ConceptMention]) -> str:
    """The words of the statement that this definition was read in."""
    said = (m.text for m in mentions if name == m.declaration or name in m.alternatives)
    return ", ".join(dict.fromkeys(f'"{one_line(text, 60)}"' for text in said))


def _entry(
    number: int, definition: Definition, words: str, knowledge: PromptKnowledge, *, brief: bool
) -> str:
    signature = one_line(definition.signature, _SHORT_SIGNATURE if brief else _LONGEST_SIGNATURE)
    lines = [f"{number}. {definition.kind} {definition.name}{f' {signature}' if signature else ''}"]
    facts = [f"in {definition.module}"] if definition.module else []
    notation = "" if brief else _notation(knowledge.notations.get(definition.name, ()))
    facts += [f"written {notation}"] if notation else []
    facts += [f"may be meant by {words}"] if words else []
    if definition.deprecated is not None:
        facts.append(f"deprecated{f', use {definition.deprecated}' if definition.deprecated else ''}")
    if facts:
        lines.append(f"   {'; '.join(facts)}")
    gloss = (
        "" if brief else _first_sentence(definition.docstring) or knowledge.glosses.get(definition.name, "")
    )
    if gloss:
        lines.append(f"   -- {one_line(gloss, _LONGEST_GLOSS)}")
    return "\n".join(lines)


def _notation(notations: Sequence[Notation]) -> str:
    shown: dict[str, None] = {}
    for notation in notations:
        symbols = " … ".join(token.strip() for token in notation.tokens if token.strip())
        scope = f" (after `open scoped {notation.scope}`)" if notation.scope else ""
        shown[f"`{symbols}`{scope}"] = None
    return " or ".join(list(shown)[:_MOST_NOTATIONS])


def _first_sentence(docstring: str) -> str:
    paragraph = docstring.strip().partition("\n\n")[0]
    sentence = _SENTENCE.match(paragraph)
    return sentence[0] if sentence else paragraph
