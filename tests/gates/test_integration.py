"""The integration gate: who fails, who is held again, and that missing evidence never passes."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.expectations.finding import Finding, FindingOutcome
from harness.frozen import fingerprint
from harness.gates.integration import decide, evidence, stopped
from harness.gates.integration_evidence import Counterpart
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision, NextLook, Verdict
from harness.records.run import Purpose
from harness.scenarios.model import Severity
from tests.fakes.measurements import Measured, baseline_of, counted, run_of, tone

POLICY = GatePolicy()
UNMET = Finding(1, -1, "status", Severity.MUST, None, FindingOutcome.UNMET, "seen")
HEALTHY = [counted(f"ok-{index:02}", (5, 5)) for index in range(59)]


def seen(scenarios, stored=None, **run):
    return evidence(run_of(scenarios, **run), baseline_of(stored or scenarios))


def answer(scenarios, stored=None, policy=POLICY, **run):
    return decide(seen(scenarios, stored, **run), policy)


def codes(verdict):
    return [reason.code for reason in verdict.reasons]


def row(verdict, scenario):
    return next(one for one in verdict.figures["scenarios"] if one["scenario"] == scenario)


def test_all_passing_passes():
    """A suite in which everything passed PASSes, and its figures are whole."""
    verdict = answer(HEALTHY)
    assert verdict.decision is Decision.PASS
    assert codes(verdict) == ["no_new_failure"]
    assert verdict.reasons[0].sentence == "No new failure: 295 of 295 conversations over 59 scenarios passed."
    assert verdict.figures["classes"]["stable"] == 59
    assert verdict.figures["pass_hat_k"] == {str(k): 1.0 for k in range(1, 6)}
    assert json.loads(json.dumps(verdict.figures, allow_nan=False)) == verdict.figures
    assert verdict.policy == fingerprint(POLICY)


def test_a_scenario_that_stopped_working_fails_at_the_first_look():
    """From 20 of 20 to 0 of 5 needs no further conversation, and the sentence says both counts."""
    verdict = answer([*HEALTHY, counted("orders", (0, 5))])
    assert verdict.decision is Decision.FAIL
    assert codes(verdict)[0] == "new_failure"
    assert verdict.reasons[0].where == ("orders",)
    assert verdict.reasons[0].sentence == "1 scenario fails more often than in the baseline: orders passed 0 of 5 (baseline 20 of 20)."
    assert row(verdict, "orders")["class"] == "new_failure"


def test_one_failure_asks_for_more_of_that_scenario_only():
    """A single failed conversation is neither proof nor nothing: that scenario alone is extended to 20."""
    assert answer([*HEALTHY, counted("orders", (4, 5))]) == NextLook("integration", {"orders": 20})


def test_the_second_look_decides():
    """After the extension, half failing FAILs, and a single failure of twenty passes as occasional where such things happen."""
    failing = answer([*HEALTHY, counted("orders", (3, 5), extension=(7, 15))])
    assert failing.decision is Decision.FAIL
    human = [counted(f"human-{index}", (5, 5), baseline=(19, 20)) for index in range(10)]
    passing = answer([*HEALTHY, *human, counted("orders", (4, 5), extension=(15, 15))])
    assert passing.decision is Decision.PASS
    assert row(passing, "orders")["class"] == "occasional_failure"
    assert "1 scenario failed in part" in passing.reasons[0].sentence


def test_an_unfinished_extension_is_asked_for_again():
    """A second look that is not whole yet does not pass."""
    assert answer([*HEALTHY, counted("orders", (4, 5), extension=(14, 14))]) == NextLook("integration", {"orders": 20})


def test_a_known_flaky_scenario_does_not_fail_a_good_build():
    """Failing as often as in the baseline is not a new failure."""
    verdict = answer([*HEALTHY, counted("flaky", (3, 5), baseline=(12, 20), extension=(9, 15))])
    assert verdict.decision is Decision.PASS
    assert row(verdict, "flaky")["class"] == "known_flaky"


def test_a_fixed_scenario_is_named():
    """Passing every time what failed nearly always is worth saying."""
    verdict = answer([*HEALTHY, counted("mended", (5, 5), baseline=(2, 20))])
    assert verdict.decision is Decision.PASS
    assert row(verdict, "mended")["class"] == "fixed"


def test_a_flaky_scenario_that_passes_stays_known_flaky():
    """Five passes of five do not make a scenario that fails at times a stable one, nor a fixed one."""
    verdict = answer([*HEALTHY, counted("flaky", (5, 5), baseline=(14, 20))])
    assert verdict.decision is Decision.PASS
    assert row(verdict, "flaky")["class"] == "known_flaky"
    assert verdict.reasons[0].sentence == "No new failure: 300 of 300 conversations over 60 scenarios passed."


def test_a_suspect_is_listed_and_does_not_fail():
    """A p-value that is small alone but not among sixty tests is a caution."""
    verdict = answer([*HEALTHY, counted("odd", (4, 5), extension=(14, 15))])
    assert verdict.decision is Decision.PASS
    assert row(verdict, "odd")["class"] == "suspect"
    assert row(verdict, "odd")["p"] < 0.05
    assert "Suspect" in " ".join(verdict.cautions)


def test_failures_spread_thinly_fail_the_suite():
    """One failure in each of ten scenarios proves nothing in any of them, and everything together."""
    thin = [counted(f"thin-{index}", (4, 5), extension=(15, 15)) for index in range(10)]
    verdict = answer([*HEALTHY[:50], *thin])
    assert verdict.decision is Decision.FAIL
    assert codes(verdict) == ["suite_fails_more"]
    assert verdict.figures["pooled"]["p"] < 0.005
    assert verdict.figures["pooled"]["conversations"] == 300


def test_extensions_do_not_enter_the_pooled_test():
    """The pooled test counts first-look conversations, since extensions are chosen by failing."""
    verdict = answer([*HEALTHY, counted("flaky", (3, 5), baseline=(12, 20), extension=(9, 15))])
    assert verdict.figures["pooled"]["conversations"] == 300


@pytest.mark.parametrize(
    ("look", "extension", "expected"),
    [
        ((5, 5), (0, 0), Decision.PASS),
        ((4, 5), (0, 0), {"safety": 7}),
        ((4, 5), (1, 1), {"safety": 7}),
        ((4, 5), (2, 2), Decision.PASS),
        ((4, 5), (1, 2), Decision.FAIL),
        ((4, 5), (0, 1), Decision.FAIL),
        ((3, 5), (0, 0), Decision.FAIL),
    ],
)
def test_must_pass(look, extension, expected):
    """A must_pass scenario may fail once in a look and two more conversations, never twice."""
    outcome = answer([*HEALTHY, counted("safety", look, extension=extension, must_pass=True)])
    if isinstance(expected, dict):
        assert outcome == NextLook("integration", expected)
    else:
        assert outcome.decision is expected


def test_must_pass_failures_come_first():
    """The gravest reason is the headline, and its class says so."""
    verdict = answer([*HEALTHY, counted("orders", (0, 5)), counted("safety", (0, 5), must_pass=True)])
    assert codes(verdict)[:2] == ["must_pass_failed", "new_failure"]
    assert row(verdict, "safety")["class"] == "must_pass_failure"


@pytest.mark.parametrize(("passes", "decision"), [(5, Decision.PASS), (3, Decision.PASS), (2, Decision.FAIL), (0, Decision.FAIL)])
@pytest.mark.parametrize("changed", [False, True])
def test_new_and_changed_scenarios_need_a_majority(passes, decision, changed):
    """Without a comparable baseline, a majority of the conversations held has to pass."""
    fresh = counted("fresh", (passes, 5), baseline=(20, 20) if changed else None, changed=changed)
    verdict = answer([*HEALTHY, fresh])
    assert verdict.decision is decision
    assert row(verdict, "fresh")["counterpart"] == ("changed" if changed else "added")
    assert row(verdict, "fresh")["baseline_conversations"] is None
    if passes == 5:
        assert row(verdict, "fresh")["class"] == ("changed" if changed else "added")
    if decision is Decision.FAIL:
        assert codes(verdict) == ["no_majority"]


def test_a_majority_needs_three_conversations():
    """One or two conversations are too few for a majority: a third is asked for, unless it could not help."""
    assert answer([counted("fresh", (1, 1), baseline=None)], stored=HEALTHY, repeats=1) == NextLook("integration", {"fresh": 3})
    assert answer([counted("fresh", (0, 2), baseline=None)], stored=HEALTHY, repeats=2).decision is Decision.FAIL


def test_without_a_baseline_everything_needs_a_majority():
    """No baseline: the majority rule holds for all, and the reader is told."""
    verdict = decide(evidence(run_of([counted("a", (4, 5)), counted("b", (5, 5))]), None), POLICY)
    assert verdict.decision is Decision.PASS
    assert "no baseline" in verdict.cautions[0]
    assert verdict.figures["pooled"] is None


def test_a_scenario_without_conversations_is_invalid():
    """A planned scenario that was never held is not a pass."""
    verdict = answer([*HEALTHY, Measured("silent", baseline=tone(5, 5, 5))])
    assert verdict.decision is Decision.INVALID
    assert codes(verdict) == ["no_conversation"]
    assert row(verdict, "silent")["class"] == "not_held"


def test_an_empty_plan_is_invalid():
    """A run of nothing shows nothing."""
    assert answer([], stored=HEALTHY).decision is Decision.INVALID


def test_an_incomplete_first_look_is_inconclusive():
    """Four of five planned conversations, all passed, leave open what the fifth would have been."""
    verdict = answer([*HEALTHY, counted("short", (4, 4))])
    assert verdict.decision is Decision.INCONCLUSIVE
    assert verdict.reasons[0].where == ("short",)
    assert row(verdict, "short")["class"] == "incomplete"
    assert verdict.figures["classes"]["incomplete"] == 1


@pytest.mark.parametrize(("problems", "klass"), [((), "new_failure"), (("wrong build",), "incomplete")])
def test_only_a_proved_failure_has_a_class_without_its_planned_conversations(problems, klass):
    """Four failures of four are a new failure whatever the fifth would have been, unless the run measured the wrong thing."""
    verdict = answer([*HEALTHY, counted("orders", (0, 4))], problems=problems)
    assert row(verdict, "orders")["class"] == klass


def test_a_proved_failure_stands_beside_missing_evidence():
    """Missing conversations elsewhere do not take a proved failure back."""
    verdict = answer([*HEALTHY, counted("orders", (0, 5)), Measured("silent", baseline=tone(5, 5, 5))])
    assert verdict.decision is Decision.FAIL


def test_run_problems_make_it_invalid():
    """A run that measured the wrong build proves no failure either."""
    verdict = answer([*HEALTHY, counted("orders", (0, 5))], problems=("wrong build",))
    assert verdict.decision is Decision.INVALID
    assert verdict.reasons[0].sentence == "wrong build"


def test_conversations_that_the_target_ended_fail():
    """A crash fails its conversation even where no finding was unmet."""
    crashed = Measured("crash", tone(*[5] * 5), tone(*[5] * 20), crashed=frozenset(range(5)))
    assert answer([*HEALTHY, crashed]).decision is Decision.FAIL


def test_cautions():
    """Unattested first; then a build compared with itself, what is new, and what was not run."""
    scenarios = [*HEALTHY, counted("fresh", (5, 5), baseline=None)]
    stored = [*scenarios, counted("gone", (5, 5))]
    verdict = answer(scenarios, stored=stored, attested=False, build="blue-build")
    assert [any(word in caution for word in ("no build", "itself", "fresh", "gone")) for caution in verdict.cautions] == [True] * 4
    assert "no build" in verdict.cautions[0]
    assert verdict.figures["unpaired"] == {"added": ["fresh"], "changed": [], "removed": ["gone"], "deselected": []}


def test_stopping_before_a_look_is_inconclusive():
    """When the conversations asked for cannot be held, the gate says why; what it can decide already stands."""
    waiting = seen([*HEALTHY, counted("orders", (4, 5))])
    verdict = stopped(waiting, POLICY, "The deadline has passed.")
    assert (verdict.decision, verdict.reasons[0].sentence, verdict.reasons[0].where) == (
        Decision.INCONCLUSIVE,
        "The deadline has passed.",
        ("orders",),
    )
    assert stopped(seen(HEALTHY), POLICY, "The deadline has passed.").decision is Decision.PASS


def test_evidence_separates_looks_from_extensions():
    """Only valid conversations count, in order of repeat, each in its own look."""
    one = seen([counted("a", (4, 5), extension=(14, 15)), counted("b", (5, 5), baseline=None)]).scenarios
    assert (one[0].look, sum(one[0].extension), one[0].failures) == ((False, True, True, True, True), 14, 2)
    assert (one[0].counterpart, one[1].counterpart) == (Counterpart.PAIRED, Counterpart.ADDED)


def looked_at_later(scenario_id, failing, *, must_pass, held=12):
    """A scenario of the first wave and of seven more conversations for quality, of which these repeats failed."""
    return Measured(
        scenario_id,
        green=tone(*[5] * held),
        passes=[repeat not in failing for repeat in range(held)],
        baseline=tone(*[5] * 20),
        must_pass=must_pass,
    )


def test_later_looks_at_quality_are_not_tested():
    """Conversations that quality asked for belong to none of the planned looks: they neither fail a scenario nor fill its gaps."""
    verdict = answer([*HEALTHY, looked_at_later("orders", range(5, 12), must_pass=False)], repeats=5)
    assert verdict.decision is Decision.PASS
    assert row(verdict, "orders")["conversations"] == 5
    assert verdict.figures["pooled"]["conversations"] == 300
    waiting = answer([*HEALTHY, looked_at_later("orders", (0,), must_pass=False)], repeats=5)
    assert waiting == NextLook("integration", {"orders": 20})


@pytest.mark.parametrize(
    ("failing", "expected"), [((9, 11), Decision.FAIL), ((0, 9), Decision.FAIL), ((9,), {"safety": 7}), ((), Decision.PASS)]
)
def test_must_pass_scenarios_are_held_to_later_looks_too(failing, expected):
    """A safety check that fails twice fails the gate whichever look saw it; once, two more are asked for."""
    outcome = answer([*HEALTHY, looked_at_later("safety", failing, must_pass=True)], repeats=5)
    if isinstance(expected, dict):
        assert outcome == NextLook("integration", expected)
    else:
        assert outcome.decision is expected


def test_confirmations_are_not_seen():
    """What confirms a catastrophe was chosen by failing, and counts for neither look nor must_pass."""
    run = run_of([*HEALTHY, counted("orders", (5, 5)), counted("safety", (5, 5), must_pass=True)])
    again = [
        replace(record, assignment=replace(record.assignment, repeat=30, purpose=Purpose.CONFIRMATION), findings=(UNMET,))
        for record in run.conversations
        if record.assignment.scenario_id in {"orders", "safety"}
    ]
    stored = baseline_of([*HEALTHY, counted("orders", (5, 5)), counted("safety", (5, 5))])
    seen_before = evidence(run, stored)
    assert evidence(replace(run, conversations=(*run.conversations, *again)), stored) == seen_before


def test_a_must_pass_scenario_that_fails_in_the_baseline_is_named():
    """Whoever marks a flaky check as must_pass is told that good builds will fail it."""
    verdict = answer([*HEALTHY, counted("safety", (5, 5), baseline=(19, 20), must_pass=True)])
    assert verdict.decision is Decision.PASS
    assert len(verdict.cautions) == 1
    assert verdict.cautions[0].startswith("Marked must_pass, yet failing in the baseline: safety.")
    assert "at most 0.1% of conversations" in verdict.cautions[0]


RANK = {Decision.PASS: 3, NextLook: 2, Decision.INCONCLUSIVE: 1, Decision.INVALID: 1, Decision.FAIL: 0}


def rank(outcome):
    return RANK[outcome.decision if isinstance(outcome, Verdict) else NextLook]


def scenario_cases():
    counts = st.tuples(st.lists(st.booleans(), min_size=5, max_size=5), st.lists(st.booleans(), min_size=0, max_size=15))
    flags = st.tuples(st.sampled_from([20, 20, 12, None]), st.booleans(), st.booleans())
    return st.lists(st.tuples(counts, flags), min_size=1, max_size=6)


def built(cases):
    return [
        Measured(
            f"s{index}",
            tone(*[5] * 5),
            None if passes is None else tone(*[5] * 20),
            passes=look,
            extension=extension,
            baseline_passes=None if passes is None else [True] * passes + [False] * (20 - passes),
            must_pass=must_pass,
            changed=changed,
        )
        for index, ((look, extension), (passes, must_pass, changed)) in enumerate(cases)
    ]


few = settings(max_examples=settings.default.max_examples // 2)
"""Each example is several whole gates."""


def as_asked(scenario):
    """The scenario with no more of its extension than the gate would have asked for."""
    failed = not all(scenario.passes)
    due = 0 if not failed else 2 if scenario.must_pass else 0 if scenario.baseline is None or scenario.changed else 15
    return replace(scenario, extension=list(scenario.extension)[:due])


@few
@given(scenario_cases(), st.data())
def test_one_more_failure_never_moves_towards_pass(cases, data):
    """Turning a pass into a failure, or adding a failed conversation, never improves the answer."""
    scenarios = built(cases)
    place = data.draw(st.integers(0, len(scenarios) - 1))
    old = scenarios[place]
    turned = data.draw(st.integers(0, 4))
    fewer = replace(old, passes=[passed and index != turned for index, passed in enumerate(old.passes)])
    more = replace(old, extension=[*old.extension, False])
    before = rank(answer([*HEALTHY[:20], *scenarios]))
    for worse in (fewer, more):
        assert rank(answer([*HEALTHY[:20], *scenarios[:place], worse, *scenarios[place + 1 :]])) <= before


@few
@given(scenario_cases(), st.data())
def test_a_missing_conversation_never_yields_pass(cases, data):
    """With one conversation missing, of the look or of the extension, nothing PASSes."""
    scenarios = [as_asked(one) for one in built(cases)]
    place = data.draw(st.integers(0, len(scenarios) - 1))
    old = scenarios[place]
    lost = data.draw(st.integers(0, 4 + len(old.extension)))
    if lost < 5:
        kept = [passed for index, passed in enumerate(old.passes) if index != lost]
        new = replace(old, passes=kept, green=tone(*[5] * 4))
    else:
        new = replace(old, extension=[passed for index, passed in enumerate(old.extension) if index != lost - 5])
    after = answer([*HEALTHY[:20], *scenarios[:place], new, *scenarios[place + 1 :]])
    assert rank(after) < RANK[Decision.PASS]


@few
@given(scenario_cases(), st.randoms(use_true_random=False))
def test_order_changes_nothing(cases, random):
    """Scenarios in any order, and repeats in any order within a look, give the same answer."""
    scenarios = built(cases)
    shuffled = [
        replace(one, passes=random.sample(one.passes, 5), extension=random.sample(one.extension, len(one.extension)))
        for one in random.sample(scenarios, len(scenarios))
    ]
    first, second = answer(scenarios), answer(shuffled, stored=scenarios)
    assert rank(first) == rank(second)
    if isinstance(first, NextLook):
        assert first == second
    else:
        assert first.figures == second.figures
