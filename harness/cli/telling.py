"""What a trial came to, told: the circumstances of its report, what its judging cost, the report itself.

Loaded while conversations are held (`verdict`): nothing of it is needed before the last one has ended.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.assembly.bench import Bench
from harness.assembly.manifests import overruled_counts
from harness.cli.output import say
from harness.cli.reporting import publish
from harness.frozen import plain
from harness.records.redact import Known
from harness.reports.conversation import conversation
from harness.reports.report import build_report, links_of
from harness.reports.spending import SpendingReport, spending_report
from harness.reports.summary import Circumstances
from harness.reports.terminal import DEFAULT_WIDTH, fitting_width
from harness.settings import DEFAULT_REPEATS, Settings
from harness.targets.open import limit_told, traces_of
from harness.trial.experiment import Experiment
from harness.trial.measuring import Trial
from harness.yaml_source.document import shown_path

if TYPE_CHECKING:
    from harness.anchors.drift import Drift

_PLACES = ("config", "suite", "facts", "rubric", "trusted_ref")
SHOWN_WHOLE = 10
"""A run that only measured, and held no more conversations than this, shows each of them."""


@dataclass(frozen=True, slots=True)
class Held:
    """A trial that has ended."""

    bench: Bench
    trial: Trial
    experiment: Experiment
    folder: Path
    duration_s: float | None
    """None for a resumed run, most of which may have been long ago."""


def told(held: Held, flags: Mapping[str, Any], environ: Mapping[str, str], *, gated: bool) -> int:
    """Report a trial; returns the exit code."""
    bench, trial = held.bench, held.trial
    known = circumstances_of(bench, flags, held.folder, gated=gated)
    circumstances = replace(
        known,
        cautions=(*known.cautions, *_replaced_beside(held.experiment), *_moved(trial.drift)),
        duration_s=held.duration_s,
        rerun=trial.rerun,
        troubles=held.experiment.green.journal.troubles,
        spending=account_of(bench, held.experiment),
        limit=limit_told(bench.target),
    )
    report = build_report(trial.run, trial.baseline, trial.verdicts, bench.settings.mode, circumstances)
    if not gated and not flags["as_json"] and len(trial.run.conversations) <= SHOWN_WHOLE:
        width = fitting_width(environ, shutil.get_terminal_size((DEFAULT_WIDTH, 0)).columns)
        for record in trial.run.conversations:
            say(conversation(record, circumstances.known, width, links_of(trial.run, circumstances)))
            say("")
    return publish(report, held.folder, flags)


def _moved(drift: Drift | None) -> tuple[str, ...]:
    """Say what is to be known of the judge of a run that decides nothing."""
    if drift is None:
        return ()
    from harness.gates.quality_drift import measured_cautions

    return measured_cautions(drift)


def account_of(bench: Bench, experiment: Experiment) -> SpendingReport | None:
    """Return what a run's judging used and cost, by arm; None where no model of ours was asked."""
    if bench.access is None:
        return None
    arms = {"green": experiment.green, **({"blue": experiment.blue} if experiment.blue is not None else {})}
    return spending_report(
        {name: tuple(arm.journal.records.values()) for name, arm in arms.items()},
        bench.access.ledger.spending,
        bench.access.ledger.found,
        bench.access.terms.prices,
        bench.settings.budget_usd,
    )


def circumstances_of(bench: Bench, flags: Mapping[str, Any], folder: Path, *, gated: bool) -> Circumstances:
    """Return what a report of a run needs that no record holds, as far as it is known without having held it."""
    settings, trust = bench.settings, bench.trust
    return Circumstances(
        folder=folder,
        replay=flags.get("replay_words") or _replay(settings if trust is None else trust.named, flags),
        suite=shown_path(bench.suite.root),
        least_look=DEFAULT_REPEATS,
        known=Known.of(bench.suite.facts),
        cautions=(
            *(trust.cautions if trust is not None else ()),
            *_left_out(bench),
            *(_simulated(bench) if gated else ()),
            *overruled_counts(bench),
            *(_unreliable(bench) if gated and settings.mode == "enforce" else ()),
        ),
        recorded=bench.recorded,
        policy=plain(settings.policy),
        trusted=trust.terms if trust is not None else None,
        traces=traces_of(bench.target),
    )


def _left_out(bench: Bench) -> tuple[str, ...]:
    """Say that scenarios were not held because they create something."""
    if not bench.creating:
        return ()
    count = len(bench.creating)
    said = "1 scenario creates something and was" if count == 1 else f"{count} scenarios create something and were"
    return (f"{said} left out, because the target file does not say `sandboxed: true`.",)


def _simulated(bench: Bench) -> tuple[str, ...]:
    """Say what simulated users have to do with the verdicts: left out, or decided on."""
    found = []
    if bench.not_gating:
        count = len(bench.not_gating)
        said = "1 scenario has a simulated user and was" if count == 1 else f"{count} scenarios have a simulated user and were"
        found.append(
            f"{said} left out: gates decide on scripts; hold them with `harness run`, or say `gates: true` of users that proved to be steady."
        )
    deciding = sum(one.user is not None for one in bench.suite.scenarios)
    if deciding:
        found.append(
            f"{deciding} of {len(bench.suite.scenarios)} scenarios that decide here have a simulated user, whose repeats spread more than a "
            "script's: expect more repeats until a verdict, and look at what was replaced."
        )
    return tuple(found)


def _unreliable(bench: Bench) -> tuple[str, ...]:
    """Say what is known of the gate's own reliability on this suite, where that is not good enough."""
    from harness.cli.gating import noise_cautions

    return noise_cautions(bench)


def _replaced_beside(experiment: Experiment) -> tuple[str, ...]:
    """Say how unlike the two arms are in what simulated users spoiled: what is replaced in one of them is kept in the other."""
    arms = [sum(one.breach is not None for one in arm.journal.troubles) for arm in experiment.arms]
    if len(arms) == 1 or not any(arms):
        return ()
    return (
        f"Simulated users spoiled {arms[0]} conversations of green and {arms[1]} of blue, which were replaced; where these differ much, mistrust both.",
    )


def _replay(settings: Settings, flags: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the command that holds one conversation again, but for its scenario and seed; none where no target is named."""
    if settings.target is None:
        return ()
    given = [word for name in _PLACES if flags.get(name) for word in (f"--{name.replace('_', '-')}", str(flags[name]))]
    return ("harness", "run", "--target", str(settings.target), "--judge", str(settings.judge), *given)
