"""How noisy a gate is on an unchanged build: one measured value, its file beside the baseline, and what an enforced gate says of it.

The file is JSON for people and programs, and holds nothing that depends on when it was written: the same conversations, policy
and seed give the same bytes. Its id is the fingerprint of all else, so that a careless edit is noticed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.baselines.baseline import Baseline
from harness.errors import BaselineError
from harness.frozen import FrozenModel
from harness.records.sealed import SealedKind

MEASURE_AGAIN = "measure it again with `harness aa`"
FLAKIEST = 10
"""Scenarios that are listed by name."""
_BASELINE_SUFFIX = ".jsonl.gz"
_NAMED = 3

Rate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Points = Annotated[float, Field(ge=-4, le=4, allow_inf_nan=False)]
Spread = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Text = Annotated[str, Field(min_length=1, max_length=500)]


class NoiseAtLook(FrozenModel):
    """How far apart two measurements of one build lie, at one look."""

    repeats: Annotated[int, Field(ge=1)] = Field(description="conversations of each scenario with green")
    sd: Spread = Field(description="standard deviation of the estimated difference, score points")
    p95: Spread = Field(description="95 % of the differences are smaller than this, in either direction; score points")


class FlipRates(FrozenModel):
    """Shares of the splits that did not PASS."""

    quality_fail: Rate
    quality_inconclusive: Rate
    integration_fail: Rate
    either: Rate = Field(description="did not PASS both gates")

    @property
    def quality(self) -> float:
        """Did not PASS quality."""
        return self.quality_fail + self.quality_inconclusive


class FlakyScenario(FrozenModel):
    """A scenario that passes in some conversations and fails in others."""

    scenario: Text
    passes: Count
    conversations: Count
    flip_rate: Rate = Field(description="chance that of two conversations one passes and the other does not")


class Shift(FrozenModel):
    """What a fresh run of the same build brought, against the stored conversations: noise, and all that changed since."""

    run: Text
    attested: bool = Field(description="the same build answered, which its replies prove")
    conversations: Count
    difference: Points | None = Field(description="fresh minus stored, mean score; None where too little was scored")
    standard_error: Spread | None = Field(description="on exactly these scenarios")
    pass_rate: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] = Field(description="fresh minus stored, mean over scenarios")
    pass_rate_p: Rate = Field(description="chance of a pass rate this far apart, in either direction, of all conversations together")

    @property
    def drifted(self) -> bool:
        """The score, or the pass rate, differs by more than noise: by so much it does in one of a hundred runs of the same build."""
        scored = self.difference is not None and self.standard_error is not None
        moved = scored and abs(self.difference or 0.0) > CHANCE_ERRORS * (self.standard_error or 0.0)
        return moved or self.pass_rate_p < CHANCE


CHANCE, CHANCE_ERRORS = 0.01, 2.58
"""One in a hundred, as a share and in standard errors."""


class NoiseFloor(FrozenModel):
    """What the same build held against itself showed, and for what it holds."""

    baseline: Text = Field(description="id of the baseline")
    build: Text | None
    suite: Text = Field(description="fingerprint")
    judge: Text = Field(description="fingerprint")
    policy: Text = Field(description="fingerprint")
    seed: Count
    splits: Annotated[int, Field(ge=2)]
    scenarios: Annotated[int, Field(ge=1)]
    held: Annotated[int, Field(ge=1)] = Field(description="conversations dealt, of all scenarios")
    baseline_repeats: Annotated[int, Field(ge=1)] = Field(description="conversations of each scenario dealt to the baseline")
    first_look: Annotated[int, Field(ge=1)] = Field(description="conversations of each scenario that integration looks at first")
    copies: Annotated[int, Field(ge=1)] = Field(
        description="how often a conversation was in a deal, at most; 1: the rates of quality are unbiased"
    )
    spread_kept: Rate = Field(description="part of the variance that dealing from copies keeps; the noise is divided by its root")
    noise: Annotated[tuple[NoiseAtLook, ...], Field(max_length=100)] = Field(description="at each look at quality")
    flips: FlipRates
    scenario_flip_rate: Rate = Field(description="mean over scenarios: of two conversations one passes and the other does not")
    flakiest: Annotated[tuple[FlakyScenario, ...], Field(max_length=FLAKIEST)]
    fresh: Shift | None = Field(description="None where only stored conversations were dealt")


_FILE = SealedKind(
    kind="mangaassist-harness noise floor",
    version=1,
    field="noise_floor",
    content=NoiseFloor,
    named="a noise floor",
    brings="measurement",
    again=MEASURE_AGAIN,
    error=BaselineError,
)


def noise_path(baseline: Path) -> Path:
    """Return where the noise of the baseline at `baseline` belongs: `NAME.noise.json` beside `NAME.jsonl.gz`."""
    name = baseline.name
    return baseline.with_name((name.removesuffix(_BASELINE_SUFFIX) or name) + ".noise.json")


def write_noise(path: Path, noise: NoiseFloor) -> None:
    """Put `noise` at `path`, whole or not at all; raises StoreError when it cannot be written."""
    _FILE.write(path, noise)


def read_noise(path: Path) -> NoiseFloor | None:
    """Read the noise at `path`; None where there is no file.

    Raises:
        BaselineError: The file is unreadable, too large, foreign, too new or edited.
    """
    return _FILE.read(path)


def noise_caution(noise: NoiseFloor | None, baseline: Baseline, suite: str, policy: str, flip_target: float) -> str | None:
    """Return what an enforced gate says loudly about its own reliability; None where it is measured and good enough.

    Args:
        noise: What is stored beside the baseline; None for nothing.
        baseline: What the run is held against.
        suite: Fingerprint of the suite that was run.
        policy: Fingerprint of the gate policy.
        flip_target: Share of comparisons of a build with itself that may not PASS.
    """
    if noise is None:
        return (
            "NOISE NOT MEASURED: nobody knows how often this gate stops a build that did not change. `harness aa --baseline FILE` "
            "finds out from the baseline's own conversations, without a call."
        )
    pairs = (
        ("baseline", noise.baseline, baseline.id), ("suite", noise.suite, suite), ("judge", noise.judge, baseline.judge.fingerprint),
        ("policy", noise.policy, policy),
    )  # fmt: skip
    others = [name for name, measured, used in pairs if measured != used]
    if others:
        return (
            f"NOISE NOT MEASURED: how often this gate stops a build that did not change was measured for another {_joined(others)}, "
            f"and does not hold here; {MEASURE_AGAIN}."
        )
    if noise.flips.either <= flip_target:
        return None
    flips = noise.flips
    parts = (
        ("quality FAIL", flips.quality_fail), ("quality INCONCLUSIVE", flips.quality_inconclusive), ("integration FAIL", flips.integration_fail)
    )  # fmt: skip
    named = "; ".join(f"{name} {percent(rate)}" for name, rate in parts if rate > 0)
    flakiest = ", ".join(one.scenario for one in noise.flakiest[:_NAMED])
    steady = f" Flakiest: {flakiest}." if flakiest else ""
    return (
        f"THIS GATE FLIPS TOO OFTEN: held against itself, an unchanged build did not PASS in {percent(flips.either)} of {noise.splits:,} splits "
        f"({named}); the target is {percent(flip_target)}. A verdict that is not PASS may be such a flip: steady the flakiest scenarios, or "
        f"add scenarios or baseline repeats.{steady}"
    )


def percent(rate: float) -> str:
    """Return a share for people, with as many digits as it deserves: 0 %, 0.4 %, 2 %, 12 %."""
    share = 100 * rate
    if 0 < share < 0.1:
        return "under 0.1 %"
    return f"{share:.0f} %" if share >= 10 else f"{f'{share:.1f}'.removesuffix('.0')} %"


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
