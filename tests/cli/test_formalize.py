"""`cramf formalize` end to end, with a stub for the index and a real HTTP server for the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cramf.check.verdict import Candidate, Diagnostic, Severity, Status, Verdict
from cramf.cli.main import main
from cramf.errors import KnowledgeBaseError
from cramf.formalize.types import Abstention, Draft, Request
from cramf.knowledge.types import Definition, Kind
from cramf.retrieval.types import ConceptMention, Hit
from tests.formalize.fake_server import MISBEHAVIOURS, FakeServer, Reply, closed_port, completion

STATEMENT = "Every prime greater than two is odd."
SIGNATURE = "(p : ℕ) : Prop" + " and so on" * 30


class StubRetriever:
    toolchain = "leanprover/lean4:v4.9.0"
    mathlib_commit = "abc123"
    path = Path("/stub/index")

    def search(self, query: str, k: int | None) -> list[Hit]:
        prime = Definition("Nat.Prime", Kind.DEF, "Mathlib.Data.Nat.Prime.Defs", 28, SIGNATURE)
        odd = Definition("Odd", Kind.DEF, "", 60, "")
        return [Hit(prime, 0.91, {"usage": 0.8, "lexical": 12.345}), Hit(odd, 0.5)][:k]

    def concepts(self, text: str) -> list[ConceptMention]:
        if "prime" not in text:
            return []
        start = text.index("prime")
        mention = ConceptMention(
            "prime", "prime", start, start + 5, "prime", "11", "Nat.Prime", (), "default sense"
        )
        return [mention, mention]


class StubChecker:
    name = "static"

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict

    def check(self, candidate: Candidate) -> Verdict:
        return self.verdict


class StubBackend:
    name = "stub"

    def __init__(self, abstention: Abstention | None = None) -> None:
        self.abstention = abstention

    def draft(self, request: Request) -> Draft:
        if self.abstention:
            return Draft(self.name, None, self.abstention)
        candidate = Candidate(
            request.name, "import Mathlib\nopen Nat", f"theorem {request.name} : True := by sorry"
        )
        return Draft(self.name, candidate, notes=("p is taken to be natural",))


GOOD = Verdict("static", Status.VALID, detail="every name resolves")


@pytest.fixture(autouse=True)
def stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("cramf.cli.formalize._retriever", lambda index, mathlib: StubRetriever())
    use_checker(monkeypatch, GOOD)


def use_checker(monkeypatch: pytest.MonkeyPatch, verdict: Verdict) -> None:
    def make(name: str, retriever: object) -> StubChecker | None:
        return None if name == "none" else StubChecker(verdict)

    monkeypatch.setattr("cramf.cli.formalize._checker", make)


def use_backend(monkeypatch: pytest.MonkeyPatch, abstention: Abstention | None = None) -> None:
    monkeypatch.setattr("cramf.cli.formalize._backend", lambda *options: StubBackend(abstention))


def run(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(main, ["formalize", *arguments], prog_name="cramf", **options)


def error_line(result: Result) -> str:
    """The one line of an error, after checking that there is nothing else."""
    assert result.stdout == ""
    assert result.stderr.startswith("cramf: error: ")
    assert result.stderr.count("\n") == 1 and result.stderr.endswith("\n")
    return result.stderr


def with_server(server: FakeServer, *arguments: str) -> Result:
    return run(STATEMENT, "--llm", "openai:toy", "--base-url", server.url, *arguments)


def test_a_model_writes_and_all_evidence_is_shown() -> None:
    with FakeServer(completion()) as server:
        result = with_server(server, "--name", "prime_odd")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[:2] == ["Concepts", "  prime -> Nat.Prime  (default sense)"]
    assert result.stdout.count("-> Nat.Prime") == 1
    header = next(line for line in lines if line.startswith("#"))
    assert header.split() == ["#", "name", "kind", "module", "score", "channels"]
    row = lines[lines.index(header) + 1]
    assert row.split() == [
        "1", "Nat.Prime", "def", "Mathlib.Data.Nat.Prime.Defs", "0.910", "lexical", "12.3", "usage", "0.8",
    ]  # fmt: skip
    assert lines[lines.index(header) + 2].startswith("   (p : ℕ) : Prop")
    begin = lines.index("Lean (by openai:toy)")
    assert lines[begin + 1 : begin + 4] == [
        "import Mathlib",
        "",
        "theorem prime_odd (p : ℕ) (hp : Nat.Prime p) (h : 2 < p) : Odd p := by sorry",
    ]
    assert lines[-2:] == ["Verdict", "  static: every name resolves; Lean has not elaborated this"]
    assert "\x1b" not in result.stdout


def test_signatures_end_at_the_terminals_edge() -> None:
    with FakeServer(completion()) as server:
        result = run(STATEMENT, "--llm", "openai:toy", "--base-url", server.url, env={"COLUMNS": "60"})
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("   (p : ℕ)")]
    assert len(line) == 60 and line.endswith("…")


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    use_backend(monkeypatch)
    assert "\x1b[1mVerdict" in run(STATEMENT, color=True).stdout
    assert "\x1b" not in run(STATEMENT).stdout


def test_json_is_the_formalization(monkeypatch: pytest.MonkeyPatch) -> None:
    use_backend(monkeypatch)
    result = run(STATEMENT, "--json", "-k", "1")
    assert result.exit_code == 0 and result.stdout.count("\n") == 1
    data = json.loads(result.stdout)
    keys = "statement name concepts definitions draft verdict index attempts trace"
    assert list(data) == keys.split()
    assert data["statement"] == STATEMENT
    assert data["name"] == "prime_greater_two_odd"
    assert [d["definition"]["name"] for d in data["definitions"]] == ["Nat.Prime"]
    assert data["draft"]["candidate"]["header"] == "import Mathlib\nopen Nat"
    assert data["verdict"]["status"] == "valid" and data["index"] == "/stub/index"


def test_as_many_definitions_as_are_needed() -> None:
    assert [
        d["definition"]["name"]
        for d in json.loads(run(STATEMENT, "--json", "-k", "auto").stdout)["definitions"]
    ] == [
        "Nat.Prime",
        "Odd",
    ]


def test_the_lean_text_is_a_whole_file(monkeypatch: pytest.MonkeyPatch) -> None:
    use_backend(monkeypatch)
    out = run(STATEMENT, "--name", "t").stdout
    assert "\nimport Mathlib\nopen Nat\n\ntheorem t : True := by sorry\n" in out
    assert "\nNotes\n  - p is taken to be natural\n" in out


@pytest.mark.parametrize("how", ["file", "-", "--file -"])
def test_statement_from_file_and_standard_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    use_backend(monkeypatch)
    file = tmp_path / "s.txt"
    file.write_bytes(b"\xef\xbb\xbf" + STATEMENT.encode() + b"\r\n")
    if how == "file":
        result = run("--file", str(file), "--json")
    else:
        result = run(*how.split(), "--json", input=file.read_bytes())
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["statement"] == STATEMENT


def test_a_statement_with_a_dash_goes_after_two(monkeypatch: pytest.MonkeyPatch) -> None:
    use_backend(monkeypatch)
    assert json.loads(run("--json", "--", "-1 < 0").stdout)["statement"] == "-1 < 0"


def test_no_check_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    use_backend(monkeypatch)
    result = run(STATEMENT, "--check", "none")
    assert result.exit_code == 0
    assert "not checked" in result.stdout and "Lean has not elaborated" in result.stdout


def test_a_verdict_that_is_not_positive_is_code_1_with_its_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    use_backend(monkeypatch)
    wrong = Diagnostic(
        Severity.ERROR, "unknown name\n`Nat.Primes`", "unknown", "Nat.Primes", 1, 14, ("Nat.Prime",)
    )
    use_checker(monkeypatch, Verdict("static", Status.INVALID, (wrong,), detail="one name does not resolve"))
    result = run(STATEMENT)
    assert result.exit_code == 1
    assert result.stdout.endswith(
        "Verdict\n  static: invalid: one name does not resolve; Lean has not elaborated this\n"
        "    line 1:14: error: unknown name `Nat.Primes` (did you mean Nat.Prime?)\n"
    )
    assert run(STATEMENT, "--json").exit_code == 1


@pytest.mark.parametrize("status", [s for s in Status if not s.positive])
def test_every_status_without_evidence_is_code_1(monkeypatch: pytest.MonkeyPatch, status: Status) -> None:
    use_backend(monkeypatch)
    use_checker(monkeypatch, Verdict("lake", status, detail="install elan"))
    result = run(STATEMENT)
    assert result.exit_code == 1 and f"lake: {status}: install elan" in result.stdout


def test_an_elaborated_statement_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    use_backend(monkeypatch)
    use_checker(monkeypatch, Verdict("lake", Status.VALID_WITH_SORRY, elaborated=True))
    result = run(STATEMENT, "--check", "lake")
    assert result.exit_code == 0
    assert "lake: Lean elaborated this" in result.stdout and "has not" not in result.stdout


def caret(monkeypatch: pytest.MonkeyPatch, statement: str, part: str, columns: int = 100) -> tuple[str, str]:
    """The statement's line and the caret line that an abstention over `part` shows."""
    start = statement.index(part)
    use_backend(monkeypatch, Abstention("cannot read this", start, start + len(part), part))
    result = run(statement, env={"COLUMNS": str(columns)})
    assert result.exit_code == 3
    assert "Concepts" in result.stdout and "Nat.Prime" in result.stdout
    lines = result.stdout.splitlines()
    at = lines.index("Abstained (by stub)")
    assert lines[at + 1] == "  cannot read this"
    return lines[at + 2], lines[at + 3]


def test_an_abstention_points_at_what_was_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, carets = caret(monkeypatch, STATEMENT, "greater than")
    assert shown == f"  {STATEMENT}"
    assert carets == " " * shown.index("greater") + "^" * len("greater than")


def test_an_abstention_in_a_long_text_of_many_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, carets = caret(
        monkeypatch, "First line.\n" + "word " * 100 + "blurb " + "word " * 100, "blurb", 60
    )
    assert len(shown) <= 60 and shown.startswith("  …") and shown.endswith("…")
    assert shown[carets.index("^") : len(carets)] == "blurb"


def test_an_abstention_after_wide_and_combining_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    _, carets = caret(monkeypatch, "素数 e\u0301 blurb", "blurb")
    assert carets == " " * (2 + 4 + 1 + 1 + 1) + "^^^^^"


def test_an_abstention_at_the_end_or_over_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    use_backend(monkeypatch, Abstention("too short", 5, 5, ""))
    assert run("prime").stdout.endswith("  prime\n       ^\n")
    _, carets = caret(monkeypatch, "one two\nthree", "two\nthree")
    assert carets == "      ^^^"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no statement is given"),
        (["a", "--file", "b"], "only one of them"),
        (["-", "--file", "-"], "only one of them"),
        (["  "], "statement is empty"),
        (["x" * 20_001], "more than 20,000"),
        (["a\x1bb"], "U+001B"),
        (["a", "--llm", "claude:x"], "known are: openai:MODEL"),
        (["a", "--llm", "openai"], "known are: openai:MODEL"),
        (["a", "--llm", "openai:"], "known are: openai:MODEL"),
        (["a", "--llm", "openai:m"], "no language model server is named"),
        (["a", "--llm", "openai:m", "--base-url", "nowhere"], "http or https"),
        (["a", "--base-url", "http://x/v1"], "add --llm"),
        (["a", "--api-key-env", "X"], "add --llm"),
        (["a", "--timeout", "3"], "add --llm"),
        (["a", "--llm", "openai:m", "--api-key-env", "NOT_SET_ANYWHERE"], "is not set"),
        (["a", "--timeout", "nan", "--llm", "openai:m"], "seconds"),
        (["a", "--timeout", "0", "--llm", "openai:m"], "seconds"),
        (["a", "--name", "not a name"], "identifier"),
        (["a", "--name", "x : False := sorry --"], "identifier"),
        (["a", "-k", "0"], "-k"),
        (["a", "--check", "prayer"], "'static', 'lake', 'lean', 'repl', 'kimina', 'none'"),
        (["--file", "/no/such/file"], "cannot read"),
        (["--file", "/"], "cannot read"),
        (["a", "--nonsense"], "--nonsense"),
    ],
)
def test_input_that_cannot_be_used(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert words in error_line(result)
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"caf\xe9", "not UTF-8"),
        (b"a\0b", "NUL"),
        (b"", "empty"),
        (b"a" * 100_000, "larger than"),
        (b"\xff\xfea\0", "not UTF-8"),
    ],
)
def test_bad_bytes_from_file_and_standard_input(tmp_path: Path, data: bytes, words: str) -> None:
    file = tmp_path / "s.txt"
    file.write_bytes(data)
    for result in (run("--file", str(file)), run("-", input=data)):
        assert words in error_line(result)
        assert result.exit_code == 2


def test_a_key_given_as_the_variables_name_is_not_shown() -> None:
    result = run("a", "--llm", "openai:m", "--api-key-env", "sk-secret-1")
    assert "sk-secret" not in error_line(result) and result.exit_code == 2


def test_the_key_comes_from_the_named_variable() -> None:
    with FakeServer(completion()) as server:
        arguments = [STATEMENT, "--llm", "openai:toy", "--base-url", server.url, "--api-key-env", "TOY_KEY"]
        assert run(*arguments, env={"TOY_KEY": "abc"}).exit_code == 0
    assert server.requests[0]["authorization"] == "Bearer abc"


def test_a_missing_index_is_code_4(monkeypatch: pytest.MonkeyPatch) -> None:
    use_backend(monkeypatch)

    def fail(index: Path | None, mathlib: Path | None) -> StubRetriever:
        raise KnowledgeBaseError(f"there is no index at {index}", "make one")

    monkeypatch.setattr("cramf.cli.formalize._retriever", fail)
    result = run(STATEMENT, "--index", "/nowhere")
    assert error_line(result) == "cramf: error: there is no index at /nowhere; make one\n"
    assert result.exit_code == 4


@pytest.mark.parametrize("kind", MISBEHAVIOURS)
def test_a_failing_server_is_one_line_and_code_5(kind: str) -> None:
    case = MISBEHAVIOURS[kind]()
    with FakeServer(*case.script) as server:
        result = with_server(server)
    line = error_line(result)
    assert result.exit_code == 5
    assert server.url in line
    for word in case.words:
        assert word in line


def test_a_closed_port_is_one_line_and_code_5() -> None:
    url = f"http://127.0.0.1:{closed_port()}/v1"
    result = run(STATEMENT, "--llm", "openai:toy", "--base-url", url)
    line = error_line(result)
    assert result.exit_code == 5 and url in line and "refused" in line and "--base-url" in line


def test_a_hanging_server_is_one_line_and_code_5() -> None:
    with FakeServer(Reply(hang=True)) as server:
        result = with_server(server, "--timeout", "0.4")
    assert result.exit_code == 5
    assert "within 0.4 s; raise --timeout" in error_line(result)


def test_the_grammar_is_the_default_backend() -> None:
    result = run(STATEMENT, "--json")
    assert result.exit_code in (0, 3), result.stderr
    assert json.loads(result.stdout)["draft"]["backend"] == "symbolic"
