"""Subjects and predicates: the clauses that say something of something."""

from __future__ import annotations

from collections.abc import Callable

from cramf.formalize.symbolic.abstract.chunks import Chunk, name_of
from cramf.formalize.symbolic.abstract.context import Scope
from cramf.formalize.symbolic.abstract.derivations import Node
from cramf.formalize.symbolic.abstract.fitting import Claim
from cramf.formalize.symbolic.abstract.kinds import (
    Carrier,
    Object,
    Sub,
)
from cramf.formalize.symbolic.abstract.lean import paren
from cramf.formalize.symbolic.abstract.nounpredicates import NounPredicates
from cramf.formalize.symbolic.abstract.numbers import fitted
from cramf.formalize.symbolic.abstract.parts import determiner, has_determiner
from cramf.formalize.symbolic.abstract.terms import polynomials
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["StatementBuilder"]


class StatementBuilder(NounPredicates):
    """Builds the theorem of one derivation; make a new one for each."""

    def objects(self, node: Node | Chunk) -> list[Object]:
        """The objects that a term means; those that it introduces go to the innermost scope."""
        if isinstance(node, Chunk):
            return [self.single(node)]
        ready = self.__dict__.setdefault("ready", {}).get(id(node))
        if ready is not None:
            return list(ready)
        match node.rule:
            case "terms":
                return [item for part in node.parts for item in self.objects(part)]
            case "vars_term":
                return [self.saying.formulas.term(item) for item in self.math_items(node)]
            case "formula_term" | "math":
                return [self.single(node)]
            case "the_formula":
                return [self.single(chunk) for chunk in node.chunks("MTERM")]
            case "the_named":
                return self.the_named(node)
            case "pronoun":
                if len(self.subjects) != 1:
                    raise UnreadError("what `it` stands for is not clear", node.span)
                return list(self.subjects)
            case "value":
                form = node.chunks("VALUE", "VALN")[0].text
                return [self.saying.value(form, self.objects(node.parts[-1]), node.span)]
            case "value_math":
                form = node.chunks("VALUE")[0].text
                return [self.saying.value(form, [self.single(node.parts[-1])], node.span)]
        if node.rule.startswith("np"):
            return self.introduce(node)
        raise UnreadError("a term that is not read", node.span)

    def the_named(self, node: Node) -> list[Object]:
        """`the finite group G`, which may be introduced by that."""
        names = [name_of(item) for item in self.math_items(node)]
        if all(self.context.find(name) is None for name in names):
            return self.introduce(node, names)
        items = [self.saying.formulas.term(item) for item in self.math_items(node)]
        for item in items:
            if not {c.text for c in node.chunks("ADJ", "BOTHN")} <= item.facts or len(node.nodes()) > 1:
                raise UnreadError("something new that is said of what is known", node.span)
        return items

    def prepare(self, node: Node) -> None:
        """Introduces a clause's subject before what stands around the clause is read."""
        if node.rule == "says" and isinstance(node.parts[0], Node) and node.parts[0].rule == "np":
            items = self.introduce(node.parts[0])
            self.__dict__.setdefault("ready", {})[id(node.parts[0])] = items

    def on_iff(self, node: Node) -> str:
        left = node.nodes()[0]
        if (
            self.hoisting
            and left.rule == "says"
            and _free(left.parts[0], "EVERY", "ANY", "SOME", "NO", "COUNT")
        ):
            self.prepare(left)
        return super().on_iff(node)

    def on_if_post(self, node: Node) -> str:
        if self.hoisting and not has_determiner(node.nodes()[0], "NO", "SOME"):
            self.prepare(node.nodes()[0])
        return super().on_if_post(node)

    def suppose(self, node: Node | Chunk) -> None:
        if (
            isinstance(node, Node)
            and node.rule == "says"
            and has_determiner(node.parts[0], "EVERY", "NO", "SOME", "ANY")
        ):
            self.context.assume(self.side(node))
            return
        super().suppose(node)

    def on_says(self, node: Node) -> str:
        ready = id(node.parts[0]) in self.__dict__.get("ready", {})
        if isinstance(node.parts[0], Node) and determiner(node.parts[0]) == "SOME":
            scope = self.scoped(existential=True)
            text = self.saying.conjoined([said.text for said in self.says_claims(node)])
            return self.closed(scope, text)
        if not self.hoisting and has_determiner(node.parts[0], "ANY"):
            raise UnreadError("whether `any` means all or some is not clear here", node.parts[0].span)
        unclear = has_determiner(node.parts[0], "A", "COUNT") and _free(node.parts[0], "EVERY", "ANY", "NO")
        if not self.hoisting and not ready and unclear:
            raise UnreadError("whether this means all or some is not clear here", node.parts[0].span)
        return super().on_says(node)

    def says_claims(self, node: Node) -> list[Claim]:
        subject, predicate = node.parts
        assert isinstance(predicate, Node)
        polynomial = self.polynomial_subject(predicate, subject)
        if polynomial is not None:
            return [polynomial]
        self.denying = id(subject)
        items = self.objects(subject)
        self.denying = 0
        self.subjects = items
        self.universal_subject = has_determiner(subject, "EVERY")
        claims = self.verb_phrase(predicate, items)
        self.universal_subject = False
        if isinstance(subject, Node) and subject.rule.startswith("np") and determiner(subject) == "NO":
            text = self.saying.conjoined([said.text for said in claims])
            return [Claim(f"¬{paren(text, 41)}")]
        return claims

    def polynomial_subject(self, predicate: Node, subject: Node | Chunk) -> Claim | None:
        """`x^2 + 1 is irreducible over ℚ`, whose letter gets its meaning from what stands after."""
        links = predicate.nodes("pred_link")
        if predicate.rule != "vp_is" or len(links) != 1 or not isinstance(subject, Node):
            return None
        if not links[0].chunks("LINK")[0].text.startswith("irreducible "):
            return None
        if subject.rule not in ("formula_term", "the_formula", "defined_term"):
            return None
        (place,) = self.objects(links[0].nodes()[0])
        tree = self.math(subject.chunks("MTERM", "MREL")[0]).args[0].args[0]
        if subject.rule == "defined_term":
            if tree.op != "chain" or tree.text != "EQ" or tree.args[0].op not in ("factors", "name"):
                return None
            if any(self.context.find(name) for name in tree.args[0].names()):
                return None
            tree = tree.args[1]
        if not isinstance(place.kind, Carrier):
            return None
        ring = place.kind
        if ring.parameter is None:
            unknown = {name for name in tree.names() if self.context.find(name) is None}
            unknown -= {"Q", "Z", "𝔽"}
            if not ring.has("commring") or len(unknown) != 1:
                return None
            ring = polynomials(ring)
            self.saying.formulas.indeterminate(unknown.pop(), ring)
        value = fitted(self.saying.formulas.term(tree), ring, subject.span)
        text = f"Irreducible ({value.lean} : {ring.lean})"
        return Claim(f"¬{text}" if predicate.chunks("NOT") else text)

    def predicates(self, node: Node, items: list[Object], span: Span) -> str:
        return self.saying.conjoined([said.text for said in self.verb_phrase(node, items)])

    def verb_phrase(self, node: Node, items: list[Object]) -> list[Claim]:
        match node.rule:
            case "vp_both":
                return [c for part in node.nodes() for c in self.verb_phrase(part, items)]
            case "vp_verb_unique" if node.chunks("VERB")[0].text in ("contains", "contain"):
                return [Claim(self.unique(node.nodes()[0], item)) for item in items]
            case "vp_is":
                parts = [part for part in node.parts if not _is(part, "BE", "NOT")]
                claims = [c for part in parts for c in self.predicate(part, items, node.span)]
                if node.chunks("NOT") and self.universal_subject:
                    raise UnreadError("whether this denies each or only all is not clear", node.span)
                if node.chunks("NOT"):
                    return [self.denied(claims, node.span)]
                return claims
            case "vp_or":
                texts = []
                for part in (p for p in node.parts if not _is(p, "BE")):
                    texts.append(
                        self.saying.conjoined([c.text for c in self.predicate(part, items, node.span)])
                    )
                if len(items) != 1:
                    raise UnreadError("which of them is one or the other is not clear", node.span)
                return [Claim(self.saying.disjoined(texts))]
            case "vp_verb":
                return self.verb(node, items)
            case "vp_not_verb":
                return [self.denied(self.verb(node, items), node.span)]
            case "vp_has" if not node.chunks("DOESNOT"):
                return [self.has(node.nodes()[0], item) for item in items]
            case "vp_has_no":
                return [self.denied([self.has(node.nodes()[0], item)], node.span) for item in items]
            case "vp_has_unique":
                return [Claim(self.unique(node.nodes()[0], item)) for item in items]
            case "vp_quality":
                return self.quality_claims(node, items)
            case "vp_value":
                form, amount = node.chunks("VALUE")[0].text, self.single(node.nodes("math")[0])
                found = [self.saying.value(form, (item,), node.span) for item in items]
                return [Claim(self.saying.equation(value, amount, node.span)) for value in found]
        raise UnreadError("a predicate that is not read", node.span)

    def quality_claims(self, node: Node, items: list[Object]) -> list[Claim]:
        """`has finite index`, `has prime order p`."""
        form, quality = node.chunks("VALUE")[0].text, node.chunks("ADJ")[0].text
        whole = f"of {quality} {form}"
        claims: list[Claim] = []
        for item in items:
            value = self.saying.value(form, (item,), node.span)
            if node.nodes("math"):
                amount = self.amount(node.nodes("math")[0], value)
                claims.append(Claim(self.saying.equation(value, amount, node.span)))
            if self.saying.vocabulary.words(whole, "property"):
                claims += self.saying.adjective(whole, [item], node.span)
            else:
                claims += self.saying.adjective(quality, [value], node.span)
        return claims

    def denied(self, claims: list[Claim], span: Span) -> Claim:
        if len(claims) != 1:
            raise UnreadError("what is denied is not clear", span)
        return Claim(f"¬{paren(claims[0].text, 41)}")

    def has(self, phrase: Node, owner: Object) -> Claim:
        if has_determiner(phrase, "EVERY", "ANY"):
            raise UnreadError("having every one of them is not read", phrase.span)
        return Claim(self.existence(phrase, owner))

    def verb(self, node: Node, items: list[Object]) -> list[Claim]:
        form = node.chunks("VERB")[0].text
        targets = [part for part in node.nodes() if part.rule != "math"]
        if not targets:
            words = self.saying.vocabulary.words(form, "action")
            if len(items) == 2 and any(len(word.kinds) == 2 for word in words):
                return [self.saying.said(form, items, node.span, "action")]
            return [self.saying.said(form, (item,), node.span, "action") for item in items]
        structures = all(isinstance(item.kind, Carrier | Sub) for item in items)
        some = targets[0].rule == "np" and determiner(targets[0]) == "A"
        if form in ("contains", "contain") and some and structures:
            return [self.has(targets[0], item) for item in items]
        return self.with_others(form, "action", targets[0], items, node.span)

    def with_others(self, form: str, role: str, target: Node, items: list[Object], span: Span) -> list[Claim]:
        """What a verb or an adjective with preposition says of each item and of what stands after it."""

        def one(item: Object) -> str:
            others = self.objects(target)
            said = [self.saying.said(form, (item, other), span, role) for other in others]
            return self.saying.conjoined([c.text for c in said])

        if not _speaks(target):
            found: list[Claim] = []
            for item in items:
                for other in self.objects(target):
                    found.append(self.saying.said(form, (item, other), span, role))
            return found
        return [Claim(self.enclosed(target, one, item)) for item in items]

    def enclosed(self, target: Node, body: Callable[[Object], str], item: Object) -> str:
        """A claim about what a noun phrase speaks of: for all of them after `every`, else for some."""
        existential = not has_determiner(target, "EVERY")
        if has_determiner(target, "NO", "ANY"):
            raise UnreadError("a denial inside a predicate", target.span)
        scope: Scope = self.scoped(existential=existential)
        return self.closed(scope, body(item))

    def predicate(self, node: Node | Chunk, items: list[Object], span: Span) -> list[Claim]:
        if isinstance(node, Chunk):
            return self.saying.adjective(node.text, items, node.span)
        match node.rule:
            case "adjective":
                return self.saying.adjective(node.chunks()[0].text, items, node.span)
            case "pred_link":
                form = node.chunks("LINK")[0].text
                return self.with_others(form, "link", node.nodes()[0], items, node.span)
            case "pred_post":
                return self.saying.adjective(node.chunks("POST")[0].text, items, node.span)
            case "pred_np":
                return [c for item in items for c in self.noun_predicate(node.nodes()[0], item)]
            case "pred_value":
                (value,) = self.objects(node.parts[0])
                return [Claim(self.saying.equation(item, value, node.span)) for item in items]
            case "pred_valued":
                claims = self.saying.adjective(node.chunks("ADJ")[0].text, items, node.span)
                return claims + [Claim(text) for text in self.valued(node.nodes("value_bare")[0], items)]
            case "pred_math":
                value = self.single(node.nodes("math")[0])
                return [Claim(self.saying.equation(item, value, node.span)) for item in items]
            case "pred_congruent":
                return [Claim(self.congruent(node, item)) for item in items]
            case "pred_in" if node.chunks("PREP")[0].text == "in":
                place = self.single(node.nodes("math")[0])
                return [self.inside(item, place, node.span) for item in items]
        raise UnreadError("a predicate that is not read", node.span)


def _free(node: Node | Chunk, *kinds: str) -> bool:
    """Whether no noun phrase in a term has one of these determiners."""
    return not has_determiner(node, *kinds)


def _speaks(node: Node) -> bool:
    return has_determiner(node, "A", "SOME", "EVERY", "ANY", "NO", "COUNT", "NONE")


def _is(part: Node | Chunk, *kinds: str) -> bool:
    return isinstance(part, Chunk) and part.kind in kinds
