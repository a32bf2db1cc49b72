"""The terms of a statement by which definitions are associated: words, pairs of words, concepts, macros.

Words are taken to the root of their family, so that `continuity` and `continuous` are one term.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from cramf.retrieval.concept_tokens import name_key, tokens_of
from cramf.retrieval.inflection import stem
from cramf.retrieval.text import name_words, plain_prose
from cramf.retrieval.types import ConceptMention

__all__ = ["association_terms", "content_roots", "informal_docstring", "name_roots", "prose_roots"]

_STOP: Final = frozenset(
    "a an the of is are be it its in on for to and or that this which with by as at from if then so we let "
    "such any every all there has have not can when where given prove show suppose assume also see following "
    "using used use lemma theorem version".split()
)
_HOLLOW: Final = frozenset("is has mk to of on the a an in for and or at by with".split())
"""Words that names share with running text but that say nothing."""
_MACRO: Final = re.compile(r"\\([A-Za-z]+)|\^\{?-1(?![\d/.])")
_CODE: Final = re.compile(r"`([^`]*)`")
_MATHEMATICS: Final = re.compile(r"(\$\$?[^$]*\$\$?)")
_LONGEST: Final = 600
"""Characters of a docstring that are read: what follows a statement is mostly about the library."""
_IDENTIFIER: Final = re.compile(r"[^\W\d][\w'.]{3,}")


@lru_cache(maxsize=1 << 16)
def _root(word: str) -> str:
    keys = name_key(word)
    return stem(keys[0]).root if keys else word


def prose_roots(text: str) -> list[str]:
    """Roots of the words of a statement's prose, in order; what stands in mathematics is left out."""
    return [stem(token.key).root for token in tokens_of(text) if token.prose]


def content_roots(text: str, words: Iterable[str] = ()) -> frozenset[str]:
    """Roots of all words of a statement and of `words`, the terms of its LaTeX said in words."""
    return frozenset(prose_roots(text)).union(_root(word) for word in words)


def name_roots(name: str) -> list[str]:
    """Roots of the words that a Lean name is made of: `IsCompact.image` gives is, compact, image."""
    return [root for word in name_words(name) if (root := _root(word))]


def hollow(root: str) -> bool:
    return root in _HOLLOW


def association_terms(text: str, mentions: Sequence[ConceptMention]) -> list[str]:
    """Terms of a statement, each once, in order of the alphabet; `mentions` are those of all its concepts."""
    keys = [t.key for t in tokens_of(text) if t.prose and t.key not in _STOP and len(t.key) > 1]
    roots = [stem(key).root for key in keys]
    terms = {f"w:{root}" for root in roots}
    terms.update(f"b:{a} {b}" for a, b in itertools.pairwise(roots))
    terms.update(f"c:{mention.concept}" for mention in mentions)
    terms.update(f"m:{match[1] or 'inv'}" for match in _MACRO.finditer(text))
    return sorted(terms)


def informal_docstring(docstring: str) -> str:
    """A docstring as a mathematician would say it: identifiers in code become the words of their last part.

    `IsCompact s` becomes `compact s`; code without identifiers becomes mathematics.
    """

    def said(match: re.Match[str]) -> str:
        code = match[1]
        if not _IDENTIFIER.search(code):
            return f"${code}$"
        return _IDENTIFIER.sub(_last_words, code)

    text = _CODE.sub(said, docstring[:_LONGEST])
    # Only prose is freed of Markdown: mathematics has stars and underscores of its own.
    parts = _MATHEMATICS.split(text)
    parts[::2] = [plain_prose(part) for part in parts[::2]]
    return " ".join(" ".join(parts).split())


def _last_words(match: re.Match[str]) -> str:
    words = name_words(match[0].rsplit(".", 1)[-1])
    return " ".join(word for word in words if word not in ("is", "has"))
