"""Tokens to the terminals of `english.lark`: small words, phrases of the ontology, and whole formulas."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cramf.formalize.symbolic.lexicon import MAX_PHRASE_WORDS, Lexicon, Phrase
from cramf.formalize.symbolic.mathreader import MathReader
from cramf.formalize.symbolic.normalize import Token
from cramf.formalize.symbolic.smallwords import KEYWORDS
from cramf.formalize.symbolic.syntax import (
    TERM_TYPES,
    And,
    Formula,
    Maps,
    Member,
    Rel,
    Span,
    Term,
    UnreadError,
    Var,
)

__all__ = ["Chunk", "chunk"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A terminal with its place, and the formula or the phrases (one a role) that it stands for."""

    kind: str
    text: str
    start: int
    end: int
    math: Term | Formula | None = None
    phrases: tuple[Phrase, ...] = ()

    @property
    def span(self) -> Span:
        return self.start, self.end


_ROLE_KINDS = {
    "type": "QUAL",
    "noun": "QUAL",
    "sequence": "QUAL",
    "adjective": "QUAL",
    "relation": "RELW",
    "verb": "VERB",
    "operation": "OPER",
    "congruence": "CONG",
}
_FILLERS = frozenset("also moreover furthermore please again following".split())
"""Words that say nothing of what is claimed."""
_OPENING = frozenset(("LPAR", "LBRACE", "LBRK", "LSET", "LFLOOR", "LCEIL", "BEGINCASES"))
_CLOSING = frozenset(("RPAR", "RBRACE", "RBRK", "RSET", "RFLOOR", "RCEIL", "ENDCASES"))
# Where one name has several roles with unlike grammar, this order says which the word is.
_PREFERENCE = ("OPER", "RELW", "VERB", "CONG", "QUAL")


def chunk(tokens: list[Token], lexicon: Lexicon, reader: MathReader, statement: str = "") -> list[Chunk]:
    """The terminals of a statement; its text shows which words begin a sentence.

    Raises:
        UnreadError: at an unknown word or a formula that is not read.
    """
    tokens = _moduli(tokens)
    chunks: list[Chunk] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind == "EDGE" or _is_filler(tokens, index):
            index += 1
            if token.kind == "WORD" and index < len(tokens) and tokens[index].kind == "COMMA":
                # "Moreover, ..." and the like at the start of a clause take their comma along.
                index += not chunks or chunks[-1].kind in ("_STOP", "_COMMA", "_AND")
        elif token.kind == "WORD":
            found, taken = _phrase(tokens, index, lexicon)
            if chunks and chunks[-1].kind.startswith("M") and _begins(found, statement):
                # A displayed formula often ends its sentence without a stop.
                chunks.append(Chunk("_STOP", "", found.start, found.start))
            chunks.append(found)
            index += taken
        elif token.kind == "COLON" and chunks and chunks[-1].kind in _BEFORE_COLON:
            # "satisfying: x = 1"
            index += 1
        elif token.kind in ("STOP", "COLON"):
            chunks.append(Chunk("_" + token.kind, token.text, token.start, token.end))
            index += 1
        elif token.kind == "COMMA":
            kind = "_MCOMMA" if token.math else "_COMMA"
            chunks.append(Chunk(kind, token.text, token.start, token.end))
            index += 1
        else:
            run = _formula(tokens, index)
            chunks.append(_math(reader.read(run), run))
            index += len(run)
    return chunks


_BEFORE_COLON = frozenset("FORMULA TERMNOUN _SATISFY _SUCHTHAT _AND _THAT _HAVE _BE".split())
_BEGINNINGS = frozenset(
    "_ASK _IF _LET _SUPPOSE _PROVE _WHAT _HOWMANY _SOLVE _FORWHAT _EXPRESS _GIVEN".split()
)


def _begins(found: Chunk, statement: str) -> bool:
    return found.kind in _BEGINNINGS and statement[found.start : found.start + 1].isupper()


def _is_filler(tokens: list[Token], index: int) -> bool:
    token = tokens[index]
    if token.kind != "WORD":
        return False
    if token.text == "exactly":
        # "exactly 3 solutions"; "exactly one" and "exactly when" have a meaning of their own.
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        return following is not None and (
            following.kind != "WORD" or (KEYWORDS.get(following.text) == "COUNT" and following.text != "one")
        )
    return token.text in _FILLERS


def _moduli(tokens: list[Token]) -> list[Token]:
    """`(mod n)` as LaTeX's `\\pmod{n}` would have it."""
    result = list(tokens)
    for i, token in enumerate(tokens[:-1]):
        following = tokens[i + 1]
        if token.kind == "LPAR" and following.kind == "WORD" and following.text in ("mod", "modulo"):
            result[i] = replace(token, kind="PMOD")
            result[i + 1] = replace(following, kind="LPAR")
    return result


def _formula(tokens: list[Token], start: int) -> list[Token]:
    """The tokens of one formula: up to a word, a delimiter, or a comma outside brackets."""
    depth = 0
    end = start
    while end < len(tokens):
        kind = tokens[end].kind
        if kind in ("WORD", "EDGE", "STOP", "COLON") or (kind == "COMMA" and depth <= 0):
            break
        depth += (kind in _OPENING) - (kind in _CLOSING)
        end += 1
    return tokens[start:end]


def _math(read: Term | Formula, run: list[Token]) -> Chunk:
    first = read.parts[0] if isinstance(read, And) else read
    if isinstance(read, Var):
        kind = "MVAR"
    elif isinstance(read, TERM_TYPES):
        kind = "MTERM"
    elif isinstance(read, Maps):
        kind = "MMAP"
    elif isinstance(read, Member) and isinstance(read.term, Var) and not read.negated:
        kind = "MVMEM"
    elif isinstance(first, Rel) and isinstance(first.left, Var):
        kind = "MVREL"
    else:
        kind = "MREL"
    return Chunk(kind, "", run[0].start, run[-1].end, math=read)


def _phrase(tokens: list[Token], index: int, lexicon: Lexicon) -> tuple[Chunk, int]:
    """The longest phrase or small word that begins at `index`, and how many tokens it takes."""
    words: list[str] = []
    for token in tokens[index : index + MAX_PHRASE_WORDS]:
        if token.kind != "WORD":
            break
        words.append(token.text)
    if words[0] in ("their", "whose"):
        for length in range(len(words), 1, -1):
            phrase = lexicon.role(" ".join(words[1:length]) + " of", "operation")
            if phrase is not None:
                name = " ".join(words[:length])
                end = tokens[index + length - 1].end
                return Chunk(words[0].upper(), name, tokens[index].start, end, phrases=(phrase,)), length
    for length in range(len(words), 0, -1):
        name = " ".join(words[:length])
        start, end = tokens[index].start, tokens[index + length - 1].end
        phrases = lexicon.by_name.get(name, ())
        if phrases:
            kinds = {_ROLE_KINDS[phrase.role] for phrase in phrases}
            kind = next(kind for kind in _PREFERENCE if kind in kinds)
            same = tuple(phrase for phrase in phrases if _ROLE_KINDS[phrase.role] == kind)
            if kind == "QUAL" and name != same[0].name:
                kind = "PLURAL"
            return Chunk(kind, name, start, end, phrases=same), length
        if name in KEYWORDS:
            return Chunk(KEYWORDS[name], name, start, end), length
    token = tokens[index]
    raise UnreadError(f"unknown word {token.text!r}", token.span)
