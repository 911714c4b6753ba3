"""Everybody who speaks otherwise than a script as it is written: variants of wording, goal slots, Claude; the only place that knows them all."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
import anyio.to_thread

from harness.assembly.speakers import GOAL_SLOTS
from harness.conversations.speaker import ScriptedSpeaker, Speaker, Speakers
from harness.expectations.check import CheckContext
from harness.expectations.known import KnownNames
from harness.scenarios.load import Suite
from harness.scenarios.model import Scenario
from harness.settings import Settings
from harness.simulated_users.committed import check_committed
from harness.simulated_users.goal_slots import GoalSlotSpeaker
from harness.simulated_users.identity import as_played, goal_slots_fingerprint
from harness.simulated_users.model_speaker import ModelSpeaker
from harness.simulated_users.part import Part
from harness.simulated_users.question import PlayerChoice
from harness.targets.protocol import Opening
from harness.template import is_template
from harness.variants.tables import Tables, shipped_tables
from harness.variants.varying import VaryingSpeaker, drawn_variant
from harness.written_language import load_language_model

if TYPE_CHECKING:
    from harness.language_model.access import ModelAccess
    from harness.language_model.door import LanguageModel


class Cast:
    """Finds a speaker for every conversation; an async context manager that owns the door to the model that plays users.

    Args:
        context: what checking replies needs.
        tables: interchangeable wordings.
        settings: who plays.
        access: the way to the model that plays; None where no model does.
        simulates: some user is simulated, by whomever.
    """

    def __init__(
        self, context: CheckContext, tables: Tables, settings: Settings, access: ModelAccess | None = None, *, simulates: bool
    ) -> None:
        self._simulates = simulates
        self._context = context
        self._tables = tables
        self._settings = settings
        self._access = access
        self._door: LanguageModel | None = None
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._simulates:  # lines are held against the contract while other replies are under way: nothing is loaded then
            await anyio.to_thread.run_sync(self._prepare)
        if self._access is not None:
            self._door = await self._open.enter_async_context(self._access.opened())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._door = None
        with anyio.CancelScope(shield=True):
            await self._open.aclose()

    def _prepare(self) -> None:
        load_language_model()
        self._context.names.index.find("")

    def speaker(self, scenario: Scenario, opening: Opening, replacement: int) -> Speaker:
        """Return who speaks for the user: a script, in a variant where the scenario has some, or a simulated user."""
        if scenario.user is not None and self._access is not None:
            return self._player(scenario, opening, replacement)
        if scenario.user is not None:
            speaker: Speaker = GoalSlotSpeaker(scenario, opening, replacement, self._context, self._tables)
        else:
            speaker = ScriptedSpeaker(scenario.turns)
        if not scenario.variants:
            return speaker
        fixed = frozenset(number for number, turn in enumerate(scenario.turns, start=1) if is_template(turn.say))
        kind = drawn_variant(scenario.variants, opening.seed)
        return VaryingSpeaker(speaker, kind, opening.seed, self._context.names, self._tables, fixed)

    def _player(self, scenario: Scenario, opening: Opening, replacement: int) -> Speaker:
        """Return the model's part: its words are its own, so that no variant is made of them."""
        if self._door is None:
            raise ValueError("a simulated user was asked before its door was opened; enter the cast with `async with`")
        choice = _player_choice(self._settings)
        return ModelSpeaker(Part(scenario, opening, replacement, choice.model, self._context), self._door, choice)


def whole_cast(settings: Settings, suite: Suite, reply_within_s: float, access: ModelAccess | None) -> Speakers:
    """Return who speaks for the users of a suite in which something is said otherwise; arguments and errors as `speakers.cast_of`."""
    context = CheckContext(suite.facts, suite.rubric, reply_within_s)
    simulates = any(one.user is not None for one in suite.scenarios)
    if simulates:
        check_committed(suite.scenarios, context.names.any_language)
    return Cast(context, shipped_tables(), settings, access, simulates=simulates)


def with_players(settings: Settings, suite: Suite) -> Suite:
    """Return the suite with player and wordings in the fingerprints of what they concern."""
    tables = shipped_tables()
    player = goal_slots_fingerprint(tables) if settings.simulator == GOAL_SLOTS else _player_choice(settings).fingerprint
    return as_played(suite, player, tables)


def refuse_breaches(suite: Suite) -> None:
    """Raise SourceError for every committed line of a simulated user that breaks the contract."""
    if any(one.user is not None for one in suite.scenarios):
        check_committed(suite.scenarios, KnownNames(suite.facts).any_language)


def _player_choice(settings: Settings) -> PlayerChoice:
    return PlayerChoice(settings.simulator_model, settings.simulator_answers_as, settings.simulator_max_tokens)
