"""What a statement has introduced so far: binders in their order, and the names that they bind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cramf.formalize.symbolic.abstract.kinds import Carrier, Object, closed
from cramf.formalize.symbolic.abstract.lean import infix, paren

__all__ = ["Context", "Entry", "Scope", "Theorem", "conjunction"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`sort` is type, variable, instance or hypothesis; `text` its type, class or proposition."""

    sort: str
    text: str
    name: str = ""


@dataclass
class Scope:
    entries: list[Entry] = field(default_factory=list)
    objects: dict[str, Object] = field(default_factory=dict)
    existential: bool = False

    def close(self, body: str | None) -> str:
        """`∀ x, h → body` or `∃ x, h ∧ body` of what the scope holds; types cannot stand in it."""
        quantifier = "∃" if self.existential else "∀"
        variables = [e for e in self.entries if e.sort == "variable"]
        facts = [e.text for e in self.entries if e.sort in ("hypothesis", "instance")]
        if not self.existential and any(e.sort == "instance" for e in self.entries) and variables:
            groups = [_binder(e) if e.sort != "hypothesis" else f"(_ : {e.text})" for e in self.entries]
            return f"∀ {' '.join(groups)}, {body}"
        bound = ""
        if len(variables) == 1 and facts and facts[0].startswith(f"{variables[0].name} ∈ "):
            bound = facts.pop(0)
        parts = [*facts, *([body] if body is not None else [])]
        inner = conjunction(parts) if self.existential else arrows(parts)
        if bound:
            return f"{quantifier} {bound}, {inner or 'True'}"
        for group in reversed(grouped(variables)):
            names = " ".join(e.name for e in group)
            inner = f"{quantifier} {names} : {group[0].text}, {inner or 'True'}"
        return inner


def grouped(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Neighbours of the same type together."""
    groups: list[list[Entry]] = []
    for entry in entries:
        last = groups[-1][-1] if groups else None
        if last and entry.sort in ("variable", "type") and (last.sort, last.text) == (entry.sort, entry.text):
            groups[-1].append(entry)
        else:
            groups.append([entry])
    return groups


def conjunction(parts: list[str]) -> str:
    """`a ∧ b ∧ c`."""
    result = parts[-1] if parts else ""
    for part in reversed(parts[:-1]):
        result = infix("∧", part, result)
    return result


def arrows(parts: list[str]) -> str:
    """`a → b → c`."""
    result = parts[-1] if parts else ""
    for part in reversed(parts[:-1]):
        result = f"{paren(part, 26)} → {result}"
    return result


def _binder(entry: Entry) -> str:
    match entry.sort:
        case "type":
            return f"{{{entry.name} : {entry.text}}}"
        case "instance":
            return f"[{entry.text}]"
    return f"({entry.name} : {entry.text})"


@dataclass(frozen=True, slots=True)
class Theorem:
    """Binders as printed, the goal, and notes on choices that the reader made."""

    binders: str
    goal: str
    notes: tuple[str, ...] = ()
    parts: frozenset[str] = frozenset()
    """The binders one by one, without the names of premises."""

    @property
    def meaning(self) -> tuple[frozenset[str], str]:
        """What two readings must share to be the same up to the order of binders."""
        return self.parts, self.goal

    @property
    def signature(self) -> str:
        """Binders and goal."""
        return f"{self.binders} : {self.goal}".lstrip()

    def text(self, name: str) -> str:
        """The Lean theorem under this name."""
        return f"theorem {name} {self.signature} := by\n  sorry"


class Context:
    """The scopes that are open, the theorem's own at the bottom."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self.scopes = [Scope()]
        self.reserved = set(reserved)
        self.notes: list[str] = []
        self.groups = False
        """Whether the statement speaks of groups, so that a `G` not introduced is one."""

    def find(self, name: str) -> Object | None:
        return next((s.objects[name] for s in reversed(self.scopes) if name in s.objects), None)

    def group(self) -> Object:
        """Declares the group G of a statement that does not introduce it."""
        item = Object("G", Carrier("G", closed("group")))
        bottom = self.scopes[0]
        bottom.objects["G"] = item
        bottom.entries[:0] = [Entry("type", "Type*", "G"), Entry("instance", "Group G")]
        self.note("G : a group, as is usual")
        return item

    def visible(self) -> list[Object]:
        return [item for scope in self.scopes for item in scope.objects.values()]

    @property
    def top(self) -> Scope:
        return self.scopes[-1]

    @property
    def outermost(self) -> bool:
        return len(self.scopes) == 1

    def declare(self, name: str, item: Object, type_text: str, sort: str = "variable") -> Object:
        self.top.objects[name] = item
        self.top.entries.append(Entry(sort, type_text, item.lean))
        return item

    def update(self, old: Object, new: Object) -> None:
        """Puts what is now known of an object in place of the old, wherever it stands."""
        for scope in self.scopes:
            for name, item in scope.objects.items():
                if item == old:
                    scope.objects[name] = new

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def assume(self, text: str) -> None:
        """Takes a premise; what speaks of the order of a group makes the group finite."""
        if self.outermost:
            for entry in list(self.top.entries):
                # Lean's `Nat.card` of an infinite type is 0, which is even and a multiple of everything.
                known = re.fullmatch(rf"Nat\.card {entry.name} = [1-9][0-9]*", text)
                if entry.sort == "type" and not known and re.search(rf"Nat\.card {entry.name}(?!\w)", text):
                    self.instance(f"Finite {entry.name}")
        if not any(e.sort != "variable" and e.text == text for e in self.top.entries):
            self.top.entries.append(Entry("hypothesis", text))

    def instance(self, text: str) -> None:
        if not any(e.sort == "instance" and e.text == text for scope in self.scopes for e in scope.entries):
            self.top.entries.append(Entry("instance", text))

    def fresh(self, wanted: str) -> str:
        """The first of the letters that the statement does not use."""
        taken = self.reserved | {item.lean for item in self.visible()} | set(self._names())
        for letter in wanted.split():
            if letter not in taken:
                return letter
        stem = wanted.split()[0]
        return next(f"{stem}{n}" for n in "₁₂₃₄₅₆₇₈₉" if f"{stem}{n}" not in taken)

    def _names(self) -> Iterable[str]:
        return (name for scope in self.scopes for name in scope.objects)

    def theorem(self, goal: str) -> Theorem:
        taken = {e.name for e in self.scopes[0].entries} | self.reserved
        number = 0
        texts: list[str] = []
        for group in grouped(self.scopes[0].entries):
            entry = group[0]
            if entry.sort == "hypothesis":
                name = f"h{_subscript(number)}"
                while name in taken:
                    number += 1
                    name = f"h{_subscript(number)}"
                number += 1
                texts.append(f"({name} : {entry.text})")
            else:
                names = " ".join(e.name for e in group)
                texts.append(_binder(Entry(entry.sort, entry.text, names)))
        parts = frozenset(f"{e.name} : {e.text}" for e in self.scopes[0].entries)
        return Theorem(" ".join(texts), goal, tuple(self.notes), parts)


def _subscript(number: int) -> str:
    return "".join(chr(0x2080 + int(digit)) for digit in str(number))
