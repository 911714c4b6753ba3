"""How often is the integration gate wrong? Its own tests, run on simulated passes and failures.

All runs of a chunk go through the functions that decide a single run, with a leading axis of runs. Chunks have streams of
their own: memory does not grow with the number of runs, and the first runs are the same however many follow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.gates.integration_findings import two_look_rule
from harness.gates.policy import GatePolicy
from harness.statistics.reliability import Counts, Reference, beta_prior, pooled_test, second_look, two_look_tests

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

RECOMMENDED = GatePolicy()
CHUNK_SCENARIOS = 120_000
"""Scenarios simulated at once, at most: a few MB."""


@dataclass(frozen=True, slots=True)
class IntegrationDesign:
    """What is simulated; rates are shares of conversations. Exposed scenarios come first, flaky ones after them."""

    scenarios: int = 60
    baseline_repeats: int = 20
    """Stored conversations of each scenario."""
    repeats: int = 5
    """Conversations of each scenario at the first look."""
    healthy_failures: float = 0.005
    """Conversations that fail in both arms."""
    flaky: int = 0
    """Scenarios that fail more often than that, in both arms: uneven healthy failures."""
    flaky_failures: float = 0.10
    exposed: int = 0
    """Scenarios that always pass in the baseline, and in the candidate …"""
    pass_rate: float = 0.0
    """… at this rate."""
    diffuse: float = 0.0
    """Conversations that fail in the candidate beyond what fails in the baseline, in all other scenarios."""
    policy: GatePolicy = RECOMMENDED

    def __post_init__(self) -> None:
        if min(self.scenarios, self.baseline_repeats, self.repeats) < 1:
            raise ValueError("scenarios, baseline repeats and repeats have to be at least 1")
        if min(self.exposed, self.flaky) < 0 or self.exposed + self.flaky > self.scenarios:
            raise ValueError(f"of {self.scenarios} scenarios, {self.exposed} cannot be exposed and {self.flaky} flaky")
        for rate in (self.healthy_failures, self.flaky_failures, self.pass_rate, self.diffuse):
            if not 0.0 <= rate <= 1.0:
                raise ValueError(f"a rate of {rate:g} is not between 0 and 1")

    @property
    def pass_rates(self) -> tuple[FloatArray, FloatArray]:
        """True pass rates of each scenario in baseline and candidate."""
        place = np.arange(self.scenarios)
        exposed, flaky = place < self.exposed, (place >= self.exposed) & (place < self.exposed + self.flaky)
        failures = np.where(exposed, 0.0, np.where(flaky, self.flaky_failures, self.healthy_failures))
        lost = np.minimum(failures + self.diffuse, 1.0)
        return 1.0 - failures, np.where(exposed, self.pass_rate, 1.0 - lost)


@dataclass(frozen=True, slots=True)
class IntegrationCharacteristics:
    """What was found; rates are shares of the runs."""

    runs: int
    pass_rate: float
    fail_rate: float
    inconclusive_rate: float
    """0: every conversation that the gate asks for is held here."""
    scenario_rate: float
    """Runs that FAIL by at least one scenario; the others FAIL by the suite as a whole."""
    mean_conversations: float
    """Candidate conversations held, on average."""
    monte_carlo_se: float
    """Standard error of the least certain rate."""


@dataclass(frozen=True, slots=True)
class SimulatedRuns:
    """Conversations of many runs, and what the gate says of them; counts of shape (runs, scenarios)."""

    baseline: Counts
    look: Counts
    held: Counts
    """With the extensions that the gate asked for."""
    by_scenario: BoolArray
    """Shape (runs,), like `by_suite`."""
    by_suite: BoolArray


def simulate_integration(design: IntegrationDesign, runs: int, seed: int) -> IntegrationCharacteristics:
    """Return the operating characteristics of the integration gate over this many runs.

    Args:
        design: suite, baseline and what is wrong with the candidate.
        runs: ≥ 1.
        seed: ≥ 0; the same seed gives the same figures.

    Raises:
        ValueError: fewer than one run.
    """
    if runs < 1:
        raise ValueError("there has to be at least 1 run")
    failed = scenario = conversations = 0
    for chunk in simulated_runs(design, runs, seed):
        failed += int(np.sum(chunk.by_scenario | chunk.by_suite))
        scenario += int(np.sum(chunk.by_scenario))
        conversations += int(np.sum(chunk.held.conversations))
    rate = failed / runs
    return IntegrationCharacteristics(
        runs=runs,
        pass_rate=1.0 - rate,
        fail_rate=rate,
        inconclusive_rate=0.0,
        scenario_rate=scenario / runs,
        mean_conversations=conversations / runs,
        monte_carlo_se=math.sqrt(rate * (1.0 - rate) / runs),
    )


def simulated_runs(design: IntegrationDesign, runs: int, seed: int) -> Iterator[SimulatedRuns]:
    """Yield the runs in chunks."""
    size = max(1, CHUNK_SCENARIOS // design.scenarios)
    for chunk, begin in enumerate(range(0, runs, size)):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk,)))
        # A chunk is drawn whole, so that its first runs do not depend on how many are wanted.
        yield _decided(design, rng, size, min(size, runs - begin))


def _decided(design: IntegrationDesign, rng: np.random.Generator, size: int, wanted: int) -> SimulatedRuns:
    """Return runs as the gate holds and decides them: extensions only where the first look leaves anything open."""
    policy, shape = design.policy, (size, design.scenarios)
    before, now = design.pass_rates
    more = max(policy.extended_look - design.repeats, 0)
    stored, first, added = (
        rng.binomial(count, rates, shape)[:wanted]
        for count, rates in ((design.baseline_repeats, before), (design.repeats, now), (more, now))
    )
    baseline = Counts(stored, np.full(stored.shape, design.baseline_repeats))
    look = Counts(first, np.full(first.shape, design.repeats))
    a, b = beta_prior(baseline.passes, baseline.conversations)
    reference = Reference(baseline, a[:, None], b[:, None])
    due = second_look(look, look, policy.extended_look)
    suite: BoolArray = np.asarray(pooled_test(look, baseline, policy.pooled_alpha).failed)
    waiting = due > look.conversations
    open_ = ~(suite | two_look_tests(look, look, ~waiting, reference, two_look_rule(policy)).failed.any(axis=-1))
    extended = waiting & open_[:, None]
    held = Counts(first + np.where(extended, added, 0), np.where(extended, due, look.conversations))
    tests = two_look_tests(look, held, held.conversations >= due, reference, two_look_rule(policy))
    return SimulatedRuns(baseline, look, held, np.asarray(tests.failed.any(axis=-1)), suite)
