"""Module pages of doc-gen4: declarations out of HTML.

The shapes are those of doc-gen4 at commit 07b3457742e9 (July 2026, Lean v4.33.0-rc1; files
`DocGen4/Output/{Module,Arg,Structure,Inductive,Definition,DocString}.lean`), and of its releases back to
v4.12: parents without an element of their own (before v4.29) and under `decl_parent` (v4.12) are read too.
"""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import lxml.html
from lxml import etree

from cramf.knowledge.docgen.headers import Header, Links, classes_of, flat_text, read_header, typed_entry
from cramf.knowledge.docgen.markdown import markdown_of
from cramf.knowledge.docgen.records import Documented, Member, ModuleFacts, is_private, kind_of, usable
from cramf.knowledge.linking import FileError
from cramf.knowledge.types import Kind

__all__ = ["read_fragment", "read_page", "split_attributes"]

MAX_BYTES = 128 << 20
"""Larger pages are refused; the largest of Mathlib has about a tenth of that."""

_COMMIT = re.compile(rb'class="gh_nav_link">\s*<a href="[^"]*/blob/([0-9a-f]{40})/')
_TITLE = re.compile(rb"<title>([^<]*)</title>")
_OPENED = re.compile(rb'<div class="decl(?: sorried)?"')
_STRUCTURAL = frozenset({"structure_fields", "structure_ext", "constructors", "attributes", "gh_link"})


def read_page(path: Path, module: str) -> ModuleFacts:
    """Declarations of one page. What cannot be read is an error among the facts, with the page's line."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return _refused(module, f"its page is larger than {MAX_BYTES >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        return _refused(module, f"its page cannot be read: {error.strerror}")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _refused(
            module, f"its page is not UTF-8 (byte {error.start})", data.count(b"\n", 0, error.start)
        )
    return _read(data, module)


def _refused(module: str, message: str, lines: int = 0) -> ModuleFacts:
    return ModuleFacts(module, errors=(FileError(module, lines + 1, message),), whole=False)


def _read(data: bytes, module: str) -> ModuleFacts:
    expected = len(_OPENED.findall(data))
    if not expected and b'class="internal_nav"' not in data:
        return _refused(module, "its page is none that doc-gen4 wrote")
    elements = _declaration_elements(_parse(data))
    if len(elements) < expected:
        # Deep terms nest elements deeper than the parser allows, and it drops the rest of the page.
        elements = _declaration_elements(_parse(_without_deep_spans(data)))
    errors: list[FileError] = []
    if len(elements) < expected:
        message = f"only {len(elements)} of the {expected} declarations on its page can be parsed"
        errors.append(FileError(module, 1, message))
    if not data.rstrip().endswith(b"</html>"):
        errors.append(FileError(module, data.count(b"\n") + 1, "its page is cut short"))
        if b"</main>" not in data:
            elements = elements[:-1]
    links = Links(module)
    found: dict[str, Documented] = {}
    for element in elements:
        name = element.get("id") or ""
        if is_private(name):
            continue
        read = _declaration(element, name, links) if usable(name) else "a declaration on its page has no name"
        if isinstance(read, Documented):
            found.setdefault(name, read)
        else:
            errors.append(FileError(module, element.sourceline or 1, read))
    commit = _COMMIT.search(data)
    title = _TITLE.search(data)
    return ModuleFacts(
        module,
        tuple(found.values()),
        tuple(errors),
        not errors,
        links.homes,
        dict(links.tokens),
        commit.group(1).decode() if commit and module.split(".")[0] == "Mathlib" else "",
        unescape(title.group(1).decode()).replace("«", "").replace("»", "").strip() if title else "",
    )


def _parse(data: bytes) -> Any:
    """Root element of a page, None where there is none. Nothing is loaded and no limit is lifted."""
    parser = lxml.html.HTMLParser(
        encoding="utf-8", huge_tree=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        return lxml.html.document_fromstring(data, parser=parser)
    except (etree.LxmlError, ValueError):
        return None


def _declaration_elements(root: Any) -> list[Any]:
    return [] if root is None else [div for div in root.iter("div") if "decl" in classes_of(div)]


_SPAN = re.compile(rb"<span\b[^>]*>|</span>")
_DEEPEST_SPAN = 64


def _without_deep_spans(data: bytes) -> bytes:
    """The page without the tags of spans that stand deep in others: they only carry colour."""
    kept: list[bytes] = []
    depth = at = 0
    for tag in _SPAN.finditer(data):
        closing = tag.group().startswith(b"</")
        depth -= closing
        drop = depth >= _DEEPEST_SPAN
        depth = max(0, depth + (not closing))
        kept.append(data[at : tag.start() if drop else tag.end()])
        at = tag.end()
    kept.append(data[at:])
    return b"".join(kept)


def _child_with(element: Any, tag: str, wanted: str) -> Any:
    return next((e for e in element.iter(tag) if wanted in classes_of(e)), None)


def _declaration(element: Any, name: str, links: Links) -> Documented | str:
    """The declaration of a `div.decl`, or what is wrong with it."""
    place = _child_with(element, "div", "decl_header")
    header = None if place is None else read_header(place, name, links)
    if place is None or header is None:
        return f"{name} has no whole header"
    kind = kind_of(header.description)
    if kind is None:
        return f"{name} is of a kind that is not known, {header.description!r}"
    body = place.getparent()
    attributes = _child_with(body, "div", "attributes")
    source = _child_with(body, "div", "gh_link")
    after = (e for e in place.itersiblings() if e.tag != "details")
    fields, members = _members(body, name, links)
    return Documented(
        name=name,
        kind=kind,
        line=_source_line(source),
        signature=header.signature,
        docstring=markdown_of(e for e in after if not _STRUCTURAL.intersection(classes_of(e))),
        attributes=() if attributes is None else split_attributes(flat_text(attributes)),
        uses=header.uses,
        fields=fields,
        parents=header.parents,
        members=(*members, *header.projections),
    )


_LINE = re.compile(r"(?:#L(\d{1,9})(?:-L\d+)?|:(\d{1,9}):\d+)\Z")


def _source_line(link: Any) -> int:
    """Line that a `gh_link` leads to, on GitHub or in an editor; 0 where it names none."""
    for anchor in () if link is None else link.iter("a"):
        found = _LINE.search(anchor.get("href") or "")
        if found:
            return int(found.group(1) or found.group(2))
    return 0


def _members(body: Any, name: str, links: Links) -> tuple[tuple[str, ...], list[Member]]:
    """Own fields or constructors by short name, and everything that the type brings along."""
    fields: list[str] = []
    members: list[Member] = []
    for element in body.iter("ul", "li"):
        classes = classes_of(element)
        identity = element.get("id") or ""
        if not usable(identity):
            continue
        if "structure_fields" in classes or "structure_ext_ctor" in classes:
            members.append(Member(identity, Kind.CONSTRUCTOR))
        elif "structure_field" in classes or "constructor" in classes:
            kind = Kind.FIELD if "structure_field" in classes else Kind.CONSTRUCTOR
            text = _child_with(element, "div", "structure_field_info") if kind is Kind.FIELD else element
            doc = _child_with(
                element, "div", "structure_field_doc" if kind is Kind.FIELD else "inductive_ctor_doc"
            )
            signature, uses = ("", ()) if text is None else typed_entry(text, identity, links)
            docstring = "" if doc is None else markdown_of(doc)
            members.append(Member(identity, kind, signature, docstring, uses))
            if "inherited_field" not in classes:
                fields.append(identity.removeprefix(f"{name}."))
    return tuple(fields), members


def split_attributes(text: str) -> tuple[str, ...]:
    """Attributes of a list `@[a, b "x, y"]`; commas in quotes and brackets part nothing."""
    inner = text.strip().removeprefix("@[").removesuffix("]")
    found: list[str] = []
    current, depth, quoted, escaped = "", 0, False, False
    for mark in inner:
        if quoted:
            quoted = escaped or mark != '"'
            escaped = mark == "\\" and not escaped
        elif mark == '"':
            quoted = True
        else:
            depth += (mark in "([{") - (mark in ")]}")
        if mark == "," and not quoted and depth <= 0:
            found.append(current.strip())
            current = ""
        else:
            current += mark
    return tuple(entry for entry in (*found, current.strip()) if entry)


def read_fragment(html: str, name: str, links: Links) -> Header | None:
    """A header that stands alone, as in `declaration-data-MODULE.bmp`; None where there is none."""
    root = _parse(html.encode("utf-8"))
    place = None if root is None else _child_with(root, "div", "decl_header")
    return None if place is None else read_header(place, name, links)
