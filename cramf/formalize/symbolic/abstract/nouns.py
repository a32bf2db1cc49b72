"""Noun phrases: what they introduce, and what they say of what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cramf.formalize.symbolic.abstract.chunks import is_name, name_of
from cramf.formalize.symbolic.abstract.declaring import Declaring
from cramf.formalize.symbolic.abstract.derivations import Node
from cramf.formalize.symbolic.abstract.fitting import claim
from cramf.formalize.symbolic.abstract.formulas import Expr
from cramf.formalize.symbolic.abstract.kinds import (
    Elem,
    Object,
)
from cramf.formalize.symbolic.abstract.parts import determiner
from cramf.formalize.symbolic.abstract.relations import names_in
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Nouns"]


class Nouns(Declaring):
    """Introduces the objects of noun phrases with all that these say of them."""

    def introduce(
        self,
        node: Node,
        names: list[str] | None = None,
        owner: Object | None = None,
        mapping: Expr | None = None,
    ) -> list[Object]:
        """Declares what a noun phrase speaks of in the innermost scope, with all it says of it."""
        if any(det.chunks("NO") for det in node.nodes("det")) and self.denying != id(node):
            raise UnreadError("a denial in the middle of a sentence", node.span)
        if determiner(node) == "SOME" and not self.context.top.existential:
            raise UnreadError("whether this means all or some is not clear here", node.span)
        if node.rule == "np_member":
            return self.member(node)
        if node.rule == "np_map":
            mapping = self.math(node.chunks("MMAP")[0])
        limits: list[Expr] = []
        if node.rule in ("np_limited", "np_noun_member"):
            limits = list(self.math(node.chunks("MREL", "MMEM")[0]).args[0].args)
            names = names_in(tuple(limits))
        if node.rule == "np_sequence":
            names = [self.sequence_name(self.math(node.chunks("MTERM")[0]))]
        phrase = self.phrase(node)
        if names is None:
            names = phrase.names or (names_in(mapping.args[0].args) if mapping is not None else [])
        elif phrase.names and phrase.names != names:
            raise UnreadError("two names for one thing", phrase.span)
        adjectives = [chunk.text for chunk in phrase.adjectives]
        phrase.tail = [part for part in phrase.tail if part.rule != "where" or not self.beforehand(part)]
        items = self.declare(phrase, names, owner, mapping, adjectives)
        for form in adjectives:
            items = self.qualify(form, items, phrase.span)
        for part in phrase.tail:
            items = self.restrict(part, items)
        if limits:
            self.limit(limits, items)
        return items

    def sequence_name(self, tree: Expr) -> str:
        """The letter of `{a_n}` or `(a_n)`, kept apart from a bare `a`, which may be the limit."""
        items = tree.args[0].args
        if len(items) == 1 and items[0].op in ("listset", "paren") and items[0].args:
            inner = items[0].args[0].args
            first = inner[0]
            indexed = len(inner) == 1 and first.op == "sub_script" and first.args[1].op == "name"
            if indexed and is_name(first.args[0]):
                return name_of(first.args[0]) + "_"
        raise UnreadError("a name is expected", tree.span)

    def beforehand(self, part: Node) -> bool:
        """Takes a condition after `where` before the rest, if it can be said already."""
        saved = self.saved()
        try:
            self.suppose(part.parts[0])
        except UnreadError:
            self.restore(saved)
            return False
        return True

    def limit(self, limits: list[Expr], items: list[Object]) -> None:
        """`n > 1` said of each of the names, after their declaration."""
        last = limits[-1]
        for item_name, _ in zip(names_in(tuple(limits)), items, strict=True):
            first = replace(last.args[0], text=item_name) if last.args[0].op == "name" else last.args[0]
            text = self.saying.formulas.proposition(replace(last, args=(first, *last.args[1:])))
            self.context.assume(text)

    def qualify(self, form: str, items: list[Object], span: Span) -> list[Object]:
        words = self.vocabulary.words(form, "property", "class")
        if len(items) > 1 and any(len(word.kinds) == 2 for word in words):
            for said in self.saying.adjective(form, items, span):
                self.saying.take(said)
            return items
        taken: list[Object] = []
        for item in items:
            classes = [
                c
                for w in words
                if w.role == "class" and not w.result and (c := claim(w, (item,))) is not None
            ]
            said = classes[0] if classes else self.saying.said(form, (item,), span, "property")
            taken.append(self.saying.take(said, item) or item)
        return taken

    def restrict(self, part: Node, items: list[Object]) -> list[Object]:
        """What a relative clause or a phrase such as `of order n` adds."""
        match part.rule:
            case "where":
                self.suppose(part.parts[0])
            case "with_np":
                for item in items:
                    self.introduce(part.nodes()[0], owner=item)
            case "pp_quality":
                self.quality(part, items)
            case "congruent":
                for item in items:
                    self.context.assume(self.congruent(part, item))
            case "of_form":
                for item in items:
                    self.context.assume(self.of_form(part, item))
            case "such":
                self.context.assume(self.side(part.parts[0]))
            case "such_rel":
                for chunk in part.chunks("MREL"):
                    for text in self.saying.formulas.listed(self.math(chunk)):
                        self.context.assume(text)
            case "that":
                self.context.assume(self.predicates(part.nodes()[0], items, part.span))
            case "pp_post":
                return self.qualify(part.chunks("POST")[0].text, items, part.span)
            case "pp_value":
                bare = part.nodes("value_bare")[0]
                for text in self.valued(bare, items):
                    self.context.assume(text)
            case "verbing":
                form = part.chunks("VERB")[0].text
                others = self.objects(part.parts[-1])
                for item in items:
                    said = self.saying.said(form, (item, *others), part.span, "action")
                    self.context.assume(said.text)
            case _:
                raise UnreadError("what is said of this is not read", part.span)
        return items

    def quality(self, part: Node, items: list[Object]) -> None:
        """`of even order`, `of prime order p`."""
        form = part.chunks("VALUE")[0].text
        if not part.chunks("ADJ"):
            raise UnreadError("a quality of a value that is not read", part.span)
        quality = part.chunks("ADJ")[0]
        for item in items:
            amount = self.saying.value(form, (item,), part.span)
            if part.nodes("math"):
                named = self.amount(part.nodes("math")[0], amount)
                self.context.assume(self.saying.equation(amount, named, part.span))
                amount = named
            for said in self.saying.adjective(quality.text, [amount], part.span):
                self.context.assume(said.text)

    def amount(self, node: Node, value: Object) -> Object:
        """What a value is said to be; a letter not seen before is a name for it."""
        tree = self.math(node).args[0].args[0]
        if is_name(tree) and self.context.find(name_of(tree)) is None and isinstance(value.kind, Elem):
            if self.context.top.existential:
                raise UnreadError(f"what {name_of(tree)} is has not been said", node.span)
            return self.new(name_of(tree), value.kind, value.kind.of.lean, node.span)
        return self.single(node)

    def congruent(self, node: Node, item: Object) -> str:
        maths = node.nodes("math")
        if node.chunks("PREP")[0].text not in ("modulo", "mod"):
            raise UnreadError("congruent in what way", node.span)
        return self.saying.formulas.congruent([item, *map(self.single, maths)], node.span)

    def of_form(self, node: Node, item: Object) -> str:
        """`of the form 4k + 3`: for some numbers."""
        if not isinstance(item.kind, Elem) or item.kind.of.lean not in ("ℕ", "ℤ"):
            raise UnreadError("the form of what is no integer", node.span)
        tree = self.math(node.nodes("math")[0]).args[0].args[0]
        scope = self.scoped(existential=True)
        for chunk in node.chunks("MMEM"):
            items = self.math(chunk).args[0].args
            self.declare_members(names_in(items), items[-1].args[1], chunk.span)
        for name in sorted({name for name in tree.names() if self.context.find(name) is None}):
            self.new(name, item.kind, item.kind.of.lean, node.span)
        value = self.saying.formulas.term(tree)
        return self.closed(scope, self.saying.equation(item, value, node.span))

    def valued(self, bare: Node, items: Sequence[Object]) -> list[str]:
        """`of order n` of each object."""
        form = bare.chunks("VALUE")[0].text
        texts: list[str] = []
        for item in items:
            value = self.saying.value(form, (item,), bare.span)
            name = self.math(bare.nodes("math")[0]).args[0].args[0]
            if (
                not isinstance(value.kind, Elem)
                and is_name(name)
                and self.context.find(name_of(name)) is None
            ):
                # "with center Z": a name for it.
                self.context.top.objects[name_of(name)] = value
                continue
            amount = self.amount(bare.nodes("math")[0], value)
            texts.append(self.saying.equation(value, amount, bare.span))
        return texts

    def member(self, node: Node) -> list[Object]:
        """`x, y ∈ A` as a declaration."""
        items = self.math(node.chunks("MMEM")[0]).args[0].args
        names = names_in(items)
        found = self.declare_members(names, items[-1].args[1], node.span)
        for part in node.nodes():
            if part.rule != "det":
                found = self.restrict(part, found)
        return found
