"""One run that decides nothing, and what any run comes to, decided or not.

Apart from the trial, whose gates bring arrays and statistics with them: who only measures needs none of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.records.run import RunRecord
from harness.trial.experiment import Experiment, Step, hold_step
from harness.trial.plan import first_wave, keys

if TYPE_CHECKING:
    from harness.anchors.drift import Drift
    from harness.baselines.baseline import Baseline
    from harness.gates.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Trial:
    """What one gate run found and decided."""

    run: RunRecord
    verdicts: tuple[Verdict, ...] | None
    """None when no gate was asked."""
    rerun: int = 0
    """Conversations held again because of infrastructure trouble."""
    baseline: Baseline | None = None
    """What the run was held against."""
    drift: Drift | None = None
    """What is known of the judge of a run in which no gate was asked; verdicts carry it themselves."""


async def measure(experiment: Experiment) -> RunRecord:
    """Hold the first wave and prove the build, without deciding anything.

    Raises:
        TargetError: when the version endpoint does not answer before the first conversation.
    """
    wave = first_wave(experiment.green.manifest)
    before = await experiment.versions()
    return (await hold_step(experiment, Step(wave, keys(wave), None), before)).green
