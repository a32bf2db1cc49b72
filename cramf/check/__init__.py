"""Checkers and their verdicts."""
