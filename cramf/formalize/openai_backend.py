"""The formalizing backend over an OpenAI-compatible server, with the retries of somebody who waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cramf.formalize.chat_backend import ChatBackend, PlainChat
from cramf.formalize.models.openai_chat import DEFAULT_BASE_URL, DEFAULT_TIMEOUT, OpenAIChatModel
from cramf.formalize.models.retrying import RetryPolicy

__all__ = ["DEFAULT_BASE_URL", "OpenAIBackend", "OpenAIChat"]

OpenAIChat = PlainChat


class OpenAIBackend(ChatBackend):
    """Asks a chat model on a server for a Lean statement; safe to share between threads.

    A timeout and a server that nobody answers for are told at once, not tried again.

    Args:
        model: the model's name on the server.
        base_url: the API's address, mostly ending in `/v1`; else `OPENAI_BASE_URL`, else OpenAI's own.
        api_key: else `OPENAI_API_KEY`; a server of one's own needs none.
        timeout: seconds of wall-clock time that one request may take.
        retries: how often a request is sent again after 429, a server error or a lost connection.
        max_wait: seconds that all pauses between retries may take together; a server that asks for more in
            its `Retry-After` header is not waited for.
        temperature, max_tokens, seed, extra: see `ChatBackend`.

    Raises:
        InputError: where there is neither a key nor an address, or one of the arguments cannot be used.
        ResourceError: where the `openai` package is not installed.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = 2,
        max_wait: float = 60.0,
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        retry = RetryPolicy(retries=retries, max_wait=max_wait, timeouts=False, unreachable=False)
        super().__init__(
            OpenAIChatModel(model, base_url, api_key, timeout=timeout, retry=retry),
            temperature=temperature,
            max_tokens=max_tokens,
            seed=seed,
            extra=extra,
        )
