"""Two deployments measured in one run: held together, judged alike, and either one's trouble named."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from harness.errors import TargetError
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision
from harness.records.journal import read_journal
from harness.records.run import LookSchedule, Purpose
from harness.trial.measuring import Trial
from tests.fakes.scripted_target import BUILD, overloaded, reply
from tests.fakes.threaded_bot import GOOD, SORRY
from tests.fakes.whole_trial import NAMES, RatingJudge, VersionedTarget, WholeTrial, rated

pytestmark = pytest.mark.anyio
OTHER = "fedcba9876543210"
PLAN = {"schedule": LookSchedule((5, 8), 0.05)}
TO_THE_CAP = GatePolicy(on_inconclusive="allow")


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses after trouble."""
    monkeypatch.setattr("harness.evaluation.schedule.FIRST_PAUSE_S", 0.001)


def good(build: str = BUILD, seen: Callable[[object], None] = lambda _opening: None) -> VersionedTarget:
    """A healthy arm that shows each opening to `seen`."""

    async def answer(opening, _turn, _message):
        await anyio.lowlevel.checkpoint()
        seen(opening)
        return reply(GOOD, build=build)

    return VersionedTarget(answer, [build])


def beside(folder: Path, **more) -> WholeTrial:
    return WholeTrial(folder / "journal.jsonl", **({"target": good(), "blue": good(OTHER), "plan": PLAN} | more))


def decisions(trial: Trial) -> list[Decision]:
    return [one.decision for one in trial.verdicts or ()]


def sent(target: VersionedTarget) -> list[tuple[str, int]]:
    return [(name, repeat) for name, repeat, *_ in target.sent]


async def test_equal_arms_pass_and_are_judged_alike(tmp_path: Path) -> None:
    """Each arm holds the first wave once, each is judged for the first look only, and green is held against what blue just showed."""
    whole = beside(tmp_path)
    trial = await whole.hold()
    assert decisions(trial) == [Decision.PASS, Decision.PASS]
    wave = sorted(itertools.product(NAMES, range(5)))
    assert sorted(sent(whole.target)) == sorted(sent(whole.blue)) == wave
    assert sorted(whole.judge.asked) == sorted(whole.blue_judge.asked) == wave
    assert (trial.baseline.build, trial.run.build) == (OTHER, BUILD)
    assert whole.planned == [120]


async def test_both_arms_are_held_at_the_same_time(tmp_path: Path) -> None:
    """However slow one arm is, the other never gets a whole repeat ahead of it: an outage falls on both."""
    order: list[tuple[int, int]] = []

    def noting(arm: int) -> Callable[[object], None]:
        return lambda opening: order.append((arm, opening.repeat))

    async def slowly(opening, _turn, _message):
        await anyio.sleep(0.002)
        order.append((1, opening.repeat))
        return reply(GOOD, build=OTHER)

    await beside(tmp_path, target=good(BUILD, noting(0)), blue=VersionedTarget(slowly, [OTHER])).hold()
    latest = [max((number for arm, number in order[:count] if arm == one), default=-1) for count in range(len(order)) for one in (0, 1)]
    assert all(abs(green - blue) <= 1 for green, blue in zip(latest[::2], latest[1::2], strict=True))
    assert len(order) == 120


async def test_a_further_look_adds_repeats_to_both_arms(tmp_path: Path) -> None:
    """While quality is open, green and blue grow together, and their judges are asked for the same conversations."""

    def wavering(name: str, repeat: int):
        return rated(4 if (NAMES.index(name) + repeat) % 5 == 0 else 5)

    whole = beside(tmp_path, judge=RatingJudge(wavering), policy=TO_THE_CAP)
    trial = await whole.hold()
    assert decisions(trial)[1] is Decision.INCONCLUSIVE
    every = sorted(itertools.product(NAMES, range(8)))
    assert sorted(sent(whole.target)) == sorted(sent(whole.blue)) == every
    assert sorted(whole.judge.asked) == sorted(whole.blue_judge.asked) == every


async def test_what_green_is_asked_again_blue_is_not(tmp_path: Path) -> None:
    """Extensions after a failure, and nothing else, are green's alone."""

    async def answer(opening, _turn, _message):
        return reply(SORRY if (opening.scenario_id, opening.repeat) == ("ask-05", 2) else GOOD)

    whole = beside(tmp_path, target=VersionedTarget(answer))
    trial = await whole.hold()
    assert sum(one.assignment.purpose is Purpose.EXTENSION for one in trial.run.conversations) == 15
    assert len(whole.blue.sent) == 60


async def test_a_worse_green_fails_against_blue(tmp_path: Path) -> None:
    """A point below what is in production, measured at the same hour: FAIL, and it says so of that build."""
    whole = beside(tmp_path, judge=RatingJudge(lambda *_: rated(4)))
    trial = await whole.hold()
    assert decisions(trial)[1] is Decision.FAIL
    assert trial.verdicts[1].figures["difference"] == pytest.approx(-1.0)


@pytest.mark.parametrize(("coupled", "same"), [(True, True), (False, False)])
async def test_coupled_arms_share_their_seeds(tmp_path: Path, coupled: bool, same: bool) -> None:
    """With --coupled the same conversation has the same seed in both arms; without, no seed is in both."""
    seeds: list[dict[tuple[str, int], int]] = [{}, {}]

    def noting(number: int) -> Callable[[object], None]:
        return lambda opening: seeds[number].update({(opening.scenario_id, opening.repeat): opening.seed})

    whole = beside(tmp_path, target=good(BUILD, noting(0)), blue=good(OTHER, noting(1)), plan=PLAN | {"coupled": coupled})
    await whole.hold()
    assert seeds[0].keys() == seeds[1].keys()
    assert (seeds[0] == seeds[1]) is same
    if not same:
        assert not set(seeds[0].values()) & set(seeds[1].values())


def mixed() -> VersionedTarget:
    builds = itertools.cycle([OTHER, BUILD])
    return VersionedTarget(lambda *_: reply(GOOD, build=next(builds)), [OTHER])


@pytest.mark.parametrize(
    ("blue", "said"),
    [
        (mixed, "build"),
        (lambda: VersionedTarget(lambda *_: overloaded(), [OTHER]), "HTTP 429"),
        (lambda: VersionedTarget(lambda *_: reply(GOOD, build=OTHER), [OTHER, BUILD]), "version endpoint"),
        (lambda: VersionedTarget(lambda *_: reply(GOOD, build=OTHER), [OTHER, TargetError("HTTP 500")]), "did not answer after the run"),
    ],
    ids=["mixed builds", "overloaded", "deployed meanwhile", "silent afterwards"],
)
async def test_trouble_with_blue_is_invalid_and_named(tmp_path: Path, blue: Callable[[], VersionedTarget], said: str) -> None:
    """Whatever goes wrong with the other arm makes the run INVALID, in a sentence that says blue, and blames green for nothing."""
    trial = await beside(tmp_path, blue=blue()).hold()
    assert decisions(trial) == [Decision.INVALID, Decision.INVALID]
    sentences = [reason.sentence for reason in trial.verdicts[1].reasons if reason.code == "run_invalid"]
    assert sentences
    assert all(sentence.startswith("blue, measured side by side: ") for sentence in sentences)
    assert any(said in sentence for sentence in sentences)


async def test_trouble_with_green_is_not_put_on_blue(tmp_path: Path) -> None:
    """The same on the other side."""
    trial = await beside(tmp_path, target=mixed()).hold()
    assert decisions(trial) == [Decision.INVALID, Decision.INVALID]
    assert not any("blue" in problem for problem in trial.run.problems)


async def test_a_blue_that_was_never_there_ends_the_run_before_it_began(tmp_path: Path) -> None:
    """Its version endpoint does not answer: TargetError, and no message is sent to either."""
    whole = beside(tmp_path, blue=VersionedTarget(lambda *_: reply(GOOD), [TargetError("refused")]))
    with pytest.raises(TargetError):
        await whole.hold()
    assert whole.target.sent == whole.blue.sent == []


@pytest.mark.parametrize("stop_at", [40, 130, 180, *(pytest.param(call, marks=pytest.mark.slow) for call in (1, 119))])
async def test_a_cut_run_of_two_arms_ends_as_if_undisturbed(tmp_path: Path, stop_at: int) -> None:
    """Cut in the first wave or in the later look, in either arm, and resumed: the same verdicts, nothing held or judged again."""

    def wavering(name: str, repeat: int):
        return rated(4 if (NAMES.index(name) + repeat) % 5 == 0 else 5)

    def arms(folder: Path, seen: Callable[[object], None] = lambda _: None) -> WholeTrial:
        folder.mkdir(exist_ok=True)
        return beside(folder, target=good(BUILD, seen), blue=good(OTHER, seen), judge=RatingJudge(wavering), policy=TO_THE_CAP)

    calm = arms(tmp_path / "calm")
    undisturbed = await calm.hold()
    count = 0

    def cut(_opening: object) -> None:
        nonlocal count
        count += 1
        if count == stop_at:
            scope.cancel()

    with anyio.CancelScope() as scope:
        await arms(tmp_path / "cut", cut).hold()
    assert scope.cancelled_caught
    kept = [read_journal(tmp_path / "cut" / name).records for name in ("journal.jsonl", "blue.jsonl")]
    again = arms(tmp_path / "cut")
    resumed = await again.hold()
    assert resumed.verdicts == undisturbed.verdicts
    for held, target, judge in zip(kept, (again.target, again.blue), (again.judge, again.blue_judge), strict=True):
        assert not held.keys() & set(sent(target))
        assert len(held) + len(target.sent) == 96
        assert not {key for key, record in held.items() if record.judgement} & set(judge.asked)
