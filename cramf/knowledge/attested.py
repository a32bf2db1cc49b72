"""Names that Mathlib's text uses but declares nowhere: those of Lean core, Std and Batteries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from cramf.knowledge.core_names import CORE_EXPORTS, CORE_NAMES
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
    found = _attested_dotted(facts, table, heads)
    wider = NameTable({*declared, *found}, protected, aliases, weak=found)
    single = Counter(
        word
        for pairs in missing
        for word in {w for w, c in pairs if "." not in w and not wider.resolve(w, c)}
    )
    lasts = {name.rpartition(".")[2] for name in table.names}
    for word, files in single.items():
        if word in CORE_EXPORTS:
            found[CORE_EXPORTS[word]] = max(files, found.get(CORE_EXPORTS[word], 0))
        elif word in CORE_NAMES or (
            _plausible(word, files) and (word not in lasts or files >= _SHADOWED_FILES)
        ):
            found[word] = files
    for name, files in _behind_notation(facts).items():
        if not table.known(name):
            found.setdefault(name, files)
    _attest_members(missing, table, found)
    return found


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
    core = {name for name in found if "." not in name}
    core.update(name for name in table.namespaces if "." not in name and name not in table.names)
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
    found.update({name: files for name, files in counts.items() if name not in found})


def _attested_dotted(facts: Sequence[FileFacts], table: NameTable, heads: set[str]) -> dict[str, int]:
    anywhere: Counter[str] = Counter()
    for file in facts:
        anywhere.update(word for word in file.dotted if word.partition(".")[0] in heads)
    ends = _ends(table.names)
    found: dict[str, int] = {}
    for name in sorted(anywhere, key=lambda n: (n.count("."), n)):
        # A type that lemmas are named after (`List.Pairwise.imp`) needs no further witnesses.
        named_after = name in table.namespaces and name[name.rfind(".") + 1].isupper()
        enough = anywhere[name] >= _ATTESTED_FILES or named_after or name in CORE_NAMES
        if table.known(name) or not enough:
            continue
        head = name.rpartition(".")[0]
        # `Foo.bar.symm` is field access on `Foo.bar`; `Sub.foo` may be `Outer.Sub.foo` under an `open`.
        access = (table.known(head) or head in found) and head[head.rfind(".") + 1].islower()
        # A head that is declared nowhere itself (`List`, `Function`) is no end of a longer name.
        own = name.partition(".")[0] not in table.names
        shadowed = not own and name in ends and anywhere[name] < _SHADOWED_FILES
        if not access and not shadowed and not name.startswith("Mathlib."):
            found[name] = anywhere[name]
    return found


def _ends(names: Iterable[str]) -> set[str]:
    """Dotted ends of the declared names: `A.B.c` gives `B.c`."""
    ends: set[str] = set()
    for name in names:
        rest = name.partition(".")[2]
        while "." in rest:
            ends.add(rest)
            rest = rest.partition(".")[2]
    return ends


def _plausible(name: str, files: int) -> bool:
    """Whether an unresolved identifier looks like a declaration of Lean core rather than a variable."""
    first = name.partition(".")[0]
    # `u'` and `v₁` are universes or variables.
    if files < _ATTESTED_FILES or len(name.rstrip("'0123456789")) < 2 or not name.isascii():
        return False
    if "." in name or first[0].isupper():
        return first[0].isupper() and len(first.rstrip("'0123456789_")) > 1
    return files >= (_UNCERTAIN_FILES if len(name) > 2 else 4 * _UNCERTAIN_FILES)
