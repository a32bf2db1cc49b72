"""Questions and their answers: "What is ...? Show that it is 7." to what is to be proved.

By the thing asked for:

- a term (also a number of things, a remainder, a digit): it equals the answer;
- all solutions: for every value, the conditions hold if and only if it is one of the answers;
- the one solution ("the integer n such that ...", "Solve ... for x"): the conditions are supposed and the
  variable equals the answer;
- the least or greatest: `IsLeast`/`IsGreatest` of the set of what meets the conditions, the answer;
- the least or greatest value of a term: the same of the set of its values, with everything that is supposed
  of the term's variables inside the set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cramf.formalize.symbolic.nouns import POSTS, is_term
from cramf.formalize.symbolic.objects import ObjectBuilder
from cramf.formalize.symbolic.parser import Node
from cramf.formalize.symbolic.syntax import (
    Arith,
    Card,
    Decl,
    Formula,
    Num,
    Pred,
    Rel,
    Span,
    Term,
    UnreadError,
)
from cramf.formalize.symbolic.wording import GREATEST

__all__ = ["Asked", "QuestionBuilder"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for: a `term`, or objects of `decl` by `kind` (all, one, IsLeast, IsGreatest)."""

    kind: str
    span: Span
    term: Term | None = None
    decl: Decl | None = None


class QuestionBuilder(ObjectBuilder):
    """Adds questions to what `ObjectBuilder` knows; `setup` is what the statement supposes."""

    sought: Decl | Formula | None = None
    """What a question for one thing added to the setup."""
    conditions: tuple[Formula, ...] = ()

    def asked(self, node: Node) -> Asked:
        """What a question asks for; it may add suppositions to the setup, or take them into the answer."""
        method = getattr(self, node.rule)
        found: Asked = method(node)
        return found

    # ---- terms

    def ask_term(self, node: Node) -> Asked:
        return Asked("term", node.span, self.closed(node.parts[0]))

    def ask_equal(self, node: Node) -> Asked:
        word = node.chunks("RELW", "QUAL")[-1]
        if word.text not in ("equal", "equal to"):
            raise UnreadError(f"{word.text!r} at the end of a question", word.span, misfit=True)
        return self.ask_term(node)

    def ask_residue(self, node: Node) -> Asked:
        term, modulus = (self.closed(part) for part in node.parts if is_term(part))
        return Asked("term", node.span, Arith("%", (term, modulus), node.span))

    def ask_modulus(self, node: Node) -> Asked:
        """`the modulo m remainder of x`."""
        modulus, term = (self.closed(part) for part in node.parts if is_term(part))
        return Asked("term", node.span, Arith("%", (term, modulus), node.span))

    def ask_residue_of(self, node: Node) -> Asked:
        """`the residue of a (mod m)`."""
        term = self.closed(node.parts[-1])
        if not isinstance(term, Arith) or term.op != "%":
            raise UnreadError("a modulus is expected", node.span, misfit=True)
        return Asked("term", node.span, term)

    # ---- objects

    def ask_all(self, node: Node) -> Asked:
        return self._all_or_one(node, every=False)

    def ask_every(self, node: Node) -> Asked:
        return self._all_or_one(node, every=True)

    def _all_or_one(self, node: Node, every: bool) -> Asked:
        decl, plural = self.objects(node.nodes()[0], self.held(node))
        if plural or every:
            return Asked("all", node.span, decl=decl)
        return self._one(decl, node.span)

    def _one(self, decl: Decl, span: Span) -> Asked:
        """The conditions on the one thing sought are supposed."""
        if decl.sort is None and not decl.limits:
            raise UnreadError("nothing is said of what is sought", span)
        self.setup.append(decl)
        self.sought = decl
        return Asked("one", span, decl=decl)

    def ask_one(self, node: Node) -> Asked:
        equations = self.given(node.nodes("conjunction")[0])
        self.sought, self.conditions = equations, (equations,)
        lvars = node.nodes("lvars")
        names = self.names(lvars[0]) if lvars else self.unknowns([equations], node.span)
        self.setup.append(equations)
        return Asked("one", node.span, decl=Decl(tuple(names), None, (), node.span))

    def ask_one_residue(self, node: Node) -> Asked:
        """`Solve ... for t, as a residue modulo m.`: the t from 0 to m - 1."""
        asked = self.ask_one(node)
        assert asked.decl is not None
        modulus = self.closed(node.parts[-1])
        for name in asked.decl.names:
            self.setup.append(Rel("≤", Num("0", node.span), name, node.span))
            self.setup.append(Rel("<", name, modulus, node.span))
        return asked

    def ask_least(self, node: Node) -> Asked:
        decl, _ = self.objects(node.nodes()[0], self.held(node))
        return Asked(self._end(node), node.span, decl=self.taken(decl))

    def ask_least_value(self, node: Node) -> Asked:
        term_node, *posts = (part for part in node.parts if is_term(part))
        term = self.closed(term_node)
        for post in posts:
            assert isinstance(post, Node)
            self.setup.extend(self.posts([post], [term]))
        return Asked(f"{self._end(node)} value", node.span, term=term)

    def _end(self, node: Node) -> str:
        word = node.chunks("LEAST")[0].text.split()[0]
        return "IsGreatest" if word in GREATEST else "IsLeast"

    def held(self, node: Node) -> Node | None:
        return next((part for part in node.nodes() if part.rule in ("holds", "inverted")), None)

    # ---- counting

    def ask_count(self, node: Node) -> Asked:
        decl, _ = self.objects(node.nodes()[0], self.held(node))
        posts = self.posts([n for n in node.nodes() if n.rule in POSTS], list(decl.names))
        decl = replace(decl, limits=(*decl.limits, *posts))
        if posts and decl.names[0].name.startswith("?"):
            decl = self.by_its_letter(decl)
        return self._count(decl, node.span)

    def ask_count_pred(self, node: Node) -> Asked:
        objects, predicate = node.nodes()
        decl, _ = self.objects(objects, None)
        said = self.predicate(predicate, list(decl.names))
        return self._count(replace(decl, limits=(*decl.limits, said)), node.span)

    def ask_count_verb(self, node: Node) -> Asked:
        decl, _ = self.objects(node.nodes()[0], None)
        verb, other = node.chunks("VERB")[0], self.closed(node.parts[-1])
        said = [Pred(verb.phrases[0], (name, other), node.span) for name in decl.names]
        return self._count(replace(decl, limits=(*decl.limits, *said)), node.span)

    def ask_count_having(self, node: Node) -> Asked:
        decl, _ = self.objects(node.nodes()[0], None)
        said = self.having_divisors(node, node.parts[1:], list(decl.names))
        return self._count(replace(decl, limits=(*decl.limits, said)), node.span)

    def ask_count_solutions(self, node: Node) -> Asked:
        equation = self.equation(node.nodes("equation")[0])
        names = self.unknowns([equation], node.span)
        sort, limits = self.qualified(node.chunks("QUAL"), names)
        return self._count(Decl(tuple(names), sort, (*limits, equation), node.span), node.span)

    def ask_count_divisors(self, node: Node) -> Asked:
        divisor = self._lexicon.role("divisor of", "relation")
        positive = self._lexicon.role("positive integer", "type")
        if divisor is None or positive is None:
            raise UnreadError("no divisors in the ontology", node.span)
        (name,) = self.placeholders(1, node.span)
        qualities = [chunk for chunk in node.chunks("QUAL") if chunk.text != "positive"]
        sort, limits = self.qualified(qualities, [name])
        whole = next(self.closed(part) for part in node.parts if is_term(part))
        limits.append(Pred(divisor, (name, whole), node.span))
        return self._count(Decl((name,), sort or positive, tuple(limits), node.span), node.span)

    def _count(self, decl: Decl, span: Span) -> Asked:
        decl = self.taken(decl)
        if not decl.limits:
            raise UnreadError("nothing is said of what is counted", span)
        return Asked("term", span, Card(decl, span))
