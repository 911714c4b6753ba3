"""What the integration gate finds in each scenario, and in all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from harness.gates.integration_evidence import Counterpart, IntegrationEvidence, ScenarioEvidence
from harness.gates.policy import GatePolicy
from harness.statistics.reliability import Counts, Reference, TwoLookRule, beta_prior, lower_tail, pooled_lower_tail, two_look_tests


class ScenarioClass(StrEnum):
    """What one scenario's conversations mean; only the first two fail the gate."""

    MUST_PASS_FAILURE = "must_pass_failure"
    """A must_pass scenario failed, and failed again."""
    NEW_FAILURE = "new_failure"
    """Passes less than its baseline allows; or, without a comparable baseline, in no majority."""
    SUSPECT = "suspect"
    """A small p-value, but not for a family of this many scenarios."""
    KNOWN_FLAKY = "known_flaky"
    """Failed, as it sometimes does in the baseline too."""
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


_PROVED = frozenset({ScenarioClass.MUST_PASS_FAILURE, ScenarioClass.NEW_FAILURE})


@dataclass(frozen=True, slots=True)
class ScenarioFinding:
    """One scenario, classified."""

    evidence: ScenarioEvidence
    kind: ScenarioClass
    p: float | None
    """Chance of passing this seldom with the baseline's rate; None where no test applies."""


@dataclass(frozen=True, slots=True)
class SuiteFinding:
    """All first-look conversations of the scenarios that have a baseline, together."""

    p: float
    failed: bool
    passes: int
    conversations: int
    baseline_passes: int
    baseline_conversations: int


def scenario_findings(evidence: IntegrationEvidence, policy: GatePolicy) -> tuple[ScenarioFinding, ...]:
    """Return what each scenario shows, in order of id."""
    tested = _tested_findings(evidence, policy)
    findings = (tested.get(one.scenario) or _untested_finding(one, policy) for one in evidence.scenarios)
    return tuple(_as_far_as_held(finding, evidence) for finding in findings)


def _as_far_as_held(finding: ScenarioFinding, evidence: IntegrationEvidence) -> ScenarioFinding:
    """Return the finding that may be claimed: a proved failure stands without the missing conversations, nothing else does."""
    proved = finding.kind in _PROVED and not evidence.problems
    if proved or finding.kind is ScenarioClass.NOT_HELD or len(finding.evidence.look) >= evidence.planned:
        return finding
    return replace(finding, kind=ScenarioClass.INCOMPLETE)


def suite_finding(evidence: IntegrationEvidence, policy: GatePolicy) -> SuiteFinding | None:
    """Return what all paired scenarios show together, must_pass ones included; None where nothing is paired."""
    paired = [one for one in evidence.scenarios if one.look and one.baseline is not None]
    if not paired:
        return None
    look, baseline = _look_counts(paired), _baseline_counts(paired)
    p = float(pooled_lower_tail(look, baseline))
    fewer = float(look.passes.sum() / look.conversations.sum()) < float(np.average(baseline.rate, weights=look.conversations))
    return SuiteFinding(
        p=p,
        failed=p <= policy.pooled_alpha and fewer,
        passes=int(look.passes.sum()),
        conversations=int(look.conversations.sum()),
        baseline_passes=int(baseline.passes.sum()),
        baseline_conversations=int(baseline.conversations.sum()),
    )


def _tested_findings(evidence: IntegrationEvidence, policy: GatePolicy) -> dict[str, ScenarioFinding]:
    """Return the findings of the scenarios that are held against their baseline rate, as one family of tests."""
    tested = [one for one in evidence.scenarios if one.look and one.baseline is not None and not one.must_pass]
    if not tested:
        return {}
    stored = evidence.baseline_counts
    a, b = beta_prior([one.passes for one in stored], [one.conversations for one in stored])
    reference = Reference(_baseline_counts(tested), a, b)
    held = Counts(np.array([one.passes for one in tested]), np.array([one.conversations for one in tested]))
    complete = np.array([one.failures == 0 or one.conversations >= policy.extended_look for one in tested])
    rule = TwoLookRule(policy.family_alpha, policy.first_look_share, policy.least_drop)
    tests = two_look_tests(_look_counts(tested), held, complete, reference, rule)
    # Upper tail of passing: P(X ≥ x) is the lower tail of failures.
    better = lower_tail(
        held.conversations - held.passes,
        held.conversations,
        reference.counts.conversations - reference.counts.passes + b,
        reference.counts.passes + a,
    )
    return {
        one.scenario: ScenarioFinding(one, _class(one, failed=bool(failed), p=float(p), better=float(luck), policy=policy), float(p))
        for one, failed, p, luck in zip(tested, tests.failed, tests.p, better, strict=True)
    }


def _class(scenario: ScenarioEvidence, *, failed: bool, p: float, better: float, policy: GatePolicy) -> ScenarioClass:
    rate = scenario.baseline.rate if scenario.baseline else 1.0
    if failed:
        return ScenarioClass.NEW_FAILURE
    if scenario.failures == 0:
        return ScenarioClass.FIXED if rate < policy.flaky_rate and better < policy.suspect_alpha else ScenarioClass.STABLE
    if p < policy.suspect_alpha:
        return ScenarioClass.SUSPECT
    return ScenarioClass.KNOWN_FLAKY if rate < policy.flaky_rate else ScenarioClass.OCCASIONAL_FAILURE


def _untested_finding(scenario: ScenarioEvidence, policy: GatePolicy) -> ScenarioFinding:
    """Return the finding of a scenario to which no test applies: must_pass, new, changed, or never held."""
    if scenario.must_pass and scenario.failures >= 2:
        return ScenarioFinding(scenario, ScenarioClass.MUST_PASS_FAILURE, None)
    if not scenario.look:
        return ScenarioFinding(scenario, ScenarioClass.NOT_HELD, None)
    if not scenario.must_pass and scenario.counterpart is not Counterpart.PAIRED and _lacks_majority(scenario, policy):
        return ScenarioFinding(scenario, ScenarioClass.NEW_FAILURE, None)
    if scenario.failures:
        return ScenarioFinding(scenario, ScenarioClass.OCCASIONAL_FAILURE, None)
    kinds = {Counterpart.PAIRED: ScenarioClass.STABLE, Counterpart.ADDED: ScenarioClass.ADDED, Counterpart.CHANGED: ScenarioClass.CHANGED}
    return ScenarioFinding(scenario, kinds[scenario.counterpart], None)


def _lacks_majority(scenario: ScenarioEvidence, policy: GatePolicy) -> bool:
    """Return whether no majority passed, or can pass any more once the least number of conversations is held."""
    needed = max(scenario.conversations, policy.majority_of)
    return 2 * (needed - scenario.failures) <= needed


def _look_counts(scenarios: Sequence[ScenarioEvidence]) -> Counts:
    return Counts(np.array([sum(one.look) for one in scenarios]), np.array([len(one.look) for one in scenarios]))


def _baseline_counts(scenarios: Sequence[ScenarioEvidence]) -> Counts:
    counts = [one.baseline for one in scenarios if one.baseline is not None]
    return Counts(np.array([one.passes for one in counts]), np.array([one.conversations for one in counts]))
