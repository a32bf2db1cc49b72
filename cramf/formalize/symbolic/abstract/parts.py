"""What the readers of nouns, premises, clauses and predicates share: parts of a derivation, and scopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cramf.formalize.symbolic.abstract.chunks import Chunk
from cramf.formalize.symbolic.abstract.context import Entry, Scope
from cramf.formalize.symbolic.abstract.derivations import Node
from cramf.formalize.symbolic.abstract.fitting import Claim
from cramf.formalize.symbolic.abstract.formulas import Expr
from cramf.formalize.symbolic.abstract.kinds import (
    Carrier,
    Kind,
    Object,
)
from cramf.formalize.symbolic.abstract.relations import names_in
from cramf.formalize.symbolic.abstract.saying import Saying
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Parts", "Phrase", "determiner", "has_determiner", "names_of"]

_COUNTS = {"two": 2, "three": 3}


@dataclass
class Phrase:
    """The parts of a noun phrase."""

    noun: Chunk
    adjectives: list[Chunk]
    names: list[str]
    needs: list[tuple[Chunk, Node | Chunk]]
    tail: list[Node]
    count: int
    prefix: Expr | None
    span: Span


class Parts:
    """One derivation at work in a context; subclasses read more and more of it."""

    def __init__(self, saying: Saying) -> None:
        self.saying = saying
        self.context = saying.context
        self.vocabulary = saying.vocabulary
        self.denying = 0
        """Identity of the subject that `no` stands before, while its clause is read."""
        self.universal_subject = False
        """Whether the clause being read is about every one of some things."""
        self.hoisting = False
        """Whether what is built is the theorem's own goal, so that `for all` can become its binders."""
        self.subjects: Sequence[Object] = ()
        """What the last clause was about: what `it` stands for."""

    def side(self, node: Node | Chunk) -> str:
        """The text of a clause that stands inside another; given by the subclass."""
        raise NotImplementedError

    def predicates(self, node: Node, items: list[Object], span: Span) -> str:
        """What a verb phrase says of objects; given by the subclass."""
        raise NotImplementedError

    def objects(self, node: Node | Chunk) -> list[Object]:
        """The objects that a term means; given by the subclass."""
        raise NotImplementedError

    def suppose(self, node: Node | Chunk) -> None:
        """Takes a clause as a premise; given by the subclass."""
        raise NotImplementedError

    def predicate(self, node: Node | Chunk, items: list[Object], span: Span) -> list[Claim]:
        """What stands after `is`, said of objects; given by the subclass."""
        raise NotImplementedError

    def noun_predicate(self, node: Node, item: Object) -> list[Claim]:
        """What a noun phrase says of a thing; given by the subclass."""
        raise NotImplementedError

    def says_claims(self, node: Node) -> list[Claim]:
        raise NotImplementedError

    def math(self, node: Node | Chunk) -> Expr:
        """The formula of a node that holds exactly one."""
        if isinstance(node, Chunk):
            if node.math is None:
                raise UnreadError("a formula is expected", node.span)
            return node.math
        (chunk,) = (p for p in node.parts if isinstance(p, Chunk) and p.math is not None)
        return self.math(chunk)

    def names(self, node: Node | Chunk) -> list[str]:
        chunks = [node] if isinstance(node, Chunk) else node.chunks("MVARS", "MLIM")
        return [name for c in chunks for name in names_in(self.math(c).args[0].args)]

    def math_items(self, node: Node | Chunk) -> list[Expr]:
        chunks = [node] if isinstance(node, Chunk) else node.chunks("MVARS")
        return [item for chunk in chunks for item in self.math(chunk).args[0].args]

    def single(self, node: Node | Chunk) -> Object:
        tree = self.math(node)
        items = tree.args[0].args
        if tree.op != "listed" or len(items) != 1:
            raise UnreadError("one object is expected", tree.span)
        return self.saying.formulas.term(items[0])

    def phrase(self, node: Node) -> Phrase:
        noun_node = node.nodes("noun")[0]
        noun = noun_node.chunks("NOUN", "BOTHN", "VALN", "SUFFIX")[0]
        if noun_node.chunks("SYLOW"):
            noun = replace(noun, text="-sylow " + noun.text.removeprefix("-"))
        prefix = noun_node.chunks("MVARS")
        count = 1
        for det in node.nodes("det"):
            for chunk in det.chunks("COUNT"):
                count = _COUNTS[chunk.text]
        names = [name for vars_ in node.nodes("vars") for name in self.names(vars_)]
        if names and count not in (1, len(names)):
            raise UnreadError("another number of objects than it says", node.span)
        needs: list[tuple[Chunk, Node | Chunk]] = []
        tail: list[Node] = []
        for part in node.nodes():
            if part.rule in ("pp", "pp_np"):
                needs.append((part.chunks("OF", "PREP")[0], part.parts[-1]))
            elif part.rule not in ("noun", "det", "vars"):
                tail.append(part)
        return Phrase(
            noun,
            node.chunks("ADJ", "BOTHN"),
            names,
            needs,
            tail,
            len(names) or count,
            self.math(prefix[0]) if prefix else None,
            node.span,
        )

    def saved(self) -> list[tuple[list[Entry], dict[str, Object]]]:
        return [(list(s.entries), dict(s.objects)) for s in self.context.scopes]

    def restore(self, saved: list[tuple[list[Entry], dict[str, Object]]]) -> None:
        del self.context.scopes[len(saved) :]
        for scope, (entries, objects) in zip(self.context.scopes, saved, strict=True):
            scope.entries, scope.objects = entries, objects

    def new(self, name: str, kind: Kind, type_text: str, span: Span, sort: str = "variable") -> Object:
        if self.context.find(name) is not None and name in self.context.top.objects:
            raise UnreadError(f"{name} is declared twice", span)
        lean = self.unused(name)
        if isinstance(kind, Carrier):
            kind = replace(kind, lean=lean)
        return self.context.declare(name, Object(lean, kind), type_text, sort)

    def unused(self, name: str) -> str:
        """The name, or with a prime where another thing already has it."""
        lean = name.removesuffix("_")
        while any(item.lean == lean for item in self.context.visible()):
            lean += "'"
        return lean

    def scoped(self, existential: bool = False) -> Scope:
        scope = Scope(existential=existential)
        self.context.scopes.append(scope)
        return scope

    def closed(self, scope: Scope, body: str | None) -> str:
        assert self.context.scopes[-1] is scope
        self.context.scopes.pop()
        return scope.close(body) if scope.entries or body is None else body


def has_determiner(node: Node | Chunk, *kinds: str) -> bool:
    """Whether a term speaks of every, no or some object; `NONE` stands for a noun without a determiner."""
    if isinstance(node, Chunk):
        return False
    if node.rule in ("np", "np_map", "np_member", "np_limited", "np_noun_member", "np_sequence"):
        determiners = [c.kind for det in node.nodes("det") for c in det.chunks()] or ["NONE"]
        if any(kind in kinds for kind in determiners):
            return True
    inner = [p for p in node.nodes() if p.rule not in ("such", "such_rel", "that", "verbing")]
    return any(has_determiner(part, *kinds) for part in inner)


def names_of(node: Node | Chunk) -> set[str]:
    """All names in the formulas of a clause."""
    if isinstance(node, Chunk):
        return set(node.math.names()) if node.math is not None else set()
    return set().union(*map(names_of, node.parts)) if node.parts else set()


def determiner(node: Node) -> str:
    """The kind of a noun phrase's determiner, `NONE` where it has none."""
    kinds = [c.kind for det in node.nodes("det") for c in det.chunks()]
    return kinds[0] if kinds else "NONE"
