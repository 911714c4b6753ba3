"""How our traffic is told from users': a W3C trace context, the run and scenario, and a plain word.

The trace id is a function of run, scenario, repeat and turn, so that a report can link to the trace without having
stored it.
"""

from __future__ import annotations

import functools
import secrets
from urllib.parse import quote

from harness.targets.access_file import Marks
from harness.targets.protocol import Opening
from harness.targets.traces import trace_id

SYNTHETIC = "mangaassist-harness"
"""What the header that marks synthetic traffic says."""


def marks_of(marks: Marks, opening: Opening, turn: int) -> tuple[tuple[str, str], ...]:
    """Return the headers that mark one turn.

    Without a run id the trace id is drawn, because two runs must not share one. The parent id is drawn for each
    message (W3C Trace Context, 3.2.2).
    """
    headers = []
    if marks.trace is not None:
        known = opening.run_id is not None
        trace = trace_id(opening.run_id or "", opening.scenario_id, opening.repeat, turn) if known else secrets.token_hex(16)
        headers.append((marks.trace, f"00-{trace}-{secrets.token_hex(8)}-01"))
    if marks.run is not None and opening.run_id is not None:
        headers.append((marks.run, _header_text(opening.run_id)))
    if marks.scenario is not None:
        headers.append((marks.scenario, f"{_header_text(opening.scenario_id)}/{opening.repeat}/{turn}"))
    if marks.synthetic is not None:
        headers.append((marks.synthetic, SYNTHETIC))
    return tuple(headers)


@functools.lru_cache(maxsize=256)  # a conversation has the same run and scenario in every turn
def _header_text(text: str) -> str:
    return quote(text, safe="@._~-:+ ")
