"""What the calls of a run used and cost, written down as they are made: a run that was killed knows what it had spent.

JSON lines. A call is written down before it is sent, with the most it can cost, and again with what it did use; one without
its second line was under way when the run was stopped, may have been billed, and counts at its worst. A torn last line is
what a crash leaves behind. Until it is told where, a ledger keeps its lines in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from harness.errors import StoreError
from harness.frozen import FrozenModel, canonical_bytes, from_json
from harness.language_model.door import FailureKind, LanguageModel, ModelAnswer, ModelFailure, ModelRequest
from harness.language_model.money.budget import NOTHING
from harness.language_model.money.prices import Prices
from harness.language_model.usage import Usage

MAX_BYTES = 256 << 20
_PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True)
class Spending:
    """What calls used and cost."""

    calls: int = 0
    """Tries that were sent, failed ones included."""
    failures: Mapping[FailureKind, int] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    """What the API said it billed."""
    cost: Decimal | None = NOTHING
    """US dollars, exact; None where a model has no price."""
    charge_unknown: int = 0
    """Calls that may have been billed without our being told."""

    @property
    def cache_read_share(self) -> float | None:
        """Share of all prompt tokens that was read from the provider's cache; None before the first call."""
        return self.usage.cache_read_tokens / self.usage.prompt_tokens if self.usage.prompt_tokens else None

    def __add__(self, other: Spending) -> Spending:
        failures = {kind: self.failures.get(kind, 0) + other.failures.get(kind, 0) for kind in (*self.failures, *other.failures)}
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        return Spending(
            self.calls + other.calls, failures, self.usage + other.usage, cost, self.charge_unknown + other.charge_unknown
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """Which model was asked, and what for."""

    model: str
    purpose: str
    """As `ModelRequest.purpose` says."""


class _Line(FrozenModel):
    """One line."""

    kind: Literal["asked", "answered", "found"]
    """Found: an answer of before, from the store."""
    number: int = Field(ge=0)
    """Of the call within its session; 0 for what was found."""
    model: str = ""
    purpose: str = ""
    worst: Decimal | None = None
    """US dollars; None without a price."""
    usage: Usage = Field(default_factory=Usage)
    failure: FailureKind | None = None
    charge_unknown: bool = False
    batch: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Answers that were there already."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    """What they used when they were asked."""


@dataclass(slots=True)
class _Sums:
    """What lines add up to."""

    spending: dict[Account, Spending] = field(default_factory=dict)
    found: dict[Account, Found] = field(default_factory=dict)
    uncertain: Decimal = NOTHING
    """Most that calls cost whose bill never arrived."""
    under_way: dict[int, tuple[Account, Decimal | None]] = field(default_factory=dict)


class Ledger:
    """The account of a run, over all its sessions.

    Args:
        prices: what tokens cost; None counts tokens only.
    """

    def __init__(self, prices: Prices | None = None) -> None:
        self._prices = prices or Prices()
        self._sums = _Sums()
        self._waiting: list[_Line] = []
        self._descriptor: int | None = None
        self._path: Path | None = None
        self._number = 0

    @property
    def spending(self) -> dict[Account, Spending]:
        """What calls used and cost, by model and purpose."""
        return dict(self._sums.spending)

    @property
    def found(self) -> dict[Account, Found]:
        """What was answered from the store, by model and purpose."""
        return dict(self._sums.found)

    @property
    def committed(self) -> Decimal:
        """US dollars that are spent, and that may have been: what a budget has to count."""
        under_way = sum((worst or NOTHING for _, worst in self._sums.under_way.values()), NOTHING)
        return sum((one.cost or NOTHING for one in self._sums.spending.values()), NOTHING) + self._sums.uncertain + under_way

    def keep_at(self, path: Path) -> None:
        """Go on with the ledger at `path`, or begin it there; what is in memory already is added to it.

        Raises:
            StoreError: it cannot be read or written, or is none of ours.
        """
        if self._descriptor is not None:
            raise ValueError(f"this ledger is kept at {self._path} already")
        earlier, end = _read(path)
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _PRIVATE_FILE)
            os.ftruncate(self._descriptor, end)
            os.lseek(self._descriptor, end, os.SEEK_SET)
        except OSError as error:
            raise StoreError(f"{path}: the account cannot be kept ({error.strerror}); make room or choose another folder") from error
        self._path = path
        fresh, self._sums = self._waiting, _Sums()
        for line in earlier:
            self._count(line)
        self._end_session()
        before = max((line.number for line in earlier), default=0)  # no number stands for two calls of one run
        self._number += before
        for line in fresh:
            renumbered = line.model_copy(update={"number": line.number + before if line.number else 0})
            self._write(renumbered)
            self._count(renumbered)
        self._waiting = []

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def asked(self, request: ModelRequest) -> int:
        """Write down that a request is about to be sent; returns its number."""
        self._number += 1
        worst = self._prices.worst_cost(request)
        self._note(_Line(kind="asked", number=self._number, model=request.model, purpose=request.purpose, worst=worst))
        return self._number

    def answered(self, number: int, result: ModelAnswer | ModelFailure) -> None:
        """Write down what came of a request."""
        failed = result if isinstance(result, ModelFailure) else None
        line = _Line(
            kind="answered",
            number=number,
            usage=result.usage,
            failure=failed.kind if failed else None,
            charge_unknown=failed is not None and failed.charge_unknown,
            batch=result.batch,
        )
        self._note(line)

    def answered_before(self, request: ModelRequest, usage: Usage) -> None:
        """Write down that a request was answered from the store, and what its answer had used."""
        self._note(_Line(kind="found", number=0, model=request.model, purpose=request.purpose, usage=usage))

    def _note(self, line: _Line) -> None:
        if self._descriptor is None:
            self._waiting.append(line)
        else:
            self._write(line)
        self._count(line)

    def _write(self, line: _Line) -> None:
        if self._descriptor is None:
            raise ValueError("this ledger is closed")
        try:
            os.write(self._descriptor, _written(line))
        except OSError as error:
            raise StoreError(f"{self._path}: the account cannot be kept ({error.strerror}); make room, then resume the run") from error

    def _count(self, line: _Line) -> None:
        sums = self._sums
        account = Account(line.model, line.purpose)
        if line.kind == "asked":
            sums.under_way[line.number] = (account, line.worst)
        elif line.kind == "found":
            before = sums.found.get(account, Found())
            sums.found[account] = Found(before.calls + 1, before.usage + line.usage)
        elif line.number in sums.under_way:
            account, worst = sums.under_way.pop(line.number)
            cost = self._prices.cost(line.usage, account.model, batch=line.batch)
            one = Spending(1, {line.failure: 1} if line.failure else {}, line.usage, cost, int(line.charge_unknown))
            if line.charge_unknown:
                sums.uncertain += max(NOTHING, (worst or NOTHING) - (cost or NOTHING))
            sums.spending[account] = sums.spending.get(account, Spending()) + one

    def _end_session(self) -> None:
        """Book what was under way when an earlier session ended: it may have been billed."""
        for account, worst in self._sums.under_way.values():
            lost = Spending(calls=1, cost=NOTHING if worst is not None else None, charge_unknown=1)
            self._sums.spending[account] = self._sums.spending.get(account, Spending()) + lost
            self._sums.uncertain += worst or NOTHING
        self._sums.under_way.clear()


class LedgerDoor:
    """Asks another door, and writes down every call before and after it.

    Args:
        door: who is asked; it must ask once only.
        ledger: the account.
    """

    def __init__(self, door: LanguageModel, ledger: Ledger) -> None:
        self._door = door
        self._ledger = ledger

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """Answer one request."""
        number = self._ledger.asked(request)
        result = await self._door.ask(request)
        self._ledger.answered(number, result)
        return result

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        """Return the tokens of the prompt; counting is not billed."""
        return await self._door.count(request)


def joined(paths: Iterable[Path]) -> bytes:
    """Return the content of one account that holds what these do; raises StoreError as reading each does."""
    lines: list[_Line] = []
    for path in paths:
        before = max((line.number for line in lines), default=0)  # no number stands for two calls
        lines += [line.model_copy(update={"number": line.number + before if line.number else 0}) for line in _read(path)[0]]
    return b"".join(map(_written, lines))


def _written(line: _Line) -> bytes:
    return canonical_bytes(line.model_dump(mode="json", exclude_defaults=True)) + b"\n"


def _read(path: Path) -> tuple[list[_Line], int]:
    """Return the whole lines of a ledger, and where the next one goes on; none where there is no file yet."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise StoreError(f"{path}: the account of this run cannot be read ({error.strerror}); check the path") from error
    end = content.rfind(b"\n") + 1
    lines = []
    for number, text in enumerate(content[:end].split(b"\n")[:-1], start=1):
        try:
            lines.append(from_json(_Line, text))
        except ValidationError:
            raise StoreError(f"{path}:{number}: is no line of an account; it was edited or damaged: start a new run") from None
    if len(content) > MAX_BYTES:
        raise StoreError(f"{path}: is larger than {MAX_BYTES >> 20} MiB, so it is no account of a run; check the path")
    return lines, end
