"""What tokens cost: a dated price file that people fill in, and exact decimal arithmetic over it.

The shipped file holds no figures: prices change, and a figure without source and date is folklore. Without a price tokens
are counted and shown, a cost is unknown (None, never 0), and a budget in money is refused.
"""

from __future__ import annotations

import decimal
import functools
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from harness.errors import SettingsError, SourceError
from harness.frozen import FrozenModel
from harness.language_model.door import ModelRequest
from harness.language_model.usage import Usage
from harness.language_model.wire import prompt_bytes
from harness.yaml_source.document import read_partly, validated

TOKENS = 1_000_000
"""Prices are for so many tokens."""
PROMPT_OVERHEAD = 1_000
"""Tokens that a request may hold beyond its texts: the marks between messages, and the provider's words on the schema."""
_EXACT = decimal.Context(prec=60, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow])
"""Wide enough for every product and sum here; a rounded cent would raise instead of passing."""

Dollars = Annotated[Decimal, Field(gt=0, le=100_000, decimal_places=6, allow_inf_nan=False)]
"""US dollars for a million tokens. Never 0: a price left blank would make every budget endless."""


class ModelPrice(FrozenModel):
    """What one model costs, in US dollars for a million tokens."""

    model: str = Field(min_length=1, max_length=200)
    """Full id, as requests name it: other ids, other entries."""
    input: Dollars
    output: Dollars
    cache_read: Dollars
    cache_write_5m: Dollars
    cache_write_1h: Dollars
    batch_share: Decimal = Field(Decimal(1), gt=0, le=1, decimal_places=4)
    """Share of these prices that a batch costs; 1 where the source names none."""

    def share(self, *, batch: bool) -> Decimal:
        """Return the share of these prices that is charged."""
        return self.batch_share if batch else Decimal(1)


class Prices(FrozenModel):
    """A price file."""

    source: str | None = Field(None, min_length=1, max_length=500)
    """Where the figures stand, for somebody who wants to check them."""
    as_of: date | None = None
    """The day on which they stood there."""
    models: tuple[ModelPrice, ...] = ()

    @model_validator(mode="after")
    def _dated(self) -> Prices:
        if self.models and (self.source is None or self.as_of is None):
            raise ValueError("prices need 'source' (where the figures stand) and 'as_of' (on which day)")
        return self

    @functools.cached_property
    def by_model(self) -> Mapping[str, ModelPrice]:
        """Model id → its prices."""
        return MappingProxyType({price.model: price for price in self.models})

    def require(self, models: Iterable[str]) -> None:
        """Check that a cost can be told for every model; raises SettingsError naming all that have no price."""
        missing = sorted(set(models) - set(self.by_model))
        if missing:
            raise SettingsError(
                f"a budget in money needs prices, and there is none for {', '.join(missing)}: "
                "copy the provider's figures into the price file, with source and as_of, or leave the budget out"
            )

    def cost(self, usage: Usage, model: str, *, batch: bool = False) -> Decimal | None:
        """Return the exact cost in US dollars; None when the model has no price."""
        price = self.by_model.get(model)
        if price is None:
            return None
        with decimal.localcontext(_EXACT):
            total: Decimal = (
                usage.input_tokens * price.input
                + usage.output_tokens * price.output
                + usage.cache_read_tokens * price.cache_read
                + (usage.cache_write_tokens - usage.cache_write_1h_tokens) * price.cache_write_5m
                + usage.cache_write_1h_tokens * price.cache_write_1h
            )
            return total * price.share(batch=batch) / TOKENS

    def worst_cost(self, request: ModelRequest, *, prompt_tokens: int | None = None, batch: bool = False) -> Decimal | None:
        """Return what a request can cost at most, in US dollars; None when the model has no price.

        Args:
            request: what is to be asked.
            prompt_tokens: as counted by the provider; without it every byte is taken for a token.
            batch: it is to be asked in a batch.
        """
        price = self.by_model.get(request.model)
        if price is None:
            return None
        tokens = prompt_bytes(request) if prompt_tokens is None else prompt_tokens + prompt_tokens // 20
        times = {block.cached for block in request.system}
        rates = [price.input, *((price.cache_write_5m,) if "5m" in times else ()), *((price.cache_write_1h,) if "1h" in times else ())]
        with decimal.localcontext(_EXACT):
            total: Decimal = (tokens + PROMPT_OVERHEAD) * max(rates) + request.max_tokens * price.output
            return total * price.share(batch=batch) / TOKENS


def load_prices(path: Path) -> Prices:
    """Read a price file; raises SourceError with every mistake."""
    document = read_partly(path)
    prices = validated(document, Prices)
    first: dict[str, int] = {}
    repeated = [
        document.mistake(("models", index, "model"), f"a second price for {price.model}; which one holds?")
        for index, price in enumerate(prices.models)
        if first.setdefault(price.model, index) != index
    ]
    if repeated:
        raise SourceError(repeated)
    return prices
