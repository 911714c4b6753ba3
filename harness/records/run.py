"""What a run leaves behind: a manifest that says what was planned, and one record for each conversation.

Every viewer, gate and recomputation reads these values and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.conversations.transcript import Transcript
from harness.expectations.finding import Finding
from harness.judging.judge import JudgeIdentity, Judgement, Spent
from harness.records.gist import Gist, gist_of, spent_of
from harness.targets.protocol import TargetIdentity

MOST_REPEATS = 1000
"""Conversations of one scenario that any plan may hold for its looks."""


class SeedStream(StrEnum):
    """Which stream a conversation's seed is drawn from; streams never share seeds."""

    GATE = "gate"
    BASELINE = "baseline"


class Purpose(StrEnum):
    """Why a conversation was held."""

    LOOK = "look"
    """Planned for every scenario: enters both gates, and is judged once a look at quality needs it."""
    EXTENSION = "extension"
    """Added for a failing scenario: enters the integration gate only, and is not judged."""
    CONFIRMATION = "confirmation"
    """Added where a critical criterion failed too often: judged, shows whether it does so again, and enters nothing else."""


@dataclass(frozen=True, slots=True, order=True)
class Assignment:
    """One conversation to hold; (scenario_id, repeat) is unique in a run."""

    scenario_id: str
    repeat: int
    """From 0."""
    seed: int
    purpose: Purpose


class _Kept:
    """A place for what is worked out once; no field, so that it is neither written nor compared."""

    __slots__ = ("_kept",)
    _kept: Gist


@dataclass(frozen=True, slots=True)
class ConversationRecord(_Kept):
    """One conversation, held, checked and (for a look) judged."""

    assignment: Assignment
    transcript: Transcript
    findings: tuple[Finding, ...]
    judgement: Judgement | None
    """None until a look needs it; always None for an extension and for infrastructure trouble."""

    @property
    def gist(self) -> Gist:
        """What deciding and reporting need of it; at hand even where the words are not (`journalled`)."""
        if not hasattr(self, "_kept"):
            object.__setattr__(self, "_kept", gist_of(self.transcript, self.findings, self.judgement))  # frozen, as every record is
        return self._kept

    @property
    def spent(self) -> tuple[Spent, ...]:
        """What judging it used; at hand even where the words are not."""
        return spent_of(self.judgement)

    @property
    def failed(self) -> bool:
        """True when the target, not we, ended the conversation early."""
        return self.gist.failed

    @property
    def valid(self) -> bool:
        """True when the conversation is evidence about the target at all."""
        return self.gist.valid

    @property
    def passed(self) -> bool:
        """True when the conversation ended and no `must` finding is unmet."""
        gist = self.gist
        return not gist.failed and not any(one.must for one in gist.unmet)

    @property
    def judged(self) -> bool:
        """True when the judge was asked about it, whatever came of that."""
        return self.gist.judgement is not None

    @property
    def scores(self) -> Mapping[str, int] | None:
        """Dimension → score, or None where there is no score."""
        judgement = self.gist.judgement
        return None if judgement is None else judgement.scores

    def critical_failure(self, dimensions: Collection[str]) -> bool | None:
        """Return whether the target ended the conversation or a critical criterion was not met; None where the judge gave no score.

        Args:
            dimensions: that count, as the scenario's plan says; one that calibration switched off fails nothing.
        """
        gist = self.gist
        if gist.failed:
            return True
        if gist.judgement is None or not gist.judgement.scores:
            return None
        rated = [rating for rating in gist.judgement.ratings if rating.dimension in dimensions]
        return any(rating.critical_failures for rating in rated) if rated else None


@dataclass(frozen=True, slots=True)
class ScenarioPlan:
    """What the run intends for one scenario; enough to judge and compare without the YAML."""

    id: str
    title: str
    intent: str
    locale: str
    cluster: str
    weight: float
    must_pass: bool
    fingerprint: str
    dimensions: tuple[str, ...]
    """Dimensions that count, fixed before the first call: the scenario's, as far as this judge can score them."""
    source: str
    """`path:line`, relative to the suite."""


@dataclass(frozen=True, slots=True)
class LookSchedule:
    """When quality is looked at, and what error each side may spend; fixed before the first call."""

    looks: tuple[int, ...]
    """Repeats of each scenario, cumulative; the last one is the cap."""
    alpha: float
    """Advertised error rate, one-sided, on each side of the margin."""
    extension: tuple[int, ...] = ()
    """Looks beyond the cap, held only when they are asked for."""
    reserve_alpha: float = 0.0
    """Part of `alpha` that is kept for them."""
    open_ended: bool = False
    """Looks may be added while the run lasts, since its bounds hold at any number of them."""

    @property
    def every(self) -> tuple[int, ...]:
        """All looks, the extension's included."""
        return self.looks + self.extension


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """A part of a run that is held by a process of its own: number 2 of 5, say."""

    number: int
    """From 1."""
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True, slots=True)
class RunManifest:
    """What was planned before the first call; a journal that does not carry exactly this is foreign."""

    run_id: str
    created: str
    """ISO 8601, UTC."""
    harness_version: str
    git_revision: str | None
    target: TargetIdentity
    attested: bool
    expected_build: str | None
    seed: int
    stream: SeedStream
    repeats: int
    """Conversations of each scenario in the first wave: what the integration gate looks at first."""
    judge: JudgeIdentity
    suite: str
    """Fingerprint of all selected scenarios together."""
    scenarios: tuple[ScenarioPlan, ...]
    baseline: str | None
    """Id of the baseline that the run is held against."""
    policy: str
    """Fingerprint of the gate policy."""
    deselected: tuple[str, ...] = ()
    """Scenario ids of the suite that the command line left out."""
    schedule: LookSchedule | None = None
    """None: nothing is decided by looks; every planned conversation is judged."""
    pinned: str | None = None
    """Id of the pinned reference, a second baseline that does not roll with the releases."""
    against: TargetIdentity | None = None
    """The deployment that is measured side by side, in place of a stored baseline."""
    coupled: bool = False
    """Side by side: both arms are given the same seeds."""
    first: int = 0
    """Number of the first repeat; not 0 only where single conversations are held again."""
    rejudged: str | None = None
    """Id of the run or baseline whose conversations these are; None where they were held for this run."""
    shard: Shard | None = None
    """The part of the plan that this journal holds; None: all of it."""
    merged: tuple[str, ...] = ()
    """Ids of the runs that held the shards of this one, by shard; empty where it was not put together from shards."""
    trusted_revision: str | None = None
    """Whole hash of the commit whose policy, rubric and baseline decide; None where those of the work tree do."""

    @property
    def planned(self) -> int:
        """Repeats of each scenario that looks may hold; numbers from here on belong to extensions and confirmations."""
        if self.schedule is None:
            return self.first + self.repeats
        return MOST_REPEATS if self.schedule.open_ended else max(self.repeats, *self.schedule.every)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run: its manifest, and the conversations that were held, valid ones only, in (scenario, repeat) order."""

    manifest: RunManifest
    conversations: tuple[ConversationRecord, ...]
    build: str | None
    """The one build that was seen; None when unattested."""
    problems: tuple[str, ...] = field(default=())
    """Run-level reasons for INVALID (wrong or mixed build, quota exceeded), each naming its place."""
    looked: int | None = None
    """Repeats of each scenario that quality was looked at with; None: the whole first wave."""
