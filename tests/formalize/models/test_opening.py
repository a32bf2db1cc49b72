"""Specifications of models, with all that can be put around them; and the backend over any of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cramf.cli.language_model import open_backend
from cramf.errors import BackendError, InputError
from cramf.formalize.chat_backend import ChatBackend, PlainChat
from cramf.formalize.models.accounting import Meter, Price
from cramf.formalize.models.chat import ChatRequest, Message
from cramf.formalize.models.opening import ModelOptions, open_model
from cramf.formalize.models.replay import NotRecordedError
from cramf.formalize.types import Backend, Request
from cramf.retrieval.model_reading import ChatModel as ReadingModel
from tests.formalize.fake_server import GOOD_REPLY, FakeServer, completion
from tests.formalize.models.scripted import Scripted, asking

REQUEST = Request(
    "Every prime greater than two is odd.", "prime_odd", toolchain="v4.9.0", mathlib_commit="abc"
)
CHAT = ({"role": "system", "content": "Read."}, {"role": "user", "content": "a"})


@pytest.mark.parametrize("spec", ["", "openai", "openai:", "local: ", "gpt-4", "vllm:x", "replay"])
def test_unknown_specifications(spec: str) -> None:
    with pytest.raises(InputError, match="known are: openai:MODEL, local:PATH, replay:FILE"):
        open_model(spec)


def test_everything_together(tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text('{"toy*": {"prompt": 1, "completion": 1}}')
    meter = Meter(max_cost=1.0)
    with FakeServer(completion("yes")) as server:
        options = ModelOptions(
            base_url=server.url,
            cache=tmp_path / "answers.sqlite",
            record=tmp_path / "run.jsonl",
            prices=prices,
        )
        with open_model("openai:toy-1", options, meter) as model:
            assert model.name == "openai:toy-1" and model.identity == f"openai:toy-1@{server.url}"
            replies = [model.chat(asking("a", temperature=0, max_tokens=50)) for _ in range(3)]
        assert len(server.requests) == 1
    assert [reply.cached for reply in replies] == [False, True, True]
    assert meter.usage.cost == pytest.approx(855e-6) and meter.usage.cached == 2
    with open_model(f"replay:{tmp_path / 'run.jsonl'}") as replay:
        assert replay.chat(asking("a", temperature=0, max_tokens=50)).texts == ("yes",)
        with pytest.raises(NotRecordedError):
            replay.chat(asking("a"))


def test_prices_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text('{"toy": {"prompt": 1, "completion": 2}}')
    monkeypatch.setenv("CRAMF_PRICES", str(prices))
    here = ModelOptions(base_url="http://127.0.0.1:9/v1")
    assert open_model("openai:toy", here).price == Price(1, 2)
    assert open_model("openai:other", here).price is None


def test_a_local_model_by_its_folder(tiny_model: Path) -> None:
    options = ModelOptions(device="cpu", max_tokens=5, price=Price(0, 0))
    with open_model(f"local:{tiny_model}", options) as model:
        reply = model.chat(asking("a", temperature=0))
    assert reply.tokens is not None and reply.tokens.completion == 5 and reply.cost == 0.0


def test_the_backend_writes_lean_by_any_model(tmp_path: Path) -> None:
    backend = ChatBackend(Scripted(lambda request, call: GOOD_REPLY), temperature=0, max_tokens=100)
    assert isinstance(backend, Backend) and backend.name == "scripted"
    draft = backend.draft(REQUEST)
    assert draft.candidate is not None and "theorem prime_odd" in draft.candidate.statement
    assert draft.tokens is not None and draft.tokens.completion == 5
    model = backend.model
    assert isinstance(model, Scripted)
    assert model.asked[0].temperature == 0 and model.asked[0].max_tokens == 100
    assert [message.role for message in model.asked[0].messages] == ["system", "user"]


def test_prose_names_the_model_that_sent_it() -> None:
    backend = ChatBackend(Scripted(lambda request, call: "It is true.", identity="local:m#1"))
    with pytest.raises(BackendError, match="the language model local:m#1 sent an answer that is not Lean"):
        backend.draft(REQUEST)


def test_a_recorded_run_is_drafted_again_without_the_model(tmp_path: Path) -> None:
    record = tmp_path / "run.jsonl"
    with FakeServer(completion()) as server:
        options = ModelOptions(base_url=server.url, record=record)
        first = ChatBackend(open_model("openai:toy", options)).draft(REQUEST)
    again = open_backend(f"replay:{record}").draft(REQUEST)
    assert again.candidate == first.candidate and again.tokens == first.tokens
    assert again.backend == f"replay:{record}"


def test_plain_chat_is_what_the_reading_of_queries_asks() -> None:
    model: ReadingModel = PlainChat(ChatBackend(Scripted(lambda request, call: "yes", identity="who")))
    assert model.name == "who" and model.ask(CHAT) == "yes"


def test_the_command_line_opens_every_kind(tiny_model: Path, tmp_path: Path) -> None:
    backend = open_backend(f"local:{tiny_model}")
    assert backend.name == f"local:{tiny_model}"
    assert backend.model.chat(ChatRequest((Message("user", "a"),), temperature=0, max_tokens=3)).texts[0]
    with FakeServer(completion("yes")) as server:
        assert PlainChat(open_backend("openai:toy", server.url)).ask(CHAT) == "yes"
    for options in ({"base_url": "http://127.0.0.1:9/v1"}, {"api_key_env": "KEY"}):
        with pytest.raises(InputError, match="of use only with a server"):
            open_backend(f"local:{tiny_model}", **options)
