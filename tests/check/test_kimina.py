"""The Kimina checker against a stand-in server over real HTTP."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from cramf.check import kimina_http
from cramf.check.kimina import KiminaChecker
from cramf.check.verdict import Candidate, Checker, Part, Severity, Status, Verdict
from cramf.environment import KIMINA_API_KEY, KIMINA_URL, variable
from cramf.errors import InputError

_spec = importlib.util.spec_from_file_location("fake_kimina", Path(__file__).with_name("fake_kimina.py"))
assert _spec is not None and _spec.loader is not None
fake_kimina = importlib.util.module_from_spec(_spec)
sys.modules["fake_kimina"] = fake_kimina  # dataclasses look their module up
_spec.loader.exec_module(fake_kimina)
Reply = fake_kimina.Reply

HEADER = "import Mathlib\n\nopen Nat\n"
SORRY = Status.VALID_WITH_SORRY


def good(name: str = "t", header: str = HEADER) -> Candidate:
    return Candidate(name, header, f"theorem {name} : 1 = 1 := by sorry")


def bad(name: str = "t", header: str = HEADER) -> Candidate:
    return Candidate(name, header, f"theorem {name} :\n  bad := by sorry")


def playing(word: str) -> Candidate:
    return Candidate(word, HEADER, f"theorem t (play_{word} : ℕ) : 1 = 1 := by sorry")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(kimina_http, "_FIRST_PAUSE", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(KIMINA_API_KEY, raising=False)
    fake = fake_kimina.FakeKimina()
    yield fake
    fake.close()


def checker(server: Any, **settings: Any) -> KiminaChecker:
    settings = {"timeout_seconds": 5, "http_timeout_seconds": 5, "patience_seconds": 5, **settings}
    return KiminaChecker(server.url, **settings)


def check(server: Any, candidate: Candidate, **settings: Any) -> Verdict:
    with checker(server, **settings) as one:
        return one.check(candidate)


def sent(server: Any) -> list[str]:
    """Texts that came to the server, the probe left out."""
    found = []
    for request in server.requests:
        body = request["body"]
        texts = [(s["id"], s["code"]) for s in body.get("snippets", [])]
        texts += [(c["custom_id"], c["proof"]) for c in body.get("codes", [])]
        found += [code for name, code in texts if name != "probe"]
    return found


def test_it_is_a_checker() -> None:
    one = KiminaChecker("http://localhost:1")
    assert isinstance(one, Checker)
    assert one.name == "kimina"


# -- plain answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["check", "verify", "auto"])
def test_verdicts(server: Any, api: Any) -> None:
    proved = Candidate("p", HEADER, "theorem p : 1 = 1 := rfl")
    with checker(server, api=api) as one:
        verdicts = one.check_many([good(), proved, bad()])
    assert [(v.checker, v.status, v.elaborated) for v in verdicts] == [
        ("kimina", SORRY, True),
        ("kimina", Status.VALID, True),
        ("kimina", Status.INVALID, True),
    ]
    (error,) = verdicts[2].errors
    assert (error.severity, error.category, error.name) == (Severity.ERROR, "unknown_identifier", "bad")
    paths = {request["path"] for request in server.requests}
    assert paths == {"/verify" if api == "verify" else "/api/check"}


def test_what_is_sent_to_either_interface(server: Any) -> None:
    check(server, good(), api="check", timeout_seconds=2.5)
    check(server, good(), api="verify", timeout_seconds=2.5)
    new, old = (server.requests[i]["body"] for i in (1, 3))
    code = new["snippets"][0]["code"]
    assert new == {
        "snippets": [{"id": "cramf-0", "code": code}],
        "timeout": 3,
        "debug": False,
        "reuse": True,
    }
    assert old == {"codes": [{"custom_id": "cramf-0", "proof": code}], "timeout": 3, "disable_cache": False}
    assert code.split("\n") == [
        "import Mathlib",
        "set_option autoImplicit false",
        "set_option relaxedAutoImplicit false",
        "set_option maxSynthPendingDepth 3",
        "",
        "open Nat",
        "",
        "theorem t : 1 = 1 := by sorry",
        "",
    ]


def test_an_old_lean_is_not_given_options_that_it_lacks(server: Any) -> None:
    server.version = "4.9.0"
    assert check(server, good()).positive
    assert "maxSynthPendingDepth" not in sent(server)[0]
    assert "autoImplicit false" in sent(server)[0]


@pytest.mark.parametrize("convention", ["whole", "after imports", "after blanks"])
@pytest.mark.parametrize(
    "header", [HEADER, "import Mathlib", "import Mathlib\nimport Aesop\n\n\nopen Nat", "", "open X"]
)
def test_lines_count_in_their_parts(server: Any, convention: str, header: str) -> None:
    server.convention = convention
    in_helper = Candidate("t", header, "theorem t : 1 = 1 := by sorry", "def d := 1\n\ndef e := bad")
    with checker(server) as one:
        first, second = one.check_many([bad(header=header), in_helper])
    (error,) = first.errors
    assert (error.part, error.line, error.column) == (Part.STATEMENT, 2, 2)
    assert (error.end_line, error.end_column) == (2, 5)
    (error,) = second.errors
    assert (error.part, error.line, error.column) == (Part.HELPER, 3, 9)


@pytest.mark.parametrize("convention", ["whole", "after imports", "after blanks"])
def test_a_bad_header(server: Any, convention: str) -> None:
    server.convention = convention
    verdict = check(server, good(header="import Mathlib\n\nopen Nat\nopen Nowhere"))
    (error,) = verdict.errors
    assert verdict.status is Status.INVALID
    assert (error.part, error.line, error.column, error.name) == (Part.HEADER, 4, 5, "Nowhere")


@pytest.mark.parametrize("probe", [Reply(500, b"no"), Reply(200, b'{"results": []}'), Reply(200, b"no JSON")])
def test_a_server_that_does_not_tell_what_its_lines_count_in(server: Any, probe: Any) -> None:
    server.probe = probe
    with checker(server) as one:
        verdicts = one.check_many([good(), bad(), good()])
    assert [v.status for v in verdicts] == [SORRY, Status.INVALID, SORRY]
    assert [(d.line, d.column) for v in verdicts for d in v.diagnostics] == [(None, None)] * 4


def test_rejected_and_empty_are_not_sent(server: Any) -> None:
    refused = [
        Candidate("a", HEADER, "theorem a : 1 = 1 := rfl\n#eval 1"),
        Candidate("b", "import Lean", "theorem b : 1 = 1 := rfl"),
        Candidate("c", HEADER, " "),
    ]
    with checker(server) as one:
        verdicts = one.check_many(refused)
        assert [v.status for v in verdicts] == [Status.REJECTED, Status.REJECTED, Status.INVALID]
        assert server.requests == []
        assert [v.status for v in one.check_many([*refused, good()])][3:] == [SORRY]
    assert len(sent(server)) == 1


def test_only_screened_text_is_sent(server: Any) -> None:
    check(server, Candidate("t", HEADER, "/-- #eval 1 -/ theorem t : 1 = 1 := by sorry -- axiom"))
    (code,) = sent(server)
    assert "/--         -/ theorem t" in code
    assert "eval" not in code
    assert "axiom" not in code


# -- faults of one candidate -------------------------------------------------------------------------------

FAULTS = {
    "timeout": (Status.TIMEOUT, "timed out in 1 seconds"),
    "hang": (Status.TIMEOUT, "did not answer within 1 s"),
    "memory": (Status.CRASHED, "exceeded memory limit"),
    "crash": (Status.CRASHED, "HTTP 500"),
    "missing": (Status.CRASHED, "did not answer for this candidate"),
    "double": (Status.CRASHED, "gave 2 answers"),
    "empty": (Status.CRASHED, "nothing that a REPL answers"),
    "nothing": (Status.CRASHED, "nothing that a REPL answers"),
    "timeonly": (Status.CRASHED, "nothing that a REPL answers"),
    "refuse": (Status.CRASHED, "Unknown environment"),
    "placeless": (Status.CRASHED, "without a place"),
    "shape": (Status.CRASHED, "could not be read"),
    "collected": (SORRY, "with `sorry`"),
}


@pytest.mark.parametrize("api", ["check", "verify"])
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("word", FAULTS)
def test_fault_of_one_candidate(server: Any, word: str, batch: int, api: Any) -> None:
    """Whatever happens to one, those that were sent with it have their own verdicts."""
    settings = {"batch": batch, "api": api, "timeout_seconds": 1, "http_timeout_seconds": 1}
    with checker(server, **settings) as one:
        first, fault, second, last = one.check_many([good("a"), playing(word), bad("b"), good("c")])
    status, says = FAULTS[word]
    assert (fault.status, fault.elaborated) == (status, status is SORRY)
    assert says in fault.detail
    assert "\n" not in fault.detail
    assert [first.status, second.status, last.status] == [SORRY, Status.INVALID, SORRY]


def test_no_environment_and_no_sorry_is_not_valid(server: Any) -> None:
    candidate = Candidate("t", HEADER, "theorem t (play_collected : ℕ) : 1 = 1 := rfl")
    assert check(server, candidate).status is Status.CRASHED


# -- faults of the server ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "replies",
    [
        [Reply(429, b"busy", {"Retry-After": "0"})],
        [Reply(429), Reply(503), Reply(429), Reply(502), Reply(504)],
        [Reply(429, headers={"Retry-After": formatdate(time.time() - 60, usegmt=True)})],
        [Reply(429, headers={"Retry-After": "soon"})],
        [Reply(500, b"once"), Reply(500, b"twice")],
        [Reply(200, b"no JSON"), Reply(200, b'{"results": 3}')],
        [Reply(200, b'{"results": [', cut=True)],
        [Reply(200, b"[]")],
        [Reply(200, b"\xff\xfe\x00")],
    ],
)
def test_trouble_that_passes(server: Any, replies: list[Any]) -> None:
    server.replies = list(replies)
    assert check(server, good()).status is SORRY
    assert server.replies == []


def test_retry_after_is_waited_for(server: Any) -> None:
    server.replies = [Reply(429, headers={"Retry-After": "1"})]
    start = time.monotonic()
    assert check(server, good()).status is SORRY
    assert time.monotonic() - start >= 1


def test_retry_after_beyond_the_patience(server: Any) -> None:
    server.replies = [Reply(429, b"come back", {"Retry-After": "86400"})] * 9
    with checker(server, workers=1) as one:
        verdicts = one.check_many([good(), good(), good()])
    assert {v.status for v in verdicts} == {Status.UNAVAILABLE}
    assert "HTTP 429, come back" in verdicts[0].detail
    assert "use fewer workers" in verdicts[0].detail
    assert len(sent(server)) == 1  # what is left is not sent


@pytest.mark.parametrize(
    ("reply", "status", "says"),
    [
        (Reply(500, b"<html>\nall\nis lost"), Status.CRASHED, "HTTP 500): <html> all is lost"),
        (Reply(422, b"what?"), Status.CRASHED, "refused the request (HTTP 422): what?"),
        (Reply(200, b"garbage"), Status.CRASHED, "is no JSON: garbage"),
        (Reply(200, b"[" * 100_000), Status.CRASHED, "is no JSON"),
        (Reply(200, b'{"results": [1, null]}'), Status.CRASHED, "did not answer"),
        (Reply(200, b'{"results": []}', cut=True), Status.CRASHED, "connection broke"),
        (Reply(200, b"", pause=2), Status.TIMEOUT, "did not answer within 1 s"),
        (Reply(200, b" " * 100, drip=0.1), Status.TIMEOUT, "did not answer within 1 s"),
        (Reply(403, b"no"), Status.UNAVAILABLE, KIMINA_API_KEY),
        (Reply(404, b"gone"), Status.UNAVAILABLE, "is no Kimina Lean Server"),
        (Reply(307, b"", {"Location": "http://localhost:1/"}), Status.UNAVAILABLE, "leads elsewhere"),
        (Reply(503, b"down"), Status.UNAVAILABLE, "overloaded"),
    ],
)
def test_trouble_that_stays(server: Any, reply: Any, status: Status, says: str) -> None:
    server.replies = [reply] * 1000
    verdict = check(server, good(), http_timeout_seconds=1, patience_seconds=1)
    assert (verdict.status, verdict.elaborated) == (status, False)
    assert says in verdict.detail
    assert "\n" not in verdict.detail
    assert verdict.seconds < 10


def test_a_huge_answer_is_not_read(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kimina_http, "_ANSWER_BYTES", 1 << 20)
    server.replies = [Reply(200, b" " * (40 << 20))]
    with checker(server, workers=1) as one:
        fault, after = one.check_many([good(), good()])
    assert fault.status is Status.CRASHED
    assert "more than 1 MiB" in fault.detail
    assert after.status is SORRY


def test_a_packed_answer_is_not_unpacked(server: Any) -> None:
    """A small packed answer can be a huge one, so only plain ones are asked for and read."""
    server.replies = [Reply(200, b"\x1f\x8b\x08" + b"\x00" * 50, {"Content-Encoding": "gzip"})] * 3
    verdict = check(server, good())
    assert verdict.status is Status.CRASHED
    assert server.requests[0]["headers"]["Accept-Encoding"] == "identity"


def test_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with KiminaChecker(f"http://127.0.0.1:{port}", patience_seconds=0.2) as one:
        verdicts = one.check_many([good()] * 50)
        identity, cacheable = one.identity(), one.cacheable
    assert {v.status for v in verdicts} == {Status.UNAVAILABLE}
    assert "start the server" in verdicts[0].detail
    assert (identity.toolchain, cacheable) == ("", False)


def test_a_server_that_goes_away(server: Any) -> None:
    with checker(server, workers=1) as one:
        assert one.check(good()).positive
        server.close()
        verdicts = one.check_many([good(), good()])
    assert {v.status for v in verdicts} == {Status.UNAVAILABLE}
    assert "start the server" in verdicts[0].detail


def test_an_older_server(server: Any) -> None:
    server.apis = {"/verify"}
    with checker(server) as one:
        verdicts = one.check_many([good(), bad()])
    assert [v.status for v in verdicts] == [SORRY, Status.INVALID]
    assert [r["path"] for r in server.requests] == ["/api/check", "/verify", "/verify", "/verify"]


def test_another_server(server: Any) -> None:
    server.apis = set()
    verdict = check(server, good())
    assert verdict.status is Status.UNAVAILABLE
    assert "is no Kimina Lean Server" in verdict.detail


def test_the_key(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server.key = "sk-secret"
    missing = check(server, good(), api_key_env="MY_KEY")
    monkeypatch.setenv("MY_KEY", "sk-wrong")
    wrong = check(server, good(), api_key_env="MY_KEY")
    monkeypatch.setenv("MY_KEY", "sk-secret")
    right = check(server, good(), api_key_env="MY_KEY")
    assert [v.status for v in (missing, wrong, right)] == [Status.UNAVAILABLE, Status.UNAVAILABLE, SORRY]
    assert "key is missing" in missing.detail
    assert "key is not accepted" in wrong.detail
    assert "MY_KEY" in missing.detail
    assert "MY_KEY" in wrong.detail
    assert "sk-" not in missing.detail + wrong.detail


# -- many --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 3, 50])
def test_input_order(server: Any, batch: int, capsys: pytest.CaptureFixture[str]) -> None:
    server.order = -1  # results in the wrong order
    kinds = [playing("slow"), good(), bad(), playing("crash"), Candidate("r", HEADER, "#eval 1")]
    with checker(server, batch=batch) as one:
        verdicts = one.check_many([kinds[i % 5] for i in range(25)], progress=True)
    expected = [SORRY, SORRY, Status.INVALID, Status.CRASHED, Status.REJECTED]
    assert [v.status for v in verdicts] == expected * 5
    assert "/20" in capsys.readouterr().err


def test_back_pressure(server: Any) -> None:
    """A server that takes two requests at once gets all of them in the end, and fewer at once."""
    server.capacity = 2
    with checker(server, workers=16, patience_seconds=60) as one:
        verdicts = one.check_many([playing("slow") for _ in range(48)])
        assert one._connected().gate.lowest <= 2
    assert {v.status for v in verdicts} == {SORRY}


def test_a_batch_that_is_too_much_at_once_is_sent_in_parts(server: Any) -> None:
    server.replies = [Reply(429, headers={"Retry-After": "0"})] * 3
    with checker(server, batch=8, workers=1) as one:
        verdicts = one.check_many([good()] * 8)
    assert {v.status for v in verdicts} == {SORRY}
    sizes = [len(request["body"]["snippets"]) for request in server.requests]
    assert sizes == [1, 8, 8, 8, 4, 4]


def test_nothing_to_check(server: Any) -> None:
    with checker(server) as one:
        assert one.check_many([], progress=True) == []
    assert server.requests == []


def test_a_closed_checker_can_be_used_again(server: Any) -> None:
    one = checker(server)
    assert one.check(good()).positive
    one.close()
    assert one.check(good()).positive
    one.close()
    one.close()


def test_an_interrupted_program_does_not_wait(server: Any) -> None:
    code = (
        "from cramf.check.kimina import KiminaChecker\nfrom cramf.check.verdict import Candidate\n"
        "candidate = Candidate('t', '', 'theorem t (play_hang : ℕ) : 1 = 1 := by sorry')\n"
        f"KiminaChecker({server.url!r}, workers=2).check_many([candidate] * 4)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ), stderr=subprocess.PIPE)
    end = time.monotonic() + 20
    while len(sent(server)) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - start < 4  # the server takes five seconds
    assert b"KeyboardInterrupt" in errors


# -- identity and settings ---------------------------------------------------------------------------------


def test_identity(server: Any) -> None:
    with checker(server) as one:
        identity = one.identity()
        assert not one.cacheable
    assert (identity.checker, identity.toolchain) == ("kimina", "leanprover/lean4:v4.26.0")
    assert server.url in identity.version
    with checker(server, mathlib="abc") as one:
        assert one.cacheable
        assert one.identity().mathlib == "abc"
    server.version = ""
    with checker(server, mathlib="abc") as one:
        assert not one.cacheable


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "ftp://localhost",
        "http://",
        "http://me:secret@localhost",
        "http://localhost/?key=s",
    ],
)
def test_addresses_that_cannot_be_used(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KIMINA_URL, "nowhere")
    with pytest.raises(InputError) as caught:
        KiminaChecker(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("settings", [{"workers": 0}, {"batch": 0}, {"timeout_seconds": 0}, {"api": "soap"}])
def test_settings_that_make_no_sense(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        KiminaChecker("http://localhost:8000", **settings)


def test_the_address_from_the_environment(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KIMINA_URL, server.url + "/")
    with KiminaChecker() as one:
        assert one.check(good()).status is SORRY


def test_without_the_client(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    verdict = check(server, good())
    assert verdict.status is Status.UNAVAILABLE
    assert "pip install 'cramf[kimina]'" in verdict.detail


@pytest.mark.lean
@pytest.mark.skipif(variable(KIMINA_URL) is None, reason=f"{KIMINA_URL} names no Kimina Lean Server")
def test_real_server() -> None:
    candidates = [
        Candidate("a", "import Mathlib", "theorem a (n : ℕ) : n + 0 = n := by sorry"),
        Candidate("c", "import Mathlib\nopen Nat", "theorem c :\n    Nat.NoSuchThing 3 := by sorry"),
        Candidate("d", "import Mathlib", "theorem d (x : Misspelt) : x = x := by sorry"),
    ]
    with KiminaChecker() as one:
        a, c, d = one.check_many(candidates)
    if a.status is Status.UNAVAILABLE:
        pytest.skip(f"the server is not ready: {a.detail}")
    assert a.status is SORRY
    assert (c.status, c.errors[0].line) == (Status.INVALID, 2)
    assert d.status is Status.INVALID
