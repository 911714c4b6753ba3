"""Settings → live objects: the only place that knows concrete classes."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version

from harness.baselines.baseline import Baseline
from harness.baselines.file import read_baseline
from harness.calibration.calibration import Calibration
from harness.calibration.file import stored_calibration
from harness.errors import SettingsError
from harness.evaluation.evaluate import Services
from harness.expectations.check import CheckContext
from harness.gates.quality_calibration import Standing, standing_of
from harness.judging.claude_judge import ClaudeJudge, JudgeProtocol, OpenModel
from harness.judging.judge import Judge
from harness.judging.model_request import judge_key
from harness.judging.offline_judge import OfflineJudge
from harness.judging.plugged_judge import is_plugged, plugged_judge
from harness.judging.prompt import load_prompts
from harness.judging.questioning import ModelChoice
from harness.judging.steady_judge import SteadyJudge, cleaned_facts
from harness.language_model.access import ModelAccess, Terms
from harness.language_model.batching import BatchPatience
from harness.language_model.connection import Connection, connection
from harness.language_model.prices import load_prices
from harness.records.run import RunManifest, RunRecord, SeedStream
from harness.records.store import new_run_id
from harness.scenarios.load import Suite, load_suite, select
from harness.settings import Settings
from harness.targets.http import HttpTarget
from harness.targets.wire import load_target
from harness.trial.plan import look_schedule, scenario_plans

CLAUDE = frozenset({"anthropic", "bedrock"})
"""Judges that ask Claude, named after who serves it."""
NO_JUDGE = (
    "no judge is configured: say `--judge offline` for the rules-only judge (it answers the criteria that code can check and says so), "
    "or `--judge anthropic` for Claude. "
    "The harness never falls back to it silently"
)


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything assembled for one run, before anything is sent."""

    settings: Settings
    suite: Suite
    deselected: tuple[str, ...]
    judge: Judge
    target: HttpTarget
    baseline: Baseline | None
    pinned: Baseline | None = None
    blue: HttpTarget | None = None
    """What is measured side by side, in place of a baseline."""
    gated: bool = False
    """The gates are going to decide."""
    calibration: Calibration | None = None
    """Of the judge, where it was held against people and the gates are going to decide."""
    access: ModelAccess | None = None
    """The way to the judge's models, with its account; None where it asks none of ours."""

    @property
    def targets(self) -> tuple[HttpTarget, ...]:
        """What is measured, the candidate first."""
        return (self.target,) if self.blue is None else (self.target, self.blue)

    @property
    def services(self) -> Services:
        """What evaluating one conversation needs."""
        return self._services(self.target)

    @property
    def blue_services(self) -> Services | None:
        """The same for the other arm; None where there is none."""
        return None if self.blue is None else self._services(self.blue)

    def standing(self, run: RunRecord, baseline: Baseline | None) -> Standing | None:
        """Return how far the judge is calibrated in what it scores here; None for one that only follows rules and was never calibrated."""
        if self.calibration is None and isinstance(self.judge, OfflineJudge):
            return None
        scored = [(name, scenario.locale) for scenario in self.suite.scenarios for name in self.judge.dimensions(scenario)]
        return standing_of(self.calibration, scored, run, baseline)

    def _services(self, target: HttpTarget) -> Services:
        context = CheckContext(self.suite.facts, self.suite.rubric, self.target.reply_within_s)
        return Services(target, self.judge, context)


def assemble(settings: Settings, only: Sequence[str], environ: Mapping[str, str], *, gated: bool) -> Bench:
    """Load and check everything that a run needs; nothing is sent.

    Raises:
        SettingsError: no target, judge or baseline, or one that cannot be used.
        SourceError: every mistake of the scenario, fact, rubric or target files.
        BaselineError: a baseline that cannot be read.
        StoreError: a calibration of the judge that cannot be read.
    """
    if settings.target is None:
        raise SettingsError("no target: say --target FILE|URL, HARNESS_TARGET, or `target` in harness.toml")
    if gated:
        _check_reference(settings)
    suite, deselected = open_suite(settings, only)
    access = model_access(settings, environ)
    judge = open_judge(settings, suite, environ, access)
    target = HttpTarget(load_target(settings.target, environ), settings.concurrency)
    if settings.expect_build is not None and not target.attested:
        raise SettingsError(
            f"{settings.target}: --expect-build {settings.expect_build} cannot be proved, because the target file says `build: unattested`; "
            "name the field or header that states the build in each reply (`build: {field: …}` or `{header: …}`), or leave --expect-build out"
        )
    if not gated:
        return Bench(settings, suite, deselected, judge, target, baseline=None, access=access)
    return Bench(
        settings,
        suite,
        deselected,
        judge,
        target,
        baseline=read_baseline(settings.baseline) if settings.baseline and not settings.against else None,
        pinned=read_baseline(settings.pinned) if settings.pinned else None,
        blue=HttpTarget(load_target(settings.against, environ), settings.concurrency) if settings.against else None,
        gated=True,
        calibration=stored_calibration(settings.calibrations, judge.identity.fingerprint),
        access=access,
    )


def _check_reference(settings: Settings) -> None:
    """Raise SettingsError unless there is something to hold the candidate against."""
    if settings.baseline is None and settings.against is None:
        raise SettingsError(
            "no baseline: say --baseline FILE, record one from production first with `harness baseline record --target BLUE --output FILE`, "
            "or measure both side by side with --against BLUE"
        )


def open_suite(settings: Settings, only: Sequence[str]) -> tuple[Suite, tuple[str, ...]]:
    """Load the suite and select from it; returns it with the ids that were left out."""
    suite = load_suite(settings.suite, settings.rubric, settings.facts)
    return select(suite, only) if only else (suite, ())


def open_judge(settings: Settings, suite: Suite, environ: Mapping[str, str], access: ModelAccess | None = None) -> Judge:
    """Return the configured judge; one that asks a model opens its connections when it is entered, and sends nothing before.

    Args:
        settings: of the run.
        suite: scenarios, facts and rubric.
        environ: the environment.
        access: the way to its models; default: one of its own.

    Raises:
        SettingsError: there is none, its key is missing, or a plugged-in one cannot be used.
        SourceError: every mistake of the judge's prompts.
    """
    match settings.judge:
        case None:
            raise SettingsError(NO_JUDGE)
        case "offline":
            return OfflineJudge(suite.rubric)
        case "anthropic" | "bedrock":
            way = access or model_access(settings, environ)
            if way is None:
                raise SettingsError(NO_JUDGE)
            return claude_judge(settings, suite, way.opened)
        case str() as name if is_plugged(name):
            return plugged_judge(name, suite, settings, environ)
    raise SettingsError(
        f"unknown judge {settings.judge!r}; known are 'offline' (rules only), 'anthropic' and 'bedrock' (Claude), "
        "and package.module:factory (your own)"
    )


def claude_judge(settings: Settings, suite: Suite, open_model: OpenModel) -> SteadyJudge:
    """Return the judge that asks Claude, by a door of one's own; raises SourceError with every mistake of its prompts."""
    facts = cleaned_facts(suite.facts)
    return SteadyJudge(ClaudeJudge(suite.rubric, facts, load_prompts(settings.rubric), judge_protocol(settings), open_model), suite.rubric)


def fresh_judge(settings: Settings, suite: Suite, environ: Mapping[str, str], access: ModelAccess | None = None) -> Judge:
    """Return the configured judge with a door that looks nothing up and keeps nothing; arguments and errors as `open_judge`."""
    way = access or model_access(settings, environ)
    return open_judge(settings, suite, environ) if way is None else claude_judge(settings, suite, way.fresh)


def judge_protocol(settings: Settings) -> JudgeProtocol:
    """Return which models judge, and how often they are asked."""
    choice = ModelChoice(
        settings.judge_model,
        settings.judge_answers_as,
        settings.judge_effort,
        settings.judge_thinking,
        settings.judge_max_tokens,
        settings.judge_prompt_cache,
    )
    second = settings.judge_audit_model
    audit = replace(choice, model=second, answers_as=None) if second is not None else None
    return JudgeProtocol(choice, settings.judge_samples, audit, at_once=settings.judging)


def model_access(settings: Settings, environ: Mapping[str, str], *, batch: bool = False) -> ModelAccess | None:
    """Return the way to the models of the configured judge; None where it asks none of ours.

    Args:
        settings: of the run.
        environ: the environment, where keys are.
        batch: ask in batches.

    Raises:
        SettingsError: no key, a budget without prices or for a judge that no budget of ours can hold, or batches where there are none.
        SourceError: every mistake of the price file.
        StoreError: the file of answers cannot be used.
    """
    if settings.judge not in CLAUDE:
        if settings.budget_usd is not None and settings.judge not in {None, "offline"}:
            raise SettingsError(
                f"budget_usd: nothing holds the judge {settings.judge} to a budget; leave it out, or let the judge see to it"
            )
        return None
    reached = None if settings.replay else judge_connection(settings, environ)
    protocol = judge_protocol(settings)
    access = ModelAccess(
        Terms(
            connection=reached,
            models=(protocol.choice.model, *((protocol.audit.model,) if protocol.audit is not None else ())),
            key_of=judge_key,
            store=settings.cache,
            prices=load_prices(settings.prices),
            limit=settings.budget_usd,
            batch=BatchPatience() if batch and reached is not None else None,
        )
    )
    access.verify()
    return access


def judge_connection(settings: Settings, environ: Mapping[str, str]) -> Connection:
    """Return how the judge's models are reached; raises SettingsError where there is no key."""
    return connection(environ, "bedrock" if settings.judge == "bedrock" else "anthropic", region=settings.judge_region)


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
    plans = scenario_plans(bench.suite, bench.judge, bench.calibration)
    schedule = look_schedule(plans, bench.baseline, settings.policy, settings.repeats, settings.max_judged) if bench.gated else None
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
        deselected=bench.deselected,
        schedule=schedule,
        pinned=bench.pinned.id if bench.pinned else None,
        against=bench.blue.identity if bench.blue else None,
        coupled=coupled,
        first=only_repeat or 0,
    )


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
