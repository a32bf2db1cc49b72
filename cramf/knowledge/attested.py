"""Names that Mathlib's text uses but declares nowhere: those of Lean core, Std and Batteries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from cramf.knowledge.core_names import CORE_EXPORTS, CORE_NAMES, META_NAMES
from cramf.knowledge.facts import FileFacts
from cramf.knowledge.notations import CORE_NOTATION, notation_words
from cramf.knowledge.vocabulary import NameTable
from cramf.lean.scope import Context, enclosing

__all__ = ["attested_names", "core_aliases"]

_ATTESTED_FILES = 3
"""In how many files a name that is declared nowhere must be used to be catalogued."""
_UNCERTAIN_FILES = 12
"""The same for one undotted lower-case word, which is more often an implicitly bound variable."""
_MEMBER_LETTERS = 3
_MOST_OPENS = 12
_PLAIN_HEADS = CORE_NAMES | {"Function", "Classical", "Lean", "Std"}
_SHADOWED_FILES = 25
"""The same for a name that is also the end of a declared one, which an `open` may have shortened."""


def attested_names(
    facts: Sequence[FileFacts],
    declared: Collection[str],
    protected: frozenset[str],
    aliases: Mapping[str, str],
) -> dict[str, int]:
    """Names that are used but declared nowhere (Lean core, Std, Batteries), with the number of files.

    Dotted names come first, so that `Injective` under `open Function` is then read as the attested
    `Function.Injective` rather than as a name of its own.
    """
    table = NameTable(declared, protected, aliases)
    # `[ZMOD` is one token to Lean, and its letters are no name.
    tokens = notation_words(t for f in facts for n in f.notations for t in n.tokens)
    missing: list[list[tuple[str, Context]]] = []
    for file in facts:
        # Contexts are told apart by number here: to hash one is to hash every `open` in it.
        pairs = {(word, raw.context) for raw in file.declarations for word in raw.words}
        contexts = file.contexts
        missing.append(
            [
                (word, contexts[number])
                for word, number in pairs
                if word not in tokens and not table.resolve_longest(word, contexts[number])[0]
            ]
        )
    single = Counter(w for pairs in missing for w in {w for w, _ in pairs} if "." not in w)
    heads = {name for name in table.namespaces if "." not in name and len(name) > 1}
    heads.update(w for w, files in single.items() if w[0].isupper() and _plausible(w, files))
    found = _attested_dotted(_witnesses(facts, table, heads), table)
    wider = NameTable({*declared, *found}, protected, aliases, weak=found)
    single = Counter(
        word
        for pairs in missing
        for word in {
            w
            for w, c in pairs
            if "." not in w and (w in CORE_NAMES or not _programs(c)) and not wider.resolve(w, c)
        }
    )
    lasts = {name.rpartition(".")[2] for name in table.names}
    for word, files in single.items():
        full = CORE_EXPORTS.get(word)
        if full is not None:
            if not table.known(full):
                found[full] = max(files, found.get(full, 0))
        elif word in CORE_NAMES or (
            _plausible(word, files)
            # A short form of a declared name: `carrier` inside a structure that extends another.
            and (word not in lasts or (files >= _SHADOWED_FILES and word[0].isupper()))
        ):
            found[word] = files
    for name, files in _behind_notation(facts).items():
        if not table.known(name):
            found.setdefault(name, files)
    _attest_members(missing, table, found)
    found.update(_meta_names(missing))
    return {name: files for name, files in found.items() if not table.known(name)}


def _programs(context: Context) -> bool:
    """Whether a place opens Lean's own namespaces, whose names are not to be told from core's there."""
    return context.namespace.partition(".")[0] == "Lean" or any(
        entry.name.partition(".")[0] == "Lean" for entry in context.opens
    )


def _meta_names(missing: Sequence[Sequence[tuple[str, Context]]]) -> Counter[str]:
    """Names of Lean's programming interface that are written short under `open Lean Meta`."""
    counts: Counter[str] = Counter()
    for pairs in missing:
        names: set[str] = set()
        for word, context in pairs:
            if not _programs(context):
                continue
            places = list(enclosing(context.namespace))
            for entry in context.opens:
                places += [entry.name, *(f"{place}.{entry.name}" for place in places[:_MOST_OPENS])]
            full = (f"{place}.{word}" for place in places)
            names.update(name for name in (word, *full) if name in META_NAMES)
        counts.update(names)
    return counts


def _behind_notation(facts: Sequence[FileFacts]) -> Counter[str]:
    """Declarations of Lean core that are mostly written as notation (`HAdd.hAdd` as `+`)."""
    counts: Counter[str] = Counter()
    for file in facts:
        runs = {run for raw in file.declarations for run in raw.runs}
        counts.update({CORE_NOTATION[run] for run in runs if run in CORE_NOTATION})
    return counts


def core_aliases(names: Collection[str]) -> dict[str, str]:
    """What Lean core exports into the root, for the names that there are."""
    return {short: full for short, full in CORE_EXPORTS.items() if full in names and short not in names}


def _attest_members(
    missing: Sequence[Sequence[tuple[str, Context]]], table: NameTable, found: dict[str, int]
) -> None:
    """Members of core types that are only written short, as `sublists` inside `namespace List`.

    The witness is a lemma that is named after the member: `List.sublists_nil`.
    """
    core = {name for name in found if "." not in name and name[0].isupper()} | {"Function", "Classical"}
    pieces: dict[str, set[str]] = {}
    for name in table.names:
        place, _, rest = name.partition(".")
        if rest and place in core:
            pieces.setdefault(place, set()).update(rest.replace(".", "_").split("_"))
    wider = NameTable({*table.names, *found}, table.protected, {**table.aliases, **core_aliases(found)})
    counts: Counter[str] = Counter()
    for pairs in missing:
        members: set[str] = set()
        for word, context in pairs:
            if len(word) < _MEMBER_LETTERS or "." in word or not word[0].islower() or word in CORE_EXPORTS:
                continue
            places = (*enclosing(context.namespace), *(entry.name for entry in context.opens))
            named = [place for place in places if word in pieces.get(place, ())]
            if named and not wider.resolve(word, context):
                members.add(f"{named[0]}.{word}")
        counts.update(members)
    found.update({n: files for n, files in counts.items() if n not in found and n not in table.names})


def _attested_dotted(witnesses: Mapping[str, int], table: NameTable) -> dict[str, int]:
    """Dotted names with enough witnesses; for a member of a core type one is enough."""
    found: dict[str, int] = {}
    for name in sorted(witnesses, key=lambda n: (n.count("."), n)):
        # A type that lemmas are named after (`List.Pairwise.imp`) needs no further witnesses.
        named_after = name in table.namespaces and name[name.rfind(".") + 1].isupper()
        # What is in `Nat` and not declared by Mathlib can only be core's.
        core = name.partition(".")[0] in _PLAIN_HEADS
        enough = core or witnesses[name] >= _ATTESTED_FILES or named_after or name in META_NAMES
        head = name.rpartition(".")[0]
        # `Foo.bar.symm` is field access on `Foo.bar`.
        access = (table.known(head) or head in found) and head[head.rfind(".") + 1].islower()
        if enough and not access and not name.startswith("Mathlib."):
            found[name] = witnesses[name]
    return found


def _witnesses(facts: Sequence[FileFacts], table: NameTable, heads: set[str]) -> Counter[str]:
    """In how many files a dotted name stands that cannot be the end of a longer one there.

    Under `open MeasureTheory`, `Measure.map` is `MeasureTheory.Measure.map`: a name is no witness where its
    first component is a name or a namespace inside anything that is open.
    """
    witnesses: Counter[str] = Counter()
    for file in facts:
        places: set[str] = set()
        for context in file.contexts:
            current, opened = table.expand(context)
            places.update(current, (entry.name for entry in opened))
        programs = any(_programs(context) for context in file.contexts)
        hidden: dict[str, bool] = {}
        for written in file.dotted:
            word = _without_access(written)
            head = word.partition(".")[0]
            if head not in heads or table.known(word) or (programs and head not in _PLAIN_HEADS):
                continue
            if head not in hidden:
                inside = [f"{place}.{head}" for place in places]
                hidden[head] = any(name in table.namespaces or table.known(name) for name in inside)
            if not hidden[head] and "." in word:
                witnesses[word] += 1
    return witnesses


def _without_access(name: str) -> str:
    """`Nat.le_iff.mp` is field access on `Nat.le_iff`: what follows a lower-case component is left out."""
    parts = name.split(".")
    first = next((n for n, part in enumerate(parts) if n and not part[0].isupper()), len(parts) - 1)
    return ".".join(parts[: first + 1])


def _plausible(name: str, files: int) -> bool:
    """Whether an unresolved identifier looks like a declaration of Lean core rather than a variable."""
    first = name.partition(".")[0]
    # `u'` and `v₁` are universes or variables.
    if files < _ATTESTED_FILES or len(name.rstrip("'0123456789")) < 2 or not name.isascii():
        return False
    if "." in name or first[0].isupper():
        return first[0].isupper() and len(first.rstrip("'0123456789_")) > 1
    return files >= (_UNCERTAIN_FILES if len(name) > 2 else 4 * _UNCERTAIN_FILES)
