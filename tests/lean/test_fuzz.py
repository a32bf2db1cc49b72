"""Any text is read: soup, mutated files, and the hostile texts of the issue's list of bad input."""

from __future__ import annotations

import importlib.util
import os
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.knowledge.extract import extract_file, extract_text
from cramf.lean.lexer import Token, TokenKind, scan, tokenize
from cramf.lean.parser import parse_file

K = TokenKind
REPOSITORY = Path(__file__).parents[2]
MATHLIB = Path(os.environ.get("CRAMF_MATHLIB", "/tmp/mathlib"))


def _fuzzer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_lean", REPOSITORY / "eval" / "fuzz_lean.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look their module up
    spec.loader.exec_module(module)
    return module


FUZZ = _fuzzer()
PIECES = st.sampled_from(FUZZ.LEAN_PIECES)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=60).flatmap(
    lambda pieces: st.sampled_from(["", " ", "\n"]).map(lambda between: between.join(pieces))
)


def meaningful(text: str) -> list[Token]:
    return [t for t in tokenize(text)[0] if t.kind not in (K.WHITESPACE, K.COMMENT)]


@settings(max_examples=400, derandomize=True)
@given(TEXTS)
def test_scan_gives_the_tokens_that_carry_meaning(text: str) -> None:
    tokens, errors, skipped = scan(text)
    assert tokens == meaningful(text)
    assert errors == tokenize(text)[1]
    assert skipped == []


@settings(max_examples=400, derandomize=True)
@given(TEXTS, st.sampled_from(["theorem t : p := ", "\nlemma a : b :=\n  ", ""]))
def test_a_scan_without_proofs_leaves_out_what_it_says_it_skipped(text: str, begin: str) -> None:
    text = begin + text + "\ntheorem last : q := rfl\n"
    tokens, _, skipped = scan(text, proofs=False)
    inside = [t for t in meaningful(text) if any(a <= t.start < b for a, b in skipped)]
    assert tokens == [t for t in meaningful(text) if t not in inside]


@settings(max_examples=200, derandomize=True)
@given(TEXTS)
def test_any_text_is_extracted(text: str) -> None:
    assert FUZZ.problems(text) == []


def test_seeded_inputs_are_read() -> None:
    tally = FUZZ.fuzz(range(600))
    assert tally.failures == []
    assert tally.inputs == 600
    assert tally.characters > 100_000


def test_the_fuzzer_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, module: str) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(FUZZ, "extract_text", broken)
    assert FUZZ.fuzz(range(3)).failures == [(seed, "ValueError: broken") for seed in range(3)]


def test_the_fuzzer_finds_a_scan_that_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FUZZ, "scan", lambda text, proofs=True: ([], [], []))
    assert "scan and tokenize differ" in FUZZ.problems("theorem t")


def outline(text: str, proofs: bool) -> list[tuple[str, str, str, int]]:
    declarations = (c.declaration for c in parse_file(text, proofs).commands)
    return [(d.keyword, d.name, d.signature, d.line) for d in declarations if d is not None]


@pytest.mark.parametrize("seed", range(40))
def test_skipping_proofs_changes_no_declaration(seed: int) -> None:
    text = FUZZ.generated_file(random.Random(seed), 12)
    assert outline(text, False) == outline(text, True)
    assert len(outline(text, True)) == 12


def test_proofs_are_really_skipped() -> None:
    text = "theorem a : p := by\n  simp\n\n  exact h\n\nlemma b (h : x := by simp) : q :=\n  h\ndef c := d\n"
    assert [text[a:b].split() for a, b in scan(text, proofs=False)[2]] == [
        ["by", "simp", "exact", "h"],
        ["h"],
    ]


@pytest.mark.parametrize(
    "proof",
    [
        "by\n  -- /- \n  x",
        'by\n  trace "\ntheorem no"',
        "by /-\ntheorem no\n-/ x",
        "let x := 1\n  x",
        "by\n  x /- y -/",
    ],
)
def test_proofs_with_comments_and_strings_hide_nothing(proof: str) -> None:
    text = f"theorem a : p := {proof}\ntheorem b : q := w\n"
    assert [name for _, name, _, _ in outline(text, False)] == ["a", "b"]


def test_a_let_in_a_statement_is_no_proof() -> None:
    text = "theorem a :\n    let x := y\n    x = z := by\n  simp\ntheorem b : q := w\n"
    assert outline(text, False) == outline(text, True)


@pytest.mark.slow
def test_skipping_proofs_changes_no_declaration_of_mathlib() -> None:
    files = sorted((MATHLIB / "Mathlib").rglob("*.lean"))
    if not files:
        pytest.skip(f"no Mathlib checkout at {MATHLIB}; set CRAMF_MATHLIB")
    for path in random.Random(0).sample(files, min(150, len(files))):
        text = path.read_text(encoding="utf-8")
        assert outline(text, False) == outline(text, True), path


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("def a := 1\n/- never", 2, "unclosed comment"),
        ("def a := 1\n\n/-- never\ndef b", 3, "unclosed comment"),
        ('def a :=\n  s!"never {x\n', 2, "unclosed string"),
        ('def a :=\n  r#"never\n', 2, "unclosed raw string"),
        ("\n\nend\n", 3, "`end` without an open namespace or section"),
        ("namespace A\nend B\n", 2, "`end B` where namespace `A` is open"),
        ("\r\ntheorem\r\n", 2, "theorem without a name"),
        ("\ufeff\ndef := x", 2, "def without a name"),
        ("\n" + "a." * 1000 + "b", 2, "identifier of more than 1000 characters"),
        ("\nopen A" * 501, 502, "more than 500 namespaces are open"),
        ("\nvariable (x y : A)" * 501, 502, "more than 1000 variables"),
        ("\nnamespace Abcdefghi" * 101, 102, "namespace of more than 1000 characters"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, line: int, message: str) -> None:
    assert [(e.line, e.message) for e in extract_text(text, "M").errors] == [(line, message)]


def test_within_the_limits_nothing_is_told() -> None:
    text = "\nopen A" * 500 + "\nvariable (x y : A)" * 500 + f"\ntheorem {'a.' * 499}bc : p := x"
    assert extract_text(text, "M").errors == ()


@pytest.mark.parametrize(
    "text", ["theorem t : p := x\n" * 3, "import a.b\nlemma foo : x = y :=\nbegin\n  refl,\nend\n"]
)
@pytest.mark.parametrize("change", ["\t", "\r\n", "\ufeff"])
def test_tabs_line_ends_and_marks_hide_no_declaration(text: str, change: str) -> None:
    changed = {
        "\t": text.replace("  ", "\t"),
        "\r\n": text.replace("\n", "\r\n"),
        "\ufeff": "\ufeff" + text,
    }[change]
    assert outline(changed, True) == outline(text, True)
    assert outline(text, True)


@pytest.mark.parametrize(
    "text", ["", "\x00" * 50, "int main() { return 0; }", "<p>theorem</p>", "\ud800 theorem \udfff"]
)
def test_what_is_not_lean_declares_nothing(text: str) -> None:
    assert extract_text(text, "M").declarations == ()


def test_a_file_that_is_a_loop_of_links_or_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.lean").symlink_to(tmp_path / "b.lean")
    (tmp_path / "b.lean").symlink_to(tmp_path / "a.lean")
    (tmp_path / "folder.lean").mkdir()
    for name in ("a.lean", "folder.lean", "none.lean"):
        (error,) = extract_file(tmp_path / name, "M").errors
        assert error.line == 1
        assert error.message.startswith("cannot be read")


@pytest.mark.parametrize("piece", ["x", "x ", "(", "| ", "theorem ", "/-", '"', "a.b.c.", "\nend", " "])
def test_a_long_line_is_read(piece: str) -> None:
    """300,000 characters of one line; what is quadratic would meet the time limit of the run."""
    FUZZ.extract_text("theorem t : " + piece * (300_000 // len(piece)), "M")
