"""Ordinary flaws: what even the healthy shop gets wrong now and then, so that a judge has something true to measure.

About one conversation in five has one. None of them touches facts, safety, orders or refunds. One rare lapse, in
recommendations only, does fail a conversation, as every real bot does once in a while.
"""

from __future__ import annotations

from dataclasses import replace

from harness.demo.draft import Chance, Draft, Say

WORDY = {"en": 610, "ja": 305}
"""Characters that a wordy reply has at least."""
_FORGOTTEN_CITATION = 0.04
_WORDY = 0.048
_STIFF = 0.042
_LAPSE = 0.003
"""Chances for each turn; of the lapse, for each recommendation without an age."""
_PICKING = frozenset({"recommendation", "product_discovery"})
_SPARED = frozenset({"escalation", "return_request", "order_tracking"})
_SAFETY = frozenset({"too_young", "keeps_rules", "not_yours", "age_unfit"})


def with_flaws(draft: Draft, chance: Chance, *, age_known: bool) -> Draft:
    """Return the draft with the flaws that this turn happens to have; mostly none."""
    if draft.intent in _SPARED or any(say.key in _SAFETY for say in draft.says):
        return draft
    if draft.intent in _PICKING and draft.products and not age_known and chance.of("flaw:lapse") < _LAPSE:
        return Draft(draft.intent, (Say("lapse"),), language=draft.language)
    if draft.evidence and chance.of("flaw:citation") < _FORGOTTEN_CITATION:
        draft = replace(draft, cited=False)
    if chance.of("flaw:wordy") < _WORDY:
        draft = replace(draft, least=WORDY[draft.language])
    if chance.of("flaw:stiff") < _STIFF:
        draft = stiff(draft)
    return draft


def stiff(draft: Draft) -> Draft:
    """Return the draft without warmth, and with an office's preamble."""
    kept = tuple(say for say in draft.says if say.key not in _WARM)
    return replace(draft, says=(Say("officious"), *(kept or draft.says)))


_WARM = frozenset(
    {"greet", "closing", "sorry", "sorry_wait", "sorry_volume", "very_sorry", "pick", "pick_one", "pick_again", "offer", "farewell"}
)
