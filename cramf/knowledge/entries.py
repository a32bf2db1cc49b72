"""The declarations of all files by full name, before their statements are resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cramf.knowledge.facts import FileFacts, RawDeclaration
from cramf.knowledge.vocabulary import NameTable
from cramf.lean.scope import Context, Opened, enclosing

__all__ = ["Entry", "collect", "exports", "opened_elsewhere", "settle_replacements"]


@dataclass(slots=True)
class Entry:
    """A raw declaration with its module and, for a twin, how its name came to be."""

    raw: RawDeclaration
    module: str
    facts: FileFacts
    origin: str = "written"
    twin: str | None = None

    @property
    def context(self) -> Context:
        return self.facts.contexts[self.raw.context]


def collect(facts: Sequence[FileFacts]) -> dict[str, Entry]:
    """Named, public declarations by full name; the first written one wins over a made one."""
    entries: dict[str, Entry] = {}
    made: list[Entry] = []
    for file in facts:
        for raw in file.declarations:
            if not raw.name or raw.private:
                continue
            entry = Entry(raw, file.module, file)
            if raw.rule:
                made.append(entry)
            else:
                entries.setdefault(raw.name, entry)
    for entry in made:
        entry.origin = entry.raw.rule
        entries.setdefault(entry.raw.name, entry)
    return entries


def exports(facts: Sequence[FileFacts], entries: Mapping[str, Entry]) -> dict[str, str]:
    """Names that `export N (a b)` makes, to what they stand for."""
    aliases: dict[str, str] = {}
    for file in facts:
        for namespace, source, names in file.exports:
            for name in names:
                short = f"{namespace}.{name}" if namespace else name
                places = [f"{place}.{source}.{name}" for place in enclosing(namespace)]
                full = next((p for p in (*places, f"{source}.{name}") if p in entries), None)
                if short not in entries and full is not None:
                    aliases[short] = full
    return aliases


def opened_elsewhere(facts: Sequence[FileFacts], table: NameTable) -> set[str]:
    """Namespaces that the text opens and that no declaration in it explains, such as `ProofWidgets`.

    The text compiles, so another library has them, at the root or in a namespace that is open beside them;
    they are given as they are written. `table` knows all other namespaces.
    """
    found: set[str] = set()
    seen: set[tuple[Opened, ...]] = set()
    for file in facts:
        # A namespace of private declarations is known in its file alone.
        private = {place for raw in file.declarations if raw.private for place in enclosing(raw.name)}
        for context in file.contexts:
            opens = (*context.opens, *context.scoped)
            if opens in seen:
                continue
            seen.add(opens)
            for name in table.expand_opens(opens):
                # Of two that an `open` can mean, the inner one may stand in a file that is not imported.
                inner = any(f"{entry.name}.{name}" in table.namespaces for entry in opens)
                hidden = any(f".{place}".endswith(f".{name}") for place in private)
                if name not in table.namespaces and not hidden and not inner:
                    found.add(name)
    return found


def settle_replacements(entries: dict[str, Entry], table: NameTable) -> None:
    """Replacements of deprecated names as full names, resolved where the tag stands."""
    for entry in entries.values():
        replacement = entry.raw.deprecated
        if replacement and entry.origin == "written":
            found = table.resolve(replacement, entry.context)
            # A name that shadows itself in its own namespace means the other one.
            names = [name for name in (*found, replacement) if name != entry.raw.name]
            if names and names[0] != replacement:
                entry.raw = replace(entry.raw, deprecated=names[0])
