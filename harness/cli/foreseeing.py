"""What a gate run's judging is going to cost, from settings: shared by `harness estimate`, the gate and re-judging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from random import Random

from harness.anchors.frozen_set import read_anchor_set, shipped_anchors
from harness.anchors.readings import rotation
from harness.anchors.record import AnchorStore
from harness.assembly.claude import claude_judge, judge_connection
from harness.assembly.speakers import plays
from harness.baselines.baseline import Baseline
from harness.baselines.file import read_transcripts
from harness.cli.event_loop import in_event_loop
from harness.conversations.transcript import Transcript
from harness.errors import JudgeError, SettingsError
from harness.judging.estimate import JudgingEstimate, counted, estimated, imagined
from harness.judging.steering.steady_judge import SteadyJudge
from harness.language_model.answers.answer_store import AnswerStore
from harness.language_model.connection import Connection
from harness.language_model.door import LanguageModel, ModelRequest
from harness.language_model.money.prices import load_prices
from harness.language_model.opening import opened
from harness.language_model.patient import Patience, PatientDoor
from harness.reports.estimate import EstimateReport, PlayedUsers
from harness.scenarios.load import Suite
from harness.settings import CLAUDE, Settings
from harness.trial.expected import expected_judged, judged_by_look
from harness.trial.looks import look_schedule
from harness.trial.plan import scenario_plans


def estimate_report(settings: Settings, suite: Suite, environ: Mapping[str, str], baseline: Baseline | None) -> EstimateReport:
    """Return what judging is going to use and cost; nothing is asked but, where there is a key, how many tokens a few questions have.

    Args:
        settings: of the run; the judge has to be one of Claude's.
        suite: the selected scenarios.
        environ: the environment.
        baseline: what the run is held against, of the file that the settings name; its conversations are taken as typical.

    Raises:
        SettingsError: fewer conversations may be judged than one look needs.
        SourceError: every mistake of the price file or of the judge's prompts.
        StoreError: the file of answers cannot be used.
    """
    judge = claude_judge(settings, suite, _nobody)
    questions, basis = _questions(settings, suite, judge, baseline)
    judging = _counted(settings, environ, questions, estimated(questions, basis, _output(settings)))
    plans = scenario_plans(suite, judge)
    arms = 1 if settings.against is None else 2
    schedule = look_schedule(plans, baseline, settings.policy, settings.repeats, settings.max_judged)
    expected = expected_judged(plans, baseline, settings.policy, schedule)
    paired = {one.id: one.fingerprint for one in suite.scenarios}
    stored = None
    if baseline is not None:
        stored = sum(len(one.scores) for one in baseline.scenarios if paired.get(one.plan.id) == one.plan.fingerprint)
    return EstimateReport(
        judge=judge.identity.name,
        judging=judging,
        prices=load_prices(settings.prices),
        looks=judged_by_look(plans, schedule, arms),
        expected=None if expected is None else {name: count * arms for name, count in expected.items()},
        margin=settings.policy.margin,
        stored=stored,
        watched=_watched(settings, judge.identity.fingerprint),
        stored_differs=baseline is not None and baseline.judge.fingerprint != judge.identity.fingerprint,
        played=_played(settings, suite),
    )


def _played(settings: Settings, suite: Suite) -> PlayedUsers | None:
    caps = [one.user.turn_cap for one in suite.scenarios if one.user is not None]
    return PlayedUsers(settings.simulator_model, len(caps), sum(caps) / len(caps)) if plays(settings, suite) else None


def _watched(settings: Settings, judge: str) -> int:
    """Return how many anchors a run has judged: none without the verdicts that they are held against."""
    if settings.against is not None or not AnchorStore(settings.anchors).record_path(judge).exists():
        return 0
    return len(rotation(read_anchor_set(shipped_anchors()), 0))


def foreseeable(settings: Settings) -> bool:
    """Return whether the judge is one whose cost can be foreseen."""
    return settings.judge in CLAUDE


def _questions(settings: Settings, suite: Suite, judge: SteadyJudge, baseline: Baseline | None) -> tuple[list[Sequence[ModelRequest]], str]:
    """Return what would be asked about one conversation of each scenario, and which ones these are."""
    held: dict[str, Transcript] = {}
    if baseline is not None and settings.baseline is not None:
        asked_alike = {one.plan.id: one.plan.fingerprint for one in baseline.scenarios}
        same = {one.id for one in suite.scenarios if asked_alike.get(one.id) == one.fingerprint}
        held = _first_of_each(settings.baseline, same)
    questions: list[Sequence[ModelRequest]] = [judge.questions(one, held.get(one.id) or imagined(one)) for one in suite.scenarios]
    made_up = len(suite.scenarios) - len(held)
    if not held:
        return questions, "No conversation was held yet: turns are the suite's, and replies are taken to have 400 characters."
    rest = f"; {made_up} scenarios that it lacks are taken to have replies of 400 characters" if made_up else ""
    return questions, f"Lengths are those of {len(held)} of the baseline's conversations, one of each scenario{rest}."


def _first_of_each(path: Path, wanted: set[str]) -> dict[str, Transcript]:
    """Return the first stored conversation of each scenario that the target did not end."""
    found: dict[str, Transcript] = {}
    for one in read_transcripts(path):
        if one.scenario_id in wanted and one.scenario_id not in found and one.valid and not one.failed:
            found[one.scenario_id] = one
    return found


def _output(settings: Settings) -> float | None:
    """Return the mean tokens of the answers that are kept of this model; None where there are none."""
    if not settings.cache.exists():
        return None
    with AnswerStore(settings.cache, read_only=True) as store:
        return store.typical_output(settings.judge_model)


def _counted(
    settings: Settings, environ: Mapping[str, str], questions: Sequence[Sequence[ModelRequest]], estimate: JudgingEstimate
) -> JudgingEstimate:
    """Return the estimate with tokens counted by the service, where there is a key and the service counts."""
    try:
        reached = None if settings.replay else judge_connection(settings, environ)
    except SettingsError:
        reached = None
    if reached is None:
        return estimate

    async def ask(found: Connection) -> JudgingEstimate:
        async with opened(found) as doors:
            return await counted(estimate, questions, PatientDoor(doors.model, Patience(waits=2), Random()))

    return in_event_loop((), lambda: ask(reached))


def _nobody() -> AbstractAsyncContextManager[LanguageModel]:
    """Stand in for the door of a judge that only tells what it would ask."""
    raise JudgeError("an estimate asks nobody")
