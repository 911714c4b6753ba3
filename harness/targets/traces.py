"""From a turn to its trace in the team's own tools: the id that every turn carries, and the link that a report shows.

Pure, and without any of what speaks to a target: reports import this. A link is made of a template that the target file holds and
of values that may come from the target itself. Scheme and host are the template's alone, every value is percent-encoded, and what
is no plain URL in the end is no link.

Sources: W3C Trace Context §3.2.2 (traceparent) · AWS X-Ray, "Sending trace data": `Root=1-…` in X-Amzn-Trace-Id · RFC 3986 §2.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from harness.template import TemplateError, names_used, render

NAMES = ("trace_id", "xray_trace_id", "run", "scenario", "repeat", "turn")
"""What a template may use."""
MAX_URL = 2000
MAX_TRACE_ID = 200
"""Characters of what a target calls its trace."""
_HOST = r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_WRITTEN_OUT = re.compile(rf"{_HOST}[/?]")
"""Scheme, host and port, and the sign that ends them: nothing that a value says can change where a link leads."""
_PLAIN = re.compile(rf"{_HOST}[/?][A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*(?:#[A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?")
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_ROOT = re.compile(r"(?:^|;)\s*Root=([^;]+)")
_HEX = re.compile(r"[0-9a-f]{32}")
_DOTS = frozenset({"", ".", ".."})


def trace_id(run_id: str, scenario_id: str, repeat: int, turn: int) -> str:
    """Return the W3C trace id of one turn: 32 hexadecimal digits, never all zero."""
    told = f"{run_id}\0{scenario_id}\0{repeat}\0{turn}".encode()
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def stated_trace(text: object) -> str | None:
    """Return the id in what a target calls its trace: alone, in a `traceparent`, or as the root of an `X-Amzn-Trace-Id`.

    None for what is no text, or cannot be shown as one line.
    """
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        return None
    whole = text.strip()
    known = _ROOT.search(whole) or _TRACEPARENT.fullmatch(whole)
    return (known[1].strip() if known else whole)[:MAX_TRACE_ID]


def template_problem(template: str) -> str | None:
    """Return what is wrong with a template for links, its names aside; None where nothing is."""
    if not _WRITTEN_OUT.match(template):
        return "has to begin with http:// or https://, a host without credentials and a `/`, all written out"
    bare = _EXPRESSION.sub("x", template)
    if len(template) > MAX_URL or not _PLAIN.fullmatch(bare):
        return "is no URL: what is no ASCII letter, digit or sign of a URL has to be written as %XX, and one # is allowed"
    try:
        used = names_used(template)
    except TemplateError:
        return None  # told at its place, with all other templates of the file
    return None if used else "is the same for every turn; use {{ trace_id }}, or another of " + ", ".join(NAMES[1:])


@dataclass(frozen=True, slots=True)
class TraceTemplate:
    """Where a target's traces are found."""

    url: str
    """With `{{ trace_id }}` or another of `NAMES`."""
    ours: bool = True
    """Our own ids are sent, so that they lead somewhere."""


@dataclass(frozen=True, slots=True)
class TraceLinks:
    """Links to the traces of one run."""

    template: TraceTemplate
    run_id: str | None
    """None where the conversations were held by several runs, and which held which is not known."""
    runs: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """(scenario id, repeat) → run that held it, where it was another one."""

    def url(self, scenario_id: str, repeat: int, turn: int, stated: str | None = None) -> str | None:
        """Return the link to the trace of a turn; None where there is none to lead to.

        Args:
            scenario_id: of the conversation.
            repeat: of the conversation, from 0.
            turn: from 1.
            stated: what the target itself calls the trace; default: the id that the turn carried.
        """
        run_id = self.runs.get((scenario_id, repeat), self.run_id)
        own = None if run_id is None or not self.template.ours else trace_id(run_id, scenario_id, repeat, turn)
        known = stated if stated is not None and stated not in _DOTS else own
        if known is None or (run_id is None and "run" in names_used(self.template.url)):
            return None
        values = {
            "trace_id": known,
            "xray_trace_id": f"1-{known[:8]}-{known[8:]}" if _HEX.fullmatch(known) else known,
            "run": run_id or "",
            "scenario": scenario_id,
            "repeat": str(repeat),
            "turn": str(turn),
        }
        try:
            found = render(self.template.url, {name: _encoded(value) for name, value in values.items()})
        except TemplateError:
            return None
        return found if len(found) <= MAX_URL and _PLAIN.fullmatch(found) else None


def _encoded(value: str) -> str:
    return quote(value[:MAX_TRACE_ID], safe="", errors="replace")
