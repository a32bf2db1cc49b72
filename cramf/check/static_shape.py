"""Whether a candidate's text is whole: brackets, the end of the statement, and spellings of Lean 3."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from cramf.check.static_text import Text
from cramf.check.verdict import Diagnostic, Severity
from cramf.lean.brackets import CLOSERS, OPENERS
from cramf.lean.lexer import TokenKind
from cramf.lean.parser import ParsedFile
from cramf.lean.syntax import Declaration

__all__ = ["no_theorem", "shape_of", "whole_statement"]

_CLOSING = {
    **dict(zip("( [ { ⟨ ⦃ ⟦".split(), ") ] } ⟩ ⦄ ⟧".split(), strict=True)),
    "@[": "]",
    "#[": "]",
    "%[": "]",
    "$(": ")",
}
_OLD_COMMANDS = {
    "variables": "`variables` is Lean 3; write `variable`",
    "constant": "`constant` is Lean 3; state it as a hypothesis",
    "constants": "`constants` is Lean 3; state them as hypotheses",
    "open_locale": "`open_locale` is Lean 3; write `open scoped`",
    "local_notation": "`local_notation` is no command; write `local notation`",
    "begin": "`begin … end` is Lean 3; write `by`",
}
_INSTEAD = {"variables": "variable", "open_locale": "open scoped", "begin": "by"}
_MOST_ERRORS = 20


def shape_of(parsed: ParsedFile, text: Text) -> Iterator[Diagnostic]:
    """What can be said without knowing a name."""
    for error in parsed.errors[:_MOST_ERRORS]:
        yield text.at_line(error.message, error.line)
    yield from _brackets(parsed, text)
    tokens = parsed.source.tokens
    for index, token in enumerate(tokens):
        old = _OLD_COMMANDS.get(token.text)
        if old is None:
            continue
        starts = parsed.source.first_on_line(index) or tokens[index - 1].text == ":="
        proof = token.text == "begin" and any(t.text == "end" for t in tokens[index + 1 :])
        if starts and (proof or token.text != "begin") and not _declared(tokens, token.text):
            instead = _INSTEAD.get(token.text)
            yield text.diagnostic(
                old, "lean3", token.start, token.end, token.text, (instead,) if instead else ()
            )


def _declared(tokens: list, word: str) -> bool:  # type: ignore[type-arg]
    """Whether the candidate itself declares or binds a name that Lean 3 had as a keyword."""
    return any(
        t.text == word and tokens[i - 1].text in ("(", "{", "def", "theorem", "lemma", "∀", "∃", "fun")
        for i, t in enumerate(tokens)
        if i
    )


def _brackets(parsed: ParsedFile, text: Text) -> Iterator[Diagnostic]:
    """The first bracket that does not match."""
    stack: list[tuple[str, int]] = []
    for token in parsed.source.tokens:
        if token.text in OPENERS:
            stack.append((token.text, token.start))
        elif token.text in CLOSERS:
            # Half-open intervals such as `]a, b[` do not exist in Lean, so any mismatch is an error.
            if not stack:
                message = f"`{token.text}` closes nothing"
                yield text.diagnostic(message, "syntax", token.start, token.end)
                return
            opener, start = stack.pop()
            if _CLOSING[opener] != token.text:
                message = f"`{token.text}` closes nothing: `{opener}` needs `{_CLOSING[opener]}` first"
                yield text.diagnostic(message, "syntax", token.start, token.end, None, (_CLOSING[opener],))
                return
    for opener, start in stack[-1:]:
        yield text.diagnostic(
            f"`{opener}` is not closed", "syntax", start, start + len(opener), None, (_CLOSING[opener],)
        )


_STATING = ("theorem", "lemma", "example")


def no_theorem(parsed: ParsedFile, text: Text) -> Diagnostic:
    """That a candidate states nothing; a misspelt `theorem` at the beginning of a line is told as such."""
    tokens = parsed.source.tokens
    for index, token in enumerate(tokens):
        if token.kind == TokenKind.IDENTIFIER and parsed.source.first_on_line(index):
            meant = difflib.get_close_matches(token.text, _STATING, n=1, cutoff=0.7)
            if meant and token.text not in _STATING:
                message = f"`{token.text}` is no command, and there is no theorem in the candidate"
                return text.diagnostic(message, "syntax", token.start, token.end, token.text, (meant[0],))
    return Diagnostic(
        Severity.ERROR, "there is no theorem in the candidate, which is all that is checked", "syntax"
    )


_NO_PROOF = re.compile(r":=\s*(?:by\b)?\s*\Z")


def whole_statement(declaration: Declaration, parsed: ParsedFile, text: Text) -> Iterator[Diagnostic]:
    """Whether a theorem has a type and ends in a proof."""
    begin, end = declaration.body
    body = parsed.source.text[begin:end].strip()
    if not body.startswith((":=", "|", "where")) or _NO_PROOF.match(body):
        message = "the statement does not end in `:= by sorry`"
        yield text.diagnostic(message, "syntax", begin, max(begin, end), None, (":= by sorry",))
    before = declaration.signature.removesuffix(declaration.result).rstrip()
    if body.startswith(":=") and not (declaration.result and before.endswith(":")):
        message = (
            f"{declaration.keyword} `{declaration.name}` states nothing: there is no `:` before its claim"
        )
        yield text.diagnostic(message, "syntax", begin, begin + 2, None, (":",))
