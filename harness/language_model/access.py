"""Everything that stands between a question and the model, in order: store, warming, patience, meter, ledger, the provider.

CachedDoor ─ WarmingDoor ─ PatientDoor ─ MeteredDoor ─ LedgerDoor ─ AnthropicDoor   asked singly
CachedDoor ─ SinglyAgain ┬ MeteredDoor ─ LedgerDoor ─ BatchingDoor                  asked in batches,
                         └ WarmingDoor ─ PatientDoor ─ MeteredDoor ─ …              and singly what they left
CachedDoor                                                                          a replay
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random

from harness.errors import SettingsError
from harness.language_model.answers.answer_store import AnswerStore
from harness.language_model.answers.cache_key import KeyOf
from harness.language_model.answers.cached import CachedDoor
from harness.language_model.batches.gathering import BatchingDoor, batching
from harness.language_model.batches.patient_batches import BatchPatience
from harness.language_model.batches.singly import SinglyAgain
from harness.language_model.connection import Connection
from harness.language_model.door import LanguageModel
from harness.language_model.money.budget import Budget
from harness.language_model.money.ledger import Ledger, LedgerDoor
from harness.language_model.money.metered import MeteredDoor
from harness.language_model.money.prices import Prices
from harness.language_model.opening import Doors, opened
from harness.language_model.patient import Patience, PatientDoor
from harness.language_model.warming import WarmingDoor, Warmth

TOKEN_BYTES = 8


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms models are asked."""

    connection: Connection | None
    """None: nobody is asked, and everything has to be in the store."""
    models: tuple[str, ...]
    """Ids of all models that will be asked."""
    key_of: KeyOf
    """What a question is known by."""
    store: Path | None
    """Where answers are kept; None keeps none."""
    prices: Prices = field(default_factory=Prices)
    limit: Decimal | None = None
    """US dollars that the run may spend; None: no stop."""
    patience: Patience = field(default_factory=Patience)
    batch: BatchPatience | None = None
    """None asks singly."""


class ModelAccess:
    """Opens the door to the models of a run, as often as need be, under one account and one budget.

    Args:
        terms: of asking.

    Raises:
        SettingsError: a limit in money and a model without a price; or batches where the provider has none, or without a store.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self.ledger = Ledger(terms.prices)
        """What was used and spent, by all sessions of the run."""
        self._budget = Budget(terms.limit)
        self._sessions = 0
        self._warmth = Warmth()
        self._doors: Doors | None = None
        if terms.limit is not None:
            terms.prices.require(terms.models)
        if terms.batch is not None and terms.connection is not None and terms.connection.provider == "bedrock":
            raise SettingsError("--batch: Bedrock has no Message Batches; leave --batch out")
        if terms.store is None and (terms.batch is not None or terms.connection is None):
            raise SettingsError("batches and replays need a file of answers: say --cache FILE")

    @property
    def terms(self) -> Terms:
        """On which terms models are asked."""
        return self._terms

    def verify(self) -> None:
        """Open the store and close it again, so that what is wrong with it is known before anything is held; raises StoreError."""
        if self._terms.store is not None:
            AnswerStore(self._terms.store, read_only=self._terms.connection is None).close()

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[LanguageModel]:
        """Open the door; nothing is sent yet.

        Raises:
            SettingsError: Bedrock without its extra, or without a region.
            StoreError: the store cannot be used.
        """
        terms = self._terms
        async with AsyncExitStack() as stack:
            store = None
            if terms.store is not None:
                store = stack.enter_context(AnswerStore(terms.store, read_only=terms.connection is None))
            if terms.connection is None:
                yield CachedDoor(None, _present(store), terms.key_of, self.ledger)
                return
            budget = stack.enter_context(self._session())
            self._doors = doors = await stack.enter_async_context(opened(terms.connection))
            door: LanguageModel = self._single(doors, budget)
            if store is not None:
                if terms.batch is not None:
                    draw = lambda: secrets.token_hex(TOKEN_BYTES)  # noqa: E731 - one line, used once
                    gathering = BatchingDoor(await doors.batches(), doors.model, store, terms.key_of, terms.batch, draw)
                    batched = await stack.enter_async_context(batching(gathering))
                    door = SinglyAgain(self._metered(batched, budget), door)
                door = CachedDoor(door, store, terms.key_of, self.ledger, joins=terms.batch is not None)
            yield door

    async def ready(self) -> bool:
        """Wait until a model can be asked without waiting for its SDK; at once where nothing was opened, or nobody is asked.

        Returns:
            True where a model is asked whose provider keeps nothing of the prompts yet: who asks first goes ahead alone (`warming`).
        """
        if self._doors is None:
            return False
        await self._doors.ready()
        return self._warmth.cold

    @asynccontextmanager
    async def fresh(self) -> AsyncGenerator[LanguageModel]:
        """Open a door that looks nothing up and keeps nothing, for answers that must be today's (anchors); as `opened`."""
        if self._terms.connection is None:
            raise SettingsError("--replay: anchors are asked afresh, and a replay asks nobody; leave --replay out")
        with self._session() as budget:
            async with opened(self._terms.connection) as doors:
                yield self._single(doors, budget)

    @contextmanager
    def _session(self) -> Generator[Budget]:
        """Yield the budget: what the ledger leaves of it, and one for all doors that are open at the same time."""
        if self._sessions == 0:
            self._budget = Budget(self._terms.limit, self.ledger.committed)
        self._sessions += 1
        try:
            yield self._budget
        finally:
            self._sessions -= 1

    def _single(self, doors: Doors, budget: Budget) -> LanguageModel:
        return WarmingDoor(PatientDoor(self._metered(doors.model, budget), self._terms.patience, Random()), self._warmth)

    def _metered(self, door: LanguageModel, budget: Budget) -> MeteredDoor:
        terms = self._terms
        return MeteredDoor(LedgerDoor(door, self.ledger), terms.prices, budget, terms.models)


def _present(store: AnswerStore | None) -> AnswerStore:
    """Return the store that `ModelAccess` has made sure of."""
    if store is None:
        raise ValueError("a replay without a store")
    return store
