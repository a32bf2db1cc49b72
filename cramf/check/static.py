"""The static checker: every identifier of a candidate is resolved against an index's vocabulary.

It needs no Lean and takes milliseconds. What it calls valid is only this: the text is whole, nothing
forbidden is in it, every name exists in that Mathlib version where the candidate stands, and no argument is
plainly of the wrong number or kind. It never says that Lean accepts it.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from cramf.check.base import BaseChecker
from cramf.check.safety import screen_candidate
from cramf.check.static_arguments import ArgumentRules
from cramf.check.static_names import NameRules, Scene
from cramf.check.static_shape import no_theorem, shape_of, whole_statement
from cramf.check.static_text import Text
from cramf.check.verdict import Candidate, Diagnostic, Identity, Severity, Status, Verdict
from cramf.collector import collector_paused
from cramf.environment import default_core, default_index
from cramf.knowledge.core_library import load_core, with_core
from cramf.knowledge.store import KnowledgeBase
from cramf.knowledge.vocabulary import Vocabulary
from cramf.lean.commands import RawCommand, split_commands
from cramf.lean.declarations import parse_binders, parse_declaration
from cramf.lean.occurrences import ScopedReader
from cramf.lean.parser import ParsedFile, parse_file
from cramf.lean.scope import Context, ScopeTracker, enclosing, inside
from cramf.lean.syntax import Binder, Command, Declaration

__all__ = ["STATEMENTS", "VERSION", "StaticChecker"]

VERSION = "2"
"""Raised whenever a verdict of the static checker could change."""

STATEMENTS = frozenset({"theorem", "lemma", "example"})
_PROOF = re.compile(r":=\s*(?:by\s+)?sorry(?:--[^\n]*|end\b.*|\s)*\Z")
"""The end of a statement that proves nothing, so that nothing of it is left unread."""
_BODIES = frozenset({"def", "abbrev", "instance", "irreducible_def", "opaque"})


class StaticChecker(BaseChecker):
    """Checks candidates against a vocabulary. One instance serves many candidates and threads."""

    name = "static"

    def __init__(
        self,
        vocabulary: Vocabulary,
        toolchain: str = "",
        mathlib: str = "",
        unsure: frozenset[str] = frozenset(),
    ) -> None:
        """`unsure` are declarations whose arguments are not judged, see `eval/unsure_arguments.py`."""
        self._vocabulary = vocabulary
        self._names = NameRules(vocabulary)
        self._arguments = ArgumentRules(vocabulary, self._names, unsure)
        self._identity = Identity(self.name, VERSION, toolchain, mathlib)

    @classmethod
    def open(cls, index: Path | KnowledgeBase | None = None, core: Path | None = None) -> StaticChecker:
        """A checker of an index (the default one where None) and the names of Lean core.

        Raises:
            ResourceError: where the index or the names of Lean core are missing or damaged.
        """
        base = index if isinstance(index, KnowledgeBase) else KnowledgeBase.open(index or default_index())
        with collector_paused():
            library = load_core(core or default_core())
        table = base.manifest.files.get("declarations.parquet", "")
        version = "+".join((base.manifest.mathlib_commit or "unknown", table[:12], library.checksum[:12]))
        exceptions = (core or default_core()) / "unsure_arguments.txt"
        unsure = exceptions.read_text(encoding="utf-8").split() if exceptions.is_file() else []
        version += f"+{len(unsure)}:{zlib.crc32(' '.join(unsure).encode()):x}"
        with collector_paused():
            vocabulary = with_core(base.vocabulary(), library)
            return cls(vocabulary, base.manifest.toolchain, version, frozenset(unsure))

    def identity(self) -> Identity:
        return self._identity

    def check(self, candidate: Candidate) -> Verdict:
        """Verdict `valid`, `invalid` or, for forbidden Lean, `rejected`; `elaborated` is never set."""
        begun = time.perf_counter()
        _, refused = screen_candidate(candidate)
        resolved: dict[str, None] = {}
        if refused:
            status, found, detail = Status.REJECTED, list(refused), refused[0].message
        else:
            found = list(_once_each(self.diagnostics(Text(candidate), resolved)))
            wrong = any(d.severity is Severity.ERROR for d in found)
            status = Status.INVALID if wrong else Status.VALID
            detail = "some names do not resolve or the text is not whole"
            if not wrong and _PROOF.search(candidate.statement):
                detail = "every name resolves; Lean has not elaborated this"
            elif not wrong:
                detail = (
                    "every name of the statement resolves; the proof is unread; Lean has not elaborated this"
                )
        seconds = time.perf_counter() - begun
        return Verdict(
            self.name, status, tuple(found), detail=detail, resolved=tuple(resolved), seconds=seconds
        )

    def diagnostics(self, text: Text, resolved: dict[str, None] | None = None) -> Iterator[Diagnostic]:
        """Everything that is wrong with a text, unscreened; `resolved` collects the names that it means."""
        resolved = {} if resolved is None else resolved
        parsed = parse_file(text.source)
        broken = list(shape_of(parsed, text))
        yield from broken
        scope = ScopeTracker()
        scene = Scene(self._vocabulary, text, resolved)
        statements = 0
        for raw, command in zip(split_commands(parsed.source), parsed.commands, strict=True):
            declaration = command.declaration
            if declaration is None:
                scope.feed(command)
                yield from self._command(command, raw, parsed, scope, scene)
                continue
            yield from self._declaration(declaration, raw, parsed, scope, scene)
            scene.declare(declaration, scope.namespace, _alternatives(raw, parsed, declaration))
            if declaration.keyword in STATEMENTS:
                statements += 1
                yield from whole_statement(declaration, parsed, text)
            scope.finish_once()
        for line, message in scope.errors:
            yield text.at_line(message, line)
        if statements == 0 and not any(d.category == "lean3" for d in broken):
            yield no_theorem(parsed, text)

    def _command(
        self, command: Command, raw: RawCommand, parsed: ParsedFile, scope: ScopeTracker, scene: Scene
    ) -> Iterator[Diagnostic]:
        """A command that changes what names mean further on."""
        if command.kind == "universe":
            scene.universes.update(command.names)
        elif command.kind in ("open", "open scoped"):
            yield from self._names.opens(command, scope, scene)
        elif command.kind == "variable":
            reader = ScopedReader(parsed.source.tokens)
            _take_in(reader, scope.variables, scene)
            parse_binders(parsed.source, raw.keyword + 1, raw.end - raw.scoped_in, reader)
            yield from self._occurrences(reader, parsed, scope.context, scene)
        elif command.notation is not None:
            scene.own_notation.update(token.strip() for token in command.notation.tokens)
        elif command.kind in ("namespace", "section", "end"):
            scene.namespaces.update((scope.namespace, *enclosing(scope.namespace)))

    def _declaration(
        self,
        declaration: Declaration,
        raw: RawCommand,
        parsed: ParsedFile,
        scope: ScopeTracker,
        scene: Scene,
    ) -> Iterator[Diagnostic]:
        if declaration.keyword == "alias":
            return
        reader = ScopedReader(parsed.source.tokens)
        _take_in(reader, scope.variables, scene)
        reader.bound.update(declaration.universes)
        if declaration.keyword not in STATEMENTS and declaration.name:
            reader.bound.add(declaration.name)  # a definition may speak of itself
        reader.bound.update(_alternatives(raw, parsed, declaration))
        parse_declaration(parsed.source, raw, reader)
        if declaration.keyword in _BODIES:
            tokens = parsed.source.tokens
            starts = (i for i in range(raw.start, raw.end) if tokens[i].start >= declaration.body[0])
            body = next(starts, raw.end)
            # The fields of an instance have binders of their own and may be proofs, which say nothing here.
            fields = any(tokens[i].text in (":=", "where") for i in range(body + 1, raw.end))
            if body < raw.end and tokens[body].text in (":=", "|") and not fields:
                reader.read_body(body, raw.end)
        yield from self._occurrences(reader, parsed, inside(scope.context, declaration.name), scene)

    def _occurrences(
        self, reader: ScopedReader, parsed: ParsedFile, context: Context, scene: Scene
    ) -> Iterator[Diagnostic]:
        place = scene.place(context, self._names.table)
        scene.read_to = 0
        for offset in reader.old_lambdas:
            yield scene.text.diagnostic(
                "`λ x, e` is Lean 3; write `fun x ↦ e`",
                "lean3",
                offset,
                offset + 1,
                suggestions=("fun x ↦ e",),
            )
        for offset in reader.old_sums:
            yield scene.text.diagnostic(
                "`∑ x in s, f x` is no longer Mathlib's syntax; write `∑ x ∈ s, f x`",
                "syntax",
                offset,
                offset + 2,
                suggestions=("∈",),
            )
        for occurrence in reader.found:
            told = list(self._names.judge(occurrence, place, scene))
            yield from told
            if not told:
                yield from self._arguments.judge(occurrence, place, scene)


def _alternatives(raw: RawCommand, parsed: ParsedFile, declaration: Declaration) -> Iterator[str]:
    """Constructors of an inductive type that stand on one line, which the parser takes for its type."""
    if "inductive" in declaration.keyword:
        tokens = parsed.source.tokens
        for index in range(raw.keyword, raw.end - 1):
            if tokens[index].text == "|":
                yield tokens[index + 1].text


def _once_each(found: Iterator[Diagnostic]) -> Iterator[Diagnostic]:
    """The diagnostics, of those that say the same of the same name only the first."""
    told: set[tuple[str, str | None, str]] = set()
    for diagnostic in found:
        key = (diagnostic.category, diagnostic.name, diagnostic.message)
        if diagnostic.name is None or key not in told:
            yield diagnostic
        told.add(key)


def _take_in(reader: ScopedReader, variables: tuple[Binder, ...], scene: Scene) -> None:
    """Bind the names of `variable` commands and universes for a declaration."""
    reader.bound.update(scene.universes)
    for binder in variables:
        for name in binder.names:
            reader.bound.add(name)
            reader.heads[name] = reader.known_head(binder.head)
            reader.codomains[name] = reader.known_head(binder.codomain)
