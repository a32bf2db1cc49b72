"""How many slips of language models the static checker finds, by kind of slip.

    python eval/static_mutants.py --data FILE.jsonl [FILE.jsonl ...] [--index DIR] [--seed 0] [--each 800]
    python eval/static_mutants.py --signatures 3000      # statements of Mathlib's own theorems instead

Statements that the checker takes as they are get one slip each, made by a seeded rule: a misspelt name, an
invented one (words added, changed or left out), a wrong or a missing namespace, the spelling of Lean 3, a
deprecated name, a missing `open`, two arguments in the wrong order, a missing binder, a bracket too many or
too few.
A slip that happens to make another known name is no slip and not counted. Printed for each kind: how many
slips are found at all, how many name the changed identifier, and in how many the first suggestion (or one of
the three) is the name that was there. Intervals are Wilson's at 95%.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cramf.check.static import StaticChecker
from cramf.check.verdict import Candidate, Severity
from cramf.environment import default_core, default_index
from cramf.evaluation.intervals import wilson_interval
from cramf.knowledge.core_library import load_core, with_core
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Kind
from cramf.knowledge.vocabulary import Vocabulary
from cramf.lean.brackets import CLOSERS, OPENERS
from cramf.lean.commands import split_commands
from cramf.lean.declarations import parse_declaration
from cramf.lean.occurrences import Occurrence, Role, ScopedReader
from cramf.lean.parser import parse_file
from cramf.lean.scope import ScopeTracker, inside


@dataclass(frozen=True, slots=True)
class Site:
    """An identifier of a statement, with its place in the statement's text and what it means."""

    text: str
    start: int
    meant: str
    arguments: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Source:
    candidate: Candidate
    sites: tuple[Site, ...]
    binders: tuple[tuple[int, int, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    kind: str
    candidate: Candidate
    written: str
    """The identifier as it is now, "" where no name was changed."""
    meant: str


def read_sources(candidates: list[Candidate], vocabulary: Vocabulary) -> Iterator[Source]:
    for candidate in candidates:
        whole = candidate.source
        shift = len(whole) - len(candidate.segments[-1][1]) - 1
        parsed = parse_file(whole)
        scope = ScopeTracker()
        sites: list[Site] = []
        binders: list[tuple[int, int, tuple[str, ...]]] = []
        tokens = parsed.source.tokens
        for raw, command in zip(split_commands(parsed.source), parsed.commands, strict=True):
            if command.declaration is None:
                scope.feed(command)
                continue
            declaration = command.declaration
            if declaration.keyword in ("theorem", "lemma") and command.start >= shift:
                reader = ScopedReader(tokens)
                parse_declaration(parsed.source, raw, reader)
                context = inside(scope.context, declaration.name)
                for found in reader.found:
                    site = _site(found, context, vocabulary, shift, tokens)
                    if site is not None:
                        sites.append(site)
                at = tokens[raw.keyword].start
                for binder in declaration.binders:
                    place = whole.find(binder.text, at)
                    if place >= 0:
                        at = place + len(binder.text)
                        binders.append((place - shift, at - shift, binder.names))
            scope.finish_once()
        if sites:
            yield Source(candidate, tuple(sites), tuple(binders))


def _site(found: Occurrence, context, vocabulary: Vocabulary, shift: int, tokens) -> Site | None:
    if found.role is not Role.NAME or len(found.text) < 3:
        return None
    names, rest = vocabulary.table.resolve_longest(found.text, context)
    if len(names) != 1 or rest:
        return None
    spans = tuple((tokens[b].start - shift, tokens[e - 1].end - shift) for b, e in found.arguments)
    return Site(found.text, found.start - shift, names[0], spans)


# -- slips ------------------------------------------------------------------------------------------------

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def misspelt(name: str, rng: random.Random) -> str:
    """One letter too many, too few, another, or two in the wrong order, in the last component."""
    space, dot, last = name.rpartition(".")
    at = rng.randrange(1, len(last)) if len(last) > 1 else 0
    kind = rng.randrange(4)
    if kind == 0:
        last = last[:at] + last[at + 1 :]
    elif kind == 1:
        last = last[:at] + rng.choice(_LETTERS) + last[at:]
    elif kind == 2:
        last = last[:at] + rng.choice(_LETTERS) + last[at + 1 :]
    else:
        last = last[: at - 1] + last[at] + last[at - 1] + last[at + 1 :]
    return f"{space}{dot}{last}"


_BEFORE = ("Is", "Has", "is", "to", "my", "Std", "Math")
_BEHIND = "Set Function On At Of Map Space _def _iff _of_pos ' Prop Number 2".split()


def invented(name: str, rng: random.Random) -> str:
    """A name that sounds right: a word more, a word less, words joined or in another order."""
    space, dot, last = name.rpartition(".")
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|[^A-Za-z_]+", last)
    kind = rng.randrange(5)
    if kind == 0:
        first = rng.choice(_BEFORE)
        joined = first[0].isupper() or rng.random() < 0.7
        last = first + (last[0].upper() + last[1:] if joined else f"_{last}")
    elif kind == 1 or len(words) < 2:
        last += rng.choice(_BEHIND)
    elif kind == 2:
        del words[rng.randrange(len(words))]
        last = ("_" if "_" in last else "").join(words)
    elif kind == 3:
        last = ("_" if "_" not in last else "").join(words)
    else:
        at = rng.randrange(len(words) - 1)
        words[at], words[at + 1] = words[at + 1], words[at]
        last = ("_" if "_" in last else "").join(words)
    return f"{space}{dot}{last}"


_SPACES = """
    Nat Int Real Complex Set Finset Group Subgroup Ideal Polynomial Matrix Topology Function List Math
""".split()


def wrong_namespace(name: str, rng: random.Random) -> str:
    """Another namespace, one more, or one less."""
    space, _, last = name.rpartition(".")
    if space and rng.random() < 0.3:
        return last if "." not in space or rng.random() < 0.5 else f"{space.partition('.')[2]}.{last}"
    other = rng.choice(_SPACES)
    return f"{other}.{last}" if space else f"{other}.{name}"


def older(name: str, _: random.Random) -> str:
    """The spelling of Lean 3: snake case, lower-case namespaces."""
    parts = []
    for part in name.split("."):
        parts.append(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part).lower())
    return ".".join(parts)


def rename(
    source: Source, kind: str, change: Callable[[str, random.Random], str], rng: random.Random
) -> Mutant:
    """Every mention of one name, as a model that believes in it would write."""
    site = rng.choice(source.sites)
    new = change(site.text, rng)
    text = source.candidate.statement
    for other in sorted(source.sites, key=lambda s: -s.start):
        if other.text == site.text:
            text = text[: other.start] + new + text[other.start + len(other.text) :]
    return Mutant(kind, replace(source.candidate, statement=text), new, site.meant)


def deprecated(source: Source, old: dict[str, list[str]], rng: random.Random) -> Mutant | None:
    sites = [s for s in source.sites if s.meant in old]
    if not sites:
        return None
    site = rng.choice(sites)
    new = rng.choice(old[site.meant])
    text = source.candidate.statement
    text = text[: site.start] + new + text[site.start + len(site.text) :]
    return Mutant("deprecated name", replace(source.candidate, statement=text), new, site.meant)


def dropped_open(source: Source, rng: random.Random) -> Mutant | None:
    """The header without one of the namespaces that the statement needs."""
    needed = [s for s in source.sites if s.meant != s.text and s.meant.endswith(f".{s.text}")]
    if not needed:
        return None
    site = rng.choice(needed)
    space = site.meant.removesuffix(f".{site.text}")
    opened = rf"^(open (?:scoped )?.*?)[ ]?(?<![\w.]){re.escape(space)}(?![\w.])"
    header = re.sub(opened, r"\1", source.candidate.header, flags=re.M)
    header = re.sub(r"^open(?: scoped)?[ ]*$", "", header, flags=re.M)
    if header == source.candidate.header:
        return None
    return Mutant("missing open", replace(source.candidate, header=header), site.text, site.meant)


def swapped(source: Source, rng: random.Random) -> Mutant | None:
    sites = [s for s in source.sites if len(s.arguments) >= 2]
    if not sites:
        return None
    site = rng.choice(sites)
    at = rng.randrange(len(site.arguments) - 1)
    (a, b), (c, d) = site.arguments[at : at + 2]
    text = source.candidate.statement
    if text[a:b] == text[c:d]:
        return None
    text = text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]
    return Mutant("arguments swapped", replace(source.candidate, statement=text), "", "")


def missing_binder(source: Source, rng: random.Random) -> Mutant | None:
    text = source.candidate.statement
    fit = []
    for start, end, names in source.binders:
        rest = text[end:].partition(":= by sorry")[0]
        if any(re.search(rf"(?<![\w.']){re.escape(n)}(?![\w'])", rest) for n in names if n != "_"):
            fit.append((start, end, names))
    if not fit:
        return None
    start, end, names = rng.choice(fit)
    candidate = replace(source.candidate, statement=text[:start] + text[end:])
    return Mutant("missing binder", candidate, " ".join(names), "")


def bracket(source: Source, rng: random.Random) -> Mutant | None:
    text = source.candidate.statement
    places = [i for i, c in enumerate(text) if c in "([{⟨)]}⟩" and c in (*OPENERS, *CLOSERS)]
    if not places:
        return None
    at = rng.choice(places)
    new = text[:at] + text[at + 1 :] if rng.random() < 0.6 else text[:at] + text[at] + text[at:]
    return Mutant("unbalanced bracket", replace(source.candidate, statement=new), "", "")


_TOLD = frozenset({"deprecated"})
"""Warnings that count as found."""

NAME_KINDS: dict[str, Callable[[str, random.Random], str]] = {
    "misspelt name": misspelt,
    "invented name": invented,
    "wrong namespace": wrong_namespace,
    "Lean 3 name": older,
}


def mutants(sources: list[Source], vocabulary: Vocabulary, each: int, rng: random.Random) -> Iterator[Mutant]:
    old: dict[str, list[str]] = defaultdict(list)
    for name in sorted(vocabulary.deprecated):
        declaration = vocabulary.declarations[name]
        if declaration.deprecated and declaration.kind is not Kind.ATTESTED:
            old[declaration.deprecated].append(name)
    makers: dict[str, Callable[[Source], Mutant | None]] = {
        kind: (lambda s, k=kind, c=change: rename(s, k, c, rng)) for kind, change in NAME_KINDS.items()
    }
    makers["deprecated name"] = lambda s: deprecated(s, old, rng)
    makers["missing open"] = lambda s: dropped_open(s, rng)
    makers["arguments swapped"] = lambda s: swapped(s, rng)
    makers["missing binder"] = lambda s: missing_binder(s, rng)
    makers["unbalanced bracket"] = lambda s: bracket(s, rng)
    for kind, make in makers.items():
        made: set[tuple[str, str]] = set()
        for _ in range(each * 12):
            source = rng.choice(sources)
            mutant = make(source)
            if mutant is None:
                continue
            key = (mutant.candidate.header, mutant.candidate.statement)
            same = key == (source.candidate.header, source.candidate.statement)
            if same or key in made or (kind in NAME_KINDS and _is_known(mutant, vocabulary)):
                continue
            made.add(key)
            yield mutant
            if len(made) >= each:
                break


def _is_known(mutant: Mutant, vocabulary: Vocabulary) -> bool:
    """Whether the new name means something at its place after all, so that it is no slip."""
    scope = ScopeTracker()
    for command in parse_file(mutant.candidate.source).commands:
        if command.declaration is not None:
            break
        scope.feed(command)
    return bool(vocabulary.table.resolve_longest(mutant.written, scope.context)[0])


# -- the count --------------------------------------------------------------------------------------------


def shown(hits: int, n: int) -> str:
    low, high = wilson_interval(hits, n)
    return f"{hits / n:6.1%} [{low:.1%}, {high:.1%}]"


def load(paths: list[Path]) -> list[Candidate]:
    found = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            row = row.get("verified") or row
            if row.get("formal_statement"):
                helper = row.get("helper") or ""
                found.append(Candidate("m", row["header"], row["formal_statement"], helper))
    return found


def signatures(base: KnowledgeBase, count: int, rng: random.Random) -> list[Candidate]:
    """Statements of Mathlib's own theorems, from the index, under the namespace that they stand in."""
    names = sorted(base.declarations.names_where("kind", Kind.THEOREM.value))
    found = []
    for name in rng.sample(names, min(len(names), 3 * count)):
        declaration = base.declarations[name]
        text = base.signature(name)
        if not text or len(text) > 1500 or declaration.origin != "written" or "✝" in text:
            continue
        opened = f"\nopen {declaration.namespace}" if declaration.namespace else ""
        found.append(Candidate("m", f"import Mathlib{opened}", f"theorem t {text} := by sorry"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="*", default=[])
    parser.add_argument("--signatures", type=int, default=0)
    parser.add_argument("--index", type=Path, default=None)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=800)
    parser.add_argument("--show", type=int, default=0, help="print so many misses a kind")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    base = KnowledgeBase.open(options.index or default_index())
    vocabulary = with_core(base.vocabulary(), load_core(default_core()))
    checker = StaticChecker.open(base)
    candidates = load(options.data) or signatures(base, options.signatures or 2000, rng)
    good = [c for c in candidates if not checker.check(c).diagnostics]
    sources = list(read_sources(good, vocabulary))
    print(f"{len(candidates)} statements, {len(good)} taken as they are, {len(sources)} with names to change")
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    missed: dict[str, list[str]] = defaultdict(list)
    spent = 0.0
    for mutant in mutants(sources, vocabulary, options.each, rng):
        begun = time.perf_counter()
        verdict = checker.check(mutant.candidate)
        spent += time.perf_counter() - begun
        count = counts[mutant.kind]
        count[0] += 1
        wanted = [d for d in verdict.diagnostics if d.severity is Severity.ERROR or d.category in _TOLD]
        count[1] += bool(wanted)
        names = [d for d in wanted if d.name and d.name in (mutant.written, *mutant.written.split())]
        names = names or [d for d in wanted if d.name and mutant.written.startswith(d.name)]
        count[2] += bool(names)
        if names and mutant.meant:
            count[3] += names[0].suggestions[:1] == (mutant.meant,)
            count[4] += mutant.meant in names[0].suggestions
        right = bool(names) and names[0].suggestions[:1] == (mutant.meant,)
        good_one = right if mutant.meant else bool(wanted)
        if not good_one:
            told = names[0].suggestions if names else [d.message for d in wanted]
            missed[mutant.kind].append(f"{mutant.meant or '-'} -> {mutant.written or '-'}: {told}")
    total = sum(c[0] for c in counts.values())
    print(f"{total} mutants, {1000 * spent / max(1, total):.1f} ms each")
    for kind, (n, found, named, first, any_of) in counts.items():
        line = f"{kind:20} n={n:5}  found {shown(found, n)}"
        if kind != "unbalanced bracket" and kind != "arguments swapped":
            line += f"  named {named / n:6.1%}"
        if kind in (*NAME_KINDS, "deprecated name", "missing open"):
            line += f"  first {first / n:6.1%}  in three {any_of / n:6.1%}"
        print(line)
    named_kinds = [counts[k] for k in NAME_KINDS if counts[k][0]]
    if named_kinds:
        n, found, first = (sum(c[i] for c in named_kinds) for i in (0, 1, 3))
        print(f"{'names, all kinds':20} n={n:5}  found {shown(found, n)}  first {shown(first, n)}")
    for kind, lines in missed.items():
        for line in lines[: options.show]:
            print(f"  {kind}: {line}")


if __name__ == "__main__":
    main()
