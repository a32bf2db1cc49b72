"""A chat as the tokens that a local model reads: by its own template, or as plain text where it has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cramf.errors import InputError
from cramf.formalize.models.chat import Message, ModelError

__all__ = ["PLAIN_STOP", "plain_prompt", "prompt_ids"]

PLAIN_STOP: Final = "\n\nUser:"
"""Where an answer to a plain prompt ends, since the model goes on with the user's part otherwise."""
_NAMES: Final = {"system": "System", "developer": "System", "user": "User", "assistant": "Assistant"}


def prompt_ids(
    tokenizer: Any, messages: Sequence[Message], template_options: object, model: str
) -> tuple[list[int], bool]:
    """The tokens of a chat, and whether it was written as plain text for want of a template.

    A chat that ends in a message of the assistant is to be gone on with. A template that knows no system
    message gets it at the head of the first message of the user.

    Raises:
        InputError: where the options are no mapping.
        ModelError: where the template does not take the chat.
    """
    if not isinstance(template_options, Mapping):
        raise InputError("chat_template_kwargs is no mapping", "give names and values")
    if not getattr(tokenizer, "chat_template", None):
        return list(tokenizer(plain_prompt(messages))["input_ids"]), True
    chat = [{"role": message.role, "content": message.content} for message in messages]
    goes_on = messages[-1].role == "assistant"
    options = {**template_options, "add_generation_prompt": not goes_on, "continue_final_message": goes_on}
    reason = ""
    for variant in (chat, _without_system(chat)):
        try:
            text = tokenizer.apply_chat_template(variant, tokenize=False, **options)
        except Exception as error:  # noqa: BLE001 - templates are programs and raise what they like
            reason = reason or f"{type(error).__name__}: {str(error).strip()[:200]}"
        else:
            # The template has written the special tokens already.
            return list(tokenizer(text, add_special_tokens=False)["input_ids"]), False
    raise ModelError(f"the chat template of {model} does not take the messages ({reason})", "check them")


def _without_system(chat: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    system = [each["content"] for each in chat if each["role"] in ("system", "developer")]
    rest = [dict(each) for each in chat if each["role"] not in ("system", "developer")]
    if rest and system:
        rest[0]["content"] = "\n\n".join((*system, rest[0]["content"]))
    return rest


def plain_prompt(messages: Sequence[Message]) -> str:
    """A chat as plain text, up to where the answer begins."""
    parts = [f"{_NAMES[message.role]}: {message.content}" for message in messages]
    if messages[-1].role != "assistant":
        parts.append("Assistant:")
    return "\n\n".join(parts)
