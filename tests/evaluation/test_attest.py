"""The proof that the intended build answered, and only that one."""

from __future__ import annotations

import pytest

from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.evaluation.attest import BuildWatch, build_of, build_problems, builds_match
from harness.records.run import Assignment, ConversationRecord, Purpose
from harness.targets.protocol import FailureKind, Owner, Reply, TargetIdentity, TransportFailure

GREEN = "0123456789abcdef0123456789abcdef01234567"
BLUE = "fedcba98765432100123456789abcdef01234567"


def held(*builds, scenario="price", repeat=3):
    """Return a conversation whose replies state these builds; `failed:BUILD` is a failure that states one."""
    exchanges = tuple(_exchange(turn, build) for turn, build in enumerate(builds, start=1))
    transcript = Transcript(scenario, repeat, 1, TargetIdentity("green", "http://x"), exchanges, EndReason.COMPLETED)
    return ConversationRecord(Assignment(scenario, repeat, 1, Purpose.LOOK), transcript, (), None)


def _exchange(turn, build):
    if build is not None and build.startswith("failed:"):
        failure = TransportFailure(FailureKind.SERVER_ERROR, Owner.TARGET, "HTTP 500", build=build.removeprefix("failed:") or None)
        return Exchange(turn, "hi", None, failure, ())
    return Exchange(turn, "hi", Reply("hello", 200, {}, 0.1, build), None, ())


@pytest.mark.parametrize(
    ("one", "other", "match"),
    [
        (GREEN, GREEN, True),
        (GREEN[:7], GREEN, True),
        (GREEN, GREEN[:12].upper(), True),
        (GREEN[:6], GREEN, False),
        (GREEN[:7], BLUE, False),
        ("v1.2.3", "v1.2.3", True),
        ("v1.2.3", "v1.2.3-rc1", False),
        ("release", "release-7", False),
    ],
)
def test_builds_match_exactly_or_by_seven_hexadecimal_digits(one, other, match):
    """A shortened revision is the same build; a prefix of any other name is not."""
    assert builds_match(one, other) is match


@pytest.mark.parametrize("expected", [None, GREEN, GREEN[:7]])
def test_one_build_that_is_the_expected_one_proves_the_run(expected):
    """Replies, failures and the version endpoint agree: nothing to say."""
    records = [held(GREEN, f"failed:{GREEN}"), held("failed:", repeat=4)]
    assert build_problems(records, GREEN, GREEN, expected, attested=True) == ()
    assert build_of(records) == GREEN


@pytest.mark.parametrize(
    ("records", "before", "after", "expected", "said"),
    [
        ([held(GREEN, BLUE)], None, None, None, "scenario price, repeat 3, turn 2: build fedcba98"),
        ([held(GREEN), held(f"failed:{BLUE}", repeat=5)], None, None, None, "repeat 5, turn 1"),
        ([held(GREEN, None)], None, None, None, "scenario price, repeat 3, turn 2: the reply states no build"),
        ([held(GREEN)], None, None, BLUE, "scenario price, repeat 3, turn 1: build 0123"),
        ([held(GREEN)], BLUE, None, None, "turn 1: build 0123"),
        ([held(GREEN)], GREEN, BLUE, None, "version endpoint after the run: build fedc"),
        ([held("failed:")], None, None, None, "scenario price, repeat 3, turn 1: HTTP 500"),
        ([held("failed:"), held("failed:", repeat=4)], GREEN, GREEN, GREEN, "first of 2: scenario price, repeat 3, turn 1: HTTP 500"),
        ([], None, None, GREEN, "no answer stated a build"),
    ],
    ids=[
        "mixed",
        "failure of another",
        "missing",
        "unexpected",
        "other before",
        "other after",
        "nothing stated",
        "only the endpoint states",
        "nothing held",
    ],
)
def test_a_build_that_is_missing_different_or_changing_is_named_with_its_turn(records, before, after, expected, said):
    """Each way to measure the wrong thing is a problem that names its place."""
    (problem,) = build_problems(records, before, after, expected, attested=True)
    assert said in problem


def test_the_version_endpoint_is_witness_enough_where_no_whole_answer_came():
    """Dropped connections and time-outs are the target's failure; they cannot state a build, and are judged, not excused."""
    cut = TransportFailure(FailureKind.CUT, Owner.TARGET, "closed")
    transcript = Transcript(
        "price", 3, 1, TargetIdentity("green", "http://x"), (Exchange(1, "hi", None, cut, ()),), EndReason.TARGET_FAILURE
    )
    record = ConversationRecord(Assignment("price", 3, 1, Purpose.LOOK), transcript, (), None)
    assert build_problems([record], GREEN, GREEN, GREEN, attested=True) == ()
    assert "no answer stated a build" in build_problems([record], None, None, None, attested=True)[0]


def test_many_wrong_answers_make_one_sentence():
    """The first place and the number of others are enough."""
    (problem,) = build_problems([held(BLUE, BLUE, BLUE)], None, None, GREEN, attested=True)
    assert "turn 1" in problem
    assert "2 more" in problem


def test_an_unattested_target_is_not_checked_unless_a_build_is_expected():
    """Declared absence of proof is accepted, but never together with a demand for it."""
    assert build_problems([held(None, GREEN)], None, None, None, attested=False) == ()
    (problem,) = build_problems([held(None)], None, None, GREEN, attested=False)
    assert "unattested" in problem


def test_the_watch_tells_at_once_and_knows_what_the_version_endpoint_said():
    """A wrong build ends a run at its first answer, not at its end."""
    watch = BuildWatch(None, attested=True, known=GREEN)
    assert watch.observe(held(GREEN, GREEN[:10])) is None
    assert "turn 2" in watch.observe(held(GREEN, BLUE))
    assert BuildWatch(GREEN, attested=False).observe(held(BLUE, None)) is None


def test_mixed_builds_are_no_build():
    """A run that saw two builds cannot name one."""
    assert build_of([held(GREEN), held(BLUE)]) is None
    assert build_of([held(None)]) is None
    assert build_of([held(GREEN[:8]), held(GREEN)]) == GREEN


def test_a_build_that_was_in_order_does_not_vouch_for_another():
    """After conversations with the right build, a wrong one and a silent one are still seen, each with its own place."""
    watch = BuildWatch(GREEN[:7], attested=True)
    assert [watch.observe(held(GREEN, GREEN, repeat=repeat)) for repeat in range(3)] == [None] * 3
    assert watch.observe(held(GREEN, BLUE, repeat=3)).startswith("scenario price, repeat 3, turn 2: build fedcba98")
    assert watch.observe(held(GREEN, None, repeat=4)).startswith("scenario price, repeat 4, turn 2: the reply states no build")
    assert [watch.observe(held(GREEN)), watch.observe(held(f"failed:{GREEN[:7]}"))] == [None, None]
