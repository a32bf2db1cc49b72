"""Refuse Lean that would run code, read files or change the logic, before any of it reaches Lean.

A candidate comes from a language model or a stranger, and elaborating Lean can execute it (`#eval`,
`run_cmd`, `initialize`, macros). The rule is sound by construction instead of relying on an exact lexer: the
bodies of comments are *blanked* in the text that Lean gets, and every other character, inside strings,
interpolations and `«»` names too, is searched for forbidden words. So whatever Lean takes for code has been
searched. The price: a string or an escaped name that spells a forbidden word is refused as well.

Positions stay as they were: blanking replaces characters by spaces one for one.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from cramf.check.verdict import Candidate, Diagnostic, Severity

__all__ = ["COMMAND_WORDS", "Refusal", "Screening", "screen", "screen_candidate"]

MAX_CHARACTERS = 100_000
"""Longest text that is looked at; a statement has a few thousand characters."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text is refused; `line` counts from 1 and `column` from 0 in the text that was screened."""

    reason: str
    word: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.reason} (`{self.word}`, line {self.line}, column {self.column})"


@dataclass(frozen=True, slots=True)
class Screening:
    """Outcome: `text` with the bodies of its comments blanked, which alone may be given to Lean."""

    text: str
    refusals: tuple[Refusal, ...] = ()

    @property
    def accepted(self) -> bool:
        return not self.refusals


# -- the forbidden ------------------------------------------------------------------------------------------

COMMAND_WORDS: frozenset[str] = frozenset(
    """
    adaptation_note allow_unused_tactic check clear_deprecations click_suggestions conv count_heartbeats
    defeq_abuse discr_tree_key discr_tree_simp_key dump_async_env_state eval exit explode find grind_lint
    guard help html import info_trees instances kerodon_tags leansearch lint list_linters lmfdb_tags
    long_instances long_names loogle min_imports moogle norm_num parse print pull push
    redundant_imports reduce
    reset_min_imports rw sample search show_deprecated show_kind show_unused simp stacks_tags statesearch
    string_diagram synth test time trans_imports unfold version where whnf wikidata_tags with_exporting
    """.split()
)
"""Beginnings of the `#` commands of Lean, Batteries and Mathlib; `print` covers `#print_sorries`.

Lean's tokens have no word boundary (`#simplices` is `#simp` and `lices`), so these are matched as beginnings.
"""

# Commands, attributes and terms that run code while Lean elaborates, change the logic, or reach outside.
_WORDS: dict[str, str] = {
    **dict.fromkeys(
        """
        run_cmd run_elab run_meta run_tac by_elab elab elab_rules macro macro_rules syntax declare_syntax_cat
        declare_simp_like_tactic binder_predicate initialize builtin_initialize simproc dsimproc simproc_decl
        dsimproc_decl builtin_simproc builtin_dsimproc register_option register_builtin_option
        register_simp_attr register_label_attr register_parser_alias register_tactic_tag
        register_error_explanation declare_config_elab declare_command_config_elab declare_aesop_rule_sets
        meta app_unexpander app_delab delab_rule compile_inductive compile_def compile_decls
        gen_injective_theorems
        """.split(),
        "it runs code while Lean elaborates",
    ),
    **dict.fromkeys(
        """
        axiom opaque unsafe extern implemented_by native_decide bv_decide csimp ofReduceBool ofReduceNat
        reduceBool reduceNat trustCompiler lcProof lcUnreachable lcAny unsafeCast unsafeIO unsafeEIO
        unsafeBaseIO
        """.split(),
        "it adds to the logic or trusts compiled code",
    ),
    **dict.fromkeys(
        """
        include_str include_bytes load_dynlib polyrith llmstep leansearch loogle IO EIO BaseIO dbg_trace
        dbgTrace dbgTraceIfShared dbgTraceVal dbgSleep dbgStackTrace dbg_stack_trace widget_module
        show_panel_widgets with_panel_widgets
        """.split(),
        "it reaches outside the statement",
    ),
}


# Of these the constants, which a qualified name reaches too; the others are keywords, and names after a dot.
_CONSTANTS = frozenset(
    """
    ofReduceBool ofReduceNat reduceBool reduceNat trustCompiler lcProof lcUnreachable lcAny unsafeCast
    unsafeIO unsafeEIO unsafeBaseIO dbgTrace dbgTraceIfShared dbgTraceVal dbgSleep dbgStackTrace
    """.split()
)


def _any_of(words: frozenset[str] | dict[str, str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_WORD_RE = re.compile(rf"(?:{_any_of(_WORDS)})(?![A-Za-z0-9_'!?])")
_SIGN_RE = re.compile(r"\+\s*native\b|\bnative\s*:=|eval%|elab_stx%")
_HASH_RE = re.compile(rf"#(?:{_any_of(COMMAND_WORDS)})[A-Za-z0-9_]*|^#[A-Za-z_]+", re.MULTILINE)

_OPTION_RE = re.compile(r"set_option\b(?:\s+([^\s]+))?(?:\s+([^\s]+))?")
_OPTIONS = re.compile(
    r"maxHeartbeats|maxRecDepth|autoImplicit|relaxedAutoImplicit|maxSynthPendingDepth|"
    r"synthInstance\.maxHeartbeats|synthInstance\.maxSize|linter\.[A-Za-z0-9_.]+|pp\.[A-Za-z0-9_.]+"
)

_IMPORT_RE = re.compile(r"import(?![A-Za-z0-9_'!?])")
_IMPORT_LINE = re.compile(r"[ \t]*import[ \t]+(?:Mathlib(?:\.[A-Za-z0-9_]+)*|Aesop)\s*")

_ATTRIBUTES = frozenset(
    """
    simp simps ext instance reducible irreducible semireducible inline norm_cast push_cast gcongr mono
    fun_prop measurability continuity to_additive nolint deprecated class congr refl symm trans
    default_instance elab_as_elim elementwise reassoc grind field_simps push pp_dot pp_nodot coe match_pattern
    specialize noinline expose aesop inherit_doc stacks bound mk_iff to_dual zify_simps qify_simps rify_simps
    """.split()
)
_ATTRIBUTE_LISTS = re.compile(r"@\[|attribute\s*\[|\battr\s*:=")
_ATTRIBUTE_NAME = re.compile(r"[\s\-←↓↑]*(?:(?:local|scoped)\s+)?([A-Za-z_][A-Za-z0-9_.]*)?")

# Letters of other scripts that look like the Latin ones of a forbidden word; NFKC folds the full-width ones.
_LOOK_ALIKE = str.maketrans("аеорсухіјѕԁһӏοаνι⌗♯", "aeopcyxijsdhloavi##")
_ALLOWED_CONTROLS = "\n\t"


# -- comments -----------------------------------------------------------------------------------------------

_STOPS = re.compile(r'--|/-|"|r#*"|\'|«')


def _comment_end(text: str, start: int) -> int | None:
    """End of the block comment that begins at `start`, nested ones inside it; None where it never ends."""
    depth, at = 0, start
    while True:
        found = re.compile(r"/-|-/").search(text, at)
        if found is None:
            return None
        depth += 1 if found.group() == "/-" else -1
        at = found.end()
        if depth == 0:
            return at


def _string_end(text: str, start: int) -> int | None:
    """End of the string whose opening quote is at `start`."""
    at = start + 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == '"':
            return at + 1
        else:
            at += 1
    return None


def _blank(text: str) -> str:
    return "".join(c if c in "\n\r" else " " for c in text)


def _split(text: str) -> Iterator[tuple[bool, int, int]]:
    """Spans of a text, comment or not; a comment or string without an end raises ValueError with its place.

    Only decides what is *blanked*: a mistake here cannot hide code, since what is blanked never reaches Lean.
    """
    code_from = at = 0
    while (found := _STOPS.search(text, at)) is not None:
        start, stop = found.start(), found.group()
        before = text[start - 1] if start else " "
        if stop in ("--", "/-"):
            line_end = text.find("\n", start)
            end = _comment_end(text, start) if stop == "/-" else (line_end if line_end >= 0 else len(text))
            if end is None:
                raise ValueError(start)
            yield False, code_from, start
            yield True, start, end
            code_from = at = end
        elif stop == '"' or (stop.startswith("r") and not (before.isalnum() or before in "_'!?.")):
            if stop.startswith("r#"):
                closing = '"' + "#" * (len(stop) - 2)
                close = text.find(closing, found.end())
                end = close + len(closing) if close >= 0 else None
            elif stop == 'r"':
                close = text.find('"', found.end())
                end = close + 1 if close >= 0 else None
            else:
                end = _string_end(text, start)
            if end is None:
                raise ValueError(start)
            at = end
        elif stop == "'" and not (before.isalnum() or before in "_'!?"):
            # A character literal such as '"'; anything else after a quote is read on as it stands.
            literal = re.compile(r"'(?:\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|[^\\\n])'").match(text, start)
            at = literal.end() if literal else start + 1
        elif stop == "«":
            close = text.find("»", start)
            newline = text.find("\n", start)
            at = close + 1 if close >= 0 and (newline < 0 or close < newline) else start + 1
        else:
            at = start + 1 if stop.startswith("r") else found.end()
    yield False, code_from, len(text)


# -- the search ---------------------------------------------------------------------------------------------


_NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_'!?.")
_LONGEST = 300  # characters of a name or an attribute list that are read before giving up, and refusing
_MOST = 500  # attribute lists, and refusals, that are read before giving up


def _stands_alone(code: str, at: int) -> bool:
    """Whether the word at `at` is a word to Lean, not the end of a longer name (`my_macro`, `Foo.elab`).

    Names are judged by their ASCII letters only: after any other character (`λmacro`), and after what may be
    a number or a character literal (`1macro`, `1.macro`, `'a'macro`), the word stands alone.
    """
    begin = at
    while begin > 0 and code[begin - 1] in _NAME_CHARACTERS:
        begin -= 1
        if at - begin > _LONGEST:
            return True
    parts = code[begin:at].split(".")
    owner = parts[-1] or (parts[-2] if len(parts) > 1 else "")
    return not owner or not (owner[0].isalpha() or owner[0] == "_")


def _attribute_names(code: str) -> Iterator[tuple[str, int]]:
    """Every attribute that an `@[…]`, `attribute […]` or `attr :=` names, and where its list begins."""
    for count, found in enumerate(_ATTRIBUTE_LISTS.finditer(code)):
        if count > _MOST:
            yield "too many attribute lists", found.start()
            return
        depth, begin = 0, found.end()
        for at in range(begin, begin + _LONGEST * 4):
            c = code[at] if at < len(code) else "]"
            if c in "([{":
                depth += 1
            elif c in ")]}" and depth > 0:
                depth -= 1
            elif c in ",)]}" and depth == 0:
                name = _ATTRIBUTE_NAME.match(code, begin, at)
                yield (name[1] if name and name[1] else code[begin:at].strip()[:20]), found.start()
                begin = at + 1
                if c != ",":
                    break
        else:
            yield "a list too long to read", found.start()


def _findings(code: str, header: bool) -> Iterator[tuple[str, str, int]]:
    """Reason, word and offset of everything forbidden in a text whose comments are blanked."""
    for found in _HASH_RE.finditer(code):
        yield "a command that is no statement", found.group(), found.start()
    for found in _WORD_RE.finditer(code):
        qualified = found.group() in _CONSTANTS and code[max(0, found.start() - 1)] == "."
        if qualified or _stands_alone(code, found.start()):
            yield _WORDS[found.group()], found.group(), found.start()
    for found in _SIGN_RE.finditer(code):
        yield "it runs or trusts compiled code", found.group(), found.start()
    for found in _OPTION_RE.finditer(code):
        if not _stands_alone(code, found.start()):
            continue
        if not _OPTIONS.fullmatch(found[1] or ""):
            yield "an option outside the allow-list", f"set_option {found[1] or ''}".strip(), found.start()
        elif found[1].lower().endswith("autoimplicit") and found[2] != "false":
            yield "an option under which a misspelt name passes", found.group(), found.start()
    for name, at in _attribute_names(code):
        if name and name not in _ATTRIBUTES:
            yield "an attribute outside the allow-list", name, at
    for found in _IMPORT_RE.finditer(code):
        begin = code.rfind("\n", 0, found.start()) + 1
        end = code.find("\n", found.start())
        line = code[begin : end if end >= 0 else len(code)]
        allowed = header and _IMPORT_LINE.fullmatch(line)
        if not allowed and _stands_alone(code, found.start()):
            yield "an import other than of Mathlib in the header", line.strip()[:60], found.start()


def _odd_characters(text: str) -> Iterator[tuple[str, str, int]]:
    """Control and invisible characters anywhere, comments included: they make text read other than it is."""
    for at, c in enumerate(text):
        if c.isascii() and (c.isprintable() or c in _ALLOWED_CONTROLS):
            continue
        if c == "\r" and text[at + 1 : at + 2] == "\n":
            continue
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            yield "a control or invisible character", f"U+{ord(c):04X}", at


def _look_alikes(code: str) -> Iterator[tuple[str, str, int]]:
    """Words that become forbidden once look-alike letters are read as the Latin ones."""
    if code.isascii():
        return
    # One character each way, so that offsets stay true; ligatures fold to more and are no Lean letters.
    folded = "".join(f if len(f := unicodedata.normalize("NFKC", c)) == 1 else c for c in code)
    folded = folded.translate(_LOOK_ALIKE)
    for pattern in (_HASH_RE, _WORD_RE):
        for found in pattern.finditer(folded):
            written = code[found.start() : found.end()]
            # Mathematical letters such as 𝓘𝓞 are notation; only words of commands matter here.
            if written != found.group() and len(found.group()) > 3 and _stands_alone(folded, found.start()):
                yield "look-alike characters that spell a forbidden word", written, found.start()


def screen(text: str, header: bool = False) -> Screening:
    """Screen one text; only in a `header` may `import Mathlib` (a module of it, or `Aesop`) stand.

    Never raises on text: whatever cannot be read is refused.
    """

    def refusal(reason: str, word: str, at: int) -> Refusal:
        line = text.count("\n", 0, at) + 1
        return Refusal(reason, word, line, at - (text.rfind("\n", 0, at) + 1))

    if len(text) > MAX_CHARACTERS:
        return Screening("", (Refusal(f"longer than {MAX_CHARACTERS:,} characters", text[:20], 1, 0),))
    odd = tuple(refusal(*finding) for finding in itertools.islice(_odd_characters(text), 20))
    if odd:
        return Screening("", odd)
    parts: list[str] = []  # for Lean: comments keep their delimiters, so that they stand where they stood
    bare: list[str] = []  # for the search: comments are spaces, so that `attribute/- -/[…]` is seen
    try:
        for comment, start, end in _split(text):
            piece = text[start:end]
            bare.append(_blank(piece) if comment else piece)
            if not comment:
                parts.append(piece)
            elif piece.startswith("--"):
                parts.append("--" + _blank(piece[2:]))
            elif len(piece) < 5 or piece in ("/--/", "/-!/"):
                return Screening(
                    "", (refusal("a comment that Lean versions read differently", piece, start),)
                )
            else:
                opening = 3 if piece[2] in "-!" else 2
                parts.append(piece[:opening] + _blank(piece[opening:-2]) + piece[-2:])
    except ValueError as error:
        at = int(error.args[0])
        return Screening("", (refusal("a comment or string that never ends", text[at : at + 20], at),))
    code = "".join(bare)
    findings = itertools.islice(itertools.chain(_findings(code, header), _look_alikes(code)), _MOST)
    found = sorted((refusal(*finding) for finding in findings), key=lambda r: (r.line, r.column))
    return Screening("" if found else "".join(parts), tuple(dict.fromkeys(found)))


def screen_candidate(candidate: Candidate) -> tuple[Candidate, tuple[Diagnostic, ...]]:
    """The candidate as it may be given to Lean, and why it may not (where that is not empty)."""
    header = screen(candidate.header, header=True)
    statement = screen(candidate.statement.strip())
    refused = [
        Diagnostic(Severity.ERROR, f"in the header: {r}", "forbidden", r.word) for r in header.refusals
    ]
    refused += [
        Diagnostic(Severity.ERROR, str(r), "forbidden", r.word, r.line, r.column) for r in statement.refusals
    ]
    return Candidate(candidate.name, header.text, statement.text), tuple(refused)
