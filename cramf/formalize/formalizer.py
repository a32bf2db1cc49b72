"""The way from an informal statement to a checked Lean candidate."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cramf.check.verdict import Checker
from cramf.errors import InputError
from cramf.formalize.naming import statement_name, valid_theorem_name
from cramf.formalize.types import Backend, Formalization, Request
from cramf.retrieval.types import ConceptMention, Hit

__all__ = ["MAX_STATEMENT", "EvidenceSource", "Formalizer", "clean_statement"]

MAX_STATEMENT = 20_000
"""Longest statement taken, in characters."""


class EvidenceSource(Protocol):
    """Where concepts and definitions come from; `cramf.retrieval.retriever.Retriever` is one."""

    @property
    def toolchain(self) -> str:
        """Lean toolchain of the indexed Mathlib, such as `leanprover/lean4:v4.9.0`."""
        ...

    @property
    def mathlib_commit(self) -> str: ...

    @property
    def path(self) -> Path:
        """Directory of the index."""
        ...

    def search(self, query: str, k: int | None) -> Sequence[Hit]:
        """The `k` best definitions for a text, best first; with None as many as seem meant."""
        ...

    def concepts(self, text: str) -> Sequence[ConceptMention]:
        """The concepts that a text speaks of, with character offsets into it."""
        ...


def clean_statement(text: str) -> str:
    """The statement without blanks around it and with plain newlines.

    Raises:
        InputError: where it is blank, longer than `MAX_STATEMENT`, or holds a character that is not text.
    """
    if len(text) > MAX_STATEMENT:
        raise InputError(
            f"the statement has {len(text):,} characters, more than {MAX_STATEMENT:,}",
            "give one statement at a time",
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for offset, character in enumerate(text):
        if character in "\n\t":
            continue
        category = unicodedata.category(character)
        if category == "Cs":
            raise InputError(
                f"the statement is not UTF-8 text (character {offset})", "save it as UTF-8 and try again"
            )
        if category == "Cc":
            what = "a NUL" if character == "\0" else f"the control character U+{ord(character):04X}"
            raise InputError(f"the statement holds {what} (character {offset})", "remove it")
    text = text.strip()
    if not text:
        raise InputError("the statement is empty", "give a mathematical statement in words or LaTeX")
    return text


class Formalizer:
    """Ties retrieval, a backend and a checker together; holds no state between statements."""

    def __init__(
        self,
        retriever: EvidenceSource,
        backend: Backend,
        checker: Checker | None = None,
        *,
        k: int | None = 10,
    ) -> None:
        """`k` is how many definitions are retrieved as evidence, None as many as seem meant.

        Raises:
            InputError: where `k` is less than one.
        """
        if k is not None and k < 1:
            raise InputError(f"k is {k}", "ask for at least one definition")
        self._retriever = retriever
        self._backend = backend
        self._checker = checker
        self._k = k

    def formalize(self, statement: str, name: str | None = None) -> Formalization:
        """Find the evidence for a statement, let the backend write Lean, and check what it wrote.

        Offsets in the result count in its own `statement`, which is the given one after `clean_statement`.
        Without a `name` one is made from the statement. The checker is asked only if there is a candidate.

        Raises:
            InputError: where the statement or the name cannot be used.
            BackendError: where the backend failed or its answer cannot be read.
        """
        statement = clean_statement(statement)
        name = statement_name(statement) if name is None else valid_theorem_name(name)
        concepts = tuple(self._retriever.concepts(statement))
        definitions = tuple(self._retriever.search(statement, self._k))
        draft = self._backend.draft(
            Request(
                statement=statement,
                name=name,
                concepts=concepts,
                definitions=definitions,
                toolchain=self._retriever.toolchain,
                mathlib_commit=self._retriever.mathlib_commit,
            )
        )
        verdict = None
        if self._checker is not None and draft.candidate is not None:
            verdict = self._checker.check(draft.candidate)
        return Formalization(
            statement=statement,
            name=name,
            concepts=concepts,
            definitions=definitions,
            draft=draft,
            verdict=verdict,
            index=str(self._retriever.path),
        )
