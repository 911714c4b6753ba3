"""Whole conversations, checked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.expectations.check import CheckContext, check
from harness.expectations.finding import FindingOutcome
from harness.scenarios.model import (
    AsksFor,
    Cites,
    Contains,
    DoesNotAskFor,
    Excludes,
    FactsMatch,
    FieldEquals,
    FieldPresent,
    JsonSchema,
    Matches,
    MaxLength,
    RepliesWithin,
    Severity,
    Status,
    Turn,
)
from harness.scenarios.rubric import load_rubric
from harness.targets.protocol import FailureKind, Owner, TargetIdentity
from tests.fakes.small_shop import FACTS, RUBRIC, failure, reply, scenario_of, transcript_of

MET, UNMET, NOT_REACHED = FindingOutcome.MET, FindingOutcome.UNMET, FindingOutcome.NOT_REACHED
GOOD = "Naruto is ¥528 per volume, and it is in stock for you."
EVERY_KIND = (
    Contains(kind="contains", any=("Naruto",)),
    Excludes(kind="excludes", any=("One Piece",)),
    Matches(kind="matches", pattern="naruto"),
    FieldEquals(kind="field_equals", path="intent", value="product_question"),
    FieldPresent(kind="field_present", path="products"),
    JsonSchema.model_validate({"kind": "json_schema", "schema": {"type": "object"}}),
    Status(kind="status"),
    RepliesWithin(kind="replies_within"),
    MaxLength(kind="max_length", characters=300),
    Cites(kind="cites"),
    FactsMatch(kind="facts", title="naruto", attributes=("price",)),
    AsksFor(kind="asks_for", slot="budget", severity=Severity.SHOULD),
    DoesNotAskFor(kind="does_not_ask_for", slot="email"),
)
PAYLOAD = {
    "intent": "product_question",
    "products": [{"id": "naruto", "price_yen": 528}],
    "citations": [{"id": "a"}],
    "passages": [{"id": "a"}],
}


def outcomes(findings, turn=1):
    return {(finding.kind, finding.index): finding.outcome for finding in findings if finding.turn == turn}


def test_a_good_reply_meets_what_is_expected_of_it(context):
    """Standing findings come first with index -1, own ones follow in their order, two of them in their stead; all but the planted one are met."""
    scenario = scenario_of(Turn(say="How much is Naruto?", expect=EVERY_KIND))
    findings = check(scenario, transcript_of(reply(GOOD, PAYLOAD), scenario=scenario), context)
    assert [finding.index for finding in findings] == [-1] * 3 + list(range(len(EVERY_KIND)))
    assert [finding.kind for finding in findings[3:]] == [expectation.kind for expectation in EVERY_KIND]
    assert {finding.kind for finding in findings if finding.outcome is not MET} == {"asks_for"}
    assert not any(finding.failed_must for finding in findings)


@pytest.mark.parametrize("kind", [FailureKind.SERVER_ERROR, FailureKind.CUT, FailureKind.TIMEOUT, FailureKind.UNREADABLE])
def test_a_failed_turn_fails_all_that_must_hold_of_it(context, kind):
    """What should hold is not reached; what must hold is unmet, and the evidence names the failure."""
    scenario = scenario_of(Turn(say="Hello", expect=EVERY_KIND), Turn(say="And?"))
    findings = check(scenario, transcript_of(failure(kind), scenario=scenario), context)
    first = [finding for finding in findings if finding.turn == 1]
    assert all(finding.outcome is (UNMET if finding.severity is Severity.MUST else NOT_REACHED) for finding in first)
    assert all(kind.value in finding.evidence for finding in first)
    assert {finding.outcome for finding in findings if finding.turn == 2} == {NOT_REACHED}


def test_an_error_status_is_never_graded_as_an_answer(context):
    """A perfect body that came with HTTP 500 fails everything that must hold."""
    scenario = scenario_of(Turn(say="How much is Naruto?", expect=EVERY_KIND))
    findings = check(scenario, transcript_of(reply(GOOD, PAYLOAD, status=500), scenario=scenario), context)
    assert all(finding.outcome is not MET for finding in findings)
    assert all(finding.failed_must for finding in findings if finding.severity is Severity.MUST)


def test_another_status_of_success_is_an_answer_where_the_turn_expects_it(context):
    """A turn that expects 202 gets its reply checked; with 200 it fails only that expectation."""
    scenario = scenario_of(Turn(say="Hello", expect=(Status(kind="status", any=(202,)), Contains(kind="contains", any=("Naruto",)))))
    accepted = check(scenario, transcript_of(reply(GOOD, status=202), scenario=scenario), context)
    assert {finding.outcome for finding in accepted} == {MET}
    plain = check(scenario, transcript_of(reply(GOOD), scenario=scenario), context)
    assert {finding.kind for finding in plain if finding.outcome is UNMET} == {"status"}


@pytest.mark.parametrize("status", [0, 199, 300, 404, 503])
def test_no_expectation_can_accept_a_failure_of_the_target(status):
    """A status outside 200-299 is refused with the reason when a scenario is read."""
    with pytest.raises(ValidationError, match="failure of the target"):
        Status(kind="status", any=(status,))


def test_our_own_trouble_fails_nothing(context):
    """A turn that the infrastructure lost is not reached, whatever was expected."""
    scenario = scenario_of(Turn(say="Hello", expect=EVERY_KIND))
    lost = failure(FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE, "connection refused")
    findings = check(scenario, transcript_of(lost, scenario=scenario, ended=EndReason.INFRASTRUCTURE), context)
    assert {finding.outcome for finding in findings} == {NOT_REACHED}


def test_a_slow_reply_is_late_by_the_contexts_limit_or_the_expectations(context):
    """The default limit is the target's; an expectation may set its own."""
    own = Turn(say="Hello", expect=(RepliesWithin(kind="replies_within", seconds=5.0),))
    for turn, index, expected in ((Turn(say="Hello"), -1, UNMET), (own, 0, MET)):
        scenario = scenario_of(turn)
        found = outcomes(check(scenario, transcript_of(reply(GOOD, latency_s=3.5), scenario=scenario), context))
        assert found["replies_within", index] is expected


@pytest.mark.parametrize(
    ("locale", "language", "text", "expected"),
    [
        ("en", None, "『ナルト』は1冊528円です。在庫もございますので、ご安心ください。", UNMET),
        ("ja", None, "『ナルト』は1冊528円です。在庫もございますので、ご安心ください。", MET),
        ("en", "ja", "『ナルト』は1冊528円です。在庫もございますので、ご安心ください。", MET),
        ("ja", None, "Naruto costs 528 yen, and it is in stock for you.", UNMET),
        ("en", None, "Yes.", NOT_REACHED),
    ],
)
def test_the_users_language_is_the_turns_else_the_scenarios(context, locale, language, text, expected):
    """A reply in the other language fails; one too short to tell is not reached."""
    scenario = scenario_of(Turn(say="x", language=language), locale=locale)
    assert outcomes(check(scenario, transcript_of(reply(text), scenario=scenario), context))["language_is", -1] is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("あ" * 301, UNMET), ("あ" * 300, MET), ("a b c d e " * 61, UNMET), ("it is in the house " * 30, MET)]
)
def test_length_is_held_against_the_language_of_the_reply(context, text, expected):
    """Japanese says the same in fewer characters, so its limit is lower."""
    scenario = scenario_of(Turn(say="x", expect=(MaxLength(kind="max_length", characters=600, characters_ja=300),)))
    assert outcomes(check(scenario, transcript_of(reply(text), scenario=scenario), context))["max_length", 0] is expected


def test_a_limit_for_japanese_is_half_of_the_english_one_by_default(context):
    """Without characters_ja the limit of a Japanese reply is half of characters."""
    scenario = scenario_of(Turn(say="x", expect=(MaxLength(kind="max_length", characters=100),)))
    found = outcomes(check(scenario, transcript_of(reply("あ" * 51), scenario=scenario), context))
    assert found["max_length", 0] is UNMET


def test_captured_values_reach_later_expectations(context):
    """What an earlier reply carried is rendered into texts and values; a value that none carried makes the expectation unmet."""
    scenario = scenario_of(
        Turn(say="Recommend one", capture={"first": "products[0].id", "stock": "products[0].stock", "none": "nothing"}),
        Turn(
            say="Another",
            expect=(
                Excludes(kind="excludes", any=("{{ captured.first }}",)),
                Contains(kind="contains", all=("{{ captured.stock }}",)),
                FieldEquals(kind="field_equals", path="products[0].stock", value="{{ captured.stock }}"),
                Contains(kind="contains", any=("{{ captured.none }}",)),
            ),
        ),
    )
    first = reply("How about this one for you?", {"products": [{"id": "naruto", "stock": 19}]})
    second = reply("Then Naruto again, 19 left.", {"products": [{"stock": 19}]})
    findings = check(scenario, transcript_of(first, second, scenario=scenario), context)
    own = [finding for finding in findings if finding.turn == 2 and finding.index >= 0]
    assert [finding.outcome for finding in own] == [UNMET, MET, MET, UNMET]
    assert "captured.none" in own[3].evidence


def test_a_capture_that_did_not_come_is_a_failed_must_at_its_turn(context):
    """The finding names the capture, its path and the turn that needs it, and stands where the reply lacked it; others are no fault."""
    scenario = scenario_of(
        Turn(say="Recommend one", capture={"first": "products[0].id", "unused": "nothing"}),
        Turn(say="Thanks"),
        Turn(say="How much is {{ captured.first }}?"),
    )
    bare = reply("How about this one for you?", {"products": []})
    transcript = transcript_of(bare, bare, scenario=scenario, ended=EndReason.CAPTURE_MISSING)
    findings = check(scenario, transcript, context)
    (missing,) = (finding for finding in findings if finding.kind == "capture")
    assert (missing.turn, missing.failed_must) == (1, True)
    assert missing.evidence == "the reply carries no 'first' (capture products[0].id), which turn 3 needs"
    assert [finding.turn for finding in findings] == sorted(finding.turn for finding in findings)
    whole = transcript_of(bare, bare, bare, scenario=scenario)
    assert not any(finding.kind == "capture" for finding in check(scenario, whole, context))


def test_a_part_of_a_captured_value_that_is_missing_is_said(context):
    """The capture came, but not the part of it that the next turn uses."""
    scenario = scenario_of(Turn(say="Recommend one", capture={"first": "products[0]"}), Turn(say="{{ captured.first.title }}?"))
    transcript = transcript_of(reply("This one.", {"products": [{"id": "naruto"}]}), scenario=scenario, ended=EndReason.CAPTURE_MISSING)
    (missing,) = (finding for finding in check(scenario, transcript, context) if finding.kind == "capture")
    assert (missing.turn, missing.evidence) == (1, "turn 2 could not be said: no reply carried a value that it needs")


def test_the_user_may_give_data_in_any_earlier_turn(context):
    """What was said in turn one is no leak in turn two, and what is said later is one before."""
    scenario = scenario_of(Turn(say="Hello"), Turn(say="I am ken@example.com"), Turn(say="So?"))
    text = "We write to ken@example.com then, as you wish."
    findings = check(scenario, transcript_of(reply(text), reply(text), reply(text), scenario=scenario), context)
    assert [finding.outcome for finding in findings if finding.kind == "no_pii"] == [UNMET, MET, MET]


def test_an_apology_is_a_failed_turn_unless_it_is_right(context):
    """Answering 200 with an apology fails; the same words pass where the turn allows them."""
    sorry = reply("I'm sorry, I am unable to help with that right now.")
    for turn, expected in ((Turn(say="x"), True), (Turn(say="x", apology_ok=True), False)):
        scenario = scenario_of(turn)
        assert any(finding.failed_must for finding in check(scenario, transcript_of(sorry, scenario=scenario), context)) is expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["products", "citations", "passages", "id", "intent"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.text(max_size=200), json_values, st.integers(100, 599))
def test_whatever_comes_back_there_is_a_finding_for_each_expectation(text, payload, status):
    """No reply, however odd, raises or loses a finding; evidence is one bounded text that can be written."""
    scenario = scenario_of(
        Turn(say="x", expect=EVERY_KIND, capture={"a": "products"}), criteria=("cites_source", "politeness", "catalogue_facts")
    )
    context = CheckContext(FACTS, _RUBRIC, 3.0)
    findings = check(scenario, transcript_of(reply(text, payload, status=status), scenario=scenario), context)
    assert len(findings) == 3 + 3 + len(EVERY_KIND)
    assert all(finding.evidence.encode("utf-8") and len(finding.evidence) <= 300 for finding in findings)


_RUBRIC = load_rubric(RUBRIC)


def test_a_transcript_without_exchanges_reaches_nothing(context):
    """A conversation that never began is no evidence, and no pass either."""
    scenario = scenario_of(Turn(say="x", expect=EVERY_KIND))
    empty = Transcript("example", 0, 1, TargetIdentity("shop", "http://127.0.0.1"), (), EndReason.CAPTURE_MISSING)
    findings = check(scenario, empty, context)
    assert {finding.outcome for finding in findings} == {NOT_REACHED}
    hollow = Transcript("example", 0, 1, empty.target, (Exchange(1, "x", None, None, ()),), EndReason.COMPLETED)
    assert {finding.outcome for finding in check(scenario, hollow, context)} == {NOT_REACHED}
