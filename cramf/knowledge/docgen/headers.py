"""A declaration's header: its binders, what it extends, its type, and what all of these link to."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lxml import etree

from cramf.knowledge.docgen.records import Member, last_part, module_of_link, one_line, usable
from cramf.knowledge.types import Kind

__all__ = ["Header", "Links", "classes_of", "flat_text", "parent_heads", "read_header", "typed_entry"]


def classes_of(element: Any) -> list[str]:
    return (element.get("class") or "").split()


def flat_text(element: Any) -> str:
    """All text of an element on one line."""
    return one_line("".join(element.itertext()))


@dataclass(slots=True)
class Links:
    """Collects what the statements of a page link to; `module` is that of the page."""

    module: str
    homes: dict[str, str] = field(default_factory=dict)
    tokens: Counter[tuple[str, str]] = field(default_factory=Counter)

    def name_of(self, anchor: Any) -> str:
        """Declaration that a link leads to, "" where it leads to a page or to the types of the foundation."""
        name, home = _target(anchor.get("href") or "", self.module)
        if name:
            self.homes.setdefault(name, home)
        return name

    def collect(self, elements: Iterable[Any]) -> tuple[str, ...]:
        """Declarations that elements link to, each once."""
        found: dict[str, None] = {}
        for element in elements:
            for anchor in element.iter("a"):
                name = self.name_of(anchor)
                if name:
                    found[name] = None
                    token = "".join(anchor.itertext()).strip()
                    if _is_notation(token, name):
                        self.tokens[token, name] += 1
        return tuple(found)


@lru_cache(maxsize=65536)
def _target(href: str, module: str) -> tuple[str, str]:
    """Name and module of a link on the page of a module; names are not percent-encoded."""
    path, _, name = href.partition("#")
    if not usable(name):
        return "", ""
    if not path:
        return name, module
    if "://" in path or not path.endswith(".html"):
        return name, module_of_link(path) if path.endswith(".html") else ""
    folder = posixpath.dirname(module.replace(".", "/"))
    return name, module_of_link(posixpath.normpath(posixpath.join(folder, path)))


_IDENTIFIER = re.compile(r"[.@]?[A-Za-z0-9_«].*", re.DOTALL)


def _is_notation(token: str, name: str) -> bool:
    """Whether a link's text is a sign (`⊆`, `ℝ`) and no written form of the name itself."""
    if not token or any(c.isspace() for c in token) or _IDENTIFIER.fullmatch(token):
        return False
    return token != name and not name.endswith(f".{token}")


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says; `description` is the kind with its modifiers (`noncomputable def`)."""

    description: str
    signature: str
    uses: tuple[str, ...]
    parents: tuple[str, ...] = ()
    projections: tuple[Member, ...] = ()


def read_header(header: Any, name: str, links: Links) -> Header | None:
    """Read a `decl_header` element; None where it has no type, as one that is cut short."""
    description, type_text, extended = "", None, None
    binders: list[str] = []
    spoken: list[Any] = []
    for child in header:
        classes = classes_of(child)
        if "decl_kind" in classes:
            description = flat_text(child)
            continue
        if "decl_name" in classes:
            continue
        spoken.append(child)
        text = flat_text(child)
        if "decl_type" in classes:
            type_text = text
        elif "decl_extends" in classes:
            extended = [(child.tail or "", "", "")]
        elif "decl_args" in classes and text == ":":
            continue
        elif extended is not None and type_text is None:
            extended += _pieces(child, links)
        elif "impl_arg" in classes or "decl_args" in classes:
            binders.append(text)
    if type_text is None:
        return None
    parts = binders
    parents: tuple[tuple[str, str, str], ...] = ()
    if extended:
        parts = [*binders, "extends " + one_line("".join(text for text, _, _ in extended))]
        parents = parent_heads(extended)
    return Header(
        description,
        " ".join([*parts, f": {type_text}"]),
        links.collect(spoken),
        tuple(head for head, _, _ in parents if head),
        tuple(_projection(name, parent) for parent in parents if parent[0]),
    )


def _pieces(element: Any, links: Links) -> Iterator[tuple[str, str, str]]:
    """Text of an element and its tail in order: each with the name it links to and the id it stands under."""
    name = ""
    identity = element.get("id") or ""
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            if node.tag == "a":
                name = links.name_of(node)
            if node.text:
                yield node.text, name, identity
        else:
            if node.tag == "a":
                name = ""
            if node is not element and node.tail:
                yield node.tail, name, identity
    if element.tail:
        yield element.tail, "", ""


def parent_heads(pieces: Iterable[tuple[str, str, str]]) -> tuple[tuple[str, str, str], ...]:
    """Head, projection and text of each parent; they are parted by commas outside all brackets.

    The projection is "" before v4.29, which gave no element around a parent.
    """
    found: list[tuple[str, str, str]] = []
    head, projection, text, depth = "", "", "", 0
    for piece, name, identity in pieces:
        head = head or name
        projection = projection or identity
        for mark in piece:
            depth += (mark in "([{⦃⟨") - (mark in ")]}⦄⟩")
            if mark == "," and depth == 0:
                found.append((head, projection, one_line(text)))
                head, projection, text = "", "", ""
            else:
                text += mark
    found.append((head, projection, one_line(text)))
    return tuple(found)


def _projection(owner: str, parent: tuple[str, str, str]) -> Member:
    head, projection, text = parent
    name = projection if usable(projection) else f"{owner}.to{last_part(head)}"
    return Member(name, Kind.FIELD, f": {text}", uses=(head,))


_ENTRY_DOCS = frozenset({"inductive_ctor_doc", "structure_field_doc"})


def typed_entry(element: Any, name: str, links: Links) -> tuple[str, tuple[str, ...]]:
    """Signature and uses of a field or constructor, which is written `name binders : type`."""
    binders: list[str] = []
    spoken: list[Any] = []
    rest = [element.text or ""]
    for child in element:
        classes = classes_of(child)
        if _ENTRY_DOCS.intersection(classes):
            continue
        if child.tag == "a" and "".join(rest).strip() == "" and not binders:
            # An inherited field's name links to where the field is from.
            rest = [flat_text(child), child.tail or ""]
            continue
        spoken.append(child)
        if "impl_arg" in classes or "decl_args" in classes:
            binders.append(flat_text(child))
            rest.append(child.tail or "")
        else:
            rest += ["".join(child.itertext()), child.tail or ""]
    text = one_line("".join(rest))
    for short in (last_part(name), last_part(name).strip("«»")):
        if text.startswith(short):
            text = text[len(short) :]
            break
    else:
        text = text.partition(":")[2]
    text = text.strip().removeprefix(":").strip()
    return " ".join([*binders, f": {text}"]) if text else " ".join(binders), links.collect(spoken)
