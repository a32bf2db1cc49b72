"""Statements that the speed commands search for: a benchmark's, or our own in `statements.txt`."""

from __future__ import annotations

import json
from pathlib import Path


def read_statements(data: Path | None) -> list[str]:
    """`informal_statement` of every row of a JSONL file, else the lines of `statements.txt`."""
    if data is None:
        lines = Path(__file__).with_name("statements.txt").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line]
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines() if line]
    found = [row["informal_statement"] for row in rows if row.get("informal_statement")]
    if not found:
        raise SystemExit(f"{data} holds no informal_statement")
    return found
