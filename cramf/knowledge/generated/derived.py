"""Names of the instances that `deriving` makes.

Source: Lean/Elab/Deriving/Basic.lean, Lean/Elab/Deriving/Util.lean and the handlers beside them: an
instance gets the name that an anonymous one of its type would get, and since Lean v4.22 the functions
behind it live in the namespace of that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cramf.knowledge.generated.attributes import Made

__all__ = ["derived_instances"]

# What a handler defines below the instance.
_HELPERS = {
    "BEq": ("beq",),
    "DecidableEq": ("decEq",),
    "Repr": ("repr",),
    "Hashable": ("hash",),
    "Ord": ("ord",),
    "Inhabited": ("default",),
    "ToJson": ("toJson",),
    "FromJson": ("fromJson",),
    "ToExpr": ("toExpr",),
}
# Handlers that only inductive types have; a definition derives these by unfolding, without helpers.
_NO_INSTANCE = frozenset({"SizeOf", "TypeName", "RpcEncodable", "SelectInsertParamsClass"})


def derived_instances(
    name: str,
    classes: Iterable[str],
    *,
    namespace: str | None = None,
    inductive: bool = True,
    constructors: Sequence[tuple[str, bool]] = (),
) -> list[Made]:
    """Instances that `deriving A, B` makes for the type `name`.

    Args:
        name: full name of the type.
        classes: the classes as written, `Algebra R` with its arguments.
        namespace: where `deriving instance … for` stands; by default the namespace of the type.
        inductive: whether the type is a structure or inductive type rather than a definition.
        constructors: of an inductive type, as for `structures.auxiliaries`.
    """
    prefix, _, last = name.rpartition(".")
    place = prefix if namespace is None else namespace
    # The namespaces around an instance are not said again in its name.
    inside = set(_enclosing(place))
    kind = "" if name in inside else f"{last[:1].upper()}{last[1:]}"
    made: list[Made] = []
    for written in classes:
        cls = written.split()[0].rpartition(".")[2] if written.split() else ""
        if not cls or cls in _NO_INSTANCE:
            continue
        base = f"inst{cls[:1].upper()}{cls[1:]}{kind}"
        full = f"{place}.{base}" if place else base
        made.append(Made(full, "deriving", name, "instance"))
        if inductive:
            made += [Made(f"{full}.{h}", "deriving", name, "def") for h in _HELPERS.get(cls, ())]
            enumeration = len(constructors) > 1 and not any(fields for _, fields in constructors)
            if cls == "DecidableEq" and enumeration:
                made += [
                    Made(f"{name}.ofNat", "deriving", name, "def"),
                    Made(f"{name}.ofNat_ctorIdx", "deriving", name),
                ]
    return made


def _enclosing(namespace: str) -> Iterable[str]:
    while namespace:
        yield namespace
        namespace = namespace.rpartition(".")[0]
