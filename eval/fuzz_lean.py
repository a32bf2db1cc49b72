"""Fuzz the Lean readers: lexer, command parser and extraction.

    python eval/fuzz_lean.py --inputs 20000 --seed 0 [--mathlib DIR]

Half of the inputs are soup of Lean pieces and of any Unicode, half are mutations of Lean files: generated
ones, and those of a Mathlib checkout where one is given. Every input has a seed of its own, so that a failure
can be had again with `--inputs 1 --seed SEED`. Checked of each: nothing is raised, the tokens tile the text,
the fast scan gives the same tokens, spans and line numbers lie within the file, and it takes no longer than
twenty seconds.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import NamedTuple

from cramf.knowledge.extract import extract_text
from cramf.lean.lexer import TokenKind, scan, tokenize
from cramf.lean.parser import parse_file

__all__ = ["LEAN_PIECES", "SlowError", "Tally", "fuzz", "generated_file", "problems", "soup", "text_of"]

_WORDS = r"""
theorem lemma def abbrev structure class inductive instance example axiom alias notation infixl macro
namespace section end open scoped variable universe include omit attribute export mutual where by
extends deriving private protected noncomputable local in fun let have match with if then else at
( ) { } [ ] ⟨ ⟩ ⦃ ⦄ @[ ⟦ ⟧ | || |>. := : , . ; => ↦ → ↔ ∀ ∃ ∃! ∑ ∏ λ Π Σ' ∈ ∉ ⊆ ∩ ∪ ∘ ≤ = ≠ + * - / ^
⁻¹ ⁻¹' '' ᵀ ˣ ᶜ ℝ ℝ≥0∞ ℤ_[p] ⟪x, y⟫_ℝ →+* →ₗ[R] ≃ₐ ‖ • ∂ // /- -/ /-- /-! -- " \ ' ` `` s! r# # $( #[
x y z f g h α β ι u v Nat Set.Finite Foo.bar x.foo h.1.2 «a b» « » _ _x x₁ 0 1.5 0x1F 1e3 Type Sort
Prop Type* max simp exact rfl _root_.A autoParam @[simp] #check ?_ · <;> <| |> $ .{u} ... ::
"""
LEAN_PIECES = (
    *_WORDS.split(),
    " ",
    "  ",
    "\n",
    "\n\n",
    "\n  ",
    "\nend\n",
    "\t",
    "\r\n",
    "\ufeff",
    "\x00",
    "\ud800",
    "\u2028",
    "\u200b",
    "e\u0301",
    "−",
)
_LEAN_3 = (
    "import data.set.basic\nopen_locale big_operators\nvariables {α : Type*} [group α] (s : set α)\n",
    "lemma foo {x : α} (h : x ∈ s) : x * 1 = x :=\nbegin\n  simp only [mul_one], { refl },\nend\n",
    "theorem bar : ∀ n : ℕ, n < n + 1 := λ n, nat.lt_succ_self n\nlocal infix ` ⋆ `:50 := has_mul.mul\n",
    "@[simp, to_additive] def baz (x : α) : α := x⁻¹ /-- dangling\n#print axioms foo\nend foo\n",
)
_NOT_LEAN = (
    "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", 'x'); /* c */ return 0; }\n",
    "def f(x: int) -> int:\n    '''doc'''\n    return {k: [v] for k, v in x.items()}\n",
    '<html><body class="a">&amp; <p>theorem</p></body></html>\n',
    "\\begin{theorem} Let $x \\in \\mathbb{R}$. \\end{theorem}\n",
    '{"a": [1, 2.5e-3, null, {"b": "\\u00e9"}]}\n',
    "%PDF-1.4\n\x00\x01\x02\xff\xfe stream\nendstream\n",
)
_TYPES = (
    "ℕ ℝ α ι (Set_α) (ι_→_Set_α) (Finset_ι) (α_≃_α) ℝ≥0∞ ℤ_[p] (Subgroup_G) Gˣ (Type_u) (V_→ₗ[K]_V)".split()
)
_TERMS = (
    "x = y",
    "∀ i j, i ≤ j → f i ≤ f j",
    "∃ K ≤ H, K.Normal",
    "{a | a ∈ s}.Finite",
    "∑ i ∈ s, f i = 0",
    "(s ∩ t).Nonempty ↔ ⟪x, y⟫_ℝ = 0",
    "Function.Injective (fun x : α ↦ x)",
    "(∃ x : α, x ∈ s) ∧ s.Countable",
    "f ⁻¹' t = {x | f x ∈ t}",
    "Foo.bar (n := 3) x",
    "if h : x ∈ s then p else q",
)
_PROOFS = (
    "rfl",
    "by simp",
    "by\n  intro x\n  exact h x",
    "fun x ↦ h x",
    "by\n  -- why\n  omega",
    'by\n  trace "x"',
)
_HANG = 20.0
"""Seconds after which an input counts as a hang."""


class SlowError(Exception):
    """An input took longer than any input may."""


def soup(random: Random, pieces: int) -> str:
    """Lean pieces with some arbitrary characters among them, glued or spaced."""
    between = random.choice(("", " ", "", "\n"))
    parts: list[str] = []
    for _ in range(pieces):
        if random.random() < 0.05:
            parts.append(chr(random.randrange(0x110000)))
        else:
            parts.append(random.choice(LEAN_PIECES))
    return between.join(parts)


def _declaration(random: Random, number: int) -> str:
    names = [random.choice("x y z s t f g h".split()) for _ in range(random.randrange(1, 4))]
    kind = random.choice(("()", "{}", "⦃⦄"))
    binders = [f"{kind[0]}{' '.join(names)} : {random.choice(_TYPES).replace('_', ' ')}{kind[1]}"]
    if random.random() < 0.4:
        binders.append(random.choice(("[Group G]", "[inst : Field K]", "(h : p := by simp)", "(n : ℕ := 3)")))
    prelude = random.choice(
        ("", "/-- What it says. -/\n", "@[simp, to_additive]\n", "private ", "@[simp] protected ")
    )
    signature = f"{' '.join(binders)} : {random.choice(_TERMS)}"
    shape = random.randrange(6)
    if shape == 0:
        fields = "  /-- F. -/\n  a : α\n  (b c : ℕ := 1)\n"
        return f"{prelude}structure S{number} {binders[0]} extends A, B α where\n{fields}"
    if shape == 1:
        constructors = f"  | nil : I{number}\n  | cons (x : α) : I{number}\n  deriving DecidableEq\n"
        return f"{prelude}inductive I{number} : Type\n{constructors}"
    if shape == 2:
        return f"{prelude}def d{number} {binders[0]} : ℕ → ℕ\n  | 0 => 1\n  | n + 1 => n\n"
    keyword = random.choice(("theorem", "lemma", "theorem", "instance", "abbrev", "def"))
    return f"{prelude}{keyword} t{number}.of {signature} :=\n  {random.choice(_PROOFS)}\n"


def generated_file(random: Random, declarations: int = 6) -> str:
    """A Lean file that looks like Mathlib's and says nothing."""
    parts = ["/-\nA header.\n-/\nimport Foo.Bar\n\n/-! # Title -/\n\nopen Set Function\nuniverse u v\n"]
    open_scopes: list[str] = []
    for number in range(declarations):
        choice = random.random()
        if choice < 0.15:
            open_scopes.append(random.choice(("N", "M.K")))
            parts.append(f"namespace {open_scopes[-1]}\n")
        elif choice < 0.25:
            parts.append(
                random.choice(
                    ("variable {α β : Type*} [Group α]\n", "variable (α)\n", "open scoped Real in\n")
                )
            )
        elif choice < 0.3:
            parts.append('scoped infixl:65 " ⋆ " => Foo.star\n')
        parts.append(_declaration(random, number))
    parts += [f"end {name}\n" for name in reversed(open_scopes)]
    return "\n".join(parts)


def _mutated(random: Random, text: str) -> str:
    """A text with some of its tokens deleted, doubled, swapped, or joined by others."""
    parts = [token.text for token in tokenize(text)[0]]
    for _ in range(random.randrange(1, 12)):
        if not parts:
            break
        at, other = random.randrange(len(parts)), random.randrange(len(parts))
        match random.randrange(8):
            case 0:
                del parts[at]
            case 1:
                parts.insert(at, parts[other])
            case 2:
                parts[at], parts[other] = parts[other], parts[at]
            case 3:
                parts.insert(at, random.choice(("/-", "/--", '"', 's!"{', 'r#"', "«", "-/", "--", "'")))
            case 4:
                parts.insert(
                    at, random.choice("( [ { ⟨ ⦃ @[ ⟦ ) ] } ⟩ ⦄ ⟧".split()) * random.choice((1, 1, 40))
                )
            case 5:
                parts.insert(
                    at, random.choice(("\t", "\x00", "\ud83d", "\ufeff", "\r", "\u0085", "\nend\n", "end"))
                )
            case 6:
                del parts[at : at + random.randrange(1, 30)]
            case _:
                parts.insert(at, random.choice(LEAN_PIECES) * random.choice((1, 1, 1, 3, 200)))
    return "".join(parts)


def _reshaped(random: Random, text: str) -> str:
    """A text cut, joined to a long line, indented by tabs, with other line ends, or among foreign text."""
    match random.randrange(9):
        case 0:
            return text[: random.randrange(len(text) + 1)]
        case 1:
            return text[random.randrange(len(text) + 1) :]
        case 2:
            return text.replace("\n", "\r\n")
        case 3:
            return text.replace("\n", " ")
        case 4:
            return "\ufeff" + text.replace("  ", "\t")
        case 5:
            return random.choice(_LEAN_3) + text + random.choice(_LEAN_3)
        case 6:
            return random.choice(_NOT_LEAN) + text
        case 7:
            inside = text[: random.randrange(min(len(text), 300) + 1)]
            depth = random.randrange(1, 200)
            mark = random.choice(
                ("()", "{}", "[]", "⟨⟩", ("/-", "-/"), ("(by ", ")"), ("{x | ", "}"), ("∀ {x : ", "}"))
            )
            closed = random.choice((depth, depth - 1, 0))
            return f"theorem t : {mark[0] * depth}{inside}{mark[1] * closed}\n{text}"
        case _:
            return text


def text_of(seed: int, files: Sequence[Path] = ()) -> str:
    """The input that a seed stands for; `files` are the ones that it may mutate."""
    random = Random(seed)
    choice = random.random()
    if choice < 0.45:
        return soup(random, random.choice((5, 20, 60, 200)))
    if choice < 0.5:
        return "theorem t : " + random.choice(LEAN_PIECES) * random.randrange(1, 1500)
    if files and choice < 0.75:
        text = random.choice(files).read_text(encoding="utf-8")
        begin = random.randrange(max(1, len(text) - 4000))
        text = text[begin : begin + 4000] if random.random() < 0.9 else text
    else:
        text = generated_file(random, random.randrange(1, 8))
    if random.random() < 0.5:
        text = _reshaped(random, text)
    return _mutated(random, text) if random.random() < 0.8 else text


def problems(text: str) -> list[str]:
    """What the readers do wrong with a text; an exception of theirs is left to the caller."""
    found: list[str] = []
    tokens, errors = tokenize(text)
    position = 0
    for token in tokens:
        if token.start != position or not token.text:
            found.append(f"tokens do not tile the text at {position}")
            break
        position = token.end
    if position != len(text) or "".join(t.text for t in tokens) != text:
        found.append("tokens do not make up the text")
    blank = (TokenKind.WHITESPACE, TokenKind.COMMENT)
    meaningful = [t for t in tokens if t.kind not in blank]
    scanned, scan_errors, skipped = scan(text)
    if scanned != meaningful or scan_errors != errors or skipped:
        found.append("scan and tokenize differ")
    found += _fast_scan_problems(text, meaningful)
    parsed = parse_file(text)
    size = len(parsed.source.text)
    ends = [0]
    for command in parsed.commands:
        if not ends[-1] <= command.start < command.end <= size:
            found.append(f"span {command.start}:{command.end} of a command does not follow {ends[-1]}")
        ends.append(command.end)
    lines = parsed.source.text.count("\n") + 1
    facts = extract_text(text, "Fuzz")
    numbers = [e.line for e in (*parsed.errors, *facts.errors)]
    numbers += [d.line for d in facts.declarations] + [c.line for c in parsed.commands]
    if any(not 1 <= line <= lines for line in numbers):
        found.append("a line number lies outside the file")
    if not all(e.message for e in facts.errors):
        found.append("an error says nothing")
    return found


def _fast_scan_problems(text: str, meaningful: Sequence[NamedTuple]) -> list[str]:
    """Where `scan(proofs=False)` gives other tokens than those outside what it says it skipped."""
    fast, _, skipped = scan(text, proofs=False)
    starts = [start for start, _ in skipped]
    expected = []
    for token in meaningful:
        at = bisect_right(starts, token[2]) - 1
        if at < 0 or token[2] >= skipped[at][1]:
            expected.append(token)
    return [] if fast == expected else ["scan without proofs gives other tokens outside the skipped spans"]


@dataclass
class Tally:
    """What a run found."""

    inputs: int = 0
    characters: int = 0
    failures: list[tuple[int, str]] = field(default_factory=list)
    times: list[tuple[float, int, int]] = field(default_factory=list)
    """Seconds for a character, length and seed of each input that is long enough to be timed."""


def fuzz(seeds: range, files: Sequence[Path] = ()) -> Tally:
    """Try the input of every seed."""
    tally = Tally()
    for seed in seeds:
        text = text_of(seed, files)
        begun = time.process_time()
        try:
            with _bounded(_HANG):
                found = problems(text)
        except Exception as error:  # noqa: BLE001 - whatever is raised is what is looked for
            found = [f"{type(error).__name__}: {error}"]
        spent = time.process_time() - begun
        tally.inputs += 1
        tally.characters += len(text)
        tally.failures += [(seed, message) for message in found]
        if len(text) >= 500:
            tally.times.append((spent / len(text), len(text), seed))
    tally.times.sort(reverse=True)
    return tally


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise SlowError(f"more than {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mathlib", type=Path, default=None, help="a checkout whose files are mutated too")
    options = parser.parse_args()
    files = sorted((options.mathlib / "Mathlib").rglob("*.lean")) if options.mathlib else []
    if options.mathlib and not files:
        parser.error(f"no Lean files under {options.mathlib / 'Mathlib'}")
    begun = time.perf_counter()
    tally = fuzz(range(options.seed, options.seed + options.inputs), files)
    spent = time.perf_counter() - begun
    print(
        f"{tally.inputs} inputs, {tally.characters} characters, {spent:.0f} s, {len(tally.failures)} failures"
    )
    for seed, message in tally.failures[:50]:
        print(f"  seed {seed}: {message}")
    if tally.times:
        median = statistics.median(each for each, _, _ in tally.times)
        print(f"median {1e6 * median:.2f} µs a character; slowest:")
        for each, size, seed in tally.times[:10]:
            print(f"  seed {seed}: {size} characters, {each / median:.1f} times the median")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
