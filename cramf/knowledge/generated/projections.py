"""Which projections `@[simps]` uses for a structure, and how it names them.

Source: Mathlib/Tactic/Simps/Basic.lean (`mkParsedProjectionData`, `applyProjectionRules` and
`getRawProjections`): the fields of a structure and of its parents are used by default unless they are
proofs; projections to parents only when they are asked for; `initialize_simps_projections` renames
them, turns them on and off, and says which ones go in front of a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from cramf.knowledge.generated.notations import desugared
from cramf.knowledge.generated.tree import Node, parse_type

__all__ = ["Projection", "ProjectionRule", "Projections", "StructureFields", "parse_projection_rules"]

NOT_RECURSIVE = frozenset({"Prod", "PProd", "Opposite", "PreOpposite"})


@dataclass(frozen=True, slots=True)
class StructureFields:
    """Own fields of a structure with their types as written, and the full names of its parents.

    `projections` are the names of those to the parents, where they are told.
    """

    fields: tuple[tuple[str, str], ...]
    parents: tuple[str, ...] = ()
    projections: tuple[str, ...] = ()

    def to_parents(self) -> Iterator[tuple[str, str]]:
        """The projection to each parent and the parent."""
        usual = (f"to{parent.rpartition('.')[2]}" for parent in self.parents)
        return zip(self.projections or usual, self.parents, strict=True)


@dataclass(frozen=True, slots=True)
class ProjectionRule:
    """One rule of `initialize_simps_projections`: "rename", "erase", "add" or "prefix"."""

    kind: str
    name: str
    new: str = ""


@dataclass(frozen=True, slots=True)
class Projection:
    """A projection under the name that `simps` uses; `field` is the structure's own name for it.

    `structure` is the structure that its value belongs to, "" for none that is known.
    """

    name: str
    field: str
    default: bool = True
    prefix: bool = False
    structure: str = ""


_RULE = re.compile(
    r"(?:(?P<sign>[-+])\s*|(?P<prefix>as_prefix)\s+)?(?P<name>[^\s→,]+)(?:\s*→\s*(?P<new>\S+))?"
)


def parse_projection_rules(text: str) -> tuple[str, tuple[ProjectionRule, ...]]:
    """The structure, as written, and the rules of an `initialize_simps_projections` command."""
    text = re.sub(r"--[^\n]*", " ", text)
    found = re.match(r"\s*initialize_simps_projections\??\s+([^\s(]+)\s*(?:\(([^)]*)\))?", text)
    if found is None:
        return "", ()
    rules: list[ProjectionRule] = []
    for part in (found.group(2) or "").split(","):
        rule = _RULE.fullmatch(part.strip())
        if rule is None:
            continue
        kind = {"-": "erase", "+": "add"}.get(rule.group("sign") or "", "rename")
        if rule.group("prefix"):
            kind = "prefix"
        if kind != "rename" or rule.group("new"):
            rules.append(ProjectionRule(kind, rule.group("name"), rule.group("new") or ""))
    return found.group(1), tuple(rules)


_RELATIONS = frozenset("= ≠ < ≤ > ≥ ∈ ∉ ∣ ⊆ ⊂ ↔ ∧ ∨ ¬_ ≈ ∃ ∃!".split())


_STATING = frozenset("= ≠ < ≤ ↔ ∣ ⊆ ∧ ∨ ≈".split())


class Projections:
    """The projections of structures, from their fields and the rules given for them.

    Args:
        structure: fields and parents of a structure by full name, None for anything else.
        rules: rules by full name of the structure.
        resolve: full name of an identifier written in the text of a structure.
        proposition: whether a declaration, by full name, makes propositions (`Continuous`).
        candidates: structures that a literal of a type that is not known (an arrow `⟶`, an object of a
            category) may belong to, the likeliest first.
    """

    def __init__(
        self,
        structure: Callable[[str], StructureFields | None],
        rules: Mapping[str, Iterable[ProjectionRule]],
        resolve: Callable[[str, str], str | None],
        proposition: Callable[[str], bool],
        candidates: Iterable[str] = ("CategoryTheory.NatTrans", "CategoryTheory.Functor"),
    ) -> None:
        self.candidates = tuple(candidates)
        self._structure, self._rules = structure, rules
        self._resolve, self._proposition = resolve, proposition
        self._made: dict[str, tuple[Projection, ...]] = {}
        self._fields: dict[str, frozenset[str]] = {}

    def of(self, structure: str) -> tuple[Projection, ...]:
        """The projections of a structure, or () where it is not known to be one."""
        made = self._made.get(structure)
        if made is None:
            made = self._made[structure] = tuple(self._ruled(structure))
        return made

    def fields_of(self, structure: str) -> frozenset[str]:
        """The fields that the projections of a structure stand for."""
        fields = self._fields.get(structure)
        if fields is None:
            fields = self._fields[structure] = frozenset(p.field for p in self.of(structure))
        return fields

    def __contains__(self, structure: str) -> bool:
        return bool(self.of(structure))

    def structure_of(self, type_text: str | Node, place: str) -> str:
        """The structure at the head of a type, behind its arrows; "" where none is known."""
        tree = _result(parse_type(type_text) if isinstance(type_text, str) else type_text)
        if tree.kind != "name":
            return ""
        written = tree.text
        name = written.removeprefix("_root_.") if written.startswith("_root_.") else None
        name = name or self._resolve(written, place) or written
        return name if self._structure(name) is not None else ""

    def _ruled(self, structure: str) -> list[Projection]:
        projections = list(self._plain(structure))
        for rule in self._rules.get(structure, ()):
            known = any(p.name == rule.name for p in projections)
            if not known:
                # A composition such as `toDistribMulActionHom_toFun`, or one projection under two names.
                projections.append(self._added(structure, rule))
                continue
            projections = [_changed(p, rule) if p.name == rule.name else p for p in projections]
        return projections

    def _added(self, structure: str, rule: ProjectionRule) -> Projection:
        last = rule.name.rpartition("_")[2]
        field = next((p for p in self._plain(structure) if p.name in (rule.name, last)), None)
        made = Projection(rule.name, rule.name, True, False, field.structure if field else "")
        return _changed(made, rule)

    def _plain(self, structure: str) -> Iterator[Projection]:
        info = self._structure(structure)
        if info is None:
            return
        seen: set[str] = set()
        for name, text in info.fields:
            seen.add(name)
            yield self._projection(name, text, structure)
        for name, parent in info.to_parents():
            if name not in seen:
                seen.add(name)
                yield Projection(name, name, False, False, parent)
        for parent in info.parents:
            for inherited in self._inherited(parent, {structure}):
                if inherited.name not in seen:
                    seen.add(inherited.name)
                    yield inherited

    def _inherited(self, structure: str, before: set[str]) -> Iterator[Projection]:
        info = self._structure(structure)
        if info is None or structure in before:
            return
        before.add(structure)
        for name, text in info.fields:
            yield self._projection(name, text, structure)
        for parent in info.parents:
            yield from self._inherited(parent, before)

    def _projection(self, name: str, text: str, structure: str) -> Projection:
        tree = parse_type(_field_type(text))
        proof = self._is_proof(name, text, structure)
        return Projection(name, name, not proof, False, "" if proof else self.structure_of(tree, structure))

    def proofs_of(self, structure: str) -> list[bool]:
        """For each own field of a structure, whether it is a proof."""
        info = self._structure(structure)
        return [self._is_proof(name, text, structure) for name, text in info.fields] if info else []

    def _is_proof(self, name: str, text: str, place: str) -> bool:
        written = _field_type(text)
        result = _result(parse_type(written))
        # By Mathlib's convention these are proofs of a predicate that may be a parameter.
        if name in ("prop", "property"):
            return True
        return self._proves(result, place) or (result.kind == "opaque" and _states(written))

    def _proves(self, tree: Node, place: str) -> bool:
        if tree.kind == "operator" and tree.text in _RELATIONS:
            return True
        tree = desugared(tree)
        if tree.kind != "name":
            return False
        name = tree.text.removeprefix("_root_.")
        return self._proposition(self._resolve(name, place) or name)


def _states(text: str) -> bool:
    """Whether a type that cannot be read whole is a relation: one stands outside of all brackets."""
    depth = 0
    last = ""
    for word in re.split(r"([\s()\[\]{}⟨⟩⦃⦄,])", text):
        depth += (word in "([{⟨⦃") - (word in ")]}⟩⦄") if word else 0
        if depth == 0 and (word in _STATING or word in ("→", ",")):
            last = word
    return last in _STATING


def _field_type(text: str) -> str:
    """The type in a field's text `x : T` or `(x : S) : T`, as an arrow from the binders' types."""
    depth = 0
    for index, mark in enumerate(text):
        depth += mark in "([{⟨⦃"
        depth -= mark in ")]}⟩⦄"
        if depth == 0 and mark == ":" and text[index + 1 : index + 2] != "=":
            return text[index + 1 :].strip()
    return text


def _result(tree: Node) -> Node:
    """What a type ends in, behind its arrows."""
    while tree.kind == "pi":
        tree = tree.args[1]
    return desugared(tree) if tree.text not in _RELATIONS else tree


def _changed(projection: Projection, rule: ProjectionRule) -> Projection:
    if rule.kind == "rename":
        return replace(projection, name=rule.new)
    if rule.kind == "prefix":
        return replace(projection, prefix=True)
    return replace(projection, default=rule.kind == "add")
