"""From a file to its statements."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from cramf.errors import InputError
from cramf.files import decode_text
from cramf.formalize.documents.types import Document

__all__ = ["MAX_DOCUMENT", "Form", "form_of", "load_document", "read_document"]

Form = Literal["latex", "markdown"]

MAX_DOCUMENT: Final = 8 << 20
"""Bytes of the longest document that is read."""

_SUFFIXES: Final[dict[str, Form]] = {
    ".tex": "latex", ".latex": "latex", ".ltx": "latex",
    ".md": "markdown", ".markdown": "markdown", ".qmd": "markdown", ".rmd": "markdown", ".mdx": "markdown",
}  # fmt: skip
_CONTROL = re.compile(r"[\0-\x08\x0b\x0e-\x1f\x7f]")


def form_of(path: Path) -> Form:
    """What a file is written in, by its suffix.

    Raises:
        InputError: where the suffix does not say it.
    """
    form = _SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise InputError(
            f"the suffix of {str(path)!a} is neither that of LaTeX nor of Markdown", "name it .tex or .md"
        )
    return form


def load_document(path: Path) -> Document:
    """The statements of a LaTeX or Markdown file.

    Raises:
        InputError: where it cannot be read, is larger than `MAX_DOCUMENT`, is no UTF-8 text, or its suffix is
            not known. What is wrong inside is among the document's remarks.
    """
    form = form_of(path)
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_DOCUMENT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read {str(path)!a}: {reason}", "check the path") from None
    if len(data) > MAX_DOCUMENT:
        raise InputError(
            f"{path} is larger than {MAX_DOCUMENT:,} bytes", "give the chapters one by one, each a file"
        )
    return read_document(decode_text(data, str(path)), form, str(path))


def read_document(text: str, form: Form, source: str = "the document") -> Document:
    """The statements of a text; `source` names it in errors.

    Raises:
        InputError: where it holds control characters.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _CONTROL.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(
            f"{source} holds the control character U+{ord(found.group()):04X} in line {line}", "remove it"
        )
    # A form feed is a blank to LaTeX, and spaces keep all offsets.
    text = text.replace("\f", " ")
    if form == "latex":
        from cramf.formalize.documents.latex import read_latex

        return read_latex(text)
    from cramf.formalize.documents.markdown import read_markdown

    return read_markdown(text)
