"""Lean's scopes: `namespace`, `section`, `open` and `variable`, and how they resolve identifiers.

Source: the Lean 4 reference, "Namespaces" and "Name resolution": an identifier is tried in the current
namespaces inside out, and only then in the root together with every opened namespace; where no full
name fits, its last components are taken for field access.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from cramf.lean.syntax import Binder, Command

__all__ = ["Context", "Opened", "ScopeTracker", "enclosing", "included_variables", "inside", "resolve"]


# Scopes beyond these are no one's work; without limits every declaration would pay for all of them.
_MOST_OPENS = 500
_MOST_VARIABLES = 1000
_LONGEST_NAMESPACE = 1000


@dataclass(frozen=True, slots=True)
class Opened:
    """One `open` as written: the namespace it stands in, and what it names.

    `only` limits it to the names given (`open N (a b)`), `hiding` and `renaming` as in Lean.
    """

    at: str
    name: str
    only: tuple[str, ...] = ()
    hiding: tuple[str, ...] = ()
    renaming: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What decides the meaning of an identifier at one place: the namespace and the `open`s."""

    namespace: str = ""
    opens: tuple[Opened, ...] = ()
    scoped: tuple[Opened, ...] = ()
    """What `open scoped` opened: it brings notation, and no names."""


def enclosing(namespace: str) -> Iterator[str]:
    """A namespace and those around it, inside out, without the root: `A.B` gives `A.B`, `A`."""
    while namespace:
        yield namespace
        namespace = namespace.rpartition(".")[0]


def inside(context: Context, written: str) -> Context:
    """The context of a declaration's own text: `theorem A.b` stands inside the namespace `A`.

    `theorem _root_.A.b` stands where its command does.
    """
    if "." not in written or written.startswith("_root_."):
        return context
    prefix = written.rpartition(".")[0]
    whole = f"{context.namespace}.{prefix}" if context.namespace else prefix
    return Context(whole, context.opens, context.scoped)


@dataclass(slots=True)
class _Frame:
    kind: str
    name: str
    namespace: str
    opens: int
    variables: tuple[Binder, ...]
    included: frozenset[str]
    omitted: frozenset[str]


class ScopeTracker:
    """Follows the commands of a file and knows the scope at each of them.

    `errors` collects `(line, message)` for an `end` that fits no open scope.
    """

    def __init__(self) -> None:
        self.namespace = ""
        self.errors: list[tuple[int, str]] = []
        self._frames: list[_Frame] = []
        self._opens: list[tuple[Opened, bool]] = []
        self._variables: tuple[Binder, ...] = ()
        self._included: frozenset[str] = frozenset()
        self._omitted: frozenset[str] = frozenset()
        self._once: list[tuple[int, tuple[Binder, ...], frozenset[str], frozenset[str]]] = []
        self._context: Context | None = None
        self._refused: set[str] = set()

    @property
    def context(self) -> Context:
        if self._context is None:
            opens = tuple(o for o, scoped in self._opens if not scoped)
            self._context = Context(self.namespace, opens, tuple(o for o, scoped in self._opens if scoped))
        return self._context

    @property
    def variables(self) -> tuple[Binder, ...]:
        return self._variables

    @property
    def included(self) -> frozenset[str]:
        return self._included

    @property
    def omitted(self) -> frozenset[str]:
        """Texts of instance binders and names that `omit` took away."""
        return self._omitted

    def feed(self, command: Command) -> None:
        """Take in a command that changes the scope; others end what `… in` began."""
        kind = command.kind
        if command.scoped_in:
            self._once.append((len(self._opens), self._variables, self._included, self._omitted))
        if kind in ("open", "open scoped"):
            for name in command.names:
                if len(self._opens) >= _MOST_OPENS:
                    self._refuse(command.line, f"more than {_MOST_OPENS} namespaces are open")
                    break
                opened = Opened(self.namespace, name, command.only, command.hiding, command.renaming)
                self._opens.append((opened, kind == "open scoped"))
            self._context = None
        elif kind == "variable":
            variables = _rebound(self._variables, command.binders)
            if sum(len(binder.names) or 1 for binder in variables) <= _MOST_VARIABLES:
                self._variables = variables
            else:
                self._refuse(command.line, f"more than {_MOST_VARIABLES} variables")
        elif kind == "namespace":
            for name in command.names[:1]:
                for number, part in enumerate(name.removeprefix("_root_.").split(".")):
                    self._push("namespace", part)
                    if number == 0 and name.startswith("_root_."):
                        self.namespace = ""
                    if len(self.namespace) + len(part) < _LONGEST_NAMESPACE:
                        self.namespace = f"{self.namespace}.{part}" if self.namespace else part
                    else:
                        self._refuse(command.line, f"namespace of more than {_LONGEST_NAMESPACE} characters")
            self._context = None
        elif kind == "section":
            parts = command.names[0].split(".") if command.names else [""]
            for part in parts:
                self._push("section", part)
        elif kind == "mutual":
            self._push("mutual", "")
        elif kind == "end":
            self._end(command)
        elif kind == "include":
            self._included |= frozenset(command.names)
        elif kind == "omit":
            self._omitted |= frozenset(command.names)
        if not command.scoped_in:
            self.finish_once()

    def finish_once(self) -> None:
        """Drop what `… in` prefixes brought for the command that has just been read."""
        if self._once:
            opens, variables, included, omitted = self._once[0]
            if len(self._opens) > opens:
                del self._opens[opens:]
                self._context = None
            self._variables, self._included, self._omitted = variables, included, omitted
            self._once.clear()

    def _refuse(self, line: int, message: str) -> None:
        """Tell once that something goes beyond any file that is meant to be read."""
        if message not in self._refused:
            self._refused.add(message)
            self.errors.append((line, message))

    def _push(self, kind: str, name: str) -> None:
        self._frames.append(
            _Frame(
                kind, name, self.namespace, len(self._opens), self._variables, self._included, self._omitted
            )
        )

    def _end(self, command: Command) -> None:
        # `end A.B` closes as many scopes as it names.
        parts = command.names[0].removeprefix("_root_.").split(".") if command.names else [""]
        for part in reversed(parts):
            if not self._frames:
                self.errors.append((command.line, "`end` without an open namespace or section"))
                return
            frame = self._frames[-1]
            if part != frame.name and (part or frame.kind == "namespace"):
                ended = f"end {part}".strip()
                self.errors.append((command.line, f"`{ended}` where {frame.kind} `{frame.name}` is open"))
            self._frames.pop()
            self.namespace = frame.namespace
            del self._opens[frame.opens :]
            self._variables = frame.variables
            self._included, self._omitted = frame.included, frame.omitted
            self._context = None


_CLOSING = {"(": ")", "{": "}", "⦃": "⦄", "[": "]"}


def _rebound(known: tuple[Binder, ...], binders: Iterable[Binder]) -> tuple[Binder, ...]:
    """The variables with new ones; `variable (x)` without a type only changes the brackets of an old `x`."""
    variables = list(known)
    names = {name for binder in known for name in binder.names}
    for binder in binders:
        if binder.kind == "[" or ":" in binder.text or not set(binder.names) <= names:
            variables.append(binder)
            names.update(binder.names)
        elif binder.kind:
            changed = set(binder.names)
            variables = [part for old in variables for part in _with_brackets(old, changed, binder.kind)]
    return tuple(variables)


def _with_brackets(binder: Binder, names: set[str], kind: str) -> list[Binder]:
    """A binder group with the brackets of some of its names changed, split where that is needed."""
    if binder.kind in ("", kind) or names.isdisjoint(binder.names):
        return [binder]
    _, colon, rest = binder.text.partition(":")
    if not colon:
        return [binder]
    parts: list[Binder] = []
    for changed, run in groupby(binder.names, names.__contains__):
        group = tuple(run)
        bracket = kind if changed else binder.kind
        kept = rest.rstrip()[:-1]
        text = f"{bracket}{' '.join(group)} :{kept}{_CLOSING[bracket]}"
        parts.append(replace(binder, kind=bracket, names=group, text=text))
    return parts


def included_variables(
    variables: Iterable[Binder], used: Iterable[str], included: frozenset[str] = frozenset()
) -> list[Binder]:
    """The `variable` binders that a statement takes in, in order; a group keeps only the names taken.

    Lean's rule (since v4.12): those mentioned in the statement or by `include`, those that these mention
    in turn, and instance binders all of whose variables are among them. For a definition `used` holds the
    identifiers of its body as well.
    """
    binders = list(variables)
    owner: dict[str, int] = {}
    for number, binder in enumerate(binders):
        for name in binder.names:
            owner[name] = number
    chosen: dict[int, set[str]] = {}
    agenda = [word for word in {*_first_parts(used), *included} if word in owner]
    while True:
        while agenda:
            name = agenda.pop()
            taken = chosen.setdefault(owner[name], set())
            if name not in taken:
                taken.add(name)
                words = _first_parts(binders[owner[name]].identifiers)
                agenda += [word for word in words if word in owner]
        for number, binder in enumerate(binders):
            if number in chosen or binder.kind != "[":
                continue
            needs = {word for word in _first_parts(binder.identifiers) if word in owner}
            if needs and all(word in chosen.get(owner[word], ()) for word in needs):
                chosen[number] = set(binder.names)
        if not agenda:
            break
    return [_narrowed(binders[number], chosen[number]) for number in sorted(chosen)]


def _narrowed(binder: Binder, names: set[str]) -> Binder:
    """A binder group with only some of its names."""
    kept = tuple(name for name in binder.names if name in names)
    if len(kept) == len(binder.names) or not kept or binder.kind not in ("(", "{", "⦃"):
        return binder
    _, _, rest = binder.text.partition(":")
    text = f"{binder.kind}{' '.join(kept)} :{rest}" if rest else binder.text
    return replace(binder, names=kept, text=text)


def _first_parts(identifiers: Iterable[str]) -> set[str]:
    return {word.partition(".")[0] for word in identifiers}


def resolve(
    identifier: str,
    namespaces: Iterable[str],
    opened: Iterable[Opened],
    known: Callable[[str], bool],
    protected: Callable[[str], bool] = lambda _: False,
) -> tuple[str, ...]:
    """Full names that an identifier can mean by Lean's order, or () where it means none.

    `namespaces` are the current ones inside out; `opened` the opened ones with full names in `name`;
    `known` says which full names exist and `protected` which of them may not be shortened to one
    component. More than one name is an ambiguity that Lean settles by type.
    """
    if identifier.startswith("_root_."):
        name = identifier.removeprefix("_root_.")
        return (name,) if known(name) else ()
    single = "." not in identifier
    for namespace in namespaces:
        name = f"{namespace}.{identifier}"
        if known(name) and not (single and protected(name)):
            return (name,)
    found: dict[str, None] = {}
    first, _, rest = identifier.partition(".")
    for entry in opened:
        if entry.only or entry.renaming:
            # These open the names they give and nothing else, protected or not.
            source = {new: old for old, new in entry.renaming}.get(first)
            source = first if source is None and first in entry.only else source
            if source is None:
                continue
            name = f"{entry.name}.{source}.{rest}" if rest else f"{entry.name}.{source}"
            if known(name):
                found[name] = None
        elif first not in entry.hiding:
            name = f"{entry.name}.{identifier}"
            if known(name) and not (single and protected(name)):
                found[name] = None
    if known(identifier):
        found[identifier] = None
    return tuple(found)
