"""The macros that a LaTeX document defines, and their expansion with bounds on length and number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cramf.formalize.documents.source import GONE, Source

__all__ = ["DEFINES", "Macro", "MacroLimitError", "expand", "read_definition"]

MOST_EXPANSIONS: Final = 5_000
"""Macros that are expanded in one statement, nested ones included."""
MOST_TOKENS: Final = 60_000
"""Tokens that one statement may come to."""

DEFINES: Final = frozenset(
    "newcommand renewcommand providecommand DeclareRobustCommand def gdef edef let DeclareMathOperator "
    "DeclarePairedDelimiter NewDocumentCommand RenewDocumentCommand ProvideDocumentCommand "
    "DeclareDocumentCommand".split()
)
"""Commands that define one; `read_definition` reads what follows them."""

_LONGEST_OPTION: Final = 200  # tokens
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.|\n)|#+[1-9]|\s+|[A-Za-z]+|[^\\]|\\", re.DOTALL)
_NAME = re.compile(r"\\([A-Za-z@]+|[^\s{}])")
_PARAMETERS = re.compile(r"(?:#[1-9]\s*)*")
_LETTER = re.compile(r"[A-Za-z]")


class MacroLimitError(Exception):
    """An expansion that grew past its bounds, as one that calls itself does."""


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro of the document. With a `default`, the first of its `arguments` stands in brackets if at all.

    `starred` is the body behind a `*`, where that differs. `plain` is False for one whose arguments are of a
    kind that is not read here; it is left as it stands.
    """

    name: str
    arguments: int
    body: str
    default: str | None = None
    starred: str | None = None
    plain: bool = True

    @property
    def environment(self) -> str | None:
        """What the macro stands for if it is no more than `\\begin{...}` or `\\end{...}`."""
        return self.body.strip() if re.fullmatch(r"\s*\\(begin|end)\s*\{[^{}]*\}\s*", self.body) else None


def read_definition(command: str, source: Source, at: int) -> tuple[Macro | None, int]:
    """The macro that `command`, whose name ends at `at`, defines; and the offset behind the definition.

    None stands for what is no definition, or one without a body.
    """
    star = source.text.startswith("*", at)
    at = source.skip(at + star)
    if (group := source.group(at)) is not None:
        found = _NAME.fullmatch(group[0].strip())
        at = group[1]
    else:
        found = _NAME.match(source.text, at)
        at = found.end() if found else at
    if found is None:
        return None, at
    name = found[1]
    if command == "let":
        return _read_let(name, source, at)
    if command in ("def", "gdef", "edef"):
        return _read_def(name, source, at)
    if command == "DeclareMathOperator":
        body, at = source.group(at) or ("", at)
        return Macro(name, 0, f"\\operatorname{'*' if star else ''}{{{body}}}") if body else None, at
    if command == "DeclarePairedDelimiter":
        left, at = source.group(at) or ("", at)
        right, at = source.group(at) or ("", at)
        sized = f"\\left{left} #1 \\right{right}"
        return Macro(name, 1, f"{left} #1 {right}", starred=sized) if left and right else None, at
    if command.endswith("DocumentCommand"):
        kinds, at = source.group(at) or ("", at)
        body, at = source.group(at) or ("", at)
        return Macro(name, len(kinds.split()), body, plain=set(kinds.split()) <= {"m"}), at
    number, at = source.option(at) or ("0", at)
    default, at = source.option(at) or (None, at)
    group = source.group(at)
    if group is None or not number.strip().isdecimal():
        return None, at
    return Macro(name, int(number), _seen(group[0]), default), group[1]


def _seen(text: str) -> str:
    return text.replace(GONE, "")


def _read_let(name: str, source: Source, at: int) -> tuple[Macro | None, int]:
    at = source.skip(at)
    at = source.skip(at + 1) if source.text.startswith("=", at) else at
    found = _NAME.match(source.text, at)
    return (Macro(name, 0, f"\\{found[1]}"), found.end()) if found else (None, at)


def _read_def(name: str, source: Source, at: int) -> tuple[Macro | None, int]:
    brace = source.text.find("{", at, at + 200)
    group = source.group(brace) if brace >= 0 else None
    if group is None:
        return None, at
    parameters = _seen(source.text[at:brace]).strip()
    # Arguments that end at words of the macro's own are not read.
    plain = _PARAMETERS.fullmatch(parameters) is not None
    return Macro(name, parameters.count("#"), _seen(group[0]), plain=plain), group[1]


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def expand(text: str, macros: Mapping[str, Macro]) -> tuple[str, tuple[str, ...]]:
    """The text with the document's macros expanded, and the names of those that could not be.

    Blanks behind a macro's name stay, unlike in TeX, so that words do not run together.

    Raises:
        MacroLimitError: where more than `MOST_EXPANSIONS` or `MOST_TOKENS` are met.
    """
    rest = _tokens(text)[::-1]
    out: list[str] = []
    left_alone: dict[str, None] = {}
    expansions = seen = 0
    while rest:
        token = rest.pop()
        seen += 1
        if seen > MOST_TOKENS or len(rest) > MOST_TOKENS:
            raise MacroLimitError
        macro = macros.get(token[1:]) if token[0] == "\\" else None
        if macro is None or not macro.plain:
            if macro is not None:
                left_alone[token] = None
            out.append(token)
            continue
        starred = macro.starred is not None and bool(rest) and rest[-1] == "*"
        if starred:
            rest.pop()
        arguments, looked_at = _arguments(macro, rest)
        seen += looked_at
        if arguments is None:
            left_alone[token] = None
            out.append(token)
            continue
        expansions += 1
        body = macro.starred if starred and macro.starred is not None else macro.body
        for piece in reversed(_tokens(body)):
            if piece[0] == "#" and piece[-1:].isdecimal() and int(piece[-1]) <= len(arguments):
                rest.extend(reversed(arguments[int(piece[-1]) - 1]))
            else:
                rest.append(piece)
        if expansions > MOST_EXPANSIONS or len(rest) > MOST_TOKENS:
            raise MacroLimitError
    return _joined(out), tuple(left_alone)


def _arguments(macro: Macro, rest: list[str]) -> tuple[list[list[str]] | None, int]:
    """The arguments at the top of `rest`, taken off it, and how many tokens were looked at.

    None, with `rest` as it was, where they are not there.
    """
    found: list[list[str]] = []
    looked_at = 0
    taken: list[str] = []  # whatever goes off `rest`, so that it can be put back
    if macro.default is not None:
        looked_at = _LONGEST_OPTION if rest and rest[-1] == "[" else 0
        found.append(_bracketed(rest, taken) or _tokens(macro.default))
    while len(found) < macro.arguments:
        argument = _argument(rest, taken)
        if argument is None:
            rest.extend(reversed(taken))
            return None, looked_at + len(taken)
        found.append(argument)
    if not macro.arguments and rest[-2:] == ["}", "{"]:
        del rest[-2:]  # `\foo{}` ends the name and is nothing more
    return found, looked_at + len(taken)


def _argument(rest: list[str], taken: list[str]) -> list[str] | None:
    while rest:
        taken.append(token := rest.pop())
        if token.isspace():
            continue
        if token in ("}", "$"):
            return None
        if token != "{":
            # A word's first letter alone is the argument.
            if len(token) > 1 and token[0].isalpha():
                rest.append(token[1:])
                taken[-1] = token[0]
            return [taken[-1]]
        depth, argument = 1, list[str]()
        while rest:
            taken.append(token := rest.pop())
            depth += (token == "{") - (token == "}")
            if depth == 0:
                return argument
            argument.append(token)
    return None


def _bracketed(rest: list[str], taken: list[str]) -> list[str] | None:
    """The argument in brackets at the top of `rest`, if there is one of a bearable length."""
    if not rest or rest[-1] != "[":
        return None
    depth = 0
    for back in range(len(rest) - 2, max(-1, len(rest) - _LONGEST_OPTION), -1):
        token = rest[back]
        depth += (token == "{") - (token == "}")
        if token == "]" and depth == 0:
            taken.extend(reversed(rest[back:]))
            argument = rest[back + 1 : -1][::-1]
            del rest[back:]
            return argument
        if depth < 0:
            return None
    return None


def _joined(tokens: list[str]) -> str:
    pieces: list[str] = []
    word = False
    for token in tokens:
        if word and _LETTER.match(token):
            pieces.append(" ")
        pieces.append(token)
        word = len(token) > 1 and token[0] == "\\" and token[-1].isalpha()
    return "".join(pieces)
