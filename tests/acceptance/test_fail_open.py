"""Missing, broken or lucky evidence never passes: every way in which test harnesses are known to fail open, held against this one."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from harness.baselines.compare import compare
from harness.cli.main import main
from harness.conversations.transcript import EndReason
from harness.errors import JudgeError
from harness.expectations.check import check
from harness.expectations.finding import FindingOutcome
from harness.gates import integration, quality
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision, Verdict
from harness.judging.judge import CriterionAnswer, CriterionVerdict, Judgement, JudgementOutcome, Usage
from harness.judging.offline_judge import OfflineJudge
from harness.judging.scoring import ScoredCriterion, score
from harness.records.journal import read_journal
from harness.records.run import RunRecord
from harness.reports.exit_code import ExitCode, enforced_exit_code
from harness.reports.report import build_report
from harness.scenarios.model import DoesNotAskFor, Excludes, Matches, Turn
from harness.targets.http import HttpTarget
from harness.targets.wire import load_target
from harness.trial.measuring import Trial
from tests.acceptance.conftest import environment
from tests.fakes.raw_http import raw_server, says
from tests.fakes.scripted_target import BUILD, failure, reply, unreachable
from tests.fakes.small_shop import reply as shop_reply
from tests.fakes.small_shop import scenario_of, transcript_of
from tests.fakes.threaded_bot import GOOD, SORRY, bot, good, target_file, write_suite
from tests.fakes.whole_trial import CONTEXT, NAMES, RatingJudge, VersionedTarget, WholeTrial, asking, failing, healthy_baseline, rated

pytestmark = pytest.mark.anyio
CRITERIA = tuple(ScoredCriterion(name, "tone_and_locale", critical=False, weight=1, answerable=True) for name in "abc")
MET = tuple(CriterionVerdict(one.id, one.dimension, CriterionAnswer.MET, "seen") for one in CRITERIA)
UNSCORED = [Judgement(outcome, (), (), Usage(), "no answer") for outcome in JudgementOutcome if outcome is not JudgementOutcome.RATED]
EMPTY = Judgement(JudgementOutcome.RATED, (), (), Usage())
PASSED = ExitCode.PASS


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses after trouble."""
    monkeypatch.setattr("harness.evaluation.schedule.FIRST_PAUSE_S", 0.001)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def decisions(trial: Trial) -> tuple[Decision, ...]:
    assert trial.verdicts is not None
    return tuple(verdict.decision for verdict in trial.verdicts)


def left_with(trial: Trial) -> int:
    """The exit code of a trial, as its report has it."""
    return build_report(trial.run, None, trial.verdicts).exit_code


# A judge's answer that lacks its verdict.


@pytest.mark.parametrize("answer", [*UNSCORED, EMPTY], ids=lambda answer: answer.outcome.value)
async def test_a_judge_that_answers_nothing_gives_no_score_and_no_pass(path: Path, answer: Judgement) -> None:
    """Whatever a judge answers that holds no score, even under the name of a rating, leaves quality without a pass."""
    trial = await WholeTrial(path, judge=RatingJudge(lambda *_: answer)).hold()
    assert decisions(trial) == (Decision.PASS, Decision.INVALID)
    assert left_with(trial) == ExitCode.INVALID
    assert all(not record.scores for record in trial.run.conversations)


# The body of a server error, graded as if it were an answer.


@pytest.mark.parametrize("status", [500, 502, 404])
async def test_the_body_of_an_error_is_never_graded(path: Path, status: int) -> None:
    """A perfect text under an error status is no reply: no judge reads it, the conversation fails, and every dimension scores 1."""
    scenarios = asking(*NAMES, criteria=("user_language", "concise"))
    judge = OfflineJudge(CONTEXT.rubric)
    baseline = healthy_baseline(scenarios, judge=judge.identity)
    async with raw_server(says({"text": GOOD, "build": BUILD}, status)) as server:
        described = load_target(str(target_file(path.parent, server.url, version=None)), {})
        async with HttpTarget(described, 4) as target:
            trial = await WholeTrial(path, target, scenarios, judge, baseline).hold()
    assert all(exchange.reply is None for record in trial.run.conversations for exchange in record.transcript.exchanges)
    assert all(record.scores == {"tone_and_locale": 1} and not record.passed for record in trial.run.conversations)
    assert decisions(trial) == (Decision.FAIL, Decision.FAIL)


@pytest.mark.parametrize("text", ["", "  \u3000", "\u200b", "\u2060\ufeff\u00ad"], ids=["empty", "blank", "zero width", "invisible"])
async def test_a_reply_that_nobody_can_see_is_no_reply(path: Path, text: str) -> None:
    """Status 200 with nothing to read is a failed turn, although no check finds a fault in it."""
    async with raw_server(says({"text": text, "build": BUILD})) as server:
        described = load_target(str(target_file(path.parent, server.url, version=None)), {})
        async with HttpTarget(described, 4) as target:
            trial = await WholeTrial(path, target).hold()
    assert decisions(trial) == (Decision.FAIL, Decision.FAIL)


# A negated check that was not inverted.


@pytest.mark.parametrize(
    ("expectation", "fine", "fault"),
    [
        (Excludes(kind="excludes", any=("Bleach",)), "Naruto is a fine choice for you.", "Bleach is a fine choice for you."),
        (Matches(kind="matches", pattern="free", absent=True), "Shipping has its price, as ever.", "Shipping is free for you, as ever."),
        (DoesNotAskFor(kind="does_not_ask_for", slot="order_number"), "Your parcel is on its way.", "What is your order number, please?"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
async def test_a_negated_check_really_inverts(expectation: Excludes, fine: str, fault: str) -> None:
    """What must not be there fails when it is there, and is met when it is not."""
    scenario = scenario_of(Turn(say="Hello?", expect=(expectation,)))

    def outcome(text: str) -> FindingOutcome:
        findings = check(scenario, transcript_of(shop_reply(text), scenario=scenario), CONTEXT)
        return next(one.outcome for one in findings if one.index == 0)

    assert (outcome(fine), outcome(fault)) == (FindingOutcome.MET, FindingOutcome.UNMET)


# "All of what the judge returned": of nothing, or of a part.


@pytest.mark.parametrize(
    ("verdicts", "criteria"),
    [((), CRITERIA), (MET[:2], CRITERIA), (MET[:1], CRITERIA), ((), ())],
    ids=["none", "two", "one", "no criteria"],
)
async def test_an_empty_or_short_list_of_verdicts_is_no_score(
    verdicts: tuple[CriterionVerdict, ...], criteria: tuple[ScoredCriterion, ...]
) -> None:
    """Only an answer to everything that was asked is scored; the whole list, for comparison, is."""
    assert score(verdicts, criteria) == ()
    assert [one.score for one in score(MET, CRITERIA)] == [5]


async def test_scenarios_that_nobody_can_score_are_no_quality(path: Path) -> None:
    """Where the judge can score no dimension, in neither arm, there is nothing to compare, and that is not a pass."""
    scenarios = tuple(replace(one, dimensions=()) for one in asking(*NAMES))
    stored = healthy_baseline(scenarios)
    bare = tuple(replace(one, plan=replace(one.plan, dimensions=()), scores=({},) * 20) for one in stored.scenarios)
    trial = await WholeTrial(path, scenarios=scenarios, baseline=replace(stored, scenarios=bare)).hold()
    assert decisions(trial) == (Decision.PASS, Decision.INCONCLUSIVE)
    assert left_with(trial) == ExitCode.INCONCLUSIVE


# Everything inconclusive, counted as success; criteria that nobody asked about, counted as unmet.


async def test_inconclusive_everywhere_is_no_success() -> None:
    """No combination of undecided or missing verdicts ends in 0; one undecided gate beside a pass does not either."""
    undecided = Verdict("integration", Decision.INCONCLUSIVE, ())
    passed = Verdict("quality", Decision.PASS, ())
    assert enforced_exit_code([undecided, undecided]) == ExitCode.INCONCLUSIVE
    assert enforced_exit_code([undecided, passed]) == ExitCode.INCONCLUSIVE
    assert enforced_exit_code([]) == ExitCode.INVALID
    not_assessed = tuple(CriterionVerdict(one.id, one.dimension, CriterionAnswer.NOT_ASSESSED, "cannot say") for one in CRITERIA)
    assert score(not_assessed, CRITERIA) == ()


async def test_turns_that_never_happened_are_neither_met_nor_unmet() -> None:
    """A conversation that ended early fails by its own failure; what was expected later is reported as not reached."""
    expected = (Excludes(kind="excludes", any=("Bleach",)),)
    scenario = scenario_of(Turn(say="One?"), Turn(say="Two?", expect=expected))
    transcript = transcript_of(shop_reply(GOOD), scenario=scenario, ended=EndReason.CAPTURE_MISSING)
    later = [one for one in check(scenario, transcript, CONTEXT) if one.turn == 2]
    assert later
    assert {one.outcome for one in later} == {FindingOutcome.NOT_REACHED}
    assert transcript.failed


# A command that ends in 0 although conversations failed, or does not end.


def test_the_process_itself_does_not_end_in_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command leaves with 0 for a good candidate, and the shell sees 1 for a bad one."""
    monkeypatch.chdir(tmp_path)
    suite = write_suite(tmp_path / "suite")
    broken = False

    def left(*words: object) -> object:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        return ended.value.code

    with bot(lambda _: good(SORRY if broken else GOOD)) as server:
        common = [
            "--suite",
            str(suite),
            "--judge",
            "offline",
            "--quiet",
            "--target",
            str(target_file(tmp_path, server.url)),
            "--repeats",
            "3",
        ]
        assert left("baseline", "record", *common, "--output", "blue.jsonl.gz") == 0
        gate = ["gate", *common, "--policy", "point", "--baseline", "blue.jsonl.gz"]
        assert left(*gate) == 0
        broken = True
        words = [sys.executable, "-m", "harness.cli.main", *gate]
        assert subprocess.run(words, cwd=tmp_path, env=environment(), capture_output=True, timeout=60, check=False).returncode == 1


async def test_a_run_that_hangs_ends_and_does_not_pass(path: Path) -> None:
    """A target that never answers cannot hold the run beyond its deadline, and the end is no pass."""
    whole = WholeTrial(path, VersionedTarget(lambda *_: anyio.sleep_forever()), limits={"deadline_s": 0.05})
    with anyio.fail_after(5):
        trial = await whole.hold()
    assert left_with(trial) == ExitCode.INVALID


# An exception of the evaluator, recorded as a score of 0.


@pytest.mark.parametrize("error", [JudgeError("unreachable"), ZeroDivisionError(), TimeoutError(), KeyError("score")])
async def test_an_exception_of_ours_is_never_a_score(path: Path, error: Exception) -> None:
    """When judging breaks, the run breaks: the conversation is kept without a judgement, least of all with a low score."""

    def answer(name: str, repeat: int) -> Judgement:
        if (name, repeat) == ("ask-04", 3):
            raise error
        return rated()

    with pytest.raises(type(error)):
        await WholeTrial(path, judge=RatingJudge(answer)).hold()
    records = read_journal(path).records
    assert records["ask-04", 3].judgement is None
    assert all(record.scores == {"tone_and_locale": 5} for record in records.values() if record.judgement)


async def test_infrastructure_trouble_is_never_a_score(path: Path) -> None:
    """A refused connection is held again, unscored and unjudged, and the mean stays what the bot deserves."""
    refused: list[bool] = []

    def answer(opening, _turn, _message):
        if opening.scenario_id == "ask-04" and not refused:
            refused.append(True)
            return unreachable()
        return reply(GOOD)

    whole = WholeTrial(path, VersionedTarget(answer))
    trial = await whole.hold()
    assert refused
    assert trial.verdicts is not None
    assert trial.verdicts[1].figures["difference"] == 0
    assert len(whole.judge.asked) == 60


# Thresholds that tag a run instead of deciding; dimensions that nobody measured.


async def test_thresholds_decide(path: Path, tmp_path: Path) -> None:
    """The same scores fail under one margin and pass under another, down to the exit code."""
    judge = RatingJudge(lambda *_: rated(4))
    strict = await WholeTrial(path, judge=judge).hold()
    lenient = await WholeTrial(tmp_path / "other.jsonl", judge=judge, policy=GatePolicy(margin=1.5)).hold()
    assert (left_with(strict), left_with(lenient)) == (ExitCode.FAIL, PASSED)


async def test_what_was_not_measured_is_no_mere_warning(path: Path) -> None:
    """When one conversation in five has no score, quality is invalid, and the exit code says so."""
    judge = RatingJudge(lambda _, repeat: rated() if repeat else UNSCORED[0])
    trial = await WholeTrial(path, judge=judge).hold()
    assert decisions(trial)[1] is Decision.INVALID
    assert left_with(trial) == ExitCode.INVALID


# A run that dies after 3 of 30 good conversations, read as 100 %.


async def test_three_good_conversations_of_thirty_are_no_pass(path: Path) -> None:
    """A run that was cut short is held against its plan, not against what it happened to hold."""
    whole = WholeTrial(path, scenarios=asking(*NAMES[:6]))
    full = (await whole.hold()).run
    cut = RunRecord(full.manifest, full.conversations[:3], full.build)
    baseline = healthy_baseline(whole.scenarios)
    verdict = integration.decide(integration.evidence(cut, baseline), GatePolicy())
    assert isinstance(verdict, Verdict)
    assert verdict.decision is Decision.INVALID
    assert quality.decide_sample(compare(cut, baseline), GatePolicy()).decision is not Decision.PASS
    assert enforced_exit_code([verdict]) != PASSED


@pytest.mark.parametrize("trouble", ["refused", "hangs up"])
async def test_a_target_that_dies_after_three_good_conversations_is_no_pass(path: Path, trouble: str) -> None:
    """Three good answers and then silence: invalid when nothing accepts a connection, a failure when the bot breaks off."""
    answered = 0

    def answer(*_):
        nonlocal answered
        answered += 1
        if answered <= 3:
            return reply(GOOD)
        return unreachable() if trouble == "refused" else failure()

    trial = await WholeTrial(path, VersionedTarget(answer), asking(*NAMES[:6])).hold()
    assert left_with(trial) in {ExitCode.FAIL, ExitCode.INVALID}
    assert Decision.PASS not in decisions(trial)[:1]


# A single lucky sample, whose interval is a point.


@pytest.mark.parametrize(("scenarios", "repeats"), [(1, 1), (1, 5), (9, 1)])
async def test_a_lucky_sample_proves_nothing(path: Path, scenarios: int, repeats: int) -> None:
    """Too few independent scenarios never pass quality, however good they look and however often they are repeated."""
    trial = await WholeTrial(path, scenarios=asking(*NAMES[:scenarios]), plan={"repeats": repeats}).hold()
    assert decisions(trial)[1] is Decision.INCONCLUSIVE
    assert left_with(trial) == ExitCode.INCONCLUSIVE


async def test_an_interval_is_never_a_point(path: Path) -> None:
    """Even where every score is the same in both arms, the bounds keep a distance, because scores are rounded."""
    trial = await WholeTrial(path, plan={"repeats": 1}).hold()
    assert trial.verdicts is not None
    figures = trial.verdicts[1].figures
    assert figures["lower"] < figures["difference"] < figures["upper"]


async def test_a_new_scenario_needs_more_than_one_lucky_conversation(path: Path) -> None:
    """Without a baseline of its own, a scenario that passed once is held again before it may count."""
    whole = WholeTrial(path, VersionedTarget(failing(lambda name, repeat: name == NAMES[0] and repeat > 0)), plan={"repeats": 1})
    whole.baseline = healthy_baseline(asking(*NAMES[1:]))
    trial = await whole.hold()
    assert decisions(trial)[0] is Decision.FAIL
    assert left_with(trial) == ExitCode.FAIL
