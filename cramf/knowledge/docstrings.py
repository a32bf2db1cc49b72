"""Docstrings from the user's own Mathlib checkout, for an index that carries none."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from cramf.knowledge.extract import extract_file
from cramf.knowledge.types import Definition

__all__ = ["DocstringReader"]


class DocstringReader:
    """Reads the file that a definition is in, once, and finds its docstring by name."""

    def __init__(self, mathlib: Path) -> None:
        self._mathlib = mathlib
        self._read = lru_cache(maxsize=256)(self._module)

    def _module(self, module: str) -> dict[str, str]:
        path = self._mathlib.joinpath(*module.split(".")).with_suffix(".lean")
        if not path.is_file():
            return {}
        known: dict[str, str] = {}
        for declaration in extract_file(path, module).declarations:
            if declaration.name:
                known[declaration.name] = declaration.docstring
                for request in declaration.translations:
                    known[f"{request.rule} {declaration.name}"] = request.docstring
        return known

    def fill(self, definition: Definition) -> Definition:
        """The definition with its docstring, or as it is where the checkout has none for it."""
        if not definition.module:
            return definition
        written = definition.origin == "written"
        key = definition.name if written else f"{definition.origin} {definition.twin}"
        docstring = self._read(definition.module).get(key, "")
        return replace(definition, docstring=docstring) if docstring else definition
