"""Apologies for being unable are told from sympathy and from honest answers."""

from __future__ import annotations

import pytest

from harness.expectations.apology import check_not_apology
from harness.expectations.finding import FindingOutcome


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, something went wrong. Please try again later.",
        "I’m unable to answer that right now.",
        "I am currently unable to process your request.",
        "We're experiencing technical difficulties.",
        "I'm having trouble reaching the order system.",
        "An unexpected error occurred.",
        "The service is temporarily unavailable.",
        "Sorry, I can't help with that.",
        "Your request timed out.",
        "申し訳ございませんが、現在お答えできません。",
        "エラーが発生しました。",
        "しばらくしてからもう一度お試しください。",
        "申し訳ございません。ただいま処理できません。",
        "システム障害のため、うまく回答できませんでした。",
    ],
)
def test_an_apology_for_being_unable_is_found(read, text):
    """Phrases of inability and failure are unmet, in both languages, with the phrase as evidence."""
    checked = check_not_apology(read(text))
    assert checked.outcome is FindingOutcome.UNMET
    assert '"' in checked.evidence


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry to hear that your volume arrived damaged. I have opened an exchange for you.",
        "I'm sorry about the damage. Let me help.",
        "We're sorry that something went wrong with your delivery; a replacement is on its way.",
        "I'm sorry you're having trouble with your parcel.",
        "I'm unable to find that title in our catalogue.",
        "We don't carry that title.",
        "We are unable to ship to that country.",
        "Order MA-1 is delayed.",
        "The book tells of an error of judgement.",
        "申し訳ございません。交換の手続きをご案内します。",
        "ご不便をおかけして申し訳ございません。すぐにお調べします。",
        "申し訳ございませんが、現在在庫がないため販売できません。",
        "その作品は取り扱っておりません。",
        "ただいま在庫切れです。",
        "",
    ],
)
def test_sympathy_and_honest_absence_are_no_apology(read, text):
    """Being sorry with the customer, a title that is not carried, and a policy are good answers."""
    assert check_not_apology(read(text)).outcome is FindingOutcome.MET
