"""CRAMF: informal mathematics to Lean 4, grounded in the definitions that Mathlib really has.

Names are loaded on first use, so that `import cramf` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cramf.formalize.formalizer import Formalizer
    from cramf.knowledge.store import KnowledgeBase
    from cramf.retrieval.retriever import Retriever

__version__ = "0.1.0"
__all__ = ["Formalizer", "KnowledgeBase", "Retriever", "__version__"]

_HOMES = {
    "Formalizer": "cramf.formalize.formalizer",
    "KnowledgeBase": "cramf.knowledge.store",
    "Retriever": "cramf.retrieval.retriever",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'cramf' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
