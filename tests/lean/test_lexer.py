"""The lexer: tokens tile the text, and each kind of token is cut where Lean cuts it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cramf.lean.lexer import Lines, TokenKind, is_identifier, tokenize

K = TokenKind
LEAN_FRAGMENTS = (
    *"theorem def where := : ( ) { } [ ] ⟨ ⟩ ⦃ ⦄ @[ ] |".split(),
    *"/- -/ /-- /-! /--/ -- -/- /-/ \" \\ ' '' #".split(),
    *'r" r#" "# s!" m!" {" "} \' « » «a`b» `x ``y.z'.split(),
    *"'a' '\\n' '\\u{1F}' f' x₁ 1.5 h.1.2 0x1F 0b2 1..2 1e-3 1.e 0x".split(),
    *"⁻¹' ∑ →ₗ[R] ≃ₐ <|> |>. ... ℝ 𝓝 λ Π _ ?x @ $( ⟦ ⟧ ÷ e\u0301 \u200b \x00 \ufeff".split(),
    " ",
    "\n",
    "\t",
    "\r\n",
    "--\n",
    "\\\n",
)
LEAN_SOUP = st.lists(st.sampled_from(LEAN_FRAGMENTS), max_size=40).map("".join)


def meaning(text: str) -> list[tuple[TokenKind, str]]:
    """Kinds and texts of the tokens other than white space."""
    return [(t.kind, t.text) for t in tokenize(text)[0] if t.kind != K.WHITESPACE]


def texts(text: str) -> list[str]:
    return [text for _, text in meaning(text)]


def assert_tiles(text: str) -> None:
    tokens, errors = tokenize(text)
    position = 0
    for token in tokens:
        assert token.start == position
        assert token.text
        position = token.end
    assert position == len(text)
    assert "".join(t.text for t in tokens) == text
    assert all(0 <= e.offset < len(text) for e in errors)
    assert len(errors) == sum(t.kind == K.ERROR for t in tokens)


@given(st.text())
def test_any_text_is_tiled(text: str) -> None:
    assert_tiles(text)


@given(LEAN_SOUP)
def test_lean_soup_is_tiled(text: str) -> None:
    assert_tiles(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-- to the end of the line", K.COMMENT),
        ("/- plain -/", K.COMMENT),
        ("/- a /- b /- c -/ d -/ e -/", K.COMMENT),
        ("/--/", K.COMMENT),
        ("/-/ still a comment -/", K.COMMENT),
        ("/-- a docstring -/", K.DOC),
        ("/-- outer /- inner -/ outer -/", K.DOC),
        ("/-- `/-- nested doc -/` -/", K.DOC),
        ("/---/", K.DOC),
        ("/-! of the module -/", K.MODULE_DOC),
        ('"plain"', K.STRING),
        ('""', K.STRING),
        (r'"a \" quote"', K.STRING),
        (r'"a backslash \\"', K.STRING),
        ('"over\ntwo lines"', K.STRING),
        ('"-- no comment /- none -/"', K.STRING),
        ("'a'", K.CHARACTER),
        (r"'\n'", K.CHARACTER),
        (r"'\''", K.CHARACTER),
        (r"'\\'", K.CHARACTER),
        ("'\"'", K.CHARACTER),
        (r"'\x41'", K.CHARACTER),
        (r"'\u03b1'", K.CHARACTER),
        ("'∀'", K.CHARACTER),
        ("«two words»", K.IDENTIFIER),
        ("A.«b c».d", K.IDENTIFIER),
        ("«if»", K.IDENTIFIER),
        ("x₀", K.IDENTIFIER),
        ("αβ_γ", K.IDENTIFIER),
        ("ℝ", K.IDENTIFIER),
        ("𝓝", K.IDENTIFIER),
        ("f''", K.IDENTIFIER),
        ("get!", K.IDENTIFIER),
        ("_root_.Nat.succ", K.IDENTIFIER),
        ("1.5", K.NUMBER),
        ("1_000", K.NUMBER),
        ("0x1F", K.NUMBER),
        ("0b101", K.NUMBER),
        ("0o17", K.NUMBER),
        ("1e10", K.NUMBER),
        ("2.5e-3", K.NUMBER),
        ("`Foo.bar", K.SYMBOL),
        ("``Foo.bar", K.SYMBOL),
        ("''", K.SYMBOL),
        ("⁻¹'", K.SYMBOL),
        ("→ₗ", K.SYMBOL),
        ("@[", K.SYMBOL),
        ("λ", K.SYMBOL),
        ("Π", K.SYMBOL),
    ],
)
def test_one_token(text: str, kind: TokenKind) -> None:
    tokens, errors = tokenize(text)
    assert [(t.kind, t.text) for t in tokens] == [(kind, text)]
    assert not errors


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f' x", ["f'", "x"]),
        ("f '' s", ["f", "''", "s"]),
        ("f' '' s", ["f'", "''", "s"]),
        ("(f '' s)ᶜ", ["(", "f", "''", "s", ")", "ᶜ"]),
        ("f ⁻¹' s", ["f", "⁻¹'", "s"]),
        ("f ⁻¹' (g '' s)", ["f", "⁻¹'", "(", "g", "''", "s", ")"]),
        ("f 'a' b'", ["f", "'a'", "b'"]),
        ("a'b'", ["a'b'"]),
        ("1..2", ["1", "..", "2"]),
        ("x.1", ["x", ".", "1"]),
        ("1.foo", ["1", ".", "foo"]),
        ("h.1.symm", ["h", ".", "1", ".", "symm"]),
        ("0x1F+1", ["0x1F", "+", "1"]),
        ("a:=b", ["a", ":=", "b"]),
        ("a|b", ["a", "|", "b"]),
        ("x--y", ["x", "--y"]),
        ("x /- c -/ y", ["x", "/- c -/", "y"]),
        ("`x y", ["`x", "y"]),
        ("a.{u, v}", ["a", ".", "{", "u", ",", "v", "}"]),
        ("fun x↦x", ["fun", "x", "↦", "x"]),
        ("∀x,x", ["∀", "x", ",", "x"]),
        ("M →ₗ[R] N", ["M", "→ₗ", "[", "R", "]", "N"]),
        ("a⁻¹*b", ["a", "⁻¹", "*", "b"]),
        ("r = 1", ["r", "=", "1"]),
        ("r#1", ["r", "#", "1"]),
        ("aλb", ["a", "λ", "b"]),
        ("⟨x, hx⟩", ["⟨", "x", ",", "hx", "⟩"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert texts(text) == expected
    assert not tokenize(text)[1]


def test_projections_of_numbers_leave_the_name_alone() -> None:
    """`h.1.2` is two projections of `h`; the lexer may keep `1.2` together but never glues it to `h`."""
    found = meaning("h.1.2 + x")
    assert [t for k, t in found if k == K.IDENTIFIER] == ["h", "x"]
    assert [t for k, t in found if k in (K.NUMBER,)] in (["1", "2"], ["1.2"])


@pytest.mark.parametrize(
    "literal",
    [
        r'r"C:\no\escape"',
        r'r"\"',
        'r#"a "quoted" word"#',
        'r##"with "# inside"##',
        'r#"theorem fake : False := sorry -- /- "#',
        'r""',
    ],
)
def test_raw_strings(literal: str) -> None:
    prefix, string = literal[0], literal[1:]
    assert meaning(f"def a := {literal} end") == [
        (K.IDENTIFIER, "def"),
        (K.IDENTIFIER, "a"),
        (K.SYMBOL, ":="),
        (K.IDENTIFIER, prefix),
        (K.STRING, string),
        (K.IDENTIFIER, "end"),
    ]


@pytest.mark.parametrize(
    "literal",
    [
        's!"plain"',
        's!"{x}"',
        's!"{f "x" {a}} after"',
        's!"n = {n + "x}".length} -- still text"',
        's!"{s!"{s!"{a}"}"}"',
        'm!"{if a then "}" else "{"}"',
        r's!"\{not a hole \" {x}"',
        's!"{ {a := 1, b := "}"} }"',
        's!"over\ntwo {lines}"',
        's!"{\'"\'}"',
    ],
)
def test_interpolated_strings(literal: str) -> None:
    prefix, string = literal[:2], literal[2:]
    assert meaning(f"{literal} ++ b") == [
        (K.IDENTIFIER, prefix),
        (K.STRING, string),
        (K.SYMBOL, "++"),
        (K.IDENTIFIER, "b"),
    ]
    assert not tokenize(literal)[1]


def test_a_prefix_and_a_blank_make_no_raw_string() -> None:
    assert meaning(r'f r "a\"b"') == [
        (K.IDENTIFIER, "f"),
        (K.IDENTIFIER, "r"),
        (K.STRING, r'"a\"b"'),
    ]


def test_other_names_before_a_quote_make_no_raw_string() -> None:
    assert meaning(r'bar"a\"b"') == [(K.IDENTIFIER, "bar"), (K.STRING, r'"a\"b"')]


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("def a /- never closed", 6, "unclosed comment"),
        ("x /- a /- b -/ c", 2, "unclosed comment"),
        ("/-- a docstring", 0, "unclosed comment"),
        ("/-! of the module", 0, "unclosed comment"),
        ("/-", 0, "unclosed comment"),
        ('def a := "never', 9, "unclosed string"),
        (r'x "ends in \" and goes on', 2, "unclosed string"),
        ('a r#"never', 3, "unclosed raw string"),
    ],
)
def test_errors_tell_their_offset(text: str, offset: int, message: str) -> None:
    _, errors = tokenize(text)
    assert tuple(errors[0]) == (offset, message)
    assert_tiles(text)


def test_after_an_unclosed_string_the_rest_is_still_read() -> None:
    found = meaning('def a := "never\ntheorem b : True')
    assert (K.IDENTIFIER, "theorem") in found
    assert (K.ERROR, '"') in found


def test_an_unclosed_comment_takes_the_rest() -> None:
    assert meaning("x /- theorem b") == [(K.IDENTIFIER, "x"), (K.ERROR, "/- theorem b")]


@pytest.mark.parametrize("text", ["x", "A.b", "«a b».c", "x'", "x₁", "get?", "α"])
def test_identifiers(text: str) -> None:
    assert is_identifier(text)


@pytest.mark.parametrize("text", ["", "1x", "a b", "A.", ".a", "λ", "a..b", "«»x y", "x\n", "a-b"])
def test_no_identifiers(text: str) -> None:
    assert not is_identifier(text)


@given(st.text(alphabet="ab\n\r", max_size=60))
def test_lines_count_as_splitting_at_newlines_does(text: str) -> None:
    lines = Lines(text)
    for offset in range(len(text) + 1):
        before = text[:offset]
        assert lines.line(offset) == before.count("\n") + 1
        assert lines.position(offset) == (before.count("\n") + 1, len(before.rpartition("\n")[2]))


@pytest.mark.parametrize(
    "hostile",
    ["/-", '"', '\\"', '"\\', 's!"{', 's!"', 'r#"', "{", "«", "'", "`", "⟨", "--", "-/", "«a»."],
)
def test_reading_time_does_not_explode(hostile: str) -> None:
    """20,000 characters of one repeated fragment are read far faster than a quadratic scan takes."""
    text = hostile * (20_000 // len(hostile))
    begun = time.process_time()
    assert_tiles(text)
    assert time.process_time() - begun < 5.0


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["/-", "-/", "x", " ", "\n"]), max_size=30).map("".join))
def test_comment_nesting_against_a_plain_counter(text: str) -> None:
    """A block comment ends where as many `-/` as `/-` have been read."""
    source = "/- " + text
    token = tokenize(source)[0][0]
    depth, index = 0, 0
    while index < len(source):
        pair = source[index : index + 2]
        if pair in ("/-", "-/"):
            depth += 1 if pair == "/-" else -1
            index += 2
            if depth == 0:
                break
        else:
            index += 1
    assert token.text == source[:index]
    assert token.kind == (K.COMMENT if depth == 0 else K.ERROR)
