"""The form of a simulated suite: weights, clusters, and which intent and language each scenario is in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SuiteForm:
    """How scenarios hang together; the default is that they do not."""

    weights: tuple[float, ...] = (1.0,)
    """Dealt out to the scenarios in turn; each > 0, any scale."""
    cluster_size: int = 1
    """So many scenarios, next to each other, are rows of one table: what is true of one is true of all."""
    intents: int = 1
    languages: int = 1
    """Clusters are dealt out to the intents in turn, and within each intent to the languages."""

    def __post_init__(self) -> None:
        if not self.weights or not all(weight > 0 and math.isfinite(weight) for weight in self.weights):
            raise ValueError("weights have to be positive numbers")
        if min(self.cluster_size, self.intents, self.languages) < 1:
            raise ValueError("cluster size, intents and languages have to be at least 1")

    def weights_of(self, scenarios: int) -> FloatArray:
        """Return each scenario's weight, shape (scenarios,)."""
        return np.resize(np.array(self.weights, dtype=np.float64), scenarios)

    def clusters(self, scenarios: int) -> IntArray:
        """Return each scenario's cluster, counted from 0."""
        found: IntArray = np.arange(scenarios) // self.cluster_size
        return found

    def independent(self, scenarios: int) -> int:
        """Return how many clusters there are."""
        return -(-scenarios // self.cluster_size)

    def intent(self, scenarios: int) -> IntArray:
        """Return each scenario's intent, counted from 0."""
        found: IntArray = self.clusters(scenarios) % self.intents
        return found

    def language(self, scenarios: int) -> IntArray:
        """Return each scenario's language, counted from 0."""
        found: IntArray = self.clusters(scenarios) // self.intents % self.languages
        return found

    def groups(self, scenarios: int, least: int) -> tuple[BoolArray, ...]:
        """Return the scenarios of each intent and of each language that holds enough of them; none where there is only one."""
        return tuple(
            belongs
            for labels, count in ((self.intent(scenarios), self.intents), (self.language(scenarios), self.languages))
            for label in range(count if count > 1 else 0)
            if (belongs := labels == label).sum() >= least
        )


PLAIN = SuiteForm()
