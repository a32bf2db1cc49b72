"""Rerankers on tiny models with weights by chance, made here; late interaction once on the real encoder."""

from __future__ import annotations

import builtins
import importlib
import json
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cramf.errors import CramfError, InputError, ResourceError
from cramf.retrieval import reranking as module
from cramf.retrieval.encoder import SentenceEncoder, load_encoder
from cramf.retrieval.reranking import (
    LATE,
    CrossEncoderReranker,
    LateInteractionReranker,
    Reranker,
    load_reranker,
    rerank,
)

QUERY = "every compact subset of a Hausdorff space is closed"
TEXTS = (
    "is compact: a set is compact if every open cover has a finite subcover",
    "t2 space: a topological space in which distinct points have disjoint neighbourhoods",
    "is closed: the complement is open",
    "subgroup: a subset of a group closed under multiplication and inverse",
    "prime: a natural number with exactly two divisors",
    "continuous: preimages of open sets are open",
    "ring hom: preserves sums and products",
    "x",
)
HOSTILE = (
    "",
    " \n\t",
    "group " * 17_000,
    "a" * 100_000,
    "每个紧集都是闭集",
    "\x00\x01\x02\x1b[31m\x7f",
    "\u202egroup\u200b\ufeff",
    "a lone surrogate \udcff here",
    "[SEP] group [CLS] [PAD] [MASK] ring",
    "∀ ∃ ⊢ → ↔ ∑ ∏",
    "😀" * 50,
    "e\u0301" * 20,
)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

Floats = npt.NDArray[np.float64]


def save_tiny(folder: Path, labels: int | None = 1, spoil: Callable[[Any], None] | None = None) -> Path:
    """A one-layer BERT of 16 dimensions with weights by chance; with `labels`, a cross-encoder."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

    folder.mkdir(parents=True)
    words = sorted({word.strip(":") for text in TEXTS for word in text.split()})
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *("##" + c for c in LETTERS)]
    vocabulary = list(dict.fromkeys([*pieces, *words]))
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab={w: n for n, w in enumerate(vocabulary)}, model_max_length=64)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        # So wide that the scores of different texts differ by more than the noise of a batch.
        initializer_range=0.5,
        num_labels=labels or 1,
    )
    torch.manual_seed(7)
    model = BertModel(config) if labels is None else BertForSequenceClassification(config)
    if spoil is not None:
        with torch.no_grad():
            spoil(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def cross_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny cross-encoder; not to be written to."""
    return save_tiny(tmp_path_factory.mktemp("cross") / "model")


@pytest.fixture(scope="module")
def plain_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder without a scoring head; not to be written to."""
    return save_tiny(tmp_path_factory.mktemp("plain") / "model", labels=None)


@pytest.fixture(scope="module")
def tiny_encoder(plain_folder: Path) -> SentenceEncoder:
    return load_encoder(str(plain_folder))


@pytest.fixture(scope="module", params=["cross", LATE])
def reranker(request: pytest.FixtureRequest, cross_folder: Path, tiny_encoder: SentenceEncoder) -> Reranker:
    return load_reranker(str(cross_folder) if request.param == "cross" else LATE, tiny_encoder)


def fresh(reranker: Reranker, **sizes: int) -> Reranker:
    """Another of the same kind over the same model, with nothing loaded or kept."""
    if isinstance(reranker, LateInteractionReranker):
        return LateInteractionReranker(reranker._encoder, **sizes)
    return CrossEncoderReranker(reranker.name, **sizes)


def assert_one_line_with_mend(error: CramfError) -> None:
    assert error.message
    assert error.mend
    assert "\n" not in str(error)
    assert len(str(error)) < 500


# -- both rerankers -----------------------------------------------------------------------------------------


def test_scores_differ_and_are_finite(reranker: Reranker) -> None:
    scores = reranker.scores(QUERY, TEXTS)
    assert scores.shape == (len(TEXTS),)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    assert len(set(np.round(scores, 3))) > len(TEXTS) // 2
    # Another query, other scores: both sides are read.
    assert not np.allclose(scores, reranker.scores("prime number", TEXTS), atol=1e-3)


def test_the_same_call_gives_the_same(reranker: Reranker) -> None:
    first = fresh(reranker).scores(QUERY, TEXTS)
    again = fresh(reranker)
    np.testing.assert_array_equal(first, again.scores(QUERY, TEXTS))
    np.testing.assert_array_equal(first, again.scores(QUERY, TEXTS))


@pytest.mark.parametrize("size", [1, 3, 100])
def test_batches_do_not_matter(reranker: Reranker, size: int) -> None:
    scores = fresh(reranker, batch_size=size).scores(QUERY, TEXTS)
    np.testing.assert_allclose(scores, reranker.scores(QUERY, TEXTS), atol=2e-6)


def test_a_score_depends_on_its_own_text_only(reranker: Reranker) -> None:
    together = reranker.scores(QUERY, TEXTS)
    alone = [float(fresh(reranker).scores(QUERY, [text])[0]) for text in TEXTS]
    np.testing.assert_allclose(together, alone, atol=2e-6)
    turned = fresh(reranker).scores(QUERY, TEXTS[::-1])
    np.testing.assert_allclose(together[::-1], turned, atol=2e-6)


def test_repeated_texts_get_one_score(reranker: Reranker) -> None:
    scores = reranker.scores(QUERY, [TEXTS[0], TEXTS[1], TEXTS[0]])
    assert scores[0] == pytest.approx(scores[2], abs=1e-6)


def test_no_texts(reranker: Reranker) -> None:
    assert reranker.scores(QUERY, []).shape == (0,)


@pytest.mark.parametrize("query", [QUERY, *HOSTILE])
def test_hostile_queries_and_texts(reranker: Reranker, query: str) -> None:
    texts = [*HOSTILE, TEXTS[0]]
    scores = reranker.scores(query, texts)
    assert scores.shape == (len(texts),)
    assert np.isfinite(scores).all()


def test_eight_threads_get_the_same(reranker: Reranker) -> None:
    """One fresh reranker, so that its model is first touched by all threads at once."""
    queries = (QUERY, TEXTS[3], TEXTS[5])
    expected = [reranker.scores(query, TEXTS) for query in queries]
    one = fresh(reranker)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: one.scores(queries[n % 3], TEXTS), range(48)))
    for number, scores in enumerate(found):
        np.testing.assert_allclose(scores, expected[number % 3], atol=2e-6)


def test_one_thread_at_a_time_uses_the_model(reranker: Reranker, monkeypatch: pytest.MonkeyPatch) -> None:
    one = fresh(reranker)
    inner = "_embed" if isinstance(one, LateInteractionReranker) else "_load"
    real = getattr(one, inner)
    calls: list[int] = []
    inside = threading.Semaphore(1)

    def watched(*arguments: Any) -> Any:
        assert inside.acquire(blocking=False), "two threads at once"
        calls.append(1)
        time.sleep(0.02)
        inside.release()
        return real(*arguments)

    monkeypatch.setattr(one, inner, watched)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: one.scores(QUERY, TEXTS[:3]), range(8)))
    assert len(calls) == 1


@pytest.mark.parametrize("size", [0, -1])
def test_sizes_below_one(tiny_encoder: SentenceEncoder, size: int) -> None:
    makers: list[Callable[[], Reranker]] = [
        lambda: CrossEncoderReranker("m", batch_size=size),
        lambda: CrossEncoderReranker("m", max_length=size),
        lambda: LateInteractionReranker(tiny_encoder, batch_size=size),
        lambda: LateInteractionReranker(tiny_encoder, max_tokens=size),
    ]
    for make in makers:
        with pytest.raises(InputError) as caught:
            make()
        assert_one_line_with_mend(caught.value)


# -- by name ------------------------------------------------------------------------------------------------


def test_rerankers_by_name(tiny_encoder: SentenceEncoder) -> None:
    late = load_reranker(LATE, tiny_encoder)
    assert isinstance(late, LateInteractionReranker)
    assert late.name == LATE
    cross = load_reranker("cross-encoder/ms-marco-MiniLM-L6-v2", tiny_encoder)  # nothing is loaded yet
    assert isinstance(cross, CrossEncoderReranker)
    assert cross.name == "cross-encoder/ms-marco-MiniLM-L6-v2"


@pytest.mark.parametrize("name", ["", " ", "\n"])
def test_an_empty_name(tiny_encoder: SentenceEncoder, name: str) -> None:
    with pytest.raises(InputError) as caught:
        load_reranker(name, tiny_encoder)
    assert_one_line_with_mend(caught.value)


def test_an_encoder_without_tokens(hash_encoder: Any) -> None:
    with pytest.raises(InputError, match="no token vectors") as caught:
        load_reranker(LATE, hash_encoder)
    assert_one_line_with_mend(caught.value)


# -- the cross-encoder --------------------------------------------------------------------------------------


def test_cross_encoder_gives_the_logits_of_the_model(cross_folder: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(cross_folder, local_files_only=True)
    model = AutoModelForSequenceClassification.from_pretrained(cross_folder, local_files_only=True).eval()
    expected = []
    for text in TEXTS:
        features = tokenizer(QUERY, text, truncation="longest_first", max_length=64, return_tensors="pt")
        with torch.inference_mode():
            expected.append(float(model(**features).logits[0, 0]))
    found = CrossEncoderReranker(str(cross_folder)).scores(QUERY, TEXTS)
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_longer_pairs_are_cut(cross_folder: Path) -> None:
    """Neither a length beyond the model's positions nor a short one fails, and a cut tail is not read."""
    wide = CrossEncoderReranker(str(cross_folder), max_length=10_000)
    long = "group " * 100
    scores = wide.scores("set", [long + TEXTS[0], long + TEXTS[1]])
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    short = CrossEncoderReranker(str(cross_folder), max_length=8)
    ring, point = short.scores(
        "set", ["group group group group group ring", "group group group group group x"]
    )
    assert ring == pytest.approx(point, abs=1e-6)


def test_a_model_with_several_labels(tmp_path: Path) -> None:
    reranker = CrossEncoderReranker(str(save_tiny(tmp_path / "model", labels=3)))
    with pytest.raises(ResourceError, match="3 output labels") as caught:
        reranker.scores(QUERY, TEXTS)
    assert_one_line_with_mend(caught.value)


def test_a_model_without_a_head(plain_folder: Path) -> None:
    """The library would make up a head by chance."""
    with pytest.raises(ResourceError, match="no cross-encoder") as caught:
        CrossEncoderReranker(str(plain_folder)).scores(QUERY, TEXTS)
    assert_one_line_with_mend(caught.value)


def _no_number(model: Any) -> None:
    model.classifier.bias.fill_(float("nan"))


def test_scores_that_are_no_numbers(tmp_path: Path) -> None:
    reranker = CrossEncoderReranker(str(save_tiny(tmp_path / "model", spoil=_no_number)))
    with pytest.raises(ResourceError, match="no number") as caught:
        reranker.scores(QUERY, TEXTS)
    assert_one_line_with_mend(caught.value)


def _rewrite(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return change


def _without(*names: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink(missing_ok=True)

    return change


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda f: [p.unlink() for p in f.iterdir()],
    "config is no JSON": lambda f: (f / "config.json").write_text("{"),
    "config is empty": lambda f: (f / "config.json").write_text("{}"),
    "config is a list": lambda f: (f / "config.json").write_text("[]"),
    "unknown kind": _rewrite("config.json", '"model_type": "bert"', '"model_type": "zzz"'),
    "other shape": _rewrite("config.json", '"hidden_size": 16', '"hidden_size": 32'),
    "no weights": _without("model.safetensors"),
    "weights cut short": lambda f: (f / "model.safetensors").write_bytes(
        (f / "model.safetensors").read_bytes()[:3000]
    ),
    "weights of another kind": lambda f: (
        (f / "model.safetensors").unlink(),
        (f / "pytorch_model.bin").write_bytes(b"not a pickle"),
    ),
    "no tokenizer": _without("tokenizer.json", "tokenizer_config.json", "vocab.txt"),
    "tokenizer is empty": lambda f: (f / "tokenizer.json").write_text("{}"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_folders(
    tmp_path: Path, cross_folder: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(cross_folder, tmp_path / "model"))
    DAMAGE[kind](folder)
    reranker = CrossEncoderReranker(str(folder))
    for _ in range(2):  # what failed once is not half loaded
        with pytest.raises(ResourceError) as caught:
            reranker.scores(QUERY, TEXTS)
        assert_one_line_with_mend(caught.value)
        assert LATE in caught.value.mend
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["no/such/folder", "bad name with spaces", "nul\0"])
def test_names_that_can_be_nothing(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ResourceError) as caught:
        CrossEncoderReranker(name).scores(QUERY, TEXTS)
    assert_one_line_with_mend(caught.value)
    assert caplog.records == []


def test_a_folder_needs_no_network(cross_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert len(CrossEncoderReranker(str(cross_folder)).scores(QUERY, TEXTS)) == len(TEXTS)


def test_the_package_is_missing(cross_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def importing(name: str, *rest: Any, **named: Any) -> Any:
        if name == "sentence_transformers":
            raise ModuleNotFoundError("No module named 'sentence_transformers'", name=name)
        return real(name, *rest, **named)

    importlib.import_module("sentence_transformers")
    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(ResourceError, match="package that is missing") as caught:
        CrossEncoderReranker(str(cross_folder)).scores(QUERY, TEXTS)
    assert caught.value.mend == "pip install sentence-transformers"


# -- late interaction ---------------------------------------------------------------------------------------


def brute_force(encoder: SentenceEncoder, query: str, text: str, max_tokens: int) -> float:
    """MaxSim as it is written down: one text at a time, token by token, from the library's own vectors."""
    model = encoder._model()
    before = model.max_seq_length
    model.max_seq_length = min(max_tokens + 2, before)
    sides = []
    try:
        for side in (query, text):
            states = model.encode(side, output_value="token_embeddings", show_progress_bar=False).numpy()
            ids = model.tokenizer(side, truncation=True, max_length=model.max_seq_length)["input_ids"]
            special = set(model.tokenizer.all_special_ids)
            sides.append(
                [v / np.linalg.norm(v) for v, i in zip(states, ids, strict=True) if i not in special]
            )
    finally:
        model.max_seq_length = before
    if not sides[0] or not sides[1]:
        return 0.0
    return float(np.mean([max(float(np.dot(q, t)) for t in sides[1]) for q in sides[0]]))


@pytest.mark.parametrize("max_tokens", [5, 64])
def test_late_interaction_is_max_sim(tiny_encoder: SentenceEncoder, max_tokens: int) -> None:
    texts = [*TEXTS, "每", "", "group ring " * 60]
    found = LateInteractionReranker(tiny_encoder, max_tokens=max_tokens).scores(QUERY, texts)
    expected = [brute_force(tiny_encoder, QUERY, text, max_tokens) for text in texts]
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_a_text_is_nearest_to_itself(tiny_encoder: SentenceEncoder) -> None:
    late = LateInteractionReranker(tiny_encoder)
    for number, text in enumerate(TEXTS):
        scores = late.scores(text, TEXTS)
        assert scores[number] == pytest.approx(1.0, abs=1e-5)
        assert scores.max() <= 1.0 + 1e-5
        assert scores.min() >= -1.0 - 1e-5


@pytest.mark.parametrize("blank", ["", "  ", "\x00\x01", "[SEP] [CLS]", "每个"])
def test_nothing_to_compare_scores_zero(tiny_encoder: SentenceEncoder, blank: str) -> None:
    late = LateInteractionReranker(tiny_encoder)
    assert late.scores(QUERY, [blank])[0] == 0.0
    assert late.scores(blank, TEXTS).tolist() == [0.0] * len(TEXTS)


def test_tokens_beyond_the_limit_are_not_read(tiny_encoder: SentenceEncoder) -> None:
    late = LateInteractionReranker(tiny_encoder, max_tokens=3)
    first, second = late.scores(QUERY, ["open open open compact", "open open open ring"])
    assert first == second
    wide = LateInteractionReranker(tiny_encoder, max_tokens=100_000)  # more than the model has positions
    assert np.isfinite(wide.scores(QUERY, ["group " * 500])).all()


def test_the_encoder_is_left_as_it_was(tiny_encoder: SentenceEncoder) -> None:
    long = "group ring " * 20
    before = tiny_encoder.encode([long])
    tokenizer = tiny_encoder._model().tokenizer.backend_tokenizer
    length = tokenizer.truncation["max_length"]
    LateInteractionReranker(tiny_encoder, max_tokens=2).scores(QUERY, [long])
    assert tokenizer.truncation["max_length"] == length  # another thread may be encoding
    np.testing.assert_array_equal(tiny_encoder.encode([long]), before)


def test_texts_are_read_once(tiny_encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    late = LateInteractionReranker(tiny_encoder)
    read: list[str] = []
    embed = late._embed
    monkeypatch.setattr(late, "_embed", lambda batch: read.extend(batch) or embed(batch))
    late.scores(QUERY, [*TEXTS, *TEXTS])
    assert sorted(read) == sorted([QUERY, *TEXTS])
    read.clear()
    late.scores("group ring", TEXTS)
    assert read == ["group ring"]


@pytest.mark.parametrize("limit", [0, 1, 2500, 1 << 20])
def test_what_is_kept_is_bounded(tiny_encoder: SentenceEncoder, limit: int) -> None:
    expected = LateInteractionReranker(tiny_encoder).scores(QUERY, TEXTS)
    late = LateInteractionReranker(tiny_encoder, batch_size=2, cache_bytes=limit)
    for _ in range(3):
        np.testing.assert_allclose(late.scores(QUERY, TEXTS), expected, atol=2e-6)
        cache = late._cache
        assert cache.size <= limit
        assert cache.size == sum(
            vectors.nbytes + module.sys.getsizeof(text) for text, vectors in cache._entries.items()
        )
    assert len(late._cache) == {0: 0, 1: 0, 1 << 20: len(TEXTS) + 1}.get(limit, len(late._cache))


def test_what_was_not_used_for_longest_goes_first() -> None:
    vectors = np.zeros((1, 250), dtype=np.float32)
    cache = module._VectorCache(2 * (1000 + module.sys.getsizeof("a")))
    cache.put("a", vectors)
    cache.put("b", vectors)
    assert cache.get("a") is vectors
    cache.put("c", vectors)
    assert (cache.get("a") is None, cache.get("b") is None, cache.get("c") is None) == (False, True, False)
    cache.put("d", np.zeros((9, 250), dtype=np.float32))  # larger than all that may be kept
    assert (len(cache), cache.size) == (0, 0)


def _lose_vectors(model: Any) -> None:
    model.embeddings.word_embeddings.weight.fill_(float("nan"))


def test_vectors_that_are_no_numbers(tmp_path: Path) -> None:
    encoder = load_encoder(str(save_tiny(tmp_path / "model", labels=None, spoil=_lose_vectors)))
    with pytest.raises(ResourceError, match="no numbers") as caught:
        LateInteractionReranker(encoder).scores(QUERY, TEXTS)
    assert_one_line_with_mend(caught.value)


def test_an_encoder_that_is_no_transformer() -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "group": 1}, unk_token="[UNK]"))
    encoder = SentenceEncoder("static", "static")
    encoder._loaded = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=4)], device="cpu")
    with pytest.raises(ResourceError, match="no token vectors") as caught:
        LateInteractionReranker(encoder).scores(QUERY, TEXTS)
    assert_one_line_with_mend(caught.value)


def test_an_encoder_that_cannot_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "zzz"}))
    with pytest.raises(ResourceError) as caught:
        LateInteractionReranker(load_encoder(str(tmp_path))).scores(QUERY, TEXTS)
    assert_one_line_with_mend(caught.value)


@pytest.mark.slow
def test_the_default_encoder_token_by_token() -> None:
    encoder = load_encoder()
    late = load_reranker(LATE, encoder)
    texts = [*TEXTS, "∀ ∃ ⊢ → ↔ ∑ ∏", "每个紧集都是闭集", "", "a compact set " * 40]
    expected = [brute_force(encoder, QUERY, text, 64) for text in texts]
    scores = late.scores(QUERY, texts)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert set(np.argsort(-scores[: len(TEXTS)])[:3]) <= {0, 1, 2, 5}  # the topological ones
    assert np.isfinite(late.scores(QUERY, HOSTILE)).all()


# -- reordering ---------------------------------------------------------------------------------------------

FINITE = st.floats(allow_nan=False, allow_infinity=False)


class Given:
    """A reranker whose scores are written on the texts."""

    name = "given"

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def scores(self, query: str, texts: Sequence[str]) -> Floats:
        self.asked.append(tuple(texts))
        return np.array([float(text) for text in texts], dtype=np.float64)


def written(scores: Sequence[float]) -> list[str]:
    return [repr(float(score)) for score in scores]


@given(st.lists(st.tuples(FINITE, FINITE), max_size=20), st.integers(1, 25), st.floats(0, 1))
def test_the_head_is_permuted_and_the_tail_untouched(
    rows: list[tuple[float, float]], depth: int, weight: float
) -> None:
    first = sorted((a for a, _ in rows), reverse=True)
    second = [b for _, b in rows]
    result = rerank(Given(), "q", written(second), first, depth, weight)
    assert result.shape == (len(first),)
    assert np.isfinite(result).all()
    assert sorted(result[:depth], reverse=True) == first[:depth]
    assert result[depth:].tolist() == first[depth:]
    # The new order, by a stable sort, has the scores of the old list: no entry of the tail gets ahead.
    order = np.argsort(-result, kind="stable")
    assert result[order].tolist() == first


@given(st.lists(FINITE, max_size=12), st.floats(0, 1), FINITE)
def test_a_reranker_without_opinion_changes_nothing(scores: list[float], weight: float, same: float) -> None:
    first = sorted(scores, reverse=True)
    assert rerank(Given(), "q", written([same] * len(first)), first, 50, weight).tolist() == first


@given(st.lists(st.integers(-50, 50), max_size=15, unique=True), st.integers(1, 20), st.randoms())
def test_at_full_weight_the_reranker_decides(numbers: list[int], depth: int, random: Any) -> None:
    first = sorted(map(float, numbers), reverse=True)
    random.shuffle(numbers)
    result = rerank(Given(), "q", written(numbers), first, depth, 1.0)
    head = min(depth, len(first))
    assert list(np.argsort(-result)[:head]) == list(np.argsort(-np.array(numbers[:head])))


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=2, max_size=12))
def test_equals_keep_their_order(second: list[float]) -> None:
    first = [float(n) for n in range(len(second), 0, -1)]
    result = rerank(Given(), "q", written(second), first, 50, 1.0)
    expected = sorted(range(len(second)), key=lambda n: -second[n])  # Python's sort is stable
    assert list(np.argsort(-result)) == expected


@given(st.lists(st.tuples(FINITE, FINITE), min_size=2, max_size=12))
def test_no_weight_changes_nothing_and_asks_nothing(rows: list[tuple[float, float]]) -> None:
    reranker = Given()
    first = sorted((a for a, _ in rows), reverse=True)
    assert rerank(reranker, "q", written([b for _, b in rows]), first, 50, 0.0).tolist() == first
    assert reranker.asked == []


def test_the_blend_by_hand() -> None:
    """Standardised over the head: first 1.34, 0.45, -0.45, -1.34 and reranked -1.34, 1.34, 0.45, -0.45."""
    first = [4.0, 3.0, 2.0, 1.0, 0.5]
    result = rerank(Given(), "q", written([0, 30, 20, 10, 99]), first, depth=4, weight=0.5)
    assert result.tolist() == [3.0, 4.0, 2.0, 1.0, 0.5]


def test_scores_as_large_as_numbers_get() -> None:
    largest = [1.7e308, 0.0, -1.7e308]
    result = rerank(Given(), "q", written(largest[::-1]), largest, weight=1.0)
    assert result.tolist() == largest[::-1]


def test_only_the_head_is_read() -> None:
    reranker = Given()
    first = [float(n) for n in range(100, 0, -1)]
    rerank(reranker, "q", written(range(100)), first)
    assert [len(asked) for asked in reranker.asked] == [50]
    rerank(reranker, "q", written([1.0]), [1.0])
    assert len(reranker.asked) == 1


def test_arguments_are_not_changed() -> None:
    first = np.array([3.0, 2.0, 1.0])
    rerank(Given(), "q", written([1, 2, 3]), first, weight=1.0)
    assert first.tolist() == [3.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("depth", "weight"), [(0, 0.5), (-3, 0.5), (50, -0.1), (50, 1.1), (50, float("nan")), (50, float("inf"))]
)
def test_options_that_cannot_be_used(depth: int, weight: float) -> None:
    with pytest.raises(InputError) as caught:
        rerank(Given(), "q", written([1, 2]), [2.0, 1.0], depth, weight)
    assert_one_line_with_mend(caught.value)


@pytest.mark.parametrize(
    "first", [[1.0], [1.0, 2.0], [float("nan"), 1.0], [float("inf"), 1.0], [[2.0], [1.0]]]
)
def test_first_scores_that_are_not_as_described(first: Any) -> None:
    with pytest.raises(ValueError, match="first scores"):
        rerank(Given(), "q", written([1, 2]), first)


class Answering(Given):
    def __init__(self, answer: Sequence[float]) -> None:
        super().__init__()
        self.answer = answer

    def scores(self, query: str, texts: Sequence[str]) -> Floats:
        return np.array(self.answer, dtype=np.float64)


@pytest.mark.parametrize("answer", [[1.0], [1.0, 2.0, 3.0], [1.0, float("nan")], [float("-inf"), 1.0]])
def test_a_reranker_that_answers_wrongly(answer: list[float]) -> None:
    with pytest.raises(ResourceError, match="given") as caught:
        rerank(Answering(answer), "q", ["a", "b"], [2.0, 1.0])
    assert_one_line_with_mend(caught.value)


def test_both_rerankers_reorder(reranker: Reranker) -> None:
    first = [float(n) for n in range(len(TEXTS), 0, -1)]
    result = rerank(reranker, QUERY, TEXTS, first, weight=1.0)
    order = np.argsort(-reranker.scores(QUERY, TEXTS), kind="stable")
    assert list(np.argsort(-result)) == list(order)
