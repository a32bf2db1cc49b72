"""A tiny language model with random weights, made on the spot: two layers, its own tokenizer and template."""

from __future__ import annotations

from pathlib import Path

TEXTS = (
    "theorem add_comm (a b : Nat) : a + b = b + a := by sorry",
    "Every subgroup of index two is normal.",
    "Let p be a prime greater than two; then p is odd.",
)
TEMPLATE = (
    "{% for message in messages %}"
    "[{{ message['role'] }}] {{ message['content'] }}"
    "{% if not loop.last or add_generation_prompt %}\n{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def make_tiny_model(
    folder: Path, template: str | None = TEMPLATE, *, samples: bool = True, context: int = 512
) -> Path:
    """Write the model to a folder; the same arguments always make the same weights.

    `samples` is whether the model's own generation config samples.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=384,
        special_tokens=["<pad>", "<s>", "</s>"],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS * 4, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    fast.chat_template = template
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = LlamaForCausalLM(config)
    model.generation_config.do_sample = samples
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder
