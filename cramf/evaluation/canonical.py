"""Canonical text of a normal tree: the same for trees that differ in the names of variables and the order of
what has none; and the similarity of two trees.

Variables are told apart by colour refinement (Weisfeiler and Leman, 1968): the colour of a variable is what
the whole statement looks like with that variable marked and the others in their present colours, again and
again until no class splits. Where a class stays whole, one of it is singled out and refinement goes on, by
the choice that gives the least text; of equal choices the first, and a bounded number of others, are tried.
So equal texts always mean equal trees up to renaming and order. The other way round it can fail only for
statements with many alike variables that no symmetry exchanges, or beyond `BUDGET`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from cramf.evaluation.tree import Kind, Tree, nodes, size

__all__ = ["BUDGET", "ITERATIONS", "UNORDERED", "canonical_text", "similarity"]

UNORDERED = frozenset("+ * ∧ ∨ = ↔ ∩ ∪ ⊓ ⊔ {} ∃ gcd lcm min max Coprime dist Disjoint".split()) | {
    "≡ [MOD]",
    "≡ [ZMOD]",
}
"""Nodes whose children have no order; of a congruence only its first two."""
BUDGET = 600_000
"""Nodes that are looked at for one statement before variables are told apart by their place."""
ITERATIONS = 3
"""Rounds of relabelling in `similarity`."""
_ROUNDS = 5
_BRANCHES = 12


class _ExhaustedError(Exception):
    pass


class _Painter:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._left = BUDGET
        self._size = size(tree)
        self._branches = _BRANCHES
        binders = dict.fromkeys(word for node in nodes(tree) for word in node.binds)
        self.start: dict[str, str] = dict.fromkeys(binders, "")

    def text(self, colours: Mapping[str, str]) -> str:
        return _render(self._tree, colours)

    def refined(self, colours: dict[str, str]) -> dict[str, str]:
        """Colours that no further look at the whole statement splits."""
        classes = len(set(colours.values()))
        for _ in range(_ROUNDS):
            sizes = Counter(colours.values())
            found = {}
            for word, colour in colours.items():
                if sizes[colour] == 1 and colour.startswith("="):
                    found[word] = colour
                    continue
                self._left -= self._size
                if self._left < 0:
                    raise _ExhaustedError
                seen = _render(self._tree, {**colours, word: "*"})
                found[word] = _digest(f"{colour}:{seen}")
            colours = found
            now = len(set(colours.values()))
            if now == classes or now == len(colours):
                return colours
            classes = now
        return colours

    def named(self, colours: dict[str, str]) -> dict[str, str]:
        """Every variable with a colour of its own, chosen without regard to its name."""
        colours = self.refined(colours)
        while True:
            sizes = Counter(colours.values())
            tied = min((c for c, n in sizes.items() if n > 1), default=None)
            if tied is None:
                return colours
            choices = []
            for word in [w for w, c in colours.items() if c == tied]:
                tried = self.refined({**colours, word: f"={len(sizes):04}{tied}"})
                choices.append((self.text(tried), tried))
            least = min(text for text, _ in choices)
            alike = [tried for text, tried in choices if text == least]
            if len(alike) > 1 and self._branches > 0 and len(set(alike[0].values())) < len(alike[0]):
                self._branches -= len(alike)
                ends = [self.named(tried) for tried in alike[: self._branches + len(alike)]]
                return min(ends, key=lambda end: self.text(_numbered(end)))
            colours = alike[0]


def canonical_text(tree: Tree) -> str:
    """Text that is equal for two trees only if they are one up to the names of variables and free order."""
    painter = _Painter(tree)
    try:
        colours = painter.named(painter.start)
    except _ExhaustedError:
        colours = {word: f"{n:06}" for n, word in enumerate(painter.start)}
    return painter.text(_numbered(colours))


def _numbered(colours: Mapping[str, str]) -> dict[str, str]:
    """Short names in the order of the colours."""
    order = sorted(set(colours.values()))
    return {word: str(order.index(colour)) for word, colour in colours.items()}


def _render(tree: Tree, colours: Mapping[str, str]) -> str:
    """The tree as text, the children of unordered nodes in the order of their own texts."""
    if tree.kind is Kind.VARIABLE:
        return f"?{colours.get(tree.label, tree.label)}"
    if not tree.children and not tree.binds:
        return tree.label
    inside = [_render(child, colours) for child in tree.children]
    if tree.label in UNORDERED:
        fixed = 2 if tree.label.startswith("≡") else len(inside)
        inside[:fixed] = sorted(inside[:fixed])
    elif tree.label == "Π":
        inside[:-1] = sorted(inside[:-1])
    bound = f"[{' '.join(colours.get(w, w) for w in tree.binds)}]" if tree.binds else ""
    return f"{tree.kind[0]}{tree.label}{bound}({', '.join(inside)})"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def similarity(a: Tree, b: Tree) -> float:
    """How alike two normal trees are, from 0 to 1; 1 for equal ones.

    The Weisfeiler-Lehman subtree kernel (Shervashidze et al., "Weisfeiler-Lehman Graph Kernels", JMLR 12,
    2011) of the trees, normalised: with φ the counts of the labels of all nodes, before and after each of
    `ITERATIONS` rounds in which a label takes in those of its node's children (in their order where it
    matters), it is ⟨φ(a), φ(b)⟩ / (|φ(a)| |φ(b)|). A variable's label is its type with all variables alike.
    """
    first, second = _features(a), _features(b)
    product = sum(count * second[label] for label, count in first.items())
    lengths = math.sqrt(_square(first.values()) * _square(second.values()))
    return min(1.0, product / lengths) if lengths else 0.0


def _square(counts: Iterable[int]) -> int:
    return sum(count * count for count in counts)


def _features(tree: Tree) -> Counter[str]:
    kinds: dict[str, str] = {}
    for node in nodes(tree):
        for word in node.binds:
            kinds[word] = _render(node.children[0], _Blank()) if node.children else ""
    found: Counter[str] = Counter()
    _labels(tree, kinds, found)
    return found


class _Blank(dict[str, str]):
    """All variables in one colour."""

    def get(self, key: str, default: object = None) -> str:
        return ""


def _labels(tree: Tree, kinds: Mapping[str, str], found: Counter[str]) -> list[str]:
    """The labels of a node after each round; counts those of all nodes below it."""
    below = [_labels(child, kinds, found) for child in tree.children]
    plain = f"?{kinds.get(tree.label, '')}" if tree.kind is Kind.VARIABLE else f"{tree.kind[0]}{tree.label}"
    labels = [plain]
    for number in range(ITERATIONS):
        inside = [child[number] for child in below]
        if tree.label in UNORDERED:
            inside.sort()
        elif tree.label == "Π":
            inside[:-1] = sorted(inside[:-1])
        labels.append(_digest(f"{labels[-1]}({','.join(inside)})"))
    for number, label in enumerate(labels):
        found[f"{number}:{label}"] += 1
    return labels
