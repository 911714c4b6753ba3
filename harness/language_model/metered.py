"""A door that reserves money before every call, books it after, and keeps the account of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from harness.language_model.budget import NOTHING, Budget
from harness.language_model.door import FailureKind, LanguageModel, ModelAnswer, ModelFailure, ModelRequest
from harness.language_model.prices import Prices
from harness.language_model.usage import Usage


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


class MeteredDoor:
    """Asks another door, within a budget, and keeps account of tokens and money.

    Args:
        door: who is asked; it must ask once only, for each try is reserved and booked on its own.
        prices: what tokens cost; None counts tokens only.
        budget: the stop.
        models: ids of the models that will be asked.

    Raises:
        SettingsError: a limit in money, and a model without a price.
    """

    def __init__(self, door: LanguageModel, prices: Prices | None, budget: Budget, models: tuple[str, ...]) -> None:
        self._door = door
        self._prices = prices or Prices()
        self._budget = budget
        self._accounts: dict[Account, Spending] = {}
        if budget.balance.limit is not None:
            self._prices.require(models)

    @property
    def budget(self) -> Budget:
        """The stop, shared with whoever else spends in this run."""
        return self._budget

    @property
    def accounts(self) -> Mapping[Account, Spending]:
        """Spending so far by model and purpose."""
        return dict(self._accounts)

    @property
    def spending(self) -> Spending:
        """Spending so far, altogether."""
        return sum(self._accounts.values(), Spending())

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """Answer one request, unless what it can cost would break the budget.

        Raises:
            SettingsError: a limit in money, and no price for the request's model.
        """
        worst = await self._worst(request)
        if isinstance(worst, ModelFailure):
            return worst
        async with self._budget.reserved(worst) as reservation:
            if reservation is None:
                return self._refusal(worst)
            result = await self._door.ask(request)
            cost = self._prices.cost(result.usage, request.model, batch=result.batch)
            if not (isinstance(result, ModelFailure) and result.charge_unknown):
                reservation.settle(cost or NOTHING)
        self._note(request, result, cost)
        return result

    async def count(self, request: ModelRequest) -> int | ModelFailure:
        """Return the tokens of the prompt; counting is not billed."""
        return await self._door.count(request)

    async def _worst(self, request: ModelRequest) -> Decimal | ModelFailure:
        """Return what a request can cost at most; the provider counts its tokens only where the quick bound is too high."""
        quick = self._prices.worst_cost(request)
        if quick is None:
            if self._budget.balance.limit is not None:
                self._prices.require((request.model,))
            return NOTHING
        if self._budget.could_hold(quick):
            return quick
        tokens = await self._door.count(request)
        if isinstance(tokens, ModelFailure):
            return quick if tokens.kind is FailureKind.UNSUPPORTED else tokens
        counted = self._prices.worst_cost(request, prompt_tokens=tokens)
        return quick if counted is None else min(quick, counted)

    def _refusal(self, worst: Decimal) -> ModelFailure:
        balance = self._budget.balance
        detail = (
            f"the next call can cost {worst:.4f} USD, and of the budget of {balance.limit} USD {balance.spent + balance.uncertain:.4f} "
            "are spent; nothing was sent"
        )
        return ModelFailure(FailureKind.OVER_BUDGET, detail)

    def _note(self, request: ModelRequest, result: ModelAnswer | ModelFailure, cost: Decimal | None) -> None:
        account = Account(request.model, request.purpose)
        one = Spending(1, {}, result.usage, cost)
        if isinstance(result, ModelFailure):
            one = replace(one, failures={result.kind: 1}, charge_unknown=int(result.charge_unknown))
        self._accounts[account] = self._accounts.get(account, Spending()) + one
