"""Tune the sentence encoder on Mathlib alone, and say what it gains on modules that it has not seen.

    python eval/tune_encoder.py --index DIR [--epochs 2.5] [--seed 0] [--steps N] [--out FILE.pt]

DIR must hold docstrings. Docstrings of theorems are drawn to the definitions that their statements use,
docstrings of definitions to the definitions themselves: a softmax over all definitions that are used, whose
vectors start as those of the index (so every other definition is a negative, the hard ones weighing most).
The word embeddings stay as they are. Modules of fold 0 are held out. Printed are R@5, R@10 and R@20 of the
votes of the nearest theorems before and after, and of the definitions' own vectors after; theorems of the
query's file have no vote. The peer is the encoder as it was, in the same run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from cramf.knowledge.store import KnowledgeBase
from cramf.retrieval.channels import usage_votes
from cramf.retrieval.encoder import load_encoder
from cramf.retrieval.latex import normalize_query
from cramf.retrieval.query_terms import informal_docstring
from cramf.retrieval.training import fold_of, states_something
from cramf.retrieval.vectors import VectorIndex

BATCH, LONGEST = 64, 64


class Model:
    """Tokenizer and transformer of the index's encoder, pooled by the mean."""

    def __init__(self, name: str) -> None:
        inner = load_encoder(name)._model()
        self.tokenizer, self.transformer = inner.tokenizer, inner[0].auto_model
        for parameter in self.transformer.embeddings.parameters():
            parameter.requires_grad = False

    def __call__(self, texts: Sequence[str], longest: int = LONGEST) -> torch.Tensor:
        words = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt"
        )
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self.transformer(**words).last_hidden_state
        mask = words["attention_mask"].unsqueeze(-1).float()
        return functional.normalize((states.float() * mask).sum(1) / mask.sum(1), dim=1)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.transformer.eval()
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        vectors = np.zeros((len(texts), 384), np.float32)
        with torch.no_grad():
            for start in range(0, len(order), 128):
                rows = order[start : start + 128]
                vectors[rows] = self([texts[n] for n in rows], 128).numpy()
        self.transformer.train()
        return vectors


def batches(items: Sequence[tuple[str, list[int]]], seed: int) -> Iterator[list[int]]:
    """Rows of items, texts of like length together, over and over."""
    while True:
        random = np.random.default_rng(seed)
        seed += 1
        order = random.permutation(len(items)).tolist()
        made: list[list[int]] = []
        for start in range(0, len(order), BATCH * 40):
            chunk = sorted(order[start : start + BATCH * 40], key=lambda n: len(items[n][0]))
            made += [chunk[n : n + BATCH] for n in range(0, len(chunk), BATCH)]
        for number in random.permutation(len(made)):
            yield made[number]


def recall(rank: Callable[[int], np.ndarray], used: list[set[int]], rows: Sequence[int]) -> list[float]:
    found, wanted = np.zeros(3), 0
    for number, row in enumerate(rows):
        best = np.argsort(-rank(number), kind="stable")[:20].tolist()
        wanted += len(used[row])
        found += [len(used[row].intersection(best[:k])) for k in (5, 10, 20)]
    return [round(float(value), 4) for value in found / wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=2.5)
    parser.add_argument("--steps", type=int, default=0, help="instead of --epochs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--queries", type=int, default=1200)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    base = KnowledgeBase.open(options.index)
    columns, votes = base.usage_columns, base.matrix("votes.npz")
    used = [set(votes.indices[votes.indptr[n] : votes.indptr[n + 1]].tolist()) for n in range(votes.shape[0])]
    folds = np.array([fold_of(module) for module in columns["module"]])
    texts = [normalize_query(informal_docstring(text)) for text in columns["docstring"]]
    seen = np.flatnonzero(folds != 0)
    counts = np.asarray(votes[seen].sum(axis=0)).ravel()
    labels = np.flatnonzero(counts)
    place = {row: n for n, row in enumerate(labels.tolist())}
    items = [(texts[n], [place[row] for row in sorted(used[n])]) for n in seen if len(texts[n].split()) > 2]
    definitions = base.definition_columns
    for n, row in enumerate(labels.tolist()):
        text = normalize_query(informal_docstring(definitions["docstring"][row]))
        if len(text.split()) > 2 and fold_of(definitions["module"][row]):
            items.append((text, [n]))
    model = Model(base.manifest.encoder)
    stored = VectorIndex.read(base.file("definitions.faiss"))
    weights = torch.nn.Parameter(torch.tensor(np.stack([stored.vector(row) for row in labels])))
    bias = torch.nn.Parameter(torch.tensor(0.5 * np.log(counts[labels] / len(items)), dtype=torch.float32))
    scale = torch.nn.Parameter(torch.tensor(12.0))
    asked = [
        n
        for n in np.flatnonzero(folds == 0)
        if states_something(columns["docstring"][n], columns["module"][n])
    ]
    asked = np.random.default_rng(options.seed).permutation(asked)[: options.queries].tolist()
    modules = np.unique(np.array(columns["module"]), return_inverse=True)[1]

    def by_votes(vectors: np.ndarray) -> list[float]:
        def rank(number: int) -> np.ndarray:
            row = asked[number]
            near = vectors @ vectors[row]
            near[modules == modules[row]] = -1.0
            voters = np.argsort(-near)[:100]
            return np.asarray(votes[voters].T @ usage_votes(near[voters].astype(np.float64), 100, 8.0))

        return recall(rank, used, asked)

    print(f"{len(items):,} texts, {len(labels):,} definitions, {len(asked):,} queries of held-out modules")
    print("votes before R@5, R@10, R@20:", by_votes(model.encode(texts)), flush=True)
    train(model, items, weights, bias, scale, options)
    vectors = model.encode(texts)
    print("votes after:", by_votes(vectors))
    own = weights.detach().numpy()

    def by_label(number: int) -> np.ndarray:
        scores = np.full(votes.shape[1], -1e9)
        scores[labels] = float(scale) * (own @ vectors[asked[number]]) + bias.detach().numpy()
        return scores

    print("definitions' own vectors after:", recall(by_label, used, asked))
    if options.out:
        torch.save(
            {"transformer": model.transformer.state_dict(), "definitions": weights.detach()}, options.out
        )


def train(
    model: Model,
    items: Sequence[tuple[str, list[int]]],
    weights: torch.nn.Parameter,
    bias: torch.nn.Parameter,
    scale: torch.nn.Parameter,
    options: Any,
) -> None:
    """AdamW with linear warm-up and decay; cross-entropy with the answers of a text sharing its mass."""
    inner = [parameter for parameter in model.transformer.parameters() if parameter.requires_grad]
    rates = ((inner, 1.5e-4, 0.01), ([weights], 3e-3, 0.0), ([bias, scale], 1e-2, 0.0))
    groups = [{"params": p, "lr": rate, "base": rate, "weight_decay": decay} for p, rate, decay in rates]
    optimizer = torch.optim.AdamW(groups)
    steps = options.steps or int(options.epochs * len(items) / BATCH)
    begun = time.monotonic()
    model.transformer.train()
    for step, batch in zip(range(steps), batches(items, options.seed), strict=False):
        factor = min(1.0, (step + 1) / 100) * max(0.02, 1 - step / steps)
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * factor
        vectors = model([items[n][0] for n in batch])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            products = vectors @ weights.T
        chances = torch.log_softmax(scale * products.float() + bias, 1)
        loss = -torch.stack([chances[n, items[row][1]].mean() for n, row in enumerate(batch)]).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(inner, 1.0)
        optimizer.step()
        if step % 100 == 99:
            print(
                f"step {step + 1} of {steps}, loss {float(loss):.3f}, {time.monotonic() - begun:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
