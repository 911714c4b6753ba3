"""What one scenario's conversations mean to the integration gate, by name."""

from __future__ import annotations

from enum import StrEnum


class ScenarioClass(StrEnum):
    """What one scenario's conversations mean; only the first two fail the gate."""

    MUST_PASS_FAILURE = "must_pass_failure"
    """A must_pass scenario failed, and failed again."""
    NEW_FAILURE = "new_failure"
    """Passes less than its baseline allows; or, without a comparable baseline, in no majority."""
    SUSPECT = "suspect"
    """A small p-value, but not for a family of this many scenarios."""
    KNOWN_FLAKY = "known_flaky"
    """Fails now and then in the baseline too, and no more often now."""
    OCCASIONAL_FAILURE = "occasional_failure"
    """Failed, but no more than its baseline and chance allow."""
    FIXED = "fixed"
    """Passed every time, which its baseline makes unlikely."""
    CHANGED = "changed"
    """Asks something else than in the baseline, and passed."""
    ADDED = "added"
    """Is not in the baseline, and passed."""
    STABLE = "stable"
    """Passed every time, as before."""
    INCOMPLETE = "incomplete"
    """Planned conversations are missing, and the ones that were held fail nothing."""
    NOT_HELD = "not_held"
    """No conversation was held."""
