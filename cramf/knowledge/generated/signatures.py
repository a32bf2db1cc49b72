"""Parameters and result type of a declaration, read from its signature's text."""

from __future__ import annotations

from dataclasses import dataclass

from cramf.lean.brackets import Tokens, bracket_end
from cramf.lean.lexer import TokenKind, tokenize

__all__ = ["Parameter", "Signature", "read_signature"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its opening bracket, its name ("" for an unnamed instance) and its type's text."""

    bracket: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Signature:
    parameters: tuple[Parameter, ...]
    result: str = ""


def read_signature(text: str) -> Signature:
    """`(f : A → B) [C A] : D` as parameters and result; a later binder of a name takes its brackets over."""
    tokens = Tokens(t for t in tokenize(text)[0] if t.kind >= TokenKind.DOC and t.kind != TokenKind.ERROR)
    parameters: dict[str, Parameter] = {}
    index = 0
    while index < len(tokens) and tokens[index].text in ("(", "{", "⦃", "["):
        opener = tokens[index].text
        close = bracket_end(tokens, index, len(tokens))
        colon = next((i for i in range(index + 1, close) if tokens[i].text == ":"), -1)
        names = [t.text for t in tokens[index + 1 : max(colon, index + 1)]]
        named = colon >= 0 and all(_is_name(t.kind, t.text) for t in tokens[index + 1 : colon])
        if opener == "[" and not named:
            kind = text[tokens[index].end : tokens[close].start].strip()
            parameters[f"[{len(parameters)}"] = Parameter("[", "", kind)
        elif named:
            default = next((i for i in range(colon, close) if tokens[i].text == ":="), close)
            kind = text[tokens[colon].end : tokens[default].start].strip()
            for name in names:
                key = name if name != "_" else f"_{len(parameters)}"
                parameters[key] = Parameter(opener, key, kind)
        else:
            for name in (t.text for t in tokens[index + 1 : close] if _is_name(t.kind, t.text)):
                known = parameters.get(name)
                parameters[name] = Parameter(opener, name, known.type if known else "")
        index = close + 1
    result = ""
    if index < len(tokens) and tokens[index].text == ":":
        result = text[tokens[index].end :].strip()
    return Signature(tuple(parameters.values()), result)


def _is_name(kind: TokenKind, text: str) -> bool:
    return kind == TokenKind.IDENTIFIER or text == "_"
