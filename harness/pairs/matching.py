"""Which conversations of two runs can be compared: of the same scenario, with the same seed, so that only the builds differ."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harness.conversations.transcript import Transcript
from harness.errors import SettingsError
from harness.records.run import ConversationRecord, RunManifest
from harness.scenarios.load import Suite
from harness.scenarios.model import Scenario

CLOSE = 0.5
"""Score points within which a call is close."""


@dataclass(frozen=True, slots=True)
class Held:
    """One run, as its journal has it."""

    manifest: RunManifest
    records: tuple[ConversationRecord, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two conversations to compare."""

    scenario: Scenario
    repeat: int
    seed: int
    one: Transcript
    """Of run A."""
    other: Transcript
    """Of run B."""


def matched(one: Held, other: Held, suite: Suite, *, close: bool = False) -> tuple[Pair, ...]:
    """Return the pairs that two runs form, in the order of scenario and repeat.

    Args:
        one: run A.
        other: run B.
        suite: whose scenarios were held.
        close: only pairs whose scores lie less than half a point apart, or are not known.

    Raises:
        SettingsError: they have no conversation in common.
    """
    scenarios = {scenario.id: scenario for scenario in suite.scenarios}
    same = _same_questions(one.manifest, other.manifest) & scenarios.keys()
    beside = {(record.assignment.scenario_id, record.assignment.seed): record for record in other.records if _whole(record)}
    pairs = []
    for record in sorted(one.records, key=lambda held: (held.assignment.scenario_id, held.assignment.repeat)):
        assigned = record.assignment
        match = beside.get((assigned.scenario_id, assigned.seed))
        if assigned.scenario_id in same and _whole(record) and match is not None and (not close or _close(record, match)):
            pairs.append(Pair(scenarios[assigned.scenario_id], assigned.repeat, assigned.seed, record.transcript, match.transcript))
    if not pairs:
        raise SettingsError(_nothing(one, other, same, close=close))
    return tuple(pairs)


def _same_questions(one: RunManifest, other: RunManifest) -> set[str]:
    asked = {plan.id: plan.fingerprint for plan in other.scenarios}
    return {plan.id for plan in one.scenarios if asked.get(plan.id) == plan.fingerprint}


def _whole(record: ConversationRecord) -> bool:
    return record.transcript.valid and not record.transcript.failed


def _close(one: ConversationRecord, other: ConversationRecord) -> bool:
    scores, beside = one.scores, other.scores
    shared = (scores or {}).keys() & (beside or {}).keys()
    if not scores or not beside or not shared:
        return True
    return abs(sum(scores[name] - beside[name] for name in shared) / len(shared)) < CLOSE


def _nothing(one: Held, other: Held, same: Collection[str], *, close: bool) -> str:
    runs = f"{one.manifest.run_id} and {other.manifest.run_id}"
    if not same:
        return f"{runs}: have no scenario in common that the suite still asks as they did; hold both with the same suite"
    if one.manifest.seed != other.manifest.seed or one.manifest.stream != other.manifest.stream:
        return f"{runs}: share scenarios and no seed, so that not only the builds differ; hold both with the same --seed"
    return f"{runs}: have no {'close ' if close else ''}pair of conversations that were held to their end"
