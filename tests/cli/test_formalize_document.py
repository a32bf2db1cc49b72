"""`cramf formalize --document`: every theorem of a document into one Lean file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cramf.check.inputs import split_lean
from cramf.check.safety import screen
from cramf.check.verdict import Candidate
from cramf.formalize.documents import Stated
from cramf.formalize.documents.lean_file import Placed, lean_file
from cramf.formalize.many import Item, Record
from cramf.formalize.types import Draft, Formalization
from cramf.lean.lexer import TokenKind, tokenize
from tests.cli.test_formalize import error_line, run, stubs  # noqa: F401 - a fixture
from tests.cli.test_formalize_batch import lines, obedient  # noqa: F401 - a fixture

PAPER = r"""\newcommand{\two}{2}
\begin{document}
Throughout, all is well.
\begin{theorem}[Halves]\label{thm:a}
The number $\two$ is even.
\end{theorem}
\begin{lemma} Please abstain. \end{lemma}
\begin{proof} No. \end{proof}
\begin{claim} This is code -/ #eval 1. \end{claim}
\begin{claim} unclosed
\end{document}
"""


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    file = tmp_path / "paper.tex"
    file.write_text(PAPER, encoding="utf-8")
    return file


def code_of(lean: str) -> str:
    """What of a Lean file is no comment."""
    kinds = (TokenKind.COMMENT, TokenKind.DOC, TokenKind.MODULE_DOC)
    return " ".join("".join(t.text for t in tokenize(lean)[0] if t.kind not in kinds).split())


@pytest.mark.usefixtures("obedient")
def test_a_paper_becomes_a_lean_file(paper: Path) -> None:
    out = paper.with_name("Paper.lean")
    result = run("--document", str(paper), "--out", str(out))
    assert result.exit_code == 1, result.stderr
    told = result.stdout.splitlines()
    assert told[0].startswith(f"{paper}:4: theorem (Halves) [thm:a]: passed as ")
    assert told[1] == f"{paper}:7: lemma: abstained: told to"
    assert told[2].startswith(f"{paper}:9: claim: not passed: static: rejected: this would run")
    assert told[3] == f"3 statements: 1 passed, 1 not passed, 1 abstained; in {out}"
    warned = result.stderr.splitlines()
    assert f"{paper}:3:1: this may hold" in warned[0] and f"{paper}:10:1:" in warned[1]
    lean = out.read_text(encoding="utf-8")
    # Where the lines of a comment break hangs on how long the folder's name is.
    prose = " ".join(line.removeprefix("--").strip() for line in lean.splitlines())
    assert prose.startswith("import Mathlib  1 of 3 statements of ")
    assert "Lean has not elaborated this file." in prose
    assert f"-- {paper}:4: theorem (Halves) [thm:a]\n--   The number $2$ is even.\n-- static: valid" in lean
    assert "-- not written: stub abstained, for told to: `Please`" in lean
    assert "-- not written: static: rejected: this would run" in lean
    assert code_of(lean).startswith("import Mathlib theorem ")
    assert "run_cmd" in lean and "run_cmd" not in code_of(lean) and "#eval" not in code_of(lean)
    assert not list(paper.parent.glob("*.journal"))


@pytest.mark.usefixtures("obedient")
def test_a_lean_file_on_standard_output(paper: Path) -> None:
    result = run("--document", str(paper))
    assert result.exit_code == 1
    assert result.stdout.startswith("import Mathlib\n") and result.stdout.count("\ntheorem ") == 1
    assert result.stderr.splitlines()[-1] == "3 statements: 1 passed, 1 not passed, 1 abstained"


@pytest.mark.usefixtures("obedient")
def test_rows_and_a_summary(paper: Path) -> None:
    out = paper.with_name("out.jsonl")
    result = run("--document", str(paper), "--out", str(out), "--json")
    assert result.exit_code == 1 and result.stderr == ""
    summary = json.loads(result.stdout)
    assert (summary["passed"], summary["not_passed"], summary["abstained"]) == (1, 1, 1)
    assert [remark["line"] for remark in summary["remarks"]] == [3, 10]
    first, second, _ = summary["statements"]
    assert "theorem" in first["lean"] and second["lean"] is None and "result" not in first
    row = lines(out)[0]
    assert (row["line"], row["kind"], row["label"], row["title"]) == (4, "theorem", "thm:a", "Halves")
    assert row["statement"] == "The number $2$ is even." and row["outcome"] == "passed"
    assert row["result"]["draft"]["candidate"]["statement"] in first["lean"]


@pytest.mark.usefixtures("obedient")
def test_what_a_model_failed_on_is_kept_for_the_next_run(tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("**Lemma.** One.\n\n**Lemma.** Please fail.\n", encoding="utf-8")
    out = tmp_path / "Notes.lean"
    assert run("--document", str(notes), "--out", str(out)).exit_code == 5
    assert "-- not written: the model fell over; stand it up" in out.read_text(encoding="utf-8")
    journal = tmp_path / "Notes.lean.journal"
    assert journal.exists()
    notes.write_text("**Lemma.** One.\n\n**Lemma.** Two.\n", encoding="utf-8")
    result = run("--document", str(notes), "--out", str(out))
    assert result.exit_code == 0 and "1 of them from before" in result.stdout
    assert not journal.exists()


@pytest.mark.parametrize(
    ("name", "data", "arguments", "words"),
    [
        ("a.tex", "Nothing here.", (), "no theorem was found"),
        ("a.txt", "x", (), "neither that of LaTeX nor of Markdown"),
        ("a.md", "**Lemma.** a\0", (), "U+0000"),
        ("a.md", "**Lemma.** a", ("--out", "x.txt"), "says no format"),
    ],
)
def test_documents_that_cannot_be_used(
    tmp_path: Path, name: str, data: str, arguments: tuple[str, ...], words: str
) -> None:
    file = tmp_path / name
    file.write_text(data, encoding="utf-8")
    result = run("--document", str(file), *arguments)
    assert words in error_line(result) and result.exit_code == 2


# -- the Lean file ------------------------------------------------------------------------------------------


def placed(candidate: Candidate, **stated: str) -> Placed:
    found = Stated(
        **{"text": "One.", "kind": "lemma", "environment": "lemma", **stated},  # type: ignore[arg-type]
        line=1, column=1, end_line=1, end_column=9,
    )  # fmt: skip
    result = Formalization("One.", candidate.name, (), (), Draft("stub", candidate), None)
    return Placed(found, Record("key", Item("One."), result))


def test_what_a_header_opens_ends_with_its_theorem() -> None:
    first = Candidate("a", "import Mathlib\nopen Nat", "theorem a : True := by sorry")
    second = Candidate(
        "b",
        "import Mathlib\nnoncomputable section",
        "namespace N\ntheorem _root_.b : True := by sorry",
        "def c := 1",
    )
    lean = lean_file("n.md", [placed(first), placed(second)])
    assert lean.count("import Mathlib") == 1
    assert code_of(lean) == (
        "import Mathlib section open Nat theorem a : True := by sorry end "
        "section noncomputable section def c := 1 namespace N theorem _root_.b : True := by sorry "
        "end N end end"
    )
    assert "not checked" in lean


@pytest.mark.parametrize("code", ["#eval 1", 'run_cmd IO.println "x"', "/- open", "import Evil"])
def test_unchecked_code_that_screening_refuses_is_no_code(code: str) -> None:
    candidate = Candidate("a", "import Mathlib", f"{code}\ntheorem a : True := by sorry")
    lean = lean_file("n.md", [placed(candidate), placed(Candidate("b", "", "theorem b : True := by sorry"))])
    assert code_of(lean).startswith("import Mathlib theorem ")
    assert "theorem b : True := by sorry" in code_of(lean)
    assert code.split()[0] not in code_of(lean).split()[2:]


@pytest.mark.parametrize(
    "text", ["-/ theorem x : False := by sorry", "a\u2028#eval 1", "a\x85b", "/- open", "\u202ex"]
)
def test_no_text_of_the_document_gets_out_of_its_comment(text: str) -> None:
    candidate = Candidate("a", "import Mathlib", "theorem a : True := by sorry")
    lean = lean_file(f"{text}.md", [placed(candidate, text=text, title=text, label=text)])
    assert code_of(lean) == "import Mathlib theorem a : True := by sorry"
    assert all(c == "\n" or c.isprintable() for c in lean)
    header, rest = split_lean(lean)
    assert screen(header, header=True).accepted and screen(rest).accepted
