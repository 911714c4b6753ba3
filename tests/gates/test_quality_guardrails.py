"""Guardrails and catastrophes through the whole gate: what a mean that holds may not hide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.baselines.score_arrays import paired_scores
from harness.gates.policy import GatePolicy
from harness.gates.quality import decide
from harness.gates.verdict import Decision, NextLook
from harness.records.run import Purpose
from harness.statistics.guardrails import ALPHA, group_result, level_at_each_look
from harness.statistics.noninferiority import estimate
from harness.statistics.sequential import planned_information
from tests.fakes.followed_looks import evidence_of, flat, follow, noisy, schedule
from tests.fakes.measurements import Measured, tone

POLICY = GatePolicy()
LOOKS = schedule(1, 2, 4, 7, 12, 20)
LATE = schedule(5, 10)
NAMES = ("clarity", "empathy", "facts", "safety", "style", "tone")


def dims(green: dict[str, float], count: int = 40, depth: int = 20) -> list[Measured]:
    """Scenarios of six dimensions that all score 5, but for what green scores differently."""
    best = dict.fromkeys(NAMES, 5)
    return [Measured(f"s{index:02}", ({**best, **green},) * depth, (best,) * 20, dimensions=NAMES) for index in range(count)]


def failed(answer) -> list[str]:
    return [one["name"] for one in answer.verdict.figures["guardrails"] if one["failed"]]


def test_one_dimension_down_fails_with_its_name() -> None:
    """The mean holds, one dimension of six lost more than its margin: FAIL, and the headline names it."""
    answer = follow(dims({"facts": 4}), POLICY, LOOKS)
    assert (answer.decision, answer.codes[0], failed(answer)) == (Decision.FAIL, "guardrail", ["facts"])
    assert "dimension facts" in answer.verdict.reasons[0].sentence
    assert answer.verdict.reasons[0].where == ("facts",)
    assert answer.codes[1] in {"within_margin", "not_proved"}


def test_guardrails_off_let_it_pass() -> None:
    """Switched off, nothing is tested, and the same run passes."""
    answer = follow(dims({"facts": 4}), GatePolicy(guardrails="off"), LOOKS)
    assert answer.decision is Decision.PASS
    assert answer.verdict.figures["guardrails"] == []


@pytest.mark.parametrize("kind", ["intent", "locale"])
def test_intents_and_languages_are_groups(kind: str) -> None:
    """Eight of forty scenarios lose a point each: their intent or language fails, the others are tested and hold."""
    table = [
        *(replace(one, **{kind: "ja"}) for one in flat(8, 4)),
        *(replace(one, id=f"t{one.id}", **{kind: "en"}) for one in flat(32, 5.2)),
    ]
    answer = follow(table, POLICY, LOOKS)
    assert (answer.decision, answer.codes[0], failed(answer)) == (Decision.FAIL, "guardrail", ["ja"])
    assert {one["kind"] for one in answer.verdict.figures["guardrails"]} == {"language" if kind == "locale" else "intent"}


def test_small_and_nameless_groups_are_not_tested() -> None:
    """Fewer than six scenarios, no name, or the whole suite under one name: no test, and no way to fail by it."""
    table = [
        replace(one, intent="rare" if index < 5 else "", locale="ja", green=tone(*[1 if index < 5 else 5.6] * 20))
        for index, one in enumerate(flat(40, 5))
    ]
    answer = follow(table, POLICY, schedule(20))
    assert answer.verdict.figures["guardrails"] == []
    assert "guardrail" not in answer.codes
    enough = [replace(one, intent="rare" if index < 6 else "") for index, one in enumerate(table)]
    assert [one["name"] for one in follow(enough, POLICY, schedule(20)).verdict.figures["guardrails"]] == ["rare"]


def test_a_single_dimension_is_what_the_verdict_is_about() -> None:
    """The only dimension is no group of its own: the mean is not judged a second time, by another standard."""
    assert follow(flat(40, 4), POLICY, LOOKS).codes == ["below_margin"]


def test_a_group_that_fell_ends_the_run_at_once() -> None:
    """Nothing that the mean may still show would make it better: no further look is paid for."""
    answer = follow(dims({"facts": 3.8}), POLICY, LOOKS)
    assert answer.decision is Decision.FAIL
    assert answer.asked == ()


def test_losing_more_is_no_way_past_a_guardrail() -> None:
    """The mean passes at once while a group fails. With a little less everywhere the mean needs more looks, in which the group recovers: it fails all the same."""

    def table(less: float) -> list[Measured]:
        return [
            Measured(
                f"s{index:02}",
                tone((4 if index < 8 else 5.5) - less, *[5.5 - less] * 19),
                tone(*[5] * 20),
                intent="refund" if index < 8 else "order",
            )
            for index in range(40)
        ]

    wide, narrow = (follow(table(less), POLICY, LOOKS) for less in (0.0, 0.1))
    unguarded = [follow(table(less), GatePolicy(guardrails="off"), LOOKS) for less in (0.0, 0.1)]
    assert [one.decision for one in unguarded] == [Decision.PASS, Decision.PASS]
    assert len(unguarded[0].looks) < len(unguarded[1].looks)
    assert (wide.decision, narrow.decision) == (Decision.FAIL, Decision.FAIL)


def test_the_error_rate_is_spent_over_all_looks() -> None:
    """The level of each look is one that a group on its margin crosses with chance alpha over all of them, and alpha itself for one."""
    information = planned_information((1, 2, 4, 7, 12, 20), 20).tolist()
    assert ALPHA / 6 < level_at_each_look(information) < ALPHA / 2
    assert level_at_each_look(information[:1]) == ALPHA
    assert level_at_each_look(information, 0.01) < 0.01 / 2


def test_one_conversation_each_proves_no_more_than_the_differences_show() -> None:
    """A baseline without any spread does not make single conversations of green a proof: their own spread counts."""
    arms = evidence_arms([5, 5, 5, 3, 5, 3])
    assert group_result(arms).standard_error[0] == pytest.approx(estimate(arms).standard_error[0])
    assert group_result(arms).standard_error[0] > 3 * estimate(arms, "suite").standard_error[0]
    more = evidence_arms([5, 5, 5, 3, 5, 3], repeats=2)
    assert group_result(more).standard_error[0] == pytest.approx(estimate(more, "suite").standard_error[0])


def evidence_arms(scores: list[int], repeats: int = 1):
    table = [Measured(f"s{index}", tone(*[score] * repeats), tone(*[5] * 20)) for index, score in enumerate(scores)]
    return paired_scores(evidence_of(table, None).baseline.scenarios).arms()


def test_strict_wants_every_group_proved() -> None:
    """Under strict a PASS waits for its groups as long as a look may prove them, and is INCONCLUSIVE where none did."""
    table = noisy(40, 0, 2)
    grouped = [replace(one, intent="refund" if index < 6 else "order") for index, one in enumerate(table)]
    strict = GatePolicy(guardrails="strict")
    plain, waiting = follow(grouped, POLICY, LOOKS), follow(grouped, strict, LOOKS)
    assert plain.decision is Decision.PASS
    assert len(waiting.looks) > len(plain.looks)
    assert waiting.decision is Decision.PASS
    assert all(one["proved"] for one in waiting.verdict.figures["guardrails"])
    short = follow(grouped, strict, schedule(1, 2))
    assert (short.decision, short.codes) == (Decision.INCONCLUSIVE, ["guardrail_unproved", "within_margin"])
    assert "intent refund" in short.verdict.reasons[0].sentence


def test_a_group_that_cannot_be_proved_is_not_waited_for() -> None:
    """Where no look is likely to prove a group, strict ends INCONCLUSIVE and pays for no more of them."""
    table = [
        replace(one, green=tone(*[4.66] * 20), intent="refund") if index < 8 else replace(one, green=tone(*[5.1] * 20), intent="order")
        for index, one in enumerate(flat(40, 5))
    ]
    answer = follow(table, GatePolicy(guardrails="strict"), LOOKS)
    assert (answer.decision, answer.codes[0]) == (Decision.INCONCLUSIVE, "guardrail_unproved")
    assert not answer.looks or answer.looks[-1] < 20


@pytest.mark.parametrize("on_inconclusive", ["literal", "allow"])
def test_strict_and_policies_that_let_go(on_inconclusive: str) -> None:
    """The literal rule speaks of the mean, and proves no group; allowing an INCONCLUSIVE allows this one too."""
    grouped = [replace(one, intent="refund" if index < 6 else "order") for index, one in enumerate(noisy(40, 0, 2))]
    answer = follow(grouped, GatePolicy(guardrails="strict", on_inconclusive=on_inconclusive), schedule(1, 2)).verdict
    assert (answer.decision, answer.allowed) == (Decision.INCONCLUSIVE, on_inconclusive == "allow")


def test_a_missing_score_hides_no_group() -> None:
    """A group that fails does not become a PASS when one of its judgements goes missing: it might have failed."""
    table = [
        Measured(f"s{index:02}", tone(*[4.25 if index < 8 else 5.2] * 20), tone(*[5] * 20), intent="refund" if index < 8 else "order")
        for index in range(40)
    ]
    lax = GatePolicy(missing_gap=0.5, missing_share=0.5, margin=1.0, guardrail_margin=0.4)
    complete = follow(table, lax, schedule(2))
    assert (complete.decision, complete.codes[0]) == (Decision.FAIL, "guardrail")
    holed = [replace(table[0], green=(*tone(None, None), *table[0].green[2:])), *table[1:]]
    answer = follow(holed, lax, schedule(2))
    assert (answer.decision, answer.codes[0]) == (Decision.INCONCLUSIVE, "missing_scores_open")
    assert "intent refund" in answer.verdict.reasons[0].sentence


def test_anytime_guards_its_groups_with_bounds_that_always_hold() -> None:
    """With repeats added by hand a group fails on stronger evidence only, and a clear drop fails still."""
    anytime = GatePolicy(stopping="anytime")
    assert follow(dims({"facts": 4}), anytime, schedule(1, policy=anytime)).codes[0] == "guardrail"
    near = dims({"facts": 4.58})
    assert (follow(near, POLICY, schedule(1)).codes[0], follow(near, anytime, schedule(1, policy=anytime)).codes[0]) == (
        "guardrail",
        "within_margin",
    )


def breaking(repeats: int, fresh: tuple[bool | None, ...], *, depth: int = 10, **more) -> list[Measured]:
    """A suite in which one scenario fails critical criteria in its first conversations, and this often when it is held again."""
    first, *rest = flat(40, 5, depth=depth)
    return [replace(first, critical=frozenset(range(repeats)), fresh=fresh, **more), *rest]


def test_a_catastrophe_is_confirmed_before_it_fails() -> None:
    """Three of five conversations break a critical rule: four fresh ones are asked for, of that scenario alone, and show it too."""
    answer = follow(breaking(3, (True, False, True, True)), POLICY, LATE)
    (asked,) = answer.asked
    assert (asked.purpose, asked.repeats) == (Purpose.CONFIRMATION, {"s00": 4})
    assert (answer.decision, answer.codes) == (Decision.FAIL, ["catastrophe", "within_margin"])
    assert answer.verdict.reasons[0].where == ("s00",)
    assert "s00 (3 of 5 conversations, then 3 of 4 fresh ones; baseline 0 of 20)" in answer.verdict.reasons[0].sentence


def test_what_fresh_conversations_do_not_show_is_a_caution() -> None:
    """None of four fails again: PASS, with a word about it."""
    answer = follow(breaking(3, (False,) * 4), POLICY, LATE)
    assert answer.confirmed == ["s00"]
    assert answer.decision is Decision.PASS
    assert "did not confirm it" in answer.verdict.cautions[0]


def test_an_accident_is_no_catastrophe() -> None:
    """One of five is not far more often than the baseline's none of twenty allows: nothing is held again."""
    answer = follow(breaking(1, (True,) * 4), POLICY, LATE)
    assert (answer.decision, answer.asked) == (Decision.PASS, ())


def test_a_baseline_that_fails_as_often_is_no_catastrophe() -> None:
    """What the baseline does too is known, however bad it is."""
    answer = follow(breaking(3, (True,) * 4, baseline_critical=frozenset(range(12))), POLICY, LATE)
    assert (answer.decision, answer.asked) == (Decision.PASS, ())


def test_fewer_than_five_repeats_are_not_tested() -> None:
    """A run that stops at four repeats has not looked for catastrophes."""
    assert follow(breaking(4, (True,) * 4), POLICY, schedule(4)).asked == ()
    assert follow(breaking(4, (True,) * 4), POLICY, schedule(5)).confirmed == ["s00"]


def test_a_catastrophe_is_confirmed_at_the_look_that_shows_it() -> None:
    """While the mean is still open, four conversations are cheaper than the next look: it is asked for first, and ends the run."""
    table = [replace(noisy(40, 0.2, 5)[0], critical=frozenset(range(5)), fresh=(True,) * 4), *noisy(40, 0.2, 5)[1:]]
    answer = follow(table, POLICY, schedule(5, 10, 20))
    assert (answer.decision, answer.codes[0]) == (Decision.FAIL, "catastrophe")
    assert (answer.confirmed, answer.looks) == (["s00"], [])
    quiet = follow([replace(table[0], fresh=(False,) * 4), *table[1:]], POLICY, schedule(5, 10, 20))
    assert (quiet.confirmed, quiet.looks) == (["s00"], [10, 20])


def test_a_run_that_fails_anyway_confirms_nothing() -> None:
    """The mean is proved to have fallen: no conversation is paid for to say it twice, and a caution names what was seen."""
    table = [replace(one, critical=frozenset(range(5)), fresh=(True,) * 4) for one in flat(40, 4)]
    answer = follow(table, POLICY, LATE)
    assert (answer.decision, answer.asked) == (Decision.FAIL, ())
    assert "No fresh conversations were held" in answer.verdict.cautions[0]
    assert {one["confirmed"] for one in answer.verdict.figures["catastrophes"]} == {None}


def test_too_little_evidence_confirms_nothing() -> None:
    """Nine scenarios never decide, so that nothing is held again either."""
    assert follow(breaking(5, (True,) * 4)[:9], POLICY, LATE).asked == ()


def test_part_of_the_fresh_conversations_is_not_enough() -> None:
    """A confirmation that was cut short is asked for again, as a whole number of conversations."""
    table = breaking(4, (True, True))
    answer = decide(evidence_of(table, LATE, 5, fresh=frozenset({"s00"})), POLICY)
    assert isinstance(answer, NextLook)
    assert answer.repeats == {"s00": 4}


@pytest.mark.parametrize(
    ("critical", "green", "fresh", "decision"),
    [
        (3, (5, 5, 5, None, None), (True,) * 4, Decision.FAIL),
        (1, (5, 5, 5, None, None), (True,) * 4, Decision.INCONCLUSIVE),
        (1, (5, 5, 5, None, None), (False,) * 4, Decision.PASS),
        (3, (5, 5, 5, 5, 5), (None,) * 4, Decision.INCONCLUSIVE),
        (3, (5, 5, 5, 5, 5), (True, True, None, None), Decision.FAIL),
    ],
    ids=["known anyway", "may be one", "cleared", "unheard", "confirmed anyway"],
)
def test_missing_scores_neither_make_nor_hide_a_catastrophe(
    critical: int, green: tuple[int | None, ...], fresh: tuple[bool | None, ...], decision: Decision
) -> None:
    """Conversations without a score may have failed: they are asked about, FAIL nothing by themselves, and let nothing PASS."""
    lax = GatePolicy(missing_gap=0.5, missing_share=0.5, margin=1.0)
    answer = follow(breaking(critical, fresh, green=tone(*green)), lax, schedule(5))
    assert answer.decision is decision
    assert answer.confirmed == ["s00"]
    assert ("missing_scores_open" in answer.codes) == (decision is Decision.INCONCLUSIVE)


def test_crashes_are_critical_failures() -> None:
    """A scenario whose conversations the target ends has failed critically in each of them, whatever the judge would say."""
    first, *rest = flat(40, 5.3, depth=5)
    table = [replace(first, green=tone(*[None] * 5), crashed=frozenset(range(4)), fresh=(True,) * 4), *rest]
    answer = follow(table, GatePolicy(missing_gap=0.5), schedule(5))
    assert answer.confirmed == ["s00"]
    assert answer.decision is Decision.FAIL


def test_side_by_side_counts_the_repeats_that_were_looked_at() -> None:
    """The other arm's conversations beyond the look are not judged yet: they are no evidence for or against anybody."""
    table = [
        replace(one, baseline_critical=frozenset(range(5, 20)) if one.id == "s00" else frozenset()) for one in breaking(4, (True,) * 4)
    ]
    answer = follow(table, POLICY, schedule(5), beside=True)
    assert answer.confirmed == ["s00"]
    (found,) = answer.verdict.figures["catastrophes"]
    assert (found["baseline_failures"], found["baseline_conversations"]) == (0, 5)
