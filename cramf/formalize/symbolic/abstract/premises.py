"""What is supposed: bindings and premises."""

from __future__ import annotations

from collections.abc import Sequence

from cramf.formalize.symbolic.abstract.chunks import Chunk, is_name, name_of
from cramf.formalize.symbolic.abstract.derivations import Node
from cramf.formalize.symbolic.abstract.formulas import Expr
from cramf.formalize.symbolic.abstract.introducing import Introducing
from cramf.formalize.symbolic.abstract.kinds import (
    Carrier,
    Object,
)
from cramf.formalize.symbolic.abstract.parts import names_of
from cramf.formalize.symbolic.abstract.relations import names_in
from cramf.formalize.symbolic.syntax import UnreadError

__all__ = ["Premises"]


class Premises(Introducing):
    """Takes `let` and `suppose`."""

    def bind(self, node: Node) -> None:
        match node.rule:
            case "bind":
                names, phrase = self.names(node.nodes("vars")[0]), node.nodes()[1]
                self.introduce(phrase, names)
            case "bind_map":
                for chunk in node.chunks("MMAP"):
                    for phrase in node.nodes():
                        self.introduce(phrase, None, None, self.math(chunk))
                    if not node.nodes():
                        self.declare_map(self.math(chunk))
            case "bind_map_pred":
                self.map_is(node)
            case "bind_pred":
                named = self.math_items(node.nodes("vars")[0])
                self.by_class(named, [c.text for p in node.nodes("adjective") for c in p.chunks()])
                items = [self.saying.formulas.term(item) for item in named]
                self.assume_qualities(node, items)
            case "bind_rel_pred":
                tree = self.math(node.chunks("MMEM", "MREL", "MLIM")[0])
                if not self.declares(tree):
                    raise UnreadError("what this declares is not clear", node.span)
                items = [self.saying.formulas.term(item) for item in _heads(tree)]
                self.assume_qualities(node, items)
            case "bind_rel_such":
                self.suppose(Node("bind_rel", tuple(node.chunks("MMEM", "MREL", "MLIM")), node.span))
                for part in node.nodes():
                    if part.rule in ("such", "where", "such_rel"):
                        self.restrict(part, [])
                    else:
                        self.suppose(part)
            case "bind_value":
                (name,) = self.names(node.nodes("vars")[0])
                (value,) = self.objects(node.parts[-1])
                if self.context.find(name) is not None:
                    raise UnreadError(f"{name} is declared twice", node.span)
                # A name for something that the statement has: it stands wherever the name does.
                self.context.top.objects[name] = value
            case "bind_term":
                self.bind_term(self.math(node.chunks("MTERM")[0]), node.nodes()[-1])
            case _:
                self.suppose(node)

    def bind_term(self, tree: Expr, phrase: Node) -> None:
        """`(X, d)` is a space X; `{a_n}` is a sequence a."""
        items = tree.args[0].args
        first = items[0]
        if first.op in ("paren", "listset") and first.args:
            inner = first.args[0].args
            if first.op == "paren" and len(inner) == 2 and all(map(is_name, inner)):
                (space,) = self.introduce(phrase, [name_of(inner[0])])
                if not isinstance(space.kind, Carrier) or not space.kind.has("topology"):
                    raise UnreadError("a pair that is no space with its metric or topology", tree.span)
                return
            if len(inner) == 1 and inner[0].op == "sub_script" and inner[0].args[1].op == "name":
                base = inner[0].args[0]
                if is_name(base):
                    # Kept apart from a bare `a`, which may be the limit.
                    self.introduce(phrase, [name_of(base) + "_"])
                    return
        raise UnreadError("what this declares is not clear", tree.span)

    def suppose(self, node: Node | Chunk) -> None:
        """Takes a clause as a premise in the innermost scope, declaring the names that it introduces."""
        if isinstance(node, Node) and node.rule == "both":
            self.suppose_all(list(node.parts))
            return
        if isinstance(node, Node) and node.rule in ("formula", "bind_rel"):
            tree = self.math(node)
            if self.declares(tree):
                return
            self.usual_in(tree)
            for text in self.saying.formulas.listed(tree):
                self.context.assume(text)
            return
        if isinstance(node, Node) and node.rule in ("forall_post", "exists_post"):
            body, quants = node.nodes()
            if body.rule == "both" and not self.spoken(body.parts[:-1], quants):
                # The quantifier belongs to the last part; the others may introduce what it speaks of.
                last = Node(node.rule, (body.parts[-1], quants), node.span)
                self.suppose_all([*body.parts[:-1], last])
                return
        if isinstance(node, Node) and node.rule == "remark":
            self.suppose(node.parts[0])
            self.suppose(Node("formula", node.parts[1:], node.span))
            return
        if isinstance(node, Node) and node.rule == "says_such":
            if node.chunks("MMEM") and not self.declares(self.math(node.chunks("MMEM")[0])):
                raise UnreadError("an element that is known already", node.span)
            self.suppose(node.nodes()[-1])
            return
        if isinstance(node, Node) and node.rule == "says_member":
            tree = self.math(node.chunks("MMEM")[0])
            if not self.declares(tree):
                raise UnreadError("an element that is known already", node.span)
            items = [self.saying.formulas.term(item) for item in _heads(tree)]
            for part in (p for p in node.parts if not isinstance(p, Chunk)):
                if part.rule.startswith("np"):
                    self.assume_all([c for item in items for c in self.noun_predicate(part, item)])
                else:
                    self.assume_all(self.predicate(part, items, node.span))
            return
        if isinstance(node, Node) and node.rule == "where_post":
            self.suppose(node.parts[1])
            self.suppose(node.parts[0])
            return
        if isinstance(node, Node) and node.rule == "says" and self.introduces(node):
            return
        if isinstance(node, Node) and node.rule == "says_map":
            for chunk in node.chunks("MMAP"):
                self.introduce(node.nodes()[0], None, None, self.math(chunk))
            return
        if isinstance(node, Node) and node.rule == "says_map_pred":
            self.map_is(node)
            return
        if isinstance(node, Node) and node.rule == "says":
            hoisting, self.hoisting = self.hoisting, False
            self.assume_all(self.says_claims(node))
            self.hoisting = hoisting
            return
        self.context.assume(self.side(node))

    def map_is(self, node: Node) -> None:
        """`f : X → Y is continuous`."""
        words = [c.text for part in node.nodes("adjective") for c in part.chunks()]
        for chunk in node.chunks("MMAP"):
            mapping = self.math(chunk)
            for arg in mapping.args[1:]:
                self.structure_for(arg, "Type", words)
            self.assume_qualities(node, self.declare_map(mapping))

    def assume_qualities(self, node: Node, items: list[Object]) -> None:
        for part in node.parts:
            if isinstance(part, Node) and part.rule not in ("vars",):
                self.assume_all(self.predicate(part, items, node.span))

    def spoken(self, parts: Sequence[Node | Chunk], quants: Node) -> bool:
        """Whether clauses speak of what a quantifier binds."""
        bound = {name for quant in quants.nodes() for name in self.quant_names(quant)}
        return any(bound.intersection(names_of(part)) for part in parts)

    def suppose_all(self, parts: list[Node | Chunk]) -> None:
        """Takes premises, those whose names only later ones introduce after these."""
        failure: UnreadError | None = None
        while parts:
            later: list[Node | Chunk] = []
            for part in parts:
                saved = self.saved()
                try:
                    self.suppose(part)
                except UnreadError as error:
                    self.restore(saved)
                    failure = failure or error
                    later.append(part)
            if len(later) == len(parts):
                raise failure or UnreadError("no reading", later[0].span)
            parts, failure = later, None

    def quant_names(self, quant: Node) -> list[str]:
        if quant.rule == "quant_every":
            return self.quant_names(quant.nodes()[0])
        if quant.rule == "np":
            return [name for vars_ in quant.nodes("vars") for name in self.names(vars_)]
        chunks = quant.chunks() + [c for v in quant.nodes("vars") for c in v.chunks()]
        return [
            n for c in chunks if c.math is not None and c.math.op == "listed" for n in self.quantified(c.math)
        ]

    def quantified(self, tree: Expr) -> list[str]:
        try:
            return names_in(tree.args[0].args)
        except UnreadError:
            return []


def _heads(tree: Expr) -> list[Expr]:
    """The names of `A, B ⊂ X`."""
    items = tree.args[0].args
    return [item.args[0] if item.op == "chain" else item for item in items]
