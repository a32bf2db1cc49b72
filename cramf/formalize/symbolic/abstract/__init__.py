"""Reading abstract mathematics (groups, rings, spaces, maps): what the arithmetic reader leaves.

The way: `tokens` (text to tokens), `formulas` (with `formula.lark`), `chunks` and `derivations` (with
`abstract.lark`), `words` (vocabulary); then, with typed objects in a `context`, noun phrases (`declaring`,
`nouns`), `premises`, `clauses` and `predicates`, and formulas to Lean (`terms`, `applications`, `relations`).
"""

from cramf.formalize.symbolic.abstract.reader import AbstractReader

__all__ = ["AbstractReader"]
