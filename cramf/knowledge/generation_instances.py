"""Names for the anonymous instances of a checkout."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from cramf.knowledge.entries import Entry
from cramf.knowledge.facts import FileFacts, RawDeclaration
from cramf.knowledge.generated.instances import InstanceName, UniqueNamer, instance_name
from cramf.knowledge.generated.signatures import read_group, split_signature
from cramf.knowledge.generation_library import Surroundings
from cramf.lean.scope import Context
from cramf.lean.syntax import Binder

__all__ = ["GUESSED", "INSTANCE", "name_instances"]

INSTANCE = "instance"
GUESSED = "instance (guessed)"


def name_instances(
    facts: Sequence[FileFacts], entries: dict[str, Entry], library: Surroundings
) -> list[FileFacts]:
    """Give the anonymous public instances the names that Lean gives them, and enter them among the rest.

    A name that hangs on what the text does not tell has the rule `instance (guessed)`, and is only given
    where no other declaration has it. Private instances stay anonymous, for nothing can speak of them.
    """
    namer = UniqueNamer(entries.__contains__)
    renamed: list[FileFacts] = []
    for file in facts:
        if not any(_anonymous(raw) for raw in file.declarations):
            renamed.append(file)
            continue
        read = {n: _Read.of(raw) for n, raw in enumerate(file.declarations) if _anonymous(raw)}
        variables = {group.text for one in read.values() for group in one.groups[: one.least]}
        declarations = list(file.declarations)
        for number, one in read.items():
            raw = file.declarations[number]
            found = one.name(raw, file.contexts[raw.context], library, variables)
            if found is not None:
                declarations[number] = _named(raw, found, namer, entries)
        renamed.append(replace(file, declarations=tuple(declarations)))
    _enter(renamed, entries)
    return renamed


def _anonymous(raw: RawDeclaration) -> bool:
    return raw.kind == "instance" and not raw.name and not raw.private


def _enter(facts: Sequence[FileFacts], entries: dict[str, Entry]) -> None:
    files = {file.module: file for file in facts}
    for entry in entries.values():
        entry.facts = files[entry.module]
    for file in facts:
        for raw in file.declarations:
            if raw.name and raw.rule in (INSTANCE, GUESSED) and not raw.private:
                entries.setdefault(raw.name, Entry(raw, file.module, file, raw.rule))


def _named(
    raw: RawDeclaration, found: InstanceName, namer: UniqueNamer, taken: Mapping[str, Entry]
) -> RawDeclaration:
    """The instance under its name, or as it is where a guessed name is another's."""
    plain = f"{raw.namespace}.{found.name}" if raw.namespace else found.name
    if not found.certain and plain in taken:
        return raw
    name = namer.full_name(raw.namespace, found.name)
    if not found.certain and name != plain:
        return raw
    return replace(raw, name=name, rule=INSTANCE if found.certain else GUESSED)


@dataclass(frozen=True, slots=True)
class _Group:
    """A binder group of a signature with the identifiers of its type in order."""

    text: str
    words: tuple[str, ...]
    binder: Binder


_WORD = re.compile(r"[^\W\d][\w'!?]*(?:\.[^\W\d][\w'!?]*)*")


@lru_cache(maxsize=1 << 14)
def _group(text: str) -> _Group:
    names, kind = read_group(text)
    return _Group(text, tuple(_WORD.findall(kind)), Binder(text[0], names, text, ()))


@dataclass(frozen=True, slots=True)
class _Read:
    """The signature of an instance, and how many of its groups come from `variable` commands."""

    groups: Sequence[_Group]
    result: str
    least: int
    most: int

    @classmethod
    def of(cls, raw: RawDeclaration) -> _Read:
        texts, result = split_signature(raw.signature)
        groups = [_group(text) for text in texts]
        return cls(groups, result, *_own_from(groups, tuple(_WORD.findall(result)), raw))

    def name(
        self, raw: RawDeclaration, context: Context, library: Surroundings, variables: Collection[str]
    ) -> InstanceName | None:
        """Its name; a group that may be a variable is one if it is one elsewhere in the file."""
        if not self.result:
            return None
        likely = self.least
        while likely < self.most and self.groups[likely].text in variables:
            likely += 1
        made: list[InstanceName] = []
        for number in self._told_apart(likely):
            found = instance_name(
                [group.binder for group in self.groups[number:]],
                self.result,
                library.library(context),
                variables=[group.binder for group in self.groups[:number]],
                namespace=raw.namespace,
            )
            if found is None:
                return None
            made.append(found)
        certain = made[0].certain and all(found.name == made[0].name for found in made)
        return InstanceName(made[0].name, certain)

    def _told_apart(self, likely: int) -> list[int]:
        """The numbers of variables to try: one, where only binders of types are in doubt."""
        open_ones = self.groups[self.least : self.most]
        if all(group.binder.kind in "{⦃" for group in open_ones):
            return [likely]
        return list(dict.fromkeys((likely, self.least, self.most)))


def _own_from(groups: Sequence[_Group], result: Sequence[str], raw: RawDeclaration) -> tuple[int, int]:
    """How many groups come from `variable` commands: the least and the greatest number that fit.

    A signature has its variables in front, while `words` and `dots` have what the instance itself says
    first and what only its variables say after it (`cramf.knowledge.extract`).
    """
    orders = (
        {word: place for place, word in enumerate(raw.words)},
        {rest: place for place, rest in enumerate(dict.fromkeys(rest for _, rest, _ in raw.dots))},
    )
    fitting = [number for number in range(len(groups) + 1) if _fits(groups, result, number, orders)]
    return (fitting[0], fitting[-1]) if fitting else (0, len(groups))


def _fits(
    groups: Sequence[_Group], result: Sequence[str], number: int, orders: Sequence[Mapping[str, int]]
) -> bool:
    own = [word for group in groups[number:] for word in group.words]
    own += result
    others = [word for group in groups[:number] for word in group.words]
    for order, cut in zip(orders, (False, True), strict=True):
        mine = list(_places(own, order, cut))
        theirs = set(_places(others, order, cut)).difference(mine)
        if mine != sorted(mine) or (mine and theirs and max(mine) > min(theirs)):
            return False
    return True


def _places(words: Sequence[str], order: Mapping[str, int], cut: bool) -> dict[int, None]:
    """Places of words in an order, each once; for dot notation the part behind the variable counts."""
    parts = (word.partition(".")[2] if cut else word for word in words)
    return {order[part]: None for part in parts if part in order}
