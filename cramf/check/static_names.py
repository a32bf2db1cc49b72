"""Rules about names: does each identifier mean something where it stands, and is that still current?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from cramf.check.names import NameFinder
from cramf.check.static_text import Text
from cramf.check.verdict import Diagnostic, Severity
from cramf.knowledge.notations import CORE_NOTATION, NotationTable
from cramf.knowledge.resolution import Place, Resolver
from cramf.knowledge.types import Kind
from cramf.knowledge.vocabulary import NameTable, Vocabulary
from cramf.lean.lexer import leading_identifier
from cramf.lean.occurrences import Occurrence, Role
from cramf.lean.scope import Context, ScopeTracker, enclosing
from cramf.lean.syntax import Command, Declaration

__all__ = ["NameRules", "Scene"]

# Words that Lean's notation or elaborators take in terms, besides the keywords that the parser knows.
_TERM_WORDS = frozenset("_ exists rfl true false Type Prop Sort MOD ZMOD PMOD SMOD".split())
_CLOSED = frozenset({Kind.STRUCTURE, Kind.CLASS, Kind.INDUCTIVE, Kind.CLASS_INDUCTIVE, Kind.ATTESTED})
_VARIABLE = re.compile(r"[^\W\d_](?:[₀-₉0-9'])*|[^\W\d_]_[\w']{1,2}")
# A letter that some scope makes notation of, but that more often is a variable that nobody declared.
_LETTER = re.compile(r"[A-Za-zα-ωΑ-Ω](?<!π)")
_LONGEST_TOLD = 200
_LONGEST_TOKEN = 12


class Scene:
    """What one candidate has told of itself so far: its own declarations, universes and notation."""

    def __init__(self, vocabulary: Vocabulary, text: Text, resolved: dict[str, None]) -> None:
        self.text = text
        self.resolved = resolved
        self.own: set[str] = set()
        """Full names that the candidate declares."""
        self.members: set[str] = set()
        """Last components of these: dot notation finds a member by it, whatever its type is called."""
        self.universes: set[str] = set()
        self.own_notation: set[str] = set()
        self.namespaces: set[str] = set()
        self.read_to = 0
        """Up to here the text is part of a notation that was judged already."""
        self._places: dict[Context, Place] = {}

    def place(self, context: Context, table: NameTable) -> Place:
        found = self._places.get(context)
        if found is None:
            found = self._places[context] = Place(context, "", table)
        return found

    def declare(self, declaration: Declaration, namespace: str, constructors: Iterable[str] = ()) -> None:
        """Take in the names that a declaration of the candidate makes."""
        parts = [f.name for f in declaration.fields] + [c.name for c in declaration.constructors]
        parts += constructors
        for name in (declaration.name, *declaration.alias_names):
            if not name:
                continue
            rooted = name.startswith("_root_.") or not namespace
            whole = name.removeprefix("_root_.") if rooted else f"{namespace}.{name}"
            self.own.update((whole, *(f"{whole}.{part}" for part in parts)))
            self.members.update((whole.rpartition(".")[2], *parts))
            self.namespaces.update(enclosing(whole))

    def knows(self, word: str, context: Context) -> bool:
        """Whether a word or a beginning of it is a name of the candidate's own at a place."""
        if not self.own:
            return False
        opened = (o.name for o in context.opens)
        places = [f"{place}." for place in (*enclosing(context.namespace), *opened)]
        while word:
            if any(f"{place}{word}" in self.own for place in (*places, "")):
                return True
            word = word.rpartition(".")[0]
        return False


class NameRules:
    """Resolves identifiers and notation of a candidate against a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.table = vocabulary.table
        self.finder = NameFinder(vocabulary)
        self._notations = NotationTable(vocabulary.resolver_notations)
        unfold = vocabulary.unfolds.get
        self.resolver = Resolver(
            self.table, self._notations, vocabulary.head, vocabulary.parents, lambda n: unfold(n, "")
        )
        self._scopes = _scopes_of(vocabulary)
        self._complete: dict[str, bool] = {}
        self._words = {w for w in self._notations.words if len(w) > 1 and w.isupper()} | _TERM_WORDS

    @cached_property
    def _lasts(self) -> frozenset[str]:
        """The last components of all names: what no name ends in is no field of anything."""
        return frozenset(name.rpartition(".")[2] for name in self._vocabulary.declarations)

    # -- commands --------------------------------------------------------------------------------------------

    def opens(self, command: Command, scope: ScopeTracker, scene: Scene) -> Iterator[Diagnostic]:
        """Namespaces that an `open` names and that do not exist."""
        opened = [o.name for o in self.table.expand(scope.context)[1]]
        for name in command.names:
            plain = name.removeprefix("_root_.")
            outer = (*enclosing(scope.namespace), *opened)
            places = [f"{o}.{plain}" for o in outer] + [plain]
            if any(p in self.table.namespaces or p in scene.namespaces for p in places):
                continue
            at = _find(scene.text.source, name, command.start, command.end)
            yield scene.text.diagnostic(
                f"unknown namespace `{name}`",
                "unknown_namespace",
                at,
                at + len(name),
                name,
                self.finder.namespaces(name),
            )

    def _token_at(self, occurrence: Occurrence, scene: Scene) -> str:
        """The notation token that begins here and is longer than an identifier that begins here, or ""."""
        if occurrence.role not in (Role.NAME, Role.NOTATION):
            return ""
        run = scene.text.source[occurrence.start : occurrence.start + _LONGEST_TOKEN]
        token = max((t for t in scene.own_notation if t and run.startswith(t)), key=len, default="")
        longest = self._notations.longest(run)
        token = longest if len(longest) > len(token) else token
        return token if len(token) > len(leading_identifier(run)) else ""

    # -- identifiers -----------------------------------------------------------------------------------------

    def judge(self, occurrence: Occurrence, place: Place, scene: Scene) -> Iterator[Diagnostic]:
        """Diagnostics of one identifier or one use of notation."""
        if occurrence.start < scene.read_to:
            return
        token = self._token_at(occurrence, scene)
        if token:
            # `=Θ[`, `Gal(` and `→L[` are one token each to Lean, and their letters are no name.
            scene.read_to = occurrence.start + len(token)
            yield from self._token(token, occurrence, place, scene)
        elif occurrence.role is Role.NAME:
            yield from self._name(occurrence, place, scene)
        elif occurrence.role is Role.NOTATION:
            yield from self._notation(occurrence, place, scene)
        elif occurrence.role is Role.LEADING_DOT:
            first = occurrence.text.partition(".")[0]
            if first not in self._lasts and first not in scene.members:
                yield self._unknown_field(occurrence, occurrence.text, "", scene)
        else:
            head = self.resolver.head(occurrence.head, place) if occurrence.head else ""
            yield from self._fields(occurrence, head, occurrence.fields.split("."), scene)

    def _name(self, occurrence: Occurrence, place: Place, scene: Scene) -> Iterator[Diagnostic]:
        word = occurrence.text
        if scene.knows(word, place.context) or word in scene.own_notation:
            return
        found = place.found.get(word)
        if found is None:
            found = place.found[word] = self.table.resolve_longest(word, place.context)
        names, rest = found
        if names:
            scene.resolved.update(dict.fromkeys(names))
            yield from self._deprecated(occurrence, names, scene)
            if rest and len(names) == 1:
                # The name itself may be that of a namespace: `Foo.bar` with a declaration `Foo.bar.baz`.
                head = self._vocabulary.head(names[0])
                yield from self._fields(occurrence, head, rest.split("."), scene)
            return
        first = word.partition(".")[0]
        if first in self._notations or word in self._vocabulary.notations:
            token = first if first in self._notations else word
            if _LETTER.fullmatch(word) and not self._open(token, place):
                yield self._unknown(occurrence, place, scene)
                return
            yield from self._token(token, occurrence, place, scene)
            return
        if word in self._words:
            return
        yield self._unknown(occurrence, place, scene)

    def _unknown(self, occurrence: Occurrence, place: Place, scene: Scene) -> Diagnostic:
        word = occurrence.text
        shown = word if len(word) <= _LONGEST_TOLD else f"{word[:_LONGEST_TOLD]}…"
        source, start = scene.text.source, occurrence.start
        if source[start - 1 : start] == "\\":
            return self._told(
                f"`\\{shown}` is LaTeX; write the sign itself, such as ℝ or ≤",
                "syntax",
                occurrence,
                scene,
                (),
            )
        if source[start - 1 : start + 2] == "[X]" and source[start - 2 : start - 1].strip():
            message = "the notation `[X]` needs `open scoped Polynomial`"
            return self._told(
                message, "not_opened", occurrence, scene, ("open scoped Polynomial", "Polynomial")
            )
        if word.endswith("!") and len(word) > 1:
            message = f"`{shown}` is one name to Lean; write `{shown[:-1]} !` under `open scoped Nat`"
            return self._told(message, "not_opened", occurrence, scene, ("open scoped Nat", "Nat.factorial"))
        if _VARIABLE.fullmatch(word):
            # Under Lean's own default, not Mathlib's, it would become a variable of a type that Lean guesses.
            message = f"`{shown}` is bound nowhere; declare it with its type"
            return self._told(message, "autobound", occurrence, scene, ())
        nearest = self.finder.nearest(word, place.context)
        message = f"unknown identifier `{shown}`"
        if nearest and nearest[0].endswith(f".{word}") and nearest[0] in self.table.protected:
            message += f"; `{nearest[0]}` exists, and must be written in full"
        elif nearest and nearest[0].endswith(f".{word}"):
            message += (
                f"; `{nearest[0]}` exists: write it in full or open `{nearest[0].removesuffix(f'.{word}')}`"
            )
        return self._told(message, "unknown_identifier", occurrence, scene, nearest)

    def _told(
        self,
        message: str,
        category: str,
        occurrence: Occurrence,
        scene: Scene,
        suggestions: tuple[str, ...],
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        start = occurrence.start
        end = start + len(occurrence.text)
        return scene.text.diagnostic(message, category, start, end, occurrence.text, suggestions, severity)

    def notation_meaning(self, token: str, place: Place) -> tuple[str, ...]:
        """Declarations that a notation token stands for at a place; () where it is none."""
        if token not in self._notations or not self._open(token, place):
            return ()
        return self._notations.meaning(token, place.scopes)

    def _open(self, token: str, place: Place) -> bool:
        """Whether a token is notation at a place, by the scopes that are open there."""
        scopes = self._scopes.get(token, frozenset({""}))
        return "" in scopes or token in CORE_NOTATION or not scopes.isdisjoint(place.scopes)

    # -- dot notation ----------------------------------------------------------------------------------------

    def _fields(
        self, occurrence: Occurrence, head: str, steps: Sequence[str], scene: Scene
    ) -> Iterator[Diagnostic]:
        """Each field is looked for in the namespace of the type before it, its parents and its unfolding.

        Only of the first is its absence told: behind a function the type may be that of its values.
        """
        for number, step in enumerate(steps):
            if step in scene.members:
                return
            whole = self.resolver.field(head, step) if head else ""
            if whole:
                scene.resolved[whole] = None
                yield from self._deprecated(occurrence, (whole,), scene)
                head = self._vocabulary.head(whole)
            elif step not in self._lasts or (head and not number and occurrence.sure and self._closed(head)):
                yield self._unknown_field(occurrence, step, head, scene)
                return
            else:
                head = ""

    def _closed(self, head: str) -> bool:
        """Whether all fields of a type are known: its parents are, or it unfolds to such a type."""
        declaration = self._vocabulary.declarations.get(head)
        if declaration is None:
            return False
        if declaration.kind in _CLOSED:
            return self._parents_known(head)
        inner = self._vocabulary.unfolds.get(head, "")
        if inner == "Function":
            return True  # and what is a field of functions was looked for
        below = self._vocabulary.declarations.get(inner)
        return below is not None and below.kind in _CLOSED and self._parents_known(inner)

    def _parents_known(self, name: str) -> bool:
        """Whether every structure that one extends was resolved; some are written by notation."""
        known = self._complete.get(name)
        if known is None:
            after = self._vocabulary.signature(name).partition("extends ")[2]
            listed = len(top_level_commas(after)) + 1 if after else 0
            parents = self._vocabulary.parents.get(name, ())
            known = len(parents) >= listed and all(self._parents_known(p) for p in parents if p != name)
            self._complete[name] = known
        return known

    def _unknown_field(self, occurrence: Occurrence, step: str, head: str, scene: Scene) -> Diagnostic:
        whole = f"{head}.{step}" if head else step
        of = f" of `{head}`" if head else ": no name of Mathlib ends so"
        return self._told(
            f"unknown field `{step}`{of}",
            "unknown_field",
            occurrence,
            scene,
            self.finder.nearest(whole),
        )

    def _deprecated(
        self, occurrence: Occurrence, names: tuple[str, ...], scene: Scene
    ) -> Iterator[Diagnostic]:
        if not all(name in self._vocabulary.deprecated for name in names):
            return
        for name in names:
            declaration = self._vocabulary.declarations[name]
            since = f" since {declaration.since}" if declaration.since else ""
            instead = f"; use `{declaration.deprecated}`" if declaration.deprecated else ""
            message = f"`{declaration.name}` is deprecated{since}{instead}"
            suggestions = (declaration.deprecated,) if declaration.deprecated else ()
            yield self._told(message, "deprecated", occurrence, scene, suggestions, Severity.WARNING)

    # -- notation --------------------------------------------------------------------------------------------

    def _notation(self, occurrence: Occurrence, place: Place, scene: Scene) -> Iterator[Diagnostic]:
        """An identifier that something is written on to, as `ℝ` in `ℝ≥0`; signs are tokens or unknown."""
        word = leading_identifier(occurrence.text)
        if word:
            yield from self._name(Occurrence(Role.NAME, word, occurrence.start), place, scene)

    def _token(self, token: str, occurrence: Occurrence, place: Place, scene: Scene) -> Iterator[Diagnostic]:
        """Notation that some scope must be open for."""
        if token in scene.own_notation:
            return
        if self._open(token, place):
            meant = self._notations.meaning(token, place.scopes)
            # A token that several open scopes give a meaning is not decided here.
            scene.resolved.update(dict.fromkeys(meant if len(meant) == 1 else ()))
            return
        if not (token[0].isalpha() or len(token) > 1):
            return  # a single sign may be a part of notation that is not known
        means = {scope: self._notations.meaning(token, (scope,)) for scope in self._scopes[token]}
        used = {
            scope: max(map(self._vocabulary.popularity, found), default=0) for scope, found in means.items()
        }
        needed = sorted(means, key=lambda scope: (-used[scope], len(scope), scope))
        message = f"the notation `{token}` needs `open scoped {needed[0]}`"
        if len(needed) > 1:
            message += f" (or {', '.join(f'`{s}`' for s in needed[1:4])})"
        suggestions = (f"open scoped {needed[0]}", *means[needed[0]][:1])
        told = Occurrence(Role.NOTATION, token, occurrence.start)
        yield self._told(message, "not_opened", told, scene, suggestions)


def _scopes_of(vocabulary: Vocabulary) -> dict[str, frozenset[str]]:
    """For each token the scopes that give it a meaning, "" among them where one always does."""
    found: dict[str, set[str]] = {}
    for notation in vocabulary.resolver_notations:
        for token in notation.tokens:
            # Literals that are not the first stand inside other notation, as `∂` does in integrals.
            found.setdefault(token.strip(), set()).add(notation.scope)
    return {token: frozenset(scopes) for token, scopes in found.items()}


def top_level_commas(text: str) -> list[int]:
    """Offsets of the commas that no bracket encloses."""
    found: list[int] = []
    depth = 0
    for at, mark in enumerate(text):
        depth += (mark in "([{⟨⦃") - (mark in ")]}⟩⦄")
        if mark == "," and depth == 0:
            found.append(at)
    return found


def _find(source: str, name: str, start: int, end: int) -> int:
    at = source.find(name, start, end)
    return at if at >= 0 else start
