"""Formal statements of benchmarks in one form: header, helper, and one theorem that ends in a proof."""

from __future__ import annotations

from cramf.check.inputs import split_lean
from cramf.lean.brackets import top_level
from cramf.lean.commands import SourceText, split_commands
from cramf.lean.declarations import signature_end
from cramf.lean.lexer import TokenKind, tokenize

__all__ = ["completed", "imported_roots", "without_imports"]

_THEOREMS = frozenset({"theorem", "lemma"})
_STATED = _THEOREMS | {"def", "instance"}


def completed(formal: str) -> str:
    """A theorem with `sorry` for the proof that it lacks: sets end in `:=`, in `:= by` or in the type.

    One that has a proof stays as it is, and so does what states nothing. A few problems ask for data and are
    a `def` or an `instance`.
    """
    source = SourceText.read(formal.replace("\r\n", "\n"))
    tokens = source.tokens
    commands = [raw for raw in split_commands(source) if tokens[raw.keyword].text in _STATED]
    if not commands:
        return formal
    raw = commands[-1]
    if raw.end < len(tokens):
        return formal  # another command follows
    stop = signature_end(source, raw.keyword + 1, raw.end)
    rest = [token.text for token in tokens[stop : raw.end]]
    if rest and rest not in ([":="], [":=", "by"]):
        return formal
    if tokens[raw.keyword].text not in _THEOREMS:
        # What is asked for is data, such as an isomorphism; without `:=` it may be given by equations.
        return f"{source.text[: tokens[raw.end - 1].end]} sorry" if rest else formal
    if not rest and all(tokens[i].text != ":" for i in top_level(tokens, raw.keyword + 1, raw.end)):
        return formal  # no type: nothing is stated
    # A comment may stand at the end; what is added goes on a line of its own then.
    last = tokens[raw.end - 1].end
    missing = {0: " := by sorry", 1: " by sorry", 2: " sorry"}[len(rest)]
    return source.text[:last] + missing


def without_imports(formal: str) -> tuple[str, str, str]:
    """Header, helper and theorem of a text that is a whole file; ("", "", text) where it imports nothing.

    The header is what stands above the first declaration, the helper whatever else stands above the theorem.
    """
    text = formal.replace("\r\n", "\n")
    imports, rest = split_lean(text)
    if not imports.strip():
        return "", "", formal
    source = SourceText.read(rest)
    commands = list(split_commands(source))
    theorems = [raw for raw in commands if source.tokens[raw.keyword].text in _THEOREMS]
    if not theorems:
        return "", "", formal
    begin = source.tokens[theorems[-1].start].start
    first = next(
        raw for raw in commands if source.tokens[raw.keyword].text not in _CONTEXT or raw is theorems[-1]
    )
    middle = min(source.tokens[first.start].start, begin)
    return (imports + rest[:middle]).rstrip(), rest[middle:begin].strip(), rest[begin:]


_CONTEXT = frozenset("open set_option universe section namespace variable export".split())


def imported_roots(header: str) -> tuple[str, ...]:
    """First parts of the modules that a header imports, each once, in their order."""
    roots: dict[str, None] = {}
    importing = False
    for token in tokenize(header)[0]:
        if token.kind in (TokenKind.WHITESPACE, TokenKind.COMMENT):
            continue
        if importing and token.kind == TokenKind.IDENTIFIER:
            roots[token.text.partition(".")[0]] = None
        importing = token.text == "import"
    return tuple(roots)
