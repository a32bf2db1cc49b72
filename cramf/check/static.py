"""The static checker: every identifier of a candidate is resolved against an index's vocabulary.

It needs no Lean and takes milliseconds. What it calls valid is only this: the text is whole, nothing
forbidden is in it, and every name exists in that Mathlib version. It never says that Lean accepts it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from cramf.check.names import NameFinder
from cramf.check.safety import screen_candidate
from cramf.check.verdict import Candidate, Diagnostic, Severity, Status, Verdict
from cramf.knowledge.vocabulary import Vocabulary
from cramf.lean.lexer import TokenKind
from cramf.lean.parser import ParsedFile, parse_file
from cramf.lean.scope import Context, ScopeTracker, enclosing
from cramf.lean.syntax import Binder, Command, Declaration

__all__ = ["StaticChecker"]

_PAIRS = {"(": ")", "[": "]", "{": "}", "⟨": "⟩", "⦃": "⦄", "@[": "]", "#[": "]", "%[": "]", "$(": ")"}
_CLOSERS = frozenset(_PAIRS.values())
_STATEMENTS = frozenset({"theorem", "lemma", "example"})
# Words that Lean's notation or elaborators take in terms, besides the keywords that the parser knows.
_TERM_WORDS = frozenset("_ exists rfl true false Type Prop Sort MOD ZMOD PMOD SMOD".split())


class StaticChecker:
    """Checks candidates against a vocabulary. One instance serves many candidates and threads."""

    name = "static"

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._table = vocabulary.table
        self._finder = NameFinder(vocabulary)

    def check(self, candidate: Candidate) -> Verdict:
        """Verdict `valid`, `invalid` or, for forbidden Lean, `rejected`; `elaborated` is never set."""
        begun = time.perf_counter()
        _, refused = screen_candidate(candidate)
        if refused:
            return self._verdict(Status.REJECTED, list(refused), refused[0].message, begun)
        # The parser reads plain newlines, and positions count in what it read.
        header = candidate.header.replace("\r\n", "\n").rstrip()
        source = f"{header}\n\n{candidate.statement.replace(chr(13) + chr(10), chr(10)).strip()}\n"
        offset = len(header) + 2
        resolved: dict[str, None] = {}
        found = list(self._diagnostics(source, offset, resolved))
        wrong = any(d.severity is Severity.ERROR for d in found)
        detail = (
            "some names do not resolve or the text is not whole"
            if wrong
            else "every name resolves; Lean has not elaborated this"
        )
        status = Status.INVALID if wrong else Status.VALID
        return self._verdict(status, found, detail, begun, tuple(resolved))

    def _verdict(
        self,
        status: Status,
        found: list[Diagnostic],
        detail: str,
        begun: float,
        resolved: tuple[str, ...] = (),
    ) -> Verdict:
        seconds = time.perf_counter() - begun
        return Verdict(self.name, status, tuple(found), detail=detail, resolved=resolved, seconds=seconds)

    def _diagnostics(self, source: str, offset: int, resolved: dict[str, None]) -> Iterator[Diagnostic]:
        parsed = parse_file(source)
        place = _Place(parsed, offset, resolved)
        for error in parsed.errors:
            yield Diagnostic(Severity.ERROR, error.message, "syntax", line=place.relative(error.line))
        yield from _brackets(parsed, place)
        scope = ScopeTracker()
        local: set[str] = set()
        statements = 0
        for command in parsed.commands:
            if command.declaration is None:
                scope.feed(command)
                if command.kind == "universe":
                    local.update(command.names)
                elif command.kind in ("open", "open scoped"):
                    yield from self._opens(command, scope.namespace, place)
                elif command.kind == "variable":
                    for binder in command.binders:
                        local.update(binder.names)
                    words = [w for b in command.binders for w in b.identifiers]
                    yield from self._words(words, scope.context, local, {}, command, place)
                continue
            declaration = command.declaration
            context = scope.context
            yield from self._declaration(declaration, context, local, scope.variables, command, place)
            if declaration.name:
                name = declaration.name
                local.add(f"{scope.namespace}.{name}" if scope.namespace else name)
                local.add(name)
            statements += declaration.keyword in _STATEMENTS
            scope.finish_once()
        if statements == 0:
            yield Diagnostic(Severity.ERROR, "there is no theorem in the candidate", "syntax")

    def _opens(self, command: Command, namespace: str, place: _Place) -> Iterator[Diagnostic]:
        for name in command.names:
            places = [f"{outer}.{name}" for outer in enclosing(namespace)] + [name]
            if not any(p in self._table.namespaces for p in places):
                yield Diagnostic(
                    Severity.ERROR,
                    f"unknown namespace `{name}`",
                    "unknown_namespace",
                    name,
                    place.relative(command.line),
                    suggestions=self._finder.namespaces(name),
                )

    def _declaration(
        self,
        declaration: Declaration,
        context: Context,
        local: set[str],
        variables: tuple[Binder, ...],
        command: Command,
        place: _Place,
    ) -> Iterator[Diagnostic]:
        bound = local | declaration.bound
        heads = {n: b.head for b in (*variables, *declaration.binders) for n in b.names if b.head}
        for part in (*declaration.binders, *variables):
            bound.update(part.names)
        yield from self._words(list(declaration.identifiers), context, bound, heads, command, place)
        for head, fields, _ in declaration.uses.dots:
            if head[0] not in "?@" and "|" not in head:
                yield from self._field(f".{fields}", head, fields, context, command, place)
        begin, end = declaration.body
        if declaration.keyword in _STATEMENTS:
            body = place.parsed.source.text[begin:end].strip()
            proof = body.removeprefix(":=").strip()
            if not body.startswith(":=") or proof in ("", "by"):
                line, column = place.position(begin)
                yield Diagnostic(
                    Severity.ERROR,
                    "the statement does not end in `:= by sorry`",
                    "syntax",
                    line=line,
                    column=column,
                    suggestions=(":= by sorry",),
                )

    def _words(
        self,
        words: list[str],
        context: Context,
        bound: set[str],
        heads: dict[str, str],
        command: Command,
        place: _Place,
    ) -> Iterator[Diagnostic]:
        """Diagnostics for the identifiers of one command."""
        for word in words:
            first, _, rest = word.partition(".")
            if first in bound:
                if rest and heads.get(first):
                    yield from self._field(word, heads[first], rest, context, command, place)
                continue
            if first in self._vocabulary.notations:
                meant = self._vocabulary.notations[first]
                # A token that several scopes give a meaning is not decided here.
                place.resolved.update(dict.fromkeys(meant if len(meant) == 1 else ()))
                continue
            if word in _TERM_WORDS:
                continue
            names, _ = self._table.resolve_longest(word, context)
            if not names:
                line, column = place.find(command, word)
                yield Diagnostic(
                    Severity.ERROR,
                    f"unknown identifier `{word}`",
                    "unknown_identifier",
                    word,
                    line,
                    column,
                    self._finder.nearest(word, context),
                )
                continue
            place.resolved.update(dict.fromkeys(names))
            yield from self._deprecated(word, names, command, place)

    def _field(
        self,
        word: str,
        head: str,
        rest: str,
        context: Context,
        command: Command,
        place: _Place,
    ) -> Iterator[Diagnostic]:
        """Dot notation on a local name is only judged where its type's own field is deprecated.

        A field may come from a parent or by unfolding, so that its absence proves nothing.
        """
        heads = self._table.resolve(head, context) or self._vocabulary.notations.get(head, ())
        for name in heads[:1]:
            whole = f"{name}.{rest.partition('.')[0]}"
            if self._table.known(whole):
                place.resolved[whole] = None
                yield from self._deprecated(word, (whole,), command, place)

    def _deprecated(
        self, word: str, names: tuple[str, ...], command: Command, place: _Place
    ) -> Iterator[Diagnostic]:
        found = [self._vocabulary.declarations.get(name) for name in names]
        if not all(d is not None and d.deprecated is not None for d in found):
            return
        line, column = place.find(command, word)
        for declaration in found:
            assert declaration is not None
            since = f" since {declaration.since}" if declaration.since else ""
            instead = f"; use `{declaration.deprecated}`" if declaration.deprecated else ""
            yield Diagnostic(
                Severity.WARNING,
                f"`{declaration.name}` is deprecated{since}{instead}",
                "deprecated",
                word,
                line,
                column,
                (declaration.deprecated,) if declaration.deprecated else (),
            )


@dataclass(frozen=True, slots=True)
class _Place:
    """Positions in the whole text to positions in the statement, which begins at `offset`."""

    parsed: ParsedFile
    offset: int
    resolved: dict[str, None]
    """Collects the full names that identifiers were found to mean."""

    def relative(self, line: int) -> int | None:
        """Line in the statement, or None for a line of the header."""
        first = self.parsed.source.lines.line(self.offset)
        return line - first + 1 if line >= first else None

    def position(self, offset: int) -> tuple[int | None, int | None]:
        line, column = self.parsed.source.lines.position(offset)
        inside = self.relative(line)
        return (inside, column) if inside is not None else (None, None)

    def find(self, command: Command, word: str) -> tuple[int | None, int | None]:
        """Where an identifier first occurs in a command; `.field` stands for dot notation on any name."""
        for token in self.parsed.source.tokens:
            fits = token.text == word or (word[0] == "." and token.text.endswith(word))
            if token.start >= command.start and fits and token.kind == TokenKind.IDENTIFIER:
                return self.position(token.start)
        return None, None


def _brackets(parsed: ParsedFile, place: _Place) -> Iterator[Diagnostic]:
    """Brackets that do not match."""
    stack: list[tuple[str, int]] = []
    for token in parsed.source.tokens:
        if token.text in _PAIRS:
            stack.append((token.text, token.start))
        elif token.text in _CLOSERS:
            line, column = place.position(token.start)
            # Half-open intervals such as `]a, b[` do not exist in Lean, so any mismatch is an error.
            if not stack or _PAIRS[stack[-1][0]] != token.text:
                yield Diagnostic(
                    Severity.ERROR, f"`{token.text}` closes nothing", "syntax", None, line, column
                )
                return
            stack.pop()
    for text, start in stack[-1:]:
        line, column = place.position(start)
        yield Diagnostic(Severity.ERROR, f"`{text}` is not closed", "syntax", None, line, column)
