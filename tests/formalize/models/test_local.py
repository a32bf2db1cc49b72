"""Local models, with a tiny one made on the spot: templates, batches, sampling, stopping, and failures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cramf.errors import BackendError, InputError, ResourceError
from cramf.formalize.models.accounting import Price
from cramf.formalize.models.chat import ChatReply, ChatRequest, EmptyAnswerError, Finish, Message
from cramf.formalize.models.local import LocalChatModel
from cramf.formalize.models.local_prompt import plain_prompt, prompt_ids
from tests.formalize.models.tiny_model import make_tiny_model

CHAT = (Message("user", "Every subgroup of index two is normal."),)


def user(text: str) -> tuple[Message, ...]:
    return (Message("user", text),)


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Iterator[LocalChatModel]:
    with LocalChatModel(str(tiny_model), device="cpu", batch=4, price=Price(0.0, 1.0)) as opened:
        yield opened


def test_greedy_answers_are_those_of_generate(model: LocalChatModel, tiny_model: Path) -> None:
    """The independent oracle: `generate` called the plain way on one prompt."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    plain = AutoModelForCausalLM.from_pretrained(tiny_model)
    chat = [{"role": "user", "content": CHAT[0].content}]
    prompt = tokenizer.apply_chat_template(
        chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.inference_mode():
        output = plain.generate(**prompt, do_sample=False, max_new_tokens=16)
    width = prompt["input_ids"].shape[1]
    reply = model.chat(ChatRequest(CHAT, temperature=0, max_tokens=16))
    assert reply.texts == (tokenizer.decode(output[0, width:], skip_special_tokens=True),)
    assert reply.tokens is not None and (reply.tokens.prompt, reply.tokens.completion) == (width, 16)
    assert reply.finish_reasons == (Finish.LENGTH,)
    assert reply.cost == pytest.approx(16e-6)


def test_a_batch_changes_no_answer(model: LocalChatModel) -> None:
    texts = ["a", "Every subgroup of index two is normal. " * 4, "p is odd", "∀ n : ℕ, n = n", "b", "c" * 50]
    requests = [ChatRequest(user(text), temperature=0, max_tokens=10) for text in texts]
    requests += [ChatRequest(user(text), temperature=1, seed=5, max_tokens=10, n=2) for text in texts]
    together = model.chat_many(requests)
    assert [reply.texts for reply in together] == [model.chat(request).texts for request in requests]


def test_seeds_decide_what_is_drawn(model: LocalChatModel) -> None:
    request = ChatRequest(CHAT, n=4, temperature=1, seed=1, max_tokens=10)
    first = model.chat(request)
    assert model.chat(request).texts == first.texts
    assert len(set(first.texts)) == 4
    assert model.chat(ChatRequest(CHAT, temperature=1, seed=1, max_tokens=10)).texts == first.texts[:1]
    assert model.chat(ChatRequest(CHAT, n=4, temperature=1, seed=2, max_tokens=10)).texts != first.texts
    unseeded = ChatRequest(CHAT, n=4, temperature=1, max_tokens=10)
    assert model.chat(unseeded).texts != model.chat(unseeded).texts
    assert first.tokens is not None and first.tokens.completion == 40


def test_tokens_are_drawn_by_their_probabilities(model: LocalChatModel) -> None:
    """The share of each first token, against the softmax of the model's own scores (chi-squared)."""
    import torch
    from scipy.stats import chisquare

    ids, _ = prompt_ids(model._tokenizer, CHAT, {}, "tiny")
    temperature, draws, kept = 0.05, 2000, 6
    with torch.inference_mode():
        scores = model._model(torch.tensor([ids])).logits[0, -1] / temperature
    from cramf.formalize.models.local_sampling import Sampling, processors

    through = processors(Sampling(temperature), list(range(draws)), "cpu")
    drawn = through(torch.tensor([ids] * draws), (scores * temperature).repeat(draws, 1)).argmax(-1)
    shares = scores.softmax(-1)
    top = shares.topk(kept).indices
    seen = [int((drawn == token).sum()) for token in top]
    expected = [float(shares[token]) * draws for token in top]
    rest = draws - sum(seen), draws - sum(expected)
    assert min(expected) > 5
    assert chisquare([*seen, rest[0]], [*expected, rest[1]]).pvalue > 0.001


def test_top_k_and_top_p_narrow_the_choice(model: LocalChatModel) -> None:
    greedy = model.chat(ChatRequest(CHAT, temperature=0, max_tokens=10)).texts
    for fields in ({"extra": {"top_k": 1}}, {"top_p": 1e-6}, {"extra": {"min_p": 1.0}}):
        narrow = ChatRequest(CHAT, temperature=2.0, max_tokens=10, **fields)  # type: ignore[arg-type]
        assert model.chat(narrow).texts == greedy


def test_greedy_answers_are_written_once(model: LocalChatModel) -> None:
    reply = model.chat(ChatRequest(CHAT, n=3, temperature=0, max_tokens=10))
    assert len(reply.texts) == 3 and len(set(reply.texts)) == 1
    assert reply.tokens is not None and reply.tokens.completion == 10


def test_what_is_left_open_is_the_models_own(tiny_model: Path, tmp_path: Path) -> None:
    greedy = make_tiny_model(tmp_path / "greedy", samples=False)
    with LocalChatModel(str(greedy), device="cpu") as model:
        open_request = ChatRequest(CHAT, max_tokens=8)
        assert (
            model.chat(open_request).texts == model.chat(ChatRequest(CHAT, temperature=0, max_tokens=8)).texts
        )
    with LocalChatModel(str(tiny_model), device="cpu") as model:
        assert model.chat(open_request).texts != model.chat(open_request).texts


def test_the_answer_ends_before_a_stop_string(model: LocalChatModel) -> None:
    whole = model.chat(ChatRequest(CHAT, temperature=0, max_tokens=40)).texts[0]
    stop = whole[6:8]
    reply = model.chat(ChatRequest(CHAT, temperature=0, max_tokens=40, stop=(stop, "never said")))
    assert reply.texts == (whole[: whole.index(stop)],)
    assert reply.finish_reasons == (Finish.STOP,)
    assert reply.tokens is not None and reply.tokens.completion < 40


def test_nothing_before_the_stop_string_is_no_answer(model: LocalChatModel) -> None:
    whole = model.chat(ChatRequest(CHAT, temperature=0, max_tokens=4)).texts[0]
    with pytest.raises(EmptyAnswerError, match="wrote no text; try another") as caught:
        model.chat(ChatRequest(CHAT, temperature=0, max_tokens=4, stop=(whole[0],)))
    assert caught.value.finish is Finish.STOP


def test_a_chat_that_the_assistant_began_is_gone_on_with(model: LocalChatModel) -> None:
    begun = (*CHAT, Message("assistant", "theorem t :"))
    ids, plain = prompt_ids(model._tokenizer, begun, {}, "tiny")
    text = model._tokenizer.decode(ids)
    assert text.endswith("[assistant] theorem t :") and not plain
    assert model.chat(ChatRequest(begun, temperature=0, max_tokens=4)).texts[0]


def test_a_template_without_system_messages_gets_them_in_the_first_message(tmp_path: Path) -> None:
    template = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
    )
    folder = make_tiny_model(tmp_path / "m", template)
    with LocalChatModel(str(folder), device="cpu") as model:
        ids, _ = prompt_ids(model._tokenizer, (Message("system", "Be brief."), *CHAT), {}, "tiny")
        assert model._tokenizer.decode(ids) == f"<user>Be brief.\n\n{CHAT[0].content}"


def test_a_template_that_takes_no_such_chat_is_told(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "m", "{{ raise_exception('never') }}")
    with (
        LocalChatModel(str(folder), device="cpu") as model,
        pytest.raises(BackendError, match=r"chat template of local:.* does not take the messages \(.*never"),
    ):
        model.chat(ChatRequest(CHAT))


def test_options_of_the_template(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "m", "{% if think %}thinking{% else %}not{% endif %}")
    with LocalChatModel(str(folder), device="cpu") as model:
        ids, _ = prompt_ids(model._tokenizer, CHAT, {"think": True}, "tiny")
        assert model._tokenizer.decode(ids) == "thinking"
        with pytest.raises(InputError, match="chat_template_kwargs"):
            model.chat(ChatRequest(CHAT, extra={"chat_template_kwargs": 3}))


def test_a_model_without_a_template_gets_plain_text(tmp_path: Path) -> None:
    chat = (Message("system", "Be brief."), *CHAT)
    assert plain_prompt(chat) == f"System: Be brief.\n\nUser: {CHAT[0].content}\n\nAssistant:"
    folder = make_tiny_model(tmp_path / "m", None)
    with LocalChatModel(str(folder), device="cpu") as model:
        ids, plain = prompt_ids(model._tokenizer, chat, {}, "tiny")
        assert plain and plain_prompt(chat) in model._tokenizer.decode(ids)
        assert model.chat(ChatRequest(chat, temperature=0, max_tokens=6)).texts[0]


def test_the_context_bounds_prompt_and_answer(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "m", context=64)
    with LocalChatModel(str(folder), device="cpu") as model:
        short, long = ChatRequest(user("a"), temperature=0), ChatRequest(user("ab " * 80), temperature=0)
        outcomes = dict(model.outcomes([long, short]))
    assert isinstance(outcomes[0], BackendError) and "the context of local:" in str(outcomes[0])
    reply = outcomes[1]
    assert isinstance(reply, ChatReply) and reply.tokens is not None
    assert reply.tokens.prompt + reply.tokens.completion <= 64


def test_where_memory_does_not_suffice_halves_are_tried(
    model: LocalChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = model._model.generate

    def scarce(**arguments: Any) -> Any:
        rows = len(arguments["input_ids"])
        sizes.append(rows)
        if rows > 1:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(**arguments)

    request = ChatRequest(CHAT, n=4, temperature=1, seed=3, max_tokens=6)
    expected = model.chat(request).texts
    monkeypatch.setattr(model._model, "generate", scarce)
    assert model.chat(request).texts == expected
    assert sizes == [4, 2, 1, 1, 2, 1, 1]


def test_too_little_memory_for_one_prompt_is_told(
    model: LocalChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(**arguments: Any) -> Any:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(model._model, "generate", none_left)
    with pytest.raises(BackendError, match=r"cpu has not the memory for a prompt of .*smaller model"):
        model.chat(ChatRequest(CHAT))


def test_defects_are_not_taken_for_a_lack_of_memory(
    model: LocalChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**arguments: Any) -> Any:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(model._model, "generate", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        model.chat(ChatRequest(CHAT))


def test_time_is_bounded(tiny_model: Path) -> None:
    with (
        LocalChatModel(str(tiny_model), device="cpu", timeout=1e-6) as model,
        pytest.raises(BackendError, match="did not finish its answers within 1e-06 s; raise the timeout"),
    ):
        model.chat(ChatRequest(CHAT, temperature=0, max_tokens=300))


def test_the_identity_tells_weights_and_types_apart(tiny_model: Path, tmp_path: Path) -> None:
    def identity(folder: Path, **options: Any) -> str:
        with LocalChatModel(str(folder), device="cpu", **options) as opened:
            return opened.identity

    copy = tmp_path / "copy"
    shutil.copytree(tiny_model, copy)
    own = identity(copy)
    assert own == identity(copy) and own.startswith(f"local:{copy}#") and own.endswith("/float32/cpu")
    assert own.partition("#")[2] == identity(tiny_model).partition("#")[2]
    assert identity(copy, dtype="bfloat16") == own.replace("float32", "bfloat16")
    settings = json.loads((copy / "generation_config.json").read_text())
    (copy / "generation_config.json").write_text(json.dumps({**settings, "temperature": 0.5}))
    assert identity(copy) != own


def test_a_closed_model_answers_no_more(tiny_model: Path) -> None:
    model = LocalChatModel(str(tiny_model), device="cpu")
    model.close()
    model.close()
    with pytest.raises(BackendError, match="was closed"):
        model.chat(ChatRequest(CHAT))


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({"guided_json": {}}, "guided_json"),
        ({"top_k": "many"}, "top_k"),
        ({"repetition_penalty": 0}, "penalty"),
    ],
)
def test_parameters_that_it_does_not_know(model: LocalChatModel, extra: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word):
        model.chat(ChatRequest(CHAT, temperature=1, extra=extra))
    with pytest.raises(InputError, match="other"):
        model.chat(ChatRequest(CHAT, model="other"))


@pytest.mark.parametrize(
    "options", [{"dtype": "int3"}, {"device": "tpu"}, {"batch": 0}, {"max_tokens": 0}, {"timeout": 0.0}]
)
def test_bad_options(tiny_model: Path, options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        LocalChatModel(str(tiny_model), **options)


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        LocalChatModel(str(tmp_path / "nothing"))
    with pytest.raises(InputError, match=r"no config\.json"):
        LocalChatModel(str(tmp_path))


@pytest.mark.parametrize("damage", ["weights gone", "weights cut", "config", "tokenizer", "another kind"])
def test_damaged_folders(tiny_model: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    weights = folder / "model.safetensors"
    if damage == "weights gone":
        weights.unlink()
    elif damage == "weights cut":
        weights.write_bytes(weights.read_bytes()[:5000])
    elif damage == "config":
        (folder / "config.json").write_text("{")
    elif damage == "tokenizer":
        (folder / "tokenizer.json").write_text("[]")
    else:
        (folder / "config.json").write_text('{"model_type": "no_such_kind"}')
    with pytest.raises(ResourceError, match="cannot be loaded") as caught:
        LocalChatModel(str(folder), device="cpu")
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


def test_weights_that_are_not_there_are_not_made_up(tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ResourceError, match=r"lacks weights \(1, such as model\.layers\.1\.mlp"):
        LocalChatModel(str(folder), device="cpu")


def test_a_name_on_the_hub_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ResourceError, match=r"nobody/no-such-model cannot be loaded .*needs a network"):
        LocalChatModel("nobody/no-such-model", device="cpu")
