"""One vote under way: what is to be asked next, and what came of what was asked. No input and output."""

from __future__ import annotations

from typing import Final

from cramf.evaluation.judge.lean_text import shown_lean
from cramf.evaluation.judge.parsing import Answer, UnreadableAnswerError, read_answer
from cramf.evaluation.judge.rubric import Rubric
from cramf.evaluation.judge.types import Method, Question, Vote
from cramf.formalize.models.chat import ChatReply, Choice, Finish, Message
from cramf.formalize.reply_blocks import clean_text
from cramf.formalize.types import TokenUsage

__all__ = ["Ballot"]

_QUOTED: Final = 4000
"""Characters of an answer that could not be read, as the model is shown it again."""
_CUT: Final = {
    Finish.LENGTH: "it was cut off at the token limit",
    Finish.FILTER: "it was withheld by a content filter",
    Finish.REFUSAL: "it is a refusal",
}


class Ballot:
    """A vote on a question. `chat` is what the model is to be sent next, None once the vote is there.

    An answer that cannot be read is asked for once more, and the model is told what is wrong with it; so is a
    translation. Then the vote is unreadable.
    """

    def __init__(self, question: Question, method: Method, rubric: Rubric, seed: int) -> None:
        self._question, self._rubric, self._seed = question, rubric, seed
        self._answers: list[str] = []
        self._translation = self._problem = ""
        self._answer: Answer | None = None
        self._tokens: TokenUsage | None = TokenUsage()
        self._cost: float | None = 0.0
        self.chat: tuple[Message, ...] | None = None
        if method is Method.DIRECT:
            self._begin("direct", informal=question.statement, lean=shown_lean(question))
        else:
            self._begin("translate", lean=shown_lean(question))

    @property
    def seed(self) -> int:
        return self._seed

    def took(self, reply: ChatReply) -> None:
        """Take in the reply to `chat`."""
        if self._tokens is not None:
            self._tokens = None if reply.tokens is None else self._tokens + reply.tokens
        if self._cost is not None:
            self._cost = None if reply.cost is None else self._cost + reply.cost
        choice = reply.choices[0]
        if self._stage == "translate":
            self._translated(choice)
        else:
            self._judged(choice)

    def vote(self) -> Vote:
        """The vote, once `chat` is None."""
        answer = self._answer
        return Vote(
            None if answer is None else answer.verdict,
            self._seed,
            "" if answer is None else answer.reason,
            () if answer is None else answer.discrepancies,
            tuple(self._answers),
            self._translation,
            self._problem,
            self._tokens,
            self._cost,
        )

    def _begin(self, stage: str, **texts: str) -> None:
        self._stage, self._corrected = stage, False
        system, user = self._rubric.text(f"{stage}.system"), self._rubric.data(f"{stage}.user", **texts)
        self.chat = (Message("system", system), Message("user", user))

    def _translated(self, choice: Choice) -> None:
        text = clean_text(choice.text).strip()
        problem = _CUT.get(choice.finish) or ("" if text else "it is empty")
        if problem:
            self._again(choice, f"the translation: {problem}" if self._corrected else problem)
            return
        self._translation = text
        self._begin("compare", informal=self._question.statement, translation=text)

    def _judged(self, choice: Choice) -> None:
        try:
            self._answer = read_answer(choice.text, self._rubric.kinds)
        except UnreadableAnswerError as error:
            said = str(error) if choice.text.strip() else "it is empty"
            self._again(choice, _CUT.get(choice.finish, said))
            return
        self._answers.append(choice.text)
        self.chat = None

    def _again(self, choice: Choice, problem: str) -> None:
        """Ask once more, or give up."""
        self._answers.append(choice.text)
        if self._corrected or self.chat is None:
            self._problem, self.chat = problem, None
            return
        self._corrected = True
        # Chat templates refuse an empty turn, and no message may hold half a character.
        said = choice.text[:_QUOTED].encode("utf-8", "replace").decode() or "(nothing)"
        correction = self._rubric.text("correction", problem=problem, translating=self._stage == "translate")
        self.chat = (*self.chat, Message("assistant", said), Message("user", correction))
