"""What all checkers share: many candidates with a progress bar, and use as a context manager."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from cramf.check.verdict import Candidate, Identity, Verdict

__all__ = ["BaseChecker", "with_progress"]

Item = TypeVar("Item")


def with_progress(items: Iterable[Item], total: int, progress: bool) -> Iterable[Item]:
    """The items, with a bar on standard error where one is asked for."""
    if not progress:
        return items
    from tqdm import tqdm

    shown: Iterable[Item] = tqdm(items, total=total, desc="checking", unit="candidate", leave=False)
    return shown


class BaseChecker:
    """A checker that takes candidates one after the other; subclasses give `check` and `identity`."""

    name: str

    def check(self, candidate: Candidate) -> Verdict:
        """The verdict on one candidate; never raises on account of what the candidate holds."""
        raise NotImplementedError

    def check_many(self, candidates: Sequence[Candidate], progress: bool = False) -> list[Verdict]:
        """One verdict a candidate, in their order; `progress` shows a bar on standard error."""
        return [self.check(c) for c in with_progress(candidates, len(candidates), progress)]

    def identity(self) -> Identity:
        """What the verdicts depend on besides the candidate."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of processes, connections and files; a checker without any has nothing to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
