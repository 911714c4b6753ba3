"""Claims about titles, read from text and products, held against the catalogue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.expectations.catalogue import check_facts
from harness.expectations.claims import product_claims, text_claims
from harness.expectations.finding import FindingOutcome
from harness.expectations.reading import Reading
from harness.scenarios.model import FactsMatch, Severity
from tests.fakes.small_shop import NAMES, reply

MET, UNMET = FindingOutcome.MET, FindingOutcome.UNMET
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "title", "products", "author", "stock", "price_yen", "en"]), inner)
    ),
    max_leaves=12,
)


def facts(**values):
    return FactsMatch(kind="facts", **values)


TRUE = """
Naruto is ¥528 per volume. It has 72 volumes and is finished.
Volume 1 of One Piece is ¥572, with free shipping over ¥4,000.
There are 34 volumes of Attack on Titan, rated 16+.
So far there are 113 volumes of One Piece.
Attack on Titan (進撃の巨人) is complete in 34 volumes.
『進撃の巨人』は諫山創先生の作品で、全34巻、完結済み、16歳以上、1冊583円です。
『ONE PIECE』（尾田栄一郎、13歳以上、1冊572円）は冒険が楽しめます。
『ONE PIECE』は現在113巻まで出ています。114巻は2026年12月4日に発売予定です。
Naruto (Masashi Kishimoto, rated 13+, ¥528 per volume): it fits your taste.
Bleach, like Naruto, has 74 volumes.
As Naruto is completed, there will be no next volume.
Is Berserk finished? No, Berserk is not finished yet.
『ベルセルク』はまだ完結していません。
『バガボンド』は現在休載中です。
The author of One Piece is Oda Eiichiro.
Haikyu!! has 45 volumes and is by Haruichi Furudate.
- Naruto — ¥528. 72 volumes. In stock (19 left).\n- Bleach — ¥539. 74 volumes. In stock.
We have Naruto, Bleach and One Piece in stock.
Naruto and Bleach are both completed.
Attack on Titan: Colossal Edition is out of stock right now.
The Colossal Edition of Attack on Titan has 7 volumes.
Attack on Titan in the Colossal Edition costs ¥6,820.
Doraemon is rated for all ages.
Dragon Ball is by Akira Toriyama, and Akira is by Katsuhiro Otomo.
ＮＡＲＵＴＯ is ￥５２８.
『進撃の巨人』は全三十四巻です。
『ナルト』は1冊五百二十八円です。
『ONE PIECE』は百十三巻まで出ています。
Attack on Titan runs to 34 volumes.
Attack on Titan has thirty-four volumes.
Naruto costs five hundred and twenty-eight yen.
One Piece is still running in the magazine.
Berserk is still being serialised.
Naruto is no longer running.
Naruto is ¥528 (about $3.50).
"""

NO_CLAIM = """
Is Berserk completed?
『ベルセルク』は完結していますか。
You must be 18+ to buy Berserk.
We can't sell 18+ titles to you, but Naruto may suit you.
Naruto ships free over ¥3,000.
You have a budget of ¥1,000, so Naruto fits.
Gift wrapping is ¥300. Naruto is a fine gift.
Three volumes of Naruto come to ¥1,584 in total.
『ナルト』を2冊で1,056円です。
『ナルト』の送料は480円です。
合計3,000円以上で『ナルト』の送料が無料です。
Volume 5 of Naruto is the one where it starts.
『ナルト』第5巻をどうぞ。
The first 3 volumes of Naruto are the best start.
Your order of Naruto is complete; 2 volumes are on the way.
Your order MA-10417 with Naruto was shipped. It is completed.
If you want a completed series, tell me what you liked about One Piece.
I'll let you know when Naruto is back in stock.
For a volume that is out of stock you can ask for a notice. I looked for Naruto.
Fans of Eiichiro Oda also enjoy Naruto.
Naruto is published by Viz Media.
The Naruto anime is finished.
The ongoing promotion includes One Piece.
完結した作品がお好きでしたら、『ONE PIECE』以外もご案内します。
『ONE PIECE』の在庫を確認いたします。
Naruto costs $9.99 at other shops.
Another 5 volumes of Naruto wait for you.
Two volumes of Naruto fit your budget.
Three volumes of Naruto come to one thousand yen in total.
You have one volume of Naruto in your cart, and shipping is $5.
『ナルト』は数千円で揃います。
『ナルト』第三巻をどうぞ。
『ナルト』を二冊で千円ほどです。
The sale on Naruto is still running.
The Naruto anime is still running.
"""

FALSE = [
    ("Naruto is ¥529.", "¥529"),
    ("『ナルト』は1冊550円です。", "¥550"),
    ("Attack on Titan has 35 volumes.", "35 volumes"),
    ("『進撃の巨人』は全33巻です。", "33 volumes"),
    ("『ONE PIECE』は114巻まで刊行されています。", "114 volumes"),
    ("Bleach is by Eiichiro Oda.", "Eiichiro Oda"),
    ("The author of Bleach is John Smith.", "John Smith"),
    ("『進撃の巨人』の作者は尾田栄一郎先生です。", "尾田栄一郎"),
    ("Berserk is finished.", "completed"),
    ("One Piece has ended.", "completed"),
    ("『ベルセルク』は完結しています。", "completed"),
    ("Naruto is still ongoing.", "ongoing"),
    ("Naruto is not finished yet.", "not completed"),
    ("『ナルト』はまだ完結していません。", "not completed"),
    ("Vagabond is ongoing.", "ongoing"),
    ("『ナルト』は連載中です。", "ongoing"),
    ("Attack on Titan: Colossal Edition is in stock.", "in stock"),
    ("『ナルト』は在庫切れです。", "out of stock"),
    ("Naruto is in stock (20 left).", "20"),
    ("Berserk is rated 16+.", "16+"),
    ("『ベルセルク』は13歳以上です。", "13+"),
    ("Attack on Titan: Colossal Edition has 34 volumes.", "34 volumes"),
    ("Naruto is a great story. It has 70 volumes.", "70 volumes"),
    ("『進撃の巨人』は全三十五巻です。", "35 volumes"),
    ("Attack on Titan has thirty-five volumes.", "35 volumes"),
    ("Attack on Titan runs to 35 volumes.", "35 volumes"),
    ("『進撃の巨人』は1冊九千円です。", "¥9000"),
    ("Naruto costs nine thousand yen.", "¥9000"),
    ("Naruto is $9.99.", "$9.99"),
    ("『ナルト』は9ドルです。", "9ドル"),
    ("Naruto is a great story. It costs €8 per volume.", "€8"),
    ("Naruto is still running in the magazine.", "ongoing"),
    ("Naruto is still being serialized.", "ongoing"),
    ("One Piece is no longer running.", "not ongoing"),
    ("- Naruto — ¥528. 72 volumes.\n- Bleach — ¥539. 72 volumes.", "72 volumes"),
]


def test_what_is_true_is_never_called_wrong(read):
    """True statements in many wordings agree with the catalogue."""
    assert [text for text in TRUE.strip().split("\n") if check_facts(facts(), read(text)).outcome is not MET] == []


def test_what_is_no_statement_about_a_title_is_no_claim(read):
    """Policies, questions, orders, comparisons and generic phrases yield no claim at all."""
    assert [text for text in NO_CLAIM.strip().split("\n") if list(text_claims(read(text)))] == []


@pytest.mark.parametrize(("text", "shown"), FALSE)
def test_what_is_false_is_caught_with_its_words(read, text, shown):
    """Each kind of wrong fact is unmet, and the evidence says what was said, where, and what is true."""
    checked = check_facts(facts(), read(text))
    assert checked.outcome is UNMET
    assert shown in checked.evidence
    assert "the catalogue says" in checked.evidence
    assert len(checked.evidence) <= 300


def test_only_the_named_attributes_are_checked(read):
    """A wrong price does not fail an expectation about authors."""
    assert check_facts(facts(attributes=("author",)), read("Naruto is ¥1.")).outcome is MET


def test_an_authors_name_in_the_other_order_is_only_a_matter_for_should(read):
    """Oda Eiichiro is the same author: `must` accepts the order, `should` records it."""
    text = read("One Piece was created by Oda Eiichiro.")
    assert check_facts(facts(attributes=("author",)), text).outcome is MET
    checked = check_facts(facts(attributes=("author",), severity=Severity.SHOULD), text)
    assert checked.outcome is UNMET
    assert "Eiichiro Oda" in checked.evidence


@pytest.mark.parametrize(
    ("text", "attributes", "outcome"),
    [
        ("Naruto is ¥528.", ("price",), MET),
        ("That one goes for 528 of our yen.", ("price",), MET),
        ("I would have to look that up.", ("price",), UNMET),
        ("It is one of our best sellers.", ("volumes",), UNMET),
        ("72 tankobon in all.", ("volumes",), MET),
        ("Seventy-two tankobon in all.", ("volumes",), MET),
        ("全七十二巻です。", ("volumes",), MET),
        ("全七十三巻です。", ("volumes",), UNMET),
        ("一冊五百二十八円です。", ("price",), MET),
        ("It runs to 72 volumes.", ("volumes",), MET),
        ("It is $9.99.", ("price",), UNMET),
        ("岸本斉史先生です。", ("author",), MET),
        ("Kishimoto.", ("author",), UNMET),
        ("The story has concluded.", ("status",), MET),
        ("Yes, we have copies of it.", ("stock",), MET),
        ("We recommend it from 13 on.", ("age_rating",), MET),
        ("Naruto is ¥528.", ("price", "volumes"), UNMET),
    ],
)
def test_what_has_to_be_stated_is_found_in_any_wording_and_missed_when_absent(read, text, attributes, outcome):
    """An evasive reply does not state a fact, even where a product card carries it."""
    payload = {"products": [{"id": "naruto", "price_yen": 528, "volumes": 72}]}
    assert check_facts(facts(title="naruto", attributes=attributes), read(text, payload)).outcome is outcome


@pytest.mark.parametrize(
    ("title", "word", "outcome"),
    [("doraemon", "Fit for all ages.", MET), ("titan-colossal", "It is sold out.", MET), ("titan-colossal", "It is here.", UNMET)],
)
def test_words_state_what_numbers_cannot(read, title, word, outcome):
    """All ages and sold out are stated in words."""
    attribute = "age_rating" if title == "doraemon" else "stock"
    assert check_facts(facts(title=title, attributes=(attribute,)), read(word)).outcome is outcome


@pytest.mark.parametrize(
    ("product", "outcome"),
    [
        (
            {"id": "naruto", "price_yen": 528, "volumes": 72, "author": "岸本斉史", "status": "completed", "stock": 19, "age_rating": 13},
            MET,
        ),
        ({"id": "naruto", "author": {"en": "Masashi Kishimoto", "ja": "岸本斉史"}, "stock": True}, MET),
        ({"title": "ナルト", "volumes": 71}, UNMET),
        ({"id": "unknown-here", "title": "Naruto", "price_yen": 1}, UNMET),
        ({"id": "naruto", "status": "ongoing"}, UNMET),
        ({"id": "naruto", "status": "on_hiatus"}, UNMET),
        ({"id": "naruto", "author": "Eiichiro Oda"}, UNMET),
        ({"id": "naruto", "stock": False}, UNMET),
        ({"id": "naruto", "age_rating": 7.0}, UNMET),
        ({"id": "naruto", "volumes": "71", "price_yen": None, "status": "brand new", "stock": [], "age_rating": True}, MET),
        ({"id": "nobody-knows", "price_yen": 1}, MET),
        ("naruto", MET),
    ],
)
def test_structured_products_are_claims_too(read, product, outcome):
    """Products are held against the catalogue by id, else by name; what is not in the documented shape is passed over."""
    assert check_facts(facts(), read("Here you are.", {"products": [product]})).outcome is outcome


@given(json_values, st.text(max_size=300))
def test_no_payload_and_no_text_breaks_reading(payload, text):
    """Whatever comes back, claims are read without an exception."""
    reading = Reading(reply(text, payload), NAMES)
    assert check_facts(facts(title="naruto"), reading).outcome in FindingOutcome
    assert list(product_claims({"products": [payload]}, NAMES)) is not None


@given(
    st.lists(
        st.sampled_from(
            [
                "Naruto",
                "『ナルト』",
                "は",
                " is ",
                "¥528",
                "72巻",
                "全72巻",
                " and ",
                "完結",
                "by ",
                "Eiichiro Oda",
                "13+",
                "在庫",
                "。",
                "\n",
                "- ",
                "?",
                "(",
                ")",
            ]
        )
    )
)
def test_scraps_of_claims_are_read_without_trouble(scraps):
    """Any order of the words of claims is read; every claim points at titles of the catalogue."""
    for claim in text_claims(Reading(reply("".join(scraps)), NAMES)):
        assert claim.titles
        assert set(claim.titles) <= set(NAMES.facts.title_by_id)
