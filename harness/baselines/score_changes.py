"""By how much the score of each compared scenario changed, as a report shows it."""

from __future__ import annotations

from harness.baselines.compare import Comparison
from harness.baselines.score_arrays import paired_scores


def score_changes(comparison: Comparison) -> dict[str, tuple[float, float]]:
    """Return green's mean score and its difference to the baseline's, by scenario, where no score is missing in either."""
    scores = paired_scores(comparison.scenarios, side_by_side=comparison.side_by_side)
    green, arms = scores.green.summary(scores.assessed), scores.arms()
    values = zip(scores.ids, green.low, arms.low[0], arms.high[0], strict=True)
    return {name: (float(score), float(worst)) for name, score, worst, best in values if worst == best}
