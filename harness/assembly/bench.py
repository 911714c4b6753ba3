"""Everything that a run needs, loaded and checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from harness.assembly.judges import model_access, open_judge
from harness.assembly.speakers import cast_of, played, plays
from harness.conversations.speaker import Scripted, Speakers
from harness.errors import SettingsError
from harness.evaluation.evaluate import Services
from harness.expectations.check import CheckContext
from harness.judging.judge import Judge
from harness.judging.offline_judge import OfflineJudge
from harness.scenarios.load import Suite, load_suite, select
from harness.settings import Settings
from harness.targets.open import OpenableTarget, is_sandboxed, open_target

if TYPE_CHECKING:
    from harness.assembly.trusted import Trust
    from harness.baselines.baseline import Baseline
    from harness.calibration.calibration import Calibration
    from harness.gates.quality_calibration import Standing
    from harness.language_model.access import ModelAccess
    from harness.records.run import RunRecord


@dataclass(frozen=True)
class Bench:
    """Everything assembled for one run, before anything is sent."""

    settings: Settings
    suite: Suite
    deselected: tuple[str, ...]
    judge: Judge
    target: OpenableTarget
    baseline: Baseline | None
    pinned: Baseline | None = None
    blue: OpenableTarget | None = None
    """What is measured side by side, in place of a baseline."""
    gated: bool = False
    """The gates are going to decide."""
    creating: tuple[str, ...] = ()
    """Scenarios left out because they create something, and a target does not say that it is a sandbox."""
    calibration: Calibration | None = None
    """Of the judge, where it was held against people and the gates are going to decide."""
    access: ModelAccess | None = None
    """The way to the models that judge and play users, with its account; None where none of ours is asked."""
    speakers: Speakers = field(default_factory=Scripted)
    """Who speaks for the user."""
    not_gating: tuple[str, ...] = ()
    """Simulated scenarios left out because the gates are going to decide, and they do not say that they may."""
    recorded: Baseline | None = None
    """The baseline as it was recorded, before anybody judged it again."""
    trust: Trust | None = None
    """The revision that decides; None where the work tree does."""

    @property
    def targets(self) -> tuple[OpenableTarget, ...]:
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
        from harness.gates.quality_calibration import standing_of  # noqa: PLC0415 - for gates alone

        scored = [(name, scenario.locale) for scenario in self.suite.scenarios for name in self.judge.dimensions(scenario)]
        return standing_of(self.calibration, scored, run, baseline)

    @cached_property
    def context(self) -> CheckContext:
        """What every check of the run needs, built once: what was rehearsed is what is held."""
        return CheckContext(self.suite.facts, self.suite.rubric, self.target.reply_within_s)

    def _services(self, target: OpenableTarget) -> Services:
        services = Services(target, self.judge, self.context, self.speakers)
        return services if self.access is None else replace(services, ready=self.access.ready)


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
    target = open_target(settings.target, environ, settings.concurrency, changes=settings.of_targets)
    blue = open_target(settings.against, environ, settings.concurrency, changes=settings.of_targets) if gated and settings.against else None
    suite, creating = _without_effects(suite, (target, blue))
    suite, not_gating = _without_simulated(suite) if gated else (suite, ())
    if settings.expect_build is not None and not target.attested:
        raise SettingsError(
            f"{settings.target}: --expect-build {settings.expect_build} cannot be proved, because the target file says `build: unattested`; "
            "name the field or header that states the build in each reply (`build: {field: …}` or `{header: …}`), or leave --expect-build out"
        )
    bench = set_up(settings, suite, (target, blue), environ, gated=gated)
    return replace(bench, deselected=deselected + creating + not_gating, creating=creating, not_gating=not_gating)


def set_up(
    settings: Settings, suite: Suite, targets: tuple[OpenableTarget, OpenableTarget | None], environ: Mapping[str, str], *, gated: bool
) -> Bench:
    """Return the bench for these scenarios and targets, the candidate first; nothing is sent. Raises as `assemble` does."""
    access = model_access(settings, environ, simulating=plays(settings, suite))
    judge = open_judge(settings, suite, environ, access)
    target, blue = targets
    speakers = cast_of(settings, suite, target.reply_within_s, access)
    if not gated:
        return Bench(settings, suite, (), judge, target, baseline=None, access=access, speakers=speakers)
    from harness.baselines.file import read_baseline  # noqa: PLC0415 - what a run is held against, for gates alone
    from harness.calibration.file import stored_calibration  # noqa: PLC0415 - as above

    recorded = read_baseline(settings.baseline) if settings.baseline and blue is None else None
    return Bench(
        settings,
        suite,
        (),
        judge,
        target,
        baseline=recorded,
        pinned=read_baseline(settings.pinned) if settings.pinned else None,
        blue=blue,
        gated=True,
        calibration=stored_calibration(settings.calibrations, judge.identity.fingerprint),
        access=access,
        speakers=speakers,
        recorded=recorded,
    )


def _without_effects(suite: Suite, targets: Iterable[OpenableTarget | None]) -> tuple[Suite, tuple[str, ...]]:
    """Leave out the scenarios that create something, unless every target says that it is a sandbox; returns their ids too."""
    creating = tuple(one.id for one in suite.scenarios if one.effects == "creates")
    if not creating or all(target is None or is_sandboxed(target) for target in targets):
        return suite, ()
    kept = [one.id for one in suite.scenarios if one.effects != "creates"]
    if not kept:
        raise SettingsError(
            "every selected scenario creates something, and the target file does not say `sandboxed: true`; say so if its tables may be written, "
            "or select other scenarios"
        )
    return select(suite, kept)[0], creating


def _without_simulated(suite: Suite) -> tuple[Suite, tuple[str, ...]]:
    """Leave out the simulated scenarios that do not say that they may decide in a gate; returns their ids too."""
    left_out = tuple(one.id for one in suite.scenarios if one.user is not None and not one.user.gates)
    if not left_out:
        return suite, ()
    kept = [one.id for one in suite.scenarios if one.id not in left_out]
    if not kept:
        raise SettingsError(
            "every selected scenario has a simulated user, and none says `gates: true`: gates decide on scripts; "
            "hold them with `harness run`, or let those decide that have proved to be steady"
        )
    return select(suite, kept)[0], left_out


def _check_reference(settings: Settings) -> None:
    """Raise SettingsError unless there is something to hold the candidate against."""
    if settings.baseline is None and settings.against is None:
        raise SettingsError(
            "no baseline: say --baseline FILE, record one from production first with `harness baseline record --target BLUE --output FILE`, "
            "or measure both side by side with --against BLUE"
        )


def open_suite(settings: Settings, only: Sequence[str]) -> tuple[Suite, tuple[str, ...]]:
    """Load the suite and select from it; returns it with the ids that were left out."""
    suite = played(settings, load_suite(settings.suite, settings.rubric, settings.facts))
    return select(suite, only) if only else (suite, ())
