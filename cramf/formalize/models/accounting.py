"""What language models take: tokens, US dollars and seconds, summed up and held to a budget."""

from __future__ import annotations

import dataclasses
import json
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cramf.errors import BackendError, InputError
from cramf.files import read_text
from cramf.formalize.types import TokenUsage

if TYPE_CHECKING:
    from cramf.formalize.models.chat import ChatReply, ChatRequest

__all__ = ["BudgetError", "Meter", "Price", "Prices", "Reservation", "Usage", "estimated_tokens"]

_MILLION = 1_000_000
_BYTES_PER_TOKEN = 3
"""Fewer than most texts have, so that an estimate is rather too high than too low."""
_TOKENS_PER_MESSAGE = 8
_PRICES_MEND = 'as in {"gpt-4.1*": {"prompt": 2.0, "completion": 8.0}}, US dollars per million tokens'


class BudgetError(BackendError):
    """The next request could exceed the budget; it was not sent."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens of prompts and of answers.

    Raises:
        InputError: where one is negative or no number.
    """

    prompt: float
    completion: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(price) and price >= 0 for price in (self.prompt, self.completion)):
            raise InputError("a price is negative or no number", "give US dollars per million tokens")

    def cost(self, tokens: TokenUsage | None) -> float | None:
        """US dollars for these tokens, None where they were not counted."""
        if tokens is None:
            return None
        return (tokens.prompt * self.prompt + tokens.completion * self.completion) / _MILLION


class Prices:
    """Prices by model name; a name in the table may hold `*`, and an exact name goes before these."""

    def __init__(self, prices: Mapping[str, Price] | None = None) -> None:
        self._prices = dict(prices or {})

    @classmethod
    def load(cls, path: Path) -> Prices:
        """The table in a JSON file: model names to objects of `prompt` and `completion`.

        Raises:
            InputError: where the file cannot be read or is of another shape.
        """
        try:
            data = json.loads(read_text(path, 1 << 20))
        except (ValueError, RecursionError):
            raise InputError(f"the table of prices {path} is not JSON", f"write it {_PRICES_MEND}") from None
        if not isinstance(data, dict):
            raise InputError(f"the table of prices {path} is no JSON object", f"write it {_PRICES_MEND}")
        return cls({name: _price(path, name, entry) for name, entry in data.items()})

    def of(self, model: str) -> Price | None:
        """The price of a model; of several patterns that fit it, the longest decides."""
        if model in self._prices:
            return self._prices[model]
        fitting = [pattern for pattern in self._prices if fnmatchcase(model, pattern)]
        return self._prices[max(fitting, key=len)] if fitting else None


def _price(path: Path, name: str, entry: Any) -> Price:
    prices = [entry.get(part) for part in ("prompt", "completion")] if isinstance(entry, dict) else []
    numbers = [float(p) for p in prices if isinstance(p, int | float) and not isinstance(p, bool)]
    if len(numbers) != 2:
        raise InputError(f"{path} has no two prices for {name!a}", f"write it {_PRICES_MEND}")
    return Price(*numbers)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run took so far.

    Replies that came from a cache are counted in `cached` alone. `uncounted` replies told no tokens, so that
    estimates stand in the sums for them. `paid` sums the costs that are known or could be estimated,
    `unpriced` counts the replies whose cost is not known.
    """

    replies: int = 0
    failures: int = 0
    cached: int = 0
    sent: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    uncounted: int = 0
    paid: float = 0.0
    unpriced: int = 0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @property
    def cost(self) -> float | None:
        """US dollars in all, None where the cost of any reply is not known."""
        return None if self.unpriced else self.paid

    def __add__(self, other: Usage) -> Usage:
        names = [each.name for each in dataclasses.fields(Usage)]
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in names})


def estimated_tokens(text: str) -> int:
    """Tokens that a text may have, rather too many than too few."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class Reservation:
    """The share of a budget that is set aside for one request under way."""

    tokens: TokenUsage
    cost: float


class Meter:
    """Sums what replies take, and refuses requests that could exceed a budget. Safe between threads.

    Before a request is sent its prompt is estimated from its length, and its answers from `max_tokens`; where
    a request sets none, from the mean of the answers so far. A budget is thus kept to strictly only with
    `max_tokens` set.

    Args:
        max_tokens: the most tokens, of prompts and answers together.
        max_cost: the most US dollars.

    Raises:
        InputError: where a limit is negative or no number.
    """

    def __init__(self, max_tokens: int | None = None, max_cost: float | None = None) -> None:
        limits = [limit for limit in (max_tokens, max_cost) if limit is not None]
        if not all(math.isfinite(limit) and limit >= 0 for limit in limits):
            raise InputError("a budget is negative or no number", "give tokens or US dollars, 0 or more")
        self._max_tokens, self._max_cost = max_tokens, max_cost
        self._lock = threading.Lock()
        self._usage = Usage()
        self._choices = 0
        self._reserved: list[Reservation] = []

    @property
    def usage(self) -> Usage:
        """The sums so far."""
        with self._lock:
            return self._usage

    def require_price(self, model: str, price: Price | None) -> None:
        """Check that a limit on costs can be kept.

        Raises:
            InputError: where there is one and the model's price is not known.
        """
        if self._max_cost is not None and price is None:
            raise InputError(
                f"the price of {model} is not known, so that its cost cannot be limited",
                "give its prices, or a limit on tokens instead",
            )

    def reserve(self, request: ChatRequest, price: Price | None) -> Reservation:
        """Set aside what a request may take; to be settled in any case.

        Raises:
            BudgetError: where that could exceed the budget.
        """
        prompt = sum(_TOKENS_PER_MESSAGE + estimated_tokens(m.content) for m in request.messages)
        with self._lock:
            mean = -(-self._usage.completion_tokens // self._choices) if self._choices else 0
            each = mean if request.max_tokens is None else request.max_tokens
            wanted = TokenUsage(prompt, request.n * each)
            wanted_cost = (price.cost(wanted) if price else None) or 0.0
            under_way = sum(r.tokens.prompt + r.tokens.completion for r in self._reserved)
            tokens = self._usage.tokens + under_way + wanted.prompt + wanted.completion
            cost = self._usage.paid + sum(r.cost for r in self._reserved) + wanted_cost
            if self._max_tokens is not None and tokens > self._max_tokens:
                raise self._exceeded(f"{tokens:,} tokens of {self._max_tokens:,}", self._usage)
            if self._max_cost is not None and cost > self._max_cost:
                raise self._exceeded(f"${cost:.4f} of ${self._max_cost:.4f}", self._usage)
            reservation = Reservation(wanted, wanted_cost)
            self._reserved.append(reservation)
            return reservation

    @staticmethod
    def _exceeded(what: str, usage: Usage) -> BudgetError:
        return BudgetError(
            f"the next request to the language model could come to {what}"
            f" ({usage.replies} replies and {usage.tokens:,} tokens so far)",
            "raise the budget, or lower the number or the length of the answers",
        )

    def settle(self, reservation: Reservation, reply: ChatReply, price: Price | None) -> None:
        """Put what a reply took in the place of what was set aside for it."""
        taken = reply.tokens
        if taken is None:
            written = sum(estimated_tokens(c.text) + estimated_tokens(c.reasoning) for c in reply.choices)
            taken = TokenUsage(reservation.tokens.prompt, written)
        used = Usage(
            replies=1,
            sent=reply.sent,
            uncounted=int(reply.tokens is None),
            unpriced=int(reply.cost is None),
            seconds=reply.seconds,
        )
        self._add(reservation, used, taken, reply.cost, price, len(reply.choices))

    def fail(self, reservation: Reservation, error: BaseException, price: Price | None) -> None:
        """Put what is known to have been used up before a failure in the place of what was set aside."""
        taken: TokenUsage | None = getattr(error, "tokens", None)
        cost: float | None = getattr(error, "cost", None)
        used = Usage(failures=1, unpriced=int(taken is not None and cost is None))
        self._add(reservation, used, taken or TokenUsage(), cost, price, 0)

    def _add(
        self,
        reservation: Reservation,
        used: Usage,
        taken: TokenUsage,
        cost: float | None,
        price: Price | None,
        choices: int,
    ) -> None:
        paid = cost if cost is not None else (price.cost(taken) if price else None)
        tokens = Usage(prompt_tokens=taken.prompt, completion_tokens=taken.completion, paid=paid or 0.0)
        with self._lock:
            self._reserved.remove(reservation)
            self._usage += used + tokens
            self._choices += choices

    def release(self, reservation: Reservation) -> None:
        """Give back what was set aside for a request that was never sent."""
        with self._lock:
            self._reserved.remove(reservation)

    def note_cached(self) -> None:
        """Count a reply that nobody had to be asked for."""
        with self._lock:
            self._usage += Usage(cached=1)
