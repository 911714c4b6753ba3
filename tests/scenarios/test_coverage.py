"""Coverage counts what a suite covers, and names what it does not."""

from harness.scenarios.coverage import coverage


def test_scenarios_are_counted_by_intent_locale_tag_and_criterion(workshop, write_scenario):
    """Clusters count once, empty cells are there with 0, and they are named as uncovered."""
    ours = {"id": "hello", "intent": "chitchat", "locale": "ja", "dimensions": "[tone]", "must_pass": "true"}
    workshop.write(
        write_scenario("examples: [{name: a}, {name: b}]\nturns: [{say: hi}, {say: ho}]", tags="[prices]"),
        write_scenario(**ours),
    )
    counted = coverage(workshop.load().scenarios)
    assert (counted.scenarios, counted.clusters, counted.turns, counted.multi_turn, counted.must_pass) == (3, 2, 5, 2, 1)
    assert counted.by_intent["product_question"] == {"en": 2, "ja": 0}
    assert counted.by_tag == {"prices": 2}
    assert counted.by_dimension == {"groundedness": 2, "tone": 1}
    assert counted.by_criterion == {"catalogue_facts": 2, "polite_form": 1}
    assert ("chitchat", "en") in counted.uncovered
    assert ("chitchat", "ja") not in counted.uncovered
