"""Backends that write Lean, and the formalizer that drives them."""
