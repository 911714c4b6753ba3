"""What a mean that holds can hide: a dimension, an intent or a language that fell, a scenario that broke, a list of what got worse.

Groups are tested once, at the look where the verdict falls, on exactly the suite's scenarios. Catastrophes are confirmed on
fresh conversations before they fail anything. The list of regressed scenarios informs and does not decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.baselines.compare import PairedScenario
from harness.baselines.score_arrays import PairedScores
from harness.gates.policy import GatePolicy
from harness.statistics.guardrails import (
    FRESH_CONVERSATIONS,
    LEAST_SCENARIOS,
    catastrophe_confirmed,
    catastrophe_tests,
    guardrail_tests,
)
from harness.statistics.moderated import DISCOVERY_RATE, moderated_tests, pooled_skewness
from harness.statistics.noninferiority import estimate
from harness.statistics.paired import ArmSpread
from harness.statistics.reliability import Counts, Reference, beta_prior

GroupKind = Literal["dimension", "intent", "language"]
RELIABLE_REPEATS = 5
"""With fewer repeats than this the list of regressed scenarios holds more false entries than it promises."""


@dataclass(frozen=True, slots=True)
class GroupFinding:
    """How one dimension, intent or language did."""

    kind: GroupKind
    name: str
    difference: float
    """Green minus baseline, score points; missing scores at their worst."""
    standard_error: float
    """On exactly these scenarios."""
    p: float
    """Of "it lost no more than its margin", adjusted over the family."""
    failed: bool
    proved: bool
    """It is proved to have lost no more than its margin."""
    scenarios: int


@dataclass(frozen=True, slots=True)
class Catastrophe:
    """A scenario whose conversations fail critical criteria far more often than before."""

    scenario: str
    failures: int
    conversations: int
    baseline_failures: int
    baseline_conversations: int
    p: float
    fresh_failures: int
    fresh_conversations: int
    confirmed: bool | None
    """None until enough fresh conversations were held."""


@dataclass(frozen=True, slots=True)
class Regressed:
    """A scenario that got worse, on a list with a known share of false entries."""

    scenario: str
    difference: float
    p: float
    q: float
    """Smallest false discovery rate at which it is listed."""


def group_findings(
    scenarios: tuple[PairedScenario, ...], scores: PairedScores, repeats: int | None, policy: GatePolicy
) -> tuple[GroupFinding, ...]:
    """Return the test of every dimension, intent and language with at least six scenarios; none where they are switched off.

    Args:
        scenarios: what was compared.
        scores: the same as arrays.
        repeats: of each scenario, at the stopping look; None for all.
        policy: margin and error rate.
    """
    if policy.guardrails == "off":
        return ()
    groups = [
        *(_Group("dimension", name, scores.assessed[:, column]) for column, name in enumerate(scores.dimensions)),
        *_labelled("intent", [one.plan.intent for one in scenarios]),
        *_labelled("language", [one.plan.locale for one in scenarios]),
    ]
    tested = [one for one in groups if one.chosen.sum() >= LEAST_SCENARIOS]
    results = [
        estimate(scores.arms(repeats, chosen=one.chosen, dimension=one.name if one.kind == "dimension" else None), "suite")
        for one in tested
    ]
    if not results:
        return ()
    tests = guardrail_tests(results, policy.group_margin, policy.alpha)
    return tuple(
        GroupFinding(
            kind=group.kind,
            name=group.name,
            difference=float(tests.difference[0, index]),
            standard_error=float(results[index].standard_error[0]),
            p=float(tests.p_below_adjusted[0, index]),
            failed=bool(tests.failed[0, index]),
            proved=bool(tests.proved[0, index]),
            scenarios=int(group.chosen.sum()),
        )
        for index, group in enumerate(tested)
    )


@dataclass(frozen=True, slots=True)
class _Group:
    kind: GroupKind
    name: str
    chosen: npt.NDArray[np.bool_]
    """Shape (scenarios,)."""


def _labelled(kind: GroupKind, labels: list[str]) -> list[_Group]:
    """Return the groups that share a label; one that is the whole suite is what the verdict is about."""
    if len(set(labels)) < 2:
        return []
    return [_Group(kind, name, np.array([label == name for label in labels])) for name in sorted(set(labels) - {""})]


def catastrophes(scenarios: tuple[PairedScenario, ...]) -> tuple[Catastrophe, ...]:
    """Return the scenarios that fail critical criteria more often than their baseline allows, with what fresh conversations say."""
    known = [one for one in scenarios if one.critical is not None and one.critical.baseline.conversations]
    counts = [one.critical for one in known if one.critical is not None]
    if not counts:
        return ()
    look = _passed([one.green.failures for one in counts], [one.green.conversations for one in counts])
    stored = _passed([one.baseline.failures for one in counts], [one.baseline.conversations for one in counts])
    fresh = _passed([one.fresh.failures for one in counts], [one.fresh.conversations for one in counts])
    reference = Reference(stored, *beta_prior(stored.passes, stored.conversations))
    tests = catastrophe_tests(look, reference)
    confirmed = catastrophe_confirmed(fresh, reference)
    return tuple(
        Catastrophe(
            scenario=one.plan.id,
            failures=count.green.failures,
            conversations=count.green.conversations,
            baseline_failures=count.baseline.failures,
            baseline_conversations=count.baseline.conversations,
            p=float(tests.p[index]),
            fresh_failures=count.fresh.failures,
            fresh_conversations=count.fresh.conversations,
            confirmed=bool(confirmed[index]) if count.fresh.conversations >= FRESH_CONVERSATIONS else None,
        )
        for index, (one, count) in enumerate(zip(known, counts, strict=True))
        if bool(tests.hit[index])
    )


def regressed(scores: PairedScores, repeats: int | None) -> tuple[Regressed, ...]:
    """Return the scenarios that are listed as worse, worst first; of them a tenth is false on average, given enough repeats."""
    arms = scores.arms(repeats)
    green, stored = ArmSpread(arms.green_variance, arms.repeats), ArmSpread(arms.baseline_variance, arms.baseline_repeats)
    tests = moderated_tests(arms.high, green, stored, 1.0 / (12.0 * arms.dimensions), _skewness(scores))
    listed = np.flatnonzero(tests.listed(DISCOVERY_RATE)[0] & (arms.high[0] < 0))
    found = [
        Regressed(scores.ids[index], float(arms.high[0, index]), float(tests.p[0, index]), float(tests.q[0, index])) for index in listed
    ]
    return tuple(sorted(found, key=lambda one: (one.difference, one.scenario)))


def _passed(failures: list[int], conversations: list[int]) -> Counts:
    trials = np.array(conversations, dtype=np.int64)
    return Counts(trials - np.array(failures, dtype=np.int64), trials)


def _skewness(scores: PairedScores) -> float:
    """Return how skewed the baseline's conversations are around their scenario's mean; 0 where scores are missing or depths differ."""
    arm = scores.baseline
    if not arm.planned.all():
        return 0.0
    filled = np.where(scores.assessed[:, None, :], arm.scores, 0.0)
    if bool(np.isnan(filled).any()):
        return 0.0
    return float(pooled_skewness(filled.sum(axis=2) / scores.assessed.sum(axis=1)[:, None]))
