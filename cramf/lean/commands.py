"""Cut the tokens of a Lean file into commands.

Commands in Lean end where the next one begins. Keywords of declarations can stand nowhere else, so
they begin a command wherever they come first on their line outside brackets; words that also occur
in terms and tactics (`open`, `set_option`, `end`, …) begin one only in the first column or after `in`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cramf.lean.brackets import CLOSERS, OPENERS, Tokens
from cramf.lean.lexer import LexicalError, Lines, TokenKind, scan

__all__ = ["DECLARATION_KEYWORDS", "MODIFIERS", "RawCommand", "SourceText", "split_commands"]

DECLARATION_KEYWORDS = frozenset(
    "theorem lemma def abbrev structure class inductive coinductive instance example axiom opaque "
    "irreducible_def alias proof_wanted".split()
)
MODIFIERS = frozenset(
    "private protected public noncomputable partial unsafe nonrec scoped local meta computable".split()
)
_ANYWHERE = DECLARATION_KEYWORDS | {"namespace"}
_FIRST_COLUMN = frozenset(
    "section end open variable variable? universe export attribute notation notation3 infix infixl infixr "
    "prefix postfix macro macro_rules syntax elab elab_rules set_option mutual import module initialize "
    "builtin_initialize deriving run_cmd run_elab run_meta omit include assert_not_exists "
    "assert_not_imported assert_no_sorry assert_exists add_decl_doc library_note simproc dsimproc "
    "cbv_simproc simproc_decl dsimproc_decl builtin_simproc register_simp_attr register_option "
    "register_label_attr declare_syntax_cat declare_aesop_rule_sets suppress_compilation "
    "unsuppress_compilation compile_inductive compile_def unif_hint recall mk_iff_of_inductive_prop "
    "grind_pattern add_aesop_rules extend_docs initialize_simps_projections insert_to_additive_translation "
    "insert_to_dual_translation deprecated_module count_heartbeats seal unseal binder_predicate "
    "declare_config_elab tactic_extension norm_num_ext".split()
)
_NEVER_AFTER_PRELUDE = frozenset("module end open include omit".split())
# Commands that end in `in` and then hold for the next command alone.
_SCOPING = frozenset("open set_option variable omit include attribute universe count_heartbeats".split())
_LONGEST_PRELUDE = 64
"""How many tokens of modifiers are looked through for a keyword, so that hostile text stays linear."""


_COMMENT = re.compile(r"/-.*?-/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A file's text with the tokens that carry meaning (no white space, no plain comments)."""

    text: str
    tokens: Tokens
    lines: Lines
    errors: list[LexicalError]
    skipped: list[tuple[int, int]]
    """Spans of proofs that were passed over."""

    @classmethod
    def read(cls, text: str, proofs: bool = True) -> SourceText:
        """Scan a text; see `cramf.lean.lexer.scan` for `proofs`."""
        tokens, errors, skipped = scan(text, proofs)
        dropped = (TokenKind.MODULE_DOC, TokenKind.ERROR)
        kept = Tokens(t for t in tokens if t.kind not in dropped)
        return cls(text, kept, Lines(text), errors, skipped)

    def first_on_line(self, index: int) -> bool:
        """Whether only blanks stand before this token on its line."""
        start = self.tokens[index].start
        # The line itself may be very long, so no more of it is looked at than follows the token before.
        before = self.tokens[index - 1].end if index else 0
        newline = self.text.rfind("\n", before, start)
        gap = self.text[max(newline + 1, before) : start]
        return (newline >= 0 or not index) and not (_COMMENT.sub("", gap) if "/-" in gap else gap).strip()


class RawCommand(NamedTuple):
    """Token indices of one command: prelude (doc comment, attributes, modifiers), keyword, end."""

    start: int
    keyword: int
    end: int
    scoped_in: bool


def split_commands(source: SourceText) -> Iterator[RawCommand]:
    """The commands of a file in order; text before the first one is skipped."""
    tokens = source.tokens
    size = len(tokens)
    starts: list[tuple[int, int]] = []
    depth = 0
    prelude = -1
    follows_in = False
    index = 0
    while index < size:
        kind, text, _ = tokens[index]
        if kind == TokenKind.IDENTIFIER or text[0] == "#":
            if _begins(source, index, depth, prelude >= 0, follows_in):
                depth = 0
                follows_in = False
                prelude = index if prelude < 0 else prelude
                if text not in MODIFIERS:
                    starts.append((prelude, index))
                    prelude = -1
                    # `class inductive`, `class abbrev` and `deriving instance` are one keyword each.
                    if text in ("class", "deriving") and index + 1 < size:
                        index += tokens[index + 1].text in ("inductive", "abbrev", "instance")
            else:
                follows_in = text == "in" and depth == 0 and _ends_scoping(tokens, starts)
                if depth == 0:
                    prelude = -1
        elif kind == TokenKind.DOC or text == "@[":
            if depth == 0 and prelude < 0 and (follows_in or source.first_on_line(index)):
                prelude = index
            depth += text == "@["
        elif text in OPENERS:
            if depth == 0 and tokens[index - 1].text not in MODIFIERS:
                prelude = -1  # the doc comment was that of a field or constructor
            depth += 1
        elif text in CLOSERS:
            depth = max(0, depth - 1)
        elif depth == 0:
            prelude = -1
            follows_in = False
        index += 1
    for number, (start, keyword) in enumerate(starts):
        end = starts[number + 1][0] if number + 1 < len(starts) else size
        scoped = tokens[end - 1].text == "in" and tokens[keyword].text in _SCOPING
        yield RawCommand(start, keyword, end, scoped)


def _begins(source: SourceText, index: int, depth: int, after_prelude: bool, follows_in: bool) -> bool:
    """Whether the word at `index` begins a command or continues the prelude of one."""
    tokens = source.tokens
    _, text, offset = tokens[index]
    following = tokens[index + 1].text if index + 1 < len(tokens) else ""
    if text[0] == "#":
        named = following[:1].isalpha() and tokens[index + 1].start == offset + 1
        return named and (follows_in or offset == 0 or source.text[offset - 1] == "\n")
    declares = text in _ANYWHERE
    modifies = text in MODIFIERS
    if not (declares or modifies or text in _FIRST_COLUMN):
        return False
    if text == "deriving" and following != "instance":
        return False
    if follows_in or offset == 0 or source.text[offset - 1] == "\n":
        return True
    if depth:
        return False
    if modifies:
        return (after_prelude or source.first_on_line(index)) and _reaches_command(tokens, index)
    if declares:
        before = tokens[index - 1].text if index else ""
        return (after_prelude or source.first_on_line(index)) and before not in (".", "`", ",", "deriving")
    return after_prelude and text not in _NEVER_AFTER_PRELUDE


def _reaches_command(tokens: Tokens, index: int) -> bool:
    """Whether an indented modifier leads to a keyword, past others and past the bracket of `scoped[N]`."""
    size = min(len(tokens), index + _LONGEST_PRELUDE)
    while index < size and tokens[index].text in MODIFIERS:
        index += 1
        if index < size and tokens[index].text == "[" and tokens[index - 1].text in ("scoped", "local"):
            while index < size and tokens[index].text != "]":
                index += 1
            index += 1
    return index < size and tokens[index].text in _ANYWHERE | _FIRST_COLUMN


def _ends_scoping(tokens: Tokens, starts: list[tuple[int, int]]) -> bool:
    """Whether an `in` closes a prefix such as `open X in`, rather than `∑ i in s`."""
    return bool(starts) and tokens[starts[-1][1]].text in _SCOPING
