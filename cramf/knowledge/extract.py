"""What one Mathlib file says: its declarations, notation and scopes, names not yet resolved."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cramf.lean.lexer import TokenKind
from cramf.lean.parser import ParsedFile, parse_file
from cramf.lean.scope import Context, ScopeTracker, included_variables
from cramf.lean.syntax import Binder, Command, Declaration, ParseError

__all__ = ["FileFacts", "RawDeclaration", "RawNotation", "TranslationRequest", "extract_file", "extract_text"]

_MAX_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """A `to_additive` or `to_dual` tag: the explicit target ("" to guess it) and its own docstring."""

    rule: str
    target: str
    docstring: str
    existing: bool


@dataclass(frozen=True, slots=True)
class RawDeclaration:
    """A declaration under its full name, its statement's identifiers as written.

    `dots` are `(head type, field)` pairs of dot notation on local names. `context` indexes
    `FileFacts.contexts`.
    """

    name: str
    kind: str
    line: int
    context: int
    signature: str
    docstring: str = ""
    identifiers: tuple[str, ...] = ()
    dots: tuple[tuple[str, str], ...] = ()
    symbols: tuple[str, ...] = ()
    bound: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    translations: tuple[TranslationRequest, ...] = ()
    alias_of: str = ""
    deprecated: str | None = None
    since: str | None = None
    private: bool = False
    protected: bool = False
    mk_name: str = ""


@dataclass(frozen=True, slots=True)
class RawNotation:
    """Notation tokens and the identifiers of what they stand for."""

    tokens: tuple[str, ...]
    identifiers: tuple[str, ...]
    line: int
    context: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Everything taken from one file."""

    module: str
    contexts: tuple[Context, ...]
    declarations: tuple[RawDeclaration, ...]
    notations: tuple[RawNotation, ...]
    tagged: tuple[tuple[str, int, tuple[TranslationRequest, ...]], ...]
    """`attribute [to_additive …] name`: name as written, context, requests."""
    exports: tuple[tuple[str, str, tuple[str, ...]], ...]
    """`export N (a b)`: the namespace it stands in, N and the names."""
    namespaces: tuple[str, ...]
    """Every namespace that the file opens a block of; some hold nothing but notation."""
    dotted: Counter[str]
    """Dotted identifiers that occur anywhere in the text, with their number."""
    errors: tuple[ParseError, ...]


def extract_file(path: Path, module: str) -> FileFacts:
    """Facts of one file. A file that cannot be read or decoded yields an error at line 1 and no facts."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return _failed(module, f"larger than {_MAX_BYTES >> 20} MiB")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        return _failed(module, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        return _failed(module, f"not UTF-8 (byte {error.start})")
    return extract_text(text, module)


def _failed(module: str, message: str) -> FileFacts:
    return FileFacts(module, (), (), (), (), (), (), Counter(), (ParseError(1, message),))


def extract_text(text: str, module: str) -> FileFacts:
    """Facts of Lean source text."""
    parsed = parse_file(text)
    scope = ScopeTracker()
    contexts: dict[Context, int] = {}
    declarations: list[RawDeclaration] = []
    notations: list[RawNotation] = []
    tagged: list[tuple[str, int, tuple[TranslationRequest, ...]]] = []
    exports: list[tuple[str, str, tuple[str, ...]]] = []
    namespaces: set[str] = set()
    for command in parsed.commands:
        if command.declaration is not None:
            place = _inside(scope.context, command.declaration.name)
            number = contexts.setdefault(place, len(contexts))
            declarations += _declared(command.declaration, scope, number)
        elif command.notation is not None and not command.notation.local:
            number = contexts.setdefault(scope.context, len(contexts))
            found = command.notation
            notations.append(RawNotation(found.tokens, found.identifiers, found.line, number))
        elif command.kind == "attribute":
            requests = tuple(_translations(command.attributes))
            if requests:
                number = contexts.setdefault(scope.context, len(contexts))
                tagged += [(name, number, requests) for name in command.names]
        elif command.kind == "export":
            exports += [(scope.namespace, name, command.only) for name in command.names]
        _feed(scope, command)
        if command.kind == "namespace":
            namespaces.add(scope.namespace)
        elif command.scope_name:
            namespaces.add(command.scope_name)
    dotted = _dotted_names(parsed)
    scope_errors = tuple(ParseError(line, message) for line, message in scope.errors)
    return FileFacts(
        module,
        tuple(contexts),
        tuple(declarations),
        tuple(notations),
        tuple(tagged),
        tuple(exports),
        tuple(sorted(namespaces)),
        dotted,
        parsed.errors + scope_errors,
    )


def _dotted_names(parsed: ParsedFile) -> Counter[str]:
    """Capitalised dotted identifiers inside declarations; `open` and `import` name namespaces and modules."""
    tokens = iter(parsed.source.tokens)
    counts: Counter[str] = Counter()
    for command in parsed.commands:
        if command.declaration is None:
            continue
        for token in tokens:
            if token.start >= command.end:
                break
            text = token.text
            if (
                token.kind == TokenKind.IDENTIFIER
                and token.start >= command.start
                and "." in text
                and text[0].isupper()
            ):
                counts[text] += 1
    return counts


def _inside(context: Context, written: str) -> Context:
    """The context of a declaration's own text: `theorem A.b` stands inside the namespace `A`."""
    prefix = _full_name(context.namespace, written).rpartition(".")[0] if "." in written else ""
    return Context(prefix, context.opens) if prefix else context


def _feed(scope: ScopeTracker, command: Command) -> None:
    """Scope commands change the scope; a declaration ends what `… in` brought for it."""
    if command.declaration is not None:
        scope.finish_once()
    else:
        scope.feed(command)


_KINDS = {"class abbrev": "class", "coinductive": "inductive", "proof_wanted": ""}


def _declared(declaration: Declaration, scope: ScopeTracker, context: int) -> list[RawDeclaration]:
    """The declarations that one command makes: itself, and its fields or constructors."""
    kind = _KINDS.get(declaration.keyword, declaration.keyword)
    if not kind or kind == "example":
        return []
    names = declaration.alias_names if kind == "alias" else (declaration.name,)
    deprecated, since = _deprecation(declaration)
    identifiers, dots, variables, bound = _with_variables(declaration, scope)
    signature = " ".join(filter(None, (*(b.text for b in variables), declaration.signature)))
    made: list[RawDeclaration] = []
    for written in names or ("",):
        name = _full_name(scope.namespace, written)
        made.append(
            RawDeclaration(
                name=name,
                kind=kind,
                line=declaration.line,
                context=context,
                signature=signature,
                docstring=declaration.docstring,
                identifiers=identifiers,
                dots=dots,
                symbols=declaration.symbols,
                bound=bound,
                fields=tuple(f.name for f in declaration.fields)
                or tuple(c.name for c in declaration.constructors),
                parents=declaration.parents,
                attributes=tuple(a.split(" ")[0] for a in declaration.attributes),
                translations=tuple(_translations(declaration.attributes)),
                alias_of=declaration.alias_of,
                deprecated=deprecated,
                since=since,
                private="private" in declaration.modifiers,
                protected="protected" in declaration.modifiers,
                mk_name=declaration.mk_name if kind in ("structure", "class") else "",
            )
        )
    if made[0].name:
        made += _members(declaration, made[0])
    return made


_INDUCTIVE = frozenset({"structure", "class", "inductive", "class inductive"})


def _members(declaration: Declaration, parent: RawDeclaration) -> list[RawDeclaration]:
    """Fields, constructors and parent projections of a structure or inductive type."""
    guarded = {f.name for f in declaration.fields if f.protected}
    members: list[tuple[str, str, int, str, str]] = [
        (f.name, "field", f.line, f.text, f.docstring) for f in declaration.fields
    ]
    members += [(c.name, "constructor", c.line, c.text, "") for c in declaration.constructors]
    if parent.mk_name:
        members.append((parent.mk_name, "constructor", declaration.line, "", ""))
    members += [
        (f"to{name.rpartition('.')[2]}", "field", declaration.line, f": {name}", "")
        for name in declaration.parents
    ]
    if parent.kind in _INDUCTIVE:
        # Lean names the recursors of every inductive type so.
        members += [(name, "recursor", declaration.line, "", "") for name in ("rec", "casesOn", "recOn")]
    return [
        RawDeclaration(
            name=f"{parent.name}.{name}",
            kind=kind,
            line=line,
            context=parent.context,
            signature=text,
            docstring=docstring,
            private=parent.private,
            protected=name in guarded,
        )
        for name, kind, line, text, docstring in members
    ]


def _full_name(namespace: str, written: str) -> str:
    if not written:
        return ""
    if written.startswith("_root_."):
        return written.removeprefix("_root_.")
    return f"{namespace}.{written}" if namespace else written


def _with_variables(
    declaration: Declaration, scope: ScopeTracker
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[Binder, ...], frozenset[str]]:
    """Identifiers and dot notation of the statement with the variables that it takes in."""
    omitted = scope.omitted
    candidates = [b for b in scope.variables if not (b.kind == "[" and b.text in omitted)]
    used = (*declaration.identifiers, *declaration.body_words)
    variables = tuple(included_variables(candidates, used, scope.included))
    heads = {name: b.head for b in (*variables, *declaration.binders) for name in b.names}
    local = set(heads) | declaration.bound
    for binder in variables:
        local.update(binder.names)
    words: dict[str, None] = {}
    dots: dict[tuple[str, str], None] = {}
    for identifier in (*declaration.identifiers, *(i for b in variables for i in b.identifiers)):
        first, _, rest = identifier.partition(".")
        if first in local:
            if rest and heads.get(first):
                dots[heads[first], rest] = None
        else:
            words[identifier] = None
    return tuple(words), tuple(dots), variables, frozenset(local)


_DEPRECATED = re.compile(r"deprecated\b(?:\s+(?!\()(?P<name>[^\s\"(]+))?")
_SINCE = re.compile(r"since\s*:=\s*\"([^\"]+)\"")


def _deprecation(declaration: Declaration) -> tuple[str | None, str | None]:
    """Replacement ("" without one) and date of a `deprecated` tag, or None twice."""
    for entry in declaration.attributes:
        found = _DEPRECATED.match(entry)
        if found:
            since = _SINCE.search(entry)
            replacement = found.group("name") or declaration.alias_of
            return replacement, since.group(1) if since else None
    return None, None


_TRANSLATION = re.compile(r"(?P<rule>to_additive|to_dual)(?P<bang>[!?]*)(?P<rest>\s.*)?\Z", re.DOTALL)


def _translations(attributes: tuple[str, ...]) -> list[TranslationRequest]:
    """The `to_additive` and `to_dual` tags among attribute entries."""
    found: list[TranslationRequest] = []
    for entry in attributes:
        matched = _TRANSLATION.match(entry)
        if matched is None:
            continue
        rest = _without_options((matched.group("rest") or "").strip())
        docstring = ""
        if "/--" in rest:
            rest, _, comment = rest.partition("/--")
            docstring = comment.removesuffix("-/").strip()
        elif '"' in rest:
            rest, _, comment = rest.partition('"')
            docstring = comment.rstrip('"')
        words = rest.split()
        existing = bool(words) and words[0] in ("existing", "self", "none")
        if existing:
            if words[0] != "existing":
                continue
            words = words[1:]
        found.append(
            TranslationRequest(matched.group("rule"), words[0] if words else "", docstring, existing)
        )
    return found


def _without_options(text: str) -> str:
    """Drop parenthesised options such as `(attr := simp, norm_cast)`, which may nest."""
    kept: list[str] = []
    depth = 0
    comment = text.find("/--")
    for index, mark in enumerate(text):
        if 0 <= comment <= index:
            kept.append(text[index:])
            break
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth = max(0, depth - 1)
        elif depth == 0:
            kept.append(mark)
    return "".join(kept).strip()
