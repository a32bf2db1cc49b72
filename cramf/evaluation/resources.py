"""What results depend on besides the problems, opened for a work and told apart by checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cramf.check.verdict import Candidate
from cramf.environment import default_core, default_index, default_mathlib, default_ontology, default_ranker
from cramf.errors import CramfError
from cramf.files import sha256_of
from cramf.formalize.models.opening import ModelOptions
from cramf.jsonable import to_jsonable
from cramf.knowledge.store import read_manifest

if TYPE_CHECKING:
    from cramf.check.base import BaseChecker
    from cramf.formalize.chat_backend import ChatBackend

__all__ = [
    "WARM_UP",
    "CheckerSpec",
    "ModelSpec",
    "docstrings_record",
    "folder_sha256",
    "index_record",
    "model_files_record",
    "one_torch_thread",
    "ranking_record",
]

_END: Final = 1 << 20
"""Bytes at each end of a file of weights that are looked at."""


WARM_UP: Final = Candidate("warm_up", "import Mathlib", "theorem warm_up (n : ℕ) : n = n := by sorry")
"""What a checker is asked before anything is timed."""


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


def docstrings_record(index: Path | None = None) -> str:
    """What tells apart the Mathlib checkouts (`CRAMF_MATHLIB`, or the workspace's own) from which docstrings
    are read: a hash of the names and sizes of its files. "" where none is read, for the index has its own or
    there is no checkout.

    Raises:
        KnowledgeBaseError: where there is no index.
    """
    checkout = default_mathlib()
    if read_manifest(index or default_index()).docstrings or checkout is None:
        return ""
    sources = (checkout / "Mathlib").rglob("*.lean")
    lines = sorted(f"{file.relative_to(checkout).as_posix()} {file.stat().st_size}\n" for file in sources)
    return hashlib.sha256("".join(lines).encode()).hexdigest() if lines else ""


def model_files_record(path: Path) -> str:
    """What tells a model's folder from any other: names of its files with their content, of weights and other
    large files the size and what stands at both ends. "" where it is no folder.
    """
    if not path.is_dir():
        return ""
    digest = hashlib.sha256()
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        size = file.stat().st_size
        with file.open("rb") as handle:
            told = handle.read(_END)
            handle.seek(max(_END, size - _END))
            told += handle.read()
        digest.update(f"{file.relative_to(path).as_posix()}\0{size}\0".encode() + told)
    return digest.hexdigest()


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
        """What its answers depend on; neither keys nor caches are among it.

        A server is named by the address at which it is asked (`OPENAI_BASE_URL` where no other is given),
        without user and password; a local model or a recording by its files too.

        Raises:
            InputError: where the specification is of no known kind, or the address is none.
        """
        from cramf.formalize.models.opening import check_spec

        kind, rest = check_spec(self.spec)
        path = Path(rest).expanduser()
        files = ""
        if kind == "local":
            files = model_files_record(path)
        elif kind == "replay" and path.is_file():
            files = sha256_of(path)
        return {
            "spec": self.spec,
            "base_url": self._server() if kind == "openai" else None,
            "files": files,
            "recorded": self.options.recorded,
            "device": self.options.device,
            "dtype": self.options.dtype,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
        }

    def _server(self) -> str:
        from cramf.environment import OPENAI_BASE_URL, variable
        from cramf.formalize.models.openai_chat import DEFAULT_BASE_URL
        from cramf.formalize.models.wire import shown_server

        return shown_server(self.options.base_url or variable(OPENAI_BASE_URL) or DEFAULT_BASE_URL)

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
        limits = {"timeout_seconds": self.timeout_seconds, "memory_bytes": self.memory_bytes}
        return {**told, **limits, "identity": to_jsonable(identity)}

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
