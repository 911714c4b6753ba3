"""What makes simulated and varied conversations comparable, and which committed lines are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.scenarios.load import Suite
from harness.simulated_users.committed import check_committed
from harness.simulated_users.identity import as_played, goal_slots_fingerprint
from harness.variants.tables import shipped_tables
from tests.fakes.gift_shop import CONTEXT, simulated
from tests.fakes.small_shop import NAMES, scenario_of

TABLES = shipped_tables()


def test_who_plays_is_in_the_fingerprint_of_what_is_played_and_of_nothing_else():
    """A plain script keeps its fingerprint; a simulated one has another for every player, a varied one for every table."""
    plain, varied = scenario_of(), replace(scenario_of(), id="varied", variants=("typos",))
    suite = Suite((plain, varied, simulated()), CONTEXT.facts, CONTEXT.rubric, Path(), "")
    slots, model = (as_played(suite, player, TABLES) for player in (goal_slots_fingerprint(TABLES), "model"))
    other = as_played(suite, "model", TABLES.model_copy(update={"typos": TABLES.typos[:1]}))
    prints = [[one.fingerprint for one in played.scenarios] for played in (slots, model, other)]
    assert {row[0] for row in prints} == {plain.fingerprint}
    assert prints[0][1] == prints[1][1] != prints[2][1]
    assert prints[0][2] != prints[1][2] == prints[2][2]
    assert len({slots.fingerprint, model.fingerprint, other.fingerprint}) == 3


def test_a_committed_line_that_breaks_the_contract_is_a_mistake_at_its_place():
    """Every such line is told, with scenario, path and rule, before anything is held."""
    bad = simulated(opening={"en": ["How can I help you?", "Hi!"]}, impatient={"en": ["おすすめの漫画を教えてください。"]})
    with pytest.raises(SourceError) as raised:
        check_committed([simulated(), bad], NAMES.any_language)
    assert [str(one).split(": ", 2)[2][:40] for one in raised.value.mistakes] == [
        'user.impatient.en.0 is not in English ("', 'user.opening.en.0 speaks as the shop ("H',
    ]  # fmt: skip
