"""Declaring by a noun: its pattern, what it belongs to, and the new objects."""

from __future__ import annotations

from dataclasses import replace

from cramf.formalize.symbolic.abstract.chunks import Chunk, is_name, name_of
from cramf.formalize.symbolic.abstract.derivations import Node
from cramf.formalize.symbolic.abstract.fitting import claim, fits, holes
from cramf.formalize.symbolic.abstract.formulas import Expr
from cramf.formalize.symbolic.abstract.kinds import (
    NUMBERS,
    Carrier,
    Elem,
    Kind,
    Map,
    Object,
    SetIn,
    Sub,
    as_carrier,
    carrier_of,
    closed,
)
from cramf.formalize.symbolic.abstract.lean import fill, paren
from cramf.formalize.symbolic.abstract.parts import Parts, Phrase
from cramf.formalize.symbolic.abstract.terms import polynomials
from cramf.formalize.symbolic.abstract.words import Word
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Declaring"]

_LETTERS = {
    "group": "G H K", "field": "F K L", "ring": "R S T", "topology": "X Y Z", "module": "V W M", "": "S T X",
}  # fmt: skip
_THINGS = {
    "Elem": "x y z w", "Set": "A B C D", "Sub": "H K N", "Ideal": "I J", "Submodule": "U W",
    "Hom": "f g φ", "Map": "f g h", "Seq": "a b c", "Poly": "f g p",
    "ℕ": "n m k p", "ℤ": "n m k", "ℚ": "q r s", "ℝ": "x y z", "ℂ": "z w",
}  # fmt: skip
_PLAIN = {
    "group": "Group",
    "field": "Field",
    "ring": "Ring",
    "topology": "TopologicalSpace",
    "metric": "MetricSpace",
}
_TOPOLOGICAL = ("continuous", "open", "closed")


class Declaring(Parts):
    """Declares objects in the innermost scope."""

    def introduce(
        self,
        node: Node,
        names: list[str] | None = None,
        owner: Object | None = None,
        mapping: Expr | None = None,
    ) -> list[Object]:
        """Declares what a noun phrase speaks of; given by the subclass."""
        raise NotImplementedError

    def declare(
        self,
        phrase: Phrase,
        names: list[str],
        owner: Object | None,
        mapping: Expr | None,
        adjectives: list[str],
    ) -> list[Object]:
        forms = [phrase.noun.text]
        failure: UnreadError | None = None
        for word in self.vocabulary.words(forms[0], "structure", "object", "sort"):
            saved = self.saved()
            own, left = replace(phrase, needs=list(phrase.needs)), list(adjectives)
            try:
                if word.role == "structure":
                    found = self.structures(word, own, names, left)
                else:
                    found = self.things(word, own, names, owner, mapping, left)
                adjectives[:] = left
                return found
            except UnreadError as error:
                failure = failure or error
                self.restore(saved)
        raise failure or UnreadError(f"what a {forms[0]} is, is not known", phrase.noun.span)

    def structures(self, word: Word, phrase: Phrase, names: list[str], adjectives: list[str]) -> list[Object]:
        if not self.context.outermost:
            raise UnreadError(
                "a structure that is claimed to exist, or spoken of inside a claim", phrase.span
            )
        tag, template = word.kinds[0] if word.kinds else "", word.template
        for form in list(adjectives):
            for other in self.vocabulary.words(form, "class"):
                if other.result and other.kinds[0] == f"Type {tag}":
                    tag, template = other.result, other.template
                    adjectives.remove(form)
                    break
        scalars: Object | None = None
        if word.result and word.role == "structure":
            scalars = Object(word.result, NUMBERS[word.result])
        if phrase.prefix is not None:
            scalars = self.saying.formulas.term(phrase.prefix.args[0].args[0])
        elif word.needs:
            scalars = self.parameter(word.needs[0], phrase, None)
        elif phrase.needs:
            raise UnreadError("what this belongs to is not read", phrase.span)
        tag = "" if tag == "set" else tag
        letters = next((v for k, v in _LETTERS.items() if k and k in closed(tag)), _LETTERS[""])
        found: list[Object] = []
        for index in range(phrase.count if not names else len(names)):
            name = names[index] if names else self.context.fresh(letters)
            over = scalars.kind if scalars is not None and isinstance(scalars.kind, Carrier) else None
            carrier = Carrier(
                name, closed(tag), over.lean if over else None, over if tag == "extension" else None
            )
            item = self.new(name, carrier, "Type*", phrase.span, "type")
            found.append(item)
        for item in found:
            args = [holes(item), *([holes(scalars)] if scalars else [])]
            text, *conditions = ("" if template == "-" else fill(template, args)).split(";")
            for instance in filter(None, (part.strip("[ ]") for part in text.split("]"))):
                self.context.instance(instance)
            for condition in conditions:
                self.context.assume(condition.strip())
        return found

    def parameter(self, need: tuple[str, str], phrase: Phrase, owner: Object | None) -> Object:
        """What stands after one of a noun's prepositions, or what must be meant where nothing does."""
        prepositions, spec = need[0].split("|"), need[1]
        for index, (preposition, target) in enumerate(phrase.needs):
            if preposition.text in prepositions:
                del phrase.needs[index]
                found = self.target(target, spec)
                break
        else:
            if owner is not None:
                found = owner
            elif not {"of", "in", "over", "on", "from"}.intersection(prepositions):
                raise UnreadError("where this goes has not been said", phrase.span)
            else:
                found = self.implied(spec, phrase.span)
        fitted = next((f for part in spec.split("|") if (f := fits(part, found)) is not None), None)
        if fitted is None:
            raise UnreadError("what this belongs to does not fit", phrase.span)
        return fitted

    def target(self, node: Node | Chunk, spec: str) -> Object:
        if isinstance(node, Node) and node.rule in ("np", "np_member"):
            bare = self.bare_type(node)
            if bare is not None:
                return bare
            items = self.introduce(node)
        elif isinstance(node, Node) and node.rule != "math":
            items = self.objects(node)
        else:
            self.implicit(node, spec)
            return self.single(node)
        if len(items) != 1:
            raise UnreadError("one thing is expected here", node.span)
        return items[0]

    def implicit(self, node: Node | Chunk, spec: str) -> None:
        """`a subgroup of G` says that G is a group, where nothing else has said what it is."""
        items = self.math(node).args[0].args
        for wanted in ("Type group", "Type field"):
            if len(items) == 1 and wanted in spec.split("|"):
                self.structure_for(items[0], wanted, [])

    def structure_for(self, node: Expr, spec: str, adjectives: list[str]) -> None:
        """Declares a type that a map or a substructure needs, where its name has not been seen."""
        if not is_name(node) or self.context.find(name_of(node)) is not None or not self.context.outermost:
            return
        tag = next((part.split()[1] for part in spec.split("|") if part.startswith("Type ")), "")
        if not tag and any(form in _TOPOLOGICAL for form in adjectives):
            tag = "topology"
        if tag and tag not in _PLAIN:
            return
        name = name_of(node)
        self.new(name, Carrier(name, closed(tag)), "Type*", node.span, "type")
        if tag:
            self.context.instance(f"{_PLAIN[tag]} {name}")

    def bare_type(self, node: Node) -> Object | None:
        """`real numbers` in "a sequence of real numbers": the type itself."""
        if node.nodes("det", "vars") or node.rule != "np" or len(node.parts) != 1:
            return None
        noun = node.nodes("noun")[0].chunks("NOUN", "BOTHN")
        for word in self.vocabulary.words(noun[0].text, "object") if noun else []:
            if word.kinds[0] in NUMBERS and ";" not in word.template:
                return Object(word.kinds[0], NUMBERS[word.kinds[0]])
        return None

    def implied(self, spec: str, span: Span) -> Object:
        """The only thing in sight that fits, or a new field of scalars."""
        found: list[Object] = []
        for item in self.context.visible():
            if isinstance(item.kind, Carrier) and any(fits(part, item) for part in spec.split("|")):
                found.append(item)
        if len(found) == 1:
            return found[0]
        wanted = {"Type group", "Type topology"}.intersection(spec.split("|"))
        if not found and wanted and self.context.outermost:
            tag = wanted.pop().split()[1]
            name = self.context.fresh(_LETTERS[tag])
            item = self.new(name, Carrier(name, closed(tag)), "Type*", span, "type")
            self.context.instance(f"{_PLAIN[tag]} {name}")
            return item
        if not found and spec == "Type field" and self.context.outermost:
            name = self.context.fresh("F K L")
            item = self.new(name, Carrier(name, closed("field")), "Type*", span, "type")
            self.context.instance(f"Field {name}")
            return item
        raise UnreadError("of what this is has not been said", span)

    def things(
        self,
        word: Word,
        phrase: Phrase,
        names: list[str],
        owner: Object | None,
        mapping: Expr | None,
        adjectives: list[str],
    ) -> list[Object]:
        sort, _, rest = word.kinds[0].partition(" ")
        parameters: list[Object] = []
        on: str | None = None
        if phrase.prefix is not None:
            parameters.append(self.saying.formulas.term(phrase.prefix.args[0].args[0]))
        if mapping is not None:
            if sort not in ("Map", "Hom"):
                raise UnreadError("a map that is called something else", phrase.span)
            for arg, spec in zip(mapping.args[1:], [spec for _, spec in word.needs][-2:], strict=False):
                self.structure_for(arg, spec, adjectives)
            dom, cod = (self.saying.formulas.term(arg) for arg in mapping.args[1:])
            if isinstance(dom.kind, SetIn) and sort == "Map":
                on, dom = dom.lean, Object(dom.kind.of.lean, dom.kind.of)
            parameters = [self.place(dom, phrase.span), self.place(cod, phrase.span)]
            if phrase.needs:
                raise UnreadError("what this belongs to is said twice", phrase.span)
        else:
            for need in word.needs[len(parameters) :]:
                found = self.parameter(need, phrase, owner)
                if (
                    isinstance(found.kind, SetIn)
                    and sort == "Map"
                    and on is None
                    and found.lean != "Set.univ"
                ):
                    on, found = found.lean, Object(found.kind.of.lean, found.kind.of)
                parameters.append(found)
            same = len(parameters) == 2 and parameters[0].lean == parameters[1].lean
            if sort == "Map" and same and word.form.startswith("function"):
                # A map on a set goes into it; a function on it may be meant to have numbers for values.
                raise UnreadError("where the values of this function lie is not said", phrase.span)
        if word.role == "sort":
            if not word.needs and phrase.needs:
                parameters.append(self.parameter(("of|in", f"Type {rest}".strip()), phrase, owner))
                if phrase.needs:
                    raise UnreadError("what this belongs to is not read", phrase.span)
            if word.template.startswith("@"):
                raise UnreadError("what this belongs to is not read", phrase.span)
            # A predicate noun introduces an element: "a unit u of R".
            return self.by_property(word, phrase, names, parameters)
        if phrase.needs:
            raise UnreadError("what this belongs to is not read", phrase.span)
        kind, type_text, place = self.kind_of(sort, rest, word, parameters, on, phrase.span)
        wanted = _THINGS.get(sort, "x y z")
        found_items: list[Object] = []
        for index in range(len(names) if names else phrase.count):
            name = names[index] if names else self.context.fresh(_THINGS.get(rest) or wanted)
            item = self.new(name, kind, type_text, phrase.span)
            if sort == "Sylow":
                assert isinstance(kind, Sub)
                coerced = replace(item, lean=f"({item.lean} : Subgroup {paren(kind.of.lean)})")
                self.context.update(item, coerced)
                item = coerced
            found_items.append(item)
        for condition in word.template.split(";")[1:]:
            for item in found_items:
                self.context.assume(fill(condition.strip(), [holes(item), *map(holes, parameters)]))
        if place is not None:
            for item in found_items:
                if sort == "Seq":
                    letter = self.context.fresh("n k m")
                    self.context.assume(f"∀ {letter}, {item.lean} {letter} ∈ {place.lean}")
                else:
                    self.context.assume(
                        f"{item.lean} {'∈' if sort == 'Elem' else _below(place)} {place.lean}"
                    )
        if "prime" in phrase.noun.text.split():
            found_items = [self._known(item, "prime") for item in found_items]
        return found_items

    def _known(self, item: Object, fact: str) -> Object:
        known = replace(item, facts=item.facts | {fact})
        self.context.update(item, known)
        return known

    def place(self, item: Object, span: Span) -> Object:
        carrier = as_carrier(item)
        if carrier is None or isinstance(item.kind, SetIn):
            raise UnreadError("a map between what are no types", span)
        return Object(item.lean, carrier, item.facts)

    def by_property(
        self, word: Word, phrase: Phrase, names: list[str], parameters: list[Object]
    ) -> list[Object]:
        sort, _, tags = word.kinds[0].partition(" ")
        if sort != "Elem":
            raise UnreadError(f"what a {word.form} is, is not known", phrase.noun.span)
        if parameters:
            over_kind = carrier_of(parameters[0].kind)
        else:
            over_kind = carrier_of(self.implied(f"Type {tags}".strip(), phrase.span).kind)
        if over_kind is None or not all(over_kind.has(tag) for tag in tags.split()):
            raise UnreadError(f"what a {word.form} is, is not known", phrase.noun.span)
        whole = replace(word, kinds=(*word.kinds, *(spec for _, spec in word.needs)), needs=())
        found: list[Object] = []
        for index in range(len(names) if names else phrase.count):
            name = names[index] if names else self.context.fresh("x y z")
            item = self.new(name, Elem(over_kind), over_kind.lean, phrase.span)
            said = claim(whole, (item, *parameters) if word.needs else (item,))
            if said is None:
                raise UnreadError(f"what a {word.form} is, is not known", phrase.noun.span)
            self.context.assume(said.text)
            found.append(item)
        return found

    def kind_of(
        self, sort: str, rest: str, word: Word, parameters: list[Object], on: str | None, span: Span
    ) -> tuple[Kind, str, Object | None]:
        """Kind, Lean type, and the set or substructure that the new thing lies in."""
        place: Object | None = None
        over = carrier_of(parameters[-1].kind) if parameters else None
        if (
            sort in ("Elem", "Set", "Sub", "Seq")
            and parameters
            and isinstance(parameters[-1].kind, SetIn | Sub)
        ):
            assert over is not None
            place, parameters[-1] = parameters[-1], Object(over.lean, over)
        template = word.template.split(";")[0].strip()
        try:
            text = fill(template, [{}, *map(holes, parameters)])
        except LookupError:
            raise UnreadError(f"a {word.form} that is not read here", span) from None
        match sort:
            case "Elem" if over is not None:
                return Elem(over), text, place
            case "Set" if over is not None:
                return SetIn(over), text, place
            case "Sub" if over is not None:
                return Sub(rest, over), text, place
            case "Sylow":
                group = parameters[-1].kind
                assert isinstance(group, Carrier)
                return Sub("Subgroup", group), text, None
            case "Seq" if rest in NUMBERS:
                return Map("Map", NUMBERS["ℕ"], NUMBERS[rest]), text, None
            case "Poly" if rest in NUMBERS:
                return Elem(polynomials(NUMBERS[rest])), text, None
            case "Poly" if over is not None:
                return Elem(polynomials(over)), text, None
            case "Seq" if over is not None:
                return Map("Map", NUMBERS["ℕ"], over), text, place
            case "Map" | "Hom" if parameters:
                dom, cod = parameters[0].kind, parameters[-1].kind
                assert isinstance(dom, Carrier)
                target = NUMBERS.get(rest, cod)
                assert isinstance(target, Carrier)
                return Map(rest if sort == "Hom" else "Map", dom, target, on), text, None
        if sort in NUMBERS:
            return Elem(NUMBERS[sort]), text, None
        raise UnreadError(f"a {word.form} that is not read here", span)

    def declare_members(self, names: list[str], place: Expr, span: Span) -> list[Object]:
        return self.elements(names, self.saying.formulas.term(place), span)

    def elements(self, names: list[str], place: Object, span: Span) -> list[Object]:
        """New elements of a type, or of a set with the premise that they are in it."""
        carrier = place.kind if isinstance(place.kind, Carrier) else carrier_of(place.kind)
        if carrier is None or isinstance(place.kind, Elem | Map):
            raise UnreadError("elements of what is no set", span)
        found = [self.new(name, Elem(carrier), carrier.lean, span) for name in names]
        if isinstance(place.kind, SetIn | Sub):
            for item in found:
                self.context.assume(f"{item.lean} ∈ {place.lean}")
        return found


def _below(place: Object) -> str:
    return "≤" if isinstance(place.kind, Sub) else "⊆"
