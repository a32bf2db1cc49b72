"""Tokens to the terminals of `english.lark`: small words, phrases of the ontology, and whole formulas."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cramf.formalize.symbolic.lexicon import MAX_PHRASE_WORDS, Lexicon, Phrase
from cramf.formalize.symbolic.mathreader import MathReader
from cramf.formalize.symbolic.normalize import Token
from cramf.formalize.symbolic.syntax import (
    And,
    Arith,
    Formula,
    Member,
    Num,
    Op,
    Pi,
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


_SMALL: dict[str, str] = {
    "_AND": "and|but",
    "_OR": "or",
    "_EITHER": "either",
    "_NEITHER": "neither",
    "_NOR": "nor",
    "_BOTH": "both",
    "_IF": "if",
    "_THEN": "then|hence|therefore|thus",
    "_IFF": "iff|if and only if|exactly when|precisely when|is equivalent to",
    "_IMPLIES": "implies|implies that",
    "_LET": "let",
    "_BE": "be|is|are",
    "_SUPPOSE": "suppose|assume",
    "_GIVEN": "given|given any",
    "_THAT": "that|which",
    "_PROVE": "prove|show|demonstrate|verify|establish",
    "_ASK": "what is|compute|evaluate|calculate|determine|find|find the value of|what is the value of",
    "_IT": "it|the answer",
    "_FOR": "for",
    "EVERY": "every|each|any",
    "_ALL": "all",
    "SOME": "some",
    "NO": "no",
    "NOT": "not",
    "_ARTICLE": "a|an",
    "_THE": "the",
    "_HAVE": "we have|it holds that|one has",
    "_WHENEVER": "whenever|when",
    "_WHERE": "where",
    "_THERE": "there",
    "_EXISTS": "exists|exist",
    "_DO": "does|do",
    "_SUCHTHAT": "such that|so that|with|satisfying|for which",
    "_MOD": "modulo|mod",
    "_CASE": "case",
    "NUMBER": "number|numbers",
    "COUNT": "two|three|four",
    "UNIQUE": "unique|exactly one",
    "INFINITELY": "infinitely many",
}
_KEYWORDS = {word: kind for kind, words in _SMALL.items() for word in words.split("|")}
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
# Where one name has several roles with unlike grammar, this order says which the word is.
_PREFERENCE = ("OPER", "RELW", "VERB", "CONG", "QUAL")


def chunk(tokens: list[Token], lexicon: Lexicon, reader: MathReader) -> list[Chunk]:
    """The terminals of a statement.

    Raises:
        UnreadError: at an unknown word or a formula that is not read.
    """
    tokens = _moduli(tokens)
    chunks: list[Chunk] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind == "EDGE":
            index += 1
        elif token.kind == "WORD":
            found, taken = _phrase(tokens, index, lexicon)
            chunks.append(found)
            index += taken
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
        depth += (kind in ("LPAR", "LBRACE", "LBRK")) - (kind in ("RPAR", "RBRACE", "RBRK"))
        end += 1
    return tokens[start:end]


def _math(read: Term | Formula, run: list[Token]) -> Chunk:
    first = read.parts[0] if isinstance(read, And) else read
    if isinstance(read, Var):
        kind = "MVAR"
    elif isinstance(read, Num | Pi | Arith | Op):
        kind = "MTERM"
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
        if name in _KEYWORDS:
            return Chunk(_KEYWORDS[name], name, start, end), length
    token = tokens[index]
    raise UnreadError(f"unknown word {token.text!r}", token.span)
