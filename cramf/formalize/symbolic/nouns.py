"""Declarations and noun phrases of a derivation: what binds variables, and what it says of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import combinations, pairwise

from cramf.formalize.symbolic.chunks import Chunk
from cramf.formalize.symbolic.lexicon import Lexicon, Phrase
from cramf.formalize.symbolic.parser import Node
from cramf.formalize.symbolic.syntax import (
    And,
    Arith,
    Build,
    Collection,
    Congruent,
    Decl,
    Formula,
    FunctionSort,
    Interval,
    Member,
    Not,
    Num,
    Pred,
    Rel,
    SetRef,
    Span,
    Term,
    UnreadError,
    Var,
)

__all__ = [
    "COUNTS",
    "POSTS",
    "NounBuilder",
    "conjoined",
    "function_sort",
    "is_term",
    "role_of",
    "role_or_none",
]

COUNTS = dict(zip("one two three four five six seven eight nine ten".split(), range(1, 11), strict=True))
EMPTY_QUALITIES = ("distinct", "different", "unequal")
"""Said of what is counted or sought, these only stress that each is meant once."""
POSTS = (
    "such_that",
    "that_is",
    "that_is_not",
    "that_verb",
    "that_verb_not",
    "related",
    "unrelated",
    "congruent_to",
    "between",
    "from_to",
    "in_set",
    "whose",
    "that_has_divisors",
)


def conjoined(parts: list[Formula]) -> Formula:
    """The conjunction of one or more formulas."""
    return parts[0] if len(parts) == 1 else And(tuple(parts))


class NounBuilder(ABC):
    """The part of the builder that knows nouns; clauses and formulas come from its subclasses."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._unnamed = 0
        self._given = False
        self._place = "claim"
        """Where the formula being built stands: `claim`, `premise` or `inside` something that may turn it."""
        self._scoped = False
        self._floated: list[Decl] = []
        self._introduces = False
        """Whether "two numbers" in a supposition tells of some two for all that follows."""
        self.group: tuple[Term, ...] = ()
        """The things last spoken of together, for "their" and "the two numbers"."""
        self.setup: list[Decl | Formula] = []
        """What the statement supposes before its goal."""

    @abstractmethod
    def given(self, node: Node | Chunk) -> Formula:
        """A formula that is supposed, not claimed."""

    @abstractmethod
    def closed(self, node: Node | Chunk) -> Term:
        """A term without unnamed objects."""

    @abstractmethod
    def predicate(self, node: Node, terms: list[Term]) -> Formula:
        """What a predicate says of the terms."""

    @abstractmethod
    def operated(self, phrase: Phrase, terms: list[Term], node: Node) -> list[Term]:
        """An operation on its arguments; one on a single thing is done to each."""

    @abstractmethod
    def having_divisors(self, node: Node, parts: tuple[Node | Chunk, ...], terms: list[Term]) -> Formula:
        """`6 positive divisors`, said of terms."""

    def names(self, node: Node) -> list[Var]:
        """The variables of `vars`, `vrel`, `mems` or `lvars`."""
        if node.rule == "lvars":
            return self.names(node.nodes()[0])
        found: list[Var] = []
        for chunk in node.chunks():
            read = chunk.math
            if isinstance(read, Var):
                found.append(read)
            elif isinstance(read, Member) and isinstance(read.term, Var):
                found.append(read.term)
            else:
                found.append(_led_by(read, chunk.span))
        return found

    def lvar_limits(self, node: Node) -> list[Formula]:
        """What `x, y > 0` says of each of its variables."""
        vrel = node.nodes()[0] if node.rule == "lvars" else node
        if vrel.rule != "vrel":
            return []
        relation = vrel.chunks()[-1].math
        last = _led_by(relation, vrel.span)
        return [_renamed(relation, last, name) for name in self.names(vrel)]

    def named(self, lvars: Node, nounp: Node, posts: list[Node], span: Span) -> Decl:
        names = self.names(lvars)
        self.spoken_of(list(names))
        sort, limits = self.noun(nounp, names)
        limits += self.lvar_limits(lvars)
        limits += self.posts(posts, list(names))
        return Decl(tuple(names), sort, tuple(limits), span)

    def members(self, mems: Node, posts: list[Node]) -> Decl:
        names = self.names(mems)
        member = mems.chunks("MVMEM")[0].math
        assert isinstance(member, Member)
        limits = self.posts(posts, list(names))
        if isinstance(member.set, SetRef):
            return Decl(tuple(names), member.set, tuple(limits), mems.span)
        inside: list[Formula] = [Member(name, member.set, False, mems.span) for name in names]
        return Decl(tuple(names), None, tuple(inside + limits), mems.span)

    def decls(self, node: Node) -> list[Decl]:
        """Declarations of `decls`; what follows them (`such that`) limits the last."""
        declared = next(n for n in node.nodes() if n.rule == "decls")
        posts = [n for n in node.nodes() if n.rule in POSTS]
        found: list[Decl] = []
        decl_nodes = declared.nodes()
        for index, decl in enumerate(decl_nodes):
            after = posts if index == len(decl_nodes) - 1 else []
            if decl.rule == "decl_noun":
                nounp, lvars = decl.nodes()
                found.append(self.named(lvars, nounp, after, decl.span))
            elif decl.rule == "decl_values":
                lvars = decl.nodes()[0]
                names = self.names(lvars)
                sort, limits = self.qualified(decl.chunks("QUAL"), names)
                limits += self.lvar_limits(lvars) + self.posts(after, list(names))
                found.append(Decl(tuple(names), sort, tuple(limits), decl.span))
            elif decl.rule == "decl_mem":
                found.append(self.members(decl.nodes()[0], after))
            else:
                lvars = decl.nodes()[0]
                names = self.names(lvars)
                limits = self.lvar_limits(lvars) + self.posts(after, list(names))
                found.append(Decl(tuple(names), None, tuple(limits), decl.span))
        for count in node.chunks("COUNT"):
            if COUNTS[count.text] != sum(len(decl.names) for decl in found):
                raise UnreadError("another number of variables than it says", count.span)
        return found

    def noun(self, nounp: Node, names: list[Var]) -> tuple[Phrase | None, list[Formula]]:
        """The number sort of a noun phrase, and what else it says of the variables."""
        qualities = list(nounp.chunks("QUAL", "PLURAL"))
        limits: list[Formula] = []
        sort: Phrase | None = None
        if nounp.rule == "relational":
            relation = nounp.chunks("RELW")[0]
            if not relation.text.endswith(" of") and not relation.text.endswith("s of"):
                raise UnreadError("not a noun", relation.span, misfit=True)
            other = self.closed(nounp.parts[-1])
            limits = [Pred(relation.phrases[0], (name, other), nounp.span) for name in names]
        elif not nounp.chunks("NUMBER"):
            head = qualities.pop()
            noun = role_of(head, "type", "noun", "adjective")
            if noun.role == "type":
                sort, qualities = self.merged(noun, qualities)
            elif noun.role == "noun":
                limits = [Pred(noun, (name,), head.span) for name in names]
            else:
                qualities.append(head)
        for quality in reversed(qualities):
            found = role_of(quality, "adjective", "noun", "type", "sequence")
            if found.role == "type":
                if sort is not None:
                    raise UnreadError("two kinds of number at once", quality.span)
                sort = found
            elif found.role == "sequence":
                limits += self.sequence(found, names, nounp, quality.span)
            elif found.arity == 2:
                limits += self.paired(found, list(names), quality.span)
            else:
                limits = [Pred(found, (name,), quality.span) for name in names] + limits
        if sort is None and not limits and not nounp.chunks("NUMBER"):
            raise UnreadError("what kind of number is not said", nounp.span)
        return sort, limits

    def sequence(self, phrase: Phrase, names: list[Var], nounp: Node, span: Span) -> list[Formula]:
        """That each comes next after the one before: of even or odd numbers, two further on."""
        others = {c.text for c in nounp.chunks("QUAL") if c.phrases[0].role != "type"} - {phrase.name}
        if len(names) < 2 or not others <= {"even", "odd", "positive", "negative", "nonnegative"}:
            raise UnreadError("what follows what is not clear", span)
        if not others & {"even", "odd"}:
            return [Pred(phrase, pair, span) for pair in pairwise(names)]
        two = Num("2", span)
        return [Rel("=", after, Arith("+", (name, two), span), span) for name, after in pairwise(names)]

    def paired(self, phrase: Phrase, terms: list[Term], span: Span) -> list[Formula]:
        """A quality of two things; of more only "distinct", which is said of every two of them."""
        if len(terms) != 2 and not (len(terms) > 2 and phrase.concept == "distinct"):
            raise UnreadError("said of two numbers, here of another count", span)
        return [Pred(phrase, pair, span) for pair in combinations(terms, 2)]

    def spoken_of(self, terms: list[Term]) -> None:
        """Remembers several things named together; what is made of them is no new group."""
        if len(terms) > 1 and all(isinstance(term, Var) for term in terms):
            self.group = tuple(terms)

    def merged(self, sort: Phrase, qualities: list[Chunk]) -> tuple[Phrase, list[Chunk]]:
        """ "positive even integer" has the sort of "positive integer"."""
        for index, quality in enumerate(qualities):
            joined = self._lexicon.role(f"{quality.text} {sort.name}", "type")
            if joined is not None:
                return joined, qualities[:index] + qualities[index + 1 :]
        return sort, qualities

    def posts(self, nodes: list[Node], names: list[Term]) -> list[Formula]:
        """What `such that`, `that is odd`, `greater than 2` and the like say of the names before them."""
        found: list[Formula] = []
        for node in nodes:
            if node.rule == "such_that":
                outer, self._scoped = self._scoped, True
                found.append(self.given(node.parts[-1]))
                self._scoped = outer
            elif node.rule == "congruent_to":
                other, modulus = (self.closed(part) for part in node.parts[1:])
                found.extend(Congruent(name, other, modulus, node.span) for name in names)
            elif node.rule in ("that_is", "that_is_not"):
                said = self.predicate(node.nodes()[0], names)
                found.append(Not(said) if node.rule == "that_is_not" else said)
            elif node.rule in ("that_verb", "that_verb_not"):
                verb, other = node.chunks("VERB")[0], self.closed(node.parts[-1])
                for name in names:
                    said = Pred(verb.phrases[0], (name, other), node.span)
                    found.append(Not(said) if node.rule == "that_verb_not" else said)
            elif node.rule in ("between", "from_to"):
                found.extend(self.range(node, names))
            elif node.rule == "that_has_divisors":
                found.append(self.having_divisors(node, node.parts, names))
            elif node.rule == "whose":
                phrase = node.chunks("WHOSE")[0].phrases[0]
                found.append(self.predicate(node.nodes()[0], self.operated(phrase, names, node)))
            elif node.rule == "in_set":
                found.extend(self.members_of(node, names))
            else:
                relation = node.chunks("RELW")[0]
                other = self.closed(node.parts[-1])
                for name in names:
                    said = Pred(relation.phrases[0], (name, other), node.span)
                    found.append(Not(said) if node.rule == "unrelated" else said)
        return found

    def range(self, node: Node, names: list[Term]) -> list[Formula]:
        """`from 1 to 9`, `between 1 and 9 inclusive`, `strictly between 1 and 9`."""
        words = [chunk.text for chunk in node.chunks("BETWEEN", "INCLUSIVE")]
        strict = words[0].startswith("strictly") or words[-1] == "exclusive" if words else False
        if node.rule != "from_to" and words == ["between"]:
            raise UnreadError("whether the ends belong to this is not said", node.span)
        low, high = (self.closed(part) for part in node.parts if is_term(part))
        found: list[Formula] = []
        for name in names:
            sign = "<" if strict else "≤"
            found += [Rel(sign, low, name, node.span), Rel(sign, name, high, node.span)]
        return found

    def members_of(self, node: Node, names: list[Term]) -> list[Formula]:
        """`in the interval [0, 1]`."""
        container = self.closed(node.parts[-1])
        if not isinstance(container, Var | Interval | Collection | Build | SetRef):
            raise UnreadError("a set is expected", node.span, misfit=True)
        return [Member(name, container, False, node.span) for name in names]

    def qualified(self, qualities: list[Chunk], names: list[Var]) -> tuple[Phrase | None, list[Formula]]:
        """What qualities before "values" or "solutions" say: at most one kind of number, and adjectives."""
        sort: Phrase | None = None
        limits: list[Formula] = []
        for quality in qualities:
            if quality.text in EMPTY_QUALITIES:
                continue
            phrase = role_of(quality, "type", "adjective", "noun")
            if phrase.role == "type":
                if sort is not None:
                    raise UnreadError("two kinds of number at once", quality.span)
                sort = phrase
            elif phrase.arity > 1:
                raise UnreadError("said of several things", quality.span, misfit=True)
            else:
                limits += [Pred(phrase, (name,), quality.span) for name in names]
        return sort, limits

    def unnamed(self, nounp: Node, posts: list[Node], count: int) -> tuple[list[Term], list[Decl]]:
        """Placeholders for unnamed objects, and the declaration that binds them."""
        names = []
        for _ in range(count):
            self._unnamed += 1
            names.append(Var(f"?{self._unnamed}", nounp.span))
        self.spoken_of(list(names))
        sort, limits = self.noun(nounp, names)
        limits += self.posts(posts, list(names))
        return list(names), [Decl(tuple(names), sort, tuple(limits), nounp.span)]


def function_sort(node: Node) -> FunctionSort:
    """The sort of what a node calls a function or sequence.

    Raises:
        UnreadError: for a polynomial or the like, which is more than a function.
    """
    word = node.chunks("FUNCTION")[0]
    if "polynomial" in word.text or "quadratic" in word.text:
        raise UnreadError(f"a {word.text} that is not given by a formula", word.span)
    domain = SetRef("ℕ", "", word.span) if "sequence" in word.text else None
    return FunctionSort((domain,), None, word.span)


def is_term(part: Node | Chunk) -> bool:
    """Whether a derivation's part stands for a term: any but a word that names a kind or relation."""
    return isinstance(part, Node) or part.kind in ("MVAR", "MTERM")


def role_or_none(chunk: Chunk, *roles: str) -> Phrase | None:
    return next((p for role in roles for p in chunk.phrases if p.role == role), None)


def role_of(chunk: Chunk, *roles: str) -> Phrase:
    phrase = role_or_none(chunk, *roles)
    if phrase is None:
        raise UnreadError(f"{chunk.text!r} is not read in this place", chunk.span, misfit=True)
    return phrase


def _led_by(relation: Term | Formula | None, span: Span) -> Var:
    first = relation.parts[0] if isinstance(relation, And) else relation
    if isinstance(first, Rel) and isinstance(first.left, Var):
        return first.left
    raise UnreadError("a variable is expected at the front", span)


def _renamed(relation: Term | Formula | None, old: Var, new: Var) -> Formula:
    """The relation with its leading variable replaced: `x, y > 0` says `x > 0` too."""
    if isinstance(relation, Rel):
        left = new if relation.left == old else relation.left
        return Rel(relation.op, left, relation.right, relation.span)
    if isinstance(relation, And) and old == new:
        return relation
    raise UnreadError("a chain said of several variables", new.span)
