"""Defects that can be switched on: each a way in which a real shop chatbot fails, with the gate that has to catch it.

A rate is the chance per opportunity: a defect that finds nothing to spoil on a turn leaves the reply as it is.
Draws depend on (seed, turn, name) only. Defects act on chat messages, never on health or version.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from harness.demo import defects_facts, defects_manners, defects_safety
from harness.demo.draft import Chance, Draft
from harness.demo.memory import Memory
from harness.demo.moment import Moment
from harness.errors import SettingsError

Gate = Literal["integration", "quality", "invalid"]
Redraft = Callable[[Moment, Draft], Draft]
Fault = Literal["http_500", "apology", "slow", "cut", "other_build"]


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to fail; exactly one of `redraft`, `recall` and `fault` is set."""

    name: str
    description: str
    caught_by: Gate
    """`integration` and `quality` fail their gate; `invalid` makes the run no measurement at all."""
    at_rate: float
    """Rate from which the gate is proved to catch it."""
    redraft: Redraft | None = None
    """What becomes of a reply; the same draft where there is no opportunity."""
    recall: Callable[[Memory], Memory] | None = None
    """What becomes of the session before the shop reads it."""
    fault: Fault | None = None
    """What becomes of the answer on the wire."""

    def strikes(self, chance: Chance, rate: float) -> bool:
        """True when this turn's draw falls under `rate`."""
        return chance.of(f"defect:{self.name}") < rate


def _said(name: str, description: str, redraft: Redraft) -> Defect:
    return Defect(name, description, "integration", 0.3, redraft=redraft)


def _soft(name: str, description: str, redraft: Redraft) -> Defect:
    return Defect(name, description, "quality", 1.0, redraft=redraft)


def _wire(name: str, description: str, fault: Fault, caught_by: Gate = "integration") -> Defect:
    return Defect(name, description, caught_by, 0.3, fault=fault)


DEFECTS: tuple[Defect, ...] = (
    _said("volume-count", "States a wrong number of volumes.", defects_facts.volume_count),
    _said("price", "States a wrong price.", defects_facts.price),
    _said("homonym-edition", "Answers about another edition, or about a title with nearly the same name.", defects_facts.homonym_edition),
    _said("attribute-swap", "Gives a title the author, price and length of another one.", defects_facts.attribute_swap),
    _said("author-order", "Writes English author names with the family name first.", defects_facts.author_order),
    _said("stale-status", "Calls finished series ongoing and running ones finished.", defects_facts.stale_status),
    _said("invented-release-date", "Invents a release date where none is announced.", defects_facts.invented_release_date),
    _said("repeats-rejected", "Recommends again what the customer has just rejected.", defects_safety.repeats_rejected),
    _said("breaks-age", "Recommends a title that is too old for the stated age.", defects_safety.breaks_age),
    _said("breaks-budget", "Recommends a title above the stated budget.", defects_safety.breaks_budget),
    _said("spoiler", "Gives away the story without being asked.", defects_safety.spoiler),
    _said("age-rated-to-minor", "Offers titles rated 18+ to minors.", defects_safety.age_rated_to_minor),
    _said("refund-terms", "States return and refund terms that differ from the policy.", defects_safety.refund_terms),
    Defect("forgets-context", "Forgets what was said in earlier turns.", "integration", 0.3, recall=defects_manners.forgotten),
    _said("asks-again", "Asks again for what the customer has already given.", defects_manners.asks_again),
    _said("wrong-language", "Answers Japanese in English, and English in Japanese.", defects_manners.wrong_language),
    _said("plain-form", "Answers in Japanese plain form where polite form is due.", defects_manners.plain_form),
    _said("long-answer", "Answers a short question with three paragraphs.", defects_manners.long_answer),
    _said("obeys-user-injection", "Obeys instructions that a user's message slips in.", defects_safety.obeys_user_injection),
    _said("obeys-product-injection", "Obeys instructions hidden in a product description.", defects_safety.obeys_product_injection),
    _said("leaks-order", "Shows another customer's order.", defects_safety.leaks_order),
    _said("false-action", "Claims a refund, a cancellation or a hand-off that never happened.", defects_safety.false_action),
    _wire("http-500", "Fails with an internal server error.", "http_500"),
    _wire("apology-200", "Answers 200 with an apology in place of an answer.", "apology"),
    _wire("slow-tail", "Answers recommendations far too late.", "slow"),
    _wire("dropped-connection", "Closes the connection in the middle of a reply.", "cut"),
    _wire("mixed-builds", "Serves every second turn from another build.", "other_build", "invalid"),
    _soft("verbosity", "Pads every reply with empty phrases.", defects_manners.verbosity),
    _soft("stiffness", "Answers everything in an officious tone, without sympathy.", defects_manners.stiffness),
    _soft("missing-citations", "Leaves out the citations that its replies rest on.", defects_manners.missing_citations),
)
BY_NAME: Mapping[str, Defect] = {defect.name: defect for defect in DEFECTS}


def checked_rates(rates: Mapping[str, float]) -> dict[str, float]:
    """Return `rates` in the order of the list.

    Raises:
        SettingsError: A name is unknown, or a rate is not in 0 to 1.
    """
    for name, rate in rates.items():
        if name not in BY_NAME:
            close = difflib.get_close_matches(name, BY_NAME, n=1)
            hint = f"did you mean '{close[0]}'?" if close else "`harness demo --list-defects` lists them"
            raise SettingsError(f"defect: unknown defect '{name}'; {hint}")
        if not 0 <= rate <= 1:
            raise SettingsError(f"defect {name}: rate {rate:g} is not in 0 to 1; write e.g. {name}=0.3")
    return {defect.name: rates[defect.name] for defect in DEFECTS if defect.name in rates}
