"""Structured facts in a quote, read again: where the catalogue has what the quote says, the judge's fault is none.

Code wins only where it is sure: the quote states facts of titles that code reads, all of them are true, and every number in
the quote is one of those facts. Of anything else in the quote code knows nothing, and the judge is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from harness.conversations.transcript import Transcript
from harness.expectations.catalogue import check_facts
from harness.expectations.claims import Claim, text_claims
from harness.expectations.finding import FindingOutcome
from harness.expectations.known import KnownNames
from harness.expectations.reading import Reading
from harness.judging.evidence.quotes import comparable
from harness.judging.judge import Quote
from harness.scenarios.model import FactsMatch
from harness.targets.protocol import Reply
from harness.text import normalise

_NUMBER = re.compile(r"\d+(?:,\d{3})*")
_ALL_FACTS = FactsMatch(kind="facts")


def quotes_are_true(quotes: Iterable[Quote], transcript: Transcript, names: KnownNames) -> bool:
    """Return whether all these quotes of faults state nothing but facts that the catalogue confirms; False without any."""
    replies = {exchange.turn: exchange.reply for exchange in transcript.exchanges}
    verdicts = [(reply := replies.get(quote.turn)) is not None and _is_true(quote.text, reply, names) for quote in quotes]
    return bool(verdicts) and all(verdicts)


def _is_true(quote: str, reply: Reply, names: KnownNames) -> bool:
    alone = Reading(replace(reply, text=quote, payload=None), names)
    whole = Reading(replace(reply, payload=None), names)
    if not (_confirmed(alone) and _confirmed(whole)):
        return False
    stated = [*text_claims(alone), *(claim for claim in text_claims(whole) if _within(claim, quote))]
    known = {str(claim.value) for claim in stated if isinstance(claim.value, int) and not isinstance(claim.value, bool)}
    numbers = {found.replace(",", "") for found in _NUMBER.findall(normalise(quote))}
    return bool(stated) and numbers <= known


def _confirmed(reading: Reading) -> bool:
    return check_facts(_ALL_FACTS, reading).outcome is FindingOutcome.MET


def _within(claim: Claim, quote: str) -> bool:
    """Return whether a number that the whole reply states of a title is what the quote quotes."""
    if not isinstance(claim.value, int) or isinstance(claim.value, bool):
        return False
    around = comparable(claim.quote.strip('"').strip("…"))
    return comparable(quote).strip(" .") in around and str(claim.value) in {
        one.replace(",", "") for one in _NUMBER.findall(normalise(quote))
    }
