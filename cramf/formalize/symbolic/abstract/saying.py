"""What words say of objects: adjectives, verbs and values, by the patterns of the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from cramf.formalize.symbolic.abstract.context import Context
from cramf.formalize.symbolic.abstract.fitting import Claim, claim, result
from cramf.formalize.symbolic.abstract.kinds import Carrier, Object, Sub
from cramf.formalize.symbolic.abstract.lean import infix
from cramf.formalize.symbolic.abstract.relations import Relations
from cramf.formalize.symbolic.abstract.words import Vocabulary, Word
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Saying"]


class Saying:
    """The vocabulary applied to the objects of one statement."""

    def __init__(self, vocabulary: Vocabulary, context: Context) -> None:
        self.vocabulary = vocabulary
        self.context = context
        self.formulas = Relations(context)

    def related(self, word: Word, items: Sequence[Object], span: Span) -> Claim | None:
        """What a pattern says; a template `@relation 1 0` is one of the relations of formulas."""
        if not word.template.startswith("@"):
            return claim(word, tuple(items))
        name, *order = word.template[1:].split()
        if len(items) != len(order):
            return None
        one, two = (items[int(index)] for index in order)
        match name:
            case "equal":
                return Claim(self.formulas.equal(one, two, "=", span))
            case "distinct":
                return Claim(self.formulas.equal(one, two, "≠", span))
            case "divides":
                return Claim(self.formulas.divides(one, two, span))
            case "member":
                return Claim(self.formulas.member(one, two, span))
            case "contained":
                if isinstance(one.kind, Sub) and isinstance(two.kind, Carrier):
                    return None
                return Claim(self.formulas.contained(one, two, span, proper=False))
            case "holds":
                try:
                    return Claim(self.formulas.member(one, two, span))
                except UnreadError:
                    return Claim(self.formulas.contained(one, two, span, proper=False))
            case "isomorphic":
                return Claim(self.formulas.isomorphic(one, two, span))
        raise ValueError(f"{word.template!r} is no relation")

    def said(self, form: str, items: Sequence[Object], span: Span, *roles: str) -> Claim:
        """The first pattern of a form that fits the objects.

        Raises:
            UnreadError: where none does.
        """
        for word in self.vocabulary.words(form, *roles):
            if word.role == "class" and word.result:
                continue
            found = self.related(word, items, span)
            if found is not None:
                return found
        raise UnreadError(f"what {form!r} says of this is not known", span)

    def adjective(self, form: str, items: Sequence[Object], span: Span) -> list[Claim]:
        """What an adjective says of each object, or of each two of them."""
        words = self.vocabulary.words(form, "property", "class")
        if len(items) > 1:
            pairs = [word for word in words if len(word.kinds) == 2]
            if pairs:
                return [self.said(form, pair, span, "property") for pair in combinations(items, 2)]
        claims: list[Claim] = []
        for item in items:
            # A class says it best where it can stand as an instance; of a set or an element a property does.
            claims.append(self.said(form, (item,), span, "property", "class"))
        return claims

    def take(self, said: Claim, item: Object | None = None) -> Object | None:
        """Assumes a claim in the innermost scope; the object with what is now known of it."""
        if said.cls and not self.context.top.existential:
            self.context.instance(said.text)
        else:
            self.context.assume(said.text)
        if item is None:
            return None
        known = replace(item, facts=item.facts | {said.word})
        instance = said.cls and not self.context.top.existential
        if isinstance(item.kind, Sub) and said.word == "normal" and instance:
            known = replace(known, kind=replace(item.kind, normal=True))
        self.context.update(item, known)
        return known

    def value(self, form: str, items: Sequence[Object], span: Span) -> Object:
        """The value of a functional noun.

        Raises:
            UnreadError: where none of its patterns fits the objects.
        """
        for word in self.vocabulary.words(form, "value"):
            found = result(word, tuple(items))
            if found is not None:
                return found
        if form in ("intersection", "union", "sum", "product", "composition") and len(items) == 2:
            return self.operation(form, items[0], items[1], span)
        raise UnreadError(f"the {form} of this is not known", span)

    def operation(self, form: str, one: Object, two: Object, span: Span) -> Object:
        from cramf.formalize.symbolic.abstract.numbers import arithmetic

        if form in ("intersection", "union"):
            return self.formulas.sets("∩" if form == "intersection" else "∪", one, two, span)
        if form == "composition":
            raise UnreadError("a composition in words", span)
        return arithmetic("+" if form == "sum" else "*", one, two, span)

    def equation(self, one: Object, two: Object, span: Span) -> str:
        return self.formulas.equal(one, two, "=", span)

    def conjoined(self, texts: list[str]) -> str:
        result = texts[-1]
        for text in reversed(texts[:-1]):
            result = infix("∧", text, result)
        return result

    def disjoined(self, texts: list[str]) -> str:
        result = texts[-1]
        for text in reversed(texts[:-1]):
            result = infix("∨", text, result)
        return result
