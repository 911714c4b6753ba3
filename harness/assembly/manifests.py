"""What a run intends, written down before the first call."""

from __future__ import annotations

import os
import secrets
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

from harness.assembly.bench import Bench
from harness.baselines.changed_terms import as_recorded
from harness.errors import SettingsError
from harness.records.run import LookSchedule, RunManifest, ScenarioPlan, SeedStream
from harness.records.store import new_run_id
from harness.trial.plan import scenario_plans

_NAMED = 6
"""Scenarios that are named, of many."""


def new_manifest(
    bench: Bench, stream: SeedStream, seed: int | None, *, coupled: bool = False, only_repeat: int | None = None
) -> RunManifest:
    """Plan a run; the seed is drawn where none is given, and recorded either way."""
    now = datetime.now(UTC)
    return planned_manifest(
        bench,
        stream,
        run_id=new_run_id(now, secrets.token_hex(2)),
        created=now.isoformat(timespec="seconds"),
        seed=secrets.randbits(32) if seed is None else seed,
        coupled=coupled,
        only_repeat=only_repeat,
    )


def planned_manifest(
    bench: Bench, stream: SeedStream, *, run_id: str, created: str, seed: int, coupled: bool = False, only_repeat: int | None = None
) -> RunManifest:
    """Plan a run whose identity is given: a new one, or one to resume.

    Args:
        bench: what was assembled.
        stream: which seeds.
        run_id: identity of the run.
        created: when it began.
        seed: of the run.
        coupled: side by side, both arms get the same seeds.
        only_repeat: hold this one repeat of each scenario, to replay it.
    """
    settings = bench.settings
    plans = _plans(bench)
    return RunManifest(
        run_id=run_id,
        created=created,
        harness_version=version("mangaassist-harness"),
        git_revision=_git_revision(),
        target=bench.target.identity,
        attested=bench.target.attested,
        expected_build=settings.expect_build,
        seed=seed,
        stream=stream,
        repeats=settings.repeats if only_repeat is None else 1,
        judge=bench.judge.identity,
        suite=bench.suite.fingerprint,
        scenarios=plans,
        baseline=bench.baseline.id if bench.baseline else None,
        policy=settings.policy.planned,
        deselected=_deselected(bench),
        schedule=_looks(bench, plans) if bench.gated else None,
        pinned=bench.pinned.id if bench.pinned else None,
        against=bench.blue.identity if bench.blue else None,
        coupled=coupled,
        first=only_repeat or 0,
        trusted_revision=bench.trust.terms.commit if bench.trust else None,
    )


def _looks(bench: Bench, plans: tuple[ScenarioPlan, ...]) -> LookSchedule:
    """Return the looks at quality of a gate run."""
    from harness.trial.looks import look_schedule  # noqa: PLC0415 - arrays and statistics, for gates alone

    settings = bench.settings
    return look_schedule(plans, bench.baseline, settings.policy, settings.repeats, settings.max_judged)


def _plans(bench: Bench) -> tuple[ScenarioPlan, ...]:
    """Return the plan of each scenario; where a revision decides, each counts as much as the baseline recorded."""
    plans = scenario_plans(bench.suite, bench.judge, bench.calibration)
    recorded = bench.recorded or bench.pinned
    return plans if bench.trust is None or recorded is None else tuple(as_recorded(plan, recorded) for plan in plans)


def overruled_counts(bench: Bench) -> tuple[str, ...]:
    """Say which scenarios the work tree wants to count otherwise than the baseline recorded, where a revision decides that they do not."""
    if bench.trust is None:
        return ()
    wanted = scenario_plans(bench.suite, bench.judge, bench.calibration)
    differing = [plan.id for plan, counts in zip(wanted, _plans(bench), strict=True) if plan != counts]
    if not differing:
        return ()
    named = ", ".join(differing[:_NAMED]) + (f" and {len(differing) - _NAMED} more" if len(differing) > _NAMED else "")
    said = (
        f"Weight, cluster, intent or must_pass of {named} {'is' if len(differing) == 1 else 'are'} otherwise in the work tree; they count as the "
        "baseline recorded them, until it is recorded again."
    )
    return (said,)


def refuse_forgotten(bench: Bench) -> None:
    """Raise SettingsError where a change takes scenarios away, and judging the baseline again would make them forgotten.

    Only what the suite still asks is judged again, so that nobody would miss the rest.
    """
    if bench.trust is None or bench.recorded is None or bench.baseline is bench.recorded:
        return
    known = {scenario.id for scenario in bench.suite.scenarios} | set(_deselected(bench))
    gone = [one.plan.id for one in bench.recorded.scenarios if one.plan.id not in known]
    if gone:
        named = ", ".join(gone[:_NAMED]) + (f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else "")
        raise SettingsError(
            f"{bench.trust.named.baseline}: holds {named}, which the suite does not any more, and judging it again would forget that; keep the "
            "scenarios until a baseline without them was recorded and landed"
        )


def _deselected(bench: Bench) -> tuple[str, ...]:
    """Return what was left out on purpose; where a revision decides, a change cannot leave out what the baseline holds by calling it harmful."""
    recorded = bench.recorded or bench.pinned
    if bench.trust is None or recorded is None:
        return bench.deselected
    held = {one.plan.id for one in recorded.scenarios}
    return tuple(one for one in bench.deselected if one not in bench.creating or one not in held)


def manifest_beside(bench: Bench, manifest: RunManifest) -> RunManifest | None:
    """Return the plan of the other arm, whose seeds are the gate's only where the arms are coupled; None where there is none."""
    if bench.blue is None:
        return None
    return replace(
        manifest,
        run_id=f"{manifest.run_id}-blue",
        target=bench.blue.identity,
        attested=bench.blue.attested,
        expected_build=None,
        stream=manifest.stream if manifest.coupled else SeedStream.BASELINE,
        pinned=None,
        against=None,
    )


def _git_revision() -> str | None:
    """Return the revision of the working directory, for the record only."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
