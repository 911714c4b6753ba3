"""A baseline: the stored measurement of one build, per scenario, repeat and dimension.

The transcripts are stored with it (`baselines.file`), so that another judge can judge them again; the gates need
only what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.judging.judge import JudgeIdentity
from harness.records.run import ScenarioPlan
from harness.targets.protocol import TargetIdentity


@dataclass(frozen=True, slots=True)
class BaselineScenario:
    """What one scenario brought when the baseline was recorded."""

    plan: ScenarioPlan
    passes: tuple[bool, ...]
    """For each repeat: did every `must` finding hold?"""
    scores: tuple[Mapping[str, int] | None, ...]
    """For each repeat: dimension → 1..5, or None where the judge gave no score; as long as `passes`."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One stored measurement."""

    id: str
    """First 16 hexadecimal digits of the content's SHA-256."""
    created: str
    """ISO 8601, UTC."""
    source_run: str
    target: TargetIdentity
    build: str | None
    """None only when the target was unattested."""
    judge: JudgeIdentity
    suite: str
    """Fingerprint of the suite that was run."""
    seed: int
    repeats: int
    scenarios: tuple[BaselineScenario, ...]
    accepted_by: str | None = None
    note: str = ""
