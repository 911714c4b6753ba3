"""Lines in other wordings."""

from __future__ import annotations

import re
from random import Random

import pytest

from harness.scenarios.model import VariantKind
from harness.text import normalise
from harness.variants.rewriting import mistyped, rewritten
from harness.variants.tables import shipped_tables
from tests.fakes.small_shop import NAMES

TABLES = shipped_tables()
SEEDS = range(60)


def seen(line: str, kind: VariantKind) -> set[str]:
    """Return what a line becomes over some seeds."""
    return {rewritten(line, kind, Random(seed), NAMES, TABLES) for seed in SEEDS}


def test_the_same_draws_give_the_same_line():
    """A variant is a function of line, kind and seed."""
    for kind in ("paraphrase", "title_script", "politeness", "typos"):
        one, other = (rewritten("How much is Naruto, please?", kind, Random(3), NAMES, TABLES) for _ in range(2))
        assert one == other


def test_a_paraphrase_puts_one_phrase_of_its_group_in_the_place_of_another():
    """Every other phrase of the group comes up, the rest of the line stays, and a line without a phrase stays as it is."""
    assert seen("How much is Naruto?", "paraphrase") == {"What is the price of Naruto?", "What does it cost to buy Naruto?"}
    assert seen("『ナルト』はいくらですか。", "paraphrase") == {"『ナルト』の値段はいくらですか。", "『ナルト』の価格を教えてください。"}
    assert seen("Blah.", "paraphrase") == {"Blah."}
    assert seen("How much is that in the shop? How much is this?", "paraphrase") == {
        "What is the price of that in the shop? How much is this?", "What does it cost to buy that in the shop? How much is this?",
    }  # fmt: skip


def test_a_title_is_written_in_another_script_only_where_that_name_means_it_alone():
    """English, Japanese and romaji names stand in for each other; what two editions share stands in for neither."""
    assert seen("How much is Attack on Titan?", "title_script") == {"How much is 進撃の巨人?", "How much is Shingeki no Kyojin?"}
    assert seen("進撃の巨人はいくらですか", "title_script") == {"Attack on Titanはいくらですか", "Shingeki no Kyojinはいくらですか"}
    assert seen("How much is it?", "title_script") == {"How much is it?"}


def test_politeness_moves_up_and_down_and_opens_a_line_that_has_no_such_phrase():
    """Requests become plainer or politer in both languages."""
    assert seen("Can you help?", "politeness") == {"Could you please help?"}
    assert "値段を教えて。" in seen("値段を教えてください。", "politeness")
    assert seen("Naruto!", "politeness") == {f"{one}Naruto!" for one in TABLES.openings.en}
    assert seen("ナルト!", "politeness") == {f"{one}ナルト!" for one in TABLES.openings.ja}


@pytest.mark.parametrize(
    "line", ["Where is order MA-10417 of hanako.sample@example.jp now?", "I bought Attack on Titan volume 3 yesterday."]
)
def test_a_slip_moves_one_place_of_one_ordinary_word(line):
    """Numbers, addresses, names and short words are spelt right; everything else of the line is as it was."""
    for slipped in seen(line, "typos"):
        before, after = line.split(), slipped.split()
        changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
        assert len(changed) <= 1
        assert all(re.fullmatch(r"[a-z]{5,}", one.strip("?.")) for one, _ in changed)
        assert all(abs(len(one) - len(other)) <= 1 for one, other in changed)
    assert len(seen(line, "typos")) > 1


def test_what_is_protected_is_spelt_right_and_japanese_slips_are_those_of_its_keyboards():
    """A slot's value is never mistyped; a Japanese line gets a wrong conversion that the table knows."""
    protected = {mistyped("comedy please", Random(seed), NAMES, TABLES, ("comedy",)) for seed in SEEDS}
    assert protected
    assert all(one.startswith("comedy ") for one in protected)
    assert seen("全部で何巻ありますか", "typos") == {"全部て何巻ありますか"}


def test_the_shipped_tables_hold_interchangeable_phrases_and_no_other():
    """No phrase stands twice in a kind, none is empty, and all are written in their normal form."""
    for groups in (TABLES.paraphrase, TABLES.politeness, TABLES.typos):
        phrases = [phrase for group in groups for phrase in group]
        assert len(set(phrases)) == len(phrases)
        assert all(phrase.strip() for phrase in phrases)
    assert all(normalise(phrase) == phrase for group in (*TABLES.paraphrase, *TABLES.politeness) for phrase in group)
