"""Names that a premise introduces by what it says of them."""

from __future__ import annotations

from cramf.formalize.symbolic.abstract.chunks import Chunk, is_name, name_of
from cramf.formalize.symbolic.abstract.derivations import Node
from cramf.formalize.symbolic.abstract.fitting import Claim
from cramf.formalize.symbolic.abstract.formulas import Expr
from cramf.formalize.symbolic.abstract.kinds import (
    NUMBERS,
    Carrier,
    Elem,
    Map,
    Object,
    SetIn,
    Sub,
)
from cramf.formalize.symbolic.abstract.lean import paren
from cramf.formalize.symbolic.abstract.nouns import Nouns
from cramf.formalize.symbolic.abstract.relations import names_in
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Introducing"]

_BY_ADJECTIVE = {
    "irrational": "ℝ", "rational": "ℚ", "real": "ℝ", "complex": "ℂ", "prime": "ℕ", "even": "ℤ", "odd": "ℤ",
}  # fmt: skip
_SETTLED = ("rational", "real", "complex")
_USUAL = {"ε": "ℝ", "δ": "ℝ", "n": "ℕ", "m": "ℕ", "k": "ℕ", "N": "ℕ", "j": "ℤ"}
_TRIVIAL = ("n", "m", "k")
"""Letters that in ℕ might be 0, so that `for some n` would say nothing."""


class Introducing(Nouns):
    """Declares names that have not been seen before, by formulas and by predicates."""

    def declare_map(self, mapping: Expr) -> list[Object]:
        dom, cod = (self.saying.formulas.term(arg) for arg in mapping.args[1:])
        on = None
        if isinstance(dom.kind, SetIn):
            on, dom = dom.lean, Object(dom.kind.of.lean, dom.kind.of)
        source, target = self.place(dom, mapping.span), self.place(cod, mapping.span)
        assert isinstance(source.kind, Carrier) and isinstance(target.kind, Carrier)
        text = f"{paren(source.lean, 26)} → {target.lean}"
        return [
            self.new(name, Map("Map", source.kind, target.kind, on), text, mapping.span)
            for name in names_in(mapping.args[0].args)
        ]

    def by_class(self, names: list[Expr], forms: list[str]) -> None:
        """`Let X be compact` says that X is a space, where nothing has said what it is."""
        words = [w for form in forms for w in self.vocabulary.words(form, "class") if w.kinds[0] != "Type"]
        tags = {word.kinds[0] for word in words}
        if len(tags) == 1 and next(iter(tags)).startswith("Type "):
            for name in names:
                self.structure_for(name, next(iter(tags)), [])

    def usual(self, names: list[str], tree: Expr | None, span: Span) -> list[Object]:
        """Declares names by what such letters usually stand for, and a note that says so."""
        items: list[Object] = []
        for name in names:
            letter = _USUAL.get(name)
            if letter is None or (tree is None and self.context.top.existential and name in _TRIVIAL):
                raise UnreadError(f"what {name} ranges over has not been said", span)
            items.append(self.new(name, Elem(NUMBERS[letter]), letter, span))
            self.context.note(f"{name} : {letter}, as is usual")
        if tree is not None:
            for text in self.saying.formulas.listed(tree):
                self.context.assume(text)
        return items

    def usual_in(self, tree: Expr) -> None:
        """Declares n, m and k of a premise where nothing has: natural numbers, and a note that says so."""
        if any("ARROW" in item.relations for item in tree.args[0].args):
            return
        for name in dict.fromkeys(tree.names()):
            if name in ("n", "m", "k") and self.context.find(name) is None and self.context.outermost:
                self.usual([name], None, tree.span)

    def declares(self, tree: Expr) -> bool:
        """Whether a formula introduces its names: `x ∈ G`, `H ≤ G`, `A ⊂ X` of names not seen before."""
        items = tree.args[0].args
        chain = items[-1]
        if chain.op != "chain" or len(chain.args) != 2:
            return False
        if chain.text == "EQ" and len(items) == 1 and is_name(chain.args[0]):
            name = name_of(chain.args[0])
            if self.context.find(name) is None and name not in chain.args[1].names():
                # A name for something that can be written without it.
                self.context.top.objects[name] = self.saying.formulas.term(chain.args[1])
                return True
        if chain.text == "ARROW" and len(items) == 1:
            return self.declares_limit(chain)
        if not all(is_name(item) for item in items[:-1]) or not is_name(chain.args[0]):
            return False
        names = names_in(items)
        new = [name for name in names if self.context.find(name) is None]
        if not new:
            return False
        if len(new) != len(names):
            raise UnreadError("some of these names are known and some are not", tree.span)
        place = chain.args[1]
        if chain.text == "IN" and self.operators(names, place, tree.span):
            return True
        if chain.text == "IN":
            self.declare_members(names, place, tree.span)
            return True
        if chain.text in ("SUBSET", "LE", "NORMALIN"):
            over = self.saying.formulas.term(place)
            if isinstance(over.kind, Carrier) and over.kind.has("group") and chain.text != "SUBSET":
                for name in names:
                    normal = chain.text == "NORMALIN"
                    item = self.new(
                        name, Sub("Subgroup", over.kind, normal), f"Subgroup {paren(over.lean)}", tree.span
                    )
                    if normal:
                        self.context.instance(f"{item.lean}.Normal")
                return True
            if (
                chain.text == "SUBSET"
                and isinstance(over.kind, Carrier | SetIn)
                and not (isinstance(over.kind, Carrier) and over.kind.has("group"))
            ):
                carrier = over.kind if isinstance(over.kind, Carrier) else over.kind.of
                for name in names:
                    item = self.new(name, SetIn(carrier), f"Set {paren(carrier.lean)}", tree.span)
                    if isinstance(over.kind, SetIn):
                        self.context.assume(f"{item.lean} ⊆ {over.lean}")
                return True
        return False

    def operators(self, names: list[str], place: Expr, span: Span) -> bool:
        """`S, T ∈ L(V)`: linear operators, where L has no other meaning."""
        if place.op != "factors" or len(place.args) != 2 or place.args[0].text != "L":
            return False
        spaces = place.args[1].args[0].args if place.args[1].op == "paren" else ()
        if self.context.find("L") is not None or len(spaces) not in (1, 2):
            return False
        found = [self.saying.formulas.term(space) for space in spaces]
        kinds = [item.kind for item in found if isinstance(item.kind, Carrier) and item.kind.has("module")]
        if len(kinds) != len(found) or kinds[0].scalars != kinds[-1].scalars:
            return False
        kind = Map("LinearMap", kinds[0], kinds[-1])
        text = f"{paren(kind.dom.lean, 26)} →ₗ[{kind.dom.scalars}] {kind.cod.lean}"
        for name in names:
            self.new(name, kind, text, span)
        return True

    def declares_limit(self, chain: Expr) -> bool:
        """`a_n → L` of a limit not seen before introduces it; the premise itself is still to be taken."""
        base, limit = chain.args[0], chain.args[1]
        if base.op == "sub_script" and base.args[0].op == "name" and is_name(limit):
            found = self.context.find(base.args[0].text + "_") or self.context.find(base.args[0].text)
            name = name_of(limit)
            unseen = self.context.find(name) is None or self.context.find(name) == found
            known = self.context.find(name) is not None
            if found is not None and isinstance(found.kind, Map) and unseen and not known:
                self.new(name, Elem(found.kind.cod), found.kind.cod.lean, chain.span)
        return False

    def introduces(self, node: Node) -> bool:
        """`G is a finite group` of a name not seen before."""
        subject, predicate = node.parts
        assert isinstance(predicate, Node)
        if predicate.rule != "vp_is" or predicate.chunks("NOT"):
            return False
        self.by_predicate(subject, predicate)
        phrase = predicate.parts[-1]
        if (
            len(predicate.parts) != 2
            or not isinstance(phrase, Node)
            or phrase.rule not in ("pred_np", "adjective", "pred_link")
        ):
            return False
        terms = subject.nodes() if isinstance(subject, Node) and subject.rule == "terms" else [subject]
        names: list[str] = []
        for term in terms:
            if not isinstance(term, Node) or term.rule != "vars_term":
                return False
            names += self.names(term)
        new = [name for name in names if self.context.find(name) is None]
        if not new:
            return False
        if len(new) != len(names):
            raise UnreadError("some of these names are known and some are not", node.span)
        if phrase.rule == "adjective":
            return self.by_adjective(phrase.chunks()[0], names)
        if phrase.rule == "pred_link":
            return self.by_link(phrase, names)
        self.subjects = self.introduce(phrase.nodes()[0], names)
        return True

    def by_predicate(self, subject: Node | Chunk, predicate: Node) -> None:
        """`X is compact and Hausdorff` of a name not seen before: a space."""
        if isinstance(subject, Node) and subject.rule == "vars_term":
            forms = [c.text for part in predicate.nodes("adjective") for c in part.chunks()]
            if len(forms) == len(predicate.nodes()):
                self.by_class(self.math_items(subject), forms)

    def by_adjective(self, chunk: Chunk, names: list[str]) -> bool:
        """`x is irrational` says that x is a number, and of what kind."""
        letter = _BY_ADJECTIVE.get(chunk.text)
        if letter is None:
            return False
        items = [self.new(name, Elem(NUMBERS[letter]), letter, chunk.span) for name in names]
        if chunk.text not in _SETTLED:
            self.assume_all(self.saying.adjective(chunk.text, items, chunk.span))
        return True

    def by_link(self, phrase: Node, names: list[str]) -> bool:
        """`U is open in X` of a set not seen before, of a space that may not have been seen either."""
        form = phrase.chunks("LINK")[0].text
        words = [w for w in self.vocabulary.words(form, "link") if w.kinds[:1] == ("Set topology",)]
        place = phrase.nodes()[0]
        if not words and form.startswith(("holomorphic", "analytic")):
            return self.holomorphic(form, names, place)
        if not words or place.rule != "vars_term":
            return False
        (tree,) = self.math_items(place)
        self.structure_for(tree, words[0].kinds[1], [])
        space = self.saying.formulas.term(tree)
        if not isinstance(space.kind, Carrier):
            return False
        for name in names:
            item = self.new(name, SetIn(space.kind), f"Set {paren(space.lean)}", phrase.span)
            self.saying.take(self.saying.said(form, (item, space), phrase.span, "link"))
        return True

    def holomorphic(self, form: str, names: list[str], place: Node) -> bool:
        """`f is holomorphic in an open set Ω` says that f is a complex function."""
        plane = Object("ℂ", NUMBERS["ℂ"])
        items = self.introduce(place, owner=plane) if place.rule == "np" else self.objects(place)
        if len(items) != 1:
            return False
        for name in names:
            item = self.new(name, Map("Map", NUMBERS["ℂ"], NUMBERS["ℂ"]), "ℂ → ℂ", place.span)
            self.saying.take(self.saying.said(form, (item, items[0]), place.span, "link"))
        return True

    def assume_all(self, claims: list[Claim]) -> None:
        for said in claims:
            self.saying.take(said)
