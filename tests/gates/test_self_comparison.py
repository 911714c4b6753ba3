"""The same build against itself: the dealt splits are decided as the gates decide runs, and the figures say what they are for."""

from dataclasses import replace

import numpy as np
import pytest

from harness.baselines.compare import compare
from harness.baselines.file import read_baseline
from harness.baselines.noise import noise_caution, read_noise
from harness.errors import BaselineError, TargetError
from harness.gates import integration, quality
from harness.gates.policy import GatePolicy
from harness.gates.quality import QualityEvidence
from harness.gates.quality_course import Looking
from harness.gates.self_comparison import GateInUse, measure_noise
from harness.gates.verdict import Decision, NextLook
from harness.judging.judge import JudgeIdentity
from harness.package_data import shipped
from harness.records.run import LookSchedule
from harness.statistics.dealing import OneBuild, Sizes, deals
from tests.fakes.measurements import JUDGE, Measured, baseline_of, run_of

POLICY = GatePolicy()
SCHEDULE = LookSchedule((2, 4, 8), 0.05)
GATE = GateInUse(POLICY, SCHEDULE, 5)
BUILD = "blue-build"
SPLITS = 20


def measured(scenarios=14, repeats=20, seed=1, failures=0.03, must_pass=2, spread=(2, 3, 4, 5, 5)):
    """A noisy build: scores and passes at random, the first scenarios must pass."""
    rng = np.random.default_rng(seed)
    return [
        Measured(
            f"s{index:02}",
            baseline=tuple({"tone": int(score), "aim": int(other)} for score, other in rng.choice(spread, (repeats, 2))),
            baseline_passes=tuple((rng.random(repeats) >= failures * (1 + 9 * (index == 5))).tolist()),
            must_pass=index < must_pass,
            dimensions=("aim", "tone"),
        )
        for index in range(scenarios)
    ]


def stored(scenarios, **more):
    return baseline_of(scenarios, build=BUILD, **more)


def dealt(scenarios, deal, split):
    """The arms that one split stands for."""
    size, passed = deal.sizes.baseline, deal.passed
    arms = []
    for index, one in enumerate(scenarios):
        before, now = deal.dealt[split, index, :size], deal.dealt[split, index, size:]
        kept = int(passed.baseline.passes[split, index])
        arms.append(
            replace(
                one,
                green=tuple(one.baseline[place] for place in now),
                passes=tuple(passed.green[split, index].tolist()),
                extension=tuple(passed.added[split, index].tolist()),
                baseline=tuple(one.baseline[place] for place in before),
                baseline_passes=(True,) * kept + (False,) * (size - kept),
            )
        )
    return arms


def asked_quality(run, baseline, policy):
    """Take the looks of the schedule, as a trial does; returns the verdict and how far it looked."""
    for looked in SCHEDULE.looks:
        seen = replace(run, looked=looked)
        answer = quality.decide(QualityEvidence(compare(seen, baseline), Looking(SCHEDULE, looked)), policy)
        if not isinstance(answer, NextLook):
            return answer.decision, looked
    raise AssertionError("undecided at the cap")


def asked_integration(arms, looked, policy):
    """Hold what the gate asks for of what was dealt, and nothing else; returns its decision."""
    extended, found = dict.fromkeys((one.id for one in arms), 0), Decision.INVALID
    for depth in (5, max(5, looked)):
        while True:
            held = [
                replace(one, green=one.green[:depth], passes=one.passes[:depth], extension=one.extension[: extended[one.id]])
                for one in arms
            ]
            baseline = stored(arms)
            answer = integration.decide(integration.evidence(run_of(held, 5), baseline), policy)
            if not isinstance(answer, NextLook):
                break
            if depth > 5:
                return found
            extended |= {name: total - 5 for name, total in answer.repeats.items()}
        found = answer.decision
    return found


@pytest.mark.parametrize(
    ("seed", "failures", "policy"), [(1, 0.03, POLICY), (2, 0.12, POLICY), (3, 0.03, GatePolicy(target="suite", guardrails="strict"))]
)
@pytest.mark.slow
def test_splits_are_decided_as_the_gates_decide_runs(seed, failures, policy):
    """Each split, put before both gates as a run with its looks and extensions, gets the answers that the rates are made of."""
    scenarios = measured(seed=seed, failures=failures)
    gate = replace(GATE, policy=policy)
    found = measure_noise(stored(scenarios), gate, SPLITS, 7)
    sizes = Sizes(20, 8, 15)
    assert gate.procedure(20).sizes == sizes
    flat = OneBuild(
        scores=np.ones((14, 20, 1)), assessed=np.ones((14, 1), dtype=bool), held=np.full(14, 20),
        passed=np.array([one.baseline_passes for one in scenarios]), critical=np.full((14, 20), np.nan),
        weights=np.ones(14), clusters=np.arange(14), must_pass=np.zeros(14, dtype=bool),
    )  # fmt: skip
    answers = []
    for deal in deals(flat, sizes, SPLITS, 7):
        for split in range(len(deal.dealt)):
            arms = dealt(scenarios, deal, split)
            ruling, looked = asked_quality(run_of(arms, 5), stored(arms), policy)
            answers.append((ruling, asked_integration(arms, looked, policy)))
    share = {kind: np.mean([ruling is kind for ruling, _ in answers]) for kind in Decision}
    assert found.flips.quality_fail == pytest.approx(share[Decision.FAIL])
    assert found.flips.quality_inconclusive == pytest.approx(share[Decision.INCONCLUSIVE])
    assert found.flips.integration_fail == pytest.approx(np.mean([other is Decision.FAIL for _, other in answers]))
    assert found.flips.either == pytest.approx(np.mean([set(answer) != {Decision.PASS} for answer in answers]))
    assert found.flips.quality_inconclusive > 0
    assert found.flips.integration_fail > 0


def test_the_figures_say_what_they_are_for():
    """Baseline, build, suite, judge, policy, sizes and seed stand beside the figures."""
    scenarios = measured()
    found = measure_noise(stored(scenarios), GATE, 50, 3)
    assert (found.baseline, found.build, found.suite, found.judge) == ("base", BUILD, "suite", JUDGE.fingerprint)
    assert found.policy == POLICY.planned
    assert (found.seed, found.splits, found.scenarios, found.held) == (3, 50, 14, 280)
    assert (found.baseline_repeats, found.first_look, found.copies, found.fresh) == (20, 5, 2, None)
    assert tuple(one.repeats for one in found.noise) == SCHEDULE.looks
    assert found == measure_noise(stored(scenarios), GATE, 50, 3)


def test_scenarios_come_in_any_order():
    """The order of the baseline's lines changes nothing."""
    scenarios = measured()
    assert measure_noise(stored(scenarios[::-1]), GATE, 50, 3) == measure_noise(stored(scenarios), GATE, 50, 3)


def test_the_flakiest_scenarios_are_listed_first():
    """Those that pass half of the time before those that fail once; those that never vary are not there, and ten at most."""
    scenarios = [
        Measured(f"s{index:02}", baseline=({"tone": 5},) * 20, baseline_passes=(False,) * index + (True,) * (20 - index))
        for index in range(14)
    ]
    found = measure_noise(stored(scenarios), GATE, 20, 1)
    assert [one.scenario for one in found.flakiest][:4] == ["s10", "s09", "s11", "s08"]
    assert len(found.flakiest) == 10
    first = found.flakiest[0]
    assert (first.passes, first.conversations) == (10, 20)
    assert first.flip_rate == pytest.approx(2 * 10 * 10 / (20 * 19))
    assert found.scenario_flip_rate == pytest.approx(np.mean([2 * x * (20 - x) / 380 for x in range(14)]))


def fresh_of(scenarios, repeats=5, score=None, **changes):
    """A run of the same build: its conversations are the stored ones again, or score this."""
    rows = [
        replace(
            one,
            green=tuple({"tone": score, "aim": score} for _ in range(repeats)) if score else one.baseline[:repeats],
            passes=one.baseline_passes[:repeats],
        )
        for one in scenarios
    ]
    return run_of(rows, repeats, **{"build": BUILD, **changes})


def test_a_fresh_run_is_dealt_too_and_its_shift_is_shown():
    """Its conversations join the stored ones; the difference of means has its standard error on these scenarios."""
    scenarios = measured()
    found = measure_noise(stored(scenarios), GATE, 50, 3, fresh_of(scenarios, 8))
    assert (found.held, found.copies, found.suite) == (14 * 28, 1, "suite")
    shift = found.fresh
    means = [np.array([sum(row.values()) / 2 for row in one.baseline]) for one in scenarios]
    assert (shift.run, shift.attested, shift.conversations) == ("run", True, 14 * 8)
    assert shift.difference == pytest.approx(np.mean([row[:8].mean() - row.mean() for row in means]))
    error = np.sqrt(sum(row[:8].var(ddof=1) / 8 + row.var(ddof=1) / 20 for row in means)) / 14
    assert shift.standard_error == pytest.approx(error)
    assert shift.pass_rate == pytest.approx(np.mean([np.mean(one.baseline_passes[:8]) - np.mean(one.baseline_passes) for one in scenarios]))
    assert not shift.drifted
    assert shift.pass_rate_p > 0.2
    assert measure_noise(stored(scenarios), GATE, 50, 3, fresh_of(scenarios, 8, score=1)).fresh.drifted


@pytest.mark.parametrize(("before", "now"), [(1.0, 0.5), (0.5, 1.0), (1.0, 0.0), (0.0, 1.0)])
def test_a_pass_rate_that_moved_is_a_drift_both_ways(before, now):
    """Fewer or more passes than chance allows are no noise, even where every score is the same; half of them on both days are."""

    def outcomes(rate, count):
        return tuple(place < rate * count for place in range(count))

    scenarios = [Measured(f"s{index:02}", baseline=({"tone": 5},) * 20, baseline_passes=outcomes(before, 20)) for index in range(12)]
    shifts = [
        measure_noise(
            stored(scenarios),
            GATE,
            20,
            1,
            run_of([replace(one, green=({"tone": 5},) * 6, passes=outcomes(rate, 6)) for one in scenarios], 6, build=BUILD),
        ).fresh
        for rate in (now, before)
    ]
    assert shifts[0].pass_rate == pytest.approx(now - before)
    assert [shift.drifted for shift in shifts] == [True, False]


def test_conversations_that_nobody_judged_are_left_out():
    """A run that held more than it had judged is dealt as far as it was judged; one that the target ended scores 1."""
    scenarios = measured()
    run = fresh_of(scenarios, 8)
    thin = replace(
        run, conversations=tuple(replace(one, judgement=None) if one.assignment.repeat >= 5 else one for one in run.conversations)
    )
    assert measure_noise(stored(scenarios), GATE, 20, 1, thin).held == 14 * 25
    crashed = run_of(
        [replace(one, green=one.baseline[:2], passes=(False,) * 2, crashed=frozenset({0, 1})) for one in scenarios], 2, build=BUILD
    )
    found = measure_noise(stored(scenarios), GATE, 20, 1, crashed)
    mean = np.mean([sum(row.values()) / 2 for one in scenarios for row in one.baseline])
    assert found.fresh.difference == pytest.approx(1 - mean)


def test_scenarios_that_changed_are_left_out():
    """With a fresh run only scenarios that ask the same in both are dealt; with none of them nothing is."""
    scenarios = measured()
    changed = [replace(one, changed=index < 3) for index, one in enumerate(scenarios)]
    found = measure_noise(stored(changed), GATE, 20, 1, fresh_of(scenarios))
    assert found.scenarios == 11
    with pytest.raises(BaselineError, match="no scenario asks the same"):
        measure_noise(stored([replace(one, changed=True) for one in scenarios]), GATE, 20, 1, fresh_of(scenarios))


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"build": "green-build"}, TargetError, "build green-build answered, and the baseline is of blue-build"),
        ({"build": None}, TargetError, "build None answered"),
        ({"problems": ("mixed builds",)}, TargetError, "invalid run: mixed builds"),
        ({"judge": JudgeIdentity("model", "9" * 16, "b" * 16)}, BaselineError, "use the baseline's judge"),
    ],
)
def test_what_is_no_measurement_of_the_same_build_is_refused(changes, error, said):
    """Another build, an invalid run and another judge end with the place, what is wrong, and what to do."""
    scenarios = measured()
    with pytest.raises(error, match=said) as refused:
        measure_noise(stored(scenarios), GATE, 20, 1, fresh_of(scenarios, **changes))
    assert str(refused.value).startswith("run run: ")


def test_an_unattested_fresh_run_is_dealt_and_said_to_be_so():
    """Where nobody can prove a build, the run counts, and its figures say that nothing proves it."""
    scenarios = measured()
    found = measure_noise(stored(scenarios), GATE, 20, 1, fresh_of(scenarios, attested=False, build=None))
    assert not found.fresh.attested


def test_a_baseline_without_scores_still_has_its_passes():
    """Where the judge scores nothing quality proves nothing, and the shift has no number."""
    scenarios = [Measured(f"s{index:02}", baseline=(None,) * 20, dimensions=()) for index in range(12)]
    run = run_of([replace(one, green=({},) * 5) for one in scenarios], 5, build=BUILD)
    found = measure_noise(stored(scenarios), GATE, 20, 1, run)
    assert (found.noise, found.flips.quality_inconclusive) == ((), 1.0)
    assert (found.fresh.difference, found.fresh.standard_error, found.fresh.drifted) == (None, None, False)


def test_a_build_that_is_hardly_scored_is_refused():
    """More missing scores than the policy allows would make every run INVALID: no noise floor, but what to do."""
    scenarios = measured()
    holed = [replace(one, baseline=(None,) * 2 + one.baseline[2:]) for one in scenarios]
    with pytest.raises(BaselineError, match=r"28 of 280 conversations have no score \(10 %\); at most 5 % may") as refused:
        measure_noise(stored(holed), GATE, 20, 1)
    assert str(refused.value).startswith("baseline base: ")
    few = [replace(scenarios[0], baseline=(None,) * 2 + scenarios[0].baseline[2:]), *scenarios[1:]]
    assert measure_noise(stored(few), GATE, 20, 1).held == 280


def test_the_demo_is_not_warned_of():
    """What ships for the demo is measured for its baseline, suite, judge and policy, and within the target; `make golden` renews it."""
    baseline = read_baseline(shipped("baselines") / "demo.jsonl.gz")
    noise = read_noise(shipped("baselines") / "demo.noise.json")
    assert noise is not None
    assert noise_caution(noise, baseline, baseline.suite, POLICY.planned, POLICY.flip_target) is None
