"""The names that a message of Lean itself puts forward, in the wordings of several versions."""

from __future__ import annotations

import re

from cramf.lean.wording import clip

__all__ = ["suggested_names"]

# A quoted name, in both styles; a prime may end it.
_QUOTED = r"(?:'(?P<name>[^'\n]{1,300}'*)'|`{1,2}(?P<tick>[^`\n]{1,300})`)"
_SUGGESTIONS = (
    re.compile(rf"has been deprecated[:,] {{1,9}}(?i:please )?(?i:use) (?:the )?{_QUOTED}"),
    re.compile(rf"\b(?i:did you mean|(?:perhaps|maybe) you meant)(?: to (?:write|use))?:? {_QUOTED}"),
    re.compile(rf"\bis deprecated[^`'\n]{{0,80}}(?:in favou?r of|use|by) {_QUOTED}"),
    re.compile(r"please replace this import by\s{1,9}import (?P<name>\S{1,300})(?P<tick>)"),
    re.compile(rf"\n\s{{0,9}}Hint: (?:Use|Consider using|Did you mean)(?: the \w{{1,30}})? {_QUOTED}"),
)
_LIST_OPENING = re.compile(
    r"(?:\A|\n)[^\n]{0,200}(?:Hint: [^\n]{0,400}|(?i:did you mean|you meant|one of)[^\n]{0,400}|"
    r"(?i:possible interpretations|possible (?:names|values)):?\s{0,3})(?=\n)"
)
_ITEM = re.compile(r"\s{1,9}(?:\[apply\] |[•-] )?(?P<item>\S[^\n]{0,600})")
_IDENTIFIER = re.compile(r"[^\W\d][\w'!?₀-₉]*(?:\.(?:[^\W\d][\w'!?₀-₉]*|«[^»\n]+»))*|_[\w'!?]+")
_BRACKETED = re.compile(r"possible interpretations: '?\[([^\]\n]{1,2000})\]")
_STRUCK, _ADDED = "\u0335", "\u0332"


def _applied(text: str) -> str:
    """What a hint's inline difference comes to: struck characters go, added ones lose their mark."""
    if _STRUCK not in text and _ADDED not in text:
        return text
    return re.sub(rf"[^\n]{_STRUCK}", "", text).replace(_ADDED, "")


def _item_name(item: str, *, qualified: bool) -> str | None:
    """The name that a line of a list puts forward, or None; if `qualified`, the head of a whole term."""
    quoted = re.match(r"[`']([^`'\n]+'*)[`'](?!\w)", item)
    word = quoted[1] if quoted else _applied(item).strip()
    if qualified:
        word = re.split(r"[\s({]", word.lstrip("@("), maxsplit=1)[0].rstrip("),:")
    if not _IDENTIFIER.fullmatch(word) or (qualified and "." not in word):
        return None
    return word


def _listed(text: str) -> list[str]:
    """Names of the lists that follow an opening such as `Hint: Perhaps you meant one of these:`."""
    names: list[str] = []
    for opening in _LIST_OPENING.finditer(text):
        ambiguous = "interpretations" in opening[0]
        for line in text[opening.end() + 1 :].split("\n"):
            item = _ITEM.fullmatch(line)
            if item is None and not (ambiguous and not line.strip()):
                break
            if item and (name := _item_name(item["item"], qualified=ambiguous)):
                names.append(name)
    return names


def suggested_names(text: str) -> tuple[str, ...]:
    """Names that Lean itself puts forward, each once: the successor of a deprecated one, a "did you mean",
    the list of a hint, the readings of an ambiguous name."""
    text = clip(text)
    names: list[str] = []
    for pattern in _SUGGESTIONS:
        names += [m["name"] or m["tick"] for m in pattern.finditer(text)]
    for inside in _BRACKETED.findall(text):
        names += [part.strip(" `'") for part in inside.split(",")]
    names += _listed(text)
    return tuple(dict.fromkeys(names))
