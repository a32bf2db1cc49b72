"""What the names of a statement mean: full names under its `open`s, and the types that signatures tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cramf.check.static_names import NameRules
from cramf.evaluation.lean_tree import parse_term
from cramf.evaluation.tree import Kind, Tree, apply, name, variable
from cramf.knowledge.resolution import Place
from cramf.knowledge.vocabulary import Vocabulary
from cramf.lean.parser import parse_file
from cramf.lean.scope import Context, ScopeTracker
from cramf.lean.signatures import read_signature

__all__ = ["NUMBERS", "Library", "Names", "Typing", "head_of", "is_closed"]

NUMBERS = ("Nat", "Int", "Rat", "Real", "Complex")
"""The number types in the order of their casts."""
_PLAIN = {"ℕ": "Nat", "ℤ": "Int", "ℚ": "Rat", "ℝ": "Real", "ℂ": "Complex"}


@dataclass(frozen=True, slots=True)
class Typing:
    """Types of a declaration's explicit parameters and of its result, as far as its signature tells."""

    parameters: tuple[Tree, ...] = ()
    result: Tree | None = None

    @property
    def type(self) -> Tree | None:
        """The type of the declaration itself."""
        if self.result is None:
            return None
        found = self.result
        for parameter in reversed(self.parameters):
            found = Tree("→", (parameter, found))
        return found


def head_of(tree: Tree | None) -> str:
    """Name that a type begins with; `Function` for an arrow, "" where there is none."""
    if tree is None:
        return ""
    if tree.kind is Kind.APPLY:
        tree = tree.children[0]
    if tree.label in ("→", "∀"):
        return "Function"
    return tree.label if tree.kind is Kind.NAME else ""


def is_closed(tree: Tree) -> bool:
    """Whether a type has no variables."""
    return tree.kind is not Kind.VARIABLE and all(map(is_closed, tree.children))


class Library:
    """The names of a vocabulary, shared by all statements; without one names stand as they are written."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self.vocabulary = vocabulary
        self.rules = NameRules(vocabulary) if vocabulary is not None else None
        # Made per object, so that the cache goes with it.
        self.typing = lru_cache(maxsize=1 << 14)(self._typing)
        self.names = lru_cache(maxsize=256)(self._names)

    def _names(self, header: str) -> Names:
        scope = ScopeTracker()
        for command in parse_file(header).commands:
            if command.declaration is None:
                scope.feed(command)
        return Names(self, scope.context)

    def _typing(self, full: str) -> Typing:
        text = self.vocabulary.signature(full) if self.vocabulary is not None else ""
        if not text:
            return Typing()
        signature = read_signature(text)
        bound = tuple(word for p in signature.parameters for word in p.names)
        explicit = [
            _plain(parse_term(p.type, bound))
            for p in signature.parameters
            if p.kind == "explicit"
            for _ in p.names or ("_",)
        ]
        result = _plain(parse_term(signature.result, bound)) if signature.result else None
        while result is not None and result.label == "→":
            explicit.append(result.children[0])
            result = result.children[1]
        return Typing(tuple(explicit), result)

    def receiver(self, full: str) -> int:
        """Which explicit argument dot notation fills: the first of the type that the name stands under."""
        space = full.rpartition(".")[0]
        heads = [head_of(parameter) for parameter in self.typing(full).parameters]
        return heads.index(space) if space in heads else 0


class Names:
    """Names at one place, under the `open`s of a header."""

    def __init__(self, library: Library, context: Context) -> None:
        self.library = library
        self._context = context
        rules = library.rules
        self._place = Place(context, "", rules.table) if rules is not None else None
        self._known: dict[str, tuple[tuple[str, ...], str]] = {}

    def resolve(self, word: str, receiver: str = "") -> tuple[str, tuple[str, ...]]:
        """Full name of the longest beginning that is one, and the fields behind it.

        Of several names that an `open` allows it is the one under the type of the first argument
        (`receiver`), else the most used in Mathlib. What means nothing stands as it is.
        """
        rules, vocabulary = self.library.rules, self.library.vocabulary
        if rules is None or vocabulary is None or self._place is None:
            return _PLAIN.get(word, word), ()
        found = self._known.get(word)
        if found is None:
            found = self._known[word] = rules.table.resolve_longest(word, self._context)
        names, rest = found
        if not names:
            meaning = rules.notation_meaning(word, self._place)
            return (meaning[0] if len(meaning) == 1 else _PLAIN.get(word, word)), ()
        if len(names) > 1:
            fitting = [n for n in names if receiver and n.rpartition(".")[0] == receiver]
            ranked = sorted(fitting or names, key=lambda n: (-vocabulary.popularity(n), n))
            return ranked[0], tuple(rest.split(".")) if rest else ()
        return names[0], tuple(rest.split(".")) if rest else ()

    def field(self, head: str, step: str) -> str:
        """Full name of a type's field, `HEAD.STEP` where no vocabulary tells, "" where there is none."""
        if not head:
            return ""
        if self.library.rules is None:
            return f"{head}.{step}"
        return self.library.rules.resolver.field(head, step)


def _plain(tree: Tree) -> Tree:
    """A signature's type with the number types under their names."""
    if tree.kind is Kind.NAME:
        return name(_PLAIN.get(tree.label, tree.label))
    if tree.kind is Kind.VARIABLE:
        return variable(tree.label)
    if tree.kind is Kind.APPLY:
        return apply(*map(_plain, tree.children))
    return Tree(tree.label, tuple(map(_plain, tree.children)), tree.kind, tree.binds)
