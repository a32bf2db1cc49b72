"""The disk cache and the accounting around a model."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from cramf.errors import BackendError, ExitCode, InputError, ResourceError
from cramf.formalize.models.accounting import BudgetError, Meter, Price, Prices, Usage
from cramf.formalize.models.chat import ChatReply, ChatRequest, ModelError, request_hash
from cramf.formalize.models.wrapping import CachedModel, MeteredModel
from cramf.formalize.types import TokenUsage
from cramf.retrieval.answer_cache import AnswerCache
from tests.formalize.models.scripted import Scripted, asking


@pytest.fixture
def store(tmp_path: Path) -> AnswerCache:
    return AnswerCache(tmp_path / "answers.sqlite")


@pytest.mark.parametrize(
    ("fields", "policy", "kept"),
    [
        ({"temperature": 0}, "repeatable", True),
        ({"seed": 4}, "repeatable", True),
        ({"seed": 4, "temperature": 1, "n": 3}, "repeatable", True),
        ({}, "repeatable", False),
        ({"temperature": 1}, "repeatable", False),
        ({}, "always", True),
    ],
)
def test_what_is_kept(store: AnswerCache, fields: dict[str, Any], policy: Any, kept: bool) -> None:
    inner = Scripted()
    model = CachedModel(inner, store, policy)
    first = model.chat(asking("a", **fields))
    second = asyncio.run(model.achat(asking("a", **fields)))
    (third,) = model.chat_many([asking("a", **fields)])
    assert len(inner.asked) == (1 if kept else 3)
    assert [reply.cached for reply in (first, second, third)] == [False, kept, kept]
    assert (first.texts == second.texts == third.texts) is kept
    assert second.tokens == first.tokens


def test_another_model_or_request_is_asked(store: AnswerCache) -> None:
    one, other = Scripted(identity="one"), Scripted(identity="other")
    CachedModel(one, store).chat(asking("a", seed=1))
    CachedModel(other, store).chat(asking("a", seed=1))
    CachedModel(one, store).chat(asking("a", seed=1, max_tokens=5))
    assert len(one.asked) == 2 and len(other.asked) == 1


def test_many_are_answered_from_both_and_equal_ones_sent_once(store: AnswerCache) -> None:
    inner = Scripted()
    model = CachedModel(inner, store)
    model.chat(asking("b", seed=1))
    requests = [asking(text, seed=1) for text in "abcab"] + [asking("d"), asking("d")]
    replies = model.chat_many(requests, 2)
    assert [request.messages[0].content for request in inner.asked].count("a") == 1
    assert len(inner.asked) == 1 + 2 + 2
    assert replies[0].texts == replies[3].texts and replies[1].cached and replies[4].cached
    assert replies[5].texts != replies[6].texts
    assert model.chat(asking("c", seed=1)).cached


def test_failures_are_not_kept(store: AnswerCache) -> None:
    def fails_once(request: ChatRequest, call: int) -> str:
        if call == 0:
            raise ModelError("down", "wait")
        return "up"

    model = CachedModel(Scripted(fails_once), store)
    with pytest.raises(BackendError):
        model.chat(asking("a", seed=1))
    assert model.chat(asking("a", seed=1)).texts == ("up",)


def test_what_no_version_can_read_is_asked_for_again(store: AnswerCache) -> None:
    inner = Scripted()
    model = CachedModel(inner, store)
    for text in ("{", "7", '{"choices": []}', json.dumps({**good_reply(), "choices": [["", "stop", ""]]})):
        store.put(request_hash(asking("a", seed=1), "scripted"), text)
        assert not model.chat(asking("a", seed=1)).cached
    assert model.chat(asking("a", seed=1)).cached


def good_reply() -> dict[str, Any]:
    return Scripted().chat(asking("a")).as_json()


def test_a_damaged_file_is_told(store: AnswerCache) -> None:
    model = CachedModel(Scripted(), store)
    model.chat(asking("a", seed=1))
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE answers SET answer = ?", (b"{}",))
    connection.close()
    with pytest.raises(ResourceError, match=r"is damaged: .*delete it"):
        model.chat(asking("a", seed=1))


def test_sums() -> None:
    meter = Meter()
    model = MeteredModel(Scripted(price=Price(1.0, 2.0)), meter)
    model.chat(asking("a", n=2))
    asyncio.run(model.achat(asking("b")))
    model.chat_many([asking("c"), asking("d")])
    each = (10 * 1 + 5 * 2) / 1e6
    assert meter.usage == Usage(4, 0, 0, 4, 40, 20, 0, pytest.approx(4 * each), 0, pytest.approx(2.0))
    assert meter.usage.cost == pytest.approx(4 * each) and meter.usage.tokens == 60


def test_unknown_prices_make_an_unknown_sum() -> None:
    meter = Meter()
    MeteredModel(Scripted(price=Price(1.0, 2.0)), meter).chat(asking("a"))
    assert meter.usage.cost is not None and meter.usage.cost > 0
    MeteredModel(Scripted(), meter).chat(asking("a"))
    assert meter.usage.cost is None and meter.usage.unpriced == 1 and meter.usage.paid > 0


def test_tokens_that_were_not_counted_are_estimated() -> None:
    meter = Meter()
    MeteredModel(Scripted(lambda r, c: "y" * 30, tokens=None), meter).chat(asking("x" * 90))
    assert meter.usage.uncounted == 1
    assert meter.usage.prompt_tokens >= 30 and meter.usage.completion_tokens == 10


def test_failures_are_counted_with_what_they_took() -> None:
    def fail(request: ChatRequest, call: int) -> str:
        error = ModelError("empty", "again")
        error.tokens, error.cost = TokenUsage(7, 3), 0.25
        raise error

    meter = Meter()
    model = MeteredModel(Scripted(fail, price=Price(1, 1)), meter)
    with pytest.raises(BackendError):
        model.chat(asking("a"))
    with pytest.raises(BackendError):
        asyncio.run(model.achat(asking("a")))
    assert meter.usage == Usage(failures=2, prompt_tokens=14, completion_tokens=6, paid=0.5)


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_the_request_that_could_exceed_the_budget_is_not_sent(batch: int, concurrency: int) -> None:
    inner = Scripted(batch=batch)
    # A request reserves 8 + 1 tokens for its prompt and 5 for its answer, and takes 15.
    meter = Meter(max_tokens=60)
    model = MeteredModel(inner, meter)
    outcomes = dict(model.outcomes([asking("abc", max_tokens=5) for _ in range(9)], concurrency))
    replies = [each for each in outcomes.values() if isinstance(each, ChatReply)]
    refused = [each for each in outcomes.values() if isinstance(each, BudgetError)]
    assert len(outcomes) == 9 and len(replies) == len(inner.asked) == 4 and len(refused) == 5
    assert meter.usage.tokens == 60
    assert refused[0].exit_code is ExitCode.BACKEND
    assert "tokens of 60" in str(refused[0]) and "raise the budget" in refused[0].mend
    with pytest.raises(BudgetError):
        model.chat(asking("abc", max_tokens=5))
    assert len(inner.asked) == 4


def test_a_budget_of_money() -> None:
    inner = Scripted(price=Price(0, 1_000_000), tokens=TokenUsage(10, 2))
    model = MeteredModel(inner, Meter(max_cost=5.0))
    for _ in range(2):
        model.chat(asking("a", max_tokens=3))
    with pytest.raises(BudgetError, match=r"\$7\.0000 of \$5\.0000"):
        model.chat(asking("a", max_tokens=3))
    assert len(inner.asked) == 2


def test_without_a_limit_on_answers_their_mean_is_reckoned_with() -> None:
    inner = Scripted(tokens=TokenUsage(9, 100))
    model = MeteredModel(inner, Meter(max_tokens=300))
    model.chat(asking("a"))
    model.chat(asking("a"))
    with pytest.raises(BudgetError):
        model.chat(asking("a"))


def test_whoever_stops_early_frees_what_was_set_aside() -> None:
    meter = Meter(max_tokens=1000)
    model = MeteredModel(Scripted(batch=4), meter)
    outcomes = model.outcomes([asking("a", max_tokens=200) for _ in range(4)])
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert isinstance(meter.reserve(asking("a", max_tokens=900), None).cost, float)


def test_a_limit_on_costs_needs_prices() -> None:
    with pytest.raises(InputError, match=r"price of scripted is not known.*give its prices"):
        MeteredModel(Scripted(), Meter(max_cost=1.0))
    for limits in ({"max_tokens": -1}, {"max_cost": float("nan")}):
        with pytest.raises(InputError, match="budget"):
            Meter(**limits)  # type: ignore[arg-type]


def test_answers_from_the_cache_cost_nothing_and_pass_the_budget(store: AnswerCache) -> None:
    meter = Meter(max_tokens=20)
    model = CachedModel(MeteredModel(Scripted(), meter), store, meter=meter)
    for _ in range(5):
        model.chat(asking("a", seed=1, max_tokens=5))
    with pytest.raises(BudgetError):
        model.chat(asking("b", seed=1, max_tokens=5))
    assert meter.usage.cached == 4 and meter.usage.replies == 1 and meter.usage.tokens == 15


def test_prices_by_name(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    rows = {"m": (1, 2), "m*": (3, 4), "m-large*": (5, 6.5)}
    path.write_text(json.dumps({name: {"prompt": p, "completion": c} for name, (p, c) in rows.items()}))
    prices = Prices.load(path)
    assert prices.of("m") == Price(1, 2) and prices.of("mini") == Price(3, 4)
    assert prices.of("m-large-2") == Price(5, 6.5) and prices.of("other") is None
    assert Price(1, 2).cost(TokenUsage(1_000_000, 500_000)) == 2.0 and Price(1, 2).cost(None) is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"m": 3}',
        '{"m": {"prompt": 1}}',
        '{"m": {"prompt": 1, "completion": "2"}}',
        '{"m": {"prompt": true, "completion": 1}}',
        '{"m": {"prompt": -1, "completion": 1}}',
        '{"m": {"prompt": NaN, "completion": 1}}',
    ],
)
def test_tables_of_prices_that_are_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        Prices.load(path)
    assert "million tokens" in str(caught.value)
