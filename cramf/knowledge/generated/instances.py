"""The name that Lean gives to an anonymous instance, worked out from its text.

Source: Lean/Elab/DeclNameGen.lean. The name is `inst` and the last parts of the constants in the type,
each subterm once: explicit arguments and arguments that are types, the domains of arrows as `Forall…`,
and at the end `Of…` for every binder that the type itself does not depend on. Section variables and
universes say nothing, the namespaces around it are not repeated, and where no constant belongs to the
project the name ends in its root (`_mathlib`).

Lean reads the elaborated type; here implicit type arguments are found by matching the types of
variables, and coercions to types by the class that makes them. `InstanceName.certain` is false where
something had to be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cramf.knowledge.generated.elaborate import Elaborator, Winnowed
from cramf.knowledge.generated.signatures import Signature
from cramf.knowledge.generated.tree import Node, parse_type
from cramf.lean.syntax import Binder

__all__ = ["InstanceName", "Library", "UniqueNamer", "instance_name"]


def _nothing(_: str) -> None:
    return None


def _never(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Library:
    """What is known of other declarations, by full name.

    `resolve` gives the full name of an identifier where the instance stands, `notation` that of an
    operator's constant, `signature` the parameters and result type of a declaration, `coercion` how an
    element of a type is itself a type ("SetLike", or the full name of a projection), `ancestors` the
    classes that a class extends in any number of steps, and `in_project` whether a declaration is one
    of the project rather than of Lean core or a dependency.
    """

    resolve: Callable[[str], str | None]
    in_project: Callable[[str], bool]
    notation: Callable[[str], str | None] = _nothing
    signature: Callable[[str], Signature | None] = _nothing
    coercion: Callable[[str], str | None] = _nothing
    ancestors: Callable[[str], frozenset[str]] = lambda _: frozenset()
    parent_projection: Callable[[str], bool] = _never


@dataclass(frozen=True, slots=True)
class InstanceName:
    """A name without its namespace, and whether nothing had to be guessed."""

    name: str
    certain: bool


@dataclass(slots=True)
class _Speller:
    """Writes a winnowed type out, each subterm once."""

    seen: set[Winnowed] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)

    def spell(self, term: Winnowed, omit_forall: bool = False) -> str:
        if term in self.seen:
            return ""
        text = self._spelt(term, omit_forall)
        self.seen.add(term)
        return text

    def _spelt(self, term: Winnowed, omit_forall: bool) -> str:
        kind = term[0]
        if kind == "const":
            name = str(term[1])
            self.constants.add(name)
            return capitalized(name.rpartition(".")[2].strip("«»"))
        if kind == "app":
            return self.spell(term[1]) + self.spell(term[2])
        if kind == "forall":
            domain = self.spell(term[1])
            if omit_forall and not domain:
                return self.spell(term[2], True)
            return f"Forall{domain}{self.spell(term[2])}"
        return str(term[1]) if kind == "sort" else ""

    def whole(self, term: Winnowed) -> str:
        """The type with its outermost binders as `Of…`, the innermost read first."""
        binders: list[Winnowed] = []
        while term[0] == "forall":
            binders.append(term[1])
            term = term[2]
        text = self.spell(term)
        ends = [self.spell(binder, omit_forall=True) for binder in reversed(binders)]
        return text + "".join(f"Of{end}" for end in reversed(ends) if end)


def capitalized(text: str) -> str:
    """Lean capitalizes ASCII letters alone."""
    return text[:1].upper() + text[1:] if text[:1].isascii() else text


def instance_name(
    binders: Sequence[Binder],
    result: str,
    library: Library,
    *,
    variables: Iterable[Binder] = (),
    namespace: str = "",
    project: str = "Mathlib",
) -> InstanceName | None:
    """The name of an anonymous instance with these binders and this result type, or None without one.

    `variables` are the section variables in scope; `namespace` is the current one.
    """
    tree = parse_type(result)
    if tree.kind == "opaque":
        return None
    local: dict[str, Node] = {}
    instances: list[Node] = []
    for binder in variables:
        _bind(binder, local, instances)
    elaborator = Elaborator(
        library.resolve,
        library.notation,
        library.signature,
        library.coercion,
        library.parent_projection,
        library.ancestors,
        dict(local),
    )
    domains: list[tuple[Node, tuple[str, ...], bool]] = []
    for binder in binders:
        domain = _bind(binder, elaborator.local, [])
        domains += [(domain, (name,), binder.kind == "[") for name in binder.names or ("",)]
    term = elaborator.winnow(tree)
    later = [tree]
    wanted: list[tuple[str, tuple[Node, ...]]] = []
    read_until = 0
    for domain, names, is_instance in reversed(domains):
        hidden = any(_mentions(node, set(names)) for node in later)
        if is_instance and not hidden:
            for node in later[read_until:]:
                wanted += elaborator.instance_arguments(node)
            read_until = len(later)
            hidden = _needed(domain, wanted, elaborator, library)
        read = ("none",) if hidden else elaborator.winnow(domain)
        later.append(domain)
        term = ("forall", read, term)
    speller = _Speller()
    place = namespace
    while place:
        if library.in_project(place) or library.signature(place) is not None:
            speller.seen.add(("const", place))
            speller.constants.add(place)
        place = place.rpartition(".")[0]
    name = "inst" + speller.whole(term)
    if not any(library.in_project(constant) for constant in speller.constants):
        name += "_" + project[:1].lower() + project[1:]
    return InstanceName(name, elaborator.certain)


def _bind(binder: Binder, local: dict[str, Node], instances: list[Node]) -> Node:
    """Take a binder's names in; the tree of its type."""
    text = binder.text
    opener, inner = text[:1], text[1:-1] if text[:1] in "({[⦃" and len(text) > 1 else ""
    written = inner
    if binder.names:
        _, colon, after = inner.partition(":")
        written = after if colon else ""
    tree = parse_type(written.strip())
    for name in binder.names:
        local[name] = tree
    if opener == "[":
        instances.append(tree)
    return tree


def _mentions(node: Node, names: set[str]) -> bool:
    """Whether a tree names one of the variables."""
    if node.kind == "name" and node.text.partition(".")[0].lstrip("@") in names:
        return True
    return any(_mentions(arg, names) for arg in node.args)


def _needed(
    domain: Node,
    wanted: Iterable[tuple[str, tuple[Node, ...]]],
    elaborator: Elaborator,
    library: Library,
) -> bool:
    """Whether the instance `domain` is among those that the terms behind it want."""
    while domain.kind == "pi":
        domain = domain.args[1]
    if domain.kind != "name" or not domain.args:
        return False
    own = elaborator.full_name(domain.text)
    # The class that is wanted is written in another namespace, so last parts are compared.
    provided = {c.rpartition(".")[2] for c in (own, *library.ancestors(own))}
    for cls, arguments in wanted:
        # An instance for a type that is built from another one is built from its instance.
        if cls in provided and (not arguments or _contains(arguments[-1], domain.args[-1])):
            return True
    return False


def _contains(node: Node, part: Node) -> bool:
    return node == part or any(_contains(arg, part) for arg in node.args)


class UniqueNamer:
    """Keeps generated names apart as Lean's `mkUnusedBaseName` does, by `_1`, `_2`, … at the end.

    Names have to be asked for in the order of the text; `taken` says which full names exist already.
    """

    def __init__(self, taken: Callable[[str], bool]) -> None:
        self._taken = taken
        self._given: set[str] = set()

    def full_name(self, namespace: str, base: str) -> str:
        """The full name for `base` in a namespace, which counts as taken from now on."""
        number = 0
        while True:
            last = f"{base}_{number}" if number else base
            name = f"{namespace}.{last}" if namespace else last
            if name not in self._given and not self._taken(name):
                self._given.add(name)
                return name
            number += 1
