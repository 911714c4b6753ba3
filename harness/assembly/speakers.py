"""Who speaks for users in a run. Scripts speak for themselves; whoever else does, and all that it needs, is loaded where one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.conversations.speaker import Scripted, Speakers
from harness.scenarios.load import Suite
from harness.settings import Settings

if TYPE_CHECKING:
    from harness.language_model.access import ModelAccess

GOAL_SLOTS = "goal-slots"


def cast_of(settings: Settings, suite: Suite, reply_within_s: float, access: ModelAccess | None) -> Speakers:
    """Return who speaks for the users of a suite.

    Args:
        settings: who plays simulated users.
        suite: what is held.
        reply_within_s: within which a reply is in time.
        access: the way to models, if any is asked.

    Raises:
        SourceError: every committed line of a simulated user that breaks the contract.
    """
    if not _varied(suite):
        return Scripted()
    from harness.assembly.cast import whole_cast  # noqa: PLC0415 - as the room says

    return whole_cast(settings, suite, reply_within_s, access if plays(settings, suite) else None)


def played(settings: Settings, suite: Suite) -> Suite:
    """Return the suite as it will be played: with player and wordings in the fingerprints of what they concern."""
    if not _varied(suite):
        return suite
    from harness.assembly.cast import with_players  # noqa: PLC0415 - as the room says

    return with_players(settings, suite)


def plays(settings: Settings, suite: Suite) -> bool:
    """Return whether a model plays users of this suite."""
    return settings.simulator != GOAL_SLOTS and any(one.user is not None for one in suite.scenarios)


def _varied(suite: Suite) -> bool:
    """Return whether anything is said otherwise than as a script has it."""
    return any(one.user is not None or one.variants for one in suite.scenarios)
