"""Clauses of a derivation: subjects, predicates, and terms with unnamed objects in them."""

from __future__ import annotations

from cramf.formalize.symbolic.chunks import Chunk
from cramf.formalize.symbolic.leanterm import Atom, Hole, Infix, Lean, Prefix
from cramf.formalize.symbolic.lexicon import Phrase
from cramf.formalize.symbolic.nouns import COUNTS, TERMS, NounBuilder, conjoined, role_of
from cramf.formalize.symbolic.parser import Node
from cramf.formalize.symbolic.syntax import (
    Arith,
    Congruent,
    Decl,
    Described,
    Formula,
    IsA,
    Not,
    Num,
    Op,
    Or,
    Pred,
    Quant,
    Rel,
    Span,
    Term,
    UnreadError,
    Var,
)

__all__ = ["ClauseBuilder"]

_ASSOCIATIVE = ("sum", "product")


class ClauseBuilder(NounBuilder):
    """Adds clauses to what `NounBuilder` knows."""

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
        if described.decls and not _universal(node.parts[-1]):
            raise UnreadError("whether this means all or some of them is not clear", described.span)
        parts: list[Formula] = [Pred(verb.phrases[0], (term, described.term), node.span) for term in terms]
        body = conjoined(parts)
        return self.bound(Not(body) if negated else body, decls + list(described.decls), kind, node.span)

    # ---- subjects and terms

    def subject(self, node: Node | Chunk) -> tuple[list[Term], list[Decl], str]:
        """Terms that a clause speaks of, what binds them, and whether it speaks of all, some or none."""
        if isinstance(node, Chunk):
            return [self.closed(node)], [], "every"
        if node.rule in ("every", "generic", "none", "some"):
            nounp, *posts = node.nodes()
            terms, decls = self.unnamed(nounp, posts, 1)
            return terms, decls, node.rule
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
        decls = [decl for d in found for decl in d.decls]
        explicit = all(_universal(part) for part, d in zip(parts, found, strict=True) if d.decls)
        return [d.term for d in found], decls, "every" if explicit else "generic"

    def closed(self, node: Node | Chunk) -> Term:
        """A term without unnamed objects."""
        found = self.described(node)
        if found.decls:
            raise UnreadError("an unnamed object is not read here", found.span)
        return found.term

    def described(self, node: Node | Chunk) -> Described:
        if isinstance(node, Chunk):
            if not isinstance(node.math, TERMS):
                raise UnreadError("a term is expected", node.span)
            return Described(node.math, (), node.span)
        terms, decls = self.operation(node)
        if len(terms) != 1:
            raise UnreadError("several objects where one is expected", node.span)
        return Described(terms[0], tuple(decls), node.span)

    def operation(self, node: Node) -> tuple[list[Term], list[Decl]]:
        """What an operation makes: one on a single thing ("the squares of two primes") is done to each."""
        phrase = node.chunks("OPER")[0].phrases[0]
        args = node.nodes()[0]
        terms: list[Term] = []
        decls: list[Decl] = []
        if args.rule == "several":
            terms, decls = self.several(args)
        for part in args.parts if args.rule == "args" else ():
            if isinstance(part, Node) and part.rule == "unnamed":
                nounp, *posts = part.nodes()
                more, bound = self.unnamed(nounp, posts, 1)
            elif isinstance(part, Node):
                more, bound = self.operation(part)
            else:
                more, bound = [self.closed(part)], []
            terms += more
            decls += bound
        if phrase.arity == 1:
            return [_apply(phrase, (term,), node.span) for term in terms], decls
        if len(terms) != phrase.arity and not (len(terms) > 2 and phrase.concept in _ASSOCIATIVE):
            raise UnreadError(f"the {phrase.name} {len(terms)} objects", node.span)
        result = terms[0]
        for term in terms[1:]:
            result = _apply(phrase, (result, term), node.span)
        return [result], decls

    def several(self, node: Node) -> tuple[list[Term], list[Decl]]:
        count = COUNTS[node.chunks("COUNT")[0].text]
        nounp, *posts = node.nodes()
        return self.unnamed(nounp, posts, count)

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
            case "is_congruent":
                other, modulus = (self.closed(part) for part in node.parts[1:])
                return conjoined([Congruent(t, other, modulus, node.span) for t in terms])
            case _:
                described = self.described(node.parts[0])
                if len(terms) > 1:
                    raise UnreadError("several objects are said to be one", node.span)
                if described.decls and _universal(node.parts[0]):
                    raise UnreadError("what this says of any object is not clear", node.span)
                equal = Rel("=", terms[0], described.term, node.span)
                return Quant("∃", described.decls, equal, node.span) if described.decls else equal

    def quality(self, chunk: Chunk, terms: list[Term]) -> Formula:
        phrase = role_of(chunk, "adjective", "type")
        if phrase.role == "type":
            return conjoined([IsA(term, phrase, chunk.span) for term in terms])
        if phrase.arity == 2:
            if len(terms) != 2:
                raise UnreadError("said of two numbers, here of another count", chunk.span)
            return Pred(phrase, tuple(terms), chunk.span)
        return conjoined([Pred(phrase, (term,), chunk.span) for term in terms])

    def is_a(self, node: Node, terms: list[Term]) -> Formula:
        nounp, *posts = node.nodes()
        if node.rule == "are" and len(terms) < 2:
            raise UnreadError("a noun without an article", node.span, misfit=True)
        # The noun phrase speaks of variables, so terms stand in for them by placeholders that are replaced.
        stand_ins = [t if isinstance(t, Var) else Var(f"!{i}", node.span) for i, t in enumerate(terms)]
        sort, limits = self.noun(nounp, stand_ins)
        parts: list[Formula] = []
        if sort is not None:
            parts += [IsA(term, sort, nounp.span) for term in terms]
        real = {s.name: t for s, t in zip(stand_ins, terms, strict=True)}
        for limit in limits:
            assert isinstance(limit, Pred)
            args = tuple(real.get(a.name, a) if isinstance(a, Var) else a for a in limit.args)
            parts.append(Pred(limit.phrase, args, limit.span))
        return conjoined(parts + self.posts(posts, terms))


def _universal(node: Node | Chunk) -> bool:
    """Whether an operation's unnamed objects are said to be any whatever ("any two integers")."""
    return isinstance(node, Node) and (
        bool(node.chunks("EVERY")) or any(_universal(part) for part in node.nodes())
    )


def _apply(phrase: Phrase, args: tuple[Term, ...], span: Span) -> Term:
    """An operation; sums, products and powers become arithmetic, so that their types are settled as such."""
    first = phrase.senses[0][1][0]
    if first.type == "α":
        arithmetic = _arithmetic(first.template, args, span)
        if arithmetic is not None:
            return arithmetic
    return Op(phrase, args, span)


def _arithmetic(template: Lean, args: tuple[Term, ...], span: Span) -> Term | None:
    match template:
        case Hole(index):
            return args[index]
        case Atom(text) if text.isdigit():
            return Num(text, span)
        case Infix(op, left, right) if op in "+-*/^":
            parts = _arithmetic(left, args, span), _arithmetic(right, args, span)
            return None if parts[0] is None or parts[1] is None else Arith(op, (parts[0], parts[1]), span)
        case Prefix("-", body):
            inner = _arithmetic(body, args, span)
            return None if inner is None else Arith("neg", (inner,), span)
        case _:
            return None
