"""Relations of a formula to Lean propositions."""

from __future__ import annotations

from dataclasses import replace

from cramf.formalize.symbolic.abstract.applications import Applications
from cramf.formalize.symbolic.abstract.chunks import is_name, name_of
from cramf.formalize.symbolic.abstract.context import Scope, conjunction
from cramf.formalize.symbolic.abstract.formulas import Expr
from cramf.formalize.symbolic.abstract.kinds import (
    NUMBERS,
    Carrier,
    Elem,
    Map,
    Object,
    SetIn,
    Sub,
    as_carrier,
    carrier_of,
)
from cramf.formalize.symbolic.abstract.lean import infix, paren
from cramf.formalize.symbolic.abstract.numbers import NUMERAL, elements, fitted, is_numeral, typed
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Relations", "isomorphism"]

_ORDER = {"LT": "<", "GT": ">", "LE": "≤", "GE": "≥"}


def isomorphism(one: Carrier, two: Carrier) -> str | None:
    """The kind of isomorphism that two types are asked for, as an operator."""
    if one.has("ring") and two.has("ring"):
        return "≃+*"
    if one.has("group") and two.has("group"):
        return "≃*"
    if one.has("module") and two.has("module") and one.scalars == two.scalars:
        return f"≃ₗ[{one.scalars}]"
    return None


class Relations(Applications):
    """Adds propositions to the formulas that are read."""

    def listed(self, node: Expr) -> list[str]:
        """The propositions of a formula, in their order."""
        return [self.proposition(item) for item in node.args[0].args]

    def proposition(self, node: Expr) -> str:
        """A relation's Lean text.

        Raises:
            UnreadError: where it is no relation, or its sides do not fit.
        """
        if node.op == "congruence":
            return self.congruence(node)
        if node.op == "incongruence":
            return f"¬({self.congruence(node)})"
        if node.op != "chain":
            raise UnreadError("a formula that states nothing", node.span)
        parts: list[str] = []
        for index, relation in enumerate(node.relations):
            left, right = node.args[index], node.args[index + 1]
            parts.append(self.relation(relation, left, right, (left.span[0], right.span[1])))
        return conjunction(parts)

    def congruence(self, node: Expr) -> str:
        left, right, modulus = (*node.args[:2], node.args[2].args[-1])
        sides = [self.term(arg) for arg in (left, right, modulus)]
        return self.congruent(sides, node.span)

    def congruent(self, sides: list[Object], span: Span) -> str:
        """`one ≡ two [ZMOD three]`, in ℕ where all three are natural numbers."""
        if not all(isinstance(s.kind, Elem) and s.kind.of.lean in ("?", "ℕ", "ℤ") for s in sides):
            raise UnreadError("a congruence of what are no integers", span)
        integers = any(isinstance(s.kind, Elem) and s.kind.of.lean == "ℤ" for s in sides)
        integers = integers or any(isinstance(s.kind, Elem) and s.kind.of.has("signed") for s in sides)
        target = NUMBERS["ℤ" if integers else "ℕ"]
        one, two, three = (fitted(s, target, span).lean for s in sides)
        return f"{paren(one, 51)} ≡ {paren(two, 51)} [{'ZMOD' if integers else 'MOD'} {three}]"

    def relation(self, name: str, left: Expr, right: Expr, span: Span) -> str:
        if name in ("EQ", "NE") and left.op in ("paren", "num") and right.op in ("paren", "num"):
            special = self.coprime(name, left, right)
            if special is not None:
                return special
        if name == "ARROW" or (name == "EQ" and left.op == "factors" and _is_limit(left.args[0])):
            return self.limit(name, left, right, span)
        one = self.term(left)
        if name in ("EQ", "NE") and isinstance(one.kind, Sub) and self.trivial(right, one.kind):
            return infix("=" if name == "EQ" else "≠", one.lean, "⊥")
        two = self.term(right)
        if name in ("EQ", "NE"):
            return self.equal(one, two, "=" if name == "EQ" else "≠", span)
        if name in _ORDER:
            return self.order(one, two, _ORDER[name], span)
        if name in ("IN", "NOTIN"):
            text = self.member(one, two, span)
            if name == "IN":
                return text
            return text.replace(" ∈ ", " ∉ ", 1) if text.count(" ∈ ") == 1 else f"¬({text})"
        if name == "NOTSUBSET":
            return f"¬{paren(self.contained(one, two, span, proper=False))}"
        if name in ("SUBSET", "SUPSET", "PROPER"):
            if name == "SUPSET":
                one, two = two, one
            return self.contained(one, two, span, proper=name == "PROPER")
        if name in ("MID", "NMID"):
            text = self.divides(one, two, span)
            return text if name == "MID" else f"¬{paren(text)}"
        if name == "CONG":
            return self.isomorphic(one, two, span)
        inside = isinstance(one.kind, Sub) and one.kind.sort == "Subgroup" and one.kind.of.lean == two.lean
        if name == "NORMALIN" and inside:
            return f"{paren(one.lean)}.Normal"
        raise UnreadError("a relation that is not read", span)

    def trivial(self, node: Expr, kind: Sub) -> bool:
        """1, {1}, e or {e} as a subgroup, 0, {0} or (0) as an ideal or a subspace."""
        if node.op in ("listset", "paren") and len(node.args[0].args) == 1:
            node = node.args[0].args[0]
        if node.op == "name":
            return node.text == "e" and kind.sort == "Subgroup" and self.context.find("e") is None
        return node.op == "num" and node.text == ("1" if kind.sort == "Subgroup" else "0")

    def coprime(self, name: str, left: Expr, right: Expr) -> str | None:
        """(a, b) = 1."""
        if left.op != "paren" or len(left.args[0].args) != 2 or right.op != "num":
            return None
        divisor = self.divisor("gcd", left)
        return infix("=" if name == "EQ" else "≠", divisor.lean, right.text)

    def divides(self, one: Object, two: Object, span: Span) -> str:
        left, right, carrier = elements(one, two, span)
        if carrier.lean == "?":
            return infix("∣", typed(left, "ℤ").lean, fitted(right, NUMBERS["ℤ"], span).lean)
        if carrier.lean in ("ℕ", "ℤ") or (carrier.has("commring") and not carrier.has("field")):
            return infix("∣", left.lean, right.lean)
        raise UnreadError("divisibility where it says nothing", span)

    def equal(self, one: Object, two: Object, op: str, span: Span) -> str:
        if isinstance(one.kind, Elem) and isinstance(two.kind, Elem):
            left, right, carrier = elements(one, two, span)
            if carrier.lean == "?":
                return infix(op, typed(left, "ℝ").lean, right.lean)
            return infix(op, left.lean, right.lean)
        if isinstance(one.kind, Sub):
            text = self._substructures(one, one.kind, two)
            if text is not None:
                return infix(op, one.lean, text)
        if isinstance(two.kind, Sub) and not isinstance(one.kind, SetIn):
            return self.equal(two, one, op, span)
        if isinstance(one.kind, Map) and one.kind.on is None:
            linear = one.kind.sort == "LinearMap" and is_numeral(two)
            endo = one.kind.dom.lean == one.kind.cod.lean
            if one.kind == two.kind or (linear and (two.lean == "0" or (two.lean == "1" and endo))):
                return infix(op, one.lean, two.lean)
        if isinstance(one.kind, SetIn | Sub) and isinstance(two.kind, SetIn | Sub | Carrier):
            left, right = self.as_set(one, span), self.as_set(two, span)
            if _one_space(left, right):
                return infix(op, left.lean, right.lean)
        raise UnreadError("an equation of different kinds of things", span)

    def _substructures(self, one: Object, kind: Sub, two: Object) -> str | None:
        """The right side of an equation whose left side is a substructure."""
        if isinstance(two.kind, Sub) and (two.kind.sort, two.kind.of) == (kind.sort, kind.of):
            return two.lean
        if isinstance(two.kind, Carrier) and two.lean == kind.of.lean:
            return "⊤"
        return None

    def order(self, one: Object, two: Object, op: str, span: Span) -> str:
        if _one_sort(one, two):
            return infix(op, one.lean, two.lean)
        left, right, carrier = elements(one, two, span)
        if carrier.lean == "?":
            left = typed(left, "ℝ")
        elif not carrier.has("order"):
            raise UnreadError(f"there is no order in {carrier.lean}", span)
        return infix(op, left.lean, right.lean)

    def member(self, one: Object, two: Object, span: Span) -> str:
        if isinstance(one.kind, Elem) and isinstance(two.kind, SetIn | Sub):
            placed = fitted(one, two.kind.of, span)
            return infix("∈", placed.lean, two.lean)
        if isinstance(one.kind, Elem) and isinstance(two.kind, Carrier) and two.kind.has("number"):
            own = one.kind.of
            if own.has("number") and "ℕℤℚℝℂ".index(own.lean) > "ℕℤℚℝℂ".index(two.lean):
                letter = self.context.fresh("q k" if two.lean == "ℚ" else "k m")
                return f"∃ {letter} : {two.lean}, ({letter} : {own.lean}) = {paren(one.lean, 51)}"
        raise UnreadError("that this is in it says nothing", span)

    def contained(self, one: Object, two: Object, span: Span, proper: bool) -> str:
        if _one_sort(one, two):
            return infix("<" if proper else "≤", one.lean, two.lean)
        if isinstance(one.kind, SetIn | Sub) and isinstance(two.kind, SetIn | Sub):
            left, right = self.as_set(one, span), self.as_set(two, span)
            if _one_space(left, right):
                return infix("⊂" if proper else "⊆", left.lean, right.lean)
        raise UnreadError("an inclusion of what are no sets of one space", span)

    def isomorphic(self, one: Object, two: Object, span: Span) -> str:
        left, right = as_carrier(one), as_carrier(two)
        if left is not None and right is not None:
            operator = isomorphism(left, right)
            if operator is not None:
                return f"Nonempty ({paren(left.lean, 26)} {operator} {paren(right.lean, 26)})"
        raise UnreadError("an isomorphism of what are no structures of one kind", span)

    # ---- limits

    def on_setof(self, node: Expr) -> Object:
        """`{x ∈ A | …}`, and `{x | …}` where only one type in sight makes sense of it."""
        head, conditions = node.args[0], node.args[1].args
        if head.op == "chain" and head.text == "IN" and is_name(head.args[0]):
            place = self.term(head.args[1])
            over = place.kind if isinstance(place.kind, Carrier) else carrier_of(place.kind)
            if over is None or isinstance(place.kind, Elem | Map):
                raise UnreadError("a set of what", head.span)
            text = self._condition(name_of(head.args[0]), over, conditions)
            name = name_of(head.args[0])
            bound = f"{name} : {over.lean}" if isinstance(place.kind, Carrier) else f"{name} ∈ {place.lean}"
            return Object(f"{{{bound} | {text}}}", SetIn(over))
        if not is_name(head):
            raise UnreadError("a set that is not read", head.span)
        found: list[Object] = []
        for over in dict.fromkeys(
            item.kind for item in self.context.visible() if isinstance(item.kind, Carrier)
        ):
            try:
                text = self._condition(name_of(head), over, conditions)
            except UnreadError:
                continue
            found.append(Object(f"{{{name_of(head)} : {over.lean} | {text}}}", SetIn(over)))
        if len(found) != 1:
            raise UnreadError("a set of what", head.span)
        return found[0]

    def _condition(self, name: str, over: Carrier, conditions: tuple[Expr, ...]) -> str:
        scope = Scope(objects={name: Object(name, Elem(over))})
        self.context.scopes.append(scope)
        try:
            return conjunction([self.proposition(item) for item in conditions])
        finally:
            self.context.scopes.remove(scope)

    def limit(self, name: str, left: Expr, right: Expr, span: Span) -> str:
        """`a_n → L`, or `lim a_n = L`."""
        index = None
        if name == "EQ":
            head, rest = left.args[0], left.args[1:]
            arrow = head.args[1] if head.op == "sub_script" else None
            if arrow is None or arrow.op != "chain" or arrow.text != "ARROW" or arrow.args[1].op != "infty":
                raise UnreadError("a limit that is not read", left.span)
            index = name_of(arrow.args[0])
            left = rest[0] if len(rest) == 1 else replace(left, args=rest)
        else:
            unknown = {n for n in left.names() if self.context.find(n) is None}
            if len(unknown) == 1:
                index = unknown.pop()
        return self.tends(left, index, right, span)

    def tends(self, left: Expr, index: str | None, right: Expr, span: Span) -> str:
        """That a sequence, given by its name or by its terms with an index, has a limit."""
        sequence = self.sequence(left, index, span)
        assert isinstance(sequence.kind, Map)
        if right.op == "infty":
            if not sequence.kind.cod.has("order"):
                raise UnreadError("a limit that is not read", span)
            return f"Filter.Tendsto {paren(sequence.lean)} Filter.atTop Filter.atTop"
        place = fitted(self.term(right), sequence.kind.cod, span)
        return f"Filter.Tendsto {paren(sequence.lean)} Filter.atTop (nhds {paren(place.lean)})"

    def _indexed(self, node: Expr, index: Object, name: str) -> Object:
        """A term in which a name is the index."""
        scope = Scope(objects={name: index})
        self.context.scopes.append(scope)
        try:
            return self.term(node)
        finally:
            self.context.scopes.remove(scope)

    def sequence(self, node: Expr, index: str | None, span: Span) -> Object:
        """A sequence by its name, or by its terms with a free index."""
        if index is None:
            found = self.term(node)
        else:
            if self.context.find(index) is not None:
                raise UnreadError("an index that has another meaning", span)
            body = self._indexed(node, Object(index, Elem(NUMBERS["ℕ"])), index)
            if isinstance(body.kind, Elem) and body.kind.of.lean in ("?", "ℕ", "ℤ", "ℚ"):
                # 1/n tends to 0 as a real number.
                try:
                    body = self._indexed(node, Object(f"({index} : ℝ)", Elem(NUMBERS["ℝ"])), index)
                except UnreadError:
                    body = fitted(body, NUMBERS["ℝ"], span)
            if not isinstance(body.kind, Elem):
                raise UnreadError("a sequence of what are no elements", span)
            of = NUMBERS["ℝ"] if body.kind.of.lean == "?" else body.kind.of
            name, _, argument = body.lean.partition(" ")
            text = name if argument == index else f"fun {index} : ℕ ↦ {body.lean}"
            found = Object(text, Map("Map", NUMBERS["ℕ"], of))
        if (
            not isinstance(found.kind, Map)
            or found.kind.dom.lean != "ℕ"
            or not found.kind.cod.has("topology")
        ):
            raise UnreadError("a limit of what is no sequence in a space", span)
        return found


def _one_sort(one: Object, two: Object) -> bool:
    """Whether both are substructures of one kind in one structure."""
    left, right = one.kind, two.kind
    return isinstance(left, Sub) and isinstance(right, Sub) and (left.sort, left.of) == (right.sort, right.of)


def _one_space(one: Object, two: Object) -> bool:
    """Whether two sets live in one type; the empty set lives in each."""
    left, right = one.kind, two.kind
    if not isinstance(left, SetIn) or not isinstance(right, SetIn):
        return False
    return left.of.lean == right.of.lean or NUMERAL in (left.of, right.of)


def _is_limit(node: Expr) -> bool:
    head = node.args[0] if node.op == "sub_script" else node
    return head.op == "operator" and head.text == "lim"


def names_in(items: tuple[Expr, ...]) -> list[str]:
    """The names of a list of names whose last may be the left side of a relation."""
    found: list[str] = []
    for item in items:
        first = item.args[0] if item.op == "chain" else item
        if not is_name(first):
            raise UnreadError("a name is expected", first.span)
        found.append(name_of(first))
    return found
