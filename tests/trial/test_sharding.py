"""What a shard holds, and which policies can be held in shards."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SettingsError
from harness.gates.policy import GatePolicy
from harness.records.run import LookSchedule, RunManifest, Shard
from harness.trial.plan import first_wave, keys
from harness.trial.sharding import fixed_sample, refuse_empty, share
from tests.fakes.journalled import MANIFEST, PLAN

INTENTS = ("chitchat", "faq_policy", "order_tracking")


def plan_of(intents: list[str], repeats: int, looks: tuple[int, ...] | None = None) -> RunManifest:
    scenarios = tuple(replace(PLAN, id=f"s{number:03}", intent=intent) for number, intent in enumerate(intents))
    return replace(MANIFEST, scenarios=scenarios, repeats=repeats, schedule=LookSchedule(looks, 0.05) if looks else None)


plans = st.builds(plan_of, st.lists(st.sampled_from(INTENTS), min_size=1, max_size=40), st.integers(1, 9))


def hands(plan: RunManifest, of: int) -> list[frozenset[tuple[str, int]]]:
    return [share(plan, Shard(number, of)) for number in range(1, of + 1)]


def even(counts: list[int]) -> bool:
    return max(counts) - min(counts) <= 1


@given(plans, st.integers(1, 12))
def test_every_conversation_is_dealt_to_one_shard_and_evenly(plan: RunManifest, of: int) -> None:
    """Shares are disjoint and whole, and of all, of each scenario and of each intent no shard holds two more than another."""
    dealt = hands(plan, of)
    assert sum(map(len, dealt)) == len(frozenset().union(*dealt))
    assert frozenset().union(*dealt) == keys(first_wave(plan))
    assert even([len(hand) for hand in dealt])
    for scenario in plan.scenarios:
        assert even([sum(name == scenario.id for name, _ in hand) for hand in dealt])
    for intent in INTENTS:
        of_intent = {scenario.id for scenario in plan.scenarios if scenario.intent == intent}
        assert even([sum(name in of_intent for name, _ in hand) for hand in dealt])


@given(plans, st.integers(1, 6), st.randoms())
def test_the_deal_follows_from_the_plan_alone(plan: RunManifest, of: int, draw) -> None:
    """Neither the order of the files, nor who runs it, nor when, moves a conversation to another shard."""
    order = list(plan.scenarios)
    draw.shuffle(order)
    elsewhere = replace(plan, scenarios=tuple(order), run_id="other", created="2030-01-01T00:00:00Z", git_revision="f" * 40)
    assert hands(elsewhere, of) == hands(plan, of)


def test_no_shard_gets_all_that_is_judged() -> None:
    """Where the judge looks at the first repeats only, each shard holds its part of them, although the repeats fit the shards exactly."""
    judged = [Counter(repeat < 2 for _, repeat in hand)[True] for hand in hands(plan_of(["chitchat"] * 20, 5), 5)]
    assert judged == [8] * 5


def test_a_deeper_look_is_dealt_out_whole() -> None:
    """What is dealt is everything that the one look needs, not the integration gate's repeats alone."""
    assert sum(map(len, hands(plan_of(["chitchat"] * 3, 5, looks=(8,)), 4))) == 24


def test_more_shards_than_conversations_are_refused() -> None:
    """A shard without a share would prove nothing, and is told so."""
    plan = replace(plan_of(["chitchat"], 5), shard=Shard(1, 6))
    with pytest.raises(SettingsError, match="5 conversations only; use at most 5 shards"):
        refuse_empty(plan)


@pytest.mark.parametrize(
    ("policy", "looks"),
    [(GatePolicy(), (5,)), (GatePolicy(cap=12), (12,)), (GatePolicy(looks=(7,)), (7,)), (GatePolicy(policy="point"), None)],
)
def test_a_sharded_run_has_one_look(policy: GatePolicy, looks: tuple[int, ...] | None) -> None:
    """The look is at the cap, or at what is held first; a policy that has one look already is kept as it is."""
    assert fixed_sample(policy, 5).looks == looks


def test_everything_that_needs_a_second_look_is_said_at_once() -> None:
    """Fast policies, anytime stopping, several looks and extensions are mistakes, each with its remedy."""
    with pytest.raises(SettingsError) as refused:
        fixed_sample(GatePolicy(policy="fast", looks=(1, 2), extension=(4,), reserve_alpha=0.01), 5)
    said = str(refused.value).splitlines()
    assert len(said) == 3
    assert all("fixed sample" in line for line in said)
    assert [word in str(refused.value) for word in ("--policy prove", "--repeats or --cap", "reserve_alpha out")] == [True] * 3
    with pytest.raises(SettingsError, match="--stopping planned"):
        fixed_sample(GatePolicy(stopping="anytime"), 5)
