"""The language model that `--llm` names, for the commands that may ask one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cramf.environment import OPENAI_API_KEY, variable
from cramf.errors import InputError

if TYPE_CHECKING:
    from cramf.formalize.openai_backend import OpenAIBackend

__all__ = ["DEFAULT_TIMEOUT", "LLM_KINDS", "openai_backend"]

LLM_KINDS = "openai:MODEL"
DEFAULT_TIMEOUT = 120.0


def openai_backend(
    spec: str, base_url: str | None = None, api_key_env: str | None = None, timeout: float | None = None
) -> OpenAIBackend:
    """The backend of a specification such as `openai:qwen3`.

    Raises:
        InputError: where the kind is not known or the variable of the key is not set.
        ResourceError: where the `openai` package is missing.
    """
    kind, colon, model = spec.partition(":")
    if kind != "openai" or not colon or not model.strip():
        raise InputError(f"unknown language model {spec!a}", f"known are: {LLM_KINDS}")
    key = None
    if api_key_env is not None:
        # Only the variable's own name is taken as such, lest a key given by mistake be shown.
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", api_key_env):
            raise InputError(
                "--api-key-env takes the name of a variable", f"as in --api-key-env {OPENAI_API_KEY}"
            )
        key = variable(api_key_env)
        if key is None:
            raise InputError("the variable that --api-key-env names is not set", "set it to the key")
    from cramf.formalize.openai_backend import OpenAIBackend

    return OpenAIBackend(model, base_url=base_url, api_key=key, timeout=timeout or DEFAULT_TIMEOUT)
