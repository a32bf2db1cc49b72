"""Clauses of a derivation: subjects and predicates."""

from __future__ import annotations

from cramf.formalize.symbolic.chunks import Chunk
from cramf.formalize.symbolic.forms import replaced
from cramf.formalize.symbolic.nouns import COUNTS, conjoined, role_of
from cramf.formalize.symbolic.parser import Node
from cramf.formalize.symbolic.syntax import (
    Arith,
    Congruent,
    Decl,
    Formula,
    IsA,
    Not,
    Or,
    Pred,
    Quant,
    Rel,
    Span,
    Term,
    UnreadError,
    Var,
)
from cramf.formalize.symbolic.wording import WordingBuilder, universal

__all__ = ["ClauseBuilder"]


class ClauseBuilder(WordingBuilder):
    """Adds clauses to what `WordingBuilder` knows."""

    def said(self, subject: Node | Chunk, predicate: Node, negated: bool, span: Span) -> Formula:
        terms, decls, kind = self.subject(subject)
        if negated and len(terms) > 1:
            raise UnreadError("whether this denies each or only both is not clear", span)
        body = self.predicate(predicate, terms)
        if negated:
            body = Not(body)
        return self.bound(body, decls, kind, span)

    def bound(self, body: Formula, decls: list[Decl], kind: str, span: Span) -> Formula:
        if kind == "none":
            body = Not(body)
        if not decls:
            return body
        if kind == "generic" and self._introduces and not self._scoped:
            # "The sum of two numbers is 9." before a question tells of two numbers for all that follows.
            self._floated.extend(decls)
            return body
        if kind == "generic" and self._place != "claim":
            raise UnreadError("whether this means all or some of them is not clear here", span)
        return Quant("∃" if kind == "some" else "∀", tuple(decls), body, span)

    def on_verb(self, node: Node) -> Formula:
        return self.verb(node, negated=False)

    def on_verb_not(self, node: Node) -> Formula:
        return self.verb(node, negated=True)

    def verb(self, node: Node, negated: bool) -> Formula:
        terms, decls, kind = self.subject(node.parts[0])
        verb = node.chunks("VERB")[0]
        if negated and len(terms) > 1:
            raise UnreadError("whether this denies each or only both is not clear", node.span)
        described = self.described(node.parts[-1])
        if described.decls and not universal(node.parts[-1]):
            raise UnreadError("whether this means all or some of them is not clear", described.span)
        parts: list[Formula] = [Pred(verb.phrases[0], (term, described.term), node.span) for term in terms]
        body = conjoined(parts)
        return self.bound(Not(body) if negated else body, decls + list(described.decls), kind, node.span)

    # ---- subjects and terms

    def subject(self, node: Node | Chunk) -> tuple[list[Term], list[Decl], str]:
        """Terms that a clause speaks of, what binds them, and whether it speaks of all, some or none."""
        if isinstance(node, Chunk):
            return [self.closed(node)], [], "every"
        if self._place != "claim" and any(c.text.lower() == "any" for c in node.chunks("EVERY")):
            # "If any x is ..." means some x, "for any x" all of them.
            raise UnreadError("whether `any` means all or some is not clear here", node.span)
        if node.rule in ("every", "generic", "none", "some"):
            nounp, *posts = node.nodes()
            terms, decls = self.unnamed(nounp, posts, 1)
            return terms, decls, node.rule
        if node.rule == "several_subject":
            terms, decls = self.several(node)
            return terms, decls, "generic"
        if node.rule == "same_args":
            return self.same_group(node), [], "every"
        if node.rule in ("every_named", "generic_named"):
            nounp, lvars, *posts = node.nodes()
            decl = self.named(lvars, nounp, posts, node.span)
            # "An integer n is even iff ..." speaks of n to the end of the sentence.
            if node.rule == "generic_named" or self._place == "claim":
                if self._scoped:
                    raise UnreadError("how far this declaration reaches is not clear", node.span)
                self._floated.append(decl)
                return list(decl.names), [], "every"
            return list(decl.names), [decl], "every"
        if node.rule == "subject":
            return self.subject(node.parts[0])
        parts = node.parts if node.rule == "terms" else (node,)
        found = [self.described(part) for part in parts]
        self.spoken_of([d.term for d in found])
        decls = [decl for d in found for decl in d.decls]
        explicit = all(universal(part) for part, d in zip(parts, found, strict=True) if d.decls)
        return [d.term for d in found], decls, "every" if explicit else "generic"

    # ---- predicates

    def predicate(self, node: Node, terms: list[Term]) -> Formula:
        """What a predicate says of the terms; of several terms it speaks of each, or of the pair."""
        match node.rule:
            case "is_quality":
                return self.quality(node.chunks()[0], terms)
            case "all_qualities":
                return conjoined([self.quality(chunk, terms) for chunk in node.chunks("QUAL")])
            case "some_quality" | "no_quality":
                if len(terms) > 1:
                    raise UnreadError("whether all have the same quality is not clear", node.span)
                parts: list[Formula] = [self.quality(chunk, terms) for chunk in node.chunks("QUAL")]
                return Or(tuple(parts)) if node.rule == "some_quality" else conjoined([Not(p) for p in parts])
            case "is_a" | "are":
                return self.is_a(node, terms)
            case "is_related":
                relation, other = node.chunks("RELW")[0], self.closed(node.parts[-1])
                return conjoined([Pred(relation.phrases[0], (t, other), node.span) for t in terms])
            case "is_both":
                return conjoined([self.noun_said(nounp, terms, node) for nounp in node.nodes()])
            case "pred_pair":
                return conjoined(self.pair(node, terms))
            case "is_in":
                return conjoined(self.members_of(node, terms))
            case "is_between":
                return conjoined(self.range(node, terms))
            case "is_congruent_to_some":
                *others, modulus = (self.closed(part) for part in node.parts[1:])
                each: list[Formula] = [
                    Or(tuple(Congruent(t, other, modulus, node.span) for other in others)) for t in terms
                ]
                return conjoined(each)
            case "is_congruent_in_brackets":
                other = self.closed(node.parts[-1])
                if not isinstance(other, Arith) or other.op != "%":
                    raise UnreadError("a modulus is expected", node.span, misfit=True)
                value, modulus = other.args
                return conjoined([Congruent(t, value, modulus, node.span) for t in terms])
            case "is_congruent":
                other, modulus = (self.closed(part) for part in node.parts[1:])
                return conjoined([Congruent(t, other, modulus, node.span) for t in terms])
            case _:
                described = self.described(node.parts[0])
                if len(terms) > 1:
                    raise UnreadError("several objects are said to be one", node.span)
                if described.decls and universal(node.parts[0]):
                    raise UnreadError("what this says of any object is not clear", node.span)
                equal = Rel("=", terms[0], described.term, node.span)
                return Quant("∃", described.decls, equal, node.span) if described.decls else equal

    def pair(self, node: Node, terms: list[Term]) -> list[Formula]:
        """`less than 9 and odd`."""
        found: list[Formula] = []
        for index, part in enumerate(node.parts):
            if isinstance(part, Chunk) and part.kind == "QUAL":
                found.append(self.quality(part, terms))
            elif isinstance(part, Chunk) and part.kind == "RELW":
                other = self.closed(node.parts[index + 1])
                found += [Pred(part.phrases[0], (term, other), node.span) for term in terms]
        return found

    def quality(self, chunk: Chunk, terms: list[Term]) -> Formula:
        phrase = role_of(chunk, "adjective", "type")
        if phrase.role == "type":
            return conjoined([IsA(term, phrase, chunk.span) for term in terms])
        if phrase.arity == 2:
            return conjoined(self.paired(phrase, terms, chunk.span))
        return conjoined([Pred(phrase, (term,), chunk.span) for term in terms])

    def is_a(self, node: Node, terms: list[Term]) -> Formula:
        nounp, *posts = node.nodes()
        if node.rule == "are" and len(terms) < 2:
            raise UnreadError("a noun without an article", node.span, misfit=True)
        for count in node.chunks("COUNT"):
            if COUNTS[count.text] != len(terms):
                raise UnreadError("another number of things than it says", count.span)
        said = self.noun_said(nounp, terms, node)
        more = self.posts(posts, terms)
        return conjoined([said, *more])

    def noun_said(self, nounp: Node, terms: list[Term], node: Node) -> Formula:
        """What a noun phrase says of terms."""
        # The noun phrase speaks of variables, so terms stand in for them by placeholders that are replaced.
        stand_ins = [t if isinstance(t, Var) else Var(f"!{i}", node.span) for i, t in enumerate(terms)]
        sort, limits = self.noun(nounp, stand_ins)
        parts: list[Formula] = []
        if sort is not None:
            parts += [IsA(term, sort, nounp.span) for term in terms]
        for limit in limits:
            for stand_in, term in zip(stand_ins, terms, strict=True):
                if stand_in is not term:
                    limit = replaced(limit, stand_in.name, term)
            parts.append(limit)
        if not parts:
            raise UnreadError("what kind of number is not said", nounp.span)
        return conjoined(parts)
