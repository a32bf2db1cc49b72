"""Names resolved, variables told apart and the types that decide what an operator means.

This is no elaborator of Lean. It follows one rule of it closely, that of arithmetic: in a tree of
`+ - * / % ^` and a relation over it, all leaves are cast to the largest of their number types, a type that is
asked for included (Lean 4, `Lean.Elab.Extra`, "binop%"). So `/` and `-` are known to be those of ℕ or ℤ where
they are, and casts and ascriptions can go without making `a / b` in ℕ the same as in ℝ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cramf.evaluation.lean_names import NUMBERS, Names, head_of, is_closed
from cramf.evaluation.tree import HOLE, Kind, Tree, apply, name, variable
from cramf.evaluation.type_rules import (
    ARITHMETIC,
    NUMERAL,
    behind,
    bound_type,
    element,
    is_cast,
    is_sum,
    largest,
    leaf_trees,
    operands,
)

__all__ = ["RELATIONS", "Typed", "resolved"]

RELATIONS = frozenset("= ≠ < ≤ > ≥ ∣ ∤".split())
_COERCIONS = frozenset("↑ ↥ ⇑".split())
_COMMUTATIVE = frozenset(
    "CommRing Field CommGroup CommMonoid CommSemiring LinearOrderedField EuclideanDomain CommSemigroup "
    "NormedField NormedCommRing RCLike NontriviallyNormedField CommMonoidWithZero CommGroupWithZero".split()
)
_COMMUTATIVE_TYPES = frozenset({*NUMBERS, *"ZMod NNReal ENNReal EReal GaussianInt PNat Zsqrtd".split()})
_OVER_COMMUTATIVE = frozenset({"Polynomial", "MvPolynomial", "Ideal", "PowerSeries", "Fin"})


@dataclass(frozen=True, slots=True)
class Typed:
    """A term with its type; `asked` where only an ascription gives it one."""

    tree: Tree
    type: Tree | None = None
    asked: bool = False


Scope = Mapping[str, Typed]


def resolved(tree: Tree, names: Names) -> Tree:
    """The tree with full names, dot notation as application, variables of distinct names and their types."""
    return _Elaborator(names).read(tree, {}, None).tree


class _Elaborator:
    def __init__(self, names: Names) -> None:
        self._names = names
        self._count = 0
        self._commuting: set[str] = set()
        self._without: dict[tuple[int, str], Scope] = {}
        self._guessing = False
        self._read: dict[tuple[int, int, Tree | None, bool], tuple[Tree, Scope, Typed]] = {}

    # -- terms -----------------------------------------------------------------------------------------------

    def read(self, tree: Tree, scope: Scope, wanted: Tree | None) -> Typed:
        """A term where a type is wanted (None where any will do)."""
        # Types are asked for before terms are read for good; remembered, lest nesting double the work.
        key = id(tree), id(scope), wanted, self._guessing
        known = self._read.get(key)
        if known is None:
            known = self._read[key] = (tree, scope, self._term(tree, scope, wanted))
        return known[2]

    def _term(self, tree: Tree, scope: Scope, wanted: Tree | None) -> Typed:
        label, kind = tree.label, tree.kind
        if kind is Kind.NUMBER:
            return Typed(tree, NUMERAL)
        if kind is Kind.VARIABLE:
            return scope.get(label, Typed(tree))
        if kind is Kind.OPAQUE:
            return Typed(Tree(label, tuple(self.read(c, scope, None).tree for c in tree.children), kind))
        if kind is Kind.NAME:
            return self._name(label, ()) if tree != HOLE else Typed(tree)
        if kind in (Kind.APPLY, Kind.FIELD):
            return self._application(tree, scope)
        if tree.binds:
            return self._binder(tree, scope, wanted)
        if label == ":" and len(tree.children) == 2:
            return self._ascription(tree, scope, wanted)
        if label in _COERCIONS:
            return Typed(self.read(tree.children[0], scope, None).tree)
        if label in ARITHMETIC:
            return self._arithmetic(tree, scope, wanted)
        if label in RELATIONS or label.startswith("≡"):
            return self._relation(tree, scope)
        if label in ("∈", "∉") and tree.children[1].label == "{|}":
            member = self.read(tree.children[0], scope, None)
            whole_set = apply(name("Set"), member.type) if member.type not in (None, NUMERAL) else None
            return Typed(Tree(label, (member.tree, self.read(tree.children[1], scope, whole_set).tree)))
        if label == "→":
            self._note_instance(tree.children[0], scope)
        inner = [self.read(child, scope, None) for child in tree.children]
        whole = Tree(label, tuple(c.tree for c in inner), kind)
        if label in ("_⁻¹", "abs", "⊔", "⊓", "if"):
            return Typed(whole, inner[-1].type, inner[-1].asked)
        return Typed(whole)

    def _name(self, word: str, arguments: Sequence[Typed]) -> Typed:
        """A name and what its fields make of it; the arguments only help to choose among overloads."""
        first = head_of(arguments[0].type) if arguments else ""
        full, fields = self._names.resolve(word, first)
        typing = self._names.library.typing(full)
        found = Typed(name(full), typing.type)
        for step in fields:
            found = self._field(found, step, ())
        return found

    def _field(self, receiver: Typed, step: str, arguments: Sequence[Typed]) -> Typed:
        """`x.step a b` as an application."""
        full = self._names.field(head_of(receiver.type), step)
        given = [a.tree for a in arguments]
        if not full:
            return Typed(apply(name(f".{step}"), receiver.tree, *given))
        given.insert(min(self._names.library.receiver(full), len(given)), receiver.tree)
        kind = self._names.library.typing(full).type
        return Typed(apply(name(full), *given), behind(kind, len(given)))

    def _application(self, tree: Tree, scope: Scope) -> Typed:
        function, *rest = tree.children if tree.kind is Kind.APPLY else (tree,)
        if function.kind is Kind.FIELD:
            receiver = self.read(function.children[0], scope, None)
            return self._field(receiver, function.label, [self.read(a, scope, None) for a in rest])
        if function.kind is Kind.NAME:
            first = [self.read(rest[0], scope, None)] if rest else []
            called = self._name(function.label, first)
        else:
            called = self.read(function, scope, None)
        kind = called.type
        arguments = []
        for argument in rest:
            domain = kind.children[0] if kind is not None and kind.label == "→" else None
            closed = domain if domain is not None and is_closed(domain) else None
            arguments.append(self.read(argument, scope, closed).tree)
            kind = behind(kind, 1)
        if called.tree.label in ("abs", "min", "max") and rest and kind is not None and not is_closed(kind):
            kind = self.read(rest[0], scope, None).type
        known = kind if kind is not None and (is_closed(kind) or called.tree.kind is Kind.VARIABLE) else None
        return Typed(apply(called.tree, *arguments), known)

    def _ascription(self, tree: Tree, scope: Scope, wanted: Tree | None) -> Typed:
        kind = self.read(tree.children[1], scope, None).tree
        inner = self.read(tree.children[0], scope, kind)
        own = self.read(tree.children[0], scope, None)
        asked = own.type != kind or own.asked
        if not asked or wanted == kind:
            return Typed(inner.tree, kind)
        return Typed(Tree(":", (inner.tree, kind)), kind, True)

    # -- arithmetic ------------------------------------------------------------------------------------------

    def _leaves(self, tree: Tree, scope: Scope) -> Iterator[Typed]:
        """The leaves of a tree of operators, in the order in which `_rebuilt` takes them."""
        if tree.label not in ARITHMETIC or tree.kind is not Kind.NODE:
            yield self.read(tree, scope, None)
        elif tree.label == "^":
            yield from self._leaves(tree.children[0], scope)
        else:
            for child in tree.children:
                yield from self._leaves(child, scope)

    def _rebuilt(self, tree: Tree, scope: Scope, leaves: Iterator[Typed], kind: Tree | None) -> Tree:
        label = tree.label
        if label not in ARITHMETIC or tree.kind is not Kind.NODE:
            found = next(leaves).tree
            while found.label == ":" and len(found.children) == 2 and is_cast(found.children[1], kind):
                found = found.children[0]
            return found
        if label == "^":
            base = self._rebuilt(tree.children[0], scope, leaves, kind)
            return Tree("^", (base, self.read(tree.children[1], scope, None).tree))
        children = tuple(self._rebuilt(child, scope, leaves, kind) for child in tree.children)
        number = head_of(kind) if kind is not NUMERAL else "Nat"
        if (label == "/" and number in ("Nat", "Int")) or (label == "-" and number == "Nat"):
            label = f"{label} in {number}"
        elif label == "*" and not self._commutes(kind):
            label = "* ordered"
        return Tree(label, children)

    def _join(self, leaves: Sequence[Typed], wanted: Tree | None) -> tuple[Tree | None, bool]:
        """The type that leaves are cast to, and whether only an ascription says so."""
        solid = [leaf.type for leaf in leaves if leaf.type is not None and not leaf.asked]
        solid += [wanted] if wanted is not None else []
        kind = largest([leaf.type for leaf in leaves if leaf.type is not None] + solid)
        return kind, kind is not None and kind != largest(solid)

    def _arithmetic(self, tree: Tree, scope: Scope, wanted: Tree | None) -> Typed:
        leaves = list(self._leaves(tree, scope))
        kind, asked = self._join(leaves, wanted)
        if kind is None and not any(leaf.type is None for leaf in leaves):
            kind = NUMERAL
        whole = self._rebuilt(tree, scope, iter(leaves), kind)
        if asked and kind is not None:
            return Typed(Tree(":", (whole, kind)), kind, True)
        return Typed(whole, kind)

    def _relation(self, tree: Tree, scope: Scope) -> Typed:
        """A relation, whose sides are one tree of operators; the modulus of a congruence is another side."""
        label = tree.label
        fixed = {"≡ [ZMOD]": name("Int"), "≡ [MOD]": name("Nat")}.get(label)
        sides = [list(self._leaves(child, scope)) for child in tree.children]
        if any(child.binds for child in tree.children):
            # A function or a set that is written out has the type of the other side.
            others = [s[0].type for s, child in zip(sides, tree.children, strict=True) if not child.binds]
            sides = [
                [self.read(child, scope, others[0])] if child.binds and others else side
                for side, child in zip(sides, tree.children, strict=True)
            ]
        kind, asked = self._join([leaf for side in sides for leaf in side], fixed)
        if kind is NUMERAL and fixed is None and any(leaf.type is None for s in sides for leaf in s):
            kind = None
        children = tuple(
            self._rebuilt(child, scope, iter(side), kind)
            for child, side in zip(tree.children, sides, strict=True)
        )
        whole = Tree(label, children)
        if asked and kind is not None and kind != name("Nat"):
            whole = Tree(":", (whole, kind))
        return Typed(whole)

    def _commutes(self, kind: Tree | None) -> bool:
        """Whether multiplication of a type is known to be commutative."""
        if kind is None:
            return False
        if kind.kind is Kind.VARIABLE:
            return kind.label in self._commuting
        head = head_of(kind)
        if head in _OVER_COMMUTATIVE and kind.kind is Kind.APPLY:
            return head == "Fin" or self._commutes(kind.children[-1])
        return head in _COMMUTATIVE_TYPES or kind is NUMERAL

    def _note_instance(self, tree: Tree, scope: Scope) -> None:
        """Remember the types that an instance makes commutative."""
        if tree.kind is not Kind.APPLY or len(tree.children) != 2:
            return
        of = tree.children[1]
        if of.kind is Kind.VARIABLE and tree.children[0].label in _COMMUTATIVE:
            self._commuting.add(self.read(of, scope, None).tree.label)

    # -- binders ---------------------------------------------------------------------------------------------

    def _binder(self, tree: Tree, scope: Scope, wanted: Tree | None) -> Typed:
        domain, *rest = tree.children
        first = self.read(domain, scope, None)
        self._note_instance(domain, scope)
        kind: Tree | None = first.tree
        given = bound_type(tree.label, wanted)
        if domain == HOLE and given is not None:
            kind = given
        elif domain in (HOLE, Tree(":", (HOLE,))):
            kind = self._inferred(tree.binds[0], rest, scope) if len(tree.binds) == 1 else None
        elif domain.label == ":" and len(domain.children) == 1:
            kind = first.tree.children[0]
        elif is_sum(tree.label):
            kind = element(first.type)
            if kind is None and len(tree.binds) == 1:
                kind = self._members(domain, scope) or self._inferred(tree.binds[0], rest, scope)
        inner = dict(scope)
        fresh = []
        for word in tree.binds:
            self._count += 1
            fresh.append(f"{word}#{self._count}")
            inner[word] = Typed(variable(fresh[-1]), kind if len(tree.binds) == 1 else None)
        body = [self.read(child, inner, None) for child in rest]
        start = first.tree
        if domain == HOLE:
            start = kind or HOLE
        elif domain.label == ":" and len(domain.children) == 1:
            start = Tree(":", (kind or HOLE,))
        whole = Tree(tree.label, (start, *(c.tree for c in body)), tree.kind, tuple(fresh))
        if tree.label == "{|}" and kind is not None:
            return Typed(whole, apply(name("Set"), kind))
        if tree.label == "fun" and kind is not None and body[-1].type is not None:
            return Typed(whole, Tree("→", (kind, body[-1].type)))
        return Typed(whole, body[-1].type if tree.label in ("∑", "∏", "∑'", "∏'", "∫") else None)

    def _members(self, domain: Tree, scope: Scope) -> Tree | None:
        """The type of an interval's members, from its ends."""
        if domain.kind is not Kind.APPLY or not domain.children[0].label.rpartition(".")[2].startswith("I"):
            return None
        ends = [self.read(end, scope, None).type for end in domain.children[1:]]
        kind = largest([end for end in ends if end is not None])
        return kind if kind is not NUMERAL else None

    def _inferred(self, word: str, body: Sequence[Tree], scope: Scope) -> Tree | None:
        """The type that the first use of a variable gives it; ℕ where there are only numbers beside it."""
        if self._guessing:
            # What a binder inside would have to guess says nothing, lest each level double the work.
            return None
        self._guessing = True
        try:
            return self._guess(word, body, scope)
        finally:
            self._guessing = False

    def _guess(self, word: str, body: Sequence[Tree], scope: Scope) -> Tree | None:
        counted = False
        agenda = list(reversed(body))
        while agenda:
            node = agenda.pop()
            if word in node.binds:
                continue
            kind = self._from_use(word, node, scope)
            if kind is not None and kind is not NUMERAL:
                return kind
            counted = counted or kind is NUMERAL
            agenda += reversed(node.children)
        return name("Nat") if counted else None

    def _from_use(self, word: str, node: Tree, scope: Scope) -> Tree | None:
        if node.kind is Kind.APPLY:
            function, *arguments = node.children
            if function.kind is Kind.FIELD or function.label == word:
                return None
            kind = self._typed_inside(function, word, scope).type
            for argument in arguments:
                domain = kind.children[0] if kind is not None and kind.label == "→" else None
                kind = behind(kind, 1)
                if domain is not None and is_closed(domain) and word in operands(argument):
                    return domain
            return None
        if node.kind is not Kind.NODE or not node.children:
            return None
        if node.label == ":" and node.children[0] == variable(word):
            # Lean takes an ascription to a variable of unknown type for its type, not for a cast.
            return self._typed_inside(node.children[1], word, scope).tree
        if node.label in ("∈", "∉") and node.children[0] == variable(word):
            kind = self._typed_inside(node.children[1], word, scope).type
            return element(kind) or self._members(node.children[1], scope)
        if node.label not in RELATIONS and node.label not in ARITHMETIC and not node.label.startswith("≡"):
            return None
        fixed = {"≡ [ZMOD]": name("Int"), "≡ [MOD]": name("Nat")}.get(node.label)
        sides = [leaf for child in node.children for leaf in leaf_trees(child)]
        if variable(word) not in sides:
            return None
        others = [self._typed_inside(leaf, word, scope).type for leaf in sides if leaf != variable(word)]
        return fixed or largest([kind for kind in others if kind is not None]) or NUMERAL

    def _typed_inside(self, tree: Tree, word: str, scope: Scope) -> Typed:
        """A part of a body with its binder's variable unknown, read only for its type."""
        if word in scope:
            key = id(scope), word
            if key not in self._without:
                self._without[key] = {k: v for k, v in scope.items() if k != word}
            scope = self._without[key]
        return self.read(tree, scope, None)
