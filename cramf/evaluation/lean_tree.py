"""Lean statements as expression trees, without Lean: binders, hypotheses and goal.

`parse_statement` reads `theorem NAME BINDERS : GOAL := …` as one tree, `∀ x : T, …, H → … → GOAL`, in which
every binder group of the head is a binder (`∀`) and every unnamed one a premise (`→`). Names stand as they
are written; `cramf.evaluation.normal_form` resolves them. Precedences are those of Lean and Mathlib for the
operators that `cramf.evaluation.lean_operators` lists. What cannot be read is an opaque node that holds its
tokens, whose variables are still known as such. Nothing here raises for any text.
"""

from __future__ import annotations

from contextlib import ExitStack

from cramf.evaluation.bound import Bound, bind
from cramf.evaluation.lean_binders import StatementReader
from cramf.evaluation.lean_operators import merged
from cramf.evaluation.lean_terms import UnparsedError
from cramf.evaluation.tree import Kind, Tree, depth, nodes
from cramf.lean.commands import SourceText
from cramf.lean.declarations import signature_end
from cramf.lean.lexer import TokenKind

__all__ = ["MAX_DEPTH", "MAX_TOKENS", "parse_statement", "parse_term", "parse_type", "read_whole"]

MAX_TOKENS = 4000
"""Statements of more tokens are one opaque node."""
MAX_DEPTH = 80
"""Trees that are deeper are one opaque node, so that recursion over what is returned is safe."""
_STATEMENTS = frozenset({"theorem", "lemma", "example", "def", "abbrev"})
_GROUPS = frozenset("( { ⦃ [".split())


def parse_statement(text: str) -> Tree:
    """The statement of a theorem as one tree. Its proof and what stands before `theorem` are passed over."""
    source = SourceText.read(text.replace("\r\n", "\n"))
    tokens = source.tokens
    keyword = next((i for i, t in enumerate(tokens) if t.text in _STATEMENTS), -1)
    start = keyword + 1
    if keyword >= 0 and tokens[keyword].text != "example":
        named = start < len(tokens) and tokens[start].kind is TokenKind.IDENTIFIER
        start += named
        if start + 1 < len(tokens) and tokens[start].text == "." and tokens[start + 1].text == "{":
            close = next((i for i in range(start, len(tokens)) if tokens[i].text == "}"), start)
            start = close + 1
    stop = signature_end(source, start, len(tokens))
    if start >= stop:
        return Tree("opaque", kind=Kind.OPAQUE)
    begin, end = tokens[start].start, tokens[stop - 1].end
    return _read(source.text[begin:end])


def parse_type(signature: str) -> Tree:
    """A signature without its name: `(n : ℕ) : ℕ` as `∀ n : ℕ, ℕ`."""
    return _read(signature)


def parse_term(text: str, bound: tuple[str, ...] = ()) -> Tree:
    """A term alone; `bound` are the names that are variables in it."""
    reader = _reader(text, bound)
    if reader is None:
        return Tree("opaque", kind=Kind.OPAQUE)
    return _shallow(reader.whole(reader.stop), reader)


def read_whole(tree: Tree) -> bool:
    """Whether there is no opaque node in a tree."""
    return all(node.kind is not Kind.OPAQUE for node in nodes(tree))


def _read(text: str) -> Tree:
    reader = _reader(text)
    if reader is None:
        return Tree("opaque", kind=Kind.OPAQUE)
    bounds: list[Bound] = []
    with ExitStack() as stack:
        try:
            while reader.peek() in _GROUPS or reader.is_word() or reader.peek() == "_":
                close = reader.closing[reader.at]
                stop = close + 1 if reader.peek() in _GROUPS else reader.at + 1
                if reader.peek() in _GROUPS and close < 0:
                    raise UnparsedError("bracket")
                bounds += reader.binders(stop, stack)
            if reader.peek() == ":":
                reader.at += 1
            elif reader.at < reader.stop:
                raise UnparsedError(":")
            goal = reader.whole(reader.stop)
        except UnparsedError:
            reader.at = 0
            return reader.opaque(0, reader.stop)
        return _shallow(bind("∀", bounds, goal), reader)


def _reader(text: str, bound: tuple[str, ...] = ()) -> StatementReader | None:
    source = SourceText.read(text)
    tokens = [t for t in source.tokens if t.kind is not TokenKind.DOC]
    if not tokens or len(tokens) > MAX_TOKENS:
        return None
    return StatementReader(text, list(merged(tokens)), bound)


def _shallow(tree: Tree, reader: StatementReader) -> Tree:
    return tree if depth(tree) <= MAX_DEPTH else reader.opaque(0, len(reader.pieces))
