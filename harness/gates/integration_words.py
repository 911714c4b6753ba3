"""What the integration gate says, in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gates.integration_evidence import IntegrationEvidence
from harness.gates.integration_findings import ScenarioFinding, SuiteFinding
from harness.gates.scenario_class import ScenarioClass

NAMED = 5
"""Scenarios that a sentence names before it only counts them."""

HEALTHY_MUST_PASS = 0.001
"""Share of a good build's conversations that may fail a must_pass scenario: sixty of them then stop one good build in eight hundred,
and one in nine where 1 % fail."""

UNATTESTED = "The target states no build (`build: unattested`), so nothing proves which build was measured."
NO_BASELINE = "There is no baseline: every scenario only had to pass in a majority of its conversations."


def passed(evidence: IntegrationEvidence, findings: Sequence[ScenarioFinding]) -> str:
    """Say what a PASS has shown."""
    passes, conversations = sum(one.passes for one in evidence.scenarios), sum(one.conversations for one in evidence.scenarios)
    failing = sum(1 for one in findings if one.evidence.failures)
    rest = "" if not failing else f"; {_scenarios(failing)} failed in part, no more than {_it(failing)} may"
    return f"No new failure: {passes} of {conversations} conversations over {_scenarios(len(evidence.scenarios))} passed{rest}."


def must_pass_failed(findings: Sequence[ScenarioFinding]) -> str:
    """Say which must_pass scenarios failed, and failed again."""
    return f"{_scenarios(len(findings))} marked must_pass failed more than once: {_tally(findings)}."


def new_failures(findings: Sequence[ScenarioFinding]) -> str:
    """Say which scenarios fail more than their baseline allows."""
    fails = "fails" if len(findings) == 1 else "fail"
    return f"{_scenarios(len(findings))} {fails} more often than in the baseline: {_tally(findings)}."


def no_majority(findings: Sequence[ScenarioFinding]) -> str:
    """Say which scenarios without a comparable baseline did not pass in a majority."""
    return f"{_scenarios(len(findings))} without a comparable baseline did not pass in a majority: {_tally(findings)}."


def suite_fails_more(suite: SuiteFinding) -> str:
    """Say that failures are spread over the suite."""
    now, before = 1 - suite.passes / suite.conversations, 1 - suite.baseline_passes / suite.baseline_conversations
    return (
        f"Failures are spread over the suite: {100 * now:.1f} % of {suite.conversations} first-look conversations failed, "
        f"{100 * before:.1f} % of {suite.baseline_conversations} in the baseline (p = {suite.p:.2g})."
    )


def no_conversation(scenarios: Sequence[str]) -> str:
    """Say that planned scenarios were never held."""
    if not scenarios:
        return "No scenario was planned, so nothing was measured."
    return f"No valid conversation was held of {_listed(scenarios)}; run again once the target can be reached."


def incomplete(scenarios: Sequence[str]) -> str:
    """Say that planned conversations are missing."""
    return f"Planned conversations of {_listed(scenarios)} are missing, so nothing shows that they would have passed; finish the run with --resume, or run again."


def cautions(evidence: IntegrationEvidence, findings: Sequence[ScenarioFinding]) -> tuple[str, ...]:
    """Say what a reader has to know before believing the verdict, the gravest first."""
    found: list[str] = []
    if not evidence.attested:
        found.append(UNATTESTED)
    if evidence.build is not None and evidence.build == evidence.baseline_build:
        found.append(f"Green runs the build that the baseline was recorded with ({evidence.build}): this compares a build with itself.")
    if not evidence.has_baseline:
        found.append(NO_BASELINE)
    suspects = [one.evidence.scenario for one in findings if one.kind is ScenarioClass.SUSPECT]
    if suspects:
        found.append(f"Suspect, but not proved over this many scenarios: {_listed(suspects)}.")
    if evidence.has_baseline and (evidence.pairing.added or evidence.pairing.changed):
        unpaired = [*evidence.pairing.added, *evidence.pairing.changed]
        found.append(f"New or changed since the baseline, held only to a majority of passes: {_listed(unpaired)}.")
    strict = [one.scenario for one in evidence.scenarios if one.must_pass and one.baseline is not None and one.baseline.rate < 1]
    if strict:
        found.append(
            f"Marked must_pass, yet failing in the baseline: {_listed(strict)}. Such a scenario stops good builds unless they fail it in "
            f"at most {HEALTHY_MUST_PASS:.1%} of conversations; mend it, or take the mark away."
        )
    if evidence.pairing.removed:
        found.append(f"In the baseline, but not run: {_listed(evidence.pairing.removed)}.")
    return tuple(found)


def _tally(findings: Sequence[ScenarioFinding]) -> str:
    parts = []
    for finding in findings[:NAMED]:
        one = finding.evidence
        before = f" (baseline {one.baseline.passes} of {one.baseline.conversations})" if one.baseline else ""
        parts.append(f"{one.scenario} passed {one.passes} of {one.conversations}{before}")
    more = len(findings) - NAMED
    return ", ".join(parts) + (f" and {more} more" if more > 0 else "")


def _listed(scenarios: Sequence[str]) -> str:
    named = ", ".join(scenarios[:NAMED])
    return named if len(scenarios) <= NAMED else f"{named} and {len(scenarios) - NAMED} more"


def _scenarios(count: int) -> str:
    return "1 scenario" if count == 1 else f"{count} scenarios"


def _it(count: int) -> str:
    return "it" if count == 1 else "they"
