"""What requests cost, and what may still be spent.

The worst case of a request is booked before it is sent, and corrected when the provider has said what it
used. So a run that is killed in between has spent too much in the books, never too little.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.agent_run import Price, Usage
from sealock.domain.location import Location
from sealock.errors import Refused, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

_BYTES_PER_TOKEN = 2
"""Of JSON in English and of code there are about four; with two even dense text is estimated high."""

_LEAST_OUTPUT = 1_000
_MILLION = 1_000_000


class SharedBudget(msgspec.Struct, frozen=True):
    """What several runs may spend together; `path` is the file in which they book. None is no limit.

    `name` says in messages whose it is. Runs name the files that they share in the same order.
    """

    path: str
    name: str = "all runs"
    usd: float | None = None
    tokens: int | None = None


class Budget(msgspec.Struct, frozen=True):
    """What one run may spend: None, and 0 for turns and tool calls, is no limit.

    `prices` are by model, `*` for any other. `output_cap` is the most tokens that one answer may have; it
    is sent with every request where money or tokens are limited.
    """

    usd: float | None = None
    tokens: int | None = None
    turns: int = 0
    tool_calls: int = 0
    prices: dict[str, Price] = {}
    output_cap: int = 32_000
    shared: tuple[SharedBudget, ...] = ()


class OverBudget(Refused):
    """The request could cost more than is left."""


class Grant(msgspec.Struct, frozen=True):
    """Leave for one request: what is booked for it. `output` caps the answer's tokens; 0 does not."""

    model: str
    usd: float
    tokens: int
    input: int
    output: int


class _Books(msgspec.Struct):
    usd: float = 0.0
    tokens: int = 0


def cost(usage: Usage, price: Price) -> float:
    """Return US dollars; reasoning is paid as output, cached input at its own price."""
    fresh = max(0, usage.input - usage.cached_input)
    spent = fresh * price.input + usage.cached_input * price.cached_input + usage.output * price.output
    return spent / _MILLION


def added(one: Usage, other: Usage) -> Usage:
    """Return the sum of two usages."""
    return Usage(
        one.input + other.input,
        one.cached_input + other.cached_input,
        one.output + other.output,
        one.reasoning + other.reasoning,
    )


class _Said(msgspec.Struct, frozen=True):
    """`response.completed`'s usage, as the Responses API has it; counts below zero are refused."""

    class _Input(msgspec.Struct, frozen=True):
        cached_tokens: int | None = 0

    class _Output(msgspec.Struct, frozen=True):
        reasoning_tokens: int | None = 0

    input_tokens: int
    output_tokens: int
    input_tokens_details: _Input | None = None
    output_tokens_details: _Output | None = None


def usage_of(event: Any) -> Usage | None:  # noqa: ANN401 - any JSON
    """Return the usage in the data of an event, or None where it has none that can be right."""
    try:
        said = msgspec.convert(event["response"]["usage"], _Said)
    except (KeyError, TypeError, msgspec.ValidationError):
        return None
    cached = said.input_tokens_details.cached_tokens if said.input_tokens_details else 0
    reasoning = said.output_tokens_details.reasoning_tokens if said.output_tokens_details else 0
    usage = Usage(said.input_tokens, cached or 0, said.output_tokens, reasoning or 0)
    whole = usage.cached_input <= usage.input and usage.reasoning <= usage.output
    return usage if whole and min(msgspec.structs.astuple(usage)) >= 0 else None


class Meter:
    """Books the requests of one run, and those of others that share its budget; threads may share it."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._own = _Books()
        self._lock = threading.Lock()
        self._tokens_per_byte = 1 / _BYTES_PER_TOKEN
        self.usage = Usage()

    @property
    def spent_usd(self) -> float:
        """What the run has spent, and what is booked for requests on their way."""
        return round(self._own.usd, 9)

    def price(self, model: str) -> Price | None:
        """Return what a model costs, or None where nobody said it."""
        return self._budget.prices.get(model) or self._budget.prices.get("*")

    def reserve(self, model: str, size: int, asked: int = 0) -> Grant:
        """Book the worst case of a request of `size` bytes that asks for at most `asked` tokens (0: any).

        Raises OverBudget, and Undecided where the price is not known or the shared file cannot be used.
        """
        with self._lock, _all_shared(self._budget.shared) as shared:
            limits = [(self._budget.usd, self._budget.tokens, self._own, "this run")]
            for each, books in zip(self._budget.shared, shared, strict=True):
                limits.append((each.usd, each.tokens, books, each.name))
            grant = self._grant(model, size, asked, limits)
            for books in (self._own, *shared):
                books.usd += grant.usd
                books.tokens += grant.tokens
            return grant

    def settle(self, grant: Grant, usage: Usage | None, size: int = 0) -> float:
        """Correct the books by what was used, None where nobody knows; return the cost in US dollars."""
        with self._lock, _all_shared(self._budget.shared) as shared:
            if usage is None:
                return grant.usd
            if size:
                self._tokens_per_byte = max(self._tokens_per_byte, 1.1 * usage.input / size)
            price = self.price(grant.model)
            spent = cost(usage, price) if price else 0.0
            for books in (self._own, *shared):
                books.usd += spent - grant.usd
                books.tokens += usage.input + usage.output - grant.tokens
            self.usage = added(self.usage, usage)
            return spent

    def _grant(
        self, model: str, size: int, asked: int, limits: list[tuple[float | None, int | None, _Books, str]]
    ) -> Grant:
        price = self.price(model)
        if price is None and any(usd is not None for usd, *_ in limits):
            message = f"the price of {model} is not known, so a budget in dollars cannot be kept"
            raise Undecided(message, hint=f"Add it to chamber.prices in sealock.yaml: {model}: {{…}}.")
        price = price or Price(0.0, 0.0, 0.0)
        tokens_in = int(size * self._tokens_per_byte) + 1
        cap = min(asked or self._budget.output_cap, self._budget.output_cap)
        usd_in = tokens_in * max(price.input, price.cached_input) / _MILLION
        limited = False
        output = cap
        for usd, tokens, books, whose in limits:
            if usd is not None:
                limited = True
                left = usd - books.usd - usd_in
                affordable = int(left * _MILLION / price.output) if price.output else cap
                output = min(output, affordable if left >= 0 else -1)
            if tokens is not None:
                limited = True
                output = min(output, tokens - books.tokens - tokens_in)
            if limited and output < min(cap, _LEAST_OUTPUT):
                raise _over(whose, usd, tokens, books)
        usd_out = output * price.output / _MILLION
        return Grant(model, usd_in + usd_out, tokens_in + output, tokens_in, output if limited else 0)


def _over(whose: str, usd: float | None, tokens: int | None, books: _Books) -> OverBudget:
    of = [f"${usd:.2f}"] if usd is not None else []
    of += [f"{tokens} tokens"] if tokens is not None else []
    spent = f"${books.usd:.4f} and {books.tokens} tokens are spent or booked"
    message = f"the budget of {whose} ({', '.join(of)}) would break: {spent}"
    return OverBudget(message, hint="Raise the budget in sealock.yaml, or split the task.")


@contextmanager
def _all_shared(budgets: tuple[SharedBudget, ...]) -> Iterator[tuple[_Books, ...]]:
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_shared(each)) for each in budgets)


@contextmanager
def _shared(budget: SharedBudget) -> Iterator[_Books]:
    """Give the books that runs share, alone; what is changed in them is written at the end."""
    path = Path(budget.path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f"{path.name}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            books = _read(path)
            yield books
            _write(path, books)
    except OSError as wrong:
        message = f"the shared budget cannot be used: {wrong.strerror}"
        raise Undecided(message, where=Location(budget.path)) from wrong


def _read(path: Path) -> _Books:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Books)
    except FileNotFoundError:
        return _Books()
    except (msgspec.DecodeError, msgspec.ValidationError) as wrong:
        message = f"the shared budget is not as it was written: {wrong}"
        raise Undecided(message, where=Location(str(path)), hint="Take it away to begin anew.") from wrong


def _write(path: Path, books: _Books) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(books))
    draft.replace(path)
