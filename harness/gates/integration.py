"""The integration gate: does any scenario fail now that did not fail like this in the baseline?

Each scenario is held against its own baseline pass rate, so that a scenario that always was flaky does not fail a good
build, and only failing scenarios are held again, so that certainty is bought where it is missing:

1. Every scenario is held as often as the plan says (5). A scenario that failed is extended to 20.
2. A scenario fails when its pass count is too small for its baseline (beta-binomial, Holm over all scenarios, both looks
   within one family error rate) and its pass rate fell by more than 10 points.
3. One pooled test over all first-look conversations finds faults that are spread too thinly for any single scenario.
4. `must_pass` scenarios skip statistics: a second failed conversation fails the gate. After a first one, two more are
   held; failures within the first look, or in later looks at quality, count as failing again too, since they are as good
   a repetition as a re-run.
5. Scenarios without a comparable baseline (new, changed, or no baseline at all) have to pass in a majority of the
   conversations held, of which there have to be at least three; the first look usually holds five already.

A failure that is proved stands even when other evidence is missing; without one, missing evidence is never a pass.
"""

from __future__ import annotations

from harness.frozen import fingerprint
from harness.gates import integration_words as words
from harness.gates.integration_evidence import Counterpart, IntegrationEvidence, evidence
from harness.gates.integration_findings import ScenarioFinding, SuiteFinding, scenario_findings, suite_finding
from harness.gates.policy import GatePolicy
from harness.gates.scenario_class import ScenarioClass
from harness.gates.verdict import Decision, NextLook, Reason, Verdict
from harness.statistics.reliability import pass_hat_k

__all__ = ["GATE", "IntegrationEvidence", "decide", "evidence", "stopped"]

GATE = "integration"


def decide(evidence: IntegrationEvidence, policy: GatePolicy) -> Verdict | NextLook:
    """Return the verdict, or the conversations that it needs first.

    One more failed conversation, or one conversation fewer, never moves the answer towards PASS.
    """
    findings = scenario_findings(evidence, policy)
    suite = suite_finding(evidence, policy)
    if evidence.problems:
        return _verdict(evidence, policy, Decision.INVALID, [Reason("run_invalid", problem) for problem in evidence.problems])
    failures = _failures(findings, suite)
    if failures:
        return _verdict(evidence, policy, Decision.FAIL, failures)
    silent = tuple(one.scenario for one in evidence.scenarios if not one.look)
    if silent or not evidence.scenarios:
        return _verdict(evidence, policy, Decision.INVALID, [Reason("no_conversation", words.no_conversation(silent), silent)])
    incomplete = tuple(one.scenario for one in evidence.scenarios if len(one.look) < evidence.planned)
    if incomplete:
        return _verdict(evidence, policy, Decision.INCONCLUSIVE, [Reason("look_incomplete", words.incomplete(incomplete), incomplete)])
    wanted = {one.evidence.scenario: one.due for one in findings if one.due > one.evidence.requested}
    if wanted:
        return NextLook(GATE, wanted)
    return _verdict(evidence, policy, Decision.PASS, [Reason("no_new_failure", words.passed(evidence, findings))])


def stopped(evidence: IntegrationEvidence, policy: GatePolicy, why: str) -> Verdict:
    """Return the verdict when a look that `decide` asked for cannot be held: `why` says so in one sentence.

    Whatever `decide` can already say stands; otherwise the run is INCONCLUSIVE.
    """
    answer = decide(evidence, policy)
    if isinstance(answer, Verdict):
        return answer
    waiting = tuple(sorted(answer.repeats))
    return _verdict(evidence, policy, Decision.INCONCLUSIVE, [Reason("stopped_early", why, waiting)])


def _failures(findings: tuple[ScenarioFinding, ...], suite: SuiteFinding | None) -> list[Reason]:
    """Return what fails the gate, must_pass first."""
    reasons: list[Reason] = []
    broken = [one for one in findings if one.kind is ScenarioClass.MUST_PASS_FAILURE]
    if broken:
        reasons.append(Reason("must_pass_failed", words.must_pass_failed(broken), tuple(one.evidence.scenario for one in broken)))
    tested = [one for one in findings if one.kind is ScenarioClass.NEW_FAILURE and one.evidence.counterpart is Counterpart.PAIRED]
    if tested:
        reasons.append(Reason("new_failure", words.new_failures(tested), tuple(one.evidence.scenario for one in tested)))
    untested = [one for one in findings if one.kind is ScenarioClass.NEW_FAILURE and one.evidence.counterpart is not Counterpart.PAIRED]
    if untested:
        reasons.append(Reason("no_majority", words.no_majority(untested), tuple(one.evidence.scenario for one in untested)))
    if suite is not None and suite.failed:
        reasons.append(Reason("suite_fails_more", words.suite_fails_more(suite)))
    return reasons


def _verdict(evidence: IntegrationEvidence, policy: GatePolicy, decision: Decision, reasons: list[Reason]) -> Verdict:
    findings = scenario_findings(evidence, policy)
    suite = suite_finding(evidence, policy)
    return Verdict(
        gate=GATE,
        decision=decision,
        reasons=tuple(reasons),
        figures=_figures(evidence, findings, suite, policy),
        cautions=words.cautions(evidence, findings),
        policy=fingerprint(policy),
        evidence=fingerprint(evidence),
    )


def _figures(
    evidence: IntegrationEvidence, findings: tuple[ScenarioFinding, ...], suite: SuiteFinding | None, policy: GatePolicy
) -> dict[str, object]:
    """Return the documented figures; None where a number does not exist."""
    held = [one for one in evidence.scenarios if one.look]
    deepest = min((len(one.look) for one in held), default=0)
    reliability = {
        str(k): float(pass_hat_k([sum(one.look) for one in held], [len(one.look) for one in held], k)) for k in range(1, deepest + 1)
    }
    pairing = evidence.pairing
    return {
        "scenarios": [_row(one) for one in findings],
        "classes": {kind.value: sum(one.kind is kind for one in findings) for kind in ScenarioClass},
        "passes": sum(one.passes for one in evidence.scenarios),
        "conversations": sum(one.conversations for one in evidence.scenarios),
        "pass_hat_k": reliability,
        "pooled": None
        if suite is None
        else {
            "p": suite.p,
            "alpha": policy.pooled_alpha,
            "passes": suite.passes,
            "conversations": suite.conversations,
            "baseline_passes": suite.baseline_passes,
            "baseline_conversations": suite.baseline_conversations,
        },
        "family_alpha": policy.family_alpha,
        "unpaired": {
            "added": list(pairing.added),
            "changed": list(pairing.changed),
            "removed": list(pairing.removed),
            "deselected": list(pairing.deselected),
        },
    }


def _row(finding: ScenarioFinding) -> dict[str, object]:
    scenario = finding.evidence
    return {
        "scenario": scenario.scenario,
        "class": finding.kind.value,
        "passes": scenario.passes,
        "conversations": scenario.conversations,
        "baseline_passes": scenario.baseline.passes if scenario.baseline else None,
        "baseline_conversations": scenario.baseline.conversations if scenario.baseline else None,
        "p": finding.p,
        "must_pass": scenario.must_pass,
        "counterpart": scenario.counterpart.value,
    }
