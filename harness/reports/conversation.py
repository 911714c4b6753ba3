"""One conversation as a person reads it: what was said, what was unmet, and the scores with their reasons."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conversations.simulation import AS_WRITTEN
from harness.conversations.transcript import Transcript
from harness.expectations.finding import Finding, FindingOutcome
from harness.judging.judge import CriterionAnswer, Judgement
from harness.records.redact import NOTHING_KNOWN, Known, redact
from harness.records.run import ConversationRecord
from harness.reports.escape import command, console
from harness.reports.evidence import trace_url
from harness.reports.layout import padded, wrapped
from harness.targets.traces import TraceLinks

TEXT_LIMIT = 4000
"""Characters of one message."""
_LABEL_WIDTH = 9


def conversation(record: ConversationRecord, known: Known = NOTHING_KNOWN, width: int = 80, links: TraceLinks | None = None) -> str:
    """Draw one conversation for a terminal, with personal data replaced; ends without a newline.

    Args:
        record: the conversation.
        known: personal data and secrets that must not be shown.
        width: in cells; the link to a trace is never broken.
        links: to the traces of turns; a turn that failed gets one.
    """
    clean = redact(record, known)
    held = clean.assignment
    state = "passed" if clean.passed else "FAILED"
    lines = [f"{console(held.scenario_id)}, repeat {held.repeat}, seed {held.seed}: {state}"]
    lines += [line for told in _played(clean.transcript) for line in _labelled("played", told, width)]
    for exchange in clean.transcript.exchanges:
        lines += _labelled("user", exchange.sent, width)
        if exchange.reply is not None:
            lines += _labelled("bot", f"{exchange.reply.text}  ({exchange.reply.latency_s:.2f} s)", width)
        elif exchange.failure is not None:
            lines += _labelled("failure", f"{exchange.failure.kind.value}: {exchange.failure.detail}", width)
        unmet = dict.fromkeys(line for finding in clean.findings if finding.turn == exchange.turn for line in _unmet(finding, width))
        lines += unmet
        if links is not None and (unmet or exchange.failure is not None):
            lines += _trace(trace_url(links, clean, exchange.turn, exchange))
    if clean.judgement is not None:
        lines += _scores(clean.judgement, width)
    return "\n".join(lines)


def _played(transcript: Transcript) -> Iterator[str]:
    """Yield how the user was played, where it was no plain script."""
    simulation, variant = transcript.simulation, transcript.variant
    if simulation is not None:
        ended = simulation.outcome.value.replace("_", " ") if simulation.outcome else "cut short"
        again = f", after {simulation.replacement} spoiled before" if simulation.replacement else ""
        yield f"by {simulation.player}: {', '.join(simulation.moves)}; {ended}{again}"
    if variant is not None:
        changed = f", turns {', '.join(map(str, variant.changed))}" if variant.changed else ", nothing to change"
        yield variant.kind.replace("_", " ") + ("" if variant.kind == AS_WRITTEN else changed)


def _trace(address: str | None) -> Iterator[str]:
    if address is not None:
        yield f"  {padded('trace', _LABEL_WIDTH)}{command(address)}"


def _unmet(finding: Finding, width: int) -> Iterator[str]:
    """Yield an unmet finding as one text of several lines, so that the same one, found twice, is shown once."""
    if finding.outcome is FindingOutcome.UNMET:
        yield "\n".join(_labelled(finding.severity.value.upper(), f"{finding.kind}: {finding.evidence}", width))


def _scores(judgement: Judgement, width: int) -> Iterator[str]:
    rated = ", ".join(f"{rating.dimension} {rating.score}" for rating in judgement.ratings)
    yield from _labelled("scores", rated or f"none: {judgement.outcome.value} {judgement.note}", width)
    for verdict in judgement.verdicts:
        if verdict.answer is CriterionAnswer.NOT_MET:
            yield from _labelled("", f"{verdict.criterion} not met: {verdict.reason}", width)


def _labelled(label: str, text: str, width: int) -> Iterator[str]:
    for number, line in enumerate(wrapped(console(text, TEXT_LIMIT), width - _LABEL_WIDTH - 2)):
        yield f"  {padded(label if number == 0 else '', _LABEL_WIDTH)}{line}"
