"""Lean text: lexer, declaration parser, scope and message parser. Standard library only."""
