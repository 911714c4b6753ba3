"""What the integration gate finds in each scenario, and in all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.gates.integration_evidence import Counterpart, IntegrationEvidence, ScenarioEvidence
from harness.gates.policy import GatePolicy
from harness.gates.scenario_class import ScenarioClass
from harness.statistics.reliability import Counts, Reference, TwoLookRule, beta_prior, lower_tail, pooled_test, second_look, two_look_tests

_PROVED = frozenset({ScenarioClass.MUST_PASS_FAILURE, ScenarioClass.NEW_FAILURE})


@dataclass(frozen=True, slots=True)
class ScenarioFinding:
    """One scenario, classified."""

    evidence: ScenarioEvidence
    kind: ScenarioClass
    p: float | None
    """Chance of passing this seldom with the baseline's rate; None where no test applies."""
    due: int
    """Conversations of the first look and its extension that have to be held before this scenario may count as passing."""


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
    test = pooled_test(look, baseline, policy.pooled_alpha)
    return SuiteFinding(
        p=float(test.p),
        failed=bool(test.failed),
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
    look, held = _look_counts(tested), Counts(np.array([one.passes for one in tested]), np.array([one.conversations for one in tested]))
    due = second_look(look, held, policy.extended_look)
    tests = two_look_tests(look, held, held.conversations >= due, reference, two_look_rule(policy))
    # Upper tail of passing: P(X ≥ x) is the lower tail of failures.
    better = lower_tail(
        held.conversations - held.passes,
        held.conversations,
        reference.counts.conversations - reference.counts.passes + b,
        reference.counts.passes + a,
    )
    return {
        one.scenario: ScenarioFinding(
            one, _class(one, failed=bool(failed), p=float(p), better=float(luck), policy=policy), float(p), int(more)
        )
        for one, failed, p, luck, more in zip(tested, tests.failed, tests.p, better, due, strict=True)
    }


def two_look_rule(policy: GatePolicy) -> TwoLookRule:
    """Return the error rates of the scenario tests."""
    return TwoLookRule(policy.family_alpha, policy.first_look_share, policy.least_drop)


def _class(scenario: ScenarioEvidence, *, failed: bool, p: float, better: float, policy: GatePolicy) -> ScenarioClass:
    flaky = scenario.baseline is not None and scenario.baseline.rate < policy.flaky_rate
    if failed:
        return ScenarioClass.NEW_FAILURE
    if p < policy.suspect_alpha:
        return ScenarioClass.SUSPECT
    if flaky:
        return ScenarioClass.FIXED if scenario.failures == 0 and better < policy.suspect_alpha else ScenarioClass.KNOWN_FLAKY
    return ScenarioClass.OCCASIONAL_FAILURE if scenario.failures else ScenarioClass.STABLE


def _untested_finding(scenario: ScenarioEvidence, policy: GatePolicy) -> ScenarioFinding:
    """Return the finding of a scenario to which no test applies: must_pass, new, changed, or never held."""
    held = len(scenario.look)
    if scenario.must_pass:
        due = held + policy.must_pass_reruns if scenario.failures else held
    else:
        due = held if scenario.counterpart is Counterpart.PAIRED else max(held, policy.majority_of)
    return ScenarioFinding(scenario, _untested_class(scenario, policy), None, due)


def _untested_class(scenario: ScenarioEvidence, policy: GatePolicy) -> ScenarioClass:
    if scenario.must_pass and scenario.failures >= 2:
        return ScenarioClass.MUST_PASS_FAILURE
    if not scenario.look:
        return ScenarioClass.NOT_HELD
    if not scenario.must_pass and scenario.counterpart is not Counterpart.PAIRED and _lacks_majority(scenario, policy):
        return ScenarioClass.NEW_FAILURE
    if scenario.failures:
        return ScenarioClass.OCCASIONAL_FAILURE
    kinds = {Counterpart.PAIRED: ScenarioClass.STABLE, Counterpart.ADDED: ScenarioClass.ADDED, Counterpart.CHANGED: ScenarioClass.CHANGED}
    return kinds[scenario.counterpart]


def _lacks_majority(scenario: ScenarioEvidence, policy: GatePolicy) -> bool:
    """Return whether no majority passed, or can pass any more once the least number of conversations is held."""
    needed = max(scenario.conversations, policy.majority_of)
    return 2 * (needed - scenario.failures) <= needed


def _look_counts(scenarios: Sequence[ScenarioEvidence]) -> Counts:
    return Counts(np.array([sum(one.look) for one in scenarios]), np.array([len(one.look) for one in scenarios]))


def _baseline_counts(scenarios: Sequence[ScenarioEvidence]) -> Counts:
    counts = [one.baseline for one in scenarios if one.baseline is not None]
    return Counts(np.array([one.passes for one in counts]), np.array([one.conversations for one in counts]))
