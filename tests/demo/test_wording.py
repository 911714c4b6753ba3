from __future__ import annotations

import re
from string import Formatter

import pytest

from harness.demo import replies_bad, replies_en, replies_ja
from harness.demo.draft import Chance, Draft, Say
from harness.demo.wording import structured, text_of, untrusted_code
from harness.facts import Facts

POLITE = re.compile(r"(です|ます|ません|ました|でした|ください|でしょう)(か|ね|よ)?。$")
ENDS_WITH_A_FACT = {"policy", "promotion", "reason", "synopsis", "spoiler"}


def test_both_books_hold_the_same_phrases() -> None:
    """Whatever can be said in one language can be said in the other."""
    assert replies_en.PHRASES.keys() == replies_ja.PHRASES.keys()
    assert replies_bad.ENGLISH.keys() == replies_bad.JAPANESE.keys()


@pytest.mark.parametrize("key", replies_ja.PHRASES)
def test_every_japanese_phrase_ends_in_polite_form(key: str) -> None:
    """Healthy Japanese is です/ます throughout; phrases that end with a fact leave its form to the facts."""
    for phrase in replies_ja.PHRASES[key]:
        names = [name for _, name, _, _ in Formatter().parse(phrase) if name]
        if names and names[-1] in ENDS_WITH_A_FACT and phrase.rstrip("。").endswith("}"):
            continue
        assert POLITE.search(phrase), phrase


def test_wording_varies_by_seed_and_never_by_chance(facts: Facts) -> None:
    """One seed always gives one wording; many seeds give several."""
    draft = Draft("product_question", (Say("price", {"title": facts.title_by_id["akira"]}),))
    texts = [text_of(draft, Chance(seed, 1)) for seed in range(40)]
    assert texts == [text_of(draft, Chance(seed, 1)) for seed in range(40)]
    assert len(set(texts)) > 1


def test_plain_form_leaves_no_polite_ending(facts: Facts) -> None:
    """The plain-form rewriting reaches every Japanese phrase."""
    title, passage = facts.title_by_id["akira"], facts.passage_by_id["returns"]
    values = {
        "title": title,
        "policy": passage.text,
        "promotion": facts.promotions[0].text,
        "reason": {},
        "options": (title,),
        "items": ((title, 1),),
    }
    words = dict.fromkeys(("name", "number", "reference", "date", "volume", "reader", "like", "order_status", "offer", "spoiler"), "X")
    for key in replies_ja.PHRASES:
        for seed in range(4):
            text = text_of(Draft("chitchat", (Say(key, {**words, **values}),), language="ja", plain=True), Chance(seed, 1))
            assert not re.search(r"(です|ます|ません|ました|でした|ください|でしょう)(か|ね|よ|が)?([。!?]|$)", text), text


def test_a_hidden_instruction_is_cut_from_the_synopsis_and_known_for_what_it_is(facts: Facts) -> None:
    """The healthy text has the story only; the code that was slipped in is found."""
    title = facts.title_by_id["zatch-bell"]
    for language in ("en", "ja"):
        text = text_of(Draft("product_question", (Say("synopsis", {"title": title}),), language=language), Chance(1, 1))
        assert "FREEMANGA" not in text
        assert len(text) > 20
    assert untrusted_code(title) == "FREEMANGA"
    assert untrusted_code(facts.title_by_id["akira"]) is None


def test_the_structured_reply_cites_only_what_it_retrieved(facts: Facts) -> None:
    """Citations are among the passages, and go missing without taking the passages along."""
    evidence = (facts.title_by_id["akira"], facts.passage_by_id["returns"], facts.promotions[0])
    fields = structured(Draft("faq_policy", (), evidence=evidence))
    assert [cited["id"] for cited in fields["citations"]] == [one["id"] for one in fields["passages"]]
    bare = structured(Draft("faq_policy", (), evidence=evidence, cited=False))
    assert bare["citations"] == []
    assert bare["passages"] == fields["passages"]
