"""What a judge is shown of a conversation."""

from __future__ import annotations

import json

from harness.judging.material import MAX_ENTRIES, MAX_MESSAGE, MAX_TITLES, MaterialRoom
from harness.judging.shown_text import shown_json
from harness.scenarios.model import FactsMatch, Turn
from tests.fakes.small_shop import FACTS, reply, scenario_of, transcript_of

ROOM = MaterialRoom(FACTS)
CASE = scenario_of(Turn(say="Is 進撃の巨人 finished?"), Turn(say="And where is order MA-20883?"), setup={"customer": "C-1"})


def shown(*replies, case=CASE, about_facts=True):
    return ROOM.material(case, transcript_of(*replies, scenario=case), about_facts=about_facts)


def titles(material):
    return [row["id"] for row in material.trusted["catalogue"]]


def test_titles_are_those_that_anybody_named_with_their_other_editions():
    """From either side, in any script, from structured products and from what the scenario expects, in the catalogue's order."""
    expecting = scenario_of(Turn(say="Hello", expect=(FactsMatch(kind="facts", title="vagabond"),)))
    assert titles(shown(reply("Yes, it is."), reply("On its way."))) == ["titan", "titan-colossal"]
    assert titles(shown(reply("Try ワンピース!", {"products": [{"id": "akira"}, "nana", {"id": 7}, "unknown"]}))) == [
        "one-piece", "titan", "titan-colossal", "nana", "akira",
    ]  # fmt: skip
    assert titles(shown(reply("Hello"), case=expecting)) == ["vagabond"]
    assert len(titles(shown(reply(" ".join(title.en for title in FACTS.titles))))) == len(FACTS.titles) <= MAX_TITLES


def test_policies_and_passages_are_for_the_call_about_facts():
    """Quality is judged without them; the titles, with age and price, serve both."""
    answered = reply("Within 14 days.", {"passages": [{"id": "returns", "text": "14 days", "score": 0.9}], "citations": ["returns"]})
    facts, quality = (shown(answered, reply("On its way."), about_facts=about) for about in (True, False))
    assert [one["id"] for one in facts.trusted["policies"]] == ["returns"]
    assert [one["code"] for one in facts.trusted["promotions"]] == ["AUTUMN10"]
    assert facts.recorded == ({"turn": 1, "citations": ["returns"], "passages": [{"id": "returns", "text": "14 days"}]},)
    assert "policies" not in quality.trusted
    assert "spoilers" not in quality.trusted["catalogue"][0]
    assert quality.recorded == ({"turn": 1, "citations": ["returns"]},)
    assert titles(facts) == titles(quality)


def test_policies_are_in_the_language_of_the_conversation():
    """The judge compares the reply with what a customer of that language is told."""
    japanese = scenario_of(Turn(say="返品できますか。"), locale="ja")
    assert shown(reply("はい。"), case=japanese).trusted["policies"][0]["title"] == "返品と返金について"


def test_orders_are_those_of_the_customer_and_those_that_were_named():
    """Whose they are is said by yes or no; an order of somebody else that came up is shown as such."""
    orders = shown(reply("Yes"), reply("It is shipped.")).trusted["orders"]
    assert [(one["number"], one["belongs_to_this_customer"], one["items"][0]["title"]) for one in orders] == [
        ("MA-10417", True, "Naruto"),
        ("MA-20883", False, "Bleach"),
    ]
    assert shown(reply("Yes"), case=scenario_of(Turn(say="Hello"))).trusted["orders"] == []


def test_the_conversation_is_turn_role_and_text_in_order():
    """A reply follows its message under the same number; very long ones say how much is left out."""
    material = shown(reply("x" * (MAX_MESSAGE + 5)), reply("On its way."))
    assert [(line["turn"], line["role"]) for line in material.transcript] == [(1, "user"), (1, "assistant"), (2, "user"), (2, "assistant")]
    assert material.transcript[1]["text"].endswith("[… 5 more characters are not shown]")
    assert material.trusted["replies_are_due_in"] == {"1": "en", "2": "en"}


def test_whatever_a_payload_holds_is_bounded_and_plain():
    """Endless lists, nesting, numbers that are none and other shapes are cut to what can be read."""
    wild = {
        "products": [{"id": f"p{number}"} for number in range(500)],
        "actions": [
            {"type": "refund", "amount": float("nan"), "deep": {"a": {"b": 1}}, "note": "x" * 9000, "done": True},
            "cancel",
            7,
            [1],
            None,
        ],
        "citations": {"id": "returns"},
        "passages": ["text", {"id": 5, "text": ["x"]}, {"text": "y" * 9000}],
    }
    (entry,) = shown(reply("Hello", wild), reply("Bye", ["no", "object"])).recorded
    assert len(entry["products"]) == MAX_ENTRIES
    assert entry["actions"][0].keys() == {"type", "note", "done"}
    assert entry["actions"][1:3] == ["cancel", 7]
    assert "citations" not in entry
    assert len(json.dumps(entry)) < 6000
    assert json.loads(shown_json(entry)) == entry
