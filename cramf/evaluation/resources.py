"""What results depend on besides the problems, opened for a work and told apart by checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cramf.environment import default_core, default_index, default_ontology, default_ranker
from cramf.errors import CramfError
from cramf.files import sha256_of
from cramf.formalize.models.opening import ModelOptions
from cramf.jsonable import to_jsonable
from cramf.knowledge.store import read_manifest

if TYPE_CHECKING:
    from cramf.check.base import BaseChecker
    from cramf.formalize.chat_backend import ChatBackend

__all__ = ["CheckerSpec", "ModelSpec", "folder_sha256", "index_record", "one_torch_thread", "ranking_record"]


def index_record(index: Path | None = None) -> dict[str, Any]:
    """An index, the default one for None: SHA-256 of its manifest, Mathlib's commit, toolchain and encoder.

    Raises:
        KnowledgeBaseError: where there is no index.
    """
    path = index or default_index()
    manifest = read_manifest(path)
    return {
        "sha256": sha256_of(path / "manifest.json"),
        "mathlib_commit": manifest.mathlib_commit,
        "toolchain": manifest.toolchain,
        "encoder": manifest.encoder,
    }


def ranking_record() -> dict[str, str]:
    """Checksums of the ranker and the ontology."""
    return {"ranker": folder_sha256(default_ranker()), "ontology": folder_sha256(default_ontology())}


def core_record() -> str:
    """Checksum of the names of Lean core."""
    return folder_sha256(default_core())


def folder_sha256(path: Path) -> str:
    """SHA-256 of the names and checksums of all files of a folder; "" where there is none."""
    if not path.is_dir():
        return ""
    lines = (
        f"{sha256_of(file)}  {file.relative_to(path)}\n" for file in sorted(path.rglob("*")) if file.is_file()
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """PyTorch in one thread, so that no sum hangs on how busy the machine is."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A language model: its specification (`openai:MODEL`, …), how it is opened and how it is asked."""

    spec: str
    options: ModelOptions = field(default_factory=ModelOptions)
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    budget_tokens: int | None = None
    budget_cost: float | None = None

    def settings(self) -> dict[str, Any]:
        """What its answers depend on; neither keys nor caches are among it."""
        return {
            "spec": self.spec,
            "base_url": self.options.base_url,
            "dtype": self.options.dtype,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
        }

    def open(self) -> ChatBackend:
        """A backend that asks it, within its budget of tokens and US dollars, which is one process's.

        Raises:
            InputError, ResourceError: as `open_model`.
        """
        from cramf.formalize.chat_backend import ChatBackend
        from cramf.formalize.models.accounting import Meter
        from cramf.formalize.models.opening import open_model

        model = open_model(self.spec, self.options, Meter(self.budget_tokens, self.budget_cost))
        return ChatBackend(model, temperature=self.temperature, max_tokens=self.max_tokens, seed=self.seed)


@dataclass(frozen=True, slots=True)
class CheckerSpec:
    """A checker by name, with the options of `cramf.check.checkers.open_checker` that were given."""

    name: str = "static"
    index: Path | None = None
    workspace: Path | None = None
    workers: int | None = None
    timeout_seconds: float | None = None
    memory_bytes: int | None = None
    url: str | None = None
    server_mathlib: str | None = None
    cached: bool = True

    def settings(self) -> dict[str, Any]:
        """What its verdicts depend on: where Lean checks, also its toolchain and Mathlib, if it can tell."""
        told: dict[str, Any] = {"name": self.name}
        if self.name == "static":
            return {**told, "index": index_record(self.index), "core": core_record()}
        with self.open() as checker:
            try:
                identity = checker.identity()
            except CramfError:
                identity = None  # the verdicts will say what is wrong with it
        return {**told, "timeout_seconds": self.timeout_seconds, "identity": to_jsonable(identity)}

    def open(self) -> BaseChecker:
        """The checker, to be closed after use.

        Raises:
            InputError, ResourceError: as `open_checker`.
        """
        from cramf.check.checkers import open_checker

        return open_checker(
            self.name,
            index=self.index,
            workspace=self.workspace,
            workers=self.workers,
            timeout_seconds=self.timeout_seconds,
            memory_bytes=self.memory_bytes,
            url=self.url,
            server_mathlib=self.server_mathlib,
            cached=self.cached,
        )
