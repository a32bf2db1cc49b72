"""Names for the anonymous instances of a checkout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cramf.knowledge.entries import Entry
from cramf.knowledge.facts import FileFacts, RawDeclaration
from cramf.knowledge.generated.instances import InstanceName, UniqueNamer, instance_name
from cramf.knowledge.generation_library import Surroundings
from cramf.lean.brackets import Tokens, bracket_end
from cramf.lean.lexer import TokenKind, tokenize
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
        declarations = tuple(
            _named(raw, file.contexts[raw.context], library, namer, entries) if _anonymous(raw) else raw
            for raw in file.declarations
        )
        renamed.append(replace(file, declarations=declarations))
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
    raw: RawDeclaration,
    context: Context,
    library: Surroundings,
    namer: UniqueNamer,
    taken: Mapping[str, Entry],
) -> RawDeclaration:
    """The instance under its name, or as it is where that cannot be told."""
    found = _name_of(raw, context, library)
    if found is None:
        return raw
    plain = f"{raw.namespace}.{found.name}" if raw.namespace else found.name
    if not found.certain and plain in taken:
        return raw
    name = namer.full_name(raw.namespace, found.name)
    if not found.certain and name != plain:
        return raw
    return replace(raw, name=name, rule=INSTANCE if found.certain else GUESSED)


def _name_of(raw: RawDeclaration, context: Context, library: Surroundings) -> InstanceName | None:
    groups, result = _groups(raw.signature)
    if not result:
        return None
    known = library.library(context)
    made: list[InstanceName] = []
    least, most = _own_from(groups, result, raw)
    for number in dict.fromkeys((most, least)):
        found = instance_name(
            [g.binder for g in groups[number:]],
            result.text,
            known,
            variables=[g.binder for g in groups[:number]],
            namespace=raw.namespace,
        )
        if found is None:
            return None
        made.append(found)
    same = all(found.name == made[0].name for found in made)
    return made[0] if same else InstanceName(made[0].name, False)


class _Group:
    """A binder group of a signature, or its result type, with its identifiers in order."""

    __slots__ = ("binder", "text", "words")

    def __init__(self, text: str, words: tuple[str, ...], binder: Binder) -> None:
        self.text, self.words, self.binder = text, words, binder


_NO_BINDER = Binder("", (), "", ())


def _groups(signature: str) -> tuple[list[_Group], _Group]:
    """The binder groups that a signature begins with, and its result type."""
    tokens = Tokens(t for t in tokenize(signature)[0] if t.kind >= TokenKind.DOC and t.kind != TokenKind.ERROR)
    groups: list[_Group] = []
    index = 0
    while index < len(tokens) and tokens[index].text in ("(", "{", "⦃", "["):
        opener = tokens[index].text
        close = bracket_end(tokens, index, len(tokens))
        inside = tokens[index + 1 : close]
        colon = next((i for i, t in enumerate(inside) if t.text == ":"), -1)
        named = colon >= 0 and all(t.kind == TokenKind.IDENTIFIER or t.text == "_" for t in inside[:colon])
        names = tuple(t.text for t in inside[:colon]) if named else ()
        if colon < 0 and opener != "[":
            names = tuple(t.text for t in inside if t.kind == TokenKind.IDENTIFIER)
        words = tuple(t.text for t in inside[len(names) :] if t.kind == TokenKind.IDENTIFIER)
        text = signature[tokens[index].start : tokens[close].end]
        groups.append(_Group(text, words, Binder(opener, names, text, ())))
        index = close + 1
    if index >= len(tokens) or tokens[index].text != ":":
        return groups, _Group("", (), _NO_BINDER)
    words = tuple(t.text for t in tokens[index + 1 :] if t.kind == TokenKind.IDENTIFIER)
    return groups, _Group(signature[tokens[index].end :].strip(), words, _NO_BINDER)


def _own_from(groups: Sequence[_Group], result: _Group, raw: RawDeclaration) -> tuple[int, int]:
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
    groups: Sequence[_Group], result: _Group, number: int, orders: Sequence[Mapping[str, int]]
) -> bool:
    own = [word for group in (*groups[number:], result) for word in group.words]
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
