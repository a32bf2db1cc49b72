"""Formalizing by grammar: a documented fragment of mathematical English and LaTeX, printed in Lean.

The way of school mathematics (`reader`): `asides` (what a problem says around its statement), `normalize`
(text to tokens), `mathreader` (formulas), `chunks` (words and formulas to terminals), `parser` (derivations),
`statements` (logical form; its parts are `nouns`, `wording`, `clauses`, `builder`, `objects`, `questions` and
`answers`), `elaborate` and `terms` (types), `printer` (Lean text). What it leaves goes to `abstract`.
"""

from cramf.formalize.symbolic.backend import SymbolicBackend

__all__ = ["SymbolicBackend"]
