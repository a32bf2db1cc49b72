"""The judge: questions to judgements, one or many, over any chat model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from cramf.concurrently import in_threads
from cramf.errors import BackendError, CramfError, InputError
from cramf.evaluation.agreement import majority
from cramf.evaluation.judge.ballot import Ballot
from cramf.evaluation.judge.rubric import DEFAULT_RUBRIC, Rubric, load_rubric
from cramf.evaluation.judge.types import Judgement, Method, Question
from cramf.formalize.decoding import decode
from cramf.formalize.journal import Journal
from cramf.formalize.models.chat import ChatModel, ChatReply, ChatRequest, Choice, EmptyAnswerError
from cramf.jsonable import to_jsonable

__all__ = ["VOTING_TEMPERATURE", "Judge", "Outcome", "require_readable"]

Outcome = Judgement | BackendError
"""What came of a question: the votes on it, or why the model could not be asked."""
VOTING_TEMPERATURE: Final = 0.7
"""Temperature at which several votes are drawn where none was given."""
_VERSION: Final = 1
"""Raised whenever a judgement of the same answers could change."""
_SHOWN: Final = 200


class Judge:
    """Asks a chat model whether Lean statements are faithful; safe to share between threads if the model is.

    Args:
        model: who is asked. Its cache, budget and price are its own, see `open_model`.
        method: `direct` shows the informal and the Lean statement side by side. `back_translation` has the
            model put the Lean statement into words without seeing the informal one, in a chat of its own for
            each vote, and then compares the two texts.
        votes: how many are drawn, with the seeds `seed`, `seed + 1` and so on.
        rubric: name of one that comes with cramf, or the folder of your own.
        temperature: as in `ChatRequest`; where None, `VOTING_TEMPERATURE` for several votes and 0 for one.
        max_tokens, extra: as in `ChatRequest`, for every request.

    Raises:
        InputError: where an option cannot be used, or several votes are to be drawn at the temperature 0, at
            which all are the same.
    """

    def __init__(
        self,
        model: ChatModel,
        method: Method | str = Method.DIRECT,
        votes: int = 3,
        *,
        rubric: Rubric | str | Path = DEFAULT_RUBRIC,
        temperature: float | None = None,
        seed: int = 0,
        max_tokens: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        if method not in tuple(Method):
            raise InputError(f"a judge knows no method {method!a}", f"take one of {', '.join(Method)}")
        if votes < 1:
            raise InputError(f"a judge cannot give {votes} votes", "give 1 or more, best an odd number")
        if votes > 1 and temperature == 0:
            raise InputError(
                f"{votes} votes at the temperature 0 are all the same", "raise it, or take one vote"
            )
        self.model, self.method, self.votes = model, Method(method), votes
        self.rubric = rubric if isinstance(rubric, Rubric) else load_rubric(rubric)
        if temperature is None:
            temperature = VOTING_TEMPERATURE if votes > 1 else 0.0
        self._seed = seed
        self._settings: dict[str, Any] = {
            "temperature": temperature,
            "max_tokens": max_tokens,
            "extra": dict(extra or {}),
        }

    @property
    def fingerprint(self) -> dict[str, Any]:
        """Everything that decides a judgement besides the question, as plain JSON values."""
        return {
            "judge": _VERSION,
            "model": self.model.identity,
            "method": self.method.value,
            "votes": self.votes,
            "seed": self._seed,
            "rubric": self.rubric.identity,
            **self._settings,
        }

    def key(self, question: Question) -> str:
        """What a judgement on the question is kept under: a hash of it and of `fingerprint`."""
        data = json.dumps([self.fingerprint, to_jsonable(question)], sort_keys=True)
        return hashlib.sha256(data.encode()).hexdigest()[:32]

    def judge(self, question: Question, concurrency: int = 1) -> Judgement:
        """The judgement on one question, at most `concurrency` votes being drawn at once.

        Raises:
            BackendError: where the model fails; votes that cannot be read are no failure.
            InputError: where the model cannot use a setting.
        """
        (outcome,) = self._judged([question], concurrency)
        if isinstance(outcome, BackendError):
            raise outcome
        return outcome

    def judge_many(
        self,
        questions: Iterable[Question],
        out: Path | None = None,
        *,
        concurrency: int = 4,
        progress: bool = False,
    ) -> list[Outcome]:
        """What came of each question, in their order; a failure stands in its place and stops no other.

        With `out`, judgements are added to this file as they come, and what has one there with any readable
        vote is not asked for again. `concurrency` is how many questions are under way at once; a local model
        gets as many as fill its batch. `progress` shows a bar on standard error.

        Raises:
            BackendError: where there is not one readable vote in all, see `require_readable`.
            InputError: where `concurrency` cannot be used, or `out` holds something else.
            ResourceError: where `out` cannot be written to, or another process writes to it.
        """
        if concurrency < 1:
            raise InputError(f"{concurrency} questions at once cannot be judged", "give 1 or more")
        asked = list(questions)
        keys = [self.key(question) for question in asked]
        with ExitStack() as stack:
            journal = stack.enter_context(Journal(out)) if out is not None else None
            outcomes: dict[str, Outcome] = dict(_kept(journal, set(keys))) if journal is not None else {}
            # The same question twice is judged once.
            todo = {key: each for key, each in zip(keys, asked, strict=True) if key not in outcomes}
            bar = stack.enter_context(_bar(len(set(keys)), len(outcomes))) if progress else None
            for key, outcome in self._worked(todo, concurrency):
                if journal is not None and isinstance(outcome, Judgement):
                    journal.add(key, {"judgement": to_jsonable(outcome)})
                outcomes[key] = outcome
                if bar is not None:
                    bar.update()
        found = [outcomes[key] for key in keys]
        require_readable(found)
        return found

    def _worked(self, todo: Mapping[str, Question], concurrency: int) -> Iterator[tuple[str, Outcome]]:
        """What comes of each question under its key, as they come."""
        keys = list(todo)
        if self.model.batch > 1:
            # It answers a batch at a time, so that threads would only wait for each other.
            size, threads = max(1, self.model.batch // self.votes), 1
        else:
            size, threads = 1, concurrency
        waves = [keys[begin : begin + size] for begin in range(0, len(keys), size)]

        def work(wave: Sequence[str]) -> list[tuple[str, Outcome]]:
            return list(zip(wave, self._judged([todo[key] for key in wave], 1), strict=True))

        for done in in_threads(work, waves, threads):
            yield from done

    def _judged(self, questions: Sequence[Question], concurrency: int) -> list[Outcome]:
        """What comes of questions that are asked together: all their votes go on round by round."""
        ballots = [
            [Ballot(question, self.method, self.rubric, self._seed + number) for number in range(self.votes)]
            for question in questions
        ]
        failures: dict[int, BackendError] = {}
        while waiting := [
            (place, ballot, ballot.chat)
            for place, votes in enumerate(ballots)
            if place not in failures
            for ballot in votes
            if ballot.chat is not None
        ]:
            requests = [ChatRequest(chat, seed=b.seed, **self._settings) for _, b, chat in waiting]
            for index, outcome in self.model.outcomes(requests, concurrency):
                place, ballot, _ = waiting[index]
                if isinstance(outcome, EmptyAnswerError):
                    # It was asked and said nothing: that is an answer that cannot be read, and no failure.
                    ballot.took(self._nothing(outcome))
                elif isinstance(outcome, ChatReply):
                    ballot.took(outcome)
                else:
                    failures.setdefault(place, outcome)
        return [
            failures.get(place) or self._counted(question, votes)
            for place, (question, votes) in enumerate(zip(questions, ballots, strict=True))
        ]

    def _nothing(self, error: EmptyAnswerError) -> ChatReply:
        return ChatReply(self.model.identity, (Choice("", error.finish),), error.tokens, error.cost)

    def _counted(self, question: Question, ballots: Sequence[Ballot]) -> Judgement:
        votes = tuple(ballot.vote() for ballot in ballots)
        verdict = majority([vote.verdict for vote in votes])
        return Judgement(
            question.name, verdict, votes, self.method, self.rubric.identity, self.model.identity
        )


def require_readable(outcomes: Iterable[Outcome | None]) -> None:
    """Let a run with judgements pass if any vote of it could be read.

    Raises:
        BackendError: where there are votes and none could be read, with a sample of what the judge said; or
            the first failure, where the judge could not be asked at all.
    """
    failure: BackendError | None = None
    sample: tuple[str, str, str] | None = None
    for outcome in outcomes:
        if isinstance(outcome, BackendError):
            failure = failure or outcome
        elif outcome is not None:
            if any(vote.readable for vote in outcome.votes):
                return
            vote = outcome.votes[0]
            sample = sample or (outcome.model, vote.problem, vote.answers[-1] if vote.answers else "")
    if sample is not None:
        model, problem, said = sample
        said = " ".join(said.split())
        said = said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"
        raise BackendError(
            f"the judge {model} gave no answer that can be read ({problem}); it said, for example, {said!a}",
            "check its chat template and token limit, or take another model",
        )
    if failure is not None:
        raise failure


def _kept(journal: Journal, wanted: set[str]) -> Iterator[tuple[str, Judgement]]:
    """The judgements in a file that need not be asked for again."""
    for number, line in enumerate(journal.lines, start=1):
        if line["key"] in wanted:
            try:
                judgement = decode(Judgement, line["judgement"])
            except (ValueError, KeyError, CramfError) as error:
                raise InputError(
                    f"{journal.path}, line {number} is no judgement ({error})", "name another file"
                ) from None
            # A server that sent nonsense may be mended by now, as one that failed may.
            if any(vote.readable for vote in judgement.votes):
                yield line["key"], judgement


def _bar(total: int, done: int) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, initial=done, desc="judging", unit="statement")
