"""The comparison on the reference statements of benchmark files, which stand outside the repository."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from cramf.evaluation.lean_tree import parse_statement, read_whole
from cramf.evaluation.normal_form import Normaliser
from cramf.evaluation.tree import nodes
from cramf.lean.brackets import bracket_end
from cramf.lean.commands import SourceText
from cramf.lean.lexer import TokenKind, tokenize

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FILES = [DATA / "minif2f.jsonl", DATA / "proofnet-dev.jsonl"]

pytestmark = pytest.mark.skipif(
    not all(f.is_file() for f in FILES), reason="the benchmark files are not here"
)


def references() -> Iterator[tuple[str, str]]:
    for file in FILES:
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            row = row.get("verified") or row
            yield row["formal_statement"], row["header"]


def renamed(text: str) -> str:
    """Every variable of a statement under another name, told by the tokens."""
    bound = {word for node in nodes(parse_statement(text)) for word in node.binds if word.isidentifier()}
    table = {word: f"{word}renamed{n}" for n, word in enumerate(sorted(bound)) if word != "_"}
    parts = []
    for token in tokenize(text)[0]:
        first, dot, rest = token.text.partition(".")
        known = token.kind is TokenKind.IDENTIFIER and first in table
        parts.append(f"{table[first]}{dot}{rest}" if known else token.text)
    return "".join(parts)


def shuffled(text: str, chance: random.Random) -> str:
    """The binder groups of a statement in another order that keeps each behind those that it mentions."""
    source = SourceText.read(text)
    tokens = source.tokens
    index, groups = 2, []
    while tokens[index].text in ("(", "{", "["):
        close = bracket_end(tokens, index, len(tokens))
        words = [t.text.partition(".")[0] for t in tokens[index:close] if t.kind is TokenKind.IDENTIFIER]
        colon = next((i for i in range(index, close) if tokens[i].text == ":"), index)
        names = {t.text for t in tokens[index:colon]}
        groups.append((text[tokens[index].start : tokens[close].end], names, set(words)))
        index = close + 1
    if not groups:
        return text
    for _ in range(4 * len(groups)):
        at = chance.randrange(len(groups) - 1) if len(groups) > 1 else 0
        if at + 1 < len(groups):
            (_, names, _), (_, _, words) = groups[at], groups[at + 1]
            # An instance has no name, and what stands behind it may need it.
            if not names & words and not any(g[0].startswith("[") for g in groups[at : at + 2]):
                groups[at], groups[at + 1] = groups[at + 1], groups[at]
    start = tokens[1].end
    rest = text[tokens[index].start :]
    return f"{text[:start]} {' '.join(g[0] for g in groups)} {rest}"


def test_nearly_all_statements_are_read_whole() -> None:
    whole = [read_whole(parse_statement(text)) for text, _ in references()]
    assert len(whole) == 672
    assert sum(whole) / len(whole) >= 0.99


def test_renaming_and_shuffling_keep_every_statement_and_no_two_are_equal(normaliser: Normaliser) -> None:
    chance = random.Random(7)
    keys = []
    for text, header in references():
        key = normaliser(text, header).key
        assert normaliser(renamed(text), header).key == key, text
        other = shuffled(text, chance)
        assert normaliser(other, header).key == key, other
        keys.append(key)
    # Statements of different problems say different things.
    assert len(set(keys)) == len(keys)
