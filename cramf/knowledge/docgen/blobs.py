"""Rendered code as `api-docs.db` stores it.

A tree of texts, tags and sequences, written as `DocGen4/RenderedCode.lean` (commit 07b3457742e9; the same
since v4.29.0) and leansqlite's `SQLite/Blob/{Classes,Instances}.lean` (commit 2765af4d645e) lay down: sizes
are little-endian base-128 numbers, strings are UTF-8 after their size in bytes, arrays elements after
their number.
"""

from __future__ import annotations

__all__ = ["BlobError", "decode_code"]

_TEXT, _TAG, _SEQUENCE = range(3)
_CONST_TAG, _LAST_TAG = 2, 7
_ANONYMOUS, _STRING, _NUMBER = range(3)


class BlobError(ValueError):
    """Bytes that are no rendered code."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise BlobError("ends too early")
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise BlobError("holds a number that is too large")

    def string(self) -> str:
        size = self.number()
        end = self.at + size
        if end > len(self.data):
            raise BlobError("ends too early")
        try:
            text = self.data[self.at : end].decode("utf-8")
        except UnicodeDecodeError:
            raise BlobError("holds text that is not UTF-8") from None
        self.at = end
        return text

    def name(self) -> str:
        """A name with the components that are no identifiers in «», as Lean prints it."""
        # The tree leans left: tags from the outermost component inwards, then the components inside out.
        tags: list[int] = []
        while (tag := self.byte()) != _ANONYMOUS:
            if tag not in (_STRING, _NUMBER):
                raise BlobError(f"holds a name of the unknown form {tag}")
            tags.append(tag)
        parts = [_escaped(self.string()) if t == _STRING else str(self.number()) for t in reversed(tags)]
        return ".".join(parts)


def _escaped(part: str) -> str:
    """Lean's rule: a letter or underscore, then letters, digits, subscripts and the marks `'!?`."""
    first, rest = part[:1], part[1:]
    plain = (_is_letter(first) or first == "_") and all(_is_letter(c) or _is_follow(c) for c in rest)
    return part if plain or "»" in part else f"«{part}»"


def _is_letter(mark: str) -> bool:
    """Letters of ASCII, Latin and Greek (but λ, Π and Σ), letter-like signs, script and double-struck."""
    if not mark:
        return False
    code = ord(mark)
    return (
        (mark.isascii() and mark.isalpha())
        or (0x3B1 <= code <= 0x3C9 and mark != "λ")
        or (0x391 <= code <= 0x3A9 and mark not in "ΠΣ")
        or 0x3CA <= code <= 0x3FB
        or 0x1F00 <= code <= 0x1FFE
        or 0x2100 <= code <= 0x214F
        or 0x1D49C <= code <= 0x1D59F
        or (0xC0 <= code <= 0xFF and code not in (0xD7, 0xF7))
        or 0x100 <= code <= 0x17F
    )


def _is_follow(mark: str) -> bool:
    code = ord(mark)
    return (
        (mark.isascii() and mark.isdigit())
        or mark in "_'!?"
        or 0x2080 <= code <= 0x2089
        or 0x2090 <= code <= 0x209C
        or 0x1D62 <= code <= 0x1D6A
        or code == 0x2C7C
    )


def decode_code(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text of rendered code, and the names of the constants in it, each once.

    Raises:
        BlobError: where the bytes are of another form, or some are left over.
    """
    reader = _Reader(data)
    texts: list[str] = []
    names: dict[str, None] = {}
    waiting = 1
    while waiting:
        waiting -= 1
        form = reader.byte()
        if form == _TEXT:
            texts.append(reader.string())
        elif form == _TAG:
            tag = reader.byte()
            if tag > _LAST_TAG:
                raise BlobError(f"holds the unknown tag {tag}")
            if tag == _CONST_TAG:
                names[reader.name()] = None
            waiting += 1
        elif form == _SEQUENCE:
            size = reader.number()
            if size > len(data) - reader.at:
                raise BlobError("ends too early")
            waiting += size
        else:
            raise BlobError(f"holds code of the unknown form {form}")
    if reader.at != len(data):
        raise BlobError(f"has {len(data) - reader.at} bytes too many")
    return "".join(texts), tuple(name for name in names if name)
