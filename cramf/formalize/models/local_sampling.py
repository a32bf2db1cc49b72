"""How a local model draws its tokens.

All drawing goes through Gumbel noise: the likeliest token after noise was added to the scores is distributed
as a token drawn by probability. Each row has a noise generator of its own, so that what is drawn for it does
not depend on the other rows of its batch, as it would with the one generator that `generate` draws with.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cramf.errors import InputError
from cramf.formalize.models.chat import ChatRequest

__all__ = ["Sampling", "generation_config", "processors", "sampling_of"]

_EXTRA: Final = ("top_k", "min_p", "repetition_penalty", "chat_template_kwargs")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn; a temperature of 0 takes the likeliest each time."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0


def sampling_of(request: ChatRequest, own: Any) -> Sampling:
    """What a request asks for; `own` is the model's generation config, which decides what is left open.

    Raises:
        InputError: for an extra parameter that is not known here, or a value that cannot be used.
    """
    if unknown := sorted(set(request.extra) - set(_EXTRA)):
        raise InputError(
            f"a local model knows no parameter {unknown[0]!a}", f"known are: {', '.join(_EXTRA)}"
        )
    penalty = _number(request, "repetition_penalty", getattr(own, "repetition_penalty", None) or 1.0)
    if penalty <= 0:
        raise InputError("repetition_penalty is not positive", "give 1 for none")
    temperature = request.temperature
    if temperature is None:
        samples = bool(getattr(own, "do_sample", False)) or request.seed is not None
        temperature = (getattr(own, "temperature", None) or 1.0) if samples else 0.0
    if temperature == 0:
        return Sampling(repetition_penalty=penalty)
    # What the model's own config says is for its own way of sampling; a request may ask for another.
    own_way = bool(getattr(own, "do_sample", False))
    top_p = request.top_p if request.top_p is not None else own_way and getattr(own, "top_p", None)
    top_k = _number(request, "top_k", (own_way and getattr(own, "top_k", None)) or 0)
    min_p = _number(request, "min_p", (own_way and getattr(own, "min_p", None)) or 0.0)
    if top_k < 0 or top_k != int(top_k) or not 0 <= min_p <= 1:
        raise InputError("top_k or min_p cannot be used", "give a number of tokens, and a share up to 1")
    return Sampling(float(temperature), float(top_p or 1.0), int(top_k), min_p, penalty)


def _number(request: ChatRequest, name: str, default: float) -> float:
    value = request.extra.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} is no number", "give one")
    return float(value)


def generation_config(own: Any, sampling: Sampling, longest: int, stop: tuple[str, ...], pad: int) -> Any:
    """The model's own config with what a batch asks for in it; drawing is left to `processors`."""
    config = copy.deepcopy(own)
    config.do_sample, config.num_beams, config.num_return_sequences = False, 1, 1
    # Set, they would be warned of, since `generate` itself does not sample.
    config.temperature = config.top_p = config.top_k = config.min_p = config.typical_p = None
    config.repetition_penalty = sampling.repetition_penalty
    config.max_new_tokens, config.max_length = longest, None
    config.stop_strings = list(stop) or None
    config.pad_token_id = pad
    return config


def processors(sampling: Sampling, seeds: Sequence[int], device: str) -> Any:
    """What `generate` puts the scores of each next token through, one seed a row."""
    import torch
    import transformers

    steps = transformers.LogitsProcessorList()
    if sampling.temperature == 0:
        return steps
    generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def drawn(_: Any, scores: Any) -> Any:
        noise = torch.empty_like(scores, dtype=torch.float32)
        for row, generator in zip(noise, generators, strict=True):
            row.exponential_(generator=generator)
        # Zero would be noise without bound, which no score could outweigh.
        return scores - noise.clamp_min(1e-30).log()

    steps.append(transformers.TemperatureLogitsWarper(sampling.temperature))
    if sampling.top_k:
        steps.append(transformers.TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        steps.append(transformers.TopPLogitsWarper(sampling.top_p))
    if sampling.min_p:
        steps.append(transformers.MinPLogitsWarper(sampling.min_p))
    steps.append(drawn)
    return steps
