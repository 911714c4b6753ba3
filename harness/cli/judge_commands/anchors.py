"""`harness judge anchors`: the judge held against its own verdicts on frozen conversations."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import MODEL_OPTIONS, SUITE_OPTIONS, with_options
from harness.cli.output import mention, say

if TYPE_CHECKING:
    from harness.anchors.frozen_set import AnchorSet
    from harness.anchors.reading import Readings
    from harness.anchors.record import AnchorStore
    from harness.judging.judge import Judge
    from harness.language_model.access import ModelAccess
    from harness.scenarios.rubric import Rubric

_OPTIONS = (
    *SUITE_OPTIONS[:-1],
    *MODEL_OPTIONS[:-2],
    click.option("--judge", metavar="NAME", help="anthropic or bedrock: Claude; package.module:factory: your own."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else."),
    click.option("--quiet", is_flag=True, help="No progress."),
)
_STEPS = 5


@click.group("anchors")
def command() -> None:
    """Hold the judge against its own verdicts on a hundred frozen conversations, so that it cannot change unnoticed."""


@command.command("record")
@with_options(_OPTIONS)
def record(*, as_json: bool, quiet: bool, config: Path | None, **flags: Any) -> int:
    """Record what the judge says of every anchor, five times: the reference of all checks, and of the chart of runs.

    Refused where the judge does not tell what is clearly good from what is clearly bad, or not twice the same: 2.
    """
    from datetime import UTC, datetime

    from harness.anchors.clarity import unclear
    from harness.anchors.record import AnchorRecord
    from harness.reports.anchors import record_document, record_report, record_text

    bench = _bench(config, flags)
    readings = bench.read(quiet=quiet)
    problems = unclear(bench.anchors, readings)
    identity = bench.judge.identity
    stored = None
    if not problems:
        kept = AnchorRecord(
            judge=identity.name[:300], fingerprint=identity.fingerprint, anchors=bench.anchors.fingerprint,
            created=datetime.now(UTC).isoformat(timespec="seconds"), readings={name: tuple(held) for name, held in readings.items()},
        )  # fmt: skip
        stored = str(bench.store.keep_record(kept))
    report = record_report(bench.anchors, readings, (identity.name, identity.fingerprint), problems, stored, bench.spent)
    say(record_document(report) if as_json else record_text(report, _width()))
    return 2 if problems else 0


@command.command("check")
@with_options(_OPTIONS)
def check(*, as_json: bool, quiet: bool, config: Path | None, **flags: Any) -> int:
    """Judge every anchor again, five times, and say whether the judge is what it was.

    Exit codes: 0 steady, or a small shift that the gate corrects; 4 changed: stored scores are not comparable any more.
    """
    from datetime import UTC, datetime

    from harness.anchors.reckoning import noise_of, shift_of
    from harness.anchors.record import ShiftFigures
    from harness.anchors.shift import Standing
    from harness.errors import JudgeError, SettingsError
    from harness.reports.anchors import CheckReport, check_document, check_text

    bench = _bench(config, flags)
    identity = bench.judge.identity
    kept = bench.store.record(identity.fingerprint, bench.anchors)
    if kept is None:
        raise SettingsError(
            f"{bench.store.folder}: holds no verdicts of the judge {identity.name} ({identity.fingerprint}) on these anchors; a judge whose model, "
            "prompt, rubric or parameters changed is another one: record it with `harness judge anchors record`"
        )
    readings = bench.read(quiet=quiet)
    shift = shift_of(bench.anchors, kept.readings, readings)
    if shift is None:
        raise JudgeError(f"the judge {identity.name} scored too few anchors to say anything; nothing was written")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    history = bench.store.history(kept).model_copy(update={"checked": now, "check": ShiftFigures.of(shift)})
    bench.store.keep_history(identity.fingerprint, history)
    report = CheckReport(identity.name, identity.fingerprint, kept.created, shift, noise_of(kept.readings), noise_of(readings), bench.spent)
    say(check_document(report) if as_json else check_text(report, _width()))
    return 4 if shift.standing is Standing.CHANGED else 0


@dataclass(frozen=True, slots=True)
class _Bench:
    """The anchors, and the judge who is asked about them."""

    anchors: AnchorSet
    store: AnchorStore
    judge: Judge
    rubric: Rubric
    access: ModelAccess | None

    def read(self, *, quiet: bool) -> Readings:
        """Have all anchors judged five times."""
        from harness.anchors.readings import RECORDED, read_anchors
        from harness.cli.event_loop import in_event_loop

        ids = tuple(anchor.id for anchor in self.anchors.anchors)
        told = steps("verdicts", len(ids) * RECORDED, quiet=quiet)
        return in_event_loop((self.judge,), lambda: read_anchors(self.judge, self.anchors, self.rubric, ids, RECORDED, told))

    @property
    def spent(self) -> str:
        """What asking took, in one sentence."""
        return spent(self.access)


def _bench(config: Path | None, flags: dict[str, Any]) -> _Bench:
    from dataclasses import replace

    from harness.anchors.frozen_set import read_anchor_set, shipped_anchors
    from harness.anchors.record import AnchorStore
    from harness.assembly.bench import open_suite
    from harness.assembly.judges import NO_JUDGE, fresh_judge, model_access
    from harness.cli.choosing import chosen_settings
    from harness.errors import SettingsError

    settings = chosen_settings(config, flags, os.environ)
    if settings.judge is None:
        raise SettingsError(NO_JUDGE)
    if settings.judge == "offline":
        raise SettingsError("--judge offline: follows rules and cannot drift; anchors are for judges that ask a model")
    if settings.replay:
        raise SettingsError("replay: anchors are asked afresh, and a replay asks nobody; leave it out")
    suite, _ = open_suite(settings, ())
    anchors = read_anchor_set(shipped_anchors())
    access = model_access(settings, os.environ)
    judge = fresh_judge(settings, replace(suite, facts=anchors.facts), os.environ, access)
    return _Bench(anchors, AnchorStore(settings.anchors), judge, suite.rubric, access)


def steps(noun: str, planned: int, *, quiet: bool) -> Callable[[], None]:
    """Return who is told of each piece of work, and says a line on stderr at each fifth."""
    done = 0

    def told() -> None:
        nonlocal done
        done += 1
        if not quiet and done * _STEPS // planned > (done - 1) * _STEPS // planned:
            mention(f"{done}/{planned} {noun}")

    return told


def spent(access: ModelAccess | None) -> str:
    """Return what asking models took, in one sentence."""
    if access is None:
        return "No model of ours was asked."
    from harness.reports.spending import spending_report, spent_sentence

    account = spending_report({}, access.ledger.spending, access.ledger.found, access.terms.prices, access.terms.limit)
    return f"Spent: {spent_sentence(account)}"


def _width() -> int:
    from harness.reports.terminal import fitting_width

    return fitting_width(os.environ, shutil.get_terminal_size().columns)
