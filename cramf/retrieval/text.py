"""Words of names, docstrings and queries, for the lexical channel and for the encoder's input."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["definition_text", "lexical_terms", "name_words", "plain_docstring", "plain_prose", "usage_text"]

_NAME_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zα-ωμ]+|[0-9]+|[^\W_A-Za-z0-9]+")
_TERM = re.compile(r"[A-Za-zα-ωÀ-ÿ]+(?:'[a-z]+)?|[0-9]+")
_CODE = re.compile(r"`([^`]*)`")
# Bounded, so that no run of brackets or blanks takes more than linear time.
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\([^)]{0,500}\)")
_MARKS = re.compile(r"[*_#$\\]+|^[ \t]*[-*]\s", re.MULTILINE)
_PROSE_MARKS = re.compile(r"[*_#]+|^[ \t]*[-*]\s", re.MULTILINE)
_SPACES = re.compile(r"\s+")
_STOP = frozenset(
    "a an the of is are be it its in on for to and or that this which with by as at from if then so we let "
    "such any every all there has have not can when where given".split()
)


def name_words(name: str) -> list[str]:
    """Lower-case words of a Lean name: `Subgroup.isNormal_iff` gives subgroup, is, normal, iff."""
    return [word.lower() for part in name.split(".") for word in _NAME_WORD.findall(part)]


def plain_docstring(docstring: str, limit: int = 600) -> str:
    """A docstring as running text without Markdown, cut at `limit` characters."""
    text = _LINK.sub(r"\1", docstring)
    text = _CODE.sub(r"\1", text)
    text = _MARKS.sub(" ", text)
    return _SPACES.sub(" ", text).strip()[:limit]


def plain_prose(text: str) -> str:
    """Prose without Markdown, LaTeX left as it is."""
    return _PROSE_MARKS.sub(" ", _LINK.sub(r"\1", text))


def definition_text(name: str, docstring: str, signature: str) -> str:
    """What the encoder reads of a definition: the words of its name, then docstring or signature."""
    words = " ".join(name_words(name))
    body = plain_docstring(docstring) or _SPACES.sub(" ", signature)[:200]
    return f"{words}: {body}" if body else words


def usage_text(docstring: str) -> str:
    """What the encoder reads of a documented theorem."""
    return plain_docstring(docstring)


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """Cut the commonest English endings, so that `groups` and `group` are one term."""
    if len(word) > 4:
        if word.endswith("ies"):
            return word[:-3] + "y"
        if word.endswith(("sses", "xes", "ches", "shes")):
            return word[:-2]
        if word.endswith("s") and not word.endswith(("ss", "us", "is")):
            return word[:-1]
    return word


def lexical_terms(text: str) -> list[str]:
    """Terms of running text: words and numbers, lower-cased and stemmed, camel case split as well."""
    terms: list[str] = []
    for word in _TERM.findall(text):
        lowered = word.lower()
        parts = _NAME_WORD.findall(word) if not (word.islower() or word.isupper()) else ()
        if len(parts) > 1:
            terms += [_stem(part.lower()) for part in parts]
        if lowered not in _STOP:
            terms.append(_stem(lowered))
    return terms
