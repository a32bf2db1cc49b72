"""What the message parser makes of the corpus, and how long it takes over text that is meant to hurt.

    python eval/message_corpus.py [SIZE]

Prints the categories of `tests/lean/message_corpus.jsonl` and, for texts of SIZE characters (default
1,000,000) of the kinds that make regular expressions backtrack, the seconds that each function takes.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from cramf.lean.messages import (
    classify,
    parse_build,
    parse_json,
    parse_repl,
    split_responses,
    suggested_names,
)

CORPUS = Path(__file__).parents[1] / "tests" / "lean" / "message_corpus.jsonl"

SEEDS = {
    "spaces in a progress line": ("✔ [1/2] Built a", " ", "b"),
    "open brackets": ("", "[", ""),
    "open braces": ("", "{", ""),
    "quotes": ("unknown identifier ", "'", ""),
    "ticks": ("unknown identifier ", "`", ""),
    "fields": ("invalid field 'x'", ", the environment does not contain ''", ""),
    "one of": ("", "one of\n", ""),
    "did you mean": ("", "did you mean ", ""),
    "empty lines": ("", "\n", "x"),
    "blank lines": ("", " \n", "x"),
    "spaces": ("", " ", "x"),
    "places": ("", "A.lean:", "1:2"),
    "file names": ("error: ", ".lean", ""),
    "exits": ("external command ", "x exited with code 1 ", "x"),
    "colours": ("", "\x1b[0", ""),
    "errors": ("", "error: A.lean:1:2: unknown identifier 'x'\n", ""),
    "interpretations": ("ambiguous, possible interpretations\n", "  A.b x\n", ""),
    "JSON lines": ("", '{"severity":"error","data":"x"}\n', ""),
    "half JSON lines": ("", '{"severity":"error","data":"x\n', ""),
    "nested arrows": ("failed to synthesize\n  ", "(a) → ", ""),
    "foralls": ("failed to synthesize\n  ", "∀ x, ", "("),
    "struck characters": ("Hint: x\n  ", "a\u0335", ""),
}


def _seconds(work: Callable[[str], object], text: str) -> float:
    begin = time.perf_counter()
    work(text)
    return time.perf_counter() - begin


def _messages(text: str) -> object:
    return [(m.classified, m.suggestions) for m in parse_build(text).messages]


def _answers(text: str) -> object:
    return [parse_repl(part) for part in split_responses(text)]


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    print(f"{len(rows)} messages, {len({r['version'] for r in rows})} versions")
    for category, count in sorted(Counter(r["category"] for r in rows).items()):
        print(f"  {category:<22}{count:>4}")
    works = {
        "classify": classify,
        "suggested": suggested_names,
        "build": _messages,
        "json": parse_json,
        "repl": _answers,
    }
    print(f"\nseconds for {size:,} characters\n{'':<28}" + "".join(f"{name:>11}" for name in works))
    for name, (start, middle, end) in SEEDS.items():
        text = start + middle * (size // len(middle)) + end
        print(f"{name:<28}" + "".join(f"{_seconds(work, text):>11.3f}" for work in works.values()))


if __name__ == "__main__":
    main()
