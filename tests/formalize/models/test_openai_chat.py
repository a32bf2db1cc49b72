"""The OpenAI-compatible model against a server that fails in every way, blocking and asynchronous."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from cramf.errors import BackendError, ExitCode, InputError
from cramf.formalize.models.accounting import Price
from cramf.formalize.models.chat import ChatReply, ChatRequest, Finish, Message, ModelError
from cramf.formalize.models.openai_chat import OpenAIChatModel
from cramf.formalize.models.retrying import RetryPolicy
from cramf.formalize.types import TokenUsage
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
CHAT = (Message("user", "What is a $p$-group?"),)
QUICK = RetryPolicy(retries=2, least_pause=0.01, growth=0.01, max_wait=5)
Ask = Callable[[OpenAIChatModel, ChatRequest], ChatReply]


def blocking(model: OpenAIChatModel, request: ChatRequest) -> ChatReply:
    with model:
        return model.chat(request)


def asynchronous(model: OpenAIChatModel, request: ChatRequest) -> ChatReply:
    async def once() -> ChatReply:
        try:
            return await model.achat(request)
        finally:
            await model.aclose()

    return asyncio.run(once())


@pytest.fixture(params=[blocking, asynchronous])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Both ways to ask, which must not differ in anything."""
    return request.param  # type: ignore[no-any-return]


def opened(server: FakeServer, **options: Any) -> OpenAIChatModel:
    return OpenAIChatModel("toy", server.url, KEY, **{"retry": QUICK, **options})


def choices(*texts: str, usage: tuple[int, int] | None = (10, 4)) -> Reply:
    said = [{"message": {"content": text}, "finish_reason": "stop"} for text in texts]
    counted = usage and {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return as_json({"choices": said, "usage": counted})


def test_every_field_is_sent_and_nothing_else(ask: Ask) -> None:
    request = ChatRequest(
        (Message("system", "s"), *CHAT),
        n=2,
        temperature=0.5,
        top_p=0.9,
        max_tokens=7,
        stop=("\n\n",),
        seed=3,
        extra={"top_k": 20, "chat_template_kwargs": {"enable_thinking": False}},
    )
    with FakeServer(choices("a", "b")) as server:
        reply = ask(opened(server), request)
        plain = ask(opened(server), ChatRequest(CHAT))
    assert reply.texts == ("a", "b") and reply.sent == 1 and plain.texts == ("a",)
    assert server.requests[0]["body"] == {
        "model": "toy",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": CHAT[0].content}],
        "n": 2,
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 7,
        "stop": ["\n\n"],
        "seed": 3,
        "top_k": 20,
        "chat_template_kwargs": {"enable_thinking": False},
    }
    assert set(server.requests[1]["body"]) == {"model", "messages"}
    assert server.requests[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("kind", [kind for kind in MISBEHAVIOURS if kind not in ("prose", "cut off")])
def test_each_misbehaviour_is_one_line_that_names_server_and_mend(ask: Ask, kind: str) -> None:
    case = MISBEHAVIOURS[kind]()
    with FakeServer(*case.script) as server, pytest.raises(BackendError) as caught:
        ask(opened(server), ChatRequest(CHAT))
    text = str(caught.value)
    assert caught.value.exit_code is ExitCode.BACKEND and caught.value.mend and "\n" not in text
    assert server.url in text and KEY not in text
    assert all(word in text for word in case.words)
    assert len(server.requests) == case.requests


def test_text_that_is_cut_off_is_a_reply_that_says_so(ask: Ask) -> None:
    with FakeServer(completion("A group of", "length")) as server:
        reply = ask(opened(server), ChatRequest(CHAT))
    assert reply.texts == ("A group of",) and reply.finish_reasons == (Finish.LENGTH,)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529, 599])
def test_passing_trouble_is_tried_again(ask: Ask, status: int) -> None:
    with FakeServer(failure(status, "busy"), completion("yes")) as server:
        reply = ask(opened(server), ChatRequest(CHAT))
    assert reply.texts == ("yes",) and reply.sent == len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422])
def test_lasting_trouble_is_not(ask: Ask, status: int) -> None:
    with FakeServer(failure(status, "no"), completion("yes")) as server:
        with pytest.raises(BackendError, match=f"HTTP {status}: no"):
            ask(opened(server), ChatRequest(CHAT))
        assert len(server.requests) == 1


@pytest.mark.parametrize("broken", [Reply(reset=True), Reply(b'{"choices"', cut=True), Reply(b"", cut=True)])
def test_a_lost_connection_is_tried_again_and_then_told(ask: Ask, broken: Reply) -> None:
    with FakeServer(broken, broken, completion("yes")) as server:
        assert ask(opened(server), ChatRequest(CHAT)).texts == ("yes",)
        assert len(server.requests) == 3
    with FakeServer(broken) as server:
        with pytest.raises(BackendError, match=r"broke the connection off .*; look at its log"):
            ask(opened(server), ChatRequest(CHAT))
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    "slow", [Reply(hang=True), Reply(completion("no").body, slow=30), Reply(completion("no").body, drip=0.05)]
)
def test_a_timeout_is_tried_again_if_the_policy_says_so(ask: Ask, slow: Reply) -> None:
    with FakeServer(slow, completion("yes")) as server:
        assert ask(opened(server, timeout=0.5), ChatRequest(CHAT)).texts == ("yes",)
        assert len(server.requests) == 2
    once = RetryPolicy(retries=2, timeouts=False)
    with FakeServer(slow, completion("yes")) as server:
        with pytest.raises(BackendError, match=r"within 0\.5 s; raise --timeout"):
            ask(opened(server, timeout=0.5, retry=once), ChatRequest(CHAT))
        assert len(server.requests) == 1


def test_all_tries_together_have_a_time_budget(ask: Ask) -> None:
    policy = RetryPolicy(retries=50, total=1.0, least_pause=0.05, growth=0.0)
    with FakeServer(Reply(hang=True)) as server:
        begun = time.monotonic()
        with pytest.raises(BackendError, match="did not finish its answer"):
            ask(opened(server, timeout=0.4, retry=policy), ChatRequest(CHAT))
        assert time.monotonic() - begun < 4
        assert 2 <= len(server.requests) <= 3


def test_nobody_there_is_tried_again_if_the_policy_says_so(ask: Ask) -> None:
    url = f"http://127.0.0.1:{closed_port()}/v1"
    with pytest.raises(BackendError, match=r"cannot be reached .*start it"):
        ask(OpenAIChatModel("toy", url, retry=QUICK), ChatRequest(CHAT))


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_waited_for(ask: Ask, as_date: bool) -> None:
    asked = formatdate(time.time() + 2, usegmt=True) if as_date else "1"
    with FakeServer(failure(429, "slow down", retry_after=asked), completion("yes")) as server:
        assert ask(opened(server), ChatRequest(CHAT)).texts == ("yes",)
    first, second = server.requests
    # The date has whole seconds, so that up to one of the two is lost.
    assert 0.9 <= second["at"] - first["at"] < 4


def test_retry_after_beyond_the_bound_is_told_at_once(ask: Ask) -> None:
    with FakeServer(failure(429, "slow down", retry_after="600"), completion("yes")) as server:
        with pytest.raises(BackendError, match="HTTP 429: slow down; try again in 600 s"):
            ask(opened(server), ChatRequest(CHAT))
        assert len(server.requests) == 1


def refuses_n(body: dict[str, Any]) -> Reply:
    if body.get("n", 1) > 1:
        return failure(400, "n > 1 is not supported")
    return choices(f"seed {body.get('seed')}")


def overlooks_n(body: dict[str, Any]) -> Reply:
    return choices(f"seed {body.get('seed')}")


@pytest.mark.parametrize(("rule", "sent"), [(refuses_n, 4), (overlooks_n, 3)])
def test_several_answers_from_a_server_that_gives_one(ask: Ask, rule: Any, sent: int) -> None:
    with FakeServer(rule) as server:
        model = opened(server, price=Price(1.0, 2.0))
        reply = ask(model, ChatRequest(CHAT, n=3, seed=7))
        assert reply.texts == ("seed 7", "seed 8", "seed 9")
        assert reply.sent == len(server.requests) == sent
        assert reply.tokens == TokenUsage(30, 12)
        assert reply.cost == pytest.approx((30 * 1 + 12 * 2) / 1e6)
        assert [request["body"].get("n") for request in server.requests[1:]] == [None] * (sent - 1)


def test_what_a_server_refuses_is_asked_for_once() -> None:
    with FakeServer(refuses_n) as server, opened(server) as model:
        model.chat(ChatRequest(CHAT, n=2))
        model.chat(ChatRequest(CHAT, n=2))
        assert len(server.requests) == 3 + 2


def test_a_refusal_that_is_not_about_n_teaches_nothing(ask: Ask) -> None:
    with FakeServer(failure(400, "context too long")) as server:
        with pytest.raises(BackendError, match="context too long"):
            ask(opened(server), ChatRequest(CHAT, n=2))
        assert [request["body"].get("n") for request in server.requests] == [2, None]


def test_more_answers_than_asked_for_are_cut(ask: Ask) -> None:
    with FakeServer(choices("a", "b", "c")) as server:
        assert ask(opened(server), ChatRequest(CHAT, n=2)).texts == ("a", "b")


def test_a_server_that_wants_the_new_name_of_the_limit(ask: Ask) -> None:
    def rule(body: dict[str, Any]) -> Reply:
        if "max_tokens" in body:
            return failure(400, "Unsupported parameter: use 'max_completion_tokens' instead")
        return choices(str(body["max_completion_tokens"]))

    with FakeServer(rule) as server:
        assert ask(opened(server), ChatRequest(CHAT, max_tokens=9)).texts == ("9",)
        assert len(server.requests) == 2


def events(*data: str) -> Reply:
    body = "".join(f"data: {each}\n\n" for each in data).encode()
    return Reply(body, 200, {"content-type": "text/event-stream; charset=utf-8"})


STREAM = (
    '{"choices": [{"index": 0, "delta": {"role": "assistant", "reasoning_content": "hm"}}]}',
    '{"choices": [{"index": 0, "delta": {"content": "A gro"}}]}',
    '{"choices": [{"index": 0, "delta": {"content": "up."}, "finish_reason": "length"}]}',
    '{"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3}}',
)


def test_a_server_that_only_streams(ask: Ask) -> None:
    def rule(body: dict[str, Any]) -> Reply:
        return (
            events(*STREAM, "[DONE]") if body.get("stream") else failure(400, "only stream mode is supported")
        )

    with FakeServer(rule) as server:
        reply = ask(opened(server), ChatRequest(CHAT))
        assert len(server.requests) == 2
    assert reply.texts == ("A group.",) and reply.finish_reasons == (Finish.LENGTH,)
    assert reply.choices[0].reasoning == "hm" and reply.tokens == TokenUsage(5, 3)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (STREAM[:2], "not JSON"),
        (('{"choices": [{"ind',), "not JSON"),
        (("[DONE]",), "without choices"),
        ((STREAM[1], '{"error": {"message": "out of memory"}}'), "reported an error: out of memory"),
    ],
)
def test_a_stream_that_breaks_off_is_no_answer(ask: Ask, stream: tuple[str, ...], words: str) -> None:
    with FakeServer(events(*stream)) as server, pytest.raises(BackendError, match=words):
        ask(opened(server), ChatRequest(CHAT))


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": "yes", "reasoning_content": "hm"}, "yes", "hm"),
        ({"content": "yes", "reasoning": "hm"}, "yes", "hm"),
        ({"content": "<think>\nhm\n</think>\n\nyes"}, "yes", "hm"),
        ({"content": "hm\n</think>\n\nyes"}, "yes", "hm"),
        ({"content": 'say "</think>" here'}, 'say "</think>" here', ""),
    ],
)
def test_thoughts_are_kept_apart(ask: Ask, message: dict[str, str], text: str, reasoning: str) -> None:
    with FakeServer(as_json({"choices": [{"message": message}]})) as server:
        reply = ask(opened(server), ChatRequest(CHAT))
    assert (reply.texts, reply.choices[0].reasoning) == ((text,), reasoning)


def test_thoughts_without_an_answer_are_none(ask: Ask) -> None:
    with (
        FakeServer(completion("<think>so let us see", "length")) as server,
        pytest.raises(ModelError, match="token limit before it wrote an answer") as caught,
    ):
        ask(opened(server, price=Price(10, 10)), ChatRequest(CHAT))
    assert caught.value.tokens == TokenUsage(812, 43)
    assert caught.value.cost == pytest.approx(855e-5)


def test_an_empty_answer_among_others_keeps_its_place(ask: Ask) -> None:
    with FakeServer(choices("a", "")) as server:
        assert ask(opened(server), ChatRequest(CHAT, n=2)).texts == ("a", "")


def test_unknown_prices_and_tokens_are_never_zero(ask: Ask) -> None:
    with FakeServer(choices("a", usage=None), choices("a")) as server:
        uncounted = ask(opened(server, price=Price(1, 1)), ChatRequest(CHAT))
        unpriced = ask(opened(server), ChatRequest(CHAT))
    assert uncounted.tokens is None and uncounted.cost is None
    assert unpriced.tokens == TokenUsage(10, 4) and unpriced.cost is None


def test_the_answer_ends_before_a_stop_string_that_the_server_left_in(ask: Ask) -> None:
    with FakeServer(completion("a\n\nUser: b", "length")) as server:
        reply = ask(opened(server), ChatRequest(CHAT, stop=("User:", "\n\n")))
    assert reply.texts == ("a",) and reply.finish_reasons == (Finish.STOP,)


def test_replies_come_in_the_order_of_the_requests() -> None:
    def rule(body: dict[str, Any]) -> Reply:
        number = int(body["messages"][0]["content"])
        return Reply(completion(str(number)).body, slow=0.2 if number % 3 == 0 else 0.0)

    requests = [ChatRequest((Message("user", str(number)),)) for number in range(12)]
    with FakeServer(rule) as server, opened(server) as model:
        replies = model.chat_many(requests, concurrency=6)
    assert [reply.texts[0] for reply in replies] == [str(number) for number in range(12)]


@pytest.mark.parametrize("way", ["threads", "tasks"])
def test_no_more_exchanges_at_once_than_allowed(way: str) -> None:
    lock = threading.Lock()
    active = peak = 0

    def rule(body: dict[str, Any]) -> Reply:
        nonlocal active, peak
        with lock:
            active += 1
            peak = max(peak, active)
        time.sleep(0.1)
        with lock:
            active -= 1
        return completion("yes")

    requests = [ChatRequest(CHAT, seed=number) for number in range(6)]

    async def all_of_them(model: OpenAIChatModel) -> list[ChatReply]:
        return await asyncio.gather(*(model.achat(request) for request in requests))

    with FakeServer(rule) as server, opened(server, concurrency=2) as model:
        replies = model.chat_many(requests, 6) if way == "threads" else asyncio.run(all_of_them(model))
    assert [reply.texts for reply in replies] == [("yes",)] * 6
    assert peak == 2


def test_waiting_for_a_turn_is_not_counted_as_the_servers_time() -> None:
    policy = RetryPolicy(retries=0, total=1.0)
    requests = [ChatRequest(CHAT, seed=number) for number in range(4)]
    with (
        FakeServer(Reply(completion("yes").body, slow=0.4)) as server,
        opened(server, concurrency=1, retry=policy) as model,
    ):
        assert len(model.chat_many(requests, 4)) == 4


def test_outcomes_go_on_past_failures() -> None:
    def rule(body: dict[str, Any]) -> Reply:
        return failure(404, "gone") if body["seed"] == 1 else completion("yes")

    requests = [ChatRequest(CHAT, seed=number) for number in range(4)]
    with FakeServer(rule) as server, opened(server) as model:
        found = dict(model.outcomes(requests, 2))
        with pytest.raises(BackendError, match="gone"):
            model.chat_many(requests, 2)
    assert sorted(found) == [0, 1, 2, 3]
    assert [isinstance(found[number], ChatReply) for number in range(4)] == [True, False, True, True]


def test_it_serves_several_event_loops() -> None:
    with FakeServer(completion("yes")) as server, opened(server) as model:
        for _ in range(2):
            assert asyncio.run(model.achat(ChatRequest(CHAT))).texts == ("yes",)


def test_a_cancelled_task_lets_go_of_its_place() -> None:
    async def scenario(model: OpenAIChatModel) -> tuple[str, ...]:
        task = asyncio.create_task(model.achat(ChatRequest(CHAT)))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return (await model.achat(ChatRequest(CHAT))).texts

    with FakeServer(Reply(hang=True), completion("yes")) as server, opened(server, concurrency=1) as model:
        assert asyncio.run(scenario(model)) == ("yes",)


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"timeout": 0.0}, {"timeout": float("nan")}])
def test_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        OpenAIChatModel("toy", "http://127.0.0.1:9/v1", **options)
