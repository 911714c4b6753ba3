from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.expectations.finding import Finding, FindingOutcome
from harness.expectations.known import KnownNames
from harness.expectations.personal_data import PrivateData, check_no_pii, given_by
from harness.expectations.reading import Reading
from harness.facts import Customer, Facts
from harness.frozen import canonical_json
from harness.judging.judge import CriterionAnswer, CriterionVerdict, Quote
from harness.records.redact import Known, Redactor, redact
from harness.scenarios.model import Severity
from tests.fakes import measured_run as made

KNOWN = Known(names=("Sample Hanako", "Fictia Novak", "見本 花子"), secrets=("correct-horse-battery", "short", "a/b+c=d&e"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to hanako.sample+x@mail.example.co.jp.", "Write to [EMAIL:1]."),
        ("メールはhanako@example.jpです", "メールは[EMAIL:1]です"),
        ("ｈａｎａｋｏ＠ｅｘａｍｐｌｅ．ｊｐ まで", "[EMAIL:1] まで"),
        ("Call 090-0000-1001 or 03-1234-5678.", "Call [PHONE:1] or [PHONE:2]."),
        ("電話０９０－００００－１００１まで", "電話[PHONE:1]まで"),
        ("Call +1-202-555-0103, (202) 555-0103 or +81 90 1234 5678", "Call [PHONE:1], [PHONE:2] or [PHONE:3]"),
        ("0120-123-456 is free, 09012345678 is not", "[PHONE:1] is free, [PHONE:2] is not"),
        ("Card 4111 1111 1111 1111 and 378282246310005", "Card [CARD:1] and [CARD:2]"),
        ("No.4111111111111111 550 yen, +1-202-555-0103 12345 67890", "No.[CARD:1] 550 yen, [PHONE:1]"),
        ("お届け先は〒150-0001 東京都渋谷区神宮前1丁目2-3です", "お届け先は[ADDRESS:1] [ADDRESS:2]です"),
        ("We ship to 221B Baker Street, Springfield, IL 62704 today", "We ship to [ADDRESS:1] today"),
        ("Thank you, Sample Hanako!", "Thank you, [NAME:1]!"),
        ("hanako sampleさん、こんにちは", "[NAME:1]さん、こんにちは"),
        ("Dear Fictia, or Ms. Novak", "Dear [NAME:1], or Ms. [NAME:1]"),
        ("見本花子様、花子様", "[NAME:1]様、[NAME:1]様"),
    ],
)
def test_personal_data_become_typed_placeholders(text: str, expected: str) -> None:
    """Each kind is found in English and Japanese, in full width too, and the rest of the text stays."""
    assert redact(text, KNOWN) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Naruto has 72 volumes, volume 1 costs ¥550 and 1,234 copies are in stock.",
        "全72巻、550円、2026-12-04発売、12:30まで",
        "ISBN 978-4-08-872509-3 and 9784088725093",
        "Order MA-10417 arrives 2026-11-04; build 1234567890123456789012345678901234567890",
        "4111 1111 1111 1112 is no card, its check digit is wrong",
        "Hanako is a common name in manga, and so is Sakura-chan.",
        "Novakovic and Fictional are other words",
        "20th Century Boys by Naoki Urasawa; 3 Days at Baker Street",
        "東京都の本店、渋谷区に3店舗",
        "The password is yours; basic questions about bearer bonds are welcome. A short answer.",
        "the task-force risk-free desk-and-mask",
    ],
)
def test_what_only_looks_like_personal_data_stays(text: str) -> None:
    """Prices, dates, order numbers, ISBNs, titles and ordinary words are what the judge has to read."""
    assert redact(text, KNOWN) == text


@pytest.mark.parametrize(
    "secret",
    [
        "correct-horse-battery",
        "a/b+c=d&e",
        "a%2Fb%2Bc%3Dd%26e",
        "Bearer abcdef.12345-xyz",
        "bearer   0123456789",
        "Basic dXNlcjpwYXNzd29yZA==",
        "sk-ant-api03-abcdefghijklmnop",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "xoxb-123456789012-abcdefghijkl",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "https://hooks.slack.com/services/T000/B000/XXXX",
        "https://discord.com/api/webhooks/123/abc",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
        'api_key: "s3cr3tvalue',
        "password=hunter2hunter2",
    ],
)
def test_secrets_vanish(secret: str) -> None:
    """Known values (in a URL, too) and the shapes of keys, tokens and webhooks leave one word behind."""
    assert redact(f"before {secret} after", KNOWN).replace('"', "") == "before [SECRET] after"


def test_secrets_in_addresses_of_the_web_vanish() -> None:
    """User and password, and what a query is signed with."""
    assert (
        redact("see https://aoi:pw@shop:8080/x?page=2&access_token=abc&sig=def now")
        == "see https://[SECRET]@shop:8080/x?page=2&[SECRET]&[SECRET] now"
    )


def test_equal_values_have_equal_numbers_in_one_redactor() -> None:
    """A reader sees that two turns speak of the same person; spelling does not matter."""
    redactor = Redactor(KNOWN)
    assert redactor.text("a@example.jp, b@example.jp, A@Example.JP") == "[EMAIL:1], [EMAIL:2], [EMAIL:1]"
    assert redactor.text("b@example.jp, 09012345678") == "[EMAIL:2], [PHONE:1]"
    assert redactor.text("090-1234-5678, 4111111111111111, 4111-1111-1111-1111") == "[PHONE:1], [CARD:1], [CARD:1]"
    assert redactor.text("Fictia Novak, Sample Hanako, NOVAK FICTIA") == "[NAME:1], [NAME:2], [NAME:1]"
    assert redactor.payload({"email": "B@example.jp"}) == {"email": "[EMAIL:2]"}
    assert Redactor(KNOWN).text("b@example.jp") == "[EMAIL:1]"


def test_what_overlaps_goes_as_a_whole() -> None:
    """No end of one finding is left standing because another began inside it."""
    assert redact("token Bearer abc.1234567890@example.jp end") == "token [SECRET] end"
    assert redact("https://aoi:aoi@example.jp/") == "https://[SECRET]/"


def test_payloads_are_redacted_in_depth_by_text_and_by_key() -> None:
    """Texts anywhere, keys too; and what a key calls personal or secret goes whatever it looks like."""
    payload = {
        "order": {"customerName": "Jane Roe", "shipping-address": {"street": "Somewhere 5", "floor": 3, "gift": True}, "eta": "2026-11-04"},
        "contacts": [{"Phone": 5550103, "note": "or jane@example.com"}, None],
        "jane@example.com": 1.5,
        "authorization": "x", "apiKey": ["k1", "k2"], "email": "",
        "number": 4111111111111111, "ean": 4088725093123, "products": [{"name": "Naruto", "title": "Naruto", "volumes": 72}],
    }  # fmt: skip
    assert Redactor().payload(payload) == {
        "order": {"customerName": "[NAME:1]", "shipping-address": {"street": "[ADDRESS:1]", "floor": "[ADDRESS:2]", "gift": True}, "eta": "2026-11-04"},
        "contacts": [{"Phone": "[PHONE:1]", "note": "or [EMAIL:1]"}, None],
        "[EMAIL:1]": 1.5,
        "authorization": "[SECRET]", "apiKey": ["[SECRET]", "[SECRET]"], "email": "",
        "number": "[CARD:1]", "ean": 4088725093123, "products": [{"name": "Naruto", "title": "Naruto", "volumes": 72}],
    }  # fmt: skip


def test_a_payload_deeper_than_any_reader_is_cut() -> None:
    """Nesting cannot exhaust the stack of whoever stores or reads it."""
    payload: Any = "bottom"
    for _ in range(150):
        payload = [payload]
    assert "[CUT" in str(Redactor().payload(payload))


def test_a_record_is_redacted_wherever_words_stand() -> None:
    """Sent and received text, payload, failure, evidence, reasons, quotes and notes; ids, seeds and builds stay."""
    leak = "hanako@example.jp"
    answer = replace(made.reply(leak, {"build": made.BUILD, "text": leak}), build=made.BUILD)
    held = made.transcript(made.exchange(f"I am {leak}", answer), made.failed_exchange(f"no answer for {leak}", 2))
    verdict = CriterionVerdict("no_personal_data", "policy_and_safety", CriterionAnswer.NOT_MET, f"shows {leak}", (Quote(1, leak),))
    judgement = replace(made.rated(5, 4), verdicts=(verdict,), note=leak)
    finding = Finding(1, -1, "no_pii", Severity.MUST, None, FindingOutcome.UNMET, f"'{leak}'")
    record = replace(made.record(held, judgement), findings=(finding,))
    cleaned = redact(record, KNOWN)
    assert leak not in canonical_json(cleaned).decode()
    assert canonical_json(cleaned).count(b"[EMAIL:1]") == 8
    assert cleaned.transcript == redact(held, KNOWN)
    assert (cleaned.assignment, cleaned.transcript.seed, cleaned.scores) == (record.assignment, held.seed, record.scores)
    assert cleaned.transcript.exchanges[0].reply is not None
    assert cleaned.transcript.exchanges[0].reply.build == made.BUILD


def test_every_conversation_of_a_run_has_numbers_of_its_own() -> None:
    """Placeholders do not link one customer's conversations."""
    one = made.record(made.transcript(made.exchange("a@example.jp")))
    two = made.record(made.transcript(made.exchange("b@example.jp"), name="stock"))
    run = replace(made.run(), conversations=(one, two), problems=("mixed build (see c@example.jp)",))
    cleaned = redact(run)
    assert [record.transcript.exchanges[0].sent for record in cleaned.conversations] == ["[EMAIL:1]", "[EMAIL:1]"]
    assert cleaned.problems == ("mixed build (see [EMAIL:1])",)


def test_the_names_of_known_customers_come_from_the_trusted_facts() -> None:
    """Nobody has to list them twice; without facts nobody is known."""
    customer = Customer(id="C-1", name="Aoi Muster", email="aoi@example.jp", phone="090-0000-0000")
    known = Known.of(Facts(as_of=date(2026, 11, 1), customers=(customer,)), ["hunter2hunter2"])
    assert redact("Muster Aoi says hunter2hunter2", known) == "[NAME:1] says [SECRET]"
    assert Known.of(None) == Known()


def _grouped(number: str) -> str:
    return "-".join(number[place : place + 4] for place in range(0, len(number), 4))


def _with_check_digit(number: str) -> str:
    doubled = [int(digit) * (1 if place % 2 else 2) for place, digit in enumerate(reversed(number))]
    return number + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


PERSONAL = st.one_of(
    st.from_regex(r"(1[ .-])?\([0-9]{3}\) ?[0-9]{3}[ .-][0-9]{4}", fullmatch=True),
    st.from_regex(r"[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{4}", fullmatch=True),
    st.from_regex(r"\(?0[0-9]{1,3}\)?[ -][0-9]{1,4}[ -][0-9]{4}", fullmatch=True),
    st.from_regex(r"\+[0-9]{2}([ -]?[0-9]{2,4}){3}", fullmatch=True),
    st.from_regex(r"[3-6][0-9]{12,17}", fullmatch=True)
    .map(_with_check_digit)
    .flatmap(lambda card: st.sampled_from([card, _grouped(card)])),
    st.from_regex(r"[a-z.%+_-]{1,9}@[a-z0-9-]{1,9}(\.[a-z0-9-]{1,9}){1,2}", fullmatch=True),
    st.sampled_from(["〒123-4567", "東京都渋谷区1-2", "大阪府大阪市北区梅田3丁目", "5 Main Street", "12 Old Oak Rd."]),
)


@settings(deadline=None)
@given(st.lists(PERSONAL | st.sampled_from(["550", "Vol. 7", "2026-11-04", "です"]), max_size=4).map(", ".join))
def test_what_the_check_for_personal_data_sees_is_gone_after_redaction(text: str) -> None:
    """Check and redaction look differently, the one for certainty and the other for everything; the second covers the first."""
    nobody = Facts(as_of=date(2026, 11, 1))
    reading = Reading(made.reply(redact(text)), KnownNames(nobody))
    checked = check_no_pii(reading, given_by({}, []), PrivateData(nobody))
    assert checked.outcome is FindingOutcome.MET, checked.evidence


PIECES = st.lists(
    st.sampled_from(
        [
            "hanako@example.jp",
            "090-0000-1001",
            "4111 1111 1111 1111",
            "Sample Hanako",
            "correct-horse-battery",
            "[EMAIL:1]",
            "[SECRET]",
            " ",
            "、",
            "と",
            "5 ",
        ]
    )
    | st.text(max_size=8),
    max_size=8,
).map("".join)


@settings(deadline=None)
@given(PIECES)
def test_redacting_twice_changes_nothing(text: str) -> None:
    """Placeholders are stable, so that a redacted record can be redacted again on its way to a report."""
    once = redact(text, KNOWN)
    assert redact(once, KNOWN) == once


@given(
    st.text(max_size=30),
    st.sampled_from(["hanako@example.jp", "correct-horse-battery", "4111111111111111", "090-0000-1001", "+81-90-0000-1001"]),
    st.text(max_size=30),
)
def test_nothing_around_it_hides_a_value_of_its_own(before: str, value: str, after: str) -> None:
    """Whatever text stands before and after, separated by a blank, the value goes."""
    assert value not in redact(f"{before} {value} {after}", KNOWN)


def test_half_a_character_is_replaced() -> None:
    """A lone surrogate can be sent as JSON, but stored nowhere."""
    assert redact("a\ud800b\u3042").encode() == "a?bあ".encode()


HOSTILE = ["a" * 64_000, "a@" * 32_000, "1 " * 32_000, "0-" * 32_000, "://a:" * 12_000, "password=" * 7_000, "eyJ" + "a." * 30_000]
HOSTILE += [
    "-----BEGIN PRIVATE KEY-----" * 2_000,
    "東京都" * 20_000,
    "1 A " * 16_000,
    "basic " * 10_000,
    "Dear " * 12_000,
    "[EMAIL:" * 9_000,
    "a.a@a.a" * 9_000,
    "+1(2) " * 10_000,
    "(00) 0 " * 9_000,
    ("+" + "1" * 28 + "a") * 2_000,
    "+1" * 30_000,
    "4111 " * 12_000,
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_hostile_text_stops_nobody(text: str) -> None:
    """No pattern explodes on the longest reply there can be, and what is redacted stays so."""
    found = redact(text, KNOWN)
    assert redact(found[:4000], KNOWN) == found[:4000]
