from __future__ import annotations

from dataclasses import replace

from harness.demo.draft import Chance, Draft, Say
from harness.demo.flaws import with_flaws
from harness.demo.wording import text_of
from harness.facts import Facts

TURNS = 4000


def test_about_one_turn_in_eight_is_flawed_in_something_harmless(facts: Facts) -> None:
    """Flaws are there for a judge to find, and the sentences about facts survive all of them."""
    title = facts.title_by_id["akira"]
    draft = Draft("product_question", (Say("price", {"title": title}), Say("closing")), products=(title,), evidence=(title,))
    replies = [with_flaws(draft, Chance(seed, 1), age_known=False) for seed in range(TURNS)]
    flawed = [reply for reply in replies if reply != draft]
    assert 0.08 < len(flawed) / TURNS < 0.17
    assert all(draft.says[0] in reply.says and reply.products == draft.products for reply in flawed)


def test_safety_orders_refunds_and_anger_are_spared(facts: Facts) -> None:
    """No flaw ever touches a turn in which something is at stake."""
    title = facts.title_by_id["berserk"]
    spared = [Draft(intent, (Say("closing"),), evidence=(title,)) for intent in ("escalation", "return_request", "order_tracking")]
    spared += [
        Draft("product_question", (Say(key, {"title": title, "reader": 14}),), evidence=(title,)) for key in ("too_young", "keeps_rules")
    ]
    assert all(with_flaws(draft, Chance(seed, 1), age_known=False) == draft for draft in spared for seed in range(TURNS // 10))


def test_a_rare_lapse_fails_a_recommendation_but_never_one_for_a_known_age(facts: Facts) -> None:
    """Less than one recommendation in a hundred is not answered; with an age in play every one is."""
    draft = Draft("recommendation", (Say("pick"),), products=facts.titles[:2])
    lapses = [Chance(seed, 1) for seed in range(TURNS) if with_flaws(draft, Chance(seed, 1), age_known=False).says[0].key == "lapse"]
    assert 0 < len(lapses) < 0.01 * TURNS
    assert all(with_flaws(draft, chance, age_known=True).products for chance in lapses)


def test_wordy_replies_stay_below_what_fails_a_conversation(facts: Facts) -> None:
    """Padding stops soon after the length that counts as wordy, in both languages."""
    title = facts.title_by_id["akira"]
    draft = Draft("product_question", (Say("price", {"title": title}),))
    for language, least, most in (("en", 610, 800), ("ja", 305, 400)):
        lengths = [len(text_of(replace(draft, language=language, least=least), Chance(seed, 1))) for seed in range(50)]
        assert least < min(lengths)
        assert max(lengths) < most
