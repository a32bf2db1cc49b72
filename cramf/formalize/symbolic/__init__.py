"""Formalizing by grammar: a documented fragment of mathematical English and LaTeX, printed in Lean.

The way: `normalize` (text to tokens), `mathreader` (formulas), `chunks` (words and formulas to terminals),
`parser` (derivations), `builder` (logical form), `elaborate` and `terms` (types), `printer` (Lean text).
"""

from cramf.formalize.symbolic.backend import SymbolicBackend

__all__ = ["SymbolicBackend"]
