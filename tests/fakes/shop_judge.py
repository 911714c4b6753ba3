"""What an honest judge says of the demo's conversations: the faults that the shop's soft defects plant, and the anchors' labels."""

from __future__ import annotations

from tests.fakes.anchor_judges import labelled, shipped_rubric
from tests.fakes.messages_api.api import FakeMessagesApi
from tests.fakes.messages_api.planted import faults
from tests.fakes.messages_api.scale import Scale
from tests.fakes.messages_api.temper import HONEST, Temper

OFFICIOUS = r"[Hh]ereby|[Hh]erewith|Be advised|回答する。|通知する。"
_HONEST = labelled(faults({"politeness": OFFICIOUS, "empathy": OFFICIOUS}))


def shop_judge(temper: Temper = HONEST, seed: int = 0) -> FakeMessagesApi:
    """Return a fake Messages API that judges the shop, in this temper."""
    return FakeMessagesApi(_HONEST, temper, scale=Scale.of(shipped_rubric()), seed=seed)
