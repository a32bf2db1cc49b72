"""Reranking: read the query beside each of the best definitions, and reorder the head of the list.

Two rerankers behind one protocol. A cross-encoder reads query and text together (Nogueira and Cho, "Passage
Re-ranking with BERT", 2019). Late interaction compares their token vectors (Khattab and Zaharia, "ColBERT:
Efficient and Effective Passage Search via Contextualized Late Interaction over BERT", SIGIR 2020); it needs
no model but the default encoder.
"""

from __future__ import annotations

import copy
import logging as std_logging
import os
import pickle
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cramf.errors import InputError, ResourceError
from cramf.retrieval.encoder import Encoder, SentenceEncoder

__all__ = ["LATE", "CrossEncoderReranker", "LateInteractionReranker", "Reranker", "load_reranker", "rerank"]

LATE = "late"
"""The name of late interaction over the encoder's own token vectors."""
DEFAULT_DEPTH = 50
DEFAULT_WEIGHT = 0.5

CACHE_BYTES = 128 << 20
"""What late interaction keeps of token vectors: about 3,000 docstrings of 25 tokens at 384 dimensions."""

_MAX_CHARACTERS = 8192
"""More than any limit of tokens reads; without it a text of megabytes would be tokenised to its end."""
# A damaged folder fails in as many ways as it has files.
_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, pickle.UnpicklingError)
_MEND = f"use the reranker `{LATE}`, which downloads nothing, or give a folder with a cross-encoder"

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]


class Reranker(Protocol):
    """Scores texts for a query, reading both at once. Safe to share among threads."""

    @property
    def name(self) -> str: ...

    def scores(self, query: str, texts: Sequence[str]) -> Floats:
        """Shape (len(texts),), finite, higher is better; the scale is the reranker's own."""
        ...


class CrossEncoderReranker:
    """A sentence-transformers CrossEncoder with one output, loaded on first use, on the CPU.

    `name` is a model of the hub or a folder; nothing is downloaded for a folder. Scores are logits, whatever
    activation the model was saved with: a sigmoid keeps the order, but makes ties of all confident scores.
    Query and text together are cut to `max_length` tokens, the longer one first. Sizes less than one are an
    InputError.
    """

    def __init__(self, name: str, batch_size: int = 32, max_length: int = 256) -> None:
        _at_least_one("batch size", batch_size)
        _at_least_one("length", max_length)
        self._name = name
        self._batch_size = batch_size
        self._max_length = max_length
        self._loaded: Any = None
        # Tokenizers are changed by their calls, and two threads at once would load the model twice.
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._name

    def scores(self, query: str, texts: Sequence[str]) -> Floats:
        """Logits of the pairs (query, text), shape (len(texts),).

        Raises:
            ResourceError: where a package is missing, the model cannot be loaded, has not exactly one
                output, or gives a score that is no number.
        """
        if not texts:
            return np.zeros(0)
        first = _readable(query)
        pairs = [(first, _readable(text)) for text in texts]
        with self._lock:
            model = self._model()
            import torch

            found = model.predict(
                pairs,
                batch_size=self._batch_size,
                show_progress_bar=False,
                activation_fn=torch.nn.Identity(),
                convert_to_numpy=True,
            )
        return _sound(self._name, found, len(texts))

    def _model(self) -> Any:
        if self._loaded is None:
            model = self._load()
            self._check(model)
            model.max_seq_length = min(self._max_length, model.max_seq_length or self._max_length)
            self._loaded = model
        return self._loaded

    def _load(self) -> Any:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
        try:
            from safetensors import SafetensorError
            from sentence_transformers import CrossEncoder
            from transformers.utils import logging
        except ImportError as error:
            raise ResourceError(
                f"the reranker needs a package that is missing: {_first_line(error)}",
                "pip install sentence-transformers",
            ) from None
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        std_logging.getLogger("sentence_transformers").setLevel(std_logging.ERROR)
        local = Path(self._name).is_dir()
        try:
            return CrossEncoder(self._name, device="cpu", local_files_only=local)
        except ImportError as error:
            raise ResourceError(
                f"the reranker {self._name} needs a package that is missing: {_first_line(error)}",
                "install the package that it names",
            ) from None
        except (*_DAMAGE, SafetensorError) as error:
            raise ResourceError(
                f"the reranker {self._name} cannot be loaded: {_first_line(error)}", _MEND
            ) from None

    def _check(self, model: Any) -> None:
        """Refuse what loads, but gives scores without meaning."""
        if model.num_labels != 1:
            raise ResourceError(
                f"the reranker {self._name} has {model.num_labels} output labels instead of one",
                "use a cross-encoder that gives one relevance score a pair",
            )
        # For a model without a head, such as a sentence encoder, the library makes one up by chance.
        kinds = getattr(model.config, "architectures", None) or []
        if len(model) == 1 and not any(str(kind).endswith("ForSequenceClassification") for kind in kinds):
            raise ResourceError(f"{self._name} is no cross-encoder: it has no trained scoring head", _MEND)
        # Where a folder holds no vocabulary, it makes up a tokenizer to which all words are unknown.
        tokenizer = model.tokenizer
        special = getattr(tokenizer, "all_special_ids", None)
        if special is not None and len(tokenizer) <= len(set(special)):
            raise ResourceError(f"the reranker {self._name} has no vocabulary", _MEND)


class LateInteractionReranker:
    """MaxSim of ColBERT (Khattab and Zaharia 2020) over the token vectors of a sentence encoder.

    The score of a text is the mean over the query's tokens of the highest cosine to a token of the text, thus
    in [-1, 1]. ColBERT has the sum, which ranks alike; the mean does not grow with the query. Token vectors
    are the last hidden state before pooling. Special tokens, unknown ones among them, are left out: their
    vectors resemble each other whatever the text says. Where query or text has no token left, the score is 0.

    Of query and of each text the first `max_tokens` tokens are read. Token vectors of recent texts are kept,
    up to `cache_bytes`. Sizes less than one are an InputError.
    """

    def __init__(
        self,
        encoder: SentenceEncoder,
        batch_size: int = 32,
        max_tokens: int = 64,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        _at_least_one("batch size", batch_size)
        _at_least_one("number of tokens", max_tokens)
        self._encoder = encoder
        self._batch_size = batch_size
        self._max_tokens = max_tokens
        self._cache = _VectorCache(cache_bytes)
        self._tokenizer: Any = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return LATE

    def scores(self, query: str, texts: Sequence[str]) -> Floats:
        """Mean of the highest cosines, shape (len(texts),), each in [-1, 1].

        Raises:
            ResourceError: where the encoder cannot be loaded, has no token vectors, or gives vectors that are
                no numbers.
        """
        if not texts:
            return np.zeros(0)
        first, *others = self._token_vectors([query, *texts])
        # How texts share a batch moves the last bits, and the cache makes that a matter of history; rounded,
        # they decide no rank.
        return np.round(np.array([_max_similarity(first, other) for other in others]), 6)

    def _token_vectors(self, texts: Sequence[str]) -> list[Vectors]:
        """Unit vectors of the tokens of each text, shapes (tokens of the text, dimensions)."""
        readable = [_readable(text) for text in texts]
        with self._lock:
            known = {text: self._cache.get(text) for text in dict.fromkeys(readable)}
            found = {text: vectors for text, vectors in known.items() if vectors is not None}
            # Sorted, so that a batch is padded little.
            missing = sorted(known.keys() - found.keys(), key=lambda text: (len(text), text))
            for start in range(0, len(missing), self._batch_size):
                batch = missing[start : start + self._batch_size]
                for text, vectors in zip(batch, self._embed(batch), strict=True):
                    found[text] = vectors
                    self._cache.put(text, vectors)
        return [found[text] for text in readable]

    def _embed(self, batch: list[str]) -> list[Vectors]:
        model = self._encoder._model()
        import torch

        tokenizer = self._own_tokenizer(model)
        length = self._max_tokens + tokenizer.num_special_tokens_to_add()
        features = tokenizer(
            batch,
            padding=True,
            truncation=True,
            max_length=min(length, model.max_seq_length or length),
            return_tensors="pt",
        )
        ids, attention = features["input_ids"].numpy(), features["attention_mask"].numpy()
        with torch.inference_mode():
            states = model[0].eval()(dict(features)).get("token_embeddings")
        if states is None:
            raise self._no_token_vectors()
        hidden = states.float().cpu().numpy()
        if not np.isfinite(hidden).all():
            raise ResourceError(f"the encoder {self._encoder.name} gave vectors that are no numbers", _MEND)
        keep = (attention > 0) & ~np.isin(ids, tokenizer.all_special_ids)
        return [_unit(rows[kept]) for rows, kept in zip(hidden, keep, strict=True)]

    def _own_tokenizer(self, model: Any) -> Any:
        """A copy: the encoder's own is set to another length, maybe by another thread at this moment."""
        if self._tokenizer is None:
            from transformers import PreTrainedTokenizerBase

            tokenizer = getattr(model[0], "tokenizer", None)
            if not isinstance(tokenizer, PreTrainedTokenizerBase):
                raise self._no_token_vectors()
            self._tokenizer = copy.deepcopy(tokenizer)
        return self._tokenizer

    def _no_token_vectors(self) -> ResourceError:
        return ResourceError(
            f"the encoder {self._encoder.name} has no token vectors for late interaction",
            "use an encoder that is a transformer, or a cross-encoder to rerank",
        )


class _VectorCache:
    """The token vectors used last, at most `limit` bytes of them with their texts. Not safe for threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[str, Vectors] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, text: str) -> Vectors | None:
        vectors = self._entries.get(text)
        if vectors is not None:
            self._entries.move_to_end(text)
        return vectors

    def put(self, text: str, vectors: Vectors) -> None:
        """Add a text that is not there yet, and drop those that were not used for longest."""
        self._entries[text] = vectors
        self.size += vectors.nbytes + sys.getsizeof(text)
        while self.size > self._limit:
            text, vectors = self._entries.popitem(last=False)
            self.size -= vectors.nbytes + sys.getsizeof(text)


def load_reranker(name: str, encoder: Encoder) -> Reranker:
    """A reranker by name: `late`, or a cross-encoder by its folder or its name on the hub.

    `encoder` is the one that late interaction takes its vectors from. Models are loaded on first use.

    Raises:
        InputError: where the name is empty, or the encoder has no token vectors.
    """
    if not name.strip():
        raise InputError("the reranker has no name", f"name `{LATE}`, a folder, or a model of the hub")
    if name != LATE:
        return CrossEncoderReranker(name)
    if not isinstance(encoder, SentenceEncoder):
        raise InputError(
            f"the encoder {encoder.name} has no token vectors for late interaction",
            "use the default encoder, or a cross-encoder to rerank",
        )
    return LateInteractionReranker(encoder)


def rerank(
    reranker: Reranker,
    query: str,
    texts: Sequence[str],
    first_scores: Sequence[float] | Floats,
    depth: int = DEFAULT_DEPTH,
    weight: float = DEFAULT_WEIGHT,
) -> Floats:
    """New scores of a list that is sorted best first; only its first `depth` entries change places.

    Both score lists are standardised over the head and blended, `(1 - weight) * first + weight * reranked`.
    The head's own scores are then handed out again in the order of the blend, where equals stay in their old
    order. So the result has the scores of the list as given, the head stays above the tail, and the tail is
    untouched. Entries of the head with equal first scores can change places, but stay equal: sort the result
    with a stable sort.

    Args:
        texts: what the reranker reads of each entry, best first.
        first_scores: shape (len(texts),), finite, none above the one before it.

    Returns:
        Shape (len(texts),), the score of each entry in the order given.

    Raises:
        InputError: where `depth` is less than one or `weight` is not in [0, 1].
        ResourceError: from the reranker, or where it gives too few scores or one that is no number.
        ValueError: where `first_scores` are not as described.
    """
    if depth < 1:
        raise InputError(f"the reranking depth is {depth}", "rerank at least one definition")
    if not 0.0 <= weight <= 1.0:
        raise InputError(f"the reranking weight is {weight}", "give a number from 0 to 1")
    scores = np.array(first_scores, dtype=np.float64)
    if scores.shape != (len(texts),) or not np.isfinite(scores).all() or (scores[1:] > scores[:-1]).any():
        raise ValueError("first scores must be finite, one a text, and sorted best first")
    head = min(depth, len(texts))
    if head < 2 or weight == 0.0:
        return scores
    second = _sound(reranker.name, reranker.scores(query, texts[:head]), head)
    blended = (1.0 - weight) * _standardised(scores[:head]) + weight * _standardised(second)
    order = np.argsort(-blended, kind="stable")
    scores[order] = scores[:head].copy()
    return scores


def _standardised(values: Floats) -> Floats:
    """Mean 0 and variance 1; zeros where all values are equal."""
    largest = float(np.abs(values).max())
    if largest == 0.0 or values.min() == values.max():
        return np.zeros(len(values))
    # Scaled first, since the square of a large number overflows.
    scaled = values / largest
    centred: Floats = scaled - scaled.mean()
    centred /= float(centred.std()) or 1.0
    return centred


def _max_similarity(query: Vectors, text: Vectors) -> float:
    """Mean over the query's tokens of the highest cosine to a token of the text; 0 where either has none."""
    if not len(query) or not len(text):
        return 0.0
    return float((query @ text.T).max(axis=1).mean(dtype=np.float64))


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.ascontiguousarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def _sound(name: str, scores: npt.ArrayLike, number: int) -> Floats:
    """The scores as float64, shape (number,), where they are that many and finite."""
    found = np.asarray(scores, dtype=np.float64)
    if found.shape != (number,):
        raise ResourceError(f"the reranker {name} gave scores of shape {found.shape}, not {number}", _MEND)
    if not np.isfinite(found).all():
        raise ResourceError(f"the reranker {name} gave a score that is no number", _MEND)
    return found


def _readable(text: str) -> str:
    """A text that every tokenizer takes: no lone surrogates, and not longer than is ever read."""
    return text[:_MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]


def _at_least_one(what: str, number: int) -> None:
    if number < 1:
        raise InputError(f"the {what} of the reranker is {number}", "give a number of at least one")
