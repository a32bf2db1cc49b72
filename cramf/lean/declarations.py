"""Parse one declaration: modifiers, attributes, binders, and the signature split from the body."""

from __future__ import annotations

from cramf.lean.brackets import Tokens, bracket_end, top_level
from cramf.lean.commands import MODIFIERS, RawCommand, SourceText
from cramf.lean.extends import extended, head_of_bound
from cramf.lean.heads import codomain_head, type_head
from cramf.lean.lexer import TokenKind
from cramf.lean.statement import Reader
from cramf.lean.syntax import Binder, Constructor, Declaration, Field, Uses
from cramf.lean.terms import free_identifiers, one_line

__all__ = ["docstring_text", "parse_binders", "parse_declaration", "prelude_of"]

_BINDER_OPENERS = {"(": ")", "{": "}", "⦃": "⦄", "[": "]"}
_LOCAL_DEFINITIONS = frozenset({"let", "have", "letI", "haveI", "let_fun", "suffices", "set"})
_BODY_WORDS = frozenset({"where", "deriving", "termination_by", "decreasing_by"})
_DATA = frozenset({"structure", "class", "inductive", "class inductive", "coinductive"})


def docstring_text(token: str) -> str:
    """A doc comment's text without its marks, white space at both ends removed."""
    return token.removeprefix("/--").removeprefix("/-!").removesuffix("-/").strip()


def prelude_of(source: SourceText, command: RawCommand) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Docstring, attribute entries and modifiers that stand before a command's keyword."""
    tokens = source.tokens
    docstring, attributes, modifiers = "", [], []
    index = command.start
    while index < command.keyword:
        token = tokens[index]
        if token.kind == TokenKind.DOC:
            docstring = docstring_text(token.text)
        elif token.text == "@[":
            stop = bracket_end(tokens, index, command.keyword)
            attributes += split_entries(source, index + 1, stop)
            index = stop
        elif token.text in MODIFIERS:
            modifiers.append(token.text)
        index += 1
    return docstring, tuple(attributes), tuple(modifiers)


def split_entries(source: SourceText, start: int, stop: int) -> list[str]:
    """The comma-separated entries of an attribute list, each on one line."""
    commas = [i for i in top_level(source.tokens, start, stop) if source.tokens[i].text == ","]
    ends = [*commas, stop]
    begins = [start, *(comma + 1 for comma in commas)]
    return [
        one_line(source, begin, end, keep_docs=True)
        for begin, end in zip(begins, ends, strict=True)
        if begin < end
    ]


def parse_binders(
    source: SourceText, index: int, stop: int, reader: Reader | None = None
) -> tuple[list[Binder], int]:
    """Binder groups from `index` on, and the index of the first token that is none.

    With a `reader` it reads them as part of one statement; without one each is read for itself.
    """
    tokens = source.tokens
    binders: list[Binder] = []
    while index < stop:
        token = tokens[index]
        if token.text in _BINDER_OPENERS:
            close = bracket_end(tokens, index, stop)
            binders.append(_bracketed(source, index, close, reader))
            index = close + 1
        elif token.text == "_" or (token.kind == TokenKind.IDENTIFIER and token.text not in _BREAKS):
            binders.append(Binder("", (token.text,), token.text, ()))
            if reader is not None:
                reader.bound.add(token.text)
            index += 1
        else:
            break
    return binders, index


_BREAKS = frozenset("where extends deriving with by in at".split())


def _bracketed(source: SourceText, start: int, close: int, reader: Reader | None) -> Binder:
    """The binder group between two brackets."""
    tokens = source.tokens
    opener = tokens[start].text
    colon = -1
    for index in top_level(tokens, start + 1, close):
        if tokens[index].text == ":":
            colon = index
        if tokens[index].text in (":", ":=", ","):
            break
    names: tuple[str, ...] = ()
    if colon >= 0:
        words = tokens[start + 1 : colon]
        if all(t.kind == TokenKind.IDENTIFIER for t in words):
            names = tuple(t.text for t in words)
        # `[∀ i, Foo (x i : T)]` has no name in front of its first colon.
        type_start = colon + 1 if names or opener != "[" else start + 1
    elif opener == "[":
        type_start = start + 1
    else:
        type_start = _before_default(tokens, start + 1, close)
        words = tokens[start + 1 : type_start]
        if all(t.kind == TokenKind.IDENTIFIER for t in words):
            names = tuple(t.text for t in words)
        else:
            type_start = start + 1
    type_end = _before_default(tokens, type_start, close)
    own = Reader(tokens) if reader is None else reader
    if names:
        own.declare(names, type_start, type_end)
    own.read(type_start, type_end)
    if type_end < close and reader is not None and opener == "(":
        # Lean keeps a default in the binder's type, as `optParam T v` or `autoParam T tactic`.
        tactic = type_end + 1 < close and tokens[type_end + 1].text == "by"
        own.add("autoParam" if tactic else "optParam")
        own.read(type_end + 1, close)
    text = one_line(source, start, type_end) + tokens[close].text if type_end < close else ""
    text = text or one_line(source, start, close + 1)
    name = names[0] if names else ""
    head, codomain = own.heads.get(name, ""), own.codomains.get(name, "")
    if reader is not None:
        return Binder(opener, names, text, (), head, codomain)
    uses = own.uses()
    return Binder(opener, names, text, uses.words, head, codomain, uses)


def _before_default(tokens: Tokens, start: int, stop: int) -> int:
    """End of a binder's type: before `:= default` where there is one, past the `:=` of a `let` in it."""
    pending = 0
    for index in top_level(tokens, start, stop):
        if tokens[index].text in _LOCAL_DEFINITIONS:
            pending += 1
        elif tokens[index].text == ":=":
            if not pending:
                return index
            pending -= 1
    return stop


def signature_end(source: SourceText, index: int, stop: int) -> int:
    """Index of the token that begins the body: `:=`, `where`, `|` of an equation, or the end."""
    tokens = source.tokens
    pending = 0
    decisive = -1
    for position in top_level(tokens, index, stop):
        kind, text, _ = tokens[position]
        if text == ":=":
            if not pending:
                return position
            pending -= 1
        elif text in _BODY_WORDS and kind == TokenKind.IDENTIFIER:
            return position
        elif text in _LOCAL_DEFINITIONS:
            pending += 1
        elif text == "|" and source.first_on_line(position):
            # It begins a pattern-matching alternative where `=>` comes before any `:=`.
            if decisive < position:
                ahead = top_level(tokens, position + 1, stop)
                decisive = next((i for i in ahead if tokens[i].text in ("=>", ":=")), stop)
            if decisive < stop and tokens[decisive].text == "=>":
                return position
    return stop


def parse_declaration(source: SourceText, command: RawCommand, reader: Reader | None = None) -> Declaration:
    """The declaration that a raw command holds; a `reader` that knows more than a new one reads it."""
    tokens = source.tokens
    docstring, attributes, modifiers = prelude_of(source, command)
    keyword = tokens[command.keyword].text
    index = command.keyword + 1
    stop = command.end
    line = source.lines.line(tokens[command.keyword].start)
    if keyword == "class" and index < stop and tokens[index].text in ("inductive", "abbrev"):
        keyword = f"class {tokens[index].text}"
        index += 1
    if keyword == "alias":
        return _alias(source, command, docstring, attributes, modifiers, line)
    if keyword == "instance":
        index = _skip_priority(tokens, index, stop)
    name = ""
    universes: tuple[str, ...] = ()
    if index < stop and tokens[index].kind == TokenKind.IDENTIFIER and tokens[index].text not in _BREAKS:
        name = tokens[index].text
        line = source.lines.line(tokens[index].start)
        index += 1
        if index + 1 < stop and tokens[index].text == "." and tokens[index + 1].text == "{":
            close = bracket_end(tokens, index + 1, stop)
            universes = tuple(t.text for t in tokens[index + 2 : close] if t.kind == TokenKind.IDENTIFIER)
            index = close + 1
    if keyword == "instance":
        index = _skip_priority(tokens, index, stop)
    head = index
    body = signature_end(source, index, stop)
    if keyword in _DATA:
        body = _first_alternative(source, index, body)
    reader = Reader(tokens) if reader is None else reader
    binders, index = parse_binders(source, index, body, reader)
    parents: tuple[str, ...] = ()
    type_end = body
    for position in range(index, body):
        if tokens[position].text == "extends" and tokens[position].kind == TokenKind.IDENTIFIER:
            parents, type_end = extended(tokens, position, body, reader), position
            break
    result_start = index + 1 if index < body and tokens[index].text == ":" else index
    # Since Lean v4.17 the type may follow `extends`; before, it came in front of it.
    result = one_line(source, result_start, type_end) if result_start < type_end else ""
    reader.bound.update(universes)
    reader.read(index, body)
    uses = reader.uses()
    fields: tuple[Field, ...] = ()
    constructors: tuple[Constructor, ...] = ()
    mk_name = "mk"
    if keyword in ("structure", "class") and body < stop:
        fields, mk_name = _fields(source, body, stop, reader)
    elif keyword in _DATA:
        constructors = _constructors(source, body, stop, reader, name)
    body_head = ""
    if keyword in ("abbrev", "def") and body < stop and tokens[body].text == ":=":
        body_head = head_of_bound(type_head(tokens, body + 1, stop), reader)
    return Declaration(
        keyword=keyword,
        name=name,
        line=line,
        modifiers=modifiers,
        attributes=attributes,
        docstring=docstring,
        binders=tuple(binders),
        result=result,
        signature=one_line(source, head, body),
        uses=uses,
        head=codomain_head(tokens, result_start, type_end) if result_start < type_end else "",
        body_head=body_head,
        body=(tokens[body].start if body < stop else tokens[stop - 1].end, tokens[stop - 1].end),
        body_words=frozenset()
        if keyword in ("theorem", "lemma")
        else _body_words(tokens, body, stop, uses.bound),
        universes=universes,
        fields=fields,
        constructors=constructors,
        parents=parents,
        deriving=_deriving(tokens, body, stop) if keyword in _DATA else (),
        mk_name=mk_name,
    )


def _body_words(tokens: Tokens, body: int, stop: int, bound: frozenset[str]) -> frozenset[str]:
    """First components of the identifiers free in a body, outside tactic blocks."""
    identifiers, _, inside = free_identifiers(tokens, body, stop)
    return frozenset(x.partition(".")[0] for x in identifiers) - inside - bound


def _skip_priority(tokens: Tokens, index: int, stop: int) -> int:
    """Past `(priority := 100)`."""
    if index + 1 < stop and tokens[index].text == "(" and tokens[index + 1].text == "priority":
        return bracket_end(tokens, index, stop) + 1
    return index


def _first_alternative(source: SourceText, start: int, stop: int) -> int:
    """Where an inductive type's constructors begin when no `where` or `:=` announces them."""
    for index in range(start, stop):
        if source.tokens[index].text == "|" and source.first_on_line(index):
            return index
    return stop


def _fields(source: SourceText, body: int, stop: int, reader: Reader) -> tuple[tuple[Field, ...], str]:
    """Fields of a structure whose body begins at `where` (or `:=`), and the constructor's name.

    A field begins in the column of the first one; what stands further right belongs to its type.
    """
    tokens = source.tokens
    index = body + 1
    mk_name = "mk"
    stop = next((i for i in range(index, stop) if tokens[i].text == "deriving"), stop)
    position = index
    while position < stop and (tokens[position].kind == TokenKind.DOC or tokens[position].text in MODIFIERS):
        position += 1
    if position + 1 < stop and tokens[position + 1].text == "::":
        mk_name = tokens[position].text
        index = position + 2
    if index >= stop:
        return (), mk_name
    column = source.lines.position(tokens[index].start)[1]
    begins = [
        i
        for i in range(index, stop)
        if i == index or (source.first_on_line(i) and source.lines.position(tokens[i].start)[1] == column)
    ]
    fields: list[Field] = []
    docstring = ""
    for number, begin in enumerate(begins):
        end = begins[number + 1] if number + 1 < len(begins) else stop
        position = begin
        protected = private = False
        while position < end:
            token = tokens[position]
            protected = protected or token.text == "protected"
            private = private or token.text == "private"
            if token.kind == TokenKind.DOC:
                docstring = docstring_text(token.text)
            elif token.text == "@[":
                position = bracket_end(tokens, position, end)
            elif token.text not in MODIFIERS:
                break
            position += 1
        if position >= end:
            continue  # a doc comment on a line of its own: the field comes next
        names, start = _field_names(tokens, position, end)
        if tokens[position].text in _BINDER_OPENERS:
            end = bracket_end(tokens, position, end)
        type_end = _before_default(tokens, start, end)
        line = source.lines.line(tokens[position].start)
        text = one_line(source, start, type_end)
        head, uses = _read_field(tokens, start, type_end, reader, names)
        fields += [Field(name, line, text, docstring, protected, head, uses, private) for name in names]
        docstring = ""
    return tuple(fields), mk_name


def _read_field(tokens: Tokens, start: int, stop: int, outer: Reader, names: list[str]) -> tuple[str, Uses]:
    """Head of a field's type and what it speaks of; the names of the fields before it are bound."""
    colon = next((i for i in top_level(tokens, start, stop) if tokens[i].text == ":"), -1)
    if colon < 0:
        return "", Uses()  # a new default for a parent's field
    reader = outer.inner()
    for index in top_level(tokens, start, colon):
        if tokens[index].text in _BINDER_OPENERS:
            reader.read_group(index, bracket_end(tokens, index, stop))
        elif tokens[index].kind == TokenKind.IDENTIFIER:
            reader.bound.add(tokens[index].text)
    reader.read(colon + 1, stop)
    outer.declare(names, colon + 1, stop)
    return codomain_head(tokens, colon + 1, stop), reader.uses()


def _field_names(tokens: Tokens, index: int, stop: int) -> tuple[list[str], int]:
    """Names that a field line declares, and where its binders or type begin.

    Only a bracketed line declares several: in `out xs : T` the second word is a binder.
    """
    if tokens[index].text not in _BINDER_OPENERS:
        return [tokens[index].text] if tokens[index].text not in _BREAKS else [], index + 1
    position = index + 1
    names: list[str] = []
    while position < stop and tokens[position].kind == TokenKind.IDENTIFIER:
        names.append(tokens[position].text)
        position += 1
    return [n for n in names if n not in _BREAKS], position


def _constructors(
    source: SourceText, body: int, stop: int, outer: Reader, name: str
) -> tuple[Constructor, ...]:
    """Constructors of an inductive type, whose own name is bound in them."""
    tokens = source.tokens
    found: list[Constructor] = []
    bars = [i for i in top_level(tokens, body, stop) if tokens[i].text in ("|", "deriving")]
    for bar, end in zip(bars, [*bars[1:], stop], strict=False):
        position = bar + 1
        while position < end and (
            tokens[position].kind == TokenKind.DOC
            or tokens[position].text == "@["
            or tokens[position].text in MODIFIERS
        ):
            position = (
                bracket_end(tokens, position, end) + 1 if tokens[position].text == "@[" else position + 1
            )
        if tokens[bar].text == "|" and position < end and tokens[position].kind == TokenKind.IDENTIFIER:
            line = source.lines.line(tokens[position].start)
            reader = outer.inner()
            reader.bound.add(name)
            index = parse_binders(source, position + 1, end, reader)[1]
            reader.read(index, end)
            text = one_line(source, position + 1, end)
            found.append(Constructor(tokens[position].text, line, text, reader.uses()))
    return tuple(found)


def _deriving(tokens: Tokens, body: int, stop: int) -> tuple[str, ...]:
    """Classes of a trailing `deriving` clause."""
    for index in range(stop - 1, body - 1, -1):
        if tokens[index].text == "deriving":
            return tuple(t.text for t in tokens[index + 1 : stop] if t.kind == TokenKind.IDENTIFIER)
    return ()


def _alias(
    source: SourceText,
    command: RawCommand,
    docstring: str,
    attributes: tuple[str, ...],
    modifiers: tuple[str, ...],
    line: int,
) -> Declaration:
    """`alias a := b` and `alias ⟨a, b⟩ := c`; a `_` among the names declares nothing."""
    tokens = source.tokens
    words = tokens[command.keyword + 1 : command.end]
    split = next((i for i, t in enumerate(words) if t.text == ":="), len(words))
    names = tuple(t.text for t in words[:split] if t.kind == TokenKind.IDENTIFIER and t.text != "_")
    target = next((t.text for t in words[split + 1 :] if t.kind == TokenKind.IDENTIFIER), "")
    return Declaration(
        keyword="alias",
        name=names[0] if names else "",
        line=line,
        modifiers=modifiers,
        attributes=attributes,
        docstring=docstring,
        binders=(),
        result="",
        signature="",
        uses=Uses((target,), (1,)) if target else Uses(),
        body=(tokens[command.end - 1].end, tokens[command.end - 1].end),
        alias_of=target,
        alias_names=names,
    )
