"""The language model that `--llm` names, and the options that say how it is asked."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cramf.environment import OPENAI_API_KEY, PRICES, variable
from cramf.errors import InputError
from cramf.formalize.models.opening import SPECS, ModelOptions, check_spec, open_model

if TYPE_CHECKING:
    from cramf.formalize.chat_backend import ChatBackend
    from cramf.formalize.models.accounting import Meter

__all__ = ["DEFAULT_TIMEOUT", "LLM_KINDS", "ModelChoices", "model_options", "open_backend", "opening_options"]

LLM_KINDS = SPECS
DEFAULT_TIMEOUT = 120.0

_ONLY: Final = {
    "base_url": ("openai", "with a server", "openai:MODEL"),
    "api_key_env": ("openai", "with a server", "openai:MODEL"),
    "device": ("local", "with a local model", "local:PATH"),
    "dtype": ("local", "with a local model", "local:PATH"),
}
"""Options that one kind of model alone understands."""

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class ModelChoices:
    """What the options of a language model say, None where one was not given; names are the options'."""

    base_url: str | None = None
    api_key_env: str | None = None
    timeout: float | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    budget_tokens: int | None = None
    budget_cost: float | None = None
    prices: Path | None = None
    cache: Path | None = None
    record: Path | None = None
    device: str | None = None
    dtype: str | None = None

    def refuse(self) -> None:
        """Refuse every option, there being no language model.

        Raises:
            InputError: where one was given.
        """
        for field in fields(self):
            if getattr(self, field.name) is not None:
                option = f"--{field.name.replace('_', '-')}"
                raise InputError(f"{option} is of use only with a language model", f"add --llm {LLM_KINDS}")

    def meter(self) -> Meter:
        """What sums up the tokens and the cost, and holds both to the budget."""
        from cramf.formalize.models.accounting import Meter

        return Meter(self.budget_tokens, self.budget_cost)


def _number(low: float, high: float, what: str) -> Callable[..., float | None]:
    def check(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
        if value is not None and not (math.isfinite(value) and low <= value <= high and value >= 0):
            raise click.BadParameter(f"{value} is not {what}.")
        return value

    return check


def model_options(command: Command) -> Command:
    """Options of a language model; the command gets them as one `ModelChoices` named `choices`."""

    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> Any:
        choices = ModelChoices(**{field.name: given.pop(field.name) for field in fields(ModelChoices)})
        return command(*args, choices=choices, **given)

    path = click.Path(path_type=Path)
    positive = click.IntRange(1)
    seconds = _number(1e-3, 86_400, "a number of seconds up to 86400")
    for option in reversed(
        (
            click.option("--base-url", metavar="URL", help="Address of the server's OpenAI-compatible API."),
            click.option(
                "--api-key-env",
                metavar="VAR",
                help=f"Environment variable of the key, {OPENAI_API_KEY} if none.",
            ),
            click.option(
                "--timeout",
                type=float,
                callback=seconds,
                metavar="S",
                help=f"Seconds that one request may take ({DEFAULT_TIMEOUT:g} with a server).",
            ),
            click.option(
                "--temperature",
                type=float,
                callback=_number(0, 2, "a temperature from 0 to 2"),
                metavar="T",
                help="Of the sampling; else the model's own, and 0.7 where --n asks for several.",
            ),
            click.option("--max-tokens", type=positive, metavar="N", help="Most tokens of one answer."),
            click.option(
                "--budget-tokens",
                type=positive,
                metavar="N",
                help="Most tokens of the run, prompts included.",
            ),
            click.option(
                "--budget-cost",
                type=float,
                callback=_number(0, 1e6, "a number of US dollars"),
                metavar="USD",
                help="Most US dollars of the run; needs the model's price.",
            ),
            click.option("--prices", type=path, metavar="FILE", help=f"JSON of prices, else {PRICES}."),
            click.option(
                "--cache", type=path, metavar="FILE", help="Keep answers, and take them from there."
            ),
            click.option(
                "--record", type=path, metavar="FILE", help="Append all exchanges, for replay:FILE."
            ),
            click.option("--device", metavar="NAME", help="Of a local model: cpu, cuda, cuda:1 (auto)."),
            click.option("--dtype", metavar="NAME", help="Of a local model: float32, bfloat16 (auto)."),
        )
    ):
        wrapped = option(wrapped)
    return wrapped


def open_backend(
    spec: str,
    base_url: str | None = None,
    api_key_env: str | None = None,
    timeout: float | None = None,
    *,
    choices: ModelChoices | None = None,
    meter: Meter | None = None,
    patient: bool = False,
) -> ChatBackend:
    """The backend of a specification such as `openai:qwen3`, `local:~/models/qwen3` or `replay:run.jsonl`.

    `choices` say more than the three arguments before it, and stand in their place. With `patient` a server
    that times out or cannot be reached is tried again, as befits a run that nobody waits for.

    Raises:
        InputError: where the kind is not known, an option is not for it, or the key's variable is not set.
        ResourceError: where the `openai` package is missing, or the local model cannot be loaded.
    """
    choices = choices or ModelChoices(base_url, api_key_env, timeout)
    options = opening_options(spec, choices, patient)
    from cramf.formalize.chat_backend import ChatBackend

    model = open_model(spec, options, meter)
    return ChatBackend(model, temperature=choices.temperature, max_tokens=choices.max_tokens)


def opening_options(spec: str, choices: ModelChoices, patient: bool = False) -> ModelOptions:
    """How the model of a specification is to be opened; `patient` as for `open_backend`.

    Raises:
        InputError: where the kind is not known, an option is not for it, or the key's variable is not set.
    """
    kind, _ = check_spec(spec)
    for option, (own, what, instead) in _ONLY.items():
        if kind != own and getattr(choices, option) is not None:
            raise InputError(
                f"--{option.replace('_', '-')} is of use only {what}", f"leave it out, or take {instead}"
            )
    from cramf.formalize.models.retrying import RetryPolicy

    waiting = RetryPolicy(retries=2, max_wait=60.0, timeouts=False, unreachable=False)
    options: dict[str, Any] = {
        "base_url": choices.base_url,
        "api_key": _key(choices.api_key_env),
        "timeout": choices.timeout or (DEFAULT_TIMEOUT if kind == "openai" else None),
        "retry": None if patient else waiting,
        "prices": choices.prices,
        "cache": choices.cache,
        "record": choices.record,
    }
    for name in ("device", "dtype", "max_tokens"):
        if getattr(choices, name) is not None:
            options[name] = getattr(choices, name)
    return ModelOptions(**options)


def _key(name: str | None) -> str | None:
    """The key in the variable of that name."""
    if name is None:
        return None
    # Only the variable's own name is taken as such, lest a key given by mistake be shown.
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise InputError(
            "--api-key-env takes the name of a variable", f"as in --api-key-env {OPENAI_API_KEY}"
        )
    key = variable(name)
    if key is None:
        raise InputError("the variable that --api-key-env names is not set", "set it to the key")
    return key
