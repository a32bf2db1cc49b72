"""Formulas to Lean terms with their kinds: what a juxtaposition, a bar or a bracket means, the types say."""

from __future__ import annotations

from dataclasses import replace

from cramf.formalize.symbolic.abstract.chunks import is_name, name_of
from cramf.formalize.symbolic.abstract.context import Context
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
    closed,
    quotient,
)
from cramf.formalize.symbolic.abstract.lean import apply, infix, paren
from cramf.formalize.symbolic.abstract.numbers import (
    NUMERAL,
    arithmetic,
    fitted,
    negated,
    power,
)
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Terms", "polynomials"]


def polynomials(base: Carrier) -> Carrier:
    """The polynomial ring over a carrier."""
    tags = closed("euclid") if base.has("field") else closed("ufd") if base.has("ufd") else None
    if tags is None:
        tags = (
            closed("domain") if base.has("domain") else closed("commring" if base.has("commring") else "ring")
        )
    return Carrier(f"Polynomial {paren(base.lean)}", tags, None, base)


class Terms:
    """Elaborates formulas in a context; `polynomial` is the letter that stands for the indeterminate."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.polynomial: tuple[str, Carrier] | None = None

    def term(self, node: Expr) -> Object:
        """The object that a formula names.

        Raises:
            UnreadError: where a name is not declared or the kinds do not fit.
        """
        method = getattr(self, f"on_{node.op}", None)
        if method is None:
            raise UnreadError("a formula that is not read here", node.span)
        result: Object = method(node)
        return result

    # ---- leaves

    def on_name(self, node: Expr) -> Object:
        name = name_of(node)
        if self.polynomial and name == self.polynomial[0]:
            return Object("Polynomial.X", Elem(self.polynomial[1]))
        found = self.context.find(name)
        if found is not None:
            return found
        if name == "G" and self.context.groups:
            return self.context.group()
        if name == "e":
            groups = [c for c in self._carriers() if c.has("group")]
            if len(groups) == 1:
                return Object("1", Elem(groups[0]))
        if name in ("Q", "Z"):
            return Object({"Q": "ℚ", "Z": "ℤ"}[name], NUMBERS[{"Q": "ℚ", "Z": "ℤ"}[name]])
        if name == "π":
            return Object("Real.pi", Elem(NUMBERS["ℝ"]))
        raise UnreadError(f"what {name} is has not been said", node.span)

    def _carriers(self) -> list[Carrier]:
        return [o.kind for o in self.context.visible() if isinstance(o.kind, Carrier)]

    def on_num(self, node: Expr) -> Object:
        return Object(node.text, Elem(NUMERAL))

    def on_set(self, node: Expr) -> Object:
        return Object(node.text, NUMBERS[node.text])

    def on_empty(self, _node: Expr) -> Object:
        return Object("∅", SetIn(NUMERAL))

    def on_primed(self, node: Expr) -> Object:
        if is_name(node) and self.context.find(name_of(node)):
            return self.on_name(node)
        body = self.term(node.args[0])
        if isinstance(body.kind, Map) and body.kind.sort == "Map" and body.kind.dom.lean in ("ℝ", "ℂ"):
            return Object(apply("deriv", body.lean), replace(body.kind, on=None))
        raise UnreadError("a prime that is not read", node.span)

    def on_sub_script(self, node: Expr) -> Object:
        base, index = node.args
        if is_name(node) and self.context.find(name_of(node)):
            return self.on_name(node)
        if base.op == "name":
            found = self.context.find(base.text + "_") or self.context.find(base.text)
            if found is not None and isinstance(found.kind, Map) and found.kind.dom.lean == "ℕ":
                argument = fitted(self.term(index), NUMBERS["ℕ"], index.span)
                return Object(apply(found.lean, argument.lean), Elem(found.kind.cod))
            if found is None and index.op in ("num", "name"):
                family = self._family(base.text, index)
                if family is not None:
                    return Object(family.lean, family)
        plain = base.op == "name" and base.text in ("Z", "𝔽") and self.context.find(base.text) is None
        if plain or (base.op == "set" and base.text == "ℤ"):
            size = self._natural(index)
            return Object(f"ZMod {paren(size)}", self._residues(size))
        raise UnreadError("an index that is not read", node.span)

    def _natural(self, node: Expr) -> str:
        return fitted(self.term(node), NUMBERS["ℕ"], node.span).lean

    def _residues(self, size: str) -> Carrier:
        # A field only with an instance that says that the size is prime, which the reader does not give.
        return Carrier(f"ZMod {paren(size)}", closed("commring"))

    def _family(self, letter: str, index: Expr) -> Carrier | None:
        """Groups that everybody writes in the same way."""
        if letter not in ("S", "A", "D", "Q") or (letter == "Q" and index.text != "8"):
            return None
        size = self._natural(index)
        group = closed("group")
        match letter:
            case "S":
                return Carrier(f"Equiv.Perm (Fin {paren(size)})", group)
            case "A":
                return Carrier(f"alternatingGroup (Fin {paren(size)})", group)
            case "Q":
                return Carrier("QuaternionGroup 2", group)
        # D_n has n or 2n elements, as the author likes.
        return None

    # ---- brackets

    def on_paren(self, node: Expr) -> Object:
        items = node.args[0].args
        if len(items) == 1:
            return self.sequence_of(items[0]) or self.term(items[0])
        return self.interval("Ioo", node)

    def sequence_of(self, item: Expr) -> Object | None:
        """The sequence that `{a_n}` or `(a_n)` is, where n is nothing else."""
        if item.op != "sub_script" or item.args[1].op != "name" or self.context.find(item.args[1].text):
            return None
        letter = name_of(item.args[0]) if is_name(item.args[0]) else ""
        return self.context.find(letter + "_") or self.context.find(letter)

    def interval(self, sort: str, node: Expr) -> Object:
        items = node.args[0].args
        if len(items) != 2:
            raise UnreadError("a tuple is not read", node.span)
        if items[0].op == "neg" and items[0].args[0].op == "infty":
            end = fitted(self.term(items[1]), NUMBERS["ℝ"], node.span)
            if items[1].op == "infty":
                return Object("Set.univ", SetIn(NUMBERS["ℝ"]))
            return Object(apply("Set.Iio" if sort == "Ioo" else "Set.Iic", end.lean), SetIn(NUMBERS["ℝ"]))
        if items[1].op == "infty":
            end = fitted(self.term(items[0]), NUMBERS["ℝ"], node.span)
            return Object(apply("Set.Ioi" if sort == "Ioo" else "Set.Ici", end.lean), SetIn(NUMBERS["ℝ"]))
        ends = [self.term(item) for item in items]
        if all(isinstance(e.kind, Elem) and e.kind.of.lean in ("?", "ℝ") for e in ends):
            return Object(apply(f"Set.{sort}", *(e.lean for e in ends)), SetIn(NUMBERS["ℝ"]))
        if sort == "Icc" and all(isinstance(e.kind, Elem) and e.kind.of.has("group") for e in ends):
            return Object(f"⁅{ends[0].lean}, {ends[1].lean}⁆", ends[0].kind)
        raise UnreadError("a pair that is not read", node.span)

    def on_closed_closed(self, node: Expr) -> Object:
        return self.interval("Icc", node)

    def on_open_closed(self, node: Expr) -> Object:
        return self.interval("Ioc", node)

    def on_closed_open(self, node: Expr) -> Object:
        return self.interval("Ico", node)

    def on_index(self, node: Expr) -> Object:
        whole, part = (self.term(arg) for arg in node.args)
        if isinstance(part.kind, Sub) and part.kind.sort == "Subgroup":
            if isinstance(whole.kind, Carrier) and whole.lean == part.kind.of.lean:
                return Object(f"{part.lean}.index", Elem(NUMBERS["ℕ"]))
            if isinstance(whole.kind, Sub) and whole.kind.of.lean == part.kind.of.lean:
                return Object(f"{part.lean}.relIndex {paren(whole.lean)}", Elem(NUMBERS["ℕ"]))
        base = whole.kind.parameter if isinstance(whole.kind, Carrier) else None
        if base is not None and isinstance(part.kind, Carrier) and base.lean == part.lean:
            return Object(apply("Module.finrank", part.lean, whole.lean), Elem(NUMBERS["ℕ"]))
        raise UnreadError("an index that is not read", node.span)

    def on_bars(self, node: Expr) -> Object:
        body = self.term(node.args[0])
        if isinstance(body.kind, Elem):
            of = body.kind.of
            if of.has("group"):
                return Object(apply("orderOf", body.lean), Elem(NUMBERS["ℕ"]))
            if of.lean in ("ℤ", "ℚ", "ℝ"):
                return Object(f"|{body.lean}|", body.kind)
            if of.has("normedspace"):
                return Object(f"‖{body.lean}‖", Elem(NUMBERS["ℝ"]))
        elif as_carrier(body) is not None:
            return Object(apply("Nat.card", body.lean), Elem(NUMBERS["ℕ"]))
        raise UnreadError("bars that are not read", node.span)

    def on_listset(self, node: Expr) -> Object:
        items = node.args[0].args
        sequence = self.sequence_of(items[0]) if len(items) == 1 else None
        if sequence is not None:
            return sequence
        terms = [self.term(item) for item in items]
        first = terms[0].kind
        if not isinstance(first, Elem) or any(t.kind != first for t in terms):
            raise UnreadError("a set of different things", node.span)
        return Object("{" + ", ".join(t.lean for t in terms) + "}", SetIn(first.of))

    def on_angle(self, node: Expr) -> Object:
        terms = [self.term(item) for item in node.args[0].args]
        kinds = [t.kind for t in terms]
        if len(terms) == 2 and all(isinstance(k, Elem) and k.of.has("innerproduct") for k in kinds):
            assert isinstance(kinds[0], Elem)
            scalars = kinds[0].of.scalars or "ℝ"
            text = f"inner {paren(scalars)} {paren(terms[0].lean)} {paren(terms[1].lean)}"
            return Object(text, Elem(NUMBERS[scalars]))
        if all(isinstance(k, Elem) and k.of.has("group") and k == kinds[0] for k in kinds):
            assert isinstance(kinds[0], Elem)
            if len(terms) == 1:
                return Object(apply("Subgroup.zpowers", terms[0].lean), Sub("Subgroup", kinds[0].of))
            inner = ", ".join(t.lean for t in terms)
            return Object(f"Subgroup.closure {{{inner}}}", Sub("Subgroup", kinds[0].of))
        raise UnreadError("angle brackets that are not read", node.span)

    def on_barred(self, node: Expr) -> Object:
        body = self.term(node.args[0])
        if isinstance(body.kind, SetIn) and body.kind.of.has("topology"):
            return Object(apply("closure", body.lean), body.kind)
        raise UnreadError("a bar over what is no set of a space", node.span)

    # ---- operations

    def _binary(self, op: str, node: Expr) -> Object:
        left, right = (self.term(arg) for arg in node.args)
        return arithmetic(op, left, right, node.span)

    def on_add(self, node: Expr) -> Object:
        return self._binary("+", node)

    def on_sub(self, node: Expr) -> Object:
        left, right = (self.term(arg) for arg in node.args)
        if isinstance(left.kind, SetIn | Carrier):
            return self.sets("\\", left, right, node.span)
        return arithmetic("-", left, right, node.span)

    def on_mul(self, node: Expr) -> Object:
        return self._binary("*", node)

    def on_neg(self, node: Expr) -> Object:
        return negated(self.term(node.args[0]), node.span)

    def on_frac(self, node: Expr) -> Object:
        return self._binary("/", node)

    def on_div(self, node: Expr) -> Object:
        whole, part = node.args
        multiples = part.op == "factors" and len(part.args) == 2 and part.args[-1].text == "ℤ"
        if whole.op == "set" and whole.text == "ℤ" and multiples:
            size = self._natural(part.args[0])
            return Object(f"ZMod {paren(size)}", self._residues(size))
        left, right = self.term(whole), self.term(part)
        if isinstance(left.kind, Carrier):
            found = quotient(right)
            if found is None or not isinstance(right.kind, Sub) or right.kind.of.lean != left.lean:
                raise UnreadError("a quotient that is not known to be one", node.span)
            return Object(found.lean, found)
        return arithmetic("/", left, right, node.span)

    def on_factorial(self, node: Expr) -> Object:
        body = fitted(self.term(node.args[0]), NUMBERS["ℕ"], node.span)
        return Object(apply("Nat.factorial", body.lean), Elem(NUMBERS["ℕ"]))

    def on_sqrt(self, node: Expr) -> Object:
        body = fitted(self.term(node.args[0]), NUMBERS["ℝ"], node.span)
        return Object(apply("Real.sqrt", body.lean), Elem(NUMBERS["ℝ"]))

    def on_pow(self, node: Expr) -> Object:
        base, exponent = node.args
        if base.op == "name" and base.text == "R" and self.context.find("R") is None:
            # R^k with a plain R is Euclidean space to many authors.
            if exponent.op == "num" and exponent.text == "1":
                return Object("ℝ", NUMBERS["ℝ"])
            return self._powers(NUMBERS["ℝ"], exponent, node.span)
        body = self.term(base)
        complement = exponent.op == "name" and exponent.text == "c" and self.context.find("c") is None
        if complement and isinstance(body.kind, SetIn):
            return Object(f"{paren(body.lean)}ᶜ", body.kind)
        if isinstance(body.kind, Carrier):
            return self._powers(body.kind, exponent, node.span)
        return power(body, self.term(exponent), node.span)

    def _powers(self, carrier: Carrier, exponent: Expr, span: Span) -> Object:
        if exponent.op == "plus" and carrier.lean in ("ℝ", "ℚ", "ℤ"):
            return Object("Set.Ioi 0", SetIn(carrier))
        if carrier.lean in ("ℝ", "ℂ"):
            size = self._natural(exponent)
            tags = closed("innerproduct", "findim")
            name = f"EuclideanSpace {carrier.lean} (Fin {paren(size)})"
            return Object(name, Carrier(name, tags, carrier.lean))
        raise UnreadError("a power of a space that is not read", span)

    def on_inter(self, node: Expr) -> Object:
        return self.sets("∩", self.term(node.args[0]), self.term(node.args[1]), node.span)

    def on_union(self, node: Expr) -> Object:
        return self.sets("∪", self.term(node.args[0]), self.term(node.args[1]), node.span)

    def on_setminus(self, node: Expr) -> Object:
        return self.sets("\\", self.term(node.args[0]), self.term(node.args[1]), node.span)

    def sets(self, op: str, left: Object, right: Object, span: Span) -> Object:
        if isinstance(left.kind, Sub) and isinstance(right.kind, Sub) and op == "∩":
            one, two = left.kind, right.kind
            if (one.sort, one.of) == (two.sort, two.of):
                both = replace(one, normal=one.normal and two.normal)
                return Object(infix("⊓", left.lean, right.lean), both)
        sets = self.as_set(left, span), self.as_set(right, span)
        of = next(
            (s.kind.of for s in sets if isinstance(s.kind, SetIn) and s.kind.of is not NUMERAL), NUMERAL
        )
        if any(isinstance(s.kind, SetIn) and s.kind.of.lean not in (of.lean, "?") for s in sets):
            raise UnreadError("sets in two different spaces", span)
        if sets[0].lean == "Set.univ" and op == "\\":
            return Object(f"{paren(sets[1].lean)}ᶜ", SetIn(of))
        return Object(infix(op, sets[0].lean, sets[1].lean), SetIn(of))

    def as_set(self, item: Object, span: Span) -> Object:
        """A set, or what is coerced to one."""
        match item.kind:
            case SetIn():
                return item
            case Sub(_, of):
                return Object(f"({item.lean} : Set {paren(of.lean)})", SetIn(of))
            case Carrier():
                return Object("Set.univ", SetIn(item.kind))
        raise UnreadError("a set is expected", span)

    def on_cross(self, node: Expr) -> Object:
        left, right = (self.term(arg) for arg in node.args)
        one, two = as_carrier(left), as_carrier(right)
        if one is None or two is None or isinstance(left.kind, SetIn):
            return arithmetic("*", left, right, node.span)
        shared = one.tags & two.tags & closed("group", "commgroup", "commring", "topology", "metric")
        return Object(infix("×", one.lean, two.lean), Carrier(infix("×", one.lean, two.lean), shared))

    def on_comp(self, node: Expr) -> Object:
        left, right = (self.term(arg) for arg in node.args)
        if isinstance(left.kind, Map) and isinstance(right.kind, Map):
            if left.kind.dom.lean != right.kind.cod.lean:
                raise UnreadError("maps that do not compose", node.span)
            plain = left.kind.sort == right.kind.sort == "Map"
            kind = Map(left.kind.sort, right.kind.dom, left.kind.cod)
            if plain and left.kind.on is None and right.kind.on is None:
                return Object(infix("∘", left.lean, right.lean), kind)
            if left.kind.sort == right.kind.sort:
                return Object(f"{paren(left.lean)}.comp {paren(right.lean)}", kind)
        raise UnreadError("a composition that is not read", node.span)
