"""A causal language model of `transformers` on this machine."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from cramf.errors import BackendError, InputError, ResourceError
from cramf.formalize.models.accounting import Price
from cramf.formalize.models.chat import (
    BaseChatModel,
    ChatReply,
    ChatRequest,
    Choice,
    EmptyAnswerError,
    Finish,
    ModelError,
    split_reasoning,
)
from cramf.formalize.models.local_batches import Batch, Row, batches
from cramf.formalize.models.local_prompt import PLAIN_STOP, prompt_ids
from cramf.formalize.models.local_sampling import generation_config, processors, sampling_of
from cramf.formalize.types import TokenUsage

__all__ = ["DTYPES", "LocalChatModel"]

DTYPES: Final = ("auto", "float32", "bfloat16", "float16")
_HASHED: Final = 1 << 24
"""Bytes up to which a file of the model is told by its content, else by size and time."""
_DEVICE: Final = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
_MEMORY: Final = re.compile(r"out of memory|can't allocate memory", re.IGNORECASE)


class LocalChatModel(BaseChatModel):
    """A model from a folder, or from the hub by its name; threads may share it and take turns.

    Requests are answered in batches, padded on the left. What is drawn for a seeded request does not depend
    on what else is in its batch, but for rounding. A temperature that a request leaves open is the model's
    own. Code that comes with a model is never run.

    Args:
        model: folder that `save_pretrained` wrote, or a name on the hub.
        dtype: one of `DTYPES`; `auto` is that of the weights.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; `auto` is the first GPU that there is, else the CPU.
        batch: the most answers that are worked at together; fewer are where memory does not suffice.
        max_tokens: the limit on the tokens of an answer where a request sets none.
        timeout: seconds that a batch may take, None for as long as it takes.
        price: what its tokens cost, None where that is not known.

    Raises:
        InputError: where an argument cannot be used, or the folder holds no model.
        ResourceError: where the model cannot be loaded whole.
    """

    def __init__(
        self,
        model: str,
        *,
        dtype: str = "auto",
        device: str = "auto",
        batch: int = 8,
        max_tokens: int = 2048,
        timeout: float | None = None,
        price: Price | None = None,
    ) -> None:
        if dtype not in DTYPES:
            raise InputError(f"unknown dtype {dtype!a}", f"known are: {', '.join(DTYPES)}")
        if not _DEVICE.fullmatch(device):
            raise InputError(f"unknown device {device!a}", "give auto, cpu, cuda, cuda:N or mps")
        if batch < 1 or max_tokens < 1 or (timeout is not None and not timeout > 0):
            raise InputError("batch, max_tokens and timeout must be positive", "give 1 or more")
        folder = _folder(model)
        self._label = model
        self._batch, self._max_tokens, self._timeout, self._price = batch, max_tokens, timeout, price
        self._lock = threading.Lock()
        self._device = _device(device)
        self._model, self._tokenizer = _loaded(str(folder or model), dtype, self._device)
        files = _fingerprint(folder) if folder else str(getattr(self._model.config, "_commit_hash", ""))[:16]
        weights = str(self._model.dtype).removeprefix("torch.")
        self._identity = f"local:{model}#{files}/{weights}/{self._device.partition(':')[0]}"
        eos = self._model.generation_config.eos_token_id
        own = self._tokenizer.eos_token_id
        ends = [*(eos if isinstance(eos, list) else [eos]), own]
        self._ends = frozenset(end for end in ends if end is not None)
        pad = self._tokenizer.pad_token_id
        self._pad: int = pad if pad is not None else min(self._ends, default=0)

    @property
    def name(self) -> str:
        return f"local:{self._label}"

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def price(self) -> Price | None:
        return self._price

    @property
    def batch(self) -> int:
        return self._batch

    def __repr__(self) -> str:
        return f"LocalChatModel({self._label!r}, device={self._device!r})"

    def chat(self, request: ChatRequest) -> ChatReply:
        ((_, outcome),) = self.outcomes([request])
        if isinstance(outcome, BackendError):
            raise outcome
        return outcome

    def outcomes(
        self, requests: Sequence[ChatRequest], concurrency: int = 4
    ) -> Iterator[tuple[int, ChatReply | BackendError]]:
        """As everywhere; `concurrency` says nothing here, `batch` does."""
        rows: list[Row] = []
        prompts: dict[int, int] = {}
        for index, request in enumerate(requests):
            try:
                mine = self._rows(index, request)
            except ModelError as error:
                yield index, error
                continue
            prompts[index] = len(mine[0].ids)
            rows += mine
        missing = {index: sum(row.request == index for row in rows) for index in prompts}
        done: dict[int, dict[int, tuple[Choice, int]]] = {index: {} for index in prompts}
        seconds = dict.fromkeys(prompts, 0.0)
        failed: set[int] = set()
        for batch in batches(rows, self._batch):
            left = [row for row in batch.rows if row.request not in failed]
            if not left:
                continue
            started = time.monotonic()
            try:
                choices = self._answered(Batch(batch.settings, tuple(left)))
            except ModelError as error:
                for index in dict.fromkeys(row.request for row in left):
                    failed.add(index)
                    yield index, error
                continue
            took = time.monotonic() - started
            for row, choice in zip(left, choices, strict=True):
                done[row.request][row.choice] = choice
                seconds[row.request] += took / len(left)
            for index in dict.fromkeys(row.request for row in left):
                if len(done[index]) == missing[index]:
                    yield index, self._reply(requests[index], done[index], prompts[index], seconds[index])

    def close(self) -> None:
        with self._lock:
            self._model = None
        if self._device.startswith("cuda"):
            import torch

            torch.cuda.empty_cache()

    def _rows(self, index: int, request: ChatRequest) -> list[Row]:
        """A row for each answer wanted; greedy answers are all the same, so that one row does for them."""
        if self._model is None:
            raise ModelError(f"the language model {self.name} was closed", "open it again")
        if request.model not in ("", self._label):
            raise InputError(f"{self.name} cannot answer for {request.model!a}", "open that model")
        sampling = sampling_of(request, self._model.generation_config)
        template = request.extra.get("chat_template_kwargs", {})
        ids, plain = prompt_ids(self._tokenizer, request.messages, template, self.name)
        context = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        longest = request.max_tokens or self._max_tokens
        if context is not None:
            if len(ids) >= context:
                raise ModelError(
                    f"the prompt has {len(ids):,} tokens, the context of {self.name} only {context:,}",
                    "shorten it, or take a model with a longer context",
                )
            longest = min(longest, context - len(ids))
        stop = (*request.stop, PLAIN_STOP) if plain else request.stop
        settings = (sampling, longest, stop)
        count = 1 if sampling.temperature == 0 else request.n
        return [
            Row(index, choice, tuple(ids), settings, _seed(request.seed, choice)) for choice in range(count)
        ]

    def _reply(
        self, request: ChatRequest, done: dict[int, tuple[Choice, int]], prompt: int, seconds: float
    ) -> ChatReply | ModelError:
        written = [done[number] for number in sorted(done)]
        tokens = TokenUsage(prompt, sum(count for _, count in written))
        cost = self._price.cost(tokens) if self._price else None
        choices = [choice for choice, _ in written]
        choices += choices[:1] * (request.n - len(choices))
        if not any(choice.text.strip() for choice in choices):
            cut_off = choices[0].finish is Finish.LENGTH
            what = "stopped at its token limit before it wrote an answer" if cut_off else "wrote no text"
            mend = "raise max_tokens" if cut_off else "try another model or another temperature"
            error = EmptyAnswerError(f"the language model {self.name} {what}", mend)
            error.tokens, error.cost, error.finish = tokens, cost, choices[0].finish
            return error
        return ChatReply(self._identity, tuple(choices), tokens, cost, seconds)

    def _answered(self, batch: Batch) -> list[tuple[Choice, int]]:
        """An answer and its number of tokens for each row; halves are tried where memory does not suffice."""
        try:
            with self._lock:
                if self._model is None:
                    raise ModelError(f"the language model {self.name} was closed", "open it again")
                return self._generated(batch)
        except (RuntimeError, MemoryError) as error:
            # On a GPU it is a class of its own below RuntimeError, on a CPU nothing but words.
            if isinstance(error, RuntimeError) and not _MEMORY.search(str(error)):
                raise
        if len(batch.rows) == 1:
            raise ModelError(
                f"{self._device} has not the memory for a prompt of {len(batch.rows[0].ids):,} tokens",
                "shorten it, or take a smaller model or dtype",
            )
        if self._device.startswith("cuda"):
            import torch

            torch.cuda.empty_cache()
        middle = len(batch.rows) // 2
        halves = (batch.rows[:middle], batch.rows[middle:])
        return [each for half in halves for each in self._answered(Batch(batch.settings, half))]

    def _generated(self, batch: Batch) -> list[tuple[Choice, int]]:
        import torch

        sampling, longest, stop = batch.settings
        width = max(len(row.ids) for row in batch.rows)
        padded = [[self._pad] * (width - len(row.ids)) + list(row.ids) for row in batch.rows]
        mask = [[0] * (width - len(row.ids)) + [1] * len(row.ids) for row in batch.rows]
        config = generation_config(self._model.generation_config, sampling, longest, stop, self._pad)
        config.max_time = self._timeout
        started = time.monotonic()
        with torch.inference_mode():
            output = self._model.generate(
                input_ids=torch.tensor(padded, device=self._device),
                attention_mask=torch.tensor(mask, device=self._device),
                generation_config=config,
                logits_processor=processors(sampling, [row.seed for row in batch.rows], self._device),
                tokenizer=self._tokenizer if stop else None,
            )
        late = self._timeout is not None and time.monotonic() - started >= self._timeout
        written = [self._read(row[width:].tolist(), longest, stop, late) for row in output]
        if any(each is None for each in written):
            raise ModelError(
                f"{self.name} did not finish its answers within {self._timeout:g} s",
                "raise the timeout, or lower max_tokens or the batch",
            )
        return [each for each in written if each is not None]

    def _read(
        self, ids: list[int], longest: int, stop: tuple[str, ...], late: bool
    ) -> tuple[Choice, int] | None:
        """A row's answer and its tokens; None where time was up before it ended."""
        end = next((at for at, token in enumerate(ids) if token in self._ends), None)
        ended = end is not None
        kept = ids if end is None else ids[:end]
        text = self._tokenizer.decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        found = [text.find(each) for each in stop if each in text]
        if found:
            text, ended = text[: min(found)], True
            while kept and kept[-1] == self._pad:
                kept = kept[:-1]
        if not ended and len(ids) < longest and late:
            return None
        finish = Finish.STOP if ended or len(ids) < longest else Finish.LENGTH
        answer, thoughts = split_reasoning(text)
        return Choice(answer, finish, thoughts), len(kept) + (end is not None)


def _folder(model: str) -> Path | None:
    """The folder that a name means, None for a name on the hub."""
    path = Path(model).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise InputError(f"{path} holds no model (no config.json)", "give a folder of save_pretrained")
        return path.resolve()
    if not model.strip() or model.startswith(("/", ".", "~")) or model.count("/") > 1:
        raise InputError(f"there is no folder {model!a}", "give a model's folder, or its name on the hub")
    return None


def _device(device: str) -> str:
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = device.partition(":")
    if kind == "cuda" and not torch.cuda.device_count() > int(number or 0):
        raise ResourceError(f"there is no {device} here", "take --device cpu or auto")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ResourceError("there is no mps here", "take --device cpu or auto")
    return device


def _loaded(model: str, dtype: str, device: str) -> tuple[Any, Any]:
    """The model, ready to answer, and its tokenizer."""
    import torch
    import transformers

    named = dtype if dtype == "auto" else getattr(torch, dtype)
    # The parameter was renamed on the way to version 5.
    keyword = "dtype" if int(transformers.__version__.partition(".")[0]) >= 5 else "torch_dtype"
    bars = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, trust_remote_code=False)
        loaded, report = transformers.AutoModelForCausalLM.from_pretrained(
            model, trust_remote_code=False, output_loading_info=True, **{keyword: named}
        )
        loaded = loaded.to(device).eval()
    except Exception as error:  # noqa: BLE001 - what is wrong with a folder shows in errors of every kind
        lines = str(error).strip().splitlines() or [""]
        reason = f"{type(error).__name__}: {lines[0][:200]}"
        mend = "give a whole folder of save_pretrained; a name on the hub needs a network"
        raise ResourceError(f"the language model {model} cannot be loaded ({reason})", mend) from None
    finally:
        if bars:
            transformers.utils.logging.enable_progress_bar()
    missing = sorted(report["missing_keys"])
    if missing:
        # These would be random numbers, and the answers noise.
        raise ResourceError(
            f"the language model {model} lacks weights ({len(missing)}, such as {missing[0]})",
            "fetch or save it again",
        )
    return loaded, tokenizer


def _fingerprint(folder: Path) -> str:
    """Tells the files of a folder from any others: small ones by content, large ones by size and time."""
    digest = hashlib.sha256()
    for path in sorted(each for each in folder.iterdir() if each.is_file()):
        status = path.stat()
        small = status.st_size <= _HASHED
        told = path.read_bytes() if small else f"{status.st_size}/{status.st_mtime_ns}".encode()
        digest.update(f"{path.name}\0{len(told)}\0".encode() + told)
    return digest.hexdigest()[:16]


def _seed(seed: int | None, choice: int) -> int:
    """The seed of one answer: decided by the request's and its place, or by chance."""
    if seed is None:
        return secrets.randbits(63)
    return int.from_bytes(hashlib.sha256(f"{seed}/{choice}".encode()).digest()[:8]) >> 1
