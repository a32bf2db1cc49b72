"""Names of declarations that Lean makes and no source text writes."""
