"""What begins a statement in Markdown: words such as "Theorem 3 (Name).", and the attributes of a block."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from cramf.formalize.documents.types import ALIASES, KINDS, OTHERS, PROOFS

__all__ = ["Lead", "attributes", "heading_lead", "is_break", "run_in"]

_LONGEST_TITLE: Final = 200
_KIND_WORD = "|".join(sorted(KINDS))
_NUMBER = r"(?:\d+(?:\.\w+)*'?|[A-Z](?:\.\d+)*|[IVXLC]+)"
# "Theorem 3 (Name).", "Main Theorem", "Lemma: the name"; words before the kind begin with capitals.
_LABEL = re.compile(
    rf"(?P<before>(?:[A-Z][\w'’–-]*[ \t]+){{0,5}})(?P<kind>(?i:{_KIND_WORD}))"
    rf"(?:[ \t]+(?P<number>{_NUMBER})(?![\w-]))?"
    r"[ \t]*(?:[(\[](?P<title>[^()\[\]]*(?:\([^()]*\)[^()\[\]]*)*)[)\]])?"
    r"[ \t]*(?P<stop>[.:]|[–—-](?=[ \t]))?[ \t]*(?P<after>.*)$"
)
_OTHER = re.compile(rf"(?i:{'|'.join(sorted(OTHERS | PROOFS, key=len, reverse=True))})(?![\w-])")
_STRESSED = re.compile(r"(\*\*\*|___|\*\*|__|\*|_)(?=\S)(.{1,300}?)(?<=\S)\1(?!\w)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])[ \t]+")
_PAREN = re.compile(r"[ \t]*\(([^()$]{1,120})\)")
_STOP = re.compile(r"[ \t]*[.:][ \t]*|[ \t]+[–—-][ \t]+|[ \t]+|$")
_CALLOUT = re.compile(r"\[!([A-Za-z]+)\][+-]?[ \t]*(.*)$")
_PLAIN = re.compile(
    rf"(?P<kind>{'|'.join(k.capitalize() for k in sorted(KINDS))}|{_KIND_WORD.upper()})"
    rf"(?:[ \t]+(?P<number>{_NUMBER}))?[ \t]*(?:\((?P<title>[^()$]{{1,120}})\))?[ \t]*[.:](?:[ \t]+|$)"
)
_PLAIN_PROOF = re.compile(r"(?:Proof|PROOF|Solution|SOLUTION)\b[^.:\n]{0,80}[.:](?:\s|$)")
_ATTRIBUTE_LABEL = re.compile(r"[ \t]*\{[^{}]*?#([\w:.-]+)[^{}]*\}[ \t]*$")
_BREAK = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")

_FIRST = re.compile(r"\{?\s*\.?(?:prf:|math:)?([A-Za-z]+)")
_CLASS = re.compile(r"(?<=\.)([A-Za-z]+)")
_ID = re.compile(r"#([\w:.-]+)")
_TITLE = re.compile(r"""\b(?:title|name)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_CHUNK_LABEL = re.compile(r"\{\s*[A-Za-z]+[ ,]+\s*(?:label\s*=\s*)?[\"']?([\w:.-]+)[\"']?\s*[,}]")
_BEHIND = re.compile(r"\}[ \t]*(.+)$")


@dataclass(frozen=True, slots=True)
class Lead:
    """How a block begins: `kind` is one of `KINDS`, None for what is no statement; `rest` is what follows."""

    kind: str | None
    word: str
    number: str | None = None
    title: str | None = None
    label: str | None = None
    rest: str = ""
    proof: bool = False

    def titled(self, title: str) -> Lead:
        """The same under a title, unless it has one."""
        text, label = _label_off(title)
        return replace(self, title=self.title or _short(text), label=self.label or label)

    def with_option(self, key: str, value: str) -> Lead:
        """The same with an option that a line within the block gives."""
        if key == "label":
            return replace(self, label=self.label or value.strip() or None)
        return self.titled(value) if key else self


def is_break(text: str) -> bool:
    """Whether a row is a rule between parts."""
    return _BREAK.match(text) is not None


def heading_lead(title: str) -> Lead | None:
    """What a heading begins, if it is a statement."""
    text, label = _label_off(title)
    stripped = text.strip().strip("*_").strip()
    lead = _labelled(stripped)
    return replace(lead, label=label) if lead is not None else None


def run_in(text: str) -> Lead | None:
    """What the words at the start of a row begin; None where the row is ordinary text."""
    item = _ITEM.match(text)
    text = text[item.end() :] if item and text.startswith(("**", "__"), item.end()) else text.lstrip()
    callout = _CALLOUT.match(text)
    if callout:
        lead = _of_word(callout[1])
        return replace(lead, title=_short(callout[2])) if lead is not None else None
    stressed = _STRESSED.match(text)
    if stressed is None:
        plain = _PLAIN.match(text)
        if plain:
            word = plain["kind"].lower()
            return Lead(word, word, plain["number"], plain["title"], rest=text[plain.end() :])
        return Lead(None, "proof", proof=True) if _PLAIN_PROOF.match(text) else None
    lead = _labelled(stressed[2].strip().strip("*_").strip())
    if lead is None:
        return None
    rest = text[stressed.end() :]
    titled = _PAREN.match(rest) if lead.title is None else None
    if titled:
        lead, rest = replace(lead, title=_short(titled[1])), rest[titled.end() :]
    stop = _STOP.match(rest)
    return replace(lead, rest=rest[stop.end() :] if stop else rest)


def _labelled(text: str) -> Lead | None:
    """A lead from the words that are stressed or in a heading, as "Theorem 3 (Name)."."""
    other = _OTHER.match(text)
    if other:
        word = other.group().lower()
        return Lead(None, word, proof=word in PROOFS)
    found = _LABEL.match(text)
    if found is None or (found["after"] and not found["stop"]):
        return None
    before = [word.lower() for word in found["before"].split()]
    if any(word in OTHERS or word in PROOFS for word in before):
        return Lead(None, before[0], proof=before[0] in PROOFS)
    word = found["kind"].lower()
    named = f"{found['before']}{found['kind']}".strip() if before else ""
    title = _short(found["title"] or "") or _short(found["after"]) or _short(named)
    return Lead(word, word, found["number"], title)


def _short(title: str) -> str | None:
    return " ".join(title.split())[:_LONGEST_TITLE].strip(" .:*_") or None


def _label_off(title: str) -> tuple[str, str | None]:
    """A heading without its attributes, and the identifier that they give."""
    found = _ATTRIBUTE_LABEL.search(title)
    return (title[: found.start()], found[1]) if found else (title, None)


def _of_word(word: str) -> Lead | None:
    word = word.lower()
    kind = word if word in KINDS else ALIASES.get(word)
    if kind is not None:
        return Lead(kind, word)
    return Lead(None, word, proof=word in PROOFS) if word in OTHERS or word in PROOFS else None


def attributes(info: str) -> Lead | None:
    """What the attributes of a fence or a div say, as `theorem`, `{.lemma #lem:a title="Name"}`, `{#thm-a}`.

    None where they name neither a statement nor anything that is known not to be one.
    """
    info = info[:1000]
    identifier = _ID.search(info)
    words = [found[1] for found in (_FIRST.match(info),) if found] + _CLASS.findall(info)
    if identifier:
        words.append(re.split(r"[-:]", identifier[1])[0])
    lead = next((lead for word in words if (lead := _of_word(word)) is not None), None)
    if lead is None:
        return None
    titled = _TITLE.search(info)
    behind = _BEHIND.search(info)
    plain = re.match(r"[A-Za-z]+[ \t]+(?![{#.])(.+)$", info)
    title = (titled[1] or titled[2] or "") if titled else behind[1] if behind else plain[1] if plain else ""
    chunk = _CHUNK_LABEL.match(info)
    label = identifier[1] if identifier else chunk[1] if chunk and chunk[1] not in ("name", "title") else None
    return replace(lead, title=_short(title), label=label)
