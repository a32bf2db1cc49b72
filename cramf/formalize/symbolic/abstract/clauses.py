"""Clauses and sentences of a derivation to the theorem that they state."""

from __future__ import annotations

from cramf.formalize.symbolic.abstract.chunks import Chunk, name_of
from cramf.formalize.symbolic.abstract.context import Theorem
from cramf.formalize.symbolic.abstract.derivations import Node
from cramf.formalize.symbolic.abstract.kinds import (
    Elem,
    Object,
)
from cramf.formalize.symbolic.abstract.lean import infix, paren
from cramf.formalize.symbolic.abstract.premises import Premises
from cramf.formalize.symbolic.abstract.relations import names_in
from cramf.formalize.symbolic.syntax import UnreadError

__all__ = ["Clauses"]

_GOALS = ("goal_if", "goal_forall", "goal_after")


class Clauses(Premises):
    """Builds the theorem of one derivation; make a new one for each."""

    def theorem(self, tree: Node) -> Theorem:
        """The theorem of a whole derivation.

        Raises:
            UnreadError: where something in it does not fit.
        """
        goals: list[str] = []
        for node in tree.nodes():
            if node.rule == "setup":
                for item in node.nodes():
                    self.setup(item)
            else:
                before = len(self.context.scopes[0].entries)
                goals.append(self.goal(node))
                if len(goals) > 1 or len(tree.nodes("goal", *_GOALS)) > 1:
                    self.alone(before, node)
        return self.context.theorem(self.saying.conjoined(goals))

    def setup(self, node: Node) -> None:
        if node.rule == "let":
            parts = node.nodes()
            if not parts[-1].rule.startswith("bind"):
                self.suppose(parts.pop())
            for binding in parts:
                self.bind(binding)
        elif node.rule == "suppose":
            self.suppose(node.parts[0])
        elif node.rule == "consider":
            self.introduce(node.nodes()[0])
        else:
            raise UnreadError("a sentence that is not read", node.span)

    def alone(self, before: int, node: Node) -> None:
        """Refuses one of several claims that has premises of its own: they would be the others' too."""
        if len(self.context.scopes[0].entries) > before:
            raise UnreadError("several claims with premises of their own", node.span)

    def goal(self, node: Node) -> str:
        for part in node.nodes()[:-1]:
            if part.rule in ("let", "suppose"):
                self.setup(part)
            elif node.rule == "goal_if":
                self.suppose(part)
            else:
                self.quantify(part)
        return self.hoisted(node.parts[-1])

    def hoisted(self, node: Node | Chunk) -> str:
        self.hoisting = True
        text = self.clause(node)
        self.hoisting = False
        return text

    def clause(self, node: Node | Chunk) -> str:
        """The text of a clause; in the theorem's goal its premises become binders."""
        if isinstance(node, Chunk):
            raise UnreadError("a clause is expected", node.span)
        method = getattr(self, f"on_{node.rule}", None)
        if method is None:
            raise UnreadError("a clause that is not read", node.span)
        result: str = method(node)
        return result

    def side(self, node: Node | Chunk) -> str:
        """A clause inside another one: its binders stay in it."""
        hoisting, self.hoisting = self.hoisting, False
        text = self.clause(node)
        self.hoisting = hoisting
        return text

    def on_iff(self, node: Node) -> str:
        left, right = (self.side(part) for part in node.nodes())
        return infix("↔", left, right)

    def on_implies(self, node: Node) -> str:
        premise, conclusion = node.nodes()
        return self.implication(premise, conclusion)

    def on_if_post(self, node: Node) -> str:
        conclusion, premise = node.nodes()
        return self.implication(premise, conclusion)

    def on_only_if(self, node: Node) -> str:
        premise, conclusion = node.nodes()
        return self.implication(premise, conclusion)

    def implication(self, premise: Node, conclusion: Node) -> str:
        if self.hoisting:
            self.suppose(premise)
            return self.clause(conclusion)
        scope = self.scoped()
        self.suppose(premise)
        body = self.side(conclusion)
        return self.closed(scope, body)

    def on_forall(self, node: Node) -> str:
        return self.universal(node.nodes()[0], node.nodes()[1])

    def on_forall_post(self, node: Node) -> str:
        return self.universal(node.nodes()[1], node.nodes()[0])

    def universal(self, quants: Node, body: Node) -> str:
        if self.hoisting and not self.shadows(quants):
            self.quantify(quants)
            return self.clause(body)
        scope = self.scoped()
        self.quantify(quants)
        return self.closed(scope, self.side(body))

    def on_exists_post(self, node: Node) -> str:
        scope = self.scoped(existential=True)
        self.quantify(node.nodes()[1])
        return self.closed(scope, self.side(node.nodes()[0]))

    def shadows(self, quants: Node) -> bool:
        found = [name for quant in quants.nodes() for name in self.quant_names(quant)]
        return any(self.context.find(name) is not None for name in found)

    def quantify(self, quants: Node) -> None:
        for quant in quants.nodes():
            if quant.rule in ("quant_vars", "quant_rel"):
                tree = self.math(quant) if quant.rule == "quant_rel" else None
                names = names_in(tree.args[0].args) if tree else self.names(quant.nodes("vars")[0])
                self.usual(names, tree, quant.span)
            elif quant.rule == "quant_adjective":
                if not self.by_adjective(
                    quant.chunks("ADJ", "BOTHN")[0], self.names(quant.chunks("MVARS")[0])
                ):
                    raise UnreadError("what this ranges over has not been said", quant.span)
            else:
                self.introduce(quant.nodes()[0] if quant.rule == "quant_every" else quant)

    def on_where_post(self, node: Node) -> str:
        claim, condition = node.nodes()
        if self.hoisting:
            before = set(self.context.scopes[0].objects)
            self.suppose(condition)
            objects = self.context.scopes[0].objects
            new = [item.kind for name, item in objects.items() if name not in before]
            if any(isinstance(kind, Elem) and kind.of.has("number") for kind in new):
                # "G has order p, where p is a prime" claims that there is such a p; others mean all.
                raise UnreadError("whether this means all or some of them is not clear", condition.span)
            return self.clause(claim)
        return self.implication(condition, claim)

    def on_formula_as(self, node: Node) -> str:
        claim, index = (self.math(c).args[0].args for c in node.chunks("MREL"))
        arrow = index[0]
        if len(claim) != 1 or len(index) != 1 or arrow.text != "ARROW" or arrow.args[1].op != "infty":
            raise UnreadError("a limit that is not read", node.span)
        if claim[0].op != "chain" or claim[0].text != "ARROW":
            raise UnreadError("a limit that is not read", node.span)
        left, right = claim[0].args
        return self.saying.formulas.tends(left, name_of(arrow.args[0]), right, node.span)

    def on_exists_rel(self, node: Node) -> str:
        scope = self.scoped(existential=True)
        chunks = node.chunks("MREL", "MLIM")
        tree = self.math(chunks[0]) if chunks else None
        names = names_in(tree.args[0].args) if tree else self.names(node.nodes("vars")[0])
        items = self.usual(names, tree, node.span)
        for part in node.nodes():
            if part.rule != "vars":
                items = self.restrict(part, items)
        return self.closed(scope, None)

    def on_exists(self, node: Node) -> str:
        return self.existence(node.nodes()[-1])

    def existence(self, phrase: Node, owner: Object | None = None) -> str:
        scope = self.scoped(existential=True)
        self.introduce(phrase, owner=owner)
        if all(entry.sort == "variable" for entry in scope.entries):
            raise UnreadError("nothing is said of what exists", phrase.span)
        return self.closed(scope, None)

    def on_exists_no(self, node: Node) -> str:
        return f"¬{paren(self.existence(node.nodes()[-1]), 41)}"

    def on_exists_unique(self, node: Node) -> str:
        return self.unique(node.nodes()[-1])

    def unique(self, phrase: Node, owner: Object | None = None) -> str:
        text = self.existence(phrase, owner)
        if not text.startswith("∃ ") or len(text[2:].split(" : ")[0].split()) != 1 or "," not in text:
            raise UnreadError("uniqueness that is not read", phrase.span)
        return "∃! " + text[2:]

    def on_infinitely(self, node: Node) -> str:
        scope = self.scoped(existential=True)
        items = self.introduce(node.nodes()[-1])
        self.context.scopes.pop()
        facts = [e.text for e in scope.entries if e.sort != "variable"]
        if len(items) != 1 or not facts:
            raise UnreadError("infinitely many of what", node.span)
        entry = next(e for e in scope.entries if e.sort == "variable")
        return f"Set.Infinite {{{entry.name} : {entry.text} | {self.saying.conjoined(facts)}}}"

    def on_not_every(self, node: Node) -> str:
        phrase, predicate = node.nodes()
        if not any(det.chunks("EVERY") for det in phrase.nodes("det")):
            raise UnreadError("what is denied is not clear", node.span)
        claim = Node("says", (phrase, predicate), node.span)
        return f"¬{paren(self.side(claim), 41)}"

    def on_negation(self, node: Node) -> str:
        return f"¬{paren(self.side(node.parts[-1]), 41)}"

    def on_both(self, node: Node) -> str:
        return self.saying.conjoined([self.side(part) for part in node.parts])

    def on_either(self, node: Node) -> str:
        return self.saying.disjoined([self.side(part) for part in node.parts])

    def on_formula(self, node: Node) -> str:
        tree = self.math(node)
        chunk = node.chunks()[0]
        if chunk.kind == "MLIM":
            raise UnreadError("a list before a relation that is claimed", node.span)
        return self.saying.conjoined(self.saying.formulas.listed(tree))

    def on_says(self, node: Node) -> str:
        """A subject and what is said of it, closed where the subject brings objects of its own."""
        if self.hoisting:
            return self.saying.conjoined([c.text for c in self.says_claims(node)])
        scope = self.scoped()
        text = self.saying.conjoined([c.text for c in self.says_claims(node)])
        return self.closed(scope, text)
