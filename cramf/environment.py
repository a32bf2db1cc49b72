"""Every environment variable that CRAMF reads, and the places it looks in, in one module."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = [
    "CACHE",
    "DATA",
    "ELAN_HOME",
    "ENCODER",
    "INDEX",
    "KIMINA_API_KEY",
    "KIMINA_URL",
    "LEAN_WORKSPACE",
    "MATHLIB",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "PRICES",
    "RANKER",
    "VERDICTS",
    "default_answer_cache",
    "default_cache",
    "default_core",
    "default_data",
    "default_index",
    "default_mathlib",
    "default_ontology",
    "default_ranker",
    "default_verdict_cache",
    "default_workspace",
    "setup_workspace",
    "shipped_workspace",
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
ELAN_HOME = "ELAN_HOME"
"""Folder of elan, the version manager of Lean (`~/.elan` where unset); elan's own variable."""
DATA = "CRAMF_DATA"
"""Folder in which benchmarks are kept."""
VERDICTS = "CRAMF_VERDICTS"
"""File in which verdicts of Lean are kept."""
KIMINA_URL = "CRAMF_KIMINA_URL"
"""Address of a Kimina Lean Server (`http://localhost:8000` where unset)."""
KIMINA_API_KEY = "CRAMF_KIMINA_API_KEY"
"""Key that the Kimina Lean Server asks for, if it asks for one."""
PRICES = "CRAMF_PRICES"
"""JSON file of what language models cost, by name: US dollars per million tokens of prompt and completion."""
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


def default_verdict_cache() -> Path:
    """File in which verdicts of Lean are kept: `CRAMF_VERDICTS`, else one in the user's cache folder."""
    named = variable(VERDICTS)
    return Path(named).expanduser() if named else _cache_folder() / "verdicts.sqlite"


def _cache_folder() -> Path:
    folder = variable("XDG_CACHE_HOME")
    return (Path(folder) if folder else Path.home() / ".cache") / "cramf"


def default_data() -> Path:
    """Folder of benchmarks, one a folder: `CRAMF_DATA`, else one in the user's data folder."""
    named = variable(DATA)
    return Path(named).expanduser() if named else _user_data() / "benchmarks"


def default_ontology() -> Path:
    """Folder of the shipped concept ontology (one JSONL file a domain)."""
    return _shipped("index") / "ontology"


def default_core() -> Path:
    """Folder of the shipped names of Lean core, Std and Batteries."""
    return _shipped("index") / "core"


def default_ranker() -> Path:
    """Folder of the learned ranker: `CRAMF_RANKER`, else the shipped one."""
    named = variable(RANKER)
    return Path(named).expanduser() if named else _shipped("index") / "ranker"


def shipped_workspace() -> Path:
    """The Lake workspace as it was shipped, which may lie in a read-only wheel."""
    return _shipped("lean")


def _user_data() -> Path:
    """What belongs to the user and is to stay, as the XDG base directories have it."""
    folder = variable("XDG_DATA_HOME")
    return (Path(folder).expanduser() if folder else Path.home() / ".local" / "share") / "cramf"


def _user_workspace() -> Path:
    """Where `cramf lean setup` makes a workspace when the shipped one is not to be written to."""
    return _user_data() / "lean"


def default_workspace() -> Path:
    """Lake workspace for checking: `CRAMF_LEAN_WORKSPACE`; else the shipped one where its packages are
    fetched; else the user's own where it has a lakefile; else the shipped one.
    """
    named = variable(LEAN_WORKSPACE)
    if named:
        return Path(named).expanduser()
    shipped, user = shipped_workspace(), _user_workspace()
    fetched = (shipped / ".lake" / "packages").is_dir()
    return user if not fetched and (user / "lakefile.toml").is_file() else shipped


def setup_workspace() -> Path:
    """Workspace that `cramf lean setup` prepares: `CRAMF_LEAN_WORKSPACE`; else the shipped one of a checkout
    that may be written to; else one in the user's data folder.
    """
    named = variable(LEAN_WORKSPACE)
    if named:
        return Path(named).expanduser()
    shipped = shipped_workspace()
    # What lies in an installed wheel goes away with the next upgrade, several gigabytes and all.
    installed = shipped.is_relative_to(_PACKAGE)
    return _user_workspace() if installed or not os.access(shipped, os.W_OK) else shipped


def default_mathlib() -> Path | None:
    """The user's Mathlib checkout: `CRAMF_MATHLIB`, else the workspace's own package, else None."""
    named = variable(MATHLIB)
    if named:
        return Path(named).expanduser()
    packaged = default_workspace() / ".lake" / "packages" / "mathlib"
    return packaged if (packaged / "Mathlib").is_dir() else None
