"""Parse one declaration: modifiers, attributes, binders, and the signature split from the body."""

from __future__ import annotations

from cramf.lean.brackets import Tokens, bracket_end, top_level
from cramf.lean.commands import MODIFIERS, RawCommand, SourceText
from cramf.lean.lexer import TokenKind
from cramf.lean.syntax import Binder, Constructor, Declaration, Field
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


def parse_binders(source: SourceText, index: int, stop: int) -> tuple[list[Binder], int]:
    """Binder groups from `index` on, and the index of the first token that is none."""
    tokens = source.tokens
    binders: list[Binder] = []
    while index < stop:
        token = tokens[index]
        if token.text in _BINDER_OPENERS:
            close = bracket_end(tokens, index, stop)
            binders.append(_bracketed(source, index, close))
            index = close + 1
        elif token.text == "_" or (token.kind == TokenKind.IDENTIFIER and token.text not in _BREAKS):
            binders.append(Binder("", (token.text,), token.text, ()))
            index += 1
        else:
            break
    return binders, index


_BREAKS = frozenset("where extends deriving with by in at".split())


def _bracketed(source: SourceText, start: int, close: int) -> Binder:
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
        type_start = colon + 1
    elif opener == "[":
        type_start = start + 1
    else:
        words = tokens[start + 1 : close]
        if all(t.kind == TokenKind.IDENTIFIER for t in words):
            names = tuple(t.text for t in words)
            type_start = close
        else:
            type_start = start + 1
    type_end = _before_default(tokens, type_start, close)
    identifiers, _, _ = free_identifiers(tokens, type_start, type_end)
    head = ""
    if type_start < type_end and tokens[type_start].kind == TokenKind.IDENTIFIER:
        head = tokens[type_start].text
        # `f : X → Y` is a function, not an element of `X`, so dot notation on it means `Function`.
        if any(t.text[0] == "→" for t in tokens[type_start:type_end]):
            head = ""
    text = one_line(source, start, type_end) + tokens[close].text if type_end < close else ""
    return Binder(opener, names, text or one_line(source, start, close + 1), tuple(identifiers), head)


def _before_default(tokens: Tokens, start: int, stop: int) -> int:
    """End of a binder's type: before `:= default` where there is one."""
    return next((i for i in top_level(tokens, start, stop) if tokens[i].text == ":="), stop)


def signature_end(source: SourceText, index: int, stop: int) -> int:
    """Index of the token that begins the body: `:=`, `where`, `|` of an equation, or the end."""
    tokens = source.tokens
    pending = 0
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
        elif text == "|" and source.first_on_line(position) and _is_equation(tokens, position, stop):
            return position
    return stop


def _is_equation(tokens: Tokens, index: int, stop: int) -> bool:
    """Whether `|` begins a pattern-matching alternative: `=>` comes before any `:=`."""
    ends = (tokens[i].text for i in top_level(tokens, index + 1, stop) if tokens[i].text in ("=>", ":="))
    return next(ends, "") == "=>"


def parse_declaration(source: SourceText, command: RawCommand) -> Declaration:
    """The declaration that a raw command holds."""
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
    binders, index = parse_binders(source, index, body)
    parents: tuple[str, ...] = ()
    type_end = body
    for position in range(index, body):
        if tokens[position].text == "extends" and tokens[position].kind == TokenKind.IDENTIFIER:
            parents, type_end = _parents(source, position, body)
            break
    result_start = index + 1 if index < body and tokens[index].text == ":" else index
    # Since Lean v4.17 the type may follow `extends`; before, it came in front of it.
    result = one_line(source, result_start, type_end) if result_start < type_end else ""
    identifiers, symbols, bound = free_identifiers(tokens, head, body)
    bound.update(universes)
    for binder in binders:
        bound.update(binder.names)
    fields: tuple[Field, ...] = ()
    constructors: tuple[Constructor, ...] = ()
    mk_name = "mk"
    if keyword in ("structure", "class") and body < stop:
        fields, mk_name = _fields(source, body, stop)
    elif keyword in _DATA:
        constructors = _constructors(source, body, stop)
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
        identifiers=tuple(x for x in identifiers if x not in bound),
        symbols=tuple(symbols),
        bound=frozenset(bound),
        body=(tokens[body].start if body < stop else tokens[stop - 1].end, tokens[stop - 1].end),
        body_words=frozenset() if keyword in ("theorem", "lemma") else _body_words(tokens, body, stop, bound),
        universes=universes,
        fields=fields,
        constructors=constructors,
        parents=parents,
        deriving=_deriving(tokens, body, stop) if keyword in _DATA else (),
        mk_name=mk_name,
    )


def _body_words(tokens: Tokens, body: int, stop: int, bound: set[str]) -> frozenset[str]:
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


def _parents(source: SourceText, index: int, stop: int) -> tuple[tuple[str, ...], int]:
    """Parents after `extends`, and the index of the `extends` token where the type before it ends."""
    tokens = source.tokens
    names: list[str] = []
    expects = True
    for position in top_level(tokens, index + 1, stop):
        kind, text, _ = tokens[position]
        if text == ":" and not expects:
            # `extends A, B : Type u` ends in a type; `extends A, toB : B` names a projection.
            following = tokens[position + 1].text if position + 1 < stop else ""
            if following in ("Type", "Prop", "Sort", ""):
                break
            names.pop()
            expects = True
            continue
        if text == ",":
            expects = True
        elif expects and kind == TokenKind.IDENTIFIER:
            names.append(text)
            expects = False
    return tuple(names), index


def _fields(source: SourceText, body: int, stop: int) -> tuple[tuple[Field, ...], str]:
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
        protected = False
        while position < end:
            token = tokens[position]
            protected = protected or token.text == "protected"
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
        fields += [Field(name, line, text, docstring, protected) for name in names]
        docstring = ""
    return tuple(fields), mk_name


def _field_names(tokens: Tokens, index: int, stop: int) -> tuple[list[str], int]:
    """Names that a field line declares, and where its binders or type begin."""
    position = index + (tokens[index].text in _BINDER_OPENERS)
    names: list[str] = []
    while position < stop and tokens[position].kind == TokenKind.IDENTIFIER:
        names.append(tokens[position].text)
        position += 1
    return [n for n in names if n not in _BREAKS], position


def _constructors(source: SourceText, body: int, stop: int) -> tuple[Constructor, ...]:
    """Constructors of an inductive type."""
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
            found.append(Constructor(tokens[position].text, line, one_line(source, position + 1, end)))
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
        identifiers=(target,) if target else (),
        symbols=(),
        bound=frozenset(),
        body=(tokens[command.end - 1].end, tokens[command.end - 1].end),
        alias_of=target,
        alias_names=names,
    )
