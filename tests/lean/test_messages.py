"""Messages of Lean and Lake, in the wordings of several versions."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.lean.mends import mend_of
from cramf.lean.messages import (
    CATEGORIES,
    Message,
    ReplResponse,
    ReplSorry,
    categorise,
    classify,
    offending_name,
    parse_build,
    parse_json,
    parse_repl,
    read_repl,
    split_responses,
    suggested_names,
)

TRANSCRIPTS = Path(__file__).parents[3] / "shared" / "data" / "lean-repl-transcripts.jsonl"

WORDINGS = [
    ("unknown identifier 'foo'", "unknown_identifier", "foo"),
    ("unknown identifier 'foo''", "unknown_identifier", "foo'"),
    ("Unknown identifier `Foo.bar`", "unknown_identifier", "Foo.bar"),
    (
        "Unknown identifier `x`\n\nNote: It is not possible to treat `x` as an implicitly bound variable "
        "here because the `autoImplicit` option is set to `false`.",
        "unknown_identifier",
        "x",
    ),
    ("unknown constant 'Nat.foo'", "unknown_constant", "Nat.foo"),
    ("Unknown constant `Nat.foo'`", "unknown_constant", "Nat.foo'"),
    (
        "invalid field 'foo', the environment does not contain 'Nat.foo'\n  n\nhas type\n  ℕ",
        "unknown_field",
        "Nat.foo",
    ),
    (
        "Invalid field `foo`: The environment does not contain `Nat.foo`, so it is not possible to project",
        "unknown_field",
        "Nat.foo",
    ),
    ("unknown namespace 'Toplogy'", "unknown_namespace", "Toplogy"),
    ("Unknown namespace `Toplogy`", "unknown_namespace", "Toplogy"),
    ("unknown module prefix 'Mathlb'\n\nNo directory 'Mathlb' or file", "unknown_module", "Mathlb"),
    ("bad import 'Mathlib.Nowhere'", "unknown_module", "Mathlib.Nowhere"),
    ("object file '/x/y.olean' of module Mathlib.Foo does not exist", "unknown_module", "Mathlib.Foo"),
    ("`Nat.foo` has been deprecated: use `Nat.bar` instead", "deprecated", "Nat.foo"),
    ("`Nat.foo` has been deprecated: Use `Nat.bar` instead", "deprecated", "Nat.foo"),
    ("type mismatch\n  x\nhas type\n  ℕ : Type", "type_mismatch", None),
    ("Type mismatch\n  x\nhas type\n  ℕ\nbut is expected to have type\n  ℝ", "type_mismatch", None),
    ("application type mismatch\n  f x\nargument\n  x", "type_mismatch", None),
    ("Application type mismatch: The argument\n  x\nhas type\n  ℕ", "type_mismatch", None),
    ("failed to synthesize\n  Group ℕ\nAdditional diagnostic information", "failed_to_synthesize", "Group"),
    ("failed to synthesize instance\n  HAdd ℕ ℝ ?m", "failed_to_synthesize", "HAdd"),
    ("failed to synthesize instance of type class\n  Field ℤ", "failed_to_synthesize", "Field"),
    (
        "typeclass instance problem is stuck, it is often due to metavariables\n  Fintype ?m",
        "stuck",
        "Fintype",
    ),
    ("unexpected token ':='; expected ')'", "syntax", ":="),
    ("unexpected token '''; expected term", "syntax", "'"),
    ("unexpected end of input; expected ':'", "syntax", None),
    ("expected token", "syntax", None),
    ("unterminated comment", "syntax", None),
    ("unexpected identifier; expected command", "syntax", None),
    ("ambiguous, possible interpretations \n  Nat.sqrt 2\n  Real.sqrt 2", "ambiguous", None),
    ("Ambiguous term\n  sqrt\nPossible interpretations:", "ambiguous", None),
    ("ambiguous identifier 'card', possible interpretations: [Nat.card]", "ambiguous", "card"),
    ("overloaded, errors \n  failed", "ambiguous", None),
    ("stuck at solving universe constraint\n  max 1 u =?= v", "universe", None),
    ("unknown universe level 'u'", "universe", "u"),
    ("invalid universe level in constructor 'Foo.mk', parameter 'x'", "universe", None),
    ("invalid auto implicit argument 'x', it depends on explicitly provided 'y'", "autobound", "x"),
    (
        "(deterministic) timeout at `whnf`, maximum number of heartbeats (200000) has been reached",
        "heartbeat_timeout",
        None,
    ),
    (
        "failed to synthesize\n  Foo\n(deterministic) timeout at `typeclass`, maximum number",
        "heartbeat_timeout",
        None,
    ),
    ("function expected\n  f", "function_expected", "f"),
    ("Function expected at\n  a\nbut this term has type\n  ℕ", "function_expected", "a"),
    (
        "unused variable `h`\n\nNote: This linter can be disabled with "
        "`set_option linter.unusedVariables false`",
        "linter",
        "linter.unusedVariables",
    ),
    ("unused variable `h` [linter.unusedVariables]", "linter", "linter.unusedVariables"),
    ("declaration uses 'sorry'", "sorry", None),
    ("declaration uses `sorry`", "sorry", None),
    ("unsolved goals\n⊢ 1 = 1", "unsolved_goals", None),
    ("the moon is full\nunknown identifier 'x'", "other", None),
    ("", "other", None),
]


@pytest.mark.parametrize(("text", "category", "name"), WORDINGS)
def test_wordings(text: str, category: str, name: str | None) -> None:
    assert classify(text) == (category, name)
    assert (categorise(text), offending_name(text)) == (category, name)
    assert category in CATEGORIES


def test_a_category_is_not_read_out_of_the_middle() -> None:
    text = "unsolved goals\nunknown identifier 'x'\n⊢ type mismatch"
    assert categorise(text) == "unsolved_goals"
    assert categorise(f"the moon is full\n{text}") == "other"


def test_a_remark_is_never_at_fault() -> None:
    said = Message("information", "unknown identifier 'x'")
    assert said.classified == ("information", None)
    assert Message("trace", "type mismatch").category == "trace"
    assert Message("information", "Try this: simp").category == "suggestion"


def test_the_text_says_more_than_the_name_of_the_error() -> None:
    named = "lean.unknownIdentifier"
    assert Message("error", "Unknown constant `A.b`", name=named).classified == ("unknown_constant", "A.b")
    assert Message("error", "Never heard of it", name=named).classified == ("unknown_identifier", None)
    assert Message("error", "Never heard of it", name="lean.new").classified == ("other", None)
    assert Message("warning", "Too loud", name="linter.style.quiet").category == "linter"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("`Nat.foo` has been deprecated: use `Nat.bar` instead", ("Nat.bar",)),
        ("'Nat.foo' has been deprecated, use 'Nat.bar'", ("Nat.bar",)),
        ("Unknown constant `Nat.fo`\n\nHint: Perhaps you meant `Nat.foo` in place of `Nat.fo`", ("Nat.foo",)),
        ("unknown constant. Did you mean:\n  • `A.b`\n  • `C.d`: text\n", ("A.b", "C.d")),
        ("unknown identifier 'x'", ()),
        ("Invalid argument\n\nHint: Perhaps you meant one of these in place of `l`:\n  • `xs`: l̵x̲s̲", ("xs",)),
        ("Bad name\n\nHint: Change it:\n  w̵e̲x̲tra", ("extra",)),
        ("Bad end\n\nHint: Name the scope:\n  end ̲A̲", ()),
        ("failed\n\nHint: Adding the command `deriving instance A for B` may allow it.", ()),
    ],
)
def test_suggested_names(text: str, names: tuple[str, ...]) -> None:
    assert suggested_names(text)[: len(names)] == names
    assert bool(suggested_names(text)) == bool(names)


NEW = """\
✔ [2/5] Built Other.Module (1.2s)
⚠ [3/5] Built Candidates.A (832ms)
warning: Candidates/A.lean:3:8: declaration uses `sorry`
ℹ [4/5] Replayed Candidates.B
info: Candidates/B.lean:1:0: rfl : f = f
✖ [5/5] Building Candidates.C (12s)
trace: .> LEAN_PATH=/a/b lean /c/Candidates/C.lean -o x.olean --json
error: Candidates/C.lean:4:2: Type mismatch
  x
has type
  ℕ

but is expected to have type
  ℝ
error(lean.unknownIdentifier): Candidates/C.lean:5:0: Unknown identifier `y`
error: Candidates/C.lean: bad import 'Nowhere'
error: no place at all
error: Lean exited with code 1
Some required targets logged failures:
- Candidates.C
- Other (Optional)
error: build failed
"""


def test_a_whole_log() -> None:
    log = parse_build(NEW)
    assert [(p.mark, p.verb, p.target) for p in log.progress] == [
        ("✔", "Built", "Other.Module"),
        ("⚠", "Built", "Candidates.A"),
        ("ℹ", "Replayed", "Candidates.B"),
        ("✖", "Building", "Candidates.C"),
    ]
    assert log.failures == ("Candidates.C", "Other (Optional)")
    assert not log.completed
    assert [(m.severity, m.file, m.line, m.column, m.name) for m in log.messages] == [
        ("warning", "Candidates/A.lean", 3, 8, None),
        ("information", "Candidates/B.lean", 1, 0, None),
        ("trace", None, None, None, None),
        ("error", "Candidates/C.lean", 4, 2, None),
        ("error", "Candidates/C.lean", 5, 0, "lean.unknownIdentifier"),
        ("error", "Candidates/C.lean", None, None, None),
        ("error", None, None, None, None),
        ("error", None, None, None, None),
        ("error", None, None, None, None),
    ]
    mismatch = log.errors[0]
    assert mismatch.text == "Type mismatch\n  x\nhas type\n  ℕ\n\nbut is expected to have type\n  ℝ"
    assert [m.category for m in log.errors][:3] == ["type_mismatch", "unknown_identifier", "unknown_module"]
    assert [m.is_summary for m in log.errors] == [False, False, False, False, True, True]
    assert [m.exit_code for m in log.errors] == [None, None, None, None, 1, None]
    assert log.built("Candidates.A")
    assert log.built("Candidates.B")
    assert not log.built("Candidates.C")
    assert not log.built("Candidates")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A.lean:3:4: error: x", Message("error", "x", "A.lean", 3, 4)),
        ("A.lean:3:4: error(lean.foo): x", Message("error", "x", "A.lean", 3, 4, name="lean.foo")),
        ("A.lean:3:4: warning: x", Message("warning", "x", "A.lean", 3, 4)),
        ("A.lean:3:4: x : Nat", Message("information", "x : Nat", "A.lean", 3, 4)),
        ("A.lean:3:4-5:6: error: x", Message("error", "x", "A.lean", 3, 4, 5, 6)),
        ("error: C:\\a\\B.lean:3:4: x", Message("error", "x", "C:\\a\\B.lean", 3, 4)),
        ("C:/a/B.lean:3:4: error: x", Message("error", "x", "C:/a/B.lean", 3, 4)),
        ("error: ././A/B.lean:3:4: x", Message("error", "x", "././A/B.lean", 3, 4)),
        ("error: /a b/c.lean:3:4: x", Message("error", "x", "/a b/c.lean", 3, 4)),
        ("info: x", Message("information", "x")),
        ("information: x", Message("information", "x")),
        ("error: x", Message("error", "x")),
        ("error: 'A.B': no such file or directory", Message("error", "'A.B': no such file or directory")),
        ("\x1b[1;31merror:\x1b[m A.lean:1:2: x", Message("error", "x", "A.lean", 1, 2)),
        ("error: A.lean:1:2: warning: x", Message("error", "warning: x", "A.lean", 1, 2)),
    ],
)
def test_one_line(line: str, expected: Message) -> None:
    assert parse_build(line).messages == (expected,)
    assert parse_build(f"elan says hello\r\n{line}\r\n").messages == (expected,)


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("[2/3] Building A.B", ("", "Building", "A.B")),
        ("✔ [2/3] Built A.B", ("✔", "Built", "A.B")),
        ("✖ [2/3] (Optional) Fetching proofwidgets:optRelease", ("✖", "Fetching", "proofwidgets:optRelease")),
        ("✔ [7442/7442] Built A.B (1.2s)", ("✔", "Built", "A.B")),
    ],
)
def test_progress(line: str, step: tuple[str, str, str]) -> None:
    (found,) = parse_build(line).progress
    assert (found.mark, found.verb, found.target) == step


@pytest.mark.parametrize(
    "footer",
    [
        "Some builds logged failures:",
        "Some required builds logged failures:",
        "Some required targets logged failures:",
    ],
)
def test_footers(footer: str) -> None:
    log = parse_build(f"error: A.lean:1:0: x\n{footer}\n- A\n- B.C\nerror: build failed\n")
    assert log.failures == ("A", "B.C")
    assert [m.text for m in log.errors] == ["x", "build failed"]


def test_the_summary_table_names_what_failed() -> None:
    log = parse_build(
        "Build summary:\n  ✔ 3 jobs succeeded\n  ✖ 2 jobs failed\n    A\n    B.C\nerror: x\n    y\n"
    )
    assert log.failures == ("A", "B.C")
    assert [m.text for m in log.errors] == ["x\n    y"]


@pytest.mark.parametrize(
    "line", ["Build completed successfully.", "Build completed successfully (7442 jobs)."]
)
def test_completed(line: str) -> None:
    assert parse_build(f"info: x\n{line}\n").completed
    assert parse_build(f"info: x\n{line}\n").messages[0].text == "x"


def test_an_error_is_not_lost_inside_another_message() -> None:
    log = parse_build("info: A.lean:1:0: says\nerror: A.lean:2:0: real\n✔ [1/1] Built A\nerror: last")
    assert [m.text for m in log.errors] == ["real", "last"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("error: Lean exited with code 139", 139),
        ("error: external command `/x/lean` exited with code 1", 1),
        ("error: external command /x/lean exited with status 134", 134),
        ("error: external command /x/lean exited with status 131", 131),
        ("error: build failed", None),
    ],
)
def test_exit_codes(text: str, code: int | None) -> None:
    assert parse_build(text).messages[0].exit_code == code
    assert parse_build(text).messages[0].is_summary == (code in (1, None))


JSON = {
    "severity": "error",
    "pos": {"line": 1, "column": 7},
    "endPos": None,
    "fileName": "A.lean",
    "data": "Unknown identifier `g`",
    "caption": "",
    "kind": "lean.unknownIdentifier._namedError",
}


def test_json() -> None:
    expected = Message("error", "Unknown identifier `g`", "A.lean", 1, 7, name="lean.unknownIdentifier")
    lines = [
        json.dumps(JSON),
        "",
        json.dumps({**JSON, "severity": "info", "endPos": {"line": 2, "column": 3}, "kind": "[anonymous]"}),
        json.dumps({**JSON, "caption": "cap", "pos": None, "fileName": ""}),
        "no JSON",
        '{"severity": 3, "data": "x"}',
        "[1]",
        "{" * 100_000,
    ]
    messages, strays = parse_json("\n".join(lines))
    assert messages[0] == expected
    assert messages[0].category == "unknown_identifier"
    assert messages[1] == Message("information", expected.text, "A.lean", 1, 7, 2, 3)
    assert messages[2] == Message("error", "cap:\nUnknown identifier `g`", name="lean.unknownIdentifier")
    assert strays == tuple(lines[4:])
    assert parse_build(lines[0]).messages == (expected,)


def test_a_message_that_was_cut_off_is_an_error() -> None:
    line = json.dumps(JSON)
    for end in range(30, len(line)):
        (message,) = parse_build(line[:end]).messages
        assert (message.severity, message.category) == ("error", "unreadable")
        assert parse_json(line[:end]) == ((), (line[:end],))
    assert parse_build('{"severity":"error","data":7}').errors != ()


def test_numbers_of_any_length() -> None:
    long = "9" * 10_000
    for text in (f"A.lean:{long}:0: error: x", f"error: A.lean:1:{long}: x", f"Lean exited with code {long}"):
        assert all(m.line is None and m.exit_code is None for m in parse_build(f"error: {text}").messages)


PIECES = st.sampled_from(
    [
        *(
            "error: ",
            "A.lean:1:2: ",
            "unknown identifier 'x'",
            "`",
            "'",
            "\n",
            "\r\n",
            "\x1b[31m",
            " ",
            "\n  ",
        ),
        *(
            "Hint: one of\n  • `a`",
            "possible interpretations: [",
            "{",
            '{"severity":',
            '"data":"x"}',
            "✖ [1/2] ",
        ),
        *("Some builds logged failures:\n- ", "(kernel) ", "\u0335", "\u0332", "failed to synthesize\n  "),
        *("9" * 400, "x" * 9000, "[" * 3000, "\u2028", "null", "}\n\n{"),
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join)))
def test_any_text_is_read(text: str) -> None:
    log = parse_build(text)
    messages, _ = parse_json(text)
    answers = [parse_repl(part) for part in (text, *split_responses(text))]
    for message in (*log.messages, *messages, *(m for a in answers for m in a.messages)):
        assert message.severity in ("error", "warning", "information", "trace")
        assert message.category in CATEGORIES
        assert all(message.suggestions)
        assert "\n" not in mend_of(*message.classified, message.suggestions)
    assert categorise(text) in CATEGORIES
    assert isinstance(suggested_names(text), tuple)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda c: (
            st.lists(c, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "messages",
                        "env",
                        "sorries",
                        "message",
                        "error",
                        "response",
                        "time",
                        "pos",
                        "data",
                        "severity",
                        "goals",
                        "goal",
                    ]
                ),
                c,
                max_size=4,
            )
        ),
    )
)
def test_any_json_is_an_answer(value: object) -> None:
    read = parse_repl(json.dumps(value))
    if isinstance(value, dict):
        # NaN differs from itself.
        assert read == read_repl(value) or "NaN" in json.dumps(value)
    if read.error is None:
        assert isinstance(value, dict)


@given(
    st.sampled_from(["error", "warning"]),
    st.integers(1, 9999),
    st.integers(0, 999),
    st.text(st.characters(whitelist_categories=("L", "N", "Sm")), min_size=1),
)
def test_what_is_printed_is_read_back(severity: str, line: int, column: int, text: str) -> None:
    expected = (Message(severity, text, "A/B.lean", line, column),)
    assert parse_build(f"{severity}: A/B.lean:{line}:{column}: {text}\n").messages == expected
    assert parse_build(f"A/B.lean:{line}:{column}: {severity}: {text}\n").messages == expected


ANSWER = """\
{"sorries":
 [{"proofState": 3,
   "pos": {"line": 1, "column": 18},
   "goal": "⊢ 1 = 1",
   "endPos": {"line": 1, "column": 23}}, {"goal": "⊢ p"}],
 "messages":
 [{"severity": "warning",
   "pos": {"line": 1, "column": 8},
   "endPos": null,
   "data": "declaration uses `sorry`"}],
 "env": 4}
"""


def test_an_answer_of_the_repl() -> None:
    expected = ReplResponse(
        messages=(Message("warning", "declaration uses `sorry`", None, 1, 8),),
        env=4,
        sorries=(ReplSorry("⊢ 1 = 1", 1, 18, 1, 23, 3), ReplSorry("⊢ p")),
    )
    for text in (ANSWER, ANSWER.replace("\n", "\r\n"), ANSWER.replace("\n", ""), f"info: hello\n{ANSWER}"):
        assert parse_repl(text) == expected
    assert read_repl(json.loads(ANSWER)) == expected
    assert read_repl({"id": "7", "time": 0.5, "error": None, "response": json.loads(ANSWER)}) == replace(
        expected, time=0.5
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"message": "Unknown environment."}', "Unknown environment."),
        (
            '{"message":\n "Could not parse JSON:\\noffset 3: expected }"}',
            "Could not parse JSON:\noffset 3: expected }",
        ),
        (
            '{"message": "Lean error:\\n<input>:1:1: unknown tactic"}',
            "Lean error:\n<input>:1:1: unknown tactic",
        ),
        ('{"custom_id": "1", "error": "timeout", "response": null}', "timeout"),
        ("", "the answer is empty"),
        (" \n\n", "the answer is empty"),
        ("Segmentation fault", "no answer, but: Segmentation fault"),
        ("{}", "the answer holds nothing that a REPL answers"),
        ('{"response": {}}', "the answer holds nothing that a REPL answers"),
        ('{"env": 0, "messages": [{"data": "x"}]}', "a part of the REPL's answer could not be read"),
        ('{"env": 0, "messages": "x"}', "a part of the REPL's answer could not be read"),
        ('{"env": 0', 'the answer is cut off or is no JSON: {"env": 0'),
    ],
)
def test_what_is_no_answer_is_an_error(text: str, error: str) -> None:
    assert parse_repl(text).error == error


def test_answers_are_split_at_empty_lines() -> None:
    stream = f'\n{ANSWER}\n\r\n  \n{{"env": 5}}\n\n'
    first, second = split_responses(stream)
    assert (parse_repl(first).env, parse_repl(second).env) == (4, 5)
    assert split_responses(" \n\n") == ()


@pytest.mark.data
@pytest.mark.skipif(
    not TRANSCRIPTS.is_file(), reason="no ../shared/data: transcripts are not in the repository"
)
def test_real_transcripts() -> None:
    """Every answer that a real REPL gave is read whole, and every message has its place and its category."""
    answers: list[ReplResponse] = []
    for row in map(json.loads, TRANSCRIPTS.read_text(encoding="utf-8").splitlines()):
        texts = split_responses(row["responses"])
        assert len(texts) == len(split_responses(row["requests"])) > 0, row["name"]
        answers += map(parse_repl, texts)
    assert len(answers) > 70
    assert [a.error for a in answers if a.error is not None] == ["Unknown environment."]
    messages = [m for a in answers for m in a.messages]
    assert all(m.line is not None and m.column is not None for m in messages)
    assert Counter((m.severity, m.category) for m in messages) == {
        ("warning", "sorry"): 16,
        ("information", "information"): 7,
        ("error", "unsolved_goals"): 6,
        ("warning", "linter"): 2,
        ("error", "termination"): 2,
        ("error", "unknown_identifier"): 1,
        ("error", "syntax"): 1,
        ("error", "no_goals"): 1,
        ("error", "stuck"): 1,
        ("information", "suggestion"): 1,
        ("information", "trace"): 1,
    }
    assert sum(len(a.sorries) for a in answers) >= 20
    assert all(s.goal for a in answers for s in a.sorries)
    assert {a.proof_status for a in answers} >= {None, "Completed", "Incomplete: open goals remain"}
