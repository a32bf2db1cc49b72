"""Restrict a search to some of the definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cramf.errors import InputError
from cramf.knowledge.ontology import Ontology
from cramf.knowledge.types import Kind

__all__ = ["SearchFilter", "allowed_rows"]


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """All conditions that are set must hold.

    `namespace` is the beginning of the name (`Subgroup` lets `Subgroup.Normal` and `Subgroup` pass), `module`
    that of the module (`Mathlib.Topology`), `kinds` how it is declared, and `domain` the beginning of an MSC
    2020 code that a concept with this definition as a sense has (`20`, `20D`).
    """

    namespace: str | None = None
    module: str | None = None
    kinds: tuple[Kind, ...] = ()
    domain: str | None = None

    def __bool__(self) -> bool:
        return bool(self.namespace or self.module or self.kinds or self.domain)


def allowed_rows(
    chosen: SearchFilter, columns: Mapping[str, Sequence[Any]], ontology: Ontology
) -> npt.NDArray[np.bool_]:
    """Which definitions pass, shape (definitions,).

    Raises:
        InputError: where none does, since an empty answer would look like a search that found nothing.
    """
    names, modules, kinds = columns["name"], columns["module"], columns["kind"]
    allowed = np.ones(len(names), dtype=np.bool_)
    if chosen.namespace:
        allowed &= np.array([_within(name, chosen.namespace) for name in names], dtype=np.bool_)
    if chosen.module:
        allowed &= np.array([_within(module, chosen.module) for module in modules], dtype=np.bool_)
    if chosen.kinds:
        wanted = {kind.value for kind in chosen.kinds}
        allowed &= np.array([kind in wanted for kind in kinds], dtype=np.bool_)
    if chosen.domain:
        code = chosen.domain.upper()
        meant = {
            sense.declaration
            for concept in ontology.concepts
            if concept.domain.upper().startswith(code)
            for sense in concept.senses
        }
        allowed &= np.array([name in meant for name in names], dtype=np.bool_)
    if not allowed.any():
        raise InputError("no definition passes the filter", "widen namespace, module, kind or domain")
    return allowed


def _within(name: str, prefix: str) -> bool:
    prefix = prefix.rstrip(".")
    return name == prefix or name.startswith(prefix + ".")
