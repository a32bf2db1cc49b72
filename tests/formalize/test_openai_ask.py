"""Plain chat through the OpenAI-compatible backend, against a real server that answers well or badly."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cramf.errors import BackendError, ExitCode
from cramf.formalize.openai_backend import OpenAIBackend, OpenAIChat
from cramf.retrieval.model_reading import ChatModel
from tests.formalize.fake_server import (
    MISBEHAVIOURS,
    FakeServer,
    Reply,
    as_json,
    closed_port,
    completion,
    failure,
)

KEY = "sk-very-secret-123"
CHAT = (
    {"role": "system", "content": "You describe mathematics."},
    {"role": "user", "content": "What is a $p$-group — in “words”?"},
)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def backend(server: FakeServer, **options: object) -> OpenAIBackend:
    return OpenAIBackend("toy", base_url=server.url, api_key=KEY, **options)  # type: ignore[arg-type]


def test_the_text_comes_back_as_it_is_and_the_chat_was_sent_as_it_is() -> None:
    with FakeServer(completion("  A group.\n```lean\nx\n```\n")) as server:
        assert backend(server).ask(CHAT) == "  A group.\n```lean\nx\n```\n"
    (request,) = server.requests
    assert request["body"]["messages"] == [dict(message) for message in CHAT]
    assert request["body"]["model"] == "toy"
    assert request["authorization"] == f"Bearer {KEY}"


def test_content_in_parts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]
    with FakeServer(as_json({"choices": [{"message": {"content": parts}}]})) as server:
        assert backend(server).ask(CHAT) == "ab"


def test_text_cut_off_is_no_answer() -> None:
    with (
        FakeServer(completion('{"concepts": [', "length")) as server,
        pytest.raises(BackendError, match=r"token limit before its answer was complete; .*output tokens"),
    ):
        backend(server).ask(CHAT)


@pytest.mark.parametrize("kind", [kind for kind in MISBEHAVIOURS if kind != "prose"])
def test_each_misbehaviour_is_one_line_that_names_server_and_mend(kind: str) -> None:
    case = MISBEHAVIOURS[kind]()
    with FakeServer(*case.script) as server, pytest.raises(BackendError) as caught:
        backend(server).ask(CHAT)
    text = str(caught.value)
    assert caught.value.exit_code is ExitCode.BACKEND
    assert caught.value.mend and "\n" not in text
    assert server.url in text and KEY not in text
    for word in case.words:
        assert word in text
    assert len(server.requests) == case.requests


def test_a_server_error_is_tried_again() -> None:
    with FakeServer(failure(500, "warming up", retry_after="0"), completion("yes")) as server:
        assert backend(server).ask(CHAT) == "yes"
        assert len(server.requests) == 2


def test_a_hang_ends_at_the_timeout() -> None:
    with FakeServer(Reply(hang=True)) as server:
        begun = time.monotonic()
        with pytest.raises(BackendError, match=r"within 0\.5 s; raise --timeout"):
            backend(server, timeout=0.5).ask(CHAT)
        assert time.monotonic() - begun < 5


def test_nobody_there() -> None:
    url = f"http://127.0.0.1:{closed_port()}/v1"
    with pytest.raises(BackendError, match="start it"):
        OpenAIBackend("toy", base_url=url).ask(CHAT)


def test_threads_may_share_it() -> None:
    with FakeServer(completion("yes")) as server, ThreadPoolExecutor(8) as pool:
        shared = backend(server)
        assert list(pool.map(lambda _: shared.ask(CHAT), range(24))) == ["yes"] * 24
        assert len(server.requests) == 24


def test_the_chat_model_tells_servers_apart_and_shows_no_password() -> None:
    here = OpenAIChat(OpenAIBackend("toy", base_url="http://joe:hunter2@127.0.0.1:9/v1"))
    there = OpenAIChat(OpenAIBackend("toy", base_url="http://127.0.0.1:10/v1"))
    assert here.name == "openai:toy@http://127.0.0.1:9/v1"
    assert there.name == "openai:toy@http://127.0.0.1:10/v1"


def test_the_chat_model_asks_its_backend() -> None:
    with FakeServer(completion("yes")) as server:
        model: ChatModel = OpenAIChat(backend(server))
        assert model.ask(CHAT) == "yes"
