"""The twins that `to_additive` and `to_dual` make."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cramf.knowledge.entries import Entry
from cramf.knowledge.facts import FileFacts, TranslationRequest
from cramf.knowledge.translate import NameGuesser
from cramf.knowledge.vocabulary import NameTable

__all__ = ["Targets", "translate", "translated_prefix"]

Targets = Mapping[str, Mapping[str, tuple[str, TranslationRequest]]]
"""By rule: the source's full name to the twin's, with the tag that asks for it."""


def translate(
    entries: dict[str, Entry],
    facts: Sequence[FileFacts],
    guessers: Mapping[str, NameGuesser],
    made: Targets | None = None,
) -> Targets:
    """Add the twins that `to_additive` and `to_dual` make; a twin that is written is only tied.

    `made` are those of an earlier call with fewer entries. The twins of both calls are returned.
    """
    requests: dict[str, list[TranslationRequest]] = defaultdict(list)
    for name, entry in entries.items():
        requests[name] += entry.raw.translations
    table = NameTable(entries)
    for file in facts:
        for written, number, wanted in file.tagged:
            for name in table.resolve(written, file.contexts[number])[:1]:
                requests[name] += wanted
    found: dict[str, Mapping[str, tuple[str, TranslationRequest]]] = {}
    for rule, guesser in guessers.items():
        before = made.get(rule, {}) if made is not None else {}
        found[rule] = targets = _targets(rule, guesser, requests, before, entries)
        for source, (target, request) in targets.items():
            if source in before:
                continue
            entry = entries[source]
            known = entries.get(target)
            if known is not None:
                entry.twin = entry.twin or target
                known.twin = known.twin or source
                continue
            parents = tuple(targets[p][0] if p in targets else p for p in entry.raw.parents)
            raw = replace(
                entry.raw,
                name=target,
                docstring=request.docstring,
                signature=_translated_text(entry.raw.signature, rule, targets),
                fields=tuple(guesser.guess(field) for field in entry.raw.fields),
                parents=parents,
                projections=tuple(f"to{p.rpartition('.')[2]}" for p in parents),
                deprecated=_twin_of(entry.raw.deprecated, source, targets),
                translations=(),
            )
            entries[target] = Entry(raw, entry.module, entry.facts, rule, source)
            entry.twin = entry.twin or target
            _translate_members(entries, entry, target, rule, guesser)
    return found


def _targets(
    rule: str,
    guesser: NameGuesser,
    requests: Mapping[str, list[TranslationRequest]],
    before: Mapping[str, tuple[str, TranslationRequest]],
    entries: Mapping[str, Entry],
) -> dict[str, tuple[str, TranslationRequest]]:
    """Source name to target name; a prefix that itself has a translation is translated first.

    The members of a structure whose twin is written go with those of the twin, one by one.
    """
    targets = dict(before)
    wanted_of = (name for name, wanted in requests.items() if wanted and name not in before)
    for name in sorted(wanted_of, key=lambda n: (n.count("."), n)):
        wanted = next((r for r in requests[name] if r.rule == rule), None)
        if wanted is None:
            continue
        prefix, _, base = name.rpartition(".")
        if "." in wanted.target:
            target = wanted.target.removeprefix("_root_.")
        else:
            part = wanted.target or guesser.guess(base)
            place = translated_prefix(prefix, targets)
            target = f"{place}.{part}" if place else part
        if target != name:
            targets[name] = (target, wanted)
            for member, twin in _paired_members(entries.get(name), entries.get(target)):
                targets.setdefault(member, (twin, TranslationRequest(rule, "", "", True)))
    return targets


def _paired_members(source: Entry | None, twin: Entry | None) -> Iterator[tuple[str, str]]:
    """Fields, constructor and parent projections of a structure with those of its written twin.

    They are paired by their order, as Mathlib does it, where their numbers agree.
    """
    if source is None or twin is None or not source.raw.mk_name or not twin.raw.mk_name:
        return
    one, other = source.raw, twin.raw
    pairs = [(one.mk_name, other.mk_name)]
    for ours, theirs in ((one.projections, other.projections), (one.fields, other.fields)):
        if len(ours) == len(theirs):
            pairs += zip(ours, theirs, strict=True)
    yield from ((f"{one.name}.{a}", f"{other.name}.{b}") for a, b in pairs)


def translated_prefix(prefix: str, targets: Mapping[str, tuple[str, TranslationRequest]]) -> str:
    """A namespace with the longest part of it that has a twin replaced by that."""
    head, tail = prefix, ""
    while head:
        if head in targets:
            return targets[head][0] + tail
        head, _, last = head.rpartition(".")
        tail = f".{last}{tail}"
    return prefix


def _translate_members(
    entries: dict[str, Entry], source: Entry, target: str, rule: str, guesser: NameGuesser
) -> None:
    """Fields and constructors of a translated structure."""
    for field in (*source.raw.fields, *([source.raw.mk_name] if source.raw.mk_name else ())):
        member = entries.get(f"{source.raw.name}.{field}")
        if member is None:
            continue
        name = f"{target}.{guesser.guess(field)}"
        if name not in entries:
            entries[name] = Entry(
                replace(member.raw, name=name, docstring=""), member.module, member.facts, rule
            )


def _twin_of(
    name: str | None, source: str, targets: Mapping[str, tuple[str, TranslationRequest]]
) -> str | None:
    """Replacement of a deprecated twin: the twin of the replacement, looked up beside the source too."""
    if not name:
        return name
    namespace = source.rpartition(".")[0]
    for candidate in (f"{namespace}.{name}", name):
        if candidate in targets:
            return targets[candidate][0]
    return name


_CORE_TWINS = {"Mul": "Add", "One": "Zero", "Inv": "Neg", "Div": "Sub", "SMul": "VAdd"}
_ADDITIVE_SIGNS = {"*": "+", "/": "-", "•": "+ᵥ"}


def _translated_text(text: str, rule: str, targets: Mapping[str, tuple[str, TranslationRequest]]) -> str:
    """A twin's signature: names that have a translation are translated, and signs for `to_additive`.

    Signs written without spaces around them stay, so the text is a reading aid and not a Lean type.
    """
    additive = rule == "to_additive"

    def word(found: re.Match[str]) -> str:
        name = found.group()
        target = targets.get(name)
        if target is not None:
            return target[0]
        return _CORE_TWINS.get(name, name) if additive else name

    translated = _NAME.sub(word, text)
    if additive:
        translated = _INVERSE.sub(r"-\1", translated).replace("∏", "∑")
        signs = (_ADDITIVE_SIGNS.get(piece, piece) for piece in translated.split(" "))
        translated = " ".join(signs)
    return translated


_INVERSE = re.compile(r"([^\W\d][\w'.]*)⁻¹")
_NAME = re.compile(r"[^\W\d][\w'.]*(?<![.])")
