"""Tokens to the terminals of `abstract.lark`: small words, the vocabulary's, and formulas by their shape."""

from __future__ import annotations

from dataclasses import dataclass

from cramf.formalize.symbolic.abstract.formulas import Expr, read_formula
from cramf.formalize.symbolic.abstract.tokens import Token
from cramf.formalize.symbolic.abstract.words import MAX_WORDS, Vocabulary
from cramf.formalize.symbolic.syntax import Span, UnreadError

__all__ = ["Chunk", "chunk"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A terminal with its place, and its formula if it is one."""

    kind: str
    text: str
    start: int
    end: int
    math: Expr | None = None

    @property
    def span(self) -> Span:
        return self.start, self.end


_SMALL: dict[str, str] = {
    "_AND": "but|and|and that|and also",
    "_OR": "or",
    "_EITHER": "either",
    "_BOTH": "both",
    "_IF": "if|whenever|provided that|provided",
    "_THEN": "then|hence|therefore|thus|it follows that|so",
    "IFF": "iff|if and only if|exactly when|precisely when|is equivalent to|if, and only if,",
    "_ONLYIF": "only if|implies|implies that",
    "_LET": "let",
    "BE": "be|is|are|must be|is always|are always|is also|is necessarily|is a set which is|are all",
    "_SUPPOSE": "suppose|assume|suppose that|assume that|suppose further|suppose also|suppose in addition|"
    "suppose furthermore|assume also|assume further|suppose now|suppose further that|suppose also that|"
    "suppose in addition that|assume further that|assume also that|"
    "now suppose|now suppose that",
    "_CONSIDER": "consider|given",
    "_THAT": "that|which",
    "_PROVE": "prove|show|prove that|show that|deduce that|conclude that|verify that|establish that|"
    "demonstrate that|then prove that|then show that|prove directly that|"
    "prove the following|prove in detail that",
    "_FORALL": "for all|for every|for each|for any|for arbitrary|given any",
    "_FORSOME": "for some",
    "_SUCH": "such that|so that|with the property that|satisfying the condition that",
    "_WITH": "with|satisfying|which satisfies|that satisfies|which satisfy|that satisfy|having",
    "_WHERE": "where",
    "_THERE": "there is|there exists|there are|there exist|there must exist|there must be|we can find",
    "THERENO": "there is no|there exists no|there are no|there exist no|there does not exist|"
    "there do not exist|there cannot exist",
    "UNIQUE": "a unique|exactly one|one and only one|a single",
    "INFINITELY": "infinitely many|an infinite number of",
    "_THE": "the",
    "EVERY": "every|each|all|all the|every such",
    "ANY": "any",
    "SOME": "some|at least one",
    "NO": "no",
    "A": "a|an",
    "COUNT": "two|three",
    "NOT": "not",
    "DOESNOT": "does not|do not|cannot|is not able to|doesn't|can not",
    "HAS": "has|have|possesses|must have|always has",
    "DENOTE": "denote|denotes",
    "OF": "of",
    "PREP": "over|on|in|from|to|into|onto|between|under|at|by|modulo|mod|about",
    "PRONOUN": "it",
    "SYLOW": "sylow",
    "_AS": "as",
    "_INWHICH": "in which|for which|on which",
    "CONGRUENT": "congruent to|congruent",
    "OFFORM": "of the form",
    "NOTCLAIM": "it is not true that|it is not the case that",
}
_PHRASES = {phrase: kind for kind, words in _SMALL.items() for phrase in words.split("|")}
_LONGEST = max(MAX_WORDS, *(len(p.split()) for p in _PHRASES))


def _kind(roles: frozenset[str]) -> str:
    noun = bool(roles & {"structure", "object", "sort"})
    adjective = bool(roles & {"class", "property"})
    if noun and adjective:
        return "BOTHN"
    if noun:
        return "VALN" if "value" in roles else "NOUN"
    if adjective:
        return "ADJ"
    if "value" in roles:
        return "VALUE"
    return "LINK" if "link" in roles else "VERB"


def chunk(tokens: list[Token], vocabulary: Vocabulary) -> list[Chunk]:
    """The terminals of a statement, with a full stop at the end.

    Raises:
        UnreadError: at an unknown word or a formula that is not read.
    """
    found: list[Chunk] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        named = _phrase(tokens, at, vocabulary)
        if named:
            found.append(named[0])
            at += named[1]
        elif token.run:
            end = at
            while end < len(tokens) and tokens[end].run == token.run:
                end += 1
            found.append(_formula(tokens[at:end]))
            at = end
        elif token.kind in ("STOP", "COMMA", "OPEN", "CLOSE"):
            found.append(Chunk("_" + token.kind, token.text, *token.span))
            at += 1
        else:
            raise UnreadError(f"unknown word {token.text!r}", token.span)
    if found and found[-1].kind != "_STOP":
        found.append(Chunk("_STOP", "", found[-1].end, found[-1].end))
    return found


def _word(tokens: list[Token], index: int) -> str | None:
    """The token as a part of a phrase: a word, or a numeral that is a formula of its own."""
    token = tokens[index]
    if token.kind in ("WORD", "HYPHEN"):
        return token.text
    alone = all(not 0 <= i < len(tokens) or tokens[i].run != token.run for i in (index - 1, index + 1))
    if token.kind == "NUM" and alone:
        return token.text
    if token.kind == "COMMA" and not token.run:
        return ","
    return None


def _phrase(tokens: list[Token], at: int, vocabulary: Vocabulary) -> tuple[Chunk, int] | None:
    """The longest phrase that begins here, and how many tokens it takes."""
    first = tokens[at]
    if first.kind not in ("WORD", "HYPHEN"):
        return None
    words: list[str] = []
    best: tuple[Chunk, int] | None = None
    text = ""
    for index in range(at, min(at + _LONGEST, len(tokens))):
        word = _word(tokens, index)
        if word is None:
            break
        words.append(word)
        text = word if not text else text + word if text == "-" or word == "," else f"{text} {word}"
        span = first.start, tokens[index].end
        kind = _PHRASES.get(text)
        if kind is None and text in vocabulary.by_form:
            kind = _kind(frozenset(w.role for w in vocabulary.by_form[text]))
            if text.startswith(("of ", "with ", "having ")):
                kind = "POST"
            elif text.startswith("-"):
                kind = "SUFFIX"
        if kind:
            best = Chunk(kind, text, *span), index - at + 1
    return best


def _formula(tokens: list[Token]) -> Chunk:
    tree = read_formula(tokens)
    start, end = tokens[0].start, tokens[-1].end
    text = "math"
    if tree.op == "mapping":
        return Chunk("MMAP", text, start, end, tree)
    items = tree.args[0].args
    if all(is_name(item) for item in items):
        return Chunk("MVARS", text, start, end, tree)
    if all(is_name(item) for item in items[:-1]) and items[-1].op == "chain":
        chain = items[-1]
        if is_name(chain.args[0]) and len(chain.args) == 2 and chain.text == "IN":
            return Chunk("MMEM", text, start, end, tree)
        if len(items) > 1 and is_name(chain.args[0]):
            return Chunk("MLIM", text, start, end, tree)
    if all(item.op in ("chain", "congruence", "incongruence") for item in items):
        return Chunk("MREL", text, start, end, tree)
    if len(items) == 1 and items[0].op == "paren" and all(i.op == "chain" for i in items[0].args[0].args):
        return Chunk("REMARK", text, start, end, Expr("listed", items[0].args, "", items[0].span))
    if len(items) == 1:
        return Chunk("MTERM", text, start, end, tree)
    raise UnreadError("a list of formulas that is not read", (start, end))


def is_name(item: Expr) -> bool:
    """Whether it can name an object: a letter, perhaps with an index or primes."""
    if item.op == "sub_script":
        return item.args[0].op == "name" and item.args[0].text != "𝔽" and item.args[1].op == "num"
    if item.op == "primed":
        return item.args[0].op == "name"
    return item.op == "name"


def name_of(item: Expr) -> str:
    """The Lean name of what `is_name` accepts."""
    if item.op == "sub_script":
        return item.args[0].text + "".join(chr(0x2080 + int(d)) for d in item.args[1].text)
    if item.op == "primed":
        return item.args[0].text + "'"
    return item.text
