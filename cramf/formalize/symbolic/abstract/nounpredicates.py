"""Nouns as predicates: `is a normal subgroup of G`."""

from __future__ import annotations

from dataclasses import replace

from cramf.formalize.symbolic.abstract.chunks import Chunk
from cramf.formalize.symbolic.abstract.clauses import Clauses
from cramf.formalize.symbolic.abstract.derivations import Node
from cramf.formalize.symbolic.abstract.fitting import Claim, fits
from cramf.formalize.symbolic.abstract.kinds import (
    Carrier,
    Elem,
    Map,
    Object,
    SetIn,
    Sub,
)
from cramf.formalize.symbolic.abstract.parts import determiner
from cramf.formalize.symbolic.abstract.words import Word
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["NounPredicates"]


class NounPredicates(Clauses):
    """Says what a noun and its adjectives say of a thing that is there."""

    def verb_phrase(self, node: Node, items: list[Object]) -> list[Claim]:
        """What a verb phrase says of objects; given by the subclass."""
        raise NotImplementedError

    def noun_predicate(self, node: Node, item: Object) -> list[Claim]:
        """`is a normal subgroup of G`: what the noun and its adjectives say of a thing that is there."""
        if node.rule != "np" or determiner(node) not in ("A", "NONE") or node.nodes("vars"):
            raise UnreadError("a noun that is not read here", node.span)
        phrase = self.phrase(node)
        if phrase.prefix is not None:
            prefix: list[Object] = [self.saying.formulas.term(phrase.prefix.args[0].args[0])]
        else:
            prefix = []
        form = phrase.noun.text
        claims: list[Claim] = []
        said = self.by_sort(form, item, prefix, phrase.needs, node)
        if said is not None:
            claims.append(said)
        elif not self.is_one(form, item, phrase.needs):
            raise UnreadError(f"that this is a {form} is not read", node.span)
        for chunk in phrase.adjectives:
            claims += self.saying.adjective(chunk.text, [item], chunk.span)
        for part in phrase.tail:
            claims += self.restriction(part, item)
        if not claims:
            raise UnreadError("that this is so says nothing more", node.span)
        return claims

    def restriction(self, part: Node, item: Object) -> list[Claim]:
        match part.rule:
            case "that":
                return self.verb_phrase(part.nodes()[0], [item])
            case "pp_post":
                return self.saying.adjective(part.chunks("POST")[0].text, [item], part.span)
            case "pp_value":
                return [Claim(text) for text in self.valued(part.nodes("value_bare")[0], [item])]
        raise UnreadError("what is said of this is not read", part.span)

    def by_sort(
        self,
        form: str,
        item: Object,
        prefix: list[Object],
        needs: list[tuple[Chunk, Node | Chunk]],
        node: Node,
    ) -> Claim | None:
        for word in self.saying.vocabulary.words(form, "sort"):
            params = list(prefix)
            taken = 0
            for prepositions, spec in word.needs[len(params) :]:
                match = [t for p, t in needs if p.text in prepositions.split("|")]
                if not match:
                    break
                found = self.target(match[0], spec)
                fitted = next((f for s in spec.split("|") if (f := _fit(s, found)) is not None), None)
                if fitted is None:
                    break
                params.append(fitted)
                taken += 1
            if len(params) != len(word.needs) or (taken != len(needs) and not self.about(item, needs, taken)):
                continue
            whole = _whole(word)
            said = self.saying.related(whole, (item, *params), node.span)
            if said is not None:
                return said
        return None

    def about(self, item: Object, needs: list[tuple[Chunk, Node | Chunk]], taken: int) -> bool:
        """Whether what is left over only names the space that the thing lives in."""
        if taken or len(needs) != 1 or needs[0][0].text not in ("of", "in"):
            return False
        target = needs[0][1]
        if isinstance(target, Node) and target.rule != "math":
            return False
        place = self.single(target)
        over = item.kind.of if isinstance(item.kind, Elem | Sub | SetIn) else None
        return over is not None and isinstance(place.kind, Carrier) and place.lean == over.lean

    def is_one(self, form: str, item: Object, needs: list[tuple[Chunk, Node | Chunk]]) -> bool:
        """Whether the thing is declared as what the noun says, so that the noun adds nothing."""
        for word in self.saying.vocabulary.words(form, "object", "structure"):
            sort, _, rest = (word.kinds[0] if word.kinds else "").partition(" ")
            if word.role == "structure":
                if isinstance(item.kind, Carrier) and not needs and item.kind.has(word.kinds[0]):
                    return True
            elif ";" not in word.template and not rest.startswith("|"):
                same = {
                    "Sub": isinstance(item.kind, Sub) and item.kind.sort == rest,
                    "Set": isinstance(item.kind, SetIn),
                    "Hom": isinstance(item.kind, Map) and item.kind.sort == rest,
                    "Map": isinstance(item.kind, Map) and item.kind.sort == "Map",
                }.get(sort, False)
                if same and (not needs or self.about(item, needs, 0)):
                    return True
        return False

    def inside(self, item: Object, place: Object, span: Span) -> Claim:
        if isinstance(item.kind, Elem):
            return Claim(self.saying.formulas.member(item, place, span))
        return Claim(self.saying.formulas.contained(item, place, span, proper=False))


def _whole(word: Word) -> Word:
    return replace(word, kinds=(*word.kinds, *(spec for _, spec in word.needs)), needs=())


def _fit(spec: str, item: Object) -> Object | None:
    return item if spec == "any" else fits(spec, item)
