"""The OpenAI-compatible backend against a real server that answers well, badly or not at all."""

from __future__ import annotations

import sys
import time
import traceback
from email.utils import formatdate

import pytest

from cramf.errors import BackendError, ExitCode, InputError, ResourceError
from cramf.formalize.openai_backend import OpenAIBackend
from cramf.formalize.types import Backend, Draft, Request
from tests.formalize.fake_server import (
    GOOD_REPLY,
    MISBEHAVIOURS,
    FakeServer,
    Reply,
    as_json,
    closed_port,
    completion,
    failure,
)

KEY = "sk-very-secret-123"
REQUEST = Request(
    "Every prime greater than two is odd.", "prime_odd", toolchain="v4.9.0", mathlib_commit="abc"
)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def ask(server: FakeServer, **options: object) -> Draft:
    return OpenAIBackend("toy", base_url=server.url, api_key=KEY, **options).draft(REQUEST)  # type: ignore[arg-type]


def test_good_answer_becomes_a_candidate() -> None:
    with FakeServer(completion()) as server:
        draft = ask(server)
    assert draft.backend == "openai:toy"
    assert draft.candidate is not None
    assert draft.candidate.source == (
        "import Mathlib\n\ntheorem prime_odd (p : ℕ) (hp : Nat.Prime p) (h : 2 < p) : Odd p := by sorry\n"
    )
    assert draft.tokens is not None and (draft.tokens.prompt, draft.tokens.completion) == (812, 43)
    (request,) = server.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["authorization"] == f"Bearer {KEY}"
    assert request["body"]["model"] == "toy"
    assert [m["role"] for m in request["body"]["messages"]] == ["system", "user"]
    assert REQUEST.statement in request["body"]["messages"][1]["content"]


def test_is_a_backend() -> None:
    assert isinstance(OpenAIBackend("toy", base_url="http://127.0.0.1:9/v1"), Backend)


def test_content_in_parts_and_missing_usage() -> None:
    parts = [{"type": "text", "text": GOOD_REPLY}, {"type": "image"}, "junk"]
    answer = as_json({"choices": [{"message": {"content": parts}}], "usage": None})
    with FakeServer(answer) as server:
        draft = ask(server)
    assert draft.candidate is not None and draft.tokens is None


def test_a_cut_off_proof_does_no_harm() -> None:
    content = "```lean\ntheorem t (n : ℕ) : n = n := by\n  induction n with\n  | zero => ("
    with FakeServer(completion(content, "length")) as server:
        draft = ask(server)
    assert draft.candidate is not None
    assert draft.candidate.statement == "theorem prime_odd (n : ℕ) : n = n := by sorry"


@pytest.mark.parametrize("kind", MISBEHAVIOURS)
def test_each_misbehaviour_is_one_line_that_names_server_and_mend(kind: str) -> None:
    case = MISBEHAVIOURS[kind]()
    with FakeServer(*case.script) as server, pytest.raises(BackendError) as caught:
        ask(server)
    text = str(caught.value)
    assert caught.value.exit_code is ExitCode.BACKEND
    assert caught.value.mend and "\n" not in text
    assert server.url in text
    for word in case.words:
        assert word in text
    assert KEY not in text
    assert len(server.requests) == case.requests


def test_closed_port_is_told_at_once() -> None:
    url = f"http://127.0.0.1:{closed_port()}/v1"
    begun = time.monotonic()
    with pytest.raises(BackendError, match=r"refused.*start it") as caught:
        OpenAIBackend("toy", base_url=url, timeout=30).draft(REQUEST)
    assert url in str(caught.value)
    assert time.monotonic() - begun < 5


def test_unknown_host() -> None:
    with pytest.raises(BackendError, match=r"cannot be reached .*--base-url"):
        OpenAIBackend("toy", base_url="http://no-such-host.invalid/v1", retries=0).draft(REQUEST)


def test_hang_ends_at_the_timeout_and_is_not_repeated() -> None:
    with FakeServer(Reply(hang=True)) as server:
        begun = time.monotonic()
        with pytest.raises(BackendError, match=r"within 0\.5 s; raise --timeout"):
            ask(server, timeout=0.5)
        assert time.monotonic() - begun < 3
        assert len(server.requests) == 1


def test_drip_ends_at_the_timeout_though_each_byte_is_in_time() -> None:
    body = completion().body
    with FakeServer(Reply(body, 200, {"content-type": "application/json"}, drip=0.1)) as server:
        begun = time.monotonic()
        with pytest.raises(BackendError, match=r"within 0\.6 s"):
            ask(server, timeout=0.6)
        assert time.monotonic() - begun < 3


def test_broken_connection_is_tried_again_then_told() -> None:
    with FakeServer(Reply(b"{", cut=True), completion()) as server:
        assert ask(server).candidate is not None
        assert len(server.requests) == 2
    with (
        FakeServer(Reply(b"{", cut=True)) as server,
        pytest.raises(BackendError, match="broke the connection"),
    ):
        ask(server, retries=0)


@pytest.mark.parametrize(
    ("headers", "least"),
    [({"retry_after": "1"}, 1.0), ({"retry_after": "0.2"}, 0.2), ({}, 0.5), ({"retry_after": "soon"}, 0.5)],
)
def test_429_waits_as_asked_and_succeeds(headers: dict[str, str], least: float) -> None:
    with FakeServer(failure(429, "slow down", **headers), completion()) as server:
        assert ask(server).candidate is not None
    first, second = server.requests
    assert least <= second["at"] - first["at"] < least + 2


def test_429_with_a_date() -> None:
    with FakeServer(
        failure(429, "slow", retry_after=formatdate(time.time() + 2, usegmt=True)), completion()
    ) as server:
        assert ask(server).candidate is not None
    first, second = server.requests
    # The date has whole seconds, so that up to one of the two is lost.
    assert 0.9 <= second["at"] - first["at"] < 4


def test_waits_are_bounded_together() -> None:
    with FakeServer(failure(429, "slow", retry_after="0.4")) as server:
        with pytest.raises(BackendError, match="HTTP 429"):
            ask(server, retries=50, max_wait=1.0)
        assert len(server.requests) == 3


def test_500_then_success() -> None:
    with FakeServer(failure(500, "warming up", retry_after="0"), completion()) as server:
        assert ask(server).candidate is not None


@pytest.mark.parametrize("key", [KEY, "token/QQ42+zz"])
def test_the_key_is_never_shown(key: str) -> None:
    echo = f"Incorrect API key provided: {key}. \x1b[31mAlso sk-other-key-9\x1b[0m"
    with FakeServer(failure(401, echo)) as server:
        backend = OpenAIBackend("toy", base_url=server.url, api_key=key)
        with pytest.raises(BackendError) as caught:
            backend.draft(REQUEST)
    text = str(caught.value)
    assert "Incorrect API key provided: ***" in text
    assert key not in text and "sk-other" not in text and "\x1b" not in text
    assert key not in repr(backend)
    # Neither may a chained exception carry it into a traceback.
    assert key not in "".join(traceback.format_exception(caught.value))


def test_user_and_password_of_the_address_are_not_shown() -> None:
    url = f"http://joe:hunter2@127.0.0.1:{closed_port()}/v1?token=abc"
    backend = OpenAIBackend("toy", base_url=url)
    with pytest.raises(BackendError) as caught:
        backend.draft(REQUEST)
    for text in (str(caught.value), repr(backend)):
        assert "hunter2" not in text and "abc" not in text and "127.0.0.1" in text


def test_no_key_and_no_address() -> None:
    with pytest.raises(InputError, match=r"OPENAI_API_KEY.*OPENAI_BASE_URL"):
        OpenAIBackend("toy")


def test_environment_names_server_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(completion()) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "from-environment")
        assert OpenAIBackend("toy").draft(REQUEST).candidate is not None
    assert server.requests[0]["authorization"] == "Bearer from-environment"


def test_address_without_key_sends_a_placeholder() -> None:
    with FakeServer(completion()) as server:
        OpenAIBackend("toy", base_url=server.url).draft(REQUEST)
    assert server.requests[0]["authorization"] == "Bearer no-key-needed"


def test_key_alone_means_openai() -> None:
    assert "https://api.openai.com/v1" in repr(OpenAIBackend("toy", api_key=KEY))


@pytest.mark.parametrize(
    "url", ["ftp://host/v1", "127.0.0.1:8000", "http://", "http://h:99999/v1", "http://a b/"]
)
def test_bad_addresses(url: str) -> None:
    with pytest.raises(InputError, match="http or https"):
        OpenAIBackend("toy", base_url=url)


@pytest.mark.parametrize("key", ["two words", "tab\tkey", "schlüssel", "line\nbreak"])
def test_bad_keys_are_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InputError, match="API key") as caught:
        OpenAIBackend("toy", base_url="http://127.0.0.1:9/v1", api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (" ", {}),
        ("a\nb", {}),
        ("toy", {"timeout": 0.0}),
        ("toy", {"timeout": float("nan")}),
        ("toy", {"timeout": float("inf")}),
        ("toy", {"retries": -1}),
        ("toy", {"max_wait": -1.0}),
    ],
)
def test_bad_arguments(model: str, options: dict[str, float]) -> None:
    with pytest.raises(InputError):
        OpenAIBackend(model, base_url="http://127.0.0.1:9/v1", **options)  # type: ignore[arg-type]


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(
        ResourceError, match=r"openai package is not installed; pip install 'cramf\[openai\]'"
    ):
        OpenAIBackend("toy", base_url="http://127.0.0.1:9/v1")
