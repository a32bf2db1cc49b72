"""The formalizer: validation, the order of the parts, and what it hands on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cramf.check.verdict import Candidate, Status, Verdict
from cramf.errors import BackendError, InputError
from cramf.formalize.formalizer import MAX_STATEMENT, Formalizer, clean_statement
from cramf.formalize.types import Abstention, Draft, Request
from cramf.jsonable import dumps
from cramf.knowledge.types import Definition, Kind
from cramf.retrieval.types import ConceptMention, Hit


class Source:
    toolchain = "leanprover/lean4:v4.9.0"
    mathlib_commit = "abc"
    path = Path("/some/index")

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def search(self, query: str, k: int) -> list[Hit]:
        self.asked.append((query, k))
        return [Hit(Definition("Nat.Prime", Kind.DEF, "Mathlib.Toy", 1, "(p : ℕ) : Prop"), 0.5)][:k]

    def concepts(self, text: str) -> list[ConceptMention]:
        start = text.index("prime")
        return [ConceptMention("prime", "prime", start, start + 5, "prime", "11", "Nat.Prime", (), "default")]


class Scripted:
    name = "scripted"

    def __init__(self, abstain: bool = False) -> None:
        self.requests: list[Request] = []
        self._abstain = abstain

    def draft(self, request: Request) -> Draft:
        self.requests.append(request)
        if self._abstain:
            return Draft(self.name, None, Abstention("no verb", 0, 3, "Two"))
        return Draft(self.name, Candidate(request.name, "import Mathlib", "theorem x : True := by sorry"))


class Counting:
    name = "counting"

    def __init__(self) -> None:
        self.seen: list[Candidate] = []

    def check(self, candidate: Candidate) -> Verdict:
        self.seen.append(candidate)
        return Verdict(self.name, Status.INVALID, detail="no")


def test_evidence_goes_to_the_backend_and_into_the_result() -> None:
    source, backend, checker = Source(), Scripted(), Counting()
    result = Formalizer(source, backend, checker, k=7).formalize("  Two is prime.\r\n", "two_prime")
    assert source.asked == [("Two is prime.", 7)]
    (request,) = backend.requests
    assert (request.statement, request.name) == ("Two is prime.", "two_prime")
    assert (request.toolchain, request.mathlib_commit) == (source.toolchain, "abc")
    assert request.definitions == result.definitions and request.concepts == result.concepts
    mention = result.concepts[0]
    assert result.statement[mention.start : mention.end] == "prime"
    assert checker.seen == [result.candidate]
    assert result.verdict is not None and result.verdict.status is Status.INVALID
    assert result.index == "/some/index"


def test_the_result_is_json_with_these_keys() -> None:
    data = json.loads(dumps(Formalizer(Source(), Scripted()).formalize("Two is prime.")))
    keys = "statement name concepts definitions draft verdict index attempts trace"
    assert list(data) == keys.split()
    assert data["name"] == "two_prime" and data["verdict"] is None


def test_no_candidate_no_check() -> None:
    checker = Counting()
    result = Formalizer(Source(), Scripted(abstain=True), checker).formalize("Two is prime.")
    assert checker.seen == [] and result.verdict is None and result.candidate is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("x" * (MAX_STATEMENT + 1), "more than 20,000"),
        ("two\0prime", r"NUL \(character 3\)"),
        ("two \x1b[31m", r"U\+001B \(character 4\)"),
        ("two \x85", r"U\+0085"),
        ("two \udcff", "UTF-8"),
    ],
)
def test_bad_statements_never_reach_retrieval(text: str, reason: str) -> None:
    source, backend = Source(), Scripted()
    with pytest.raises(InputError, match=reason) as caught:
        Formalizer(source, backend).formalize(text)
    assert caught.value.mend and str(caught.value).isprintable()
    assert source.asked == [] and backend.requests == []


def test_the_longest_statement_passes() -> None:
    assert len(clean_statement("x" * MAX_STATEMENT)) == MAX_STATEMENT
    assert clean_statement("a\r\nb\rc\td") == "a\nb\nc\td"


def test_bad_name_and_bad_k() -> None:
    with pytest.raises(InputError, match="identifier"):
        Formalizer(Source(), Scripted()).formalize("Two is prime.", "two prime")
    with pytest.raises(InputError, match="k is 0"):
        Formalizer(Source(), Scripted(), k=0)


def test_a_backend_error_passes_through() -> None:
    class Failing(Scripted):
        def draft(self, request: Request) -> Draft:
            raise BackendError("the server hung", "restart it")

    checker = Counting()
    with pytest.raises(BackendError, match="hung"):
        Formalizer(Source(), Failing(), checker).formalize("Two is prime.")
    assert checker.seen == []
