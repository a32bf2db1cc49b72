"""Declarations that no text writes, made from those that it does: by attributes, commands and structures.

The rules are those of `cramf.knowledge.generated`; here they are applied to a whole checkout. A name that
is written wins over a made one, private declarations make nothing that can be named, and where only Lean
could tell whether a `simps` lemma exists, it is taken from the text that uses it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cramf.knowledge.entries import Entry
from cramf.knowledge.facts import FileFacts, GeneratingCommand, RawDeclaration
from cramf.knowledge.generated.attributes import Attribute, Made, made_by_attributes, made_by_command
from cramf.knowledge.generated.derived import derived_instances
from cramf.knowledge.generated.simps import simps_names, splits_into_projections
from cramf.knowledge.generated.structures import auxiliaries
from cramf.knowledge.generation_instances import name_instances
from cramf.knowledge.generation_library import Surroundings
from cramf.knowledge.translate import NameGuesser
from cramf.knowledge.twins import Targets, translated_prefix

__all__ = ["Surroundings", "generate", "name_instances"]

_INDUCTIVE = frozenset({"structure", "class", "inductive", "class inductive"})
_DATA = frozenset({"structure", "class"})
_DERIVING = re.compile(r"^[ \t]*deriving\s+(?!instance\b)(.*)\Z", re.MULTILINE | re.DOTALL)
_DERIVING_FOR = re.compile(r"deriving\s+(?:noncomputable\s+)?instance\s+(.*?)\s+for\s+(.*)", re.DOTALL)
_NO_TWIN = frozenset({"none", "self"})
_COMMENT = re.compile(r"--[^\n]*|/-.*?-/", re.DOTALL)


def generate(
    entries: dict[str, Entry],
    facts: Sequence[FileFacts],
    targets: Targets,
    guessers: Mapping[str, NameGuesser],
    library: Surroundings,
) -> None:
    """Add what attributes, commands and structures make to the entries, with the rule as origin.

    Args:
        targets: the twins that `translate` made.
        library: the same entries as the rules see them.
    """
    maker = _Maker(entries, facts, targets, guessers, library)
    for file in facts:
        for raw in file.declarations:
            entry = entries.get(raw.name)
            if entry is not None and entry.raw is raw:
                maker.declaration(raw, entry)
        for command in file.generating:
            maker.command(command, file)
    maker.attested(facts)


class _Maker:
    """Applies the rules to one declaration or command after another."""

    def __init__(
        self,
        entries: dict[str, Entry],
        facts: Sequence[FileFacts],
        targets: Targets,
        guessers: Mapping[str, NameGuesser],
        library: Surroundings,
    ) -> None:
        self._entries, self._targets, self._guessers = entries, targets, guessers
        self._library = library
        self._projections = library.projections(facts)
        self._doubtful: dict[str, Entry] = {}
        self._simplified: dict[str, Entry] = {}

    def declaration(self, raw: RawDeclaration, entry: Entry) -> None:
        """What one declaration makes."""
        if raw.generators:
            self._enter(self._by_attributes(raw.name, entry, raw.generators, raw.namespace), entry)
        if raw.kind == "irreducible_def":
            text = f"irreducible_def {raw.name.rpartition('.')[2]} {raw.body}"
            self._enter(made_by_command(raw.kind, text, raw.name.rpartition(".")[0]), entry)
        inductive = raw.kind in _INDUCTIVE
        constructors = raw.constructors
        if raw.kind in _DATA:
            constructors = ((raw.mk_name, bool(raw.fields or raw.parents)),)
        if inductive:
            own = raw.name.rpartition(".")[2]
            self._enter(
                auxiliaries(
                    raw.name,
                    constructors,
                    proposition=self._library.proposition(raw.name),
                    recursive=own in {w.rpartition(".")[2] for w in raw.words} or raw.kind == "inductive",
                    structure=raw.kind in _DATA,
                ),
                entry,
                "structure",
            )
        if "deriving" in raw.body:
            clause = _DERIVING.search(_COMMENT.sub("", raw.body))
            if clause:
                classes = _listed(clause.group(1))
                self._enter(
                    derived_instances(raw.name, classes, inductive=inductive, constructors=constructors),
                    entry,
                )

    def command(self, command: GeneratingCommand, file: FileFacts) -> None:
        """What a command makes for declarations that stand elsewhere."""
        context = file.contexts[command.context]
        find = self._library.resolver(context)
        if command.keyword == "attribute":
            for written in command.names:
                entry = self._entries.get(find(written) or "")
                if entry is not None:
                    made = self._by_attributes(entry.raw.name, entry, command.attributes, context.namespace)
                    self._enter(made, entry, at=(command, file))
        elif command.keyword == "deriving":
            clause = _DERIVING_FOR.search(_COMMENT.sub("", command.text))
            if clause is None or "→" in clause.group(1):
                return  # a class that is written as a function of the type has no name of its own
            for written in _listed(clause.group(2)):
                entry = self._entries.get(find(written.split()[0].strip("()")) or "")
                if entry is not None:
                    inductive = entry.raw.kind in _INDUCTIVE
                    classes = _listed(clause.group(1))
                    derived = derived_instances(
                        entry.raw.name, classes, namespace=context.namespace, inductive=inductive
                    )
                    self._enter(derived, entry, at=(command, file))
        elif command.keyword == "mk_iff_of_inductive_prop":
            for one in made_by_command(command.keyword, command.text):
                entry = self._entries.get(find(one.source) or "")
                if entry is not None:
                    self._enter([one], entry, at=(command, file))

    def attested(self, facts: Sequence[FileFacts]) -> None:
        """Lemmas that `simps` may make, where the text uses them and nothing else can be meant."""
        used = {word for file in facts for word in file.dotted}
        used.update(w for file in facts for raw in file.declarations for w in raw.words if "." in w)
        used -= self._entries.keys()
        tails: dict[str, list[str]] = defaultdict(list)
        for name in self._simplified:
            for tail in _tails(name):
                tails[tail].append(name)
        known = {p.name for name in self._library.structures for p in self._projections.of(name)}
        suffixes = frozenset(known)
        split: dict[str, bool] = {}
        for word in sorted(used):  # so that ties fall the same way in every run
            place = word.rfind("_")
            while place > word.rfind(".") + 1:
                suffix = word[place + 1 :]
                for source in tails.get(word[:place], ()):
                    if suffix not in split:
                        split[suffix] = splits_into_projections(suffix, suffixes)
                    if split[suffix]:
                        self._doubtful.setdefault(f"{source}_{suffix}", self._simplified[source])
                place = word.rfind("_", 0, place)
        wanted = {tail: name for name in self._doubtful for tail in _tails(name) if tail in used}
        # A shorter form that is also the end of a declared name means that one.
        taken = {tail for name in self._entries if "." in name for tail in _tails(name) if tail in wanted}
        for tail, name in sorted(wanted.items()):
            if tail not in taken:
                self._enter([Made(name, "simps", "")], self._doubtful[name])

    def _by_attributes(
        self, name: str, entry: Entry, attributes: Iterable[str], namespace: str
    ) -> Iterator[Made]:
        def simps(of: str, attribute: Attribute) -> list[str]:
            source = self._entries.get(of, entry)
            self._simplified[of] = entry
            names = simps_names(
                of,
                attribute,
                self._projections,
                self._library.structure_of(of),
                entry.raw.body,
                source.raw.kind == "instance",
            )
            self._doubtful.update((made.name, entry) for made in names if not made.certain)
            return [made.name for made in names if made.certain]

        yield from made_by_attributes(name, entry.raw.kind, attributes, namespace, simps, self._twin)

    def _twin(self, rule: str, name: str) -> str | None:
        found = self._targets.get(rule, {}).get(name)
        return found[0] if found is not None else None

    def _enter(
        self,
        made: Iterable[Made],
        source: Entry,
        origin: str = "",
        at: tuple[GeneratingCommand, FileFacts] | None = None,
    ) -> None:
        """Enter made declarations, and the twins of those that are translated as well."""
        for one in made:
            entry = self._add(one.name, one.kind, origin or one.rule, source, at)
            for attribute in one.translated_by:
                rule = attribute.name.rstrip("!?")
                guesser = self._guessers.get(rule)
                arguments = [a for a in attribute.arguments if a != "existing"]
                if guesser is None or not _NO_TWIN.isdisjoint(arguments):
                    continue
                prefix, _, last = one.name.rpartition(".")
                place = translated_prefix(prefix, self._targets.get(rule, {}))
                given = arguments[0] if arguments else guesser.guess(last)
                target = f"{place}.{given}" if place and "." not in given else given
                if target != one.name:
                    twin = self._add(target, one.kind, rule, source, at)
                    entry.twin, twin.twin = entry.twin or target, twin.twin or one.name

    def _add(
        self,
        name: str,
        kind: str,
        origin: str,
        source: Entry,
        at: tuple[GeneratingCommand, FileFacts] | None,
    ) -> Entry:
        known = self._entries.get(name)
        if known is not None:
            return known
        raw = source.raw
        line, context, file = raw.line, raw.context, source.facts
        if at is not None:
            line, context, file = at[0].line, at[0].context, at[1]
        namespace = file.contexts[context].namespace if at is not None else raw.namespace
        made = RawDeclaration(name, kind, line, context, "", namespace=namespace)
        entry = self._entries[name] = Entry(made, file.module, file, origin)
        return entry


def _tails(name: str) -> Iterator[str]:
    """A dotted name and its dotted ends: `A.B.c` and `B.c`."""
    while "." in name:
        yield name
        name = name.partition(".")[2]


def _listed(text: str) -> list[str]:
    """Entries between the commas of a clause."""
    return [part for entry in text.split(",") if (part := " ".join(entry.split()))]
