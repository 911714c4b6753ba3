"""A whole run over several looks at quality: what is held, what is judged, and what a cut leaves as it was."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from harness.errors import JournalError
from harness.evaluation.schedule import Collected, collect
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision
from harness.judging.judge import Judgement, JudgementOutcome, Rating, Usage
from harness.records.journal import read_journal
from harness.records.run import LookSchedule, Purpose
from harness.trial.measuring import Trial
from tests.fakes.measurements import Measured, baseline_of
from tests.fakes.scripted_target import reply
from tests.fakes.threaded_bot import GOOD
from tests.fakes.whole_trial import DIMENSION, NAMES, RatingJudge, VersionedTarget, WholeTrial, asking, failing, healthy_baseline, rated

pytestmark = pytest.mark.anyio
SCHEDULE = LookSchedule((2, 4, 7), 0.05)
TO_THE_CAP = GatePolicy(on_inconclusive="allow")
"""Nothing is given up before the cap."""
FIRST_WAVE = set(itertools.product(NAMES, range(5)))
Answer = Callable[[str, int], Judgement]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def wavering(scenario: str, repeat: int) -> Judgement:
    """A fifth of all conversations lose a point, evenly: on the margin, so that no look decides."""
    return rated(4 if (NAMES.index(scenario) + repeat) % 5 == 0 else 5)


def critical(score: int = 5) -> Judgement:
    """A judgement with a failed critical criterion."""
    return Judgement(JudgementOutcome.RATED, (), (Rating(DIMENSION, score, 3, 3, ("safety",)),), Usage())


def breaking(scenario: str, repeat: int) -> Judgement:
    """One scenario breaks a critical rule in all its looks, and not when it is held again; quality stays open for three looks."""
    return critical(wavering(scenario, repeat).ratings[0].score) if scenario == "ask-03" and repeat < 7 else calm(scenario, repeat)


def calm(scenario: str, repeat: int) -> Judgement:
    return wavering(scenario, repeat) if repeat < 7 else rated()


def planned(*looks: int, **more) -> dict[str, object]:
    return {"schedule": LookSchedule(looks, 0.05, **more)}


def quality(trial: Trial) -> Decision:
    assert trial.verdicts is not None
    return trial.verdicts[1].decision


async def test_the_judge_is_asked_for_the_first_look_only(path: Path) -> None:
    """Five conversations of each scenario are held for integration; a quality that two of them prove costs two judgements each."""
    whole = WholeTrial(path, plan={"schedule": SCHEDULE})
    trial = await whole.hold()
    assert quality(trial) is Decision.PASS
    assert set(whole.held) == FIRST_WAVE
    assert sorted(whole.judge.asked) == sorted(itertools.product(NAMES, range(2)))
    assert trial.verdicts[1].figures["look"]["judged"] == len(whole.judge.asked)


async def test_further_repeats_are_held_only_while_undecided(path: Path) -> None:
    """Each look judges what it adds; conversations that the first wave held are judged and not held again."""
    whole = WholeTrial(path, judge=RatingJudge(wavering), policy=TO_THE_CAP, plan={"schedule": SCHEDULE})
    trial = await whole.hold()
    assert quality(trial) is Decision.INCONCLUSIVE
    assert trial.verdicts[1].figures["look"]["repeats"] == 7
    assert sorted(whole.held) == sorted(itertools.product(NAMES, range(7)))
    assert sorted(whole.judge.asked) == sorted(itertools.product(NAMES, range(7)))
    assert whole.planned == [60, 0, 24]


async def test_a_look_that_decides_is_the_last(path: Path) -> None:
    """Worse by a point from the third repeat on: the second look proves it, and nothing is asked after it."""
    whole = WholeTrial(
        path, judge=RatingJudge(lambda name, repeat: wavering(name, repeat) if repeat < 2 else rated(3)), plan={"schedule": SCHEDULE}
    )
    assert quality(await whole.hold()) is Decision.FAIL
    assert sorted(whole.judge.asked) == sorted(itertools.product(NAMES, range(4)))
    assert set(whole.held) == FIRST_WAVE


async def test_nobody_is_asked_about_what_is_not_compared(path: Path) -> None:
    """A scenario without a counterpart, and one that this judge scores in nothing, are held and never judged."""
    compared = asking(*NAMES)
    new, silent = asking("new")[0], replace(asking("silent")[0], dimensions=())
    baseline = healthy_baseline((*compared, silent))
    whole = WholeTrial(path, scenarios=(*compared, new, silent), baseline=baseline, plan={"schedule": SCHEDULE})
    trial = await whole.hold()
    assert quality(trial) is Decision.PASS
    assert {name for name, _ in whole.held} == {*NAMES, "new", "silent"}
    assert {name for name, _ in whole.judge.asked} == set(NAMES)
    pinned = healthy_baseline((*compared, new), name="pin")
    both = WholeTrial(
        path.with_name("pinned.jsonl"), scenarios=(*compared, new, silent), baseline=baseline, pinned=pinned, plan={"schedule": SCHEDULE}
    )
    await both.hold()
    assert {name for name, _ in both.judge.asked} == {*NAMES, "new"}


async def test_the_plan_stands_before_the_first_call(path: Path) -> None:
    """Whoever looks into the journal at the first message finds the looks there."""
    seen: list[LookSchedule | None] = []

    def answer(*_):
        seen.append(read_journal(path).manifest.schedule)
        return reply(GOOD)

    await WholeTrial(path, VersionedTarget(answer), plan={"schedule": SCHEDULE}).hold()
    assert seen[0] == SCHEDULE


@pytest.mark.parametrize("other", [LookSchedule((2, 4, 8), 0.05), LookSchedule((2, 4, 7), 0.1), LookSchedule((2, 4, 7, 9), 0.05), None])
async def test_another_plan_is_refused_on_resume(path: Path, other: LookSchedule | None) -> None:
    """Other looks or another error rate, chosen when scores were seen already, are another run."""
    await WholeTrial(path, plan={"schedule": SCHEDULE}).hold()
    with pytest.raises(JournalError, match="schedule"):
        await WholeTrial(path, plan={"schedule": other}).hold()


async def test_extensions_have_numbers_of_their_own(path: Path) -> None:
    """What integration adds lies behind every look that may come, is not judged, and changes nothing in quality."""
    fails = failing(lambda name, repeat: (name, repeat) == ("ask-05", 2) or (name == "ask-05" and repeat >= 7))
    whole = WholeTrial(path, VersionedTarget(fails), judge=RatingJudge(wavering), plan={"schedule": SCHEDULE})
    trial = await whole.hold()
    calm_trial = await WholeTrial(path.with_name("calm.jsonl"), judge=RatingJudge(wavering), plan={"schedule": SCHEDULE}).hold()
    added = [one for one in trial.run.conversations if one.assignment.purpose is Purpose.EXTENSION]
    assert {one.assignment.repeat for one in added} == set(range(7, 22))
    assert not any(one.judgement for one in added)
    assert trial.verdicts[0].decision is Decision.FAIL
    assert trial.verdicts[1] == calm_trial.verdicts[1]


async def test_a_catastrophe_is_confirmed_with_four_judged_conversations(path: Path) -> None:
    """They have numbers far behind everything else, and are held for that scenario alone."""
    judge = RatingJudge(lambda name, _: critical() if name == "ask-03" else rated())
    trial = await WholeTrial(path, judge=judge, plan=planned(5)).hold()
    fresh = [one for one in trial.run.conversations if one.assignment.purpose is Purpose.CONFIRMATION]
    assert [(one.assignment.scenario_id, one.judgement is not None) for one in fresh] == [("ask-03", True)] * 4
    assert min(one.assignment.repeat for one in fresh) >= 1000
    assert len(judge.asked) == 64
    assert (quality(trial), trial.verdicts[1].reasons[0].code) == (Decision.FAIL, "catastrophe")


async def test_a_catastrophe_that_does_not_come_again_is_a_caution(path: Path) -> None:
    """Four clean conversations: the verdict is that of the mean."""
    judge = RatingJudge(lambda name, repeat: critical() if name == "ask-03" and repeat < 5 else rated())
    trial = await WholeTrial(path, judge=judge, plan=planned(5)).hold()
    assert quality(trial) is Decision.PASS
    assert "did not confirm it" in trial.verdicts[1].cautions[0]
    assert len(judge.asked) == 64


async def test_a_confirmation_that_cannot_be_held_is_inconclusive(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither PASS nor FAIL without the conversations that were needed."""

    async def no_confirmation(assignments, *rest):
        return await collect(assignments, *rest) if all(one.purpose is Purpose.LOOK for one in assignments) else Collected((), ())

    monkeypatch.setattr("harness.trial.experiment.collect", no_confirmation)
    judge = RatingJudge(lambda name, repeat: critical() if name == "ask-03" and repeat < 5 else rated())
    trial = await WholeTrial(path, judge=judge, plan=planned(5)).hold()
    assert (quality(trial), trial.verdicts[1].reasons[0].code) == (Decision.INCONCLUSIVE, "stopped_early")


class _Cut:
    """Cancels a run at a call to the target or to the judge, counted from 1."""

    def __init__(self, at: int | None = None) -> None:
        self.scope = anyio.CancelScope()
        self.at = at
        self.calls = 0

    async def call(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            self.scope.cancel()
            await anyio.lowlevel.checkpoint()


class _CuttingJudge(RatingJudge):
    def __init__(self, answer: Answer, cut: _Cut) -> None:
        super().__init__(answer)
        self.cut = cut

    async def judge(self, scenario, transcript, findings):
        await self.cut.call()
        return await super().judge(scenario, transcript, findings)


def _whole(path: Path, at: tuple[str, int] | None = None) -> tuple[WholeTrial, _Cut]:
    """A run with everything in it: an extension, a confirmation and three looks; cut at a call to the target or to the judge."""
    cut = _Cut(at[1] if at else None)
    told = failing(lambda name, repeat: (name, repeat) == ("ask-05", 2))

    async def answer(*words):
        if at and at[0] == "target":
            await cut.call()
        return told(*words)

    judge = _CuttingJudge(breaking, cut) if at and at[0] == "judge" else RatingJudge(breaking)
    return WholeTrial(path, VersionedTarget(answer), judge=judge, policy=TO_THE_CAP, plan=planned(2, 5, 7), limits={"concurrency": 2}), cut


@pytest.fixture(scope="module")
def calm_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[WholeTrial, Trial]:
    """The same run, undisturbed."""

    async def hold() -> tuple[WholeTrial, Trial]:
        whole, _ = _whole(tmp_path_factory.mktemp("calm") / "journal.jsonl")
        return whole, await whole.hold()

    return anyio.run(hold)


@pytest.mark.parametrize(
    "at",
    [
        *(("target", call) for call in (1, 62, 76, 103)),
        *(("judge", call) for call in (1, 25, 61, 88)),
        *(pytest.param(("target", call), marks=pytest.mark.slow) for call in (31, 75, 78, 81)),
        *(pytest.param(("judge", call), marks=pytest.mark.slow) for call in (13, 60, 64, 65)),
    ],
    ids=lambda at: f"{at[0]}-{at[1]}",
)
async def test_a_run_that_was_cut_anywhere_ends_as_if_undisturbed(
    tmp_path: Path, calm_run: tuple[WholeTrial, Trial], at: tuple[str, int]
) -> None:
    """Cut in the first wave, between a conversation and its judgement, in an extension, a confirmation or a later look, and resumed."""
    whole, undisturbed = calm_run
    assert len(whole.target.sent) == 60 + 15 + 4 + 24
    assert len(whole.judge.asked) == 84 + 4
    path = tmp_path / "cut"
    first, cut = _whole(path, at)
    with cut.scope:
        await first.hold()
    assert cut.scope.cancelled_caught
    kept = read_journal(path).records
    again, _ = _whole(path)
    resumed = await again.hold()
    assert resumed.verdicts == undisturbed.verdicts
    sent = {(name, repeat) for name, repeat, *_ in again.target.sent}
    assert not kept.keys() & sent
    assert len(kept) + len(sent) == len(whole.target.sent)
    judged = {key for key, record in kept.items() if record.judgement is not None}
    assert not judged & set(again.judge.asked)
    assert len(judged) + len(again.judge.asked) == len(whole.judge.asked)


async def test_the_extension_of_the_looks_is_held_when_it_is_asked_for(path: Path) -> None:
    """After an INCONCLUSIVE at the cap the same journal goes on with the looks that were planned beyond it, and no other run may."""
    policy = GatePolicy(extension=(12,), reserve_alpha=0.01)
    plan = planned(2, 4, extension=(12,), reserve_alpha=0.01)
    judge = RatingJudge(lambda name, repeat: wavering(name, repeat) if repeat < 4 else rated())
    first = WholeTrial(path, judge=judge, policy=policy, plan=plan)
    assert quality(await first.hold()) is Decision.INCONCLUSIVE
    again = WholeTrial(path, judge=judge, policy=policy, plan=plan, extended=True)
    trial = await again.hold()
    assert quality(trial) is Decision.PASS
    assert trial.verdicts[1].figures["look"]["repeats"] == 12
    assert len(judge.asked) == len(set(judge.asked)) == 12 * 12


async def test_earlier_attempts_are_counted(path: Path) -> None:
    """A fresh run after an INCONCLUSIVE cannot PASS, however good it looks."""
    trial = await WholeTrial(path, attempts=("inconclusive",), plan={"schedule": SCHEDULE}).hold()
    assert (quality(trial), trial.verdicts[1].reasons[0].code) == (Decision.INCONCLUSIVE, "attempt_spent")


async def test_a_pinned_reference_is_compared_in_the_same_run(path: Path) -> None:
    """Equal to the last release, and a point below the pin: FAIL, without one more conversation."""
    scenarios = asking(*NAMES)
    stored = [Measured(one.id, baseline=({DIMENSION: 4},) * 20, dimensions=(DIMENSION,)) for one in scenarios]
    whole = WholeTrial(
        path, judge=RatingJudge(lambda *_: rated(4)), baseline=baseline_of(stored), pinned=healthy_baseline(scenarios, name="pin"), plan={"schedule": SCHEDULE}
    )  # fmt: skip
    trial = await whole.hold()
    assert [reason.code for reason in trial.verdicts[1].reasons] == ["below_margin_pinned", "within_margin"]
    assert set(whole.held) == FIRST_WAVE
