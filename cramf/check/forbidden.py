"""What may not stand in a candidate, and the search for it in a text without comments.

The lists name what runs code while Lean elaborates, changes the logic, or reaches outside, in Lean 4.9 to
4.33 with the whole of Mathlib imported; the allow-lists (options, attributes, imports) name what is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

__all__ = ["COMMAND_WORDS", "MOST", "Finding", "findings", "spelled"]

Finding = tuple[str, str, int]
"""Reason, word and offset of something forbidden."""

MOST = 500
"""Attribute lists, and findings, that are read before giving up."""

COMMAND_WORDS: frozenset[str] = frozenset(
    """
    adaptation_note aesop allow_unused_tactic check clear_deprecations click_suggestions conv count_heartbeats
    defeq_abuse discr_tree_key discr_tree_simp_key dump_async_env_state eval exit explode expr find grind_lint
    guard help html import info_trees instances kerodon_tags leansearch lint list_linters lmfdb_tags
    long_instances long_names loogle min_imports minimize_imports moogle norm_num parse plausible print pull
    push redundant_imports reduce reset_min_imports rw sample search show_deprecated show_kind show_unused
    simp stacks_tags statesearch string_diagram synth test time trans_imports try_at_each_step unfold
    upstreamed version where whnf widget wikidata_tags with_exporting
    """.split()
)
"""Beginnings of the `#` commands of Lean, Batteries and Mathlib; `print` covers `#print_sorries`.

Lean's tokens have no word boundary (`#simplices` is `#simp` and `lices`), so these are matched as beginnings.
"""

_RUNS = "it runs code while Lean elaborates"
_TRUSTS = "it adds to the logic or trusts compiled code"
_REACHES = "it reaches outside the statement"
_META = "it names Lean's own machinery"

# Names that reach code or files by themselves: forbidden behind a dot too (`_root_.IO`).
_CONSTANTS: dict[str, str] = {
    **dict.fromkeys(
        """
        ofReduceBool ofReduceNat reduceBool reduceNat trustCompiler lcProof lcUnreachable lcAny unsafeCast
        unsafeIO unsafeEIO unsafeBaseIO sorryAx
        """.split(),
        _TRUSTS,
    ),
    **dict.fromkeys(
        """
        dbgTrace dbgTraceIfShared dbgTraceVal dbgSleep dbgStackTrace IO EIO BaseIO FilePath System
        """.split(),
        _REACHES,
    ),
    **dict.fromkeys(
        """
        Lean Lake Linarith Polyrith LeanSearchClient Aesop Qq ProofWidgets Plausible ImportGraph
        MetaM TacticM TermElabM CommandElabM CoreM MacroM SimpM
        """.split(),
        _META,
    ),
}

# Keywords; behind a dot (`x.elab`) they are parts of names.
_WORDS: dict[str, str] = {
    **_CONSTANTS,
    **dict.fromkeys(
        """
        run_cmd run_elab run_meta run_tac by_elab elab elab_rules elab_stx macro macro_rules syntax
        binder_predicate initialize meta app_unexpander app_delab delab_rule
        compile_inductive compile_def compile_decls gen_injective_theorems grind_propagator def_replacer
        set_library_suggestions set_premise_selector
        add_aesop_rules erase_aesop_rules tactic plausible slim_check extend_docs sudo unset_option
        """.split(),
        _RUNS,
    ),
    **dict.fromkeys(
        """
        axiom opaque unsafe extern implemented_by native native_decide bv_decide bv_decide? bv_check csimp
        """.split(),
        _TRUSTS,
    ),
    **dict.fromkeys(
        """
        include_str include_bytes load_dynlib polyrith llmstep leansearch loogle moogle println! dbg_trace
        dbg_stack_trace widget_module show_panel_widgets with_panel_widgets mk_rpc_widget
        compile_time_search_path
        """.split(),
        _REACHES,
    ),
}
# Whole families, of which each version of Lean and Mathlib has more.
_FAMILIES = r"(?:register|declare|builtin)_[A-Za-z0-9_?]+|d?simproc(?:_[A-Za-z0-9_]+)?"

_LISTED = "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True))
_WORD_RE = re.compile(rf"(?:{_LISTED}|{_FAMILIES})(?![A-Za-z0-9_'!?])")
_SIGN_RE = re.compile(r"eval%|elab_stx%")
_HASH_RE = re.compile(rf"#(?:{'|'.join(COMMAND_WORDS)})[A-Za-z0-9_]*|^#[A-Za-z_]+", re.MULTILINE)
# Fields of a tactic's configuration: the whole is evaluated as code, and those named here are programs.
_CONFIGURATION = re.compile(
    r"\(\s*(?:config|simp_config|oracle|preprocessors|proc|suspend|discharge)\s*:=|"
    r"(?<![A-Za-z0-9_'])(?:FS|Process)\s*\.(?=\s*[A-Za-z«])"
)

_OPTION_RE = re.compile(r"set_option\b(?:\s+([^\s]+))?(?:\s+([^\s]+))?")
_OPTIONS = re.compile(
    r"maxHeartbeats|maxRecDepth|autoImplicit|relaxedAutoImplicit|maxSynthPendingDepth|"
    r"synthInstance\.maxHeartbeats|synthInstance\.maxSize|linter\.[A-Za-z0-9_.]+|pp\.[A-Za-z0-9_.]+"
)

_IMPORT_RE = re.compile(r"import(?![A-Za-z0-9_'!?])")
_IMPORT_LINE = re.compile(r"^[ \t]*import[ \t]+(?:Mathlib(?:\.[A-Za-z0-9_]+)*|Aesop)[ \t\r]*$", re.MULTILINE)
# They would make the file another kind of file, but only as its first word.
_FIRST_WORD = re.compile(r"\s*(module|prelude)(?![A-Za-z0-9_'!?.])")

_ATTRIBUTES = frozenset(
    """
    simp simps ext instance reducible irreducible semireducible inline norm_cast push_cast gcongr mono
    fun_prop measurability continuity to_additive nolint deprecated class congr refl symm trans
    default_instance elab_as_elim elementwise reassoc grind field_simps push pp_dot pp_nodot coe match_pattern
    specialize noinline expose aesop inherit_doc stacks bound mk_iff to_dual zify_simps qify_simps rify_simps
    mfld_simps rclike_simps parity_simps integral_simps functor_norm coassoc_simps ghost_simps to_fun
    nontriviality induction_eliminator cases_eliminator elab_without_expected_type wikidata kerodon
    """.split()
)
_ATTRIBUTE_LISTS = re.compile(r"@\[|attribute(?![A-Za-z0-9_'!?])(?:\s*(\[))?|\battr\s*:=")
_ATTRIBUTE_NAME = re.compile(r"[\s\-←↓↑]*(?:(?:local|scoped)\s+)?([A-Za-z_][A-Za-z0-9_.]*)?")
_PLAIN_STRING = re.compile(r'"[^"\\()\[\]{}⟨⟩«»]*"')
_CLOSING = {"(": ")", "[": "]", "{": "}", "⟨": "⟩"}

_NOTATION = re.compile(r"(?:notation3?|infix[lr]?|prefix|postfix)(?![A-Za-z0-9_'!?.])")
_QUOTED = re.compile(r'"([^"]*)"')
# A sign before a letter: such a token (`#a`) would end within what reads as one word (`#amacro`).
_MIXED = re.compile(r"[^A-Za-z0-9_'!?.\s].*[A-Za-z0-9_]|\\")
_STANDARD = frozenset(
    """
    ℕ ℤ ℚ ℝ ℂ = ≠ < ≤ > ≥ ∈ ∉ ⊆ ⊂ ∧ ∨ ¬ → ↔ ∀ ∃ ∃! + - * / ^ % ∣ ∑ ∏ ∫ ↦ => := : , ( ) [ ] { } ⟨ ⟩ ∅ ∞ π
    True False Prop Type Sort Nat Int Rat Real Complex theorem lemma example def by sorry fun λ let have show
    end open namespace section variable instance in at with if then else
    """.split()
)

MAX_DEPTH = 500
"""Deepest nesting of brackets; Lean's parser recurses, and dies of thousands."""
_BRACKETS = re.compile(r"[(\[{⟨]|[)\]}⟩]")

_NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_'!?.")
_BEFORE_NAMES = frozenset(" \n\t({⟨,[@")
_TOKEN_HEAD = re.compile(r"[A-Z]*MOD")  # `[MOD`, `[ZMOD` … are the only tokens of `[` and letters
_LONGEST = 300  # characters of a name or an attribute list that are read before giving up, and refusing


def _stands_alone(code: str, at: int) -> bool:
    """Whether the word at `at` is a word to Lean, not the end of a longer name (`my_macro`, `Foo.elab`).

    Names are judged by their ASCII letters only: after any other character (`λmacro`), and after what may be
    a number or a character literal (`1macro`, `1.macro`, `'a'macro`), the word stands alone. So it does
    after a sign, of which letters can be a part: `≃omacro` is Mathlib's `≃o`, and then `macro`.
    """
    begin = at
    while begin > 0 and code[begin - 1] in _NAME_CHARACTERS:
        begin -= 1
        if at - begin > _LONGEST:
            return True
    before = code[begin - 1] if begin else " "
    # No token holds a dot and then letters, so what begins with a dot (`P₁.IsMacro`) is read as a name.
    doubtful = before not in _BEFORE_NAMES or (before == "[" and _TOKEN_HEAD.match(code, begin))
    if doubtful and code[begin] != ".":
        return True
    parts = code[begin:at].split(".")
    owner = parts[-1] or (parts[-2] if len(parts) > 1 else "")
    return not owner or not (owner[0].isalpha() or owner[0] == "_")


def _attribute_list(code: str, begin: int, closing: str) -> Iterator[str]:
    """The names in one list, whose inside begins at `begin`; what cannot be read is given as a name.

    Only strings without brackets and escapes are passed over; no other quote may stand in a list, since a
    bracket within it (`@[deprecated "]", extern "f"]`) would be taken for the end.
    """
    expected = [closing]
    at = begin
    while at < min(len(code), begin + 4 * _LONGEST):
        c = code[at]
        if c == '"':
            string = _PLAIN_STRING.match(code, at)
            if string is None:
                yield "a list with such a string"
                return
            at = string.end()
            continue
        if c in "«»" or (c == "'" and code[at + 1 : at + 2] in ("\\", *'()[]{}⟨⟩"«»')):
            yield "a list with a quoted bracket"
            return
        if c in _CLOSING:
            expected.append(_CLOSING[c])
        elif c in ")]}⟩" or (c == "," and len(expected) == 1):
            if c != "," and c != expected.pop():
                yield "a list with unmatched brackets"
                return
            if c == "," or not expected:
                name = _ATTRIBUTE_NAME.match(code, begin, at)
                yield (name[1] if name and name[1] else code[begin:at].strip()[:20])
                begin = at + 1
            if not expected:
                return
        at += 1
    yield "a list that never ends" if at >= len(code) else "a list too long to read"


def _attribute_names(code: str) -> Iterator[tuple[str, int]]:
    """Every attribute that an `@[…]`, `attribute […]` or `attr :=` names, and where its list begins."""
    for count, found in enumerate(_ATTRIBUTE_LISTS.finditer(code)):
        if count > MOST:
            yield "too many attribute lists", found.start()
            return
        if found.group() == "attribute":
            if _stands_alone(code, found.start()):
                yield "a list that begins elsewhere", found.start()
            continue
        for name in _attribute_list(code, found.end(), ")" if found.group()[-1] == "=" else "]"):
            yield name, found.start()


def _words(code: str) -> Iterator[Finding]:
    for found in _HASH_RE.finditer(code):
        yield "a command that is no statement", found.group(), found.start()
    for found in _WORD_RE.finditer(code):
        word, at = found.group(), found.start()
        qualified = word in _CONSTANTS and code[max(0, at - 1)] == "."
        if qualified or _stands_alone(code, at):
            yield _WORDS.get(word, _RUNS), word, at
    for found in _SIGN_RE.finditer(code):
        yield "it runs or trusts compiled code", found.group(), found.start()
    for found in _CONFIGURATION.finditer(code):
        yield _RUNS, found.group().strip("( "), found.start()


def _options(code: str) -> Iterator[Finding]:
    for found in _OPTION_RE.finditer(code):
        if not _stands_alone(code, found.start()):
            continue
        if not _OPTIONS.fullmatch(found[1] or ""):
            yield "an option outside the allow-list", f"set_option {found[1] or ''}".strip(), found.start()
        elif found[1].lower().endswith("autoimplicit") and found[2] != "false":
            yield "an option under which a misspelt name passes", found.group(), found.start()


def _notations(code: str) -> Iterator[Finding]:
    """Notation is allowed, but not one that hides a word or gives a standard symbol another meaning."""
    if not any(_stands_alone(code, found.start()) for found in _NOTATION.finditer(code)):
        return
    for found in _QUOTED.finditer(code):
        token = found[1].strip()
        if _MIXED.search(token):
            yield "a notation of signs and letters", token[:20], found.start()
        elif token in _STANDARD:
            yield "a notation that changes what a standard symbol means", token, found.start()


def _depth(code: str) -> Iterator[Finding]:
    depth = 0
    for found in _BRACKETS.finditer(code):
        depth = depth + 1 if found.group() in _CLOSING else max(0, depth - 1)
        if depth > MAX_DEPTH:
            yield f"brackets nested deeper than {MAX_DEPTH}", found.group(), found.start()
            return


def findings(code: str, header: bool) -> Iterator[Finding]:
    """Everything forbidden in a text whose comments are blanked; only a `header` may import Mathlib."""
    if header:
        code = _IMPORT_LINE.sub(lambda line: " " * len(line.group()), code)
    yield from _words(code)
    yield from _options(code)
    for name, at in _attribute_names(code):
        if name and name not in _ATTRIBUTES:
            yield "an attribute outside the allow-list", name, at
    for found in _IMPORT_RE.finditer(code):
        if _stands_alone(code, found.start()):
            begin, end = code.rfind("\n", 0, found.start()) + 1, code.find("\n", found.start())
            line = code[begin : end if end >= 0 else len(code)].strip()[:60]
            yield "an import other than of Mathlib in the header", line, found.start()
    if first := _FIRST_WORD.match(code):
        yield "it makes the file another kind of file", first[1], first.start(1)
    yield from _notations(code)
    yield from _depth(code)


def spelled(text: str, spells: Callable[[re.Match[str]], bool]) -> Iterator[re.Match[str]]:
    """Forbidden words and commands in a text, of those that `spells` picks."""
    for pattern in (_HASH_RE, _WORD_RE):
        for found in pattern.finditer(text):
            if spells(found) and _stands_alone(text, found.start()):
                yield found
