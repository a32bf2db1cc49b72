"""Does hostile Lean reach `lean`? Ten thousand snippets that would run code, change the logic or import.

    python eval/hostile.py [--count 10000] [--controls 500] [--seed 0] [--mathlib DIR]

Each snippet is a payload in a carrier (both from `hostile_parts.txt`), disguised, in one part of a candidate;
beside them stand the tricks
of `hostile_tricks.jsonl`, written by hand (of kind `deceptive` are those that Lean would refuse itself or
that mislead only people: look-alikes, invisible characters, notation of standard symbols). All go through
the real LakeChecker, whose `lake` is a stand-in that logs each call. None may reach it.

The controls show that it could: the same carriers and disguises around harmless payloads, and the same
forbidden words in comments and longer names. All of them must reach the stand-in. With `--mathlib` the
theorems of a Mathlib checkout are screened too, for the rate of false refusals.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cramf.check.lake import LakeChecker
from cramf.check.safety import screen_candidate
from cramf.check.verdict import Candidate, Status

__all__ = ["Bench", "Snippet", "controls", "hostile", "statements", "tricks"]

GOOD = "theorem t : 1 = 1 := by sorry"
HEADER = "import Mathlib\n\nopen Nat Real"


@dataclass(frozen=True, slots=True)
class Snippet:
    """A candidate and how it was made: kind, payload, carrier, disguise and part."""

    candidate: Candidate
    made: tuple[str, ...]


def _parts() -> dict[str, tuple[str, ...]]:
    """The sections of `hostile_parts.txt` by their heads."""
    found: dict[str, list[str]] = {}
    lines = Path(__file__).with_name("hostile_parts.txt").read_text(encoding="utf-8").splitlines()
    section: list[str] = []
    for line in lines:
        if re.fullmatch(r"\[[a-z ]+\]", line):
            section = found.setdefault(line[1:-1], [])
        elif line:
            section.append(line.replace("\\n", "\n"))
    return {name: tuple(rows) for name, rows in found.items()}


PARTS = _parts()
KINDS = {"command": 45, "term": 30, "attribute": 15, "option": 7, "import": 3}
"""Kinds of payloads, and of a hundred snippets how many are of each."""
WORDS = "axiom macro elab syntax unsafe opaque initialize run_cmd native_decide extern IO meta import"


# -- disguises: the same to Lean, another text --------------------------------------------------------------


def _spaced(text: str, rng: Random, blank: str) -> str:
    """Some blanks outside of strings replaced by others."""
    pieces: list[str] = []
    inside = False
    for before, c in zip(" " + text, text, strict=False):
        if c == '"' and before not in "\\'":
            inside = not inside
        pieces.append(blank if c == " " and not inside and rng.random() < 0.5 else c)
    return "".join(pieces)


_COMMENTS = ("#eval 1", "nested /- -/", '"', "«", "end")
_LINE_COMMENTS = ('say "', "a /- b", "-/", "x \\")
_QUOTES = ('"a \\" b"', 'r"\\"', 'r#"" "#', "'\"'", "'\\''", '«a "b»', "f' x'")


def _disguise(text: str, rng: Random, first: bool) -> tuple[str, str]:
    """The text in one of several disguises, and its name; with `first` nothing but comments may go before it.

    Interpolated strings are left as they are.
    """
    plain = "!" not in text and "--" not in text and "/-" not in text
    match rng.randrange(7 if first else 10):
        case 1 if plain:
            return _spaced(text, rng, rng.choice((" /- x -/ ", "/- -/", " /- a /- b -/ c -/ "))), "comments"
        case 2 if plain:
            return _spaced(text, rng, rng.choice(("\n    ", "   ", "  \n      "))), "blanks"
        case 3:
            return f"/- {rng.choice(_COMMENTS)} -/ {text}", "after a comment"
        case 4:
            return f"-- {rng.choice(_LINE_COMMENTS)}\n{text}", "after a line comment"
        case 7:
            return f"def decoy := {rng.choice(_QUOTES)}\n{text}", "after a quote"
        case 5:
            return f"{text}\n\n/- {rng.choice(_COMMENTS)} -/", "before a comment"
        case 8:
            many = "\n\n".join(
                f"theorem a{i} (n : ℕ) : n = n := by sorry" for i in range(rng.randrange(2, 9))
            )
            return f"{many}\n\n{text}", "amid theorems"
        case 6:
            return text.replace("\n", "\r\n") + "\r\n", "line ends"
        case 9:
            return f"theorem α₁ {{β : Type*}} (f : β → ℝ≥0∞) : ‖f‖ = ‖f‖ := by sorry\n{text}", "amid Unicode"
    return text, "plain"


def _place(text: str, kind: str, rng: Random) -> tuple[Candidate, str]:
    """The text in one part of a candidate."""
    if kind == "import":  # which only counts at the top of the file
        return rng.choice(
            (
                (Candidate("t", text, GOOD), "header"),
                (Candidate("t", "", GOOD, text), "helper"),
                (Candidate("t", "", f"{text}\n{GOOD}"), "statement"),
            )
        )
    match rng.randrange(3):
        case 0:
            return Candidate("t", f"{HEADER}\n{text}", GOOD), "header"
        case 1:
            return Candidate("t", HEADER, GOOD, text), "helper"
        case _:
            return Candidate("t", HEADER, text), "statement"


def _made(kind: str, carrier: str, payload: str, rng: Random, within: str = "") -> Snippet:
    text = carrier.replace("{}", payload)
    text, disguise = _disguise(text, rng, kind == "import")
    candidate, part = _place(text, kind, rng) if not within else (Candidate("t", text, GOOD), within)
    return Snippet(candidate, (kind, payload, carrier, disguise, part))


def hostile(count: int, seed: int) -> Iterator[Snippet]:
    """`count` different snippets, each of which Lean would read as something forbidden."""
    rng = Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        kind = rng.choices(tuple(KINDS), tuple(KINDS.values()))[0]
        payload = rng.choice(PARTS[f"payload {kind}"])
        carriers = PARTS[f"carrier {kind}"] + PARTS.get(f"tricky {kind}", ())
        # Modifiers and attributes before a word change nothing, but a word after a sign must be a keyword.
        keyword = kind == "command" and payload.split()[0].split("_")[0] in _KEYWORDS
        if keyword and rng.random() < 0.2:
            carriers = PARTS["adjacent"]
        snippet = _made(kind, rng.choice(carriers), payload, rng)
        if snippet.candidate.source not in seen:
            seen.add(snippet.candidate.source)
            yield snippet


_KEYWORDS = frozenset("run elab macro syntax declare initialize axiom opaque unsafe simproc".split())


def controls(count: int, seed: int) -> Iterator[Snippet]:
    """`count` different harmless snippets: half of them made as the hostile ones are, half only mention."""
    rng = Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        if len(seen) % 2:
            word = rng.choice(WORDS.split())
            snippet = _made("mention", rng.choice(PARTS["mention"]), word, rng)
        else:
            kind = rng.choice(tuple(KINDS))
            payload, carrier = (rng.choice(PARTS[f"{part} {kind}"]) for part in ("harmless", "carrier"))
            snippet = _made(kind, carrier, payload, rng, "header" if kind == "import" else "")
        # An import must stand on one line to be allowed, although Lean asks no such thing.
        if snippet.made[0] == "import" and snippet.made[3] == "blanks":
            continue
        if snippet.candidate.source not in seen:
            seen.add(snippet.candidate.source)
            yield snippet


def tricks() -> list[Snippet]:
    """The tricks written by hand."""
    found = []
    for line in Path(__file__).with_name("hostile_tricks.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        candidate = Candidate("t", row.get("header", HEADER), row["statement"], row.get("helper", ""))
        found.append(Snippet(candidate, (row["kind"], "by hand")))
    return found


# -- the stand-in -------------------------------------------------------------------------------------------


class Bench:
    """A workspace that looks fetched, with a `lake` that writes a line for each call and does nothing."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "calls"
        self._log.touch()
        self.lake = folder / "lake"
        self.lake.write_text(f"#!/bin/sh\necho \"$@\" >> '{self._log}'\n")
        self.lake.chmod(0o755)
        self.workspace = folder / "workspace"
        mathlib = self.workspace / ".lake" / "packages" / "mathlib"
        (mathlib / ".lake" / "build" / "lib").mkdir(parents=True)
        (mathlib / "Mathlib").mkdir()
        (mathlib / "lakefile.lean").write_text("-- a package\n")
        package = {"type": "git", "name": "mathlib", "url": "https://x", "rev": "a", "inherited": False}
        package["configFile"] = "lakefile.lean"
        manifest = {
            "version": "1.1.0",
            "packagesDir": ".lake/packages",
            "packages": [package],
            "name": "user",
        }
        (self.workspace / "lake-manifest.json").write_text(json.dumps(manifest))
        (self.workspace / "lean-toolchain").write_text("leanprover/lean4:v4.33.0-rc1\n")
        (self.workspace / "lakefile.toml").write_text('name = "user"\n\n[[require]]\nname = "mathlib"\n')

    def calls(self) -> int:
        """How often `lake` was called so far."""
        return self._log.read_bytes().count(b"\n")

    def checker(self) -> LakeChecker:
        return LakeChecker(self.workspace, lake=str(self.lake))


# -- false refusals -----------------------------------------------------------------------------------------


def statements(mathlib: Path, count: int, seed: int) -> Iterator[str]:
    """`count` theorems of a Mathlib checkout, from `theorem` to `:=`, without docstring and attributes."""
    from cramf.lean.lexer import TokenKind
    from cramf.lean.parser import parse_file

    rng = Random(seed)
    files = sorted((mathlib / "Mathlib").rglob("*.lean"))
    rng.shuffle(files)
    found = 0
    for file in files:
        parsed = parse_file(file.read_text(encoding="utf-8"))
        text = parsed.source.text
        tokens = [t for t in parsed.source.tokens if t.kind is not TokenKind.WHITESPACE]
        theorems = [c for c in parsed.commands if c.declaration and c.kind in ("theorem", "lemma")]
        for command in rng.sample(theorems, min(len(theorems), 10)):
            own = [t for t in tokens if command.start <= t.start < command.end]
            start = next(t.start for t in own if t.text == command.kind)
            depth, end = 0, None
            for token in own:
                depth += (token.text[-1] in "([{⟨⦃") - (token.text in ")]}⟩⦄")
                if token.start > start and token.text == ":=" and depth == 0:
                    end = token.start
                    break
            if end is not None and found < count:
                found += 1
                yield f"{text[start:end]}:= by sorry"
        if found >= count:
            return


# -- the measure --------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="generated hostile snippets")
    parser.add_argument(
        "--controls", type=int, default=500, help="harmless snippets, which must reach `lake`"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mathlib", type=Path, help="checkout whose theorems are screened too")
    parser.add_argument("--statements", type=int, default=2000, help="theorems of it")
    given = parser.parse_args(arguments)
    start = time.monotonic()
    generated = list(hostile(given.count, given.seed))
    by_hand = tricks()
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        with bench.checker() as checker:
            for title, snippets in (("generated", generated), ("by hand", by_hand)):
                before = bench.calls()
                passed = [s for s in snippets if checker.check(s.candidate).status is not Status.REJECTED]
                reached = bench.calls() - before
                failures += len(passed) + reached
                kinds = ", ".join(f"{n:,} {k}" for k, n in Counter(s.made[0] for s in snippets).items())
                print(f"{title}: {len(snippets):,} hostile snippets ({kinds})")
                print(f"  not refused: {len(passed)}; calls of lake: {reached}")
                for snippet in passed[:10]:
                    print(f"  {snippet.made}\n{snippet.candidate.source}", file=sys.stderr)
            harmless = list(controls(given.controls, given.seed))
            refused = reached = 0
            for snippet in harmless:
                before = bench.calls()
                verdict = checker.check(snippet.candidate)
                reached += bench.calls() > before
                if verdict.status is Status.REJECTED:
                    refused += 1
                    print(f"  {snippet.made}: {verdict.detail}", file=sys.stderr)
            failures += len(harmless) - reached
            print(f"controls: {len(harmless)} harmless snippets; refused: {refused}; reached lake: {reached}")
    if given.mathlib:
        texts = list(statements(given.mathlib, given.statements, given.seed))
        wrong = [t for t in texts if screen_candidate(Candidate("t", HEADER, t))[1]]
        print(f"Mathlib: {len(wrong)} of {len(texts):,} theorems refused")
        for text in wrong[:10]:
            print(f"  {text}", file=sys.stderr)
    print(f"{time.monotonic() - start:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
