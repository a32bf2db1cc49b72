"""The way from an informal statement to a checked Lean candidate."""

from __future__ import annotations

import asyncio
import hashlib
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cramf.check.verdict import Candidate, Checker, Verdict
from cramf.errors import BackendError, CramfError, InputError
from cramf.formalize.actions import Action, Collect, Consult, Evidence, Judge, Mend, MendJob, Sample, Task
from cramf.formalize.content_naming import content_name
from cramf.formalize.lookups import EvidenceSource, Finder, finder_of, found_for, known_of
from cramf.formalize.loop import formalizing
from cramf.formalize.naming import statement_name, unique_name, valid_theorem_name
from cramf.formalize.theorem import renamed
from cramf.formalize.types import (
    Backend,
    Bounds,
    Draft,
    Environment,
    Formalization,
    Repairer,
    Request,
    Sampler,
    Settings,
)
from cramf.jsonable import dumps
from cramf.retrieval.types import Hit

if TYPE_CHECKING:
    from cramf.formalize.many import Item, Run

__all__ = ["MAX_STATEMENT", "EvidenceSource", "Formalizer", "clean_statement"]

MAX_STATEMENT = 20_000
"""Longest statement taken, in characters."""


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
    """Ties retrieval, a backend and a checker together; holds no state between statements.

    It may be shared among threads where these three may.
    """

    def __init__(
        self,
        retriever: EvidenceSource,
        backend: Backend,
        checker: Checker | None = None,
        *,
        k: int | None = 10,
        bounds: Bounds | None = None,
        known: Callable[[str], bool] | None = None,
        find: Finder | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`k` is how many definitions are retrieved as evidence, None as many as seem meant.

        Candidates and repairs within `bounds` are asked of a backend that can give them. `known` tells which
        names of theorems are taken, and `find` looks the names up on which a candidate failed; both ask the
        retriever's index by default. `clock` tells seconds.

        Raises:
            InputError: where `k` is less than one.
        """
        if k is not None and k < 1:
            raise InputError(f"k is {k}", "ask for at least one definition")
        self._retriever = retriever
        self._backend = backend
        self._checker = checker
        self._k = k
        self._bounds = bounds or Bounds()
        self._given_known = known
        self._given_find = find
        self._clock = clock

    @cached_property
    def known(self) -> Callable[[str], bool]:
        """Whether the index declares a name, which then is no name for a theorem of ours."""
        return self._given_known or known_of(self._retriever)

    @cached_property
    def _find(self) -> Finder:
        return self._given_find or finder_of(self._retriever)

    @cached_property
    def settings(self) -> Settings:
        """What all statements are formalized with."""
        own = getattr(self._backend, "settings", {})
        return Settings(self._k, self._bounds, dict(own))

    @cached_property
    def environment(self) -> Environment:
        """Who takes part; a checker may have to be asked who it is."""
        from cramf import __version__

        identity = None
        if self._checker is not None and hasattr(self._checker, "identity"):
            try:
                identity = self._checker.identity()
            except CramfError:
                identity = None  # the verdicts will say what is wrong with it
        return Environment(
            cramf=__version__,
            toolchain=self._retriever.toolchain,
            mathlib_commit=self._retriever.mathlib_commit,
            index=str(self._retriever.path),
            backend=self._backend.name,
            model=str(getattr(self._backend, "identity", self._backend.name)),
            checker=identity,
            reader=str(getattr(getattr(self._retriever, "reader", None), "name", "")),
        )

    @property
    def fingerprint(self) -> str:
        """A hash of the environment and the settings: what two results must share to be comparable."""
        # The same index is the same wherever the work goes on.
        environment = replace(self.environment, index=str(Path(self.environment.index).resolve()))
        data = dumps({"environment": environment, "settings": self.settings})
        return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()

    def formalize(
        self, statement: str, name: str | None = None, *, claim: Callable[[str], str] | None = None
    ) -> Formalization:
        """Find the evidence for a statement, let the backend write Lean, check it, and have it mended.

        Offsets in the result count in its own `statement`, which is the given one after `clean_statement`.
        Without a `name` each candidate gets one from its own content, or one from the statement's words;
        `claim` makes a name for a theorem unique, by default with regard to the index. What is done in which
        order is told by `cramf.formalize.loop`; the result's trace tells what was.

        Raises:
            InputError: where the statement or the name cannot be used.
            BackendError: where the backend failed or no answer of it can be read.
        """
        run = formalizing(self._task(statement, name, claim), self._clock)
        try:
            action = next(run)
            while True:
                action = run.send(self._perform(action))
        except StopIteration as done:
            result: Formalization = done.value
            return result

    async def aformalize(
        self, statement: str, name: str | None = None, *, claim: Callable[[str], str] | None = None
    ) -> Formalization:
        """As `formalize`, without holding the event loop up; the trace is the same but for the times."""
        run = formalizing(self._task(statement, name, claim), self._clock)
        try:
            action = next(run)
            while True:
                action = run.send(await self._aperform(action))
        except StopIteration as done:
            result: Formalization = done.value
            return result

    def formalize_many(
        self,
        items: Iterable[Item | str],
        out: Path | None = None,
        *,
        progress: bool = False,
        concurrency: int = 1,
    ) -> Run:
        """Many statements, with resume: see `cramf.formalize.many.formalize_many`."""
        from cramf.formalize.many import formalize_many

        return formalize_many(self, items, out, progress=progress, concurrency=concurrency)

    def _task(self, statement: str, name: str | None, claim: Callable[[str], str] | None) -> Task:
        statement = clean_statement(statement)
        unique = claim or (lambda base: unique_name(base, self.known))
        own = unique(statement_name(statement)) if name is None else valid_theorem_name(name)

        def named(candidate: Candidate) -> Candidate:
            base = content_name(candidate)
            return candidate if base is None else renamed(candidate, unique(base))

        return Task(
            statement=statement,
            given=name,
            name=own,
            settings=self.settings,
            samples=isinstance(self._backend, Sampler),
            repairs=isinstance(self._backend, Repairer),
            checks=self._checker is not None,
            named=named,
        )

    # -- performing ------------------------------------------------------------------------------------------

    def _perform(self, action: Action) -> Any:
        match action:
            case Collect():
                return self._collect(action)
            case Sample():
                return self._sample(action)
            case Judge():
                return self._judge(action.candidates)
            case Consult():
                return self._consult(action)
            case Mend():
                return [self._mend(job) for job in action.jobs]

    async def _aperform(self, action: Action) -> Any:
        match action:
            case Sample():
                return await self._asample(action)
            case Mend():
                return list(await asyncio.gather(*(self._amend(job) for job in action.jobs)))
            case _:
                return await asyncio.to_thread(self._perform, action)

    def _collect(self, action: Collect) -> Evidence:
        concepts = tuple(self._retriever.concepts(action.statement))
        definitions = tuple(self._retriever.search(action.statement, action.k))
        return Evidence(concepts, definitions, self.environment)

    def _consult(self, action: Consult) -> list[tuple[Hit, ...]]:
        return [found_for(group, self._retriever, self._find) for group in action.groups]

    def _judge(self, candidates: Sequence[Candidate]) -> list[Verdict]:
        assert self._checker is not None
        if len(candidates) > 1 and hasattr(self._checker, "check_many"):
            return self._checker.check_many(candidates)
        return [self._checker.check(candidate) for candidate in candidates]

    def _sample(self, action: Sample) -> Sequence[Draft | BackendError]:
        if isinstance(self._backend, Sampler):
            return self._backend.drafts(action.request, action.n)
        return [self._backend.draft(action.request)]

    async def _asample(self, action: Sample) -> Sequence[Draft | BackendError]:
        own: Callable[[Request, int], Any] | None = getattr(self._backend, "adrafts", None)
        if own is None:
            return await asyncio.to_thread(self._sample, action)
        drafts: Sequence[Draft | BackendError] = await own(action.request, action.n)
        return drafts

    def _mend(self, job: MendJob) -> Draft | BackendError:
        assert isinstance(self._backend, Repairer)
        try:
            return self._backend.repair(job.request, job.failed, job.verdict, job.found)
        except BackendError as error:
            return error

    async def _amend(self, job: MendJob) -> Draft | BackendError:
        own: Callable[..., Any] | None = getattr(self._backend, "arepair", None)
        if own is None:
            return await asyncio.to_thread(self._mend, job)
        try:
            draft: Draft = await own(job.request, job.failed, job.verdict, job.found)
        except BackendError as error:
            return error
        return draft
