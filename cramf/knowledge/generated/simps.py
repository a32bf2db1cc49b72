"""Names of the lemmas that `@[simps]` makes.

Source: Mathlib/Tactic/Simps/Basic.lean (`simpsTac` and `addProjections`). The projections named in the
attribute give exactly their lemmas. Without any, there is a lemma for each projection used by default,
and for a field that is itself given by a structure literal, those of its fields in turn. Lean unfolds
definitions to find literals, which text cannot follow: what hangs on that is not `certain`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from cramf.knowledge.generated.attributes import Attribute
from cramf.knowledge.generated.projections import NOT_RECURSIVE, Projection, Projections
from cramf.lean.brackets import Tokens, bracket_end, top_level
from cramf.lean.lexer import TokenKind, tokenize

__all__ = ["SimpsName", "simps_names", "splits_into_projections"]

_MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class SimpsName:
    """Full name of a lemma, and whether the text alone settles that Lean makes it."""

    name: str
    certain: bool


@dataclass(frozen=True, slots=True)
class _Stem:
    """The namespace and the parts of a name that is being put together."""

    namespace: str
    parts: tuple[str, ...]

    def with_projection(self, projection: Projection | str) -> _Stem:
        if isinstance(projection, str):
            return _Stem(self.namespace, (*self.parts, projection))
        if projection.prefix:
            return _Stem(self.namespace, (projection.name, *self.parts))
        return _Stem(self.namespace, (*self.parts, projection.name))

    @property
    def name(self) -> str:
        last = "_".join(self.parts) if len(self.parts) != 1 else f"{self.parts[0]}_def"
        return f"{self.namespace}.{last}" if self.namespace else last


def simps_names(
    name: str,
    attribute: Attribute,
    projections: Projections,
    structure: str = "",
    body: str = "",
    instance: bool = False,
) -> list[SimpsName]:
    """The lemmas that `simps` makes for the declaration `name`.

    Args:
        name: full name of the declaration, generated ones of instances included.
        structure: full name of the structure that it is an element of, "" where that is not known.
        body: its text from `:=` or `where` on.
        instance: an instance named `inst…` is left out of the names of its lemmas.
    """
    namespace, _, last = name.rpartition(".")
    stem = _Stem(namespace, () if instance and last.startswith("inst") else (last,))
    for option in attribute.options:
        given = re.fullmatch(r"nameStem\s*:=\s*\"([^\"]*)\"", option)
        if given:
            stem = _Stem(namespace, (given.group(1),) if given.group(1) else ())
    found: dict[str, bool] = {}
    if attribute.arguments:
        for written in dict.fromkeys(a.rpartition(".")[2] for a in attribute.arguments):
            for made, certain in _chosen(stem, written, projections, structure):
                found[made] = found.get(made, False) or certain
    else:
        unfolds = "!" in attribute.name
        tokens = _body_tokens(body)
        structure = structure or _told_by_fields(tokens, projections)
        for made, certain in _default(stem, projections, structure, tokens, unfolds, 0):
            found[made] = found.get(made, False) or certain
    return [SimpsName(made, certain) for made, certain in found.items()]


def _chosen(
    stem: _Stem, written: str, projections: Projections, structure: str
) -> Iterator[tuple[str, bool]]:
    """The lemma for a projection named in the attribute, whose parts may be prefixes."""
    ways = list(_split(written, projections, structure))
    for way in ways[:1]:
        for part in way:
            stem = stem.with_projection(part)
        yield stem.name, True
    if not ways:
        # The target's structure is not known. `coe` is a prefix wherever Mathlib uses it.
        prefix = written == "coe"
        yield stem.with_projection(Projection(written, written, prefix=prefix)).name, not prefix


def _split(written: str, projections: Projections, structure: str) -> Iterator[list[Projection | str]]:
    """Ways to read `hom_app` as projections, one after another, from a structure on."""
    for projection in sorted(projections.of(structure), key=lambda p: -len(p.name)):
        if written == projection.name:
            yield [projection]
        elif written.startswith(f"{projection.name}_"):
            rest = written[len(projection.name) + 1 :]
            inner = list(_split(rest, projections, projection.structure)) if projection.structure else []
            for way in inner:
                yield [projection, *way]
            if not inner:
                yield [projection, rest]


def splits_into_projections(suffix: str, known: frozenset[str], depth: int = 6) -> bool:
    """Whether a suffix such as `hom_app` is made of projection names that `known` holds.

    A lemma named in Mathlib's text whose declaration carries `@[simps]` is one it made if this holds.
    """
    if depth == 0:
        return False
    if suffix in known:
        return True
    places = [i for i, mark in enumerate(suffix) if mark == "_" and i]
    return any(
        suffix[:place] in known and splits_into_projections(suffix[place + 1 :], known, depth - 1)
        for place in places
    )


def _body_tokens(text: str) -> Tokens:
    return Tokens(t for t in tokenize(text)[0] if t.kind > TokenKind.MODULE_DOC)


def _default(
    stem: _Stem, projections: Projections, structure: str, value: Tokens, unfolds: bool, depth: int
) -> Iterator[tuple[str, bool]]:
    """Lemmas for the projections used by default of a value of a structure."""
    given = literal_fields(value, projections.fields_of(structure))
    unfolds = unfolds or (given is None and depth == 0)
    for projection in projections.of(structure):
        if not projection.default:
            continue
        inner = stem.with_projection(projection)
        literal = given.get(projection.field) if given is not None else None
        target = projection.structure
        if not target or target in NOT_RECURSIVE or target not in projections or depth >= _MAX_DEPTH:
            arrow = _told_by_fields(literal, projections) if literal is not None and not target else ""
            if arrow and literal is not None:
                yield from _default(inner, projections, arrow, literal, unfolds, depth + 1)
            else:
                yield inner.name, not unfolds or bool(target)
        elif literal is not None and literal_fields(literal, projections.fields_of(target)):
            yield from _default(inner, projections, target, literal, unfolds, depth + 1)
        elif unfolds:
            # Whether the value unfolds to a literal, only Lean knows.
            yield inner.name, False
            for made, _ in _default(inner, projections, target, Tokens(), True, depth + 1):
                yield made, False
        else:
            yield inner.name, True


def _told_by_fields(value: Tokens, projections: Projections) -> str:
    """The structure that a literal of unknown type belongs to by the fields it gives; "" for none."""
    best, most = "", 0
    words = {token.text for token in value}
    for structure in projections.candidates:
        fields = projections.fields_of(structure)
        given = None if words.isdisjoint(fields) else literal_fields(value, fields)
        if given and len(given) > most:
            best, most = structure, len(given)
    return best


def literal_fields(value: Tokens, fields: Collection[str]) -> dict[str, Tokens] | None:
    """Fields that a structure literal gives, with their values; None where `value` is no literal."""
    start = 0
    while start < len(value) and value[start].text in (":=", "by", "exact", "{", "where", "fun"):
        text = value[start].text
        if text in ("{", "where"):
            break
        if text == "fun":
            start = next((i for i in range(start, len(value)) if value[i].text in ("↦", "=>")), len(value))
        start += 1
    if start >= len(value) or value[start].text not in ("{", "where", "⟨"):
        return None
    if value[start].text == "⟨":
        return {}
    braced = value[start].text == "{"
    stop = bracket_end(value, start, len(value)) if braced else len(value)
    found: dict[str, Tokens] = {}
    places: list[tuple[int, int, str]] = []
    span = list(top_level(value, start + 1, stop))
    for number, index in enumerate(span):
        token = value[index]
        if token.kind != TokenKind.IDENTIFIER or token.text not in fields:
            continue
        before = value[index - 1]
        # A field stands first on its line or behind a comma; the end of the one before is no operator.
        if before.text in (":=", "(", ".", "↦", "=>", "@"):
            continue
        ends = (i for i in span[number + 1 :] if value[i].text in (":=", "|", ",", "}", "↦", "=>"))
        assign = next(ends, -1)
        if assign >= 0 and value[assign].text in (":=", "|"):
            places.append((index, assign, token.text))
    for number, (_, assign, name) in enumerate(places):
        end = places[number + 1][0] if number + 1 < len(places) else stop
        found.setdefault(name, Tokens(value[assign + 1 : end]))
    return found
