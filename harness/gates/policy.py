"""What the gates are told to hold the evidence against; fixed before the first call and fingerprinted into every verdict."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.frozen import FrozenModel


class GatePolicy(FrozenModel):
    """How the gates decide; every default is the recommended value."""

    margin: float = Field(0.2, gt=0, le=4, description="score points that green may lose against the baseline")
    alpha: float = Field(0.05, gt=0, lt=0.5, description="error rate of a proof, one-sided, on each side of the margin")
    target: Literal["population", "suite"] = Field(
        "population", description="population: would users see the drop; suite: only on exactly these scenarios"
    )
    policy: Literal["prove"] = Field("prove", description="prove: PASS and FAIL are both proved, otherwise INCONCLUSIVE")
    on_inconclusive: Literal["block"] = Field("block", description="block: INCONCLUSIVE stops a pipeline, with its own exit code")
    power: float = Field(0.8, gt=0.5, lt=1, description="chance of being found that defines the minimum detectable drop")
    least_clusters: int = Field(10, ge=2, description="fewer independent scenarios than this never decide quality")
    population_clusters: int = Field(30, ge=2, description="fewer than this decide for this suite only, with a warning")
    least_baseline_repeats: int = Field(3, ge=1, description="fewer baseline conversations of a scenario than this never decide quality")
    unpaired_weight: float = Field(0.10, ge=0, le=1, description="share of the suite's weight that may lack a counterpart in the baseline")
    missing_share: float = Field(0.05, ge=0, le=1, description="share of an arm's scores that may be missing")
    missing_count: int = Field(3, ge=1, description="fewer missing scores than this never exceed that share")
    missing_gap: float = Field(0.03, ge=0, le=1, description="difference between the arms' shares of missing scores that is allowed")
    worst_listed: int = Field(10, ge=0, le=1000, description="worst regressions that the quality verdict lists")
    family_alpha: float = Field(0.02, gt=0, lt=0.5, description="chance of one false new failure or more, over all scenarios and looks")
    first_look_share: float = Field(0.4, gt=0, lt=1, description="part of family_alpha that the first look spends")
    extended_look: int = Field(20, ge=1, le=1000, description="conversations of a failing scenario at the second look")
    least_drop: float = Field(0.10, ge=0, lt=1, description="loss of pass rate that a new failure shows at least")
    pooled_alpha: float = Field(0.005, gt=0, lt=0.5, description="error rate of the test over all scenarios together")
    must_pass_reruns: int = Field(2, ge=1, le=100, description="further conversations after a must_pass scenario failed once")
    majority_of: int = Field(3, ge=1, le=100, description="conversations that a scenario without a comparable baseline needs at least")
    flaky_rate: float = Field(0.97, gt=0, le=1, description="a scenario whose baseline passes less often is known to be flaky")
    suspect_alpha: float = Field(0.05, gt=0, lt=1, description="p-value below which a scenario is listed without failing")
