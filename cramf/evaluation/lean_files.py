"""Benchmarks kept as Lean files: a theorem a problem, many in a file or one, docstrings for informal text.

What stands above a theorem belongs to it. The header is the imports and the `open`s, options and variables in
force up to the first declaration; the helper is everything in force after that, definitions included. Other
theorems are no part of it, a proof is replaced by `sorry` (a benchmark is its statements), and what a closed
section or namespace held is left out of the problems below it, except for the definitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from cramf.check.inputs import split_lean
from cramf.errors import InputError
from cramf.lean.commands import RawCommand, SourceText, split_commands
from cramf.lean.declarations import parse_declaration
from cramf.lean.lexer import TokenKind

__all__ = ["canonical_split", "has_problems", "lean_problems", "split_of_path"]

_THEOREMS = frozenset({"theorem", "lemma"})
_PROBLEMS = _THEOREMS | {"example", "proof_wanted"}
_DATA = frozenset({"def", "instance"})
_OPENING = frozenset({"section", "namespace", "mutual"})
# What changes how later text is read.
_CONTEXT = frozenset("open set_option universe variable export attribute omit include".split())
_SPLITS = {
    "train": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "test": "test",
    "dev": "dev",
}


def split_of_path(path: PurePath) -> str:
    """The split that a file's name or that of its folder tells: `MiniF2F/Test/p1.lean` is of `test`.

    `validation` and `val` are `valid`; shards such as `valid-00000-of-00001.parquet` are told by what is in
    front.
    """
    names = [path.name.partition(".")[0].partition("-")[0], *(part for part in reversed(path.parts[:-1]))]
    return next((split for name in names if (split := _SPLITS.get(name.lower()))), "")


def canonical_split(name: str) -> str:
    """A split under its one name here: `validation` and `val` are `valid`, others are as written."""
    return _SPLITS.get(name.strip().lower(), name.strip())


@dataclass(slots=True)
class _Scope:
    """The text in force in one `section` or `namespace`, and the parts that outlive it."""

    opening: str = ""
    parts: list[tuple[bool, str]] = field(default_factory=list)
    """Whether it is a declaration, and its text."""
    name: str = ""


def has_problems(text: str) -> bool:
    """Whether a Lean file has a theorem, rather than imports or definitions alone."""
    source = SourceText.read(text)
    return any(source.tokens[raw.keyword].text in _PROBLEMS for raw in split_commands(source))


def lean_problems(text: str, file: str) -> Iterator[tuple[int, dict[str, Any] | InputError]]:
    """The theorems of a Lean file as rows with the known field spellings, with the lines of their names.

    A problem that has no name is an error in its place, and so is text that cannot be read to its end.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    imports, rest = split_lean(text)
    above = imports.count("\n")
    source = SourceText.read(rest)
    for error in source.errors:
        line = above + source.lines.line(error.offset)
        yield line, InputError(f"{file}:{line}: {error.message}", "mend the Lean text, or remove the problem")
    scopes = [_Scope()]
    joined = ""
    for raw in split_commands(source):
        keyword = source.tokens[raw.keyword].text
        written = rest[source.tokens[raw.start].start : source.tokens[raw.end - 1].end]
        if raw.scoped_in:
            joined = f"{joined}{written}\n"  # `open X in` holds for the next command, whatever that is
            continue
        written, prefix, joined = joined + written, joined, ""
        if keyword in _PROBLEMS or (keyword in _DATA and _asks_for_data(source, raw)):
            yield _problem(source, raw, keyword, prefix, scopes, imports, file, above)
        elif keyword in _OPENING:
            scopes.append(_Scope(written, name=_scope_name(source, raw) if keyword == "namespace" else ""))
        elif keyword == "end" and len(scopes) > 1:
            closed = scopes.pop()
            if any(declares for declares, _ in closed.parts):
                # Definitions stay known, under the names and variables that they were made with.
                inner = "\n\n".join(part for _, part in closed.parts)
                scopes[-1].parts.append((True, f"{closed.opening}\n\n{inner}\n\n{written}"))
        elif keyword != "end" and not keyword.startswith("#"):
            # Macros too: whether they may run is the checker's to say.
            scopes[-1].parts.append((keyword not in _CONTEXT, written))


def _asks_for_data(source: SourceText, raw: RawCommand) -> bool:
    """Whether a definition is a problem: nothing but `sorry` defines it, and nothing after it needs it.

    Sets of exercises state "these two groups are isomorphic" like this; a `sorry` that a theorem speaks of
    is a blank to be filled in, and belongs to that theorem.
    """
    declaration = parse_declaration(source, raw)
    body = source.text[slice(*declaration.body)].split()
    if not declaration.name or body not in ([":=", "sorry"], [":=", "by", "sorry"]):
        return False
    inner = f"{declaration.name}."
    return not any(
        token.text == declaration.name or token.text.startswith(inner) for token in source.tokens[raw.end :]
    )


def _problem(
    source: SourceText,
    raw: RawCommand,
    keyword: str,
    prefix: str,
    scopes: list[_Scope],
    imports: str,
    file: str,
    above: int,
) -> tuple[int, dict[str, Any] | InputError]:
    tokens = source.tokens
    declaration = parse_declaration(source, raw)
    line = above + declaration.line
    if keyword == "example" or not declaration.name:
        return line, InputError(f"{file}:{line}: the {keyword} has no name", "name it: theorem NAME …")
    # The docstring is the informal statement; it may stand anywhere among the modifiers.
    docs = [t for t in tokens[raw.start : raw.keyword] if t.kind == TokenKind.DOC]
    begin = tokens[raw.start].start
    kept = [source.text[a:b] for a, b in _without(begin, tokens[raw.keyword].start, docs)]
    modifiers = "".join(kept).strip()
    statement = source.text[tokens[raw.keyword].start : declaration.body[0]].rstrip()
    if keyword == "proof_wanted":
        statement = "theorem" + statement.removeprefix("proof_wanted")
    formal = f"{prefix}{modifiers}\n" if modifiers else prefix
    header, helper = _context(scopes, imports)
    spaces = [scope.name for scope in scopes if scope.name]
    name = declaration.name.removeprefix("_root_.")
    if not declaration.name.startswith("_root_."):
        name = ".".join([*spaces, name])
    values: dict[str, Any] = {
        "name": name,
        "header": header,
        "helper": helper,
        "formal_statement": f"{formal}{statement} := {'sorry' if keyword in _DATA else 'by sorry'}",
    }
    if declaration.docstring:
        values["informal_statement"] = declaration.docstring
    return line, values


def _without(begin: int, end: int, docs: list[Any]) -> Iterator[tuple[int, int]]:
    """The spans between `begin` and `end` that no docstring covers."""
    for doc in docs:
        yield begin, doc.start
        begin = doc.end
    yield begin, end


def _context(scopes: list[_Scope], imports: str) -> tuple[str, str]:
    """Header and helper of a theorem that stands at the end of these scopes."""
    pieces: list[tuple[bool, str]] = []
    for scope in scopes:
        if scope.opening:
            pieces.append((False, scope.opening))
        pieces += scope.parts
    first = next((i for i, (declares, _) in enumerate(pieces) if declares), len(pieces))
    header = [imports.strip(), "\n".join(text for _, text in pieces[:first])]
    return "\n\n".join(part for part in header if part), "\n\n".join(text for _, text in pieces[first:])


def _scope_name(source: SourceText, raw: RawCommand) -> str:
    """The name of a namespace, which stands on the line of its keyword."""
    if raw.keyword + 1 < raw.end and source.tokens[raw.keyword + 1].kind == TokenKind.IDENTIFIER:
        return source.tokens[raw.keyword + 1].text
    return ""
