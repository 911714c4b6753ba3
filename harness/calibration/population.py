"""The judged conversations of an arm: what a sample is drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.baselines.baseline import Baseline
from harness.calibration.sample import Candidate
from harness.conversations.transcript import Transcript
from harness.judging.judge import Judgement
from harness.records.run import ConversationRecord, Purpose, RunManifest, ScenarioPlan


@dataclass(frozen=True, slots=True)
class HeldConversation:
    """A judged conversation and what was said in it."""

    candidate: Candidate
    plan: ScenarioPlan
    transcript: Transcript


def of_run(manifest: RunManifest, records: Iterable[ConversationRecord], arm: str) -> Iterator[HeldConversation]:
    """Yield the conversations of a run's looks that the judge scored; what the target ended scores 1 by rule, and needs no judge."""
    plans = {plan.id: plan for plan in manifest.scenarios}
    for record in records:
        plan, scores = plans[record.assignment.scenario_id], record.scores
        if record.assignment.purpose is Purpose.LOOK and record.transcript.valid and not record.transcript.failed and scores:
            disputed = _disputed(record.judgement)
            yield from _held(plan, arm, record.assignment.repeat, scores, record.transcript, disputed=disputed)


def of_baseline(baseline: Baseline, transcripts: Iterable[Transcript], arm: str) -> Iterator[HeldConversation]:
    """Yield the conversations of a stored baseline that its judge scored, in the order of its transcripts."""
    stored = {one.plan.id: one for one in baseline.scenarios}
    for transcript in transcripts:
        scenario = stored.get(transcript.scenario_id)
        if scenario is None or transcript.repeat >= len(scenario.scores) or transcript.failed or not transcript.valid:
            continue
        scores = scenario.scores[transcript.repeat]
        if scores is not None:
            yield from _held(scenario.plan, arm, transcript.repeat, scores, transcript, disputed=None)


def _held(
    plan: ScenarioPlan, arm: str, repeat: int, scores: Mapping[str, int], transcript: Transcript, *, disputed: bool | None
) -> Iterator[HeldConversation]:
    counted = {name: scores[name] for name in plan.dimensions if name in scores}
    if counted:
        candidate = Candidate(arm, plan.id, repeat, plan.locale, plan.cluster, counted, disputed)
        yield HeldConversation(candidate, plan, transcript)


def _disputed(judgement: Judgement | None) -> bool | None:
    """Return whether the judge had to be asked again, contradicted its own impression, or is contradicted by an audit."""
    inquiry = judgement.inquiry if judgement is not None else None
    if inquiry is None:
        return None
    audited = inquiry.audit is not None and bool(inquiry.audit.differing)
    return audited or bool(inquiry.inconsistent) or any(count > 1 for count in inquiry.samples.values())
