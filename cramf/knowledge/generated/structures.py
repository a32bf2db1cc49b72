"""Auxiliary declarations of inductive types and structures, and names that Lean makes on demand.

Sources: the Lean 4 reference, "Inductive types"; Lean/AuxRecursor.lean, Lean/Meta/Injective.lean,
Lean/Meta/SizeOf.lean and Lean/Meta/Constructions for the auxiliaries, Lean/Meta/Eqns.lean and
Lean/Meta/Tactic/FunInd.lean for the reserved names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cramf.knowledge.generated.attributes import Made

__all__ = ["auxiliaries", "reserved_source"]


def auxiliaries(
    name: str,
    constructors: Sequence[tuple[str, bool]],
    *,
    proposition: bool = False,
    recursive: bool = False,
    structure: bool = False,
) -> list[Made]:
    """Auxiliary declarations of an inductive type under its full name.

    Args:
        constructors: last part of each constructor's name, and whether it takes fields.
        proposition: the type lives in `Prop`, so it has neither injectivity nor `noConfusion`.
        recursive: a constructor takes an element of the type itself.
        structure: the type is a structure or class, which has no `brecOn`.
    """
    made = [Made(f"{name}.{part}", "inductive", name, "def") for part in ("rec", "recOn", "casesOn")]
    if recursive and not structure:
        made += [Made(f"{name}.{part}", "inductive", name, "def") for part in ("below", "brecOn")]
    if proposition:
        return made
    made += [
        Made(f"{name}.{part}", "inductive", name, "def")
        for part in ("noConfusion", "noConfusionType", "ctorIdx")
    ]
    if len(constructors) > 1 and not any(fields for _, fields in constructors):
        made.append(Made(f"{name}.toCtorIdx", "inductive", name, "def"))
    for constructor, fields in constructors:
        made.append(Made(f"{name}.{constructor}.sizeOf_spec", "inductive", name))
        if fields:
            made += [Made(f"{name}.{constructor}.{part}", "inductive", name) for part in ("inj", "injEq")]
    return made


_RESERVED = re.compile(
    r"(?P<source>.+)\.(?:eq_\d+|eq_def|eq_unfold|congr_simp|congr_eq_\d+|induct|induct_unfolding"
    r"|mutual_induct|fun_cases|fun_cases_unfolding|match_\d+(?:\.(?:splitter|congr_eq_\d+|eq_\d+))?"
    r"|partial_correctness|fixpoint_induct)\Z"
)


def reserved_source(name: str) -> str | None:
    """The declaration that a reserved name such as `foo.eq_def` or `foo.induct` belongs to.

    Lean makes these when they are first used, for every definition, so that a list of them would be
    longer than the library: a checker asks whether the source exists. None for any other name.
    """
    found = _RESERVED.match(name)
    return found.group("source") if found else None
