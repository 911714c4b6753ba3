"""What makes two simulated or varied conversations comparable: who plays, by which prompt or phrases, in which wordings.

All of it enters the fingerprint of the scenarios that it concerns, so that a baseline that was held with one player is never
compared with a run of another. Plain scripts keep their fingerprints.
"""

from __future__ import annotations

from dataclasses import replace

from harness.frozen import fingerprint
from harness.scenarios.load import Suite, recomposed
from harness.scenarios.model import Scenario
from harness.simulated_users.phrases import PHRASES
from harness.variants.tables import Tables

GOAL_SLOTS = "goal-slots-1"
"""Version of how users are played without a model; raise it with every change that can move a line."""


def goal_slots_fingerprint(tables: Tables) -> str:
    """Return the fingerprint of the player without a model."""
    return fingerprint([GOAL_SLOTS, PHRASES, tables.fingerprint])


def as_played(suite: Suite, player: str, tables: Tables) -> Suite:
    """Return the suite with the player in the fingerprints of simulated scenarios, and the tables in those of varied ones.

    Args:
        suite: as loaded.
        player: fingerprint of who plays.
        tables: interchangeable wordings.
    """
    return recomposed(suite, tuple(_played(one, player, tables) for one in suite.scenarios))


def _played(scenario: Scenario, player: str, tables: Tables) -> Scenario:
    if scenario.user is None and not scenario.variants:
        return scenario
    told = [scenario.fingerprint, player if scenario.user is not None else None, tables.fingerprint if scenario.variants else None]
    return replace(scenario, fingerprint=fingerprint(told))
