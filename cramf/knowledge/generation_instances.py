"""Names for the anonymous instances of a checkout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
        declarations = list(file.declarations)
        for number, raw in enumerate(file.declarations):
            found = _name(raw, file.contexts[raw.context], library) if _anonymous(raw) else None
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


def _name(raw: RawDeclaration, context: Context, library: Surroundings) -> InstanceName | None:
    """The name that Lean makes from an instance's own binders and its type."""
    texts, result = split_signature(raw.signature)
    if not result:
        return None
    binders = [_binder(text) for text in texts]
    return instance_name(
        binders[raw.variables :],
        result,
        library.library(context),
        variables=binders[: raw.variables],
        namespace=raw.namespace,
    )


@lru_cache(maxsize=1 << 14)
def _binder(text: str) -> Binder:
    names, _ = read_group(text)
    return Binder(text[0], names, text, ())
