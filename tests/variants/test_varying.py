"""Who says a conversation in a variant of its wording."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.conversations.drive import drive
from harness.conversations.speaker import ScriptedSpeaker
from harness.conversations.transcript import Transcript
from harness.scenarios.model import Turn
from harness.variants.tables import shipped_tables
from harness.variants.varying import VaryingSpeaker, drawn_variant
from tests.fakes.gift_shop import lines, opening_of
from tests.fakes.scripted_target import ScriptedTarget, reply
from tests.fakes.small_shop import NAMES, scenario_of

pytestmark = pytest.mark.anyio
SCRIPT = scenario_of(
    Turn(say="How much is Naruto?", capture={"id": "products[0].id"}), Turn(say="And how much is {{ captured.id }}?"), Turn(say="Thanks.")
)


async def varied(kind, seed=1) -> Transcript:
    """Hold the script in a variant."""
    speaker = VaryingSpeaker(ScriptedSpeaker(SCRIPT.turns), kind, seed, NAMES, shipped_tables(), frozenset({2}))
    target = ScriptedTarget(lambda *_: reply("550 yen", {"products": [{"id": "How much is"}]}))
    return await drive(SCRIPT, opening_of(SCRIPT, seed), target, speaker)


async def test_the_record_says_which_variant_it_was_and_where_it_changed_anything():
    """What a reply gave is said as it was, whatever it looks like; a turn without anything to vary is not counted as varied."""
    transcript = await varied("paraphrase")
    assert lines(transcript)[0] != "How much is Naruto?"
    assert lines(transcript)[1:] == ["And how much is How much is?", "Thanks."]
    assert (transcript.variant.kind, transcript.variant.seed, transcript.variant.changed) == ("paraphrase", 1, (1,))


async def test_the_wording_as_written_is_one_of_the_variants():
    """It is noted as such, so that the others can be held against it."""
    transcript = await varied(None)
    assert lines(transcript)[0] == "How much is Naruto?"
    assert (transcript.variant.kind, transcript.variant.changed) == ("as_written", ())


def test_each_kind_is_as_likely_as_the_wording_as_written_whatever_the_repeat():
    """Drawn from the seed alone, so that one repeat and twenty sample the same mixture; the order in which kinds are named is no matter."""
    kinds = ("typos", "politeness", "paraphrase")
    counts = Counter(drawn_variant(kinds, seed) for seed in range(4000))
    assert set(counts) == {None, *kinds}
    assert all(900 < count < 1100 for count in counts.values())
    assert all(drawn_variant(kinds, seed) == drawn_variant(kinds[::-1], seed) for seed in range(50))
