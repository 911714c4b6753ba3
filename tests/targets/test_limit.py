"""The limit of turns at once, as a pure state: never below one, never above what was allowed, one cut for each round trip, and back again."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.targets.limit import (
    BREAKS_S,
    FIRST,
    LONGEST_PAUSE_S,
    OUTAGE_S,
    Answered,
    Refused,
    Stated,
    Unanswered,
    limit_of,
)

CHOSEN = st.one_of(st.just("adaptive"), st.integers(1, 1000))
MOST = st.integers(1, 1000)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from((Answered, Unanswered, Refused, Stated)),
        st.floats(0.001, 5),
        st.floats(0, 10),
        st.floats(0, 100),
        st.integers(0, 1000),
    ),
    max_size=60,
)


def told(events):
    """Yield events as time passes: each so long after the last, and of a turn that began so long before."""
    now = 0.0
    for kind, passed, age, seconds, number in events:
        now += passed
        match kind.__name__:
            case "Answered":
                yield Answered(now - age, now, seconds, number)
            case "Unanswered":
                yield Unanswered(now - age, now, seconds)
            case "Refused":
                yield Refused(now - age, now, seconds if number % 2 else None)
            case _:
                yield Stated(now, number, seconds, number % 7)


@given(CHOSEN, MOST, EVENTS)
def test_a_limit_stays_within_its_bounds_whatever_happens(chosen, most, events):
    """At least one turn is let through, never more than were allowed, and what is told about it afterwards is true."""
    limit = limit_of(chosen, most, 1.5)
    seen = [int(limit.turns)]
    for event in told(events):
        limit = limit.after(event)
        seen.append(int(limit.turns))
        assert 1 <= limit.turns <= most
        assert limit.admits(0, math.inf)
        assert not limit.admits(most, math.inf)
    assert (limit.tally().lowest, limit.tally().highest) == (min(seen), max(seen))
    if chosen != "adaptive":
        assert len(set(seen)) == 1


@given(MOST, EVENTS)
def test_it_halves_at_most_once_for_each_round_trip(most, events):
    """Between two cuts something was sent and came back; and no cut takes more than half."""
    limit = limit_of("adaptive", most, 1.5)
    last_cut = -math.inf
    for event in told(events):
        before, limit = limit, limit.after(event)
        assert limit.turns >= max(1.0, before.turns / 2)
        if limit.turns < before.turns:
            assert event.sent_s > last_cut
            last_cut = event.now_s


@given(st.integers(1, 20), EVENTS)
def test_it_recovers_from_everything(most, events):
    """Whatever it went through, answers bring it back to all that was allowed, at the latest after a turn more in each round."""
    limit = limit_of("adaptive", most, 1e9)
    for event in told(events):
        limit = limit.after(event)
    now = 1e6
    for _ in range(most + 1):
        for _ in range(int(limit.turns) + 1):
            limit = limit.after(Answered(now, now + 1, 1.0, most))
        now += 1
    assert int(limit.turns) == most


@given(CHOSEN, EVENTS)
def test_a_pause_is_never_longer_than_promised(chosen, events):
    """However long a target asks us to wait, turns may begin again within a minute of the last thing that it said."""
    limit = limit_of(chosen, 50, 1.5)
    for event in told(events):
        limit = limit.after(event)
        assert limit.opens_s(event.now_s) <= event.now_s + LONGEST_PAUSE_S


def test_it_begins_with_few_and_doubles_with_each_round():
    """Five hundred conversations are not let loose on a target of which nothing is known; four fifths of a minute of growth would be too slow."""
    limit = limit_of("adaptive", 500, 1.5)
    rounds = [int(limit.turns)]
    for now in range(1, 6):
        for _ in range(int(limit.turns)):
            limit = limit.after(Answered(now - 1, now, 1.0, int(limit.turns)))
        rounds.append(int(limit.turns))
    assert rounds == [FIRST, 32, 64, 128, 256, 500]


def test_one_overload_that_many_turns_hear_of_is_one_cut():
    """Forty refusals of one burst halve the limit once; the next one that was sent afterwards halves it again."""
    limit = limit_of("adaptive", 16, 1.5)
    for number in range(10):
        limit = limit.after(Refused(0.0, 0.1 + number / 100))
    assert (limit.turns, limit.cuts) == (8, 1)
    limit = limit.after(Refused(0.15, 0.3))
    assert (limit.turns, limit.cuts) == (4, 2)


def test_after_trouble_it_comes_back_quickly_to_half_and_then_slowly():
    """A target that was away is soon asked as before; what was too much is approached one turn a round."""
    limit = limit_of("adaptive", 16, 1.5)
    for number in range(1, 6):
        limit = limit.after(Refused(number, number + 0.1))
    assert (limit.turns, limit.threshold) == (1, 8)
    sizes = []
    for now in range(100, 112):
        for _ in range(int(limit.turns)):
            limit = limit.after(Answered(now, now + 1, 1.0, int(limit.turns)))
        sizes.append(int(limit.turns))
    assert sizes[:3] == [2, 4, 8]
    assert all(after - before <= 1 for before, after in pairwise(sizes[2:]))
    assert sizes[-1] >= 15


def test_an_idle_limit_proves_nothing():
    """Answers while hardly anything is under way do not raise what was never tried."""
    limit = limit_of("adaptive", 500, 1.5)
    for now in range(1, 100):
        limit = limit.after(Answered(now - 1, now, 1.0, 7))
    assert limit.turns == FIRST


def paced(limit, took_s, rounds, began=0.0):
    """Return the limit after rounds of answers that took so long."""
    for number in range(rounds * 64):
        now = began + number
        limit = limit.after(Answered(now, now + 0.5, took_s, 16))
    return limit


def test_slowness_that_our_own_load_made_is_met_with_fewer_turns():
    """Twice the usual time, and half of what makes a reply late: the limit falls, and comes back once things are quick again."""
    limit = paced(limit_of("adaptive", 16, 1.5), 1.0, 3)
    slowed = paced(limit, 4.0, 1, began=1000)
    assert slowed.turns < 16
    assert paced(slowed, 1.0, 20, began=10_000).turns == 16


@pytest.mark.parametrize(("usual_s", "then_s"), [(0.1, 1.4), (1.0, 1.9), (4.0, 7.0)], ids=["in time", "not twice", "slow by nature"])
def test_slowness_that_is_not_ours_is_left_alone(usual_s, then_s):
    """Quick enough all the same, hardly slower than usual, or slow from the beginning: fewer turns at once would only make a longer run."""
    limit = paced(limit_of("adaptive", 16, 1.5), usual_s, 3)
    assert paced(limit, then_s, 20, began=1000).turns == 16


def test_a_target_that_became_slower_for_good_is_taken_as_it_is():
    """Two cuts that made nothing quicker are enough to learn its pace, and the limit comes back."""
    limit = paced(limit_of("adaptive", 16, 1.5), 1.0, 3)
    slower = paced(limit, 4.0, 30, began=1000)
    assert (slower.turns, slower.cuts, slower.usual_s) == (16, 2, pytest.approx(4.0))


def test_one_turn_that_hangs_is_no_overload():
    """A bot that hangs in one conversation of ten is the bot's failure, and slows nobody else down."""
    limit = limit_of("adaptive", 16, 1.5)
    for number in range(2000):
        event = Unanswered(number, number + 0.5, 10.0) if number % 10 == 0 else Answered(number, number + 0.5, 1.0, 16)
        limit = limit.after(event)
    assert (limit.turns, limit.cuts) == (16, 0)


@pytest.mark.parametrize("chosen", ["adaptive", 8])
def test_a_pause_that_is_asked_for_holds_for_all_turns(chosen):
    """Retry-After closes the door for everybody, whether the limit adapts or is fixed; an hour is nothing that others wait for."""
    limit = limit_of(chosen, 16, 1.5).after(Refused(0.0, 1.0, pause_s=5.0))
    assert not limit.admits(0, 5.9)
    assert limit.admits(0, 6.0)
    assert limit.pauses == 1
    assert limit_of(chosen, 16, 1.5).after(Refused(0.0, 1.0, pause_s=3600.0)).admits(0, 1.0)


def test_what_is_left_is_shared_out_until_it_is_renewed():
    """Three are welcome, one of ours is on its way already: two may begin, and the next only when the count begins anew."""
    limit = limit_of("adaptive", 16, 1.5).after(Stated(10.0, 3, 20.0, 1))
    assert limit.admits(1, 10.0)
    limit = limit.admitted(10.0).admitted(10.0)
    assert not limit.admits(3, 29.9)
    assert limit.opens_s(29.9) == 30.0
    assert limit.admits(3, 30.0)
    renewed = limit
    for _ in range(4):
        assert renewed.admits(3, 30.0)
        renewed = renewed.admitted(30.0)
    assert renewed.opens_s(30.0) == 50.0


def test_an_outage_is_probed_with_pauses_that_double_and_only_for_a_minute():
    """A target that answered before gets time to come back; one that stays away, or never answered, gets none."""
    limit = limit_of("adaptive", 16, 1.5).after(Answered(0.0, 0.5, 0.5, 16))
    now, pauses = 10.0, []
    while now < 10 + OUTAGE_S + 20:
        limit = limit.after(Refused(now, now + 0.01))
        pauses.append(max(0.0, limit.opens_s(now) - now - 0.01))
        now += max(0.1, pauses[-1]) + 0.01
    lasting = [pause for pause in pauses if pause]
    assert lasting == pytest.approx([BREAKS_S[0] * 2**number for number in range(6)] + [BREAKS_S[1]] * (len(lasting) - 6))
    assert pauses[:2] == [0, 0]
    assert pauses[-1] == 0
    never = limit_of("adaptive", 16, 1.5)
    for number in range(10):
        never = never.after(Refused(number, number + 0.5))
    assert (never.pauses, never.turns) == (0, 1)
