"""What the notation of types stands for, as applications of named constants.

Sources: Init/Prelude.lean and Init/Core.lean of Lean, and the notation commands of Mathlib. Where a
notation puts an argument in that is not written (`M →ₗ[R] N` is over `RingHom.id R`), so does this.
"""

from __future__ import annotations

from collections.abc import Callable

from cramf.knowledge.generated.tree import Node

__all__ = ["desugared"]

# Infix notation whose operands, brackets first, are the explicit arguments of the constant in order.
_PLAIN = {
    "×": "Prod", "×'": "PProd", "⊕": "Sum", "⊕'": "PSum", "=": "Eq", "≠": "Ne", "<": "LT.lt", "≤": "LE.le",
    ">": "GT.gt", "≥": "GE.ge",
    "∧": "And", "∨": "Or", "↔": "Iff", "∣": "Dvd.dvd", "⊆": "HasSubset.Subset", "∪": "Union.union",
    "∩": "Inter.inter", "⊔": "Max.max", "⊓": "Min.min", "+": "HAdd.hAdd", "-": "HSub.hSub",
    "*": "HMul.hMul", "/": "HDiv.hDiv", "^": "HPow.hPow", "•": "HSMul.hSMul", "∘": "Function.comp",
    "→*": "MonoidHom", "→+": "AddMonoidHom", "→+*": "RingHom", "→ₙ*": "MulHom", "→ₙ+": "AddHom",
    "→ₙ+*": "NonUnitalRingHom", "→*₀": "MonoidWithZeroHom", "→ₐ[]": "AlgHom", "≃ₐ[]": "AlgEquiv",
    "→ₙₐ[]": "NonUnitalAlgHom", "→⋆ₐ[]": "StarAlgHom", "→⁅⁆": "LieHom", "→ₛₗ[]": "LinearMap",
    "≃ₛₗ[]": "LinearEquiv", "→SL[]": "ContinuousLinearMap", "≃SL[]": "ContinuousLinearEquiv",
    "→A[]": "ContinuousAlgHom", "→ₜ*": "ContinuousMonoidHom", "→ₜ+": "ContinuousAddMonoidHom",
    "≃*": "MulEquiv", "≃+": "AddEquiv", "≃+*": "RingEquiv", "≃": "Equiv", "≃ₜ": "Homeomorph",
    "≃ᵢ": "IsometryEquiv", "≃o": "OrderIso", "↪o": "OrderEmbedding", "→o": "OrderHom",
    "↪": "Function.Embedding", "→₀": "Finsupp", "→ᵇ": "BoundedContinuousFunction",
    "→C₀": "ZeroAtInftyContinuousMap", "→ₛ": "MeasureTheory.SimpleFunc", "→ₘ[]": "MeasureTheory.AEEqFun",
    "→.": "PFun", "⊗[]": "TensorProduct", "⥤": "CategoryTheory.Functor", "⟶": "Quiver.Hom",
    "≅": "CategoryTheory.Iso", "≌": "CategoryTheory.Equivalence", "⊣": "CategoryTheory.Adjunction",
    "⋙": "CategoryTheory.Functor.comp", "≫": "CategoryTheory.CategoryStruct.comp",
    "⟹": "Function.End", "⧸": "HasQuotient.Quotient", "≃ᵃ[]": "AffineEquiv", "→ᵃ[]": "AffineMap",
    "→ᴬ[]": "ContinuousAffineMap", "≃ₗᵢ⋆[]": "LinearIsometryEquiv", "¬_": "Not", "-_": "Neg.neg",
    "_ˣ": "Units", "_ᵒᵖ": "Opposite", "_ᵐᵒᵖ": "MulOpposite", "_ᵃᵒᵖ": "AddOpposite", "_ᵒᵈ": "OrderDual",
    "_ᶜ": "Compl.compl", "_[": "Polynomial", "_⟦": "PowerSeries", "_⟮": "IntermediateField.adjoin",
    "_ᵈᵐᵃ": "DomMulAct", "_ᵈᵃᵃ": "DomAddAct", "''": "Set.image", "⁻¹'": "Set.preimage", "_⁻¹": "Inv.inv",
    "C()": "ContinuousMap", "C₀()": "ContinuousMapZero", "C_c()": "CompactlySupportedContinuousMap",
    "𝓜()": "DoubleCentralizer", "_ᗮ": "Submodule.orthogonal", "×ˢ": "SProd.sprod",
}  # fmt: skip
# The same, over `RingHom.id` of the bracketed argument.
_LINEAR = {
    "→ₗ[]": "LinearMap", "≃ₗ[]": "LinearEquiv", "→L[]": "ContinuousLinearMap",
    "≃L[]": "ContinuousLinearEquiv", "→ₗᵢ[]": "LinearIsometry", "≃ₗᵢ[]": "LinearIsometryEquiv",
}  # fmt: skip
_SWAPPED = {"∈": "Membership.mem"}
_BINDING = {
    "Σ": "Sigma", "Σ'": "PSigma", "∃": "Exists", "Π₀": "DFinsupp", "⨁": "DirectSum", "∐": "Sigma",
    "∑": "Finset.sum", "∏": "Finset.prod", "⨆": "iSup", "⨅": "iInf", "⋃": "Set.iUnion", "⋂": "Set.iInter",
}  # fmt: skip
_NAMES = {
    "ℝ": "Real", "ℕ": "Nat", "ℤ": "Int", "ℚ": "Rat", "ℂ": "Complex", "ℝ≥0": "NNReal", "ℝ≥0∞": "ENNReal",
    "ℚ≥0": "NNRat", "ℕ∞": "ENat", "ℕ+": "PNat", "⊤": "Top.top", "⊥": "Bot.bot",
    "∅": "EmptyCollection.emptyCollection", "ℍ": "UpperHalfPlane",
}  # fmt: skip


def desugared(node: Node, notation: Callable[[str], str | None] = lambda _: None) -> Node:
    """The node with the notation at its head replaced by an application of a `_root_.` name.

    `notation` is asked for what this table does not have; a node that neither knows stays as it is.
    """
    if node.kind == "name":
        full = _NAMES.get(node.text)
        return Node("name", f"_root_.{full}", node.args) if full else node
    if node.kind != "operator":
        return node
    text, args = node.text, node.args
    if text in _LINEAR and len(args) == 3:
        over = Node("name", "_root_.RingHom.id", args[:1])
        return Node("name", f"_root_.{_LINEAR[text]}", (over, *args[1:]))
    if text in _SWAPPED and len(args) == 2:
        return Node("name", f"_root_.{_SWAPPED[text]}", (args[1], args[0]))
    if text == "∉" and len(args) == 2:
        member = Node("name", "_root_.Membership.mem", (args[1], args[0]))
        return Node("name", "_root_.Not", (member,))
    if text == "{//}":
        return Node("name", "_root_.Subtype", args[1:])
    if text in _BINDING:
        body = args[0]
        index = (body.args[0],) if body.kind == "lambda" and text == "⨁" else ()
        return Node("name", f"_root_.{_BINDING[text]}", (*index, body))
    if text == "Gal()" and len(args) == 2:
        return Node("name", "_root_.AlgEquiv", (args[1], args[0], args[0]))
    if text == "_[" and args[-1].text != "X":
        if args[0].text in ("ℤ_", "ℚ_"):
            return Node("name", "_root_.PadicInt" if args[0].text == "ℤ_" else "_root_.Padic", args[1:])
        if args[1].kind == "operator" and args[1].text == "_⁻¹":
            return Node("name", "_root_.OreLocalization", (*args[1].args, args[0]))
        # `R[M]` is a monoid algebra and `R[i]` an adjunction: that is not told by the text.
        return node
    full = _PLAIN.get(text) or notation(text.removeprefix("_"))
    if full is None:
        return node
    kept = args[:1] if text in ("_[", "_⟦") else args
    return Node("name", f"_root_.{full}", kept)
