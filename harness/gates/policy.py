"""What the gates are told to hold the evidence against; fixed before the first call and fingerprinted into every verdict."""

from __future__ import annotations

import itertools
from typing import Literal, Self

from pydantic import Field, model_validator

from harness.frozen import FrozenModel, fingerprint
from harness.records.run import MOST_REPEATS


class GatePolicy(FrozenModel):
    """How the gates decide; every default is the recommended value."""

    margin: float = Field(0.2, gt=0, le=4, description="score points that green may lose against the baseline")
    alpha: float = Field(0.05, gt=0, lt=0.5, description="error rate of a proof, one-sided, on each side of the margin")
    target: Literal["population", "suite"] = Field(
        "population", description="population: would users see the drop; suite: only on exactly these scenarios"
    )
    policy: Literal["prove", "fast", "point"] = Field(
        "prove",
        description="prove: PASS and FAIL are both proved; fast: a sequential test of no drop against twice the margin; point: the literal rule",
    )
    on_inconclusive: Literal["block", "literal", "allow"] = Field(
        "block", description="what an unproved quality verdict does: block (exit 3), decide by the literal rule, or allow (exit 0)"
    )
    stopping: Literal["planned", "anytime"] = Field(
        "planned",
        description="planned: the looks of the plan and no others; anytime: repeats may be added by hand, at the price of wider intervals",
    )
    looks: tuple[int, ...] | None = Field(
        None, description="repeats of each scenario at the looks at quality; default: planned from the baseline"
    )
    cap: int | None = Field(
        None, ge=1, le=1000, description="repeats of each scenario at the last look; default: planned from the baseline"
    )
    planned_power: float = Field(
        0.975, gt=0.5, lt=1, description="chance of a right verdict at no drop, and at twice the margin, that the cap is planned for"
    )
    extension: tuple[int, ...] = Field((), description="looks beyond the cap, held with --extend after an INCONCLUSIVE")
    reserve_alpha: float = Field(0.0, ge=0, lt=0.5, description="part of alpha that is kept for the extension")
    floor: float | None = Field(None, gt=1, lt=5, description="mean score that green may not fall below, whatever the baseline")
    guardrails: Literal["confirmed", "strict", "off"] = Field(
        "confirmed",
        description="confirmed: a group fails when its drop is proved; strict: each group has to be proved to hold; off: not tested",
    )
    guardrail_margin: float | None = Field(
        None,
        gt=0,
        le=4,
        description="score points that a dimension, an intent or a language may lose; default: one and a half times the margin",
    )
    flip_target: float = Field(
        0.02, gt=0, lt=1, description="share of comparisons of a build with itself that may not PASS, before enforce warns"
    )
    power: float = Field(0.8, gt=0.5, lt=1, description="chance of being found that defines the minimum detectable drop")
    require_calibration: bool = Field(
        default=False, description="a judge that nobody has held against people, or not for 90 days, never decides quality"
    )
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

    @property
    def group_margin(self) -> float:
        """Score points that a dimension, an intent or a language may lose."""
        return 1.5 * self.margin if self.guardrail_margin is None else self.guardrail_margin

    @property
    def planned(self) -> str:
        """Fingerprint of what a run's plan says of the policy; where repeats may be added by hand, how many is no part of it."""
        return fingerprint(self.model_copy(update={"cap": None, "looks": None}) if self.stopping == "anytime" else self)

    @model_validator(mode="after")
    def _plan_holds_together(self) -> Self:
        """Refuse looks that do not grow, an extension that nothing was kept for, and repeats added by hand to what cannot bear them."""
        first = self.looks or ()
        every = (*first, *self.extension)
        if self.looks == () or any(look < 1 or look > MOST_REPEATS for look in every):
            raise ValueError(f"looks are numbers of repeats from 1 to {MOST_REPEATS}, such as [1, 2, 4, 7, 12, 20]")
        if any(later <= earlier for earlier, later in itertools.pairwise(every)):
            raise ValueError(f"looks have to grow from one to the next, the extension after the last one, not {list(every)}")
        if bool(self.extension) != (self.reserve_alpha > 0) or self.reserve_alpha >= self.alpha:
            raise ValueError("an extension needs a reserve_alpha between 0 and alpha, and a reserve_alpha needs an extension")
        if self.stopping == "anytime" and (self.policy != "prove" or self.on_inconclusive == "literal" or self.extension):
            raise ValueError(
                "stopping: anytime has bounds that hold at any number of repeats, hence policy prove alone, no literal rule at a cap that may move, "
                "and no extension: repeats may be added anyway"
            )
        if self.looks and self.cap is not None and self.cap != self.looks[-1]:
            raise ValueError(f"cap {self.cap} is not the last of the looks {list(self.looks)}; leave one of them out")
        return self
