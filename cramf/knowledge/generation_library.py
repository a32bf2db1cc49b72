"""What the rules for generated names ask of the declarations that are written, with answers kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from cramf.knowledge.entries import Entry
from cramf.knowledge.facts import FileFacts
from cramf.knowledge.generated.instances import Library
from cramf.knowledge.generated.notations import desugared
from cramf.knowledge.generated.projections import (
    ProjectionRule,
    Projections,
    StructureFields,
    parse_projection_rules,
)
from cramf.knowledge.generated.signatures import Signature, read_signature
from cramf.knowledge.generated.tree import parse_type
from cramf.knowledge.vocabulary import NameTable
from cramf.lean.scope import Context

__all__ = ["Surroundings"]

_MEMBERS = frozenset({"field", "constructor", "recursor"})
_STRUCTURES = frozenset({"structure", "class"})
# Propositions of Lean core, whose fields `simps` passes over.
_CORE_PROPOSITIONS = frozenset(
    (
        "Eq Ne LE.le LT.lt And Or Iff Not Dvd.dvd HasSubset.Subset Membership.mem Exists Nonempty HEq True "
        "Function.LeftInverse Function.RightInverse Function.Injective Function.Surjective"
    ).split()
)
# A literal of a type that is not known may belong to one of these: the objects and arrows of categories.
_LITERALS = (
    "CategoryTheory.NatTrans",
    "CategoryTheory.Functor",
    "CategoryTheory.Limits.Cone",
    "CategoryTheory.Limits.Cocone",
    "LinearMap",
    "AddMonoidHom",
    "MonoidHom",
    "RingHom",
    "AlgHom",
    "Equiv",
)
_CORE_LASTS = frozenset(
    "LeftInverse RightInverse Injective Surjective Bijective Commutative Associative".split()
)
_ENDS_IN_PROP = re.compile(r"\bProp(?:\s+extends\b.*)?\Z", re.DOTALL)
_SET_LIKE = re.compile(r"SetLike\s+\(?([^\s()]+)")


class Surroundings:
    """The declarations of a checkout as the rules see them: identifiers, signatures, structures."""

    def __init__(
        self, entries: Mapping[str, Entry], facts: Sequence[FileFacts], protected: Iterable[str] = ()
    ) -> None:
        self.entries = entries
        # Of the names as they are now: what is named or made later is not used in types.
        self._table = NameTable(entries, protected, lenient=True)
        # Contexts live as long as their files, and to hash one is dearer than to look a word up.
        self._resolved: dict[int, dict[str, str | None]] = {}
        self._signatures: dict[str, Signature | None] = {}
        self._ancestors: dict[str, frozenset[str]] = {}
        self._propositions: dict[str, bool] = {}
        self._all: Projections | None = None
        self._set_like = self._all_set_like(facts)
        self._parent_fields = {
            f"{name}.{projection}" for name, entry in entries.items() for projection in entry.raw.projections
        }

    def resolver(self, context: Context) -> Callable[[str], str | None]:
        """What identifiers mean in a context."""
        known = self._resolved.setdefault(id(context), {})

        def find(word: str) -> str | None:
            if word not in known:
                known[word] = next(iter(self._table.resolve(word, context)), None)
            return known[word]

        return find

    def resolve_beside(self, word: str, name: str) -> str | None:
        """What an identifier means in the text of the declaration `name`."""
        entry = self.entries.get(name)
        return self.resolver(entry.context)(word) if entry is not None else None

    def signature(self, name: str) -> Signature | None:
        if name not in self._signatures:
            entry = self.entries.get(name)
            told = entry is not None and entry.raw.kind not in _MEMBERS
            self._signatures[name] = read_signature(entry.raw.signature) if entry and told else None
        return self._signatures[name]

    def ancestors(self, name: str) -> frozenset[str]:
        """Structures that one extends in any number of steps."""
        found = self._ancestors.get(name)
        if found is None:
            self._ancestors[name] = frozenset()  # nothing extends itself in text that compiles
            parents = self.parents(name)
            found = frozenset(parents).union(*(self.ancestors(parent) for parent in parents))
            self._ancestors[name] = found
        return found

    @property
    def structures(self) -> list[str]:
        return [name for name, entry in self.entries.items() if entry.raw.kind in _STRUCTURES]

    def parents(self, name: str) -> tuple[str, ...]:
        entry = self.entries.get(name)
        if entry is None or not entry.raw.parents:
            return ()
        # They are full names but for those of core and twins, which may be known by now.
        find = self.resolver(entry.context)
        return tuple(p if p in self.entries else find(p) or p for p in entry.raw.parents)

    def coercion(self, name: str) -> str | None:
        """How an element of a structure is a type: by `SetLike`, or by a field `carrier`."""
        if name in self._set_like:
            return "SetLike"
        entry = self.entries.get(name)
        if entry and entry.raw.kind in _STRUCTURES and "carrier" in entry.raw.fields:
            return f"{name}.carrier"
        return None

    def library(self, context: Context) -> Library:
        return Library(
            self.resolver(context),
            self.entries.__contains__,
            signature=self.signature,
            coercion=self.coercion,
            ancestors=self.ancestors,
            parent_projection=self._parent_fields.__contains__,
        )

    def proposition(self, name: str) -> bool:
        """Whether a declaration makes propositions.

        A structure without a sort is one if all its fields are proofs, as Lean infers it.
        """
        found = self._propositions.get(name)
        if found is None:
            self._propositions[name] = False  # for what leads back to itself
            found = self._propositions[name] = self._makes_propositions(name)
        return found

    def _makes_propositions(self, name: str) -> bool:
        entry = self.entries.get(name)
        if entry is None:
            # Lean core is not in the checkout, and its `Function.Injective` is written `Injective`.
            return name in _CORE_PROPOSITIONS or name.rpartition(".")[2] in _CORE_LASTS
        if _ENDS_IN_PROP.search(entry.raw.signature):
            return True
        if entry.raw.kind not in _STRUCTURES or self._all is None:
            return False
        result = read_signature(entry.raw.signature).result
        if result and not result.startswith("extends"):
            return False
        if not entry.raw.fields and not entry.raw.parents:
            return False
        plain = self._all.proofs_of(name)
        return all(plain) and all(self.proposition(parent) for parent in self.parents(name))

    def structure(self, name: str) -> StructureFields | None:
        entry = self.entries.get(name)
        if entry is None or entry.raw.kind not in _STRUCTURES:
            return None
        members = ((field, self.entries.get(f"{name}.{field}")) for field in entry.raw.fields)
        fields = tuple((field, member.raw.signature if member else "") for field, member in members)
        return StructureFields(fields, self.parents(name), entry.raw.projections)

    def structure_of(self, name: str) -> str:
        """The structure that the result type of a declaration is headed by, "" where none is told."""
        entry, signature = self.entries.get(name), self.signature(name)
        if entry is None or signature is None or not signature.result:
            return ""
        tree = parse_type(signature.result)
        while tree.kind == "pi":
            tree = tree.args[1]
        tree = desugared(tree)
        if tree.kind != "name":
            return ""
        rooted = tree.text.startswith("_root_.")
        found = tree.text.removeprefix("_root_.") if rooted else self.resolver(entry.context)(tree.text)
        named = self.entries.get(found or "")
        return found or "" if named is not None and named.raw.kind in _STRUCTURES else ""

    def projections(self, facts: Sequence[FileFacts]) -> Projections:
        """The projections that `simps` uses, by the `initialize_simps_projections` of all files."""
        rules = dict(self._rules(facts))
        # Arrows of concrete categories are structures of their own, called after `Hom`.
        arrows = (
            name
            for name, entry in self.entries.items()
            if entry.raw.kind == "structure" and name.endswith("Hom") and "ategory" in name
        )
        self._all = Projections(
            self.structure, rules, self.resolve_beside, self.proposition, (*_LITERALS, *sorted(arrows))
        )
        self._propositions.clear()
        return self._all

    def _rules(self, facts: Sequence[FileFacts]) -> Iterator[tuple[str, tuple[ProjectionRule, ...]]]:
        for file in facts:
            for command in file.generating:
                if command.keyword == "initialize_simps_projections":
                    written, rules = parse_projection_rules(command.text)
                    yield self.resolver(file.contexts[command.context])(written) or written, rules

    def _all_set_like(self, facts: Sequence[FileFacts]) -> frozenset[str]:
        """Types with a `SetLike` instance; `Finset` is coerced the same way."""
        found = {"Finset"}
        for file in facts:
            for raw in file.declarations:
                if raw.kind == "instance" and raw.head == "SetLike":
                    said = _SET_LIKE.match(read_signature(raw.signature).result)
                    if said:
                        found.add(self.resolver(file.contexts[raw.context])(said.group(1)) or said.group(1))
        return frozenset(found)
