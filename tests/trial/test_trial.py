"""Looks, extensions and verdicts of a whole run."""

from __future__ import annotations

import itertools
from pathlib import Path

import anyio
import pytest

from harness.errors import TargetError
from harness.evaluation.schedule import Collected, collect
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision, Verdict
from harness.judging.judge import Judgement, JudgementOutcome, Usage
from harness.records.journal import read_journal
from harness.records.run import Purpose
from harness.trial.measuring import Trial
from tests.fakes.scripted_target import BUILD, overloaded, reply
from tests.fakes.threaded_bot import GOOD
from tests.fakes.whole_trial import NAMES, RatingJudge, VersionedTarget, WholeTrial, asking, failing, rated

pytestmark = pytest.mark.anyio
OTHER = "fedcba9876543210"
LOOK = set(itertools.product(NAMES, range(5)))


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses after trouble."""
    monkeypatch.setattr("harness.evaluation.schedule.FIRST_PAUSE_S", 0.001)


def verdicts(trial: Trial) -> tuple[Verdict, Verdict]:
    assert trial.verdicts is not None
    integration, quality = trial.verdicts
    assert (integration.gate, quality.gate) == ("integration", "quality")
    return integration, quality


def decisions(trial: Trial) -> tuple[Decision, Decision]:
    integration, quality = verdicts(trial)
    return integration.decision, quality.decision


def sent(target: VersionedTarget) -> list[tuple[str, int]]:
    return [(name, repeat) for name, repeat, *_ in target.sent]


async def test_a_good_candidate_needs_the_first_look_only(path: Path) -> None:
    """Every scenario is held five times, judged once each, and both gates pass."""
    whole = WholeTrial(path)
    trial = await whole.hold()
    assert decisions(trial) == (Decision.PASS, Decision.PASS)
    assert sorted(sent(whole.target)) == sorted(LOOK)
    assert sorted(whole.judge.asked) == sorted(LOOK) == sorted(whole.held)
    assert whole.planned == [60]
    assert (trial.run.build, trial.run.problems, trial.rerun) == (BUILD, (), 0)


async def test_only_a_failing_scenario_is_held_again_and_its_extension_is_not_judged(path: Path) -> None:
    """One failure in five brings fifteen more of that scenario and of no other; the judge never sees them."""
    whole = WholeTrial(path, VersionedTarget(failing(lambda name, repeat: (name, repeat) == ("ask-03", 2))))
    trial = await whole.hold()
    assert decisions(trial) == (Decision.PASS, Decision.PASS)
    more = set(itertools.product(["ask-03"], range(5, 20)))
    assert set(sent(whole.target)) == LOOK | more
    assert set(whole.judge.asked) == LOOK
    extensions = [one for one in trial.run.conversations if one.assignment.purpose is Purpose.EXTENSION]
    assert {(one.assignment.scenario_id, one.assignment.repeat) for one in extensions} == more
    assert all(one.judgement is None for one in extensions)
    assert whole.planned == [60, 15]


async def test_a_failure_that_is_proved_needs_no_extension(path: Path) -> None:
    """Five of five failed where the baseline passed twenty of twenty: FAIL at once, and no call is spent on more."""
    whole = WholeTrial(path, VersionedTarget(failing(lambda name, _: name == "ask-03")))
    trial = await whole.hold()
    assert decisions(trial)[0] is Decision.FAIL
    assert verdicts(trial)[0].reasons[0].where == ("ask-03",)
    assert len(whole.target.sent) == 60


async def test_a_failure_that_the_extension_proves_is_a_failure(path: Path) -> None:
    """One of five is not enough to tell; nine of twenty are."""
    whole = WholeTrial(path, VersionedTarget(failing(lambda name, repeat: name == "ask-03" and (repeat == 2 or repeat >= 12))))
    trial = await whole.hold()
    assert decisions(trial)[0] is Decision.FAIL
    assert whole.planned == [60, 15]


async def test_extensions_never_enter_quality(tmp_path: Path) -> None:
    """What was added because one conversation failed would bias the mean: quality is the same whatever it brought."""

    async def held(name: str, *, worse: bool) -> Trial:
        fails = failing(lambda scenario, repeat: scenario == "ask-03" and (repeat == 2 or (worse and repeat >= 5)))
        return await WholeTrial(tmp_path / name, VersionedTarget(fails)).hold()

    good, bad = await held("good", worse=False), await held("bad", worse=True)
    assert (decisions(good)[0], decisions(bad)[0]) == (Decision.PASS, Decision.FAIL)
    assert verdicts(good)[1] == verdicts(bad)[1]


@pytest.mark.parametrize(("again", "decision"), [(False, Decision.PASS), (True, Decision.FAIL)])
async def test_a_must_pass_scenario_is_held_twice_more(path: Path, again: bool, decision: Decision) -> None:
    """One failure of a must_pass scenario asks for two more conversations; a second failure fails, in the look or after it."""
    scenarios = (*asking("safety", must_pass=True), *asking(*NAMES))
    fails = failing(lambda name, repeat: name == "safety" and (repeat == 1 or (again and repeat == 6)))
    whole = WholeTrial(path, VersionedTarget(fails), scenarios)
    trial = await whole.hold()
    assert decisions(trial)[0] is decision
    assert sorted(repeat for name, repeat in sent(whole.target) if name == "safety") == list(range(7))
    assert whole.planned == [65, 2]


async def test_a_must_pass_scenario_that_fails_twice_at_once_is_not_held_again(path: Path) -> None:
    """Two failures within the first look are proof enough."""
    scenarios = (*asking("safety", must_pass=True), *asking(*NAMES))
    whole = WholeTrial(path, VersionedTarget(failing(lambda name, repeat: name == "safety" and repeat < 2)), scenarios)
    trial = await whole.hold()
    integration = verdicts(trial)[0]
    assert (integration.decision, integration.reasons[0].code) == (Decision.FAIL, "must_pass_failed")
    assert whole.planned == [65]


async def test_a_build_that_changes_ends_the_run_invalid(path: Path) -> None:
    """Another build in one reply: both gates are invalid, the turn is named, and no call is spent on going on."""

    def answer(opening, _turn, _message):
        return reply(GOOD, build=OTHER if (opening.scenario_id, opening.repeat) == ("ask-05", 1) else BUILD)

    whole = WholeTrial(path, VersionedTarget(answer))
    trial = await whole.hold()
    assert decisions(trial) == (Decision.INVALID, Decision.INVALID)
    assert "scenario ask-05, repeat 1, turn 1" in trial.run.problems[0]
    assert len(whole.target.sent) < 60


async def test_invalid_comes_before_any_failure(path: Path) -> None:
    """A run that measured the wrong build says nothing about failures either, however many it saw."""
    whole = WholeTrial(path, VersionedTarget(failing(lambda *_: True)), plan={"expected_build": OTHER})
    assert decisions(await whole.hold()) == (Decision.INVALID, Decision.INVALID)


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ([OTHER, BUILD], "version endpoint before the run"),
        ([BUILD, OTHER], "version endpoint after the run"),
        ([BUILD, TargetError("HTTP 404")], "did not answer after the run: HTTP 404"),
    ],
)
async def test_the_version_endpoint_is_asked_before_and_after(path: Path, versions: list[str | Exception], said: str) -> None:
    """A deployment in between shows at the endpoint, even where all replies agree; silence afterwards proves nothing."""
    trial = await WholeTrial(path, VersionedTarget(failing(lambda *_: False), versions)).hold()
    assert decisions(trial) == (Decision.INVALID, Decision.INVALID)
    assert said in trial.run.problems[0]


async def test_a_version_endpoint_that_never_answers_ends_the_run_before_it_began(path: Path) -> None:
    """TargetError, and not one message is sent."""
    whole = WholeTrial(path, VersionedTarget(failing(lambda *_: False), [TargetError("refused")]))
    with pytest.raises(TargetError):
        await whole.hold()
    with pytest.raises(TargetError):
        await whole.measure()
    assert whole.target.sent == []


async def test_a_target_without_a_version_endpoint_is_proved_by_its_replies(path: Path) -> None:
    """One build in all replies is enough."""
    trial = await WholeTrial(path, VersionedTarget(failing(lambda *_: False), [None])).hold()
    assert decisions(trial) == (Decision.PASS, Decision.PASS)
    assert trial.run.build == BUILD


async def test_an_unattested_target_says_so_with_every_verdict(path: Path) -> None:
    """Without a stated build the verdicts stand, with a caution each."""
    target = VersionedTarget(lambda *_: reply(GOOD, build=None), [None])
    target.attested = False
    trial = await WholeTrial(path, target, plan={"attested": False}).hold()
    assert decisions(trial) == (Decision.PASS, Decision.PASS)
    assert trial.run.build is None
    assert all(verdict.cautions for verdict in verdicts(trial))


async def test_a_look_that_cannot_be_held_is_inconclusive(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the extension brings nothing, the trial ends, and not as a pass."""

    async def first_look_only(assignments, *rest):
        looks = [one for one in assignments if one.purpose is Purpose.LOOK]
        return await collect(looks, *rest) if looks else Collected((), ())

    monkeypatch.setattr("harness.trial.experiment.collect", first_look_only)
    trial = await WholeTrial(path, VersionedTarget(failing(lambda name, repeat: (name, repeat) == ("ask-03", 2)))).hold()
    integration = verdicts(trial)[0]
    assert (integration.decision, integration.reasons[0].code) == (Decision.INCONCLUSIVE, "stopped_early")
    assert integration.reasons[0].where == ("ask-03",)


async def test_a_deadline_never_lets_a_run_pass(path: Path) -> None:
    """What was held before the deadline was good; the run is invalid all the same, and can be resumed."""

    async def slow(*_):
        await anyio.sleep(0.01)
        return reply(GOOD)

    whole = WholeTrial(path, VersionedTarget(slow), limits={"deadline_s": 0.05})
    assert decisions(await whole.hold()) == (Decision.INVALID, Decision.INVALID)
    before = len(read_journal(path).records)
    assert 0 < before < 60
    whole.limits = {}
    assert decisions(await whole.hold()) == (Decision.PASS, Decision.PASS)
    assert whole.planned == [60, 60 - before]


async def test_infrastructure_trouble_is_held_again_and_counted(path: Path) -> None:
    """Two conversations that met an overloaded target are held again; neither lowers a score."""
    troubled = {("ask-01", 0), ("ask-07", 3)}

    def answer(opening, _turn, _message):
        key = (opening.scenario_id, opening.repeat)
        if key in troubled:
            troubled.remove(key)
            return overloaded()
        return reply(GOOD)

    trial = await WholeTrial(path, VersionedTarget(answer)).hold()
    assert decisions(trial) == (Decision.PASS, Decision.PASS)
    assert trial.rerun == 2
    assert len(trial.run.conversations) == 60


@pytest.mark.parametrize("stop_at", [1, 7, 30, 59, 63, 74])
async def test_a_resumed_trial_ends_as_if_undisturbed(tmp_path: Path, stop_at: int) -> None:
    """Cut anywhere, in the look or in the extension, and resumed: the same verdicts, and nothing that was kept is sent again."""
    fails = failing(lambda name, repeat: name == "ask-03" and (repeat == 2 or repeat >= 12))
    calm = await WholeTrial(tmp_path / "calm", VersionedTarget(fails)).hold()
    count = 0

    def answer(*words):
        nonlocal count
        count += 1
        if count == stop_at:
            scope.cancel()
        return fails(*words)

    path = tmp_path / "cut"
    with anyio.CancelScope() as scope:
        await WholeTrial(path, VersionedTarget(answer)).hold()
    assert scope.cancelled_caught
    kept = set(read_journal(path).records)
    again = WholeTrial(path, VersionedTarget(fails))
    trial = await again.hold()
    assert trial.verdicts == calm.verdicts
    assert not kept & set(sent(again.target))
    assert len(kept) + len(again.target.sent) == 75


async def test_measuring_decides_nothing_and_extends_nothing(path: Path) -> None:
    """Without a gate the first look is all, whatever failed in it."""
    whole = WholeTrial(path, VersionedTarget(failing(lambda *_: True)))
    run = await whole.measure()
    assert len(run.conversations) == 60
    assert not any(one.passed for one in run.conversations)
    assert (run.build, run.problems) == (BUILD, ())


async def test_a_measured_run_of_mixed_builds_says_so(path: Path) -> None:
    """The proof of the build does not depend on a gate."""
    builds = itertools.cycle([BUILD, OTHER])
    run = await WholeTrial(path, VersionedTarget(lambda *_: reply(GOOD, build=next(builds)))).measure()
    assert run.problems
    assert run.build is None


async def test_a_drop_of_quality_fails_without_a_single_failed_conversation(path: Path) -> None:
    """Everything passes its checks, yet the judge scores a whole point less: quality alone fails."""
    trial = await WholeTrial(path, judge=RatingJudge(lambda *_: rated(4))).hold()
    assert decisions(trial) == (Decision.PASS, Decision.FAIL)


async def test_the_policy_decides(path: Path) -> None:
    """The same drop is within a margin that allows it: thresholds are what decides, not decoration."""
    trial = await WholeTrial(path, judge=RatingJudge(lambda *_: rated(4)), policy=GatePolicy(margin=1.5)).hold()
    assert decisions(trial) == (Decision.PASS, Decision.PASS)


async def test_a_judge_that_scores_nothing_never_passes(path: Path) -> None:
    """Missing scores are missing, neither good nor bad: quality is invalid."""
    silent = Judgement(JudgementOutcome.FAILED, (), (), Usage(), "no answer")
    trial = await WholeTrial(path, judge=RatingJudge(lambda *_: silent)).hold()
    assert decisions(trial) == (Decision.PASS, Decision.INVALID)
