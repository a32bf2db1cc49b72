"""What one Mathlib file says: its declarations, notation and scopes, names not yet resolved."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cramf.knowledge.facts import (
    FileFacts,
    GeneratingCommand,
    RawDeclaration,
    RawNotation,
    TranslationRequest,
)
from cramf.lean.lexer import TokenKind, leading_identifier
from cramf.lean.parser import ParsedFile, parse_file
from cramf.lean.scope import Context, ScopeTracker, included_variables, inside
from cramf.lean.signatures import normalised
from cramf.lean.syntax import Binder, Command, Declaration, ParseError, Uses

__all__ = ["extract_file", "extract_text"]

_MAX_BYTES = 32 << 20


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
    return FileFacts(module, (), (), (), (), (), (), (), Counter(), (ParseError(1, message),))


def extract_text(text: str, module: str) -> FileFacts:
    """Facts of Lean source text."""
    parsed = parse_file(text, proofs=False)
    scope = ScopeTracker()
    contexts: dict[Context, int] = {}
    declarations: list[RawDeclaration] = []
    notations: list[RawNotation] = []
    tagged: list[tuple[str, int, tuple[TranslationRequest, ...]]] = []
    exports: list[tuple[str, str, tuple[str, ...]]] = []
    generating: list[GeneratingCommand] = []
    namespaces: set[str] = set()
    for command in parsed.commands:
        if command.declaration is not None:
            place = inside(scope.context, _unquoted(command.declaration.name))
            number = contexts.setdefault(place, len(contexts))
            declarations += _declared(command.declaration, scope, number, parsed.source.text)
        elif command.notation is not None:
            number = contexts.setdefault(scope.context, len(contexts))
            found = command.notation
            opens = command.scope_name or (scope.namespace if found.scoped else "")
            notations.append(
                RawNotation(
                    found.tokens,
                    found.identifiers,
                    found.line,
                    number,
                    found.keyword,
                    opens,
                    found.local,
                )
            )
        elif command.kind == "attribute":
            requests = tuple(_translations(command.attributes))
            if requests:
                number = contexts.setdefault(scope.context, len(contexts))
                tagged += [(name, number, requests) for name in command.names]
        elif command.kind == "export":
            exports += [(scope.namespace, name, command.only) for name in command.names]
        generators = _generators(command.attributes) if command.kind == "attribute" else ()
        if generators or command.kind in _GENERATING:
            number = contexts.setdefault(scope.context, len(contexts))
            written = parsed.source.text[command.start : command.end]
            generating.append(
                GeneratingCommand(command.kind, command.names, generators, written, command.line, number)
            )
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
        tuple(generating),
        tuple(sorted(namespaces)),
        dotted,
        parsed.errors + scope_errors,
    )


_DOTTED = re.compile(r"(?<![\w.«»'])[A-Z][\w'!?]*(?:\.[\w'!?]+)+")
_COMMENT = re.compile(r"--[^\n]*")


def _dotted_names(parsed: ParsedFile) -> Counter[str]:
    """Capitalised dotted identifiers inside declarations; `open` and `import` name namespaces and modules."""
    source = parsed.source
    counts: Counter[str] = Counter()
    others = [(c.start, c.end) for c in parsed.commands if c.declaration is None]
    starts = [start for start, _ in others]
    word = TokenKind.IDENTIFIER
    for kind, text, offset in source.tokens:
        if kind == word and "." in text and text[0].isupper():
            place = bisect_right(starts, offset) - 1
            if place < 0 or offset >= others[place][1]:
                counts[text] += 1
    for start, end in source.skipped:
        counts.update(_DOTTED.findall(_COMMENT.sub("", source.text[start:end])))
    return counts


def _feed(scope: ScopeTracker, command: Command) -> None:
    """Scope commands change the scope; a declaration ends what `… in` brought for it."""
    if command.declaration is not None:
        scope.finish_once()
    else:
        scope.feed(command)


_KINDS = {"class abbrev": "class", "coinductive": "inductive", "proof_wanted": ""}


def _declared(declaration: Declaration, scope: ScopeTracker, context: int, text: str) -> list[RawDeclaration]:
    """The declarations that one command makes: itself, and its fields or constructors."""
    kind = _KINDS.get(declaration.keyword, declaration.keyword)
    if not kind or kind == "example":
        return []
    names = declaration.alias_names if kind == "alias" else (declaration.name,)
    deprecated, since = _deprecation(declaration)
    variables, local = _taken_variables(declaration, scope)
    spoken = _spoken((declaration.uses, *(b.uses for b in variables)), local)
    signature = normalised(" ".join(filter(None, (*(b.text for b in variables), declaration.signature))))
    generators = _generators(declaration.attributes)
    extended = [_parent(written, local) for written in declaration.parents]
    body = ""
    if generators or declaration.deriving or kind == "irreducible_def":
        body = text[slice(*declaration.body)]
    elif kind in ("def", "abbrev") and "deriving" in (tail := text[slice(*declaration.body)]):
        body = tail[tail.rindex("deriving") :]
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
                head=declaration.head,
                body_head=_of_local(declaration.body_head, local),
                fields=tuple(f.name for f in declaration.fields)
                or tuple(c.name for c in declaration.constructors),
                parents=tuple(head for _, head in extended),
                projections=tuple(name for name, _ in extended),
                attributes=tuple(a.split(" ")[0] for a in declaration.attributes),
                translations=tuple(_translations(declaration.attributes)),
                alias_of=declaration.alias_of,
                deprecated=deprecated,
                since=since,
                private="private" in declaration.modifiers,
                protected="protected" in declaration.modifiers,
                mk_name=declaration.mk_name if kind in ("structure", "class") else "",
                namespace=scope.namespace,
                variables=len(variables),
                generators=generators,
                body=body,
                constructors=tuple((c.name, c.text.strip() != "") for c in declaration.constructors),
                **spoken,
            )
        )
    if made[0].name:
        made += _members(declaration, made[0], local)
    return made


_NONE = Uses()
_INDUCTIVE = frozenset({"structure", "class", "inductive", "class inductive"})


def _members(
    declaration: Declaration, parent: RawDeclaration, local: Mapping[str, Binder]
) -> list[RawDeclaration]:
    """Fields and constructors of a structure or inductive type; `settle_parents` makes `toFoo`."""
    own = declaration.name.rpartition(".")[2]

    def member(name: str, kind: str, line: int, text: str = "", uses: Uses = _NONE, **rest: Any) -> None:
        made.append(
            RawDeclaration(
                name=f"{parent.name}.{name}",
                kind=kind,
                line=line,
                context=parent.context,
                signature=text,
                outer=parent.name,
                namespace=parent.namespace,
                private=rest.pop("private", False) or parent.private,
                **_spoken((uses,), local),
                **rest,
            )
        )

    made: list[RawDeclaration] = []
    for f in declaration.fields:
        member(
            f.name,
            "field",
            f.line,
            f.text,
            f.uses,
            docstring=f.docstring,
            protected=f.protected,
            private=f.private,
            head=f.head,
        )
    for c in declaration.constructors:
        member(c.name, "constructor", c.line, c.text, c.uses, head=own)
    if parent.mk_name:
        member(
            parent.mk_name,
            "constructor",
            declaration.line,
            head=own,
            rule="structure" if parent.mk_name == "mk" else "",
        )
    if parent.kind in _INDUCTIVE:
        # Lean names the recursors of every inductive type so.
        for name in ("rec", "casesOn", "recOn"):
            member(name, "recursor", declaration.line, rule="structure")
    return made


def _parent(written: str, local: Mapping[str, Binder]) -> tuple[str, str]:
    """Name of the projection to a parent, "" where it follows from the parent's, and the parent's head."""
    name, colon, head = written.rpartition(":")
    if not colon:
        name = ""
    return _unquoted(name), _of_local(head, local)


_MOST_STEPS = 8


def _of_local(head: str, local: Mapping[str, Binder], steps: int = 0) -> str:
    """A type's head, where it is dot notation on a variable by the variable's type; "" if that is not plain.

    `F.Full` with a variable `F : C ⥤ D` is a declaration in the namespace of `⥤`.
    """
    if head.startswith("?"):
        return _head_in(head, local)
    base, bar, fields = head.partition("|")
    first, dot, rest = base.partition(".")
    binder = local.get(first) if dot else None
    if binder is None:
        return _unquoted(head)
    place = _of_local(binder.head, local, steps + 1) if steps < _MOST_STEPS else ""
    return "|".join((place, *rest.split("."))) + bar + fields if place else ""


def _unquoted(name: str) -> str:
    """`«Proj»` is the name `Proj`; marks that the name needs, as in `«term_+_»`, are kept."""
    return _QUOTED.sub(r"\1", name) if "«" in name else name


_QUOTED = re.compile(r"«([^\W\d][\w'!?]*)»")


def _full_name(namespace: str, written: str) -> str:
    if not written:
        return ""
    written = _unquoted(written)
    if written.startswith("_root_."):
        return written.removeprefix("_root_.")
    return f"{namespace}.{written}" if namespace else written


def _taken_variables(
    declaration: Declaration, scope: ScopeTracker
) -> tuple[tuple[Binder, ...], dict[str, Binder]]:
    """The variables that a statement takes in, and every variable in scope by name."""
    omitted = scope.omitted
    candidates = [b for b in scope.variables if not (b.kind == "[" and b.text in omitted)]
    used = (
        *declaration.identifiers,
        *declaration.body_words,
        *(head[1:] for head, _, _ in declaration.uses.dots if head[0] == "?"),
        *map(leading_identifier, declaration.uses.runs),
        *(word for f in declaration.fields for word in f.uses.words),
        *(word for c in declaration.constructors for word in c.uses.words),
    )
    taken = tuple(included_variables(candidates, used, scope.included))
    return taken, {name: b for b in candidates for name in b.names}


def _spoken(parts: Sequence[Uses], local: Mapping[str, Binder]) -> dict[str, Any]:
    """The parts of one statement put together, its variables' dot notation under their types."""
    words: dict[str, int] = {}
    shown: set[str] = set()
    dots: dict[tuple[str, str], bool] = {}
    runs: dict[str, None] = {}
    for uses in parts:
        for quoted, count in zip(uses.words, uses.counts, strict=True):
            word = _unquoted(quoted)
            first, _, rest = word.partition(".")
            visible = quoted not in uses.hidden
            binder = local.get(first)
            if binder is None:
                words[word] = words.get(word, 0) + count
                if visible:
                    shown.add(word)
            elif rest and binder.head:
                key = (binder.head, rest)
                dots[key] = dots.get(key, False) or visible
        for head, rest, visible in uses.dots:
            place = _head_in(head, local)
            if place:
                dots[place, rest] = dots.get((place, rest), False) or visible
        runs.update(dict.fromkeys(run for run in uses.runs if leading_identifier(run) not in local))
    return {
        "words": tuple(words),
        "counts": bytes(min(count, 255) for count in words.values()),
        "hidden": frozenset(words) - shown,
        "dots": tuple((head, rest, visible) for (head, rest), visible in dots.items()),
        "runs": tuple(runs),
    }


def _head_in(head: str, local: Mapping[str, Binder]) -> str:
    """A type head with `?x` put in for the variable `x`, or as `@x` where `x` is a declaration."""
    if not head.startswith("?"):
        return head
    base, bar, fields = head[1:].partition("|")
    applied = base.endswith("()")
    name = base.removesuffix("()")
    first, dot, rest = name.partition(".")
    binder = local.get(first)
    if binder is None:
        return f"@{name}{bar}{fields}"
    found = binder.codomain if applied and binder.head == "→" else binder.head
    if not found:
        return ""
    return "|".join(part for part in (found, *(rest.split(".") if dot else ()), fields) if part)


_GENERATING = frozenset("initialize_simps_projections deriving mk_iff_of_inductive_prop".split())
_GENERATOR = re.compile(
    r"(?:reassoc|elementwise|simps|ext|mk_iff|to_app|to_fun|higher_order|alias_in|use_set_notation_for_order)\b"
)


def _generators(entries: Sequence[str]) -> tuple[str, ...]:
    """Attribute entries that make further declarations, by themselves or in an `(attr := …)` option."""
    return tuple(entry for entry in entries if _GENERATOR.search(entry))


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
