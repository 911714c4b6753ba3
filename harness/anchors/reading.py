"""One verdict on one anchor, as it is kept and compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from harness.frozen import FrozenModel


class Reading(FrozenModel):
    """One verdict on one anchor."""

    scores: dict[str, Annotated[int, Field(ge=1, le=5)]]
    """Dimension → score; empty where the judge gave none."""
    met: dict[str, bool]
    """Criterion → whether it was met; those that nobody assessed are left out."""


Readings = Mapping[str, Sequence[Reading]]
"""Anchor id → its verdicts, in no particular order."""
