"""Docstrings as doc-gen4 renders them, back to the Markdown that they are written in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["markdown_of"]

_MARKS = {"em": "*", "i": "*", "strong": "**", "b": "**", "code": "`", "del": "~~"}
_BLOCKS = frozenset("p ul ol pre blockquote table h1 h2 h3 h4 h5 h6 hr div".split())


def markdown_of(elements: Iterable[Any]) -> str:
    """Markdown of sibling elements: paragraphs parted by blank lines, links as their text.

    Mathematics needs no care: doc-gen4 leaves the dollar signs for MathJax to find.
    """
    blocks = [block for element in elements if (block := _block(element))]
    return "\n\n".join(blocks)


def _block(element: Any) -> str:
    tag = element.tag
    if tag in ("ul", "ol"):
        return _list(element)
    if tag == "pre":
        return "```\n" + "".join(element.itertext()).strip("\n") + "\n```"
    if tag == "blockquote":
        return "\n".join(f"> {line}".rstrip() for line in _flow(element).split("\n"))
    if tag == "table":
        rows = ([_inline(cell).strip() for cell in row.iter("th", "td")] for row in element.iter("tr"))
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)
    if tag == "hr":
        return ""
    if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
        return "#" * int(tag[1]) + " " + _inline(element).strip()
    return _flow(element)


def _flow(element: Any) -> str:
    """What may hold both text and blocks: a quotation, a list item, an unknown element."""
    if not any(child.tag in _BLOCKS for child in element):
        return _inline(element).strip()
    parts: list[str] = []
    text = element.text or ""
    for child in element:
        if child.tag in _BLOCKS:
            parts += [text.strip(), _block(child)]
            text = child.tail or ""
        else:
            text += _inline_of(child) + (child.tail or "")
    return "\n\n".join(part for part in (*parts, text.strip()) if part)


def _list(element: Any) -> str:
    items: list[str] = []
    for number, item in enumerate(element.iterchildren("li"), start=1):
        mark = "*" if element.tag == "ul" else f"{number}."
        lines = _flow(item).split("\n")
        rest = [f"  {line}".rstrip() for line in lines[1:]]
        items.append("\n".join((f"{mark} {lines[0]}", *rest)))
    return "\n".join(items)


def _inline(element: Any) -> str:
    parts = [element.text or ""]
    for child in element:
        parts += [_inline_of(child), child.tail or ""]
    return "".join(parts)


def _inline_of(element: Any) -> str:
    if element.tag == "br":
        # doc-gen4 writes the line's end itself after the tag.
        return ""
    if element.tag == "img":
        return element.get("alt") or ""
    if element.tag == "a" and "hover-link" in (element.get("class") or ""):
        return ""
    mark = _MARKS.get(element.tag, "")
    return f"{mark}{_inline(element)}{mark}"
