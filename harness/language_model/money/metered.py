"""A door that reserves money before every call, and books it after."""

from __future__ import annotations

from decimal import Decimal

from harness.language_model.door import FailureKind, LanguageModel, ModelAnswer, ModelFailure, ModelRequest
from harness.language_model.money.budget import NOTHING, Budget
from harness.language_model.money.prices import Prices


class MeteredDoor:
    """Asks another door, within a budget.

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
        if budget.balance.limit is not None:
            self._prices.require(models)

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
