"""A library of another size than the index that is at hand: a part of it, or copies with other words.

A copy is a library of its own beside the first: its names stand in a namespace of the copy and have one word
changed, its docstrings have some words exchanged for others and for new ones, and its vectors have noise. Its
statements use its own definitions. So every part of an index grows, and words do not merely get commoner.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from cramf.knowledge.linking import Linked
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.types import Declaration, Definition, Kind, Notation, Usage

Vectors = npt.NDArray[np.float32]

CHANGED = 0.2
"""Share of the words of a copy's docstrings that are exchanged."""
NEW = 0.25
"""Share of those for which a word is made up, so that the vocabulary grows with the library."""
POOL = 50_000
"""Words that the others are drawn from, as often as they are used."""
_NAME_WORD = re.compile(r"[A-Z]?[a-z]{2,}")
_SYLLABLES = "an el ir om ul av ek ib oz ur".split()


@dataclass(frozen=True)
class Library:
    """What is written into an index: everything linked, and the vectors of definitions and of usages."""

    linked: Linked
    definitions: Vectors
    usages: Vectors


def read_library(base: KnowledgeBase) -> Library:
    """The library that an index was made of, as far as the index holds it."""
    definitions = tuple(base.definition(row) for row in range(len(base.definition_names)))
    names = base.definition_names
    votes, columns = base.matrix("votes.npz"), base.usage_columns
    used = np.split(votes.indices, votes.indptr[1:-1])
    usages = tuple(
        Usage(name, Kind(kind), module, line, docstring, tuple(names[n] for n in rows.tolist()))
        for name, kind, module, line, docstring, rows in zip(
            *(columns[c] for c in ("name", "kind", "module", "line", "docstring")), used, strict=True
        )
    )
    declarations, heads = _declarations(base)
    matrix, order = base.matrix("dependencies.npz"), [d.name for d in declarations]
    needed = np.split(matrix.indices, matrix.indptr[1:-1])
    vocabulary = base.vocabulary()
    linked = Linked(
        definitions,
        usages,
        declarations,
        frozenset(base.declarations.names_where("protected", True)),
        dict(vocabulary.aliases),
        {},
        frozenset(vocabulary.namespaces),
        (),
        base.manifest.counts.get("files", 0),
        dependencies={
            name: tuple(order[n] for n in rows.tolist())
            for name, rows in zip(order, needed, strict=True)
            if len(rows)
        },
        notation_table=tuple(vocabulary.notation_table),
        heads=heads,
        parents=dict(vocabulary.parents),
        unfolds=dict(vocabulary.unfolds),
    )
    return Library(linked, _vectors(base, "definitions"), _vectors(base, "usages"))


def _declarations(base: KnowledgeBase) -> tuple[tuple[Declaration, ...], dict[str, str]]:
    """All declarations in the order of their table, and the heads of their types."""
    fields = ("name", "kind", "module", "line", "origin", "deprecated", "since", "namespace", "attributes")
    columns = [base.declarations.column(field) for field in fields]
    kinds = {kind.value: kind for kind in Kind}
    made = tuple(
        Declaration(name, kinds[kind], module, line, origin, gone, since, space, tuple(tags.split()), type_)
        for name, kind, module, line, origin, gone, since, space, tags, type_ in zip(
            *columns, base.signature_column(), strict=True
        )
    )
    heads = zip(columns[0], base.declarations.column("head"), strict=True)
    return made, {name: head for name, head in heads if head}


def _vectors(base: KnowledgeBase, name: str) -> Vectors:
    import faiss

    index = faiss.read_index(str(base.file(f"{name}.faiss")))
    return unit(index.reconstruct_n(0, index.ntotal))


def unit(vectors: Vectors) -> Vectors:
    """Scaled to length one."""
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def noisy(vectors: Vectors, noise: float, seed: int) -> Vectors:
    """With Gaussian noise of that length added, as unit vectors."""
    added = np.random.default_rng(seed).standard_normal(vectors.shape, dtype=np.float32)
    added *= noise / vectors.shape[1] ** 0.5
    added += vectors
    return unit(added)


def resized(library: Library, size: int, noise: float, seed: int = 0, progress: bool = False) -> Library:
    """With `size` definitions: a part of the library, or it and as many copies as that takes, the last one of
    a part. Everything else grows in proportion."""
    whole = len(library.linked.definitions)
    chance = random.Random(seed)
    if size <= whole:
        return part_of(library, size, chance)
    pool = _pool(library.linked, chance)
    parts = [library]
    starts = range(whole, size, whole)
    for number, start in enumerate(tqdm(starts, "copies", disable=not progress, leave=False), start=1):
        part = part_of(library, min(whole, size - start), chance)
        parts.append(_copy(part, number, pool, noise, chance))
    return _joined(parts)


def part_of(library: Library, size: int, chance: random.Random) -> Library:
    """The `size` definitions that are used most, and of the rest the same share, sampled; what is left out is
    nowhere spoken of. A sample of the definitions would leave each theorem only a few of its own."""
    linked = library.linked
    whole = len(linked.definitions)
    if size == whole:
        return library
    used = sorted(range(whole), key=lambda row: (-linked.definitions[row].usage_count, row))
    rows = sorted(used[:size])
    defined = {linked.definitions[row].name for row in rows}
    every = {definition.name for definition in linked.definitions}
    share = size / whole
    declared = {d.name for d in linked.declarations if d.name not in every and chance.random() < share}
    declared |= defined
    told = [row for row, usage in enumerate(linked.usages) if not defined.isdisjoint(usage.definitions)]
    told = sorted(chance.sample(told, min(len(told), round(share * len(linked.usages)))))
    usages = [linked.usages[row] for row in told]

    def kept(table: Mapping[str, str]) -> dict[str, str]:
        return {key: value for key, value in table.items() if key in declared and value in declared}

    def among(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in declared)

    part = replace(
        linked,
        definitions=tuple(linked.definitions[row] for row in rows),
        usages=tuple(replace(u, definitions=tuple(n for n in u.definitions if n in defined)) for u in usages),
        declarations=tuple(d for d in linked.declarations if d.name in declared),
        protected=linked.protected & declared,
        aliases={name: meant for name, meant in linked.aliases.items() if meant in declared},
        dependencies={name: among(used) for name, used in linked.dependencies.items() if name in declared},
        notation_table=tuple(n for n in linked.notation_table if set(n.declarations) <= declared),
        heads=kept(linked.heads),
        parents={name: among(found) for name, found in linked.parents.items() if name in declared},
        unfolds=kept(linked.unfolds),
    )
    return Library(part, library.definitions[rows], library.usages[told])


def _copy(part: Library, number: int, pool: Sequence[str], noise: float, chance: random.Random) -> Library:
    """The copy of that number, with other words."""
    linked = part.linked
    ending = "".join(_SYLLABLES[int(digit)] for digit in str(number))
    other = _other_names(linked, number, ending, chance)

    def renamed(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(other.get(name, name) for name in names)

    def reworded(docstring: str) -> str:
        words = docstring.split(" ")
        for place in chance.sample(range(len(words)), round(CHANGED * len(words))):
            # LaTeX and code stay as they are.
            if words[place].isalpha():
                new = chance.random() < NEW
                words[place] = words[place] + ending if new else pool[chance.randrange(len(pool))]
        return " ".join(words)

    def definition(old: Definition) -> Definition:
        twin = other.get(old.twin, old.twin) if old.twin else old.twin
        return replace(old, name=other[old.name], docstring=reworded(old.docstring), twin=twin)

    def usage(old: Usage) -> Usage:
        name = f"Copy{number}.{old.name}"
        return replace(
            old, name=name, docstring=reworded(old.docstring), definitions=renamed(old.definitions)
        )

    def both(table: Mapping[str, str]) -> dict[str, str]:
        return {other.get(key, key): other.get(value, value) for key, value in table.items()}

    # Notation and short names stay those of the first library: what they mean must be one thing.
    none: tuple[Notation, ...] = ()
    copied = replace(
        linked,
        definitions=tuple(map(definition, linked.definitions)),
        usages=tuple(map(usage, linked.usages)),
        declarations=tuple(replace(d, name=other[d.name]) for d in linked.declarations),
        protected=frozenset(renamed(linked.protected)),
        aliases={},
        dependencies={other.get(name, name): renamed(used) for name, used in linked.dependencies.items()},
        notation_table=none,
        heads=both(linked.heads),
        parents={other.get(name, name): renamed(found) for name, found in linked.parents.items()},
        unfolds=both(linked.unfolds),
    )
    seed = 2 * number
    return Library(copied, noisy(part.definitions, noise, seed), noisy(part.usages, noise, seed + 1))


def _other_names(linked: Linked, number: int, ending: str, chance: random.Random) -> dict[str, str]:
    """Names of the copy's declarations. The namespace stands in front, so that the last part, which counts
    for itself, stays one that a statement may say; one word of a definition's name gets the ending."""
    names = {d.name for d in linked.declarations}.union(d.name for d in linked.definitions)
    made = {name: f"Copy{number}.{name}" for name in names}
    taken = set(made.values())
    for definition in linked.definitions:
        name = definition.name
        words = list(_NAME_WORD.finditer(name))
        if words:
            end = words[chance.randrange(len(words))].end()
            changed = f"Copy{number}.{name[:end]}{ending}{name[end:]}"
            if changed not in taken:
                taken.add(changed)
                made[name] = changed
    return made


def _pool(linked: Linked, chance: random.Random) -> list[str]:
    """Words of docstrings as often as they are used, up to a sample."""
    told = [usage.docstring for usage in linked.usages]
    words = [word for text in chance.sample(told, len(told)) for word in text.split(" ") if word.isalpha()]
    return words[:POOL] or ["set"]


def _joined(parts: Sequence[Library]) -> Library:
    """One library of several, the first one's rows first."""
    linked = [part.linked for part in parts]
    whole = replace(
        linked[0],
        definitions=tuple(d for one in linked for d in one.definitions),
        usages=tuple(u for one in linked for u in one.usages),
        declarations=tuple(d for one in linked for d in one.declarations),
        protected=frozenset().union(*(one.protected for one in linked)),
        dependencies={key: value for one in linked for key, value in one.dependencies.items()},
        heads={key: value for one in linked for key, value in one.heads.items()},
        parents={key: value for one in linked for key, value in one.parents.items()},
        unfolds={key: value for one in linked for key, value in one.unfolds.items()},
    )
    definitions = np.concatenate([part.definitions for part in parts])
    return Library(whole, definitions, np.concatenate([part.usages for part in parts]))
