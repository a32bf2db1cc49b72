"""Normal form of Lean statements, by which a formalization is compared with its reference.

Two statements are *equal* here if their normal forms are. That is a sufficient condition for saying the same,
not a necessary one, and Lean is not asked. The rules, in the order in which they are applied:

Names and types (`cramf.evaluation.lean_types`)
 1. Names are full names, under the `open`s of the header; notation that stands for a declaration is its name
    (`ℝ` and `Real`, `π` and `Real.pi`). Of overloads the one of the first argument's type is taken.
 2. Dot notation is application: `n.Prime`, `Nat.Prime n`; `s.card`, `Finset.card s`; `G.index`.
 3. A binder without a type gets the one that its first use gives it (`∀ n, a n = 0` with `a : ℕ → ℝ`).
 4. Casts `↑n` go. An ascription `(e : T)` goes where something else gives the type T or where it only casts
    a number in arithmetic; else it stays, so that `(1 : ℝ) / 2` is not `1 / 2`. Subtraction in ℕ and division
    in ℕ and ℤ are operations of their own, by Lean's rule of casting the leaves of arithmetic to one type.
Spelling
 5. `a > b`, `a ≥ b`, `s ⊇ t`, `s ⊃ t` are `b < a`, `b ≤ a`, `t ⊆ s`, `t ⊂ s`; `≠`, `∉`, `∤` are negations.
 6. `√x` is `Real.sqrt x`; `n !`, `(n)!` are `Nat.factorial n`; `f '' s`, `f ⁻¹' s`, `#s`, `R[X]`, `⋃₀ s`,
    `⋂₀ s` are the functions that they stand for; `Finset.sum s f` is `∑ x ∈ s, f x`, and `∑ x, f x` one over
    all of a type.
 7. `fun x ↦ f x` is `f`.
Logic
 8. `∀` and `→`, whether before or behind the colon, nested or not, make one list of variables and premises
    without order; premises that are conjunctions are split. Names of hypotheses, brackets and grouping of
    binders go. `∃` and the conjuncts under it likewise. `∀ x ∈ s, p` is `∀ x, x ∈ s → p`.
 9. A variable of a number type that nothing mentions goes.
Order
10. Operands of `+ ∧ ∨ ∩ ∪ ⊓ ⊔`, and of `*` where it is known to commute, are a multiset, nested ones joined.
    So are the two of `= ↔`, of congruences, of gcd, lcm, min, max, coprimality, distance and disjointness,
    and listed sets `{a, b}`. `+` of an additive group that need not be commutative keeps its order.
11. Variables are renamed by structure (`cramf.evaluation.canonical`).

Not joined: `Finset.range (n + 1)` and `Finset.Icc 0 n`, `¬ a < b` and `b ≤ a`, `x * x` and `x ^ 2`, `¬ ∃` and
`∀ ¬`, a definition and what it unfolds to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cramf.evaluation.canonical import canonical_text, similarity
from cramf.evaluation.lean_names import NUMBERS, Library, head_of
from cramf.evaluation.lean_tree import MAX_DEPTH, parse_statement, read_whole
from cramf.evaluation.lean_types import resolved
from cramf.evaluation.tree import HOLE, Kind, Tree, apply, depth, name, nodes, variable
from cramf.knowledge.vocabulary import Vocabulary

__all__ = ["NormalForm", "Normaliser", "equal"]

_FLIPPED = {">": "<", "≥": "≤", "⊇": "⊆", "⊃": "⊂"}
_NEGATED = {"≠": "=", "∉": "∈", "∤": "∣", "!=": "=="}
_FUNCTIONS = {
    "√": "Real.sqrt",
    "_!": "Nat.factorial",
    "''": "Set.image",
    "⁻¹'": "Set.preimage",
    "#": "Finset.card",
    "⋃₀": "Set.sUnion",
    "⋂₀": "Set.sInter",
}
_JOINED = frozenset({*"+ * ∧ ∨ ∩ ∪ ⊓ ⊔ gcd lcm min max".split(), "+ ordered", "* ordered"})
_SYMMETRIC = {
    **dict.fromkeys(("Nat.gcd", "Int.gcd", "GCDMonoid.gcd", "gcd"), "gcd"),
    **dict.fromkeys(("Nat.lcm", "Int.lcm", "GCDMonoid.lcm", "lcm"), "lcm"),
    **dict.fromkeys(("min", "Min.min"), "min"),
    **dict.fromkeys(("max", "Max.max"), "max"),
    **dict.fromkeys(("Nat.Coprime", "IsCoprime", "IsRelPrime"), "Coprime"),
    **dict.fromkeys(("dist", "Dist.dist"), "dist"),
    "Disjoint": "Disjoint",
}
_SUMS = {"Finset.sum": "∑", "Finset.prod": "∏"}
_ORDERED_SUMS = frozenset({"AddGroup", "AddMonoid", "AddSemigroup", "AddLeftCancelMonoid"})


@dataclass(frozen=True)
class NormalForm:
    """A statement in normal form; `key` is equal for equal statements, `whole` whether all of it was read."""

    tree: Tree
    whole: bool = field(default=True)

    @cached_property
    def key(self) -> str:
        return canonical_text(self.tree)

    def similarity(self, other: NormalForm) -> float:
        """From 0 to 1, see `cramf.evaluation.canonical.similarity`."""
        return 1.0 if self.key == other.key else similarity(self.tree, other.tree)


class Normaliser:
    """Makes normal forms with the names of one vocabulary; without one names stand as they are written."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self._library = Library(vocabulary)

    def __call__(self, statement: str, header: str = "") -> NormalForm:
        """The normal form of a statement under the `open`s of a header. Never raises for any text."""
        written = parse_statement(statement)
        tree = resolved(written, self._library.names(header))
        if depth(tree) > 2 * MAX_DEPTH:
            return NormalForm(Tree("opaque", kind=Kind.OPAQUE), False)
        return NormalForm(_Rewriter(tree).statement(), read_whole(written))


def equal(a: str, b: str, vocabulary: Vocabulary | None = None, header: str = "") -> bool:
    """Whether two statements under one header have one normal form."""
    normalise = Normaliser(vocabulary)
    return normalise(a, header).key == normalise(b, header).key


class _Rewriter:
    """The rules 5 to 10 on a tree whose names and types are known."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._uses = Counter(node.label for node in nodes(tree) if node.kind is Kind.VARIABLE)
        self._fresh = 0
        self._ordered = any(
            node.kind is Kind.APPLY and node.children[0].label in _ORDERED_SUMS for node in nodes(tree)
        )

    def statement(self) -> Tree:
        found = self.rewrite(self._tree)
        return found if found.label == "Π" else Tree("Π", (found,))

    def rewrite(self, tree: Tree, data: bool = False) -> Tree:
        """The normal form of a tree; of a type of `data` an arrow keeps its order."""
        if tree.label in ("∀", "→") and tree.kind is Kind.NODE and not data:
            return self._implication(tree)
        if tree.label == "∃" and tree.binds:
            return self._existence(tree)
        children = tree.children
        if tree.binds:
            first = self.rewrite(children[0], self._is_used(tree.binds))
            return self._binder(tree, (first, *(self.rewrite(child, data) for child in children[1:])))
        if tree.label == ":" and len(children) == 2:
            return Tree(":", (self.rewrite(children[0], data), self.rewrite(children[1], True)))
        inside = tuple(self.rewrite(child, data) for child in children)
        return self._node(tree, inside)

    def _is_used(self, words: Iterable[str]) -> bool:
        return any(self._uses[word] for word in words)

    # -- spelling --------------------------------------------------------------------------------------------

    def _node(self, tree: Tree, children: tuple[Tree, ...]) -> Tree:
        label = tree.label
        if tree.kind is Kind.APPLY:
            return self._application(children)
        if tree.kind is not Kind.NODE or not children:
            return Tree(label, children, tree.kind)
        if label in _FLIPPED and len(children) == 2:
            label, children = _FLIPPED[label], children[::-1]
        elif label in _NEGATED:
            return Tree("¬", (Tree(_NEGATED[label], children),))
        elif label in _FUNCTIONS:
            return self._application((name(_FUNCTIONS[label]), *children))
        elif label == "_[]" and children[1] in (name("X"), name("Polynomial.X")):
            return self._application((name("Polynomial"), children[0]))
        elif label == "+" and self._ordered:
            label = "+ ordered"
        return self._joined(label, children)

    def _joined(self, label: str, children: Sequence[Tree]) -> Tree:
        """A node with nested nodes of its own kind joined where that is free of order."""
        if label not in _JOINED:
            return Tree(label, tuple(children))
        flat: list[Tree] = []
        for child in children:
            flat += child.children if child.label == label and child.kind is Kind.NODE else (child,)
        return Tree(label, tuple(flat))

    def _application(self, children: tuple[Tree, ...]) -> Tree:
        function, *arguments = children
        if function.kind is Kind.NAME:
            if function.label in _SYMMETRIC and len(arguments) == 2:
                return self._joined(_SYMMETRIC[function.label], arguments)
            if function.label in _SUMS and len(arguments) == 2:
                return self._summed(_SUMS[function.label], *arguments)
        return apply(function, *arguments)

    def _summed(self, symbol: str, domain: Tree, function: Tree) -> Tree:
        if function.label == "fun" and function.binds:
            return Tree(symbol, (domain, *function.children[1:]), binds=function.binds)
        self._fresh += 1
        word = f"·sum{self._fresh}"
        return Tree(symbol, (domain, apply(function, variable(word))), binds=(word,))

    def _binder(self, tree: Tree, children: tuple[Tree, ...]) -> Tree:
        body = children[-1]
        if tree.label == "fun" and len(tree.binds) == 1 and body.kind is Kind.APPLY:
            *head, last = body.children
            word = variable(tree.binds[0])
            if last == word and not any(word == node for part in head for node in nodes(part)):
                return apply(head[0], *head[1:])
        if tree.label in ("∑", "∏") and children[0].label == ":" and len(children[0].children) == 1:
            children = (Tree("univ", children[0].children), *children[1:])
        elif tree.label in ("∑", "∏") and children[0] in (name("Finset.univ"), name("univ")):
            children = (Tree("univ", (HOLE,)), *children[1:])
        return Tree(tree.label, children, tree.kind, tree.binds)

    # -- logic -----------------------------------------------------------------------------------------------

    def _implication(self, tree: Tree) -> Tree:
        items: list[Tree] = []
        while tree.label in ("∀", "→") and tree.kind is Kind.NODE and len(tree.binds) <= 1:
            first, *_, rest = tree.children
            items += self._item(tree.binds, first)
            tree = rest
        end = self.rewrite(tree)
        if end.label == "Π":
            items += end.children[:-1]
            end = end.children[-1]
        return Tree("Π", (*items, end)) if items else end

    def _existence(self, tree: Tree) -> Tree:
        items: list[Tree] = []
        while tree.label == "∃" and len(tree.binds) == 1:
            items += self._item(tree.binds, tree.children[0])
            tree = tree.children[-1]
        body = self.rewrite(tree)
        for part in body.children if body.label == "∧" else (body,):
            items += part.children if part.label == "∃" and not part.binds else (part,)
        return Tree("∃", tuple(items))

    def _item(self, words: tuple[str, ...], first: Tree) -> list[Tree]:
        """A variable with its type, or a premise, in as many parts as it is a conjunction of."""
        if self._is_used(words):
            return [Tree("var", (self.rewrite(first, True),), binds=words)]
        premise = self.rewrite(first)
        if head_of(premise) in NUMBERS or premise == HOLE:
            return []
        return list(premise.children) if premise.label == "∧" else [premise]
