"""Chat models by specification: `openai:MODEL`, `local:PATH`, `replay:FILE`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cramf.environment import PRICES, variable
from cramf.errors import InputError
from cramf.formalize.models.accounting import Meter, Price, Prices
from cramf.formalize.models.chat import ChatModel
from cramf.formalize.models.retrying import RetryPolicy
from cramf.formalize.models.wrapping import CachedModel, CachePolicy, MeteredModel

__all__ = ["SPECS", "ModelOptions", "check_spec", "open_model"]

SPECS: Final = "openai:MODEL, local:PATH, replay:FILE"
"""The specifications that are known, for messages and help texts."""


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """How a model is to be opened; each option says which kind it is for.

    Args:
        base_url, api_key, retry, concurrency: servers, see `OpenAIChatModel`.
        timeout: seconds for one exchange with a server or one batch of a local model; None for the default.
        dtype, device, batch, max_tokens: local models, see `LocalChatModel`.
        recorded: recordings of several models, see `ReplayModel`.
        price: what tokens cost; else the model's in `prices`, else in the file that `CRAMF_PRICES` names.
        cache: file in which answers are kept, None for none.
        cache_policy: see `CachedModel`.
        record: file to which all exchanges are appended, with answers from the cache among them.
    """

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout: float | None = None
    retry: RetryPolicy | None = None
    concurrency: int = 64
    dtype: str = "auto"
    device: str = "auto"
    batch: int = 8
    max_tokens: int = 2048
    recorded: str | None = None
    price: Price | None = None
    prices: Path | None = None
    cache: Path | None = None
    cache_policy: CachePolicy = "repeatable"
    record: Path | None = None


def check_spec(spec: str) -> tuple[str, str]:
    """The kind of a specification, and what stands after it.

    Raises:
        InputError: where it is of no known kind.
    """
    kind, colon, rest = spec.partition(":")
    if kind not in ("openai", "local", "replay") or not colon or not rest.strip():
        raise InputError(f"unknown language model {spec!a}", f"known are: {SPECS}")
    return kind, rest.strip()


def open_model(spec: str, options: ModelOptions | None = None, meter: Meter | None = None) -> ChatModel:
    """The chat model of a specification, with the cache, the recording and the accounting asked for.

    `meter` sums what it takes and may be shared by several models, as one budget for all of them.

    Raises:
        InputError: where the specification is of no known kind, or an option cannot be used.
        ResourceError: where a package, a model or a file that it needs is missing or cannot be used.
    """
    options = options or ModelOptions()
    kind, rest = check_spec(spec)
    model = _opened(kind, rest, options)
    if meter is not None:
        model = MeteredModel(model, meter)
    if options.cache is not None and kind != "replay":
        from cramf.retrieval.answer_cache import AnswerCache

        model = CachedModel(model, AnswerCache(options.cache), options.cache_policy, meter)
    if options.record is not None:
        from cramf.formalize.models.replay import RecordingModel

        model = RecordingModel(model, options.record)
    return model


def _opened(kind: str, rest: str, options: ModelOptions) -> ChatModel:
    if kind == "replay":
        from cramf.formalize.models.replay import ReplayModel

        return ReplayModel(Path(rest).expanduser(), options.recorded)
    price = options.price or _listed(options.prices, rest)
    if kind == "local":
        from cramf.formalize.models.local import LocalChatModel

        return LocalChatModel(
            rest,
            dtype=options.dtype,
            device=options.device,
            batch=options.batch,
            max_tokens=options.max_tokens,
            timeout=options.timeout,
            price=price,
        )
    from cramf.formalize.models.openai_chat import DEFAULT_TIMEOUT, OpenAIChatModel

    return OpenAIChatModel(
        rest,
        options.base_url,
        options.api_key,
        timeout=options.timeout or DEFAULT_TIMEOUT,
        retry=options.retry,
        concurrency=options.concurrency,
        price=price,
    )


def _listed(table: Path | None, model: str) -> Price | None:
    named = variable(PRICES)
    table = table or (Path(named).expanduser() if named else None)
    return Prices.load(table).of(model) if table else None
