"""Options that the commands which search have in common, and the retriever that they ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cramf.cli.language_model import LLM_KINDS

if TYPE_CHECKING:
    from cramf.retrieval.encoder import Encoder
    from cramf.retrieval.reranking import Reranker
    from cramf.retrieval.retriever import Retriever
    from cramf.retrieval.types import QueryReader

__all__ = ["make_reader", "make_reranker", "number_or_auto", "retrieval_options"]

_MOST = 1000

Command = Callable[..., Any]


def retrieval_options(command: Command) -> Command:
    """`--llm`, `--reranker` and `--rerank-depth`."""
    for option in (
        click.option(
            "--rerank-depth",
            type=click.IntRange(1, 1000),
            default=50,
            show_default=True,
            help="How many hits the reranker looks at.",
        ),
        click.option(
            "--reranker",
            metavar="NAME",
            default=None,
            help="Rank the first hits once more: `late` for late interaction with the index's own encoder, "
            "else a cross-encoder by name or folder.",
        ),
        click.option(
            "--llm",
            metavar="SPEC",
            default=None,
            help=f"Let a language model say what the query is about: {LLM_KINDS}; its answers are kept.",
        ),
    ):
        command = option(command)
    return command


def number_or_auto(context: click.Context, parameter: click.Parameter, value: str) -> int | None:
    """A number of definitions, None for `auto`."""
    if value == "auto":
        return None
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= _MOST):
        raise click.BadParameter(f"{value!r} is neither `auto` nor a number from 1 to {_MOST}.")
    return int(value)


def make_reader(llm: str | None, retriever: Retriever) -> QueryReader | None:
    """The reader that asks the language model, None where none is named.

    Raises:
        InputError, ResourceError: as `open_backend`.
    """
    if llm is None:
        return None
    from cramf.cli.language_model import open_backend
    from cramf.environment import default_answer_cache
    from cramf.formalize.chat_backend import PlainChat
    from cramf.retrieval.answer_cache import AnswerCache
    from cramf.retrieval.model_reading import ModelReader

    path: Path = default_answer_cache()
    path.parent.mkdir(parents=True, exist_ok=True)
    return ModelReader(retriever.reader, PlainChat(open_backend(llm)), AnswerCache(path))


def make_reranker(name: str | None, encoder: Encoder) -> Reranker | None:
    """The reranker of that name, None where none is named.

    Raises:
        InputError, ResourceError: as `load_reranker`.
    """
    if name is None:
        return None
    from cramf.retrieval.reranking import load_reranker

    return load_reranker(name, encoder)
