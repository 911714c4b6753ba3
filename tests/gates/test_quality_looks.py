"""The quality gate over its looks: when it decides, what it asks for, and every policy that changes that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.gates.policy import GatePolicy
from harness.gates.quality import decide, stopped
from harness.gates.verdict import Decision, NextLook, Verdict
from harness.records.run import Purpose
from tests.fakes.followed_looks import evidence_of, flat, follow, noisy, schedule
from tests.fakes.measurements import JUDGE, Measured, baseline_of, tone

POLICY = GatePolicy()
LOOKS = schedule(1, 2, 4, 7, 12, 20)
PASSES, FAILS, CAPPED, FUTILE = noisy(40, 0, 2), noisy(40, 0.4, 4), noisy(40, 0.2, 5), noisy(40, 0.2, 3)
"""Decided at 2 repeats and at 7; open at the cap, the literal rule met; given up at 7 of 20."""
MISSED = noisy(40, 0.3, 5)
"""Open at the cap, the literal rule missed."""


def pinned_at(table: list[Measured], higher: int) -> object:
    """A pinned reference that scored so much more."""
    raised = [
        replace(one, baseline=[{"tone": min(5, row["tone"] + (higher if repeat % 2 else 0))} for repeat, row in enumerate(one.baseline)])
        for one in table
    ]
    return baseline_of(raised, name="pin")


def test_decides_at_the_first_look_that_can() -> None:
    """No look is asked for beyond the one that decides, and the figures are those of that look."""
    at_once, later, failing = (follow(table, POLICY, LOOKS) for table in (flat(40, 5), PASSES, FAILS))
    assert [(one.decision, one.looks) for one in (at_once, later, failing)] == [
        (Decision.PASS, []),
        (Decision.PASS, [2]),
        (Decision.FAIL, [2, 4, 7]),
    ]
    assert failing.verdict.figures["look"] == {
        "repeats": 7, "taken": 4, "planned": [1, 2, 4, 7, 12, 20], "extension": [], "open_ended": False, "alpha": 0.05, "judged": 280,
    }  # fmt: skip
    fixed = follow(FAILS, POLICY, schedule(7)).verdict.figures
    assert failing.verdict.figures["difference"] == pytest.approx(fixed["difference"])
    assert failing.verdict.figures["standard_error"] == pytest.approx(fixed["standard_error"])


def test_asks_for_exactly_the_next_look_at_what_is_compared() -> None:
    """One planned look further, for every scenario that is scored and has a counterpart, and for no other."""
    stored = noisy(38, 0.2, 5)
    new = Measured("new", stored[0].green, None)
    silent = Measured("silent", tone(*[None] * 20), tone(*[None] * 20), dimensions=())
    answer = decide(evidence_of([*stored, new, silent], LOOKS, 4), POLICY)
    assert isinstance(answer, NextLook)
    assert answer.purpose is Purpose.LOOK
    assert answer.repeats == dict.fromkeys((one.id for one in stored), 7)


def test_a_scenario_that_only_the_pin_knows_is_looked_at_too() -> None:
    """Without it the comparison with the pin would lack its conversations from the second look on, and never PASS."""
    stored = noisy(40, 0, 2)
    new = Measured("new", stored[0].green, None)
    pin = baseline_of([*stored, replace(new, baseline=stored[0].baseline)], name="pin")
    answer = follow([*stored, new], POLICY, LOOKS, pinned=pin)
    assert answer.decision is Decision.PASS
    assert "new" in answer.asked[0].repeats


@pytest.mark.parametrize(("table", "looks"), [(CAPPED, [2, 4, 7, 12, 20]), (FUTILE, [2, 4, 7])], ids=["cap", "futile"])
def test_what_nothing_decides_is_inconclusive(table: list[Measured], looks: list[int]) -> None:
    """At the cap, or as soon as no later look has a chance, and the interval holds the margin."""
    answer = follow(table, POLICY, LOOKS)
    assert (answer.decision, answer.codes, answer.looks) == (Decision.INCONCLUSIVE, ["not_proved"], looks)
    assert answer.verdict.figures["lower"] <= -0.2 <= answer.verdict.figures["upper"]


@pytest.mark.parametrize("table", [PASSES, FAILS, CAPPED, FUTILE], ids=["pass", "fail", "cap", "futile"])
def test_bounds_agree_with_the_decision_at_every_look(table: list[Measured]) -> None:
    """While a look decides nothing its interval holds the line; once one decides, later evidence changes no figure."""
    last = None
    for looked in LOOKS.looks:
        evidence = evidence_of(table, LOOKS, looked)
        found, seen = decide(evidence, POLICY), stopped(evidence, POLICY, "over")
        inside = seen.figures["lower"] <= -0.2 <= seen.figures["upper"]
        assert inside == (isinstance(found, NextLook) or found.decision is Decision.INCONCLUSIVE)
        if last is not None:
            assert {name: seen.figures[name] for name in ("difference", "lower", "upper", "literal")} == last
        if isinstance(found, Verdict):
            last = {name: found.figures[name] for name in ("difference", "lower", "upper", "literal")}
    assert last is not None


def test_intervals_over_looks_are_wider_than_those_of_one() -> None:
    """Looking again costs: at the same evidence the planned looks have the wider interval, and one look says nothing of looks."""
    several, one = follow(CAPPED, POLICY, LOOKS).verdict, follow(CAPPED, POLICY, schedule(20)).verdict
    assert several.figures["lower"] < one.figures["lower"]
    assert "over 6 planned looks" in several.reasons[0].sentence
    assert "planned look" not in one.reasons[0].sentence


def test_an_extension_decides_what_the_cap_left_open() -> None:
    """Held only when it is asked for, at the error rate kept for it; the planned looks pay for that with wider bounds."""
    policy = GatePolicy(extension=(30,), reserve_alpha=0.02)
    looks = schedule(1, 2, 4, 7, 12, 20, policy=policy)
    table = noisy(40, 0.1, 5, depth=30)
    table = [replace(one, green=(*tone(*[3, 4] * 10), *one.green[20:])) if index % 4 == 0 else one for index, one in enumerate(table)]
    plain = follow(table, policy, looks)
    longer = follow(table, policy, looks, extended=True)
    assert plain.decision is Decision.INCONCLUSIVE
    assert plain.looks[-1] <= 20
    assert longer.looks[-1] == 30
    kept, whole = (follow(PASSES, one, schedule(2, 20, policy=one)).verdict.figures["lower"] for one in (policy, POLICY))
    assert kept < whole


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 7))])
@pytest.mark.parametrize("drop", [0.0, 0.2, 0.4])
def test_asking_for_the_extension_changes_nothing_that_was_decided(seed: int, drop: float) -> None:
    """A PASS or FAIL of the planned looks is the same with --extend, at the same look; an INCONCLUSIVE is taken up."""
    policy = GatePolicy(extension=(16,), reserve_alpha=0.005)
    looks, table = schedule(1, 2, 4, 8, policy=policy), noisy(20, drop, seed)
    plain, longer = follow(table, policy, looks), follow(table, policy, looks, extended=True)
    if plain.decision is Decision.INCONCLUSIVE:
        assert longer.looks[-1] == 16
    else:
        assert (longer.decision, longer.looks) == (plain.decision, plain.looks)


def test_an_extension_can_prove_what_the_cap_could_not() -> None:
    """Twice as many repeats in both directions: open at the cap, decided by the extension."""
    policy = GatePolicy(extension=(20,), reserve_alpha=0.02)
    decided = {
        follow(noisy(40, drop, seed), policy, schedule(2, 5, policy=policy), extended=True).decision
        for drop, seed in ((0.1, 6), (0.25, 1))
        if follow(noisy(40, drop, seed), policy, schedule(2, 5, policy=policy)).decision is Decision.INCONCLUSIVE
    }
    assert decided == {Decision.PASS, Decision.FAIL}


def test_anytime_goes_on_from_cap_to_cap() -> None:
    """A run that its cap left open may be given more repeats, and its bounds hold at any number of them: hence wider ones."""
    policy = GatePolicy(stopping="anytime")
    short = follow(noisy(40, 0.1, 2), policy, schedule(1, 2, policy=policy))
    longer = follow(noisy(40, 0.1, 2), policy, schedule(1, 2, 4, 7, 12, 20, policy=policy))
    assert short.decision is Decision.INCONCLUSIVE
    assert longer.decision is Decision.PASS
    assert longer.looks[0] == short.looks[-1]
    assert "at any number of repeats" in longer.verdict.reasons[0].sentence
    planned = follow(CAPPED, POLICY, LOOKS).verdict.figures
    always = follow(CAPPED, policy, schedule(1, 2, 4, 7, 12, 20, policy=policy)).verdict.figures
    assert always["lower"] < planned["lower"] < planned["upper"] < always["upper"]


def test_fast_weighs_and_never_abstains() -> None:
    """Few looks, the odds in its words, and at the last one the literal rule: no INCONCLUSIVE."""
    policy, looks = GatePolicy(policy="fast"), schedule(1, 2, 3, 5)
    found = [follow(noisy(40, drop, seed), policy, looks) for drop in (0.0, 0.2, 0.4) for seed in (1, 2)]
    assert {one.decision for one in found} == {Decision.PASS, Decision.FAIL}
    assert max(one.looks[-1] for one in found if one.looks) == 5
    assert all("likelier with" in one.verdict.reasons[0].sentence for one in found)
    assert not any("ruled out" in one.verdict.reasons[0].sentence or "is proved" in one.verdict.reasons[0].sentence for one in found)


@pytest.mark.parametrize(("table", "decision"), [(CAPPED, Decision.PASS), (MISSED, Decision.FAIL)], ids=["met", "missed"])
def test_point_is_the_literal_rule_with_its_price(table: list[Measured], decision: Decision) -> None:
    """The observed mean decides after one look, and the sentence says how often that is wrong."""
    answer = follow(table, GatePolicy(policy="point"), schedule(20))
    assert answer.decision is decision
    assert answer.verdict.figures["literal"]["decision"] == decision.value
    assert "errs in 50 % of runs at a true drop of 0.2" in answer.verdict.reasons[0].sentence


@pytest.mark.parametrize(("table", "decision"), [(CAPPED, Decision.PASS), (MISSED, Decision.FAIL)], ids=["met", "missed"])
def test_literal_decides_what_nothing_proved(table: list[Measured], decision: Decision) -> None:
    """Only at the cap, and with the rule in the headline."""
    answer = follow(table, GatePolicy(on_inconclusive="literal"), LOOKS)
    assert (answer.decision, answer.codes) == (decision, ["literal_rule"])
    assert answer.looks[-1] == 20


@pytest.mark.parametrize("on_inconclusive", ["literal", "allow"])
def test_nothing_is_given_up_where_an_inconclusive_may_pass(on_inconclusive: str) -> None:
    """A comparison that would be given up at 7 of 20 is looked at to its cap, where guardrails have seen everything."""
    assert follow(FUTILE, GatePolicy(on_inconclusive=on_inconclusive), LOOKS).looks[-1] == 20


def test_literal_overrules_no_proof() -> None:
    """What is proved stands, whatever an unproved verdict would have done."""
    assert [follow(table, GatePolicy(on_inconclusive="literal"), LOOKS).codes for table in (PASSES, FAILS)] == [
        ["within_margin"],
        ["below_margin"],
    ]


def test_allow_lets_an_inconclusive_go_on() -> None:
    """The decision stays INCONCLUSIVE, is marked as allowed, and says so."""
    answer = follow(CAPPED, GatePolicy(on_inconclusive="allow"), LOOKS).verdict
    assert (answer.decision, answer.allowed) == (Decision.INCONCLUSIVE, True)
    assert "on_inconclusive: allow" in answer.cautions[0]
    assert not follow(FAILS, GatePolicy(on_inconclusive="allow"), LOOKS).verdict.allowed


@pytest.mark.parametrize("on_inconclusive", ["literal", "allow"])
@pytest.mark.parametrize("where", ["green", "baseline", "pin"])
def test_missing_scores_are_never_let_through(on_inconclusive: str, where: str) -> None:
    """One missing score of green, the baseline or the pin keeps an unproved verdict blocking, and the reason says so."""
    policy = GatePolicy(on_inconclusive=on_inconclusive)
    first = CAPPED[0]
    arms = {"green": {"green": (None, *first.green[1:])}, "baseline": {"baseline": (None, *first.baseline[1:])}, "pin": {}}
    table = [replace(first, **arms[where]), *CAPPED[1:]]
    holed = [replace(first, baseline=(None, *first.baseline[1:])), *CAPPED[1:]]
    answer = follow(table, policy, schedule(20), pinned=baseline_of(holed, name="pin") if where == "pin" else None)
    assert answer.decision is Decision.INCONCLUSIVE
    assert not answer.verdict.allowed
    assert answer.codes[-1] == "policy_held_back"


def test_a_floor_fails_what_the_baseline_lets_pass() -> None:
    """Equal to a baseline that is itself too low: the floor decides, and its figures are beside those of the baseline."""
    level = [Measured(f"s{index:02}", tone(*[3 + index % 2, 4 - index % 2] * 10), tone(*[3, 4] * 10)) for index in range(40)]
    answer = follow(level, GatePolicy(floor=3.9), schedule(4, 7))
    assert (answer.decision, answer.codes) == (Decision.FAIL, ["below_margin_floor", "within_margin"])
    assert answer.verdict.figures["references"]["floor"]["upper"] < 3.9
    assert follow(level, GatePolicy(floor=3.2), LOOKS).codes == ["within_margin", "within_margin_floor"]
    near = follow(level, GatePolicy(floor=3.5), LOOKS)
    assert (near.decision, near.codes[0]) == (Decision.INCONCLUSIVE, "not_proved_floor")


def test_the_worse_of_baseline_and_pin_decides() -> None:
    """A release that holds against the last one, and has lost too much since the pin, FAILs."""
    answer = follow(PASSES, POLICY, LOOKS, pinned=pinned_at(PASSES, 1))
    assert (answer.decision, answer.codes[0]) == (Decision.FAIL, "below_margin_pinned")
    assert answer.verdict.figures["references"]["pinned"]["upper"] < -0.2
    assert follow(PASSES, POLICY, LOOKS, pinned=pinned_at(PASSES, 0)).codes == ["within_margin", "within_margin_pinned"]


def test_pin_and_baseline_may_be_decided_at_different_looks() -> None:
    """What one comparison decided early stays as it was while the other goes on."""
    lower = [
        replace(one, baseline=[{"tone": max(1, row["tone"] - (repeat % 3 == 0))} for repeat, row in enumerate(one.baseline)])
        for one in CAPPED
    ]
    answer = follow(lower, POLICY, LOOKS, pinned=baseline_of(CAPPED, name="pin"))
    alone = follow(lower, POLICY, LOOKS)
    assert alone.decision is Decision.PASS
    assert len(alone.looks) < len(answer.looks)
    assert (answer.decision, answer.codes) == (Decision.INCONCLUSIVE, ["not_proved_pinned", "within_margin"])
    for name in ("difference", "lower", "upper"):
        assert answer.verdict.figures[name] == alone.verdict.figures[name]


def test_a_fail_against_one_reference_ends_the_run() -> None:
    """Nothing is worse than FAIL: the other comparison is not looked at any longer, and says that it was not."""
    answer = follow(CAPPED, POLICY, LOOKS, pinned=pinned_at(CAPPED, 2))
    assert answer.decision is Decision.FAIL
    assert len(answer.looks) < 5
    assert answer.codes == ["below_margin_pinned", "not_proved"]
    assert "no further look was taken" in answer.verdict.reasons[1].sentence


@pytest.mark.parametrize(
    ("clusters", "decision", "caution"), [(9, Decision.INCONCLUSIVE, False), (10, Decision.PASS, True), (30, Decision.PASS, False)]
)
def test_small_suites(clusters: int, decision: Decision, caution: bool) -> None:
    """Fewer than ten independent scenarios never decide; fewer than thirty speak for this suite only."""
    answer = follow(flat(clusters, 5), POLICY, schedule(4, 6, 10, 16))
    assert answer.decision is decision
    assert any("for this suite" in one for one in answer.verdict.cautions) is caution


@pytest.mark.parametrize(
    ("table", "run", "code"),
    [
        (noisy(9, 0.2, 5), {}, "too_few_clusters"),
        ([*noisy(40, 0.2, 5)[:-1], Measured("s39", tone(*[5] * 20), tone(5, 5))], {}, "baseline_shallow"),
        ([*noisy(34, 0.2, 5), *(Measured(f"n{index}", tone(*[5] * 20)) for index in range(6))], {}, "weight_unpaired"),
        (noisy(40, 0.2, 5), {"problems": ("another build answered",)}, "run_invalid"),
        (noisy(40, 0.2, 5), {"judge": replace(JUDGE, fingerprint="c" * 16)}, "judge_differs"),
    ],
)
def test_evidence_that_may_not_decide_is_not_paid_for(table: list[Measured], run: dict, code: str) -> None:
    """Too few scenarios, a shallow baseline, other judges: no further look is taken, since none would change it."""
    answer = follow(table, POLICY, LOOKS, **run)
    assert answer.asked == ()
    assert answer.codes[0] == code
    assert answer.decision in {Decision.INCONCLUSIVE, Decision.INVALID}


@pytest.mark.parametrize(
    ("attempts", "decision"),
    [
        (None, Decision.PASS),
        ((), Decision.PASS),
        (("pass",), Decision.PASS),
        (("pass", "pass"), Decision.PASS),
        (("inconclusive",), Decision.INCONCLUSIVE),
        (("fail",), Decision.INCONCLUSIVE),
        (("pass", "inconclusive"), Decision.INCONCLUSIVE),
    ],
)
def test_a_fresh_attempt_cannot_undo_an_earlier_one(attempts: tuple[str, ...] | None, decision: Decision) -> None:
    """After INCONCLUSIVE or FAIL a fresh run of the same build cannot PASS; after a PASS it can; unknown attempts are shown as such."""
    answer = follow(PASSES, POLICY, LOOKS, attempts=attempts)
    assert answer.decision is decision
    assert answer.verdict.figures["attempt"] == (None if attempts is None else len(attempts) + 1)
    assert ("attempt_spent" in answer.codes) == (decision is not Decision.PASS)


def test_a_fresh_attempt_can_still_fail() -> None:
    """What is proved against the build stands, whatever came before."""
    assert follow(FAILS, POLICY, LOOKS, attempts=("inconclusive",)).codes == ["below_margin"]


@pytest.mark.parametrize("on_inconclusive", ["literal", "allow"])
@pytest.mark.parametrize("table", [PASSES, CAPPED], ids=["proved", "open"])
def test_no_policy_lets_a_spent_attempt_through(on_inconclusive: str, table: list[Measured]) -> None:
    """Neither the literal rule nor allowing an INCONCLUSIVE is a way around the count of attempts."""
    answer = follow(table, GatePolicy(on_inconclusive=on_inconclusive), LOOKS, attempts=("fail",)).verdict
    assert (answer.decision, answer.allowed) == (Decision.INCONCLUSIVE, False)
    assert {"policy_held_back", "attempt_spent"} & {reason.code for reason in answer.reasons}


def test_a_look_that_cannot_be_held_is_inconclusive() -> None:
    """What was seen is said, and nothing is claimed from it; a verdict that stands already stays."""
    answer = stopped(evidence_of(CAPPED, LOOKS, 4), POLICY, "the next look could not be held")
    assert (answer.decision, [reason.code for reason in answer.reasons]) == (Decision.INCONCLUSIVE, ["stopped_early", "not_decisive"])
    assert stopped(evidence_of(PASSES, LOOKS, 2), POLICY, "unheard").decision is Decision.PASS
