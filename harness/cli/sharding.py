"""`harness gate --shard 2/5`: hold one share of a run, seal it, and decide nothing; `harness merge` does, once all shares are there.

The exit code tells the truth about the share, in every mode: 0, it was held whole and its build is proved; 4, it was not. Never 1
or 3, which are verdicts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

import click

from harness.assembly.bench import assemble
from harness.cli.gating import rules_of
from harness.cli.holding import hold
from harness.cli.output import counted, refuse_unwritable
from harness.cli.reporting import publish
from harness.cli.telling import account_of, circumstances_of
from harness.cli.verdict import ready
from harness.errors import SettingsError
from harness.records.journal_content import of_infrastructure
from harness.records.run import RunManifest, SeedStream, Shard
from harness.records.shards import break_seal, plan_of, write_seal
from harness.reports.report import build_report
from harness.settings import Settings
from harness.targets.open import limit_told
from harness.trial.experiment import Experiment, Measurement
from harness.trial.plan import first_wave
from harness.trial.sharding import MOST_SHARDS, fixed_sample, hold_share

_CENT_OF_A_CENT = Decimal("0.0001")
_SHARD = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", re.ASCII)


def shard_named(text: str) -> Shard:
    """Return the shard that a person wrote as `2/5`; raises UsageError for anything else."""
    found = _SHARD.fullmatch(text)
    shard = Shard(int(found[1]), int(found[2])) if found else None
    if shard is None or shard.number > shard.of or shard.of > MOST_SHARDS:
        raise click.UsageError(
            f"--shard {text!r}: is no shard; say NUMBER/OF, such as 2/5, with numbers from 1 to OF and OF at most {MOST_SHARDS}"
        )
    return shard


def hold_shard_and_report(settings: Settings, only: tuple[str, ...], flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    """Hold the share of the shard that `flags["shard"]` is, seal it, and report what was seen; returns the exit code."""
    began = time.monotonic()
    shard: Shard = flags["shard"]
    refuse_unwritable(flags["markdown"], flags["junit"])
    bench = replace(assemble(_sharded(settings, shard), only, environ, gated=True), trust=flags.get("trust"))
    bench, watch = ready(bench, flags, environ)
    stated: list[tuple[str | None, str | None]] = []
    experiments: list[Experiment] = []

    async def work(experiment: Experiment) -> Measurement:
        manifest = experiment.green.manifest
        break_seal(experiment.green.journal.path.parent)
        seen, before = await hold_share(experiment, rules_of(bench, watch, manifest.run_id))
        stated.append((before[manifest.run_id], before[experiment.blue.manifest.run_id] if experiment.blue is not None else None))
        experiments.append(experiment)
        return seen

    seen, folder = hold(bench, SeedStream.GATE, work, flags)
    run = seen.green
    circumstances = replace(
        circumstances_of(bench, flags, folder, gated=False),
        duration_s=time.monotonic() - began if flags["resume"] is None else None,
        rerun=of_infrastructure(experiments[0].green.journal.troubles),
        troubles=experiments[0].green.journal.troubles,
        spending=account_of(bench, experiments[0]),
        limit=limit_told(bench.target),
    )
    told = replace(circumstances, cautions=(_undecided(run.manifest, len(run.conversations)), *circumstances.cautions))
    code = publish(build_report(run, None, None, "enforce", told), folder, flags)
    write_seal(folder, run.manifest, stated[0], run.problems)  # the last thing that is done: whoever crashed before was not finished
    return code


def refuse_meaningless(flags: Mapping[str, Any]) -> None:
    """Raise UsageError for flags that cannot go with --shard, all at once."""
    mistakes = []
    if flags["seed"] is None and flags["resume"] is None:
        mistakes.append(
            "every shard needs the same --seed, since a drawn one would be another on each machine; say one, such as the id of the CI run"
        )
    if flags["rejudge_baseline"]:
        mistakes.append("--rejudge-baseline would be paid for by every shard; judge the baseline again once, with `harness rejudge`")
    if flags["extend"]:
        mistakes.append("--extend is a second look, and a sharded run is a fixed sample with one; leave it out")
    if mistakes:
        raise click.UsageError("\n".join(f"--shard: {mistake}" for mistake in mistakes))


def _sharded(settings: Settings, shard: Shard) -> Settings:
    """Return the settings of one shard: the plan is the whole run's, the money is the shard's."""
    changes: dict[str, Any] = {"policy": fixed_sample(settings.policy, settings.repeats)}
    if settings.budget_usd is not None:
        changes["budget_usd"] = (settings.budget_usd / shard.of).quantize(_CENT_OF_A_CENT, ROUND_DOWN)
        if changes["budget_usd"] <= 0:
            raise SettingsError(f"budget_usd: {settings.budget_usd} US dollars cannot be divided by {shard.of} shards; allow more")
    return settings.model_copy(update=changes)


def _undecided(manifest: RunManifest, held: int) -> str:
    """Say what this is, and who decides."""
    planned = counted(len(first_wave(manifest)), "conversation")
    share = f"Shard {manifest.shard} of the plan {plan_of(manifest)}, with {held} of the plan's {planned}."
    return f"{share} Nothing is decided by one shard: `harness merge` decides once all of them are there."
