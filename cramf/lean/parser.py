"""Parse a Lean file into commands: declarations and what changes the scope."""

from __future__ import annotations

from dataclasses import dataclass

from cramf.lean.brackets import bracket_end
from cramf.lean.commands import DECLARATION_KEYWORDS, RawCommand, SourceText, split_commands
from cramf.lean.declarations import parse_binders, parse_declaration, prelude_of, split_entries
from cramf.lean.lexer import TokenKind
from cramf.lean.syntax import Command, NotationCommand, ParseError
from cramf.lean.terms import free_identifiers

__all__ = ["ParsedFile", "parse_file"]

_NOTATION = frozenset("notation notation3 infix infixl infixr prefix postfix".split())
_SYNTAX = frozenset("macro syntax elab".split())
_NAMED = frozenset("namespace section end universe include omit import export attribute".split())


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """Commands of one file in order, and what could not be read."""

    commands: tuple[Command, ...]
    errors: tuple[ParseError, ...]
    source: SourceText


def parse_file(text: str, proofs: bool = True) -> ParsedFile:
    """Parse Lean source text. Never raises for any text; what cannot be read is listed in `errors`.

    With `proofs` false most proofs are passed over unread, which takes half the time.
    """
    source = SourceText.read(text.removeprefix("\ufeff").replace("\r\n", "\n"), proofs)
    errors = [ParseError(source.lines.line(e.offset), e.message) for e in source.errors]
    commands: list[Command] = []
    for raw in split_commands(source):
        command = _command(source, raw)
        commands.append(command)
        declaration = command.declaration
        if (
            declaration is not None
            and not declaration.name
            and declaration.keyword not in ("instance", "example", "alias")
        ):
            errors.append(ParseError(command.line, f"{declaration.keyword} without a name"))
    return ParsedFile(tuple(commands), tuple(errors), source)


def _command(source: SourceText, raw: RawCommand) -> Command:
    tokens = source.tokens
    keyword = tokens[raw.keyword].text
    line = source.lines.line(tokens[raw.keyword].start)
    start, end = tokens[raw.start].start, tokens[raw.end - 1].end
    if keyword in DECLARATION_KEYWORDS:
        declaration = parse_declaration(source, raw)
        return Command(keyword, line, start, end, declaration=declaration)
    first, stop = raw.keyword + 1, raw.end - raw.scoped_in
    if keyword in _NOTATION or (keyword in _SYNTAX and _makes_terms(source, raw)):
        return Command(
            keyword, line, start, end, notation=_notation(source, raw), scope_name=_scope_name(source, raw)
        )
    if keyword in ("variable", "variable?"):
        binders, _ = parse_binders(source, first, stop)
        return Command("variable", line, start, end, binders=tuple(binders), scoped_in=raw.scoped_in)
    if keyword == "open":
        return _open(source, raw, first, stop, line)
    names: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    if keyword in _NAMED:
        if keyword == "attribute" and first < stop and tokens[first].text == "[":
            close = bracket_end(tokens, first, stop)
            attributes = tuple(split_entries(source, first + 1, close))
            first = close + 1
        if keyword == "export" and first + 1 < stop:
            only = tuple(t.text for t in tokens[first + 1 : stop] if t.kind == TokenKind.IDENTIFIER)
            stop = first + 1
        if keyword in ("namespace", "section", "end"):
            # The name stands on the keyword's own line; a bare `end` or `section` has none.
            stop = min(stop, first + 1)
            if first < stop and source.lines.line(tokens[first].start) != line:
                stop = first
        names = tuple(t.text for t in tokens[first:stop] if t.kind == TokenKind.IDENTIFIER)
        if keyword == "omit":
            # What is omitted is told by the binder's whole text, as in `omit [Group α]`.
            omitted, _ = parse_binders(source, first, stop)
            names = tuple(b.text for b in omitted)
    _, _, modifiers = prelude_of(source, raw)
    text = " ".join(modifiers)
    place = _scope_name(source, raw) if keyword == "attribute" else ""
    return Command(
        keyword,
        line,
        start,
        end,
        names,
        text,
        raw.scoped_in,
        attributes=attributes,
        only=only,
        scope_name=place,
    )


def _makes_terms(source: SourceText, raw: RawCommand) -> bool:
    """Whether a `macro` or `syntax` command extends terms, as its `: term` says."""
    tokens = source.tokens
    for index in range(raw.keyword + 1, min(raw.end, raw.keyword + 60)):
        if tokens[index].text == "=>":
            return False
        following = tokens[index + 1].text if index + 1 < raw.end else ""
        if tokens[index].text == ":" and following == "term":
            # `x:term` is an argument, and it is never the last thing before the arrow.
            after = tokens[index + 2].text if index + 2 < raw.end else "=>"
            if after == "=>":
                return True
    return False


def _scope_name(source: SourceText, raw: RawCommand) -> str:
    """The `N` of `scoped[N]`, or ""."""
    words = [t.text for t in source.tokens[raw.start : raw.keyword]]
    for index, word in enumerate(words[:-2]):
        if word == "scoped" and words[index + 1] == "[":
            return words[index + 2]
    return ""


def _open(source: SourceText, raw: RawCommand, index: int, stop: int, line: int) -> Command:
    """`open A B`, `open scoped A`, `open A (x y)`, `open A hiding x`, `open A renaming x → y`."""
    tokens = source.tokens
    names: list[str] = []
    only: list[str] = []
    hiding: list[str] = []
    renaming: list[tuple[str, str]] = []
    kind = "open"
    if index < stop and tokens[index].text == "scoped":
        kind, index = "open scoped", index + 1
    mode = "names"
    while index < stop:
        token = tokens[index]
        if token.text in ("in", "@[") or source.lines.position(token.start)[1] == 0:
            break  # a command whose keyword is not known follows
        if token.text == "(":
            close = bracket_end(tokens, index, stop)
            only += [t.text for t in tokens[index + 1 : close] if t.kind == TokenKind.IDENTIFIER]
            index = close
        elif token.text in ("hiding", "renaming"):
            mode = token.text
        elif token.kind == TokenKind.IDENTIFIER:
            if mode == "names":
                names.append(token.text)
            elif mode == "hiding":
                hiding.append(token.text)
            elif index + 2 < stop and tokens[index + 1].text in ("→", "->"):
                renaming.append((token.text, tokens[index + 2].text))
                index += 2
        index += 1
    start, end = tokens[raw.start].start, tokens[raw.end - 1].end
    return Command(
        kind,
        line,
        start,
        end,
        tuple(names),
        scoped_in=raw.scoped_in,
        only=tuple(only),
        hiding=tuple(hiding),
        renaming=tuple(renaming),
    )


def _notation(source: SourceText, raw: RawCommand) -> NotationCommand:
    tokens = source.tokens
    docstring, _, modifiers = prelude_of(source, raw)
    arrow = next((i for i in range(raw.keyword, raw.end) if tokens[i].text in ("=>", "↦")), raw.end)
    literals = [t.text.strip('"').strip() for t in tokens[raw.keyword : arrow] if t.kind == TokenKind.STRING]
    arguments = {t.text for t in tokens[raw.keyword + 1 : arrow] if t.kind == TokenKind.IDENTIFIER}
    identifiers, _, bound = free_identifiers(tokens, arrow + 1, raw.end)
    name = ""
    for index in range(raw.keyword, arrow - 4):
        if tokens[index].text == "(" and tokens[index + 1].text == "name" and tokens[index + 2].text == ":=":
            name = tokens[index + 3].text
    return NotationCommand(
        keyword=tokens[raw.keyword].text,
        line=source.lines.line(tokens[raw.keyword].start),
        tokens=tuple(x for x in literals if x),
        identifiers=tuple(x for x in identifiers if x not in arguments and x not in bound),
        docstring=docstring,
        scoped="scoped" in modifiers,
        local="local" in modifiers,
        name=name,
    )
