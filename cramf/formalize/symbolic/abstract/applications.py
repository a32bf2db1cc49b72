"""What stands side by side in a formula: a product, a function's value, an image, a polynomial ring."""

from __future__ import annotations

from cramf.formalize.symbolic.abstract.chunks import is_name, name_of
from cramf.formalize.symbolic.abstract.formulas import Expr
from cramf.formalize.symbolic.abstract.kinds import (
    NUMBERS,
    Carrier,
    Elem,
    Map,
    Object,
    SetIn,
    Sub,
    carrier_of,
    closed,
)
from cramf.formalize.symbolic.abstract.lean import ARGUMENT, apply, paren
from cramf.formalize.symbolic.abstract.numbers import arithmetic, fitted
from cramf.formalize.symbolic.abstract.terms import Terms, polynomials
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Applications"]

_SCRIPT = ("sub_script", "pow")


class Applications(Terms):
    """Adds juxtaposition to the formulas that are read."""

    def on_factors(self, node: Expr) -> Object:
        parts = list(node.args)
        found: list[Object] = []
        while parts:
            found.append(self.factor(parts, node.span))
        result = found[0]
        for other in found[1:]:
            result = arithmetic("*", result, other, node.span)
        return result

    def factor(self, parts: list[Expr], span: Span) -> Object:
        """The first factor, with the brackets after it that belong to it; takes them off the list."""
        first = parts.pop(0)
        if first.op == "operator":
            return self.operator(first, parts, span)
        if not parts:
            return self.term(first)
        after = parts[0]
        bracketed = after.op in ("paren", "closed_closed", "listset")
        if first.op == "num" or not bracketed:
            return self.term(first)
        special = self.standing(first, after)
        if special is not None:
            parts.pop(0)
            return special
        if first.op == "pow" and first.args[1].op == "neg" and first.args[1].args[0].text == "1":
            inner = self.term(first.args[0])
            if isinstance(inner.kind, Map):
                parts.pop(0)
                return self.preimage(inner, after)
        if first.op == "pow":
            # x^2(y + 1): the power stands by itself.
            return self.term(first)
        head = self.term(first)
        if isinstance(head.kind, Carrier):
            parts.pop(0)
            return self.adjoined(head.kind, after)
        while parts and isinstance(head.kind, Map) and parts[0].op == "paren":
            head = self.value(head, parts.pop(0))
        if (
            isinstance(head.kind, Elem)
            and head.kind.of.lean.startswith("Polynomial ")
            and self.applied_to(head, after)
        ):
            return self.evaluated(head, parts.pop(0))
        return head

    def applied_to(self, head: Object, after: Expr) -> bool:
        return after.op == "paren" and len(after.args[0].args) == 1 and head.lean != "Polynomial.X"

    def evaluated(self, head: Object, after: Expr) -> Object:
        """The value of a polynomial; at the indeterminate, the polynomial itself."""
        assert isinstance(head.kind, Elem)
        base = head.kind.of.parameter
        assert base is not None
        argument = after.args[0].args[0]
        if is_name(argument) and self.context.find(name_of(argument)) is None:
            return head
        place = fitted(self.term(argument), base, after.span)
        return Object(f"{paren(head.lean)}.eval {paren(place.lean)}", Elem(base))

    def standing(self, first: Expr, after: Expr) -> Object | None:
        """Z(G), C(x), N(H) and the like, where the letter has no other meaning."""
        letter = first.args[0] if first.op == "sub_script" else first
        if letter.op != "name" or after.op != "paren" or self.context.find(letter.text) is not None:
            return None
        if is_name(first) and self.context.find(name_of(first)) is not None:
            return None
        items = [self.term(item) for item in after.args[0].args]
        if len(items) != 1:
            return None
        item = items[0]
        of = item.kind.of if isinstance(item.kind, Elem | Sub) else item.kind
        if not isinstance(of, Carrier) or not of.has("group"):
            return None
        if (
            letter.text in ("C", "N")
            and first.op == "sub_script"
            and self.term(first.args[1]).lean != of.lean
        ):
            return None
        match letter.text, item.kind:
            case "Z", Carrier():
                return Object(apply("Subgroup.center", item.lean), Sub("Subgroup", of, True))
            case ("C", Elem()):
                return Object(f"Subgroup.centralizer {{{item.lean}}}", Sub("Subgroup", of))
            case ("C", Sub()):
                text = f"Subgroup.centralizer ({item.lean} : Set {paren(of.lean)})"
                return Object(text, Sub("Subgroup", of))
            case ("N", Sub()):
                text = f"Subgroup.normalizer ({item.lean} : Set {paren(of.lean)})"
                return Object(text, Sub("Subgroup", of))
            case "o", Elem():
                return Object(apply("orderOf", item.lean), Elem(NUMBERS["ℕ"]))
            case "o", Carrier():
                return Object(apply("Nat.card", item.lean), Elem(NUMBERS["ℕ"]))
        return None

    def preimage(self, inner: Object, after: Expr) -> Object:
        assert isinstance(inner.kind, Map)
        argument = self.term(after)
        kind = inner.kind
        if isinstance(argument.kind, Elem):
            argument = Object(f"{{{fitted(argument, kind.cod, after.span).lean}}}", SetIn(kind.cod))
        if isinstance(argument.kind, Sub) and kind.sort == "GroupHom" and argument.kind.sort == "Subgroup":
            sub = Sub("Subgroup", kind.dom, argument.kind.normal)
            return Object(f"{paren(argument.lean)}.comap {paren(inner.lean)}", sub)
        if isinstance(argument.kind, Sub) and kind.sort == "RingHom" and argument.kind.sort == "Ideal":
            return Object(f"{paren(argument.lean)}.comap {paren(inner.lean)}", Sub("Ideal", kind.dom))
        if not isinstance(argument.kind, SetIn) or argument.kind.of.lean != kind.cod.lean:
            raise UnreadError("a preimage that is not read", after.span)
        return Object(f"{paren(inner.lean, 80)} ⁻¹' {paren(argument.lean, 81)}", SetIn(kind.dom))

    def value(self, head: Object, after: Expr) -> Object:
        """f(x), or the image f(A)."""
        assert isinstance(head.kind, Map)
        kind = head.kind
        if len(after.args[0].args) != 1:
            raise UnreadError("a value at several arguments", after.span)
        argument = self.term(after.args[0].args[0])
        if isinstance(argument.kind, Elem):
            placed = fitted(argument, kind.dom, after.span)
            return Object(apply(paren(head.lean, ARGUMENT - 1), placed.lean), Elem(kind.cod))
        if isinstance(argument.kind, Carrier) and argument.lean == kind.dom.lean and kind.on is None:
            return Object(apply("Set.range", head.lean), SetIn(kind.cod))
        mapped = (("Subgroup", "GroupHom"), ("Submodule", "LinearMap"))
        sort = argument.kind.sort if isinstance(argument.kind, Sub) else ""
        if (sort, kind.sort) in mapped and carrier_of(argument.kind) == kind.dom:
            text = f"{paren(argument.lean)}.map {paren(head.lean)}"
            return Object(text, Sub(sort, kind.cod))
        members = self.as_set(argument, after.span)
        if not isinstance(members.kind, SetIn) or members.kind.of.lean != kind.dom.lean:
            raise UnreadError("an image that is not read", after.span)
        return Object(f"{paren(head.lean, 80)} '' {paren(members.lean, 81)}", SetIn(kind.cod))

    def adjoined(self, carrier: Carrier, after: Expr) -> Object:
        """F[x], and ℤ[i]."""
        items = after.args[0].args if after.args else ()
        if after.op == "closed_closed" and len(items) == 1 and is_name(items[0]):
            letter = name_of(items[0])
            if letter == "i" and carrier.lean == "ℤ":
                return Object("GaussianInt", Carrier("GaussianInt", closed("euclid")))
            if self.context.find(letter) is None and carrier.has("ring") and letter not in ("i", "ω", "α"):
                ring = polynomials(carrier)
                self.indeterminate(letter, ring)
                return Object(ring.lean, ring)
        raise UnreadError("a ring extension that is not read", after.span)

    def indeterminate(self, letter: str, ring: Carrier) -> None:
        """From here on the letter stands for the indeterminate."""
        if self.polynomial is not None and self.polynomial[1].lean != ring.lean:
            raise UnreadError("polynomials over two rings", (0, 0))
        self.polynomial = (letter, ring)

    def operator(self, first: Expr, parts: list[Expr], span: Span) -> Object:
        if not parts:
            raise UnreadError(f"{first.text} of what?", first.span)
        name = first.text
        if name in ("gcd", "lcm") and parts[0].op == "paren":
            return self.divisor(name, parts.pop(0))
        body = self.factor(parts, span)
        if name == "ker" and isinstance(body.kind, Map):
            sort, of = {
                "GroupHom": ("Subgroup", "MonoidHom"),
                "RingHom": ("Ideal", "RingHom"),
                "LinearMap": ("Submodule", "LinearMap"),
            }.get(body.kind.sort, ("", ""))
            if sort:
                return Object(apply(f"{of}.ker", body.lean), Sub(sort, body.kind.dom, True))
        if name in ("range", "null", "Null", "im") and isinstance(body.kind, Map):
            kernel = name.lower() == "null"
            if body.kind.sort == "LinearMap":
                text = apply(f"LinearMap.{'ker' if kernel else 'range'}", body.lean)
                return Object(text, Sub("Submodule", body.kind.dom if kernel else body.kind.cod))
            if body.kind.sort == "GroupHom" and not kernel:
                return Object(apply("MonoidHom.range", body.lean), Sub("Subgroup", body.kind.cod))
        if name == "deg" and isinstance(body.kind, Elem) and body.kind.of.lean.startswith("Polynomial "):
            return Object(f"{paren(body.lean)}.natDegree", Elem(NUMBERS["ℕ"]))
        if name == "dim":
            space = body.kind.of if isinstance(body.kind, Sub) else body.kind
            if isinstance(space, Carrier) and space.scalars is not None:
                return Object(apply("Module.finrank", space.scalars, body.lean), Elem(NUMBERS["ℕ"]))
        functions = {"exp": "Real.exp", "sin": "Real.sin", "cos": "Real.cos", "log": "Real.log"}
        if name in functions:
            return Object(apply(functions[name], fitted(body, NUMBERS["ℝ"], span).lean), Elem(NUMBERS["ℝ"]))
        raise UnreadError(f"{name} is not read here", first.span)

    def divisor(self, name: str, brackets: Expr) -> Object:
        items = [self.term(item) for item in brackets.args[0].args]
        if len(items) != 2 or not all(isinstance(i.kind, Elem) and i.kind.of.lean in "?ℕℤ" for i in items):
            raise UnreadError("a greatest common divisor that is not read", brackets.span)
        integers = any(isinstance(i.kind, Elem) and i.kind.of.lean == "ℤ" for i in items)
        texts = [fitted(i, NUMBERS["ℤ" if integers else "ℕ"], brackets.span).lean for i in items]
        return Object(apply(f"{'Int' if integers else 'Nat'}.{name}", *texts), Elem(NUMBERS["ℕ"]))
