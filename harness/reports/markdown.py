"""The report as Markdown for a pull-request comment or a CI step summary: verdicts, worst regressions, then details.

GitHub refuses comments above 65,536 characters; the report stays below 60,000 bytes by dropping whole blocks from its
end, and says so. HTML is our own only (`details`, `summary`, `br`); a blank line follows each `summary`, because Markdown,
and with it every code span, is dead inside an HTML block (CommonMark 0.31 §4.6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.gates.verdict import Decision
from harness.reports import terms, wording
from harness.reports.escape import code_span, command_block, command_span, inline, link
from harness.reports.quality_reading import FELL, Groups, groups, number
from harness.reports.report import Report
from harness.reports.rows import ScenarioRow
from harness.reports.spending import SpendingReport
from harness.reports.summary import RunSummary
from harness.reports.users import users_sentences

MAX_BYTES = 60_000
SHOWN_REGRESSIONS = 10
_NOTE_BYTES = 200
_TABLE_BYTES = 20_000
_MOST_GROUPS = 50
_SIGNS = {"PASS": "✅", "FAIL": "❌", "INCONCLUSIVE": "⚠️", "INVALID": "🚫", "ERROR": "🚫", "MEASURED": "📏"}


def markdown(report: Report) -> str:
    """Draw a report as Markdown of at most `MAX_BYTES` bytes."""
    kept: list[str] = []
    used = 0
    dropped = 0
    for block in _blocks(report):
        size = len(block.encode()) + 1
        if dropped or used + size > MAX_BYTES - _NOTE_BYTES:
            dropped += 1
            continue
        kept.append(block)
        used += size
    if dropped:
        kept.append(f"*Clipped to fit a comment: {wording.counted(dropped, 'more block')} in the JSON report of this run.*\n")
    return "\n".join(kept)


def _blocks(report: Report) -> Iterator[str]:
    yield _head(report)
    if report.error is not None:
        yield "\n".join(f"- {code_span(line, 1000)}" for line in report.error.splitlines()[:50] if line.strip()) + "\n"
    if report.run is not None and report.run.problems:
        yield _listed("Why nothing was decided", report.run.problems)
    if report.verdicts:
        yield _verdicts(report)
    yield from _worse(report)
    for title, texts in (
        ("What to do", report.next_steps),
        ("Cautions", report.cautions),
        ("Not compared", wording.unpaired_sentences(report)),
        ("How users were played", users_sentences(report.users) if report.users else ()),
        (terms.CHANGED_TITLE, terms.changed_sentences(report.changed)),
        (inline(terms.trusted_title(report.trusted)), terms.trusted_sentences(report.trusted)),
    ):
        if texts:
            yield _listed(title, texts)
    if report.run is not None:
        yield "<br>\n".join(f"**{inline(label)}:** {inline(text)}" for label, text in wording.measured(report)) + "\n"
    yield from _details(report)


def _worse(report: Report) -> Iterator[str]:
    worst = report.regressions
    if worst:
        more = f" ({SHOWN_REGRESSIONS} of {len(worst)})" if len(worst) > SHOWN_REGRESSIONS else ""
        promise = wording.listing_sentence(report)
        yield f"### {wording.regressions_title(report)}{more}\n" + (f"\n{inline(promise)}\n" if promise else "")
    for index, row in enumerate(worst[:SHOWN_REGRESSIONS], 1):
        yield _regression(index, row)
    for verdict in report.verdicts:
        if (tested := groups(verdict)).fallen or tested.unproved:
            yield f"### Groups of scenarios\n\n{_groups(tested)}\n"


def _head(report: Report) -> str:
    word = wording.word(report)
    target = f": {inline(report.run.target)}" if report.run else ""
    note = " (UNATTESTED: nothing proves which build answered)" if report.unattested else ""
    allowed = wording.allowed_note(report)
    return (
        f"## {_SIGNS[word]} {word}{f' ({inline(allowed)})' if allowed else ''}{target}{note}\n\n{inline(wording.mode_sentence(report))}\n"
    )


def _verdicts(report: Report) -> str:
    problems = report.problems
    lines = ["| gate | verdict | why |", "|---|---|---|"]
    for verdict in report.verdicts:
        word = verdict.decision.value.upper()
        texts = [wording.sentence(verdict, problems), wording.literal_sentence(verdict)]
        texts += [reason.sentence for reason in verdict.reasons[1:6] if not problems]
        lines.append(f"| {inline(verdict.gate)} | {_SIGNS[word]} **{word}** | {'<br>'.join(inline(text) for text in texts if text)} |")
    return "\n".join(lines) + "\n"


def _regression(index: int, row: ScenarioRow) -> str:
    lines = [f"**{index}.** {command_span(row.id)} {inline(row.title)}: **{inline(wording.row_sentence(row))}**", ""]
    if row.worst is not None:
        turn = row.worst
        trace = "" if turn.trace_url is None else f"<br>\n> {link('trace of this turn', turn.trace_url)}"
        answer = code_span(turn.answer) if turn.answered else f"*no reply:* {code_span(turn.answer)}"
        lines += [
            f"> **user** {code_span(turn.asked)}<br>",
            f"> **bot** {answer}<br>",
            f"> **why** {inline(wording.where_sentence(turn))}" + (f": {code_span(turn.fault)}" if turn.answered else "") + trace,
            "",
        ]
    return "\n".join([*lines, command_block(row.replay), ""])


def _listed(title: str, texts: Iterable[str]) -> str:
    return "\n".join([f"### {title}", "", *(f"- {inline(text)}" for text in texts), ""])


def _details(report: Report) -> Iterator[str]:
    rest = report.regressions[SHOWN_REGRESSIONS:]
    if rest:
        yield _folded(f"{len(rest)} more regressions", _table(rest))
    if report.flawed:
        what = "failed, but no regression" if report.baseline else "failed"
        yield _folded(f"{wording.counted(len(report.flawed), 'scenario')} {what}", _table(report.flawed))
    for verdict in report.verdicts:
        if (tested := groups(verdict)).tested and not tested.fallen and not tested.unproved:
            yield _folded(f"Groups of scenarios ({inline(verdict.gate)})", _groups(tested))
        dimensions = verdict.figures.get("dimensions")
        if isinstance(dimensions, Mapping) and dimensions and verdict.decision is not Decision.INVALID:
            yield _folded(f"Scores by dimension ({inline(verdict.gate)})", _dimensions(dimensions))
    if report.rows:
        yield _folded(f"All {wording.counted(len(report.rows), 'scenario')}", _table(report.rows))
    if report.spending is not None and report.spending.rows:
        yield _folded("What judging cost", _spending(report.spending))
    if report.run is not None:
        yield _folded("How it was measured", _measured(report.run))


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>\n"


def _table(rows: Sequence[ScenarioRow]) -> str:
    lines = ["| scenario | class | passed | baseline | score | change |", "|---|---|---|---|---|---|"]
    used = 0
    for index, row in enumerate(rows):
        before = "" if row.baseline_passes is None else f"{row.baseline_passes}/{row.baseline_conversations}"
        score = "" if row.score is None else f"{row.score:.2f}"
        change = "" if row.difference is None else wording.signed(row.difference)
        line = f"| {command_span(row.id)} | {inline(row.klass.replace('_', ' '))} | {row.passes}/{row.conversations} | {before} | {score} | {change} |"
        used += len(line.encode())
        if used > _TABLE_BYTES:
            return "\n".join([*lines, "", f"*{len(rows) - index} more in the JSON report.*"])
        lines.append(line)
    return "\n".join(lines)


def _dimensions(dimensions: Mapping[str, object]) -> str:
    lines = ["| dimension | change | lower | upper |", "|---|---|---|---|"]
    for name, figures in list(dimensions.items())[:_MOST_GROUPS]:
        known = figures if isinstance(figures, Mapping) else {"difference": figures}
        shown = [wording.signed(value) if (value := number(known.get(key))) is not None else "" for key in ("difference", "lower", "upper")]
        lines.append(f"| {inline(str(name))} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _groups(tested: Groups) -> str:
    margin = "" if tested.margin is None else f"Each is held against a margin of {tested.margin:g} points, on its own scenarios. "
    meaning = "What *fell* and what *holds* is proved; *not shown* is neither.\n\n"
    lines = ["| group | name | scenarios | change | verdict |", "|---|---|---|---|---|"]
    for one in tested.tested[:_MOST_GROUPS]:
        verdict = f"**{one.verdict}**" if one.verdict == FELL else one.verdict
        lines.append(f"| {inline(one.kind)} | {inline(one.name)} | {one.scenarios} | {wording.signed(one.difference)} | {verdict} |")
    return margin + meaning + "\n".join(lines)


def _spending(spending: SpendingReport) -> str:
    lines = ["| arm | part | model | questions | tokens in | tokens out | USD |", "|---|---|---|---|---|---|---|"]
    for row in spending.rows:
        cost = "" if row.cost is None else f"{row.cost:.4f}"
        tokens = f"{row.usage.prompt_tokens:,} | {row.usage.output_tokens:,}"
        lines.append(f"| {inline(row.arm)} | {inline(row.part)} | {inline(row.model)} | {row.questions:,} | {tokens} | {cost} |")
    return "\n".join(lines)


def _measured(run: RunSummary) -> str:
    facts = (
        ("run", run.id),
        ("started", run.created),
        ("harness", run.harness_version + (f", revision {run.git_revision}" if run.git_revision else "")),
        ("build", run.build or "none stated"),
        ("expected build", run.expected_build or "none given"),
        ("seed", str(run.seed)),
        ("conversations of each scenario held first", str(run.repeats)),
        ("judge fingerprint", run.judge_fingerprint),
    )
    return "\n".join(f"- {label}: {command_span(value)}" for label, value in facts)
