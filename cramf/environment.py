"""Every environment variable that CRAMF reads, and the places it looks in, in one module."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = [
    "CACHE",
    "ENCODER",
    "INDEX",
    "LEAN_WORKSPACE",
    "MATHLIB",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "RANKER",
    "default_answer_cache",
    "default_cache",
    "default_index",
    "default_mathlib",
    "default_ontology",
    "default_ranker",
    "default_workspace",
    "variable",
]

INDEX = "CRAMF_INDEX"
"""Index directory used when no `--index` is given."""
MATHLIB = "CRAMF_MATHLIB"
"""Mathlib checkout from which docstrings are read (the folder that holds `Mathlib/`)."""
LEAN_WORKSPACE = "CRAMF_LEAN_WORKSPACE"
"""Lake workspace in which candidates are checked."""
ENCODER = "CRAMF_ENCODER"
"""Sentence-transformers model name or folder used when an index is built."""
CACHE = "CRAMF_CACHE"
"""File in which index builds keep what they have read and encoded."""
RANKER = "CRAMF_RANKER"
"""Folder of the learned ranker used instead of the shipped one."""
OPENAI_BASE_URL = "OPENAI_BASE_URL"
OPENAI_API_KEY = "OPENAI_API_KEY"

_PACKAGE = Path(__file__).resolve().parent


def variable(name: str) -> str | None:
    """Value of an environment variable, or None where it is unset or blank."""
    value = os.environ.get(name, "").strip()
    return value or None


def _shipped(folder: str) -> Path:
    """A shipped folder: inside an installed wheel, else at the top of the checkout."""
    inside = _PACKAGE / "_shipped" / folder
    return inside if inside.is_dir() else _PACKAGE.parent / folder


def default_index() -> Path:
    """Index directory used when none is named: `CRAMF_INDEX`, else the shipped one."""
    named = variable(INDEX)
    return Path(named).expanduser() if named else _shipped("index") / "mathlib"


def default_cache() -> Path:
    """File of the build cache: `CRAMF_CACHE`, else one in the user's cache folder."""
    named = variable(CACHE)
    return Path(named).expanduser() if named else _cache_folder() / "build.sqlite"


def default_answer_cache() -> Path:
    """File in which answers of language models about queries are kept, in the user's cache folder."""
    return _cache_folder() / "answers.sqlite"


def _cache_folder() -> Path:
    folder = variable("XDG_CACHE_HOME")
    return (Path(folder) if folder else Path.home() / ".cache") / "cramf"


def default_ontology() -> Path:
    """Folder of the shipped concept ontology (one JSONL file a domain)."""
    return _shipped("index") / "ontology"


def default_ranker() -> Path:
    """Folder of the learned ranker: `CRAMF_RANKER`, else the shipped one."""
    named = variable(RANKER)
    return Path(named).expanduser() if named else _shipped("index") / "ranker"


def default_workspace() -> Path:
    """Lake workspace for checking: `CRAMF_LEAN_WORKSPACE`, else the shipped one."""
    named = variable(LEAN_WORKSPACE)
    return Path(named).expanduser() if named else _shipped("lean")


def default_mathlib() -> Path | None:
    """The user's Mathlib checkout: `CRAMF_MATHLIB`, else the workspace's own package, else None."""
    named = variable(MATHLIB)
    if named:
        return Path(named).expanduser()
    packaged = default_workspace() / ".lake" / "packages" / "mathlib"
    return packaged if (packaged / "Mathlib").is_dir() else None
