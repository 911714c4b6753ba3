"""Every run on the judge's control chart: once, at its end, and never paid for twice."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio

from harness.anchors.drift import DriftState
from harness.anchors.reading import Reading
from harness.anchors.reckoning import shift_of
from harness.anchors.record import AnchorRecord, AnchorStore, ShiftFigures
from harness.gates import quality
from harness.gates.verdict import Decision
from harness.trial.experiment import Experiment
from harness.trial.trial import Rules, hold_trial
from harness.trial.watching import AnchorWatch, measured_drift
from tests.fakes.anchor_judges import ApiDoor, door, judge_at, shipped_rubric, shipped_set
from tests.fakes.messages_api.scale import biased
from tests.fakes.messages_api.temper import HONEST, Temper
from tests.fakes.whole_trial import RatingJudge, WholeTrial, healthy_baseline

DAY = datetime(2026, 11, 1, tzinfo=UTC)
HARSHER = Temper(distort=biased(-1.0))


def watch(folder: Path, held: ApiDoor, days: float = 1.0) -> AnchorWatch:
    return AnchorWatch(shipped_set(), AnchorStore(folder), shipped_rubric(), judge_at(held), lambda: DAY + timedelta(days=days))


def recorded(folder: Path, held: ApiDoor) -> AnchorRecord:
    """Record what an honest judge says, without asking it five hundred times."""
    planted = {anchor.id: (Reading(scores=dict(anchor.scores), met={}),) * 5 for anchor in shipped_set().anchors}
    record = AnchorRecord(
        judge="judge",
        fingerprint=judge_at(held).identity.fingerprint,
        anchors=shipped_set().fingerprint,
        created=DAY.isoformat(),
        readings=planted,
    )
    AnchorStore(folder).keep_record(record)
    return record


def test_without_a_record_nothing_is_asked(tmp_path: Path) -> None:
    """A judge whose verdicts nobody recorded is not asked about anchors: its drift is unknown, and that is said."""
    held = door()
    assert anyio.run(watch(tmp_path, held).seen, "run-1").state is DriftState.UNRECORDED
    assert held.requests == []


def test_a_run_is_on_the_chart_once(tmp_path: Path) -> None:
    """A run judges 20 anchors; resumed, it asks nothing more; the next one judges the next fifth."""
    held = door()
    record = recorded(tmp_path, held)
    first = anyio.run(watch(tmp_path, held).seen, "run-1")
    asked = len(held.requests)
    assert first.state is DriftState.STEADY
    assert first.watched is not None
    assert (first.watched.anchors, first.watched.shift) == (20, 0.0)
    assert anyio.run(watch(tmp_path, held).seen, "run-1") == first
    assert len(held.requests) == asked
    anyio.run(watch(tmp_path, held).seen, "run-2")
    assert [point.group for point in AnchorStore(tmp_path).history(record).points] == [0, 1]


def test_a_changed_judge_raises_the_alarm(tmp_path: Path) -> None:
    """A judge that became a point harsher is found with its size on the fifth that a run judges."""
    recorded(tmp_path, door())
    found = anyio.run(watch(tmp_path, door(HARSHER)).seen, "run-1")
    assert found.state is DriftState.CHANGED
    assert found.watched is not None
    assert found.watched.shift < -0.2


def test_a_later_check_overrules_an_alarm(tmp_path: Path) -> None:
    """What all anchors show afterwards counts: the resumed run may conclude again."""
    held = door(HARSHER)
    record = recorded(tmp_path, held)
    anyio.run(watch(tmp_path, held).seen, "run-1")
    shift = shift_of(shipped_set(), record.readings, record.readings)
    assert shift is not None
    store = AnchorStore(tmp_path)
    checked = (DAY + timedelta(days=2)).isoformat(timespec="seconds")
    store.keep_history(record.fingerprint, store.history(record).model_copy(update={"checked": checked, "check": ShiftFigures.of(shift)}))
    assert watch(tmp_path, held, days=3).known("run-1").state is DriftState.STEADY
    assert watch(tmp_path, held, days=30).known("run-1").overdue


class WatchedTrial(WholeTrial):
    """A trial whose judge is watched."""

    watch: AnchorWatch

    def experiment_rules(self) -> Rules:
        return Rules(self.policy, self.baseline or healthy_baseline(self.scenarios), watch=self.watch)

    async def hold_watched(self, experiment: Experiment):
        return await hold_trial(experiment, self.experiment_rules())


def _held(tmp_path: Path, watching: AnchorWatch, judge: RatingJudge | None = None):
    trial = WatchedTrial(tmp_path / "run.jsonl", judge=judge or RatingJudge())
    trial.watch = watching

    async def hold():
        with ExitStack() as journals:
            return await trial.hold_watched(trial._experiment(journals))

    return anyio.run(hold)


def test_an_alarm_at_the_end_takes_a_pass_back(tmp_path: Path) -> None:
    """A run that would PASS is INVALID when the judge turns out to have changed; integration keeps its verdict."""
    recorded(tmp_path / "anchors", door())
    found = _held(tmp_path, watch(tmp_path / "anchors", door(HARSHER)))
    integration, judged = found.verdicts
    assert integration.decision is Decision.PASS
    assert judged.gate == quality.GATE
    assert judged.decision is Decision.INVALID
    assert judged.figures["drift"]["watched"]["alarm"] is True


def test_a_steady_judge_lets_it_pass(tmp_path: Path) -> None:
    """With an unchanged judge the verdict is what it was, and shows the chart."""
    recorded(tmp_path / "anchors", door())
    judged = _held(tmp_path, watch(tmp_path / "anchors", door(HONEST))).verdicts[1]
    assert judged.decision is Decision.PASS
    assert judged.figures["drift"]["state"] == "steady"


def test_what_is_known_to_have_changed_is_not_paid_for(tmp_path: Path) -> None:
    """After a whole check that found the judge changed, a run asks it nothing at all and says why."""
    held = door()
    record = recorded(tmp_path / "anchors", held)
    changed = {
        name: tuple(type(one)(scores=dict.fromkeys(one.scores, 3), met={}) for one in verdicts)
        for name, verdicts in record.readings.items()
    }
    shift = shift_of(shipped_set(), record.readings, changed)
    assert shift is not None
    store = AnchorStore(tmp_path / "anchors")
    at = (DAY + timedelta(days=1)).isoformat(timespec="seconds")
    store.keep_history(record.fingerprint, store.history(record).model_copy(update={"checked": at, "check": ShiftFigures.of(shift)}))
    judge = RatingJudge()
    judged = _held(tmp_path, watch(tmp_path / "anchors", held), judge).verdicts[1]
    assert judged.decision is Decision.INVALID
    assert judge.asked == []
    assert held.requests == []


def test_a_run_that_decides_nothing_is_on_the_chart_where_it_is_large_enough(tmp_path: Path) -> None:
    """A measured run, such as that of a baseline, goes onto the chart once as many conversations were judged as the chart has judged."""
    held = door(HARSHER)
    record = recorded(tmp_path / "anchors", held)
    watching = watch(tmp_path / "anchors", held)
    run = _held(tmp_path, watch(tmp_path / "elsewhere", held)).run
    assert sum(one.judgement is not None for one in run.conversations) >= 20
    assert anyio.run(measured_drift, None, run) is None
    assert anyio.run(measured_drift, watching, replace(run, conversations=run.conversations[:19])) is None
    assert held.requests == []
    drift = anyio.run(measured_drift, watching, run)
    assert drift is not None
    assert drift.state is DriftState.CHANGED
    assert [point.run for point in AnchorStore(tmp_path / "anchors").history(record).points] == [run.manifest.run_id]
